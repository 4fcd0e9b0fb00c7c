"""Where the tables of a sheet are: titles above, header rows, data, side by side and one under the other. Pure.

In: the cells of a sheet as the sandbox gives them. Out: `Block`s, each one table with its place, the parts of every
column's heading, its HXL tags and the lines above it. What the columns *mean* is decided in `mapping`; which rows are
records in `staging`. Read `blocks` first (catalogue of messiness, part 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from importers import currencies, parsing
from importers.parsing import column_number
from ledger import catalogue
from ledger.catalogue import folded

HEADER_WITHIN = 50  # rows; the deepest header seen in a real file was row 8
DEPTH = 8  # header rows of one table at most
LEAST = 1.2  # a row that scores less is no header
PEER = 0.75  # the first row that scores this share of the best is the header: what follows are data or another table

Rows = Sequence[Sequence[Any]]
"""Rows of cells as the sandbox gives them: None, (type, text) or (type, text, format)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column's heading. `shown` as an officer would say it; `also` are other readings of it (its last part, or
    the same in another language); `tag` is the HXL tag under it, canonical, or ""."""

    shown: str
    also: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One table. Rows are counted from 1, columns from 0; `right` is the column after the last.

    `first` to `last` may hold records; blank rows, totals and notes among them are told apart later. `above` are the
    lines of text over the header (row, column, text): who publishes, for which time, in which currency.
    """

    header_rows: tuple[int, ...]
    first: int
    last: int
    left: int
    right: int
    headings: tuple[Heading, ...]
    above: tuple[tuple[int, int, str], ...] = ()

    @property
    def columns(self) -> range:
        return range(self.left, self.right)


def blocks(rows: Rows, merges: Iterable[str] = ()) -> list[Block]:
    """Find the tables of a sheet, from left to right and from top to bottom; empty when there is none.

    Tables stand side by side only when empty columns part them *and* their headings, their header rows or their
    lengths differ as those of two tables do: a spacer column in one table does not cut it in two.
    """
    used = sorted({i for row in rows for i, c in enumerate(row) if c and c[1].strip()})
    if not used:
        return []
    ranges = [_merged(m) for m in merges]
    whole = _stacked(rows, used[0], used[-1] + 1, ranges)
    runs = _runs(used)
    if len(runs) > 1:
        parts = [found for left, right in runs if (found := _stacked(rows, left, right, ranges))]
        if len(parts) > 1 and (not whole or _are_apart(rows, parts)):
            return [b for found in parts for b in found]
    return whole


def header_rows(rows: Rows) -> tuple[int, ...] | None:
    """Return the header rows of the first table of a sheet, from 1; None when there is none."""
    found = blocks(rows)
    return found[0].header_rows if found else None


def text(cell: Any) -> str:
    return parsing.clean(cell[1]) if cell else ""


PIVOT_LABEL = re.compile(
    r"(row|column) labels|etiquetas de (fila|columna)s?|etiquettes de (lignes|colonnes)|rotulos de (linha|coluna)s?"
)


# --- side by side -------------------------------------------------------------------------------------------------


def _runs(used: Sequence[int]) -> list[tuple[int, int]]:
    out = [[used[0], used[0] + 1]]
    for i in used[1:]:
        if i == out[-1][1]:
            out[-1][1] = i + 1
        else:
            out.append([i, i + 1])
    return [(a, b) for a, b in out]


def _are_apart(rows: Rows, parts: Sequence[Sequence[Block]]) -> bool:
    for one, other in pairwise(parts):
        a, b = one[0], other[0]
        mine = {folded(h.shown) for h in a.headings} - {""}
        theirs = {folded(h.shown) for h in b.headings} - {""}
        if a.header_rows[-1] != b.header_rows[-1] or mine & theirs:
            continue
        if any(PIVOT_LABEL.fullmatch(h) for h in mine | theirs):
            continue  # a pivot beside its rows, as long as they are by chance
        filled = [
            {n for n in range(x.first, x.last + 1) if any(rows[n - 1][i : i + 1] and rows[n - 1][i] for i in x.columns)}
            for x in (a, b)
        ]
        if len(filled[0] & filled[1]) > 0.8 * max(len(filled[0]), len(filled[1]), 1):
            return False
    return True


# --- one under the other ------------------------------------------------------------------------------------------

_Merge = tuple[int, int, int, int]  # top row, left column, bottom row, right column; rows from 1, columns from 0


def _merged(ref: str) -> _Merge:
    a, b, c, d = re.findall(r"[A-Z]+|\d+", ref)
    return int(b), column_number(a) - 1, int(d), column_number(c) - 1


def _stacked(rows: Rows, left: int, right: int, merges: Sequence[_Merge]) -> list[Block]:
    view = [row[left:right] for row in rows]
    counts = [sum(1 for c in row if c) for row in view]
    out: list[Block] = []
    pages: set[str] = set()  # the lines over the first header: a long list repeats them at the head of every page
    start = 0
    at = _header(view, 0, HEADER_WITHIN)
    while at is not None:
        top = _upwards(view, at, start, left, merges)
        bottom, tag_row = _downwards(view, at)
        names = _headings(view, top, bottom, tag_row, left, merges)
        names += (Heading(""),) * (right - left - len(names))
        first = (tag_row if tag_row is not None else bottom) + 1
        following = _next_header(view, counts, first, {folded(h.shown) for h in names} - {""}, out)
        pages = pages or {told for row in view[start:top] if (told := _undigited(row))}
        end = len(view) if following is None else _over(counts, following, first)
        while end < len(view) and end - 1 > first and _undigited(view[end - 1]) in pages:
            end -= 1
        last = max((n for n in range(first, end) if counts[n]), default=first - 1)
        above = tuple(
            (n + 1, left + i, text(c)) for n in range(start, top) for i, c in enumerate(view[n]) if c and text(c)
        )
        header = tuple(n + 1 for n in range(top, bottom + 1))
        out.append(Block(header, first + 1, last + 1, left, right, names, above))
        start, at = end, following
    return out


def _next_header(view: Rows, counts: Sequence[int], first: int, names: set[str], before: Sequence[Block]) -> int | None:
    """The names row of the next table under this one: known headings, after a gap, a title or a total."""
    for n in range(first + 1, len(view)):
        if counts[n] < 2 or counts[n - 1] > max(1, counts[n] // 2):
            continue
        row = [c for c in view[n] if c and text(c)]
        if len(row) < 2 or any(c[0] != "s" for c in row):
            continue
        told = {folded(_spaced(text(c))) for c in row}
        again = len(told & names) > 0.7 * len(told)
        bare = {folded(re.sub(r"\([^)]*\)", " ", _spaced(text(c)))) for c in row}
        known = sum(t in all_words() for t in bare) / len(bare)
        if (again and counts[n - 1] <= 1) or (known >= 0.6 and len(told) == len(row) and all(bare)):
            at = _header(view, n, n + 3)
            if at is not None:
                return at
    return None


def _undigited(row: Sequence[Any]) -> str:
    """What a row says without its figures: `Page 2 of 3` is `Page 3 of 3`."""
    return re.sub(r"\d+", "", " ".join(text(c) for c in row if c)).strip()


def _over(counts: Sequence[int], header: int, first: int) -> int:
    """The first row of what belongs to the header: its groups and titles, up to the gap above them."""
    n = header
    while n - 1 > first and counts[n - 1] == 0:
        n -= 1
    title = n
    while title - 1 > first and counts[title - 1] == 1:
        title -= 1
    return title if title < n else header


# --- the header ---------------------------------------------------------------------------------------------------


@cache
def all_words() -> frozenset[str]:
    """Every heading that means a field of any kind, folded."""
    return frozenset(w for name in catalogue.kinds() for f in catalogue.kind(name).fields for w in f.words)


# What groups of columns are called, beside the fields' own names.
_GROUP_WORDS = frozenset(
    "who what where when why how much which donor supplier contract award tender pledge pledged commitment committed "
    "disbursement received payment payments location people beneficiaries quien que donde cuando cuanto quem onde "
    "quando quanto qui quoi ou quand combien monto montos importe contrato proveedor donante valores amounts amount "
    "cash kind goods especie efectivo men women boys girls male female hombres mujeres".split()
)


def _spaced(heading: str) -> str:
    """`PledgeAmt` is two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)


def _header(view: Rows, start: int, end: int) -> int | None:
    """The row of names among `start` to `end`: the first that scores like the best one."""
    scores = []
    for n in range(start, min(end, len(view))):
        scores.append((_score(view[n], view[n + 1 : n + 8]), n))
    best = max((s for s, _ in scores), default=0.0)
    if best < LEAST:
        return None
    return next(n for s, n in scores if s >= PEER * best)


def _score(row: Sequence[Any], below: Rows) -> float:
    """By the share of known headings, by text, by being unlike its neighbours and by the values under it.

    Its width says nothing: every row of a workbook is equally wide.
    """
    filled = [(i, text(c), c[0]) for i, c in enumerate(row) if c and text(c)]
    if len(filled) < 2:
        return 0.0
    if _are_tags([t for _, t, _ in filled]):
        return 0.0  # HXL tags stand under the header
    texts = [folded(_spaced(t)) for _, t, _ in filled]
    words = sum(t in all_words() for t in texts) / len(texts)
    textual = sum(kind == "s" and len(t) < 80 and not re.fullmatch(r"[\d.,/: -]+", t) for _, t, kind in filled)
    unique = len(set(texts)) / len(texts)
    width = max((sum(1 for c in r if c) for r in below), default=0)
    if width == 0:
        return 0.0
    fill = min(len(filled) / width, 1.0)
    typed = 0.0
    for i, _, _ in filled:
        under = [r[i] for r in below if i < len(r) and r[i]]
        typed += any(c[0] in "nd" or re.search(r"\d", c[1]) for c in under)
    score: float = 3 * words + (textual / len(filled) + unique + typed / len(filled) / 2) * fill * fill
    return score


def _are_tags(texts: Sequence[str]) -> bool:
    return sum(t.startswith("#") for t in texts) > len(texts) / 2


def _upwards(view: Rows, at: int, start: int, left: int, merges: Sequence[_Merge]) -> int:
    """The uppermost row that belongs to the header: groups over names, or the same names in another language."""
    top = at
    while top > start and at - top + 1 < DEPTH and _belongs_above(view, top - 1, at, left, merges):
        top -= 1
    return top


def _belongs_above(view: Rows, upper: int, at: int, left: int, merges: Sequence[_Merge]) -> bool:
    cells = [(i, text(c), c[0]) for i, c in enumerate(view[upper]) if c and text(c)]
    names = [text(c) for c in view[at]]
    if not cells or any(kind != "s" or t.endswith(":") or len(t) > 80 for _, t, kind in cells):
        return False
    width = sum(1 for t in names if t)
    spans = [m for m in merges if m[0] == upper + 1 and m[3] > m[1] and any(m[1] == left + i for i, _, _ in cells)]
    tall = [m for m in merges if m[0] == upper + 1 and m[2] > m[0] and any(m[1] == left + i for i, _, _ in cells)]
    widest = max((m[3] - m[1] + 1 for m in spans), default=0)
    if len(cells) == 1 and not tall:
        return 1 < widest < 0.8 * width
    if spans or tall:
        return True
    told = [folded(_spaced(t)) for _, t, _ in cells]
    known = sum(t in all_words() or bool(_GROUP_WORDS & set(t.split())) for t in told) / len(told)
    if len(cells) >= 0.7 * width and known >= 0.5:
        return True  # the same names in another language
    lower = [folded(n) for n in names if n]
    needed = len(set(lower)) < len(lower) and all(not re.search(r"\d{3}", t) for _, t, _ in cells)
    spanning = any(
        sum(1 for i in range(a[0], b[0]) if i < len(names) and names[i]) > 1
        for a, b in zip(cells, [*cells[1:], (len(names), "", "s")], strict=True)
    ) or any(a[0] + 1 == b[0] and a[1] == b[1] for a, b in pairwise(cells))  # written again over each of its columns
    return len(cells) >= 2 and spanning and (needed or known >= 0.5)


def _downwards(view: Rows, at: int) -> tuple[int, int | None]:
    """The last header row and the row of HXL tags under it, if there is one."""
    bottom = at
    tags = None
    for n in range(at + 1, min(at + DEPTH, len(view))):
        filled = [(i, text(c), c[0]) for i, c in enumerate(view[n]) if c and text(c)]
        if not filled:
            break
        if _are_tags([t for _, t, _ in filled]) and (len(filled) > 1 or tags is not None):
            tags = n
            continue
        if tags is not None or not _belongs_below(view, n, at, filled):
            break
        bottom = n
    return bottom, tags


def _belongs_below(view: Rows, n: int, at: int, filled: Sequence[tuple[int, str, str]]) -> bool:
    texts = [t for _, t, _ in filled]
    if len(filled) >= 3 and [re.sub(r"\D", "", t) for t in texts] == [str(k) for k in range(1, len(filled) + 1)]:
        below = view[n + 1][filled[0][0]] if n + 1 < len(view) and filled[0][0] < len(view[n + 1]) else None
        return text(below) != str(len(filled) + 1)  # a form's columns are numbered: 1, 2, 3 …
    if any(kind != "s" for _, _, kind in filled):
        return False
    if all(_is_unit(t) for t in texts):
        return True
    told = [folded(_spaced(t)) for t in texts]
    if len(set(told)) < len(told) and len(set(told)) < 2:
        return False
    after = view[n + 1 : n + 6]
    known = sum(t in all_words() for t in told) / len(told)
    under = [folded(text(c)) for r in after for c in r if c]
    usual = sum(t in all_words() for t in under) / max(len(under), 1)
    if len(filled) >= 2 and known >= 0.5 and usual < 0.2:
        return True
    # Sparse words under a header whose columns hold figures: "Amount" over "Pledged" and "Received".
    gaps = any(i >= len(view[at]) or not text(view[at][i]) for i, _, _ in filled)
    if not gaps or len(filled) < 2 or any(re.search(r"\d", t) for t in texts):
        return False
    return all(
        sum(1 for r in after if i < len(r) and r[i] and (r[i][0] in "nd" or re.search(r"\d", r[i][1]))) > len(after) / 2
        for i, _, _ in filled
    )


_UNITS = frozenset("kg g l ml km units unit unidades boxes pieces days dias usd yes no".split())


def _is_unit(told: str) -> bool:
    bare = told.strip("()[] ")
    return (
        bool(re.fullmatch(r"[(\[].*[)\]]", told))
        or parsing.currency_code(bare) is not None
        or (currencies.magnitude(bare) > 1 and len(bare.split()) <= 3)  # US$ '000, BZD millions
        or bool(re.fullmatch(r"(?i)d{1,2}[/.-]m{1,2}[/.-]y{2,4}|m{1,2}[/.-]d{1,2}[/.-]y{2,4}|y{4}-m{2}-d{2}", bare))
        or (folded(bare) in _UNITS)
    )


# --- the headings ---------------------------------------------------------------------------------------------------


def _headings(
    view: Rows, top: int, bottom: int, tag_row: int | None, left: int, merges: Sequence[_Merge]
) -> tuple[Heading, ...]:
    width = max((len(view[n]) for n in range(top, bottom + 1)), default=0)
    layers = []
    for n in range(top, bottom + 1):
        row = view[n]
        texts = [text(row[i]) if i < len(row) else "" for i in range(width)]
        filled = [t for t in texts if t]
        if len(filled) >= 3 and [re.sub(r"\D", "", t) for t in filled] == [str(k) for k in range(1, len(filled) + 1)]:
            continue  # the form's column numbers say nothing
        layers.append((n, texts))
    spread = []
    for k, (n, texts) in enumerate(layers):
        below = layers[-1][1]
        gaps = any(b and not t for t, b in zip(texts, below, strict=True))
        groups, wide = _merged_over(n, width, left, merges, [t for _, t in layers[k + 1 :]])
        is_group = k < len(layers) - 1 and (bool(groups) or (gaps and not wide))
        spread.append((_filled_right(texts, groups) if is_group else texts, is_group))
    tags = view[tag_row] if tag_row is not None else ()
    out = []
    for i in range(max(width, len(tags))):
        parts = [(texts[i], is_group) for texts, is_group in spread if i < len(texts) and texts[i]]
        units = [p for n, (p, _) in enumerate(parts) if n and _is_unit(p)]
        shown = [p for p in dict.fromkeys(p for p, _ in parts) if p not in units]
        also = []
        if len(shown) > 1:
            also.append(shown[-1])
            also += [p for p, is_group in parts if not is_group and p != shown[-1] and p not in units]
        beside = text(tags[i]) if i < len(tags) else ""
        tag = canonical_tag(beside)
        if not shown and beside and not tag:
            shown = [beside]  # a column put in later, whose heading was written on the row of tags
        told = " ".join([" / ".join(shown), *(u if u[0] in "([" else f"({u})" for u in units)])
        out.append(Heading(told.strip(), tuple(dict.fromkeys(also)), tag))
    return tuple(out)


def _merged_over(
    row: int, width: int, left: int, merges: Sequence[_Merge], below: Sequence[Sequence[str]]
) -> tuple[dict[int, int], bool]:
    """First and last column of every group that is merged in a row, and whether any cells are merged in it at all.

    A group has names under more than its first column; a merge without them only makes one heading wide.
    """
    spans = {m[1] - left: min(m[3] - left, width - 1) for m in merges if m[0] == row + 1 and m[3] > m[1]}
    spans = {a: b for a, b in spans.items() if 0 <= a < width}
    return {a: b for a, b in spans.items() if any(any(t[a + 1 : b + 1]) for t in below)}, bool(spans)


def _filled_right(texts: Sequence[str], groups: Mapping[int, int]) -> list[str]:
    """A group's name stands over its first column: give it to the others, as far as its merge or the next group."""
    out = list(texts)
    if groups:
        for a, b in groups.items():
            for i in range(a, b + 1):
                out[i] = out[i] or texts[a]
        return out
    group = ""
    for i, t in enumerate(texts):
        group = t or group
        out[i] = group
    return out


def canonical_tag(told: str) -> str:
    """`#org +name+ provider` is `#org+name+provider`: attributes in alphabetical order, no blanks, lower case."""
    flat = re.sub(r"\s+", "", told.casefold())
    if not flat.startswith("#"):
        return ""
    tag, *attributes = flat.split("+")
    return "+".join([tag, *sorted(a for a in attributes if a)])

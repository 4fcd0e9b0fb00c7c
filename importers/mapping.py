"""Which column says what: headings and values against the catalogue, one column a field, each decision with its reason.

In: the cells of a sheet as text. Out: the header's place, the kind of sheet, a field or nothing per column. Pure.
Words alone deceive (`Unit cost` is not the amount), so the values of a column can veto what its heading suggests.
Read `understood` first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from importers import parsing
from importers.parsing import Unreadable
from ledger import catalogue
from ledger.catalogue import Field, Kind, folded

HEADER_WITHIN = 50  # rows; the deepest header seen in a real file was row 8
SAMPLE = 200  # values that a column's profile looks at
TAKEN = 0.80  # from here on a likeness is taken; held-out layouts gave 0 wrong there
ASKED = 0.65
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """What one column was taken for. `decided_by`: synonym, score, mapping or none."""

    column: int
    header: str
    field: str | None
    confidence: float
    decided_by: str
    why: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """A table found in a sheet: `header_rows` are counted from 1, `choices` stand in the order of the columns."""

    kind: str
    confidence: float
    header_rows: tuple[int, ...]
    choices: tuple[Choice, ...]
    signature: str

    @property
    def first_row(self) -> int:
        return self.header_rows[-1] + 1

    def column(self, name: str) -> int | None:
        return next((c.column for c in self.choices if c.field == name), None)


Texts = Sequence[Sequence[Any]]
"""Rows of cells as the sandbox gives them: None, [type, text] or [type, text, format]."""


def _text(cell: Any) -> str:
    return parsing.clean(cell[1]) if cell else ""


def _spaced(heading: str) -> str:
    """`PledgeAmt` is two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)


# --- the header -------------------------------------------------------------------------------------------------


@cache
def _all_words() -> frozenset[str]:
    return frozenset(w for name in catalogue.kinds() for f in catalogue.kind(name).fields for w in f.words)


def header_rows(rows: Texts) -> tuple[int, ...] | None:
    """Find the header among the first rows (from 1); two rows when the upper one groups the lower. None: no table.

    A row scores by the share of its cells that are known headings, by text, by being unlike its neighbours and by the
    values under it; its width says nothing, every row of a workbook is equally wide.
    """
    best, best_score = None, 0.0
    for n, row in enumerate(rows[:HEADER_WITHIN]):
        score = _header_score(row, rows[n + 1 : n + 8])
        if score > best_score + 1e-9:
            best, best_score = n, score
    if best is None or best_score < 1.2:
        return None
    if best > 0 and _groups(rows[best - 1], rows[best]):
        return (best, best + 1)
    return (best + 1,)


def _header_score(row: Sequence[Any], below: Texts) -> float:
    filled = [(i, _text(c), c[0]) for i, c in enumerate(row) if c and _text(c)]
    if len(filled) < 2:
        return 0.0
    texts = [folded(_spaced(t)) for _, t, _ in filled]
    if sum(t.startswith("#") for _, t, _ in filled) > len(filled) / 2:
        return 0.0  # HXL tags stand under the header
    words = sum(t in _all_words() for t in texts) / len(texts)
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


def _groups(upper: Sequence[Any], lower: Sequence[Any]) -> bool:
    """Whether the upper row names groups of the lower one: it is needed to tell equal headings apart."""
    names = [folded(_text(c)) for c in lower if c]
    above = [_text(c) for c in upper if c]
    return len(above) >= 2 and len(set(names)) < len(names) and all(not re.search(r"\d{3}", t) for t in above)


def headings(rows: Texts, at: tuple[int, ...]) -> list[str]:
    """Return the heading of every column; a group's name is filled to the right and joined with " / "."""
    lower = rows[at[-1] - 1]
    if len(at) == 1:
        return [_text(c) for c in lower]
    upper = rows[at[0] - 1]
    out, group = [], ""
    for i in range(max(len(lower), len(upper))):
        group = _text(upper[i]) if i < len(upper) and upper[i] else group
        own = _text(lower[i]) if i < len(lower) else ""
        out.append(f"{group} / {own}" if group and own else own or group)
    return out


def signature(names: Sequence[str]) -> str:
    """The fingerprint of a layout: the same headings in the same order, however they are spaced or accented."""
    return hashlib.sha256("\n".join(folded(n) for n in names).encode()).hexdigest()


# --- what a column holds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of a column's filled cells that look like something."""

    filled: int = 0
    numbers: float = 0.0
    dates: float = 0.0
    currencies: float = 0.0
    urls: float = 0.0
    sequence: bool = False
    short: float = 0.0
    codes: Mapping[str, float] = field(default_factory=dict)


def profile(cells: Sequence[Any], codelists: frozenset[str] = frozenset()) -> Profile:
    """Look at up to `SAMPLE` filled cells of a column."""
    found = [c for c in cells if c and not parsing.is_missing(c[1])][:SAMPLE]
    if not found:
        return Profile()
    n = len(found)
    texts = [parsing.clean(c[1]) for c in found]
    codes = {
        name: sum(any(folded(t) in code.words for code in catalogue.codes(name)) for t in texts) / n
        for name in codelists
    }
    whole = [int(t) for t in texts if t.isdigit()]
    return Profile(
        n,
        sum(_is_number(c) for c in found) / n,
        sum(_is_date(c) for c in found) / n,
        sum(parsing.currency_code(t) is not None for t in texts) / n,
        sum(t.lower().startswith(("http", "www.")) for t in texts) / n,
        # One word among the numbers is the TOTAL at the foot.
        n > 2 and len(whole) >= n - 1 and all(b - a == 1 for a, b in pairwise(whole)),
        sum(len(t) <= 40 for t in texts) / n,
        codes,
    )


def _is_number(cell: Any) -> bool:
    if cell[0] == "n":
        return True
    try:
        parsing.figure(cell[1])
    except Unreadable as problem:
        # An amount all the same, though one that we refuse; not every sentence or date with two numbers in it.
        return problem.code in ("V004", "V005") and sum(map(str.isalpha, cell[1])) <= 12 and not _is_date(cell)
    return True


def _is_date(cell: Any) -> bool:
    if cell[0] == "d":
        return True
    if cell[0] == "n":
        return False
    try:
        parsing.date_of(cell[1], "dmy")
    except Unreadable as problem:
        return problem.code in ("V012", "V013")
    return True


def vetoed(f: Field, told: Profile) -> str:
    """Why the values of a column cannot be this field; "" when they can. An empty column can be anything."""
    if told.filled == 0 or f.sensitivity == "personal":
        return ""
    if f.type == "row":
        return "" if told.sequence else "no running number"
    if f.type in ("money", "quantity", "number", "percent"):
        if told.dates > 0.5 and told.numbers <= told.dates:
            return "holds dates"
        return "" if told.numbers >= 0.5 else "holds few numbers"
    if f.type == "date":
        return "" if told.dates >= 0.5 else "holds few dates"
    if f.type == "currency":
        return "" if told.currencies >= 0.5 else "holds few currencies"
    if f.type == "url":
        return "" if told.urls >= 0.5 else "holds few addresses"
    if f.type == "code":
        return "" if told.codes.get(f.codelist, 0) >= 0.3 or told.short > 0.9 else "holds long texts"
    if f.type in ("text", "place") and told.numbers > 0.8 and not f.name.endswith("id"):
        return "holds numbers"
    if f.type in ("text", "place") and told.dates > 0.8:
        return "holds dates"
    return ""


# --- headings to fields -----------------------------------------------------------------------------------------

_ABBREVIATIONS = {
    "no": "number", "nr": "number", "num": "number", "nro": "numero", "n": "numero", "amt": "amount", "qty": "quantity",
    "desc": "description", "descr": "description", "org": "organization",
    "organisation": "organization", "min": "ministry",
    "ref": "reference", "val": "value", "cant": "cantidad", "qtd": "quantidade", "fec": "fecha", "dt": "date",
    "program": "programme", "classificao": "classificacao",
}  # fmt: skip
# A heading with one of these words is another thing than the same heading without it.
_TELLING = frozenset(
    [
        "unit",
        "unitario",
        "unitaria",
        "unitaire",
        "payment",
        "paid",
        "end",
        "start",
        "invoice",
        "budget",
        "total",
        "estimated",
        "award",
        "contract",
        "tender",
        "quantity",
        "date",
        "fecha",
        "data",
        "email",
        "phone",
        "address",
        "currency",
        "percent",
        "share",
        "id",
        "number",
        "code",
        "type",
        "status",
        "name",
    ]
)


def _spelled(text: str) -> list[str]:
    return [_ABBREVIATIONS.get(w, w) for w in folded(text).split()]


def likeness(heading: str, f: Field) -> float:
    """How alike a heading and the field's known headings are, 0 to 1; 1 only for a known heading."""
    heading = _spaced(heading)
    told = folded(re.sub(r"\([^)]*\)", " ", heading)) or folded(heading)
    if folded(heading) in f.words or told in f.words:
        return 1.0
    parts = [folded(p) for p in heading.split(" / ")]
    if len(parts) > 1 and parts[-1] in f.words:
        return 0.9
    mine = _spelled(heading)
    best = 0.0
    for known in f.words:
        theirs = _spelled(known)
        if sorted(mine) == sorted(theirs):
            return 0.97
        if len(known) < 4:
            continue
        a, b = " ".join(mine), " ".join(theirs)
        score = (fuzz.token_sort_ratio(a, b) + fuzz.token_set_ratio(a, b)) / 200
        odd = (set(mine) ^ set(theirs)) & _TELLING
        best = max(best, score - 0.25 * bool(odd))
    return min(best, 0.95)


def choices(names: Sequence[str], profiles: Sequence[Profile], kind: Kind) -> tuple[Choice, ...]:
    """Match columns to fields one to one, best first; a column whose best two fields are too close stays open."""
    scores: list[tuple[float, int, Field, str]] = []
    refusals: dict[int, tuple[float, str]] = {}
    for i, name in enumerate(names):
        if not name:
            continue
        for f in kind.fields:
            score = likeness(name, f)
            if score < ASKED:
                continue
            against = vetoed(f, profiles[i])
            if against:
                refusals[i] = max(refusals.get(i, (0.0, "")), (score, f"{f.name}: {against}"))
                continue
            # Of two equal headings the one whose values fit the type better is meant.
            scores.append((score + 0.01 * _fit(f, profiles[i]), i, f, "synonym" if score == 1.0 else "score"))
    scores.sort(key=lambda s: (-s[0], s[1]))
    taken: dict[int, Choice] = {}
    used: set[str] = set()
    for score, i, f, by in scores:
        if i in taken or f.name in used:
            continue
        rival = max((s for s, j, g, _ in scores if j == i and g.name != f.name and g.name not in used), default=0.0)
        if by == "score" and (score < TAKEN or score - rival < MARGIN):
            continue
        used.add(f.name)
        why = "the heading is known" if by == "synonym" else f"the heading is like {f.label['en']!r}"
        taken[i] = Choice(i, names[i], f.name, round(min(score, 1.0), 2), by, why)
    out = []
    for i, name in enumerate(names):
        near = sorted({f.name for s, j, f, _ in scores if j == i and f.name not in used})[:3]
        why = refusals.get(i, (0.0, ""))[1] or (f"could be {', '.join(near)}" if near else "no field is like it")
        out.append(taken.get(i) or Choice(i, name, None, 0.0, "none", why if name else "no heading"))
    return tuple(out)


def _fit(f: Field, told: Profile) -> float:
    return {"money": told.numbers, "quantity": told.numbers, "date": told.dates, "currency": told.currencies}.get(
        f.type, 0.5
    )


# --- the kind of sheet ------------------------------------------------------------------------------------------

# What a sheet of this kind is about: without one of these it is a list of something else.
_ABOUT = {
    "aid": ("amount", "pledge.amount", "commitment.amount", "disbursement.amount"),
    "donations": ("amount", "item.quantity", "item.description"),
    "deliveries": ("item.quantity",),
    "programmes": ("amount", "source.amount", "period.start", "date"),
    "procurement": ("amount", "award.amount", "tender.amount", "item.quantity"),
    "payments": ("amount",),
    "organizations": ("organization.alias", "organization.id"),
    "rates": ("value",),
}
# Columns that only this kind has say more than columns that every kind has.
_COMMON = frozenset(["amount", "currency", "date", "description", "source.url", "note", "row.number", "place", "title"])


# Lists of anything look like lists of organisations: for these kinds only known headings count.
_STRICT = frozenset({"organizations", "rates"})


def _strength(kind: Kind, made: Sequence[Choice]) -> float:
    least = 1.0 if kind.name in _STRICT else 0.0
    found = {c.field: c.confidence for c in made if c.field and c.confidence >= least}
    if not any(name in found for name in _ABOUT[kind.name]):
        return 0.0
    missing = sum(f.required and f.name not in found for f in kind.fields)
    own = sum(s for name, s in found.items() if name not in _COMMON)
    return max(0.0, own + 0.3 * (sum(found.values()) - own) - 1.5 * missing)


def understood(
    rows: Texts,
    sheet_name: str,
    *,
    kind: str | None = None,
    saved: Callable[[str], Mapping[str, Any] | None] | None = None,
) -> Understanding | None:
    """Find header, kind and columns of a sheet; None when it holds no table of aid, donations or procurement.

    `kind` said by the officer is taken. `saved` answers for the signature of a layout with an earlier answer
    (`{"kind": …, "columns": {heading: field}}`), which wins over every score.
    """
    at = header_rows(rows)
    if at is None:
        return None
    names = headings(rows, at)
    mark = signature(names)
    body = rows[at[-1] :]
    sample = body[: SAMPLE * 3]
    lists = frozenset(f.codelist for k in catalogue.kinds() for f in catalogue.kind(k).fields if f.codelist)
    profiles = [profile([r[i] if i < len(r) else None for r in sample], lists) for i in range(len(names))]
    answer = saved(mark) if saved else None
    if answer:
        told = {folded(h): f for h, f in answer["columns"].items()}
        picked = tuple(
            Choice(i, n, told.get(folded(n)), 1.0 if told.get(folded(n)) else 0.0, "mapping", "remembered answer")
            for i, n in enumerate(names)
        )
        return Understanding(answer["kind"], 1.0, at, picked, mark)
    if kind:
        return Understanding(kind, 1.0, at, choices(names, profiles, catalogue.kind(kind)), mark)
    ranked = []
    for name in catalogue.kinds():
        one = catalogue.kind(name)
        made = choices(names, profiles, one)
        strength = _strength(one, made)
        if strength > 0 and folded(sheet_name) in one.sheet_words:
            strength += 1.5
        ranked.append((strength, name, made))
    ranked.sort(key=lambda r: -r[0])
    strength, name, made = ranked[0]
    if strength < 1.5:
        return None
    confidence = round(strength / (strength + ranked[1][0]), 2) if ranked[1][0] else 1.0
    return Understanding(name, confidence, at, made, mark)

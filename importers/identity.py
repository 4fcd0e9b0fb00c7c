"""Which process is this row? The publisher's own number says; without one, what the row says and where it stood.

In: staged values and what was remembered of the last import. Out: ocids, ids of parts, and the fingerprints to
remember. Never the row number: it changes when a row is inserted. Not here: what a row becomes (`drafts`).
Read `recognised` first (docs/reference/ocds, part 5).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from ledger.values import Money, quantity_text

SLUG_MAX = 60
SIMILAR_ENOUGH = 0.6  # share of equal cells from which a changed row is taken for the same row
PAIRS_MAX = 40_000  # above, leftovers are not compared one with one: a file that is new throughout

UNPUBLISHED = frozenset({"row.number", "note"})
SAYS_LITTLE = frozenset({"description", "conditions", "status", "source.url", "note", "row.number"})


class Typed(Protocol):
    """The part of `staging.Parsed` that identity looks at."""

    @property
    def value(self) -> Any: ...


class Remembered(Protocol):
    """One line of the table `identities`."""

    @property
    def ocid(self) -> str: ...
    @property
    def local_id(self) -> str: ...
    @property
    def strong(self) -> str: ...
    @property
    def weak(self) -> str: ...
    @property
    def position(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How a row is known again. `strong`: every published value. `weak`: a hash of the values that say which thing
    it is (no amounts, quantities, remarks), then a short hash of each cell, to tell how alike two rows are."""

    strong: str
    weak: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What is remembered of one row when its submission is published (table `identities`)."""

    dataset: str
    ocid: str
    local_id: str
    strong: str
    weak: str
    position: int


# --- names and numbers --------------------------------------------------------------------------------------


def unaccented(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def slug(text: str) -> str:
    """Return letters, digits and hyphens that stand for the text: `Heusner Mem. Hospital` -> `Heusner-Mem-Hospital`.

    Case is kept. Text that is too long, or has letters that ASCII has not, ends in a hash, so that two names
    that differ only there stay two: `Клиника 1` and `Школа 1` are not both `1`.
    """
    plain = unaccented(text)
    words = "-".join(re.findall(r"[A-Za-z0-9]+", plain))
    lost = any(c.isalnum() and not c.isascii() for c in plain)
    if words and not lost and len(words) <= SLUG_MAX:
        return words
    return f"{words[: SLUG_MAX - 9].rstrip('-')}-{_sha(plain.casefold())[:8]}".lstrip("-")


def number_slug(number: str) -> str:
    """Return the publisher's number as it stands in an ocid: `gr/moh/47 2020` and `GR-MOH-47-2020` are one."""
    return slug(number).upper()


def ocid(prefix: str, publisher: str, kind: str, local: str) -> str:
    """`ocds-213czf` + `moh` + `procurement` + `GR-0047` -> `ocds-213czf-moh-PRC-GR-0047`."""
    code = {"aid": "AID", "programme": "PRG", "procurement": "PRC"}[kind]
    return f"{prefix}-{publisher}-{code}-{local}"


def minted(parts: Iterable[str], taken: Container[str], form: str = "{}") -> str:
    """Return `form` with a short hash of `parts`, the first that is not taken.

    Content, not a counter: the same row gets the same id in an empty and in a full ledger, and two ledgers compare.
    """
    text = "\n".join(parts)
    for n in range(1_000_000):
        out = form.format(_sha(text if n == 0 else f"{text}\n{n}")[:10])
        if out not in taken:
            return out
    raise AssertionError("a million rows with one content")


# --- fingerprints -------------------------------------------------------------------------------------------


def fingerprint(values: Mapping[str, Typed]) -> Fingerprint:
    """Return the fingerprint of one row's staged values."""
    texts = {f: _text(p.value) for f, p in values.items() if f not in UNPUBLISHED and p.value is not None}
    which = [
        f"{f}={t}"
        for f, t in texts.items()
        if f not in SAYS_LITTLE and not isinstance(values[f].value, Money | Decimal)
    ]
    return _fingerprint((f"{f}={t}" for f, t in texts.items()), which)


def joined(prints: Sequence[Fingerprint]) -> Fingerprint:
    """Return the fingerprint of rows that are one thing together, in whatever order they stand."""
    if len(prints) == 1:
        return prints[0]
    heads = sorted({p.weak.split(" ", 1)[0] for p in prints})
    cells = sorted({cell for p in prints for cell in p.weak.split(" ")[1:]})
    head = heads[0] if len(heads) == 1 else _sha("\n".join(heads))[:16]
    return Fingerprint(_sha("\n".join(sorted(p.strong for p in prints))), " ".join([head, *cells]))


def says(weak: str, field: str, value: Any) -> bool:
    """Whether the row behind a remembered `weak` had this value in this field."""
    return _cell(f"{field}={_text(value)}") in weak.split(" ")[1:]


def _fingerprint(all_cells: Iterable[str], which: Iterable[str]) -> Fingerprint:
    told = sorted(all_cells)
    head = _sha("\n".join(sorted(which)))[:16]
    return Fingerprint(_sha("\n".join(told)), " ".join([head, *sorted(_cell(t) for t in told)]))


def _text(value: Any) -> str:
    if isinstance(value, Money):
        return f"{quantity_text(value.amount)} {value.currency}"
    if isinstance(value, Decimal):
        return quantity_text(value)
    return " ".join(str(value).split())


@lru_cache(maxsize=100_000)
def _cell(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- alignment ----------------------------------------------------------------------------------------------


def recognised(rows: Sequence[Fingerprint], remembered: Sequence[Remembered]) -> list[Remembered | None]:
    """Say for each row which remembered row it is, or None for a new one. Nothing remembered is used twice.

    First rows that are equal in every value, then rows that tell of the same thing with another amount, then
    leftovers that share most of their cells. Equal rows are told apart by their order. O(n) but for the leftovers.
    """
    found: list[Remembered | None] = [None] * len(rows)
    free = sorted(remembered, key=lambda r: r.position)

    def pair(keys: Sequence[str], key_of: Any) -> None:
        nonlocal free
        waiting: dict[str, deque[Remembered]] = defaultdict(deque)
        for r in free:
            waiting[key_of(r)].append(r)
        asking: dict[str, list[int]] = defaultdict(list)
        for n, key in enumerate(keys):
            if found[n] is None and key in waiting:
                asking[key].append(n)
        used: set[int] = set()
        for key, numbers in asking.items():
            for n, r in _most_alike([(n, rows[n]) for n in numbers], list(waiting[key]), 0.0):
                found[n] = r
                used.add(id(r))
        free = [r for r in free if id(r) not in used]

    if free:
        pair([p.strong for p in rows], lambda r: r.strong)
    if free:
        pair([p.weak.split(" ", 1)[0] for p in rows], lambda r: r.weak.split(" ", 1)[0])
    left = [(n, p) for n, p in enumerate(rows) if found[n] is None]
    if free and left and len(free) * len(left) <= PAIRS_MAX:
        for n, r in _most_alike(left, free, SIMILAR_ENOUGH):
            found[n] = r
    return found


def _most_alike(
    rows: Sequence[tuple[int, Fingerprint]], remembered: Sequence[Remembered], least: float
) -> list[tuple[int, Remembered]]:
    """Pair rows with remembered ones, most alike first, then in the order in which both stand."""
    if len(rows) == 1 == len(remembered) and least == 0.0:
        return [(rows[0][0], remembered[0])]
    equal = all(p.strong == remembered[0].strong for _, p in rows) and all(
        r.strong == remembered[0].strong for r in remembered
    )
    if equal or (least == 0.0 and len(rows) * len(remembered) > PAIRS_MAX):
        return [(n, r) for (n, _), r in zip(rows, remembered, strict=False)]
    cells = [frozenset(r.weak.split(" ")[1:]) for r in remembered]
    scored = []
    for rank, (n, p) in enumerate(rows):
        mine = frozenset(p.weak.split(" ")[1:])
        for other, theirs in enumerate(cells):
            alike = len(mine & theirs) / max(len(mine), len(theirs), 1)
            if alike >= least:
                scored.append((-alike, abs(rank - other), rank, n, other))
    out: list[tuple[int, Remembered]] = []
    rows_used: set[int] = set()
    others_used: set[int] = set()
    for _, _, _, n, other in sorted(scored):
        if n not in rows_used and other not in others_used:
            rows_used.add(n)
            others_used.add(other)
            out.append((n, remembered[other]))
    return out

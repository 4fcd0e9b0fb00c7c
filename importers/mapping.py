"""What a table is: its kind, its columns, and what an officer answered about it before. Pure.

In: a table that `layout` found, earlier answers. Out: an `Understanding`, or `NotOurs` with the reason. What single
columns say is `columns`; what a table is that is none of ours `elsewhere`. An officer's earlier answer wins over every
score. Read `understood` first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from importers import columns, elsewhere, layout
from importers.columns import SAMPLE, Choice, Profile, Why, choices, likeness, profile, vetoed
from importers.layout import Block, Rows
from ledger import catalogue
from ledger.catalogue import Kind, folded

__all__ = [
    "Choice", "NotOurs", "Profile", "Understanding", "Why", "choices", "likeness", "profile", "remembered", "signature",
    "understood", "vetoed",
]  # fmt: skip

SURE = 1.2  # how much stronger a kind must be than the next one not to be asked about
ENOUGH = 1.25  # the strength from which a sheet is of a kind

Saved = Callable[[str, Sequence[str]], Mapping[str, Any] | None]
"""Answers for a layout (its signature, its headings) with what an officer decided earlier; see `remembered`."""

NO_TABLE = columns.words()["table"]["prose"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """A table that was understood: its place, its kind, its columns in order, and what an officer had answered."""

    kind: str
    confidence: float
    block: Block
    choices: tuple[Choice, ...]
    signature: str
    rival: str = ""  # another kind that fits nearly as well: which one it is has to be said
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def header_rows(self) -> tuple[int, ...]:
        return self.block.header_rows

    @property
    def first_row(self) -> int:
        return self.block.first

    def column(self, name: str) -> int | None:
        return next((c.column for c in self.choices if c.field == name), None)


@dataclass(frozen=True, slots=True)
class NotOurs:
    """A table that is not of aid, donations or procurement: `code` says what it is (columns.toml, table)."""

    block: Block
    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def short(self) -> str:
        return columns.words()["table"][self.code]["short"]

    def said(self, language: str = "en") -> str:
        return columns.words()["table"][self.code][language].format_map(self.params)


def signature(names: Sequence[str]) -> str:
    """The fingerprint of a layout: the same headings in the same order, however they are spaced or accented."""
    return hashlib.sha256("\n".join(folded(n) for n in names).encode()).hexdigest()


# --- the kind of sheet ------------------------------------------------------------------------------------------

# What a sheet of this kind is about: without one of these it is a list of something else.
_ABOUT = {
    "aid": ("amount", "pledge.amount", "commitment.amount", "disbursement.amount"),
    "donations": ("amount", "item.description"),
    "deliveries": ("item.quantity",),
    "programmes": ("amount", "source.amount", "period.start", "date"),
    "procurement": ("amount", "award.amount", "tender.amount", "item.quantity"),
    "payments": ("amount",),
    "organizations": ("organization.alias", "organization.id"),
    "rates": ("value",),
}
# Columns that only this kind has say more than columns that every kind has.
_COMMON = frozenset(["amount", "currency", "date", "description", "source.url", "note", "row.number", "place", "title"])


# Lists of anything look like lists of organisations: these kinds must have all of these, nearly word for word.
_STRICT = {
    "organizations": (("organization.name",), ("organization.alias", "organization.id")),
    "rates": (("currency",), ("value",), ("date",)),
}


def _strength(kind: Kind, made: Sequence[Choice]) -> float:
    found = {c.field: c.confidence for c in made if c.field}
    if any(not any(found.get(n, 0.0) >= 0.8 for n in one_of) for one_of in _STRICT.get(kind.name, ())):
        return 0.0
    if kind.name == "organizations" and any(columns.is_heading_of("amount", c.header) for c in made):
        return 0.0  # a register of organisations tells no amounts
    if not any(name in found for name in _ABOUT[kind.name]):
        return 0.0
    # A ministry's own list of contracts leaves out who buys: it is asked once.
    missing: float = sum(f.required and f.name not in found for f in kind.fields if f.name != "buyer.name")
    if kind.name in _STRICT:
        missing /= 3  # what makes it of this kind is there already
    own = sum(s for name, s in found.items() if name not in _COMMON)
    if kind.name == "deliveries" and any(
        c.field is None and columns.is_heading_of("donor.name", c.header) for c in made
    ):
        own -= 1.0  # who gave belongs to what was given, not to what was handed on
    return max(0.0, own + 0.3 * (sum(found.values()) - own) - 1.5 * missing)


def understood(
    rows: Rows,
    sheet_name: str,
    *,
    block: Block | None = None,
    kind: str | None = None,
    saved: Saved | None = None,
    alone: bool = True,
) -> Understanding | NotOurs | None:
    """Find the kind and the columns of one table (without `block` the sheet's first); None when there is no table.

    `kind` said by the officer is taken, unless the table is not `alone` and has nothing of that kind. `saved` answers
    for the layout with an earlier answer (`{"kind": …, "columns": {heading: field or ""}, …}`, see `remembered`),
    which wins over every score.
    """
    if block is None:
        found = layout.blocks(rows)
        if not found:
            return None
        block = found[0]
    names = [h.shown for h in block.headings]
    mark = signature(names)
    sample = rows[block.first - 1 : min(block.last, block.first - 1 + SAMPLE * 3)]
    lists = frozenset(f.codelist for k in catalogue.kinds() for f in catalogue.kind(k).fields if f.codelist)
    profiles = [profile([r[i] if i < len(r) else None for r in sample], lists) for i in block.columns]
    answer = (saved(mark, names) if saved else None) or {}
    told = {folded(h): f or "" for h, f in answer.get("columns", {}).items()}
    kind = answer.get("kind") or kind
    if kind:
        made = choices(block.headings, profiles, catalogue.kind(kind), first=block.left, told=told)
        if not alone and not answer and _strength(catalogue.kind(kind), made) == 0.0:
            other = elsewhere.other(rows, block, profiles, {c.field for c in made if c.field})
            return NotOurs(block, other or "none")
        return Understanding(kind, 1.0, block, made, mark, answer=answer)
    ranked = []
    for name in catalogue.kinds():
        one = catalogue.kind(name)
        made = choices(block.headings, profiles, one, first=block.left, told=told)
        strength = _strength(one, made)
        if strength > 0:
            strength += _named(one, sheet_name, block)
        if name == "deliveries" and not {c.field for c in made} & _HANDED_OVER:
            strength -= 2.0
        ranked.append((strength, name, made))
    ranked.sort(key=lambda r: -r[0])
    strength, name, made = ranked[0]
    other = elsewhere.other(rows, block, profiles, {c.field for c in made if c.field})
    if other or strength < ENOUGH:
        return NotOurs(block, other or "none") if other else _lacking(block, ranked)
    confidence = round(strength / (strength + ranked[1][0]), 2) if ranked[1][0] else 1.0
    rival = ranked[1][1] if strength - ranked[1][0] < SURE and ranked[1][0] > 0 else ""
    return Understanding(name, confidence, block, made, mark, rival, answer)


_HANDED_OVER = frozenset({"date", "place", "place.name", "recipient.name", "recipient.id", "delivery.id", "status"})
"""What says that goods changed hands: without any of it a list of goods was ordered, for all we know."""

# A list of contracts is not one of payments unless it says so: nothing agreed may be shown as paid.
_SAYS_PAID = re.compile(
    r"\b(paid|pays?|payments?|payees?|cheques?|checks?|vouchers?|invoices?|remittances?|disburse\w*|"
    r"pago|pagos|pagad[oa]s?|cheque|factura|facturas|desembols\w*|paiements?|paye|payes|mandats?|factures?|"
    r"pagamentos?|pag[oa]s?|empenho\w*|nota fiscal|liquidac\w*)\b"
)


def _named(kind: Kind, sheet_name: str, block: Block) -> float:
    """What the sheet's name and the lines over the table say of its kind."""
    name = folded(sheet_name)
    over = " ".join(folded(t) for _, _, t in block.above)
    said = 0.0
    if any(re.search(rf"\b{re.escape(w)}\b", name) for w in kind.sheet_words):
        said += 1.5
    if any(re.search(rf"\b{re.escape(w)}\b", over) for w in kind.sheet_words):
        said += 1.0
    headings = " ".join(folded(h.shown) for h in block.headings)
    if kind.name == "payments" and not _SAYS_PAID.search(f"{name} {over} {headings}"):
        said -= 2.0
    return said


def _lacking(block: Block, ranked: Sequence[tuple[float, str, tuple[Choice, ...]]]) -> NotOurs:
    """Say of a table that is almost of a kind which column is not there."""
    _, name, made = max(ranked, key=lambda r: (r[0], sum(bool(c.field and c.field not in _COMMON) for c in r[2])))
    kind = catalogue.kind(name)
    found = {c.field for c in made if c.field}
    if len(found - _COMMON) < 2 or name in _STRICT:
        return NotOurs(block, "none")
    lacking = [f for f in kind.fields if f.required and f.name not in found]
    if not lacking:
        lacking = [kind.field(n) for n in _ABOUT[name][:1] if not any(m in found for m in _ABOUT[name])]
    if not lacking:
        return NotOurs(block, "none")
    params = {
        "kind": kind.label["en"],
        "tipo": kind.label["es"],
        "lacking": ", ".join(f"“{f.label['en']}”" for f in lacking),
        "falta": ", ".join(f"«{f.label['es']}»" for f in lacking),
    }
    return NotOurs(block, "part", params)


# --- answers of officers ------------------------------------------------------------------------------------------

ALIKE = 0.6
"""Share of an answer's headings that a changed layout must still have for the answer to be used."""


def remembered(answers: Sequence[Mapping[str, Any]]) -> Saved:
    """Return what finds the answer for a layout among all that were given, the newest last.

    An answer is `{"signature": …, "kind": …, "columns": {heading: field or ""}}` and, where asked: `currency`,
    `decimal`, `date_order`, `units` (each {field: answer}), `constants` ({field: text}), `hidden_rows` ("skip").
    The same headings find their own answer; a publication whose columns drift from month to month finds the nearest
    one, and only the columns it names are decided by it.
    """

    def find(mark: str, names: Sequence[str]) -> Mapping[str, Any] | None:
        mine = {folded(n) for n in names if n}
        best: Mapping[str, Any] | None = None
        best_share = ALIKE
        for answer in answers:
            if answer.get("signature") == mark:
                best, best_share = answer, 2.0
                continue
            theirs = {folded(h) for h in answer.get("columns", {})}
            # An answer that names no column and no layout, given with the file, is for whatever is in it.
            share = len(mine & theirs) / len(theirs) if theirs else ALIKE * ("signature" not in answer)
            if best_share <= 1.0 and share >= best_share:
                best, best_share = answer, share
        return best

    return find

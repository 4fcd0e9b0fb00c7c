"""Staged sheets for tests, typed as an officer sees them: `sheet("payments", "contract.id | amount", "C-1 | BZD 500")`.

The header names catalogue fields. Amounts are written `BZD 500.00`, dates `2020-05-14` (or shorter), everything
else as text; each value gets the cell that it would have had, row 1 being the header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from importers.drafts import Built, Context
from importers.identity import Remembered
from importers.staging import Parsed, StagedRow, StagedTable
from ledger.decisions import Decision
from ledger.known import Spelling
from ledger.settings import Area, Jurisdiction, Register, Settings
from ledger.values import CellRef, Money, PartialDate, Sha256

MONEY = {
    "amount",
    "pledge.amount",
    "commitment.amount",
    "disbursement.amount",
    "item.unitValue",
    "source.amount",
    "tender.amount",
    "award.amount",
    "aid.amount",
    "amendment.amount",
}
DATES = {
    "date",
    "pledge.date",
    "commitment.date",
    "disbursement.date",
    "period.start",
    "period.end",
    "tender.date",
    "tender.close",
    "award.date",
    "contract.date",
    "amendment.date",
}
NUMBERS = {"item.quantity", "bids.count", "aid.share", "value"}

BELIZE = Jurisdiction(
    "bz",
    {"en": "Belize", "es": "Belice"},
    "BZD",
    ("en", "es"),
    "BZ",
    time_zone="America/Belize",
    areas=(Area("BZ-CZL", {"en": "Corozal"}), Area("BZ-TOL", {"en": "Toledo"})),
)


def typed(name: str, text: str) -> Any:
    if name in MONEY:
        currency, amount = text.split(" ", 1)
        return Money(Decimal(amount.replace(",", "")), currency)
    if name in DATES:
        return PartialDate.parse(text)
    if name in NUMBERS:
        return Decimal(text)
    return text


def column(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else chr(ord("A") + n // 26 - 1) + chr(ord("A") + n % 26)


def table(
    kind: str, rows: Sequence[Mapping[str, Any]], *, file: str = "0" * 64, name: str = "", first: int = 2
) -> StagedTable:
    """A staged table of typed values."""
    names = list(dict.fromkeys(k for row in rows for k in row))
    title = name or kind.capitalize()
    staged = []
    for number, row in enumerate(rows, first):
        values = {}
        for n, field_name in enumerate(names):
            if row.get(field_name) is not None:
                value = row[field_name]
                raw = f"{value.amount}" if isinstance(value, Money) else str(value)
                values[field_name] = Parsed(value, raw, CellRef(Sha256(file), title, f"{column(n)}{number}"))
        staged.append(StagedRow(number, values))
    last = f"{column(max(len(names) - 1, 0))}{first + len(rows) - 1}"
    blank = StagedTable.__dataclass_fields__
    known: dict[str, Any] = {
        "file": Sha256(file),
        "file_name": "x.xlsx",
        "sheet": title,
        "range": f"A1:{last}",
        "kind": kind,
        "kind_confidence": 1,
        "header_rows": (1,),
        "columns": (),
        "rows": tuple(staged),
        "held": {},
        "ignored": (),
        "control_totals": (),
        "findings": (),
    }
    return StagedTable(**{k: v for k, v in known.items() if k in blank})


def sheet(kind: str, header: str, *lines: str, **how: Any) -> StagedTable:
    """A staged table from lines of text; an empty cell is a value that is not there."""
    names = [n.strip() for n in header.split("|")]
    rows = [
        {n: typed(n, t.strip()) for n, t in zip(names, line.split("|"), strict=True) if t.strip()} for line in lines
    ]
    return table(kind, rows, **how)


@dataclass(frozen=True)
class Line:
    ocid: str
    local_id: str
    strong: str
    weak: str
    position: int


@dataclass
class Memory:
    """A ledger that has published what was built before: numbers, identities, records."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keep(self, built: Built) -> Memory:
        self.lines = {}
        for i in built.identities:
            self.lines.setdefault(i.dataset, []).append(Line(i.ocid, i.local_id, i.strong, i.weak, i.position))
        self.records = {}
        for drafts in built.drafts.values():
            for draft in drafts:
                self.records.setdefault(draft.ocid, {**draft.body, "ocid": draft.ocid})
        return self

    def process(self, what: str, number: str) -> str | None:
        for ocid, body in self.records.items():
            planning = body.get("planning") or {}
            own = {
                "aid": (planning.get("aid") or {}).get("id"),
                "programme": (planning.get("budget") or {}).get("id") if "-PRG-" in ocid else None,
                "procurement": (body.get("tender") or {}).get("id"),
            }[what]
            if own == number:
                return ocid
        return None

    def contract(self, number: str) -> tuple[str, str] | None:
        found = [(o, c["id"]) for o, b in self.records.items() for c in b.get("contracts", ()) if c["id"] == number]
        return found[0] if len(found) == 1 else None

    def record(self, ocid: str) -> dict[str, Any] | None:
        return self.records.get(ocid)

    def remembered(self, dataset: str, period: str) -> Sequence[Remembered]:
        return self.lines.get(dataset, [])

    def spellings(self) -> Sequence[Spelling]:
        named = {(p["id"], p["name"]): p for body in self.records.values() for p in body.get("parties", ())}
        return [
            Spelling(id, name, 1, "" if scheme.endswith("-LEDGER") else f"{scheme}:{p['identifier']['id']}")
            for (id, name), p in sorted(named.items(), key=lambda np: np[0])
            for scheme in [p["identifier"]["scheme"]]
        ]

    def decisions(self) -> Sequence[Decision]:
        return ()

    def owner(self, ocid: str) -> str | None:
        return None


def context(memory: Memory | None = None, jurisdiction: Jurisdiction = BELIZE, publisher: str = "moh") -> Context:
    settings = Settings()
    here = Context(publisher, jurisdiction, settings, Register((jurisdiction,)))
    return here if memory is None else replace(here, known=memory)

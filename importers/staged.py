"""What a file is after reading: typed rows, each value with the cell that it came from. Only values, no behaviour.

Made by `staging` (files) and `sheet` (one table), built into drafts by `drafts`. Read `StagedTable` first: in every
one read = accepted (`rows`) + held + ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.findings import Finding
from ledger.values import CellRef, Sha256, Source

LISTS_SHEET = "covid_ledger_lists"
"""The hidden sheet of our own workbooks that holds the choices of their lists: no officer has to hear of it."""


@dataclass(frozen=True, slots=True, init=False)
class Parsed(Source):
    """One value as understood: `raw` is what the cell said, `how` is empty when `raw` reads as `value`.

    It is its own evidence: a large file has millions, and none has to be made twice.
    """

    value: Any = None

    def __init__(self, value: Any, raw: str, at: CellRef, how: str = "") -> None:
        super(Parsed, self).__init__(at, raw, how)  # named: `slots` makes the class anew
        object.__setattr__(self, "value", value)


@dataclass(frozen=True, slots=True)
class StagedRow:
    """`number` is the sheet's own row number; a field that the row does not tell is absent, never None."""

    number: int
    values: Mapping[str, Parsed]


@dataclass(frozen=True, slots=True)
class Column:
    cell: str
    header: str
    field: str | None
    confidence: float
    decided_by: str
    why: str = ""
    proposed: str | None = None
    candidates: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()  # the first texts under the heading; none of what is private


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """A total that the sheet itself states, beside what its rows add up to."""

    cell: str
    stated: Decimal
    added: Decimal

    @property
    def agrees(self) -> bool:
        """A hundredth per sheet is forgiven: offices add rounded figures."""
        return abs(self.stated - self.added) <= Decimal("0.01")


@dataclass(frozen=True, slots=True)
class StagedTable:
    file: Sha256
    file_name: str
    sheet: str
    range: str
    kind: str
    kind_confidence: float
    header_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    rows: tuple[StagedRow, ...]
    held: Mapping[int, str] = field(default_factory=dict)
    ignored: tuple[tuple[int, str], ...] = ()
    control_totals: tuple[ControlTotal, ...] = ()
    findings: tuple[Finding, ...] = ()
    signature: str = ""
    above: tuple[tuple[str, str], ...] = ()  # (cell, text) of the lines over the header
    entries: Mapping[int, tuple[str, str, bytes]] = field(default_factory=dict)
    """Of an OCDS document, by row number: pointer, release or record, tagged tree as JSON (see `documents_tree`)."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A table that was not taken for one of ours: what an officer has to see to say what it is after all."""

    sheet: str
    range: str
    header_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    signature: str
    above: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StagedFile:
    file_name: str
    sha256: Sha256
    tables: tuple[StagedTable, ...] = ()
    not_read: tuple[tuple[str, str, str], ...] = ()  # (sheet, why, range or "")
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

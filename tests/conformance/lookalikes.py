"""Small look-alikes of real ugly files, written on the fly and read through the real sandbox.

In: rows as an officer would type them. Out: the staged table, and short ways to ask what became of a column: its
values, what is held at which cell, what was said. Used by the `test_ugly_*.py` beside it; read `Told` first.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from importers import staging
from importers.mapping import remembered
from importers.staging import StagedFile, StagedTable
from ledger.findings import Finding, Severity, codes
from ledger.settings import Area, Jurisdiction, Settings
from ledger.values import Money, Sha256

BELIZE = Jurisdiction(
    "bz",
    {"en": "Belize", "es": "Belice"},
    "BZD",
    ("en", "es"),
    "BZ",
    time_zone="America/Belize",
    areas=(
        Area("BZ-BZ", {"en": "Belize", "es": "Belice"}),
        Area("BZ-CY", {"en": "Cayo"}, ("San Ignacio",)),
        Area("BZ-CZL", {"en": "Corozal"}),
        Area("BZ-SC", {"en": "Stann Creek"}, ("Dangriga",)),
        Area("BZ-TOL", {"en": "Toledo"}),
    ),
)
"""An office that said nothing of its own about separators, date orders or the bare dollar sign."""

HEAD = ("Contract number", "Title", "Buyer", "Supplier")


@dataclass(frozen=True)
class As:
    """A cell of a workbook with a number format: `As(0.5, "0%")`."""

    value: Any
    format: str


@dataclass(frozen=True)
class Told:
    """What became of one table."""

    file: StagedFile
    table: StagedTable

    def column(self, name: str) -> list[Any]:
        """The values of a field, row by row of the accepted rows; None where a row does not tell it."""
        return [r.values[name].value if name in r.values else None for r in self.table.rows]

    def amounts(self, name: str = "amount") -> list[str]:
        """`["BZD 1200.00", …]`: exact, with the decimals of the currency."""
        return ["-" if v is None else money(v) for v in self.column(name)]

    def texts(self, name: str) -> list[str]:
        return ["-" if v is None else str(v) for v in self.column(name)]

    @property
    def held(self) -> dict[int, str]:
        return dict(self.table.held)

    def said(self, code: str) -> list[str]:
        """The cells at which a code was said, in the order of the sheet."""
        return [c.cell for f in self.findings(code) for c in (f.at, *f.also_at) if c is not None]

    def findings(self, code: str) -> list[Finding]:
        return [f for f in self.table.findings if f.code == code]

    @property
    def worrying(self) -> set[str]:
        """The codes of all that is more than a notice."""
        return {f.code for f in self.table.findings if f.severity is not Severity.NOTICE}

    def field_of(self, heading: str) -> str | None:
        return next(c.field for c in self.table.columns if c.header == heading)


def money(value: Money) -> str:
    assert isinstance(value.amount, Decimal)
    return f"{value.currency} {value.amount}"


def contracts(headings: str | Sequence[str], *cells: Any) -> list[list[Any]]:
    """A list of contracts with further columns: one heading and its cells, or several and a row of cells each."""
    extra = [headings] if isinstance(headings, str) else list(headings)
    rows: list[list[Any]] = [[*HEAD, *extra]]
    for n, told in enumerate(cells, 1):
        own = list(told) if isinstance(told, tuple | list) else [told]
        rows.append([f"C-{n}", f"Masks and gowns, order {n}", "Ministry of Health", f"Example Supplies {n} Ltd.", *own])
    return rows


def workbook(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "Contracts") -> Path:
    """Write an .xlsx: text as text (never a formula), numbers, dates, `As` with its format; None is no cell."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet(sheet)
        for n, row in enumerate(rows):
            for m, told in enumerate(row):
                value, shown = (told.value, told.format) if isinstance(told, As) else (told, "")
                if isinstance(value, dt.date):
                    page.write_datetime(n, m, value, book.add_format({"num_format": shown or "dd/mm/yyyy"}))
                elif isinstance(value, int | float | Decimal):
                    page.write_number(n, m, value, book.add_format({"num_format": shown}) if shown else None)
                elif value is not None:
                    page.write_string(n, m, value)
    return path


def delimited(path: Path, rows: Sequence[Sequence[Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, delimiter=delimiter).writerows(rows)
    return path


def read(
    path: Path,
    *,
    where: Jurisdiction | None = BELIZE,
    kind: str | None = "procurement",
    answers: Sequence[Mapping[str, Any]] = (),
) -> Told:
    """Read a file of one table through the sandbox; nothing may be lost and every finding must have its words."""
    found = staging.staged(
        path,
        file_name=path.name,
        sha256=Sha256("0" * 64),
        settings=Settings(),
        jurisdiction=where,
        kind=kind,
        saved=remembered(answers) if answers else None,
    )
    assert len(found.tables) == 1, (found.not_read, found.findings)
    table = found.tables[0]
    numbers = sorted([r.number for r in table.rows] + list(table.held) + [n for n, _ in table.ignored])
    assert numbers == list(range(table.header_rows[-1] + 1, numbers[-1] + 1))
    assert {f.code for f in table.findings} <= codes()
    return Told(found, table)


def column(folder: Path, headings: str | Sequence[str], *cells: Any, **how: Any) -> Told:
    """One or more columns of a list of contracts in a workbook, read."""
    return read(workbook(folder / "contracts.xlsx", contracts(headings, *cells)), **how)


def answer(told: Told, **answers: Any) -> dict[str, Any]:
    """An officer's answer about this table, as the desk remembers it: its columns as taken, and what was asked."""
    columns = {c.header: c.field or "" for c in told.table.columns if c.header}
    base = {"signature": told.table.signature, "kind": told.table.kind, "columns": columns}
    return {**base, **answers, "columns": {**columns, **answers.get("columns", {})}}

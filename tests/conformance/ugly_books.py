"""Look-alike workbooks by address: put rows at `A8`, merge `V6:Y6`, hide rows, then write it as .xlsx, .xls or .ods.

In: `Page`s as an officer would draw them. Out: a file, and what became of it (`staged`, `checked`), always held against
the laws of reading (`tests.laws`). Used by the `test_ugly_*.py` beside it; read `Page` first.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import odf.opendocument
import odf.table
import odf.text
import xlsxwriter
import xlwt

from importers import staging
from importers.intake import Checked, check_files
from importers.mapping import remembered
from importers.parsing import column_number
from importers.staging import StagedFile, StagedTable
from ledger.settings import Register, Settings
from ledger.values import Sha256
from tests import laws
from tests.conformance.lookalikes import BELIZE


@dataclass(frozen=True)
class Formula:
    """A cell that computes: what it says, and the value that the program kept of it."""

    says: str
    kept: Any


@dataclass
class Page:
    """One sheet, empty at first. Rows and columns of `hidden_rows` count from 1, as the officer sees them."""

    name: str = "Data"
    hidden: bool = False
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)

    def put(self, at: str, *rows: Sequence[Any]) -> Page:
        """Write rows from an address on, to the right and downwards; None and "" leave a cell untouched."""
        top, left = place(at)
        for n, row in enumerate(rows):
            for m, told in enumerate(row):
                if told is not None and told != "":
                    self.cells[top + n, left + m] = told
        return self

    def merge(self, *ranges: str) -> Page:
        self.merges += ranges
        return self

    def hide(self, *rows: int) -> Page:
        self.hidden_rows |= set(rows)
        return self

    def lines(self) -> Iterator[tuple[int, dict[int, Any]]]:
        """Rows from 0 that hold something, with their cells by column, in order."""
        by_row: dict[int, dict[int, Any]] = {}
        for (row, column), told in sorted(self.cells.items()):
            by_row.setdefault(row, {})[column] = told
        yield from sorted(by_row.items())


def place(at: str) -> tuple[int, int]:
    """`B3` is row 2, column 1 (both from 0)."""
    letters = at.rstrip("0123456789")
    return int(at[len(letters) :]) - 1, column_number(letters) - 1


def _box(merge: str) -> tuple[int, int, int, int]:
    (top, left), (bottom, right) = map(place, merge.split(":"))
    return top, left, bottom, right


def xlsx(path: Path, *pages: Page) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        day, plain = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format()
        for page in pages:
            sheet = book.add_worksheet(page.name)
            for merge in page.merges:
                sheet.merge_range(*_box(merge), "", plain)
            for row, cells in page.lines():
                for column, told in cells.items():
                    if isinstance(told, Formula):
                        sheet.write_formula(row, column, told.says, None, told.kept)
                    elif isinstance(told, dt.date):
                        sheet.write_datetime(row, column, told, day)
                    elif isinstance(told, str):
                        sheet.write_string(row, column, told)
                    else:
                        sheet.write_number(row, column, told)
            for n in page.hidden_rows:
                sheet.set_row(n - 1, None, None, {"hidden": True})
            if page.hidden:
                sheet.hide()
    return path


def xls(path: Path, *pages: Page) -> Path:
    book = xlwt.Workbook()
    for page in pages:
        sheet = book.add_sheet(page.name, cell_overwrite_ok=True)
        for row, cells in page.lines():
            for column, told in cells.items():
                sheet.write(row, column, told.kept if isinstance(told, Formula) else told)
        for merge in page.merges:
            top, left, bottom, right = _box(merge)
            sheet.merge(top, bottom, left, right)
        for n in page.hidden_rows:
            sheet.row(n - 1).hidden = True
        sheet.visibility = int(page.hidden)
    book.save(str(path))
    return path


def ods(path: Path, *pages: Page) -> Path:
    """A workbook of LibreOffice. Hidden rows and sheets are not drawn in it."""
    book = odf.opendocument.OpenDocumentSpreadsheet()
    for page in pages:
        assert not page.hidden and not page.hidden_rows
        table = odf.table.Table(name=page.name)
        covers = {(r, c): m for m in map(_box, page.merges) for r, c in _cells(m)}
        lines = dict(page.lines())
        for row in range(max(lines) + 1):
            line = odf.table.TableRow()
            told = lines.get(row, {})
            for column in range(max(told, default=-1) + 1):
                line.addElement(_odf_cell(told.get(column), covers.get((row, column)), (row, column)))
            table.addElement(line)
        book.spreadsheet.addElement(table)
    book.save(str(path))
    return path


def _cells(merge: tuple[int, int, int, int]) -> Iterator[tuple[int, int]]:
    top, left, bottom, right = merge
    yield from ((r, c) for r in range(top, bottom + 1) for c in range(left, right + 1))


def _odf_cell(told: Any, merge: tuple[int, int, int, int] | None, at: tuple[int, int]) -> Any:
    if merge is not None and merge[:2] != at:
        return odf.table.CoveredTableCell()
    how: dict[str, Any] = {}
    if merge is not None:
        how = {"numberrowsspanned": merge[2] - merge[0] + 1, "numbercolumnsspanned": merge[3] - merge[1] + 1}
    if isinstance(told, int | float | Decimal):
        how |= {"valuetype": "float", "value": str(told)}
    elif told is not None:
        how |= {"valuetype": "string"}
    cell = odf.table.TableCell(**how)
    if told is not None:
        cell.addElement(odf.text.P(text=str(told)))
    return cell


WRITERS = {"xlsx": xlsx, "xls": xls, "ods": ods}


# --- what became of it --------------------------------------------------------------------------------------------


def staged(
    path: Path, kind: str | None = None, answers: Sequence[Mapping[str, Any]] = (), only: str | None = None
) -> StagedFile:
    """Read a file through the real sandbox; the laws of reading must hold for it."""
    assert laws.broken(path, BELIZE, kind) == []
    return staging.staged(
        path,
        file_name=path.name,
        sha256=Sha256("0" * 64),
        settings=Settings(),
        jurisdiction=BELIZE,
        kind=kind,
        only=only,
        saved=remembered(answers) if answers else None,
    )


def one(path: Path, kind: str | None = None, **how: Any) -> StagedTable:
    """The only table of a file."""
    found = staged(path, kind, **how)
    assert len(found.tables) == 1, (found.not_read, [(t.range, t.kind) for t in found.tables])
    return found.tables[0]


def checked(*paths: Path, kind: str | None = None, **answers: Any) -> Checked:
    """The whole check of one or several files, by the office of `lookalikes.BELIZE`; `answers` for what is asked."""
    told = {"kind": kind, **answers} if answers else None
    return check_files(list(paths), settings=Settings(), register=Register((BELIZE,)), kind=kind, mapping=told)


def totals(done: Checked) -> dict[str, dict[str, Decimal]]:
    """What a check adds up to, over all tables: {stage: {currency: amount}}."""
    out: dict[str, dict[str, Decimal]] = {}
    for table in tables(done):
        for stage, sums in table["totals"].items():
            for currency, amount in sums.items():
                here = out.setdefault(stage, {})
                here[currency] = here.get(currency, Decimal(0)) + Decimal(amount)
    return out


def tables(done: Checked) -> list[dict[str, Any]]:
    """Every table of the report; in each, read = accepted + held + ignored."""
    found = [t for file in done.report["files"] for t in file["tables"]]
    for table in found:
        rows = table["rows"]
        assert rows["read"] == rows["accepted"] + rows["held"] + rows["ignored"]
    return found


def fields(table: StagedTable) -> dict[str, str | None]:
    """What each column was taken for, by its letters: `{"A": "contract.id", "B": None}`."""
    return {re.sub(r"\d", "", c.cell): c.field for c in table.columns}


def said(found: StagedFile | StagedTable | Checked, code: str) -> list[str]:
    """The cells at which a finding was said, `""` for the file or sheet as a whole."""
    return [c.cell if c else "" for f in found.findings if f.code == code for c in (f.at, *f.also_at)]


def values(table: StagedTable, name: str) -> list[Any]:
    """A field of the accepted rows, in order; None where a row does not tell it."""
    return [r.values[name].value if name in r.values else None for r in table.rows]


def why(table: StagedTable) -> dict[str, list[int]]:
    """The ignored rows by their reason."""
    out: dict[str, list[int]] = {}
    for n, reason in table.ignored:
        out.setdefault(reason, []).append(n)
    return out

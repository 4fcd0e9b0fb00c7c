"""Write the example workbooks the same way every time: the same rows give the same bytes.

In: rows as an office would type them (text, whole numbers, `Decimal`, dates, blanks). Out: .xlsx files whose bytes do
not depend on the day or the machine: a test can tell whether a committed workbook is still what its script writes.
Used by make_belize.py and make_example.py. Read `Sheet`, then `write`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

Cell = str | int | Decimal | date | None

MADE = datetime(2020, 6, 30, 9, 0, tzinfo=UTC)  # written into the file; the clock would change its bytes every day


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: lines above the header as offices have them, the header, the rows, and at the end a TOTAL row.

    `totals`: header -> what the TOTAL row shows. The cell is a SUM formula with that cached value, which is what Excel
    stores; a wrong figure is therefore possible, as in real files.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    above: Sequence[str] = ()
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    below: Sequence[str] = ()
    total_label: str = "TOTAL"
    date_format: str = "dd/mm/yyyy"


def write(path: Path, sheets: Sequence[Sheet], title: str) -> None:
    """Write the workbook. Text is always text: never a formula, a link or a number by accident."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "author": "Example workbooks", "created": MADE.replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True, "valign": "top"})
    for sheet in sheets:
        if any(len(row) != len(sheet.header) for row in sheet.rows):
            raise ValueError(f"{path.name}, {sheet.name}: a row has more or fewer cells than the header")
        formats = {
            date: book.add_format({"num_format": sheet.date_format}),
            int: book.add_format({"num_format": "#,##0"}),
            Decimal: book.add_format({"num_format": "#,##0.00"}),
        }
        page = book.add_worksheet(sheet.name)
        for n, line in enumerate(sheet.above):
            page.write_string(n, 0, line, bold)
        top = len(sheet.above) + (1 if sheet.above else 0)
        for column, name in enumerate(sheet.header):
            page.write_string(top, column, name, head)
            page.set_column(column, column, min(max(len(name) + 2, 12), 40))
        page.freeze_panes(top + 1, 0)
        for n, row in enumerate(sheet.rows, top + 1):
            for column, value in enumerate(row):
                _cell(page, n, column, value, formats)
        end = top + 1 + len(sheet.rows)
        if sheet.totals:
            page.write_string(end, 0, sheet.total_label, bold)
            for name, total in sheet.totals.items():
                column = list(sheet.header).index(name)
                letter = xl_col_to_name(column)
                formula = f"=SUM({letter}{top + 2}:{letter}{end})"
                page.write_formula(end, column, formula, formats[Decimal], _number(total))
            end += 1
        for n, line in enumerate(sheet.below, end + 1):
            page.write_string(n, 0, line)
    book.close()


def _cell(
    page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Cell, formats: Mapping[type, object]
) -> None:
    if value is None:
        return
    if isinstance(value, str):
        page.write_string(row, column, value)
    elif isinstance(value, date):
        page.write_datetime(row, column, value, formats[date])
    elif isinstance(value, Decimal):
        page.write_number(row, column, _number(value), formats[Decimal])
    else:
        page.write_number(row, column, value, formats[int])


def _number(value: Decimal) -> float:
    """Return the number as a spreadsheet stores it: binary, and here always one that reads back as typed."""
    shown = float(value)
    if Decimal(repr(shown)) != value:
        raise ValueError(f"{value} cannot be typed into a spreadsheet cell exactly")
    return shown

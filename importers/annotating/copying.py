"""A new workbook with the values of a file that cannot hold marks (csv, tsv, xls, xlsb, ods), marked like any other.

In: sheets as the sandbox read them and what to mark. Out: an .xlsx, in which every text is a text: nothing that begins
with `=` becomes a formula, no address a link. Read `write` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import xlsxwriter

from importers.annotating.comments import AUTHOR, SIGN
from importers.annotating.index import CELL_MAX, MARKER, REPORT_SHEET, WIDTHS
from importers.annotating.styles import FILLS
from importers.annotating.words import Marked
from importers.raw import column_number
from importers.sandbox import RawSheet
from ledger.values import number

LARGE = 400_000
"""Cells from which a sheet is written row by row, without its merged cells, so that it needs no memory."""
DAY, MINUTE = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def write(out: Path, sheets: Sequence[RawSheet], told: Marked) -> None:
    """Write the workbook: the sheets under their names, as far as a workbook allows them, then the report."""
    large = sum(len(s.rows) * max(map(len, s.rows[:50]), default=0) for s in sheets) > LARGE
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(out), {**options, "constant_memory": large, "tmpdir": str(out.parent)})
    try:
        looks = _Looks(book)
        names = _names([s.name for s in sheets])
        first = True
        for raw in sheets:
            sheet = book.add_worksheet(names[raw.name])
            if not raw.visible:
                sheet.hide()
            elif first:
                sheet.set_first_sheet()
                sheet.activate()
                first = False
            _sheet(sheet, raw, told.sheets.get(raw.name, {}), looks, large)
        _report(book.add_worksheet(REPORT_SHEET), told.report, looks, names)
    finally:
        book.close()


class _Looks:
    """The formats of the workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def get(self, severity: str = "", **properties: Any) -> Any:
        if severity:
            properties |= {"pattern": 1, "bg_color": f"#{FILLS[severity]}"}
        if not properties:
            return None
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]


def _names(wanted: Iterable[str]) -> dict[str, str]:
    """A name that a workbook allows for every sheet: 31 characters, some signs not, no two the same."""
    out: dict[str, str] = {}
    used = {REPORT_SHEET.casefold(), "history"}
    for name in wanted:
        plain = re.sub(r"[\[\]:*?/\\]", "_", _clean(name)).strip().strip("'")[:31] or "Sheet"
        made, n = plain, 1
        while made.casefold() in used:
            n += 1
            made = f"{plain[: 31 - len(str(n)) - 3]} ({n})"
        used.add(made.casefold())
        out[name] = made
    return out


def _sheet(sheet: Any, raw: RawSheet, asked: Mapping[str, Any], looks: _Looks, large: bool) -> None:
    marks: dict[int, dict[int, str]] = asked.get("marks", {})
    if not large:
        for merged in raw.merges:
            _merge(sheet, merged)
    last = max([len(raw.rows), *marks])
    for n in range(1, last + 1):
        if n in raw.hidden_rows:
            sheet.set_row(n - 1, None, None, {"hidden": True})
        cells = raw.rows[n - 1] if n <= len(raw.rows) else ()
        marked = marks.get(n, {})
        for column in range(1, max([len(cells), *marked], default=0) + 1):
            cell = cells[column - 1] if column <= len(cells) else None
            if cell is not None or column in marked:
                _cell(sheet, n - 1, column - 1, cell, marked.get(column, ""), looks)
    for row, column, text in asked.get("texts", ()):
        sheet.write_comment(
            row - 1, column - 1, _clean(f"{SIGN}\n{text}"), {"author": AUTHOR, "x_scale": 2.2, "y_scale": 1.8}
        )


def _merge(sheet: Any, merged: str) -> None:
    found = re.fullmatch(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", merged)
    if found is None:
        return
    box = int(found[2]) - 1, column_number(found[1]) - 1, int(found[4]) - 1, column_number(found[3]) - 1
    try:
        sheet.merge_range(*box, "")
    except xlsxwriter.exceptions.XlsxWriterException:
        pass  # two areas that overlap: the file was damaged, its values are not


def _cell(sheet: Any, row: int, column: int, cell: Any, severity: str, looks: _Looks) -> None:
    kind, text = (cell[0], cell[1]) if cell is not None else ("", "")
    plain = looks.get(severity)
    if kind in ("", "f"):
        sheet.write_blank(row, column, None, plain)
    elif kind == "b":
        sheet.write_boolean(row, column, text == "TRUE", plain)
    elif kind == "n" and (value := _number(text)) is not None:
        shown: dict[str, Any] = {"num_format": cell[2]} if len(cell) > 2 else {}
        sheet.write_number(row, column, value, looks.get(severity, **shown))
    elif kind == "d" and (day := _day(text)) is not None:
        shown = {"num_format": MINUTE if isinstance(day, datetime) else DAY}
        sheet.write_datetime(row, column, day, looks.get(severity, **shown))
    else:
        sheet.write_string(row, column, _clean(text)[:32_767], plain)


def _number(text: str) -> int | float | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return number(value) if value.is_finite() else None


def _day(text: str) -> date | datetime | None:
    try:
        found = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=None) if isinstance(found, datetime) and found.year >= 1900 else (
        found if found.year >= 1900 else None
    )  # fmt: skip


def _report(sheet: Any, report: Mapping[str, Any], looks: _Looks, names: Mapping[str, str]) -> None:
    top: dict[str, Any] = {"text_wrap": True, "valign": "top"}
    for n, width in enumerate(WIDTHS):
        sheet.set_column(n, n, width)
    sheet.write_string(0, 0, MARKER, looks.get(bold=True, font_size=14))
    for n, text in enumerate(report["intro"], 1):
        sheet.write_string(n, 0, _clean(text))
    head = len(report["intro"]) + 2
    for n, text in enumerate(report["heads"]):
        sheet.write_string(head, n, text, looks.get(bold=True, **top))
    sheet.freeze_panes(head + 1, 0)
    sheet.set_tab_color("#C00000")
    for row, (texts, severity, target) in enumerate(report["lines"], head + 1):
        for n, text in enumerate(texts):
            shown = _clean(text)[:CELL_MAX]
            look = looks.get(severity if n == 0 else "", **top)
            to = _target(target, names) if n == 1 and target else ""
            if to:
                link = looks.get(underline=1, font_color="#0B5394", **top)
                sheet.write_url(row, n, f"internal:{to}", link, string=shown)
            else:
                sheet.write_string(row, n, shown, look)


def _target(target: str, names: Mapping[str, str]) -> str:
    """The address with the name that the sheet has here; empty for a sheet that is not in this workbook."""
    quoted, _, cell = target.rpartition("!")
    name = names.get(quoted[1:-1].replace("''", "'"), "")
    return "'" + name.replace("'", "''") + f"'!{cell}" if name else ""


def _clean(text: str) -> str:
    return _UNSAFE.sub("", text)

"""The sheet "Ledger report": what is wrong in a workbook, one line a finding, each with a way to its cell.

In: the lines, in words. Out: the XML of the sheet, in which every text is a text and never a formula. The sheet says by
its name and its first cell that it is ours: `is_report`. Read that first, then `sheet_xml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from importers.annotating.markup import attribute, cell_text
from importers.annotating.styles import Styles
from importers.raw import column_letters

REPORT_SHEET = "Ledger report"
MARKER = "covid-ledger: report on this file"
"""Stands in A1 of the sheet; it is the same in every language, because a reader of the file looks for it."""
WIDTHS = (16, 26, 70, 60, 34, 10, 10)
CELL_MAX = 2_000
"""Characters of one cell of the sheet."""

Report = Mapping[str, Any]
"""`intro`: sentences; `heads`: words over the columns; `lines`: [texts of the columns, severity for the colour, address
that the second column leads to or ""]."""


def is_report(sheet_name: str, first_cell: str) -> bool:
    """Whether a sheet is a report of ours, and so none of the officer's data."""
    named = re.fullmatch(re.escape(REPORT_SHEET) + r"( \(\d{1,4}\))?", sheet_name, re.IGNORECASE)
    return named is not None and first_cell.strip() == MARKER


def address(sheet: str, cell: str) -> str:
    """Where a link leads, as spreadsheets write it."""
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{cell}"


def sheet_xml(report: Report, styles: Styles, space: bytes, has_window: bool = True) -> bytes:
    """The whole part. Looks that it needs are added to `styles`. `has_window`: whether the workbook describes one."""
    top = b'horizontal="left" vertical="top" wrapText="1"'
    size = b'<sz val="%d"/>%s<name val="Calibri"/>'
    looks = {
        "title": styles.own(b'<b/><sz val="14"/><name val="Calibri"/>', b'horizontal="left"'),
        "plain": styles.own(size % (11, b""), b'horizontal="left"'),
        "head": styles.own(b'<b/><sz val="11"/><name val="Calibri"/>', top),
        "cell": styles.own(size % (11, b""), top),
        "link": styles.own(b'<u/><sz val="11"/><color rgb="FF0B5394"/><name val="Calibri"/>', top),
        "error": styles.own(size % (11, b""), top, "error"),
        "warning": styles.own(size % (11, b""), top, "warning"),
    }
    lines: Sequence[Any] = report["lines"]
    head = len(report["intro"]) + 3
    rows = [_row(1, [(MARKER, looks["title"])])]
    rows += [_row(n, [(text, looks["plain"])]) for n, text in enumerate(report["intro"], 2)]
    rows.append(_row(head, [(text, looks["head"]) for text in report["heads"]]))
    links = []
    for n, (texts, severity, target) in enumerate(lines, head + 1):
        kinds = [looks.get(severity, looks["cell"]), looks["link"] if target else looks["cell"]]
        rows.append(_row(n, [(t, kinds[i] if i < 2 else looks["cell"]) for i, t in enumerate(texts)]))
        if target:
            links.append(
                b'<hyperlink ref="B%d" location="%s" display="%s"/>' % (n, attribute(target), attribute(texts[1]))
            )
    columns = b"".join(
        b'<col min="%d" max="%d" width="%d" customWidth="1"/>' % (n, n, width) for n, width in enumerate(WIDTHS, 1)
    )
    return b"".join(_parts(space, head if has_window else 0, columns, rows, links))


def _parts(space: bytes, head: int, columns: bytes, rows: list[bytes], links: list[bytes]) -> Iterator[bytes]:
    yield b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="%s">' % space
    yield b'<sheetPr><tabColor rgb="FFC00000"/></sheetPr>'
    if head:
        yield b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="%d" topLeftCell="A%d" ' % (head, head + 1)
        yield b'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    yield b"<cols>" + columns + b"</cols><sheetData>"
    yield b"".join(rows)
    yield b"</sheetData>"
    if links:
        yield b"<hyperlinks>" + b"".join(links) + b"</hyperlinks>"
    yield b"</worksheet>"


def _row(number: int, cells: Sequence[tuple[str, int]]) -> bytes:
    made = [
        b'<c r="%s%d" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'
        % (column_letters(n).encode(), number, look, cell_text(text[:CELL_MAX]))
        for n, (text, look) in enumerate(cells, 1)
    ]
    return b'<row r="%d">%s</row>' % (number, b"".join(made))

"""What the value reader does not tell of an .ods: currencies, percentages, hidden rows, remarks, errors. Only in the
sandbox's child.

In: an open zip whose directory was scanned, and the sheets with their values as python-calamine reads them. Out: the
same sheets, with number formats and states joined by address, and a note when both count different cells. `content.xml`
is read as a stream; repeated rows and cells are counted, never unfolded. Read `joined` first.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from importers.parts import PART_MAX, events
from importers.raw import BLANK, CELLS_MAX, MERGES_MAX, Blocked, Line, Sheet, Watch, clip, column_letters

REPEATS_MAX = 1_048_576


@dataclass(slots=True)
class _Table:
    """What the stream saw of one sheet. Cells are told by (row, column), both from 1."""

    name: str
    filled: int = 0
    rows: int = 0
    columns: int = 0
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    remarks: list[tuple[int, int]] = field(default_factory=list)


def joined(archive: zipfile.ZipFile, sheets: Iterator[Sheet], rows_max: int) -> Iterator[Sheet]:
    """Yield the sheets with what the stream saw of them. Raises Blocked for too much, before the values are read."""
    tables = {table.name: table for table in _tables(archive, rows_max)}
    for sheet in sheets:
        table = tables.get(sheet.name)
        if table is not None and sheet.lines is not None:
            sheet.lines = _lines(sheet, sheet.lines, table)
        yield sheet


def _lines(sheet: Sheet, lines: Iterator[Line], table: _Table) -> Iterator[Line]:
    marks: dict[str, str] = {}
    read = 0
    for n, (kinds, texts) in enumerate(lines, 1):
        read += len(kinds) - kinds.count(BLANK)
        for i, kind in enumerate(kinds, 1):
            if kind == "n" and (code := table.formats.get((n, i))):
                mark = marks.get(code)
                if mark is None:
                    mark = marks[code] = chr(0xE000 + len(marks))
                    sheet.formats[mark] = code
                kinds[i - 1] = mark
            elif (n, i) in table.errors:
                read -= kind != BLANK
                kinds[i - 1], texts[i - 1] = "e", table.errors[n, i]
        yield kinds, texts
    if read != table.filled:
        sheet.notes.append(["B010", "", f"{table.filled} / {read}"])
    sheet.hidden_rows, sheet.hidden_columns = table.hidden_rows, table.hidden_columns
    merges = (clip(ref, table.rows, table.columns) for ref in table.merges)
    sheet.merges = [ref for ref in merges if ref]
    watch = Watch(0)
    for row, column in table.remarks:
        watch.count("B018", row, column)
    sheet.notes += watch.notes()


def _repeats(told: dict[str, str], name: str) -> int:
    text = told.get(name, "1")
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= REPEATS_MAX):
        raise Blocked("B002")
    return int(text[:9])


def _tables(archive: zipfile.ZipFile, rows_max: int) -> Iterator[_Table]:
    table: _Table | None = None
    watch = Watch(rows_max)
    row = column = rows = columns = at = 0
    hidden = remark = False
    text: list[str] = []
    told: dict[str, str] = {}
    depth = 0  # of tables within tables
    for kind, tag, attributes in events(archive, "content.xml", PART_MAX):
        if kind == "":
            if table is not None and columns and not remark:
                text.append(tag)
            continue
        if kind == "+":
            if tag == "table":
                depth += 1
                if depth == 1:
                    table, row, rows = _Table(attributes.get("name", "")), 0, 0
                    watch, at = Watch(rows_max), 0
            elif table is None or depth > 1:
                continue
            elif tag == "table-column":
                many = _repeats(attributes, "number-columns-repeated")
                if attributes.get("visibility") in ("collapse", "filter"):
                    table.hidden_columns += range(at + 1, min(at + many, 500) + 1)
                at += many
            elif tag == "table-row":
                row, rows, column = row + rows, _repeats(attributes, "number-rows-repeated"), 1
                hidden = attributes.get("visibility") in ("collapse", "filter")
            elif tag in ("table-cell", "covered-table-cell"):
                columns, told, text = _repeats(attributes, "number-columns-repeated"), attributes, []
            elif tag == "annotation" and columns:
                remark = True
                table.remarks.append((row + 1, column))
            continue
        if tag == "table":
            depth -= 1
            if depth == 0 and table is not None:
                table.hidden_columns = [n for n in table.hidden_columns if n <= table.columns]
                table.hidden_rows = [n for n in table.hidden_rows if n <= table.rows]
                yield table
                table = None
        elif table is None or depth > 1:
            continue
        elif tag == "annotation":
            remark = False
        elif tag in ("table-cell", "covered-table-cell"):
            _cell(table, watch, told, "".join(text), (row + 1, rows), (column, columns))
            column, columns = column + columns, 0
        elif tag == "table-row" and hidden and len(table.hidden_rows) < rows_max:
            table.hidden_rows += range(row + 1, min(row + rows, row + rows_max) + 1)


def _cell(
    table: _Table,
    watch: Watch,
    told: dict[str, str],
    text: str,
    where: tuple[int, int],
    across: tuple[int, int],
) -> None:
    """Note one cell that stands for `where[1]` rows and `across[1]` columns."""
    (row, rows), (column, columns) = where, across
    what = told.get("value-type", "")
    if "number-columns-spanned" in told or "number-rows-spanned" in told:
        wide, high = _repeats(told, "number-columns-spanned"), _repeats(told, "number-rows-spanned")
        if len(table.merges) < MERGES_MAX and wide * high > 1:
            last = f"{column_letters(min(column + wide - 1, 16_384))}{row + high - 1}"
            table.merges.append(f"{column_letters(column)}{row}:{last}")
    if not what or (what == "string" and not (told.get("string-value") or text)):
        return
    watch.grown(row + rows - 1, column + columns - 1, rows * columns)
    table.rows, table.columns = max(table.rows, row + rows - 1), max(table.columns, column + columns - 1)
    cells = [(r, c) for r in range(row, row + rows) for c in range(column, column + columns)]
    if "formula" in told and (text.startswith(("#", "Err:"))) and len(text) < 12:
        table.errors |= dict.fromkeys(cells, text)
        return
    table.filled += rows * columns
    if what == "currency" and (code := told.get("currency", "")[:3]):
        table.formats |= dict.fromkeys(cells, f"[${code}] #,##0.00")
    elif what == "percentage":
        table.formats |= dict.fromkeys(cells, "0.00%")
    if len(table.formats) > CELLS_MAX:
        raise watch.blocked(str(len(table.formats)))

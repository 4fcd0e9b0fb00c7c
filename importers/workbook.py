"""Reading a file from outside, cell by cell, losing nothing silently. Runs only inside the sandbox's child process.

In: a path. Out: sheets of cells with their type, number format and state (hidden, error, formula without a value), and
what the scan refused. Two passes over .xlsx, joined by address: a streaming look at the parts, then the fast value
reader, which must agree on the number of cells that are not empty. Read `read` first.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from importers.parsing import column_letters, column_number

# Limits before any parser runs; the attacks behind them were measured (trust page, section 6).
ENTRIES_MAX = 2_000
UNPACKED_MAX = 500_000_000
PART_MAX = 250_000_000
RATIO_MAX = 100
RATIO_FROM = 10_000_000
COLUMNS_MAX = 500
CELLS_MAX = 8_000_000
MERGES_MAX = 5_000
TEXT_MAX = 32_767


class Blocked(Exception):
    """The file cannot be read at all; `code` is a finding's, `params` fill its words."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(slots=True)
class Sheet:
    """One sheet: rows of cells, each None or [type, text] or [type, text, number format], from A1 on.

    Types: s text, n number, d date (ISO text), b boolean, e error, f formula without a value.
    """

    name: str
    visible: bool = True
    rows: list[list[Any]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    notes: list[list[Any]] = field(default_factory=list)  # [finding code, cell, shown]


def read(path: Path, file_name: str, rows_max: int) -> Iterator[Sheet]:
    """Yield the sheets of a file. Raises Blocked for what must not or cannot be read.

    What the file is, is decided by its first bytes and not by its name.
    """
    with path.open("rb") as file:
        head = file.read(8)
        if not head:
            raise Blocked("B001")
        if head.startswith(b"PK"):
            yield from _read_zip(file, path, rows_max)
        elif head.startswith(b"\xd0\xcf\x11\xe0"):
            yield from _read_ole(file, path, rows_max)
        else:
            yield from _read_text(file, file_name, rows_max)


# --- zip containers: xlsx, xlsb, ods ----------------------------------------------------------------------------


def _read_zip(file: BinaryIO, path: Path, rows_max: int) -> Iterator[Sheet]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as problem:
        raise Blocked("B002") from problem
    with archive:
        names = _scanned(archive)
        if (
            "mimetype" in names and "opendocument" in _part(archive, "mimetype")[:100].decode("ascii", "replace")
        ) or "xl/workbook.bin" in names:
            yield from _values(path, rows_max)
        elif "xl/workbook.xml" in names:
            yield from _read_xlsx(archive, path, rows_max)
        else:
            raise Blocked("B003")


def _scanned(archive: zipfile.ZipFile) -> set[str]:
    entries = archive.infolist()
    names = [e.filename for e in entries]
    if len(entries) > ENTRIES_MAX:
        raise Blocked("B004", limit=ENTRIES_MAX)
    if len(set(names)) != len(names):
        raise Blocked("B005")  # two readers would see two different sheets
    total = 0
    for entry in entries:
        total += entry.file_size
        if entry.flag_bits & 1:
            raise Blocked("B006")
        if entry.filename.startswith(("/", "\\")) or ".." in entry.filename.split("/"):
            raise Blocked("B005")
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > PART_MAX or total > UNPACKED_MAX or (entry.file_size > RATIO_FROM and ratio > RATIO_MAX):
            raise Blocked("B004", limit=UNPACKED_MAX // 1_000_000)
        if "vbaproject" in entry.filename.lower():
            raise Blocked("B007")
    for entry in entries:
        if entry.filename.lower().endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                start = part.read(65_536)
            if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                raise Blocked("B008")
    return set(names)


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The part's bytes, counted while they inflate: the header's size may lie."""
    try:
        with archive.open(name) as part:
            data = part.read(PART_MAX + 1)
    except KeyError:
        return b""
    except (zipfile.BadZipFile, zlib_error, EOFError, NotImplementedError) as problem:
        raise Blocked("B002") from problem
    if len(data) > PART_MAX:
        raise Blocked("B004", limit=PART_MAX // 1_000_000)
    return data


zlib_error: type[Exception] = __import__("zlib").error

_CELL = re.compile(rb"<c\b((?:[^>\"]|\"[^\"]*\")*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_ROW = re.compile(rb"<row\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"(\w+)=\"([^\"]*)\"")
_MERGE = re.compile(rb"<mergeCell\b[^>]*ref=\"([A-Z]+\d+:[A-Z]+\d+)\"")
_ADDRESS = re.compile(r"([A-Z]+)(\d+)")


@dataclass(slots=True)
class _Look:
    """What the streaming look at one sheet's XML saw."""

    filled: int = 0
    rows: int = 0
    columns: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unvalued: set[tuple[int, int]] = field(default_factory=set)
    styles: dict[tuple[int, int], int] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)


def _look(xml: bytes, rows_max: int) -> _Look:
    # One namespace prefix is legal XML and breaks a byte pattern: such files are rare and written anew by any office.
    seen = _Look()
    at_row = at_column = 0
    rows_end = -1
    row_marks = [(m.start(), dict(_ATTRIBUTE.findall(m[1]))) for m in _ROW.finditer(xml)]
    marks = iter(row_marks)
    upcoming = next(marks, None)
    for m in _CELL.finditer(xml):
        while upcoming is not None and upcoming[0] < m.start():
            attributes = upcoming[1]
            at_row = int(attributes.get(b"r", str(at_row + 1).encode()))
            at_column = 0
            if attributes.get(b"hidden") in (b"1", b"true"):
                seen.hidden_rows.append(at_row)
            upcoming = next(marks, None)
        attributes = dict(_ATTRIBUTE.findall(m[1]))
        if ref := attributes.get(b"r"):
            address = _ADDRESS.fullmatch(ref.decode("ascii", "replace"))
            if not address:
                raise Blocked("B002")
            at_column, at_row = column_number(address[1]), int(address[2])
        else:
            at_column += 1
        body = m[2] or b""
        value = re.search(rb"<v\b[^>]*>(.*?)</v>", body, re.DOTALL)
        text = re.search(rb"<t\b[^>]*>(.*?)</t>", body, re.DOTALL)
        is_formula = b"<f" in body
        kind = attributes.get(b"t", b"n")
        if value is None and text is None:
            if is_formula:
                seen.unvalued.add((at_row, at_column))
                seen.rows, seen.columns = max(seen.rows, at_row), max(seen.columns, at_column)
            continue
        content = (value or text)[1]  # type: ignore[index]
        if content == b"" and kind != b"str":
            if is_formula:
                seen.unvalued.add((at_row, at_column))
                seen.rows, seen.columns = max(seen.rows, at_row), max(seen.columns, at_column)
            continue
        if content == b"" and is_formula:
            continue  # a formula whose value is the empty text is a blank
        seen.filled += 1
        seen.rows, seen.columns = max(seen.rows, at_row), max(seen.columns, at_column)
        if kind == b"e":
            seen.errors[at_row, at_column] = content.decode("utf-8", "replace")
        elif kind == b"n" and (style := attributes.get(b"s")):
            seen.styles[at_row, at_column] = int(style)
        rows_end = max(rows_end, at_row)
    seen.merges = [ref.decode() for ref in _MERGE.findall(xml)][: MERGES_MAX + 1]
    if seen.rows > rows_max + 100 or seen.columns > COLUMNS_MAX or seen.rows * seen.columns > CELLS_MAX * 3:
        raise Blocked("B009", rows=rows_max, columns=COLUMNS_MAX, seen=f"{column_letters(seen.columns)}{seen.rows}")
    if seen.filled > CELLS_MAX:
        raise Blocked("B009", rows=rows_max, columns=COLUMNS_MAX, seen=str(seen.filled))
    return seen


_BUILT_IN = {
    9: "0%", 10: "0.00%", 5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00", 42: '_("$"* #,##0_)',
    44: '_("$"* #,##0.00_)', 14: "mm-dd-yy",
}  # fmt: skip


def _formats(archive: zipfile.ZipFile) -> list[str]:
    """Number format by style number."""
    xml = _part(archive, "xl/styles.xml").decode("utf-8", "replace")
    own = {
        int(n): code.replace("&quot;", '"').replace("&amp;", "&")
        for n, code in re.findall(r"<numFmt\b[^>]*numFmtId=\"(\d+)\"[^>]*formatCode=\"([^\"]*)\"", xml)
    }
    section = re.search(r"<cellXfs\b.*?</cellXfs>", xml, re.DOTALL)
    numbers = re.findall(r"<xf\b[^>]*?numFmtId=\"(\d+)\"", section[0]) if section else []
    return [own.get(int(n), _BUILT_IN.get(int(n), "")) for n in numbers]


def _sheet_parts(archive: zipfile.ZipFile) -> list[tuple[str, str, bool]]:
    """(name, part, visible) of every sheet, in the workbook's order."""
    book = _part(archive, "xl/workbook.xml").decode("utf-8", "replace")
    links = _part(archive, "xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    targets = {}
    for link in re.findall(r"<Relationship\b[^>]*>", links):
        told = dict(re.findall(r"(\w+)=\"([^\"]*)\"", link))
        targets[told.get("Id", "")] = told.get("Target", "")
    out = []
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        told = dict(re.findall(r"([\w:]+)=\"([^\"]*)\"", tag))
        target = targets.get(told.get("r:id", ""), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        name = re.sub(
            r"&(amp|lt|gt|quot|apos);",
            lambda m: {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}[m[1]],
            told.get("name", ""),
        )
        out.append((name, part, told.get("state", "visible") == "visible"))
    return out


def _read_xlsx(archive: zipfile.ZipFile, path: Path, rows_max: int) -> Iterator[Sheet]:
    formats = _formats(archive)
    names = set(archive.namelist())
    looks = {
        name: _look(_part(archive, part), rows_max)
        for name, part, _ in _sheet_parts(archive)
        if part.startswith("xl/worksheets/")
    }
    external = any(n.startswith("xl/externalLinks/") for n in names)
    for sheet in _values(path, rows_max):
        look = looks.get(sheet.name)
        if look is None:
            yield sheet
            continue
        _join(sheet, look, formats)
        if external:
            sheet.notes.append(["V031", "", ""])
            external = False
        yield sheet


def _join(sheet: Sheet, look: _Look, formats: list[str]) -> None:
    """Put what only the parts know into the cells, and compare the two readers' counts."""
    for (row, column), code in (*look.errors.items(), *((at, "") for at in look.unvalued)):
        while len(sheet.rows) < row:
            sheet.rows.append([])
        cells = sheet.rows[row - 1]
        cells += [None] * (column - len(cells))
        cells[column - 1] = ["e", code] if code else ["f", ""]
    filled = sum(1 for cells in sheet.rows for c in cells if c is not None and c[0] != "f")
    # Cells that hold an empty text are a matter of taste between readers; fewer values than the file has are not.
    if look.filled - filled > _empty_texts(sheet):
        sheet.notes.append(["B010", "", f"{filled} / {look.filled}"])
    for (row, column), style in look.styles.items():
        if row <= len(sheet.rows) and column <= len(sheet.rows[row - 1]):
            cell = sheet.rows[row - 1][column - 1]
            code = formats[style] if style < len(formats) else ""
            if cell is not None and cell[0] == "n" and code and code.lower() != "general":
                cell.append(code)
    sheet.hidden_rows = look.hidden_rows
    sheet.merges = look.merges[:MERGES_MAX]


def _empty_texts(sheet: Sheet) -> int:
    return sum(1 for cells in sheet.rows for c in cells if c is None)


def _values(path: Path, rows_max: int) -> Iterator[Sheet]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError as problem:
        raise Blocked("B006") from problem
    except (calamine.CalamineError, OSError, ValueError) as problem:
        raise Blocked("B002") from problem
    for told in book.sheets_metadata:
        if told.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            values = book.get_sheet_by_name(told.name)
        except (calamine.CalamineError, ValueError) as problem:
            raise Blocked("B002") from problem
        if values.height > rows_max + 100 or values.width > COLUMNS_MAX:
            seen = f"{column_letters(values.width)}{values.height}"
            raise Blocked("B009", rows=rows_max, columns=COLUMNS_MAX, seen=seen)
        sheet = Sheet(told.name, told.visible == calamine.SheetVisibleEnum.Visible)
        # The area before the table is kept: without it every address would be shifted.
        sheet.rows = [[_cell(v) for v in row] for row in values.to_python(skip_empty_area=False)]
        yield sheet


def _cell(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return ["s", value[:TEXT_MAX]]
    if isinstance(value, bool):
        return ["b", "TRUE" if value else "FALSE"]
    if isinstance(value, float):
        return ["n", str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)]
    if isinstance(value, int):
        return ["n", str(value)]
    if isinstance(value, dt.datetime):
        at_midnight = value.time() == dt.time()
        return ["d", value.date().isoformat() if at_midnight else value.isoformat(timespec="seconds")]
    if isinstance(value, dt.date):
        return ["d", value.isoformat()]
    return ["s", str(value)]


# --- old binary workbooks ---------------------------------------------------------------------------------------


def _read_ole(file: BinaryIO, path: Path, rows_max: int) -> Iterator[Sheet]:
    file.seek(0)
    start = file.read(4_000_000)
    if "EncryptedPackage".encode("utf-16-le") in start:
        raise Blocked("B006")
    if "_VBA_PROJECT".encode("utf-16-le") in start:
        # A macro in an .xls never runs here; the values are as readable as in any other.
        pass
    yield from _values(path, rows_max)


# --- text -------------------------------------------------------------------------------------------------------


def _read_text(file: BinaryIO, file_name: str, rows_max: int) -> Iterator[Sheet]:
    file.seek(0)
    data = file.read()
    start = data[:2000].lstrip().lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"{\\rtf", b"%pdf")):
        raise Blocked("B011")
    if b"\x00" in data[:4000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Blocked("B003")
    text, legacy = _decoded(data)
    sheet = Sheet(re.sub(r"\.\w{1,5}$", "", file_name) or "sheet")
    lines = text.splitlines()
    said = re.match(r"^sep=(.)\r?\n", text)
    delimiter = said[1] if said else _delimiter(lines[:200])
    body = text[said.end() :] if said else text
    offset = 1 if said else 0
    sheet.rows = [[] for _ in range(offset)]
    csv.field_size_limit(10_000_000)
    try:
        for n, row in enumerate(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)):
            if n > rows_max + 100:
                raise Blocked("B009", rows=rows_max, columns=COLUMNS_MAX, seen=str(n))
            if len(row) > COLUMNS_MAX:
                raise Blocked("B009", rows=rows_max, columns=COLUMNS_MAX, seen=column_letters(len(row)))
            # A quote that guards against formulas comes off again, exactly one (see the exports).
            sheet.rows.append([["s", _unguarded(v)[:TEXT_MAX]] if v.strip() else None for v in row])
    except csv.Error as problem:
        raise Blocked("B002") from problem
    if legacy:
        words = re.findall(r"\w*[^\x00-\x7f]\w*", text)[:3]
        sheet.notes.append(["B012", "", ", ".join(words)])
    _mark_ragged(sheet, offset)
    yield sheet


def _unguarded(value: str) -> str:
    return value[1:] if len(value) > 1 and value[0] == "'" and value[1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20" else value


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text, and whether it was an old Western encoding: then accents must be looked at."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), False
    try:
        return data.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), True


def _delimiter(lines: list[str]) -> str:
    """The delimiter that splits most lines into the same number of fields, at least two."""

    def vote(mark: str) -> tuple[float, int]:
        widths = [len(r) for r in csv.reader(lines, delimiter=mark) if r]
        if not widths:
            return (0, 0)
        common = max(set(widths), key=widths.count)
        return (widths.count(common) / len(widths), common) if common > 1 else (0, 0)

    return max(",;\t|", key=lambda mark: (vote(mark)[0] * min(vote(mark)[1], 4), vote(mark)[1]))


def _mark_ragged(sheet: Sheet, offset: int) -> None:
    """Remember the rows that have another number of fields than the first: their columns may be shifted."""
    widths = [len(r) for r in sheet.rows[offset:]]
    if not widths:
        return
    header = widths[0]
    for n, width in enumerate(widths[1:], offset + 2):
        if width != header and any(sheet.rows[n - 1]) and header > 1 and width > 1:
            sheet.notes.append(["ragged", str(n), f"{width} / {header}"])

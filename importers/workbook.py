"""Opening a file from outside: what it is by its first bytes, whether it may be read, and which reader takes it.

In: a path. Out: `Sheet`s with their rows, and notes of what the officer should know; `Blocked` for what must not or
cannot be read. Runs only inside the sandbox's child process. .xlsx is read by `xlsx`, texts by `delimited`, documents
by `documents`; python-calamine reads the other workbooks, and counts the cells of .xlsx a second time. Read `read`.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from importers.raw import (
    BLANK,
    CELLS_MAX,
    COLUMNS_MAX,
    MERGES_MAX,
    TEXT_MAX,
    Blocked,
    Line,
    Sheet,
    Watch,
    clip,
    column_letters,
)

__all__ = ["CELLS_MAX", "COLUMNS_MAX", "TEXT_MAX", "Blocked", "Sheet", "read"]

# Limits before any parser runs; the attacks behind them were measured (trust page, section 6).
ENTRIES_MAX = 2_000
UNPACKED_MAX = 600_000_000
PART_MAX = 500_000_000
RATIO_MAX = 100
RATIO_FROM = 10_000_000
COUNTED_MAX = 4_000_000
"""Cells of a sheet's area that the second reader takes into memory to count them."""


def read(path: Path, file_name: str, rows_max: int) -> Iterator[Sheet]:
    """Yield the sheets of a file; the rows of one must be taken before the next. Raises Blocked, also between rows.

    What the file is, is decided by its first bytes and not by its name.
    """
    if not path.is_file():  # a folder, a pipe that never speaks
        raise Blocked("B003")
    with path.open("rb") as file:
        head = file.read(8)
        if not head:
            raise Blocked("B001")
        if head.startswith(b"PK"):
            yield from _read_zip(file, path, rows_max)
        elif head.startswith(b"\xd0\xcf\x11\xe0"):
            yield from _read_ole(file, path, rows_max)
        else:
            from importers import delimited, documents  # only when they are needed: the child starts for every file

            file.seek(0)
            if documents.is_document(file):
                yield from documents.read(file, rows_max)
            else:
                yield from delimited.read(file, file_name, rows_max)


# --- zip containers: xlsx, xlsb, ods ----------------------------------------------------------------------------


def _read_zip(file: BinaryIO, path: Path, rows_max: int) -> Iterator[Sheet]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as problem:
        raise Blocked("B002") from problem
    with archive:
        names = _scanned(archive)
        if "xl/workbook.bin" in names:
            yield from _values(path, rows_max, formats_unread=True)
        elif "mimetype" in names and "content.xml" in names:
            from importers import ods

            yield from ods.joined(archive, _values(path, rows_max), rows_max)
        elif "[Content_Types].xml" in names and any(n.startswith("xl/") for n in names):
            yield from _read_xlsx(archive, path, rows_max)
        else:
            raise Blocked("B003")


def _scanned(archive: zipfile.ZipFile) -> set[str]:
    entries = archive.infolist()
    names = [e.filename for e in entries]
    if len(entries) > ENTRIES_MAX:
        raise Blocked("B004", limit=f"{ENTRIES_MAX:,}")
    if len(set(names)) != len(names):
        raise Blocked("B005")  # two readers would see two different sheets
    ends = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < ends:
            raise Blocked("B002")  # parts that lie in one another unpack to more than they are
        ends = entry.header_offset + entry.compress_size
    total = 0
    for entry in entries:
        total += entry.file_size
        if entry.flag_bits & 1:
            raise Blocked("B006")
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
            raise Blocked("B005")
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > PART_MAX or total > UNPACKED_MAX or (entry.file_size > RATIO_FROM and ratio > RATIO_MAX):
            raise Blocked("B004", limit=f"{UNPACKED_MAX // 1_000_000} MB")
        if "vbaproject" in entry.filename.lower():
            raise Blocked("B007")
    for entry in entries:
        if entry.filename.lower().endswith((".xml", ".rels")):
            try:
                with archive.open(entry) as part:
                    start = part.read(65_536)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as problem:
                raise Blocked("B002") from problem
            if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                raise Blocked("B008")
    return set(names)


def _read_xlsx(archive: zipfile.ZipFile, path: Path, rows_max: int) -> Iterator[Sheet]:
    from importers import xlsx

    book: list[Any] = []
    found = False
    for sheet, rows in xlsx.sheets(archive, rows_max):
        found = True
        sheet.lines = _counted(sheet, rows.lines(sheet), rows, path, book)
        yield sheet
    if not found:
        raise Blocked("B002")


def _counted(sheet: Sheet, lines: Iterator[Line], rows: Any, path: Path, book: list[Any]) -> Iterator[Line]:
    """The lines of a sheet, and after the last one what a second reader counts: fewer or more is said (B010)."""
    yield from lines
    if not rows.plain or rows.rows * rows.columns > COUNTED_MAX or any(code == "B010" for code, _, _ in sheet.notes):
        return
    import python_calamine as calamine

    try:
        if not book:
            book.append(calamine.CalamineWorkbook.from_path(str(path)))
        values = book[0].get_sheet_by_name(sheet.name)
    except calamine.PasswordError as problem:
        raise Blocked("B006") from problem
    except (calamine.CalamineError, calamine.WorksheetNotFound, OSError, ValueError) as problem:
        raise Blocked("B002") from problem
    count = sum(len(row) - row.count("") for row in values.iter_rows())
    if count != rows.plain:
        sheet.notes.append(["B010", "", f"{rows.plain} / {count}"])


# --- other workbooks, by python-calamine ------------------------------------------------------------------------


def _read_ole(file: BinaryIO, path: Path, rows_max: int) -> Iterator[Sheet]:
    file.seek(0)
    start = file.read(4_000_000)
    if "EncryptedPackage".encode("utf-16-le") in start:
        raise Blocked("B006")
    # A macro in an .xls never runs here; the values are as readable as in any other.
    yield from _values(path, rows_max, formats_unread=True)


def _values(path: Path, rows_max: int, formats_unread: bool = False) -> Iterator[Sheet]:
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
        sheet = Sheet(told.name, told.visible == calamine.SheetVisibleEnum.Visible)
        sheet.lines = _lines(sheet, values, rows_max, formats_unread)
        yield sheet


def _lines(sheet: Sheet, values: Any, rows_max: int, formats_unread: bool) -> Iterator[Line]:
    watch = Watch(rows_max)
    if values.start is None:
        return
    # The area before the table is kept: without it every address would be shifted.
    watch.grown(values.total_height, values.total_width, 0)
    # (`iter_rows` keeps empty rows above and leaves out empty columns beside: only this keeps both.)
    numbers = False
    for n, row in enumerate(values.to_python(skip_empty_area=False), 1):
        kinds: list[str] = []
        texts: list[str] = []
        for value in row:
            kind, text = _cell(value)
            numbers = numbers or kind == "n"
            if len(text) > TEXT_MAX:
                watch.count("B016", n, len(kinds) + 1)
                text = text[:TEXT_MAX]
            kinds.append(kind)
            texts.append(text)
        watch.grown(n, len(kinds), len(kinds) - kinds.count(BLANK))
        yield kinds, texts
    if numbers and formats_unread:
        sheet.notes.append(["B020", "", ""])
    sheet.notes += watch.notes()
    for (top, left), (bottom, right) in (values.merged_cell_ranges or ())[:MERGES_MAX]:
        ref = f"{column_letters(left + 1)}{top + 1}:{column_letters(right + 1)}{bottom + 1}"
        if clipped := clip(ref, values.total_height, values.total_width):
            sheet.merges.append(clipped)


def _cell(value: Any) -> tuple[str, str]:
    if value is None or value == "":
        return BLANK, ""
    if isinstance(value, str):
        return "s", value
    if isinstance(value, bool):
        return "b", "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if not isfinite(value):
            return "e", repr(value)
        return "n", str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, int):
        return "n", str(value)
    if isinstance(value, dt.datetime):
        at_midnight = value.time() == dt.time()
        return "d", value.date().isoformat() if at_midnight else value.isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return "d", value.isoformat()
    return "s", str(value)

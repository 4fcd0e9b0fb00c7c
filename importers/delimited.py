"""Reading .csv and .tsv: encoding, delimiter, line breaks, fields, as files really come. Only in the sandbox's child.

In: an open file that is neither a workbook nor a document. Out: one `Sheet` whose lines come as they are asked for,
with `widths`, the number of fields of every row. Whether a row is shifted is judged later, against the header that
`layout` finds: title lines above a table have other widths. Read `read` first.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from importers.raw import BLANK, COLUMNS_MAX, TEXT_MAX, Blocked, Line, Sheet, Watch, column_letters

FIELD_MAX = 1_000_000
"""Characters of one field before the file is refused: only an unclosed quote makes such a field."""
SAMPLE_LINES = 200
SAMPLE = 400_000
_NOISE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffd]")
_GARBLED = re.compile("[\u00c2\u00c3\u00c5\u00c4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6"
                      "\u02dc\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
                      "|\u00e2\u20ac|\u00ef\u00bb\u00bf")  # fmt: skip
_C1 = re.compile("[\u0080-\u009f]")


def read(file: BinaryIO, file_name: str, rows_max: int) -> Iterator[Sheet]:
    """Yield the one sheet of a text file. Raises Blocked for what is no table at all, and for too much of it."""
    data = file.read()
    _refuse_documents(data)
    text, legacy = decoded(data)
    del data
    sheet = Sheet(re.sub(r"\.\w{1,5}$", "", file_name) or "sheet", widths=[])
    if legacy:
        words = list(dict.fromkeys(re.findall(r"\w*[^\x00-\x7f]\w*", text)))[:3]
        sheet.notes.append(["B012", "", ", ".join(words)])
    if not text.strip("\ufeff\x00\x1a \t\r\n"):
        raise Blocked("B001")
    sheet.lines = _lines(sheet, text, rows_max)
    yield sheet


_DOCUMENTS = (
    b"<html", b"<!doctype", b"<table", b"<?xml", b"{\\rtf", b"%pdf", b"<style", b"<head", b"<meta", b"<body",
    b"mime-version:",
)  # fmt: skip
_BINARIES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"Rar!", b"7z\xbc\xaf", b"\x7fELF",
             b"MZ", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"RIFF", b"SQLite format", b"PAR1")  # fmt: skip


_CONTROLS = bytes([*range(9), *range(14, 32)])


def _refuse_documents(data: bytes) -> None:
    start = data[:2000].removeprefix(codecs.BOM_UTF8)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start.decode("utf-16", "ignore").encode()
    if start.lstrip().lower().startswith(_DOCUMENTS):
        raise Blocked("B011")
    if start.startswith(_BINARIES) and re.search(rb"[\x00-\x08\x0e-\x1f]", data[:4000]):
        raise Blocked("B003")
    controls = len(data[:4000]) - len(data[:4000].translate(None, _CONTROLS))
    if utf16(data) is None and controls > len(data[:4000]) / 20:
        raise Blocked("B003")


def utf16(data: bytes) -> str | None:
    """The name of the UTF-16 that a text is in, with or without its mark; None for another encoding."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = data[:4000]
    half = len(start) // 2
    if half < 2 or len(data) % 2:
        return None
    low, high = start[0::2].count(0), start[1::2].count(0)  # Latin letters have an empty byte in front or behind
    if high > half * 0.6 and low < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if low > half * 0.6 and high < half * 0.05 else None


def decoded(data: bytes) -> tuple[str, bool]:
    """The text, and whether it was an old Western encoding: then its accents must be looked at.

    UTF-8 whose accents came through Latin-1 as control characters holds the old encoding within (`BIENES\\x93`).
    """
    if (wide := utf16(data)) is not None:
        return data.decode(wide, "replace").removeprefix("\ufeff"), False
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.removeprefix(codecs.BOM_UTF8).decode("latin-1").translate(_WINDOWS), True
    if _C1.search(text):
        return text.translate(_WINDOWS), True
    return text, False


_WINDOWS = {n: bytes([n]).decode("cp1252") for n in range(0x80, 0xA0) if n not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
"""What Windows' Western European has where Latin-1 has control characters; five of its bytes mean nothing."""


def _lines(sheet: Sheet, text: str, rows_max: int) -> Iterator[Line]:
    """The rows, and what is to be said of them. Every row of the file is a row of the sheet, blank ones too."""
    assert sheet.widths is not None
    watch = Watch(rows_max)
    text = _one_kind_of_end(text)
    said = re.match(r"\"?sep=(.)\"?\r?\n", text)
    start = said.end() if said else 0
    if said:
        sheet.widths.append(0)
        yield [], []
    broken, mojibake, noisy = _INNER in text, _GARBLED.search(text) is not None, _NOISE.search(text) is not None
    csv.field_size_limit(FIELD_MAX)
    lines = io.StringIO(text, newline="\n")
    lines.seek(start)
    reader = csv.reader(lines, delimiter=said[1] if said else delimiter_of(text))
    n, last, began = len(sheet.widths), 0, 0
    try:
        for row in reader:
            n += 1
            width = len(row)
            sheet.widths.append(width)
            if width > COLUMNS_MAX:
                if any(v.strip() for v in row[COLUMNS_MAX:]):
                    raise watch.blocked(f"{column_letters(width)}{n}")
                del row[COLUMNS_MAX:]
            kinds = ["s" if v and not v.isspace() else BLANK for v in row]
            for i, value in enumerate(row):
                if kinds[i] == BLANK:
                    row[i] = ""
                    continue
                if broken and _INNER in value:
                    row[i] = value = value.replace(_INNER, "\n")
                if value[0] == "'":
                    row[i] = value = _unguarded(value)
                if mojibake and _GARBLED.search(value):
                    watch.count("B021", n, i + 1)
                if noisy and _NOISE.search(value):
                    watch.count("B017", n, i + 1)
                if len(value) > TEXT_MAX:
                    watch.count("B016", n, i + 1)
                    row[i] = value[:TEXT_MAX]
            watch.grown(n, len(row), len(row) - kinds.count(BLANK))
            yield kinds, row
            last, began = began, reader.line_num
    except csv.Error as problem:
        raise Blocked("B022", line=began + 1 + bool(said)) from problem
    if n and began - last > 1 and _is_open(text, start, last):
        raise Blocked("B022", line=last + 1 + bool(said))
    sheet.notes += watch.notes()


_INNER = "\u2028"
"""Stands for a lone CR while the rows are parted: a line break within a cell, which the csv module takes for an end."""


def _one_kind_of_end(text: str) -> str:
    """The text with its lone CRs settled: ends of rows in files of old Macintoshes, breaks within cells in others."""
    if "\r" not in text:
        return text
    lone = text.count("\r") - text.count("\r\n")
    if not lone:
        return text
    return re.sub(r"\r(?!\n)", "\n" if lone >= text.count("\n") else _INNER, text)


def _is_open(text: str, start: int, line: int) -> bool:
    """Whether a quotation mark that opens after `line` lines is never closed: everything after it became one cell."""
    at = start
    for _ in range(line):
        at = text.index("\n", at) + 1
    return text.count('"', at) % 2 == 1


def _unguarded(value: str) -> str:
    """A quote that guards against formulas comes off again, exactly one (see the exports)."""
    return value[1:] if len(value) > 1 and value[1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20" else value


def delimiter_of(text: str) -> str:
    """The delimiter that most rows agree on: of several, the one that makes more columns.

    Title lines above the table and notes under it have no delimiter; they cost it no votes.
    """
    sample = text[:SAMPLE]

    def vote(mark: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        try:
            for row in islice(csv.reader(io.StringIO(sample, newline="\n"), delimiter=mark), SAMPLE_LINES):
                if len(row) > 1 and any(v.strip() for v in row):
                    widths[len(row)] += 1
        except csv.Error:
            pass
        if not widths:
            return 0, 0
        width, rows = max(widths.items(), key=lambda told: (told[1] * min(told[0], 10), told[0]))
        return rows * min(width, 10), width

    return max(",;\t|", key=vote)

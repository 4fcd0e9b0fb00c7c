"""What an .xlsx says once for all its sheets: which there are, number formats, struck-out looks, shared strings.

In: an open zip whose directory was scanned. Out: a `Book`. Also the texts behind XML's entities and offices' codes.
Only in the sandbox's child. Read `book_of` first.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal

from importers.parts import PIECE, Parser, events, pieces
from importers.raw import Blocked

ROW_MAX = 64_000_000
"""Bytes of one row, or of one shared string."""
STRINGS_MAX = 2_000_000
FIRST_FORMAT = 0xE000
"""The first of the characters that stand for a number with a format of its own (see `raw.Sheet.formats`)."""
NOISE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_HARMLESS = bytes(n for n in range(256) if (n >= 32 and n not in (0x7F, 0xE2)) or n in (9, 10, 13))
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)


@dataclass(slots=True)
class Style:
    """How the cells of one style number are shown."""

    code: str = ""  # number format
    mark: str = "n"  # the type of its numbers: n, or the character of a format
    is_date: bool = False
    struck: bool = False

    def date_of(self, text: str, from_1904: bool) -> tuple[str, str] | None:
        """The day, time or duration that a number is shown as; None when it is out of the calendar.

        Day 60 of the 1900 system, 29 February 1900, never was: it is read as the 28th, as other readers do.
        """
        days, _, part = text.partition(".")
        if "e" in text or days.startswith("-") or int(days) > 2_958_465:
            return None
        whole = int(days)
        seconds = round(Decimal(f"0.{part or 0}") * 86_400)
        if _ELAPSED.search(self.code):
            return "s", str(dt.timedelta(whole, seconds))
        if whole == 0 and not from_1904:
            return "s", str(dt.timedelta(seconds=seconds % 86_400)).zfill(8)
        first = dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 31 if whole < 60 else 30)  # noqa: DTZ001
        try:
            at = first + dt.timedelta(whole, seconds)
        except OverflowError:
            return None
        if at.day == 1 and at.time() == dt.time() and self.shows_no_day:
            return "d", f"{at:%Y-%m}"  # typed as "May 2020": the program added a day that nobody wrote
        return "d", at.date().isoformat() if at.time() == dt.time() else at.isoformat(timespec="seconds")

    @property
    def shows_no_day(self) -> bool:
        shown = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", self.code).lower()
        return "y" in shown and "m" in shown and "d" not in shown


@dataclass(slots=True)
class Book:
    styles: list[Style] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)
    struck: set[int] = field(default_factory=set)  # shared strings in part struck through
    noisy: set[int] = field(default_factory=set)  # shared strings with characters that nobody can see
    from_1904: bool = False
    sheets: list[tuple[str, str, bool]] = field(default_factory=list)  # name, part, visible


_BUILT_IN = {
    17: "mmm-yy",
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00", 9: "0%",
    10: "0.00%", 11: "0.00E+00", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 42: '_("$"* #,##0_)',
    44: '_("$"* #,##0.00_)',
}  # fmt: skip
_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)}
_PLAIN = {"", "general", "@"}
"""Formats that say nothing about what a number is."""


def links(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id: (last word of the type, path) of what a part points to inside the file."""
    folder, name = posixpath.split(part)
    found = {}
    for kind, tag, told in events(archive, f"{folder}/_rels/{name}.rels".lstrip("/")):
        if kind == "+" and tag == "Relationship" and told.get("TargetMode") != "External":
            target = told.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[told.get("Id", "")] = (told.get("Type", "").rpartition("/")[2], path)
    return found


def book_of(archive: zipfile.ZipFile) -> Book:
    book = Book()
    start = next((path for kind, path in links(archive, "").values() if kind == "officeDocument"), "xl/workbook.xml")
    targets = links(archive, start)
    for kind, tag, told in events(archive, start):
        if kind == "+" and tag == "workbookPr":
            book.from_1904 = told.get("date1904") in ("1", "true")
        elif kind == "+" and tag == "sheet":
            what, part = targets.get(told.get("id", ""), ("", ""))
            if what in ("worksheet", "") and part:
                book.sheets.append((told.get("name", ""), part, told.get("state", "visible") == "visible"))
    named = {what: part for what, part in targets.values()}
    _styles(archive, named.get("styles", "xl/styles.xml"), book)
    _strings(archive, named.get("sharedStrings", "xl/sharedStrings.xml"), book)
    return book


def _styles(archive: zipfile.ZipFile, part: str, book: Book) -> None:
    own: dict[int, str] = {}
    struck: list[bool] = []
    inside: list[str] = []
    for kind, tag, told in events(archive, part):
        if kind == "-":
            inside.pop()
        elif kind == "+":
            inside.append(tag)
            if tag == "numFmt" and told.get("numFmtId", "").isdigit():
                own[int(told["numFmtId"])] = told.get("formatCode", "")[:255]
            elif tag == "font" and inside[-2:-1] == ["fonts"]:
                struck.append(False)
            elif tag == "strike" and "fonts" in inside and struck:
                struck[-1] = told.get("val", "1") not in ("0", "false")
            elif tag == "xf" and inside[-2:-1] == ["cellXfs"]:
                number, font = whole(told.get("numFmtId")), whole(told.get("fontId"))
                style = Style(own.get(number, _BUILT_IN.get(number, "")), "n")
                style.is_date = number in _BUILT_IN_DATES if number not in own else shows_a_date(style.code)
                style.struck = font < len(struck) and struck[font]
                book.styles.append(style)
    marks: dict[str, str] = {}
    for style in book.styles:
        if style.code.lower() not in _PLAIN and not style.is_date and len(marks) < 6_000:
            style.mark = marks.setdefault(style.code, chr(FIRST_FORMAT + len(marks)))
    book.formats = {mark: code for code, mark in marks.items()}


def whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def shows_a_date(code: str) -> bool:
    """Whether numbers of this format are days: it has a letter of a day, month, year or hour outside its quotes."""
    bare = re.sub(r"\"[^\"]*\"|\\.|_.|\*.", "", code.split(";")[0])
    bare = re.sub(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", "", bare, flags=re.IGNORECASE)
    return bool(re.search(r"[dmyhs]", bare, re.IGNORECASE)) and not re.search(
        r"general|[0#?]", bare.split(".0")[0], re.I
    )


def _strings(archive: zipfile.ZipFile, part: str, book: Book) -> None:
    """The shared strings in their order; the whole text of one with several looks, without its reading aids."""
    rest = b""
    pattern: re.Pattern[str] | None = None
    name = b"si"
    for piece in pieces(archive, part):
        rest += piece
        if pattern is None:
            if (found := re.search(rb"<(\w+:)?sst\b", rest)) is None:
                if len(rest) > PIECE:
                    raise Blocked("B002")
                continue
            prefix = (found[1] or b"").decode()
            name = f"{prefix}si".encode()
            plain = f'<{prefix}t(?: xml:space="preserve")?>([^<]*)</{prefix}t>'
            pattern = re.compile(f"<{prefix}si>(?:{plain}|(.*?))</{prefix}si>|<{prefix}si ?/>", re.DOTALL)
        cut = rest.rfind(b"<" + name + b">")
        if cut > 0:
            _some_strings(rest[:cut], pattern, prefix, book)
            rest = rest[cut:]
        elif len(rest) > ROW_MAX:
            raise Blocked("B004", limit=f"{ROW_MAX // 1_000_000} MB")
    if pattern is not None:
        _some_strings(rest, pattern, prefix, book)


def _some_strings(xml: bytes, pattern: re.Pattern[str], prefix: str, book: Book) -> None:
    text = xml.decode("utf-8", "replace").replace("\r\n", "\n")
    if "<!" in text:
        raise Blocked("B002")
    strings = book.strings
    noisy = is_noisy(xml, text)
    for m in pattern.finditer(text):
        plain, rich = m.groups()
        if plain is not None:
            value, struck = (unescaped(plain) if "&" in plain or "_x" in plain else plain), False
        else:
            value, struck = _rich(rich or "")
        if struck:
            book.struck.add(len(strings))
        if noisy and NOISE.search(value):
            book.noisy.add(len(strings))
        strings.append(value)
    if len(strings) > STRINGS_MAX:
        raise Blocked("B004", limit=f"{STRINGS_MAX:,}")


def _rich(xml: str) -> tuple[str, bool]:
    """The text of a string of several looks, and whether a part of it is struck through."""
    out: list[str] = []
    struck = aid = False
    inside = ""
    for kind, told, attributes in Parser().feed(f"<x>{xml}</x>".encode(), True):
        if kind == "+":
            inside = told
            aid = aid or told == "rPh"
            struck = struck or (told == "strike" and attributes.get("val", "1") not in ("0", "false"))
        elif kind == "-":
            aid = aid and told != "rPh"
            inside = ""
        elif inside == "t" and not aid:
            out.append(told)
    return unmarked("".join(out)), struck


_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """The text behind XML's entities and behind the code that offices use for control characters (`_x000D_`)."""

    def one(m: re.Match[str]) -> str:
        if m[3]:
            return _NAMED[m[3]]
        number = int(m[1]) if m[1] else int(m[2], 16)
        return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"

    return unmarked(_ENTITY.sub(one, text) if "&" in text else text)


def unmarked(text: str) -> str:
    if "_x" not in text:
        return text
    text = _CODED.sub(lambda m: chr(int(m[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\r\n", "\n")


def is_noisy(xml: bytes, text: str) -> bool:
    """Whether a piece may hold characters that nobody can see. The quick look first: nearly every piece ends there."""
    return b"_x" in xml or b"&#" in xml or (bool(xml.translate(None, _HARMLESS)) and NOISE.search(text) is not None)

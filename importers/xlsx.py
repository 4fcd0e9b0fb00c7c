"""Reading .xlsx row by row with little memory: every cell with its type, format and state. Only in the sandbox's child.

In: an open zip whose directory was scanned (`workbook`). Out: `Sheet`s whose lines come as they are asked for. Rows
are matched by a pattern for what offices write; as every `<` of a piece must belong to a match, nothing can fall
between, and whatever is written otherwise goes through an XML parser. A second reader then has to count the same cells
(`workbook`). Read `sheets` first, then `_Rows`.
"""

from __future__ import annotations

import codecs
import datetime as dt
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import inf as INFINITY
from typing import Any
from xml.parsers import expat

import orjson

from importers.raw import BLANK, MERGES_MAX, TEXT_MAX, Blocked, Line, Sheet, Watch, clip, column_number

PART_MAX = 500_000_000
"""Bytes of one part, counted while they inflate; it is never in memory as a whole."""
SMALL_MAX = 60_000_000
"""Bytes of a part that is read at once: styles, links, the list of sheets."""
PIECE = 1_000_000
ROW_MAX = 64_000_000
STRINGS_MAX = 2_000_000
NUMBER_MAX = 40
KEPT = 60_000  # values whose meaning is remembered, so that a repeated one is worked out once
_FIRST_FORMAT = 0xE000  # characters that stand for a number with a format of its own (see `Sheet.formats`)


# --- parts ------------------------------------------------------------------------------------------------------


def pieces(archive: zipfile.ZipFile, name: str, limit: int = PART_MAX) -> Iterator[bytes]:
    """Yield a part's bytes as UTF-8, counted while they inflate: the directory's size may lie. A part may be absent."""
    total = 0
    decode: Callable[[bytes], str] | None = None
    try:
        with archive.open(name) as part:
            while piece := part.read(PIECE):
                if total == 0:
                    decode = _decoder(piece)
                total += len(piece)
                if total > limit:
                    raise Blocked("B004", limit=f"{limit // 1_000_000} MB")
                yield decode(piece).encode("utf-8", "replace") if decode else piece
    except KeyError:
        return
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as problem:
        raise Blocked("B002") from problem


def _decoder(start: bytes) -> Callable[[bytes], str] | None:
    """What makes UTF-8 of a part in another encoding; None for what is UTF-8 already, as nearly every part is."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")("replace").decode
    told = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w-]+)", start)
    name = told[1].decode().lower() if told else "utf-8"
    if name in ("utf-8", "utf8", "us-ascii"):
        return None
    if name not in ("iso-8859-1", "latin1", "windows-1252", "utf-16"):
        raise Blocked("B002")
    return codecs.getincrementaldecoder(name)("replace").decode


Event = tuple[str, str, dict[str, str]]


class Parser:
    """An XML parser that refuses definitions of a document and knows names without their prefixes.

    `feed` gives what ended or began: ("+", name, attributes), ("-", name, {}), ("", text, {}).
    """

    def __init__(self) -> None:
        self._found: list[Event] = []
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda name: self._found.append(("-", name.rpartition(":")[2], {}))
        parser.CharacterDataHandler = lambda text: self._found.append(("", text, {}))
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, told: dict[str, str]) -> None:
        self._found.append(("+", name.rpartition(":")[2], {k.rpartition(":")[2]: v for k, v in told.items()}))

    @staticmethod
    def _refuse(*_: Any) -> None:
        raise Blocked("B008")

    def feed(self, piece: bytes, last: bool = False) -> list[Event]:
        """The events of one more piece. Raises Blocked for what is no XML."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as problem:
            raise Blocked("B002") from problem
        found, self._found = self._found, []
        self._parser.StartElementHandler = self._start  # keeps the order of handlers after an error
        return found


def events(archive: zipfile.ZipFile, name: str, limit: int = SMALL_MAX) -> Iterator[Event]:
    """Yield what a part holds, see `Parser`; nothing for a part that is absent."""
    parser = Parser()
    some = False
    for piece in pieces(archive, name, limit):
        some = True
        yield from parser.feed(piece)
    if some:
        yield from parser.feed(b"", True)


# --- the workbook as a whole ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Style:
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
        return "d", at.date().isoformat() if at.time() == dt.time() else at.isoformat(timespec="seconds")


@dataclass(slots=True)
class _Book:
    styles: list[_Style] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)
    struck: set[int] = field(default_factory=set)  # shared strings in part struck through
    noisy: set[int] = field(default_factory=set)  # shared strings with characters that nobody can see
    from_1904: bool = False
    sheets: list[tuple[str, str, bool]] = field(default_factory=list)  # name, part, visible


_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00", 9: "0%",
    10: "0.00%", 11: "0.00E+00", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 42: '_("$"* #,##0_)',
    44: '_("$"* #,##0.00_)',
}  # fmt: skip
_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)}
_PLAIN = {"", "general", "@"}
"""Formats that say nothing about what a number is."""


def _links(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id: (last word of the type, path) of what a part points to inside the file."""
    folder, name = posixpath.split(part)
    found = {}
    for kind, tag, told in events(archive, f"{folder}/_rels/{name}.rels".lstrip("/")):
        if kind == "+" and tag == "Relationship" and told.get("TargetMode") != "External":
            target = told.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[told.get("Id", "")] = (told.get("Type", "").rpartition("/")[2], path)
    return found


def _book(archive: zipfile.ZipFile) -> _Book:
    book = _Book()
    start = next((path for kind, path in _links(archive, "").values() if kind == "officeDocument"), "xl/workbook.xml")
    links = _links(archive, start)
    for kind, tag, told in events(archive, start):
        if kind == "+" and tag == "workbookPr":
            book.from_1904 = told.get("date1904") in ("1", "true")
        elif kind == "+" and tag == "sheet":
            what, part = links.get(told.get("id", ""), ("", ""))
            if what in ("worksheet", "") and part:
                book.sheets.append((told.get("name", ""), part, told.get("state", "visible") == "visible"))
    named = {what: part for what, part in links.values()}
    _styles(archive, named.get("styles", "xl/styles.xml"), book)
    _strings(archive, named.get("sharedStrings", "xl/sharedStrings.xml"), book)
    return book


def _styles(archive: zipfile.ZipFile, part: str, book: _Book) -> None:
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
                number, font = _whole(told.get("numFmtId")), _whole(told.get("fontId"))
                style = _Style(own.get(number, _BUILT_IN.get(number, "")), "n")
                style.is_date = number in _BUILT_IN_DATES if number not in own else _shows_a_date(style.code)
                style.struck = font < len(struck) and struck[font]
                book.styles.append(style)
    marks: dict[str, str] = {}
    for style in book.styles:
        if style.code.lower() not in _PLAIN and not style.is_date and len(marks) < 6_000:
            style.mark = marks.setdefault(style.code, chr(_FIRST_FORMAT + len(marks)))
    book.formats = {mark: code for code, mark in marks.items()}


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _shows_a_date(code: str) -> bool:
    """Whether numbers of this format are days: it has a letter of a day, month, year or hour outside its quotes."""
    bare = re.sub(r"\"[^\"]*\"|\\.|_.|\*.", "", code.split(";")[0])
    bare = re.sub(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", "", bare, flags=re.IGNORECASE)
    return bool(re.search(r"[dmyhs]", bare, re.IGNORECASE)) and not re.search(
        r"general|[0#?]", bare.split(".0")[0], re.I
    )


def _strings(archive: zipfile.ZipFile, part: str, book: _Book) -> None:
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


def _some_strings(xml: bytes, pattern: re.Pattern[str], prefix: str, book: _Book) -> None:
    text = xml.decode("utf-8", "replace").replace("\r\n", "\n")
    if "<!" in text:
        raise Blocked("B002")
    strings = book.strings
    noisy = _is_noisy(xml, text)
    for m in pattern.finditer(text):
        plain, rich = m.groups()
        if plain is not None:
            value, struck = (unescaped(plain) if "&" in plain or "_x" in plain else plain), False
        else:
            value, struck = _rich(rich or "")
        if struck:
            book.struck.add(len(strings))
        if noisy and _NOISE.search(value):
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
    return _unmarked("".join(out)), struck


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

    return _unmarked(_ENTITY.sub(one, text) if "&" in text else text)


def _unmarked(text: str) -> str:
    if "_x" not in text:
        return text
    text = _CODED.sub(lambda m: chr(int(m[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\r\n", "\n")


# --- one sheet --------------------------------------------------------------------------------------------------

_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_NOISE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_HARMLESS = bytes(n for n in range(256) if (n >= 32 and n not in (0x7F, 0xE2)) or n in (9, 10, 13))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?Z?)?")


def _is_noisy(xml: bytes, text: str) -> bool:
    """Whether a piece may hold characters that nobody can see. The quick look first: nearly every piece ends there."""
    return b"_x" in xml or b"&#" in xml or (bool(xml.translate(None, _HARMLESS)) and _NOISE.search(text) is not None)


def sheets(archive: zipfile.ZipFile, rows_max: int) -> Iterator[tuple[Sheet, Rows]]:
    """Yield every sheet with the reader of its rows: the sheet's other members are complete when it has ended."""
    book = _book(archive)
    outside = any(n.startswith("xl/externalLinks/") for n in archive.namelist())
    for name, part, visible in book.sheets:
        rows = Rows(archive, part, book, rows_max)
        sheet = Sheet(name, visible, formats=book.formats)
        if outside:
            sheet.notes.append(["V031", "", ""])
            outside = False
        if remarks := _remarks(archive, part):
            more = ", …" if len(remarks) > 3 else ""
            sheet.notes.append(["B018", remarks[0], f"{len(remarks)} ({', '.join(remarks[:3])}{more})"])
        yield sheet, rows


def _remarks(archive: zipfile.ZipFile, part: str) -> list[str]:
    """The cells with a remark (a comment) that says something, but for those that our own template put there."""
    found: list[str] = []
    for what, path in _links(archive, part).values():
        if what != "comments":
            continue
        authors: list[str] = []
        ours = said = inside = False
        cell = ""
        for kind, told, attributes in events(archive, path):
            if kind == "+":
                inside = told in ("author", "t")
                if told == "author":
                    authors.append("")
                elif told == "comment":
                    author = _whole(attributes.get("authorId"))
                    ours = author < len(authors) and authors[author].strip() == "covid-ledger"
                    cell, said = attributes.get("ref", "")[:10], False
            elif kind == "-":
                inside = False
                if told == "comment" and said and not ours:
                    found.append(cell)
            elif inside and cell:
                said = said or bool(told.strip())
            elif inside and authors:
                authors[-1] += told
    return found


@dataclass(slots=True)
class _Some:
    """What some rows hold, kept apart until it is certain that nothing in them was passed over."""

    lines: list[tuple[int, Line]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    said: list[tuple[str, int, int]] = field(default_factory=list)  # code, row, column
    plain: int = 0
    lost: int = 0
    last: int = 0

    def row(self, number: int, hidden: bool) -> Line:
        """Begin a row. Raises Blocked for one that does not come after the last: its cells would hide others."""
        if number <= self.last:
            raise Blocked("B002")
        self.last = number
        if hidden:
            self.hidden.append(number)
        line: Line = ([], [])
        self.lines.append((number, line))
        return line


class Rows:
    """The rows of one sheet's part, as they are asked for. `plain` counts the cells that a second reader must see."""

    def __init__(self, archive: zipfile.ZipFile, part: str, book: _Book, rows_max: int) -> None:
        self.archive, self.part, self.book = archive, part, book
        self.watch = Watch(rows_max)
        self.plain = self.rows = self.columns = self.lost = 0
        self._last = 0  # number of the last row seen, blank ones too
        self._hidden: list[int] = []
        self._places: dict[str, int] = {}
        self._styles = {str(n): style for n, style in enumerate(book.styles)}
        self._struck = {n for n, style in self._styles.items() if style.struck}
        self._meant: dict[tuple[str, str], tuple[str, str]] = {}
        self._prefix = ""
        self._noisy = False

    def lines(self, sheet: Sheet) -> Iterator[Line]:
        """Yield the rows, blank ones too, and complete `sheet`. Raises Blocked for too much and for what is broken."""
        rest = head = tail = b""
        begun = ended = False
        for piece in pieces(self.archive, self.part):
            rest += piece
            if not begun and (found := re.search(rb"<(\w+:)?sheetData\s*(/?)>", rest)) is not None:
                self._prefix = (found[1] or b"").decode()
                head, rest = rest[: found.start()], rest[found.end() :]
                begun, ended = True, bool(found[2])
                cell = _cell_pattern(self._prefix)
                start, stop = f"<{self._prefix}row".encode(), f"</{self._prefix}sheetData".encode()
            if begun and not ended:
                if (end := rest.find(stop)) >= 0:
                    yield from self._handed(rest[:end], cell)
                    rest, ended = rest[end:], True
                elif (cut := rest.rfind(start)) > 0:
                    yield from self._handed(rest[:cut], cell)
                    rest = rest[cut:]
            if len(rest) > ROW_MAX:
                raise Blocked("B004", limit=f"{ROW_MAX // 1_000_000} MB")
        if not begun and rest and not re.search(rb"<(\w+:)?(chartsheet|dialogsheet|macrosheet)\b", rest):
            raise Blocked("B002")
        if begun and not ended:
            raise Blocked("B002")  # cut off
        tail = rest
        self._around(head, tail, sheet)
        sheet.notes += self.watch.notes()
        if self.lost:
            sheet.notes.append(["B010", "", f"{self.watch.cells} / {self.watch.cells + self.lost}"])

    def _handed(self, xml: bytes, cell: re.Pattern[str]) -> Iterator[Line]:
        """Hand on some whole rows that hold something, with the blank ones before them."""
        text = xml.decode("utf-8", "replace")
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if "<!" in text:
            raise Blocked("B002")  # a comment or a quoted section: legal, and written by no office
        self._noisy = _is_noisy(xml, text)
        some = self._matched(text, cell) or self._parsed(text)
        self._last = some.last
        self.plain += some.plain
        self.lost += some.lost
        self._hidden += some.hidden
        for said in some.said:
            self.watch.count(*said)
        for number, (kinds, texts) in some.lines:
            while kinds and kinds[-1] == BLANK:
                kinds.pop()
                texts.pop()
            if not kinds:
                continue
            self.watch.grown(number, len(kinds), len(kinds) - kinds.count(BLANK))
            self.columns = max(self.columns, len(kinds))
            while self.rows < number - 1:
                self.rows += 1
                yield [], []
            self.rows = number
            yield kinds, texts

    def _matched(self, text: str, pattern: re.Pattern[str]) -> _Some | None:
        """The rows by a pattern; None when not every character belongs to a match, then a parser must read them."""
        some = _Some(last=self._last)
        begins = _row_pattern(self._prefix)
        findall, places, strings, meant = pattern.findall, self._places, self.book.strings, self._meant
        noted = bool(self._struck or self.book.struck or self.book.noisy)
        for piece in text.split(f"</{self._prefix}row>"):
            at = 0
            while (m := begins.match(piece, at)) is not None:
                at = m.end()
                number = int(m[1])
                kinds, texts = some.row(number, "hidden" in m[2] and bool(_HIDDEN.search(m[2])))
                if not m[3]:
                    break
            else:
                if piece[at:].strip():
                    return None
                continue
            size = 0
            want = m[1]
            for whole, letters, digits, s, t, v, inline, formula, fv in findall(piece, at):
                size += len(whole)
                if v:
                    value = v
                elif inline:
                    value, t = inline, "str"
                elif fv:
                    value = fv
                elif formula and (t != "str" or not whole.endswith("></c>")):
                    t, value = "f", ""
                else:
                    continue
                if digits != want:
                    return None
                column = places.get(letters)
                if column is None:
                    column = places[letters] = column_number(letters)
                if t == "s":
                    try:
                        kind, value = "s", strings[int(value)]
                    except (ValueError, IndexError) as problem:
                        raise Blocked("B002") from problem
                    some.plain += value != ""
                elif not t or t == "n":
                    kind, value = meant.get((s, value)) or self._numeric(s, value)
                    some.plain += 1
                elif t == "str" and "&" not in value and "_x" not in value:
                    kind = "s"
                    some.plain += 1
                else:
                    kind, value = self._other(t, value)
                    some.plain += kind not in "ef"
                if noted or self._noisy or len(value) > TEXT_MAX:
                    value = self._noted(some, number, column, s, t, v, value)
                if value == "" and kind != "f":
                    continue
                gap = column - len(kinds)
                if gap == 1:
                    kinds.append(kind)
                    texts.append(value)
                else:
                    self._place(some, kinds, texts, column, kind, value)
            if size != len(piece) - at:
                return None
        return some

    @staticmethod
    def _place(some: _Some, kinds: list[str], texts: list[str], column: int, kind: str, value: str) -> None:
        if column > 16_384:
            raise Blocked("B002")
        gap = column - len(kinds)
        if gap > 0:
            kinds += [BLANK] * gap
            texts += [""] * gap
        elif kinds[column - 1] != BLANK:
            some.lost += 1  # two values for one cell: only one of them can be seen
        kinds[column - 1], texts[column - 1] = kind, value

    def _parsed(self, text: str) -> _Some:
        """The same rows by an XML parser, for what is written in another way than offices do."""
        some = _Some(last=self._last)
        kinds: list[str] = []
        texts: list[str] = []
        number = column = 0
        s = t = inside = ""
        value: list[str] = []
        formula = aid = False
        for kind, told, attributes in Parser().feed(f"<x>{text}</x>".encode(), True):
            if kind == "":
                if inside in ("v", "t") and not aid:
                    value.append(told)
            elif kind == "-":
                inside = ""
                aid = aid and told != "rPh"
                if told == "c":
                    self._cell(some, (number, column, s, t, "".join(value), formula), kinds, texts)
            elif told == "row":
                number = _whole(attributes.get("r")) or some.last + 1
                kinds, texts = some.row(number, attributes.get("hidden") in ("1", "true"))
                column = 0
            elif told == "c":
                ref = _ADDRESS.fullmatch(attributes.get("r", ""))
                if attributes.get("r") and (not ref or int(ref[2]) != number):
                    raise Blocked("B002")
                column = column_number(ref[1]) if ref else column + 1
                s, t, value, formula = attributes.get("s", ""), attributes.get("t", ""), [], False
            else:
                inside = told
                formula = formula or told == "f"
                aid = aid or told == "rPh"
        return some

    def _cell(
        self, some: _Some, told: tuple[int, int, str, str, str, bool], kinds: list[str], texts: list[str]
    ) -> None:
        number, column, s, t, value, formula = told
        kind = ""
        if value == "":
            if not formula or t == "str":
                return
            kind = "f"
        elif t == "s":
            try:
                kind, value, index = "s", self.book.strings[int(value)], value
            except (ValueError, IndexError) as problem:
                raise Blocked("B002") from problem
            value = self._noted(some, number, column, s, t, index, value)
        elif t in ("", "n"):
            kind, value = self._numeric(s, value)
        elif t in ("str", "inlineStr"):
            kind, value = "s", _unmarked(value)
        else:
            kind, value = self._other(t, value)
        some.plain += (kind not in "ef" and value != "") or t in ("", "n")
        if t != "s":
            value = self._noted(some, number, column, s, t, "", value)
        if value or kind == "f":
            self._place(some, kinds, texts, column, kind, value)

    # --- values

    def _numeric(self, s: str, v: str) -> tuple[str, str]:
        """Type and text of a number cell: a day when its format shows one, an error when it is none."""
        if len(self._meant) > KEPT:
            self._meant.clear()
        style = self._styles.get(s) or _Style()
        bare = v.strip()
        told: tuple[str, str]
        if not _NUMBER.fullmatch(bare):
            told = ("e", bare[:NUMBER_MAX]) if bare.lower().lstrip("+-") in _NO_NUMBERS else ("s", unescaped(v))
        elif len(bare) > NUMBER_MAX or (text := _shortest(bare)) is None:
            told = ("e", bare[:NUMBER_MAX])
        else:
            told = (style.date_of(text, self.book.from_1904) if style.is_date else None) or (style.mark, text)
        self._meant[s, v] = told
        return told

    def _other(self, t: str, v: str) -> tuple[str, str]:
        if t in ("str", "inlineStr"):
            return "s", unescaped(v) if "&" in v or "_x" in v else v
        if t == "b":
            return "b", "TRUE" if v.strip() in ("1", "true") else "FALSE"
        if t == "e":
            return "e", unescaped(v)
        if t == "f":
            return "f", ""
        if t == "d" and (m := _ISO.fullmatch(v.strip())):
            return "d", m[1] if m[2] in (None, "00:00:00") else f"{m[1]}T{m[2]}"
        return "s", unescaped(v)

    def _noted(self, some: _Some, row: int, column: int, s: str, t: str, index: str, value: str) -> str:
        """Say what is odd about a cell's text or look; the text itself, not longer than a cell can be."""
        if s in self._struck or (t == "s" and self.book.struck and int(index) in self.book.struck):
            some.said.append(("B019", row, column))
        if (t == "s" and self.book.noisy and int(index) in self.book.noisy) or (self._noisy and _NOISE.search(value)):
            some.said.append(("B017", row, column))
        if len(value) > TEXT_MAX:
            some.said.append(("B016", row, column))
        return value[:TEXT_MAX]

    # --- what stands around the rows

    def _around(self, head: bytes, tail: bytes, sheet: Sheet) -> None:
        sheet.hidden_rows = [n for n in self._hidden if n <= self.rows]
        for tag in re.findall(rb"<(?:\w+:)?col\b[^>]*>", head):
            told = dict(re.findall(r"(\w+)\s*=\s*[\"']([^\"']*)[\"']", tag.decode("utf-8", "replace")))
            if told.get("hidden") in ("1", "true"):
                last = min(_whole(told.get("max")), self.columns)
                sheet.hidden_columns += range(max(_whole(told.get("min")), 1), last + 1)
        for ref in re.findall(
            rb"<(?:\w+:)?mergeCell\b[^>]*\sref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})", tail
        ):
            if len(sheet.merges) == MERGES_MAX:
                break
            if clipped := clip(ref.decode(), self.rows, self.columns):
                sheet.merges.append(clipped)


_ADDRESS = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\sref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})")
_HIDDEN = re.compile(r"\bhidden=\"(?:1|true)\"")
_NO_NUMBERS = {"nan", "inf", "infinity", "1.#inf", "1.#qnan", "1.#ind"}


@cache
def _row_pattern(prefix: str) -> re.Pattern[str]:
    """The beginning of a row: its number, its other attributes, and whether it is closed at once."""
    return re.compile(f'\\s*<{prefix}row r="(\\d{{1,7}})"((?: [\\w:.]+="[^"]*")*) ?(/?)>')


@cache
def _cell_pattern(prefix: str) -> re.Pattern[str]:
    """A cell as offices write it: whole, column, row, style, type, value, text within, formula, the formula's value."""
    p = prefix
    value = f"<{p}v>([^<]*)</{p}v>"
    text = f'<{p}is><{p}t(?: xml:space="preserve")?>([^<]*)</{p}t></{p}is>'
    formula = f"(<{p}f(?:[^<>]*/>|[^<>]*>[^<]*</{p}f>))(?:<{p}v>([^<]*)</{p}v>|<{p}v ?/>)?"
    start = f'<{p}c r="([A-Z]{{1,3}})(\\d{{1,7}})"(?: s="(\\d+)")?(?: t="(\\w+)")? ?'
    return re.compile(f"({start}(?:/>|>(?:{value}|{text}|{formula}|<{p}v ?/>|)</{p}c>))")


def _shortest(text: str) -> str | None:
    """A stored number is a double: its shortest text, `5` for `5.0`; None when it is larger than any double."""
    if len(text) < 16 and "e" not in text and "E" not in text and text[0] in "-123456789" and text[-1] != ".":
        return text.rstrip("0").rstrip(".") if "." in text else text
    try:
        value = orjson.loads(str(Decimal(text)))
    except ValueError:
        return None
    if isinstance(value, int):
        return str(value)
    if value in (INFINITY, -INFINITY):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)

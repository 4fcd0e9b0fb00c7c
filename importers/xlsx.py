"""Reading .xlsx row by row with little memory: every cell with its type, format and state. Only in the sandbox's child.

In: an open zip whose directory was scanned (`workbook`). Out: `Sheet`s whose lines come as they are asked for. Rows
are matched by a pattern for what offices write; as every character of a row must belong to a match, nothing can fall
between, and whatever is written otherwise goes through an XML parser. A second reader then has to count the same cells
(`workbook`). Read `sheets` first, then `Rows`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import inf as INFINITY

import orjson

from importers.parts import Parser, events, pieces
from importers.raw import ADDRESS, BLANK, MERGES_MAX, TEXT_MAX, Blocked, Line, Sheet, Watch, clip, column_number
from importers.xlsx_book import NOISE, ROW_MAX, Book, Style, book_of, is_noisy, links, unescaped, unmarked, whole

NUMBER_MAX = 40
KEPT = 60_000  # values whose meaning is remembered, so that a repeated one is worked out once
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?Z?)?")


def sheets(archive: zipfile.ZipFile, rows_max: int) -> Iterator[tuple[Sheet, Rows]]:
    """Yield every sheet with the reader of its rows: the sheet's other members are complete when it has ended."""
    book = book_of(archive)
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
    for what, path in links(archive, part).values():
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
                    author = whole(attributes.get("authorId"))
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

    def __init__(self, archive: zipfile.ZipFile, part: str, book: Book, rows_max: int) -> None:
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
        self._noisy = is_noisy(xml, text)
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
            for found, letters, digits, s, t, v, inline, formula, fv in findall(piece, at):
                size += len(found)
                if v:
                    value = v
                elif inline:
                    value, t = inline, "str"
                elif fv:
                    value = fv
                elif formula and (t != "str" or not found.endswith("></c>")):
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
                number = whole(attributes.get("r")) or some.last + 1
                kinds, texts = some.row(number, attributes.get("hidden") in ("1", "true"))
                column = 0
            elif told == "c":
                ref = ADDRESS.fullmatch(attributes.get("r", ""))
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
            kind, value = "s", unmarked(value)
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
        style = self._styles.get(s) or Style()
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
        if (t == "s" and self.book.noisy and int(index) in self.book.noisy) or (self._noisy and NOISE.search(value)):
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
                last = min(whole(told.get("max")), self.columns)
                sheet.hidden_columns += range(max(whole(told.get("min")), 1), last + 1)
        for ref in re.findall(
            rb"<(?:\w+:)?mergeCell\b[^>]*\sref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})", tail
        ):
            if len(sheet.merges) == MERGES_MAX:
                break
            if clipped := clip(ref.decode(), self.rows, self.columns):
                sheet.merges.append(clipped)


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

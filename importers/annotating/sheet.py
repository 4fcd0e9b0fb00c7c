"""The XML of one sheet with the looks of some cells changed, piece by piece: nothing else in it moves.

In: pieces of the part and the marked cells. Out: pieces of the new part; a marked cell that the file leaves out is put
in, in its row or in a row of its own. Runs only in the child of `annotate`. Read `Rewriter` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

from importers.annotating.markup import Node, Odd, attribute, edited, outline, with_attribute
from importers.raw import column_letters, column_number

HEAD_MAX = 20_000_000
ROW_MAX = 64_000_000
TAIL_AFTER_COMMENTS = frozenset(
    "legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst AlternateContent".split()
)
"""What must stand behind the link to the comments' shapes in a sheet's part."""
LINK = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINK = b"http://purl.oclc.org/ooxml/officeDocument/relationships"

Marks = Mapping[int, Mapping[int, str]]
"""Row: column: severity (`error` or `warning`)."""
Look = Callable[[int, str], int]
"""(style number, severity or "") -> the number of the style that is the same with our fill, or without it."""

_ATTRIBUTE = rb"(?:\"[^\"]*\"|'[^']*'|[^>\"'])*?"


class Rewriter:
    """Rewrites one sheet. `ours`: style numbers that carry a fill of an earlier report. `pieces` once; then `legacy`
    is the link to the shapes of comments that the sheet has, or the one that was put in."""

    def __init__(self, marks: Marks, look: Look, ours: Iterable[int], wants_comments: str = "") -> None:
        self.marks, self.look, self.wants_comments = marks, look, wants_comments
        self.legacy = ""
        self._ours = frozenset(ours)
        self._left = sorted(marks)
        self._next = 0
        self._number = 0
        self._columns: list[tuple[int, int, int]] = []

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the new part. Raises Odd for what is not written as spreadsheets write it."""
        it = iter(source)
        rest = b""
        begin = None
        for piece in it:
            rest += piece
            if begin := re.search(rb"<([\w.-]+:)?sheetData\s*(/?)>", rest):
                break
            if len(rest) > HEAD_MAX:
                break
        if begin is None:
            raise Odd("no sheetData")
        self._prepare(begin[1] or b"")
        head, rest = rest[: begin.start()], rest[begin.end() :]
        yield self._head(head)
        if begin[2]:
            made = b"".join(self._missing(None))
            yield b"<%ssheetData>%s</%ssheetData>" % (self._p, made, self._p) if made else begin[0]
            tail = rest
        else:
            yield begin[0]
            tail = yield from self._rows(rest, it)
        tail += b"".join(it)
        if len(tail) > ROW_MAX:
            raise Odd("tail")
        yield self._tail(head, tail)

    def _prepare(self, p: bytes) -> None:
        self._p = p
        q = re.escape(p)
        self._row = re.compile(rb"<" + q + rb"row(?=[\s/>])(" + _ATTRIBUTE + rb")(/?)>")
        self._cell = re.compile(
            rb"<" + q + rb"c(?=[\s/>])(" + _ATTRIBUTE + rb")(?:/>|>(?:.*?)</" + q + rb"c\s*>)", re.DOTALL
        )
        numbers = b"|".join(b"%d" % n for n in sorted(self._ours))
        self._restyled = re.compile(rb"\ss\s*=\s*[\"'](?:" + numbers + rb")[\"']") if numbers else None

    # --- before and behind the rows

    def _head(self, head: bytes) -> bytes:
        for tag in re.findall(rb"<" + re.escape(self._p) + rb"col\s[^>]*>", head):
            told = _told(tag)
            if all(told.get(k, b"").isdigit() for k in (b"min", b"max", b"style")):
                self._columns.append((int(told[b"min"]), int(told[b"max"]), int(told[b"style"])))
        if not self.marks:
            return head
        found = re.search(
            rb"(<" + re.escape(self._p) + rb"dimension\s+ref=\")([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?(\")", head
        )
        if not found:
            return head
        left, top = column_number(found[2].decode()), int(found[3])
        right, low = (column_number(found[4].decode()), int(found[5])) if found[4] else (left, top)
        columns = [c for row in self.marks.values() for c in row]
        wide = (min(left, *columns), min(top, self._left[0]), max(right, *columns), max(low, self._left[-1]))
        if wide == (left, top, right, low):
            return head
        box = f"{column_letters(wide[0])}{wide[1]}:{column_letters(wide[2])}{wide[3]}".encode()
        return head[: found.start()] + found[1] + box + found[6] + head[found.end() :]

    def _tail(self, head: bytes, tail: bytes) -> bytes:
        root = outline(tail, head)
        here = [child for child in root.children if child.start >= 0]
        link = next((child for child in here if child.name == "legacyDrawing"), None)
        if link is not None:
            self.legacy = link.told.get("id", "")
            return tail
        if not self.wants_comments:
            return tail
        self.legacy = self.wants_comments
        strict = STRICT_LINK in head
        made = b'<%slegacyDrawing xmlns:r="%s" r:id="%s"/>' % (
            self._p, STRICT_LINK if strict else LINK, attribute(self.wants_comments)
        )  # fmt: skip
        after: Node | None = next((child for child in here if child.name in TAIL_AFTER_COMMENTS), None)
        at = after.start if after is not None else root.close
        return edited(tail, [(at, at, made)])

    # --- the rows

    def _rows(self, rest: bytes, it: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        stop, start = b"</" + self._p + b"sheetData", b"<" + self._p + b"row"
        while True:
            if (end := rest.find(stop)) >= 0 and rest.find(b">", end) >= 0:
                yield from self._some(rest[:end])
                yield from self._missing(None)
                close = rest.index(b">", end) + 1
                yield rest[end:close]
                return rest[close:]
            cut = rest.rfind(start) if end < 0 else 0
            if cut > 0:
                yield from self._some(rest[:cut])
                rest = rest[cut:]
            elif len(rest) > ROW_MAX:
                raise Odd("row")
            piece = next(it, None)
            if piece is None:
                raise Odd("cut off")
            rest += piece

    def _some(self, xml: bytes) -> Iterator[bytes]:
        """Some whole rows. Only the bytes of rows that change are looked at more closely."""
        if b"<!" in xml or b"<?" in xml:
            raise Odd("comment")
        done = 0
        tags = list(self._row.finditer(xml))
        looks = [m.start() for m in self._restyled.finditer(xml)] if self._restyled else []
        look = 0
        for n, tag in enumerate(tags):
            said = _ROW_NUMBER.search(tag[1])
            number = int(said[1]) if said else self._number + 1
            if number <= self._number:
                raise Odd("order of rows")
            before = number
            if self._next < len(self._left) and self._left[self._next] < before:
                yield xml[done : tag.start()]
                done = tag.start()
                yield from self._missing(before)
            self._number = number
            marks = self.marks.get(number)
            if marks is not None and self._next < len(self._left) and self._left[self._next] == number:
                self._next += 1
            if not marks and look == len(looks):
                continue
            end = tags[n + 1].start() if n + 1 < len(tags) else len(xml)
            is_ours = look < len(looks) and looks[look] < end
            while look < len(looks) and looks[look] < end:
                look += 1
            if marks or is_ours:
                yield xml[done : tag.start()]
                yield self._one(xml[tag.start() : end], tag, marks or {})
                done = end
        yield xml[done:]

    def _missing(self, before: int | None) -> Iterator[bytes]:
        """Rows that hold nothing but marked cells, up to a row that the file has."""
        while self._next < len(self._left) and (before is None or self._left[self._next] < before):
            number = self._left[self._next]
            self._next += 1
            cells = [self._new(number, c, s, 0) for c, s in sorted(self.marks[number].items())]
            yield b'<%srow r="%d">%s</%srow>' % (self._p, number, b"".join(cells), self._p)

    def _new(self, row: int, column: int, severity: str, row_style: int) -> bytes:
        style = row_style or next((s for left, right, s in self._columns if left <= column <= right), 0)
        number = self.look(self.look(style, ""), severity)
        return b'<%sc r="%s%d" s="%d"/>' % (self._p, column_letters(column).encode(), row, number)

    def _one(self, xml: bytes, tag: re.Match[bytes], marks: Mapping[int, str]) -> bytes:
        size = tag.end() - tag.start()
        start, body = xml[:size], xml[size:]
        told = _told(tag[1])
        row_style = int(told[b"s"]) if told.get(b"s", b"").isdigit() and told.get(b"customFormat") in _TRUE else 0
        left = sorted(marks)
        out: list[bytes] = []
        at = column = 0
        inserted: list[int] = []
        for m in self._cell.finditer(body):
            out.append(body[at : m.start()])
            at = m.end()
            cell = _told(m[1])
            column = _column(cell[b"r"]) if b"r" in cell else column + 1
            while left and left[0] < column:
                inserted.append(left.pop(0))
                out.append(self._new(self._number, inserted[-1], marks[inserted[-1]], row_style))
            out.append(self._cell_again(m[0], cell, marks.get(column, "")))
            if left and left[0] == column:
                left.pop(0)
        if left:
            made = b"".join(self._new(self._number, c, marks[c], row_style) for c in left)
            inserted += left
            if tag[2]:
                start = start.rstrip(b"> ").rstrip(b"/").rstrip() + b">"
                made += b"</%srow>" % self._p
            out.append(made)
        out.append(body[at:])
        spans = re.fullmatch(rb"(\d{1,5}):(\d{1,5})", told.get(b"spans", b""))
        if inserted and not (spans and int(spans[1]) <= min(inserted) and max(inserted) <= int(spans[2])):
            start = re.sub(rb"\sspans=(?:\"[^\"]*\"|'[^']*')", b"", start, count=1)
        return start + b"".join(out)

    def _cell_again(self, xml: bytes, told: Mapping[bytes, bytes], severity: str) -> bytes:
        style = int(told[b"s"]) if told.get(b"s", b"").isdigit() else 0
        plain = self.look(style, "") if style in self._ours else style
        if not severity and plain == style:
            return xml
        number = self.look(plain, severity) if severity else plain
        size = len(re.match(rb"<" + re.escape(self._p) + rb"c(?=[\s/>])" + _ATTRIBUTE + rb"/?>", xml)[0])  # type: ignore[index]
        return with_attribute(xml[:size], b"s", b"%d" % number) + xml[size:]


_TRUE = (b"1", b"true")
_ROW_NUMBER = re.compile(rb"\sr\s*=\s*[\"'](\d{1,9})[\"']")
_PAIR = re.compile(rb"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def _told(tag: bytes) -> dict[bytes, bytes]:
    return {name: double or single for name, double, single in _PAIR.findall(tag)}


def _column(reference: bytes) -> int:
    found = re.fullmatch(rb"([A-Z]{1,3})\d+", reference)
    if found is None:
        raise Odd("reference")
    return column_number(found[1].decode())

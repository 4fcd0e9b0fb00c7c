"""The officer's own workbook with its cells marked: the child process of `annotate`, which may die without harm.

In: a job (JSON: marks, comments, index) and the uploaded .xlsx. Out, over the pipe: one line of JSON that says how it
went, then the new workbook. It is confined as the reader is (`sandbox`) and refuses what the reader refuses. Parts that
need not change keep their compressed bytes. Read `patched` first.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from importers.annotating.archive import PIECE, Packed, packed, rewritten
from importers.annotating.comments import MAIN, SIGN, STRICT_MAIN, commented, empty, no_shapes
from importers.annotating.index import REPORT_SHEET, is_report, sheet_xml
from importers.annotating.markup import Node, Odd, appended, attribute, edited, outline, prefix
from importers.annotating.sheet import LINK, STRICT_LINK, Rewriter
from importers.annotating.styles import EMPTY, Styles
from importers.raw import Blocked

SMALL_MAX = 60_000_000
"""Bytes of a part that is edited as a whole; sheets go through piece by piece."""
TYPES = "[Content_Types].xml"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml."
RELS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)


@dataclass(frozen=True, slots=True)
class Link:
    """One relationship: what it points to inside the file."""

    id: str
    kind: str  # last word of its type
    path: str


@dataclass(slots=True)
class Book:
    """The workbook while it is marked: parts as they are, and `new` for those that change."""

    archive: zipfile.ZipFile
    new: dict[str, bytes] = field(default_factory=dict)
    sheets: dict[str, Packed] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = {n.lower(): n for n in self.archive.namelist()}

    def name(self, path: str) -> str:
        """A part's name as the archive writes it: names of parts know no upper and lower case."""
        return self._names.get(path.lower(), path)

    def has(self, path: str) -> bool:
        return path in self.new or (path.lower() in self._names and self.name(path) not in self.dropped)

    def part(self, path: str) -> bytes:
        if path in self.new:
            return self.new[path]
        if not self.has(path):
            return b""
        data = b"".join(islice(self.pieces(path), SMALL_MAX // PIECE + 1))
        if len(data) > SMALL_MAX:
            raise Odd("size")
        return data

    def pieces(self, path: str) -> Iterator[bytes]:
        with self.archive.open(self.name(path)) as part:
            while piece := part.read(PIECE):
                yield piece

    def put(self, path: str, data: bytes, kind: str = "") -> None:
        """Set a part; one that is new is named in the list of parts, unless its ending says what it is."""
        if not self.has(path) and kind:
            types = self.part(TYPES)
            root = outline(types)
            told = b'<%sOverride PartName="/%s" ContentType="%s"/>' % (
                prefix(types, root), attribute(path), kind.encode()
            )  # fmt: skip
            self.new[TYPES] = edited(types, appended(types, root, told))
        self.new[self.name(path)] = data

    def knows_ending(self, ending: str, kind: str) -> None:
        types = self.part(TYPES)
        root = outline(types)
        if any(d.told.get("Extension", "").lower() == ending for d in root.all("Default")):
            return
        told = b'<%sDefault Extension="%s" ContentType="%s"/>' % (prefix(types, root), ending.encode(), kind.encode())
        self.new[TYPES] = edited(types, appended(types, root, told))

    def free(self, pattern: str) -> str:
        """A name that no part has, from one with a place for a number."""
        n = 1
        while self.has(pattern.format(n)):
            n += 1
        return pattern.format(n)

    def links(self, of: str) -> list[Link]:
        data = self.part(_rels(of))
        if not data:
            return []
        out = []
        for node in outline(data).all("Relationship"):
            if node.told.get("TargetMode") == "External":
                continue
            target = node.told.get("Target", "").replace("\\", "/")
            path = target if target.startswith("/") else f"/{posixpath.dirname(of)}/{target}"
            clean = posixpath.normpath(path).lstrip("/")
            out.append(Link(node.told.get("Id", ""), node.told.get("Type", "").rpartition("/")[2], self.name(clean)))
        return out

    def free_id(self, of: str) -> str:
        """An id that no relationship of a part has."""
        data = self.part(_rels(of)) or RELS
        taken = {node.told.get("Id", "") for node in outline(data).all("Relationship")}
        return next(f"rId{n}" for n in range(1, len(taken) + 2) if f"rId{n}" not in taken)

    def link(self, of: str, kind: str, path: str, strict: bool, id: str = "") -> str:
        """Make a relationship and return its id."""
        rels = _rels(of)
        data = self.part(rels) or RELS
        root = outline(data)
        id = id or self.free_id(of)
        base = STRICT_LINK if strict else LINK
        made = b'<%sRelationship Id="%s" Type="%s/%s" Target="/%s"/>' % (
            prefix(data, root), id.encode(), base, kind.encode(), attribute(path)
        )  # fmt: skip
        self.knows_ending("rels", "application/vnd.openxmlformats-package.relationships+xml")
        self.new[self.name(rels)] = edited(data, appended(data, root, made))
        return id


def _rels(of: str) -> str:
    folder, name = posixpath.split(of)
    return f"{folder}/_rels/{name}.rels".lstrip("/")


def patched(file: BinaryIO, archive: zipfile.ZipFile, job: dict[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of the marked workbook. Raises Odd when the file is no .xlsx that can be edited in place.

    Nothing is yielded before everything that can fail has been done.
    """
    book = Book(archive)
    start = next((x.path for x in book.links("") if x.kind == "officeDocument"), "xl/workbook.xml")
    main = book.part(start)
    if not main:
        raise Odd("no workbook")
    root = outline(main)
    listed = root.first("sheets")
    if root.name != "workbook" or listed is None:
        raise Odd("no workbook")
    strict = STRICT_MAIN in main[root.start : root.inside]
    links = {x.id: x for x in book.links(start)}
    sheets = [
        (s.told.get("name", ""), links[s.told["id"]].path)
        for s in listed.all("sheet")
        if s.told.get("id") in links and links[s.told["id"]].kind == "worksheet"
    ]
    look = next((x.path for x in links.values() if x.kind == "styles" and book.has(x.path)), "")
    app = next((x.path for x in book.links("") if x.kind == "extended-properties"), "docProps/app.xml")
    styles = Styles(book.part(look) if look else EMPTY, b"LibreOffice" not in book.part(app))
    strings = next((x.path for x in links.values() if x.kind == "sharedStrings"), "")
    report = _report_part(book, sheets, strings)
    shapes = sum(n.lower().endswith(".vml") for n in archive.namelist())
    for n, (name, path) in enumerate(sheets):
        if path != report and book.has(path):
            _sheet(book, path, job["sheets"].get(name) or {}, styles, strict, shapes + n + 1)
    has_window = root.first("bookViews") is not None
    index = sheet_xml(job["report"], styles, STRICT_MAIN if strict else MAIN, has_window)
    if report:
        book.put(report, index)
        if book.has(_rels(report)):
            book.dropped.add(book.name(_rels(report)))
    else:
        _add_sheet(book, start, main, root, listed, [s for s, _ in sheets], index, strict)
    if look:
        book.new[book.name(look)] = styles.written()
    else:
        path = posixpath.join(posixpath.dirname(start), "styles.xml")  # where some readers look without asking
        if book.has(path):
            raise Odd("styles")
        book.link(start, "styles", path, strict)
        book.put(path, styles.written(), f"{KIND}styles+xml")
    changed = dict(book.sheets)
    for part, data in book.new.items():
        if part not in archive.NameToInfo or data != book.archive.read(part):
            changed[part] = packed((data,), len(data))
    return rewritten(archive, file, changed, book.dropped)


def _sheet(book: Book, path: str, asked: dict[str, Any], styles: Styles, strict: bool, block: int) -> None:
    """Mark one sheet: its part when a look in it changes, its comments when there are some of ours."""
    marks = {int(row): {int(c): s for c, s in cells.items()} for row, cells in (asked.get("marks") or {}).items()}
    texts = {(row, column): text for row, column, text in asked.get("texts") or ()}
    links = book.links(path)
    listed = next((x.path for x in links if x.kind == "comments" and book.has(x.path)), "")
    old = book.part(listed) if listed else b""
    free = book.free_id(path) if texts else ""
    legacy = ""
    if marks or texts or styles.ours:
        rewriter = Rewriter(marks, styles.look, styles.ours, free)
        info = book.archive.getinfo(book.name(path))
        made = packed(rewriter.pieces(book.pieces(path)), info.file_size)
        if (made.size, made.crc) != (info.file_size, info.CRC):
            book.sheets[info.filename] = made
        legacy = rewriter.legacy
    if not texts and SIGN.encode() not in old:
        return
    drawings = [x for x in links if x.kind == "vmlDrawing" and book.has(x.path)]
    shapes = next((x.path for x in drawings if x.id == legacy), drawings[0].path if drawings and not texts else "")
    folder = posixpath.dirname(posixpath.dirname(path))
    if not shapes:
        if legacy != free:
            raise Odd("shapes")
        shapes = book.free(posixpath.join(folder, "drawings/ledgerReport{}.vml"))
        book.knows_ending("vml", "application/vnd.openxmlformats-officedocument.vmlDrawing")
        book.link(path, "vmlDrawing", shapes, strict, free)
    done = commented(old or empty(strict), book.part(shapes) or no_shapes(block), texts, block)
    if not listed:
        listed = book.free(posixpath.join(folder, "comments{}.xml"))
        book.link(path, "comments", listed, strict)
    book.put(listed, done.comments, f"{KIND}comments+xml")
    book.put(shapes, done.shapes)


def _report_part(book: Book, sheets: list[tuple[str, str]], strings: str) -> str:
    """The part of an earlier report of ours, which the new one takes the place of; empty without one."""
    for name, path in sheets:
        if not name.startswith(REPORT_SHEET) or not book.has(path):
            continue
        xml = book.part(path)
        found = re.search(rb"<(?:[\w.-]+:)?c\b[^>]*\br=[\"']A1[\"'][^>]*>(.*?)</(?:[\w.-]+:)?c>", xml, re.DOTALL)
        if found is None:
            continue
        first = found[1]
        if re.search(rb"\bt=[\"']s[\"']", found[0][: found[0].index(b">")]):
            number = re.search(rb"<(?:[\w.-]+:)?v>(\d{1,9})<", first)
            items = re.finditer(rb"<(?:[\w.-]+:)?si\b.*?</(?:[\w.-]+:)?si>", book.part(strings), re.DOTALL)
            item = next(islice(items, int(number[1]), None), None) if number else None
            first = item[0] if item else b""
        if is_report(name, re.sub(rb"<[^>]*>", b"", first).decode("utf-8", "replace").strip()):
            return path
    return ""


def _add_sheet(
    book: Book, start: str, main: bytes, root: Node, listed: Node, taken: list[str], index: bytes, strict: bool
) -> None:
    """Add the report as the last sheet: what refers to sheets by their number stays right."""
    used = {name.casefold() for name in taken}
    names = [REPORT_SHEET, *(f"{REPORT_SHEET} ({n})" for n in range(2, len(used) + 3))]
    name = next(n for n in names if n.casefold() not in used)
    numbers = [int(s.told["sheetId"]) for s in listed.all("sheet") if s.told.get("sheetId", "").isdigit()]
    path = book.free(posixpath.join(posixpath.dirname(start), "worksheets/sheet{}.xml"))
    id = book.link(start, "worksheet", path, strict)
    base = STRICT_LINK if strict else LINK
    space = b"" if b'xmlns:r="' + base + b'"' in main[root.start : root.inside] else b' xmlns:r="%s"' % base
    made = b'<%ssheet%s name="%s" sheetId="%d" r:id="%s"/>' % (
        prefix(main, listed), space, attribute(name), max(numbers, default=0) + 1, id.encode()
    )  # fmt: skip
    book.new[book.name(start)] = edited(main, appended(main, listed, made))
    book.put(path, index, f"{KIND}worksheet+xml")


def _child(job_path: str, path: str) -> int:
    job = json.loads(Path(job_path).read_text("utf-8"))
    from importers.sandbox import _confine

    _confine()
    from importers import workbook  # only here: nothing outside the child may parse a file

    out = sys.stdout.buffer
    try:
        with Path(path).open("rb") as file:
            try:
                archive = zipfile.ZipFile(file)
            except (ValueError, NotImplementedError) as problem:
                raise Blocked("B002") from problem
            workbook._scanned(archive)
            pieces = patched(file, archive, job)
            out.write(b'{"ok":true}\n')
            for piece in pieces:
                out.write(piece)
    except Blocked as stop:
        out.write(b'{"blocked":"%s"}\n' % stop.code.encode())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        out.write(b'{"blocked":"B002"}\n')
    except (Odd, LookupError, ValueError, MemoryError):
        out.write(b'{"odd":true}\n')
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))

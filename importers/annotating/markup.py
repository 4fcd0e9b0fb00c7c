"""Small parts of a workbook edited where they stand: an outline with byte positions, and insertions by position.

In: the bytes of a part. Out: the same bytes with pieces put in, replaced or taken out; everything else stays as it was
written. Runs only in the child process of `annotate`. Read `outline` first, then `edited`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

Edit = tuple[int, int, bytes]
"""From byte, to byte, what stands there instead."""


class Odd(Exception):
    """This part is written in a way that is not edited here; a new workbook is written instead."""


_TAG = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>")
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(slots=True)
class Node:
    """An element: its name without prefix, its attributes without prefixes, and where it stands in the bytes."""

    name: str
    told: dict[str, str]
    start: int
    inside: int  # first byte behind the start tag
    end: int = 0  # first byte behind the element
    close: int = -1  # first byte of the end tag; -1: the element closes itself
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        return (c for c in self.children if c.name == name)

    def first(self, name: str) -> Node | None:
        return next(self.all(name), None)


def outline(xml: bytes, head: bytes = b"") -> Node:
    """Return the root element of a part; with `head`, of what `head` begins and `xml` ends (positions are of `xml`).

    Raises Odd for what is no XML, defines a document type or is not written in an encoding that has ASCII in it.
    """
    if xml.startswith((b"\xff\xfe", b"\xfe\xff")) or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Odd("encoding")
    parser = expat.ParserCreate()
    top = Node("", {}, 0, 0)
    open_ones = [top]
    shift = len(head)

    def start(name: str, told: dict[str, str]) -> None:
        at = parser.CurrentByteIndex - shift
        tag = _TAG.match(xml, at) if at >= 0 else None
        plain = {k.rpartition(":")[2]: v for k, v in told.items()}
        node = Node(name.rpartition(":")[2], plain, at, tag.end() if tag else 0)
        open_ones[-1].children.append(node)
        open_ones.append(node)

    def end(_: str) -> None:
        node = open_ones.pop()
        at = parser.CurrentByteIndex - shift
        if at < 0 or (node.start >= 0 and xml[node.inside - 2 : node.inside] == b"/>"):
            node.end = node.inside  # the parser names the byte behind an element that closes itself
        else:
            node.close, node.end = at, xml.index(b">", at) + 1

    def refuse(*_: object) -> None:
        raise Odd("document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        if head:
            parser.Parse(head, False)
        parser.Parse(xml, True)
    except expat.ExpatError as problem:
        raise Odd("not XML") from problem
    if not top.children:
        raise Odd("empty")
    return top.children[0]


def prefix(xml: bytes, node: Node) -> bytes:
    """The prefix of an element as it is written, with its colon; empty without one."""
    found = re.match(rb"<([\w.-]+:)?", xml[node.start : node.start + 200])
    return (found[1] or b"") if found else b""


def appended(xml: bytes, parent: Node, children: bytes, count: int = 0) -> list[Edit]:
    """Return the edits that put children at the end of an element; `count` > 0 also renews its count attribute."""
    tag = xml[parent.start : parent.inside]
    if count:
        tag = re.sub(rb"(\scount=)(\"\d*\"|'\d*')", rb'\1"%d"' % count, tag, count=1)
    if parent.close >= 0:
        return [(parent.start, parent.inside, tag), (parent.close, parent.close, children)]
    name = re.match(rb"<([^\s/>]+)", tag)
    if name is None:
        raise Odd("tag")
    whole = tag.rstrip(b"> \t\r\n").rstrip(b"/").rstrip() + b">" + children + b"</" + name[1] + b">"
    return [(parent.start, parent.end, whole)]


def with_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    """Return a start tag with one attribute set, wherever it stood."""
    made = rb"\g<1>" + name + b'="' + value + b'"'
    new, found = re.subn(rb"(\s)" + name + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", made, tag, count=1)
    return new if found else re.sub(rb"^(<[^\s/>]+)", rb"\g<1> " + name + b'="' + value + b'"', tag, count=1)


def edited(xml: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the bytes with the edits done. They must not overlap."""
    out: list[bytes] = []
    at = 0
    for start, end, new in sorted(edits, key=lambda e: (e[0], e[1])):
        if start < at:
            raise Odd("overlap")
        out += (xml[at:start], new)
        at = end
    out.append(xml[at:])
    return b"".join(out)


def attribute(text: str) -> bytes:
    """Text as the value of an attribute, in ASCII, so that it stands in a part of any encoding."""
    clean = _UNSAFE.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return clean.replace("\n", "&#10;").encode("ascii", "xmlcharrefreplace")


def cell_text(text: str) -> bytes:
    """Text of a cell or comment in ASCII: no markup, no control characters, and `_x0041_` stays what it is."""
    clean = _CODED.sub("_x005F_", _UNSAFE.sub("", text)).replace("\r\n", "\n").replace("\r", "\n")
    clean = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return clean.encode("ascii", "xmlcharrefreplace")

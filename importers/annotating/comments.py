"""The comments of one sheet, ours beside the officer's: put in, taken out again, never in place of another's.

In: the comments part and the part of their shapes (VML), or nothing. Out: both with our comments. What we write begins
with a line of its own; from there to the end of a comment it is ours, whoever an office program names as the author.
Runs only in the child of `annotate`. Read `commented` first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from importers.annotating.markup import Edit, Node, Odd, appended, cell_text, edited, outline, prefix
from importers.raw import column_letters, column_number

AUTHOR = "covid-ledger"
SIGN = "[Ledger report]"
"""First line of every text of ours."""
_SIGN = SIGN.encode()

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_MAIN = b"http://purl.oclc.org/ooxml/spreadsheetml/main"

Texts = Mapping[tuple[int, int], str]
"""(row, column), both from 1: text."""


@dataclass(frozen=True, slots=True)
class Comments:
    """What a sheet's comments became. `parted`: cells of a discussion, to which nothing can be added."""

    comments: bytes
    shapes: bytes
    parted: frozenset[tuple[int, int]] = frozenset()


def empty(strict: bool) -> bytes:
    """A comments part without comments."""
    space = STRICT_MAIN if strict else MAIN
    return (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        b'<comments xmlns="%s"><authors></authors><commentList></commentList></comments>' % space
    )


def no_shapes(block: int) -> bytes:
    """A part of shapes without shapes. `block`: a number that no other such part of the workbook has."""
    return (
        b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        b'xmlns:x="urn:schemas-microsoft-com:office:excel">'
        b'<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%d"/></o:shapelayout></xml>' % block
    )


def commented(comments: bytes, shapes: bytes, texts: Texts, block: int) -> Comments:
    """Take our earlier texts out and put `texts` in. A cell that has a comment keeps it, ours stands below.

    Raises Odd when the parts are not written as spreadsheets write them.
    """
    root = outline(comments)
    authors, listed = root.first("authors"), root.first("commentList")
    if authors is None or listed is None:
        raise Odd("comments")
    names = [re.sub(rb"<[^>]*>", b"", comments[a.start : a.end]).strip() for a in authors.children]
    p = prefix(comments, root)
    left = dict(texts)
    edits: list[Edit] = []
    gone: set[tuple[int, int]] = set()
    parted: set[tuple[int, int]] = set()
    for node in listed.all("comment"):
        at = _place(node.told.get("ref", ""))
        if at is None:
            continue
        author = node.told.get("authorId", "")
        in_talk = author.isdigit() and int(author) < len(names) and names[int(author)].startswith(b"tc=")
        if in_talk:
            if at in left:
                parted.add(at)
                left.pop(at)
            continue
        theirs = _without_ours(comments, node)
        if theirs is None:
            gone.add(at)
            edits.append((node.start, node.end, b""))
            continue
        edits += theirs
        if at in left:
            edits += _below(comments, node, left.pop(at), p, theirs)
    number = names.index(AUTHOR.encode()) if AUTHOR.encode() in names else len(names)
    if left:
        new = b"".join(_comment(at, text, number, p) for at, text in sorted(left.items()))
        if number == len(names):
            edits += appended(comments, authors, b"<%sauthor>%s</%sauthor>" % (p, AUTHOR.encode(), p))
        edits += appended(comments, listed, new)
    return Comments(edited(comments, edits), _shapes(shapes, gone, sorted(left), block), frozenset(parted))


def _place(reference: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7})", reference)
    return (int(found[2]), column_number(found[1])) if found else None


def _comment(at: tuple[int, int], text: str, author: int, p: bytes) -> bytes:
    ref = f"{column_letters(at[1])}{at[0]}".encode()
    return b'<%scomment ref="%s" authorId="%d"><%stext>%s</%stext></%scomment>' % (
        p, ref, author, p, _run(f"{SIGN}\n{text}", p), p, p
    )  # fmt: skip


def _run(text: str, p: bytes) -> bytes:
    look = b'<%srPr><%ssz val="9"/><%srFont val="Tahoma"/><%sfamily val="2"/></%srPr>' % (p, p, p, p, p)
    return b'<%sr>%s<%st xml:space="preserve">%s</%st></%sr>' % (p, look, p, cell_text(text), p, p)


def _without_ours(xml: bytes, comment: Node) -> list[Edit] | None:
    """The edits that take our text off the end of a comment; None when nothing else is in it."""
    text = comment.first("text")
    if text is None or _SIGN not in xml[text.start : text.end]:
        return []
    edits: list[Edit] = []
    theirs = ours = False
    for part in text.children:
        value = part if part.name == "t" else part.first("t")
        if ours:
            edits.append((part.start, part.end, b""))
            continue
        if value is None or value.close < 0:
            continue
        content = xml[value.inside : value.close]
        at = content.find(_SIGN)
        if at < 0:
            theirs = theirs or bool(content.strip())
            continue
        ours = True
        kept = re.sub(rb"(?:\s|&#10;|&#xA;)+$", b"", content[:at])
        theirs = theirs or bool(kept)
        # The line breaks between theirs and ours are ours as well.
        edits.append((value.inside, value.close, kept) if kept else (part.start, part.end, b""))
    return edits if theirs else None


def _below(xml: bytes, comment: Node, text: str, p: bytes, taken: list[Edit]) -> list[Edit]:
    node = comment.first("text")
    if node is None:
        return []
    run = _run(f"\n\n{SIGN}\n{text}", p)
    plain = [c for c in node.children if c.name == "t"]
    edits: list[Edit] = []
    # A text without runs becomes one: after a run only further runs may stand.
    for t in plain:
        if not any(start <= t.start and t.end <= end for start, end, _ in taken):
            edits += [(t.start, t.start, b"<%sr>" % p), (t.end, t.end, b"</%sr>" % p)]
    edits += appended(xml, node, run)
    return edits


# --- shapes: VML is often no XML (an office's own has unclosed tags), so it is only matched --------------------------

_SHAPE = re.compile(rb"<([\w.-]+:)?shape\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?:/>|>.*?</(?(1)\1)shape\s*>)", re.DOTALL)
_ROW = re.compile(rb"<(?:[\w.-]+:)?Row>\s*(\d{1,7})\s*<")
_COLUMN = re.compile(rb"<(?:[\w.-]+:)?Column>\s*(\d{1,5})\s*<")
_TYPE = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SPACES = (
    b' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"'
)


def _shapes(xml: bytes, gone: set[tuple[int, int]], new: list[tuple[int, int]], block: int) -> bytes:
    def kept(m: re.Match[bytes]) -> bytes:
        row, column = _ROW.search(m[0]), _COLUMN.search(m[0])
        if row is None or column is None or b"Note" not in m[0]:
            return m[0]
        return b"" if (int(row[1]) + 1, int(column[1]) + 1) in gone else m[0]

    if gone:
        xml = _SHAPE.sub(kept, xml)
    if not new:
        return xml
    end = xml.rfind(b"</xml")
    root = re.search(rb"<xml\b([^>]*)>", xml)
    if end < 0 or root is None:
        raise Odd("shapes")
    spaces = b"" if all(space in root[1] for space in re.findall(rb"xmlns:\w=\"[^\"]+\"", _SPACES)) else _SPACES
    first = max((int(n) for n in re.findall(rb"_x0000_s(\d{1,9})\b", xml)), default=block * 1024)
    kind = b"" if b'id="_x0000_t202"' in xml else _TYPE.replace(b"<v:shapetype", b"<v:shapetype" + spaces, 1)
    made = b"".join(_shape(first + n, at, spaces) for n, at in enumerate(new, 1))
    return xml[:end] + kind + made + xml[end:]


def _shape(id: int, at: tuple[int, int], spaces: bytes) -> bytes:
    row, column = at[0] - 1, at[1] - 1
    box = b"%d, 15, %d, 10, %d, 15, %d, 4" % (column + 1, max(row - 1, 0), column + 5, max(row - 1, 0) + 9)
    return (
        b'<v:shape%s id="_x0000_s%d" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:2pt;'
        b'width:260pt;height:130pt;z-index:%d;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
        b'<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        b'<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        b'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>%s</x:Anchor>'
        b"<x:AutoFill>False</x:AutoFill><x:Row>%d</x:Row><x:Column>%d</x:Column></x:ClientData></v:shape>"
        % (spaces, id, id % 1024 or 1, box, row, column)
    )

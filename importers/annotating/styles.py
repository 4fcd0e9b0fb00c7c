"""The looks of a workbook, with a red and a yellow fill beside every look that a marked cell has.

In: the styles part. Out: the number of the look that is the same but for our fill, and back again; the part with what
was added. Runs only in the child of `annotate`. Read `Styles` first.
"""

from __future__ import annotations

import re

from importers.annotating.markup import Edit, Node, Odd, appended, edited, outline, prefix, with_attribute

FILLS = {"error": "FFC9D0", "warning": "FFE9B3"}
"""Severity: colour. A fill of one of these colours is ours, wherever it comes back."""
LOOKS_MAX = 60_000
"""Looks of cells that spreadsheets can hold, nearly."""

EMPTY = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    b'<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    b'</fills><borders count="1"><border/></borders>'
    b'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    b'<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>'
)

_START = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>")
_NO_FILL = b'indexed="64"'


class Styles:
    """The styles part while cells are marked. Looks that exist already are used again, so a second report adds none.

    What lay under our fill is written into the fill itself, as the background colour that a solid fill never shows: it
    goes with the cell, wherever an officer moves it. LibreOffice puts a colour of its own there (`keeps_background`
    false): then a cell that is no longer marked gets no fill. So does one that had a pattern or a gradient.
    """

    def __init__(self, xml: bytes, keeps_background: bool = True) -> None:
        self.xml = xml
        self._keeps = keeps_background
        root = outline(xml)
        self._sections = {name: self._section(root, name) for name in ("fonts", "fills", "cellXfs")}
        self._known = {
            name: [xml[c.start : c.end].strip() for c in section.children] for name, section in self._sections.items()
        }
        self._before = {name: len(known) for name, known in self._known.items()}
        self._places = {
            name: {_meant(item): n for n, item in reversed(list(enumerate(known)))}
            for name, known in self._known.items()
        }
        self._p = prefix(xml, root)
        self._done: dict[tuple[int, str], int] = {}
        self.ours = frozenset(
            n for n, xf in enumerate(self._known["cellXfs"]) if _severity(self._fill_of(xf)) is not None
        )

    @staticmethod
    def _section(root: Node, name: str) -> Node:
        found = root.first(name)
        if found is None:
            raise Odd(name)
        return found

    def look(self, style: int, severity: str) -> int:
        """The number of the look that differs from `style` in nothing but our fill; `""`: without our fill."""
        if (style, severity) not in self._done:
            self._done[style, severity] = self._made(style, severity)
        return self._done[style, severity]

    def _made(self, style: int, severity: str) -> int:
        looks = self._known["cellXfs"]
        if not 0 <= style < len(looks):
            style = 0
        fill = self._fill_of(looks[style])
        if not severity and _severity(fill) is None:
            return style
        if len(looks) >= LOOKS_MAX:
            return style
        under = self._under(fill)
        if severity:
            return self._with_fill(style, self._fill(FILLS[severity], under))
        if under is None:
            return self._with_fill(style, 0)
        return self._with_fill(style, self._solid(under))

    def _with_fill(self, style: int, fill: int) -> int:
        xf = self._known["cellXfs"][style]
        tag = _START.match(xf)
        if tag is None:
            raise Odd("xf")
        start = with_attribute(with_attribute(tag[0], b"fillId", b"%d" % fill), b"applyFill", b"1" if fill else b"0")
        return self._kept("cellXfs", start + xf[tag.end() :])

    def _under(self, fill: bytes) -> bytes | None:
        """The colour below: of our fill what it remembers, else the colour of a plain fill; None for no fill."""
        colours = {name: tag for name, tag in re.findall(rb"<(?:[\w.-]+:)?(fgColor|bgColor)\b([^>]*?)/?>", fill)}
        if _severity(fill) is None:
            colour = colours.get(b"fgColor", b"").strip() if b'"solid"' in fill or b"'solid'" in fill else b""
        else:
            colour = colours.get(b"bgColor", b"").strip() if self._keeps else b""
        colour = re.sub(rb"\s+", b" ", colour)
        return colour if colour and not re.match(rb"(indexed=.64|auto=)", colour) else None

    def _solid(self, colour: bytes) -> int:
        """The fill of one colour: one that the file has, else a new one."""
        for n, known in enumerate(self._known["fills"]):
            if _severity(known) is None and self._under(known) == colour:
                return n
        return self._plain(colour, _NO_FILL)

    def _fill(self, colour: str, under: bytes | None) -> int:
        return self._plain(b'rgb="FF%s"' % colour.encode(), under or _NO_FILL)

    def _plain(self, colour: bytes, below: bytes) -> int:
        p = self._p
        colours = b"<%sfgColor %s/><%sbgColor %s/>" % (p, colour, p, below)
        return self._kept(
            "fills", b'<%sfill><%spatternFill patternType="solid">%s</%spatternFill></%sfill>' % (p, p, colours, p, p)
        )

    def own(self, font: bytes = b"", align: bytes = b"", severity: str = "") -> int:
        """The number of a look of the report itself. `font`: what stands inside a font, `align`: attributes."""
        p = self._p
        number = 0
        if font:
            number = self._kept("fonts", b"<%sfont>%s</%sfont>" % (p, font.replace(b"<", b"<" + p), p))
        fill = self._fill(FILLS[severity], None) if severity else 0
        ids = b'numFmtId="0" fontId="%d" fillId="%d" borderId="0" xfId="0"' % (number, fill)
        applied = b'applyFont="1" applyFill="1" applyAlignment="1"'
        return self._kept("cellXfs", b"<%sxf %s %s><%salignment %s/></%sxf>" % (p, ids, applied, p, align, p))

    def _kept(self, section: str, item: bytes) -> int:
        known, places = self._known[section], self._places[section]
        meant = _meant(item)
        if meant not in places:
            places[meant] = len(known)
            known.append(item)
        return places[meant]

    def _fill_of(self, xf: bytes) -> bytes:
        found = re.search(rb"\sfillId\s*=\s*[\"'](\d{1,9})[\"']", xf[:400])
        fills = self._known["fills"]
        return fills[int(found[1])] if found and int(found[1]) < len(fills) else b""

    def written(self) -> bytes:
        """The part with what was added; the same bytes when nothing was."""
        edits: list[Edit] = []
        for name, section in self._sections.items():
            new = self._known[name][self._before[name] :]
            if new:
                edits += appended(self.xml, section, b"".join(new), len(self._known[name]))
        return edited(self.xml, edits)


def _meant(item: bytes) -> bytes:
    """What an entry says, however its attributes are ordered; whether its fill is "applied" changes nothing to see."""
    tag = _START.match(item)
    if tag is None or not re.match(rb"<(?:[\w.-]+:)?xf\b", tag[0]):
        return item
    told = dict(re.findall(rb"([\w:.-]+)\s*=\s*[\"']([^\"']*)[\"']", tag[0]))
    told.pop(b"applyFill", None)
    closed = tag[0].endswith(b"/>")
    rest = b"" if closed else re.sub(rb"</[^>]*>$", b"", item[tag.end() :].strip())
    return b" ".join(b"%s=%s" % pair for pair in sorted(told.items())) + rest


def _severity(fill: bytes) -> str | None:
    found = re.search(rb"<(?:[\w.-]+:)?fgColor\b[^>]*\brgb\s*=\s*[\"'](?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})[\"']", fill)
    colour = found[1].decode().upper() if found else ""
    return next((s for s, own in FILLS.items() if own == colour), None)

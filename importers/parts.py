"""Parts of a zip as streams of bytes and of XML: counted while they inflate, never in memory as a whole.

In: an open zip whose directory was scanned, and the name of a part. Out: its bytes as UTF-8 (`pieces`), or what begins
and ends in it (`events`). Definitions of a document are refused: they make a parser open other files, or swell. Only in
the sandbox's child. Read `pieces` first.
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from importers.raw import Blocked

PART_MAX = 500_000_000
"""Bytes of one part, counted while they inflate."""
SMALL_MAX = 60_000_000
"""Bytes of a part that holds no rows: styles, links, the list of sheets."""
PIECE = 1_000_000


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

"""Files made to harm a reader, each written in a moment: a bomb is streamed into its zip and never in memory.

`ATTACKS` names them: a function that writes the file into a folder, and the codes that it may end in; the empty code is
an ordinary reading. Measured on other readers, the worst of them took 4 GB, a minute, or the interpreter's life.
"""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}"><sheetData>'.encode()
TAIL = b"</sheetData></worksheet>"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"

Parts = dict[str, Iterable[bytes]]


def plain() -> dict[str, bytes]:
    """The parts of an ordinary workbook with two rows."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Donor", "Amount"])
    page.append(["Example", 5])
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook(path: Path, parts: Parts, level: int = 6) -> Path:
    """Write the ordinary workbook with some parts replaced or added, piece by piece."""
    old = plain()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as out:
        for name, data in old.items():
            if name not in parts:
                out.writestr(name, data)
        for name, pieces in parts.items():
            with out.open(name, "w", force_zip64=True) as part:
                for piece in pieces:
                    part.write(piece)
    return path


def sheet(*bodies: bytes, times: int = 1) -> Parts:
    """A sheet part of the given pieces, the pieces repeated so many times."""
    return {SHEET: (HEAD, *(body for _ in range(times) for body in bodies), TAIL)}


def cell(ref: str, value: str = "1") -> bytes:
    digits = ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{digits}"><c r="{ref}"><v>{value}</v></c></row>'.encode()


@dataclass(frozen=True, slots=True)
class Attack:
    write: Callable[[Path], Path]
    codes: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] | None = None
    """Of an ordinary reading: the texts that have to come out."""


def _xlsx(name: str, codes: str, parts: Callable[[], Parts], level: int = 1, rows: object = None) -> None:
    ATTACKS[name] = Attack(
        lambda folder: workbook(folder / "attack.xlsx", parts(), level),
        tuple(codes.split(" ")) if codes else ("",),
        rows,  # type: ignore[arg-type]
    )


def _bytes(name: str, codes: str, data: Callable[[], bytes], file_name: str = "attack.xlsx") -> None:
    def write(folder: Path) -> Path:
        (folder / file_name).write_bytes(data())
        return folder / file_name

    ATTACKS[name] = Attack(write, tuple(codes.split(" ")) if codes else ("",))


ATTACKS: dict[str, Attack] = {}
MEGABYTE = b"A" * 1_000_000
TWO_ROWS = (("Donor", "Amount"), ("Example", "5"))

# --- bombs ------------------------------------------------------------------------------------------------------

_xlsx(
    "a text of 1 GiB in one cell",
    "B004",
    lambda: {SHEET: (HEAD, b'<row r="1"><c r="A1" t="str"><v>', *([MEGABYTE] * 1_024), b"</v></c></row>", TAIL)},
)
_xlsx(
    "ten million cells of one digit", "B004", lambda: sheet(b'<row><c t="n"><v>1</v></c></row>' * 10_000, times=1_000)
)
_xlsx(
    "twenty million shared strings",
    "B004",
    lambda: {STRINGS: (f'<sst xmlns="{MAIN}">'.encode(), *([b"<si><t>a</t></si>" * 20_000] * 1_000), b"</sst>")},
)
_xlsx("a part that stays below the ratio", "B009 B014", lambda: _noisy_rows(400_000))
_xlsx(
    "shared strings beyond all need",
    "B004",
    lambda: {
        STRINGS: (f'<sst xmlns="{MAIN}">'.encode(), *_noisy_strings(2_100), b"</sst>"),
        **sheet(b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
    },
)
_xlsx("a million blank rows with a style", "", lambda: sheet(*_blank_rows(1_048_000)), rows=())
_xlsx(
    "a thousand rows of 16,384 styled blank cells",
    " B004",
    lambda: sheet(*(f'<row r="{n}">'.encode() + b'<c s="0"/>' * 16_384 + b"</row>" for n in range(1, 201))),
)


def _noisy_rows(rows: int) -> Parts:
    chance = random.Random(5)
    some = [f"{chance.randrange(10**9)}" for _ in range(5_000)]
    return sheet(*(f'<row r="{n}"><c r="A{n}"><v>{some[n % 5_000]}</v></c></row>'.encode() for n in range(1, rows)))


def _noisy_strings(thousands: int) -> Iterable[bytes]:
    chance = random.Random(7)
    for _ in range(thousands):
        yield b"".join(b"<si><t>%x</t></si>" % chance.getrandbits(24) for _ in range(1_000))


def _blank_rows(rows: int) -> Iterable[bytes]:
    for n in range(1, rows, 1_000):
        yield b"".join(b'<row r="%d">%s</row>' % (m, b'<c r="A%d" s="0"/>' % m) for m in range(n, n + 1_000))


# --- lies about size and place ----------------------------------------------------------------------------------

_DIMENSION = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>'.encode()
_xlsx(
    "a dimension of everything over four cells",
    "",
    lambda: {SHEET: (_DIMENSION, cell("A1", "7"), cell("B2", "8"), TAIL)},
    rows=(("7", ""), ("", "8")),
)
_SMALL = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:B2"/><sheetData>'.encode()
_xlsx(
    "a dimension smaller than the sheet",
    "",
    lambda: {SHEET: (_SMALL, *(cell(f"A{n}") for n in range(1, 51)), TAIL)},
    rows=(("1",),) * 50,
)
for _far in ("XFD1048576", "XFD20000", "Z1048576", "CV1048576", "SF299999", "XFD1"):
    _xlsx(
        f"one value in {_far}",
        "B009",
        lambda far=_far: sheet(cell("A1"), cell(far)) if far != "XFD1" else sheet(cell(far)),
    )
_xlsx("a row beyond every sheet", "B009", lambda: sheet(cell("A9999999")))
_xlsx("a column beyond every sheet", "B002", lambda: sheet(cell("ZZZ1")))
_xlsx(
    "one styled blank in the farthest cell",
    "",
    lambda: sheet(cell("A1", "7"), b'<row r="1048576"><c r="XFD1048576" s="0"/></row>'),
    rows=(("7",),),
)
_MERGE = (
    b'</sheetData><mergeCells count="2"><mergeCell ref="A1:XFD1048576"/><mergeCell ref="A1:J1048576"/></mergeCells>'
)
_xlsx("merges of everything", "", lambda: {SHEET: (HEAD, cell("A1"), cell("B2"), _MERGE, b"</worksheet>")})
_xlsx(
    "a hundred thousand merges",
    "",
    lambda: {
        SHEET: (
            HEAD, cell("A1"), b"</sheetData><mergeCells>",
            *(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(1, 100_000)), b"</mergeCells></worksheet>",
        )
    },
)  # fmt: skip
_xlsx("a number of a million digits", "", lambda: sheet(cell("A1", "9" * 1_000_000)), rows=(("9" * 40,),))
_xlsx("no number", "", lambda: sheet(cell("A1", "NaN"), cell("A2", "1e999")), rows=(("NaN",), ("1e999",)))
_xlsx(
    "a style that is not there", "", lambda: sheet(b'<row r="1"><c r="A1" s="99999"><v>7</v></c></row>'), rows=(("7",),)
)
_xlsx(
    "a shared string that is not there",
    "B002",
    lambda: sheet(b'<row r="1"><c r="A1" t="s"><v>4000000000</v></c></row>'),
)
_xlsx("rows deep in one another", "B002", lambda: sheet(b'<row r="1"><c r="A1">' * 50_000))

# --- definitions of a document ----------------------------------------------------------------------------------

_XXE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_LAUGH = (
    b"<!DOCTYPE x ["
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(10))
    + b"]>"
)
_SQUARE = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 100_000 + b'">]>'
for _name, _doctype, _entity in (("an outside entity", _XXE, b"&e;"), ("billion laughs", _LAUGH, b"&l9;"),
                                 ("a quadratic entity", _SQUARE, b"&a;" * 100_000)):  # fmt: skip
    for _part in (SHEET, STRINGS, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _xlsx(
            f"{_name} in {_part}",
            "B008",
            lambda d=_doctype, e=_entity, p=_part: {p: (d, b"<x>", e, b"</x>")},
        )
_xlsx(
    "a definition after 64 kB of blanks",
    "B002 B008",
    lambda: {"xl/workbook.xml": (b"<?xml version='1.0'?>", b" " * 70_000, _LAUGH, b"<workbook>&l9;</workbook>")},
)
_xlsx(
    "a definition in the middle of a sheet",
    "B002",
    lambda: sheet(cell("A1"), b" " * 70_000, _LAUGH, b"<row>&l9;</row>"),
)
_xlsx(
    "a definition without entities after 64 kB of blanks",
    "B008",
    lambda: {"xl/workbook.xml": (b"<?xml version='1.0'?>", b" " * 70_000, b"<!DOCTYPE workbook><workbook/>")},
)
_xlsx(
    "a definition in UTF-16",
    "B002 B008",
    lambda: {"xl/workbook.xml": (('<?xml version="1.0" encoding="UTF-16"?>' + _LAUGH.decode()).encode("utf-16"),)},
)

# --- the zip itself ---------------------------------------------------------------------------------------------

for _path in ("../../../tmp/x", "/etc/x", "xl/../../x", "..\\..\\x", "C:\\x", "\\x"):
    _xlsx(f"a part named {_path}", "B005", lambda p=_path: {p: (b"x",)})
_xlsx("two thousand and one parts", "B004", lambda: {f"xl/media/{n}.png": (b"",) for n in range(2_001)})
_xlsx("macros", "B007", lambda: {"xl/vbaProject.bin": (b"\xd0\xcf\x11\xe0",)})
_xlsx(
    "a link to another workbook, and a DDE command",
    "",
    lambda: {
        "xl/externalLinks/externalLink1.xml": (
            f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="cmd" ddeTopic="/C calc"/></externalLink>'.encode(),
        ),
        **sheet(b'<row r="1"><c r="A1"><f>cmd|\'/C calc\'!A0</f><v>7</v></c></row>'),
    },
    rows=(("7",),),
)
_xlsx("a zip in the zip", "", lambda: {"xl/embeddings/inner.zip": (_zip_of(10_000_000),)}, rows=TWO_ROWS)


def _zip_of(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", b"0" * size)
    return out.getvalue()


def _packed(parts: dict[str, bytes]) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return bytearray(out.getvalue())


def _patched(offset: int, value: bytes, mark: bytes = b"PK\x01\x02") -> bytes:
    """The plain workbook with bytes changed in every entry of the zip's directory."""
    data = _packed(plain())
    at = data.find(mark)
    while at >= 0:
        data[at + offset : at + offset + len(value)] = value
        at = data.find(mark, at + 4)
    return bytes(data)


def _twice() -> bytes:
    data = _packed({**plain(), "xl/worksheets/sheetX.xml": HEAD + cell("A1", "666") + TAIL})
    return bytes(data.replace(b"sheetX.xml", b"sheet1.xml"))


def _overlapping() -> bytes:
    """A sheet that lies within a picture: both are whole, and unpack to more than the file holds."""
    parts = plain()
    inner = _packed({SHEET: parts.pop(SHEET)})
    with zipfile.ZipFile(io.BytesIO(bytes(inner))) as archive:
        entry = archive.getinfo(SHEET)
        local = bytes(inner[: archive.start_dir])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        archive.writestr(zipfile.ZipInfo("xl/media/image.png"), local)
        entry.header_offset = archive.getinfo("xl/media/image.png").header_offset + 30 + len("xl/media/image.png")
        archive.filelist.append(entry)
        archive.NameToInfo[SHEET] = entry
    return out.getvalue()


_bytes("two parts of one name", "B005", _twice)
_bytes("parts said to be small", "B002", lambda: _patched(24, struct.pack("<L", 10)))
_bytes("parts said to be huge", "B004", lambda: _patched(24, struct.pack("<L", 4_000_000_000)))
_bytes("parts marked as encrypted", "B006", lambda: _patched(8, b"\x01\x00"))
_bytes("parts packed in an unknown way", "B002", lambda: _patched(10, b"\x63\x00"))
_bytes("parts with a wrong checksum", "B002", lambda: _patched(16, b"\0\0\0\0"))
_bytes("parts that lie in one another", "B002", _overlapping)
_bytes("a zip of photographs", "B003", lambda: bytes(_packed({"holiday.jpg": b"x"})))
_bytes(
    "a text document",
    "B003",
    lambda: bytes(_packed({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<d/>"})),
)
_bytes("a zip without its end", "B002", lambda: bytes(_packed(plain()))[:-30])

# --- old workbooks ----------------------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_bytes(
    "an encrypted workbook", "B006", lambda: OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(4_000)
)
_bytes("an empty container", "B002", lambda: OLE + bytes(8_000), "attack.xls")
_bytes("a container of noise", "B002 B013", lambda: OLE + random.Random(3).randbytes(20_000), "attack.xls")


def _ods(rows: bytes) -> bytes:
    names = b" ".join(
        b'xmlns:%s="urn:oasis:names:tc:opendocument:xmlns:%s:1.0"' % (n, n) for n in (b"office", b"table", b"text")
    )
    content = b"<office:document-content %s><office:body><office:spreadsheet><table:table table:name='A'>%s" % (
        names,
        rows,
    )
    content += b"</table:table></office:spreadsheet></office:body></office:document-content>"
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return bytes(_packed({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": b"<manifest/>"}))


def _repeated(rows: int, columns: int) -> bytes:
    return _ods(
        b'<table:table-row table:number-rows-repeated="%d"><table:table-cell table:number-columns-repeated="%d" '
        b'office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row>'
        % (rows, columns)
    )


_bytes("an ods of repeated cells", "B009", lambda: _repeated(200_000, 1_000), "attack.ods")
_bytes("an ods of everything", "B009", lambda: _repeated(1_048_576, 16_384), "attack.ods")
_bytes("an ods of ten million rows", "B002 B009", lambda: _repeated(10_000_000, 1), "attack.ods")
_bytes("an ods of repeats below the limits", "B009 B014", lambda: _repeated(50_000, 490), "attack.ods")
_bytes("an ods with a definition", "B008", lambda: _doctype_ods(), "attack.ods")
_bytes("an ods in pieces", "B002", lambda: _repeated(1, 1)[:-50], "attack.ods")


def _doctype_ods() -> bytes:
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return bytes(_packed({"mimetype": kind, "content.xml": _LAUGH + b"<x>&l9;</x>", "META-INF/manifest.xml": b"<m/>"}))


# --- texts and what is none -------------------------------------------------------------------------------------

_bytes("nothing", "B001", lambda: b"")
_bytes("a line of 100 MB", "B022", lambda: b"x" * 100_000_000, "attack.csv")
_bytes("a line of 50 MB of fields", "B009", lambda: b"x," * 25_000_000, "attack.csv")
_bytes("ten thousand columns", "B009", lambda: b"\n".join([b",".join([b"x"] * 10_000)] * 50), "attack.csv")
_bytes("only quotation marks", "B022 ", lambda: b'"' * 20_000_001, "attack.csv")
_bytes(
    "a quotation mark that never closes", "B022", lambda: b'Donor,Amount\n"A,5\n' + b"B,6\n" * 1_000_000, "attack.csv"
)
_bytes("a million blank lines", "B009", lambda: b"a,b\n" + b"\n" * 1_000_000, "attack.csv")
_bytes("only delimiters", "B009 B001 ", lambda: b"," * 5_000_000, "attack.csv")
_bytes("only NULs", "B001 B003", lambda: bytes(1_000_000), "attack.csv")
_bytes("noise", "B003", lambda: random.Random(1).randbytes(1_000_000), "attack.csv")
_bytes("a PDF", "B011", lambda: b"%PDF-1.7\n" + bytes(1_000))
_bytes("a picture", "B003", lambda: b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(5_000))
_bytes("a web page", "B011", lambda: b"<html><table><tr><td>1</td></tr></table></html>", "attack.xls")
_bytes("a packed bomb", "B002 B003 B004", lambda: _gzip(1_000_000_000))
_bytes(
    "a document under the name of a workbook", "", lambda: json.dumps({"releases": [{"ocid": "x", "id": "1"}]}).encode()
)
_bytes("a document that opens a million times", "J002 J003", lambda: b"[" * 1_000_000)
_bytes("objects in objects", "J002 J003", lambda: b'{"a":' * 100_000)


def _gzip(size: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    out = packer.compress(b'{"releases":[')
    for _ in range(size // 1_000_000):
        out += packer.compress(b" " * 1_000_000)
    return out + packer.flush()

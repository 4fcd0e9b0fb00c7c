"""Reading documents of other publishers: OCDS and 360Giving JSON, JSON Lines, IATI XML. Only in the sandbox's child.

In: a file that is no spreadsheet. Out: one `Sheet` whose rows are [pointer, kind, tree]: an entry (release, record,
grant, activity), where it stands in the file, and its content. Numbers stay text: nothing here makes a float of an
amount. Not here: what an entry means (`ocds_json`, `giving`, `iati`). Read `read` first, then `_tagged`.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import defusedxml
from defusedxml import ElementTree

from importers.raw import CELLS_MAX, Blocked, Sheet

HEAD_BYTES = 4096
UNPACKED_MAX = 250_000_000
DEPTH_MAX = 60
"""OCDS needs 12 levels; nobody nests 60."""
NUMBER_MAX = 40
"""Characters of one number, and its largest exponent: more is no amount, and unfolding it would fill the memory."""

_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*[\[{"\]])')
_IATI = re.compile(rb"<(!DOCTYPE\s+)?iati-activit", re.IGNORECASE)

Row = list[Any]


def is_document(file: BinaryIO) -> bool:
    """Whether the first bytes are those of JSON or of IATI XML, packed or not. The position is put back."""
    at = file.tell()
    head = file.read(HEAD_BYTES)
    if head.startswith(b"\x1f\x8b"):
        file.seek(at)
        try:
            with gzip.GzipFile(fileobj=file) as packed:
                head = packed.read(HEAD_BYTES)
        except (OSError, EOFError, zlib.error):
            head = b""
    file.seek(at)
    head = _utf8(head)
    return bool(_JSON.match(head) or _IATI.search(head))


def _utf8(data: bytes) -> bytes:
    """The same text as UTF-8 without a mark; half a character at the end of a cut piece is left out."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "ignore").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def read(file: BinaryIO, rows_max: int) -> Iterator[Sheet]:
    """Yield the one sheet of a document. Raises Blocked for what must not or cannot be read.

    The sheet's first note is ["document", form, version]; form is `ocds`, `giving` or `iati`.
    """
    data, legacy = _content(file)
    if _JSON.match(data):
        form, version, name, rows = _json(data)
    else:
        form, version, name, rows = _iati(data)
    if not rows:
        raise Blocked("J008")
    if len(rows) > rows_max:
        raise Blocked("J009", limit=rows_max, seen=len(rows))
    sheet = Sheet(name, rows=rows)
    sheet.notes.append(["document", form, version])
    if legacy:
        sheet.notes.append(["B012", "", legacy])
    yield sheet


def _content(file: BinaryIO) -> tuple[bytes, str]:
    """The bytes as UTF-8, unpacked and counted while they inflate; and words to look at in an old encoding."""
    data = file.read()
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(UNPACKED_MAX + 1)
        except (OSError, EOFError, zlib.error) as problem:
            raise Blocked("B002") from problem
        if len(data) > UNPACKED_MAX:
            raise Blocked("B004", limit=f"{UNPACKED_MAX // 1_000_000} MB")
    data = _utf8(data)
    if not _JSON.match(data):
        return data, ""  # XML says its own encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
        return text.encode(), ", ".join(re.findall(r"\w*[^\x00-\x7f]\w*", text)[:3])
    return data, ""


# --- JSON -------------------------------------------------------------------------------------------------------


class _Number(str):
    """The text of a JSON number, told apart from a text."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise Blocked("J004", key=twice[:80])  # two readers would see two different documents
    return told


def _constant(name: str) -> Any:
    raise Blocked("J005", number=name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant, strict=False
)


def _first(text: str) -> tuple[Any, str]:
    """The first JSON value of a text, and what stands after it."""
    try:
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip()))
    except RecursionError as problem:
        raise Blocked("J003", limit=DEPTH_MAX) from problem
    except json.JSONDecodeError as problem:
        raise Blocked("J002", line=problem.lineno, column=problem.colno) from problem
    return value, text[end:].strip()


def _json(data: bytes) -> tuple[str, str, str, list[Row]]:
    text = data.decode("utf-8")
    document, rest = _first(text)
    if rest.startswith(("{", "[")) and "\n" in text.strip():
        lines = [line for line in text.splitlines() if line.strip()]
        name, version = "lines", "1.1"  # neither lines nor lists have a place to say it
        entries = [(f"/{n}", *_kind(_line(line))) for n, line in enumerate(lines)]
    elif rest:
        at = len(text.rstrip()) - len(rest)
        raise Blocked("J002", line=text.count("\n", 0, at) + 1, column=at - text.rfind("\n", 0, at))
    else:
        version = _version(document)
        name, entries = _entries(document)
    if not entries:
        raise Blocked("J008")
    kinds = {kind for _, kind, _ in entries} - {""}
    if not kinds:
        raise Blocked("J001")
    form = "giving" if kinds == {"grant"} else "ocds"
    budget = [CELLS_MAX]
    return form, version, name, [[at, kind, _tagged(value, budget)] for at, kind, value in entries]


def _version(document: Any) -> str:
    """The version that a package, or the one release of a record or of the file, says of itself."""
    if not isinstance(document, dict):
        return "1.1"
    inside: Any = next((document[k] for k in ("compiledRelease", "versionedRelease") if k in document), {})
    told = document.get("version") or (inside.get("version") if isinstance(inside, dict) else "")
    return told if isinstance(told, str) else ""


def _line(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        return text[:200]  # held as one unreadable line; the others are read
    except RecursionError as problem:
        raise Blocked("J003", limit=DEPTH_MAX) from problem


def _entries(document: Any) -> tuple[str, list[tuple[str, str, Any]]]:
    """The entries of a whole document: of a package, of a list, or the one that the document itself is."""
    if isinstance(document, list):
        entries = []
        for n, value in enumerate(document):
            inside = _package(value)
            if inside is None:
                entries.append((f"/{n}", *_kind(value)))
            else:
                entries += [(f"/{n}/{inside}/{m}", *_kind(v, inside)) for m, v in enumerate(value[inside])]
        kinds = {kind for _, kind, _ in entries}
        return ("grants" if "grant" in kinds else "records" if kinds == {"record"} else "releases"), entries
    inside = _package(document)
    if inside is not None:
        return inside, [(f"/{inside}/{n}", *_kind(value, inside)) for n, value in enumerate(document[inside])]
    kind, value = _kind(document)
    return f"{kind or 'release'}s", [("", kind, value)]


def _package(value: Any) -> str | None:
    """The member of a package that holds its entries."""
    if not isinstance(value, dict) or "compiledRelease" in value or "versionedRelease" in value or "ocid" in value:
        return None
    return next((name for name in ("releases", "records", "grants") if isinstance(value.get(name), list)), None)


_SECTIONS = ("planning", "tender", "awards", "contracts", "parties", "buyer")


def _kind(value: Any, package: str = "") -> tuple[str, Any]:
    """What an entry is by its own members, whatever the package calls it; empty when nothing says so."""
    if not isinstance(value, dict):
        return ("", value) if not package else (package[:-1], value)
    if any(name in value for name in ("compiledRelease", "versionedRelease")):
        return "record", value
    if package:
        return package[:-1], value
    if "ocid" in value or any(isinstance(value.get(name), dict | list) for name in _SECTIONS):
        return ("record" if isinstance(value.get("releases"), list) else "release"), value
    if "amountAwarded" in value and ("fundingOrganization" in value or "recipientOrganization" in value):
        return "grant", value
    return "", value


def _tagged(value: Any, budget: list[int], depth: int = 0) -> Any:
    """The value as it goes over the pipe: objects and texts as they are, arrays as ["a", …], numbers as ["n", text].

    A number too long or too large to be worked with is ["x", its beginning]; the entry it stands in is held back.
    """
    budget[0] -= 1
    if budget[0] < 0:
        raise Blocked("J009", limit=CELLS_MAX, seen=f"> {CELLS_MAX}")
    if depth > DEPTH_MAX:
        raise Blocked("J003", limit=DEPTH_MAX)
    if isinstance(value, _Number):
        return ["n" if _is_bounded(value) else "x", str(value)[:NUMBER_MAX]]
    if isinstance(value, dict):
        return {key: _tagged(child, budget, depth + 1) for key, child in value.items()}
    if isinstance(value, list):
        return ["a", *(_tagged(child, budget, depth + 1) for child in value)]
    return value


def _is_bounded(number: str) -> bool:
    if len(number) > NUMBER_MAX:
        return False
    _, _, power = number.lower().partition("e")
    return not power or (len(power) < 4 and abs(int(power)) <= NUMBER_MAX)


# --- IATI -------------------------------------------------------------------------------------------------------


def _iati(data: bytes) -> tuple[str, str, str, list[Row]]:
    """Activities as trees: attributes under "@name", text under "#", children as arrays under their names."""
    version = ""
    rows: list[Row] = []
    stack: list[dict[str, Any]] = []
    budget = CELLS_MAX
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            name = _local(element.tag)
            if event == "start":
                budget -= 1
                if len(stack) > DEPTH_MAX:
                    raise Blocked("J003", limit=DEPTH_MAX)
                if budget < 0:
                    raise Blocked("J009", limit=CELLS_MAX, seen=f"> {CELLS_MAX}")
                if not stack:
                    if name not in ("iati-activities", "iati-activity"):
                        raise Blocked("J001")
                    version = str(element.attrib.get("version") or "")
                    if version.startswith("1."):
                        raise Blocked("J007", version=version[:20])
                node: dict[str, Any] = {f"@{_local(k)}": v for k, v in element.attrib.items()}
                stack.append(node)
                continue
            node = stack.pop()
            if text := (element.text or "").strip():
                node["#"] = text
            if name == "iati-activity":
                rows.append([f"/iati-activity[{len(rows) + 1}]", "activity", node])
            elif stack:
                stack[-1].setdefault(name, ["a"]).append(node)
            element.clear()
    except defusedxml.DefusedXmlException as problem:
        raise Blocked("J006") from problem
    except ElementTree.ParseError as problem:
        line, column = problem.position
        raise Blocked("J002", line=line, column=column + 1) from problem
    return "iati", version, "activities", rows


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]

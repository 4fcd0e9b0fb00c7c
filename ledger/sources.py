"""Where a published figure was typed: its file, sheet and cell, the row around it, and who answered for it.

In: a process and an address inside it. Out: the cells behind the value. The row's other cells come from the same
release's own evidence, which holds public columns only; the sealed file is never opened. Read `why` first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger import tables
from ledger.reading import Process
from ledger.store import unpacked
from ocds import paths

Cells = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as an Excel user would name it. `header` is its column's heading, empty when it has none."""

    sheet: str
    cell: str
    raw: str
    header: str = ""
    locator: str = ""  # the value that was made of it


@dataclass(frozen=True, slots=True)
class Origin:
    """One cell behind a value, with its file and its row. `how` is empty when the cell's text is the value itself."""

    locator: str
    file: str
    sha256: str
    sheet: str
    cell: str
    raw: str
    how: str
    row: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that stands behind one value of one release."""

    locator: str
    pointer: str
    value: Any
    release: str
    publication: int
    at: datetime
    prepared_by: str
    certified_by: str
    sources: tuple[Origin, ...]
    own: bool  # false: no cell holds the value itself, `sources` are what it follows from


def why(conn: sa.Connection, process: Process, address: str, at: int | None) -> Why | None:
    """Return the evidence of a value at a pointer (by position) or locator (by id); None when nothing stands there.

    A figure that was worked out (a delivery's value from its quantity and a unit price) gives every cell it used.
    An amount that was not published has no cell of its own: the cells of what it belongs to are given instead.
    """
    locator = _locator(process, address)
    if locator is None:
        return None
    release, cells = _evidence(conn, process.ocid, at)
    if release is None:
        return None
    behind = _behind(locator, cells)
    if locator not in cells:
        goods = [key for key in _goods_of(process.told, locator) if key in cells and key not in behind]
        behind = goods + behind
    files = _file_names(conn, {cells[key][0] for key in behind})
    headings = _headings(conn, set(files))
    return Why(
        locator,
        paths.pointer(process.compiled, locator) or address,
        paths.find(process.compiled, locator),
        release.id,
        release.publication,
        release.at,
        release.prepared_by,
        release.certified_by,
        tuple(_origin(key, cells, files, headings) for key in behind),
        locator in cells,
    )


def _locator(process: Process, address: str) -> str | None:
    if not address.startswith("/"):
        return None
    try:
        found = paths.locator(process.compiled, address)
    except (KeyError, ValueError, IndexError):
        found = None
    if found is not None and paths.pointer(process.compiled, found) is not None:
        return found
    # The amount of a gift without a value is not in the record; what it belongs to is.
    parent, told, _ = address.rpartition("/value/amount")
    if not told or paths.pointer(process.compiled, parent) is None:
        return None
    return paths.locator(process.compiled, parent) + told


def _evidence(conn: sa.Connection, ocid: str, at: int | None) -> tuple[Any, Cells]:
    r, p, v = tables.releases, tables.publications, tables.provenance
    preparer, certifier = tables.accounts.alias("preparers"), tables.accounts.alias("certifiers")
    names = preparer.c.name.label("prepared_by"), certifier.c.name.label("certified_by")
    query = (
        sa.select(r.c.id, r.c.publication, p.c.at, *names, v.c.cells)
        .join(p, p.c.number == r.c.publication)
        .join(preparer, preparer.c.id == p.c.prepared_by)
        .join(certifier, certifier.c.id == p.c.certified_by)
        .join(v, v.c.release == r.c.id)
        .where(r.c.ocid == ocid)
        .order_by(r.c.number.desc())
        .limit(1)
    )
    row = conn.execute(query if at is None else query.where(r.c.publication <= at)).one_or_none()
    return (None, {}) if row is None else (row, unpacked(row.cells))


def _behind(locator: str, cells: Cells) -> list[str]:
    """The keys of the evidence that speak for a value: its own, else those inside it, else those of its entry."""
    if locator in cells:
        return [locator, *_with(locator, cells)]
    inside = [key for key in cells if key.startswith(locator + "/")]
    if inside:
        return inside
    parent = locator
    while parent.count("/") > 1:
        parent = parent.rsplit("/", 1)[0]
        around = [key for key in cells if key.startswith(parent + "/")]
        if around:
            return around[:6]
    return []


def _with(locator: str, cells: Cells) -> list[str]:
    """What a worked-out figure used besides its own cell: a unit price, or the whole that it is a share of."""
    found = re.fullmatch(r"(.*?)/(?:implementation/)?deliveries/=[^/]+/items/(=[^/]+)/quantity", locator)
    keys = [f"{found[1]}/items/{found[2]}/unit/value/amount"] if found else []
    if cells[locator][4]:
        whole = re.fullmatch(r"(.*)/(?:finance|fundingSources)/=[^/]+/value/amount", locator)
        keys += [f"{whole[1]}/value/amount"] if whole else []
    return [key for key in keys if key in cells]


def _goods_of(doc: Mapping[str, Any], locator: str) -> list[str]:
    """The quantities of a gift whose value was not published: what is known of how much was given."""
    found = re.fullmatch(r"/planning/aid/flows/=[^/]+(/.*)?", locator)
    if not found:
        return []
    flow = paths.find(doc, locator.removesuffix(found[1] or "")) or {}
    items = ((doc.get("planning") or {}).get("aid") or {}).get("items") or ()
    related = flow.get("relatedItems") or [i.get("id") for i in items]
    return [f"/planning/aid/items/{paths.member(id)}/quantity" for id in related]


def _file_names(conn: sa.Connection, files: set[str]) -> dict[str, str]:
    f = tables.submission_files
    name = sa.func.min(f.c.file_name).label("name")
    query = sa.select(f.c.sha256, name).where(f.c.sha256.in_(sorted(files))).group_by(f.c.sha256)
    return {row.sha256: row.name for row in conn.execute(query)}


def _headings(conn: sa.Connection, files: set[str]) -> dict[tuple[str, str, str], str]:
    """Return (file, sheet, column letters) -> heading, from how the certified submission was understood."""
    f, s = tables.submission_files, tables.submissions
    query = (
        sa.select(s.c.report)
        .join(f, f.c.submission == s.c.id)
        .where(f.c.sha256.in_(sorted(files)), s.c.state == "published", s.c.report.is_not(None))
        .distinct()
    )
    found: dict[tuple[str, str, str], str] = {}
    for (report,) in conn.execute(query):
        for file in unpacked(report).get("files", ()):
            for table in file.get("tables", ()):
                for column in table.get("columns", ()):
                    letters = re.sub(r"\d+$", "", column["cell"])
                    if column.get("field"):
                        found[file.get("sha256", ""), table["sheet"], letters] = str(column.get("header") or "")
    return found


def _origin(key: str, cells: Cells, files: Mapping[str, str], headings: Mapping[tuple[str, str, str], str]) -> Origin:
    sha, sheet, cell, raw, how = cells[key]
    number = _row_of(cell)
    row = {
        c: Cell(sheet, c, text, headings.get((sha, sheet, re.sub(r"\d+$", "", c)), _member(c)), at)
        for at, (file, s, c, text, h) in cells.items()
        if (file, s) == (sha, sheet) and _row_of(c) == number and h != "aggregated"
    }
    ordered = sorted(row.values(), key=lambda c: (len(re.sub(r"\d", "", c.cell)), c.cell))
    return Origin(key, files.get(sha, ""), sha, sheet, cell, raw, how, tuple(ordered))


def _row_of(cell: str) -> str:
    """What the cells of one row share: the row's number; in a document, the pointer of the object around the value."""
    return cell.rpartition("/")[0] if cell.startswith("/") else re.sub(r"^\D+", "", cell)


def _member(cell: str) -> str:
    """The heading of a value in a document: the member of the object that holds it."""
    return cell.rpartition("/")[2] if cell.startswith("/") else ""


def files_of(conn: sa.Connection, ocid: str, at: int | None) -> list[tuple[str, str]]:
    """Return (name, sha256) of every file that the process as it stands was read from."""
    release, cells = _evidence(conn, ocid, at)
    if release is None:
        return []
    names = _file_names(conn, {source[0] for source in cells.values()})
    return sorted((name, sha) for sha, name in names.items())

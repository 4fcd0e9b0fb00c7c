"""Every download of one publication, built once into a new folder and renamed in one step.

In: a publication in the store. Out: `<home>/downloads/{number}/` with OCDS bulk files, friendly CSV and XLSX, the
data dictionary and `manifest.json`. All of them come from one pass over one snapshot; their totals are compared with
each other and with SQL before the folder gets its name, so a folder that exists is complete and agrees with itself.
Memory stays that of one process. The same publication gives the same bytes. Read `write_downloads` first.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from ledger import tables, totals
from ledger.arcs import Arc
from ledger.checks import stored
from ledger.coverage import Coverage
from ledger.errors import NotFound, Refused
from ledger.settings import Register, Settings
from ledger.store import reading, unpacked
from ledger.values import utc_text
from ocds import package
from public_site.exports import manifest
from public_site.exports.bulk import Bulk, Process, Written
from public_site.exports.friendly import Row, Tables, sums

SLICE = 200  # processes read at a time
ORPHAN_SECONDS = 86_400  # a building folder older than this belongs to nobody alive


def meta_of(settings: Settings) -> package.Meta:
    """Return what every OCDS package of this ledger says of its publisher."""
    url = settings.public_url.rstrip("/")
    return package.Meta(
        publisher_name=settings.publisher_name,
        publisher_uri=url,
        license=settings.license,
        policy_url=f"{url}/en/methodology",
        public_url=url,
    )


def newest(settings: Settings) -> Path | None:
    """Return the complete downloads folder of the highest publication, or None before the first."""
    numbers = [int(p.name) for p in settings.downloads.glob("*") if p.name.isdigit() and (p / manifest.NAME).exists()]
    return settings.downloads / str(max(numbers)) if numbers else None


def write_downloads(
    engine: sa.Engine, settings: Settings, register: Register, out: Path | None = None, publication: int | None = None
) -> Path:
    """Write every download of a publication (the last one unless told) and return its folder.

    A folder that is there already is returned as it is. `out` names another place: it must not exist or be empty.
    Raises Refused before the first publication, manifest.Disagree when two formats differ.
    """
    with reading(engine) as conn:
        published = _publication(conn, publication)
        folder = out or settings.downloads / str(published.number)
        if out is None and (folder / manifest.NAME).exists():
            return folder
        if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused("folder_not_empty", folder=str(out))
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building = folder.parent / f".building-{folder.name}-{secrets.token_hex(4)}"
        building.mkdir()
        try:
            _build(conn, settings, register, published, building)
            _put_in_place(building, folder, published.at.timestamp())
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return folder


def _publication(conn: sa.Connection, number: int | None) -> Any:
    t = tables.publications
    query = sa.select(t.c.number, t.c.at).order_by(t.c.number.desc()).limit(1)
    if number is not None:
        query = query.where(t.c.number == number)
    row = conn.execute(query).one_or_none()
    if row is None and number is not None:
        raise NotFound("no_publication", number=number)
    if row is None:
        raise Refused("nothing_published")
    return row


def _build(conn: sa.Connection, settings: Settings, register: Register, published: Any, folder: Path) -> None:
    meta, at = meta_of(settings), published.number
    moment = utc_text(published.at)
    base = f"{meta.public_url}/downloads/{at}"
    readme = {"name": settings.publisher_name, "number": str(at), "published": moment, "license": settings.license}
    everything = manifest.Tally()
    counts = {"records": 0, "releases": 0}
    told_of = Coverage()
    with ExitStack() as doomed:
        bulk = Bulk(folder, meta, lambda path: f"{base}/{path}", moment)
        doomed.callback(bulk.close)
        readable = Tables(folder, meta.public_url, readme, published.at)
        doomed.callback(readable.abandon)
        for record, process, movements in _processes(conn, at):
            bulk.add(process)
            readable.process(record, process.compiled, movements, process.totals)
            everything.add(process.totals)
            if not record["withdrawn"]:
                told_of.add(record["publisher"], record["kind"], process.compiled)
            counts["records"] += 1
            counts["releases"] += len(process.releases)
        readable.organizations(_organizations(conn, at))
        readable.rates(_rates(conn, at, register))
        readable.checks(_checks(conn, at))
        doomed.pop_all()  # from here on, closing is finishing
    written = [*bulk.close(), *readable.close()]
    _compare(conn, at, folder, written, everything, counts)
    told = {
        "publication": at,
        "published": moment,
        "publisher": settings.publisher_name,
        "license": settings.license,
        "url": base,
        "counts": counts,
        "totals": everything.as_json(),
        "coverage": told_of.as_json(),
        "files": [_entry(folder, w) for w in sorted(written, key=lambda w: w.path)],
    }
    (folder / manifest.NAME).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _entry(folder: Path, written: Written) -> dict[str, Any]:
    path = folder / written.path
    return {
        "path": written.path,
        "type": written.type,
        "media_type": written.media,
        **written.about,
        "sha256": manifest.sha256(path),
        "bytes": path.stat().st_size,
        "rows": written.rows,
        "totals": written.tally.as_json(),
    }


def _compare(
    conn: sa.Connection,
    at: int,
    folder: Path,
    written: list[Written],
    everything: manifest.Tally,
    counts: dict[str, int],
) -> None:
    """Hold the formats against each other: records against SQL, every CSV read back, OCDS rows against the store."""
    asked = totals.totals(conn, at)
    if asked != everything.totals():
        raise manifest.Disagree("totals of the compiled records are not those of SQL")
    workbook = {t.line: t for w in written if w.type == "workbook" for t in w.tally.totals()}
    if sums(workbook.values()) != sums(asked):
        raise manifest.Disagree("totals of the workbooks are not those of SQL")
    for file in written:
        if file.type == "table":
            rows, read_back = manifest.of_table(folder / file.path)
            if rows != file.rows or read_back != file.tally.as_json():
                raise manifest.Disagree(f"{file.path} does not read back as it was written")
    for key in ("releases", "records"):
        told = sum(w.rows for w in written if w.type == key and w.about["kind"] == "all")
        by_kind = sum(w.rows for w in written if w.type == key and w.about["kind"] != "all")
        if not told == by_kind == counts[key]:
            raise manifest.Disagree(f"{key}: {counts[key]} in the store, {told} in all, {by_kind} by kind")


# --- reading one snapshot, slice by slice ---------------------------------------------------------------------------


def _processes(conn: sa.Connection, at: int) -> Iterator[tuple[dict[str, Any], Process, list[Arc]]]:
    """Yield every process as it stood at publication `at`, ordered by first release."""
    t = tables.records
    columns = [c for c in t.c if c.name not in ("search_text", "compiled")]
    keys = iter(
        conn.execute(sa.select(t.c.ocid).where(totals.at_publication(t, at)).order_by(t.c.first_date, t.c.ocid))
        .scalars()
        .all()
    )
    while part := list(islice(keys, SLICE)):
        rows = {
            r["ocid"]: r
            for r in conn.execute(
                sa.select(*columns, t.c.compiled).where(t.c.ocid.in_(part), totals.at_publication(t, at))
            ).mappings()
        }
        releases, movements = _releases(conn, part, at), _arcs(conn, part, at)
        for ocid in part:
            record = dict(rows[ocid])
            compiled = unpacked(record.pop("compiled"))
            bodies = [unpacked(b) for b in releases.get(ocid, ())]
            process = Process(
                ocid,
                record["kind"],
                record["first_date"],
                bodies,
                [orjson.dumps(b) for b in bodies],
                compiled,
                manifest.of_compiled(compiled, record["kind"], record["jurisdiction"], record["publisher"]),
            )
            yield record, process, movements.get(ocid, [])


def _releases(conn: sa.Connection, ocids: list[str], at: int) -> dict[str, list[bytes]]:
    t = tables.releases
    query = sa.select(t.c.ocid, t.c.body).where(t.c.ocid.in_(ocids), t.c.publication <= at)
    rows = conn.execute(query.order_by(t.c.ocid, t.c.number))
    return {ocid: [r.body for r in several] for ocid, several in groupby(rows, key=lambda r: str(r.ocid))}


def _arcs(conn: sa.Connection, ocids: list[str], at: int) -> dict[str, list[Arc]]:
    found = totals.movements(conn, at, ocids=ocids)
    return {ocid: list(several) for ocid, several in groupby(found, key=lambda a: a.ocid)}


def _organizations(conn: sa.Connection, at: int) -> Iterator[Row]:
    p, n = tables.parties, tables.party_names
    query = (
        sa.select(p.c.id, p.c.jurisdiction, p.c.name, p.c.identifier, n.c.name.label("other"))
        .join(n, sa.and_(n.c.party == p.c.id, n.c.from_publication <= at), isouter=True)
        .where(totals.at_publication(p, at))
        .order_by(p.c.id, n.c.name)
    )
    for id, several in groupby(conn.execute(query), key=lambda r: str(r.id)):
        rows = list(several)
        others = [r.other for r in rows if r.other and r.other != rows[0].name]
        yield {
            "party_id": id,
            "jurisdiction": rows[0].jurisdiction,
            "party_name": rows[0].name,
            "identifier": rows[0].identifier,
            "other_names": "; ".join(others) or None,
        }


def _rates(conn: sa.Connection, at: int, register: Register) -> Iterator[Row]:
    """The operator's rates of ledger.toml, and those that a rates sheet published."""
    t = tables.rates
    published = conn.execute(
        sa.select(t.c.currency, t.c.reporting, t.c.on, t.c.value, t.c.source).where(totals.at_publication(t, at))
    )
    told = {(r.currency, r.reporting, str(r.on)): (str(r.value), r.source) for r in register.rates}
    told |= {(c, into, on): (value, source) for c, into, on, value, source in published}
    for (currency, reporting, on), (value, source) in sorted(told.items()):
        yield {"currency": currency, "reporting": reporting, "date": on, "rate": value, "rate_source": source}


def _checks(conn: sa.Connection, at: int) -> Iterator[Row]:
    """Every check that matches, with the numbers that made it."""
    f = tables.flags
    query = sa.select(f).where(totals.at_publication(f, at)).order_by(f.c.ocid, f.c.code, f.c.part, f.c.position)
    for row in conn.execute(query):
        numbers = (f"{n.name}={n.value} {n.currency}".rstrip() for n in stored.numbers(row.numbers))
        yield {
            "ocid": row.ocid,
            "jurisdiction": row.jurisdiction,
            "check": row.code,
            "check_version": row.version,
            "locator": row.part or None,
            "check_numbers": "; ".join(numbers),
        }


# --- on the disk ------------------------------------------------------------------------------------------------------


def _put_in_place(building: Path, folder: Path, moment: float) -> None:
    """Make the bytes durable, then give them their name: a reader never sees half a folder."""
    for path in sorted(building.rglob("*")):
        os.utime(path, (moment, moment))  # Last-Modified is when the publication was made, wherever it is built
        _sync(path)
    _sync(building)
    try:
        building.rename(folder)
    except OSError:
        # Another worker was first. Its bytes are these bytes; anything else in the way is a real refusal.
        if not (folder / manifest.NAME).exists():
            raise
    _sync(folder.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(parent: Path) -> None:
    """Remove what a crash left behind: building folders that nobody has touched for a day."""
    for orphan in parent.glob(".building-*"):
        if time.time() - orphan.stat().st_mtime > ORPHAN_SECONDS:
            shutil.rmtree(orphan, ignore_errors=True)

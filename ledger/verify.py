"""Whether the ledger still is what it says: every promise of the store checked again, from the bytes up.

Reads only. Walks process by process, so memory does not grow with the ledger. Read `problems` first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from ledger import audit, projections, store, totals
from ledger.arcs import Arc, arcs
from ledger.changes import body_sha256
from ledger.migrations import triggers, voice_guards
from ledger.proposals import chunks
from ledger.settings import Register, Settings
from ledger.store import unpacked
from ledger.tables import entries, provenance, publications, records, releases, submission_files, submissions, uploads
from ledger.values import Sha256
from ocds import paths


def problems(engine: sa.Engine, settings: Settings, register: Register) -> list[str]:
    """Return everything that does not hold, one line each; an empty list is a ledger that can be trusted.

    Publications without gaps and by two people; releases numbered, dated and hashed as promised; evidence that
    resolves into the releases and to uploads that are there; records equal to the merge of their releases;
    totals in SQL equal to totals of the records; projections equal to a rebuild; the audit chain unbroken.
    """
    with store.reading(engine) as conn:
        found = [
            *_publications(conn),
            *_releases(conn),
            *_uploads(conn, settings),
            *_totals(conn, register),
            *(f"audit: {p}" for p in audit.problems(conn)),
            *(f"database: {t} is not in force" for t in triggers.missing(conn)),
            *(f"database: {t} is not in force" for t in triggers.missing(conn, voice_guards.arm(conn))),
        ]
    return found + projections.compare(engine)


def _publications(conn: sa.Connection) -> Iterator[str]:
    t, s = publications, submissions
    numbers = list(conn.scalars(sa.select(t.c.number).order_by(t.c.number)))
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"publications: numbers have gaps: {numbers}"
    for number in conn.scalars(sa.select(t.c.number).where(t.c.prepared_by == t.c.certified_by)):
        yield f"publication {number}: prepared and certified by one person"
    query = sa.select(t, s.c.publication.label("there"), s.c.state, s.c.change_digest.label("shown")).join(
        s, s.c.id == t.c.submission, isouter=True
    )
    for row in conn.execute(query):
        if row.there != row.number or row.state != "published":
            yield f"publication {row.number}: submission {row.submission} does not say that it was published as it"
        elif row.shown != row.change_digest:
            yield f"publication {row.number}: certified another change set than the submission's"
    missing = (
        sa.select(s.c.id)
        .join(t, t.c.number == s.c.publication, isouter=True)
        .where(s.c.state == "published", t.c.number.is_(None))
    )
    for id in conn.scalars(missing):
        yield f"submission {id}: published, but its publication is not there"
    for table in (entries, releases):
        first = table.c.publication if table is releases else table.c.from_publication
        orphans = conn.scalar(
            sa.select(sa.func.count())
            .select_from(table.join(t, t.c.number == first, isouter=True))
            .where(t.c.number.is_(None))
        )
        if orphans:
            yield f"{table.name}: {orphans} rows of a publication that is not there"


def _releases(conn: sa.Connection) -> Iterator[str]:
    """Walk the releases in slices of processes, with their evidence and records."""
    known_files = set(conn.scalars(sa.select(uploads.c.sha256)))
    last = ""
    while True:
        ocids = list(
            conn.scalars(
                sa.select(releases.c.ocid).where(releases.c.ocid > last).distinct().order_by(releases.c.ocid).limit(500)
            )
        )
        if not ocids:
            return
        last = ocids[-1]
        evidence = {
            r.release: r.cells
            for r in conn.execute(
                sa.select(provenance.c.release, provenance.c.cells)
                .join(releases, releases.c.id == provenance.c.release)
                .where(releases.c.ocid.in_(ocids))
            )
        }
        compiled = {
            r.ocid: r.compiled
            for r in conn.execute(
                sa.select(records.c.ocid, records.c.compiled).where(
                    records.c.ocid.in_(ocids), records.c.to_publication.is_(None)
                )
            )
        }
        for ocid, rows in projections._histories(conn, ocids):
            previous = None
            bodies = []
            for n, row in enumerate(rows, 1):
                body = unpacked(row.body)
                bodies.append(body)
                if row.number != n or row.id != f"{ocid}-{n:04d}" or body["id"] != row.id or body["ocid"] != ocid:
                    yield f"release {row.id}: is not number {n} of {ocid}"
                if body_sha256(body) != row.sha256:
                    yield f"release {row.id}: was changed after it was published"
                if body["date"] != row.date or ",".join(body["tag"]) != row.tag:
                    yield f"release {row.id}: its row and its text differ in date or tag"
                if previous is not None and not (row.date > previous.date and row.publication > previous.publication):
                    yield f"release {row.id}: does not come after the one before it"
                if row.id not in evidence:
                    yield f"release {row.id}: has no provenance row"
                else:
                    yield from _evidence(row.id, body, evidence[row.id], known_files)
                previous = row
            if ocid not in compiled:
                yield f"record {ocid}: is missing"
            elif unpacked(compiled[ocid]) != projections.compiled_of(bodies):
                yield f"record {ocid}: is not the merge of its releases"


def _evidence(id: str, body: dict[str, object], cells: bytes, known_files: set[str]) -> Iterator[str]:
    for locator, (file, _sheet, _cell, _raw, _how) in unpacked(cells).items():
        if file not in known_files:
            yield f"release {id}: {locator} comes from a file that is not kept ({file[:12]})"
        if paths.find(body, locator) is None:
            yield f"release {id}: {locator} has a cell but no value"


def _uploads(conn: sa.Connection, settings: Settings) -> Iterator[str]:
    for sha, size in conn.execute(sa.select(uploads.c.sha256, uploads.c.size_bytes).order_by(uploads.c.sha256)):
        path = store.upload_path(settings, Sha256(sha))
        if not path.exists():
            yield f"upload {sha[:12]}: the file is missing"
        elif path.stat().st_size != size or _file_sha256(path) != sha:
            yield f"upload {sha[:12]}: the file is not the one that was received"
    lost = conn.scalar(
        sa.select(sa.func.count())
        .select_from(submission_files.join(uploads, uploads.c.sha256 == submission_files.c.sha256, isouter=True))
        .where(uploads.c.sha256.is_(None))
    )
    if lost:
        yield f"submissions: {lost} files are not among the uploads"


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _totals(conn: sa.Connection, register: Register) -> Iterator[str]:
    """The law: totals from SQL = totals recomputed from the records, line by line."""
    stored = {t.line: t for t in totals.added(conn)}  # from the figures: kept totals are compared with these beside
    again: dict[tuple[str, str, str, bool, bool], totals.Total] = {}
    for told in _current(conn):
        for line in totals.of_arcs(told):
            was = again.get(line.line) or totals.Total(*line.line, Decimal(0), 0, 0, 0)
            again[line.line] = totals.Total(
                *line.line,
                was.amount + line.amount,
                was.processes + line.processes,
                was.arcs + line.arcs,
                was.without_amount + line.without_amount,
            )
    for key in sorted({*stored, *again}):
        if stored.get(key) != again.get(key):
            yield f"totals {' '.join(map(str, key))}: SQL says {stored.get(key)}, the records say {again.get(key)}"
    codes = {j.code for j in register.jurisdictions}
    for code in sorted({key[0] for key in stored} - codes):
        yield f"totals: jurisdiction {code} is not in the register"


def _current(conn: sa.Connection) -> Iterator[list[Arc]]:
    t = records
    ocids = list(conn.scalars(sa.select(t.c.ocid).where(t.c.to_publication.is_(None)).order_by(t.c.ocid)))
    for part in chunks(ocids):
        for r in conn.execute(sa.select(t).where(t.c.ocid.in_(part), t.c.to_publication.is_(None))):
            yield arcs(unpacked(r.compiled), r.kind, r.jurisdiction, r.publisher)

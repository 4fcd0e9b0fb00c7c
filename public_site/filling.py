"""What a template is made with: the rows that it starts from, and the organisations and numbers that it offers.

In: a publisher and a kind. Out: rows by catalogue field, of the publisher's certified files, read again: uploads are
kept for ever, so the officer gets back the values as they were typed; and lists by field, of what is public. Read
`written` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from importers import staging, template
from ledger import store, tables
from ledger.catalogue import folded
from ledger.settings import Register, Settings
from ledger.values import Sha256

OFFERED = 500  # choices of one list, the newest: beyond that nobody scrolls, and anything else may be typed
_ROLES = {
    "donor.name": ("donor", "funder"),
    "recipient.name": ("aidRecipient", "deliveryRecipient"),
    "agency.name": ("aidRecipient", "buyer"),
    "source.name": ("funder", "donor"),
    "buyer.name": ("buyer",),
    "procuringEntity.name": ("procuringEntity", "buyer"),
    "supplier.name": ("supplier",),
    "payee.name": ("payee", "supplier"),
    "payer.name": ("payer", "buyer"),
}
"""Whose names a column offers: parties that have played one of these roles."""
_NUMBERS = {
    "aid": ("aid.id", ("programmes", "procurement", "payments")),
    "programme": ("programme.id", ("aid", "procurement", "payments")),
    "contract": ("contract.id", ("deliveries", "payments")),
}
"""Which numbers a column offers, and in which kinds it names what another sheet tells of."""


def written(
    conn: sa.Connection,
    settings: Settings,
    register: Register,
    publisher: str,
    kind: str,
    language: str,
    out: Path,
    *,
    filled: bool,
) -> None:
    """Write a publisher's template to `out`, with the lists of what is public and, on demand, what it has published."""
    rows = published_rows(conn, settings, register, publisher, kind) if filled else None
    where = register.jurisdiction(register.publisher(publisher).jurisdiction)
    template.write_template(kind, language, out, rows, where, known(conn, register, publisher, kind))


def known(conn: sa.Connection, register: Register, publisher: str, kind: str) -> dict[str, list[str]]:
    """Return, by field of the kind, what may be chosen: organisations of the jurisdiction, the publisher's numbers."""
    fields = {f.name for f in template.offered(kind)}
    found = {}
    p, r = tables.parties, tables.record_parties
    jurisdiction = register.publisher(publisher).jurisdiction
    for field, roles in _ROLES.items():
        if field in fields:
            query = (
                sa.select(p.c.name)
                .join(r, r.c.party == p.c.id)
                .where(
                    p.c.jurisdiction == jurisdiction,
                    r.c.role.in_(roles),
                    p.c.to_publication.is_(None),
                    r.c.to_publication.is_(None),
                )
                .group_by(p.c.name)
                .order_by(sa.func.max(r.c.from_publication).desc(), p.c.name)
                .limit(OFFERED)
            )
            found[field] = sorted(conn.scalars(query), key=folded)
    for what, (field, kinds) in _NUMBERS.items():
        if kind in kinds and field in fields:
            found[field] = sorted(_numbers(conn, publisher, what))
    return {field: names for field, names in found.items() if names}


def _numbers(conn: sa.Connection, publisher: str, what: str) -> set[str]:
    """The numbers as the publisher wrote them: of a contract its id, of aid and programmes what the record says."""
    n = tables.numbers
    query = (
        sa.select(n.c.ocid, n.c.local_id)
        .where(n.c.publisher == publisher, n.c.what == what, n.c.to_publication.is_(None))
        .order_by(n.c.from_publication.desc(), n.c.ocid, n.c.local_id)
        .limit(OFFERED)
    )
    rows = conn.execute(query).all()
    if what == "contract":
        return {row.local_id for row in rows}
    r = tables.records
    compiled = sa.select(r.c.compiled).where(r.c.ocid.in_([row.ocid for row in rows]), r.c.to_publication.is_(None))
    planning = (store.unpacked(packed).get("planning", {}) for packed in conn.scalars(compiled))
    told = (p.get("aid", {}).get("id") if what == "aid" else p.get("budget", {}).get("id") for p in planning)
    return {str(number) for number in told if number}


def published_rows(
    conn: sa.Connection, settings: Settings, register: Register, publisher: str, kind: str
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one kind that stand: of each period the last replacing file and what was added to it since."""
    jurisdiction = register.jurisdiction(register.publisher(publisher).jurisdiction)
    for id in _standing(conn, publisher):
        f = tables.submission_files
        files = conn.execute(sa.select(f.c.sha256, f.c.file_name).where(f.c.submission == id).order_by(f.c.position))
        for sha, name in files.all():
            path = store.upload_path(settings, Sha256(sha))
            read = staging.staged(
                path, file_name=name, sha256=Sha256(sha), settings=settings, jurisdiction=jurisdiction
            )
            for table in read.tables:
                if table.kind == kind:
                    for row in table.rows:
                        if row.number not in table.held:
                            yield {field: parsed.value for field, parsed in row.values.items()}


def _standing(conn: sa.Connection, publisher: str) -> list[int]:
    s = tables.submissions
    found = conn.execute(
        sa.select(s.c.id, s.c.dataset, s.c.period, s.c.mode)
        .where(s.c.publisher == publisher, s.c.state == "published")
        .order_by(s.c.publication)
    )
    standing: dict[tuple[str, str], list[int]] = {}
    for row in found:
        key = (row.dataset, row.period)
        standing[key] = [*standing.get(key, ()), row.id] if row.mode == "append" else [row.id]
    return sorted(id for ids in standing.values() for id in ids)

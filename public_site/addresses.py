"""Every address of the public site that holds something of its own, without its language: for robots and for copies.

In: a store and the register. Out: paths such as `/process/ocds-…`, with the publication that last changed them. Lists
with filters are not among them: their number has no end. Read `every`.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import sqlalchemy as sa

from ledger import reading, tables
from ledger.settings import Register
from ledger.totals import at_publication
from public_site.pages import all_pages


def fixed() -> list[str]:
    """The pages that need nothing in their address, in order of definition."""
    return [p.path for p in all_pages() if "{" not in p.path and p.policy == "public"]


def every(conn: sa.Connection, register: Register) -> Iterator[tuple[str, int]]:
    """Yield (path, number of the publication that last changed what it shows); 0 for what changes with every one."""
    yield from ((path, 0) for path in fixed())
    yield from ((_path("jurisdiction", j.code), 0) for j in register.jurisdictions)
    yield from ((_path("reconciliation", j.code), 0) for j in register.jurisdictions)
    yield from ((_path("publisher", p.id), 0) for p in register.publishers)
    yield from ((_path("area", a.code), 0) for j in register.jurisdictions for a in j.areas)
    yield from ((_path("publication", n), n) for n in conn.scalars(sa.select(tables.publications.c.number)))
    r = tables.records
    now = at_publication(r, None)
    for ocid, kind, since in conn.execute(sa.select(r.c.ocid, r.c.kind, r.c.from_publication).where(now)):
        yield _path("process", ocid), since
        yield _path("process", ocid, "history"), since
        if kind == "programme":
            yield _path("programme", ocid), since
    p = tables.record_parties
    for part, roles in reading.ROLES.items():
        since = sa.func.max(p.c.from_publication)
        query = sa.select(p.c.party, since).where(p.c.role.in_(roles), at_publication(p, None)).group_by(p.c.party)
        yield from ((_path(part, party), number) for party, number in conn.execute(query))
    a = tables.arcs
    items = (
        sa.select(a.c.item_key, sa.func.max(a.c.from_publication))
        .where(a.c.item_key.is_not(None), at_publication(a, None))
        .group_by(a.c.item_key)
    )
    for key, number in conn.execute(items):
        scheme, _, code = str(key).partition("/")
        yield _path("item", scheme, code), number


def _path(*parts: object) -> str:
    return "/" + "/".join(quote(str(part), safe="") for part in parts)

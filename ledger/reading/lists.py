"""Lists of processes in SQL alone: any publication, either database, no index needed.

In: a reading connection and a `Wanted`. Out: `Found`, with exact totals. `ledger.searching` answers the same for the
newest publication from its index, many times faster; this is its judge, and what answers when there is no index.
Why both: docs/decisions/0011. Read `search` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import GOODS_ONLY, Arc
from ledger.reading.facets import facets_of, matching
from ledger.reading.values import PAGE, ROLES, Found, Line, Listed, Party, Wanted
from ledger.totals import at_publication, movements, of_arcs, totals, where

NO_AMOUNT = -(Decimal(10) ** 14)  # below every amount that is published


def search(conn: sa.Connection, wanted: Wanted, at: int | None, limit: int = PAGE, facets: bool = True) -> Found:
    """Return one page of the processes that match, how many match, their totals and what else could be chosen.

    Totals follow the filters that speak of figures (stage, area, currency, dates) and are never of the page alone.
    Cost: a scan of records for words, indexes for the rest; a few tens of ms on 10,000 processes.
    """
    r = tables.records
    conditions = matching(wanted, at)
    count = conn.scalar(sa.select(func.count()).select_from(r).where(*conditions)) or 0
    if not count:
        return Found((), 0, (), facets_of(conn, wanted, at) if facets else {}, "")
    rows = list(_page(conn, wanted, at, conditions, limit + 1))
    is_all = not any(getattr(wanted, f) for f in ("q", "kind", "method", "party", *ROLES))
    narrowed: dict[str, Any] = {} if is_all else {"ocids": sa.select(r.c.ocid).where(*conditions)}
    if wanted.jurisdiction:
        narrowed["jurisdiction"] = wanted.jurisdiction
    sums = totals(conn, at, **wanted.arc_filters(), **narrowed)
    return Found(
        tuple(listed(conn, [row for row, _ in rows[:limit]], wanted, at)),
        count,
        tuple(sums),
        facets_of(conn, wanted, at) if facets else {},
        rows[limit - 1][1] if len(rows) > limit else "",
    )


def everything(conn: sa.Connection, wanted: Wanted, at: int | None, slice: int = 500) -> Iterator[Listed]:
    """Yield every process that matches, slice by slice: for files without a limit."""
    after = ""
    while True:
        here = replace(wanted, after=after)
        rows = list(_page(conn, here, at, matching(wanted, at), slice + 1))
        yield from listed(conn, [row for row, _ in rows[:slice]], wanted, at)
        if len(rows) <= slice:
            return
        after = rows[slice - 1][1]


def _page(
    conn: sa.Connection, wanted: Wanted, at: int | None, conditions: list[sa.ColumnElement[bool]], limit: int
) -> Iterator[tuple[Any, str]]:
    """Yield rows with the key of each: keyset pagination, so that page 400 costs what page 1 costs."""
    r, a = tables.records, tables.arcs
    columns = [r.c[n] for n in ("ocid", "kind", "jurisdiction", "publisher", "title", "on", "date", "method")]
    query = sa.select(*columns, r.c.withdrawn)
    # SQL knows no relevance: the newest come first.
    descending = wanted.sort in ("newest", "changed", "amount", "relevance")
    key: sa.ColumnElement[Any]
    if wanted.sort == "amount" and wanted.currency:
        largest = (
            sa.select(a.c.ocid, sa.type_coerce(func.max(a.c.amount), a.c.amount.type).label("largest"))
            .where(a.c.counted, a.c.amount.is_not(None), *where(at, **wanted.arc_filters()))
            .group_by(a.c.ocid)
            .subquery()
        )
        # A process whose figures in this currency count in no total comes last, rather than not at all.
        query = query.join(largest, largest.c.ocid == r.c.ocid, isouter=True)
        least = sa.literal(NO_AMOUNT, a.c.amount.type)
        key = sa.type_coerce(func.coalesce(largest.c.largest, least), a.c.amount.type)
    elif wanted.sort == "changed":
        key = r.c.date
    elif wanted.sort == "title":
        key = r.c.title
    else:
        key = func.coalesce(r.c.on, "")
    query = query.add_columns(key.label("key")).where(*conditions)
    last, _, ocid = wanted.after.rpartition("~")
    if ocid:
        from_key: Any = Decimal(last) if wanted.sort == "amount" and wanted.currency else last
        beyond = key < from_key if descending else key > from_key
        query = query.where(sa.or_(beyond, sa.and_(key == from_key, r.c.ocid > ocid)))
    for row in conn.execute(query.order_by(key.desc() if descending else key, r.c.ocid).limit(limit)):
        yield row, f"{row.key}~{row.ocid}"


def listed(conn: sa.Connection, rows: list[Any], wanted: Wanted, at: int | None) -> Iterator[Listed]:
    ocids = [row.ocid for row in rows]
    figures = {o: list(s) for o, s in groupby(movements(conn, at, ocids=ocids), key=lambda m: m.ocid)}
    p, n = tables.record_parties, tables.parties
    playing: dict[str, dict[str, dict[str, Party]]] = {}
    query = (
        sa.select(p.c.ocid, p.c.party, p.c.role, n.c.name)
        .join(n, sa.and_(n.c.id == p.c.party, at_publication(n, at)))
        .where(p.c.ocid.in_(ocids), at_publication(p, at))
        .order_by(p.c.party)
    )
    for ocid, party, role, name in conn.execute(query):
        for part, roles in ROLES.items():
            if role in roles:
                playing.setdefault(ocid, {}).setdefault(part, {})[party] = Party(party, name)
    for row in rows:
        parts = {k: tuple(v.values()) for k, v in playing.get(row.ocid, {}).items()}
        yield Listed(
            row.ocid,
            row.kind,
            row.jurisdiction,
            row.publisher,
            row.title,
            row.on,
            row.date,
            row.method,
            row.withdrawn,
            "",
            parts.get("donor", ()),
            parts.get("buyer", ()),
            parts.get("supplier", ()),
            lines(figures.get(row.ocid, ())),
            tuple(dict.fromkeys(f.area for f in figures.get(row.ocid, ()) if f.area)),
        )


def lines(figures: Iterable[Arc]) -> tuple[Line, ...]:
    """Return one process's totals, each with the place of its figure when there is only one."""
    figures = [f for f in figures if f.counted and f.event != GOODS_ONLY]
    found = []
    for total in of_arcs(figures):
        own = [f for f in figures if (f.stage, f.currency or "", f.in_kind, f.loan) == total.line[1:]]
        found.append(Line(total, own[0].locator if len(own) == 1 else None))
    return tuple(found)

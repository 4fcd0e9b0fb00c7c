"""Lists of single figures: money in, money out, the movements of one party, area, item or programme.

In: a reading connection and a `Wanted`. Out: `Moved`, one page with the count and totals of all. Read `moved`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from ledger import tables
from ledger.arcs import GOODS_ONLY, Arc
from ledger.reading.facets import matching
from ledger.reading.values import PAGE, Wanted
from ledger.totals import Total, at_publication, totals, where


@dataclass(frozen=True, slots=True)
class Movement:
    """One figure of a list of money in or money out."""

    arc: Arc
    title: str
    payer: str | None
    payee: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    rows: tuple[Movement, ...]
    count: int
    totals: tuple[Total, ...]
    after: str


def moved(conn: sa.Connection, wanted: Wanted, at: int | None, limit: int = PAGE) -> Moved:
    """Return one page of single figures, newest first, with the count and totals of all of them.

    Also for one party, area, item or programme: whatever `Wanted` can say.
    """
    conditions = _figures(wanted, at)
    a = tables.arcs
    rows = list(_figure_rows(conn, wanted, at, conditions, limit + 1))
    narrowed: dict[str, Any] = {}
    if wanted.kind:
        narrowed["kind"] = wanted.kind
    if wanted.q or wanted.method:
        narrowed["ocids"] = sa.select(a.c.ocid).where(*conditions)
    if wanted.jurisdiction:
        narrowed["jurisdiction"] = wanted.jurisdiction
    payers = {k: getattr(wanted, part) for part, k in _SIDE.items() if getattr(wanted, part)}
    # Nobody pays as two: a donor and another buyer together leave no figure.
    nobody = wanted.donor and wanted.buyer and wanted.donor != wanted.buyer
    sums = [] if nobody else totals(conn, at, **wanted.arc_filters(), **narrowed, **payers)
    count = sum(t.arcs for t in sums)
    return Moved(tuple(rows[:limit]), count, tuple(sums), _figure_key(rows[limit - 1]) if len(rows) > limit else "")


_SIDE = {"donor": "payer", "buyer": "payer", "supplier": "payee"}


def _figures(wanted: Wanted, at: int | None) -> list[sa.ColumnElement[bool]]:
    a, r = tables.arcs, tables.records
    found = [a.c.counted, a.c.event != GOODS_ONLY, *where(at, **wanted.arc_filters())]
    for column in ("kind", "jurisdiction"):
        if value := getattr(wanted, column):
            found.append(a.c[column] == value)
    for part, side in _SIDE.items():
        if value := getattr(wanted, part):
            found.append(a.c[side] == value)
    if wanted.q or wanted.method:
        words = Wanted(q=wanted.q, method=wanted.method, jurisdiction=wanted.jurisdiction)
        found.append(a.c.ocid.in_(sa.select(r.c.ocid).where(*matching(words, at))))
    return found


def figure_key(after: str) -> bool:
    """Whether a text is the end of a page of figures: date, position, ocid."""
    on, _, rest = after.partition("~")
    position, _, ocid = rest.partition("~")
    return len(on) <= 10 and position.isdecimal() and len(position) < 8 and bool(ocid)


def _figure_key(row: Movement) -> str:
    return f"{row.arc.on or ''}~{row.arc.position}~{row.arc.ocid}"


def _figure_rows(
    conn: sa.Connection, wanted: Wanted, at: int | None, conditions: list[sa.ColumnElement[bool]], limit: int
) -> Iterator[Movement]:
    a, r = tables.arcs, tables.records
    payer: Any = tables.parties.alias("payers")
    payee: Any = tables.parties.alias("payees")
    descending = wanted.sort != "oldest"
    query = (
        sa.select(*(a.c[name] for name in Arc.__dataclass_fields__), r.c.title, payer.c.name, payee.c.name)
        .join(r, sa.and_(r.c.ocid == a.c.ocid, at_publication(r, at)))
        .join(payer, sa.and_(payer.c.id == a.c.payer, at_publication(payer, at)), isouter=True)
        .join(payee, sa.and_(payee.c.id == a.c.payee, at_publication(payee, at)), isouter=True)
        .where(*conditions)
    )
    if figure_key(wanted.after):
        on, position, ocid = wanted.after.split("~", 2)
        # A figure without a date stands where an empty one would: last of the newest first, first of the oldest first.
        beyond = (
            sa.false() if descending and not on
            else sa.or_(a.c.on < on, a.c.on.is_(None)) if descending
            else a.c.on > on if on else a.c.on.is_not(None)
        )  # fmt: skip
        same = a.c.on == on if on else a.c.on.is_(None)
        later = sa.or_(a.c.ocid > ocid, sa.and_(a.c.ocid == ocid, a.c.position > int(position)))
        query = query.where(sa.or_(beyond, sa.and_(same, later)))
    width = len(Arc.__dataclass_fields__)
    ordered = query.order_by(
        a.c.on.desc().nulls_last() if descending else a.c.on.asc().nulls_first(), a.c.ocid, a.c.position
    ).limit(limit)
    for row in conn.execute(ordered):
        yield Movement(Arc(*row[:width]), row[width], row[width + 1], row[width + 2])


def every_movement(conn: sa.Connection, wanted: Wanted, at: int | None, slice: int = 1000) -> Iterator[Movement]:
    """Yield every figure that matches, slice by slice: for files without a limit."""
    after = ""
    while True:
        rows = list(_figure_rows(conn, replace(wanted, after=after), at, _figures(wanted, at), slice + 1))
        yield from rows[:slice]
        if len(rows) <= slice:
            return
        after = _figure_key(rows[slice - 1])

"""Which processes match, and what they could be narrowed by, in SQL.

In: a reading connection, a `Wanted`, a publication. Out: conditions on `records`; facets with counts. Read `matching`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import folded
from ledger.reading.records import titles
from ledger.reading.values import FACET_MAX, FACETS, ROLES, TOKENS_MAX, Facet, Wanted
from ledger.totals import at_publication, where

OF_RECORD = ("kind", "jurisdiction", "method")
OF_FIGURES = ("stage", "area", "programme", "item", "currency", "year")


def matching(wanted: Wanted, at: int | None) -> list[sa.ColumnElement[bool]]:
    r, p, a = tables.records, tables.record_parties, tables.arcs
    found = [at_publication(r, at)]
    # Tokens are letters and digits only (`folded`), so that no LIKE wildcard can be in them.
    found += [r.c.search_text.like(f"%{token}%") for token in folded(wanted.q).split()[:TOKENS_MAX]]
    for column in ("kind", "jurisdiction", "method"):
        if value := getattr(wanted, column):
            found.append(r.c[column] == value)
    for part, roles in ROLES.items():
        if party := getattr(wanted, part):
            plays = sa.select(p.c.ocid).where(p.c.party == party, p.c.role.in_(roles), at_publication(p, at))
            found.append(r.c.ocid.in_(plays))
    if wanted.party:
        found.append(r.c.ocid.in_(sa.select(p.c.ocid).where(p.c.party == wanted.party, at_publication(p, at))))
    if wanted.flag:
        f = tables.flags
        found.append(r.c.ocid.in_(sa.select(f.c.ocid).where(f.c.code == wanted.flag, at_publication(f, at))))
    if wanted.about_figures:
        found.append(r.c.ocid.in_(sa.select(a.c.ocid).where(*where(at, **wanted.arc_filters()))))
    return found


def narrowed(wanted: Wanted, at: int | None) -> dict[str, Any]:
    """Return the filters of `totals.where` under which `search` adds up: for whoever draws what a list says."""
    r = tables.records
    found = wanted.arc_filters()
    if wanted.jurisdiction:
        found["jurisdiction"] = wanted.jurisdiction
    if any(getattr(wanted, name) for name in ("q", "kind", "method", "party", "flag", *ROLES)):
        found["ocids"] = sa.select(r.c.ocid).where(*matching(wanted, at))
    return found


def facets_of(conn: sa.Connection, wanted: Wanted, at: int | None) -> dict[str, tuple[Facet, ...]]:
    """Count, per facet, the processes that match every filter but the facet's own: as many as choosing it will show.

    All facets without a filter of their own are counted in one statement; each other one costs one more.
    """
    own = [name for name in FACETS if wanted.asks(name)]
    found = _counted(conn, wanted, at, [name for name in FACETS if name not in own])
    for name in own:
        found |= _counted(conn, wanted.without(name), at, [name])
    programmes = titles(conn, [f.code for f in found.get("programme", ())], at)
    if programmes:
        known = {ocid: title for ocid, (_, title) in programmes.items()}
        found["programme"] = [Facet(f.code, known.get(f.code, f.code), f.count) for f in found["programme"]]
    return in_order(found)


def in_order(found: dict[str, list[Facet]]) -> dict[str, tuple[Facet, ...]]:
    """Return facets as they are shown: stages in the order of the chain, years as a calendar, others by count."""
    stages = tables.STAGES
    keys: dict[str, Any] = {"stage": lambda f: stages.index(f.code), "year": lambda f: f.code}
    return {
        name: tuple(sorted(found[name], key=keys.get(name, lambda f: (-f.count, f.code)))[:FACET_MAX])
        for name in FACETS
        if found.get(name)
    }


def _counted(conn: sa.Connection, wanted: Wanted, at: int | None, names: list[str]) -> dict[str, list[Facet]]:
    r, a, p, n = tables.records, tables.arcs, tables.record_parties, tables.parties
    told = (r.c.ocid, r.c.kind, r.c.jurisdiction, r.c.method)
    matches = sa.select(*told).where(*matching(wanted, at)).cte("matching")
    blank = sa.literal("")

    def of_record(name: str) -> sa.Select[Any]:
        column = matches.c[name]
        return (
            sa.select(sa.literal(name).label("facet"), column.label("code"), blank.label("label"), func.count())
            .where(column.is_not(None))
            .group_by(column)
        )

    def of_figures(name: str) -> sa.Select[Any]:
        column: sa.ColumnElement[Any]
        column = func.substr(a.c.on, 1, 4) if name == "year" else a.c["item_key" if name == "item" else name]
        label: Any = func.coalesce(func.min(a.c.item), "") if name == "item" else blank
        return (
            sa.select(sa.literal(name), column, label, func.count(a.c.ocid.distinct()))
            .join(matches, matches.c.ocid == a.c.ocid)
            .where(column.is_not(None), *where(at, **wanted.arc_filters()))
            .group_by(column)
        )

    def of_parties(part: str) -> sa.Select[Any]:
        count = func.count(p.c.ocid.distinct())
        top = (
            sa.select(p.c.party, count.label("count"))
            .join(matches, matches.c.ocid == p.c.ocid)
            .where(p.c.role.in_(ROLES[part]), at_publication(p, at))
            .group_by(p.c.party)
            .order_by(count.desc(), p.c.party)
            .limit(FACET_MAX)
            .subquery()
        )
        return sa.select(sa.literal(part), top.c.party, n.c.name, top.c.count).join(
            n, sa.and_(n.c.id == top.c.party, at_publication(n, at))
        )

    several = [
        of_record(name) if name in OF_RECORD else of_parties(name) if name in ROLES else of_figures(name)
        for name in names
    ]
    found: dict[str, list[Facet]] = {}
    for facet, code, label, count in conn.execute(sa.union_all(*several)) if several else ():
        found.setdefault(facet, []).append(Facet(code, label or code, count))
    return found

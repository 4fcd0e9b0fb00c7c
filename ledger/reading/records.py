"""One of each: a process, a party with its spellings and parts, goods and their prices, names for ids.

In: a reading connection, an id, and a publication (None: now). Out: frozen values; None for what is not public.
Read `process` first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import folded
from ledger.reading.values import ROLES, TOKENS_MAX, Facet, Party
from ledger.store import unpacked
from ledger.totals import at_publication, where
from ocds import merge


@dataclass(frozen=True, slots=True)
class Process:
    """One process as it stood; `compiled` is the OCDS compiled release, `told` the same without deletion stubs."""

    ocid: str
    kind: str
    jurisdiction: str
    publisher: str
    title: str
    date: str
    first_date: str
    on: str | None
    method: str | None
    release_count: int
    withdrawn: bool
    compiled: dict[str, Any]
    told: dict[str, Any]


def process(conn: sa.Connection, ocid: str, at: int | None) -> Process | None:
    r = tables.records
    row = conn.execute(sa.select(r).where(r.c.ocid == ocid, at_publication(r, at))).one_or_none()
    if row is None:
        return None
    compiled = unpacked(row.compiled)
    names = ("ocid", "kind", "jurisdiction", "publisher", "title", "date", "first_date", "on", "method")
    told: list[Any] = [getattr(row, name) for name in names]
    told += [row.release_count, row.withdrawn, compiled, merge.tidy(compiled)]
    return Process(*told)


def names(conn: sa.Connection, ids: Iterable[str | None], at: int | None) -> dict[str, str]:
    p = tables.parties
    wanted = sorted({i for i in ids if i})
    if not wanted:
        return {}
    found = conn.execute(sa.select(p.c.id, p.c.name).where(p.c.id.in_(wanted), at_publication(p, at)))
    return {row.id: row.name for row in found}


def titles(conn: sa.Connection, ocids: Iterable[str | None], at: int | None) -> dict[str, tuple[str, str]]:
    """Return kind and title of processes that are public."""
    r = tables.records
    wanted = sorted({o for o in ocids if o})
    if not wanted:
        return {}
    query = sa.select(r.c.ocid, r.c.kind, r.c.title).where(r.c.ocid.in_(wanted), at_publication(r, at))
    return {ocid: (kind, title) for ocid, kind, title in conn.execute(query)}


def party(conn: sa.Connection, id: str, at: int | None) -> Party | None:
    p = tables.parties
    row = conn.execute(
        sa.select(p.c.id, p.c.name, p.c.identifier, p.c.jurisdiction).where(p.c.id == id, at_publication(p, at))
    ).one_or_none()
    return None if row is None else Party(*row)


def spellings(conn: sa.Connection, id: str, at: int | None) -> tuple[str, ...]:
    n = tables.party_names
    query = sa.select(n.c.name).where(n.c.party == id).order_by(n.c.name)
    return tuple(conn.scalars(query if at is None else query.where(n.c.from_publication <= at)))


def roles(conn: sa.Connection, id: str, at: int | None) -> tuple[Facet, ...]:
    """Return the parts that a party plays, with in how many processes."""
    p = tables.record_parties
    query = sa.select(p.c.role, func.count()).where(p.c.party == id, at_publication(p, at)).group_by(p.c.role)
    return tuple(Facet(role, role, count) for role, count in conn.execute(query.order_by(p.c.role)))


def organisations(conn: sa.Connection, q: str, at: int | None, limit: int = 6) -> list[tuple[Party, str]]:
    """Return parties whose name has every word of the question, with the part that each plays most."""
    p, plays = tables.parties, tables.record_parties
    words = folded(q).split()[:TOKENS_MAX]
    if not words:
        return []
    # Names are not stored folded: the slug in the id is, and begins with the jurisdiction's scheme.
    query = sa.select(p.c.id, p.c.name).where(at_publication(p, at), *(p.c.id.like(f"%{w}%") for w in words))
    found = [Party(*row) for row in conn.execute(query.order_by(func.length(p.c.name)).limit(limit))]
    most: dict[str, tuple[int, str]] = {}
    roles_of = sa.select(plays.c.party, plays.c.role, func.count()).where(
        plays.c.party.in_([f.id for f in found]), at_publication(plays, at)
    )
    for id, role, count in conn.execute(roles_of.group_by(plays.c.party, plays.c.role)):
        part = next((name for name, several in ROLES.items() if role in several), "buyer")
        most[id] = max(most.get(id, (0, "")), (count, part))
    return [(f, most[f.id][1]) for f in found if f.id in most]


@dataclass(frozen=True, slots=True)
class Goods:
    """One kind of goods in one unit at one stage: quantities add up, here and only here."""

    item_key: str
    item: str
    unit: str | None
    stage: str
    quantity: Decimal
    arcs: int
    area: str | None = None


def goods(conn: sa.Connection, at: int | None, by_area: bool = False, limit: int = 200, **filters: Any) -> list[Goods]:
    """Return quantities per item, unit and stage (and area). `filters` as in `totals.where`."""
    a = tables.arcs
    keys = [a.c.item_key, a.c.unit, a.c.stage, *([a.c.area] if by_area else [])]
    quantity = sa.type_coerce(func.sum(a.c.quantity), a.c.quantity.type)
    query = (
        sa.select(a.c.item_key, func.min(a.c.item), a.c.unit, a.c.stage, quantity, func.count(), *keys[3:])
        .where(a.c.counted, a.c.quantity.is_not(None), a.c.item_key.is_not(None), *where(at, **filters))
        .group_by(*keys)
        .order_by(a.c.item_key, a.c.unit, a.c.stage)
        .limit(limit)
    )
    return [Goods(*row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit cost in one contract; only where the contract has a single item, or says its unit price."""

    ocid: str
    title: str
    unit: str
    quantity: Decimal | None
    price: Decimal
    currency: str
    on: str | None
    locator: str


def prices(conn: sa.Connection, item_key: str, at: int | None, limit: int = 100) -> list[Price]:
    """Return published unit prices of one kind of goods, from the contracts and gifts themselves."""
    from ledger.arcs import item_key as key_of
    from ledger.values import decimal
    from ocds import paths

    a, r = tables.arcs, tables.records
    told = sa.select(a.c.ocid).where(a.c.item_key == item_key, at_publication(a, at))
    query = sa.select(r.c.ocid, r.c.title, r.c.on, r.c.compiled).where(r.c.ocid.in_(told), at_publication(r, at))
    found = []
    for ocid, title, on, packed in conn.execute(query.order_by(r.c.on, r.c.ocid).limit(limit)):
        doc = merge.tidy(unpacked(packed))
        aid = (doc.get("planning") or {}).get("aid") or {}
        holders = [(paths.join("contracts", n), c) for n, c in enumerate(doc.get("contracts") or ())]
        for place, holder in [*holders, ("/planning/aid", aid)]:
            for n, item in enumerate(holder.get("items") or ()):
                value = (item.get("unit") or {}).get("value") or {}
                if key_of(item) == item_key and value.get("amount") is not None and value.get("currency"):
                    unit = str(item["unit"].get("name") or item["unit"].get("id") or "")
                    quantity = None if item.get("quantity") is None else decimal(item["quantity"])
                    at_ = paths.locator(doc, f"{place}/items/{n}/unit/value/amount")
                    found.append(
                        Price(ocid, title, unit, quantity, decimal(value["amount"]), value["currency"], on, at_)
                    )
    return found

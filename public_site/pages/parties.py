"""One donor, buyer or supplier: what it gave, agreed to pay or was paid, with whom, and every spelling of its name.

In: a party id. Out: pages `/donor/{id}`, `/buyer/{id}`, `/supplier/{id}`. Read `_party`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.comparisons import Buying, buying
from ledger.errors import NotFound
from ledger.reading import Facet, Found, Party
from ledger.totals import totals
from public_site.charts.figures import Figure, figure
from public_site.pages import page
from public_site.pages.filters import Asked, asked
from public_site.pages.lists import LIST_TWINS, next_address
from public_site.pages.shown import (
    PROCESS_COLUMNS,
    GoodsRow,
    StageRow,
    goods_rows,
    listed_feed,
    listed_json,
    process_table,
    stage_rows,
    totals_json,
)
from public_site.web import Ask, Page, plain

_COUNTERPARTS = {"donor": ("buyer",), "buyer": ("supplier", "donor"), "supplier": ("buyer",)}


@dataclass(frozen=True, slots=True)
class PartyPage:
    part: str
    party: Party
    spellings: tuple[str, ...]
    roles: tuple[Facet, ...]
    given: tuple[StageRow, ...]
    received: tuple[StageRow, ...]
    goods_received: tuple[GoodsRow, ...]
    found: Found
    counterparts: tuple[tuple[str, tuple[Facet, ...]], ...]
    asked: Asked
    next: str
    when: Figure | None
    buying: Buying | None


@page("/donor/{id}", LIST_TWINS)
def donor(ask: Ask, id: str) -> Page:
    return _party(ask, id, "donor")


@page("/buyer/{id}", LIST_TWINS)
def buyer(ask: Ask, id: str) -> Page:
    return _party(ask, id, "buyer")


@page("/supplier/{id}", LIST_TWINS)
def supplier(ask: Ask, id: str) -> Page:
    return _party(ask, id, "supplier")


def _party(ask: Ask, id: str, part: str) -> Page:
    """What it gave and what it received are two tables: an office that passes money on did both."""
    party = reading.party(ask.conn, id, ask.at)
    if party is None:
        raise NotFound("no_party", party=id)
    # In whatever part: a hospital that only received goods has records too.
    told = asked(ask, party=id)
    found = ask.site.finder.search(ask.conn, told.wanted, ask.at)
    # Deliveries by a supplier are counted with its contracts' goods on the item pages, not as gifts of it.
    given = totals(
        ask.conn, ask.at, payer=id, stage=("pledge", "commitment", "receipt", "allocation", "contract", "payment")
    )
    received = totals(
        ask.conn, ask.at, payee=id, stage=("pledge", "commitment", "receipt", "allocation", "contract", "payment")
    )
    goods = reading.goods(ask.conn, ask.at, payee=id, stage=("receipt", "delivery"))
    view = PartyPage(
        part,
        party,
        tuple(n for n in reading.spellings(ask.conn, id, ask.at) if n != party.name),
        reading.roles(ask.conn, id, ask.at),
        stage_rows(given),
        stage_rows(received),
        goods_rows(goods),
        found,
        tuple(
            (name, others)
            for name in _COUNTERPARTS[part]
            if (others := tuple(f for f in found.facets.get(name, ()) if f.code != id))
        ),
        told,
        next_address(ask, told, found.after),
        _when(ask, id, part),
        buying(ask.conn, id, ask.at) if part == "buyer" else None,
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    at = (ask.latest or None) if ask.at is None else ask.at

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return process_table(reading.everything(conn, told.wanted, at), base)

    return Page(
        "pages/party.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "id": id,
            "name": party.name,
            "identifier": party.identifier,
            "spellings": view.spellings,
            "roles": [{"role": r.code, "processes": r.count} for r in view.roles],
            "count": found.count,
            "totals": totals_json(found.totals),
            "given": totals_json(given),
            "received": totals_json(received),
            "goods_received": plain(view.goods_received),
            "items": listed_json(found.rows),
            "facets": {},
            "buying": plain(view.buying),
            "next": view.next or None,
        },
        (PROCESS_COLUMNS, rows),
        listed_feed(ask, found.rows),
        title=party.name,
        fictional=ask.fictional([party.jurisdiction]),
    )


def _when(ask: Ask, id: str, part: str) -> Figure | None:
    """When its money moved: of a supplier what it was to be paid, of others what they gave or agreed to pay."""
    if ask.twin != "html":
        return None
    sides = ("payee", "payer") if part == "supplier" else ("payer", "payee")
    drawn = (figure(ask, "timeline", **{side: id}) for side in sides)
    return next((f for f in drawn if f.line and f.drawing.columns), None)

"""An area, a kind of goods, a publisher: what reached it, what it cost, what it has and has not published.

In: codes of the register, keys of items. Out: pages `/area/{code}`, `/item/{scheme}/{id}`, `/publisher/{id}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger import catalogue, reading
from ledger.comparisons import Prices, prices
from ledger.errors import NotFound
from ledger.publish import Publication, publications_of
from ledger.reading import Found, Gap, Goods, Moved, Published
from ledger.settings import Area, Jurisdiction, Publisher
from ledger.totals import totals
from public_site.charts.figures import Figure, figure
from public_site.pages import page
from public_site.pages.filters import Asked, asked
from public_site.pages.lists import LIST_TWINS, next_address
from public_site.pages.shown import (
    FIGURE_COLUMNS,
    PROCESS_COLUMNS,
    GoodsRow,
    StageRow,
    figure_table,
    figures_json,
    goods_rows,
    listed_feed,
    listed_json,
    process_table,
    stage_rows,
    totals_json,
)
from public_site.web import Ask, Page, Row, plain


@dataclass(frozen=True, slots=True)
class AreaPage:
    area: Area
    jurisdiction: Jurisdiction
    rows: tuple[StageRow, ...]
    goods: tuple[GoodsRow, ...]
    publishers: tuple[tuple[str, int], ...]  # with how many records that name the area
    found: Found
    asked: Asked
    next: str
    when: Figure


@page("/area/{code}", LIST_TWINS)
def area(ask: Ask, code: str) -> Page:
    known = next(((j, a) for j in ask.register.jurisdictions for a in j.areas if a.code == code), None)
    if known is None:
        raise NotFound("no_area", area=code)
    jurisdiction, place = known
    told = asked(ask, area=code)
    found = ask.site.finder.search(ask.conn, told.wanted, ask.at, facets=False)
    arrived = reading.goods(ask.conn, ask.at, area=code, stage=("receipt", "delivery"))
    sums = totals(ask.conn, ask.at, area=code)
    view = AreaPage(
        place,
        jurisdiction,
        stage_rows(sums),
        goods_rows(arrived),
        tuple(reading.publishers_of(ask.conn, ask.at, area=code)),
        found,
        told,
        next_address(ask, told, found.after),
        figure(ask, "timeline", area=code, jurisdiction=jurisdiction.code),
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    at = (ask.latest or None) if ask.at is None else ask.at

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return process_table(reading.everything(conn, told.wanted, at), base)

    return Page(
        "pages/area.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "code": code,
            "names": place.names,
            "population": place.population,
            "jurisdiction": jurisdiction.code,
            "count": found.count,
            "totals": totals_json(sums),
            "goods": plain(view.goods),
            "publishers": [{"id": p, "processes": n} for p, n in view.publishers],
            "items": listed_json(found.rows),
            "facets": {},
            "next": view.next or None,
        },
        (PROCESS_COLUMNS, rows),
        listed_feed(ask, found.rows),
        title=ask.words.name(place.names),
        fictional=ask.fictional([jurisdiction.code]),
    )


@dataclass(frozen=True, slots=True)
class ItemPage:
    scheme: str
    id: str
    name: str
    others: tuple[str, ...]
    gifts: tuple[GoodsRow, ...]  # given to the government and handed on: both sides are told, so a rest can be
    bought: tuple[GoodsRow, ...]
    by_area: tuple[Goods, ...]
    prices: tuple[Prices, ...]
    moved: Moved
    asked: Asked
    next: str


@page("/item/{scheme}/{id:path}", LIST_TWINS)
def item(ask: Ask, scheme: str, id: str) -> Page:
    key = f"{scheme}/{id}"
    told = asked(ask, item=key)
    moved = reading.moved(ask.conn, told.wanted, ask.at)
    known = reading.goods(ask.conn, ask.at, item_key=key)
    names = sorted({m.arc.item for m in moved.rows if m.arc.item} | {g.item for g in known if g.item})
    if not moved.count and not known:
        raise NotFound("no_item", item=key)
    view = ItemPage(
        scheme,
        id,
        names[0] if names else id,
        tuple(names[1:12]),
        goods_rows(reading.goods(ask.conn, ask.at, item_key=key, kind="aid", stage=("receipt", "delivery"))),
        goods_rows(reading.goods(ask.conn, ask.at, item_key=key, kind="procurement")),
        tuple(g for g in reading.goods(ask.conn, ask.at, by_area=True, item_key=key, stage="delivery") if g.area),
        tuple(prices(ask.conn, key, ask.at)),
        moved,
        told,
        next_address(ask, told, moved.after),
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    at = (ask.latest or None) if ask.at is None else ask.at

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return figure_table(reading.every_movement(conn, told.wanted, at), base)

    feed = (
        Row(f"{m.arc.ocid}#{m.arc.position}", m.title, f"{base}/process/{m.arc.ocid}", "2020-01-01T00:00:00Z")
        for m in moved.rows
    )
    return Page(
        "pages/item.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "scheme": scheme,
            "id": id,
            "names": names,
            "count": moved.count,
            "totals": totals_json(moved.totals),
            "gifts": [{**plain(g), "left": plain(g.left)} for g in view.gifts],
            "bought": plain(view.bought),
            "prices": plain(view.prices),
            "items": figures_json(moved.rows),
            "facets": {},
            "next": view.next or None,
        },
        (FIGURE_COLUMNS, rows),
        feed,
        title=view.name,
        fictional=ask.fictional(sorted({m.arc.jurisdiction for m in moved.rows})),
    )


@dataclass(frozen=True, slots=True)
class PublisherPage:
    publisher: Publisher
    jurisdiction: Jurisdiction
    counts: Mapping[str, int]
    rows: tuple[StageRow, ...]
    published: tuple[Published, ...]
    never: tuple[str, ...]
    gaps: tuple[Gap, ...]
    publications: tuple[Publication, ...]
    people: Mapping[str, str]  # names of who prepared and certified


@page("/publisher/{id}")
def publisher(ask: Ask, id: str) -> Page:
    known = next((p for p in ask.register.publishers if p.id == id), None)
    if known is None:
        raise NotFound("no_publisher", publisher=id)
    jurisdiction = ask.register.jurisdiction(known.jurisdiction)
    told = reading.published(ask.conn, ask.at, id)
    sums = totals(ask.conn, ask.at, publisher=id)
    heard = {p.dataset for p in told}
    recent = publications_of(ask.conn, publisher=id, before=None if ask.at is None else ask.at + 1, limit=20)
    people = reading.people(ask.conn, [who for p in recent for who in (p.prepared_by, p.certified_by)])
    view = PublisherPage(
        known,
        jurisdiction,
        reading.process_counts(ask.conn, ask.at, "publisher").get(id, {}),
        stage_rows(sums),
        tuple(told),
        tuple(k for k in catalogue.kinds() if k not in heard and k not in ("organizations", "rates")),
        tuple(reading.gaps(ask.conn, ask.at, id)),
        tuple(recent),
        people,
    )
    return Page(
        "pages/publisher.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "id": id,
            "name": known.name,
            "jurisdiction": known.jurisdiction,
            "processes": view.counts,
            "totals": totals_json(sums),
            "published": plain(view.published),
            "never_published": view.never,
            "gaps": plain(view.gaps),
            "publications": [
                {
                    "number": p.number,
                    "at": plain(p.at),
                    "dataset": p.summary.get("dataset") or None,
                    "held_rows": p.summary.get("held", 0),
                    **{k: p.summary.get(k, 0) for k in ("added", "changed", "withdrawn")},
                    "prepared_by": people.get(p.prepared_by, p.prepared_by),
                    "certified_by": people.get(p.certified_by, p.certified_by),
                }
                for p in view.publications
            ],
        },
        title=known.name,
        fictional=ask.fictional([known.jurisdiction]),
    )

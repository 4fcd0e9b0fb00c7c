"""Lists of processes and of single figures: search, money in, money out.

In: filters of the query string. Out: a page, and the same rows as JSON, CSV and Atom. Read `search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.reading import Facet, Found, Moved, Party
from ledger.totals import Total
from public_site.charts.figures import Figure, figure
from public_site.pages import page
from public_site.pages.shown import (
    FIGURE_COLUMNS,
    PROCESS_COLUMNS,
    Asked,
    Chip,
    StageRow,
    asked,
    chips,
    figure_table,
    figures_json,
    listed_feed,
    listed_json,
    process_table,
    stage_rows,
    totals_json,
)
from public_site.web import Ask, Page, Row

LIST_TWINS = ("json", "csv", "atom")
FACETS = ("kind", "stage", "jurisdiction", "area", "method", "currency", "donor", "buyer", "supplier")


@dataclass(frozen=True, slots=True)
class Search:
    asked: Asked
    found: Found
    rows: tuple[StageRow, ...]
    chips: tuple[Chip, ...]
    facets: tuple[tuple[str, tuple[Facet, ...]], ...]
    organisations: tuple[tuple[Party, str], ...]
    without_amount: int
    next: str
    sorts: tuple[str, ...]


@page("/search", LIST_TWINS)
def search(ask: Ask) -> Page:
    told = asked(ask)
    limit = 100 if ask.twin in ("json", "atom") else reading.PAGE
    found = reading.search(ask.conn, told.wanted, ask.at, limit, facets=ask.twin in ("json", "html"))
    labels = _labels(ask, told)
    view = Search(
        told,
        found,
        stage_rows(found.totals),
        chips(ask, told, ask.path, labels),
        tuple((name, found.facets[name]) for name in FACETS if _tells_apart(name, found, told)),
        tuple(reading.organisations(ask.conn, told.wanted.q, ask.at))
        if told.wanted.q and not told.wanted.after
        else (),
        sum(t.without_amount for t in found.totals if t.stage != "delivery"),
        next_address(ask, told, found.after),
        reading.SORTS,
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return process_table(reading.everything(conn, told.wanted, _pinned(ask)), base)

    return Page(
        "pages/search.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "count": found.count,
            "totals": totals_json(found.totals),
            "items": listed_json(found.rows),
            "facets": {
                n: [{"code": f.code, "label": f.label, "count": f.count} for f in fs] for n, fs in found.facets.items()
            },
            "ignored": [{"name": i.name, "value": i.value, "why": i.why} for i in told.ignored],
            "next": _json_next(view.next, ask),
        },
        (PROCESS_COLUMNS, rows),
        listed_feed(ask, found.rows),
        fictional=ask.fictional([told.wanted.jurisdiction] if told.wanted.jurisdiction else None),
    )


def _pinned(ask: Ask) -> int | None:
    """A file is of one publication, even when another appears while it is being sent."""
    return (ask.latest or None) if ask.at is None else ask.at


def _tells_apart(name: str, found: Found, told: Asked) -> bool:
    """A facet with one value that holds for everything offers no choice."""
    facets = found.facets.get(name, ())
    return (
        bool(facets) and not any(k == name for k, _ in told.kept) and (len(facets) > 1 or facets[0].count < found.count)
    )


def _labels(ask: Ask, told: Asked) -> dict[str, str]:
    """Names for the ids in the filters."""
    w = told.wanted
    labels = dict(reading.names(ask.conn, [w.donor, w.buyer, w.supplier], ask.at))
    labels |= {o: title for o, (_, title) in reading.titles(ask.conn, [w.programme], ask.at).items()}
    labels |= {j.code: ask.words.name(j.names) for j in ask.register.jurisdictions}
    return labels | {a.code: ask.words.name(a.names) for j in ask.register.jurisdictions for a in j.areas}


def next_address(ask: Ask, told: Asked, after: str) -> str:
    if not after:
        return ""
    asof = {"asof": str(ask.at)} if ask.at is not None else {}
    return f"/{ask.language}{ask.path}?{told.query(after=after, **asof)}"


def _json_next(next: str, ask: Ask) -> str | None:
    """The next page in the same shape, with its whole address: what `next` in JSON must be."""
    if not next:
        return None
    path, _, query = next.partition("?")
    return f"{ask.settings.public_url.rstrip('/')}{path}.json?{query}"


@dataclass(frozen=True, slots=True)
class Figures:
    crossing: str
    asked: Asked
    moved: Moved
    rows: tuple[StageRow, ...]
    chips: tuple[Chip, ...]
    jurisdictions: tuple[tuple[str, Mapping[str, str]], ...]
    without_amount: int
    next: str
    drawn: tuple[Figure, ...]


@page("/money-in", LIST_TWINS)
def money_in(ask: Ask) -> Page:
    return _across(ask, "in")


@page("/money-out", LIST_TWINS)
def money_out(ask: Ask) -> Page:
    return _across(ask, "out")


def _across(ask: Ask, crossing: str) -> Page:
    """Figures that cross the boundary round the government and its funds, in one direction (money rule 2)."""
    told = asked(ask, crossing=crossing)
    limit = 100 if ask.twin in ("json", "atom") else reading.PAGE
    moved = reading.moved(ask.conn, told.wanted, ask.at, limit)
    view = Figures(
        crossing,
        told,
        moved,
        stage_rows(moved.totals),
        chips(ask, told, ask.path, _labels(ask, told)),
        tuple((j.code, j.names) for j in ask.register.jurisdictions),
        sum(t.without_amount for t in moved.totals),
        next_address(ask, told, moved.after),
        _drawn(ask, crossing, moved.totals) if moved.count and ask.twin == "html" else (),
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return figure_table(reading.every_movement(conn, told.wanted, _pinned(ask)), base)

    publication = ask.latest if ask.at is None else ask.at
    feed = (
        Row(f"{m.arc.ocid}#{m.arc.position}", m.title, f"{base}/process/{m.arc.ocid}", f"{_day(m.arc.on)}T00:00:00Z")
        for m in moved.rows
    )
    return Page(
        "pages/figures.html",
        view,
        {
            "publication": publication,
            "count": moved.count,
            "totals": totals_json(moved.totals),
            "items": figures_json(moved.rows),
            "facets": {},
            "ignored": [{"name": i.name, "value": i.value, "why": i.why} for i in told.ignored],
            "next": _json_next(view.next, ask),
        },
        (FIGURE_COLUMNS, rows),
        feed,
        fictional=ask.fictional([told.wanted.jurisdiction] if told.wanted.jurisdiction else None),
    )


def _drawn(ask: Ask, crossing: str, sums: Iterable[Total]) -> tuple[Figure, ...]:
    """When it came or went, and from or to whom: of the one line that says most of what the filters leave."""
    most = "bars-donors" if crossing == "in" else "bars-suppliers"
    fixed = {"crossing": crossing}
    said = [t for t in sums if t.currency and not ask.get("nature")]
    if said:  # goods, where gifts in kind are most of it
        largest = max(said, key=lambda t: t.arcs)
        fixed["nature"] = "kind" if largest.in_kind else "loan" if largest.loan else "money"
    return tuple(f for id in ("timeline", most) if (f := figure(ask, id, **fixed)).line)


def _day(on: str | None) -> str:
    """A feed needs a whole day: the first that a partial date can mean."""
    return f"{on or '2020'}-01-01"[:10] if len(on or "2020") == 4 else f"{on}-01"[:10]

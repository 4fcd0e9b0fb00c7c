"""Lists of processes and of single figures: search, money in, money out.

In: filters of the query string. Out: a page, and the same rows as JSON, CSV and Atom. Read `search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import sqlalchemy as sa

from ledger import reading
from ledger.reading import FACETS, SORTS, Facet, Found, Moved
from ledger.searching import Thing
from ledger.totals import Total
from public_site.charts.figures import Figure, figure
from public_site.pages import page
from public_site.pages.filters import Asked, Chip, Ignored, asked, chips
from public_site.pages.shown import (
    FIGURE_COLUMNS,
    PROCESS_COLUMNS,
    StageRow,
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
SAID_MAX = 4  # sums in the sentence above the list; the table below it has all
NARROWED_FROM = 8  # values of one facet: from here on they are found by typing too


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet: its name, how many records it would leave, and the address that chooses it or takes it
    back when it is chosen."""

    code: str
    label: str
    count: str  # as it is written
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One facet of the page. `long`: it has so many values that a reader would rather type."""

    name: str
    choices: tuple[Choice, ...]
    open: bool
    long: bool


@dataclass(frozen=True, slots=True)
class Search:
    asked: Asked
    found: Found
    rows: tuple[StageRow, ...]
    said: tuple[StageRow, ...]  # the sums of the sentence
    chips: tuple[Chip, ...]
    narrowing: tuple[Narrowing, ...]
    things: tuple[Thing, ...]
    mended: str  # the address of the question as it may have been meant
    without_amount: int
    next: str
    sorts: tuple[str, ...]


@page("/search", LIST_TWINS)
def search(ask: Ask) -> Page:
    told = asked(ask)
    limit = 100 if ask.twin in ("json", "atom") else reading.PAGE
    finder = ask.site.finder
    found = finder.search(ask.conn, told.wanted, ask.at, limit, facets=ask.twin in ("json", "html"))
    labels = _labels(ask, told) if ask.twin == "html" else {}
    rows = stage_rows(found.totals)
    meant = found.suggestion if found.instead else told.wanted.q
    view = Search(
        told,
        found,
        rows,
        _said(rows),
        chips(ask, told, ask.path, labels),
        _narrowing(ask, told, found) if ask.twin == "html" else (),
        finder.things(ask.conn, meant, ask.at) if meant and not told.wanted.after and ask.twin == "html" else (),
        _here(ask, told, q=found.suggestion) if found.suggestion else "",
        sum(t.without_amount for t in found.totals if t.stage != "delivery"),
        next_address(ask, told, found.after),
        tuple(s for s in SORTS if s != "relevance" or told.wanted.q),
    )
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"

    def table(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return process_table(finder.everything(conn, told.wanted, _pinned(ask)), base)

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
            "ignored": ignored_json(told.ignored),
            "did_you_mean": found.suggestion or None,
            "answers": found.suggestion if found.instead else told.wanted.q,
            "next": _json_next(view.next, ask),
        },
        (PROCESS_COLUMNS, table),
        listed_feed(ask, found.rows),
        fictional=ask.fictional([told.wanted.jurisdiction] if told.wanted.jurisdiction else None),
    )


def _said(rows: tuple[StageRow, ...]) -> tuple[StageRow, ...]:
    """The sums of the sentence: none when they are of several jurisdictions, which only a table keeps apart."""
    return tuple(r for r in rows if r.cash)[:SAID_MAX] if len({r.jurisdiction for r in rows}) == 1 else ()


def ignored_json(several: Iterable[Ignored]) -> list[dict[str, Any]]:
    return [
        {"name": i.name, "value": i.value, "why": i.why, "allowed": [code for code, _ in i.allowed]} for i in several
    ]


def _here(ask: Ask, told: Asked, **changed: str) -> str:
    """The address of this list with other filters; the first page of it, in the same publication."""
    asof = {"asof": str(ask.at)} if ask.at is not None else {}
    query = told.query(**changed, **asof)
    return f"/{ask.language}{ask.path}" + (f"?{query}" if query else "")


def _narrowing(ask: Ask, told: Asked, found: Found) -> tuple[Narrowing, ...]:
    """Return the facets that offer a choice: one value that holds for everything is none."""
    several = []
    for name in FACETS:
        facets = found.facets.get(name, ())
        asks = told.wanted.asks(name)
        if not facets or (not asks and len(facets) == 1 and facets[0].count >= found.count):
            continue
        choices = _choices(ask, told, name, facets)
        several.append(Narrowing(name, choices, asks, len(choices) >= NARROWED_FROM))
    return tuple(several)


def _choices(ask: Ask, told: Asked, name: str, facets: tuple[Facet, ...]) -> tuple[Choice, ...]:
    params = ("from", "to") if name == "year" else (name,)
    without = _here(ask, told, **dict.fromkeys(params, ""))
    mark = "&" if "?" in without else "?"
    now = told.wanted.since if told.wanted.since == told.wanted.until else ""
    now = now if name == "year" else getattr(told.wanted, name)
    places = _places(ask) if name in ("jurisdiction", "area") else {}
    found = []
    for facet in facets:
        label = ask.words.term(name, facet.code) if name in ("kind", "stage", "method") else facet.label
        chooses = mark + "&".join(f"{param}={quote_plus(facet.code)}" for param in params)
        chosen = facet.code == now
        address = without if chosen else without + chooses
        found.append(Choice(facet.code, places.get(facet.code, label), ask.words.number(facet.count), address, chosen))
    return tuple(found)


def _places(ask: Ask) -> dict[str, str]:
    found = {j.code: ask.words.name(j.names) for j in ask.register.jurisdictions}
    return found | {a.code: ask.words.name(a.names) for j in ask.register.jurisdictions for a in j.areas}


def _pinned(ask: Ask) -> int | None:
    """A file is of one publication, even when another appears while it is being sent."""
    return (ask.latest or None) if ask.at is None else ask.at


def _labels(ask: Ask, told: Asked) -> dict[str, str]:
    """Names for the ids in the filters."""
    w = told.wanted
    labels = dict(reading.names(ask.conn, [w.donor, w.buyer, w.supplier], ask.at))
    labels |= {o: title for o, (_, title) in reading.titles(ask.conn, [w.programme], ask.at).items()}
    return labels | _places(ask)


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
            "ignored": ignored_json(told.ignored),
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

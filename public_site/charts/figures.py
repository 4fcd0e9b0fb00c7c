"""What a figure shows: the line that is drawn, the rows of its table, where each mark leads, and what is left out.

In: a question (`web.Ask`: language, as-of date, filters) and the figure's id. Out: `Figure`, which pages, pictures,
files and embeds all show. The query string is the whole state. Read `figure`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from ledger import flows, reading
from ledger.flows import OTHER, Band, Drawn, Line, Node
from ledger.settings import Area, Jurisdiction
from ledger.values import Money
from public_site.charts import maps, sankey
from public_site.charts.asking import NAMES, asked_of, drawn_of, left_open, list_of, state_of
from public_site.charts.bars import share, timeline
from public_site.pages.filters import Asked
from public_site.web import Ask

BARS = {
    "bars-donors": "donor",
    "bars-programmes": "programme",
    "bars-buyers": "buyer",
    "bars-suppliers": "supplier",
    "bars-areas": "area",
}
IDS = ("flows", "timeline", "map", "stages", *BARS)

MEMBERS_MAX = 15  # of "other" on a page; the file has all


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `kind`: named, other (the rest together), member (one of the rest), unknown, apart."""

    part: str
    id: str
    name: str
    amount: Decimal | None
    figures: int
    url: str
    kind: str = "named"
    bar: int = 0
    people: int | None = None
    each: Decimal | None = None  # per person
    members: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, ready to be written. `line` None: there is nothing to draw, and `lines` says what there is."""

    id: str
    line: Line | None
    lines: tuple[tuple[Line, str], ...]  # every other line of the jurisdiction, with the query that draws it
    asked: Asked
    jurisdiction: Jurisdiction | None
    drawing: Any
    rows: tuple[Row, ...]
    state: Mapping[str, str]
    publication: int
    per: str = "total"
    links: Mapping[Any, str] | None = None
    names: Mapping[str, str] | None = None
    unmade: int = 0  # rows that only a file has room for, and that a page does not make: there may be thousands
    gaps: int = 0  # figures whose link is not published, or areas of which nothing is known

    @property
    def query(self) -> str:
        return urlencode(self.state)

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that a page has room for."""
        found, members = [], 0
        for row in self.rows:
            members = members + 1 if row.kind == "member" else 0
            if members <= MEMBERS_MAX:
                found.append(row)
        return tuple(found)

    @property
    def more(self) -> int:
        """How many rows the file has besides."""
        return len(self.rows) - len(self.shown) + self.unmade

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.part for r in self.rows))


def figure(ask: Ask, id: str, **fixed: str) -> Figure:
    """Return a figure for the filters of the query string; `fixed` are filters that the page itself sets.

    Never raises for what a reader may type: what cannot be understood is in `asked.ignored`.
    """
    told, own = asked_of(ask, fixed)
    nature, per = own.pop("nature", ""), own.pop("per", "total")
    wanted = drawn_of(told.wanted, own)
    if not wanted.jurisdiction:
        known = {line.jurisdiction for line in flows.lines(ask.conn, wanted, ask.at)}
        first = next((j.code for j in ask.register.jurisdictions if j.code in known), "")
        wanted = replace(wanted, jurisdiction=first or next((j.code for j in ask.register.jurisdictions), ""))
    place = ask.jurisdiction(wanted.jurisdiction)
    of_stage = replace(wanted, stage="") if id == "stages" else wanted
    found = flows.lines(ask.conn, of_stage, ask.at)
    reporting = place.currency if place else ""
    line = flows.chosen(found, nature, reporting)
    if id == "map" and place is not None:
        line = (
            _of_places(flows.lines(ask.conn, wanted, ask.at, area=[a.code for a in place.areas]), nature, reporting)
            or line
        )
    every = flows.lines(ask.conn, replace(wanted, stage="", currency=""), ask.at)
    kept = {k: v for k, v in told.kept if k not in ("sort", "jurisdiction", "stage", "currency")}
    state = {**kept, **{NAMES.get(k, k): v for k, v in fixed.items()}, **own}
    state = {k: v for k, v in state.items() if v} | {"jurisdiction": wanted.jurisdiction}
    here = Figure(
        id,
        line,
        tuple((other, urlencode(state_of(ask, state, other, per))) for other in every if other != line),
        told,
        place,
        None,
        (),
        state_of(ask, state if line else state | left_open(told), line, per),
        ask.latest if ask.at is None else ask.at,
        per,
    )
    if line is None:
        return here
    wanted = replace(wanted, stage="" if id == "stages" else line.stage, currency=line.currency)
    return _DRAWN[id if id not in BARS else "bars"](ask, here, line, wanted)


def _of_places(found: Iterable[Line], nature: str, reporting: str) -> Line | None:
    """The line to map: of those whose figures name areas, the one in the jurisdiction's currency with most of them."""
    fit = [line for line in found if not nature or line.nature == nature]
    return max(fit, key=lambda f: (f.amount > 0, f.currency == reporting, f.figures), default=None)


def _leads(ask: Ask, here: Figure, role: str, id: str | None, several: Mapping[str, Any]) -> dict[str, str] | str:
    """Where a node leads: filters of the list of records, or an address when no filter says it."""
    if id is None or id == OTHER:
        return f"#{here.id}-{role}"
    if role == "donor" and id in several:
        return ask.url("process", id)
    if role == "donor" and here.line and here.line.stage not in ("pledge", "commitment", "receipt"):
        return ask.url("donor", id)  # a contract does not name the donor: the gift that pays it does
    if role == "receiver":
        return ask.url("buyer", id)
    if role == "programme" and "-PRG-" not in id:
        return ask.url("process", id)
    return {role: id}


def _named(ask: Ask, nodes: Iterable[tuple[str, str]], several: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Names for the ids of nodes, in slices: a column may hold thousands."""
    parties: set[str] = {p for ids in several.values() for p in ids}
    ocids: set[str] = set()
    names: dict[str, str] = {}
    for role, id in nodes:
        if role == "programme":
            ocids.add(id)
        elif role == "area":
            area = next((a for j in ask.register.jurisdictions for a in j.areas if a.code == id), None)
            names[id] = ask.words.name(area.names) if area else id
        elif id not in several:
            parties.add(id)
    for ids, ask_for in ((parties, reading.names), (ocids, reading.titles)):
        known = sorted(ids)
        for start in range(0, len(known), 500):
            found: Mapping[str, Any] = ask_for(ask.conn, known[start : start + 500], ask.at)
            names |= {k: v[1] if isinstance(v, tuple) else v for k, v in found.items()}
    return names | {id: "; ".join(names.get(p, p) for p in ids) for id, ids in several.items()}


def _rows(ask: Ask, here: Figure, columns: Iterable[Iterable[Node]], several: Mapping[str, Any]) -> Figure:
    """Give a figure its table, names and links from columns of nodes."""
    columns = [list(column) for column in columns]
    most = None if ask.twin in ("csv", "json") else MEMBERS_MAX
    everyone = [n for column in columns for node in column for n in (node, *node.members[:most])]
    names = _named(ask, [(n.role, n.id) for n in everyone if n.id and n.id != OTHER], several)
    links: dict[Any, str] = {}
    rows = []

    def link(node: Node) -> str:
        to = _leads(ask, here, node.role, node.id, several)
        return to if isinstance(to, str) else list_of(ask, here.state, **to)

    for column in columns:
        largest = max((n.amount for n in column), default=Decimal(0))
        for node in column:
            links[node.role, node.id] = link(node)
            kind = "unknown" if node.id is None else "other" if node.id == OTHER else "named"
            name = names.get(node.id or "", node.id or "") if kind == "named" else ""
            rows.append(
                Row(node.role, node.id or "", name, node.amount, node.figures,
                    links[node.role, node.id] if kind == "named" else "", kind,
                    share(node.amount, largest), members=len(node.members))
            )  # fmt: skip
            for m in node.members[:most]:
                own = names.get(m.id or "", m.id or "")
                rows.append(
                    Row(m.role, m.id or "", own, m.amount, m.figures, link(m), "member", share(m.amount, largest))
                )
    unknown = max((sum(n.figures for n in column if n.id is None) for column in columns), default=0)
    unmade = sum(len(node.members[most:]) for column in columns for node in column) if most else 0
    return replace(here, rows=tuple(rows), links=links, names=names, gaps=unknown, unmade=unmade)


def _flows(ask: Ask, here: Figure, line: Line, wanted: Drawn) -> Figure:
    found, several = flows.flows(ask.conn, line, wanted, ask.at)
    drawn = _rows(ask, here, found.columns, several)
    links = dict(drawn.links or {})
    for band in found.bands:
        links[band] = _band(ask, here, found, band, several)
    return replace(drawn, drawing=sankey.laid_out(found), links=links)


def _band(ask: Ask, here: Figure, found: flows.Flows, band: Band, several: Mapping[str, Any]) -> str:
    """A band leads to the records that have both its ends, as far as filters can say them."""
    ends = (
        _leads(ask, here, found.roles[band.column], band.source, several),
        _leads(ask, here, found.roles[band.column + 1], band.target, several),
    )
    told = [e for e in ends if isinstance(e, dict)]
    if told:
        return list_of(ask, here.state, **{k: v for e in told for k, v in e.items()})
    return next((e for e in ends if isinstance(e, str) and not e.startswith("#")), str(ends[0]))


def _bars(ask: Ask, here: Figure, line: Line, wanted: Drawn) -> Figure:
    role = BARS[here.id]
    if role not in flows.COLUMNS[line.stage]:
        return replace(here, line=None)
    column, several = flows.ranked(ask.conn, line, wanted, role, ask.at, 12)
    drawn = _rows(ask, here, [column], several)
    return replace(drawn, drawing=tuple(r for r in drawn.rows if r.kind != "member"))


def _stages(ask: Ask, here: Figure, line: Line, wanted: Drawn) -> Figure:
    same = [
        f for f in flows.lines(ask.conn, wanted, ask.at)
        if (f.jurisdiction, f.currency, f.nature) == (line.jurisdiction, line.currency, line.nature)
    ]  # fmt: skip
    largest = max((f.amount for f in same), default=Decimal(0))
    rows = tuple(
        Row("stage", f.stage, ask.words.term("stage", f.stage), f.amount, f.figures,
            list_of(ask, here.state, stage=f.stage), bar=share(f.amount, largest))
        for f in same
    )  # fmt: skip
    return replace(here, rows=rows, drawing=rows)


def _timeline(ask: Ask, here: Figure, line: Line, wanted: Drawn) -> Figure:
    drawn = timeline(flows.moments(ask.conn, line, wanted, ask.at))
    links = {c.on: list_of(ask, here.state, **{"from": c.on, "to": c.on}) for c in drawn.columns}
    largest = max((c.amount for c in drawn.columns), default=Decimal(0))
    rows = [
        Row(drawn.by, c.on, ask.words.date(c.on), c.amount, c.figures, links[c.on], bar=share(c.amount, largest))
        for c in drawn.columns
    ]
    for m in drawn.apart:
        url = list_of(ask, here.state, **{"from": m.on, "to": m.on}) if m.on else ""
        name = ask.words.date(m.on) if m.on else ""
        rows.append(Row("apart", m.on or "", name, m.amount, m.figures, url, "apart" if m.on else "unknown"))
    return replace(here, rows=tuple(rows), drawing=drawn, links=links, gaps=sum(m.figures for m in drawn.apart))


@dataclass(frozen=True, slots=True)
class Country:
    """A map with what each area is shaded by. An area that is not in `shades` is hatched: nothing is known of it."""

    map: maps.Map
    shades: Mapping[str, str]
    values: Mapping[str, Decimal | None]


def _map(ask: Ask, here: Figure, line: Line, wanted: Drawn) -> Figure:
    place = here.jurisdiction
    if place is None or not place.areas:
        return replace(here, line=None)
    drawn = maps.map_of(ask.settings.home / place.boundaries) if place.boundaries else None
    above = _above(place.areas, {s.code for s in drawn.shapes} if drawn else set())
    sums: dict[str | None, list[Any]] = {}
    for p in flows.places(ask.conn, line, wanted, ask.at):
        told = sums.setdefault(above.get(p.area or "", p.area), [None, 0])
        told[0] = p.amount if told[0] is None else told[0] + (p.amount or 0)
        told[1] += p.figures
    known = {above.get(code, code) for code in flows.named(ask.conn, place.code, ask.at)}
    largest = max((s[0] for code, s in sums.items() if code and s[0] is not None), default=Decimal(0))
    rows, values = [], {}
    for area in place.areas:
        if above[area.code] != area.code:
            continue
        amount, figures = sums.pop(area.code, [None, 0])
        each = None
        if amount is not None and area.population:
            each = Money(amount / area.population, line.currency).quantised().amount
        if area.code in known or figures:
            values[area.code] = each if here.per == "person" else amount
        url = list_of(ask, here.state, area=area.code) if amount is not None else ask.url("area", area.code)
        kind = "named" if amount is not None else "apart" if area.code in known else "unknown"
        rows.append(
            Row("area", area.code, ask.words.name(area.names), amount, figures, url, kind,
                share(amount or Decimal(0), largest), area.population, each)
        )  # fmt: skip
    for code, (amount, figures) in sums.items():  # no area, or a place that the register does not have
        rows.append(Row("nowhere", code or "", code or "", amount, figures, "", "unknown"))
    drawing = Country(drawn, maps.shaded(values), values) if drawn else None
    unknown = sum(r.kind == "unknown" and r.part == "area" for r in rows)
    return replace(here, rows=tuple(rows), drawing=drawing, gaps=unknown, links={r.id: r.url for r in rows})


def _above(areas: Iterable[Area], drawn: set[str]) -> dict[str, str]:
    """For each area the one that the map shows it in: itself, or the nearest area above it that has a boundary."""
    parents = {a.code: a.parent for a in areas}

    def top(code: str) -> str:
        at, seen = code, set()
        while at and at not in drawn and at not in seen:
            seen.add(at)
            at = parents.get(at, "")
        return at if at in drawn else code

    return {code: top(code) for code in parents}


_DRAWN: Mapping[str, Callable[[Ask, Figure, Line, Drawn], Figure]] = {
    "flows": _flows,
    "timeline": _timeline,
    "map": _map,
    "stages": _stages,
    "bars": _bars,
}

COLUMNS = (
    *("figure", "publication", "jurisdiction", "stage", "currency", "nature"),
    *("part", "kind", "id", "name", "amount", "figures", "people", "amount_per_person"),
)


def table(here: Figure) -> Iterable[tuple[Any, ...]]:
    """Return the rows of a figure's file: those of its table, none left out. `kind` member rows are within "other"."""
    line = here.line
    for r in here.rows:
        assert line is not None
        stage = r.id if r.part == "stage" else line.stage
        yield (
            *(here.id, here.publication, line.jurisdiction, stage, line.currency, line.nature),
            *(r.part, r.kind, r.id, r.name, r.amount, r.figures, r.people, r.each),
        )

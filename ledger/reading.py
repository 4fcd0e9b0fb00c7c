"""What public pages ask of the store: lists with their counts and totals, one process, one party, names.

In: a reading connection and what the reader wants, as of a publication (None: now). Out: frozen values with exact
amounts. Everything here only reads projections and releases; sums are `ledger.totals`. Where a figure comes from is
`ledger.sources`. Why search is SQL: docs/decisions/0005. Read `search` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import GOODS_ONLY, Arc, folded
from ledger.store import unpacked
from ledger.totals import Total, at_publication, movements, of_arcs, totals, where
from ocds import merge

PAGE = 25
TOKENS_MAX = 8  # of a question; more words than this say no more
FACET_MAX = 8

ROLES: Mapping[str, tuple[str, ...]] = {
    "donor": ("donor", "sourceParty", "funder"),
    "buyer": ("buyer", "procuringEntity", "aidRecipient"),
    "supplier": ("supplier",),
}
"""The parts that a reader means by donor, buyer and supplier."""

SORTS = ("newest", "oldest", "changed", "title", "amount")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for. Empty means any. `crossing` and `party` are not asked by readers but by pages."""

    q: str = ""
    kind: str = ""
    stage: str = ""
    jurisdiction: str = ""
    area: str = ""
    donor: str = ""
    buyer: str = ""
    supplier: str = ""
    party: str = ""  # in any part
    programme: str = ""
    item: str = ""
    method: str = ""
    currency: str = ""
    since: str = ""
    until: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    crossing: str = ""
    sort: str = "newest"
    after: str = ""

    def arc_filters(self) -> dict[str, Any]:
        """The filters that speak of single figures, as `totals.where` takes them."""
        told = {
            "stage": self.stage,
            "area": self.area,
            "programme": self.programme,
            "item_key": self.item,
            "currency": self.currency,
            "crossing": self.crossing,
            "since": self.since,
            # "until 2020-05" includes its last day: dates are text, and every later text sorts after "2020-05~".
            "until": f"{self.until}~" if self.until else "",
        }
        return {k: v for k, v in told.items() if v}

    @property
    def about_figures(self) -> bool:
        return bool(self.arc_filters()) or self.least is not None or self.most is not None


@dataclass(frozen=True, slots=True)
class Party:
    id: str
    name: str
    identifier: str | None = None
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One total of one process, and the single figure behind it (None when several add up to it)."""

    total: Total
    locator: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One process in a list."""

    ocid: str
    kind: str
    jurisdiction: str
    publisher: str
    title: str
    on: str | None
    changed: str
    method: str | None
    withdrawn: bool
    language: str
    donors: tuple[Party, ...]
    buyers: tuple[Party, ...]
    suppliers: tuple[Party, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facet:
    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list with what it is a page of. `after` is empty on the last page."""

    rows: tuple[Listed, ...]
    count: int
    totals: tuple[Total, ...]
    facets: Mapping[str, tuple[Facet, ...]]
    after: str


def _matching(wanted: Wanted, at: int | None) -> list[sa.ColumnElement[bool]]:
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
    if wanted.about_figures:
        conditions = where(at, **wanted.arc_filters())
        if wanted.least is not None:
            conditions.append(a.c.amount >= wanted.least)
        if wanted.most is not None:
            conditions.append(a.c.amount <= wanted.most)
        found.append(r.c.ocid.in_(sa.select(a.c.ocid).where(*conditions)))
    return found


def narrowed(wanted: Wanted, at: int | None) -> dict[str, Any]:
    """Return the filters of `totals.where` under which `search` adds up: for whoever draws what a list says."""
    r = tables.records
    found = wanted.arc_filters()
    if wanted.jurisdiction:
        found["jurisdiction"] = wanted.jurisdiction
    others = ("q", "kind", "method", "party", *ROLES)
    if any(getattr(wanted, name) for name in others) or wanted.least is not None or wanted.most is not None:
        found["ocids"] = sa.select(r.c.ocid).where(*_matching(wanted, at))
    return found


def search(conn: sa.Connection, wanted: Wanted, at: int | None, limit: int = PAGE, facets: bool = True) -> Found:
    """Return one page of the processes that match, how many match, their totals and what else could be chosen.

    Totals follow the filters that speak of figures (stage, area, currency, dates) and are never of the page alone.
    Cost: a scan of records for words, indexes for the rest; a few tens of ms on 10,000 processes.
    """
    r = tables.records
    conditions = _matching(wanted, at)
    count = conn.scalar(sa.select(func.count()).select_from(r).where(*conditions)) or 0
    if not count:
        return Found((), 0, (), {}, "")
    rows = list(_page(conn, wanted, at, conditions, limit + 1))
    is_all = (
        not any(getattr(wanted, f) for f in ("q", "kind", "method", "party", *ROLES)) and wanted.least is wanted.most
    )
    narrowed: dict[str, Any] = {} if is_all else {"ocids": sa.select(r.c.ocid).where(*conditions)}
    if wanted.jurisdiction:
        narrowed["jurisdiction"] = wanted.jurisdiction
    sums = totals(conn, at, **wanted.arc_filters(), **narrowed)
    return Found(
        tuple(_listed(conn, [row for row, _ in rows[:limit]], wanted, at)),
        count,
        tuple(sums),
        _facets(conn, conditions, wanted, at) if facets else {},
        rows[limit - 1][1] if len(rows) > limit else "",
    )


def everything(conn: sa.Connection, wanted: Wanted, at: int | None, slice: int = 500) -> Iterator[Listed]:
    """Yield every process that matches, slice by slice: for files without a limit."""
    after = ""
    while True:
        here = replace(wanted, after=after)
        rows = list(_page(conn, here, at, _matching(wanted, at), slice + 1))
        yield from _listed(conn, [row for row, _ in rows[:slice]], wanted, at)
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
    descending = wanted.sort in ("newest", "changed", "amount")
    key: sa.ColumnElement[Any]
    if wanted.sort == "amount" and wanted.currency:
        largest = (
            sa.select(a.c.ocid, sa.type_coerce(func.max(a.c.amount), a.c.amount.type).label("largest"))
            .where(a.c.counted, a.c.amount.is_not(None), *where(at, **wanted.arc_filters()))
            .group_by(a.c.ocid)
            .subquery()
        )
        query = query.join(largest, largest.c.ocid == r.c.ocid)
        key = largest.c.largest
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


def _listed(conn: sa.Connection, rows: list[Any], wanted: Wanted, at: int | None) -> Iterator[Listed]:
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
        )


def lines(figures: Iterable[Arc]) -> tuple[Line, ...]:
    """Return one process's totals, each with the place of its figure when there is only one."""
    figures = [f for f in figures if f.counted and f.event != GOODS_ONLY]
    found = []
    for total in of_arcs(figures):
        own = [f for f in figures if (f.stage, f.currency or "", f.in_kind, f.loan) == total.line[1:]]
        found.append(Line(total, own[0].locator if len(own) == 1 else None))
    return tuple(found)


def _facets(
    conn: sa.Connection, conditions: list[sa.ColumnElement[bool]], wanted: Wanted, at: int | None
) -> dict[str, tuple[Facet, ...]]:
    """Count what the matching processes are, in one statement: the matching set is found once."""
    r, a, p, n = tables.records, tables.arcs, tables.record_parties, tables.parties
    matching = sa.select(r.c.ocid, r.c.kind, r.c.jurisdiction, r.c.method).where(*conditions).cte("matching")
    blank = sa.literal("")

    def of_record(name: str) -> sa.Select[Any]:
        column = matching.c[name]
        return (
            sa.select(sa.literal(name).label("facet"), column.label("code"), blank.label("label"), func.count())
            .where(column.is_not(None))
            .group_by(column)
        )

    def of_figures(name: str) -> sa.Select[Any]:
        column = a.c[name]
        return (
            sa.select(sa.literal(name), column, blank, func.count(a.c.ocid.distinct()))
            .join(matching, matching.c.ocid == a.c.ocid)
            .where(column.is_not(None), a.c.counted, *where(at, **wanted.arc_filters()))
            .group_by(column)
        )

    def of_parties(part: str) -> sa.Select[Any]:
        count = func.count(p.c.ocid.distinct())
        top = (
            sa.select(p.c.party, count.label("count"))
            .join(matching, matching.c.ocid == p.c.ocid)
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
        *(of_record(name) for name in ("kind", "jurisdiction", "method")),
        *(of_figures(name) for name in ("stage", "currency", "area")),
        *(of_parties(part) for part in ROLES),
    ]
    found: dict[str, list[Facet]] = {}
    for facet, code, label, count in conn.execute(sa.union_all(*several)):
        found.setdefault(facet, []).append(Facet(code, label or code, count))
    stages = tables.STAGES
    return {
        name: tuple(
            sorted(f, key=(lambda x: stages.index(x.code)) if name == "stage" else (lambda x: (-x.count, x.code)))
        )
        for name, f in found.items()
    }


# --- figures across the boundary --------------------------------------------------------------------------------


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
    count = conn.scalar(sa.select(func.count()).select_from(a).where(*conditions)) or 0
    rows = list(_figure_rows(conn, wanted, at, conditions, limit + 1))
    narrowed: dict[str, Any] = {}
    if wanted.q or wanted.kind or wanted.method or wanted.least is not None or wanted.most is not None:
        narrowed["ocids"] = sa.select(a.c.ocid).where(*conditions)
    if wanted.jurisdiction:
        narrowed["jurisdiction"] = wanted.jurisdiction
    payers = {k: getattr(wanted, part) for part, k in _SIDE.items() if getattr(wanted, part)}
    sums = totals(conn, at, **wanted.arc_filters(), **narrowed, **payers)
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
    if wanted.least is not None:
        found.append(a.c.amount >= wanted.least)
    if wanted.most is not None:
        found.append(a.c.amount <= wanted.most)
    if wanted.q or wanted.method:
        words = Wanted(q=wanted.q, method=wanted.method, jurisdiction=wanted.jurisdiction)
        found.append(a.c.ocid.in_(sa.select(r.c.ocid).where(*_matching(words, at))))
    return found


def _figure_key(row: Movement) -> str:
    return f"{row.arc.on or ''}~{row.arc.position}~{row.arc.ocid}"


def _figure_rows(
    conn: sa.Connection, wanted: Wanted, at: int | None, conditions: list[sa.ColumnElement[bool]], limit: int
) -> Iterator[Movement]:
    a, r = tables.arcs, tables.records
    payer: Any = tables.parties.alias("payers")
    payee: Any = tables.parties.alias("payees")
    key = func.coalesce(a.c.on, "")
    descending = wanted.sort != "oldest"
    query = (
        sa.select(*(a.c[name] for name in Arc.__dataclass_fields__), r.c.title, payer.c.name, payee.c.name)
        .join(r, sa.and_(r.c.ocid == a.c.ocid, at_publication(r, at)))
        .join(payer, sa.and_(payer.c.id == a.c.payer, at_publication(payer, at)), isouter=True)
        .join(payee, sa.and_(payee.c.id == a.c.payee, at_publication(payee, at)), isouter=True)
        .where(*conditions)
    )
    if wanted.after.count("~") >= 2:
        on, position, ocid = wanted.after.split("~", 2)
        beyond = key < on if descending else key > on
        later = sa.or_(a.c.ocid > ocid, sa.and_(a.c.ocid == ocid, a.c.position > int(position)))
        query = query.where(sa.or_(beyond, sa.and_(key == on, later)))
    width = len(Arc.__dataclass_fields__)
    ordered = query.order_by(key.desc() if descending else key, a.c.ocid, a.c.position).limit(limit)
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


# --- one of each ------------------------------------------------------------------------------------------------


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


# --- publications and what is missing ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a process, with who answered for it."""

    id: str
    number: int
    publication: int
    date: str
    tags: tuple[str, ...]
    prepared_by: str
    certified_by: str
    body: dict[str, Any]


def releases(conn: sa.Connection, ocid: str, at: int | None) -> list[Release]:
    """Return a process's releases, oldest first, until publication `at`."""
    r, p = tables.releases, tables.publications
    preparer, certifier = tables.accounts.alias("preparers"), tables.accounts.alias("certifiers")
    columns = (r.c.id, r.c.number, r.c.publication, r.c.date, r.c.tag, r.c.body)
    query = (
        sa.select(*columns, preparer.c.name.label("prepared_by"), certifier.c.name.label("certified_by"))
        .join(p, p.c.number == r.c.publication)
        .join(preparer, preparer.c.id == p.c.prepared_by)
        .join(certifier, certifier.c.id == p.c.certified_by)
        .where(r.c.ocid == ocid)
        .order_by(r.c.number)
    )
    if at is not None:
        query = query.where(r.c.publication <= at)
    return [
        Release(
            row.id,
            row.number,
            row.publication,
            row.date,
            tuple(row.tag.split(",")),
            row.prepared_by,
            row.certified_by,
            unpacked(row.body),
        )
        for row in conn.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Changed:
    ocid: str
    kind: str
    title: str
    number: int
    tags: tuple[str, ...]


def released(conn: sa.Connection, publication: int, after: str = "", limit: int = 100) -> list[Changed]:
    """Return the processes that one publication told something new of."""
    r, now = tables.releases, tables.records
    query = (
        sa.select(r.c.ocid, r.c.kind, now.c.title, r.c.number, r.c.tag)
        .join(now, sa.and_(now.c.ocid == r.c.ocid, at_publication(now, publication)))
        .where(r.c.publication == publication, r.c.ocid > after)
        .order_by(r.c.ocid)
        .limit(limit)
    )
    return [Changed(o, k, t, n, tuple(tag.split(","))) for o, k, t, n, tag in conn.execute(query)]


def people(conn: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    a = tables.accounts
    found = conn.execute(sa.select(a.c.id, a.c.name).where(a.c.id.in_(sorted(set(ids)))))
    return {row.id: row.name for row in found}


@dataclass(frozen=True, slots=True)
class Gap:
    """How much of one publisher's records says what a reader would ask for."""

    publisher: str
    kind: str
    processes: int
    without_amount: int
    without_date: int
    without_giver: int
    without_receiver: int
    without_source: int


def gaps(conn: sa.Connection, at: int | None, publisher: str | None = None) -> list[Gap]:
    """Count, per publisher and kind of process, the processes whose figures leave something unsaid."""
    a = tables.arcs

    def lacking(column: sa.ColumnElement[Any], *also: sa.ColumnElement[bool]) -> Any:
        return func.count(sa.case((sa.and_(column.is_(None), *also), a.c.ocid)).distinct())

    query = (
        sa.select(
            a.c.publisher,
            a.c.kind,
            func.count(a.c.ocid.distinct()),
            lacking(a.c.amount, a.c.stage != "delivery"),
            lacking(a.c.on),
            lacking(a.c.payer),
            lacking(a.c.payee),
            lacking(a.c.funding, a.c.stage.in_(("contract", "payment"))),
        )
        .where(a.c.counted, a.c.event != GOODS_ONLY, *where(at, publisher=publisher))
        .group_by(a.c.publisher, a.c.kind)
        .order_by(a.c.publisher, a.c.kind)
    )
    return [Gap(*row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class Published:
    """What a publisher has made public of one dataset."""

    publisher: str
    dataset: str
    period: str
    entries: int
    since: int


def published(conn: sa.Connection, at: int | None, publisher: str | None = None) -> list[Published]:
    e = tables.entries
    query = (
        sa.select(e.c.publisher, e.c.dataset, e.c.period, func.count(), func.max(e.c.from_publication))
        .where(at_publication(e, at))
        .group_by(e.c.publisher, e.c.dataset, e.c.period)
        .order_by(e.c.publisher, e.c.dataset, e.c.period)
    )
    if publisher:
        query = query.where(e.c.publisher == publisher)
    return [Published(*row) for row in conn.execute(query)]


def process_counts(conn: sa.Connection, at: int | None, by: str = "jurisdiction") -> dict[str, dict[str, int]]:
    """Count processes per jurisdiction (or publisher) and kind."""
    r = tables.records
    column = r.c[by]
    found: dict[str, dict[str, int]] = {}
    query = sa.select(column, r.c.kind, func.count()).where(at_publication(r, at)).group_by(column, r.c.kind)
    for owner, kind, count in conn.execute(query.order_by(column, r.c.kind)):
        found.setdefault(owner, {})[kind] = count
    return found


def publishers_of(conn: sa.Connection, at: int | None, **filters: Any) -> list[tuple[str, int]]:
    """Count, per publisher, the processes with a figure that matches. `filters` as in `totals.where`."""
    a = tables.arcs
    query = (
        sa.select(a.c.publisher, func.count(a.c.ocid.distinct())).where(*where(at, **filters)).group_by(a.c.publisher)
    )
    return [(publisher, count) for publisher, count in conn.execute(query.order_by(a.c.publisher))]


def nearest(conn: sa.Connection, ocid: str, limit: int = 5) -> list[Changed]:
    """Return public processes whose identifier is most like a mistyped one."""
    from rapidfuzz import process as fuzzy

    r = tables.records
    known = conn.scalars(sa.select(r.c.ocid).where(r.c.to_publication.is_(None))).all()
    like = [match for match, _, _ in fuzzy.extract(ocid, known, limit=limit, score_cutoff=60)]
    found = titles(conn, like, None)
    return [Changed(o, *found[o], 0, ()) for o in like if o in found]


def held(conn: sa.Connection, at: int | None) -> dict[str, int]:
    """Return per publisher how many rows wait for their errors to be mended; a newer file of the same scope takes
    the place of the older one."""
    p = tables.publications
    query = sa.select(p.c.publisher, p.c.summary).order_by(p.c.number)
    newest: dict[tuple[str, str, str], int] = {}
    for publisher, summary in conn.execute(query if at is None else query.where(p.c.number <= at)):
        told = json.loads(summary)
        newest[publisher, told.get("dataset", ""), told.get("period", "")] = int(told.get("held") or 0)
    found: dict[str, int] = {}
    for (publisher, _dataset, _period), count in newest.items():
        if count:
            found[publisher] = found.get(publisher, 0) + count
    return found

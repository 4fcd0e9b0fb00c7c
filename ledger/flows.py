"""Who gave, through which programme, who bought, who was paid, where it went: the arcs of one line as flows.

In: the filters of a list (`reading.Wanted`) and one line: a jurisdiction, a stage, a currency, money or loans or goods.
Out: columns of exact sums, each adding up to the line's total, and the bands between them. Every figure passes every
column once, so that nothing is counted twice; an unknown link is a node of its own. Drawing is `public_site.charts`.
Read `Line`, then `flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import GOODS_ONLY
from ledger.reading import ROLES, Wanted, narrowed
from ledger.tables import arcs
from ledger.totals import Total, at_publication, each, totals, where

NODES_MAX = 30
OTHER = "*"  # id of the node that holds what has no room of its own

NATURES = ("money", "loan", "kind")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pledge": ("donor", "programme", "buyer"),
    "commitment": ("donor", "programme", "buyer"),
    "receipt": ("donor", "programme", "buyer", "area"),
    "allocation": ("donor", "programme", "buyer"),
    "contract": ("donor", "programme", "buyer", "supplier", "area"),
    "payment": ("donor", "programme", "buyer", "supplier"),
    "delivery": ("donor", "programme", "receiver", "area"),
}
"""Which links a figure of a stage can have at all. A promise has no supplier: that is "not applicable", not a gap."""

STAGES_FIRST = ("contract", "payment", "receipt", "commitment", "allocation", "pledge", "delivery")
"""Which stage is drawn when the reader names none: the first of these that has an amount."""


@dataclass(frozen=True, slots=True)
class Drawn(Wanted):
    """The filters of a list, and two that only figures have: whose money left, and whom it reached."""

    payer: str = ""
    payee: str = ""

    def arc_filters(self) -> dict[str, Any]:
        own = {"payer": self.payer, "payee": self.payee}
        return Wanted.arc_filters(self) | {k: v for k, v in own.items() if v}


@dataclass(frozen=True, slots=True)
class Line:
    """What may be added up: one jurisdiction, stage, currency, and one of money, loans, goods.

    `amount` is the line's total as `ledger.totals` gives it; `without_amount` counts figures that say no amount, in
    whatever currency they may be: they are in no sum and in no width.
    """

    jurisdiction: str
    stage: str
    currency: str
    nature: str
    amount: Decimal
    figures: int
    without_amount: int

    def filters(self) -> dict[str, Any]:
        """The line as conditions on arcs. Goods bought with a loan are goods, as in every table of totals."""
        nature: dict[str, Any] = {
            "money": {"in_kind": False, "loan": False},
            "loan": {"in_kind": False, "loan": True},
            "kind": {"in_kind": True},
        }[self.nature]
        return {"jurisdiction": self.jurisdiction, "stage": self.stage, "currency": self.currency, **nature}


def lines(conn: sa.Connection, wanted: Wanted, at: int | None, **more: Any) -> list[Line]:
    """Return every line that has an amount under these filters, in the order of the chain.

    `more` are further filters, as `totals.where` takes them; the reader's own go before them.
    """
    sums: dict[tuple[str, str, str, str], list[Any]] = {}
    silent: dict[tuple[str, str, str], int] = {}
    filters = {**more, **narrowed(wanted, at)}
    filters.pop("currency", None)  # a figure without an amount has none
    for t in _totals(conn, at, filters):
        nature = "kind" if t.in_kind else "loan" if t.loan else "money"
        if not t.currency:
            silent[t.jurisdiction, t.stage, nature] = silent.get((t.jurisdiction, t.stage, nature), 0) + t.arcs
        elif not wanted.currency or t.currency == wanted.currency:
            line = sums.setdefault((t.jurisdiction, t.stage, t.currency, nature), [Decimal(0), 0])
            line[0] += t.amount
            line[1] += t.arcs
    return [
        Line(*key, amount=told[0], figures=told[1], without_amount=silent.get((key[0], key[1], key[3]), 0))
        for key, told in sums.items()
    ]


def _totals(conn: sa.Connection, at: int | None, filters: dict[str, Any]) -> Iterable[Total]:
    """Totals of which nobody asks how many processes they are of: those of several areas are those of each."""
    areas = filters.get("area")
    if areas and not isinstance(areas, str) and set(filters) <= {"area", "jurisdiction", "stage", "currency"}:
        lines = {k: v for k, v in filters.items() if k != "area"}
        return (told for code, told in each(conn, "area", at, **lines) if code in areas)
    return totals(conn, at, **filters)


def chosen(found: Iterable[Line], nature: str = "", reporting: str = "") -> Line | None:
    """Return the line to draw when the reader left some of it open; None when no figure has an amount.

    The stage that says most comes first, then the jurisdiction's own currency, money before loans before goods, and
    the line with the most figures.
    """
    fit = [line for line in found if not nature or line.nature == nature]
    return min(
        fit,
        key=lambda f: (
            f.amount <= 0,
            STAGES_FIRST.index(f.stage),
            f.currency != reporting,
            NATURES.index(f.nature),
            -f.figures,
            f.currency,
        ),
        default=None,
    )


Sums = dict[str | None, tuple[Decimal, int]]
"""By id: amount and number of figures. None: the figures that name none."""

_NONE = (Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class Node:
    """One place of one column. `id` None is "not published", `OTHER` is the rest, whose members are listed."""

    role: str
    id: str | None
    amount: Decimal
    figures: int
    members: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """What goes from a node of column `column` to one of the next. Below zero: more was returned than given."""

    column: int
    source: str | None
    target: str | None
    amount: Decimal
    figures: int


@dataclass(frozen=True, slots=True)
class Flows:
    """Columns of one line. The nodes of each column add up to `total`, exactly."""

    roles: tuple[str, ...]
    columns: tuple[tuple[Node, ...], ...]
    bands: tuple[Band, ...]
    total: Decimal
    figures: int


def flows(
    conn: sa.Connection, line: Line, wanted: Wanted, at: int | None = None, limit: int = NODES_MAX
) -> tuple[Flows, dict[str, tuple[str, ...]]]:
    """Return the flows of one line, and who stands behind each joint gift: its id here -> the donors' ids.

    At most `limit` nodes. Cost: what each column adds up to, which is kept for a whole line, and one pass over the
    line's figures in the database, which answers with the bands alone.
    """
    links = _Links(conn, line, wanted, at)
    sums = {role: links.sums(role) for role in COLUMNS[line.stage]}
    if links.giving and set(sums["programme"]) <= {None}:
        # A gift need not be for a programme: a column that would say nothing of any is left out.
        del sums["programme"]

    def between(shown: Mapping[str, Mapping[str | None, str | None]]) -> Iterator[Path]:
        for told, amount, figures in links.collapsed(shown):
            yield Path(tuple(links.id(role, told) for role in shown), amount, figures)

    return assembled(sums, between, limit), links.several


@dataclass(frozen=True, slots=True)
class Path:
    """Figures that share every link: one id a column (None: not published), what they add up to, how many they are."""

    ids: tuple[str | None, ...]
    amount: Decimal
    figures: int


def assembled(
    sums: Mapping[str, Sums],
    between: Callable[[Mapping[str, Mapping[str | None, str | None]]], Iterable[Path]],
    limit: int = NODES_MAX,
) -> Flows:
    """Return columns and bands: the largest nodes of each column by name, the rest in `OTHER`. Pure.

    `between` is told, by column, in which node each id is shown, and gives what links them.
    """
    room = max(3, limit // len(sums))
    columns = [_column(told, role, room) for role, told in sums.items()]
    shown: dict[str, dict[str | None, str | None]] = {}
    for (role, told), column in zip(sums.items(), columns, strict=True):
        hidden = {m.id for node in column for m in node.members}
        shown[role] = {id: OTHER if id in hidden else id for id in told}
    bands: dict[tuple[int, str | None, str | None], list[Any]] = {}
    for path in between(shown):
        ids = [shown[role].get(id, id) for role, id in zip(sums, path.ids, strict=True)]
        for n, (source, target) in enumerate(pairwise(ids)):
            band = bands.setdefault((n, source, target), [Decimal(0), 0])
            band[0] += path.amount
            band[1] += path.figures
    first = next(iter(sums.values())).values()
    return Flows(
        tuple(sums),
        tuple(columns),
        tuple(Band(*key, *told) for key, told in bands.items()),
        sum((amount for amount, _ in first), Decimal(0)),
        sum(figures for _, figures in first),
    )


def ranked(
    conn: sa.Connection, line: Line, wanted: Wanted, role: str, at: int | None = None, limit: int = NODES_MAX
) -> tuple[tuple[Node, ...], dict[str, tuple[str, ...]]]:
    """Return one column of a line's flows, with as many nodes by name; and who stands behind each joint gift."""
    links = _Links(conn, line, wanted, at)
    return _column(links.sums(role), role, max(3, limit)), links.several


def _column(sums: Sums, role: str, room: int) -> tuple[Node, ...]:
    """The largest nodes by name, then what has no room of its own, then what is not published."""
    named = sorted(
        (Node(role, id, *told) for id, told in sums.items() if id is not None),
        key=lambda node: (-node.amount, node.id or ""),
    )
    unknown = [Node(role, None, *sums[None])] if None in sums else []
    free = room - len(unknown)
    kept, rest = (named, []) if len(named) <= free else (named[: free - 1], named[free - 1 :])
    others = []
    if rest:
        amount = sum((r.amount for r in rest), Decimal(0))
        others = [Node(role, OTHER, amount, sum(r.figures for r in rest), tuple(rest))]
    return (*kept, *others, *unknown)


_NAMED_MAX = 5_000  # values in one question; beyond, the database tells each by itself and they are gathered here

_GIVEN = ("pledge", "commitment", "receipt")


class _Links:
    """Which node of each column a line's figures belong to, and what the nodes add up to."""

    def __init__(self, conn: sa.Connection, line: Line, wanted: Wanted, at: int | None) -> None:
        self.conn, self.line, self.wanted, self.at = conn, line, wanted, at
        self.giving = line.stage in _GIVEN
        self.several: dict[str, tuple[str, ...]] = {}
        """Donors of joint gifts: how much each gave of one is not published, so they stay together."""
        self._givers: dict[str, tuple[str, ...]] = {}
        a = arcs.c
        planned = self.giving or line.stage == "allocation"
        buyer, payee = ("payee", a.payee) if planned else ("payer", a.payer), ("payee", a.payee)
        funding = sa.case((a.payer.is_(None), a.funding), else_=sa.null()) if planned else a.funding
        # Money that no programme stands between comes from the gift itself: a fund by another name.
        programme = a.programme if self.giving else func.coalesce(a.programme, a.funding)
        self._raw: dict[str, dict[str, Any]] = {
            "donor": {"donor": a.payer, "funding": funding} if planned else {"funding": funding},
            "programme": {"programme": programme},
            "buyer": {"buyer": buyer[1]},
            "supplier": {"supplier": payee[1]},
            "receiver": {"receiver": payee[1]},
            "area": {"area": a.area},
        }
        kept = {"buyer": buyer[0], "supplier": "payee", "receiver": "payee", "area": "area"}
        self._kept = (kept if planned else {**kept, "donor": "funding"}) if _is_whole(wanted, at) else {}

    def id(self, role: str, told: Mapping[str, str | None]) -> str | None:
        """The node of a column, of a figure or of many that agree in what decides it."""
        if role != "donor":
            return told[role]
        if (donor := told.get("donor")) is not None:
            return donor
        funding = told["funding"]
        if funding is None or funding == OTHER:
            return funding
        donors = self._givers.get(funding, ())
        if len(donors) > 1:
            self.several[funding] = donors
        return (donors[0] if len(donors) == 1 else funding) if donors else None

    def sums(self, role: str) -> Sums:
        raw = self._raw[role]
        if role in self._kept:
            name = next(iter(raw))
            by_code = _by_code(self.conn, self._kept[role], self.line, self.wanted, self.at)
            rows = [({name: code}, *told) for code, told in by_code.items()]
        else:
            rows = self._grouped(raw)
        if role == "donor":
            self._givers = _givers(self.conn, {f for told, _, _ in rows if (f := told["funding"])}, self.at)
            self._fundings = {told["funding"] for told, _, _ in rows}
        found: Sums = {}
        for told, amount, figures in rows:
            was = found.get(id := self.id(role, told), _NONE)
            found[id] = was[0] + amount, was[1] + figures
        return found

    def collapsed(
        self, shown: Mapping[str, Mapping[str | None, str | None]]
    ) -> list[tuple[dict[str, str | None], Decimal, int]]:
        """The figures of the line, added up where they agree in every node that is shown."""
        keys: dict[str, Any] = {}
        for role in shown:
            for name, column in self._raw[role].items():
                if name == "funding":
                    named = {f for f in self._fundings if f and shown[role].get(self.id(role, {"funding": f})) != OTHER}
                else:
                    named = {id for id, node in shown[role].items() if id is not None and node != OTHER}
                others = sa.case((column.in_(named), column), (column.is_(None), sa.null()), else_=OTHER)
                keys[name] = column if len(named) > _NAMED_MAX else others
        return self._grouped(keys)

    def _grouped(self, keys: Mapping[str, Any]) -> list[tuple[dict[str, str | None], Decimal, int]]:
        columns = [column.label(f"k_{name}") for name, column in keys.items()]
        figures = sa.select(*columns, arcs.c.amount).where(*_of(self.line, self.wanted, self.at)).subquery()
        amount = sa.type_coerce(func.sum(figures.c.amount), arcs.c.amount.type)
        wanted = [figures.c[c.name] for c in columns]
        query = sa.select(*wanted, amount, func.count()).group_by(*wanted)
        return [(dict(zip(keys, row, strict=False)), row[-2], row[-1]) for row in self.conn.execute(query)]


def _givers(conn: sa.Connection, ocids: set[str], at: int | None) -> dict[str, tuple[str, ...]]:
    """The donors of gifts, per ocid. Asked for in slices: a database takes only so many values in one question."""
    p = tables.record_parties
    found: dict[str, list[str]] = {}
    known = sorted(ocids)
    for start in range(0, len(known), 500):
        query = (
            sa.select(p.c.ocid, p.c.party)
            .where(p.c.ocid.in_(known[start : start + 500]), p.c.role.in_(ROLES["donor"]), at_publication(p, at))
            .distinct()
            .order_by(p.c.ocid, p.c.party)
        )
        for ocid, party in conn.execute(query):
            found.setdefault(ocid, []).append(party)
    return {ocid: tuple(parties) for ocid, parties in found.items()}


@dataclass(frozen=True, slots=True)
class Moment:
    """What one month, one year known without its month, or no known date (None) adds up to."""

    on: str | None
    amount: Decimal
    figures: int


def moments(conn: sa.Connection, line: Line, wanted: Wanted, at: int | None = None) -> list[Moment]:
    """Return a line by month, as exactly as dates are known: `2020-05`, or `2020` when that is all there is."""
    if _is_whole(wanted, at):
        by_month = _by_code(conn, "month", line, wanted, at)
        return [Moment(m, *by_month[m]) for m in sorted(by_month, key=lambda m: m or "~")]
    month = func.substr(arcs.c.on, 1, 7)
    query = sa.select(month, _sum(), func.count()).where(*_of(line, wanted, at)).group_by(month)
    return sorted((Moment(*row) for row in conn.execute(query)), key=lambda m: m.on or "~")


@dataclass(frozen=True, slots=True)
class Place:
    """What names one area (None: no area is published). `amount` None: figures, none with an amount."""

    area: str | None
    amount: Decimal | None
    figures: int
    without_amount: int


def places(conn: sa.Connection, line: Line, wanted: Wanted, at: int | None = None) -> list[Place]:
    """Return a line by area, with the figures of its stage that name an area and no amount."""
    if _is_whole(wanted, at):
        return _kept_places(conn, line, wanted, at)
    filters = {**narrowed(wanted, at), **line.filters()}
    filters.pop("currency")
    without = func.sum(sa.case((arcs.c.amount.is_(None), 1), else_=0))
    either = sa.or_(arcs.c.currency == line.currency, arcs.c.amount.is_(None))
    query = (
        sa.select(arcs.c.area, _sum(), func.count(), without)
        .where(arcs.c.counted, arcs.c.event != GOODS_ONLY, either, *where(at, **filters))
        .group_by(arcs.c.area)
    )
    return [Place(area, amount, count, int(none)) for area, amount, count, none in conn.execute(query)]


def _kept_places(conn: sa.Connection, line: Line, wanted: Wanted, at: int | None) -> list[Place]:
    amounts = _by_code(conn, "area", line, wanted, at)
    silent = _by_code(conn, "area", replace(line, currency=""), wanted, at)
    return [
        Place(area, amounts[area][0] if area in amounts else None, amounts.get(area, _NONE)[1] + without, without)
        for area in sorted({*amounts, *silent}, key=lambda a: (a is None, a))
        for without in (silent.get(area, _NONE)[1],)
    ]


def _by_code(conn: sa.Connection, by: str, line: Line, wanted: Wanted, at: int | None) -> Sums:
    """What a whole line says by one thing, as it is kept."""
    chosen = {**line.filters(), "crossing": wanted.crossing}
    found: Sums = {}
    whole = [(told.amount, told.arcs) for told in totals(conn, at, **chosen)]
    for code, told in each(conn, by, at, **chosen):
        amount, figures = found.get(code, _NONE)
        found[code] = amount + told.amount, figures + told.arcs
    unnamed = sum(n for _, n in whole) - sum(n for _, n in found.values())
    if unnamed:
        amount = sum((a for a, _ in whole), Decimal(0)) - sum((a for a, _ in found.values()), Decimal(0))
        found[None] = amount, unnamed
    return found


def _is_whole(wanted: Wanted, at: int | None) -> bool:
    """Whether the reader filters by nothing but what makes a line and how money crosses: then the sums are kept."""
    return set(narrowed(wanted, at)) <= {"jurisdiction", "stage", "currency", "crossing"}


def named(conn: sa.Connection, jurisdiction: str, at: int | None = None) -> dict[str, int]:
    """Count the figures that name each area, of whatever stage, with or without an amount."""
    query = (
        sa.select(arcs.c.area, func.count())
        .where(arcs.c.counted, arcs.c.area.is_not(None), *where(at, jurisdiction=jurisdiction))
        .group_by(arcs.c.area)
    )
    return {area: count for area, count in conn.execute(query)}


def _sum() -> sa.ColumnElement[Any]:
    return sa.type_coerce(func.sum(arcs.c.amount), arcs.c.amount.type)


def _of(line: Line, wanted: Wanted, at: int | None) -> list[sa.ColumnElement[bool]]:
    filters = {**narrowed(wanted, at), **line.filters()}
    return [arcs.c.counted, arcs.c.event != GOODS_ONLY, arcs.c.amount.is_not(None), *where(at, **filters)]

"""Who gave, through which programme, who bought, who was paid, where it went: the arcs of one line as flows.

In: the filters of a list (`reading.Wanted`) and one line: a jurisdiction, a stage, a currency, money or loans or goods.
Out: columns of exact sums, each adding up to the line's total, and the bands between them. Every figure passes every
column once, so that nothing is counted twice; an unknown link is a node of its own. Drawing is `public_site.charts`.
Read `Line`, then `flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
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
    for t in totals(conn, at, **filters):
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


@dataclass(frozen=True, slots=True)
class Path:
    """Figures that share every link: one id a column (None: not published), what they add up to, how many they are."""

    ids: tuple[str | None, ...]
    amount: Decimal
    figures: int


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

    At most `limit` nodes. Cost: one GROUP BY over the line's arcs.
    """
    several: dict[str, tuple[str, ...]] = {}
    roles = COLUMNS[line.stage]
    found = paths(conn, line, wanted, at, several)
    if line.stage in ("pledge", "commitment", "receipt") and all(p.ids[1] is None for p in found):
        # A gift need not be for a programme: a column that would say nothing of any is left out.
        roles = tuple(r for r in roles if r != "programme")
        found = [Path((p.ids[0], *p.ids[2:]), p.amount, p.figures) for p in found]
    return gathered(found, roles, limit), several


def gathered(found: Sequence[Path], roles: tuple[str, ...], limit: int = NODES_MAX) -> Flows:
    """Return columns and bands of paths: the largest nodes of each column by name, the rest in `OTHER`. Pure."""
    room = max(3, limit // len(roles))
    columns, shown = [], []
    for n, role in enumerate(roles):
        nodes = _nodes(found, n, role)
        unknown = [node for node in nodes if node.id is None]
        named = sorted((node for node in nodes if node.id is not None), key=lambda node: (-node.amount, node.id or ""))
        free = room - len(unknown)
        kept, rest = (named, []) if len(named) <= free else (named[: free - 1], named[free - 1 :])
        others = []
        if rest:
            amount = sum((r.amount for r in rest), Decimal(0))
            others = [Node(role, OTHER, amount, sum(r.figures for r in rest), tuple(rest))]
        columns.append((*kept, *others, *unknown))
        hidden = {r.id for r in rest}
        shown.append({node.id: OTHER if node.id in hidden else node.id for node in nodes})
    bands: dict[tuple[int, str | None, str | None], list[Any]] = {}
    for path in found:
        for n in range(len(roles) - 1):
            band = bands.setdefault((n, shown[n][path.ids[n]], shown[n + 1][path.ids[n + 1]]), [Decimal(0), 0])
            band[0] += path.amount
            band[1] += path.figures
    return Flows(
        roles,
        tuple(columns),
        tuple(Band(*key, *told) for key, told in bands.items()),
        sum((p.amount for p in found), Decimal(0)),
        sum(p.figures for p in found),
    )


def _nodes(found: Iterable[Path], n: int, role: str) -> list[Node]:
    sums: dict[str | None, list[Any]] = {}
    for path in found:
        told = sums.setdefault(path.ids[n], [Decimal(0), 0])
        told[0] += path.amount
        told[1] += path.figures
    return [Node(role, id, *told) for id, told in sums.items()]


def paths(
    conn: sa.Connection, line: Line, wanted: Wanted, at: int | None, several: dict[str, tuple[str, ...]]
) -> list[Path]:
    """Return what a line's figures say of donor, programme, buyer, supplier and area, added up where all agree.

    `several` receives the donors of joint gifts: how much each gave of one is not published, so they stay together.
    """
    roles = COLUMNS[line.stage]
    keys = (arcs.c.funding, arcs.c.programme, arcs.c.payer, arcs.c.payee, arcs.c.area)
    query = sa.select(*keys, _sum(), func.count()).where(*_of(line, wanted, at)).group_by(*keys)
    rows = conn.execute(query).all()
    givers = _givers(conn, {row.funding for row in rows if row.funding}, at)
    giving = line.stage in ("pledge", "commitment", "receipt")
    sums: dict[tuple[str | None, ...], list[Any]] = {}
    for funding, programme, payer, payee, area, amount, count in rows:
        donor = payer if giving or line.stage == "allocation" else None
        if donor is None and funding in givers:
            donors = givers[funding]
            donor = donors[0] if len(donors) == 1 else funding
            if len(donors) > 1:
                several[funding] = donors
        told = {
            "donor": donor,
            # Money that no programme stands between comes from the gift itself: a fund by another name.
            "programme": programme or (None if giving else funding),
            "buyer": payee if giving or line.stage == "allocation" else payer,
            "supplier": payee,
            "receiver": payee,
            "area": area,
        }
        same = sums.setdefault(tuple(told[role] for role in roles), [Decimal(0), 0])
        same[0] += amount
        same[1] += count
    return [Path(ids, *told) for ids, told in sums.items()]


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
        found = _summed((month, t) for month, t in each(conn, "month", at, **line.filters()))
        whole = _summed(("", t) for t in totals(conn, at, **line.filters())).get("", _NONE)
        undated = (
            whole[0] - sum((m[0] for m in found.values()), Decimal(0)),
            whole[1] - sum(m[1] for m in found.values()),
        )
        known = [Moment(month, amount, figures) for month, (amount, figures) in sorted(found.items())]
        return [*known, Moment(None, *undated)] if undated[1] else known
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
        return _kept_places(conn, line, at)
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


def _kept_places(conn: sa.Connection, line: Line, at: int | None) -> list[Place]:
    chosen = {**line.filters(), "currency": (line.currency, "")}
    by_area = each(conn, "area", at, **chosen)
    told: list[tuple[str | None, Total]] = [*by_area]
    amounts = _summed(told, lambda t: bool(t.currency))
    silent = _summed(told, lambda t: not t.currency)
    whole = [(None, t) for t in totals(conn, at, **chosen)]
    for kept, all_told in (
        (amounts, _summed(whole, lambda t: bool(t.currency))),
        (silent, _summed(whole, lambda t: not t.currency)),
    ):
        amount, figures = all_told.get(None, _NONE)
        rest = amount - sum((a for a, _ in kept.values()), Decimal(0)), figures - sum(n for _, n in kept.values())
        if rest[1]:
            kept[None] = rest
    return [
        Place(area, amounts[area][0] if area in amounts else None, amounts.get(area, _NONE)[1] + without, without)
        for area in sorted({*amounts, *silent}, key=lambda a: (a is None, a))
        for without in (silent.get(area, _NONE)[1],)
    ]


_NONE = (Decimal(0), 0)


def _summed(
    told: Iterable[tuple[Any, Total]], which: Callable[[Total], bool] = lambda t: True
) -> dict[Any, tuple[Decimal, int]]:
    """Amount and figures by key, of the totals that are meant: goods bought with a loan are goods."""
    found: dict[Any, tuple[Decimal, int]] = {}
    for key, total in told:
        if which(total):
            amount, figures = found.get(key, _NONE)
            found[key] = amount + total.amount, figures + total.arcs
    return found


def _is_whole(wanted: Wanted, at: int | None) -> bool:
    """Whether the reader filters by nothing but what makes a line: then the sums are kept."""
    return set(narrowed(wanted, at)) <= {"jurisdiction", "stage", "currency"}


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

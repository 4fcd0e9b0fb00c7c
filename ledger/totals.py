"""Sums of money that may be shown: within one stage, one currency, one jurisdiction, and never across.

`totals` adds in SQL over the arcs that were true at a publication; `of_arcs` does the same purely and is its
judge. `reconciliation` and `remainders` put totals side by side without adding them. Conversions: `rates`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import subtotals, tables
from ledger.arcs import GOODS_ONLY, Arc
from ledger.tables import STAGES, arcs


@dataclass(frozen=True, slots=True)
class Total:
    """One sum. Arcs without a published amount are in `without_amount`, not in `amount`.

    `currency` is "" and `amount` zero for the line of arcs that have no amount at all.
    """

    jurisdiction: str
    stage: str
    currency: str
    in_kind: bool
    loan: bool
    amount: Decimal
    processes: int
    arcs: int
    without_amount: int

    @property
    def line(self) -> tuple[str, str, str, bool, bool]:
        """What makes two totals the same line: everything that must never be added across."""
        return (self.jurisdiction, self.stage, self.currency, self.in_kind, self.loan)


def in_order_of_lines(found: Iterable[Total]) -> list[Total]:
    return sorted(found, key=lambda t: (t.jurisdiction, STAGES.index(t.stage), t.currency, t.in_kind, t.loan))


def at_publication(table: sa.Table, at: int | None) -> sa.ColumnElement[bool]:
    """Say in SQL "true at publication `at`" (None: true now) for any table with a publication interval."""
    if at is None:
        return table.c.to_publication.is_(None)
    return sa.and_(
        table.c.from_publication <= at, sa.or_(table.c.to_publication.is_(None), table.c.to_publication > at)
    )


FILTERS = frozenset(Arc.__dataclass_fields__) - {"position", "amount", "quantity", "on", "locator"}


def where(at: int | None = None, **filters: Any) -> list[sa.ColumnElement[bool]]:
    """Turn filters into SQL conditions on arcs; every reader of arcs filters the same way.

    A filter is a column of arcs with one value or a collection of values; None means no filter. Besides:
    `ocids` (a collection or a SELECT), `party` (payer or payee), `year` or `since`/`until` on the event date,
    `least`/`most` on the amount (a figure without one is neither).
    """
    found = [at_publication(arcs, at)]
    for name, value in filters.items():
        if value is None:
            continue
        if name == "ocids":
            found.append(arcs.c.ocid.in_(value))
        elif name == "party":
            found.append(sa.or_(arcs.c.payer == value, arcs.c.payee == value))
        elif name == "since":
            found.append(arcs.c.on >= value)
        elif name == "until":
            found.append(arcs.c.on <= value)
        elif name == "least":
            found.append(arcs.c.amount >= value)
        elif name == "most":
            found.append(arcs.c.amount <= value)
        elif name == "year":
            found.append(arcs.c.on.like(f"{int(value):04d}%"))
        elif name in FILTERS:
            found += _chosen(arcs, {name: value})
        else:
            raise TypeError(f"arcs have no filter {name}")
    return found


def totals(conn: sa.Connection, at: int | None = None, **filters: Any) -> list[Total]:
    """Return the totals at publication `at` (None: now), one a line that may be added. See `where` for filters.

    Everything, and what concerns one office, area, party or the like, is kept (`subtotals`); other filters are added
    up. Exact on both databases: `Amount` adds whole ten-thousandths on SQLite and NUMERIC on PostgreSQL.
    """
    kept = subtotals.answering(filters)
    if kept is None:
        return added(conn, at, **filters)
    return in_order_of_lines(told for _, told in _kept(conn, at, _chosen(tables.subtotals, kept)))


def each(conn: sa.Connection, by: str, at: int | None = None, **lines: Any) -> list[tuple[str, Total]]:
    """Return the kept totals of every code of `by` (`subtotals.BY`, or `month`: `2020-05`, or `2020` when that is all
    that is known). `lines` chooses by what makes a line (jurisdiction, stage, currency, in_kind, loan), by crossing.
    """
    t = tables.subtotals
    return [(code, told) for code, told in _kept(conn, at, _chosen(t, {"by": by, "crossing": "", **lines}))]


def _kept(
    conn: sa.Connection, at: int | None, conditions: Iterable[sa.ColumnElement[bool]]
) -> Iterator[tuple[str, Total]]:
    t = tables.subtotals
    columns = (t.c.code, *(t.c[n] for n in subtotals.LINE), t.c.amount, t.c.processes, t.c.figures, t.c.without_amount)
    for code, j, s, c, k, loan, *sums in conn.execute(sa.select(*columns).where(*conditions, at_publication(t, at))):
        yield code, Total(j, s, c, k, loan, *sums)


def _chosen(table: sa.Table, filters: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Columns that have one value, or one of several."""
    return [
        table.c[name].in_(value)
        if isinstance(value, Collection) and not isinstance(value, str)
        else table.c[name] == value
        for name, value in filters.items()
    ]


def added(conn: sa.Connection, at: int | None = None, **filters: Any) -> list[Total]:
    """Return the same totals, added up now from every figure under the filters."""
    currency = func.coalesce(arcs.c.currency, "")
    groups = (arcs.c.jurisdiction, arcs.c.stage, currency, arcs.c.in_kind, arcs.c.loan)
    query = (
        sa.select(
            *groups,
            sa.type_coerce(func.sum(arcs.c.amount), arcs.c.amount.type),
            func.count(arcs.c.ocid.distinct()),
            func.count(),
            func.sum(sa.case((arcs.c.amount.is_(None), 1), else_=0)),
        )
        .where(arcs.c.counted, arcs.c.event != GOODS_ONLY, *where(at, **filters))
        .group_by(*groups)
    )
    return in_order_of_lines(
        Total(j, s, c, k, loan, Decimal(0) if amount is None else Decimal(amount), n, m, int(without))
        for j, s, c, k, loan, amount, n, m, without in conn.execute(query)
    )


def of_arcs(movements: Iterable[Arc]) -> list[Total]:
    """Return the same totals from arcs in memory: for files not yet published, and as the judge of `totals`."""
    lines: dict[tuple[str, str, str, bool, bool], list[Arc]] = {}
    for arc in movements:
        if arc.counted and arc.event != GOODS_ONLY:
            key = (arc.jurisdiction, arc.stage, arc.currency or "", arc.in_kind, arc.loan)
            lines.setdefault(key, []).append(arc)
    return in_order_of_lines(
        Total(
            *key,
            amount=sum((a.amount for a in members if a.amount is not None), Decimal(0)),
            processes=len({a.ocid for a in members}),
            arcs=len(members),
            without_amount=sum(a.amount is None for a in members),
        )
        for key, members in lines.items()
    )


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is still open of one aid process in one currency (rule 3). None: later stages are in another currency
    too, and subtracting would invent a rate."""

    currency: str
    in_kind: bool
    promised: Decimal
    signed: Decimal
    received: Decimal
    not_yet_signed: Decimal | None
    not_yet_received: Decimal | None


def remainders(process: Iterable[Arc]) -> list[Remainder]:
    """Return, per currency, what is promised and not yet signed, and signed and not yet received.

    Money that arrived without a signed agreement has fulfilled its promise: a promise is open only beyond
    the larger of what was signed and what was received. An overshoot is not a negative remainder.
    """
    sums: dict[tuple[str, bool], dict[str, Decimal]] = {}
    for arc in process:
        if arc.counted and arc.amount is not None and arc.currency and arc.stage in ("pledge", "commitment", "receipt"):
            line = sums.setdefault(
                (arc.currency, arc.in_kind), dict.fromkeys(("pledge", "commitment", "receipt"), Decimal(0))
            )
            line[arc.stage] += arc.amount
    found = []
    for (currency, in_kind), s in sorted(sums.items()):
        others = [o for (c, k), o in sums.items() if c != currency and k == in_kind]
        signed_elsewhere = any(o["commitment"] or o["receipt"] for o in others)
        received_elsewhere = any(o["receipt"] for o in others)
        open_promise = max(Decimal(0), s["pledge"] - max(s["commitment"], s["receipt"]))
        open_signed = max(Decimal(0), s["commitment"] - s["receipt"])
        found.append(
            Remainder(
                currency,
                in_kind,
                s["pledge"],
                s["commitment"],
                s["receipt"],
                None if signed_elsewhere and open_promise else open_promise,
                None if received_elsewhere and open_signed else open_signed,
            )
        )
    return found


def movements(conn: sa.Connection, at: int | None = None, **filters: Any) -> list[Arc]:
    """Return the arcs themselves, in record order. For one process or one page; `totals` for many."""
    query = (
        sa.select(*(arcs.c[name] for name in Arc.__dataclass_fields__))
        .where(*where(at, **filters))
        .order_by(arcs.c.ocid, arcs.c.position)
    )
    return [Arc(*row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class CashLine:
    """Money across the boundary in one currency: `difference` is received minus paid, stated whatever it is."""

    currency: str
    received: Decimal
    paid: Decimal

    @property
    def difference(self) -> Decimal:
        return self.received - self.paid


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """One kind of goods: what came in, what was handed out. `remaining` below zero means that more was
    handed out than was reported as received: it is shown, never hidden."""

    item_key: str
    unit: str | None
    item: str
    received: Decimal
    distributed: Decimal

    @property
    def remaining(self) -> Decimal:
        return self.received - self.distributed


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came in = what went out + what is left, per currency and per item, or the difference is stated (rule 10)."""

    jurisdiction: str
    cash: tuple[CashLine, ...]
    goods: tuple[GoodsLine, ...]


def reconciliation(conn: sa.Connection, jurisdiction: str, at: int | None = None, goods: bool = True) -> Reconciliation:
    """Return both sides of the boundary of one jurisdiction. Cash and goods never meet (rule 5)."""
    cash: dict[str, dict[str, Decimal]] = {}
    query = (
        sa.select(arcs.c.currency, arcs.c.crossing, sa.type_coerce(func.sum(arcs.c.amount), arcs.c.amount.type))
        .where(
            arcs.c.counted,
            arcs.c.amount.is_not(None),
            sa.not_(arcs.c.in_kind),
            arcs.c.crossing != "internal",
            *where(at, jurisdiction=jurisdiction),
        )
        .group_by(arcs.c.currency, arcs.c.crossing)
    )
    for currency, crossing, amount in conn.execute(query):
        cash.setdefault(currency, {})[crossing] = Decimal(amount)
    zero = Decimal(0)
    lines = tuple(CashLine(c, s.get("in", zero), s.get("out", zero)) for c, s in sorted(cash.items()))
    return Reconciliation(jurisdiction, lines, _goods(conn, jurisdiction, at) if goods else ())


def _goods(conn: sa.Connection, jurisdiction: str, at: int | None) -> tuple[GoodsLine, ...]:
    """Gifts in kind only: goods that were bought are followed contract by contract, not against donations."""
    came = arcs.c.stage == "receipt"
    quantity = arcs.c.quantity
    zero = sa.literal(Decimal(0), quantity.type)
    query = (
        sa.select(
            arcs.c.item_key,
            arcs.c.unit,
            func.min(arcs.c.item),
            sa.type_coerce(func.sum(sa.case((came, quantity), else_=zero)), quantity.type),
            sa.type_coerce(func.sum(sa.case((came, zero), else_=quantity)), quantity.type),
        )
        .where(
            arcs.c.counted,
            quantity.is_not(None),
            arcs.c.item_key.is_not(None),
            arcs.c.kind == "aid",
            arcs.c.stage.in_(("receipt", "delivery")),
            *where(at, jurisdiction=jurisdiction),
        )
        .group_by(arcs.c.item_key, arcs.c.unit)
        .order_by(arcs.c.item_key, arcs.c.unit)
    )
    return tuple(
        GoodsLine(k, u, i or "", Decimal(received), Decimal(given)) for k, u, i, received, given in conn.execute(query)
    )

"""Comparisons that are fair: prices of the same thing in the same unit and grade, and how a buyer buys, with the base.

In: a reading connection and what is compared, as of a publication. Out: numbers with how many they are of. Nothing is
ranked, and nothing is compared across currencies or jurisdictions. Read `prices`, then `buying`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.checks import CHECKS
from ledger.checks.compared import Spread, group_of
from ledger.checks.stored import spreads
from ledger.totals import at_publication, where

LEAST = int(CHECKS["unit-price"].limits["least"])
"""From how many contracts on a median is worth showing."""

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Price:
    """One price of one basic unit. `per` of them were in the published unit, whose price stands at the locator."""

    ocid: str
    title: str
    price: Decimal
    per: int
    quantity: Decimal | None
    on: str | None
    locator: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Unit prices that may be compared. `spread` None: from fewer than `LEAST` contracts, and then nothing is said."""

    jurisdiction: str
    grade: str
    unit: str
    currency: str
    contracts: int
    spread: Spread | None
    prices: tuple[Price, ...]

    @property
    def more(self) -> int:
        """How many prices are counted in the spread and not listed."""
        return max(0, (self.spread.prices if self.spread else 0) - len(self.prices))


def item_of(key: str) -> str:
    """The goods of an item's address. Goods known by their words alone have their unit in it: it is compared apart."""
    return key.partition(":")[0] if key.startswith("text/") else key


def prices(conn: sa.Connection, item_key: str, at: int | None) -> list[Prices]:
    """Return the unit prices of one kind of goods in contracts, in groups that may be compared, lowest first."""
    c = tables.comparables
    query = sa.select(c.c.group).distinct().where(c.c.item == item_of(item_key), at_publication(c, at))
    kept = spreads(conn, conn.scalars(query).all(), at)
    return [_prices(conn, group, told, at) for group, told in sorted(kept.items())]


def _prices(conn: sa.Connection, group: str, told: Spread, at: int | None) -> Prices:
    _, _, jurisdiction, grade, unit, currency = group_of(group)
    c, r = tables.comparables, tables.records
    query = (
        sa.select(c.c.ocid, func.coalesce(r.c.title, c.c.ocid), c.c.amount, c.c.per, c.c.quantity, c.c.on, c.c.locator)
        .outerjoin(r, sa.and_(r.c.ocid == c.c.ocid, at_publication(r, at)))
        .where(c.c.group == group, at_publication(c, at))
        .order_by(c.c.amount, c.c.ocid, c.c.locator)
        .limit(SHOWN)
    )
    rows = tuple(Price(*row) for row in conn.execute(query))
    enough = told if told.contracts >= LEAST else None
    return Prices(jurisdiction, grade, unit, currency, told.contracts, enough, rows)


@dataclass(frozen=True, slots=True)
class Share:
    """The largest supplier's part of what a buyer agreed to pay, in one currency.

    `contracts` and `suppliers` are those with a published amount and one named supplier: the base of the share.
    """

    currency: str
    agreed: Decimal
    largest: Decimal
    suppliers: int
    contracts: int

    @property
    def percent(self) -> Decimal:
        return (self.largest * 100 / self.agreed).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Buying:
    """How one buyer buys: of `purchases` the method is known of `told`, and `direct` were direct awards."""

    purchases: int
    told: int
    direct: int
    shares: tuple[Share, ...]


def buying(conn: sa.Connection, buyer: str, at: int | None) -> Buying:
    """Return how a buyer buys, as plain numbers with what they are of. Withdrawn and cancelled ones do not count."""
    r, p, a = tables.records, tables.record_parties, tables.arcs
    of_buyer = sa.select(p.c.ocid).where(p.c.party == buyer, p.c.role == "buyer", at_publication(p, at))
    query = sa.select(func.lower(r.c.method), func.count()).where(
        r.c.ocid.in_(of_buyer), r.c.kind == "procurement", sa.not_(r.c.withdrawn), at_publication(r, at)
    )
    methods: dict[str | None, int] = {m: n for m, n in conn.execute(query.group_by(func.lower(r.c.method)))}
    amount: Any = sa.type_coerce(func.sum(a.c.amount), a.c.amount.type)
    agreed = (
        sa.select(a.c.currency, a.c.payee, amount, func.count(a.c.ocid.distinct()))
        .where(a.c.counted, a.c.amount.is_not(None), a.c.payee.is_not(None), *where(at, stage="contract", payer=buyer))
        .group_by(a.c.currency, a.c.payee)
    )
    sums: dict[str, list[tuple[Decimal, int]]] = {}
    for currency, _payee, total, count in conn.execute(agreed):
        sums.setdefault(currency, []).append((total, count))
    shares = (
        Share(c, sum((s for s, _ in told), Decimal(0)), max(s for s, _ in told), len(told), sum(n for _, n in told))
        for c, told in sorted(sums.items())
    )
    return Buying(
        sum(methods.values()),
        sum(n for m, n in methods.items() if m),
        methods.get("direct", 0),
        tuple(s for s in shares if s.agreed > 0),
    )

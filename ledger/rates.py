"""Amounts in the reporting currency, shown beside the original and never instead of it.

Rates come from `ledger.toml` and from published rates sheets. A conversion names its rate, day and source; an
amount without a rate is counted aloud as not included. Read `conversions` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from ledger.settings import Rate, Register
from ledger.tables import rates as table
from ledger.totals import at_publication
from ledger.values import Money


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in another currency, in whole minor units, with the rate that made it."""

    money: Money
    rate: Rate


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate that counts, by pair of currencies, in order of day."""

    by_pair: Mapping[tuple[str, str], tuple[Rate, ...]]

    def on(self, currency: str, reporting: str, day: str) -> Rate | None:
        """Return the latest rate on or before the day; None when there is none: a later rate says nothing of it.

        `day` may be as imprecise as its source; `2020-05` means the rate known when May 2020 began.
        """
        before = [r for r in self.by_pair.get((currency, reporting), ()) if r.on <= day]
        return before[-1] if before else None


def gathered(register: Register, published: Iterable[Rate] = ()) -> Rates:
    """Join the register's rates and published ones; of two for one day the published one counts."""
    found: dict[tuple[str, str, str], Rate] = {}
    for rate in (*register.rates, *published):
        found[rate.currency, rate.reporting, rate.on] = rate
    pairs: dict[tuple[str, str], list[Rate]] = {}
    for rate in sorted(found.values(), key=lambda r: r.on):
        pairs.setdefault((rate.currency, rate.reporting), []).append(rate)
    return Rates({pair: tuple(several) for pair, several in pairs.items()})


def published(conn: sa.Connection, at: int | None = None) -> list[Rate]:
    """Return the rates of published rates sheets, as of publication `at` (None: now)."""
    query = sa.select(table).where(at_publication(table, at)).order_by(table.c.currency, table.c.reporting, table.c.on)
    return [Rate(r.currency, r.reporting, Decimal(r.value), r.on, r.source) for r in conn.execute(query)]


def conversions(amount: Decimal, currency: str, reporting: str, on: str | None, rates: Rates) -> Converted | None:
    """Return the amount in the reporting currency at the rate of its day, or None: then it is not included.

    Rounded once, half to even, to the reporting currency's minor unit. An amount that is in the reporting
    currency already is no conversion but is included as it stands. Without a day there is no rate.
    """
    if currency == reporting:
        return Converted(Money(amount, currency), Rate(currency, reporting, Decimal(1), on or "", ""))
    rate = rates.on(currency, reporting, on) if on else None
    return None if rate is None else Converted(Money(amount * rate.value, reporting).quantised(), rate)


@dataclass(frozen=True, slots=True)
class Reported:
    """Amounts added in the reporting currency, with what could not be: currency -> how many amounts, their sum."""

    money: Money
    included: int
    not_included: Mapping[str, tuple[int, Decimal]]


def reported(amounts: Iterable[tuple[Decimal, str, str | None]], reporting: str, rates: Rates) -> Reported:
    """Add (amount, currency, day) in the reporting currency. Each is converted at its own day, then added.

    Only for amounts of one stage, one jurisdiction, cash or in kind: the caller's `totals` lines say which.
    """
    total, included = Money(Decimal(0), reporting), 0
    left_out: dict[str, tuple[int, Decimal]] = {}
    for amount, currency, on in amounts:
        converted = conversions(amount, currency, reporting, on, rates)
        if converted is None:
            count, told = left_out.get(currency, (0, Decimal(0)))
            left_out[currency] = (count + 1, told + amount)
        else:
            total, included = total + converted.money, included + 1
    return Reported(total, included, left_out)

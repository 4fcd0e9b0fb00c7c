"""The two checks that look at other records too: purchases in parts, and the price of one unit.

In: one record gives what of it can be compared (`comparables`); the comparables of one group, wherever they are from,
give matches (`matches`). A group never holds two currencies, two jurisdictions, two units or two grades. Pure: what
is stored of it is `stored`. Read `matches`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.checks import units
from ledger.checks.facts import Contract, Facts, amount, day
from ledger.checks.model import COMPARED, Number, Result, applies, check, limit, unknown
from ledger.values import decimal, quantity_text

_PLACES = Decimal("0.0001")  # what `tables.Amount` keeps
SHOWN = 10  # other contracts that one match names; how many there are is always said


@dataclass(frozen=True, slots=True)
class Comparable:
    """One contract, or one unit price, as it can be compared with the others of its `group`.

    `amount` of a price is for one basic unit; `per` is how many of them the published unit holds. `part` is the
    locator of the contract or item that a match is about, `item` the goods of a price.
    """

    ocid: str
    jurisdiction: str
    locator: str
    group: str
    item: str | None
    part: str
    amount: Decimal
    per: int
    quantity: Decimal | None
    on: str | None


@check("split-purchases", 1, compares=True, days=30, percent=10)
def split_purchases(facts: Facts) -> Iterator[Result]:
    """Purchases that may be parts of one.

    Looks at contracts of one buyer with one supplier that had no open or selective tender, in different records. It
    matches when two or more were signed within {days} days and their amounts differ by {percent} % or less, in one
    currency.

    The law asks for a tender above a certain amount. Two orders of half the size need none.

    - The goods were needed again, and the same quantity was ordered.
    - Two hospitals or districts ordered separately.
    - The price is fixed, so that orders of one size cost the same.

    Limit: {days} days and {percent} %. The amount from which a tender is needed is not in the data, so the check looks
    for what parts of one purchase have in common. The numbers are this ledger's own choice.
    """
    if facts.method in ("open", "selective"):
        return
    for contract in facts.live:
        missing = list(_unsaid(facts, contract))
        yield unknown(contract.place, *missing) if missing else Result(COMPARED, contract.place)


def _unsaid(facts: Facts, contract: Contract) -> Iterator[str]:
    if contract.worth is None:
        yield "amount"
    if not facts.buyer:
        yield "buyer"
    if not contract.suppliers:
        yield "supplier"
    if day(contract.signed) is None:
        yield "contract.date"


@check("unit-price", 1, compares=True, times=2, least=5)
def unit_price(facts: Facts) -> Iterator[Result]:
    """Price of one unit above the usual.

    Looks at the price of one unit of the same goods in the same unit and of the same grade, in the contracts of one
    country and one currency. It matches when a price is more than {times} times the median of at least {least}
    contracts.

    A high price can be the price of that week, or one that nobody compared.

    - In 2020 prices of masks and tests changed within days.
    - Small quantities, fast transport or remote places cost more.
    - The quality differs in a way that the description does not say.

    Limit: {times} times the median, and at least {least} contracts. Smaller differences are common between days and
    quantities; with fewer contracts the middle says little. The numbers are this ledger's own choice.
    """
    for contract in facts.live:
        for where, item in contract.items:
            value = (item.get("unit") or {}).get("value") or {}
            if value.get("amount") is None or not value.get("currency"):
                yield unknown(where, "item.unitValue")
            elif not units.goods(item):
                yield unknown(where, "item.description")
            elif not str((item.get("unit") or {}).get("name") or (item.get("unit") or {}).get("id") or ""):
                yield unknown(where, "item.unit")
            else:
                yield Result(COMPARED, where)


def comparables(facts: Facts, answers: Mapping[str, Iterable[Result]]) -> Iterator[Comparable]:
    """Yield what of one record can be compared with others: just where the two checks answered so."""
    places, priced = (
        {r.part for r in answers[code] if r.outcome == COMPARED} for code in ("split-purchases", "unit-price")
    )
    for contract in facts.live:
        if contract.place in places and contract.worth:
            yield Comparable(
                facts.ocid,
                facts.jurisdiction,
                contract.worth.locator,
                _group("split-purchases", facts.buyer, *sorted(contract.suppliers), contract.worth.currency),
                None,
                contract.place,
                contract.worth.amount.quantize(_PLACES),
                1,
                None,
                contract.signed,
            )
        for where, item in contract.items:
            if where in priced:
                yield _price(facts, contract, where, item)


def _price(facts: Facts, contract: Contract, where: str, item: Mapping[str, Any]) -> Comparable:
    told = item["unit"]
    basic, per = units.unit(str(told.get("name") or told.get("id")))
    grade = units.grade(str(item.get("description") or ""))
    goods = units.goods(item)
    worth = amount(item, told, "/unit")
    assert worth is not None
    return Comparable(
        facts.ocid,
        facts.jurisdiction,
        f"{where}/unit/value/amount",
        _group("unit-price", goods, facts.jurisdiction, grade, basic, worth.currency),
        goods,
        where,
        (worth.amount / per).quantize(_PLACES),
        per,
        None if item.get("quantity") is None else (decimal(item["quantity"]) * per).quantize(_PLACES),
        contract.signed,
    )


def _group(*parts: str) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def group_of(text: str) -> tuple[str, ...]:
    """The parts of a group: the check's code first, its currency last."""
    return tuple(json.loads(text))


def matches(group: str, members: Iterable[Comparable]) -> Iterator[tuple[Comparable, Result]]:
    """Yield the members of one group that a check matches. The order of the members does not matter."""
    ordered = sorted(members, key=lambda m: (m.on or "", m.ocid, m.locator))
    parts = group_of(group)
    if len(ordered) < 2:  # alone, or everything of the group was withdrawn
        return
    yield from {"split-purchases": _split, "unit-price": _dear}[parts[0]](ordered, parts[-1])


def _split(members: Sequence[Comparable], currency: str) -> Iterator[tuple[Comparable, Result]]:
    """Each with those of other records signed at most so many days before or after. O(n) and what lies within."""
    days, percent = limit("split-purchases", "days"), limit("split-purchases", "percent")
    dates = [day(m.on) for m in members]
    begin = 0
    for n, one in enumerate(members):
        signed = dates[n]
        assert signed is not None
        while (signed - (dates[begin] or signed)).days > days:
            begin += 1
        near = []
        for k in range(begin, len(members)):
            other, then = members[k], dates[k]
            assert then is not None
            if (then - signed).days > days:
                break
            lower, upper = sorted((one.amount, other.amount))
            if other.ocid != one.ocid and lower > 0 and (upper - lower) * 100 <= upper * percent:
                near.append(other)
        if near:
            own = Number("amount", quantity_text(one.amount), "money", currency, one.locator)
            several = Number("others", str(len(near)), "number")
            listed = [
                Number("other", quantity_text(o.amount), "money", currency, o.locator, o.ocid) for o in near[:SHOWN]
            ]
            yield one, applies(one.part, own, several, *listed)


@dataclass(frozen=True, slots=True)
class Spread:
    """Prices of one group: from how many contracts, middle, lowest, highest, first and last day."""

    contracts: int
    prices: int
    median: Decimal
    low: Decimal
    high: Decimal
    first: str | None
    last: str | None


def spread(members: Sequence[Comparable]) -> Spread:
    """Return how prices spread. The median of an even number is the middle of the two, to four places."""
    prices = sorted(m.amount for m in members)
    half = len(prices) // 2
    median = prices[half] if len(prices) % 2 else ((prices[half - 1] + prices[half]) / 2).quantize(_PLACES)
    days = sorted(m.on for m in members if m.on)
    first, last = (days[0], days[-1]) if days else (None, None)
    return Spread(len({m.ocid for m in members}), len(prices), median, prices[0], prices[-1], first, last)


def _dear(members: Sequence[Comparable], currency: str) -> Iterator[tuple[Comparable, Result]]:
    """Only the price itself is told here: what it is compared with changes with every purchase of the same goods."""
    told = spread(members)
    if told.contracts < limit("unit-price", "least"):
        return
    for one in members:
        if one.amount > told.median * limit("unit-price", "times"):
            yield one, applies(one.part, Number("price", quantity_text(one.amount), "money", currency, one.locator))

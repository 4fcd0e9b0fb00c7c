"""The checks that one record answers by itself. Each docstring is the public text of its check, in English.

In: `Facts`. Out: results with the numbers compared and where they stand. A check that yields nothing does not concern
the record. Read `direct_award`, then any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from ledger.checks.facts import Facts, Sum, amount, day
from ledger.checks.model import Number, Result, applies, check, clear, limit, unknown
from ledger.values import quantity_text
from ocds import paths


def money(name: str, told: Sum) -> Number:
    return Number(name, quantity_text(told.amount), "money", told.currency, told.locator, release=told.release)


def count(name: str, value: int | Decimal, locator: str = "") -> Number:
    return Number(name, quantity_text(Decimal(value)), "number", locator=locator)


def percent(name: str, part: Decimal, whole: Decimal) -> Number:
    return Number(name, quantity_text((part * 100 / whole).quantize(Decimal("0.1"))), "percent")


def on(name: str, text: str, locator: str) -> Number:
    return Number(name, text, "date", locator=locator)


@check("direct-award", 1)
def direct_award(facts: Facts) -> Iterator[Result]:
    """Direct award.

    Looks at how the supplier was chosen. It matches when the published method is a direct purchase: one supplier was
    asked, and no other could make an offer.

    Without other offers nobody can see whether the same goods were to be had at a better price or sooner.

    - In an emergency the law lets an office buy directly, and saving days can save lives.
    - Only one supplier may have had the goods in stock, or may be allowed to make them.
    - For small purchases a tender can cost more than it saves.

    Limit: none. The method is taken as the office published it, whatever the number of offers.
    """
    if not facts.method:
        yield unknown("", "method")
    elif facts.method == "direct":
        yield applies("", Number("method", "direct", "text", locator="/tender/procurementMethod"))
    else:
        yield clear("")


@check("single-bid", 1)
def single_bid(facts: Facts) -> Iterator[Result]:
    """One offer only.

    Looks at how many offers came in when several firms could make one. It matches when there was exactly one. A
    direct award is not looked at here: nobody else was asked.

    With one offer there is nothing to compare its price with.

    - Few firms sell such goods, or few could deliver in those weeks.
    - The place is remote, or the order is small.
    - Other firms were asked and sent nothing.

    Limit: one offer. It is the only number at which nothing can be compared.
    """
    if facts.method == "direct":
        return
    told = _offers(facts)
    if told is None:
        yield unknown("", "bids")
    elif told[0] == 1:
        yield applies("", count("offers", *told))
    elif told[0] == 0:
        yield unknown("", "bids")  # a purchase that nobody offered for: the count is not what it says
    else:
        yield clear("", count("offers", *told))


def _offers(facts: Facts) -> tuple[int, str] | None:
    statistics = (facts.doc.get("bids") or {}).get("statistics") or ()
    for measure in ("bids", "validBids"):
        for n, told in enumerate(statistics):
            if told.get("measure") == measure and told.get("value") is not None:
                return int(told["value"]), paths.locator(facts.doc, f"/bids/statistics/{n}/value")
    told = facts.tender.get("numberOfTenderers")
    return None if told is None else (int(told), "/tender/numberOfTenderers")


@check("short-period", 1, days=10)
def short_period(facts: Facts) -> Iterator[Result]:
    """Little time to make an offer.

    Looks at the days between the opening and the closing of an open or selective tender. It matches when there were
    fewer than {days}.

    A firm that does not know of the purchase beforehand may not be able to prepare an offer in so few days.

    - The goods were needed at once, and the law allows a shorter time in an emergency.
    - The firms had been asked before, or the tender repeated an earlier one.
    - The goods are simple and the offer is one page.

    Limit: {days} days. It is the shortest time for offers that Article 28 (6) of the European directive 2014/24 allows
    even in urgency. The law of the country may say otherwise.
    """
    if facts.method not in ("open", "selective"):
        if not facts.method:
            yield unknown("", "method")
        return
    period = facts.tender.get("tenderPeriod") or {}
    start, end = (str(period.get(k) or "")[:10] for k in ("startDate", "endDate"))
    first, last = day(start), day(end)
    if first is None or last is None or last < first:
        yield unknown("", *(name for name, d in (("tender.date", first), ("tender.close", last)) if d is None))
        return
    numbers = (
        count("days", (last - first).days),
        on("opened", start, "/tender/tenderPeriod/startDate"),
        on("closed", end, "/tender/tenderPeriod/endDate"),
    )
    short = (last - first).days < limit("short-period", "days")
    yield applies("", *numbers) if short else clear("", *numbers)


@check("amendment-jump", 1, percent=50)
def amendment_jump(facts: Facts) -> Iterator[Result]:
    """A change that raised the value by much.

    Looks at every single change of a contract's value, one by one. It matches when one of them raised the value by
    more than {percent} %.

    A contract that grows by half is another purchase than the one that was agreed, and nobody else could offer for it.

    - More was ordered because more people fell ill.
    - Transport or exchange rates changed: in 2020 air freight cost many times the usual.
    - An earlier value was a slip of the pen, and the change corrects it.

    Limit: {percent} %. Article 72 (1) of the European directive 2014/24 lets no single change raise the price by more
    than this part of the original value.
    """
    for contract in facts.live:
        if not contract.steps:
            if contract.is_amended:
                yield unknown(contract.place, "amendment.amount")
            continue
        for step in contract.steps:
            if step.before.amount <= 0:
                yield unknown(contract.place, "amount")
                continue
            more = step.after.amount - step.before.amount
            numbers = (
                money("before", step.before),
                money("after", step.after),
                percent("raise", more, step.before.amount),
            )
            high = more * 100 > step.before.amount * limit("amendment-jump", "percent")
            yield applies(contract.place, *numbers) if high else clear(contract.place, *numbers)


@check("contract-above-award", 1)
def contract_above_award(facts: Facts) -> Iterator[Result]:
    """Contract above its award.

    Looks at the amount for which the purchase was awarded and at the first value of the contract, before any change.
    It matches when the contract is worth more.

    The award is what the office accepted. A contract for more was agreed after the offers were known.

    - The award is without tax or transport, and the contract has them.
    - The quantity was raised between the award and the signature.
    - One of the two amounts was typed wrongly.

    Limit: any amount above the award, in the same currency. Later changes are looked at by another check.
    """
    for contract in facts.live:
        first, award = contract.first, contract.award
        if first is None or award is None:
            missing = [name for name, told in (("amount", first), ("award.amount", award)) if told is None]
            yield unknown(contract.place, *missing)
        elif first.currency != award.currency:
            yield unknown(contract.place, "one_currency")
        else:
            numbers = (money("award", award), money("contract", first))
            if first.amount > award.amount:
                more = Sum(first.amount - award.amount, first.currency, "")
                yield applies(contract.place, *numbers, money("difference", more))
            else:
                yield clear(contract.place, *numbers)


@check("payments-above-contract", 1)
def payments_above_contract(facts: Facts) -> Iterator[Result]:
    """Paid more than agreed.

    Looks at all published payments of a contract and at its value after changes. It matches when more was paid than
    was agreed, within one currency.

    What is paid beyond a contract was agreed nowhere that the public can see.

    - A change of the contract was agreed and is not published yet.
    - A payment covers tax or transport that the contract leaves out.
    - One payment was published twice, or belongs to another contract.

    Limit: any amount above the value of the contract.
    """
    for contract in facts.live:
        if not contract.payments:
            continue
        worth = contract.worth
        if worth is None:
            yield unknown(contract.place, "amount")
            continue
        same = [p.worth for p in contract.payments if p.worth and p.worth.currency == worth.currency]
        paid = Sum(sum((p.amount for p in same), Decimal(0)), worth.currency, same[0].locator if len(same) == 1 else "")
        numbers = (money("contract", worth), money("paid", paid), count("payments", len(same)))
        if paid.amount > worth.amount:
            yield applies(contract.place, *numbers)
        elif len(same) < len(contract.payments):
            unsaid = any(p.worth is None for p in contract.payments)
            yield unknown(contract.place, "payment.amount" if unsaid else "one_currency")
        else:
            yield clear(contract.place, *numbers)


@check("new-supplier", 1, days=365)
def new_supplier(facts: Facts) -> Iterator[Result]:
    """Supplier founded shortly before.

    Looks at the day on which the supplying organisation was founded, when a register says it, and at the day on which
    the contract was signed. It matches when fewer than {days} days lie between, or when it was founded later.

    An organisation so young has no yearly accounts and no earlier orders that would show what it can do.

    - The owners did the same work before under another name.
    - New makers of masks and gel were wanted, and began in those months.
    - The register gives the day of a change of form as the founding day.

    Limit: {days} days. A younger organisation has not closed its first year of accounts. People are never looked at.
    """
    for contract in facts.live:
        for id in contract.suppliers:
            details = facts.party(id).get("details") or {}
            if details.get("kind") == "person":
                continue
            founded = str(details.get("foundingDate") or "")[:10]
            begun, signed = day(founded), day(contract.signed)
            if begun is None or signed is None:
                missing = (("supplier.founded", begun), ("contract.date", signed))
                yield unknown(contract.place, *(name for name, told in missing if told is None))
                continue
            where = paths.locator(facts.doc, f"/parties/{paths.member(id)}/details/foundingDate")
            numbers = (
                on("founded", founded, where),
                on("signed", contract.signed or "", contract.signed_at),
                count("days", (signed - begun).days),
            )
            young = (signed - begun).days < limit("new-supplier", "days")
            yield applies(contract.place, *numbers) if young else clear(contract.place, *numbers)


@check("missing-delivery", 1, days=90)
def missing_delivery(facts: Facts) -> Iterator[Result]:
    """Paid for, and no delivery published.

    Looks at contracts for goods. It matches when a payment is published, {days} days or more have passed until the
    record was last published, and no delivery is published.

    Goods that were paid for should be seen somewhere, and somebody should have signed for them.

    - The goods arrived, and the office does not publish deliveries.
    - The goods are still on their way, or were paid for in advance by agreement.
    - The delivery is published under another record.

    Limit: {days} days after the last payment. The number is this ledger's own choice, so that goods under way are not
    named; no law says it.
    """
    for contract in facts.live:
        paid = [p for p in contract.payments if p.worth is None or p.worth.amount > 0]
        if not paid or (facts.category and facts.category != "goods"):
            continue
        if contract.delivered:
            yield clear(contract.place)
            continue
        if not facts.category:
            yield unknown(contract.place, "category")
            continue
        dated = [(d, p) for p in paid if (d := day(p.on))]
        now = day(facts.date)
        if len(dated) < len(paid) or now is None:
            yield unknown(contract.place, "payment.date")
            continue
        last, payment = max(dated, key=lambda told: told[0])
        numbers = (
            on("last_payment", payment.on or "", payment.on_at),
            count("payments", len(paid)),
            on("published", facts.date, ""),
            count("days", (now - last).days),
        )
        late = (now - last).days >= limit("missing-delivery", "days")
        yield applies(contract.place, *numbers) if late else clear(contract.place, *numbers)


@check("amount-equals-id", 1, digits=5)
def amount_equals_id(facts: Facts) -> Iterator[Result]:
    """An amount that reads like a number of the file.

    Looks at each amount of the record and at its numbers: of the tender, the award, the contract, the payments, the
    parties. It matches when an amount of at least {digits} digits is written with the same digits as one of them.

    A number typed into the wrong column becomes a sum of money, and a large one can be taken for a scandal.

    - The two are the same by chance.
    - The office numbers its papers by their amount.

    Limit: {digits} digits, and no whole thousands. Shorter and rounder numbers meet by chance too often.
    """
    amounts = list(_amounts(facts))
    if not amounts:
        yield unknown("", "amount")
        return
    texts = [(told, quantity_text(abs(told.amount))) for told in amounts]
    least = limit("amount-equals-id", "digits")
    long = [(told, t) for told, t in texts if "." not in t and len(t) >= least and not t.endswith("000")]
    ids = dict(_ids(facts)) if long else {}  # most amounts are round or have cents: the numbers are not even read
    found: set[tuple[str, str]] = set()  # the award and the contract often say one amount: it is told once
    for told, text in long:
        for where, id in ids.items():
            runs = {run.lstrip("0") for run in (*re.findall(r"\d+", id), re.sub(r"\D", "", id))}
            if text in runs and (text, told.currency) not in found:
                found.add((text, told.currency))
                yield applies(told.locator, money("amount", told), Number("id", id, "text", locator=where))
    if not found:
        yield clear("", count("amounts", len(amounts)))


def _amounts(facts: Facts) -> Iterator[Sum]:
    """Every amount of the record that the publisher wrote as one: tender, awards, contracts, payments."""
    doc = facts.doc
    holders = [("/tender", facts.tender)]
    holders += [(f"/awards/{n}", a) for n, a in enumerate(doc.get("awards") or ())]
    holders += [(f"/contracts/{n}", c) for n, c in enumerate(doc.get("contracts") or ())]
    for at, holder in holders:
        if told := amount(doc, holder, at):
            yield told
    for contract in facts.contracts:
        yield from (p.worth for p in contract.payments if p.worth)


def _ids(facts: Facts) -> Iterator[tuple[str, str]]:
    doc = facts.doc
    told = [("/tender/id", facts.tender.get("id"))]
    for section in ("awards", "contracts"):
        told += [(f"/{section}/{n}/id", m.get("id")) for n, m in enumerate(doc.get(section) or ())]
    for n, contract in enumerate(doc.get("contracts") or ()):
        for k, t in enumerate((contract.get("implementation") or {}).get("transactions") or ()):
            told.append((f"/contracts/{n}/implementation/transactions/{k}/id", t.get("id")))
    for n, party in enumerate(doc.get("parties") or ()):
        told.append((f"/parties/{n}/identifier/id", (party.get("identifier") or {}).get("id")))
    for at, id in told:
        # Ten hexadecimal digits are a number that the ledger made up, not one of the office.
        if id and not (re.fullmatch("[0-9a-f]{10}", str(id)) and re.search("[a-f]", str(id))):
            yield paths.locator(doc, at), str(id)


@check("round-numbers", 1, least=5, percent=80, thousand=1000)
def round_numbers(facts: Facts) -> Iterator[Result]:
    """Mostly round amounts.

    Looks at the different amounts of a contract: its award, its value and its payments. It matches when there are at
    least {least} and {percent} % or more of them are whole thousands.

    Amounts that come from quantities, unit prices and tax seldom end in three zeros. Round ones can be estimates.

    - The contract is paid in agreed instalments.
    - The amounts were rounded when the file was made.
    - The price was agreed as a round sum.

    Limit: {least} different amounts and {percent} %. Fewer amounts say nothing; the numbers are this ledger's own
    choice.
    """
    for contract in facts.live:
        sums = [contract.worth, contract.award, *(p.worth for p in contract.payments)]
        told = {(s.amount, s.currency) for s in sums if s and s.amount}
        if len(told) < limit("round-numbers", "least") or len({currency for _, currency in told}) > 1:
            continue
        thousands = sum(a % limit("round-numbers", "thousand") == 0 for a, _ in told)
        numbers = (
            count("round", thousands),
            count("amounts", len(told)),
            percent("share", Decimal(thousands), Decimal(len(told))),
        )
        many = thousands * 100 >= limit("round-numbers", "percent") * len(told)
        yield applies(contract.place, *numbers) if many else clear(contract.place, *numbers)

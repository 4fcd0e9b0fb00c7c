"""The ten rules of the money model, each as a property of arcs and totals (docs/reference/money)."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.arcs import GOODS_ONLY, Arc, arcs
from ledger.rates import conversions, gathered, reported
from ledger.settings import Rate, Register
from ledger.totals import of_arcs, remainders
from ledger.values import number
from tests import builders as b

AMOUNTS = st.integers(1, 10**11).map(lambda cents: Decimal(cents) / 100)
CURRENCIES = st.sampled_from(["BZD", "USD", "EUR"])
FLOWS = st.lists(
    st.tuples(
        st.sampled_from(["pledge", "commitment", "disbursement", "receipt", "refund", "cancellation"]),
        st.none() | AMOUNTS,
        CURRENCIES,
    ),
    max_size=8,
)


def aid_of(flows: list[tuple[str, Decimal | None, str]], **more: Any) -> b.Aid:
    it = b.aid("A1", **more)
    for type, amount, currency in flows:
        it._flow(type, None if amount is None else f"{currency} {amount}", "2020-04-02")
    return it


def arcs_of(it: b.Process) -> list[Arc]:
    return arcs({**it.draft.body, "ocid": it.ocid}, it.kind, it.jurisdiction, it.publisher)


@st.composite
def worlds(draw: st.DrawFn) -> list[Arc]:
    """Arcs of a few processes of two jurisdictions, cash and in kind, grants and loans."""
    found: list[Arc] = []
    for n in range(draw(st.integers(1, 5))):
        it = aid_of(
            draw(FLOWS),
            type=draw(st.sampled_from(["cash", "inKind"])),
            finance=draw(st.sampled_from(["grant", "loan"])),
        )
        it.local = f"A{n}"
        it.jurisdiction = draw(st.sampled_from(["bz", "gh"]))
        found += arcs_of(it)
    return found


@given(worlds(), worlds())
def test_rule_1_a_total_is_of_one_stage_one_currency_one_jurisdiction(world: list[Arc], other: list[Arc]) -> None:
    lines = {t.line: t for t in of_arcs(world)}
    for line, total in lines.items():
        members = [
            a for a in world if a.counted and (a.jurisdiction, a.stage, a.currency or "", a.in_kind, a.loan) == line
        ]
        assert total.amount == sum((a.amount for a in members if a.amount is not None), Decimal(0))
        strangers = [a for a in other if (a.jurisdiction, a.stage, a.currency or "", a.in_kind, a.loan) != line]
        assert {t.line: t for t in of_arcs([*members, *strangers])}[line] == total


@given(FLOWS, st.booleans())
def test_rule_2_only_money_that_crosses_the_boundary_is_money_in_or_out(flows: Any, donor_is_inside: bool) -> None:
    it = aid_of(flows)
    inside = frozenset({it.recipient["id"]} | ({it.donor["id"]} if donor_is_inside else set()))
    for arc in arcs({**it.draft.body, "ocid": it.ocid}, "aid", "bz", "mof", inside):
        assert (arc.crossing == "in") == (arc.stage == "receipt" and not donor_is_inside)
    paid = b.procurement("C1", "BZD 10").payment("P1", "BZD 10")
    crossings = {(a.stage, a.crossing) for a in arcs_of(paid)}
    assert crossings == {("contract", "internal"), ("payment", "out")}


@given(FLOWS)
def test_rule_3_what_is_promised_and_not_signed_stays_visible(flows: Any) -> None:
    told = arcs_of(aid_of(flows))
    for line in remainders(told):
        later = max(line.signed, line.received)
        if line.not_yet_signed is not None:
            assert line.not_yet_signed == max(Decimal(0), line.promised - later)
        if line.not_yet_received is not None:
            assert line.not_yet_received == max(Decimal(0), line.signed - line.received)
        if any(type == "cancellation" for type, _, _ in flows):
            continue  # a first agreement moves the cancellation from the promise to the agreement
        again = {
            r.currency: r for r in remainders(arcs_of(aid_of([*flows, ("commitment", Decimal(5), line.currency)])))
        }
        after = again[line.currency].not_yet_signed
        if after is not None and line.not_yet_signed is not None:
            assert after <= line.not_yet_signed


@given(AMOUNTS, AMOUNTS)
def test_rule_4_a_gift_reported_by_giver_and_receiver_is_counted_once(given_: Decimal, received: Decimal) -> None:
    both = b.aid("A1").disbursement(f"USD {given_}").receipt(f"USD {received}")
    told = arcs_of(both)
    assert {a.event for a in told} == {"disbursement", "receipt"}, "both reports are shown"
    [total] = of_arcs(told)
    assert total.amount == received
    onward = b.aid("A2", donor="Intermediary").receipt(f"USD {received}").related(both, "funding")
    assert {a.crossing for a in arcs_of(onward)} == {"internal"}


@given(st.lists(st.tuples(st.integers(1, 10**6), AMOUNTS), min_size=1, max_size=4), AMOUNTS, st.integers(0, 3))
def test_rule_5_goods_have_their_own_column_and_no_item_is_lost(items: Any, cash: Decimal, extra: int) -> None:
    it = b.gift("G1")
    for n, (quantity, _) in enumerate(items):
        it.item(f"item {n}", quantity)
    it.receipt(f"USD {sum(a for _, a in items)}")
    for n, (quantity, _) in enumerate(items):
        it.delivery(f"D{n}", str(n + 1), quantity // (1 + extra), "BZ-CZL", "Clinic")
    money = b.aid("A1").receipt(f"USD {cash}")
    told = [*arcs_of(it), *arcs_of(money)]
    lines = {(t.stage, t.in_kind): t for t in of_arcs(told)}
    assert lines["receipt", False].amount == cash
    assert lines["receipt", True].amount == sum(a for _, a in items)
    for n, (quantity, _) in enumerate(items):
        mine = [a for a in told if a.item_key == f"text/item-{n}:piece"]
        came = sum(a.quantity or 0 for a in mine if a.stage == "receipt")
        went = sum(a.quantity or 0 for a in mine if a.stage == "delivery")
        assert came == quantity and went == quantity // (1 + extra)


@given(AMOUNTS, st.lists(AMOUNTS, max_size=4))
def test_rule_6_shares_of_a_contract_are_at_most_its_value(value: Decimal, shares: list[Decimal]) -> None:
    it = b.procurement("C1", f"BZD {value}")
    for n, share in enumerate(shares):
        it.funded(b.aid(f"A{n}"), f"BZD {share}")
    told = [a for a in arcs_of(it) if a.stage == "contract"]
    funded = sum((a.amount or 0 for a in told if a.funding), Decimal(0))
    assert sum((a.amount or 0 for a in told), Decimal(0)) == value, "however it is split, the contract is counted once"
    assert funded <= value
    if sum(shares) <= value:
        assert funded == sum(shares)


@given(
    st.lists(
        st.tuples(AMOUNTS, CURRENCIES, st.sampled_from([None, "2020-01-01", "2020-05-05", "2020-09-09"])), max_size=9
    )
)
def test_rule_7_an_amount_without_a_rate_is_counted_aloud(amounts: Any) -> None:
    rates = gathered(Register(rates=(Rate("USD", "BZD", Decimal("2.00"), "2020-05-05", "Central Bank"),)))
    told = reported(amounts, "BZD", rates)
    assert told.included + sum(n for n, _ in told.not_included.values()) == len(amounts)
    for amount, currency, on in amounts:
        converted = conversions(amount, currency, "BZD", on, rates)
        if currency == "EUR" or (currency == "USD" and (on is None or on < "2020-05-05")):
            assert converted is None
        else:
            assert converted is not None and converted.rate.on <= (on or "")
            assert currency == "BZD" or converted.rate.source == "Central Bank"


@given(st.lists(AMOUNTS, min_size=1, max_size=30))
def test_rule_8_sums_are_exact_to_the_cent(amounts: list[Decimal]) -> None:
    it = b.aid("A1")
    for amount in amounts:
        it.receipt(None)
        it.body["planning"]["aid"]["flows"][-1]["value"] = {"amount": number(amount), "currency": "BZD"}
    [total] = of_arcs(arcs_of(it))
    assert total.amount == sum(amounts) and isinstance(total.amount, Decimal)


@given(FLOWS)
def test_rule_9_not_published_is_never_zero(flows: Any) -> None:
    told = arcs_of(aid_of(flows))
    assert [a.amount for a in told] == [
        None if amount is None else -amount if type in ("refund", "cancellation") else amount
        for type, amount, _ in flows
    ]
    counted = [a for a in told if a.counted and a.event != GOODS_ONLY]
    assert sum(t.without_amount for t in of_arcs(told)) == sum(a.amount is None for a in counted)
    assert sum(t.arcs for t in of_arcs(told)) == len(counted)


@given(worlds(), st.randoms())
@settings(max_examples=50)
def test_rule_10_every_total_is_the_same_however_it_is_reached(world: list[Arc], shuffle: random.Random) -> None:
    mixed = list(world)
    shuffle.shuffle(mixed)
    assert of_arcs(mixed) == of_arcs(world)
    halves = of_arcs(mixed[: len(mixed) // 2]), of_arcs(mixed[len(mixed) // 2 :])
    joined: dict[Any, Decimal] = {}
    for half in halves:
        for t in half:
            joined[t.line] = joined.get(t.line, Decimal(0)) + t.amount
    assert joined == {t.line: t.amount for t in of_arcs(world)}
    renamed = [replace(a, payer=None) for a in world]
    assert [t.amount for t in of_arcs(renamed)] == [t.amount for t in of_arcs(world)]

"""Sums and what is left open, from arcs in memory (in SQL: tests/integration/test_projections.py)."""

from __future__ import annotations

import pytest

from ledger.arcs import Arc, arcs
from ledger.totals import of_arcs, remainders, where
from tests import builders as b


def arcs_of(it: b.Process) -> list[Arc]:
    return arcs({**it.draft.body, "ocid": it.ocid}, it.kind, it.jurisdiction, it.publisher)


def test_stages_and_currencies_stay_apart_in_the_order_of_the_money() -> None:
    told = arcs_of(b.aid("A1").pledge("USD 5").commitment("USD 4").receipt("EUR 3").receipt("USD 2"))

    assert [(t.stage, t.currency, t.amount) for t in of_arcs(told)] == [
        ("pledge", "USD", 5),
        ("commitment", "USD", 4),
        ("receipt", "EUR", 3),
        ("receipt", "USD", 2),
    ]


def test_a_contract_split_between_funds_is_one_process() -> None:
    [total] = of_arcs(arcs_of(b.procurement("C1", "BZD 10").funded(b.aid("A1"), "BZD 4")))

    assert (total.amount, total.processes, total.arcs) == (10, 1, 2)


def test_goods_listed_under_one_value_are_not_amounts_missing() -> None:
    gift = b.gift("G1").item("Masks", 5).item("Gloves", 6).receipt("USD 9")

    [total] = of_arcs(arcs_of(gift))

    assert (total.amount, total.arcs, total.without_amount) == (9, 1, 0)


def test_what_is_promised_and_signed_and_still_open() -> None:
    [left] = remainders(arcs_of(b.aid("A1").pledge("USD 500").commitment("USD 400").receipt("USD 300")))

    assert (left.not_yet_signed, left.not_yet_received) == (100, 100)


def test_a_promise_kept_without_a_signature_is_kept() -> None:
    [left] = remainders(arcs_of(b.aid("A1").pledge("USD 500").receipt("USD 500")))

    assert (left.not_yet_signed, left.not_yet_received) == (0, 0)


def test_a_promise_in_dollars_received_in_euros_is_not_subtracted() -> None:
    lines = {r.currency: r for r in remainders(arcs_of(b.aid("A1").pledge("USD 500").receipt("EUR 400")))}

    assert lines["USD"].not_yet_signed is None


def test_an_unknown_filter_is_a_bug_and_says_so() -> None:
    with pytest.raises(TypeError, match="colour"):
        where(colour="red")

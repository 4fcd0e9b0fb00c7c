"""Each kind of process as movements of money and goods."""

from __future__ import annotations

from decimal import Decimal

from ledger.arcs import Arc, arcs, is_withdrawn, item_key
from ledger.publish import withdrawn_body
from tests import builders as b


def arcs_of(it: b.Process) -> list[Arc]:
    return arcs({**it.draft.body, "ocid": it.ocid}, it.kind, it.jurisdiction, it.publisher)


def test_a_grant_is_promised_signed_and_received() -> None:
    grant = b.aid("A1").pledge("USD 500,000").commitment("USD 500,000").disbursement("USD 300,000", on="2020-05-04")

    told = arcs_of(grant)

    assert [(a.stage, a.event, a.amount, a.crossing) for a in told] == [
        ("pledge", "pledge", 500_000, "internal"),
        ("commitment", "commitment", 500_000, "internal"),
        ("receipt", "disbursement", 300_000, "in"),
    ]
    assert told[2].on == "2020-05-04" and told[2].funding == grant.ocid
    assert told[2].locator == "/planning/aid/flows/=3/value/amount"


def test_a_refund_is_negative_and_a_cancellation_reduces_what_was_signed() -> None:
    told = arcs_of(b.aid("A1").commitment("USD 10").receipt("USD 10").refund("USD 4").cancellation("USD 3"))

    assert [(a.stage, a.amount) for a in told] == [
        ("commitment", 10),
        ("receipt", 10),
        ("receipt", -4),
        ("commitment", -3),
    ]


def test_a_cancelled_promise_that_nobody_signed_reduces_the_promise() -> None:
    assert [(a.stage, a.amount) for a in arcs_of(b.aid("A1").pledge("USD 9").cancellation("USD 9"))] == [
        ("pledge", 9),
        ("pledge", -9),
    ]


def test_a_loan_is_marked_as_a_loan() -> None:
    assert all(a.loan for a in arcs_of(b.aid("A1", finance="loan").commitment("USD 1").disbursement("USD 1")))


def test_a_gift_of_two_items_has_one_value_and_two_quantities() -> None:
    gift = b.gift("G1").item("N95 respirators", 20_000).item("Oxygen concentrators", 40)
    gift.receipt("USD 60,000", relatedItems=["1", "2"])

    told = arcs_of(gift)

    assert [(a.event, a.amount, a.quantity, a.item) for a in told] == [
        ("receipt", 60_000, None, None),
        ("item", None, 20_000, "N95 respirators"),
        ("item", None, 40, "Oxygen concentrators"),
    ]
    assert all(a.in_kind for a in told)


def test_a_gift_of_one_item_carries_value_and_quantity_on_one_arc() -> None:
    [told] = arcs_of(b.gift("G1").item("N95 respirators", 20_000).receipt("USD 60,000"))

    assert (told.amount, told.quantity, told.unit, told.item_key) == (
        60_000,
        20_000,
        "piece",
        "text/n95-respirators:piece",
    )


def test_a_gift_without_a_value_has_no_amount_and_not_zero() -> None:
    [told] = arcs_of(b.gift("G1").item("Masks", 5).receipt(None))

    assert told.amount is None and told.currency is None and told.quantity == 5


def test_a_delivery_says_what_where_and_to_whom_and_a_return_is_negative() -> None:
    gift = b.gift("G1").item("Masks", 50, price="BZD 2.50").receipt("BZD 125")
    gift.delivery("D1", "1", 30, "BZ-CZL", "Clinic").delivery("D2", "1", 4, "BZ-CZL", "Clinic", status="returned")

    _, given, back = arcs_of(gift)

    assert (given.quantity, given.amount, given.area, given.payee) == (30, 75, "BZ-CZL", "BZ-LEDGER-clinic")
    assert (back.quantity, back.amount) == (-4, -10)


def test_a_rejected_delivery_is_shown_and_not_counted() -> None:
    gift = b.gift("G1").item("Masks", 50).delivery("D1", "1", 30, "BZ-CZL", "Clinic", status="rejected")

    assert [a.counted for a in arcs_of(gift)] == [False]


def test_what_a_programme_has_without_a_named_source_is_a_remainder() -> None:
    grant = b.aid("A1")
    told = arcs_of(b.programme("P1", "BZD 1,500,000").source("Example Development Partner", "BZD 900,000", grant))

    assert [(a.stage, a.amount, a.funding) for a in told] == [
        ("allocation", 900_000, grant.ocid),
        ("allocation", 600_000, None),
    ]
    assert {a.crossing for a in told} == {"internal"}


def test_a_contract_paid_from_a_grant_is_split_and_the_rest_has_no_published_source() -> None:
    grant, plan = b.aid("AID-1"), b.programme("P1")
    told = arcs_of(b.procurement("C1", "BZD 395,000").planned(plan).funded(grant, "BZD 300,000"))

    assert [(a.amount, a.funding, a.programme) for a in told] == [
        (300_000, grant.ocid, plan.ocid),
        (95_000, None, plan.ocid),
    ]
    assert told[0].locator == "/contracts/=C1/finance/=AID-1/value/amount"


def test_a_share_in_another_currency_is_not_taken_off() -> None:
    told = arcs_of(b.procurement("C1", "BZD 100").funded(b.aid("A1"), "USD 10"))

    assert [(a.amount, a.currency, a.funding) for a in told] == [(100, "BZD", None)]


def test_a_payment_from_two_sources_is_two_arcs() -> None:
    grant, plan = b.aid("A1"), b.programme("P1")
    buy = b.procurement("C1").payment("PV", "BZD 195,000", sources={grant: "BZD 100,000", plan: "BZD 95,000"})

    paid = [a for a in arcs_of(buy) if a.stage == "payment"]

    assert [(a.amount, a.funding, a.programme, a.crossing) for a in paid] == [
        (100_000, grant.ocid, None, "out"),
        (95_000, None, plan.ocid, "out"),
    ]


def test_a_contract_with_two_suppliers_names_neither_as_the_payee() -> None:
    buy = b.procurement("C1")
    buy.contract["suppliers"].append(buy.party("Another Ltd.", "supplier"))

    assert [a.payee for a in arcs_of(buy)] == [None]


def test_a_cancelled_contract_is_shown_and_not_counted() -> None:
    buy = b.procurement("C1")
    buy.contract["status"] = "cancelled"

    assert [a.counted for a in arcs_of(buy)] == [False]


def test_a_withdrawn_process_moves_nothing() -> None:
    buy = b.procurement("C1").payment("PV", "BZD 5")
    left = withdrawn_body({**buy.draft.body, "ocid": buy.ocid}, "es")

    assert is_withdrawn(left) and not is_withdrawn(buy.draft.body)
    assert arcs(left, "procurement", "bz", "mof") == []
    assert left["contracts"] == [{"id": "C1", "status": "cancelled", "awardID": "C1"}]
    assert left["description"].startswith("Retirado")


def test_stubs_that_a_deletion_leaves_are_no_figures() -> None:
    buy = b.procurement("C1").payment("PV", "BZD 5")
    buy.contract["implementation"]["transactions"].append({"id": "deleted"})

    assert [a.amount for a in arcs_of(buy)] == [380_000, 5]


def test_items_meet_by_classification_else_by_words_and_unit() -> None:
    assert item_key({"classification": {"scheme": "UNSPSC", "id": "46182002"}, "description": "x"}) == "UNSPSC/46182002"
    assert item_key({"description": "Mascarillas  N95", "unit": {"name": "Unidad"}}) == "text/mascarillas-n95:unidad"
    assert item_key({"description": "MASCARILLAS n95"}) == "text/mascarillas-n95"
    assert item_key({}) is None


def test_positions_count_from_zero_in_the_records_order() -> None:
    told = arcs_of(b.chain()[3])
    assert [a.position for a in told] == list(range(len(told)))
    assert sum(a.amount for a in told if a.stage == "contract" and a.amount) == Decimal(395_000)

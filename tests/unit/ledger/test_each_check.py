"""Each check at its limit and beside it, its public words in both languages, and units that may be compared."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from typing import Any

import pytest

from ledger import comparisons
from ledger.checks import CHECKS, ORDER, model, own, units
from ledger.checks.compared import Comparable, comparables, matches, spread
from ledger.checks.facts import Facts, facts, values
from ledger.checks.model import APPLIES, CLEAR, UNCONCERNED, UNKNOWN, Number, Result
from ocds import paths
from tests import builders as b

LANGUAGES = ("en", "es")


def read(it: b.Process, history: Any = None, date: str = "2020-12-31T00:00:00Z") -> Facts:
    return facts({"ocid": it.ocid, "date": date, **it.draft.body}, it.jurisdiction, history or {})


def answer(code: str, it: b.Process, history: Any = None, **more: str) -> str:
    return model.outcome(tuple(CHECKS[code].function(read(it, history, **more))))


def numbers(code: str, it: b.Process, history: Any = None, **more: str) -> dict[str, Number]:
    told = [r for r in CHECKS[code].function(read(it, history, **more)) if r.outcome == APPLIES]
    return {n.name: n for r in told for n in r.numbers}


def tender(it: b.Procurement, **more: Any) -> b.Procurement:
    for key, value in more.items():
        it.body["tender"].pop(key, None)
        if value is not None:
            it.body["tender"][key] = value
    return it


# --- each check -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("direct", APPLIES),
        ("Direct", APPLIES),
        ("DIRECT ", APPLIES),
        ("open", CLEAR),
        ("limited", CLEAR),
        (None, UNKNOWN),
    ],
)
def test_a_direct_award_is_known_by_its_method(method: str | None, expected: str) -> None:
    assert answer("direct-award", tender(b.procurement(), procurementMethod=method)) == expected


@pytest.mark.parametrize(
    ("method", "offers", "expected"),
    [
        ("open", 1, APPLIES),
        ("open", 2, CLEAR),
        ("open", 0, UNKNOWN),
        ("open", None, UNKNOWN),
        ("direct", 1, UNCONCERNED),
    ],
)
def test_one_offer_is_one_offer(method: str, offers: int | None, expected: str) -> None:
    it = tender(b.procurement(method=method), numberOfTenderers=offers)
    assert answer("single-bid", it) == expected


def test_the_count_of_offers_stands_where_it_is_said_to() -> None:
    it = tender(b.procurement(method="open"), numberOfTenderers=None)
    it.body["bids"] = {"statistics": [{"id": "bids", "measure": "bids", "value": 1}]}
    told = numbers("single-bid", it)["offers"]
    assert (told.value, told.locator) == ("1", "/bids/statistics/=bids/value")


@pytest.mark.parametrize(
    ("closed", "expected"),
    [("2020-05-10", APPLIES), ("2020-05-11", CLEAR), ("2020-04-30", UNKNOWN), ("", UNKNOWN), ("2020-05", UNKNOWN)],
)
def test_fewer_than_ten_days_are_little_time(closed: str, expected: str) -> None:
    period = {
        "startDate": b.day("2020-05-01"),
        **({"endDate": closed if len(closed) < 10 else b.day(closed)} if closed else {}),
    }
    assert answer("short-period", tender(b.procurement(method="open"), tenderPeriod=period)) == expected
    assert answer("short-period", tender(b.procurement(method="direct"), tenderPeriod=period)) == UNCONCERNED


def amended(*worth: str) -> list[dict[str, Any]]:
    """What the contract was worth in each release."""
    return [
        {"id": f"r{n}", "date": f"2020-07-0{n + 1}T00:00:00Z", "contracts": [{"id": "C1", "value": b.money(v)}]}
        for n, v in enumerate(worth)
    ]


@pytest.mark.parametrize(("last", "expected"), [("BZD 150.01", APPLIES), ("BZD 150", CLEAR), ("BZD 50", CLEAR)])
def test_a_jump_is_more_than_half(last: str, expected: str) -> None:
    it = b.procurement("C1", "BZD 100").amended(last)
    assert answer("amendment-jump", it, values(amended("BZD 100", last))) == expected


def test_no_jump_between_two_currencies() -> None:
    it = b.procurement("C1", "USD 100").amended("BZD 900")
    assert answer("amendment-jump", it, values(amended("USD 100", "BZD 900"))) == UNKNOWN
    assert answer("amendment-jump", b.procurement("C1", "BZD 100")) == UNCONCERNED


def test_the_steps_that_a_file_describes_are_looked_at_one_by_one() -> None:
    it = b.procurement("C1", "BZD 190")
    it.contract["amendments"] = [
        {"id": "1", "description": "Contract value changed from 100 to 140 BZD."},
        {"id": "2", "description": "El valor del contrato pasó de 140 a 190 BZD."},
    ]
    # From first to last it is 90 %, and no single step is more than half.
    assert answer("amendment-jump", it, values(amended("BZD 100", "BZD 190"))) == CLEAR
    it.contract["amendments"][1]["description"] = "El valor del contrato pasó de 120 a 190 BZD."
    told = numbers("amendment-jump", it, values(amended("BZD 100", "BZD 190")))
    assert (told["before"].value, told["before"].locator) == ("120", "/contracts/=C1/amendments/=2/description")


@pytest.mark.parametrize(
    ("award", "expected"), [("BZD 99.99", APPLIES), ("BZD 100", CLEAR), ("USD 1", UNKNOWN), (None, UNKNOWN)]
)
def test_a_contract_is_above_its_award_from_the_first_cent(award: str | None, expected: str) -> None:
    it = b.procurement("C1", "BZD 100")
    it.body["awards"][0].pop("value")
    if award:
        it.body["awards"][0]["value"] = b.money(award)
    assert answer("contract-above-award", it) == expected


def test_a_later_change_is_not_the_contract_above_its_award() -> None:
    it = b.procurement("C1", "BZD 100").amended("BZD 110")
    assert answer("contract-above-award", it, values(amended("BZD 100", "BZD 110"))) == CLEAR


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (["BZD 60", "BZD 40.01"], APPLIES),
        (["BZD 60", "BZD 40"], CLEAR),
        (["BZD 60", "USD 40"], UNKNOWN),
        ([], UNCONCERNED),
    ],
)
def test_payments_are_added_in_one_currency(paid: list[str], expected: str) -> None:
    it = b.procurement("C1", "BZD 100")
    for n, value in enumerate(paid):
        it.payment(f"P{n}", value)
    assert answer("payments-above-contract", it) == expected


def test_a_cancelled_contract_is_not_looked_at() -> None:
    it = b.procurement("C1", "BZD 100").payment("P1", "BZD 101")
    it.contract["status"] = "Cancelled"
    assert answer("payments-above-contract", it) == UNCONCERNED


@pytest.mark.parametrize(
    ("founded", "expected"),
    [("2019-05-14", APPLIES), ("2019-05-13", CLEAR), ("2021-01-01", APPLIES), ("2019", UNKNOWN), ("", UNKNOWN)],
)
def test_a_supplier_is_young_within_a_year(founded: str, expected: str) -> None:
    it = b.procurement("C1", signed="2020-05-12")
    party = next(p for p in it.body["parties"] if "supplier" in p["roles"])
    party["details"] = {"foundingDate": founded} if founded else {}
    assert answer("new-supplier", it) == expected
    party["details"]["kind"] = "person"
    assert answer("new-supplier", it) == UNCONCERNED, "a person is never looked at"


@pytest.mark.parametrize(("published", "expected"), [("2020-09-01", APPLIES), ("2020-08-31", CLEAR)])
def test_a_delivery_is_missing_from_the_ninetieth_day(published: str, expected: str) -> None:
    it = b.procurement("C1").item("masks", 10).payment("P1", "BZD 5", on="2020-06-03")
    assert answer("missing-delivery", it, date=f"{published}T00:00:00Z") == expected
    seen = b.procurement("C1").item("masks", 10).payment("P1", "BZD 5").delivery("D1", "1", 10, "BZ-CZL", "Clinic")
    assert answer("missing-delivery", seen) == CLEAR
    assert answer("missing-delivery", tender(it, mainProcurementCategory="services")) == UNCONCERNED
    assert answer("missing-delivery", tender(it, mainProcurementCategory=None)) == UNKNOWN


@pytest.mark.parametrize(
    ("value", "expected"),
    [("BZD 12345", APPLIES), ("BZD 12346", CLEAR), ("BZD 12345.50", CLEAR), ("BZD 2020", CLEAR), (None, UNKNOWN)],
)
def test_an_amount_of_five_digits_that_is_a_number_of_the_file(value: str | None, expected: str) -> None:
    assert answer("amount-equals-id", b.procurement("PV-2020-012345", value)) == expected


def test_a_round_amount_is_no_number_of_the_file() -> None:
    assert answer("amount-equals-id", b.procurement("PV-50000", "BZD 50000")) == CLEAR


@pytest.mark.parametrize(
    ("last", "expected"),
    [("BZD 5,000", APPLIES), ("BZD 5,001", APPLIES), (None, UNCONCERNED)],
)
def test_round_amounts_need_five_and_four_of_five(last: str | None, expected: str) -> None:
    it = (
        b.procurement("C1", "BZD 15,000")
        .payment("P1", "BZD 2,000")
        .payment("P2", "BZD 3,000")
        .payment("P3", "BZD 4,000")
    )
    if last:
        it.payment("P4", last)
    assert answer("round-numbers", it) == expected
    if last:
        it.payment("P5", "BZD 11.10").payment("P6", "BZD 22.20")
        assert answer("round-numbers", it) == CLEAR


# --- with others ----------------------------------------------------------------------------------------------------


def compared(*several: b.Process) -> dict[str, list[Comparable]]:
    found: dict[str, list[Comparable]] = {}
    for it in several:
        for c in comparables(told := read(it), model.results(told)):
            found.setdefault(c.group, []).append(c)
    return found


def matched(code: str, *several: b.Process) -> dict[str, Result]:
    groups = compared(*several)
    return {
        one.ocid: result
        for group, members in groups.items()
        if f'"{code}"' in group
        for one, result in matches(group, members)
    }


@pytest.mark.parametrize(
    ("value", "signed", "found"),
    [
        ("BZD 90", "2020-05-31", 2),
        ("BZD 89.99", "2020-05-31", 0),
        ("BZD 90", "2020-06-01", 0),
        ("USD 90", "2020-05-02", 0),
    ],
)
def test_parts_of_one_purchase_are_near_in_time_and_amount(value: str, signed: str, found: int) -> None:
    one = b.procurement("C1", "BZD 100", signed="2020-05-01")
    assert len(matched("split-purchases", one, b.procurement("C2", value, signed=signed))) == found


def test_only_purchases_of_one_buyer_from_one_supplier_without_a_tender_are_parts() -> None:
    one = b.procurement("C1", "BZD 100")
    assert not matched("split-purchases", one, b.procurement("C2", "BZD 100", supplier="Another Ltd"))
    assert not matched("split-purchases", one, b.procurement("C2", "BZD 100", buyer="Ministry of Works"))
    assert not matched("split-purchases", one, b.procurement("C2", "BZD 100", method="open"))
    assert set(matched("split-purchases", one, b.procurement("C2", "BZD 100"))) == {one.ocid, b.procurement("C2").ocid}


def priced(price: str, n: int, description: str = "FFP2 masks", unit: str = "piece") -> b.Procurement:
    return b.procurement(f"C{n}", f"BZD {1000 + n}").item(description, 100, price, unit=unit)


def test_a_price_is_high_above_twice_the_median_of_five() -> None:
    usual = [priced("BZD 2", n) for n in range(4)]
    assert not matched("unit-price", *usual, priced("BZD 4", 9)), "twice is not more than twice"
    assert set(matched("unit-price", *usual, priced("BZD 4.01", 9))) == {priced("BZD 1", 9).ocid}
    assert not matched("unit-price", *usual[:3], priced("BZD 99", 9)), "four contracts are too few"


@pytest.mark.parametrize(
    ("description", "unit", "price"),
    [("surgical masks", "piece", "BZD 99"), ("FFP2 masks", "box", "BZD 99"), ("FFP2 masks", "piece", "USD 99")],
)
def test_another_grade_unit_or_currency_is_never_compared(description: str, unit: str, price: str) -> None:
    usual = [priced("BZD 2", n) for n in range(5)]
    for it in usual:
        it.contract["items"][0]["classification"] = {"scheme": "UNSPSC", "id": "46182002"}
    other = priced(price, 9, description, unit)
    other.contract["items"][0]["classification"] = {"scheme": "UNSPSC", "id": "46182002"}
    assert not matched("unit-price", *usual, other)


def test_a_box_of_fifty_is_fifty_pieces_and_a_box_is_a_box() -> None:
    groups = compared(priced("BZD 100", 1, unit="box of 50"), priced("BZD 2", 2), priced("BZD 100", 3, unit="caja"))
    prices = {g: [m.amount for m in ms] for g, ms in groups.items() if g.startswith('["unit-price"')}
    assert sorted(prices.values()) == [[Decimal(2), Decimal(2)], [Decimal(100)]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("piece", ("piece", 1)),
        ("Unidad", ("piece", 1)),
        ("each", ("piece", 1)),
        ("box", ("box", 1)),
        ("Caja de 50", ("piece", 50)),
        ("BOX OF 100 PIECES", ("piece", 100)),
        ("box/50", ("piece", 50)),
        ("50 unidades por caja", ("piece", 50)),
        ("pack of 12 bottles", ("bottle", 12)),
        ("docena", ("piece", 12)),
        ("vial", ("vial", 1)),
    ],
)
def test_units_are_counted_only_by_what_they_say(name: str, expected: tuple[str, int]) -> None:
    assert units.unit(name) == expected


def test_grades_are_named_in_any_of_three_languages() -> None:
    assert units.grade("Mascarilla quirúrgica tipo IIR") == "surgical+type-iir"
    assert units.grade("KN-95 respirator") == "kn95" and units.grade("Respirator N95") == "n95"
    assert units.grade("Masks") == ""


def test_the_median_of_an_even_number_lies_between() -> None:
    [several] = [ms for g, ms in compared(*(priced(f"BZD {n}", n) for n in (1, 2, 4, 9))).items() if "unit" in g[:8]]
    told = spread(several)
    assert (told.median, told.low, told.high, told.contracts) == (3, 1, 9, 4)
    assert comparisons.item_of("text/ffp2-masks:piece") == "text/ffp2-masks"


# --- every one ------------------------------------------------------------------------------------------------------


def test_every_number_of_a_match_stands_where_it_is_said_to() -> None:
    """What a page links to /why is there, and says that amount."""
    it = b.procurement("C-12345", "BZD 12345").payment("P1", "BZD 99999", on="2020-01-01").item("masks", 1)
    it.body["awards"][0]["value"] = b.money("BZD 1")
    doc = {"ocid": it.ocid, "date": "2020-12-31T00:00:00Z", **it.draft.body}
    found = [
        n
        for several in model.results(facts(doc, "bz", {})).values()
        for r in several
        if r.outcome == APPLIES
        for n in r.numbers
    ]
    assert len(found) > 8
    for n in found:
        if n.locator and n.kind in ("money", "number"):
            assert Decimal(str(paths.find(doc, n.locator))) == Decimal(n.value), n
        elif n.locator:
            assert str(paths.find(doc, n.locator)).startswith(n.value), n


@pytest.mark.parametrize("code", ORDER)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_says_in_both_languages_what_it_is_and_why_it_may_be_innocent(code: str, language: str) -> None:
    text = CHECKS[code].text(language)
    assert all((text.title, text.looks_at, text.matters, text.limit, text.said)) and len(text.innocent) >= 2
    assert len(text.innocent) == len(CHECKS[code].text("en").innocent)
    assert "{" not in text.looks_at + text.limit, "a limit that is not filled in"
    for limit in CHECKS[code].limits.values():
        if limit != 1000:
            assert str(limit) in text.limit, "the limit and its reason are public"
    fields = set(re.findall(r"\{(\w+)\}", text.said))
    assert fields == set(re.findall(r"\{(\w+)\}", CHECKS[code].text("en").said))
    assert fields <= set(model._words()["number"])


def test_english_is_the_docstring_itself() -> None:
    assert CHECKS["direct-award"].function is own.direct_award
    for told in CHECKS.values():
        doc = " ".join(inspect.cleandoc(told.function.__doc__ or "").split()).format_map(dict(told.limits))
        text = told.text("en")
        assert doc == f"{text.title}. {text.looks_at} {text.matters} - {' - '.join(text.innocent)} {text.limit}"


def test_every_missing_field_has_words() -> None:
    """A record that says next to nothing: each field that a check lacks has a name for readers."""
    silent = b.procurement("C1", None).item("", 1).payment("P1", "BZD 1")
    for key in ("dateSigned", "suppliers"):
        del silent.contract[key]
    del silent.body["buyer"], silent.body["awards"]
    tender(silent, procurementMethod=None, mainProcurementCategory=None)
    silent.contract["implementation"]["transactions"][0] = {"id": "P1"}
    missing = {m for several in model.results(read(silent)).values() for r in several for m in r.missing}
    assert {"method", "amount", "award.amount", "buyer", "supplier", "contract.date", "category"} <= missing
    assert all(model.label("field", m, language) for m in missing for language in LANGUAGES)


ACCUSING = (
    r"suspicio|suspect|corrupt|fraud|illegal|irregular|\bcrim|guilty|red flag|\bscore"
    r"|sospech|delito|ilegal|culpable|bandera roja|puntaje"
)


def test_no_word_accuses_anyone() -> None:
    for told in CHECKS.values():
        for language in LANGUAGES:
            text = told.text(language)
            said = " ".join((text.title, text.looks_at, text.matters, *text.innocent, text.limit, text.said))
            assert not re.search(ACCUSING, said, re.IGNORECASE), (told.code, language)
    for group in ("outcome", "number", "field"):
        for words in model._words()[group].values():
            assert not re.search(ACCUSING, " ".join(words.values()), re.IGNORECASE), words

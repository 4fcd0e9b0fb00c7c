"""Each money rule broken once, and kept once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.findings import Finding, codes, explained
from ledger.rules import RULES, Context, findings
from tests import builders as b

CONTEXT = Context("bz", datetime(2020, 7, 1, tzinfo=UTC))


def found(it: b.Process) -> dict[str, Finding]:
    return {f.code: f for f in findings(it.draft, CONTEXT)}


def test_the_whole_story_keeps_every_rule() -> None:
    assert [found(p) for p in b.chain()] == [{}, {}, {}, {}]


def overpaid() -> b.Process:
    return b.procurement("C1", "BZD 10").payment("P1", "BZD 6").payment("P2", "BZD 5")


def over_delivered() -> b.Process:
    return b.procurement("C1").item("masks", 10).delivery("D1", "1", 11, "BZ-CZL", "Clinic")


def shares_above_value() -> b.Process:
    return b.procurement("C1", "BZD 10").funded(b.aid("A1"), "BZD 6").funded(b.aid("A2"), "BZD 5")


def sources_above_payment() -> b.Process:
    grant = b.aid("A1")
    buy = b.procurement("C1").related(grant, "funding").payment("P1", "BZD 5")
    buy.contract["implementation"]["transactions"][0]["fundingSources"] = [
        {"id": "A1", "relatedProcess": grant.ocid, "value": b.money("BZD 6")}
    ]
    return buy


def finer_than_a_cent() -> b.Process:
    return b.aid("A1").receipt("USD 1.005")


def purchase_in_a_gift() -> b.Process:
    it = b.aid("A1").receipt("USD 1")
    it.body["tender"] = {"id": "T"}
    return it


def paid_though_cancelled() -> b.Process:
    buy = b.procurement("C1").payment("P1", "BZD 5")
    buy.contract["status"] = "cancelled"
    return buy


BROKEN = {
    "M001": overpaid,
    "M002": over_delivered,
    "M003": shares_above_value,
    "M004": sources_above_payment,
    "M005": lambda: b.aid("A1").commitment("USD 5").receipt("USD 6"),
    "M006": lambda: b.aid("A1").receipt("USD 6", on="2021-05-05"),
    "M007": lambda: b.programme("P1", "BZD 5").source("Treasury", "BZD 6"),
    "M008": lambda: b.gift("G1").item("masks", 5).delivery("D1", "1", 6, "BZ-CZL", "Clinic"),
    "M009": finer_than_a_cent,
    "M010": lambda: b.aid("A1").receipt("USD 5").refund("USD 6"),
    "M011": purchase_in_a_gift,
    "M012": paid_though_cancelled,
    "M013": lambda: b.procurement("C1", "BZD 0"),
}


@pytest.mark.parametrize("code", sorted(BROKEN))
def test_a_broken_rule_is_found_at_its_cell(code: str) -> None:
    finding = found(BROKEN[code]())[code]

    assert finding.severity is RULES[code].severity
    assert finding.at is not None and finding.params["ocid"]
    for language in ("en", "es"):
        assert explained(finding, language).what, "has words, and every blank in them is filled"


def test_every_rule_has_a_public_text_and_words_and_a_case_here() -> None:
    assert set(BROKEN) == set(RULES)
    assert set(RULES) <= codes() and {"C001", "C002", "C003"} <= codes()
    assert all(len(rule.text.split()) > 6 for rule in RULES.values())


def test_a_delivery_that_explains_itself_may_exceed_the_contract() -> None:
    buy = over_delivered()
    buy.body["contracts"][0]["implementation"]["deliveries"][0]["description"] = "one sent in error, kept"

    assert "M002" not in found(buy)


def test_a_gift_without_an_agreement_may_be_received() -> None:
    assert found(b.aid("A1").pledge("USD 5").receipt("USD 6")) == {}


def test_rates_and_organizations_are_no_processes() -> None:
    assert findings(b.rate("USD", "BZD", "2020-05-05", "2"), CONTEXT) == []

"""Every code of the check: a release that is sound, and the one change that breaks the rule."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocds import check, merge, package, schema
from tests.unit.ocds import bodies

ROOT = Path(__file__).parents[3]
MINISTRY = {"id": "BZ-LEDGER-moh", "name": "Ministry of Health"}
ALPHA = {"id": "BZ-LEDGER-alpha", "name": "Alpha Ltd."}
DONOR = {"id": "BZ-LEDGER-donor", "name": "Donor"}
SOURCE = "ocds-213czf-mof-AID-1"

Change = Callable[[dict[str, Any]], object]


def bzd(amount: float) -> dict[str, Any]:
    return {"amount": amount, "currency": "BZD"}


def purchase() -> dict[str, Any]:
    """100 masks for 500 dollars, delivered and paid from aid."""
    return {
        "ocid": "ocds-213czf-moh-PRC-7",
        "id": "ocds-213czf-moh-PRC-7-0001",
        "date": "2020-07-01T12:00:00Z",
        "tag": ["planning", "tender", "award", "contract", "implementation"],
        "initiationType": "tender",
        "title": "COVID-19: masks",
        "parties": [
            {**MINISTRY, "roles": ["buyer", "payer", "deliveryRecipient"]},
            {**ALPHA, "roles": ["supplier", "payee"]},
            {**DONOR, "roles": ["sourceParty"]},
        ],
        "buyer": MINISTRY,
        "planning": {
            "budget": {
                "budgetBreakdown": [
                    {"id": "A", "sourceParty": DONOR, "amount": bzd(500), "relatedProcess": SOURCE},
                ]
            }
        },
        "tender": {"id": "T", "status": "complete"},
        "awards": [{"id": "A-1", "status": "active", "suppliers": [ALPHA], "value": bzd(500)}],
        "contracts": [
            {
                "id": "C-1",
                "awardID": "A-1",
                "status": "terminated",
                "dateSigned": "2020-05-01T00:00:00-06:00",
                "period": {"startDate": "2020-05-01T00:00:00-06:00", "endDate": "2021-05-01T00:00:00-06:00"},
                "value": bzd(500),
                "items": [{"id": "masks", "description": "Masks", "quantity": 100}],
                "implementation": {
                    "finalValue": bzd(500),
                    "transactions": [
                        {
                            "id": "PV-1",
                            "value": bzd(500),
                            "payer": MINISTRY,
                            "payee": ALPHA,
                            "fundingSources": [{"id": "A", "relatedProcess": SOURCE, "value": bzd(500)}],
                        }
                    ],
                    "deliveries": [{"id": "G-1", "items": [{"id": "masks", "quantity": 100}], "recipient": MINISTRY}],
                },
            }
        ],
        "relatedProcesses": [{"id": "1", "relationship": ["funding"], "scheme": "ocid", "identifier": SOURCE}],
    }


def grant() -> dict[str, Any]:
    """A gift of 1,000 dollars, received."""
    flow = {"id": "1", "type": "receipt", "value": bzd(1000), "sourceParty": DONOR, "destinationParty": MINISTRY}
    return {
        "ocid": SOURCE,
        "id": f"{SOURCE}-0001",
        "date": "2020-07-01T12:00:00Z",
        "tag": ["planning"],
        "initiationType": "tender",
        "parties": [{**DONOR, "roles": ["donor"]}, {**MINISTRY, "roles": ["aidRecipient"]}],
        "planning": {"aid": {"id": "A", "flows": [flow]}},
    }


def contract(release: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = release["contracts"][0]
    return found


def done(release: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = contract(release)["implementation"]
    return found


def flow(release: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = release["planning"]["aid"]["flows"][0]
    return found


def pay_again(release: dict[str, Any]) -> None:
    done(release)["transactions"].append({"id": "PV-2", "value": bzd(1)})
    del done(release)["finalValue"]


PURCHASES: list[tuple[str, str, Change]] = [
    ("schema", "/contracts/0/dateSigned", lambda r: contract(r).update(dateSigned="2020-05-01")),
    ("schema", "/contracts/0/status", lambda r: contract(r).update(status="activo")),
    ("schema", "/tender/value", lambda r: r["tender"].update(value=None)),
    ("schema", "/awards", lambda r: r.update(awards={"id": "A-1"})),
    ("schema", "/tag", lambda r: r.update(tag=[])),
    ("additional", "/contracts/0/a~1b", lambda r: contract(r).update({"a/b": 5})),
    ("free_form", "/parties/0/details", lambda r: r["parties"][0].update(details={"size": "big"})),
    ("prefix", "/ocid", lambda r: r.update(ocid="213czf-moh-PRC-7")),
    ("prefix", "/ocid", lambda r: r.update(ocid="ocds-213czf")),
    ("release_id", "/id", lambda r: r.update(id="PRC-7#1")),
    ("missing_id", "/relatedProcesses/0", lambda r: r["relatedProcesses"][0].pop("id")),
    ("duplicate_id", "/contracts/0/items/1", lambda r: contract(r)["items"].append({"id": "masks", "quantity": 1})),
    (
        "duplicate_id",
        "/contracts/0/items/0/additionalClassifications/1",
        lambda r: contract(r)["items"][0].update(
            additionalClassifications=[{"scheme": "UNSPSC", "id": "7"}, {"scheme": "CPV", "id": "7"}]
        ),
    ),
    (
        "missing_id",
        "/tender/procurementMethodRationaleClassifications/0",
        lambda r: r["tender"].update(procurementMethodRationaleClassifications=[{"scheme": "X"}]),
    ),
    ("reference", "/buyer", lambda r: r.update(buyer={"id": "BZ-LEDGER-x", "name": "X"})),
    ("reference", "/awards/0/suppliers/0", lambda r: r["parties"].pop(1)),
    ("reference_name", "/buyer/name", lambda r: r.update(buyer={**MINISTRY, "name": "MoH"})),
    ("role", "/buyer", lambda r: r["parties"][0]["roles"].remove("buyer")),
    ("role", "/contracts/0/implementation/transactions/0/payee", lambda r: r["parties"][1]["roles"].remove("payee")),
    (
        "role",
        "/contracts/0/implementation/deliveries/0/recipient",
        lambda r: r["parties"][0]["roles"].remove("deliveryRecipient"),
    ),
    ("role", "/planning/budget/budgetBreakdown/0/sourceParty", lambda r: r["parties"][2].update(roles=["donor"])),
    ("award", "/contracts/0/awardID", lambda r: contract(r).update(awardID="A-2")),
    ("related", "/planning/budget/budgetBreakdown/0/relatedProcess", lambda r: r.pop("relatedProcesses")),
    (
        "related",
        "/contracts/0/implementation/transactions/0/fundingSources/0/relatedProcess",
        lambda r: r.pop("relatedProcesses"),
    ),
    ("future", "/contracts/0/dateSigned", lambda r: contract(r).update(dateSigned="2020-07-01T06:00:01-06:00")),
    ("period", "/contracts/0/period", lambda r: contract(r)["period"].update(endDate="2020-04-30T00:00:00-06:00")),
    (
        "sources_sum",
        "/contracts/0/implementation/transactions/0/fundingSources",
        lambda r: done(r)["transactions"][0]["fundingSources"][0].update(value=bzd(499.99)),
    ),
    (
        "sources_sum",
        "/contracts/0/implementation/transactions/0/fundingSources",
        lambda r: done(r)["transactions"][0]["fundingSources"][0].update(value={"amount": 500, "currency": "USD"}),
    ),
    ("overpaid", "/contracts/0/value/amount", pay_again),
    (
        "final_value",
        "/contracts/0/implementation/finalValue/amount",
        lambda r: done(r).update(finalValue=bzd(499)),
    ),
    (
        "overdelivered",
        "/contracts/0/implementation/deliveries/0",
        lambda r: done(r)["deliveries"][0]["items"][0].update(quantity=101),
    ),
    (
        "delivered_item",
        "/contracts/0/implementation/deliveries/0/items/0",
        lambda r: done(r)["deliveries"][0]["items"][0].update(id="gloves"),
    ),
    ("pending_paid", "/contracts/0/implementation/transactions/0", lambda r: contract(r).update(status="cancelled")),
    ("tender_open", "/tender/status", lambda r: r["tender"].update(status="active")),
]

GRANTS: list[tuple[str, str, Change]] = [
    ("schema", "/planning/aid/flows/0/type", lambda r: flow(r).update(type="promise")),
    ("planning_only", "/tender", lambda r: r.update(tender={"id": "T"})),
    ("planning_tag", "/tag", lambda r: r.update(tag=["planning", "award"])),
    ("role", "/planning/aid/flows/0/sourceParty", lambda r: r["parties"][0].update(roles=["buyer"])),
    ("role", "/planning/aid/flows/0/destinationParty", lambda r: r["parties"][1].update(roles=["buyer"])),
    ("flow_related", "/planning/aid/flows/0/relatedProcess", lambda r: flow(r).update(relatedProcess="ocds-213czf-x")),
]


def test_what_is_sound_has_no_problems() -> None:
    for release in (purchase(), grant()):
        assert check.is_valid(release)
        assert check.problems(release) == []
        assert check.problems(merge.compiled([release])) == []


@pytest.mark.parametrize(("code", "at", "change"), PURCHASES)
def test_one_fault_in_a_purchase_is_found_where_it_is(code: str, at: str, change: Change) -> None:
    release = purchase()
    change(release)

    assert (code, at) in {(p.code, p.pointer) for p in check.problems(release)}


@pytest.mark.parametrize(("code", "at", "change"), GRANTS)
def test_one_fault_in_a_grant_is_found_where_it_is(code: str, at: str, change: Change) -> None:
    release = grant()
    change(release)

    assert (code, at) in {(p.code, p.pointer) for p in check.problems(release)}


# --- what is no fault ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda r: contract(r).update(dateSigned="2020-07-01T06:00:00-06:00"),  # the very second of the release
        lambda r: contract(r)["period"].update(endDate="2031-01-01T00:00:00Z"),  # ends may lie ahead
        lambda r: done(r)["transactions"][0].pop("fundingSources"),  # sources not published
        lambda r: done(r)["transactions"][0].pop("value"),  # an amount not published is not zero
        lambda r: done(r).update(finalValue=bzd(400), finalValueDetails="Credit note"),  # explained
        lambda r: done(r)["deliveries"][0].update(
            description="One more for free", items=[{"id": "masks", "quantity": 101}]
        ),
        lambda r: contract(r).pop("items"),  # nothing to compare deliveries with
        lambda r: contract(r).pop("value"),
        lambda r: r["tender"].update(status="active") or r["awards"][0].update(status="pending"),
    ],
)
def test_what_is_unknown_or_explained_is_no_fault(change: Change) -> None:
    release = purchase()
    change(release)

    assert check.problems(release) == []


def test_what_came_back_does_not_count_as_delivered() -> None:
    release = purchase()
    done(release)["deliveries"] += [
        {"id": "G-2", "status": "returned", "items": [{"id": "masks", "quantity": 10}]},
        {"id": "G-3", "items": [{"id": "masks", "quantity": 10}]},
    ]

    assert check.problems(release) == []


def test_a_refund_goes_from_the_recipient_to_the_donor() -> None:
    release = grant()
    flow(release).update(type="refund", sourceParty=MINISTRY, destinationParty=DONOR)

    assert check.problems(release) == []


def test_cents_are_added_exactly() -> None:
    release = purchase()
    done(release)["transactions"] = [{"id": str(n), "value": bzd(0.1)} for n in range(3)]
    contract(release)["value"] = bzd(0.3)
    done(release)["finalValue"] = bzd(0.3)

    assert check.problems(release) == []


# --- robust -------------------------------------------------------------------------------------------------------


def _holders(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict | list) else []), *(h for v in inner for h in _holders(v))]


@given(st.one_of(bodies.aid, bodies.procurement), st.integers(0), st.integers(0), st.data())
@settings(max_examples=200, deadline=None)
def test_no_nonsense_makes_the_check_itself_fail(
    body: dict[str, Any], which: int, place: int, data: st.DataObject
) -> None:
    release = copy.deepcopy(bodies.release(body))
    holders = _holders(release)
    holder = holders[which % len(holders)]
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if keys:
        odd = [None, 0, "", "x", [], {}, [None], ["x"], [{}], {"id": None}, {"amount": "much"}, [[]], True]
        holder[keys[place % len(keys)]] = data.draw(st.sampled_from(odd))

    found = check.problems(release)

    assert check.is_valid(release) == all(p.code != "schema" for p in found)
    assert all(p.code in check.CODES for p in found)


# --- packages -----------------------------------------------------------------------------------------------------

META = package.Meta("Unit", "https://a.example", "https://licence.example/", "https://a.example/p", "https://a.example")
AT = "2020-07-02T00:00:00Z"


def records() -> dict[str, Any]:
    release = purchase()
    told = package.record(
        release["ocid"], [release], merge.compiled([release]), lambda r: f"https://a.example/{r['id']}"
    )
    return package.record_package([told], META, "https://a.example/ocds/records", AT)


def releases() -> dict[str, Any]:
    return package.release_package([purchase(), grant()], META, "https://a.example/ocds/releases", AT)


def newer_first(told: dict[str, Any]) -> None:
    linked = told["records"][0]["releases"]
    linked.insert(0, {**linked[0], "date": "2020-08-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("made", "code", "at", "change"),
    [
        (releases, "schema", "/publishedDate", lambda p: p.update(publishedDate="2020-07-02")),
        (releases, "schema", "", lambda p: p.pop("uri")),
        (releases, "schema", "/publisher", lambda p: p.update(publisher={})),
        (releases, "schema", "/releases", lambda p: p.update(releases=[])),
        (releases, "additional", "/count", lambda p: p.update(count=2)),
        (releases, "extension", "/extensions", lambda p: p["extensions"].pop()),
        (releases, "extension", "/extensions", lambda p: p["extensions"].pop(0)),
        (releases, "duplicate_id", "/releases", lambda p: p["releases"][1].update(id=p["releases"][0]["id"])),
        (releases, "award", "/releases/0/contracts/0/awardID", lambda p: p["releases"][0].update(awards=[])),
        (records, "schema", "/records/0", lambda p: p["records"][0].pop("releases")),
        (records, "award", "/records/0/compiledRelease/contracts/0/awardID", lambda p: _compiled(p).update(awards=[])),
        (records, "record", "/records/0/compiledRelease/ocid", lambda p: p["records"][0].update(ocid="ocds-213czf-x")),
        (records, "duplicate_id", "/records", lambda p: p["records"].append(p["records"][0])),
        (records, "linked", "/records/0/releases", newer_first),
    ],
)
def test_one_fault_in_a_package_is_found(
    made: Callable[[], dict[str, Any]], code: str, at: str, change: Change
) -> None:
    told = made()
    assert check.package_problems(told) == []
    told = copy.deepcopy(told)
    change(told)

    assert (code, at) in {(p.code, p.pointer) for p in check.package_problems(told)}


def _compiled(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["records"][0]["compiledRelease"]
    return found


def test_pages_of_an_answer_may_link_to_each_other() -> None:
    told = {**releases(), "links": {"next": "https://a.example/ocds/releases?cursor=2"}}

    assert check.package_problems(told) == []


# --- the list of codes --------------------------------------------------------------------------------------------


def test_every_code_is_broken_by_a_test_and_described() -> None:
    here = Path(__file__).read_text("utf-8")
    tested = set(re.findall(r'^ +\(?(?:releases, |records, )?"([a-z_]+)",(?: "|$)', here, re.MULTILINE))
    tested |= {code for code, _, _ in [*PURCHASES, *GRANTS]}

    assert set(check.CODES) <= tested
    assert all(text.endswith(".") for text in check.CODES.values())


def test_the_reference_page_lists_every_code_and_extension() -> None:
    page = (ROOT / "docs" / "reference" / "ocds-profile.md").read_text("utf-8")

    missing = [code for code, text in check.CODES.items() if f"| `{code}` | {text} |" not in page]
    assert not missing
    assert [url for url in schema.EXTENSIONS("") if url not in page] == []

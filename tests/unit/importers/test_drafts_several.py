"""Cells that name several suppliers or donors: whom the records name, and that the money beside them stays one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from importers.drafts import Built, build
from importers.staging import StagedTable
from ledger.arcs import arcs
from ledger.findings import Finding, Severity, explained
from ledger.values import Draft, Locator
from ocds import paths
from tests.sheets import Memory, context, sheet

BOUGHT = "contract.id | title | buyer.name | supplier.name | supplier.id | amount"
GIVEN = "aid.id | title | donor.name | recipient.name | pledge.amount"
GIFT = "donation.id | donor.name | recipient.name | item.description | item.quantity | amount"
TWO = "Example Pharmacy Ltd.; Sample Stores Ltd."


def built(*tables: StagedTable, **how: Any) -> Built:
    return build(list(tables), context(**how))


def bought(supplier: str, id: str = "", *more: str) -> Built:
    return built(sheet("procurement", BOUGHT, f"C-1 | Masks | Ministry of Health | {supplier} | {id} | BZD 900", *more))


def only(result: Built, dataset: str = "procurement") -> Draft:
    (draft,) = result.drafts[dataset]
    return draft


def suppliers(result: Built) -> list[str]:
    """The names under the contract; those under the award are the same."""
    body = only(result).body
    (award,), (contract,) = body["awards"], body["contracts"]
    assert award["suppliers"] == contract["suppliers"]
    named = {p["id"]: p["name"] for p in body["parties"] if "supplier" in p["roles"]}
    assert named == {s["id"]: s["name"] for s in contract["suppliers"]}
    return sorted(s["name"] for s in contract["suppliers"])


def of(result: Built, code: str) -> list[Finding]:
    return [f for f in result.findings if f.code == code]


# --- suppliers ----------------------------------------------------------------------------------------------


def test_each_supplier_in_a_cell_is_a_party_and_the_amount_stays_one() -> None:
    result = bought(TWO)
    assert suppliers(result) == ["Example Pharmacy Ltd.", "Sample Stores Ltd."]
    draft = only(result)
    (contract,) = draft.body["contracts"]
    assert contract["value"] == {"amount": 900, "currency": "BZD"}
    signed = [a for a in arcs({**draft.body, "ocid": draft.ocid}, draft.kind, "bz", "moh") if a.stage == "contract"]
    assert [(a.amount, a.payee) for a in signed] == [(Decimal(900), None)]  # nobody's share is made up


def test_every_party_of_the_cell_has_that_cell_as_its_evidence() -> None:
    draft = only(bought(TWO))
    told = [p["id"] for p in draft.body["parties"] if "supplier" in p["roles"]]
    places = [f"/parties/{paths.member(id)}/name" for id in told]
    places += [f"/contracts/=C-1/suppliers/{paths.member(id)}/name" for id in told]
    places += [f"/awards/=C-1/suppliers/{paths.member(id)}/name" for id in told]
    assert len(places) == 6
    assert {(str(s.at), s.raw, s.how) for s in (draft.cells[Locator(p)] for p in places)} == {
        ("Procurement!D2", TWO, "derived")
    }


def test_one_notice_says_how_the_cell_was_read() -> None:
    (said,) = of(bought(TWO), "D025")
    assert (said.severity, str(said.at), said.shown, said.also_at) == (Severity.NOTICE, "Procurement!D2", TWO, ())
    for language, word in (("en", "2 suppliers"), ("es", "2 proveedores")):
        told = explained(said, language)
        assert word in told.what and "Example Pharmacy Ltd.; Sample Stores Ltd." in told.what


def test_a_cell_that_its_items_repeat_is_said_once_with_all_its_places() -> None:
    result = bought(TWO, "", *[f"C-1 | Masks | Ministry of Health | {TWO} | | BZD 900"] * 2)
    (said,) = of(result, "D025")
    assert [str(c) for c in said.also_at] == ["Procurement!D3", "Procurement!D4"]
    assert suppliers(result) == ["Example Pharmacy Ltd.", "Sample Stores Ltd."]
    assert only(result).body["contracts"][0]["value"]["amount"] == 900


@pytest.mark.parametrize("sign", [";", " ; ", "|", " | ", ";\u00a0"])
def test_the_signs_that_part_names(sign: str) -> None:
    table = sheet("procurement", BOUGHT.replace(" | ", "|"), "C-1|Masks|Ministry of Health|X||BZD 900")
    (row,) = table.rows
    cell = row.values["supplier.name"]
    row.values["supplier.name"] = type(cell)(f"Example Co{sign}Sample Co", cell.raw, cell.at)  # type: ignore[index]
    assert suppliers(built(table)) == ["Example Co", "Sample Co"]


@pytest.mark.parametrize(
    "name",
    [
        "Guinness Care &amp; Support Ltd",
        "Example Foods; Sac",
        "Smith, Jones and Partners",
        "Sample Stores / Depot 4",
        "Direct purchase under Article 9; approved by Cabinet; of the Finance Act",
    ],
)
def test_what_is_one_name_stays_one(name: str) -> None:
    result = bought(name)
    assert len(suppliers(result)) == 1
    assert of(result, "D025") == []


@pytest.mark.parametrize("typed", ["Example Ltd.;", "Example Ltd.; Example Ltd.", "; Example Ltd. ;"])
def test_a_sign_at_the_end_or_a_name_told_twice_is_one_supplier_with_its_number(typed: str) -> None:
    result = bought(typed, "201453")
    assert suppliers(result) == ["Example Ltd."]
    assert "201453" in {p["identifier"]["id"] for p in only(result).body["parties"]}
    assert of(result, "D025") == []


def test_a_number_beside_several_names_is_attached_to_none_of_them() -> None:
    draft = only(bought(TWO, "201453"))
    assert {p["identifier"]["scheme"] for p in draft.body["parties"]} == {"BZ-LEDGER"}
    # and: beside one name it is
    alone = only(bought("Example Pharmacy Ltd.", "201453"))
    assert "201453" in {p["identifier"]["id"] for p in alone.body["parties"]}


def test_a_number_beside_several_names_accuses_no_other_name() -> None:
    result = bought(TWO, "201453", "C-2 | Gowns | Ministry of Health | Third Example Ltd. | 201453 | BZD 50")
    assert of(result, "D006") == []
    second = next(d for d in result.drafts["procurement"] if d.body["contracts"][0]["id"] == "C-2")
    assert "201453" in {p["identifier"]["id"] for p in second.body["parties"]}


def test_a_name_in_a_list_is_the_party_of_the_same_name_elsewhere() -> None:
    result = bought(TWO, "", "C-2 | Gowns | Ministry of Health | SAMPLE STORES LIMITED | | BZD 50")
    ids = {
        p["id"]
        for d in result.drafts["procurement"]
        for p in d.body["parties"]
        if "supplier" in p["roles"] and p["name"].casefold().startswith("sample")
    }
    assert len(ids) == 1
    assert not [f for f in of(result, "O001") if TWO in str(f.params["name"])]


def test_names_of_a_list_are_asked_about_one_by_one() -> None:
    public = Memory().keep(
        built(sheet("procurement", BOUGHT, "C-9 | X | Ministry of Health | Northern Motors Company | | BZD 5"))
    )
    told = sheet(
        "procurement",
        BOUGHT,
        "C-1 | Cars | Ministry of Health | Sample Stores Ltd.; Northern (Corozal) Motors Company | | BZD 900",
    )
    asked = {f.params["name"] for f in of(built(told, memory=public), "O001")}
    assert asked == {"Northern (Corozal) Motors Company"}


def test_the_order_of_names_in_the_cell_changes_nothing_but_the_evidence() -> None:
    assert only(bought(TWO)).body == only(bought("Sample Stores Ltd.; Example Pharmacy Ltd.")).body


def test_private_people_are_not_named_one_by_one() -> None:
    result = bought("personas naturales: Ana Ejemplo; Juan Ejemplo")
    assert suppliers(result) == ["Private individuals (names withheld)"]
    assert of(result, "D025") == []


def test_several_areas_in_a_cell_stay_words() -> None:
    table = sheet(
        "procurement",
        f"{BOUGHT} | item.description | place.name",
        "C-1 | Masks | Ministry of Health | Example Co | | BZD 900 | Masks | Corozal; Toledo",
    )
    (item,) = only(built(table)).body["contracts"][0]["items"]
    assert item["deliveryLocation"] == {"description": "Corozal; Toledo"}


# --- donors -------------------------------------------------------------------------------------------------


def test_one_pledge_of_several_donors_is_held_and_says_so() -> None:
    result = built(sheet("aid", GIVEN, "AID-1 | Grant | Example Fund; Sample Trust | Ministry of Health | USD 500"))
    assert result.drafts == {} and result.held == {(0, 2): "D026"}
    (said,) = of(result, "D026")
    assert (said.severity, str(said.at)) == (Severity.ERROR, "Aid!C2")
    assert "several donors share this row (Example Fund; Sample Trust); one row each" in explained(said).what
    assert "2 donantes" in explained(said, "es").fix


def test_rows_of_one_number_wait_together() -> None:
    rows = (
        "AID-1 | Grant | Example Fund; Sample Trust | Ministry of Health | USD 500",
        "AID-1 | Grant | Third Fund | Ministry of Health | USD 70",
        "AID-2 | Loan | Third Fund | Ministry of Health | USD 8",
    )
    result = built(sheet("aid", GIVEN, *rows))
    assert result.held == {(0, 2): "D026", (0, 3): "D026"}
    assert [d.ocid for d in result.drafts["aid"]] == ["ocds-213czf-moh-AID-AID-2"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("amount | item.description | item.quantity", "BZD 900 | Masks | 100"),
        ("amount | aid.type", "BZD 900 | cash"),
        ("item.unitValue | item.quantity | item.description", "BZD 9 | 100 | Masks"),
    ],
)
def test_a_gift_with_a_value_of_several_donors_is_held(more: str, line: str) -> None:
    head = f"donation.id | donor.name | recipient.name | {more}"
    result = built(sheet("donations", head, f"D-1001 | Example Fund; Sample Trust | Ministry of Health | {line}"))
    assert result.drafts == {} and result.held == {(0, 2): "D026"}


def test_a_gift_without_a_value_waits_for_nobody() -> None:
    result = built(sheet("donations", GIFT, "D-1001 | Example Fund; Sample Trust | Ministry of Health | Masks | 100 |"))
    assert result.held == {} and len(result.drafts["donations"]) == 1


@pytest.mark.parametrize("donor", ["Care &amp; Support Example Trust", "Example Foods; Sac", "IDB, World Bank"])
def test_a_donor_of_one_name_is_not_held(donor: str) -> None:
    result = built(sheet("aid", GIVEN, f"AID-1 | Grant | {donor} | Ministry of Health | USD 500"))
    assert result.held == {} and of(result, "D026") == []


def test_many_private_donors_in_a_cell_are_one_unnamed_donor() -> None:
    head = f"{GIVEN} | donor.kind"
    result = built(
        sheet("aid", head, "AID-1 | Gifts | Ana Ejemplo; Juan Ejemplo | Ministry of Health | USD 5 | person")
    )
    assert result.held == {}
    assert {p["name"] for p in only(result, "aid").body["parties"] if "donor" in p["roles"]} == {
        "Private individuals (names withheld)"
    }

"""Part 3 of the catalogue of messiness, structure: one thing over many rows, many in one cell, sheets of one book.

Each entry is a small look-alike workbook that goes the whole way of `check`: what is asked is whether money that is
repeated is counted once, and whether what a cell lists is told apart. Cells and columns alone: `test_ugly_text.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from importers.intake import Checked, check_files
from ledger import mappings
from ledger.findings import Finding, Severity
from ledger.settings import Register, Settings
from tests.conformance.lookalikes import BELIZE

HEALTH = "Ministry of Health"
HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]
TENDER = ["Tender number", "Lot", "Title", "Buyer", "Supplier", "Contract value"]
AMENDED = [*HEAD, "Amendment number", "Amendment amount"]


def row(n: int, amount: Any = 100, supplier: str = "") -> list[Any]:
    return [f"C-{n}", f"Masks, order {n}", HEALTH, supplier or f"Example Supplies {n} Ltd.", amount]


def book(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """A workbook of several sheets; None is no cell."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as made:
        for name, rows in sheets.items():
            page = made.add_worksheet(name)
            for n, told in enumerate(rows):
                for m, value in enumerate(told):
                    if value is not None:
                        page.write(n, m, value)
    return path


def checked(folder: Path, rows: Sequence[Sequence[Any]] = (), kind: str | None = "procurement", **how: Any) -> Checked:
    """Check a list, or the `sheets` of a book; no row of it may be lost on the way."""
    sheets = how.pop("sheets", {"Data": rows})
    path = book(folder / "list.xlsx", sheets)
    done = check_files([path], settings=Settings(), register=Register((BELIZE,)), kind=kind, **how)
    for table in done.report["files"][0]["tables"]:
        counts = table["rows"]
        assert counts["read"] == counts["accepted"] + counts["held"] + counts["ignored"]
        assert counts["read"] == len(sheets[table["sheet"]]) - 1
    return done


def totals(done: Checked, sheet: str = "Data") -> dict[str, dict[str, str]]:
    (table,) = [t for t in done.report["files"][0]["tables"] if t["sheet"] == sheet]
    found: dict[str, dict[str, str]] = table["totals"]
    return found


def bodies(done: Checked, dataset: str = "procurement") -> list[dict[str, Any]]:
    return [d.body for d in done.built.drafts.get(dataset, ())]


def contracts(done: Checked) -> dict[str, dict[str, Any]]:
    """Every contract that is built, by its number."""
    return {str(c["id"]): c for body in bodies(done) for c in body.get("contracts", ())}


def said(done: Checked, code: str) -> list[Finding]:
    return [f for f in done.findings if f.code == code]


def errors(done: Checked) -> set[str]:
    return {f.code for f in done.findings if f.severity in (Severity.ERROR, Severity.BLOCKER)}


def named(part: Mapping[str, Any]) -> list[str]:
    return sorted(s["name"] for s in part["suppliers"])


# --- 3.1 ragged rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["14th September, 2012", "14/09/2012", "see contract"])
def test_3_1_a_date_under_an_amount_waits_and_is_not_read_as_money(tmp_path: Path, typed: str) -> None:
    done = checked(tmp_path, [HEAD, row(1), row(2, typed), row(3)])
    assert totals(done) == {"contract": {"BZD": "200.00"}}
    assert [str(f.at) for f in done.findings if f.severity is Severity.ERROR] == ["Data!E3"]


# --- 3.2 one process over many rows ---------------------------------------------------------------------------------


def test_3_2_a_process_of_thirty_two_rows_is_one_contract_with_its_items(tmp_path: Path) -> None:
    head = [*HEAD, "Item", "Quantity", "Unit price"]
    items = [[*row(1, 3520), f"Part {n}", n, 6.5] for n in range(1, 33)]
    between = [[*row(n, 10), "Soap", 1, 10] for n in (2, 3)]
    # the rows of one contract do not stand together
    done = checked(tmp_path, [head, *items[:10], between[0], *items[10:], between[1]])
    assert totals(done) == {"contract": {"BZD": "3540.00"}}
    assert errors(done) == set()
    assert len(contracts(done)["C-1"]["items"]) == 32


def test_3_2_one_row_a_winning_company_of_one_contract(tmp_path: Path) -> None:
    winners = ["Example Medical Ltd.", "Sample Stores Ltd.", "Third Example Co."]
    done = checked(tmp_path, [HEAD, *[["C-1", "Protective equipment", HEALTH, w, 346057000] for w in winners]])
    assert totals(done) == {"contract": {"BZD": "346057000.00"}}
    assert named(contracts(done)["C-1"]) == sorted(winners)


def test_3_2_the_value_of_the_tender_on_every_lot_is_one_value(tmp_path: Path) -> None:
    head = [*TENDER, "Tender value"]
    rows = [["T-1", str(n), "Equipment", HEALTH, f"Winner {n} Ltd.", n * 100, 900] for n in (1, 2, 3)]
    done = checked(tmp_path, [head, *rows])
    assert totals(done) == {"contract": {"BZD": "600.00"}}
    (body,) = bodies(done)
    assert body["tender"]["value"] == {"amount": 900, "currency": "BZD"}
    assert len(body["contracts"]) == 3


@pytest.mark.parametrize("lots", [("1", "2", "3"), ("", "", "")])
def test_3_2_one_price_on_every_lot_or_winner_without_contract_numbers_is_not_multiplied(
    tmp_path: Path, lots: tuple[str, str, str]
) -> None:
    rows = [["T-1", lot, "Equipment", HEALTH, f"Winner {n} Ltd.", 346057000] for n, lot in enumerate(lots)]
    done = checked(tmp_path, [TENDER, *rows, ["T-2", "", "Soap", HEALTH, "Example Soap Ltd.", 5]])
    (asked,) = said(done, "D013")
    assert asked.params["rows"] == "2, 3, 4"
    # It may be three prices or one: until the office says which, it is not three times the money.
    assert totals(done)["contract"]["BZD"] in ("5.00", "346057005.00")


def test_3_2_two_amounts_under_one_contract_number_are_asked_and_not_added(tmp_path: Path) -> None:
    rows = [[*HEAD, "Item"], [*row(1, 300), "Mask"], [*row(1, 200), "Visor"], [*row(2, 7), "Soap"]]
    done = checked(tmp_path, rows)
    assert totals(done) == {"contract": {"BZD": "7.00"}}
    assert [str(f.at) for f in said(done, "D004")] == ["Data!E3"] and set(done.built.held.values()) == {"D004"}


def test_3_2_the_same_number_of_two_offices_is_two_purchases(tmp_path: Path) -> None:
    other = ["C-1", "Fuel", "Ministry of Works", "Example Fuel Ltd.", 40]
    done = checked(tmp_path, [HEAD, row(1, 500), other])
    assert totals(done) == {"contract": {"BZD": "540.00"}}
    assert len(bodies(done)) == 2 and said(done, "R002")


def test_3_2_a_pledge_repeated_beside_each_of_its_payments_is_one_pledge(tmp_path: Path) -> None:
    head = ["Grant number", "Donor", "Recipient", "Amount pledged", "Amount received", "Date received"]
    rows = [["G-1", "Example Fund", HEALTH, 1000, part, f"2020-0{n}-01"] for n, part in enumerate((300, 200, 500), 4)]
    done = checked(tmp_path, [head, *rows], kind="aid")
    assert totals(done)["receipt"] == {"BZD": "1000.00"}
    assert totals(done)["pledge"] == {"BZD": "1000.00"}


# --- 3.3 several values in one cell ---------------------------------------------------------------------------------


def test_3_3_several_suppliers_in_one_cell_are_parties_and_the_amount_stays_one(tmp_path: Path) -> None:
    told = "Karavos Ejemplo Ioannis & Co O.E.; Agroejemplo S.A."
    done = checked(tmp_path, [HEAD, row(1, 900, told), row(2, 50, "Care &amp; Support Example Ltd")])
    assert totals(done) == {"contract": {"BZD": "950.00"}}
    assert named(contracts(done)["C-1"]) == ["Agroejemplo S.A.", "Karavos Ejemplo Ioannis & Co O.E."]
    assert named(contracts(done)["C-2"]) == ["Care & Support Example Ltd"]
    assert [str(f.at) for f in said(done, "D025")] == ["Data!D2"]


def test_3_3_several_lots_in_one_cell_are_one_contract(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        TENDER,
        ["T-1", "1; 2;5", "Masks", HEALTH, "Example Ltd.", 500],
        ["T-1", "3", "Gowns", HEALTH, "B Ltd.", 7],
    ]
    done = checked(tmp_path, rows)
    assert totals(done) == {"contract": {"BZD": "507.00"}}
    assert len(contracts(done)) == 2
    assert any("1; 2;5" in c.get("description", "") for c in contracts(done).values())


def test_3_3_several_places_in_one_cell_stay_text(tmp_path: Path) -> None:
    done = checked(tmp_path, [[*HEAD, "Item", "District"], [*row(1, 900), "Masks", "Corozal; Toledo"]])
    (item,) = contracts(done)["C-1"]["items"]
    assert item["deliveryLocation"] == {"description": "Corozal; Toledo"}
    assert totals(done) == {"contract": {"BZD": "900.00"}}


def test_3_3_an_office_and_its_unit_in_one_cell_are_one_buyer(tmp_path: Path) -> None:
    told = "Ministry of Health | Central Stores"
    done = checked(tmp_path, [HEAD, ["C-1", "Masks", told, "Example Ltd.", 900]])
    assert [p["name"] for p in bodies(done)[0]["parties"] if "buyer" in p["roles"]] == [told]


def test_3_3_a_number_with_semicolons_is_one_number_in_every_sheet(tmp_path: Path) -> None:
    number = "HEX21-PRO;SHL;EDU-172521-1"
    sheets = {
        "Contracts": [HEAD, [number, "Masks", HEALTH, "Example Ltd.", 900]],
        "Payments": [["Voucher", "Contract number", "Date paid", "Amount paid"], ["V-1", number, "2020-05-02", 400]],
    }
    done = checked(tmp_path, sheets=sheets, kind=None)
    assert list(contracts(done)) == [number] and errors(done) == set()
    assert totals(done, "Payments") == {"payment": {"BZD": "400.00"}}


def test_3_3_text_of_a_decree_is_no_list(tmp_path: Path) -> None:
    told = "Decree 12 of 2020, article 4; purchases of emergency; section 2 of the Finance Act"
    done = checked(tmp_path, [[*HEAD, "Justification"], [*row(1, 900, told), told]])
    assert named(contracts(done)["C-1"]) == [told]
    assert said(done, "D025") == []


def test_3_3_a_category_that_ends_with_its_sign_is_one_category(tmp_path: Path) -> None:
    head = ["Donation number", "Donor", "Recipient", "Item", "Product category", "Quantity"]
    rows: list[list[Any]] = [head, ["D-1001", "Example Fund", HEALTH, "Maize", "Alimentos y semillas|", 5]]
    done = checked(tmp_path, rows, kind="donations")
    (body,) = bodies(done, "donations")
    (item,) = body["planning"]["aid"]["items"]
    assert item["classification"]["description"] == "Alimentos y semillas"


def test_3_3_several_donors_of_one_amount_wait(tmp_path: Path) -> None:
    head = ["Grant number", "Donor", "Recipient", "Amount pledged"]
    rows: list[list[Any]] = [
        head,
        ["G-1", "Example Fund; Sample Trust", HEALTH, 110],
        ["G-2", "Care &amp; Aid Trust", HEALTH, 60],
    ]
    done = checked(tmp_path, rows, kind="aid")
    assert totals(done) == {"pledge": {"BZD": "60.00"}}
    assert [str(f.at) for f in said(done, "D026")] == ["Data!B2"]


# --- 3.4, 3.6, 3.7 --------------------------------------------------------------------------------------------------


def test_3_4_a_name_broken_over_two_lines_is_the_name_on_one(tmp_path: Path) -> None:
    done = checked(
        tmp_path, [HEAD, row(1, 5, "Example Medical\nSupplies Ltd."), row(2, 6, "Example Medical Supplies Ltd.")]
    )
    assert len({p["id"] for b in bodies(done) for p in b["parties"] if "supplier" in p["roles"]}) == 1
    assert len(contracts(done)) == 2


def test_3_6_cells_merged_over_the_items_of_a_contract_multiply_nothing(tmp_path: Path) -> None:
    """Only the first row of a merged cell has its text: the others must not become other contracts."""
    rows: list[list[Any]] = [
        [*HEAD, "Item", "Quantity"],
        [*row(1, 500), "Mask", 1],
        [None] * 5 + ["Visor", 2],
        [*row(2, 50), "Soap", 3],
    ]
    done = checked(tmp_path, rows)
    assert totals(done) == {"contract": {"BZD": "550.00"}}
    table = done.report["files"][0]["tables"][0]
    assert table["rows"]["held"] == 1
    assert {str(f.at)[-1] for f in done.findings if f.severity is Severity.ERROR} == {"3"}


@pytest.mark.parametrize("told", ["CAMPO EJEMPLO SRL (RUT 216221360017)", "ALBA EJEMPLO\nNIPT-i K33710231Q"])
def test_3_7_a_number_glued_to_a_name_makes_up_no_identifier(tmp_path: Path, told: str) -> None:
    done = checked(tmp_path, [HEAD, row(1, 900, told)])
    (supplier,) = [p for p in bodies(done)[0]["parties"] if "supplier" in p["roles"]]
    assert supplier["name"] == " ".join(told.split())
    assert supplier["identifier"]["scheme"] == "BZ-LEDGER"


def test_3_7_a_place_glued_to_a_number_does_not_make_it_another_organisation(tmp_path: Path) -> None:
    rows = [[*HEAD, "Tax ID"], [*row(1, 900, "Example Ltd."), "1.085.261.698 Corozal"]]
    done = checked(tmp_path, rows)
    (supplier,) = [p for p in bodies(done)[0]["parties"] if "supplier" in p["roles"]]
    assert supplier["name"] == "Example Ltd." and totals(done) == {"contract": {"BZD": "900.00"}}
    assert supplier["identifier"]["id"] in ("1.085.261.698 Corozal", "1.085.261.698", "example-ltd")


# --- parent and child sheets in one workbook ------------------------------------------------------------------------

PAID = ["Voucher", "Contract number", "Date paid", "Amount paid"]


@pytest.mark.parametrize("child_first", [False, True])
def test_contracts_and_their_payments_are_joined_whichever_sheet_comes_first(tmp_path: Path, child_first: bool) -> None:
    pays = [PAID, ["V-1", "C-1", "2020-05-02", 200], ["V-2", "C-1", "2020-06-02", 100], ["V-3", "C-2", "2020-06-03", 7]]
    sheets = {"Contracts": [HEAD, row(1, 500), row(2, 70)], "Payments": pays}
    done = checked(tmp_path, sheets=dict(reversed(sheets.items())) if child_first else sheets, kind=None)
    assert (totals(done, "Contracts"), totals(done, "Payments")) == (
        {"contract": {"BZD": "570.00"}},
        {"payment": {"BZD": "307.00"}},
    )
    paid = {
        c["id"]: [t["value"]["amount"] for t in c["implementation"]["transactions"]]
        for body in bodies(done, "payments")
        for c in body["contracts"]
    }
    assert paid == {"C-1": [200, 100], "C-2": [7]}


@pytest.mark.parametrize("spelled", ["c-1", "C 1", " C-1 ", "C–1", "C-1\u00a0"])
def test_the_key_of_a_child_may_be_spelled_otherwise(tmp_path: Path, spelled: str) -> None:
    sheets = {"Contracts": [HEAD, row(1, 500)], "Payments": [PAID, ["V-1", spelled, "2020-05-02", 200]]}
    done = checked(tmp_path, sheets=sheets, kind=None)
    assert errors(done) == set() and totals(done, "Payments") == {"payment": {"BZD": "200.00"}}


def test_a_key_that_one_sheet_has_as_a_number_and_the_other_as_text(tmp_path: Path) -> None:
    sheets = {
        "Contracts": [HEAD, [9245761, *row(1, 500)[1:]]],
        "Payments": [PAID, ["V-1", "9245761", "2020-05-02", 200]],
    }
    done = checked(tmp_path, sheets=sheets, kind=None)
    assert errors(done) == set() and totals(done, "Payments") == {"payment": {"BZD": "200.00"}}


def test_a_child_without_parent_waits_and_says_at_which_cell(tmp_path: Path) -> None:
    pays = [PAID, ["V-1", "C-1", "2020-05-02", 200], ["V-2", "C-77", "2020-06-02", 100]]
    done = checked(tmp_path, sheets={"Contracts": [HEAD, row(1, 500)], "Payments": pays}, kind=None)
    assert totals(done, "Payments") == {"payment": {"BZD": "200.00"}}
    assert [str(f.at) for f in done.findings if f.severity is Severity.ERROR] == ["Payments!B3"]


def test_payments_wait_with_a_contract_that_waits(tmp_path: Path) -> None:
    sheets = {
        "Contracts": [HEAD, row(1, 500), row(1, 600), row(2, 70)],
        "Payments": [PAID, ["V-1", "C-1", "2020-05-02", 200], ["V-2", "C-2", "2020-06-02", 10]],
    }
    done = checked(tmp_path, sheets=sheets, kind=None)
    assert totals(done, "Contracts") == {"contract": {"BZD": "70.00"}}
    assert totals(done, "Payments") == {"payment": {"BZD": "10.00"}}
    assert [str(f.at) for f in said(done, "D009")] == ["Payments!B2"]


def test_contracts_and_their_items_in_a_second_sheet_count_the_contracts_once(tmp_path: Path) -> None:
    items = [
        ["Contract number", "Item", "Quantity", "Unit", "Unit price"],
        ["C-1", "Mask", 100, "box", 3],
        ["C-1", "Visor", 100, "piece", 2],
        ["C-2", "Gown", 7, "piece", 10],
    ]
    done = checked(tmp_path, sheets={"Contracts": [HEAD, row(1, 500), row(2, 70)], "Items": items}, kind=None)
    assert totals(done, "Contracts") == {"contract": {"BZD": "570.00"}}
    # what was ordered is not yet delivered: no date, no place and no receiver says so
    assert "delivery" not in totals(done, "Items")


def test_items_that_repeat_the_value_of_their_contract_count_it_once(tmp_path: Path) -> None:
    items = [
        [*HEAD, "Item", "Quantity"],
        *[[*row(1, 500), f"Part {n}", n] for n in (1, 2, 3)],
    ]
    done = checked(tmp_path, sheets={"Contracts": [HEAD, row(1, 500), row(2, 70)], "Items": items}, kind=None)
    sums = [t["totals"].get("contract", {}).get("BZD", "0") for t in done.report["files"][0]["tables"]]
    assert sum(map(float, sums)) == 570
    assert errors(done) == set() and len(contracts(done)["C-1"]["items"]) == 3


# --- several currencies in one sheet --------------------------------------------------------------------------------


def test_several_currencies_in_one_sheet_are_several_sums(tmp_path: Path) -> None:
    head = [*HEAD, "Currency", "Item", "Quantity"]
    rows = [[*row(1, 500), "USD", f"Part {n}", n] for n in (1, 2, 3)]
    rows += [[*row(2, 70), "BZD", "Soap", 1], [*row(3, "8.50"), "EUR", "Gel", 1], [*row(4, 30), "BZD", "Soap", 2]]
    done = checked(tmp_path, [head, *rows])
    assert totals(done) == {"contract": {"BZD": "100.00", "EUR": "8.50", "USD": "500.00"}}


def test_one_contract_in_two_currencies_is_asked_and_not_chosen(tmp_path: Path) -> None:
    head = [*HEAD, "Currency", "Item"]
    rows = [[*row(1, 500), "USD", "Mask"], [*row(1, 1000), "BZD", "Visor"], [*row(2, 7), "BZD", "Soap"]]
    done = checked(tmp_path, [head, *rows])
    assert totals(done) == {"contract": {"BZD": "7.00"}}
    assert len(said(done, "D004")) == 1 and set(done.built.held.values()) == {"D004"}


# --- amendments -----------------------------------------------------------------------------------------------------


def test_amendments_that_do_not_say_what_they_are_wait_and_one_answer_is_for_all(tmp_path: Path) -> None:
    rows = [
        AMENDED,
        [*row(1, 500), "A-1", 600],
        [*row(2, 50), "A-1", 60],
        [*row(3, 7), None, None],
    ]
    asked = checked(tmp_path, rows)
    assert totals(asked) == {"contract": {"BZD": "7.00"}}
    assert [str(f.at) for f in said(asked, "D005")] == ["Data!G2", "Data!G3"]

    # when: the office answers once, as the desk keeps it
    table = asked.files[0].tables[0]
    columns = {c.header: c.field or "" for c in table.columns}
    for kind, total in (("total", "667.00"), ("increase", "1217.00")):
        answer = {"kind": "procurement", "columns": columns, "constants": {"amendment.kind": kind}}
        done = checked(tmp_path, rows, mapping={**answer, "signature": table.signature})
        assert (totals(done), said(done, "D005")) == ({"contract": {"BZD": total}}, [])


def test_the_desk_can_keep_what_the_amendments_of_a_list_are(tmp_path: Path) -> None:
    """The question of D005 has one answer for a whole list; it must be one that can be given at the desk."""
    kept = mappings.checked({"kind": "procurement", "constants": {"amendment.kind": "increase"}})
    assert kept["constants"] == {"amendment.kind": "increase"}


@pytest.mark.parametrize(
    ("kind", "amount", "total"),
    [("new total", 650, "650.00"), ("increase", 150, "650.00"), ("increase", -150, "350.00"), ("total", 350, "350.00")],
)
def test_an_amendment_on_the_contracts_own_row(tmp_path: Path, kind: str, amount: int, total: str) -> None:
    done = checked(tmp_path, [[*AMENDED, "Amendment kind"], [*row(1, 500), "A-1", amount, kind]])
    assert totals(done) == {"contract": {"BZD": total}}
    (told,) = contracts(done)["C-1"]["amendments"]
    assert told["id"] == "A-1" and "500" in told["description"]


def test_amendments_on_rows_of_their_own_are_taken_in_the_order_of_their_dates(tmp_path: Path) -> None:
    head = [*AMENDED, "Amendment kind", "Amendment date"]
    first, second = ["A-1", 100, "increase", "2020-06-01"], ["A-2", 900, "new total", "2020-08-01"]
    third = ["A-3", 50, "increase", "2020-09-01"]
    for order in ([first, second, third], [third, second, first], [second, third, first]):
        done = checked(tmp_path, [head, *[[*row(1, 500), *told] for told in order]])
        assert totals(done) == {"contract": {"BZD": "950.00"}}
        assert len(contracts(done)["C-1"]["amendments"]) == 3


def test_an_amendment_repeated_on_every_item_is_one_amendment(tmp_path: Path) -> None:
    head = [*AMENDED, "Amendment kind", "Item"]
    done = checked(tmp_path, [head, *[[*row(1, 500), "A-1", 100, "increase", f"Part {n}"] for n in (1, 2, 3)]])
    assert totals(done) == {"contract": {"BZD": "600.00"}}


def test_9_an_extension_of_an_order_under_a_number_of_its_own_is_no_second_first_price(tmp_path: Path) -> None:
    """ "Ampliación de orden de compra" beside the order, with its own amount: asked, never silently one or both."""
    rows = [HEAD, row(1, 500), ["C-1", "Ampliación de orden de compra", HEALTH, "Example Supplies 1 Ltd.", 120]]
    done = checked(tmp_path, rows)
    assert said(done, "D004") and totals(done) == {}

"""Sheets as ministries fill them in, none of them in the catalogue: forms, quarters, districts, pages, signatures.

In: whole sheets drawn with `ugly_books` as an officer would type them, with fictional names. What is asked of each:
every record is read once, every total is compared with its own rows, and nothing that is no record is a record or is
held as a bad one.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.values import Money
from tests.conformance.ugly_books import (
    WRITERS,
    Page,
    checked,
    fields,
    one,
    said,
    staged,
    tables,
    totals,
    values,
    why,
)
from tests.conformance.ugly_books import xlsx as workbook

HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]
GIFT = ["Item", "Quantity", "Recipient", "Date", "Donor"]


def row(n: int, amount: object = 100, supplier: str = "") -> list[object]:
    return [f"C-{n}", f"Masks, order {n}", "Ministry of Health", supplier or f"Example Supplies {n} Ltd.", amount]


def gift(item: str, quantity: int, to: str, donor: str = "Example Fund") -> list[object]:
    return [item, quantity, to, "2020-05-01", donor]


# --- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", ["(1) (2) (3) (4) (5) (6)", "1 2 3 4 5 6", "Col.1 Col.2 Col.3 Col.4 Col.5 Col.6"])
def test_a_form_with_numbered_columns(tmp_path: Path, numbers: str) -> None:
    page = Page("Form 7").put("A1", ["MINISTRY OF HEALTH"], ["FORM 7"], ["Period:", "April to June 2020"])
    page.put("A5", [*HEAD, "Remarks"], numbers.split(), [*row(1), "ok"], row(2, 50), ["Total", "", "", "", 150])
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert t.header_rows == (5, 6) and [r.number for r in t.rows] == [7, 8] and why(t) == {"total": [9]}
    assert [c.header for c in t.columns] == [*HEAD, "Remarks"]
    assert [text for _, text in t.above] == ["MINISTRY OF HEALTH", "FORM 7", "Period:", "April to June 2020"]


def test_a_row_of_units_under_the_header(tmp_path: Path) -> None:
    page = Page().put("A1", ["Donor", "Recipient", "Item", "Quantity", "Value"], ["", "", "", "boxes", "US$"])
    page.put("A3", ["Example Fund", "Hospital", "Masks", 5, 10], ["Example Club", "Hospital", "Soap", 6, 12])
    t = one(workbook(tmp_path / "x.xlsx", page), "donations")
    assert t.header_rows == (1, 2) and values(t, "amount") == [Money(Decimal(10), "USD"), Money(Decimal(12), "USD")]


def test_a_row_of_units_that_says_thousands_is_asked(tmp_path: Path) -> None:
    page = Page().put("A1", ["Donor", "Recipient", "Item", "Quantity", "Value"], ["", "", "", "boxes", "US$ '000"])
    page.put("A3", ["Example Fund", "Hospital", "Masks", 5, 10], ["Example Club", "Hospital", "Soap", 6, 12])
    t = one(workbook(tmp_path / "x.xlsx", page), "donations")
    assert t.header_rows == (1, 2) and t.held == {3: "V019", 4: "V019"}


@pytest.mark.parametrize("form", WRITERS)
def test_two_header_lines_with_cells_merged_downwards_and_across(tmp_path: Path, form: str) -> None:
    page = Page("Aid").put(
        "A2",
        ["No.", "Donor", "Aid agreement", "Pledged", "", "Received", "", "Remarks"],
        ["", "", "", "Amount (US$)", "Date", "Amount (US$)", "Date", ""],
        [1, "Example Fund", "A-1", 100, "2020-04-01", 50, "2020-05-01", ""],
        [2, "Example Bank", "A-2", 200, "2020-04-02", 70, "2020-05-02", "late"],
    )
    page.merge("A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:G2", "H2:H3")
    t = one(WRITERS[form](tmp_path / f"x.{form}", page), "aid")
    assert t.header_rows == (2, 3)
    assert list(fields(t).values()) == [
        "row.number", "donor.name", "aid.id", "pledge.amount", "pledge.date", "disbursement.amount",
        "disbursement.date", "note",
    ]  # fmt: skip
    assert said(t, "L005") == [] and len(t.rows) == 2


@pytest.mark.parametrize("form", WRITERS)
def test_capitals_with_line_breaks_and_a_running_number_without_a_heading(tmp_path: Path, form: str) -> None:
    head = ["", "CONTRACT\nNO.", "TITLE OF\nCONTRACT", "PROCURING\nENTITY", "SUPPLIER /\nCONTRACTOR"]
    rows = [[n, f"C-{n}", "Masks", "Ministry of Health", f"Example {n} Ltd.", 100 * n] for n in (1, 2, 3)]
    page = Page().put("A1", ["REGISTER OF CONTRACTS"]).put("A3", [*head, "CONTRACT\nSUM\n(BZ$)"], *rows)
    page.put("E7", ["TOTAL", 600])
    t = one(WRITERS[form](tmp_path / f"x.{form}", page))
    assert [c.field for c in t.columns][1:] == ["contract.id", "title", "buyer.name", "supplier.name", "amount"]
    assert why(t) == {"total": [7]} and [c.agrees for c in t.control_totals] == [True] and len(t.rows) == 3


def test_signatures_in_two_columns_under_the_table(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD, row(1), row(2, 50), ["Total", "", "", "", 150])
    page.put("A7", ["Prepared by: A. Example", "", "", "Approved by: B. Sample"], ["Accountant", "", "", "Secretary"])
    page.put("A9", ["Date: 3 July 2020", "", "", "Date: 4 July 2020"])
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert (len(t.rows), t.held) == (2, {})
    assert why(t) == {"total": [4], "blank": [5, 6], "note under the table": [7, 8, 9]}
    assert "Sample" not in str([r.values for r in t.rows]) and not any("Sample" in f.shown for f in t.findings)


def test_a_last_record_that_lacks_most_of_its_cells_is_no_signature(tmp_path: Path) -> None:
    """The other side of it: without a gap or a total before it, a short row is a record with a fault."""
    t = one(workbook(tmp_path / "x.xlsx", Page().put("A1", HEAD, row(1), row(2), ["C-3", "Gloves"])))
    assert t.held == {4: "V001"}


# --- groups in one table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Sub-total", "SUBTOTAL", "Total"])
def test_named_subtotals_of_groups_and_a_grand_total(tmp_path: Path, word: str) -> None:
    page = Page().put("A1", HEAD, row(1), row(2), [f"{word} MEDICAL", "", "", "", 200])
    page.put("A5", row(3), row(4), row(5), [f"{word} FOOD", "", "", "", 300], ["Grand total", "", "", "", 500])
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert (len(t.rows), t.held, why(t)) == (5, {}, {"total": [4, 8, 9]})
    assert [(c.cell, c.agrees) for c in t.control_totals] == [("E4", True), ("E8", True), ("E9", True)]


def test_a_named_subtotal_that_is_wrong_is_said_and_is_no_record(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD, row(1), row(2), ["Subtotal MEDICAL", "", "", "", 250], row(3))
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert (len(t.rows), t.held, said(t, "L006")) == (3, {}, ["E4"])


def test_groups_with_a_heading_line_and_an_empty_row_after_every_record(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD).put("A2", ["MEDICAL"]).put("A3", row(1)).put("A5", row(2))
    page.put("A7", ["FOOD AND NUTRITION"]).put("A8", row(3)).put("A10", row(4)).put(
        "A12", ["Grand total", "", "", "", 400]
    )
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert ([r.number for r in t.rows], t.held) == ([3, 5, 8, 10], {})
    assert why(t)["heading between rows"] == [2, 7] and [c.agrees for c in t.control_totals] == [True]


def test_a_district_line_between_gifts_is_no_donor(tmp_path: Path) -> None:
    page = Page().put("A1", ["Donor", "Item", "Quantity", "Date"], ["COROZAL DISTRICT"])
    page.put("A3", ["Example Fund", "Masks", 5, "2020-05-01"], ["Example Club", "Soap", 6, "2020-05-01"])
    page.put("A5", ["TOLEDO DISTRICT"], ["Example Fund", "Masks", 7, "2020-05-01"])
    t = one(workbook(tmp_path / "x.xlsx", page), "donations")
    assert values(t, "donor.name") == ["Example Fund", "Example Club", "Example Fund"]


# --- several tables in one sheet -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["TOTAL", "TOTAL Q{q}", "Total for quarter {q}"])
def test_four_quarters_each_with_its_title_and_total_and_one_over_all(tmp_path: Path, word: str) -> None:
    page = Page("2020").put("A1", ["MINISTRY OF WORKS, CONTRACTS 2020"])
    for q in range(1, 5):
        page.put(f"A{7 * q - 4}", [f"QUARTER {q}"], HEAD, row(10 * q), row(10 * q + 1, 50))
        page.put(f"A{7 * q}", [word.format(q=q), "", "", "", 150])
    page.put("A31", ["GRAND TOTAL", "", "", "", 600])
    path = workbook(tmp_path / "x.xlsx", page)
    found = staged(path)
    assert [(t.header_rows, [r.number for r in t.rows], t.held) for t in found.tables] == [
        ((7 * q - 3,), [7 * q - 2, 7 * q - 1], {}) for q in range(1, 5)
    ]
    assert [t.above[-1][1] for t in found.tables] == [f"QUARTER {q}" for q in range(1, 5)]
    assert [c.agrees for t in found.tables for c in t.control_totals] == [True] * 5
    assert totals(checked(path)) == {"contract": {"BZD": Decimal("600.00")}}


@pytest.mark.parametrize("gap", [0, 1])
def test_the_same_table_for_each_district_with_its_name_as_title(tmp_path: Path, gap: int) -> None:
    page = Page("Distribution")
    for k, district in enumerate(["COROZAL DISTRICT", "TOLEDO DISTRICT", "CAYO DISTRICT"]):
        top = 1 + k * 8
        page.put(f"A{top}", [district]).merge(f"A{top}:E{top}")
        page.put(
            f"A{top + 1 + gap}", GIFT, gift("Masks", 5 + k, "Clinic"), gift("Soap", 6, "Clinic"), ["Total", 11 + k]
        )
    found = staged(workbook(tmp_path / "x.xlsx", page), "donations")
    assert [t.above for t in found.tables] == [
        (("A1", "COROZAL DISTRICT"),), (("A9", "TOLEDO DISTRICT"),), (("A17", "CAYO DISTRICT"),),
    ]  # fmt: skip
    assert [(len(t.rows), t.held, why(t)["total"]) for t in found.tables] == [
        (2, {}, [5 + gap + 8 * k]) for k in range(3)
    ]


def test_a_page_header_of_two_cells_repeated_every_forty_rows(tmp_path: Path) -> None:
    page = Page("Register")
    for k in range(3):
        page.put(f"A{42 * k + 1}", ["MINISTRY OF HEALTH: REGISTER", "", "", "", f"Page {k + 1} of 3"], HEAD)
        page.put(f"A{42 * k + 3}", *(row(40 * k + n) for n in range(1, 41)))
    page.put("A127", ["TOTAL", "", "", "", 12000])
    done = checked(workbook(tmp_path / "x.xlsx", page))
    assert sum(t["rows"]["accepted"] for t in tables(done)) == 120 and sum(t["rows"]["held"] for t in tables(done)) == 0
    assert [c["agrees"] for t in tables(done) for c in t["control_totals"]] == [True]
    assert totals(done) == {"contract": {"BZD": Decimal("12000.00")}}


def test_two_tables_of_two_kinds_side_by_side_with_their_titles(tmp_path: Path) -> None:
    page = Page().put("A1", ["CONTRACTS"], HEAD, *(row(n) for n in range(1, 8)))
    page.put("H1", ["DONATIONS"], ["Donor", "Recipient", "Item", "Quantity", "Value (US$)"])
    page.put("H3", ["Example Fund", "Hospital", "Masks", 5, 10], ["Example Club", "Hospital", "Soap", 6, 20])
    found = staged(workbook(tmp_path / "x.xlsx", page))
    assert [(t.range, t.kind, len(t.rows), t.above) for t in found.tables] == [
        ("A2:E9", "procurement", 7, (("A1", "CONTRACTS"),)), ("H2:L4", "donations", 2, (("H1", "DONATIONS"),)),
    ]  # fmt: skip


def test_a_list_of_the_same_suppliers_beside_the_contracts_is_not_counted_again(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD, *(row(n) for n in range(1, 8)))
    page.put("H2", ["Supplier", "Amount"], ["Example Supplies 1 Ltd.", 100], ["Example Supplies 2 Ltd.", 100])
    assert totals(checked(workbook(tmp_path / "x.xlsx", page))) == {"contract": {"BZD": Decimal("700.00")}}


def test_two_tables_under_each_other_in_two_currencies(tmp_path: Path) -> None:
    page = Page().put("A1", [*HEAD[:4], "Contract value (BZ$)"], row(1))
    page.put("A4", [*HEAD[:4], "Contract value (US$)"], row(2, 7))
    found = totals(checked(workbook(tmp_path / "x.xlsx", page)))
    assert found == {"contract": {"BZD": Decimal("100.00"), "USD": Decimal("7.00")}}


# --- beside the data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", WRITERS)
def test_a_workbook_with_cover_instructions_lists_and_a_pivot_beside_the_data(tmp_path: Path, form: str) -> None:
    cover = Page("Cover").put("B3", ["MINISTRY OF HEALTH"]).put("B5", ["COVID-19 procurement register"])
    cover.put("B7", ["Reporting period:", "April to June 2020"], ["Prepared by:", "A. Example"], ["Currency:", "BZD"])
    guide = Page("Instructions").put("A1", ["How to fill in"], ["1. One row per contract"], ["2. Dates as dd/mm/yyyy"])
    guide.put("A4", ["Column", "What to write", "Example"], ["Contract number", "Its number", "C-1"])
    lists = Page("Lists").put("A1", ["Method", "District"], ["open", "Corozal"], ["direct", "Toledo"])
    data = Page("Data").put("A1", HEAD, row(1), row(2), row(3), row(4))
    data.put("H2", ["Row Labels", "Sum of Contract value"], ["Example Supplies 1 Ltd.", 100], ["Grand Total", 400])
    found = staged(WRITERS[form](tmp_path / f"x.{form}", cover, guide, lists, data))
    assert [(t.sheet, t.range, len(t.rows)) for t in found.tables] == [("Data", "A1:E5", 4)]
    assert {name for name, _, _ in found.not_read} == {"Cover", "Instructions", "Lists", "Data"}
    assert len(said(found, "L001")) == 4


def test_a_column_of_notes_far_to_the_right_belongs_to_the_table(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD, *(row(n) for n in range(1, 8))).put("T1", ["Notes"])
    t = one(workbook(tmp_path / "x.xlsx", page.put("T3", ["awaiting invoice"]).put("T6", ["see file 7"])))
    assert fields(t)["T"] == "note" and t.range == "A1:T8" and len(t.rows) == 7
    assert said(t, "L004") == []  # columns in which nothing stands are not asked about


def test_totals_at_the_top_over_the_header_are_not_counted(tmp_path: Path) -> None:
    page = Page().put("A1", ["CONTRACTS"]).put("A2", ["TOTAL", "", "", "", 300]).put("A4", HEAD, row(1), row(2, 200))
    path = workbook(tmp_path / "x.xlsx", page)
    assert ("E2", "300") in one(path).above
    assert totals(checked(path)) == {"contract": {"BZD": Decimal("300.00")}}


@pytest.mark.parametrize("mark", ['"', "do.", "ditto", "-do-", "″", "ídem"])
def test_ditto_marks_are_no_names(tmp_path: Path, mark: str) -> None:
    page = Page().put("A1", HEAD, row(1), ["C-2", "Gloves", mark, mark, 50])
    t = one(workbook(tmp_path / "x.xlsx", page))
    assert mark not in values(t, "supplier.name") + values(t, "buyer.name")


def test_one_contract_written_downwards_is_said_not_to_be_a_table(tmp_path: Path) -> None:
    facts = [["Contract number", "C-1"], ["Title", "Masks"], ["Buyer", "Ministry of Health"], ["Supplier", "Example"]]
    found = staged(workbook(tmp_path / "x.xlsx", Page("One").put("A1", *facts, ["Contract value", 500])))
    assert found.tables == () and said(found, "L001") == ["A1"] and said(found, "B015") == [""]

"""Catalogue of messiness, parts 1 and 2: headers, and rows that are not records, each on a small look-alike workbook.

Every test is named after its entry. Files are made here with our own text and the defect of the real one; every file
is also held against the laws of reading (no row counted twice, no cell lost).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt

from importers import staging
from importers.staging import StagedFile, StagedTable
from ledger.settings import Settings
from ledger.values import Sha256
from tests import laws
from tests.conformance.lookalikes import BELIZE, contracts, delimited, read, workbook

HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]


def row(n: int, amount: Any = 100, supplier: str = "") -> list[Any]:
    return [f"C-{n}", f"Masks, order {n}", "Ministry of Health", supplier or f"Example Supplies {n} Ltd.", amount]


def staged(path: Path, kind: str | None = None, **how: Any) -> StagedFile:
    assert laws.broken(path, BELIZE, kind) == []
    return staging.staged(
        path, file_name=path.name, sha256=Sha256("0" * 64), settings=Settings(), jurisdiction=BELIZE, kind=kind, **how
    )


def one(path: Path, kind: str | None = None) -> StagedTable:
    found = staged(path, kind)
    assert len(found.tables) == 1, (found.not_read, [t.range for t in found.tables])
    return found.tables[0]


def book(path: Path, draw: Callable[[Any, Any], None]) -> Path:
    with xlsxwriter.Workbook(path) as made:
        draw(made, made.add_worksheet("Data"))
    return path


def fields(table: StagedTable) -> dict[str, str | None]:
    return {c.header: c.field for c in table.columns}


# --- 1 headers ----------------------------------------------------------------------------------------------------


def test_1_1_a_blank_first_row(tmp_path: Path) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [[], HEAD, row(1), row(2)]))
    assert (t.header_rows, len(t.rows), t.rows[0].values["amount"].at.cell) == ((2,), 2, "E3")


def test_1_2_title_blank_title_and_header_in_row_five(tmp_path: Path) -> None:
    rows = [["DICTIONARY OF CONTRACTS"], [], ["Emergency purchases 2020"], [], HEAD, row(1), row(2)]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert t.header_rows == (5,)
    assert [text for _, text in t.above] == ["DICTIONARY OF CONTRACTS", "Emergency purchases 2020"]


def test_1_2_three_blank_rows_in_an_old_workbook(tmp_path: Path) -> None:
    old = xlwt.Workbook()
    page = old.add_sheet("linksei")
    for n, told in enumerate([HEAD, row(1), row(2)], 3):
        for m, value in enumerate(told):
            page.write(n, m, value)
    old.save(str(tmp_path / "x.xls"))
    assert one(tmp_path / "x.xls").header_rows == (4,)


def test_1_3_title_legend_subtotals_groups_two_languages_and_tags(tmp_path: Path) -> None:
    def draw(made: Any, page: Any) -> None:
        page.write("A1", "EXAMPLAND: GIFTS RECEIVED")
        page.write("A3", "Legend: blue columns are mandatory")
        page.write_formula("A4", "=SUBTOTAL(3,A9:A99)", value=2)
        page.merge_range("A5:B5", "WHO", made.add_format())
        page.merge_range("C5:E5", "WHAT", made.add_format())
        for m, told in enumerate(["Donor", "Recipient", "Item", "Quantity", "Unit"]):
            page.write(5, m, told)
        for m, told in enumerate(["Doador", "Destinatário", "Produto", "Quantidade", "Unidade"]):
            page.write(6, m, told)
        for m, told in enumerate(["#org +funder", "#org +receiver", "#item", "#quantity", "#unit"]):
            page.write(7, m, told)
        page.write_row(8, 0, ["Example Fund", "Central Hospital", "Masks", 500, "box"])
        page.write_row(9, 0, ["Example Club", "North Clinic", "Gloves", 20, "box"])

    t = one(book(tmp_path / "x.xlsx", draw), "donations")
    assert t.header_rows == (5, 6, 7)
    assert [c.field for c in t.columns] == [
        "donor.name", "recipient.name", "item.description", "item.quantity", "item.unit",
    ]  # fmt: skip
    assert [r.number for r in t.rows] == [9, 10] and t.ignored == ((8, "hxl tags"),)


def test_1_3_columns_of_one_merged_heading_are_kept_without_a_name(tmp_path: Path) -> None:
    def draw(made: Any, page: Any) -> None:
        for m, told in enumerate(HEAD):
            page.write(0, m, told)
        page.merge_range("F1:H1", "Remarks", made.add_format())
        for n in (1, 2):
            page.write_row(n, 0, [*row(n), "late", "urgent", "paid"])

    t = one(book(tmp_path / "x.xlsx", draw))
    assert [c.header for c in t.columns][5:] == ["Remarks", "", ""] and len(t.rows) == 2


def test_1_4_groups_over_equal_names(tmp_path: Path) -> None:
    rows = [
        ["", "Pledge", "", "Received", ""],
        ["Donor", "Amount", "Date", "Amount", "Date"],
        ["Example Fund", 100, "2020-04-01", 60, "2020-05-01"],
        ["Example Club", 200, "2020-04-02", 70, "2020-05-02"],
    ]
    t = one(workbook(tmp_path / "x.xlsx", rows), "aid")
    assert t.header_rows == (1, 2)
    assert [c.field for c in t.columns] == [
        "donor.name", "pledge.amount", "pledge.date", "disbursement.amount", "disbursement.date",
    ]  # fmt: skip


def test_1_4_a_cross_table_of_rounds_is_said_to_be_one(tmp_path: Path) -> None:
    rows = [
        ["Country", "Round 4", "Round 5", "Round 6", "Round 7"],
        ["Exampland", 10, 20, 30, 40],
        ["Otherland", 1, 2, 3, 4],
    ]
    found = staged(workbook(tmp_path / "x.xlsx", rows))
    assert found.tables == () and found.not_read == (("Contracts", "cross table", "A1:E3"),)


@pytest.mark.parametrize("tag_rows", [1, 2])
def test_1_5_tag_rows_are_used_and_not_loaded(tmp_path: Path, tag_rows: int) -> None:
    tags = ["#org+funder", "#item+name", "#value"]
    rows = [["Organization", "Thing", "USD"], *([tags] * tag_rows), ["Example Fund", "Masks", 5], ["Club", "Soap", 6]]
    t = one(delimited(tmp_path / "x.csv", rows), "donations")
    assert fields(t)["Organization"] == "donor.name"  # the tag says whose, the heading does not
    assert len(t.rows) == 2 and len([w for _, w in t.ignored if w == "hxl tags"]) == tag_rows


def test_1_6_tables_one_under_the_other_with_titles_and_totals(tmp_path: Path) -> None:
    rows = [
        ["Contracts of the first quarter"], [], [], HEAD, row(1), row(2), ["Total", "", "", "", 200],
        [], ["Contracts of the second quarter"], HEAD, row(3, 50), ["Total", "", "", "", 50],
    ]  # fmt: skip
    found = staged(workbook(tmp_path / "x.xlsx", rows))
    assert [(t.header_rows, len(t.rows)) for t in found.tables] == [((4,), 2), ((10,), 1)]
    assert [[c.agrees for c in t.control_totals] for t in found.tables] == [[True], [True]]


def test_1_6_tables_side_by_side(tmp_path: Path) -> None:
    left = [HEAD, row(1), row(2), row(3)]
    right = [["Row Labels", "Sum of Contract value"], ["Health", 300], ["Grand Total", 300], []]
    rows = [[*a, "", "", *b] for a, b in zip(left, right, strict=True)]
    found = staged(workbook(tmp_path / "x.xlsx", rows))
    assert [(t.range, len(t.rows)) for t in found.tables] == [("A1:E4", 3)]
    assert found.not_read == (("Contracts", "summary table", "H1:I3"),)


@pytest.mark.parametrize(
    "heading",
    [
        "Contract value\xa0",
        "Contract value:",
        "Contract\nvalue",
        "CONTRACT VALUE",
        "  Contract  value ",
        "Contract_value",
    ],
)
def test_1_7_defects_of_a_heading(tmp_path: Path, heading: str) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [[*HEAD[:4], heading], row(1), row(2)]))
    assert [c.field for c in t.columns][4] == "amount"


def test_1_7_a_heading_of_one_space_and_none(tmp_path: Path) -> None:
    rows = [[*HEAD, " ", ""], [*row(1), "x", "y"], [*row(2), "z", ""]]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert [c.field for c in t.columns][5:] == [None, None] and len(t.rows) == 2


def test_1_8_a_heading_that_is_wrong_for_its_data_is_asked(tmp_path: Path) -> None:
    """`Amount ($m)` over 113,000,000: multiplied it would be a hundred million millions."""
    rows = [[*HEAD[:4], "Contract value (US$m)"], row(1, "113,000,000"), row(2, "5,000,000")]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert dict(t.held) == {2: "V019", 3: "V019"}


def test_1_8_month_names_under_a_number_are_no_number(tmp_path: Path) -> None:
    rows = [[*HEAD, "Quantity"], [*row(1), "March"], [*row(2), "April"]]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert fields(t)["Quantity"] is None and "L004" in {f.code for f in t.findings} | {
        f.code for f in t.findings if f.code == "L012"
    }


def test_1_9_columns_that_drift_from_month_to_month(tmp_path: Path) -> None:
    april = read(workbook(tmp_path / "april.xlsx", contracts(["Sum to be paid"], 5, 6)))
    answer = {
        "signature": april.table.signature,
        "kind": "procurement",
        "columns": {c.header: c.field or "" for c in april.table.columns} | {"Sum to be paid": "amount"},
    }
    rows = contracts(["Ward", "Sum to be paid"], ("North", 7), ("South", 8))
    may = read(workbook(tmp_path / "may.xlsx", rows), answers=[answer], kind=None)
    assert may.amounts() == ["BZD 7.00", "BZD 8.00"]


# --- 2 rows that are not records ------------------------------------------------------------------------------------


def test_2_1_a_total_whose_word_is_not_in_the_first_column(tmp_path: Path) -> None:
    rows = [HEAD, row(1, "$1,000.50"), row(2, "$2,000.00"), ["", "", "", "Total", "$3,000.50"]]
    found = staging.staged(
        workbook(tmp_path / "x.xlsx", rows),
        file_name="x.xlsx", sha256=Sha256("0" * 64), settings=Settings(), jurisdiction=BELIZE,
    )  # fmt: skip
    t = found.tables[0]
    assert t.ignored == ((4, "total"),) and [(c.cell, c.agrees) for c in t.control_totals] == [("E4", True)]


@pytest.mark.parametrize("word", ["Grand Total", "Total Geral", "Total général", "TOTAL", "Suma total", "Subtotal"])
def test_2_1_totals_in_four_languages(tmp_path: Path, word: str) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [HEAD, row(1), row(2), [word, "", "", "", 200]]))
    assert t.ignored == ((4, "total"),)


@pytest.mark.parametrize(
    "supplier",
    ["TOTAL SUPPLIES AND SERVICES LTD", "TOTAL WAREHOUSE, SOCIEDAD ANONIMA", "Total Protection (UK) Ltd", "Total"],
)
def test_2_2_suppliers_called_total_are_kept(tmp_path: Path, supplier: str) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [HEAD, row(1), row(2, supplier=supplier), row(3)]))
    assert [r.number for r in t.rows] == [2, 3, 4]


@pytest.mark.parametrize("item", ["TOTAL BILIRUBIN", "total pledge was 68,000"])
def test_2_2_things_and_remarks_with_the_word_are_kept(tmp_path: Path, item: str) -> None:
    rows = [[*HEAD, "Remarks"], [*row(1), ""], [*row(2), item]]
    assert len(one(workbook(tmp_path / "x.xlsx", rows)).rows) == 2


def test_2_3_a_total_that_does_not_agree_is_said(tmp_path: Path) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [HEAD, row(1), row(2), ["Total", "", "", "", 250]]))
    assert [(f.code, f.at.cell) for f in t.findings if f.code == "L006" and f.at] == [("L006", "E4")]


def test_2_4_blank_rows_inside_and_at_the_end(tmp_path: Path) -> None:
    t = one(delimited(tmp_path / "x.csv", [HEAD, row(1), [""] * 5, row(2), [""] * 5]))
    assert len(t.rows) == 2 and {w for _, w in t.ignored} <= {"blank"}


def test_2_4_a_used_range_far_past_the_data(tmp_path: Path) -> None:
    def draw(made: Any, page: Any) -> None:
        for n, told in enumerate([HEAD, row(1), row(2)]):
            page.write_row(n, 0, told)
        page.write_blank(5_000, 200, None, made.add_format({"bold": True}))

    t = one(book(tmp_path / "x.xlsx", draw))
    assert t.range == "A1:E3" and len(t.rows) == 2


def test_2_5_instructions_lists_pivots_and_hidden_sheets_beside_the_data(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        guide = made.add_worksheet("Instructions")
        guide.write("A1", "Fill in one row per contract. Do not leave amounts empty.")
        data = made.add_worksheet("Data")
        for n, told in enumerate([HEAD, row(1), row(2)]):
            data.write_row(n, 0, told)
        pivot = made.add_worksheet("Pivot")
        for n, told in enumerate([["Row Labels", "Sum of Contract value"], ["(vide)", 1], ["Grand Total", 200]]):
            pivot.write_row(n, 0, told)
        lists = made.add_worksheet("Lists")
        for n, told in enumerate([["Code", "District"], ["A", "Corozal"], ["B", "Toledo"]]):
            lists.write_row(n, 0, told)
        old = made.add_worksheet("Old")
        old.hide()
        for n, told in enumerate([HEAD, row(7), row(8)]):
            old.write_row(n, 0, told)
    found = staged(tmp_path / "x.xlsx")
    assert [t.sheet for t in found.tables] == ["Data"]
    assert {(name, why) for name, why, _ in found.not_read} == {
        ("Instructions", "no table"), ("Pivot", "summary table"), ("Lists", "lookup list"), ("Old", "hidden"),
    }  # fmt: skip
    hidden = next(f for f in found.findings if f.code == "L002")
    assert hidden.params["rows"] == 3


def test_2_5_rows_hidden_by_a_filter_are_counted_and_asked_about(tmp_path: Path) -> None:
    def draw(made: Any, page: Any) -> None:
        for n, told in enumerate([HEAD, *(row(k) for k in range(1, 9))]):
            page.write_row(n, 0, told)
        for n in range(3, 9):
            page.set_row(n, None, None, {"hidden": True})

    t = one(book(tmp_path / "x.xlsx", draw))
    said = next(f for f in t.findings if f.code == "L003")
    assert (len(t.rows), said.params["rows"], said.params["others"]) == (8, 6, 2)


def test_2_6_a_remark_in_a_loose_cell_is_kept_and_listed(tmp_path: Path) -> None:
    rows = [[*HEAD, "", ""], [*row(1), "", ""], [*row(2), "", "*I think October?"], [*row(3), "", ""]]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert len(t.rows) == 3 and any(f.code == "L004" and f.at and f.at.cell == "G1" for f in t.findings)


# --- unseen layouts of ministries ---------------------------------------------------------------------------------


def test_subtotals_of_groups_and_a_grand_total(tmp_path: Path) -> None:
    rows = [
        HEAD, row(1), row(2, 50), ["Subtotal", "", "", "", 150], row(3, 25), ["Subtotal", "", "", "", 25],
        ["GRAND TOTAL", "", "", "", 175],
    ]  # fmt: skip
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert len(t.rows) == 3 and [c.agrees for c in t.control_totals] == [True, True, True]


def test_a_total_over_its_rows(tmp_path: Path) -> None:
    t = one(workbook(tmp_path / "x.xlsx", [HEAD, ["TOTAL", "", "", "", 300], row(1), row(2, 200)]))
    assert len(t.rows) == 2 and [c.agrees for c in t.control_totals] == [True]


def test_a_signature_block_under_the_table(tmp_path: Path) -> None:
    rows = [HEAD, row(1), row(2), [], ["Prepared by: A. Example"], ["Approved by: B. Sample, Permanent Secretary"]]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert len(t.rows) == 2 and [n for n, why in t.ignored if why == "note under the table"] == [5, 6]


def test_an_empty_row_after_every_record(tmp_path: Path) -> None:
    rows = [HEAD, [], row(1), [], row(2), [], row(3)]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert [r.number for r in t.rows] == [3, 5, 7]


def test_amounts_declared_over_the_table(tmp_path: Path) -> None:
    rows = [["All amounts in US dollars"], [], HEAD, row(1), row(2)]
    t = one(workbook(tmp_path / "x.xlsx", rows))
    assert {r.values["amount"].value.currency for r in t.rows} == {"USD"}


def test_thousands_declared_over_the_table_are_asked(tmp_path: Path) -> None:
    rows = [["Figures in thousands of BZ$"], HEAD, row(1), row(2)]
    assert set(one(workbook(tmp_path / "x.xlsx", rows)).held.values()) == {"V019"}


def test_the_two_kinds_that_fit_are_named_and_nothing_is_taken(tmp_path: Path) -> None:
    rows = [["Donor", "Amount", "Date"], ["Example Fund", 5, "2020-05-01"], ["Example Club", 6, "2020-05-02"]]
    t = one(workbook(tmp_path / "x.xlsx", rows, "Sheet1"))
    said = next(f for f in t.findings if f.code == "L014")
    assert {said.params["kind"], said.params["rival"]} == {"aid", "donations"} and t.rows == ()

"""Catalogue of messiness, parts 3, 9 and 10: structure, repeats, encodings; each on a small look-alike file.

Every test is named after its entry. Where money could be multiplied or lost the test goes on to the totals of the
whole check. Files are made here with our own text and the defect of the real one.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from importers.intake import check_files
from ledger.settings import Register, Settings
from tests import laws
from tests.conformance.lookalikes import BELIZE, delimited, read, workbook

HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]


def row(n: int, amount: Any = 100, supplier: str = "") -> list[Any]:
    return [f"C-{n}", f"Masks, order {n}", "Ministry of Health", supplier or f"Example Supplies {n} Ltd.", amount]


def totals(*paths: Path, kind: str | None = None) -> dict[str, Any]:
    done = check_files(list(paths), settings=Settings(), register=Register((BELIZE,)), kind=kind)
    out: dict[str, Any] = {}
    for file in done.report["files"]:
        for table in file["tables"]:
            out |= table["totals"]
    return out


def text_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


# --- 3 structure --------------------------------------------------------------------------------------------------


def test_3_1_and_13_rows_with_a_field_too_few_are_refused(tmp_path: Path) -> None:
    lines = ["Buyer,Title,Justification,Contract date,Supplier,Contract value"]
    lines += [f'Ministry,Works {n},"{n}th May, 2012",Example Ltd.,GHS {n}00.00' for n in range(4, 21)]
    done = check_files(
        [text_file(tmp_path / "all.csv", "\n".join(lines) + "\n")], settings=Settings(), register=Register((BELIZE,))
    )
    assert done.report["files"][0]["tables"] == []
    assert done.report["files"][0]["not_read"][0]["why"] == "its rows are shifted"
    assert {f.code for f in done.findings} >= {"L011"}


def test_3_1_one_shifted_row_waits_and_the_others_do_not(tmp_path: Path) -> None:
    good = [row(n, 100) for n in range(1, 9)]
    t = read(delimited(tmp_path / "x.csv", [HEAD, *good[:4], row(99)[1:], *good[4:]]))
    assert t.held == {6: "L010"} and len(t.table.rows) == 8


def test_3_2_a_contract_on_several_rows_counts_once(tmp_path: Path) -> None:
    """One row an item, the contract's value on every one of them: 666 rows of one value are not 666 times the money."""
    head = [*HEAD, "Item", "Quantity"]
    same = ["C-1", "Hospital beds", "Ministry of Health", "Example Ltd.", "128,110,277.00"]
    rows = [head, *([*same, f"Part {n}", n] for n in range(1, 13)), [*row(2, 50), "Masks", 7]]
    assert totals(workbook(tmp_path / "x.xlsx", rows), kind="procurement") == {"contract": {"BZD": "128110327.00"}}


def test_3_2_lots_with_their_own_values_are_added(tmp_path: Path) -> None:
    head = ["Tender number", "Lot", "Title", "Buyer", "Supplier", "Contract value"]
    rows = [
        head,
        ["T-1", "1", "Masks", "Ministry of Health", "Example Ltd.", 10],
        ["T-1", "2", "Gowns", "Ministry of Health", "Other Ltd.", 20],
    ]
    assert totals(workbook(tmp_path / "x.xlsx", rows), kind="procurement") == {"contract": {"BZD": "30.00"}}


def test_3_3_an_entity_is_no_list(tmp_path: Path) -> None:
    t = read(workbook(tmp_path / "x.xlsx", [HEAD, row(1, supplier="Guinness Care &amp; Support Ltd")]))
    assert t.column("supplier.name") == ["Guinness Care & Support Ltd"]


def test_3_4_line_breaks_in_cells_and_in_a_quoted_field(tmp_path: Path) -> None:
    rows = [HEAD, row(1, supplier="Example\nSupplies\r\nLtd.")]
    assert read(workbook(tmp_path / "x.xlsx", rows)).column("supplier.name") == ["Example Supplies Ltd."]
    assert read(delimited(tmp_path / "x.csv", rows)).column("supplier.name") == ["Example Supplies Ltd."]


def test_3_4_a_lone_carriage_return_does_not_break_the_file(tmp_path: Path) -> None:
    text = ",".join(HEAD) + '\nC-1,"Masks\rand gowns",Ministry,Example Ltd.,100\nC-2,Soap,Ministry,Other Ltd.,7\n'
    t = read(text_file(tmp_path / "x.csv", text))
    assert t.amounts() == ["BZD 100.00", "BZD 7.00"]


def test_3_5_and_13_a_formula_typed_as_text_is_no_amount(tmp_path: Path) -> None:
    t = read(delimited(tmp_path / "x.csv", [HEAD, row(1, "=343.14/20"), row(2, 5)]))
    assert t.held == {2: "V023"}


def test_3_5_formulas_with_a_value_are_read_and_errors_and_empty_ones_are_not(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        page = made.add_worksheet("Data")
        for n, told in enumerate([HEAD, row(1), row(2), row(3)]):
            page.write_row(n, 0, told[:4])
        page.write_string("E1", "Contract value")
        page.write_formula("E2", "=50*2", value=100)
        page.write_formula("E3", "=1/0", value="#DIV/0!")
        page.write_formula("E4", "=50*3", value="")
    t = read(tmp_path / "x.xlsx")
    assert t.amounts()[0] == "BZD 100.00" and t.held[3] == "V014" and 4 not in [
        r.number for r in t.table.rows if "amount" in r.values
    ]  # fmt: skip


def test_3_6_merged_data_is_pointed_out(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        page = made.add_worksheet("Data")
        for n, told in enumerate([HEAD, row(1), row(2), row(3)]):
            page.write_row(n, 0, told)
        page.merge_range("C2:C3", "Ministry of Health", made.add_format())
    t = read(tmp_path / "x.xlsx")
    assert "L005" in t.worrying and t.held == {3: "V001"}


def test_3_7_a_number_glued_to_a_name_stays_with_it(tmp_path: Path) -> None:
    told = "CAMUL SRL (RUT 216221360017)"
    assert read(workbook(tmp_path / "x.xlsx", [HEAD, row(1, supplier=told)])).column("supplier.name") == [told]


def test_parent_and_child_sheets_are_joined_by_their_key(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        data, paid = made.add_worksheet("Contracts"), made.add_worksheet("Payments")
        for n, told in enumerate([HEAD, row(1, 500), row(2, 70)]):
            data.write_row(n, 0, told)
        vouchers = [["Voucher no.", "Contract number", "Date paid", "Amount paid"], ["V-1", "C-1", "2020-05-02", 200]]
        for n, told in enumerate([*vouchers, ["V-2", "C-1", "2020-06-02", 100]]):
            paid.write_row(n, 0, told)
    assert totals(tmp_path / "x.xlsx") == {"contract": {"BZD": "570.00"}, "payment": {"BZD": "300.00"}}


def test_an_amendment_that_may_be_a_new_total_or_an_increase_waits(tmp_path: Path) -> None:
    head = [*HEAD, "Amendment number", "Amendment amount"]
    done = check_files(
        [workbook(tmp_path / "x.xlsx", [head, [*row(1, 500), "A-1", 600]])],
        settings=Settings(), register=Register((BELIZE,)), kind="procurement",
    )  # fmt: skip
    assert "D005" in {f.code for f in done.findings}
    said = [*head, "Amendment kind"]
    for kind, total in (("new total", "600.00"), ("increase", "1100.00")):
        path = workbook(tmp_path / f"{kind}.xlsx", [said, [*row(1, 500), "A-1", 600, kind]])
        assert totals(path, kind="procurement") == {"contract": {"BZD": total}}


# --- 9 repeats ------------------------------------------------------------------------------------------------------


def test_9_rows_that_are_equal_are_said_and_not_dropped_in_silence(tmp_path: Path) -> None:
    rows = [HEAD, row(1), row(1), row(2)]
    done = check_files(
        [workbook(tmp_path / "x.xlsx", rows)], settings=Settings(), register=Register((BELIZE,)), kind="procurement"
    )
    counts = done.report["files"][0]["tables"][0]["rows"]
    assert counts["read"] == 3 == counts["accepted"] + counts["held"] + counts["ignored"]
    assert done.report["files"][0]["tables"][0]["totals"] == {"contract": {"BZD": "200.00"}}


def test_9_payments_that_are_equal_are_two_payments(tmp_path: Path) -> None:
    head = ["Contract number", "Payee", "Date paid", "Amount paid"]
    paid = [["C-1", "Example Supplies 1 Ltd.", "2020-05-02", 100]] * 2
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as made:
        data, pays = made.add_worksheet("Contracts"), made.add_worksheet("Payments")
        for n, told in enumerate([HEAD, row(1, 500)]):
            data.write_row(n, 0, told)
        for n, told in enumerate([head, *paid]):
            pays.write_row(n, 0, told)
    done = check_files([tmp_path / "x.xlsx"], settings=Settings(), register=Register((BELIZE,)))
    totals_ = [t["totals"] for t in done.report["files"][0]["tables"]]
    assert {"payment": {"BZD": "200.00"}} in totals_ or any(f.severity == "error" for f in done.findings)


def test_9_near_repeats_of_two_years_are_two(tmp_path: Path) -> None:
    head = [*HEAD, "Contract date"]
    one = ["SLV-1", "Seeds", "Ministry of Agriculture", "Example Seeds Ltd.", "$7,202,238.98"]
    rows = [head, [*one, "2019-03-01"], ["SLV-2", *one[1:], "2018-03-01"]]
    where = workbook(tmp_path / "x.xlsx", rows)
    t = read(where, answers=[{"kind": "procurement", "currency": {"amount": "USD"}}])
    assert t.amounts() == ["USD 7202238.98", "USD 7202238.98"]


# --- 10 encodings and text ------------------------------------------------------------------------------------------


def rows_of(rows: list[list[Any]], delimiter: str = ",", ends: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ends).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_10_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [HEAD, row(1, "1250.50", "Peñón y Compañía Ltda."), row(2, "7.25", "Café Ação Ltd.")]
    path = text_file(tmp_path / "x.csv", rows_of(rows, delimiter), encoding)
    t = read(path)
    assert t.column("supplier.name") == ["Peñón y Compañía Ltda.", "Café Ação Ltd."]
    assert t.amounts() == ["BZD 1250.50", "BZD 7.25"]
    assert laws.broken(path, BELIZE, "procurement") == []


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_10_line_ends(tmp_path: Path, ends: str) -> None:
    t = read(text_file(tmp_path / "x.csv", rows_of([HEAD, row(1), row(2)], ends=ends)))
    assert len(t.table.rows) == 2


def test_10_title_lines_above_a_semicolon_table(tmp_path: Path) -> None:
    text = "Ministry of Health, purchases of 2020, all districts\r\n\r\n" + rows_of([HEAD, row(1), row(2)], ";")
    t = read(text_file(tmp_path / "x.csv", text))
    assert t.table.header_rows == (3,) and len(t.table.rows) == 2


def test_10_control_characters_of_another_code_page(tmp_path: Path) -> None:
    rows = [HEAD, row(1, supplier="BIENES\x93ADQUISICION\x94 S.A.")]
    t = read(text_file(tmp_path / "x.csv", rows_of(rows), "latin-1"))
    assert t.column("supplier.name") == ["BIENES“ADQUISICION” S.A."]


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("Example\x1c Ltd.", "Example Ltd."),
        ("Example Ltd.\t", "Example Ltd."),
        ("Example\xa0\xa0Ltd.", "Example Ltd."),
        ("Example Ltd." + " " * 30, "Example Ltd."),
        ("R&amp;D Ltd.", "R&D Ltd."),
        ("\ufeffExample Ltd.", "Example Ltd."),
        ("\u202eExample Ltd.", "Example Ltd."),
    ],
)
def test_10_dirt_that_nobody_typed_comes_off(tmp_path: Path, typed: str, clean: str) -> None:
    t = read(text_file(tmp_path / "x.csv", rows_of([HEAD, row(1, supplier=typed)])))
    assert t.column("supplier.name") == [clean]


def test_10_letters_read_twice_are_noticed_and_not_mended(tmp_path: Path) -> None:
    t = read(text_file(tmp_path / "x.csv", rows_of([HEAD, row(1, supplier="Nightingaleâ€™s Ltd."), row(2)])))
    codes = {f.code for f in (*t.file.findings, *t.table.findings)}
    assert "B021" in codes and t.column("supplier.name")[0] == "Nightingaleâ€™s Ltd."


def test_13_three_m_is_a_name(tmp_path: Path) -> None:
    t = read(workbook(tmp_path / "x.xlsx", [HEAD, row(1, supplier="3M ENTERPRISE"), row(2, supplier="040M-2013 Ltd.")]))
    assert t.column("supplier.name") == ["3M ENTERPRISE", "040M-2013 Ltd."]

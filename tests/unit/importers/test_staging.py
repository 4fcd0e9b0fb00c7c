"""Look-alikes of real files, one defect each: what is read, held, ignored and said."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers import columns, staging
from importers.staging import StagedFile, StagedTable
from ledger.findings import codes
from ledger.settings import Jurisdiction, Settings
from ledger.values import Money, Sha256

BELIZE = Jurisdiction("BZ", {"en": "Belize"}, "BZD", ("en", "es"), "BZ")
HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]


def of_file(path: Path, where: Jurisdiction | None = BELIZE, **told: Any) -> StagedFile:
    found = staging.staged(
        path, file_name=path.name, sha256=Sha256("0" * 64), settings=Settings(), jurisdiction=where, **told
    )
    for t in found.tables:
        counts = staging.report(found)["tables"][0]["rows"]
        assert counts["read"] == counts["accepted"] + counts["held"] + counts["ignored"]
        for f in t.findings:
            assert f.code in codes()
    return found


def of_csv(
    folder: Path, *rows: Sequence[str], where: Jurisdiction | None = BELIZE, encoding: str = "utf-8"
) -> StagedTable:
    path = folder / "contracts.csv"
    with path.open("w", newline="", encoding=encoding) as out:
        csv.writer(out).writerows(rows)
    found = of_file(path, where)
    assert len(found.tables) == 1, found
    return found.tables[0]


def contract(number: str, amount: str, supplier: str = "Example Medical Supplies Ltd.") -> list[str]:
    return [number, f"COVID-19 masks {number}", "Ministry of Health", supplier, amount]


def told(t: StagedTable) -> dict[str, str]:
    return {f.code: f.where for f in t.findings}


def amounts(t: StagedTable) -> list[Money]:
    return [r.values["amount"].value for r in t.rows]


def test_every_value_has_its_cell(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "BZD 1,500.50"), contract("C2", "BZD 20"))
    assert [str(r.values["amount"].at) for r in t.rows] == ["contracts!E2", "contracts!E3"]
    assert amounts(t) == [Money(Decimal("1500.50"), "BZD"), Money(Decimal("20.00"), "BZD")]


def test_a_supplier_called_total_is_kept_and_a_total_is_not(tmp_path: Path) -> None:
    t = of_csv(
        tmp_path,
        HEAD,
        contract("C1", "100.00"),
        contract("C2", "250.00", "TOTAL SUPPLIES AND SERVICES LTD"),
        ["", "", "", "Grand Total", "350.00"],
    )
    assert len(t.rows) == 2
    assert t.ignored == ((4, "total"),)
    assert [(c.cell, c.agrees) for c in t.control_totals] == [("E4", True)]


def test_a_total_that_does_not_agree_is_an_error_with_both_figures(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "100.00"), contract("C2", "250.00"), ["TOTAL", "", "", "", "360.00"])
    finding = next(f for f in t.findings if f.code == "L006")
    assert (finding.where, finding.params["added"], finding.params["difference"]) == (
        "contracts!E4",
        Decimal("350.00"),
        Decimal("10.00"),
    )


def test_a_total_without_a_word_is_known_by_its_value(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "100.00"), contract("C2", "250.00"), ["", "", "", "", "350.00"])
    assert t.ignored == ((4, "total"),)


def test_shifted_rows_are_held_and_never_loaded(tmp_path: Path) -> None:
    shifted = contract("C2", "250.00")[1:]
    t = of_csv(tmp_path, HEAD, contract("C1", "100.00"), shifted, contract("C3", "5.00"))
    assert [r.number for r in t.rows] == [2, 4]
    assert t.held == {3: "L010"}


def test_a_sheet_of_shifted_rows_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    head = ["Buyer", "Title", "Justification", "Contract date", "Supplier", "Contract value"]
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(head)
        for n in range(40):
            rows.writerow(["Ministry", f"Works {n}", f"{n % 27 + 1}th May, 2012", "Example Ltd.", f"Gh¢{n}.00"])
    found = of_file(path)
    published = [r for t in found.tables for r in t.rows]
    assert published == []
    held = sum(len(t.held) for t in found.tables)
    assert held == 40 or "L011" in {f.code for f in found.findings}


def test_two_currencies_in_one_row_are_not_chosen_between(tmp_path: Path) -> None:
    t = of_csv(
        tmp_path, [*HEAD, "Currency"], [*contract("C1", "Gh¢500.00"), "USD"], [*contract("C2", "$500.00"), "USA Dollar"]
    )
    assert t.held == {2: "V007"}
    assert amounts(t) == [Money(Decimal("500.00"), "USD")]


def test_a_bare_dollar_is_asked_about_unless_the_office_said(tmp_path: Path) -> None:
    assert of_csv(tmp_path, HEAD, contract("C1", "$500.00"), contract("C2", "$1.00")).held == {2: "V009", 3: "V009"}
    said = Jurisdiction("BZ", {"en": "Belize"}, "BZD", dollar="BZD")
    assert (
        amounts(of_csv(tmp_path, HEAD, contract("C1", "$500.00"), contract("C2", "$1"), where=said))[0].currency
        == "BZD"
    )


def test_the_heading_may_tell_the_currency(tmp_path: Path) -> None:
    head = [*HEAD[:4], "Contract value (US$)"]
    assert amounts(of_csv(tmp_path, head, contract("C1", "5.00"), contract("C2", "6.00")))[0].currency == "USD"


def test_without_any_sign_the_reporting_currency_is_used_and_said(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "5.00"), contract("C2", "6.00"))
    assert amounts(t)[0].currency == "BZD"
    assert told(t)["V017"] == "contracts!E1"
    assert (
        amounts(of_csv(tmp_path, HEAD, contract("C1", "5.00"), contract("C2", "6.00"), where=None))[0].currency == "XXX"
    )


def test_more_decimals_than_the_currency_has_are_rounded_and_reported(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "BZD 65549.9525"), contract("C2", "BZD 1.00"))
    first = t.rows[0].values["amount"]
    assert (first.value.amount, first.how) == (Decimal("65549.95"), "rounded")
    assert told(t)["V010"] == "contracts!E2"


def test_missing_is_not_zero_and_zero_is_not_missing(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "-"), contract("C2", "0"), contract("C3", "N/A"))
    assert [r.values.get("amount") is None for r in t.rows] == [True, False, True]


def test_personal_columns_never_leave_and_are_said_to_be_withheld(tmp_path: Path) -> None:
    t = of_csv(
        tmp_path,
        [*HEAD, "Company Email:", "Company Tel:"],
        [*contract("C1", "5.00"), "ana@example.org", "501-622-1234"],
        [*contract("C2", "6.00"), "bea@example.org", "501-622-9999"],
    )
    staged = str([r.values for r in t.rows])
    assert "example.org" not in staged and "622" not in staged
    assert sum(f.code == "P001" for f in t.findings) == 2


def test_an_address_in_a_free_text_is_withheld(tmp_path: Path) -> None:
    row = contract("C1", "5.00")
    row[1] = "Masks, ask ana@example.org"
    t = of_csv(tmp_path, HEAD, row, contract("C2", "6.00"))
    assert "title" not in t.rows[0].values and told(t)["P002"] == "contracts!B2"


def test_unknown_columns_are_listed_and_never_staged(tmp_path: Path) -> None:
    t = of_csv(tmp_path, [*HEAD, "Shoe size"], [*contract("C1", "5.00"), "43"], [*contract("C2", "6.00"), "44"])
    assert told(t)["L004"] == "contracts!F1"
    assert "43" not in str([r.values for r in t.rows])


def test_old_encodings_are_read_and_pointed_out(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "5.00", "Peña y Cía"), contract("C2", "6.00"), encoding="cp1252")
    assert t.rows[0].values["supplier.name"].value == "Peña y Cía"
    assert "B012" in told(t)


def test_utf_16_semicolons_and_sep_lines_are_read(tmp_path: Path) -> None:
    text = (
        "sep=;\r\n" + "\r\n".join(";".join(r) for r in (HEAD, contract("C1", "5,50"), contract("C2", "6,25"))) + "\r\n"
    )
    path = tmp_path / "contracts.csv"
    path.write_bytes(text.encode("utf-16"))
    t = of_file(path).tables[0]
    assert [m.amount for m in amounts(t)] == [Decimal("5.50"), Decimal("6.25")]
    assert str(t.rows[0].values["amount"].at) == "contracts!E3"


def test_the_quote_against_formulas_comes_off_again_once(tmp_path: Path) -> None:
    t = of_csv(tmp_path, HEAD, contract("C1", "5.00", "'=Example & Sons"), contract("C2", "6.00", "''Quoted"))
    assert [r.values["supplier.name"].value for r in t.rows] == ["=Example & Sons", "''Quoted"]


def book(folder: Path) -> tuple[xlsxwriter.Workbook, Path]:
    path = folder / "contracts.xlsx"
    return xlsxwriter.Workbook(path, {"strings_to_formulas": False, "in_memory": True}), path


def fill(sheet: Any, rows: Sequence[Sequence[Any]], row: int = 0, column: int = 0) -> None:
    for n, values in enumerate(rows):
        for m, value in enumerate(values):
            sheet.write(row + n, column + m, value)


def numbered(number: str, amount: float) -> list[Any]:
    return [*contract(number, "")[:4], amount]


def test_a_table_that_starts_at_c5_keeps_its_addresses(tmp_path: Path) -> None:
    workbook, path = book(tmp_path)
    fill(workbook.add_worksheet("Data"), [HEAD, numbered("C1", 5), numbered("C2", 6)], 4, 2)
    workbook.close()
    t = of_file(path).tables[0]
    assert [str(r.values["amount"].at) for r in t.rows] == ["Data!G6", "Data!G7"]


def test_error_cells_and_formulas_without_a_value_are_not_blanks(tmp_path: Path) -> None:
    workbook, path = book(tmp_path)
    sheet = workbook.add_worksheet("Data")
    fill(sheet, [HEAD, numbered("C1", 5), numbered("C2", 6), numbered("C3", 7), numbered("C4", 8)])
    sheet.write_formula(2, 4, "=A1/0", value="#DIV/0!")
    workbook.close()
    raw = path.read_bytes()
    t = of_file(path).tables[0]
    assert raw and t.held == {3: "V014"}
    assert next(f for f in t.findings if f.code == "V014").shown == "#DIV/0!"


def test_a_formula_that_nobody_computed_holds_its_row(tmp_path: Path) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for r in (HEAD, numbered("C1", 5), numbered("C2", 6), [*numbered("C3", 0)[:4], "=E2+E3"], numbered("C4", 8)):
        sheet.append(r)
    workbook.save(tmp_path / "made.xlsx")
    t = of_file(tmp_path / "made.xlsx").tables[0]
    assert t.held == {4: "V015"}


@pytest.mark.parametrize(
    ("number_format", "currency"),
    [
        ("[$BZ$-2809] #,##0.00", "BZD"),
        ('"USD" #,##0.00', "USD"),
        ("[$EUR-2] #,##0.00", "EUR"),
        ("[$£-809]#,##0.00", "GBP"),
    ],
)
def test_a_currency_that_lives_only_in_the_number_format(tmp_path: Path, number_format: str, currency: str) -> None:
    workbook, path = book(tmp_path)
    sheet = workbook.add_worksheet("Data")
    fill(sheet, [HEAD, numbered("C1", 5), numbered("C2", 6)])
    style = workbook.add_format({"num_format": number_format})
    for n in (1, 2):
        sheet.write_number(n, 4, 5.5, style)
    workbook.close()
    assert {m.currency for m in amounts(of_file(path).tables[0])} == {currency}


def test_zeros_of_a_number_format_and_whole_numbers_are_kept(tmp_path: Path) -> None:
    workbook, path = book(tmp_path)
    sheet = workbook.add_worksheet("Data")
    fill(sheet, [HEAD, numbered("C1", 5), numbered("C2", 6)])
    sheet.write_number(1, 0, 123, workbook.add_format({"num_format": "00000"}))
    sheet.write_number(2, 0, 43924)
    workbook.close()
    assert [r.values["contract.id"].value for r in of_file(path).tables[0].rows] == ["00123", "43924"]


def test_hidden_rows_are_read_and_reported_and_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    workbook, path = book(tmp_path)
    sheet = workbook.add_worksheet("Data")
    fill(sheet, [HEAD, numbered("C1", 5), numbered("C2", 6), numbered("C3", 7)])
    sheet.set_row(2, None, None, {"hidden": True})
    hidden = workbook.add_worksheet("Old")
    fill(hidden, [HEAD, numbered("C9", 5)])
    hidden.hide()
    workbook.close()
    found = of_file(path)
    assert len(found.tables[0].rows) == 3
    assert told(found.tables[0])["L003"] == "Data!A3"
    assert found.not_read == (("Old", "hidden", ""),)


def test_merged_data_shown_in_thousands_and_long_numbers_are_pointed_out(tmp_path: Path) -> None:
    workbook, path = book(tmp_path)
    sheet = workbook.add_worksheet("Data")
    fill(sheet, [HEAD, numbered("C1", 5), numbered("C2", 6), numbered("C3", 7)])
    sheet.merge_range(2, 2, 3, 2, "Ministry of Health")
    sheet.write_number(1, 4, 1234567, workbook.add_format({"num_format": "#,##0,"}))
    sheet.write_number(1, 0, 1234567890123456789)
    workbook.close()
    assert {"L005", "V016", "V018"} <= set(told(of_file(path).tables[0]))


def test_dates_by_order_of_the_column_and_native_ones(tmp_path: Path) -> None:
    head = [*HEAD, "Contract date"]
    ambiguous = of_csv(tmp_path, head, [*contract("C1", "5"), "03/04/2020"], [*contract("C2", "6"), "05/06/2020"])
    assert set(ambiguous.held.values()) == {"V012"}
    decided = of_csv(tmp_path, head, [*contract("C1", "5"), "03/04/2020"], [*contract("C2", "6"), "25/06/2020"])
    assert [str(r.values["contract.date"].value) for r in decided.rows] == ["2020-04-03", "2020-06-25"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "-", "Total", "C1", "BZD 5.00", "5,00", "2M", "#REF!", "Masks", "2020-05-01"]),
            min_size=3,
            max_size=7,
        ),
        max_size=12,
    )
)
def test_read_is_accepted_and_held_and_ignored(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "any.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([HEAD, contract("C0", "1.00"), contract("C00", "2.00"), *rows])
    found = of_file(path, kind="procurement")
    for t in found.tables:
        numbers = [r.number for r in t.rows] + list(t.held) + [n for n, _ in t.ignored]
        assert sorted(numbers) == list(range(2, max(numbers) + 1))


def test_every_reason_for_not_reading_a_sheet_is_said_in_spanish_too(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Donor", "Amount"])
    book.active.append(["Example Partner", 5])
    for title, rows in (("Hidden", [["a"]]), ("Empty", []), ("Words", [["Please read this first."]])):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book["Hidden"].sheet_state = "hidden"
    book.save(path)
    told = {n["sheet"]: n["porque"] for n in staging.report(of_file(path))["not_read"]}
    assert told == {"Hidden": "está oculta", "Empty": "está vacía", "Words": "no es una tabla"}
    kinds = columns.words()["table"].values()
    assert all(k["corto"] and k["corto"] != k["short"] for k in kinds)
    source = Path(staging.__file__).read_text("utf-8")
    plain = set(re.findall(r'not_read\.append\(\(raw\.name, "([^"]+)"', source))
    assert plain - {k["short"] for k in kinds} == set(columns.words()["not_read"])

"""Part 5 of the catalogue of messiness, dates: each entry a small look-alike workbook and what must become of it.

The order of day and month is decided per column, never per file; a date is as precise as its cell and never more.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from importers.intake import check_files
from ledger.findings import Severity
from ledger.settings import Jurisdiction, Register, Settings
from tests.conformance.lookalikes import BELIZE, As, answer, column, contracts, delimited, read, workbook

DATE = "Contract date"
MEXICO = Jurisdiction("mx", {"es": "México"}, "MXN", ("es",), "MX")


def dates(folder: Path, *cells: Any, **how: Any) -> Any:
    return column(folder, DATE, *cells, **how)


def test_5_1_native_dates_with_and_without_a_time(tmp_path: Path) -> None:
    t = dates(tmp_path, dt.date(2020, 4, 3), dt.datetime(2020, 12, 31, 23, 59), As(dt.date(2020, 5, 4), "mmm-yy"))
    assert t.texts("contract.date") == ["2020-04-03", "2020-12-31", "2020-05-04"]


def test_5_1_native_dates_of_an_old_workbook(tmp_path: Path) -> None:
    import xlwt

    book = xlwt.Workbook()
    page = book.add_sheet("Contracts")
    shown = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for n, row in enumerate(contracts(DATE, dt.date(2020, 4, 3), dt.date(2020, 11, 10))):
        for m, value in enumerate(row):
            page.write(n, m, value, *([shown] if isinstance(value, dt.date) else []))
    book.save(str(tmp_path / "contracts.xls"))
    assert read(tmp_path / "contracts.xls").texts("contract.date") == ["2020-04-03", "2020-11-10"]


def test_5_1_native_dates_of_an_open_document(tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    page = Table(name="Contracts")
    for row in contracts(DATE, dt.date(2020, 4, 3), "10/13/2020"):
        line = TableRow()
        for value in row:
            native = {"valuetype": "date", "datevalue": str(value)} if isinstance(value, dt.date) else {}
            cell = TableCell(**(native or {"valuetype": "string"}))
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        page.addElement(line)
    book.spreadsheet.addElement(page)
    book.save(str(tmp_path / "contracts.ods"))
    assert read(tmp_path / "contracts.ods").texts("contract.date") == ["2020-04-03", "2020-10-13"]


def test_5_2_day_first_with_one_digit_days(tmp_path: Path) -> None:
    t = dates(tmp_path, "12/06/2018", "1/06/2018", "25/6/2018")
    assert t.texts("contract.date") == ["2018-06-12", "2018-06-01", "2018-06-25"]


def test_5_2_what_no_cell_decides_is_asked_once_and_remembered(tmp_path: Path) -> None:
    asked = dates(tmp_path, "12/06/2018", "1/06/2018", "6/6/2018")
    assert asked.held == {2: "V012", 3: "V012"}
    assert asked.texts("contract.date") == ["2018-06-06"]
    for order, first in (("dmy", "2018-06-12"), ("mdy", "2018-12-06")):
        said = answer(asked, date_order={"contract.date": order})
        assert dates(tmp_path, "12/06/2018", answers=[said]).texts("contract.date") == [first]
        drifted = column(tmp_path, ["Method", DATE], ["open", "12/06/2018"], ["", "03/04/19"], answers=[said])
        assert (drifted.held, drifted.texts("contract.date")[0]) == ({}, first)


def test_5_2_the_offices_own_order_decides_what_no_cell_does(tmp_path: Path) -> None:
    office = Jurisdiction("bz", {"en": "Belize"}, "BZD", date_order="dmy")
    assert dates(tmp_path, "03/04/2020", where=office).texts("contract.date") == ["2020-04-03"]
    assert dates(tmp_path, "03/04/2020", "04/25/2020", where=office).texts("contract.date") == [
        "2020-03-04",
        "2020-04-25",
    ]


def test_5_3_short_and_long_years_in_one_row(tmp_path: Path) -> None:
    head = [DATE, "Start date", "End date"]
    t = column(tmp_path, head, ["07/04/2020", "10/04/20", "31/12/2020"], ["13/04/2020", "30/04/20", "01/07/2020"])
    assert t.texts("contract.date") == ["2020-04-07", "2020-04-13"]
    assert t.texts("period.start") == ["2020-04-10", "2020-04-30"]
    assert t.texts("period.end") == ["2020-12-31", "2020-07-01"]


def test_5_4_month_first_and_day_first_in_two_columns_of_one_file(tmp_path: Path) -> None:
    head = ["Tender date", DATE]
    t = column(tmp_path, head, ["01/13/2011", "24/02/2011"], ["02/03/2011", "05/06/2011"])
    assert t.texts("tender.date") == ["2011-01-13", "2011-02-03"]
    assert t.texts("contract.date") == ["2011-02-24", "2011-06-05"]


def test_5_4_what_contradicts_its_column_is_never_turned_round(tmp_path: Path) -> None:
    t = dates(tmp_path, "24/02/2011", "25/02/2011", "01/13/2011", "05/06/2011")
    assert [str(v) if v else "-" for v in t.column("contract.date")] == ["2011-02-24", "2011-02-25", "-", "2011-06-05"]
    assert t.said("V013") == ["E4"]


def test_5_5_dashes_and_eight_digits(tmp_path: Path) -> None:
    assert dates(tmp_path, "28-03-2020", "01-04-2020").texts("contract.date") == ["2020-03-28", "2020-04-01"]
    t = dates(tmp_path, "20200328", 20200401, "20201231")
    assert t.texts("contract.date") == ["2020-03-28", "2020-04-01", "2020-12-31"]


def test_5_5_numbers_that_look_like_days_stay_what_their_column_is(tmp_path: Path) -> None:
    head = ["Tax ID", "Lot", "Contract value"]
    t = column(tmp_path, head, ["20122094", 20160000, "20805948"], [20121231, "20200101", 20200328])
    assert (t.texts("supplier.id"), t.texts("lot.id")) == (["20122094", "20121231"], ["20160000", "20200101"])
    assert t.amounts() == ["BZD 20805948.00", "BZD 20200328.00"]


def test_5_5_eight_digits_that_are_no_day_are_no_date(tmp_path: Path) -> None:
    t = dates(tmp_path, "20200328", "20200401", "20160000", "20201399")
    assert t.texts("contract.date") == ["2020-03-28", "2020-04-01", "-", "-"]
    assert sorted(t.said("V011") + t.said("V013")) == ["E4", "E5"]


def test_5_6_ordinal_days(tmp_path: Path) -> None:
    t = dates(tmp_path, "14th September, 2012", "03rd December, 2013", "1st of May 2020", "22nd Feb. 2020")
    assert t.texts("contract.date") == ["2012-09-14", "2013-12-03", "2020-05-01", "2020-02-22"]


def test_5_7_seven_styles_in_one_column_in_the_american_order(tmp_path: Path) -> None:
    cells = ["18-Mar-21", "March 29, 2022", "March 2022", "January 2022", "12/29/2021", "10/12/21", "Dec. 5, 2021"]
    t = dates(tmp_path, *cells)
    told = ["2021-03-18", "2022-03-29", "2022-03", "2022-01", "2021-12-29", "2021-10-12", "2021-12-05"]
    assert t.texts("contract.date") == told


@pytest.mark.parametrize(
    "typed",
    [
        "28-Jun-21 and 31 March 2022",
        "Yes, 10/12/21",
        "12/29/2021 or later",
        "12/20/21 to 12/29/21",
        "2021-12-20 - 2021-12-29",
    ],
)
def test_5_7_a_sentence_with_dates_is_no_date(tmp_path: Path, typed: str) -> None:
    t = dates(tmp_path, "18-Mar-21", "12/29/2021", typed)
    assert t.texts("contract.date") == ["2021-03-18", "2021-12-29", "-"]
    assert t.said("V011") + t.said("V025") + t.said("V026") == ["E4"]


def test_5_7_a_lot_number_that_the_program_made_a_date_is_not_published(tmp_path: Path) -> None:
    t = column(tmp_path, ["Lot", "Contract value"], ["11-12-14", 5], [dt.date(2013, 12, 11), 6], ["12-12-13", 7])
    assert t.texts("lot.id") == ["11-12-14", "-", "12-12-13"]
    spoken = [f for f in t.table.findings if f.where == "Contracts!E3" and f.severity is not Severity.NOTICE]
    assert spoken


def test_5_7_a_contract_number_that_the_program_made_a_date_is_never_a_number(tmp_path: Path) -> None:
    rows = contracts("Contract value", 5, 6, 7)
    rows[2][0] = dt.date(2020, 3, 14)
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert "2020-03-14" not in str(t.texts("contract.id"))
    assert [f for f in t.table.findings if f.where == "Contracts!A3" and f.severity is not Severity.NOTICE]


def test_5_8_machine_time_stamps(tmp_path: Path) -> None:
    t = dates(tmp_path, " 2015-04-24T13:00:00Z", "2018-01-17T19:46:41.77", "2018-01-17 19:46")
    assert t.texts("contract.date") == ["2015-04-24", "2018-01-17", "2018-01-17"]
    t = dates(tmp_path, "11/02/2019 10:20hs", "25/02/2019 08:00 hs", "26/02/2019 8:15 AM")
    assert t.texts("contract.date") == ["2019-02-11", "2019-02-25", "2019-02-26"]


def test_5_8_one_other_style_among_machine_stamps_is_asked_alone(tmp_path: Path) -> None:
    t = dates(tmp_path, "2015-04-24T13:00:00Z", "10/07/2015 10:15", "2015-07-14")
    assert (t.held, t.texts("contract.date")) == ({3: "V012"}, ["2015-04-24", "2015-07-14"])


def test_5_9_six_styles_in_one_column(tmp_path: Path) -> None:
    native = As(dt.date(2019, 3, 15), "mm-dd-yy")
    t = dates(tmp_path, native, "15/04/2019", "28/03/19", "2019-04-16", "6-19-2019")
    assert t.texts("contract.date") == ["2019-03-15", "2019-04-15", "2019-03-28", "2019-04-16", "-"]
    assert t.said("V013") == ["E6"]


def test_5_9_an_end_before_its_start_is_said(tmp_path: Path) -> None:
    head = ["Contract value", "Start date", "End date"]
    rows = contracts(
        head, [5, dt.date(2019, 3, 15), dt.date(2019, 1, 31)], [6, dt.date(2019, 1, 1), dt.date(2019, 2, 1)]
    )
    path = workbook(tmp_path / "contracts.xlsx", rows)
    done = check_files([path], settings=Settings(), register=Register((BELIZE,)), kind="procurement")
    assert [f.at.cell for f in done.findings if f.code == "D021" and f.at] == ["G2"]


def test_5_9_true_dates_beside_typed_ones_are_warned_of(tmp_path: Path) -> None:
    """A program in the American order turns 03/04 round and leaves 13/04 as text: the true dates may be swapped."""
    damaged = [dt.date(2020, 3, 4), "13/04/2020", dt.date(2020, 5, 6), "25/04/2020"]
    t = dates(tmp_path, *damaged)
    warned = [f for f in t.table.findings if f.field == "contract.date" and f.severity is Severity.WARNING]
    assert warned
    sound = dates(tmp_path, dt.date(2020, 3, 4), dt.date(2020, 4, 13), dt.date(2020, 5, 6))
    assert sound.table.findings == ()


def test_5_10_sentinels_are_nothing(tmp_path: Path) -> None:
    t = dates(
        tmp_path, "0001-01-01T00:00:00", "2020-05-14", "1900-01-01", "1970-01-01", "9999-12-31", dt.date(1900, 1, 1)
    )
    assert t.texts("contract.date") == ["-", "2020-05-14", "-", "-", "-", "-"]
    assert t.held == {}


def test_5_10_months_without_a_year_get_none(tmp_path: Path) -> None:
    t = dates(tmp_path, "2020-01", "Enero     ", "March", "14 March", "2020", "2020-02", "2021-03")
    assert t.texts("contract.date") == ["2020-01", "-", "-", "-", "2020", "2020-02", "2021-03"]
    assert t.said("V011") == ["E3", "E4", "E5"]


def test_5_10_a_month_and_a_year_in_two_columns_are_not_joined_by_a_guess(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Month", "Year"], [5, "August", 2021], [6, "July", 2021])
    assert t.texts("contract.date") == ["-", "-"]
    assert {t.field_of("Month"), t.field_of("Year")} == {None}


def test_5_10_numbers_and_places_that_look_like_dates_stay_themselves(tmp_path: Path) -> None:
    rows = contracts(["Contract value", "District"], [5, "3 Fevereiro"], [6, "1 Mayo"], [7, "Cayo"])
    rows[1][0], rows[2][0] = "0148-12-13", "12/2020"
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.texts("contract.id") == ["0148-12-13", "12/2020", "C-3"]
    assert t.texts("place.name") == ["3 Fevereiro", "1 Mayo", "-"] and t.texts("place")[2] == "BZ-CY"


def test_5_11_serial_numbers_are_not_made_dates(tmp_path: Path) -> None:
    cells = [44000, "2020-06-18"], ["43944", 43944], [44526, "44526"], [1, "2020-06-19"], [2, "2020-06-20"]
    t = column(tmp_path, ["Contract value", DATE], *cells)
    assert t.amounts()[:3] == ["BZD 44000.00", "BZD 43944.00", "BZD 44526.00"]
    assert t.texts("contract.date")[:3] == ["2020-06-18", "-", "-"]
    assert t.said("V011") == ["F3", "F4"]


def test_5_11_a_column_of_nothing_but_serial_numbers_is_no_column_of_dates(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", DATE], [5, 43944], [6, 43945], [7, 43950])
    assert t.texts("contract.date") == ["-", "-", "-"]
    assert "F1" in t.said("L004") + t.said("L012") or t.said("V011") == ["F2", "F3", "F4"]


# --- variants beside the catalogue --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("14/5/20", "2020-05-14"),
        ("May 14 2020", "2020-05-14"),
        ("2020-05", "2020-05"),
        ("05/2020", "2020-05"),
        ("14-may-2020", "2020-05-14"),
        ("14 de mayo de 2020", "2020-05-14"),
        ("14 de mayo del 2020", "2020-05-14"),
        ("jueves 14 de mayo de 2020", "2020-05-14"),
        ("Thursday, May 14, 2020", "2020-05-14"),
        ("mayo 2020", "2020-05"),
        ("14.05.2020", "2020-05-14"),
        ("2020/05/14", "2020-05-14"),
        ("14May2020", "2020-05-14"),
        ("14 Sept 2020", "2020-09-14"),
    ],
)
def test_other_ways_to_write_a_day(tmp_path: Path, typed: str, read_as: str) -> None:
    assert dates(tmp_path, "2020-01-01", typed).texts("contract.date") == ["2020-01-01", read_as]


@pytest.mark.parametrize(
    "typed",
    [
        "Q2 2020",
        "FY 2020/21",
        "2020/21",
        "2020-21",
        "early 2020",
        "31/02/2020",
        "14/15/2020",
        "week 14, 2020",
        "May-20",
    ],
)
def test_times_that_are_no_day_month_or_year_are_said_and_nothing_is_invented(tmp_path: Path, typed: str) -> None:
    t = dates(tmp_path, "2020-01-01", typed)
    assert t.texts("contract.date") == ["2020-01-01", "-"]
    assert t.said("V011") + t.said("V013") + t.said("V026") == ["E3"]


def test_month_names_of_two_languages_in_one_column(tmp_path: Path) -> None:
    rows = contracts(DATE, "3 de abril de 2020", "April 4, 2020", "5 avril 2020", "6 de março de 2020")
    t = read(delimited(tmp_path / "contracts.csv", rows), where=MEXICO)
    assert t.texts("contract.date") == ["2020-04-03", "2020-04-04", "2020-04-05", "2020-03-06"]


def test_a_date_where_money_belongs_holds_the_row(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", 5, dt.date(2020, 5, 14), 6)
    assert (t.held, t.amounts()) == ({3: "V006"}, ["BZD 5.00", "BZD 6.00"])


@pytest.mark.parametrize(
    ("shown", "precise"), [("mmm-yy", "2020-05"), ("mmmm yyyy", "2020-05"), ("dd/mm/yyyy", "2020-05-01")]
)
def test_a_month_that_the_program_gave_a_first_day_stays_a_month(tmp_path: Path, shown: str, precise: str) -> None:
    assert dates(tmp_path, As(dt.date(2020, 5, 1), shown)).texts("contract.date") == [precise]

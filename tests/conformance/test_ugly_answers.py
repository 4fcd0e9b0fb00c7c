"""An officer's answers about an ugly list: each is taken, is remembered next month, and never outvotes a cell.

Next month's file has a column more, others in another order, or says something else than it did: what was answered
about one thing must not be used for another.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.conformance.lookalikes import Told, answer, column, read, workbook

HEAD = ["PO no.", "Particulars", "Vendor", "Sum (thousands)", "Order dt"]
APRIL = [
    ["P-1", "Masks", "Example Pharmacy Ltd.", "1,250", "03/04/2020"],
    ["P-2", "Gowns", "Sample Stores Ltd.", "2,000", "05/04/2020"],
]
SAID: dict[str, Any] = {
    "kind": "procurement",
    "columns": {
        "PO no.": "contract.id", "Particulars": "title", "Vendor": "supplier.name", "Sum (thousands)": "amount",
        "Order dt": "contract.date",
    },
    "decimal": {"amount": ","},
    "date_order": {"contract.date": "mdy"},
    "currency": {"amount": "BZD"},
    "units": {"amount": 1000},
    "constants": {"buyer.name": "Ministry of Health"},
}  # fmt: skip


def april(folder: Path, *answers: dict[str, Any], over: list[list[Any]] | None = None) -> Told:
    return read(workbook(folder / "april.xlsx", [*(over or []), HEAD, *APRIL]), answers=answers)


def without(*names: str) -> dict[str, Any]:
    return {k: v for k, v in SAID.items() if k not in names}


def test_all_answers_together_make_the_list_readable(tmp_path: Path) -> None:
    t = april(tmp_path, SAID)
    assert t.held == {}
    assert t.amounts() == ["BZD 1250.00", "BZD 2000.00"]
    assert t.texts("contract.date") == ["2020-03-04", "2020-05-04"]
    assert t.texts("buyer.name") == ["Ministry of Health"] * 2
    assert t.said("V017") == t.said("V019") == t.said("L007") == []


def test_each_answer_that_is_lacking_is_asked_again(tmp_path: Path) -> None:
    assert set(april(tmp_path, without("decimal")).held.values()) == {"V002"}
    assert set(april(tmp_path, without("date_order")).held.values()) == {"V012"}
    assert set(april(tmp_path, without("units")).held.values()) == {"V019"}
    assert set(april(tmp_path, without("constants")).held.values()) == {"L007"}
    assert april(tmp_path, without("currency")).said("V017") == ["D1"]


def test_next_month_one_column_more_and_another_order(tmp_path: Path) -> None:
    rows = [
        ["Order dt", "PO no.", "Particulars", "District", "Vendor", "Sum (thousands)"],
        ["02/03/2020", "P-9", "Soap", "Cayo", "Example Pharmacy Ltd.", "4,500"],
    ]
    t = read(workbook(tmp_path / "may.xlsx", rows), answers=[SAID])
    assert (t.held, t.amounts(), t.texts("contract.date")) == ({}, ["BZD 4500.00"], ["2020-02-03"])
    assert (t.texts("place"), t.texts("buyer.name")) == (["BZ-CY"], ["Ministry of Health"])


def test_next_month_a_column_of_its_own_wins_over_the_constant(tmp_path: Path) -> None:
    rows = [[*HEAD, "Buyer"], [*APRIL[0], "Ministry of Works"], [*APRIL[1], "Ministry of Health"]]
    t = read(workbook(tmp_path / "may.xlsx", rows), answers=[SAID])
    assert t.texts("buyer.name") == ["Ministry of Works", "Ministry of Health"]


def test_next_month_another_unit_in_the_heading_is_asked_again(tmp_path: Path) -> None:
    rows = [[*HEAD[:3], "Sum (millions)", "Order dt"], *APRIL]
    said = {**SAID, "columns": {**SAID["columns"], "Sum (millions)": "amount"}}
    t = read(workbook(tmp_path / "may.xlsx", rows), answers=[said])
    assert set(t.held.values()) == {"V019"}


def test_next_month_no_unit_in_the_heading_is_not_multiplied(tmp_path: Path) -> None:
    rows = [[*HEAD[:3], "Amount", "Order dt"], *APRIL]
    t = read(workbook(tmp_path / "may.xlsx", rows), answers=[SAID])
    assert t.amounts() == ["BZD 1.25", "BZD 2.00"]  # the decimal comma was answered, the thousands are gone


def test_next_month_cells_prove_another_order_of_dates(tmp_path: Path) -> None:
    rows = [HEAD, [*APRIL[0][:4], "25/04/2020"], APRIL[1]]
    t = read(workbook(tmp_path / "may.xlsx", rows), answers=[SAID])
    assert t.texts("contract.date") == ["2020-04-25", "2020-04-05"]


def test_an_answer_about_quantities_says_nothing_about_money(tmp_path: Path) -> None:
    head = ["Quantity", "Contract value"]
    asked = column(tmp_path, head, ["1,500", "2,250"])
    said = answer(asked, decimal={"item.quantity": ","})
    t = column(tmp_path, head, ["1,500", "2,250"], answers=[said])
    assert t.held == {2: "V002"} and t.said("V002") == ["F2"]


def test_the_newest_answer_counts_and_others_lists_are_left_alone(tmp_path: Path) -> None:
    later = {**SAID, "currency": {"amount": "USD"}}
    assert april(tmp_path, SAID, later).amounts()[0] == "USD 1250.00"
    t = column(tmp_path, "Contract value", "1,250.00", answers=[SAID])
    assert t.amounts() == ["BZD 1250.00"] and t.texts("contract.id") == ["C-1"]


def test_a_column_that_the_officer_left_out_stays_out(tmp_path: Path) -> None:
    said = {**SAID, "columns": {**SAID["columns"], "Order dt": ""}}
    t = april(tmp_path, said)
    assert t.texts("contract.date") == ["-", "-"]
    assert [c.decided_by for c in t.table.columns if c.header == "Order dt"] == ["mapping"]
    assert "E1" not in t.said("L004") + t.said("L012") + t.said("L013")


def test_a_constant_comes_from_the_line_over_the_table_that_says_it(tmp_path: Path) -> None:
    t = april(tmp_path, SAID, over=[["MINISTRY OF HEALTH: orders of April 2020"], []])
    told = t.table.rows[0].values["buyer.name"]
    assert (told.at.cell, told.how, told.value) == ("A1", "answered", "Ministry of Health")


def test_a_unit_answered_as_full_amounts_multiplies_nothing(tmp_path: Path) -> None:
    t = april(tmp_path, {**SAID, "units": {"amount": 1}, "decimal": {"amount": "."}})
    assert t.amounts() == ["BZD 1250.00", "BZD 2000.00"]
    assert t.table.rows[0].values["amount"].how == ""


def hidden(path: Path) -> Path:
    """A list whose third record is hidden by a filter, with a total of all three under it."""
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Contracts")
        rows = [
            ["Contract number", "Buyer", "Supplier", "Contract value", "Contract date"],
            ["C-1", "Ministry of Health", "Example Pharmacy Ltd.", 100, dt.date(2020, 5, 14)],
            ["C-2", "Ministry of Health", "Sample Stores Ltd.", 200, dt.date(2020, 5, 15)],
            ["C-3", "Ministry of Health", "Example Mills Ltd.", 400, dt.date(2020, 5, 16)],
            [None, None, "Total", 700, None],
        ]
        shown = book.add_format({"num_format": "dd/mm/yyyy"})
        for n, row in enumerate(rows):
            for m, value in enumerate(row):
                page.write(n, m, value, *([shown] if isinstance(value, dt.date) else []))
        page.set_row(3, None, None, {"hidden": True})
    return path


def test_hidden_rows_are_asked_about_and_both_answers_hold(tmp_path: Path) -> None:
    path = hidden(tmp_path / "contracts.xlsx")
    asked = read(path)
    assert (asked.amounts(), asked.said("L003")) == (["BZD 100.00", "BZD 200.00", "BZD 400.00"], ["A4"])
    skipped = read(path, answers=[answer(asked, hidden_rows="skip")])
    assert skipped.amounts() == ["BZD 100.00", "BZD 200.00"]
    assert (4, "hidden row") in skipped.table.ignored and skipped.said("L003") == []
    kept = read(path, answers=[answer(asked, hidden_rows="read")])
    assert len(kept.amounts()) == 3 and kept.said("L003") == []
    assert [c.agrees for c in kept.table.control_totals] == [True]


def test_a_total_over_rows_that_were_skipped_is_still_compared(tmp_path: Path) -> None:
    path = hidden(tmp_path / "contracts.xlsx")
    skipped = read(path, answers=[answer(read(path), hidden_rows="skip")])
    assert [(c.stated, c.agrees) for c in skipped.table.control_totals] == [(700, False)]
    assert skipped.said("L006") == ["D5"]

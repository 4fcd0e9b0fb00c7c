"""Part 4 of the catalogue of messiness, numbers: each entry a small look-alike workbook and what must become of it.

Separators are decided by the column's own decisive cells, then by arithmetic, then asked once and remembered.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.settings import Jurisdiction
from tests.conformance.lookalikes import As, answer, column, contracts, delimited, read, workbook

ARGENTINA = Jurisdiction("ar", {"es": "Argentina"}, "ARS", ("es",), "AR")
GUATEMALA = Jurisdiction("gt", {"es": "Guatemala"}, "GTQ", ("es",), "GT")
URUGUAY = Jurisdiction("uy", {"es": "Uruguay"}, "UYU", ("es",), "UY")

GIFT = ["Donation number", "Donor", "Item", "Quantity", "Unit", "Unit value", "Total value", "Date received"]


def gifts(folder: Path, *rows: list[Any], drop: str = "", **how: Any) -> Any:
    """A list of gifts in kind, without the column `drop`."""
    kept = [i for i, h in enumerate(GIFT) if h != drop]
    told = [[row[i] for i in kept] for row in (GIFT, *rows)]
    return read(workbook(folder / "gifts.xlsx", told, "Donations"), kind="donations", **how)


def test_4_1_commas_for_thousands(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "58,642,320.00", "2,666,220", "1,500")
    assert t.amounts() == ["BZD 58642320.00", "BZD 2666220.00", "BZD 1500.00"]


def test_4_2_points_for_thousands_and_a_decimal_comma(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "15.456.000,00", "780.098,10", "1.500", where=ARGENTINA)
    assert t.amounts() == ["ARS 15456000.00", "ARS 780098.10", "ARS 1500.00"]


def test_4_3_four_decimals_of_which_two_are_zero_are_not_rounding(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "780.098,1000", "0,0000", "12,3456", where=ARGENTINA)
    assert t.amounts() == ["ARS 780098.10", "ARS 0.00", "ARS 12.35"]
    assert t.said("V010") == ["E4"]


def test_4_4_blanks_for_thousands(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "39 249,13", "19\u00a0238\u00a0401", "1\u202f250,5", where=ARGENTINA)
    assert t.amounts() == ["ARS 39249.13", "ARS 19238401.00", "ARS 1250.50"]


def test_4_5_a_number_with_two_readings_is_decided_by_its_column(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "200.000", "150.000,00", "22.121", where=ARGENTINA)
    assert t.amounts() == ["ARS 200000.00", "ARS 150000.00", "ARS 22121.00"]
    t = column(tmp_path, "Contract value", "200.000", "25684.16", "22,121")
    assert t.amounts() == ["BZD 200.00", "BZD 25684.16", "BZD 22121.00"]


def test_4_5_three_decimals_after_a_zero_have_one_reading(tmp_path: Path) -> None:
    t = gifts(tmp_path, ["D-1", "Example Mills", "Flour", "0,001", "t", "", "", ""])
    assert t.column("item.quantity") == [Decimal("0.001")]


def test_4_5_quantity_times_price_shows_what_the_separator_is(tmp_path: Path) -> None:
    t = gifts(
        tmp_path,
        ["D-1", "Example Mills", "Flour", "1.500", "kg", "2,50", "3.750,00", ""],
        ["D-2", "Example Mills", "Rice", "2.000", "kg", "1,25", "2.500,00", ""],
        where=ARGENTINA,
    )
    assert t.held == {}
    assert t.column("item.quantity") == [Decimal(1500), Decimal(2000)]


def test_4_5_what_nothing_decides_is_asked_with_both_readings(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "22,121", "3,130")
    assert t.held == {2: "V002", 3: "V002"}
    asked = t.findings("V002")[0]
    assert (asked.field, {str(asked.params["one"]), str(asked.params["other"])}) == ("amount", {"22121", "22.121"})


@pytest.mark.parametrize(("mark", "amount"), [(",", "BZD 22.12"), (".", "BZD 22121.00")])
def test_4_5_the_answer_is_taken_and_remembered_for_a_changed_layout(tmp_path: Path, mark: str, amount: str) -> None:
    asked = column(tmp_path, "Contract value", "22,121", "3,130")
    said = answer(asked, decimal={"amount": mark})
    assert column(tmp_path, "Contract value", "22,121", "3,130", answers=[said]).amounts()[0] == amount
    drifted = column(tmp_path, ["Remarks", "Contract value"], ["urgent", "22,121"], ["", "4,400"], answers=[said])
    assert (drifted.held, drifted.amounts()[0]) == ({}, amount)


def test_4_5_an_answer_never_overrules_what_a_cell_proves(tmp_path: Path) -> None:
    asked = column(tmp_path, "Contract value", "22,121", "3,130")
    said = answer(asked, decimal={"amount": ","})
    t = column(tmp_path, "Contract value", "22,121", "1,250.50", answers=[said])
    assert t.amounts() == ["BZD 22121.00", "BZD 1250.50"]


def test_4_6_three_decimals_with_comma_is_not_a_thousand_times_more(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "7855,710", "Q. 1.250,000", "100,000", where=GUATEMALA)
    assert t.amounts() == ["GTQ 7855.71", "GTQ 1250.00", "GTQ 100.00"]


def test_4_6_an_amount_in_powers_of_ten_has_lost_its_digits(tmp_path: Path) -> None:
    rows = contracts("Contract value", "7855.71", "7.6e+07", "3E+05")
    t = read(delimited(tmp_path / "contracts.csv", rows), where=GUATEMALA)
    assert t.amounts() == ["GTQ 7855.71"]
    assert t.held == {3: "V027", 4: "V027"}


def test_4_7_both_styles_in_one_column(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "3,40", "4,545.00", "110,35", 95.5, "1,250")
    assert t.amounts() == ["BZD 3.40", "BZD 4545.00", "BZD 110.35", "BZD 95.50"]
    assert t.held == {6: "V002"}


def test_4_8_a_currency_glyph_in_the_cell(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "Gh¢1239142.75", "40000.00                (GHS)", "GHS 12")
    assert t.amounts() == ["GHS 1239142.75", "GHS 40000.00", "GHS 12.00"]


def test_4_8_a_bare_dollar_takes_the_currency_column(tmp_path: Path) -> None:
    cells = ["$410950.00", "USA Dollar"], ["Gh¢1239142.75", "Ghana Cedi"], ["$ 95.00", "BZD"]
    t = column(tmp_path, ["Contract value", "Currency"], *cells)
    assert t.amounts() == ["USD 410950.00", "GHS 1239142.75", "BZD 95.00"]


def test_4_8_a_bare_dollar_alone_never_decides_and_is_answered_once(tmp_path: Path) -> None:
    asked = column(tmp_path, "Contract value", "$7,202,238.98", "$45.00")
    assert asked.held == {2: "V009", 3: "V009"}
    said = answer(asked, currency={"amount": "USD"})
    more = column(tmp_path, ["Method", "Contract value"], ["direct", "$7,202,238.98"], ["open", "$1"], answers=[said])
    assert more.amounts() == ["USD 7202238.98", "USD 1.00"]


def test_4_8_a_cell_without_a_glyph_beside_bare_dollars_is_not_read_as_something_else(tmp_path: Path) -> None:
    cells = "$ 2.594,20", "37,00", "$2.806"
    asked = column(tmp_path, "Contract value", *cells, where=URUGUAY)
    assert set(asked.held) >= {2, 4}
    said = answer(asked, currency={"amount": "UYU"})
    t = column(tmp_path, "Contract value", *cells, where=URUGUAY, answers=[said])
    assert t.amounts() == ["UYU 2594.20", "UYU 37.00", "UYU 2806.00"]
    dollars = answer(asked, currency={"amount": "USD"})
    t = column(tmp_path, "Contract value", *cells, where=URUGUAY, answers=[dollars])
    assert t.amounts() == ["USD 2594.20", "USD 37.00", "USD 2806.00"]


@pytest.mark.parametrize(
    "typed",
    [
        "500m from the International Bank",
        "USD60m from IDA; USD50m from the Example Trust Fund",
        "£10k-£100k",
        "1.2M PIECES@0.48",
        "BZ$ 2.5 million",
        "dos millones",
    ],
)
def test_4_9_magnitude_words_and_bands_are_no_amounts(tmp_path: Path, typed: str) -> None:
    t = column(tmp_path, "Contract value", "BZD 100.00", typed, "BZD 200.00")
    assert t.amounts() == ["BZD 100.00", "BZD 200.00"]
    assert set(t.held) == {3} and t.held[3] in {"V003", "V004", "V005", "V024"}


def test_4_9_false_friends_of_magnitude_words_are_left_alone(tmp_path: Path) -> None:
    head = ["Contract number", "What was bought", "Buyer", "Supplier", "Tax ID", "Contract value"]
    rows: list[list[Any]] = [
        head,
        ["040M-2013", "1.2M PIECES@0.48", "Ministry of Health", "3M ENTERPRISE", "2386348K", 576000],
        ["041K-2013", "5K run banners", "Ministry of Health", "Example 2B Ltd.", "1234567K", 40],
    ]
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.texts("contract.id") == ["040M-2013", "041K-2013"]
    assert t.texts("supplier.name") == ["3M ENTERPRISE", "Example 2B Ltd."]
    assert t.texts("supplier.id") == ["2386348K", "1234567K"]
    assert t.texts("title") == ["1.2M PIECES@0.48", "5K run banners"]
    assert t.amounts() == ["BZD 576000.00", "BZD 40.00"]


def test_4_9_a_quantity_at_a_price_is_not_split(tmp_path: Path) -> None:
    t = gifts(tmp_path, ["D-1", "Example Mills", "Flour", "1.2M PIECES@0.48", "", "", "", ""])
    assert t.held and not t.table.rows


MAGNITUDES = [
    ("Contract value (£ millions)", 1_000_000, "750.73", "GBP 750730000.00"),
    ("Contract value (BZ$ thousands)", 1_000, "120", "BZD 120000.00"),
    ("Contract value (BZ$ '000)", 1_000, "1,250.5", "BZD 1250500.00"),
    ("Contract value (US$m)", 1_000_000, "1.5", "USD 1500000.00"),
    ("Contract value in EUR million", 1_000_000, "0.5", "EUR 500000.00"),
    ("Monto (miles de quetzales)", 1_000, "12", "GTQ 12000.00"),
]


@pytest.mark.parametrize(("heading", "unit", "typed", "amount"), MAGNITUDES)
def test_4_10_the_unit_of_a_heading_is_asked_once_and_remembered(
    tmp_path: Path, heading: str, unit: int, typed: str, amount: str
) -> None:
    named = {"columns": {heading: "amount"}, "kind": "procurement"}
    asked = column(tmp_path, heading, typed, "2", answers=[named])
    assert asked.held == {2: "V019", 3: "V019"}
    assert asked.said("V019") == ["E1"]
    said = answer(asked, units={"amount": unit})
    t = column(tmp_path, ["Method", heading], ["open", typed], ["open", "2"], answers=[said])
    assert t.amounts()[0] == amount
    assert t.table.rows[0].values["amount"].how == "multiplied"
    full = answer(asked, units={"amount": 1})
    t = column(tmp_path, heading, typed, "2", answers=[full])
    assert t.held == {} and t.column("amount")[1].amount == 2


def test_4_10_the_unit_of_a_line_over_the_table_is_asked_too(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Covid purchases. All figures in BZ$ thousands"],
        [],
        *contracts("Contract value", 120, 7.5),
    ]
    asked = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert set(asked.held.values()) == {"V019"} and asked.said("V019") == ["E3"]
    said = answer(asked, units={"amount": 1000})
    t = read(workbook(tmp_path / "contracts.xlsx", rows), answers=[said])
    assert t.amounts() == ["BZD 120000.00", "BZD 7500.00"]


def test_4_10_a_quantity_is_not_multiplied_by_the_unit_of_money(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Figures in BZ$ thousands"],
        [],
        GIFT,
        ["D-1", "Example Mills", "Flour", 12, "kg", 2.5, 30, ""],
    ]
    path = workbook(tmp_path / "gifts.xlsx", rows, "Donations")
    said = answer(read(path, kind="donations"), units={"amount": 1000})
    t = read(path, kind="donations", answers=[said])
    assert (t.column("item.quantity"), t.amounts("item.unitValue")) == ([Decimal(12)], ["BZD 2.5"])
    assert t.amounts() == ["BZD 30000.00"]


def test_4_11_a_number_in_powers_of_ten_is_no_identifier(tmp_path: Path) -> None:
    rows = contracts("Tax ID", "1.23457E+11", "123456789012")
    t = read(delimited(tmp_path / "contracts.csv", rows))
    assert t.said("V018") == ["E2"]
    assert t.texts("supplier.id") == ["-", "123456789012"]


def test_4_11_a_long_identifier_kept_as_a_number_has_lost_digits(tmp_path: Path) -> None:
    t = column(tmp_path, "Tax ID", 1234567890123456789, 123456789012)
    assert t.said("V018") == ["E2"]
    assert t.texts("supplier.id")[1] == "123456789012"


def test_4_12_quantities_with_units_in_the_cell(tmp_path: Path) -> None:
    def of(*typed: str) -> tuple[list[str], list[str]]:
        rows = [["D-1", "Example Mills", "Flour", q, "", "", "", ""] for q in typed]
        t = gifts(tmp_path, *rows, drop="Unit")
        assert t.held == {}
        return [str(q) for q in t.column("item.quantity")], t.texts("item.unit")

    assert of("7,00 UNIDAD", "7.200,00 L", "1 comunidad") == (["7.00", "7200.00", "1"], ["UNIDAD", "L", "comunidad"])
    assert of("23 units", "60,143 kg", "1,200.5kg") == (["23", "60143", "1200.5"], ["units", "kg", "kg"])


def test_4_12_two_quantities_in_a_cell_are_not_chosen_between(tmp_path: Path) -> None:
    t = gifts(tmp_path, ["D-1", "Example Mills", "Gloves", "2 boxes of 50", "", "", "", ""])
    assert (t.table.rows, t.held) == ((), {2: "V003"})


def test_4_12_a_unit_column_is_kept_as_it_is_spelled(tmp_path: Path) -> None:
    spelled = ["Estuche 1000 g", "Envase 1 kgr", "Estuche por 800 gr.", "Kilogramo", "Unidad ", "Unidad"]
    t = gifts(tmp_path, *(["D-1", "Example Mills", "Milk", 1, unit, "", "", ""] for unit in spelled))
    assert t.texts("item.unit") == [s.strip() for s in spelled]


def test_4_12_cash_forced_into_a_table_of_goods_keeps_its_figures(tmp_path: Path) -> None:
    t = gifts(tmp_path, ["D-1", "Example Mills", "Cash", 200, "1", 1, 200, "-"])
    assert (t.amounts(), t.column("item.quantity"), t.amounts("item.unitValue")) == (
        ["BZD 200.00"],
        [Decimal(200)],
        ["BZD 1"],
    )
    assert t.texts("date") == ["-"]


def test_4_13_zero_negative_and_missing_stay_three_things(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "0,0000", -100000, "-22675", 0, "(300.00)", "-", "1,500.00-", None)
    told = ["BZD 0.00", "BZD -100000.00", "BZD -22675.00", "BZD 0.00", "BZD -300.00", "-", "BZD -1500.00", "-"]
    assert t.amounts() == told
    assert t.held == {}


def test_4_13_a_question_mark_is_no_quantity_and_no_value_is_no_zero(tmp_path: Path) -> None:
    t = gifts(
        tmp_path, ["D-1", "Example Mills", "Milk", "?", "t", "-", "-", ""], ["D-2", "A", "Rice", "0", "t", 0, 0, ""]
    )
    assert t.held == {}
    assert t.column("item.quantity") == [None, Decimal(0)]
    assert (t.amounts("item.unitValue"), t.amounts()) == (["-", "BZD 0"], ["-", "BZD 0.00"])


def test_4_14_the_dust_of_floats_is_not_money(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", 1917.6000000000001, 40929169.000000075, 0.1 + 0.2, "1917.6000000000001")
    assert t.amounts() == ["BZD 1917.60", "BZD 40929169.00", "BZD 0.30", "BZD 1917.60"]
    assert "E2" not in t.said("V010") and "E4" not in t.said("V010")


def test_4_15_two_values_of_one_contract_are_two_fields(tmp_path: Path) -> None:
    t = column(
        tmp_path, ["Estimated value", "Contract value", "Price including taxes"], [120, 100, "yes"], [5, 4, "No"]
    )
    assert (t.amounts("tender.amount"), t.amounts()) == (["BZD 120.00", "BZD 5.00"], ["BZD 100.00", "BZD 4.00"])
    assert t.field_of("Price including taxes") is None


def test_4_15_net_and_total_are_asked_about_and_not_chosen(tmp_path: Path) -> None:
    t = column(tmp_path, ["Net amount", "Total amount"], [100, 112.5], [200, 225])
    assert t.amounts() == ["-", "-"]
    assert t.said("L013")
    said = answer(t, columns={"Net amount": "", "Total amount": "amount"})
    t = column(tmp_path, ["Net amount", "Total amount"], [100, 112.5], [200, 225], answers=[said])
    assert t.amounts() == ["BZD 112.50", "BZD 225.00"]


def test_4_16_padding_is_not_part_of_a_number(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", " 128,110,277.00 ", "244265060 ", "\t12.00\u00a0", "1,200.00   ")
    assert t.amounts() == ["BZD 128110277.00", "BZD 244265060.00", "BZD 12.00", "BZD 1200.00"]


def test_13_a_formula_typed_as_text_is_not_computed(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", 17.16, "=343.14/20", 12)
    assert (t.held, t.amounts()) == ({3: "V023"}, ["BZD 17.16", "BZD 12.00"])


def test_13_amounts_that_look_like_days_are_amounts(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "20805948", 20200328, "20200328", 44000, "43944", 44526)
    assert t.amounts() == [f"BZD {n}.00" for n in (20805948, 20200328, 20200328, 44000, 43944, 44526)]


# --- variants beside the catalogue --------------------------------------------------------------------------------


def test_a_footnote_mark_is_never_dropped_without_a_word(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "1,200*", "3,400.00", "5,600 (1)", "700†")
    spoken = {c.cell for f in t.table.findings for c in (f.at, *f.also_at) if c and f.severity != "notice"}
    assert {"E2", "E4", "E5"} <= spoken
    assert {v.amount for v in t.column("amount") if v} <= {Decimal(n) for n in (1200, 3400, 5600, 700)}


@pytest.mark.parametrize("word", ["Nil", "nil.", "TBC", "TBD", "to be confirmed", "n/a"])
def test_words_for_an_amount_that_is_not_there_yet(tmp_path: Path, word: str) -> None:
    t = column(tmp_path, "Contract value", "3,400.00", word, "100.00")
    assert (t.held, t.amounts()) == ({}, ["BZD 3400.00", "-", "BZD 100.00"])


def test_a_remark_in_an_amount_holds_the_row(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "3,400.00", "see note", "100.00", "as per invoice 14")
    assert t.held == {3: "V003", 5: "V003"}


def test_percent_by_format_by_sign_and_bare(tmp_path: Path) -> None:
    t = column(tmp_path, "Share paid by the agreement", As(0.125, "0.00%"), "12.5%", "12,5 %", 12.5, "40 percent")
    assert [str(v) for v in t.column("aid.share")[:4]] == ["12.500", "12.5", "12.5", "12.5"]


@pytest.mark.parametrize("typed", ["1.234.56", "12,34,56", "1..200", "1,2,3"])
def test_separators_at_odd_places_are_not_mended(tmp_path: Path, typed: str) -> None:
    t = column(tmp_path, "Contract value", "1,250.00", typed)
    assert (t.held.get(3), t.amounts()[:1]) == ("V003", ["BZD 1250.00"])


def test_lakhs_are_grouped_by_two(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "1,23,456.00", "12,34,567.50")
    assert t.amounts() == ["BZD 123456.00", "BZD 1234567.50"]


def test_a_figure_with_a_raised_footnote_mark_stops_nothing(tmp_path: Path) -> None:
    t = column(tmp_path, ["Number of bids", "Contract value"], ["3", "500¹"], ["2²", "700.00"], ["4", "60.00"])
    assert t.held == {2: "V003", 3: "V003"}
    assert t.amounts() == ["BZD 60.00"]


def test_a_known_heading_over_amounts_that_are_mostly_unreadable_is_not_just_left_out(tmp_path: Path) -> None:
    """Publishing contracts without their amounts needs more than a notice."""
    t = column(tmp_path, "Contract value", "approx. 500", "~300", "as invoiced", "3,400.00", "about 200")
    spoken = [f for f in t.table.findings if f.where.startswith("Contracts!E") and f.severity != "notice"]
    assert t.held or spoken

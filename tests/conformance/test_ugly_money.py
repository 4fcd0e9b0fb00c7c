"""Part 7 of the catalogue of messiness, currencies: each entry a small look-alike workbook and what must become of it.

A currency comes from its column, its cell, the heading, the officer or, said so, the jurisdiction; never from a guess.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importers.intake import check_files
from ledger.findings import Severity
from ledger.settings import Jurisdiction, Register, Settings
from tests.conformance.lookalikes import BELIZE, As, answer, column, contracts, delimited, read, workbook

BRAZIL = Jurisdiction("br", {"pt": "Brasil"}, "BRL", ("pt",), "BR")
PHILIPPINES = Jurisdiction("ph", {"en": "Philippines"}, "PHP", ("en",), "PH")
PLEDGES = [
    "Grant number",
    "Donor",
    "Recipient",
    "Amount pledged",
    "Pledge currency",
    "Exchange rate",
    "Amount received",
]


@pytest.mark.parametrize(("where", "currency"), [(BRAZIL, "BRL"), (PHILIPPINES, "PHP")])
def test_7_1_a_currency_that_is_never_stated_is_assumed_and_said_once(
    tmp_path: Path, where: Jurisdiction, currency: str
) -> None:
    t = column(tmp_path, "Contract value", 5, "6.50", 7, where=where)
    assert t.amounts() == [f"{currency} 5.00", f"{currency} 6.50", f"{currency} 7.00"]
    assert t.said("V017") == ["E1"]
    assert t.findings("V017")[0].params["currency"] == currency


def test_7_1_without_a_jurisdiction_no_currency_is_made_up(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", 5, where=None)
    assert t.amounts() == ["XXX 5.00"]
    assert t.findings("V017")[0].severity is Severity.WARNING


def test_7_1_what_the_officer_said_is_not_assumed_and_lasts(tmp_path: Path) -> None:
    first = column(tmp_path, "Contract value", 5)
    said = answer(first, currency={"amount": "USD"})
    t = column(tmp_path, ["Lot", "Contract value"], ["1", 5], ["2", 6], answers=[said])
    assert t.amounts() == ["USD 5.00", "USD 6.00"]
    assert t.said("V017") == []


def test_7_1_an_answer_never_overrules_what_a_cell_says(tmp_path: Path) -> None:
    said = answer(column(tmp_path, "Contract value", 5), currency={"amount": "USD"})
    t = column(tmp_path, "Contract value", "BZ$ 5.00", "6.00", "€7", answers=[said])
    assert t.amounts() == ["BZD 5.00", "USD 6.00", "EUR 7.00"]


def test_7_2_currencies_in_words(tmp_path: Path) -> None:
    words = [
        "Ghana Cedi",
        "USA Dollar",
        "British Pound",
        "Japanese Yen",
        "Pesos (COP)",
        "Belize Dollars",
        "Euro",
        "BZ$",
    ]
    t = column(tmp_path, ["Contract value", "Currency"], *([10, w] for w in words))
    assert [v.currency for v in t.column("amount")] == ["GHS", "USD", "GBP", "JPY", "COP", "BZD", "EUR", "BZD"]


@pytest.mark.parametrize("word", ["Pesos", "Dollars", "$", "local", "Other"])
def test_7_2_a_word_of_several_currencies_is_none(tmp_path: Path, word: str) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], [10, "USD"], [20, "BZD"], [30, word])
    assert t.amounts() == ["USD 10.00", "BZD 20.00"]
    assert t.held in ({4: "V008"}, {4: "V009"})
    assert t.said("V008") + t.said("V009") == ["F4"]  # once, at the cell that is to be corrected


def test_7_2_dolares_is_a_bare_dollar_where_dollars_are_the_own_money(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], [10, "USD"], [20, "BZD"], [30, "dólares"])
    assert (set(t.held), t.amounts()) == ({4}, ["USD 10.00", "BZD 20.00"])


def test_7_3_codes_with_blanks_and_small_letters(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], [1, "EUR"], [2, "EUR "], [3, "usd"], [4, " mdl\u00a0"])
    assert t.amounts() == ["EUR 1.00", "EUR 2.00", "USD 3.00", "MDL 4.00"]


def test_7_3_a_blank_in_the_currency_column_is_not_filled_by_a_guess(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], ["5.00", "USD"], ["6.00", None], ["7.00", "-"], ["€8", ""])
    assert t.amounts() == ["USD 5.00", "EUR 8.00"]
    assert t.held == {3: "V008", 4: "V008"}


def test_7_4_a_heading_that_contradicts_its_currency_column_is_held(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value (USD)", "Currency"], [100, "MXN"], [200, "USD"], [300, "MXN"])
    assert t.amounts() == ["USD 200.00"]
    assert t.held == {2: "V007", 4: "V007"}


def test_7_4_a_cell_that_contradicts_its_heading_is_held(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value (US$)", "BZ$ 100.00", "US$ 200.00", "$300", 400)
    assert t.amounts() == ["USD 200.00", "USD 300.00", "USD 400.00"]
    assert t.held == {2: "V007"}


def test_7_4_an_amount_far_from_all_others_is_confirmed_and_not_dropped(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "contracts.xlsx", contracts("Contract value", *(["US$1,500.00"] * 12), "US$121,078,517.96")
    )
    assert read(path).amounts()[-1] == "USD 121078517.96"
    done = check_files([path], settings=Settings(), register=Register((BELIZE,)), kind="procurement")
    assert done.report["files"][0]["tables"][0]["totals"] == {"contract": {"USD": "121096517.96"}}
    asked = [f for f in done.findings if f.at and f.at.cell == "E14" and f.severity is not Severity.NOTICE]
    assert asked


def test_7_5_a_rate_beside_the_amounts_changes_none_of_them(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        PLEDGES,
        ["G-1", "Example Fund", "Ministry of Health", 1000, "EUR", 0.81, 900],
        ["G-2", "Example Trust", "Ministry of Health", 500, "USD", 0.0, 500],
    ]
    t = read(workbook(tmp_path / "aid.xlsx", rows), kind="aid")
    assert t.field_of("Exchange rate") is None
    assert t.amounts("pledge.amount") == ["EUR 1000.00", "USD 500.00"]


def test_7_5_pledged_and_paid_keep_their_own_currencies(tmp_path: Path) -> None:
    head = [
        "Grant number",
        "Donor",
        "Recipient",
        "Amount pledged",
        "Pledge currency",
        "Amount received",
        "Received currency",
    ]
    rows: list[list[Any]] = [head, ["G-1", "Example Fund", "Ministry of Health", 1000, "EUR", 2300, "BZD"]]
    t = read(workbook(tmp_path / "aid.xlsx", rows), kind="aid")
    assert t.amounts("pledge.amount") == ["EUR 1000.00"]
    assert t.amounts("disbursement.amount") == ["BZD 2300.00"]


@pytest.mark.parametrize("typed", ["BZD2,500.00 (USD1,250)", "USD60m from IDA; EUR50m from a fund", "US$ 5 / BZ$ 10"])
def test_7_6_two_currencies_in_one_cell_are_not_chosen_between(tmp_path: Path, typed: str) -> None:
    t = column(tmp_path, "Contract value", "BZD 10.00", typed, "BZD 20.00")
    assert t.amounts() == ["BZD 10.00", "BZD 20.00"]
    assert t.held in ({3: "V005"}, {3: "V004"})


def test_7_7_the_same_contract_in_two_currencies_is_counted_once(tmp_path: Path) -> None:
    rows = contracts(["Price", "Currency", "Price EUR"], [61500, "MKD", 1000], [123000, "MKD", 2000])
    path = workbook(tmp_path / "contracts.xlsx", rows)
    t = read(path)
    assert t.field_of("Price EUR") is None
    assert set(t.amounts()) in ({"MKD 61500.00", "MKD 123000.00"}, {"-"})
    said = answer(t, columns={"Price": "amount", "Currency": "currency", "Price EUR": ""})
    assert read(path, answers=[said]).amounts() == ["MKD 61500.00", "MKD 123000.00"]
    done = check_files([path], settings=Settings(), register=Register((BELIZE,)), kind="procurement", mapping=said)
    assert done.report["files"][0]["tables"][0]["totals"] == {"contract": {"MKD": "184500.00"}}


def test_totals_of_two_currencies_are_two_sums(tmp_path: Path) -> None:
    path = workbook(tmp_path / "contracts.xlsx", contracts("Contract value", "BZ$1,200.00", "US$600", "BZ$0.50"))
    done = check_files([path], settings=Settings(), register=Register((BELIZE,)), kind="procurement")
    assert done.report["files"][0]["tables"][0]["totals"] == {"contract": {"BZD": "1200.50", "USD": "600.00"}}


# --- variants beside the catalogue --------------------------------------------------------------------------------


@pytest.mark.parametrize("marked", [["BZ$1,200.00", "US$600"], ["US$1,200.00", "US$600"]])
def test_a_bare_number_beside_cells_that_say_their_currency_is_asked(tmp_path: Path, marked: list[str]) -> None:
    asked = column(tmp_path, "Contract value", *marked, 500)
    assert len(asked.table.rows) == 2
    assert asked.held == {4: "V008"}
    said = answer(asked, currency={"amount": "BZD"})
    assert column(tmp_path, "Contract value", *marked, 500, answers=[said]).amounts()[2] == "BZD 500.00"


def test_a_bare_number_among_cells_in_the_own_currency_is_in_it_too(tmp_path: Path) -> None:
    t = column(tmp_path, "Contract value", "BZ$1,200.00", 500, "BZD 600")
    assert (t.held, t.amounts()) == ({}, ["BZD 1200.00", "BZD 500.00", "BZD 600.00"])
    assert t.said("V017") == ["E1"]


FORMATS = [
    ("[$BZ$-2809]#,##0.00", "BZD"),
    ("[$BZ$-2809] #,##0.00;[Red]-[$BZ$-2809] #,##0.00", "BZD"),
    ('_("BZ$"* #,##0.00_);_("BZ$"* (#,##0.00);_("BZ$"* "-"??_);_(@_)', "BZD"),
    ('_-[$US$-2809]* #,##0.00_-;-[$US$-2809]* #,##0.00_-;_-[$US$-2809]* "-"??_-;_-@_-', "USD"),
    ("[$USD] #,##0.00", "USD"),
    ('#,##0.00 "EUR"', "EUR"),
    ("#,##0.00 [$€-407]", "EUR"),
    ("[$Q-100A]#,##0.00", "GTQ"),
]


@pytest.mark.parametrize(("shown", "currency"), FORMATS)
def test_a_currency_that_only_the_number_format_tells(tmp_path: Path, shown: str, currency: str) -> None:
    t = column(tmp_path, "Contract value", As(1200.5, shown), As(-5, shown))
    assert t.amounts() == [f"{currency} 1200.50", f"{currency} -5.00"]
    assert t.said("V017") == []


@pytest.mark.parametrize("shown", ['_("$"* #,##0.00_);_("$"* (#,##0.00)', "$#,##0.00", "[$$-409]#,##0.00", '"$"#,##0'])
def test_a_bare_dollar_in_a_number_format_is_asked_as_well(tmp_path: Path, shown: str) -> None:
    asked = column(tmp_path, "Contract value", As(1200.5, shown), As(5, shown))
    assert asked.held == {2: "V009", 3: "V009"}
    said = answer(asked, currency={"amount": "BZD"})
    t = column(tmp_path, "Contract value", As(1200.5, shown), As(5, shown), answers=[said])
    assert t.amounts() == ["BZD 1200.50", "BZD 5.00"]


@pytest.mark.parametrize("shown", ["#,##0,", "0.0,,", '#,##0,"k"', '0.0,"thousand"', "#,##0,_);(#,##0,)"])
def test_a_number_format_that_shows_thousands_is_said_and_nothing_multiplied(tmp_path: Path, shown: str) -> None:
    t = column(tmp_path, "Contract value", As(1234567, shown), 5)
    assert t.amounts() == ["BZD 1234567.00", "BZD 5.00"]
    assert t.said("V016") == ["E2"]


def test_an_accounting_zero_is_a_zero_and_a_typed_dash_is_nothing(tmp_path: Path) -> None:
    shown = '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-'
    t = column(tmp_path, "Contract value", As(0, shown), " -     ", As(7, shown))
    assert t.amounts() == ["BZD 0.00", "-", "BZD 7.00"]


def test_a_currency_in_a_line_over_the_table(tmp_path: Path) -> None:
    rows = [
        ["Ministry of Health: purchases"],
        ["All amounts are in US dollars"],
        [],
        *contracts("Contract value", 5, 6),
    ]
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.amounts() == ["USD 5.00", "USD 6.00"] and t.said("V017") == []


def test_a_country_in_a_line_over_the_table_is_no_currency(tmp_path: Path) -> None:
    rows = [["Purchases for ALL districts, TOP priority, try again"], [], *contracts("Contract value", 5, 6)]
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.amounts() == ["BZD 5.00", "BZD 6.00"]


def test_yen_have_no_cents_and_dinars_have_three(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], ["1500.00", "JPY"], ["12.345", "KWD"], ["9.5", "JPY"])
    assert t.amounts() == ["JPY 1500", "KWD 12.345", "JPY 10"]
    assert t.said("V010") == ["E4"]


def old_workbook(path: Path, rows: list[list[Any]]) -> Path:
    import xlwt

    book = xlwt.Workbook()
    page = book.add_sheet("Contracts")
    for n, row in enumerate(rows):
        for m, value in enumerate(row):
            if value is not None:
                page.write(n, m, value)
    book.save(str(path))
    return path


def test_an_old_workbook_says_that_its_formats_were_not_read(tmp_path: Path) -> None:
    """The currency may live in a number format that the reader of .xls does not give: then it is said, not hidden."""
    t = read(old_workbook(tmp_path / "contracts.xls", contracts("Contract value", 1200.5, "US$ 600.00")))
    assert t.said("B020") == [""]
    assert "USD 600.00" in t.amounts()


def test_semicolons_and_decimal_commas_go_together(tmp_path: Path) -> None:
    rows = contracts("Valor do contrato", "1.200,50", "R$ 600,00", "7")
    t = read(delimited(tmp_path / "contratos.csv", rows, ";"), where=BRAZIL)
    assert t.amounts()[:2] == ["BRL 1200.50", "BRL 600.00"]


SPELLED = [
    ("US $600", "USD 600.00"),
    ("U.S. $600", "USD 600.00"),
    ("$600 US", "USD 600.00"),
    ("USD$600", "USD 600.00"),
    ("BZ $600", "BZD 600.00"),
    ("BZE$600", "BZD 600.00"),
    ("$600.00 BZD", "BZD 600.00"),
    ("600 US Dollars", "USD 600.00"),
    ("EC$600", "XCD 600.00"),
    ("C$600", "-"),  # Canada's as well as Nicaragua's
    ("¥600", "-"),
    ("600 pesos", "-"),
]


@pytest.mark.parametrize(("typed", "amount"), SPELLED)
def test_the_spellings_of_a_currency_in_the_cell(tmp_path: Path, typed: str, amount: str) -> None:
    t = column(tmp_path, "Contract value", "BZD 1.00", typed, "BZD 2.00")
    assert t.amounts() == ["BZD 1.00", *([amount] if amount != "-" else []), "BZD 2.00"]
    assert set(t.held) == ({3} if amount == "-" else set())


@pytest.mark.parametrize(
    ("typed", "currency"),
    [("US $", "USD"), ("BZ $", "BZD"), ("$US", "USD"), ("$BZ", "BZD"), ("U.S. Dollars", "USD"), ("BZ Dollars", "BZD"),
     ("Belizean dollars", "BZD"), ("BZD ($)", "BZD"), ("USD - US Dollar", "USD"), ("Canadian Dollars", "CAD"),
     ("Mexican Pesos", "MXN"), ("pounds sterling", "GBP"), ("Euros (€)", "EUR")],
)  # fmt: skip
def test_the_spellings_of_a_currency_in_its_column(tmp_path: Path, typed: str, currency: str) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], [5, "BZD"], [6, typed], [7, "USD"])
    assert t.amounts() == ["BZD 5.00", f"{currency} 6.00", "USD 7.00"]


def test_a_bare_dollar_in_the_heading_is_asked_as_in_the_cells(tmp_path: Path) -> None:
    asked = column(tmp_path, "Contract value ($)", 500, "1,200.00")
    assert asked.held == {2: "V009", 3: "V009"}
    said = answer(asked, currency={"amount": "BZD"})
    assert column(tmp_path, "Contract value ($)", 500, answers=[said]).amounts() == ["BZD 500.00"]
    office = Jurisdiction("bz", {"en": "Belize"}, "BZD", dollar="USD")
    assert column(tmp_path, "Contract value ($)", 500, where=office).amounts() == ["USD 500.00"]


@pytest.mark.parametrize("typed", ["¥600", "FCFA 600", "Bs 600", "Rs 600"])
def test_a_sign_of_several_currencies_is_never_the_offices_own(tmp_path: Path, typed: str) -> None:
    t = column(tmp_path, "Contract value", typed, "500", "700")
    assert "BZD 600.00" not in t.amounts() and 2 in t.held

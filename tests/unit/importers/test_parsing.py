"""Cells as offices type them, and what each may and may not mean."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import parsing
from importers.parsing import Places, Unreadable
from ledger.settings import Area, Jurisdiction
from ledger.values import PartialDate


def read(text: str, mark: str | None = None) -> tuple[str, str | None]:
    told = parsing.figure(text)
    value = parsing.number(told.core, mark)
    return str(-value if told.negative else value), told.currency


@pytest.mark.parametrize(
    ("typed", "amount", "currency"),
    [
        ("Gh¢1239142.75", "1239142.75", "GHS"),
        ("$410950.00", "410950.00", None),  # a bare dollar decides nothing
        ("US$ 1,250.50", "1250.50", "USD"),
        ("BZ$2,627,058", "2627058", "BZD"),
        ("40000.00                (GHS)", "40000.00", "GHS"),
        (" 128,110,277.00 ", "128110277.00", None),
        ("15.456.000,00", "15456000.00", None),
        ("39 249,13", "39249.13", None),
        ("19\xa0238\xa0401", "19238401", None),
        ("7855,710", "7855.710", None),  # a group never follows four digits
        ("(500.00)", "-500.00", None),
        ("500-", "-500", None),
        ("-500", "-500", None),
        ("€ 780.098,1000", "780098.1000", "EUR"),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("20805948", "20805948", None),  # not the date 2080-59-48
        ("0", "0", None),
    ],
)
def test_amounts_in_the_styles_of_real_files(typed: str, amount: str, currency: str | None) -> None:
    assert read(typed) == (amount, currency)


@pytest.mark.parametrize(
    ("typed", "amount", "currency"),
    [
        ("1,00,000", "100000", None),  # Indian grouping
        ("12,34,567.50", "1234567.50", None),
        ("1\u2009234\u2009567,89", "1234567.89", None),  # thin blanks
        ("1\u202f500", "1500", None),
        ("Q150,000.00", "150000.00", "GTQ"),
        ("L. 25,000.00", "25000.00", "HNL"),
        ("RD$ 1,250.50", "1250.50", "DOP"),
        ("₡1.234.567,00", "1234567.00", "CRC"),
        ("B/. 500.00", "500.00", "PAB"),
        ("TT$12.50", "12.50", "TTD"),
        ("1.500,50 quetzales", "1500.50", "GTQ"),
        ("25 000 000 FCFA", "25000000", None),  # two currencies share the word
        ("1,500.-", "1500", None),  # no cents, not minus
        ("–500", "-500", None),
        ("BZ$ (1,500.00)", "-1500.00", "BZD"),
        ("500.00CR", "500.00", None),
        ("500.00 DR", "-500.00", None),
        ("0,001", "0.001", None),
        ("1.917,60", "1917.60", None),
    ],
)
def test_more_styles_of_offices(typed: str, amount: str, currency: str | None) -> None:
    mark, _ = parsing.decimal_mark([parsing.figure(typed).core, "1.234,5" if typed.startswith("₡") else "1"])
    got, of = read(typed, mark or ".")
    assert (Decimal(got), of) == (Decimal(amount), currency)


def test_signs_that_several_currencies_share_are_told() -> None:
    assert parsing.figure("¥500").shared and parsing.figure("500 FCFA").shared and parsing.figure("Bs. 12").shared
    assert parsing.figure("$500").dollar and not parsing.figure("$500").shared
    assert not parsing.figure("Q500").shared


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("USD 2M", "V004"),
        ("500m from the Bank", "V004"),
        ("2.5 million", "V004"),
        ("3 mil", "V004"),
        ("1,5 millones", "V004"),
        ("BZD2,500.00 (USD1,250)", "V005"),
        ("£10k-£100k", "V024"),
        ("1000 - 5000", "V024"),
        ("500 a 1000", "V024"),
        ("1.2M PIECES@0.48", "V005"),  # quantity and price: not a million
        ("about twenty", "V003"),
        ("=343.14/20", "V023"),
        ("2386348K", "V003"),  # a tax number
        ("3M ENTERPRISE", "V003"),  # a firm
        ("040M-2013", "V005"),
        ("3e+05", "V027"),
        ("1.23457E+11", "V027"),
        ("12.5%", "V003"),
        ("?", "V003"),
    ],
)
def test_what_is_not_one_amount_is_refused_with_its_own_reason(typed: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(typed)
    assert refused.value.code == code


@pytest.mark.parametrize("typed", ["12,5,7", "1.234.56", "12 5", "1,23,4.5", "1234,567.89", "1 23 456", "1.234,567.8"])
def test_groups_that_are_no_thousands_are_never_joined(typed: str) -> None:
    with pytest.raises(Unreadable):
        read(typed, ".")


def test_one_decisive_cell_decides_the_column() -> None:
    mark, _ = parsing.decimal_mark(["200.000", "150.000,00", "12.500"])
    assert mark == ","
    assert read("200.000", mark)[0] == "200000"


def test_a_column_that_decides_nothing_is_asked_about() -> None:
    assert parsing.decimal_mark(["200.000", "12.500"]) == (None, "ambiguous")
    with pytest.raises(Unreadable) as asked:
        read("200.000")
    assert (asked.value.code, asked.value.params["one"]) == ("V002", "200000")


def test_the_office_may_say_its_mark() -> None:
    assert parsing.decimal_mark(["200.000"], ",") == (",", "jurisdiction")


def test_in_a_mixed_column_each_decisive_cell_stands_for_itself() -> None:
    mark, why = parsing.decimal_mark(["3,40", "4,545.00"])
    assert (mark, why) == (None, "mixed")
    assert [read(t, mark)[0] for t in ("3,40", "4,545.00")] == ["3.40", "4545.00"]


def test_the_noise_of_a_machine_is_not_an_amount() -> None:
    assert parsing.native("1917.6000000000001") == Decimal("1917.6")
    assert parsing.native("65549.95199999999") == Decimal("65549.952")


def _grouped(digits: str, group: str, *, indian: bool = False) -> str:
    out, rest = digits[-3:], digits[:-3]
    step = 2 if indian else 3
    while rest:
        out, rest = f"{rest[-step:]}{group}{out}", rest[:-step]
    return out


_STYLES = [
    ("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), (" ", "."), ("\u2009", ","), ("\xa0", ","), ("'", "."),
    ("’", ","), ("indian", "."),
]  # fmt: skip
_WRAPS = ["{}", "({})", "-{}", "{}-", "BZ$ {}", "US${}", "{} USD", "  {} ", "Gh¢{}", "{}                (GHS)", "$ {}"]


@given(
    st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from(_STYLES),
    st.sampled_from(_WRAPS),
)
def test_what_is_written_is_what_is_read(value: Decimal, style: tuple[str, str], wrap: str) -> None:
    """In every style, once the column's mark is known; so never off by a power of ten, nor by a sign."""
    group, mark = style
    whole, _, part = f"{value:.2f}".partition(".")
    written = _grouped(whole, "," if group == "indian" else group, indian=group == "indian")
    text = wrap.format(f"{written}{mark}{part}")
    expected = -value if wrap in ("({})", "-{}", "{}-") else value
    assert Decimal(read(text, mark)[0]) == expected


@given(st.integers(min_value=1, max_value=10**12), st.sampled_from(_STYLES[2:]), st.booleans())
def test_whole_numbers_keep_their_size_or_are_asked_about(value: int, style: tuple[str, str], known: bool) -> None:
    group, mark = style
    text = _grouped(str(value), "," if group == "indian" else group, indian=group == "indian")
    try:
        got = Decimal(read(text, mark if known else None)[0])
    except Unreadable as asked:
        assert asked.code == "V002" and not known
    else:
        assert got == value


@given(st.text(alphabet="0123456789.,' -()", min_size=1, max_size=12))
def test_any_mess_of_digits_is_one_number_or_refused(text: str) -> None:
    """The digits that stand there are the digits that are read: none added, none lost."""
    try:
        value = Decimal(read(text, ".")[0])
    except Unreadable:
        return
    assert "".join(c for c in text if c.isdigit()).lstrip("0").rstrip("0") == (
        "".join(str(d) for d in value.as_tuple().digits).lstrip("0").rstrip("0")
    )


@pytest.mark.parametrize(
    ("typed", "date"),
    [
        ("14th September, 2012", "2012-09-14"),
        ("03rd December, 2013", "2013-12-03"),
        ("18-Mar-21", "2021-03-18"),
        ("March 29, 2022", "2022-03-29"),
        ("March 2022", "2022-03"),
        ("2020-01", "2020-01"),
        ("2020", "2020"),
        ("20200328", "2020-03-28"),
        ("2018-01-17T19:46:41.77", "2018-01-17"),
        (" 2015-04-24T13:00:00Z", "2015-04-24"),
        ("11/02/2019 10:20hs", "2019-02-11"),
        ("14 de mayo de 2020", "2020-05-14"),
        ("3 mars 2021", "2021-03-03"),
        ("7/04/20", "2020-04-07"),
    ],
)
def test_dates_keep_the_precision_that_they_have(typed: str, date: str) -> None:
    assert str(parsing.date_of(typed, "dmy")) == date


@pytest.mark.parametrize(
    ("typed", "date"),
    [
        ("Monday, 14 May 2020", "2020-05-14"),
        ("lunes 14 de septiembre de 2020", "2020-09-14"),
        ("1er mars 2021", "2021-03-01"),
        ("1º de maio de 2020", "2020-05-01"),
        ("14 May 2020 10:30", "2020-05-14"),
        ("14/05/2020 10:30:15 a. m.", "2020-05-14"),
        ("2020-05-14 10:30:15+02:00", "2020-05-14"),
        ("2024/02/22 12:53:22", "2024-02-22"),
        ("05.2020", "2020-05"),
        ("Agosto 2020", "2020-08"),
        ("août 2020", "2020-08"),
        ("dezembro de 2020", "2020-12"),
        ("dic-2020", "2020-12"),
        ("2020-12", "2020-12"),
    ],
)
def test_dates_of_four_languages(typed: str, date: str) -> None:
    assert str(parsing.date_of(typed, "dmy")) == date


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("March", "V011"),
        ("Enero     ", "V011"),
        ("Yes, 10/12/21", "V011"),
        ("Q1 2020 or so", "V011"),
        ("10/12/2020 or later", "V011"),
        ("2020-05-14 to be confirmed", "V011"),
        ("0148-12-13-9", "V011"),
        ("43944", "V011"),
        ("20805948", "V011"),
        ("Mar-20", "V011"),  # the 20th, or 2020
        ("28-Jun-21 and 31 March 2022", "V025"),
        ("10/12/2020 - 15/12/2020", "V025"),
        ("2020-05-01/2020-05-31", "V025"),
        ("FY2020/21", "V026"),
        ("FY 2020", "V026"),
        ("2020-21", "V026"),
        ("2020/2021", "V026"),
        ("Q1 2020", "V026"),
        ("2020 Q3", "V026"),
        ("T2 2020", "V026"),
        ("1er trimestre 2020", "V026"),
        ("primer trimestre de 2020", "V026"),
        ("2do semestre 2021", "V026"),
        ("Ejercicio 2020", "V026"),
    ],
)
def test_no_part_of_a_date_is_invented(typed: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parsing.date_of(typed, "dmy")
    assert refused.value.code == code


def test_31_february_is_no_date() -> None:
    with pytest.raises(Unreadable) as refused:
        parsing.date_of("31/02/2020", "dmy")
    assert refused.value.code == "V013"


def test_date_order_is_decided_per_column() -> None:
    assert parsing.date_order(["01/13/2011", "02/03/2011"]) == ("mdy", "cells")
    assert parsing.date_order(["24/02/2011", "02/03/2011"]) == ("dmy", "cells")
    assert parsing.date_order(["02/03/2011"]) == ("", "ambiguous")
    with pytest.raises(Unreadable) as asked:
        parsing.date_of("02/03/2011", "")
    assert asked.value.params == {"shown": "02/03/2011", "one": "2011-03-02", "other": "2011-02-03"}


def test_a_machine_s_zero_date_is_nothing() -> None:
    value = parsing.date_of("0001-01-01T00:00:00")
    assert value is not None and parsing.is_sentinel(value)
    assert not parsing.is_sentinel(PartialDate(2020, 1, 1))


@pytest.mark.parametrize(
    "typed", ["-", "N/A", "n/a", "?", ".", "nil", "TBD", "S/N", "No definido", "INEXISTENTE", " -     ", ""]
)
def test_words_and_signs_of_nothing(typed: str) -> None:
    assert parsing.is_missing(typed)


@pytest.mark.parametrize("typed", ["Q -", "$ -   ", "BZ$ -", "USD –", "GH¢ -", "  -   ??"])
def test_an_accountant_s_zero_is_nothing(typed: str) -> None:
    assert parsing.is_missing(typed)


def test_kinds_of_nothing_are_kept_apart() -> None:
    told = {
        "": "blank", "   ": "blank", "No registra": "not_available", "Não informado": "not_available",
        "non renseigné": "not_available", "unknown": "not_available", "(unspecified org)": "not_available",
        "No aplica": "not_applicable", "_NO_APLICA_": "not_applicable", "sans objet": "not_applicable",
        "Confidencial": "withheld", "not published": "withheld", "-": "unclear", "N/A": "unclear", "?": "unclear",
        "0": "", "Namibia": "", "None of the above": "",
    }  # fmt: skip
    assert {t: parsing.missing(t) for t in told} == told


def test_lists_of_names_in_one_cell() -> None:
    assert parsing.several("Karavasos Ioannis & Co O.E.; Agroaxon S.A.") == [
        "Karavasos Ioannis & Co O.E.",
        "Agroaxon S.A.",
    ]
    assert parsing.several("Guinness Care &amp; Support Ltd") == ["Guinness Care & Support Ltd"]
    assert parsing.several("Alimentos y semillas|") == ["Alimentos y semillas"]
    assert parsing.several("Crea Alimentos; Sac") == ["Crea Alimentos; Sac"]
    assert parsing.several("1; 2;5") == ["1", "2", "5"]
    assert parsing.several("Toledo; Cayo; Toledo") == ["Toledo", "Cayo"]
    assert parsing.several("") == []
    decree = "Lei 13.979/2020, art. 4; Decreto 47.891; dispensa por emergência"
    assert parsing.several(decree) == [decree]


@pytest.mark.parametrize("typed", ["0", "Namibia", "NA-12", "TOTAL", "no funds left"])
def test_something_is_not_nothing(typed: str) -> None:
    assert not parsing.is_missing(typed)


def test_currencies_by_code_name_and_sign() -> None:
    told = {t: parsing.currency_code(t) for t in ("EUR ", "mdl", "Ghana Cedi", "USA Dollar", "Pesos (COP)", "£", "$")}
    assert told == {
        "EUR ": "EUR", "mdl": "MDL", "Ghana Cedi": "GHS", "USA Dollar": "USD", "Pesos (COP)": "COP",
        "£": "GBP", "$": None,
    }  # fmt: skip


def test_quantities_with_their_unit() -> None:
    assert parsing.quantity("60,143 kg") == ("60,143", "kg")
    assert parsing.quantity("7,00 UNIDAD") == ("7,00", "UNIDAD")
    assert parsing.quantity("7.200,00 L") == ("7.200,00", "L")
    assert parsing.quantity("23 units") == ("23", "units")
    assert parsing.quantity("1,000 pcs") == ("1,000", "pcs")
    assert parsing.quantity("500 m") == ("500", "m")
    assert parsing.quantity("12 m3") == ("12", "m3")
    for typed, code in {
        "2 million doses": "V004", "1.2M PIECES": "V004", "3 mil unidades": "V004", "500m": "V004",
        "caja x 50": "V003", "box of 50": "V003", "50 x 100 ml": "V003", "1.2M PIECES@0.48": "V003",
    }.items():  # fmt: skip
        with pytest.raises(Unreadable) as refused:
            parsing.quantity(typed)
        assert refused.value.code == code, typed
    with pytest.raises(Unreadable):
        parsing.quantity("?")


def test_the_name_of_the_whole_names_no_part_of_it() -> None:
    belize = Jurisdiction(
        "BZ",
        {"en": "Belize", "es": "Belice"},
        "BZD",
        areas=(
            Area("BZ-BZ", {"en": "Belize"}),
            Area("BZ-OW", {"en": "Orange Walk"}),
            Area("BZ-SC", {"en": "Stann Creek"}, ("Dangriga",)),
        ),
    )
    places = Places.of(belize)
    assert places.find("Belize") is None
    assert places.find("Belize District") == "BZ-BZ"
    assert places.find("ORANGE WALK") == "BZ-OW"
    assert places.find("dangriga") == "BZ-SC"
    assert places.find("Corozal") is None


def test_codes_by_the_words_of_offices() -> None:
    assert parsing.code_of("Single Sourced", "method") == "direct"
    assert parsing.code_of("Restricted Tender", "method") == "limited"
    assert parsing.code_of("Licitación pública", "method") == "open"
    assert parsing.code_of("DOAÇÕES FINANCEIRAS", "aidType") == "cash"
    with pytest.raises(Unreadable):
        parsing.code_of("whatever", "method")


def test_only_addresses_that_a_page_may_link_to() -> None:
    assert parsing.url_of("www.example.org/a b".replace(" ", "")) == "https://www.example.org/ab"
    for typed in ("javascript:alert(1)", "data:text/html,x", "see the office", "ftp://example.org"):
        with pytest.raises(Unreadable):
            parsing.url_of(typed)


def test_private_persons_are_seen_by_their_words_and_numbers() -> None:
    assert parsing.says_private_person("DOAÇÕES PESSOAS FÍSICAS")
    assert parsing.says_private_person("Private individuals")
    assert not parsing.says_private_person("Embassy of Taiwan")
    assert parsing.is_personal_number("123.456.789-09")
    assert not parsing.is_personal_number("16.617.789/0001-64")
    assert parsing.has_email("write to ana@example.org") and not parsing.has_email("1.2M PIECES@0.48")


def test_dirt_that_nobody_typed_is_cleaned() -> None:
    assert parsing.clean("a_x000D_b\xa0 \x0bc &amp; d\u202e") == "a b c & d"

"""Where a column says its currency and its magnitude: headings, lines over the table, number formats."""

from __future__ import annotations

import pytest

from importers import currencies


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("Contract sum (BZ$)", "BZD"),
        ("Amount in US dollars", "USD"),
        ("Valor (R$)", "BRL"),
        ("Contract value (US$m)", "USD"),
        ("Monto USD", "USD"),
        ("Total cost in all districts", None),  # ALL is the lek, but "all" is a word
        ("Contract value ($)", None),
        ("Amount", None),
    ],
)
def test_a_heading_says_its_currency(told: str, code: str | None) -> None:
    assert currencies.declared(told) == code


@pytest.mark.parametrize(
    ("told", "times"),
    [
        ("Amount (BZ$ thousands)", 1_000),
        ("Monto (miles de quetzales)", 1_000),
        ("Valor em milhões", 1_000_000),
        ("Amount ($m)", 1_000_000),
        ("Amount BZ$'000", 1_000),
        ("Amount", 1),
        ("Smiles programme cost", 1),
    ],
)
def test_a_heading_says_its_magnitude(told: str, times: int) -> None:
    assert currencies.magnitude(told) == times


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("[$BZ$-2809] #,##0.00", ("BZD", False)),
        ("[$Q-100A]#,##0.00", ("GTQ", False)),
        ("[$$-409]#,##0.00", (None, True)),
        ('"USD" #,##0.00', ("USD", False)),
        ("[$ЮЮ-1]#,##0.00", (currencies.UNKNOWN, False)),
        ("#,##0.00", (None, False)),
        ("£#,##0", ("GBP", False)),
    ],
)
def test_a_number_format_says_its_currency(code: str, told: tuple[str | None, bool]) -> None:
    assert currencies.of_format(code) == told


@pytest.mark.parametrize(
    ("code", "thousands"),
    [("#,##0,", True), ('0.0,"k"', True), ("#,##0,_);(#,##0,)", True), ("#,##0.00", False), ("#,##0", False)],
)
def test_a_number_format_may_show_thousands(code: str, thousands: bool) -> None:
    assert currencies.shows_thousands(code) is thousands


def test_a_tag_says_its_currency() -> None:
    assert (currencies.tagged("#value+usd"), currencies.tagged("#value+total"), currencies.tagged("")) == (
        "USD",
        None,
        None,
    )

"""Amounts in the reporting currency, beside the original."""

from __future__ import annotations

from decimal import Decimal

from ledger.rates import conversions, gathered, reported
from ledger.settings import Rate, Register

SEED = Rate("USD", "BZD", Decimal("2.00"), "1978-01-01", "Central Bank")
LATER = Rate("USD", "BZD", Decimal("2.015"), "2020-05-01", "Central Bank")


def test_the_latest_rate_on_or_before_the_day_counts_and_is_named() -> None:
    rates = gathered(Register(rates=(SEED,)), [LATER])

    april, may = (conversions(Decimal("100"), "USD", "BZD", day, rates) for day in ("2020-04-30", "2020-05-01"))

    assert april is not None and april.money.amount == 200 and april.rate is SEED
    assert may is not None and may.money.amount == Decimal("201.50") and may.rate is LATER


def test_an_amount_before_the_first_rate_is_not_converted() -> None:
    assert conversions(Decimal(1), "USD", "BZD", "2020-04-01", gathered(Register(), [LATER])) is None


def test_an_amount_without_a_day_is_not_converted() -> None:
    assert conversions(Decimal(1), "USD", "BZD", None, gathered(Register(), [LATER])) is None


def test_a_published_rate_goes_before_the_registers_for_the_same_day() -> None:
    corrected = Rate("USD", "BZD", Decimal("1.99"), SEED.on, "Ministry")

    assert gathered(Register(rates=(SEED,)), [corrected]).on("USD", "BZD", "2020-01-01") is corrected


def test_what_could_not_be_converted_is_counted_aloud() -> None:
    told = reported(
        [(Decimal(10), "USD", "2020-06-01"), (Decimal(5), "EUR", "2020-06-01"), (Decimal(7), "BZD", None)],
        "BZD",
        gathered(Register(rates=(SEED,))),
    )

    assert (told.money.amount, told.included, told.not_included) == (27, 2, {"EUR": (1, Decimal(5))})

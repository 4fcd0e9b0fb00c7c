"""What is late: only what was promised, only after its day, counted from that day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger.expected import late
from ledger.settings import Expected, register

MONTHLY = Expected("procurement", "month", "2020-05", until="2020-07")


@pytest.mark.parametrize(
    ("on", "published", "periods"),
    [
        (date(2020, 6, 30), (), []),  # the thirtieth day after May's end: still in time
        (date(2020, 7, 1), (), ["2020-05"]),
        (date(2020, 7, 1), ("2020-05",), []),
        (date(2021, 1, 1), ("2020-06",), ["2020-05", "2020-07"]),
        (date(2020, 4, 1), (), []),
    ],
)
def test_a_month_is_late_after_its_day(on: date, published: tuple[str, ...], periods: list[str]) -> None:
    assert [x.period for x in late(MONTHLY, published, on)] == periods


def test_the_days_are_counted_from_the_day_it_was_due() -> None:
    (first, *_) = late(MONTHLY, (), date(2020, 7, 11))
    assert (first.due, first.days) == (date(2020, 6, 30), 11)


def test_quarters_and_years_have_the_names_that_submissions_give_them() -> None:
    quarters = late(Expected("aid", "quarter", "2019-11", within_days=0), (), date(2020, 7, 2))
    assert [x.period for x in quarters] == ["2019-Q4", "2020-Q1", "2020-Q2"]
    years = late(Expected("aid", "year", "2019-03", within_days=10), (), date(2021, 1, 11))
    assert [x.period for x in years] == ["2019", "2020"]


@pytest.mark.parametrize("wrong", [{"every": "week"}, {"since": "May 2020"}, {"until": "2020-13"}])
def test_what_no_calendar_has_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expects"):
        Expected(**{"dataset": "aid", "every": "month", "since": "2020-05", **wrong})


def test_the_register_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "ledger.toml"
    file.write_text(
        '[[jurisdiction]]\ncode = "bz"\nnames = { en = "Belize" }\ncurrency = "BZD"\n'
        '[[publisher]]\nid = "moh"\nname = "Ministry of Health"\njurisdiction = "bz"\n'
        '[[publisher.expects]]\ndataset = "procurement"\nevery = "month"\nsince = "2020-05"\n'
    )
    assert register(file).publisher("moh").expects == (Expected("procurement", "month", "2020-05"),)

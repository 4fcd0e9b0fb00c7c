"""What an office has said it will publish, and what of it is late: counted to the day of a publication, never scored.

In: `expects` of a publisher in ledger.toml, the periods that it has published. Out: the periods whose time has come.
An office that promised nothing is never late. Read `late`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.settings import Expected


@dataclass(frozen=True, slots=True)
class Late:
    """One period that has not come: `due` was its last day, `days` have passed since."""

    dataset: str
    period: str
    due: date
    days: int


def late(expected: Expected, published: Collection[str], on: date) -> list[Late]:
    """Return the periods of one dataset that were due before `on` and are in no publication, oldest first."""
    found = []
    for period, end in _periods(expected, on):
        due = end + timedelta(days=expected.within_days)
        if due < on and period not in published:
            found.append(Late(expected.dataset, period, due, (on - due).days))
    return found


def _periods(expected: Expected, on: date) -> Iterator[tuple[str, date]]:
    """Yield each period as submissions name it (`2020-05`, `2020-Q2`, `2020`) with its last day."""
    months = {"month": 1, "quarter": 3, "year": 12}[expected.every]
    year, month = (int(part) for part in f"{expected.since}-01".split("-")[:2])
    month -= (month - 1) % months
    while date(year, month, 1) <= on:
        after = date(year + (month + months > 12), (month + months - 1) % 12 + 1, 1)
        name = {"month": f"{year}-{month:02}", "quarter": f"{year}-Q{(month + 2) // 3}", "year": f"{year}"}
        if expected.until and name["month"] > expected.until:
            return
        yield name[expected.every], after - timedelta(days=1)
        year, month = after.year, after.month

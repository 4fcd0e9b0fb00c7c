"""Lengths and steps: bars side by side, amounts along time, and the one unit that an axis is told in.

In: exact amounts of one line. Out: places on paper (floats) and round steps of the axis (Decimal). Read `timeline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.flows import Moment

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 8.0, 12.0, 44.0
MONTHS_MAX = 36  # more than these are drawn year by year: a bar must stay wide enough for a finger


def share(amount: Decimal, largest: Decimal) -> int:
    """Return thousandths of the largest: a bar's length. What was returned (below zero) has no bar."""
    if largest <= 0 or amount <= 0:
        return 0
    return max(1, int(amount * 1000 / largest))


def unit_of(largest: Decimal) -> tuple[str, Decimal]:
    """Return the one unit of an axis, chosen from its largest value: units, thousands or millions."""
    for name, size in (("millions", Decimal(10**6)), ("thousands", Decimal(10**3))):
        if abs(largest) >= 2 * size:
            return name, size
    return "units", Decimal(1)


def steps(least: Decimal, most: Decimal, wanted: int = 4) -> list[Decimal]:
    """Return round values from at or below `least` to at or above `most`: 0, 200, 400 …; zero is always one."""
    least, most = min(least, Decimal(0)), max(most, Decimal(0))
    span = most - least
    if span <= 0:
        return [Decimal(0), Decimal(1)]
    rough = span / wanted
    power = Decimal(10) ** rough.adjusted()
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    first = int((least / step).to_integral_value("ROUND_FLOOR"))
    last = int((most / step).to_integral_value("ROUND_CEILING"))
    return [step * n for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Column:
    """One month or year: its bar, and where its label stands (every label would not fit)."""

    on: str
    amount: Decimal
    figures: int
    x: float
    y: float
    width: float
    height: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Tick:
    value: Decimal  # in the axis' unit
    y: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """`apart` are moments that have no place on the axis: a year without its month, or no date at all."""

    by: str  # month or year
    unit: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    zero: float
    apart: tuple[Moment, ...]
    width: float = WIDTH
    height: float = HEIGHT


def timeline(moments: Sequence[Moment]) -> Timeline:
    """Return bars along time. What is known only by its year is never put into January: it stands apart, unless the
    whole line is so long that years are drawn."""
    months = [m for m in moments if m.on and len(m.on) == 7]
    span = _month(months[-1].on) - _month(months[0].on) + 1 if months else 0
    years = [m for m in moments if m.on]
    by_year = span > MONTHS_MAX or (not months and bool(years))
    sums: dict[int, list[Any]] = {}
    for m in years if by_year else months:
        told = sums.setdefault(int(str(m.on)[:4]) if by_year else _month(m.on), [Decimal(0), 0])
        told[0] += m.amount
        told[1] += m.figures
    apart = [m for m in moments if m.on is None or (not by_year and len(m.on) != 7)]
    if not sums:
        return Timeline("month", "units", (), (), HEIGHT - BOTTOM, tuple(apart))
    amounts = [told[0] for told in sums.values()]
    marks = steps(min(amounts), max(amounts))
    unit, size = unit_of(max(abs(marks[0]), marks[-1]))
    tall = (HEIGHT - TOP - BOTTOM) / float(marks[-1] - marks[0])

    def y(amount: Decimal) -> float:
        return round(TOP + float(marks[-1] - amount) * tall, 1)

    first, last = min(sums), max(sums)
    slot = (WIDTH - LEFT - RIGHT) / (last - first + 1)
    wide = min(slot * 0.8, 56.0)
    every = max(1, round((last - first + 1) / 7))
    columns = []
    for n, (amount, figures) in sorted(sums.items()):
        top, foot = y(max(amount, Decimal(0))), y(min(amount, Decimal(0)))
        on = str(n) if by_year else f"{n // 12:04d}-{n % 12 + 1:02d}"
        x = round(LEFT + (n - first + 0.5) * slot - wide / 2, 1)
        tall_enough = max(round(foot - top, 1), 1.0)
        columns.append(Column(on, amount, figures, x, top, round(wide, 1), tall_enough, (n - first) % every == 0))
    ticks = tuple(Tick(m / size, y(m)) for m in marks)
    return Timeline("year" if by_year else "month", unit, tuple(columns), ticks, y(Decimal(0)), tuple(apart))


def _month(on: str | None) -> int:
    """Months since the year 0: a scale without gaps."""
    year, month = str(on).split("-")
    return int(year) * 12 + int(month) - 1

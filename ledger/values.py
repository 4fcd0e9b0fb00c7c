"""The values that every room speaks in: money, partial dates, cells, drafts.

In and out: nothing but values; no clock, no disk, no database. Read `Money` first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NewType

Sha256 = NewType("Sha256", str)
"""Lower-case hexadecimal digest of a file's bytes."""

Locator = NewType("Locator", str)
"""A JSON pointer in which members of arrays of objects are named by their `id`, not their position:
`/contracts/=C-14/value/amount`. It stays true when entries are inserted. See `ocds.paths`."""

Release = dict[str, Any]
Record = dict[str, Any]

# ISO 4217 minor units that are not 2 (the active codes; source: ISO 4217 list one, 2024-06-25).
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has (ISO 4217): 2 for BZD, 0 for JPY."""
    return _EXPONENTS.get(currency, 2)


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum: adding BZD to USD would invent an exchange rate."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency, already in whole minor units (see `quantised`)."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"money is Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise ValueError("money is finite")

    def __add__(self, other: Money) -> Money:
        """Return the exact sum. Raises CurrencyMismatch: adding BZD to USD would invent an exchange rate."""
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} + {other.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def quantised(self) -> Money:
        """Return the amount in whole minor units, half to even: 53192767.284 BRL -> 53192767.28."""
        unit = Decimal(1).scaleb(-exponent(self.currency))
        return Money(self.amount.quantize(unit, rounding=ROUND_HALF_EVEN), self.currency)


def number(value: Decimal) -> int | float:
    """Return the JSON number that reads back as exactly `value`.

    The only place where an amount becomes a float, because JSON and ocdsmerge have no decimal;
    raises ValueError when the shortest text of that float would not be `value` again.
    """
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    shown = float(value)
    if Decimal(repr(shown)) != value:
        raise ValueError(f"{value} does not survive JSON")
    return shown


def decimal(value: int | float | str | Decimal) -> Decimal:
    """Return a JSON number as the exact decimal that its text shows (never the binary expansion)."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def quantity_text(value: Decimal) -> str:
    """Return a quantity without trailing zeros or exponent: Decimal('5000.00') -> '5000'."""
    text = format(value.normalize(), "f")
    return text if text != "-0" else "0"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as precise as its source: 2020, 2020-05 or 2020-05-14. It never invents a day."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs its month")
        date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    @classmethod
    def of(cls, value: date) -> PartialDate:
        return cls(value.year, value.month, value.day)

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read `2020`, `2020-05`, `2020-05-14` or the date part of an RFC 3339 date-time."""
        m = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?", text)
        if not m:
            raise ValueError(text)
        year, month, day = (int(g) if g else None for g in m.groups())
        assert year is not None
        return cls(year, month, day)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        if self.month is not None:
            parts.append(f"{self.month:02d}")
        if self.day is not None:
            parts.append(f"{self.day:02d}")
        return "-".join(parts)

    @property
    def precision(self) -> str:
        return "day" if self.day is not None else "month" if self.month is not None else "year"

    def first_day(self) -> date:
        """The earliest day that it can mean: for ordering only, never for showing."""
        return date(self.year, self.month or 1, self.day or 1)


def utc_text(at: datetime) -> str:
    """Return an aware time as OCDS wants release dates: `2020-05-01T23:00:00Z`.

    ocdsmerge orders dates as strings, so every release date has this one shape (ocds.md 5).
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class CellRef:
    """Where a value was typed, as an Excel user would say it: sheet `Data`, cell `C12`. A CSV's stem is its sheet."""

    file: Sha256
    sheet: str
    cell: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.cell}" if self.sheet else self.cell


@dataclass(frozen=True, slots=True)
class Source:
    """The evidence of one published value: its cell, and the text that the cell held.

    `how` is empty when `raw` parses to the value itself; otherwise it says in a code how the value
    came about: `rounded`, `derived` (for example quantity x unit price), `aggregated`.
    """

    at: CellRef
    raw: str
    how: str = ""


Cells = Mapping[Locator, Source]


@dataclass(frozen=True, slots=True)
class Draft:
    """What one dataset of one publisher says of one process: OCDS JSON without id, date or tag.

    A process may be told of by several datasets (the contract, then its payments): `changes.compose`
    joins their drafts into the full body. `kind` is aid, programme or procurement.
    """

    ocid: str
    kind: str
    body: dict[str, Any]
    cells: Cells = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a submission speaks for: in `replace` mode it is the whole truth of its scope, and nothing outside it."""

    publisher: str
    dataset: str
    period: str = ""

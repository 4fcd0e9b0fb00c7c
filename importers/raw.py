"""What the reader of a file from outside hands on: sheets of cells, and the blocker that stops it. Values only.

Shared by the readers of the sandbox's child (`xlsx`, `ods`, `text`, `documents`, chosen in `workbook`), so that
none of them has to know another. Imports nothing of the house: the child starts for every file. Read `Sheet` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# Limits on what is read, whatever the file says of itself; the attacks behind them were measured (trust page, 6).
COLUMNS_MAX = 500
CELLS_MAX = 9_000_000
BOX_MAX = 24_000_000
"""Cells of a sheet's area, blank ones too: what 300,000 rows of 80 columns span."""
MERGES_MAX = 5_000
TEXT_MAX = 32_767
"""Characters of one cell, which is what a spreadsheet can hold."""

ADDRESS = re.compile(r"([A-Z]{1,3})(\d{1,7})")
BLANK = "-"
Line = tuple[list[str], list[str]]
"""One row: the types of its cells, and their texts. A blank cell has the type `-` and an empty text.

Types: s text, n number, d date (ISO text), b boolean, e error, f formula without a value. A number with a format of
its own has the character that `Sheet.formats` knows.
"""


class Blocked(Exception):
    """The file cannot be read at all; `code` is a finding's, `params` fill its words."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(slots=True)
class Sheet:
    """One sheet. `lines` gives its rows from the first on, once; everything else is complete when they have ended.

    A document (see `documents`) has `rows` of its own form instead of lines.
    """

    name: str
    visible: bool = True
    rows: list[list[Any]] = field(default_factory=list)
    lines: Iterator[Line] | None = None
    formats: dict[str, str] = field(default_factory=dict)  # type character: number format
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    widths: list[int] | None = None  # fields of every row of a text file
    notes: list[list[Any]] = field(default_factory=list)  # [finding code, cell, shown]


def column_letters(number: int) -> str:
    """1 is `A`, 27 is `AA`."""
    out = ""
    while number:
        number, rest = divmod(number - 1, 26)
        out = chr(65 + rest) + out
    return out


def column_number(letters: str) -> int:
    """`A` is 1, `AA` is 27."""
    n = 0
    for letter in letters:
        n = n * 26 + ord(letter) - 64
    return n


def clip(ref: str, rows: int, columns: int) -> str:
    """A merged range within what the sheet holds, empty when only one cell of it is left: `A1:XFD1048576` is a trap."""
    (left, top), (right, bottom) = ADDRESS.findall(ref)
    last, lowest = min(column_number(right), columns), min(int(bottom), rows)
    if column_number(left) > last or int(top) > lowest or (column_number(left) == last and int(top) == lowest):
        return ""
    return f"{left}{top}:{column_letters(last)}{lowest}"


class Watch:
    """Counts what a sheet holds while it is read, refuses too much, and remembers what has to be said about texts."""

    def __init__(self, rows_max: int) -> None:
        self.rows_max = rows_max
        self.cells = self.columns = 0
        self._said: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def grown(self, rows: int, columns: int, cells: int) -> None:
        """Raise Blocked when so many rows, columns or cells are too many. `cells` are those of one more row."""
        self.columns = max(self.columns, columns)
        self.cells += cells
        if rows > self.rows_max + 100 or self.columns > COLUMNS_MAX or rows * self.columns > BOX_MAX:
            raise self.blocked(f"{column_letters(self.columns)}{rows}")
        if self.cells > CELLS_MAX:
            raise self.blocked(str(self.cells))

    def blocked(self, seen: str) -> Blocked:
        return Blocked("B009", rows=self.rows_max, columns=COLUMNS_MAX, seen=seen)

    def count(self, code: str, row: int, column: int) -> None:
        """Remember one more cell (both from 1) of which `code` must be said; the first few are named."""
        self._counts[code] = self._counts.get(code, 0) + 1
        places = self._said.setdefault(code, [])
        if len(places) < 3:
            places.append(f"{column_letters(column)}{row}")

    def notes(self) -> list[list[Any]]:
        """One note a code: the first cell, then how many cells and which."""
        out = []
        for code, places in self._said.items():
            more = ", …" if self._counts[code] > len(places) else ""
            out.append([code, places[0], f"{self._counts[code]} ({', '.join(places)}{more})"])
        return out

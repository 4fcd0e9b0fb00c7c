"""What must hold of every reading of every file, whoever made it: counts, cells, values.

`broken(path, …)` reads a file through the real sandbox and returns the laws that do not hold, in words; an empty list
is the only good answer. Used by tests on the bundled files and by `tools/real_files.py` on any folder of real ones.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from importers import sandbox, staging
from importers.parsing import clean, column_number
from importers.staged import StagedFile, StagedTable
from ledger.settings import Jurisdiction, Settings
from ledger.values import Money, Sha256

FILE = Sha256("0" * 64)


def broken(path: Path, jurisdiction: Jurisdiction | None = None, kind: str | None = None) -> list[str]:
    """Read a file and say which laws do not hold."""
    settings = Settings()
    raw = sandbox.contents(path, path.name, settings)
    told = staging.staged(
        path, file_name=path.name, sha256=FILE, settings=settings, jurisdiction=jurisdiction, kind=kind
    )
    again = staging.staged(
        path, file_name=path.name, sha256=FILE, settings=settings, jurisdiction=jurisdiction, kind=kind
    )
    out = [] if again == told else ["the same file read twice gives two results"]
    if raw.blocked:
        codes = {f.code for f in told.findings}
        return [*out, *([] if raw.blocked in codes else [f"blocked by {raw.blocked}, but the finding is missing"])]
    sheets = {sheet.name: sheet for sheet in raw.sheets}
    for table in told.tables:
        out += _counts(table)
        out += _values(table, sheets[table.sheet].rows)
    out += _no_cell_lost(told, sheets)
    counts = [t["rows"] for t in staging.report(told)["tables"]]
    out += [f"{c} does not add up" for c in counts if c["read"] != c["accepted"] + c["held"] + c["ignored"]]
    return out


def _counts(table: StagedTable) -> list[str]:
    """Every row under the header is accepted, held or ignored: once."""
    told = [r.number for r in table.rows] + list(table.held) + [n for n, _ in table.ignored]
    last = int(re.findall(r"\d+", table.range)[1])
    expected = set(range(table.header_rows[-1] + 1, last + 1))
    out = []
    if len(told) != len(set(told)):
        out.append(f"{table.sheet}: a row is counted twice")
    if set(told) != expected:
        out.append(f"{table.sheet}: rows {sorted(expected ^ set(told))[:5]} are not accounted for")
    return out


def _values(table: StagedTable, rows: Any) -> list[str]:
    """Every value has a cell whose text says it."""
    out = []
    for row in table.rows:
        for name, value in row.values.items():
            if value.how == "answered":
                continue
            letters = value.at.cell.rstrip("0123456789")
            n, column = int(value.at.cell[len(letters) :]), column_number(letters) - 1
            cell = rows[n - 1][column] if n <= len(rows) and column < len(rows[n - 1]) else None
            if cell is None or cell[1] != value.raw:
                out.append(f"{value.at}: {name} says {value.raw!r}, the cell {cell and cell[1]!r}")
            elif isinstance(value.value, Money | Decimal) and not value.how:
                amount = value.value.amount if isinstance(value.value, Money) else value.value
                if amount not in _readings(value.raw):
                    out.append(f"{value.at}: {name} is {amount}, but the cell says {value.raw!r}")
    return out[:10]


def _readings(raw: str) -> set[Decimal]:
    """Every number that a text can be read as, by any convention: the published one must be among them."""
    text = clean(raw)
    found = re.findall(r"\d[\d.,'’  ]*(?:[eE][+-]?\d+)?", text)
    sign = -1 if re.search(r"^\W*[-−(]|-\s*$|\bDR\b", text) else 1
    out: set[Decimal] = set()
    for told in found:
        digits = re.sub(r"[ '’  ]", "", told).strip(".,")
        for mark in (".", ","):
            flat = digits.replace("," if mark == "." else ".", "").replace(mark, ".")
            try:
                value = Decimal(flat)
            except InvalidOperation:
                continue
            # A spreadsheet keeps 15 significant digits; what is behind them nobody typed.
            for n in (value, Decimal(f"{value:.15g}")):
                out |= {sign * n, abs(n)}
    return out


def _no_cell_lost(told: StagedFile, sheets: dict[str, sandbox.RawSheet]) -> list[str]:
    """Every cell that says something is in a table, over it, or in what was said not to be read."""
    unread = {(name, where) for name, _, where in told.not_read}
    out = []
    for name, sheet in sheets.items():
        if (name, "") in unread:
            continue
        boxes = [_box(t.range) for t in told.tables if t.sheet == name]
        boxes += [_box(where) for n, where in unread if n == name]
        above = {cell for t in told.tables if t.sheet == name for cell, _ in t.above}
        first = min((top for _, top, _, _ in boxes), default=1)
        for n, row in enumerate(sheet.rows, 1):
            for i, cell in enumerate(row, 1):
                if not cell or not clean(cell[1]):
                    continue
                inside = any(left <= i <= right and top <= n <= bottom for left, top, right, bottom in boxes)
                if not inside and n >= first and f"{_letters(i)}{n}" not in above:
                    out.append(f"{name}!{_letters(i)}{n}: {cell[1][:30]!r} is in no table and not said to be left out")
    return out[:10]


def _letters(n: int) -> str:
    out = ""
    while n:
        n, rest = divmod(n - 1, 26)
        out = chr(65 + rest) + out
    return out


def _box(range_: str) -> tuple[int, int, int, int]:
    a, b, c, d = re.findall(r"[A-Z]+|\d+", range_)
    return column_number(a), int(b), column_number(c), int(d)

"""Time the marking of a large workbook against openpyxl, in the same run: seconds, peak memory and the ratio.

    python benchmarks/annotate.py                     100,000 rows x 15 columns, 5,000 marked cells
    python benchmarks/annotate.py --rows 20000 --marks 1000

The workbook has shared strings as an office's own has, formulas with values, amounts and days. openpyxl loads it,
fills and comments the same cells and saves it, which also loses what it does not know (pictures, sparklines, values of
formulas); ours goes through `importers.annotate.annotated`, child process and words included. Nothing in the workbook
is real. It prints and never fails. Read `main` first.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter

from importers.annotate import annotated
from importers.raw import column_letters
from ledger.findings import Finding, Severity
from ledger.settings import Settings
from ledger.values import CellRef, Sha256

SHEET = "Contracts"


def write(out: Path, rows: int, columns: int) -> None:
    """Write the workbook: the same size gives the same cells."""
    chance = random.Random(7)
    book = xlsxwriter.Workbook(str(out))
    sheet = book.add_worksheet(SHEET)
    money = book.add_format({"num_format": "#,##0.00"})
    for column in range(columns):
        sheet.write_string(0, column, f"Heading {column + 1}")
    for row in range(1, rows + 1):
        for column in range(columns):
            if column % 5 == 4:
                sheet.write_formula(row, column, f"=D{row + 1}*2", money, chance.randrange(10_000))
            elif column % 2:
                sheet.write_number(row, column, chance.randrange(1, 10_000_000) / 100, money)
            else:
                sheet.write_string(row, column, f"Example Supplies No {chance.randrange(20_000)} Ltd")
    book.close()


def places(rows: int, columns: int, marks: int) -> list[tuple[int, int]]:
    chance = random.Random(11)
    found = {(chance.randrange(2, rows + 2), chance.randrange(1, columns + 1)) for _ in range(marks * 2)}
    return sorted(found)[:marks] if len(found) < marks else sorted(chance.sample(sorted(found), marks))


def ours(path: Path, out: Path, cells: list[tuple[int, int]]) -> None:
    sha = Sha256(hashlib.sha256(path.read_bytes()).hexdigest())
    found = [
        Finding(
            "V003", Severity.ERROR, CellRef(sha, SHEET, f"{column_letters(column)}{row}"), "amount", "n/a",
            {"label": "Amount", "etiqueta": "Monto"},
        )
        for row, column in cells
    ]  # fmt: skip
    assert annotated(path, path.name, found, "en", Settings(), out)


def theirs(path: Path, out: Path, cells: list[tuple[int, int]]) -> None:
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    fill = PatternFill("solid", fgColor="FFFFC9D0")
    for row, column in cells:
        sheet.cell(row, column).fill = fill
    for row, column in cells[:1_000]:
        sheet.cell(row, column).comment = Comment("“n/a” is not a number.", "covid-ledger")
    book.save(out)


def measured(what: Callable[..., None], *told: Any) -> tuple[float, float, float]:
    """Run something in a process of its own: seconds, peak MB of it, peak MB of its children."""
    queue: Any = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(queue, what, told))
    process.start()
    found: tuple[float, float, float] = queue.get()
    process.join()
    return found


def _run(queue: Any, what: Callable[..., None], told: tuple[Any, ...]) -> None:
    start = time.perf_counter()
    what(*told)
    seconds = time.perf_counter() - start
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    queue.put((seconds, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=15)
    parser.add_argument("--marks", type=int, default=5_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.xlsx"
        measured(write, path, asked.rows, asked.columns)  # elsewhere too: a child starts with the peak of its parent
        cells = places(asked.rows, asked.columns, asked.marks)
        size = path.stat().st_size / 1e6
        print(f"{asked.rows:,} rows x {asked.columns} columns, {size:.1f} MB, {len(cells):,} marked cells")
        seconds, own, child = measured(ours, path, Path(folder) / "ours.xlsx", cells)
        after = (Path(folder) / "ours.xlsx").stat().st_size / 1e6
        print(f"covid-ledger  {seconds:6.2f} s   parent {own:.0f} MB, child {child:.0f} MB, file {after:.1f} MB")
        again, _, child = measured(ours, Path(folder) / "ours.xlsx", Path(folder) / "again.xlsx", cells)
        print(f"once more     {again:6.2f} s   (its own file, marked again), child {child:.0f} MB")
        slow, peak, _ = measured(theirs, path, Path(folder) / "theirs.xlsx", cells)
        print(f"openpyxl      {slow:6.2f} s   {peak:.0f} MB")
        print(f"ratio         {slow / seconds:6.1f} times")


if __name__ == "__main__":
    main()

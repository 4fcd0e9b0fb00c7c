"""Write look-alike workbooks of any size for the benchmarks: the same size and seed give the same cells.

    python benchmarks/generate.py procurement 100000 --out var/procurement-100k.xlsx
    python benchmarks/generate.py donations 300000 --out var/donations-300k.xlsx

`procurement` has 36 columns as a ministry's register has them (title lines, one contract a row, every tenth with a
second item row, amendments, withheld columns, a TOTAL row); `donations` has 14. Memory is constant: a row is written
when it is made. XlsxWriter then stores text in the cells and not in a shared table, so files are larger than an
office's own: 100,000 contracts are 16.5 MB, and more than 150,000 of them exceed the default LEDGER_UPLOAD_MAX_BYTES.
Nothing in them is real. Read `KINDS` first.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "300k": 300_000}
MADE = datetime(2020, 6, 30, 9, 0)
DISTRICTS = ("Northern District", "Highland District", "Central District", "Harbour District", "River District")
GOODS = (
    ("N95 respirators", "piece", 1500),
    ("Isolation gowns", "piece", 800),
    ("Surgical masks", "box of 50", 4000),
    ("Oxygen concentrators", "piece", 350000),
    ("Hand sanitiser", "bottle", 500),
    ("COVID-19 test kits", "kit", 1000),
    ("Pulse oximeters", "piece", 5000),
)
METHODS = ("Open tender", "Request for quotations", "Direct purchase", "Restricted tender")
URGENT = "Extreme urgency: state of public emergency"

Cell = str | int | float | date | None
Row = tuple[Cell, ...]

PROCUREMENT = (
    "No.",
    "Tender no.",
    "Contract no.",
    "Procuring entity",
    "Subject of contract",
    "Procurement method",
    "Justification",
    "Goods, works or services",
    "Date advertised",
    "Closing date",
    "Estimated value",
    "Bids received",
    "Award date",
    "Supplier",
    "TIN",
    "E-mail",
    "Telephone",
    "Address",
    "Date signed",
    "Contract value",
    "Currency",
    "Contract start",
    "Contract ends",
    "Status",
    "Item",
    "Quantity",
    "Unit",
    "Unit price",
    "District",
    "Amendment no.",
    "Amendment date",
    "Amendment amount",
    "New total or increase",
    "Reason for the amendment",
    "Approved by",
    "Remarks",
)
DONATIONS = (
    "GRN",
    "Date received",
    "Donor",
    "Type of donor",
    "Cash or in kind",
    "Item",
    "Quantity",
    "Unit",
    "Unit value",
    "Value",
    "Currency",
    "Received by",
    "District",
    "Remarks",
)


def _money(cents: int) -> float:
    return cents / 100


def procurement(rows: int, seed: int) -> Iterator[Row]:
    """Yield `rows` rows of a register of contracts. A second item row repeats its contract, without the value."""
    chance = random.Random(seed)
    made = 0
    while made < rows:
        made += 1
        number = f"C-{made:06d}/2020"
        item, unit, price = chance.choice(GOODS)
        quantity = chance.randint(1, 5000)
        signed = date(2020, 3, 16) + timedelta(days=chance.randrange(280))
        supplier = chance.randrange(1, max(2, rows // 12))
        office = f"Office {chance.randrange(1, 60)} of Example"
        second = made < rows and chance.random() < 0.1
        extra = chance.choice(GOODS) if second else None
        more = chance.randint(1, 500)
        value = quantity * price + (more * extra[2] if extra else 0)
        amended = chance.random() < 0.03
        head: Row = (
            f"T-{made:06d}",
            number,
            office,
            f"Supply of {item.lower()} against COVID-19, batch {made}",
            chance.choice(METHODS),
            URGENT,
            "Goods",
            signed - timedelta(days=30),
            signed - timedelta(days=12),
        )
        firm: Row = (
            signed - timedelta(days=5),
            f"Supplier {supplier} of Example Ltd.",
            str(30000 + supplier),
            f"office@supplier{supplier}.example",
            f"555-{supplier:06d}",
            f"{supplier} Example Street",
            signed,
        )
        yield (
            made,
            *head,
            _money(value + 10000),
            chance.randint(1, 6),
            *firm,
            _money(value),
            "XTS",
            signed,
            signed + timedelta(days=60),
            "Signed",
            item,
            quantity,
            unit,
            _money(price),
            chance.choice(DISTRICTS),
            "1" if amended else None,
            signed + timedelta(days=20) if amended else None,
            _money(value // 20) if amended else None,
            "Increase" if amended else None,
            "Air freight" if amended else None,
            "Entity Tender Committee",
            None,
        )
        if extra:
            made += 1
            blank: Row = (None,) * 7
            end: Row = (extra[0], more, extra[1], _money(extra[2]), chance.choice(DISTRICTS), *blank)
            yield made, *head, None, None, *firm, None, "XTS", signed, signed + timedelta(days=60), "Signed", *end


def donations(rows: int, seed: int) -> Iterator[Row]:
    """Yield `rows` gifts: four in five in kind, one in four of these without a value, some from people."""
    chance = random.Random(seed)
    for n in range(1, rows + 1):
        donor = chance.randrange(1, max(2, rows // 20))
        person = chance.random() < 0.05
        head: Row = (
            f"GRN-{n:06d}",
            date(2020, 3, 16) + timedelta(days=chance.randrange(280)),
            f"Person {donor} Example" if person else f"Donor {donor} of Example",
            "Private individual" if person else "Organisation",
        )
        tail: Row = ("XTS", "Central Medical Store of Example", chance.choice(DISTRICTS), None)
        if chance.random() < 0.2:
            yield *head, "Cash", None, None, None, None, _money(chance.randrange(1000, 5_000_000)), *tail
            continue
        item, unit, price = chance.choice(GOODS)
        quantity = chance.randint(1, 5000)
        valued = chance.random() < 0.75
        one = _money(price) if valued else None
        yield *head, "In kind", item, quantity, unit, one, _money(quantity * price) if valued else None, *tail


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of workbook is: its header, its rows, and the column that the TOTAL row adds up."""

    header: tuple[str, ...]
    rows: Callable[[int, int], Iterator[Row]]
    total: str


KINDS = {
    "procurement": Kind(PROCUREMENT, procurement, "Contract value"),
    "donations": Kind(DONATIONS, donations, "Value"),
}


def write(path: Path, kind: str, rows: int, seed: int = 20200316) -> None:
    """Write the workbook: two title lines, a blank one, the header in row 4, `rows` rows, and a TOTAL row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = KINDS[kind]
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"title": f"{kind}, {rows} rows (generated)", "created": MADE})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    page = book.add_worksheet(kind.capitalize())
    page.write_string(0, 0, "MINISTRY OF EXAMPLE (FICTIONAL)")
    page.write_string(1, 0, f"Register of {kind}, generated for benchmarks")
    for column, name in enumerate(told.header):
        page.write_string(3, column, name)
    summed = told.header.index(told.total)
    cents = 0
    for n, row in enumerate(told.rows(rows, seed), 4):
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(n, column, value)
            elif isinstance(value, date):
                page.write_datetime(n, column, value, day)
            elif value is not None:
                page.write_number(n, column, value)
        amount = row[summed]
        if isinstance(amount, float):
            cents += round(amount * 100)
    page.write_string(rows + 4, 0, "TOTAL")
    page.write_number(rows + 4, summed, _money(cents))
    book.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("kind", choices=sorted(KINDS))
    arguments.add_argument("rows", help=f"a number, or one of {', '.join(SIZES)}")
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=20200316)
    told = arguments.parse_args()
    write(told.out, told.kind, SIZES.get(told.rows) or int(told.rows), told.seed)


if __name__ == "__main__":
    main()

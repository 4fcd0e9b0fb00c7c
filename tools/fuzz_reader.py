"""Feed the sandbox with broken files for some minutes: seeds that look real, bent at random, and mere noise.

    python tools/fuzz_reader.py --minutes 5 --seed 1 --keep var/fuzz

Every file has to end in sheets of the promised form or in a finding that has words, within the limits, with this
process alive. The first that does not is kept in the folder `--keep` and named; the exit code is then 1. The same seed
bends the same files, in the same order. Read `main` first.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import xlsxwriter

sys.path.insert(0, str(Path(__file__).parents[1]))

from importers import sandbox
from ledger.findings import codes
from ledger.settings import Settings

LIMITS = Settings(read_seconds_max=20, read_memory_max=700_000_000, rows_max=20_000)
HEADER = ("Donor", "Date received", "Amount (US$)", "District", "Remarks")
TOKENS = (
    b"<", b">", b"</row>", b"<row>", b"<c/>", b"<v>", b"</v>", b'r="XFD1048576"', b'r="A1"', b't="s"', b't="e"',
    b"&#0;", b"&amp;", b"&x;", b"<!--", b"]]>", b"<![CDATA[", b"<!DOCTYPE x>", b'"', b"'", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"99999999999", b"-1", b"1e999", b"NaN", b"_x000D_", b"\r", b"\n", b",", b";", b"\t", b'""',
    b"sep=|\n", b"=cmd|'/C'!A0", b"\xc3\xa9", b"\xe9", b"\xed\xa0\x80", b"PK\x03\x04", b"{", b"[",
    b"<iati-activities>", b'office:value-type="float"', b'table:number-rows-repeated="1048576"',
    b'table:number-columns-repeated="16384"',
)  # fmt: skip


def rows(chance: random.Random) -> list[tuple[str | float | date, ...]]:
    return [
        (f"Donor {n} of Example", date(2020, 4, 1 + n % 28), round(chance.random() * 10**6, 2), "Cayo", "café – “x”")
        for n in range(chance.randrange(1, 30))
    ]


def seeds(chance: random.Random) -> dict[str, bytes]:
    """One file of every kind that is read, as offices' programs write them."""
    table = rows(chance)
    out: dict[str, bytes] = {}
    for name, sparing in (("strings.xlsx", False), ("inline.xlsx", True)):
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file, {"constant_memory": sparing, "in_memory": True})
        page = book.add_worksheet("Gifts")
        day, money = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "$#,##0.00"})
        for n, cells in enumerate([HEADER, *table]):
            for i, value in enumerate(cells):
                if isinstance(value, date):
                    page.write_datetime(n, i, value, day)
                elif isinstance(value, float):
                    page.write_number(n, i, value, money)
                else:
                    page.write_string(n, i, str(value))
        page.write_formula(len(table) + 1, 2, "=SUM(C2:C9)", money, "5")
        page.merge_range(len(table) + 2, 0, len(table) + 2, 3, "Prepared by the Office of Examples")
        page.write_comment(0, 0, "who gave")
        page.set_row(2, None, None, {"hidden": True})
        book.add_worksheet("Hidden").hide()
        book.close()
        out[name] = file.getvalue()
    text = "\r\n".join(";".join(f'"{v}"' for v in cells) for cells in [HEADER, *table])
    out |= {"utf8.csv": text.encode(), "old.csv": text.encode("cp1252"), "wide.csv": text.encode("utf-16")}
    out["tabs.tsv"] = text.replace(";", "\t").encode()
    out["releases.json"] = (
        b'{"version":"1.1","releases":[{"ocid":"ocds-213czf-1","id":"1","tag":["award"],"awards":[]}]}'
    )
    out["activities.xml"] = (
        b'<iati-activities version="2.03"><iati-activity><iati-identifier>X-1</iati-identifier></iati-activity>'
        b"</iati-activities>"
    )
    return out | _others(table)


def _others(table: list[tuple[str | float | date, ...]]) -> dict[str, bytes]:
    """The kinds that only the tools of the tests can write; left out where these are not installed."""
    out: dict[str, bytes] = {}
    try:
        import xlwt
        from odf import opendocument, text
        from odf import table as tables
    except ImportError:
        return out
    book = xlwt.Workbook()
    page = book.add_sheet("Gifts")
    document = opendocument.OpenDocumentSpreadsheet()
    sheet = tables.Table(name="Gifts")
    for n, cells in enumerate([HEADER, *table]):
        line = tables.TableRow()
        for i, value in enumerate(cells):
            page.write(n, i, value)
            number = isinstance(value, float)
            kind = (
                {"valuetype": "currency", "value": str(value), "currency": "USD"} if number else {"valuetype": "string"}
            )
            cell = tables.TableCell(**kind)
            cell.addElement(text.P(text=str(value)))
            line.addElement(cell)
        sheet.addElement(line)
    document.spreadsheet.addElement(sheet)
    file = io.BytesIO()
    document.save(file)
    out["sheet.ods"] = file.getvalue()
    file = io.BytesIO()
    book.save(file)
    out["old.xls"] = file.getvalue()
    return out


def bent(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to eight small changes: turned, cut, doubled, moved, or with a nasty word in between."""
    told = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(told) + 1)
        size = chance.choice((1, 2, 4, 16, 200))
        match chance.randrange(6):
            case 0 if at < len(told):
                told[at] ^= 1 << chance.randrange(8)
            case 1:
                del told[at : at + size]
            case 2:
                told[at:at] = told[at : at + size] * chance.choice((1, 2, 50))
            case 3:
                told[at:at] = chance.choice(TOKENS)
            case 4:
                told[at : at + size] = chance.randbytes(size)
            case _:
                told[at : at + 8] = chance.choice(TOKENS)
    return bytes(told)


def inside(data: bytes, chance: random.Random) -> bytes:
    """A zip with one or two of its parts bent and packed again: otherwise its checksum would keep the readers away."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    likely = [name for name in parts if any(w in name for w in ("sheet", "content", "styles", "workbook", "Strings"))]
    for name in chance.sample(likely, chance.choice((1, 1, 2))):
        parts[name] = bent(parts[name], chance)
    if chance.random() < 0.05:
        parts.pop(chance.choice(list(parts)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def files(seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of one broken file after the other, for ever."""
    chance = random.Random(seed)  # noqa: S311
    while True:
        for name, data in seeds(chance).items():
            for _ in range(4):
                is_zip = data.startswith(b"PK")
                yield name, inside(data, chance) if is_zip and chance.random() < 0.85 else bent(data, chance)
        yield "noise.xlsx", chance.randbytes(chance.randrange(1, 5_000))


def fault(told: sandbox.Contents) -> str:
    """What is wrong with an outcome; empty when it is one of those that were promised."""
    if told.blocked:
        return "" if told.blocked in codes() and not told.sheets else f"unnamed outcome {told.blocked!r}"
    for sheet in told.sheets:
        if any(note[0] == "document" for note in sheet.notes):
            continue
        for code, _, _ in sheet.notes:
            if code not in codes():
                return f"a note without words: {code!r}"
        for row in sheet.rows:
            for cell in row:
                if cell is not None and not (
                    isinstance(cell, tuple) and 2 <= len(cell) <= 3 and cell[0] in "sndbef" and len(cell[0]) == 1
                ):
                    return f"a cell of no known form: {cell!r}"
    return ""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=5)
    arguments.add_argument("--seed", type=int, default=20200316)
    arguments.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    asked = arguments.parse_args()
    ends = time.monotonic() + asked.minutes * 60
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for n, (name, data) in enumerate(files(asked.seed)):
            if time.monotonic() > ends:
                break
            path = Path(folder) / name
            path.write_bytes(data)
            began = time.monotonic()
            try:
                told = sandbox.contents(path, name, LIMITS)
                wrong = fault(told)
            except Exception as problem:  # the very thing that is looked for
                wrong = f"{type(problem).__name__}: {problem}"
            if time.monotonic() - began > LIMITS.read_seconds_max * 2 + 2:
                wrong = wrong or f"{time.monotonic() - began:.0f} seconds"
            if wrong:
                asked.keep.mkdir(parents=True, exist_ok=True)
                kept = asked.keep / f"{asked.seed}-{n}-{name}"
                kept.write_bytes(data)
                sys.stdout.write(f"file {n}: {wrong}\nkept as {kept}\n")
                return 1
            seen[f"{name.rpartition('.')[2]} {told.blocked or 'read'}"] += 1
    sys.stdout.write(f"{sum(seen.values())} files, seed {asked.seed}: every outcome has a name\n")
    sys.stdout.writelines(f"  {count:6} {what}\n" for what, count in sorted(seen.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

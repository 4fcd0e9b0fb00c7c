"""Write docs/reference/real-files.md: what the reader makes of every real spreadsheet in a folder of real files.

    .venv/bin/python tools/real_files.py FOLDER [--out docs/reference/real-files.md]

The folder holds one sub-folder per publisher (`brazil-mg-donations/…`). The files themselves are not part of this
repository unless `examples/` bundles them, so the table is made on purpose, by hand, and committed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from importers.intake import check_files
from ledger.settings import Register, Settings, register

ROOT = Path(__file__).parents[1]
SPREADSHEETS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".csv", ".tsv"}
JURISDICTION = {"brazil-mg-donations": "MG", "ghana-ppa": "GH"}


def rows(file: Path, folder: Path, known: Register) -> list[str]:
    """The table's rows for one file: one per sheet that was read, one per sheet that was not."""
    code = JURISDICTION.get(file.relative_to(folder).parts[0])
    started = time.process_time(), time.monotonic()
    checked = check_files([file], settings=Settings(), register=known, jurisdiction=code)
    seconds = time.monotonic() - started[1]
    told = checked.report["files"][0]
    label = file.relative_to(folder).as_posix()
    out = []
    for table in told["tables"]:
        counts = table["rows"]
        matched = [c for c in table["columns"] if c.get("field")]
        totals = "; ".join(
            f"{stage} {amount} {currency}"
            for stage, by in (table.get("totals") or {}).items()
            for currency, amount in by.items()
        )
        asked = sum(1 for f in checked.report["findings"] if f["sheet"] == table["sheet"] and f["severity"] == "error")
        out.append(
            f"| {label} | {table['sheet']} | {table['kind'] or '-'} | {', '.join(map(str, table['header_rows']))} "
            f"| {counts['read']} | {counts['accepted']} | {counts['held']} | {counts['ignored']} "
            f"| {len(matched)} of {len(table['columns'])} | {totals or '-'} | {asked} | {seconds:.1f} s |"
        )
    for skipped in told["not_read"]:
        out.append(f"| {label} | {skipped['sheet']} | not read: {skipped['why']} | | | | | | | | | |")
    if not told["tables"] and not told["not_read"]:
        codes = sorted({f["code"] for f in checked.report["findings"]})
        out.append(f"| {label} | - | refused: {', '.join(codes)} | | | | | | | | | {seconds:.1f} s |")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference" / "real-files.md")
    options = parser.parse_args()
    known = register(ROOT / "examples" / "ledger.toml")
    lines = [
        "# Real files, and what the reader made of them",
        "",
        "Made by `tools/real_files.py`. read = accepted + held + ignored in every row. Questions are findings of",
        "severity error: one per group of cells with one cause. Totals are sums of accepted rows per stage and",
        "currency, exact.",
        "",
        "| file | sheet | understood as | header row | read | accepted | held | ignored | columns matched "
        "| totals | questions | time |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    files = sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in SPREADSHEETS)
    for file in files:
        sys.stderr.write(f"{file}\n")
        lines += rows(file, options.folder, known)
    options.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()

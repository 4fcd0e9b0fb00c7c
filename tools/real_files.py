"""Write docs/reference/real-files.md: what the reader makes of every real spreadsheet in a folder of real files.

    .venv/bin/python tools/real_files.py FOLDER [--out docs/reference/real-files.md]

The folder holds one sub-folder per publisher (`brazil-mg-donations/…`). The files themselves are not part of this
repository unless `examples/` bundles them, so the table is made on purpose, by hand, and committed. What each heading
really means was written down by hand in tests/conformance/headers/real.toml before it was measured.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importers.intake import check_files
from ledger.settings import Register, Settings, register

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests import laws  # noqa: E402  (the laws live with the tests; this tool only reports them)

SPREADSHEETS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".csv", ".tsv"}
JURISDICTION = {"brazil-mg-donations": "MG", "ghana-ppa": "GH"}
GOLD = ROOT / "tests" / "conformance" / "headers" / "real.toml"
NOTHING = "-"


@dataclass
class Sum:
    """What all files add up to."""

    headers: int = 0
    headers_right: int = 0
    matched: int = 0
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    refused_right: int = 0
    refused: int = 0


def gold() -> dict[tuple[str, str], dict[str, Any]]:
    """What each sheet really is, by (file, sheet)."""
    told = tomllib.loads(GOLD.read_text("utf-8"))["table"]
    return {(t["file"], t["sheet"]): t for t in told}


def rows(
    file: Path, folder: Path, known: Register, golden: dict[tuple[str, str], dict[str, Any]], all_: Sum
) -> list[str]:
    """The table's rows for one file: one per table that was read, one per table that was not."""
    code = JURISDICTION.get(file.relative_to(folder).parts[0])
    started = time.process_time()
    checked = check_files([file], settings=Settings(), register=known, jurisdiction=code)
    seconds = time.process_time() - started
    told = checked.report["files"][0]
    label = file.relative_to(folder).as_posix()
    where = known.jurisdiction(code) if code else None
    broken = laws.broken(file, where)
    all_.broken += [f"{label}: {law}" for law in broken]
    held = "hold" if not broken else f"{len(broken)} broken"
    out = []
    for table in told["tables"]:
        truth = golden.get((label, table["sheet"]))
        asked = _asked(checked, table)
        if asked and truth and "kind" in truth:  # the officer says the kind; then its columns are judged
            again = check_files([file], settings=Settings(), register=known, jurisdiction=code, kind=truth["kind"])
            table = next(t for t in again.report["files"][0]["tables"] if t["sheet"] == table["sheet"])
        counts = table["rows"]
        header = ", ".join(map(str, table["header_rows"]))
        totals = "; ".join(
            f"{stage} {amount} {currency}"
            for stage, by in (table.get("totals") or {}).items()
            for currency, amount in by.items()
        )
        out.append(
            f"| {label} | {table['sheet']} | {table['kind']}{' (asked, then said)' if asked else ''} "
            f"| {header}{_header(truth, table['header_rows'], all_)} | {_columns(label, truth, table, all_)} "
            f"| {counts['read']} | {counts['accepted']} | {counts['held']} | {counts['ignored']} "
            f"| {held} | {totals or '-'} | {seconds:.1f} s |"
        )
    for skipped in told["not_read"]:
        truth = golden.get((label, skipped["sheet"]))
        expected = truth is not None and "refused" in truth
        all_.refused += 1
        all_.refused_right += expected
        out.append(
            f"| {label} | {skipped['sheet']} | not read: {skipped['why']} {'(right)' if expected else ''} "
            f"| | | | | | | {held} | | {seconds:.1f} s |"
        )
    return out


def _asked(checked: Any, table: dict[str, Any]) -> bool:
    return any(f["code"] == "L014" and f["sheet"] == table["sheet"] for f in checked.report["findings"])


def _header(truth: dict[str, Any] | None, found: list[int], all_: Sum) -> str:
    if truth is None:
        return ""
    right = list(truth["header_rows"]) == found
    all_.headers += 1
    all_.headers_right += right
    return "" if right else f" (should be {truth['header_rows']})"


def _columns(label: str, truth: dict[str, Any] | None, table: dict[str, Any], all_: Sum) -> str:
    """`14 of 16 matched, 2 asked, 0 wrong`: of the columns that mean one of our fields."""
    if truth is None or "columns" not in truth:
        return f"{sum(bool(c['field']) for c in table['columns'])} of {len(table['columns'])}"
    matched = asked = 0
    wrong = []
    for column, (_, meant) in zip(table["columns"], truth["columns"], strict=False):
        fields = set(meant.split(" or ")) if meant else {NOTHING}
        if column["field"]:
            if column["field"] in fields:
                matched += 1
            else:
                wrong.append(f"{label}: “{column['header']}” taken for {column['field']}")
        elif NOTHING not in fields:
            asked += 1
    all_.matched += matched
    all_.asked += asked
    all_.wrong += wrong
    return f"{matched} of {matched + asked} matched, {asked} asked, {len(wrong)} wrong"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference" / "real-files.md")
    options = parser.parse_args()
    known = register(ROOT / "examples" / "ledger.toml")
    golden = gold()
    all_ = Sum()
    body: list[str] = []
    for file in sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in SPREADSHEETS):
        sys.stderr.write(f"{file}\n")
        body += rows(file, options.folder, known, golden, all_)
    share = all_.matched / max(all_.matched + all_.asked, 1)
    lines = [
        "# Real files, and what the reader made of them",
        "",
        "Made by `tools/real_files.py` on files that publishers really put out, without saying what is in them.",
        "read = accepted + held + ignored in every row. *Matched* counts the columns that mean one of our fields and",
        "were taken for it without a question; *asked* those that wait for an officer's word; *wrong* those taken for",
        "something else. What each heading means was written down by hand first (tests/conformance/headers/real.toml).",
        "*Laws* are those of tests/laws.py: every row counted once, every value found again in its cell, no cell lost,",
        "the same result twice. *Totals* are sums of accepted rows per stage and currency, exact.",
        "",
        f"- header rows found: {all_.headers_right} of {all_.headers}",
        f"- columns matched without a question: {share:.1%} ({all_.matched} of {all_.matched + all_.asked}); "
        f"asked {all_.asked}; wrong {len(all_.wrong)}",
        f"- tables rightly refused, with the reason: {all_.refused_right} of {all_.refused}",
        f"- laws broken: {len(all_.broken)}",
        *(f"  - {w}" for w in (*all_.wrong, *all_.broken)),
        "",
        "| file | sheet | understood as | header row | columns | read | accepted | held | ignored | laws | totals "
        "| CPU |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    options.out.write_text("\n".join([*lines, *body]) + "\n", "utf-8")


if __name__ == "__main__":
    main()

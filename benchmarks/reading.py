"""Time the reading of a ministry's register of contracts against other tools, in the same run, on the same cells.

    python benchmarks/reading.py                         1,000 and 10,000 rows, every tool
    python benchmarks/reading.py --rows 100k             those that end within --minutes
    python benchmarks/reading.py --rows 300k --only ours check calamine

Each tool is a process of its own: CPU seconds of it and of its children from start to end, imports included, and the
largest memory of any one of them. `ours` is the reading in the sandbox (every cell with type, format and address);
`check` goes on to checked drafts with every finding; `flatten-tool` gets the same rows under OCDS paths, because it
reads no other headings, and writes its map of cells. It prints a table with ratios, and never passes or fails.
Read `TOOLS` first.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import generate  # noqa: E402

PATHS = (
    "rowNumber", "tender/id", "contracts/0/id", "buyer/name", "tender/title", "tender/procurementMethodDetails",
    "tender/procurementMethodRationale", "tender/mainProcurementCategory", "tender/tenderPeriod/startDate",
    "tender/tenderPeriod/endDate", "tender/value/amount", "tender/numberOfTenderers", "awards/0/date",
    "awards/0/suppliers/0/name", "awards/0/suppliers/0/id", "parties/0/contactPoint/email",
    "parties/0/contactPoint/telephone", "parties/0/address/streetAddress", "contracts/0/dateSigned",
    "contracts/0/value/amount", "contracts/0/value/currency", "contracts/0/period/startDate",
    "contracts/0/period/endDate", "contracts/0/status", "contracts/0/items/0/description",
    "contracts/0/items/0/quantity", "contracts/0/items/0/unit/name", "contracts/0/items/0/unit/value/amount",
    "contracts/0/items/0/deliveryAddress/region", "contracts/0/amendments/0/id", "contracts/0/amendments/0/date",
    "contracts/0/amendments/0/amount", "contracts/0/amendments/0/kind", "contracts/0/amendments/0/rationale",
    "approvedBy", "remarks",
)  # fmt: skip
"""The headings of `generate.PROCUREMENT` as paths of the standard, in the same order."""


def ours(path: str) -> None:
    from importers import sandbox
    from ledger.settings import Settings

    told = sandbox.contents(Path(path), Path(path).name, Settings(read_seconds_max=120))
    assert not told.blocked, (told.blocked, told.params)
    print(sum(map(len, (sheet.rows for sheet in told.sheets))))


def check(path: str) -> None:
    from importers import intake
    from ledger.settings import Register, Settings

    done = intake.check_files([Path(path)], settings=Settings(read_seconds_max=120), register=Register())
    print(done.report["files"][0]["tables"][0]["rows"])


def openpyxl(path: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    print(sum(1 for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None))


def pandas(path: str) -> None:
    import pandas

    print(
        sum(len(table) for table in pandas.read_excel(path, sheet_name=None, header=None, engine="calamine").values())
    )


def calamine(path: str) -> None:
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(path)
    print(sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names))


def flatten_tool(path: str) -> None:
    import flattentool

    flattentool.unflatten(
        str(Path(path).with_suffix(".paths.xlsx")),
        output_name=path + ".json",
        input_format="xlsx",
        root_id="",
        root_list_path="releases",
        default_configuration="skipRows 3",
        cell_source_map=path + ".cells.json",
    )


TOOLS: dict[str, Callable[[str], None]] = {
    "ours": ours,
    "check": check,
    "calamine": calamine,
    "pandas": pandas,
    "openpyxl": openpyxl,
    "flatten-tool": flatten_tool,
}
NAMES = {
    "ours": "ours: sandbox, every cell with type and format",
    "check": "ours: workbook to checked drafts",
    "calamine": "python-calamine, plain values",
    "pandas": "pandas with calamine",
    "openpyxl": "openpyxl, read-only",
    "flatten-tool": "flatten-tool with its cell source map",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    seconds: float  # CPU, of the process and its children
    megabytes: float  # of the largest of them
    said: str  # empty when it ended well


def measured(tool: str, path: Path, minutes: float) -> Measured:
    """Run one tool on one file. A tool that takes longer than `minutes` is stopped, and that is said."""
    process = subprocess.Popen(
        [sys.executable, str(HERE), "--work", tool, str(path)],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(minutes * 60), int(minutes * 60) + 5)),
    )
    assert process.stderr is not None
    errors = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = "" if status == 0 else (errors[-1][:60] if errors and status > 255 else f"> {minutes:g} min")
    return Measured(used.ru_utime + used.ru_stime, used.ru_maxrss / 1_000, said)


def table(size: str, tools: list[str], folder: Path, minutes: float) -> list[str]:
    rows = generate.SIZES.get(size) or int(size)
    path = folder / f"procurement-{rows}.xlsx"
    generate.write(path, "procurement", rows)
    if "flatten-tool" in tools:
        kinds = dict(generate.KINDS)
        generate.KINDS["procurement"] = dataclasses.replace(kinds["procurement"], header=PATHS, total=PATHS[19])
        generate.write(path.with_suffix(".paths.xlsx"), "procurement", rows)
        generate.KINDS.update(kinds)
    results = {tool: measured(tool, path, minutes) for tool in tools}
    mine = results.get("check") or results.get("ours")
    lines = [f"\n{rows:,} rows x 36 columns, {path.stat().st_size / 1e6:.1f} MB\n"]
    lines += ["| tool | CPU s | peak MB | CPU s / check | MB / check |", "|---|--:|--:|--:|--:|"]
    for tool, told in results.items():
        if told.said or mine is None:
            lines.append(f"| {NAMES[tool]} | {told.said} | | | |")
        else:
            ratio = f"{told.seconds / mine.seconds:.2f} | {told.megabytes / mine.megabytes:.2f}"
            lines.append(f"| {NAMES[tool]} | {told.seconds:.2f} | {told.megabytes:,.0f} | {ratio} |")
    return lines


def machine() -> str:
    """One line on what was measured on: nothing that tells one machine from its like."""
    names = [
        x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")
    ]
    kind = names[0] if names else platform.machine()
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"{len(names)} x {kind}; Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}; load before: {load}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", nargs="+", default=["1k", "10k"], help=f"numbers, or {', '.join(generate.SIZES)}")
    arguments.add_argument("--only", nargs="+", choices=sorted(TOOLS), default=list(TOOLS))
    arguments.add_argument("--minutes", type=float, default=3, help="of CPU, for one tool on one file")
    arguments.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    told = arguments.parse_args()
    if told.work:
        TOOLS[told.work[0]](told.work[1])
        return
    print(machine())
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        for size in told.rows:
            print("\n".join(table(size, told.only, Path(folder), told.minutes)), flush=True)


if __name__ == "__main__":
    main()

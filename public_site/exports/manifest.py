"""What a folder of downloads says of itself, and whether it is true: `manifest.json`.

In: a folder written by `exports.write_downloads` (or fetched from a site). Out: its entries, and every way in which
the files and the manifest disagree. Needs no database: a reader of the data can run it. Read `problems` first.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.arcs import GOODS_ONLY, arcs
from ledger.tables import STAGES
from ledger.totals import Total, of_arcs
from ocds import merge

NAME = "manifest.json"
AMOUNTS = ("amount_cash", "amount_loan", "amount_in_kind")


class Disagree(AssertionError):
    """Two formats of one build hold different figures: our bug, and nothing is put in place."""


Line = tuple[str, str, str, bool, bool]


@dataclass(slots=True)
class Tally:
    """Totals that grow process by process, so that a file's figures are known when its last row is written."""

    lines: dict[Line, list[Any]] = field(default_factory=dict)

    def add(self, process: Iterable[Total], stages: Iterable[str] | None = None) -> None:
        """Add one process's totals. Each process is added once: `processes` counts on it."""
        for t in process:
            if stages is None or t.stage in stages:
                self._add(t.line, t.amount, t.processes, t.arcs, t.without_amount)

    def _add(self, line: Line, amount: Decimal, processes: int, arcs: int, without: int) -> None:
        sums = self.lines.setdefault(line, [Decimal(0), 0, 0, 0])
        for n, more in enumerate((amount, processes, arcs, without)):
            sums[n] += more

    def totals(self) -> list[Total]:
        found = [Total(*line, *sums) for line, sums in self.lines.items()]
        return sorted(found, key=lambda t: (t.jurisdiction, STAGES.index(t.stage), t.currency, t.in_kind, t.loan))

    def as_json(self) -> list[dict[str, Any]]:
        return [as_json(t) for t in self.totals()]


def as_json(total: Total) -> dict[str, Any]:
    """Return a total with its amount as text: a reader's JSON parser must not round it."""
    return {
        "jurisdiction": total.jurisdiction,
        "stage": total.stage,
        "currency": total.currency,
        "in_kind": total.in_kind,
        "loan": total.loan,
        "amount": plain(total.amount),
        "processes": total.processes,
        "rows": total.arcs,
        "without_amount": total.without_amount,
    }


def plain(value: Decimal) -> str:
    """Return a decimal as plain digits with at least two decimals and no invented ones: 12.5000 -> 12.50."""
    whole, _, decimals = format(value, "f").partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals.ljust(2, '0')}"


def of_compiled(compiled: Mapping[str, Any], kind: str, jurisdiction: str, publisher: str) -> list[Total]:
    """Return the totals of one process from its record alone."""
    return of_arcs(arcs(compiled, kind, jurisdiction, publisher))


def of_table(path: Path) -> tuple[int, list[dict[str, Any]]]:
    """Read a table of ours back: its row count, and the totals of its rows (empty for a table without stages)."""
    sums: dict[Line, list[Any]] = {}
    rows = 0
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            rows += 1
            if row.get("counted") != "true" or row["event"] == GOODS_ONLY:
                continue
            line = (row["jurisdiction"], row["stage"], row["currency"], row["in_kind"] == "true", row["loan"] == "true")
            amount = next((row[c] for c in AMOUNTS if row[c]), None)
            entry = sums.setdefault(line, [Decimal(0), set(), 0, 0])
            entry[0] += Decimal(amount) if amount else 0
            entry[1].add(row["ocid"])
            entry[2] += 1
            entry[3] += amount is None
    tally = Tally({line: [amount, len(ocids), arcs, without] for line, (amount, ocids, arcs, without) in sums.items()})
    return rows, tally.as_json()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder of downloads. FileNotFoundError when it has none."""
    found: dict[str, Any] = json.loads((folder / NAME).read_text("utf-8"))
    return found


def entry(folder: Path, path: str) -> dict[str, Any] | None:
    """Return what the manifest says of `path`, or None. The only way from a reader's address to a file:
    what is not listed does not exist, whatever dots and slashes the address has."""
    return next((f for f in read(folder)["files"] if f["path"] == path), None)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield json.loads(line)


def problems(folder: Path) -> list[str]:
    """Say where files and manifest disagree: bytes, checksums, rows, totals; and which compiled releases are not
    what the published releases compile to."""
    try:
        told = read(folder)
    except FileNotFoundError:
        return [f"{folder / NAME}: there is no manifest"]
    found: list[str] = []
    for file in told["files"]:
        found += _file_problems(folder, file)
    listed = {f["path"] for f in told["files"]} | {NAME}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    found += [f"{path}: not listed in {NAME}" for path in sorted(there - listed)]
    if not found:
        found += _compile_problems(folder, told)
    return found


def _file_problems(folder: Path, file: Mapping[str, Any]) -> Iterator[str]:
    path = folder / file["path"]
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        yield f"{file['path']}: missing"
        return
    if path.stat().st_size != file["bytes"] or sha256(path) != file["sha256"]:
        yield f"{file['path']}: its bytes are not those that were published"
        return
    if file["path"].endswith(".csv") and file["type"] == "table":
        rows, totals = of_table(path)
        if rows != file["rows"]:
            yield f"{file['path']}: {rows} rows, {NAME} says {file['rows']}"
        if totals != file["totals"]:
            yield f"{file['path']}: its rows do not add up to the totals in {NAME}"


def _compile_problems(folder: Path, told: Mapping[str, Any]) -> Iterator[str]:
    """Compile the releases again (one file in memory at a time) and compare with the published compiled releases."""
    ours = [f["path"] for f in told["files"] if f["type"] == "releases" and f["path"].startswith("ocds/bulk/all/")]
    digests: dict[str, str] = {}
    for path in ours:
        with gzip.open(folder / path) as file:
            histories: dict[str, list[dict[str, Any]]] = {}
            for release in json.load(file)["releases"]:
                histories.setdefault(release["ocid"], []).append(release)
        for ocid, releases in histories.items():
            digests[ocid] = _digest(merge.compiled(releases))
    published = folder / "ocds" / "bulk" / "all" / "compiled" / "full.jsonl.gz"
    seen = set()
    for compiled in lines(published) if published.exists() else ():
        seen.add(compiled["ocid"])
        if digests.get(compiled["ocid"]) != _digest(compiled):
            yield f"{compiled['ocid']}: the compiled release is not what its releases compile to"
    for ocid in sorted(digests.keys() - seen):
        yield f"{ocid}: has releases and no compiled release"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

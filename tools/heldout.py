"""Measure how the columns of tables that were never seen are matched: one line a half, and what to mend in one half.

    .venv/bin/python tools/heldout.py [--misses] [--kind procurement]

In: tests/conformance/headers/heldout.toml. Out: for each half, language and kind the shares of columns that were
matched by themselves, left for a question, or matched wrongly. Half of the tables is frozen (by the hash of their
id): `--misses` never shows them, so that words mended by looking at misses are proved on tables nobody looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers import mapping
from importers.mapping import Understanding
from ledger import catalogue

TABLES = Path(__file__).parents[1] / "tests" / "conformance" / "headers" / "heldout.toml"
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """One made-up table. `gold`: for each column the fields that are right; `-` among them allows a question."""

    id: str
    kind: str
    language: str
    heads: tuple[str, ...]
    gold: tuple[frozenset[str], ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def frozen(self) -> bool:
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 0

    @property
    def cells(self) -> list[list[Any]]:
        """The sheet as the sandbox would give it: figures are number cells, codes with a leading zero are text."""

        def cell(text: str) -> Any:
            plain = text.replace(".", "", 1).isdigit() and not (text.startswith("0") and text[1:2] not in ("", "."))
            return (["n", text] if plain else ["s", text]) if text else None

        return [[["s", h] for h in self.heads], *([cell(t) for t in row] for row in self.rows)]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one column when its kind is said. `verdict`: matched, asked, wrong, or quiet (rightly left)."""

    table: Table
    heading: str
    gold: frozenset[str]
    got: str | None
    verdict: str


def tables(path: Path = TABLES) -> list[Table]:
    """Read the tables. Raises ValueError where heads, gold and rows are not equally wide."""
    out = []
    for told in tomllib.loads(path.read_text("utf-8"))["table"]:
        heads, gold, *rows = (
            tuple(c.strip() for c in t.split("|")) for t in (told["heads"], told["gold"], *told["rows"])
        )
        if {len(r) for r in rows} | {len(gold)} != {len(heads)}:
            raise ValueError(f"{told['id']}: heads, gold and rows differ in width")
        right = tuple(frozenset(g.split(" or ")) for g in gold)
        out.append(Table(told["id"], told["kind"], told["language"], heads, right, tuple(rows)))
    return out


def columns(table: Table) -> list[Result]:
    """Match a table whose kind is known and judge every column. A table that is not read at all is all questions."""
    found = mapping.understood(table.cells, "Sheet1", kind=table.kind)
    got: dict[int, str | None] = {}
    if isinstance(found, Understanding):
        got = {c.column: c.field for c in found.choices}
    return [
        Result(table, head, gold, got.get(i), _verdict(gold, got.get(i)))
        for i, (head, gold) in enumerate(zip(table.heads, table.gold, strict=True))
    ]


def _verdict(gold: frozenset[str], got: str | None) -> str:
    if got:
        return "matched" if got in gold else "wrong"
    return "quiet" if NOTHING in gold else "asked"


def kind_found(table: Table) -> str:
    """The kind that the table is taken for when nobody says it; "" when it is not read."""
    found = mapping.understood(table.cells, "Sheet1")
    return found.kind if isinstance(found, Understanding) else ""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over several tables. `share`: of the columns that mean a field, those matched by themselves."""

    tables: int
    matched: int
    asked: int
    wrong: int
    quiet: int
    kinds: int

    @property
    def share(self) -> float:
        return self.matched / max(self.matched + self.asked, 1)

    @property
    def kind_share(self) -> float:
        return self.kinds / max(self.tables, 1)


def score(several: Iterable[Table]) -> Score:
    several = list(several)
    counted = Counter(r.verdict for t in several for r in columns(t))
    right = sum(kind_found(t) == t.kind for t in several)
    return Score(len(several), counted["matched"], counted["asked"], counted["wrong"], counted["quiet"], right)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _print(label: str, several: Sequence[Table]) -> None:
    s = score(several)
    _say(
        f"{label:24} {s.tables:6} {s.matched:8} {s.asked:6} {s.wrong:6} {s.quiet:6} "
        f"{s.share:7.1%} {s.kinds:4} of {s.tables:3} {s.kind_share:6.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="show the misses of the half that is not frozen")
    parser.add_argument("--kind", default="", help="only tables of this kind")
    options = parser.parse_args()
    every = [t for t in tables() if options.kind in ("", t.kind)]
    halves = {"open": [t for t in every if not t.frozen], "frozen": [t for t in every if t.frozen]}
    _say(f"{'':24} tables  matched  asked  wrong  quiet   share  kind right")
    for label, several in halves.items():
        _print(label, several)
    for language in ("en", "es", "pt", "fr"):
        _print(f"all, {language}", [t for t in every if t.language == language])
    for kind in catalogue.kinds():
        _print(f"all, {kind}", [t for t in every if t.kind == kind])
    if options.misses:
        for table in halves["open"]:
            if (found := kind_found(table)) != table.kind:
                _say(f"{table.id}: taken for {found or 'nothing'}")
            for r in columns(table):
                if r.verdict in ("asked", "wrong"):
                    _say(f"{table.id}: {r.verdict}: {r.heading!r} is {' or '.join(sorted(r.gold))}, not {r.got}")


if __name__ == "__main__":
    main()

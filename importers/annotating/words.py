"""What a marked workbook says: which cells get which colour and comment, and the lines of its index. Pure.

In: findings, the file they are about, a language. Out: `Marked`, plain values that the child process and the writer of
new workbooks both follow. Read `marked` first.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from importers.annotating.index import address
from importers.raw import column_number
from ledger.findings import Explained, Finding, Severity, explained, grouped
from ledger.values import CellRef

COMMENTS_MAX = 1_000
"""Comments of ours on one sheet: with more, an office program gets slow and a reader lost."""
COMMENT_MAX = 1_000
"""Characters of one comment."""
INDEX_ONLY = frozenset({"L010", "L011", "B018"})
"""Findings of a whole row, or of comments themselves: the cell that they point at is not what is wrong."""

_FILLED = {Severity.BLOCKER: "error", Severity.ERROR: "error", Severity.WARNING: "warning"}
_CELL = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


@dataclass(frozen=True, slots=True)
class Marked:
    """`sheets`: sheet: {"marks": {row: {column: severity}}, "texts": [[row, column, text]]}; `report`: see
    `index.Report`."""

    sheets: Mapping[str, Mapping[str, Any]]
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """One finding at one of its cells."""

    finding: Finding
    at: CellRef
    row: int
    column: int
    text: str
    is_first: bool


def words(language: str) -> dict[str, Any]:
    return {name: entry[language] for name, entry in _words().items()}


@cache
def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("ledger") / "words" / "report.toml").read_text("utf-8"))


def marked(findings: Iterable[Finding], sha256: str, file_name: str, language: str, is_copy: bool = False) -> Marked:
    """Say what to mark in one file. Findings of other files are left out, cell by cell; those without a file stay."""
    own = [f for f in (_of_file(f, sha256) for f in findings) if f is not None]
    told = words(language)
    sheets: dict[str, dict[str, Any]] = {}
    by_sheet: dict[str, list[_Said]] = {}
    for finding in own:
        for said in _said(finding, language, told):
            by_sheet.setdefault(said.at.sheet, []).append(said)
    for sheet, all_said in by_sheet.items():
        marks: dict[int, dict[int, str]] = {}
        for said in all_said:
            row = marks.setdefault(said.row, {})
            severity = _FILLED[said.finding.severity]
            if row.get(said.column) != "error":
                row[said.column] = severity
        sheets[sheet] = {"marks": marks, "texts": _texts(all_said, told)}
    intro = [line.format(file=file_name) for line in told["intro"]["lines"]]
    intro += [told["copy"]["line"]] if is_copy else []
    intro += [] if own else [told["nothing"]["line"]]
    return Marked(sheets, {"intro": intro, "heads": told["heads"]["cells"], "lines": _lines(own, language, told)})


def _of_file(finding: Finding, sha256: str) -> Finding | None:
    """The finding with its cells in this file only; None when it is about another file."""
    if finding.at is None or not finding.at.file:
        return finding
    here = [at for at in (finding.at, *finding.also_at) if str(at.file) == sha256]
    return replace(finding, at=here[0], also_at=tuple(here[1:])) if here else None


def _said(finding: Finding, language: str, told: Mapping[str, Any]) -> Iterable[_Said]:
    """What stands in the comments of a finding's cells; nothing for one without a cell or of a whole row."""
    if finding.at is None or finding.severity not in _FILLED or finding.code in INDEX_ONLY:
        return
    texts = explained(finding, language)
    for n, at in enumerate((finding.at, *finding.also_at)):
        found = _CELL.fullmatch(at.cell)
        if found is None or not at.sheet:
            continue
        column, row = column_number(found[1]), int(found[2])
        if column > 16_384 or row > 1_048_576:
            continue
        text = _comment(finding, texts, told)
        if n:
            text = told["comment"]["same"].format(where=finding.at.cell, what=text)
        yield _Said(finding, at, row, column, text, n == 0)


def what(finding: Finding, texts: Explained) -> str:
    """The first words of a finding without its address, which stands beside them."""
    return texts.what.removeprefix(f"{finding.where}: ")


def _comment(finding: Finding, texts: Explained, told: Mapping[str, Any]) -> str:
    example = told["comment"]["example"].format(example=texts.example) if texts.example else ""
    return "\n".join(p for p in (what(finding, texts), texts.why, texts.fix, example) if p)


def _texts(all_said: Sequence[_Said], told: Mapping[str, Any]) -> list[list[Any]]:
    """One text a cell. When too many cells would have one, the cells of one cause share the comments of the first."""
    cells = {(s.row, s.column) for s in all_said}
    shares: dict[tuple[str, int], list[_Said]] = {}
    for said in all_said:
        shares.setdefault((said.finding.code, said.column), []).append(said)
    sizes = Counter({key: len(group) for key, group in shares.items()})
    limit = max(sizes.values(), default=0) if len(cells) <= COMMENTS_MAX else _share(list(sizes.values()))
    out: dict[tuple[int, int], list[str]] = {}
    order = sorted(shares.items(), key=lambda item: (item[1][0].finding.severity != Severity.ERROR, item[1][0].row))
    for _key, group in order:
        for n, said in enumerate(group[:limit]):
            rest = len(group) - limit
            more = told["comment"]["more"].format(count=rest) if n == 0 and rest > 0 else ""
            out.setdefault((said.row, said.column), []).append("\n".join(p for p in (said.text, more) if p))
    kept = sorted(list(out.items())[:COMMENTS_MAX])
    return [[row, column, _short("\n\n".join(texts))] for (row, column), texts in kept]


def _share(sizes: Sequence[int]) -> int:
    """How many cells of every cause may have a comment, at least one."""
    low, high = 1, max(sizes)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(size, middle) for size in sizes) <= COMMENTS_MAX:
            low = middle
        else:
            high = middle - 1
    return low


def _short(text: str) -> str:
    return text if len(text) <= COMMENT_MAX else text[: COMMENT_MAX - 1].rstrip() + "…"


def _lines(findings: Sequence[Finding], language: str, told: Mapping[str, Any]) -> list[list[Any]]:
    """The index: the worst first, then in the order of the sheets; many cells of one cause are one line."""
    severities = list(Severity)
    ordered = sorted(grouped(findings), key=lambda f: severities.index(f.severity))
    out = []
    for finding in ordered:
        texts = explained(finding, language)
        at = finding.at
        target = ""
        if at is not None and at.sheet:
            found = _CELL.match(at.cell)
            target = address(at.sheet, found[0] if found else "A1")
        cells = [
            told["severity"][str(finding.severity)],
            finding.where,
            " ".join(p for p in (what(finding, texts), texts.why) if p),
            texts.fix,
            texts.example,
            str(1 + len(finding.also_at)),
            finding.code,
        ]
        out.append([cells, _FILLED.get(finding.severity, ""), target])
    return out

"""What is wrong, unclear or worth knowing in a file: values, never exceptions.

A finding carries codes and the value as typed; its sentences (what, why, how to fix, example; English
and Spanish) live in `ledger/words/findings/` under its code, one file a family. Read `Finding` first, then `explained`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from ledger.values import CellRef


class Severity(StrEnum):
    BLOCKER = "blocker"  # the file cannot be read, or nothing in it can be used
    ERROR = "error"  # the row is held back
    WARNING = "warning"  # may be published, with eyes open
    NOTICE = "notice"  # said so that nobody is surprised


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a file. `also_at` holds further cells with the same cause (grouping)."""

    code: str
    severity: Severity
    at: CellRef | None = None
    field: str = ""
    shown: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    also_at: tuple[CellRef, ...] = ()

    @property
    def where(self) -> str:
        return str(self.at) if self.at else ""


@dataclass(frozen=True, slots=True)
class Explained:
    """A finding in words of one language."""

    what: str
    why: str
    fix: str
    example: str


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for part in sorted((files("ledger") / "words" / "findings").iterdir(), key=lambda p: p.name):
        told = tomllib.loads(part.read_text("utf-8"))
        if twice := found.keys() & told.keys():
            raise ValueError(f"{part.name} says {sorted(twice)} a second time")
        found |= told
    return found


def codes() -> frozenset[str]:
    """Every code that has words. A finding without words fails the tests, not the officer."""
    return frozenset(_words())


def explained(finding: Finding, language: str = "en") -> Explained:
    """Say a finding in `language` (`en` or `es`). Raises KeyError for a code without words: that is our bug.

    Placeholders in the words are `{shown}`, `{where}`, `{count}` (cells concerned) and the finding's own params.
    """
    words = _words()[finding.code][language]
    params = {
        "shown": finding.shown,
        "where": finding.where,
        "count": 1 + len(finding.also_at),
        **finding.params,
    }
    return Explained(*(words.get(part, "").format_map(params) for part in ("what", "why", "fix", "example")))


def worst(findings: Iterable[Finding]) -> Severity | None:
    order = list(Severity)
    return min((f.severity for f in findings), key=order.index, default=None)


def grouped(findings: Iterable[Finding], limit: int = 20) -> list[Finding]:
    """Join findings of one code and one column when more than `limit` cells share the cause.

    The first cell keeps its place and value; the others are listed in `also_at`. Order is kept.
    """
    buckets: dict[tuple[str, str, str, str], list[Finding]] = {}
    for f in findings:
        column = f.at.cell.rstrip("0123456789") if f.at else ""
        sheet = f.at.sheet if f.at else ""
        buckets.setdefault((f.code, sheet, column, f.field), []).append(f)
    out: list[Finding] = []
    for bucket in buckets.values():
        if len(bucket) <= limit:
            out.extend(bucket)
        else:
            first, *rest = bucket
            also = tuple(f.at for f in rest if f.at)
            out.append(Finding(first.code, first.severity, first.at, first.field, first.shown, first.params, also))
    return out

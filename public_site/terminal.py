"""How the terminal speaks: one JSON document or plain words on stdout, progress on stderr, refusals in words.

In: what a command has to say. Out: text. Which words a refusal has is `ledger/words/refusals.toml`. Used by `cli`
and by nothing else.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError
from ledger.values import utc_text
from public_site import i18n

OK, FOUND, REFUSED = 0, 1, 2
"""Exit codes: done; done, and findings of severity error or differences; wrong usage or refused."""


@cache
def _refusals() -> dict[str, Any]:
    return tomllib.loads((files("ledger") / "words" / "refusals.toml").read_text("utf-8"))


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def refusal(error: LedgerError, language: str = "en") -> tuple[str, str]:
    """Return (what, what to do next) of a refusal. A code without words is still named: it must not hide the cause."""
    entry = _refusals().get(error.code)
    if entry is None:
        return f"Refused: {error.code} {dict(error.params) or ''}".strip(), ""
    told = i18n.said(entry, language) if isinstance(entry.get("en"), Mapping) else entry
    params = _Shown({k: str(v) for k, v in error.params.items()})
    return str(told.get("what", "")).format_map(params), str(told.get("fix", "")).format_map(params)


def plain(value: Any) -> Any:
    """Turn values into what JSON has: amounts and times become text, never floats."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return value


class Terminal:
    """The two streams. With `as_json`, stdout holds exactly one JSON document and nothing else."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.drawing = False

    def tell(self, document: Any, words: str | None = None) -> None:
        """Say the outcome: the document for programs, the words for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, indent=1) + "\n")
        else:
            sys.stdout.write(
                (json.dumps(plain(document), ensure_ascii=False, indent=1) if words is None else words) + "\n"
            )

    def note(self, text: str) -> None:
        """Say something on the way, to a person: stderr."""
        self._end_bar()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, stage: str = "", done: int = 0, total: int | None = None) -> None:
        """A bar on a terminal; elsewhere a line at the beginning of each stage."""
        if sys.stderr.isatty():
            share = f"{100 * done // total:3d} %" if total else f"{done:,}"
            sys.stderr.write(f"\r\x1b[K{stage}  {share}")
            sys.stderr.flush()
            self.drawing = True
        elif stage != getattr(self, "_stage", None):
            self._stage = stage
            sys.stderr.write(f"{stage}\n")

    def _end_bar(self) -> None:
        if self.drawing:
            sys.stderr.write("\r\x1b[K")
            self.drawing = False

    def refuse(self, error: LedgerError) -> None:
        what, fix = refusal(error)
        self.note(what + (f"\n{fix}" if fix else ""))
        if self.as_json:
            self.tell({"refused": {"code": error.code, "what": what, "fix": fix, "params": error.params}})


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as aligned columns."""
    lines = [[str(c) for c in row] for row in [head, *rows]]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def checked(report: Mapping[str, Any]) -> str:
    """Say a report of `check` in words: every file and sheet, then every finding with cell, what, why, fix, example."""
    out: list[str] = []
    for file in report["files"]:
        out.append(f"{file['file']}")
        for sheet in file["tables"]:
            rows = sheet["rows"]
            words = (("read", "rows read"), ("accepted", "accepted"), ("held", "held back"), ("ignored", "ignored"))
            told = ", ".join(f"{rows[key]} {word}" for key, word in words)
            out.append(f"  {sheet['sheet']} ({sheet['range']}): {sheet['kind'] or 'not understood'}; {told}")
            out += [
                f"    {stage}: {amount} {currency}"
                for stage, by in (sheet.get("totals") or {}).items()
                for currency, amount in by.items()
            ]
            columns = [
                (
                    c["cell"],
                    c["header"],
                    c.get("field") or "-",
                    f"{float(c.get('confidence') or 0):.2f}",
                    c.get("decided_by", ""),
                )
                for c in sheet["columns"]
            ]
            if columns:
                listed = table(("cell", "heading", "understood as", "sure", "by"), columns)
                out += [f"    {line}" for line in listed.splitlines()]
            out += [
                f"    {c['cell']}: the sheet says {c['stated']}, its rows add up to {c['added']}"
                for c in sheet.get("control_totals") or ()
                if not c["agrees"]
            ]
        out += [f"  {skipped['sheet']}: not read ({skipped['why']})" for skipped in file["not_read"]]
    for f in report["findings"]:
        where = "!".join(p for p in (f.get("sheet"), f.get("cell")) if p)
        more = f" (and {len(f['also_at'])} more cells)" if f.get("also_at") else ""
        message = f["message"].removeprefix(f"{where}: ")
        out.append(f"{f['severity'].upper()} {f['code']} {where}{more}: {message}")
        out += [f"    {f['fix']}"] if f.get("fix") else []
    severities = [f["severity"] for f in report["findings"]]
    out.append(", ".join(f"{severities.count(s)} {s}" for s in ("blocker", "error", "warning", "notice")))
    return "\n".join(out)


def has_errors(report: Mapping[str, Any]) -> bool:
    return any(f["severity"] in ("blocker", "error") for f in report["findings"])

"""What a file becomes before anything is built from it: typed tables, and what was not read and why.

In: a file. Out: `StagedFile`: for every sheet its tables, in which read = accepted + held + ignored always holds, or
the reason why it is none of ours; and findings for everything that an officer has to know. Columns that are not public
are dropped here and never go further. How one table is typed is `sheet`. Read `staged` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from importers import columns, documents_staging, layout, mapping, sandbox, sheet
from importers.annotate import is_report
from importers.mapping import NotOurs, Saved
from importers.parsing import column_letters
from importers.staged import LISTS_SHEET, Column, ControlTotal, LeftOut, Parsed, StagedFile, StagedRow, StagedTable
from ledger.findings import Finding, Severity
from ledger.settings import Jurisdiction, Settings
from ledger.values import CellRef, Sha256

__all__ = ["Column", "ControlTotal", "Parsed", "StagedFile", "StagedRow", "StagedTable", "report", "staged"]

Progress = Callable[[str, int, int], None]
LEFT_OUT = 50  # tables of a file that are none of ours and may be said to be, at the desk
SHIFTED = 1 / 3  # a text file with so many shifted rows is refused as a whole


def staged(
    path: Path,
    *,
    file_name: str,
    sha256: Sha256,
    settings: Settings,
    jurisdiction: Jurisdiction | None = None,
    kind: str | None = None,
    only: str | None = None,
    saved: Saved | None = None,
    progress: Progress | None = None,
) -> StagedFile:
    """Read a file in the sandbox and understand its tables. Never raises for what is in the file.

    `only` reads one sheet, even a hidden one. `saved` answers for a layout with what an officer decided earlier (see
    `mapping.remembered`).
    """
    told = sandbox.contents(path, file_name, settings)
    here = CellRef(sha256, "", "")
    if told.blocked:
        blocker = Finding(told.blocked, Severity.BLOCKER, here, "", file_name, dict(told.params))
        return StagedFile(file_name, sha256, findings=(blocker,))
    if (document := documents_staging.form_of(told.sheets)) is not None:
        return documents_staging.staged(told.sheets[0], *document, file_name, sha256)
    tables: list[StagedTable] = []
    not_read: list[tuple[str, str, str]] = []
    findings: list[Finding] = []
    left_out: list[LeftOut] = []
    raws = [raw for raw in told.sheets if not _ours(raw)]  # our own report, sent back with the mended file
    several = sum(raw.visible and any(any(r) for r in raw.rows[:50]) for raw in raws) > 1
    for n, raw in enumerate(raws):
        if progress:
            progress("sheet", n, len(raws))
        at = CellRef(sha256, raw.name, "")
        if only is not None and raw.name != only:
            not_read.append((raw.name, "not asked for", ""))
        elif not raw.visible and only is None:
            not_read.append((raw.name, "hidden", ""))
            if raw.name != LISTS_SHEET:
                findings.append(Finding("L002", Severity.WARNING, at, "", raw.name, {"rows": sum(map(any, raw.rows))}))
        elif not any(any(row) for row in raw.rows):
            not_read.append((raw.name, "empty", ""))
        else:
            _sheet(raw, at, file_name, jurisdiction, kind, saved, several, tables, not_read, findings, left_out)
    if not tables:
        findings.append(Finding("B015", Severity.BLOCKER, here, "", file_name))
    return StagedFile(file_name, sha256, tuple(tables), tuple(not_read), tuple(findings), tuple(left_out))


_SEVERITY = {"B010": Severity.BLOCKER, **dict.fromkeys(sandbox.NOTICES, Severity.NOTICE)}


def _ours(raw: sandbox.RawSheet) -> bool:
    first = raw.rows[0][0] if raw.rows and raw.rows[0] else None
    return is_report(raw.name, first[1] if first else "")


def _sheet(
    raw: sandbox.RawSheet,
    at: CellRef,
    file_name: str,
    jurisdiction: Jurisdiction | None,
    kind: str | None,
    saved: Saved | None,
    several: bool,
    tables: list[StagedTable],
    not_read: list[tuple[str, str, str]],
    findings: list[Finding],
    left_out: list[LeftOut],
) -> None:
    """Stage every table of one sheet; what is none of ours is said with its reason, not forced into a kind."""
    notes = [
        Finding(code, _SEVERITY.get(code, Severity.WARNING), CellRef(at.file, at.sheet, cell), "", shown[:200])
        for code, cell, shown in raw.notes
    ]
    found = layout.blocks(raw.rows, raw.merges)
    if not found:
        findings += notes
        not_read.append((raw.name, "no table", ""))
        prose = mapping.NO_TABLE
        findings.append(
            Finding("L001", Severity.WARNING, at, "", raw.name, {"why": prose["en"], "porque": prose["es"]})
        )
        return
    carried: sheet.Carried = {}
    refused: list[NotOurs] = []
    read = 0
    for block in found:
        told = mapping.understood(
            raw.rows, raw.name, block=block, kind=kind, saved=saved, alone=not several and len(found) == 1
        )
        if isinstance(told, NotOurs):
            refused.append(told)
        elif told is not None:
            table = sheet.table(raw, told, at.file, file_name, jurisdiction, carried)
            tables.append(table if read else replace(table, findings=(*notes, *table.findings)))
            read += 1
    findings += [] if read else notes
    shifted = [] if read else _all_shifted(raw, found[0], at)
    if shifted:
        not_read.append((raw.name, "its rows are shifted", ""))
        findings += shifted
        return
    for none in refused:
        where = _range(none.block)
        not_read.append((raw.name, none.short, where))
        if len(left_out) < LEFT_OUT:
            left_out.append(sheet.left_out(raw, none.block, where))
        cell = CellRef(at.file, at.sheet, where.split(":")[0])
        words = {"why": none.said("en"), "porque": none.said("es"), "range": where}
        findings.append(Finding("L001", Severity.WARNING, cell, "", raw.name, words))


def _range(block: layout.Block) -> str:
    left, right = column_letters(block.left + 1), column_letters(max(block.right, 1))
    top = min([block.header_rows[0], *(n for n, _, _ in block.above)])  # with the lines over it, which are its own
    return f"{left}{top}:{right}{max(block.last, block.header_rows[-1])}"


def _all_shifted(raw: sandbox.RawSheet, block: layout.Block, at: CellRef) -> list[Finding]:
    """A sheet in which so many rows are shifted that its columns cannot be told apart is refused with that reason."""
    if not raw.widths:
        return []
    expected = raw.widths[block.header_rows[-1] - 1]
    rows = [n for n in range(block.first, block.last + 1) if any(raw.rows[n - 1])]
    wrong = [n for n in rows if raw.widths[n - 1] != expected and raw.widths[n - 1] > 1]
    if not wrong or len(wrong) < SHIFTED * len(rows):
        return []
    where = CellRef(at.file, at.sheet, f"A{wrong[0]}")
    found = raw.widths[wrong[0] - 1]
    params = {"rows": len(wrong), "of": len(rows), "found": found, "expected": expected}
    return [Finding("L011", Severity.BLOCKER, where, "", f"{found} / {expected}", params)]


def report(file: StagedFile, held: Mapping[tuple[int, int], str] | None = None) -> dict[str, Any]:
    """Return one file of `check --json`. `held`: rows that building held back later, by (index of the table, row)."""
    out = []
    for n, t in enumerate(file.tables):
        later = {row for (table, row) in (held or {}) if table == n}
        accepted = sum(r.number not in later for r in t.rows)
        waiting = len(t.held) + len(t.rows) - accepted
        out.append(
            {
                "sheet": t.sheet,
                "range": t.range,
                "kind": t.kind,
                "kind_confidence": t.kind_confidence,
                "header_rows": list(t.header_rows),
                "columns": [_column(c) for c in t.columns],
                "above": [{"cell": cell, "text": text} for cell, text in t.above],
                "signature": t.signature,
                "rows": {
                    "read": accepted + waiting + len(t.ignored),
                    "accepted": accepted,
                    "held": waiting,
                    "ignored": len(t.ignored),
                },
                "ignored": [{"row": row, "why": why} for row, why in t.ignored],
                "totals": {},
                "control_totals": [
                    {"cell": c.cell, "stated": str(c.stated), "added": str(c.added), "agrees": c.agrees}
                    for c in t.control_totals
                ],
            }
        )
    asked = {(o.sheet, o.range): _asked(o) for o in file.left_out}
    return {
        "file": file.file_name,
        "sha256": str(file.sha256),
        "tables": out,
        "not_read": [
            {
                "sheet": name,
                "why": why,
                "porque": _porque(why),
                **({"range": where} if where else {}),
                **asked.get((name, where), {}),
            }
            for name, why, where in file.not_read
        ],
    }


def _porque(why: str) -> str:
    """The Spanish words of a reason for which a sheet was not read."""
    words = columns.words()
    known = {told["short"]: told["corto"] for told in words["table"].values()}
    return known.get(why) or words["not_read"].get(why, {}).get("es", why)


def _column(c: Column) -> dict[str, Any]:
    return {
        "cell": c.cell,
        "header": c.header,
        "field": c.field,
        "confidence": c.confidence,
        "decided_by": c.decided_by,
        "why": c.why,
        **({"proposed": c.proposed} if c.proposed else {}),
        **({"candidates": list(c.candidates)} if c.candidates else {}),
        "samples": list(c.samples),
    }


def _asked(one: LeftOut) -> dict[str, Any]:
    """What the desk needs to let an officer say that a table is one of ours after all."""
    return {
        "header_rows": list(one.header_rows),
        "columns": [_column(c) for c in one.columns],
        "above": [{"cell": cell, "text": text} for cell, text in one.above],
        "signature": one.signature,
    }

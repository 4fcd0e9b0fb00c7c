"""What the sandbox read of a document becomes staged tables: entries to build from, or rows like those of a sheet.

In: the raw sheet of a document. Out: a `StagedFile`. OCDS entries go on as they are (`ocds_json` builds them); grants
and activities become rows of the catalogue's kind `aid`, and are built like an office's own sheet. Read `staged`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from importers import giving, iati, sandbox
from importers.documents_tree import Said
from importers.staged import Parsed, StagedFile, StagedRow, StagedTable
from ledger.findings import Finding, Severity, grouped
from ledger.values import CellRef, Sha256


def form_of(sheets: tuple[sandbox.RawSheet, ...]) -> tuple[str, str] | None:
    """(form, version) of a document, None when the sheets are those of a spreadsheet."""
    for code, form, version in sheets[0].notes if sheets else ():
        if code == "document":
            return form, version
    return None


def staged(raw: sandbox.RawSheet, form: str, version: str, file_name: str, sha256: Sha256) -> StagedFile:
    """Return the one table of a document. Never raises for what is in it."""
    said = Said(sha256, raw.name)
    old = [
        Finding(code, Severity.WARNING, CellRef(sha256, raw.name, ""), "", shown)
        for code, _, shown in raw.notes
        if code != "document"
    ]
    if form == "ocds":
        return StagedFile(file_name, sha256, (_ocds(raw, version, file_name, sha256, said, old),))
    read = giving.rows if form == "giving" else iati.rows
    rows, held, ignored = read(raw, sha256, said)
    table = StagedTable(
        sha256,
        file_name,
        raw.name,
        _range(raw),
        "aid",
        1.0,
        (),
        (),
        tuple(rows),
        held,
        tuple(ignored),
        (),
        tuple(grouped([*old, *said.findings()])),
    )
    return StagedFile(file_name, sha256, (table,))


AGAIN = "the same grant or activity again"


def once(files: Sequence[StagedFile]) -> list[StagedFile]:
    """Take each grant and activity of an import once: the same again is ignored, another one under its id is held.

    Overlapping downloads (a month, then the whole year) tell the same gift twice; counting it twice would double it.
    """
    units: dict[str, dict[tuple[int, str], list[StagedRow]]] = {}
    tables = [t for f in files for t in f.tables]
    for n, table in enumerate(tables):
        for row in table.rows if table.sheet in ("grants", "activities", "lines") and not table.columns else ():
            if (id := row.values.get("aid.id")) is not None:
                units.setdefault(str(id.value), {}).setdefault((n, id.at.cell), []).append(row)
    again: dict[int, dict[int, str]] = {}
    other: dict[int, dict[int, Parsed]] = {}
    for told in units.values():
        (_, first), *more = told.items()
        same = all(_told(rows) == _told(first) for _, rows in more)
        for (n, _), rows in more if same else told.items() if more else ():
            for row in rows:
                if same:
                    again.setdefault(n, {})[row.number] = AGAIN
                else:
                    other.setdefault(n, {})[row.number] = row.values["aid.id"]
    made = iter([_without(t, again.get(n, {}), other.get(n, {})) for n, t in enumerate(tables)])
    return [replace(f, tables=tuple(next(made) for _ in f.tables)) for f in files]


def _told(rows: Sequence[StagedRow]) -> list[dict[str, str]]:
    return [{name: str(parsed.value) for name, parsed in row.values.items()} for row in rows]


def _without(table: StagedTable, again: Mapping[int, str], other: Mapping[int, Parsed]) -> StagedTable:
    if not again and not other:
        return table
    ids = {id.at: id for id in other.values()}  # one finding a grant, not one a transaction
    said = tuple(Finding("J023", Severity.ERROR, at, "id", id.raw, {"fields": "id"}) for at, id in ids.items())
    return replace(
        table,
        rows=tuple(r for r in table.rows if r.number not in again and r.number not in other),
        held={**table.held, **dict.fromkeys(other, "J023")},
        ignored=(*table.ignored, *again.items()),
        findings=(*table.findings, *said),
    )


def _range(raw: sandbox.RawSheet) -> str:
    """The first and the last entry, by pointer."""
    return f"{raw.rows[0][0] or '/'} … {raw.rows[-1][0] or '/'}" if len(raw.rows) > 1 else raw.rows[0][0] or "/"


def _ocds(
    raw: sandbox.RawSheet, version: str, file_name: str, sha256: Sha256, said: Said, old: list[Finding]
) -> StagedTable:
    if version != "1.1":
        said.say("J036", Severity.NOTICE, "/version", "/version", shown=version or "-")
    # As bytes: a tree in memory is ten times as large, and each is needed once.
    entries = {n: (pointer, kind, orjson.dumps(tree)) for n, (pointer, kind, tree) in enumerate(raw.rows, 1)}
    rows = tuple(
        StagedRow(n, {"ocid": Parsed("", "", CellRef(sha256, raw.name, pointer or "/"))})
        for n, (pointer, _, _) in entries.items()
    )
    return StagedTable(
        sha256,
        file_name,
        raw.name,
        _range(raw),
        "procurement",
        1.0,
        (),
        (),
        rows,
        findings=(*old, *said.findings()),
        entries=entries,
    )

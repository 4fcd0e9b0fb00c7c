"""The one way in for files: received, read in the sandbox, built, checked, recorded. Web, terminal and API end here.

`check_files` changes nothing and answers with the report of `check --json`; `receive` keeps the bytes and opens a
submission; `read_submission` is the job that turns it into drafts, findings and a state. No way in publishes.
"""

from __future__ import annotations

import gc
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from importers import documents_staging, drafts, resolve, staging
from importers.drafts import Built, Context, Known, Nothing
from importers.mapping import Saved, remembered
from importers.parsing import column_number
from ledger import changes, mappings, rules, store, workflow
from ledger import known as ledger_known
from ledger.arcs import Arc, arcs
from ledger.errors import NotFound, Refused
from ledger.findings import Finding, Severity, explained, grouped
from ledger.settings import Jurisdiction, Register, Settings
from ledger.totals import of_arcs
from ledger.values import CellRef, Draft, Locator, Sha256, exponent

Progress = Callable[[str, int, int], None]

CHUNK_BYTES = 1 << 20
UNKNOWN = Jurisdiction("xx", {"en": "unknown"}, "")
"""Where nobody said whose file it is: no currency, no date order, no areas are assumed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: the report as JSON would have it, and what it was made of."""

    report: dict[str, Any]
    findings: list[Finding]
    files: list[staging.StagedFile]
    built: Built

    @property
    def is_clean(self) -> bool:
        return not any(f.severity in (Severity.ERROR, Severity.BLOCKER) for f in self.findings)


@dataclass(frozen=True, slots=True)
class _Upload:
    path: Path
    file_name: str
    sha256: Sha256


@contextmanager
def _no_collections() -> Iterator[None]:
    """Let the cyclic collector rest: a reading makes millions of small values without cycles, and the collector would
    walk them again and again (a quarter of the whole time at 10,000 rows)."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # All that was made counts as old at once: else the first walk of the collector costs 0.4 s for 10,000 rows.
        gc.freeze()
        gc.unfreeze()
        if was:
            gc.enable()


def sha256_of(path: Path) -> Sha256:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return Sha256(digest.hexdigest())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


# --- checking -----------------------------------------------------------------------------------------------------


def check_files(
    paths: Sequence[Path],
    *,
    settings: Settings,
    register: Register,
    jurisdiction: str | Jurisdiction | None = None,
    publisher: str = "",
    kind: str | None = None,
    sheet: str | None = None,
    mapping: Saved | Mapping[str, Any] | None = None,
    known: Known | None = None,
    period: str = "",
    progress: Progress | None = None,
) -> Checked:
    """Read and check files, change nothing. With one jurisdiction in the register it is taken for granted.

    Several files are one import: a payments file finds the contract in the procurement file beside it.
    """
    where = _jurisdiction(register, jurisdiction, publisher)
    uploads = [_Upload(Path(p), Path(p).name, sha256_of(Path(p))) for p in paths]
    saved = mapping if callable(mapping) else remembered([mapping] if mapping else [])
    context = Context(publisher or where.code, where, settings, register, known or Nothing(), period)
    at = datetime.now(UTC)
    with _no_collections():
        return _checked(
            uploads, context, where if where is not UNKNOWN else None, kind, sheet, saved, at, progress or _quiet
        )


def _quiet(stage: str, done: int, total: int) -> None:
    return None


def _jurisdiction(register: Register, asked: str | Jurisdiction | None, publisher: str) -> Jurisdiction:
    if isinstance(asked, Jurisdiction):
        return asked
    if asked is None and publisher:
        asked = next((p.jurisdiction for p in register.publishers if p.id == publisher), None)
    if asked is not None:
        found = next((j for j in register.jurisdictions if j.code.casefold() == asked.casefold()), None)
        if found is None:
            raise NotFound(
                "unknown_jurisdiction",
                jurisdiction=asked,
                known=", ".join(j.code for j in register.jurisdictions) or "-",
            )
        return found
    return register.jurisdictions[0] if len(register.jurisdictions) == 1 else UNKNOWN


def _checked(
    uploads: Sequence[_Upload],
    context: Context,
    jurisdiction: Jurisdiction | None,
    kind: str | None,
    sheet: str | None,
    saved: Saved,
    at: datetime,
    progress: Progress,
) -> Checked:
    files = _staged(uploads, context.settings, jurisdiction, kind, sheet, saved, progress)
    tables_read = [t for f in files for t in f.tables]
    progress("build", 0, 1)
    built = drafts.build(tables_read, context)
    progress("check", 0, 1)
    told = _composed(built)
    broken: list[Finding] = []
    for draft in told.values():
        broken += rules.findings(draft, rules.Context(context.jurisdiction.code, at))
    progress("check", 1, 1)
    found = [*_of_files(files), *built.findings, *broken]
    return Checked(_report(files, built, told, context, found), found, files, built)


def _staged(
    uploads: Sequence[_Upload],
    settings: Settings,
    jurisdiction: Jurisdiction | None,
    kind: str | None,
    sheet: str | None,
    saved: Saved,
    progress: Progress,
) -> list[staging.StagedFile]:
    out = []
    for n, upload in enumerate(uploads):
        progress("read", n, len(uploads))
        out.append(
            staging.staged(
                upload.path,
                file_name=upload.file_name,
                sha256=upload.sha256,
                settings=settings,
                jurisdiction=jurisdiction,
                kind=kind,
                only=sheet,
                saved=saved,
                progress=progress,
            )
        )
    progress("read", len(uploads), len(uploads))
    return documents_staging.once(out)


def _of_files(files: Iterable[staging.StagedFile]) -> list[Finding]:
    """Every finding of reading, once: of the file, then of its tables."""
    out: list[Finding] = []
    for file in files:
        out += file.findings
        for table in file.tables:
            out += [f for f in table.findings if f not in file.findings]
    return out


def _composed(built: Built) -> dict[str, Draft]:
    by_process: dict[str, list[Draft]] = defaultdict(list)
    for dataset in changes.DATASETS:
        for draft in built.drafts.get(dataset, ()):
            if draft.kind in changes.PROCESS_KINDS:
                by_process[draft.ocid].append(draft)
    return {ocid: changes.compose(told) for ocid, told in by_process.items()}


# --- the report ---------------------------------------------------------------------------------------------------


def _report(
    files: Sequence[staging.StagedFile],
    built: Built,
    told: Mapping[str, Draft],
    context: Context,
    found: Sequence[Finding],
) -> dict[str, Any]:
    """The document of `check --json`: held rows of building are moved from accepted to held in their table."""
    sums = _sums(told, context, [t for f in files for t in f.tables])
    names = {str(f.sha256): f.file_name for f in files}
    shown = []
    first = 0
    for file in files:
        held = {
            (table - first, row): code
            for (table, row), code in built.held.items()
            if first <= table < first + len(file.tables)
        }
        first += len(file.tables)
        entry = staging.report(file, held)
        for table_entry, staged_table in zip(entry["tables"], file.tables, strict=True):
            table_entry["totals"] = sums.get(id(staged_table), {})
        shown.append(entry)
    return {"files": shown, "findings": [finding_json(f, names) for f in grouped(found)]}


def _sums(
    told: Mapping[str, Draft], context: Context, tables_read: Sequence[staging.StagedTable]
) -> dict[int, dict[str, dict[str, str]]]:
    """Totals per stage and currency of each table (by its `id`): a movement belongs to the table of its cell."""
    of_sheet: dict[tuple[str, str], list[staging.StagedTable]] = defaultdict(list)
    for table in tables_read:
        of_sheet[str(table.file), table.sheet].append(table)
    of_table: dict[int, list[Arc]] = defaultdict(list)
    for draft in told.values():
        for arc in arcs({**draft.body, "ocid": draft.ocid}, draft.kind, context.jurisdiction.code, context.publisher):
            at = _cell(draft, arc.locator)
            there = of_sheet.get((str(at.file), at.sheet)) if at is not None else None
            if at is not None and there:
                of_table[id(there[0] if len(there) == 1 else _holding(there, at.cell))].append(arc)
    out: dict[int, dict[str, dict[str, str]]] = {}
    for table_id, movements in of_table.items():
        sums: dict[str, dict[str, Decimal]] = {}
        for total in of_arcs(movements):
            if total.currency:
                stage = sums.setdefault(total.stage, {})
                stage[total.currency] = stage.get(total.currency, Decimal(0)) + total.amount
        out[table_id] = {
            stage: {c: f"{amount:.{exponent(c)}f}" for c, amount in sorted(by_currency.items())}
            for stage, by_currency in sums.items()
        }
    return out


def _holding(several: Sequence[staging.StagedTable], cell: str) -> staging.StagedTable:
    """Of several tables in one sheet the one whose range holds the cell."""
    column, row = _place(cell)
    for table in several:
        (left, top), (right, bottom) = map(_place, table.range.split(":"))
        if left <= column <= right and top <= row <= bottom:
            return table
    return several[0]


def _place(cell: str) -> tuple[int, int]:
    letters = cell.rstrip("0123456789")
    return column_number(letters), int(cell[len(letters) :] or 0)


def _cell(draft: Draft, locator: str) -> CellRef | None:
    """The cell of a figure, or of the first thing said beside it."""
    source = draft.cells.get(Locator(locator))
    if source is None:
        beside = locator.rsplit("/", 1)[0] + "/"
        source = next((s for at, s in draft.cells.items() if at.startswith(beside)), None)
    return source.at if source else None


def finding_json(finding: Finding, file_names: Mapping[str, str], language: str = "en") -> dict[str, Any]:
    """A finding as the terminal and the API show it, in words and with every cell."""
    words = explained(finding, language)
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": file_names.get(str(finding.at.file), "") if finding.at else "",
        "sheet": finding.at.sheet if finding.at else "",
        "cell": finding.at.cell if finding.at else "",
        "field": finding.field,
        "shown": finding.shown,
        "message": " ".join(p for p in (words.what, words.why) if p),
        "fix": words.fix,
        "also_at": [{"sheet": c.sheet, "cell": c.cell} for c in finding.also_at],
    }


# --- receiving and reading ----------------------------------------------------------------------------------------


def receive(
    engine: sa.Engine,
    settings: Settings,
    register: Register,
    files: Sequence[Path | tuple[str, Iterable[bytes]]],
    publisher: str,
    kind: str = "",
    period: str = "",
    mode: str = "replace",
    by: str = "",
    at: datetime | None = None,
    hold_back: bool = False,
    idempotency_key: str | None = None,
) -> int:
    """Keep the files and open a submission for them; return its id. Nothing is read yet (`read_submission`).

    A file is a path, or a name with its bytes in chunks; too large a file raises TooLarge while it arrives. A key
    that was used before returns the earlier submission.
    """
    told = next((p for p in register.publishers if p.id == publisher), None)
    if told is None:
        raise NotFound(
            "unknown_publisher", publisher=publisher, known=", ".join(p.id for p in register.publishers) or "-"
        )
    if not files:
        raise Refused("no_files")
    now = at or datetime.now(UTC)
    with store.writing(engine) as conn:
        kept = []
        for file in files:
            name, chunks = (file.name, _chunks(file)) if isinstance(file, Path) else file
            kept.append((store.keep_upload(conn, settings, chunks, name, by, now), name))
        return workflow.create(
            conn,
            publisher=publisher,
            jurisdiction=told.jurisdiction,
            dataset=kind,
            period=period,
            mode=mode,
            hold_back=hold_back,
            prepared_by=by,
            at=now,
            files=kept,
            idempotency_key=idempotency_key,
        )


def read_submission(
    engine: sa.Engine,
    settings: Settings,
    register: Register,
    submission_id: int,
    progress: Progress | None = None,
    at: datetime | None = None,
) -> str:
    """Read a submission's files, build, check, record; return the state. The job `read_submission`.

    The same files with the same knowledge give the same result, so a job that died is simply run again.
    """
    tell = progress or _quiet
    now = at or datetime.now(UTC)
    with _no_collections(), store.reading(engine) as conn:
        submission = workflow.submission(conn, submission_id)
        where = register.jurisdiction(submission.jurisdiction)
        uploads = [_Upload(store.upload_path(settings, sha), name, sha) for sha, name in submission.files]
        saved = _mappings(conn, submission.publisher)
        files = _staged(uploads, settings, where, submission.dataset or None, None, saved, tell)
        known = ledger_known.Known(conn, submission.jurisdiction, submission.publisher)
        context = Context(submission.publisher, where, settings, register, known, submission.period)
        tell("build", 0, 1)
        built = drafts.build([t for f in files for t in f.tables], context)
    found = [*_of_files(files), *built.findings]
    report = _report(files, built, _composed(built), context, ())
    report.pop("findings")
    report["organisations"] = resolve.asked(built.findings)
    tell("record", 0, 1)
    with store.writing(engine) as conn:
        state = workflow.record_reading(
            conn,
            register,
            settings,
            submission_id,
            drafts=built.drafts,
            identities=[
                workflow.Identity(i.dataset, i.ocid, i.local_id, i.strong, i.weak, i.position) for i in built.identities
            ],
            findings=grouped(found),
            report=report,
            held_processes=built.held_processes,
            at=now,
        )
    tell("record", 1, 1)
    return state


def _mappings(conn: sa.Connection, publisher: str) -> Saved:
    """What the officers of this publisher answered about columns, by the header's signature; the newest answer."""
    return remembered(mappings.answers(conn, publisher))

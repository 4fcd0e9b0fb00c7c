"""The way of a submission from received to published: who may do what, in which state, and what is stored.

Functions run in their caller's transaction and never commit. Publishing itself is `publish.certify`.
Read `TRANSITIONS` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger import audit, changes, proposals, rules
from ledger.errors import Conflict, Forbidden, NotFound, Refused
from ledger.findings import Finding, Severity, worst
from ledger.settings import Register, Settings
from ledger.store import packed, unpacked
from ledger.tables import (
    findings as findings_table,
)
from ledger.tables import (
    publications,
    submission_drafts,
    submission_files,
    submission_identities,
)
from ledger.tables import (
    submissions as submissions_table,
)
from ledger.values import CellRef, Draft, Sha256

TRANSITIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("received", "read"): ("refused", "has_errors", "valid"),
    ("refused", "read"): ("refused", "has_errors", "valid"),
    ("has_errors", "read"): ("refused", "has_errors", "valid"),
    ("valid", "read"): ("refused", "has_errors", "valid"),
    ("returned", "read"): ("refused", "has_errors", "valid"),
    ("valid", "submit"): ("ready_for_review", "unchanged"),
    ("returned", "submit"): ("ready_for_review", "unchanged"),
    ("ready_for_review", "submit"): ("ready_for_review", "unchanged"),
    ("ready_for_review", "give_back"): ("returned",),
    ("ready_for_review", "certify"): ("published",),
    ("received", "withdraw"): ("withdrawn",),
    ("refused", "withdraw"): ("withdrawn",),
    ("has_errors", "withdraw"): ("withdrawn",),
    ("valid", "withdraw"): ("withdrawn",),
    ("returned", "withdraw"): ("withdrawn",),
    ("ready_for_review", "withdraw"): ("withdrawn",),
}
"""(state, step) -> the states it can lead to. A step that is not here is a Conflict. Submitting again while it is
ready for review computes the change set anew: the way on when another publication came between."""

LARGE_WITHDRAWAL = 5  # withdrawn processes from which a share above one fifth is pointed out (officers.md 3)


@dataclass(frozen=True, slots=True)
class Identity:
    """How a row is recognised next time; see `tables.identities`. `importers.drafts` makes them."""

    dataset: str
    ocid: str
    local_id: str
    strong: str
    weak: str
    position: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as its desk page and `covid-ledger submissions --json` show it."""

    id: int
    publisher: str
    jurisdiction: str
    dataset: str
    period: str
    mode: str
    hold_back: bool
    state: str
    prepared_by: str
    prepared_at: datetime
    submitted_at: datetime | None
    certified_by: str | None
    certified_at: datetime | None
    publication: int | None
    base_publication: int | None
    change_digest: str | None
    comment: str
    files: tuple[tuple[Sha256, str], ...]
    report: dict[str, Any] | None
    change_set: dict[str, Any] | None
    findings: tuple[Finding, ...]


def create(
    conn: sa.Connection,
    *,
    publisher: str,
    jurisdiction: str,
    dataset: str = "",
    period: str = "",
    mode: str = "replace",
    hold_back: bool = False,
    prepared_by: str,
    at: datetime,
    files: Sequence[tuple[Sha256, str]] = (),
    idempotency_key: str | None = None,
) -> int:
    """Open a submission and return its id; a key that was used before returns the earlier one (nothing is doubled)."""
    t = submissions_table
    if idempotency_key is not None:
        known = conn.scalar(sa.select(t.c.id).where(t.c.idempotency_key == idempotency_key))
        if known is not None:
            return int(known)
    opening = sa.insert(t).values(
        publisher=publisher,
        jurisdiction=jurisdiction,
        dataset=dataset,
        period=period,
        mode=mode,
        hold_back=hold_back,
        state="received",
        prepared_by=prepared_by,
        prepared_at=at,
        idempotency_key=idempotency_key,
    )
    try:
        with conn.begin_nested():
            made = conn.execute(opening)
    except sa.exc.IntegrityError:
        # The same form was sent twice in one moment: the other one was first, and it is the same submission.
        known = idempotency_key and conn.scalar(sa.select(t.c.id).where(t.c.idempotency_key == idempotency_key))
        if not known:
            raise
        return int(known)
    key = made.inserted_primary_key
    assert key is not None
    id = int(key[0])
    if files:
        conn.execute(
            sa.insert(submission_files),
            [
                {"submission": id, "position": n, "sha256": sha, "file_name": name}
                for n, (sha, name) in enumerate(files)
            ],
        )
    audit.note(conn, at, prepared_by, "create", f"submission/{id}", {"files": [sha for sha, _ in files]})
    return id


def record_reading(
    conn: sa.Connection,
    register: Register,
    settings: Settings,
    id: int,
    *,
    drafts: Mapping[str, Iterable[Draft]],
    identities: Iterable[Identity] = (),
    findings: Iterable[Finding] = (),
    report: Mapping[str, Any] | None = None,
    held_processes: Iterable[str] = (),
    at: datetime,
) -> str:
    """Keep what was read, check the composed processes, compute the change set; return the new state.

    A process with an error of its own is held back like a row: never published, and what is public of it stays.
    With errors and without `hold_back` the submission stops at `has_errors`; a blocker refuses it.
    `held_processes`: ocids that rows held back by the reader speak of.
    """
    row = _row(conn, id, "read")
    _forget_reading(conn, id)
    _keep_drafts(conn, id, drafts, identities)
    found = list(findings)
    held = set(held_processes)
    proposal = proposals.proposal(conn, row, held)
    own = [*proposal.conflicts, *_checked(conn, row, proposal)]
    wrong = {f.params["ocid"] for f in own if f.severity in (Severity.ERROR, Severity.BLOCKER)}
    if wrong:
        held |= wrong
        proposal = proposals.proposal(conn, row, held)
    found += own + _warned(proposal.change_set)
    _keep_findings(conn, id, found)
    worst_found = worst(found)
    if worst_found is Severity.BLOCKER:
        state = "refused"
    elif worst_found is Severity.ERROR and not row.hold_back:
        state = "has_errors"
    else:
        state = "valid"
    conn.execute(
        sa.update(submissions_table)
        .where(submissions_table.c.id == id)
        .values(
            report=packed({**(report or {}), "held_processes": sorted(held)}),
            **_shown(conn, proposal),
        )
    )
    _move(conn, row, "read", state)
    return state


def submit(conn: sa.Connection, id: int, by: str, at: datetime) -> str:
    """Hand over for certification, against what is public now. An empty change set ends here as `unchanged`."""
    row = _row(conn, id, "submit")
    proposal = proposals.proposal(conn, row, held_processes(row))
    state = "unchanged" if proposal.change_set.is_empty else "ready_for_review"
    conn.execute(
        sa.update(submissions_table)
        .where(submissions_table.c.id == id)
        .values(submitted_at=at, comment="", **_shown(conn, proposal))
    )
    _move(conn, row, "submit", state)
    audit.note(conn, at, by, "submit", f"submission/{id}", {"digest": proposal.change_set.digest, "state": state})
    return state


def give_back(conn: sa.Connection, id: int, by: str, why: str, at: datetime) -> str:
    """Return it to its preparer with the reason. Not by the preparer: that is `withdraw`."""
    row = _row(conn, id, "give_back")
    if by == row.prepared_by:
        raise Forbidden("own_submission", account=by)
    if not why.strip():
        raise Refused("reason_missing")
    conn.execute(sa.update(submissions_table).where(submissions_table.c.id == id).values(comment=why))
    _move(conn, row, "give_back", "returned")
    audit.note(conn, at, by, "give_back", f"submission/{id}", {"why": why})
    return "returned"


def withdraw(conn: sa.Connection, id: int, by: str, at: datetime) -> str:
    """Take it back before it is certified. What is public is taken back by publishing, never by this."""
    row = _row(conn, id, "withdraw")
    _move(conn, row, "withdraw", "withdrawn")
    audit.note(conn, at, by, "withdraw", f"submission/{id}", {})
    return "withdrawn"


def held_processes(row: Any) -> list[str]:
    """The processes that the reading held back: neither changed nor withdrawn by this submission."""
    return list(unpacked(row.report).get("held_processes", ())) if row.report else []


def held_rows(row: Any) -> int:
    """How many rows of the files wait for their errors to be mended: public beside the publication, as a number.

    Without a report of sheets (drafts that came another way) it is the processes held back.
    """
    report = unpacked(row.report) if row.report else {}
    rows = sum(t["rows"]["held"] for f in report.get("files", ()) for t in f.get("tables", ()))
    return rows or len(held_processes(row))


def published_at(conn: sa.Connection, number: int) -> datetime | None:
    """When a publication was certified; None for one that does not exist (0, before the first)."""
    at: datetime | None = conn.scalar(sa.select(publications.c.at).where(publications.c.number == number))
    return at


def latest_publication(conn: sa.Connection) -> int:
    """The number of the last publication; 0 before the first."""
    return int(conn.scalar(sa.select(sa.func.max(publications.c.number))) or 0)


def _shown(conn: sa.Connection, proposal: proposals.Proposal) -> dict[str, Any]:
    shown = changes.as_json(proposal.change_set)
    return {
        "base_publication": latest_publication(conn),
        "change_digest": changes.body_sha256(shown),
        "change_set": packed(shown),
    }


def _row(conn: sa.Connection, id: int, step: str) -> Any:
    """The submission's row, locked on PostgreSQL. NotFound, or Conflict when the step is not open in its state."""
    row = conn.execute(sa.select(submissions_table).where(submissions_table.c.id == id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("no_submission", id=id)
    if (row.state, step) not in TRANSITIONS:
        raise Conflict("step_not_open", id=id, state=row.state, step=step)
    return row


def _move(conn: sa.Connection, row: Any, step: str, state: str) -> None:
    assert state in TRANSITIONS[row.state, step], (row.state, step, state)
    conn.execute(sa.update(submissions_table).where(submissions_table.c.id == row.id).values(state=state))


# --- what the reading leaves ----------------------------------------------------------------------------------


def _forget_reading(conn: sa.Connection, id: int) -> None:
    for table in (submission_drafts, submission_identities, findings_table):
        conn.execute(sa.delete(table).where(table.c.submission == id))


def _keep_drafts(
    conn: sa.Connection, id: int, drafts: Mapping[str, Iterable[Draft]], identities: Iterable[Identity]
) -> None:
    rows = [
        {
            "submission": id,
            "dataset": dataset,
            "ocid": draft.ocid,
            "kind": draft.kind,
            "body": packed(draft.body),
            "cells": proposals.cells_packed(draft.cells),
        }
        for dataset, several in drafts.items()
        for draft in several
    ]
    if rows:
        conn.execute(sa.insert(submission_drafts), rows)
    positions: dict[str, int] = {}
    kept = []
    for identity in identities:
        # The stored position counts within the dataset: two sheets of one dataset both have a row 2.
        n = positions[identity.dataset] = positions.get(identity.dataset, -1) + 1
        kept.append(
            {
                "submission": id,
                "dataset": identity.dataset,
                "position": n,
                "ocid": identity.ocid,
                "local_id": identity.local_id,
                "strong": identity.strong,
                "weak": identity.weak,
            }
        )
    if kept:
        conn.execute(sa.insert(submission_identities), kept)


def _checked(conn: sa.Connection, row: Any, proposal: proposals.Proposal) -> list[Finding]:
    """Check every process that would change: the standard's own rules, then the money rules."""
    changed = {c.ocid for c in proposal.change_set.changes if c.kind != "withdrawn"}
    known = rules.Context(row.jurisdiction, row.prepared_at)
    return [finding for ocid in sorted(changed) for finding in rules.findings(proposal.after[ocid].draft, known)]


def _warned(change_set: changes.ChangeSet) -> list[Finding]:
    """Point out what a certifier must look at twice: a large share of public processes withdrawn."""
    gone = change_set.count("withdrawn")
    stood = gone + change_set.count("changed") + change_set.unchanged
    if gone >= LARGE_WITHDRAWAL and gone * 5 > stood:
        return [Finding("C002", Severity.WARNING, None, "", "", {"withdrawn": gone, "stood": stood})]
    return []


def _keep_findings(conn: sa.Connection, id: int, found: Sequence[Finding]) -> None:
    rows = [
        {
            "submission": id,
            "number": n,
            "code": f.code,
            "severity": str(f.severity),
            "file": f.at.file if f.at else "",
            "sheet": f.at.sheet if f.at else "",
            "cell": f.at.cell if f.at else "",
            "field": f.field,
            "shown": f.shown,
            "params": json.dumps(dict(f.params), ensure_ascii=False, default=str, sort_keys=True),
            "also_at": json.dumps([[a.file, a.sheet, a.cell] for a in f.also_at], ensure_ascii=False),
        }
        for n, f in enumerate(found)
    ]
    if rows:
        conn.execute(sa.insert(findings_table), rows)


# --- what is shown ----------------------------------------------------------------------------------------------


def submission(conn: sa.Connection, id: int) -> Submission:
    """Return one submission with its files, findings, report and change set."""
    row = conn.execute(sa.select(submissions_table).where(submissions_table.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("no_submission", id=id)
    return _submission(conn, row, whole=True)


def submissions(
    conn: sa.Connection,
    *,
    publisher: str | None = None,
    state: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Submission]:
    """Return submissions, newest first, without findings, report and change set (`submission` has them).

    `after` is the id of the last one shown: keyset pagination.
    """
    t = submissions_table
    query = sa.select(t).order_by(t.c.id.desc()).limit(limit)
    if publisher is not None:
        query = query.where(t.c.publisher == publisher)
    if state is not None:
        query = query.where(t.c.state == state)
    if after is not None:
        query = query.where(t.c.id < after)
    return [_submission(conn, row, whole=False) for row in conn.execute(query).all()]


def findings(conn: sa.Connection, id: int) -> list[Finding]:
    """Return what was found in a submission's files, in reading order."""
    t = findings_table
    rows = conn.execute(sa.select(t).where(t.c.submission == id).order_by(t.c.number))
    return [
        Finding(
            r.code,
            Severity(r.severity),
            CellRef(Sha256(r.file), r.sheet, r.cell) if r.file or r.cell else None,
            r.field,
            r.shown,
            json.loads(r.params),
            tuple(CellRef(Sha256(file), sheet, cell) for file, sheet, cell in json.loads(r.also_at)),
        )
        for r in rows
    ]


def _submission(conn: sa.Connection, row: Any, whole: bool) -> Submission:
    files = conn.execute(
        sa.select(submission_files.c.sha256, submission_files.c.file_name)
        .where(submission_files.c.submission == row.id)
        .order_by(submission_files.c.position)
    )
    plain = {
        name: getattr(row, name)
        for name in Submission.__dataclass_fields__
        if name not in ("files", "report", "change_set", "findings")
    }
    return Submission(
        **plain,
        files=tuple((Sha256(sha), name) for sha, name in files),
        report=unpacked(row.report) if whole and row.report else None,
        change_set=unpacked(row.change_set) if whole and row.change_set else None,
        findings=tuple(findings(conn, row.id)) if whole else (),
    )

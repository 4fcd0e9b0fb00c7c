"""What a submission would do to the ledger as it stands: its drafts against the entries in force, by scope.

In: a submission's stored drafts. Out: a `Proposal`: the change set, the bodies to publish, the entries to close
and open. Reads what the scope and the changed processes need, never the whole ledger. Nothing is written here:
`workflow` shows it, `publish` does it. Read `proposal` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from ledger import changes, totals
from ledger.changes import ChangeSet, Statement, body_sha256
from ledger.findings import Finding
from ledger.store import packed, unpacked
from ledger.tables import entries, submission_drafts
from ledger.values import CellRef, Cells, Draft, Locator, Scope, Sha256, Source

T = TypeVar("T")
CHUNK = 500  # values in one IN list: below SQLite's oldest limit of 999 variables

Key = tuple[str, str, str, str]
"""publisher, dataset, period, ocid: what one entry speaks for."""


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    it = iter(values)
    while part := list(islice(it, size)):
        yield part


def cells_packed(cells: Cells) -> bytes:
    """Return the evidence of a body as stored: locator -> [file, sheet, cell, raw, how]."""
    stored: bytes = packed({at: [s.at.file, s.at.sheet, s.at.cell, s.raw, s.how] for at, s in cells.items()})
    return stored


def cells_unpacked(stored: bytes) -> dict[Locator, Source]:
    return {
        Locator(at): Source(CellRef(Sha256(file), sheet, cell), raw, how)
        for at, (file, sheet, cell, raw, how) in unpacked(stored).items()
    }


@dataclass(frozen=True, slots=True)
class Opening:
    """An entry that publishing would open."""

    key: Key
    draft: Draft
    sha256: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The composed words on one process and whose process it is: the publisher that tells its first dataset."""

    draft: Draft
    publisher: str


@dataclass(frozen=True, slots=True)
class Proposal:
    change_set: ChangeSet
    after: Mapping[str, Standing]
    closing: tuple[Key, ...]
    opening: tuple[Opening, ...]
    conflicts: tuple[Finding, ...]


def proposal(conn: sa.Connection, submission: Any, held: Iterable[str] = ()) -> Proposal:
    """Compute what publishing the submission (its row) would do now.

    `held` are processes that held-back rows speak of: they are neither changed nor withdrawn.
    Replace mode withdraws what the scope told and no longer tells; a process that another scope still tells of
    only loses that part. A draft equal to its entry in force is not read further: the cost is what changed.
    """
    publisher, period = submission.publisher, submission.period
    left_alone = set(held)
    proposed = conn.execute(sa.select(submission_drafts).where(submission_drafts.c.submission == submission.id)).all()
    datasets = {row.dataset for row in proposed} | ({submission.dataset} & set(changes.DATASETS))
    shas = _in_force(conn, publisher, period, datasets)
    wanted: dict[Key, Draft] = {}
    kept: set[Key] = set()
    for row in proposed:
        key = (publisher, row.dataset, period, row.ocid)
        body = unpacked(row.body)
        if shas.get(key) == body_sha256(body):
            kept.add(key)  # told before, word for word: its cells are not even unpacked
        elif row.ocid not in left_alone:
            wanted[key] = Draft(row.ocid, row.kind, body, cells_unpacked(row.cells))
    if submission.mode == "append":
        wanted = _appended(conn, wanted, shas)
    opening = {}
    for key, draft in wanted.items():
        sha = body_sha256(draft.body)
        if shas.get(key) == sha:
            kept.add(key)
        else:
            opening[key] = Opening(key, draft, sha)
    gone = set()
    if submission.mode == "replace":
        gone = {key for key in shas if key not in wanted and key not in kept and key[3] not in left_alone}
    closing = gone | (opening.keys() & shas.keys())

    affected = sorted({key[3] for key in (*opening, *gone)})
    before: dict[str, Standing] = {}
    after: dict[str, Standing] = {}
    conflicts: list[Finding] = []
    standing = statements(conn, affected)
    for ocid in affected:
        now = standing.get(ocid, [])
        then = [s for s in now if (s.scope.publisher, s.scope.dataset, s.scope.period, ocid) not in closing]
        then += [
            Statement(Scope(publisher, d, period), opening[key].draft)
            for d in sorted(datasets)
            if (key := (publisher, d, period, ocid)) in opening
        ]
        if (was := standing_of(now)) is not None:
            before[ocid] = was
        if (will := standing_of(then, conflicts)) is not None:
            after[ocid] = will
    compared = changes.diff(
        {ocid: s.draft for ocid, s in before.items()},
        [s.draft for s in after.values()],
        jurisdiction=submission.jurisdiction,
        publisher=publisher,
        standing=totals.totals(
            conn, publisher={publisher, *(s.publisher for s in (*before.values(), *after.values()))}
        ),
    )
    change_set = ChangeSet(
        compared.changes,
        len({key[3] for key in kept} - set(affected)) + compared.unchanged,
        compared.totals_before,
        compared.totals_after,
    )
    return Proposal(change_set, after, tuple(sorted(closing)), tuple(opening.values()), tuple(conflicts))


def standing_of(told: list[Statement], conflicts: list[Finding] | None = None) -> Standing | None:
    """Join what is said of one process; None when nothing that can stand alone is said.

    Payments and deliveries of a contract that no procurement file tells of any more wait unseen: OCDS has no
    contract without an award, and the entries come back with the contract.
    """
    if not told:
        return None
    datasets = {s.scope.dataset for s in told}
    if told[0].draft.kind == "procurement" and "procurement" not in datasets:
        return None
    draft, found = changes.composed(told)
    if conflicts is not None:
        conflicts.extend(found)
    first = min(told, key=lambda s: (changes.DATASETS.index(s.scope.dataset), s.since is None, s.since or 0))
    return Standing(draft, first.scope.publisher)


def statements(conn: sa.Connection, ocids: Iterable[str]) -> dict[str, list[Statement]]:
    """Return every entry in force of these processes, whoever told it."""
    found: dict[str, list[Statement]] = {}
    for part in chunks(ocids):
        query = sa.select(entries).where(entries.c.ocid.in_(part), entries.c.to_publication.is_(None))
        for row in conn.execute(query):
            draft = Draft(row.ocid, row.kind, unpacked(row.body), cells_unpacked(row.cells))
            scope = Scope(row.publisher, row.dataset, row.period)
            found.setdefault(row.ocid, []).append(Statement(scope, draft, row.from_publication))
    return found


def _in_force(conn: sa.Connection, publisher: str, period: str, datasets: set[str]) -> dict[Key, str]:
    query = sa.select(entries.c.dataset, entries.c.ocid, entries.c.sha256).where(
        entries.c.publisher == publisher,
        entries.c.period == period,
        entries.c.dataset.in_(datasets),
        entries.c.to_publication.is_(None),
    )
    return {(publisher, dataset, period, ocid): sha for dataset, ocid, sha in conn.execute(query)}


def _appended(conn: sa.Connection, wanted: dict[Key, Draft], shas: Mapping[Key, str]) -> dict[Key, Draft]:
    """Join each draft to what its own scope told of the process before: appending a payment keeps the earlier ones."""
    told = {
        (s.scope.publisher, s.scope.dataset, s.scope.period, ocid): s.draft
        for ocid, said in statements(conn, sorted({k[3] for k in wanted if k in shas})).items()
        for s in said
    }
    return {key: changes.restated(told[key], draft) if key in told else draft for key, draft in wanted.items()}

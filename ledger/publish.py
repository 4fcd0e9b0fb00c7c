"""The one way into the public ledger: a certified submission becomes a publication, whole or not at all.

`certify` runs in its caller's transaction and never commits. Everything that a publication is (its row, entries,
releases, provenance, projections, identities, audit) is in that transaction; downloads are written afterwards
from what was committed. Read `certify` first.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import sqlalchemy as sa

from ledger import accounts, audit, changes, projections, proposals, rules, workflow
from ledger.changes import PROCESS_KINDS, Change, body_sha256
from ledger.checks.facts import values
from ledger.errors import Conflict, Forbidden
from ledger.projections import Told
from ledger.proposals import Proposal, chunks
from ledger.settings import Register, Settings
from ledger.store import packed, unpacked
from ledger.tables import (
    entries,
    identities,
    party_names,
    provenance,
    publications,
    rates,
    records,
    releases,
    submission_identities,
    submissions,
)
from ledger.values import utc_text
from ocds import merge, tags

_LOCK = 0x1ED6E12  # any constant: one publication at a time on PostgreSQL; SQLite's writers are one at a time anyway


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication, as its page and its row tell of it. `releases` is how many it made."""

    number: int
    at: datetime
    submission: int | None
    publisher: str
    prepared_by: str
    certified_by: str
    change_digest: str
    summary: Mapping[str, Any]

    @property
    def releases(self) -> int:
        return int(self.summary.get("releases", 0))


def certify(
    conn: sa.Connection,
    settings: Settings,
    register: Register,
    id: int,
    by: str,
    at: datetime,
    shown_digest: str | None = None,
) -> Publication:
    """Publish a submission that is ready for review, in the caller's transaction.

    The change set is computed again against what is public now; when it is no longer the one that was submitted
    (another publication came between) or not the one the certifier was shown, that is a Conflict: submitting
    again shows the new one. Forbidden when the certifier prepared it (the database refuses it too).
    Only processes that change get a release. Cost: what changed, not what is public.
    """
    _one_at_a_time(conn)
    row = workflow._row(conn, id, "certify")
    if by == row.prepared_by:
        raise Forbidden("own_submission", account=by)
    if not accounts.allows(conn, by, "certifier", row.publisher):
        raise Forbidden("not_a_certifier", account=by, publisher=row.publisher)
    if shown_digest is not None and shown_digest != row.change_digest:
        raise Conflict("not_what_was_shown", id=id)
    proposal = proposals.proposal(conn, row, workflow.held_processes(row))
    if proposal.change_set.digest != row.change_digest:
        raise Conflict("base_moved", id=id, base=row.base_publication, now=workflow.latest_publication(conn))
    if proposal.change_set.is_empty:
        raise Conflict("nothing_changes", id=id)
    _check_again(row, proposal)

    number = workflow.latest_publication(conn) + 1
    made = _Making(conn, register, row, number, at)
    summary = _summary(proposal, row)
    summary["releases"] = sum(c.process in PROCESS_KINDS for c in proposal.change_set.changes)
    conn.execute(
        sa.insert(publications).values(
            number=number,
            at=at,
            submission=id,
            publisher=row.publisher,
            prepared_by=row.prepared_by,
            certified_by=by,
            change_digest=row.change_digest,
            summary=json.dumps(summary, ensure_ascii=False, sort_keys=True),
        )
    )
    _turn_entries(conn, proposal, number)
    made.release([c for c in proposal.change_set.changes if c.process in PROCESS_KINDS], proposal)
    _turn_rates(conn, proposal, number)
    _name_organizations(conn, proposal, number)
    _remember(conn, row)
    conn.execute(
        sa.update(submissions)
        .where(submissions.c.id == id)
        .values(state="published", publication=number, certified_by=by, certified_at=at)
    )
    audit.note(conn, at, by, "certify", f"submission/{id}", {"publication": number, "change_digest": row.change_digest})
    return Publication(number, at, id, row.publisher, row.prepared_by, by, row.change_digest, summary)


def publication(conn: sa.Connection, number: int) -> Publication | None:
    """Return one publication, or None."""
    row = conn.execute(sa.select(publications).where(publications.c.number == number)).one_or_none()
    return None if row is None else _publication(row)


def publications_of(
    conn: sa.Connection, *, publisher: str | None = None, before: int | None = None, limit: int = 100
) -> list[Publication]:
    """Return publications, newest first; `before` is the number of the last one shown."""
    query = sa.select(publications).order_by(publications.c.number.desc()).limit(limit)
    if publisher is not None:
        query = query.where(publications.c.publisher == publisher)
    if before is not None:
        query = query.where(publications.c.number < before)
    return [_publication(row) for row in conn.execute(query)]


def _publication(row: Any) -> Publication:
    return Publication(
        row.number,
        row.at,
        row.submission,
        row.publisher,
        row.prepared_by,
        row.certified_by,
        row.change_digest,
        json.loads(row.summary),
    )


def _one_at_a_time(conn: sa.Connection) -> None:
    """Serialise publishing: numbers have no gaps and a base cannot move while it is being checked."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _check_again(row: Any, proposal: Proposal) -> None:
    """Rules may have become stricter since the file was read: nothing with an error is published."""
    context = rules.Context(row.jurisdiction, row.prepared_at)
    for change in proposal.change_set.changes:
        if change.kind != "withdrawn" and not rules.publishable(proposal.after[change.ocid].draft, context):
            raise Conflict("checks_failed", id=row.id, ocid=change.ocid)


def _summary(proposal: Proposal, row: Any) -> dict[str, Any]:
    shown = changes.as_json(proposal.change_set)
    del shown["changes"]
    return {**shown, "dataset": row.dataset, "period": row.period, "held": workflow.held_rows(row)}


def _turn_entries(conn: sa.Connection, proposal: Proposal, number: int) -> None:
    if proposal.closing:
        keys = ("publisher", "dataset", "period", "ocid")
        conn.execute(
            sa.update(entries)
            .where(*(entries.c[k] == sa.bindparam(f"k_{k}") for k in keys), entries.c.to_publication.is_(None))
            .values(to_publication=number),
            [{f"k_{k}": v for k, v in zip(keys, key, strict=True)} for key in proposal.closing],
        )
    if proposal.opening:
        conn.execute(
            sa.insert(entries),
            [
                {
                    "publisher": o.key[0],
                    "dataset": o.key[1],
                    "period": o.key[2],
                    "ocid": o.key[3],
                    "from_publication": number,
                    "kind": o.draft.kind,
                    "body": packed(o.draft.body),
                    "cells": proposals.cells_packed(o.draft.cells),
                    "sha256": o.sha256,
                }
                for o in proposal.opening
            ],
        )


class _Making:
    """Makes the releases of one publication and projects them."""

    def __init__(self, conn: sa.Connection, register: Register, row: Any, number: int, at: datetime) -> None:
        self.conn, self.row, self.number, self.at = conn, row, number, at
        jurisdiction = next((j for j in register.jurisdictions if j.code == row.jurisdiction), None)
        self.language = jurisdiction.languages[0] if jurisdiction else "en"

    def release(self, changed: list[Change], proposal: Proposal) -> None:
        standing = self._standing([c.ocid for c in changed])
        histories = dict(self._releases([c.ocid for c in changed if c.ocid in standing]))
        rows, evidence = [], []
        turned: list[tuple[Told | None, Told]] = []
        for change in changed:
            before = standing.get(change.ocid)
            after = proposal.after.get(change.ocid)
            previous = None if before is None else before.compiled
            release = self._release(change, previous, before, None if after is None else after.draft.body)
            earlier = histories.get(change.ocid, [])
            history = [*earlier, release]
            if before is not None:
                before = replace(before, values=values(earlier))
            publisher = before.publisher if before else after.publisher if after else self.row.publisher
            told = Told(
                change.ocid,
                change.process,
                before.jurisdiction if before else self.row.jurisdiction,
                publisher,
                projections.compiled_of(history),
                history[0]["date"],
                len(history),
                values(history),
            )
            turned.append((before, told))
            rows.append(
                {
                    "ocid": change.ocid,
                    "number": len(history),
                    "id": release["id"],
                    "publication": self.number,
                    "date": release["date"],
                    "tag": ",".join(release["tag"]),
                    "kind": told.kind,
                    "jurisdiction": told.jurisdiction,
                    "publisher": publisher,
                    "body": packed(release),
                    "sha256": body_sha256(release),
                }
            )
            evidence.append(
                {"release": release["id"], "cells": proposals.cells_packed(after.draft.cells if after else {})}
            )
        if rows:
            self.conn.execute(sa.insert(releases), rows)
            self.conn.execute(sa.insert(provenance), evidence)
        projections.write(self.conn, turned, self.number)

    def _release(
        self, change: Change, previous: dict[str, Any] | None, before: Told | None, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        count = 1 + (before.release_count if before else 0)
        id = f"{change.ocid}-{count:04d}"
        if body is None:
            assert previous is not None
            body = withdrawn_body(previous, self.language)
        elif previous is not None:
            body = with_amendments(previous, body, id, f"{change.ocid}-{count - 1:04d}")
        date = utc_text(self.at)
        if previous is not None and previous["date"] >= date:
            # Merging orders releases by date text: a second publication within one second still comes after the first.
            moment = datetime.strptime(previous["date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            date = utc_text(moment + timedelta(seconds=1))
        return {
            "ocid": change.ocid,
            "id": id,
            "date": date,
            "tag": tags.tags(previous, body),
            "initiationType": "tender",
            "language": self.language,
            **{
                k: v
                for k, v in (body if previous is None else merge.superseding(previous, body)).items()
                if k not in ("ocid", "id", "date", "tag", "initiationType", "language")
            },
        }

    def _standing(self, ocids: list[str]) -> dict[str, Told]:
        found = {}
        for part in chunks(ocids):
            query = sa.select(records).where(records.c.ocid.in_(part), records.c.to_publication.is_(None))
            for r in self.conn.execute(query):
                compiled = unpacked(r.compiled)
                found[r.ocid] = Told(
                    r.ocid, r.kind, r.jurisdiction, r.publisher, compiled, r.first_date, r.release_count
                )
        return found

    def _releases(self, ocids: list[str]) -> Iterable[tuple[str, list[dict[str, Any]]]]:
        for ocid, stored in projections._histories(self.conn, ocids):
            yield ocid, [unpacked(r.body) for r in stored]


def with_amendments(previous: dict[str, Any], body: dict[str, Any], id: str, previous_id: str) -> dict[str, Any]:
    """Return the body with each amendment bound to the releases it changed from and to.

    An amendment that the public record does not have yet is made by this release; one that it has keeps what
    was said then. Source: OCDS 1.1, Amendment.amendsReleaseID and releaseID.
    """

    def bound(holder: dict[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
        if not holder.get("amendments"):
            return holder
        known = {a["id"]: a for a in was.get("amendments") or () if "id" in a}
        out = []
        for amendment in holder["amendments"]:
            earlier = known.get(amendment.get("id"))
            kept = {k: earlier[k] for k in ("amendsReleaseID", "releaseID") if k in earlier} if earlier else None
            new = {"amendsReleaseID": previous_id, "releaseID": id} if kept is None and was else {}
            out.append({**new, **(kept or {}), **amendment})
        return {**holder, "amendments": out}

    body = dict(body)
    if "tender" in body:
        body["tender"] = bound(body["tender"], previous.get("tender") or {})
    for section in ("awards", "contracts"):
        if section in body:
            was = {m["id"]: m for m in previous.get(section) or () if "id" in m}
            body[section] = [bound(m, was.get(m["id"], {})) for m in body[section]]
    return body


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("ledger") / "words" / "publication.toml").read_text("utf-8"))


def withdrawn_body(previous: dict[str, Any], language: str) -> dict[str, Any]:
    """Return what stays public of a process that its publisher took back: its title, the notice, cancelled statuses.

    The ocid is never used again for another process; earlier releases stay readable. No party is named, which
    is how `arcs.is_withdrawn` knows it.
    """
    words = _words()["withdrawn"]
    title = previous.get("title") or (previous.get("tender") or {}).get("title")
    body: dict[str, Any] = {"description": words.get(language, words["en"])}
    if title:
        body["title"] = title
    if tender := previous.get("tender"):
        body["tender"] = {"id": tender["id"], "status": "cancelled"}
    if awards := previous.get("awards"):
        body["awards"] = [{"id": a["id"], "status": "cancelled"} for a in awards]
    if contracts := previous.get("contracts"):
        body["contracts"] = [
            {"id": c["id"], "status": "cancelled"} | ({"awardID": c["awardID"]} if "awardID" in c else {})
            for c in contracts
        ]
    return body


def _turn_rates(conn: sa.Connection, proposal: Proposal, number: int) -> None:
    """Rates have no releases: their rows follow the entries."""
    changed = [c for c in proposal.change_set.changes if c.process == "rate"]
    closing, opening = [], []
    for change in changed:
        _, currency, reporting, on = change.ocid.split(":", 3)
        if change.kind != "added":
            closing.append({"k_currency": currency, "k_reporting": reporting, "k_on": on})
        if change.kind != "withdrawn":
            body = proposal.after[change.ocid].draft.body
            opening.append(
                {
                    "currency": currency,
                    "reporting": reporting,
                    "on": on,
                    "from_publication": number,
                    "value": str(body["value"]),
                    "source": str(body["source"]),
                }
            )
    if closing:
        conn.execute(
            sa.update(rates)
            .where(
                *(rates.c[k] == sa.bindparam(f"k_{k}") for k in ("currency", "reporting", "on")),
                rates.c.to_publication.is_(None),
                rates.c.from_publication > 0,
            )
            .values(to_publication=number),
            closing,
        )
    if opening:
        conn.execute(sa.insert(rates), opening)


def _name_organizations(conn: sa.Connection, proposal: Proposal, number: int) -> None:
    """Every spelling of an organizations sheet finds its party. A spelling once published keeps finding it."""
    named = {
        (str(body["id"]), str(name)): None
        for c in proposal.change_set.changes
        if c.process == "organization" and c.kind != "withdrawn"
        for body in [proposal.after[c.ocid].draft.body]
        for name in (body["name"], *(body.get("aliases") or ()))
    }
    stored = set()
    for part in chunks(sorted({party for party, _ in named})):
        query = sa.select(party_names.c.party, party_names.c.name).where(party_names.c.party.in_(part))
        stored |= {(party, name) for party, name in conn.execute(query)}
    rows = [{"party": p, "name": n, "from_publication": number} for p, n in named if (p, n) not in stored]
    if rows:
        conn.execute(sa.insert(party_names), rows)


def _remember(conn: sa.Connection, row: Any) -> None:
    """Make the submission's identities those of its scope: how the same rows are recognised next time."""
    t, s = identities, submission_identities
    told = conn.execute(sa.select(s).where(s.c.submission == row.id).order_by(s.c.dataset, s.c.position)).all()
    datasets = sorted({r.dataset for r in told} | ({row.dataset} & set(changes.DATASETS)))
    scope = (t.c.publisher == row.publisher, t.c.period == row.period)
    offset = dict.fromkeys(datasets, 0)
    if row.mode == "replace":
        conn.execute(sa.delete(t).where(*scope, t.c.dataset.in_(datasets)))
    else:
        for dataset in datasets:
            last = conn.scalar(sa.select(sa.func.max(t.c.position)).where(*scope, t.c.dataset == dataset))
            offset[dataset] = 0 if last is None else last + 1
        if told:
            conn.execute(
                sa.delete(t).where(
                    *scope,
                    t.c.dataset == sa.bindparam("k_dataset"),
                    t.c.ocid == sa.bindparam("k_ocid"),
                    t.c.local_id == sa.bindparam("k_local"),
                ),
                [{"k_dataset": r.dataset, "k_ocid": r.ocid, "k_local": r.local_id} for r in told],
            )
    kept = {
        (r.dataset, r.ocid, r.local_id): {
            "publisher": row.publisher,
            "dataset": r.dataset,
            "period": row.period,
            "ocid": r.ocid,
            "local_id": r.local_id,
            "strong": r.strong,
            "weak": r.weak,
            "position": r.position + offset[r.dataset],
        }
        for r in told
    }
    if kept:
        conn.execute(sa.insert(t), list(kept.values()))

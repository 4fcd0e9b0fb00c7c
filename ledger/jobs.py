"""Work that outlasts a request: one table, claimed by one worker at a time, always ending in `done` or `failed`.

In: a task's name and its JSON payload. Out: jobs to do, with a heartbeat so that a dead worker's job is taken again.
Doing the work is the worker's (`public_site.work`). Read `enqueue` and `claim` first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ledger.store import digest, writing
from ledger.tables import jobs

STALE = timedelta(minutes=5)
"""A running job without a sign of life for so long is taken again. Readers beat at least every few seconds."""
ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    task: str
    payload: Mapping[str, Any]
    state: str
    stage: str
    done: int
    total: int | None
    attempts: int
    error: str | None


def _job(row: Any) -> Job:
    return Job(
        row.id, row.task, json.loads(row.payload), row.state, row.stage, row.done, row.total, row.attempts, row.error
    )


def enqueue(conn: sa.Connection, task: str, payload: Mapping[str, Any], at: datetime) -> int:
    """Ask for a job and return its id. The same task with the same payload is the same job: asked twice, done once."""
    key = digest([task, payload])
    known = conn.scalar(sa.select(jobs.c.id).where(jobs.c.task == task, jobs.c.input_sha256 == key))
    if known is not None:
        return int(known)
    made = conn.execute(
        sa.insert(jobs).values(
            task=task, payload=json.dumps(payload, sort_keys=True), input_sha256=key, state="waiting", created_at=at
        )
    )
    return int(made.inserted_primary_key[0])


def claim(engine: sa.Engine, worker: str, at: datetime) -> Job | None:
    """Take the oldest waiting job, or one whose worker died; None when there is nothing to do.

    PostgreSQL: FOR UPDATE SKIP LOCKED. SQLite: the transaction is immediate, so there is one claimer at a time.
    A job that died `ATTEMPTS_MAX` times is failed here instead of being taken once more.
    """
    stale = sa.and_(jobs.c.state == "running", jobs.c.heartbeat_at < at - STALE)
    with writing(engine) as conn:
        while True:
            row = conn.execute(
                sa.select(jobs)
                .where(sa.or_(jobs.c.state == "waiting", stale))
                .order_by(jobs.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            if row.attempts >= ATTEMPTS_MAX:
                conn.execute(
                    sa.update(jobs)
                    .where(jobs.c.id == row.id)
                    .values(state="failed", error="worker_died", finished_at=at)
                )
                continue
            conn.execute(
                sa.update(jobs)
                .where(jobs.c.id == row.id)
                .values(state="running", worker=worker, heartbeat_at=at, attempts=row.attempts + 1)
            )
            return _job(conn.execute(sa.select(jobs).where(jobs.c.id == row.id)).one())


def beat(engine: sa.Engine, id: int, stage: str, done: int, total: int | None, at: datetime) -> None:
    """Say that the work goes on, and how far it is."""
    with writing(engine) as conn:
        conn.execute(
            sa.update(jobs)
            .where(jobs.c.id == id, jobs.c.state == "running")
            .values(stage=stage, done=done, total=total, heartbeat_at=at)
        )


def finish(engine: sa.Engine, id: int, at: datetime) -> None:
    with writing(engine) as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id == id).values(state="done", finished_at=at))


def fail(engine: sa.Engine, id: int, error: str, at: datetime) -> None:
    """End a job that cannot be done; `error` is a code or an id to quote, never a message with values."""
    with writing(engine) as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id == id).values(state="failed", error=error, finished_at=at))


def latest(conn: sa.Connection, task: str, payload: Mapping[str, Any]) -> Job | None:
    """Return the job of a task and payload, for a progress bar."""
    row = conn.execute(
        sa.select(jobs).where(jobs.c.task == task, jobs.c.input_sha256 == digest([task, payload]))
    ).one_or_none()
    return None if row is None else _job(row)

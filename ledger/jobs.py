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

from ledger.store import digest, insert_once, reading, writing
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
    """Ask for a job and return its id. The same task with the same payload is the same job: asked twice, done once.

    One that has failed and is asked for again waits again, with all its attempts.
    """
    key = digest([task, payload])
    this = sa.and_(jobs.c.task == task, jobs.c.input_sha256 == key)
    known = conn.execute(sa.select(jobs.c.id, jobs.c.state).where(this)).one_or_none()
    if known is None:
        told = json.dumps(payload, sort_keys=True)
        insert_once(conn, jobs, task=task, payload=told, input_sha256=key, state="waiting", created_at=at)
        return int(conn.execute(sa.select(jobs.c.id).where(this)).scalar_one())
    if known.state == "failed":
        again = {"state": "waiting", "attempts": 0, "error": None, "finished_at": None, "stage": "", "done": 0}
        conn.execute(sa.update(jobs).where(this, jobs.c.state == "failed").values(again))
    return int(known.id)


def claim(engine: sa.Engine, worker: str, at: datetime) -> Job | None:
    """Take the oldest waiting job, or one whose worker died; None when there is nothing to do.

    PostgreSQL: FOR UPDATE SKIP LOCKED. SQLite: the transaction is immediate, so there is one claimer at a time.
    A job that died `ATTEMPTS_MAX` times is failed here instead of being taken once more.
    """
    stale = sa.and_(jobs.c.state == "running", jobs.c.heartbeat_at < at - STALE)
    open_jobs = sa.or_(jobs.c.state == "waiting", stale)
    with reading(engine) as conn:
        # An idle worker asks twice a second: it must not take the one writer of SQLite for that.
        if conn.scalar(sa.select(jobs.c.id).where(open_jobs).limit(1)) is None:
            return None
    with writing(engine) as conn:
        while True:
            row = conn.execute(
                sa.select(jobs).where(open_jobs).order_by(jobs.c.id).limit(1).with_for_update(skip_locked=True)
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


def beat(
    engine: sa.Engine, id: int, stage: str, done: int, total: int | None, at: datetime, attempt: int | None = None
) -> bool:
    """Say that the work goes on, and how far it is; False when the job is no longer yours (see `finish`)."""
    return _set(engine, id, attempt, stage=stage, done=done, total=total, heartbeat_at=at)


def finish(engine: sa.Engine, id: int, at: datetime, attempt: int | None = None) -> bool:
    """End a job that is done. With `attempt` (`Job.attempts` as claimed) only as long as no other worker took the
    job in the meantime, as happens to one that slept through its heartbeat: False then."""
    return _set(engine, id, attempt, state="done", finished_at=at, error=None)


def fail(engine: sa.Engine, id: int, error: str, at: datetime, attempt: int | None = None) -> bool:
    """End a job that cannot be done; `error` is a code or an id to quote, never a message with values."""
    return _set(engine, id, attempt, state="failed", error=error, finished_at=at)


def _set(engine: sa.Engine, id: int, attempt: int | None, **values: Any) -> bool:
    mine = [jobs.c.id == id, jobs.c.state == "running"]
    if attempt is not None:
        mine.append(jobs.c.attempts == attempt)
    with writing(engine) as conn:
        return conn.execute(sa.update(jobs).where(*mine).values(values)).rowcount == 1


def latest(conn: sa.Connection, task: str, payload: Mapping[str, Any]) -> Job | None:
    """Return the job of a task and payload, for a progress bar."""
    row = conn.execute(
        sa.select(jobs).where(jobs.c.task == task, jobs.c.input_sha256 == digest([task, payload]))
    ).one_or_none()
    return None if row is None else _job(row)

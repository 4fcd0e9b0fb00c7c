"""The worker: takes one job after the other until it is told to stop. `serve` runs one in a thread, `worker` one alone.

Jobs are `read_submission` (payload: submission) and `write_downloads` (payload: publication). A job that fails says
so with an id; the log has the traceback under the same id, and no value of any cell. Read `run_one` first.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog

from importers import intake
from ledger import jobs, searching
from ledger.errors import LedgerError
from ledger.settings import Register, Settings
from ledger.store import reading
from public_site import exports

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.5
BEAT_SECONDS = 1.0

Progress = Callable[..., None]
Task = Callable[[sa.Engine, Settings, Register, Mapping[str, Any], Progress], None]


def _read_submission(
    engine: sa.Engine, settings: Settings, register: Register, payload: Mapping[str, Any], progress: Progress
) -> None:
    intake.read_submission(engine, settings, register, int(payload["submission"]), progress)


def _write_downloads(
    engine: sa.Engine, settings: Settings, register: Register, payload: Mapping[str, Any], progress: Progress
) -> None:
    searching.build(engine, settings, register)  # first: readers search now
    exports.write_downloads(engine, settings, register, publication=payload.get("publication"))


TASKS: Mapping[str, Task] = {"read_submission": _read_submission, "write_downloads": _write_downloads}


def now() -> datetime:
    return datetime.now(UTC)


def worker_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


def run_one(engine: sa.Engine, settings: Settings, register: Register, worker: str) -> bool:
    """Do the next waiting job, if there is one; say whether there was. Always ends in `done` or `failed`."""
    job = jobs.claim(engine, worker, now())
    if job is None:
        return False

    try:
        with _Pulse(engine, job.id) as pulse:
            TASKS[job.task](engine, settings, register, job.payload, pulse.progress)
    except Exception as error:  # the outermost door of the worker: the next job must still be done
        error_id = secrets.token_hex(6)
        told = error.code if isinstance(error, LedgerError) else error_id
        log.error(
            "job failed", job=job.id, task=job.task, error_id=error_id, exc_info=not isinstance(error, LedgerError)
        )
        jobs.fail(engine, job.id, told, now())
    else:
        jobs.finish(engine, job.id, now())
    return True


class _Pulse:
    """Keeps a job's heartbeat and progress bar alive: the work only says where it is, as often as it likes, and a
    long step that says nothing is not taken for a dead worker."""

    def __init__(self, engine: sa.Engine, job: int) -> None:
        self.engine, self.job = engine, job
        self.told: tuple[str, int, int | None] = ("", 0, None)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._beat, name=f"pulse-{job}", daemon=True)

    def progress(self, stage: str = "", done: int = 0, total: int | None = None) -> None:
        self.told = (stage, done, total)

    def _beat(self) -> None:
        while not self.over.wait(BEAT_SECONDS):
            try:
                jobs.beat(self.engine, self.job, *self.told, now())
            except sa.exc.OperationalError:
                # The job itself holds the store's one writer: it is alive, and the next beat says so.
                continue

    def __enter__(self) -> _Pulse:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def run(engine: sa.Engine, settings: Settings, register: Register, stop: threading.Event) -> None:
    """Do jobs until `stop` is set; look again twice a second when there are none."""
    worker = worker_name()
    while not stop.is_set():
        try:
            busy = run_one(engine, settings, register, worker) or _indexed(engine, settings, register)
        except sa.exc.OperationalError:
            # The store is locked or away for a moment: the site keeps answering, the worker asks again.
            log.warning("store not reachable, asking again", worker=worker)
            busy = False
        if not busy:
            stop.wait(IDLE_SECONDS)


def _indexed(engine: sa.Engine, settings: Settings, register: Register) -> bool:
    """Build the search index when the newest publication has none: after a restore, a loss, a publication elsewhere."""
    with reading(engine) as conn:
        if searching.is_ready(settings, conn, register):
            return False
    try:
        searching.build(engine, settings, register)
    except OSError as problem:
        log.warning("search index not written, searching goes on without", problem=str(problem))
        return False
    return True


class Background:
    """One worker in a thread of this process: `with Background(...)` for as long as the site is served."""

    def __init__(self, engine: sa.Engine, settings: Settings, register: Register) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=run, args=(engine, settings, register, self.stop), name="ledger-worker", daemon=True
        )

    def __enter__(self) -> Background:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(timeout=10)

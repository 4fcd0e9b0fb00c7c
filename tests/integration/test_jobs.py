"""Work that waits: done once by one worker, taken over from a dead one, always ended."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ledger import jobs, store

AT = datetime(2020, 5, 14, 12, 0, tzinfo=UTC)
LATER = AT + jobs.STALE + timedelta(seconds=1)


def asked(engine: sa.Engine, *payloads: object) -> list[int]:
    with store.writing(engine) as conn:
        return [jobs.enqueue(conn, "read_submission", {"submission": p}, AT) for p in payloads]


def told(engine: sa.Engine, payload: object) -> jobs.Job:
    with store.reading(engine) as conn:
        job = jobs.latest(conn, "read_submission", {"submission": payload})
    assert job is not None
    return job


def test_eight_workers_do_each_job_once(engine: sa.Engine) -> None:
    ids = asked(engine, *range(60))
    together = threading.Barrier(8)

    def work(name: str) -> list[int]:
        done = []
        together.wait()
        while (job := jobs.claim(engine, name, AT)) is not None:
            done.append(job.id)
            assert jobs.beat(engine, job.id, "reading", 1, 2, AT, job.attempts)
            assert jobs.finish(engine, job.id, AT, job.attempts)
        return done

    with ThreadPoolExecutor(8) as pool:
        done = Counter(id for each in pool.map(work, [f"w{n}" for n in range(8)]) for id in each)

    assert done == Counter(ids)
    assert {told(engine, n).state for n in range(60)} == {"done"}


def test_the_same_work_asked_for_by_many_is_one_job(engine: sa.Engine) -> None:
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        return asked(engine, 7)[0]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert jobs.claim(engine, "w1", AT) is not None
    assert jobs.claim(engine, "w2", AT) is None


def test_jobs_are_taken_in_the_order_in_which_they_were_asked_for(engine: sa.Engine) -> None:
    ids = asked(engine, 3, 1, 2)
    assert [job.id for _ in ids if (job := jobs.claim(engine, "w1", AT))] == ids


def test_the_job_of_a_dead_worker_is_taken_again_and_the_dead_one_has_no_say(engine: sa.Engine) -> None:
    [id] = asked(engine, 1)
    first = jobs.claim(engine, "w1", AT)
    assert first is not None
    assert jobs.claim(engine, "w2", AT + jobs.STALE) is None, "alive until its heartbeat is too old"

    second = jobs.claim(engine, "w2", LATER)
    assert second is not None and (second.id, second.attempts) == (id, 2)

    # the first one wakes up
    assert not jobs.beat(engine, id, "reading", 9, 9, LATER, first.attempts)
    assert not jobs.fail(engine, id, "late", LATER, first.attempts)
    assert jobs.finish(engine, id, LATER, second.attempts)
    assert (told(engine, 1).state, told(engine, 1).error) == ("done", None)


def test_a_heartbeat_keeps_a_job(engine: sa.Engine) -> None:
    [id] = asked(engine, 1)
    assert jobs.claim(engine, "w1", AT) is not None
    assert jobs.beat(engine, id, "rows", 200, 1_000, LATER)
    assert jobs.claim(engine, "w2", LATER + jobs.STALE) is None
    assert (told(engine, 1).stage, told(engine, 1).done, told(engine, 1).total) == ("rows", 200, 1_000)


def test_a_job_that_kills_its_workers_ends_as_failed(engine: sa.Engine) -> None:
    asked(engine, 1, 2)
    at = AT
    for _ in range(jobs.ATTEMPTS_MAX):
        job = jobs.claim(engine, "w1", at)
        assert job is not None and job.payload == {"submission": 1}
        at += jobs.STALE + timedelta(seconds=1)

    job = jobs.claim(engine, "w1", at)
    assert job is not None and job.payload == {"submission": 2}, "the next one is still done"
    assert (told(engine, 1).state, told(engine, 1).error) == ("failed", "worker_died")


def test_what_failed_is_done_again_when_asked_again(engine: sa.Engine) -> None:
    [id] = asked(engine, 1)
    jobs.claim(engine, "w1", AT)
    assert jobs.fail(engine, id, "abc123", AT)
    assert (told(engine, 1).state, told(engine, 1).error) == ("failed", "abc123")
    assert jobs.claim(engine, "w1", LATER) is None

    assert asked(engine, 1) == [id]
    job = jobs.claim(engine, "w1", LATER)
    assert job is not None and (job.id, job.attempts) == (id, 1)
    jobs.finish(engine, id, LATER)
    assert asked(engine, 1) == [id] and jobs.claim(engine, "w1", LATER) is None, "what is done stays done"


def test_an_ended_job_does_not_end_again(engine: sa.Engine) -> None:
    [id] = asked(engine, 1)
    jobs.claim(engine, "w1", AT)
    assert jobs.finish(engine, id, AT)
    assert not jobs.fail(engine, id, "late", LATER)
    assert told(engine, 1).state == "done"

"""Publishing killed at random moments: afterwards the old publication is whole or the new one is, and work goes on."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ledger import publish, store, verify, workflow
from ledger.settings import Settings
from ledger.tables import entries, releases
from tests import builders as b

REGISTER = b.register()
KILLS = 50
PROCESSES = 200
AT = b.START + timedelta(days=2)


def test_killed_at_random_moments_a_publication_is_whole_or_not_there(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)
    settings = Settings(home=tmp_path / "home")
    engine = store.open_store(settings)
    store.migrate(engine)
    many = [b.procurement(f"C{n}", supplier=f"Supplier {n % 40}") for n in range(PROCESSES)]
    b.published(engine, settings, REGISTER, many[: PROCESSES // 2])
    for told in many[: PROCESSES // 2]:
        told.payment("P1", "BZD 5")
    id = b.submitted(engine, settings, REGISTER, many[3:])
    with store.writing(engine) as conn:
        b.people(conn, "ben")
    engine.dispose()
    whole = _saved(settings, tmp_path)
    took = _killed(settings, id, None)

    outcomes = {"old": 0, "new": 0}
    for n in range(KILLS):
        _restore(settings, whole)
        # More moments near the end, where the commit is: a third of them within the last tenth.
        _killed(settings, id, chance.uniform(0.9, 1.2) * took if n % 3 == 0 else chance.uniform(0, 1) * took)

        engine = store.open_store(settings)
        with store.reading(engine) as conn:
            number = workflow.latest_publication(conn)
            state = workflow.submission(conn, id).state
            made = conn.scalar(sa.select(sa.func.count()).where(releases.c.publication == 2)) or 0
            opened = conn.scalar(sa.select(sa.func.count()).where(entries.c.from_publication == 2)) or 0
        assert (number, state, made, opened) in (
            (1, "ready_for_review", 0, 0),
            (2, "published", PROCESSES, PROCESSES - 3),
        ), f"half a publication, KILL_SEED={seed}"
        outcomes["old" if number == 1 else "new"] += 1
        if n % 5 == 0:
            assert verify.problems(engine, settings, REGISTER) == [], f"KILL_SEED={seed}"
            if number == 1:
                with store.writing(engine) as conn:
                    assert publish.certify(conn, settings, REGISTER, id, "ben", AT).number == 2
                assert verify.problems(engine, settings, REGISTER) == [], f"KILL_SEED={seed}"
        engine.dispose()
    print(outcomes)
    assert outcomes["old"], "the kills came too late to prove anything"


def test_killed_after_each_of_its_statements_a_publication_is_whole_or_not_there(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    engine = store.open_store(settings)
    store.migrate(engine)
    b.published(engine, settings, REGISTER, b.chain())
    id = b.submitted(engine, settings, REGISTER, [*b.chain()[1:], b.rate("USD", "BZD", "2020-05-05", "2"), b.aid("A2")])
    with store.writing(engine) as conn:
        b.people(conn, "ben")
    engine.dispose()
    whole = _saved(settings, tmp_path)

    killed_after, number = 0, 1
    while number == 1:
        _restore(settings, whole)
        killed_after += 1
        _killed_at_statement(settings, id, killed_after)
        engine = store.open_store(settings)
        with store.reading(engine) as conn:
            number = workflow.latest_publication(conn)
            assert (workflow.submission(conn, id).state == "published") == (number == 2)
        assert verify.problems(engine, settings, REGISTER) == [], f"killed after statement {killed_after}"
        engine.dispose()
    assert killed_after > 15, "the publication was there before its last statement"


def _killed_at_statement(settings: Settings, id: int, last: int) -> None:
    """Publish in a child that dies by kill -9 right after its `last` statement; with fewer statements it lives."""
    child = multiprocessing.get_context("fork").Process(target=_publish_until, args=(settings, id, last))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)


def _publish_until(settings: Settings, id: int, last: int) -> None:
    engine = store.open_store(settings)
    done = 0

    def count(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(engine, "after_cursor_execute", count)
    with store.writing(engine) as conn:
        publish.certify(conn, settings, REGISTER, id, "ben", AT)


def _publish(settings: Settings, id: int, ready: Any) -> None:
    engine = store.open_store(settings)
    ready.send(None)
    with store.writing(engine) as conn:
        publish.certify(conn, settings, REGISTER, id, "ben", AT)


def _killed(settings: Settings, id: int, after_seconds: float | None) -> float:
    """Publish in a child and kill -9 it after a while (None: let it finish). Return how long it lived."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    child = fork.Process(target=_publish, args=(settings, id, there))
    child.start()
    here.recv()
    began = time.perf_counter()
    if after_seconds is not None:
        child.join(after_seconds)
        if child.pid is not None and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
    child.join()
    here.close()
    there.close()
    assert after_seconds is not None or child.exitcode == 0
    return time.perf_counter() - began


def _saved(settings: Settings, to: Path) -> Path:
    saved = to / "saved"
    saved.mkdir()
    for file in settings.home.glob("ledger.db*"):
        shutil.copy(file, saved)
    return saved


def _restore(settings: Settings, saved: Path) -> None:
    for file in settings.home.glob("ledger.db*"):
        file.unlink()
    for file in saved.iterdir():
        shutil.copy(file, settings.home)

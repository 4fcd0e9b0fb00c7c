"""The whole way of a file killed at random moments: receiving, reading, submitting, publishing.

What is public is never mixed, and sending the file again goes on to the same end.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from importers import intake
from ledger import accounts, publish, store, tables, verify, workflow
from ledger.settings import Jurisdiction, Publisher, Register, Settings

REGISTER = Register((Jurisdiction("bz", {"en": "Belize"}, "BZD"),), (Publisher("moh", "Ministry of Health", "bz"),))
AT = datetime(2020, 6, 1, tzinfo=UTC)
KILLS = 50
ROWS = 150


def sheet(folder: Path, corrected: str) -> Path:
    path = folder / f"contracts-{corrected}.csv"
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Contract number", "What was bought", "Buyer", "Supplier", "Contract value", "Currency"])
        for n in range(ROWS):
            amount = corrected if n == 77 else f"{n + 1}.00"
            rows.writerow([f"C{n}", f"Masks {n}", "Ministry of Health", f"Supplier {n % 9}", amount, "BZD"])
    return path


def whole_way(settings: Settings, path: Path) -> None:
    engine = store.open_store(settings)
    id = intake.receive(engine, settings, REGISTER, [path], "moh", "procurement", "2020", "replace", "ana", AT)
    intake.read_submission(engine, settings, REGISTER, id, at=AT)
    with store.writing(engine) as conn:
        state = workflow.submit(conn, id, "ana", AT)
    if state == "ready_for_review":
        with store.writing(engine) as conn:
            publish.certify(conn, settings, REGISTER, id, "bea", AT + timedelta(hours=1))
    engine.dispose()


def state_of(settings: Settings) -> tuple[int, int, str]:
    """(publications, releases, the corrected contract's public amount)"""
    engine = store.open_store(settings)
    a, r = tables.arcs, tables.releases
    with store.reading(engine) as conn:
        amount = conn.scalar(
            sa.select(a.c.amount).where(a.c.to_publication.is_(None), a.c.stage == "contract", a.c.ocid.like("%-C77"))
        )
        found = (
            workflow.latest_publication(conn),
            int(conn.scalar(sa.select(sa.func.count()).select_from(r)) or 0),
            str(amount),
        )
    assert verify.problems(engine, settings, REGISTER) == []
    engine.dispose()
    return found


@pytest.mark.timeout(600)
def test_killed_anywhere_on_its_way_a_file_is_public_or_not(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)

    # given: a first publication, and the same file with one corrected amount
    settings = Settings(home=tmp_path / "home")
    engine = store.open_store(settings)
    store.migrate(engine)
    with store.writing(engine) as conn:
        for id, role in (("ana", "officer"), ("bea", "certifier")):
            accounts.add(conn, id, id, None, AT)
            accounts.grant(conn, id, role, "", AT)
    engine.dispose()
    whole_way(settings, sheet(tmp_path, "78.00"))
    corrected = sheet(tmp_path, "9000.00")
    shutil.copytree(settings.home, tmp_path / "before")
    began = time.perf_counter()
    whole_way(settings, corrected)
    took = time.perf_counter() - began
    old, new = (1, ROWS, "78"), (2, ROWS + 1, "9000")
    assert state_of(settings) == new

    seen = {old: 0, new: 0}
    for _ in range(KILLS):
        shutil.rmtree(settings.home)
        shutil.copytree(tmp_path / "before", settings.home)

        # when: the process dies somewhere on the way
        child = multiprocessing.get_context("fork").Process(target=whole_way, args=(settings, corrected))
        child.start()
        child.join(chance.uniform(0, 1.1) * took)
        if child.is_alive() and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
        child.join()

        # then: the old publication stands or the new one does, and sending it again ends in the new one, once
        found = state_of(settings)
        assert found in seen, f"half of something is public: {found}, KILL_SEED={seed}"
        seen[found] += 1
        whole_way(settings, corrected)
        assert state_of(settings) == new, f"KILL_SEED={seed}"
    print(seen)
    assert seen[old], "the kills came too late to prove anything"

"""The whole way: a file comes in by the door, two people act, the site answers, and an outsider can check it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from importers import intake
from ledger import accounts, jobs, store, tables, workflow
from ledger.settings import Register, Settings, register
from public_site import acting, exports, work
from public_site.exports import manifest
from tests.integration.test_cli import CONTRACTS, LEDGER, run, told

COMMAND = Path(sys.executable).parent / "covid-ledger"


@pytest.fixture
def office(engine: sa.Engine, settings: Settings, tmp_path: Path) -> Register:
    """A ministry with an officer and a certifier."""
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "ledger.toml").write_text(LEDGER)
    with store.writing(engine) as conn:
        accounts.add(conn, "ana", "Ana Example", None, datetime.now(UTC))
        accounts.add(conn, "ben", "Ben Example", None, datetime.now(UTC))
        accounts.grant(conn, "ana", "officer", at=datetime.now(UTC))
        accounts.grant(conn, "ben", "certifier", at=datetime.now(UTC))
    return register(settings.home / "ledger.toml")


def sent(engine: sa.Engine, settings: Settings, known: Register, content: str) -> int:
    return intake.receive(
        engine,
        settings,
        known,
        [("contracts.csv", [content.encode()])],
        publisher="bz-moh",
        kind="procurement",
        period="2020-Q2",
        by="ana",
        at=acting.now(),
    )


def job_of(engine: sa.Engine, id: int) -> Any:
    with store.reading(engine) as conn:
        return conn.execute(sa.select(tables.jobs).where(tables.jobs.c.id == id)).one()


def test_the_worker_reads_and_after_certification_writes_the_downloads(
    engine: sa.Engine, settings: Settings, office: Register
) -> None:
    # given: a file that arrived by the desk
    id = sent(engine, settings, office, CONTRACTS)
    with store.writing(engine) as conn:
        reading = jobs.enqueue(conn, "read_submission", {"submission": id}, acting.now())

    # when: the worker does what waits
    assert work.run_one(engine, settings, office, "w1")
    assert not work.run_one(engine, settings, office, "w1")

    # then: it was read, and two people take it further
    assert job_of(engine, reading).state == "done"
    assert acting.submit(engine, id, "ana") == "ready_for_review"
    done = acting.certify(engine, settings, office, id, "ben")
    with store.writing(engine) as conn:
        jobs.enqueue(conn, "write_downloads", {"publication": done.number}, acting.now())
    assert work.run_one(engine, settings, office, "w1")
    newest = exports.newest(settings)
    assert newest is not None and manifest.problems(newest) == []


def test_a_job_that_cannot_be_done_ends_as_failed_with_something_to_quote(
    engine: sa.Engine, settings: Settings, office: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing(engine) as conn:
        missing = jobs.enqueue(conn, "read_submission", {"submission": 4711}, acting.now())
    work.run_one(engine, settings, office, "w1")
    assert (job_of(engine, missing).state, job_of(engine, missing).error) == ("failed", "no_submission")

    # and: a bug of ours is named by an id, not by what was in the file
    def broken(*_: object) -> None:
        raise RuntimeError("Maria Chan, 622-1234")

    monkeypatch.setattr(work, "TASKS", {"write_downloads": broken})
    with store.writing(engine) as conn:
        bug = jobs.enqueue(conn, "write_downloads", {"publication": 1}, acting.now())
    work.run_one(engine, settings, office, "w1")
    failed = job_of(engine, bug)
    assert failed.state == "failed" and len(failed.error) == 12 and "Maria" not in failed.error


def test_a_long_silent_job_keeps_its_heartbeat(
    engine: sa.Engine, settings: Settings, office: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(work, "BEAT_SECONDS", 0.05)

    def slow(engine: sa.Engine, *_: object) -> None:
        before = job_of(engine, 1).heartbeat_at
        for _ in range(100):
            time.sleep(0.05)
            if job_of(engine, 1).heartbeat_at > before:
                seen.append(True)
                return

    monkeypatch.setattr(work, "TASKS", {"write_downloads": slow})
    with store.writing(engine) as conn:
        jobs.enqueue(conn, "write_downloads", {"publication": 1}, acting.now())
    assert work.run_one(engine, settings, office, "w1")
    assert seen == [True]


def test_one_changed_cell_makes_one_release_and_the_past_can_still_be_asked(
    engine: sa.Engine, settings: Settings, office: Register
) -> None:
    from fastapi.testclient import TestClient

    from public_site.app import create_app

    # given: two publications, the second with one amount mended
    for content in (CONTRACTS, CONTRACTS.replace("12000.00", "12500.00")):
        id = sent(engine, settings, office, content)
        assert intake.read_submission(engine, settings, office, id) == "valid"
        assert acting.submit(engine, id, "ana") == "ready_for_review"
        acting.certify(engine, settings, office, id, "ben")
    with store.reading(engine) as conn:
        r = tables.releases
        second = conn.execute(sa.select(r).where(r.c.publication == 2)).all()
        assert workflow.latest_publication(conn) == 2
    assert len(second) == 1 and "contractUpdate" in second[0].tag.split(",")

    # then: the page of the record now and then
    with TestClient(create_app(settings, office, engine)) as site:
        path = f"/en/process/{second[0].ocid}.json"
        now, then = site.get(path).text, site.get(path, params={"asof": 1}).text
        assert "12500" in now and "12500" not in then and "12000" in then


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A ledger with one publication, served by the real command."""
    home = tmp_path_factory.mktemp("served") / "home"
    home.mkdir()
    (home / "ledger.toml").write_text(LEDGER)
    (home / "contracts.csv").write_text(CONTRACTS)
    run("--home", home, "init")
    run("--home", home, "account", "add", "ana", "--name", "Ana", "--role", "officer")
    run("--home", home, "account", "add", "ben", "--name", "Ben", "--role", "certifier")
    words = ("--publisher", "bz-moh", "--kind", "procurement", "--period", "2020-Q2")
    run("--home", home, "import", home / "contracts.csv", *words, "--prepared-by", "ana", "--certified-by", "ben")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen([COMMAND, "--home", home, "serve", "--port", str(port)], stdout=log, stderr=log)
        try:
            for _ in range(150):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2):
                        break
                except (urllib.error.URLError, ConnectionError):
                    assert server.poll() is None, (home / "serve.log").read_text()[-3000:]
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}", home
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def test_an_outsider_verifies_a_served_ledger_with_nothing_but_its_address(served: tuple[str, Path]) -> None:
    address, home = served
    assert told("verify", address)["ok"]

    # and: when a served file is not what was published, the outsider sees it
    newest = max((home / "downloads").iterdir(), key=lambda p: int(p.name))
    file = newest / "csv" / "contracts.csv"
    honest = file.read_bytes()
    file.write_bytes(honest.replace(b"250000", b"350000"))
    try:
        found = told("verify", address, code=1)
        assert not found["ok"] and "csv/contracts.csv" in found["problems"][0]
    finally:
        file.write_bytes(honest)


def test_what_nobody_serves_is_unavailable_in_words(tmp_path: Path) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    assert told("verify", f"http://127.0.0.1:{port}", code=2)["refused"]["code"] == "not_reachable"


def test_pages_api_and_downloads_tell_the_same_total(served: tuple[str, Path]) -> None:
    address, _ = served

    def read(path: str) -> Any:
        with urllib.request.urlopen(address + path, timeout=20) as answer:
            return json.load(answer)

    index = read("/ocds/index.json")
    told_totals = read(f"/downloads/{index['downloads']['publication']}/manifest.json")["totals"]
    assert [(t["stage"], t["amount"]) for t in told_totals] == [("contract", "262000.00")]
    compiled = [r["compiledRelease"] for r in read("/ocds/records")["records"]]
    assert sum(c["value"]["amount"] for r in compiled for c in r["contracts"]) == 262000

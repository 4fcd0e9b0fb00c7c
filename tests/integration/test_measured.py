"""/metrics: what an operator's monitor reads, and that no reader can make it grow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from ledger import searching, store, tables
from ledger.settings import Settings
from public_site.app import create_app
from tests import builders as b

REGISTER = b.register()


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, REGISTER, engine)) as client:
        yield client


def told(site: TestClient) -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels -> its number."""
    answer = site.get("/metrics")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(answer.text) for s in f.samples
    }


def test_the_newest_publication_its_time_and_its_index(site: TestClient, engine: sa.Engine, settings: Settings) -> None:
    before = told(site)
    assert before["ledger_publication",] == 0 and ("ledger_published_timestamp_seconds",) not in before
    b.published(engine, settings, REGISTER, [b.procurement("C1")])
    after = told(site)
    with store.reading(engine) as conn:
        at = conn.scalar(sa.select(tables.publications.c.at))
    assert after["ledger_publication",] == 1 and after["ledger_published_timestamp_seconds",] == at.timestamp()
    assert after["ledger_search_index_ready",] == 0
    searching.build(engine, settings, REGISTER)
    assert told(site)["ledger_search_index_ready",] == 1


def test_jobs_are_counted_by_state(site: TestClient, engine: sa.Engine) -> None:
    assert told(site)["ledger_jobs", "failed"] == 0
    job = {"task": "write_downloads", "payload": "{}", "state": "failed", "created_at": b.later()}
    with store.writing(engine) as conn:
        conn.execute(sa.insert(tables.jobs), [{**job, "input_sha256": str(n)} for n in range(3)])
    found = told(site)
    assert found["ledger_jobs", "failed"] == 3 and found["ledger_jobs", "waiting"] == 0


def test_answers_are_counted_by_kind_and_never_by_address(site: TestClient) -> None:
    for path in ("/en/search", "/es/search", "/en/process/nobody", "/api/unknown", "/livez", "/xx/a", "/xx/b", "/%00"):
        site.get(path)
    found = told(site)
    counted = {k[1:]: v for k, v in found.items() if k[0] == "ledger_answer_seconds_count"}
    assert counted["page", "200"] == 2 and counted["page", "404"] == 1 and counted["api", "404"] == 1
    assert {kind for kind, _ in counted} <= {"page", "api", "other"}
    assert sum(counted.values()) == 8  # the question that is being answered is counted when it has left

"""What changed lately, and between any two publications: counted, in order, with totals that agree with both ends."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import reading, store
from ledger.settings import Settings
from public_site.app import create_app
from tests import builders as b
from tests.builders import procurement, published


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> TestClient:
    """Three publications: two purchases; one of them dearer and a third one; the second one withdrawn."""
    register = b.register()
    first = [procurement("C1", value="BZD 100"), procurement("C2", value="BZD 50")]
    published(engine, settings, register, first)
    published(
        engine, settings, register, [procurement("C1", value="BZD 120"), first[1], procurement("C3", value="BZD 7")]
    )
    published(engine, settings, register, [procurement("C1", value="BZD 120"), procurement("C3", value="BZD 7")])
    return TestClient(create_app(settings, register, engine), headers={"accept": "text/html"})


def ocid(number: str) -> str:
    return procurement(number).ocid


def test_the_newest_versions_come_first_each_with_what_it_was(site: TestClient) -> None:
    told = site.get("/en/changes.json").json()["items"]
    assert [(i["publication"], i["ocid"], i["what"]) for i in told] == [
        (3, ocid("C2"), "withdrawn"),
        (2, ocid("C3"), "added"),
        (2, ocid("C1"), "changed"),
        (1, ocid("C2"), "added"),
        (1, ocid("C1"), "added"),
    ]
    assert len(list(csv.reader(io.StringIO(site.get("/en/changes.csv").text)))) == 1 + len(told)
    feed = site.get("/en/changes.atom").text
    assert feed.count("<entry>") == len(told) and "withdrawn" in feed
    assert [i["ocid"] for i in site.get("/en/changes.json?asof=1").json()["items"]] == [ocid("C2"), ocid("C1")]
    assert site.get("/en/changes.json?kind=aid").json()["items"] == []
    assert len(site.get("/en/changes.json?kind=nonsense&publisher=nobody").json()["items"]) == len(told)


def test_pages_of_changes_lose_and_double_nothing(site: TestClient, engine: sa.Engine) -> None:
    with store.reading(engine) as conn:
        whole = reading.latest(conn, None)
        seen, after = [], ""
        while part := reading.latest(conn, None, after=after, limit=2):
            seen += part
            after = part[-1].key
    assert seen == whole


def test_the_difference_of_two_publications_agrees_with_the_totals_of_both(site: TestClient) -> None:
    told = site.get("/en/difference.json?since=1&until=3").json()
    assert (told["added"], told["changed"], told["withdrawn"]) == (1, 1, 1)
    (line,) = (t for t in told["totals"] if t["stage"] == "contract")
    for end, number in (("before", 1), ("after", 3)):
        sums = site.get(f"/en/index.json?asof={number}").json()["totals"]
        (own,) = (t for t in sums if t["stage"] == "contract" and t["currency"] == line["currency"])
        assert Decimal(own["amount"]) == Decimal(line[end])
    assert Decimal(line["before"]) == 150 and Decimal(line["after"]) == 127
    page = site.get("/en/difference?since=1&until=3").text
    assert "fell from" in page and "150.00" in page and "127.00" in page
    assert "bajó de" in site.get("/es/difference?since=1&until=3").text


def test_either_order_and_no_numbers_and_the_future(site: TestClient) -> None:
    assert (
        site.get("/en/difference.json?since=3&until=1").json() == site.get("/en/difference.json?since=1&until=3").json()
    )
    told = site.get("/en/difference.json").json()
    assert (told["since"], told["until"]) == (2, 3)
    assert site.get("/en/difference?until=99").status_code == 422
    assert site.get("/en/difference?since=x").status_code == 422
    assert site.get("/en/difference.json?since=3&until=3").json()["items"] == []

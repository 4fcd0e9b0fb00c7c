"""The OCDS interface as a crawler meets it: pages that end, addresses that resolve, packages that are valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import store, tables
from ledger.settings import Settings
from public_site import exports
from public_site.app import create_app
from tests import builders as b
from tests.conformance import judging

BASE = "https://ledger.example.org"


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    register = b.register()
    b.published(engine, settings, register, b.chain())
    b.published(engine, settings, register, [b.aid("A9").pledge("USD 5").receipt("USD 5")], mode="append")
    exports.write_downloads(engine, settings, register)
    with TestClient(create_app(settings, register, engine)) as client:
        yield client


def crawled(site: TestClient, path: str, key: str) -> list[dict[str, Any]]:
    """Follow links.next to the end, as a crawler does."""
    found: list[dict[str, Any]] = []
    while path:
        answer = site.get(path)
        assert answer.status_code == 200, (path, answer.text)
        told = answer.json()
        assert told[key], path  # links.next never leads to an empty page
        found += told[key]
        path = told.get("links", {}).get("next", "").removeprefix(BASE)
    return found


@pytest.mark.parametrize(("path", "key"), [("/ocds/releases", "releases"), ("/ocds/records", "records")])
def test_a_crawl_meets_everything_once_in_order(engine: sa.Engine, site: TestClient, path: str, key: str) -> None:
    found = crawled(site, f"{path}?limit=2", key)
    dates = [m.get("date") or m["compiledRelease"]["date"] for m in found]
    ids = [m.get("id") or m["ocid"] for m in found]
    with store.reading(engine) as conn:
        table = tables.releases if key == "releases" else tables.records
        query = sa.select(sa.func.count()).select_from(table)
        if key == "records":
            query = query.where(table.c.to_publication.is_(None))
        assert len(found) == conn.scalar(query)
    assert dates == sorted(dates)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ["/ocds/releases", "/ocds/records"])
def test_a_page_is_a_valid_package(site: TestClient, path: str) -> None:
    told = site.get(path).json()
    told.pop("links", None)
    assert judging.strict_problems(told) == []


def test_the_linked_releases_of_every_record_resolve(site: TestClient) -> None:
    for record in crawled(site, "/ocds/records", "records"):
        assert [r["date"] for r in record["releases"]] == sorted(r["date"] for r in record["releases"])
        for link in record["releases"]:
            address, _, id = link["url"].removeprefix(BASE).partition("#")
            told = site.get(address).json()
            assert [r["id"] for r in told["releases"]] == [id]
            assert told["releases"][0]["tag"] == link["tag"]
        assert site.get(f"/ocds/records/{record['ocid']}").json()["records"] == [record]


def test_a_release_is_served_as_it_was_stored(engine: sa.Engine, site: TestClient) -> None:
    t = tables.releases
    with store.reading(engine) as conn:
        row = conn.execute(sa.select(t.c.ocid, t.c.id, t.c.body).limit(1)).one()
    assert site.get(f"/ocds/releases/{row.ocid}/{row.id}").json()["releases"] == [store.unpacked(row.body)]


def test_filters_choose_and_an_empty_answer_is_an_empty_package(site: TestClient) -> None:
    aid = site.get("/ocds/releases", params={"kind": "aid"}).json()["releases"]
    assert aid and all("-AID-" in r["ocid"] for r in aid)
    everything = site.get("/ocds/releases").json()["releases"]
    since = everything[-1]["date"]
    assert [r["id"] for r in site.get("/ocds/releases", params={"since": since}).json()["releases"]] == [
        r["id"] for r in everything if r["date"] >= since
    ]
    assert [r["id"] for r in site.get("/ocds/releases", params={"until": since}).json()["releases"]] == [
        r["id"] for r in everything if r["date"] < since
    ]
    empty = site.get("/ocds/records", params={"jurisdiction": "gh"})
    assert empty.status_code == 200 and empty.json()["records"] == [] and "links" not in empty.json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ocds/releases?since=yesterday", (400, 422)),
        ("/ocds/releases?cursor=7", (400, 422)),
        ("/ocds/releases?limit=0", (400, 422)),
        ("/ocds/releases?kind=weapons", (400, 422)),
        ("/ocds/records/ocds-213czf-nothing", (404,)),
        ("/ocds/releases/ocds-213czf-nothing/1", (404,)),
        ("/ocds/bulk/all/releases/1999-01.json.gz", (404,)),
        ("/ocds/extensions/aid/nothing.json", (404,)),
        ("/downloads/99/manifest.json", (404,)),
        ("/downloads/1/../../ledger.db", (404,)),
        ("/downloads/2/..%2F..%2Fledger.toml", (404,)),
        ("/downloads/2/%2Fetc%2Fpasswd", (404,)),
    ],
)
def test_what_is_not_there_is_never_answered_with_200(site: TestClient, path: str, status: tuple[int, ...]) -> None:
    assert site.get(path).status_code in status


def test_the_index_lists_files_that_are_there_with_their_checksums(site: TestClient) -> None:
    from hashlib import sha256

    index = site.get("/ocds/index.json").json()
    assert index["counts"]["all"]["records"] == len(crawled(site, "/ocds/records", "records"))
    assert index["counts"]["all"]["releases"] == len(crawled(site, "/ocds/releases", "releases"))
    assert index["files"]
    for file in index["files"]:
        answer = site.get(file["url"].removeprefix(BASE))
        assert answer.status_code == 200
        assert sha256(answer.content).hexdigest() == file["sha256"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["last-modified"]
        if file["latest"]:
            assert site.get(file["latest"].removeprefix(BASE)).content == answer.content


def test_an_unchanged_file_is_not_sent_twice(site: TestClient) -> None:
    url = site.get("/ocds/index.json").json()["files"][0]["url"].removeprefix(BASE)
    tag = site.get(url).headers["etag"]
    again = site.get(url, headers={"If-None-Match": tag})
    assert again.status_code == 304 and not again.content


def test_the_extension_that_every_package_names_is_served(site: TestClient) -> None:
    named = site.get("/ocds/releases").json()["extensions"][-1]
    assert named.startswith(BASE)
    extension = site.get(named.removeprefix(BASE)).json()
    assert extension["name"]
    for file in extension["schemas"]:
        assert site.get(f"/ocds/extensions/aid/{file}").status_code == 200
    for file in extension.get("codelists", ()):
        assert site.get(f"/ocds/extensions/aid/codelists/{file}").status_code == 200

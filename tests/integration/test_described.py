"""What pages tell search engines for data: valid, its files are there, and no cell breaks out of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger.settings import Settings
from public_site import described, exports
from public_site.app import create_app
from tests import builders as b
from tests.addresses import addresses

HOSTILE = "</script><script>alert(1)</script> <!-- & \u2028"


@pytest.fixture
def site(sqlite_engine: sa.Engine, settings: Settings) -> TestClient:
    told = [*b.chain(), b.procurement("X1", "BZD 5", title=HOSTILE)]
    b.published(sqlite_engine, settings, b.register(), told)
    exports.write_downloads(sqlite_engine, settings, b.register())
    return TestClient(create_app(settings, b.register(), sqlite_engine))


def datasets(page: str) -> list[dict[str, Any]]:
    return [json.loads(t) for t in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)]


def test_home_downloads_and_records_are_datasets_whose_files_are_there(site: TestClient) -> None:
    found = {}
    for path in addresses():
        for told in datasets(site.get(f"/en{path}").text):
            found[path] = told
            assert told["@context"] == "https://schema.org" and told["@type"] == "Dataset"
            assert told["name"] and told["license"].startswith("https://") and told["creator"]["name"]
            assert 50 <= len(told["description"]) <= 5000  # what the search engine asks for
            for file in told.get("distribution", ()):
                assert file["contentUrl"].startswith("https://ledger.example.org/")
                assert site.get(file["contentUrl"].removeprefix("https://ledger.example.org")).status_code == 200
    purchase = f"/process/{b.chain()[3].ocid}"
    assert {"/", "/downloads", purchase} <= found.keys()
    assert found[purchase]["identifier"] == b.chain()[3].ocid
    assert found[purchase]["isPartOf"]["@id"] == found["/"]["@id"]
    assert len(found["/downloads"]["distribution"]) > 5 and "sha256" in found["/downloads"]["distribution"][0]


def test_no_cell_ends_the_element(site: TestClient) -> None:
    ocid = b.procurement("X1", "BZD 5").ocid
    page = site.get(f"/en/process/{ocid}").text
    [told] = datasets(page)
    assert told["name"] == HOSTILE
    assert "<script>alert" not in page
    assert not set("<>&\u2028") & set(re.findall(r"ld\+json\">(.*?)</script>", page)[0])


def test_a_page_of_the_past_or_of_a_fictional_place_is_no_dataset(site: TestClient) -> None:
    assert datasets(site.get(f"/en/process/{b.chain()[3].ocid}?asof=1").text) == []
    assert str(described.script({})) == ""

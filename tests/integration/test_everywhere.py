"""Found and carried everywhere: the sitemap, the catalogue, and the whole site as files that need no server."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # our own sitemap, not a stranger's
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import store
from ledger.errors import Refused
from ledger.settings import Settings
from public_site import addresses as public
from public_site import exports, freeze
from public_site.app import create_app
from tests import builders as b
from tests.addresses import addresses, chain_ocids

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", public_url="https://ledger.example.org")


@pytest.fixture
def site(sqlite_engine: sa.Engine, settings: Settings) -> TestClient:
    b.published(sqlite_engine, settings, b.register(), b.chain())
    exports.write_downloads(sqlite_engine, settings, b.register())
    return TestClient(create_app(settings, b.register(), sqlite_engine))


def test_the_sitemap_holds_every_page_once_in_both_languages_and_each_answers(site: TestClient) -> None:
    index = ET.fromstring(site.get("/sitemap.xml").text)
    parts = [e.text or "" for e in index.findall("s:sitemap/s:loc", SITEMAP)]
    assert parts == ["https://ledger.example.org/sitemap-1.xml"]
    root = ET.fromstring(site.get("/sitemap-1.xml").text)
    found = [unquote(urlsplit(e.text or "").path) for e in root.findall("s:url/s:loc", SITEMAP)]
    assert len(found) == len(set(found))
    for path in found:
        assert site.get(path).status_code == 200, path
    for path in addresses():
        if "?" not in path and not path.endswith("/ask"):  # a letter is a form, made for one reader
            assert f"/en{path}" in found or site.get(f"/en{path}").status_code != 200, path
    for url in root.findall("s:url", SITEMAP):
        assert {e.get("hreflang") for e in url.findall("x:link", SITEMAP)} == {"en", "es"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", url.findtext("s:lastmod", "", SITEMAP))
    assert site.get("/sitemap-2.xml").status_code == 404
    assert site.get("/sitemap-0.xml").status_code == 404


def test_every_address_is_told_once_with_the_publication_that_changed_it(
    site: TestClient, sqlite_engine: sa.Engine
) -> None:
    with store.reading(sqlite_engine) as conn:
        told = list(public.every(conn, b.register()))
    paths = [path for path, _ in told]
    assert len(paths) == len(set(paths))
    assert dict(told)[f"/process/{chain_ocids()['purchase']}"] == 1
    assert "/" in public.fixed() and "/search" in public.fixed() and not any("{" in p for p in public.fixed())


def test_robots_may_read_records_and_not_the_desk_or_endless_filters(site: TestClient) -> None:
    told = site.get("/robots.txt").text
    assert "Disallow: /desk" in told and "Disallow: /en/search?" in told and "Disallow: /es/search?" in told
    assert "Sitemap: https://ledger.example.org/sitemap.xml" in told
    assert "/process" not in told


def test_the_catalogue_names_every_file_with_its_checksum(site: TestClient, settings: Settings) -> None:
    told = site.get("/catalog.jsonld").json()
    whole, *rest = told["dcat:dataset"]
    assert [d["dct:identifier"] for d in rest] == [j.code for j in b.register().jurisdictions]
    files = whole["dcat:distribution"]
    assert len(files) >= 5
    for file in files:
        path = urlsplit(file["dcat:downloadURL"]["@id"]).path
        got = site.get(path)
        assert got.status_code == 200 and len(got.content) == file["dcat:byteSize"], path
        assert len(file["spdx:checksum"]["spdx:checksumValue"]) == 64


def test_a_frozen_site_is_whole_and_its_links_lead_to_files(
    site: TestClient, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "stick"
    told = freeze.frozen(site.app, out, lambda *_: None)  # type: ignore[arg-type]
    assert not told.failed and told.pages > 2 * len(addresses())
    assert freeze.problems(out) == []
    broken = []
    for page in out.rglob("*.html"):
        for link in re.findall(r'(?:href|src|action)="([^"]+)"', page.read_text("utf-8")):
            parts = urlsplit(link)
            if not parts.scheme and parts.path and not (page.parent / parts.path).exists():
                broken.append((page.relative_to(out).as_posix(), link))
    assert not broken, broken[:10]
    purchase = out / freeze.file_of(f"/en/process/{chain_ocids()['purchase']}")
    assert "200,000.00" in purchase.read_text("utf-8")
    assert any((out / "en" / "why").iterdir())


def test_a_changed_file_of_a_copy_is_told(site: TestClient, tmp_path: Path) -> None:
    out = tmp_path / "stick"
    freeze.frozen(site.app, out, lambda *_: None, ["en"])  # type: ignore[arg-type]
    index = out / "en" / "index.html"
    index.write_text(index.read_text("utf-8").replace("0", "9"), "utf-8")
    (out / "en" / "missing.html").unlink()
    (out / "more.txt").write_text("x")
    assert freeze.problems(out) == [
        "changed: en/index.html",
        "missing: en/missing.html",
        "not in the list: more.txt",
    ]


def test_a_folder_that_is_no_copy_is_left_alone_and_a_copy_is_replaced(site: TestClient, tmp_path: Path) -> None:
    out = tmp_path / "stick"
    out.mkdir()
    (out / "holiday.txt").write_text("mine")
    with pytest.raises(Refused):
        freeze.frozen(site.app, out, lambda *_: None, ["en"])  # type: ignore[arg-type]
    assert (out / "holiday.txt").read_text() == "mine"
    (out / "holiday.txt").unlink()
    freeze.frozen(site.app, out, lambda *_: None, ["en"])  # type: ignore[arg-type]
    again = freeze.frozen(site.app, out, lambda *_: None, ["es"])  # type: ignore[arg-type]
    assert again.pages and not (out / "en").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".stick")] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("/en/item/text/a:b", "/en/item/text/a_b"), ("/en/donor/Ab", "/en/donor/ab"), ("/en/x/" + "é" * 300, "/en/x/e")],
)
def test_two_addresses_are_two_files_on_every_file_system(one: str, other: str) -> None:
    first, second = freeze.file_of(one), freeze.file_of(other)
    assert first.lower() != second.lower()
    assert all(len(part) <= 110 and re.fullmatch(r"[A-Za-z0-9._-]+", part) for part in first.split("/"))


def test_data_quality_counts_every_field_of_every_publisher(site: TestClient) -> None:
    told = site.get("/en/data-quality.json").json()
    assert told["counted_at"] == told["publication"]
    bought = next(c for c in told["coverage"] if c["kind"] == "procurement")
    fields = {f["path"]: f for f in bought["fields"]}
    assert fields["/buyer/name"]["count"] == fields["/buyer/name"]["of"] == bought["records"]
    assert fields["/contracts/+/amendments/+/rationale"]["count"] == 0
    page = site.get("/es/data-quality").text
    assert "Campo por campo" in page and "100&nbsp;%" in page
    rows = site.get("/en/data-quality.csv").text.splitlines()
    assert len(rows) == 1 + sum(len(c["fields"]) for c in told["coverage"])

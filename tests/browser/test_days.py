"""A citizen's and a journalist's day on the demonstration ledger, in a real browser: what each came for."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from ledger.settings import Settings, register
from public_site.app import create_app

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def base(demonstration: Path) -> Iterator[str]:
    settings = Settings(home=demonstration)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    app = create_app(settings, register(demonstration / "ledger.toml"))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A cheap phone: small, and its scripts never load."""
    context = browser.new_context(viewport={"width": 375, "height": 700}, java_script_enabled=False, locale="es-BZ")
    yield context.new_page()
    context.close()


def main(page: Page) -> str:
    return page.get_by_role("main").inner_text().replace("\u00a0", " ")


def test_a_citizen_sees_in_three_clicks_who_gave_who_was_paid_and_what_arrived(base: str, phone: Page) -> None:
    # given: a phone in Spanish
    phone.goto(base + "/")
    expect(phone.locator("html")).to_have_attribute("lang", "es")

    # when: the citizen asks for the own district (one click)
    phone.get_by_role("main").get_by_role("link", name="Distrito Norte").click()
    # then: what reached it, from whom
    told = main(phone)
    assert ("8,000" in told and re.search("respirador", told, re.IGNORECASE)) or "N95" in told

    # when: it follows the money of the country (two clicks from the front page)
    phone.goto(base + "/es/")
    phone.get_by_role("banner").get_by_role("link", name="Siga el dinero").click()
    phone.get_by_label("Lugar").select_option("EX")
    phone.get_by_role("button", name="Mostrar").click()
    # then: who gave and who was paid stand in one figure, each amount in one currency
    told = main(phone)
    assert "Northland Development Agency" in told and "Sample Medical Supplies Ltd." in told
    assert "fuente no publicada" in told

    # when: it opens what it does not understand
    phone.get_by_role("main").get_by_role("link", name="Sample Medical Supplies Ltd.").first.click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text(re.compile("Sample Medical|Siga|Todos"))

    # and: sees what is not known
    phone.goto(base + "/es/missing")
    assert "Ministry of Health and Wellness (Belize)" in main(phone)
    assert "retraso" in main(phone)


def test_a_citizen_opens_a_purchase_and_reads_one_sentence(base: str, phone: Page) -> None:
    phone.goto(base + "/en/search?q=respirator&kind=procurement")
    phone.get_by_role("main").get_by_role("link", name="Respirators and gowns for COVID-19 wards").first.click()
    told = main(phone)
    assert "agreed to pay XTS 395,000.00 to Sample Medical Supplies Ltd. on 6 May 2020, without an open tender" in told
    assert "Worth a closer look" in told and "There can be good reasons" not in told.split("\n")[0]
    phone.locator('main a[href*="/why/"]', has_text="395,000").first.or_(
        phone.locator('main a[href*="/why/"]').first
    ).first.click()
    assert re.search(r"contracts\.xlsx", main(phone))


def test_a_journalist_finds_nothing_missing(base: str, page: Page) -> None:
    # given: a question with filters in the address
    page.goto(base + "/en/search?jurisdiction=GH&method=direct&min=1000000&currency=GHS&sort=amount")
    told = page.get_by_role("status").first.inner_text()
    count = int(re.search(r"([\d,]+) records?", told)[1].replace(",", ""))  # type: ignore[index]
    assert count > 10

    # then: the file holds just what the page counts, and so does its JSON
    with httpx.Client(base_url=base) as client:
        query = "jurisdiction=GH&method=direct&min=1000000&currency=GHS&sort=amount"
        rows = list(csv.DictReader(io.StringIO(client.get(f"/en/search.csv?{query}").text.lstrip("\ufeff"))))
        assert len({r["ocid"] for r in rows}) == count
        assert client.get(f"/en/search.json?{query}").json()["count"] == count
        assert client.get(f"/en/search.atom?{query}").text.count("<entry>") > 0

        # and: every file of the newest build has the checksum that it says
        manifest = client.get("/downloads/13/manifest.json").json()
        for file in manifest["files"][:6]:
            got = client.get(f"/downloads/13/{file['path']}").content
            assert hashlib.sha256(got).hexdigest() == file["sha256"]

    # when: it looks at what rules point out
    page.goto(base + "/en/checks")
    page.locator('main a[href*="flag=direct-award"]').first.click()
    expect(page.get_by_role("status").first).to_contain_text("record")

    # and: mistypes a name
    page.goto(base + "/en/search?q=respirattors")
    expect(page.get_by_role("main")).to_contain_text("respirators")

    # and: compares two publications, and cites one
    page.goto(base + "/en/difference?since=3&until=11")
    expect(page.get_by_role("main")).to_contain_text("rose from")
    page.goto(base + "/en/process/ocds-213czf-ex-moh-PRC-T-2020-01")
    cited = page.locator("#cite").inner_text()
    assert "asof=13" in cited and "Ministry of Health of Example" in cited
    with page.expect_response(lambda r: "/embed/" in r.url):
        page.goto(base + "/embed/flows?jurisdiction=EX")
    expect(page.locator("svg").first).to_be_visible()

"""A citizen on a cheap phone follows a figure from the front page to the cell that it was typed in, without scripts."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from playwright.sync_api import Browser, Page, expect

from ledger.settings import Settings
from public_site.app import create_app
from tests import builders as b

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def base(sqlite_engine: sa.Engine, settings: Settings) -> Iterator[str]:
    b.published(sqlite_engine, settings, b.register(), b.chain())
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    config = uvicorn.Config(create_app(settings, b.register(), sqlite_engine), port=port, log_level="error")
    server = uvicorn.Server(config)
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
    context = browser.new_context(viewport={"width": 375, "height": 720}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def is_too_wide(page: Page, base: str, browser: Browser) -> bool:
    """Whether the page itself (not a table inside it) has to be moved sideways on a phone."""
    context = browser.new_context(viewport={"width": 375, "height": 720})
    twin = context.new_page()
    twin.goto(page.url)
    wide = bool(twin.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
    context.close()
    return wide


def test_from_the_front_page_to_the_cell(base: str, phone: Page, browser: Browser) -> None:
    # given: a question
    phone.goto(base + "/")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Follow COVID-19 money")
    assert not is_too_wide(phone, base, browser)
    phone.get_by_label("What do you want to know?").fill("respirators")
    phone.get_by_role("main").get_by_role("button", name="Search").click()

    # when: the citizen narrows it and opens the purchase
    expect(phone.get_by_role("status")).to_contain_text("2 records")
    assert not is_too_wide(phone, base, browser)
    phone.locator("aside summary", has_text="Kind").click()  # facets are folded: the records come first on a phone
    phone.get_by_role("complementary").get_by_role("link", name="Purchase").click()
    expect(phone.get_by_role("status")).to_contain_text("1 record")
    phone.get_by_role("link", name="purchase PRC-1").first.click()

    # then: the whole chain, and each amount a way to its cell
    expect(phone.get_by_role("main")).to_contain_text("agreed to pay")
    expect(phone.get_by_role("main")).to_contain_text("source not published")
    assert not is_too_wide(phone, base, browser)
    phone.locator('a[href*="/why/"]', has_text=re.compile("200,000.00")).first.click()
    expect(phone.get_by_role("main")).to_contain_text("drafts.csv")
    expect(phone.get_by_role("main")).to_contain_text(re.compile(r"A\d+"))
    assert not is_too_wide(phone, base, browser)

    # and: the same page in Spanish
    phone.get_by_role("link", name="Español").click()
    expect(phone.get_by_role("main")).to_contain_text("drafts.csv")
    assert "/es/why/" in phone.url


def test_the_keyboard_alone_reaches_the_content_first(base: str, page: Page) -> None:
    page.goto(base + "/en/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("What do you want to know?")).to_be_focused()


@pytest.mark.parametrize("path", ["/en/", "/en/search", "/en/process/ocds-213czf-mof-PRC-PRC-1", "/en/jurisdiction/bz"])
def test_a_page_weighs_little_on_a_slow_line(base: str, path: str) -> None:
    html = httpx.get(base + path)
    css = httpx.get(base + re.findall(r'href="(/static/[^"]+)"', html.text)[0])
    assert len(gzip.compress(html.content)) <= 20_000
    assert len(gzip.compress(css.content)) <= 12_000
    assert html.headers["content-encoding"] == "gzip"


def test_the_browser_refuses_nothing_and_asks_nobody_else(base: str, page: Page) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: complaints.append(m.text))
    page.on("request", lambda r: asked.append(r.url))
    for path in ("/en/", "/es/search", "/en/process/ocds-213czf-mof-PRC-PRC-1", "/en/jurisdiction/bz"):
        page.goto(base + path)
    assert not complaints
    assert asked and all(url.startswith(base) for url in asked)

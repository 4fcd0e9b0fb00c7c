"""A copy of the site opens from files, without a server: a reader searches, opens a record, sees a figure's cell."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from ledger.settings import Settings
from public_site import freeze
from public_site.app import create_app
from tests import builders as b


def test_a_reader_follows_a_figure_on_a_stick(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path, browser: Browser
) -> None:
    b.published(sqlite_engine, settings, b.register(), b.chain())
    out = tmp_path / "stick"
    freeze.frozen(create_app(settings, b.register(), sqlite_engine), out, lambda *_: None)
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto((out / "index.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("Follow COVID-19 money")
    page.get_by_label("What do you want to know?").fill("respirators")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page.get_by_role("status")).to_contain_text("records found")
    page.get_by_role("main").get_by_role("link", name="purchase PRC-1").first.click()
    expect(page.get_by_role("main")).to_contain_text("agreed to pay")
    page.locator('a[href*="why/"]', has_text=re.compile("200,000.00")).first.click()
    expect(page.get_by_role("main")).to_contain_text("drafts.csv")
    page.get_by_role("link", name="Español").click()
    expect(page.get_by_role("main")).to_contain_text("drafts.csv")
    assert asked and all(url.startswith("file:") for url in asked), [u for u in asked if not u.startswith("file:")]
    context.close()

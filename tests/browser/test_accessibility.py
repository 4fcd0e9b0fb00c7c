"""Every page for everybody (WCAG 2.2 AA): axe finds nothing, a keyboard reaches all, 400 % and forced colours work.

axe-core runs over every page x language x width x light and dark, with and without the site's script. What no tool
sees (reading order, the focus, reflow) has tests of its own below.
"""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from ledger import accounts, store
from ledger.settings import Settings
from public_site.app import create_app
from tests import builders as b
from tests.addresses import addresses, chain_ocids

pytestmark = pytest.mark.timeout(600)

PASSWORD = "correct horse battery staple"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WAYS = [(375, "light", True), (375, "dark", False), (1280, "light", False), (1280, "dark", True)]
"""Width, colours, with the script or without: every value of each with every value of the others, two by two."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    engine = store.open_store(settings)
    store.migrate(engine)
    b.published(engine, settings, b.register(), b.chain())
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        accounts.add(conn, "rosa", "Rosa Example", PASSWORD, at)
        for role in ("officer", "certifier", "auditor"):
            accounts.grant(conn, "rosa", role, at=at)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings, b.register(), engine), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    engine.dispose()


def context(browser: Browser, width: int, colours: Any, with_script: bool) -> BrowserContext:
    made = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=colours, bypass_csp=True)
    if not with_script:
        made.route("**/site.js", lambda route: route.abort())
    return made


def violations(page: Page) -> list[str]:
    """What axe says is wrong, each with the first place where it is."""
    page.evaluate(AXE)
    told = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]} x{len(v['nodes'])}" for v in told["violations"]]


@pytest.mark.parametrize(("width", "colours", "with_script"), WAYS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing_on_any_page(
    base: str, browser: Browser, language: str, width: int, colours: str, with_script: bool
) -> None:
    wrong: list[str] = []
    made = context(browser, width, colours, with_script)
    page = made.new_page()
    for path in [*addresses(), "/search?q=nothing-of-this-name", "/process/no-such-record"]:
        page.goto(f"{base}/{language}{path}")
        wrong += [f"{path} {v}" for v in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{path}: the page moves sideways")
    made.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing_at_the_desk(base: str, browser: Browser, language: str) -> None:
    wrong: list[str] = []
    for width, colours in ((375, "dark"), (1280, "light")):
        made = context(browser, width, colours, True)
        page = made.new_page()
        page.goto(f"{base}/desk/sign-in?lang={language}")
        wrong += [f"sign-in {v}" for v in violations(page)]
        page.locator("#account, [name=account]").first.fill("rosa")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit], main button").first.click()
        for path in ("/desk", "/desk/new", "/desk/mappings", "/desk/organisations", "/desk/submissions/1"):
            page.goto(f"{base}{path}?lang={language}")
            wrong += [f"{path} {v}" for v in violations(page)]
        made.close()
    assert not wrong, "\n".join(wrong)


def test_axe_would_find_something(base: str, page: Page) -> None:
    page.goto(base + "/en/")
    page.evaluate(
        "document.querySelector('#q').previousElementSibling; document.querySelector('label[for=q]').remove()"
    )
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    told = " ".join(violations(page))
    assert "label" in told and "color-contrast" in told


def test_every_link_and_control_is_reached_by_keyboard_and_shows_its_focus(base: str, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")  # a page that still scrolls has not shown its focus yet
    page.goto(f"{base}/en/process/{chain_ocids()['purchase']}")
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href],button,input,select,summary')]"
        ".filter(e => e.checkVisibility() && !e.hidden).length"
    )
    seen: set[str] = set()
    for _ in range(wanted + 40):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
            const s = getComputedStyle(e), r = e.getBoundingClientRect();
            const all = [...document.querySelectorAll('*')];
            return {n: all.indexOf(e), what: e.tagName,
                    marked: s.outlineStyle !== 'none' || s.boxShadow !== 'none',
                    seen: r.width > 0 && r.bottom > 0 && r.top < innerHeight}; }"""
        )
        if told is None:
            break
        assert told["marked"] and told["seen"], told
        if told["what"] in ("A", "BUTTON", "INPUT", "SELECT", "SUMMARY"):
            seen.add(str(told["n"]))
    assert len(seen) >= wanted


@pytest.mark.parametrize("language", ["en", "es"])
def test_at_four_hundred_percent_nothing_moves_sideways(base: str, browser: Browser, language: str) -> None:
    made = browser.new_context(viewport={"width": 320, "height": 256})  # 1280 x 1024 at 400 % (WCAG 1.4.10)
    page = made.new_page()
    wide = []
    for path in addresses():
        page.goto(f"{base}/{language}{path}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
    made.close()
    assert not wide


def test_forced_colours_keep_what_is_told_by_colour(base: str, browser: Browser) -> None:
    made = browser.new_context(forced_colors="active")
    page = made.new_page()
    page.goto(f"{base}/en/process/{chain_ocids()['purchase']}")
    box = page.locator(".stages > li").first
    assert box.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
    made.close()


def test_no_page_is_heavier_than_its_budget(base: str, browser: Browser) -> None:
    """performance.md: HTML <= 25 kB gzipped (20 of a record), all together <= 45 kB, four requests, nobody else."""
    made = browser.new_context()
    page = made.new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    heavy = []
    with httpx.Client() as client:
        for language in ("en", "es"):
            for path in addresses():
                asked.clear()
                page.goto(f"{base}/{language}{path}", wait_until="networkidle")
                others = [u for u in asked if not u.startswith((base, "data:"))]
                sizes = {u: len(gzip.compress(client.get(u).content, 6)) for u in dict.fromkeys(asked)}
                html = sizes[asked[0]]
                most = 20_000 if re.match(r"/(process|programme)/", path) else 25_000
                if others or html > most or sum(sizes.values()) > 45_000 or len(sizes) > 4:
                    heavy.append((language, path, html, sum(sizes.values()), len(sizes), others))
    made.close()
    assert not heavy

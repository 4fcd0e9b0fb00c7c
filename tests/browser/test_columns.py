"""The page "Columns and questions" on a phone without JavaScript: answered once, and the rows are accepted."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from ledger import accounts, mappings, store
from ledger.settings import Settings

PASSWORD = "correct horse battery staple"
REGISTER = """
[[jurisdiction]]
code = "BZ"
currency = "BZD"
languages = ["en", "es"]
names = { en = "Belize", es = "Belice" }

[[publisher]]
id = "moh"
name = "Ministry of Health"
jurisdiction = "BZ"
"""
ROWS = (
    ("Ministry of Health - COVID-19 purchases, April 2020",),
    ("Contract number", "What was bought", "Firm engaged", "Contract signed", "Contract value", "Supplies",
     "Supplier details", "Telephone of the supplier"),
    ("C-1", "COVID-19 masks", "Example Ltd.", "03/04/2020", "$100.00", "masks", "Belize City", "501 000 0000"),
    ("C-2", "COVID-19 gowns for the clinics of the northern districts", "Sample Inc.", "05/04/2020", "$1,500", "gowns",
     "Corozal", "501 000 0001"),
    ("C-3", "COVID-19 tests", "Example Ltd.", "07/04/2020", "$2,250", "tests", "Dangriga", "501 000 0002"),
    ("C-4", "COVID-19 beds", "Sample Inc.", "09/04/2020", "$70", "beds", "Belmopan", "501 000 0003"),
)  # fmt: skip

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "April"
    for row in ROWS:
        sheet.append(row)
    sheet.row_dimensions[6].hidden = True
    path = tmp_path_factory.mktemp("book") / "purchases.xlsx"
    book.save(path)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    home = tmp_path_factory.mktemp("columns")
    settings = Settings(home=home)
    (home / "ledger.toml").write_text(REGISTER, "utf-8")
    engine = store.open_store(settings)
    store.migrate(engine)
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        accounts.add(conn, "ana", "Ana Example", PASSWORD, at)
        accounts.grant(conn, "ana", "officer", "moh", at=at, by="operator")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [str(Path(sys.executable).parent / "covid-ledger"), "--home", str(home), "serve", "--port", str(port)]
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stderr=log, start_new_session=True)
    base = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            if httpx.get(base + "/livez", timeout=1).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.2)
    else:
        raise AssertionError((home / "serve.log").read_text())
    yield base, settings
    engine.dispose()
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(20)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        locale="en-GB", viewport={"width": 375, "height": 800}, java_script_enabled=False, has_touch=True
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page, base: str) -> None:
    page.goto(base + "/desk/sign-in")
    page.get_by_label("Sign-in name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="What was sent")).to_be_visible()


def send(page: Page, base: str, workbook: Path) -> None:
    page.goto(base + "/desk/new")
    page.get_by_label("File", exact=True).set_input_files(workbook)
    page.get_by_label("What is in it").select_option("procurement")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="How it was understood")).to_be_visible(timeout=60_000)


def shot(page: Page, name: str) -> None:
    """Keep a picture where SHOTS says, for people who work on the page."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"columns-{name}.png", full_page=True)


def fits(page: Page) -> None:
    """Nothing hangs over the edge of a phone."""
    for part in page.locator("main select, main input:not([type=hidden]), main button, main fieldset").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= 376, part.inner_html()


def test_an_officer_answers_on_a_phone_without_scripts(
    served: tuple[str, Settings], phone: Page, workbook: Path
) -> None:
    base, settings = served
    sign_in(phone, base)
    send(phone, base, workbook)

    # given: the submission says at its top what is waiting
    waits = phone.locator("#columns")
    expect(waits).to_contain_text(re.compile(r"\d+ columns? and \d+ questions? wait for your answer"))
    shot(phone, "waits-375-en")
    submission = phone.url
    waits.get_by_role("link", name="Answer now").click()
    expect(phone.get_by_role("heading", name="Columns and questions")).to_be_visible()
    fits(phone)
    shot(phone, "375-en")

    # when: each question is answered by what is said beside it
    firm = phone.get_by_role("row").filter(has_text="Firm engaged")
    expect(firm).to_contain_text("Please confirm")
    assert firm.get_by_role("combobox").input_value() == "supplier.name"
    for row in phone.get_by_role("row").filter(has_text="Please choose").all():
        row.get_by_role("combobox").select_option(label="Leave it out")
    phone.get_by_role("group").filter(has_text="which day is it?").get_by_label("3 April 2020").check()
    which = phone.get_by_role("group").filter(has_text="Which currency")
    which.get_by_label("Currency", exact=True).select_option("BZD")
    for group in phone.get_by_role("group").filter(has_text="how much is it?").all():
        group.get_by_label("1,500", exact=False).check()
    phone.get_by_label("Leave hidden rows out").check()
    expect(phone.get_by_label("Buyer")).to_have_value("Ministry of Health")
    shot(phone, "answered-375-en")
    phone.get_by_role("button", name="Remember and read again").click()

    # then: it is read again, and the rows are accepted
    expect(phone.get_by_text(re.compile("3 accepted, 0 held back"))).to_be_visible(timeout=60_000)
    expect(phone.get_by_text("wait for your answer")).to_have_count(0)
    expect(phone.get_by_role("button", name="Hand over for certification")).to_be_visible()
    phone.get_by_role("link", name="Columns and questions").click()
    expect(phone.get_by_text("Nothing waits for an answer")).to_be_visible()
    expect(phone.get_by_text("your office's answer, Ana Example").first).to_be_visible()
    shot(phone, "again-375-en")
    assert phone.url == submission + "/columns"

    # and: who said it is on the page of remembered answers, where it can be taken back
    phone.get_by_role("link", name="What is remembered").click()
    expect(phone.get_by_text(re.compile("Version 1: Ana Example, 20"))).to_be_visible()
    shot(phone, "mappings-375-en")
    phone.get_by_role("button", name="Forget").click()
    expect(phone.get_by_text("forgotten").first).to_be_visible()
    engine = store.open_store(settings)
    with store.reading(engine) as conn:
        assert [r.by for r in mappings.history(conn, "moh")] == ["ana", "ana"]
    engine.dispose()


def test_it_is_easy_on_a_desk_in_both_languages(served: tuple[str, Settings], page: Page, workbook: Path) -> None:
    base, _ = served
    sign_in(page, base)
    send(page, base, workbook)
    page.get_by_role("link", name="Answer now").click()
    address = page.url
    shot(page, "1280-en")
    page.locator("main details").evaluate_all("all => all.forEach(d => d.open = true)")
    shot(page, "open-1280-en")

    # every list and every field has a name that a screen reader says
    for part in page.locator("main select, main input:not([type=hidden])").all():
        name = part.evaluate(
            "e => (e.labels && e.labels[0] || document.getElementById(e.getAttribute('aria-labelledby'))).textContent"
        )
        assert name.strip()

    # another kind has other fields, and nothing is remembered by looking at them
    page.get_by_label("This table is of").select_option("payments")
    page.get_by_role("button", name="Show the fields of this kind").click()
    expect(page.get_by_text("Nothing is remembered yet.")).to_be_visible()
    shot(page, "kind-1280-en")

    page.goto(address + "?lang=es")
    expect(page.get_by_role("heading", name="Columnas y preguntas")).to_be_visible()
    shot(page, "1280-es")
    page.set_viewport_size({"width": 375, "height": 800})
    fits(page)
    shot(page, "375-es")

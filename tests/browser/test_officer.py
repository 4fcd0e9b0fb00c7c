"""An officer's day in a real browser: send a workbook, be refused as its certifier, see another person publish it."""

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
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from ledger import accounts, store, tables
from ledger.settings import Settings

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "examples" / "minas-gerais" / "data-raw__doacoes-covid-19.xls"
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    home = tmp_path_factory.mktemp("desk")
    settings = Settings(home=home)
    (home / "ledger.toml").write_text((ROOT / "examples" / "ledger.toml").read_text("utf-8"), "utf-8")
    engine = store.open_store(settings)
    store.migrate(engine)
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        for id, name, role in (("ana", "Ana Example", "officer"), ("bruno", "Bruno Example", "certifier")):
            accounts.add(conn, id, name, PASSWORD, at)
            accounts.grant(conn, id, role, at=at, by="operator")
        accounts.grant(conn, "ana", "certifier", at=at, by="operator")  # so that only the four eyes stand between
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [Path(sys.executable).parent / "covid-ledger", "--home", home, "serve", "--port", str(port)]
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


def sign_in(page: Page, base: str, account: str) -> None:
    page.goto(base + "/desk/sign-in")
    page.get_by_label("Sign-in name").fill(account)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="What was sent")).to_be_visible()


def test_officer_sends_and_another_person_publishes(served: tuple[str, Settings], page: Page) -> None:
    base, settings = served

    # given: Ana sends the original workbook
    sign_in(page, base, "ana")
    page.get_by_role("link", name="Send a file").click()
    page.get_by_label("Publisher").select_option("mg-servas")
    page.get_by_label("File", exact=True).set_input_files(WORKBOOK)
    page.get_by_role("button", name="Send", exact=True).click()

    # then: a progress bar, and how it was understood, by cell
    expect(page.get_by_role("heading", name=re.compile("Submission"))).to_be_visible()
    expect(page.get_by_role("heading", name="How it was understood")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("205 rows read")).to_be_visible()
    expect(page.get_by_text("2032 rows read").or_(page.get_by_text("2,032 rows read"))).to_be_visible()
    page.get_by_role("button", name="Hand over for certification").click()
    expect(page.get_by_text("Ready to certify").first).to_be_visible()

    # when: she certifies it herself
    page.get_by_role("button", name="Certify and publish").click()

    # then: refused, with what to do next
    expect(page.get_by_role("alert")).to_contain_text(re.compile("another person|second person", re.I))
    found = re.search(r"/submissions/(\d+)", page.url)
    assert found is not None
    submission = int(found[1])

    # and: the database says the same to direct SQL
    direct = store.open_store(settings)
    with pytest.raises(sa.exc.DBAPIError), store.writing(direct) as conn:
        conn.execute(
            sa.update(tables.submissions).where(tables.submissions.c.id == submission).values(certified_by="ana")
        )
    direct.dispose()

    # when: Bruno certifies it
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, base, "bruno")
    page.goto(f"{base}/desk/submissions/{submission}")
    page.get_by_role("button", name="Certify and publish").click()
    expect(page.get_by_text("Public", exact=False).first).to_be_visible(timeout=120_000)

    # then: a citizen sees it, without an account
    page.context.clear_cookies()
    page.goto(f"{base}/en/jurisdiction/MG")
    expect(page.get_by_text("52,010,067.29").first).to_be_visible()

"""Photograph the ten main pages on the demonstration: phone and desk width, English and Spanish, into docs/screens.

    covid-ledger demo --dir var/demo --no-serve
    python tools/screenshots.py var/demo

For people who look at what they built: each picture is the first 1,400 (phone) or 1,000 (desk) pixels of a page. Needs
Chromium. Read `PAGES`.
"""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from ledger.settings import Settings
from public_site.app import create_app

OUT = Path(__file__).parents[1] / "docs" / "screens"
PAGES = {
    "home": "",
    "jurisdiction": "jurisdiction/EX",
    "follow": "follow?jurisdiction=EX",
    "search": "search?q=masks",
    "record": "process/ocds-213czf-ex-moh-PRC-T-2020-01",
    "why": "why/ocds-213czf-ex-moh-PRC-T-2020-01?at=/contracts/0/value/amount",
    "district": "area/EX-NO",
    "checks": "checks",
    "missing": "missing",
    "downloads": "downloads",
}
SIZES = {"phone": (375, 1400), "desk": (1280, 1000)}
PORT = 8417


def main() -> None:
    home = Path(sys.argv[1])
    server = uvicorn.Server(
        uvicorn.Config(create_app(Settings(home=home)), port=PORT, log_level="error", host="127.0.0.1")
    )
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        pass
    OUT.mkdir(parents=True, exist_ok=True)
    chromium = next(p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for size, (width, height) in SIZES.items():
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            for language in ("en", "es"):
                for name, path in PAGES.items():
                    answer = page.goto(f"http://127.0.0.1:{PORT}/{language}/{path}")
                    assert answer is not None and answer.status == 200, (path, answer and answer.status)
                    page.screenshot(path=OUT / f"{name}-{size}-{language}.jpg", type="jpeg", quality=62)
        browser.close()
    server.should_exit = True


if __name__ == "__main__":
    main()

"""The stylesheet and the script: built from the sources that are here, small, and without anything from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

SITE = Path(__file__).parents[2] / "public_site"
CSS_MOST, JS_MOST = 12_000, 6_000  # bytes gzipped (issue 4, site.md 4.8)


def test_the_stylesheet_was_built_from_these_sources() -> None:
    sources = sorted((SITE / "look").glob("*.scss"))
    assert len(sources) >= 5
    told = b"".join(p.read_bytes() for p in [*sources, SITE / "look" / "package-lock.json"])
    digest = hashlib.sha256(told).hexdigest()[:16]
    css = (SITE / "static" / "site.css").read_text("utf-8")
    assert css.startswith(f"/*! covid-ledger {digest};"), "run `make look`: the Sass changed and the stylesheet did not"


def test_the_stylesheet_and_the_script_are_small() -> None:
    assert len(gzip.compress((SITE / "static" / "site.css").read_bytes(), 9)) <= CSS_MOST
    assert len(gzip.compress((SITE / "static" / "site.js").read_bytes(), 9)) <= JS_MOST


def test_nothing_is_loaded_from_elsewhere_and_no_markup_is_made_from_text() -> None:
    css = (SITE / "static" / "site.css").read_text("utf-8")
    js = (SITE / "static" / "site.js").read_text("utf-8")
    assert not re.search(r"url\((?!#)|@import|@font-face", css)
    assert not re.search(
        r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage|cookie", js
    )

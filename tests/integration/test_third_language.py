"""A third language is a folder: every page speaks it as far as it is translated, and English beyond that."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from babel.messages.pofile import read_po, write_po
from fastapi.testclient import TestClient

from ledger.errors import Refused
from ledger.settings import Settings
from public_site import i18n
from public_site.app import create_app
from tests import builders as b
from tests.addresses import addresses
from tests.markup import text_of

ROOT = Path(__file__).parents[2]
TOLD: dict[Any, Any] = {
    "Money in": "Argent reçu",
    ("%(num)s record", "%(num)s records"): ("%(num)s dossier", "%(num)s dossiers"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A French that somebody has begun with our tool."""
    folder = tmp_path / "locales"
    command = [sys.executable, str(ROOT / "tools/translations.py"), "fr", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, timeout=120)
    path = folder / "fr" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale="fr")
    for message in catalog:
        key = tuple(message.id) if isinstance(message.id, list | tuple) else message.id
        if key in TOLD:
            message.string = TOLD[key]
    with path.open("wb") as file:
        write_po(file, catalog)
    (folder / "fr" / "terms.toml").write_text(
        '[stage]\npayment = "Payé"\npledge = { word = "Promis", means = "Annoncé." }\n', "utf-8"
    )
    return folder


@pytest.fixture
def speaking(settings: Settings, folder: Path) -> Iterator[Settings]:
    yield settings.model_copy(update={"locales": str(folder)})
    i18n.add(None)


@pytest.fixture
def site(sqlite_engine: sa.Engine, speaking: Settings) -> Iterator[TestClient]:
    b.published(sqlite_engine, speaking, b.register(), b.chain())
    with TestClient(create_app(speaking, b.register(), sqlite_engine)) as client:
        client.headers["accept"] = "text/html"
        yield client


def test_every_page_speaks_it_as_far_as_it_is_translated(site: TestClient) -> None:
    for path in addresses():
        page = site.get(f"/fr{path}")
        assert page.status_code == 200, path
        assert '<html lang="fr">' in page.text
        assert "Argent reçu" in page.text and ">Money in<" not in page.text
        for code, name in (("en", "English"), ("es", "Español")):
            assert re.search(rf'<a href="/{code}/[^"]*" lang="{code}" hreflang="{code}">{name}</a>', page.text), path
        assert '<strong lang="fr">français</strong>' in page.text
        assert page.text.count('rel="alternate" hreflang=') == 4  # three languages and the default
    for code in ("en", "es"):
        page = site.get(f"/{code}/")
        assert 'lang="fr" hreflang="fr">français</a>' in page.text and "Argent reçu" not in page.text


def test_words_plurals_dates_and_what_is_not_translated(site: TestClient) -> None:
    purchase = b.chain()[3].ocid
    shown = text_of(site.get(f"/fr/process/{purchase}").text)
    assert "Payé" in shown and "mai 2020" in shown
    assert "Agreed to pay" in shown  # not translated: English
    meaning = site.get("/fr/jurisdiction/bz").text
    assert "Annoncé." in meaning and "Promis" in meaning
    found = text_of(site.get("/fr/search").text)
    assert re.search(r"\d dossiers", found)
    assert "Inicio" not in shown and "Contract" in shown


def test_browsers_robots_and_forms_find_it(site: TestClient) -> None:
    answer = site.get("/", headers={"accept-language": "fr-CA,fr;q=0.9,en;q=0.5"}, follow_redirects=False)
    assert answer.headers["location"] == "/fr/"
    part = site.get("/sitemap-1.xml").text
    assert 'hreflang="fr"' in part and "https://ledger.example.org/fr/jurisdiction/bz" in part
    assert "Disallow: /fr/search?" in site.get("/robots.txt").text
    ocid = b.chain()[3].ocid
    for page in ("ask", "ask.txt", "question", "field-report", "citation"):
        assert site.get(f"/fr/process/{ocid}/{page}").status_code == 200, page
    refused = site.get("/fr/process/nothing")
    assert refused.status_code == 404 and '<html lang="fr">' in refused.text
    said = site.post(
        f"/fr/process/{ocid}/question",
        data={"token": "a" * 24, "text": "Où sont arrivés les masques de mai ?"},
        follow_redirects=False,
    )
    assert said.headers["location"] == f"/fr/process/{ocid}/said"
    assert site.get(said.headers["location"]).status_code == 200


def test_without_the_folder_there_is_no_such_language(sqlite_engine: sa.Engine, settings: Settings) -> None:
    b.published(sqlite_engine, settings, b.register(), b.chain())
    site = TestClient(create_app(settings, b.register(), sqlite_engine))
    assert site.get("/fr/").status_code == 404
    assert "français" not in site.get("/en/").text
    assert i18n.languages() == ("en", "es")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda f: (f / "fr" / "language.toml").write_text("name = "), "fr"),
        (lambda f: (f / "fr" / "language.toml").unlink(), "language.toml"),
        (lambda f: (f / "fr" / "language.toml").write_text('name = "X"\nlocale = "xx_nowhere"'), "xx"),
        (lambda f: (f / "fr" / "LC_MESSAGES" / "messages.po").unlink(), "messages.po"),
        (lambda f: (f / "fr" / "terms.toml").write_text("["), "fr"),
        (lambda f: (f / "fr").rename(f / "Français!"), "code of a language"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_what_is_wrong(folder: Path, broken: Any, says: str) -> None:
    broken(folder)
    with pytest.raises(Refused) as refusal:
        i18n.add(folder)
    i18n.add(None)
    assert refusal.value.code == "locale" and says in str(refusal.value.params)
    with pytest.raises(Refused):
        i18n.add(folder / "nowhere")
    i18n.add(None)

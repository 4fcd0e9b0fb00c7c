"""Words, amounts and dates in the reader's language: complete, exact, and never shortened."""

from __future__ import annotations

import re
import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.tables import STAGES
from public_site import i18n
from public_site.pages.filters import _CHOICES, _FIELDS

ROOT = Path(__file__).parents[3]


def messages() -> dict[Any, Any]:
    found = runpy.run_path(str(ROOT / "tools" / "translations.py"))["found"]()
    return {tuple(m.id) if isinstance(m.id, tuple | list) else m.id: m for m in found if m.id}


def test_every_sentence_of_every_template_is_in_spanish() -> None:
    catalog = i18n.catalog("es")
    missing, broken = [], []
    for id in messages():
        message = catalog.get(id[0] if isinstance(id, tuple) else id)
        strings = (
            message.string
            if message is not None and isinstance(message.string, tuple)
            else [message and message.string]
        )
        if message is None or message.fuzzy or not all(strings):
            missing.append(id)
            continue
        for one, other in zip(id if isinstance(id, tuple) else (id,), strings, strict=True):
            if sorted(re.findall(r"%\(\w+\)s", one)) != sorted(re.findall(r"%\(\w+\)s", other or "")):
                broken.append((one, other))
    assert not missing, f"run tools/translations.py, then translate: {missing}"
    assert not broken


def test_no_translation_is_left_of_a_sentence_that_is_gone() -> None:
    used = set(messages())
    unused = [
        m.id
        for m in i18n.catalog("es")
        if m.id and (tuple(m.id) if isinstance(m.id, tuple | list) else m.id) not in used
    ]
    assert not unused


def test_every_code_has_its_word_in_both_languages() -> None:
    for group, codes in i18n.terms().items():
        for code, entry in codes.items():
            assert {"en", "es"} <= set(entry), (group, code)
            assert ("means_en" in entry) == ("means_es" in entry), (group, code)
    known = i18n.terms()
    assert set(STAGES) == set(known["stage"])
    assert set(_FIELDS) - {"sort", "after"} <= set(known["filter"])
    for name, choices in _CHOICES.items():
        assert name == "flag" or set(choices) <= set(known[name]), name  # a check brings its own words
    assert set(known["nothing"]) == {"not_published", "not_applicable", "unclear", "withheld"}


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234567.5", "BZD", "BZD 1,234,567.50"),
        ("0", "USD", "USD 0.00"),
        ("-3", "USD", "USD −3.00"),
        ("364796998", "JPY", "JPY 364,796,998"),
        ("1.5", "KWD", "KWD 1.500"),
        ("123456789012345.67", "BRL", "BRL 123,456,789,012,345.67"),
    ],
)
def test_amounts_are_whole_and_name_their_currency(amount: str, currency: str, shown: str) -> None:
    for code in i18n.languages():
        assert i18n.language(code).amount(Decimal(amount), currency).replace("\u00a0", " ") == shown


def test_dates_are_as_exact_as_they_are_known() -> None:
    en, es = i18n.language("en"), i18n.language("es")
    assert en.date("2020-05-14") == "14 May 2020" and es.date("2020-05-14") == "14 de mayo de 2020"
    assert en.date("2020-05-06") == "6 May 2020" and es.date("2020-05-06") == "6 de mayo de 2020"
    assert en.date("2020-05") == "May 2020" and es.date("2020-05") == "mayo de 2020"
    assert en.date("2020") == es.date("2020") == "2020"
    assert en.date("soon") == "soon"
    assert en.moment("2020-05-14T23:30:00Z") == "14 May 2020, 23:30 UTC"


def test_a_browser_gets_the_language_that_it_ranks_first() -> None:
    assert i18n.chosen("es-BZ,es;q=0.9,en;q=0.8") == "es"
    assert i18n.chosen("fr,es;q=0.5") == "es"
    assert i18n.chosen("es;q=0.1,en;q=0.7") == "en"
    assert i18n.chosen("") == i18n.chosen("fr") == i18n.chosen("es;q=0") == i18n.chosen("es;q=x") == "en"

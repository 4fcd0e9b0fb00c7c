"""Everything that changes with the reader's language: sentences, words for codes, amounts, numbers, dates.

In: gettext catalogues under `locale/` (read from .po at start, so that no build step can be forgotten) and
`ledger/words/terms.toml`. Out: one `Language` a language. English is the language of the message ids. Read `Language`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from gettext import NullTranslations
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from ledger.values import PartialDate, exponent

LANGUAGES = ("en", "es")

# Amounts and dates are written as in Belize in both languages: 1,234.50 (the first users' country).
_LOCALES = {"en": "en_BZ", "es": "es_BZ"}


@cache
def terms() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        (files("ledger") / "words" / "terms.toml").read_text("utf-8")
    )
    return found


def catalog(language: str) -> Catalog:
    """Return the translators' catalogue of a language. Raises FileNotFoundError for one that nobody has made."""
    path = files("public_site") / "locale" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


class _Translations(NullTranslations):
    def __init__(self, messages: Mapping[str | tuple[str, str], str | tuple[str, ...]]) -> None:
        super().__init__()
        self.messages = messages

    def gettext(self, message: str) -> str:
        found = self.messages.get(message)
        return found if isinstance(found, str) and found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self.messages.get((msgid1, msgid2))
        if isinstance(found, tuple) and all(found):
            return found[0 if n == 1 else 1]
        return msgid1 if n == 1 else msgid2


def _translations(language: str) -> _Translations:
    if language == "en":
        return _Translations({})
    messages: dict[str | tuple[str, str], str | tuple[str, ...]] = {}
    for message in catalog(language):
        if message.id and message.string and not message.fuzzy:
            id, string = message.id, message.string
            messages[(id[0], id[1]) if isinstance(id, tuple | list) else id] = (
                tuple(string) if isinstance(string, tuple | list) else string
            )
    return _Translations(messages)


class Language:
    """One language as pages use it. Amounts are never shortened: K and M hide what matters."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.locale = Locale.parse(_LOCALES[code])
        self.translations = _translations(code)

    def __repr__(self) -> str:
        return f"Language({self.code!r})"

    def term(self, group: str, code: str | None) -> str:
        """Return the reader's word for a code; a code that nobody foresaw is shown as it is."""
        entry = terms().get(group, {}).get(code or "")
        return entry[self.code] if entry else str(code or "")

    def meaning(self, group: str, code: str) -> str:
        return terms().get(group, {}).get(code, {}).get(f"means_{self.code}", "")

    def name(self, names: Mapping[str, str]) -> str:
        """Return the name in this language, else in English, else in whatever language there is."""
        return names.get(self.code) or names.get("en") or next(iter(names.values()), "")

    def amount(self, value: Decimal, currency: str) -> str:
        """`XTS 1,234.50`: the code always, minor units always, a true minus sign for what was returned."""
        places = exponent(currency)
        pattern = "#,##0" + ("." + "0" * places if places else "")
        shown = _decimal(abs(value), pattern, self.locale)
        sign = "\u2212" if value < 0 else ""
        return f"{currency}\u00a0{sign}{shown}"

    def number(self, value: Decimal | int) -> str:
        shown = _decimal(abs(Decimal(value)), "#,##0.####", self.locale)
        sign = "\u2212" if value < 0 else ""
        return f"{sign}{shown}"

    def date(self, text: str) -> str:
        """Write a partial date as exactly as it is known: `14 May 2020`, `May 2020`, `2020`; else as typed."""
        try:
            on = PartialDate.parse(text)
        except ValueError:
            return text
        if on.month is None:
            return str(on.year)
        day = date(on.year, on.month, on.day or 1)
        if on.day is None:
            pattern = "MMMM y" if self.code == "en" else "MMMM 'de' y"
            return format_date(day, pattern, locale=self.locale)
        return _long(day, self.code, self.locale)

    def moment(self, at: datetime | str) -> str:
        """Write a time in UTC and say so: readers of one ledger sit in different zones."""
        when = datetime.fromisoformat(at) if isinstance(at, str) else at
        when = when.astimezone(UTC)
        shown: str = format_datetime(when, "HH:mm", tzinfo=UTC, locale=self.locale)
        return f"{_long(when.date(), self.code, self.locale)}, {shown} UTC"


@lru_cache(maxsize=50_000)  # a list writes the same counts and amounts again and again
def _decimal(value: Decimal, pattern: str, locale: Locale) -> str:
    shown: str = format_decimal(value, format=pattern, locale=locale)
    return shown


@lru_cache(maxsize=5_000)
def _long(day: date, code: str, locale: Locale) -> str:
    # Not the locale's own long form: in en_BZ that is "06 May 2020".
    return format_date(day, "d MMMM y" if code == "en" else "d 'de' MMMM 'de' y", locale=locale)


@cache
def language(code: str) -> Language:
    return Language(code)


def chosen(accept_language: str) -> str:
    """Return the language that a browser asks for, as Accept-Language ranks them; English when it asks for neither."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, params = part.strip().partition(";")
        try:
            weight = float(params.partition("q=")[2] or 1)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, position, tag.split("-")[0].lower()))
    return next((code for weight, _, code in sorted(ranked) if code in LANGUAGES and weight < 0), "en")


def context_of(code: str) -> dict[str, Any]:
    """What every template may call: `term`, `meaning`, `amount`, `number`, `date`, `moment`, `name`."""
    it = language(code)
    return {
        "lang": it.code,
        "term": it.term,
        "meaning": it.meaning,
        "amount": it.amount,
        "number": it.number,
        "date": it.date,
        "moment": it.moment,
        "name": it.name,
    }

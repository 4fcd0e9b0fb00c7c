"""Everything that changes with the reader's language: sentences, words for codes, amounts, numbers, dates.

In: one folder a language, in `locale/` or in `LEDGER_LOCALES` (docs/translating.md): a gettext catalogue, read from the
.po at start so that no build step can be forgotten, and what it says of itself; and `ledger/words/terms.toml`. Out: one
`Language` a language. English is the language of the message ids, and stands in for what a language lacks. Read
`Language`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from gettext import NullTranslations, c2py
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from ledger.errors import Refused
from ledger.values import PartialDate, exponent

T = TypeVar("T")
_CODE = re.compile(r"[a-z]{2,3}")
_more: dict[str, Path] = {}


@dataclass(frozen=True, slots=True)
class Written:
    """What a language's folder says of it: its own name, and how it writes."""

    name: str
    locale: Locale
    day: str
    month: str
    terms: Mapping[str, Mapping[str, Mapping[str, str]]]


def add(folder: Path | None) -> None:
    """Take the languages of a folder beside those of the package, for this process; None: only those.

    Raises Refused, with the file and what is wrong in it, for a folder that is no language.
    """
    _more.clear()
    for known in (languages, folders, written, catalog, language):
        known.cache_clear()
    if folder is None:
        return
    if not folder.is_dir():
        raise Refused("locale", file=str(folder), problem="no such folder")
    _more.update({path.name: path for path in sorted(folder.iterdir()) if path.is_dir()})
    for code, path in _more.items():
        if not _CODE.fullmatch(code):
            raise Refused("locale", file=str(path), problem="its name is no code of a language, such as fr or bzj")
        try:
            written(code)
            catalog(code)
        except (OSError, ValueError, KeyError, UnknownLocaleError, PoFileError) as problem:
            raise Refused("locale", file=str(path), problem=str(problem)[:200]) from problem


@cache
def folders() -> dict[str, Traversable]:
    """The folder of each language, by its code."""
    own = files("public_site") / "locale"
    return {**{f.name: f for f in own.iterdir() if f.is_dir() and _CODE.fullmatch(f.name)}, **_more}


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that the site speaks: English, and the others by code."""
    return ("en", *sorted(folders().keys() - {"en"}))


@cache
def written(code: str) -> Written:
    folder = folders()[code]
    told = tomllib.loads((folder / "language.toml").read_text("utf-8"))
    terms = folder / "terms.toml"
    return Written(
        told["name"],
        Locale.parse(told["locale"]),
        told.get("day", "d MMMM y"),
        told.get("month", "MMMM y"),
        tomllib.loads(terms.read_text("utf-8")) if terms.is_file() else {},
    )


def said(words: Mapping[str, T], code: str) -> T:
    """What `words` (by language) says in a language, else in English."""
    return words[code] if code in words else words["en"]


@cache
def terms() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        (files("ledger") / "words" / "terms.toml").read_text("utf-8")
    )
    return found


@cache
def catalog(code: str) -> Catalog:
    """Return the translators' catalogue of a language. Raises FileNotFoundError for one that nobody has made."""
    path = folders()[code] / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


class _Translations(NullTranslations):
    def __init__(
        self, messages: Mapping[str | tuple[str, str], str | tuple[str, ...]], plural: Callable[[int], int]
    ) -> None:
        super().__init__()
        self.messages, self.plural = messages, plural

    def gettext(self, message: str) -> str:
        found = self.messages.get(message)
        return found if isinstance(found, str) and found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self.messages.get((msgid1, msgid2))
        if isinstance(found, tuple) and all(found):
            return found[min(self.plural(n), len(found) - 1)]
        return msgid1 if n == 1 else msgid2


def _translations(language: str) -> _Translations:
    if language == "en":
        return _Translations({}, lambda n: n != 1)
    messages: dict[str | tuple[str, str], str | tuple[str, ...]] = {}
    for message in catalog(language):
        if message.id and message.string and not message.fuzzy:
            id, string = message.id, message.string
            messages[(id[0], id[1]) if isinstance(id, tuple | list) else id] = (
                tuple(string) if isinstance(string, tuple | list) else string
            )
    return _Translations(messages, c2py(catalog(language).plural_expr))


class Language:
    """One language as pages use it. Amounts are never shortened: K and M hide what matters."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.written = written(code)
        self.locale = self.written.locale
        self.translations = _translations(code)

    def __repr__(self) -> str:
        return f"Language({self.code!r})"

    def term(self, group: str, code: str | None) -> str:
        """Return the reader's word for a code; a code that nobody foresaw is shown as it is."""
        entry = {**terms().get(group, {}).get(code or "", {}), **self._own(group, code or "")}
        return str(said(entry, self.code)) if entry else str(code or "")

    def meaning(self, group: str, code: str) -> str:
        entry = terms().get(group, {}).get(code, {})
        own = self._own(group, code).get("means")
        return own or entry.get(f"means_{self.code}") or entry.get("means_en", "")

    def _own(self, group: str, code: str) -> Mapping[str, str]:
        """What the language's own folder calls a code: one word, or a word and what it means."""
        told = self.written.terms.get(group, {}).get(code, {})
        if isinstance(told, str):
            return {self.code: told}
        return {**told, **({self.code: told["word"]} if "word" in told else {})}

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
            return format_date(day, self.written.month, locale=self.locale)
        return _long(day, self.written.day, self.locale)

    def moment(self, at: datetime | str) -> str:
        """Write a time in UTC and say so: readers of one ledger sit in different zones."""
        when = datetime.fromisoformat(at) if isinstance(at, str) else at
        when = when.astimezone(UTC)
        shown: str = format_datetime(when, "HH:mm", tzinfo=UTC, locale=self.locale)
        return f"{_long(when.date(), self.written.day, self.locale)}, {shown} UTC"


@lru_cache(maxsize=50_000)  # a list writes the same counts and amounts again and again
def _decimal(value: Decimal, pattern: str, locale: Locale) -> str:
    shown: str = format_decimal(value, format=pattern, locale=locale)
    return shown


@lru_cache(maxsize=5_000)
def _long(day: date, pattern: str, locale: Locale) -> str:
    # Not the locale's own long form: in en_BZ that is "06 May 2020".
    return format_date(day, pattern, locale=locale)


@cache
def language(code: str) -> Language:
    return Language(code)


def chosen(accept_language: str) -> str:
    """Return the language that a browser asks for, as Accept-Language ranks them; else English."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, params = part.strip().partition(";")
        try:
            weight = float(params.partition("q=")[2] or 1)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, position, tag.split("-")[0].lower()))
    return next((code for weight, _, code in sorted(ranked) if code in languages() and weight < 0), "en")


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

"""What a field *is*, for every kind of sheet: one place that templates, matching, parsing and dictionaries read.

In: the TOML files beside this one, which an officer can read and correct. Out: `Kind` and `Field` values. What must
hold *between* fields is not here but in `ledger.rules`. Read `kind` first.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

NAMES = ("aid", "donations", "deliveries", "programmes", "procurement", "payments", "organizations", "rates")
HXL = "hxl"
"""The language of synonyms that are tags of the Humanitarian Exchange Language, not headings."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column that the ledger understands.

    `path` says where in OCDS its value goes (`+` is any entry of an array); empty for what never reaches a release.
    `sensitivity`: public, internal (not published) or personal (never leaves the reader).
    """

    name: str
    type: str
    label: Mapping[str, str]
    synonyms: Mapping[str, tuple[str, ...]]
    required: bool = False
    sensitivity: str = "public"
    codelist: str = ""
    path: str = ""
    help: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    words: frozenset[str] = field(init=False, compare=False, repr=False)
    """Every heading that means this field, folded. HXL tags are no words: see `tags`."""

    def __post_init__(self) -> None:
        told = [w for language, several in self.synonyms.items() if language != HXL for w in several]
        # Kept, because every heading of every sheet is compared with all of them.
        object.__setattr__(self, "words", frozenset(folded(w) for w in (*told, *self.label.values(), self.name)))

    @property
    def is_public(self) -> bool:
        return self.sensitivity == "public"

    @property
    def tags(self) -> frozenset[str]:
        """The HXL tags that mean this field, canonical: `#org+name+provider`, attributes in alphabetical order."""
        return frozenset(self.synonyms.get(HXL, ()))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of sheet; `sheet_words` are names that such sheets have, folded."""

    name: str
    label: Mapping[str, str]
    fields: tuple[Field, ...]
    sheet_words: frozenset[str]

    def field(self, name: str) -> Field:
        """Return a field by name. Raises KeyError: names are promises."""
        return next_or_key_error(self.fields, name)


def next_or_key_error(fields: tuple[Field, ...], name: str) -> Field:
    for f in fields:
        if f.name == name:
            return f
    raise KeyError(name)


@lru_cache(maxsize=100_000)  # headings and codes come again and again; long texts pass through
def folded(text: str) -> str:
    """Return words for comparing: lower case, no accents, punctuation a blank: `Nº de contrato:` is `n de contrato`."""
    flat = unicodedata.normalize("NFKD", text.replace("º", "").replace("°", "").replace("#", " # "))
    flat = "".join(c for c in flat if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^a-z0-9#%]+", " ", flat).strip()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("ledger") / "catalogue" / f"{name}.toml").read_text("utf-8"))


def _field(entry: Mapping[str, Any], required: bool, more: Mapping[str, list[str]] | None = None) -> Field:
    told = {language: [*words] for language, words in entry.get("synonyms", {}).items()}
    for language, words in (more or {}).items():
        told[language] = [*told.get(language, ()), *words]
    return Field(
        entry["name"],
        entry["type"],
        entry["label"],
        {language: tuple(words) for language, words in told.items()},
        required or entry.get("required", False),
        entry.get("sensitivity", "public"),
        entry.get("codelist", ""),
        entry.get("path", ""),
        entry.get("help", {}),
        entry.get("example", ""),
    )


def kinds() -> tuple[str, ...]:
    """The names of the kinds, in the order in which a chain is told: agreement, gift, budget, contract, payment."""
    return NAMES


@cache
def kind(name: str) -> Kind:
    """Return one kind with all its fields. Raises KeyError for an unknown name."""
    if name not in NAMES:
        raise KeyError(name)
    told = _read(name)
    shared = {entry["name"]: entry for entry in _read("common")["field"]}
    must = set(told.get("required", ()))
    # The donor is what a donation is about, and one of many in an agreement: each kind says for itself.
    # `more`: words that mean a shared field in this kind only, such as `foreign currency` in a table of rates.
    more = told.get("more", {})
    entries = (*told["field"], *(shared[n] for n in told["common"]))
    fields = [_field(e, e["name"] in must, more.get(e["name"])) for e in entries]
    words = frozenset(folded(w) for several in told["sheet"].values() for w in several)
    return Kind(name, told["label"], tuple(fields), words)


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    label: Mapping[str, str]
    words: frozenset[str]


@cache
def codes(codelist: str) -> tuple[Code, ...]:
    """Return a codelist's codes with every word that means them. Raises KeyError for an unknown list."""
    return tuple(
        Code(code, entry["label"], frozenset(folded(w) for w in (*entry["words"], *entry["label"].values(), code)))
        for code, entry in _read("codes")[codelist].items()
    )

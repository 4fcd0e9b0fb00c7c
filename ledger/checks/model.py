"""What a check is, what it answers, and its words in both languages.

A check's docstring is its public text in English: title, what it looks at, why it may matter, innocent explanations
(lines with "- "), then the limit and its reason. The same in Spanish, and the sentence of a match in both, stand in
`ledger/words/checks.toml`. Limits are parameters, written into the text by name. Pure. Read `check` first.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ledger.checks.facts import Facts

APPLIES, CLEAR, UNKNOWN, UNCONCERNED = "applies", "does_not_apply", "cannot_be_told", "not_applicable"
COMPARED = "compared"  # no outcome yet: other records decide it (`compared`)

OUTCOMES: Mapping[str, str] = {APPLIES: "a", CLEAR: "d", UNKNOWN: "?", UNCONCERNED: "-", COMPARED: "."}
"""Each outcome with the letter that it is stored as."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number behind a result: exact text, what it is, where it stands.

    `kind` is money, number, percent, date or text. `locator` is empty when it was worked out from the others; `ocid`
    names another record, `release` an earlier release of the record in which it stood so.
    """

    name: str
    value: str
    kind: str
    currency: str = ""
    locator: str = ""
    ocid: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check says of one part of a record. `part` is a locator, "" for the whole; `missing` are field codes."""

    outcome: str
    part: str
    numbers: tuple[Number, ...] = ()
    missing: tuple[str, ...] = ()


def applies(part: str, *numbers: Number) -> Result:
    return Result(APPLIES, part, numbers)


def clear(part: str, *numbers: Number) -> Result:
    return Result(CLEAR, part, numbers)


def unknown(part: str, *missing: str) -> Result:
    return Result(UNKNOWN, part, (), missing)


Function = Callable[[Facts], Iterator[Result]]


@dataclass(frozen=True, slots=True)
class Text:
    """The public text of a check in one language; `said` is the sentence of a match, its numbers named in braces."""

    title: str
    looks_at: str
    matters: str
    innocent: tuple[str, ...]
    limit: str
    said: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what it is called in addresses, its version, its limits. `compares`: it looks at other records too."""

    code: str
    version: int
    limits: Mapping[str, Any]
    function: Function
    compares: bool = False

    def text(self, language: str) -> Text:
        told = _words()["check"][self.code]
        if language not in told or language == "en":
            return Text(**_read(inspect.cleandoc(self.function.__doc__ or ""), self.limits), said=told["en"]["said"])
        own = told[language]
        shown = {k: own[k].format_map(dict(self.limits)) for k in ("title", "looks_at", "matters", "limit")}
        return Text(**shown, innocent=tuple(own["innocent"]), said=own["said"])


CHECKS: dict[str, Check] = {}


def check(code: str, version: int, compares: bool = False, **limits: Any) -> Callable[[Function], Function]:
    """Register a check. A change of what it answers raises its version, and `rebuild` makes the stored ones again."""

    def known(function: Function) -> Function:
        assert code not in CHECKS, code
        CHECKS[code] = Check(code, version, limits, function, compares)
        return function

    return known


def limit(code: str, name: str) -> Any:
    return CHECKS[code].limits[name]


def results(facts: Facts) -> dict[str, tuple[Result, ...]]:
    """Return what every check says of a record, by code and in the order in which checks are known."""
    return {code: tuple(told.function(facts)) for code, told in CHECKS.items()}


def outcome(told: tuple[Result, ...]) -> str:
    """The one outcome of a check for a whole record: a match in one part is a match."""
    there = {r.outcome for r in told}
    return next((o for o in (APPLIES, COMPARED, UNKNOWN, CLEAR) if o in there), UNCONCERNED)


def label(group: str, code: str, language: str) -> str:
    """The reader's words for a number, a missing field or an outcome."""
    told = _words()[group][code]
    return str(told.get(language) or told["en"])


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("ledger") / "words" / "checks.toml").read_text("utf-8"))


def _read(doc: str, limits: Mapping[str, Any]) -> dict[str, Any]:
    title, looks_at, matters, innocent, why = (" ".join(p.split()) for p in doc.split("\n\n"))
    return {
        "title": title.rstrip("."),
        "looks_at": looks_at.format_map(dict(limits)),
        "matters": matters,
        "innocent": tuple(line.strip() for line in f" {innocent}".split(" - ") if line.strip()),
        "limit": why.format_map(dict(limits)),
    }

"""When two prices may be compared: the same goods, the same unit, the same grade.

In: an item of a contract. Out: how its goods, grade and unit are recognised, and how many basic units its unit holds.
A box counts as fifty pieces only when the unit itself says "box of 50". Pure. Read `unit`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from tomllib import loads
from typing import Any

from ledger.arcs import folded


@cache
def _words() -> dict[str, Any]:
    return loads((files("ledger") / "words" / "units.toml").read_text("utf-8"))


@cache
def _same() -> dict[str, str]:
    return {folded(word): unit for unit, words in _words()["unit"].items() for word in (unit, *words)}


@cache
def _grades() -> dict[str, str]:
    return {folded(word): grade for grade, words in _words()["grade"].items() for word in (grade, *words)}


def unit(name: str) -> tuple[str, int]:
    """Return the basic unit and how many of it: `Box of 50` is (piece, 50), `caja` is (box, 1), `each` is (piece, 1).

    A pack that says what is in it is counted in that: `caja de 12 frascos` is (bottle, 12).
    """
    words = folded(name)
    if words in _same():
        return _same()[words], 1
    packs, of, dozen = ("|".join(map(re.escape, sorted(_words()[k]))) for k in ("packs", "of", "dozen"))
    if told := re.fullmatch(rf"(?:{packs})(?: (?:{of}))? (\d{{1,6}})(?: (.+))?", words):
        return _basic(told[2]), int(told[1])
    if told := re.fullmatch(rf"(\d{{1,6}}) ?(.+) (?:{of}) (?:{packs})", words):
        return _basic(told[2]), int(told[1])
    if told := re.fullmatch(rf"(?:{dozen})(?: (?:{of}) (.+))?", words):
        return _basic(told[1]), 12
    return words, 1


def _basic(words: str | None) -> str:
    return _same().get(words, words) if words else "piece"


def grade(description: str) -> str:
    """Return the grades that a description names, "" when it names none: surgical and FFP2 masks are two things."""
    words = f" {folded(description)} "
    return "+".join(sorted({g for word, g in _grades().items() if f" {word} " in words}))


def goods(item: Mapping[str, Any]) -> str:
    """Return how the goods are recognised: scheme and id of their classification, else the very words; "" for none."""
    classification = item.get("classification") or {}
    if classification.get("scheme") and classification.get("id"):
        return f"{classification['scheme']}/{classification['id']}"
    words = folded(str(item.get("description") or "")).replace(" ", "-")
    return f"text/{words}" if words else ""

"""Measure how hard our own sentences are to read, and write docs/reference/reading-level.md.

    python tools/reading_level.py

By LIX (C. H. Björnsson, 1968): words a sentence, plus the share of words of more than six letters in percent. It needs
no syllables, so it is the same measure in every language: below 30 is a children's book, 40 a newspaper, over 60 a law.
Spanish words are longer: the same text scores some 8 points more than in English. Read `measured`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ledger.checks import CHECKS
from public_site import i18n

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "reference" / "reading-level.md"
MOST = {"en": 32.0, "es": 42.0}
"""What a group of texts may have; a test holds it."""
_HOLE = re.compile(r"%\(\w+\)s|\{\w*\}|`[^`]*`")
_SENTENCE = re.compile(r"[.!?:]+(?:\s|$)|\n")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def lix(texts: Iterable[str]) -> tuple[float, int]:
    """The measure over texts, and how many words they have. What is filled in later is no word of ours."""
    words = long_ones = sentences = 0
    for text in texts:
        for sentence in _SENTENCE.split(_HOLE.sub("", text)):
            found = _WORD.findall(sentence)
            if len(found) < 4:
                continue  # a label, not a sentence
            sentences += 1
            words += len(found)
            long_ones += sum(len(w) > 6 for w in found)
    return (words / sentences + 100 * long_ones / words if words else 0.0), words


def pages(language: str) -> Iterator[str]:
    """The sentences of the public pages and the desk."""
    for message in i18n.catalog("es"):
        if message.id:
            told: Any = message.id if language == "en" else message.string
            yield from (told,) if isinstance(told, str) else told


def words(name: str, language: str) -> Iterator[str]:
    """What a file of `ledger/words` says in a language, at any depth, by its own keys or by the endings of keys."""

    def inside(told: Any, mine: bool) -> Iterator[str]:
        if isinstance(told, str):
            if mine:
                yield told
        elif isinstance(told, list):
            for one in told:
                yield from inside(one, mine)
        elif isinstance(told, dict):
            for key, one in told.items():
                if key not in ("example", "code"):
                    other = (key in MOST and key != language) or key.endswith(
                        tuple(f"_{c}" for c in MOST if c != language)
                    )
                    yield from inside(one, not other and (mine or key == language or key.endswith(f"_{language}")))

    for path in sorted((ROOT / "ledger" / "words").glob(f"{name}.toml")):
        yield from inside(tomllib.loads(path.read_text("utf-8")), False)


def explained(language: str) -> Iterator[str]:
    """What the checks say of themselves in English: their docstrings."""
    for check in CHECKS.values() if language == "en" else ():
        told = check.text(language)
        yield from (told.looks_at, told.matters, told.limit, *told.innocent)


def measured() -> list[tuple[str, str, float, int]]:
    """Every group of texts: (what, language, LIX, words)."""
    found = []
    for language in MOST:
        groups = [
            ("Pages and desk", pages(language)),
            ("Words for codes, and what they mean", words("terms", language)),
            ("Messages about files", words("findings/*", language)),
            ("Refusals", words("refusals", language)),
            ("Checks", [*words("checks", language), *explained(language)]),
            ("Letters", words("letters", language)),
            ("Templates", words("template", language)),
        ]
        found += [(what, language, *lix(texts)) for what, texts in groups]
    return found


def main() -> None:
    rows = "\n".join(f"| {what} | {code} | {level:.0f} | {count:,} |" for what, code, level, count in measured())
    OUT.write_text(
        f"""# How hard our texts are to read

Made by `python tools/reading_level.py`; a test holds every group below {MOST["en"]:.0f} in English and
{MOST["es"]:.0f} in Spanish. LIX is the number of words a sentence plus the percentage of words longer than six
letters: about 30 is easy, 40 a newspaper, 60 a law. Spanish words are longer: the same text scores higher.

| Texts | Language | LIX | Words |
|---|---|---|---|
{rows}
""",
        "utf-8",
    )


if __name__ == "__main__":
    main()

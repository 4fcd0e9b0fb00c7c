"""Every refusal has words in both languages, and is given everything that its words speak of."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

from ledger import errors

ROOT = Path(__file__).parents[3]
ROOMS = ("ocds", "ledger", "importers", "public_site")
WORDS = tomllib.loads((ROOT / "ledger" / "words" / "refusals.toml").read_text("utf-8"))
CLASSES = {c.__name__ for c in errors.LedgerError.__subclasses__()}


def raised() -> Iterator[tuple[str, str, set[str] | None]]:
    """Where, which code, and the names of its params (None: not written out there)."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in CLASSES:
                    names = {k.arg for k in node.keywords if k.arg is not None}
                    written_out = len(names) == len(node.keywords)
                    at = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield at, str(node.args[0].value), names if written_out else None


def spoken_of(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_every_refusal_says_what_and_what_to_do_in_both_languages() -> None:
    for code, languages in WORDS.items():
        assert set(languages) == {"en", "es"}, code
        for language, words in languages.items():
            assert set(words) == {"what", "fix"}, (code, language)
            assert all(text.strip() for text in words.values()), (code, language)
        english, spanish = (spoken_of("".join(languages[each].values())) for each in ("en", "es"))
        # A field's name is another word in each language: {label} and {etiqueta}.
        assert english == {"label" if name == "etiqueta" else name for name in spanish}, code


def test_every_refusal_that_is_raised_has_words_and_what_they_speak_of() -> None:
    found = list(raised())
    assert len(found) > 30, "the search itself must work"
    wordless = {f"{at} {code}" for at, code, _ in found if code not in WORDS}
    assert not wordless
    for at, code, params in found:
        words = "".join(text for language in WORDS[code].values() for text in language.values())
        assert params is None or spoken_of(words) <= params, f"{at} {code}"

"""Bring the translators' catalogues up to date with the templates: new messages come in empty, unused ones go.

In: `public_site/templates`. Out: `public_site/locale/<language>/LC_MESSAGES/messages.po`. Run it after changing a
sentence, then translate what is empty; a test fails until that is done. Read `found`.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SITE = Path(__file__).parents[1] / "public_site"
LANGUAGES = ("es",)  # English is the language of the messages themselves


def found() -> Catalog:
    """Return every message of the templates, with the files that use it."""
    catalog = Catalog(project="covid-ledger", charset="utf-8")
    options = {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
    methods = [("**.html", "jinja2.ext.babel_extract"), ("**.xml", "jinja2.ext.babel_extract")]
    words = extract_from_dir(
        SITE / "templates",
        methods,
        {"**.html": options, "**.xml": options},
        {"_": None, "gettext": None, "ngettext": (1, 2)},
    )
    for file, _, message, _, _ in sorted(words, key=lambda w: (w[0], w[1])):
        # No line numbers: they would change with every edit of a template and say nothing to a translator.
        catalog.add(message, locations=[(file, 0)])
    return catalog


def po(language: str) -> Path:
    return SITE / "locale" / language / "LC_MESSAGES" / "messages.po"


def main() -> None:
    for language in LANGUAGES:
        with po(language).open("rb") as file:
            known = read_po(file, locale=language)
        known.update(found(), no_fuzzy_matching=True)
        known.obsolete.clear()
        with po(language).open("wb") as file:
            write_po(
                file, known, omit_header=False, include_lineno=False, sort_output=False, ignore_obsolete=True, width=100
            )


if __name__ == "__main__":
    main()

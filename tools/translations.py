"""Bring the translators' catalogues up to date with the templates: new messages come in empty, unused ones go.

    python tools/translations.py              the languages of the package
    python tools/translations.py fr FOLDER    FOLDER/fr: a new language to begin with, or one of `LEDGER_LOCALES`

In: `public_site/templates`. Out: `<language>/LC_MESSAGES/messages.po`. Run it after changing a sentence, then translate
what is empty; for the languages of the package a test fails until that is done. Read `found`, and docs/translating.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel import Locale
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


def po(language: str, locale: Path = SITE / "locale") -> Path:
    return locale / language / "LC_MESSAGES" / "messages.po"


def renew(file: Path, language: str) -> None:
    """Bring one catalogue up to date; begin it where there is none."""
    known = Catalog(locale=language, project="covid-ledger", charset="utf-8")
    if file.exists():
        with file.open("rb") as was:
            known = read_po(was, locale=language)
    known.update(found(), no_fuzzy_matching=True)
    known.obsolete.clear()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        write_po(
            out, known, omit_header=False, include_lineno=False, sort_output=False, ignore_obsolete=True, width=100
        )


def main() -> None:
    if len(sys.argv) == 1:
        for language in LANGUAGES:
            renew(po(language), language)
        return
    language, folder = sys.argv[1], Path(sys.argv[2])
    renew(po(language, folder), language)
    about = folder / language / "language.toml"
    if not about.exists():
        name = Locale.parse(language).get_display_name(language) or language
        about.write_text(f'name = "{name}"\nlocale = "{language}"\nday = "d MMMM y"\nmonth = "MMMM y"\n', "utf-8")


if __name__ == "__main__":
    main()

"""A blank workbook for one kind of sheet, made from the catalogue: filled in where nothing else exists.

One data sheet with a header that the importer knows, drop-down lists, date and number checks; the example of each
column and what it means stand in the header's comment, so that no example row is ever imported. A second sheet says
in six sentences how to fill it in. Text is written as text: a title that begins with `=` is not a formula.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import xlsxwriter

from importers.staged import LISTS_SHEET
from ledger import catalogue
from ledger.catalogue import Field, folded
from ledger.errors import Refused
from ledger.settings import Jurisdiction
from ledger.values import Money, PartialDate, number

LANGUAGES = ("en", "es")
ROWS = 2_000  # rows for which checks and lists are set up
WIDE, NARROW = 28, 16


USUAL = ("USD", "EUR", "GBP", "CAD", "CHF", "JPY", "CNY", "TWD", "BZD", "MXN", "GTQ", "HNL", "BBD", "XCD", "TTD", "JMD")
"""Currencies that donors pay in, behind the jurisdiction's own in the drop-down list; others may be typed."""


def offered(kind: str) -> list[Field]:
    """The columns that a template of this kind has: none that is private, none for a row's number, and one currency for
    all amounts of a row (`pledge.currency` and its like are for the sheets of others)."""
    fields = catalogue.kind(kind).fields
    return [f for f in fields if f.type != "row" and f.sensitivity != "personal" and not f.name.endswith(".currency")]


def write_template(
    kind: str,
    language: str,
    out: Path,
    filled: Iterable[Mapping[str, Any]] | None = None,
    jurisdiction: Jurisdiction | None = None,
    known: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the workbook to `out`. `filled`: rows to start from, values by catalogue field (text, Decimal, Money,
    date or PartialDate); a field that is not the template's raises KeyError. `jurisdiction`: whose currency comes first
    and whose areas are offered. `known`: by field, what is public already and may be chosen: organisations, numbers."""
    if language not in LANGUAGES:
        raise Refused("unknown_language", language=language)
    told = catalogue.kind(kind)
    words = _words()
    fields = offered(kind)
    book = xlsxwriter.Workbook(str(out), {"strings_to_formulas": False, "strings_to_urls": False})
    try:
        book.set_custom_property("covid-ledger template", f"{kind}/{language}")
        data = book.add_worksheet(_label(told.label, language)[:31])
        _explain(book, words, language)
        lists = _lists(book, fields, language, jurisdiction, known or {})
        _header(book, data, fields, language, words)
        _checks(data, fields, lists, language, words)
        _rows(book, data, [f.name for f in fields], filled or ())
    finally:
        book.close()


def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("ledger") / "words" / "template.toml").read_text("utf-8"))


def _label(labels: Mapping[str, str], language: str) -> str:
    return labels.get(language) or labels["en"]


def _explain(book: Any, words: Mapping[str, Any], language: str) -> None:
    sheet = book.add_worksheet(words["sheet"][language])
    sheet.set_column(0, 0, 100)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for n, sentence in enumerate(words["instructions"][language]):
        sheet.write_string(n, 0, sentence, wrapped)


def _lists(
    book: Any,
    fields: Iterable[Field],
    language: str,
    jurisdiction: Jurisdiction | None,
    known: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Write every list into a hidden sheet and name it: Excel allows long lists only so."""
    sheet = book.add_worksheet(LISTS_SHEET)
    sheet.hide()
    names: dict[str, str] = {}
    for field in fields:
        choices = _choices(field, language, jurisdiction) or known.get(field.name, ())
        if not choices:
            continue
        column = len(names)
        name = f"list_{column + 1}"
        for n, choice in enumerate(choices):
            sheet.write_string(n, column, choice)
        letter = xlsxwriter.utility.xl_col_to_name(column)
        book.define_name(name, f"={LISTS_SHEET}!${letter}$1:${letter}${len(choices)}")
        names[field.name] = f"={name}"
    return names


def _choices(field: Field, language: str, jurisdiction: Jurisdiction | None) -> list[str]:
    if field.codelist:
        return [_label(c.label, language) for c in catalogue.codes(field.codelist)]
    if field.type == "currency":
        own = [jurisdiction.currency] if jurisdiction and jurisdiction.currency else []
        return list(dict.fromkeys([*own, *USUAL]))
    if field.type == "place" and jurisdiction:
        # "Belize" is a country, a district and a city: the code says which, where a name alone does not.
        whole = {folded(n) for n in jurisdiction.names.values()}
        told = [(_label(a.names, language), a.code) for a in jurisdiction.areas]
        return sorted(code if folded(name) in whole else name for name, code in told)
    return []


def _header(book: Any, sheet: Any, fields: Iterable[Field], language: str, words: Mapping[str, Any]) -> None:
    must = book.add_format(
        {"bold": True, "bg_color": "#1D3557", "font_color": "#FFFFFF", "text_wrap": True, "border": 1}
    )
    may = book.add_format({"bold": True, "bg_color": "#E6ECF2", "text_wrap": True, "border": 1})
    text = book.add_format({"num_format": "@"})
    money = book.add_format({"num_format": "#,##0.00"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    formats = {"money": money, "date": day, "quantity": None, "number": None, "percent": None}
    for n, field in enumerate(fields):
        wide = WIDE if field.type in ("text", "place") else NARROW
        sheet.set_column(n, n, wide, formats.get(field.type, text))
        sheet.write_string(0, n, _label(field.label, language), must if field.required else may)
        sheet.write_comment(0, n, _comment(field, language, words), {"x_scale": 2, "author": "covid-ledger"})
    sheet.freeze_panes(1, 0)


def _comment(field: Field, language: str, words: Mapping[str, Any]) -> str:
    about = field.help.get(language) or field.help.get("en", "")
    parts = [about, words["required"][language] if field.required else ""]
    if field.example:
        parts.append(words["example"][language].format(example=field.example))
    return "\n".join(p for p in parts if p)


def _checks(
    sheet: Any, fields: Iterable[Field], lists: Mapping[str, str], language: str, words: Mapping[str, Any]
) -> None:
    """Set what Excel checks while typing. Everything only warns: the importer reads more than Excel can check."""
    for n, field in enumerate(fields):
        rule: dict[str, Any] | None = None
        if field.name in lists:
            rule = {"validate": "list", "source": lists[field.name]}
        elif field.type == "date":
            rule = {
                "validate": "date",
                "criteria": "between",
                "minimum": date(2015, 1, 1),
                "maximum": date(2035, 12, 31),
            }
        elif field.type in ("money", "quantity", "number", "percent"):
            rule = {"validate": "decimal", "criteria": "between", "minimum": -1e15, "maximum": 1e15}
        if rule is not None:
            told = words["check"][language]
            sheet.data_validation(
                1,
                n,
                ROWS,
                n,
                {**rule, "error_type": "warning", "error_title": told["title"], "error_message": told["text"]},
            )


def _rows(book: Any, sheet: Any, names: list[str], filled: Iterable[Mapping[str, Any]]) -> None:
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for n, row in enumerate(filled, 1):
        for name, value in row.items():
            column = names.index(name) if name in names else None
            if column is None:
                raise KeyError(name)
            if value is None:
                continue
            if isinstance(value, Money):
                value = value.amount
            if isinstance(value, Decimal):
                sheet.write_number(n, column, number(value))
            elif isinstance(value, PartialDate) and value.precision == "day":
                sheet.write_datetime(n, column, value.first_day(), day)
            elif isinstance(value, date):
                sheet.write_datetime(n, column, value, day)
            else:
                sheet.write_string(n, column, str(value))

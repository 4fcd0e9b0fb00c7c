"""The blank workbook: what it asks for, in which language, and that nothing in it is a formula."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from importers import parsing, template
from ledger import catalogue
from ledger.errors import Refused
from ledger.settings import Area, Jurisdiction
from ledger.values import Money, PartialDate


def opened(tmp_path: Path, kind: str, language: str, **how: object) -> openpyxl.Workbook:
    out = tmp_path / "t.xlsx"
    template.write_template(kind, language, out, **how)  # type: ignore[arg-type]
    return openpyxl.load_workbook(io.BytesIO(out.read_bytes()))


@pytest.mark.parametrize("language", template.LANGUAGES)
@pytest.mark.parametrize("kind", catalogue.kinds())
def test_every_heading_is_one_that_the_catalogue_knows(tmp_path: Path, kind: str, language: str) -> None:
    book = opened(tmp_path, kind, language)
    headings = [cell.value for cell in book.worksheets[0][1]]
    asked = [f for f in catalogue.kind(kind).fields if f.type != "row" and f.sensitivity != "personal"]
    asked = [f for f in asked if not f.name.endswith(".currency")]  # one currency for all amounts of a row
    assert headings == [f.label[language] for f in asked]
    assert len(headings) == len(set(headings)), "two columns with one heading cannot be told apart"


def test_at_most_six_sentences_of_instruction(tmp_path: Path) -> None:
    for language in template.LANGUAGES:
        sheet = opened(tmp_path, "payments", language).worksheets[1]
        assert 1 <= sheet.max_row <= 6


def test_the_example_stands_in_the_comment_and_in_no_row(tmp_path: Path) -> None:
    sheet = opened(tmp_path, "payments", "es").worksheets[0]
    assert sheet.max_row == 1
    comments = [c.comment.text for c in sheet[1] if c.comment]
    assert len(comments) == sheet.max_column and any("Ejemplo" in c for c in comments)


def test_codes_are_lists_and_dates_are_checked(tmp_path: Path) -> None:
    book = opened(tmp_path, "aid", "en")
    rules = list(book.worksheets[0].data_validations.dataValidation)
    assert {v.type for v in rules} == {"list", "date", "decimal"}
    assert book[template.LISTS_SHEET].sheet_state == "hidden"


def test_a_text_that_looks_like_a_formula_is_a_text(tmp_path: Path) -> None:
    amount, day = Money(Decimal("12.50"), "BZD"), PartialDate(2020, 5, 14)
    rows = [{"title": "=1+1", "amount": amount, "date": day, "aid.id": "+7"}]
    sheet = opened(tmp_path, "aid", "en", filled=rows).worksheets[0]
    row = {c.value: c.data_type for c in sheet[2] if c.value is not None}
    assert row["=1+1"] == "s" and row["+7"] == "s" and row[12.5] == "n"


def test_a_field_that_the_kind_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        opened(tmp_path, "rates", "en", filled=[{"supplier.name": "x"}])
    with pytest.raises(Refused):
        opened(tmp_path, "rates", "xx")


def test_currencies_and_areas_of_the_register_are_offered(tmp_path: Path) -> None:
    areas = (Area("BZ-BZ", {"en": "Belize", "es": "Belice"}), Area("BZ-TOL", {"en": "Toledo"}))
    belize = Jurisdiction("bz", {"en": "Belize", "es": "Belice"}, "BZD", areas=areas)
    book = opened(tmp_path, "deliveries", "en", jurisdiction=belize)
    lists = [[c.value for c in column if c.value] for column in book[template.LISTS_SHEET].columns]
    assert ["BZ-BZ", "Toledo"] in lists  # the district that is called like the country is offered by its code
    assert any(told[:2] == ["BZD", "USD"] for told in lists)
    places = parsing.Places.of(belize)
    assert [places.find(name) for name in ("BZ-BZ", "Toledo")] == ["BZ-BZ", "BZ-TOL"]

"""The friendly tables: harmless text, exact amounts, columns that all have words, a manifest that tells the truth."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.arcs import Arc, arcs
from ledger.totals import of_arcs
from public_site.exports import bulk, friendly, manifest
from tests import builders

ATTACKS = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "'=1", "''=1", '=HYPERLINK("http://x")')
README = {"name": "Ledger", "number": "1", "published": "2020-06-01T12:00:00Z", "license": "CC BY"}


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_cell_starts_a_formula(text: str) -> None:
    assert not friendly.guarded(text).startswith(friendly._STARTS_A_FORMULA)
    assert friendly.unguarded(friendly.guarded(text)) == text


@given(st.text())
def test_the_guard_is_taken_off_without_loss(text: str) -> None:
    assert friendly.unguarded(friendly.guarded(text)) == text


def test_harmless_text_stays_as_it_is() -> None:
    for text in ("Face masks", "'quoted'", "1,500", "", "50 - 60"):
        assert friendly.guarded(text) == text


@pytest.mark.parametrize(
    ("value", "shown"), [("12.5000", "12.50"), ("-3", "-3.00"), ("53192767.2840", "53192767.284"), ("0.0000", "0.00")]
)
def test_amounts_are_plain_exact_digits(value: str, shown: str) -> None:
    assert manifest.plain(Decimal(value)) == shown


def test_every_column_has_words_in_both_languages() -> None:
    words = friendly.words()
    used = {c for t in words["table"].values() for c in t["columns"]}
    assert used == set(words["column"])
    for column in words["column"].values():
        assert set(column) == {"type", "en", "es", "help_en", "help_es"}
    assert {s for t in words["table"].values() for s in t.get("stages", ())} == set(words["stage"])


def the_tables(folder: Path) -> list[Arc]:
    """Write one aid process and one purchase; its arcs."""
    written: list[Arc] = []
    out = friendly.Tables(folder, "https://ledger.example.org", README, datetime(2020, 6, 1, tzinfo=UTC))
    for process in builders.chain():
        compiled = {"ocid": process.ocid, **process.draft.body}
        movements = arcs(compiled, process.kind, process.jurisdiction, process.publisher)
        record = {
            "ocid": process.ocid,
            "kind": process.kind,
            "jurisdiction": process.jurisdiction,
            "publisher": process.publisher,
            "title": "=cmd|' /C calc'!A0",
            "on": None,
            "method": None,
            "first_date": "2020-06-01T12:00:00Z",
            "date": "2020-06-01T12:00:00Z",
            "release_count": 1,
            "withdrawn": False,
        }
        out.process(record, compiled, movements, of_arcs(movements))
        written += movements
    out.organizations([])
    out.close()
    return written


def test_tables_read_back_as_the_arcs_they_were_written_from(tmp_path: Path) -> None:
    written = the_tables(tmp_path)
    found: dict[str, Decimal] = {}
    rows = 0
    for path in sorted((tmp_path / "csv").glob("*.csv")):
        count, told = manifest.of_table(path) if path.stem != "data_dictionary" else (0, [])
        rows += count if told else 0
        for t in told:
            found[f"{t['stage']} {t['currency']} {t['in_kind']} {t['loan']}"] = Decimal(t["amount"])
    expected = {f"{t.stage} {t.currency} {t.in_kind} {t.loan}": t.amount for t in of_arcs(written)}
    assert found == expected
    assert rows == len(written)


def test_goods_loans_and_money_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    the_tables(tmp_path)
    for path in (tmp_path / "csv").glob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                filled = [c for c in (*manifest.AMOUNTS, "amount_not_counted") if row.get(c)]
                assert len(filled) <= 1
                if row.get("in_kind") == "true":
                    assert filled in ([], ["amount_in_kind"], ["amount_not_counted"])


def test_no_text_of_a_source_becomes_a_formula_in_the_files(tmp_path: Path) -> None:
    the_tables(tmp_path)
    with (tmp_path / "csv" / "contracts.csv").open(newline="", encoding="utf-8-sig") as file:
        titles = {row["title"] for row in csv.DictReader(file)}
    assert titles == {"'=cmd|' /C calc'!A0"}
    for lang in friendly.LANGUAGES:
        book = openpyxl.load_workbook(tmp_path / "xlsx" / f"ledger-{lang}.xlsx")
        kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds
        book.close()


def test_workbooks_hold_amounts_as_exact_numbers(tmp_path: Path) -> None:
    written = the_tables(tmp_path)
    book = openpyxl.load_workbook(tmp_path / "xlsx" / "ledger-en.xlsx", read_only=True)
    head, *rows = list(book["Payments"].iter_rows(values_only=True))
    amounts = [Decimal(str(r[head.index("Amount (money)")])) for r in rows]
    book.close()
    assert sorted(amounts) == sorted(a.amount for a in written if a.stage == "payment" and a.amount is not None)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    the_tables(tmp_path / "one")
    the_tables(tmp_path / "two")
    for path in sorted((tmp_path / "one").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_a_linked_release_has_an_address_that_names_it() -> None:
    url = bulk.release_url("https://x.example/", {"ocid": "ocds-1-A", "id": "ocds-1-A-0001"})
    assert url == "https://x.example/ocds/releases/ocds-1-A/ocds-1-A-0001#ocds-1-A-0001"


def test_a_folder_without_manifest_is_told_so(tmp_path: Path) -> None:
    assert manifest.problems(tmp_path) == [f"{tmp_path / 'manifest.json'}: there is no manifest"]

"""The laws of reading on every spreadsheet that is bundled here, and on sheets that nobody wrote on purpose."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers import sheet, staging
from ledger.settings import Jurisdiction, register
from tests import laws

EXAMPLES = Path(__file__).parents[2] / "examples"
BUNDLED = sorted(p for p in EXAMPLES.rglob("*") if p.suffix in (".xls", ".xlsx", ".csv", ".ods"))
BELIZE = Jurisdiction("bz", {"en": "Belize"}, "BZD", ("en", "es"), "BZ")


@pytest.mark.parametrize("path", BUNDLED, ids=lambda p: "/".join(p.parts[-2:]))
def test_the_laws_hold_on_every_bundled_file(path: Path) -> None:
    where = {"minas-gerais": "MG", "ghana": "GH", "belize": "BZ"}.get(path.parent.name, "EX")
    known = register(EXAMPLES / "ledger.toml")
    assert laws.broken(path, known.jurisdiction(where)) == []


CELLS = st.sampled_from(
    [
        "",
        "-",
        "n/a",
        "0",
        "100",
        "1,234.56",
        "1.234,56",
        "(500.00)",
        "BZ$ 1,500",
        "US$20",
        "2 million",
        "14/05/2020",
        "May 2020",
        "Masks",
        "Ministry of Health",
        "TOTAL",
        "Total",
        "Example Ltd.",
        "C-1",
        "#adm1",
        "350",
        "'=1+1",
        "Contract number",
        "Amount",
        "Corozal",
        "12,5",
        "1 234,5",
        "x" * 300,
    ]
)
HEADS = st.sampled_from(
    [
        "Contract number",
        "Title",
        "Buyer",
        "Supplier",
        "Contract value",
        "Amount",
        "Date",
        "Donor",
        "Item",
        "Quantity",
        "Unit",
        "Currency",
        "District",
        "",
        "Remarks",
        "Total",
        "Who?",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(HEADS, min_size=2, max_size=8, unique=True),
    st.lists(st.lists(CELLS, min_size=1, max_size=9), max_size=14),
    st.lists(st.lists(CELLS, max_size=3), max_size=3),
)
def test_the_laws_hold_on_sheets_that_nobody_wrote(
    tmp_path: Path, head: list[str], body: list[list[str]], above: list[list[str]]
) -> None:
    path = tmp_path / "sheet.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([*above, head, *body])
    assert laws.broken(path, BELIZE) == []


def test_a_lost_row_or_cell_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The laws themselves are checked: a reading that loses its last row, or changes a figure, breaks them."""
    path = tmp_path / "contracts.csv"
    path.write_text("Contract number,Buyer,Supplier,Contract value\nC1,MoH,A Ltd.,BZD 5.00\nC2,MoH,B Ltd.,BZD 7.00\n")
    assert laws.broken(path, BELIZE) == []
    read = sheet.table

    def losing(*told: object, **more: object) -> staging.StagedTable:
        found = read(*told, **more)  # type: ignore[arg-type]
        return staging.StagedTable(**{f: getattr(found, f) for f in found.__slots__} | {"rows": found.rows[:-1]})

    monkeypatch.setattr(sheet, "table", losing)
    assert any("not accounted for" in law for law in laws.broken(path, BELIZE))

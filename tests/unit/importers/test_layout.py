"""Where tables stand in a sheet: header bands, titles, side by side, one under the other; and what is none of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from importers import elsewhere, layout, mapping
from importers.mapping import NotOurs, Understanding


def cells(*rows: str) -> list[list[Any]]:
    """Rows written `a | b | 12`, as the sandbox gives them; figures are number cells."""

    def cell(text: str) -> Any:
        text = text.strip()
        if not text:
            return None
        return ["n", text] if text.replace(".", "", 1).isdigit() and not text.startswith("0") else ["s", text]

    return [[cell(t) for t in row.split("|")] for row in rows]


def read(rows: list[list[Any]], merges: Sequence[str] = ()) -> list[Understanding | NotOurs]:
    found = layout.blocks(rows, merges)
    told = [mapping.understood(rows, "Sheet1", block=b, alone=False) for b in found]
    return [t for t in told if t is not None]


def fields(told: Understanding | NotOurs) -> list[str | None]:
    assert isinstance(told, Understanding), told.said()
    return [c.field for c in told.choices]


def test_a_form_numbers_its_columns_under_the_header() -> None:
    rows = cells(
        "Contract No. | Description | Supplier | Amount (BZ$)",
        "(1) | (2) | (3) | (4)",
        "C-1 | Masks | Example Ltd. | 100",
        "C-2 | Gowns | Other Ltd. | 200",
    )
    block = layout.blocks(rows)[0]
    assert (block.header_rows, block.first, block.last) == ((1, 2), 3, 4)
    assert block.headings[3].shown == "Amount (BZ$)"


def test_a_row_of_units_belongs_to_the_header() -> None:
    rows = cells(
        "Contract No. | Supplier | Buyer | Amount | Quantity",
        " | | | BZ$ | units",
        "C-1 | Example Ltd. | Ministry | 100 | 4",
        "C-2 | Other Ltd. | Ministry | 200 | 5",
    )
    block = layout.blocks(rows)[0]
    assert (block.header_rows, block.headings[3].shown) == ((1, 2), "Amount (BZ$)")
    assert fields(read(rows)[0]) == ["contract.id", "supplier.name", "buyer.name", "amount", "item.quantity"]


@pytest.mark.parametrize("merges", [(), ("A1:A2", "B1:C1", "D1:E1", "F1:F2")])
def test_groups_over_names_with_and_without_merges(merges: tuple[str, ...]) -> None:
    rows = cells(
        "Donor | Pledge | | Received | | Remarks",
        " | Amount | Date | Amount | Date | ",
        "United Kingdom | 100 | 2020-05-01 | 50 | 2020-06-01 | by bank",
        "European Union | 200 | 2020-05-02 | 60 | 2020-06-02 | ",
        "Taiwan | 300 | 2020-05-02 | 70 | 2020-06-02 | ",
    )
    told = read(rows, merges)[0]
    expected = ["donor.name", "pledge.amount", "pledge.date", "disbursement.amount", "disbursement.date", "note"]
    assert fields(told) == expected
    assert isinstance(told, Understanding) and told.header_rows == (1, 2)


def test_the_same_names_in_two_languages_are_one_header() -> None:
    rows = cells(
        "Donor | Item | Quantity | Value",
        "Donante | Artículo | Cantidad | Valor",
        "United Kingdom | Masks | 100 | 200",
        "European Union | Gloves | 50 | 300",
    )
    told = read(rows)[0]
    assert isinstance(told, Understanding) and told.header_rows == (1, 2)
    assert fields(told) == ["donor.name", "item.description", "item.quantity", "amount"]


def test_titles_legends_and_sums_over_the_header_are_kept_as_lines_above() -> None:
    rows = cells(
        "GOVERNMENT OF EXAMPLE | | | ",
        "Ministry: | Ministry of Health | | ",
        " | | 17 | ",
        "Donor | Item | Quantity | Value",
        "United Kingdom | Masks | 100 | 200",
        "European Union | Gloves | 50 | 300",
    )
    block = layout.blocks(rows)[0]
    assert block.header_rows == (4,)
    assert [t for _, _, t in block.above] == ["GOVERNMENT OF EXAMPLE", "Ministry:", "Ministry of Health", "17"]


def test_a_table_per_district_one_under_the_other() -> None:
    rows = cells(
        "COROZAL DISTRICT | | | ",
        "Item | Quantity | Recipient | Date",
        "Masks | 100 | Clinic A | 2020-05-01",
        "Gloves | 50 | Clinic B | 2020-05-02",
        "Total | 150 | | ",
        " | | | ",
        "TOLEDO DISTRICT | | | ",
        "Item | Quantity | Recipient | Date",
        "Masks | 10 | Clinic C | 2020-05-01",
        "Total | 10 | | ",
    )
    found = layout.blocks(rows)
    assert [(b.header_rows, b.first, b.last, b.above[0][2]) for b in found] == [
        ((2,), 3, 5, "COROZAL DISTRICT"),
        ((8,), 9, 10, "TOLEDO DISTRICT"),
    ]


def test_a_header_repeated_on_each_page_does_not_cut_the_table() -> None:
    rows = cells(
        "Item | Quantity | Recipient | Date",
        "Masks | 100 | Clinic A | 2020-05-01",
        "Gloves | 50 | Clinic B | 2020-05-02",
        "Item | Quantity | Recipient | Date",
        "Masks | 10 | Clinic C | 2020-05-01",
    )
    assert [(b.first, b.last) for b in layout.blocks(rows)] == [(2, 5)]


def test_two_kinds_of_table_in_one_sheet() -> None:
    rows = cells(
        "Donations received | | | ",
        "Donor | Item | Quantity | Value (US$)",
        "United Kingdom | Masks | 100 | 200",
        " | | | ",
        "Contracts | | | ",
        "Contract no. | Supplier | Buyer | Contract value",
        "C-1 | Example Ltd. | Ministry | 100",
        "C-2 | Other Ltd. | Ministry | 200",
    )
    assert [t.kind for t in read(rows) if isinstance(t, Understanding)] == ["donations", "procurement"]


def test_side_by_side_and_a_spacer_column() -> None:
    apart = cells(
        "Donor | Amount | | Supplier | Contract value | Buyer",
        "United Kingdom | 100 | | Example Ltd. | 5 | Ministry",
        "European Union | 200 | | | | ",
        "Taiwan | 300 | | | | ",
    )
    assert [(b.left, b.right) for b in layout.blocks(apart)] == [(0, 2), (3, 6)]
    spacer = cells(
        "Contract no. | Supplier | Buyer | | Contract value | Contract date",
        "C-1 | Example Ltd. | Ministry | | 5 | 2020-05-01",
        "C-2 | Other Ltd. | Ministry | | 6 | 2020-05-02",
    )
    assert [(b.left, b.right) for b in layout.blocks(spacer)] == [(0, 6)]


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("summary", ("Row Labels | Sum of Amount", "Corozal | 100", "(blank) | ", "Grand Total | 100")),
        ("cross", ("Ministry | Jan 2020 | Feb 2020 | Mar 2020", "Health | 1 | 2 | 3", "Education | 1 | 2 | 3")),
        ("lookup", ("Code | District", "A-1 | Corozal", "A-2 | Toledo")),
        (
            "activities",
            (
                "Organization | Sector | Activity | Women reached | Men reached",
                "Example Relief | Health | Training | 10 | 9",
                "Other Relief | Food | Training | 7 | 8",
            ),
        ),
        ("survey", ("Clinic | Was it open? | Was there water? | Masks?", "A | yes | no | 3", "B | no | no | 2")),
    ],
)
def test_what_is_none_of_ours_is_named(code: str, rows: tuple[str, ...]) -> None:
    told = read(cells(*rows))[0]
    assert isinstance(told, NotOurs) and told.code == code
    assert told.said("en") and told.said("es") and told.short


def test_a_first_names_column_is_no_pivot() -> None:
    """French "nombre de" counts in a pivot; Spanish "nombre de" names somebody."""
    rows = cells("Nombre de la entidad | Nombre del proveedor", "Salud | Ejemplo S.A.", "Educación | Otra S.A.")
    block = layout.blocks(rows)[0]
    profiles = [mapping.profile([r[i] for r in rows[1:]]) for i in range(2)]
    assert elsewhere.other(rows, block, profiles, {"buyer.name", "supplier.name"}) == ""


def test_contracts_are_not_taken_for_payments() -> None:
    """A list of what was agreed must never be shown as paid because its buyer is not in a column."""
    rows = cells(
        "Contract No. | Description | Supplier | Amount",
        "C-1 | Masks | Example Ltd. | 100",
        "C-2 | Gowns | Other Ltd. | 200",
    )
    told = read(rows)[0]
    assert isinstance(told, Understanding) and told.kind == "procurement"
    paid = cells(
        "Contract No. | Payee | Amount paid",
        "C-1 | Example Ltd. | 100",
        "C-2 | Other Ltd. | 200",
    )
    told = read(paid)[0]
    assert isinstance(told, Understanding) and told.kind == "payments"


def test_tags_are_canonical() -> None:
    assert layout.canonical_tag(" #org +name+ Funder ") == "#org+funder+name"
    assert layout.canonical_tag("Organization") == ""


def test_the_title_of_the_second_table_is_its_own_over_a_gap() -> None:
    rows = cells(
        "Item | Quantity | Recipient",
        "Masks | 100 | Clinic A",
        "Total | 100 | ",
        " | | ",
        "The south, all amounts in US dollars | | ",
        " | | ",
        "Item | Quantity | Recipient",
        "Soap | 5 | Clinic B",
        "Gloves | 7 | Clinic C",
    )
    found = layout.blocks(rows)
    assert [t for _, _, t in found[1].above] == ["The south, all amounts in US dollars"]


def test_a_pivot_as_long_as_the_data_does_not_take_the_data_along() -> None:
    rows = cells(
        "Contract no. | Supplier | Buyer | Contract value | | Row Labels | Sum of Contract value",
        "C-1 | Example Ltd. | Ministry | 5 | | Health | 5",
        "C-2 | Other Ltd. | Ministry | 6 | | Grand Total | 11",
    )
    assert [(b.left, b.right) for b in layout.blocks(rows)] == [(0, 4), (5, 7)]


def test_a_second_row_with_one_tag_is_a_row_of_tags() -> None:
    rows = cells("Donor | Item | Quantity", "#org+funder | #item | #quantity", "#org | | ", "Example | Masks | 5")
    assert layout.blocks(rows)[0].first == 4

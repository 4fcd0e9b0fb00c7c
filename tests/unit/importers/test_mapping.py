"""Headings and values against the catalogue: what is taken, what is left open, what is never confused."""

from __future__ import annotations

from typing import Any

import pytest

from importers import layout, mapping
from importers.mapping import NotOurs, Understanding
from ledger import catalogue


def cells(*rows: str) -> list[list[Any]]:
    """Rows written `a | b | 12`, as the sandbox gives them; figures are number cells."""

    def cell(text: str) -> Any:
        text = text.strip()
        if not text:
            return None
        return ["n", text] if text.replace(".", "", 1).isdigit() and not text.startswith("0") else ["s", text]

    return [[cell(t) for t in row.split("|")] for row in rows]


def fields(found: Understanding | NotOurs | None) -> dict[str, str | None]:
    assert isinstance(found, Understanding), found
    return {c.header: c.field for c in found.choices if c.header}


MINISTRY = cells(
    "GOVERNMENT OF BELIZE | | | |",
    "MINISTRY OF HEALTH | | | |",
    "COVID-19 purchases, April to June 2020 | | | |",
    "| | | |",
    "S/N | Contract No. | Description of contract | Supplier | Contract Sum (BZ$)",
    "1 | C-1 | Masks | Example Medical Supplies Ltd. | 1500.50",
    "2 | C-2 | Gowns | Example Textiles Ltd. | 2750",
    "3 | C-3 | Gloves | Example Rubber Ltd. | 99",
)


def test_the_header_is_found_under_titles() -> None:
    assert layout.header_rows(MINISTRY) == (5,)


def test_the_row_number_is_told_from_the_contract_number() -> None:
    found = fields(mapping.understood(MINISTRY, "Sheet1", kind="procurement"))
    assert found["S/N"] == "row.number"
    assert found["Contract No."] == "contract.id"
    assert found["Contract Sum (BZ$)"] == "amount"


def test_hxl_tags_are_no_header() -> None:
    rows = cells(
        "Donor | Amount | Currency", "#org+funder | #value | #currency", "Example | 500 | USD", "Other | 7 | USD"
    )
    assert layout.header_rows(rows) == (1,)


def test_groups_over_equal_names_are_joined() -> None:
    rows = cells(
        "Round 5 | | Round 6 |",
        "Quantity | Donor | Quantity | Donor",
        "100 | Example | 200 | Other",
        "300 | Example | 400 | Other",
    )
    block = layout.blocks(rows)[0]
    assert block.header_rows == (1, 2)
    assert block.headings[2].shown == "Round 6 / Quantity"


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        ("Doador | Produto | Quantidade | Valor total", "donations"),
        ("Donante | Artículo | Cantidad | Valor", "donations"),
        ("Destinatário | Produto | Quantidade | Cidade", "deliveries"),
        ("Entidad contratante | Proveedor | Objeto del contrato | Monto del contrato", "procurement"),
        ("Autorité contractante | Fournisseur | Objet du marché | Montant du marché", "procurement"),
        ("Payment No. | Contract No. | Payee | Amount paid", "payments"),
        ("Donor | Agreement No. | Amount pledged | Amount disbursed", "aid"),
        ("Programme | Responsible ministry | Budget | Source of funds", "programmes"),
    ],
)
def test_the_kind_is_found_in_four_languages(headings: str, kind: str) -> None:
    names = headings.split("|")
    figures = ("quantidade", "cantidad", "valor", "monto", "montant", "amount", "budget", "total")
    row = " | ".join("120" if any(f in n.lower() for f in figures) else f"Example {i}" for i, n in enumerate(names))
    found = mapping.understood(cells(headings, row, row.replace("120", "75"), row), "Sheet1")
    assert isinstance(found, Understanding) and found.kind == kind


@pytest.mark.parametrize(
    ("heading", "value", "never"),
    [
        ("Unit cost", "12.5", "amount"),
        ("Payment date", "2020-05-01", "contract.date"),
        ("Invoice date", "2020-05-01", "contract.date"),
        ("Contract end date", "2020-05-01", "contract.date"),
        ("S/N", "Example", "contract.id"),
        ("Tender opening officer", "Somebody", "tender.date"),
        ("Budgeted staff", "12", "buyer.name"),
    ],
)
def test_what_must_not_match_does_not(heading: str, value: str, never: str) -> None:
    rows = cells(
        f"Buyer | Supplier | Contract value | {heading}",
        f"Ministry | Example Ltd. | 100 | {value}",
        f"Ministry | Other Ltd. | 200 | {value}",
    )
    assert fields(mapping.understood(rows, "Sheet1", kind="procurement"))[heading] != never


def test_values_veto_a_heading() -> None:
    """Ghana's merged file: under `Contract Award Price:` stand dates, because the rows are shifted."""
    rows = cells(
        "Buyer | Supplier | Amount",
        "Ministry | Example Ltd. | 14th September 2012",
        "Ministry | Other Ltd. | 3rd May 2013",
    )
    found = mapping.understood(rows, "Sheet1", kind="procurement")
    assert isinstance(found, Understanding)
    choice = next(c for c in found.choices if c.header == "Amount")
    assert choice.field is None and "dates" in str(choice.why)


def test_a_survey_is_not_forced_into_a_kind() -> None:
    rows = cells(
        "Question | Yes | No | No answer",
        "Did the clinic open? | 12 | 3 | 1",
        "Was water there? | 9 | 5 | 2",
        "Were there masks? | 7 | 7 | 2",
    )
    assert isinstance(mapping.understood(rows, "Results"), NotOurs)


def test_an_earlier_answer_wins() -> None:
    rows = cells("Who | What | How much", "Example | Masks | 12", "Other | Gowns | 7")
    names = [h.shown for h in layout.blocks(rows)[0].headings]
    answer = {"kind": "donations", "columns": {"Who": "donor.name", "What": "item.description", "How much": "amount"}}
    found = mapping.understood(rows, "S", saved=lambda mark, _: answer if mark == mapping.signature(names) else None)
    assert isinstance(found, Understanding)
    assert fields(found) == answer["columns"]
    assert {c.decided_by for c in found.choices} == {"mapping"}


def test_every_known_heading_finds_its_own_field() -> None:
    """A new synonym that another field of the kind already has would be decided by chance."""
    for name in catalogue.kinds():
        kind = catalogue.kind(name)
        for field in kind.fields:
            for word in field.words:
                others = [f.name for f in kind.fields if f is not field and word in f.words]
                allowed = {
                    "row.number",
                    "item.description",
                    "title",
                    "programme.id",
                    "description",
                    "source.name",
                    "aid.id",
                }
                assert set(others) <= allowed, (name, word, field.name, others)

"""Words for places inside a record: readers are told "payment", never a path."""

from __future__ import annotations

import pytest

from ledger import catalogue
from public_site.pages.labels import entry_of, is_minted, label_of


@pytest.mark.parametrize(
    ("locator", "english", "spanish"),
    [
        ("/contracts/=C-14/value/amount", "Contract value (C-14)", "Valor del contrato (C-14)"),
        (
            "/contracts/=C-1~12020/finance/=A-1/value/amount",
            "Part paid by this source (C-1/2020, A-1)",
            "Parte que paga",
        ),
        ("/planning/aid/items/=0123456789/quantity", "Quantity", "Cantidad"),
        ("/title", "Title", "Título"),
    ],
)
def test_a_place_has_words_and_the_numbers_that_people_know(locator: str, english: str, spanish: str) -> None:
    assert label_of(locator, "en") == english
    assert label_of(locator, "es").startswith(spanish)


def test_an_entry_is_named_after_what_it_is() -> None:
    at = "/contracts/=C-14/implementation/transactions/=P-1"
    assert entry_of(at, "en") == "payment (C-14, P-1)"
    assert entry_of(at, "es") == "pago (C-14, P-1)"


def test_ids_that_the_ledger_made_up_tell_a_reader_nothing() -> None:
    assert is_minted("001d33efa9") and is_minted("BZ-LEDGER-ministry-of-health")
    assert not is_minted("C-14") and not is_minted("PV-2020-1")


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_public_column_of_the_workbooks_has_a_label_in_both_languages(language: str) -> None:
    for kind in catalogue.kinds():
        for field in catalogue.kind(kind).fields:
            if field.path and field.is_public:
                assert label_of(field.path.replace("+", "=X-1"), language).strip(" ()X-1"), field.path

"""What records say, counted: a list says a thing when one of its members does, and nothing said is nothing counted."""

from __future__ import annotations

import pytest

from ledger import coverage
from ledger.coverage import Coverage


def contract(**more: object) -> dict[str, object]:
    return {
        "title": "Masks",
        "contracts": [{"id": "1", "value": {"amount": 5, "currency": "BZD"}}, {"id": "2"}],
        **more,
    }


def test_a_list_says_what_any_of_its_members_says() -> None:
    told = coverage.said(contract(), "procurement")
    assert "/contracts/+/value/amount" in told
    assert "/contracts/+/period/startDate" not in told and "/buyer/name" not in told


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_an_empty_value_says_nothing(nothing: object) -> None:
    assert "/buyer/name" not in coverage.said(contract(buyer={"name": nothing}), "procurement")
    assert "/buyer/name" in coverage.said(contract(buyer={"name": "Ministry of Health"}), "procurement")


def test_zero_is_something_that_was_said() -> None:
    told = {"contracts": [{"value": {"amount": 0}}]}
    assert "/contracts/+/value/amount" in coverage.said(told, "procurement")


def test_counts_name_every_field_and_never_more_than_there_are_records() -> None:
    counted = Coverage()
    counted.add("moh", "procurement", contract())
    counted.add("moh", "procurement", {"title": "Gowns"})
    counted.add("mof", "aid", {})
    aid, bought = counted.as_json()
    assert (bought["publisher"], bought["records"], aid["records"]) == ("moh", 2, 1)
    assert bought["fields"]["/contracts/+/value/amount"] == 1
    assert set(bought["fields"]) == set(coverage.paths("procurement"))
    assert all(0 <= n <= 2 for n in bought["fields"].values()) and not any(aid["fields"].values())


def test_private_fields_are_not_even_counted() -> None:
    labels = {label["en"] for kind in ("aid", "programme", "procurement") for label in coverage.paths(kind).values()}
    assert labels and not any("phone" in label.lower() or "e-mail" in label.lower() for label in labels)

"""Addresses inside a document: by position for readers, by id for what must stay true."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocds import paths, schema
from tests.unit.ocds import bodies

any_body = st.one_of(bodies.aid, bodies.programme, bodies.procurement)

DOC: dict[str, Any] = {
    "contracts": [
        {"id": "C-13"},
        {"id": "C/14~x", "value": {"amount": 5}, "gazetteer": {"identifiers": ["BZ-BZ", "BZ-OW"]}},
        {"title": "no id"},
    ],
    "tag": ["award"],
    "": {"a/b": 1},
}


@pytest.mark.parametrize(
    ("pointer", "locator"),
    [
        ("/contracts/1/value/amount", "/contracts/=C~114~0x/value/amount"),
        ("/contracts/0", "/contracts/=C-13"),
        ("/contracts/2/title", "/contracts/2/title"),
        ("/contracts/1/gazetteer/identifiers/1", "/contracts/=C~114~0x/gazetteer/identifiers/1"),
        ("/tag/0", "/tag/0"),
        ("//a~1b", "//a~1b"),
        ("", ""),
    ],
)
def test_a_locator_names_members_by_id_where_they_have_one(pointer: str, locator: str) -> None:
    assert paths.locator(DOC, pointer) == locator
    assert paths.pointer(DOC, locator) == pointer
    assert paths.find(DOC, locator) == paths.get(DOC, pointer)


def test_a_locator_stays_true_when_entries_are_inserted() -> None:
    at = paths.locator(DOC, "/contracts/1/value/amount")
    later = copy.deepcopy(DOC)
    later["contracts"].insert(0, {"id": "C-1"})

    assert paths.pointer(later, at) == "/contracts/2/value/amount"


@given(any_body)
def test_every_leaf_is_found_again_by_its_locator_and_its_pointer(body: dict[str, Any]) -> None:
    for locator, value in paths.leaves(body):
        pointer = paths.pointer(body, locator)
        assert pointer is not None
        assert paths.get(body, pointer) == value
        assert paths.find(body, locator) == value
        assert paths.locator(body, pointer) == locator


@given(any_body)
def test_no_two_leaves_share_a_locator(body: dict[str, Any]) -> None:
    found = [locator for locator, _ in paths.leaves(body)]

    assert len(found) == len(set(found))


@pytest.mark.parametrize("nowhere", ["/contracts/9", "/contracts/x", "/planning", "/tag/0/x", "/contracts/-1"])
def test_where_nothing_stands_nothing_is_made_up(nowhere: str) -> None:
    with pytest.raises(KeyError):
        paths.get(DOC, nowhere)
    with pytest.raises(KeyError):
        paths.locator(DOC, nowhere)
    assert paths.find(DOC, nowhere) is None
    assert paths.pointer(DOC, nowhere) is None


def test_arrays_that_are_replaced_whole_keep_positions_because_an_id_may_stand_twice() -> None:
    item = {"id": "1", "additionalClassifications": [{"scheme": "A", "id": "7"}, {"scheme": "B", "id": "7"}]}

    at = paths.locator({"items": [item]}, "/items/0/additionalClassifications/1/scheme")

    assert at == "/items/=1/additionalClassifications/1/scheme"
    assert paths.find({"items": [item]}, at) == "B"


def test_the_arrays_that_are_replaced_whole_are_those_of_the_schema() -> None:
    found = set()

    def walk(node: schema.Node) -> None:
        for key, child in node.members.items():
            if child.entries is not None:
                if child.entries.members and not child.by_id:
                    found.add(key)
                walk(child.entries)
            walk(child)

    walk(schema.release())
    assert found == paths.WHOLE_LISTS


def test_an_id_that_is_gone_is_not_another_entry() -> None:
    assert paths.find(DOC, "/contracts/=C-99/value") is None


def test_tokens_are_escaped() -> None:
    assert paths.join("a/b", 0, "~") == "/a~1b/0/~0"
    assert paths.member("a/b") == "=a~1b"

"""Where organisations are named: no place of the schema is forgotten, and each implies its role."""

from __future__ import annotations

import pytest

from ocds import schema
from ocds.references import ROLES, references


def test_every_field_that_the_schema_makes_a_reference_is_known() -> None:
    named = set()

    def walk(node: schema.Node) -> None:
        for key, child in node.members.items():
            for told in (child, child.entries):
                if told is not None and told.definition == "OrganizationReference":
                    named.add(key)
                elif told is not None:
                    walk(told)

    walk(schema.release())
    assert named == set(ROLES)


def test_every_role_is_a_code_of_the_standard_or_of_ours() -> None:
    assert {role for roles in ROLES.values() for role in roles} <= set(schema.codelist("partyRole"))


@pytest.mark.parametrize(
    ("flow", "giver", "taker"),
    [
        ("pledge", ("donor", "sourceParty", "funder"), ("aidRecipient",)),
        (
            "refund",
            ("donor", "sourceParty", "funder", "aidRecipient"),
            ("aidRecipient", "donor", "sourceParty", "funder"),
        ),
    ],
)
def test_money_that_goes_back_may_come_from_the_recipient(
    flow: str, giver: tuple[str, ...], taker: tuple[str, ...]
) -> None:
    told = {"id": "1", "type": flow, "sourceParty": {"id": "A"}, "destinationParty": {"id": "B"}}

    found = list(references({"planning": {"aid": {"flows": [told]}}}))

    assert [(r.pointer, r.id, r.roles) for r in found] == [
        ("/planning/aid/flows/0/sourceParty", "A", giver),
        ("/planning/aid/flows/0/destinationParty", "B", taker),
    ]
    assert not any(r.earned for r in found), "donors and recipients may be named before any flow"


def test_parties_themselves_are_no_references() -> None:
    assert list(references({"parties": [{"id": "A"}], "buyer": {"id": "A"}})) == [
        ("/buyer", {"id": "A"}, ("buyer",)),
    ]


def test_suppliers_are_found_entry_by_entry() -> None:
    [found] = references({"awards": [{"id": "1", "suppliers": [{"id": "A"}]}]})

    assert (found.pointer, found.earned) == ("/awards/0/suppliers/0", {"supplier"})

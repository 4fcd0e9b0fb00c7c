"""Merging: what a new release says leaves just the new state, and nothing that was taken back."""

from __future__ import annotations

import copy
import random
import warnings
from typing import Any

import ocdsmerge
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocds import check, merge, schema
from tests.unit.ocds import bodies
from tests.unit.ocds.bodies import published, release

KINDS = [bodies.aid, bodies.programme, bodies.procurement]
histories = st.sampled_from(KINDS).flatmap(
    lambda kind: st.lists(st.one_of(kind, kind, kind, bodies.withdrawn), min_size=2, max_size=4)
)


PLAIN = ocdsmerge.Merger(schema.release_schema())


def facts(value: Any, node: schema.Node | None = None) -> Any:
    """A document in which the order of entries does not matter: merging cannot change it."""
    node = node or schema.release()
    if isinstance(value, dict):
        return {k: facts(v, node.member(k)) for k, v in value.items()}
    if isinstance(value, list):
        kept = [facts(v, node.entries) for v in value]
        return sorted(kept, key=lambda e: str(e["id"])) if node.by_id else kept
    return value


IDENTITY = ("ocid", "id", "date", "tag", "initiationType", "language")


def content(doc: dict[str, Any]) -> Any:
    return facts({k: v for k, v in merge.tidy(doc).items() if k not in IDENTITY})


@given(histories)
@settings(max_examples=150, deadline=None)
def test_the_newest_body_is_all_that_stands_after_merging(history: list[dict[str, Any]]) -> None:
    releases = published(history)

    compiled = merge.compiled(releases)

    assert content(compiled) == content(history[-1])


@given(histories)
@settings(max_examples=150, deadline=None)
def test_what_supersedes_is_valid_and_refers_to_nothing_that_is_gone(history: list[dict[str, Any]]) -> None:
    releases = published(history)

    for told in [*releases, merge.compiled(releases)]:
        found = {p for p in check.problems(told) if p.code in SOUND}
        assert not found, found


SOUND = {"schema", "additional", "missing_id", "duplicate_id", "reference", "role", "award", "free_form"}


@given(histories, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_releases_in_a_file_does_not_matter(history: list[dict[str, Any]], chance: random.Random) -> None:
    releases = published(history)
    shuffled = copy.deepcopy(releases)
    chance.shuffle(shuffled)

    assert merge.compiled(shuffled) == merge.compiled(releases)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_compiling_is_plain_ocdsmerge_with_the_extended_schema(history: list[dict[str, Any]]) -> None:
    releases = published(history)

    assert merge.compiled(releases) == PLAIN.create_compiled_release(releases)


def spoiled(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The body with one place made null, empty, of another type or double: what other publishers' files hold."""
    places = [
        (holder, key)
        for holder in _holders(body)
        for key in (holder if isinstance(holder, dict) else range(len(holder)))
    ]

    def spoil(n: int, value: Any) -> dict[str, Any]:
        changed = copy.deepcopy(body)
        holders = [
            (holder, key)
            for holder in _holders(changed)
            for key in (holder if isinstance(holder, dict) else range(len(holder)))
        ]
        holder, key = holders[n]
        if value == "twice":
            if isinstance(holder, list):
                holder.append({**holder[key], "title": "again"} if isinstance(holder[key], dict) else holder[key])
        else:
            holder[key] = value
        return changed

    values = st.sampled_from([None, {}, [], 7, "twice", [{}], [{"id": None}], [{"title": "no id"}], {"x": None}])
    return st.builds(spoil, st.integers(0, len(places) - 1), values)


def _holders(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict | list) else []), *(h for v in inner for h in _holders(v))]


@given(st.one_of(KINDS).flatmap(lambda body: st.one_of(st.just(body), spoiled(body))))
@settings(max_examples=200, deadline=None)
def test_a_single_release_compiles_as_ocdsmerge_says_however_odd_it_is(body: dict[str, Any]) -> None:
    told = release(body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ocdsmerge.exceptions.DuplicateIdValueWarning)
        try:
            theirs = PLAIN.create_compiled_release([told])
        except Exception as refusal:
            with pytest.raises(type(refusal)):
                merge.compiled([told])
            return

        assert merge.compiled([told]) == theirs


@pytest.mark.parametrize(
    "odd",
    [
        {"parties": []},
        {"parties": [{"id": "P"}, {"id": "P", "name": "Alpha"}]},
        {"awards": [{"id": 1, "title": "Masks"}]},
        {"tender": {"id": "T", "items": []}},
        {"tender": {"id": "T", "value": {}}},
        {"tender": {"id": "T", "value": {"amount": None}}},
        {"tender": {"id": "T", "additionalProcurementCategories": []}},
        {"tender": {"id": "T", "title": None}},
        {"unknown": [{"id": "1", "x": None}]},
    ],
)
@pytest.mark.filterwarnings("ignore::ocdsmerge.exceptions.DuplicateIdValueWarning")
def test_what_merging_would_change_is_left_to_ocdsmerge(odd: dict[str, Any]) -> None:
    assert merge.compiled([release(odd)]) == PLAIN.create_compiled_release([release(odd)])


@given(st.one_of(KINDS))
@settings(max_examples=60, deadline=None)
def test_publishing_the_same_body_again_adds_nothing(body: dict[str, Any]) -> None:
    before = merge.compiled([release(body)])

    assert merge.superseding(before, body) == body


def test_the_first_release_is_the_body_itself() -> None:
    body = {"title": "Masks"}

    assert merge.superseding(None, body) is body


# --- the ways in which OCDS makes taking back hard, one each -------------------------------------------------------


def after(first: dict[str, Any], second: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    releases = published([first, second])
    return releases[-1], merge.compiled(releases)


def test_an_amount_is_taken_back_by_nulls_in_its_members_because_an_object_may_not_be_null() -> None:
    told, compiled = after(
        {"tender": {"id": "T", "title": "Masks", "value": {"amount": 5, "currency": "BZD"}}},
        {"tender": {"id": "T", "title": "Masks"}},
    )

    assert told["tender"]["value"] == {"amount": None, "currency": None}
    assert compiled["tender"]["value"] == {}
    assert "value" not in merge.tidy(compiled)["tender"]


def test_an_aid_flow_that_was_wrong_keeps_its_id_and_type_and_no_figure() -> None:
    flows = [
        {"id": n, "type": "receipt", "value": {"amount": 5, "currency": "USD"}, "date": "2020-05-01T00:00:00Z"}
        for n in "12"
    ]
    told, compiled = after(
        {"planning": {"aid": {"id": "A", "flows": flows}}}, {"planning": {"aid": {"flows": flows[:1]}}}
    )

    gone = {"id": "2", "type": "receipt", "value": {"amount": None, "currency": None}, "date": None}
    assert told["planning"]["aid"]["flows"][1] == gone
    assert [f["id"] for f in merge.tidy(compiled)["planning"]["aid"]["flows"]] == ["1"]


def test_a_contract_that_was_wrong_keeps_the_award_that_the_schema_demands() -> None:
    award = {"id": "A", "title": "Masks", "suppliers": [{"id": "P", "name": "Alpha"}]}
    party = {"id": "P", "name": "Alpha", "roles": ["supplier"]}
    told, compiled = after(
        {"parties": [party], "awards": [award], "contracts": [{"id": "C", "awardID": "A", "title": "Masks"}]},
        {"title": "Nothing was bought"},
    )

    assert told["contracts"] == [{"id": "C", "awardID": "A", "title": None}]
    assert told["awards"] == [{"id": "A", "title": None, "suppliers": [{"id": "P", "name": None}]}]
    assert told["parties"] == [{"id": "P", "name": None, "roles": ["supplier"]}], "a stub may not dangle"
    assert merge.tidy(compiled).keys() & {"parties", "awards", "contracts"} == set()


def test_an_amendment_keeps_its_id_although_it_might_be_null() -> None:
    amendment = {"id": "1", "rationale": "Air freight"}
    told, compiled = after(
        {"tender": {"id": "T", "title": "Masks", "amendments": [amendment]}}, {"tender": {"id": "T", "title": "Masks"}}
    )

    assert told["tender"]["amendments"] == [{"id": "1", "rationale": None}]
    assert "amendments" not in merge.tidy(compiled)["tender"]


def test_a_number_of_bids_that_was_taken_back_is_named_withdrawn() -> None:
    bids = {"statistics": [{"id": "bids", "measure": "bids", "value": 7}]}
    told, compiled = after({"title": "Masks", "bids": bids}, {"title": "Masks"})

    assert told["bids"]["statistics"] == [{"id": "bids", "measure": "withdrawn", "value": 0}]
    assert merge.tidy(merge.compiled([release({"title": "Masks", "bids": bids})]))["bids"] == bids
    assert "bids" not in merge.tidy(compiled)


@pytest.mark.parametrize(
    ("field", "left"),
    [("additionalClassifications", [{"id": "1"}]), ("procurementMethodRationaleClassifications", [{"id": "1"}])],
)
def test_a_list_that_is_replaced_whole_but_may_not_be_empty_is_left_with_a_bare_id(field: str, left: Any) -> None:
    tender = {"id": "T", "title": "Masks"}
    told, compiled = after({"tender": {**tender, field: [{"scheme": "X", "id": "1"}]}}, {"tender": tender})

    assert told["tender"][field] == left
    assert field not in merge.tidy(compiled)["tender"]


def test_roles_are_replaced_whole() -> None:
    party = {"id": "P", "name": "Ministry"}
    buyer, payer = {**party, "roles": ["buyer"]}, {**party, "roles": ["payer"]}
    _, compiled = after({"parties": [buyer]}, {"parties": [payer]})

    assert compiled["parties"] == [payer]


def test_a_party_of_which_a_stub_remains_is_read_without_the_role_it_no_longer_has() -> None:
    alpha = {"id": "P", "name": "Alpha"}
    payment = {"id": "PV-1", "value": {"amount": 5, "currency": "BZD"}, "payee": alpha}
    award = {"id": "A", "title": "Masks", "suppliers": [alpha]}
    contract = {"id": "C", "awardID": "A", "title": "Masks"}
    paid = {**contract, "implementation": {"transactions": [payment]}}
    _, compiled = after(
        {"parties": [{**alpha, "roles": ["payee", "supplier"]}], "awards": [award], "contracts": [paid]},
        {"parties": [{**alpha, "roles": ["supplier"]}], "awards": [award], "contracts": [contract]},
    )

    assert compiled["parties"][0]["roles"] == ["supplier", "payee"]
    assert merge.tidy(compiled)["parties"][0]["roles"] == ["supplier"]


def test_a_party_that_nothing_refers_to_stays_readable() -> None:
    donor = {"id": "P", "name": "A donor without figures", "roles": ["donor"]}

    assert merge.tidy({"parties": [donor]})["parties"] == [donor]

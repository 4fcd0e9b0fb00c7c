"""Tags say what kind of news a release is: first news of a section, a change of it, its legal change or its end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocds import merge, schema, tags
from tests.unit.ocds import bodies

AID = {"title": "Grant", "planning": {"aid": {"id": "A", "flows": [{"id": "1", "type": "pledge", "date": "2020"}]}}}
SUPPLIER = {"id": "P", "name": "Alpha"}
BOUGHT: dict[str, Any] = {
    "title": "Masks",
    "planning": {"rationale": "Urgent"},
    "tender": {"id": "T", "title": "Masks", "status": "active"},
    "awards": [{"id": "A", "status": "active", "suppliers": [SUPPLIER]}],
    "contracts": [{"id": "C", "awardID": "A", "status": "active", "title": "Masks"}],
}
PAID = {"transactions": [{"id": "PV-1", "value": {"amount": 5, "currency": "BZD"}}]}


def changed(body: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    later = copy.deepcopy(body)
    change(later)
    return later


def test_the_first_news_of_each_section_has_its_plain_tag() -> None:
    assert tags.tags(None, AID) == ["planning"]
    assert tags.tags(None, BOUGHT) == ["planning", "tender", "award", "contract"]
    paid = changed(BOUGHT, lambda b: b["contracts"][0].update(implementation=PAID))
    assert tags.tags(None, paid) == ["planning", "tender", "award", "contract", "implementation"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda b: b["planning"].update(rationale="Very urgent"), ["planningUpdate"]),
        (lambda b: b["tender"].update(title="Respirators"), ["tenderUpdate"]),
        (lambda b: b["tender"].update(status="cancelled"), ["tenderCancellation"]),
        (lambda b: b["tender"].update(amendments=[{"id": "1", "rationale": "x"}]), ["tenderAmendment"]),
        (lambda b: b.update(bids={"statistics": [{"id": "b", "measure": "bids", "value": 3}]}), ["tenderUpdate"]),
        (lambda b: b["awards"][0].update(title="Lot 1"), ["awardUpdate"]),
        (lambda b: b["awards"][0].update(status="cancelled"), ["awardCancellation"]),
        (lambda b: b["awards"].append({"id": "B", "suppliers": [SUPPLIER]}), ["award"]),
        (lambda b: b["contracts"][0].update(title="Respirators"), ["contractUpdate"]),
        (lambda b: b["contracts"][0].update(amendments=[{"id": "1", "rationale": "x"}]), ["contractAmendment"]),
        (lambda b: b["contracts"][0].update(status="terminated"), ["contractTermination"]),
        (lambda b: b["contracts"][0].update(status="cancelled"), ["contractTermination"]),
        (lambda b: b["contracts"][0].update(implementation=PAID), ["implementation"]),
        (lambda b: b["contracts"].append({"id": "D", "awardID": "A", "status": "active"}), ["contract"]),
        (lambda b: b["contracts"].clear(), ["contractUpdate"]),
        (lambda b: b.update(title="Respirators"), ["contractUpdate"]),
        (lambda b: b.pop("planning"), ["planningUpdate"]),
    ],
)
def test_a_change_is_tagged_by_what_changed(change: Callable[[dict[str, Any]], object], told: list[str]) -> None:
    before = merge.compiled([bodies.release(BOUGHT)])

    assert tags.tags(before, changed(BOUGHT, change)) == told


def test_a_payment_that_is_corrected_updates_the_implementation() -> None:
    first = changed(BOUGHT, lambda b: b["contracts"][0].update(implementation=PAID))
    second = changed(first, lambda b: b["contracts"][0]["implementation"]["transactions"][0]["value"].update(amount=6))

    assert tags.tags(merge.compiled([bodies.release(first)]), second) == ["implementationUpdate"]


def test_aid_only_ever_plans() -> None:
    later = changed(AID, lambda b: b["planning"]["aid"]["flows"].append({"id": "2", "type": "receipt", "date": "2020"}))

    assert tags.tags(merge.compiled([bodies.release(AID)]), later) == ["planningUpdate"]
    assert tags.tags(merge.compiled([bodies.release(AID)]), {"title": "Withdrawn"}) == ["planningUpdate"]


histories = st.sampled_from([bodies.aid, bodies.programme, bodies.procurement]).flatmap(
    lambda kind: st.lists(st.one_of(kind, bodies.withdrawn), min_size=1, max_size=4)
)


@given(histories)
def test_tags_are_codes_and_an_update_follows_its_first_news(history: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    before = None
    releases: list[dict[str, Any]] = []
    for number, body in enumerate(history, 1):
        told = tags.tags(before, body)

        assert told and len(told) == len(set(told)) and set(told) <= set(schema.codelist("releaseTag")) - {"compiled"}
        for tag in told:
            base = tag
            for ending in ("Update", "Amendment", "Cancellation", "Termination"):
                base = base.removesuffix(ending)
            assert base == tag or base in seen, (tag, seen)
        seen |= set(told)
        releases.append(bodies.release(merge.superseding(before, body), number))
        before = merge.compiled(releases)

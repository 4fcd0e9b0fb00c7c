"""Laws of comparing: nothing changes against itself; what a change set says, done, gives what was proposed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.changes import Statement, as_json, compose, composed, diff, fields, restated
from ledger.values import Draft, Scope
from ocds import paths
from tests import builders as b

WORDS = st.sampled_from(["masks", "gloves", "pumps", "oxygen"])
MEMBERS = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abcd"), "title": WORDS}, optional={"n": st.integers(0, 9)}),
    max_size=4,
    unique_by=lambda m: m["id"],
)
BODIES = st.fixed_dictionaries({"title": WORDS}, optional={"awards": MEMBERS, "description": WORDS})


def drafts(bodies: dict[str, Any]) -> dict[str, Draft]:
    return {ocid: Draft(ocid, "procurement", body) for ocid, body in bodies.items()}


LEDGERS = st.dictionaries(st.sampled_from(["o1", "o2", "o3"]), BODIES).map(drafts)


@given(LEDGERS)
def test_nothing_changes_against_itself(ledger: dict[str, Draft]) -> None:
    changes = diff(ledger, ledger.values())
    assert changes.is_empty and changes.unchanged == len(ledger)


@given(LEDGERS, LEDGERS)
def test_what_the_change_set_says_done_gives_what_was_proposed(old: dict[str, Draft], new: dict[str, Draft]) -> None:
    changes = {c.ocid: c for c in diff(old, new.values()).changes}
    for ocid in {*old, *new}:
        kind = changes[ocid].kind if ocid in changes else "unchanged"
        if ocid not in new:
            assert kind == "withdrawn"
        elif ocid not in old:
            assert kind == "added"
        else:
            before, after = dict(paths.leaves(old[ocid].body)), dict(paths.leaves(new[ocid].body))
            for locator, was, will in changes[ocid].fields if ocid in changes else ():
                assert before.get(locator) == was
                before[locator] = will
            assert {k: v for k, v in before.items() if v is not None} == after
            assert (kind == "unchanged") == (old[ocid].body == new[ocid].body)


@given(LEDGERS, LEDGERS)
def test_appending_withdraws_nothing(old: dict[str, Draft], new: dict[str, Draft]) -> None:
    assert diff(old, new.values(), "append").count("withdrawn") == 0


@given(LEDGERS, LEDGERS, LEDGERS)
def test_the_digest_changes_with_every_word(
    old: dict[str, Draft], new: dict[str, Draft], other: dict[str, Draft]
) -> None:
    same = diff(old, new.values()).digest == diff(old, other.values()).digest
    published = {o: d.body for o, d in new.items() if o not in old or old[o].body != d.body}
    elsewhere = {o: d.body for o, d in other.items() if o not in old or old[o].body != d.body}
    if published != elsewhere:
        assert not same
    if new == other:
        assert same


@given(BODIES, BODIES)
def test_composing_loses_no_place_and_keeps_the_first_word(one: dict[str, Any], two: dict[str, Any]) -> None:
    joined = compose([Draft("o", "procurement", one), Draft("o", "procurement", two)]).body
    first, second, both = (dict(paths.leaves(x)) for x in (one, two, joined))
    assert {**second, **first} == both


@given(BODIES, BODIES)
def test_restating_keeps_the_newer_word(one: dict[str, Any], two: dict[str, Any]) -> None:
    joined = restated(Draft("o", "procurement", one), Draft("o", "procurement", two)).body
    first, second, both = (dict(paths.leaves(x)) for x in (one, two, joined))
    assert {**first, **second} == both


@given(st.permutations([0, 1, 2]))
def test_composing_does_not_depend_on_the_order_of_arrival(order: list[int]) -> None:
    buy = b.procurement("C1").payment("P1", "BZD 5").item("masks", 9).delivery("D1", "1", 4, "BZ-CZL", "Clinic")
    told = [
        Statement(Scope("mof", "procurement"), buy.draft, 1),
        Statement(Scope("mof", "payments"), buy.part("payments"), 3),
        Statement(Scope("moh", "deliveries"), buy.part("deliveries"), 2),
    ]
    assert composed([told[i] for i in order]) == composed(told)


@given(BODIES, BODIES)
def test_fields_are_a_json_that_reads_back(one: dict[str, Any], two: dict[str, Any]) -> None:
    there, back = fields(one, two), fields(two, one)
    assert {(at, b, a) for at, a, b in there} == set(back)
    shown = as_json(diff(drafts({"o": one}), drafts({"o": two}).values()))
    assert shown["added"] + shown["changed"] + shown["withdrawn"] == len(shown["changes"])

"""Joining what several datasets say of one process, and saying what would change."""

from __future__ import annotations

from ledger.changes import Statement, as_json, compose, composed, diff
from ledger.totals import of_arcs
from ledger.values import Draft, Scope
from tests import builders as b


def test_a_contract_and_its_payments_become_one_process() -> None:
    buy = b.procurement("C1").payment("P1", "BZD 5")
    contract = b.procurement("C1").draft

    joined = compose([contract, buy.part("payments")])

    assert joined.body["contracts"][0]["implementation"]["transactions"][0]["id"] == "P1"
    supplier = next(p for p in joined.body["parties"] if p["id"] == buy.supplier["id"])
    assert supplier["roles"] == ["payee", "supplier", "tenderer"], "roles of both sheets"
    assert joined.cells.keys() >= contract.cells.keys()


def test_two_sheets_that_contradict_each_other_are_a_finding_at_the_second_cell() -> None:
    contract = b.procurement("C1", "BZD 100").draft
    other = b.draft(contract.ocid, "procurement", {"contracts": [{"id": "C1", "dateSigned": "2020-01-01T00:00:00Z"}]})
    found: list = []

    joined = compose([contract, other], found)

    assert joined.body["contracts"][0]["dateSigned"] == "2020-05-13T00:00:00-06:00"
    [clash] = found
    assert clash.code == "C001" and clash.where == "drafts!A2" and clash.params["kept"] == "2020-05-13T00:00:00-06:00"


def test_another_spelling_of_a_name_is_no_contradiction() -> None:
    one = b.procurement("C1", buyer="Ministry of Health").draft
    two = b.procurement("C1", buyer="MINISTRY OF HEALTH").payment("P1", "BZD 1").part("payments")
    found: list = []

    joined = compose([one, two], found)

    assert found == []
    paid = joined.body["contracts"][0]["implementation"]["transactions"][0]
    assert paid["payer"]["name"] == "Ministry of Health", "a reference has the name that its party has"


def test_two_sheets_both_numbering_their_links_from_one_do_not_collide() -> None:
    aid, plan = b.aid("A1"), b.programme("P1")
    one = b.procurement("C1").related(aid, "funding").draft
    two = b.procurement("C1").related(plan, "planning").draft

    joined = compose([one, two])

    links = {r["identifier"]: r["id"] for r in joined.body["relatedProcesses"]}
    assert links.keys() == {aid.ocid, plan.ocid} and len(set(links.values())) == 2
    id = links[plan.ocid]
    assert f"/relatedProcesses/={id}/identifier" in joined.cells


def test_within_one_dataset_the_newer_publication_is_believed() -> None:
    early = Statement(Scope("mof", "procurement", "2020-Q2"), b.procurement("C1", "BZD 100").draft, 1)
    late = Statement(Scope("mof", "procurement", "2020-Q3"), b.procurement("C1", "BZD 120").draft, 2)

    joined, conflicts = composed([late, early])

    assert joined.body["contracts"][0]["value"]["amount"] == 120 and conflicts == []


def test_a_change_shows_each_field_before_and_after() -> None:
    before, after = b.procurement("C1", "BZD 100").draft, b.procurement("C1", "BZD 120").draft

    [change] = diff({before.ocid: before}, [after]).changes

    assert change.kind == "changed"
    assert ("/contracts/=C1/value/amount", 100, 120) in change.fields


def test_a_member_that_only_moved_has_not_changed() -> None:
    one, two = b.procurement("C1").payment("P1", "BZD 1").payment("P2", "BZD 2"), b.procurement("C1")
    two.payment("P2", "BZD 2").payment("P1", "BZD 1")

    changes = diff({one.ocid: one.draft}, [two.draft]).changes

    assert [c.fields for c in changes] in ([], [()])


def test_replacing_withdraws_what_is_missing_and_appending_does_not() -> None:
    old = {d.ocid: d for d in (b.procurement("C1").draft, b.procurement("C2").draft)}

    replaced = diff(old, [old[next(iter(old))]], "replace")
    appended = diff(old, [old[next(iter(old))]], "append")

    assert (replaced.count("withdrawn"), replaced.unchanged) == (1, 1)
    assert (appended.count("withdrawn"), appended.unchanged) == (0, 2)


def test_totals_stand_before_and_after_and_never_across() -> None:
    old, new = b.procurement("C1", "BZD 100").draft, b.procurement("C1", "BZD 120").draft
    other = b.aid("A1").receipt("USD 7").draft

    shown = as_json(diff({old.ocid: old}, [new, other], jurisdiction="bz"))

    assert [(t["stage"], t["currency"], t["before"], t["after"]) for t in shown["totals"]] == [
        ("receipt", "USD", "0", "7"),
        ("contract", "BZD", "100", "120"),
    ]


def test_the_digest_binds_every_published_word() -> None:
    one = b.procurement("C1").draft
    two = Draft(one.ocid, one.kind, {**one.body, "description": "secret"}, one.cells)

    assert diff({}, [one]).digest != diff({}, [two]).digest
    assert diff({}, [one]).digest == diff({}, [one]).digest


def test_public_totals_are_moved_by_what_changes_only() -> None:
    old, new = b.procurement("C1", "BZD 100"), b.procurement("C1", "BZD 120")
    elsewhere = b.procurement("C9", "BZD 1,000")
    from ledger.arcs import arcs

    public = [a for p in (old, elsewhere) for a in arcs({**p.draft.body, "ocid": p.ocid}, p.kind, "bz", "mof")]

    moved = diff({old.ocid: old.draft}, [new.draft], jurisdiction="bz", publisher="mof", standing=of_arcs(public))

    [before], [after] = moved.totals_before, moved.totals_after
    assert (before.amount, before.processes, after.amount, after.processes) == (1_100, 2, 1_120, 2)

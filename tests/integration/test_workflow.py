"""A submission's way, step by step, on a real database: who may do what, and what an empty change set becomes."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from ledger import publish, store, workflow
from ledger.errors import Conflict, Forbidden, NotFound, Refused
from ledger.findings import Finding, Severity
from ledger.known import Known
from ledger.settings import Settings
from ledger.tables import STATES
from ledger.values import CellRef, Sha256
from ledger.workflow import TRANSITIONS, Identity
from tests import builders as b

REGISTER = b.register()


def test_files_read_without_errors_wait_for_a_second_person(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())

    with store.reading(engine) as conn:
        told = workflow.submission(conn, id)
    assert told.state == "ready_for_review" and told.base_publication == 0
    assert told.change_set is not None and told.change_set["added"] == 4
    assert [name for _, name in told.files] == ["drafts.csv"]


def test_the_same_key_opens_the_same_submission(engine: sa.Engine, settings: Settings) -> None:
    with store.writing(engine) as conn:
        b.people(conn, "ana")
        ids = {
            workflow.create(
                conn, publisher="mof", jurisdiction="bz", prepared_by="ana", at=b.later(), idempotency_key="k-1"
            )
            for _ in range(2)
        }
    assert len(ids) == 1


def test_publishing_the_same_again_is_said_to_be_unchanged(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())

    id = b.submitted(engine, settings, REGISTER, b.chain())

    assert b.state_of(engine, id) == "unchanged"
    with store.writing(engine) as conn, pytest.raises(Conflict):
        publish.certify(conn, settings, REGISTER, id, "ben", b.later())


def error(ocid: str = "") -> Finding:
    return Finding("M003", Severity.ERROR, CellRef(Sha256("0" * 64), "Data", "C12"), "amount", "x", {"ocid": ocid})


def test_an_error_stops_a_submission_unless_bad_rows_are_held_back(engine: sa.Engine, settings: Settings) -> None:
    stopped = b.submitted(engine, settings, REGISTER, b.chain(), findings=[error()])
    held_back = b.submitted(engine, settings, REGISTER, b.chain(), findings=[error()], hold_back=True)

    assert b.state_of(engine, stopped) == "has_errors"
    assert b.state_of(engine, held_back) == "ready_for_review"
    with store.reading(engine) as conn:
        [kept] = workflow.submission(conn, stopped).findings
    assert (kept.code, kept.where, kept.shown) == ("M003", "Data!C12", "x")


def test_a_file_that_cannot_be_used_is_refused(engine: sa.Engine, settings: Settings) -> None:
    blocker = Finding("C003", Severity.BLOCKER, None, params={})

    assert b.state_of(engine, b.submitted(engine, settings, REGISTER, [], findings=[blocker])) == "refused"


def test_a_process_that_breaks_a_rule_is_held_back_and_what_is_public_of_it_stays(
    engine: sa.Engine, settings: Settings
) -> None:
    good, bad = b.procurement("C1", "BZD 10"), b.procurement("C2", "BZD 10")
    b.published(engine, settings, REGISTER, [good, bad])

    bad.funded(b.aid("A1"), "BZD 11")
    changed = b.procurement("C1", "BZD 12")
    publication = b.published(engine, settings, REGISTER, [changed, bad], hold_back=True)

    assert (publication.summary["changed"], publication.summary["withdrawn"], publication.summary["held"]) == (1, 0, 1)


def test_a_row_held_back_by_the_reader_is_not_withdrawn(engine: sa.Engine, settings: Settings) -> None:
    first, second = b.procurement("C1"), b.procurement("C2")
    b.published(engine, settings, REGISTER, [first, second])

    with store.writing(engine) as conn:
        id = workflow.create(
            conn, publisher="mof", jurisdiction="bz", period="2020-Q2", prepared_by="ana", at=b.later(), hold_back=True
        )
        drafts, _ = b.with_upload(conn, settings, b.by_dataset([first]), "ana", b.later())
        workflow.record_reading(conn, REGISTER, settings, id, drafts=drafts, held_processes=[second.ocid], at=b.later())
        assert workflow.submit(conn, id, "ana", b.later()) == "unchanged"


def test_returned_with_a_reason_by_another_person_and_handed_in_again(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        b.people(conn, "ben")
        with pytest.raises(Forbidden):
            workflow.give_back(conn, id, "ana", "no", b.later())
        with pytest.raises(Refused):
            workflow.give_back(conn, id, "ben", "  ", b.later())
        assert workflow.give_back(conn, id, "ben", "April is missing", b.later()) == "returned"
        assert workflow.submission(conn, id).comment == "April is missing"
        assert workflow.submit(conn, id, "ana", b.later()) == "ready_for_review"


def test_a_withdrawn_submission_is_never_published(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        b.people(conn, "ben")
        workflow.withdraw(conn, id, "ana", b.later())
        with pytest.raises(Conflict):
            publish.certify(conn, settings, REGISTER, id, "ben", b.later())


def test_a_large_withdrawal_is_pointed_out(engine: sa.Engine, settings: Settings) -> None:
    many = [b.procurement(f"C{n}") for n in range(10)]
    b.published(engine, settings, REGISTER, many)

    id = b.submitted(engine, settings, REGISTER, many[:4])

    with store.reading(engine) as conn:
        [warned] = workflow.submission(conn, id).findings
    assert warned.code == "C002" and warned.params == {"withdrawn": 6, "stood": 10}


def test_a_step_that_is_not_in_the_table_is_a_conflict(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain(), findings=[error()])
    with store.writing(engine) as conn:
        with pytest.raises(Conflict, match="step_not_open"):
            workflow.submit(conn, id, "ana", b.later())
        with pytest.raises(NotFound):
            workflow.submit(conn, 999, "ana", b.later())


def test_every_state_is_reached_and_only_ends_have_no_way_on() -> None:
    reached = {"received", *itertools.chain.from_iterable(TRANSITIONS.values())}
    assert reached == set(STATES)
    assert set(STATES) - {state for state, _ in TRANSITIONS} == {"published", "unchanged", "withdrawn"}


def test_submissions_are_listed_newest_first_and_paged_by_id(engine: sa.Engine, settings: Settings) -> None:
    ids = [b.submitted(engine, settings, REGISTER, [b.aid(f"A{n}").receipt("USD 1")]) for n in range(3)]
    with store.reading(engine) as conn:
        page = workflow.submissions(conn, limit=2)
        rest = workflow.submissions(conn, after=page[-1].id)
        assert [s.id for s in (*page, *rest)] == ids[::-1]
        assert workflow.submissions(conn, publisher="ppa") == []
        assert len(workflow.submissions(conn, state="ready_for_review")) == 3


def test_rows_are_remembered_for_the_next_import(engine: sa.Engine, settings: Settings) -> None:
    it = b.aid("A1").receipt("USD 1")
    seen = [Identity("aid", it.ocid, "", "s1", "w1", 0), Identity("aid", it.ocid, "2", "s2", "w2", 1)]
    b.published(engine, settings, REGISTER, [it], identities=seen)

    with store.reading(engine) as conn:
        told = Known(conn, "bz", "mof").remembered("aid", "2020-Q2")

    assert [(r.ocid, r.local_id, r.strong, r.weak, r.position) for r in told] == [
        (it.ocid, "", "s1", "w1", 0),
        (it.ocid, "2", "s2", "w2", 1),
    ]


def test_a_number_names_its_process_however_it_is_typed(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    with store.reading(engine) as conn:
        known = Known(conn, "bz", "mof")
        assert known.contract("prc/1") == (f"{b.PREFIX}-mof-PRC-PRC-1", "PRC-1")
        assert known.process("aid", "aid 1") == f"{b.PREFIX}-mof-AID-AID-1"
        assert known.process("programme", "PRG-1") == f"{b.PREFIX}-mof-PRG-PRG-1"
        assert known.contract("nobody's") is None
        assert Known(conn, "gh", "ppa").contract("PRC-1") is None, "another country's number"
        named = {s.name: s.party for s in known.spellings()}
        assert named["Ministry of Health"] == "BZ-LEDGER-ministry-of-health"
        assert known.record(f"{b.PREFIX}-mof-AID-AID-1") is not None
        assert known.record("nothing") is None


def test_a_number_that_two_publishers_use_is_the_own_one_or_nobodys(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1")])
    b.published(engine, settings, REGISTER, [b.procurement("C1", publisher="moh")], publisher="moh")
    with store.reading(engine) as conn:
        assert Known(conn, "bz", "moh").contract("C1") == (f"{b.PREFIX}-moh-PRC-C1", "C1")
        assert Known(conn, "bz", "third").contract("C1") is None


def test_one_form_sent_twice_in_one_moment_is_one_submission(engine: sa.Engine, settings: Settings) -> None:
    with store.writing(engine) as conn:
        b.people(conn, "ana")
    barrier = threading.Barrier(4)

    def send() -> int:
        barrier.wait()
        with store.writing(engine) as conn:
            return workflow.create(
                conn, publisher="moh", jurisdiction="bz", prepared_by="ana", at=b.START, idempotency_key="one"
            )

    with ThreadPoolExecutor(4) as threads:
        ids = {f.result() for f in [threads.submit(send) for _ in range(4)]}
    assert len(ids) == 1

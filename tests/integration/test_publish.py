"""From certified change set to public releases, on a real database."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import publish, store, verify, workflow
from ledger.errors import Conflict, Forbidden
from ledger.rates import published as published_rates
from ledger.settings import Settings
from ledger.store import unpacked
from ledger.tables import entries, party_names, provenance, publications, records, releases
from ledger.totals import totals
from ocds import check, merge
from tests import builders as b

REGISTER = b.register()


def history(engine: sa.Engine, ocid: str) -> list[dict[str, Any]]:
    with store.reading(engine) as conn:
        query = sa.select(releases.c.body).where(releases.c.ocid == ocid).order_by(releases.c.number)
        return [unpacked(body) for body in conn.scalars(query)]


def assert_whole(engine: sa.Engine, settings: Settings) -> None:
    assert verify.problems(engine, settings, REGISTER) == []


def test_a_certified_submission_becomes_numbered_valid_releases(engine: sa.Engine, settings: Settings) -> None:
    publication = b.published(engine, settings, REGISTER, b.chain())

    assert (publication.number, publication.releases) == (1, 4)
    assert (publication.prepared_by, publication.certified_by) == ("ana", "ben")
    for process in b.chain():
        [release] = history(engine, process.ocid)
        assert release["id"] == f"{process.ocid}-0001"
        assert check.problems(release) == []
    [release] = history(engine, b.chain()[3].ocid)
    assert set(release["tag"]) >= {"award", "contract", "implementation"}
    assert_whole(engine, settings)


def test_nobody_certifies_what_they_prepared(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn, pytest.raises(Forbidden):
        publish.certify(conn, settings, REGISTER, id, "ana", b.later())
    assert b.state_of(engine, id) == "ready_for_review"


def test_the_certifier_signs_what_was_shown_and_nothing_else(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        b.people(conn, "ben")
        with pytest.raises(Conflict, match="not_what_was_shown"):
            publish.certify(conn, settings, REGISTER, id, "ben", b.later(), shown_digest="0" * 64)
        digest = workflow.submission(conn, id).change_digest
        assert publish.certify(conn, settings, REGISTER, id, "ben", b.later(), shown_digest=digest).number == 1


def test_when_another_publication_came_between_it_is_shown_again(engine: sa.Engine, settings: Settings) -> None:
    early = b.submitted(engine, settings, REGISTER, [b.procurement("C1", "BZD 10")])
    b.published(engine, settings, REGISTER, [b.procurement("C1", "BZD 20")])

    with store.writing(engine) as conn, pytest.raises(Conflict, match="base_moved"):
        publish.certify(conn, settings, REGISTER, early, "ben", b.later())
    with store.writing(engine) as conn:
        assert workflow.submit(conn, early, "ana", b.later()) == "ready_for_review"
        shown = workflow.submission(conn, early).change_set
        assert shown is not None and shown["changed"] == 1
        assert publish.certify(conn, settings, REGISTER, early, "ben", b.later()).number == 2
    assert_whole(engine, settings)


def test_a_refused_certification_leaves_nothing_behind(engine: sa.Engine, settings: Settings) -> None:
    id = b.submitted(engine, settings, REGISTER, b.chain())
    with pytest.raises(RuntimeError), store.writing(engine) as conn:
        b.people(conn, "ben")
        publish.certify(conn, settings, REGISTER, id, "ben", b.later())
        raise RuntimeError("the answer could not be sent")
    with store.reading(engine) as conn:
        for table in (publications, releases, entries, records):
            assert conn.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert b.state_of(engine, id) == "ready_for_review"


def test_correcting_one_amount_publishes_one_release_of_one_process(engine: sa.Engine, settings: Settings) -> None:
    many = [b.procurement(f"C{n}") for n in range(20)]
    b.published(engine, settings, REGISTER, many)

    many[7].worth("BZD 99")
    publication = b.published(engine, settings, REGISTER, many)

    assert publication.releases == 1
    first, second = history(engine, many[7].ocid)
    assert second["id"].endswith("-0002") and second["date"] > first["date"]
    assert second["tag"] == ["contractUpdate"], "a correction, not an amendment"
    assert_whole(engine, settings)


def test_a_legal_amendment_names_the_releases_it_changes(engine: sa.Engine, settings: Settings) -> None:
    buy = b.procurement("C1", "BZD 380,000")
    b.published(engine, settings, REGISTER, [buy])

    b.published(engine, settings, REGISTER, [buy.amended("BZD 395,000")])

    first, second = history(engine, buy.ocid)
    assert "contractAmendment" in second["tag"]
    [amendment] = second["contracts"][0]["amendments"]
    assert (amendment["amendsReleaseID"], amendment["releaseID"]) == (first["id"], second["id"])

    b.published(engine, settings, REGISTER, [buy.payment("P1", "BZD 5")])

    *_, third = history(engine, buy.ocid)
    [amendment] = third["contracts"][0]["amendments"]
    assert (amendment["amendsReleaseID"], amendment["releaseID"]) == (first["id"], second["id"])
    assert_whole(engine, settings)


def test_what_a_file_leaves_out_is_withdrawn_and_stays_seen(engine: sa.Engine, settings: Settings) -> None:
    kept, gone = b.procurement("C1"), b.procurement("C2").payment("P1", "BZD 5").funded(b.aid("A1"), "BZD 3")
    b.published(engine, settings, REGISTER, [kept, gone])

    publication = b.published(engine, settings, REGISTER, [kept])

    assert publication.summary["withdrawn"] == 1
    _, last = history(engine, gone.ocid)
    assert last["tag"] and last["description"].startswith("Withdrawn")
    with store.reading(engine) as conn:
        row = conn.execute(
            sa.select(records).where(records.c.ocid == gone.ocid, records.c.to_publication.is_(None))
        ).one()
        assert row.withdrawn and row.title == gone.title
        assert {t.stage: t.processes for t in totals(conn)} == {"contract": 1}
        assert {t.stage: t.processes for t in totals(conn, at=1)} == {"contract": 2, "payment": 1}
    assert check.problems(unpacked(row.compiled)) == []
    assert_whole(engine, settings)


def test_a_withdrawn_process_comes_back_under_its_own_ocid(engine: sa.Engine, settings: Settings) -> None:
    one, two = b.procurement("C1"), b.procurement("C2").payment("P1", "BZD 5")
    for told in ([one, two], [one], [one, two]):
        b.published(engine, settings, REGISTER, told)

    last = history(engine, two.ocid)
    assert [r["id"][-4:] for r in last] == ["0001", "0002", "0003"]
    whole = merge.tidy(merge.compiled(last))
    assert whole["contracts"] == two.draft.body["contracts"] and "description" not in whole
    assert_whole(engine, settings)


def test_when_one_of_two_datasets_leaves_the_process_only_loses_that_part(
    engine: sa.Engine, settings: Settings
) -> None:
    buy = b.procurement("C1").payment("P1", "BZD 5")
    bare, other = b.procurement("C1"), b.procurement("C9").payment("P9", "BZD 1")
    b.published(engine, settings, REGISTER, {"procurement": [bare, b.procurement("C9")]})
    b.published(engine, settings, REGISTER, {"payments": [buy.part("payments"), other.part("payments")]})
    with store.reading(engine) as conn:
        assert {t.stage: t.amount for t in totals(conn)}["payment"] == 6

    publication = b.published(engine, settings, REGISTER, {"payments": [other.part("payments")]})

    assert (publication.summary["changed"], publication.summary["withdrawn"]) == (1, 0)
    with store.reading(engine) as conn:
        assert {t.stage: t.amount for t in totals(conn)}["payment"] == 1
    assert_whole(engine, settings)


def test_payments_of_a_withdrawn_contract_wait_and_come_back_with_it(engine: sa.Engine, settings: Settings) -> None:
    buy, other = b.procurement("C1").payment("P1", "BZD 5"), b.procurement("C9")
    b.published(engine, settings, REGISTER, {"procurement": [b.procurement("C1"), other]})
    b.published(engine, settings, REGISTER, {"payments": [buy.part("payments")]})

    gone = b.published(engine, settings, REGISTER, {"procurement": [other]})
    back = b.published(engine, settings, REGISTER, {"procurement": [other, b.procurement("C1")]})

    assert gone.summary["withdrawn"] == 1 and back.releases == 1
    with store.reading(engine) as conn:
        assert {t.stage: t.amount for t in totals(conn)}["payment"] == 5
    assert_whole(engine, settings)


def test_another_period_and_another_publisher_are_left_alone(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1")], period="2020-Q1")
    b.published(engine, settings, REGISTER, [b.procurement("C1", publisher="moh")], publisher="moh")

    publication = b.published(engine, settings, REGISTER, [b.procurement("C2")], period="2020-Q2")

    assert (publication.summary["added"], publication.summary["withdrawn"]) == (1, 0)


def test_appending_adds_and_keeps(engine: sa.Engine, settings: Settings) -> None:
    buy, later = b.procurement("C1").payment("P1", "BZD 5"), b.procurement("C1").payment("P2", "BZD 7")
    b.published(engine, settings, REGISTER, {"procurement": [b.procurement("C1")]})
    b.published(engine, settings, REGISTER, {"payments": [buy.part("payments")]})

    b.published(engine, settings, REGISTER, {"payments": [later.part("payments")]}, mode="append")

    with store.reading(engine) as conn:
        [paid] = totals(conn, stage="payment")
    assert (paid.amount, paid.arcs) == (12, 2)
    assert_whole(engine, settings)


def test_two_publications_within_one_second_are_still_in_order(engine: sa.Engine, settings: Settings) -> None:
    at = b.later() + timedelta(days=400)
    b.published(engine, settings, REGISTER, [b.procurement("C1", "BZD 1")], at=at)
    b.published(engine, settings, REGISTER, [b.procurement("C1", "BZD 2")], at=at)
    b.published(engine, settings, REGISTER, [b.procurement("C1", "BZD 3")], at=at - timedelta(hours=1))

    dates = [r["date"] for r in history(engine, b.procurement("C1").ocid)]

    assert dates == sorted(set(dates)) and len(dates) == 3


def test_every_value_of_a_release_knows_its_cell(engine: sa.Engine, settings: Settings) -> None:
    buy = b.chain()[3]
    b.published(engine, settings, REGISTER, b.chain())
    with store.reading(engine) as conn:
        cells = unpacked(
            conn.scalar(sa.select(provenance.c.cells).where(provenance.c.release == f"{buy.ocid}-0001")) or b""
        )
    sha, sheet, cell, raw, how = cells["/contracts/=PRC-1/value/amount"]
    assert (sheet, raw, how) == ("drafts", "395000", "")
    lines = store.upload_path(settings, sha).read_text("utf-8").splitlines()
    assert lines[int(cell[1:]) - 1] == '"395000"'


def test_rates_and_names_are_published_without_releases(engine: sa.Engine, settings: Settings) -> None:
    told = [
        b.rate("USD", "BZD", "2020-05-05", "2.01"),
        b.organization("BZ-LEDGER-ministry-of-health", "Ministry of Health", "MoH", "Ministerio de Salud"),
    ]
    publication = b.published(engine, settings, REGISTER, told)
    corrected = b.published(engine, settings, REGISTER, [b.rate("USD", "BZD", "2020-05-05", "2.02"), told[1]])

    assert (publication.releases, corrected.releases) == (0, 0)
    with store.reading(engine) as conn:
        assert [str(r.value) for r in published_rates(conn)] == ["2.02"]
        assert [str(r.value) for r in published_rates(conn, at=1)] == ["2.01"]
        assert set(conn.scalars(sa.select(party_names.c.name))) == {"Ministry of Health", "MoH", "Ministerio de Salud"}
        assert conn.scalar(sa.select(sa.func.count()).select_from(releases)) == 0
    assert_whole(engine, settings)


def test_a_database_that_is_told_one_person_did_both_refuses(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    with pytest.raises(sa.exc.IntegrityError), store.writing(engine) as conn:
        conn.execute(
            sa.insert(publications).values(
                number=2,
                at=b.later(),
                publisher="mof",
                prepared_by="ana",
                certified_by="ana",
                change_digest="0",
                summary="{}",
            )
        )


def test_publications_are_listed_newest_first(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1")])
    b.published(engine, settings, REGISTER, [b.procurement("C1"), b.procurement("C2")])
    with store.reading(engine) as conn:
        assert [p.number for p in publish.publications_of(conn)] == [2, 1]
        assert [p.number for p in publish.publications_of(conn, before=2)] == [1]
        told = publish.publication(conn, 2)
        assert told is not None and told.summary["added"] == 1 and publish.publication(conn, 9) is None


def test_one_changed_row_among_a_thousand_costs_one_row(engine: sa.Engine, settings: Settings) -> None:
    many = [b.procurement(f"C{n}", supplier=f"Supplier {n % 50}") for n in range(1_000)]
    b.published(engine, settings, REGISTER, many)
    many[500].worth("BZD 1")
    id = b.submitted(engine, settings, REGISTER, many)

    with store.writing(engine) as conn:
        began = time.perf_counter()
        assert publish.certify(conn, settings, REGISTER, id, "ben", b.later()).releases == 1
        took = time.perf_counter() - began

    # Measured 0.07 s; the bound leaves room for a loaded machine.
    assert took < 1

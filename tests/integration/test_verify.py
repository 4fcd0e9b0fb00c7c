"""Every promise of the store, broken behind its back once: `verify.problems` must say so."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ledger import store, tables, verify
from ledger.migrations import triggers
from ledger.settings import Register, Settings
from ledger.store import packed
from tests import builders as b

REGISTER = b.register()
FIRST = f"{b.PREFIX}-mof-AID-AID-1"


def disarmed(conn: sa.Connection) -> None:
    """Somebody with the database's own password and no conscience."""
    for statement in triggers.disarm(conn.dialect.name):
        conn.exec_driver_sql(statement)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SET session_replication_role = replica")


def test_an_untouched_ledger_has_no_problems(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    b.published(engine, settings, REGISTER, b.chain()[1:])

    assert verify.problems(engine, settings, REGISTER) == []


def test_an_empty_ledger_has_no_problems(engine: sa.Engine, settings: Settings) -> None:
    assert verify.problems(engine, settings, REGISTER) == []


r, p, s = tables.releases, tables.publications, tables.submissions

OTHER = {"ocid": FIRST, "id": f"{FIRST}-0001", "date": "", "tag": []}
CRIMES = {
    "a release rewritten": (sa.update(r).values(body=packed(OTHER)), "was changed"),
    "a release renumbered": (sa.update(r).where(r.c.ocid == FIRST).values(number=3), "is not number 1"),
    "a release's date moved": (
        sa.update(r).where(r.c.ocid == FIRST).values(date="2001-01-01T00:00:00Z"),
        "date or tag",
    ),
    "evidence removed": (sa.delete(tables.provenance), "no provenance"),
    "evidence of nothing": (
        sa.update(tables.provenance)
        .where(tables.provenance.c.release == f"{FIRST}-0001")
        .values(cells=packed({"/nowhere": ["0" * 64, "S", "A1", "x", ""]})),
        "has a cell but no value",
    ),
    "an amount raised in the projection": (
        sa.update(tables.arcs).where(tables.arcs.c.stage == "pledge").values(amount=1_000_000),
        "SQL says",
    ),
    "a record replaced": (sa.update(tables.records).values(compiled=packed({"date": "x"})), "is not the merge"),
    "an upload's size changed": (sa.update(tables.uploads).values(size_bytes=1), "not the one that was received"),
    "an act erased": (sa.delete(tables.audit).where(tables.audit.c.number == 1), "audit"),
    "an act rewritten": (sa.update(tables.audit).where(tables.audit.c.number == 1).values(account="eve"), "audit"),
    "a certificate exchanged": (sa.update(p).values(change_digest="0" * 64), "another change set"),
    "a publication unhooked": (sa.update(s).values(state="ready_for_review", publication=None), "does not say"),
}


@pytest.mark.parametrize("crime", CRIMES)
def test_every_crime_is_seen(engine: sa.Engine, settings: Settings, crime: str) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    statement, seen = CRIMES[crime]
    with store.writing(engine) as conn:
        disarmed(conn)
        conn.execute(statement)

    assert any(seen in line for line in verify.problems(engine, settings, REGISTER))


def test_a_lost_file_is_named(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    with store.reading(engine) as conn:
        [sha] = conn.scalars(sa.select(tables.uploads.c.sha256))
    store.upload_path(settings, sha).unlink()

    assert verify.problems(engine, settings, REGISTER) == [f"upload {sha[:12]}: the file is missing"]


def test_a_jurisdiction_that_nobody_registered_is_named(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())

    assert verify.problems(engine, settings, Register()) == ["totals: jurisdiction bz is not in the register"]

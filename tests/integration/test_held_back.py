"""A row that is held back is neither published nor taken for withdrawn: what is public of it stays."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from importers import intake
from ledger import accounts, reading, store, tables, workflow
from ledger.publish import certify
from ledger.settings import Jurisdiction, Publisher, Register, Settings

REGISTER = Register((Jurisdiction("bz", {"en": "Belize"}, "BZD"),), (Publisher("moh", "Ministry of Health", "bz"),))
HEAD = ["Contract number", "What was bought", "Buyer", "Supplier", "Contract value", "Currency"]


def sheet(folder: Path, *rows: list[str]) -> Path:
    path = folder / "contracts.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])
    return path


def row(number: str, amount: str) -> list[str]:
    return [number, f"COVID-19 masks {number}", "Ministry of Health", "Example Medical Supplies Ltd.", amount, "BZD"]


def publish(engine: sa.Engine, settings: Settings, path: Path, hold_back: bool = False) -> str:
    at = datetime(2020, 6, 1, tzinfo=UTC)
    scope = ("moh", "procurement", "2020", "replace", "ana")
    id = intake.receive(engine, settings, REGISTER, [path], *scope, at, hold_back)
    state = intake.read_submission(engine, settings, REGISTER, id, at=at)
    if state != "valid":
        return state
    with store.writing(engine) as conn:
        state = workflow.submit(conn, id, "ana", at)
    if state == "ready_for_review":
        with store.writing(engine) as conn:
            certify(conn, settings, REGISTER, id, "bea", at)
        return "published"
    return state


def public(engine: sa.Engine) -> dict[str, str]:
    a = tables.arcs
    with store.reading(engine) as conn:
        found = conn.execute(
            sa.select(a.c.ocid, a.c.amount).where(a.c.to_publication.is_(None), a.c.stage == "contract", a.c.counted)
        )
        return {r.ocid.rsplit("-", 1)[-1]: str(r.amount.normalize()) for r in found}


def test_a_held_row_keeps_what_is_public_of_it(engine: sa.Engine, settings: Settings, tmp_path: Path) -> None:
    at = datetime(2020, 5, 1, tzinfo=UTC)
    with store.writing(engine) as conn:
        for id, role in (("ana", "officer"), ("bea", "certifier")):
            accounts.add(conn, id, id, None, at)
            accounts.grant(conn, id, role, "", at)

    # given: two contracts are public
    assert publish(engine, settings, sheet(tmp_path, row("C1", "100.00"), row("C2", "200.00"))) == "published"
    before = public(engine)
    assert sorted(before.values()) == ["1E+2", "2E+2"]

    # when: the next file cannot be read for C2, and says more of C1
    wrong = sheet(tmp_path, row("C1", "150.00"), row("C2", "2M"))
    assert publish(engine, settings, wrong) == "has_errors"
    assert publish(engine, settings, wrong, hold_back=True) == "published"

    # then: C1 is corrected, and C2 stands as it was
    after = public(engine)
    assert sorted(after.values()) == ["1.5E+2", "2E+2"]

    # and: that a row waits is public
    with store.reading(engine) as conn:
        assert reading.held(conn, None) == {"moh": 1}

    # when: the mended file leaves C2 out, it is withdrawn
    assert publish(engine, settings, sheet(tmp_path, row("C1", "150.00"))) == "published"
    assert list(public(engine).values()) == ["1.5E+2"]
    with store.reading(engine) as conn:
        assert reading.held(conn, None) == {}

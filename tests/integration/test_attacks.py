"""The database is told, by direct SQL, to break each of its promises, and refuses; without its triggers it would not.

Attackers connect past the application, with the driver alone: on SQLite with foreign keys off, as any other tool does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import decisions, mappings, publish, store, tables, verify
from ledger.migrations import triggers
from ledger.settings import Settings
from tests import builders as b

REGISTER = b.register()
# Submission 1 is published as publication 1; 2 is ready for review, prepared by ana; 3 has only been received.

ALL = ("sqlite", "postgresql")
KEPT = (*triggers.APPEND_ONLY, "entries", "submissions")

# name -> (engines, promise that refuses it, statements of one transaction: the last one is refused)
Attack = tuple[tuple[str, ...], str, tuple[str, ...]]


def certified(by: str) -> str:
    return f"UPDATE submissions SET certified_by = '{by}' WHERE id = 2"


def publication(number: int, submission: int, prepared_by: str, certified_by: str) -> str:
    return (
        "INSERT INTO publications "
        "(number, submission, prepared_by, certified_by, at, publisher, change_digest, summary) VALUES "
        f"({number}, {submission}, '{prepared_by}', '{certified_by}', '2020-07-02 00:00:00+00', 'mof', 'x', '{{}}')"
    )


def copied(table: str, words: str = "INSERT", **other: str) -> str:
    """One row of a table again, with some columns other than they were."""
    columns = [c.name for c in tables.metadata.tables[table].columns]
    values = ", ".join(other.get(c, f'"{c}"') for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    return f"{words} INTO {table} ({names}) SELECT {values} FROM {table} LIMIT 1"


SELF, TWO, FINAL = "certifier_may", "publication_by_two", "submission_final"
SHADOW = (
    "CREATE TEMP TABLE account_roles (account text, role text, publisher text)",
    "INSERT INTO pg_temp.account_roles VALUES ('dora', 'certifier', '')",
    "UPDATE public.submissions SET certified_by = 'dora' WHERE id = 2",
)
ATTACKS: dict[str, Attack] = {
    # four eyes
    "the preparer certifies": (ALL, SELF, (certified("ana"),)),
    "nobody we know certifies": (ALL, SELF, (certified("nobody"),)),
    "an administrator certifies": (ALL, SELF, (certified("carl"),)),
    "an officer certifies": (ALL, SELF, (certified("dora"),)),
    "a disabled certifier certifies": (ALL, SELF, (certified("eve"),)),
    "another publisher's certifier certifies": (ALL, SELF, (certified("fay"),)),
    "the preparer certifies past the CHECKs": (
        ("sqlite",),
        SELF,
        ("PRAGMA ignore_check_constraints = ON", certified("ana")),
    ),
    "a table of one's own says who certifies": (("postgresql",), SELF, SHADOW),
    "the preparer is exchanged": (ALL, FINAL, ("UPDATE submissions SET prepared_by = 'dora' WHERE id = 2",)),
    "the publisher is exchanged": (ALL, FINAL, ("UPDATE submissions SET publisher = 'moh' WHERE id = 2",)),
    # a publication out of nothing
    "a publication by one person": (ALL, TWO, (publication(2, 2, "ana", "ana"),)),
    "a publication prepared by someone else": (ALL, TWO, (publication(2, 2, "dora", "ben"),)),
    "a publication certified by an administrator": (ALL, TWO, (publication(2, 2, "ana", "carl"),)),
    "a publication of what nobody submitted": (ALL, TWO, (publication(2, 3, "ana", "ben"),)),
    "a publication without a submission": (ALL, TWO, (publication(2, 99, "ana", "ben"),)),
    "a second publication of one submission": (ALL, TWO, (publication(2, 1, "ana", "ben"),)),
    "two open publications of one submission": (
        ALL,
        TWO,
        (publication(2, 2, "ana", "ben"), publication(3, 2, "ana", "ben")),
    ),
    "a publication with a gap before it": (ALL, "publication_next", (publication(7, 2, "ana", "ben"),)),
    "published as another's publication": (
        ALL,
        TWO,
        ("UPDATE submissions SET state = 'published', publication = 1, certified_by = 'ben' WHERE id = 2",),
    ),
    "published as certified by another than its publication": (
        ALL,
        TWO,
        (
            publication(2, 2, "ana", "ben"),
            "UPDATE submissions SET state = 'published', publication = 2, certified_by = 'gus' WHERE id = 2",
        ),
    ),
    "born published": (
        ALL,
        TWO,
        (
            "INSERT INTO submissions "
            "(id, publisher, jurisdiction, mode, state, prepared_by, prepared_at, certified_by, publication) VALUES "
            "(9, 'mof', 'bz', 'append', 'published', 'ana', '2020-07-02 00:00:00+00', 'ben', 1)",
        ),
    ),
    "published without a publication": (
        ALL,
        "published_has_number",
        ("UPDATE submissions SET state = 'published' WHERE id = 2",),
    ),
    # what is published stays as it was
    "a published submission is taken back": (
        ALL,
        FINAL,
        ("UPDATE submissions SET state = 'withdrawn', publication = NULL WHERE id = 1",),
    ),
    "a published submission gets another preparer": (
        ALL,
        FINAL,
        ("UPDATE submissions SET prepared_by = 'dora' WHERE id = 1",),
    ),
    "a published submission gets another certifier": (
        ALL,
        FINAL,
        ("UPDATE submissions SET certified_by = 'gus' WHERE id = 1",),
    ),
    "a published submission is written over by renumbering": (
        ("sqlite",),
        FINAL,
        ("UPDATE OR REPLACE submissions SET id = 1 WHERE id = 2",),
    ),
    "a published submission is written over by its key": (
        ("sqlite",),
        "append_only",
        ("UPDATE OR REPLACE submissions SET idempotency_key = 'first' WHERE id = 2",),
    ),
    "a release rewritten": (ALL, "append_only", ("UPDATE releases SET date = '2001-01-01T00:00:00Z'",)),
    "evidence rewritten": (ALL, "append_only", ("UPDATE provenance SET cells = body FROM releases",)),
    "a certificate rewritten": (ALL, "append_only", ("UPDATE publications SET certified_by = 'gus'",)),
    "an act rewritten": (ALL, "append_only", ("UPDATE audit SET account = 'eve' WHERE number = 1",)),
    "an upload rewritten": (ALL, "append_only", ("UPDATE uploads SET file_name = 'x'",)),
    "an answer rewritten": (ALL, "append_only", ("UPDATE party_decisions SET answer = 'different'",)),
    "an answer about columns rewritten": (ALL, "append_only", ("UPDATE mappings SET mapping = '{}'",)),
    "a file of a submission exchanged": (ALL, "append_only", ("UPDATE submission_files SET file_name = 'x'",)),
    "an upload written over": (
        ("postgresql",),
        "append_only",
        (copied("uploads") + " ON CONFLICT (sha256) DO UPDATE SET size_bytes = 1",),
    ),
    # nothing is added afterwards
    "a release slipped in": (
        ALL,
        "publication_closed",
        (copied("releases", number="number + 100", id="id || '-late'"),),
    ),
    "evidence slipped in": (ALL, "publication_closed", (copied("provenance", release="'late'"),)),
    "an entry slipped in": (ALL, "publication_closed", (copied("entries", ocid="'late'"),)),
    "an entry rewritten": (ALL, "entry_closes_once", ("UPDATE entries SET sha256 = 'x'",)),
    "an entry rewritten while it is closed": (
        ALL,
        "entry_closes_once",
        ("UPDATE entries SET to_publication = 1, sha256 = 'x'",),
    ),
    "an entry closed in the past": (ALL, "publication_closed", ("UPDATE entries SET to_publication = 1",)),
    # values that mean nothing
    "a role that does not exist": (
        ALL,
        "ck_account_roles_role",
        ("INSERT INTO account_roles (account, role, publisher) VALUES ('ana', 'king', '')",),
    ),
    "a state that does not exist": (
        ALL,
        "ck_submissions_state",
        ("UPDATE submissions SET state = 'blessed' WHERE id = 2",),
    ),
    "a published submission written over without its key": (
        ("sqlite",),
        "append_only",
        (copied("submissions", "INSERT OR REPLACE", idempotency_key="NULL"),),
    ),
    "a release written over by its id": (
        ("sqlite",),
        "append_only",
        (copied("releases", "INSERT OR REPLACE", number="number + 100"),),
    ),
    "an act written over by its digest": (
        ("sqlite",),
        "append_only",
        (copied("audit", "INSERT OR REPLACE", number="number + 1000"),),
    ),
    # whole tables
    **{f"{t}: a row deleted": (ALL, "append_only", (f"DELETE FROM {t}",)) for t in KEPT},
    **{f"{t}: emptied": (("postgresql",), "append_only", (f"TRUNCATE {t} CASCADE",)) for t in KEPT},
    **{f"{t}: a row written over": (("sqlite",), "append_only", (copied(t, "INSERT OR REPLACE"),)) for t in KEPT},
}


@pytest.fixture
def peopled(engine: sa.Engine, settings: Settings) -> sa.Engine:
    """One publication, one submission ready for review, one received; and people of every kind."""
    first = b.submitted(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        conn.execute(
            sa.update(tables.submissions).where(tables.submissions.c.id == first).values(idempotency_key="first")
        )
        b.people(conn, "ben", "gus")
        for id in ("carl", "dora", "eve", "fay"):
            conn.execute(sa.insert(tables.accounts).values(id=id, name=id, created_at=b.START, disabled=id == "eve"))
        roles = [("carl", "admin", ""), ("dora", "officer", ""), ("eve", "certifier", ""), ("fay", "certifier", "moh")]
        conn.execute(sa.insert(tables.account_roles), [{"account": a, "role": r, "publisher": p} for a, r, p in roles])
        publish.certify(conn, settings, REGISTER, first, "ben", b.later())
    assert b.submitted(engine, settings, REGISTER, [b.aid("A9").pledge("USD 5")], mode="append") == 2
    with store.writing(engine) as conn:
        conn.execute(
            sa.insert(tables.submissions).values(
                id=3,
                publisher="mof",
                jurisdiction="bz",
                mode="append",
                state="received",
                prepared_by="ana",
                prepared_at=b.START,
            )
        )
        mappings.remember(conn, "mof", "a" * 64, {"kind": "payments"}, "ana", b.START)
        decisions.decide(
            conn, publisher="mof", jurisdiction="bz", name="A Ltd", other="B Ltd", answer="same", by="ana", at=b.START
        )
    return engine


@contextmanager
def attacker(engine: sa.Engine) -> Iterator[Any]:
    """A connection of the driver's own, which the application has not prepared."""
    if engine.dialect.name == "sqlite":
        raw = store._sqlite().connect(engine.url.database, isolation_level=None)
    else:
        import psycopg

        raw = psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(False), autocommit=True)
    try:
        yield raw
    finally:
        raw.close()


def refusal(raw: Any, statements: tuple[str, ...]) -> str:
    """What the last statement is refused with; '' when all were obeyed. Nothing stays of it either way."""
    *before, last = statements
    pragmas = [s for s in before if s.startswith("PRAGMA")]
    for statement in pragmas:
        raw.execute(statement)
    raw.execute("BEGIN")
    try:
        for statement in before:
            if statement not in pragmas:
                raw.execute(statement)
        try:
            raw.execute(last)
        except Exception as problem:  # each driver has its own; the words are what counts
            return str(problem)
        return ""
    finally:
        raw.execute("ROLLBACK")
        for statement in pragmas:
            raw.execute(statement.replace("ON", "OFF"))


def test_every_attack_is_refused_by_the_promise_it_breaks(peopled: sa.Engine, settings: Settings) -> None:
    before = {t: rows(peopled, t) for t in KEPT}
    got = {}
    with attacker(peopled) as raw:
        for name, (engines, promise, statements) in ATTACKS.items():
            if peopled.dialect.name in engines and promise not in (words := refusal(raw, statements)):
                got[name] = words or "obeyed"

    assert got == {}
    assert {t: rows(peopled, t) for t in KEPT} == before
    assert verify.problems(peopled, settings, REGISTER) == []


def test_without_the_triggers_the_same_attacks_succeed(peopled: sa.Engine) -> None:
    """The control: what stops them is the promise, not a mistake in the statement."""
    with store.writing(peopled) as conn:
        for statement in triggers.disarm(conn.dialect.name):
            conn.exec_driver_sql(statement)
    got = {}
    with attacker(peopled) as raw:
        if peopled.dialect.name == "postgresql":
            raw.execute("SET session_replication_role = replica")  # foreign keys too are not looked at
        for name, (engines, promise, statements) in ATTACKS.items():
            if peopled.dialect.name in engines and promise in triggers.PROMISES:
                words = refusal(raw, statements)
                # Some break a CHECK as well: two locks on one door.
                if words and "four_eyes" not in words and "published_" not in words:
                    got[name] = words

    assert got == {}


def test_no_promise_is_without_an_attack() -> None:
    assert {promise for _, promise, _ in ATTACKS.values()} >= set(triggers.PROMISES)


def test_a_promise_taken_away_is_seen(peopled: sa.Engine) -> None:
    with store.writing(peopled) as conn:
        assert triggers.missing(conn) == []
        if conn.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER audit_stay")
            conn.exec_driver_sql("DROP TRIGGER releases_keep")
            conn.exec_driver_sql("CREATE TRIGGER releases_keep BEFORE UPDATE ON releases BEGIN SELECT 1; END")
            expected = {"audit_stay", "releases_keep"}
        else:
            conn.exec_driver_sql("DROP TRIGGER audit_stay ON audit")
            conn.exec_driver_sql("ALTER TABLE releases DISABLE TRIGGER releases_keep")
            conn.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION ledger_publication_new() RETURNS trigger LANGUAGE plpgsql "
                "AS $body$ BEGIN RETURN NEW; END $body$"
            )
            expected = {"audit_stay", "releases_keep", "publications_new"}
        assert set(triggers.missing(conn)) == expected


def test_what_honest_people_do_is_not_refused(peopled: sa.Engine, settings: Settings) -> None:
    with store.writing(peopled) as conn:
        assert publish.certify(conn, settings, REGISTER, 2, "ben", b.later()).number == 2
    assert verify.problems(peopled, settings, REGISTER) == []


def rows(engine: sa.Engine, table: str) -> list[Any]:
    t = tables.metadata.tables[table]
    with store.reading(engine) as conn:
        return [tuple(r) for r in conn.execute(sa.select(t).order_by(*t.primary_key))]

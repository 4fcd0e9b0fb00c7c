"""Who may sign in, for how long, and what they may do, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger import accounts, audit, store, tables
from ledger.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from ledger.settings import Settings

AT = datetime(2020, 5, 14, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def office(engine: sa.Engine) -> sa.Engine:
    """Ana, an officer with a password; Ada, an administrator without."""
    with store.writing(engine) as conn:
        accounts.add(conn, "ana", "Ana Example", PASSWORD, AT)
        accounts.grant(conn, "ana", "officer", "mof", AT)
        accounts.add(conn, "ada", "Ada Example", None, AT)
        accounts.grant(conn, "ada", "admin", "", AT)
    return engine


def signed_in(engine: sa.Engine, settings: Settings, at: datetime = AT) -> str:
    token = accounts.sign_in(engine, settings, "ana", PASSWORD, at)
    assert token is not None
    return token


def whose(engine: sa.Engine, settings: Settings, token: str, at: datetime) -> str | None:
    with store.writing(engine) as conn:
        found = accounts.session(conn, settings, token, at)
    return None if found is None else found.account


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every hash that a password is checked against."""
    seen: list[str] = []
    real = accounts._matches

    def matches(stored: str, password: str) -> bool:
        seen.append(stored)
        return real(stored, password)

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "_matches", matches)
        yield seen


# --- signing in --------------------------------------------------------------------------------------------------


def test_a_session_is_known_by_its_token_and_the_store_does_not_hold_it(office: sa.Engine, settings: Settings) -> None:
    token = signed_in(office, settings)

    with store.writing(office) as conn:
        session = accounts.session(conn, settings, token, AT + SECOND)
        assert session is not None and (session.account, session.name) == ("ana", "Ana Example")
        assert len(session.csrf) >= 32 and session.csrf != token
        assert accounts.session(conn, settings, token + "x", AT) is None
        told = [str(row) for t in tables.metadata.sorted_tables for row in conn.execute(sa.select(t))]
    assert not [row for row in told if token in row or PASSWORD in row]


def test_passwords_are_kept_as_argon2id_of_19_mib(office: sa.Engine) -> None:
    with store.reading(office) as conn:
        stored = conn.scalar(sa.select(tables.accounts.c.password_hash).where(tables.accounts.c.id == "ana"))
    assert stored is not None and stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("name", ["ana", "ada", "nobody", "NOT A NAME; --", "operator", ""])
def test_a_wrong_sign_in_costs_the_same_work_whoever_it_names(
    office: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with counted(monkeypatch) as checks:
        assert accounts.sign_in(office, settings, name, "wrong password", AT) is None
    assert len(checks) == 1 and checks[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_who_has_no_password_or_is_disabled_does_not_sign_in(office: sa.Engine, settings: Settings) -> None:
    with store.writing(office) as conn:
        accounts.disable(conn, "ana", AT, by="ada")
    assert accounts.sign_in(office, settings, "ana", PASSWORD, AT) is None
    assert accounts.sign_in(office, settings, "ada", "", AT) is None


def test_a_session_ends_when_idle_and_in_any_case_after_its_hours(office: sa.Engine, settings: Settings) -> None:
    idle, hours = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)

    token = signed_in(office, settings)
    assert whose(office, settings, token, AT + idle) == "ana"
    assert whose(office, settings, token, AT + idle + idle) == "ana", "a click counts from the last one"
    assert whose(office, settings, token, AT + 3 * idle + SECOND) is None

    busy, at = signed_in(office, settings), AT
    while at + idle < AT + hours:
        at += idle
        assert whose(office, settings, busy, at) == "ana"
    assert whose(office, settings, busy, AT + hours) is None


def test_a_session_ends_by_signing_out_by_a_new_password_and_with_the_account(
    office: sa.Engine, settings: Settings
) -> None:
    first, second = signed_in(office, settings), signed_in(office, settings)
    with store.writing(office) as conn:
        accounts.sign_out(conn, first)
    assert (whose(office, settings, first, AT), whose(office, settings, second, AT)) == (None, "ana")

    with store.writing(office) as conn:
        accounts.set_password(conn, "ana", "another long password", AT, by="ana")
    assert whose(office, settings, second, AT) is None

    third = accounts.sign_in(office, settings, "ana", "another long password", AT)
    assert third is not None
    with store.writing(office) as conn:
        accounts.disable(conn, "ana", AT)
    assert whose(office, settings, third, AT) is None


# --- guessing ----------------------------------------------------------------------------------------------------


def test_guessing_slows_down_before_any_password_is_looked_at(
    office: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = AT
    for _ in range(accounts.FREE_TRIES):
        assert accounts.sign_in(office, settings, "ana", "wrong password", at) is None

    for doubling in range(12):
        wait = min(timedelta(seconds=2**doubling), accounts.DELAY_MAX)
        with counted(monkeypatch) as checks, pytest.raises(Forbidden, match="too_many_tries") as refused:
            accounts.sign_in(office, settings, "ana", PASSWORD, at + wait - SECOND)
        assert checks == [] and 0 < int(str(refused.value.params["seconds"])) <= 2
        at += wait
        assert accounts.sign_in(office, settings, "ana", "wrong password", at) is None

    # then: the right password, after the wait, opens and forgets
    assert accounts.sign_in(office, settings, "ana", PASSWORD, at + accounts.DELAY_MAX) is not None
    with store.reading(office) as conn:
        assert conn.execute(sa.select(tables.sign_in_failures)).all() == []


def test_guessing_side_by_side_does_not_pass_the_limit(
    office: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_TURN_SECONDS", 60)

    def guess(n: int) -> str:
        try:
            return str(accounts.sign_in(office, settings, "ana", f"wrong password {n}", AT))
        except Forbidden:
            return "wait"

    with counted(monkeypatch) as checks, ThreadPoolExecutor(8) as pool:
        told = list(pool.map(guess, range(24)))
    assert told.count("None") == len(checks) == accounts.FREE_TRIES
    assert told.count("wait") == 24 - accounts.FREE_TRIES


def test_made_up_names_leave_nothing_in_the_store(office: sa.Engine, settings: Settings) -> None:
    for name in ("x" * 100_000, "Ana", "'; DROP TABLE accounts; --"):
        assert accounts.sign_in(office, settings, name, "wrong password", AT) is None
    with store.reading(office) as conn:
        assert conn.execute(sa.select(tables.sign_in_failures)).all() == []


def test_the_store_is_free_while_a_password_is_worked_on(
    office: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = []

    def matches(stored: str, password: str) -> bool:
        with ThreadPoolExecutor(1) as other:
            other.submit(write).result(timeout=5)
        return True

    def write() -> None:
        with store.writing(office) as conn:
            audit.note(conn, AT, "ben", "publish", "meanwhile")
        wrote.append(True)

    monkeypatch.setattr(accounts, "_matches", matches)
    assert accounts.sign_in(office, settings, "ana", PASSWORD, AT) is not None and wrote


def test_a_flood_of_sign_ins_is_sent_away_instead_of_filling_every_thread(
    sqlite_engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts._nobody()
    monkeypatch.setattr(accounts, "_TURN_SECONDS", 0.01)
    with accounts._turn(), accounts._turn(), pytest.raises(Unavailable, match="sign_in_busy"):
        accounts.sign_in(sqlite_engine, settings, "nobody", "wrong password", AT)


# --- roles -------------------------------------------------------------------------------------------------------


def test_a_role_holds_for_its_publisher_or_for_all(office: sa.Engine) -> None:
    with store.writing(office) as conn:
        assert accounts.allows(conn, "ana", "officer", "mof")
        assert not accounts.allows(conn, "ana", "officer", "moh")
        assert not accounts.allows(conn, "ana", "certifier", "mof")
        accounts.grant(conn, "ana", "certifier", "", AT, by="ada")
        assert accounts.allows(conn, "ana", "certifier", "moh")
        assert accounts.publishers(conn, "ana", "officer") == ["mof"]
        accounts.revoke(conn, "ana", "certifier", "", AT, by="ada")
        assert not accounts.allows(conn, "ana", "certifier", "moh")
        accounts.disable(conn, "ana", AT)
        assert not accounts.allows(conn, "ana", "officer", "mof")


@pytest.mark.parametrize("role", ["certifier", "admin"])
def test_an_administrator_does_not_make_themself_certifier(office: sa.Engine, role: str) -> None:
    with store.writing(office) as conn, pytest.raises(Forbidden, match="own_role"):
        accounts.grant(conn, "ada", role, "", AT, by="ada")


def test_only_administrators_and_the_operator_keep_accounts(office: sa.Engine) -> None:
    with store.writing(office) as conn:
        for act in (
            lambda: accounts.add(conn, "eve", "Eve", None, AT, by="ana"),
            lambda: accounts.grant(conn, "ana", "officer", "moh", AT, by="ana"),
            lambda: accounts.revoke(conn, "ada", "admin", "", AT, by="ana"),
            lambda: accounts.disable(conn, "ada", AT, by="ana"),
            lambda: accounts.set_password(conn, "ada", "a long password", AT, by="ana"),
        ):
            with pytest.raises(Forbidden, match="not_an_admin"):
                act()
        accounts.add(conn, "eve", "Eve", None, AT, by="ada")


def test_what_cannot_be_taken_is_said(office: sa.Engine) -> None:
    with store.writing(office) as conn:
        with pytest.raises(Conflict, match="account_exists"):
            accounts.add(conn, "ana", "Other Ana", None, AT)
        for id in ("Ana", "", "a b", "-a", "a" * 65, accounts.OPERATOR):
            with pytest.raises(Refused, match="account_id"):
                accounts.add(conn, id, "Name", None, AT)
        with pytest.raises(Refused, match="password_short"):
            accounts.add(conn, "eve", "Eve", "short", AT)
        with pytest.raises(Refused, match="role_unknown"):
            accounts.grant(conn, "ana", "king", "", AT)
        with pytest.raises(NotFound, match="no_account"):
            accounts.grant(conn, "eve", "officer", "", AT)


def test_every_act_on_accounts_is_written_down(office: sa.Engine, settings: Settings) -> None:
    signed_in(office, settings)
    with store.reading(office) as conn:
        acts = conn.execute(sa.select(tables.audit.c.account, tables.audit.c.action, tables.audit.c.subject)).all()
        assert list(audit.problems(conn)) == []
    assert [tuple(a) for a in acts] == [
        ("operator", "add", "account/ana"),
        ("operator", "grant", "account/ana"),
        ("operator", "add", "account/ada"),
        ("operator", "grant", "account/ada"),
        ("ana", "sign_in", "account/ana"),
    ]

"""People: who may sign in, what they may do, and for how long they stay signed in.

In: names, passwords, tokens. Out: decisions. Passwords are kept as Argon2id, session tokens only as their sha256.
That preparer and certifier differ is decided by the database, not here. Read `sign_in` and `allows` first.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import argon2
import sqlalchemy as sa

from ledger import audit
from ledger.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from ledger.settings import Settings
from ledger.store import insert_once, writing
from ledger.tables import account_roles, accounts, sessions, sign_in_failures

ROLES = ("officer", "certifier", "admin", "auditor")
OPERATOR = "operator"
"""Who acts at the terminal of the machine itself: whoever has that has the store anyway."""

PASSWORD_MIN = 12
FREE_TRIES = 5
DELAY_MAX = timedelta(minutes=15)
FAILURES_KEPT = timedelta(days=1)

_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

# 19 MiB, 2 passes, 1 lane: 55 ms on a two-core machine. At most two at once, and nobody waits long for a turn: a flood
# of sign-ins takes neither both cores nor every thread that answers readers.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
_TURN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Session:
    account: str
    name: str
    csrf: str


def add(conn: sa.Connection, id: str, name: str, password: str | None, at: datetime, by: str = OPERATOR) -> None:
    """Make an account; without a password it can be named at the terminal, and nobody can sign in with it."""
    _may_keep_accounts(conn, by)
    if not _ID.fullmatch(id) or id == OPERATOR:
        raise Refused("account_id", id=id)
    if password is not None and len(password) < PASSWORD_MIN:
        raise Refused("password_short", least=PASSWORD_MIN)
    if conn.scalar(sa.select(accounts.c.id).where(accounts.c.id == id)) is not None:
        raise Conflict("account_exists", id=id)
    conn.execute(
        sa.insert(accounts).values(
            id=id, name=name or id, password_hash=_hash(password) if password is not None else None, created_at=at
        )
    )
    audit.note(conn, at, by, "add", f"account/{id}", {})


def set_password(conn: sa.Connection, id: str, password: str, at: datetime, by: str) -> None:
    """Give a new password and end the account's sessions. Everybody may give one to themselves."""
    if by != id:
        _may_keep_accounts(conn, by)
    if len(password) < PASSWORD_MIN:
        raise Refused("password_short", least=PASSWORD_MIN)
    _known(conn, id)
    conn.execute(sa.update(accounts).where(accounts.c.id == id).values(password_hash=_hash(password)))
    conn.execute(sa.delete(sessions).where(sessions.c.account == id))
    audit.note(conn, at, by, "password", f"account/{id}", {})


def disable(conn: sa.Connection, id: str, at: datetime, by: str = OPERATOR) -> None:
    """End an account for good; what it did stays in its name."""
    _may_keep_accounts(conn, by)
    _known(conn, id)
    conn.execute(sa.update(accounts).where(accounts.c.id == id).values(disabled=True))
    conn.execute(sa.delete(sessions).where(sessions.c.account == id))
    audit.note(conn, at, by, "disable", f"account/{id}", {})


def grant(
    conn: sa.Connection, id: str, role: str, publisher: str = "", at: datetime | None = None, by: str = OPERATOR
) -> None:
    """Give a role for one publisher, or for all (''). Nobody grants themself certifier or admin."""
    if at is None:
        raise ValueError("a grant has a time")
    if role not in ROLES:
        raise Refused("role_unknown", role=role, roles=", ".join(ROLES))
    if by == id and role in ("certifier", "admin"):
        raise Forbidden("own_role", account=id)
    _may_keep_accounts(conn, by)
    _known(conn, id)
    r = account_roles
    there = sa.select(r.c.account).where(r.c.account == id, r.c.role == role, r.c.publisher == publisher)
    if conn.scalar(there) is None:
        conn.execute(sa.insert(r).values(account=id, role=role, publisher=publisher))
        audit.note(conn, at, by, "grant", f"account/{id}", {"role": role, "publisher": publisher})


def revoke(conn: sa.Connection, id: str, role: str, publisher: str, at: datetime, by: str = OPERATOR) -> None:
    """Take a role away. What was certified with it stays certified."""
    _may_keep_accounts(conn, by)
    _known(conn, id)
    r = account_roles
    conn.execute(sa.delete(r).where(r.c.account == id, r.c.role == role, r.c.publisher == publisher))
    audit.note(conn, at, by, "revoke", f"account/{id}", {"role": role, "publisher": publisher})


def allows(conn: sa.Connection, account: str, role: str, publisher: str = "") -> bool:
    """Whether the account has the role for this publisher (a role for '' holds for all) and is not disabled."""
    r = account_roles
    return (
        conn.scalar(
            sa.select(sa.literal(1))
            .select_from(r.join(accounts, accounts.c.id == r.c.account))
            .where(
                r.c.account == account,
                r.c.role == role,
                r.c.publisher.in_(["", publisher]),
                accounts.c.disabled.is_(sa.false()),
            )
            .limit(1)
        )
        is not None
    )


def publishers(conn: sa.Connection, account: str, role: str) -> list[str]:
    """The publishers for which the account has the role; [''] means all of them."""
    r = account_roles
    found = conn.scalars(
        sa.select(r.c.publisher).where(r.c.account == account, r.c.role == role).order_by(r.c.publisher)
    )
    return list(found)


# --- signing in -------------------------------------------------------------------------------------------------


def sign_in(engine: sa.Engine, settings: Settings, id: str, password: str, at: datetime) -> str | None:
    """Return a new session's token, or None when name or password is wrong.

    Works as long for an unknown name as for a known one. After `FREE_TRIES` wrong passwords each further try
    must wait, twice as long each time and never more than `DELAY_MAX`: the Forbidden says for how long.
    In transactions of its own: a try is counted before the password is looked at, so tries side by side cannot pass
    the limit together, and the store's one writer is free while the password is worked on.
    """
    stored = None
    if _ID.fullmatch(id):
        with writing(engine) as conn:
            _count_try(conn, id, at)
            stored = _password_hash(conn, id)
    if not _matches(stored or _nobody(), password) or stored is None:
        return None
    with writing(engine) as conn:
        if _password_hash(conn, id) != stored:
            return None  # disabled, or given another password, in this very moment
        f = sign_in_failures
        conn.execute(sa.delete(f).where(sa.or_(f.c.account == id, f.c.last_at < at - FAILURES_KEPT)))
        conn.execute(sa.delete(sessions).where(sessions.c.expires_at < at))
        token = secrets.token_urlsafe(32)
        conn.execute(
            sa.insert(sessions).values(
                token_sha256=_sha256(token),
                account=id,
                csrf=secrets.token_urlsafe(32),
                created_at=at,
                seen_at=at,
                expires_at=at + timedelta(hours=settings.session_hours),
            )
        )
        audit.note(conn, at, id, "sign_in", f"account/{id}", {})
    return token


def _count_try(conn: sa.Connection, id: str, at: datetime) -> None:
    f = sign_in_failures
    insert_once(conn, f, account=id, count=0, last_at=at)
    # The row is locked until commit: whoever tries at the same time waits, and then sees this try.
    failed = conn.execute(
        sa.select(f.c.count.label("tries"), f.c.last_at).where(f.c.account == id).with_for_update()
    ).one()
    if failed.tries >= FREE_TRIES:
        doublings = min(failed.tries - FREE_TRIES, 20)  # 2**20 seconds is far beyond DELAY_MAX
        again = failed.last_at + min(timedelta(seconds=2**doublings), DELAY_MAX)
        if at < again:
            raise Forbidden("too_many_tries", seconds=int((again - at).total_seconds()) + 1)
    conn.execute(sa.update(f).where(f.c.account == id).values(count=f.c.count + 1, last_at=at))


def _password_hash(conn: sa.Connection, id: str) -> str | None:
    """What the password is checked against; None for who cannot sign in."""
    query = sa.select(accounts.c.password_hash).where(accounts.c.id == id, accounts.c.disabled.is_(sa.false()))
    found: str | None = conn.scalar(query)
    return found


def session(conn: sa.Connection, settings: Settings, token: str, at: datetime) -> Session | None:
    """Return who holds this token; None when it is unknown, ended, idle for too long or its account disabled.

    Writes the time of the click (at most once a minute), so the caller's transaction must be able to write.
    """
    row = conn.execute(
        sa.select(sessions, accounts.c.name)
        .join(accounts, accounts.c.id == sessions.c.account)
        .where(sessions.c.token_sha256 == _sha256(token), accounts.c.disabled.is_(sa.false()))
    ).one_or_none()
    if row is None or at >= row.expires_at or at - row.seen_at > timedelta(minutes=settings.session_idle_minutes):
        return None
    if at - row.seen_at > timedelta(minutes=1):
        conn.execute(sa.update(sessions).where(sessions.c.token_sha256 == row.token_sha256).values(seen_at=at))
    return Session(row.account, row.name, row.csrf)


def sign_out(conn: sa.Connection, token: str) -> None:
    conn.execute(sa.delete(sessions).where(sessions.c.token_sha256 == _sha256(token)))


def same(a: str, b: str) -> bool:
    """Compare two secrets in constant time."""
    return secrets.compare_digest(a.encode(), b.encode())


def _known(conn: sa.Connection, id: str) -> None:
    if conn.scalar(sa.select(accounts.c.id).where(accounts.c.id == id)) is None:
        raise NotFound("no_account", id=id)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _may_keep_accounts(conn: sa.Connection, by: str) -> None:
    if by != OPERATOR and not allows(conn, by, "admin"):
        raise Forbidden("not_an_admin", account=by)


def _hash(password: str) -> str:
    with _turn():
        return _HASHER.hash(password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_TURN_SECONDS):
        raise Unavailable("sign_in_busy")
    try:
        yield
    finally:
        _AT_ONCE.release()


@cache
def _nobody() -> str:
    """A hash that no password has: checked for unknown names, so that they take as long."""
    return _hash(secrets.token_urlsafe(32))


def _matches(stored: str, password: str) -> bool:
    with _turn():
        try:
            return _HASHER.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

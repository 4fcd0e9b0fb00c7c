"""The acts of named people, one transaction each, with the question whether they may: for terminal, demo and desk.

In: an account and what it wants done. Out: the state or publication that came of it. What a step does is
`ledger.workflow` and `ledger.publish`; this is where their caller's transaction is. Read `certify` first.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from ledger import accounts, publish, tables, workflow
from ledger.errors import Forbidden, NotFound
from ledger.publish import Publication
from ledger.settings import Register, Settings
from ledger.store import writing


def now() -> datetime:
    return datetime.now(UTC)


def may(conn: sa.Connection, account: str, role: str, publisher: str) -> None:
    """Refuse when the account does not exist, or may not do this for that publisher."""
    known = conn.scalar(sa.select(tables.accounts.c.id).where(tables.accounts.c.id == account))
    if known is None:
        raise NotFound("no_account", id=account)
    if not accounts.allows(conn, account, role, publisher):
        raise Forbidden("role_missing", account=account, role=role, publisher=publisher or "*")


def submit(engine: sa.Engine, id: int, by: str) -> str:
    """Hand a submission over for certification; the state that it is in then."""
    with writing(engine) as conn:
        may(conn, by, "officer", workflow.submission(conn, id).publisher)
        return workflow.submit(conn, id, by, now())


def certify(
    engine: sa.Engine, settings: Settings, register: Register, id: int, by: str, shown_digest: str | None = None
) -> Publication:
    """Publish a submission. The downloads are written afterwards from what was committed, by whoever calls this.

    Whether `by` may is asked by `publish.certify` itself, in the same transaction.
    """
    with writing(engine) as conn:
        return publish.certify(conn, settings, register, id, by, now(), shown_digest)


def give_back(engine: sa.Engine, id: int, by: str, why: str) -> str:
    with writing(engine) as conn:
        may(conn, by, "certifier", workflow.submission(conn, id).publisher)
        return workflow.give_back(conn, id, by, why, now())


def withdraw(engine: sa.Engine, id: int, by: str) -> str:
    with writing(engine) as conn:
        may(conn, by, "officer", workflow.submission(conn, id).publisher)
        return workflow.withdraw(conn, id, by, now())

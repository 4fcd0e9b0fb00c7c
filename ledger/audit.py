"""Who did what, when: a chain of rows in which each covers the one before, so that a row taken out shows.

In: an act. Out: a row in the caller's transaction. The table refuses UPDATE and DELETE. Read `note` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.store import digest
from ledger.tables import audit
from ledger.values import utc_text

FIRST = "0" * 64
_NOTING = 0x1ED6E6


def _sha256(previous: str, number: int, at: datetime, account: str, action: str, subject: str, detail: str) -> str:
    return digest([previous, number, utc_text(at), account, action, subject, detail])


def note(
    conn: sa.Connection, at: datetime, account: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Write an act down. `detail` holds ids and digests, never the content of cells."""
    if conn.dialect.name == "postgresql":
        # One at a time until commit: two who add a link to the same row would both number it alike.
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_NOTING)))
    last = conn.execute(
        sa.select(audit.c.number, audit.c.sha256).order_by(audit.c.number.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.number + 1, last.sha256) if last else (1, FIRST)
    told = json.dumps(dict(detail or {}), sort_keys=True, ensure_ascii=False, default=str)
    at = at.replace(microsecond=0)
    conn.execute(
        sa.insert(audit).values(
            number=number,
            at=at,
            account=account,
            action=action,
            subject=subject,
            detail=told,
            previous_sha256=previous,
            sha256=_sha256(previous, number, at, account, action, subject, told),
        )
    )


def problems(conn: sa.Connection) -> Iterator[str]:
    """Yield what is wrong with the chain: a gap, a row that was altered, a row that does not follow the one before."""
    previous, expected = FIRST, 1
    for row in conn.execute(sa.select(audit).order_by(audit.c.number)):
        if row.number != expected:
            yield f"row {expected} is missing"
        if row.previous_sha256 != previous:
            yield f"row {row.number} does not follow the one before"
        if row.sha256 != _sha256(
            row.previous_sha256, row.number, row.at, row.account, row.action, row.subject, row.detail
        ):
            yield f"row {row.number} was altered"
        previous, expected = row.sha256, row.number + 1

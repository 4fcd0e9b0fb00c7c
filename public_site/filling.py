"""The rows that a filled template starts from: what the publisher's certified files said, read again.

In: a publisher and a kind. Out: rows by catalogue field. The uploads are kept for ever, so the officer gets back the
values as they were typed, in the columns of the template. Read `published_rows` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from importers import staging
from ledger import store, tables
from ledger.settings import Register, Settings
from ledger.values import Sha256


def published_rows(
    conn: sa.Connection, settings: Settings, register: Register, publisher: str, kind: str
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one kind that stand: of each period the last replacing file and what was added to it since."""
    jurisdiction = register.jurisdiction(register.publisher(publisher).jurisdiction)
    for id in _standing(conn, publisher):
        f = tables.submission_files
        files = conn.execute(sa.select(f.c.sha256, f.c.file_name).where(f.c.submission == id).order_by(f.c.position))
        for sha, name in files.all():
            path = store.upload_path(settings, Sha256(sha))
            read = staging.staged(
                path, file_name=name, sha256=Sha256(sha), settings=settings, jurisdiction=jurisdiction
            )
            for table in read.tables:
                if table.kind == kind:
                    for row in table.rows:
                        if row.number not in table.held:
                            yield {field: parsed.value for field, parsed in row.values.items()}


def _standing(conn: sa.Connection, publisher: str) -> list[int]:
    s = tables.submissions
    found = conn.execute(
        sa.select(s.c.id, s.c.dataset, s.c.period, s.c.mode)
        .where(s.c.publisher == publisher, s.c.state == "published")
        .order_by(s.c.publication)
    )
    standing: dict[tuple[str, str], list[int]] = {}
    for row in found:
        key = (row.dataset, row.period)
        standing[key] = [*standing.get(key, ()), row.id] if row.mode == "append" else [row.id]
    return sorted(id for ids in standing.values() for id in ids)

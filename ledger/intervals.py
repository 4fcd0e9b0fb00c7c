"""Rows that are true from one publication until another, turned by key: what stays equal stays open and costs nothing.

In: the rows that a publication gives for some keys. Out: statements on a table with `from_publication` and
`to_publication`. For rows that follow from many records (`subtotals`, `checks.stored`). Read `turn`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

Row = dict[str, Any]
Key = tuple[Any, ...]

_ASKED = 500  # keys in one statement: SQLite takes 32,766 values


def standing(conn: sa.Connection, table: sa.Table, names: Sequence[str], keys: Sequence[Key]) -> dict[Key, Row]:
    """Return the open rows of these keys, without their interval; `_from` is the publication that opened them."""
    found: dict[Key, Row] = {}
    of_key = sa.tuple_(*(table.c[n] for n in names)) if len(names) > 1 else table.c[names[0]]
    it = iter(keys)
    while part := list(islice(it, _ASKED)):
        asked = part if len(names) > 1 else [k[0] for k in part]
        query = sa.select(table).where(of_key.in_(asked), table.c.to_publication.is_(None))
        for row in conn.execute(query).mappings():
            plain = {k: v for k, v in row.items() if k not in ("from_publication", "to_publication")}
            found[tuple(row[n] for n in names)] = {**plain, "_from": row["from_publication"]}
    return found


def turn(
    conn: sa.Connection, table: sa.Table, names: Sequence[str], after: Mapping[Key, Row | None], publication: int,
    before: Mapping[Key, Row] | None = None,
) -> None:  # fmt: skip
    """Let each key have this row from `publication` on; None ends it. `before` saves asking what stands."""
    there = standing(conn, table, names, list(after)) if before is None else before
    ending, beginning = [], []
    for key, row in after.items():
        was = there.get(key)
        if was is not None and row is not None and all(was[k] == v for k, v in row.items()):
            continue
        if was is not None:
            ending.append((key, was["_from"]))
        if row is not None:
            beginning.append({**row, "from_publication": publication})
    of_key = [table.c[n] == sa.bindparam(f"k_{n}") for n in names]
    here = (*of_key, table.c.to_publication.is_(None))
    closed = [_bound(names, key) for key, since in ending if since != publication]
    if closed:
        conn.execute(sa.update(table).where(*here).values(to_publication=publication), closed)
    replaced = [_bound(names, key) for key, since in ending if since == publication]
    if replaced:  # told twice in one publication: the later row is what it says
        conn.execute(sa.delete(table).where(*here), replaced)
    if beginning:
        conn.execute(sa.insert(table), beginning)


def _bound(names: Sequence[str], key: Key) -> Row:
    return {f"k_{n}": v for n, v in zip(names, key, strict=True)}


def laid_out(turns: Mapping[int, Row | None]) -> Iterator[Row]:
    """Yield one key's rows with their intervals, from what each publication made of it. Equal neighbours are one."""
    open_row: Row | None = None
    for publication in sorted(turns):
        row = turns[publication]
        if open_row is not None and row is not None and all(open_row[k] == v for k, v in row.items()):
            continue
        if open_row is not None:
            yield {**open_row, "to_publication": publication}
        open_row = None if row is None else {**row, "from_publication": publication, "to_publication": None}
    if open_row is not None:
        yield open_row

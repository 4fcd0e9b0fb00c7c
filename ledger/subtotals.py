"""Totals that are kept: the sums that pages ask for again and again, turned by each publication that changes them.

In: the arcs of the records that changed, before and after. Out: rows of `subtotals`, one a line of `totals.Total`, for
everything and for each office, area, party, month and so on. A change of one record costs its own arcs, whatever the
size of the ledger; that a process counts once in a line is exact, because each is added as a whole. They follow from
the arcs alone: `again` makes them anew. Read `answering`, then `write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ledger import intervals, tables
from ledger.arcs import GOODS_ONLY

Row = dict[str, Any]
Key = tuple[Any, ...]
Sums = list[Any]  # amount, processes, figures, figures without an amount

LINE = ("jurisdiction", "stage", "currency", "in_kind", "loan")
BY = ("publisher", "kind", "area", "programme", "payer", "payee", "funding", "item_key")
"""What totals are kept for, each by itself; `month` besides. Two of them together are added up when they are asked."""

KEY = ("by", "code", "crossing", *LINE)
_READ = (*LINE, *BY, "on", "crossing", "counted", "event", "amount", "ocid", "from_publication", "to_publication")


def answering(filters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return which rows of `subtotals` hold the totals under these filters of `totals.where`, as values of columns.
    None: they are not kept, and must be added up."""
    told = {k: v for k, v in filters.items() if v is not None}
    lines = {k: told.pop(k) for k in LINE if k in told}
    crossing = told.pop("crossing", "")
    by, code = next(iter(told.items())) if told else ("", "")
    if len(told) > 1 or by not in ("", *BY) or not isinstance(code, str) or not isinstance(crossing, str):
        return None
    return None if by and not code else {"by": by, "code": code, "crossing": crossing, **lines}


def _cells(rows: Iterable[Mapping[str, Any]]) -> dict[Key, Sums]:
    """What the arcs of one record add to each kept total."""
    found: dict[Key, Sums] = {}
    for row in rows:
        if not row["counted"] or row["event"] == GOODS_ONLY:
            continue
        line = (row["jurisdiction"], row["stage"], row["currency"] or "", row["in_kind"], row["loan"])
        amount, on = row["amount"], row["on"]
        told = [("", ""), *((by, code) for by in BY if (code := row[by]))]
        if on:
            told.append(("month", on[:7]))
        for crossing in ("", row["crossing"]):
            for by, code in told:
                cell = found.get(key := (by, code, crossing, *line))
                if cell is None:
                    cell = found[key] = [Decimal(0), 1, 0, 0]
                if amount is None:
                    cell[3] += 1
                else:
                    cell[0] += amount
                cell[2] += 1
    return found


class Turning:
    """What one publication adds to and takes from the kept totals."""

    def __init__(self) -> None:
        self._added: dict[Key, Sums] = {}

    def record(self, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> None:
        """Take off what a record's arcs said, and add what they say now."""
        was, now = _cells(before), _cells(after)
        for sign, cells, others in ((-1, was, now), (1, now, was)):
            for key, cell in cells.items():
                if others.get(key) == cell:
                    continue
                sums = self._added.setdefault(key, [Decimal(0), 0, 0, 0])
                for n, value in enumerate(cell):
                    sums[n] += sign * value

    def write(self, conn: sa.Connection, publication: int) -> None:
        changed = {key: sums for key, sums in self._added.items() if any(sums)}
        t = tables.subtotals
        there = intervals.standing(conn, t, KEY, list(changed))
        after: dict[Key, Row | None] = {}
        for key, sums in changed.items():
            was = there.get(key)
            before = [was[k] for k in _SUMS] if was else [Decimal(0), 0, 0, 0]
            after[key] = _row(key, [a + b for a, b in zip(before, sums, strict=True)])
        intervals.turn(conn, t, KEY, after, publication, there)


_SUMS = ("amount", "processes", "figures", "without_amount")


def _row(key: Key, sums: Sums) -> Row | None:
    return {**dict(zip(KEY, key, strict=True)), **dict(zip(_SUMS, sums, strict=True))} if sums[2] else None


def again(conn: sa.Connection) -> Iterator[Row]:
    """Yield every kept total with its interval, as the stored arcs give it. Reads the whole ledger."""
    a = tables.arcs
    query = sa.select(*(a.c[name] for name in _READ)).order_by(a.c.ocid)
    changes: dict[Key, dict[int, Sums]] = {}
    stored = conn.execute(query.execution_options(yield_per=1000)).mappings()
    for _, told in groupby(stored, key=lambda r: str(r["ocid"])):
        rows = [dict(r) for r in told]
        before: dict[Key, Sums] = {}
        for publication in sorted({n for r in rows for n in (r["from_publication"], r["to_publication"]) if n}):
            now = _cells(r for r in rows if _is_true(r, publication))
            for sign, cells in ((-1, before), (1, now)):
                for key, cell in cells.items():
                    sums = changes.setdefault(key, {}).setdefault(publication, [Decimal(0), 0, 0, 0])
                    for n, value in enumerate(cell):
                        sums[n] += sign * value
            before = now
    for key, by_publication in changes.items():
        standing: Sums = [Decimal(0), 0, 0, 0]
        turns: dict[int, Row | None] = {}
        for publication in sorted(by_publication):
            standing = [a + b for a, b in zip(standing, by_publication[publication], strict=True)]
            turns[publication] = _row(key, standing)
        yield from intervals.laid_out(turns)


def _is_true(row: Mapping[str, Any], publication: int) -> bool:
    end = row["to_publication"]
    return bool(row["from_publication"] <= publication and (end is None or end > publication))

"""Officers' answers to "same organisation?": kept for ever, the newest of a pair counts, so every merge can be undone.

In: an account's answer on two names. Out: the answers of a publisher. What follows from them is `importers.resolve`;
nothing public changes before a submission that was read with them is certified. The table refuses UPDATE and DELETE.
Read `decide` first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger import audit
from ledger.arcs import folded
from ledger.errors import Conflict, NotFound, Refused
from ledger.tables import party_decisions

UNDONE = {"same": "different", "different": "open", "new": "open"}
"""Which newer answer takes an answer back: what was one is two again, what was two is asked again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer. `name_key` and `other_key` are `arcs.folded` of the names; `other` is "" for `new`."""

    number: int
    publisher: str
    name_key: str
    other_key: str
    name: str
    other: str
    answer: str
    score: int | None
    evidence: tuple[str, ...]
    decided_by: str
    decided_at: datetime

    @property
    def pair(self) -> tuple[str, ...]:
        return tuple(sorted((self.name_key, self.other_key)))


def decide(
    conn: sa.Connection,
    *,
    publisher: str,
    jurisdiction: str,
    name: str,
    other: str,
    answer: str,
    by: str,
    at: datetime,
    score: int | None = None,
    evidence: Collection[str] = (),
    submission: int | None = None,
) -> int:
    """Keep an answer and return its number. Refused: names without letters, or two that are equal as they stand.

    Does not ask whether `by` may: the desk does, like for every other act.
    """
    keys = folded(name), folded(other)
    if not keys[0] or (not keys[1] and answer not in ("new", "open")):
        raise Refused("name_empty")
    if keys[0] == keys[1]:
        raise Refused("names_equal", name=name)
    made = conn.execute(
        sa.insert(party_decisions).values(
            publisher=publisher,
            jurisdiction=jurisdiction,
            name_key=keys[0],
            other_key=keys[1],
            name=name,
            other=other,
            answer=answer,
            score=score,
            evidence=",".join(evidence),
            submission=submission,
            decided_by=by,
            decided_at=at,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    number = int(key[0])
    audit.note(conn, at, by, "decide_party", f"party_decision/{number}", {"answer": answer, "publisher": publisher})
    return number


def undo(conn: sa.Connection, number: int, by: str, at: datetime) -> int:
    """Take an answer back by a newer one, and return that one's number. Conflict: it is not the newest of its pair."""
    told = decision(conn, number)
    newest = max((d for d in decisions(conn, [told.publisher]) if d.pair == told.pair), key=lambda d: d.number)
    if newest.number != number or told.answer not in UNDONE:
        raise Conflict("decision_replaced", number=number)
    where = conn.scalar(sa.select(party_decisions.c.jurisdiction).where(party_decisions.c.number == number))
    return decide(
        conn,
        publisher=told.publisher,
        jurisdiction=str(where),
        name=told.name,
        other=told.other,
        answer=UNDONE[told.answer],
        by=by,
        at=at,
    )


def decision(conn: sa.Connection, number: int) -> Decision:
    t = party_decisions
    row = conn.execute(sa.select(*_COLUMNS).where(t.c.number == number)).one_or_none()
    if row is None:
        raise NotFound("no_decision", number=number)
    return _decision(row)


def decisions(conn: sa.Connection, publishers: Collection[str] | None = None) -> list[Decision]:
    """Every answer of these publishers (None: of all), oldest first."""
    t = party_decisions
    query = sa.select(*_COLUMNS).order_by(t.c.number)
    if publishers is not None:
        query = query.where(t.c.publisher.in_(sorted(publishers)))
    return [_decision(row) for row in conn.execute(query)]


def in_force(told: Collection[Decision]) -> list[Decision]:
    """The newest answer of each publisher on each pair, newest first, without the pairs that are open again."""
    newest: dict[tuple[str, ...], Decision] = {}
    for d in sorted(told, key=lambda d: d.number):
        newest[d.publisher, *d.pair] = d
    return sorted((d for d in newest.values() if d.answer != "open"), key=lambda d: -d.number)


_COLUMNS = [
    party_decisions.c[name]
    for name in (
        "number",
        "publisher",
        "name_key",
        "other_key",
        "name",
        "other",
        "answer",
        "score",
        "evidence",
        "decided_by",
        "decided_at",
    )
]


def _decision(row: sa.Row[tuple[object, ...]]) -> Decision:
    told = dict(row._mapping)
    told["evidence"] = tuple(e for e in told["evidence"].split(",") if e)
    return Decision(**told)

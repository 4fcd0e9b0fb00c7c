"""Rows with intervals: what stays equal stays open, and told twice in one publication the later word holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import intervals

TABLE = sa.Table(
    "kept",
    sa.MetaData(),
    sa.Column("a", sa.Text, primary_key=True),
    sa.Column("b", sa.Boolean, primary_key=True),
    sa.Column("from_publication", sa.Integer, primary_key=True),
    sa.Column("to_publication", sa.Integer),
    sa.Column("sum", sa.Integer),
)
KEY = ("a", "b")


@pytest.fixture
def conn() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as found:
        TABLE.create(found)
        yield found
    engine.dispose()


def row(a: str, b: bool, total: int) -> dict[str, Any]:
    return {"a": a, "b": b, "sum": total}


def rows(conn: sa.Connection) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in conn.execute(sa.select(TABLE).order_by(*TABLE.primary_key))]


def test_a_row_stays_open_until_another_or_nothing_takes_its_place(conn: sa.Connection) -> None:
    intervals.turn(conn, TABLE, KEY, {("x", True): row("x", True, 1), ("y", False): row("y", False, 1)}, 1)
    intervals.turn(conn, TABLE, KEY, {("x", True): row("x", True, 1), ("y", False): row("y", False, 2)}, 2)
    intervals.turn(conn, TABLE, KEY, {("x", True): None, ("z", True): None}, 3)
    assert rows(conn) == [("x", True, 1, 3, 1), ("y", False, 1, 2, 1), ("y", False, 2, None, 2)]
    assert intervals.standing(conn, TABLE, KEY, [("x", True), ("y", False)]) == {
        ("y", False): {"a": "y", "b": False, "sum": 2, "_from": 2}
    }


def test_told_again_in_the_same_publication_the_later_row_is_what_it_says(conn: sa.Connection) -> None:
    for total in (1, 5, 7):
        intervals.turn(conn, TABLE, KEY, {("x", True): row("x", True, total)}, 1)
    assert rows(conn) == [("x", True, 1, None, 7)]
    intervals.turn(conn, TABLE, KEY, {("x", True): None}, 1)
    assert rows(conn) == []


def test_more_keys_than_one_question_takes(conn: sa.Connection) -> None:
    many = {(str(n), True): row(str(n), True, n) for n in range(1_201)}
    intervals.turn(conn, TABLE, KEY, many, 1)
    assert len(intervals.standing(conn, TABLE, KEY, list(many))) == 1_201


def test_equal_neighbours_are_one_interval() -> None:
    told = {1: row("x", True, 1), 2: row("x", True, 1), 4: None, 5: None, 6: row("x", True, 1), 9: row("x", True, 2)}
    assert [(r["from_publication"], r["to_publication"], r["sum"]) for r in intervals.laid_out(told)] == [
        (1, 4, 1),
        (6, 9, 1),
        (9, None, 2),
    ]

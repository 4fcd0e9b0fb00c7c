"""Publications seen as a whole: releases, what one told anew, who publishes what, and what is missing.

In: a reading connection and a publication (None: now). Out: frozen values and counts. Read `releases` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func

from ledger import tables
from ledger.arcs import GOODS_ONLY
from ledger.reading.records import titles
from ledger.store import unpacked
from ledger.totals import at_publication, where


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a process, with who answered for it."""

    id: str
    number: int
    publication: int
    date: str
    tags: tuple[str, ...]
    prepared_by: str
    certified_by: str
    body: dict[str, Any]


def releases(conn: sa.Connection, ocid: str, at: int | None) -> list[Release]:
    """Return a process's releases, oldest first, until publication `at`."""
    r, p = tables.releases, tables.publications
    preparer, certifier = tables.accounts.alias("preparers"), tables.accounts.alias("certifiers")
    columns = (r.c.id, r.c.number, r.c.publication, r.c.date, r.c.tag, r.c.body)
    query = (
        sa.select(*columns, preparer.c.name.label("prepared_by"), certifier.c.name.label("certified_by"))
        .join(p, p.c.number == r.c.publication)
        .join(preparer, preparer.c.id == p.c.prepared_by)
        .join(certifier, certifier.c.id == p.c.certified_by)
        .where(r.c.ocid == ocid)
        .order_by(r.c.number)
    )
    if at is not None:
        query = query.where(r.c.publication <= at)
    return [
        Release(
            row.id,
            row.number,
            row.publication,
            row.date,
            tuple(row.tag.split(",")),
            row.prepared_by,
            row.certified_by,
            unpacked(row.body),
        )
        for row in conn.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Changed:
    ocid: str
    kind: str
    title: str
    number: int
    tags: tuple[str, ...]


def released(conn: sa.Connection, publication: int, after: str = "", limit: int = 100) -> list[Changed]:
    """Return the processes that one publication told something new of."""
    r, now = tables.releases, tables.records
    query = (
        sa.select(r.c.ocid, r.c.kind, now.c.title, r.c.number, r.c.tag)
        .join(now, sa.and_(now.c.ocid == r.c.ocid, at_publication(now, publication)))
        .where(r.c.publication == publication, r.c.ocid > after)
        .order_by(r.c.ocid)
        .limit(limit)
    )
    return [Changed(o, k, t, n, tuple(tag.split(","))) for o, k, t, n, tag in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class Latest:
    """One release as news: `what` is added, changed or withdrawn. `key` continues a list after it."""

    publication: int
    date: str
    ocid: str
    number: int
    kind: str
    jurisdiction: str
    publisher: str
    title: str
    what: str

    @property
    def key(self) -> str:
        return f"{self.publication}:{self.ocid}"


def latest(conn: sa.Connection, at: int | None, after: str = "", limit: int = 50, **filters: str) -> list[Latest]:
    """Return the newest releases first, each with the title that the record had then.

    `filters`: jurisdiction, publisher, kind; "" for any. `after` is the `key` of the last one seen; what is no key
    starts from the beginning.
    """
    r, then = tables.releases, tables.records
    standing = sa.and_(
        then.c.ocid == r.c.ocid,
        then.c.from_publication <= r.c.publication,
        sa.or_(then.c.to_publication.is_(None), then.c.to_publication > r.c.publication),
    )
    query = (
        sa.select(r.c.publication, r.c.date, r.c.ocid, r.c.number, r.c.kind, r.c.jurisdiction, r.c.publisher)
        .add_columns(then.c.title, then.c.withdrawn)
        .join(then, standing)
        .order_by(r.c.publication.desc(), r.c.ocid.desc())  # one way through one index, however large a publication
        .limit(limit)
    )
    if at is not None:
        query = query.where(r.c.publication <= at)
    for name, value in filters.items():
        if value:
            query = query.where(r.c[name] == value)
    number, _, ocid = after.partition(":")
    if number.isdecimal() and len(number) < 10 and ocid:
        later = sa.and_(r.c.publication == int(number), r.c.ocid < ocid)
        query = query.where(sa.or_(r.c.publication < int(number), later))
    return [
        _news(row, "withdrawn" if row.withdrawn else "added" if row.number == 1 else "changed")
        for row in conn.execute(query)
    ]


def between(conn: sa.Connection, since: int, until: int, limit: int | None = None) -> list[Latest]:
    """Return what is different in publication `until` from `since`, each process once, by title."""
    now, what, different = _different(since, until)
    query = different.add_columns(
        *(now.c[n] for n in ("from_publication", "date", "ocid", "release_count", "kind", "jurisdiction")),
        now.c.publisher, now.c.title, what,
    )  # fmt: skip
    ordered = query.order_by(now.c.title, now.c.ocid).limit(limit)
    return [_news(row, row[8]) for row in conn.execute(ordered)]


def count_between(conn: sa.Connection, since: int, until: int) -> dict[str, int]:
    """Count the processes that were added, changed and withdrawn between two publications."""
    _, what, different = _different(since, until)
    told: dict[str, int] = {
        name: n for name, n in conn.execute(different.add_columns(what, func.count()).group_by(what))
    }
    return {name: told.get(name, 0) for name in ("added", "changed", "withdrawn")}


def _different(since: int, until: int) -> tuple[Any, sa.ColumnElement[str], sa.Select[Any]]:
    now, before = tables.records.alias("now"), tables.records.alias("before")

    def at(table: Any, number: int) -> sa.ColumnElement[bool]:
        return sa.and_(
            table.c.from_publication <= number,
            sa.or_(table.c.to_publication.is_(None), table.c.to_publication > number),
        )

    what = sa.case(
        (sa.and_(now.c.withdrawn, sa.not_(func.coalesce(before.c.withdrawn, sa.false()))), "withdrawn"),
        (before.c.ocid.is_not(None), "changed"),
        else_="added",
    )
    here = now.outerjoin(before, sa.and_(before.c.ocid == now.c.ocid, at(before, since)))
    return now, what, sa.select().select_from(here).where(at(now, until), now.c.from_publication > since)


def _news(row: Any, what: str) -> Latest:
    """The first eight columns of a query in the order of `Latest`."""
    publication, date, ocid, number, kind, jurisdiction, publisher, title = tuple(row)[:8]
    return Latest(publication, date, ocid, number, kind, jurisdiction, publisher, title, what)


def people(conn: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    a = tables.accounts
    found = conn.execute(sa.select(a.c.id, a.c.name).where(a.c.id.in_(sorted(set(ids)))))
    return {row.id: row.name for row in found}


@dataclass(frozen=True, slots=True)
class Gap:
    """How much of one publisher's records says what a reader would ask for."""

    publisher: str
    kind: str
    processes: int
    without_amount: int
    without_date: int
    without_giver: int
    without_receiver: int
    without_source: int


def gaps(conn: sa.Connection, at: int | None, publisher: str | None = None) -> list[Gap]:
    """Count, per publisher and kind of process, the processes whose figures leave something unsaid."""
    a = tables.arcs

    def lacking(column: sa.ColumnElement[Any], *also: sa.ColumnElement[bool]) -> Any:
        return func.count(sa.case((sa.and_(column.is_(None), *also), a.c.ocid)).distinct())

    query = (
        sa.select(
            a.c.publisher,
            a.c.kind,
            func.count(a.c.ocid.distinct()),
            lacking(a.c.amount, a.c.stage != "delivery"),
            lacking(a.c.on),
            lacking(a.c.payer),
            lacking(a.c.payee),
            lacking(a.c.funding, a.c.stage.in_(("contract", "payment"))),
        )
        .where(a.c.counted, a.c.event != GOODS_ONLY, *where(at, publisher=publisher))
        .group_by(a.c.publisher, a.c.kind)
        .order_by(a.c.publisher, a.c.kind)
    )
    return [Gap(*row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class Published:
    """What a publisher has made public of one dataset."""

    publisher: str
    dataset: str
    period: str
    entries: int
    since: int


def published(conn: sa.Connection, at: int | None, publisher: str | None = None) -> list[Published]:
    e = tables.entries
    query = (
        sa.select(e.c.publisher, e.c.dataset, e.c.period, func.count(), func.max(e.c.from_publication))
        .where(at_publication(e, at))
        .group_by(e.c.publisher, e.c.dataset, e.c.period)
        .order_by(e.c.publisher, e.c.dataset, e.c.period)
    )
    if publisher:
        query = query.where(e.c.publisher == publisher)
    return [Published(*row) for row in conn.execute(query)]


def process_counts(conn: sa.Connection, at: int | None, by: str = "jurisdiction") -> dict[str, dict[str, int]]:
    """Count processes per jurisdiction (or publisher) and kind."""
    r = tables.records
    column = r.c[by]
    found: dict[str, dict[str, int]] = {}
    query = sa.select(column, r.c.kind, func.count()).where(at_publication(r, at)).group_by(column, r.c.kind)
    for owner, kind, count in conn.execute(query.order_by(column, r.c.kind)):
        found.setdefault(owner, {})[kind] = count
    return found


def publishers_of(conn: sa.Connection, at: int | None, **filters: Any) -> list[tuple[str, int]]:
    """Count, per publisher, the processes with a figure that matches. `filters` as in `totals.where`."""
    a = tables.arcs
    query = (
        sa.select(a.c.publisher, func.count(a.c.ocid.distinct())).where(*where(at, **filters)).group_by(a.c.publisher)
    )
    return [(publisher, count) for publisher, count in conn.execute(query.order_by(a.c.publisher))]


def nearest(conn: sa.Connection, ocid: str, limit: int = 5) -> list[Changed]:
    """Return public processes whose identifier is most like a mistyped one."""
    from rapidfuzz import process as fuzzy

    r = tables.records
    known = conn.scalars(sa.select(r.c.ocid).where(r.c.to_publication.is_(None))).all()
    like = [match for match, _, _ in fuzzy.extract(ocid, known, limit=limit, score_cutoff=60)]
    found = titles(conn, like, None)
    return [Changed(o, *found[o], 0, ()) for o in like if o in found]


def held(conn: sa.Connection, at: int | None) -> dict[str, int]:
    """Return per publisher how many rows wait for their errors to be mended; a newer file of the same scope takes
    the place of the older one."""
    p = tables.publications
    query = sa.select(p.c.publisher, p.c.summary).order_by(p.c.number)
    newest: dict[tuple[str, str, str], int] = {}
    for publisher, summary in conn.execute(query if at is None else query.where(p.c.number <= at)):
        told = json.loads(summary)
        newest[publisher, told.get("dataset", ""), told.get("period", "")] = int(told.get("held") or 0)
    found: dict[str, int] = {}
    for (publisher, _dataset, _period), count in newest.items():
        if count:
            found[publisher] = found.get(publisher, 0) + count
    return found

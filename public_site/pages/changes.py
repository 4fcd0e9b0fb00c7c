"""What changed lately over all publications, and what lies between any two of them, in sentences.

In: releases, records and totals as of two publications. Out: pages `/changes` and `/difference`. What one record's
versions changed is `versions`. Read `changes`, then `difference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.errors import Refused
from ledger.reading import Latest
from ledger.tables import STAGES
from ledger.totals import Total, totals
from public_site.pages import page
from public_site.web import Ask, Page, Row, plain

PAGE = 50
SHOWN = 100
KINDS = ("aid", "programme", "procurement")


@dataclass(frozen=True, slots=True)
class Changes:
    rows: tuple[Latest, ...]
    jurisdiction: str
    publisher: str
    kind: str
    next: str


@page("/changes", ("json", "csv", "atom"))
def changes(ask: Ask) -> Page:
    asked = {
        "jurisdiction": _known(ask.get("jurisdiction"), (j.code for j in ask.register.jurisdictions)),
        "publisher": _known(ask.get("publisher"), (p.id for p in ask.register.publishers)),
        "kind": _known(ask.get("kind"), KINDS),
    }
    rows = reading.latest(ask.conn, ask.at, after=ask.get("after"), limit=PAGE + 1, **asked)
    more = rows[PAGE - 1].key if len(rows) > PAGE else ""
    shown = tuple(rows[:PAGE])
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"

    def every(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        for r in reading.latest(conn, ask.at, limit=1_000_000, **asked):
            yield r.publication, r.date, r.ocid, r.number, r.kind, r.jurisdiction, r.publisher, r.title, r.what

    feed = [
        Row(
            f"{r.ocid}-{r.number}",
            f"{r.title} ({ask.words.term('change', r.what)})",
            f"{base}/process/{r.ocid}/history",
            r.date,
        )
        for r in shown
    ]
    view = Changes(shown, **asked, next=ask.url("changes", **asked, after=more) if more else "")
    told = {
        "publication": ask.latest if ask.at is None else ask.at,
        "items": [plain(r) for r in shown],
        "next": view.next or None,
    }
    columns = ("publication", "date", "ocid", "release", "kind", "jurisdiction", "publisher", "title", "what")
    return Page("pages/changes.html", view, told, (columns, every), feed, ask.settings.publisher_name)


def _known(asked: str, known: Iterable[str]) -> str:
    return next((k for k in known if k.casefold() == asked.casefold()), "") if asked else ""


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of totals at both ends: the same stage, currency and nature of one jurisdiction."""

    jurisdiction: str
    stage: str
    currency: str
    in_kind: bool
    loan: bool
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    since: int
    until: int
    counts: Mapping[str, int]
    rows: tuple[Latest, ...]
    moved: tuple[Moved, ...]
    latest: int


@page("/difference", ("json",))
def difference(ask: Ask) -> Page:
    """What lies between two publications: `?since=3&until=7`; without them the last one against the one before."""
    latest = ask.latest if ask.at is None else ask.at
    until = _number(ask, "until", latest)
    since = _number(ask, "since", max(0, until - 1))
    if since > until:
        since, until = until, since
    before = {t.line: t for t in totals(ask.conn, since)} if since else {}
    after = {t.line: t for t in totals(ask.conn, until)} if until else {}
    view = Difference(
        since,
        until,
        reading.count_between(ask.conn, since, until),
        tuple(reading.between(ask.conn, since, until, SHOWN)),
        tuple(_moved(before, after)),
        latest,
    )

    def told() -> dict[str, Any]:
        every = reading.between(ask.conn, since, until)
        sums = [plain(m) for m in view.moved]
        return {"since": since, "until": until, **view.counts, "totals": sums, "items": [plain(r) for r in every]}

    return Page("pages/difference.html", view, told, fictional=ask.fictional())


def _number(ask: Ask, name: str, otherwise: int) -> int:
    text = ask.get(name)
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 9:
        raise Refused("asof_no_number", shown=text[:40], latest=ask.latest)
    if int(text) > ask.latest:
        raise Refused("asof_future", shown=text, latest=ask.latest)
    return int(text)


def _moved(before: Mapping[Any, Total], after: Mapping[Any, Total]) -> Iterable[Moved]:
    for line in sorted({*before, *after}, key=lambda x: (x[0], STAGES.index(x[1]), *x[2:])):
        told = after.get(line) or before[line]
        if not told.currency:
            continue
        was = before[line].amount if line in before else Decimal(0)
        now = after[line].amount if line in after else Decimal(0)
        if was != now:
            yield Moved(told.jurisdiction, told.stage, told.currency, told.in_kind, told.loan, was, now)

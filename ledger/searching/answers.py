"""Answers to a reader's question from the index of the newest publication: the same as `ledger.reading.search`, fast.

In: an open index, a reading connection of the same publication, a `Wanted`. Out: `Found`, with facets, exact totals and
a mended question; `Thing`s that have a page of their own. Rows are read from the store, so that what is shown is what
is public. Read `search` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sqlalchemy as sa

from ledger import tables
from ledger.reading.facets import in_order
from ledger.reading.lists import listed
from ledger.reading.records import names, titles
from ledger.reading.values import FACET_MAX, FACETS, PAGE, ROLES, Facet, Found, Listed, Wanted
from ledger.searching import words
from ledger.searching.columns import Matched, Numbers
from ledger.searching.index import Opened
from ledger.totals import Total, in_order_of_lines

REMEMBERED = 256  # answers: of one publication they never change
THINGS_MAX = 6
BEST_MAX = 1_000  # of what matches is put in order by weight: nobody reads on to there


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a page of its own. `part` is donor, buyer, supplier, item or area."""

    part: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Counted:
    count: int
    totals: tuple[Total, ...]
    facets: dict[str, list[tuple[str, int]]]


class Answers:
    """One open index with what it has answered already."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.most = max(1, opened.words.num_docs)
        self.order = lru_cache(maxsize=16)(self._order)
        self.matching = lru_cache(maxsize=16)(self._matching)
        self.counted = lru_cache(maxsize=REMEMBERED)(self._counted)

    def _words(self, q: str) -> Numbers | None:
        """Return the processes that have the words. None: the question has no word."""
        query = words.query_of(words.cut(q)) if q.strip() else None
        if query is None:
            return None
        # In order of their numbers, which so come with the hits: no weight is worked out, and nothing is read twice.
        hits = self.opened.words.search(query, limit=self.most, count=False, order_by_field="n").hits
        return np.fromiter([n for n, _ in hits], np.int64, len(hits))

    def _order(self, q: str) -> Numbers:
        """Return each process's place in the order of what matches best; beyond the best thousand the newest first."""
        query = words.query_of(words.cut(q))
        places = self.opened.columns.told["rank_newest"].astype(np.int64) + BEST_MAX
        if query is not None:
            searcher = self.opened.words
            hits = searcher.search(query, limit=min(self.most, BEST_MAX), count=False).hits
            best = np.array(searcher.fast_field_values("n", [a for _, a in hits]), np.int64)
            weights = np.fromiter([w for w, _ in hits], np.float32, len(hits))
            # Of equal weight the newest comes first, so that an order has no equals.
            order = np.lexsort((places[best], -weights)) if len(best) else best
            places[best[order]] = np.arange(len(best))
        return places

    def _matching(self, wanted: Wanted) -> Matched:
        return self.opened.columns.matched(wanted, self._words(wanted.q))

    def _counted(self, wanted: Wanted, facets: bool) -> _Counted:
        columns = self.opened.columns
        matched = self.matching(wanted)
        found: dict[str, list[tuple[str, int]]] = {}
        for name in FACETS if facets else ():
            if wanted.asks(name):
                found[name] = columns.facet(name, self.matching(wanted.without(name)), FACET_MAX)
            else:
                found[name] = columns.facet(name, matched, FACET_MAX)
        totals = in_order_of_lines(columns.totals(matched))
        return _Counted(int(np.count_nonzero(matched.mask)), tuple(totals), found)

    def page(self, wanted: Wanted, limit: int) -> tuple[list[str], bool]:
        """Return the ocids of one page, and whether more follow. `after` names the last process of the page before."""
        columns = self.opened.columns
        matched = self.matching(replace(wanted, sort="", after=""))
        last = columns.doc(wanted.after.rpartition("~")[2]) if wanted.after else None
        if wanted.sort == "relevance" and wanted.q.strip():
            ranks = self.order(wanted.q)
        else:
            ranks = columns.ranks(wanted.sort, wanted, matched.figures)
        docs = np.flatnonzero(matched.mask)
        if last is not None:
            docs = docs[ranks[docs] > ranks[last]]
        more = len(docs) > limit
        if more:
            docs = docs[np.argpartition(ranks[docs], limit)[:limit]]
        return columns.ocids(docs[np.argsort(ranks[docs])]), more

    def key(self, wanted: Wanted, row: Listed) -> str:
        """Return where a page ends, as SQL writes it: an index may come or go between two pages."""
        key: object = row.on or ""
        if wanted.sort == "amount" and wanted.currency:
            figures = self.matching(replace(wanted, sort="", after="")).figures
            key = self.opened.columns.largest(self.opened.columns.doc(row.ocid) or 0, figures)
        elif wanted.sort in ("changed", "title"):
            key = row.changed if wanted.sort == "changed" else row.title
        return f"{key}~{row.ocid}"

    def things(self, q: str) -> tuple[Thing, ...]:
        """Return organisations, goods and areas of that name."""
        query = words.query_of(words.cut(q))
        if query is None:
            return ()
        searcher = self.opened.things
        hits = searcher.search(query, limit=THINGS_MAX, count=False).hits
        places = searcher.fast_field_values("n", [a for _, a in hits])
        return tuple(Thing(*self.opened.thing_names[int(n or 0)]) for n in places)

    def suggestion(self, q: str) -> str:
        return words.mended(q, self.opened.vocabulary, self.opened.words)


def search(answers: Answers, conn: sa.Connection, wanted: Wanted, limit: int = PAGE, facets: bool = True) -> Found:
    """Return one page of what matches in the newest publication, with count, totals and facets.

    When nothing has the words as typed and a mended question has, the answer is that question's, and says so.
    """
    told = answers.counted(replace(wanted, sort="", after=""), facets)
    suggestion = answers.suggestion(wanted.q) if wanted.q else ""
    instead = False
    if suggestion:
        other = replace(wanted, q=suggestion)
        mended = answers.counted(replace(other, sort="", after=""), facets)
        if not mended.count:
            suggestion = ""
        elif not told.count:
            told, wanted, instead = mended, other, True
    ocids, more = answers.page(wanted, limit) if told.count else ([], False)
    rows = tuple(rows_of(conn, ocids, wanted))
    return Found(
        rows,
        told.count,
        told.totals,
        _labelled(conn, answers, told.facets),
        answers.key(wanted, rows[-1]) if more else "",
        suggestion,
        instead,
    )


def everything(answers: Answers, conn: sa.Connection, wanted: Wanted, slice: int = 500) -> Iterator[Listed]:
    """Return every process that matches, in order: for files without a limit. They are found now, and read later."""
    found = search(answers, conn, replace(wanted, after=""), 1, facets=False)
    if found.instead:
        wanted = replace(wanted, q=found.suggestion)
    ocids, _ = answers.page(replace(wanted, after=""), max(1, answers.opened.columns.count))
    parts = (ocids[start : start + slice] for start in range(0, len(ocids), slice))
    return (row for part in parts for row in rows_of(conn, part, wanted))


def rows_of(conn: sa.Connection, ocids: list[str], wanted: Wanted) -> Iterator[Listed]:
    """Read the rows of these processes, in this order."""
    r = tables.records
    columns = [r.c[n] for n in ("ocid", "kind", "jurisdiction", "publisher", "title", "on", "date", "method")]
    query = sa.select(*columns, r.c.withdrawn).where(r.c.ocid.in_(ocids), r.c.to_publication.is_(None))
    rows = {row.ocid: row for row in conn.execute(query)} if ocids else {}
    return listed(conn, [rows[o] for o in ocids if o in rows], wanted, None)


def _labelled(
    conn: sa.Connection, answers: Answers, facets: dict[str, list[tuple[str, int]]]
) -> dict[str, tuple[Facet, ...]]:
    items: dict[str, str] = answers.opened.columns.names["items"]
    known: dict[str, dict[str, str]] = {"item": items}
    parties = names(conn, [code for part in ROLES for code, _ in facets.get(part, ())], None)
    known |= dict.fromkeys(ROLES, parties)
    known["programme"] = {o: t for o, (_, t) in titles(conn, [o for o, _ in facets.get("programme", ())], None).items()}
    found: dict[str, list[Any]] = {
        name: [Facet(code, known.get(name, {}).get(code) or code, count) for code, count in several]
        for name, several in facets.items()
    }
    return in_order(found)

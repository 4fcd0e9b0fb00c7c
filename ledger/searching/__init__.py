"""Search over everything that is public: words by tantivy, filters, facets and exact sums by columns in memory.

In: a question (`ledger.reading.Wanted`), a reading connection, the publication asked for. Out: `Found`, `Thing`s. Only
the newest publication is indexed: the past, and a moment without an index, are answered by `ledger.reading` in SQL,
with the same meaning. Why there are two: docs/decisions/0011. Read `Finder` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import sqlalchemy as sa

from ledger import reading, tables
from ledger.reading import PAGE, Found, Listed, Wanted
from ledger.searching import answers
from ledger.searching.answers import Answers, Thing
from ledger.searching.index import Opened, Shelf, build, folder_of, is_ready, newest
from ledger.settings import Register, Settings
from ledger.totals import at_publication

__all__ = ["Finder", "Thing", "build", "is_ready"]

T = TypeVar("T")


class Finder:
    """The search of one server: by the index when there is one of this publication, else by SQL."""

    def __init__(self, settings: Settings, register: Register) -> None:
        self.settings = settings
        self.shelf = Shelf(settings, register)
        self._of: tuple[Opened, Answers] | None = None

    def answers(self, conn: sa.Connection, at: int | None) -> Answers | None:
        """Return the index of publication `at` (None: the newest), when it is the newest and has one."""
        publication = newest(conn)
        if at not in (None, publication):
            return None
        opened = self.shelf.of(conn, publication)
        if opened is None:
            return None
        if self._of is None or self._of[0] is not opened:
            self._of = (opened, Answers(opened))
        return self._of[1]

    def mark(self, conn: sa.Connection, publication: int) -> str:
        """What answers depend on beside the newest publication: whether it has an index, and which."""
        opened = self.shelf.of(conn, publication)
        return opened.mark if opened else ""

    def search(
        self, conn: sa.Connection, wanted: Wanted, at: int | None, limit: int = PAGE, facets: bool = True
    ) -> Found:
        """Return one page of the processes that match, how many match, their totals and what else could be chosen."""
        if wanted.flag:  # the index does not hold checks: they may match a record that did not change itself
            return reading.search(conn, wanted, at, limit, facets)
        return self._try(
            conn,
            at,
            lambda a: answers.search(a, conn, wanted, limit, facets),
            lambda: reading.search(conn, wanted, at, limit, facets),
        )

    def everything(self, conn: sa.Connection, wanted: Wanted, at: int | None) -> Iterator[Listed]:
        """Yield every process that matches: for files without a limit."""
        if wanted.flag:
            return reading.everything(conn, wanted, at)
        return self._try(
            conn,
            at,
            lambda a: answers.everything(a, conn, wanted),
            lambda: reading.everything(conn, wanted, at),
        )

    def currencies(self, conn: sa.Connection, at: int | None) -> tuple[str, ...]:
        """Return the currencies that any figure is in."""
        a = tables.arcs
        query = sa.select(a.c.currency).distinct().where(a.c.currency.is_not(None), at_publication(a, at))
        return self._try(
            conn, at, lambda x: tuple(x.opened.columns.names["arc_currency"]), lambda: tuple(conn.scalars(query))
        )

    def things(self, conn: sa.Connection, q: str, at: int | None) -> tuple[Thing, ...]:
        """Return organisations, goods and areas of that name; in SQL organisations alone."""
        return self._try(
            conn,
            at,
            lambda a: a.things(q),
            lambda: tuple(Thing(part, p.id, p.name) for p, part in reading.organisations(conn, q, at)),
        )

    def _try(self, conn: sa.Connection, at: int | None, fast: Callable[[Answers], T], sure: Callable[[], T]) -> T:
        """Ask the index; one that fails is given up, and the store answers instead: a reader never sees it fail."""
        found = self.answers(conn, at)
        if found is None:
            return sure()
        try:
            return fast(found)
        except sa.exc.SQLAlchemyError:
            raise  # the store's own trouble, not the index's
        except BaseException as problem:
            # A panic inside the engine comes as a BaseException of its own; all other ones are not errors.
            if not isinstance(problem, Exception) and type(problem).__name__ != "PanicException":
                raise
            self.shelf.broken(folder_of(self.settings, self.shelf.number), problem)
            return sure()

"""What the ledger already knows, asked by the importers: whose number is this, which party is that, which row was this.

Everything is of one jurisdiction; a publisher's own numbers go before another publisher's. Read `Known` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger import decisions
from ledger.projections import number_key
from ledger.store import unpacked
from ledger.tables import identities, numbers, parties, party_names, records


@dataclass(frozen=True, slots=True)
class Remembered:
    """A row of an earlier import; `strong` and `weak` as `tables.identities` explains."""

    ocid: str
    local_id: str
    strong: str
    weak: str
    position: int


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name that a public party has or had. `identifier` is `scheme:id` of a register, "" when none is published."""

    party: str
    name: str
    since: int
    identifier: str


@dataclass(frozen=True, slots=True)
class Known:
    """The public ledger as one publisher's import sees it, through one connection."""

    conn: sa.Connection
    jurisdiction: str
    publisher: str

    def process(self, what: str, number: str) -> str | None:
        """Return the ocid that a number of `what` (aid, programme, procurement) stands for.

        None when nobody uses it, and None when only others do and more than one: then it names nothing for sure.
        """
        found = self._numbered(what, number)
        return found[0] if found else None

    def contract(self, number: str) -> tuple[str, str] | None:
        """Return (ocid, contract id) of a contract number; None as for `process`."""
        return self._numbered("contract", number)

    def _numbered(self, what: str, number: str) -> tuple[str, str] | None:
        t = numbers
        rows = self.conn.execute(
            sa.select(t.c.publisher, t.c.ocid, t.c.local_id)
            .where(
                t.c.jurisdiction == self.jurisdiction,
                t.c.what == what,
                t.c.number_key == number_key(number),
                t.c.to_publication.is_(None),
            )
            .order_by(t.c.ocid, t.c.local_id)
        ).all()
        for candidates in ([r for r in rows if r.publisher == self.publisher], rows):
            if len(candidates) == 1:
                return candidates[0].ocid, candidates[0].local_id
            if candidates:
                return None
        return None

    def record(self, ocid: str) -> dict[str, Any] | None:
        """Return the compiled record as public now."""
        packed_record = self.conn.scalar(
            sa.select(records.c.compiled).where(records.c.ocid == ocid, records.c.to_publication.is_(None))
        )
        return None if packed_record is None else unpacked(packed_record)

    def owner(self, ocid: str) -> str | None:
        """Return the publisher that tells of a process as public now; None when nobody does."""
        query = sa.select(records.c.publisher).where(records.c.ocid == ocid, records.c.to_publication.is_(None))
        owner: str | None = self.conn.scalar(query)
        return owner

    def remembered(self, dataset: str, period: str) -> Sequence[Remembered]:
        """Return the rows that this publisher's last import of the scope had, in their order."""
        t = identities
        rows = self.conn.execute(
            sa.select(t.c.ocid, t.c.local_id, t.c.strong, t.c.weak, t.c.position)
            .where(t.c.publisher == self.publisher, t.c.dataset == dataset, t.c.period == period)
            .order_by(t.c.position)
        )
        return [Remembered(*row) for row in rows]

    def spellings(self) -> Sequence[Spelling]:
        """Return every spelling of every public party of the jurisdiction, oldest first."""
        mine = sa.or_(
            parties.c.jurisdiction == self.jurisdiction, party_names.c.party.like(f"{self.jurisdiction.upper()}-%")
        )
        joined = party_names.join(
            parties, sa.and_(parties.c.id == party_names.c.party, parties.c.to_publication.is_(None)), isouter=True
        )
        rows = self.conn.execute(
            sa.select(
                party_names.c.party,
                party_names.c.name,
                party_names.c.from_publication,
                sa.func.coalesce(parties.c.identifier, ""),
            )
            .select_from(joined)
            .where(mine)
            .order_by(party_names.c.from_publication, party_names.c.party, party_names.c.name)
        )
        return [Spelling(*row) for row in rows]

    def decisions(self) -> Sequence[decisions.Decision]:
        """Return what this publisher's officers answered to "same organisation?", oldest first."""
        return decisions.decisions(self.conn, [self.publisher])

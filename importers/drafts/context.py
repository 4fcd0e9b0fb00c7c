"""What a builder of drafts is told: whose rows they are, what is public already, and the rows themselves.

In: `Known` is `ledger.known.Known` or a fake of it. Values only, nothing is decided here. Read `Row` first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from importers import identity
from importers.staged import Parsed
from ledger.decisions import Decision
from ledger.known import Spelling
from ledger.settings import Jurisdiction, Register, Settings
from ledger.values import Record


class Known(Protocol):
    """What was published before: `ledger.known.Known`."""

    def process(self, what: str, number: str, /) -> str | None: ...
    def contract(self, number: str, /) -> tuple[str, str] | None: ...
    def record(self, ocid: str, /) -> Record | None: ...
    def owner(self, ocid: str, /) -> str | None: ...
    def remembered(self, dataset: str, period: str, /) -> Sequence[identity.Remembered]: ...
    def spellings(self) -> Sequence[Spelling]: ...
    def decisions(self) -> Sequence[Decision]: ...


class Nothing:
    """An empty ledger."""

    def process(self, what: str, number: str, /) -> str | None:
        return None

    def contract(self, number: str, /) -> tuple[str, str] | None:
        return None

    def record(self, ocid: str, /) -> Record | None:
        return None

    def owner(self, ocid: str, /) -> str | None:
        return None

    def remembered(self, dataset: str, period: str, /) -> Sequence[identity.Remembered]:
        return ()

    def spellings(self) -> Sequence[Spelling]:
        return ()

    def decisions(self) -> Sequence[Decision]:
        return ()


@dataclass(frozen=True, slots=True)
class Context:
    """Whose rows these are, and what is known already. `publisher` is the publisher's id."""

    publisher: str
    jurisdiction: Jurisdiction
    settings: Settings
    register: Register
    known: Known = field(default_factory=Nothing)
    period: str = ""

    @property
    def language(self) -> str:
        return (self.jurisdiction.languages or ("en",))[0]


@dataclass(slots=True, eq=False)
class Row:
    """A staged row on its way: which process it belongs to (`ocid`), which part of it (`part`, `contract`)."""

    table: int
    number: int
    dataset: str
    position: int
    values: Mapping[str, Parsed]
    print: identity.Fingerprint
    unit: identity.Fingerprint | None = None  # of all rows that are this process together, when none has a number
    ocid: str = ""
    part: str = "1"
    contract: str = ""

    def get(self, name: str) -> Parsed | None:
        return self.values.get(name)

    def text(self, name: str) -> str:
        parsed = self.values.get(name)
        return "" if parsed is None else str(parsed.value).strip()

    def told(self, values: Mapping[str, Parsed]) -> Row:
        """The same row with other values: what a piece of the builder is to see of it."""
        return replace(self, values=values)

    @property
    def key(self) -> tuple[int, int]:
        return (self.table, self.number)

    @property
    def first(self) -> Parsed | None:
        return next(iter(self.values.values()), None)

"""The values that lists are asked with and answered in: `Wanted`, `Listed`, `Facet`, `Found`.

In: nothing; these are plain frozen values. Not here: how they are found (`lists` in SQL, `ledger.searching` by its
index). Read `Wanted` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ledger.totals import Total

PAGE = 25
TOKENS_MAX = 8  # of a question; more words than this say no more
FACET_MAX = 20  # of one facet: the rest is found by words

FACETS = (
    *("kind", "stage", "jurisdiction", "area", "donor", "buyer", "supplier"),
    *("programme", "item", "method", "currency", "year"),
)
"""What a list may be narrowed by, in the order of the page. `year` is asked for with `from` and `to`."""


ROLES: Mapping[str, tuple[str, ...]] = {
    "donor": ("donor", "sourceParty", "funder"),
    "buyer": ("buyer", "procuringEntity", "aidRecipient"),
    "supplier": ("supplier",),
}
"""The parts that a reader means by donor, buyer and supplier."""

SORTS = ("newest", "oldest", "changed", "title", "amount", "relevance")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for. Empty means any. `crossing` and `party` are not asked by readers but by pages."""

    q: str = ""
    kind: str = ""
    stage: str = ""
    jurisdiction: str = ""
    area: str = ""
    donor: str = ""
    buyer: str = ""
    supplier: str = ""
    party: str = ""  # in any part
    programme: str = ""
    item: str = ""
    method: str = ""
    currency: str = ""
    flag: str = ""  # code of a check that matches (`ledger.checks`)
    since: str = ""
    until: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    crossing: str = ""
    sort: str = "newest"
    after: str = ""

    def arc_filters(self) -> dict[str, Any]:
        """The filters that speak of single figures, as `totals.where` takes them."""
        told = {
            "stage": self.stage,
            "area": self.area,
            "programme": self.programme,
            "item_key": self.item,
            "currency": self.currency,
            "crossing": self.crossing,
            "since": self.since,
            # "until 2020-05" includes its last day: dates are text, and every later text sorts after "2020-05~".
            "until": f"{self.until}~" if self.until else "",
        }
        amounts = {"least": self.least, "most": self.most}
        return {k: v for k, v in told.items() if v} | {k: v for k, v in amounts.items() if v is not None}

    @property
    def about_figures(self) -> bool:
        return bool(self.arc_filters())

    def without(self, facet: str) -> Wanted:
        """The same question without what it says of one facet: what that facet's own counts are of."""
        if facet == "year":
            return replace(self, since="", until="")
        changed: dict[str, Any] = {facet: ""}
        return replace(self, **changed)

    def asks(self, facet: str) -> bool:
        return bool(self.since or self.until) if facet == "year" else bool(getattr(self, facet))


@dataclass(frozen=True, slots=True)
class Party:
    id: str
    name: str
    identifier: str | None = None
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One total of one process, and the single figure behind it (None when several add up to it)."""

    total: Total
    locator: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One process in a list."""

    ocid: str
    kind: str
    jurisdiction: str
    publisher: str
    title: str
    on: str | None
    changed: str
    method: str | None
    withdrawn: bool
    language: str
    donors: tuple[Party, ...]
    buyers: tuple[Party, ...]
    suppliers: tuple[Party, ...]
    lines: tuple[Line, ...]
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facet:
    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list with what it is a page of. `after` is empty on the last page.

    Each facet is counted with every filter but its own. `suggestion` is the question with its mistyped words mended;
    `instead` says that nothing matched what was typed, and that all this is of the suggestion.
    """

    rows: tuple[Listed, ...]
    count: int
    totals: tuple[Total, ...]
    facets: Mapping[str, tuple[Facet, ...]]
    after: str
    suggestion: str = ""
    instead: bool = False

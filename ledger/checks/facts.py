"""What checks read of one record: its contracts with award, payments, deliveries, items and each change of value.

In: a compiled record without deletion stubs, and what each contract was worth in each release. Out: `Facts`. A value
that was not published is None, never zero; codes are compared without regard to capitals. Pure. Read `facts` first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from ledger.values import PartialDate, decimal
from ocds import paths

Json = Mapping[str, Any]

Values = Mapping[str, tuple[tuple[str, str, str], ...]]
"""Contract id -> (release id, amount, currency) of each value that it has had, oldest first, repeats left out."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One published amount and where it stands; `release` when it stood so in an earlier release only."""

    amount: Decimal
    currency: str
    locator: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a contract's value, with the reason that the publisher gave for it."""

    before: Sum
    after: Sum


@dataclass(frozen=True, slots=True)
class Payment:
    worth: Sum | None
    on: str | None
    on_at: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract. `first` is its value before any change that is known of; dates are PartialDate text."""

    id: str
    place: str
    is_cancelled: bool
    worth: Sum | None
    first: Sum | None
    award: Sum | None
    is_amended: bool
    steps: tuple[Step, ...]
    signed: str | None
    signed_at: str
    suppliers: tuple[str, ...]
    payments: tuple[Payment, ...]
    delivered: bool
    items: tuple[tuple[str, Json], ...]  # (locator, item)


@dataclass(frozen=True, slots=True)
class Facts:
    doc: Json
    ocid: str
    jurisdiction: str
    method: str
    category: str
    buyer: str
    date: str  # of the last release
    tender: Json
    contracts: tuple[Contract, ...]

    @property
    def live(self) -> tuple[Contract, ...]:
        """The contracts that are in force or were: a cancelled one binds nobody."""
        return tuple(c for c in self.contracts if not c.is_cancelled)

    def party(self, id: str) -> Json:
        return next((p for p in _members(self.doc.get("parties")) if p.get("id") == id), {})


def values(releases: Iterable[Json]) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Return what each contract was worth in each release. The order of the releases given does not matter."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for release in sorted(releases, key=lambda r: str(r.get("date"))):
        for contract in _members(release.get("contracts")):
            value = contract.get("value")
            if contract.get("id") is None or not isinstance(value, Mapping) or value.get("amount") is None:
                continue
            told = found.setdefault(str(contract["id"]), [])
            worth = (str(value["amount"]), str(value.get("currency") or ""))
            if not told or told[-1][1:] != worth:
                told.append((str(release.get("id")), *worth))
    return {id: tuple(told) for id, told in found.items()}


def facts(doc: Json, jurisdiction: str, history: Values) -> Facts:
    """Read a record. `doc` is tidied (`ocds.merge.tidy`)."""
    tender = doc.get("tender") or {}
    awards = {str(a.get("id")): (n, a) for n, a in enumerate(doc.get("awards") or ()) if isinstance(a, Mapping)}
    contracts = []
    for n, contract in enumerate(doc.get("contracts") or ()):
        if isinstance(contract, Mapping) and set(contract) - {"id", "awardID", "status"}:
            place, award = awards.get(str(contract.get("awardID")), (0, {}))
            told = history.get(str(contract.get("id")), ())
            contracts.append(_contract(doc, contract, f"/contracts/{n}", award, f"/awards/{place}", told))
    return Facts(
        doc,
        str(doc.get("ocid") or ""),
        jurisdiction,
        code(tender.get("procurementMethod")),
        code(tender.get("mainProcurementCategory")),
        str((doc.get("buyer") or {}).get("id") or ""),
        str(doc.get("date") or "")[:10],
        tender,
        tuple(contracts),
    )


def code(value: Any) -> str:
    """A code as it is compared: publishers write Direct, DIRECT and direct."""
    return str(value or "").strip().casefold()


def day(text: str | None) -> date | None:
    """The day, when it is known to the day: a check never counts days from half a date."""
    try:
        told = PartialDate.parse(text or "")
    except ValueError:
        return None
    return told.first_day() if told.precision == "day" else None


def amount(doc: Json, holder: Any, pointer: str) -> Sum | None:
    """The `value` that stands under a holder at a pointer by position; half of a pair is no amount."""
    value = (holder or {}).get("value")
    if not isinstance(value, Mapping) or value.get("amount") is None or not value.get("currency"):
        return None
    where = paths.locator(doc, f"{pointer}/value/amount")
    return Sum(decimal(value["amount"]), str(value["currency"]), where)


def _members(value: Any) -> list[Json]:
    return [m for m in value or () if isinstance(m, Mapping)]


def _contract(
    doc: Json, contract: Json, at: str, award: Json, award_at: str, history: Sequence[tuple[str, str, str]]
) -> Contract:
    worth = amount(doc, contract, at)
    steps = _steps(doc, contract, at, worth, history)
    doing = contract.get("implementation") or {}
    signed = next((k for k in ("dateSigned",) if contract.get(k)), "")
    items, items_at = (contract.get("items"), at) if contract.get("items") else (award.get("items"), award_at)
    suppliers = _members(contract.get("suppliers")) or _members(award.get("suppliers"))
    return Contract(
        str(contract.get("id") or ""),
        paths.locator(doc, at),
        code(contract.get("status")) in ("cancelled", "canceled"),
        worth,
        steps[0].before if steps else worth,
        amount(doc, award, award_at),
        bool(_members(contract.get("amendments"))),
        steps,
        str(contract[signed])[:10] if signed else None,
        paths.locator(doc, f"{at}/{signed}") if signed else "",
        tuple(str(s["id"]) for s in suppliers if s.get("id")),
        tuple(
            Payment(
                amount(doc, t, f"{at}/implementation/transactions/{n}"),
                str(t["date"])[:10] if t.get("date") else None,
                paths.locator(doc, f"{at}/implementation/transactions/{n}/date") if t.get("date") else "",
            )
            for n, t in enumerate(doing.get("transactions") or ())
        ),
        any(code(d.get("status")) not in ("rejected", "returned") for d in _members(doing.get("deliveries"))),
        tuple((paths.locator(doc, f"{items_at}/items/{n}"), i) for n, i in enumerate(items or ())),
    )


def _steps(
    doc: Json, contract: Json, at: str, worth: Sum | None, history: Sequence[tuple[str, str, str]]
) -> tuple[Step, ...]:
    """Every change of value that is known: those that amendments describe, and those between two releases.

    A change between releases that described amendments lead from end to end is told by them, step by step.
    """
    described = []
    for n, amendment in enumerate(_members(contract.get("amendments"))):
        for told in _amended().finditer(str(amendment.get("description") or "")):
            before, after, currency = (next(g for g in told.groups()[k::3] if g) for k in range(3))
            where = paths.locator(doc, f"{at}/amendments/{n}/description")
            described.append(Step(Sum(Decimal(before), currency, where), Sum(Decimal(after), currency, where)))
    starts = {s.before.amount for s in described}
    ends = {s.after.amount for s in described}
    between = []
    where = paths.locator(doc, f"{at}/value/amount") if worth else ""
    for (was, b, b_currency), (now, a, a_currency) in pairwise(history):
        before, after = decimal(b), decimal(a)
        if b_currency == a_currency and b_currency and not (before in starts and after in ends):
            is_last = worth is not None and (after, a_currency) == (worth.amount, worth.currency)
            later = Sum(after, a_currency, where, "" if is_last else now)
            between.append(Step(Sum(before, b_currency, where, was), later))
    return (*described, *between)


@cache
def _amended() -> re.Pattern[str]:
    """The ledger's own sentence of a changed value (`importers.drafts` writes it), in each of its languages."""
    words = tomllib.loads((files("ledger") / "words" / "drafts.toml").read_text("utf-8"))["amended"]
    groups = {"before": r"(-?\d+(?:\.\d+)?)", "after": r"(-?\d+(?:\.\d+)?)", "currency": "([A-Z]{3})"}
    several = []
    for sentence in words.values():
        pattern = re.escape(sentence)
        for name, group in groups.items():
            pattern = pattern.replace(re.escape("{" + name + "}"), group)
        several.append(pattern)
    return re.compile("|".join(several))

"""What must hold between the figures of one process. The docstring of each rule is its public text.

A rule sees a composed body and yields where it is broken; `findings` gives those places their cells. The
standard's own checks (`ocds.check`) come first: a body that is no OCDS is an error, whatever its figures say.
Pure. Read `rule` first, then any one rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from ledger.arcs import GOODS_ONLY, Arc, arcs
from ledger.findings import Finding, Severity
from ledger.values import Draft, Locator, exponent, quantity_text, utc_text
from ledger.values import decimal as exact
from ocds import check, paths

ALL = frozenset({"aid", "programme", "procurement"})
AID = frozenset({"aid"})
PROGRAMME = frozenset({"programme"})
PROCUREMENT = frozenset({"procurement"})

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know besides the process: whose ledger it is, and when the files were received."""

    jurisdiction: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Broken:
    """One place where a rule does not hold: the figure at fault, and what its sentence needs."""

    locator: str
    params: Mapping[str, Any]


Check = Callable[[Json, Context], Iterator[Broken]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the methodology page lists it: `text` is the docstring."""

    code: str
    severity: Severity
    kinds: frozenset[str]
    check: Check

    @property
    def text(self) -> str:
        return self.check.__doc__ or ""


RULES: dict[str, Rule] = {}


def rule(code: str, severity: Severity, kinds: frozenset[str]) -> Callable[[Check], Check]:
    """Register a rule for these kinds of process. Its words stand in `words/findings/rules.toml` under the code."""

    def register(check: Check) -> Check:
        assert code not in RULES, code
        RULES[code] = Rule(code, severity, kinds, check)
        return check

    return register


def findings(draft: Draft, context: Context) -> list[Finding]:
    """Return everything that is wrong with one composed process, each at the cell of the figure at fault.

    Every finding's params hold the `ocid`. Rates and organizations are no processes and have no rules here.
    """
    if draft.kind not in ALL:
        return []
    found = [*_standard(draft, context)]
    for told in RULES.values():
        if draft.kind in told.kinds:
            for broken in told.check(draft.body, context):
                found.append(_finding(draft, told.code, told.severity, broken.locator, broken.params))
    return found


def _finding(draft: Draft, code: str, severity: Severity, locator: str, params: Mapping[str, Any]) -> Finding:
    source = draft.cells.get(Locator(locator)) or _nearest(draft, locator)
    shown = source.raw if source else str(paths.find(draft.body, locator) if locator else "")
    return Finding(code, severity, source.at if source else None, locator, shown, {"ocid": draft.ocid, **params})


def _nearest(draft: Draft, locator: str) -> Any:
    """The first cell inside the part that is at fault: a contract has no cell of its own, its figures have."""
    inside = locator + "/"
    return next((s for at, s in draft.cells.items() if at.startswith(inside)), None) if locator else None


def _release(draft: Draft, context: Context) -> dict[str, Any]:
    return {
        "ocid": draft.ocid,
        "id": f"{draft.ocid}-0001",
        "date": utc_text(context.received_at),
        "tag": ["planning"] if draft.kind != "procurement" else ["tender", "award", "contract"],
        "initiationType": "tender",
        "language": "en",
        **draft.body,
    }


def _standard(draft: Draft, context: Context) -> Iterator[Finding]:
    """What the standard says of the release that this body would become."""
    release = _release(draft, context)
    for problem in check.problems(release):
        if problem.code in _SAID_HERE:
            continue
        try:
            locator = paths.locator(release, problem.pointer)
        except KeyError:
            locator = problem.pointer
        params = {"problem": check.CODES[problem.code], "place": problem.pointer, "standard": problem.code}
        if problem.code in _DOUBTS:
            yield _finding(draft, "C004", Severity.WARNING, locator, params)
        else:
            yield _finding(draft, "C003", Severity.ERROR, locator, params)


# The standard's checks that a money rule below states with its figures, or that the money model allows: sources
# of a payment may add up to less (rule 6: the rest reads "source not published").
_SAID_HERE = {"future", "planning_only", "sources_sum", "overpaid", "overdelivered", "pending_paid", "planning_tag"}
_DOUBTS = {
    "additional",
    "delivered_item",
    "final_value",
    "flow_related",
    "period",
    "reference_name",
    "related",
    "tender_open",
}


def publishable(draft: Draft, context: Context) -> bool:
    """Whether nothing of severity error stands against the process: the check that `publish` repeats, without words."""
    return draft.kind not in ALL or (
        check.is_valid(_release(draft, context))
        and not any(
            r.severity is Severity.ERROR and draft.kind in r.kinds and any(True for _ in r.check(draft.body, context))
            for r in RULES.values()
        )
    )


# --- reading a body ----------------------------------------------------------------------------------------------


def _members(value: Any) -> list[Json]:
    return [m for m in value or () if isinstance(m, Mapping)]


def _contracts(body: Json) -> Iterator[tuple[str, Json]]:
    for contract in _members(body.get("contracts")):
        yield f"/contracts/{paths.member(contract.get('id', ''))}", contract


def _value(holder: Json, key: str = "value") -> tuple[Decimal, str] | None:
    value = holder.get(key) or {}
    if value.get("amount") is None or not value.get("currency"):
        return None
    return exact(value["amount"]), str(value["currency"])


def _transactions(contract: Json) -> list[Json]:
    return _members((contract.get("implementation") or {}).get("transactions"))


_latest: tuple[Json | None, str, list[Arc]] = (None, "", [])


def _arcs(body: Json, kind: str) -> list[Arc]:
    """The arcs of one body: several rules ask for those of the body that is being looked at, so the last are kept."""
    global _latest
    of, as_kind, found = _latest
    if of is not body or as_kind != kind:
        found = arcs(body, kind, "", "")
        _latest = (body, kind, found)
    return found


def _sums(body: Json, kind: str) -> dict[tuple[str, str], Decimal]:
    """(stage or event, currency) -> sum, of the arcs of one process."""
    found: dict[tuple[str, str], Decimal] = {}
    for arc in _arcs(body, kind):
        if arc.counted and arc.amount is not None and arc.currency:
            for word in {arc.stage, arc.event}:
                found[word, arc.currency] = found.get((word, arc.currency), Decimal(0)) + arc.amount
    return found


# --- the rules ---------------------------------------------------------------------------------------------------


@rule("M001", Severity.WARNING, PROCUREMENT)
def payments_within_contract(body: Json, context: Context) -> Iterator[Broken]:
    """A contract's payments do not exceed its value after amendments, in the contract's currency.

    Not applied when the contract has no published value; payments in another currency are left out.
    """
    for place, contract in _contracts(body):
        worth = _value(contract)
        if worth is None:
            continue
        paid = sum((v[0] for t in _transactions(contract) if (v := _value(t)) and v[1] == worth[1]), Decimal(0))
        if paid > worth[0]:
            yield Broken(
                f"{place}/value/amount",
                {
                    "contract": str(contract.get("id")),
                    "value": quantity_text(worth[0]),
                    "paid": quantity_text(paid),
                    "over": quantity_text(paid - worth[0]),
                    "currency": worth[1],
                },
            )


@rule("M002", Severity.WARNING, PROCUREMENT)
def delivered_within_contract(body: Json, context: Context) -> Iterator[Broken]:
    """Not more of an item is delivered than the contract buys, unless the delivery's description explains it.

    Returned goods are taken off; rejected ones are not counted. Not applied to items without a quantity.
    """
    for place, contract in _contracts(body):
        bought = {i["id"]: i for i in _members(contract.get("items")) if i.get("quantity") is not None}
        deliveries = _members((contract.get("implementation") or {}).get("deliveries"))
        yield from _over_delivered(deliveries, bought, f"{place}/implementation/deliveries")


def _over_delivered(deliveries: list[Json], expected: Mapping[str, Json], place: str) -> Iterator[Broken]:
    handed: dict[str, Decimal] = {}
    last: dict[str, str] = {}
    explained: set[str] = set()
    for delivery in deliveries:
        if delivery.get("status") == "rejected":
            continue
        sign = -1 if delivery.get("status") == "returned" else 1
        for line in _members(delivery.get("items")):
            if line.get("quantity") is None or line.get("id") not in expected:
                continue
            handed[line["id"]] = handed.get(line["id"], Decimal(0)) + sign * exact(line["quantity"])
            last[line["id"]] = f"{place}/{paths.member(delivery['id'])}/items/{paths.member(line['id'])}/quantity"
            if delivery.get("description"):
                explained.add(line["id"])
    for id, quantity in handed.items():
        allowed = exact(expected[id]["quantity"])
        if quantity > allowed and id not in explained:
            yield Broken(
                last[id],
                {
                    "item": str(expected[id].get("description") or id),
                    "delivered": quantity_text(quantity),
                    "expected": quantity_text(allowed),
                },
            )


@rule("M003", Severity.ERROR, PROCUREMENT)
def shares_within_contract(body: Json, context: Context) -> Iterator[Broken]:
    """The shares of the funds that pay a contract add up to at most its value: the rest reads "source not published".

    Not applied when the contract or a share has no value, or a share is in another currency.
    """
    for place, contract in _contracts(body):
        worth = _value(contract)
        shares = [v for f in _members(contract.get("finance")) if (v := _value(f))]
        if worth is None or not shares or any(currency != worth[1] for _, currency in shares):
            continue
        told = sum((amount for amount, _ in shares), Decimal(0))
        if told > worth[0]:
            yield Broken(
                f"{place}/finance",
                {
                    "contract": str(contract.get("id")),
                    "value": quantity_text(worth[0]),
                    "shares": quantity_text(told),
                    "currency": worth[1],
                },
            )


@rule("M004", Severity.ERROR, PROCUREMENT)
def sources_within_payment(body: Json, context: Context) -> Iterator[Broken]:
    """The sources of one payment are in its currency and add up to at most its amount."""
    for place, contract in _contracts(body):
        for payment in _transactions(contract):
            worth = _value(payment)
            sources = [v for s in _members(payment.get("fundingSources")) if (v := _value(s))]
            if worth is None or not sources:
                continue
            told = sum((amount for amount, _ in sources), Decimal(0))
            if told > worth[0] or any(currency != worth[1] for _, currency in sources):
                yield Broken(
                    f"{place}/implementation/transactions/{paths.member(payment['id'])}/fundingSources",
                    {
                        "payment": str(payment["id"]),
                        "value": quantity_text(worth[0]),
                        "sources": quantity_text(told),
                        "currency": worth[1],
                    },
                )


@rule("M005", Severity.WARNING, AID)
def received_within_signed(body: Json, context: Context) -> Iterator[Broken]:
    """Not more is received of an agreement than was signed, in one currency.

    Not applied when nothing was signed in that currency: a gift may arrive without an agreement.
    """
    sums = _sums(body, "aid")
    for (stage, currency), signed in sums.items():
        received = sums.get(("receipt", currency), Decimal(0))
        if stage == "commitment" and signed > 0 and received > signed:
            yield Broken(
                "/planning/aid/flows",
                {"signed": quantity_text(signed), "received": quantity_text(received), "currency": currency},
            )


@rule("M006", Severity.WARNING, ALL)
def nothing_from_the_future(body: Json, context: Context) -> Iterator[Broken]:
    """No money moved and nothing was signed or delivered after the day on which the file was received.

    A plan may lie in the future: periods and due dates are not events.
    """
    today = context.received_at.strftime("%Y-%m-%d")
    if not any(day.decode() > today for day in _EVENTS.findall(orjson.dumps(body, default=str))):
        return  # nearly always: the addresses are only needed when there is something to say
    for locator, value in paths.leaves(body):
        last = locator.rsplit("/", 1)[-1]
        if last in _EVENT_DATES and isinstance(value, str) and value[:10] > today:
            yield Broken(locator, {"date": value[:10], "received": today})


_EVENT_DATES = frozenset({"date", "dateSigned", "dateMet"})
_EVENTS = re.compile(rb'"(?:date|dateSigned|dateMet)":"([^"]{0,10})')


@rule("M007", Severity.WARNING, PROGRAMME)
def sources_within_budget(body: Json, context: Context) -> Iterator[Broken]:
    """The sources of a programme add up to at most its budget, in the budget's currency."""
    budget = (body.get("planning") or {}).get("budget") or {}
    whole = _value(budget, "amount")
    parts = [v for p in _members(budget.get("budgetBreakdown")) if (v := _value(p, "amount"))]
    if whole is None or any(currency != whole[1] for _, currency in parts):
        return
    told = sum((amount for amount, _ in parts), Decimal(0))
    if told > whole[0]:
        yield Broken(
            "/planning/budget/budgetBreakdown",
            {"budget": quantity_text(whole[0]), "sources": quantity_text(told), "currency": whole[1]},
        )


@rule("M008", Severity.WARNING, AID)
def handed_out_within_received(body: Json, context: Context) -> Iterator[Broken]:
    """Of a gift in kind, not more of an item is handed out than the gift holds.

    Returned goods are taken off; rejected ones are not counted. Not applied to items without a quantity.
    """
    aid = (body.get("planning") or {}).get("aid") or {}
    held = {i["id"]: i for i in _members(aid.get("items")) if i.get("quantity") is not None}
    yield from _over_delivered(_members(aid.get("deliveries")), held, "/planning/aid/deliveries")


@rule("M009", Severity.ERROR, ALL)
def whole_minor_units(body: Json, context: Context) -> Iterator[Broken]:
    """An amount of money is in whole minor units of its currency (ISO 4217): cents for BZD, none for JPY.

    Not applied to unit prices, which may be finer.
    """
    for arc in _arcs(body, _kind(body)):
        if arc.amount is None or arc.currency is None or arc.event == GOODS_ONLY or arc.stage == "delivery":
            continue
        unit = Decimal(1).scaleb(-exponent(arc.currency))
        if arc.amount % unit:
            yield Broken(arc.locator, {"currency": arc.currency, "places": exponent(arc.currency)})


def _kind(body: Json) -> str:
    planning = body.get("planning") or {}
    if body.get("tender") or body.get("contracts") or body.get("awards"):
        return "procurement"
    return "aid" if planning.get("aid") else "programme"


@rule("M010", Severity.WARNING, AID)
def returned_within_received(body: Json, context: Context) -> Iterator[Broken]:
    """Not more is returned of a gift than was received, and not more is cancelled than was promised or signed."""
    sums = _sums(body, "aid")
    for (stage, currency), left in sums.items():
        if stage in ("pledge", "commitment", "receipt") and left < 0:
            yield Broken("/planning/aid/flows", {"stage": stage, "left": quantity_text(left), "currency": currency})


@rule("M011", Severity.ERROR, AID | PROGRAMME)
def aid_is_no_contract(body: Json, context: Context) -> Iterator[Broken]:
    """An aid arrangement or a programme has no tender, award or contract: purchases are processes of their own.

    Otherwise every sum of contracts would count the gift that pays for them again (docs/reference/ocds).
    """
    for section in ("tender", "awards", "contracts"):
        if body.get(section):
            yield Broken(f"/{section}", {"section": section})


@rule("M012", Severity.WARNING, PROCUREMENT)
def nothing_paid_without_contract(body: Json, context: Context) -> Iterator[Broken]:
    """A contract that is pending or cancelled has no payments."""
    for place, contract in _contracts(body):
        if contract.get("status") in ("pending", "cancelled") and _transactions(contract):
            yield Broken(f"{place}/status", {"contract": str(contract.get("id")), "status": contract["status"]})


@rule("M013", Severity.WARNING, PROCUREMENT)
def contract_is_worth_something(body: Json, context: Context) -> Iterator[Broken]:
    """A contract's value is above zero. Unknown is left blank, never written as 0."""
    for place, contract in _contracts(body):
        worth = _value(contract)
        if worth is not None and worth[0] <= 0:
            yield Broken(
                f"{place}/value/amount", {"contract": str(contract.get("id")), "value": quantity_text(worth[0])}
            )

"""The money of one process, as typed movements: who gave what to whom, at which stage, where it stands.

In: a compiled record (or a composed body: the arcs are the same). Out: `Arc` values, one a figure.
Not here: sums (`totals`), storage (`projections`). Stages and rules: docs/reference/money. Read `arcs` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ledger.values import Money, decimal
from ocds import merge

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arc:
    """One movement of money or goods. `amount` None is "not published", never zero."""

    ocid: str
    position: int
    stage: str
    event: str
    crossing: str
    counted: bool
    kind: str
    jurisdiction: str
    publisher: str
    payer: str | None
    payee: str | None
    amount: Decimal | None
    currency: str | None
    in_kind: bool
    loan: bool
    quantity: Decimal | None
    unit: str | None
    item: str | None
    item_key: str | None
    on: str | None
    area: str | None
    programme: str | None
    funding: str | None
    locator: str


GOODS_ONLY = "item"
"""Event of an arc that carries only the quantity of one item of a gift whose value stands on another arc:
it is no movement of its own, so it counts neither as an arc nor as "without amount"."""

_PLACES = Decimal("0.0001")  # what `tables.Amount` keeps; a finer quantity is rounded here, and only here


@lru_cache(maxsize=50_000)  # names, goods and units come again and again
def folded(text: str) -> str:
    """Return text for comparing and searching: no accents, lower case, one blank between words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


def item_key(item: Json) -> str | None:
    """Return how one kind of goods is recognised across processes: `UNSPSC/46182002`, else `text/face-masks:piece`."""
    classification = item.get("classification") or {}
    if classification.get("scheme") and classification.get("id"):
        return f"{classification['scheme']}/{classification['id']}"
    words = folded(str(item.get("description") or "")).replace(" ", "-")
    if not words:
        return None
    unit = folded(str((item.get("unit") or {}).get("name") or "")).replace(" ", "-")
    return f"text/{words}:{unit}" if unit else f"text/{words}"


def arcs(
    compiled: Json, kind: str, jurisdiction: str, publisher: str, inside: frozenset[str] = frozenset()
) -> list[Arc]:
    """Return every movement that the record tells of, in the record's own order.

    `inside` are parties within the boundary "the government and its funds": what they pay each other crosses
    nothing. A cancelled contract and the second report of one gift are kept with `counted` false. A withdrawn
    process has no arcs.
    """
    compiled = _whole(compiled)
    if is_withdrawn(compiled):
        return []
    process = _Process(compiled, kind, jurisdiction, publisher, inside)
    found = {"aid": process.aid, "programme": process.programme, "procurement": process.procurement}[kind]()
    return [arc if arc.position == n else replace(arc, position=n) for n, arc in enumerate(found)]


def is_withdrawn(compiled: Json) -> bool:
    """Whether the process was taken back: a title, a notice and cancelled statuses are all that is left of it.

    `publish.withdrawn_body` leaves just that. A live process has a plan, a party, or something not cancelled.
    """
    doc = _whole(compiled)
    sections = [doc.get("tender") or {}, *(doc.get("awards") or ()), *(doc.get("contracts") or ())]
    return (
        not doc.get("planning")
        and not doc.get("parties")
        and all(set(s) <= {"id", "awardID", "status"} and s.get("status", "cancelled") == "cancelled" for s in sections)
    )


def _whole(doc: Json) -> Json:
    """A compiled record without the stubs that deletions leave; a body that was never merged has none."""
    return merge.tidy(dict(doc)) if "tag" in doc else doc


def _token(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _money(value: Any) -> tuple[Decimal, str] | tuple[None, None]:
    """Return the amount and currency of an OCDS value; half of a pair is no amount."""
    if not isinstance(value, Mapping) or value.get("amount") is None or not value.get("currency"):
        return None, None
    return decimal(value["amount"]), value["currency"]


def _day(text: Any) -> str | None:
    return str(text)[:10] if text else None


def _members(value: Any) -> Iterator[Json]:
    """Members that say something: `{id}` stubs left by a deletion are no figures."""
    for member in value or ():
        if isinstance(member, Mapping) and set(member) - {"id"}:
            yield member


def _area(location: Any) -> str | None:
    gazetteer = (location or {}).get("gazetteer") or {}
    return next(iter(gazetteer.get("identifiers") or ()), None)


def _only(values: Iterable[str | None]) -> str | None:
    """The one value that all share, else None."""
    seen = set(values)
    return seen.pop() if len(seen) == 1 else None


def _party(reference: Any) -> str | None:
    return (reference or {}).get("id")


class _Process:
    """Reads one record; holds what every arc of it has in common."""

    def __init__(self, doc: Json, kind: str, jurisdiction: str, publisher: str, inside: frozenset[str]) -> None:
        self.doc, self.kind, self.jurisdiction, self.publisher, self.inside = doc, kind, jurisdiction, publisher, inside
        self.ocid: str = doc.get("ocid", "")
        related = list(_members(doc.get("relatedProcesses")))
        self.funders = [
            r["identifier"] for r in related if "funding" in (r.get("relationship") or ()) and r.get("identifier")
        ]
        self.plans = [
            r["identifier"] for r in related if "planning" in (r.get("relationship") or ()) and r.get("identifier")
        ]
        self.planning: Json = doc.get("planning") or {}
        self.budget: Json = self.planning.get("budget") or {}
        self.told = -1

    def arc(self, stage: str, event: str, locator: str, **known: Any) -> Arc:
        amount, currency = known.pop("money", (None, None))
        payer, payee = known.get("payer"), known.get("payee")
        internal = known.pop("internal", False) or (payer is not None and payer == payee)
        if stage == "receipt" and not internal and payer not in self.inside:
            crossing = "in"
        elif stage == "payment" and not internal and payee not in self.inside:
            crossing = "out"
        else:
            crossing = "internal"
        self.told += 1
        of = known.get
        return Arc(
            self.ocid,
            self.told,
            stage,
            event,
            crossing,
            of("counted", True),
            self.kind,
            self.jurisdiction,
            self.publisher,
            payer,
            payee,
            amount,
            currency,
            of("in_kind", False),
            of("loan", False),
            of("quantity"),
            of("unit"),
            of("item"),
            of("item_key"),
            of("on"),
            of("area"),
            of("programme"),
            of("funding"),
            locator,
        )

    def programme_of(self, ocid: str | None) -> str | None:
        """The ocid if it is a programme's: linked as planning, or its own text says so (docs/reference/ocds)."""
        return ocid if ocid and (ocid in self.plans or re.search(r"-PRG-", ocid)) else None

    def aid_of(self, ocid: str | None) -> str | None:
        return None if self.programme_of(ocid) else ocid or None

    # --- aid ------------------------------------------------------------------------------------------------

    def aid(self) -> Iterator[Arc]:
        aid: Json = self.planning.get("aid") or {}
        flows = list(_members(aid.get("flows")))
        items = {i["id"]: i for i in _members(aid.get("items")) if "id" in i}
        types = {f.get("type") for f in flows}
        # Rule 4: an onward grant of money that another process already brought in is no new money.
        onward = any(o != self.ocid for o in self.funders)
        common = {
            "in_kind": aid.get("type") in ("inKind", "services"),
            "loan": any(f.get("type") == "loan" for f in _members(self.budget.get("finance"))),
            "funding": self.ocid or None,
        }
        arriving = [f for f in flows if f.get("type") in ("receipt", "disbursement")]
        for flow in flows:
            yield from self._flow(flow, types, items, common, onward, alone=len(arriving) == 1 and flow in arriving)
        receiver = next((_party(f.get("destinationParty")) for f in flows if f.get("destinationParty")), None)
        receiver = receiver or next(
            (p.get("id") for p in _members(self.doc.get("parties")) if "aidRecipient" in (p.get("roles") or ())), None
        )
        yield from self._deliveries(aid.get("deliveries"), items, "/planning/aid/deliveries", receiver, common)

    def _flow(
        self, flow: Json, types: set[Any], items: Mapping[str, Json], common: dict[str, Any], onward: bool, alone: bool
    ) -> Iterator[Arc]:
        event = str(flow.get("type"))
        stage = {"disbursement": "receipt", "refund": "receipt"}.get(event, event)
        if event == "cancellation":
            stage = "commitment" if "commitment" in types else "pledge"
        amount, currency = _money(flow.get("value"))
        sign = -1 if event in ("refund", "cancellation") else 1
        here = {
            **common,
            "payer": _party(flow.get("sourceParty")),
            "payee": _party(flow.get("destinationParty")),
            "on": _day(flow.get("date")),
            "programme": self.programme_of(flow.get("relatedProcess")),
            "internal": onward,
            # Rule 4: the giver's report of a gift that the receiver reports too is shown, not added.
            "counted": not (event == "disbursement" and "receipt" in types),
        }
        place = f"/planning/aid/flows/={_token(str(flow.get('id')))}"
        told = [items[i] for i in flow.get("relatedItems") or () if i in items]
        if not told and alone and common["in_kind"]:
            told = list(items.values())
        area = _only(_area(i.get("deliveryLocation")) for i in told) if told else None
        money = (abs(amount) * sign, currency) if amount is not None else (None, None)
        if len(told) == 1:
            here |= self._goods(told[0], decimal(told[0].get("quantity") or 0) * sign)
        yield self.arc(stage, event, f"{place}/value/amount", money=money, area=area, **here)
        if len(told) > 1 and stage == "receipt":
            for item in told:
                goods = self._goods(item, decimal(item.get("quantity") or 0) * sign)
                where = f"/planning/aid/items/={_token(str(item.get('id')))}/quantity"
                yield self.arc(stage, GOODS_ONLY, where, area=_area(item.get("deliveryLocation")), **here, **goods)

    def _goods(self, item: Json, quantity: Decimal | None) -> dict[str, Any]:
        unit = item.get("unit") or {}
        published = item.get("quantity") is not None
        return {
            "quantity": quantity.quantize(_PLACES) if published and quantity is not None else None,
            "unit": unit.get("name") or unit.get("id"),
            "item": item.get("description"),
            "item_key": item_key(item),
        }

    def _deliveries(
        self, deliveries: Any, items: Mapping[str, Json], root: str, payer: str | None, common: dict[str, Any]
    ) -> Iterator[Arc]:
        for delivery in _members(deliveries):
            status = delivery.get("status")
            sign = -1 if status == "returned" else 1
            place = f"{root}/={_token(str(delivery.get('id')))}"
            here = {
                **common,
                "payer": payer,
                "payee": _party(delivery.get("recipient")),
                "on": _day(delivery.get("date")),
                "area": _area(delivery.get("deliveryLocation")),
                "counted": status != "rejected",
            }
            handed = list(_members(delivery.get("items")))
            if not handed:
                yield self.arc("delivery", str(status or "delivery"), place, **here)
            for line in handed:
                item = items.get(line["id"], {})
                quantity = None if line.get("quantity") is None else decimal(line["quantity"]) * sign
                price, currency = _money((item.get("unit") or {}).get("value"))
                money: tuple[Decimal, str] | tuple[None, None] = (None, None)
                if quantity is not None and price is not None and currency is not None:
                    money = (Money(quantity * price, currency).quantised().amount, currency)
                goods = self._goods({**item, "quantity": line.get("quantity")}, quantity)
                where = f"{place}/items/={_token(str(line['id']))}/quantity"
                yield self.arc(
                    "delivery", str(status or "delivery"), where, money=money, **{**here, "in_kind": True}, **goods
                )

    # --- programmes -----------------------------------------------------------------------------------------

    def programme(self) -> Iterator[Arc]:
        agency = _party(self.doc.get("buyer"))
        starts = [_day((p.get("period") or {}).get("startDate")) for p in _members(self.budget.get("budgetBreakdown"))]
        on = min((s for s in starts if s), default=None) or self._first_milestone()
        common = {"payee": agency, "on": on, "programme": self.ocid or None}
        whole, currency = _money(self.budget.get("amount"))
        parts = list(_members(self.budget.get("budgetBreakdown")))
        told, comparable = Decimal(0), True
        for part in parts:
            money = _money(part.get("amount"))
            if money[0] is not None and money[1] == currency:
                told += money[0]
            else:
                comparable = False
            place = f"/planning/budget/budgetBreakdown/={_token(str(part.get('id')))}/amount/amount"
            yield self.arc(
                "allocation",
                "allocation",
                place,
                money=money,
                payer=_party(part.get("sourceParty")),
                funding=self.aid_of(part.get("relatedProcess")),
                **{**common, "on": _day((part.get("period") or {}).get("startDate")) or on},
            )
        # A published budget of 0 is a figure, not a gap.
        if whole is not None and comparable and (whole > told or not parts):
            yield self.arc(
                "allocation", "allocation", "/planning/budget/amount/amount", money=(whole - told, currency), **common
            )

    def _first_milestone(self) -> str | None:
        met = [str(m["dateMet"]) for m in _members(self.planning.get("milestones")) if m.get("dateMet")]
        return _day(min(met)) if met else None

    # --- procurement ----------------------------------------------------------------------------------------

    def procurement(self) -> Iterator[Arc]:
        buyer = _party(self.doc.get("buyer"))
        awards = {a.get("id"): a for a in _members(self.doc.get("awards"))}
        programme = next(iter(self.plans), None)
        for contract in _members(self.doc.get("contracts")):
            award = awards.get(contract.get("awardID"), {})
            place = f"/contracts/={_token(str(contract.get('id')))}"
            suppliers = [s.get("id") for s in contract.get("suppliers") or award.get("suppliers") or ()]
            items = {i["id"]: i for i in _members(contract.get("items") or award.get("items")) if "id" in i}
            supplier = suppliers[0] if len(suppliers) == 1 else None
            yield from self._contract(contract, award, place, buyer, supplier, items, programme)
            doing: Json = contract.get("implementation") or {}
            for payment in _members(doing.get("transactions")):
                yield from self._payment(payment, place, buyer, supplier, programme, contract)
            common = {"programme": programme}
            yield from self._deliveries(
                doing.get("deliveries"), items, f"{place}/implementation/deliveries", supplier, common
            )

    def _contract(
        self,
        contract: Json,
        award: Json,
        place: str,
        buyer: str | None,
        supplier: str | None,
        items: Mapping[str, Json],
        programme: str | None,
    ) -> Iterator[Arc]:
        amount, currency = _money(contract.get("value"))
        only = next(iter(items.values())) if len(items) == 1 else None
        common = {
            "payer": buyer,
            "payee": supplier,
            "on": _day(contract.get("dateSigned"))
            or _day((contract.get("period") or {}).get("startDate"))
            or _day(award.get("date")),
            "area": _only(_area(i.get("deliveryLocation")) for i in items.values()) if items else None,
            "programme": programme,
            "counted": contract.get("status") != "cancelled",
        }
        goods = (
            self._goods(only, decimal(only["quantity"]) if only.get("quantity") is not None else None) if only else {}
        )
        where = f"{place}/value/amount"
        shares = self._shares(contract, amount, currency)
        if not shares:
            yield self.arc("contract", "contract", where, money=(amount, currency), **common, **goods)
            return
        assert amount is not None
        for source, loan, share, locator in shares:
            money = (share, currency)
            yield self.arc("contract", "contract", place + locator, money=money, funding=source, loan=loan, **common)
        rest = amount - sum((s[2] for s in shares), Decimal(0))
        if rest:
            yield self.arc("contract", "contract", where, money=(rest, currency), **common)

    def _shares(
        self, contract: Json, amount: Decimal | None, currency: str | None
    ) -> list[tuple[str | None, bool, Decimal, str]]:
        """Each published share of a contract's value: its aid, whether a loan, how much, where it stands.

        Empty when nothing can be said without inventing it: no value, a share in another currency, or shares
        that add up to more than the contract (rule 6; `rules` reports that one).
        """
        shares = []
        for finance in _members(contract.get("finance")):
            share, in_currency = _money(finance.get("value"))
            if share is None:
                continue
            if in_currency != currency:
                return []
            locator = f"/finance/={_token(str(finance.get('id')))}/value/amount"
            shares.append((self._funder(str(finance.get("id"))), finance.get("type") == "loan", share, locator))
        if amount is None or sum((s[2] for s in shares), Decimal(0)) > amount:
            return []
        return shares

    def _funder(self, id: str) -> str | None:
        """The ocid of the aid that a financing entry names by its local id."""
        for part in _members(self.budget.get("budgetBreakdown")):
            if part.get("id") == id and part.get("relatedProcess"):
                return self.aid_of(part["relatedProcess"])
        tail = folded(id).replace(" ", "-")
        named = [o for o in self.funders if o == id or folded(o).replace(" ", "-").endswith(f"-{tail}")]
        return named[0] if len(named) == 1 else self.funders[0] if len(self.funders) == 1 else None

    def _payment(
        self, payment: Json, root: str, buyer: str | None, supplier: str | None, programme: str | None, contract: Json
    ) -> Iterator[Arc]:
        amount, currency = _money(payment.get("value") or payment.get("amount"))
        place = f"{root}/implementation/transactions/={_token(str(payment.get('id')))}"
        common = {
            "payer": _party(payment.get("payer")) or buyer,
            "payee": _party(payment.get("payee")) or supplier,
            "on": _day(payment.get("date")),
        }
        loans = {f.get("id") for f in _members(contract.get("finance")) if f.get("type") == "loan"}
        parts = []
        for source in _members(payment.get("fundingSources")):
            part, in_currency = _money(source.get("value"))
            if part is not None and in_currency == currency:
                parts.append((source, part))
        told = sum((p for _, p in parts), Decimal(0))
        if amount is None or told > amount >= 0:
            parts, told = [], Decimal(0)
        for source, part in parts:
            ocid = source.get("relatedProcess")
            yield self.arc(
                "payment",
                "payment",
                f"{place}/fundingSources/={_token(str(source.get('id')))}/value/amount",
                money=(part, currency),
                funding=self.aid_of(ocid),
                programme=self.programme_of(ocid) or programme,
                loan=source.get("id") in loans,
                **common,
            )
        if amount is None or amount != told or not parts:
            rest = None if amount is None else amount - told
            money = (None, None) if rest is None else (rest, currency)
            yield self.arc("payment", "payment", f"{place}/value/amount", money=money, programme=programme, **common)

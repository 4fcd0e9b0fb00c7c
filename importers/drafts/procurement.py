"""Rows of `procurement`: one row a contract, or several rows that share a process or a contract number.

Rows of one contract are its items, suppliers and amendments: an amount that they repeat is one amount, and two
different amounts under one contract number are a question for the office, never a sum. Read `procurement` first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from importers.drafts.desk import Desk, Row
from importers.drafts.words import word
from importers.drafts.writing import Part, Process, texts
from importers.staged import Parsed
from ledger.arcs import folded
from ledger.values import Money, quantity_text

COVID = re.compile(
    r"\b(covid( ?19)?|corona ?virus|sars ?cov( ?2)?|2019 ncov|ncov( ?2019)?)\b"
)  # on folded text: en, es, pt, fr
GLIDE = "EP-2020-000012"
METHODS = {"open", "selective", "limited", "direct"}
STATUSES = {"pending", "active", "cancelled", "terminated"}
ITEM_FIELDS = (
    "item.id",
    "item.description",
    "item.classification",
    "item.quantity",
    "item.unit",
    "item.unitValue",
    "place",
)


@dataclass(slots=True)
class Funded:
    """A share of a contract: from which aid, how much, and the cell that says so."""

    row: Row
    ocid: str
    value: Money | None
    at: Parsed
    how: str


def procurement(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write one procurement process from its rows; None when every row is held."""
    plans: dict[tuple[int, int], str] = {}
    funders: dict[tuple[int, int], str] = {}
    for row in rows:
        for what, known in (("programme", plans), ("aid", funders)):
            if row.get(f"{what}.id") and row.key not in desk.held:
                found = desk.find(row, what, f"{what}.id")
                if found:
                    known[row.key] = found[0]
    contracts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        contracts[row.contract].append(row)
    values: dict[str, tuple[Money | None, list[Funded]]] = {}
    for id, mine in contracts.items():
        if any(r.key in desk.held for r in mine):
            # Part of a contract is not the contract: its other rows wait for the one in question.
            for r in mine:
                desk.held.setdefault(r.key, next(desk.held[m.key] for m in mine if m.key in desk.held))
            continue
        checked = _checked(desk, mine, funders)
        if checked is not None:
            values[id] = checked
    rows = desk.free(rows)
    if not rows:
        return None
    process = desk.process(ocid, "procurement")
    _tender(desk, process, rows, ocid)
    for id in sorted(values):
        value, shares = values[id]
        _contract(desk, process, id, contracts[id], value, shares)
    for row in rows:
        if row.key in plans:
            desk.relate(process, plans[row.key], "planning")
        if row.key in funders:
            desk.relate(process, funders[row.key], "funding")
    _sources(desk, process, [s for _, shares in values.values() for s in shares])
    text = folded(texts([r.values for r in rows], "title", "description", "method.rationale", "item.description"))
    if COVID.search(text):
        glide = process.part("tender", "classification").json
        glide.update(scheme="GLIDE", id=GLIDE, description=word("covid", process.language))
    if COVID.search(text) or plans or funders:
        desk.response(process)
    return process


# --- what must hold before a contract is written -------------------------------------------------------------


def _checked(
    desk: Desk, rows: Sequence[Row], funders: dict[tuple[int, int], str]
) -> tuple[Money | None, list[Funded]] | None:
    """Return the contract's value after amendments and the shares of its sources; None when its rows are held."""
    number = rows[0].contract
    for name in ("amount", "award.amount"):
        told = [p for r in rows if (p := r.get(name)) is not None]
        if len({p.value for p in told}) > 1:
            other = next(p for p in told if p.value != told[0].value)
            desk.hold(rows, "D004", other, name, number=number, other=str(told[0].at))
            return None
    amount = next((p for r in rows if (p := r.get("amount")) is not None), None)
    value: Money | None = amount.value if amount else None
    for row in _amendments(rows):
        by = row.get("amendment.amount")
        if by is None:
            continue
        kind = row.text("amendment.kind")
        if kind not in ("total", "increase"):
            desk.hold(rows, "D005", by, "amendment.kind", number=number)
            return None
        if kind == "total":
            value = by.value
            continue
        if value is None or value.currency != by.value.currency:
            desk.hold(rows, "D016", by, "amendment.amount", number=number)
            return None
        value = value + by.value
    shares = _shares(desk, rows, funders, value)
    return None if shares is None else (value, shares)


def _amendments(rows: Sequence[Row]) -> list[Row]:
    """Rows that tell of an amendment, oldest first; rows that repeat one are told once."""
    seen: set[tuple[str, ...]] = set()
    out = []
    fields = ("amendment.id", "amendment.date", "amendment.amount", "amendment.kind", "amendment.rationale")
    for row in rows:
        told = tuple(row.text(f) for f in fields)
        if any(told) and told not in seen:
            seen.add(told)
            out.append(row)
    return sorted(out, key=lambda r: (r.text("amendment.date"), r.text("amendment.id"), r.print.strong))


def _shares(
    desk: Desk, rows: Sequence[Row], funders: dict[tuple[int, int], str], value: Money | None
) -> list[Funded] | None:
    """Return how much of the contract comes from which aid. More than the whole holds the rows."""
    shares: dict[tuple[str, str], Funded] = {}
    for row in rows:
        if row.key not in funders:
            continue
        amount, percent = row.get("aid.amount"), row.get("aid.share")
        at = amount or percent or row.get("aid.id")
        assert at is not None
        money: Money | None = amount.value if amount else None
        how = ""
        if money is None and percent is not None and value is not None:
            money = Money(value.amount * percent.value / 100, value.currency).quantised()
            how = "derived"
        key = (funders[row.key], str(money.amount) if money else "")
        shares.setdefault(key, Funded(row, funders[row.key], money, at, how))
    told = list(shares.values())
    percents = sum((p.value for s in told if (p := s.row.get("aid.share")) is not None), Decimal(0))
    in_currency = [
        s.value for s in told if s.value is not None and value is not None and s.value.currency == value.currency
    ]
    if percents > 100 or (value is not None and sum((m.amount for m in in_currency), Decimal(0)) > abs(value.amount)):
        whole = quantity_text(value.amount) if value else "100 %"
        desk.hold(rows, "D012", told[-1].at, "aid.share", number=rows[0].contract, whole=whole)
        return None
    return told


# --- writing ------------------------------------------------------------------------------------------------


def _tender(desk: Desk, process: Process, rows: Sequence[Row], ocid: str) -> None:
    number = next((p for r in rows if (p := r.get("process.id") or r.get("contract.id")) is not None), None)
    tender = process.part("tender")
    tender.put("id", number, str(number.value).strip() if number else None)
    tender.json.setdefault("id", ocid.split("-PRC-", 1)[-1])
    awarded = False
    for row in sorted(rows, key=lambda r: (r.contract, r.print.strong)):
        title = row.get("title")
        process.put_first("title", title)
        tender.put_first("title", title)
        tender.put_first("description", row.get("description"))
        if buyer := desk.parties.party(row, "buyer"):
            process.refer(process, "buyer", buyer, "buyer")
        if entity := desk.parties.party(row, "procuringEntity"):
            process.refer(tender, "procuringEntity", entity, "procuringEntity")
        method = row.get("method")
        if method is not None and str(method.value) in METHODS:
            tender.put("procurementMethod", method)
            if row.get("method.details") is None and folded(method.raw) != str(method.value):
                tender.put_first("procurementMethodDetails", method, method.raw.strip(), "as typed")
        tender.put_first("procurementMethodDetails", row.get("method.details"))
        tender.put("procurementMethodRationale", row.get("method.rationale"))
        tender.put("mainProcurementCategory", row.get("category"))
        tender.money("value", row.get("tender.amount"))
        desk.period(tender, "tenderPeriod", row, "tender.date", "tender.close")
        if bids := row.get("bids.count"):
            count = process.part("bids").member("statistics", "bids")
            count.json["measure"] = "bids"
            count.put("value", bids)
        if approval := row.get("approval"):
            milestone = process.part("planning").member("milestones", "approval")
            milestone.json["type"] = "approval"
            milestone.put("title", approval)
        awarded = awarded or row.get("supplier.name") is not None or row.get("amount") is not None
    if awarded:
        tender.json["status"] = "complete"
    elif any(r.text("status") == "cancelled" for r in rows):
        tender.json["status"] = "cancelled"


def is_contract(row: Row) -> bool:
    return any(row.get(f) for f in ("contract.id", "contract.date", "amount", "period.start", "period.end", "aid.id"))


def _contract(
    desk: Desk, process: Process, id: str, rows: Sequence[Row], value: Money | None, shares: Sequence[Funded]
) -> None:
    """Write the award, and the contract under it where the rows tell of one. Both have the same id and suppliers."""
    told_award = any(r.get(f) for r in rows for f in ("award.date", "award.amount", "supplier.name"))
    signed = any(is_contract(r) for r in rows)
    if not told_award and not signed:
        return
    award = process.member("awards", id)
    contract = process.member("contracts", id) if signed else None
    deal = contract or award
    if contract is not None:
        contract.json["awardID"] = id
    award.json["status"] = "active"
    amount = next((p for r in rows if (p := r.get("amount")) is not None), None)
    for row in sorted(rows, key=lambda r: r.print.strong):
        award.put_first("title", row.get("title"))
        if contract is not None:
            contract.put_first("title", row.get("title"))
            own = row.get("contract.id")
            if own is not None:
                contract.evidence("id", own)
        if not row.get("item.description"):
            deal.put("title", row.get("title"))  # a second title on a row that lists no goods is a contradiction
        deal.put("description", row.get("description"))
        desk.date(award, "date", row, "award.date")
        award.money("value", row.get("award.amount"))
        for part in (award, contract):
            if part is not None:
                for supplier in desk.parties.listed(row, "supplier"):
                    process.refer_among(part, "suppliers", supplier, "supplier")
        if contract is not None:
            desk.date(contract, "dateSigned", row, "contract.date")
            desk.period(contract, "period", row, "period.start", "period.end")
            contract.put_first("explanation", row.get("contract.answer"))
            status = row.get("status")
            if status is not None and str(status.value) in STATUSES:
                contract.put("status", status)
        if lot := row.get("lot.id"):
            deal.remark("lot", lot, lot=row.text("lot.id"))
        if any(row.get(f) for f in ITEM_FIELDS):
            _item(desk, deal, row)
        desk.documents(deal, row)
    if "value" not in award.json:
        award.money("value", amount)
    if contract is not None:
        _value(desk, contract, rows, amount, value)
        for share in shares:
            _finance(desk, process, contract, share)


def _item(desk: Desk, deal: Part, row: Row) -> None:
    id = row.text("item.id") or row.part
    if deal.has("items", id):
        id = f"{id}-{row.part}"
        if deal.has("items", id):
            id = f"{id}-{row.print.strong[:8]}"
    values = dict(row.values)
    values.pop("amount", None)  # the contract's, not the item's
    desk.item(deal.member("items", id), row.told(values), row.text("title"))


def _value(desk: Desk, contract: Part, rows: Sequence[Row], amount: Parsed | None, value: Money | None) -> None:
    """Write the value after all amendments, and each amendment with what it changed."""
    before: Money | None = amount.value if amount else None
    last, changed_by_sum = amount, False
    for row in _amendments(rows):
        id = row.text("amendment.id") or row.print.strong[:10]
        entry = contract.member("amendments", id)
        by = row.get("amendment.amount")
        if own := row.get("amendment.id"):
            entry.evidence("id", own)
        entry.put_first("rationale", row.get("amendment.rationale"))
        desk.date(entry, "date", row, "amendment.date")
        if by is not None:
            after = (
                by.value
                if row.text("amendment.kind") == "total"
                else (before or Money(Decimal(0), by.value.currency)) + by.value
            )
            if before is not None:
                entry.remark(
                    "amended",
                    by,
                    before=quantity_text(before.amount),
                    after=quantity_text(after.amount),
                    currency=after.currency,
                )
            changed_by_sum = row.text("amendment.kind") != "total"
            before, last = after, by
    if last is not None and value is not None:
        contract.money("value", last, value, "derived" if changed_by_sum else "")


def _finance(desk: Desk, process: Process, contract: Part, share: Funded) -> None:
    id = share.row.text("aid.id")
    if contract.has("finance", id):
        id = f"{id}-{share.row.part}"
    entry = contract.member("finance", id)
    if share.value is not None:
        entry.money("value", share.at, share.value, share.how)
    aid = desk.aid_record(share.ocid)
    finance: Mapping[str, Any] = next(iter(((aid.get("planning") or {}).get("budget") or {}).get("finance") or ()), {})
    if finance.get("type"):
        entry.json["type"] = finance["type"]
    if donor := desk.donor(share.ocid, share.row.get("aid.id")):
        process.refer(entry, "financingParty", donor, "funder")


def _sources(desk: Desk, process: Process, shares: Sequence[Funded]) -> None:
    """Write what each aid gives to this purchase: the sum over its contracts, where every share has an amount."""
    by_aid: dict[str, list[Funded]] = defaultdict(list)
    for share in shares:
        by_aid[share.row.text("aid.id")].append(share)
    for id, mine in sorted(by_aid.items()):
        entry = process.part("planning", "budget").member("budgetBreakdown", id)
        entry.put("relatedProcess", mine[0].row.get("aid.id"), mine[0].ocid, "derived")
        if donor := desk.donor(mine[0].ocid, mine[0].row.get("aid.id")):
            process.refer(entry, "sourceParty", donor, "sourceParty")
        values = [s.value for s in mine if s.value is not None]
        if len(values) == len(mine) and len({v.currency for v in values}) == 1:
            total = sum(values[1:], start=values[0])
            entry.money("amount", mine[0].at, total, mine[0].how or ("derived" if len(values) > 1 else ""))


def hold_repeated(desk: Desk, rows: Sequence[Row]) -> None:
    """Hold rows of one process without contract numbers that state one amount for several suppliers or lots: three
    prices that happen to be equal, or one price written three times. Only the office knows, and a contract number says
    it (catalogue 3.2)."""
    told: dict[tuple[str, Any], list[Row]] = defaultdict(list)
    for row in desk.free(rows):
        if row.get("amount") and row.get("process.id") and not row.get("contract.id"):
            amount = row.get("amount")
            assert amount is not None
            if amount.value.amount:
                told[row.ocid, amount.value].append(row)
    for same in told.values():
        if len({r.contract for r in same}) > 1:
            at = same[1].get("amount")
            rows_named = ", ".join(str(r.number) for r in same)
            desk.hold(same, "D013", at, "amount", number=same[0].text("process.id"), rows=rows_named)

"""Money and goods given: rows of `aid`, `donations` and of `deliveries` that stand alone become aid processes.

They have planning only: a budget and `planning.aid` with flows, items and deliveries (docs/reference/ocds, part 4).
A promise, an agreement and a payment are separate flows, never one that changes its name. Read `aid` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from importers import identity
from importers.drafts.desk import Desk, Row
from importers.drafts.writing import Part, Party, Process
from importers.staged import Parsed
from ledger.arcs import folded
from ledger.findings import Severity
from ledger.values import Locator, Money, decimal
from ocds import paths

STAGES = ("pledge", "commitment", "disbursement")
_PROMISES = STAGES[:2]
"""Written again beside each payment that fulfils them, as an amount of the whole: told once. Payments never are."""
_TAKEN_BACK = {"pledge": "cancellation", "commitment": "cancellation", "disbursement": "refund", "receipt": "refund"}


def aid(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write one aid arrangement from its rows; None when every row is held."""
    rows = _payable(desk, _of_one_donor(desk, rows))
    programmes = {}
    for row in rows:
        if row.get("programme.id"):
            programmes[row.key] = desk.find(row, "programme", "programme.id")
    rows = desk.free(rows)
    if not rows:
        return None
    process = desk.process(ocid, "aid")
    desk.response(process)
    about = process.part("planning", "aid")
    number = next((r.get("aid.id") for r in rows if r.get("aid.id")), None)
    _numbered(process, about, number, ocid)
    again: list[Parsed] = []
    promised: set[tuple[object, ...]] = set()
    for row in _titled_first(rows):
        donor = desk.parties.party(row, "donor")
        recipient = desk.parties.party(row, "recipient")
        _titles(process, row, donor, recipient)
        about.put("type", row.get("aid.type"))
        about.put("earmarking", row.get("earmarking"))
        about.put("conditions", row.get("conditions"))
        if donor is not None:
            process.role(donor, "donor")
        if recipient is not None:
            process.role(recipient, "aidRecipient")
        flows = list(_flows(row))
        _unused(desk, row, flows)
        for n, (stage, amount, date) in enumerate(flows):
            if amount is not None and stage in _PROMISES:
                once = (stage, amount.value, row.text(date), donor and donor.id, recipient and recipient.id)
                if once in promised and n + 1 < len(flows):
                    again.append(amount)
                    continue
                promised.add(once)
            target = programmes.get(row.key)
            _flow(desk, process, row, stage, amount, date, donor, recipient, target[0] if target else None)
        if not flows:
            if alone := row.get("date") or row.get("flow.id"):
                desk.say("D024", Severity.WARNING, alone, "stage", needs="amount")
            desk.documents(process.part("planning"), row)
        if target := programmes.get(row.key):
            desk.relate(process, target[0], "planning")
    if again:
        cells = ", ".join(str(p.at.cell) for p in again)
        desk.say("D027", Severity.NOTICE, again[0], "pledge.amount", number=about.json["id"], cells=cells)
    _budget(desk, process, rows)
    return process


def _of_one_donor(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """Hold rows whose one amount several donors gave: who gave how much of it cannot be told.

    Rows of one number wait together: the sum of the others would pass for the whole.
    """
    for row in rows:
        donors = desk.parties.names(row, "donor")
        if len(donors) > 1 and any(amount is not None for _, amount, _ in [*_flows(row), ("", _given(row), "")]):
            shown = "; ".join(str(d.value) for d in donors)
            desk.hold(rows, "D026", row.get("donor.name"), "donor.name", names=shown, several=len(donors))
            break
    return desk.free(rows)


def _payable(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """Hold rows whose amount does not say whether it was promised, signed or received."""
    for row in rows:
        wide = any(row.get(f"{s}.amount") for s in STAGES)
        if row.get("amount") and not row.get("stage") and not wide:
            desk.hold([row], "D003", row.get("amount"), "stage")
    return desk.free(rows)


def _unused(desk: Desk, row: Row, flows: Sequence[tuple[str, Parsed | None, str]]) -> None:
    """Point out an amount that no flow tells, because columns of their own tell the stages."""
    amount = row.get("amount")
    if amount is not None and all(told is not amount for _, told, _ in flows):
        if any(told is not None and told.value == amount.value for _, told, _ in flows):
            return
        desk.say("D024", Severity.WARNING, amount, "amount", needs="stage")


def _flows(row: Row) -> list[tuple[str, Parsed | None, str]]:
    """The events that one row tells of: (type, amount, field of the date)."""
    out: list[tuple[str, Parsed | None, str]] = []
    for stage in STAGES:
        if row.get(f"{stage}.amount") or row.get(f"{stage}.date"):
            out.append((stage, row.get(f"{stage}.amount"), f"{stage}.date"))
    said = row.text("stage")
    if said and said not in {s for s, _, _ in out}:
        out.append((said, row.get("amount"), "date"))
    return out


def _flow(
    desk: Desk,
    process: Process,
    row: Row,
    stage: str,
    amount: Parsed | None,
    date: str,
    donor: Party | None,
    recipient: Party | None,
    programme: str | None = None,
) -> Part:
    own = row.get("flow.id")
    wide = date != "date"
    id = str(own.value) if own else row.part
    flows = process.part("planning", "aid")
    if wide or flows.has("flows", id):
        id = f"{id}-{stage}"
        if flows.has("flows", id):
            id = f"{row.part}-{stage}"
    flow = flows.member("flows", id)
    value = None
    if amount is not None and amount.value.amount < 0:
        # A negative figure in a sheet of gifts is money that went back: the standard has events of their own for it.
        stage = _TAKEN_BACK.get(stage, stage)
        value = -amount.value
        desk.say("D011", Severity.NOTICE, amount, "amount", stage=stage)
    if own is not None:
        flow.evidence("id", own)
    flow.json["type"] = stage
    if said := (row.get("stage") if not wide else None):
        flow.json.pop("type")
        flow.put("type", said, stage, "" if stage == said.value else "derived")
    flow.money("value", amount, value, "derived" if value is not None else "")
    desk.date(flow, "date", row, date if row.get(date) else "date")
    if row.text("description"):
        flow.put("description", row.get("description"))
    if donor is not None:
        process.refer(flow, "sourceParty", donor, "donor")
    if recipient is not None:
        process.refer(flow, "destinationParty", recipient, "aidRecipient")
    if programme:
        flow.put("relatedProcess", row.get("programme.id"), programme, "derived")
    flow.link(row.get("source.url"))
    return flow


def _numbered(process: Process, about: Part, number: Parsed | None, ocid: str) -> None:
    budget = process.part("planning", "budget")
    if number is None:
        about.json["id"] = budget.json["id"] = ocid.split("-AID-", 1)[-1]
    else:
        about.put("id", number, str(number.value).strip())
        budget.put("id", number, str(number.value).strip())


def _titled_first(rows: Sequence[Row]) -> list[Row]:
    """Rows that type a title go before rows from which one would be made."""
    return sorted(rows, key=lambda r: r.get("title") is None)


def _titles(process: Process, row: Row, donor: Party | None, recipient: Party | None) -> None:
    title = row.get("title")
    if title is not None:
        process.put("title", title)
        return
    between = " → ".join(p.name for p in (donor, recipient) if p is not None)
    told = ": ".join(t for t in (row.text("item.description"), between) if t)
    base = row.get("item.description") or (donor.at if donor else None) or (recipient.at if recipient else None)
    if told and base is not None:
        process.put_first("title", base, told, "derived")


def _budget(desk: Desk, process: Process, rows: Sequence[Row]) -> None:
    """Say what was agreed (else promised, else given), who finances it, and whether as a grant or a loan."""
    flows: list[dict[str, Any]] = process.json["planning"]["aid"].get("flows", [])
    finance_type = next((r.get("finance.type") for r in rows if r.get("finance.type")), None)
    budget = process.part("planning", "budget")
    about = process.json["planning"]["aid"]["id"]
    donors = sorted({p.id for p in process.parties.values() if "donor" in p.roles})
    for event in ("commitment", "pledge", "disbursement", "receipt"):
        told = [f for f in flows if f["type"] == event and "value" in f]
        if told and len({f["value"]["currency"] for f in told}) == 1:
            _sum(budget, "amount", told)
            break
    else:
        told = []
    for donor in donors:
        party = process.parties[donor]
        mine = [f for f in told if f.get("sourceParty", {}).get("id") == donor]
        id = about if len(donors) == 1 else f"{about}-{donor}"
        if finance_type is not None:
            finance = budget.member("finance", id)
            finance.put("type", finance_type)
            process.refer(finance, "financingParty", party, "funder")
            if mine:
                _sum(finance, "value", mine)
        entry = budget.member("budgetBreakdown", id)
        process.refer(entry, "sourceParty", party, "sourceParty")
        if mine:
            _sum(entry, "amount", mine)


def _sum(part: Part, key: str, flows: Sequence[dict[str, Any]]) -> None:
    """Write the sum of flows. Its evidence is the cell of the first, marked as derived when there are several."""
    at = f"/planning/aid/flows/{paths.member(flows[0]['id'])}/value/amount"
    evidence = part.process.cells[Locator(at)]
    parsed = Parsed(None, evidence.raw, evidence.at, evidence.how)
    total = sum(
        (Money(decimal(f["value"]["amount"]), f["value"]["currency"]) for f in flows[1:]), start=_money(flows[0])
    )
    part.money(key, parsed, total, "derived" if len(flows) > 1 else evidence.how)


def _money(flow: dict[str, Any]) -> Money:
    return Money(decimal(flow["value"]["amount"]), flow["value"]["currency"])


# --- gifts --------------------------------------------------------------------------------------------------


def donation(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write one gift: its goods, and what arrived (or was offered) of it. Goods and cash are never one gift:
    their values do not add up."""
    types = {_gift_type(r) for r in rows} - {""}
    if len(types) > 1:
        desk.hold(rows, "D020", next((r.get("aid.type") for r in rows if r.get("aid.type")), None), "aid.type")
    rows = _of_one_donor(desk, desk.free(rows))
    if not rows:
        return None
    process = desk.process(ocid, "aid")
    desk.response(process)
    about = process.part("planning", "aid")
    _numbered(process, about, next((r.get("donation.id") for r in rows if r.get("donation.id")), None), ocid)
    kind = next(iter(types), "")
    for row in _titled_first(rows):
        donor = desk.parties.party(row, "donor")
        recipient = desk.parties.party(row, "recipient")
        _titles(process, row, donor, recipient)
        if row.get("aid.type"):
            about.put("type", row.get("aid.type"))
        elif kind:
            about.json.setdefault("type", kind)
        if donor is not None:
            process.role(donor, "donor")
        if recipient is not None:
            process.role(recipient, "aidRecipient")
        goods = kind in ("inKind", "services") and (row.get("item.description") or row.get("item.quantity"))
        if goods:
            desk.item(about.member("items", row.part), row)
        stage = row.text("stage") or ("receipt" if kind in ("inKind", "services") else "disbursement")
        flow = _flow(desk, process, row, stage, _given(row), "date", donor, recipient)
        if goods:
            flow.json["relatedItems"] = [row.part]
            flow.put("valuationMethod", row.get("valuation.method"))
    _budget(desk, process, rows)
    return process


def _gift_type(row: Row) -> str:
    said = row.text("aid.type")
    return said or ("inKind" if row.get("item.description") or row.get("item.quantity") else "")


def _given(row: Row) -> Parsed | None:
    """The value of the gift: as stated, else quantity x price of one."""
    amount, price, quantity = row.get("amount"), row.get("item.unitValue"), row.get("item.quantity")
    if amount is not None or price is None or quantity is None:
        return amount
    return replace(
        price, value=Money(price.value.amount * quantity.value, price.value.currency).quantised(), how="derived"
    )


# --- what was handed out ------------------------------------------------------------------------------------


def handed_out(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write a distribution that names neither contract nor gift: an aid process of its own, goods without money."""
    rows = desk.free(rows)
    if not rows:
        return None
    process = desk.process(ocid, "aid")
    desk.response(process)
    about = process.part("planning", "aid")
    _numbered(process, about, None, ocid)  # a delivery's number is no number of a gift
    about.json["type"] = "inKind"
    for row in _titled_first(rows):
        recipient = desk.parties.party(row, "recipient")
        _titles(process, row, None, recipient)
        item = about.member("items", row.part)
        desk.item(item, _as_price(row), row.text("title"))
        item.json.pop(
            "quantity", None
        )  # it is the quantity handed out, which the delivery says; what came in is not known
        delivery(desk, process, about, row, row.part)
    for at in [a for a in process.cells if a.startswith("/planning/aid/items/") and a.endswith("/quantity")]:
        del process.cells[at]
    return process


def gift_delivery(desk: Desk, process: Process, row: Row) -> None:
    """Write one delivery of a gift that another sheet tells of; its goods are the gift's when it names them alike."""
    about = process.part("planning", "aid")
    known = _goods_of(desk, process.ocid)
    delivery(desk, process, about, row, item_for(desk, about, row, known))


def delivery(desk: Desk, process: Process, home: Part, row: Row, item: str) -> None:
    """Write what was handed over, when, where and to whom. A negative quantity is goods that came back."""
    own = row.get("delivery.id")
    entry = home.member("deliveries", str(own.value).strip() if own else row.part)
    if entry.has("items", item):
        entry = home.member("deliveries", f"{entry.json['id']}-{row.part}")
    elif own:
        entry.evidence("id", own)
    quantity = row.get("item.quantity")
    status = row.get("status")
    if quantity is not None and quantity.value < 0:
        entry.json["status"] = "returned"
        quantity = replace(quantity, value=-quantity.value, how="derived")
        desk.say("D011", Severity.NOTICE, quantity, "item.quantity", stage="returned")
    elif status is not None:
        entry.put("status", status)
    else:
        entry.json.setdefault("status", "delivered")
    desk.date(entry, "date", row, "date")
    entry.put("description", row.get("description"))
    entry.member("items", item).put("quantity", quantity)
    desk.location(entry, "deliveryLocation", row)
    recipient = desk.parties.party(row, "recipient")
    if recipient is not None:
        process.refer(entry, "recipient", recipient, "deliveryRecipient")
    entry.link(row.get("source.url"))


def item_for(desk: Desk, home: Part, row: Row, known: Sequence[dict[str, Any]]) -> str:
    """Return the id of the goods that a delivery names: by number, by description and unit, else written anew."""
    own = row.text("item.id")
    if own and any(str(i.get("id")) == own for i in known):
        return own
    wanted = folded(row.text("item.description"))
    unit = folded(row.text("item.unit"))
    alike = [
        i
        for i in known
        if wanted
        and folded(str(i.get("description") or "")) == wanted
        and (not unit or not (i.get("unit") or {}).get("name") or folded(str(i["unit"]["name"])) == unit)
    ]
    if len(alike) == 1:
        return str(alike[0]["id"])
    priced = _as_price(row)
    price = priced.get("item.unitValue")
    id = own or identity.minted([wanted, unit, str(price.value) if price else ""], ())
    if not home.has("items", id):
        desk.goods(home.member("items", id), priced)
    return id


def _as_price(row: Row) -> Row:
    """The row as `Desk.unit_value` reads it: a returned quantity and its value are the same goods at the same price."""
    quantity, amount = row.get("item.quantity"), row.get("amount")
    if quantity is None or quantity.value >= 0:
        return row
    values = {**row.values, "item.quantity": replace(quantity, value=-quantity.value)}
    if amount is not None:
        values["amount"] = replace(amount, value=Money(abs(amount.value.amount), amount.value.currency))
    return row.told(values)


def _goods_of(desk: Desk, ocid: str) -> list[dict[str, Any]]:
    body = desk.drafted[ocid].json if ocid in desk.drafted else desk.record(ocid) or {}
    items = ((body.get("planning") or {}).get("aid") or {}).get("items") or []
    return [i for i in items if isinstance(i, dict)]

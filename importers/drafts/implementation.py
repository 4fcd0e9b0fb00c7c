"""What happened under a contract: rows of `payments`, and of `deliveries` that name a contract.

The drafts hold only what these sheets say; `ledger.changes.compose` joins them to the contract, which this import
or an earlier one tells of. Read `payments` first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from importers.drafts.aid import delivery, gift_delivery, item_for
from importers.drafts.desk import Desk, Row
from importers.drafts.words import word
from importers.drafts.writing import Part, Process
from ledger.values import Money

UNNAMED = "source-not-published"


def _contract(desk: Desk, process: Process, id: str) -> Part:
    """The contract as far as it must be said here too: the standard asks for its award wherever it stands."""
    contract = process.member("contracts", id)
    known = (desk.record(process.ocid) or {}).get("contracts") or ()
    award = next((c["awardID"] for c in known if c.get("id") == id and c.get("awardID")), id)
    contract.json["awardID"] = award
    process.member("awards", award)
    return contract


# --- payments -----------------------------------------------------------------------------------------------


def payments(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write the payments of one process. Rows with one payment number are one voucher, split by who pays."""
    funders: dict[tuple[int, int], tuple[str, str]] = {}
    for row in rows:
        for what in ("aid", "programme"):
            if row.get(f"{what}.id") and row.key not in desk.held and row.key not in funders:
                found = desk.find(row, what, f"{what}.id")
                if found:
                    funders[row.key] = (row.text(f"{what}.id"), found[0])
    vouchers: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in desk.free(rows):
        vouchers[row.contract, row.text("payment.id") or row.part].append(row)
    whole = [(key, mine) for key, mine in vouchers.items() if _is_whole(desk, rows, key, mine, funders)]
    if not whole:
        return None
    process = desk.process(ocid, "procurement")
    for (contract, id), mine in whole:
        _voucher(desk, process, contract, id, mine, funders)
    return process


def _is_whole(
    desk: Desk,
    rows: Sequence[Row],
    key: tuple[str, str],
    mine: Sequence[Row],
    funders: dict[tuple[int, int], tuple[str, str]],
) -> bool:
    """Whether a voucher may be written: every row of it, each from another source, in one currency."""
    waiting = [
        r for r in rows if r.key in desk.held and r.text("payment.id") and (r.contract, r.text("payment.id")) == key
    ]
    if waiting:
        for row in mine:
            desk.held.setdefault(row.key, desk.held[waiting[0].key])
        return False
    if len(mine) == 1:
        return True
    sources = {funders.get(r.key, ("", ""))[0] for r in mine}
    currencies = {a.value.currency for r in mine if (a := r.get("amount"))}
    if len(sources) < len(mine) or len(currencies) > 1:
        named = ", ".join(str(r.number) for r in mine)
        desk.hold(mine, "D017", mine[1].get("payment.id"), "payment.id", number=key[1], rows=named)
        return False
    return True


def _voucher(
    desk: Desk,
    process: Process,
    contract: str,
    id: str,
    rows: Sequence[Row],
    funders: dict[tuple[int, int], tuple[str, str]],
) -> None:
    entry = _contract(desk, process, contract).part("implementation").member("transactions", id)
    amounts = [a for r in rows if (a := r.get("amount"))]
    for row in sorted(rows, key=lambda r: r.print.strong):
        if own := row.get("payment.id"):
            entry.evidence("id", own)
        desk.date(entry, "date", row, "date", process)
        for who in ("payer", "payee"):
            if party := desk.parties.party(row, who):
                process.refer(entry, who, party, who)
        entry.link(row.get("source.url"))
        _said(process, contract, entry, row)
        if row.key in funders:
            _source(desk, process, entry, row, *funders[row.key])
        elif any(r.key in funders for r in rows):
            _unnamed_source(process, entry, row)
    if amounts:
        total: Money = sum((a.value for a in amounts[1:]), start=amounts[0].value)
        entry.money("value", amounts[0], total, "derived" if len(amounts) > 1 else "")


def _source(desk: Desk, process: Process, entry: Part, row: Row, id: str, ocid: str) -> None:
    what = "aid" if row.get("aid.id") else "programme"
    parsed = row.get(f"{what}.id")
    source = entry.member("fundingSources", id)
    source.put("relatedProcess", parsed, ocid, "derived")
    if parsed is not None:
        source.evidence("id", parsed)
    source.money("value", row.get("amount"))
    budget = process.part("planning", "budget").member("budgetBreakdown", id)
    budget.put("relatedProcess", parsed, ocid, "derived")
    if what == "aid" and (donor := desk.donor(ocid, parsed)):
        process.refer(budget, "sourceParty", donor, "sourceParty")
    desk.relate(process, ocid, "funding" if what == "aid" else "planning")


def _said(process: Process, contract: str, entry: Part, row: Row) -> None:
    """Say what a payment was for: a transaction has no description, but may name the milestone that it pays."""
    description = row.get("description")
    if description is None:
        return
    done = process.member("contracts", contract).part("implementation")
    milestone = done.member("milestones", f"payment-{entry.json['id']}")
    milestone.json["type"] = "financing"
    milestone.put("title", description)
    entry.json["relatedImplementationMilestone"] = {"id": milestone.json["id"], "title": milestone.json["title"]}


def _unnamed_source(process: Process, entry: Part, row: Row) -> None:
    """The rest of a voucher of which another row names its source: part of the sum, source not published."""
    entry.member("fundingSources", UNNAMED).money("value", row.get("amount"))
    budget = process.part("planning", "budget").member("budgetBreakdown", UNNAMED)
    budget.json["description"] = word("unnamed_source", process.language)


# --- deliveries ---------------------------------------------------------------------------------------------


def deliveries(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write the deliveries of one process that another sheet tells of: under their contracts, or of a gift."""
    rows = desk.free(rows)
    if not rows:
        return None
    process = desk.process(ocid, "procurement" if rows[0].contract else "aid")
    for row in sorted(rows, key=lambda r: r.print.strong):
        if not row.contract:
            gift_delivery(desk, process, row)
            continue
        contract = _contract(desk, process, row.contract)
        item = item_for(desk, contract, row, _items(desk, ocid, row.contract))
        delivery(desk, process, contract.part("implementation"), row, item)
    return process


def _items(desk: Desk, ocid: str, contract: str) -> list[dict[str, Any]]:
    body = desk.drafted[ocid].json if ocid in desk.drafted else desk.record(ocid) or {}
    for known in body.get("contracts") or ():
        if known.get("id") == contract:
            awards = {a.get("id"): a for a in body.get("awards") or ()}
            award: dict[str, Any] = awards.get(known.get("awardID"), {})
            return list(known.get("items") or award.get("items") or ())
    return []

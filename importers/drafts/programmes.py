"""Rows of `programmes`: a budget line or relief scheme, its amount, and from which sources the amount comes.

Several rows with one number are one programme with several sources; its own amount repeated on each is one amount.
"""

from __future__ import annotations

from collections.abc import Sequence

from importers import identity
from importers.drafts.desk import Desk, Row
from importers.drafts.writing import Process


def programme(desk: Desk, ocid: str, rows: Sequence[Row]) -> Process | None:
    """Write one programme from its rows; None when every row is held."""
    amounts = {r.get("amount").value for r in rows if r.get("amount")}  # type: ignore[union-attr]
    if len(amounts) > 1:
        cell = [r.get("amount") for r in rows if r.get("amount")][-1]
        desk.hold(rows, "D004", cell, "amount", number=rows[0].text("programme.id") or rows[0].text("title"))
    funders = {row.key: desk.find(row, "aid", "aid.id") for row in rows if row.get("aid.id")}
    rows = desk.free(rows)
    if not rows:
        return None
    process = desk.process(ocid, "programme")
    desk.response(process)
    budget = process.part("planning", "budget")
    number = next((r.get("programme.id") for r in rows if r.get("programme.id")), None)
    budget.put("id", number, str(number.value).strip() if number else None)
    budget.json.setdefault("id", ocid.split("-PRG-", 1)[-1])
    for row in rows:
        process.put("title", row.get("title"))
        process.put("description", row.get("description"))
        budget.money("amount", row.get("amount"))
        if agency := desk.parties.party(row, "agency"):
            process.refer(process, "buyer", agency, "buyer")
        if row.get("date"):
            approval = process.part("planning").member("milestones", "approval")
            approval.json["type"] = "approval"
            desk.date(approval, "dateMet", row, "date")
            if "dateMet" in approval.json:
                approval.json["status"] = "met"
        _source(desk, process, row, funders.get(row.key))
        desk.documents(process.part("planning"), row)
    return process


def _source(desk: Desk, process: Process, row: Row, funder: tuple[str, str] | None) -> None:
    """Write where a part of the budget comes from: an aid arrangement, or a party's own means."""
    budget = process.part("planning", "budget")
    party = desk.parties.party(row, "source")
    if funder is None and party is None and not row.get("source.amount"):
        _whole_period(desk, process, row)
        return
    if funder is not None:
        id = row.text("aid.id")
        desk.relate(process, funder[0], "funding")
    else:
        id = identity.slug(desk.parties.fingerprint(party.name)).lower() if party else "other"
    if budget.has("budgetBreakdown", id):
        # Two lines from one source are two lines: their amounts are told apart by the row.
        id = f"{id}-{row.part}" if row.part != "1" else f"{id}-{row.print.strong[:8]}"
    entry = budget.member("budgetBreakdown", id)
    entry.money("amount", row.get("source.amount"))
    desk.period(entry, "period", row, "period.start", "period.end", process)
    if funder is not None:
        entry.put("relatedProcess", row.get("aid.id"), funder[0], "derived")
    if party is not None:
        process.refer(entry, "sourceParty", party, "sourceParty")


def _whole_period(desk: Desk, process: Process, row: Row) -> None:
    """The standard dates parts of a budget, not the whole: without parts the period is said in words."""
    start, end = row.get("period.start"), row.get("period.end")
    first = start or end
    if first is not None:
        process.remark("period", first, start=start.value if start else "?", end=end.value if end else "?")

"""Rows of `organizations` and `rates`: what the ledger itself looks things up in. They never become releases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from importers.drafts.desk import Desk, Row
from importers.drafts.writing import source
from ledger.findings import Severity
from ledger.values import Draft, Locator, Source, quantity_text


def organizations(desk: Desk, rows: Sequence[Row]) -> list[Draft]:
    """Return one draft per organization with every spelling that its rows give it."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in desk.free(rows):
        party = desk.parties.party(row, "organization")
        if party is not None:
            row.ocid = f"organization:{party.id}"
            grouped[party.id].append(row)
    out = []
    for id, mine in sorted(grouped.items()):
        mine.sort(key=lambda r: r.print.strong)
        party = desk.parties.party(mine[0], "organization")
        assert party is not None
        aliases: dict[str, Source] = {}
        body: dict[str, Any] = {"id": id, "name": party.name, "identifier": dict(party.identifier)}
        cells = {Locator("/name"): source(party.at)}
        for row in mine:
            alias, scheme, number = (
                row.get("organization.alias"),
                row.get("organization.scheme"),
                row.get("organization.id"),
            )
            name = row.get("organization.name")
            for spelling in (alias, name):
                if spelling is None or party.at.how == "aggregated":
                    continue
                for word in (w.strip() for w in str(spelling.value).split(";")):  # "KHMH; K.H.M.H."
                    if word and word != party.name:
                        aliases.setdefault(word, source(spelling))
            told = desk.parties.party(row, "organization")
            if number is not None and told is not None and told.identifier_at is not None:
                body["identifier"] = {
                    "scheme": str(scheme.value) if scheme else told.identifier["scheme"],
                    "id": told.identifier["id"],
                }
                cells[Locator("/identifier/id")] = source(number)
            if kind := row.get("organization.kind"):
                body.setdefault("kind", str(kind.value))
        body["aliases"] = sorted(aliases)
        for n, alias_text in enumerate(body["aliases"]):
            cells[Locator(f"/aliases/{n}")] = aliases[alias_text]
        out.append(Draft(f"organization:{id}", "organization", body, cells))
    return out


def rates(desk: Desk, rows: Sequence[Row]) -> list[Draft]:
    """Return one draft per currency pair and day. A second rate for the same day is held: which one counts?"""
    out: dict[str, Draft] = {}
    for row in desk.free(rows):
        day = row.get("date")
        value = row.get("value")
        if day is None or value is None or not row.get("currency") or not row.get("reporting"):
            desk.hold([row], "D018", row.first, "value")
            continue
        ocid = f"rate:{row.text('currency')}:{row.text('reporting')}:{day.value}"
        body = {
            "currency": row.text("currency"),
            "reporting": row.text("reporting"),
            "on": str(day.value),
            "value": quantity_text(value.value),
            "source": row.text("rate.source"),
        }
        if ocid in out:
            if out[ocid].body != body:
                desk.hold([row], "D019", value, "value", other=str(out[ocid].cells[Locator("/value")].at))
            else:
                desk.say("R001", Severity.WARNING, value, "value", rows=str(row.number))
            continue
        fields = {
            "currency": "currency",
            "reporting": "reporting",
            "on": "date",
            "value": "value",
            "source": "rate.source",
        }
        cells = {Locator(f"/{key}"): source(p) for key, f in fields.items() if (p := row.get(f)) is not None}
        row.ocid = ocid
        out[ocid] = Draft(ocid, "rate", body, cells)
    return [out[k] for k in sorted(out)]

"""A process while it is being written: its OCDS JSON and, beside every value, the cell that it came from.

Ids, not positions, address members of arrays (`Locator`). The body that comes out does not depend on the order of
the rows that went in. Read `Process`, then `Part.put`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from importers.drafts.words import word
from importers.staged import Parsed
from ledger.values import Draft, Locator, Money, Source, number
from ocds import paths


def source(parsed: Parsed, how: str = "") -> Source:
    """The evidence of a value: what was read is its own, unless the value was made of it in another way."""
    return Source(parsed.at, parsed.raw, how) if how and how != parsed.how else parsed


@dataclass(slots=True)
class Party:
    """An organization as this process names it."""

    id: str
    name: str
    at: Parsed
    identifier: dict[str, str]
    identifier_at: Parsed | None
    roles: set[str] = field(default_factory=set)


class Part:
    """An object somewhere in the body: `put` writes a value and its cell."""

    __slots__ = ("at", "json", "process")

    def __init__(self, process: Process, json: dict[str, Any], at: str) -> None:
        self.process, self.json, self.at = process, json, at

    def part(self, *keys: str) -> Part:
        """Return the object under `keys`, made when it is not there yet."""
        json, at = self.json, self.at
        for key in keys:
            json = json.setdefault(key, {})
            at = f"{at}/{key}"
        return Part(self.process, json, at)

    def member(self, key: str, id: str) -> Part:
        """Return the member of the array `key` that has this id, made when it is not there yet."""
        at = f"{self.at}/{key}/{paths.member(id)}"
        known = self.process.members.get(at)
        if known is None:
            known = {"id": id}
            entries = self.json.setdefault(key, [])
            entries.append(known)
            if len(entries) == 2:
                self.process.several.append(entries)
            self.process.members[at] = known
        return Part(self.process, known, at)

    def has(self, key: str, id: str) -> bool:
        return f"{self.at}/{key}/{paths.member(id)}" in self.process.members

    def put(self, key: str, parsed: Parsed | None, value: Any = None, how: str = "") -> None:
        """Write the cell's value, or `value` made of it. The first value stays; a different one later is a conflict."""
        if parsed is None:
            return
        shown = parsed.value if value is None else value
        if isinstance(shown, Decimal):
            shown = number(shown)
        if key not in self.json:
            self.json[key] = shown
            self.process.cells[Locator(f"{self.at}/{key}")] = source(parsed, how)
        elif self.json[key] != shown:
            self.process.conflicts.append((f"{self.at}/{key}", parsed))

    def put_first(self, key: str, parsed: Parsed | None, value: Any = None, how: str = "") -> None:
        """Write it unless something is there: several rows may say it in their own words."""
        if key not in self.json:
            self.put(key, parsed, value, how)

    def money(self, key: str, parsed: Parsed | None, value: Money | None = None, how: str = "") -> None:
        """Write an OCDS Value. `value` replaces the cell's own amount when it is made of it (`how` says how)."""
        if parsed is None:
            return
        money = value or parsed.value
        assert isinstance(money, Money)
        there = self.json.get(key)
        shown = {"amount": number(money.amount), "currency": money.currency}
        if there is None:
            self.json[key] = shown
            for leaf in shown:
                self.process.cells[Locator(f"{self.at}/{key}/{leaf}")] = source(parsed, how)
        elif there != shown:
            self.process.conflicts.append((f"{self.at}/{key}", parsed))

    def evidence(self, key: str, parsed: Parsed, how: str = "") -> None:
        """Say which cell a value written otherwise (an id, say) came from."""
        self.process.cells.setdefault(Locator(f"{self.at}/{key}"), source(parsed, how))

    def remark(self, key: str, parsed: Parsed, **params: object) -> None:
        """Say in this object's description what no field of its own can hold."""
        text = word(key, self.process.language, **params)
        remarks = self.process.remarks.setdefault(self.at, [])
        if all(text != t for t, _ in remarks):
            remarks.append((text, parsed))
        self.process.objects[self.at] = self.json

    def link(self, parsed: Parsed | None, key: str = "uri") -> None:
        """Write an address; one that is no address is left to the reader's finding."""
        if parsed is not None and re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", str(parsed.value)):
            self.put_first(key, parsed)


class Process(Part):
    """One draft in the making."""

    __slots__ = (
        "cells", "conflicts", "kind", "language", "members", "objects", "ocid", "parties", "remarks", "several",
    )  # fmt: skip

    def __init__(self, ocid: str, kind: str, language: str) -> None:
        super().__init__(self, {}, "")
        self.ocid, self.kind, self.language = ocid, kind, language
        self.cells: dict[Locator, Source] = {}
        self.members: dict[str, dict[str, Any]] = {}
        self.conflicts: list[tuple[str, Parsed]] = []
        self.parties: dict[str, Party] = {}
        self.remarks: dict[str, list[tuple[str, Parsed]]] = {}
        self.objects: dict[str, dict[str, Any]] = {}
        self.several: list[list[dict[str, Any]]] = []  # arrays with more than one entry

    def refer(self, part: Part, key: str, party: Party, role: str) -> None:
        """Let `part` name the organization under `key`, and give it the role that goes with it."""
        mine = self._party(party, role)
        if key not in part.json:
            part.json[key] = {"id": mine.id, "name": mine.name}
            self.cells[Locator(f"{part.at}/{key}/name")] = source(party.at)
        elif part.json[key]["id"] != mine.id:
            self.conflicts.append((f"{part.at}/{key}", party.at))

    def refer_among(self, part: Part, key: str, party: Party, role: str) -> None:
        """Add the organization to an array of references."""
        mine = self._party(party, role)
        entry = part.member(key, mine.id)
        entry.json.setdefault("name", mine.name)
        self.cells.setdefault(Locator(f"{entry.at}/name"), source(party.at))

    def role(self, party: Party, role: str) -> None:
        self._party(party, role)

    def _party(self, party: Party, role: str) -> Party:
        mine = self.parties.setdefault(
            party.id, Party(party.id, party.name, party.at, party.identifier, party.identifier_at)
        )
        if mine.identifier_at is None and party.identifier_at is not None:
            mine.identifier, mine.identifier_at = party.identifier, party.identifier_at
        elif party.identifier_at is not None and mine.identifier != party.identifier:
            self.conflicts.append((f"/parties/{paths.member(party.id)}/identifier/id", party.identifier_at))
        mine.roles.add(role)
        return mine

    def relate(self, ocid: str, relationship: str, public_url: str) -> None:
        """Link another process of this ledger. The entry's id is the other's ocid: it stays when links are added."""
        if ocid == self.ocid:
            return
        entry = self.member("relatedProcesses", ocid).json
        told = entry.get("relationship", [])
        entry["relationship"] = sorted({*told, relationship})
        entry["scheme"] = "ocid"
        entry["identifier"] = ocid
        entry["uri"] = f"{public_url.rstrip('/')}/ocds/records/{ocid}"

    def draft(self) -> Draft:
        """Return the finished draft: parties with all their roles, arrays in an order of their own."""
        for at, remarks in self.remarks.items():
            json = self.objects[at]
            told = [json["description"]] if json.get("description") else []
            json["description"] = " ".join([*told, *(text for text, _ in sorted(remarks, key=lambda r: r[0]))])
            self.cells[Locator(f"{at}/description")] = source(remarks[0][1], "derived")
        parties = []
        for party in sorted(self.parties.values(), key=lambda p: p.id):
            at = f"/parties/{paths.member(party.id)}"
            identifier = {**party.identifier, "legalName": party.name}
            parties.append({"id": party.id, "name": party.name, "roles": sorted(party.roles), "identifier": identifier})
            self.cells[Locator(f"{at}/name")] = source(party.at)
            self.cells[Locator(f"{at}/identifier/legalName")] = source(party.at)
            if party.identifier_at is not None:
                self.cells[Locator(f"{at}/identifier/id")] = source(party.identifier_at)
        body = dict(self.json)
        if parties:
            body["parties"] = parties
        for entries in self.several:  # the order of rows is not the order of events
            entries.sort(key=lambda v: (str(v.get("date", "")), str(v["id"])))
        self.members.clear()  # only needed while writing; a large file has many processes waiting for the last one
        return Draft(self.ocid, self.kind, body, self.cells)


def texts(rows: Iterable[Mapping[str, Parsed]], *fields: str) -> str:
    return " ".join(str(r[f].value) for r in rows for f in fields if f in r)

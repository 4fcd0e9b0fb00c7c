"""What the builders of all kinds share: rows, references between sheets, parties, dates, findings.

One `Desk` serves one attempt to build everything (`drafts.build`). Read `Row`, then `Desk`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rapidfuzz import process as nearest

from importers import identity
from importers.drafts.context import Context, Known, Nothing, Row
from importers.drafts.parties import PARTY_FIELDS, Parties
from importers.drafts.words import word
from importers.drafts.writing import Part, Party, Process
from importers.staged import Parsed
from ledger.findings import Finding, Severity
from ledger.values import Money, PartialDate, Record, number

__all__ = ["PARTY_FIELDS", "Context", "Desk", "Known", "Nothing", "Numbers", "Parties", "Row"]


class Numbers:
    """The numbers that this import gives to processes and contracts, so that another sheet can name them."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        self._loose: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        self.texts: dict[str, set[str]] = defaultdict(set)

    def add(self, what: str, number: str, target: tuple[str, str]) -> None:
        self._exact[what, identity.number_slug(number)].add(target)
        self._loose[what, _loose(number)].add(target)
        self.texts[what].add(number)

    def targets(self, what: str, number: str) -> set[tuple[str, str]]:
        exact = self._exact.get((what, identity.number_slug(number)))
        return exact or self._loose.get((what, _loose(number)), set())


def _loose(number: str) -> str:
    return re.sub(r"[\W_]", "", number).upper()


class Desk:
    """One attempt at building: what was said and held so far."""

    def __init__(self, context: Context, numbers: Numbers, parties: Parties, gone: set[tuple[str, str]]) -> None:
        self.context, self.numbers, self.parties, self.gone = context, numbers, parties, gone
        self.findings: list[Finding] = []
        self.held: dict[tuple[int, int], str] = {}
        self.drafted: dict[str, Process] = {}
        self.records: dict[str, Record | None] = {}
        self._zone = ZoneInfo(context.jurisdiction.time_zone)
        self._dates: dict[PartialDate, str] = {}

    # --- saying ---------------------------------------------------------------------------------------------

    def say(self, code: str, severity: Severity, at: Parsed | None, field: str = "", /, **params: object) -> None:
        self.findings.append(Finding(code, severity, at.at if at else None, field, at.raw if at else "", dict(params)))

    def hold(self, rows: Iterable[Row], code: str, at: Parsed | None, field: str = "", /, **params: object) -> None:
        """Hold rows back with one finding, at the cell that is the cause."""
        rows = list(rows)
        for row in rows:
            self.held.setdefault(row.key, code)
        at = at or (rows[0].first if rows else None)
        self.say(code, Severity.ERROR, at, field, **params)

    def free(self, rows: Iterable[Row]) -> list[Row]:
        return [r for r in rows if r.key not in self.held]

    # --- processes ------------------------------------------------------------------------------------------

    def process(self, ocid: str, kind: str) -> Process:
        return Process(ocid, kind, self.context.language)

    def finish(self, process: Process) -> None:
        """Say what the rows of the process told twice and differently; the first telling was kept."""
        for locator, parsed in process.conflicts:
            self.say("D010", Severity.WARNING, parsed, locator.rsplit("/", 1)[-1], ocid=process.ocid)

    def record(self, ocid: str) -> Record | None:
        if ocid not in self.records:
            self.records[ocid] = self.context.known.record(ocid)
        return self.records[ocid]

    def relate(self, process: Process, ocid: str, relationship: str) -> None:
        process.relate(ocid, relationship, self.context.settings.public_url)

    def titled(self, process: Process) -> None:
        """Write the titles of related processes: only when all are built, each knows the others'."""
        for entry in process.json.get("relatedProcesses", ()):
            ocid = entry["identifier"]
            told = self.drafted[ocid].json if ocid in self.drafted else self.record(ocid) or {}
            if told.get("title"):
                entry["title"] = str(told["title"])

    def aid_record(self, ocid: str) -> Mapping[str, Any]:
        """What is said of an aid process, in this import or before."""
        return self.drafted[ocid].json if ocid in self.drafted else self.record(ocid) or {}

    def donor(self, ocid: str, at: Parsed | None) -> Party | None:
        """The one donor of an aid process; None when several or none are named. `at`: the cell that names the aid."""
        assert at is not None
        derived = replace(at, how="derived")
        if ocid in self.drafted:
            donors = [p for p in self.drafted[ocid].parties.values() if "donor" in p.roles]
            found = [(p.id, p.name, p.identifier) for p in donors]
        else:
            donors_known = [
                p for p in (self.record(ocid) or {}).get("parties") or () if "donor" in (p.get("roles") or ())
            ]
            found = [(p["id"], p["name"], dict(p.get("identifier") or {})) for p in donors_known]
        if len(found) != 1:
            return None
        id, name, identifier = found[0]
        identifier.pop("legalName", None)
        return Party(id, name, derived, dict(identifier), None)

    # --- references -----------------------------------------------------------------------------------------

    def find(self, row: Row, what: str, name: str) -> tuple[str, str] | None:
        """Return (ocid, contract id or "") of what the row's number names. Holds the row when it names nothing,
        or two things."""
        parsed = row.get(name)
        assert parsed is not None
        number = str(parsed.value).strip()
        targets = {t for t in self.numbers.targets(what, number) if t not in self.gone}
        if len(targets) == 1:
            return next(iter(targets))
        if len(targets) > 1:
            self.hold([row], "D015", parsed, name, number=number, count_of=len(targets))
            return None
        known = self._published(what, number)
        if known is None and self.numbers.targets(what, number):
            self.hold([row], "D009", parsed, name, number=number)
        elif known is None:
            hint = self._nearest(what, number)
            self.hold([row], "D001" if not hint else "D002", parsed, name, number=number, hint=hint)
        return known

    def _published(self, what: str, number: str) -> tuple[str, str] | None:
        known = self.context.known
        if what != "contract":
            found = known.process(what, number)
            return None if found is None else (found, "")
        contract = known.contract(number)
        if contract is not None:
            return contract
        process = None if self.numbers.targets("procurement", number) else known.process("procurement", number)
        contracts = [] if process is None else (self.record(process) or {}).get("contracts") or []
        # An office that has one contract under a tender often writes the tender's number on its vouchers.
        return (process, str(contracts[0]["id"])) if process is not None and len(contracts) == 1 else None

    def _nearest(self, what: str, number: str) -> str:
        found = nearest.extractOne(number, sorted(self.numbers.texts[what]), score_cutoff=70)
        return str(found[0]) if found else ""

    # --- dates ----------------------------------------------------------------------------------------------

    def moment(self, date: PartialDate) -> str:
        """The first minute of the day where it happened: OCDS has no dates without time."""
        if date not in self._dates:
            assert date.month is not None and date.day is not None
            at = datetime(date.year, date.month, date.day, tzinfo=self._zone)
            text = at.isoformat()
            # An hour that never was or an offset of seconds (before time zones) is no RFC 3339 time.
            self._dates[date] = (
                text.replace("+00:00", "Z") if re.fullmatch(r".{19}[+-]\d\d:\d\d", text) else text[:19] + "Z"
            )
        return self._dates[date]

    def date(self, part: Part, key: str, row: Row, name: str, note: Part | None = None) -> None:
        """Write the row's date, or say it in the description (of `note`, else of `part`) when the day is not known."""
        parsed = row.get(name)
        if parsed is None:
            return
        if parsed.value.precision == "day":
            part.put(key, parsed, self.moment(parsed.value))
        else:
            (note or part).remark("date", parsed, date=parsed.value)
            self.say("D007", Severity.NOTICE, parsed, name)

    def period(self, part: Part, key: str, row: Row, start: str, end: str, note: Part | None = None) -> None:
        """Write a period. One that ends before it starts stays words, with a finding."""
        first, last = row.get(start), row.get(end)
        if first is not None and last is not None and _after(first.value, last.value):
            self.say("D021", Severity.WARNING, last, end, start=str(first.value))
            (note or part).remark("period", last, start=first.value, end=last.value)
            return
        for leaf, name, parsed in (("startDate", start, first), ("endDate", end, last)):
            if parsed is None:
                continue
            if parsed.value.precision == "day":
                there = part.json.get(key, {})
                moment = self.moment(parsed.value)
                if leaf == "endDate" and there.get("startDate", "") > moment:
                    part.process.conflicts.append((f"{part.at}/{key}/{leaf}", parsed))
                else:
                    part.part(key).put(leaf, parsed, moment)
            else:
                self.date(part, key, row, name, note)

    # --- common pieces --------------------------------------------------------------------------------------

    def item(self, part: Part, row: Row, title: str = "") -> None:
        """Write the row's goods into an item: what, how much, in which unit, where to."""
        self.goods(part, row, title)
        part.put("quantity", row.get("item.quantity"))
        self.location(part, "deliveryLocation", row)

    def goods(self, part: Part, row: Row, title: str = "") -> None:
        """Write what the goods are, and the price of one; not how many of them."""
        if own := row.get("item.id"):
            part.evidence("id", own)
        part.put("description", row.get("item.description"))
        if title:
            part.json.setdefault("description", title)
        classification, category = row.get("item.classification"), row.get("item.category")
        if classification is not None:
            scheme, _, code = str(classification.value).rpartition(":")
            kind = part.part("classification")
            kind.put("id", classification, code.strip() or str(classification.value))
            kind.json["scheme"] = scheme.strip() or self.parties.scheme
            kind.put("description", category)
        elif category is not None:
            kind = part.part("classification")
            kind.put("description", category)
            kind.put("id", category, identity.slug(str(category.value)).lower())
            kind.json["scheme"] = self.parties.scheme
        if unit := row.get("item.unit"):
            part.part("unit").put("name", unit)
        self.unit_value(part, row)

    def unit_value(self, part: Part, row: Row) -> None:
        """Write the price of one unit. Where quantity x price is not the amount, the price that gives it is kept:
        sheets show prices rounded to cents (0.03 for 0.0345)."""
        price, amount, quantity = row.get("item.unitValue"), row.get("amount"), row.get("item.quantity")
        if price is None and (amount is None or quantity is None or not quantity.value):
            return
        if amount is not None and quantity is not None and quantity.value:
            money = amount.value
            if price is not None and price.value.currency == money.currency:
                if _gives(price.value, quantity.value, money):
                    part.part("unit").money("value", price)
                    return
                given = _times(price.value, quantity.value).amount
                if abs(given - money.amount) > max(abs(money.amount) / 100, abs(quantity.value) / 200):
                    self.say("D014", Severity.WARNING, amount, "amount", price=str(given), amount=str(money.amount))
            exact = _unit_price(money, quantity.value)
            if exact is not None:
                part.part("unit").money("value", price or amount, exact, "derived")
                return
        if price is not None:
            part.part("unit").money("value", price)

    def location(self, part: Part, key: str, row: Row) -> None:
        place, name = row.get("place"), row.get("place.name")
        if place is None and name is None:
            return
        where = part.part(key)
        where.put_first("description", name)
        if place is not None and "gazetteer" not in where.json:
            gazetteer = where.part("gazetteer")
            gazetteer.json["scheme"] = self.context.jurisdiction.gazetteer
            gazetteer.put("identifiers", place, [str(place.value)])

    def documents(self, part: Part, row: Row) -> None:
        url = row.get("source.url")
        if url is not None:
            entry = part.member("documents", identity.minted([str(url.value)], ()))
            entry.link(url, "url")
            if "url" not in entry.json:
                part.json["documents"].remove(entry.json)
                part.process.members.pop(entry.at)
                if not part.json["documents"]:
                    del part.json["documents"]

    def response(self, process: Process) -> None:
        """Mark the process as part of the response to the pandemic (docs/reference/ocds, part 4)."""
        budget = process.part("planning", "budget")
        budget.json["project"] = word("response", self.context.language)
        budget.json["projectID"] = "COVID-19"


def _after(first: PartialDate, last: PartialDate) -> bool:
    """Whether the first date is certainly later than the last: `2020-05` is not later than `2020`."""
    depth = min(3 if d.day else 2 if d.month else 1 for d in (first, last))
    return _known(first, depth) > _known(last, depth)


def _known(date: PartialDate, depth: int) -> tuple[int, ...]:
    return (date.year, date.month or 1, date.day or 1)[:depth]


def _times(price: Money, quantity: Decimal) -> Money:
    return Money(price.amount * quantity, price.currency).quantised()


def _gives(price: Money, quantity: Decimal, money: Money) -> bool:
    """Whether quantity x price is the amount, exactly or in whole cents."""
    return price.amount * quantity == money.amount or _times(price, quantity) == money


def _unit_price(money: Money, quantity: Decimal) -> Money | None:
    """The shortest price that gives back the amount, or None when there is none within ten decimals."""
    for places in range(2, 11):
        price = Money((money.amount / quantity).quantize(Decimal(1).scaleb(-places)), money.currency)
        if _gives(price, quantity, money):
            try:
                number(price.amount)
            except ValueError:
                return None
            return price
    return None

"""360Giving grants become rows of `aid`: who gave how much to whom, signed when; never the name of a person.

In: the grants that the sandbox read. Out: rows of the catalogue's kind `aid`, one a grant, each value with the JSON
pointer of its place; held and ignored grants. An award is a signed promise (commitment); `amountDisbursed` is what was
paid of it. Source: the 360Giving Data Standard, grant. Read `rows` first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from importers import parsing
from importers.documents_tree import Held, Leaf, Said, Tree, decoded, first, text
from importers.drafts.words import word
from importers.sandbox import RawSheet
from importers.staged import Parsed, StagedRow
from ledger.findings import Severity
from ledger.values import CellRef, Money, PartialDate, Sha256

Rows = tuple[list[StagedRow], dict[int, str], list[tuple[int, str]]]

_MONEY = ("currency", "amountAwarded", "amountDisbursed", "awardDate")
READ = frozenset(["id", "ID", "title", "description", "url", "fundingOrganization", "recipientOrganization", *_MONEY])
PERSONAL = frozenset(["recipientIndividual", "recipientIndividualDetails", "toIndividualsDetails"])


def rows(raw: RawSheet, sha256: Sha256, said: Said) -> Rows:
    """Return the rows of the grants, and the numbers of those held with their codes; none is ignored here."""
    cells = Cells(sha256, raw.name, said)
    out: list[StagedRow] = []
    held: dict[int, str] = {}
    for n, (pointer, _, tagged) in enumerate(raw.rows, 1):
        try:
            out.append(StagedRow(n, _values(decoded(tagged, pointer), pointer, cells)))
        except Held as stop:
            held[n] = stop.code
    return out, held, []


class Cells:
    """Makes values of leaves: each with its place in the file, each kind read in one way. Shared with `iati`."""

    def __init__(self, file: Sha256, sheet: str, said: Said) -> None:
        self.file, self.sheet, self.said = file, sheet, said

    def parsed(self, value: Any, leaf: Leaf, how: str = "") -> Parsed:
        return Parsed(value, leaf.raw, CellRef(self.file, self.sheet, leaf.at), how or leaf.how)

    def words(self, node: Any, place: str) -> Parsed | None:
        """A text, None when there is none or when it holds an e-mail address."""
        told = parsing.clean(text(node))
        if not told or parsing.is_missing(told):
            return None
        if parsing.has_email(told):
            self.said.say("P002", Severity.WARNING, node, place, alike=place, shown="")
            return None
        return self.parsed(told, node)

    def needed(self, node: Any, place: str, at: str) -> Parsed:
        """A text without which the entry says nothing. Raises Held."""
        found = self.words(node, place)
        if found is None:
            self.said.say("J046", Severity.ERROR, at, place, alike=place, shown="")
            raise Held("J046")
        return found

    def money(self, amount: Any, currency: str, place: str, at: str) -> Parsed:
        """An amount in whole minor units. Raises Held for one that is missing, no number or of no currency."""
        told = text(amount)
        if not told:
            self.needed(None, place, at)
        if not re.fullmatch(r"[-+]?\d{1,15}(\.\d{1,20})?", told, re.ASCII):
            self.said.say("J019", Severity.ERROR, amount, place)
            raise Held("J019")
        code = parsing.currency_code(currency)
        if code is None:
            self.said.say("J045", Severity.ERROR, amount, place, shown=currency)
            raise Held("J045")
        value = Decimal(told)
        exact = Money(value, code).quantised()
        if exact.amount != value:
            self.said.say("V010", Severity.WARNING, amount, place, alike=told, rounded=str(exact.amount))
        return self.parsed(exact, amount, "rounded" if exact.amount != value else "")

    def date(self, node: Any, place: str) -> Parsed | None:
        told = text(node)
        if not told:
            return None
        try:
            return self.parsed(PartialDate.parse(told[:10]), node)
        except ValueError:
            self.said.say("J015", Severity.WARNING, node, place, alike=told)
            return None

    def people(self, leaf: Leaf) -> Parsed:
        """Somebody whose name is not published; `drafts` knows the words."""
        return Parsed(word("private_individuals", "en"), "", CellRef(self.file, self.sheet, leaf.at), "aggregated")


def _values(grant: Any, pointer: str, cells: Cells) -> Mapping[str, Parsed]:
    if not isinstance(grant, dict) or first(grant) is None:
        cells.said.say("J035", Severity.ERROR, pointer, shown="")
        raise Held("J035")
    at = first(grant).at  # type: ignore[union-attr]
    giver, receiver = _only(grant, "fundingOrganization", cells), _only(grant, "recipientOrganization", cells)
    currency = text(grant.get("currency"))
    values: dict[str, Parsed | None] = {
        "aid.id": cells.needed(grant.get("id"), "/id", at),
        "title": cells.words(grant.get("title"), "/title"),
        "donor.name": cells.needed(giver.get("name"), "/fundingOrganization/0/name", at),
        "donor.id": cells.words(giver.get("id"), "/fundingOrganization/0/id"),
        "recipient.name": cells.words(receiver.get("name"), "/recipientOrganization/0/name"),
        "recipient.id": cells.words(receiver.get("id"), "/recipientOrganization/0/id"),
        "commitment.amount": cells.money(grant.get("amountAwarded"), currency, "/amountAwarded", at),
        "commitment.date": cells.date(grant.get("awardDate"), "/awardDate"),
        "description": cells.words(grant.get("description"), "/description"),
    }
    if text(grant.get("amountDisbursed")):
        values["disbursement.amount"] = cells.money(grant["amountDisbursed"], currency, "/amountDisbursed", at)
    url = grant.get("url")
    if isinstance(url, Leaf) and re.match(r"https?://[^\s/]", text(url)):
        values["source.url"] = cells.parsed(text(url), url)
    for key, node in grant.items():
        if key in PERSONAL:
            cells.said.say("J030", Severity.NOTICE, first(node), f"/{key}", shown="")
            if key == "recipientIndividual" and values["recipient.name"] is None and (leaf := first(node)):
                values["recipient.name"] = cells.people(leaf)
        elif key not in READ and first(node) is not None:
            cells.said.say("J011", Severity.NOTICE, first(node), f"/{key}", shown="")
    return {name: parsed for name, parsed in values.items() if parsed is not None}


def _only(grant: Tree, key: str, cells: Cells) -> Tree:
    """The one organization under a key; empty when there is none, or several: then nobody can say who gave what."""
    told = grant.get(key)
    found = [o for o in told if isinstance(o, dict)] if isinstance(told, list) else [told]
    if len(found) == 1 and isinstance(found[0], dict):
        return found[0]
    if len(found) > 1:
        cells.said.say("J038", Severity.WARNING, first(told), f"/{key}", shown="")
    return {}

"""IATI activities become rows of `aid`: one a transaction, with its place in the XML; interest and equity are no aid.

In: the activities that the sandbox read (IATI 2). Out: rows of the catalogue's kind `aid`, held and ignored ones. A row
is a transaction, or an activity without any. Where an activity tells what came in and what was passed on, only what
was passed on counts: the same money is never told twice. Source: IATI 2.03 codelist TransactionType. Read `rows` first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from importers.documents_tree import Held, Leaf, Said, Tree, text
from importers.giving import Cells, Rows
from importers.sandbox import RawSheet
from importers.staged import Parsed, StagedRow
from ledger.findings import Severity
from ledger.values import Sha256

OUT = {"2": "commitment", "3": "disbursement", "4": "disbursement", "7": "refund", "12": "pledge"}
IN = {"1": "disbursement", "11": "commitment", "13": "pledge"}
READ = frozenset(["iati-identifier", "reporting-org", "title", "description", "participating-org", "transaction"])
PERSONAL = frozenset(["contact-info"])
PLANS = frozenset(["budget", "planned-disbursement", "country-budget-items"])


def rows(raw: RawSheet, sha256: Sha256, said: Said) -> Rows:
    """Return the rows of the transactions, the numbers of those held with their codes, and of those ignored."""
    cells = Cells(sha256, raw.name, said)
    out: list[StagedRow] = []
    held: dict[int, str] = {}
    ignored: list[tuple[int, str]] = []
    n = 0
    for pointer, _, tagged in raw.rows:
        activity = _decoded(tagged, pointer)
        _left_out(activity, pointer, said)
        passes_on = any(_type(t) in OUT for t in activity.get("transaction", ()))
        if not activity.get("transaction"):
            n += 1
            ignored.append((n, "no transaction"))
        for transaction in activity.get("transaction", ()):
            n += 1
            code = _type(transaction)
            kind = (transaction.get("transaction-type") or [transaction])[0]
            if code in IN and passes_on:
                said.say("J048", Severity.NOTICE, kind.get("@code"), "transaction", alike=code)
                ignored.append((n, "money that the reporting organization itself received"))
            elif code not in OUT and code not in IN:
                said.say("J047", Severity.NOTICE, kind.get("@code") or pointer, "transaction", alike=code)
                ignored.append((n, "no aid"))
            else:
                try:
                    out.append(StagedRow(n, _values(activity, transaction, code, pointer, cells)))
                except Held as stop:
                    held[n] = stop.code
    return out, held, ignored


def _decoded(value: Any, at: str) -> Tree:
    """An element as a tree: attributes and text as leaves, children in lists; addresses as in XPath."""
    out: Tree = {}
    for key, child in value.items():
        if isinstance(child, list):
            out[key] = [_decoded(c, f"{at}/{key}[{n}]") for n, c in enumerate(child[1:], 1)]
        else:
            out[key] = Leaf(child, at if key == "#" else f"{at}/{key}", child)
    return out


def _type(transaction: Tree) -> str:
    return text((transaction.get("transaction-type") or [{}])[0].get("@code"))


def _left_out(activity: Tree, pointer: str, said: Said) -> None:
    for key, node in activity.items():
        if not isinstance(node, list):
            continue
        where = f"{pointer}/{key}[1]"
        if key in PERSONAL:
            said.say("J029", Severity.NOTICE, where, key, shown="")
        elif key in PLANS:
            said.say("J049", Severity.NOTICE, where, key)
        elif key not in READ:
            said.say("J011", Severity.NOTICE, where, key, shown="")


def _values(activity: Tree, transaction: Tree, code: str, pointer: str, cells: Cells) -> Mapping[str, Parsed]:
    incoming = code in IN
    reporter = _organization((activity.get("reporting-org") or [None])[0], activity, cells)
    giver = _organization((transaction.get("provider-org") or [None])[0], activity, cells)
    receiver = _organization((transaction.get("receiver-org") or [None])[0], activity, cells)
    giver = giver or (_taking_part(activity, "1", cells) if incoming else reporter)
    receiver = receiver or (reporter if incoming else _taking_part(activity, "4", cells))
    if receiver is not None and giver is not None and receiver[0].value == giver[0].value:
        receiver = None  # the organization runs the activity itself: nobody else is named as the one who received
    value = (transaction.get("value") or [{}])[0]
    currency = text(value.get("@currency")) or text(activity.get("@default-currency"))
    kind = transaction["transaction-type"][0]["@code"]
    when = (transaction.get("transaction-date") or [{}])[0].get("@iso-date") or value.get("@value-date")
    values: dict[str, Parsed | None] = {
        "aid.id": cells.needed(_narrated(activity.get("iati-identifier")), "iati-identifier", pointer),
        "title": cells.words(_narrated(activity.get("title")), "title"),
        "stage": cells.parsed({**OUT, **IN}[code], kind, "derived"),
        "date": cells.date(when, "transaction/transaction-date"),
        "amount": cells.money(value.get("#"), currency, "transaction/value", pointer),
        "description": cells.words(_narrated(transaction.get("description")), "transaction/description"),
    }
    if giver is None:
        cells.needed(None, "provider-org", pointer)
    for who, party in (("donor", giver), ("recipient", receiver)):
        if party is not None:
            values[f"{who}.name"], values[f"{who}.id"] = party
    return {name: parsed for name, parsed in values.items() if parsed is not None}


def _narrated(elements: Any) -> Leaf | None:
    """The text of an element: in English where it is told in several languages, else in the first; or its own."""
    found: list[tuple[bool, Leaf]] = []
    for element in elements or ():
        for narrative in element.get("narrative", ()):
            if "#" in narrative:
                found.append((text(narrative.get("@lang")).lower().startswith("en"), narrative["#"]))
        if "#" in element:
            found.append((False, element["#"]))
    return next((leaf for english, leaf in found if english), found[0][1] if found else None)


Party = tuple[Parsed, Parsed | None]


def _organization(element: Tree | None, activity: Tree, cells: Cells) -> Party | None:
    """(name, register number) of an organization; one named by its number alone is looked up in the activity."""
    if element is None:
        return None
    ref = element.get("@ref")
    name = _narrated([element])
    if name is None and text(ref):
        name = next((_narrated([o]) for o in _named(activity) if text(o.get("@ref")) == text(ref)), None)
    parsed = cells.words(name, "narrative") if name is not None else None
    if parsed is None:
        return None
    known = text(ref).upper() not in ("", "N/A", "NA", "UNKNOWN")
    return parsed, cells.parsed(text(ref), ref) if known and isinstance(ref, Leaf) else None


def _named(activity: Tree) -> Iterator[Tree]:
    yield from activity.get("reporting-org", ())
    yield from activity.get("participating-org", ())


def _taking_part(activity: Tree, role: str, cells: Cells) -> Party | None:
    """The only organization that takes part in this role (1 funding, 4 implementing); None when there are several."""
    found = [o for o in activity.get("participating-org", ()) if text(o.get("@role")) == role]
    return _organization(found[0], activity, cells) if len(found) == 1 else None

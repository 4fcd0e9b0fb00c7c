"""The organizations of another publisher's release: who they are in this ledger, with complete roles and like names.

In: cleaned releases. Out: the same with `parties` of this ledger's ids (one name, one party, as in spreadsheets) and
references that agree with them; a natural person keeps no name and no number. The publisher's own register number
stays as `identifier`. Read `prepared`, then `People`, then `settled`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from importers import identity
from importers.documents_tree import Leaf, Said, Tree, first, text
from importers.drafts.desk import Context, Parties, Row
from importers.drafts.writing import Party
from importers.staged import Parsed
from ledger.findings import Finding, Severity
from ledger.values import CellRef, Sha256
from ocds.references import ROLES, implied

_PERSON = re.compile(
    r"c.?dula|ciudadan|pasaporte|passport|personal (id|number)|national id"
    r"|(?<![a-z])(cpf|curp|dni|cc|ci|ssn)(?![a-z])",
    re.IGNORECASE,
)
"""Schemes of identifiers that only natural persons have."""


def added(value: str) -> Leaf:
    """A value that the ledger adds: no place in the file says it."""
    return Leaf(value, "", "", "added")


def prepared(tree: Tree, said: Said) -> Tree:
    """Give every organization that is only referred to an entry in `parties`, with the name that it has there."""
    parties = list(tree.get("parties") or ())
    ids = {text(p.get("id")): p for p in parties}
    for place, reference in _references(tree, ""):
        id, name = text(reference.get("id")), reference.get("name")
        known = ids.get(id) if id else None
        if known is None and isinstance(name, Leaf) and text(name):
            id = id or f"~{text(name).casefold()}"
            reference["id"] = reference.get("id") or name.made(id)
            known = ids.get(id)
        if known is None and text(name):
            said.say("J040", Severity.NOTICE, name, place)
            ids[id] = known = {"id": reference["id"], "name": name}
            parties.append(known)
        if known is not None and text(name) and _name(known) is None:
            known["name"] = name
    if parties:
        tree["parties"] = parties
    return tree


def _references(node: Any, at: str) -> Iterator[tuple[str, Tree]]:
    if isinstance(node, list):
        for child in node:
            yield from _references(child, f"{at}/*")
    elif isinstance(node, dict):
        for key, child in node.items():
            if key in ROLES:
                for reference in child if isinstance(child, list) else [child]:
                    yield f"{at}/{key}", reference
            elif key != "parties":
                yield from _references(child, f"{at}/{key}")


class People:
    """Who the organizations of one import are: one name one party; a number that several names share is withheld."""

    def __init__(self, context: Context, releases: Iterable[tuple[Tree, Sha256, str]]) -> None:
        """`releases`: (tree, file, sheet) of each."""
        self._rows = {
            id(party): _row(party, file, sheet) for tree, file, sheet in releases for party in tree.get("parties") or ()
        }
        self._parties = Parties(context, self._rows.values())

    def party(self, told: Tree) -> Party | None:
        """The party that an entry of `parties` is; None when it has no name."""
        return self._parties.party(self._rows[id(told)], "donor")

    def findings(self) -> list[Finding]:
        out = []
        for f in self._parties.said():
            if f.code == "D008":
                f = Finding("J030", f.severity, f.at, "parties", "", {"fields": "parties"}, f.also_at)
            out.append(f)
        return out


def united(body: dict[str, Any], parts: Iterable[Mapping[str, Any]]) -> None:
    """Put right what merging releases does to organizations: roles of every release stay, references have one name.

    OCDS replaces an array of words whole, so the last release's roles would be the only ones.
    """
    roles: dict[str, set[str]] = {}
    for part in parts:
        for party in part.get("parties") or ():
            roles.setdefault(party["id"], set()).update(party.get("roles") or ())
    names = {}
    for party in body.get("parties") or ():
        names[party["id"]] = party["name"]
        if roles.get(party["id"]):
            party["roles"] = sorted(roles[party["id"]])
    for _, reference in _references(body, ""):
        reference["name"] = names[reference["id"]]


def _row(party: Tree, file: Sha256, sheet: str) -> Row:
    def parsed(leaf: Leaf) -> Parsed:
        return Parsed(text(leaf), leaf.raw, CellRef(file, sheet, leaf.at), leaf.how)

    values: dict[str, Parsed] = {}
    if (name := _name(party)) is not None:
        values["donor.name"] = parsed(name)
    identifier = party.get("identifier") or {}
    if text(identifier.get("id")):
        values["donor.id"] = parsed(identifier["id"])
    if _PERSON.search(text(identifier.get("scheme"))):
        values["donor.kind"] = parsed(identifier["scheme"].made("person"))
    return Row(0, 0, "procurement", 0, values, identity.Fingerprint("", ""))


def _name(party: Tree) -> Leaf | None:
    for leaf in (party.get("name"), (party.get("identifier") or {}).get("legalName")):
        if isinstance(leaf, Leaf) and text(leaf):
            return leaf
    return None


def settled(tree: Tree, people: People, said: Said) -> Tree:
    """Return the release with the ledger's parties; what refers to an organization without a name is left out."""
    entries: dict[str, Tree] = {}
    ours: dict[str, str] = {}
    for party in tree.pop("parties", None) or ():
        found = people.party(party)
        if found is None:
            said.say("J041", Severity.NOTICE, first(party), "/parties/*/name")
            continue
        ours[text(party.get("id"))] = found.id
        entry = entries.setdefault(found.id, _entry(found, party))
        there = {text(r) for r in entry["roles"]}
        entry["roles"] += [r for r in party.get("roles") or () if text(r) not in there]
    out: Tree = _rewritten(tree, entries, ours, said, "")
    if entries:
        out["parties"] = [entries[id] for id in sorted(entries)]
        for entry in out["parties"]:
            entry["roles"].sort(key=text)
            if not entry["roles"]:
                del entry["roles"]
    return out


def _entry(found: Party, party: Tree) -> Tree:
    """The party as it is published: of a person nothing but that it is one."""
    raw = _name(party)
    assert raw is not None  # or there would be no Party
    private = found.at.how == "aggregated"
    name = Leaf(found.name, raw.at, "", "aggregated") if private else Leaf(found.name, raw.at, raw.raw, raw.how)
    identifier: Tree = {k: added(v) for k, v in found.identifier.items()}
    out: Tree = {"id": added(found.id), "name": name, "roles": []}
    told = {} if private else party
    if found.identifier_at is not None and told:
        identifier |= {k: v for k, v in (told.get("identifier") or {}).items() if k in ("id", "scheme", "uri")}
    out["identifier"] = {**identifier, "legalName": name}
    further = [i for i in told.get("additionalIdentifiers") or () if not _PERSON.search(text(i.get("scheme")))]
    if further:
        out["additionalIdentifiers"] = further
    if told.get("address"):
        out["address"] = told["address"]
    return out


def _rewritten(node: Any, entries: Mapping[str, Tree], ours: Mapping[str, str], said: Said, at: str) -> Any:
    if isinstance(node, list):
        return [_rewritten(child, entries, ours, said, f"{at}/*") for child in node]
    if not isinstance(node, dict):
        return node
    out: Tree = {}
    for key, child in node.items():
        place = f"{at}/{key}"
        if key not in ROLES:
            out[key] = _rewritten(child, entries, ours, said, place)
            continue
        roles = implied(key, {k: text(v) for k, v in node.items()})
        found: dict[str, Tree] = {}
        for reference in child if isinstance(child, list) else [child]:
            id = ours.get(text(reference.get("id")))
            if id is None:
                said.say("J041", Severity.NOTICE, first(reference), place)
            else:
                found[id] = _reference(reference, id, entries[id], roles)
        if found:
            out[key] = list(found.values()) if isinstance(child, list) else next(iter(found.values()))
    return out


def _reference(reference: Tree, id: str, entry: Tree, roles: tuple[str, ...]) -> Tree:
    if roles and not {text(r) for r in entry["roles"]} & set(roles):
        entry["roles"].append(added(roles[0]))
    name, own = entry["name"], reference.get("name")
    same = isinstance(own, Leaf) and text(own) == name.value
    return {"id": added(id), "name": Leaf(name.value, own.at, own.raw, own.how) if same and own else name}

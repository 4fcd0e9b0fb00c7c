"""From what OCDS was (1.0) or how records show it (versioned) to the shapes of OCDS 1.1.

In: the tree of one release or record. Out: trees of releases, changed in place; organizations that stood where they
act are in `parties` with a reference left behind. Source: OCDS 1.1 changelog and merging documentation. Not here:
whether values are right (`documents_repair`). Read `releases_of`, then `upgraded`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from importers.documents_tree import Leaf, Said, Tree, first, text
from ledger.findings import Severity
from ocds.references import ROLES, implied

DETAILS = ("identifier", "additionalIdentifiers", "address", "contactPoint")
"""What OCDS 1.0 wrote of an organization at every place where it acts, and 1.1 only in `parties`."""


def releases_of(record: Tree, said: Said) -> list[Tree]:
    """The releases that a record holds: its own when they are written out, else its compiled or versioned one."""
    told = record.get("releases")
    whole = [r for r in told if isinstance(r, dict) and not _is_link(r)] if isinstance(told, list) else []
    if whole and len(whole) == len(told or ()):
        found = whole
    elif isinstance(record.get("compiledRelease"), dict):
        found = [record["compiledRelease"]]
    elif isinstance(record.get("versionedRelease"), dict):
        found = [_latest(record["versionedRelease"])]
        said.say("J037", Severity.NOTICE, first(record), "/versionedRelease")
    else:
        return []
    ocid = record.get("ocid")
    return [{**({"ocid": ocid} if isinstance(ocid, Leaf) else {}), **release} for release in found]


def _is_link(release: Tree) -> bool:
    return "url" in release and "ocid" not in release


def _latest(node: Any) -> Any:
    """A versioned value as it was last: its versions stand in the order of their releases."""
    if isinstance(node, dict):
        return {key: _latest(child) for key, child in node.items()}
    if not isinstance(node, list):
        return node
    if node and all(isinstance(v, dict) and "releaseDate" in v for v in node):
        newest = sorted(node, key=lambda v: text(v.get("releaseDate")))[-1]
        return newest.get("value")
    return [_latest(child) for child in node]


def upgraded(release: Tree, said: Said) -> Tree:
    """Move what OCDS 1.0 said elsewhere to its place in 1.1; return the release, which is changed."""
    for section in _sections(release):
        _amendment(section, said)
    for contract in _objects(release.get("contracts")):
        doing = contract.get("implementation")
        for payment in _objects(doing.get("transactions") if isinstance(doing, dict) else None):
            _transaction(payment, said)
    _parties(release, said)
    return release


def _objects(value: Any) -> Iterator[Tree]:
    """The objects of an array; one object that stands where an array should be counts as its only member."""
    for entry in [value] if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(entry, dict):
            yield entry


def _sections(release: Tree) -> Iterator[Tree]:
    for name in ("tender", "awards", "contracts"):
        yield from _objects(release.get(name))


def _amendment(section: Tree, said: Said) -> None:
    old = section.pop("amendment", None)
    if isinstance(old, dict) and (leaf := next((x for x in _values(old) if text(x)), None)) is not None:
        said.say("J010", Severity.NOTICE, leaf, "/amendment", shown="")
        there = section.get("amendments")
        section["amendments"] = [*(there if isinstance(there, list) else []), old]


def _values(node: Any) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _values(child)


def _transaction(payment: Tree, said: Said) -> None:
    for old, new in (("amount", "value"), ("providerOrganization", "payer"), ("receiverOrganization", "payee")):
        told = payment.pop(old, None)
        if not isinstance(told, dict) or new in payment or first(told) is None:
            continue
        said.say(
            "J010", Severity.NOTICE, first(told), f"/contracts/*/implementation/transactions/*/{old}", alike="fields"
        )
        if old == "amount":
            payment[new] = told
        else:
            payment[new] = {"name": told.get("legalName"), "identifier": told}


def _parties(release: Tree, said: Said) -> None:
    """Give every organization an entry in `parties`, and leave its id and name where it acts."""
    parties = list(_objects(release.get("parties")))
    for place, reference, roles in list(_references(release, "")):
        details = {k: reference.pop(k) for k in DETAILS if k in reference}
        if not text(reference.get("id")):
            known = _key(reference, details)
            if known is not None:
                reference["id"] = known
        if details:
            at = first(details) or first(reference)
            said.say("J010", Severity.NOTICE, at, place, shown="")  # the first detail may be a person's name
            role = [Leaf(r, "", "", "added") for r in roles[:1]]
            parties.append({"id": reference.get("id"), "name": reference.get("name"), **details, "roles": role})
    for party in parties:
        if not text(party.get("id")) and (known := _key(party, party)) is not None:
            party["id"] = known
    if parties:
        release["parties"] = parties


def _references(node: Any, at: str) -> Iterator[tuple[str, Tree, tuple[str, ...]]]:
    if isinstance(node, list):
        for child in node:
            yield from _references(child, f"{at}/*")
    elif isinstance(node, dict):
        for key, child in node.items():
            if key in ROLES:
                for reference in _objects(child):
                    yield f"{at}/{key}", reference, implied(key, {k: text(v) for k, v in node.items()})
            elif key != "parties":
                yield from _references(child, f"{at}/{key}")


def _key(named: Tree, details: Tree) -> Leaf | None:
    """What tells an organization without an id from the others of its release: its number, else its name."""
    identifier = details.get("identifier")
    leaf = identifier.get("id") if isinstance(identifier, dict) else None
    leaf = leaf if text(leaf) else named.get("name")
    if not isinstance(leaf, Leaf) or not text(leaf):
        return None
    return leaf.made("~" + hashlib.sha256(text(leaf).casefold().encode()).hexdigest()[:16])

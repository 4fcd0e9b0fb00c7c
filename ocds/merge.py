"""From releases to the compiled release, and back: what a new release must say so that merging yields what is meant.

In: releases or bodies as OCDS JSON. Out: the same. Merging itself is the reference implementation's (ocdsmerge).
Not here: which body is right. Read `superseding` first.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import ocdsmerge

from ocds import schema
from ocds.references import references
from ocds.schema import Node

_IDENTITY = frozenset(["ocid", "id", "date", "tag", "initiationType", "language"])

WITHDRAWN = "withdrawn"
"""The measure of a bid statistic that was taken back: the extension lets neither it nor its value be null, and a
number of bids that nobody stands by must not stay. `measure` is an open codelist."""


@cache
def _merger() -> ocdsmerge.Merger:
    return ocdsmerge.Merger(schema.release_schema())


def compiled(releases: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the compiled release of one process, as `ocdskit compile` would make it with our schema.

    Releases may come in any order: their dates have one shape and differ, so they sort as strings (ocds.md 5).
    Do not change what is inside: of a process with one release it may be that release's own.
    """
    ordered = sorted(releases, key=lambda r: r["date"])
    if len(ordered) == 1 and _is_plain(ordered[0], schema.release()):
        # Most processes have one release, and merging one that takes nothing back changes nothing: 4 times as fast.
        only = ordered[0]
        return {**only, "tag": ["compiled"], "id": f"{only['ocid']}-{only['date']}"}
    merged: dict[str, Any] = _merger().create_compiled_release(ordered)
    return merged


def _is_plain(value: dict[str, Any], node: Node) -> bool:
    """Whether merging would leave this object as it is: nothing null, empty, unknown, or with an id twice."""
    for key, child in value.items():
        inner = node.members.get(key)
        if inner is None or child is None:
            return False
        if isinstance(child, dict):
            if not child or not _is_plain(child, inner):
                return False
        elif isinstance(child, list):
            entries = inner.entries
            if not child or entries is None:
                return False
            if inner.by_id:
                if not all(isinstance(e, dict) and isinstance(e.get("id"), str) for e in child):
                    return False
                if len({e["id"] for e in child}) < len(child) or not all(_is_plain(e, entries) for e in child):
                    return False
    return True


# --- taking back --------------------------------------------------------------------------------------------------


def superseding(before: dict[str, Any] | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with what it takes so that merging it after `before` (a compiled release) leaves just `body`.

    OCDS has no way to leave something out: a value is taken back by an explicit null, an object by nulls in all its
    members, an entry of an array by nulls in all but its id. What stays is a stub, which `tidy` drops:

    - members that allow no null stay (`awardID` of a contract, `type` of an aid flow); see `WITHDRAWN` for numbers;
    - a `wholeListMerge` array that may not be empty becomes one entry with nothing but an id;
    - a party that a stub still refers to keeps its id and roles but no name: references never dangle.

    Entries keep the order in which they first became public; nothing in OCDS can change it.
    Source: OCDS 1.1 merging, and guidance "Updates and deletions" (standard issues 232, 985).
    """
    if before is None:
        return body
    told = {k: v for k, v in before.items() if k not in _IDENTITY}
    return _with_referenced_parties(told, _over(told, body, schema.release()))


def _over(before: dict[str, Any], after: dict[str, Any], node: Node) -> dict[str, Any]:
    out = dict(after)
    for key, old in before.items():
        child = node.member(key)
        if key not in after:
            if not _is_empty(old):
                out[key] = _taken_back(old, child)
        elif isinstance(old, dict) and isinstance(after[key], dict):
            out[key] = _over(old, after[key], child)
        elif isinstance(old, list) and isinstance(after[key], list) and child.by_id:
            out[key] = _over_entries(old, after[key], child.entries or schema.UNKNOWN)
    return out


def _over_entries(before: list[Any], after: list[Any], node: Node) -> list[Any]:
    gone = {str(m["id"]): m for m in before}
    out = []
    for entry in after:
        old = gone.pop(str(entry.get("id")), None)
        out.append(entry if old is None else _over(old, entry, node))
    return out + [_entry_taken_back(m, node) for m in gone.values()]


def _taken_back(value: Any, node: Node) -> Any:
    if isinstance(value, dict):
        return {k: _taken_back(v, node.member(k)) for k, v in value.items() if not _is_empty(v)}
    if node.nullable:
        return None
    if isinstance(value, list):
        if node.by_id:
            return [_entry_taken_back(m, node.entries or schema.UNKNOWN) for m in value]
        return [{"id": str(value[0].get("id") or WITHDRAWN)}] if node.min_items else []
    if node.open_code:
        return WITHDRAWN
    return 0 if node.number else value


def _entry_taken_back(entry: dict[str, Any], node: Node) -> dict[str, Any]:
    # Some ids may be null (amendments): merging would then see another entry, and the old one would stay.
    return {**_taken_back(entry, node), "id": entry["id"]}


def _is_empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def _with_referenced_parties(before: dict[str, Any], out: dict[str, Any]) -> dict[str, Any]:
    if not out.get("parties"):
        return out
    was = {p["id"]: set(p.get("roles") or ()) for p in before.get("parties", ())}
    stubs: dict[str, set[str]] = {}
    for reference in references(out):
        if reference.value.get("name") is None and "id" in reference.value:
            stubs.setdefault(reference.id, set()).update(reference.earned)
    parties = []
    for party in out["parties"]:
        id = party["id"]
        if id in stubs and id in was:
            if party.get("name") is None:
                party = {**party, "roles": sorted(was[id])}
            elif lost := stubs[id] & was[id] - set(party.get("roles") or ()):
                party = {**party, "roles": [*(party.get("roles") or ()), *sorted(lost)]}
        parties.append(party)
    return {**out, "parties": parties}


# --- reading without what was taken back --------------------------------------------------------------------------


def tidy(release: dict[str, Any]) -> dict[str, Any]:
    """Return a release without what was taken back: nulls, empty objects and arrays, and stubs (see `superseding`).

    For pages and projections; published records stay as merging makes them. An entry or reference of which only
    ever its id was known reads the same as one that was taken back, and is dropped too.
    """
    out = _tidied(release, schema.release())
    assert isinstance(out, dict)
    if "parties" in out:
        stale = _roles(release)
        for id, roles in _roles(out).items():
            stale[id] -= roles
        out["parties"] = [_party(p, stale.get(p["id"], set())) for p in out["parties"] if "name" in p]
        if not out["parties"]:
            del out["parties"]
    return out


def _party(party: dict[str, Any], stale: set[str]) -> dict[str, Any]:
    if not stale:
        return party
    return {**party, "roles": [r for r in party.get("roles", ()) if r not in stale]}


def _roles(release: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for reference in references(release):
        if "id" in reference.value:
            found.setdefault(reference.id, set()).update(reference.earned)
    return found


def _tidied(value: Any, node: Node, entry: bool = False) -> Any:
    """The value without what was taken back, None when nothing is left. `entry`: it stands in an array."""
    if isinstance(value, dict):
        whole = {k: kept for k, v in value.items() if (kept := _tidied(v, node.member(k))) is not None}
        return None if not whole or _is_stub(whole, node, entry) else whole
    if isinstance(value, list):
        entries = node.entries or schema.UNKNOWN
        return [kept for v in value if (kept := _tidied(v, entries, entry=True)) is not None] or None
    return value


def _is_stub(whole: dict[str, Any], node: Node, entry: bool) -> bool:
    if "id" not in node.members or "ocid" in node.members:
        return False
    for key, value in whole.items():
        child = node.member(key)
        if key == "id" and entry:
            continue
        if child.nullable or isinstance(value, dict | list) or (child.open_code and value != WITHDRAWN):
            return False
    return True

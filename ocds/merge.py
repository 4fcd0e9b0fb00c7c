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

_IDENTITY = ("ocid", "id", "date", "tag", "initiationType", "language")


@cache
def _merger() -> ocdsmerge.Merger:
    return ocdsmerge.Merger(schema.release_schema())


def compiled(releases: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the compiled release of one process, as `ocdskit compile` would make it with our schema.

    Releases may come in any order: their dates have one shape and differ, so they sort as strings (ocds.md 5).
    """
    merged: dict[str, Any] = _merger().create_compiled_release(sorted(releases, key=lambda r: r["date"]))
    return merged


def superseding(before: dict[str, Any] | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with what it takes so that merging it after `before` (a compiled release) leaves just `body`.

    OCDS has no way to leave something out: a value is taken back by an explicit null, an entry of an array by nulls
    in all but its required members. What stays is a stub (`{"id": …}`), which `tidy` drops.
    A party that such a stub still refers to keeps its entry and roles: a reference must never dangle.
    Source: OCDS 1.1 merging, and guidance "Updates and deletions" (standard issues 232, 985).
    """
    if before is None:
        return body
    out = _over(
        {k: v for k, v in before.items() if k not in _IDENTITY},
        body,
        schema.release_schema(),
    )
    return _with_referenced_parties(before, out)


def _over(before: dict[str, Any], after: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    known = schema.properties(node)
    out = dict(after)
    for key, old in before.items():
        child = known.get(key, {})
        if key not in after:
            kept = _erased(old, child)
            if kept is not _KEEP:
                out[key] = kept
        elif isinstance(old, dict) and isinstance(after[key], dict):
            out[key] = _over(old, after[key], child)
        elif isinstance(old, list) and isinstance(after[key], list) and schema.merges_by_id(child):
            out[key] = _over_list(old, after[key], child)
    return out


def _over_list(before: list[Any], after: list[Any], node: dict[str, Any]) -> list[Any]:
    items = schema.resolved(node).get("items", {})
    old = {str(m.get("id")): m for m in before if isinstance(m, dict)}
    out = [_over(old.pop(str(m.get("id"))), m, items) if str(m.get("id")) in old else m for m in after]
    return out + [_erased(m, items) for m in old.values()]


_KEEP = object()  # what cannot be taken back and need not be repeated


def _erased(value: Any, node: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        known = schema.properties(node)
        members = {k: _erased(v, known.get(k, {})) for k, v in value.items()}
        # A member that allows no null and is not required is repeated: the schema leaves no other way.
        return {k: value[k] if v is _KEEP else v for k, v in members.items()} or _KEEP
    if isinstance(value, list) and schema.merges_by_id(node):
        if schema.nullable(node) and not value:
            return None
        return [_erased(m, schema.resolved(node).get("items", {})) for m in value] or _KEEP
    if not schema.nullable(node):
        return _KEEP
    return None


def _references(value: Any, key: str = "") -> set[str]:
    """The ids of organisations that anything outside `parties` refers to, stubs included."""
    found: set[str] = set()
    if isinstance(value, dict):
        if key in _ORGANIZATION and value.get("id") is not None:
            found.add(str(value["id"]))
        for k, v in value.items():
            if k != "parties":
                found |= _references(v, k)
    elif isinstance(value, list):
        for v in value:
            found |= _references(v, key)
    return found


_ORGANIZATION = frozenset(
    [
        "buyer",
        "procuringEntity",
        "tenderers",
        "suppliers",
        "payer",
        "payee",
        "sourceParty",
        "destinationParty",
        "recipient",
        "financingParty",
    ]
)


def _with_referenced_parties(before: dict[str, Any], out: dict[str, Any]) -> dict[str, Any]:
    was = {p["id"]: p for p in before.get("parties", ()) if p.get("name") is not None}
    needed = _references(out)
    parties = []
    for party in out.get("parties", ()):
        old = was.get(party["id"])
        if old is not None and party["id"] in needed:
            if party.get("name") is None:
                party = old
            elif old.get("roles") and party.get("roles") is not None:
                # A stub may still refer to it in a role that nothing whole gives it any more.
                stub_roles = set(old["roles"]) - set(party["roles"])
                if stub_roles & _stub_roles(out, party["id"]):
                    party = {**party, "roles": [*party["roles"], *sorted(stub_roles & _stub_roles(out, party["id"]))]}
        parties.append(party)
    return {**out, "parties": parties} if parties else out


_ROLE_OF = {
    "buyer": "buyer",
    "procuringEntity": "procuringEntity",
    "tenderers": "tenderer",
    "suppliers": "supplier",
    "payer": "payer",
    "payee": "payee",
    "sourceParty": "sourceParty",
    "destinationParty": "aidRecipient",
    "recipient": "deliveryRecipient",
    "financingParty": "funder",
}


def _stub_roles(value: Any, id: str, key: str = "") -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        if key in _ROLE_OF and str(value.get("id")) == id:
            found.add(_ROLE_OF[key])
            if key == "sourceParty":
                found.add("donor")
        for k, v in value.items():
            if k != "parties":
                found |= _stub_roles(v, id, k)
    elif isinstance(value, list):
        for v in value:
            found |= _stub_roles(v, id, key)
    return found


def tidy(release: dict[str, Any]) -> dict[str, Any]:
    """Return a compiled release without what was taken back: nulls, empty objects and arrays, and stubs of entries.

    A stub is an entry of an array, or a reference, of which nothing is left but members that OCDS cannot take back.
    For pages and projections; published records stay as merging makes them.
    """
    out = _tidied(release, schema.release_schema(), top=True)
    assert isinstance(out, dict)
    mentioned = _references(out)
    if "parties" in out:
        # A party kept only for a stub's sake is not part of the process any more.
        out["parties"] = [p for p in out["parties"] if p["id"] in mentioned]
        if not out["parties"]:
            del out["parties"]
    return out


def _tidied(value: Any, node: dict[str, Any], top: bool = False) -> Any:
    if isinstance(value, dict):
        known = schema.properties(node)
        whole = {k: _tidied(v, known.get(k, {})) for k, v in value.items()}
        whole = {k: v for k, v in whole.items() if v is not None}
        if not top and known and "id" in known and all(k in whole and not _erasable(k, known, node) for k in whole):
            return None
        return whole or None
    if isinstance(value, list):
        items = schema.resolved(node).get("items", {})
        return [kept for v in value if (kept := _tidied(v, items)) is not None] or None
    return value


def _erasable(key: str, known: dict[str, Any], node: dict[str, Any]) -> bool:
    """Whether OCDS lets this member be taken back; ids and required codes stay in a stub for ever."""
    child = known.get(key, {})
    return schema.nullable(child) or schema.resolved(child).get("type") in ("object", "array") or key not in known

"""The profile that this ledger publishes in: OCDS 1.1.5, twelve registered extensions and the local one, `aid`.

In: nothing but the files packaged in `profile/`. Out: schemas, codelists, the constant list of extension
addresses, and the files of the local extension to serve. Read `EXTENSIONS` first.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

_PROFILE = files("ocds") / "profile"

_REGISTERED = (
    "budget",
    "finance",
    "location",
    "bids",
    "process_title",
    "metrics",
    "transaction_milestones",
    "contract_suppliers",
    "contract_completion",
    "procurementMethodRationaleClassifications",
    "tenderClassification",
    "pagination",
)

EXAMPLE_URL = "https://ledger.example.org"
"""The site of the worked examples."""

AID_PATH = "/ocds/extensions/aid/extension.json"


def aid_url(public_url: str) -> str:
    """Return the address of the local extension of a site."""
    return public_url.rstrip("/") + AID_PATH


@cache
def _registered() -> tuple[str, ...]:
    return tuple(
        json.loads((_PROFILE / "extensions" / f"{name}.json").read_text("utf-8"))["base_url"] + "extension.json"
        for name in _REGISTERED
    )


def EXTENSIONS(aid: str) -> list[str]:
    """Return the `extensions` of every package, always the same and in this order; `aid` is the local one's address."""
    return [*_registered(), aid]


@cache
def _schema(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((_PROFILE / name).read_text("utf-8"))
    return parsed


def release_schema() -> dict[str, Any]:
    """Return the extended release schema (JSON Schema draft 4). Shared: do not change it."""
    return _schema("release-schema.json")


def package_schema(kind: str) -> dict[str, Any]:
    """Return the extended `release` or `record` package schema."""
    return _schema(f"{kind}-package-schema.json")


@cache
def envelope_schema(kind: str) -> dict[str, Any]:
    """Return the package schema without what is said of each release: that is for `release_schema`, one at a time."""
    told = copy.deepcopy(package_schema(kind))
    if kind == "release":
        told["properties"]["releases"] = {"type": "array", "minItems": 1, "items": {"type": "object"}}
        return told
    del told["properties"]["records"]["uniqueItems"]  # quadratic; `check` compares the ocids
    record = told["definitions"]["record"]["properties"]
    record["compiledRelease"] = record["versionedRelease"] = {"type": "object"}
    linked, _ = record["releases"]["oneOf"]
    embedded = {"type": "array", "minItems": 1, "items": {"type": "object", "not": {"required": ["url"]}}}
    record["releases"] = {"oneOf": [linked, embedded]}
    return told


@dataclass(frozen=True, slots=True)
class Node:
    """What the extended schema says of one place in a release, `$ref`s followed: enough to merge and to check it."""

    definition: str = ""
    members: Mapping[str, Node] = field(default_factory=dict)
    entries: Node | None = None
    nullable: bool = True
    by_id: bool = False
    min_items: int = 0
    number: bool = False
    open_code: bool = False
    known: bool = False

    def member(self, key: str) -> Node:
        """What is known of a member; `UNKNOWN` when neither OCDS nor an extension has heard of it."""
        return self.members.get(key, UNKNOWN)

    @property
    def free_form(self) -> bool:
        """An object of which the schema names no member: never published (ocds.md 4.3)."""
        return self.known and not self.members and self.entries is None and self.definition == "object"


UNKNOWN = Node()


@cache
def release() -> Node:
    """Return the extended release schema as a tree."""
    return _node(release_schema())


def _node(told: dict[str, Any]) -> Node:
    definition = told["$ref"].rsplit("/", 1)[-1] if "$ref" in told else ""
    if definition:
        told = release_schema()["definitions"][definition]
    types = told.get("type", [])
    types = [types] if isinstance(types, str) else types
    members = {key: _node(child) for key, child in told.get("properties", {}).items()}
    entries = told.get("items")
    return Node(
        definition or ("object" if "object" in types else ""),
        members,
        _node(entries) if isinstance(entries, dict) else None,
        "null" in types,
        # Arrays of anything but objects with ids, and `wholeListMerge` arrays, are replaced whole (OCDS, merging).
        isinstance(entries, dict) and not told.get("wholeListMerge") and "id" in _members_of(entries),
        told.get("minItems", 0),
        "number" in types and "string" not in types,
        bool(told.get("openCodelist")),
        True,
    )


def _members_of(told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in told:
        told = release_schema()["definitions"][told["$ref"].rsplit("/", 1)[-1]]
    found: dict[str, Any] = told.get("properties", {})
    return found


@cache
def codelist(name: str) -> dict[str, dict[str, str]]:
    """Return a codelist by its file name without `.csv`: code -> its row. Raises FileNotFoundError."""
    text = (_PROFILE / "codelists" / f"{name}.csv").read_text("utf-8-sig")
    return {row["Code"]: row for row in csv.DictReader(io.StringIO(text))}


def aid_extension(public_url: str) -> dict[str, bytes]:
    """Return the local extension's files by relative path; its documentation and contact are those of this site."""
    site = public_url.rstrip("/")
    out: dict[str, bytes] = {}
    for entry in (_PROFILE / "aid").iterdir():
        if entry.is_dir():
            out |= {f"{entry.name}/{f.name}": f.read_bytes() for f in entry.iterdir()}
        else:
            out[entry.name] = entry.read_bytes()
    told = json.loads(out["extension.json"])
    told["documentationUrl"] = {"en": aid_url(site).removesuffix("extension.json") + "README.md"}
    told["contactPoint"] = {"name": told["contactPoint"]["name"], "url": site}
    out["extension.json"] = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
    return dict(sorted(out.items()))

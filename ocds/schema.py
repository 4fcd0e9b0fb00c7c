"""The profile that this ledger publishes in: OCDS 1.1.5, twelve registered extensions and the local one, `aid`.

In: nothing but the files packaged in `profile/`. Out: schemas, codelists, the constant list of extension
addresses, and the files of the local extension to serve. Read `EXTENSIONS` first.
"""

from __future__ import annotations

import csv
import io
import json
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


def aid_url(public_url: str) -> str:
    """Return the address of the local extension of a site."""
    return f"{public_url.rstrip('/')}/ocds/extensions/aid/extension.json"


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


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref` into the release schema's definitions."""
    while "$ref" in node:
        node = release_schema()["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def properties(node: dict[str, Any]) -> dict[str, Any]:
    """Return the members that the schema knows of an object."""
    found: dict[str, Any] = resolved(node).get("properties", {})
    return found


def nullable(node: dict[str, Any]) -> bool:
    """Whether the schema lets `null` stand here, which is how OCDS takes a value back."""
    types = resolved(node).get("type", [])
    return "null" in ([types] if isinstance(types, str) else types)


def merges_by_id(node: dict[str, Any]) -> bool:
    """Whether entries of this array merge by `id`; arrays without ids and `wholeListMerge` arrays are replaced whole."""
    node = resolved(node)
    if node.get("wholeListMerge") or "items" not in node:
        return False
    return "id" in properties(node["items"])


@cache
def codelist(name: str) -> dict[str, dict[str, str]]:
    """Return a codelist by its file name without `.csv`: code -> its row. Raises FileNotFoundError."""
    text = (_PROFILE / "codelists" / f"{name}.csv").read_text("utf-8-sig")
    return {row["Code"]: row for row in csv.DictReader(io.StringIO(text))}


def aid_extension(public_url: str) -> dict[str, bytes]:
    """Return the local extension's files by relative path, its documentation address being that of this site."""
    out: dict[str, bytes] = {}
    folder = _PROFILE / "aid"
    for entry in folder.iterdir():
        if entry.is_dir():
            out |= {f"{entry.name}/{f.name}": f.read_bytes() for f in entry.iterdir()}
        else:
            out[entry.name] = entry.read_bytes()
    site = public_url.rstrip("/").encode()
    out["extension.json"] = out["extension.json"].replace(EXAMPLE_URL.encode(), site)
    return dict(sorted(out.items()))

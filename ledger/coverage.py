"""How many records say each thing that a reader could ask for: counted, per publisher and kind, from the records.

In: compiled records. Out: counts per field of the catalogue. One walk a record over the paths of all fields at once.
What is counted is whether a record says a thing at all; a publisher who buys nothing in lots leaves lots unsaid and is
not blamed for it, so nothing here is a score. Read `Coverage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ledger import catalogue

_FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "aid": ("aid", "donations", "deliveries"),
    "programme": ("programmes",),
    "procurement": ("procurement", "payments"),
}
"""The sheets whose fields a process of a kind can hold."""

_END = ""  # key of a path's end in the tree of paths


@cache
def paths(kind: str) -> dict[str, dict[str, str]]:
    """Return path -> label by language, of every public field that a process of this kind can hold, in their order."""
    found: dict[str, dict[str, str]] = {}
    for name in _FIELDS_OF[kind]:
        for f in catalogue.kind(name).fields:
            if f.path and f.is_public:
                found.setdefault(f.path, dict(f.label))
    return found


@cache
def _tree(kind: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths(kind):
        here = tree
        for token in path.strip("/").split("/"):
            here = here.setdefault(token, {})
        here[_END] = path
    return tree


def said(compiled: Mapping[str, Any], kind: str) -> set[str]:
    """Return the paths at which one record says something. A list says a thing when any of its members does."""
    found: set[str] = set()
    _walk(compiled, _tree(kind), found)
    return found


def _walk(value: Any, tree: Mapping[str, Any], found: set[str]) -> None:
    for token, inner in tree.items():
        if token == _END:
            if value is not None and value != "" and value != [] and value != {}:
                found.add(inner)
        elif token == "+":  # noqa: S105 -- the sign for every member of a list, no secret
            if isinstance(value, list):
                for member in value:
                    _walk(member, inner, found)
        elif isinstance(value, Mapping) and token in value:
            _walk(value[token], inner, found)


@dataclass(slots=True)
class Coverage:
    """Counts that grow record by record. Withdrawn records are not counted: they are meant to say nothing."""

    records: dict[tuple[str, str], int] = field(default_factory=dict)
    filled: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    def add(self, publisher: str, kind: str, compiled: Mapping[str, Any]) -> None:
        key = (publisher, kind)
        self.records[key] = self.records.get(key, 0) + 1
        counts = self.filled.setdefault(key, {})
        for path in said(compiled, kind):
            counts[path] = counts.get(path, 0) + 1

    def as_json(self) -> list[dict[str, Any]]:
        """`[{publisher, kind, records, fields: {path: records that say it}}]`: every field, those at 0 too."""
        return [
            {
                "publisher": publisher,
                "kind": kind,
                "records": count,
                "fields": {path: self.filled[publisher, kind].get(path, 0) for path in paths(kind)},
            }
            for (publisher, kind), count in sorted(self.records.items())
        ]

"""A document of another publisher in memory: a tree whose every value remembers where it stood in the file.

In: the tagged trees of `documents` (which ran in the sandbox). Out: objects, arrays and `Leaf`s; findings that many
places share, told once (`Said`). A value may be moved to another place of the tree: its pointer goes with it, and so
the published figure still opens to what the file said. Read `Leaf`, then `decoded`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.findings import Finding, Severity
from ledger.values import CellRef, Locator, Sha256, Source, number
from ocds import paths

SHOWN_MAX = 200
FIELDS_MAX = 12


@dataclass(slots=True, eq=False)
class Leaf:
    """A value and where the file says it. `raw` is its text there; `how` as in `Source`, empty when `raw` is it."""

    value: str | Decimal | bool | None
    at: str
    raw: str
    how: str = ""

    def made(self, value: str | Decimal | bool, how: str = "derived") -> Leaf:
        """Another value that follows from this one."""
        return Leaf(value, self.at, self.raw, how)


Tree = dict[str, Any]
"""An object: its members are objects, lists and leaves."""


class Held(Exception):
    """The entry cannot be published as it is; its finding has been said. `code` is that finding's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decoded(value: Any, at: str) -> Any:
    """Return a tagged value as a tree. `at` is its pointer in the file."""
    if isinstance(value, dict):
        return {key: decoded(child, at + paths.join(key)) for key, child in value.items()}
    if isinstance(value, list):
        if value[0] == "a":
            return [decoded(child, f"{at}/{n}") for n, child in enumerate(value[1:])]
        if value[0] == "n":
            return Leaf(Decimal(value[1]), at, value[1])
        return Leaf(value[1], at, value[1])  # a number that is none: as text it is unreadable wherever it counts
    if isinstance(value, bool):
        return Leaf(value, at, "true" if value else "false")
    return Leaf(value, at, "" if value is None else value)


def first(node: Any) -> Leaf | None:
    """The first value inside, to point at when an object or array as a whole is meant."""
    if isinstance(node, Leaf):
        return node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if (found := first(child)) is not None:
            return found
    return None


def text(node: Any) -> str:
    """The value as text; empty when there is none or it is no plain value."""
    if not isinstance(node, Leaf) or node.value is None or isinstance(node.value, bool):
        return ""
    return format(node.value, "f") if isinstance(node.value, Decimal) else node.value.strip()


def plain(node: Any) -> Any:
    """Return the tree as JSON values. Amounts become the JSON number that reads back exactly (`values.number`)."""
    if isinstance(node, dict):
        return {key: plain(child) for key, child in node.items()}
    if isinstance(node, list):
        return [plain(child) for child in node]
    return number(node.value) if isinstance(node.value, Decimal) else node.value


def leaves(node: Any, at: str = "", array: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield (locator, leaf) of every value of a tree: the same addresses as `paths.leaves` of its JSON."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from leaves(child, at + paths.join(key), key)
    elif isinstance(node, list):
        for n, child in enumerate(node):
            id = text(child.get("id")) if isinstance(child, dict) and array not in paths.WHOLE_LISTS else ""
            yield from leaves(child, f"{at}/{paths.member(id) if id else n}")
    else:
        yield at, node


def cells(leaf_by_locator: Mapping[str, Leaf], file: Sha256, sheet: str) -> dict[Locator, Source]:
    """The evidence of a body. Values that the ledger itself added (a role, a title's copy has its own) have none."""
    return {
        Locator(at): Source(CellRef(file, sheet, leaf.at or "/"), leaf.raw, leaf.how)
        for at, leaf in leaf_by_locator.items()
        if leaf.how != "added"
    }


# --- saying -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Group:
    code: str
    severity: Severity
    at: str
    shown: str
    params: dict[str, Any]
    fields: dict[str, None] = field(default_factory=dict)
    also: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Said:
    """What is to be said of one sheet of a document: one finding for each cause, with every place it concerns."""

    file: Sha256
    sheet: str
    groups: dict[tuple[str, ...], _Group] = field(default_factory=dict)

    def say(
        self,
        code: str,
        severity: Severity,
        at: Leaf | str | None,
        place: str = "",
        /,
        *,
        alike: str = "",
        shown: str | None = None,
        **params: Any,
    ) -> None:
        """Say `code` of a value. Findings of one code, severity and `alike` become one that lists all places."""
        pointer = at.at if isinstance(at, Leaf) else at or "/"
        key = (code, str(severity), alike)
        group = self.groups.get(key)
        if group is None:
            raw = shown if shown is not None else at.raw if isinstance(at, Leaf) else ""
            group = self.groups[key] = _Group(code, severity, pointer, raw[:SHOWN_MAX], params)
        else:
            group.also.append(pointer)
        group.fields.setdefault(place or "/")

    def findings(self) -> list[Finding]:
        out = []
        for g in self.groups.values():
            named = [f.removeprefix("/") for f in g.fields]
            told = ", ".join(named[:FIELDS_MAX]) + (f", … (+{len(named) - FIELDS_MAX})" if named[FIELDS_MAX:] else "")
            where = [CellRef(self.file, self.sheet, at) for at in dict.fromkeys((g.at, *g.also))]
            params = {"fields": told, **g.params}
            out.append(Finding(g.code, g.severity, where[0], named[0], g.shown, params, tuple(where[1:])))
        return out

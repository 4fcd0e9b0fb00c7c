"""Plain words for places inside a record: `/contracts/=C-14/value/amount` is "Contract amount (C-14)".

In: a locator. Out: the catalogue's label of that field, else the field's own name; with the numbers of the entries
that it stands in. Read `label_of`.
"""

from __future__ import annotations

import re
from functools import cache

from ledger import catalogue


@cache
def _labels() -> dict[tuple[str, str], str]:
    """Return (path, language) -> label. Of several fields with one path the first kind that has it speaks."""
    found: dict[tuple[str, str], str] = {}
    for name in catalogue.kinds():
        for field in catalogue.kind(name).fields:
            if field.path and field.is_public:
                for language, label in field.label.items():
                    found.setdefault((field.path, language), label)
    for (path, language), label in list(found.items()):
        if path.endswith("/amount"):
            found.setdefault((path.removesuffix("/amount") + "/currency", language), label)
    return found


def label_of(locator: str, language: str, entries: bool = True) -> str:
    """Return words for a place. The numbers of entries stay (unless not wanted): two contracts are told apart by them."""
    tokens = locator.strip("/").split("/")
    generic = "/" + "/".join("+" if t.startswith("=") or t.isdigit() else t for t in tokens)
    numbers = [re.sub("~1", "/", t[1:]).replace("~0", "~") for t in tokens if t.startswith("=")] if entries else []
    label = _labels().get((generic, language)) or _words(tokens)
    named = [e for e in numbers if not re.fullmatch(r"[0-9a-f]{10}|.*-LEDGER-.*", e)]
    return f"{label} ({', '.join(named)})" if named else label


def _words(tokens: list[str]) -> str:
    """`deliveryLocation/description` -> `delivery location, description`: the standard's own names, spaced."""
    plain = [t for t in tokens if not t.startswith("=") and not t.isdigit()][-2:]
    return ", ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", t).lower() for t in plain)

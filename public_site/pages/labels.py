"""Plain words for places inside a record: `/contracts/=C-14/value/amount` is "Contract value (C-14)".

In: a locator. Out: our own word for that ending, else the catalogue's label of that field, else the field's own name;
with the numbers of the entries that it stands in. Read `label_of`.
"""

from __future__ import annotations

import re
from functools import cache

from ledger import catalogue
from public_site import i18n


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
    """Return words for a place. The numbers of entries stay unless not wanted: they tell two contracts apart."""
    tokens = locator.strip("/").split("/")
    generic = "/" + "/".join("+" if _is_entry(t) else t for t in tokens)
    plain = [t for t in tokens if not _is_entry(t)]
    words = i18n.terms()["place"]
    own = next((words["/".join(plain[n:])] for n in range(len(plain) - 1) if "/".join(plain[n:]) in words), None)
    label = i18n.said(own, language) if own else _labels().get((generic, language)) or _labels().get((generic, "en"))
    if label is None:
        label = i18n.said(words[plain[-1]], language) if plain and plain[-1] in words else _words(plain)
    return _numbered(label, tokens) if entries else label


def entry_of(locator: str, language: str) -> str:
    """Return words for one entry of a list: `/contracts/=C-14/amendments/=A-1` is "amendment (C-14, A-1)"."""
    tokens = locator.strip("/").split("/")
    plain = [t for t in tokens if not _is_entry(t)]
    known = i18n.terms()["entry"].get(plain[-1])
    return _numbered(i18n.said(known, language) if known else _words(plain), tokens)


def is_minted(id: str) -> bool:
    """Whether an id was made by the ledger itself: it tells a reader nothing."""
    return bool(re.fullmatch(r"[0-9a-f]{10}|[0-9]|source-not-published|.*-LEDGER-.*", id))


def _is_entry(token: str) -> bool:
    return token.startswith("=") or token.isdigit()


def _numbered(label: str, tokens: list[str]) -> str:
    numbers = [t[1:].replace("~1", "/").replace("~0", "~") for t in tokens if t.startswith("=")]
    told = [n for n in numbers if not is_minted(n)]
    return f"{label} ({', '.join(told)})" if told else label


def _words(plain: list[str]) -> str:
    """`deliveryLocation/description` -> `delivery location, description`: the standard's own names, spaced."""
    return ", ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", t).lower() for t in plain[-2:])

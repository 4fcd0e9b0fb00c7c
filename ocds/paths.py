"""Addresses inside OCDS JSON: pointers by position, locators by id.

A *pointer* is a plain JSON pointer (RFC 6901): `/contracts/0/value/amount`. A *locator* names the members of an
array of objects by their `id` (`/contracts/=C-14/value/amount`), so that it stays true when entries come and go;
members without an id, and of arrays that OCDS replaces whole, keep their position. Read `locator` and `find` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def _escape(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1") if "/" in token or "~" in token else token


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def join(*tokens: str | int) -> str:
    """Return the pointer of raw tokens: `join("a/b", 0)` is `/a~1b/0`."""
    return "".join("/" + _escape(str(t)) for t in tokens)


def member(id: object) -> str:
    """Return the locator token of an array member: `=C-14`."""
    return "=" + _escape(str(id))


WHOLE_LISTS = frozenset(
    ["additionalClassifications", "additionalIdentifiers", "changes", "procurementMethodRationaleClassifications"]
)
"""Arrays of objects that merging replaces whole (`wholeListMerge`): one id may stand in them twice, of two schemes."""


def _tokens(address: str) -> list[str]:
    return address.removeprefix("/").split("/") if address else []


def _is_named(value: Any, array: str) -> bool:
    return isinstance(value, dict) and value.get("id") not in (None, "") and array not in WHOLE_LISTS


def get(doc: Any, pointer: str) -> Any:
    """Return what stands at a pointer by position. Raises KeyError when nothing does."""
    at = doc
    for token in _tokens(pointer):
        step = None if token.startswith("=") and isinstance(at, list) else _step(at, token)
        if step is None:
            raise KeyError(pointer)
        at = step[0]
    return at


def _step(at: Any, token: str) -> tuple[Any, str] | None:
    """One step by locator token: the value and its position token, or None when nothing is there."""
    if isinstance(at, list):
        if token.startswith("="):
            id = _unescape(token[1:])
            for n, value in enumerate(at):
                if isinstance(value, dict) and str(value.get("id")) == id:
                    return value, str(n)
            return None
        if token.isdigit() and int(token) < len(at):
            return at[int(token)], token
        return None
    if isinstance(at, dict) and _unescape(token) in at:
        return at[_unescape(token)], token
    return None


def find(doc: Any, locator: str) -> Any:
    """Return what stands at a locator (or at a pointer), None when nothing does."""
    at = doc
    for token in _tokens(locator):
        step = _step(at, token)
        if step is None:
            return None
        at = step[0]
    return at


def pointer(doc: Any, locator: str) -> str | None:
    """Return the pointer by position of a locator in this document, None when nothing stands there."""
    at, out = doc, []
    for token in _tokens(locator):
        step = _step(at, token)
        if step is None:
            return None
        at, position = step
        out.append(position)
    return "".join("/" + t for t in out)


def locator(doc: Any, pointer: str) -> str:
    """Return the locator of a pointer in this document. Raises KeyError when nothing stands there.

    A locator is accepted too and comes back as it is, if something stands there.
    """
    at, out, array = doc, [], ""
    for token in _tokens(pointer):
        step = _step(at, token)
        if step is None:
            raise KeyError(pointer)
        was_list = isinstance(at, list)
        at = step[0]
        out.append(member(at["id"]) if was_list and _is_named(at, array) else step[1])
        array = token
    return "".join("/" + t for t in out)


def leaves(doc: Any, at: str = "", array: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (locator, value) of every scalar, in document order. Empty objects and arrays yield nothing."""
    if isinstance(doc, dict):
        for key, value in doc.items():
            yield from leaves(value, f"{at}/{_escape(key)}", key)
    elif isinstance(doc, list):
        for n, value in enumerate(doc):
            yield from leaves(value, f"{at}/{member(value['id']) if _is_named(value, array) else n}")
    else:
        yield at, doc

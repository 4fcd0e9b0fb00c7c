"""What a citizen sees: one function a page, from a question to a view object, a template and the twins' contents.

In: `web.Ask` (language, as-of, filters, a reading connection). Out: `web.Page`. Nothing here writes, and no figure is
worked out here: sums come from `ledger.totals`. Read `all_pages`, then `process.process`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from public_site.web import Page


class PageFunction(Protocol):
    """A page function with what `page` wrote on it."""

    path: str
    twins: tuple[str, ...]
    policy: str

    def __call__(self, ask: Any, **params: str) -> Page: ...


_KNOWN: list[PageFunction] = []


def page(path: str, twins: tuple[str, ...] = ("json",), policy: str = "public") -> Callable[[Any], PageFunction]:
    """Make a function the page at `/{language}<path>`. `twins` are the other shapes that it answers in."""

    def known(function: Any) -> PageFunction:
        function.path, function.twins, function.policy = path, twins, policy
        _KNOWN.append(function)
        return function  # type: ignore[no-any-return]

    return known


def all_pages() -> tuple[PageFunction, ...]:
    """Return every page, in order of definition."""
    from public_site.pages import (
        about,
        changes,
        checks,
        figure,
        follow,
        front,
        lists,
        parties,
        places,
        process,
        programme,
        publications,
        reconciled,
        versions,
        voices,
    )

    assert all(
        (
            about,
            changes,
            checks,
            figure,
            follow,
            front,
            lists,
            parties,
            places,
            process,
            programme,
            publications,
            reconciled,
            versions,
            voices,
        )
    )
    return tuple(_KNOWN)

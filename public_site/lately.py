"""Answers of the last moment, sent again while nothing changed: what a page that everyone opens at once costs.

In: a question that was answered a moment ago, and a store in which nothing was written since. Out: the same bytes, or
304. Without it every answer waits for a thread and three questions to the store, to learn that it may be sent again.
Only on SQLite, whose `PRAGMA data_version` tells in microseconds that another connection has written; elsewhere, and
for whatever is not a public page, the way is the ordinary one. Read `Lately`.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from public_site.web import CACHED, Site

ROOM = 16_000_000
"""Bytes of answers that are kept."""

LARGEST = 400_000
MANY = 10_000

Key = tuple[str, bytes, bool]


@dataclass(frozen=True, slots=True)
class Answer:
    headers: tuple[tuple[bytes, bytes], ...]
    tag: bytes
    body: bytes | None  # None: only asked for by who had it

    @property
    def size(self) -> int:
        return len(self.body or b"")


class Lately:
    """Stands between the outermost door and everything else. `mark` is the state of the store that answers are of."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.state = _State(site)
        self.mark: object = None
        self.held = 0
        self.answers: OrderedDict[Key, Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        mark = self.state.mark()
        if mark != self.mark:
            self.answers.clear()
            self.held, self.mark = 0, mark
        headers = dict(scope["headers"])
        key = (scope["path"], scope["query_string"], b"gzip" in headers.get(b"accept-encoding", b""))
        if mark is None or scope["method"] == "HEAD":
            await self.app(scope, receive, send)
            return
        known = self.answers.get(key)
        same = known is not None and _has(headers.get(b"if-none-match", b""), known.tag)
        if known is None or (known.body is None and not same):
            await self._kept(key, mark, scope, receive, send)
            return
        self.answers.move_to_end(key)
        told = [h for h in known.headers if h[0] in _OF_304] if same else list(known.headers)
        await send({"type": "http.response.start", "status": 304 if same else 200, "headers": told})
        await send({"type": "http.response.body", "body": b"" if same else known.body})

    async def _kept(self, key: Key, mark: object, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and keep the answer when it is a public page that is of the state in which it was asked for."""
        start: Message | None = None
        parts: list[bytes] = []
        size = 0

        async def watched(message: Message) -> None:
            nonlocal start, size
            if message["type"] == "http.response.start":
                start = message
            elif start is not None and size <= LARGEST:
                parts.append(message.get("body", b""))
                size += len(parts[-1])
            await send(message)

        await self.app(scope, receive, watched)
        if start is None or start["status"] not in (200, 304) or size > LARGEST:
            return
        told = tuple((name.lower(), value) for name, value in start["headers"])
        found = dict(told)
        if found.get(b"cache-control") != CACHED.encode() or b"etag" not in found or b"set-cookie" in found:
            return
        if self.state.mark() != mark or self.mark != mark:
            return  # something was written meanwhile: nobody can tell which state this is of
        body = b"".join(parts) if start["status"] == 200 else None
        self.held += size - (self.answers[key].size if key in self.answers else 0)
        self.answers[key] = Answer(told, found[b"etag"], body)
        while self.held > ROOM or len(self.answers) > MANY:
            self.held -= self.answers.popitem(last=False)[1].size


_OF_304 = frozenset([b"etag", b"cache-control", b"vary", b"content-location", b"date", b"expires"])
"""What a 304 repeats (RFC 9110, 15.4.5)."""


def _has(asked: bytes, tag: bytes) -> bool:
    return any(part.strip().removeprefix(b"W/") == tag.removeprefix(b"W/") for part in asked.split(b","))


class _State:
    """What every public answer depends on: the store, the downloads that were made, the index of words."""

    def __init__(self, site: Site) -> None:
        self.folders = (site.settings.downloads, site.settings.home / "index")
        self.raw: Any = None
        if site.engine.dialect.name == "sqlite" and site.engine.url.database not in (None, "", ":memory:"):
            self.raw = site.engine.raw_connection()

    def mark(self) -> object:
        """Return a value that changes when anything is written; None when that cannot be told cheaply."""
        if self.raw is None:
            return None
        version = self.raw.driver_connection.execute("PRAGMA data_version").fetchone()[0]
        return (version, *(_changed(folder) for folder in self.folders))


def _changed(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0

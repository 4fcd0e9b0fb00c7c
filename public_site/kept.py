"""Pages that were made lately and may be sent again: a public page is a function of its ETag and of nothing else.

In: an ETag and a page. Out: the page again, as long as there is room; the least used goes first. Each server process
has its own. Read `Kept`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict


class Kept:
    """Pages of this process that were asked for lately, by their ETag: a public page is a function of it."""

    def __init__(self, most: int = 32_000_000) -> None:
        self.most, self.held = most, 0  # letters
        self.pages: OrderedDict[str, str] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, tag: str) -> str | None:
        with self.lock:
            if tag in self.pages:
                self.pages.move_to_end(tag)
            return self.pages.get(tag)

    def put(self, tag: str, text: str) -> None:
        with self.lock:
            self.held += len(text) - len(self.pages.pop(tag, ""))
            self.pages[tag] = text
            while self.held > self.most:
                self.held -= len(self.pages.popitem(last=False)[1])

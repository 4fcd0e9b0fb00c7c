"""A page as its reader sees it, and a page without the markup that is the site's own.

In: a page. Out: `text_of`, its words; `foreign`, the page without the one module script and the code for posters, so
that no script and no picture may be left: whoever else wrote markup shows.
"""

from __future__ import annotations

import html
import re

_OWN = re.compile(
    r'<script type="application/ld\+json">[^<>]*</script>|'
    r'<script type="module" src="/static/[0-9a-f]{12}/site\.js"></script>|'
    r'<img class="qr" src="/qr/[A-Za-z0-9.%_-]+\.svg" width="128" height="128" alt="[^"<>]*" loading="lazy">'
)


def foreign(page: str) -> str:
    """The page without what every page has of its own."""
    assert len(re.findall(r"/site\.js", page)) <= 1
    return _OWN.sub("", page)


def text_of(page: str) -> str:
    """The words of a page, one blank between them."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split()).replace("\u00a0", " ")

"""What of a page's markup is the site's own: with it taken away, no script and no picture may be left.

In: a page. Out: the page without the one module script and the code for posters; whoever else wrote markup shows.
"""

from __future__ import annotations

import re

_OWN = re.compile(
    r'<script type="module" src="/static/[0-9a-f]{12}/site\.js"></script>|'
    r'<img class="qr" src="/qr/[A-Za-z0-9.%_-]+\.svg" width="128" height="128" alt="[^"<>]*" loading="lazy">'
)


def foreign(html: str) -> str:
    """The page without what every page has of its own."""
    assert len(re.findall(r"/site\.js", html)) <= 1
    return _OWN.sub("", html)

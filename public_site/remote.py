"""Verify a ledger from outside, with nothing but its address: fetch the newest downloads and check them.

In: a site's address. Out: what disagrees. Reads only what `/ocds/index.json` and the manifest list.
"""

from __future__ import annotations

import json
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from ledger.errors import Unavailable
from public_site.exports import manifest

SECONDS = 60


def problems(url: str, say: Callable[[str], None]) -> list[str]:
    """Fetch the newest downloads of the site and say where files, manifest, releases and records disagree."""
    base = url.rstrip("/")
    index = json.loads(_fetch(f"{base}/ocds/index.json"))
    if not index.get("downloads"):
        return [f"{base}: there are no downloads yet"]
    number = int(index["downloads"]["publication"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        body = _fetch(f"{base}/downloads/{number}/{manifest.NAME}")
        (folder / manifest.NAME).write_bytes(body)
        files: list[dict[str, Any]] = json.loads(body)["files"]
        for n, file in enumerate(files, 1):
            say(f"{n}/{len(files)} {file['path']}")
            path = PurePosixPath(file["path"])
            if path.is_absolute() or ".." in path.parts:
                return [f"{file['path']}: not a path inside the downloads"]
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(_fetch(f"{base}/downloads/{number}/{file['path']}"))
        return manifest.problems(folder)


def _fetch(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise Unavailable("not_reachable", url=url, why="not an http address")
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  the scheme was looked at above
            body: bytes = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise Unavailable("not_reachable", url=url, why=str(error)) from None
    return body

"""The whole public site as files that open from a USB stick: `covid-ledger freeze OUT`.

In: the site, in process. Out: a folder with every page in every language, the newest downloads, a list of records that
can be searched without a server, a README and `SHA256SUMS`. Addresses become file names that every file system takes,
links become relative. What needs a server (filters, feeds, the desk) leads to the live site. The folder is built beside
OUT and put in place at the end, so that a broken run leaves the old copy. Read `frozen`.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from ledger import reading, store, tables
from ledger.catalogue import folded
from ledger.errors import Refused
from ledger.reading import Wanted
from ledger.totals import at_publication
from public_site import addresses, exports, i18n
from public_site.web import Site

Progress = Callable[[str, int, int], None]
NAME_MOST = 100  # characters of one file's name: FAT and old unpackers take no more than 255 bytes of a path's part
WORDS_MOST = 600  # letters of a record that the list can be searched for
RECORDS_PART = 2_000  # records of one file of the list
_LINK = re.compile(r'(?P<before>\s(?:href|src|action)=")(?P<address>[^"]*)(?P<after>")')
_MODULE = '<script type="module" src='


@dataclass(slots=True)
class Frozen:
    """What was written: pages and other files, and the addresses that answered something else than a page."""

    pages: int = 0
    files: int = 0
    bytes: int = 0
    failed: list[str] = field(default_factory=list)


def frozen(app: Starlette, out: Path, progress: Progress, languages: Iterable[str] | None = None) -> Frozen:
    """Write the site to the folder `out`, replacing an earlier copy. Raises Refused for a folder that is no copy."""
    if out.exists() and any(out.iterdir()) and not (out / SUMS).exists():
        raise Refused("freeze_not_empty", folder=str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        told = _Copy(app, building, tuple(languages or i18n.languages()), progress).made()
        if out.exists():
            old = building.with_name(building.name + "-old")
            os.replace(out, old)
            os.replace(building, out)
            shutil.rmtree(old)
        else:
            os.replace(building, out)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return told


SUMS = "SHA256SUMS"


def problems(folder: Path) -> list[str]:
    """Return what is wrong with a copy, by its own list of checksums: missing, changed or added files."""
    listed = (line.split("  ", 1) for line in (folder / SUMS).read_text("utf-8").splitlines())
    told = {name: sha256 for sha256, name in listed}
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    there.pop(SUMS)
    found = [f"missing: {name}" for name in told if name not in there]
    found += [f"not in the list: {name}" for name in there if name not in told]
    found += [f"changed: {n}" for n, p in there.items() if n in told and _sha256(p) != told[n]]
    return sorted(found)


def file_of(path: str, query: str = "") -> str:
    """Return the file that an address of the site is frozen to: letters, digits, `-`, `_` and `.` only.

    `/en/process/ocds-1` becomes `en/process/ocds-1.html`; what was changed or cut ends in a checksum of the address.
    """
    parts = [unquote(p) for p in path.strip("/").split("/") if p]
    named = [_name(p) for p in parts] or ["index"]
    if len(named) == 1:
        named.append("index")
    if query:
        named[-1] = f"{named[-1][: NAME_MOST - 9]}-{zlib.crc32(query.encode()):08x}"
    return "/".join(named) + ".html"


def _name(part: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", part)
    # Windows and FAT know no case: two names that differ only there would be one file.
    if plain == part and len(part) <= NAME_MOST and not re.search(r"[A-Z]", re.sub(r"-[A-Z0-9-]+", "", part)):
        return plain
    return f"{plain[: NAME_MOST - 9]}-{zlib.crc32(part.encode()):08x}"


class _Copy:
    """One copy in the making."""

    def __init__(self, app: Starlette, folder: Path, languages: tuple[str, ...], progress: Progress) -> None:
        self.app, self.folder, self.languages, self.progress = app, folder, languages, progress
        self.site: Site = app.state.site
        self.live = self.site.settings.public_url.rstrip("/")
        self.told = Frozen()
        self.known: set[str] = set()
        self.waiting: deque[str] = deque()
        self.routes = [r for r in app.router.routes if getattr(r, "path", "").startswith("/{language:language}")]
        with store.reading(self.site.engine) as conn:
            self.paths = {path for path, _ in addresses.every(conn, self.site.register)}

    def made(self) -> Frozen:
        for language in self.languages:
            for path in sorted(self.paths):
                self.wants(f"/{language}{path}" if path != "/" else f"/{language}/")
        done = 0
        while self.waiting:
            self.page(self.waiting.popleft())
            done += 1
            if done % 200 == 0:
                self.progress("pages", done, len(self.known))
        self.progress("pages", done, len(self.known))
        for language in self.languages:
            self.records(language)
        self.beside()
        self.sums()
        return self.told

    # --- pages

    def wants(self, address: str) -> None:
        if address not in self.known:
            self.known.add(address)
            self.waiting.append(address)

    def page(self, address: str) -> None:
        answer = self.answer(address)
        if answer is None or answer.status_code != 200:
            self.told.failed.append(address)
            return
        parts = urlsplit(address)
        name = file_of(parts.path, parts.query)
        self.write(name, self.relinked(bytes(answer.body).decode(), name))
        self.told.pages += 1

    def answer(self, address: str) -> Response | None:
        """Ask the site itself, without a server between: the page function behind the address."""
        parts = urlsplit(address)
        scope = {
            "type": "http",
            "method": "GET",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(b"accept", b"text/html")],
            "app": self.app,
            "server": ("localhost", 80),
            "scheme": "http",
        }
        for route in self.routes:
            found, more = route.matches(scope)
            if found is Match.FULL:
                try:
                    made: Response = more["endpoint"](Request({**scope, **more}))
                except Exception as error:  # one page that cannot be made is reported; the others are still wanted
                    self.told.failed.append(f"{address}: {type(error).__name__}")
                    return None
                return made
        return None

    def relinked(self, text: str, name: str) -> str:
        depth = "../" * name.count("/")

        def link(found: re.Match[str]) -> str:
            to: str = self.target(html.unescape(found["address"]), depth)
            return f"{found['before']}{html.escape(to)}{found['after']}"

        # A module does not load from a file; the same letters without imports run as a plain script.
        text = text.replace(_MODULE, "<script defer src=")
        return _LINK.sub(link, text)

    def target(self, address: str, depth: str) -> str:
        """Where a link of a frozen page leads: a file of the copy, or the live site for what needs a server."""
        if not address.startswith("/") or address.startswith("//"):
            return address
        parts = urlsplit(address)
        tail = f"#{parts.fragment}" if parts.fragment else ""
        if parts.path.startswith("/static/"):
            return f"{depth}static/{parts.path.rpartition('/')[2]}"
        if parts.path == "/favicon.svg":
            return f"{depth}static/icon.svg"
        if parts.path.startswith("/downloads/"):
            return f"{depth}{parts.path.lstrip('/')}"
        first, _, rest = parts.path.lstrip("/").partition("/")
        if first not in self.languages:
            return f"{self.live}{address}"
        path = "/" + rest
        if path == "/search" and "asof" not in parse_qs(parts.query):
            return f"{depth}{first}/records.html" + (f"?{parts.query}" if parts.query else "") + tail
        is_figure = path.startswith("/why/") and set(parse_qs(parts.query)) == {"at"}
        if is_figure:
            self.wants(address.split("#")[0])
        if is_figure or (path in self.paths and not parts.query):
            return depth + file_of(parts.path, parts.query) + tail
        return f"{self.live}{address}"

    # --- the list of records, which stands in for the search

    def records(self, language: str) -> None:
        """Write the records of a language as scripts (a page of a file may load nothing else) and the page of them."""
        words = i18n.language(language)
        rows: list[list[str]] = []
        t = tables.records
        with store.reading(self.site.engine) as conn:
            found = conn.execute(sa.select(t.c.ocid, t.c.search_text).where(at_publication(t, None)))
            texts = {str(row.ocid): str(row.search_text) for row in found}
            for r in reading.everything(conn, Wanted(sort="title"), None):
                names = [p.name for several in (r.donors, r.buyers, r.suppliers) for p in several]
                sums = [words.amount(x.total.amount, x.total.currency) for x in r.lines if x.total.currency]
                rows.append(
                    [
                        file_of(f"/{language}/process/{r.ocid}").partition("/")[2],
                        r.title,
                        words.term("kind", r.kind),
                        " · ".join(x for x in (words.date(r.on) if r.on else "", *names[:3], *sums[:2]) if x),
                        folded(" ".join([texts.get(r.ocid, r.title)[:WORDS_MOST], *names, *sums])),
                    ]
                )
        parts = [rows[n : n + RECORDS_PART] for n in range(0, len(rows), RECORDS_PART)]
        for n, part in enumerate(parts):
            told = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
            self.write(f"{language}/records/{n}.js", f"(window.records=window.records||[]).push(...{told});\n")
        # Without scripts the same records are pages of letters.
        by_letter: dict[str, list[list[str]]] = {}
        for row in rows:
            letter = (folded(row[1]) or "#")[0]
            by_letter.setdefault(letter if letter.isascii() and letter.isalnum() else "other", []).append(row)
        context = {"letters": sorted(by_letter), "count": len(rows), "live": self.live}
        scripts = [f"records/{n}.js" for n in range(len(parts))]
        self.list_page(language, "records.html", {**context, "rows": (), "scripts": scripts, "letter": ""})
        for letter, several in by_letter.items():
            name = f"records/{letter}.html"
            self.list_page(language, name, {**context, "rows": several, "scripts": (), "letter": letter})

    def list_page(self, language: str, name: str, view: Mapping[str, object]) -> None:
        text = self.site.render("pages/frozen.html", language, v=view, latest=0)
        self.write(f"{language}/{name}", self.relinked(text, f"{language}/{name}"))

    # --- what stands beside the pages

    def beside(self) -> None:
        for name in ("site.css", "site.js", "icon.svg", "frozen.js"):
            self.write(f"static/{name}", (files("public_site") / "static" / name).read_bytes())
        newest = exports.newest(self.site.settings)
        if newest is not None:
            shutil.copytree(newest, self.folder / "downloads" / newest.name)
        first = self.languages[0]
        to = f'<meta http-equiv="refresh" content="0; url={first}/index.html">'
        links = " · ".join(f'<a href="{code}/index.html">{code}</a>' for code in self.languages)
        title = html.escape(self.site.settings.publisher_name)
        self.write(
            "index.html",
            f'<!doctype html><html lang="{first}"><head><meta charset="utf-8"><title>{title}</title>{to}</head>'
            f"<body><main><h1>{title}</h1><p>{links}</p></main></body></html>\n",
        )
        self.write("README.txt", _README.format(live=self.live, name=self.site.settings.publisher_name))

    def sums(self) -> None:
        lines = []
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            lines.append(f"{_sha256(path)}  {path.relative_to(self.folder).as_posix()}")
            self.told.files += 1
            self.told.bytes += path.stat().st_size
        (self.folder / SUMS).write_text("\n".join(lines) + "\n", "utf-8")

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_README = """{name}

This folder is a copy of the whole public site. Open index.html; no internet and no program is needed.
Links that need a server (filters, feeds) lead to {live}
To check that no file was changed: sha256sum -c SHA256SUMS, or: covid-ledger verify THIS-FOLDER

Esta carpeta es una copia de todo el sitio público. Abra index.html; no hace falta internet ni ningún programa.
Los enlaces que necesitan un servidor (filtros, suscripciones) llevan a {live}
Para comprobar que nada se cambió: sha256sum -c SHA256SUMS, o: covid-ledger verify ESTA-CARPETA
"""

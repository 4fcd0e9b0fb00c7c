"""How every answer is made: language, as-of date, cache tags, security headers, refusals in the reader's words.

In: a page function that returns a `Page`. Out: HTML and its twins (JSON, CSV, Atom) at the same address. A route says
its `policy`; a route without one fails a test. Not here: what any page shows. Read `Site.serve` first.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jinja2
import orjson
import sqlalchemy as sa
import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger import errors, voices, workflow
from ledger.errors import LedgerError, NotFound, Refused
from ledger.reading import nearest
from ledger.searching import Finder
from ledger.settings import Jurisdiction, Register, Settings
from ledger.store import reading
from ledger.values import decimal, utc_text
from public_site import described, i18n
from public_site.exports.friendly import guarded
from public_site.exports.manifest import plain as plain_amount
from public_site.kept import Kept
from public_site.terminal import refusal

log = structlog.get_logger(__name__)

Endpoint = Callable[..., Any]

POLICIES = ("public", "session")

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

CACHED = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
FOR_EVER = "public, max-age=31536000, immutable"

STATUS: Mapping[type[LedgerError], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    errors.Refused: 422,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
}
"""What a refusal is in HTTP: chosen by what the caller should do next (`ledger.errors`)."""

# Marks that turn the direction of text (so that `exe.jpg` reads as a picture), and control characters but tab and line
# ends: no name needs them, and a page must not be rearranged by one.
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f]")


def policy(name: str) -> Callable[[Endpoint], Endpoint]:
    """Say who may call a route: `public` is anyone, `session` a signed-in person (the desk asks for the role)."""
    assert name in POLICIES, name

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.policy = name  # type: ignore[attr-defined]
        return endpoint

    return mark


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a feed."""

    id: str
    title: str
    url: str
    changed: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page function answers: a template with its view object, and what the twins hold.

    `json` defaults to the view itself; a function is called only for the .json. `table` is (columns, rows) of the
    .csv, called only for the .csv; `feed` of the .atom.
    """

    template: str
    view: Any
    json: Any = None
    table: tuple[tuple[str, ...], Callable[[sa.Connection], Iterable[Iterable[Any]]]] | None = None
    feed: Iterable[Row] = ()
    title: str = ""
    fictional: tuple[Jurisdiction, ...] = ()
    card: str = ""  # name of the picture for other sites: `/chart/<card>.png`; empty: the ledger's own
    text: str = ""  # what the .txt holds
    dataset: Mapping[str, Any] | None = None  # what the page is to a search engine for data (`described`)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: who asks in which language, of which publication, with which filters.

    `at` is None for now, else the publication asked for; `latest` is the newest one.
    """

    site: Site
    conn: sa.Connection
    language: str
    path: str
    twin: str
    query: tuple[tuple[str, str], ...]
    at: int | None
    latest: int

    @property
    def register(self) -> Register:
        return self.site.register

    @property
    def settings(self) -> Settings:
        return self.site.settings

    @property
    def words(self) -> i18n.Language:
        return i18n.language(self.language)

    def get(self, name: str) -> str:
        return next((v for k, v in self.query if k == name), "")

    def url(self, /, *segments: object, **query: object) -> str:
        return address(self.language, self.at, *segments, **query)

    def jurisdiction(self, code: str) -> Jurisdiction | None:
        return next((j for j in self.register.jurisdictions if j.code == code), None)

    def fictional(self, codes: Iterable[str] | None = None) -> tuple[Jurisdiction, ...]:
        """The made-up jurisdictions among those that a page shows (None: it may show any)."""
        wanted = None if codes is None else set(codes)
        return tuple(j for j in self.register.jurisdictions if j.fictional and (wanted is None or j.code in wanted))


def address(language: str, at: int | None, /, *segments: object, **query: object) -> str:
    """Return an address on this site; a reader who looks at the past stays in the past."""
    told = {k: v for k, v in query.items() if v not in (None, "")}
    if at is not None and "asof" not in told:
        told["asof"] = at
    path = "/".join(quote(str(s), safe="") if n else str(s) for n, s in enumerate(segments))
    return f"/{language}/{path}" + (f"?{urlencode(told)}" if told else "")


def plain(value: Any) -> Any:
    """Turn values into what JSON has. Amounts become text: a reader's parser must not round them."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Decimal):
        return plain_amount(value)
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return value


def safe_url(value: Any) -> str:
    """Return an address from data when it leads to a web page; anything else (javascript:, data:) is no link."""
    text = str(value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and not any(c.isspace() for c in text) else ""


def _shown(value: Any) -> Any:
    """What a template may print: never None (that is `not published`), never marks that turn text round."""
    if value is None:
        raise ValueError("a template printed None: say which of the four kinds of nothing it is")
    if isinstance(value, str) and _HIDDEN.search(value):
        return type(value)(_HIDDEN.sub("", str(value)))  # Markup stays Markup: its text is escaped already
    return value


_ASSETS = {"site.css": "text/css; charset=utf-8", "site.js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load: kept by browsers for ever, because its address changes with its bytes."""

    name: str
    content: bytes
    media_type: str
    version: str

    @classmethod
    def of(cls, name: str, media_type: str) -> Asset:
        content = (files("public_site") / "static" / name).read_bytes()
        return cls(name, content, media_type, hashlib.sha256(content).hexdigest()[:12])

    @property
    def address(self) -> str:
        return f"/static/{self.version}/{self.name}"


class Site:
    """One ledger's site: its settings, register, store and templates. Made once by `create_app`."""

    def __init__(self, settings: Settings, register: Register, engine: sa.Engine) -> None:
        self.settings, self.register, self.engine = settings, register, engine
        self.environments = {code: _environment(code) for code in i18n.languages()}
        self.assets = {name: Asset.of(name, kind) for name, kind in _ASSETS.items()}
        self.icon = (files("public_site") / "static" / "icon.svg").read_bytes()
        self.version = _version(register, settings)
        self.finder = Finder(settings, register)
        self.kept = Kept()

    # --- rendering ----------------------------------------------------------------------------------------------

    def render(self, template: str, language: str, **context: Any) -> str:
        """Return a page. Without `path` (the desk, refusals) the page has no twin in the other language.

        Templates extend base.html and may call `url(...)`, `term(group, code)`, `amount`, `number`, `date`, `moment`.
        """
        at = context.get("at")
        told: dict[str, Any] = {
            "path": "",
            "query": "",
            "at": None,
            "latest": 0,
            "published_at": None,
            "card": "",
            "dataset": "",
            "fictional": (),
            "twins": (),
            "indexed": True,
            "desk": False,
            **i18n.context_of(language),
            "language": language,
            "languages": i18n.languages(),
            "written": i18n.written,
            "site_name": self.settings.publisher_name,
            "public_url": self.settings.public_url.rstrip("/"),
            "css": self.assets["site.css"].address,
            "script": self.assets["site.js"].address,
            "url": lambda *s, **q: address(language, at, *s, **q),
            "safe_url": safe_url,
            "as_decimal": decimal,
            "register": self.register,
            "jurisdictions": {j.code: j for j in self.register.jurisdictions},
            "publishers": {p.id: p for p in self.register.publishers},
            "areas": {a.code: a for j in self.register.jurisdictions for a in j.areas},
            **context,
        }
        return self.environments[language].get_template(template).render(told)

    def stage_words(self, language: str) -> dict[str, str]:
        """Return the reader's word for each stage."""
        return {code: i18n.language(language).term("stage", code) for code in i18n.terms()["stage"]}

    # --- answering ------------------------------------------------------------------------------------------------

    def serve(self, request: Request, function: Callable[..., Page], twin: str) -> Response:
        """Answer one page or twin: the whole way from the address to the bytes, on one snapshot of the store."""
        params = dict(request.path_params)
        language = params.pop("language")
        path = request.url.path.removeprefix(f"/{language}").removesuffix(f".{twin}" if twin != "html" else "")
        return self.answer(
            request, language, path, twin, lambda ask, headers: self._page(ask, function, params, headers)
        )

    def answer(
        self, request: Request, language: str, path: str, twin: str, make: Callable[[Ask, dict[str, str]], Response]
    ) -> Response:
        """Answer anything public on one snapshot of the store: 304 to who has it already, else what `make` returns."""
        if any("\x00" in str(value) for value in request.path_params.values()):
            raise HTTPException(404)  # a name that no database can hold
        told = ((k.replace("\x00", ""), v.replace("\x00", "")) for k, v in request.query_params.multi_items())
        query = tuple((k, v) for k, v in told if v.strip())
        with reading(self.engine) as conn:
            latest = workflow.latest_publication(conn)
            at = _as_of(dict(query).get("asof", ""), latest)
            # Voices belong to now: they change without a publication, and never a page of the past.
            said = voices.newest(conn, heard=path == "/voices") if at is None else ""
            tag = self._tag(latest, said, request, language, twin, self.finder.mark(conn, latest))
            headers = {"ETag": tag, "Cache-Control": CACHED, "Vary": "Accept-Encoding"}
            if _has(request.headers.get("if-none-match", ""), tag):
                return Response(status_code=304, headers=headers)
            if twin == "html" and (kept := self.kept.get(tag)) is not None:
                return HTMLResponse(kept, headers={**headers, "Content-Language": language})
            return make(Ask(self, conn, language, path, twin, query, at, latest), headers)

    def _page(
        self, ask: Ask, function: Callable[..., Page], params: Mapping[str, str], headers: dict[str, str]
    ) -> Response:
        language, path, twin, at, latest = ask.language, ask.path, ask.twin, ask.at, ask.latest
        page = function(ask, **params)
        if twin == "csv" and page.table is not None:
            return self.csv(page.table, path, latest if at is None else at, headers)
        if twin == "json":
            told = page.view if page.json is None else page.json() if callable(page.json) else page.json
            body = orjson.dumps(plain(told), option=orjson.OPT_INDENT_2)
            return Response(body, media_type="application/json", headers={**headers, **ANY_ORIGIN})
        if twin == "txt":
            name = "-".join(path.strip("/").split("/")[-2:])
            told = {**headers, **ANY_ORIGIN, "Content-Disposition": f'attachment; filename="{quote(name)}.txt"'}
            return Response(page.text, media_type="text/plain; charset=utf-8", headers=told)
        if twin == "atom":
            body = self._atom(ask, page).encode()
            return Response(body, media_type="application/atom+xml", headers={**headers, **ANY_ORIGIN})
        text = self.render(
            page.template,
            language,
            v=page.view,
            ask=ask,
            path=path,
            query=urlencode([q for q in ask.query if q[0] != "asof"]),
            at=at,
            latest=latest,
            published_at=workflow.published_at(ask.conn, latest if at is None else at),
            fictional=page.fictional,
            card=self.card(page.card, language),
            dataset=described.script(page.dataset) if at is None else "",
            twins=function.twins,  # type: ignore[attr-defined]
        )
        self.kept.put(headers["ETag"], text)
        return HTMLResponse(text, headers={**headers, "Content-Language": language})

    def card(self, name: str, language: str) -> str:
        """Return the whole address of a picture for other sites (`Page.card`)."""
        return f"{self.settings.public_url.rstrip('/')}/chart/{quote(name or 'card', safe='')}.png?lang={language}"

    def _tag(self, latest: int, said: str, request: Request, language: str, twin: str, index: str) -> str:
        """A public byte is a function of (publication, path, query, language), of the last decision about a voice, of
        the index and of the templates. Weak, because a proxy may compress it."""
        newest = max((p.name for p in self.settings.downloads.glob("[0-9]*")), key=int, default="")
        known = f"{request.url.path}?{request.url.query}\n{language}\n{twin}\n{newest}\n{said}\n{self.version}\n{index}"
        return f'W/"{latest}-{hashlib.sha256(known.encode()).hexdigest()[:20]}"'

    def csv(self, table: Any, path: str, number: int, headers: Mapping[str, str]) -> Response:
        """Stream a file: (columns, rows) as CSV, on a snapshot of its own, of the publication `number`."""
        columns, rows = table
        name = "-".join(["ledger", str(number), *path.strip("/").split("/")[:2]])

        def body() -> Iterator[bytes]:
            # A stream outlives the function's snapshot: it reads on one of its own, of the publication in its name.
            with reading(self.engine) as conn:
                yield b"\xef\xbb\xbf" + _csv_lines([columns])
                waiting: list[Iterable[Any]] = []
                for row in rows(conn):
                    waiting.append(row)
                    if len(waiting) >= 500:
                        yield _csv_lines(waiting)
                        waiting = []
                yield _csv_lines(waiting)

        told = {**headers, **ANY_ORIGIN, "Content-Disposition": f'attachment; filename="{name}.csv"'}
        return StreamingResponse(body(), media_type="text/csv; charset=utf-8", headers=told)

    def _atom(self, ask: Ask, page: Page) -> str:
        entries = list(page.feed)
        return self.render(
            "feed.xml",
            ask.language,
            entries=entries,
            title=page.title or ask.settings.publisher_name,
            self_url=f"{ask.settings.public_url.rstrip('/')}/{ask.language}{ask.path}",
            query=urlencode(ask.query),
            updated=max((e.changed for e in entries), default="2020-01-01T00:00:00Z"),
        )

    # --- refusing ---------------------------------------------------------------------------------------------------

    def refuse(self, request: Request, status: int, what: str, fix: str, code: str, **more: Any) -> Response:
        """Answer a refusal in the reader's language, as a page or as problem+json for machines."""
        language = language_of(request)
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
        if status == 503:
            headers["Retry-After"] = "30"
        if wants_json(request):
            told = {
                "type": f"{self.settings.public_url}/problems/{code}",
                "title": what,
                "status": status,
                "detail": fix,
                "code": code,
            }
            body = orjson.dumps({**told, **{k: v for k, v in more.items() if k in ("params", "id")}})
            return Response(body, status, {**headers, **ANY_ORIGIN}, media_type="application/problem+json")
        text = self.render(
            "pages/refusal.html",
            language,
            status=status,
            what=what,
            fix=fix,
            indexed=False,
            **{"near": (), "id": "", **more},
        )
        return HTMLResponse(text, status, {**headers, "Content-Language": language})

    def refuse_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, LedgerError)
        language = language_of(request)
        what, fix = refusal(error, language)
        status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), 400)
        near = self._near(error, language) if isinstance(error, NotFound) and not wants_json(request) else ()
        return self.refuse(request, status, what, fix, error.code, params=plain(error.params), near=near)

    def refuse_status(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = {404: "no_page", 405: "no_method"}.get(error.status_code, "not_understood")
        what, fix = refusal(LedgerError(code, path=request.url.path), language_of(request))
        return self.refuse(request, error.status_code, what, fix, code)

    def refuse_input(self, request: Request, error: Exception) -> Response:
        what, fix = refusal(LedgerError("not_understood", path=request.url.path), language_of(request))
        return self.refuse(request, 422, what, fix, "not_understood")

    def failed(self, request: Request, id: str) -> Response:
        what, fix = refusal(LedgerError("failed", id=id), language_of(request))
        return self.refuse(request, 500, what, fix, "failed", id=id)

    def _near(self, error: NotFound, language: str) -> tuple[tuple[str, str], ...]:
        """What the reader may have meant: (address, words)."""
        if ocid := error.params.get("ocid"):
            with reading(self.engine) as conn:
                return tuple((address(language, None, "process", n.ocid), n.title) for n in nearest(conn, str(ocid)))
        words = i18n.language(language)
        if "jurisdiction" in error.params:
            return tuple(
                (address(language, None, "jurisdiction", j.code), words.name(j.names))
                for j in self.register.jurisdictions
            )
        if "publisher" in error.params:
            return tuple((address(language, None, "publisher", p.id), p.name) for p in self.register.publishers)
        if "area" in error.params:
            areas = [a for j in self.register.jurisdictions for a in j.areas]
            return tuple((address(language, None, "area", a.code), words.name(a.names)) for a in areas[:30])
        return ()


def page(
    site: Site, request: Request, template: str, view: Mapping[str, Any], *, language: str, status: int = 200
) -> Response:
    """Answer a page of the desk: never stored by anyone, never in a search engine."""
    told = {"desk": True, "indexed": False, **{k: v for k, v in view.items() if k != "language"}}
    text = site.render(template, language, **told)
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Content-Language": language})


ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def _as_of(text: str, latest: int) -> int | None:
    """Return the publication asked for. The future is refused: nobody may cite what is not published yet."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise Refused("asof_no_number", shown=text[:40], latest=latest)
    if int(text) > latest:
        raise Refused("asof_future", shown=text, latest=latest)
    return int(text)


def _has(sent: str, tag: str) -> bool:
    return any(part.strip().removeprefix("W/") == tag.removeprefix("W/") for part in sent.split(","))


def _csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
    return out.getvalue().encode()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_amount(value)
    return guarded(str(value)) if isinstance(value, str) else str(value)


def language_of(request: Request) -> str:
    """The language of the address (of a figure: `lang`); without one (the desk, the API) what the browser asks for."""
    first = request.url.path.split("/")[1] if "/" in request.url.path else ""
    if first in ("chart", "embed"):
        first = request.query_params.get("lang", "")
    return first if first in i18n.languages() else i18n.chosen(request.headers.get("accept-language", ""))


def wants_json(request: Request) -> bool:
    path, accept = request.url.path, request.headers.get("accept", "")
    if path.endswith((".json", ".csv", ".atom")):
        return True
    machine = path.startswith(("/ocds/", "/api/", "/downloads/")) or "json" in accept
    return machine and "text/html" not in accept


def _environment(code: str) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("public_site", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words = i18n.language(code).translations
    env.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    plural: Any = env.globals["ngettext"]
    number = i18n.language(code).number

    @jinja2.pass_context
    def ngettext(context: Any, one: str, several: str, n: int, **params: Any) -> Any:
        """Counts are written as every other number: 6,570 records."""
        return plural(context, one, several, n, **{"num": number(n), **params})

    env.globals["ngettext"] = ngettext
    return env


def _version(register: Register, settings: Settings) -> str:
    """What a page depends on besides the publication: templates, words, this code, the register, the addresses."""
    digest = hashlib.sha256(repr((register, settings.public_url, settings.publisher_name)).encode())
    for room in ("public_site", "ledger"):
        _digest_into(digest, files(room))
    if settings.locales:
        _digest_into(digest, Path(settings.locales))
    return digest.hexdigest()[:16]


def _digest_into(digest: Any, folder: Any) -> None:
    for entry in sorted(folder.iterdir(), key=lambda e: str(e.name)):
        if entry.is_dir() and entry.name != "__pycache__":
            _digest_into(digest, entry)
        elif entry.name.endswith((".html", ".xml", ".css", ".po", ".toml", ".py")):
            digest.update(entry.read_bytes())


# --- around every answer ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Guard:
    """The outermost door: security headers on every answer, and a page with an id when our own code fails."""

    app: ASGIApp
    site: Site
    headers: dict[str, str] = field(default_factory=lambda: dict(SECURITY))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, guarded_send)
        except Exception:  # the outermost door of the site: logged with the id that the reader is shown
            id = secrets.token_hex(6)
            log.exception("request failed", error_id=id, path=scope.get("path", ""))
            if started:
                raise
            await self.site.failed(Request(scope), id)(scope, receive, guarded_send)


def redirect_home(request: Request) -> Response:
    """`/` chooses a language; a browser that asks for none gets English."""
    chosen = i18n.chosen(request.headers.get("accept-language", ""))
    headers = {"Vary": "Accept-Language", "Cache-Control": "public, max-age=60"}
    return RedirectResponse(f"/{chosen}/", 302, headers)

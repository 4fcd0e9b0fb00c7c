"""Put the doors together: pages, the OCDS interface, downloads, the desk, and what guards them all.

In: settings, the register and a store. Out: one FastAPI application. Not here: how an answer is made (`web`), what a
page shows (`pages`). Read `create_app`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger import projections, store, workflow
from ledger.errors import LedgerError
from ledger.settings import Register, Settings
from ledger.settings import register as register_of
from public_site import api, i18n, pages
from public_site.charts import routes as charts
from public_site.desk import routes as desk
from public_site.lately import Lately
from public_site.measured import Measured, Metrics
from public_site.pages import voices
from public_site.web import FOR_EVER, Guard, Page, Site, address, policy, redirect_home


class _Language(Convertor[str]):
    @property
    def regex(self) -> str:  # type: ignore[override]
        """Asked when a route is made: `create_app` has read the languages by then."""
        return "|".join(i18n.languages())

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("language", _Language())


def create_app(settings: Settings, register: Register | None = None, engine: sa.Engine | None = None) -> FastAPI:
    """Return the whole site. Without `register`, ledger.toml of the home is read; without `engine`, its store opened.

    `app.state.site` is the `Site`: settings, register, engine and `render`.
    """
    i18n.add(Path(settings.locales) if settings.locales else None)
    if register is None:
        register = register_of(settings.home / "ledger.toml")
    if engine is None:
        engine = store.open_store(settings)
        projections.migrate(engine)
    site = Site(settings, register, engine)
    refusals: Any = {
        LedgerError: site.refuse_error,
        HTTPException: site.refuse_status,
        RequestValidationError: site.refuse_input,
    }
    app = FastAPI(
        title=settings.publisher_name,
        description="OCDS 1.1 packages, records and releases. Every page has a JSON twin: its path with .json.",
        version="1",
        docs_url=None,  # its scripts would come from a third party
        redoc_url=None,
        exception_handlers=refusals,
    )
    app.state.site = site
    for route in app.router.routes:  # openapi.json, made by FastAPI itself
        policy("public")(route.endpoint)  # type: ignore[attr-defined]
    app.router.routes += _own(site)
    app.include_router(public(api.router(settings, register, engine)))
    app.include_router(desk.router(site))
    app.router.routes += charts.routes(site)
    app.include_router(voices.routes(site))
    app.router.routes += list(_pages(site))
    app.add_middleware(_Compressed)
    app.add_middleware(Lately, site=site)
    app.add_middleware(Guard, site=site)
    metrics = Metrics(site)
    app.router.routes.append(Route("/metrics", metrics.endpoint, methods=["GET"]))
    app.add_middleware(Measured, metrics=metrics)
    return app


def public(router: APIRouter) -> APIRouter:
    """Mark every route of a router as open to anyone without an account: only for routers that read."""
    for route in walked(router.routes):
        policy("public")(route.endpoint)  # type: ignore[attr-defined]
    return router


def walked(routes: Iterable[BaseRoute]) -> Iterable[BaseRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        if inner is not None:
            yield from walked(inner.routes)
        else:
            yield route


def _pages(site: Site) -> Iterable[Route]:
    for page in pages.all_pages():
        for twin in (*page.twins, "html"):  # a twin first: `{ocid}` would swallow its ending
            path = page.path if twin == "html" else f"{page.path if page.path != '/' else '/index'}.{twin}"
            yield Route("/{language:language}" + path, _answer(site, page, twin), methods=["GET"])


def _answer(site: Site, function: pages.PageFunction, twin: str) -> Any:
    @policy(function.policy)
    def answer(request: Request) -> Response:
        return site.serve(request, function, twin)

    return answer


def _own(site: Site) -> list[BaseRoute]:
    @policy("public")
    def home(request: Request) -> Response:
        return redirect_home(request)

    @policy("public")
    def short(request: Request) -> Response:
        # The address on paper: in the language of whoever opens it.
        chosen = i18n.chosen(request.headers.get("accept-language", ""))
        return RedirectResponse(
            address(chosen, None, "process", request.path_params["ocid"]), 302, {"Vary": "Accept-Language"}
        )

    @policy("public")
    def asset(request: Request) -> Response:
        found = site.assets.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        known = request.path_params["version"] == found.version
        headers = {"Cache-Control": FOR_EVER if known else "public, max-age=60"}
        return Response(found.content, media_type=found.media_type, headers=headers)

    @policy("public")
    def icon(request: Request) -> Response:
        return Response(site.icon, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    @policy("public")
    def live(request: Request) -> Response:
        return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})

    @policy("public")
    def ready(request: Request) -> Response:
        with store.reading(site.engine) as conn:
            number = workflow.latest_publication(conn)
        return PlainTextResponse(f"ok, publication {number}", headers={"Cache-Control": "no-store"})

    return [
        Route("/", home, methods=["GET"]),
        Route("/static/{version}/{name}", asset, methods=["GET"]),
        Route("/r/{ocid}", short, methods=["GET"]),
        Route("/favicon.svg", icon, methods=["GET"]),
        Route("/favicon.ico", icon, methods=["GET"]),
        Route("/livez", live, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
    ]


class _Compressed:
    """Compress pages and packages. Not the desk, whose pages carry a secret beside text that others may
    choose (BREACH), and not downloads, which are compressed or asked for in ranges."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.smaller = app, GZipMiddleware(app, minimum_size=800, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = scope["type"] != "http" or scope["path"].startswith(("/desk", "/api/", "/downloads/", "/ocds/bulk/"))
        await (self.app if whole else self.smaller)(scope, receive, send)


__all__ = ["Page", "create_app", "public", "walked"]

"""Figures by their own addresses: `/chart/{id}.svg|png|csv`, share cards, and `/embed/{id}` for other people's pages.

In: the figure's id and a query string that is the whole state, with `lang` for the language. Out: pictures, files and a
bare page, with the tags of every other answer. Only an embed may be framed by others. Read `routes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from ledger import reading
from ledger.errors import NotFound
from ledger.publish import publications_of
from ledger.totals import movements, of_arcs
from public_site.charts.figures import COLUMNS, IDS, Figure, figure, table
from public_site.charts.picture import alone, png, wrapped
from public_site.web import ANY_ORIGIN, SECURITY, Ask, Site, language_of, policy

PNG_WIDTH, CARD_WIDTH = 1200, 1200
WIDE = 1080

_FRAMED = {
    "Content-Security-Policy": SECURITY["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors *"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of figures. Each reads one snapshot and answers 304 to a reader who has the same already."""

    def route(path: str, twin: str, answer: Callable[..., Response]) -> Route:
        @policy("public")
        def endpoint(request: Request) -> Response:
            language = language_of(request)
            path = f"/{request.url.path.strip('/')}"
            return site.answer(
                request, language, path, twin, lambda ask, told: answer(ask, told, **request.path_params)
            )

        return Route(path, endpoint, methods=["GET"])

    return [
        route("/chart/card.png", "png", _site_card),
        route("/chart/card-{ocid}.png", "png", _record_card),
        *(
            route(f"/chart/{{id}}.{kind}", kind, answer)
            for kind, answer in (("svg", _svg), ("png", _png), ("csv", _csv))
        ),
        route("/embed/{id}", "embed", _embed),
    ]


Headers = dict[str, str]


def _figure(ask: Ask, id: str) -> Figure:
    if id not in IDS:
        raise HTTPException(404)
    return figure(ask, id)


def _home(ask: Ask, here: Figure) -> str:
    """The page that has the figure with everything round it."""
    return f"/{ask.language}/follow" + (f"?{here.query}" if here.query else "")


def _drawn(ask: Ask, here: Figure) -> str:
    base = ask.settings.public_url.rstrip("/")
    svg = ask.site.render("charts/alone.xml", ask.language, f=here, size=_size(here), at=ask.at, latest=ask.latest)
    return alone(svg, base, base + _home(ask, here))


def _size(here: Figure) -> tuple[float, float]:
    """How large a drawing stands in its picture: as wide as there is room, at most as high as a screen."""
    d = here.drawing
    if here.line is None or d is None or d == ():
        return WIDE, 80.0
    if here.id == "map":
        wide, high = d.map.width + 8, d.map.height + 8
    elif here.id in ("flows", "timeline"):
        wide, high = d.width, d.height
    else:
        wide, high = 560.0, len(d) * 42.0 + 6
    scale = 1.0 if here.id == "flows" else min((600 if here.id == "map" else WIDE) / wide, 620 / high)
    return round(wide * scale, 1), round(high * scale, 1)


def _svg(ask: Ask, told: Headers, id: str) -> Response:
    body = _drawn(ask, _figure(ask, id))
    return Response(body, media_type="image/svg+xml; charset=utf-8", headers={**told, **ANY_ORIGIN})


def _png(ask: Ask, told: Headers, id: str) -> Response:
    body = png(_drawn(ask, _figure(ask, id)), PNG_WIDTH)
    return Response(body, media_type="image/png", headers={**told, **ANY_ORIGIN})


def _csv(ask: Ask, told: Headers, id: str) -> Response:
    here = _figure(ask, id)

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return table(here)

    return ask.site.csv((COLUMNS, rows), f"/chart/{id}", here.publication, told)


def _embed(ask: Ask, told: Headers, id: str) -> Response:
    here = _figure(ask, id)
    newest = publications_of(ask.conn, before=here.publication + 1, limit=1)
    text = ask.site.render(
        "charts/embed.html",
        ask.language,
        f=here,
        published=newest[0].at if newest else "",
        home=_home(ask, here),
        at=ask.at,
        latest=ask.latest,
        fictional=ask.fictional([here.jurisdiction.code] if here.jurisdiction else []),
    )
    return HTMLResponse(text, headers={**told, **_FRAMED, "Content-Language": ask.language})


def _card(ask: Ask, told: Headers, title: str, figures: Iterable[tuple[str, str]], codes: Iterable[str]) -> Response:
    svg = ask.site.render(
        "charts/card.xml",
        ask.language,
        title=title,
        lines=wrapped(title, 38, 3),
        figures=list(figures)[:3],
        publication=ask.latest if ask.at is None else ask.at,
        fictional=ask.fictional(codes),
    )
    body = png(alone(svg, ask.settings.public_url.rstrip("/")), CARD_WIDTH)
    return Response(body, media_type="image/png", headers={**told, **ANY_ORIGIN})


def _site_card(ask: Ask, told: Headers) -> Response:
    counts = reading.process_counts(ask.conn, ask.at)
    several = {kind: sum(c.get(kind, 0) for c in counts.values()) for kind in ("aid", "programme", "procurement")}
    words = [(ask.words.term("kind", kind), ask.words.number(n)) for kind, n in several.items() if n]
    return _card(ask, told, ask.settings.publisher_name, words, ())


def _record_card(ask: Ask, told: Headers, ocid: str) -> Response:
    found = reading.process(ask.conn, ocid, ask.at)
    if found is None:
        raise NotFound("no_process", ocid=ocid)
    sums = [t for t in of_arcs(movements(ask.conn, ask.at, ocids=[ocid])) if t.currency]
    words = [(ask.words.term("stage", t.stage), ask.words.amount(t.amount, t.currency)) for t in sums]
    return _card(ask, told, found.title, words, [found.jurisdiction])

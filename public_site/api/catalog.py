"""What search engines and data portals read: `/robots.txt`, `/sitemap.xml` and the catalogue `/catalog.jsonld`.

In: the store, the register, the newest downloads. Out: the site's addresses in parts of 50,000 (sitemaps.org), and the
ledger as DCAT 3 datasets with every file, its checksum and its licence (https://www.w3.org/TR/vocab-dcat-3/).
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape

import orjson
import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from ledger import reading, store, tables, workflow
from ledger.errors import NotFound
from ledger.settings import Jurisdiction, Register, Settings
from ledger.values import utc_text
from public_site import addresses, described, exports, i18n
from public_site.exports import manifest

PART = 20_000  # addresses of one part; each stands there in every language, and a part may hold 50,000


def router(settings: Settings, register: Register, engine: sa.Engine) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    home = settings.public_url.rstrip("/")
    headers = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}

    @routes.get("/robots.txt")
    def robots() -> PlainTextResponse:
        """Everything may be read but the desk, and lists narrowed by filters: their number has no end."""
        closed = "".join(f"Disallow: /{code}/{page}?\n" for code in i18n.languages() for page in ("search", "follow"))
        told = f"User-agent: *\nDisallow: /desk\nDisallow: /api/\n{closed}Allow: /\n\nSitemap: {home}/sitemap.xml\n"
        return PlainTextResponse(told, headers=headers)

    @routes.get("/sitemap.xml")
    def index() -> Response:
        """The list of parts."""
        with store.reading(engine) as conn:
            parts = -(-sum(1 for _ in addresses.every(conn, register)) // PART)
        entries = "".join(f"<sitemap><loc>{escape(home)}/sitemap-{n}.xml</loc></sitemap>" for n in range(1, parts + 1))
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="{_SITEMAP}">{entries}</sitemapindex>'
        return Response(body, media_type="application/xml", headers=headers)

    @routes.get("/sitemap-{number}.xml")
    def part(number: int) -> Response:
        """One part: each address in each language, with the other languages beside it."""
        start = max(0, number - 1) * PART
        with store.reading(engine) as conn:
            times = _times(conn)
            several = list(islice(addresses.every(conn, register), start, start + PART))
        if number < 1 or not several:
            raise NotFound("no_file", path=f"sitemap-{number}.xml")
        last = max(times.values(), default="")
        entries = "".join(_entry(home, path, times.get(since, last)) for path, since in several)
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{_SITEMAP}" '
            f'xmlns:xhtml="http://www.w3.org/1999/xhtml">{entries}</urlset>'
        )
        return Response(body, media_type="application/xml", headers=headers)

    @routes.get("/catalog.jsonld")
    def catalog() -> Response:
        """The ledger for data portals."""
        with store.reading(engine) as conn:
            told = catalogue(conn, settings, register)
        body = orjson.dumps(told, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/ld+json", headers=headers)

    return routes


_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def _times(conn: sa.Connection) -> dict[int, str]:
    p = tables.publications
    return {number: utc_text(at) for number, at in conn.execute(sa.select(p.c.number, p.c.at))}


def _entry(home: str, path: str, at: str) -> str:
    path = escape(path)
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(home)}/{code}{path}"/>'
        for code in i18n.languages()
    )
    changed = f"<lastmod>{at}</lastmod>" if at else ""
    return "".join(f"<url><loc>{escape(home)}/{code}{path}</loc>{changed}{others}</url>" for code in i18n.languages())


# --- the catalogue ------------------------------------------------------------------------------------------------


def catalogue(conn: sa.Connection, settings: Settings, register: Register) -> dict[str, Any]:
    """The ledger as a DCAT catalogue: one dataset a jurisdiction, and one of everything with every file."""
    home = settings.public_url.rstrip("/")
    latest = workflow.latest_publication(conn)
    issued, changed = workflow.published_at(conn, 1), workflow.published_at(conn, latest)
    counts = reading.process_counts(conn, None)
    datasets = [_whole(home, settings, changed)]
    datasets += [_of(home, j, sum(counts.get(j.code, {}).values()), changed) for j in register.jurisdictions]
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": f"{home}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": settings.publisher_name,
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": settings.publisher_name},
        "dct:language": list(i18n.languages()),
        **_when(issued, changed),
        "foaf:homepage": {"@id": f"{home}/"},
        "dcat:dataset": datasets,
    }


def _when(issued: datetime | None, changed: datetime | None) -> dict[str, Any]:
    told = {"dct:issued": issued, "dct:modified": changed}
    return {key: {"@value": utc_text(at), "@type": "xsd:dateTime"} for key, at in told.items() if at}


def _whole(home: str, settings: Settings, changed: datetime | None) -> dict[str, Any]:
    folder = exports.newest(settings)
    listed = json.loads((folder / manifest.NAME).read_text("utf-8"))["files"] if folder else ()
    files = [
        {
            "@type": "dcat:Distribution",
            "dct:title": entry["path"],
            "dcat:downloadURL": {"@id": f"{home}/downloads/{folder.name}/{entry['path']}"},
            "dcat:mediaType": described.media_type(entry["path"]),
            "dcat:byteSize": entry["bytes"],
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": entry["sha256"],
            },
            "dct:license": {"@id": settings.license},
        }
        for entry in listed
        if folder
    ]
    return {
        "@id": f"{home}/catalog.jsonld#everything",
        "@type": "dcat:Dataset",
        "dct:title": [
            {"@value": "COVID-19 aid, donations and procurement: everything", "@language": "en"},
            {"@value": "Ayuda, donaciones y compras por la COVID-19: todo", "@language": "es"},
        ],
        "dct:description": [{"@value": text, "@language": code} for code, text in described.DESCRIPTION.items()],
        "dcat:landingPage": {"@id": f"{home}/en/downloads"},
        "dct:conformsTo": {"@id": "https://standard.open-contracting.org/1.1/en/"},
        "dct:license": {"@id": settings.license},
        **_when(None, changed),
        "dcat:distribution": files,
    }


def _of(home: str, where: Jurisdiction, records: int, changed: datetime | None) -> dict[str, Any]:
    return {
        "@id": f"{home}/catalog.jsonld#{where.code}",
        "@type": "dcat:Dataset",
        "dct:title": [{"@value": name, "@language": code} for code, name in where.names.items()],
        "dct:identifier": where.code,
        "dcat:landingPage": {"@id": f"{home}/en/jurisdiction/{where.code}"},
        **({"dct:license": where.licence} if where.licence else {}),
        **({"dct:rights": next(iter(where.credit.values()))} if where.credit else {}),
        "dct:spatial": where.names.get("en", where.code),
        **_when(None, changed),
        "dct:extent": f"{records} records",
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": "CSV",
                "dcat:downloadURL": {"@id": f"{home}/en/search.csv?jurisdiction={where.code}"},
                "dcat:mediaType": "text/csv",
            },
            {
                "@type": "dcat:Distribution",
                "dct:title": "OCDS records",
                "dcat:accessURL": {"@id": f"{home}/ocds/records?jurisdiction={where.code}"},
                "dcat:mediaType": "application/json",
            },
        ],
    }

"""A square code for posters and paper: a phone that looks at it opens the record's page.

In: an ocid. Out: an SVG at `/qr/{ocid}.svg`. The code holds the address without language, so that each reader's phone
chooses its own. segno (BSD) draws it.
"""

from __future__ import annotations

import io

import segno
import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response

from ledger import reading, store
from ledger.errors import NotFound
from ledger.settings import Settings


def router(settings: Settings, engine: sa.Engine) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/qr/{ocid}.svg")
    def qr(ocid: str) -> Response:
        """The code of one record; the address in it chooses the language of the phone that opens it."""
        with store.reading(engine) as conn:
            if reading.process(conn, ocid, None) is None:
                raise NotFound("no_process", ocid=ocid)
        out = io.BytesIO()
        address = f"{settings.public_url.rstrip('/')}/r/{ocid}"
        segno.make(address, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, nl=False)
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(out.getvalue(), media_type="image/svg+xml", headers=headers)

    return routes

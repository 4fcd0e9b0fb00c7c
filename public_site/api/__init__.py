"""The OCDS interface and the downloads, for machines: packages, single releases and records, files.

`router` is what `public_site.app.create_app` includes. `ocds` answers from the store, `files` serves what `exports`
has built. Nothing here writes; everything may be read from any origin without an account.
"""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter

from ledger.settings import Register, Settings
from public_site.api import catalog, files, ocds, qr

__all__ = ["router"]


def router(settings: Settings, register: Register, engine: sa.Engine) -> APIRouter:
    """Return every route under /ocds, /downloads and /qr, the sitemap, the catalogue and robots.txt."""
    both = APIRouter()
    both.include_router(files.router(settings))
    both.include_router(ocds.router(settings, engine))
    both.include_router(qr.router(settings, engine))
    both.include_router(catalog.router(settings, register, engine))
    return both

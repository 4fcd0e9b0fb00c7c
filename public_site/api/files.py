"""Static public files: one publication's downloads, the newest OCDS bulk files, the local extension.

A reader's address is looked up in the manifest and never joined to a path: what the manifest does not list does
not exist. Answers carry the file's SHA-256 as ETag and the publication's time as Last-Modified.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from ledger.errors import NotFound
from ledger.settings import Settings
from ocds import schema
from public_site import exports
from public_site.exports import manifest

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
FOR_EVER = "public, max-age=31536000, immutable"
A_MINUTE = "public, max-age=60"


def router(settings: Settings) -> APIRouter:
    routes = APIRouter(tags=["files"])
    extension = schema.aid_extension(settings.public_url)

    @routes.get("/ocds/extensions/aid/{path:path}", response_class=Response)
    def extension_file(path: str) -> Response:
        """A file of the local OCDS extension `aid`: extension.json, release-schema.json, codelists."""
        if path not in extension:
            raise NotFound("no_file", path=path)
        media = mimetypes.guess_type(path)[0] or "text/plain; charset=utf-8"
        return Response(extension[path], media_type=media, headers={**ANY_ORIGIN, "Cache-Control": A_MINUTE})

    @routes.get("/ocds/bulk/{kind}/{path:path}", response_class=Response)
    def bulk_file(request: Request, kind: str, path: str) -> Response:
        """A bulk file of the newest downloads. `kind` is all, aid, programme or procurement."""
        folder = exports.newest(settings)
        if folder is None:
            raise NotFound("no_downloads_yet")
        return _file(request, folder, f"ocds/bulk/{kind}/{path}", A_MINUTE)

    @routes.get("/downloads/{publication}/{path:path}", response_class=Response)
    def download(request: Request, publication: int, path: str) -> Response:
        """A download of one publication; `manifest.json` lists them with checksums, rows and totals."""
        folder = settings.downloads / str(publication)
        if not (folder / manifest.NAME).exists():
            raise NotFound("no_publication", number=publication)
        if path == manifest.NAME:
            body = (folder / manifest.NAME).read_bytes()
            return Response(body, media_type="application/json", headers={**ANY_ORIGIN, "Cache-Control": FOR_EVER})
        return _file(request, folder, path, FOR_EVER)

    return routes


def _file(request: Request, folder: Path, path: str, cache: str) -> Response:
    listed: dict[str, Any] | None = manifest.entry(folder, path)
    if listed is None:
        raise NotFound("no_file", path=path)
    tag = f'"{listed["sha256"]}"'
    headers = {**ANY_ORIGIN, "ETag": tag, "Cache-Control": cache}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    name = "-".join(["ledger", folder.name, *Path(listed["path"]).parts[-3:]])
    return FileResponse(folder / listed["path"], media_type=listed["media_type"], filename=name, headers=headers)

"""The desk's way back for a workbook: the officer's own file with its wrong cells marked, to be mended and sent again.

In: a submission that was read. Out: an .xlsx to save. It is made anew each time, in a confined child process, and is
kept nowhere; how marks are made is `importers.annotate`. Read `add` first.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response

from importers import annotate
from ledger import store, workflow
from ledger.errors import NotFound
from public_site.web import Site, policy

if TYPE_CHECKING:
    from public_site.desk.routes import Person

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def add(
    routes: APIRouter,
    site: Site,
    person_or_sign_in: Callable[[Request], Person | Response],
    visible: Callable[[sa.Connection, str], set[str]],
) -> None:
    """Add the route to the desk's; both functions are the desk's own."""

    @routes.get("/submissions/{id}/files/{number}/marked")
    @policy("session")
    def marked(request: Request, id: int, number: int) -> Response:
        person = person_or_sign_in(request)
        if isinstance(person, Response):
            return person
        with store.reading(site.engine) as conn:
            told = workflow.submission(conn, id)
            mine = visible(conn, person.account)
            if "" not in mine and told.publisher not in mine:
                raise NotFound("no_submission", id=id)  # the same answer as for one that is not there
        if not 1 <= number <= len(told.files):
            raise NotFound("no_submission", id=id)
        sha256, name = told.files[number - 1]
        with tempfile.TemporaryDirectory(prefix="ledger-marked-") as folder:
            made = annotate.annotated(
                store.upload_path(site.settings, sha256),
                name,
                told.findings,
                person.language,
                site.settings,
                Path(folder) / "marked.xlsx",
            )
            if made is None:
                raise NotFound("no_marks", name=name)
            content = made.read_bytes()
        return Response(content, media_type=XLSX, headers={"Content-Disposition": _saved_as(name), **_UNSEEN})


_UNSEEN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _saved_as(name: str) -> str:
    """`contracts.xlsx` is saved as `contracts.report.xlsx`; the name came from outside, so only its plain letters
    stand in the old form of the header."""
    stem = re.sub(r"\.\w{1,5}$", "", Path(name).name)[:100] or "file"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", stem)
    return f"attachment; filename=\"{plain}.report.xlsx\"; filename*=UTF-8''{quote(stem)}.report.xlsx"

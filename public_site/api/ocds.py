"""OCDS packages from the store: releases and records, page by page and one by one, and the index of everything.

Pages ascend by (date, id), so that a crawler that stops can go on where it was and meets nothing twice. A page has
one key more than a package: `links`, with the address of the next page; the bulk files have none. Releases are
served as they were stored. Source of the rules: https://ocp-data-registry.readthedocs.io and OCDS 1.1 hosting guidance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from ledger import tables
from ledger.errors import NotFound, Refused
from ledger.settings import Settings
from ledger.store import reading, unpacked
from ledger.totals import at_publication
from ledger.values import utc_text
from ocds import package, schema
from public_site import exports
from public_site.api.files import A_MINUTE, ANY_ORIGIN
from public_site.exports import manifest
from public_site.exports.bulk import KINDS, release_url

LIMIT = 100
LIMIT_MAX = 1000

Kind = Literal["aid", "programme", "procurement"]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="members in one page")]
Since = Annotated[str, Query(description="only members dated at or after this time (UTC), e.g. 2020-05-01T00:00:00Z")]
Until = Annotated[str, Query(description="only members dated before this time (UTC)")]
Cursor = Annotated[str, Query(description="where the last page ended; copy `links.next`")]


def router(settings: Settings, engine: sa.Engine) -> APIRouter:
    routes = APIRouter(prefix="/ocds", tags=["ocds"])
    door = _Door(settings, engine)

    @routes.get("/index.json", response_class=Response)
    def index() -> Response:
        """What there is: counts, every bulk file with its checksum, and the first page of each list."""
        return door.index()

    @routes.get("/releases", response_class=Response)
    def releases(
        since: Since = "",
        until: Until = "",
        kind: Kind | None = None,
        jurisdiction: str = "",
        cursor: Cursor = "",
        limit: Limit = LIMIT,
    ) -> Response:
        """A release package of up to `limit` releases, oldest first. An empty result is an empty list and 200."""
        return door.releases(_Asked("releases", since, until, kind or "", jurisdiction, cursor, limit))

    @routes.get("/records", response_class=Response)
    def records(
        since: Since = "",
        until: Until = "",
        kind: Kind | None = None,
        jurisdiction: str = "",
        cursor: Cursor = "",
        limit: Limit = LIMIT,
    ) -> Response:
        """A record package of up to `limit` records, longest unchanged first; `since` asks what changed."""
        return door.records(_Asked("records", since, until, kind or "", jurisdiction, cursor, limit))

    @routes.get("/releases/{ocid}/{id}", response_class=Response)
    def release(ocid: str, id: str) -> Response:
        """A release package of one release: where the linked releases of a record lead."""
        return door.release(ocid, id)

    @routes.get("/records/{ocid}", response_class=Response)
    def record(ocid: str) -> Response:
        """A record package of one process: its releases, linked, and what they compile to."""
        return door.record(ocid)

    return routes


class _Asked:
    """One page that was asked for; `url` is its one true address, whatever order the reader's query had."""

    def __init__(
        self, what: str, since: str, until: str, kind: str, jurisdiction: str, cursor: str, limit: int
    ) -> None:
        self.what, self.kind, self.jurisdiction, self.limit = what, kind, jurisdiction, limit
        self.since, self.until = _moment("since", since), _moment("until", until)
        self.cursor = cursor
        self.after = _after(cursor)

    def url(self, base: str, cursor: str | None = None) -> str:
        query = {
            "since": self.since,
            "until": self.until,
            "kind": self.kind,
            "jurisdiction": self.jurisdiction,
            "limit": "" if self.limit == LIMIT else str(self.limit),
            "cursor": self.cursor if cursor is None else cursor,
        }
        told = urlencode({k: v for k, v in query.items() if v})
        return f"{base}/ocds/{self.what}" + (f"?{told}" if told else "")


def _moment(name: str, text: str) -> str:
    """Return a time as release dates are written. A date alone is its first second, UTC."""
    if not text:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("not_a_time", name=name, shown=text[:40]) from None
    return utc_text(at if at.tzinfo else at.replace(tzinfo=UTC))


def _after(cursor: str) -> tuple[str, str] | None:
    """Read `2020-05-01T00:00:00Z~ocds-…`: the date and id of the last member of the page before."""
    if not cursor:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z~.+", cursor):
        raise Refused("not_a_cursor", shown=cursor[:80])
    date, _, id = cursor.partition("~")
    return date, id


class _Door:
    def __init__(self, settings: Settings, engine: sa.Engine) -> None:
        self.settings, self.engine, self.meta = settings, engine, exports.meta_of(settings)
        self.base = self.meta.public_url

    # --- pages ----------------------------------------------------------------------------------------------

    def releases(self, asked: _Asked) -> Response:
        t = tables.releases
        with reading(self.engine) as conn:
            query = sa.select(t.c.date, t.c.id, t.c.body)
            rows = conn.execute(_page(query, t, t.c.id, asked)).all()
            published = _published(conn)
        members = [unpacked(r.body) for r in rows[: asked.limit]]
        told = package.release_package(members, self.meta, asked.url(self.base), published)
        return self._answer(told, asked, [(r.date, r.id) for r in rows])

    def records(self, asked: _Asked) -> Response:
        t = tables.records
        with reading(self.engine) as conn:
            query = sa.select(t.c.date, t.c.ocid.label("id"), t.c.ocid, t.c.compiled).where(
                t.c.to_publication.is_(None)
            )
            rows = conn.execute(_page(query, t, t.c.ocid, asked)).all()
            members = self._records(conn, rows[: asked.limit])
            published = _published(conn)
        told = package.record_package(members, self.meta, asked.url(self.base), published)
        return self._answer(told, asked, [(r.date, r.id) for r in rows])

    def _answer(self, told: dict[str, Any], asked: _Asked, keys: list[tuple[str, str]]) -> Response:
        if len(keys) > asked.limit:
            date, id = keys[asked.limit - 1]
            told["links"] = {"next": asked.url(self.base, f"{date}~{id}")}
        return _json(told)

    # --- one by one -----------------------------------------------------------------------------------------

    def release(self, ocid: str, id: str) -> Response:
        t = tables.releases
        with reading(self.engine) as conn:
            row = conn.execute(
                sa.select(t.c.body, tables.publications.c.at)
                .join(tables.publications, tables.publications.c.number == t.c.publication)
                .where(t.c.ocid == ocid, t.c.id == id)
            ).one_or_none()
        if row is None:
            raise NotFound("no_release", ocid=ocid, id=id)
        uri = f"{self.base}/ocds/releases/{ocid}/{id}"
        return _json(package.release_package([unpacked(row.body)], self.meta, uri, utc_text(row.at)))

    def record(self, ocid: str) -> Response:
        t = tables.records
        with reading(self.engine) as conn:
            rows = conn.execute(
                sa.select(t.c.ocid, t.c.compiled, t.c.from_publication).where(
                    t.c.ocid == ocid, t.c.to_publication.is_(None)
                )
            ).all()
            if not rows:
                raise NotFound("no_process", ocid=ocid)
            members = self._records(conn, rows)
            published = _published(conn, rows[0].from_publication)
        return _json(package.record_package(members, self.meta, f"{self.base}/ocds/records/{ocid}", published))

    def _records(self, conn: sa.Connection, rows: Iterable[Any]) -> list[dict[str, Any]]:
        rows = list(rows)
        t = tables.releases
        linked = conn.execute(
            sa.select(t.c.ocid, t.c.id, t.c.date, t.c.tag)
            .where(t.c.ocid.in_([r.ocid for r in rows]))
            .order_by(t.c.ocid, t.c.number)
        )
        histories = {
            ocid: [{"ocid": ocid, "id": r.id, "date": r.date, "tag": r.tag.split(",")} for r in several]
            for ocid, several in groupby(linked, key=lambda r: str(r.ocid))
        }
        return [
            package.record(r.ocid, histories[r.ocid], unpacked(r.compiled), lambda x: release_url(self.base, x))
            for r in rows
        ]

    # --- the index ------------------------------------------------------------------------------------------

    def index(self) -> Response:
        r, c = tables.releases, tables.records
        with reading(self.engine) as conn:
            number = conn.scalar(sa.select(sa.func.max(tables.publications.c.number))) or 0
            of_releases = sa.select(r.c.kind, sa.func.count()).group_by(r.c.kind)
            of_records = sa.select(c.c.kind, sa.func.count()).where(at_publication(c, None)).group_by(c.c.kind)
            releases = {kind: int(n) for kind, n in conn.execute(of_releases)}
            records = {kind: int(n) for kind, n in conn.execute(of_records)}
            published = _published(conn) if number else None
        counts = {kind: {"releases": releases.get(kind, 0), "records": records.get(kind, 0)} for kind in KINDS}
        counts["all"] = {"releases": sum(releases.values()), "records": sum(records.values())}
        folder = exports.newest(self.settings)
        told = manifest.read(folder) if folder else None
        return _json(
            {
                "publication": number,
                "published": published,
                "publisher": self.settings.publisher_name,
                "license": self.settings.license,
                "version": "1.1",
                "extensions": schema.EXTENSIONS(schema.aid_url(self.base)),
                "counts": counts,
                "pages": {
                    what: {
                        "url": f"{self.base}/ocds/{what}",
                        "limit": LIMIT,
                        "pages": -(-counts["all"][what] // LIMIT),
                    }
                    for what in ("releases", "records")
                },
                "downloads": self._downloads(told),
                "files": self._files(told),
            }
        )

    def _downloads(self, told: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if told is None:
            return None
        n = told["publication"]
        return {"publication": n, "manifest": f"{self.base}/downloads/{n}/{manifest.NAME}"}

    def _files(self, told: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Every file with its two addresses: `latest` always gives the newest, `url` this one for ever."""
        if told is None:
            return []
        return [
            {
                "url": f"{self.base}/downloads/{told['publication']}/{f['path']}",
                "latest": f"{self.base}/{f['path']}" if f["path"].startswith("ocds/") else None,
                **{k: f[k] for k in ("type", "kind", "language", "media_type", "sha256", "bytes", "rows") if k in f},
            }
            for f in told["files"]
        ]


def _page(query: sa.Select[Any], t: sa.Table, id: sa.ColumnElement[str], asked: _Asked) -> sa.Select[Any]:
    """One page and one member more, which says whether there is a next page."""
    if asked.since:
        query = query.where(t.c.date >= asked.since)
    if asked.until:
        query = query.where(t.c.date < asked.until)
    if asked.kind:
        query = query.where(t.c.kind == asked.kind)
    if asked.jurisdiction:
        query = query.where(t.c.jurisdiction == asked.jurisdiction)
    if asked.after:
        query = query.where(sa.tuple_(t.c.date, id) > sa.tuple_(*(sa.literal(v) for v in asked.after)))
    return query.order_by(t.c.date, id).limit(asked.limit + 1)


def _published(conn: sa.Connection, number: int | None = None) -> str:
    """When the data of an answer became public: constant until the next publication, so that answers can be cached."""
    t = tables.publications
    query = sa.select(t.c.at).order_by(t.c.number.desc()).limit(1)
    if number is not None:
        query = query.where(t.c.number == number)
    at = conn.scalar(query)
    if at is None:
        raise NotFound("nothing_published")
    return utc_text(at)


def _json(told: Mapping[str, Any]) -> Response:
    return Response(
        orjson.dumps(told), media_type="application/json", headers={**ANY_ORIGIN, "Cache-Control": A_MINUTE}
    )

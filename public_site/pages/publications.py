"""What was published when, by whom, and what changed; the files of a publication; the log of digests.

In: publications and releases. Out: pages `/publications`, `/publication/{number}`, `/downloads`, `/log`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.errors import NotFound
from ledger.publish import Publication, publication, publications_of
from ledger.reading import Changed
from ledger.values import utc_text
from public_site import described, exports
from public_site.exports import manifest
from public_site.pages import page
from public_site.web import Ask, Page, Row, plain

PAGE = 50


@dataclass(frozen=True, slots=True)
class Publications:
    rows: tuple[Publication, ...]
    people: Mapping[str, str]
    next: str


def _asked(ask: Ask, limit: int) -> tuple[list[Publication], str]:
    before = int(ask.get("after")) if ask.get("after").isdecimal() and len(ask.get("after")) < 9 else None
    if ask.at is not None:
        before = min(before or ask.at + 1, ask.at + 1)
    rows = publications_of(ask.conn, before=before, limit=limit + 1)
    return rows[:limit], str(rows[limit - 1].number) if len(rows) > limit else ""


def _told(p: Publication, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        "number": p.number,
        "at": utc_text(p.at),
        "publisher": p.publisher,
        "certified_by": people.get(p.certified_by, ""),
        "change_digest": p.change_digest,
        **{
            k: p.summary.get(k)
            for k in ("dataset", "period", "added", "changed", "withdrawn", "unchanged", "held", "releases")
        },
    }


@page("/publications", ("json", "csv", "atom"))
def publications(ask: Ask) -> Page:
    rows, after = _asked(ask, PAGE)
    people = reading.people(ask.conn, [p.certified_by for p in rows])
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    columns = ("number", "at", "publisher", "certified_by", "change_digest", "dataset", "period", "added", "changed",
               "withdrawn", "unchanged", "held", "releases")  # fmt: skip

    def every(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        several = publications_of(conn, before=None if ask.at is None else ask.at + 1, limit=1_000_000)
        names = reading.people(conn, [p.certified_by for p in several])
        for p in several:
            told = _told(p, names)
            yield [told[c] for c in columns]

    publishers = {p.id: p.name for p in ask.register.publishers}
    feed = [
        Row(
            f"publication-{p.number}",
            f"{p.number}: {publishers.get(p.publisher, p.publisher)}",
            f"{base}/publication/{p.number}",
            utc_text(p.at),
        )
        for p in rows
    ]
    return Page(
        "pages/publications.html",
        Publications(tuple(rows), people, ask.url("publications", after=after) if after else ""),
        {"publication": ask.latest, "items": [_told(p, people) for p in rows], "next": after or None},
        (columns, every),
        feed,
        fictional=ask.fictional(),
    )


@dataclass(frozen=True, slots=True)
class One:
    publication: Publication
    certified_by: str
    changes: tuple[Changed, ...]
    next: str
    totals: tuple[Mapping[str, Any], ...]
    has_downloads: bool


@page("/publication/{number}", ("json", "csv"))
def one(ask: Ask, number: str) -> Page:
    known = publication(ask.conn, int(number)) if number.isdecimal() and len(number) < 9 else None
    if known is None:
        raise NotFound("no_publication", number=number)
    changed = reading.released(ask.conn, known.number, ask.get("after"), 101)
    people = reading.people(ask.conn, [known.certified_by])
    after = changed[99].ocid if len(changed) > 100 else ""
    moved = tuple(t for t in known.summary.get("totals", ()) if t["before"] != t["after"])
    view = One(
        known,
        people.get(known.certified_by, ""),
        tuple(changed[:100]),
        ask.url("publication", known.number, after=after) if after else "",
        moved,
        (ask.settings.downloads / str(known.number) / manifest.NAME).exists(),
    )

    def every(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        for c in reading.released(conn, known.number, limit=1_000_000):
            yield c.ocid, c.number, c.kind, c.title, ";".join(c.tags)

    told = {
        **_told(known, people),
        "totals": known.summary.get("totals", []),
        "releases": [{"ocid": c.ocid, "number": c.number, "tag": c.tags, "title": c.title} for c in view.changes],
        "next": after or None,
    }
    jurisdiction = next((p.jurisdiction for p in ask.register.publishers if p.id == known.publisher), "")
    return Page(
        "pages/publication.html", view, told, (("ocid", "release", "kind", "title", "tag"), every),
        fictional=ask.fictional([jurisdiction]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    path: str
    url: str
    type: str
    kind: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Downloads:
    number: int | None
    behind: int
    published: str
    files: tuple[tuple[str, tuple[File, ...]], ...]
    processes: int
    releases: int


@page("/downloads")
def downloads(ask: Ask) -> Page:
    folder: Path | None = exports.newest(ask.settings) if ask.at is None else ask.settings.downloads / str(ask.at)
    if folder is None or not (folder / manifest.NAME).exists():
        return Page("pages/downloads.html", Downloads(None, 0, "", (), 0, 0), {"publication": None, "files": []})
    told = manifest.read(folder)
    number = int(told["publication"])
    groups: dict[str, list[File]] = {}
    for f in told["files"]:
        file = File(
            f["path"],
            f"/downloads/{number}/{f['path']}",
            f["type"],
            str(f.get("kind") or ""),
            f["rows"],
            f["bytes"],
            f["sha256"],
        )
        groups.setdefault(f["type"], []).append(file)
    order = ("workbook", "table", "compiled", "records", "releases")
    files = tuple((t, tuple(groups[t])) for t in sorted(groups, key=lambda t: order.index(t) if t in order else 9))
    counts = told["counts"]
    view = Downloads(
        number,
        ask.latest - number if ask.at is None else 0,
        told["published"],
        files,
        counts["records"],
        counts["releases"],
    )
    dataset = described.ledger(
        ask.settings,
        ask.register,
        ask.language,
        number,
        told["published"],
        (f for f in told["files"] if f.get("kind") in (None, "", "all")),
    )
    return Page("pages/downloads.html", view, told, fictional=ask.fictional(), dataset=dataset)


@page("/log")
def log(ask: Ask) -> Page:
    rows, after = _asked(ask, 200)
    people = reading.people(ask.conn, [p.certified_by for p in rows])
    view = Publications(tuple(rows), people, ask.url("log", after=after) if after else "")
    told = {
        "publication": ask.latest,
        "items": [
            {"number": p.number, "at": plain(p.at), "publisher": p.publisher, "change_digest": p.change_digest}
            for p in rows
        ],
        "next": after or None,
    }
    return Page("pages/log.html", view, told, fictional=ask.fictional())

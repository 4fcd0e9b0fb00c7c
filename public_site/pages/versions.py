"""Every published version of one process: when, who answered for it, and what it changed, in sentences.

In: the releases of a process. Out: page `/process/{ocid}/history`. Two versions are compared as readers see them,
without what deletions leave behind. Read `steps` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ledger import changes, reading
from ledger.errors import NotFound
from ledger.projections import compiled_of
from ledger.reading import Process
from ledger.values import decimal
from ocds import merge, paths
from public_site.pages import page
from public_site.pages.labels import entry_of, is_minted, label_of
from public_site.web import Ask, Page, Row

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Said:
    """One change in a reader's words: `before` and `after` are texts, empty where there was nothing."""

    kind: str  # added, changed, removed
    label: str
    locator: str
    before: str
    after: str
    parts: tuple[tuple[str, str], ...] = ()  # of a whole entry: (label, text)


@dataclass(frozen=True, slots=True)
class Field:
    """The same for machines: the value at a locator."""

    locator: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    release: reading.Release
    first: bool
    changes: tuple[Said, ...]
    fields: tuple[Field, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class History:
    process: Process
    steps: tuple[Step, ...]


@page("/process/{ocid}/history", ("json", "atom"))
def history(ask: Ask, ocid: str) -> Page:
    process = reading.process(ask.conn, ocid, ask.at)
    if process is None:
        raise NotFound("no_process", ocid=ocid)
    newest_first = tuple(reversed(list(steps(ask, reading.releases(ask.conn, ocid, ask.at)))))
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    told = {
        "publication": ask.latest if ask.at is None else ask.at,
        "ocid": ocid,
        "releases": [
            {
                "id": s.release.id,
                "publication": s.release.publication,
                "date": s.release.date,
                "tag": s.release.tags,
                "prepared_by": s.release.prepared_by,
                "certified_by": s.release.certified_by,
                "changes": [{"at": f.locator, "before": f.before, "after": f.after} for f in s.fields],
            }
            for s in newest_first
        ],
    }
    feed = [
        Row(s.release.id, process.title, f"{base}/process/{ocid}/history#{s.release.id}", s.release.date)
        for s in newest_first
    ]
    return Page(
        "pages/history.html",
        History(process, newest_first),
        told,
        feed=feed,
        title=process.title,
        fictional=ask.fictional([process.jurisdiction]),
    )


def steps(ask: Ask, releases: list[reading.Release]) -> Iterable[Step]:
    """Yield the versions, oldest first, each with what it changed against the one before."""
    states = [merge.tidy(compiled_of([r.body for r in releases[: n + 1]])) for n in range(len(releases))]
    if releases:
        yield Step(releases[0], True, (), (), 0)
    for (before, after), release in zip(pairwise(states), releases[1:], strict=True):
        fields = tuple(Field(*f) for f in changes.fields(before, after) if not _silent(f[0]))
        said = tuple(_said(ask, before, after, fields))
        yield Step(release, False, said[:SHOWN], fields, max(0, len(said) - SHOWN))


_SILENT = ("/id", "/date", "/tag", "/ocid", "/initiationType", "/language")


def _silent(locator: str) -> bool:
    # Roles follow from who is named where, and that is told.
    return (
        locator in _SILENT
        or locator.startswith("/tag/")
        or "/roles/" in locator
        or locator.endswith(("/amendsReleaseID", "/releaseID"))
    )


def _said(ask: Ask, before: Any, after: Any, fields: Iterable[Field]) -> Iterable[Said]:
    """Join the fields of an entry that is new or gone into one sentence; two halves of an amount into one amount."""
    entries: dict[tuple[str, str], list[Field]] = {}
    for field in fields:
        kind = "added" if field.before is None else "removed" if field.after is None else "changed"
        where = field.locator
        if kind != "changed":
            where = _outermost(before if kind == "added" else after, field.locator)
        entries.setdefault((kind, where), []).append(field)
    for (kind, where), several in entries.items():
        if where == several[0].locator and len(several) == 1:
            yield from _one(ask, kind, before, after, several[0])
            continue
        doc = after if kind == "added" else before
        parts = tuple(
            (label_of(f.locator, ask.language, entries=False), _text(ask, doc, f.locator))
            for f in several
            if not _told_by_another(f.locator, doc)
        )
        if parts:
            yield Said(kind, entry_of(where, ask.language), where, "", "", parts)


def _one(ask: Ask, kind: str, before: Any, after: Any, field: Field) -> Iterable[Said]:
    if kind != "changed" and _told_by_another(field.locator, after if kind == "added" else before):
        return
    if (
        kind == "changed"
        and field.locator.endswith("/currency")
        and _amount_at(after, field.locator) != _amount_at(before, field.locator)
    ):
        return  # the amount beside it changed too and says the currency
    was = "" if field.before is None else _text(ask, before, field.locator)
    now = "" if field.after is None else _text(ask, after, field.locator)
    yield Said(kind, label_of(field.locator, ask.language), field.locator, was, now)


def _amount_at(doc: Any, locator: str) -> Any:
    return paths.find(doc, locator.removesuffix("/currency") + "/amount")


def _outermost(absent: Any, locator: str) -> str:
    """The largest entry around a field that the other version does not have; the field itself when only it is new."""
    tokens = locator.strip("/").split("/")
    for n in range(1, len(tokens)):
        prefix = "/" + "/".join(tokens[:n])
        if (tokens[n - 1].startswith("=") or tokens[n - 1].isdigit()) and paths.find(absent, prefix) is None:
            return prefix
    return locator


def _told_by_another(locator: str, doc: Any) -> bool:
    """A currency is told with its amount, an id with its name; the ledger's own marks tell nothing."""
    parent, _, last = locator.rpartition("/")
    holder = paths.find(doc, parent)
    if last == "scheme" and parent.endswith(("/gazetteer", "/identifier", "/classification")):
        return True
    if last == "legalName":
        return True
    if not isinstance(holder, Mapping):
        return False
    if last == "currency":
        return holder.get("amount") is not None
    if last == "id":
        if str(holder.get("scheme") or "").endswith("-LEDGER"):
            return True
        named = any(holder.get(k) for k in ("name", "description", "title"))
        # The number of an entry stands in the sentence about it already; an item's is told by what the item is.
        return named or is_minted(str(holder["id"])) or parent.endswith(paths.member(holder["id"]))
    return last == "scheme" and bool(holder.get("identifier"))


def _text(ask: Ask, doc: Any, locator: str) -> str:
    """Write a value as a page would: an amount with its currency, a quantity with its goods, a day as a day."""
    value = paths.find(doc, locator)
    parent, _, last = locator.rpartition("/")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        currency = paths.find(doc, parent + "/currency") if last == "amount" else None
        number = decimal(value)
        text = ask.words.amount(number, str(currency)) if currency else ask.words.number(number)
        goods = _goods(doc, parent) if last == "quantity" else ""
        return f"{text} ({goods})" if goods else text
    if not isinstance(value, str):
        return ""
    if re.match(r"\d{4}-\d{2}-\d{2}(T|$)", value):
        return ask.words.date(value[:10])
    if parent.endswith("/gazetteer/identifiers"):
        area = next((a for j in ask.register.jurisdictions for a in j.areas if a.code == value), None)
        return ask.words.name(area.names) if area else value
    if last == "procurementMethod":
        return ask.words.term("method", value)
    if last == "status" or (last == "type" and "/flows/" in locator):
        return ask.words.term("event", value)
    return value


def _goods(doc: Any, line: str) -> str:
    """What a line of a delivery hands out: it names the item of its contract or gift by id alone."""
    found = re.fullmatch(r"(.*?)/(?:implementation/)?deliveries/[^/]+/items(/=[^/]+)", line)
    item = paths.find(doc, f"{found[1]}/items{found[2]}") if found else None
    return str(item.get("description") or "") if isinstance(item, Mapping) else ""

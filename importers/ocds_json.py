"""OCDS of other publishers becomes drafts of this ledger: same processes, same figures, our promises kept.

In: staged tables whose rows are releases or records. Out: `Built`: one draft a process (its releases merged as the
standard says), with the JSON pointer of every value, findings, held rows. The release that is published is a new one
of this ledger under the publisher's own ocid. Not here: types of values (`documents_repair`), old shapes
(`documents_upgrade`). Read `build` first, then `_Release`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from importers import documents_repair, documents_upgrade, identity
from importers.documents_parties import People, prepared, settled, united
from importers.documents_tree import Held, Leaf, Said, Tree, cells, decoded, first, leaves, plain, text
from importers.drafts.desk import Context
from importers.staged import StagedTable
from ledger import rules
from ledger.changes import body_sha256
from ledger.findings import Finding, Severity
from ledger.values import Draft, Locator, Source, utc_text
from ocds import merge, paths

IDENTITY = ("ocid", "id", "date", "tag", "initiationType", "language")
"""What a release says of itself: the release that this ledger publishes says it anew."""

_OCID = re.compile(r"ocds-[a-z0-9]{6}-[A-Za-z0-9._~:@+()=,;!*'-]{1,180}")
_LATER = datetime(2200, 1, 1, tzinfo=UTC)  # whether something lies in the future is asked when the file is received


@dataclass(slots=True)
class _Release:
    """One release on its way: the row it came in, its ocid, when it was said, its cleaned tree."""

    row: int
    table: int
    tree: Tree
    said_at: str
    order: int
    id: str = ""
    ocid: str = ""


@dataclass(slots=True)
class _Sheet:
    """One table of entries, and what is said and held of it."""

    index: int
    table: StagedTable
    said: Said
    held: dict[int, str] = field(default_factory=dict)
    releases: list[_Release] = field(default_factory=list)
    ocids: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class BuiltReleases:
    """The part of `drafts.Built` that documents make; same meaning of every field."""

    drafts: Mapping[str, list[Draft]]
    identities: list[identity.Identity]
    findings: list[Finding]
    held: Mapping[tuple[int, int], str]
    held_processes: frozenset[str]


def build(tables: Sequence[StagedTable], context: Context) -> BuiltReleases:
    """Build the drafts of every table that holds releases or records; other tables are left alone.

    Releases of one process are merged whatever file they stand in. A process that a release held back speaks of is
    not published at all by this import: half a history could be wrong in every figure. Pure.
    """
    sheets = [_Sheet(n, t, Said(t.file, t.sheet)) for n, t in enumerate(tables) if t.entries]
    if not sheets:
        return BuiltReleases({}, [], [], {}, frozenset())
    zone = ZoneInfo(context.jurisdiction.time_zone)
    for sheet in sheets:
        _read(sheet, zone)
        _named(sheet, context)
    people = People(context, ((r.tree, s.table.file, s.table.sheet) for s in sheets for r in s.releases))
    by_ocid: dict[str, list[tuple[_Sheet, _Release]]] = defaultdict(list)
    for sheet in sheets:
        for release in sheet.releases:
            by_ocid[release.ocid].append((sheet, release))
    drafts: dict[str, list[Draft]] = defaultdict(list)
    found: list[Finding] = []
    for ocid, told in sorted(by_ocid.items()):
        draft = _drafted(ocid, told, people, context, found)
        if draft is not None:
            drafts[_dataset(draft.kind)].append(draft)
    return BuiltReleases(
        dict(drafts),
        [_remembered(dataset, n, d) for dataset, ds in drafts.items() for n, d in enumerate(ds)],
        [*people.findings(), *(f for s in sheets for f in s.said.findings()), *found],
        {(s.index, row): code for s in sheets for row, code in s.held.items()},
        _waiting(sheets, drafts, context),
    )


# --- reading entries ----------------------------------------------------------------------------------------------


def _read(sheet: _Sheet, zone: ZoneInfo) -> None:
    repair = documents_repair.Repair(sheet.said, lambda day: _midnight(day, zone))
    for row in sheet.table.rows:
        pointer, kind, tagged = sheet.table.entries[row.number]
        tree = decoded(orjson.loads(tagged), pointer)
        try:
            for release in _releases(tree, kind, pointer, sheet.said):
                ocid = text(release.get("ocid"))
                if ocid:
                    sheet.ocids[row.number].add(ocid)
                sheet.releases.append(_cleaned(release, repair, sheet, row.number))
        except Held as stop:
            sheet.held[row.number] = stop.code
    sheet.releases = [r for r in sheet.releases if r.row not in sheet.held]


def _midnight(day: date, zone: ZoneInfo) -> str:
    at = datetime(day.year, day.month, day.day, tzinfo=zone).isoformat()
    # An offset of seconds (before time zones) is no RFC 3339 time.
    return at.replace("+00:00", "Z") if re.fullmatch(r".{19}[+-]\d\d:\d\d", at) else f"{at[:19]}Z"


def _releases(tree: Any, kind: str, pointer: str, said: Said) -> list[Tree]:
    found: list[Tree] = []
    if isinstance(tree, dict):
        found = documents_upgrade.releases_of(tree, said) if kind == "record" else [tree]
    if not found or not any(k in found[0] for k in ("ocid", *documents_repair.release_shape().members)):
        said.say("J035", Severity.ERROR, pointer, "", shown=first(tree).raw if first(tree) else "")  # type: ignore[union-attr]
        raise Held("J035")
    return found


def _cleaned(release: Tree, repair: documents_repair.Repair, sheet: _Sheet, row: int) -> _Release:
    said = sheet.said
    about = {key: release.get(key) for key in IDENTITY}
    if not text(about["ocid"]):
        said.say("J025", Severity.ERROR, first(release), "/ocid", shown="")
        raise Held("J025")
    if not text(about["date"]):
        said.say("J028", Severity.NOTICE, about["ocid"], "/date", shown="")
    elif not _sortable(text(about["date"]))[0]:
        said.say("J015", Severity.WARNING, about["date"], "/date", alike="/date")
    if isinstance(language := about["language"], Leaf) and text(language):
        repair.language(language, "/language")  # only said: the release that is published has the ledger's language
    documents_upgrade.upgraded(release, said)
    tree = repair.cleaned({k: v for k, v in release.items() if k not in IDENTITY})
    if isinstance(tender := tree.get("tender"), dict) and "id" not in tender:
        said.say("J021", Severity.NOTICE, first(tender), "/tender")
        tree["tender"] = {"id": release["ocid"].made(text(about["ocid"])), **tender}
    prepared(tree, said)
    order = len(sheet.releases)
    return _Release(row, sheet.index, tree, text(about["date"]), order, text(about["id"]), text(about["ocid"]))


def _named(sheet: _Sheet, context: Context) -> None:
    """Give every release the ocid that it is published under; one that another publisher here tells of is held."""
    prefix, publisher = context.settings.ocid_prefix, context.publisher
    for release in sheet.releases:
        own, leaf = release.ocid, f"{sheet.table.entries[release.row][0]}/ocid"
        if own.startswith(f"{prefix}-") and not own.startswith(f"{prefix}-{publisher}-"):
            sheet.said.say("J027", Severity.ERROR, leaf, "/ocid", shown=own)
            sheet.held[release.row] = "J027"
        elif not _OCID.fullmatch(own):
            kind = "aid" if _is_aid(release.tree) else "procurement"
            release.ocid = identity.ocid(prefix, publisher, kind, identity.number_slug(own))
            sheet.said.say("J026", Severity.NOTICE, leaf, "/ocid", shown=own, ocid=release.ocid)
        elif (owner := context.known.owner(own)) is not None and owner != publisher:
            sheet.said.say("J027", Severity.ERROR, leaf, "/ocid", shown=own)
            sheet.held[release.row] = "J027"
        sheet.ocids[release.row].add(release.ocid)
    sheet.releases = [r for r in sheet.releases if r.row not in sheet.held]


def _is_aid(tree: Tree) -> bool:
    planning = tree.get("planning")
    return isinstance(planning, dict) and "aid" in planning


# --- building -----------------------------------------------------------------------------------------------------


def _dataset(kind: str) -> str:
    return {"aid": "aid", "programme": "programmes"}.get(kind, "procurement")


def _drafted(
    ocid: str, told: Sequence[tuple[_Sheet, _Release]], people: People, context: Context, found: list[Finding]
) -> Draft | None:
    """The draft of one process, or None when its rows are held: for a sibling, or for what the checks say."""
    if any(ocid in s.ocids[row] for s, _ in told for row in s.held):
        _hold_others(told, ocid)
        return None
    ordered = sorted(told, key=lambda sr: (_sortable(sr[1].said_at), sr[1].table, sr[1].order))
    for sheet, release in ordered:
        release.tree = settled(release.tree, people, sheet.said)
    if _contradicted(told):
        return None
    parts = [_part(sheet, release.tree) for sheet, release in ordered]
    for _, release in told:
        release.tree = {}  # thousands of releases: what is drafted is not kept twice
    body, evidence = parts[0] if len(parts) == 1 else _merged(ocid, parts)
    _award(body, evidence, ordered[-1][0].said)
    _titled(body, evidence)
    kind = _kind(ocid, body, context)
    if (lost := _without_award(body)) is not None:
        for sheet, release in told:
            sheet.said.say("J050", Severity.ERROR, sheet.table.entries[release.row][0], "/contracts", shown=lost)
            sheet.held.setdefault(release.row, "J050")
        return None
    draft = Draft(ocid, kind, body, evidence)
    wrong = [f for f in rules.findings(draft, rules.Context(context.jurisdiction.code, _LATER)) if _stops(f)]
    if wrong or not body:
        found += wrong
        if not wrong:
            ordered[0][0].said.say("J035", Severity.ERROR, ordered[0][0].table.entries[ordered[0][1].row][0], "")
        for sheet, release in told:
            sheet.held.setdefault(release.row, wrong[0].code if wrong else "J035")
        return None
    return draft


def _contradicted(told: Sequence[tuple[_Sheet, _Release]]) -> bool:
    """Hold releases with one id and one date that contradict each other: nobody can say which is right."""
    seen: dict[tuple[str, str], tuple[_Sheet, _Release]] = {}
    pairs = []
    for sheet, release in told:
        other, earlier = seen.setdefault((release.id, release.said_at), (sheet, release))
        trees = [{k: v for k, v in r.tree.items() if k != "parties"} for r in (earlier, release)]
        if release.id and earlier is not release and documents_repair.joined(*trees) is None:
            pairs += [(other, earlier), (sheet, release)]
    for sheet, release in pairs:
        if sheet.held.setdefault(release.row, "J043") == "J043":
            sheet.said.say("J043", Severity.ERROR, f"{sheet.table.entries[release.row][0]}/id", "/id", shown=release.id)
    if pairs:
        _hold_others(told, told[0][1].ocid)
    return bool(pairs)


def _hold_others(told: Sequence[tuple[_Sheet, _Release]], ocid: str) -> None:
    """Hold what else is told of a process of which something is held."""
    for sheet, release in told:
        if release.row not in sheet.held:
            sheet.said.say("J044", Severity.ERROR, sheet.table.entries[release.row][0], "", shown=ocid)
            sheet.held[release.row] = "J044"


def _stops(finding: Finding) -> bool:
    return finding.severity in (Severity.ERROR, Severity.BLOCKER)


def _sortable(said_at: str) -> tuple[str, str]:
    try:
        at = datetime.fromisoformat(said_at)
    except ValueError:
        return ("", said_at)
    return (at.astimezone(UTC).isoformat() if at.tzinfo else at.isoformat(), "")


def _part(sheet: _Sheet, tree: Tree) -> tuple[dict[str, Any], dict[Locator, Source]]:
    return plain(tree), cells(dict(leaves(tree)), sheet.table.file, sheet.table.sheet)


def _merged(
    ocid: str, parts: Sequence[tuple[dict[str, Any], dict[Locator, Source]]]
) -> tuple[dict[str, Any], dict[Locator, Source]]:
    """The compiled body of several releases; every value's evidence is the last release that said it."""
    dated = [
        {**b, "ocid": ocid, "id": str(n), "date": _second(n), "tag": ["compiled"]} for n, (b, _) in enumerate(parts)
    ]
    compiled = merge.compiled(dated)
    body = {k: v for k, v in compiled.items() if k not in IDENTITY}
    united(body, (told for told, _ in parts))
    told = dict(paths.leaves(body))
    evidence: dict[Locator, Source] = {}
    for said, cells_of in parts:
        values = dict(paths.leaves(said))
        evidence |= {at: source for at, source in cells_of.items() if at in told and values.get(at) == told[at]}
    return body, evidence


def _second(n: int) -> str:
    """A moment that stands for an order: merging sorts by date, and others' dates may be equal or missing."""
    return utc_text(datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=n))


def _award(body: dict[str, Any], evidence: dict[Locator, Source], said: Said) -> None:
    """Tie the only contract to the only award when its awardID names none: there is no other that could be meant."""
    awards: list[Any] = body.get("awards") or []
    contracts: list[Any] = body.get("contracts") or []
    if len(awards) != 1 or len(contracts) != 1 or contracts[0].get("awardID") == awards[0]["id"]:
        return
    at = Locator(f"/contracts/{paths.member(contracts[0]['id'])}/awardID")
    source = evidence.get(at)
    where, raw = (source.at.cell, source.raw) if source else ("", "")
    said.say("J042", Severity.NOTICE, where, "/contracts/*/awardID", shown=raw)
    contracts[0]["awardID"] = awards[0]["id"]
    if source is not None:
        evidence[at] = Source(source.at, source.raw, "derived")


def _without_award(body: Mapping[str, Any]) -> str | None:
    """The id of the first contract whose award nobody tells of; None when there is no such contract."""
    awards = {a["id"] for a in body.get("awards") or ()}
    return next((c["id"] for c in body.get("contracts") or () if c.get("awardID") not in awards), None)


def _titled(body: dict[str, Any], evidence: dict[Locator, Source]) -> None:
    """Give the process the title of its tender, else of its first contract or award: pages and searches need one."""
    places = ["/title", "/tender/title"]
    for section in ("contracts", "awards"):
        places += [f"/{section}/{paths.member(m['id'])}/title" for m in body.get(section) or ()]
    for at in (*places, *(p.replace("title", "description") for p in places[1:])):
        if title := paths.find(body, at):
            body["title"] = title
            if source := evidence.get(Locator(at)):
                evidence[Locator("/title")] = source
            return


def _kind(ocid: str, body: Mapping[str, Any], context: Context) -> str:
    planning = body.get("planning") or {}
    if "aid" in planning:
        return "aid"
    if ocid.startswith(f"{context.settings.ocid_prefix}-{context.publisher}-PRG-"):
        return "programme"
    return "procurement"


def _remembered(dataset: str, position: int, draft: Draft) -> identity.Identity:
    known = hashlib.sha256(draft.ocid.encode()).hexdigest()[:16]
    return identity.Identity(dataset, draft.ocid, "", body_sha256(draft.body), known, position)


def _waiting(sheets: Sequence[_Sheet], drafts: Mapping[str, Sequence[Draft]], context: Context) -> frozenset[str]:
    """Processes that held entries speak of, or may: an entry without an ocid could be any that is not told of."""
    made = {d.ocid for ds in drafts.values() for d in ds}
    held = {ocid for s in sheets for row in s.held for ocid in s.ocids[row]}
    if any(not s.ocids[row] for s in sheets for row in s.held):
        for dataset in ("aid", "programmes", "procurement"):
            held |= {r.ocid for r in context.known.remembered(dataset, context.period)}
    return frozenset(held - made)

"""What pages and downloads read, made from releases alone: records, roles, arcs, parties, numbers, checks.

Every row is true from one publication until another. Publishing turns the rows of the processes that changed;
`rebuild` makes all of them again from releases, `compare` says where the stored ones differ. One function,
`rows_of`, says what a record projects to, for both. Read `project` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ledger import store, subtotals, tables
from ledger.arcs import arcs, folded, is_withdrawn
from ledger.checks import facts, stored
from ledger.proposals import chunks
from ledger.store import packed, reading, unpacked, writing
from ocds import merge

Row = dict[str, Any]
Rows = dict[str, dict[tuple[Any, ...], Row]]
"""table name -> key within the process -> the row without its interval."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "records": ("ocid",),
    "record_parties": ("ocid", "party", "role"),
    "arcs": ("ocid", "position"),
    "numbers": ("jurisdiction", "publisher", "what", "number_key", "ocid", "local_id"),
    "checks": ("ocid",),
    "flags": ("ocid", "code", "part", "position"),
    "comparables": ("ocid", "locator"),
}

_FOLLOWING: Mapping[str, tuple[str, ...]] = {"subtotals": subtotals.KEY, "spreads": ("group",)}
"""Rows that follow from those of many records together."""

_BY_ITSELF = {"flags": tables.flags.c.group.is_(None)}
"""Rows that a record gives alone. The others of the table follow from what it is compared with (`checks.stored`)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One process after one of its releases."""

    ocid: str
    kind: str
    jurisdiction: str
    publisher: str
    compiled: dict[str, Any]
    first_date: str
    release_count: int
    values: facts.Values = field(default_factory=dict)  # what each contract was worth in each release


def number_key(number: str) -> str:
    """Return how a publisher's number is recognised however it is typed: `c/14-2020` and `C 14 2020` are one."""
    return re.sub(r"[\W_]+", "", number).upper()


def rows_of(told: Told) -> Rows:
    """Return every row that a record projects to. Pure: the same record gives the same rows for ever."""
    doc = merge.tidy(told.compiled)
    untagged = {k: v for k, v in doc.items() if k != "tag"}  # tidied already: not once more for the arcs
    movements = arcs(untagged, told.kind, told.jurisdiction, told.publisher)
    tender = doc.get("tender") or {}
    days = sorted(a.on for a in movements if a.on)
    start = str((tender.get("tenderPeriod") or {}).get("startDate") or "")[:10]
    record = {
        "ocid": told.ocid,
        "kind": told.kind,
        "jurisdiction": told.jurisdiction,
        "publisher": told.publisher,
        "title": str(doc.get("title") or tender.get("title") or told.ocid),
        "date": told.compiled["date"],
        "first_date": told.first_date,
        "on": min([*days[:1], *([start] if start else [])], default=None),
        "method": tender.get("procurementMethod"),
        "release_count": told.release_count,
        "withdrawn": is_withdrawn(untagged),
        "search_text": _search_text(told.ocid, doc),
        "compiled": packed(told.compiled),
    }
    roles = {
        (party["id"], role): {"ocid": told.ocid, "party": party["id"], "role": role}
        for party in doc.get("parties") or ()
        for role in party.get("roles") or ()
    }
    found: Rows = {
        "records": {(told.ocid,): record},
        "record_parties": {(told.ocid, *key): row for key, row in roles.items()},
        "arcs": {(told.ocid, a.position): asdict(a) for a in movements},
        "numbers": {tuple(row[k] for k in _KEYS["numbers"]): row for row in _numbers(told, doc)},
        "checks": {},
        "flags": {},
        "comparables": {},
    }
    if told.kind == "procurement" and not record["withdrawn"]:
        outcomes, flags, comparables = stored.rows(doc, told.jurisdiction, told.values)
        for table, rows in (("checks", [outcomes]), ("flags", flags), ("comparables", comparables)):
            found[table] = {tuple(row[k] for k in _KEYS[table]): row for row in rows}
    return found


def _numbers(told: Told, doc: dict[str, Any]) -> Iterator[Row]:
    planning = doc.get("planning") or {}
    budget = (planning.get("budget") or {}).get("id")
    own = {
        "aid": (planning.get("aid") or {}).get("id") or budget,
        "programme": budget,
        "procurement": (doc.get("tender") or {}).get("id"),
    }[told.kind]
    named = [(told.kind, own, "")]
    named += [("contract", c.get("id"), c.get("id")) for c in doc.get("contracts") or () if set(c) - {"id", "awardID"}]
    for what, number, local in named:
        if number and number_key(str(number)):
            yield {
                "jurisdiction": told.jurisdiction,
                "publisher": told.publisher,
                "what": what,
                "number_key": number_key(str(number)),
                "ocid": told.ocid,
                "local_id": str(local),
            }


def _search_text(ocid: str, doc: dict[str, Any]) -> str:
    words: list[str] = [ocid, str(doc.get("title") or ""), str(doc.get("description") or "")]
    words += [str(p.get("name") or "") for p in doc.get("parties") or ()]
    tender, aid = doc.get("tender") or {}, (doc.get("planning") or {}).get("aid") or {}
    words += [str(tender.get(k) or "") for k in ("id", "title", "description")]
    for holder in (tender, aid, *(doc.get("awards") or ()), *(doc.get("contracts") or ())):
        words += [str(holder.get("id") or ""), str(holder.get("title") or "")]
        words += [str(i.get("description") or "") for i in holder.get("items") or ()]
    return " ".join(dict.fromkeys(folded(" ".join(words)).split()))


def turn(before: Rows, after: Rows) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, list[Row]]]:
    """Return the keys whose row ends and the rows that begin: equal rows stay open and cost nothing."""
    closing = {t: [k for k, row in before.get(t, {}).items() if after[t].get(k) != row] for t in _KEYS}
    opening = {t: [row for k, row in after[t].items() if before.get(t, {}).get(k) != row] for t in _KEYS}
    return closing, opening


# --- turning rows at a publication -------------------------------------------------------------------------------


def project(conn: sa.Connection, ocids: Iterable[str], publication: int) -> None:
    """Turn the rows of these processes for `publication`, whose releases are stored already.

    `publish` calls `write` with what it holds in memory; this reads the same from the releases.
    """
    pairs = []
    for ocid, releases in _histories(conn, sorted(set(ocids)), publication):
        told = [t for n, t in _timeline(ocid, releases)]
        pairs.append((told[-2] if len(told) > 1 else None, told[-1]))
    write(conn, pairs, publication)


def write(conn: sa.Connection, changed: Iterable[tuple[Told | None, Told]], publication: int) -> None:
    """Close and open the rows of each (before, after). Bulk statements: thousands of processes in seconds."""
    closing: dict[str, list[tuple[Any, ...]]] = {t: [] for t in _KEYS}
    opening: dict[str, list[Row]] = {t: [] for t in _KEYS}
    sightings: list[Told] = []
    groups: set[str] = set()
    sums = subtotals.Turning()
    for before, after in changed:
        was, now = rows_of(before) if before else {}, rows_of(after)
        ends, begins = turn(was, now)
        sums.record(was.get("arcs", {}).values(), now["arcs"].values())
        for t in _KEYS:
            closing[t] += ends[t]
            opening[t] += begins[t]
        groups |= {was["comparables"][key]["group"] for key in ends["comparables"]}
        groups |= {row["group"] for row in begins["comparables"]}
        sightings.append(after)
    for name, keys in closing.items():
        table = tables.metadata.tables[name]
        if keys:
            conn.execute(
                sa.update(table)
                .where(*(table.c[k] == sa.bindparam(f"k_{k}") for k in _KEYS[name]), table.c.to_publication.is_(None))
                .values(to_publication=publication),
                [{f"k_{k}": v for k, v in zip(_KEYS[name], key, strict=True)} for key in keys],
            )
    for name, rows in opening.items():
        if rows:
            conn.execute(
                sa.insert(tables.metadata.tables[name]), [{**r, "from_publication": publication} for r in rows]
            )
    stored.regroup(conn, groups, publication)
    sums.write(conn, publication)
    _write_parties(conn, sightings, publication)


def _write_parties(conn: sa.Connection, sightings: list[Told], publication: int) -> None:
    t, names = tables.parties, tables.party_names
    seen = _parties_seen(sightings)
    known: dict[str, Row] = {}
    spelled: set[tuple[str, str]] = set()
    for part in chunks(sorted(seen)):
        for row in conn.execute(sa.select(t).where(t.c.id.in_(part), t.c.to_publication.is_(None))).mappings():
            known[row["id"]] = {k: row[k] for k in ("id", "jurisdiction", "name", "identifier")}
        spelled |= {
            (party, name)
            for party, name in conn.execute(sa.select(names.c.party, names.c.name).where(names.c.party.in_(part)))
        }
    closing, opening, spelling = _party_turn(known, spelled, seen)
    if closing:
        conn.execute(
            sa.update(t)
            .where(t.c.id == sa.bindparam("k"), t.c.to_publication.is_(None))
            .values(to_publication=publication),
            [{"k": id} for id in closing],
        )
    if opening:
        conn.execute(sa.insert(t), [{**row, "from_publication": publication} for row in opening])
    if spelling:
        conn.execute(sa.insert(names), [{"party": p, "name": n, "from_publication": publication} for p, n in spelling])


@dataclass(frozen=True, slots=True)
class _Seen:
    jurisdiction: str
    names: tuple[str, ...]
    identifier: str | None


def _parties_seen(sightings: Iterable[Told]) -> dict[str, _Seen]:
    """What the changed records say of each party; of several, the first ocid speaks."""
    seen: dict[str, _Seen] = {}
    for told in sorted(sightings, key=lambda s: s.ocid):
        for party in told.compiled.get("parties") or ():
            identifier = party.get("identifier") or {}
            spellings = [party.get("name"), identifier.get("legalName")]
            spellings += [i.get("legalName") for i in party.get("additionalIdentifiers") or ()]
            names = tuple(dict.fromkeys(str(n) for n in spellings if n))
            if not names:
                continue
            scheme = str(identifier.get("scheme") or "")
            real = f"{scheme}:{identifier['id']}" if identifier.get("id") and not scheme.endswith("-LEDGER") else None
            was = seen.get(party["id"])
            if was is None:
                seen[party["id"]] = _Seen(told.jurisdiction, names, real)
            else:
                seen[party["id"]] = _Seen(
                    was.jurisdiction, tuple(dict.fromkeys((*was.names, *names))), was.identifier or real
                )
    return seen


def _party_turn(
    known: Mapping[str, Row], spelled: set[tuple[str, str]], seen: Mapping[str, _Seen]
) -> tuple[list[str], list[Row], list[tuple[str, str]]]:
    """The name first published stays (`party_names` finds later spellings); an identifier may be learnt later."""
    closing, opening, spelling = [], [], []
    for id, party in seen.items():
        was = known.get(id)
        row = {
            "id": id,
            "jurisdiction": was["jurisdiction"] if was else party.jurisdiction,
            "name": was["name"] if was else party.names[0],
            "identifier": (was["identifier"] if was else None) or party.identifier,
        }
        if was != row:
            if was:
                closing.append(id)
            opening.append(row)
        spelling += [(id, name) for name in party.names if (id, name) not in spelled]
    return closing, opening, spelling


# --- from releases alone --------------------------------------------------------------------------------------------


def _histories(conn: sa.Connection, ocids: list[str], until: int | None = None) -> Iterator[tuple[str, list[Any]]]:
    """Yield each process's releases in order."""
    t = tables.releases
    query = sa.select(t).order_by(t.c.ocid, t.c.number)
    if until is not None:
        query = query.where(t.c.publication <= until)
    for part in chunks(ocids):
        rows = conn.execute(query.where(t.c.ocid.in_(part))).all()
        for ocid, releases in groupby(rows, key=lambda r: str(r.ocid)):
            yield ocid, list(releases)


def _timeline(ocid: str, releases: list[Any]) -> Iterator[tuple[int, Told]]:
    """Yield (publication, the process as it then stood) for each release."""
    bodies: list[dict[str, Any]] = []
    for release in releases:
        bodies.append(unpacked(release.body))
        worth = facts.values(bodies) if release.kind == "procurement" else {}
        yield (
            release.publication,
            Told(
                ocid,
                release.kind,
                release.jurisdiction,
                release.publisher,
                compiled_of(bodies),
                bodies[0]["date"],
                len(bodies),
                worth,
            ),
        )


def compiled_of(releases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the standard's merge makes of a process's releases."""
    compiled: dict[str, Any] = merge.compiled(releases)
    return compiled


def _expected_of(
    conn: sa.Connection, ocids: list[str]
) -> Iterator[tuple[str, dict[str, list[Row]], list[tuple[int, Told]]]]:
    """Yield, per ocid, every row with its interval as releases alone give them, and the process's history."""
    for ocid, releases in _histories(conn, ocids):
        rows: dict[str, list[Row]] = {t: [] for t in _KEYS}
        standing: dict[str, dict[tuple[Any, ...], Row]] = {t: {} for t in _KEYS}
        before: Rows = {}
        history = list(_timeline(ocid, releases))
        for publication, told in history:
            after = rows_of(told)
            ends, begins = turn(before, after)
            for t in _KEYS:
                for key in ends[t]:
                    standing[t].pop(key)["to_publication"] = publication
                for row in begins[t]:
                    stored = {**row, "from_publication": publication, "to_publication": None}
                    standing[t][tuple(row[k] for k in _KEYS[t])] = stored
                    rows[t].append(stored)
            before = after
        yield ocid, rows, history


class _PartyLedger:
    """Replays what publishing did to parties: first spelling, first identifier, in order of publication."""

    def __init__(self) -> None:
        self.sightings: dict[int, list[Told]] = {}

    def see(self, history: list[tuple[int, Told]]) -> None:
        for publication, told in history:
            parties = [
                {k: p[k] for k in ("id", "name", "identifier", "additionalIdentifiers") if k in p}
                for p in told.compiled.get("parties") or ()
            ]
            slim = Told(told.ocid, told.kind, told.jurisdiction, told.publisher, {"parties": parties}, "", 0)
            self.sightings.setdefault(publication, []).append(slim)

    def rows(self) -> tuple[list[Row], list[Row]]:
        known: dict[str, Row] = {}
        spelled: set[tuple[str, str]] = set()
        open_rows: dict[str, Row] = {}
        parties: list[Row] = []
        names: list[Row] = []
        for publication in sorted(self.sightings):
            closing, opening, spelling = _party_turn(known, spelled, _parties_seen(self.sightings[publication]))
            for id in closing:
                open_rows[id]["to_publication"] = publication
            for row in opening:
                known[row["id"]] = row
                open_rows[row["id"]] = {**row, "from_publication": publication, "to_publication": None}
                parties.append(open_rows[row["id"]])
            spelled |= set(spelling)
            names += [{"party": p, "name": n, "from_publication": publication} for p, n in spelling]
        return parties, names


def migrate(engine: sa.Engine) -> None:
    """Bring the store to this version; a projection that this version adds is made once, from releases.

    Safe to call at every start. The first start after an upgrade costs a rebuild, every other one a look.
    """
    store.migrate(engine)
    with reading(engine) as conn:
        r = tables.records
        bought = sa.select(r.c.ocid).where(r.c.kind == "procurement", sa.not_(r.c.withdrawn)).limit(1)
        is_behind = conn.scalar(sa.select(tables.checks.c.ocid).limit(1)) is None and conn.scalar(bought) is not None
        t = tables.subtotals
        adds = conn.scalar(sa.select(t.c.by).limit(1)) is None and conn.scalar(sa.select(tables.arcs.c.ocid).limit(1))
    if is_behind:
        rebuild(engine)
    elif adds:
        with writing(engine) as conn:
            _follow(conn)


def _follow(conn: sa.Connection) -> None:
    """Make anew what follows from other projections: kept totals from arcs, spreads from comparables."""
    for table, rows in _following(conn):
        conn.execute(sa.delete(table))
        for part in chunks(rows):
            conn.execute(sa.insert(table), part)


def _following(conn: sa.Connection) -> tuple[tuple[sa.Table, Iterable[Row]], ...]:
    return ((tables.subtotals, subtotals.again(conn)), (tables.spreads, stored.spread_again(conn)))


def rebuild(engine: sa.Engine) -> None:
    """Make every projection again from releases, in one transaction: readers see the old rows or the new ones."""
    with writing(engine) as conn:
        for table in (*_KEYS, "parties"):
            conn.execute(sa.delete(tables.metadata.tables[table]))
        ledger = _PartyLedger()
        held: dict[str, list[Row]] = {t: [] for t in _KEYS}
        for _, rows, history in _all_expected(conn):
            ledger.see(history)
            for t in _KEYS:
                held[t] += rows[t]
            if len(held["arcs"]) + len(held["records"]) > 5_000:
                _insert(conn, held)
        _insert(conn, held)
        for part in chunks(stored.regrouped(conn)):
            conn.execute(sa.insert(tables.flags), part)
        _follow(conn)
        parties, names = ledger.rows()
        if parties:
            conn.execute(sa.insert(tables.parties), parties)
        # Spellings that only an organizations sheet gave stand in entries, not in releases: they are kept.
        spelled = {(p, n) for p, n in conn.execute(sa.select(tables.party_names.c.party, tables.party_names.c.name))}
        missing = [n for n in names if (n["party"], n["name"]) not in spelled]
        if missing:
            conn.execute(sa.insert(tables.party_names), missing)


def _all_expected(conn: sa.Connection) -> Iterator[tuple[str, dict[str, list[Row]], list[tuple[int, Told]]]]:
    """The same for the whole ledger, in slices of ocids: memory stays that of one slice."""
    t = tables.releases
    last = ""
    while True:
        part = list(conn.scalars(sa.select(t.c.ocid).where(t.c.ocid > last).distinct().order_by(t.c.ocid).limit(500)))
        if not part:
            return
        last = part[-1]
        yield from _expected_of(conn, part)


def _insert(conn: sa.Connection, held: dict[str, list[Row]]) -> None:
    for name, rows in held.items():
        if rows:
            conn.execute(sa.insert(tables.metadata.tables[name]), rows)
            rows.clear()


def compare(engine: sa.Engine) -> list[str]:
    """Say where stored projections differ from what releases alone give; changes nothing."""
    found: list[str] = []
    ledger = _PartyLedger()
    with reading(engine) as conn:
        counted = dict.fromkeys(_KEYS, 0)
        for part in chunks(_all_expected(conn)):
            for _, _, history in part:
                ledger.see(history)
            for name in _KEYS:
                table = tables.metadata.tables[name]
                there: dict[str, list[Row]] = {}
                query = sa.select(table).where(table.c.ocid.in_([ocid for ocid, _, _ in part]), _own(name))
                for row in conn.execute(query).mappings():
                    there.setdefault(row["ocid"], []).append(dict(row))
                for ocid, rows, _ in part:
                    counted[name] += len(rows[name])
                    found += _differences(name, ocid, rows[name], there.get(ocid, []))
        with_others = sa.select(tables.flags).where(sa.not_(_BY_ITSELF["flags"]))
        found += _differences(
            "flags", "", list(stored.regrouped(conn)), [dict(r) for r in conn.execute(with_others).mappings()]
        )
        for table, expected_rows in _following(conn):
            kept = [dict(r) for r in conn.execute(sa.select(table)).mappings()]
            found += _differences(table.name, "", list(expected_rows), kept)
        parties, _ = ledger.rows()
        found += _differences(
            "parties", "", parties, [dict(r) for r in conn.execute(sa.select(tables.parties)).mappings()]
        )
        for name, expected in counted.items():
            rows_there = sa.select(sa.func.count()).select_from(tables.metadata.tables[name]).where(_own(name))
            beyond = (conn.scalar(rows_there) or 0) - expected
            if beyond > 0:
                found.append(f"{name}: {beyond} rows of processes that have no release")
    return found


def _own(table: str) -> sa.ColumnElement[bool]:
    return _BY_ITSELF.get(table, sa.true())


def _differences(name: str, ocid: str, expected: list[Row], stored: list[Row]) -> list[str]:
    keys = (*{**_KEYS, **_FOLLOWING}.get(name, ("id",)), "from_publication")

    def by_key(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
        return {tuple(r[k] for k in keys): r for r in rows}

    wanted, there = by_key(expected), by_key(stored)
    found = [f"{name} {ocid or key[0]}: {key} is missing" for key in wanted if key not in there]
    found += [f"{name} {ocid or key[0]}: {key} has no release behind it" for key in there if key not in wanted]
    for key, row in wanted.items():
        if key in there and there[key] != row:
            columns = [c for c in row if not _same(c, row[c], there[key].get(c))]
            if columns:
                found.append(f"{name} {ocid or key[0]}: {key} differs in {', '.join(columns)}")
    return found


def _same(column: str, wanted: Any, there: Any) -> bool:
    """Equal values; a compressed record is compared by what it says, for another zstd may pack it otherwise."""
    if wanted == there:
        return True
    return column == "compiled" and there is not None and bool(unpacked(wanted) == unpacked(there))

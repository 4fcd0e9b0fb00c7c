"""What readers say beside a record: questions, what was seen in the field, reports that cite it; and who decides.

In: words that a page has cleaned and checked. Out: voices with their state. Nothing here touches a figure, a total or
a publication: a voice belongs to now, and is shown only after a named person published it. What was said is never
changed; each decision is a row of its own, in the audit too. Who may decide: `judges`. Read `say` and `decide` first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ledger import accounts, audit
from ledger.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from ledger.settings import Register
from ledger.store import canonical
from ledger.tables import accounts as accounts_table
from ledger.tables import voice_acts, voices

KINDS = ("question", "field_report", "citation")
SEEN = ("seen", "in_part", "not_seen")
ROLES = ("community", "clinic", "school", "local_government", "civil_society", "journalist", "other")
"""Who saw it, as a sort of person. Names are never asked for and never kept."""

TEXT_MAX = 2000
REASON_MAX = 500
ANSWER_MAX = 4000
WAITING_MAX = 2000
"""Voices that may wait for a decision; beyond that the doors close, so that a flood never fills the store."""
WAITING_OF_ONE_MAX = 40  # of one record

_NUMBERING = 0x1ED6E7


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says, cleaned: text in one piece, at most `TEXT_MAX` characters, no marks that turn it round."""

    kind: str
    ocid: str
    jurisdiction: str
    publisher: str
    publication: int
    language: str
    text: str = ""
    locator: str = ""
    item: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    seen: str = ""
    area: str = ""
    place: str = ""
    on: str = ""
    role: str = ""
    title: str = ""
    url: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    office: str
    at: datetime
    by: str  # account


@dataclass(frozen=True, slots=True)
class Voice:
    """Something said, with what was decided: `state` is waiting, published, refused or withdrawn."""

    number: int
    at: datetime
    said: Said
    state: str
    decided_at: datetime | None
    decided_by: str
    reason: str  # why it was refused or withdrawn
    answers: tuple[Answer, ...]  # the newest last


def say(conn: sa.Connection, said: Said, token: str, at: datetime) -> bool:
    """Keep what was said until somebody decides; False when this very form was sent before.

    Unavailable when too many wait already. The same words under another token are another voice.
    """
    told = {name: getattr(said, name) for name in Said.__slots__}
    once = hashlib.sha256(canonical([token, {**told, "quantity": str(said.quantity)}])).hexdigest()
    v = voices
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_NUMBERING)))
    if conn.scalar(sa.select(v.c.number).where(v.c.said_once == once)) is not None:
        return False
    if waiting_count(conn) >= WAITING_MAX or waiting_count(conn, said.ocid) >= WAITING_OF_ONE_MAX:
        raise Unavailable("voices_full")
    number = int(conn.scalar(sa.select(sa.func.max(v.c.number))) or 0) + 1
    conn.execute(sa.insert(v).values(number=number, said_once=once, at=at.replace(microsecond=0), **told))
    return True


def waiting_count(conn: sa.Connection, ocid: str = "") -> int:
    """How many voices nobody has decided about yet, of one record or of all."""
    a, v = voice_acts, voices
    query = sa.select(sa.func.count()).select_from(v).where(~sa.exists().where(a.c.voice == v.c.number))
    return int(conn.scalar(query.where(v.c.ocid == ocid) if ocid else query) or 0)


# --- deciding -----------------------------------------------------------------------------------------------------


def judges(conn: sa.Connection, register: Register, account: str) -> frozenset[str]:
    """The jurisdictions whose voices an account decides about: where it certifies or administers a publisher."""
    told = {p for role in ("certifier", "admin") for p in accounts.publishers(conn, account, role)}
    active = any(accounts.allows(conn, account, role, p) for role in ("certifier", "admin") for p in told)
    if not active:
        return frozenset()
    return frozenset(p.jurisdiction for p in register.publishers if "" in told or p.id in told)


def decide(
    conn: sa.Connection, register: Register, number: int, act: str, by: str, at: datetime, reason: str = ""
) -> Voice:
    """Publish, refuse or withdraw a voice; refusing and withdrawing need a reason. Returns it as it is then.

    NotFound for who may not judge it: to a stranger what waits is not there. Conflict when it was decided meanwhile.
    """
    told = _judged(conn, register, number, by)
    allowed = {"publish": "waiting", "refuse": "waiting", "withdraw": "published"}
    if act not in allowed:
        raise Refused("voice_act", act=act[:40])
    if act != "publish" and not reason.strip():
        raise Refused("voice_reason")
    if told.state != allowed[act]:
        raise Conflict("voice_decided", number=number)
    _act(conn, told, act, by, at, reason[:REASON_MAX].strip() if act != "publish" else "")
    return voice(conn, number)


def answer(
    conn: sa.Connection, register: Register, number: int, text: str, office: str, by: str, at: datetime
) -> Voice:
    """Add the office's answer to a published question. An answer is not changed: a newer one stands below it."""
    told = _judged(conn, register, number, by)
    if not text.strip() or not office.strip():
        raise Refused("voice_answer")
    if told.said.kind != "question" or told.state != "published":
        raise Conflict("voice_decided", number=number)
    if not any(a.text == text.strip() and a.office == office.strip() for a in told.answers):  # sent twice
        _act(conn, told, "answer", by, at, text.strip()[:ANSWER_MAX], office.strip()[:200])
    return voice(conn, number)


def _judged(conn: sa.Connection, register: Register, number: int, by: str) -> Voice:
    told = voice(conn, number)
    known = judges(conn, register, by)
    if not known:
        raise Forbidden("role_missing", account=by, role="certifier", publisher=told.said.publisher)
    if told.said.jurisdiction not in known:
        raise NotFound("no_voice", number=number)
    return told


def _act(conn: sa.Connection, told: Voice, act: str, by: str, at: datetime, text: str, office: str = "") -> None:
    a = voice_acts
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_NUMBERING)))
    number = int(conn.scalar(sa.select(sa.func.max(voice_acts.c.number))) or 0) + 1
    row = {"voice": told.number, "act": act, "by": by, "at": at.replace(microsecond=0), "text": text, "office": office}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(a).values(number=number, **row))
    except sa.exc.DatabaseError as problem:
        raise Conflict("voice_decided", number=told.number) from problem
    detail = {"act": number, "kind": told.said.kind, "ocid": told.said.ocid}
    audit.note(conn, at, by, f"voice_{act}", f"voice/{told.number}", detail)


# --- reading ------------------------------------------------------------------------------------------------------


def newest(conn: sa.Connection, *, heard: bool = False) -> str:
    """The number of the last decision, on which pages that show voices depend; "0" before the first. With `heard` also
    of the last voice, shown or not: for the one page that counts what waits. Elsewhere it would let anyone who
    sends a message empty every cache."""
    newest = [voice_acts.c.number, voices.c.number] if heard else [voice_acts.c.number]
    return ".".join(str(conn.scalar(sa.select(sa.func.max(c))) or 0) for c in newest)


def voice(conn: sa.Connection, number: int) -> Voice:
    """Return one voice in any state. NotFound when there is none: callers ask who may see it."""
    found = _read(conn, sa.select(voices).where(voices.c.number == number))
    if not found:
        raise NotFound("no_voice", number=number)
    return found[0]


def of_process(conn: sa.Connection, ocid: str) -> list[Voice]:
    """What is or was shown with a record, the oldest first."""
    query = sa.select(voices).where(voices.c.ocid == ocid, _decided("publish"))
    return _read(conn, query.order_by(voices.c.number))


def shown(conn: sa.Connection, kind: str = "", before: int | None = None, limit: int = 25) -> list[Voice]:
    """What is or was shown anywhere, the newest first, with a number below `before`."""
    query = sa.select(voices).where(_decided("publish"))
    if kind:
        query = query.where(voices.c.kind == kind)
    if before is not None:
        query = query.where(voices.c.number < before)
    return _read(conn, query.order_by(voices.c.number.desc()).limit(limit))


def desk(
    conn: sa.Connection, jurisdictions: Collection[str], waiting: bool, before: int | None = None, limit: int = 25
) -> list[Voice]:
    """What waits (the oldest first) or was decided (the newest first), of these jurisdictions."""
    undecided = ~sa.exists().where(voice_acts.c.voice == voices.c.number)
    query = sa.select(voices).where(voices.c.jurisdiction.in_(sorted(jurisdictions)))
    if waiting:
        return _read(conn, query.where(undecided).order_by(voices.c.number).limit(limit))
    if before is not None:
        query = query.where(voices.c.number < before)
    return _read(conn, query.where(~undecided).order_by(voices.c.number.desc()).limit(limit))


def counts(conn: sa.Connection) -> dict[str, int]:
    """How many voices are in each state: what readers may know of those that are not shown."""
    told = dict.fromkeys(("waiting", "published", "refused", "withdrawn"), 0)
    a = voice_acts
    acts: dict[str, int] = {
        r.act: r.several for r in conn.execute(sa.select(a.c.act, sa.func.count().label("several")).group_by(a.c.act))
    }
    told["withdrawn"] = acts.get("withdraw", 0)
    told["published"] = acts.get("publish", 0) - told["withdrawn"]
    told["refused"] = acts.get("refuse", 0)
    told["waiting"] = waiting_count(conn)
    return told


def _decided(act: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(voice_acts.c.voice == voices.c.number, voice_acts.c.act == act)


def _read(conn: sa.Connection, query: sa.Select[Any]) -> list[Voice]:
    rows = conn.execute(query).all()
    acts: dict[int, list[Any]] = {r.number: [] for r in rows}
    a = voice_acts
    for act in conn.execute(sa.select(a).where(a.c.voice.in_(list(acts))).order_by(a.c.number)):
        acts[act.voice].append(act)
    return [_voice(r, acts[r.number]) for r in rows]


_STATES = {"publish": "published", "refuse": "refused", "withdraw": "withdrawn"}


def _voice(row: Any, acts: Iterable[Any]) -> Voice:
    last: Any = None
    answers = []
    for act in acts:
        if act.act == "answer":
            answers.append(Answer(act.text, act.office, act.at, act.by))
        else:
            last = act
    return Voice(
        row.number,
        row.at,
        Said(**{name: getattr(row, name) for name in Said.__slots__}),
        _STATES[last.act] if last else "waiting",
        last.at if last else None,
        last.by if last else "",
        last.text if last else "",
        tuple(answers),
    )


def people(conn: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    """The names of who decided, as the desk shows them."""
    t = accounts_table
    return {r.id: r.name for r in conn.execute(sa.select(t.c.id, t.c.name).where(t.c.id.in_(sorted(set(ids)))))}

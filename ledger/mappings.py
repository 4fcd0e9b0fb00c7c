"""Officers' answers to "what is this column?": kept for ever per publisher and layout, the newest of a layout counts.

In: an account's answer about one layout of headings (its signature). Out: the answers of a publisher, with author and
time. What a reading does with them is `importers.mapping`; nothing public changes before a submission that was read
with them is certified. An answer that is forgotten is a newer, empty one. Read `remember` first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger import audit, catalogue
from ledger.catalogue import Field, folded
from ledger.errors import Conflict, Refused
from ledger.store import digest
from ledger.tables import mappings
from ocds import schema

COLUMNS_MAX = 1000
HEADING_MAX = 2000
TEXT_MAX = 300

FIGURES = ("money", "quantity", "number", "percent")
CODES_SAID_ONCE = frozenset({"amendment.kind"})
"""Codes that one answer may give to every row of a table: what is meant by a column, never what a record says."""
SAID_ONCE = ("text", "identifier", "currency")
"""Types of fields that one answer can tell for every row of a table; an amount or a day is each row's own."""

_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_QUESTIONS: Mapping[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    "decimal": (FIGURES, (".", ",")),
    "date_order": (("date",), ("dmy", "mdy")),
    "units": (("money",), (1, 1000, 1_000_000)),
}
"""question -> (types of fields that it is asked of, the answers that it has)."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One version of the answer about one layout; an empty `answer` means that it was forgotten."""

    publisher: str
    signature: str
    version: int
    answer: Mapping[str, Any]
    by: str
    at: datetime


def remember(
    conn: sa.Connection, publisher: str, signature: str, answer: Mapping[str, Any], by: str, at: datetime
) -> int:
    """Keep an answer (`importers.mapping.remembered` has its form) and return its version; `{}` forgets.

    Refused: a kind, field, currency or choice that does not exist. Conflict: somebody answered in the same moment.
    Does not ask whether `by` may: the desk does, like for every other act.
    """
    if not _SIGNATURE.fullmatch(signature):
        raise Refused("mapping_answer", shown=signature[:80], question="signature")
    told = checked(answer)
    t = mappings
    where = (t.c.publisher == publisher, t.c.signature == signature)
    version = int(conn.scalar(sa.select(sa.func.max(t.c.version)).where(*where)) or 0) + 1
    text = json.dumps(told, ensure_ascii=False)  # in the order of the sheet's columns
    row = {"publisher": publisher, "signature": signature, "version": version, "mapping": text}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(t).values(**row, decided_by=by, decided_at=at))
    except sa.exc.IntegrityError as problem:
        raise Conflict("mapping_replaced") from problem
    detail = {"version": version, "sha256": digest(told)}
    action = "remember_columns" if told else "forget_columns"
    audit.note(conn, at, by, action, f"mapping/{publisher}/{signature}", detail)
    return version


def answers(conn: sa.Connection, publisher: str) -> list[dict[str, Any]]:
    """The answers in force, the newest last: each with `signature`, `by`, `at` and `version` beside what was said."""
    newest: dict[str, Remembered] = {}
    for told in history(conn, publisher):
        newest.setdefault(told.signature, told)
    return [
        {**r.answer, "signature": r.signature, "by": r.by, "at": r.at, "version": r.version}
        for r in sorted(newest.values(), key=lambda r: (r.at, r.signature))
        if r.answer
    ]


def history(conn: sa.Connection, publisher: str) -> list[Remembered]:
    """Every version of every answer of a publisher, the highest version first."""
    t = mappings
    query = sa.select(t).where(t.c.publisher == publisher).order_by(t.c.version.desc(), t.c.signature)
    return [
        Remembered(r.publisher, r.signature, r.version, json.loads(r.mapping), r.decided_by, r.decided_at)
        for r in conn.execute(query)
    ]


def count(conn: sa.Connection, publisher: str) -> int:
    """How many answers a publisher ever gave: it grows with each, so a reading can be told from the one before."""
    t = mappings
    return int(conn.scalar(sa.select(sa.func.count()).select_from(t).where(t.c.publisher == publisher)) or 0)


# --- what an answer may say ---------------------------------------------------------------------------------------


def checked(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer without what says nothing. Refused, with the word that is wrong, when it cannot be meant.

    Fields that are not public may be named: that is how an officer says that a column is somebody's telephone.
    """
    told: dict[str, Any] = {k: v for k, v in answer.items() if v not in ("", None, {})}
    unknown = told.keys() - {"kind", "columns", "currency", "constants", "hidden_rows", *_QUESTIONS}
    if unknown:
        raise Refused("mapping_answer", shown=min(unknown)[:80], question="-")
    if not told:
        return {}
    kind = told.get("kind", "")
    if kind and kind not in catalogue.kinds():
        raise Refused("mapping_kind", shown=str(kind)[:80])
    fields = _fields(kind)
    for question in ("columns", "currency", "constants", *_QUESTIONS):
        if not isinstance(told.get(question, {}), Mapping):
            raise Refused("mapping_answer", shown=str(told[question])[:80], question=question)
    _columns(told.get("columns", {}), fields)
    for name, code in told.get("currency", {}).items():
        _of_type(name, fields, ("money", "currency"))
        _currency(code)
    for question, (types, choices) in _QUESTIONS.items():
        for name, choice in told.get(question, {}).items():
            _of_type(name, fields, types)
            if choice not in choices or isinstance(choice, bool):
                raise Refused("mapping_answer", shown=str(choice)[:80], question=question)
    for name, text in told.get("constants", {}).items():
        f = _of_type(name, fields, (*SAID_ONCE, "code"))
        if f is None or not f.is_public or (f.type == "code" and name not in CODES_SAID_ONCE):
            raise Refused("mapping_field", shown=name[:80])
        if f.type == "currency":
            _currency(text)
        elif f.type == "code" and text not in {c.code for c in catalogue.codes(f.codelist)}:
            raise Refused("mapping_answer", shown=str(text)[:80], question="constants")
        elif not isinstance(text, str) or not text.strip() or len(text) > TEXT_MAX:
            raise Refused("mapping_text", label=f.label["en"], etiqueta=f.label["es"], most=TEXT_MAX)
    if told.get("hidden_rows", "read") not in ("skip", "read"):
        raise Refused("mapping_answer", shown=str(told["hidden_rows"])[:80], question="hidden_rows")
    return told


def _fields(kind: str) -> dict[str, Field]:
    kinds: Iterable[str] = (kind,) if kind else catalogue.kinds()
    return {f.name: f for k in kinds for f in catalogue.kind(k).fields}


def _columns(columns: Mapping[str, Any], fields: Mapping[str, Field]) -> None:
    if len(columns) > COLUMNS_MAX or any(len(h) > HEADING_MAX for h in columns):
        raise Refused("mapping_large", most=COLUMNS_MAX)
    used: dict[str, str] = {}
    for heading, name in columns.items():
        if not name:
            continue
        f = fields.get(name) if isinstance(name, str) else None
        if f is None:
            raise Refused("mapping_field", shown=str(name)[:80])
        if name in used and folded(used[name]) != folded(heading):
            # Else the reader would take the first and say nothing of the second.
            words = {"label": f.label["en"], "etiqueta": f.label["es"]}
            raise Refused("mapping_twice", one=used[name][:80], other=heading[:80], **words)
        used[name] = heading


def _of_type(name: str, fields: Mapping[str, Field], types: tuple[str, ...]) -> Field | None:
    """The field of a question; "" is all fields of the table."""
    if name == "":
        return None
    f = fields.get(name)
    if f is None or f.type not in types:
        raise Refused("mapping_field", shown=name[:80])
    return f


def _currency(code: Any) -> None:
    if not isinstance(code, str) or code not in schema.codelist("currency") or code == "XXX":
        raise Refused("mapping_currency", shown=str(code)[:40])

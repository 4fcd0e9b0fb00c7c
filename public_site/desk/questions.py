"""What the page "Columns and questions" shows and what its form answers: plain values. No database, no HTTP.

In: a `Layout` for each layout of headings (made by `asking`), a form. Out: the lists of fields, and the answer document
that `ledger.mappings` keeps. Read `Layout` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from importers import parsing
from ledger import catalogue
from ledger.catalogue import Field, folded
from ledger.errors import Refused
from ledger.settings import Jurisdiction

UNANSWERED = "?"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    sheet: str
    range: str


@dataclass(frozen=True, slots=True)
class Column:
    """One heading. `state`: open (waits for an answer), taken, out (not used), nameless or double (no answer possible).

    `chosen` is what the list shows: a field, "" for left out, `UNANSWERED`. `by`: who or what decided (staged.Column).
    """

    name: str
    cell: str
    header: str
    samples: tuple[str, ...]
    state: str
    by: str
    score: int
    why: str
    chosen: str
    proposed: bool = False
    near: tuple[str, ...] = ()  # the fields that fit best, of an open one


@dataclass(frozen=True, slots=True)
class Question:
    """`what` is a key of the answer document; `choices` are (value, in words). `open`: it waits for an answer."""

    what: str
    name: str
    field: str
    label: str
    header: str
    cell: str
    open: bool
    chosen: str
    shown: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    unit: int = 0
    typed: str = ""

    @property
    def typeable(self) -> bool:
        """Whether another answer than those offered can be typed: a currency that is not in the list."""
        return self.what == "currency" or (self.what == "constants" and bool(self.choices))


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout of headings with everything that is asked about it; `key` names its fields in the form.

    `found` is the kind that the reading took it for ("" for none of ours), `kind` the one whose fields are shown now;
    `rival` another kind that fits as well. `lacking` are labels of needed columns that no single answer can replace.
    """

    key: str
    signature: str
    found: str
    kind: str
    rival: str
    places: tuple[Place, ...]
    above: tuple[str, ...]
    columns: tuple[Column, ...]
    hidden_columns: int
    questions: tuple[Question, ...]
    lacking: tuple[str, ...]
    answer: Mapping[str, Any]
    undecided: bool = False  # two kinds fit, and the form does not say yet which it is
    headings: tuple[str, ...] = ()  # of a table that was not read (`kind` is ""): what stands over its columns

    @property
    def open_columns(self) -> int:
        return sum(c.state == "open" for c in self.columns)

    @property
    def open_questions(self) -> int:
        return sum(q.open for q in self.questions) + bool(self.rival)

    @property
    def own(self) -> bool:
        """Whether the answer in force was given for just these headings, and not for similar ones."""
        return self.answer.get("signature") == self.signature


@dataclass(frozen=True, slots=True)
class Asked:
    """What concerns a whole reading: of whom it is, in which language the page is, what was remembered."""

    jurisdiction: Jurisdiction
    publisher: str
    language: str
    answers: Sequence[Mapping[str, Any]]
    currencies: Sequence[str] = ()


def options(kind: str, language: str, c: Column, used: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields that a column can be, in groups: nearest, free, used by another column, not published."""
    taken = set(used) - {c.chosen}
    fields = {f.name: f for f in catalogue.kind(kind).fields if f.type != "row"}
    groups: dict[str, list[Field]] = {"near": [fields[n] for n in c.near if n in fields], "free": [], "taken": []}
    groups["private"] = []
    for f in sorted(fields.values(), key=lambda f: folded(f.label[language])):
        if f not in groups["near"]:
            groups["private" if not f.is_public else "taken" if f.name in taken else "free"].append(f)
    return [(name, [(f.name, f.label[language]) for f in several]) for name, several in groups.items() if several]


def answer_of(layout: Layout, form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says of one layout: every column with its field or "", and what was asked.

    Refused: two currencies at once. Whether the other answers exist is asked by `ledger.mappings.checked`.
    """
    told: dict[str, Any] = {"kind": form.get(f"kind-{layout.key}", ""), "columns": {}}
    for c in sorted(layout.columns, key=lambda c: int(c.name.rpartition("-")[2])):
        choice = form.get(c.name, UNANSWERED)
        if choice != UNANSWERED and c.state not in ("nameless", "double"):
            told["columns"][c.header] = choice
    mapped = set(told["columns"].values())
    for q in layout.questions:
        value: Any = " ".join(form.get(q.name, "").split())
        if q.typeable and (typed := form.get(f"{q.name}-other", "").strip()):
            if value not in ("", OTHER):
                raise Refused("mapping_two_currencies", one=value[:40], other=typed[:40])
            value = parsing.currency_code(typed) or typed
        if value in ("", OTHER) or (q.what == "constants" and q.field in mapped):
            continue
        if q.what == "hidden_rows":
            told["hidden_rows"] = value
        else:
            if q.what == "units" and value.isdecimal():
                value = int(value)
            told.setdefault(q.what, {})[q.field] = value
    return told

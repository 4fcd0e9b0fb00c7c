"""What publishing would change: several datasets' words on one process joined, then compared with what is public.

Pure. `compose` joins, `diff` compares, `as_json` is what the certifier is shown and what `digest` binds.
Where the drafts come from and which scope they speak for: `proposals`. Read `diff` first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import orjson

from ledger.arcs import arcs
from ledger.findings import Finding, Severity
from ledger.tables import STAGES
from ledger.totals import Total, of_arcs
from ledger.values import Draft, Locator, Scope, Source
from ocds import paths

Mode = Literal["replace", "append"]

DATASETS = ["organizations", "rates", "aid", "donations", "programmes", "procurement", "payments", "deliveries"]
"""The order in which datasets speak: of two that contradict each other, the earlier one is published."""

PROCESS_KINDS = ("aid", "programme", "procurement")  # `rate` and `organization` drafts never become releases


@dataclass(frozen=True, slots=True)
class Statement:
    """What one scope says of one process, and since which publication (None: it is being proposed)."""

    scope: Scope
    draft: Draft
    since: int | None = None


# --- joining ------------------------------------------------------------------------------------------------


def compose(drafts: Iterable[Draft], conflicts: list[Finding] | None = None) -> Draft:
    """Join drafts of one process, in the order of `DATASETS`; `conflicts` collects what they contradict each other in.

    Objects join by key, arrays of objects by `id`, roles are united. Of two different values the first stays,
    with a finding at the second one's cell; other spellings of a title or of a party's name are no conflict.
    Inputs are left untouched. Raises ValueError without any draft.
    """
    first, *rest = drafts
    if not rest:
        return first
    found = conflicts if conflicts is not None else []
    joined = first
    for draft in rest:
        joined = _joined(joined, draft, found, newer_wins=False)
    return _one_name_each(joined)


def restated(older: Draft, newer: Draft) -> Draft:
    """Join two words of the same dataset: what the newer one says replaces, what it leaves out stays."""
    return _joined(older, newer, [], newer_wins=True)


def composed(statements: Iterable[Statement]) -> tuple[Draft, list[Finding]]:
    """Join everything that is said of one process. Within a dataset the newer publication wins, between datasets
    the order of `DATASETS`."""

    def order(s: Statement) -> tuple[int, float, str, str]:
        return (DATASETS.index(s.scope.dataset), _newness(s.since), s.scope.period, s.scope.publisher)

    conflicts: list[Finding] = []
    by_dataset: dict[str, Draft] = {}
    for s in sorted(statements, key=order):
        told = by_dataset.get(s.scope.dataset)
        by_dataset[s.scope.dataset] = s.draft if told is None else restated(told, s.draft)
    return compose(by_dataset.values(), conflicts), conflicts


def _newness(since: int | None) -> int:
    """A proposal is newer than every publication."""
    return 2**31 if since is None else since


def _joined(a: Draft, b: Draft, conflicts: list[Finding], newer_wins: bool) -> Draft:
    def clash(locator: str, first: Any, second: Any) -> Any:
        if newer_wins:
            return second
        if not _spelling(locator):
            source = b.cells.get(Locator(locator))
            conflicts.append(
                Finding(
                    "C001",
                    Severity.WARNING,
                    source.at if source else None,
                    locator,
                    source.raw if source else str(second),
                    {"ocid": a.ocid, "kept": str(first), "other": str(second)},
                )
            )
        return first

    body, renamed = _related_aligned(a.body, b.body)
    merged = _merge(a.body, body, "", clash)
    b_cells = {_renamed(at, renamed): source for at, source in b.cells.items()}
    cells: dict[Locator, Source] = {**a.cells, **b_cells} if newer_wins else {**b_cells, **a.cells}
    if newer_wins:
        there = {at for at, _ in paths.leaves(merged)}
        cells = {at: source for at, source in cells.items() if at in there}
    return Draft(a.ocid, a.kind, merged, cells)


def _spelling(locator: str) -> bool:
    return locator.rsplit("/", 1)[-1] in {"title", "name", "legalName", "language"}


def _merge(a: Any, b: Any, at: str, clash: Any) -> Any:
    if isinstance(a, dict) and isinstance(b, dict):
        return {
            key: _merge(a[key], b[key], f"{at}/{_token(key)}", clash)
            if key in a and key in b
            else a.get(key, b.get(key))
            for key in (*a, *(k for k in b if k not in a))
        }
    if isinstance(a, list) and isinstance(b, list):
        if _by_id([*a, *b]):  # an empty array says nothing: it deletes nothing and replaces nothing
            others = {m["id"]: m for m in b}
            ids = {m["id"] for m in a}
            mine = [
                _merge(m, others[m["id"]], f"{at}/{paths.member(m['id'])}", clash) if m["id"] in others else m
                for m in a
            ]
            return mine + [m for m in b if m["id"] not in ids]
        if at.endswith(("/roles", "/relationship")):
            return sorted({*a, *b})
    return a if a == b else clash(at, a, b)


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _by_id(members: list[Any]) -> bool:
    return bool(members) and all(isinstance(m, dict) and "id" in m for m in members)


def _related_aligned(a: dict[str, Any], b: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Give `b`'s related processes the ids that `a` uses for the same process: two datasets' "1" do not collide."""
    mine, theirs = a.get("relatedProcesses"), b.get("relatedProcesses")
    if not mine or not theirs:
        return b, {}
    ids = {r.get("identifier"): r["id"] for r in mine}
    taken, renamed, out = set(ids.values()), {}, []
    for r in theirs:
        id = ids.get(r.get("identifier"))
        if id is None:
            id, n = r["id"], len(taken)
            while id in taken:
                n += 1
                id = str(n)
            taken.add(id)
        if id != r["id"]:
            renamed[f"/relatedProcesses/{paths.member(r['id'])}/"] = f"/relatedProcesses/{paths.member(id)}/"
        out.append({**r, "id": id})
    return {**b, "relatedProcesses": out}, renamed


def _renamed(at: Locator, renamed: Mapping[str, str]) -> Locator:
    return next((Locator(new + at[len(old) :]) for old, new in renamed.items() if at.startswith(old)), at)


def _one_name_each(draft: Draft) -> Draft:
    """Write every reference with the name that its party has: OCDS asks them to be equal."""
    names = {p["id"]: p["name"] for p in draft.body.get("parties", ()) if "name" in p}

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("id") in names and "name" in value and value["name"] != names[value["id"]]:
                value = {**value, "name": names[value["id"]]}
            return {k: walk(v) for k, v in value.items()}
        return [walk(v) for v in value] if isinstance(value, list) else value

    return Draft(draft.ocid, draft.kind, walk(draft.body), draft.cells)


# --- comparing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one process. `fields` are (locator, before, after), None where there is nothing; an added
    process is shown by its title and its sums instead. `sha256` is of the body after; "" when withdrawn."""

    kind: Literal["added", "changed", "withdrawn"]
    ocid: str
    process: str
    title: str
    sha256: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that a publication would do, with the totals before and after it side by side."""

    changes: tuple[Change, ...]
    unchanged: int
    totals_before: tuple[Total, ...] = ()
    totals_after: tuple[Total, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.changes

    def count(self, kind: str) -> int:
        return sum(c.kind == kind for c in self.changes)

    @property
    def digest(self) -> str:
        return digest(self)


def body_sha256(body: Mapping[str, Any]) -> str:
    """Return the sha256 of a body's canonical JSON (keys sorted, UTF-8, no blanks)."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def diff(
    current: Mapping[str, Draft],
    proposed: Iterable[Draft],
    mode: Mode = "replace",
    *,
    jurisdiction: str = "",
    publisher: str = "",
    standing: Sequence[Total] | None = None,
) -> ChangeSet:
    """Say what publishing `proposed` would do to `current`; both hold composed bodies, matched by ocid.

    In replace mode a process of `current` that is missing from `proposed` is withdrawn; in append mode it is
    untouched. `standing` are the publisher's public totals: given, the totals of the change set are the publisher's
    before and after; else only those of the processes compared. O(n); holds both sides in memory.
    """
    changes: list[Change] = []
    unchanged = 0
    seen: set[str] = set()
    before_arcs, after_arcs = [], []
    for draft in proposed:
        seen.add(draft.ocid)
        before = current.get(draft.ocid)
        sha = body_sha256(draft.body)
        if before is not None and body_sha256(before.body) == sha:
            unchanged += 1
            if standing is not None:
                continue
        elif before is None:
            changes.append(Change("added", draft.ocid, draft.kind, _title(draft), sha))
        else:
            changes.append(
                Change("changed", draft.ocid, draft.kind, _title(draft), sha, fields(before.body, draft.body))
            )
        if draft.kind in PROCESS_KINDS:
            after_arcs += arcs({**draft.body, "ocid": draft.ocid}, draft.kind, jurisdiction, publisher)
        if before is not None and before.kind in PROCESS_KINDS:
            before_arcs += arcs({**before.body, "ocid": draft.ocid}, before.kind, jurisdiction, publisher)
    for ocid, before in current.items():
        if ocid in seen:
            continue
        if mode == "replace":
            changes.append(Change("withdrawn", ocid, before.kind, _title(before), ""))
        else:
            unchanged += 1
            if standing is not None:
                continue
        if before.kind in PROCESS_KINDS:
            told = arcs({**before.body, "ocid": ocid}, before.kind, jurisdiction, publisher)
            before_arcs += told
            if mode == "append":
                after_arcs += told
    was, will = of_arcs(before_arcs), of_arcs(after_arcs)
    if standing is not None:
        was, will = list(standing), moved(standing, was, will)
    changes.sort(key=lambda c: (("withdrawn", "changed", "added").index(c.kind), c.ocid))
    return ChangeSet(tuple(changes), unchanged, tuple(was), tuple(will))


def moved(standing: Iterable[Total], less: Iterable[Total], plus: Iterable[Total]) -> list[Total]:
    """Return standing totals with some processes' lines taken out and others put in, line by line.

    `processes` is exact because a process taken out counted once in each of its lines.
    """
    lines: dict[tuple[str, str, str, bool, bool], Total] = {}
    for sign, totals in ((1, standing), (-1, less), (1, plus)):
        for t in totals:
            was = lines.get(t.line) or Total(*t.line, Decimal(0), 0, 0, 0)
            lines[t.line] = Total(
                *t.line,
                was.amount + sign * t.amount,
                was.processes + sign * t.processes,
                was.arcs + sign * t.arcs,
                was.without_amount + sign * t.without_amount,
            )
    return sorted(
        (t for t in lines.values() if t.arcs),
        key=lambda t: (t.jurisdiction, STAGES.index(t.stage), t.currency, t.in_kind, t.loan),
    )


def fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    """Return every figure or word that differs, by locator: a member that moved has not changed."""
    was, will = dict(paths.leaves(before)), dict(paths.leaves(after))
    order = (*was, *(at for at in will if at not in was))
    return tuple((at, was.get(at), will.get(at)) for at in order if was.get(at) != will.get(at))


def _title(draft: Draft) -> str:
    return str(draft.body.get("title") or draft.body.get("name") or draft.ocid)


def as_json(changes: ChangeSet) -> dict[str, Any]:
    """Return what the certifier is shown, complete: nothing is published that this does not bind (see `digest`)."""
    was = {t.line: t for t in changes.totals_before}
    will = {t.line: t for t in changes.totals_after}
    lines = sorted({*was, *will}, key=lambda k: (k[0], STAGES.index(k[1]), *k[2:]))
    return {
        **{kind: changes.count(kind) for kind in ("added", "changed", "withdrawn")},
        "unchanged": changes.unchanged,
        "changes": [
            {
                "kind": c.kind,
                "ocid": c.ocid,
                "process": c.process,
                "title": c.title,
                "sha256": c.sha256,
                "fields": [list(f) for f in c.fields],
            }
            for c in changes.changes
        ],
        "totals": [
            {
                "jurisdiction": key[0],
                "stage": key[1],
                "currency": key[2],
                "in_kind": key[3],
                "loan": key[4],
                "before": _amount(was.get(key)),
                "after": _amount(will.get(key)),
                "processes_before": was[key].processes if key in was else 0,
                "processes_after": will[key].processes if key in will else 0,
            }
            for key in lines
        ],
    }


def _amount(total: Total | None) -> str:
    return "0" if total is None else format(total.amount.normalize() + 0, "f")


def digest(changes: ChangeSet) -> str:
    """Return the sha256 of the canonical change set: what a certifier's signature stands for.

    Each change carries the sha256 of the whole body after it, so that no published word is outside it.
    """
    return body_sha256(as_json(changes))

"""One organisation from many spellings: which names are one party for certain, and which pairs a person is asked about.

In: the names of a file (`Seen`), the public spellings (`Public`), remembered answers (`Answer`), aliases of a sheet.
Out: `Identities`: each name's party, and `questions` with up to three candidates. Pure, and the order of what comes
in does not matter. `shapes` takes names apart; docs/reference/organisations.md tells what is found in real lists.

Certain are only equal names, aliases, answers, and names that differ in nothing but case, accents, punctuation or the
spelling of one legal form ("Ltd", "Limited"), as long as no register number and no answer speaks against it. Everything
else that looks alike is asked. A shared number alone proves nothing: offices write one placeholder for many. Read
`Identities` first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from importers.shapes import Shape, acronyms, shape
from ledger.findings import Finding

ASKED_FROM = 80
"""Score from which a pair is asked about; docs/reference/organisations.md has what other values would ask."""
WORD_FROM = 80
"""How alike two words must be that are taken for one, misspelt: "Heusner", "Huesner" are, "Ipanema", "Itauna" not."""
CANDIDATES = 3
ID_NAMES_MAX = 3
"""A register number that stands beside more names than this is a placeholder: no reason to ask about a pair."""
_BLOCK = 500  # names compared with all others at once: bounds the memory of the score matrix


@dataclass(frozen=True, slots=True)
class Answer:
    """What an officer said of two names, by their keys (`arcs.folded`); `other` is "" for `new`. `number` orders them.

    `said` is `same`, `different`, `new` (the name is an organization of its own, do not ask) or `open` (an earlier
    answer is taken back).
    """

    number: int
    name: str
    other: str
    said: str


@dataclass(frozen=True, slots=True)
class Public:
    """A spelling that a public party has. `since` is its first publication, `id` the digits of its register number."""

    party: str
    key: str
    name: str
    since: int = 0
    id: str = ""


@dataclass(slots=True)
class Seen:
    """A name of the file that is read: how often, with how much money at most, beside which register numbers."""

    key: str
    name: str
    rows: int = 0
    amount: Decimal = Decimal(0)
    ids: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    @property
    def weight(self) -> tuple[int, Decimal, str]:
        return (self.rows, self.amount, self.key)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who it could be: score 0 to 100, and why (codes that the desk puts into words)."""

    key: str
    name: str
    score: int
    why: tuple[str, ...]
    public: bool


@dataclass(frozen=True, slots=True)
class Question:
    """Is `key` one of the candidates? `keys` are all spellings of the file that are certainly the same as it."""

    key: str
    name: str
    keys: tuple[str, ...]
    rows: int
    amount: Decimal
    candidates: tuple[Candidate, ...]


def score(a: Shape, b: Shape) -> int:
    """How alike two names are, 0 to 100: the mean of token_sort and token_set without legal forms. Symmetric."""
    return round((fuzz.ratio(a.sorted, b.sorted) + fuzz.token_set_ratio(a.sorted, b.sorted)) / 2)


def in_force(answers: Iterable[Answer]) -> list[Answer]:
    """The newest answer of each pair, newest first, without the pairs that are open again."""
    newest: dict[tuple[str, ...], Answer] = {}
    for a in sorted(answers, key=lambda a: a.number):
        newest[tuple(sorted((a.name, a.other)))] = a
    return sorted((a for a in newest.values() if a.said != "open"), key=lambda a: -a.number)


class _Clusters:
    """Names that are one, by union; a union across a remembered "different" is refused, whoever asks for it."""

    def __init__(self, apart: Iterable[tuple[str, str]]) -> None:
        self.parent: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self._enemies: dict[str, set[str]] = defaultdict(set)
        for a, b in apart:
            self._enemies[a].add(b)
            self._enemies[b].add(a)

    def root(self, key: str) -> str:
        if key not in self.parent:
            self.parent[key] = key
            self.members[key] = [key]
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def apart(self, a: str, b: str) -> bool:
        """Whether some member of the one was said to be different from some member of the other."""
        if not self._enemies:
            return False
        ra, rb = self.root(a), self.root(b)
        against = set().union(*(self._enemies.get(m, ()) for m in self.members[ra]))
        return not against.isdisjoint(self.members[rb])

    def join(self, a: str, b: str) -> bool:
        ra, rb = self.root(a), self.root(b)
        if ra == rb:
            return True
        if self.apart(ra, rb):
            return False
        if len(self.members[ra]) < len(self.members[rb]):
            ra, rb = rb, ra
        self.parent[rb] = ra
        self.members[ra] += self.members.pop(rb)
        return True


_PARTY = "\0"  # before a party's id, so that it is never taken for a name


class Identities:
    """Who is who: built once for a file, from one `Seen` a key. `own` gives the id that a name gets as a party."""

    def __init__(
        self,
        seen: Iterable[Seen],
        public: Iterable[Public] = (),
        answers: Iterable[Answer] = (),
        aliases: Mapping[str, str] | None = None,
        own: Callable[[str], str] = lambda key: key,
    ) -> None:
        self._own = cache(own)
        self._seen = {s.key: s for s in sorted(seen, key=lambda s: s.key)}
        self._public: dict[str, list[Public]] = defaultdict(list)
        self._ids: dict[str, set[str]] = defaultdict(set)
        for p in sorted(public, key=lambda p: (p.key, p.party)):
            self._public[p.key].append(p)
            if p.id:
                self._ids[p.key].add(p.id)
        for s in self._seen.values():
            self._ids[s.key] |= s.ids
        self._answers = in_force(answers)
        self._aliases = dict(aliases or {})
        different = [(a.name, a.other) for a in self._answers if a.said == "different" and a.name != a.other]
        self._one = _Clusters(different)
        self._shapes: dict[str, Shape] = {}
        self._since: dict[str, int] = {}
        self._join_all()
        self._party = self._named()

    # --- what is certain

    def _join_all(self) -> None:
        """Join in the order of certainty, each step in an order of its own: what came in first plays no part."""
        for spelled in self._public.values():
            for p in spelled:
                self._since[p.party] = min(p.since, self._since.get(p.party, p.since))
        # First the name that the id was made of: it keeps the id when another spelling of the party is said to differ.
        for key in sorted(
            {
                *self._public,
                *self._seen,
                *self._aliases.values(),
                *(k for a in self._answers for k in (a.name, a.other)),
            }
        ):
            if self._own(key) in self._since:
                self._one.join(key, _PARTY + self._own(key))
        for key, spelled in sorted(self._public.items()):
            parties = {p.party for p in spelled}
            if len(parties) == 1:  # a spelling of several parties names none of them
                self._one.join(key, _PARTY + parties.pop())
        for alias, name in sorted(self._aliases.items()):
            self._one.join(alias, name)
        for a in self._answers:
            if a.said == "same":
                self._one.join(a.name, a.other)
        self._join_alike()

    def _join_alike(self) -> None:
        """Join the names that differ in form only. One contradiction in a group, and none of the group is certain."""
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in {**self._public, **self._seen}:
            told = self.shape(key)
            groups[told.base, told.form].append(key)
        for keys in groups.values():
            if len(keys) < 2 or not any(k in self._seen for k in keys):
                continue
            parties = {p for k in keys for p in self._parties(k)}
            ids = [self._ids[k] for k in keys if self._ids.get(k)]
            contradicted = any(a.isdisjoint(b) for n, a in enumerate(ids) for b in ids[n + 1 :])
            if len(parties) > 1 or contradicted or any(self._one.apart(keys[0], k) for k in keys):
                continue
            first, *others = sorted(keys)
            for key in others:
                self._one.join(first, key)

    def _parties(self, key: str) -> list[str]:
        members = self._one.members[self._one.root(key)]
        return sorted(m[1:] for m in members if m.startswith(_PARTY))

    def shape(self, key: str) -> Shape:
        if key not in self._shapes:
            spelled = self._public.get(key)
            told = self._seen.get(key)
            self._shapes[key] = shape(told.name if told else spelled[0].name if spelled else key)
        return self._shapes[key]

    def _named(self) -> dict[str, str]:
        """The party of each cluster: the one that is public longest, else the id of the name it goes by."""
        targets = set(self._aliases.values()) | {a.other for a in self._answers if a.said == "same"}
        out = {}
        for root, members in self._one.members.items():
            parties = [m[1:] for m in members if m.startswith(_PARTY)]
            if parties:
                out[root] = min(parties, key=lambda p: (self._since[p], p))
            else:
                out[root] = self._own(min(members, key=lambda m: (m not in targets, -len(m), m)))
        return out

    def party(self, key: str) -> str:
        """The id of the party that a name of the file (or any other) stands for."""
        root = self._one.root(key)
        return self._party[root] if root in self._party else self._own(key)

    # --- what is asked

    def questions(self, asked_from: int = ASKED_FROM) -> list[Question]:
        """What a person has to say, most rows first: one question a party that is new to the public, once a pair."""
        settled = {a.name for a in self._answers if a.said in ("same", "new")} | set(self._aliases)
        clusters: dict[str, list[str]] = defaultdict(list)
        for key in self._seen:
            clusters[self._one.root(key)].append(key)
        weight = {root: max(self._seen[k].weight for k in keys) for root, keys in clusters.items()}
        fresh = {root: keys for root, keys in clusters.items() if not self._parties(root)}
        asking = [k for keys in fresh.values() for k in keys if k not in settled]
        found: dict[str, dict[str, Candidate]] = defaultdict(dict)
        for key, candidate in self._pairs(asking, asked_from):
            mine, its = self._one.root(key), self._one.root(candidate.key)
            if mine == its or self._one.apart(mine, its):
                continue
            if its in fresh and weight[its] < weight[mine]:
                continue  # the other one is asked about this one
            best = found[mine].get(its)
            if best is None or _rank(candidate) < _rank(best):
                found[mine][its] = candidate
        out = []
        for root, candidates in found.items():
            keys = fresh[root]
            name = max((self._seen[k] for k in keys), key=lambda s: s.weight)
            out.append(
                Question(
                    name.key,
                    name.name,
                    tuple(sorted(keys)),
                    sum(self._seen[k].rows for k in keys),
                    max(self._seen[k].amount for k in keys),
                    tuple(sorted(candidates.values(), key=_rank)[:CANDIDATES]),
                )
            )
        return sorted(out, key=lambda q: (-q.rows, -q.amount, q.key))

    def _pairs(self, asking: Sequence[str], asked_from: int) -> Iterator[tuple[str, Candidate]]:
        """Yield every pair worth a question, from the side of the name that is asked about."""
        if not asking:
            return
        pool = sorted({**self._public, **self._seen})
        pairs = _alike(asking, pool, self.shape, asked_from)
        linked = set(self._linked(asking, pool))
        for key, other in sorted({*pairs, *linked}):
            a, b = self.shape(key), self.shape(other)
            if (key, other) in linked or _may_be(a, b):
                why = self._why(key, other)
                yield key, Candidate(other, self._name(other), score(a, b), why, other in self._public)

    def _name(self, key: str) -> str:
        spelled = self._public.get(key)
        return spelled[0].name if spelled else self._seen[key].name

    def _linked(self, asking: Iterable[str], pool: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Pairs that no likeness of letters finds: an acronym, words run together, one register number."""
        by: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in pool:
            for link in self._links(key):
                by[link].append(key)
        for key in asking:
            for kind, text in self._links(key):
                # What stands for itself, "KHMH", is looked up among what it may stand for, and the other way round.
                others = by.get(({"acronym": "short", "short": "acronym"}.get(kind, kind), text), ())
                if kind == "id" and len(others) > ID_NAMES_MAX:
                    continue
                yield from ((key, other) for other in others if other != key)

    def _links(self, key: str) -> Iterator[tuple[str, str]]:
        told = self.shape(key)
        yield "joined", told.base.replace(" ", "")
        if told.is_short:
            yield "short", told.base
        for letters in acronyms(told):
            yield "acronym", letters
        for id in self._ids.get(key, ()):
            yield "id", id

    def _why(self, key: str, other: str) -> tuple[str, ...]:
        a, b = self.shape(key), self.shape(other)
        ids, others = self._ids.get(key, set()), self._ids.get(other, set())
        places = [self._seen[k].places if k in self._seen else set() for k in (key, other)]
        told = {
            "same_id": bool(ids & others),
            "other_id": bool(ids and others and not ids & others),
            "acronym": (a.is_short and a.base in acronyms(b)) or (b.is_short and b.base in acronyms(a)),
            "joined": a.base != b.base and a.base.replace(" ", "") == b.base.replace(" ", ""),
            "form": a.base == b.base and a.form != b.form,
            "translation": a.sorted == b.sorted and a.plain != b.plain,
            "order": a.plain == b.plain and a.base != b.base,
            "brackets": a.brackets != b.brackets,
            "place": bool(places[0] & places[1]),
        }
        return tuple(code for code, so in told.items() if so)


def _rank(candidate: Candidate) -> tuple[bool, bool, int, str]:
    return ("same_id" not in candidate.why, "other_id" in candidate.why, -candidate.score, candidate.key)


def _may_be(a: Shape, b: Shape) -> bool:
    """Whether what the names do not share can be one thing: nothing on one side, or words that are alike.

    Most of "Ipanema Town Council" is in "Itauna Town Council" as well; what is left says that they are two.
    """
    return _left_alike(a.sorted.split(), b.sorted.split()) or _left_alike(a.plain.split(), b.plain.split())


def _left_alike(mine: list[str], theirs: list[str]) -> bool:
    for word in list(mine):
        if word in theirs:
            mine.remove(word)
            theirs.remove(word)
    for word in list(mine):
        like = next((w for w in theirs if _one_word(word, w)), None)
        if like is not None:
            mine.remove(word)
            theirs.remove(like)
    return not mine or not theirs


def _one_word(a: str, b: str) -> bool:
    """A slip of the pen, or an abbreviation."""
    short, long = sorted((a, b), key=len)
    return (len(short) >= 3 and long.startswith(short)) or fuzz.ratio(a, b) >= WORD_FROM


def _alike(
    asking: Sequence[str], pool: Sequence[str], shape_of: Callable[[str], Shape], asked_from: int
) -> set[tuple[str, str]]:
    """Return the pairs with equal marks whose score reaches `asked_from`: School 1 is never School 2.

    token_set is at most 100, so token_sort below 2 x asked_from - 100 cannot reach it: the cheap half of the score is
    taken of all pairs at once, the dear half of the few that are left. Nothing is lost by it.
    """
    found: set[tuple[str, str]] = set()
    by_marks: dict[frozenset[str], list[str]] = defaultdict(list)
    for key in pool:
        by_marks[shape_of(key).marks].append(key)
    for marks, part in _blocks(asking, shape_of):
        others = by_marks[marks]
        mine, theirs = [shape_of(k).sorted for k in part], [shape_of(k).sorted for k in others]
        least = 2 * asked_from - 101
        table = process.cdist(mine, theirs, scorer=fuzz.ratio, score_cutoff=least, dtype=np.float32, workers=-1)
        rows, columns = np.nonzero(table)
        some, others_some = [mine[r] for r in rows], [theirs[c] for c in columns]
        sets = process.cpdist(some, others_some, scorer=fuzz.token_set_ratio, score_cutoff=least, workers=-1)
        kept = np.rint((table[rows, columns] + sets) / 2) >= asked_from
        found |= {(part[r], others[c]) for r, c in zip(rows[kept], columns[kept], strict=True) if part[r] != others[c]}
    return found


def _blocks(asking: Iterable[str], shape_of: Callable[[str], Shape]) -> Iterator[tuple[frozenset[str], list[str]]]:
    by_marks: dict[frozenset[str], list[str]] = defaultdict(list)
    for key in asking:
        by_marks[shape_of(key).marks].append(key)
    for marks, keys in by_marks.items():
        for start in range(0, len(keys), _BLOCK):
            yield marks, keys[start : start + _BLOCK]


def asked(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The questions among findings, whole: grouping would show only the first of many. `cells` are at most ten."""
    return [
        {
            **{k: v for k, v in f.params.items() if k != "candidates_text"},
            "cells": [str(at) for at in (f.at, *f.also_at) if at is not None][:10],
        }
        for f in findings
        if f.code == "O001"
    ]


def as_json(question: Question) -> dict[str, Any]:
    """A question as findings and the report of a reading keep it."""
    return {
        "key": question.key,
        "name": question.name,
        "keys": list(question.keys),
        "rows": question.rows,
        "candidates": [
            {"key": c.key, "name": c.name, "score": c.score, "why": list(c.why), "public": c.public}
            for c in question.candidates
        ],
    }

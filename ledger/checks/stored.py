"""What checks say, as stored with each publication: rows like every other projection, true from one until another.

In: a process after one of its releases; the groups of comparables that a publication touched. Out: rows of `checks`,
`flags` and `comparables`; what is public of one record and of all. A change of one record recomputes that record and
the groups that it is or was in, nothing else. Read `rows`, then `regroup`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ledger import intervals, tables
from ledger.checks import CHECKS, OUTCOMES, model
from ledger.checks.compared import Comparable, Spread, comparables, group_of, matches, spread
from ledger.checks.facts import Values, facts
from ledger.checks.model import APPLIES, UNKNOWN, Number, Result
from ledger.proposals import chunks
from ledger.totals import at_publication

Row = dict[str, Any]

_COMPARABLE = tuple(Comparable.__dataclass_fields__)
_SPREAD = tuple(Spread.__dataclass_fields__)
_NUMBER = tuple(Number.__dataclass_fields__)  # not `asdict`, which copies: a quarter of the time of a record


def rows(doc: dict[str, Any], jurisdiction: str, history: Values) -> tuple[Row, list[Row], list[Row]]:
    """Return what a record itself says: its row of outcomes, its matches, its comparables. Pure."""
    told = facts(doc, jurisdiction, history)
    answers = model.results(told)
    missing = {
        code: sorted({m for r in results if r.outcome == UNKNOWN for m in r.missing})
        for code, results in answers.items()
        if model.outcome(results) == UNKNOWN
    }
    outcomes = {
        "ocid": told.ocid,
        "jurisdiction": jurisdiction,
        "outcomes": "".join(OUTCOMES[model.outcome(results)] for results in answers.values()),
        "missing": json.dumps(missing, sort_keys=True, separators=(",", ":")),
    }
    flags = []
    for code, results in answers.items():
        matched = [r for r in results if r.outcome == APPLIES]
        for _, several in groupby(sorted(matched, key=lambda r: r.part), key=lambda r: r.part):
            flags += [_flag(told.ocid, jurisdiction, code, n, r, None) for n, r in enumerate(several)]
    return outcomes, flags, [{k: getattr(c, k) for k in _COMPARABLE} for c in comparables(told, answers)]


def _flag(ocid: str, jurisdiction: str, code: str, position: int, result: Result, group: str | None) -> Row:
    return {
        "ocid": ocid,
        "code": code,
        "position": position,
        "jurisdiction": jurisdiction,
        "version": CHECKS[code].version,
        "part": result.part,
        "numbers": json.dumps([_slim(n) for n in result.numbers], ensure_ascii=False, separators=(",", ":")),
        "group": group,
    }


def _slim(number: Number) -> dict[str, str]:
    return {k: v for k in _NUMBER if (v := getattr(number, k))}


# --- with other records -------------------------------------------------------------------------------------------


def regroup(conn: sa.Connection, groups: Iterable[str], publication: int) -> None:
    """Turn the matches of these groups, whose comparables of `publication` are stored already.

    Cost: the members of the groups that were touched; only members whose match changed are written.
    """
    f, c = tables.flags, tables.comparables
    closing: list[Row] = []
    opening: list[Row] = []
    for part in chunks(sorted(set(groups))):
        members: dict[str, list[Comparable]] = {}
        for row in conn.execute(sa.select(c).where(c.c.group.in_(part), c.c.to_publication.is_(None))).mappings():
            members.setdefault(row["group"], []).append(_comparable(row))
        intervals.turn(
            conn,
            tables.spreads,
            ("group",),
            {(group,): _spread(group, members.get(group, ())) for group in part if _is_priced(group)},
            publication,
        )
        standing: dict[str, dict[tuple[Any, ...], Row]] = {}
        for row in conn.execute(sa.select(f).where(f.c.group.in_(part), f.c.to_publication.is_(None))).mappings():
            plain = {k: v for k, v in row.items() if not k.endswith("_publication")}
            standing.setdefault(row["group"], {})[_key(plain)] = plain
        for group in part:
            before = standing.get(group, {})
            after = {_key(r): r for r in _matched(group, members.get(group, ()))}
            closing += [r for k, r in before.items() if after.get(k) != r]
            opening += [r for k, r in after.items() if before.get(k) != r]
    if closing:
        keys = ("ocid", "code", "part", "position")
        conn.execute(
            sa.update(f)
            .where(*(f.c[k] == sa.bindparam(f"k_{k}") for k in keys), f.c.to_publication.is_(None))
            .values(to_publication=publication),
            [{f"k_{k}": r[k] for k in keys} for r in closing],
        )
    if opening:
        conn.execute(sa.insert(f), [{**r, "from_publication": publication} for r in opening])


def _is_priced(group: str) -> bool:
    return group_of(group)[0] == "unit-price"


def _spread(group: str, members: Sequence[Comparable]) -> Row | None:
    return {"group": group, **{k: getattr(told, k) for k in _SPREAD}} if members and (told := spread(members)) else None


def spread_again(conn: sa.Connection) -> Iterator[Row]:
    """Yield how every group of unit prices spreads, with its interval, as the stored comparables give it."""
    for group, several in _told(conn):
        if _is_priced(group):
            turns = sorted({n for begin, end, _ in several for n in (begin, end) if n is not None})
            yield from intervals.laid_out({n: _spread(group, _there(several, n)) for n in turns})


def spreads(conn: sa.Connection, groups: Iterable[str], at: int | None) -> dict[str, Spread]:
    """Return how the prices of these groups spread."""
    t = tables.spreads
    columns = (t.c.group, *(t.c[k] for k in _SPREAD))
    found: dict[str, Spread] = {}
    for part in chunks(sorted(set(groups))):
        for group, *told in conn.execute(sa.select(*columns).where(t.c.group.in_(part), at_publication(t, at))):
            found[group] = Spread(*told)
    return found


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["ocid"], row["code"], row["part"], row["position"]


def _comparable(row: sa.RowMapping) -> Comparable:
    return Comparable(**{k: row[k] for k in _COMPARABLE})


def _matched(group: str, members: Iterable[Comparable]) -> Iterator[Row]:
    """The rows of one group: a part of a record is in one group of a check, so its match is the only one."""
    code = group_of(group)[0]
    for one, result in matches(group, members):
        yield _flag(one.ocid, one.jurisdiction, code, 0, result, group)


def regrouped(conn: sa.Connection) -> Iterator[Row]:
    """Yield every match with other records that the stored comparables give, with its interval, group by group."""
    for group, several in _told(conn):
        if len(several) < 2:  # alone: nothing to compare it with, ever
            continue
        standing: dict[tuple[Any, ...], Row] = {}
        turns = sorted({n for begin, end, _ in several for n in (begin, end) if n is not None})
        for publication in turns:
            after = {_key(r): r for r in _matched(group, _there(several, publication))}
            for key, row in list(standing.items()):
                if after.get(key) != {k: v for k, v in row.items() if not k.endswith("_publication")}:
                    yield {**standing.pop(key), "to_publication": publication}
            for key, row in after.items():
                if key not in standing:
                    standing[key] = {**row, "from_publication": publication, "to_publication": None}
        yield from standing.values()


_Told = list[tuple[int, int | None, Comparable]]


def _told(conn: sa.Connection) -> Iterator[tuple[str, _Told]]:
    """Every group with its members and their intervals."""
    c = tables.comparables
    query = sa.select(c).order_by(c.c.group, c.c.ocid, c.c.locator, c.c.from_publication)
    stored = conn.execute(query.execution_options(yield_per=1000)).mappings()
    for group, told in groupby(stored, key=lambda r: str(r["group"])):
        yield group, [(r["from_publication"], r["to_publication"], _comparable(r)) for r in told]


def _there(several: _Told, publication: int) -> list[Comparable]:
    return [m for b, e, m in several if b <= publication and (e is None or e > publication)]


# --- what pages ask -----------------------------------------------------------------------------------------------


def numbers(text: str) -> tuple[Number, ...]:
    return tuple(Number(**n) for n in json.loads(text))


def of_process(conn: sa.Connection, ocid: str, at: int | None) -> tuple[Row | None, list[Row]]:
    """Return the row of outcomes of one record (None: it is no purchase) and its matches, at a publication."""
    t, f = tables.checks, tables.flags
    row = conn.execute(sa.select(t).where(t.c.ocid == ocid, at_publication(t, at))).mappings().one_or_none()
    query = sa.select(f).where(f.c.ocid == ocid, at_publication(f, at)).order_by(f.c.code, f.c.part, f.c.position)
    return (dict(row) if row else None), [dict(r) for r in conn.execute(query).mappings()]


def compared_of(conn: sa.Connection, ocid: str, at: int | None) -> list[Comparable]:
    """Return what of one record is compared with others."""
    c = tables.comparables
    query = sa.select(c).where(c.c.ocid == ocid, at_publication(c, at)).order_by(c.c.locator)
    return [_comparable(row) for row in conn.execute(query).mappings()]


def jurisdictions(conn: sa.Connection, at: int | None) -> list[str]:
    """Return the jurisdictions that have published a purchase."""
    t = tables.checks
    return list(
        conn.scalars(sa.select(t.c.jurisdiction).distinct().where(at_publication(t, at)).order_by(t.c.jurisdiction))
    )


def counts(conn: sa.Connection, at: int | None, jurisdiction: str) -> dict[str, tuple[int, int, int]]:
    """Return for each check how many records match, for how many it could be told, for how many it could not.

    Of one jurisdiction: a made-up one is never counted with a real one. One scan of a narrow index; the strings of
    outcomes are few, whatever the number of records.
    """
    t, f, c = tables.checks, tables.flags, tables.comparables
    several = sa.select(t.c.outcomes, sa.func.count()).where(at_publication(t, at), t.c.jurisdiction == jurisdiction)
    several = several.group_by(t.c.outcomes)
    found = {code: [0, 0, 0] for code in CHECKS}
    for outcomes, count in conn.execute(several):
        for code, letter in zip(CHECKS, outcomes, strict=False):
            found[code][0] += count * (letter == "a")
            found[code][1] += count * (letter in "ad")
            found[code][2] += count * (letter == "?")
    matched = sa.select(f.c.code, sa.func.count(f.c.ocid.distinct())).where(
        f.c.group.is_not(None), at_publication(f, at), f.c.jurisdiction == jurisdiction
    )
    for code, count in conn.execute(matched.group_by(f.c.code)):
        found[code][0] = count
    for code in (code for code, check in CHECKS.items() if check.compares):
        here = c.c.jurisdiction == jurisdiction
        of_code = sa.and_(c.c.group.like(f'["{code}",%'), here, at_publication(c, at))
        least = int(CHECKS[code].limits.get("least", 1))
        enough = (
            sa.select(c.c.group).where(of_code).group_by(c.c.group).having(sa.func.count(c.c.ocid.distinct()) >= least)
        )
        told = sa.select(sa.func.count(c.c.ocid.distinct())).where(of_code)
        everyone = conn.scalar(told) or 0
        able = conn.scalar(told.where(c.c.group.in_(enough))) or 0
        found[code][1] = able
        found[code][2] += everyone - able
    return {code: (a, b, c) for code, (a, b, c) in found.items()}

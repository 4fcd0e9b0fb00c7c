"""Why two sums differ: what is open between one stage and the next, and what a stage's total is made of.

In: the arcs that were true at a publication, of one jurisdiction. Out: `Step`s and `Makeup`s, per currency. Two stages
are compared link by link (the same aid, programme or purchase) and never added; every step satisfies `Step.holds`.
Cash across the boundary and goods in stock: `totals.reconciliation`. Rules 3 and 10 of docs/reference/money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import func

from ledger.arcs import GOODS_ONLY
from ledger.tables import STAGES, arcs
from ledger.totals import where

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage compared with the next in one currency, loans included, goods apart from money.

    `before` and `after` are all that is told of the two stages. `open`: of links that tell more before than after;
    `over`: of links that tell more after than before; `apart`: what was told after by links without anything before.
    Links in several currencies are not compared, for that would invent a rate: `unknown` of them.
    """

    name: str  # signed, received, set_aside, agreed, paid
    currency: str
    in_kind: bool
    before: Decimal
    after: Decimal
    open: Decimal
    over: Decimal
    apart: Decimal
    links_open: int
    unknown: int
    unknown_before: Decimal
    unknown_after: Decimal

    @property
    def holds(self) -> bool:
        """What is true of every step, to the last minor unit."""
        compared = self.before - self.unknown_before - self.open + self.over + self.apart
        return compared == self.after - self.unknown_after


@dataclass(frozen=True, slots=True)
class Makeup:
    """What the total of one line (`totals.Total.line`) is made of: `inwards` + `outwards` + `inside` the boundary is
    the total, and so is `with_area` + `without_area`.

    `not_added` is no part of it: figures whose money another figure tells too, such as an award beside its contract.
    """

    stage: str
    currency: str
    in_kind: bool
    loan: bool
    amount: Decimal
    inwards: Decimal
    outwards: Decimal
    inside: Decimal
    with_area: Decimal
    without_area: Decimal
    figures: int
    without_amount: int
    not_added: Decimal
    not_added_figures: int


_Pairs = Mapping[tuple[str | None, str, bool], tuple[Decimal, Decimal]]
"""(link, currency, in kind) -> (before, after). A later figure that names no link has None there."""


def steps(conn: sa.Connection, jurisdiction: str, at: int | None = None) -> list[Step]:
    """Return the steps from promise to payment, in the order of the money's way, then of currency.

    A promise is kept by a signature or by the money itself: `after` of the step "signed" is the larger of the two.
    """
    a = arcs.c
    given = _sums(conn, jurisdiction, at, pledge=a.ocid, commitment=a.ocid, receipt=a.ocid)
    found = [
        *_compared("signed", {k: (pledge, max(signed, came)) for k, (pledge, signed, came) in given.items()}),
        *_compared("received", {k: (signed, came) for k, (_, signed, came) in given.items()}),
    ]
    for name, sums in (
        ("set_aside", _sums(conn, jurisdiction, at, receipt=a.ocid, allocation=a.funding)),
        ("agreed", _sums(conn, jurisdiction, at, allocation=a.programme, contract=a.programme)),
        ("paid", _sums(conn, jurisdiction, at, contract=a.ocid, payment=a.ocid)),
    ):
        found += _compared(name, {k: (before, after) for k, (before, after) in sums.items() if not k[2]})
    return found


def _sums(
    conn: sa.Connection, jurisdiction: str, at: int | None, **links: sa.ColumnElement[str | None]
) -> dict[tuple[str | None, str, bool], tuple[Decimal, ...]]:
    """Add up each stage per link, currency and nature; `links` says by which column a stage names its link."""
    a = arcs.c
    zero = sa.literal(_ZERO, a.amount.type)
    link = sa.case(*((a.stage == stage, column) for stage, column in links.items()))
    sums = (
        sa.type_coerce(func.sum(sa.case((a.stage == stage, a.amount), else_=zero)), a.amount.type) for stage in links
    )
    told = where(at, jurisdiction=jurisdiction, stage=list(links))
    query = (
        sa.select(link, a.currency, a.in_kind, *sums)
        .where(a.counted, a.amount.is_not(None), *told)
        .group_by(link, a.currency, a.in_kind)
    )
    return {(row[0], row[1], bool(row[2])): tuple(map(Decimal, row[3:])) for row in conn.execute(query)}


def _compared(name: str, pairs: _Pairs) -> Iterator[Step]:
    currencies: dict[tuple[str | None, bool], set[str]] = {}
    for (link, currency, in_kind), sums in pairs.items():
        if any(sums):
            currencies.setdefault((link, in_kind), set()).add(currency)
    lines: dict[tuple[str, bool], list[tuple[str | None, Decimal, Decimal]]] = {}
    for (link, currency, in_kind), (before, after) in pairs.items():
        if before or after:
            lines.setdefault((currency, in_kind), []).append((link, before, after))
    for (currency, in_kind), told in sorted(lines.items()):
        mixed: list[tuple[Decimal, Decimal]] = []
        linked: list[tuple[Decimal, Decimal]] = []
        apart = _ZERO
        for link, before, after in told:
            if link is not None and len(currencies[link, in_kind]) > 1:
                mixed.append((before, after))
            elif link is None or not before:
                apart += after
                linked.append((before, _ZERO))
            else:
                linked.append((before, after))
        yield Step(
            name,
            currency,
            in_kind,
            before=sum((before for _, before, _ in told), _ZERO),
            after=sum((after for _, _, after in told), _ZERO),
            open=sum((before - after for before, after in linked if before > after), _ZERO),
            over=sum((after - before for before, after in linked if after > before), _ZERO),
            apart=apart,
            links_open=sum(before > after for before, after in linked),
            unknown=len(mixed),
            unknown_before=sum((before for before, _ in mixed), _ZERO),
            unknown_after=sum((after for _, after in mixed), _ZERO),
        )


def makeup(conn: sa.Connection, jurisdiction: str, at: int | None = None) -> list[Makeup]:
    """Return what each total of the jurisdiction is made of, in the order of `totals`."""
    a = arcs.c
    ways = (a.stage, func.coalesce(a.currency, ""), a.in_kind, a.loan, a.counted, a.crossing, a.area.is_not(None))
    query = (
        sa.select(
            *ways,
            sa.type_coerce(func.sum(a.amount), a.amount.type),
            func.count(),
            func.sum(sa.case((a.amount.is_(None), 1), else_=0)),
        )
        .where(a.event != GOODS_ONLY, *where(at, jurisdiction=jurisdiction))
        .group_by(*ways)
    )
    lines: dict[tuple[str, str, bool, bool], list[tuple[bool, str, bool, Decimal, int, int]]] = {}
    for stage, currency, in_kind, loan, counted, crossing, placed, amount, figures, without in conn.execute(query):
        line = lines.setdefault((stage, currency, bool(in_kind), bool(loan)), [])
        line.append((bool(counted), crossing, bool(placed), Decimal(amount or 0), figures, int(without)))
    found = []
    for (stage, currency, in_kind, loan), parts in sorted(lines.items(), key=lambda i: (STAGES.index(i[0][0]), i[0])):
        added = [p for p in parts if p[0]]
        rest = [p for p in parts if not p[0]]
        across = {way: sum((p[3] for p in added if p[1] == way), _ZERO) for way in ("in", "out", "internal")}
        found.append(
            Makeup(
                stage,
                currency,
                in_kind,
                loan,
                amount=sum((p[3] for p in added), _ZERO),
                inwards=across["in"],
                outwards=across["out"],
                inside=across["internal"],
                with_area=sum((p[3] for p in added if p[2]), _ZERO),
                without_area=sum((p[3] for p in added if not p[2]), _ZERO),
                figures=sum(p[4] for p in added),
                without_amount=sum(p[5] for p in added),
                not_added=sum((p[3] for p in rest), _ZERO),
                not_added_figures=sum(p[4] for p in rest),
            )
        )
    return found

"""The front door: what there is, per jurisdiction and per stage, as of when; and one jurisdiction whole.

In: totals, publications, the register. Out: pages `/` and `/jurisdiction/{code}`. Read `home`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from ledger import reading, workflow
from ledger.errors import NotFound
from ledger.publish import Publication, publications_of
from ledger.settings import Jurisdiction, Publisher
from ledger.totals import CashLine, movements, reconciliation, remainders, totals
from ledger.values import utc_text
from public_site import described
from public_site.charts.figures import Figure, figure
from public_site.pages import page
from public_site.pages.shown import GoodsRow, StageRow, goods_rows, stage_rows, totals_json
from public_site.web import Ask, Page, plain


@dataclass(frozen=True, slots=True)
class Part:
    """One jurisdiction on the home page."""

    jurisdiction: Jurisdiction
    counts: Mapping[str, int]
    rows: tuple[StageRow, ...]
    silent: int  # publishers that have published nothing


@dataclass(frozen=True, slots=True)
class Home:
    parts: tuple[Part, ...]
    publications: tuple[Publication, ...]
    without_amount: int
    processes: int


@page("/")
def home(ask: Ask) -> Page:
    sums = totals(ask.conn, ask.at)
    counts = reading.process_counts(ask.conn, ask.at)
    heard = {p.publisher for p in reading.published(ask.conn, ask.at)}
    rows = stage_rows(sums)
    parts = tuple(
        Part(
            j,
            counts.get(j.code, {}),
            tuple(r for r in rows if r.jurisdiction == j.code),
            sum(p.jurisdiction == j.code and p.id not in heard for p in ask.register.publishers),
        )
        for j in ask.register.jurisdictions
    )
    view = Home(
        parts,
        tuple(publications_of(ask.conn, before=None if ask.at is None else ask.at + 1, limit=5)),
        sum(t.without_amount for t in sums if t.stage != "delivery"),
        sum(sum(c.values()) for c in counts.values()),
    )
    told = {
        "publication": ask.latest if ask.at is None else ask.at,
        "count": view.processes,
        "jurisdictions": [
            {
                "code": p.jurisdiction.code,
                "names": p.jurisdiction.names,
                "fictional": p.jurisdiction.fictional,
                "processes": p.counts,
            }
            for p in parts
        ],
        "totals": totals_json(sums),
    }
    changed = utc_text(at) if (at := workflow.published_at(ask.conn, ask.latest)) else ""
    dataset = described.ledger(ask.settings, ask.register, ask.language, ask.latest, changed)
    return Page("pages/home.html", view, told, fictional=ask.fictional(), dataset=dataset)


@dataclass(frozen=True, slots=True)
class Open:
    """What is promised and not yet signed, signed and not yet received: added over aid processes of one currency."""

    currency: str
    in_kind: bool
    not_yet_signed: Decimal
    not_yet_received: Decimal
    unknown: int  # processes whose later stages are in another currency: subtracting would invent a rate


@dataclass(frozen=True, slots=True)
class AreaRow:
    code: str
    names: Mapping[str, str]
    population: int | None
    rows: tuple[StageRow, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    jurisdiction: Jurisdiction
    counts: Mapping[str, int]
    rows: tuple[StageRow, ...]
    cash: tuple[CashLine, ...]
    open: tuple[Open, ...]
    goods: tuple[GoodsRow, ...]
    areas: tuple[AreaRow, ...]
    map: Figure | None
    publishers: tuple[tuple[Publisher, int], ...]


@page("/jurisdiction/{code}")
def jurisdiction(ask: Ask, code: str) -> Page:
    found = ask.jurisdiction(code)
    if found is None:
        raise NotFound("no_jurisdiction", jurisdiction=code)
    sums = totals(ask.conn, ask.at, jurisdiction=code)
    by_publisher = reading.process_counts(ask.conn, ask.at, "publisher")
    gifts = reading.goods(ask.conn, ask.at, jurisdiction=code, kind="aid", stage=("receipt", "delivery"), limit=40)
    view = Whole(
        found,
        reading.process_counts(ask.conn, ask.at).get(code, {}),
        stage_rows(sums),
        reconciliation(ask.conn, code, ask.at, goods=False).cash,
        _open(ask, code),
        goods_rows(gifts),
        tuple(
            AreaRow(a.code, a.names, a.population, stage_rows(totals(ask.conn, ask.at, jurisdiction=code, area=a.code)))
            for a in found.areas
        ),
        figure(ask, "map", jurisdiction=code) if found.areas and sums else None,
        tuple((p, sum(by_publisher.get(p.id, {}).values())) for p in ask.register.publishers if p.jurisdiction == code),
    )
    return Page(
        "pages/jurisdiction.html", view, _whole_json(ask, view, totals_json(sums)), fictional=ask.fictional([code])
    )


def _open(ask: Ask, code: str) -> tuple[Open, ...]:
    figures = movements(ask.conn, ask.at, jurisdiction=code, kind="aid", stage=("pledge", "commitment", "receipt"))
    lines: dict[tuple[str, bool], list[Any]] = {}
    for _, process in groupby(figures, key=lambda a: a.ocid):
        several = list(process)
        # A gift that was only ever received promises nothing: most rows of a donations register are such.
        if all(a.stage == "receipt" for a in several):
            continue
        for r in remainders(several):
            line = lines.setdefault((r.currency, r.in_kind), [Decimal(0), Decimal(0), 0])
            line[0] += r.not_yet_signed or 0
            line[1] += r.not_yet_received or 0
            line[2] += r.not_yet_signed is None or r.not_yet_received is None
    return tuple(Open(*key, *line) for key, line in sorted(lines.items()))


def _whole_json(ask: Ask, view: Whole, sums: list[dict[str, Any]]) -> dict[str, Any]:
    j = view.jurisdiction
    return {
        "publication": ask.latest if ask.at is None else ask.at,
        "code": j.code,
        "names": j.names,
        "currency": j.currency,
        "fictional": j.fictional,
        "licence": j.licence,
        "credit": j.credit,
        "processes": view.counts,
        "totals": sums,
        "cash": [
            {"currency": c.currency, "in": plain(c.received), "out": plain(c.paid), "difference": plain(c.difference)}
            for c in view.cash
        ],
        "open": plain(view.open),
        "areas": [{"code": a.code, "names": a.names, "population": a.population} for a in view.areas],
        "publishers": [{"id": p.id, "name": p.name, "processes": n} for p, n in view.publishers],
    }

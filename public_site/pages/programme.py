"""A programme with what hangs from it: what was set aside and by whom, the purchases under it, what is left.

In: a programme's record and every figure that names it. Out: page `/programme/{ocid}`. Read `programme`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ledger import reading
from ledger.errors import NotFound
from ledger.reading import Found, Goods, Process, Wanted
from ledger.totals import Total, movements, totals
from public_site.charts import figures as charts
from public_site.pages import page
from public_site.pages.process import Figure, figures_named, found
from public_site.pages.shown import GoodsRow, StageRow, figures_json, goods_rows, listed_json, stage_rows, totals_json
from public_site.web import Ask, Page, plain


@dataclass(frozen=True, slots=True)
class Left:
    """What of a budget is open in one currency. `left` None: contracts are in another currency too."""

    currency: str
    budget: Decimal
    left: Decimal | None
    unpaid: Decimal

    @property
    def over(self) -> Decimal:
        return -(self.left or Decimal(0))


@dataclass(frozen=True, slots=True)
class Programme:
    process: Process
    rows: tuple[StageRow, ...]
    sources: tuple[Figure, ...]
    left: tuple[Left, ...]
    under: Found
    goods: tuple[GoodsRow, ...]
    flows: charts.Figure


def _left(sums: Iterable[Total]) -> Iterable[Left]:
    """Compare what was set aside with contracts, and contracts with payments, each within one currency and money only.

    Subtracting across stages says what is open; it never makes a total.
    """
    told: dict[str, dict[str, Decimal]] = {}
    for t in sums:
        if t.currency and not t.in_kind:
            stages = told.setdefault(t.currency, {})
            stages[t.stage] = stages.get(t.stage, Decimal(0)) + t.amount
    zero = Decimal(0)
    for currency, stages in sorted(told.items()):
        if "allocation" not in stages:
            continue
        elsewhere = any("contract" in others for c, others in told.items() if c != currency)
        agreed = stages.get("contract", zero)
        yield Left(
            currency,
            stages["allocation"],
            None if elsewhere else stages["allocation"] - agreed,
            max(zero, agreed - stages.get("payment", zero)),
        )


@page("/programme/{ocid}")
def programme(ask: Ask, ocid: str) -> Page:
    it = found(ask, ocid)
    if it.kind != "programme":
        raise NotFound("no_programme", ocid=ocid)
    sums = totals(ask.conn, ask.at, programme=ocid)
    own = movements(ask.conn, ask.at, ocids=[ocid])
    under = ask.site.finder.search(ask.conn, Wanted(programme=ocid, kind="procurement"), ask.at, 100, facets=False)
    arrived: list[Goods] = reading.goods(ask.conn, ask.at, programme=ocid)
    view = Programme(
        it,
        stage_rows(sums),
        tuple(figures_named(ask, it.jurisdiction, own)),
        tuple(_left(sums)),
        under,
        goods_rows(arrived),
        charts.figure(ask, "flows", programme=ocid, jurisdiction=it.jurisdiction),
    )
    told = {
        "publication": ask.latest if ask.at is None else ask.at,
        "ocid": ocid,
        "title": it.title,
        "totals": totals_json(sums),
        "sources": figures_json(reading.Movement(f.arc, it.title, f.payer, f.payee) for f in view.sources),
        "left": [
            {
                "currency": x.currency,
                "set_aside": plain(x.budget),
                "not_contracted": plain(x.left),
                "not_paid": plain(x.unpaid),
            }
            for x in view.left
        ],
        "items": listed_json(under.rows),
        "goods": plain(view.goods),
    }
    return Page("pages/programme.html", view, told, fictional=ask.fictional([it.jurisdiction]), card=f"card-{ocid}")

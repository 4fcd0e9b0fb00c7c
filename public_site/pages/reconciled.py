"""Why totals differ: what came in and went out, what is open between two stages, what each total is made of.

In: one jurisdiction. Out: page `/reconciliation/{code}`, to which every page links that shows totals that differ
(docs/reference/money, rule 10). Read `reconciled`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.errors import NotFound
from ledger.reconciling import Makeup, Step, makeup, steps
from ledger.settings import Jurisdiction
from ledger.totals import CashLine, reconciliation
from public_site.pages import page
from public_site.pages.shown import GoodsRow, goods_rows
from public_site.web import Ask, Page, plain

GOODS_SHOWN = 300
STAGES_OF = {
    "signed": ("pledge", "commitment"),
    "received": ("commitment", "receipt"),
    "set_aside": ("receipt", "allocation"),
    "agreed": ("allocation", "contract"),
    "paid": ("contract", "payment"),
}
"""The two stages that a step compares; of "signed", the later one is what was signed or came without a signature."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    jurisdiction: Jurisdiction
    cash: tuple[CashLine, ...]
    steps: tuple[Step, ...]
    stages_of: dict[str, tuple[str, str]]
    goods: tuple[GoodsRow, ...]
    more_goods: bool
    makeup: tuple[Makeup, ...]


@page("/reconciliation/{code}", ("json", "csv"))
def reconciled(ask: Ask, code: str) -> Page:
    """The .csv holds what each total is made of; the .json everything that the page shows."""
    found = ask.jurisdiction(code)
    if found is None:
        raise NotFound("no_jurisdiction", jurisdiction=code)
    gifts = goods_rows(
        reading.goods(
            ask.conn, ask.at, jurisdiction=code, kind="aid", stage=("receipt", "delivery"), limit=GOODS_SHOWN + 1
        )
    )
    view = Reconciled(
        found,
        reconciliation(ask.conn, code, ask.at, goods=False).cash,
        tuple(steps(ask.conn, code, ask.at)),
        STAGES_OF,
        gifts[:GOODS_SHOWN],
        len(gifts) > GOODS_SHOWN,
        tuple(makeup(ask.conn, code, ask.at)),
    )
    told = {
        "publication": ask.latest if ask.at is None else ask.at,
        "code": code,
        "cash": [
            {"currency": c.currency, "in": plain(c.received), "out": plain(c.paid), "difference": plain(c.difference)}
            for c in view.cash
        ],
        "steps": plain(view.steps),
        "goods": [{**plain(g), "left": plain(g.left)} for g in view.goods],
        "totals": plain(view.makeup),
    }

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return (asdict(m).values() for m in view.makeup)

    return Page(
        "pages/reconciliation.html",
        view,
        told,
        (tuple(f.name for f in fields(Makeup)), rows),
        title=ask.words.name(found.names),
        fictional=ask.fictional([code]),
    )

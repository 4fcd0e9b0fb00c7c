"""What several pages show: totals in rows of stages, the reader's filters, goods in and out.

In: totals, rows. Out: frozen values for templates. What a reader asks for is `filters`. Read `stage_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.arcs import Arc
from ledger.reading import Goods, Listed, Movement
from ledger.tables import STAGES
from ledger.totals import Total
from public_site import charts
from public_site.exports.manifest import plain
from public_site.web import Ask, Row


@dataclass(frozen=True, slots=True)
class Sum:
    amount: Decimal
    processes: int


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage in one currency: money, loans and goods stand side by side and are never added."""

    jurisdiction: str
    stage: str
    currency: str
    cash: Sum | None
    loan: Sum | None
    in_kind: Sum | None
    without_amount: int
    bar: int  # thousandths of the largest cash sum of this jurisdiction and currency


def stage_rows(totals: Iterable[Total]) -> tuple[StageRow, ...]:
    """Return totals as rows, in the order of the chain. Figures without an amount are counted on their stage's row."""
    totals = list(totals)
    cash: dict[tuple[str, str], list[Decimal]] = {}
    for t in totals:
        if not (t.in_kind or t.loan):
            cash.setdefault((t.jurisdiction, t.currency), []).append(t.amount)
    # A bar alone compares nothing.
    largest = {key: max(sums) for key, sums in cash.items() if len(sums) > 1}
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for t in totals:
        row = rows.setdefault((t.jurisdiction, t.stage, t.currency), {"without": 0})
        row["without"] += t.without_amount
        if t.currency:
            column = "in_kind" if t.in_kind else "loan" if t.loan else "cash"
            same = row.get(column)
            # Goods bought with a loan are goods: their value is an estimate of neither cash nor loan.
            row[column] = Sum(t.amount + (same.amount if same else 0), t.processes + (same.processes if same else 0))
    found = []
    for (jurisdiction, stage, currency), row in rows.items():
        own = row.get("cash")
        bar = charts.share(own.amount if own else Decimal(0), largest.get((jurisdiction, currency), Decimal(0)))
        found.append(
            StageRow(
                jurisdiction,
                stage,
                currency,
                own,
                row.get("loan"),
                row.get("in_kind"),
                row["without"],
                bar,
            )
        )
    return tuple(sorted(found, key=lambda r: (r.jurisdiction, STAGES.index(r.stage), r.currency == "", r.currency)))


def totals_json(totals: Iterable[Total]) -> list[dict[str, Any]]:
    """Return totals as every JSON twin gives them: exact text, one line for what may be added."""
    return [
        {
            "jurisdiction": t.jurisdiction,
            "stage": t.stage,
            "currency": t.currency or None,
            "in_kind": t.in_kind,
            "loan": t.loan,
            "amount": plain(t.amount) if t.currency else None,
            "processes": t.processes,
            "figures": t.arcs,
            "without_amount": t.without_amount,
        }
        for t in totals
    ]


# --- lists in other shapes ------------------------------------------------------------------------------------------

PROCESS_COLUMNS = (
    *("ocid", "url", "title", "kind", "jurisdiction", "publisher", "method", "event_date", "last_changed"),
    *("donors", "buyers", "suppliers"),
    *("stage", "currency", "in_kind", "loan", "amount", "figures", "without_amount", "withdrawn"),
)


def process_table(rows: Iterable[Listed], base: str) -> Iterable[tuple[Any, ...]]:
    """One row a process, stage, currency and nature: what may be added stands in one column."""
    for r in rows:
        common = (
            r.ocid, f"{base}/process/{r.ocid}", r.title, r.kind, r.jurisdiction, r.publisher, r.method, r.on, r.changed,
            *("; ".join(p.name for p in several) for several in (r.donors, r.buyers, r.suppliers)),
        )  # fmt: skip
        if not r.lines:
            yield (*common, None, None, None, None, None, 0, 0, r.withdrawn)
        for line in r.lines:
            t = line.total
            money = t.amount if t.currency else None
            yield (
                *common, t.stage, t.currency or None, t.in_kind, t.loan, money, t.arcs, t.without_amount, r.withdrawn,
            )  # fmt: skip


FIGURE_COLUMNS = (
    *("ocid", "url", "title", "jurisdiction", "publisher", "stage", "event", "date"),
    *("payer_id", "payer", "payee_id", "payee", "amount", "currency", "in_kind", "loan"),
    *("quantity", "unit", "item", "area", "programme", "funding", "locator"),
)


def figure_table(rows: Iterable[Movement], base: str) -> Iterable[tuple[Any, ...]]:
    for m in rows:
        a: Arc = m.arc
        yield (
            *(a.ocid, f"{base}/process/{a.ocid}", m.title, a.jurisdiction, a.publisher, a.stage, a.event, a.on),
            *(a.payer, m.payer, a.payee, m.payee, a.amount, a.currency, a.in_kind, a.loan),
            *(a.quantity, a.unit, a.item, a.area, a.programme, a.funding, a.locator),
        )


def listed_json(rows: Iterable[Listed]) -> list[dict[str, Any]]:
    return [
        {
            "ocid": r.ocid,
            "kind": r.kind,
            "title": r.title,
            "jurisdiction": r.jurisdiction,
            "publisher": r.publisher,
            "date": r.on,
            "changed": r.changed,
            "method": r.method,
            "withdrawn": r.withdrawn,
            "donors": [{"id": p.id, "name": p.name} for p in r.donors],
            "buyers": [{"id": p.id, "name": p.name} for p in r.buyers],
            "suppliers": [{"id": p.id, "name": p.name} for p in r.suppliers],
            "areas": r.areas,
            "totals": totals_json(line.total for line in r.lines),
        }
        for r in rows
    ]


def figures_json(rows: Iterable[Movement]) -> list[dict[str, Any]]:
    base = FIGURE_COLUMNS
    found = []
    for values in figure_table(rows, ""):
        told = dict(zip(base, values, strict=True))
        del told["url"]
        found.append({k: plain(v) if isinstance(v, Decimal) else v for k, v in told.items()})
    return found


def listed_feed(ask: Ask, rows: Iterable[Listed]) -> Iterable[Row]:
    base = ask.settings.public_url.rstrip("/")
    for r in rows:
        yield Row(r.ocid, r.title, f"{base}/{ask.language}/process/{r.ocid}", r.changed)


# --- goods --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """One kind of goods in one unit, through its stages."""

    item_key: str
    item: str
    unit: str | None
    quantities: Mapping[str, Decimal]

    @property
    def address(self) -> tuple[str, str]:
        scheme, _, id = self.item_key.partition("/")
        return scheme, id

    @property
    def left(self) -> Decimal | None:
        """Of gifts: what came in and was not handed out; None when one side is not published. Below zero is shown.

        Never for what was bought: a contract for several goods carries no quantity of its own.
        """
        if "receipt" not in self.quantities or "delivery" not in self.quantities:
            return None
        return self.quantities["receipt"] - self.quantities["delivery"]


def goods_rows(goods: Iterable[Goods]) -> tuple[GoodsRow, ...]:
    found: dict[tuple[str, str | None], GoodsRow] = {}
    for g in goods:
        row = found.setdefault((g.item_key, g.unit), GoodsRow(g.item_key, g.item, g.unit, {}))
        row.quantities[g.stage] = row.quantities.get(g.stage, Decimal(0)) + g.quantity  # type: ignore[index]
    return tuple(found.values())

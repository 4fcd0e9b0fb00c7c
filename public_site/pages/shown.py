"""What several pages show: totals in rows of stages, the reader's filters, goods in and out.

In: totals, query strings. Out: frozen values for templates. Read `stage_rows` and `asked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from ledger.arcs import Arc
from ledger.reading import SORTS, Goods, Listed, Movement, Wanted
from ledger.tables import STAGES
from ledger.totals import Total
from ledger.values import PartialDate
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


# --- filters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ignored:
    """A filter that was not understood: explained, never silently dropped."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    name: str
    value: str
    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Asked:
    wanted: Wanted
    ignored: tuple[Ignored, ...]
    kept: tuple[tuple[str, str], ...]  # the query that was understood, without `after` and `asof`

    def query(self, **changed: str) -> str:
        told = {**dict(self.kept), **changed}
        return urlencode({k: v for k, v in told.items() if v})


_FIELDS: Mapping[str, str] = {
    **{n: n for n in ("q", "kind", "stage", "jurisdiction", "area", "donor", "buyer", "supplier", "programme")},
    **{n: n for n in ("item", "method", "currency", "sort", "after")},
    "from": "since",
    "to": "until",
    "min": "least",
    "max": "most",
}
"""The names of the query string (interface.md) and those of `Wanted`."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": ("aid", "programme", "procurement"),
    "stage": STAGES,
    "method": ("open", "selective", "limited", "direct"),
    "sort": SORTS,
}


def asked(ask: Ask, **fixed: str) -> Asked:
    """Read the filters of a list from the query string. What cannot be understood is ignored and said to be."""
    told: dict[str, Any] = {}
    kept: dict[str, str] = {}
    ignored: list[Ignored] = []
    for name, raw in ask.query:
        if name == "asof":
            continue
        value = raw.strip()[:300]
        if name not in _FIELDS or _FIELDS[name] in fixed:
            ignored.append(Ignored(name[:40], value[:80], "unknown_name"))
        elif name in kept:
            ignored.append(Ignored(name, value[:80], "twice"))
        else:
            read, why = _read(ask, name, value)
            if why:
                ignored.append(Ignored(name, value[:80], why))
            else:
                told[_FIELDS[name]] = read
                kept[name] = value
    if told.get("sort") == "amount" and not told.get("currency"):
        ignored.append(Ignored("sort", "amount", "needs_currency"))
        told.pop("sort"), kept.pop("sort")
        told["after"] = told.get("after", "").rpartition("~")[
            2
        ]  # the end of a page in another order is none in this one
    if told.get("after") and not _is_key(told["after"], told.get("sort", "newest")):
        ignored.append(Ignored("after", told.pop("after")[:80], "not_a_place_to_go_on"))
    kept.pop("after", None)
    return Asked(Wanted(**{**told, **fixed}), tuple(ignored), tuple(kept.items()))


def _read(ask: Ask, name: str, value: str) -> tuple[Any, str]:
    """Return a filter's value, or why it is none."""
    if name in _CHOICES:
        return (value, "") if value in _CHOICES[name] else (None, "unknown_value")
    if name == "jurisdiction":
        found = next((j.code for j in ask.register.jurisdictions if j.code.casefold() == value.casefold()), None)
        return (found, "") if found else (None, "unknown_value")
    if name == "area":
        known = any(a.code == value for j in ask.register.jurisdictions for a in j.areas)
        return (value, "") if known else (None, "unknown_value")
    if name == "currency":
        return (value.upper(), "") if re.fullmatch(r"[A-Za-z]{3}", value) else (None, "unknown_value")
    if name in ("from", "to"):
        try:
            return (str(PartialDate.parse(value)), "") if len(value) <= 10 else (None, "not_a_date")
        except ValueError:
            return None, "not_a_date"
    if name in ("min", "max"):
        try:
            number = Decimal(value.replace(",", "").replace(" ", ""))
        except InvalidOperation:
            return None, "not_an_amount"
        return (number.quantize(Decimal("0.0001")), "") if abs(number) < Decimal(10) ** 14 else (None, "not_an_amount")
    return value, ""


def _is_key(after: str, sort: str) -> bool:
    last, mark, ocid = after.rpartition("~")
    if sort == "amount":
        return bool(mark and re.fullmatch(r"-?\d+(\.\d+)?", last))
    return bool(mark and ocid)


def chips(ask: Ask, asked: Asked, path: str, labels: Mapping[str, str]) -> tuple[Chip, ...]:
    """Return the filters in force, each with the address that takes it away."""
    found = []
    for name, value in asked.kept:
        if name == "sort":
            continue
        rest = [(k, v) for k, v in asked.kept if k != name]
        if ask.at is not None:
            rest.append(("asof", str(ask.at)))
        label = labels.get(value, value)
        if name in ("kind", "stage", "method"):
            label = ask.words.term(name, value)
        elif name in ("from", "to"):
            label = ask.words.date(value)
        found.append(Chip(name, value, label, f"/{ask.language}{path}" + (f"?{urlencode(rest)}" if rest else "")))
    return tuple(found)


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

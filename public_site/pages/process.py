"""One process, whole: what it is in a sentence, its money by stage, where that came from, what arrived.

In: a compiled record and its figures. Out: page `/process/{ocid}`. Read `process`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import reading
from ledger.arcs import GOODS_ONLY, Arc, item_key
from ledger.errors import NotFound
from ledger.rates import Converted, Rates, conversions, gathered, published
from ledger.reading import Process
from ledger.tables import STAGES
from ledger.totals import Remainder, movements, of_arcs, remainders
from ledger.values import decimal
from ocds import paths
from public_site import described
from public_site.pages import checks, page
from public_site.pages.heard import Heard, heard, heard_json
from public_site.pages.labels import is_minted
from public_site.pages.shown import figures_json, totals_json
from public_site.web import Ask, Page

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the process, with the names of its ends and its conversion."""

    arc: Arc
    payer: str | None
    payee: str | None
    funding: str | None
    converted: Converted | None


@dataclass(frozen=True, slots=True)
class Stage:
    stage: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One stage of the chain, also when nothing was published for it: silence is shown, never taken for zero."""

    stage: str
    lines: tuple[reading.Line, ...]
    without_amount: int
    not_counted: int
    goods: tuple[tuple[Decimal, str, str], ...]  # (quantity, unit, what): added within one item and unit only


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a contract or gift."""

    description: str
    address: tuple[str, str] | None
    quantity: Decimal | None
    quantity_at: str
    unit: str
    price: Decimal | None
    currency: str
    price_at: str
    place: str
    holder: str


@dataclass(frozen=True, slots=True)
class PartyRow:
    id: str
    name: str
    roles: tuple[str, ...]
    identifier: str
    page: str  # donor, buyer or supplier: the page of a party shows every part that it plays


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str
    at: str


@dataclass(frozen=True, slots=True)
class Related:
    ocid: str
    title: str
    kind: str  # empty: not public here
    relationship: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a reader asks of a contract besides its money."""

    id: str  # empty: the ledger made one up, the source gives none
    title: str
    status: str
    suppliers: tuple[str, ...]
    signed: str
    start: str
    end: str
    amendments: tuple[tuple[str, str], ...]  # (date, reason)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the generated sentence needs; the template says it in words."""

    giver: str
    receiver: str
    on: str
    amount: Decimal | None
    currency: str
    several: int
    in_kind: bool
    loan: bool
    stage: str
    bidders: int | None
    locator: str  # of the figure, when the amount is one figure
    quantity: Decimal | None  # of the only item
    unit: str
    item: str


@dataclass(frozen=True, slots=True)
class Told:
    process: Process
    description: str
    language: str
    sentence: Sentence | None
    chain: tuple[ChainRow, ...]
    stages: tuple[Stage, ...]
    remainders: tuple[Remainder, ...]
    funding: tuple[Figure, ...]
    items: tuple[Item, ...]
    contracts: tuple[Contract, ...]
    parties: tuple[PartyRow, ...]
    documents: tuple[Link, ...]
    related: tuple[Related, ...]
    files: tuple[tuple[str, str], ...]  # (name, sha256)
    publication: int
    not_converted: Mapping[str, int]
    bars: Mapping[tuple[str, str, bool, bool], int]
    """(stage, currency, in kind, loan) -> length of its bar in thousandths of the longest of that currency."""
    checks: checks.Section | None
    voices: Heard


def found(ask: Ask, ocid: str) -> Process:
    process = reading.process(ask.conn, ocid, ask.at)
    if process is None:
        raise NotFound("no_process", ocid=ocid)
    return process


@page("/process/{ocid}", ("json", "csv"))
def process(ask: Ask, ocid: str) -> Page:
    it = found(ask, ocid)
    figures = movements(ask.conn, ask.at, ocids=[ocid])
    view = _told(ask, it, figures)
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    named = [reading.Movement(f.arc, it.title, f.payer, f.payee) for s in view.stages for f in s.figures]
    from public_site.pages.shown import FIGURE_COLUMNS, figure_table

    return Page(
        "pages/process.html",
        view,
        {
            "publication": view.publication,
            "ocid": ocid,
            "kind": it.kind,
            "title": it.title,
            "jurisdiction": it.jurisdiction,
            "publisher": it.publisher,
            "withdrawn": it.withdrawn,
            "releases": it.release_count,
            "totals": totals_json(of_arcs(figures)),
            "figures": figures_json(named),
            "files": [{"file": name, "sha256": sha} for name, sha in view.files],
            "checks": checks.section_json(view.checks),
            "voices": heard_json(view.voices),
            "compiledRelease": it.compiled,
        },
        (FIGURE_COLUMNS, lambda conn: figure_table(named, base)),
        fictional=ask.fictional([it.jurisdiction]),
        card=f"card-{ocid}",
        dataset=described.record(
            ask.settings, it, ask.jurisdiction(it.jurisdiction), ask.register.publisher(it.publisher).name, ask.language
        ),
    )


_CHAINS: Mapping[str, tuple[str, ...]] = {
    "aid": ("pledge", "commitment", "receipt", "delivery"),
    "programme": ("allocation",),
    "procurement": ("contract", "payment", "delivery"),
}
"""The stages that a process of a kind can go through; the others do not apply to it."""


def _chain(it: Process, figures: list[Arc]) -> Iterable[ChainRow]:
    told = reading.lines(figures)
    for stage in STAGES:
        own = [f for f in figures if f.stage == stage and f.event != GOODS_ONLY]
        if own or stage in _CHAINS[it.kind]:
            yield ChainRow(
                stage,
                tuple(line for line in told if line.total.stage == stage and line.total.currency),
                sum(f.amount is None and f.counted for f in own),
                sum(not f.counted for f in own),
                _quantities(f for f in figures if f.stage == stage),
            )


def _quantities(figures: Iterable[Arc]) -> tuple[tuple[Decimal, str, str], ...]:
    found: dict[tuple[str, str], Decimal] = {}
    for f in figures:
        if f.counted and f.quantity is not None:
            key = f.unit or "", f.item or ""
            found[key] = found.get(key, Decimal(0)) + f.quantity
    return tuple((quantity, unit, item) for (unit, item), quantity in found.items())


def rates_of(ask: Ask) -> Rates:
    return gathered(ask.register, published(ask.conn, ask.at))


def _told(ask: Ask, it: Process, figures: list[Arc]) -> Told:
    doc = it.told
    named = figures_named(ask, it.jurisdiction, figures)
    shown = [f for f in named if f.arc.event != GOODS_ONLY]
    stages = tuple(
        Stage(stage, tuple(f for f in shown if f.arc.stage == stage))
        for stage in STAGES
        if any(f.arc.stage == stage for f in shown)
    )
    without: dict[str, int] = {}
    for f in shown:
        if f.arc.amount is not None and f.converted is None and f.arc.currency:
            without[f.arc.currency] = without.get(f.arc.currency, 0) + 1
    open_ones = remainders(figures) if any(f.stage in ("pledge", "commitment") for f in figures) else []
    return Told(
        it,
        str(doc.get("description") or (doc.get("tender") or {}).get("description") or ""),
        str(doc.get("language") or ""),
        _sentence(it, shown),
        tuple(_chain(it, figures)),
        stages,
        tuple(open_ones),
        tuple(f for f in shown if f.arc.stage in ("allocation", "contract", "payment")),
        tuple(_items(doc)),
        tuple(_contracts(doc)),
        tuple(_parties(doc)),
        tuple(_documents(doc)),
        tuple(_related(ask, doc)),
        tuple(_files(ask, it)),
        ask.latest if ask.at is None else ask.at,
        without,
        _bars(figures),
        checks.section(ask, it),
        heard(ask, it.ocid, figures),
    )


def _bars(figures: list[Arc]) -> Mapping[tuple[str, str, bool, bool], int]:
    """Lengths that compare the stages of one currency by eye; a single figure has nothing to be compared with."""
    sums = [t for t in of_arcs(figures) if t.currency and t.amount > 0]
    told: dict[tuple[str, str, bool, bool], int] = {}
    for t in sums:
        alike = [o.amount for o in sums if o.currency == t.currency]
        if len(alike) > 1:
            told[t.stage, str(t.currency), t.in_kind, t.loan] = int(1000 * t.amount / max(alike))
    return told


def figures_named(ask: Ask, jurisdiction: str, figures: list[Arc]) -> list[Figure]:
    """Return figures with the names of their ends, and in the reporting currency where a rate was published."""
    names = reading.names(ask.conn, [i for a in figures for i in (a.payer, a.payee)], ask.at)
    titles = reading.titles(ask.conn, [a.funding for a in figures], ask.at)
    known = ask.jurisdiction(jurisdiction)
    rates = rates_of(ask)
    found = []
    for a in figures:
        converted = None
        if a.amount is not None and a.currency and known is not None:
            converted = conversions(a.amount, a.currency, known.currency, a.on, rates)
        funding = titles[a.funding][1] if a.funding in titles else a.funding
        found.append(Figure(a, names.get(a.payer or ""), names.get(a.payee or ""), funding, converted))
    return found


def _sentence(it: Process, shown: list[Figure]) -> Sentence | None:
    """The one figure that says what the process is: the contract, the gift, the budget."""
    order = {"procurement": ("contract",), "programme": ("allocation",), "aid": ("receipt", "commitment", "pledge")}
    bids = next(
        (s.get("value") for s in (it.told.get("bids") or {}).get("statistics") or () if s.get("measure") == "bids"),
        None,
    )
    tenderers = (it.told.get("tender") or {}).get("numberOfTenderers")
    for stage in order[it.kind]:
        own = [f for f in shown if f.arc.stage == stage and f.arc.counted]
        if not own:
            continue
        sums = [t for t in of_arcs(f.arc for f in own) if t.currency]
        one = sums[0] if len(sums) == 1 else None
        # A contract paid from two funds is two figures of one sum: still one sentence.
        cash = {(t.currency, t.in_kind) for t in sums}
        amount = sum((t.amount for t in sums), Decimal(0)) if len(cash) == 1 else None
        givers = {f.payer for f in own}
        receivers = {f.payee for f in own}
        days = sorted({f.arc.on for f in own if f.arc.on})
        return Sentence(
            (givers.pop() or "") if len(givers) == 1 else "",
            (receivers.pop() or "") if len(receivers) == 1 else "",
            days[0] if len(days) == 1 else "",
            amount if sums and len({t.currency for t in sums}) == 1 else None,
            sums[0].currency if sums else "",
            # A contract paid from two funds is two figures and one contract.
            len({f.arc.locator.partition("/finance/")[0].partition("/value/")[0] for f in own}),
            own[0].arc.in_kind,
            bool(one and one.loan),
            stage,
            int(bids) if bids is not None else int(tenderers) if tenderers is not None else None,
            own[0].arc.locator if len(own) == 1 else "",
            **_only_item(it.told, own),
        )
    return None


def _only_item(doc: Json, own: list[Figure]) -> dict[str, Any]:
    """What the sentence may say was bought or given: only when there is one thing, and its number is known."""
    items = list(_items(doc))
    only = items[0] if len(items) == 1 and len(own) == 1 and items[0].quantity is not None else None
    return {
        "quantity": only.quantity if only else None,
        "unit": only.unit if only else "",
        "item": only.description if only else "",
    }


def _items(doc: Json) -> Iterable[Item]:
    aid = (doc.get("planning") or {}).get("aid") or {}
    holders = [(f"/contracts/{n}", c, str(c.get("id") or "")) for n, c in enumerate(doc.get("contracts") or ())]
    if not any(c.get("items") for _, c, _ in holders):
        holders += [(f"/awards/{n}", a, str(a.get("id") or "")) for n, a in enumerate(doc.get("awards") or ())]
        holders.append(("/tender", doc.get("tender") or {}, ""))
    for place, holder, id in [*holders, ("/planning/aid", aid, "")]:
        for n, item in enumerate(holder.get("items") or ()):
            unit = item.get("unit") or {}
            value = unit.get("value") or {}
            key = item_key(item)
            scheme, _, code = (key or "").partition("/")
            where = item.get("deliveryLocation") or {}
            yield Item(
                str(item.get("description") or ""),
                (scheme, code) if key else None,
                None if item.get("quantity") is None else decimal(item["quantity"]),
                paths.locator(doc, f"{place}/items/{n}/quantity") if item.get("quantity") is not None else "",
                str(unit.get("name") or unit.get("id") or ""),
                None if value.get("amount") is None else decimal(value["amount"]),
                str(value.get("currency") or ""),
                paths.locator(doc, f"{place}/items/{n}/unit/value/amount") if value.get("amount") is not None else "",
                str(
                    where.get("description") or next(iter((where.get("gazetteer") or {}).get("identifiers") or ()), "")
                ),
                id if len(holders) > 1 else "",
            )


def _contracts(doc: Json) -> Iterable[Contract]:
    awards = {a.get("id"): a for a in doc.get("awards") or ()}
    for c in doc.get("contracts") or ():
        award = awards.get(c.get("awardID")) or {}
        period = c.get("period") or {}
        yield Contract(
            "" if is_minted(str(c.get("id") or "")) else str(c["id"]),
            str(c.get("title") or ""),
            str(c.get("status") or ""),
            tuple(str(s.get("name") or s.get("id")) for s in c.get("suppliers") or award.get("suppliers") or ()),
            str(c.get("dateSigned") or "")[:10],
            str(period.get("startDate") or "")[:10],
            str(period.get("endDate") or "")[:10],
            tuple(
                (str(a.get("date") or "")[:10], " · ".join(str(a[k]) for k in ("rationale", "description") if a.get(k)))
                for a in c.get("amendments") or ()
            ),
        )


def _parties(doc: Json) -> Iterable[PartyRow]:
    for p in doc.get("parties") or ():
        roles = tuple(p.get("roles") or ())
        part = next((name for name, several in reading.ROLES.items() if set(several) & set(roles)), "buyer")
        identifier = p.get("identifier") or {}
        own = str(identifier.get("scheme") or "").endswith("-LEDGER")
        shown = "" if own or not identifier.get("id") else f"{identifier['scheme']} {identifier['id']}"
        yield PartyRow(str(p.get("id")), str(p.get("name") or p.get("id")), roles, shown, part)


def _documents(doc: Json, at: str = "") -> Iterable[Link]:
    """Every web address in the record, wherever it stands, once."""
    seen: set[str] = set()
    for locator, value in paths.leaves(doc):
        last = locator.rsplit("/", 1)[-1]
        if (
            last in ("uri", "url")
            and isinstance(value, str)
            and value not in seen
            and "/relatedProcesses/" not in locator
        ):
            seen.add(value)
            holder = paths.find(doc, locator.rsplit("/", 1)[0])
            title = holder.get("title") if isinstance(holder, Mapping) else None
            yield Link(str(title or value), value, locator)


def _related(ask: Ask, doc: Json) -> Iterable[Related]:
    links = [r for r in doc.get("relatedProcesses") or () if r.get("identifier")]
    known = reading.titles(ask.conn, [r["identifier"] for r in links], ask.at)
    for r in links:
        kind, title = known.get(r["identifier"], ("", str(r.get("title") or r["identifier"])))
        yield Related(r["identifier"], title, kind, next(iter(r.get("relationship") or ()), ""))


def _files(ask: Ask, it: Process) -> Iterable[tuple[str, str]]:
    from ledger.sources import files_of

    return files_of(ask.conn, it.ocid, ask.at)

"""What one record does not say, field by field, and the question and the letter that ask for exactly that.

In: a compiled record and its arcs. Out: gaps with the labels that the officers' templates have, and texts in English
and in Spanish. Nothing is stored, nobody is named but the office. Words: `ledger/words/letters.toml`. Pure: no
database, no web. Read `gaps`, then `letter`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ledger import catalogue
from ledger.arcs import GOODS_ONLY, Arc
from ledger.reading import Process
from public_site import i18n
from public_site.pages.labels import is_minted

Json = Mapping[str, Any]

LANGUAGES = ("en", "es")
PARTS_SHOWN = 4
FIGURES_SHOWN = 12
_SAYS_MORE = ("direct", "limited")  # methods of which the law wants the reason


@dataclass(frozen=True, slots=True)
class Gap:
    """One field that the record lacks. `parts` names the contracts, items or payments that lack it; empty: the record.

    `code` is stable and stands in addresses: `procurement.contract.date`, `documents`.
    """

    code: str
    dataset: str
    field: str
    parts: tuple[str, ...] = ()

    def label(self, language: str) -> str:
        """Say the field as the officers' template calls it, and of what it is missing."""
        words = _words()
        if self.field:
            kind = catalogue.kind(self.dataset)
            told = i18n.said(words["line"], language).format(
                label=i18n.said(kind.field(self.field).label, language), kind=i18n.said(kind.label, language).lower()
            )
        else:
            told = i18n.said(words[self.code], language)
        if not self.parts:
            return told
        shown = ", ".join(_named(p, language) for p in self.parts[:PARTS_SHOWN])
        more = len(self.parts) - PARTS_SHOWN
        how = i18n.said(words["for_some" if more > 0 else "for"], language)
        return how.format(line=told, parts=shown, more=more)


@dataclass(frozen=True, slots=True)
class About:
    """What a text says of a record. `buyer` and `contact` may be empty, `law` says nothing when it is."""

    it: Process
    figures: Sequence[Arc]
    names: Mapping[str, str]
    office: str
    contact: str
    law: Mapping[str, str]
    ledger: str
    site: str  # https address of the ledger, without a slash at the end
    number: int
    published: str


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("ledger") / "words" / "letters.toml").read_text("utf-8"))


# --- what is missing -----------------------------------------------------------------------------------------------


def gaps(it: Process, figures: Sequence[Arc]) -> tuple[Gap, ...]:
    """Return every field that this record lacks, in the order of the money: who, how, how much, what became.

    Only what applies to its kind: a gift of money has no items. Of a withdrawn record only the reason is asked.
    """
    if it.withdrawn:
        return (Gap("withdrawn", "", ""),)
    tell = {"procurement": _procurement, "aid": _aid, "programme": _programme}[it.kind]
    return tuple(g for g in tell(it.told, [f for f in figures if f.event != GOODS_ONLY], figures) if g is not None)


def _gap(dataset: str, name: str, parts: Iterable[tuple[str, Any]]) -> Gap | None:
    """A gap when a part has nothing; the parts are named unless it is the only one. Zero is something."""
    told = list(parts)
    lacking = tuple(part for part, value in told if value is None or value in ("", (), []))
    if not lacking:
        return None
    return Gap(f"{dataset}.{name}", dataset, name, lacking if len(told) > 1 else ())


def _whole(dataset: str, name: str, value: Any) -> Gap | None:
    return _gap(dataset, name, [("", value or None)])


def _at(doc: Any, *path: str) -> Any:
    for step in path:
        doc = doc.get(step) if isinstance(doc, Mapping) else None
    return doc


def _part(thing: Json, n: int, key: str = "description") -> str:
    """How a part is named; `#2` when the source gives it no name (said in words later)."""
    return str(thing.get(key) or thing.get("description") or thing.get("title") or f"#{n}")


def _named(part: str, language: str) -> str:
    return i18n.said(_words()["without_name"], language).format(n=part[1:]) if part.startswith("#") else f"“{part}”"


def _has_role(doc: Json, *roles: str) -> bool:
    return any(set(roles) & set(p.get("roles") or ()) for p in doc.get("parties") or ())


def _procurement(doc: Json, moved: Sequence[Arc], figures: Sequence[Arc]) -> Iterable[Gap | None]:
    tender = doc.get("tender") or {}
    awards = {a.get("id"): a for a in doc.get("awards") or ()}
    contracts = [
        (_part(c, n, "title"), c, awards.get(c.get("awardID")) or {})
        for n, c in enumerate(doc.get("contracts") or (), 1)
    ] or [("#1", {}, next(iter(awards.values()), {}))]
    own = "procurement"
    yield _whole(own, "buyer.name", _at(doc, "buyer", "name") or _has_role(doc, "buyer", "procuringEntity"))
    yield _gap(own, "supplier.name", [(n, c.get("suppliers") or a.get("suppliers")) for n, c, a in contracts])
    method = tender.get("procurementMethod")
    yield _whole(own, "method", method)
    if method in _SAYS_MORE:
        yield _whole(own, "method.rationale", tender.get("procurementMethodRationale"))
    bids = any(s.get("value") is not None for s in _at(doc, "bids", "statistics") or ())
    yield _gap(own, "bids.count", [("", True if bids else tender.get("numberOfTenderers"))])
    yield _gap(own, "amount", [(n, _at(c, "value", "amount")) for n, c, _ in contracts])
    yield _gap(own, "contract.date", [(n, c.get("dateSigned")) for n, c, _ in contracts])
    yield _gap(own, "period.start", [(n, _at(c, "period", "startDate")) for n, c, _ in contracts])
    yield _gap(own, "period.end", [(n, _at(c, "period", "endDate")) for n, c, _ in contracts])
    items = [i for _, c, a in contracts for i in c.get("items") or a.get("items") or ()]
    yield from _items(own, items or list(tender.get("items") or ()))
    if not any(f.funding for f in moved) and not any(c.get("finance") for _, c, _ in contracts):
        yield Gap("source", "", "")
    payments = [f for f in moved if f.stage == "payment"]
    yield _gap("payments", "amount", _of(payments, "amount"))
    yield _gap("payments", "date", _of(payments, "on"))
    yield from _deliveries(figures)
    yield _documents(doc)


def _aid(doc: Json, moved: Sequence[Arc], figures: Sequence[Arc]) -> Iterable[Gap | None]:
    aid = _at(doc, "planning", "aid") or {}
    in_kind = aid.get("type") == "inKind" or bool(aid.get("items"))
    own = "donations" if in_kind else "aid"
    yield _whole(own, "donor.name", _has_role(doc, "donor", "sourceParty", "funder"))
    yield _whole(own, "recipient.name", _has_role(doc, "aidRecipient"))
    yield _whole("aid", "aid.type", aid.get("type"))
    if not in_kind:
        kinds = [f.get("type") for f in _at(doc, "planning", "budget", "finance") or ()]
        yield _whole("aid", "finance.type", [k for k in kinds if k])
    stages = {f.stage for f in moved}
    flows = [f for f in moved if f.stage != "delivery"]
    # A record of goods handed out of a store tells of deliveries alone: no agreement belongs to it.
    if flows or not stages:
        if not in_kind and not stages & {"commitment", "receipt"}:
            yield Gap("aid.commitment.amount", "aid", "commitment.amount")
            yield Gap("aid.commitment.date", "aid", "commitment.date")
        if "receipt" not in stages:
            for name in ("date",) if in_kind else ("disbursement.amount", "disbursement.date"):
                yield Gap(f"{own}.{name}", own, name)
        if flows:
            yield _gap(own, "amount", _of(flows, "amount"))
            if not in_kind or "receipt" in stages:  # else it was asked for just now
                yield _gap(own, "date", _of(flows, "on"))
    if in_kind:
        valued = [f for f in aid.get("flows") or () if _at(f, "value", "amount") is not None]
        if valued and not any(f.get("valuationMethod") for f in valued):
            yield Gap("donations.valuation.method", "donations", "valuation.method")
        if flows or not stages:
            yield from _items("donations", list(aid.get("items") or ()))
        yield from _deliveries(figures)
    yield _documents(doc)


def _programme(doc: Json, moved: Sequence[Arc], figures: Sequence[Arc]) -> Iterable[Gap | None]:
    budget = _at(doc, "planning", "budget") or {}
    parts = [
        (_part(p.get("sourceParty") or {}, n, "name"), p) for n, p in enumerate(budget.get("budgetBreakdown") or (), 1)
    ]
    own = "programmes"
    yield _whole(own, "agency.name", _at(doc, "buyer", "name"))
    yield _gap(own, "amount", [("", _at(budget, "amount", "amount"))])
    yield _gap(own, "period.start", [(n, _at(p, "period", "startDate")) for n, p in parts] or [("", None)])
    yield _gap(own, "period.end", [(n, _at(p, "period", "endDate")) for n, p in parts] or [("", None)])
    yield _gap(own, "source.name", [(n, _at(p, "sourceParty", "name")) for n, p in parts] or [("", None)])
    yield _gap(own, "source.amount", [(n, _at(p, "amount", "amount")) for n, p in parts] or [("", None)])
    milestones = _at(doc, "planning", "milestones") or ()
    yield _whole(own, "date", [m for m in milestones if m.get("dateMet")])
    yield _documents(doc)


def _of(figures: Sequence[Arc], name: str) -> list[tuple[str, Any]]:
    return [(_entry(f, n), getattr(f, name)) for n, f in enumerate(figures, 1)] or [("", None)]


def _entry(figure: Arc, n: int) -> str:
    """How one movement is named: the source's own number for it, else its goods, else its place in the record."""
    ids = [t[1:] for t in figure.locator.split("/") if t.startswith("=")]
    own = ids[-1] if ids and not is_minted(ids[-1]) else ""
    return own or figure.item or f"#{n}"


def _items(dataset: str, items: Sequence[Json]) -> Iterable[Gap | None]:
    told = [(_part(i, n), i) for n, i in enumerate(items, 1)] or [("", {})]
    yield _gap(dataset, "item.description", [(n, i.get("description") or i.get("classification")) for n, i in told])
    yield _gap(dataset, "item.quantity", [(n, i.get("quantity")) for n, i in told])
    yield _gap(dataset, "item.unit", [(n, _at(i, "unit", "name") or _at(i, "unit", "id")) for n, i in told])
    yield _gap(dataset, "item.unitValue", [(n, _at(i, "unit", "value", "amount")) for n, i in told])


def _deliveries(figures: Sequence[Arc]) -> Iterable[Gap | None]:
    own = [f for f in figures if f.stage == "delivery"]
    told: list[tuple[str, Arc | None]] = [(f.item or f"#{n}", f) for n, f in enumerate(own, 1)] or [("", None)]
    for name, value in (("item.quantity", "quantity"), ("date", "on"), ("place", "area"), ("recipient.name", "payee")):
        yield _gap("deliveries", name, [(part, getattr(f, value) if f else None) for part, f in told])


def _documents(doc: Json) -> Gap | None:
    def holders() -> Iterable[Any]:
        yield doc.get("planning") or {}
        yield doc.get("tender") or {}
        for c in (*(doc.get("awards") or ()), *(doc.get("contracts") or ())):
            yield c
            yield c.get("implementation") or {}

    return None if any(h.get("documents") for h in holders()) else Gap("documents", "", "")


# --- the texts -----------------------------------------------------------------------------------------------------


def question(about: About, missing: Collection[Gap], language: str) -> str:
    """Return the short question to the office."""
    return _filled("question", about, missing, language)


def letter(about: About, missing: Collection[Gap], language: str) -> str:
    """Return the letter of an information request. Without a law in the register it names none: none is invented."""
    return _filled("letter", about, missing, language)


def subject(about: About, language: str, of_request: bool = False) -> str:
    told = i18n.said(_words()["subject_of_request" if of_request else "subject"], language)
    return told.format(title=" ".join(about.it.title.split()), ocid=about.it.ocid)


def _filled(name: str, about: About, missing: Collection[Gap], language: str) -> str:
    words = {key: i18n.said(told, language) for key, told in _words().items()}
    speak = i18n.language(language)
    law = about.law.get(language) or about.law.get("en") or ""
    asked = [f"{n}. {g.label(language)}" for n, g in enumerate(missing, 1)] or [words["own_question"]]
    told = {
        "office": about.office,
        "contact": f"{about.contact}\n" if about.contact else "",
        "subject": subject(about, language, of_request=True),
        "law": words["law"].format(law=law) if law else words["no_law"],
        "title": " ".join(about.it.title.split()),
        "kind": speak.term("kind", about.it.kind),
        "ocid": about.it.ocid,
        "address": f"{about.site}/{language}/process/{about.it.ocid}?asof={about.number}",
        "ledger": about.ledger,
        "number": str(about.number),
        "date": speak.date(about.published[:10]),
        "buyer": _buyer(about.it) or words["not_published"],
        "figures": "\n".join(_figures(about, language)),
        "missing": "\n".join(asked),
    }
    # Not chained replacements: a title that holds "{office}" stays as it was typed.
    return words[name].strip("\n").format_map(told) + "\n"


def _buyer(it: Process) -> str:
    buyer = str(_at(it.told, "buyer", "name") or "")
    names = [
        str(p.get("name") or "")
        for p in it.told.get("parties") or ()
        if {"buyer", "procuringEntity", "aidRecipient"} & set(p.get("roles") or ())
    ]
    return buyer or next(iter(names), "")


def _figures(about: About, language: str) -> Iterable[str]:
    speak, words = i18n.language(language), _words()
    told = [f for f in about.figures if f.event != GOODS_ONLY and (f.amount is not None or f.quantity is not None)]
    for f in told[:FIGURES_SHOWN]:
        sums = speak.amount(f.amount, f.currency) if f.amount is not None and f.currency else ""
        goods = f"{speak.number(f.quantity)} {f.unit or ''} {f.item or ''}" if f.quantity is not None else ""
        ends = " → ".join(about.names[i] for i in (f.payer, f.payee) if i and i in about.names)
        bits = [sums, " ".join(goods.split()), speak.date(f.on) if f.on else "", ends]
        yield f"- {speak.term('stage', f.stage)}: " + ", ".join(b for b in bits if b)
    if len(told) > FIGURES_SHOWN:
        yield "- " + i18n.said(words["more_figures"], language).format(more=speak.number(len(told) - FIGURES_SHOWN))
    if not told:
        yield "- " + i18n.said(words["no_figures"], language)

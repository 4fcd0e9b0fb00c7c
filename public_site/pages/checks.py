"""Worth a closer look: what the checks say of one record, and the page of all checks.

In: stored outcomes and matches (`ledger.checks.stored`), the public texts of the checks. Out: the section that a
record's page shows, and the page `/checks`. Checks speak of contracts; no page adds them up for a firm or a person.
Read `section`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ledger import reading
from ledger.checks import CHECKS, OUTCOMES, Number, model
from ledger.checks import stored as checks
from ledger.checks.compared import group_of
from ledger.reading import Process
from ledger.values import quantity_text
from ocds import paths
from public_site import i18n
from public_site.pages import page
from public_site.web import Ask, Page


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of a sentence: words, or a number with its words and where it leads."""

    text: str
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One check that matches. `reason` is what the publisher said about it in the data, `reason_at` where."""

    code: str
    version: int
    part: str
    title: str
    said: tuple[Shown, ...]
    others: tuple[tuple[Shown, str], ...]  # other contracts that it was compared with, and their titles
    text: model.Text
    reason: str
    reason_at: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Untold:
    code: str
    title: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What a record's page shows: matches, checks without a match, those that cannot be told."""

    matches: tuple[Match, ...]
    clear: tuple[tuple[str, str], ...]
    untold: tuple[Untold, ...]
    language: str

    @property
    def told(self) -> int:
        """How many checks could be told."""
        return len(self.clear) + len({m.code for m in self.matches})

    @property
    def matched(self) -> int:
        return len({m.code for m in self.matches})


def section(ask: Ask, it: Process) -> Section | None:
    """Return what the checks say of a record at the publication asked for; None for what is no purchase."""
    row, flags = checks.of_process(ask.conn, it.ocid, ask.at)
    if row is None:
        return None
    missing: dict[str, list[str]] = json.loads(row["missing"])
    outcomes = dict(zip(CHECKS, row["outcomes"], strict=False))
    spreads = _spreads(ask, it) if outcomes.get("unit-price") == OUTCOMES[model.COMPARED] else {}
    stored = [(f, (*checks.numbers(f["numbers"]), *spreads.get(f["part"], ()))) for f in _ordered(flags)]
    # One look for the titles of all: a page costs as many statements whatever it finds.
    compared = [n.ocid for _, numbers in stored for n in numbers if n.ocid]
    others = {o: title for o, (_, title) in reading.titles(ask.conn, [it.ocid, *compared], ask.at).items()}
    matches = tuple(_match(ask, it, f, numbers, others) for f, numbers in stored)
    matched = {m.code for m in matches}
    if "unit-price" not in matched and spreads and not any(spreads.values()):
        outcomes["unit-price"], missing["unit-price"] = OUTCOMES[model.UNKNOWN], ["prices"]
    titles = {code: told.text(ask.language).title for code, told in CHECKS.items()}
    untold = tuple(
        Untold(code, titles[code], tuple(model.label("field", m, ask.language) for m in missing.get(code, ())))
        for code, letter in outcomes.items()
        if letter == OUTCOMES[model.UNKNOWN] and code not in matched
    )
    clear = tuple(
        (code, titles[code])
        for code, letter in outcomes.items()
        if letter in (OUTCOMES[model.CLEAR], OUTCOMES[model.COMPARED]) and code not in matched
    )
    return Section(matches, clear, untold, ask.language)


def _ordered(flags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = list(CHECKS)
    return sorted(flags, key=lambda f: (order.index(f["code"]), f["part"], f["position"]))


def _spreads(ask: Ask, it: Process) -> dict[str, tuple[Number, ...]]:
    """For each unit price of the record, what it is compared with; empty where there are too few prices."""
    own = [c for c in checks.compared_of(ask.conn, it.ocid, ask.at) if c.item]
    groups = checks.spreads(ask.conn, {c.group for c in own}, ask.at)
    found: dict[str, tuple[Number, ...]] = {}
    for c in own:
        told = groups[c.group]
        found[c.part] = ()
        if told.contracts >= CHECKS["unit-price"].limits["least"] and told.median > 0:
            currency = group_of(c.group)[-1]
            times = (c.amount / told.median).quantize(Decimal("0.1"))
            found[c.part] = (
                Number("times", quantity_text(times), "number"),
                Number("contracts", str(told.contracts), "number"),
                *(Number(n, quantity_text(getattr(told, n)), "money", currency) for n in ("median", "low", "high")),
                *(Number(n, getattr(told, n) or "", "date") for n in ("first", "last")),
            )
    return found


def _match(
    ask: Ask, it: Process, flag: Mapping[str, Any], numbers: tuple[Number, ...], titles: Mapping[str, str]
) -> Match:
    text = CHECKS[flag["code"]].text(ask.language)
    reason, reason_at = _reason(it.told, flag["code"], flag["part"])
    return Match(
        flag["code"],
        flag["version"],
        flag["part"],
        text.title,
        tuple(_sentence(text.said, {n.name: n for n in numbers if n.name != "other"}, ask.words)),
        tuple((Shown(_shown(n, ask.words), n), titles.get(n.ocid, n.ocid)) for n in numbers if n.name == "other"),
        text,
        reason,
        reason_at,
        numbers,
    )


def _sentence(said: str, numbers: Mapping[str, Number], words: i18n.Language) -> Iterator[Shown]:
    for piece in re.split(r"(\{\w+\})", said):
        number = numbers.get(piece.strip("{}")) if piece.startswith("{") else None
        if number is not None:
            yield Shown(_shown(number, words), replace(number))
        elif piece:
            yield Shown("…" if piece.startswith("{") else piece)


def _shown(number: Number, words: i18n.Language) -> str:
    if number.kind == "money":
        return words.amount(Decimal(number.value), number.currency)
    if number.kind == "number":
        return words.number(Decimal(number.value))
    if number.kind == "percent":
        return f"{words.number(Decimal(number.value))} %"
    return words.date(number.value) if number.kind == "date" else number.value


def _reason(doc: Mapping[str, Any], code: str, part: str) -> tuple[str, str]:
    """What the publisher itself says in the record: its answer about the contract, else the reason that it gave for
    the method or for a change. It was certified like every other value, and stands in the history of the record."""
    contracts = [f"/contracts/{n}" for n, _ in enumerate(doc.get("contracts") or ())]
    if part.startswith("/contracts/"):
        contracts = ["/".join(part.split("/")[:3])]
    places = [f"{at}/explanation" for at in contracts]
    if code == "direct-award":
        places.append("/tender/procurementMethodRationale")
    if code == "amendment-jump":
        amendments = (paths.find(doc, part) or {}).get("amendments") or ()
        places += [f"{part}/amendments/{n}/rationale" for n, _ in enumerate(amendments)]
    for place in places:
        if (said := paths.find(doc, place)) and (where := paths.pointer(doc, place)):
            return str(said), paths.locator(doc, where)
    return "", ""


def section_json(told: Section | None) -> Any:
    """The section as machines read it: every number with its place."""
    if told is None:
        return None
    return {
        "told": told.told,
        "matches": [
            {
                "check": m.code,
                "version": m.version,
                "part": m.part,
                "numbers": [{k: getattr(n, k) for k in n.__dataclass_fields__ if getattr(n, k)} for n in m.numbers],
                "publisher_says": m.reason or None,
            }
            for m in told.matches
        ],
        "no_match": [code for code, _ in told.clear],
        "cannot_be_told": [{"check": u.code, "missing": list(u.missing)} for u in told.untold],
    }


# --- all checks ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """How often one check matches in one jurisdiction: `matched` of `told` records; of `untold` it cannot be told."""

    code: str
    title: str
    matched: int
    told: int
    untold: int


@dataclass(frozen=True, slots=True)
class Checks:
    texts: tuple[tuple[str, int, model.Text], ...]  # code, version, public text
    counts: tuple[tuple[str, tuple[Count, ...]], ...]  # by jurisdiction


def counted(ask: Ask, jurisdiction: str) -> tuple[Count, ...]:
    told = checks.counts(ask.conn, ask.at, jurisdiction)
    return tuple(Count(c.code, c.text(ask.language).title, *told[c.code]) for c in CHECKS.values())


@page("/checks")
def all_checks(ask: Ask) -> Page:
    codes = checks.jurisdictions(ask.conn, ask.at)
    view = Checks(
        tuple((c.code, c.version, c.text(ask.language)) for c in CHECKS.values()),
        tuple((j, counted(ask, j)) for j in codes),
    )
    counts = {(j, r.code): r for j, told in view.counts for r in told}
    return Page(
        "pages/checks.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "checks": [
                {
                    "check": code,
                    "version": version,
                    "title": text.title,
                    "looks_at": text.looks_at,
                    "why_it_may_matter": text.matters,
                    "innocent_explanations": list(text.innocent),
                    "limit": text.limit,
                    "counts": {
                        j: {
                            "matches": counts[j, code].matched,
                            "could_be_told_for": counts[j, code].told,
                            "could_not_be_told_for": counts[j, code].untold,
                        }
                        for j in codes
                    },
                }
                for code, version, text in view.texts
            ],
        },
        fictional=ask.fictional(codes),
    )

"""What a figure is asked for, as the query string says it, and the lists of records that its marks lead to.

In: a question (`web.Ask`) and the filters that a page sets itself. Out: filters (`flows.Drawn`), the query string that
gives the same figure again, addresses. Read `asked_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ledger.flows import NATURES, Drawn, Line
from ledger.reading import Wanted
from public_site.pages.filters import Asked, Ignored, asked
from public_site.web import Ask

NAMES = {"since": "from", "until": "to"}
OWN = ("nature", "per", "crossing", "payer", "payee")
_CHOICES = {"nature": NATURES, "per": ("total", "person"), "crossing": ("in", "out", "internal")}


def asked_of(ask: Ask, fixed: Mapping[str, str]) -> tuple[Asked, dict[str, str]]:
    """The filters of a list, and those that only figures have: nature (money, loan, kind), per (total, person),
    crossing (in, out, internal), payer and payee."""
    own = {k: v for k, v in fixed.items() if k in OWN}
    plain_query = tuple(q for q in ask.query if q[0] not in (*OWN, "lang"))
    told = asked(replace(ask, query=plain_query), **{k: v for k, v in fixed.items() if k not in OWN})
    ignored = list(told.ignored)
    for name, value in ask.query:
        if name in OWN and name not in own:
            if value in _CHOICES.get(name, (value,)):
                own[name] = value[:300]
            else:
                ignored.append(Ignored(name, value[:80], "unknown_value"))
    return replace(told, ignored=tuple(ignored)), own


def state_of(ask: Ask, state: Mapping[str, str], line: Line | None, per: str) -> dict[str, str]:
    """The query string that gives this very figure again."""
    told = dict(state)
    if line is not None:
        told |= {"jurisdiction": line.jurisdiction, "stage": line.stage, "currency": line.currency}
        told |= {"nature": line.nature} if line.nature != "money" else {}
    if per != "total":
        told["per"] = per
    if ask.at is not None:
        told["asof"] = str(ask.at)
    return told


def left_open(told: Asked) -> dict[str, str]:
    """The reader's own stage and currency, for a choice that leads to no line."""
    return {k: v for k, v in told.kept if k in ("stage", "currency")}


def drawn_of(wanted: Wanted, own: Mapping[str, str]) -> Drawn:
    """Return the filters of a list with those of a figure."""
    told: dict[str, Any] = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}
    return Drawn(**{**told, **own})


_GIVING = ("pledge", "commitment", "receipt", "allocation")


def list_of(ask: Ask, state: Mapping[str, str], **more: str) -> str:
    """The address of the list of records (or of money in, money out) behind one mark."""
    told = {k: v for k, v in state.items() if k not in (*OWN, "asof")}
    stage = told.get("stage", "")
    for side, parts in (("payer", ("donor", "buyer")), ("payee", ("buyer", "supplier"))):
        if (id := state.get(side)) and stage != "delivery":
            told[parts[0] if stage in _GIVING else parts[1]] = id
    page = {"in": "money-in", "out": "money-out"}.get(state.get("crossing", ""), "search")
    return ask.url(page, **{**told, **more})

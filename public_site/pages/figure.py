"""Why a figure is what it is: the cell that it was typed in, the row around it, who answered for it.

In: a process and an address inside it (`?at=`, by position or by id). Out: page `/why/{ocid}`. Read `why`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger import reading, sources
from ledger.errors import NotFound, Refused
from ledger.reading import Process
from ledger.totals import movements
from ledger.values import decimal
from ocds import paths
from public_site.pages import page
from public_site.pages.labels import label_of
from public_site.web import Ask, Page, plain


@dataclass(frozen=True, slots=True)
class Stage:
    """What the figure counts as: one line for each part that it is split into (shares of several funds)."""

    stage: str
    event: str
    counted: bool
    in_kind: bool
    loan: bool
    amount: Decimal | None
    currency: str | None
    quantity: Decimal | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Why:
    process: Process
    label: str
    told: sources.Why
    labels: tuple[str, ...]  # of the sources
    currency: str | None
    number: Decimal | None  # the value, when it is a number: an amount when it has a currency
    parts: tuple[Stage, ...]


@page("/why/{ocid}")
def why(ask: Ask, ocid: str) -> Page:
    process = reading.process(ask.conn, ocid, ask.at)
    if process is None:
        raise NotFound("no_process", ocid=ocid)
    address = ask.get("at")
    if not address:
        raise Refused("why_which_figure", ocid=ocid)
    told = sources.why(ask.conn, process, address, ask.at)
    if told is None:
        raise NotFound("no_figure", at=address[:200], process=ocid)
    figures = [a for a in movements(ask.conn, ask.at, ocids=[ocid]) if a.locator == told.locator]
    currency = _currency(process, told.pointer)
    view = Why(
        process,
        label_of(told.locator, ask.language),
        told,
        tuple(label_of(s.locator, ask.language) for s in told.sources),
        currency,
        decimal(told.value) if isinstance(told.value, int | float) and not isinstance(told.value, bool) else None,
        tuple(
            Stage(a.stage, a.event, a.counted, a.in_kind, a.loan, a.amount, a.currency, a.quantity, a.unit)
            for a in figures
        ),
    )
    return Page(
        "pages/why.html",
        view,
        {
            "publication": told.publication,
            "ocid": ocid,
            "pointer": told.pointer,
            "locator": told.locator,
            "value": told.value,
            "currency": view.currency,
            "release": told.release,
            "published": plain(told.at),
            "prepared_by": told.prepared_by,
            "certified_by": told.certified_by,
            # Whether a cell holds the value itself; if not, `sources` are what it follows from.
            "direct": told.own,
            "sources": [
                {
                    "locator": s.locator,
                    "label": label,
                    "file": s.sha256,
                    "file_name": s.file,
                    "sheet": s.sheet,
                    "cell": s.cell,
                    # An empty raw text is a name that was withheld, never an empty cell.
                    "raw": s.raw if s.how != "aggregated" else "withheld",
                    "how": s.how,
                    "publication": told.publication,
                    "release": told.release,
                    "row": _row(s),
                }
                for s, label in zip(told.sources, view.labels, strict=True)
            ],
            "row": _row(told.sources[0]) if told.sources else [],
        },
        fictional=ask.fictional([process.jurisdiction]),
    )


def _row(source: sources.Origin) -> list[dict[str, str]]:
    return [{"cell": c.cell, "header": c.header, "raw": c.raw, "locator": c.locator} for c in source.row]


def _currency(process: Process, pointer: str) -> str | None:
    if not pointer.endswith("/amount"):
        return None
    try:
        found = paths.get(process.compiled, pointer.removesuffix("/amount") + "/currency")
    except (KeyError, IndexError, TypeError):
        return None
    return str(found)

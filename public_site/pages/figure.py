"""Why a figure is what it is: the cell that it was typed in, the row around it, who answered for it.

In: a process and an address inside it (`?at=`, by position or by id). Out: page `/why/{ocid}`. Read `why`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger import reading, sources
from ledger.errors import NotFound, Refused
from ledger.reading import Process
from ledger.totals import movements
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
    amount: Any
    currency: str | None


@dataclass(frozen=True, slots=True)
class Why:
    process: Process
    label: str
    told: sources.Why
    currency: str | None
    is_amount: bool
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
    view = Why(
        process,
        label_of(told.locator, ask.language),
        told,
        _currency(process, told.pointer),
        told.locator.endswith("/amount"),
        tuple(Stage(a.stage, a.event, a.counted, a.in_kind, a.loan, a.amount, a.currency) for a in figures),
    )
    return Page(
        "pages/why.html",
        view,
        {
            "publication": told.publication,
            "ocid": ocid,
            "at": told.pointer,
            "locator": told.locator,
            "value": told.value,
            "currency": view.currency,
            "release": told.release,
            "published": plain(told.at),
            "certified_by": told.certified_by,
            "sources": [
                {
                    "locator": s.locator,
                    "file": s.file,
                    "sha256": s.sha256,
                    "sheet": s.sheet,
                    "cell": s.cell,
                    # An empty raw text is a name that was withheld, never an empty cell.
                    "raw": s.raw if s.how != "aggregated" else "withheld",
                    "how": s.how,
                    "row": [{"cell": c.cell, "header": c.header, "raw": c.raw} for c in s.row],
                }
                for s in told.sources
            ],
        },
        fictional=ask.fictional([process.jurisdiction]),
    )


def _currency(process: Process, pointer: str) -> str | None:
    from ocds import paths

    if not pointer.endswith("/amount"):
        return None
    try:
        found = paths.get(process.compiled, pointer.removesuffix("/amount") + "/currency")
    except (KeyError, IndexError, TypeError):
        return None
    return str(found)

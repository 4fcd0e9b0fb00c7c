"""Follow the money: the flows of one line of one place, when it moved, which areas it names, what is left out.

In: the filters of every list, and nature (money, loan, kind) and per (total, person). Out: the page `/follow` and its
twins. What is drawn is `public_site.charts.figures`. Read `follow`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger import reading
from ledger.reading import Wanted
from ledger.tables import STAGES
from public_site.charts.figures import COLUMNS, Figure, figure, table
from public_site.pages import page
from public_site.web import Ask, Page, plain

PROGRAMMES_MAX = 100


@dataclass(frozen=True, slots=True)
class Follow:
    flows: Figure
    timeline: Figure
    map: Figure | None
    stages: tuple[str, ...]
    currencies: tuple[str, ...]
    programmes: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]  # filters in force that the form has no field for


@page("/follow", ("json", "csv"))
def follow(ask: Ask) -> Page:
    drawn = figure(ask, "flows")
    code = drawn.jurisdiction.code if drawn.jurisdiction else ""
    lines = [line for line, _ in drawn.lines] + ([drawn.line] if drawn.line else [])
    wanted = Wanted(kind="programme", jurisdiction=code, sort="title")
    asked_by_form = ("jurisdiction", "stage", "currency", "programme", "nature")
    view = Follow(
        drawn,
        figure(ask, "timeline"),
        figure(ask, "map") if drawn.jurisdiction and drawn.jurisdiction.areas else None,
        tuple(s for s in STAGES if any(line.stage == s for line in lines)),
        tuple(sorted({line.currency for line in lines})),
        tuple((r.ocid, r.title) for r in reading.search(ask.conn, wanted, ask.at, PROGRAMMES_MAX, facets=False).rows),
        tuple((k, v) for k, v in drawn.state.items() if k not in asked_by_form),
    )

    def rows(conn: sa.Connection) -> Iterable[Iterable[Any]]:
        return table(drawn)

    return Page(
        "pages/follow.html",
        view,
        figure_json(drawn),
        (COLUMNS, rows),
        fictional=ask.fictional([code]),
    )


def figure_json(f: Figure) -> dict[str, Any]:
    """Return a figure as its JSON twin gives it: what is drawn, every row, and what stands apart."""
    line = f.line
    return {
        "publication": f.publication,
        "figure": f.id,
        "query": dict(f.state),
        "line": plain(line),
        "rows": [
            {
                "part": r.part,
                "kind": r.kind,
                "id": r.id or None,
                "name": r.name or None,
                "amount": plain(r.amount),
                "figures": r.figures,
            }
            for r in f.rows
        ],
        "bands": [
            {
                "from": b.band.source,
                "to": b.band.target,
                "column": b.band.column,
                "amount": plain(b.band.amount),
                "figures": b.band.figures,
            }
            for b in (f.drawing.ribbons if f.id == "flows" and line else ())
        ],
        "not_included": [plain(other) for other, _ in f.lines],
        "ignored": [{"name": i.name, "value": i.value, "why": i.why} for i in f.asked.ignored],
    }

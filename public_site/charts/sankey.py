"""Where each node and band of the flows stands on paper: columns from left to right, widths true to the amounts.

In: `ledger.flows.Flows`. Out: boxes and band paths in one scale. Floats here are places on paper, never money.
Read `laid_out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.flows import Band, Flows, Node

WIDTH = 1080.0
BOX = 12.0  # width of a node
LABEL = 178.0  # room for the words right of the last column
TALL = 300.0  # what the whole line's amount is drawn as
SLOT = 38.0  # two lines of words: no node takes less room than its label
GAP = 10.0
TOP = 30.0  # headings of the columns


@dataclass(frozen=True, slots=True)
class Box:
    """One node on paper. `height` is true to its amount; what is too small to see is one unit high."""

    node: Node
    column: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """One band on paper; `gap` when one of its ends is not published."""

    band: Band
    path: str
    gap: bool


@dataclass(frozen=True, slots=True)
class Sankey:
    roles: tuple[str, ...]
    starts: tuple[float, ...]  # x of each column
    boxes: tuple[Box, ...]
    ribbons: tuple[Ribbon, ...]
    room: float  # between two columns: for the label of a node
    width: float
    height: float


def laid_out(flows: Flows) -> Sankey:
    """Return the drawing of flows. What is below zero (more returned than given) has no width: its words say it."""
    inward: dict[tuple[int, str | None], Decimal] = {}
    outward: dict[tuple[int, str | None], Decimal] = {}
    for band in flows.bands:
        if band.amount > 0:
            out, into = (band.column, band.source), (band.column + 1, band.target)
            outward[out] = outward.get(out, Decimal(0)) + band.amount
            inward[into] = inward.get(into, Decimal(0)) + band.amount
    drawn = {
        (n, node.id): max(node.amount, inward.get((n, node.id), Decimal(0)), outward.get((n, node.id), Decimal(0)))
        for n, column in enumerate(flows.columns)
        for node in column
    }
    whole = max(
        (sum((drawn[n, node.id] for node in column), Decimal(0)) for n, column in enumerate(flows.columns)),
        default=Decimal(0),
    )
    scale = TALL / float(whole) if whole > 0 else 0.0
    step = (WIDTH - BOX - LABEL) / max(len(flows.roles) - 1, 1)
    heights = {key: max(float(amount) * scale, 1.0) for key, amount in drawn.items()}
    tall = [
        sum(max(heights[n, node.id], SLOT) + GAP for node in column) - GAP for n, column in enumerate(flows.columns)
    ]
    height = max(tall, default=0.0)
    boxes: dict[tuple[int, str | None], Box] = {}
    for n, column in enumerate(flows.columns):
        y = TOP + (height - tall[n]) / 2
        for node in column:
            own = heights[n, node.id]
            boxes[n, node.id] = Box(node, n, round(n * step, 1), round(y, 1), round(own, 1))
            y += max(own, SLOT) + GAP
    order = {key: box.y for key, box in boxes.items()}
    left: dict[tuple[int, str | None], float] = {}
    right: dict[tuple[int, str | None], float] = {}
    starts: dict[tuple[int, str | None, str | None], float] = {}
    visible = [b for b in flows.bands if b.amount > 0]
    for band in sorted(visible, key=lambda b: order[b.column + 1, b.target]):
        key = (band.column, band.source)
        starts[band.column, band.source, band.target] = left.get(key, order[key])
        left[key] = left.get(key, order[key]) + float(band.amount) * scale
    ribbons = []
    for band in sorted(visible, key=lambda b: (b.column, order[b.column, b.source])):
        key = (band.column + 1, band.target)
        end = right.get(key, order[key])
        right[key] = end + float(band.amount) * scale
        thick = max(float(band.amount) * scale, 0.7)
        path = _path(band.column * step + BOX, starts[band.column, band.source, band.target],
                     (band.column + 1) * step, end, thick)  # fmt: skip
        ribbons.append(Ribbon(band, path, band.source is None or band.target is None))
    return Sankey(
        flows.roles,
        tuple(round(n * step, 1) for n in range(len(flows.roles))),
        tuple(boxes.values()),
        tuple(ribbons),
        round(min(step - BOX, LABEL), 1),
        WIDTH,
        round(TOP + height + 6, 1),
    )


def _path(x1: float, y1: float, x2: float, y2: float, thick: float) -> str:
    middle = round((x1 + x2) / 2, 1)
    a, b, c, d, x1, x2 = (round(v, 1) for v in (y1, y2, y2 + thick, y1 + thick, x1, x2))
    return f"M{x1} {a}C{middle} {a} {middle} {b} {x2} {b}V{c}C{middle} {c} {middle} {d} {x1} {d}Z"

"""Small drawings made by the server: bars within one currency, a map of areas. Every one stands beside its table.

In: exact amounts and a register's boundaries. Out: numbers and SVG paths; no style attribute, so that the content
policy needs no exception. Floats here are places on paper, never money. Read `share` and `map_of`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

WIDTH = 320.0


def share(amount: Decimal, largest: Decimal) -> int:
    """Return thousandths of the largest: a bar's length. What was returned (below zero) has no bar."""
    if largest <= 0 or amount <= 0:
        return 0
    return max(1, int(amount * 1000 / largest))


@dataclass(frozen=True, slots=True)
class Shape:
    """One area on paper: an SVG path and where its label goes."""

    code: str
    path: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Map:
    width: float
    height: float
    shapes: tuple[Shape, ...]


@lru_cache(maxsize=32)
def map_of(boundaries: Path) -> Map | None:
    """Return the areas of a GeoJSON file as shapes, north up; None when there is no usable file.

    Plate carree with one scale: for a country or a state it is near enough, and no area is measured from it.
    """
    if not boundaries.is_file():
        return None
    features = json.loads(boundaries.read_text("utf-8")).get("features", ())
    rings = {str(f.get("id") or f["properties"].get("code")): list(_rings(f["geometry"])) for f in features}
    points = [p for several in rings.values() for ring in several for p in ring]
    if not points:
        return None
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    scale = WIDTH / ((east - west) or 1)

    def on_paper(p: tuple[float, float]) -> tuple[float, float]:
        return round((p[0] - west) * scale, 1), round((north - p[1]) * scale, 1)

    shapes = []
    for code, several in rings.items():
        drawn = [[on_paper(p) for p in ring] for ring in several]
        widest = max(drawn, key=len)
        xs, ys = [p[0] for p in widest], [p[1] for p in widest]
        middle = round((min(xs) + max(xs)) / 2, 1), round((min(ys) + max(ys)) / 2, 1)
        shapes.append(Shape(code, "".join(_path(ring) for ring in drawn), *middle))
    return Map(WIDTH, round((north - south) * scale, 1), tuple(shapes))


def _rings(geometry: Mapping[str, Any]) -> Iterator[list[tuple[float, float]]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        for ring in polygon:
            yield [(p[0], p[1]) for p in ring]


def _path(ring: Iterable[tuple[float, float]]) -> str:
    # A point nearer than half a unit to the one before cannot be seen and costs bytes on a slow line.
    kept: list[tuple[float, float]] = []
    for p in ring:
        if not kept or abs(p[0] - kept[-1][0]) + abs(p[1] - kept[-1][1]) >= 0.6:
            kept.append(p)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z"

"""The areas of a register on paper: a GeoJSON file as shapes, and each area's shade for what is known of it.

In: a boundary file; sums per area. Out: SVG paths and classes. Floats here are places on paper, never money.
Read `map_of`, then `shaded`.
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


@dataclass(frozen=True, slots=True)
class Shape:
    """One area on paper: an SVG path and where its label goes."""

    code: str
    path: str
    x: float
    y: float
    room: float = 60.0  # how wide a label may be


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
        shapes.append(Shape(code, "".join(_path(ring) for ring in drawn), *middle, max(xs) - min(xs)))
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


SHADES = 4


def shaded(values: Mapping[str, Decimal | None]) -> dict[str, str]:
    """Return a class per area: `c-m1` (least) to `c-m4` (most) by equal steps, `c-m0` for figures without an amount.

    An area that is not in `values` has no class: nothing is known of it, and it is hatched.
    """
    largest = max((v for v in values.values() if v is not None), default=Decimal(0))
    found = {}
    for code, value in values.items():
        if value is None or value <= 0 or largest <= 0:
            found[code] = "c-m0"
        else:
            found[code] = f"c-m{min(SHADES, int(value * SHADES / largest) + 1)}"
    return found

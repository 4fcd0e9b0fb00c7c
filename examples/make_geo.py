"""Write the boundary files of the example ledger: Belize from Apache Superset's file, the Example Republic made up.

    python examples/make_geo.py [--belize SUPERSET_FILE] [--out examples/geo]

Every feature has the area's code as `id` and as property `code`: the same code as in ledger.toml. Without `--belize`
only the fictional file is written. Licences: geo/NOTICE.txt.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Json = dict[str, Any]

# Rectangles as (west, south, east, north) in degrees, round 0° N 0° E, where there is only water.
EXAMPLE_DISTRICTS = {
    "EX-NO": ("Northern District", (-1.0, 0.4, 0.4, 1.0)),
    "EX-HI": ("Highland District", (-1.0, -0.3, -0.2, 0.4)),
    "EX-CE": ("Central District", (-0.2, -0.3, 0.4, 0.4)),
    "EX-HA": ("Harbour District", (0.4, -0.1, 1.0, 0.8)),
    "EX-RI": ("River District", (-1.0, -1.0, 0.4, -0.3)),
    "EX-IS": ("Island District", (0.7, -0.9, 1.2, -0.4)),
}


def feature(code: str, name: str, geometry: Json) -> Json:
    return {"type": "Feature", "id": code, "properties": {"code": code, "name": name}, "geometry": geometry}


def collection(features: list[Json]) -> str:
    """Return GeoJSON with one feature a line, so that a changed district is one changed line."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"


def belize(original: Json) -> str:
    """Return the districts of Superset's file under the codes of ledger.toml, coordinates untouched."""
    told = sorted(original["features"], key=lambda f: str(f["properties"]["ISO"]))
    return collection([feature(f["properties"]["ISO"], f["properties"]["NAME_1"], f["geometry"]) for f in told])


def example() -> str:
    """Return the districts of a country that does not exist."""
    made = []
    for code, (name, (west, south, east, north)) in sorted(EXAMPLE_DISTRICTS.items()):
        # Counter-clockwise, as RFC 7946 3.1.6 wants the outer ring.
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        made.append(feature(code, name, {"type": "Polygon", "coordinates": [ring]}))
    return collection(made)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--belize", type=Path, help="the GeoJSON of Belize from Superset's package")
    arguments.add_argument("--out", type=Path, default=HERE / "geo")
    told = arguments.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "example-districts.geojson").write_text(example(), "utf-8")
    if told.belize:
        original = json.loads(told.belize.read_text("utf-8"))
        (told.out / "belize-districts.geojson").write_text(belize(original), "utf-8")


if __name__ == "__main__":
    main()

"""A drawing that stands alone: colours written into it, whole addresses in its links, and the same as PNG.

In: SVG text of `templates/charts/*.xml`, whose colours are classes. Out: SVG that any program shows, PNG bytes. The
letters of a PNG are those of `fonts/`, so that it looks the same on every machine. Read `alone`, then `png`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import as_file, files
from xml.etree import ElementTree

import resvg_py

SVG = "http://www.w3.org/2000/svg"
FONT = "DejaVu Sans"

# The light colours of site.css: a picture is pasted where nobody knows the reader's theme.
_HALO = {"paint-order": "stroke", "stroke": "#ffffff", "stroke-width": "3", "stroke-linejoin": "round"}
PALETTE: Mapping[str, Mapping[str, str]] = {
    "c-node": {"fill": "#0b6673"},
    "c-band": {"fill": "#0b6673", "fill-opacity": "0.3"},
    "c-gap": {"fill": "#5d6a74", "fill-opacity": "0.22"},
    "c-none": {"fill": "#5d6a74"},
    "c-rest": {"fill": "#5d6a74"},
    "c-back": {"fill": "#8c1d18"},
    "c-text": {"fill": "#17222b", "font-size": "13", **_HALO},
    "c-head": {"fill": "#51606b", "font-size": "13", "font-weight": "600"},
    "c-small": {"fill": "#51606b", "font-size": "12", **_HALO},
    "c-place": {"fill": "#17222b", "font-size": "10", **_HALO},
    "c-line": {"stroke": "#cdd6d9", "fill": "none"},
    "c-hatch": {"stroke": "#51606b", "stroke-width": "1.5", "fill": "none"},
    "c-area": {"stroke": "#51606b", "stroke-width": "0.8"},
    "c-m0": {"fill": "#f1f5f5"},
    "c-m1": {"fill": "#cfe6ea"},
    "c-m2": {"fill": "#8fc3cc"},
    "c-m3": {"fill": "#3f8f9b"},
    "c-m4": {"fill": "#0b4f5c"},
    "c-title": {"fill": "#17222b", "font-weight": "600"},
    "c-paper": {"fill": "#ffffff"},
    "c-tint": {"fill": "#f1f5f5"},
    "c-warn": {"fill": "#7a3e00"},
}


def alone(svg: str, base: str, anchor: str = "") -> str:
    """Return an SVG that needs no stylesheet. `base` is put before addresses of this site; `anchor` is the address of
    the page with the table, before links into it. Raises ParseError for text that is no XML: a fault of a template."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own template, whose values are escaped
    for element in root.iter():
        for name in (element.attrib.pop("class", None) or "").split():
            for key, value in PALETTE.get(name, {}).items():
                element.set(key, element.get(key, value) if key == "font-size" else value)
        href = element.get("href", "")
        if href.startswith("/"):
            element.set("href", base + href)
        elif href.startswith("#"):
            element.set("href", anchor + href)
    root.set("role", "img")
    root.set("font-family", f"{FONT}, sans-serif")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


@lru_cache(maxsize=64)
def png(svg: str, width: int) -> bytes:
    """Return a picture `width` pixels wide. Costs about 50 ms, once: the same drawing is kept."""
    with as_file(files("public_site") / "charts" / "fonts" / "DejaVuSans-latin.ttf") as font:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            width=width,
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(font)],
            font_family=FONT,
            sans_serif_family=FONT,
            serif_family=FONT,
        )


def wrapped(text: str, wide: int, lines: int) -> list[str]:
    """Return a text in at most `lines` lines of about `wide` letters, with a sign where it goes on."""
    return textwrap.wrap(text, wide, max_lines=lines, placeholder=" …", break_long_words=True)

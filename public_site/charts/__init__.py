"""Drawings made by the server: flows, time lines, bars and maps, each beside its table, each within one line of money.

In: exact sums of `ledger.flows` and a register's boundaries. Out: SVG without script or style, the same as PNG and CSV,
and a bare page for other sites. `figures` says what is drawn, `sankey`, `bars` and `maps` where on paper, the macros of
`templates/parts/charts.html` write it, `picture` makes it stand alone. Floats here are places on paper, never money.
"""

from __future__ import annotations

from public_site.charts.bars import share
from public_site.charts.maps import Map, Shape, map_of

__all__ = ["Map", "Shape", "map_of", "share"]

"""Tables that offices keep beside their data and that are not aid, donations or procurement: which kind of thing it is.

In: a table as `layout` found it. Out: a code of `ledger/words/columns.toml` (table), or "" when nothing speaks against
reading it. A survey forced into a kind would publish nonsense; a pivot beside its rows would count money twice. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from importers.layout import PIVOT_LABEL, Block, Rows, text
from ledger.catalogue import folded

_PIVOT_VALUE = re.compile(  # not the French "nombre de": in Spanish that is somebody's name
    r"(sum|count|average) of .+|(suma|cuenta|promedio) de .+|(somme|moyenne) (de|d) .+|(soma|contagem|media) de .+|"
    r"grand total|total general|total geral"
)
_EMPTY_LABEL = frozenset({"(vide)", "(blank)", "(en blanco)", "(vazio)", "(vacio)", "(vacías)", "(vide) "})
_REACHED = re.compile(
    r"\b(reached|targeted|beneficiar\w*|alcanzad\w*|atteint\w*|alcancad\w*|women|men|girls|boys|mujeres|hombres|"
    r"ninas|ninos|femmes|hommes|filles|garcons|mulheres|homens|meninas|meninos|households|familias|menages)\b"
)
_ACTIVITY = re.compile(
    r"\b(activity|activities|actividad\w*|activite\w*|atividade\w*|cluster|sector|secteur|setor|"
    r"implementing|implementador\w*|implementation|admin ?\d|adm ?\d|pcode ?\d?|p code)\b"
)
_PERIOD = re.compile(
    r"(19|20)\d\d([ /-]?(19|20)?\d\d)?|q[1-4]( (19|20)\d\d)?|"
    r"(round|week|month|day|semana|mes|ronda|semaine|mois) ?\d+.*|"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|fev|avr|mai|juin|juil|aout|out|dez|set)"
    r"[a-z]*([ -]?\d{2,4})?"
)


# What the choices of a dropdown are called; a record of only these says neither who, nor what, nor how much.
_OF_A_LIST = frozenset(
    {
        "title",
        "description",
        "note",
        "row.number",
        "method",
        "status",
        "stage",
        "category",
        "place",
        "item.category",
        "item.unit",
    }
)


class Told(Protocol):
    """The part of `mapping.Profile` that this module looks at."""

    @property
    def filled(self) -> int: ...
    @property
    def numbers(self) -> float: ...
    @property
    def short(self) -> float: ...


def other(rows: Rows, block: Block, profiles: Sequence[Told], found: set[str]) -> str:
    """Say what a table is when it is none of ours; "" when it may be one. `found`: the fields of its columns."""
    names = [folded(h.shown) for h in block.headings]
    filled = [n for n in names if n]
    if _is_pivot(rows, block, names):
        return "summary"
    if len(filled) >= 3 and sum(h.shown.rstrip().endswith("?") for h in block.headings) > len(filled) / 3:
        return "survey"
    reached = sum(bool(_REACHED.search(n)) for n in filled)
    activity = sum(bool(_ACTIVITY.search(n)) for n in filled)
    if (activity >= 3 or (reached >= 2 and activity >= 2)) and not found & {
        "item.description",
        "contract.id",
        "pledge.amount",
    }:
        return "activities"
    groups = [folded(h.shown.split(" / ")[0]) for h in block.headings if h.shown]
    periods = sum(bool(_PERIOD.fullmatch(n)) for n in groups)
    figures = sum(p.numbers > 0.8 for p in profiles if p.filled)
    texts = sum(p.numbers <= 0.5 for p in profiles if p.filled)
    if periods >= 3 and figures >= 3 and texts <= 3 and periods > len(filled) / 2:
        return "cross"
    if len(filled) <= 3 and figures == 0 and texts and not found - _OF_A_LIST:
        return "lookup"
    return ""


def _is_pivot(rows: Rows, block: Block, names: Sequence[str]) -> bool:
    width = sum(bool(n) for n in names)
    said = sum(2 * bool(PIVOT_LABEL.fullmatch(n)) + bool(_PIVOT_VALUE.fullmatch(n)) for n in names)
    if said >= 2 or (said and width <= 3):
        return True
    labels = 0
    for row in rows[block.first - 1 : block.last]:
        told = next((text(c) for c in row[block.left : block.right] if c and text(c)), "")
        labels += told.casefold() in _EMPTY_LABEL
    return labels > 0 and width <= 6

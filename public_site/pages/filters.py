"""What a reader asks of a list, from the query string: understood, or explained and left out aloud.

In: the query string as it came, however strange. Out: `Asked`: a `Wanted`, what was not understood and why, with the
values that would have been; chips that take a filter away. The query string is the whole state. Read `asked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from rapidfuzz import fuzz
from rapidfuzz import process as fuzzy

from ledger.arcs import folded
from ledger.checks import CHECKS, ORDER
from ledger.reading import SORTS, Wanted, figure_key
from ledger.tables import STAGES
from ledger.values import PartialDate
from public_site.web import Ask

QUESTION_MAX = 200  # letters: the search box takes no more either
VALUE_MAX = 300
NAMES_MAX = 40  # filters in one address: what is beyond is said to be left out, in one line
NEAR_MAX = 5


@dataclass(frozen=True, slots=True)
class Ignored:
    """A filter that was not understood, or not wholly: explained, never silently dropped.

    `allowed` are values that would be, as they are typed and as they are called.
    """

    name: str
    value: str
    why: str
    allowed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    name: str
    value: str
    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Asked:
    wanted: Wanted
    ignored: tuple[Ignored, ...]
    kept: tuple[tuple[str, str], ...]  # the query that was understood, without `after` and `asof`

    def query(self, **changed: str) -> str:
        told = {**dict(self.kept), **changed}
        return urlencode({k: v for k, v in told.items() if v})


_FIELDS: Mapping[str, str] = {
    **{n: n for n in ("q", "kind", "stage", "jurisdiction", "area", "donor", "buyer", "supplier", "programme")},
    **{n: n for n in ("item", "method", "currency", "flag", "sort", "after")},
    "from": "since",
    "to": "until",
    "min": "least",
    "max": "most",
}
"""The names of the query string (interface.md) and those of `Wanted`."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": ("aid", "programme", "procurement"),
    "stage": STAGES,
    "method": ("open", "selective", "limited", "direct"),
    "flag": ORDER,
    "sort": SORTS,
}


def asked(ask: Ask, **fixed: str) -> Asked:
    """Read the filters of a list from the query string. What cannot be understood is ignored and said to be."""
    told: dict[str, Any] = {}
    kept: dict[str, str] = {}
    ignored: list[Ignored] = []
    for name, raw in ask.query[:NAMES_MAX]:
        if name == "asof":
            continue
        value = "".join(c if c.isprintable() else " " for c in raw[:5000]).strip()
        most = QUESTION_MAX if name == "q" else VALUE_MAX
        if name not in _FIELDS or _FIELDS[name] in fixed:
            ignored.append(Ignored(_short(name, 40), _short(value), "unknown_name", _named(set(_FIELDS) - {"after"})))
        elif name in told or name in kept:
            ignored.append(Ignored(name, _short(value), "twice"))
        else:
            if len(value) > most:
                ignored.append(Ignored(name, _short(value), "cut"))
                value = value[:most].strip()
            if name == "q" and not value:
                continue
            read, why, allowed = _read(ask, name, value)
            if why:
                ignored.append(Ignored(name, _short(value), why, allowed))
            else:
                told[_FIELDS[name]] = read
                kept[name] = value
    if len(ask.query) > NAMES_MAX:
        ignored.append(Ignored("…", str(len(ask.query)), "too_many"))
    for low, high, why in (("from", "to", "turned_dates"), ("min", "max", "turned_amounts")):
        first, last = told.get(_FIELDS[low]), told.get(_FIELDS[high])
        if first is not None and last is not None and _turned(first, last):
            ignored.append(Ignored(f"{low}, {high}", f"{kept.pop(low)}, {kept.pop(high)}", why))
            del told[_FIELDS[low]], told[_FIELDS[high]]
    if told.get("sort") == "amount" and not told.get("currency"):
        ignored.append(Ignored("sort", "amount", "needs_currency"))
        told.pop("sort"), kept.pop("sort")
        # The end of a page in another order is none in this one.
        told["after"] = told.get("after", "").rpartition("~")[2]
    if told.get("sort") == "relevance" and not told.get("q"):
        ignored.append(Ignored("sort", "relevance", "needs_words"))
        told.pop("sort"), kept.pop("sort")
    if told.get("q"):
        told.setdefault("sort", "relevance")
    if told.get("after") and not _is_key(told["after"], told.get("sort", "newest"), "crossing" in fixed):
        ignored.append(Ignored("after", _short(told.pop("after")), "not_a_place_to_go_on"))
    kept.pop("after", None)
    return Asked(Wanted(**{**told, **fixed}), tuple(ignored), tuple(kept.items()))


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _turned(first: Any, last: Any) -> bool:
    """Whether the end lies before the beginning. `2020-05` until `2020` is none: the year holds the month."""
    if isinstance(first, str):
        return bool(first > f"{last}~")
    return bool(first > last)


def _named(codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((code, code) for code in sorted(codes))


def _read(ask: Ask, name: str, value: str) -> tuple[Any, str, tuple[tuple[str, str], ...]]:
    """Return a filter's value; or why it is none, with values that would be."""
    if name in _CHOICES:
        terms = tuple((code, _called(ask, name, code)) for code in _CHOICES[name])
        return (value, "", ()) if value in _CHOICES[name] else (None, "unknown_value", terms)
    if name == "jurisdiction":
        found = next((j.code for j in ask.register.jurisdictions if j.code.casefold() == value.casefold()), None)
        known = tuple((j.code, ask.words.name(j.names)) for j in ask.register.jurisdictions)
        return (found, "", ()) if found else (None, "unknown_value", known)
    if name == "area":
        areas = {a.code: a for j in ask.register.jurisdictions for a in j.areas}
        return (value, "", ()) if value in areas else (None, "unknown_value", _near(ask, value, areas))
    if name == "currency":
        used = ask.site.finder.currencies(ask.conn, ask.at)
        return (value.upper(), "", ()) if value.upper() in used else (None, "unknown_currency", _named(used))
    if name in ("from", "to"):
        try:
            return (str(PartialDate.parse(value)), "", ()) if len(value) <= 10 else (None, "not_a_date", ())
        except ValueError:
            return None, "not_a_date", ()
    if name in ("min", "max"):
        number = _amount(value)
        return (number, "", ()) if number is not None else (None, "not_an_amount", ())
    return value, "", ()


def _called(ask: Ask, name: str, code: str) -> str:
    """The reader's word for one of a filter's own values."""
    return CHECKS[code].text(ask.language).title if name == "flag" else ask.words.term(name, code)


def _amount(value: str) -> Decimal | None:
    try:
        number = Decimal(value.replace(",", "").replace(" ", ""))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 14:
        return None
    return number.quantize(Decimal("0.0001"))


def _near(ask: Ask, value: str, areas: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the areas whose code or name, in any language, is most like what was typed."""
    spelled = {(code, folded(name)) for code, a in areas.items() for name in (code, *a.names.values())}
    likest = fuzzy.extract(folded(value), {key: key[1] for key in spelled}, scorer=fuzz.WRatio, limit=4 * NEAR_MAX)
    codes = dict.fromkeys(key[0] for _, _, key in sorted(likest, key=lambda found: (-found[1], found[2])))
    return tuple((code, ask.words.name(areas[code].names)) for code in codes)[:NEAR_MAX]


def _is_key(after: str, sort: str, of_figures: bool) -> bool:
    if of_figures:
        return figure_key(after)
    last, mark, ocid = after.rpartition("~")
    if sort == "amount":
        return bool(mark and ocid and re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", last))
    return bool(mark and ocid)


def chips(ask: Ask, asked: Asked, path: str, labels: Mapping[str, str]) -> tuple[Chip, ...]:
    """Return the filters in force, each with the address that takes it away."""
    found = []
    for name, value in asked.kept:
        if name == "sort":
            continue
        rest = [(k, v) for k, v in asked.kept if k != name]
        if ask.at is not None:
            rest.append(("asof", str(ask.at)))
        label = labels.get(value, value)
        if name in ("kind", "stage", "method", "flag"):
            label = _called(ask, name, value)
        elif name in ("from", "to"):
            label = ask.words.date(value)
        found.append(Chip(name, value, label, f"/{ask.language}{path}" + (f"?{urlencode(rest)}" if rest else "")))
    return tuple(found)

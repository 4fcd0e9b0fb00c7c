"""What may be mended in another publisher's release without asking, and what may not.

In: the tree of a release in the shapes of OCDS 1.1. Out: the same with only fields of our profile, each of the type
that the schema wants, every repair said. What is not safe raises `Held`: an amount that counts in totals is never
guessed and never dropped in silence. Read `Repair.cleaned`, then `Repair._money`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
import orjson
from babel import Locale

from importers import identity, parsing
from importers.documents_tree import Held, Leaf, Said, Tree, first, plain, text
from ledger.arcs import folded
from ledger.findings import Severity
from ledger.values import Money, number
from ocds import schema

COUNTED = frozenset(
    [
        "/awards/*/value",
        "/contracts/*/value",
        "/contracts/*/implementation/transactions/*/value",
        "/planning/aid/flows/*/value",
    ]
)
"""Amounts that somebody will add up: without a currency, or unreadable, they hold their release back."""
NEVER_NEGATIVE = frozenset(["/tender/value", "/awards/*/value", "/contracts/*/value", "/planning/budget/amount"])
UNIT_PRICE = "/unit/value"
ONE_EACH = frozenset(
    ["/awards", "/contracts", "/contracts/*/implementation/transactions", "/planning/aid/flows", "/contracts/*/finance"]
)
"""Arrays in which one id for two different things may not be settled by giving a new id: figures hang on them."""
PRIVATE = ("streetAddress", "postalCode")
YEARS = (1900, 2200)
"""Dates outside are marks for "none" (0001-01-01) or typing errors."""

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?\s?(Z|z|[+-]\d\d:?\d\d)?)?", re.ASCII
)  # fmt: skip
AMOUNT_MAX = 10**15
"""No budget on Earth is larger; and sums stay exact."""
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_URI = jsonschema.Draft4Validator.FORMAT_CHECKER


@dataclass(frozen=True, slots=True)
class Shape:
    """What the extended schema wants at one place, `$ref`s followed. `codes` is None where any word may stand."""

    definition: str = ""
    types: frozenset[str] = frozenset()
    format: str = ""
    codes: Mapping[str, str] | None = None  # folded code -> code
    members: Mapping[str, Shape] = field(default_factory=dict)
    entries: Shape | None = None
    deprecated: bool = False
    whole: bool = False  # an array that merging replaces whole


@cache
def release_shape() -> Shape:
    return _shape(schema.release_schema())


def _shape(told: Mapping[str, Any], deprecated: bool = False) -> Shape:
    definition = str(told["$ref"]).rsplit("/", 1)[-1] if "$ref" in told else ""
    deprecated = deprecated or "deprecated" in told
    if definition:
        told = schema.release_schema()["definitions"][definition]
    types = told.get("type", [])
    entries = told.get("items")
    holder = entries if isinstance(entries, dict) else {}
    closed = "enum" in told or (told.get("codelist") and told.get("openCodelist") is False)
    codes = None
    if closed and "enum" not in holder:
        names = [c for c in told.get("enum", ()) if c] or list(schema.codelist(told["codelist"].removesuffix(".csv")))
        codes = {_flat(c): c for c in names}
    if "enum" in holder:
        closed, entries = True, {**holder, "openCodelist": False}
    return Shape(
        definition,
        frozenset([types] if isinstance(types, str) else types),
        told.get("format", ""),
        codes,
        {key: _shape(child) for key, child in told.get("properties", {}).items()},
        _shape(entries) if isinstance(entries, dict) else None,
        deprecated,
        bool(told.get("wholeListMerge")),
    )


def _flat(code: str) -> str:
    return re.sub(r"[\W_]", "", code).casefold()


@cache
def _languages() -> frozenset[str]:
    return frozenset(Locale("en").languages)


class Repair:
    """Mends one release after another. `moment` gives a day its first minute in the jurisdiction's time zone."""

    def __init__(self, said: Said, moment: Callable[[date], str]) -> None:
        self.said, self.moment = said, moment

    def cleaned(self, release: Tree) -> Tree:
        """Return what may be published of a release. Raises Held, when its finding is said."""
        found = self._node(release, release_shape(), "")
        return found if isinstance(found, dict) else {}

    def _say(self, code: str, severity: Severity, node: Any, place: str, alike: str = "", /, **params: Any) -> None:
        self.said.say(code, severity, first(node), place, alike=alike, **params)

    def _withheld(self, code: str, node: Any, place: str) -> None:
        """Say what is left out without saying what it says: it may be a person's."""
        self.said.say(code, Severity.NOTICE, first(node), place, shown="")

    # --- shapes -------------------------------------------------------------------------------------------------

    def _node(self, node: Any, shape: Shape, place: str) -> Any:
        """What may stay of a node, None when nothing."""
        if isinstance(node, Leaf):
            return self._leaf(node, shape, place)
        if not node:
            return None  # an empty object or array says nothing
        if isinstance(node, dict):
            return self._object(node, shape, place)
        return self._array(node, shape, place)

    def _object(self, node: Tree, shape: Shape, place: str) -> Any:
        if shape.entries is not None:
            if all(isinstance(v, dict) for v in node.values()) and not set(node) & set(shape.entries.members):
                entries = list(node.values())  # {"0": {…}, "1": {…}}: an array that lost its brackets
            else:
                entries = [node]
            if first(node) is not None:
                self._say("J031", Severity.NOTICE, node, place)
            return self._array(entries, shape, place)
        if not shape.members:
            if first(node) is not None:
                self._say("J011", Severity.NOTICE, node, place)
            return None
        out: Tree = {}
        told = node
        if shape.definition == "Value":  # what is empty in a value is said of the value
            told = {k: v for k, v in node.items() if _says_something(v)}
        for key, child in told.items():
            at = f"{place}/{key}"
            inner = shape.members.get(key)
            if inner is None or inner.deprecated:
                if _says_something(child):
                    self._withheld("J011", child, at)
            elif key == "contactPoint" or (shape.definition == "Address" and key in PRIVATE):
                if _says_something(child):
                    self._withheld("J029", child, at)
            elif (value := self._node(child, inner, at)) is not None:
                out[key] = value
            elif isinstance(child, Leaf) and inner.codes is not None:
                self._details(node, out, shape, key, child)
        if shape.definition == "Value":
            return self._money(node, out, place)
        return out or None

    def _details(self, node: Tree, out: Tree, shape: Shape, key: str, child: Leaf) -> None:
        """Keep a word that is no code of the standard where the standard has a place for words."""
        details = f"{key}Details"
        if details in shape.members and not text(node.get(details)) and text(child):
            out[details] = child.made(parsing.clean(text(child)))

    def _array(self, node: list[Any], shape: Shape, place: str) -> Any:
        if shape.entries is None:
            if len(node) == 1:
                self._say("J031", Severity.NOTICE, node, place)
                return self._node(node[0], shape, place)
            if _says_something(node):
                self._say("J038", Severity.WARNING, node, place)
            return None
        found = [v for child in node if (v := self._node(child, shape.entries, f"{place}/*")) is not None]
        kind = shape.entries
        if found and "id" in kind.members and kind.definition not in ("Organization", "OrganizationReference"):
            found = self._entries(found, shape, place)
        return found or None

    def _entries(self, entries: list[Tree], shape: Shape, place: str) -> list[Tree]:
        """Entries with an id each, and each id once."""
        out: dict[str, Tree] = {}
        for entry in entries:
            id = text(entry.get("id"))
            before = out.get(id)
            if not id and shape.whole:
                id = f"~{len(out)}"  # classifications and further identifiers may go without
                out[id] = entry
                continue
            if not id:
                entry = self._identified(entry, out, place)
            elif before is not None:
                if (both := joined(before, entry)) is not None:
                    self._say("J022", Severity.NOTICE, entry, place)
                    out[id] = both
                    continue
                if place in ONE_EACH:
                    self._say("J023", Severity.ERROR, entry["id"], place)
                    raise Held("J023")
                if shape.whole:
                    self._say("J038", Severity.WARNING, entry["id"], place)
                    continue
                entry = self._identified(entry, out, place)
            out[text(entry["id"])] = entry
        return list(out.values())

    def _identified(self, entry: Tree, taken: Mapping[str, Tree], place: str) -> Tree:
        """Give an entry an id made of its content: it stays the same when entries are inserted before it."""
        self._say("J021", Severity.NOTICE, entry, place)
        content = orjson.dumps(_texts(entry), option=orjson.OPT_SORT_KEYS).decode()
        leaf = first(entry) or Leaf(None, "", "")
        return {"id": Leaf(identity.minted([content], taken), leaf.at, "", "added"), **_without(entry, "id")}

    # --- values -------------------------------------------------------------------------------------------------

    def _leaf(self, leaf: Leaf, shape: Shape, place: str) -> Any:
        if leaf.value is None or (isinstance(leaf.value, str) and _is_nothing(leaf.value)):
            self._say("J012", Severity.NOTICE, leaf, place)
            return None
        if shape.entries is not None:
            value = None if shape.entries.members else self._leaf(leaf, shape.entries, place)
            self._say("J031" if value is not None else "J038", _grave(value), leaf, place)
            return None if value is None else [value]
        if shape.members or "object" in shape.types:
            self._say("J038", Severity.WARNING, leaf, place)
            return None
        if shape.codes is not None:
            return self._code(leaf, shape.codes, place)
        if shape.format == "date-time":
            return self._date(leaf, place)
        if "string" in shape.types:
            return self._text(leaf, shape, place)
        if "boolean" in shape.types:
            return self._boolean(leaf, place)
        return self._number(leaf, shape, place)

    def _text(self, leaf: Leaf, shape: Shape, place: str) -> Leaf | None:
        if isinstance(leaf.value, bool):
            self._say("J038", Severity.WARNING, leaf, place)
            return None
        told = parsing.clean(text(leaf))
        if not told:
            return None
        if shape.format == "uri":
            if not re.match(r"https?://[^\s/]", told) or not _URI.conforms(told, "uri"):
                self._say("J032", Severity.WARNING, leaf, place)
                return None
        elif parsing.has_email(told):
            self.said.say("P002", Severity.WARNING, leaf, place, alike=place, shown="")
            return None
        if place.endswith("/language"):
            return self.language(leaf, place)
        return Leaf(told, leaf.at, leaf.raw, leaf.how)

    def language(self, leaf: Leaf, place: str) -> Leaf | None:
        """A language code in its usual letters; None for what is none."""
        told = parsing.clean(text(leaf))
        name, _, region = told.replace("_", "-").partition("-")
        if name.lower() not in _languages() or len(name) > 3:
            self._say("J033", Severity.WARNING, leaf, place, told, code=told[:20])
            return None
        tidy = name.lower() + (f"-{region}" if region else "")
        if tidy != told:
            self._say("J034", Severity.NOTICE, leaf, place, tidy, code=tidy)
        return Leaf(tidy, leaf.at, leaf.raw, leaf.how if tidy == told else "derived")

    def _boolean(self, leaf: Leaf, place: str) -> Leaf | None:
        if isinstance(leaf.value, bool):
            return leaf
        if text(leaf).lower() in ("true", "false"):
            self._say("J016", Severity.NOTICE, leaf, place)
            return leaf.made(text(leaf).lower() == "true", "")
        self._say("J038", Severity.WARNING, leaf, place)
        return None

    def _number(self, leaf: Leaf, shape: Shape, place: str) -> Leaf | None:
        """A number, of a number or of a text that is one and nothing else: `1.234` in a text may mean two things."""
        value = leaf.value
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            self._say("J016", Severity.NOTICE, leaf, place)
            value = Decimal(value.strip())
        whole = "number" not in shape.types
        if isinstance(value, Decimal) and _survives(value) and not (whole and value != value.to_integral_value()):
            return Leaf(value, leaf.at, leaf.raw, leaf.how)
        if place.removesuffix("/amount") in COUNTED:
            self._say("J019", Severity.ERROR, leaf, place, "counts")
            raise Held("J019")
        self._say("J039", Severity.WARNING, leaf, place)
        return None

    def _code(self, leaf: Leaf, codes: Mapping[str, str], place: str) -> Leaf | None:
        code = codes.get(_flat(text(leaf)))
        if code is None:
            if not place.endswith("/currency"):  # a currency is judged together with its amount
                self._say("J024", Severity.WARNING, leaf, place, text(leaf))
            return None
        if code != leaf.value:
            self._say("J013", Severity.NOTICE, leaf, place, f"{text(leaf)} {code}", code=code)
            return leaf.made(code)
        return leaf

    def _date(self, leaf: Leaf, place: str) -> Leaf | None:
        told = parsing.clean(text(leaf))
        found = _MOMENT.fullmatch(told)
        try:
            if found is None or not YEARS[0] <= int(told[:4]) <= YEARS[1]:
                raise ValueError(told)
            day, time, fraction, zone = found.groups()
            whole = self._moment(day, time, fraction or "", zone)
        except ValueError:
            self._say("J015", Severity.WARNING, leaf, place, told)
            return None
        if time is None or zone is None:
            self._say("J014", Severity.NOTICE, leaf, place)
        return Leaf(whole, leaf.at, leaf.raw, leaf.how if whole == leaf.value else "derived")

    def _moment(self, day: str, time: str | None, fraction: str, zone: str | None) -> str:
        here = self.moment(date.fromisoformat(day))
        if time is None:
            return here
        time = time if len(time) == 8 else f"{time}:00"
        if zone is None:
            zone = here[19:]
        zone = "Z" if zone == "z" else zone if ":" in zone or zone == "Z" else f"{zone[:3]}:{zone[3:]}"
        datetime.fromisoformat(f"{day}T{time}{zone.replace('Z', '+00:00')}")
        return f"{day}T{time}{fraction}{zone}"

    # --- money --------------------------------------------------------------------------------------------------

    def _money(self, node: Tree, out: Tree, place: str) -> Tree | None:
        """An amount with its currency, or nothing: no amount is not 0, and one of no currency is no amount."""
        amount, currency = out.get("amount"), out.get("currency")
        if amount is None:
            if "amount" in node or "currency" in node:
                self._say("J017", Severity.WARNING, node, place)
            return None
        value = amount.value
        if currency is None:
            counts = place in COUNTED and value != 0
            told = text(node.get("currency"))
            self._say("J018", Severity.ERROR if counts else Severity.WARNING, amount, place, told, currency=told)
            if counts:
                raise Held("J018")
            return None
        if value < 0 and place in NEVER_NEGATIVE:
            self._say("J020", Severity.ERROR, amount, place)
            raise Held("J020")
        if not place.endswith(UNIT_PRICE):
            exact = Money(value, currency.value).quantised().amount
            if exact != value:
                self._say("V010", Severity.WARNING, amount, place, amount.raw, rounded=str(exact))
                out["amount"] = amount.made(exact, "rounded")
        return {key: out[key] for key in ("amount", "currency")}


def joined(a: Any, b: Any) -> Any:
    """What two entries with one id say together; None when they contradict each other in anything."""
    if isinstance(a, Leaf) and isinstance(b, Leaf):
        return a if a.value == b.value else None
    if isinstance(a, dict) and isinstance(b, dict):
        out = {**b, **a}
        for key in a.keys() & b.keys():
            if (told := joined(a[key], b[key])) is None:
                return None
            out[key] = told
        return out
    if isinstance(a, list) and isinstance(b, list):
        if all(isinstance(m, dict) and text(m.get("id")) for m in (*a, *b)):
            told = joined({text(m["id"]): m for m in a}, {text(m["id"]): m for m in b})
            return None if told is None else list(told.values())
        return a if plain(a) == plain(b) else None
    return None


def _grave(value: object) -> Severity:
    return Severity.WARNING if value is None else Severity.NOTICE


def _survives(value: Decimal) -> bool:
    if abs(value) > AMOUNT_MAX:
        return False
    try:
        number(value)
    except ValueError:
        return False
    return True


def _is_nothing(told: str) -> bool:
    """Whether a text says that there is nothing: blank, or a mark of a program for it (`_NO_APLICA_`)."""
    told = told.strip()
    return not told or (told.startswith("_") and told.endswith("_") and parsing.is_missing(folded(told)))


def _says_something(node: Any) -> bool:
    if isinstance(node, Leaf):
        return node.value is not None and not (isinstance(node.value, str) and _is_nothing(node.value))
    return any(_says_something(v) for v in (node.values() if isinstance(node, dict) else node))


def _texts(node: Any) -> Any:
    if isinstance(node, Leaf):
        return str(node.value)
    if isinstance(node, dict):
        return {k: _texts(v) for k, v in node.items()}
    return [_texts(v) for v in node]


def _without(entry: Tree, key: str) -> Tree:
    return {k: v for k, v in entry.items() if k != key}

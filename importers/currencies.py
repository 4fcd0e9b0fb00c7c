"""Where a column says its currency and its magnitude: in its heading, in a line over the table, in a number format.

In: those texts. Out: an ISO 4217 code, a multiplier, or nothing: `$` alone never decides a currency, and a sign that is
not known is said to be so, never taken for the office's own money. Pure. Read `declared` first.
"""

from __future__ import annotations

import re

from importers import parsing
from ledger.catalogue import folded
from ocds import schema

# Signs that are too short to mean a currency in a text, and can mean nothing else in a number format.
_FORMAT_SIGNS = {"Q": "GTQ", "L": "HNL", "B/.": "PAB", "S/": "PEN", "G": "HTG"}

UNKNOWN = "?"
"""A number format shows a currency sign that we do not know: no other currency may be assumed."""

_MAGNITUDES = {
    "thousand": 1_000, "thousands": 1_000, "miles": 1_000, "milhares": 1_000, "milliers": 1_000, "000": 1_000,
    "000s": 1_000, "k": 1_000, "million": 1_000_000, "millions": 1_000_000, "millones": 1_000_000,
    "milhoes": 1_000_000, "m": 1_000_000, "mn": 1_000_000, "mm": 1_000_000, "billion": 1_000_000_000,
    "billions": 1_000_000_000, "bn": 1_000_000_000,
}  # fmt: skip
_MAGNITUDE = re.compile(
    r"(?<![\w])(?:in |en |em )?(thousands?|millions?|billions?|miles|millones|milhares|milh[oõ]es|milliers)\b|"
    r"['’](000s?)\b|\b(000s)\b|\$ ?(k|mn|mm|bn|m)\b|\((?:[A-Z]{3} ?|[A-Z]{0,2}\$ ?)?(k|mn|mm|bn|m)\)",
    re.IGNORECASE,
)
DECLARES = re.compile(
    r"\b(amounts?|figures?|values?|currency|expressed|montos?|cifras?|valores|importes?|moneda|moeda|expresad[oa]s?|"
    r"montants?|devise|exprim[eé]s?)\b",
    re.IGNORECASE,
)


def magnitude(told: str) -> int:
    """By what the amounts under this heading or note are to be multiplied, by its own word; 1 when it says nothing."""
    m = _MAGNITUDE.search(told)
    word = next((g for g in m.groups() if g), "") if m else ""
    return _MAGNITUDES.get(folded(word), 1)


def _bare(part: str) -> str:
    """`US$m` and `BZ$'000` say a currency and, behind it, a magnitude."""
    bare = part.strip(".,;:()[]'’ ")
    return re.sub(r"(?i)(?<=[$£€])[ '’]?(k|mn?|mm|bn|000s?)$|['’ ]000s?$", "", bare)


def declared(told: str) -> str | None:
    """The currency that a heading or a note says its amounts are in: `Contract sum (BZ$)`, `Amounts in US dollars`."""
    for bracketed in re.findall(r"[(\[]([^)\]]*)[)\]]", told):
        for part in (bracketed, *bracketed.split()):
            if (code := parsing.currency_code(_bare(part))) is not None:
                return code
    words = told.split()
    for n, word in enumerate(words):
        for part in (" ".join(words[n : n + 3]), " ".join(words[n : n + 2]), word):
            bare = _bare(part)
            # A word of three letters is a currency only when it is written as one: "all", "top" and "try" are codes.
            if bare and (bare != bare.lower() or len(bare) > 3):
                code = parsing.currency_code(bare)
                if code is not None and (len(bare) > 3 or bare.isupper() or "$" in bare):
                    return code
    return None


def tagged(tag: str) -> str | None:
    """The currency that an HXL tag names: `#value+usd`."""
    return next((a.upper() for a in tag.split("+")[1:] if a.upper() in schema.codelist("currency")), None)


def of_format(code: str) -> tuple[str | None, bool]:
    """The currency that lives only in a number format: (code or None, a bare dollar)."""
    for told in re.findall(r"\[\$([^\]-]*)[^\]]*\]|\"([^\"]+)\"", code):
        text = (told[0] or told[1]).strip()
        found = parsing.currency_code(text) or (_FORMAT_SIGNS.get(text) if told[0] else None)
        if found is not None:
            return found, False
        if text == "$":
            return None, True
        if told[0] and not text.isspace() and text:
            return UNKNOWN, False
    if re.search(r"(?<![\w\"\\\[])\\?\$", re.sub(r"\[[^\]]*\]", "", code)):
        return None, True
    for glyph in ("£", "€"):
        if glyph in code:
            return parsing.currency_code(glyph), False
    return None, False


def shows_thousands(code: str) -> bool:
    """Whether a number format leaves thousands out: `#,##0,` shows 1 for 1,000. The cell itself holds the whole."""
    first = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.', "", code.split(";")[0])
    return bool(re.search(r"[0#?],+(?=[^0#?,.]|$|\.[0#]*(?:[^0#]|$))", first)) and not re.search(
        r"[0#?],+[0#?]+$", first
    )

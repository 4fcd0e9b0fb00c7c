"""From the text of a cell to a value: money, dates, quantities, codes, places. Pure; decided per column.

In: texts and native values as the sandbox read them. Out: values, or an `Unreadable` with the code of a finding. How a
separator or a date order is decided from the decisive cells of a column: read `decimal_mark` and `date_order` first.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from ledger.catalogue import codes, folded
from ledger.settings import Area, Jurisdiction
from ledger.values import PartialDate
from ocds import schema


class Unreadable(Exception):
    """A cell that does not say what its column is for. `code` is a finding's; `params` fill its words."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


# --- addresses -----------------------------------------------------------------------------------------------------


def column_number(letters: str) -> int:
    """`A` is 1, `AA` is 27."""
    n = 0
    for letter in letters:
        n = n * 26 + ord(letter) - 64
    return n


def column_letters(number: int) -> str:
    out = ""
    while number:
        number, rest = divmod(number - 1, 26)
        out = chr(65 + rest) + out
    return out


# --- text and nothing -------------------------------------------------------------------------------------------

# Kinds of nothing, each with its own words; all are *missing*, a zero is not one of them (messy-spreadsheets 6).
_NOTHING_WORDS = {
    "not_applicable": "not applicable, no aplica, nao se aplica, nao aplicavel, sans objet, non applicable, "
    "no corresponde, no procede, nao aplica, no aplicable",
    "not_available": "nil, none, null, tbd, tba, xxx, unknown, unspecified, inexistente, ninguno, ninguna, nenhum, "
    "nenhuma, aucun, aucune, neant, not available, not specified, not stated, not provided, not known, "
    "not given, not recorded, unspecified org, no definido, no definida, no registra, no disponible, "
    "no especificado, no especificada, no indicado, no indica, sin dato, sin datos, sin informacion, "
    "sin registro, por definir, pendiente de definir, desconocido, desconocida, s d, sd, s i, "
    "nao informado, nao informada, nao disponivel, nao especificado, nao consta, sem informacao, "
    "sem dados, a definir, desconhecido, n i, non disponible, non specifie, non precise, non renseigne, "
    "non communique, inconnu, inconnue, a determiner, to be determined, to be confirmed, to be advised, "
    "tbc, n d, nd, s n, sn, n c",
    "withheld": "withheld, confidential, confidencial, confidentiel, redacted, not published, not disclosed, "
    "undisclosed, reservado, reservada, informacion reservada, sigiloso, no publicado, nao publicado, "
    "non publie, classified, suprimido, sob sigilo, informacao sigilosa",
    # "Ditto" is no name; which row above it means, only its writer knows.
    "unclear": "na, n a, vacio, vazio, vide, blank, en blanco, em branco, do, ditto, idem, same as above, "
    "igual al anterior, igual que arriba, o mesmo, voir ci dessus",
}
_NOTHING = {word.strip(): kind for kind, words in _NOTHING_WORDS.items() for word in words.split(",")}
_DASHES = frozenset({"", "-", "--", "---", "–", "—", "?", ".", "..", "...", "*", "_"})


# What may be dirt: anything but plain Latin text with single blanks. Nine cells in ten have none of it.
_DIRTY = re.compile(r"[^\x20-\x7e\xa1-\u024f]|&|_x[0-9A-Fa-f]{4}_|  |\|\s*$")
_LONGEST_NOTHING = 40
# An accountant's zero: a currency's sign or code before a dash.
_NOUGHT = re.compile(r"(?:[A-Z]{0,3}[$£€¥₡₲₦₵¢]|[A-Z]{3}|[QLCK]\.?|S/\.?|B/\.?|Bs\.?|Lps\.?|Rs\.?)\s*[-–—]+(?:\s*\?+)?")


def clean(text: str) -> str:
    """Return text without the dirt that nobody typed: entities, control characters, hard blanks, padding."""
    if not _DIRTY.search(text):
        return text.strip()
    text = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)
    text = html.unescape(text)
    text = re.sub(r"[\u202a-\u202e\u2066-\u2069\ufeff\u200b]", "", text)
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    text = re.sub(r"\s+", " ", text.replace("\xa0", " ")).strip()
    return text.rstrip("| ") or text  # the sign between items of a list, after the last one


@lru_cache(maxsize=50_000)  # the cells of a column say the same few words; an amount is rarely asked about twice
def missing(text: str) -> str:
    """Which kind of nothing a cell says: blank, not_available, not_applicable, withheld or unclear; "" for something.

    `-` and `N/A` are used for all of them and stay `unclear`. `0` and `Namibia` are something.
    """
    text = clean(text)
    if not text:
        return "blank"
    if len(text) > _LONGEST_NOTHING:
        return ""
    if text in _DASHES or _NOUGHT.fullmatch(text):
        return "unclear"
    word = folded(text)
    if not word:  # signs only; or letters of another script, which say something
        return "" if any(c.isalnum() for c in text) else "unclear"
    return _NOTHING.get(word, "")


def is_missing(text: str) -> bool:
    """Whether the cell says in words or signs that there is nothing."""
    return bool(missing(text))


_LIST_ITEM = 80  # characters; what is longer is a sentence
_LAW = re.compile(
    r"\b(art|arts|articulo|artigo|article|lei|ley|loi|law|act|decreto|decret|decree|inciso|resolucion|"
    r"resolucao|paragrafo|numeral|reglamento|section)\b"
)
_FORM = re.compile(
    r"(s a|s a c|sac|s r l|srl|ltd|ltda|llc|inc|sarl|sas|s a s|eirl|co|plc|gmbh|s a de c v|cv|corp|bv|sa)"
)


def several(text: str) -> list[str]:
    """Split a cell that lists names of suppliers or places; a list of one when it is no list.

    Names are parted by `;` or `|`, never by a line break or a comma: those stand inside names. HTML entities are
    undone first (`Guinness Care &amp; Support Ltd` is one name). A text that cites a law or has a part longer than a
    name is prose, and a part that is only a legal form (`Crea Alimentos; Sac`) belongs to the name before it.
    """
    told = clean(text)
    parts = [p.strip() for p in re.split(r"[;|]", told) if p.strip(" .,-")]
    prose = any(len(p) > _LIST_ITEM or len(p.split()) > 12 or _LAW.search(folded(p)) for p in parts)
    if not parts or (len(parts) > 1 and prose):
        return [told] if told else []
    out: list[str] = []
    for part in parts:
        if out and _FORM.fullmatch(folded(part)):
            out[-1] = f"{out[-1]}; {part}"
        elif part not in out:
            out.append(part)
    return out


# --- numbers ----------------------------------------------------------------------------------------------------

_GLYPHS = {
    "US$": "USD", "USD$": "USD", "U$S": "USD", "U$D": "USD", "BZ$": "BZD", "BZD$": "BZD", "R$": "BRL", "GH¢": "GHS",
    "GH₵": "GHS", "₵": "GHS", "£": "GBP", "€": "EUR", "S/.": "PEN", "S/": "PEN", "Q.": "GTQ", "CA$": "CAD",
    "CAD$": "CAD", "CDN$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "NT$": "TWD", "HK$": "HKD", "S$": "SGD",
    "₦": "NGN", "₱": "PHP", "₹": "INR", "₡": "CRC", "₲": "PYG", "₺": "TRY", "₩": "KRW", "₴": "UAH", "RD$": "DOP",
    "TT$": "TTD", "J$": "JMD", "JA$": "JMD", "BDS$": "BBD", "EC$": "XCD", "GY$": "GYD", "G$": "GYD", "B/.": "PAB",
    "LPS.": "HNL", "LPS": "HNL", "MX$": "MXN", "MXN$": "MXN", "COL$": "COP", "AR$": "ARS", "CLP$": "CLP", "UY$": "UYU",
    "$U": "UYU", "CN¥": "CNY", "JP¥": "JPY", "KSH": "KES", "TSH": "TZS", "USH": "UGX", "NAF": "ANG",
}  # fmt: skip
_GLYPH = re.compile("|".join(re.escape(g) for g in sorted(_GLYPHS, key=len, reverse=True)), re.IGNORECASE)
# Letters that are a currency only before a figure: `Q150,000.00`, `L. 500`; after it they are litres.
_BEFORE = {"Q": "GTQ", "L": "HNL"}
_LETTER = re.compile(r"^([-(]?\s*)(Q|L)\.?\s*(?=[\d.,])")
# Signs that several currencies share, like `$`: they never decide one.
_SHARED = re.compile(r"\bC\$|[¥¢]|\bF\s?CFA\b|\bCFA\b|\bBs\b\.?|\bRs\b\.?|\bkr\b\.?", re.IGNORECASE)
# "US $600", "U.S. $600", "BZE$600", "$600 US": whose dollar it is stands apart from the sign.
_WHOSE_BEFORE = re.compile(r"\b(U\.?S\.?|BZ)E?\.?\s*\$\s*", re.IGNORECASE)
_WHOSE_BEHIND = re.compile(r"\$\s*([\d.,]+)\s*(US|BZ)\b(?!\$)", re.IGNORECASE)
_ISO = re.compile(r"(?<![A-Za-z])([A-Za-z]{3})(?![A-Za-z])")
_NAMES = {
    "ghana cedi": "GHS", "cedi": "GHS", "cedis": "GHS", "usa dollar": "USD", "us dollar": "USD", "us dollars": "USD",
    "united states dollar": "USD", "american dollar": "USD", "dolar estadounidense": "USD",
    "dolar americano": "USD", "british pound": "GBP", "pound sterling": "GBP", "pounds sterling": "GBP",
    "euro": "EUR", "euros": "EUR", "japanese yen": "JPY", "yen": "JPY", "belize dollar": "BZD",
    "belize dollars": "BZD",
    "belizean dollar": "BZD", "bz dollar": "BZD", "dolar beliceno": "BZD", "brazilian real": "BRL", "real": "BRL",
    "reais": "BRL",
    "mexican peso": "MXN", "peso mexicano": "MXN", "quetzal": "GTQ", "lempira": "HNL", "swiss franc": "CHF",
    "canadian dollar": "CAD", "dolar canadiense": "CAD", "new taiwan dollar": "TWD", "chinese yuan": "CNY",
    "pesos cop": "COP", "peso colombiano": "COP", "pesos colombianos": "COP", "colombian peso": "COP", "sol": "PEN",
    "soles": "PEN", "nuevo sol": "PEN", "nuevos soles": "PEN", "quetzales": "GTQ", "lempiras": "HNL",
    "colon costarricense": "CRC", "colones costarricenses": "CRC", "costa rican colon": "CRC", "cordoba": "NIO",
    "cordobas": "NIO", "balboa": "PAB", "balboas": "PAB", "pesos mexicanos": "MXN", "peso dominicano": "DOP",
    "pesos dominicanos": "DOP", "dominican peso": "DOP", "peso argentino": "ARS", "pesos argentinos": "ARS",
    "argentine peso": "ARS", "peso chileno": "CLP", "pesos chilenos": "CLP", "chilean peso": "CLP",
    "peso uruguayo": "UYU", "pesos uruguayos": "UYU", "guarani": "PYG", "guaranies": "PYG", "boliviano": "BOB",
    "bolivianos": "BOB", "bolivar": "VES", "bolivares": "VES", "gourde": "HTG", "gourdes": "HTG",
    "jamaican dollar": "JMD", "jamaican dollars": "JMD", "trinidad and tobago dollar": "TTD",
    "barbados dollar": "BBD", "barbadian dollar": "BBD", "bahamian dollar": "BSD", "guyana dollar": "GYD",
    "guyanese dollar": "GYD", "eastern caribbean dollar": "XCD", "east caribbean dollar": "XCD",
    "cayman islands dollar": "KYD", "suriname dollar": "SRD", "surinamese dollar": "SRD", "bermudian dollar": "BMD",
    "cuban peso": "CUP", "dolares estadounidenses": "USD", "dolares americanos": "USD", "dolar eua": "USD",
    "dolares de los estados unidos": "USD", "dollar americain": "USD", "dollars americains": "USD",
    "dolares belicenos": "BZD", "dollar canadien": "CAD", "australian dollar": "AUD", "new zealand dollar": "NZD",
    "hong kong dollar": "HKD", "singapore dollar": "SGD", "libra esterlina": "GBP", "libras esterlinas": "GBP",
    "livre sterling": "GBP", "franco suizo": "CHF", "franc suisse": "CHF", "yuan": "CNY", "renminbi": "CNY",
    "rmb": "CNY", "iene": "JPY", "yenes": "JPY", "naira": "NGN", "nairas": "NGN", "kenya shilling": "KES",
    "kenyan shilling": "KES", "uganda shilling": "UGX", "ugandan shilling": "UGX", "tanzanian shilling": "TZS",
    "ethiopian birr": "ETB", "birr": "ETB", "rand": "ZAR", "south african rand": "ZAR", "rwandan franc": "RWF",
    "malawi kwacha": "MWK", "zambian kwacha": "ZMW", "kwanza": "AOA", "kwanzas": "AOA", "metical": "MZN",
    "meticais": "MZN", "namibian dollar": "NAD", "liberian dollar": "LRD", "dalasi": "GMD", "egyptian pound": "EGP",
    "moroccan dirham": "MAD", "leu moldovenesc": "MDL", "moldovan leu": "MDL", "danish krone": "DKK",
    "norwegian krone": "NOK", "swedish krona": "SEK", "indian rupee": "INR", "philippine peso": "PHP",
    "philippine pesos": "PHP", "korean won": "KRW", "turkish lira": "TRY", "hryvnia": "UAH",
    "franc cfa bceao": "XOF", "franc cfa beac": "XAF",
}  # fmt: skip
# At most three digits before it and nothing glued to it: 2386348K is a tax number and 3M ENTERPRISE a firm.
_MAGNITUDE = re.compile(
    r"(?<![\d.,])(?:[1-9]\d{0,3}|\d{1,3}(?:[.,]\d{1,3})+)\s*(k|m|mn|mm|mio|bn|b|thousand|thousands|million|millions|billion|"
    r"billions|mil|miles|millon|millón|millones|milhao|milhão|milhoes|milhões|milliard|milliards|mille|crore|lakh|lacs)"
    r"(?![A-Za-z])\.?(?!\s*(?:(?-i:[A-Z]{4,})|\w+@|[\w&]+\s+(?:ltd|inc|s\.a)))",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"-?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)
_BAND = re.compile(
    r"(?<![\d.,])[1-9][\d.,]*[kmKM]?\s*(?:-|–|—|\bto\b|\bhasta\b|\bate\b|\baté\b|\bà\b|\ba\b)\s*[^\d\s]{0,4}\s*\d"
)
_GROUP = " .,'’´`ʼ"
_CORE = re.compile(rf"\d[\d{_GROUP}]*\d|\d")
_MINUS = ("-", "−", "–", "﹣", "－")


def currency_code(text: str) -> str | None:
    """Return the ISO 4217 code that a currency cell says, by code, name or glyph; None when it says none we know."""
    text = clean(text)
    if text.upper() in schema.codelist("currency"):
        return text.upper()
    if (m := re.search(r"\(([A-Za-z]{3})\)", text)) and m[1].upper() in schema.codelist("currency"):
        return m[1].upper()
    word = folded(text)
    if code := _NAMES.get(word) or _NAMES.get(word.removesuffix("s")) or _NAMES.get(word.replace("u s ", "us ")):
        return code
    bare = re.sub(r"[\s.]", "", text.upper())
    if code := _GLYPHS.get(text.upper()) or _GLYPHS.get(bare) or _GLYPHS.get(bare.replace("$US", "US$")):
        return code
    if bare in ("$US", "$BZ"):
        return {"$US": "USD", "$BZ": "BZD"}[bare]
    # "BZD ($)", "USD - US Dollar": one code in capitals, and no other.
    codes = {c for c in re.findall(r"(?<![A-Z])[A-Z]{3}(?![A-Z])", text) if c in schema.codelist("currency")}
    return codes.pop() if len(codes) == 1 and len(text) <= 40 else None


def is_bare_dollar(text: str) -> bool:
    """Whether a currency cell says "dollars" without saying whose."""
    return clean(text) == "$" or folded(text) in ("dollar", "dollars", "dolar", "dolares")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as typed, before its separators are decided.

    `dollar`: a bare `$`, which never decides a currency; `shared`: another sign of several currencies (¥, FCFA, Bs).
    """

    core: str
    negative: bool
    currency: str | None = None
    dollar: bool = False
    shared: bool = False


def figure(text: str) -> Figure:
    """Take a typed amount apart.

    Unreadable: V003 words or a code, V004 says `million`, V005 two amounts, V023 a formula as text, V024 a range,
    V027 rounded to a few digits (`3e+05`).
    """
    text = clean(text)
    if text.startswith("=") and len(text) > 1:
        raise Unreadable("V023", shown=text)
    currency: str | None = None
    left = _WHOSE_BEHIND.sub(r"\2$ \1", _WHOSE_BEFORE.sub(r"\1$ ", text).replace("U.S.", "US"))

    def glyph(m: re.Match[str]) -> str:
        nonlocal currency
        mine = _GLYPHS[m[0].upper()]
        if currency is not None and currency != mine:
            raise Unreadable("V005", shown=text)
        currency = mine
        return " "

    left = _GLYPH.sub(glyph, left)
    for code in list(_ISO.finditer(left)):
        if code[1].upper() in schema.codelist("currency"):
            if currency is not None and currency != code[1].upper():
                raise Unreadable("V005", shown=text)
            currency = code[1].upper()
            left = left.replace(code[0], " ")
    if (letter := _LETTER.match(left.strip())) and currency in (None, _BEFORE[letter[2]]):
        currency, left = _BEFORE[letter[2]], letter[1] + left.strip()[letter.end() :]
    shared = bool(_SHARED.search(left))
    dollar = "$" in left and not shared
    left = _SHARED.sub(" ", left).replace("$", " ")
    named = folded(re.sub(r"[\d.,()\-+]", " ", left))
    if named in _NAMES:
        currency = currency or _NAMES[named]
        left = re.sub(rf"[^\d()\-+{_GROUP}]", " ", left)
    left = left.replace("( )", " ").replace("()", " ").strip()
    core, negative = _core(text, left)
    return Figure(core, negative, currency, dollar, shared)


def _core(text: str, left: str) -> tuple[str, bool]:
    """The digits with their separators, and the sign, of an amount whose currency was taken away."""
    if _SCIENTIFIC.fullmatch(left):
        raise Unreadable("V027", shown=text)
    if _BAND.search(left):
        raise Unreadable("V024", shown=text)
    if _MAGNITUDE.search(left):
        raise Unreadable("V004", shown=text)
    negative = False
    if (m := re.fullmatch(r"\((.*)\)", left)) and _CORE.search(m[1]):
        negative, left = True, m[1].strip()
    if re.search(r"(?<![A-Za-z])DR\.?$", left, re.IGNORECASE):
        negative = True
    left = re.sub(r"(?<![A-Za-z])(CR|DR)\.?$", "", left, flags=re.IGNORECASE).strip()
    left = re.sub(r"(?<=\d)[.,]\s*[-–—]{1,2}$", "", left)  # `500,-` is five hundred and no cents
    if left.startswith(_MINUS):
        negative, left = True, left[1:].strip()
    elif left.endswith(_MINUS):
        negative, left = True, left[:-1].strip()
    left = left.lstrip("+").strip()
    cores = _CORE.findall(left)
    if len(cores) > 1:
        raise Unreadable("V005", shown=text)
    if not cores or cores[0] != left.rstrip("."):
        if cores and re.fullmatch(rf"[\d{_GROUP}]+", left):
            return left.rstrip(".,"), negative
        raise Unreadable("V003", shown=text)
    return cores[0], negative


_FINE = f"[{_GROUP[0]}{_GROUP[3:]}]"  # separators that only ever group
# Thousands in threes; or the Indian way, twos before a last three.
_GROUPED = re.compile(r"\d+|\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})*,\d{3}")
_SPACED = re.compile(rf"\d{{1,3}}(?:([{_GROUP[0]}{_GROUP[3:]}])\d{{3}})(?:\1\d{{3}})*")


def _evidence(core: str) -> str | None:
    """The decimal mark that this number proves, '' when it holds no separator, None when it can be read two ways."""
    core = re.sub(_FINE, "", core)
    marks = [c for c in core if c in ".,"]
    if not marks:
        return ""
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else None
    mark = marks[0]
    other = "," if mark == "." else "."
    if len(marks) > 1:
        return other
    before, after = core.split(mark)
    if len(after) != 3 or len(before) > 3 or before.startswith("0") or not before:
        return mark
    return None


def decimal_mark(cores: Iterable[str], said: str = "") -> tuple[str | None, str]:
    """Decide the decimal mark of a column of typed numbers: (mark or None, why).

    One decisive cell is enough (`1,234.56`, `1.234.567`, `12,5`); when decisive cells contradict each other each
    cell stands for itself and the mark is None ("mixed"); without any, what the jurisdiction `said` counts.
    """
    proofs = {e for core in cores if (e := _evidence(core))}
    if len(proofs) == 1:
        return proofs.pop(), "cells"
    if len(proofs) == 2:
        return None, "mixed"
    return (said, "jurisdiction") if said else (None, "ambiguous")


def number(core: str, mark: str | None) -> Decimal:
    """Read a typed number. Unreadable: V002 when its separator can be read two ways and the column decides nothing,
    V003 when its groups are no thousands (`12,5,7`, `1.234.56`): a digit too many is off by a power of ten."""
    flat = re.sub(_FINE, "", core)
    own = _evidence(core)
    use = own or mark
    if own is None and mark is None:
        raise Unreadable(
            "V002", shown=core, one=flat.replace(",", "").replace(".", ""), other=re.sub("[,.]", ".", flat)
        )
    whole, _, part = flat.partition(use) if use else (flat, "", "")
    spaced, _, behind = core.partition(use) if use else (core, "", "")
    if (whole and not _GROUPED.fullmatch(whole)) or (part and not part.isdigit()):
        raise Unreadable("V003", shown=core)
    if re.search(_FINE, spaced.strip()) and not _SPACED.fullmatch(spaced.strip()):
        raise Unreadable("V003", shown=core)
    if re.search(_FINE, behind.strip()):
        raise Unreadable("V003", shown=core)
    if use:
        group = "," if use == "." else "."
        flat = flat.replace(group, "").replace(use, ".")
    try:
        return Decimal(flat)
    except InvalidOperation as problem:
        raise Unreadable("V003", shown=core) from problem


def native(text: str) -> Decimal:
    """Return a number cell's exact value: at most 15 significant digits, which is all that a spreadsheet keeps.

    `1917.6000000000001` is 1917.6 written by a machine; no office typed the last digit.
    """
    value = Decimal(text)
    if not value.is_finite():
        raise Unreadable("V003", shown=text)
    if len(value.as_tuple().digits) > 15:
        value = +value.quantize(Decimal(1).scaleb(value.adjusted() - 14))
    return value


_QUANTITY = re.compile(rf"^([\d{_GROUP}]+)\s*([A-Za-zÀ-ÿ][^\d]*(?:(?<=m)[23])?)?$")
_MANY = re.compile(
    r"(k|mil|miles|mille|thousands?|m|mn|bn|mio|millions?|millon(es)?|milhao|milhoes|billions?|milliards?|lakhs?|crores?)"
    r"(\s|$)"
)


def quantity(text: str) -> tuple[str, str]:
    """Split `60,143 kg` into its number as typed and its unit.

    Unreadable: V003 when there is no number or more than one (`box of 50` says no quantity), V004 for `2 million
    doses`. A metre keeps its blank: `500 m` are metres, `500m` may be millions.
    """
    told = clean(text)
    m = _QUANTITY.match(told)
    if not m or not re.search(r"\d", m[1]):
        raise Unreadable("V003", shown=text)
    unit = (m[2] or "").strip()
    metres = unit in ("m", "m.") and m[1].endswith(" ")
    if _MANY.match(folded(unit)) and not metres and (m[1].endswith(" ") or len(re.sub(r"\D", "", m[1])) <= 4):
        raise Unreadable("V004", shown=text)
    return m[1].strip(), unit


# --- dates ------------------------------------------------------------------------------------------------------

_MONTHS: dict[str, int] = {}
for _n, _names in enumerate(
    (
        "january jan enero ene janeiro janvier janv", "february feb febrero fevereiro fev fevrier fevr",
        "march mar marzo marco mars", "april apr abril abr avril avr", "may mayo maio mai",
        "june jun junio junho juin", "july jul julio julho juillet juil", "august aug agosto ago aout",
        "september sep sept septiembre setiembre setembro set septembre",
        "october oct octubre outubro out octobre", "november nov noviembre novembro novembre",
        "december dec diciembre dic dezembro dez decembre",
    ),
    1,
):  # fmt: skip
    _MONTHS |= dict.fromkeys(_names.split(), _n)

_TIME = (
    r"(?:[T ,]+\d{1,2}(?:[:h.]\d{2})?(?::\d{2}(?:[.,]\d+)?)?\s*(?:hs|hrs?|h|[ap]\.?\s?m\.?)?\.?"
    r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(rf"^(\d{{1,2}})[/.\-](\d{{1,2}})[/.\-](\d{{4}}|\d{{2}}){_TIME}$", re.IGNORECASE)
_YEAR_FIRST = re.compile(rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}$", re.IGNORECASE)
_ONE_DATE = re.compile(
    r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}|"
    r"\d{1,2}(?:st|nd|rd|th)?[ \-]+(?:de |of )?[^\W\d]{3,}\.?[ ,\-]+(?:de |del )?\d{2,4}|"
    r"[^\W\d]{3,}\.? \d{1,2},? \d{4}"
)
_PERIOD = re.compile(
    r"(fy|af|ef|ejercicio|exercice|exercicio|fiscal|financial year|ano fiscal).*\d{2}.*|"
    r"(q|t|trim|trimestre|quarter|semestre|s|h) ?[1-4i]+ .*\d{4}|"
    r"([1-4](st|nd|rd|th|er|o|do|eme|e)?|first|second|third|fourth|primer|segundo|tercer|cuarto|premier|deuxieme|"
    r"troisieme|quatrieme|primeiro|terceiro|quarto) (q|t|trimestre|quarter|semestre|semester|half|bimestre).*\d{4}|"
    r"\d{4} ?(q|t|trim|quarter) ?[1-4]"
)
_WEEKDAY = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun lunes martes miercoles "
    "jueves viernes sabado domingo segunda terca quarta quinta sexta feira lundi mardi mercredi jeudi vendredi samedi "
    "dimanche".split()
)


def _year(text: str) -> int:
    n = int(text)
    return n if len(text) > 2 else 2000 + n if n < 70 else 1900 + n


def date_order(texts: Iterable[str], said: str = "") -> tuple[str, str]:
    """Decide day-first or month-first for a column of typed dates: ("dmy"|"mdy"|"", why).

    A value that is possible in one order only decides; if values contradict each other the more frequent order
    stands and the others are errors; without any the jurisdiction's word counts, else "" (ask).
    """
    day_first = month_first = seen = 0
    for text in texts:
        m = _NUMERIC.match(clean(text))
        if m:
            seen += 1
            day_first += int(m[1]) > 12
            month_first += int(m[2]) > 12
    if day_first or month_first:
        return ("dmy" if day_first >= month_first else "mdy"), "cells"
    if said:
        return said, "jurisdiction"
    return ("", "ambiguous") if seen else ("dmy", "unused")


def is_numeric_date(text: str) -> bool:
    """Whether a text is a date of three numbers, such as 13/04/2020."""
    return bool(_NUMERIC.match(clean(text)))


def date_of(text: str, order: str = "") -> PartialDate | None:
    """Read a typed date with the precision that it has; None for a sentinel such as 0001-01-01.

    Unreadable: V011 not a date, V012 two ways to read it, V013 impossible (31 February, or against the column's order),
    V025 two dates, V026 a quarter or a fiscal year: it begins in different months in different places, so that neither
    its month nor even its year is certain, and none is invented.
    """
    text = clean(text)
    _refuse_periods(text)
    if m := _YEAR_FIRST.match(text):
        return _made(text, int(m[1]), int(m[2]), int(m[3]))
    if m := re.match(r"^((?:19|20)\d{2})(\d{2})(\d{2})$", text):
        if not (1 <= int(m[2]) <= 12 and 1 <= int(m[3]) <= 31):
            raise Unreadable("V011", shown=text)  # a number: 20805948 is no impossible day but an amount
        return _made(text, int(m[1]), int(m[2]), int(m[3]))
    if m := re.match(r"^(\d{4})[-/](\d{1,2})$", text):
        return _made(text, int(m[1]), int(m[2]))
    if m := re.match(r"^(\d{1,2})[-/.](\d{4})$", text):
        return _made(text, int(m[2]), int(m[1]))
    if m := re.match(r"^((?:19|20)\d{2})$", text):
        return _made(text, int(m[1]))
    if m := _NUMERIC.match(text):
        first, second, year = int(m[1]), int(m[2]), _year(m[3])
        if first > 12 and second > 12:
            raise Unreadable("V013", shown=text)
        if not order and first <= 12 and second <= 12 and first != second:
            raise Unreadable(
                "V012", shown=text, one=f"{year}-{second:02d}-{first:02d}", other=f"{year}-{first:02d}-{second:02d}"
            )
        day, month = (second, first) if order == "mdy" else (first, second)
        return _made(text, year, month, day)
    return _worded(text)


def _refuse_periods(text: str) -> None:
    m = re.fullmatch(r"(\d{4})\s?[-/–]\s?(\d{2}|\d{4})", text)
    if m and int(m[2]) % 100 == (int(m[1]) + 1) % 100 and int(m[2]) > 12:
        raise Unreadable("V026", shown=text)
    if _PERIOD.fullmatch(folded(text)):
        raise Unreadable("V026", shown=text)
    if len(_ONE_DATE.findall(text)) > 1:
        raise Unreadable("V025", shown=text)


def _worded(text: str) -> PartialDate:
    bare = re.sub(r"[T ,]+\d{1,2}[:h]\d{2}(:\d{2})?\s*(hs|hrs?|h|[ap]\.?\s?m\.?)?\.?$", "", text, flags=re.IGNORECASE)
    words = re.findall(
        r"[a-z]+|\d+", folded(re.sub(r"(?<=\d)(st|nd|rd|th|er|ere|eme|o|a|º|ª)\b", "", bare, flags=re.IGNORECASE))
    )
    words = [w for w in words if w not in {"de", "del", "of", "the", "le", "du", "do", "da"} and w not in _WEEKDAY]
    months = [(i, _MONTHS[w]) for i, w in enumerate(words) if w in _MONTHS]
    numbers = [w for w in words if w.isdigit()]
    strangers = [w for w in words if not w.isdigit() and w not in _MONTHS]
    if len(months) != 1 or strangers or not 1 <= len(numbers) <= 2:
        raise Unreadable("V011", shown=text)
    month = months[0][1]
    if len(numbers) == 1:
        if len(numbers[0]) != 4:
            raise Unreadable("V011", shown=text)  # "March 14" has no year, and we do not invent one
        return _made(text, int(numbers[0]), month)
    day, year = (numbers[1], numbers[0]) if len(numbers[0]) == 4 else (numbers[0], numbers[1])
    return _made(text, _year(year), month, int(day))


def _made(text: str, year: int, month: int | None = None, day: int | None = None) -> PartialDate:
    try:
        return PartialDate(year, month, day)
    except ValueError as problem:
        raise Unreadable("V013", shown=text) from problem


def is_sentinel(value: PartialDate) -> bool:
    """Whether a machine wrote it for "none": year 1, or the first day of an epoch."""
    return value.year < 1901 or str(value) in {"1970-01-01", "9999-12-31"}


# --- codes, places, addresses -----------------------------------------------------------------------------------


def code_of(text: str, codelist: str) -> str:
    """Return the code that an officer's word means. Unreadable (V021) when no word of the list fits."""
    word = folded(text)
    for code in codes(codelist):
        if word in code.words:
            return code.code
    # The word may stand in a longer phrase: "Single Sourced (emergency)"; the longest known phrase decides.
    found = [(len(w), c.code) for c in codes(codelist) for w in c.words if len(w) > 3 and f" {w} " in f" {word} "]
    if found:
        return max(found)[1]
    raise Unreadable("V021", shown=text, allowed=", ".join(c.label["en"] for c in codes(codelist)))


@dataclass(frozen=True, slots=True)
class Places:
    """The areas of a jurisdiction by every name that means exactly one of them."""

    by_name: dict[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()  # the areas' own names and codes, without aliases
    whole: frozenset[str] = frozenset()  # names of the jurisdiction: they say no part of it

    @classmethod
    def of(cls, jurisdiction: Jurisdiction | None) -> Places:
        found: dict[str, set[str]] = {}
        whole = {folded(n) for n in jurisdiction.names.values()} if jurisdiction else set()
        own: set[str] = set()

        def add(name: str, area: Area) -> None:
            found.setdefault(folded(name), set()).add(area.code)

        for area in jurisdiction.areas if jurisdiction else ():
            add(area.code, area)
            own |= {folded(area.code), *map(folded, area.names.values())}
            for name in (*area.names.values(), *area.aliases):
                # "Belize" is the country, a district and a city: a bare name of the whole names no part of it.
                if folded(name) not in whole:
                    add(name, area)
                for form in ("{} District", "District of {}", "Distrito de {}", "{} district", "Departamento de {}"):
                    add(form.format(name), area)
                    own.add(folded(form.format(name)))
        by_name = {name: codes.pop() for name, codes in found.items() if len(codes) == 1}
        return cls(by_name, frozenset(own), frozenset(whole))

    def find(self, text: str) -> str | None:
        """Return the area's code, or None: the place is then kept as text, without a code.

        `HN1601 Santa Bárbara` is found by its code. Several places in one cell are one area only when all that are
        known lie in it: `Stann Creek/Dangriga`, but not `Cayo, Toledo`.
        """
        told = clean(text)
        if (found := self.by_name.get(folded(told))) is not None:
            return found
        first, _, rest = told.partition(" ")
        if rest and re.search(r"\d", first) and (found := self.by_name.get(folded(first))) is not None:
            return found
        parts = [folded(p) for p in re.split(r"[/,;|]| - |\n", told) if folded(p)]
        parts = [p for p in parts if p not in self.whole]
        found_in = {self.by_name.get(p) for p in parts}
        return found_in.pop() if len(parts) > 0 and len(found_in) == 1 and self.by_name else None

    def is_own_name(self, text: str) -> bool:
        """Whether the text says no more than the area's name: then nothing is lost when only the code is kept."""
        return folded(clean(text)) in self.own


def url_of(text: str) -> str:
    """Return an address that a page may link to. Unreadable (V022) when it is not http or https."""
    text = clean(text)
    if re.match(r"^[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?$", text, re.IGNORECASE):
        text = f"https://{text}"
    if not re.match(r"^https?://[^\s/$.?#][^\s]*$", text, re.IGNORECASE):
        raise Unreadable("V022", shown=text)
    return text.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace('"', "%22")


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}\b")
_CPF = re.compile(r"^\d{3}\.\d{3}\.\d{3}-\d{2}$")


def has_email(text: str) -> bool:
    return bool(_EMAIL.search(text))


def is_personal_number(text: str) -> bool:
    """Whether an identifier has the form of a private person's tax number (Brazilian CPF)."""
    return bool(_CPF.match(clean(text)))


_PRIVATE = re.compile(
    r"\b(pessoas? fisicas?|personas? (naturales|natural|fisicas?|particulares)|private (individuals?|persons?|donors?)|"
    r"individuals?|particulars?|particulares|anonymous|anonimos?|anonimo)\b"
)


def says_private_person(text: str) -> bool:
    """Whether a donor's name says that it stands for private persons."""
    return bool(_PRIVATE.search(folded(text)))

"""What single columns say: headings and values against the fields of one kind, each decision with its reason.

In: headings (`layout`), the cells under them, a kind of the catalogue. Out: a `Choice` per column: a field, a proposal
to confirm, or a question with the nearest fields. Pure. Words alone deceive (`Unit cost` is not the amount), so values
can veto what a heading suggests. Read `choices` first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from importers import layout, parsing
from importers.layout import Heading
from importers.parsing import Unreadable
from ledger import catalogue
from ledger.catalogue import Field, Kind, folded

SAMPLE = 200  # values that a column's profile looks at
TAKEN = 0.80  # from here on a likeness is taken; held-out layouts gave 0 wrong there
PROPOSED = 0.65  # from here on it is proposed, and an officer confirms it
MARGIN = 0.05
NEAREST = 3  # candidates shown with a question
KIN = 0.9  # the likeness to a heading of the same thing in another kind of table


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a decision: a code of `ledger/words/columns.toml` and what fills its words."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    def said(self, language: str = "en") -> str:
        return words()["why"][self.code][language].format_map(self.params)

    def __str__(self) -> str:
        return self.said()


@cache
def words() -> dict[str, dict[str, dict[str, str]]]:
    """The texts of `ledger/words/columns.toml`."""
    return tomllib.loads((files("ledger") / "words" / "columns.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Choice:
    """What one column was taken for. `decided_by`: synonym, score, mapping or none.

    `field` is None when nothing was taken; then `proposed` may hold a field that waits for a word of the officer, and
    `candidates` the nearest ones.
    """

    column: int
    header: str
    field: str | None
    confidence: float
    decided_by: str
    why: Why
    proposed: str | None = None
    candidates: tuple[str, ...] = ()


_Scored = tuple[float, int, Field, Why]


# --- what a column holds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of a column's filled cells that look like something."""

    filled: int = 0
    numbers: float = 0.0
    digits: float = 0.0  # cells with a figure somewhere
    quantities: float = 0.0  # numbers, and numbers with a unit behind them
    dates: float = 0.0
    currencies: float = 0.0
    urls: float = 0.0
    money: float = 0.0  # numbers that carry a currency, in the cell or in its format
    sequence: bool = False
    short: float = 0.0
    coded: float = 0.0  # one short word with a figure in it, such as 21C0
    codes: Mapping[str, float] = field(default_factory=dict)


_CODED = re.compile(r"(?=[A-Z0-9./-]*\d)[A-Z0-9./-]{2,14}")


@cache
def _code_words(codelist: str) -> frozenset[str]:
    return frozenset(w for code in catalogue.codes(codelist) for w in code.words)


def profile(cells: Sequence[Any], codelists: frozenset[str] = frozenset()) -> Profile:
    """Look at up to `SAMPLE` filled cells of a column."""
    found = [c for c in cells if c and not parsing.is_missing(c[1])][:SAMPLE]
    if not found:
        return Profile()
    n = len(found)
    texts = [parsing.clean(c[1]) for c in found]
    flat = [folded(t) for t in texts]
    whole = [int(t) for t in texts if t.isdecimal()]
    return Profile(
        n,
        sum(_is_number(c) for c in found) / n,
        sum(bool(re.search(r"\d", t)) for t in texts) / n,
        sum(_is_quantity(c) for c in found) / n,
        sum(_is_date(c) for c in found) / n,
        sum(parsing.currency_code(t) is not None for t in texts) / n,
        sum(t.lower().startswith(("http", "www.")) for t in texts) / n,
        sum(_is_money(c) for c in found) / n,
        # Words among the numbers are the TOTAL and the signatures at the foot.
        len(whole) > 1 and len(whole) >= 0.6 * n and all(b - a == 1 for a, b in pairwise(whole)),
        sum(len(t) <= 40 for t in texts) / n,
        sum(bool(_CODED.fullmatch(t)) for t in texts) / n,
        {name: sum(t in _code_words(name) for t in flat) / n for name in codelists},
    )


def _is_number(cell: Any) -> bool:
    if cell[0] == "n":
        return True
    if cell[0] != "s" or not re.search(r"\d", cell[1]):
        return False
    try:
        parsing.figure(cell[1].rstrip("% "))
    except Unreadable as problem:
        # An amount all the same, though one that we refuse; not every name or sentence with a number in it.
        if problem.code == "V004":
            return bool(_ROUGHLY.fullmatch(parsing.clean(cell[1])))
        if problem.code in ("V023", "V024", "V027"):  # a formula as text, a range, a rounded number
            return True
        return problem.code == "V005" and sum(map(str.isalpha, cell[1])) <= 12 and not _is_date(cell)
    return True


# "2 million", "USD 1.5m": amounts in words. "3M ENTERPRISE" and "5K run banners" are not.
_ROUGHLY = re.compile(
    r"(?i)[a-z]{0,3}[$£€¢ ]{0,2}\d[\d.,]* ?(k|m|mn|mm|bn|thousand|millions?|billions?|mil|miles|mill(on|ones|ón)|"
    r"milh(ao|ão|oes|ões))\.?( ?(of |de )?[a-z$]{0,12})?"
)


def _is_quantity(cell: Any) -> bool:
    if cell[0] == "n":
        return True
    try:
        parsing.quantity(cell[1])
    except Unreadable:
        return False
    return True


def _is_money(cell: Any) -> bool:
    if cell[0] == "n":
        return len(cell) > 2 and bool(re.search(r"[$€£₡₵]|\[\$", cell[2]))
    try:
        told = parsing.figure(cell[1])
    except Unreadable:
        return False
    return told.dollar or told.currency is not None


def _is_date(cell: Any) -> bool:
    if cell[0] == "d":
        return True
    if cell[0] == "n":
        return False
    try:
        parsing.date_of(cell[1], "dmy")
    except Unreadable as problem:
        return problem.code in ("V012", "V013")
    return True


def vetoed(f: Field, told: Profile, *, known: bool = False) -> str:
    """Why the values of a column cannot be this field, a code; "" when they can. An empty column can be anything.

    `known`: the heading is, word for word, the field's. Then amounts that nobody can read ("approx. 500") are amounts
    all the same: their rows wait, they are not published without them.
    """
    if told.filled == 0 or f.sensitivity == "personal":
        return ""
    if f.type == "row":
        return "" if told.sequence else "sequence"
    if f.type in ("money", "quantity", "number", "percent"):
        if told.dates > 0.5 and told.numbers <= told.dates:
            return "dates"
        if known and told.digits >= 0.5:
            return ""
        return "" if max(told.numbers, told.quantities * (f.type == "quantity")) >= 0.5 else "few_numbers"
    if f.type == "date":
        return "" if told.dates >= 0.5 else "few_dates"
    if f.type == "currency":
        return "" if told.currencies >= 0.5 else "few_currencies"
    if f.type == "url":
        return "" if told.urls >= 0.5 else "few_addresses"
    if f.type == "code":
        return "" if told.codes.get(f.codelist, 0) >= 0.3 or told.short > 0.9 else "long_texts"
    if f.type in ("text", "place") and told.numbers > 0.8 and not f.name.endswith("id"):
        return "numbers"
    if f.type in ("text", "place") and told.dates > 0.8:
        return "dates"
    if f.type == "text" and f.name.endswith(("title", "name")) and told.coded > 0.8 and told.filled > 2:
        return "codes"
    return ""


# --- headings to fields -----------------------------------------------------------------------------------------

_ABBREVIATIONS = {
    "no": "number", "nr": "number", "num": "number", "nro": "numero", "n": "numero", "amt": "amount", "qty": "quantity",
    "desc": "description", "descr": "description", "org": "organization",
    "organisation": "organization", "min": "ministry",
    "ref": "reference", "val": "value", "cant": "cantidad", "qtd": "quantidade", "fec": "fecha", "dt": "date",
    "program": "programme", "classificao": "classificacao",
}  # fmt: skip
# A heading with one of these words is another thing than the same heading without it.
_TELLING = frozenset(
    "unit unitario unitaria unitaire payment paid end start invoice budget total estimated award contract tender "
    "quantity date fecha data email phone address currency percent share id number code type status name revised "
    "modified amended original revisado modificado signature signed firma assinatura reporting reported "
    "direction sentido codigo numero cnpj cpf nif nit ruc rtn rfc rut cuit tin".split()
)


@lru_cache(maxsize=20_000)
def _spelled(text: str) -> tuple[str, ...]:
    return tuple(_ABBREVIATIONS.get(w, w) for w in folded(text).split())


# Without one of these a heading names a thing and not its number.
_NUMBERED = frozenset(
    "id ids identifier identificador number numero code codigo reference referencia ref no nr cnpj cpf nif nipc nit "
    "ruc rtn rfc rut cuit tin siret siren registration registro matricule immatriculation expediente folio dossier "
    "grn po lpo unspsc hs ncm key clave chave cle isin lei vat".split()
)
_Spelled = tuple[str, ...]


@cache
def _known_words() -> tuple[tuple[_Spelled, ...], tuple[str, ...], tuple[str, ...]]:
    """Every known heading of every kind once: spelled, as text, and with its words in alphabetical order."""
    kinds = (catalogue.kind(k) for k in catalogue.kinds())
    spelled = sorted({_spelled(w) for kind in kinds for f in kind.fields for w in f.words if len(w) > 3})
    return tuple(spelled), tuple(" ".join(w) for w in spelled), tuple(" ".join(sorted(w)) for w in spelled)


@lru_cache(maxsize=10_000)
def _near(mine: _Spelled) -> Mapping[_Spelled, float]:
    """The known headings that are like this one, with how much: all are scored in one go, for all kinds."""
    spelled, texts, ordered = _known_words()
    told = " ".join(mine)
    by_set = process.cdist([told], texts, scorer=fuzz.token_set_ratio)[0]
    by_order = process.cdist([" ".join(sorted(mine))], ordered, scorer=fuzz.ratio)[0]
    score = (by_set + by_order) / 200
    out = {}
    words = set(mine)
    for i in np.nonzero(score >= PROPOSED - 0.05)[0]:
        theirs = spelled[i]
        shared = words & set(theirs)
        # Short words are alike by chance: "Visa" is no "Divisa".
        if not shared and min(len(told), len(texts[i])) < 7:
            continue
        # One word of three or more is little: "Nombre" is in the name of everything.
        little = len(theirs) == 1 and len(words) >= 3
        out[theirs] = score[i].item() - 0.25 * bool((words ^ set(theirs)) & _TELLING) - 0.1 * little
    return out


@lru_cache(maxsize=2_000)
def _spellings(words: frozenset[str]) -> tuple[frozenset[_Spelled], frozenset[_Spelled]]:
    """A field's headings spelled out, and the same with their words in alphabetical order."""
    told = frozenset(_spelled(w) for w in words)
    return told, frozenset(tuple(sorted(w)) for w in told)


def _unbracketed(heading: str) -> str:
    """The heading without what stands in brackets, unless that makes it another thing: `Received by (signature)`."""
    inside = " ".join(re.findall(r"\(([^)]*)\)", heading))
    return heading if set(_spelled(inside)) & _TELLING else re.sub(r"\([^)]*\)", " ", heading)


def likeness(heading: str, f: Field) -> float:
    """How alike a heading and the field's known headings are, 0 to 1; 1 only for a known heading."""
    heading = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)
    told = folded(_unbracketed(heading)) or folded(heading)
    if folded(heading) in f.words or told in f.words:
        return 1.0
    mine = _spelled(heading)
    theirs, ordered = _spellings(f.words)
    if tuple(sorted(mine)) in ordered or tuple(sorted(_spelled(told))) in ordered:
        return 0.97
    if f.name not in _BY_KIND and (folded(heading) in _words_of(f.name) or told in _words_of(f.name)):
        return 0.96  # the same field is called so in another kind of table
    if any(folded(heading) in _words_of(kin) or told in _words_of(kin) for kin in _KIN.get(f.name, ())):
        return KIN
    best = max((score for known, score in _near(mine).items() if known in theirs), default=0.0)
    if f.type == "identifier" and not set(mine) & _NUMBERED:
        best = min(best, 0.6)  # "Entidade adjudicante" is like "NIPC da entidade adjudicante", but no number of it
    return min(best, 0.95)


@lru_cache(maxsize=20_000)
def _is_known(heading: str) -> bool:
    """Whether a heading is, word for word, that of a field of any kind."""
    return folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)) in layout.all_words()


# What these are about differs from kind to kind: the date of a gift is not the date of an agreement.
_BY_KIND = frozenset({"date", "amount"})
# What one kind of table calls the supplier is the payee in another. Used where a kind has not both.
_KIN: Mapping[str, tuple[str, ...]] = {
    "supplier.name": ("payee.name",),
    "supplier.id": ("payee.id",),
    "payee.name": ("supplier.name",),
    "payee.id": ("supplier.id",),
    "buyer.name": ("payer.name", "agency.name"),
    "payer.name": ("buyer.name", "agency.name"),
    "agency.name": ("buyer.name",),
    "source.name": ("donor.name",),
    "date": ("disbursement.date",),
    "amount": ("commitment.amount", "tender.amount"),
}


@cache
def _words_of(name: str) -> frozenset[str]:
    kinds = (catalogue.kind(k) for k in catalogue.kinds())
    return frozenset(w for kind in kinds for f in kind.fields if f.name == name for w in f.words)


def is_heading_of(name: str, heading: str) -> bool:
    """Whether a heading is, word for word, one of a field, whatever the kind."""
    return folded(heading) in _words_of(name)


_CURRENCY_WORDS = frozenset("currency currencies moneda moeda monnaie devise divisa code codigo iso".split())
# A second column of the same amount: in another currency, or with and without taxes and fees.
_QUALIFIERS = frozenset(
    "local original usd us eur gbp dollar dollars dolares equivalent equiv equivalente converted convertido foreign "
    "national nacional lc lcu net neto liquido gross bruto brut tax taxes vat iva gst impuesto impuestos".split()
)


def _stem(heading: str) -> frozenset[str]:
    """What a currency column is the currency of: the words of its heading without `currency`."""
    return frozenset(_spelled(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading))) - _CURRENCY_WORDS


def _of_currency(heading: str, f: Field, kind: Kind) -> float:
    """How alike a heading is to the currency of one amount: `Paid amt local currency` to `disbursement.currency`."""
    own = likeness(heading, f)
    stem = " ".join(w for w in _spelled(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)) if w not in _CURRENCY_WORDS)
    if not stem or not any(w in _CURRENCY_WORDS for w in _spelled(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading))):
        return min(own, 0.6) if own < 1.0 and f.name != "currency" else own
    of_each = {g.name: likeness(stem, g) for g in kind.fields if g.type == "money"}
    if not of_each:
        return own
    nearest = max(of_each, key=lambda n: of_each[n])
    if f.name == "currency":  # another amount's currency is not the currency of the sheet
        return own if own == 1.0 or nearest == "amount" or of_each[nearest] < PROPOSED else min(own, 0.6)
    mine = f"{f.name.rpartition('.')[0]}.amount"
    return max(own, 0.97 * of_each.get(mine, 0.0)) if nearest == mine else own


def _alike(heading: Heading, f: Field, kind: Kind) -> tuple[float, str]:
    """(likeness, why) of a heading with all its readings; a tag of ours is as good as a known heading."""
    best = _of_currency(heading.shown, f, kind) if f.type == "currency" else likeness(heading.shown, f)
    for reading in heading.also:
        best = max(best, 0.9 * likeness(reading, f))
    if heading.tag and best < 1.0 and heading.tag in f.tags:
        return 0.99, "tag"
    return best, "known" if best == 1.0 else "like"


def choices(
    headings: Sequence[Heading | str],
    profiles: Sequence[Profile],
    kind: Kind,
    *,
    first: int = 0,
    told: Mapping[str, str] | None = None,
) -> tuple[Choice, ...]:
    """Match columns to fields one to one, best first; a column whose best two fields are too close stays open.

    `told`: folded heading -> field ("" to leave out), an officer's word, which is taken as it is. `first`: the
    column of the first heading.
    """
    heads = [Heading(h) if isinstance(h, str) else h for h in headings]
    answers = told or {}
    taken: dict[int, Choice] = {}
    used: set[str] = set()
    known_fields = {f.name for f in kind.fields}
    for i, head in enumerate(heads):
        answer = answers.get(folded(head.shown)) if head.shown else None
        if answer is None or (answer and (answer not in known_fields or answer in used)):
            continue
        used |= {answer} - {""}
        why = Why("remembered" if answer else "left_out")
        taken[i] = Choice(first + i, head.shown, answer or None, 1.0 if answer else 0.0, "mapping", why)
    scores, refusals = _scores(heads, profiles, kind, skip=taken.keys())
    for score, i, f, why in scores:
        if i in taken or f.name in used:
            continue
        # Also a field that another column has: the second `Pledge amount` is not some other amount for that.
        rival = max((s for s, j, g, _ in scores if j == i and g.name != f.name), default=0.0)
        if why.code == "like" and (score < TAKEN or score - rival < MARGIN):
            continue
        used.add(f.name)
        by = "score" if why.code == "like" else "synonym"
        taken[i] = Choice(first + i, heads[i].shown, f.name, round(min(score, 1.0), 2), by, why)
    for i, names in _twins(heads, profiles, scores, taken).items():
        taken[i] = Choice(
            first + i, heads[i].shown, None, 0.0, "none", Why("twins", names), None, (taken[i].field or "",)
        )
    for i in _of_another_amount(heads, profiles, taken):
        taken[i] = Choice(first + i, heads[i].shown, None, 0.0, "none", Why("none"), None, ("currency",))
    out = []
    for i, head in enumerate(heads):
        if i in taken:
            out.append(taken[i])
            continue
        near = [(s, f) for s, j, f, _ in scores if j == i and f.name not in used]
        out.append(_open(first + i, head.shown, near, refusals.get(i)))
    return tuple(out)


def _of_another_amount(heads: Sequence[Heading], profiles: Sequence[Profile], taken: Mapping[int, Choice]) -> list[int]:
    """Currency columns that belong to an amount that was not taken: `Original currency` to `Original amount`."""
    out = []
    for i, choice in taken.items():
        mine = _stem(heads[i].shown) & _QUALIFIERS
        if choice.field != "currency" or not mine or choice.decided_by == "mapping":
            continue
        theirs = [
            j in taken and taken[j].field is not None
            for j, told in enumerate(profiles)
            if j != i and told.numbers > 0.5 and mine <= _stem(heads[j].shown)
        ]
        if theirs and not any(theirs):
            out.append(i)
    return out


def _twins(
    heads: Sequence[Heading], profiles: Sequence[Profile], scores: Sequence[_Scored], taken: Mapping[int, Choice]
) -> dict[int, dict[str, str]]:
    """Amounts of which there are two: `Paid` beside `Paid local`, `Net` beside `Total`. Which one counts is asked.

    Not when the heading says its currency, when a currency column belongs to it, or when an officer said.
    """
    out = {}
    for i, choice in taken.items():
        best = next((s for s, j, f, _ in scores if j == i and f.name == choice.field and f.type == "money"), None)
        if best is None or best > 1.1 or choice.decided_by == "mapping":
            continue
        mine = _stem(heads[i].shown)
        if "(" in heads[i].shown and parsing.currency_code(re.sub(r".*\(|\).*", "", heads[i].shown)):
            continue
        for score, j, f, _ in scores:
            if j == i or f.name != choice.field or j in taken or profiles[j].numbers < 0.5 or not profiles[j].filled:
                continue
            other = _stem(heads[j].shown)
            differ = mine ^ other
            close = score >= 0.97 and best >= 0.97 and mine != other
            if close or (differ and differ <= _QUALIFIERS | {"total"}):
                out[i] = {"one": heads[i].shown, "other": heads[j].shown}
                break
    return out


def _scores(
    heads: Sequence[Heading], profiles: Sequence[Profile], kind: Kind, skip: Any
) -> tuple[list[_Scored], dict[int, Why]]:
    names = {f.name for f in kind.fields}
    scores: list[_Scored] = []
    refusals: dict[int, tuple[float, Why]] = {}
    stems = {_stem(h.shown) for h, told in zip(heads, profiles, strict=True) if told.currencies > 0.5} - {frozenset()}
    for i, head in enumerate(heads):
        if (not head.shown and not head.tag) or i in skip:
            continue
        for f in kind.fields:
            score, how = _alike(head, f, kind)
            if score == KIN and any(k in names for k in _KIN.get(f.name, ())):
                continue
            if how == "like" and score < KIN and _is_known(head.shown):
                continue  # "Supplier" is a heading of its own, and not a misspelt "Supplies"
            if score < PROPOSED:
                continue
            labels = {"label": f.label["en"], "etiqueta": f.label["es"], "tag": head.tag}
            if against := vetoed(f, profiles[i], known=score >= 0.97):
                why = Why("veto", {**labels, **words()["veto"][against]})
                if score > refusals.get(i, (0.0, why))[0]:
                    refusals[i] = (score, why)
                continue
            if f.type == "money" and _stem(head.shown) in stems:
                score += 0.2  # its currency has a column of its own: `Paid local` beside `Paid local currency`
            if f.type == "code" and profiles[i].codes.get(f.codelist, 0.0) >= 0.8:
                score = max(score, 0.85)  # every cell is a word of this very list
            # Of two equal headings the one whose values fit the type better is meant.
            scores.append((score + 0.01 * _fit(f, profiles[i]), i, f, Why(how, labels)))
    scores.sort(key=lambda s: (-s[0], s[1]))
    return scores, {i: why for i, (_, why) in refusals.items()}


def _open(column: int, shown: str, near: Sequence[tuple[float, Field]], veto: Why | None) -> Choice:
    """A column that was not taken: proposed when one field is nearest, else asked with the nearest."""
    fields = list({f.name: f for _, f in near}.values())[:NEAREST]
    names = tuple(f.name for f in fields)
    if fields and (len(near) == 1 or near[0][0] - near[1][0] >= MARGIN):
        f = fields[0]
        why = Why("maybe", {"label": f.label["en"], "etiqueta": f.label["es"]})
        return Choice(column, shown, None, round(min(near[0][0], 1.0), 2), "none", why, f.name, names)
    if fields:
        labels = {
            "labels": ", ".join(f"“{f.label['en']}”" for f in fields),
            "etiquetas": ", ".join(f"«{f.label['es']}»" for f in fields),
        }
        return Choice(column, shown, None, 0.0, "none", Why("several", labels), None, names)
    return Choice(column, shown, None, 0.0, "none", veto or Why("none" if shown else "blank"))


def _fit(f: Field, told: Profile) -> float:
    return {"money": told.numbers, "quantity": told.numbers, "date": told.dates, "currency": told.currencies}.get(
        f.type, 0.5
    )

"""How text is cut into words for the index, and how a reader's question becomes a query of it.

In: text as typed. Out: tantivy's schema, analyzers and queries; the mended question where a word is mistyped. English
and Spanish stems stand side by side in every text, because publishers and readers write in both; accents never
count. Words may stand in any order and all of them must be found; words in quotes stand together; the last word may be
unfinished; amounts are found as `120000` and as `120,000`; a number of a publisher's own, however typed, comes first.
Not here: filters and sums (`columns`). Read `Asked` first, then `query_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import tantivy
from rapidfuzz import process as fuzzy
from rapidfuzz.distance import OSA
from tantivy import Filter, Query, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from ledger.projections import number_key

LETTERS_MAX = 60  # of one word: what is longer is no word
CHUNKS_MAX = 12  # words of one question that are looked for
MENDED_FROM = 4  # letters: a shorter word has too many neighbours
STEMS = {"en": "english", "es": "spanish"}

_AMOUNT = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[,.'\u00a0\u2009\u202f]\d{3})+(?:[.,]\d{1,2})?(?![\w])|(?<![\w.,])\d+[.,]\d{1,2}(?!\w)"
)
_PIECES = re.compile(r'"([^"]*)"?|(\S+)')


def _plain() -> TextAnalyzerBuilder:
    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(LETTERS_MAX))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
    )


@cache
def analyzers() -> Mapping[str, TextAnalyzer]:
    """Return the ways of cutting text. Accents go before stemming: readers leave them out."""
    stems = {code: _plain().filter(Filter.stemmer(language)).build() for code, language in STEMS.items()}
    content = _plain()
    for language in STEMS.values():
        content = content.filter(Filter.stopword(language))
    return {"plain": _plain().build(), "content": content.build(), **stems}


@cache
def schema() -> tantivy.Schema:
    """One document a process, or a thing that has a page. `n` is its number, `ids` and `amounts` are found whole."""
    s = tantivy.SchemaBuilder()
    s.add_integer_field("n", fast=True)
    s.add_text_field("title", tokenizer_name="plain", index_option="freq")
    s.add_text_field("text", tokenizer_name="plain", index_option="position")
    for code in STEMS:
        s.add_text_field(code, tokenizer_name=code, index_option="freq")
    for whole in ("ids", "amounts"):
        s.add_text_field(whole, tokenizer_name="raw", index_option="basic")
    return s.build()


def with_analyzers(index: tantivy.Index) -> tantivy.Index:
    for name, analyzer in analyzers().items():
        index.register_tokenizer(name, analyzer)
    return index


def document(n: int, title: str, text: Iterable[str], ids: Iterable[str], amounts: Iterable[str]) -> tantivy.Document:
    """Return what is indexed of one thing. `text` are its sentences and names, each once."""
    told = tantivy.Document()
    told.add_integer("n", n)
    told.add_text("title", title)
    for sentence in dict.fromkeys((title, *text)):
        if sentence:
            for field in ("text", *STEMS):
                told.add_text(field, sentence)
    for id in dict.fromkeys(ids):
        told.add_text("ids", id)
    for amount in dict.fromkeys(amounts):
        told.add_text("amounts", amount)
    return told


def amount_text(value: Decimal) -> str:
    """Return the one text that an amount is found by: `120000`, `27058.5`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _readings(typed: str) -> Iterator[str]:
    """What a typed number can mean: `1.234` is 1234 to some and 1.234 to others."""
    digits = re.sub(r"[^\d.,]", "", typed)
    for mark in (".", ","):
        other = "," if mark == "." else "."
        whole, _, part = digits.rpartition(mark) if mark in digits else (digits, "", "")
        if len(part) in (1, 2) and part.isdecimal():
            text = whole.replace(mark, "").replace(other, "") + "." + part
        elif digits.count(mark) <= 1 or mark == ",":
            text = digits.replace(mark, "").replace(other, "")
        else:
            continue
        if re.fullmatch(r"\d+(\.\d+)?", text):
            yield amount_text(Decimal(text))


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a question: a word, a phrase in quotes, or a number, as typed and as words."""

    typed: str
    words: tuple[str, ...]
    phrase: bool
    unfinished: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question cut into its parts. `key` is the whole of it as a number of a publisher's own."""

    pieces: tuple[Piece, ...]
    key: str


def cut(q: str) -> Asked:
    """Cut a question into its parts. The last word is unfinished when nothing, not even a blank, follows it."""
    pieces: list[Piece] = []
    found = list(_PIECES.finditer(q))
    for match in found[:CHUNKS_MAX]:
        typed = match[1] if match[1] is not None else match[2]
        words = tuple(analyzers()["plain"].analyze(typed))
        if words:
            last = match is found[-1] and match.end() == len(q) and match[1] is None
            pieces.append(Piece(typed, words, match[1] is not None, last))
    return Asked(tuple(pieces), number_key(q))


def query_of(asked: Asked) -> Query | None:
    """Return what is looked for; None when the question has no word at all.

    All pieces must be found, but for the little words (`of`, `de`) beside others. Exact numbers weigh most, then the
    title, then words as typed, then their stems.
    """
    if not asked.pieces:
        return None
    content = [p for p in asked.pieces if p.phrase or analyzers()["content"].analyze(" ".join(p.words))]
    must = content or list(asked.pieces)
    told: list[tuple[tantivy.Occur, Query]] = [
        (tantivy.Occur.Must if p in must else tantivy.Occur.Should, _found(p)) for p in asked.pieces
    ]
    words = Query.boolean_query(told)
    if not asked.key:
        return words
    exact = Query.const_score_query(Query.term_query(schema(), "ids", asked.key), 1000.0)
    return Query.boolean_query([(tantivy.Occur.Should, words), (tantivy.Occur.Should, exact)])


def _found(piece: Piece) -> Query:
    told = [_together(piece.words) if piece.phrase else _all(piece)]
    if any(c.isdigit() for c in piece.typed) and not piece.phrase:
        told.append(Query.const_score_query(Query.term_query(schema(), "ids", number_key(piece.typed)), 50.0))
        amounts = (
            list(dict.fromkeys(_readings(piece.typed)))
            if re.search(r"^\W*[A-Za-z]{0,3}\W*[\d.,]+$", piece.typed)
            else []
        )
        told += [Query.const_score_query(Query.term_query(schema(), "amounts", a), 10.0) for a in amounts]
    return Query.disjunction_max_query(told) if len(told) > 1 else told[0]


def _together(words: tuple[str, ...]) -> Query:
    if len(words) == 1:
        return Query.term_query(schema(), "text", words[0])
    return Query.phrase_query(schema(), "text", list(words))


def _all(piece: Piece) -> Query:
    last = len(piece.words) - 1
    several = [_word(word, piece.unfinished and n == last) for n, word in enumerate(piece.words)]
    return several[0] if len(several) == 1 else Query.boolean_query([(tantivy.Occur.Must, q) for q in several])


def _word(word: str, unfinished: bool) -> Query:
    told = [
        Query.boost_query(Query.term_query(schema(), "title", word), 3.0),
        Query.boost_query(Query.term_query(schema(), "text", word), 2.0),
    ]
    for code in STEMS:
        told += [Query.term_query(schema(), code, stem) for stem in analyzers()[code].analyze(word)]
    if unfinished and len(word) > 1:
        told.append(Query.boost_query(Query.regex_query(schema(), "text", f"{word}.+"), 0.5))
    return Query.disjunction_max_query(told, 0.1)


def mended(q: str, vocabulary: Mapping[str, int], searcher: tantivy.Searcher) -> str:
    """Return the question with each word that is hardly ever used replaced by its neighbour one letter away.

    Empty when nothing is to be mended. A word counts as mistyped when no record has it or its stem, or when at most
    two do and a neighbour is ten times as common. Of several neighbours the commonest is taken.
    """
    out, changed = q, False
    for piece in cut(q).pieces:
        if piece.phrase or any(c.isdigit() for c in piece.typed):
            continue
        for word in piece.words:
            if len(word) < MENDED_FROM or not analyzers()["content"].analyze(word):
                continue
            better = _neighbour(word, piece.unfinished, vocabulary, searcher)
            if better:
                out, changed = _replaced(out, word, better), True
    return out if changed else ""


def _neighbour(word: str, unfinished: bool, vocabulary: Mapping[str, int], searcher: tantivy.Searcher) -> str:
    used = max(
        [searcher.doc_freq("text", word)]
        + [searcher.doc_freq(c, s) for c in STEMS for s in analyzers()[c].analyze(word)]
    )
    if used > 2 or (unfinished and not used and any(w.startswith(word) for w in vocabulary)):
        return ""
    near = fuzzy.extract(word, vocabulary.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)
    best = max(((vocabulary[w], w) for w, _, _ in near if w != word), default=(0, ""))
    return best[1] if best[0] >= max(1, 10 * used) else ""


def _replaced(q: str, word: str, better: str) -> str:
    """Put a word in the place of the one that folds to `word`; everything else stays as typed."""

    def turn(match: re.Match[str]) -> str:
        return better if analyzers()["plain"].analyze(match[0]) == [word] else match[0]

    return re.sub(r"[^\W_]+", turn, q)

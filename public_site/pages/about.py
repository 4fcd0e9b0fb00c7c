"""How to read the ledger: what each column means, the rules of counting, the checks, and what is missing.

In: the catalogue, the rules' own docstrings, counts of what is unsaid. Out: pages `/dictionary`, `/methodology`,
`/data-quality`, `/missing`, `/accessibility`. What these pages say is generated wherever the code knows it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from ledger import catalogue, reading, rules
from ledger.checks import CHECKS
from ledger.checks.model import Text
from ledger.findings import Severity
from ledger.reading import Gap, Published
from ledger.settings import Publisher
from public_site import i18n
from public_site.exports import friendly
from public_site.pages import page
from public_site.web import Ask, Page, plain


@dataclass(frozen=True, slots=True)
class FieldRow:
    name: str
    label: str
    type: str
    required: bool
    help: str
    example: str
    path: str
    sensitivity: str


@dataclass(frozen=True, slots=True)
class ColumnRow:
    name: str
    label: str
    type: str
    help: str


@dataclass(frozen=True, slots=True)
class Dictionary:
    kinds: tuple[tuple[str, str, tuple[FieldRow, ...]], ...]
    columns: tuple[ColumnRow, ...]
    codes: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]


@page("/dictionary")
def dictionary(ask: Ask) -> Page:
    code = ask.language
    kinds = []
    for name in catalogue.kinds():
        kind = catalogue.kind(name)
        fields = tuple(
            FieldRow(f.name, f.label[code], f.type, f.required, f.help.get(code, ""), f.example, f.path, f.sensitivity)
            for f in kind.fields
        )
        kinds.append((name, kind.label[code], fields))
    columns = tuple(
        ColumnRow(name, c[code], c["type"], c[f"help_{code}"]) for name, c in sorted(friendly.words()["column"].items())
    )
    groups = ("stage", "event", "kind", "method", "role", "nothing")
    codes = tuple(
        (group, tuple((c, ask.words.term(group, c), ask.words.meaning(group, c)) for c in i18n.terms()[group]))
        for group in groups
    )
    return Page("pages/dictionary.html", Dictionary(tuple(kinds), columns, codes))


@dataclass(frozen=True, slots=True)
class RuleRow:
    code: str
    severity: str
    text: str
    what: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Methodology:
    rules: tuple[RuleRow, ...]
    stages: tuple[str, ...]
    checks: tuple[tuple[str, int, Text], ...]  # code, version, public text


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _rules(language: str) -> tuple[RuleRow, ...]:
    found = []
    for rule in sorted(rules.RULES.values(), key=lambda r: r.code):
        found.append(
            RuleRow(
                rule.code,
                rule.severity.value,
                inspect.cleandoc(rule.text),
                _what(rule.code, rule.severity, language),
                tuple(sorted(rule.kinds)),
            )
        )
    return tuple(found)


def _what(code: str, severity: Severity, language: str) -> str:
    """The rule's sentence as officers read it, without the figures of any one case."""
    from ledger import findings

    del severity
    words = findings._words().get(code, {}).get(language, {})
    return str(words.get("why") or words.get("what") or "").format_map(_Blank())


@page("/methodology")
def methodology(ask: Ask) -> Page:
    checks = tuple((c.code, c.version, c.text(ask.language)) for c in CHECKS.values())
    return Page("pages/methodology.html", Methodology(_rules(ask.language), tuple(i18n.terms()["stage"]), checks))


@dataclass(frozen=True, slots=True)
class Quality:
    gaps: tuple[Gap, ...]
    rules: tuple[RuleRow, ...]
    held: Mapping[str, int]


@page("/data-quality")
def data_quality(ask: Ask) -> Page:
    gaps = tuple(reading.gaps(ask.conn, ask.at))
    held = reading.held(ask.conn, ask.at)
    return Page(
        "pages/data_quality.html",
        Quality(gaps, _rules(ask.language), held),
        {"publication": ask.latest if ask.at is None else ask.at, "gaps": plain(gaps), "held_back": held},
        fictional=ask.fictional(),
    )


@dataclass(frozen=True, slots=True)
class Missing:
    silent: tuple[Publisher, ...]
    partly: tuple[tuple[Publisher, tuple[str, ...]], ...]
    gaps: tuple[Gap, ...]
    held: Mapping[str, int]
    published: tuple[Published, ...]


@page("/missing")
def missing(ask: Ask) -> Page:
    told = reading.published(ask.conn, ask.at)
    heard: dict[str, set[str]] = {}
    for p in told:
        heard.setdefault(p.publisher, set()).add(p.dataset)
    expected = [k for k in catalogue.kinds() if k not in ("organizations", "rates")]
    view = Missing(
        tuple(p for p in ask.register.publishers if p.id not in heard),
        tuple(
            (p, tuple(k for k in expected if k not in heard[p.id])) for p in ask.register.publishers if p.id in heard
        ),
        tuple(reading.gaps(ask.conn, ask.at)),
        reading.held(ask.conn, ask.at),
        tuple(told),
    )
    return Page(
        "pages/missing.html",
        view,
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "silent": [p.id for p in view.silent],
            "never_published": {p.id: kinds for p, kinds in view.partly},
            "gaps": plain(view.gaps),
            "held_back": view.held,
        },
        fictional=ask.fictional(),
    )


@dataclass(frozen=True, slots=True)
class Statement:
    site: str


@page("/accessibility")
def accessibility(ask: Ask) -> Page:
    return Page("pages/accessibility.html", Statement(ask.settings.publisher_name))

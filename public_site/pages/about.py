"""How to read the ledger: what each column means, the rules of counting, the checks, and what is missing.

In: the catalogue, the rules' own docstrings, counts of what is unsaid. Out: pages `/dictionary`, `/methodology`,
`/data-quality`, `/missing`, `/accessibility`. What these pages say is generated wherever the code knows it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger import catalogue, coverage, reading, rules, workflow
from ledger.checks import CHECKS
from ledger.checks.model import Text
from ledger.expected import Late, late
from ledger.findings import Severity
from ledger.reading import Gap, Published
from ledger.settings import Publisher
from public_site import exports, i18n
from public_site.exports import friendly, manifest
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
            FieldRow(
                f.name,
                i18n.said(f.label, code),
                f.type,
                f.required,
                f.help.get(code) or f.help.get("en", ""),
                f.example,
                f.path,
                f.sensitivity,
            )
            for f in kind.fields
        )
        kinds.append((name, i18n.said(kind.label, code), fields))
    columns = tuple(
        ColumnRow(name, i18n.said(c, code), c["type"], c.get(f"help_{code}") or c["help_en"])
        for name, c in sorted(friendly.words()["column"].items())
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
class Told:
    """One field of one publisher's records: how many say it, of how many."""

    label: str
    path: str
    count: int
    of: int

    @property
    def percent(self) -> int:
        """Whole percent, never 100 for less than all nor 0 for more than none."""
        if self.count in (0, self.of):
            return 100 if self.count else 0
        return min(99, max(1, round(100 * self.count / self.of)))


@dataclass(frozen=True, slots=True)
class Covered:
    publisher: str
    kind: str
    records: int
    fields: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    gaps: tuple[Gap, ...]
    rules: tuple[RuleRow, ...]
    held: Mapping[str, int]
    covered: tuple[Covered, ...]
    counted_at: int | None  # the publication that was counted: the newest with downloads


def _covered(ask: Ask) -> tuple[int | None, tuple[Covered, ...]]:
    """The counts that were made with the downloads of the publication asked for, else of the newest that has them."""
    folder = exports.newest(ask.settings) if ask.at is None else ask.settings.downloads / str(ask.at)
    if folder is None or not (folder / manifest.NAME).exists():
        return None, ()
    told = manifest.read(folder)
    found = []
    for row in told.get("coverage", ()):
        labels = coverage.paths(row["kind"])
        fields = tuple(
            Told(labels.get(path, {}).get(ask.language, path), path, count, row["records"])
            for path, count in row["fields"].items()
        )
        found.append(Covered(row["publisher"], row["kind"], row["records"], fields))
    return int(told["publication"]), tuple(found)


@page("/data-quality", ("json", "csv"))
def data_quality(ask: Ask) -> Page:
    counted_at, covered = _covered(ask)
    gaps = tuple(reading.gaps(ask.conn, ask.at))
    held = reading.held(ask.conn, ask.at)
    return Page(
        "pages/data_quality.html",
        Quality(gaps, _rules(ask.language), held, covered, counted_at),
        {
            "publication": ask.latest if ask.at is None else ask.at,
            "gaps": plain(gaps),
            "held_back": held,
            "counted_at": counted_at,
            "coverage": plain(covered),
        },
        (
            ("publisher", "kind", "field", "label", "records", "of"),
            lambda conn: ((c.publisher, c.kind, f.path, f.label, f.count, f.of) for c in covered for f in c.fields),
        ),
        fictional=ask.fictional(),
    )


@dataclass(frozen=True, slots=True)
class Missing:
    silent: tuple[Publisher, ...]
    partly: tuple[tuple[Publisher, tuple[str, ...]], ...]
    gaps: tuple[Gap, ...]
    held: Mapping[str, int]
    published: tuple[Published, ...]
    late: tuple[tuple[Publisher, tuple[Late, ...]], ...]


def late_of(ask: Ask, published: Iterable[Published]) -> tuple[tuple[Publisher, tuple[Late, ...]], ...]:
    """What each office has promised and not published, to the day of the publication that the page shows."""
    at = workflow.published_at(ask.conn, ask.latest if ask.at is None else ask.at)
    if at is None:
        return ()
    periods: dict[tuple[str, str], set[str]] = {}
    for p in published:
        periods.setdefault((p.publisher, p.dataset), set()).add(p.period)
    found = []
    for office in ask.register.publishers:
        told = [x for e in office.expects for x in late(e, periods.get((office.id, e.dataset), ()), at.date())]
        if told:
            found.append((office, tuple(told)))
    return tuple(found)


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
        late_of(ask, told),
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
            "late": {p.id: plain(several) for p, several in view.late},
        },
        fictional=ask.fictional(),
    )


@dataclass(frozen=True, slots=True)
class Statement:
    site: str


@page("/accessibility")
def accessibility(ask: Ask) -> Page:
    return Page("pages/accessibility.html", Statement(ask.settings.publisher_name))

"""What a submission asks about its columns: the report and findings of a reading, put into words and choices.

In: report, findings, earlier answers, a form whose choices are to be shown. Out: a `questions.Layout` for each layout
of headings in the files: sheets with the same headings share one answer. Which questions there are is decided by
`importers`. No database, no HTTP. Read `layouts` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_name

from importers import columns as matching
from importers import currencies, parsing
from importers.mapping import remembered
from importers.parsing import Unreadable
from ledger import catalogue
from ledger.catalogue import Field, Kind, folded
from ledger.findings import Finding, Severity
from ledger.mappings import SAID_ONCE
from ledger.workflow import Submission
from public_site import i18n
from public_site.desk.questions import UNANSWERED, Asked, Column, Layout, Place, Question

COLUMNS_SHOWN = 300
"""Columns of all layouts that one page can answer: each has a list of every field."""
_USUAL = ("USD", "EUR", "GBP", "CAD", "MXN", "GTQ", "JMD", "TWD")


def layouts(told: Submission, asked: Asked, form: Mapping[str, str] | None = None) -> list[Layout]:
    """Every layout of a submission's files. With a form its choices are shown, whatever was understood."""
    groups: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for file in (told.report or {}).get("files", ()):
        for table in tables_of(file):
            groups.setdefault(table["signature"], []).append((file, table))
    find = remembered(asked.answers)
    findings = [f for f in told.findings if f.code in _ASKING]
    left = COLUMNS_SHOWN
    out = []
    for signature, members in groups.items():
        answer = find(signature, [c["header"] for c in members[0][1]["columns"]]) or {}
        made = _Layout(signature, members, findings, asked, answer, form or {}).made(left)
        left -= len(made.columns)
        out.append(made)
    return sorted(out, key=lambda one: not (one.open_columns or one.open_questions))


def tables_of(file: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables of a file that have headings to ask about: those that were read, and those taken for none of ours.

    The latter have the kind "". A document of OCDS has no headings.
    """
    for table in file.get("tables", ()):
        if table.get("signature"):
            yield table
    for left in file.get("not_read", ()):
        if left.get("signature"):
            yield {**left, "kind": ""}


class _Layout:
    """One layout while its page is made: what its steps share."""

    def __init__(
        self,
        signature: str,
        members: Sequence[tuple[dict[str, Any], dict[str, Any]]],
        findings: Iterable[Finding],
        asked: Asked,
        answer: Mapping[str, Any],
        form: Mapping[str, str],
    ) -> None:
        self.signature, self.members, self.asked, self.answer, self.form = signature, members, asked, answer, form
        self.key = signature[:16]
        self.table = members[0][1]
        self.words = i18n.language(asked.language)
        told = form.get(f"kind-{self.key}", "")
        kind = told if told in catalogue.kinds() else self.table["kind"]
        self.is_left_out = not kind
        self.kind: Kind = catalogue.kind(kind or catalogue.kinds()[0])
        self.fields = {f.name: f for f in self.kind.fields}
        self.is_as_found = self.kind.name == self.table["kind"]
        self.findings = [f for f in findings if any(_concerns(f, file, t) for file, t in members)]

    def made(self, left: int) -> Layout:
        if self.is_left_out:
            return self.left_out()
        columns = list(self.columns())
        questions = tuple(self.questions(columns))
        rival = next((str(f.params.get("rival", "?")) for f in self.findings if f.code == "L014"), "")
        asked_once = {q.field for q in questions if q.what == "constants"}
        return Layout(
            self.key,
            self.signature,
            self.table["kind"],
            self.kind.name,
            rival,
            tuple(Place(file["file"], t["sheet"], t["range"]) for file, t in self.members),
            tuple(line["text"] for line in self.table.get("above", ()))[:10],
            tuple(columns[:left]),
            max(0, len(columns) - left),
            questions,
            tuple(f.label[self.asked.language] for f in self.lacking(columns) if f.name not in asked_once),
            self.answer,
            bool(rival) and self.form.get(f"kind-{self.key}", "") not in catalogue.kinds(),
        )

    def left_out(self) -> Layout:
        """A table that was not read: nothing is asked of it but whether it is one of ours after all."""
        places = tuple(Place(file["file"], t["sheet"], t["range"]) for file, t in self.members)
        above = tuple(line["text"] for line in self.table.get("above", ()))[:10]
        headings = tuple(c["header"] for c in self.table["columns"] if c["header"])
        return Layout(
            self.key, self.signature, "", "", "", places, above, (), 0, (), (), self.answer, headings=headings[:20]
        )

    # --- columns

    def columns(self) -> Iterator[Column]:
        told = self.table["columns"]
        if not self.is_as_found:
            told = self.as_another_kind(told)
        # By column, not by cell: the same headings stand in another row of the next sheet.
        waiting = {_place(f.at.cell)[0]: f for f in self.findings if f.at and f.code in ("L004", "L012", "L013")}
        seen: set[str] = set()
        out = []
        for n, c in enumerate(told):
            name = f"column-{self.key}-{n}"
            finding = waiting.get(_place(c["cell"])[0])
            is_open = not c["field"] and c["decided_by"] != "mapping" and bool(c.get("proposed") or c.get("candidates"))
            if self.is_as_found and (finding is None or finding.code == "L004"):
                is_open = False  # an empty column is no question
            state = "open" if is_open else "taken" if c["field"] else "out"
            mark = folded(c["header"])
            if not c["header"]:
                state = "nameless"
            elif mark in seen:
                state = "double"  # an answer is remembered by its heading: the first one has it
            seen.add(mark)
            chosen = c["field"] or (c.get("proposed") or UNANSWERED if is_open else "")
            if (typed := self.form.get(name)) is not None and (typed in self.fields or typed in ("", UNANSWERED)):
                chosen = typed
            why = str(finding.params.get("porque" if self.asked.language == "es" else "why", "")) if finding else ""
            out.append(
                Column(
                    name,
                    c["cell"],
                    c["header"],
                    tuple(c.get("samples", ())),
                    state,
                    c["decided_by"],
                    round(100 * c["confidence"]),
                    why if state in ("open", "out") and self.is_as_found else "",
                    chosen,
                    bool(c.get("proposed")) and state == "open",
                    tuple(c.get("candidates", ())) if state == "open" else (),
                )
            )
        yield from sorted(out, key=lambda c: c.state != "open")

    def as_another_kind(self, told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The headings as another kind would take them; without the cells nothing can speak against it."""
        blank = [matching.Profile()] * len(told)
        made = matching.choices([c["header"] for c in told], blank, self.kind)
        return [
            {
                **c,
                "field": m.field,
                "proposed": m.proposed,
                "candidates": m.candidates,
                "decided_by": m.decided_by,
                "confidence": m.confidence,
            }
            for c, m in zip(told, made, strict=True)
        ]

    def lacking(self, columns: Sequence[Column]) -> list[Field]:
        there = {c.chosen for c in columns}
        return [f for f in self.kind.fields if f.required and f.name not in there]

    # --- questions

    def questions(self, columns: Sequence[Column]) -> Iterator[Question]:
        of_field = {c.chosen: c for c in columns if c.chosen not in ("", UNANSWERED)}
        said_now = self.findings if self.is_as_found else []
        has_currencies = any(self.fields[n].type == "currency" for n in of_field if n in self.fields)
        ahead = [f for c in of_field.values() for f in self.ahead(c, has_currencies)]
        for what, codes in _CODES.items():
            told = {f.field: f for f in reversed([*said_now, *ahead]) if f.code in codes and f.field in self.fields}
            answered = self.answer.get(what) or {}
            for name in dict.fromkeys([*told, *(n for n in answered if n in self.fields)]):
                finding = told.get(name)
                if finding is not None and finding.code == "V008" and self.fields[name].type != "money":
                    continue  # a word in a currency column that is no currency is mended in the file
                yield self.about(what, name, of_field.get(name), finding, str(answered.get(name, "")))
        hidden = next((f for f in self.findings if f.code == "L003"), None)
        if hidden is not None or "hidden_rows" in self.answer:
            said = str(self.answer.get("hidden_rows", ""))
            rows = str(hidden.params.get("rows", "")) if hidden else ""
            yield self.question("hidden_rows", "", None, hidden is not None and not said, said, shown=rows)
        constants = self.answer.get("constants") or {}
        lacking = {f.name for f in self.lacking(columns)}
        for f in self.kind.fields:
            if f.type in SAID_ONCE and f.is_public and (f.name in lacking or f.name in constants):
                said = str(constants.get(f.name, ""))
                offers = self.currencies("") if f.type == "currency" else ()
                found = "" if said or offers else self.suggested(f.name)
                typed = self.form.get(f"constants-{self.key}-{f.name}-other", "")
                is_open = f.name in lacking and not said
                yield self.question(
                    "constants", f.name, None, is_open, said or found, choices=offers, shown=found, typed=typed
                )

    def ahead(self, c: Column, has_currencies: bool) -> Iterator[Finding]:
        """What the reader would ask next of a column whose cells it has not read yet, from its first values.

        Where a needed column is lacking no row is typed; the officer is to be asked once, and not in two rounds. What
        the other cells of the column decide by themselves, an answer does not change.
        """
        f = self.fields.get(c.chosen)
        unread = not self.is_as_found or c.state == "open"
        for asked in self.findings:  # a cell says only the first thing that is wrong with it
            unread = unread or asked.code in ("L007", "L014") or (asked.field == c.chosen and asked.code in _ERRORS)
        if f is None or not f.is_public or not unread:
            return
        said = self.asked.jurisdiction
        if f.type == "date":
            order = parsing.date_order(c.samples, said.date_order)[0]
            yield from self.tried(f, c.samples, ("V012",), lambda text: parsing.date_of(text, order))
        if f.type == "money":
            figures = [(text, told) for text in c.samples if (told := _figure(text))]
            cores = [told.core for _, told in figures]
            mark = parsing.decimal_mark(cores, said.decimal_mark)[0]
            yield from self.tried(f, cores, ("V002",), lambda core: parsing.number(core, mark))
            above = (line["text"] for line in self.table.get("above", ()))
            unit = next((u for text in (c.header, *above) if (u := currencies.magnitude(text)) > 1), 1)
            if unit > 1 and f.name != "item.unitValue":
                yield Finding("V019", Severity.ERROR, None, f.name, c.header, {"unit": unit})
            bare = next((text for text, told in figures if told.dollar), c.header if "$" in c.header else "")
            if bare and not said.dollar and not has_currencies and currencies.declared(c.header) is None:
                yield Finding("V009", Severity.ERROR, None, f.name, bare)

    @staticmethod
    def tried(f: Field, texts: Iterable[str], codes: Sequence[str], read: Callable[[str], object]) -> Iterator[Finding]:
        for text in texts:
            try:
                read(text)
            except Unreadable as problem:
                if problem.code in codes:
                    params = dict(problem.params)
                    yield Finding(problem.code, Severity.ERROR, None, f.name, str(params.pop("shown", text)), params)
                    return

    def question(
        self, what: str, name: str, column: Column | None, is_open: bool, chosen: str, **more: Any
    ) -> Question:
        form_name = f"{what}-{self.key}-{name}"
        f = self.fields.get(name)
        chosen = self.form.get(form_name, chosen)
        header, cell = (column.header, column.cell) if column else ("", "")
        label = f.label[self.asked.language] if f else ""
        return Question(what, form_name, name, label, header, cell, is_open, chosen, **more)

    def about(self, what: str, name: str, column: Column | None, finding: Finding | None, said: str) -> Question:
        """A question about one column, with a value of it read both ways."""
        shown = finding.shown if finding else next(iter(column.samples), "") if column else ""
        params = finding.params if finding else {}
        is_open = finding is not None and not said
        if what == "currency":
            if finding is not None and finding.code == "V017":
                is_open, said = False, said or str(params.get("currency", ""))
            choices = self.currencies(said)
            typed = self.form.get(f"currency-{self.key}-{name}-other", "")
            return self.question(what, name, column, is_open, said, shown=shown, choices=choices, typed=typed)
        if what == "date_order":
            one, other = (self.words.date(str(params.get(k, ""))) for k in ("one", "other"))
            return self.question(what, name, column, is_open, said, shown=shown, choices=(("dmy", one), ("mdy", other)))
        if what == "decimal":
            whole, part = (self.number(params.get(k)) for k in ("one", "other"))
            ways = {",": part, ".": whole} if "," in shown else {".": part, ",": whole}
            choices = tuple((mark, ways[mark] if finding else "") for mark in (".", ","))
            return self.question(what, name, column, is_open, said, shown=shown, choices=choices)
        unit = int(str(params.get("unit", said or "1000")).replace(",", ""))
        example = next((s for s in (column.samples if column else ()) if self.amount(s) is not None), "120")
        times = (self.amount(example) or Decimal(120)) * unit
        ways_of_units = (("1", example), (str(unit), self.words.number(times)))
        return self.question(what, name, column, is_open, said, shown=example, choices=ways_of_units, unit=unit)

    def currencies(self, said: str) -> tuple[tuple[str, str], ...]:
        codes = dict.fromkeys([self.asked.jurisdiction.currency, *_USUAL, *self.asked.currencies, said])
        return tuple((c, get_currency_name(c, locale=self.words.locale)) for c in codes if c and c != "XXX")

    def number(self, text: object) -> str:
        value = self.amount(str(text or ""))
        return "" if value is None else self.words.number(value)

    @staticmethod
    def amount(text: str) -> Decimal | None:
        try:
            value = Decimal(re.sub(r"[,$ ]", "", text))
        except InvalidOperation:
            return None
        return value if value.is_finite() else None

    def suggested(self, field: str) -> str:
        """Who may be meant for every row: the organisation over the table, else the office that sends the file."""
        if field not in _OWN_OFFICE:
            return ""
        for line in self.table.get("above", ()):
            for part in re.split(r"\s[-–—|]\s|[:;,]", line["text"]):
                if _OFFICE.search(part) and len(part) <= 120:
                    return " ".join(part.split())
        return self.asked.publisher


_CODES: Mapping[str, tuple[str, ...]] = {
    "currency": ("V009", "V008", "V017"),
    "date_order": ("V012",),
    "decimal": ("V002",),
    "units": ("V019",),
}
_ERRORS = frozenset({"V002", "V008", "V009", "V012", "V019"})
_ASKING = frozenset({"L003", "L004", "L007", "L012", "L013", "L014", "V017", *_ERRORS})
_OWN_OFFICE = frozenset({"buyer.name", "payer.name", "agency.name", "recipient.name"})
_OFFICE = re.compile(
    r"(?i)\b(ministry|department|office|authority|council|hospital|agency|board|commission|government|institute|"
    r"university|municipality|secretariat|ministerio|secretar[ií]a|autoridad|consejo|agencia|comisi[oó]n|gobierno|"
    r"instituto|universidad|municipio|municipalidad|alcald[ií]a|prefeitura|minist[eé]rio|governo|mairie)\b"
)


def _concerns(f: Finding, file: Mapping[str, Any], table: Mapping[str, Any]) -> bool:
    """Whether a finding is about this table: by file and sheet, and by row and column where a sheet has several."""
    if f.at is None or str(f.at.file) != file["sha256"] or f.at.sheet != table["sheet"]:
        return False
    beside = [t for t in file["tables"] if t["sheet"] == table["sheet"]]
    if len(beside) == 1 or not f.at.cell:
        return True
    (left, top), (right, bottom) = map(_place, table["range"].split(":"))
    column, row = _place(f.at.cell)
    return top <= row <= bottom and (f.code == "L003" or left <= column <= right)


def _figure(text: str) -> parsing.Figure | None:
    try:
        return parsing.figure(text)
    except Unreadable:
        return None


def _place(cell: str) -> tuple[int, int]:
    letters = cell.rstrip("0123456789")
    return parsing.column_number(letters), int(cell[len(letters) :] or 0)

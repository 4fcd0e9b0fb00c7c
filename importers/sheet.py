"""One table of a sheet, typed: rows that are records, totals that are compared, notes that are kept apart.

In: the cells of a sheet and what `mapping` understood of one table in it. Out: a `StagedTable` in which read =
accepted + held + ignored always holds. Separators, date orders and currencies are decided per column; what can be
read two ways is asked, never guessed. Read `table` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from statistics import median
from typing import Any

from importers import currencies, parsing, sandbox
from importers.columns import Choice
from importers.layout import Block
from importers.mapping import Understanding, signature
from importers.parsing import Unreadable, column_letters
from importers.staged import Column, ControlTotal, LeftOut, Parsed, StagedRow, StagedTable
from ledger import catalogue
from ledger.catalogue import Field, folded
from ledger.findings import Finding, Severity, grouped
from ledger.settings import Jurisdiction
from ledger.values import CellRef, Money, PartialDate, Sha256

NO_CURRENCY = "XXX"
"""ISO 4217's own code for "no currency": only ever shown by a check without a jurisdiction, never published."""

SAMPLES, SAMPLE_TEXT = 3, 60
LEFT_OUT_COLUMNS = 100  # shown of a table that is none of ours
FAR, FAR_LEAST = 1000, 10  # times the median of at least so many amounts
Sums = dict[int, Decimal]
Carried = dict[str, Sums]
"""What earlier tables of the sheet with the same layout added up to, by signature: a last page's total is of all."""


def table(
    raw: sandbox.RawSheet,
    found: Understanding,
    sha256: Sha256,
    file_name: str,
    jurisdiction: Jurisdiction | None = None,
    carried: Carried | None = None,
) -> StagedTable:
    """Type the rows of one table. Never raises for what is in its cells."""
    return _Sheet(raw, found, sha256, file_name, jurisdiction, carried if carried is not None else {}).table()


NOTE = "note under the table"
_TOTAL = re.compile(
    r"(grand |sub |gran |total )?(total|totals|totales|subtotal|suma|soma|somme|sum)"
    r"( general| geral| global| amount| total| a pagar| r| bzd| usd)?( \d+ rows)?"
)
# "Sub-total MEDICAL" is a total whatever it says; "TOTAL Q1" or "Total Supplies Ltd." only when the figures agree.
_NAMED_TOTAL = re.compile(r"(?P<part>(sub|sous) ?total(es)?\b.*)|((grand |gran )?(total|totales|suma|soma|somme)) .+")
_TOTALISH = re.compile(r"tot|sum|som", re.IGNORECASE)
_HEADLINE = re.compile(r"^(section|table|part|seccion|tabla|parte|cuadro|tableau|secao|quadro|tabela) [\divx]+\b")
_FIGURES = ("money", "quantity", "number", "percent")
_REMEMBERED = 5_000  # different cells of one column


@dataclass(slots=True)
class _Style:
    """What was decided for one column as a whole."""

    mark: str | None = None
    order: str = ""
    header_currency: str | None = None
    header_dollar: bool = False
    answered: str | None = None
    unit: int = 1
    unit_said: bool = True
    foreign: bool = False  # some cells of the column tell a currency that is not the office's own


class _Sheet:
    """The staging of one table: state that its steps share, gone when `table` has returned."""

    def __init__(
        self,
        raw: sandbox.RawSheet,
        found: Understanding,
        sha256: Sha256,
        file_name: str,
        jurisdiction: Jurisdiction | None,
        carried: Carried,
    ) -> None:
        self.raw, self.found, self.sha256, self.file_name = raw, found, sha256, file_name
        self.block, self.answer = found.block, found.answer
        self.last = found.block.last
        self.jurisdiction = jurisdiction
        self.carried = carried
        self.kind = catalogue.kind(found.kind)
        self.fields: list[tuple[Choice, Field]] = [
            (c, self.kind.field(c.field)) for c in found.choices if c.field is not None
        ]
        self.types = {c.column: f.type for c, f in self.fields}
        self.names = {folded(p) for c in found.choices if c.header for p in (c.header, c.header.split(" / ")[-1])}
        self.letters = {i: column_letters(i + 1) for i in self.block.columns}
        self.places = parsing.Places.of(jurisdiction)
        self.findings: list[Finding] = []
        self.said: set[tuple[str, int]] = set()
        self.known: dict[int, dict[Any, tuple[Any, str]]] = {}  # by column: what a cell was read as before
        self.assumed: set[tuple[str, str]] = set()
        self.wide: frozenset[int] | None = None
        self.capitals: dict[int, bool] = {}  # by column
        above = [t for _, _, t in self.block.above]
        self.about_currency = next(
            (c for t in above if currencies.DECLARES.search(t) and (c := currencies.declared(t))), None
        )
        self.about_unit = next((u for t in above if (u := currencies.magnitude(t)) > 1), 1)
        self.styles = {c.column: self._style(c, f) for c, f in self.fields}
        self._marks_by_product()
        # A currency may belong to one amount only: `pledge.currency` to `pledge.amount`.
        self.currencies = {f.name: c.column for c, f in self.fields if f.type == "currency"}
        self.values = [
            (c, f)
            for c, f in self.fields
            if f.type not in ("row", "currency")
            and f.sensitivity != "personal"
            and (f.sensitivity != "internal" or f.name == "donor.kind")
        ]
        self.unused_currency = any(c.field is None and self._holds_currencies(c.column) for c in found.choices)
        self.constants = self._constants()
        self.lacking = [
            f
            for f in self.kind.fields
            if f.required and f.name not in {g.name for _, g in self.fields} and f.name not in self.constants
        ]

    def at(self, row: int, column: int) -> CellRef:
        letters = self.letters.get(column) or column_letters(column + 1)
        return CellRef(self.sha256, self.raw.name, f"{letters}{row}")

    def say(self, code: str, severity: Severity, at: CellRef, f: str = "", shown: str = "", **params: Any) -> None:
        self.findings.append(Finding(code, severity, at, f, shown[:200], params))

    def cell(self, row: int, column: int) -> Any:
        cells = self.raw.rows[row - 1]
        return cells[column] if column < len(cells) else None

    def filled(self, row: int) -> list[tuple[int, Any]]:
        """The cells of this table in a row that say something, with their columns."""
        cells = self.raw.rows[row - 1][self.block.left : self.block.right]
        return [(self.block.left + i, c) for i, c in enumerate(cells) if c and c[1].strip()]

    def table(self) -> StagedTable:
        self._before()
        rows: list[StagedRow] = []
        held: dict[int, str] = {}
        ignored: list[tuple[int, str]] = [(n, "hxl tags") for n in self._tag_rows()]
        controls: list[ControlTotal] = []
        skipped = self.raw.hidden_rows if self.answer.get("hidden_rows") == "skip" else frozenset()
        sums: Sums = {}
        since: Sums = {}
        above: list[int] = []  # totals that stand over their rows
        last_full = self._last_full()
        for n in range(self.found.first_row, self.last + 1):
            filled = self.filled(n)
            why = self._no_record(n, filled, last_full)
            if why is None and n in skipped:
                why = "hidden row"
            if why in (None, NOTE) and filled and self._is_total(n, filled, sums, since):
                if rows or held:
                    controls += self._control(n, sums, since)
                else:
                    above.append(n)
                since = {}
                why = "total"
            if why is not None:
                ignored.append((n, why))
                continue
            self._add(n, sums, since)
            if (told := self._shifted(n)) is not None:
                held[n] = "L010"
                shown = f"{told[0]} / {told[1]}"
                self.say("L010", Severity.ERROR, self.at(n, 0), "", shown, found=told[0], expected=told[1])
                continue
            row = self._row(n)
            if isinstance(row, str):
                held[n] = row
            else:
                rows.append(row)
        self._far_off(rows)
        for n in above:
            controls += self._control(n, sums, sums)
        total = self.carried.setdefault(self.found.signature, {})
        for column, value in sums.items():
            total[column] = total.get(column, Decimal(0)) + value
        left, right = column_letters(self.block.left + 1), column_letters(max(self.block.right, 1))
        return StagedTable(
            self.sha256,
            self.file_name,
            self.raw.name,
            f"{left}{self.found.header_rows[0]}:{right}{max(self.last, self.found.header_rows[-1])}",
            self.found.kind,
            self.found.confidence,
            self.found.header_rows,
            tuple(
                Column(
                    f"{self.letters[c.column]}{self.found.header_rows[-1]}",
                    c.header,
                    c.field,
                    c.confidence,
                    c.decided_by,
                    str(c.why),
                    c.proposed,
                    c.candidates,
                    self._samples(c),
                )
                for c in self.found.choices
            ),
            tuple(rows),
            held,
            tuple(ignored),
            tuple(controls),
            tuple(grouped(self.findings)),
            self.found.signature,
            tuple((f"{column_letters(i + 1)}{n}", t) for n, i, t in self.block.above),
        )

    def _samples(self, c: Choice) -> tuple[str, ...]:
        """The first texts under a heading, for the officer who says what it is; an unknown column may be private."""
        f = next((g for d, g in self.fields if d.column == c.column), None)
        if f is not None and not f.is_public:
            return ()
        return _samples(self.raw, self.found.block, c.column)

    def _tag_rows(self) -> range:
        """Rows between the header and the first record: HXL tags."""
        return range(self.found.header_rows[-1] + 1, self.found.first_row)

    # --- what concerns the sheet as a whole

    def _before(self) -> None:
        head = CellRef(self.sha256, self.raw.name, "")
        hidden_columns = [n for n in self.raw.hidden_columns if n - 1 in self.block.columns]
        used = [n for n in hidden_columns if any(c.column == n - 1 for c, _ in self.fields)]
        if used:
            names = ", ".join(c.header or self.letters[c.column] for c, _ in self.fields if c.column + 1 in used)
            self.say("L015", Severity.WARNING, self.at(self.found.header_rows[-1], used[0] - 1), "", names)
        hidden = sorted(n for n in self.raw.hidden_rows if self.found.first_row <= n <= self.last)
        if hidden and self.answer.get("hidden_rows") not in ("skip", "read"):
            others = self.last - self.found.first_row + 1 - len(hidden)
            self.say(
                "L003", Severity.WARNING, self.at(hidden[0], 0), "", str(len(hidden)), rows=len(hidden), others=others
            )
        merged = [m for m in self.raw.merges if self._in_data(m)]
        if merged:
            self.say("L005", Severity.WARNING, head, "", ", ".join(merged[:5]), merges=len(merged))
        header = self.found.header_rows[-1]
        if self.found.rival:
            other = catalogue.kind(self.found.rival)
            words = {"one": self.kind.label["en"], "uno": self.kind.label["es"]}
            words |= {
                "other": other.label["en"],
                "otro": other.label["es"],
                "kind": self.kind.name,
                "rival": other.name,
            }
            self.say("L014", Severity.ERROR, self.at(header, self.block.left), "", self.raw.name, **words)
        for c, f in self.fields:
            if f.sensitivity == "personal" and self._filled(c.column):
                self.say("P001", Severity.NOTICE, self.at(header, c.column), f.name, c.header)
        for c in self.found.choices:
            if c.field is None and c.decided_by != "mapping" and self._filled(c.column):
                self._open(c, self.at(header, c.column))
        for c, true, typed in self._mixed_dates():
            at = self.at(header, c.column)
            self.say("V020", Severity.WARNING, at, c.field or "", c.header, true=true, typed=typed)
        for f in self.lacking:
            self.say("L007", Severity.ERROR, head, f.name, f.label["en"], label=f.label["en"], etiqueta=f.label["es"])

    def _open(self, c: Choice, at: CellRef) -> None:
        """Say of a column that is not used why, and what it may be."""
        words = {"why": c.why.said("en"), "porque": c.why.said("es")}
        shown = c.header or "-"
        if c.proposed:
            f = self.kind.field(c.proposed)
            words |= {"label": f.label["en"], "etiqueta": f.label["es"]}
            self.say("L012", Severity.WARNING, at, c.proposed, shown, **words)
        elif c.candidates:
            self.say("L013", Severity.WARNING, at, "", shown, **words)
        else:
            self.say("L004", Severity.NOTICE, at, "", shown, **words)

    def _in_data(self, merge: str) -> bool:
        """Whether a merge joins cells of this table's records, and not only a title or a note in one cell's row."""
        left, top, right, bottom = re.findall(r"[A-Z]+|\d+", merge)
        first, last = parsing.column_number(left) - 1, parsing.column_number(right) - 1
        if last < self.block.left or first >= self.block.right or int(bottom) < self.found.first_row:
            return False
        return int(top) <= self.last and (int(bottom) > int(top) or len(self.filled(int(top))) > 1)

    def _filled(self, column: int) -> bool:
        return any(self.cell(n, column) for n in range(self.found.first_row, self.last + 1))

    def _holds_currencies(self, column: int) -> bool:
        """Whether a column that is not used holds currencies: then no other currency may be assumed."""
        rows = self.raw.rows[self.found.first_row - 1 : self.last][:200]
        texts = [r[column][1] for r in rows if column < len(r) and r[column] and not parsing.is_missing(r[column][1])]
        return sum(parsing.currency_code(t) is not None for t in texts) > len(texts) / 2

    def _style(self, c: Choice, f: Field) -> _Style:
        """Decide separators, date order, the heading's currency and its magnitude for one column."""
        style = _Style()
        rows = self.raw.rows[self.found.first_row - 1 : self.last]
        texts = [
            x[1] for r in rows if c.column < len(r) and (x := r[c.column]) and x[0] == "s"
            and not parsing.is_missing(x[1])
        ]  # fmt: skip
        said = self.jurisdiction
        if f.type in _FIGURES:
            cores = []
            for text in texts:
                try:
                    cores.append(parsing.figure(text).core if f.type == "money" else parsing.quantity(text)[0])
                except Unreadable:
                    continue
            answer = self._answer("decimal", f.name)
            style.mark, _ = parsing.decimal_mark(cores, answer or (said.decimal_mark if said else ""))
        if f.type == "date":
            answer = self._answer("date_order", f.name)
            style.order, _ = parsing.date_order(texts, answer or (said.date_order if said else ""))
        if f.type == "money":
            tag = self.block.headings[c.column - self.block.left].tag
            style.header_currency = currencies.declared(c.header) or currencies.tagged(tag)
            style.header_dollar = style.header_currency is None and "$" in c.header
            told = {_told_currency(x) for r in rows if c.column < len(r) and (x := r[c.column])} - {""}
            style.foreign = (
                bool(told - {said.currency} - ({"$"} if said.dollar == said.currency else set()))
                if said
                else bool(told)
            )
            style.answered = self._answer("currency", f.name) or None
            style.unit = currencies.magnitude(c.header)
            if style.unit == 1 and f.name != "item.unitValue":
                style.unit = self.about_unit
            if style.unit > 1:
                answer = self._answer("units", f.name)
                # An answer about thousands says nothing of millions, should next month's heading speak of them.
                fits = answer in ("1", str(style.unit))
                style.unit, style.unit_said = (int(answer), True) if fits else (style.unit, False)
        return style

    def _marks_by_product(self) -> None:
        """Decide separators that no single cell decides by quantity x price = amount, where only one way fits all rows.

        `1.500` pieces at `2,50` for `3.750,00` are fifteen hundred, not one and a half.
        """
        three = [self.found.column(n) for n in ("item.quantity", "item.unitValue", "amount")]
        columns = [c for c in three if c is not None]
        if len(columns) < 3:
            return
        open_ = [c for c in columns if self.styles[c].mark is None]
        if len(open_) != 1:
            return
        fits = []
        for mark in ".,":
            self.styles[open_[0]].mark = mark
            told = [[self._figure(n, c) for c in columns] for n in range(self.found.first_row, self.last + 1)]
            rows = [(q, u, a) for q, u, a in told if q is not None and u is not None and a is not None]
            if len(rows) >= 2 and all(abs(q * u - a) <= max(abs(a) / 100, Decimal(1)) for q, u, a in rows):
                fits.append(mark)
        self.styles[open_[0]].mark = fits[0] if len(fits) == 1 else None

    def _answer(self, question: str, name: str) -> str:
        told = self.answer.get(question) or {}
        return str(told.get(name, told.get("", ""))) if isinstance(told, Mapping) else str(told)

    def _constants(self) -> dict[str, Parsed]:
        """What an officer said once for the whole sheet: from the line over the table that says it, if one does."""
        out = {}
        told = self.answer.get("constants") or {}
        for name, text in told.items():
            if name not in {f.name for f in self.kind.fields} or any(g.name == name for _, g in self.fields):
                continue
            said = next(((n, i, t) for n, i, t in self.block.above if folded(text) in folded(t)), None)
            at = self.at(said[0], said[1]) if said else self.at(self.found.header_rows[0], self.block.left)
            out[name] = Parsed(parsing.clean(text), said[2] if said else text, at, "answered")
        return out

    # --- rows that are not records

    def _last_full(self) -> int:
        """The last row that fills at least two of the columns that are understood, or the total that closes the table:
        signatures stand side by side under it, after a gap, and state no figure."""
        if (closing := self._closing_total()) is not None:
            return closing
        columns = [c.column for c, f in self.fields if f.type != "row"]
        for n in range(self.last, self.found.first_row - 1, -1):
            if sum(1 for col in columns if self.cell(n, col)) >= min(2, len(columns)):
                return n
        return self.last

    def _closing_total(self) -> int | None:
        figures = [c.column for c, f in self.fields if f.type in _FIGURES]
        for n in range(self.last, self.found.first_row, -1):
            if any((cell := self.cell(n, i)) and cell[1].strip() for i in figures):
                closes = n < self.last and not self.filled(n + 1) and self._is_total(n, self.filled(n), {}, {})
                return n if closes else None
        return None

    def _is_group(self, n: int, column: int, told: str) -> bool:
        """Does a text alone in its row name the rows under it? In capitals, in a column that is not written so, or
        merged over others. A donor alone in a row is a record, or is asked about."""
        below = next((f for m in range(n + 1, self.last + 1) if (f := self.filled(m))), [])
        if len(below) < 2:
            return False
        if n in self._wide_rows():
            return True
        return told == told.upper() != told.lower() and len(told) > 1 and not self._in_capitals(column)

    def _wide_rows(self) -> frozenset[int]:
        """The rows that are one cell, merged over others."""
        if self.wide is None:
            ends = (re.findall(r"[A-Z]+|\d+", m) for m in self.raw.merges)
            self.wide = frozenset(int(top) for left, top, right, bottom in ends if top == bottom and left != right)
        return self.wide

    def _in_capitals(self, column: int) -> bool:
        """Whether half the texts of a column are written in capitals: there they tell nothing."""
        if column not in self.capitals:
            texts = [c[1] for n in range(self.found.first_row, self.last + 1) if (c := self.cell(n, column))]
            words = [t for t in texts if not re.search(r"\d", t)]  # a code in capitals is no word in capitals
            self.capitals[column] = sum(t == t.upper() != t.lower() for t in words) >= max(len(texts) / 2, 1)
        return self.capitals[column]

    def _no_record(self, n: int, filled: list[tuple[int, Any]], last_full: int) -> str | None:
        if not filled:
            return "blank"
        if n > last_full:
            return NOTE
        if len(filled) >= 2 and all(c[0] == "s" for _, c in filled):
            known = any(folded(c[1]) in self.names for _, c in filled[:3])
            if known and sum(folded(c[1]) in self.names for _, c in filled) > 0.7 * len(filled):
                return "header repeated"
        elif len(filled) == 1 and len(self.fields) > 2 and self.types.get(filled[0][0]) not in _FIGURES:
            told = parsing.clean(filled[0][1][1])
            if filled[0][1][0] == "s" and (
                _HEADLINE.search(folded(told)) or told.endswith(":") or self._is_group(n, filled[0][0], told)
            ):
                return "heading between rows"
        return None

    def _is_total(self, n: int, filled: list[tuple[int, Any]], sums: Sums, since: Sums) -> bool:
        """By word: one text that says total beside figures, and nothing else that says which thing it is.

        By word and value: a total with the name of its group, equal to the sum of the rows since the last total.
        By value: figures without any text that equal the sums so far. A supplier called TOTAL has a buyer and a title.
        """
        total = any(c[0] == "s" and len(c[1]) < 60 and _TOTALISH.search(c[1]) for _, c in filled)
        texts: list[str] = []
        figures: list[int] = []
        for i, c in filled:
            if texts and not total:
                return False  # it says which thing it is: a record
            kind = self.types.get(i, "")
            if kind in _FIGURES and not (c[0] == "s" and _TOTAL.fullmatch(folded(c[1]))):
                figures.append(i)
            elif c[0] == "n" and not kind:
                continue  # a figure in a column that is not used
            elif kind != "row" or not c[1].strip().isdigit():
                texts.append(parsing.clean(c[1]))
        words = [t for t in texts if not re.fullmatch(r"[\d.,\s]*", t) and parsing.currency_code(t) is None]
        if len(words) == 1 and _TOTAL.fullmatch(folded(words[0])) and len(texts) <= 2:
            return True
        if len(words) == 1 and len(texts) <= 2 and figures and (named := _NAMED_TOTAL.fullmatch(folded(words[0]))):
            return bool(named["part"]) or any(
                value is not None and value != 0 and value in (since.get(i), sums.get(i))
                for i, value in ((i, self._figure(n, i)) for i in figures)
            )
        if not texts and figures and n > self.found.first_row + 1:
            stated = {i: self._figure(n, i) for i in figures}
            return any(v is not None and i in sums and v == sums[i] and v != 0 for i, v in stated.items())
        return False

    def _figure(self, n: int, column: int) -> Decimal | None:
        cell = self.cell(n, column)
        if not cell or cell[0] not in "ns":
            return None
        try:
            if cell[0] == "n":
                return parsing.native(cell[1])
            told = parsing.figure(cell[1])
            value = parsing.number(told.core, self.styles[column].mark)
        except Unreadable:
            return None
        return -value if told.negative else value

    def _add(self, n: int, *several: Sums) -> None:
        for c, f in self.fields:
            if f.type in ("money", "quantity") and (value := self._figure(n, c.column)) is not None:
                for sums in several:
                    sums[c.column] = sums.get(c.column, Decimal(0)) + value

    def _control(self, n: int, sums: Sums, since: Sums) -> Iterator[ControlTotal]:
        """Compare a stated total with the rows above: all of them, those since the last total, or those of all pages.

        Unit prices are not added up by anyone.
        """
        before = self.carried.get(self.found.signature, {})
        for c, f in self.fields:
            if f.type != "money" or f.name == "item.unitValue":
                continue
            stated = self._figure(n, c.column)
            if stated is None:
                continue
            at = self.at(n, c.column)
            all_rows = sums.get(c.column, Decimal(0))
            meant = (all_rows, since.get(c.column, all_rows), all_rows + before.get(c.column, Decimal(0)))
            total = ControlTotal(at.cell, stated, min(meant, key=lambda m: abs(m - stated)))
            if not total.agrees:
                difference = abs(total.stated - total.added)
                self.say(
                    "L006",
                    Severity.ERROR,
                    at,
                    f.name,
                    str(stated),
                    stated=stated,
                    added=total.added,
                    difference=difference,
                )
            yield total

    def _shifted(self, n: int) -> tuple[int, int] | None:
        """(fields, fields of the heading) of a row of a text file that has another number of fields than its heading.

        A row with more fields than the heading whose extra fields are all empty is not shifted, only untidy.
        """
        widths = self.raw.widths
        if not widths or n > len(widths):
            return None
        width, expected = widths[n - 1], widths[self.found.header_rows[-1] - 1]
        if width == expected or width < 2:
            return None
        return (width, expected) if width < expected or any(self.raw.rows[n - 1][expected:]) else None

    # --- one row

    def _row(self, n: int) -> StagedRow | str:
        """Return the row, or the code of the finding for which it is held back."""
        if self.found.rival:
            return "L014"
        if self.lacking:
            return "L007"
        values: dict[str, Parsed] = dict(self.constants)
        errors: list[str] = []
        told: dict[str, str] = {}
        unknown: set[str] = set()
        for name, column in self.currencies.items():
            code, wrong = self._row_currency(n, column, name, values)
            if code:
                told[name] = code
            if wrong:
                errors.append(wrong)
                unknown.add(name)
        cells = self.raw.rows[n - 1]
        width = len(cells)
        for c, f in self.values:
            column = c.column
            cell = cells[column] if column < width else None
            if not cell:
                continue
            at = CellRef(self.sha256, self.raw.name, f"{self.letters[column]}{n}")
            if (read := self.known.get(column)) is not None and (told_before := read.get(cell)) is not None:
                value, how = told_before
                if value is not None:
                    values[f.name] = Parsed(value, cell[1], at, how)
                continue
            mine = f"{f.name.rpartition('.')[0]}.currency"
            if f.type == "money" and (mine in unknown or (mine not in self.currencies and "currency" in unknown)):
                continue  # its currency was already said to be unknown; one cell to correct, one finding
            currency = told.get(mine) or told.get("currency")
            said = len(self.findings), len(values)
            try:
                parsed = self._value(cell, f, column, at, currency, values)
            except Unreadable as problem:
                severity = self._severity(problem.code, f)
                params = {"label": f.label["en"], "etiqueta": f.label["es"], **problem.params}
                shown = str(params.pop("shown", cell[1]))
                if problem.code == "V019":  # one question for the column, not one for each cell
                    at = self.at(self.found.header_rows[-1], c.column)
                if problem.code != "V019" or (problem.code, c.column) not in self.said:
                    self.said.add((problem.code, c.column))
                    self.say(problem.code, severity, at, f.name, shown, **params)
                if severity is Severity.ERROR:
                    errors.append(problem.code)
                continue
            if f.type not in _FIGURES and said == (len(self.findings), len(values)):
                self._remember(column, cell, parsed)
            if parsed is not None:
                values[f.name] = parsed
        if not errors:
            for c, f in self.fields:
                if f.required and f.name not in values:
                    cell = self.cell(n, c.column)
                    shown = cell[1] if cell else ""
                    words = {"label": f.label["en"], "etiqueta": f.label["es"]}
                    self.say("V001", Severity.ERROR, self.at(n, c.column), f.name, shown, **words)
                    errors.append("V001")
        if errors:
            return errors[0]
        self._private(values)
        return StagedRow(n, values)

    def _remember(self, column: int, cell: Any, parsed: Parsed | None) -> None:
        """Keep what a cell was read as, when nothing was said beside it: a column of offices, statuses or days says
        the same few things again and again."""
        read = self.known.setdefault(column, {})
        if len(read) < _REMEMBERED:
            read[cell] = (None, "") if parsed is None else (parsed.value, parsed.how)

    @staticmethod
    def _severity(code: str, f: Field) -> Severity:
        """What cannot be read holds its row back when it is money, a quantity or required, or may mean two things."""
        doubtful = code in ("V002", "V012", "V014", "V015")
        return Severity.ERROR if f.required or f.type in _FIGURES or doubtful else Severity.WARNING

    def _row_currency(self, n: int, column: int, name: str, values: dict[str, Parsed]) -> tuple[str | None, str]:
        cell = self.cell(n, column)
        if not cell or (parsing.is_missing(cell[1]) and "$" not in cell[1]):
            return None, ""
        code = parsing.currency_code(cell[1])
        if code is None and parsing.is_bare_dollar(cell[1]):
            code = self._answer("currency", name) or (self.jurisdiction.dollar if self.jurisdiction else "")
            if not code:
                self.say("V009", Severity.ERROR, self.at(n, column), name, cell[1])
                return None, "V009"
        if code is None:
            self.say("V008", Severity.ERROR, self.at(n, column), name, cell[1])
            return None, "V008"
        if not name.endswith(".currency"):  # that of one amount is in the amount
            values[name] = Parsed(code, cell[1], self.at(n, column))
        return code, ""

    def _value(
        self, cell: Any, f: Field, column: int, at: CellRef, currency: str | None, values: dict[str, Parsed]
    ) -> Parsed | None:
        if not cell:
            return None
        if cell[0] == "e":
            raise Unreadable("V014", shown=cell[1])
        if cell[0] == "f":
            raise Unreadable("V015", shown="")
        if parsing.is_missing(cell[1]) and not (f.type == "place" and self.places.find(cell[1])):
            return None  # `NA` is nothing, unless Namibia is an area
        kind, raw = cell[0], cell[1]
        code = cell[2] if len(cell) > 2 else ""
        style = self.styles[column]
        match f.type:
            case "money":
                return self._money(kind, raw, code, f, style, at, currency)
            case "quantity":
                return self._quantity(kind, raw, style, at, values)
            case "number" | "percent":
                value = parsing.native(raw) if kind == "n" else self._typed(raw.rstrip("% "), style)
                how = ""
                if f.type == "percent" and "%" in code:
                    value, how = value * 100, "percent"
                return Parsed(value, raw, at, how)
            case "date":
                return self._date(kind, raw, style, at, f)
            case "currency":
                told = parsing.currency_code(raw)
                if told is None:
                    raise Unreadable("V008", shown=raw)
                return Parsed(told, raw, at)
            case "code":
                return Parsed(parsing.code_of(raw, f.codelist), raw, at)
            case "place":
                area = self.places.find(raw)
                exact = area is not None and self.places.is_own_name(raw)
                if not exact and "place.name" not in values and self.found.column("place.name") is None:
                    values["place.name"] = Parsed(parsing.clean(raw), raw, at)
                return Parsed(area, raw, at) if area is not None else None
            case "url":
                return Parsed(parsing.url_of(raw), raw, at)
            case "identifier":
                return self._identifier(kind, raw, code, f, at)
        text = parsing.clean(raw)
        if f.name.endswith(".name") and re.fullmatch(r"-?\d", text):
            return None  # nobody is called 0 or -1: a machine's "none"
        if parsing.has_email(text):
            self.say("P002", Severity.WARNING, at, f.name, "")
            return None
        return Parsed(text, raw, at)

    def _typed(self, raw: str, style: _Style) -> Decimal:
        told = parsing.figure(raw)
        value = parsing.number(told.core, style.mark)
        return -value if told.negative else value

    def _money(
        self, kind: str, raw: str, code: str, f: Field, style: _Style, at: CellRef, currency: str | None
    ) -> Parsed:
        if kind == "d":
            raise Unreadable("V006", shown=raw)  # a shifted column: an amount cannot be a date
        own: str | None = None
        dollar = False
        if kind == "n":
            value = parsing.native(raw)
            own, dollar = currencies.of_format(code)
            if currencies.shows_thousands(code):
                self.say("V016", Severity.WARNING, at, f.name, raw, format=code)
        else:
            told = parsing.figure(raw)
            value = parsing.number(told.core, style.mark)
            value = -value if told.negative else value
            own, dollar = told.currency, told.dollar
            if told.shared and own is None:  # ¥, kr, FCFA: a sign of several currencies, and not of this office's
                own = currency or style.header_currency or style.answered or currencies.UNKNOWN
        if own == currencies.UNKNOWN:
            raise Unreadable("V008", shown=f"{raw} ({code})")
        told_by = list(dict.fromkeys(c for c in (currency, own, style.header_currency) if c))
        if len(told_by) > 1:
            raise Unreadable("V007", shown=raw, currency=told_by[0], other=told_by[1])
        decided = currency or own or style.header_currency
        if decided is None and (dollar or style.header_dollar):
            decided = style.answered or (self.jurisdiction.dollar if self.jurisdiction else "") or None
            if decided is None:
                raise Unreadable("V009", shown=raw)
        decided = decided or style.answered or self.about_currency
        # Where other cells, or a column, tell a currency, a cell without one is not the office's own money.
        own_column = f"{f.name.rpartition('.')[0]}.currency" if "." in f.name else "currency"
        if decided is None and (
            style.foreign or self.unused_currency or {own_column, "currency"} & self.currencies.keys()
        ):
            raise Unreadable("V008", shown=raw)
        if decided is None:
            decided = self.jurisdiction.currency if self.jurisdiction else NO_CURRENCY
            severity = Severity.NOTICE if self.jurisdiction else Severity.WARNING
            if ("V017", f.name) not in self.assumed:
                self.assumed.add(("V017", f.name))
                column = parsing.column_number(at.cell.rstrip("0123456789")) - 1
                header = self.at(self.found.header_rows[-1], column)
                self.say("V017", severity, header, f.name, decided, currency=decided)
        how = ""
        if style.unit > 1:
            if not style.unit_said:
                raise Unreadable("V019", shown=self._header(f), unit=f"{style.unit:,}")
            value, how = value * style.unit, "multiplied"
        money = Money(value, decided)
        if f.name == "item.unitValue":
            return Parsed(money, raw, at, how)
        whole = money.quantised()
        if whole.amount != value:
            self.say("V010", Severity.NOTICE, at, f.name, raw, rounded=whole.amount)
            return Parsed(whole, raw, at, how or "rounded")
        return Parsed(whole, raw, at, how)

    def _header(self, f: Field) -> str:
        return next(c.header for c, g in self.fields if g.name == f.name)

    def _quantity(self, kind: str, raw: str, style: _Style, at: CellRef, values: dict[str, Parsed]) -> Parsed:
        if kind == "d":
            raise Unreadable("V006", shown=raw)
        if kind == "n":
            return Parsed(parsing.native(raw), raw, at)
        core, unit = parsing.quantity(raw)
        if unit and "item.unit" not in values and self.found.column("item.unit") is None:
            values["item.unit"] = Parsed(unit, raw, at)
        return Parsed(parsing.number(core, style.mark), raw, at)

    def _date(self, kind: str, raw: str, style: _Style, at: CellRef, f: Field) -> Parsed | None:
        if kind == "n" and not re.fullmatch(r"(19|20)\d{2}([01]\d[0-3]\d)?", raw):
            raise Unreadable("V011", shown=raw)
        value: PartialDate | None = parsing.date_of(raw, style.order)
        if value is None or parsing.is_sentinel(value):
            return None
        return Parsed(value, raw, at)

    def _identifier(self, kind: str, raw: str, code: str, f: Field, at: CellRef) -> Parsed | None:
        text = parsing.clean(raw)
        if kind == "d":
            raise Unreadable("V006", shown=raw)  # the program made a date of `11-12-13`: the number is lost
        if re.fullmatch(r"-?0+|-1", text):
            return None  # a machine's "none": two contracts numbered 0 are not one contract
        if kind == "s" and re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", text):
            self.say("V018", Severity.WARNING, at, f.name, raw)
            return None
        if kind == "n":
            if len(re.sub(r"\D", "", text)) > 15:
                self.say("V018", Severity.WARNING, at, f.name, raw)
            if re.fullmatch(r"0+", code):
                text = text.zfill(len(code))
            elif re.fullmatch(r"[0-9.\- /]*0[0\-. /]+", code) and text.isdigit():
                text = _patterned(text, code)
        if parsing.is_personal_number(text):
            self.say("P003", Severity.NOTICE, at, f.name, "")
            return None
        return Parsed(text, raw, at)

    def _mixed_dates(self) -> Iterator[tuple[Choice, int, int]]:
        """(column, true dates, typed dates) of columns that hold both: the sign of a program in another country's
        settings, which made dates of 03/04 and left 13/04 as text, with day and month changed in the first."""
        for c, f in self.fields:
            if f.type != "date":
                continue
            kinds = {"d": 0, "s": 0}
            for n in range(self.found.first_row, self.last + 1):
                cell = self.cell(n, c.column)
                if cell and (cell[0] == "d" or (cell[0] == "s" and parsing.is_numeric_date(cell[1]))):
                    kinds[cell[0]] += 1
            if kinds["d"] and kinds["s"]:
                yield c, kinds["d"], kinds["s"]

    def _far_off(self, rows: Sequence[StagedRow]) -> None:
        """Ask about an amount that is a thousand times the usual one of its column: a comma too few looks like this."""
        for _, f in self.fields:
            if f.type != "money":
                continue
            by_currency: dict[str, list[Parsed]] = {}
            for row in rows:
                if (p := row.values.get(f.name)) is not None and p.value.amount > 0:
                    by_currency.setdefault(p.value.currency, []).append(p)
            for told in by_currency.values():
                if len(told) < FAR_LEAST:
                    continue
                usual = median(p.value.amount for p in told)
                for p in told:
                    if p.value.amount > FAR * usual:
                        times = f"{p.value.amount / usual:,.0f}"
                        self.say("V028", Severity.WARNING, p.at, f.name, p.raw, usual=f"{usual:,.2f}", times=times)

    def _private(self, values: dict[str, Parsed]) -> None:
        """Mark a gift of private persons: by its donor's name, or by the form of a number that was withheld."""
        donor = values.get("donor.name")
        if donor is None or ((kind := values.get("donor.kind")) and kind.value != "person"):
            return
        if "donor.kind" not in values and parsing.says_private_person(str(donor.value)):
            values["donor.kind"] = Parsed("person", donor.raw, donor.at, "derived")


def left_out(raw: sandbox.RawSheet, block: Block, where: str) -> LeftOut:
    """What an officer is shown of a table that is none of ours: its headings and the first texts under each."""
    names = [h.shown for h in block.headings[:LEFT_OUT_COLUMNS]]
    row = block.header_rows[-1]
    return LeftOut(
        raw.name,
        where,
        block.header_rows,
        tuple(
            Column(f"{column_letters(i + 1)}{row}", name, None, 0.0, "none", samples=_samples(raw, block, i))
            for i, name in zip(block.columns, names, strict=False)
        ),
        signature([h.shown for h in block.headings]),
        tuple((f"{column_letters(i + 1)}{n}", t) for n, i, t in block.above),
    )


def _samples(raw: sandbox.RawSheet, block: Block, column: int) -> tuple[str, ...]:
    rows = raw.rows[block.first - 1 : block.last]
    texts = (parsing.clean(r[column][1]) for r in rows if column < len(r) and r[column])
    shown = (t[:SAMPLE_TEXT] for t in texts if not (parsing.is_personal_number(t) or parsing.has_email(t)))
    return tuple(dict.fromkeys(islice(shown, SAMPLES)))


def _told_currency(cell: Any) -> str:
    """The currency that a cell tells by itself: a code, "$", or "" for none."""
    if cell[0] == "n":
        own, dollar = currencies.of_format(cell[2]) if len(cell) > 2 else (None, False)
        return own or ("$" if dollar else "")
    if cell[0] != "s" or not re.search(r"[^\d\s.,()\-+'’]", cell[1]):
        return ""
    try:
        told = parsing.figure(cell[1])
    except Unreadable:
        return ""
    return told.currency or ("$" if told.dollar else "")


def _patterned(digits: str, code: str) -> str:
    """A number as its format shows it: 5 under `000-00` is 000-05."""
    wanted = code.count("0")
    left = list(digits.zfill(wanted))
    if len(left) > wanted:
        return digits
    return "".join(left.pop(0) if c == "0" else c for c in code)

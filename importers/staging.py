"""What a sheet becomes before anything is built from it: typed rows, each value with the cell that it came from.

In: a file. Out: `StagedTable`s in which read = accepted + held + ignored always holds, and findings for everything that
an officer has to know. Columns that are not public are dropped here and never go further. Read `staged` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from importers import mapping, parsing, sandbox
from importers.mapping import Choice, Understanding
from importers.parsing import Unreadable, column_letters
from ledger import catalogue
from ledger.catalogue import Field, folded
from ledger.findings import Finding, Severity, grouped
from ledger.settings import Jurisdiction, Settings
from ledger.values import CellRef, Money, PartialDate, Sha256

NO_CURRENCY = "XXX"
"""ISO 4217's own code for "no currency": only ever shown by a check without a jurisdiction, never published."""

Saved = Callable[[str], Mapping[str, Any] | None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """One value as understood: `raw` is what the cell said, `how` is empty when `raw` reads as `value`."""

    value: Any
    raw: str
    at: CellRef
    how: str = ""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """`number` is the sheet's own row number; a field that the row does not tell is absent, never None."""

    number: int
    values: Mapping[str, Parsed]


@dataclass(frozen=True, slots=True)
class Column:
    cell: str
    header: str
    field: str | None
    confidence: float
    decided_by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """A total that the sheet itself states, beside what its rows add up to."""

    cell: str
    stated: Decimal
    added: Decimal

    @property
    def agrees(self) -> bool:
        """A hundredth per sheet is forgiven: offices add rounded figures."""
        return abs(self.stated - self.added) <= Decimal("0.01")


@dataclass(frozen=True, slots=True)
class StagedTable:
    file: Sha256
    file_name: str
    sheet: str
    range: str
    kind: str
    kind_confidence: float
    header_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    rows: tuple[StagedRow, ...]
    held: Mapping[int, str] = field(default_factory=dict)
    ignored: tuple[tuple[int, str], ...] = ()
    control_totals: tuple[ControlTotal, ...] = ()
    findings: tuple[Finding, ...] = ()
    signature: str = ""


@dataclass(frozen=True, slots=True)
class StagedFile:
    file_name: str
    sha256: Sha256
    tables: tuple[StagedTable, ...] = ()
    not_read: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()


def staged(
    path: Path,
    *,
    file_name: str,
    sha256: Sha256,
    settings: Settings,
    jurisdiction: Jurisdiction | None = None,
    kind: str | None = None,
    sheet: str | None = None,
    saved: Saved | None = None,
    progress: Progress | None = None,
) -> StagedFile:
    """Read a file in the sandbox and understand its sheets. Never raises for what is in the file.

    `saved` answers for the signature of a layout with what an officer decided earlier (see `mapping.understood`).
    """
    told = sandbox.contents(path, file_name, settings)
    here = CellRef(sha256, "", "")
    if told.blocked:
        blocker = Finding(told.blocked, Severity.BLOCKER, here, "", file_name, dict(told.params))
        return StagedFile(file_name, sha256, findings=(blocker,))
    tables, not_read, findings = [], [], []
    for n, raw in enumerate(told.sheets):
        if progress:
            progress("sheet", n, len(told.sheets))
        at = CellRef(sha256, raw.name, "")
        if sheet is not None and raw.name != sheet:
            not_read.append((raw.name, "not asked for"))
            continue
        if not raw.visible and sheet is None:
            not_read.append((raw.name, "hidden"))
            findings.append(Finding("L002", Severity.WARNING, at, "", raw.name))
            continue
        if not any(any(row) for row in raw.rows):
            not_read.append((raw.name, "empty"))
            continue
        found = mapping.understood(raw.rows, raw.name, kind=kind, saved=saved)
        if found is None:
            shifted = _all_shifted(raw, at)
            why = "its rows are shifted" if shifted else "no table of aid, donations or procurement"
            not_read.append((raw.name, why))
            findings += shifted or [Finding("L001", Severity.WARNING, at, "", raw.name)]
            continue
        tables.append(_Sheet(raw, found, sha256, file_name, jurisdiction).table())
    if not tables:
        findings.append(Finding("B015", Severity.BLOCKER, here, "", file_name))
    return StagedFile(file_name, sha256, tuple(tables), tuple(not_read), tuple(findings))


def _all_shifted(raw: sandbox.RawSheet, at: CellRef) -> list[Finding]:
    """A sheet in which so many rows are shifted that its columns cannot be told apart is refused with that reason."""
    ragged = [(cell, shown) for code, cell, shown in raw.notes if code == "ragged"]
    if not ragged:
        return []
    where = CellRef(at.file, at.sheet, f"A{ragged[0][0]}")
    found, _, expected = ragged[0][1].partition(" / ")
    params = {"rows": len(ragged), "of": len(raw.rows) - 1, "found": found, "expected": expected}
    return [Finding("L011", Severity.BLOCKER, where, "", ragged[0][1], params)]


def report(file: StagedFile, held: Mapping[tuple[int, int], str] | None = None) -> dict[str, Any]:
    """Return one file of `check --json`. `held`: rows that building held back later, by (index of the table, row)."""
    out = []
    for n, t in enumerate(file.tables):
        later = {row for (table, row) in (held or {}) if table == n}
        accepted = sum(r.number not in later for r in t.rows)
        waiting = len(t.held) + len(t.rows) - accepted
        out.append(
            {
                "sheet": t.sheet,
                "range": t.range,
                "kind": t.kind,
                "kind_confidence": t.kind_confidence,
                "header_rows": list(t.header_rows),
                "columns": [
                    {
                        "cell": c.cell,
                        "header": c.header,
                        "field": c.field,
                        "confidence": c.confidence,
                        "decided_by": c.decided_by,
                        "why": c.why,
                    }
                    for c in t.columns
                ],
                "rows": {
                    "read": accepted + waiting + len(t.ignored),
                    "accepted": accepted,
                    "held": waiting,
                    "ignored": len(t.ignored),
                },
                "ignored": [{"row": row, "why": why} for row, why in t.ignored],
                "totals": {},
                "control_totals": [
                    {"cell": c.cell, "stated": str(c.stated), "added": str(c.added), "agrees": c.agrees}
                    for c in t.control_totals
                ],
            }
        )
    return {
        "file": file.file_name,
        "sha256": str(file.sha256),
        "tables": out,
        "not_read": [{"sheet": name, "why": why} for name, why in file.not_read],
    }


# --- one sheet --------------------------------------------------------------------------------------------------

NOTE = "note under the table"
_TOTAL = re.compile(
    r"(grand |sub |gran |total )?(total|totals|totales|subtotal|suma|soma|somme|sum)"
    r"( general| geral| global| amount| a pagar| r| bzd| usd)?( \d+ rows)?"
)
_FIGURES = ("money", "quantity", "number", "percent")


@dataclass(slots=True)
class _Style:
    """What was decided for one column as a whole."""

    mark: str | None = None
    order: str = ""
    header_currency: str | None = None


class _Sheet:
    """The staging of one sheet: state that its steps share, gone when `table` has returned."""

    def __init__(
        self,
        raw: sandbox.RawSheet,
        found: Understanding,
        sha256: Sha256,
        file_name: str,
        jurisdiction: Jurisdiction | None,
    ) -> None:
        self.raw, self.found, self.sha256, self.file_name = raw, found, sha256, file_name
        self.jurisdiction = jurisdiction
        self.kind = catalogue.kind(found.kind)
        self.fields: list[tuple[Choice, Field]] = [
            (c, self.kind.field(c.field)) for c in found.choices if c.field is not None
        ]
        self.places = parsing.Places.of(jurisdiction)
        self.findings: list[Finding] = []
        self.styles = {c.column: self._style(c, f) for c, f in self.fields}
        self.last = max((n for n, row in enumerate(raw.rows, 1) if any(row)), default=0)

    def at(self, row: int, column: int) -> CellRef:
        return CellRef(self.sha256, self.raw.name, f"{column_letters(column + 1)}{row}")

    def say(self, code: str, severity: Severity, at: CellRef, f: str = "", shown: str = "", **params: Any) -> None:
        self.findings.append(Finding(code, severity, at, f, shown[:200], params))

    def cell(self, row: int, column: int) -> Any:
        cells = self.raw.rows[row - 1]
        return cells[column] if column < len(cells) else None

    def table(self) -> StagedTable:
        self._before()
        rows: list[StagedRow] = []
        held: dict[int, str] = {}
        ignored: list[tuple[int, str]] = []
        controls: list[ControlTotal] = []
        ragged = {int(cell): shown for code, cell, shown in self.raw.notes if code == "ragged"}
        sums: dict[int, Decimal] = {}
        last_full = self._last_full()
        for n in range(self.found.first_row, self.last + 1):
            why = self._no_record(n, last_full)
            if why in (None, NOTE) and self._is_total(n, sums):
                controls += self._control(n, sums)
                why = "total"
            if why is not None:
                ignored.append((n, why))
                continue
            self._add(n, sums)
            if n in ragged and self._shifted(n):
                held[n] = "L010"
                found, _, expected = ragged[n].partition(" / ")
                self.say("L010", Severity.ERROR, self.at(n, 0), "", ragged[n], found=found, expected=expected)
                continue
            row = self._row(n)
            if isinstance(row, str):
                held[n] = row
            else:
                rows.append(row)
        width = max((len(r) for r in self.raw.rows[self.found.header_rows[0] - 1 :]), default=1)
        return StagedTable(
            self.sha256,
            self.file_name,
            self.raw.name,
            f"A{self.found.header_rows[0]}:{column_letters(max(width, 1))}{self.last}",
            self.found.kind,
            self.found.confidence,
            self.found.header_rows,
            tuple(
                Column(
                    f"{column_letters(c.column + 1)}{self.found.header_rows[-1]}",
                    c.header,
                    c.field,
                    c.confidence,
                    c.decided_by,
                    c.why,
                )
                for c in self.found.choices
            ),
            tuple(rows),
            held,
            tuple(ignored),
            tuple(controls),
            tuple(grouped(self.findings)),
            self.found.signature,
        )

    # --- what concerns the sheet as a whole

    def _before(self) -> None:
        head = CellRef(self.sha256, self.raw.name, "")
        for code, cell, shown in self.raw.notes:
            if code != "ragged":
                severity = Severity.ERROR if code == "B010" else Severity.WARNING
                self.say(code, severity, CellRef(self.sha256, self.raw.name, cell), "", shown)
        hidden = sorted(n for n in self.raw.hidden_rows if self.found.first_row <= n <= self.last)
        if hidden:
            self.say("L003", Severity.WARNING, self.at(hidden[0], 0), "", str(len(hidden)), rows=len(hidden))
        merged = [m for m in self.raw.merges if int(re.findall(r"\d+", m)[-1]) >= self.found.first_row]
        if merged:
            self.say("L005", Severity.WARNING, head, "", ", ".join(merged[:5]), merges=len(merged))
        withheld = [(c, f) for c, f in self.fields if f.sensitivity == "personal" and self._filled(c.column)]
        for c, f in withheld:
            self.say("P001", Severity.NOTICE, self.at(self.found.header_rows[-1], c.column), f.name, c.header)
        unknown = [c for c in self.found.choices if c.field is None and self._filled(c.column)]
        for c in unknown:
            here = self.at(self.found.header_rows[-1], c.column)
            self.say("L004", Severity.NOTICE, here, "", c.header or "(no heading)", why=c.why)
        asked = {f.name for _, f in self.fields}
        for f in self.kind.fields:
            if f.required and f.name not in asked:
                self.say(
                    "L007", Severity.ERROR, head, f.name, f.label["en"], label=f.label["en"], etiqueta=f.label["es"]
                )

    def _filled(self, column: int) -> bool:
        return any(self.cell(n, column) for n in range(self.found.first_row, self.last + 1))

    def _style(self, c: Choice, f: Field) -> _Style:
        """Decide separators, date order and the heading's currency for one column."""
        style = _Style()
        cells = [r[c.column] for r in self.raw.rows[self.found.header_rows[-1] :] if c.column < len(r) and r[c.column]]
        texts = [x[1] for x in cells if x[0] == "s" and not parsing.is_missing(x[1])]
        said = self.jurisdiction
        if f.type in _FIGURES:
            cores = []
            for text in texts:
                try:
                    cores.append(parsing.figure(text).core if f.type == "money" else parsing.quantity(text)[0])
                except Unreadable:
                    continue
            style.mark, _ = parsing.decimal_mark(cores, said.decimal_mark if said else "")
        if f.type == "date":
            style.order, _ = parsing.date_order(texts, said.date_order if said else "")
        if f.type == "money":
            bracketed = re.findall(r"\(([^)]*)\)", c.header)
            for told in (*bracketed, *c.header.split()):
                style.header_currency = style.header_currency or parsing.currency_code(told)
        return style

    # --- rows that are not records

    def _last_full(self) -> int:
        """The last row that fills at least two of the columns that are understood."""
        columns = [c.column for c, f in self.fields if f.type != "row"]
        for n in range(self.last, self.found.first_row - 1, -1):
            if sum(1 for col in columns if self.cell(n, col)) >= min(2, len(columns)):
                return n
        return self.last

    def _no_record(self, n: int, last_full: int) -> str | None:
        cells = [c for c in self.raw.rows[n - 1] if c and parsing.clean(c[1])]
        if not cells:
            return "blank"
        if sum(parsing.clean(c[1]).startswith("#") for c in cells) > len(cells) / 2 and n <= self.found.first_row + 2:
            return "hxl tags"
        if n > last_full:
            return NOTE
        texts = [folded(c[1]) for c in cells]
        names = {folded(c.header) for c in self.found.choices if c.header}
        if len(texts) >= 2 and sum(t in names for t in texts) > 0.7 * len(texts):
            return "header repeated"
        return None

    def _is_total(self, n: int, sums: Mapping[int, Decimal]) -> bool:
        """By word: one text that says total beside figures, and nothing else that says which thing it is.

        By value: figures without any text that equal the sums so far. A supplier called TOTAL has a buyer and a title.
        """
        texts, figures = [], []
        for i, c in enumerate(self.raw.rows[n - 1]):
            if not c or not parsing.clean(c[1]):
                continue
            kind = next((f.type for choice, f in self.fields if choice.column == i), "")
            if kind in _FIGURES:
                figures.append(i)
            elif kind != "row" or not c[1].strip().isdigit():
                texts.append(parsing.clean(c[1]))
        words = [t for t in texts if not re.fullmatch(r"[\d.,\s]*", t) and parsing.currency_code(t) is None]
        if len(words) == 1 and _TOTAL.fullmatch(folded(words[0])) and len(texts) <= 2:
            return True
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

    def _add(self, n: int, sums: dict[int, Decimal]) -> None:
        for c, f in self.fields:
            if f.type in ("money", "quantity") and (value := self._figure(n, c.column)) is not None:
                sums[c.column] = sums.get(c.column, Decimal(0)) + value

    def _control(self, n: int, sums: Mapping[int, Decimal]) -> Iterator[ControlTotal]:
        """Compare a stated total with the rows above; unit prices are not added up by anyone."""
        for c, f in self.fields:
            if f.type != "money" or f.name == "item.unitValue":
                continue
            stated = self._figure(n, c.column)
            if stated is None:
                continue
            at = self.at(n, c.column)
            total = ControlTotal(at.cell, stated, sums.get(c.column, Decimal(0)))
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

    def _shifted(self, n: int) -> bool:
        """A row with more fields than the header whose extra fields are all empty is not shifted, only untidy."""
        width = len(self.found.choices)
        cells = self.raw.rows[n - 1]
        return len(cells) < width or any(cells[width:])

    # --- one row

    def _row(self, n: int) -> StagedRow | str:
        """Return the row, or the code of the finding for which it is held back."""
        values: dict[str, Parsed] = {}
        problems: list[tuple[str, Severity]] = []
        currency, currency_wrong = self._row_currency(n, values)
        if currency_wrong:
            problems.append((currency_wrong, Severity.ERROR))
        for c, f in self.fields:
            if f.name == "currency" or f.type == "row" or f.sensitivity == "personal":
                continue
            if f.sensitivity == "internal" and f.name != "donor.kind":
                continue
            at = self.at(n, c.column)
            cell = self.cell(n, c.column)
            try:
                parsed = self._value(cell, f, c.column, at, currency, values)
            except Unreadable as problem:
                severity = self._severity(problem.code, f)
                params = {"label": f.label["en"], "etiqueta": f.label["es"], **problem.params}
                shown = str(params.pop("shown", cell[1] if cell else ""))
                self.say(problem.code, severity, at, f.name, shown, **params)
                problems.append((problem.code, severity))
                continue
            if parsed is not None:
                values[f.name] = parsed
        failed = {code for code, severity in problems if severity is Severity.ERROR}
        for c, f in self.fields:
            if f.required and f.name not in values and not failed:
                cell = self.cell(n, c.column)
                at = self.at(n, c.column)
                self.say(
                    "V001",
                    Severity.ERROR,
                    at,
                    f.name,
                    cell[1] if cell else "",
                    label=f.label["en"],
                    etiqueta=f.label["es"],
                )
                problems.append(("V001", Severity.ERROR))
        if any(f.required and f.name not in {g.name for _, g in self.fields} for f in self.kind.fields):
            return "L007"
        errors = [code for code, severity in problems if severity is Severity.ERROR]
        if errors:
            return errors[0]
        self._private(values)
        return StagedRow(n, values)

    @staticmethod
    def _severity(code: str, f: Field) -> Severity:
        """What cannot be read holds its row back when it is money, a quantity or required, or may mean two things."""
        doubtful = code in ("V002", "V012", "V014", "V015")
        return Severity.ERROR if f.required or f.type in _FIGURES or doubtful else Severity.WARNING

    def _row_currency(self, n: int, values: dict[str, Parsed]) -> tuple[str | None, str]:
        c = self.found.column("currency")
        cell = self.cell(n, c) if c is not None else None
        if c is None or not cell or parsing.is_missing(cell[1]):
            return None, ""
        code = parsing.currency_code(cell[1])
        if code is None:
            self.say("V008", Severity.ERROR, self.at(n, c), "currency", cell[1])
            return None, "V008"
        values["currency"] = Parsed(code, cell[1], self.at(n, c))
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
        if parsing.is_missing(cell[1]):
            return None
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
                if area is None:
                    if "place.name" not in values:
                        values["place.name"] = Parsed(parsing.clean(raw), raw, at)
                    return None
                return Parsed(area, raw, at)
            case "url":
                return Parsed(parsing.url_of(raw), raw, at)
            case "identifier":
                return self._identifier(kind, raw, code, f, at)
        text = parsing.clean(raw)
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
            own, dollar = _format_currency(code)
            if re.search(r"0,+(\.0+)?($|[;\"\s])", code):
                self.say("V016", Severity.WARNING, at, f.name, raw, format=code)
        else:
            told = parsing.figure(raw)
            value = parsing.number(told.core, style.mark)
            value = -value if told.negative else value
            own, dollar = told.currency, told.dollar
        if currency and own and own != currency:
            raise Unreadable("V007", shown=raw, currency=currency, other=own)
        decided = currency or own or style.header_currency
        if decided is None and dollar:
            decided = (self.jurisdiction.dollar if self.jurisdiction else "") or None
            if decided is None:
                raise Unreadable("V009", shown=raw)
        if decided is None and self.found.column("currency") is not None:
            raise Unreadable("V008", shown=raw)
        if decided is None:
            decided = self.jurisdiction.currency if self.jurisdiction else NO_CURRENCY
            first = self.at(self.found.header_rows[-1], 0)
            column = re.sub(r"\d", "", at.cell)
            header = CellRef(self.sha256, self.raw.name, f"{column}{self.found.header_rows[-1]}")
            severity = Severity.NOTICE if self.jurisdiction else Severity.WARNING
            if not any(x.code == "V017" and x.field == f.name for x in self.findings):
                self.say("V017", severity, header if column else first, f.name, decided, currency=decided)
        money = Money(value, decided)
        if f.name == "item.unitValue":
            return Parsed(money, raw, at)
        whole = money.quantised()
        if whole.amount != value:
            self.say("V010", Severity.NOTICE, at, f.name, raw, rounded=whole.amount)
            return Parsed(whole, raw, at, "rounded")
        return Parsed(whole, raw, at)

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
        if kind == "n":
            if len(re.sub(r"\D", "", text)) > 15:
                self.say("V018", Severity.WARNING, at, f.name, raw)
            if re.fullmatch(r"0+", code):
                text = text.zfill(len(code))
        if parsing.is_personal_number(text):
            self.say("P003", Severity.NOTICE, at, f.name, "")
            return None
        return Parsed(text, raw, at)

    def _private(self, values: dict[str, Parsed]) -> None:
        """Mark a gift of private persons: by its donor's name, or by the form of a number that was withheld."""
        donor = values.get("donor.name")
        if donor is None or ((kind := values.get("donor.kind")) and kind.value != "person"):
            return
        if "donor.kind" not in values and parsing.says_private_person(str(donor.value)):
            values["donor.kind"] = Parsed("person", donor.raw, donor.at, "derived")


def _format_currency(code: str) -> tuple[str | None, bool]:
    """The currency that lives only in a number format: (code or None, a bare dollar)."""
    for told in re.findall(r"\[\$([^\]-]*)[^\]]*\]|\"([^\"]+)\"", code):
        text = (told[0] or told[1]).strip()
        if (found := parsing.currency_code(text)) is not None:
            return found, False
        if text == "$":
            return None, True
    if re.search(r"(?<![\w\"\\\[])\\?\$", re.sub(r"\[[^\]]*\]", "", code)):
        return None, True
    for glyph in ("£", "€"):
        if glyph in code:
            return parsing.currency_code(glyph), False
    return None, False

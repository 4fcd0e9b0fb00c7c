"""The friendly tables: one row a flow, contract, payment, delivery, allocation, process or organization.

In: one process at a time (its record and its arcs), then the organizations. Out: CSV files with stable codes as
headings, and workbooks with headings in English and Spanish. Which columns exist, and their words, is `columns.toml`.
Text that a spreadsheet would run as a formula is made harmless; see `guarded`. Read `Tables` first.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import xlsxwriter

from ledger.arcs import GOODS_ONLY, Arc
from ledger.totals import Total
from ledger.values import number as json_number
from public_site.exports.bulk import Written
from public_site.exports.manifest import Disagree, Tally, plain

LANGUAGES = ("en", "es")
SHEET_ROWS = 1_048_575  # below the heading; Excel's own limit is 1,048,576
CELL_TEXT = 32_767  # Excel's own limit of characters in a cell
EXACT_DIGITS = 15  # what Excel's numbers keep: a longer amount is written as text

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | Decimal | bool | int | None
Row = Mapping[str, Cell]


@cache
def words() -> dict[str, Any]:
    return tomllib.loads((files("public_site.exports") / "columns.toml").read_text("utf-8"))


def guarded(text: str) -> str:
    """Return text for a CSV cell that no spreadsheet program runs: a leading ' before = + - @ TAB CR.

    A text that already is ' followed by one of them gets another, so that taking one away always gives the
    original back (`unguarded`, and the reader of workbooks). Amounts and dates are never touched.
    """
    return f"'{text}" if text.lstrip("'").startswith(_STARTS_A_FORMULA) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_STARTS_A_FORMULA) else cell


class Tables:
    """Every table of a publication, written row by row. `process` each process, `organizations` once, then `close`."""

    def __init__(self, folder: Path, public_url: str, readme: Mapping[str, str], created: datetime) -> None:
        self.public_url = public_url.rstrip("/")
        self.by_stage = {s: name for name, t in words()["table"].items() for s in t.get("stages", ())}
        self.csv = {name: _Csv(folder / "csv" / f"{name}.csv", t["columns"]) for name, t in words()["table"].items()}
        self.books = {
            lang: _Workbook(folder / "xlsx" / f"ledger-{lang}.xlsx", lang, readme, created) for lang in LANGUAGES
        }
        self.tallies = {name: Tally() for name in self.csv}
        self.folder = folder

    def _write(self, table: str, row: Row) -> None:
        self.csv[table].write(row)
        for book in self.books.values():
            book.write(table, row)

    def process(
        self, record: Mapping[str, Any], compiled: Mapping[str, Any], movements: Iterable[Arc], totals: list[Total]
    ) -> None:
        """Write a process's own row and a row for each of its arcs."""
        page = f"{self.public_url}/en/process/{record['ocid']}"
        self._write("processes", _process(record, compiled, page, self.public_url))
        told = _Told(compiled)
        for arc in movements:
            self._write(self.by_stage[arc.stage], _movement(arc, record, told, page))
        for name, tally in self.tallies.items():
            tally.add(totals, words()["table"][name].get("stages", ()))

    def organizations(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._write("organizations", {**row, "party_url": f"{self.public_url}/en/search?party={row['party_id']}"})

    def rates(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._write("rates", row)

    def checks(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._write("checks", {**row, "url": f"{self.public_url}/en/process/{row['ocid']}#checks"})

    def abandon(self) -> None:
        """Let go of every open file of a build that will not be put in place."""
        for file in self.csv.values():
            file.close()
        for book in self.books.values():
            book.close()

    def close(self) -> list[Written]:
        """Finish every file. A table without rows has its headings: "nothing published" is an answer too."""
        done = []
        everything = Tally()
        for name, file in self.csv.items():
            file.close()
            done.append(Written(f"csv/{name}.csv", "table", file.rows, self.tallies[name], "text/csv; charset=utf-8"))
            everything.add(self.tallies[name].totals())
        for book in self.books.values():
            book.close()
        for lang, book in self.books.items():
            if sums(book.tally.totals()) != sums(everything.totals()):
                raise Disagree(f"ledger-{lang}.xlsx holds other amounts than the CSV files")
            done.append(
                Written(
                    f"xlsx/ledger-{lang}.xlsx",
                    "workbook",
                    sum(f.rows for f in self.csv.values()),
                    everything,
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    {"language": lang},
                )
            )
        done.append(_dictionary(self.folder))
        return done


def sums(totals: Iterable[Total]) -> dict[tuple[Any, ...], tuple[Decimal, int, int]]:
    return {t.line: (t.amount, t.arcs, t.without_amount) for t in totals}


# --- rows ---------------------------------------------------------------------------------------------------------


class _Told:
    """What a movement's row borrows from its record: party names, contracts and their awards."""

    def __init__(self, compiled: Mapping[str, Any]) -> None:
        self.names = {p.get("id"): p.get("name") for p in compiled.get("parties") or ()}
        self.tender: Mapping[str, Any] = compiled.get("tender") or {}
        awards = {a.get("id"): a for a in compiled.get("awards") or ()}
        self.contracts = {c.get("id"): (c, awards.get(c.get("awardID")) or {}) for c in compiled.get("contracts") or ()}

    def name(self, party: str | None) -> str | None:
        return self.names.get(party) if party else None


def _process(record: Mapping[str, Any], compiled: Mapping[str, Any], page: str, public_url: str) -> Row:
    return {
        "ocid": record["ocid"],
        "kind": record["kind"],
        "jurisdiction": record["jurisdiction"],
        "publisher": record["publisher"],
        "title": record["title"],
        "description": compiled.get("description") or (compiled.get("tender") or {}).get("description"),
        "event_date": record["on"],
        "method": record["method"],
        "first_published": record["first_date"],
        "last_changed": record["date"],
        "releases": record["release_count"],
        "withdrawn": record["withdrawn"],
        "url": page,
        "ocds_record": f"{public_url}/ocds/records/{record['ocid']}",
    }


def _local_ids(locator: str) -> list[str]:
    """The ids on the way to a figure: `/contracts/=C-14/implementation/transactions/=P1/value` -> [C-14, P1]."""
    return [token[1:].replace("~1", "/").replace("~0", "~") for token in locator.split("/") if token.startswith("=")]


def _movement(arc: Arc, record: Mapping[str, Any], told: _Told, page: str) -> Row:
    ids = _local_ids(arc.locator)
    contract_id = ids[0] if ids and arc.locator.startswith("/contracts/") else None
    contract, award = told.contracts.get(contract_id, ({}, {}))
    period = contract.get("period") or {}
    suppliers = contract.get("suppliers") or award.get("suppliers") or ()
    return {
        "ocid": arc.ocid,
        "kind": arc.kind,
        "jurisdiction": arc.jurisdiction,
        "publisher": arc.publisher,
        "title": record["title"],
        "number": contract_id if arc.stage == "contract" else _number(arc, ids),
        "contract_number": contract_id,
        "contract_title": contract.get("title") or award.get("title"),
        "contract_status": contract.get("status"),
        "method": told.tender.get("procurementMethod"),
        "method_details": told.tender.get("procurementMethodDetails"),
        "stage": arc.stage,
        "event": arc.event,
        "date": arc.on,
        "start": _day(period.get("startDate")),
        "end": _day(period.get("endDate")),
        "payer_id": arc.payer,
        "payer": told.name(arc.payer),
        "payee_id": arc.payee,
        "payee": told.name(arc.payee),
        "suppliers": "; ".join(str(s.get("name") or s.get("id")) for s in suppliers) or None,
        _amount_column(arc): arc.amount,
        "currency": arc.currency,
        "counted": arc.counted,
        "crossing": arc.crossing,
        "in_kind": arc.in_kind,
        "loan": arc.loan,
        "item": arc.item,
        "item_key": arc.item_key,
        "quantity": arc.quantity,
        "unit": arc.unit,
        "area": arc.area,
        "programme": arc.programme,
        "funding": arc.funding,
        "locator": arc.locator,
        "url": page,
    }


def _number(arc: Arc, ids: list[str]) -> str | None:
    """A payment's or delivery's own id, not that of the part or item inside it."""
    inside = ids[1:] if arc.locator.startswith("/contracts/") else ids
    return inside[0] if inside else None


def _amount_column(arc: Arc) -> str:
    """Money, loans, goods and uncounted amounts stand apart, so that adding up a column never mixes them."""
    if not arc.counted:
        return "amount_not_counted"
    return "amount_in_kind" if arc.in_kind else "amount_loan" if arc.loan else "amount_cash"


def _day(text: Any) -> str | None:
    return str(text)[:10] if text else None


# --- CSV ----------------------------------------------------------------------------------------------------------


def _text(value: Cell, type_: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value) if type_ == "amount" else format(value.normalize(), "f")
    return str(value) if isinstance(value, int) or type_ in ("date", "url") else guarded(value)


class _Csv:
    """RFC 4180, UTF-8 with a byte order mark: without it Excel shows accents as two letters."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.columns = [(c, words()["column"][c]["type"]) for c in columns]
        self.file = path.open("w", newline="", encoding="utf-8-sig")
        self.writer = csv.writer(self.file, lineterminator="\r\n")
        self.writer.writerow(columns)
        self.rows = 0

    def write(self, row: Row) -> None:
        self.writer.writerow([_text(row.get(code), type_) for code, type_ in self.columns])
        self.rows += 1

    def close(self) -> None:
        self.file.close()


def _dictionary(folder: Path) -> Written:
    """The data dictionary: every table and column, what it is, in both languages."""
    path = "csv/data_dictionary.csv"
    rows = list(dictionary())
    with (folder / path).open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
        out.writeheader()
        out.writerows(rows)
    return Written(path, "dictionary", len(rows), Tally(), "text/csv; charset=utf-8")


def dictionary() -> Iterator[dict[str, str]]:
    """Yield the data dictionary's rows: table, column, type and words."""
    for name, table in words()["table"].items():
        for code in table["columns"]:
            column = words()["column"][code]
            yield {
                "table": name,
                "column": code,
                "type": column["type"],
                **{
                    f"{part}_{lang}": column[lang if part == "label" else f"{part}_{lang}"]
                    for lang in LANGUAGES
                    for part in ("label", "help")
                },
            }


# --- XLSX ---------------------------------------------------------------------------------------------------------


class _Workbook:
    """One workbook in one language: README, a sheet a table, and the columns explained. Flat in memory: a row
    is written and forgotten, sheet by sheet, which is why rows of different sheets may come in any order."""

    def __init__(self, path: Path, language: str, readme: Mapping[str, str], created: datetime) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.language = language
        self.book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
        self.book.set_properties({"created": created.replace(tzinfo=None), "title": readme["name"]})
        self.bold = self.book.add_format({"bold": True})
        self.tally = Tally()
        self.sheets: dict[str, Any] = {}
        self.next_row: dict[str, int] = {}
        self.parts: dict[str, int] = {}
        self._lines(
            words()["sheets"]["readme"][language], [[t.format_map(readme)] for t in words()["readme"][language]], 110
        )
        for name in words()["table"]:
            self._sheet(name)

    def _lines(self, title: str, lines: Iterable[list[str]], width: int) -> None:
        sheet = self.book.add_worksheet(title)
        sheet.set_column(0, 0, width)
        for n, cells in enumerate(lines):
            for column, text in enumerate(cells):
                sheet.write_string(n, column, text)

    def _sheet(self, table: str) -> None:
        part = self.parts[table] = self.parts.get(table, 0) + 1
        title = words()["table"][table][self.language]
        sheet = self.book.add_worksheet(title if part == 1 else f"{title} {part}")
        sheet.freeze_panes(1, 0)
        for n, code in enumerate(words()["table"][table]["columns"]):
            sheet.write_string(0, n, words()["column"][code][self.language], self.bold)
        self.sheets[table], self.next_row[table] = sheet, 1

    def write(self, table: str, row: Row) -> None:
        if self.next_row[table] > SHEET_ROWS:
            self._sheet(table)
        n = self.next_row[table]
        self.next_row[table] += 1
        for column, code in enumerate(words()["table"][table]["columns"]):
            self._cell(self.sheets[table], n, column, row.get(code), code)
        if row.get("counted") is True and row["event"] != GOODS_ONLY:
            self._count(row)

    def _count(self, row: Row) -> None:
        amounts = [row[c] for c in ("amount_cash", "amount_loan", "amount_in_kind") if row.get(c) is not None]
        amount = amounts[0] if amounts else None
        line = (
            str(row["jurisdiction"]),
            str(row["stage"]),
            str(row["currency"] or ""),
            row["in_kind"] is True,
            row["loan"] is True,
        )
        total = Total(*line, amount if isinstance(amount, Decimal) else Decimal(0), 0, 1, int(amount is None))
        self.tally.add([total])

    def _cell(self, sheet: Any, row: int, column: int, value: Cell, code: str) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, Decimal):
            if len(value.normalize().as_tuple().digits) <= EXACT_DIGITS:
                sheet.write_number(row, column, json_number(value))
            else:
                sheet.write_string(row, column, plain(value))
        elif isinstance(value, int):
            sheet.write_number(row, column, value)
        else:
            shown = words()["stage"].get(value, {}).get(self.language, value) if code == "stage" else value
            # Always a string cell: never a formula, never a link, whatever it begins with.
            sheet.write_string(row, column, shown if len(shown) <= CELL_TEXT else shown[: CELL_TEXT - 1] + "…")

    def close(self) -> None:
        rows = [
            [d["table"], d["column"], d[f"label_{self.language}"], d[f"help_{self.language}"]] for d in dictionary()
        ]
        self._lines(words()["sheets"]["columns"][self.language], rows, 18)
        self.book.close()

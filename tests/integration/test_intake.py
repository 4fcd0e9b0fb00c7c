"""From an office's own workbook to a submission: the report, what waits, and what a second import changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from importers import intake, staging, template
from ledger import catalogue, publish, store, workflow
from ledger.errors import NotFound
from ledger.settings import Settings
from ledger.values import Money, PartialDate
from tests import builders as b

REGISTER = b.register()
CHAIN: dict[str, list[list[Any]]] = {
    "Aid": [
        ["Aid number", "Title", "Donor", "Recipient", "Currency", "Pledged amount", "Committed amount", "Disbursed"],
        ["AID-1", "COVID-19 grant", "Example Development Bank", "Ministry of Finance", "BZD", 500000, 450000, 300000],
    ],
    "Contracts": [
        ["Contract number", "Title", "Procuring entity", "Supplier", "Contract date", "Contract amount", "Currency"],
        ["C-2020-001", "COVID-19 masks", "Ministry of Health", "Acme Medical Ltd", "2020-05-13", 20000.5, "BZD"],
        ["C-2020-002", "Oxygen", "Ministry of Health", "Zeta Gas Ltd", "2020-05-20", 7000, "BZD"],
    ],
    "Payments": [
        ["Voucher number", "Contract number", "Payment date", "Amount paid", "Currency", "Payee"],
        ["PV-1", "C-2020-001", "2020-06-03", 15000.25, "BZD", "Acme Medical Ltd"],
        ["PV-2", "C-2020-001", "2020-06-19", 5000.25, "BZD", "Acme Medical Ltd"],
        ["PV-3", "C-2020-999", "2020-06-20", 10, "BZD", "Nobody Ltd"],
    ],
}  # fmt: skip
KINDS = {"Aid": "aid", "Contracts": "procurement", "Payments": "payments"}


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for n, row in enumerate(rows):
            sheet.write_row(n, 0, row)
    book.close()
    return path


def without_the_stray_voucher() -> dict[str, list[list[Any]]]:
    return {**CHAIN, "Payments": CHAIN["Payments"][:3]}


def received(engine: sa.Engine, settings: Settings, path: Path, **how: Any) -> int:
    with store.writing(engine) as conn:
        b.people(conn, "ana", "ben")
    return intake.receive(engine, settings, REGISTER, [path], "moh", by="ana", at=b.later(), **how)


def read(engine: sa.Engine, settings: Settings, id: int) -> workflow.Submission:
    intake.read_submission(engine, settings, REGISTER, id, at=b.later())
    with store.reading(engine) as conn:
        return workflow.submission(conn, id)


def test_every_row_is_accepted_held_or_ignored_and_sums_are_exact(tmp_path: Path, settings: Settings) -> None:
    done = intake.check_files(
        [workbook(tmp_path / "chain.xlsx", CHAIN)], settings=settings, register=REGISTER, jurisdiction="bz"
    )

    (file,) = done.report["files"]
    tables = {t["sheet"]: t for t in file["tables"]}
    assert {name: t["kind"] for name, t in tables.items()} == KINDS
    for told in tables.values():
        rows = told["rows"]
        assert rows["read"] == rows["accepted"] + rows["held"] + rows["ignored"]
    assert tables["Contracts"]["totals"] == {"contract": {"BZD": "27000.50"}}
    assert tables["Payments"]["totals"] == {"payment": {"BZD": "20000.50"}}
    assert tables["Aid"]["totals"]["receipt"] == {"BZD": "300000.00"}


def test_a_voucher_of_an_unknown_contract_waits_at_its_cell(tmp_path: Path, settings: Settings) -> None:
    done = intake.check_files(
        [workbook(tmp_path / "chain.xlsx", CHAIN)], settings=settings, register=REGISTER, jurisdiction="bz"
    )

    tables = {t["sheet"]: t for t in done.report["files"][0]["tables"]}
    assert tables["Payments"]["rows"]["held"] == 1 and tables["Payments"]["rows"]["accepted"] == 2
    (finding,) = [f for f in done.report["findings"] if f["code"] in ("D001", "D002")]
    assert (finding["sheet"], finding["cell"], finding["shown"]) == ("Payments", "B4", "C-2020-999")
    assert "C-2020-999" in finding["message"] and finding["fix"]
    assert not done.is_clean


def test_checking_asks_for_a_jurisdiction_that_exists(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NotFound):
        intake.check_files([], settings=settings, register=REGISTER, jurisdiction="atlantis")


def test_a_submission_with_a_held_row_stops_unless_it_may_be_held_back(
    tmp_path: Path, engine: sa.Engine, settings: Settings
) -> None:
    path = workbook(tmp_path / "chain.xlsx", CHAIN)

    stopped = read(engine, settings, received(engine, settings, path))
    going = read(engine, settings, received(engine, settings, path, hold_back=True))

    assert (stopped.state, going.state) == ("has_errors", "valid")
    assert {f.code for f in stopped.findings} & {"D001", "D002"}
    assert going.report is not None and going.report["files"][0]["tables"]


def test_reading_again_after_a_job_died_gives_the_same(tmp_path: Path, engine: sa.Engine, settings: Settings) -> None:
    id = received(engine, settings, workbook(tmp_path / "chain.xlsx", without_the_stray_voucher()))
    seen: list[tuple[str, int, int]] = []
    intake.read_submission(engine, settings, REGISTER, id, lambda *step: seen.append(step), at=b.later())
    with store.reading(engine) as conn:
        first = workflow.submission(conn, id)
    again = read(engine, settings, id)
    assert (first.state, first.change_set, first.report) == (again.state, again.change_set, again.report)
    assert {stage for stage, _, _ in seen} >= {"read", "build", "record"}


def test_what_was_published_is_recognised_and_one_corrected_cell_is_one_change(
    tmp_path: Path, engine: sa.Engine, settings: Settings
) -> None:
    book = without_the_stray_voucher()
    first = received(engine, settings, workbook(tmp_path / "a.xlsx", book))
    assert read(engine, settings, first).state == "valid"
    with store.writing(engine) as conn:
        workflow.submit(conn, first, "ana", b.later())
    with store.writing(engine) as conn:
        publish.certify(conn, settings, REGISTER, first, "ben", b.later())

    reordered = {**book, "Contracts": [book["Contracts"][0], *reversed(book["Contracts"][1:])]}
    same = read(engine, settings, received(engine, settings, workbook(tmp_path / "b.xlsx", reordered)))
    corrected = {**book, "Contracts": [*book["Contracts"][:2], [*book["Contracts"][2][:5], 7500, "BZD"]]}
    other = read(engine, settings, received(engine, settings, workbook(tmp_path / "c.xlsx", corrected)))
    vouchers = {"Payments": [CHAIN["Payments"][0], ["PV-9", "C-2020-002", "2020-07-01", 1, "BZD", "Zeta Gas Ltd"]]}
    later = read(
        engine,
        settings,
        received(engine, settings, workbook(tmp_path / "d.xlsx", vouchers), mode="append", period="2020-Q3"),
    )

    assert same.change_set is not None and other.change_set is not None and later.change_set is not None
    counts = [{k: s.change_set[k] for k in ("added", "changed", "withdrawn")} for s in (same, other, later)]
    assert counts == [
        {"added": 0, "changed": 0, "withdrawn": 0},
        {"added": 0, "changed": 1, "withdrawn": 0},
        {"added": 0, "changed": 1, "withdrawn": 0},
    ]


@pytest.mark.parametrize("language", template.LANGUAGES)
@pytest.mark.parametrize("kind", catalogue.kinds())
def test_a_filled_template_is_understood_as_it_was_meant(
    kind: str, language: str, tmp_path: Path, settings: Settings
) -> None:
    asked = template.offered(kind)
    row = {f.name: value(f) for f in asked}
    out = tmp_path / f"{kind}.xlsx"
    template.write_template(kind, language, out, filled=[row, {**row, asked[0].name: "second"}])

    read = staging.staged(
        out,
        file_name=out.name,
        sha256=intake.sha256_of(out),
        settings=settings,
        jurisdiction=REGISTER.jurisdiction("bz"),
    )

    (table,) = read.tables
    assert table.kind == kind
    assert "L002" not in {f.code for f in read.findings}  # our own hidden lists are no riddle
    assert {c.header: c.field for c in table.columns} == {f.label[language]: f.name for f in asked}


def value(field: catalogue.Field) -> Any:
    if field.type == "code":
        return catalogue.codes(field.codelist)[0].label["en"]
    plain: dict[str, Any] = {
        "money": Money(Decimal("12.50"), "BZD"),
        "date": PartialDate(2020, 5, 14),
        "quantity": Decimal(7),
        "number": Decimal(2),
        "percent": Decimal(40),
        "currency": "BZD",
        "place": "Corozal",
        "url": "https://example.org/a",
        "identifier": "N-2020-01",
    }
    return plain.get(field.type, "Some words here")

"""The example workbooks are what their scripts write, name their sources, and fit the register beside them."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importers.intake import check_files
from ledger.accounts import ROLES
from ledger.catalogue import kinds
from ledger.settings import Jurisdiction, Settings, register
from ocds import schema

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
REGISTER = register(EXAMPLES / "ledger.toml")
PLAN = tomllib.loads((EXAMPLES / "demo.toml").read_text("utf-8"))
ORDER = ("organizations", "rates", "aid", "donations", "programmes", "procurement", "payments", "deliveries")

Table = list[list[Any]]


def made_again(script: str, out: Path) -> list[Path]:
    """Run the script into another folder; return what it wrote, relative to that folder."""
    subprocess.run([sys.executable, EXAMPLES / script, "--out", out], check=True, timeout=60)
    return sorted(p.relative_to(out) for p in out.rglob("*") if p.is_file())


def cells(path: Path) -> dict[str, Table]:
    book = openpyxl.load_workbook(path, data_only=True)
    return {s.title: [list(row) for row in s.iter_rows(values_only=True)] for s in book.worksheets}


def table(path: Path, sheet: str) -> list[dict[str, Any]]:
    """The rows of a sheet by header: the first row that is filled to its end. Notes and TOTAL are left out."""
    rows = cells(path)[sheet]
    top = next(n for n, row in enumerate(rows) if all(c is not None for c in row))
    found = [dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 :]]
    return [r for r in found if sum(v is not None for v in r.values()) > 2]


# --- workbooks and their scripts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("script", "folder"), [("make_belize.py", "belize"), ("make_example.py", "example")])
def test_a_committed_workbook_is_what_its_script_writes(script: str, folder: str, tmp_path: Path) -> None:
    written = made_again(script, tmp_path)

    committed = sorted(p.relative_to(EXAMPLES / folder) for p in (EXAMPLES / folder).rglob("*.xlsx"))
    assert written == committed
    for name in written:
        assert cells(tmp_path / name) == cells(EXAMPLES / folder / name), name


@pytest.mark.parametrize("script", ["make_belize.py", "make_example.py"])
def test_a_script_writes_the_same_bytes_each_time(script: str, tmp_path: Path) -> None:
    first, second = made_again(script, tmp_path / "1"), made_again(script, tmp_path / "2")

    assert first == second
    for name in first:
        digests = {hashlib.sha256((tmp_path / n / name).read_bytes()).hexdigest() for n in "12"}
        assert len(digests) == 1, name


def test_made_up_boundaries_are_what_their_script_writes(tmp_path: Path) -> None:
    made_again("make_geo.py", tmp_path)

    made, kept = (p / "example-districts.geojson" for p in (tmp_path, EXAMPLES / "geo"))
    assert made.read_text("utf-8") == kept.read_text("utf-8")


def test_real_files_are_the_publishers_own_bytes() -> None:
    sizes = {
        "minas-gerais/data-raw__doacoes-covid-19.xls": 527_872,
        "ghana/tenders-ppa-open.csv": 1_775_894,
        "ghana/tenders-ppa-restricted.csv": 538_604,
        "ghana/tenders-ppa-single-sourced.csv": 918_366,
    }
    assert {name: (EXAMPLES / name).stat().st_size for name in sizes} == sizes


def test_no_total_row_of_ours_lacks_its_cached_value() -> None:
    for path in EXAMPLES.rglob("*.xlsx"):
        shown = openpyxl.load_workbook(path, data_only=True)
        for sheet in openpyxl.load_workbook(path).worksheets:
            formulas = [c.coordinate for row in sheet.iter_rows() for c in row if c.data_type == "f"]
            blank = [c for c in formulas if shown[sheet.title][c].value is None]
            assert not blank, (path.name, sheet.title, blank)


# --- Belize: nothing that no page says ------------------------------------------------------------------------------


BELIZE = EXAMPLES / "belize" / "belize-facts.xlsx"


@pytest.mark.parametrize("sheet", ["Donations", "Aid", "Programmes", "Deliveries"])
def test_every_fact_of_belize_names_its_page(sheet: str) -> None:
    rows = table(BELIZE, sheet)
    assert rows
    for row in rows:
        assert re.fullmatch(r"https://[a-z.]+/\S+", row["Source"]), row


def test_an_amount_without_a_currency_is_left_as_the_page_has_it() -> None:
    values = [(r["Value"], r["Currency"]) for r in table(BELIZE, "Donations") if r["Value"] is not None]

    assert [v for v in values if v[1] is None] == [("$1,296,415", None)]


def test_three_donors_of_july_2020_add_up_to_what_they_said_together() -> None:
    gifts = [r for r in table(BELIZE, "Donations") if str(r["Donation no."]).startswith("BZ-01")]

    assert len(gifts) == 3
    assert sum(r["Value"] for r in gifts) == 271_135


def test_a_running_total_is_no_gift() -> None:
    assert not [r for r in table(BELIZE, "Donations") if r["Value"] == 5_000_000]


def test_a_published_zero_and_no_published_budget_differ() -> None:
    budgets = {r["Programme no."]: r["Budget"] for r in table(BELIZE, "Programmes")}

    assert budgets["BZ-09-SA"] == budgets["BZ-09-FA"] == 0
    assert budgets["BZ-07"] is None


def test_the_footing_error_is_shown_and_not_mended() -> None:
    told = next(r["Details"] for r in table(BELIZE, "Programmes") if r["Programme no."] == "BZ-07")
    parts = [int(n.replace(",", "")) for n in re.findall(r"\d+,\d{3}", told)]

    total, *rest, said = parts
    assert total == 64_252
    assert sum(rest) == said == total + 1


# --- the Example Republic: the figures hang together ----------------------------------------------------------------


MAY = EXAMPLES / "example" / "2020-05"
JUNE = EXAMPLES / "example" / "2020-06"


def test_everything_that_a_sheet_names_is_on_another_sheet() -> None:
    agreements = {r["Agreement no."] for r in table(MAY / "external-financing.xlsx", "External financing")}
    programmes = table(MAY / "programmes.xlsx", "Budget lines 2020")
    gifts = {r["GRN"] for r in table(MAY / "donations.xlsx", "Donations received")}
    for month in (MAY, JUNE):
        bought = [*table(month / "contracts.xlsx", "Contracts"), *table(month / "contracts.xlsx", "Foreign currency")]
        paid = [*table(month / "pagos.xlsx", "Pagos"), *table(month / "pagos.xlsx", "Pagos en divisas")]
        contracts = {r["Contract no."] for r in bought}
        assert {r["Agreement no."] for r in [*programmes, *bought]} - {None} <= agreements
        assert {r["Programme no."] for r in bought} - {None} <= {r["Programme no."] for r in programmes}
        assert {r["Número de contrato"] for r in paid} <= contracts
        assert {r["Número de convenio"] for r in paid} - {None} <= agreements
    delivered = table(MAY / "deliveries.xlsx", "Deliveries")
    assert {r["Contract no."] for r in delivered} - {None} <= contracts
    assert {r["Donation no."] for r in delivered} - {None} <= gifts


def test_every_kind_of_workbook_is_there() -> None:
    assert {i.get("kind") for i in PLAN["import"] if i["publisher"].startswith("ex-")} == set(ORDER)
    assert set(ORDER) == set(kinds())


@pytest.mark.parametrize("month", [MAY, JUNE], ids=lambda p: p.name)
def test_total_rows_agree_with_their_rows(month: Path) -> None:
    for name, sheet, column in [
        ("contracts.xlsx", "Contracts", "Contract value"),
        ("pagos.xlsx", "Pagos", "Monto pagado"),
    ]:
        every = cells(month / name)[sheet]
        total = next(row for row in every if row[0] == "TOTAL")
        stated = next(v for v in total[1:] if v is not None)
        assert stated == sum(r[column] for r in table(month / name, sheet) if r[column] is not None)


def test_no_contract_is_paid_more_than_its_value() -> None:
    added = {"C-001/2020": 15_000}
    values = {
        r["Contract no."]: r["Contract value"] + added.get(r["Contract no."], 0)
        for r in table(JUNE / "contracts.xlsx", "Contracts")
        if r["Contract value"] is not None
    }
    paid = dict.fromkeys(values, 0)
    for row in table(JUNE / "pagos.xlsx", "Pagos"):
        paid[row["Número de contrato"]] += row["Monto pagado"]
    assert paid["C-001/2020"] == values["C-001/2020"] == 395_000
    assert all(paid[c] <= values[c] for c in values)


def test_june_corrects_one_amount_and_adds_one_row() -> None:
    for name, sheet, key, amount, corrected in [
        ("contracts.xlsx", "Contracts", ("Contract no.", "Item"), "Contract value", {("C-003/2020", None)}),
        (
            "pagos.xlsx",
            "Pagos",
            ("Comprobante de pago", "Número de convenio"),
            "Monto pagado",
            {("CP-0103", "AID-2020-01")},
        ),
    ]:
        may, june = ({tuple(r[k] for k in key): r for r in table(m / name, sheet)} for m in (MAY, JUNE))
        assert len(june) == len(may) + 1 and set(may) <= set(june)
        assert {k for k in may if may[k] != june[k]} == corrected
        assert all(may[k] == {**june[k], amount: may[k][amount]} for k in corrected)


def test_the_workbook_with_mistakes_is_no_part_of_the_demonstration() -> None:
    assert not [f for i in PLAN["import"] for f in i["files"] if "mistakes" in f]


# --- what the importer makes of them --------------------------------------------------------------------------------


def checked(*names: str, jurisdiction: str) -> dict[str, Any]:
    files = [EXAMPLES / n for n in names]
    return check_files(files, settings=Settings(), register=REGISTER, jurisdiction=jurisdiction).report


def tables_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [t for f in report["files"] for t in f["tables"]]


def test_every_row_of_the_fictional_workbooks_is_understood() -> None:
    names = [f for i in PLAN["import"] if i["publisher"].startswith("ex-") for f in i["files"] if "/2020-05/" in f]

    report = checked(*names, jurisdiction="EX")

    told = tables_of(report)
    assert {t["kind"] for t in told} == set(ORDER)
    assert not [f for f in report["findings"] if f["severity"] in ("error", "blocker", "warning")]
    assert sum(t["rows"]["accepted"] for t in told) == 8 + 3 + 14 + 8 + 7 + 5 + 3 + 6 + 2 + 14
    assert not any(t["rows"]["held"] for t in told)
    by_sheet = {t["sheet"]: t["totals"] for t in told}
    assert by_sheet["External financing"]["receipt"] == {"EUR": "100000.00", "USD": "400000.00", "XTS": "700000.00"}
    assert by_sheet["External financing"]["pledge"] == {"USD": "0.00", "XTS": "1120000.00"}
    assert by_sheet["Budget lines 2020"]["allocation"] == {"XTS": "2750000.00"}
    assert by_sheet["Contracts"]["contract"] == {"XTS": "635000.00"}  # with the increase, without the cancelled one
    assert by_sheet["Pagos"]["payment"] == {"XTS": "380000.00"}
    assert all(c["agrees"] for t in told for c in t["control_totals"])


def test_of_belize_only_the_amount_without_a_currency_is_held() -> None:
    report = checked("belize/belize-facts.xlsx", jurisdiction="BZ")

    told = {t["sheet"]: t for t in tables_of(report)}
    assert {s: t["kind"] for s, t in told.items()} == {
        "Donations": "donations",
        "Aid": "aid",
        "Programmes": "programmes",
        "Deliveries": "deliveries",
    }
    assert {s: t["rows"]["held"] for s, t in told.items()} == {
        "Donations": 1,
        "Aid": 0,
        "Programmes": 0,
        "Deliveries": 0,
    }
    assert [f["shown"] for f in report["findings"] if f["severity"] == "error"] == ["$1,296,415"]
    assert told["Donations"]["totals"]["receipt"] == {"BZD": "227058.00", "USD": "471135.00"}
    assert told["Aid"]["totals"]["pledge"] == {"USD": "12400000.00"}


def test_the_mistakes_are_found_in_their_cells() -> None:
    report = checked("example/with-mistakes.xlsx", jurisdiction="EX")

    found = {(f["sheet"], f["cell"]) for f in report["findings"] if f["severity"] in ("error", "warning")}
    assert found == {
        *(("Contracts", "E4"), ("Contracts", "E6"), ("Contracts", "F7")),  # E4: true dates beside a typed one
        *(("Payments", "C6"), ("Payments", "E7")),
    }


# --- the register and the plan --------------------------------------------------------------------------------------


@pytest.mark.parametrize("jurisdiction", REGISTER.jurisdictions, ids=lambda j: j.code)
def test_every_area_has_its_boundary_and_every_boundary_its_area(jurisdiction: Jurisdiction) -> None:
    codes = {a.code for a in jurisdiction.areas}
    if not jurisdiction.boundaries:
        assert not codes
        return
    shapes = json.loads((EXAMPLES / jurisdiction.boundaries).read_text("utf-8"))["features"]
    assert {f["id"] for f in shapes} == {f["properties"]["code"] for f in shapes} == codes
    assert all(f["geometry"]["coordinates"] for f in shapes)


def test_bare_belize_is_no_district() -> None:
    belize = REGISTER.jurisdiction("BZ")
    names = {n.casefold() for a in belize.areas for n in (*a.names.values(), *a.aliases)}

    assert len(belize.areas) == 6
    assert not names & {"belize", "belice"}


def test_no_two_areas_share_a_name() -> None:
    for jurisdiction in REGISTER.jurisdictions:
        names = [{n.casefold() for n in (*a.names.values(), *a.aliases)} for a in jurisdiction.areas]
        assert sum(len(n) for n in names) == len(set().union(*names) if names else set()), jurisdiction.code


def test_only_what_is_made_up_says_so() -> None:
    assert {j.code for j in REGISTER.jurisdictions if j.fictional} == {"EX"}
    for publisher in REGISTER.publishers:
        assert publisher.name.endswith("(fictional)") == (publisher.jurisdiction == "EX")


def test_currencies_are_on_the_list_of_the_standard() -> None:
    listed = schema.codelist("currency")
    assert {j.currency for j in REGISTER.jurisdictions} <= set(listed)


def test_licence_and_credit_stand_beside_every_real_file() -> None:
    for jurisdiction in REGISTER.jurisdictions:
        assert jurisdiction.licence and set(jurisdiction.credit) == set(jurisdiction.languages)
    for name in ("minas-gerais/CREDIT.txt", "ghana/CREDIT.txt", "ghana/LICENSE", "belize/CREDIT.txt"):
        assert len((EXAMPLES / name).read_text("utf-8")) > 300
    assert "Apache License" in (EXAMPLES / "geo" / "LICENSE").read_text("utf-8")
    told = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(
        f"`{p.name}/`" in told for p in EXAMPLES.iterdir() if p.is_dir() and p.name not in ("geo", "__pycache__")
    )


def test_rates_name_their_source_and_are_exact() -> None:
    assert [(r.currency, r.reporting, r.value) for r in REGISTER.rates] == [("USD", "BZD", Decimal("2.00"))]
    assert all(r.source for r in REGISTER.rates)


def test_the_plan_names_what_there_is() -> None:
    accounts = {a["id"]: {r.partition(":")[0] for r in a["roles"]} for a in PLAN["account"]}
    publishers = {p.id for p in REGISTER.publishers}

    assert set().union(*accounts.values()) <= set(ROLES)
    for account in PLAN["account"]:
        assert {r.partition(":")[2] for r in account["roles"]} - {""} <= publishers
        assert re.search(r"\((example|fictional)\)", account["name"])
    for wanted in PLAN["import"]:
        assert all((EXAMPLES / f).is_file() for f in wanted["files"])
        assert wanted["publisher"] in publishers
        assert wanted["prepared_by"] != wanted["certified_by"]
        assert "officer" in accounts[wanted["prepared_by"]] and "certifier" in accounts[wanted["certified_by"]]


def test_a_sheet_is_imported_after_the_sheets_that_it_names() -> None:
    first: dict[str, int] = {}
    for n, wanted in enumerate(i for i in PLAN["import"] if i["publisher"].startswith("ex-")):
        first.setdefault(wanted["kind"], n)
    assert sorted(first, key=lambda k: first[k]) == list(ORDER)

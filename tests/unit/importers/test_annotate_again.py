"""From errors to a clean file through the terminal: check --report, correct the marked cells, send it again."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importers.annotate import REPORT_SHEET
from importers.annotating.styles import FILLS

COMMAND = Path(sys.executable).parent / "covid-ledger"
HEADINGS = "Contract No,Title,Buyer,Procurement method,Supplier,Contract date,Amount,Currency".split(",")
ROWS: list[list[Any]] = [
    ["C-1", "Face masks", "Ministry of Health", "direct", "Example Medical Ltd", "2020-05-04", 12000, "BZD"],
    ["C-2", "Ventilators", "Ministry of Health", "open", "Another Supplier Ltd", "2020-02-31", "a lot", "BZD"],
    ["C-3", "Gowns", "Ministry of Health", "open", "Another Supplier Ltd", "2020-05-07", 700, "BZD"],
    ["C-4", "Gloves", "Ministry of Health", "open", None, "2020-05-08", 300, "BZD"],
]
RIGHT: dict[str, Any] = {"F3": "2020-02-28", "G3": 5000, "E5": "Example Medical Ltd"}


def told(home: Path, *words: str | Path, code: int) -> dict[str, Any]:
    done = subprocess.run(
        [COMMAND, "--home", home, "check", *words, "--kind", "procurement", "--json"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def about_data(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What is said of the officer's own sheets, file names aside."""
    return [{**f, "file": ""} for f in found["findings"] if f["sheet"] != REPORT_SHEET]


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Contracts"
    for row in [HEADINGS, *ROWS]:
        sheet.append(row)
    book.save(tmp_path / "wrong.xlsx")
    return tmp_path / "wrong.xlsx"


def test_an_officer_corrects_the_marked_cells_and_the_file_is_clean(wrong: Path, tmp_path: Path) -> None:
    # given a file with errors, checked with a report
    first = told(tmp_path / "home", wrong, "--report", tmp_path / "out.xlsx", code=1)
    assert first["reports"] == [str(tmp_path / "out.xlsx")]
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    sheet = book["Contracts"]
    marked = {
        c.coordinate for row in sheet.iter_rows() for c in row if c.fill.fgColor.rgb[2:] in FILLS.values() and c.comment
    }
    assert marked >= {f["cell"] for f in first["findings"] if f["severity"] == "error"}
    assert marked == RIGHT.keys()
    # when it is checked again as it is, the same is said of the same cells
    again = told(tmp_path / "home", tmp_path / "out.xlsx", code=1)
    assert about_data(again) == about_data(first)
    assert [t["rows"] for t in again["files"][0]["tables"]] == [t["rows"] for t in first["files"][0]["tables"]]
    # when the cells are corrected in the very file, nothing is wrong any more
    for cell, value in RIGHT.items():
        sheet[cell].value = value
    book.save(tmp_path / "corrected.xlsx")
    last = told(tmp_path / "home", tmp_path / "corrected.xlsx", "--report", tmp_path / "clean.xlsx", code=0)
    assert not [f for f in about_data(last) if f["severity"] in ("error", "blocker")]
    assert last["files"][0]["tables"][0]["rows"]["accepted"] == 4
    # and its report has no colour and no comment left
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = openpyxl.load_workbook(tmp_path / "clean.xlsx")
    left = {c.coordinate for row in clean["Contracts"].iter_rows() for c in row if c.comment or c.fill.patternType}
    said = {f["cell"] for f in about_data(last) if f["severity"] == "warning"}
    assert left == {c for c in said if c}
    assert clean.sheetnames == ["Contracts", REPORT_SHEET]


def test_several_files_have_a_number_or_their_names_in_a_folder(wrong: Path, tmp_path: Path) -> None:
    (tmp_path / "gifts.csv").write_text("Donor,Amount\n")
    files = [wrong, tmp_path / "gifts.csv"]
    numbered = told(tmp_path / "home", *files, "--report", tmp_path / "out.xlsx", "--lang", "es", code=1)["reports"]
    assert numbered[0] == str(tmp_path / "out-1.xlsx") and Path(numbered[0]).exists()
    named = told(tmp_path / "home", *files, "--report", tmp_path / "reports", code=1)["reports"]
    assert named[0] == str(tmp_path / "reports" / "wrong.report.xlsx") and Path(named[0]).exists()
    texts = [c.value for row in openpyxl.load_workbook(numbered[0])[REPORT_SHEET].iter_rows() for c in row]
    assert "Gravedad" in texts


def test_no_file_of_the_officer_is_written_over(wrong: Path, tmp_path: Path) -> None:
    before = wrong.read_bytes()
    for words in (["--report", str(wrong)], ["--report", "x.xlsx", "--lang", "fr"]):
        done = subprocess.run([COMMAND, "check", wrong, *words], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert wrong.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["wrong.xlsx"]

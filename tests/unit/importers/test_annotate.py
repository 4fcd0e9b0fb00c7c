"""The officer's workbook comes back marked and otherwise as it was: looks, comments, index, every other part.

Most tests mark inside this process (`mark`), which is what the child does; the door with its child processes is tested
at the end. `workbook` makes one of everything that an office puts into one.
"""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from importers import annotate
from importers.annotate import MARKER, REPORT_SHEET, annotated, is_report
from importers.annotating import archive, child, comments, copying, index, markup, sheet, styles, words
from importers.sandbox import RawSheet
from ledger.errors import Refused
from ledger.findings import Finding, Severity
from ledger.settings import Settings
from ledger.values import CellRef, Sha256

FILE = Sha256("f" * 64)
RED, YELLOW = (f"FF{colour}" for colour in (styles.FILLS["error"], styles.FILLS["warning"]))
BAD = "=cmd|'/C calc'!A0"
LABELS = {"label": "Amount", "etiqueta": "Monto"}


def finding(
    cell: str, shown: str = "abc", severity: Severity = Severity.ERROR, name: str = "Data", **told: Any
) -> Finding:
    params = told.pop("params", LABELS)
    return Finding(
        told.pop("code", "V003"), severity, CellRef(told.pop("file", FILE), name, cell), "amount", shown, params, **told
    )


def mark(data: bytes, *found: Finding, language: str = "en") -> bytes:
    """The marked workbook, made without a child process."""
    told = words.marked(found, FILE, "in.xlsx", language)
    job = child.json.loads(child.json.dumps({"sheets": told.sheets, "report": told.report}))
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as opened:
        return b"".join(child.patched(file, opened, job))


def book(data: bytes, values: bool = True) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl says what it will lose
        return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {n: opened.read(n) for n in opened.namelist()}


def raw(data: bytes, name: str) -> bytes:
    """The compressed bytes of a part."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = opened.getinfo(name)
    start = info.header_offset + 30 + sum(struct.unpack("<2H", data[info.header_offset + 26 : info.header_offset + 30]))
    return data[start : start + info.compress_size]


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def fill(cell: Any) -> str:
    return cell.fill.fgColor.rgb if cell.fill.patternType == "solid" else ""


def picture() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    dot = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    return b"\x89PNG\r\n\x1a\n" + dot + chunk(b"IEND", b"")


@cache
def workbook() -> bytes:
    """Two sheets: `Data` has a red cell to be in G3 and none in G4; B2 and G3 have comments of the officer's own."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    data, other = made.add_worksheet("Data"), made.add_worksheet("It's notes")
    head, grey = made.add_format({"bold": True}), made.add_format({"num_format": "#,##0.00", "bg_color": "#EEEEEE"})
    data.write_row(0, 0, ["No", "Title", "Buyer", "Method", "Supplier", "Date", "Amount"], head)
    for row, amount in ((1, 12000), (2, 400), (4, 700)):
        data.write_row(row, 0, [f"C-{row}", "Masks", "Ministry of Health", "open", "Example Ltd", "2020-05-04"])
        data.write_number(row, 6, amount, grey)
    data.write_row(3, 0, ["C-3", "Gowns", "Ministry of Health", "open", "Example Ltd", "2020-05-04"])
    data.write_formula("K2", "=SUM(G2:G5)", None, 13100)
    data.write_rich_string("K3", "a ", head, "bold", " word")
    data.write_comment("B2", "look here", {"author": "Ana Example"})
    data.write_comment("G3", "as the invoice says", {"author": "Ana Example"})
    data.freeze_panes(1, 0)
    data.merge_range("K5:L6", "merged")
    data.data_validation("D2:D9", {"validate": "list", "source": ["open", "direct"]})
    data.conditional_format("G2:G9", {"type": "data_bar", "data_bar_2010": True})
    data.add_sparkline("M2", {"range": "Data!G2:G5"})
    chart = made.add_chart({"type": "column"})
    chart.add_series({"values": "=Data!$G$2:$G$5"})
    data.insert_chart("N5", chart)
    data.insert_image("N20", "dot.png", {"image_data": io.BytesIO(picture())})
    made.define_name("Whole", "=Data!$K$2")
    other.write_string("A1", "free text")
    made.close()
    return out.getvalue()


@pytest.fixture(scope="module")
def rich() -> bytes:
    return workbook()


# --- what moves and what does not -----------------------------------------------------------------------------------


def test_a_wrong_cell_is_filled_and_says_what_is_wrong(rich: bytes) -> None:
    made = book(mark(rich, finding("G2"), finding("F2", severity=Severity.WARNING, code="V013", params={})))["Data"]
    assert (fill(made["G2"]), fill(made["F2"]), fill(made["G5"])) == (RED, YELLOW, "FFEEEEEE")
    assert made["G2"].comment.author == "covid-ledger"
    said = made["G2"].comment.text
    assert said.startswith("[Ledger report]\n“abc” is not a number.") and "Write only the figure" in said
    assert "Example: Write 1500" in said
    assert made["G2"].number_format == "#,##0.00" and made["G2"].value == 12000


def test_an_error_is_red_even_where_something_else_deserves_a_look(rich: bytes) -> None:
    warning = finding("G2", severity=Severity.WARNING, code="V013", params={})
    for order in ((warning, finding("G2")), (finding("G2"), warning)):
        made = book(mark(rich, *order))["Data"]["G2"]
        assert fill(made) == RED and "not a number" in made.comment.text and "not possible" in made.comment.text


def test_everything_else_is_what_it_was(rich: bytes) -> None:
    made = mark(rich, finding("G2"), finding("G4"))
    before, after = parts(rich), parts(made)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/worksheets/sheet1.xml", "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml",
    }  # fmt: skip
    for name in before.keys() - changed:
        assert raw(made, name) == raw(rich, name), name
    assert "xl/charts/chart1.xml" in before.keys() - changed and "xl/media/image1.png" in before.keys() - changed
    # Of the sheet itself only the looks of the two cells change, and the blank one is put in.
    plain = re.sub(rb'<c r="G4" s="\d+"/>', b"", after["xl/worksheets/sheet1.xml"])
    plain = re.sub(rb'(<c r="G2") s="\d+"', rb"\1", plain)
    assert plain == re.sub(rb'(<c r="G2") s="\d+"', rb"\1", before["xl/worksheets/sheet1.xml"])


def test_values_of_formulas_pictures_and_rules_are_read_back(rich: bytes) -> None:
    made = mark(rich, finding("G2"), finding("G4"), finding("K2"))
    data, formulas = book(made)["Data"], book(made, values=False)["Data"]
    assert data["K2"].value == 13100 and formulas["K2"].value == "=SUM(G2:G5)" and fill(data["K2"]) == RED
    assert data["K3"].value == "a bold word" and data.freeze_panes == "A2"
    assert [str(r) for r in data.merged_cells.ranges] == ["K5:L6"]
    assert len(data.data_validations.dataValidation) == 1 and len(data.conditional_formatting) == 1
    assert b"sparkline" in parts(made)["xl/worksheets/sheet1.xml"]
    assert book(made).sheetnames == ["Data", "It's notes", REPORT_SHEET]


def test_a_blank_cell_is_put_in_where_it_belongs(rich: bytes) -> None:
    made = mark(rich, finding("G4"), finding("C9"), finding("H5"), finding("B7"))
    xml = parts(made)["xl/worksheets/sheet1.xml"]
    rows = [int(n) for n in re.findall(rb'<row r="(\d+)"', xml)]
    assert rows == sorted(rows) and {7, 9} <= set(rows)
    for row in re.findall(rb"<row .*?</row>", xml):
        columns = [index.column_letters(0) or c for c in re.findall(rb'<c r="([A-Z]+)', row)]
        assert columns == sorted(columns, key=lambda c: (len(c), c))
    data = book(made)["Data"]
    assert [fill(data[c]) for c in ("G4", "C9", "H5", "B7")] == [RED] * 4
    assert data["C9"].comment and data["G4"].value is None


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.tuples(st.integers(1, 12), st.integers(1, 10)), max_size=30),
    st.sampled_from([Severity.ERROR, Severity.WARNING]),
)
def test_whatever_is_marked_no_value_and_no_other_part_moves(cells: set[tuple[int, int]], severity: Severity) -> None:
    rich = workbook()
    found = [finding(f"{index.column_letters(c)}{r}", severity=severity) for r, c in cells]
    made = mark(rich, *found)
    old, new = book(rich)["Data"], book(made)["Data"]
    colour = RED if severity is Severity.ERROR else YELLOW
    for r in range(1, 13):
        for c in range(1, 17):
            assert old.cell(r, c).value == new.cell(r, c).value
            assert fill(new.cell(r, c)) == (colour if (r, c) in cells else fill(old.cell(r, c)))
            assert old.cell(r, c).number_format == new.cell(r, c).number_format
    for name in ("xl/charts/chart1.xml", "xl/media/image1.png", "xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"):
        assert raw(made, name) == raw(rich, name)
    # Sent in once more after everything was corrected, it has its former looks again.
    clean = book(mark(made))["Data"]
    assert all(fill(old.cell(r, c)) == fill(clean.cell(r, c)) for r in range(1, 13) for c in range(1, 17))


# --- comments -------------------------------------------------------------------------------------------------------


def test_a_comment_that_is_there_stays_and_ours_stands_below(rich: bytes) -> None:
    data = book(mark(rich, finding("G3"), finding("G2")))["Data"]
    assert data["B2"].comment.text == "look here" and data["B2"].comment.author == "Ana Example"
    assert data["G3"].comment.text.startswith("as the invoice says\n\n[Ledger report]\n“abc” is not a number.")
    assert data["G3"].comment.author == "Ana Example"


def test_each_comment_has_one_shape(rich: bytes) -> None:
    made = parts(mark(rich, finding("G3"), finding("G2"), finding("C9")))
    shapes = made["xl/drawings/vmlDrawing1.vml"]
    places = re.findall(rb"<x:Row>(\d+)</x:Row>\s*<x:Column>(\d+)</x:Column>", shapes)
    assert sorted(places) == sorted({(b"1", b"1"), (b"2", b"6"), (b"1", b"6"), (b"8", b"2")})
    ids = re.findall(rb'id="_x0000_s(\d+)"', shapes)
    assert len(set(ids)) == len(ids) == 4


def test_a_discussion_is_left_alone(rich: bytes) -> None:
    files = parts(rich)
    files["xl/comments1.xml"] = files["xl/comments1.xml"].replace(b"Ana Example", b"tc={0A1B}")
    files["xl/threadedComments/threadedComment1.xml"] = b"<ThreadedComments/>"
    rels = files["xl/worksheets/_rels/sheet1.xml.rels"]
    kind = b"http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    files["xl/worksheets/_rels/sheet1.xml.rels"] = rels.replace(
        b"</Relationships>",
        b'<Relationship Id="rId77" Type="%s" Target="../threadedComments/threadedComment1.xml"/></Relationships>'
        % kind,
    )
    data = zipped(files)
    made = mark(data, finding("G3"), finding("G2"))
    assert raw(made, "xl/threadedComments/threadedComment1.xml") == raw(
        data, "xl/threadedComments/threadedComment1.xml"
    )
    told = book(made)["Data"]
    assert told["G3"].comment.text == "as the invoice says" and fill(told["G3"]) == RED
    assert "[Ledger report]" in told["G2"].comment.text


def test_a_thousand_comments_are_the_most_and_every_cell_is_filled() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    made.add_worksheet("Data").write_string("A1", "No")
    made.close()
    many = [finding(f"D{n}") for n in range(2, 1702)]
    few = [finding(f"B{n}", code="V013", params={}, severity=Severity.WARNING) for n in range(2, 12)]
    result = book(mark(out.getvalue(), *many, *few))
    data = result["Data"]
    with_comment = [c for row in data.iter_rows() for c in row if c.comment]
    assert len(with_comment) <= 1000 and all(data[f"B{n}"].comment for n in range(2, 12))
    assert all(fill(data[f"D{n}"]) == RED for n in range(2, 1702))
    assert f"{1700 - sum(c.column == 4 for c in with_comment):} more cells" in data["D2"].comment.text
    lines = [row for row in result[REPORT_SHEET].iter_rows(values_only=True) if row[6] == "V003"]
    assert len(lines) == 1 and lines[0][5] == "1700"


def test_cells_that_share_a_cause_say_so_without_the_words_of_the_first(rich: bytes) -> None:
    grouped = finding("G2", also_at=(CellRef(FILE, "Data", "G4"), CellRef(Sha256("0" * 64), "Data", "G5")))
    data = book(mark(rich, grouped))["Data"]
    assert data["G4"].comment.text.startswith("[Ledger report]\nThe same as in G2:") and fill(data["G5"]) == "FFEEEEEE"


# --- the index ------------------------------------------------------------------------------------------------------


def test_the_index_leads_to_the_cells_worst_first(rich: bytes) -> None:
    found = [
        finding("B2", severity=Severity.WARNING, code="V013", params={}),
        finding("G2"),
        finding("A1", name="It's notes", severity=Severity.NOTICE),
    ]
    told = book(mark(rich, *found))[REPORT_SHEET]
    lines = [r for r in told.iter_rows() if r[6].value in ("V003", "V013")]
    assert [r[1].value for r in lines] == ["Data!G2", "Data!B2", "It's notes!A1"]
    assert [r[1].hyperlink.location for r in lines] == ["'Data'!G2", "'Data'!B2", "'It''s notes'!A1"]
    assert told["A1"].value == MARKER and is_report(told.title, told["A1"].value)
    assert lines[0][2].value.startswith("“abc” is not a number.") and lines[0][4].value.startswith("Write 1500")
    assert fill(lines[0][0]) == RED and fill(lines[1][0]) == YELLOW and fill(lines[2][0]) == ""


def test_what_is_said_of_a_row_or_a_file_is_in_the_index_only(rich: bytes) -> None:
    row = finding("A3", code="L010", params={"found": 5, "expected": 7})
    area = finding("A2:C4")
    whole = Finding("V003", Severity.ERROR, None, "", "x", LABELS)
    made = mark(rich, row, area, whole)
    assert raw(made, "xl/worksheets/sheet1.xml") == raw(rich, "xl/worksheets/sheet1.xml")
    told = [r for r in book(made)[REPORT_SHEET].iter_rows(values_only=True) if r[6] in ("L010", "V003")]
    assert [r[1] for r in told] == ["Data!A3", "Data!A2:C4", ""]


def test_it_speaks_spanish(rich: bytes) -> None:
    made = book(mark(rich, finding("G2"), language="es"))
    assert "no es un número" in made["Data"]["G2"].comment.text and "Ejemplo: " in made["Data"]["G2"].comment.text
    texts = [c for row in made[REPORT_SHEET].iter_rows(values_only=True) for c in row if c]
    assert {"Gravedad", "Cómo corregirlo", "error"} <= set(texts) and texts[0] == MARKER


def test_findings_of_another_file_are_not_told_here(rich: bytes) -> None:
    made = book(mark(rich, finding("G2", file=Sha256("0" * 64))))
    assert fill(made["Data"]["G2"]) == "FFEEEEEE"
    assert any("Nothing was found" in str(r[0]) for r in made[REPORT_SHEET].iter_rows(values_only=True))


@pytest.mark.parametrize(
    "shown", [BAD, "<script>alert(1)</script>", "a\x00\x0bb", "]]>&amp;", "_x0041_", "\ud83d", "@x" * 2000]
)
def test_what_an_officer_typed_stays_a_text(rich: bytes, shown: str) -> None:
    made = mark(rich, finding("G2", shown), finding("G3", shown))
    for name, data in parts(made).items():
        if name.endswith((".xml", ".rels")):
            markup.outline(data)
    assert b"<f>" not in parts(made)["xl/worksheets/sheet3.xml"] and b"<script" not in b"".join(parts(made).values())
    told = book(made)
    said = told["Data"]["G2"].comment.text
    assert len(said) <= 1100
    line = next(r for r in told[REPORT_SHEET].iter_rows() if r[6].value == "V003")
    assert all(c.data_type in ("s", "inlineStr", "n") for c in line) and not any(c.data_type == "f" for c in line)
    assert markup.cell_text(shown)[:500] in parts(made)["xl/comments1.xml"]
    if shown in (BAD, "<script>alert(1)</script>", "]]>&amp;"):
        assert f"“{shown}”" in line[2].value and f"“{shown}”" in said


def test_text_in_the_form_of_a_code_is_not_decoded() -> None:
    assert markup.cell_text("_x0041_ & \x07é") == b"_x005F_x0041_ &amp; &#233;"
    assert markup.attribute('a"b<\n') == b"a&quot;b&lt;&#10;"


# --- once more ------------------------------------------------------------------------------------------------------


def test_marking_again_replaces_what_was_marked(rich: bytes) -> None:
    first = mark(rich, finding("G2"), finding("G3"), finding("G4"))
    second = mark(first, finding("G2"), finding("G3"), finding("G4"))
    assert parts(first) == parts(second)


def test_a_corrected_cell_has_its_former_look_and_its_own_comment_again(rich: bytes) -> None:
    first = mark(rich, finding("G2"), finding("G3"), finding("B5"))
    corrected = book(first, values=False)
    corrected["Data"]["G2"].value = 500
    saved = io.BytesIO()
    corrected.save(saved)
    made = book(mark(saved.getvalue(), finding("B5", severity=Severity.WARNING)))
    data = made["Data"]
    assert (fill(data["G2"]), fill(data["G3"]), fill(data["B5"])) == ("FFEEEEEE", "FFEEEEEE", YELLOW)
    assert data["G2"].comment is None and data["G3"].comment.text == "as the invoice says"
    assert data["G2"].value == 500 and data["G2"].number_format == "#,##0.00"
    assert made.sheetnames == ["Data", "It's notes", REPORT_SHEET]
    assert [r[1] for r in made[REPORT_SHEET].iter_rows(values_only=True) if r[6]][1:] == ["Data!B5"]


def test_a_sheet_of_the_same_name_that_is_not_ours_stays() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    made.add_worksheet(REPORT_SHEET).write_string("A1", "our own report")
    made.close()
    first = mark(out.getvalue(), finding("A1", name=REPORT_SHEET))
    told = book(mark(first))
    assert told.sheetnames == [REPORT_SHEET, "Ledger report (2)"]
    assert told[REPORT_SHEET]["A1"].value == "our own report"
    assert [is_report(n, told[n]["A1"].value) for n in told.sheetnames] == [False, True]


def test_the_comments_of_our_template_are_not_taken_for_a_report() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    data = made.add_worksheet("Data")
    data.write_string("A1", "No")
    data.write_comment("A1", "The contract's number.", {"author": "covid-ledger"})
    made.close()
    told = book(mark(mark(out.getvalue(), finding("A2"))))["Data"]
    assert told["A1"].comment.text == "The contract's number." and told["A2"].comment is None


# --- workbooks written otherwise --------------------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REL = "http://schemas.openxmlformats.org/package/2006/relationships"
ROWS = '<row r="2"><c r="A2" t="inlineStr"><is><t>one</t></is></c><c r="C2"><v>3</v></c></row><row r="4"/>'


def made_by_hand(
    body: str = ROWS, tail: str = "", head: str = "", space: str = MAIN, doc: str = DOC, p: str = "",
    target: str = "worksheets/sheet1.xml", xml: str = "", **more: bytes | str
) -> bytes:  # fmt: skip
    """A workbook without styles. `p` is a prefix with its colon."""
    colon = f":{p[:-1]}" if p else ""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheet_part = xml or (
        f'<?xml version="1.0"?><{p}worksheet xmlns{colon}="{space}" xmlns:r="{doc}">{head}'
        f"<{p}sheetData>{body}</{p}sheetData>{tail}</{p}worksheet>"
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{REL}">'
            f'<Relationship Id="rId1" Type="{doc}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<{p}workbook xmlns{colon}="{space}" xmlns:r="{doc}"><{p}sheets>'
            f'<{p}sheet name="Data" sheetId="1" r:id="rId1"/></{p}sheets></{p}workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{REL}">'
            f'<Relationship Id="rId1" Type="{doc}/worksheet" Target="{target}"/></Relationships>',
            "xl/worksheets/sheet1.xml": sheet_part,
            **more,
        }
    )


UNUSUAL: dict[str, dict[str, Any]] = {
    "no styles, inline text, closed rows": {},
    "prefixed": {
        "p": "x:",
        "body": '<x:row r="2"><x:c r="A2" t="inlineStr"><x:is><x:t>one</x:t></x:is></x:c>'
        '<x:c r="C2"><x:v>3</x:v></x:c></x:row><x:row r="4"/>',
    },
    "no addresses": {
        "body": '<row/><row><c t="inlineStr"><is><t>one</t></is></c><c/><c><v>3</v></c></row><row></row><row/>'
    },
    "single quotes": {
        "body": "<row r='2' ><c r='A2' t='inlineStr' ><is><t>one</t></is></c><c r='C2' ><v>3</v></c ></row >"
    },
    "absolute target": {"target": "/xl/worksheets/sheet1.xml"},
    "target that goes up": {"target": "../xl/worksheets/sheet1.xml"},
    "tail": {
        "head": '<dimension ref="A2:C2"/><cols><col min="2" max="2" width="9" style="0"/></cols>',
        "tail": '<pageMargins left="1" right="1" top="1" bottom="1" header="1" footer="1"/>'
        '<tableParts count="0"/><extLst><ext uri="{x}"/></extLst>',
    },
}  # fmt: skip


@pytest.mark.parametrize("how", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_workbooks_that_no_office_writes_are_marked_too(how: dict[str, Any]) -> None:
    made = mark(made_by_hand(**how), finding("A2"), finding("B2"), finding("D4"), finding("A1"), finding("C9"))
    data = book(made)["Data"]
    assert (data["A2"].value, data["C2"].value) == ("one", 3)
    assert [fill(data[c]) for c in ("A2", "B2", "D4", "A1", "C9", "C2")] == [RED] * 5 + [""]
    assert all(data[c].comment for c in ("A2", "B2", "D4", "A1", "C9"))
    assert book(mark(made))["Data"]["A2"].comment is None
    xml = parts(made)["xl/worksheets/sheet1.xml"]
    for row in re.findall(rb"<(?:x:)?row\b.*?</(?:x:)?row ?>", xml):
        columns = re.findall(rb"<(?:x:)?c [^>]*?r=[\"']([A-Z])", row)
        assert columns == sorted(columns)
    order = [xml.find(word) for word in (b"pageMargins", b"legacyDrawing", b"tableParts") if word in xml]
    assert order == sorted(order)
    if b"dimension" in xml:
        assert b'ref="A1:D9"' in xml


@pytest.mark.parametrize(
    "target", ["Worksheets/Sheet1.xml", r"worksheets\sheet1.xml", "./worksheets/../worksheets/sheet1.xml"]
)
def test_a_link_to_a_sheet_may_be_written_in_odd_ways(target: str) -> None:
    plain, odd = (parts(mark(made_by_hand(target=t), finding("A2"))) for t in ("worksheets/sheet1.xml", target))
    assert odd["xl/worksheets/sheet1.xml"] == plain["xl/worksheets/sheet1.xml"] and odd.keys() == plain.keys()


def test_a_strict_workbook_is_marked_in_its_own_words() -> None:
    strict = "http://purl.oclc.org/ooxml/officeDocument/relationships"
    made = parts(mark(made_by_hand(space=STRICT, doc=strict), finding("A2")))
    assert f'Type="{strict}/comments"'.encode() in made["xl/worksheets/_rels/sheet1.xml.rels"]
    assert all(STRICT.encode() in made[n] for n in ("xl/comments1.xml", "xl/worksheets/sheet2.xml"))
    assert MAIN.encode() not in made["xl/worksheets/sheet2.xml"]


def test_a_row_and_a_column_with_a_look_give_it_to_the_cells_that_are_put_in() -> None:
    looks = styles.EMPTY.replace(
        b"</cellXfs>",
        b'<xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        b'<xf numFmtId="9" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        b"</cellXfs>",
    ).replace(b'<cellXfs count="1">', b'<cellXfs count="3">')
    data = parts(
        made_by_hand(
            '<row r="2" s="1" customFormat="1"><c r="A2"/></row>',
            head='<cols><col min="3" max="3" width="9" style="2"/></cols>',
        )
    )
    data["xl/styles.xml"] = looks
    data["xl/_rels/workbook.xml.rels"] = data["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        f'<Relationship Id="rId2" Type="{DOC}/styles" Target="styles.xml"/></Relationships>'.encode(),
    )
    data["[Content_Types].xml"] = data["[Content_Types].xml"].replace(
        b"</Types>",
        f'<Override PartName="/xl/styles.xml" ContentType="{child.KIND}styles+xml"/></Types>'.encode(),
    )
    made = book(mark(zipped(data), finding("C2"), finding("C5")))["Data"]
    assert (made["C2"].number_format, made["C5"].number_format) == ("0.00", "0%")


ODD = {
    "comment between rows": {"body": '<!-- x --><row r="2"><c r="A2"><v>1</v></c></row>'},
    "rows out of order": {"body": '<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'},
    "cut off": {"xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="2"><c r="A2"><v>1</v></c></row>'},
    "no rows at all": {"xml": f'<worksheet xmlns="{MAIN}"/>'},
}


@pytest.mark.parametrize("how", ODD.values(), ids=ODD.keys())
def test_what_cannot_be_edited_in_place_is_said_before_a_byte_is_written(how: dict[str, Any]) -> None:
    with pytest.raises(markup.Odd):
        mark(made_by_hand(**how), finding("A2"))


def test_rows_in_small_pieces_are_the_same_rows() -> None:
    later = ROWS.replace('"2"', '"5"').replace("A2", "A5").replace("C2", "C5").replace('r="4"', 'r="9"')
    first = '<row r="1"><c r="A1" s="0"><v>1</v></c></row><row r="3"/>'
    part = parts(made_by_hand(first + later))["xl/worksheets/sheet1.xml"]
    marks = {2: {1: "error"}, 3: {2: "error"}, 5: {3: "warning"}, 11: {4: "error"}}
    whole = b"".join(sheet.Rewriter(marks, lambda s, w: 7 if w else s, ()).pieces([part]))
    for size in (1, 7, 50):
        cut = [part[n : n + size] for n in range(0, len(part), size)]
        assert b"".join(sheet.Rewriter(marks, lambda s, w: 7 if w else s, ()).pieces(cut)) == whole
    assert whole.count(b's="7"') == 4


def test_the_shapes_of_an_office_that_are_no_xml_are_matched_all_the_same() -> None:
    shapes = (
        b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        b'<v:shape id="_x0000_s1030"><v:textbox><div>button<br></div></v:textbox><x:ClientData ObjectType="Button">'
        b"<x:Row>1</x:Row><x:Column>1</x:Column></x:ClientData></v:shape></xml>"
    )
    first = comments.commented(comments.empty(False), shapes, {(2, 2): "wrong"}, 1)
    assert b"button<br>" in first.shapes and b"_x0000_s1031" in first.shapes
    again = comments.commented(first.comments, first.shapes, {}, 1)
    assert b"button<br>" in again.shapes and b"_x0000_s1031" not in again.shapes and b"wrong" not in again.comments


def test_a_fill_that_libreoffice_saved_gives_no_false_colour_back() -> None:
    looks = styles.Styles(styles.EMPTY)
    red = looks.look(0, "error")
    saved = looks.written().replace(b'<bgColor indexed="64"/>', b'<bgColor rgb="FFCCCCFF"/>')
    assert styles.Styles(saved, keeps_background=False).look(red, "") == 0
    assert styles.Styles(looks.written()).look(red, "") == 0


def test_a_zip_cut_off_inside_a_part_is_refused(rich: bytes) -> None:
    file = io.BytesIO(rich)
    with zipfile.ZipFile(file) as opened:
        for cut in (len(rich) // 2, opened.start_dir - 1, opened.infolist()[-1].header_offset + 10):
            with pytest.raises(child.Blocked):
                b"".join(archive.rewritten(opened, io.BytesIO(rich[:cut]), {}))


# --- files that cannot hold marks ---------------------------------------------------------------------------------


def test_a_copy_has_the_values_as_read_and_no_formula(tmp_path: Path) -> None:
    rows: list[Any] = [
        [("s", "Supplier"), ("s", "Amount"), ("s", "Day")],
        [("s", BAD), ("n", "12.5", '"BZ$"0.00'), ("d", "2020-05-04")],
        [None, ("b", "TRUE"), ("d", "2020-05-04T10:00:00")],
        [("s", "http://example.org"), ("e", "#REF!"), ("f", "")],
    ]
    name = "a very long name of a sheet: with/signs"
    read = RawSheet(name, True, rows, frozenset({3}), (), ())
    told = words.marked([finding("B4", name=name), finding("A3", BAD, name=name)], FILE, "in.csv", "en", is_copy=True)
    copying.write(tmp_path / "out.xlsx", [read, RawSheet(name + "2", False, [], frozenset(), (), ())], told)
    made = openpyxl.load_workbook(tmp_path / "out.xlsx")
    data = made.worksheets[0]
    assert data["A2"].value == BAD and data["A2"].data_type == "s" and data["A4"].hyperlink is None
    assert data["B2"].value == 12.5 and data["B2"].number_format == '"BZ$"0.00' and data["B3"].value is True
    assert data["C2"].value.isoformat() == "2020-05-04T00:00:00" and data["C3"].value.hour == 10
    assert fill(data["B4"]) == RED and fill(data["A3"]) == RED and data["A3"].comment.text.startswith("[Ledger report]")
    assert data.row_dimensions[3].hidden and made.worksheets[1].sheet_state == "hidden"
    assert all(len(n) <= 31 for n in made.sheetnames) and len(set(made.sheetnames)) == 3
    index_sheet = made[REPORT_SHEET]
    line = next(r for r in index_sheet.iter_rows() if r[6].value == "V003")
    assert line[1].hyperlink.location == f"'{data.title}'!B4" and index_sheet["A1"].value == MARKER
    assert not any(c.data_type == "f" for s in made for row in s.iter_rows() for c in row)


# --- the door: child processes ------------------------------------------------------------------------------------


def here(path: Path, cell: str, name: str, **told: Any) -> Finding:
    return finding(cell, name=name, file=Sha256(sha256(path.read_bytes()).hexdigest()), **told)


def test_the_door_marks_a_workbook_in_a_child_process(rich: bytes, tmp_path: Path) -> None:
    path, out = tmp_path / "in.xlsx", tmp_path / "deep" / "out.xlsx"
    path.write_bytes(rich)
    found = [here(path, "G2", "Data")]
    assert annotated(path, "in.xlsx", found, "en", Settings(), out) == out
    assert fill(book(out.read_bytes())["Data"]["G2"]) == RED and list(out.parent.iterdir()) == [out]
    assert path.read_bytes() == rich
    with pytest.raises(Refused):
        annotated(path, "in.xlsx", found, "fr", Settings(), out)


def test_a_workbook_that_cannot_be_edited_comes_back_as_a_copy(tmp_path: Path, rich: bytes) -> None:
    path, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    files = parts(rich)
    files["xl/styles.xml"] = re.sub(rb"<fonts.*</fonts>", b"", files["xl/styles.xml"])
    path.write_bytes(zipped(files))
    assert annotated(path, "in.xlsx", [here(path, "G2", "Data")], "en", Settings(), out) == out
    made = book(out.read_bytes())
    assert fill(made["Data"]["G2"]) == RED and made["Data"]["G2"].value == 12000 and made["Data"]["K2"].value == 13100
    assert any("This is a copy" in str(r[0]) for r in made[REPORT_SHEET].iter_rows(values_only=True))


def test_half_an_answer_of_the_child_is_thrown_away(
    tmp_path: Path, rich: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(rich)
    monkeypatch.setattr(annotate, "GROWTH", -2 * len(rich) + 100)
    assert annotated(path, "in.xlsx", [here(path, "G2", "Data")], "en", Settings(), out) == out
    assert fill(book(out.read_bytes())["Data"]["G2"]) == RED and "xl/charts/chart1.xml" not in parts(out.read_bytes())


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "a macro": lambda data: zipped({**parts(data), "xl/vbaProject.bin": b"x"}),
    "a document type": lambda data: zipped({**parts(data), "xl/styles.xml": b"<!DOCTYPE x><styleSheet/>"}),
    "a part of garbage": lambda data: zipped({**parts(data), "xl/workbook.xml": b"\x00garbage"}),
    "nothing": lambda data: b"PK",
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_the_reader_refuses_is_not_marked_either(
    change: Callable[[bytes], bytes], rich: bytes, tmp_path: Path
) -> None:
    path, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(change(rich))
    assert annotated(path, "in.xlsx", [here(path, "G2", "Data")], "en", Settings(), out) is None
    assert list(tmp_path.iterdir()) == [path]


def test_a_csv_comes_back_as_a_workbook(tmp_path: Path) -> None:
    path, out = tmp_path / "gifts.csv", tmp_path / "out.xlsx"
    path.write_text(f'Donor,Amount\nExample Foundation,abc\n"{BAD}",00123\n', "utf-8")
    assert annotated(path, path.name, [here(path, "B2", "gifts")], "es", Settings(), out) == out
    made = book(out.read_bytes(), values=False)
    data = made["gifts"]
    assert data["A3"].value == BAD and data["A3"].data_type == "s" and data["B3"].value == "00123"
    assert fill(data["B2"]) == RED and made.sheetnames == ["gifts", REPORT_SHEET]
    assert any("copia" in str(r[0]) for r in made[REPORT_SHEET].iter_rows(values_only=True))


def test_an_old_workbook_comes_back_as_a_new_one(tmp_path: Path) -> None:
    import xlwt

    path, out = tmp_path / "old.xls", tmp_path / "out.xlsx"
    old = xlwt.Workbook()
    told = old.add_sheet("Dados")
    told.write(0, 0, "Donor")
    told.write(1, 0, 12.25)
    old.save(str(path))
    assert annotated(path, path.name, [here(path, "A2", "Dados")], "en", Settings(), out) == out
    data = book(out.read_bytes())["Dados"]
    assert data["A2"].value == 12.25 and fill(data["A2"]) == RED


def test_a_child_without_memory_is_no_accident(rich: bytes, tmp_path: Path) -> None:
    path, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(rich)
    limits = Settings(read_memory_max=20_000_000)
    assert annotated(path, "in.xlsx", [here(path, "G2", "Data")], "en", limits, out) is None
    assert list(tmp_path.iterdir()) == [path]


# --- an office program --------------------------------------------------------------------------------------------

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice (soffice) is not installed: nothing opens the file but readers")
def test_an_office_program_opens_it_with_values_colours_and_comments(rich: bytes, tmp_path: Path) -> None:
    found = [finding("G2"), finding("G3"), finding("G4"), finding("C9", severity=Severity.WARNING)]
    (tmp_path / "marked.xlsx").write_bytes(mark(rich, *found))
    (tmp_path / "plain.xlsx").write_bytes(rich)
    for name, form in (
        ("marked", "xlsx:Calc MS Excel 2007 XML"),
        ("marked", "csv"),
        ("plain", "csv"),
        ("marked", "ods"),
    ):
        command = [str(OFFICE), "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", form]
        done = subprocess.run(
            [*command, "--outdir", str(tmp_path / "out"), str(tmp_path / f"{name}.xlsx")],
            capture_output=True, text=True, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0 and "Error" not in done.stdout + done.stderr, done.stdout + done.stderr
    marked, plain = ((tmp_path / "out" / f"{n}.csv").read_text("utf-8").splitlines() for n in ("marked", "plain"))
    assert marked[: len(plain)] == plain and not "".join(marked[len(plain) :]).strip(",")
    saved = (tmp_path / "out" / "marked.xlsx").read_bytes()
    old, new = book(rich)["Data"], book(saved)["Data"]
    for row in range(1, 7):
        for column in range(1, 12):
            assert old.cell(row, column).value == new.cell(row, column).value
    assert [fill(new[c]) for c in ("G2", "G3", "G4", "C9", "G5")] == [RED, RED, RED, YELLOW, "FFEEEEEE"]
    assert "is not a number" in new["G2"].comment.text and new["G3"].comment.text.startswith("as the invoice says")
    assert new["C9"].comment and book(saved)[REPORT_SHEET]["A1"].value == MARKER
    assert any(row[1].hyperlink for row in book(saved)[REPORT_SHEET].iter_rows())
    ods = zipfile.ZipFile(tmp_path / "out" / "marked.ods").read("content.xml").decode("utf-8")
    assert "is not a number" in ods and f"#{styles.FILLS['error'].lower()}" in ods.lower()
    # Saved by that program and marked again: no comment of ours is left, no colour either, and one report.
    again = book(mark(saved))
    assert again["Data"]["G2"].comment is None and again["Data"]["G3"].comment.text.strip() == "as the invoice says"
    assert fill(again["Data"]["G2"]) == "" and again.sheetnames.count(REPORT_SHEET) == 1

"""Every case that offices' files really bring: each is read as it stands there, or said, and nothing is lost."""

from __future__ import annotations

import codecs
import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importers import delimited, ods, parts, raw, sandbox, workbook, xlsx, xlsx_book
from importers.sandbox import RawSheet
from ledger.settings import Settings

LIMITS = Settings(read_seconds_max=20, read_memory_max=700_000_000)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def read(path: Path, name: str = "") -> RawSheet:
    told = sandbox.contents(path, name or path.name, LIMITS)
    assert not told.blocked, (told.blocked, told.params)
    return told.sheets[0]


def blocked(path: Path) -> str:
    return sandbox.contents(path, path.name, LIMITS).blocked


def codes(sheet: RawSheet) -> dict[str, tuple[str, str]]:
    return {code: (cell, shown) for code, cell, shown in sheet.notes}


def made(path: Path, fill: Callable[[Any, Any], None], **options: Any) -> Path:
    """A workbook by XlsxWriter with one sheet; `fill` gets the book and the sheet."""
    book = xlsxwriter.Workbook(str(path), options)
    fill(book, book.add_worksheet("Data"))
    book.close()
    return path


def rewritten(path: Path, body: str, parts: dict[str, str] | None = None, head: str = "", tail: str = "") -> Path:
    """A workbook whose sheet part is the given rows, as other programs write them; `parts` replaces or adds others."""
    start = path.with_name("start.xlsx")
    openpyxl.Workbook().save(start)
    new = {
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{head}<sheetData>{body}</sheetData>{tail}</worksheet>',
        **(parts or {}),
    }
    with zipfile.ZipFile(start) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in old.namelist():
            if name not in new:
                out.writestr(name, old.read(name))
        for name, text in new.items():
            out.writestr(name, text)
    return path


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


# --- what a cell can be -----------------------------------------------------------------------------------------


def test_errors_formulas_without_values_and_blanks_are_three_things(tmp_path: Path) -> None:
    body = row(
        1,
        '<c r="A1" t="e"><v>#REF!</v></c>',
        '<c r="B1"><f>1/0</f><v></v></c>',
        '<c r="C1"><f>A2+1</f></c>',
        '<c r="D1" t="str"><f>""</f><v></v></c>',
        '<c r="E1"><f>1+1</f><v>2</v></c>',
        '<c r="F1" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
        '<c r="G1" s="0"/>',
        '<c r="H1"><f>B1</f><v/></c>',
        '<c r="I1"><v>1</v></c>',
    )
    cells = read(rewritten(tmp_path / "a.xlsx", body)).rows[0]
    assert cells == (
        ("e", "#REF!"), ("f", ""), ("f", ""), None, ("n", "2"), ("e", "#DIV/0!"), None, ("f", ""), ("n", "1")
    )  # fmt: skip


def test_texts_numbers_dates_and_truths_keep_their_kind(tmp_path: Path) -> None:
    def fill(book: Any, page: Any) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for i, value in enumerate(["00123", 43924, 12.5, 0.25, True, 1e21, -7, 1234567890123456789]):
            page.write(0, i, value)
        page.write_datetime(1, 0, dt.datetime(2020, 4, 3), day)
        page.write_datetime(1, 1, dt.datetime(2020, 4, 3, 10, 20, 30), day)
        page.write_rich_string(1, 2, "an ", book.add_format({"bold": True}), "N95", " mask")
        page.write_string(1, 3, "a & b < c _x000D_ d")
        page.write_string(1, 4, " padded ")

    sheet = read(made(tmp_path / "a.xlsx", fill))
    assert [c[:2] for c in sheet.rows[0]] == [
        ("s", "00123"), ("n", "43924"), ("n", "12.5"), ("n", "0.25"), ("b", "TRUE"), ("n", "1e+21"),
        ("n", "-7"), ("n", "1.234567890123457e+18"),
    ]  # fmt: skip
    assert [c[:2] for c in sheet.rows[1][:5]] == [
        ("d", "2020-04-03"), ("d", "2020-04-03T10:20:30"), ("s", "an N95 mask"), ("s", "a & b < c _x000D_ d"),
        ("s", " padded "),
    ]  # fmt: skip


def test_iso_dates_results_of_text_formulas_and_texts_within_cells(tmp_path: Path) -> None:
    body = row(
        1,
        '<c r="A1" t="d"><v>2020-04-03T00:00:00</v></c>',
        '<c r="B1" t="d"><v>2020-04-03T09:30:00Z</v></c>',
        '<c r="C1" t="str"><f>A2&amp;"x"</f><v>Ministry &amp; Co</v></c>',
        '<c r="D1" t="inlineStr"><is><t xml:space="preserve">plain </t></is></c>',
        '<c r="E1" t="inlineStr"><is><r><t>one</t></r><r><rPr><b/></rPr><t> two</t></r><rPh><t>no</t></rPh></is></c>',
        '<c r="F1" t="str"><v>line&#10;break</v></c>',
        '<c r="G1" t="str"><v>a_x000D_\nb</v></c>',
    )
    assert [c[:2] for c in read(rewritten(tmp_path / "a.xlsx", body)).rows[0]] == [
        ("d", "2020-04-03"), ("d", "2020-04-03T09:30:00"), ("s", "Ministry & Co"), ("s", "plain "), ("s", "one two"),
        ("s", "line\nbreak"), ("s", "a\nb"),
    ]  # fmt: skip


def test_both_calendars_and_the_day_that_never_was(tmp_path: Path) -> None:
    for epoch, serials, days in (
        (None, [1, 59, 60, 61, 43924], ["1900-01-01", "1900-02-28", "1900-02-28", "1900-03-01", "2020-04-03"]),
        (CALENDAR_MAC_1904, [0, 42462], ["1904-01-01", "2020-04-03"]),
    ):
        book = openpyxl.Workbook()
        if epoch:
            book.epoch = epoch
        page = book.active
        assert page is not None
        for serial in serials:
            page.append([serial])
            page.cell(page.max_row, 1).number_format = "yyyy-mm-dd"
        book.save(tmp_path / "a.xlsx")
        assert [r[0] for r in read(tmp_path / "a.xlsx").rows] == [("d", day) for day in days]


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("dd/mm/yyyy", True), ("[$-409]d-mmm-yy;@", True), ("mmm yyyy", True), ("yyyy\\-mm\\-dd", True), ("h:mm", True),
        ("mm:ss.0", True), ("General", False), ('#,##0.00 "days"', False), ("[$MDL] 0.00", False), ("0.00E+00", False),
        ("[Red]-#,##0", False), ('0.0,"k"', False), ("\\d0", False), ("USD #,##0.00", False), ("_-* #,##0_-", False),
    ],
)  # fmt: skip
def test_which_formats_show_a_day(code: str, is_date: bool) -> None:
    assert xlsx_book.shows_a_date(code) is is_date


def test_number_formats_come_with_their_numbers(tmp_path: Path) -> None:
    formats = ["[$BZ$-2809] #,##0.00", '"USD" #,##0.00', "[$EUR-2] 0", "0.00%", '0.0,"k"', "00000", "$#,##0"]

    def fill(book: Any, page: Any) -> None:
        for i, code in enumerate(formats):
            page.write_number(0, i, 0.125, book.add_format({"num_format": code}))
        page.write_number(0, 9, 7)

    cells = read(made(tmp_path / "a.xlsx", fill)).rows[0]
    assert cells[:7] == tuple(("n", "0.125", code) for code in formats) and cells[9] == ("n", "7")


def test_numbers_that_are_none_are_errors_and_never_lose_the_book(tmp_path: Path) -> None:
    body = "".join(
        row(n, f'<c r="A{n}"><v>{v}</v></c>')
        for n, v in enumerate(
            ["x", "NaN", "1e999", "9" * 1_000_000, "-INF", "5.0", "+.5", "1E3", "0.30000000000000004"], 1
        )
    )
    got = [r[0] for r in read(rewritten(tmp_path / "a.xlsx", body)).rows]
    assert got == [
        ("s", "x"), ("e", "NaN"), ("e", "1e999"), ("e", "9" * 40), ("e", "-INF"), ("n", "5"), ("n", "0.5"),
        ("n", "1000"), ("n", "0.30000000000000004"),
    ]  # fmt: skip


def test_a_text_longer_than_a_cell_can_hold_is_cut_and_said(tmp_path: Path) -> None:
    long = "".join(chr(97 + n % 26) for n in range(40_000))
    sheet = read(
        rewritten(tmp_path / "a.xlsx", row(1, '<c r="A1" t="str"><v>x</v></c>', f'<c r="B1" t="str"><v>{long}</v></c>'))
    )
    assert sheet.rows[0][1] == ("s", long[: raw.TEXT_MAX]) and codes(sheet)["B016"] == ("B1", "1 (B1)")
    (tmp_path / "a.csv").write_text(f"Donor,Remarks\nExample,{long}\n")
    sheet = read(tmp_path / "a.csv")
    assert len(sheet.rows[1][1][1]) == raw.TEXT_MAX and codes(sheet)["B016"] == ("B2", "1 (B2)")


def test_what_nobody_can_see_is_said(tmp_path: Path) -> None:
    body = "".join(
        row(n, f'<c r="A{n}" t="str"><v>{v}</v></c>') for n, v in enumerate(["a_x0001_b", "\u202eevil", "ok"], 1)
    )
    sheet = read(rewritten(tmp_path / "a.xlsx", body))
    assert codes(sheet)["B017"] == ("A1", "2 (A1, A2)") and sheet.rows[0][0] == ("s", "a\x01b")

    def fill(book: Any, page: Any) -> None:
        page.write_string("A1", "Donor")
        page.write_string("C3", "x\u202ey")

    assert codes(read(made(tmp_path / "b.xlsx", fill)))["B017"] == ("C3", "1 (C3)")


def test_struck_out_cells_and_parts_of_cells_are_said(tmp_path: Path) -> None:
    def fill(book: Any, page: Any) -> None:
        page.write_string("A1", "cancelled", book.add_format({"font_strikeout": True}))
        page.write_number("A2", 5, book.add_format({"font_strikeout": True}))
        page.write_rich_string("A3", "new ", book.add_format({"font_strikeout": True}), "old", " text")
        page.write_string("A4", "kept")
        page.write_blank("A5", None, book.add_format({"font_strikeout": True}))

    assert codes(read(made(tmp_path / "a.xlsx", fill)))["B019"] == ("A1", "3 (A1, A2, A3)")


def test_remarks_are_counted_but_for_our_own(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for n, (text, author) in enumerate([("provisional", "Officer"), ("help", "covid-ledger"), (" ", "Officer")], 1):
        page.cell(n, 2, n).comment = Comment(text, author)
    page["A1"].font = Font(bold=True)
    book.save(tmp_path / "a.xlsx")
    assert codes(read(tmp_path / "a.xlsx"))["B018"] == ("B1", "1 (B1)")


# --- where a cell stands ----------------------------------------------------------------------------------------


def test_addresses_stay_when_the_table_starts_at_c5(tmp_path: Path) -> None:
    def fill(book: Any, page: Any) -> None:
        page.write_string("C5", "Donor")
        page.write_number("E7", 5)

    rows = read(made(tmp_path / "a.xlsx", fill)).rows
    assert len(rows) == 7 and rows[4][2] == ("s", "Donor") and rows[6][4] == ("n", "5") and not any(map(any, rows[:4]))


def test_hidden_sheets_rows_and_columns_and_merges_are_told(tmp_path: Path) -> None:
    def fill(book: Any, page: Any) -> None:
        for n in range(4):
            for i in range(4):
                page.write_number(n, i, n * i)
        page.set_row(2, None, None, {"hidden": True})
        page.set_column(1, 2, None, None, {"hidden": True})
        page.merge_range("A5:C5", "wide")
        page.merge_range("F1:G3", None)
        for state in ("hide", "very_hidden"):
            getattr(book.add_worksheet(state), state)()

    told = sandbox.contents(made(tmp_path / "a.xlsx", fill), "a.xlsx", LIMITS)
    assert [(s.name, s.visible) for s in told.sheets] == [("Data", True), ("hide", False), ("very_hidden", False)]
    sheet = told.sheets[0]
    assert sheet.hidden_rows == {3} and sheet.hidden_columns == (2, 3) and sheet.merges == ("A5:C5",)


def test_a_merge_of_the_whole_sheet_is_no_larger_than_what_is_in_it(tmp_path: Path) -> None:
    merges = '<mergeCells><mergeCell ref="A1:XFD1048576"/><mergeCell ref="C9:D9"/></mergeCells>'
    body = row(1, '<c r="A1"><v>1</v></c>') + row(3, '<c r="B3"><v>1</v></c>')
    assert read(rewritten(tmp_path / "a.xlsx", body, tail=merges)).merges == ("A1:B3",)


def test_prefixed_spaced_and_single_quoted_xml_is_the_same_sheet(tmp_path: Path) -> None:
    styles = (
        f"<x:styleSheet xmlns:x='{MAIN}'><x:numFmts><x:numFmt numFmtId='170' formatCode='\"USD\" 0.00'/></x:numFmts>"
        "<x:fonts><x:font/></x:fonts><x:cellXfs><x:xf numFmtId='0'/><x:xf numFmtId='170'/></x:cellXfs></x:styleSheet>"
    )
    shared = f'<x:sst xmlns:x="{MAIN}"><x:si><x:t>Donor</x:t></x:si><x:si/><x:si><x:t>Amount</x:t></x:si></x:sst>'
    cells = (
        "<x:row r='1' hidden='1'>\n <x:c r='A1' t='s'><x:v>0</x:v></x:c>\n <x:c t='s' r='B1'><x:v>2</x:v></x:c></x:row>"
        "<x:row r='2'><x:c r='A2' t='inlineStr'><x:is><x:t>a &gt; b</x:t></x:is></x:c><x:c s='1' r='B2'><x:v>5</x:v>"
        "</x:c><x:c r='C2' t='s'><x:v>1</x:v></x:c></x:row>"
    )
    for text in (cells, cells.replace("'", '"').replace("\n ", "").replace('t="s" r="B1"', 'r="B1" t="s"')):
        part = f"<x:worksheet xmlns:x='{MAIN}'><x:cols><x:col min='2' max='2' hidden='1'/></x:cols><x:sheetData>{text}"
        part += "</x:sheetData><x:mergeCells><x:mergeCell ref='A1:B1'/></x:mergeCells></x:worksheet>"
        new = {"xl/styles.xml": styles, "xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": part}
        sheet = read(rewritten(tmp_path / "a.xlsx", "", new))
        assert sheet.rows == [
            (("s", "Donor"), ("s", "Amount")), (("s", "a > b"), ("n", "5", '"USD" 0.00'))
        ]  # fmt: skip
        assert (sheet.hidden_rows, sheet.hidden_columns, sheet.merges, sheet.notes) == ({1}, (2,), ("A1:B1",), ())


def test_cells_and_rows_without_addresses_follow_each_other(tmp_path: Path) -> None:
    body = "<row><c><v>1</v></c><c/><c><v>3</v></c></row><row/><row><c r='B3'><v>4</v></c><c><v>5</v></c></row>"
    assert read(rewritten(tmp_path / "a.xlsx", body)).rows == [
        (("n", "1"), None, ("n", "3")), (None,) * 3, (None, ("n", "4"), ("n", "5"))
    ]  # fmt: skip


def test_a_part_in_another_encoding_is_read_or_refused(tmp_path: Path) -> None:
    rows = row(1, '<c r="A1" t="str"><v>Perú</v></c>')
    text = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    path = rewritten(tmp_path / "a.xlsx", "", {"xl/worksheets/sheet1.xml": ""})
    told = {
        "utf-16": text.encode("utf-16"),
        "latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode("latin-1"),
        "utf-7": ('<?xml version="1.0" encoding="UTF-7"?>' + text).encode("utf-7"),
    }
    for name, part in told.items():
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
            for entry in old.namelist():
                new.writestr(entry, part if entry == "xl/worksheets/sheet1.xml" else old.read(entry))
        with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
            if name == "utf-7":
                with pytest.raises(raw.Blocked):
                    list(parts.pieces(archive, "xl/worksheets/sheet1.xml"))
            else:
                assert "Perú".encode() in b"".join(parts.pieces(archive, "xl/worksheets/sheet1.xml"))


# --- two readers ------------------------------------------------------------------------------------------------


def test_a_value_that_hides_another_is_said(tmp_path: Path) -> None:
    """Two values with one address: whichever is read, the other is lost."""
    body = row(1, '<c r="A1"><v>1</v></c>', '<c r="B1"><v>2</v></c>', '<c r="A1"><v>3</v></c>')
    assert codes(read(rewritten(tmp_path / "a.xlsx", body)))["B010"] == ("", "2 / 3")
    assert "B010" not in codes(read(rewritten(tmp_path / "b.xlsx", row(1, '<c r="A1"><v>1</v></c>'))))


def test_readers_that_count_differently_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = rewritten(tmp_path / "a.xlsx", row(1, '<c r="A1"><v>1</v></c>', '<c r="B1"><v>2</v></c>'))

    def notes() -> list[str]:
        for sheet in workbook.read(path, "a.xlsx", 100):
            assert len(list(sheet.lines or ())) == 1
        return [note[0] for note in sheet.notes]

    assert notes() == []
    matched = xlsx.Rows._matched

    def forgetful(self: xlsx.Rows, text: str, pattern: Any) -> Any:
        return matched(self, text.replace('<c r="B1"><v>2</v></c>', ""), pattern)

    monkeypatch.setattr(xlsx.Rows, "_matched", forgetful)
    assert notes() == ["B010"]


def test_rows_out_of_order_and_a_sheet_that_is_cut_off_are_refused(tmp_path: Path) -> None:
    first, second = row(1, '<c r="A1"><v>1</v></c>'), row(2, '<c r="A2"><v>1</v></c>')
    assert blocked(rewritten(tmp_path / "a.xlsx", second + first)) == "B002"
    assert blocked(rewritten(tmp_path / "b.xlsx", first + first)) == "B002"
    cut = {"xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{first}'}
    assert blocked(rewritten(tmp_path / "c.xlsx", "", cut)) == "B002"
    assert blocked(rewritten(tmp_path / "d.xlsx", row(1, '<c r="A2"><v>1</v></c>'))) == "B002"
    assert blocked(rewritten(tmp_path / "e.xlsx", row(1, '<c r="A1" t="s"><v>9</v></c>'))) == "B002"


values = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.booleans(),
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)).map(lambda d: d.replace(microsecond=0)),
)


@given(st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=6), st.booleans())
def test_our_reader_and_two_others_see_the_same_cells(table: list[list[Any]], shared: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"

        def fill(book: Any, page: Any) -> None:
            day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            for n, cells in enumerate(table):
                for i, value in enumerate(cells):
                    if isinstance(value, str):
                        page.write_string(n, i, value)
                    elif isinstance(value, dt.datetime):
                        page.write_datetime(n, i, value, day)
                    elif value is not None:
                        page.write(n, i, value)

        made(path, fill, constant_memory=not shared)
        for sheet in workbook.read(path, "a.xlsx", 1_000):
            ours = list(sheet.lines or ())
        assert "B010" not in [note[0] for note in sheet.notes]
        theirs = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        grid = theirs.to_python(skip_empty_area=False)
        second = openpyxl.load_workbook(path).active
        assert second is not None
        for n, (kinds, texts) in enumerate(ours):
            for i, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
                if kind in "nb-":
                    told = workbook._cell(grid[n][i])
                    assert kind == told[0] and (text == told[1] or float(text) == float(told[1]))
                written = table[n][i]
                if kind == "d":
                    assert dt.datetime.fromisoformat(text) == written
                if isinstance(written, str):
                    assert text == written == (second.cell(n + 1, i + 1).value or "")


# --- other workbooks --------------------------------------------------------------------------------------------


def _ods(path: Path, rows: str, before: str = "") -> Path:
    names = " ".join(
        f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for p, n in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<office:document-content {names} office:version="1.2"><office:body><office:spreadsheet><table:table '
        f'table:name="Data">{before}{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("content.xml", content)
        out.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def _cell(kind: str, value: str = "", more: str = "", text: str = "") -> str:
    told = f' office:value="{value}"' if value else ""
    return (
        f'<table:table-cell office:value-type="{kind}"{told}{more}><text:p>{text or value}</text:p></table:table-cell>'
    )


def test_an_ods_tells_currencies_percentages_states_and_remarks(tmp_path: Path) -> None:
    dollars = ' office:currency="BZD"'
    rows = (
        f"<table:table-row>{_cell('string', text='00123')}{_cell('currency', '5', dollars)}"
        f"{_cell('percentage', '0.125')}</table:table-row>"
        f"<table:table-row table:visibility='collapse'>{_cell('string', text='b')}{_cell('float', '7')}"
        "</table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        f'<table:table-row><table:table-cell table:formula="of:=1/0" office:value-type="string" '
        'office:string-value=""><text:p>#DIV/0!</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string" table:number-columns-spanned="2"><office:annotation><text:p>why'
        "</text:p></office:annotation><text:p>said</text:p></table:table-cell><table:covered-table-cell/>"
        "</table:table-row>"
    )
    before = '<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>'
    sheet = read(_ods(tmp_path / "a.ods", rows, before))
    assert sheet.rows[0] == (("s", "00123"), ("n", "5", "[$BZD] #,##0.00"), ("n", "0.125", "0.00%"))
    assert sheet.rows[1][:2] == (("s", "b"), ("n", "7")) and sheet.rows[4][0] == ("e", "#DIV/0!")
    assert sheet.hidden_rows == {2} and sheet.hidden_columns == (2, 3) and sheet.merges == ("B5:C5",)
    assert codes(sheet) == {"B018": ("B5", "1 (B5)")}


def test_an_ods_whose_readers_disagree_says_so(tmp_path: Path) -> None:
    path = _ods(tmp_path / "a.ods", f"<table:table-row>{_cell('float', '7')}{_cell('float', '8')}</table:table-row>")
    with zipfile.ZipFile(path) as archive:
        short = raw.Sheet("Data", lines=iter([(["n"], ["7"])]))
        sheet = next(ods.joined(archive, iter([short]), 100))
        assert list(sheet.lines or ()) == [(["n"], ["7"])] and sheet.notes == [["B010", "", "2 / 1"]]


def test_old_xls_says_that_formats_are_unread_only_when_it_matters(tmp_path: Path) -> None:
    import xlwt

    for name, value in (("numbers.xls", 12.5), ("texts.xls", "12.5")):
        book = xlwt.Workbook()
        page = book.add_sheet("Data")
        page.write(0, 0, "Donor")
        page.write(1, 1, value)
        page.write(1, 2, dt.date(2020, 4, 3), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
        page.write(2, 0, True)
        page.write_merge(3, 3, 0, 1, "wide")
        book.save(str(tmp_path / name))
        sheet = read(tmp_path / name)
        assert sheet.rows[1] == (None, ("n" if value == 12.5 else "s", "12.5"), ("d", "2020-04-03"))
        assert sheet.rows[2][0] == ("b", "TRUE") and ("B020" in codes(sheet)) == (value == 12.5)


# --- text -------------------------------------------------------------------------------------------------------

TABLE = "Donor;Amount;Remarks\nCompañía Ñandú;1.234,50;“quoted” – dash\n"


def csv_of(folder: Path, data: bytes, name: str = "gifts.csv") -> RawSheet:
    (folder / name).write_bytes(data)
    return read(folder / name)


@pytest.mark.parametrize(
    ("data", "old"),
    [
        (TABLE.encode(), False),
        (codecs.BOM_UTF8 + TABLE.encode(), False),
        (TABLE.encode("utf-16"), False),
        (codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"), False),
        (codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), False),
        (TABLE.encode("utf-16-le"), False),
        (TABLE.encode("utf-16-be"), False),
        (TABLE.encode("cp1252"), True),
        (TABLE.encode("cp1252").decode("latin-1").encode(), True),  # C1 control characters
        (TABLE.replace("\n", "\r\n").encode(), False),
        (TABLE.replace("\n", "\r").encode(), False),
        (b"sep=;\r\n" + TABLE.encode(), False),
    ],
    ids=["utf8", "utf8-bom", "utf16", "le", "be", "le-bare", "be-bare", "cp1252", "c1", "crlf", "cr", "sep"],
)
def test_every_encoding_gives_the_same_cells(tmp_path: Path, data: bytes, old: bool) -> None:
    sheet = csv_of(tmp_path, data)
    rows = [r for r in sheet.rows if any(r)]
    assert rows == [
        (("s", "Donor"), ("s", "Amount"), ("s", "Remarks")),
        (("s", "Compañía Ñandú"), ("s", "1.234,50"), ("s", "“quoted” – dash")),
    ]
    assert ("B012" in codes(sheet)) is old and "B017" not in codes(sheet)


def test_no_byte_of_an_old_encoding_is_lost(tmp_path: Path) -> None:
    sheet = csv_of(tmp_path, b"Donor,Note\nA,caf\xe9 \x81\x93x\x94\n")
    assert sheet.rows[1][1] == ("s", "café \x81“x”")


def test_letters_garbled_before_are_counted_not_repaired(tmp_path: Path) -> None:
    sheet = csv_of(tmp_path, "Donor,Amount\nNightingaleâ€™s,5\nCompaÃ±Ã­a,6\nÂnia Ltd,7\nMÃ,8\n".encode())
    assert codes(sheet)["B021"] == ("A2", "2 (A2, A3)") and sheet.rows[1][0] == ("s", "Nightingaleâ€™s")


def test_title_lines_do_not_hide_the_delimiter_and_widths_are_told(tmp_path: Path) -> None:
    text = (
        "Ministry of Example, Health\nGifts, 2020, provisional\n\nDonor;Amount;Date\nA;5,5;1\nB;6,1\nC;7,2;2;\nD;8;1\n"
    )
    sheet = csv_of(tmp_path, text.encode())
    assert sheet.widths == (1, 1, 0, 3, 3, 2, 4, 3) and sheet.rows[4][:2] == (("s", "A"), ("s", "5,5"))
    assert codes(sheet) == {}


def test_line_breaks_within_cells(tmp_path: Path) -> None:
    quoted = csv_of(tmp_path, b'Donor,Note\r\nA,"one\r\ntwo, three"\r\nB,"x\ry"\r\n')
    assert [r[1][1] for r in quoted.rows] == ["Note", "one\r\ntwo, three", "x\ny"]
    lone = csv_of(tmp_path, b"Donor,Note\r\nA,one\rtwo\r\nB,3\r\n")
    assert [r[1][1] for r in lone.rows] == ["Note", "one\ntwo", "3"] and lone.widths == (2, 2, 2)


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Donor,Amount\nA,5\n"B,6\nC,7\n')
    told = sandbox.contents(path, "a.csv", LIMITS)
    assert (told.blocked, told.params) == ("B022", (("line", 3),))
    assert csv_of(tmp_path, b'Item,Size\nPipe 5",1\nB,2\n').rows[1][0] == ("s", 'Pipe 5"')


def test_nuls_guards_and_blank_ends(tmp_path: Path) -> None:
    sheet = csv_of(tmp_path, b"Donor,Note,,,\nA\x00B,'=1+1,,,\n'plain,'-5,,,\n\n")
    assert sheet.rows[1] == (("s", "A\x00B"), ("s", "=1+1"), None, None, None)
    assert sheet.rows[2][:2] == (("s", "'plain"), ("s", "-5")) and codes(sheet)["B017"] == ("A2", "1 (A2)")
    wide = csv_of(tmp_path, b"Donor,Note" + b"," * 5_000 + b"\nA,1\n")
    assert wide.rows[1][:2] == (("s", "A"), ("s", "1"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf\r\n \r\n", "B001"),
        ("<html>".encode("utf-16"), "B011"),
        (b"\xef\xbb\xbf<table><tr><td>1", "B011"),
        (b"MIME-Version: 1.0\r\nX: y\r\n", "B011"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "B003"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "B003"),
        (bytes(range(256)) * 40, "B003"),
        (("a," * 600 + "x").encode(), "B009"),
        (b'"' * 3_000_000, "B022"),
        (b"x" * 3_000_000, "B022"),
    ],
)
def test_texts_that_are_no_table(tmp_path: Path, data: bytes, code: str) -> None:
    (tmp_path / "a.xls").write_bytes(data)
    assert blocked(tmp_path / "a.xls") == code


def test_a_csv_under_the_name_of_a_workbook_is_read(tmp_path: Path) -> None:
    for name in ("a.xls", "a.xlsx"):
        assert csv_of(tmp_path, b"Donor\tAmount\nA\t5\n", name).rows[1] == (("s", "A"), ("s", "5"))


def test_the_delimiter_is_the_one_that_rows_agree_on() -> None:
    assert delimiter_of("a;b;c\n1,5;2;x\n2,5;3;y\n") == ";"
    assert delimiter_of("Donor,Amount\nA; B,1\nC,2\nD; E,3\n") == ","
    assert delimiter_of("one\ntwo\n") == ","
    assert delimiter_of("a|b\n1|2\n") == "|"


delimiter_of = delimited.delimiter_of

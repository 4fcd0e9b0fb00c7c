"""Files that attack: each ends in a named blocker, quickly, and the reader's parent never notices."""

from __future__ import annotations

import io
import os
import random
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from importers import parts, sandbox
from importers.raw import Blocked
from ledger.findings import codes
from ledger.settings import Settings

LIMITS = Settings(read_seconds_max=10, read_memory_max=1_000_000_000)


def blocked(path: Path, limits: Settings = LIMITS) -> str:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = sandbox.contents(path, path.name, limits)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB, in this process
    assert not told.blocked or told.blocked in codes()
    return told.blocked


def plain(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Donor", "Amount"])
    sheet.append(["Example", 5])
    book.save(folder / "plain.xlsx")
    return folder / "plain.xlsx"


def changed(folder: Path, change: Callable[[str, bytes], bytes | None], extra: dict[str, bytes] | None = None) -> Path:
    """The plain workbook with its parts changed; None drops a part."""
    out = folder / "changed.xlsx"
    with zipfile.ZipFile(plain(folder)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    return out


def sheet(body: bytes) -> Callable[[str, bytes], bytes]:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return lambda name, data: head + body + b"</sheetData></worksheet>" if name.endswith("sheet1.xml") else data


def test_an_ordinary_workbook_is_read(tmp_path: Path) -> None:
    told = sandbox.contents(plain(tmp_path), "plain.xlsx", LIMITS)
    assert told.sheets[0].rows == [(("s", "Donor"), ("s", "Amount")), (("s", "Example"), ("n", "5"))]


def test_one_value_in_the_farthest_cell_is_a_blocker_not_an_abort(tmp_path: Path) -> None:
    """2 kB that make the value reader ask for 549 GB and abort its interpreter."""
    far = changed(
        tmp_path, sheet(b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    )
    assert blocked(far) == "B009"


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 300_000))
    padding = b"<!--" + b" " * 120_000_000 + b"-->"
    assert blocked(changed(tmp_path, sheet(rows[:100] + padding))) == "B004"


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 3_000))
    assert blocked(changed(tmp_path, sheet(rows)), Settings(rows_max=1_000)) == "B009"


@pytest.mark.parametrize(
    ("declaration"),
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    ],
)
def test_entities_are_refused(tmp_path: Path, declaration: bytes) -> None:
    path = changed(tmp_path, lambda name, data: declaration + data if name.endswith("sheet1.xml") else data)
    assert blocked(path) == "B008"


def test_macros_are_refused_with_a_way_out(tmp_path: Path) -> None:
    assert blocked(changed(tmp_path, lambda n, d: d, {"xl/vbaProject.bin": b"x"})) == "B007"


def test_paths_out_of_the_archive_are_refused(tmp_path: Path) -> None:
    assert blocked(changed(tmp_path, lambda n, d: d, {"../../tmp/evil": b"x"})) == "B005"
    assert blocked(changed(tmp_path, lambda n, d: d, {"/etc/evil": b"x"})) == "B005"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = plain(tmp_path)
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    assert blocked(path) == "B005"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "B001"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "B011"),
        (b"%PDF-1.7\n", "B011"),
        (b"PK\x03\x04 not a zip", "B002"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "B002"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "B006"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", "B003"),
    ],
)
def test_what_is_no_workbook_is_told_by_its_bytes_not_its_name(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "contracts.xlsx"
    path.write_bytes(data)
    assert blocked(path) == code


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.jpg", b"x")
    assert blocked(path) == "B003"


def test_a_number_that_kills_other_readers_is_only_a_cell(tmp_path: Path) -> None:
    told = sandbox.contents(
        changed(tmp_path, sheet(b'<row r="1"><c r="A1"><v>x</v></c><c r="B1"><v>7</v></c></row>')), "x.xlsx", LIMITS
    )
    assert told.blocked or told.sheets[0].rows[0][1] == ("n", "7")


def test_a_file_cut_at_every_kilobyte_never_harms(tmp_path: Path) -> None:
    whole = plain(tmp_path).read_bytes()
    cut = tmp_path / "cut.xlsx"
    for size in range(0, len(whole), 1024):
        cut.write_bytes(whole[:size])
        assert blocked(cut) in ("B001", "B002")


def test_the_child_may_not_use_more_memory_or_time_than_allowed(tmp_path: Path) -> None:
    words = random.Random(7)
    rows = b"".join(
        b'<row r="%d">%s</row>' % (n, b"".join(b"<c><v>%d</v></c>" % words.randrange(10**12) for _ in range(40)))
        for n in range(1, 12_000)
    )
    big = changed(tmp_path, sheet(rows))
    assert blocked(big, Settings(read_memory_max=60_000_000)) in ("B013", "B014")
    assert blocked(big, Settings(read_seconds_max=1)) == "B014"
    assert blocked(big, Settings(read_seconds_max=60)) == ""


def test_the_child_confines_itself_before_it_reads() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from importers import sandbox; import resource as r; sandbox._confine(); "
         "print([r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE)])"],
        env=sandbox._clean_environment(Settings(read_seconds_max=7, read_memory_max=500_000_000)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[500000000, 7, 0, 0]"


def test_the_child_knows_nothing_of_the_parents_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DATABASE_URL", "postgresql://user:word@host/ledger")
    assert "LEDGER_DATABASE_URL" not in sandbox._clean_environment(Settings())


def test_the_child_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = plain(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    sandbox.contents(path, path.name, LIMITS)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_ods_keeps_leading_zeros_and_old_xls_is_read(tmp_path: Path) -> None:
    import pandas
    import xlwt

    pandas.DataFrame({"Donor": ["Example", "Other"], "Receipt no": ["00123", "00124"]}).to_excel(
        tmp_path / "a.ods", engine="odf", index=False
    )
    told = sandbox.contents(tmp_path / "a.ods", "a.ods", LIMITS)
    assert told.sheets[0].rows[1][1] == ("s", "00123")

    book = xlwt.Workbook()
    sheet1 = book.add_sheet("Data")
    for n, text in enumerate(("Donor", "Amount")):
        sheet1.write(0, n, text)
    sheet1.write(1, 0, "Example")
    sheet1.write(1, 1, 12.5)
    book.save(str(tmp_path / "b.xls"))
    told = sandbox.contents(tmp_path / "b.xls", "b.xls", LIMITS)
    assert told.sheets[0].rows[1] == (("s", "Example"), ("n", "12.5"))


def test_the_unpacked_part_is_counted_while_it_inflates(tmp_path: Path) -> None:
    """A header that lies about the size does not open the door."""
    path = tmp_path / "lies.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/styles.xml", b"x" * 5000)
    with zipfile.ZipFile(path) as archive:
        assert sum(map(len, parts.pieces(archive, "xl/styles.xml"))) == 5000
        with pytest.raises(Blocked):
            list(parts.pieces(archive, "xl/styles.xml", 1000))
        archive.getinfo("xl/styles.xml").file_size = 100
        with pytest.raises(Blocked):
            list(parts.pieces(archive, "xl/styles.xml"))


def test_equal_cells_are_one_object_and_blank_ends_cost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Donor,District,,\n" + "".join(f"Donor {n},North,,\n" for n in range(3_000)))
    told = sandbox.contents(path, "a.csv", LIMITS).sheets[0]
    assert told.rows[1][1] == ("s", "North") and len({id(r[1]) for r in told.rows}) == 2
    assert told.rows[3_000][0] == ("s", "Donor 2999") and len(told.rows) == 3_001
    assert told.widths == (4,) * 3_001 and isinstance(told.rows[0], tuple)


def test_a_child_that_answers_nonsense_is_a_finding() -> None:
    def told(*lines: bytes) -> sandbox.Contents | None:
        return sandbox._Answer().understood(io.BytesIO(b"\n".join(lines)))

    sheet = b'{"name":"A","visible":true,"hidden_rows":[],"hidden_columns":[],"merges":[],"widths":null,"notes":[]}'
    assert told(b'{"rows":1,"columns":[["s",["x"],null]]}', sheet, b'{"end":true}') == sandbox.Contents(
        (sandbox.RawSheet("A", True, [(("s", "x"),)], frozenset(), (), ()),)
    )
    for lines in (
        [sheet],  # never ended
        [b"not json", b'{"end":true}'],
        [b'{"rows":2,"columns":[["s",["x"],null]]}', sheet, b'{"end":true}'],  # fewer cells than rows
        [b'{"rows":1,"columns":[["s",["x","y"],null]]}', sheet, b'{"end":true}'],
        [b'{"name":"A"}', b'{"end":true}'],
    ):
        assert told(*lines) is None, lines


def test_an_answer_too_large_for_the_parent_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"Donor {n},{n}\n" for n in range(30_000)))
    assert blocked(path) == ""
    monkeypatch.setattr(sandbox, "WEIGHT_MAX", 1_000_000)
    assert blocked(path) == "B014"
    monkeypatch.setattr(sandbox, "WEIGHT_MAX", 10**9)
    monkeypatch.setattr(sandbox, "ANSWER_MAX", 100_000)
    assert blocked(path) == "B014"


def test_a_pipe_and_a_folder_are_no_files(tmp_path: Path) -> None:
    assert blocked(tmp_path) == "B003"
    os.mkfifo(tmp_path / "pipe.xlsx")
    assert blocked(tmp_path / "pipe.xlsx") == "B003"

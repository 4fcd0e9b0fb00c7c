"""The one place where a file from outside is parsed: a child process with hard limits, that may die without harm.

In the parent: a path in, sheets or a blocker out, whatever the file does (`contents`). In the child: `python -m
importers.sandbox`, which may use so much memory and time, writes nothing, and answers over a pipe, some rows at a
time. A 2 kB workbook can abort an interpreter (a cell in XFD1048576); here that is a finding. Read `contents` first.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import orjson

from importers.raw import BLANK

if TYPE_CHECKING:  # the child must start quickly: it imports neither settings nor tables
    from importers.raw import Sheet
    from ledger.settings import Settings

ANSWER_MAX = 500_000_000
"""Bytes that a child may answer with: 300,000 rows of 36 columns need a third of it."""
LINE_MAX = 260_000_000
WEIGHT_MAX = 560_000_000
"""Bytes that the cells of one file may take in the parent, about."""
CELL_WEIGHT = 105
ROWS_A_LINE = 512
SHARED_FROM = 60_000
"""Rows after which a column's values are known to repeat or not; only those that repeat are shared."""

Cell = tuple[str, ...]
"""(type, text) or (type, text, number format)."""
Row = Sequence[Any]

NOTICES = frozenset({"B017", "B018", "B020", "B021"})
"""Codes of notes that only say something; the others are warnings, and B010 is an error."""


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A sheet as the child read it: rows of cells, each None or (type, text) or (type, text, number format), from A1.

    Types: s text, n number, d date (ISO text), b boolean, e error, f formula without a value. Equal cells are shared.
    `widths`: of a text file, how many fields every row has. `notes`: (finding code, cell or "", shown).
    """

    name: str
    visible: bool
    rows: list[Row]
    hidden_rows: frozenset[int]
    merges: tuple[str, ...]
    notes: tuple[tuple[str, str, str], ...]
    hidden_columns: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What came out: sheets, or the code of the blocker and what fills its words."""

    sheets: tuple[RawSheet, ...] = ()
    blocked: str = ""
    params: tuple[tuple[str, Any], ...] = ()


def contents(path: Path, file_name: str, settings: Settings) -> Contents:
    """Read a file in a child process. Never raises for what is in the file; takes at most twice `read_seconds_max`."""
    with tempfile.TemporaryDirectory(prefix="ledger-read-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "importers.sandbox", str(path.resolve()), file_name, str(settings.rows_max)],
            cwd=folder,
            env=_clean_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        watch = threading.Timer(settings.read_seconds_max * 2, _kill, (process,))
        watch.start()
        # Millions of small values that all stay: looking for rubbish among them again and again costs a third.
        collecting = gc.isenabled()
        gc.disable()
        try:
            assert process.stdout is not None
            told = _Answer().understood(process.stdout)
            if told is not None and told.blocked:
                return told
            if told is None:
                _kill(process)
            status = process.wait()
        finally:
            if collecting:
                gc.enable()
            watch.cancel()
            _kill(process)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()  # a worker reads files for months: one open pipe each would end it
    if told is not None and status == 0:
        return told
    # Killed by a limit, or by what it read: which one hardly matters to the officer, that nothing was taken does.
    return Contents(blocked="B014" if status in (-signal.SIGXCPU, -signal.SIGKILL) else "B013")


def _clean_environment(settings: Settings) -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[1])
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([here, *(p for p in sys.path if p)])),
        "SANDBOX_MEMORY": str(settings.read_memory_max),
        "SANDBOX_SECONDS": str(settings.read_seconds_max),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


class _Answer:
    """The child's lines put together again: columns of some rows become rows of shared cells."""

    def __init__(self) -> None:
        self.weight = self.size = 0
        self.sheets: list[RawSheet] = []
        self.rows: list[Row] = []
        self.columns: list[_Column] = []

    def understood(self, pipe: IO[bytes]) -> Contents | None:
        """The contents, or None when the child broke off or answered nonsense. What follows too much is not read."""
        try:
            while line := pipe.readline(LINE_MAX):
                self.size += len(line)
                if self.size > ANSWER_MAX or self.weight > WEIGHT_MAX:
                    return Contents(blocked="B014")
                told = orjson.loads(line)
                if "columns" in told:
                    self._cells(told["columns"], told["rows"])
                elif "plain" in told:
                    self.rows += told["plain"]
                elif "name" in told:
                    self._sheet(told)
                elif "blocked" in told:
                    return Contents(blocked=told["blocked"], params=tuple(told["params"].items()))
                elif told.get("end"):
                    return Contents(tuple(self.sheets))
        except (ValueError, KeyError, TypeError):
            pass
        return None

    def _cells(self, columns: list[Any], rows: int) -> None:
        while len(self.columns) < len(columns):
            self.columns.append(_Column())
        parts = [column.cells(told, rows) for column, told in zip(self.columns, columns, strict=False)]
        self.rows += zip(*parts, strict=True) if parts else repeat((), rows)
        self.weight += sum(column.made for column in self.columns) * CELL_WEIGHT + rows * (56 + 8 * len(columns))

    def _sheet(self, told: dict[str, Any]) -> None:
        self.sheets.append(
            RawSheet(
                told["name"],
                told["visible"],
                self.rows,
                frozenset(told["hidden_rows"]),
                tuple(told["merges"]),
                tuple((code, cell, shown) for code, cell, shown in told["notes"]),
                tuple(told["hidden_columns"]),
                tuple(told["widths"] or ()),
            )
        )
        self.rows, self.columns = [], []


class _Column:
    """One column of a sheet while it arrives. A value that repeats is one object however often it stands there."""

    def __init__(self) -> None:
        self.seen = self.made = 0
        self.shared: dict[Cell, Cell | None] = {(BLANK, ""): None}
        self.repeats = True

    def cells(self, told: list[Any] | None, rows: int) -> Iterable[Cell | None]:
        self.seen += rows
        self.made = 0
        if told is None:
            return repeat(None, rows)
        types, texts, formats = told
        cells: list[Cell]
        if formats:
            cells = [(kind, text) if kind not in formats else ("n", text, formats[kind])
                     for kind, text in zip(types, texts, strict=True)]  # fmt: skip
        else:
            cells = list(zip(types, texts, strict=True))
        if len(cells) != rows:
            raise ValueError
        before = len(self.shared)
        if not self.repeats:
            self.made = rows
            return map(self.shared.get, cells, cells)
        found = list(map(self.shared.setdefault, cells, cells))
        self.made = len(self.shared) - before
        if self.seen > SHARED_FROM and len(self.shared) > self.seen / 2:
            self.repeats, self.shared = False, {(BLANK, ""): None}
        return found


# --- the child --------------------------------------------------------------------------------------------------


def _confine() -> None:
    memory, seconds = int(os.environ["SANDBOX_MEMORY"]), int(os.environ["SANDBOX_SECONDS"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _child(path: str, file_name: str, rows_max: str) -> int:
    _confine()
    from importers import raw, workbook  # only here: nothing outside the child may parse a file

    out = sys.stdout.buffer
    try:
        for sheet in workbook.read(Path(path), file_name, int(rows_max)):
            _say_rows(sheet, out)
            told = {
                "name": sheet.name,
                "visible": sheet.visible,
                "hidden_rows": sheet.hidden_rows,
                "hidden_columns": sheet.hidden_columns,
                "merges": sheet.merges,
                "widths": sheet.widths,
                "notes": sheet.notes,
            }
            out.write(_line(told))
        out.write(b'{"end":true}\n')
    except raw.Blocked as stop:
        out.write(_line({"blocked": stop.code, "params": stop.params}))
    except MemoryError:
        out.write(b'{"blocked":"B014","params":{}}\n')
    out.flush()
    return 0


def _say_rows(sheet: Sheet, out: BinaryIO) -> None:
    for n in range(0, len(sheet.rows), ROWS_A_LINE):
        out.write(_line({"plain": sheet.rows[n : n + ROWS_A_LINE]}))
    lines = iter(sheet.lines or ())
    while some := list(islice(lines, ROWS_A_LINE)):
        width = max(len(types) for types, _ in some)
        kinds = zip(*[types + [BLANK] * (width - len(types)) for types, _ in some], strict=True)
        texts = zip(*[values + [""] * (width - len(values)) for _, values in some], strict=True)
        columns = [_column("".join(k), t, sheet.formats) for k, t in zip(kinds, texts, strict=True)]
        out.write(_line({"rows": len(some), "columns": columns}))


def _column(kinds: str, texts: tuple[str, ...], formats: dict[str, str]) -> list[Any] | None:
    """One column of some rows as it goes over the pipe: types as one text, texts, formats of the types above ASCII."""
    if not kinds.strip(BLANK):
        return None
    own = None if kinds.isascii() else {kind: formats[kind] for kind in set(kinds) if kind in formats}
    return [kinds, texts, own]


def _line(told: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a character pair in a text: JSON allows it to be written, UTF-8 does not
        return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))

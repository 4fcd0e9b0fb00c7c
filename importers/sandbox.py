"""The one place where a file from outside is parsed: a child process with hard limits, that may die without harm.

In the parent: a path in, sheets or a blocker out, whatever the file does (`contents`). In the child: `python -m
importers.sandbox`, which may use so much memory and time, writes nothing, and answers over a pipe. A 2 kB workbook can
abort an interpreter (a cell in XFD1048576); here that is a finding. Read `contents` first.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.settings import Settings

ANSWER_MAX = 700_000_000
"""Bytes that a child may answer with: 8 million cells of ordinary text."""


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A sheet as the child read it; see `workbook.Sheet` for the shape of a cell."""

    name: str
    visible: bool
    rows: list[list[Any]]
    hidden_rows: frozenset[int]
    merges: tuple[str, ...]
    notes: tuple[tuple[str, str, str], ...]


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
            [sys.executable, "-m", "importers.sandbox", str(path.resolve()), file_name, str(settings.rows_max)],
            cwd=folder,
            env=_clean_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        watch = threading.Timer(settings.read_seconds_max * 2, _kill, (process,))
        watch.start()
        try:
            assert process.stdout is not None
            answer = process.stdout.read(ANSWER_MAX + 1)
            if len(answer) > ANSWER_MAX:
                _kill(process)
                return Contents(blocked="B009", params=(("rows", settings.rows_max), ("columns", 500), ("seen", "")))
            status = process.wait()
        finally:
            watch.cancel()
            _kill(process)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()  # a worker reads files for months: one open pipe each would end it
    return _understood(answer, status)


def _clean_environment(settings: Settings) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "SANDBOX_MEMORY": str(settings.read_memory_max),
        "SANDBOX_SECONDS": str(settings.read_seconds_max),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _understood(answer: bytes, status: int) -> Contents:
    sheets: list[RawSheet] = []
    ended = False
    try:
        for line in answer.splitlines():
            told = json.loads(line)
            if "blocked" in told:
                return Contents(blocked=told["blocked"], params=tuple(told["params"].items()))
            if told.get("end"):
                ended = True
                break
            sheets.append(
                RawSheet(
                    told["name"],
                    told["visible"],
                    told["rows"],
                    frozenset(told["hidden_rows"]),
                    tuple(told["merges"]),
                    tuple((code, cell, shown) for code, cell, shown in told["notes"]),
                )
            )
    except (ValueError, KeyError):
        ended = False
    if ended and status == 0:
        return Contents(tuple(sheets))
    # Killed by a limit, or by what it read: which one hardly matters to the officer, that nothing was taken does.
    return Contents(blocked="B014" if status in (-signal.SIGXCPU, -signal.SIGKILL) else "B013")


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
    from importers import workbook  # only here: nothing outside the child may parse a file

    out = sys.stdout.buffer
    say = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    try:
        for sheet in workbook.read(Path(path), file_name, int(rows_max)):
            told = {
                "name": sheet.name,
                "visible": sheet.visible,
                "rows": sheet.rows,
                "hidden_rows": sheet.hidden_rows,
                "merges": sheet.merges,
                "notes": sheet.notes,
            }
            out.write(say(told).encode("utf-8", "replace") + b"\n")
        out.write(b'{"end":true}\n')
    except workbook.Blocked as stop:
        out.write(say({"blocked": stop.code, "params": stop.params}).encode() + b"\n")
    except MemoryError:
        out.write(b'{"blocked":"B014","params":{}}\n')
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))

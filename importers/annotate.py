"""The officer's own workbook sent back with its wrong cells marked, so that correcting it is all that is left to do.

In: the file as it was uploaded and its findings. Out: a workbook whose wrong cells are filled and commented and whose
last sheet, "Ledger report", lists what is wrong with links to the cells. An .xlsx comes back as it is but for that:
charts, formulas and pictures stay, byte for byte. What cannot hold marks (csv, xls, ods …) comes back as a new workbook
with the values as read. It can be sent in again: `is_report` names the sheet that readers leave out, and marks are
taken off again when a file is marked the next time. Read `annotated` first.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from importers import documents_staging, sandbox
from importers.annotating import copying
from importers.annotating.index import MARKER, REPORT_SHEET, is_report
from importers.annotating.words import marked
from ledger.errors import Refused
from ledger.findings import Finding
from ledger.settings import Settings

__all__ = ["LANGUAGES", "MARKER", "REPORT_SHEET", "annotated", "is_report"]

LANGUAGES = ("en", "es")
MEMORY_MAX = 1_000_000_000
"""Bytes of address space for marking: parts go through piece by piece, only the small ones are held as a whole."""
GROWTH = 20_000_000
"""Bytes that a marked workbook may be larger than the uploaded one: index, comments, a less dense packing."""


def annotated(
    path: Path, file_name: str, findings: Iterable[Finding], language: str, settings: Settings, out: Path
) -> Path | None:
    """Write the marked workbook to `out` and return it; None when the file cannot be read, so nothing can be marked.

    Findings of other files are left out. Raises Refused for a language without words. The file is parsed in child
    processes only, which may take `read_seconds_max` of processor time each; `out` is there whole or not at all.
    """
    if language not in LANGUAGES:
        raise Refused("unknown_language", language=language)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        is_zip = file.read(2) == b"PK"
    found = list(findings)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ledger-report-", dir=out.parent) as folder:
        made = Path(folder) / "out.xlsx"
        if is_zip:
            job = marked(found, sha256, file_name, language)
            answer = _in_place(path, {"sheets": job.sheets, "report": job.report}, settings, Path(folder), made)
            if answer == "blocked":
                return None
            if answer == "ok":
                os.replace(made, out)
                return out
        told = sandbox.contents(path, file_name, settings)
        if told.blocked:
            return None
        job = marked(found, sha256, file_name, language, is_copy=True)
        sheets = () if documents_staging.form_of(told.sheets) is not None else told.sheets
        copying.write(made, sheets, job)
        os.replace(made, out)
    return out


def _in_place(path: Path, job: Mapping[str, Any], settings: Settings, folder: Path, out: Path) -> str:
    """Let the child mark the workbook. Return ok, blocked (the reader refuses it too) or odd (only a copy can)."""
    told = folder / "job.json"
    told.write_text(json.dumps(job, ensure_ascii=True), "utf-8")
    limits = settings.model_copy(update={"read_memory_max": min(settings.read_memory_max, MEMORY_MAX)})
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "importers.annotating.child", str(told.resolve()), str(path.resolve())],
        cwd=folder,
        env=sandbox._clean_environment(limits),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    watch = threading.Timer(settings.read_seconds_max * 2, _kill, (process,))
    watch.start()
    left = path.stat().st_size * 2 + GROWTH
    try:
        assert process.stdout is not None
        said = process.stdout.readline(1_000)
        with out.open("wb") as file:
            while piece := process.stdout.read(1 << 20):
                left -= len(piece)
                if left < 0:
                    _kill(process)
                    break
                file.write(piece)
        status = process.wait()
    finally:
        watch.cancel()
        _kill(process)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if status != 0 or left < 0:
        return "odd"
    return "blocked" if said.startswith(b'{"blocked"') else "ok" if said == b'{"ok":true}\n' else "odd"


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass

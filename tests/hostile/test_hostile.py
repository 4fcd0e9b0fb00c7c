"""Every file that attacks ends in a finding with words or in an ordinary reading, soon, small and without a trace."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

import pytest

from importers import sandbox
from ledger.findings import Finding, Severity, codes, explained
from ledger.settings import Settings
from tests.hostile.attacks import ATTACKS, plain

SECONDS = 20
MEMORY = 700_000_000
LIMITS = Settings(read_seconds_max=SECONDS, read_memory_max=MEMORY)


def everything(*folders: Path) -> set[str]:
    return {str(p) for folder in folders for p in folder.rglob("*")}


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a folder for temporary files that nothing may be left in."""
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_a_named_finding_or_in_an_ordinary_reading(name: str, quiet: Path) -> None:
    attack = ATTACKS[name]
    (quiet / "file").mkdir()
    path = attack.write(quiet / "file")
    before = everything(quiet)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    told = sandbox.contents(path, path.name, LIMITS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert told.blocked in attack.codes, (told.blocked, told.params)
    assert after.ru_utime + after.ru_stime - spent.ru_utime - spent.ru_stime <= SECONDS + 1
    assert time.monotonic() - began <= SECONDS * 2 + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own < MEMORY // 1_000
    assert everything(quiet) == before
    if told.blocked:
        assert told.blocked in codes() and not told.sheets
        params = {"shown": path.name, **dict(told.params)}
        for language in ("en", "es"):
            assert (
                "{"
                not in explained(Finding(told.blocked, Severity.BLOCKER, None, "", path.name, params), language).what
            )
    if attack.rows is not None:
        texts = tuple(tuple(cell[1] if cell else "" for cell in row) for row in told.sheets[0].rows)
        assert texts == attack.rows


def test_a_workbook_cut_at_every_kilobyte_is_damaged_or_empty(tmp_path: Path) -> None:
    from tests.hostile.attacks import workbook

    whole = workbook(tmp_path / "whole.xlsx", {}).read_bytes()
    path = tmp_path / "cut.xlsx"
    for size in range(0, len(whole), 1_024):
        path.write_bytes(whole[:size])
        assert sandbox.contents(path, path.name, LIMITS).blocked == ("B002" if size else "B001"), size


def test_a_byte_changed_anywhere_in_a_small_workbook_never_harms(tmp_path: Path) -> None:
    """One in forty bytes, each changed in turn: read as it stands there, or refused by name."""
    from tests.hostile.attacks import _packed

    whole = bytes(_packed({k: v for k, v in plain().items() if "theme" not in k}))
    path = tmp_path / "bent.xlsx"
    for at in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        told = sandbox.contents(path, path.name, LIMITS)
        assert told.blocked in codes() | {""}, at


def test_the_limits_hold_for_the_child_and_leave_nothing_running(tmp_path: Path) -> None:
    """A reading stopped half-way ends its process: none of ours is left."""
    path = ATTACKS["a part that stays below the ratio"].write(tmp_path)
    assert sandbox.contents(path, path.name, Settings(read_seconds_max=1)).blocked in ("B009", "B014")
    left = [
        path.name
        for path in Path("/proc").glob("[0-9]*")
        if f"PPid:\t{os.getpid()}\n" in _told(path / "status") and "importers.sandbox" in _told(path / "cmdline")
    ]
    assert not left


def _told(path: Path) -> str:
    """What a file under /proc says; nothing when the process has ended meanwhile."""
    try:
        return path.read_text("utf-8", "replace").replace("\0", " ")
    except OSError:
        return ""

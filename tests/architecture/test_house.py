"""The house holds its own promises: direction, docstrings, tests beside modules, words beside codes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("ocds", "ledger", "importers", "public_site")
MODULES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py") if "migrations/versions" not in p.as_posix())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_rooms_are_entered_in_one_direction_only() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_tells_a_stranger_what_it_is_for(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert doc and len(doc.split()) >= 6, f"{name(path)} does not say what it is for"


# Doors are tested through the addresses and commands that they answer, not by import.
DOORS = {
    "public_site.api": "test_ocds_api.py",
    "public_site.desk": "test_desk.py",
    "public_site.filling": "test_cli.py",
    "public_site.measured": "test_measured.py",
    "public_site.pages": "test_pages.py",
    "importers.drafts": "test_drafts.py",
    "ledger.migrations.env": "test_store.py",
    "ledger.reading": "test_pages.py",
    "ledger.sources": "test_record_pages.py",
}


def test_every_module_has_its_tests() -> None:
    files = {p.name: p.read_text("utf-8") for p in (ROOT / "tests").rglob("*.py")}
    tests = "\n".join(files.values())
    untested = []
    for path in MODULES:
        module = name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        door = next((file for room, file in DOORS.items() if module.startswith(room)), None)
        parent, _, leaf = module.rpartition(".")
        named = parent and re.search(rf"from {re.escape(parent)} import (\([^)]*|[^\n]*)\b{leaf}\b", tests)
        if not named and module not in tests and (door is None or door not in files) and module not in ROOMS:
            untested.append(module)
    assert not untested


def test_prose_and_code_leave_nothing_undone() -> None:
    left = [
        f"{name(p)}:{n}"
        for p in MODULES
        for n, line in enumerate(p.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|HACK)\b|# ?XXX\b", line)  # XXX alone is ISO 4217's "no currency"
    ]
    assert not left


def test_no_amount_becomes_a_float_outside_the_one_door_to_json() -> None:
    found = [
        f"{name(p)}:{node.lineno}"
        for p in MODULES
        if name(p).split("/")[0] != "public_site"
        for node in ast.walk(ast.parse(p.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
    ]
    allowed = [f for f in found if f.startswith("ledger/values.py")]
    assert len(allowed) == 1 and found == allowed, found


def test_no_module_reads_the_environment_but_settings() -> None:
    readers = [name(p) for p in MODULES if re.search(r"os\.environ|os\.getenv|getenv\(", p.read_text("utf-8"))]
    assert readers in ([], ["importers/sandbox.py"]), readers  # the child process gets a clean environment of its own


def test_every_finding_has_words_in_both_languages() -> None:
    from ledger import findings

    for code in findings.codes():
        for language in ("en", "es"):
            words = findings._words()[code][language]
            assert set(words) >= {"what", "fix"}, (code, language)
            assert all(isinstance(v, str) for v in words.values())


def test_every_finding_code_used_in_the_code_has_words() -> None:
    from ledger import findings

    used = {
        m
        for p in MODULES
        for m in re.findall(r'(?:Finding|finding|_find|found)\(\s*"([A-Z]\d{3})"', p.read_text("utf-8"))
    }
    assert used <= findings.codes(), used - findings.codes()


def test_every_setting_is_explained_where_it_stands() -> None:
    source = (ROOT / "ledger" / "settings.py").read_text("utf-8")
    body = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    fields = [n.target.id for n in body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    explained = [
        a.target.id
        for a, b in pairwise(body)
        if isinstance(a, ast.AnnAssign) and isinstance(a.target, ast.Name) and isinstance(b, ast.Expr)
    ]
    assert [f for f in fields if f != "model_config"] == explained


def test_no_one_machine_shows_in_what_is_committed() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    for file in files:
        path = ROOT / file
        if path.suffix in {".py", ".md", ".toml", ".sh", ".html"} and path.is_file() and path != Path(__file__):
            assert "/work/" not in path.read_text("utf-8"), file

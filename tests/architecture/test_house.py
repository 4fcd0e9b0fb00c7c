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


def test_every_module_of_the_inner_rooms_has_its_tests() -> None:
    tests = "\n".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    untested = []
    for path in MODULES:
        module = name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        parent, _, leaf = module.rpartition(".")
        mentions = (module, f"from {parent} import {leaf}") if parent else (module,)
        grouped = re.search(rf"from {re.escape(parent)} import [^\n]*\b{leaf}\b", tests) if parent else True
        multi = re.search(rf"from {re.escape(parent)} import \([^)]*\b{leaf}\b", tests) if parent else True
        if not any(m in tests for m in mentions) and not grouped and not multi and "migrations" not in module:
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

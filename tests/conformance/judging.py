"""The outside judge as one function: `judge(files)` counts what libcoveocds and the reference checks find.

It runs in a process of its own (it replaces the network of the process it lives in) and in an empty folder. See
judge/README.md. Tests of downloads import `judge` from here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocds import schema

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"

_FAULTS = (
    "schema_errors",
    "additional_fields",
    "reference_errors",
    "closed_codelist",
    "invalid_extensions",
    "bad_ocid_prefix",
    "deprecated_fields",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge said. `clean` is its own strict verdict; `counts` are its faults, those that are 0 left out."""

    clean: bool
    items: int
    counts: dict[str, int]
    told: list[dict[str, Any]]


def judge(paths: Iterable[Path], public_url: str = schema.EXAMPLE_URL, serve_aid: bool = True) -> Verdict:
    """Judge packages or JSON Lines of one site strictly. `serve_aid`: the site serves its local extension."""
    with tempfile.TemporaryDirectory() as folder:
        extension = Path(folder, "aid")
        for name, content in schema.aid_extension(public_url).items() if serve_aid else ():
            file = extension / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        done = subprocess.run(
            [
                *(sys.executable, HERE / "judge" / "tools" / "conform.py", "--strict", "--json"),
                *("--ext", f"{schema.aid_url(public_url)}={extension}"),
                *(Path(p).resolve() for p in paths),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=280,
        )
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"the judge could not judge: {done.stderr[-3000:]}")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    counts = {name: n for name in _FAULTS if (n := sum(_count(t.get(name)) for t in told))}
    counts |= {"unreadable": n} if (n := sum("unreadable" in t for t in told)) else {}
    return Verdict(done.returncode == 0, sum(t.get("items", 0) for t in told), counts, told)


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_count(v) for v in value.values())
    if isinstance(value, int):
        return value
    return 1 if isinstance(value, str) else len(value or ())


def strict_problems(package: dict[str, Any], public_url: str = schema.EXAMPLE_URL) -> list[str]:
    """Judge one package; an empty list is a clean strict verdict."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "package.json")
        path.write_text(json.dumps(package), "utf-8")
        verdict = judge([path], public_url)
    return [] if verdict.clean else [f"{name}: {n}" for name, n in verdict.counts.items()] or ["not clean"]

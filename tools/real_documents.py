"""Write docs/reference/real-documents.md: what the reader makes of every real OCDS, 360Giving and IATI file there is.

    .venv/bin/python tools/real_documents.py FOLDER [--out docs/reference/real-documents.md]

The folder holds one sub-folder per publisher. Each publisher's files are read one by one, then all together go the
whole way into a ledger of their own; what that ledger publishes is judged by libcoveocds (tests/conformance). The
files themselves are not part of this repository, so the page is made on purpose, by hand, and committed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from defusedxml import ElementTree

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from importers import intake  # noqa: E402
from ledger import accounts, publish, store, tables, workflow  # noqa: E402
from ledger.settings import EXAMPLE_URL, Settings, parse_register  # noqa: E402
from ocds import package  # noqa: E402
from tests.conformance import judging  # noqa: E402

SUFFIXES = {".json", ".jsonl", ".xml", ".gz"}
PREFIXES = ("ocds-", "360giving", "iati", "peru-", "un-ocha-fts")
REGISTER = parse_register(
    {
        "jurisdiction": [{"code": "xx", "names": {"en": "Elsewhere"}, "currency": "USD"}],
        "publisher": [{"id": "them", "name": "Another publisher", "jurisdiction": "xx"}],
    }
)


@dataclass
class Told:
    """What is known of one folder when all its files are read."""

    name: str
    files: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    published: int = 0
    faults: list[str] = field(default_factory=list)
    cells: int = 0
    wrong_cells: int = 0


def read(folder: Path, files: list[Path]) -> Told:
    told = Told(folder.name, len(files))
    started = time.monotonic()
    for file in files:
        sys.stderr.write(f"{file}\n")
        checked = intake.check_files([file], settings=Settings(), register=REGISTER, publisher="them")
        for table in checked.report["files"][0]["tables"]:
            told.rows.update(table["rows"])
            told.rows["ignored"] += 0
            assert table["rows"]["read"] == sum(table["rows"][k] for k in ("accepted", "held", "ignored"))
        codes = {f.code for f in checked.findings}
        told.codes.update(codes)
        if not checked.report["files"][0]["tables"]:
            told.refused.update(codes)
    told.seconds = time.monotonic() - started
    return told


def publish_all(told: Told, files: list[Path]) -> None:
    """Take all files the whole way, with held rows held back, and judge what comes out."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), upload_max_bytes=100_000_000)
        engine = store.open_store(settings)
        store.migrate(engine)
        with store.writing(engine) as conn:
            for person in ("ana", "ben"):
                accounts.add(conn, person, person.title(), None, at)
            conn.execute(
                sa.insert(tables.account_roles),
                [{"account": p, "role": r, "publisher": ""} for p in ("ana", "ben") for r in ("officer", "certifier")],
            )
        id = intake.receive(engine, settings, REGISTER, files, "them", by="ana", at=at, hold_back=True)
        state = intake.read_submission(engine, settings, REGISTER, id, at=at)
        if state != "valid":
            told.faults.append(f"the submission is {state}")
            return
        with store.writing(engine) as conn:
            state = workflow.submit(conn, id, "ana", at)
        if state != "ready_for_review":
            told.faults.append(f"the submission is {state}")
            return
        with store.writing(engine) as conn:
            publish.certify(conn, settings, REGISTER, id, "ben", at)
        with store.reading(engine) as conn:
            releases = [store.unpacked(body) for body in conn.scalars(sa.select(tables.releases.c.body))]
            evidence = [store.unpacked(cells) for cells in conn.scalars(sa.select(tables.provenance.c.cells))]
            names = dict(
                conn.execute(sa.select(tables.submission_files.c.sha256, tables.submission_files.c.file_name)).all()
            )
            paths = {sha: store.upload_path(settings, sha) for sha in names}
        told.published = len(releases)
        meta = package.Meta("Another publisher", EXAMPLE_URL, settings.license, f"{EXAMPLE_URL}/policy", EXAMPLE_URL)
        whole = package.release_package(releases, meta, f"{settings.public_url}/package.json", "2026-01-01T00:00:00Z")
        told.faults += judging.strict_problems(whole, settings.public_url)
        _look_up(told, evidence, paths)
        engine.dispose()


def _look_up(told: Told, evidence: list[dict[str, list[str]]], paths: dict[str, Path]) -> None:
    """Open every place that stands behind a value, and see whether the file says there what is remembered."""
    documents: dict[str, Any] = {}
    for cells in evidence:
        for sha, _, cell, raw, how in cells.values():
            told.cells += 1
            if sha not in documents:
                data = paths[sha].read_bytes()
                documents[sha] = (
                    json.loads(data, parse_float=str, parse_int=str) if data.lstrip()[:1] in b"{[" else data
                )
            if how != "aggregated" and said(documents[sha], cell) != raw:
                told.wrong_cells += 1


def said(document: Any, cell: str) -> str | None:
    """What a document says at a pointer (JSON) or path (XML); None when nothing stands there."""
    if isinstance(document, bytes):
        where, _, attribute = cell.partition("/@")
        found = ElementTree.fromstring(document).find("." + where)
        if found is None:
            return None
        return found.get(attribute) if attribute else (found.text or "").strip()
    at = document
    for token in [t.replace("~1", "/").replace("~0", "~") for t in cell.removeprefix("/").split("/") if t]:
        try:
            at = at[int(token)] if isinstance(at, list) else at[token]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return "true" if at is True else "false" if at is False else at if isinstance(at, str) else None


def page(told: list[Told]) -> list[str]:
    lines = [
        "# Real documents of other publishers, and what the reader made of them",
        "",
        "Made by `tools/real_documents.py` from files that are not part of this repository. In every row",
        "read = accepted + held + ignored. Each file is read alone for these counts; then all files of a publisher are",
        "one submission, in which releases of one process are merged, and what it publishes is judged by libcoveocds.",
        "`places` are the JSON pointers and XML paths remembered behind published values: how many there are, and how",
        "many do not say in the file what the ledger remembers.",
        "",
        "| folder | files | refused | read | accepted | held | ignored | processes published | strictly valid "
        "| places (wrong) | time |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for t in told:
        refused = ", ".join(f"{code} ×{n}" for code, n in sorted(t.refused.items())) or "-"
        verdict = ("yes" if not t.faults else "; ".join(t.faults)) if t.published or t.faults else "-"
        lines.append(
            f"| {t.name} | {t.files} | {refused} | {t.rows['read']} | {t.rows['accepted']} | {t.rows['held']} "
            f"| {t.rows['ignored']} | {t.published} | {verdict} | {t.cells} ({t.wrong_cells}) | {t.seconds:.1f} s |"
        )
    lines += ["", "## What was said, in how many files", "", "| folder | findings: files |", "|---|---|"]
    for t in told:
        shown = ", ".join(f"{code}: {n}" for code, n in sorted(t.codes.items())) or "-"
        lines.append(f"| {t.name} | {shown} |")
    lines += ["", "The words of each code stand in `ledger/words/findings/`."]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference" / "real-documents.md")
    options = parser.parse_args()
    told = []
    for folder in sorted(p for p in options.folder.iterdir() if p.is_dir() and p.name.startswith(PREFIXES)):
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not files:
            continue
        found = read(folder, files)
        readable = [f for f in files if intake.check_files([f], settings=Settings(), register=REGISTER).files[0].tables]
        if readable:
            publish_all(found, readable)
        told.append(found)
    options.out.write_text("\n".join(page(told)) + "\n", "utf-8")


if __name__ == "__main__":
    main()

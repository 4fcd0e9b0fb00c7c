"""Every download of a publication: valid for the outside judge, equal in every format, whole or not there."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import store, totals
from ledger.errors import Refused
from ledger.settings import Settings
from public_site import exports
from public_site.exports import bulk, manifest
from tests import builders as b
from tests.conformance import judging

SCHEMA = Path(__file__).parents[2] / "ocds" / "profile" / "release-schema.json"


@pytest.fixture
def folder(engine: sa.Engine, settings: Settings) -> Path:
    b.published(engine, settings, b.register(), b.chain())
    return exports.write_downloads(engine, settings, b.register())


def package(path: Path) -> dict[str, Any]:
    with gzip.open(path) as file:
        told: dict[str, Any] = json.load(file)
        return told


def test_bulk_packages_pass_the_outside_judge(folder: Path) -> None:
    judged = 0
    for path in sorted((folder / "ocds" / "bulk").rglob("*.json.gz")):
        assert judging.strict_problems(package(path)) == [], path
        judged += 1
    assert judged >= 8


def test_no_package_is_empty_and_each_has_an_address_of_its_own(folder: Path) -> None:
    uris = []
    for path in (folder / "ocds" / "bulk").rglob("*.json.gz"):
        told = package(path)
        assert told.get("releases") or told.get("records")
        uris.append(told["uri"])
        assert told["uri"].endswith(f"/downloads/{folder.name}/{path.relative_to(folder).as_posix()}")
    assert len(uris) == len(set(uris))


def test_ocdskit_compiles_the_releases_to_our_records(folder: Path) -> None:
    # given: every release file, as a reader would pipe them into the usual tool
    releases = b"".join(
        json.dumps(package(p)).encode() + b"\n" for p in (folder / "ocds/bulk/all/releases").glob("*.json.gz")
    )

    # when
    done = subprocess.run(
        [Path(sys.executable).parent / "ocdskit", "compile", "--schema", SCHEMA],
        input=releases,
        capture_output=True,
        timeout=120,
    )

    # then: the same compiled releases, line for line
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = {r["ocid"]: r for r in map(json.loads, done.stdout.splitlines())}
    ours = {r["ocid"]: r for r in manifest.lines(folder / "ocds/bulk/all/compiled/full.jsonl.gz")}
    assert ours.keys() == theirs.keys()
    for ocid, compiled in ours.items():
        assert compiled == theirs[ocid]


def test_csv_manifest_and_sql_tell_the_same_totals(engine: sa.Engine, folder: Path) -> None:
    # given: the sums of the CSV rows, added by nothing but this test
    added: dict[tuple[str, ...], Decimal] = {}
    for path in (folder / "csv").glob("*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")):
            if row.get("counted") == "true" and row["event"] != "item":
                amount = row["amount_cash"] or row["amount_loan"] or row["amount_in_kind"]
                key = (row["jurisdiction"], row["stage"], row["currency"], row["in_kind"], row["loan"])
                added[key] = added.get(key, Decimal(0)) + Decimal(amount or 0)

    # when
    with store.reading(engine) as conn:
        asked = totals.totals(conn, None)
    told = manifest.read(folder)["totals"]

    # then
    def key_of(t: Any) -> tuple[str, ...]:
        return (t["jurisdiction"], t["stage"], t["currency"], str(t["in_kind"]).lower(), str(t["loan"]).lower())

    assert added == {key_of(t): Decimal(t["amount"]) for t in told}
    assert told == [manifest.as_json(t) for t in asked]


def test_a_folder_of_downloads_verifies_and_a_changed_file_is_named(folder: Path) -> None:
    assert manifest.problems(folder) == []

    # when: somebody adds a thousand to a payment
    file = folder / "csv" / "payments.csv"
    text = file.read_bytes()
    file.write_bytes(text.replace(b".00,", b"1.00,", 1))

    # then
    assert [p for p in manifest.problems(folder) if "payments.csv" in p]


def test_a_compiled_release_that_its_releases_do_not_give_is_named(folder: Path) -> None:
    # given: a forger who also mends the manifest
    path = folder / "ocds/bulk/all/compiled/full.jsonl.gz"
    lines = list(manifest.lines(path))
    lines[0]["title"] = "Another title"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as gz:
        gz.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    told = manifest.read(folder)
    for file in told["files"]:
        if file["path"] == path.relative_to(folder).as_posix():
            file["sha256"], file["bytes"] = manifest.sha256(path), path.stat().st_size
    (folder / manifest.NAME).write_text(json.dumps(told), "utf-8")

    # then
    assert manifest.problems(folder) == [
        f"{lines[0]['ocid']}: the compiled release is not what its releases compile to"
    ]


def test_the_same_publication_gives_the_same_bytes(
    engine: sa.Engine, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    again = exports.write_downloads(engine, settings, b.register(), out=tmp_path / "again")
    assert manifest.read(again) == manifest.read(folder)
    assert manifest.problems(again) == []


def test_an_earlier_publication_can_be_written_again(engine: sa.Engine, settings: Settings, folder: Path) -> None:
    # given: a later publication
    first = manifest.read(folder)
    said = b.aid("AID-1").pledge("USD 500,000").commitment("USD 500,000").disbursement("USD 310,000")
    second = b.published(engine, settings, b.register(), [said, b.aid("A9").pledge("USD 5")], mode="append")
    assert second.releases == 2

    # when
    again = exports.write_downloads(engine, settings, b.register(), out=settings.home / "again", publication=1)

    # then
    assert manifest.read(again) == first


def test_a_long_month_goes_on_in_parts(engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PART_BYTES", -1)
    b.published(engine, settings, b.register(), b.chain())
    folder = exports.write_downloads(engine, settings, b.register())
    names = sorted(p.name[len("2020-06") :] for p in (folder / "ocds/bulk/all/releases").iterdir())
    assert names == ["-2.json.gz", "-3.json.gz", "-4.json.gz", ".json.gz"]
    assert manifest.problems(folder) == []


def test_formats_that_disagree_are_never_put_in_place(
    engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a table writer with a fault
    b.published(engine, settings, b.register(), b.chain())
    honest = exports.manifest.of_compiled
    monkeypatch.setattr(exports.manifest, "of_compiled", lambda *a: honest(*a)[:-1])

    # then: nothing is there, not even half of it
    with pytest.raises(manifest.Disagree):
        exports.write_downloads(engine, settings, b.register())
    assert list(settings.downloads.iterdir()) == []


def test_a_crash_while_building_leaves_no_folder(
    engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    b.published(engine, settings, b.register(), b.chain())

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(exports, "_organizations", broken)
    with pytest.raises(OSError, match="disk full"):
        exports.write_downloads(engine, settings, b.register())
    assert exports.newest(settings) is None


def test_before_the_first_publication_there_is_nothing_to_download(engine: sa.Engine, settings: Settings) -> None:
    with pytest.raises(Refused, match="nothing_published"):
        exports.write_downloads(engine, settings, b.register())


def test_a_folder_with_something_in_it_is_not_written_over(
    engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    b.published(engine, settings, b.register(), b.chain())
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="folder_not_empty"):
        exports.write_downloads(engine, settings, b.register(), out=tmp_path)

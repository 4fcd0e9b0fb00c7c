"""Documents of other publishers go the whole way: file, submission, four eyes, publication, the page of a figure."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from defusedxml import ElementTree
from fastapi.testclient import TestClient

from importers import intake, sandbox
from ledger import publish, store, tables, totals, verify, workflow
from ledger.settings import Settings
from ocds import package, paths
from public_site.app import create_app
from tests import builders as b
from tests.conformance import judging
from tests.unit.importers.test_documents import (
    OCID,
    activities,
    changed,
    grant,
    packaged,
    put,
    release,
    transaction,
)

REGISTER = b.register()
DEFECTS = changed(
    put("contracts/0/value/currency", "bzd"),
    put("contracts/0/dateSigned", "2020-05-25"),
    put("tender/value", {"amount": "", "currency": ""}),
    put("tender/status", "Evaluarea ofertelor"),
    put("tender/documents", [{"title": "Notice", "url": "", "language": "EN"}]),
    put("tender/procuringEntity", {"name": "Central Stores", "address": {"region": "Belize"}}),
    put("parties/0/contactPoint", {"name": "Jo Canary", "email": "jo.canary@example.org"}),
    put("validationErrors", "none"),
    put("contracts/0/amendment", {"date": "2020-06-01T00:00:00Z", "rationale": "Freight"}),
)


def given(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


def read(engine: sa.Engine, settings: Settings, *files: Path, **how: Any) -> workflow.Submission:
    with store.writing(engine) as conn:
        b.people(conn, "ana", "ben")
    id = intake.receive(engine, settings, REGISTER, files, "moh", by="ana", at=b.later(), **how)
    intake.read_submission(engine, settings, REGISTER, id, at=b.later())
    with store.reading(engine) as conn:
        return workflow.submission(conn, id)


def certified(engine: sa.Engine, settings: Settings, submission: workflow.Submission) -> publish.Publication:
    with store.writing(engine) as conn:
        assert workflow.submit(conn, submission.id, "ana", b.later()) == "ready_for_review"
    with store.writing(engine) as conn:
        return publish.certify(conn, settings, REGISTER, submission.id, "ben", b.later())


def public(engine: sa.Engine, settings: Settings) -> dict[str, Any]:
    """Everything that is public, as one release package."""
    with store.reading(engine) as conn:
        bodies = conn.scalars(sa.select(tables.releases.c.body).order_by(tables.releases.c.id))
        releases = [store.unpacked(body) for body in bodies]
    site = settings.public_url
    meta = package.Meta("Ledger", f"{site}/", settings.license, f"{site}/policy", site)
    return package.release_package(releases, meta, f"{site}/package.json", "2020-08-01T00:00:00Z")


def why(engine: sa.Engine, settings: Settings, ocid: str, at: str) -> dict[str, Any]:
    with TestClient(create_app(settings, REGISTER, engine)) as site:
        assert site.get(f"/en/why/{ocid}", params={"at": at}).status_code == 200
        told: dict[str, Any] = site.get(f"/en/why/{ocid}.json", params={"at": at}).json()
        return told


def test_a_package_with_defects_is_published_strictly_valid_and_its_figure_opens_to_its_pointer(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    file = given(tmp_path, "theirs.json", packaged(DEFECTS, release(ocid=OCID + "b"), version=None))

    submission = read(sqlite_engine, settings, file)
    publication = certified(sqlite_engine, settings, submission)

    assert publication.releases == 2
    told = public(sqlite_engine, settings)
    assert judging.strict_problems(told, settings.public_url) == []
    assert {r["ocid"] for r in told["releases"]} == {OCID, OCID + "b"}
    assert "canary" not in json.dumps(told).casefold()

    figure = why(sqlite_engine, settings, OCID, "/contracts/0/value/amount")
    (source,) = figure["sources"]
    assert (source["sheet"], source["cell"]) == ("releases", "/releases/0/contracts/0/value/amount")
    document = json.loads(file.read_bytes(), parse_float=str)
    assert paths.get(document, source["cell"]) == source["raw"] == "20000.5"
    assert (figure["value"], figure["currency"], figure["direct"]) == (20000.5, "BZD", True)
    assert {c["header"] for c in source["row"]} == {"amount", "currency"}
    with store.reading(sqlite_engine) as conn:
        contract = [t for t in totals.totals(conn) if t.stage == "contract"]
        assert [(t.currency, t.amount, t.processes) for t in contract] == [("BZD", Decimal(40001), 2)]
    assert verify.problems(sqlite_engine, settings, REGISTER) == []


def test_the_same_file_again_changes_nothing_and_one_amount_is_one_changed_process(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    told = packaged(DEFECTS, release(ocid=OCID + "b"))
    certified(sqlite_engine, settings, read(sqlite_engine, settings, given(tmp_path, "a.json", told)))

    turned = {**told, "releases": told["releases"][::-1], "uri": "https://example.org/q.json"}
    same = read(sqlite_engine, settings, given(tmp_path, "b.json", turned))
    with store.writing(sqlite_engine) as conn:
        assert workflow.submit(conn, same.id, "ana", b.later()) == "unchanged"
    other = changed(put("contracts/0/value/amount", 21000), put("ocid", OCID + "b"))
    later = read(sqlite_engine, settings, given(tmp_path, "c.json", packaged(DEFECTS, other)))

    assert later.change_set is not None
    assert {k: later.change_set[k] for k in ("added", "changed", "withdrawn", "unchanged")} == {
        "added": 0,
        "changed": 1,
        "withdrawn": 0,
        "unchanged": 1,
    }
    (change,) = later.change_set["changes"]
    assert change["fields"] == [["/contracts/=C-17/value/amount", 20000.5, 21000]]


def test_a_held_release_waits_and_what_is_public_of_it_stays(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    certified(sqlite_engine, settings, read(sqlite_engine, settings, given(tmp_path, "a.json", packaged(release()))))
    bad = packaged(changed(put("contracts/0/value", {"amount": 9})), release(ocid=OCID + "b"))

    stopped = read(sqlite_engine, settings, given(tmp_path, "b.json", bad))
    going = read(sqlite_engine, settings, given(tmp_path, "b.json", bad), hold_back=True)

    assert (stopped.state, going.state) == ("has_errors", "valid")
    assert going.change_set is not None
    assert [(c["kind"], c["ocid"]) for c in going.change_set["changes"]] == [("added", OCID + "b")]


def test_another_office_cannot_overwrite_what_one_has_published(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    certified(sqlite_engine, settings, read(sqlite_engine, settings, given(tmp_path, "a.json", packaged(release()))))
    other = given(tmp_path, "b.json", packaged(changed(put("contracts/0/value/amount", 1))))

    id = intake.receive(sqlite_engine, settings, REGISTER, [other], "mof", by="ana", at=b.later())

    assert intake.read_submission(sqlite_engine, settings, REGISTER, id, at=b.later()) == "has_errors"
    with store.reading(sqlite_engine) as conn:
        assert {f.code for f in workflow.findings(conn, id)} == {"J027"}


def test_what_this_ledger_publishes_can_be_read_back_and_says_the_same(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    certified(sqlite_engine, settings, read(sqlite_engine, settings, given(tmp_path, "a.json", packaged(DEFECTS))))

    again = read(sqlite_engine, settings, given(tmp_path, "b.json", public(sqlite_engine, settings)))

    assert again.state == "valid" and again.change_set is not None
    assert [f for c in again.change_set["changes"] for f in c["fields"] if f[0].endswith("/amount")] == []


def test_a_payments_sheet_finds_the_contract_of_a_document(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    certified(sqlite_engine, settings, read(sqlite_engine, settings, given(tmp_path, "a.json", packaged(release()))))
    sheet = (
        b"Voucher number,Contract number,Payment date,Amount paid,Currency,Payee\nPV-9,C-17,2020-07-01,10,BZD,Acme\n"
    )

    paid = read(sqlite_engine, settings, given(tmp_path, "payments.csv", sheet), kind="payments")

    assert paid.change_set is not None
    assert [(c["kind"], c["ocid"]) for c in paid.change_set["changes"]] == [("changed", OCID)]


def test_grants_and_activities_are_published_as_aid_and_open_to_their_place(
    tmp_path: Path, sqlite_engine: sa.Engine, settings: Settings
) -> None:
    grants = given(tmp_path, "grants.json.gz", gzip.compress(json.dumps({"grants": [grant()]}).encode()))
    xml = activities(transaction("2", "500000", "USD") + transaction("3", "300000.00", "USD"))

    certified(sqlite_engine, settings, read(sqlite_engine, settings, grants, given(tmp_path, "iati.xml", xml)))

    assert judging.strict_problems(public(sqlite_engine, settings), settings.public_url) == []
    with store.reading(sqlite_engine) as conn:
        sums = {(t.stage, t.currency): t.amount for t in totals.totals(conn)}
        arcs = conn.execute(sa.select(tables.arcs.c.ocid, tables.arcs.c.locator, tables.arcs.c.stage)).all()
    assert sums == {("commitment", "GBP"): 10000, ("commitment", "USD"): 500000, ("receipt", "USD"): 300000}
    root = ElementTree.fromstring(xml)
    for arc in arcs:
        (source,) = why(sqlite_engine, settings, arc.ocid, arc.locator)["sources"]
        if source["sheet"] == "activities":
            element = root.find("." + source["cell"])
            assert element is not None and element.text == source["raw"]
        else:
            assert (source["cell"], source["raw"]) == ("/grants/0/amountAwarded", "10000")


@pytest.mark.parametrize(
    ("code", "document"),
    [
        ("J001", {"status": "ok", "data": {"totals": {"objectsSum": 5}}}),
        ("J001", [{"ENTIDAD": "MUNICIPALIDAD", "MONTO": 5}]),
        ("J003", b"[" * 1_000_000),
        ("J004", b'{"releases": [{"ocid": "a", "ocid": "b"}]}'),
        ("J006", b'<!DOCTYPE iati-activities [<!ENTITY x SYSTEM "file:///etc/passwd">]><iati-activities/>'),
    ],
)
def test_what_is_none_of_ours_is_refused_with_its_reason_by_the_sandbox(
    code: str, document: Any, tmp_path: Path, settings: Settings
) -> None:
    told = sandbox.contents(given(tmp_path, "x.json", document), "x.json", settings)
    assert told.blocked == code


def test_the_report_counts_releases_and_adds_them_up(tmp_path: Path, settings: Settings) -> None:
    bad = changed(put("contracts/0/value/amount", "half a million"), put("ocid", OCID + "c"))
    file = given(tmp_path, "theirs.json", packaged(DEFECTS, release(ocid=OCID + "b"), bad))

    done = intake.check_files([file], settings=settings, register=REGISTER, publisher="moh")

    (table,) = done.report["files"][0]["tables"]
    assert (table["sheet"], table["kind"], table["columns"]) == ("releases", "procurement", [])
    assert table["rows"] == {"read": 3, "accepted": 2, "held": 1, "ignored": 0}
    assert table["totals"] == {"contract": {"BZD": "40001.00"}, "payment": {"BZD": "30000.50"}}
    held = next(f for f in done.report["findings"] if f["severity"] == "error")
    assert (held["code"], held["sheet"], held["cell"]) == ("J019", "releases", "/releases/2/contracts/0/value/amount")
    assert "half a million" in held["message"] and held["fix"]

"""Documents of other publishers: what is read, mended and said, left out and said, held back, and never published."""

from __future__ import annotations

import copy
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from defusedxml import ElementTree

from importers import (
    documents,
    documents_parties,
    documents_repair,
    documents_staging,
    documents_upgrade,
    drafts,
    giving,
    iati,
    ocds_json,
    staging,
)
from importers.documents_tree import Leaf, Said, decoded, leaves, plain
from importers.drafts import Built, Context, Nothing
from importers.raw import Blocked
from importers.sandbox import RawSheet
from importers.staged import StagedFile
from ledger import rules
from ledger.findings import Finding, Severity, explained
from ledger.settings import Settings
from ledger.values import Draft, Locator, Sha256
from ocds import check, paths
from tests import builders as b

SHA = Sha256("0" * 64)
REGISTER = b.register()
BZ = REGISTER.jurisdiction("bz")
OCID = "ocds-ab12cd-2020-017"

Release = dict[str, Any]


def release(**more: Any) -> Release:
    """A release in OCDS 1.1 with nothing wrong in it: masks bought by a ministry, signed and paid."""
    told: Release = {
        "ocid": OCID,
        "id": "2020-017-3",
        "date": "2020-06-20T10:00:00Z",
        "tag": ["tender", "award", "contract"],
        "initiationType": "tender",
        "language": "en",
        "parties": [
            {"id": "B1", "name": "Ministry of Health", "roles": ["buyer"]},
            {
                "id": "S1",
                "name": "Acme Medical Ltd",
                "roles": ["supplier", "tenderer"],
                "identifier": {"scheme": "BZ-BCCAR", "id": "77120"},
                "additionalIdentifiers": [{"scheme": "XI-LEI", "id": "5299000"}],
            },
        ],
        "buyer": {"id": "B1", "name": "Ministry of Health"},
        "tender": {
            "id": "T-17",
            "title": "Respirators for district hospitals",
            "status": "complete",
            "procurementMethod": "direct",
            "value": {"amount": 21000, "currency": "BZD"},
            "tenderers": [{"id": "S1", "name": "Acme Medical Ltd"}],
        },
        "awards": [
            {
                "id": "A-17",
                "status": "active",
                "date": "2020-05-20T00:00:00-06:00",
                "value": {"amount": 20000.5, "currency": "BZD"},
                "suppliers": [{"id": "S1", "name": "Acme Medical Ltd"}],
            }
        ],
        "contracts": [
            {
                "id": "C-17",
                "awardID": "A-17",
                "status": "active",
                "dateSigned": "2020-05-25T00:00:00-06:00",
                "value": {"amount": 20000.5, "currency": "BZD"},
                "items": [{"id": "1", "description": "N95 respirators", "quantity": 4000}],
                "implementation": {
                    "transactions": [
                        {
                            "id": "P-1",
                            "date": "2020-06-03T00:00:00-06:00",
                            "value": {"amount": 15000.25, "currency": "BZD"},
                            "payer": {"id": "B1", "name": "Ministry of Health"},
                            "payee": {"id": "S1", "name": "Acme Medical Ltd"},
                        }
                    ]
                },
            }
        ],
    }
    return {**told, **more}


def packaged(*releases: Release, version: str | None = "1.1") -> dict[str, Any]:
    about = {"uri": "https://example.org/p.json", "publishedDate": "2020-06-21T00:00:00Z", "publisher": {"name": "X"}}
    return {**about, **({"version": version} if version else {}), "releases": list(releases)}


def sheet(data: bytes) -> RawSheet:
    """What the child makes of the bytes, after the pipe."""
    file = io.BytesIO(data)
    assert documents.is_document(file)
    (read,) = documents.read(file, 1000)
    told: dict[str, Any] = {f.name: () for f in fields(RawSheet)}
    rows = json.loads(json.dumps(read.rows))
    notes = tuple((code, cell, shown) for code, cell, shown in read.notes)
    return RawSheet(**{**told, "name": read.name, "visible": True, "rows": rows, "notes": notes})


def staged(data: bytes) -> StagedFile:
    raw = sheet(data)
    form = documents_staging.form_of((raw,))
    assert form is not None
    return documents_staging.staged(raw, *form, "them.json", SHA)


class Read:
    """A document read and built by the Ministry of Health."""

    def __init__(self, document: Any, known: Any = None, raw: bytes | None = None) -> None:
        self.data = raw if raw is not None else json.dumps(document).encode()
        (self.file,) = documents_staging.once([staged(self.data)])
        context = Context("moh", BZ, Settings(), REGISTER, known or Nothing())
        self.built: Built = drafts.build(self.file.tables, context)
        (self.table,) = staging.report(self.file, self.built.held)["tables"]

    @property
    def findings(self) -> list[Finding]:
        return [*self.file.tables[0].findings, *self.built.findings]

    @property
    def codes(self) -> set[str]:
        return {f.code for f in self.findings}

    @property
    def rows(self) -> tuple[int, int, int, int]:
        told = self.table["rows"]
        assert told["read"] == told["accepted"] + told["held"] + told["ignored"]
        return told["read"], told["accepted"], told["held"], told["ignored"]

    @property
    def drafts(self) -> list[Draft]:
        return [d for ds in self.built.drafts.values() for d in ds]

    @property
    def body(self) -> dict[str, Any]:
        (draft,) = self.drafts
        return draft.body

    def finding(self, code: str) -> Finding:
        return next(f for f in self.findings if f.code == code)


def blocked(data: bytes) -> Blocked:
    with pytest.raises(Blocked) as stop:
        list(documents.read(io.BytesIO(data), 1000))
    return stop.value


def said_at(data: bytes, pointer: str) -> Any:
    """What the file says at a pointer, numbers as their text."""
    return paths.get(json.loads(data, parse_float=str, parse_int=str), "" if pointer == "/" else pointer)


# --- reading ----------------------------------------------------------------------------------------------------


def test_a_clean_release_becomes_a_process_under_its_own_ocid_and_nothing_is_mended() -> None:
    read = Read(packaged(release()))

    (draft,) = read.drafts
    assert (draft.ocid, draft.kind, read.rows) == (OCID, "procurement", (1, 1, 0, 0))
    assert read.codes == set()
    assert draft.body["parties"][0]["additionalIdentifiers"] == [{"scheme": "XI-LEI", "id": "5299000"}]
    assert draft.body["title"] == "Respirators for district hospitals"
    assert draft.body["contracts"][0]["value"] == {"amount": 20000.5, "currency": "BZD"}
    assert (read.table["sheet"], read.table["kind"]) == ("releases", "procurement")


FORMS: dict[str, Callable[[], bytes]] = {
    "a release": lambda: json.dumps(release()).encode(),
    "a list": lambda: json.dumps([release()]).encode(),
    "a list of packages": lambda: json.dumps([packaged(release())]).encode(),
    "lines": lambda: b"\n".join([json.dumps(release()).encode()] * 2) + b"\n",
    "packed": lambda: gzip.compress(json.dumps(packaged(release())).encode()),
    "with a mark": lambda: b"\xef\xbb\xbf" + json.dumps(packaged(release())).encode(),
    "UTF-16": lambda: json.dumps(packaged(release())).encode("utf-16"),
    "a compiled release": lambda: json.dumps(release(tag=["compiled"])).encode(),
    "a bare record": lambda: json.dumps({"ocid": OCID, "compiledRelease": release(tag=["compiled"])}).encode(),
    "a record with links": lambda: json.dumps(
        {"records": [{"ocid": OCID, "releases": [{"url": "https://x.org/1"}], "compiledRelease": release()}]}
    ).encode(),
    "a record with releases": lambda: json.dumps({"records": [{"ocid": OCID, "releases": [release()]}]}).encode(),
    "a versioned record": lambda: json.dumps({"records": [{"ocid": OCID, "versionedRelease": versioned()}]}).encode(),
}


def versioned() -> Any:
    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if k == "id" else told(v) for k, v in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [told(v) for v in value]
        old = {"releaseID": "1", "releaseDate": "2020-05-01T00:00:00Z", "releaseTag": ["tender"], "value": "old"}
        new = {"releaseID": "2", "releaseDate": "2020-06-01T00:00:00Z", "releaseTag": ["contract"], "value": value}
        older = {**old, "releaseDate": "2020-04-01T00:00:00Z"}
        return [old, new, older]

    return {k: told(v) for k, v in release().items() if k not in ("ocid", "id", "date", "tag")}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_release_says_the_same(form: str) -> None:
    expected = Read(packaged(release())).body

    read = Read(None, raw=FORMS[form]())

    assert read.body == expected
    assert read.rows[2] == 0


def test_one_broken_line_is_held_and_the_others_are_read() -> None:
    lines = [json.dumps(release()), '{"ocid": "ocds-ab12cd-2", "tender": {', json.dumps(release(ocid=OCID + "b"))]

    read = Read(None, raw="\n".join(lines).encode())

    assert read.rows == (3, 2, 1, 0)
    assert read.finding("J035").where.startswith("lines!/1")


ATTACKS = {
    "J003": b"[" * 100_000,
    "J003 ": json.dumps({"releases": [{"a": json.loads("[" * 70 + "]" * 70)}]}).encode(),
    "J004": b'{"releases": [{"ocid": "ocds-ab12cd-1", "ocid": "ocds-ab12cd-2"}]}',
    "J005": b'{"releases": [{"ocid": "ocds-ab12cd-1", "contracts": [{"value": {"amount": NaN}}]}]}',
    "J006": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    b'<iati-activities version="2.03">'
    b"<iati-activity><title>&b;</title></iati-activity></iati-activities>",
    "J007": b'<iati-activities version="1.05"><iati-activity/></iati-activities>',
    "J001": b'{"status": "ok", "data": {"total": 5}}',
    "J001 ": b'[{"ENTIDAD": "MUNICIPALIDAD", "RUC": "20"}]',
    "J002": b'{"releases": [\n{"ocid": "ocds-ab12cd-1",',
    "J002  ": b'{"releases": [{"ocid": "ocds-ab12cd-1"}]} and more',
    "J002 ": b'<iati-activities version="2.03"><iati-activity></iati-activities>',
    "J008": b'{"releases": []}',
    "B002": gzip.compress(b'{"releases": []}')[:-9],
}


@pytest.mark.parametrize("code", ATTACKS)
def test_what_must_not_be_read_ends_in_a_named_blocker(code: str) -> None:
    stop = blocked(ATTACKS[code])

    assert stop.code == code.strip()
    finding = Finding(stop.code, shown="them.json", severity=Severity.BLOCKER, params=stop.params)
    assert all(explained(finding, language).what for language in ("en", "es"))


def test_a_packed_file_that_unfolds_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "UNPACKED_MAX", 1_000_000)
    assert blocked(gzip.compress(b'{"a": "' + b" " * 2_000_000)).code == "B004"


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(Blocked) as stop:
        list(documents.read(io.BytesIO(json.dumps([release()] * 3).encode()), 2))
    assert stop.value.code == "J009"


@pytest.mark.parametrize("number", ["9" * 3_000_000, "1e999999999", "-1E-999999999", "9" * 31])
def test_a_number_that_would_fill_the_memory_holds_its_release_and_no_other(number: str) -> None:
    text = json.dumps(packaged(release(), release(ocid=OCID + "b"))).replace("20000.5", number, 1)

    read = Read(None, raw=text.replace("20000.5", "1", 0).encode())

    assert read.rows == (2, 1, 1, 0)
    assert read.finding("J019").at is not None


def test_a_text_file_is_no_document_whatever_its_first_letter() -> None:
    for text in (b"[Amount],Donor\n5,Example\n", b"{x},y\n1,2\n", b"Donor,Amount\nExample,5\n", b"<html></html>"):
        assert not documents.is_document(io.BytesIO(text))


# --- mended and said --------------------------------------------------------------------------------------------


def put(pointer: str, value: Any) -> Callable[[Release], None]:
    """A change to a release; a value of `...` takes the member away."""

    def change(told: Release) -> None:
        *way, last = pointer.strip("/").split("/")
        at: Any = told
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        if value is ...:
            del at[last]
        elif isinstance(at, list):
            at.append(value)
        else:
            at[last] = value

    return change


def changed(*changes: Callable[[Release], None]) -> Release:
    told = copy.deepcopy(release())
    for change in changes:
        change(told)
    return told


MENDED: dict[str, tuple[str, list[Callable[[Release], None]], str, Any]] = {
    "currency in small letters": (
        "J013",
        [put("contracts/0/value/currency", "bzd")],
        "/contracts/0/value/currency",
        "BZD",
    ),
    "a code in capitals": ("J013", [put("tender/status", "COMPLETE")], "/tender/status", "complete"),
    "an amount in quotes": (
        "J016",
        [put("contracts/0/value/amount", "20000.50")],
        "/contracts/0/value/amount",
        20000.5,
    ),
    "a date without a time": (
        "J014",
        [put("contracts/0/dateSigned", "2020-05-25")],
        "/contracts/0/dateSigned",
        "2020-05-25T00:00:00-06:00",
    ),
    "a time without a zone": (
        "J014",
        [put("contracts/0/dateSigned", "2020-05-25T09:30:00.125")],
        "/contracts/0/dateSigned",
        "2020-05-25T09:30:00.125-06:00",
    ),
    "a date that cannot be": ("J015", [put("contracts/0/dateSigned", "2020-02-31")], "/contracts/0/dateSigned", None),
    "a date for none": (
        "J015",
        [put("contracts/0/dateSigned", "0001-01-01T00:00:00Z")],
        "/contracts/0/dateSigned",
        None,
    ),
    "an empty text": ("J012", [put("tender/description", "")], "/tender/description", None),
    "a null": ("J012", [put("tender/description", None)], "/tender/description", None),
    "a value of no amount": (
        "J017",
        [put("tender/value", {"amount": "", "currency": ""})],
        "/tender/value",
        None,
    ),
    "a contract of no amount": (
        "J017",
        [put("contracts/0/value", {"amount": None, "currency": "BZD"})],
        "/contracts/0/value",
        None,
    ),
    "does not apply": (
        "J017",
        [put("awards/0/value", {"amount": "_NO_APLICA_", "currency": "BZD"})],
        "/awards/0/value",
        None,
    ),
    "a value that counts nowhere, without currency": (
        "J018",
        [put("tender/value", {"amount": 5})],
        "/tender/value",
        None,
    ),
    "more decimals than the currency": (
        "V010",
        [put("contracts/0/value/amount", 20000.505)],
        "/contracts/0/value/amount",
        20000.5,
    ),
    "a code in the local language": ("J024", [put("tender/status", "Evaluarea ofertelor")], "/tender/status", None),
    "a method in the local language": (
        "J024",
        [put("tender/procurementMethod", "Licitaţie publică")],
        "/tender/procurementMethodDetails",
        "Licitaţie publică",
    ),
    "no address": (
        "J032",
        [put("tender/documents", [{"id": "1", "title": "Notice", "url": "see the board"}])],
        "/tender/documents/0",
        {"id": "1", "title": "Notice"},
    ),
    "a script for an address": (
        "J032",
        [put("tender/documents", [{"id": "1", "url": "javascript:alert(1)"}])],
        "/tender/documents/0",
        {"id": "1"},
    ),
    "a language in capitals": (
        "J034",
        [put("tender/documents", [{"id": "1", "language": "EN"}])],
        "/tender/documents/0/language",
        "en",
    ),
    "no language": (
        "J033",
        [put("tender/documents", [{"id": "1", "language": "md"}])],
        "/tender/documents/0",
        {"id": "1"},
    ),
    "a field of their own": ("J011", [put("contracts/0/dncpCode", "LP-17")], "/contracts/0/dncpCode", None),
    "a text for a list": ("J031", [put("tender/submissionMethod", "written")], "/tender/submissionMethod", ["written"]),
    "one object for a list": (
        "J031",
        [put("contracts/0/items", {"id": "1", "description": "N95"})],
        "/contracts/0/items",
        [{"id": "1", "description": "N95"}],
    ),
    "a text for an object": ("J038", [put("tender/tenderPeriod", "May 2020")], "/tender/tenderPeriod", None),
    "no tender id": ("J021", [put("tender/id", ...)], "/tender/id", OCID),
    "an award that is not there": ("J042", [put("contracts/0/awardID", "A-17-award")], "/contracts/0/awardID", "A-17"),
    "one amendment of 1.0": (
        "J010",
        [put("contracts/0/amendment", {"date": "2020-06-01T00:00:00Z", "rationale": "Freight"})],
        "/contracts/0/amendments/0/rationale",
        "Freight",
    ),
    "a payment of 1.0": (
        "J010",
        [
            put(
                "contracts/0/implementation/transactions",
                [
                    {
                        "id": "P-1",
                        "amount": {"amount": 9, "currency": "BZD"},
                        "providerOrganization": {"id": "90017", "legalName": "Ministry of Finance"},
                    }
                ],
            )
        ],
        "/contracts/0/implementation/transactions/0/value/amount",
        9,
    ),
    "a reference to nobody": (
        "J040",
        [put("tender/procuringEntity", {"id": "X9", "name": "Central Stores"})],
        "/tender/procuringEntity/id",
        "BZ-LEDGER-central-stores",
    ),
    "an organization without a name": (
        "J041",
        [put("tender/procuringEntity", {"id": "X9"})],
        "/tender/procuringEntity",
        None,
    ),
    "an e-mail in a text": ("P002", [put("tender/description", "ask jo@example.org")], "/tender/description", None),
}


@pytest.mark.parametrize("defect", MENDED)
def test_what_has_one_meaning_is_mended_or_left_out_and_said(defect: str) -> None:
    code, changes, pointer, expected = MENDED[defect]

    read = Read(packaged(changed(*changes)))

    assert read.rows == (1, 1, 0, 0)
    assert read.codes - {"J021"} == {code} - {"J021"}  # amendments of 1.0 have no id
    finding = read.finding(code)
    assert finding.at is not None and said_at(read.data, finding.at.cell) is not ...
    assert all(explained(finding, language).what for language in ("en", "es"))
    try:
        found = paths.get(read.body, pointer)
    except KeyError:
        found = None
    assert found == expected


def test_what_is_missing_in_the_package_is_said() -> None:
    assert Read(packaged(release(), version=None)).codes == {"J036"}
    assert Read(packaged(release(), version="1.0.1")).codes == {"J036"}
    assert Read(packaged(changed(put("date", ...)))).codes == {"J028"}
    assert Read(packaged(changed(put("date", "soon")))).codes == {"J015"}
    assert Read(packaged(changed(put("language", "md")))).codes == {"J033"}
    assert Read(packaged(changed(put("language", "EN")))).codes == {"J034"}
    assert Read(packaged(changed(put("tag", ...)))).codes == set()


def test_organizations_of_1_0_move_into_parties_once_with_every_role() -> None:
    told = changed(put("parties", ...), put("buyer", {"name": "Ministry of Health", "address": {"region": "Belize"}}))
    supplier = {"name": "Acme Medical Ltd", "identifier": {"scheme": "BZ-BCCAR", "id": "77120"}}
    told["awards"][0]["suppliers"] = [supplier]
    told["tender"]["tenderers"] = [{"name": "Acme Medical Ltd"}]

    body = Read(packaged(told, version="1.0")).body

    acme = next(p for p in body["parties"] if p["name"] == "Acme Medical Ltd")
    assert acme["roles"] == ["payee", "supplier", "tenderer"]
    assert acme["identifier"] == {"scheme": "BZ-BCCAR", "id": "77120", "legalName": "Acme Medical Ltd"}
    assert body["awards"][0]["suppliers"] == [{"id": acme["id"], "name": "Acme Medical Ltd"}]
    assert check.problems({**release(), **body}) == []


def test_one_id_for_one_contract_told_twice_is_joined() -> None:
    more = {"id": "C-17", "awardID": "A-17", "title": "Respirators", "status": "active"}

    read = Read(packaged(changed(put("contracts/-", more))))

    assert read.codes == {"J022"}
    (contract,) = read.body["contracts"]
    assert contract["title"] == "Respirators" and contract["value"]["amount"] == 20000.5


def test_documents_without_an_id_get_one_that_stays() -> None:
    one, two = {"title": "Notice"}, {"title": "Plan"}
    first = Read(packaged(changed(put("tender/documents", [one])))).body["tender"]["documents"]
    then = Read(packaged(changed(put("tender/documents", [two, one])))).body["tender"]["documents"]
    assert first[0] in then and len(then) == 2


# --- held back --------------------------------------------------------------------------------------------------

HELD: dict[str, tuple[str, list[Callable[[Release], None]]]] = {
    "an amount without currency": ("J018", [put("contracts/0/value", {"amount": 5})]),
    "an amount in an unknown currency": ("J018", [put("awards/0/value/currency", "doubloons")]),
    "a payment without currency": ("J018", [put("contracts/0/implementation/transactions/0/value/currency", None)]),
    "a sentence for an amount": ("J019", [put("contracts/0/value/amount", "about 500m from the Bank")]),
    "an amount that may mean two things": ("J019", [put("contracts/0/value/amount", "1.234,50")]),
    "a negative award": ("J020", [put("awards/0/value/amount", -1)]),
    "one id for two contracts": (
        "J023",
        [put("contracts/-", {"id": "C-17", "awardID": "A-17", "value": {"amount": 7, "currency": "BZD"}})],
    ),
    "no ocid": ("J025", [put("ocid", ...)]),
    "an empty ocid": ("J025", [put("ocid", " ")]),
    "an ocid of another publisher here": ("J027", [put("ocid", "ocds-213czf-mof-PRC-1")]),
    "a contract without its award": ("J050", [put("awards", [])]),
}


@pytest.mark.parametrize("defect", HELD)
def test_what_counts_and_may_mean_two_things_is_held_with_its_reason(defect: str) -> None:
    code, changes = HELD[defect]

    read = Read(packaged(changed(*changes), release(ocid=OCID + "b")))

    assert read.rows == (2, 1, 1, 0)
    assert [d.ocid for d in read.drafts] == [OCID + "b"]
    finding = read.finding(code)
    assert finding.severity == "error" and finding.at is not None
    assert finding.at.cell.startswith("/releases/0")
    assert all(explained(finding, language).fix for language in ("en", "es"))


def test_nothing_that_is_held_may_be_taken_for_withdrawn() -> None:
    assert Read(packaged(changed(put("awards/0/value/amount", -1)))).built.held_processes == {OCID}


def test_the_same_release_id_with_other_content_holds_both() -> None:
    read = Read(packaged(release(), changed(put("contracts/0/value/amount", 7))))
    assert read.rows == (2, 0, 2, 0) and "J043" in read.codes
    assert Read(packaged(release(), release())).rows == (2, 2, 0, 0)


def test_a_held_release_holds_its_process() -> None:
    bad = {**changed(put("awards/0/value/amount", -1)), "id": "2020-017-4"}
    read = Read(packaged(release(), bad))
    assert read.rows == (2, 0, 2, 0) and {"J020", "J044"} <= read.codes


def test_what_another_publisher_here_tells_of_is_held() -> None:
    class Theirs(Nothing):
        def owner(self, ocid: str, /) -> str | None:
            return "mof"

    assert Read(packaged(release()), Theirs()).rows == (1, 0, 1, 0)


def test_a_number_that_is_no_ocid_gets_one_of_this_ledger_and_always_the_same() -> None:
    told = [Read(packaged(changed(put("ocid", o)))).drafts[0].ocid for o in ("108", "108", "109")]
    assert told == ["ocds-213czf-moh-PRC-108", "ocds-213czf-moh-PRC-108", "ocds-213czf-moh-PRC-109"]


# --- histories --------------------------------------------------------------------------------------------------


def test_releases_of_one_process_are_merged_by_date_and_the_last_word_is_the_source() -> None:
    tender = {**release(id="1", date="2020-05-01T00:00:00-06:00"), "awards": [], "contracts": []}
    later = changed(put("tender/title", "Respirators, second edition"), put("id", "2"))
    later["date"] = "2020-05-01T05:00:00Z"  # an hour before the tender, though its text sorts after it

    read = Read(packaged(tender, later))

    (draft,) = read.drafts
    assert draft.body["tender"]["title"] == "Respirators for district hospitals"
    assert draft.cells[Locator("/tender/title")].at.cell == "/releases/0/tender/title"
    assert draft.cells[Locator("/contracts/=C-17/value/amount")].at.cell == "/releases/1/contracts/0/value/amount"


def test_every_remembered_place_says_in_the_file_what_is_remembered() -> None:
    told = changed(
        *(change for _, changes in (MENDED[k][:2] for k in MENDED if MENDED[k][0] != "J021") for change in changes)
    )
    read = Read(packaged(told, release(ocid=OCID + "b")))

    places = [s for d in read.drafts for s in d.cells.values()]
    assert len(places) > 40
    for source in places:
        assert said_at(read.data, source.at.cell) == source.raw


def test_what_comes_out_is_strictly_valid() -> None:
    told = changed(*(change for _, changes in (m[:2] for m in MENDED.values()) for change in changes))
    for draft in Read(packaged(told)).drafts:
        assert check.problems({**release(), "parties": [], **draft.body}) == []
        found = rules.findings(draft, rules.Context("bz", datetime(2026, 1, 1, tzinfo=UTC)))
        assert [f for f in found if f.severity == "error"] == []


# --- persons ----------------------------------------------------------------------------------------------------


def test_no_person_comes_through() -> None:
    canary = ["Jo Canary", "jo.canary@example.org", "+501 600-1234", "80031059", "12 Canary Street", "CZ 77"]
    contact = {"name": canary[0], "email": canary[1], "telephone": canary[2]}
    told = changed(
        put("buyer/contactPoint", contact),
        put("parties/0/contactPoint", contact),
        put("parties/0/address", {"streetAddress": canary[4], "postalCode": canary[5], "locality": "Belmopan"}),
        put("parties/1/name", canary[0]),
        put("parties/1/identifier", {"scheme": "Cédula de Ciudadanía", "id": canary[3], "legalName": canary[0]}),
        put("tender/tenderers/0/name", canary[0]),
        put("awards/0/suppliers/0/name", canary[0]),
        put("contracts/0/implementation/transactions/0/payee/name", canary[0]),
        put("beneficialOwners", [{"name": canary[0]}]),
    )

    read = Read(packaged(told))

    (draft,) = read.drafts
    public = json.dumps(draft.body) + "".join(s.raw for s in draft.cells.values())
    shown = "".join(f.shown for f in read.findings)
    assert {"J029", "J030", "J011"} <= read.codes
    for word in canary:
        assert word not in public and word not in shown
    assert draft.body["parties"][0]["identifier"] == {
        "scheme": "BZ-LEDGER",
        "id": "ministry-of-health",
        "legalName": "Ministry of Health",
    }
    supplier = draft.body["awards"][0]["suppliers"][0]
    assert supplier == {"id": "BZ-LEDGER-private-individuals", "name": "Private individuals (names withheld)"}


# --- grants -----------------------------------------------------------------------------------------------------


def grant(**more: Any) -> dict[str, Any]:
    told = {
        "id": "360G-example:1",
        "title": "Food parcels in the emergency",
        "currency": "GBP",
        "amountAwarded": 10000,
        "awardDate": "2020-04-17",
        "fundingOrganization": [{"id": "GB-CHC-200001", "name": "Example Trust"}],
        "recipientOrganization": [{"id": "GB-CHC-200002", "name": "Example Food Bank"}],
    }
    return {k: v for k, v in {**told, **more}.items() if v is not None}


def test_a_grant_is_a_signed_promise_with_its_places() -> None:
    read = Read({"grants": [grant(amountDisbursed=2500)]})

    (draft,) = read.drafts
    flows = {f["type"]: f for f in draft.body["planning"]["aid"]["flows"]}
    assert flows["commitment"]["value"] == {"amount": 10000, "currency": "GBP"}
    assert flows["disbursement"]["value"] == {"amount": 2500, "currency": "GBP"}
    assert flows["commitment"]["date"].startswith("2020-04-17")
    for source in draft.cells.values():
        assert said_at(read.data, source.at.cell) == source.raw
    assert (read.table["sheet"], read.table["kind"], read.rows) == ("grants", "aid", (1, 1, 0, 0))


@pytest.mark.parametrize(
    ("code", "defect"),
    [
        ("J045", {"currency": None}),
        ("J045", {"currency": "pounds?"}),
        ("J019", {"amountAwarded": "10k"}),
        ("J046", {"amountAwarded": None}),
        ("J046", {"fundingOrganization": None}),
        ("J046", {"id": ""}),
        ("J046", {"fundingOrganization": [{"name": "A"}, {"name": "B"}]}),
    ],
)
def test_a_grant_that_does_not_say_who_or_how_much_waits(code: str, defect: dict[str, Any]) -> None:
    read = Read({"grants": [grant(**defect), grant(id="360G-example:2")]})
    assert read.rows == (2, 1, 1, 0) and code in read.codes


def test_the_same_grant_again_is_ignored_and_another_one_under_its_id_is_not_guessed() -> None:
    assert Read({"grants": [grant(), grant()]}).rows == (2, 1, 0, 1)
    two = Read({"grants": [grant(), grant(amountAwarded=5)]})
    assert two.rows == (2, 0, 2, 0) and two.finding("J023").shown == "360G-example:1"


def test_two_files_that_overlap_tell_a_gift_once_and_a_release_with_two_contents_never() -> None:
    months = [staged(json.dumps({"grants": [grant(), *more]}).encode()) for more in ([], [grant(id="360G-example:2")])]
    one, two = documents_staging.once(months)
    assert (len(one.tables[0].rows), len(two.tables[0].rows)) == (1, 1)
    assert two.tables[0].ignored == ((1, documents_staging.AGAIN),)

    context = Context("moh", BZ, Settings(), REGISTER)
    files = [staged(json.dumps(packaged(r)).encode()) for r in (release(), changed(put("contracts/0/value/amount", 7)))]
    built = drafts.build([t for f in files for t in f.tables], context)
    assert built.held == {(0, 1): "J043", (1, 1): "J043"} and not built.drafts


def test_a_person_who_got_a_grant_keeps_the_name() -> None:
    told = grant(recipientOrganization=None, recipientIndividual={"id": "x-1", "name": "Jo Canary"})

    read = Read({"grants": [told]})

    (draft,) = read.drafts
    assert "Canary" not in json.dumps(draft.body) + "".join(s.raw for s in draft.cells.values())
    assert "Private individuals" in json.dumps(draft.body)
    assert "Canary" not in "".join(f.shown for f in read.findings)


# --- activities -------------------------------------------------------------------------------------------------

ACTIVITY = """<iati-activity default-currency="EUR" xml:lang="en">
<iati-identifier>XX-1-{id}</iati-identifier>
<reporting-org ref="XX-1000" type="40"><narrative>Example Agency</narrative></reporting-org>
<title><narrative xml:lang="fr">Oxygène</narrative><narrative xml:lang="en">Oxygen plants</narrative></title>
<participating-org role="4" ref="XX-2000"><narrative>Example Hospital Trust</narrative></participating-org>
<contact-info><email>jo.canary@example.org</email></contact-info>{transactions}</iati-activity>"""


def transaction(code: str, amount: str, currency: str = "", extra: str = "") -> str:
    told = f' currency="{currency}"' if currency else ""
    return (
        f'<transaction><transaction-type code="{code}"/><transaction-date iso-date="2020-05-02"/>'
        f'<value{told} value-date="2020-05-02">{amount}</value>{extra}</transaction>'
    )


def activities(*told: str, version: str = "2.03") -> bytes:
    inside = "".join(ACTIVITY.format(id=n, transactions=t) for n, t in enumerate(told, 1))
    return f'<?xml version="1.0"?><iati-activities version="{version}">{inside}</iati-activities>'.encode()


def flows(read: Read) -> list[tuple[str, float, str]]:
    (draft,) = read.drafts
    told = draft.body["planning"]["aid"]["flows"]
    return sorted((f["type"], f["value"]["amount"], f["value"]["currency"]) for f in told)


def test_transactions_become_flows_and_only_what_is_passed_on_counts() -> None:
    parts = [("11", "900"), ("2", "500000"), ("3", "200.50"), ("4", "99"), ("12", "7"), ("5", "3"), ("3", "-20")]
    read = Read(None, raw=activities("".join(transaction(c, a) for c, a in parts), ""))

    assert flows(read) == [
        ("commitment", 500000, "EUR"),
        ("disbursement", 99, "EUR"),
        ("disbursement", 200.5, "EUR"),
        ("pledge", 7, "EUR"),
        ("refund", 20, "EUR"),
    ]
    assert read.rows == (8, 5, 0, 3)
    assert {"J047", "J048", "J029"} <= read.codes
    assert read.body["title"] == "Oxygen plants"
    names = {p["name"]: p["roles"] for p in read.body["parties"]}
    assert "donor" in names["Example Agency"] and names["Example Hospital Trust"] == ["aidRecipient"]


def test_what_only_came_in_is_the_gift() -> None:
    giver = '<provider-org ref="YY-1"><narrative>Example Donor</narrative></provider-org>'
    read = Read(None, raw=activities(transaction("11", "900", "USD", giver) + transaction("1", "300", "", giver)))
    assert flows(read) == [("commitment", 900, "USD"), ("disbursement", 300, "EUR")]
    assert "aidRecipient" in {p["name"]: p["roles"] for p in read.body["parties"]}["Example Agency"]


def test_a_transaction_without_a_currency_or_a_number_waits() -> None:
    raw = activities(transaction("2", "5") + transaction("3", "many")).replace(b' default-currency="EUR"', b"")
    read = Read(None, raw=raw)
    assert read.rows == (2, 0, 2, 0) and {"J045", "J019"} <= read.codes


def test_every_figure_of_an_activity_opens_to_its_element() -> None:
    raw = activities(transaction("2", "500000") + transaction("3", "200.50"), transaction("3", "7.00", "USD"))
    read = Read(None, raw=raw)
    root = ElementTree.fromstring(raw)
    figures = [s for d in read.drafts for at, s in d.cells.items() if at.endswith("/amount")]
    assert len(figures) >= 3
    for source in figures:
        element = root.find("." + source.at.cell)
        assert element is not None and element.text == source.raw


# --- parts ------------------------------------------------------------------------------------------------------


def test_a_number_keeps_its_text_to_the_last_digit() -> None:
    (read,) = documents.read(io.BytesIO(b'{"releases": [{"ocid": "o", "n": 0.10, "m": 12345678901234567890}]}'), 10)
    tree = decoded(read.rows[0][2], "/releases/0")
    assert (tree["n"].value, tree["n"].raw, tree["n"].at) == (Decimal("0.10"), "0.10", "/releases/0/n")
    assert tree["m"].value == Decimal("12345678901234567890")


def test_a_value_that_moves_keeps_its_place() -> None:
    said = Said(SHA, "releases")
    tree = decoded({"contracts": ["a", {"id": "1", "amendment": {"rationale": "more"}}]}, "/releases/4")
    told = documents_upgrade.upgraded(tree, said)
    places = {at: leaf.at for at, leaf in leaves(told)}
    assert places["/contracts/=1/amendments/0/rationale"] == "/releases/4/contracts/0/amendment/rationale"
    assert [f.code for f in said.findings()] == ["J010"]


def test_shapes_follow_the_schema_with_its_extensions() -> None:
    shape = documents_repair.release_shape()
    assert shape.members["planning"].members["aid"].members["flows"].entries is not None
    codes = shape.members["tender"].members["status"].codes
    assert codes is not None and codes["complete"] == "complete"


def test_a_party_without_a_name_takes_the_one_of_its_reference() -> None:
    said = Said(SHA, "releases")
    name = Leaf("Central Stores", "/buyer/name", "Central Stores")
    tree = documents_parties.prepared(
        {"buyer": {"id": Leaf("1", "", ""), "name": name}, "parties": [{"id": Leaf("1", "", "")}]}, said
    )
    assert plain(tree["parties"]) == [{"id": "1", "name": "Central Stores"}]


def test_rows_of_grants_and_activities_are_staged_like_those_of_a_sheet() -> None:
    raw = sheet(json.dumps({"grants": [grant()]}).encode())
    (row,), held, ignored = giving.rows(raw, SHA, Said(SHA, "grants"))
    assert row.values["commitment.amount"].value.currency == "GBP" and not held and not ignored
    raw = sheet(activities(transaction("2", "5")))
    (row,), *_ = iati.rows(raw, SHA, Said(SHA, "activities"))
    assert row.values["stage"].value == "commitment"


def test_tables_of_sheets_are_left_alone() -> None:
    assert ocds_json.build((), Context("moh", BZ, Settings(), REGISTER)).drafts == {}

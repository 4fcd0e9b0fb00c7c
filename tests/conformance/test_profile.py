"""What we write, judged by others: libcoveocds finds nothing in our packages, ocdskit compiles our releases as we do.

The worked examples are published again through `ocds`, release by release, and so are states that were taken back.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ocds import check, merge, package, tags
from tests.conformance.judging import EXAMPLES, judge
from tests.unit.ocds import bodies

SITE = "https://ledger.example.org"
META = package.Meta(
    "Example Open Government Unit",
    SITE,
    "https://creativecommons.org/licenses/by/4.0/",
    f"{SITE}/en/methodology",
    SITE,
)
PUBLISHED = "2020-07-01T00:00:00Z"
NAMES = ["a-cash-aid", "b-in-kind-donation", "c-relief-programme", "d-procurement"]
IDENTITY = ("ocid", "id", "date", "tag", "initiationType", "language")

Releases = list[dict[str, Any]]


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


def republished(states: Iterable[dict[str, Any]]) -> Releases:
    """Each state of a process (with ocid and date) as the release that our ledger makes of it, complete."""
    releases: Releases = []
    for number, state in enumerate(states, 1):
        before = merge.compiled(releases) if releases else None
        body = {k: v for k, v in merge.tidy(state).items() if k not in IDENTITY}
        releases.append(
            {
                "ocid": state["ocid"],
                "id": f"{state['ocid']}-{number:04d}",
                "date": state["date"],
                "tag": tags.tags(before, body),
                "initiationType": "tender",
                "language": "en",
                **merge.superseding(before, body),
            }
        )
    return releases


def history(name: str) -> Releases:
    told = example(name)["releases"]
    return republished(merge.compiled(told[:n]) for n in range(1, len(told) + 1))


def packages(releases: Releases) -> tuple[dict[str, Any], dict[str, Any]]:
    """A release package and a record package of the same processes."""
    processes: dict[str, Releases] = {}
    for told in releases:
        processes.setdefault(told["ocid"], []).append(told)
    records = [
        package.record(ocid, told, merge.compiled(told), lambda r: f"{SITE}/ocds/releases/{r['ocid']}/{r['id']}")
        for ocid, told in processes.items()
    ]
    return (
        package.release_package(releases, META, f"{SITE}/ocds/releases", PUBLISHED),
        package.record_package(records, META, f"{SITE}/ocds/records", PUBLISHED),
    )


def written(folder: Path, *documents: Any) -> list[Path]:
    files = []
    for n, document in enumerate(documents):
        files.append(folder / f"{n}.json")
        files[-1].write_text(json.dumps(document), "utf-8")
    return files


def doubts(package: dict[str, Any]) -> set[str]:
    """What we find, but for one thing: example a names the programme of a flow only in the flow."""
    return {p.code for p in check.package_problems(package)} - {"flow_related"}


def test_the_worked_examples_published_through_us_are_clean(tmp_path: Path) -> None:
    releases = [told for name in NAMES for told in history(name)]
    ours = packages(releases)

    verdict = judge(written(tmp_path, *ours))

    assert verdict.clean and verdict.counts == {}, verdict.told
    assert verdict.items == len(releases) + len(NAMES)
    assert [doubts(p) for p in ours] == [set(), set()]


def test_compiling_the_examples_gives_the_records_that_were_worked_out_by_hand() -> None:
    records = {r["ocid"]: r["compiledRelease"] for r in example("e-follow-the-money-records")["records"]}

    for name in NAMES:
        told = example(name)["releases"]
        assert merge.compiled(told) == records[told[0]["ocid"]]


def test_the_examples_as_they_were_written_are_clean_for_us_as_for_the_judge(tmp_path: Path) -> None:
    # Example d leaves unchanged sections out of a release, so its references are judged on whole states above.
    names = [*NAMES[:3], "e-follow-the-money-records"]

    verdict = judge([EXAMPLES / f"{n}.json" for n in names])

    assert verdict.clean, verdict.told
    assert {n: doubts(example(n)) for n in names} == {n: set() for n in names}


# --- states that were taken back ----------------------------------------------------------------------------------


def last(name: str) -> dict[str, Any]:
    state: dict[str, Any] = merge.compiled(example(name)["releases"])
    return state


def without_payment(state: dict[str, Any]) -> None:
    done = state["contracts"][0]["implementation"]
    del done["transactions"][0], done["finalValue"]


def without_contracts(state: dict[str, Any]) -> None:
    del state["contracts"], state["awards"], state["tender"]["tenderers"]
    state["parties"] = [p for p in state["parties"] if not {"supplier", "deliveryRecipient"} & set(p["roles"])]


def with_another_supplier(state: dict[str, Any]) -> None:
    other = {"id": "BZ-LEDGER-ORG-0202", "name": "Another Supplier Ltd."}
    state["parties"].append({**other, "roles": ["supplier", "tenderer", "payee"]})
    state["awards"][0]["suppliers"] = [other]
    state["contracts"][0]["suppliers"] = [other]
    state["tender"]["tenderers"] = [other]
    for payment in state["contracts"][0]["implementation"]["transactions"]:
        payment["payee"] = other
    state["parties"] = [p for p in state["parties"] if p["id"] != "BZ-LEDGER-ORG-0201"]


def withdrawn(state: dict[str, Any]) -> None:
    for key in [*state]:
        if key not in (*IDENTITY, "title"):
            del state[key]
    state["description"] = "Withdrawn by its publisher."


def without_flow(state: dict[str, Any]) -> None:
    del state["planning"]["aid"]["flows"][0]


@pytest.mark.filterwarnings("error")
def test_what_was_taken_back_is_as_clean_as_what_stands(tmp_path: Path) -> None:
    changes: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
        ("d-procurement", without_payment),
        ("d-procurement", without_contracts),
        ("d-procurement", with_another_supplier),
        ("d-procurement", withdrawn),
        ("a-cash-aid", without_flow),
        ("b-in-kind-donation", withdrawn),
        ("c-relief-programme", withdrawn),
    ]
    all_releases: Releases = []
    for n, (name, change) in enumerate(changes):
        first = last(name)
        second = copy.deepcopy(first)
        change(second)
        second["date"] = "2020-06-30T00:00:00Z"
        releases = republished([first, second])
        for told in releases:
            told |= {"ocid": f"ocds-213czf-{n}", "id": f"{n}-{told['id']}"}
        assert merge.tidy(merge.compiled(releases)) == merge.tidy(merge.compiled(releases[1:]))
        all_releases += releases
    ours = packages(all_releases)

    verdict = judge(written(tmp_path, *ours))

    assert verdict.clean and verdict.counts == {}, verdict.told
    assert [doubts(p) for p in ours] == [set(), set()]


@given(
    st.lists(
        st.sampled_from([bodies.aid, bodies.programme, bodies.procurement]).flatmap(
            lambda kind: st.lists(kind, min_size=2, max_size=3)
        ),
        min_size=8,
        max_size=8,
    )
)
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_any_history_of_any_bodies_is_clean(
    tmp_path_factory: pytest.TempPathFactory, histories: list[Releases]
) -> None:
    releases = []
    for n, states in enumerate(histories):
        for told in bodies.published(states):
            releases.append({**told, "ocid": f"ocds-213czf-{n}", "id": f"{n}-{told['id']}"})

    verdict = judge(written(tmp_path_factory.mktemp("any"), *packages(releases)))

    assert verdict.clean, json.dumps(verdict.told)


# --- both must see what is wrong ----------------------------------------------------------------------------------


def dangling_award(release: dict[str, Any]) -> None:
    release["contracts"][0]["awardID"] = "no-such-award"


def missing_role(release: dict[str, Any]) -> None:
    supplier = release["awards"][0]["suppliers"][0]["id"]
    next(p for p in release["parties"] if p["id"] == supplier)["roles"].remove("supplier")


def missing_party(release: dict[str, Any]) -> None:
    release["buyer"]["id"] = "BZ-LEDGER-ORG-9999"


def duplicate_item(release: dict[str, Any]) -> None:
    item = release["tender"]["items"][0]
    release["tender"]["items"].append({**item, "description": "The same id for something else"})


def one_id_in_two_schemes(release: dict[str, Any]) -> None:
    both = [{"scheme": "UNSPSC", "id": "42"}, {"scheme": "CPV", "id": "42"}]
    release["tender"]["items"][0]["additionalClassifications"] = both


def classification_without_id(release: dict[str, Any]) -> None:
    release["tender"]["procurementMethodRationaleClassifications"] = [{"scheme": "eu-direct-award-justification"}]


def day_without_time(release: dict[str, Any]) -> None:
    release["contracts"][0]["dateSigned"] = "2020-05-11"


def unknown_field(release: dict[str, Any]) -> None:
    release["tender"]["numberOfMasks"] = 5


def bad_prefix(release: dict[str, Any]) -> None:
    release["ocid"] = "213czf-PRC-2020-0007"


def bad_tag(release: dict[str, Any]) -> None:
    release["tag"] = ["contractCancellation"]


def bad_status(release: dict[str, Any]) -> None:
    release["contracts"][0]["status"] = "activo"


def bad_flow_type(release: dict[str, Any]) -> None:
    release["planning"]["aid"]["flows"][0]["type"] = "promise"


def null_object(release: dict[str, Any]) -> None:
    release["tender"]["value"] = None


@pytest.mark.parametrize(
    ("spoil", "code", "counted"),
    [
        (dangling_award, "award", "reference_errors"),
        (missing_role, "role", "reference_errors"),
        (missing_party, "reference", "reference_errors"),
        (duplicate_item, "duplicate_id", "reference_errors"),
        (one_id_in_two_schemes, "duplicate_id", "schema_errors"),
        (classification_without_id, "missing_id", "reference_errors"),
        (day_without_time, "schema", "schema_errors"),
        (null_object, "schema", "schema_errors"),
        (unknown_field, "additional", "additional_fields"),
        (bad_prefix, "prefix", "bad_ocid_prefix"),
        (bad_tag, "schema", "closed_codelist"),
        (bad_status, "schema", "closed_codelist"),
        (bad_flow_type, "schema", "closed_codelist"),
    ],
)
def test_a_spoiled_release_fails_with_us_and_with_the_judge(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], code: str, counted: str
) -> None:
    [*_, told] = history("a-cash-aid" if spoil is bad_flow_type else "d-procurement")
    spoil(told)
    spoiled = package.release_package([told], META, f"{SITE}/ocds/releases", PUBLISHED)

    verdict = judge(written(tmp_path, spoiled))

    assert not verdict.clean and verdict.counts.get(counted), verdict.told
    assert code in {p.code for p in check.package_problems(spoiled)}


def test_two_releases_with_one_id_fail_with_us_and_with_the_judge(tmp_path: Path) -> None:
    first, second, *_ = history("a-cash-aid")
    spoiled, _ = packages([first, {**second, "id": first["id"]}])

    verdict = judge(written(tmp_path, spoiled))

    assert not verdict.clean and verdict.counts.get("schema_errors"), verdict.told
    assert "duplicate_id" in {p.code for p in check.package_problems(spoiled)}


def test_an_extension_that_is_not_declared_fails_with_us_and_with_the_judge(tmp_path: Path) -> None:
    spoiled, _ = packages(history("a-cash-aid"))
    spoiled["extensions"] = spoiled["extensions"][:-1]

    verdict = judge(written(tmp_path, spoiled))

    assert not verdict.clean and verdict.counts.get("additional_fields"), verdict.told
    assert "extension" in {p.code for p in check.package_problems(spoiled)}


def test_a_site_that_does_not_serve_its_extension_fails_with_the_judge(tmp_path: Path) -> None:
    whole, _ = packages(history("a-cash-aid"))

    verdict = judge(written(tmp_path, whole), serve_aid=False)

    assert not verdict.clean and verdict.counts.get("invalid_extensions"), verdict.told


def test_the_extension_is_clean_from_any_address(tmp_path: Path) -> None:
    site = "https://libro.gob.example/ledger"
    meta = package.Meta("Unidad", site, META.license, f"{site}/es/methodology", site)
    ours = package.release_package(history("b-in-kind-donation"), meta, f"{site}/ocds/releases", PUBLISHED)

    verdict = judge(written(tmp_path, ours), public_url=site)

    assert verdict.clean, verdict.told


# --- ocdskit ------------------------------------------------------------------------------------------------------


def test_ocdskit_compiles_our_releases_exactly_as_we_do(tmp_path: Path) -> None:
    # `--schema` keeps ocdskit from asking the network which schema is the newest.
    releases = [told for name in NAMES for told in history(name)]
    second = last("d-procurement")
    without_contracts(second)
    releases += [
        {**told, "ocid": "ocds-213czf-taken-back"}
        for told in republished([last("d-procurement"), {**second, "date": "2020-06-30T00:00:00Z"}])
    ]
    told, _ = packages(releases[::-1])
    schema_file = Path(check.__file__).parent / "profile" / "release-schema.json"

    done = subprocess.run(
        [Path(sys.executable).parent / "ocdskit", "compile", "--schema", schema_file],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    theirs = {line["ocid"]: line for line in map(json.loads, done.stdout.splitlines())}
    by_process: dict[str, Releases] = {}
    for release in releases:
        by_process.setdefault(release["ocid"], []).append(release)
    assert theirs == {ocid: merge.compiled(mine) for ocid, mine in by_process.items()}

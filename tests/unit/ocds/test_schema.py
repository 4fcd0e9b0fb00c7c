"""The profile: what is packaged agrees with itself, with the standard's own rules, and with what a site serves."""

from __future__ import annotations

import json

import jsonschema
import ocdsmerge.rules
import pytest

from ocds import schema


def test_the_list_of_extensions_is_constant_and_ends_with_our_own() -> None:
    aid = schema.aid_url("https://libro.gob.example/")

    declared = schema.EXTENSIONS(aid)

    assert declared[-1] == "https://libro.gob.example/ocds/extensions/aid/extension.json"
    assert len(declared) == len(set(declared)) == 13
    assert all(url.startswith("https://") and url.endswith("/extension.json") for url in declared)
    assert schema.EXTENSIONS(aid) == declared


def test_the_schemas_are_valid_draft_4() -> None:
    for told in (schema.release_schema(), *(schema.package_schema(k) for k in ("release", "record"))):
        jsonschema.Draft4Validator.check_schema(told)
    for kind in ("release", "record"):
        jsonschema.Draft4Validator.check_schema(schema.envelope_schema(kind))


def test_what_merges_by_id_is_what_ocdsmerge_merges_by_id() -> None:
    rules = ocdsmerge.rules.get_merge_rules(schema.release_schema())

    def compare(node: schema.Node, path: tuple[str, ...]) -> None:
        for key, child in node.members.items():
            here = (*path, key)
            if child.entries is not None and here != ("tag",):
                assert child.by_id == (rules.get(here) != "wholeListMerge"), here
                compare(child.entries, here)
            compare(child, here)

    compare(schema.release(), ())


def test_the_tree_knows_what_the_schema_says() -> None:
    value = schema.release().member("tender").member("value")
    flows = schema.release().member("planning").member("aid").member("flows")

    assert value.definition == "Value" and not value.nullable and value.member("amount").nullable
    assert flows.by_id and flows.min_items == 1
    assert flows.entries is not None and not flows.entries.member("type").nullable
    assert schema.release().member("parties").entries is not None
    assert schema.release().member("nothing") is schema.UNKNOWN and not schema.UNKNOWN.known


def test_dictionaries_without_named_members_are_known_as_such() -> None:
    parties = schema.release().member("parties").entries

    assert parties is not None and parties.member("details").free_form
    assert not parties.member("identifier").free_form and not parties.member("name").free_form


@pytest.mark.parametrize(
    ("name", "code"),
    [("currency", "BZD"), ("partyRole", "aidRecipient"), ("aidFlowType", "receipt"), ("relatedProcess", "funding")],
)
def test_codelists_hold_the_standards_codes_and_ours(name: str, code: str) -> None:
    assert schema.codelist(name)[code]["Title"]


def test_an_unknown_codelist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        schema.codelist("noSuchList")


def test_every_closed_codelist_of_the_schema_is_packaged_with_the_same_codes() -> None:
    checked = set()
    for definition in (schema.release_schema(), *schema.release_schema()["definitions"].values()):
        for told in definition.get("properties", {}).values():
            if "codelist" not in told:
                continue
            codes = schema.codelist(told["codelist"].removesuffix(".csv"))
            if told.get("openCodelist") is False:
                closed = told.get("enum") or told["items"]["enum"]
                assert set(closed) - {None} == set(codes), told["codelist"]
                checked.add(told["codelist"])
    assert {"aidFlowType.csv", "contractStatus.csv", "releaseTag.csv", "currency.csv"} <= checked


def test_a_site_serves_every_file_that_its_extension_names() -> None:
    site = "https://libro.gob.example"

    files = schema.aid_extension(site + "/")

    told = json.loads(files["extension.json"])
    assert {f"codelists/{name}" for name in told["codelists"]} | {*told["schemas"]} <= files.keys()
    assert told["documentationUrl"] == {"en": f"{site}/ocds/extensions/aid/README.md"} and "README.md" in files
    assert not any(b"ledger.example.org" in content for content in files.values())
    assert set(told["dependencies"]) <= set(schema.EXTENSIONS(schema.aid_url(site)))


def test_the_served_extension_is_the_one_in_the_schema_that_we_check_with() -> None:
    patch = json.loads(schema.aid_extension("https://a.example")["release-schema.json"])
    ours = schema.release_schema()["definitions"]

    for name, definition in patch["definitions"].items():
        for member, told in definition["properties"].items():
            # Titles and descriptions may be worded or linked otherwise; what decides a verdict may not.
            for word in ("type", "enum", "$ref", "minItems", "format", "required"):
                assert ours[name]["properties"][member].get(word) == told.get(word), (name, member, word)
        assert set(definition.get("required", ())) <= set(ours[name].get("required", ()))

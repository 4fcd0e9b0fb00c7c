"""Packages and records: the same input gives the same bytes, and history runs from old to new."""

from __future__ import annotations

import random

from ocds import merge, package
from tests.unit.ocds.bodies import OCID, published

META = package.Meta("Unit", "https://a.example", "https://licence.example/", "https://a.example/p", "https://a.example")


def test_a_package_says_who_when_and_under_which_licence_and_extensions() -> None:
    told = package.release_package([], META, "https://a.example/ocds/releases", "2020-07-01T00:00:00Z")

    assert told["version"] == "1.1" and told["publishedDate"] == "2020-07-01T00:00:00Z"
    assert told["publisher"] == {"name": "Unit", "uri": "https://a.example"}
    assert told["license"] == "https://licence.example/" and told["publicationPolicy"] == "https://a.example/p"
    assert told["extensions"][-1] == "https://a.example/ocds/extensions/aid/extension.json"
    assert told["releases"] == []


def test_a_record_links_its_releases_from_the_oldest_to_the_newest() -> None:
    releases = published([{"title": "Masks"}, {"title": "Respirators"}, {"title": "Gloves"}])
    compiled = merge.compiled(releases)
    shuffled = random.Random(1).sample(releases, 3)

    told = package.record(OCID, shuffled, compiled, lambda r: f"https://a.example/{r['id']}")

    assert [r["url"][-4:] for r in told["releases"]] == ["0001", "0002", "0003"]
    assert all(r.keys() == {"url", "date", "tag"} for r in told["releases"])
    assert told["compiledRelease"] == compiled
    assert package.record_package([told], META, "https://a.example/r", "2020-07-01T00:00:00Z")["records"] == [told]

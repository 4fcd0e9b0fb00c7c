"""Packages: releases or records with the metadata that a reuser needs to trust and cite them.

In: releases and compiled releases. Out: OCDS 1.1 release packages, record packages and records. Nothing is read
from a clock: the same input gives the same bytes. Read `Meta` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ocds import schema


@dataclass(frozen=True, slots=True)
class Meta:
    """What every package of this ledger says of itself."""

    publisher_name: str
    publisher_uri: str
    license: str
    policy_url: str
    public_url: str

    def package(self, uri: str, published: str) -> dict[str, Any]:
        """Return the package without its releases or records; `published` is the publication's time, never now."""
        return {
            "uri": uri,
            "version": "1.1",
            "extensions": schema.EXTENSIONS(schema.aid_url(self.public_url)),
            "publishedDate": published,
            "publisher": {"name": self.publisher_name, "uri": self.publisher_uri},
            "license": self.license,
            "publicationPolicy": self.policy_url,
        }


def release_package(releases: Iterable[dict[str, Any]], meta: Meta, uri: str, published: str) -> dict[str, Any]:
    """Return a release package. An empty one is not valid OCDS and only right as the answer to a search."""
    return {**meta.package(uri, published), "releases": list(releases)}


def record_package(records: Iterable[dict[str, Any]], meta: Meta, uri: str, published: str) -> dict[str, Any]:
    """Return a record package; the same holds for an empty one."""
    return {**meta.package(uri, published), "records": list(records)}


def record(
    ocid: str,
    releases: Iterable[dict[str, Any]],
    compiled: dict[str, Any],
    release_url: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """Return a record with linked releases, oldest first, and its compiled release.

    `releases` need only `id`, `date` and `tag`; `release_url` gives an address that resolves for ever.
    """
    ordered = sorted(releases, key=lambda r: r["date"])
    return {
        "ocid": ocid,
        "releases": [{"url": release_url(r), "date": r["date"], "tag": r["tag"]} for r in ordered],
        "compiledRelease": compiled,
    }

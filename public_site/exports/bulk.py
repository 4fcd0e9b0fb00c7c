"""The OCDS files of one publication: release packages by month, record packages and compiled releases by year.

In: processes in order of their first release. Out: gzip files that are valid packages by themselves; nothing is
held but one process. A package that grows large goes on in a second part (`2020-05-2.json.gz`). Read `Bulk` first.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ledger.totals import Total
from ocds import package
from public_site.exports.manifest import Tally

KINDS = ("aid", "programme", "procurement")
PART_BYTES = 8_000_000
"""Compressed bytes after which a package goes on in another part: OCDS hosting guidance asks for at most 10 MB."""
PART_CONTRACTS = 200_000
"""The same guidance: at most 250,000 awards or contracts in one package."""

JSON = "application/gzip"


@dataclass(slots=True)
class Written:
    """One finished file, as the manifest tells of it."""

    path: str
    type: str
    rows: int
    tally: Tally
    media: str = JSON
    about: dict[str, Any] = field(default_factory=dict)


class _Gzip:
    """A gzip file whose bytes depend on nothing but its content: no name, no time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.raw: BinaryIO = path.open("wb")
        self.gz = gzip.GzipFile(filename="", mode="wb", fileobj=self.raw, mtime=0, compresslevel=6)

    def write(self, part: bytes) -> None:
        self.gz.write(part)

    @property
    def size(self) -> int:
        return self.raw.tell()

    def close(self) -> None:
        self.gz.close()
        self.raw.close()


class _Package:
    """One OCDS package, its members written one after the other between the two halves of its envelope."""

    def __init__(self, folder: Path, path: str, key: str, envelope: Mapping[str, Any]) -> None:
        self.path, self.key, self.tally, self.members, self.contracts = path, key, Tally(), 0, 0
        self.file = _Gzip(folder / path)
        head = orjson.dumps(envelope)
        self.file.write(head[:-1] + f',"{key}":['.encode())

    def add(self, members: Iterable[bytes], contracts: int, totals: list[Total]) -> None:
        for member in members:
            self.file.write((b",\n" if self.members else b"\n") + member)
            self.members += 1
        self.contracts += contracts
        self.tally.add(totals)

    @property
    def is_full(self) -> bool:
        return self.file.size > PART_BYTES or self.contracts > PART_CONTRACTS

    def close(self) -> None:
        self.file.write(b"\n]}\n")
        self.file.close()


class _Lines:
    """Compiled releases, one a line: the form that OCP's data registry offers."""

    def __init__(self, folder: Path, path: str) -> None:
        self.path, self.tally, self.members = path, Tally(), 0
        self.file = _Gzip(folder / path)

    def add(self, line: bytes, totals: list[Total]) -> None:
        self.file.write(line + b"\n")
        self.members += 1
        self.tally.add(totals)

    def close(self) -> None:
        self.file.close()


@dataclass(frozen=True, slots=True)
class Process:
    """Everything published of one process at one publication."""

    ocid: str
    kind: str
    first_date: str
    releases: list[dict[str, Any]]
    stored: list[bytes]  # the releases' own stored JSON: what was certified is what is served
    compiled: dict[str, Any]
    totals: list[Total]


class _Series:
    """The files of one kind (or of all). Processes come ordered by first release, so each month is open once."""

    def __init__(self, folder: Path, kind: str, meta: package.Meta, uri: Callable[[str], str], published: str) -> None:
        self.folder, self.root, self.kind = folder, f"ocds/bulk/{kind}", kind
        self.meta, self.uri, self.published = meta, uri, published
        self.done: list[Written] = []
        self.packages: dict[str, tuple[str, int, _Package]] = {}  # key -> period, part, open package
        self.year: tuple[str, _Lines] | None = None
        self.full: _Lines | None = None

    def add(self, process: Process, record: bytes) -> None:
        month, year = process.first_date[:7], process.first_date[:4]
        contracts = max(len(process.compiled.get("contracts") or ()), len(process.compiled.get("awards") or ()))
        self._package("releases", month).add(process.stored, contracts * len(process.stored), process.totals)
        self._package("records", year).add([record], contracts, process.totals)
        line = orjson.dumps(process.compiled)
        if self.year is None or self.year[0] != year:
            self._close_lines(self.year[1] if self.year else None)
            self.year = (year, _Lines(self.folder, f"{self.root}/compiled/{year}.jsonl.gz"))
        self.year[1].add(line, process.totals)
        if self.full is None:
            self.full = _Lines(self.folder, f"{self.root}/compiled/full.jsonl.gz")
        self.full.add(line, process.totals)

    def _package(self, key: str, period: str) -> _Package:
        open_now = self.packages.get(key)
        part = 1
        if open_now is not None:
            was, n, current = open_now
            if was == period and not current.is_full:
                return current
            self._close_package(key, current)
            part = n + 1 if was == period else 1
        name = period if part == 1 else f"{period}-{part}"
        path = f"{self.root}/{key}/{name}.json.gz"
        opened = _Package(self.folder, path, key, self.meta.package(self.uri(path), self.published))
        self.packages[key] = (period, part, opened)
        return opened

    def _close_package(self, key: str, current: _Package) -> None:
        current.close()
        self.done.append(Written(current.path, key, current.members, current.tally, about={"kind": self.kind}))

    def _close_lines(self, current: _Lines | None) -> None:
        if current is not None:
            current.close()
            self.done.append(
                Written(current.path, "compiled", current.members, current.tally, about={"kind": self.kind})
            )

    def close(self) -> list[Written]:
        for key, (_, _, current) in self.packages.items():
            self._close_package(key, current)
        self._close_lines(self.year[1] if self.year else None)
        self._close_lines(self.full)
        return self.done


class Bulk:
    """All OCDS files of a publication. `add` each process once, ordered by (first_date, ocid); then `close`."""

    def __init__(self, folder: Path, meta: package.Meta, uri: Callable[[str], str], published: str) -> None:
        self.series = {k: _Series(folder, k, meta, uri, published) for k in ("all", *KINDS)}
        self.release_url = lambda release: release_url(meta.public_url, release)

    def add(self, process: Process) -> None:
        record = orjson.dumps(package.record(process.ocid, process.releases, process.compiled, self.release_url))
        self.series["all"].add(process, record)
        self.series[process.kind].add(process, record)

    def close(self) -> list[Written]:
        return [w for series in self.series.values() for w in series.close()]


def release_url(public_url: str, release: Mapping[str, Any]) -> str:
    """Return where a record's linked release can be fetched for ever: a package of one release, and the id in it.

    https://standard.open-contracting.org/1.1/en/schema/records_reference/#linked-releases
    """
    return f"{public_url.rstrip('/')}/ocds/releases/{release['ocid']}/{release['id']}#{release['id']}"

"""Every setting, in one frozen value built once by the terminal or by `create_app` and passed down.

Environment variables are `LEDGER_<NAME>`; `ledger.toml` in the home folder holds what is long
(jurisdictions, publishers, rates). No other module reads the environment. Read `Settings` first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

EXAMPLE_PREFIX = "ocds-213czf"  # the standard's documentation prefix: must be replaced before going live
EXAMPLE_URL = "https://ledger.example.org"


class Settings(BaseSettings):
    """All settings with their defaults. Defaults work unset for one person on one machine."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    home: Path = Path("ledger-home")
    """Folder of uploads, downloads and ledger.toml."""
    database_url: str = ""
    """SQLAlchemy URL; empty means `sqlite:///<home>/ledger.db`."""
    public_url: str = EXAMPLE_URL
    """The site's own https address: written into OCDS packages and served extension addresses."""
    ocid_prefix: str = EXAMPLE_PREFIX
    """The registered OCDS prefix of this ledger."""
    publisher_name: str = "COVID-19 ledger"
    """Name of the publisher in OCDS package metadata."""
    license: str = "https://creativecommons.org/licenses/by/4.0/"
    """Licence address written into every package."""
    upload_max_bytes: int = 25_000_000
    """Largest accepted file."""
    rows_max: int = 300_000
    """Largest number of rows read from one sheet."""
    read_seconds_max: int = 20
    """CPU seconds that the reading child process may use on one file."""
    read_memory_max: int = 700_000_000
    """Bytes of address space that the reading child process may use."""
    session_idle_minutes: int = 30
    """Minutes without a click after which an officer is signed out."""
    session_hours: int = 10
    """Hours after which an officer is signed out in any case."""
    secure_cookies: bool = False
    """Set true behind https: cookies are then `__Host-` and Secure."""
    locales: str = ""
    """Folder of further languages of the public site, one folder each (docs/translating.md)."""
    production: bool = False
    """Refuses the example prefix, the example address and insecure cookies."""

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def uploads(self) -> Path:
        return self.home / "uploads"

    @property
    def downloads(self) -> Path:
        return self.home / "downloads"

    def problems(self) -> list[str]:
        """Say what forbids production: default secrets and example addresses."""
        if not self.production:
            return []
        out = []
        if self.ocid_prefix == EXAMPLE_PREFIX:
            out.append(
                "LEDGER_OCID_PREFIX is still the documentation's example; ask data@open-contracting.org for yours"
            )
        if self.public_url == EXAMPLE_URL:
            out.append("LEDGER_PUBLIC_URL is still the example address")
        if not self.secure_cookies:
            out.append("LEDGER_SECURE_COOKIES must be true in production")
        return out


@dataclass(frozen=True, slots=True)
class Area:
    code: str
    names: dict[str, str]
    aliases: tuple[str, ...] = ()
    parent: str = ""
    population: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """`value` units of `reporting` for one unit of `currency`, on a day, by a named source."""

    currency: str
    reporting: str
    value: Decimal
    on: str
    source: str


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A country, state or municipality whose money is told of, never added to another's."""

    code: str
    names: dict[str, str]
    currency: str
    languages: tuple[str, ...] = ("en",)
    country: str = ""
    fiscal_year_starts: int = 1
    time_zone: str = "UTC"
    gazetteer: str = "ISO3166-2"
    identifier_scheme: str = ""
    date_order: str = ""  # "dmy" or "mdy" when the office says so; empty: decide from the cells
    decimal_mark: str = ""  # "." or "," when the office says so
    dollar: str = ""  # what a bare "$" means here, when the office says so
    areas: tuple[Area, ...] = ()
    boundaries: str = ""  # a GeoJSON file beside ledger.toml
    fictional: bool = False
    licence: str = ""
    credit: dict[str, str] = field(default_factory=dict)
    information_law: dict[str, str] = field(default_factory=dict)  # by language, cited in requests; empty: none is


EVERY = ("month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Expected:
    """A dataset that an office has said it will publish: every so often, from `since` (YYYY-MM) to `until`, each period
    within so many days of its end. Raises ValueError for what no calendar has."""

    dataset: str
    every: str
    since: str
    until: str = ""
    within_days: int = 30

    def __post_init__(self) -> None:
        if self.every not in EVERY:
            raise ValueError(f"expects: every is {', '.join(EVERY)}, not {self.every!r}")
        for month in filter(None, (self.since, self.until)):
            if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", month):
                raise ValueError(f"expects: a month is written 2020-05, not {month!r}")


@dataclass(frozen=True, slots=True)
class Publisher:
    id: str
    name: str
    jurisdiction: str
    uri: str = ""
    identifier: str = ""
    expects: tuple[Expected, ...] = ()
    contact: str = ""  # where questions go, as the office made it public: an e-mail, a web or a postal address


@dataclass(frozen=True, slots=True)
class Register:
    """What `ledger.toml` says of the world: jurisdictions, publishers, rates."""

    jurisdictions: tuple[Jurisdiction, ...] = ()
    publishers: tuple[Publisher, ...] = ()
    rates: tuple[Rate, ...] = ()

    def jurisdiction(self, code: str) -> Jurisdiction:
        return next(j for j in self.jurisdictions if j.code == code)

    def publisher(self, id: str) -> Publisher:
        return next(p for p in self.publishers if p.id == id)


def register(path: Path) -> Register:
    """Read `ledger.toml`. A missing file is an empty register; a wrong one raises with the key at fault."""
    if not path.exists():
        return Register()
    return parse_register(tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))


def _publisher(told: Mapping[str, Any]) -> Publisher:
    return Publisher(**{**told, "expects": tuple(Expected(**e) for e in told.get("expects", ()))})


def parse_register(data: dict[str, Any]) -> Register:
    """Build the register from parsed TOML: tables `jurisdiction`, `publisher`, `rate` (see `examples/ledger.toml`)."""

    def jurisdiction(j: dict[str, Any]) -> Jurisdiction:
        areas = tuple(
            Area(a["code"], a["names"], tuple(a.get("aliases", ())), a.get("parent", ""), a.get("population"))
            for a in j.get("area", ())
        )
        plain = {k: v for k, v in j.items() if k not in {"area", "languages"}}
        return Jurisdiction(**plain, languages=tuple(j.get("languages", ("en",))), areas=areas)

    return Register(
        tuple(jurisdiction(j) for j in data.get("jurisdiction", ())),
        tuple(_publisher(p) for p in data.get("publisher", ())),
        tuple(
            Rate(r["currency"], r["reporting"], Decimal(str(r["value"])), str(r["on"]), r["source"])
            for r in data.get("rate", ())
        ),
    )

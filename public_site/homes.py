"""A home: the folder with uploads, downloads, the store and ledger.toml; how it is made and how settings come from it.

`[settings]` in ledger.toml holds what the operator decided; an environment variable `LEDGER_<NAME>` is stronger, and
what the terminal says is strongest. Read `settings` first.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from ledger.errors import NotFound, Refused
from ledger.settings import Settings

HEAD = """# The settings of this ledger. A line that begins with # shows the default.
# An environment variable LEDGER_<NAME> is stronger than what stands here.

[settings]
"""

TAIL = """
# Whose money is told of. One entry for each country, state or municipality.
#
# [[jurisdiction]]
# code = "BZ"
# names = { en = "Belize", es = "Belice" }
# currency = "BZD"
# languages = ["en", "es"]
# country = "BZ"
# time_zone = "America/Belize"
# date_order = "dmy"
# dollar = "BZD"
#
# [[jurisdiction.area]]
# code = "BZ-TOL"
# names = { en = "Toledo", es = "Toledo" }
# population = 30785

# Who publishes. One entry for each ministry, fund or agency.
#
# [[publisher]]
# id = "bz-moh"
# name = "Ministry of Health"
# jurisdiction = "BZ"

# Exchange rates that are not published by a rates sheet.
#
# [[rate]]
# currency = "USD"
# reporting = "BZD"
# value = "2.00"
# on = "1978-01-01"
# source = "Central Bank of Belize"
"""


def settings(home: Path | None = None, store_url: str = "") -> Settings:
    """Return the settings: the terminal's words, then the environment, then ledger.toml, then defaults."""
    from_environment = Settings()
    where = home or from_environment.home
    file = where / "ledger.toml"
    told: dict[str, Any] = tomllib.loads(file.read_text("utf-8")).get("settings", {}) if file.exists() else {}
    if unknown := sorted(set(told) - set(Settings.model_fields)):
        raise Refused("no_setting", file=str(file), names=", ".join(unknown))
    weaker = {k: v for k, v in told.items() if k not in from_environment.model_fields_set}
    stronger = {"home": where} | ({"database_url": store_url} if store_url else {})
    return Settings(**{**weaker, **stronger})


def furnish(settings: Settings) -> bool:
    """Make the folders, and ledger.toml when there is none; whether it was written."""
    for folder in (settings.home, settings.uploads, settings.downloads):
        folder.mkdir(parents=True, exist_ok=True)
    settings.uploads.chmod(0o700)
    file = settings.home / "ledger.toml"
    if file.exists():
        return False
    file.write_text(ledger_toml(), "utf-8")
    return True


def ledger_toml() -> str:
    """Return a ledger.toml in which every setting is explained by its own docstring."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        if name == "home":
            continue
        default = field.default
        shown = json.dumps(str(default) if isinstance(default, Path) else default)
        lines.append(f"# {' '.join((field.description or '').split())}\n# {name} = {shown}\n")
    return "\n".join(lines) + TAIL


def must_exist(settings: Settings) -> None:
    """Refuse a home that nobody has made: a mistyped folder must not become an empty ledger."""
    if not settings.home.is_dir():
        raise NotFound("no_home", home=str(settings.home))


def shown_url(settings: Settings) -> str:
    """Return the store's address without its password."""
    return make_url(settings.store_url).render_as_string(hide_password=True)

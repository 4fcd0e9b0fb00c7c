"""The few words that the ledger itself adds to what it publishes, in the first language of the jurisdiction.

They stand in `ledger/words/drafts.toml`; a language without words there is answered in English.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("ledger") / "words" / "drafts.toml").read_text("utf-8"))


def word(key: str, language: str, **params: object) -> str:
    told = _words()[key]
    return told.get(language, told["en"]).format_map(params)

"""The terminal's own manners: options anywhere, words for every refusal, a reference page that is current."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ledger.errors import Refused
from ledger.settings import Settings, parse_register
from public_site import acting, cli, demo, homes, reference, remote, terminal, work

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("verify --home D --json", "--home D --json verify"),
        ("--home D verify", "--home D verify"),
        ("check a.xlsx --store=sqlite:///x.db", "--store=sqlite:///x.db check a.xlsx"),
        ("check -- --json", "check -- --json"),
        ("verify --home", "--home verify"),
    ],
)
def test_global_options_may_stand_anywhere(typed: str, understood: str) -> None:
    assert cli.hoisted(typed.split()) == understood.split()


def test_the_reference_pages_are_current() -> None:
    assert reference.SETTINGS_PAGE.read_text("utf-8") == reference.settings_page(), (
        "run python -m public_site.reference"
    )
    assert reference.PAGE.read_text("utf-8") == reference.cli_page(), "run python -m public_site.reference"


def test_every_refusal_has_words_in_both_languages_that_say_what_to_do() -> None:
    used = set()
    for room in ("ledger", "importers", "public_site"):
        for path in (ROOT / room).rglob("*.py"):
            used |= set(
                re.findall(
                    r'\b(?:NotFound|Forbidden|Conflict|Refused|TooLarge|Unavailable)\(\s*"(\w+)"',
                    path.read_text("utf-8"),
                )
            )
    assert used
    for code in sorted(used):
        for language in ("en", "es"):
            what, _ = terminal.refusal(Refused(code), language)
            assert not what.startswith("Refused:"), f"{code} has no words"


def test_a_new_ledger_toml_explains_every_setting_and_can_be_read() -> None:
    text = homes.ledger_toml()
    for name, field in Settings.model_fields.items():
        if name != "home":
            assert f"# {name} = " in text
            assert field.description and field.description.split()[0] in text
    assert parse_register(tomllib.loads(text)).jurisdictions == ()
    # and: with every comment mark taken away it is still TOML with the defaults
    bare = "\n".join(line[2:] for line in homes.ledger_toml().split("\n# Whose")[0].splitlines() if " = " in line)
    assert tomllib.loads(bare)["public_url"] == Settings.model_fields["public_url"].default


def test_what_the_environment_says_is_stronger_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ledger.toml").write_text('[settings]\npublisher_name = "From the file"\nrows_max = 7\n')
    assert homes.settings(tmp_path).publisher_name == "From the file"
    monkeypatch.setenv("LEDGER_PUBLISHER_NAME", "From the environment")
    assert homes.settings(tmp_path).publisher_name == "From the environment"
    assert homes.settings(tmp_path).rows_max == 7


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.toml").write_text('[settings]\npublisher_nmae = "x"\n')
    with pytest.raises(Refused) as refused:
        homes.settings(tmp_path)
    assert refused.value.params["names"] == "publisher_nmae"


def test_a_password_in_the_stores_address_is_not_shown() -> None:
    shown = homes.shown_url(Settings(database_url="postgresql+psycopg://ledger:secret@db/ledger"))
    assert "secret" not in shown and "db/ledger" in shown


def test_every_task_of_the_worker_has_a_name_that_jobs_may_have() -> None:
    assert set(work.TASKS) == {"read_submission", "write_downloads"}
    assert acting.now().tzinfo is not None
    assert demo.PASSWORDS.endswith(".json")
    assert remote.SECONDS > 0

"""The terminal as scripts use it: exit codes, one JSON document on stdout, words that say what to do next."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from public_site import cli

COMMAND = Path(sys.executable).parent / "covid-ledger"

LEDGER = """
[[jurisdiction]]
code = "BZ"
names = { en = "Belize", es = "Belice" }
currency = "BZD"
languages = ["en", "es"]
country = "BZ"
time_zone = "America/Belize"
date_order = "dmy"
dollar = "BZD"

[[jurisdiction.area]]
code = "BZ-TOL"
names = { en = "Toledo", es = "Toledo" }

[[publisher]]
id = "bz-moh"
name = "Ministry of Health"
jurisdiction = "BZ"
"""

CONTRACTS = """Contract No,Title,Buyer,Procurement method,Supplier,Contract date,Amount,Currency
C-1,Face masks,Ministry of Health,direct,Example Medical Ltd,2020-05-04,12000.00,BZD
C-2,Ventilators,Ministry of Health,open,Another Supplier Ltd,2020-05-06,250000.00,BZD
"""


def run(*words: str | Path, code: int | None = 0, given: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120, input=given)
    assert code is None or done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done


def told(*words: str | Path, code: int = 0) -> dict[str, Any]:
    """Run with --json; stdout must be one JSON document and nothing else."""
    found: dict[str, Any] = json.loads(run(*words, "--json", code=code).stdout)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with two people and one publication."""
    home = tmp_path_factory.mktemp("cli") / "home"
    home.mkdir()
    (home / "ledger.toml").write_text(LEDGER)
    (home.parent / "contracts.csv").write_text(CONTRACTS)
    run("--home", home, "init")
    run("--home", home, "account", "add", "ana", "--name", "Ana Example", "--role", "officer")
    run("--home", home, "account", "add", "ben", "--name", "Ben Example", "--role", "certifier")
    done = told(
        "--home", home, "import", home.parent / "contracts.csv", "--publisher", "bz-moh", "--kind", "procurement",
        "--period", "2020-Q2", "--prepared-by", "ana", "--certified-by", "ben",
    )  # fmt: skip
    assert done["state"] == "published"
    return home


def test_init_writes_settings_that_can_be_read_and_changes_nothing_the_second_time(tmp_path: Path) -> None:
    first = told("--home", tmp_path / "new", "init")
    text = (tmp_path / "new" / "ledger.toml").read_text()
    assert first["created"] and tomllib.loads(text)
    assert told("--home", tmp_path / "new", "init")["created"] is False
    assert (tmp_path / "new" / "ledger.toml").read_text() == text


def test_check_says_what_was_understood_and_changes_nothing(home: Path) -> None:
    before = sorted(p.name for p in home.rglob("*") if p.is_file() and "ledger.db" not in p.name)
    report = told("--home", home, "check", home.parent / "contracts.csv")
    table = report["files"][0]["tables"][0]
    rows = table["rows"]
    assert rows["read"] == rows["accepted"] + rows["held"] + rows["ignored"] == 2
    assert table["totals"]["contract"] == {"BZD": "262000.00"}
    assert sorted(p.name for p in home.rglob("*") if p.is_file() and "ledger.db" not in p.name) == before


def test_check_of_a_wrong_amount_names_its_cell_and_exits_1(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(CONTRACTS.replace("250000.00", "about a lot"))
    report = told("--home", home, "check", file, code=1)
    errors = [f for f in report["findings"] if f["severity"] in ("error", "blocker")]
    assert errors and errors[0]["cell"] == "G3" and errors[0]["fix"]
    shown = run("--home", home, "check", file, code=1).stdout
    assert "G3" in shown and "2 rows read" in shown


def test_one_changed_cell_makes_one_release(home: Path, tmp_path: Path) -> None:
    # given: the officer's file, one amount mended
    file = tmp_path / "contracts.csv"
    file.write_text(CONTRACTS.replace("12000.00", "12500.00"))
    words = ("import", file, "--publisher", "bz-moh", "--kind", "procurement", "--period", "2020-Q2")

    # when: it goes the whole way
    done = told("--home", home, *words, "--prepared-by", "ana", "--certified-by", "ben")

    # then
    assert done["state"] == "published"
    assert {k: done["change_set"][k] for k in ("added", "changed", "withdrawn")} == {
        "added": 0,
        "changed": 1,
        "withdrawn": 0,
    }

    # and: the same file once more publishes nothing
    again = told("--home", home, *words, "--prepared-by", "ana", "--certified-by", "ben")
    assert again["state"] == "unchanged" and again["publication"] is None


def test_without_a_certifier_it_stops_at_ready_to_certify(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(CONTRACTS.replace("C-1", "C-8").replace("C-2", "C-9"))
    done = told(
        "--home", home, "import", file, "--publisher", "bz-moh", "--kind", "procurement", "--period", "2020-Q3",
        "--prepared-by", "ana",
    )  # fmt: skip
    assert done["state"] == "ready_for_review"
    listed = told("--home", home, "submissions", "--state", "ready_for_review")["submissions"]
    assert [s["id"] for s in listed] == [done["id"]]

    # and: the preparer cannot certify it; a returned one names the reason; a withdrawn one is over
    assert told("--home", home, "certify", str(done["id"]), "--by", "ana", code=2)["refused"]["code"]
    assert told("--home", home, "return", str(done["id"]), "--by", "ben", "--why", "C-9 twice")["state"] == "returned"
    assert told("--home", home, "withdraw", str(done["id"]), "--by", "ana")["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("import", "{file}", "--publisher", "bz-moh"), "prepared_by_missing", "account add"),
        (("import", "{file}", "--publisher", "nobody", "--prepared-by", "ana"), "unknown_publisher", "ledger.toml"),
        (("import", "{file}", "--publisher", "bz-moh", "--prepared-by", "zoe"), "no_account", "account add zoe"),
        (("import", "{file}", "--publisher", "bz-moh", "--prepared-by", "ben"), "role_missing", "account role ben"),
        (
            ("import", "{file}", "--publisher", "bz-moh", "--prepared-by", "ana", "--certified-by", "ana"),
            "same_person",
            "another person",
        ),
        (("check", "{file}", "--kind", "weapons"), "no_kind", "procurement"),
        (("certify", "999", "--by", "ben"), "no_submission", "submissions"),
        (("verify", "/nowhere"), "no_folder", "manifest.json"),
    ],
)
def test_a_refusal_exits_2_and_says_what_to_do(home: Path, words: tuple[str, ...], code: str, says: str) -> None:
    filled = [w.format(file=home.parent / "contracts.csv") for w in words]
    assert told("--home", home, *filled, code=2)["refused"]["code"] == code
    done = run("--home", home, *filled, code=2)
    assert done.stdout == "" and says in done.stderr


def test_wrong_usage_exits_2(home: Path) -> None:
    assert "check" in run("--home", home, "chekc", code=2).stderr
    run("--home", home, "check", "no-such-file.xlsx", code=2)
    run("--home", home, "import", home.parent / "contracts.csv", code=2)


def test_a_home_that_nobody_made_is_refused_and_not_made(tmp_path: Path) -> None:
    assert told("--home", tmp_path / "typo", "submissions", code=2)["refused"]["code"] == "no_home"
    assert not (tmp_path / "typo").exists()


def test_what_was_published_verifies_and_rebuilds_to_itself(home: Path) -> None:
    assert told("--home", home, "verify") == {"verified": f"sqlite:///{home / 'ledger.db'}", "ok": True, "problems": []}
    assert told("--home", home, "rebuild", "--check")["ok"]
    assert told("--home", home, "rebuild")["ok"]
    newest = max((home / "downloads").iterdir(), key=lambda p: int(p.name))
    assert told("verify", newest)["ok"]  # no home, no database


def test_export_writes_every_download_into_an_empty_folder(home: Path, tmp_path: Path) -> None:
    done = told("--home", home, "export", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").exists() and done["files"]
    assert told("--home", home, "export", "--out", tmp_path / "out", code=2)["refused"]["code"] == "folder_not_empty"


def test_a_backup_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    run("--home", home, "backup", tmp_path / "ledger.backup")
    done = told("--home", tmp_path / "again", "restore", tmp_path / "ledger.backup", "--verify")
    assert done["ok"] and done["problems"] == []
    assert [s["id"] for s in told("--home", tmp_path / "again", "submissions")["submissions"]] == [
        s["id"] for s in told("--home", home, "submissions")["submissions"]
    ]


def test_people_are_listed_with_their_roles_and_can_be_disabled(home: Path) -> None:
    run("--home", home, "account", "add", "eva", "--name", "Eva", "--password-stdin", given="a long enough password\n")
    run("--home", home, "account", "role", "eva", "auditor", "--publisher", "bz-moh")
    run("--home", home, "account", "disable", "eva")
    eva = next(a for a in told("--home", home, "account", "list")["accounts"] if a["id"] == "eva")
    assert eva["disabled"] and not eva["may_sign_in"]
    assert eva["roles"] == [{"role": "auditor", "publisher": "bz-moh"}]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_filled_template_sent_back_untouched_changes_nothing(home: Path, tmp_path: Path, language: str) -> None:
    # given: the office asks for its own contracts in a workbook
    file = tmp_path / "filled.xlsx"
    run(
        "--home",
        home,
        "template",
        "procurement",
        "--lang",
        language,
        "--filled",
        "--publisher",
        "bz-moh",
        "--out",
        file,
    )
    table = told("--home", home, "check", file, "--kind", "procurement")["files"][0]["tables"][0]
    assert table["rows"]["accepted"] == 2

    # when: it comes back as it is
    done = told(
        "--home", home, "import", file, "--publisher", "bz-moh", "--kind", "procurement", "--period", "2020-Q2",
        "--prepared-by", "ana", "--certified-by", "ben",
    )  # fmt: skip

    # then
    assert done["state"] == "unchanged", done["change_set"]


def test_every_command_helps_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--help").stdout.count("covid-ledger") >= 1
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEDGER_HOME", raising=False)
    commands = [*typer.main.get_command(cli.app).commands]  # type: ignore[attr-defined]
    assert len(commands) > 12
    for command in commands:
        done = CliRunner().invoke(cli.app, [command, "--help"])
        assert done.exit_code == 0 and len(done.output.splitlines()) > 4, (command, done.output)
    assert not list(tmp_path.iterdir())


def test_import_takes_an_answer_about_columns_and_remembers_it(home: Path, tmp_path: Path) -> None:
    # given: a heading that no dictionary knows, and what it means
    file, answer = tmp_path / "odd.csv", tmp_path / "answer.json"
    file.write_text(CONTRACTS.replace("Contract No", "Zzq").replace("C-1", "Z-1").replace("C-2", "Z-2"))
    asked = told("--home", home, "check", file, "--jurisdiction", "BZ", "--kind", "procurement")
    table = asked["files"][0]["tables"][0]
    assert "Zzq" in {c["header"] for c in table["columns"] if not c["field"]}
    columns = {c["header"]: c["field"] or "" for c in table["columns"]} | {"Zzq": "contract.id"}
    answer.write_text(json.dumps({"kind": "procurement", "columns": columns, "signature": table["signature"]}))
    words = ("import", file, "--publisher", "bz-moh", "--period", "2021-Q1", "--prepared-by", "ana")

    # when: it comes with the file, and next time without it
    first = told("--home", home, *words, "--mapping", answer, "--certified-by", "ben")
    again = told("--home", home, *words, "--certified-by", "ben")

    # then: its numbers are the contracts' numbers, both times
    assert (first["state"], again["state"]) == ("published", "unchanged")
    with (home / "ledger.db").open("rb") as db:
        assert b"PRC-Z-1" in db.read()

    # and: what is no answer is refused with what is wrong in it, and nothing is sent
    for text, problem in (("{", "answer.json"), ("[]", "list"), ('{"columns": {"Zzq": "nonsense"}}', "nonsense")):
        answer.write_text(text)
        done = run("--home", home, *words, "--mapping", answer, code=2)
        assert problem in done.stderr
    answer.write_text(json.dumps({"kind": "procurement", "columns": columns}))
    assert "signature" in run("--home", home, *words, "--mapping", answer, code=2).stderr

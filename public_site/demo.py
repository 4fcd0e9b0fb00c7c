"""The demonstration ledger: the workbooks of `examples/`, taken the whole way by the accounts of `demo.toml`.

In: an examples folder and a home. Out: publications and one build of the downloads. It uses the doors that officers
use and nothing else, goes on where an interrupted run stopped, and publishes nothing when run again. The folder is
`examples/` of a checkout, else `share/covid-ledger/examples` where the package is installed. Read `make` first.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from importers import intake
from ledger import accounts, searching, tables, workflow
from ledger.errors import NotFound, Refused
from ledger.settings import Register, Settings
from ledger.store import reading, writing
from public_site import acting, exports
from public_site.exports.manifest import sha256

PASSWORDS = "demo-accounts.json"

Say = Callable[[str], None]


def examples() -> Path:
    """Return the folder of the example workbooks, in a checkout or beside an installed package."""
    for folder in (Path(__file__).parents[1] / "examples", Path(sys.prefix) / "share" / "covid-ledger" / "examples"):
        if (folder / "demo.toml").exists():
            return folder
    raise NotFound("no_examples")


def furnish(home: Path) -> None:
    """Put the examples' ledger.toml, and the boundary files that it names, into a home that has none."""
    home.mkdir(parents=True, exist_ok=True)
    if (home / "ledger.toml").exists():
        return
    source = examples()
    told = tomllib.loads((source / "ledger.toml").read_text("utf-8"))
    for jurisdiction in told.get("jurisdiction", ()):
        if name := jurisdiction.get("boundaries"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, home / name)
    shutil.copyfile(source / "ledger.toml", home / "ledger.toml")


def make(engine: sa.Engine, settings: Settings, register: Register, say: Say) -> dict[str, Any]:
    """Take every example the whole way; return what was done, with the sign-in names and passwords."""
    source = examples()
    plan = tomllib.loads((source / "demo.toml").read_text("utf-8"))
    people = _accounts(engine, settings, plan.get("account", ()))
    made = []
    for wanted in plan["import"]:
        state, publication = _import(engine, settings, register, source, wanted, say)
        made.append(
            {"files": wanted["files"], "publisher": wanted["publisher"], "state": state, "publication": publication}
        )
    say("making the search index")
    searching.build(engine, settings, register)
    say("writing the downloads")
    folder = exports.write_downloads(engine, settings, register)
    return {"home": settings.home, "downloads": folder, "imports": made, "accounts": people}


def _accounts(engine: sa.Engine, settings: Settings, wanted: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make the accounts that are missing. Passwords are random, kept in the home, readable by its owner only."""
    kept_in = settings.home / PASSWORDS
    passwords: dict[str, str] = json.loads(kept_in.read_text("utf-8")) if kept_in.exists() else {}
    for account in wanted:
        passwords.setdefault(account["id"], "-".join(secrets.token_hex(2) for _ in range(4)))
    kept_in.touch(mode=0o600)
    kept_in.write_text(json.dumps(passwords, indent=1), "utf-8")
    with writing(engine) as conn:
        known = set(conn.scalars(sa.select(tables.accounts.c.id)))
        for account in wanted:
            if account["id"] in known:
                continue
            accounts.add(conn, account["id"], account["name"], passwords[account["id"]], acting.now())
            for told in account["roles"]:
                role, _, publisher = told.partition(":")
                accounts.grant(conn, account["id"], role, publisher, acting.now())
    return [{"id": a["id"], "name": a["name"], "roles": a["roles"], "password": passwords[a["id"]]} for a in wanted]


def _import(
    engine: sa.Engine, settings: Settings, register: Register, source: Path, wanted: Mapping[str, Any], say: Say
) -> tuple[str, int | None]:
    """Take one import as far as it is not yet; return its state and publication."""
    files = [source / f for f in wanted["files"]]
    label = ", ".join(f.name for f in files)
    id = _known(engine, wanted, [sha256(f) for f in files])
    if id is None:
        say(f"{label}: receiving")
        id = intake.receive(
            engine,
            settings,
            register,
            files,
            publisher=wanted["publisher"],
            kind=wanted.get("kind", ""),
            period=wanted.get("period", ""),
            mode=wanted.get("mode", "replace"),
            by=wanted["prepared_by"],
            at=acting.now(),
            hold_back=wanted.get("hold_back", False),
        )
    told = _submission(engine, id)
    if told.state == "received":
        say(f"{label}: reading and checking")
        intake.read_submission(engine, settings, register, id, lambda *_: None)
        told = _submission(engine, id)
    if told.state in ("refused", "has_errors"):
        raise Refused(
            "demo_has_errors", file=label, submission=id, codes=", ".join(sorted({f.code for f in told.findings}))
        )
    if told.state == "valid":
        acting.submit(engine, id, wanted["prepared_by"])
        told = _submission(engine, id)
    if told.state == "ready_for_review":
        say(f"{label}: certifying")
        done = acting.certify(engine, settings, register, id, wanted["certified_by"], told.change_digest)
        say(f"{label}: publication {done.number}, {done.releases} releases")
        told = _submission(engine, id)
    return told.state, told.publication


def _submission(engine: sa.Engine, id: int) -> workflow.Submission:
    with reading(engine) as conn:
        return workflow.submission(conn, id)


def _known(engine: sa.Engine, wanted: Mapping[str, Any], digests: list[str]) -> int | None:
    """The submission of an earlier run with the same bytes for the same publisher and period, if there is one."""
    s, f = tables.submissions, tables.submission_files
    with reading(engine) as conn:
        ids = conn.scalars(
            sa.select(s.c.id)
            .where(
                s.c.publisher == wanted["publisher"],
                s.c.period == wanted.get("period", ""),
                s.c.dataset == (wanted.get("kind") or ""),
                s.c.state.not_in(("withdrawn", "returned", "refused", "has_errors")),
            )
            .order_by(s.c.id.desc())
        ).all()
        for id in ids:
            if list(conn.scalars(sa.select(f.c.sha256).where(f.c.submission == id).order_by(f.c.position))) == digests:
                return int(id)
    return None

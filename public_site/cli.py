"""The terminal: `covid-ledger <verb>`. Each command is a few lines over a door of the ledger.

Every command takes `--json` (one JSON document on stdout, everything else on stderr) and exits 0 (done), 1 (findings
of severity error, or differences) or 2 (wrong usage or refused). `--json`, `--home` and `--store` may stand before or
after the command. docs/reference/cli.md is made from here. Read `check` first.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import structlog
import typer

from importers import annotate, intake, template
from ledger import accounts, backup, mappings, projections, store, tables, verify, workflow
from ledger.errors import LedgerError, NotFound, Refused
from ledger.publish import Publication
from ledger.settings import Register, Settings, register
from public_site import acting, demo, exports, filling, freeze, homes, remote, terminal, work
from public_site.exports import manifest
from public_site.terminal import FOUND, OK, REFUSED, Terminal

app = typer.Typer(
    name="covid-ledger",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A transparency ledger for COVID-19 aid, donations and procurement.",
)
account_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="People: who may prepare, certify, administer."
)
app.add_typer(account_app, name="account")

GLOBAL = {"--json": 0, "--home": 1, "--store": 1}
"""Options that may stand anywhere, with how many words follow each."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the global options said."""

    home: Path | None
    store_url: str
    terminal: Terminal

    @property
    def settings(self) -> Settings:
        return homes.settings(self.home, self.store_url)

    @property
    def register(self) -> Register:
        return register(self.settings.home / "ledger.toml")


_session: Session | None = None


def here() -> Session:
    assert _session is not None
    return _session


@app.callback()
def options(
    store: Annotated[
        str,
        typer.Option(help="SQLAlchemy address of the store; default: LEDGER_DATABASE_URL, else ledger.db in the home."),
    ] = "",
    home: Annotated[
        Path | None,
        typer.Option(help="Folder of uploads, downloads and ledger.toml; default: LEDGER_HOME, else ledger-home."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout; logs and progress on stderr.")
    ] = False,
) -> None:
    global _session
    _session = Session(home, store, Terminal(json))


@contextmanager
def opened() -> Iterator[tuple[sa.Engine, Settings, Register]]:
    """The store of the home, which `init` has made and migrations have brought up to date."""
    settings = here().settings
    homes.must_exist(settings)
    engine = store.open_store(settings)
    try:
        projections.migrate(engine)
        yield engine, settings, here().register
    finally:
        engine.dispose()


def tell(document: Any, words: str | None = None) -> None:
    here().terminal.tell(document, words)


# --- a home, a site ---------------------------------------------------------------------------------------------


@app.command()
def init() -> None:
    """Make a home: folders, the store, and a ledger.toml with every setting explained."""
    settings = here().settings
    made = homes.furnish(settings)
    engine = store.open_store(settings)
    projections.migrate(engine)
    engine.dispose()
    words = "\n".join(
        [
            f"home:   {settings.home}",
            f"store:  {homes.shown_url(settings)}",
            f"{'wrote' if made else 'kept'}:  {settings.home / 'ledger.toml'}",
            "Next: name your jurisdictions and publishers in ledger.toml, then add two people:",
            "  covid-ledger account add ana --name 'Ana Example' --role officer",
            "  covid-ledger account add ben --name 'Ben Example' --role certifier",
        ]
    )
    tell(
        {
            "home": settings.home,
            "store": homes.shown_url(settings),
            "ledger_toml": settings.home / "ledger.toml",
            "created": made,
        },
        words,
    )


@app.command(name="demo")
def demonstration(
    dir: Annotated[Path | None, typer.Option(help="The home of the demonstration; default: --home.")] = None,
    port: Annotated[int, typer.Option(help="Port to serve on.")] = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Make it and stop.")] = False,
) -> None:
    """Make the demonstration ledger from examples/ through the real pipeline, then serve it."""
    global _session
    t = here().terminal
    _session = Session(dir or here().home, here().store_url, t)
    settings = here().settings
    demo.furnish(settings.home)
    homes.furnish(settings)
    with opened() as (engine, settings, known):
        done = demo.make(engine, settings, known, t.note)
    people = terminal.table(
        ("sign-in name", "password", "roles"),
        [(a["id"], a["password"], " ".join(a["roles"])) for a in done["accounts"]],
    )
    if no_serve:
        tell(
            done,
            f"The demonstration is in {settings.home}\n{people}\nServe it: covid-ledger --home {settings.home} serve",
        )
        return
    t.note(f"{people}\nSite: http://127.0.0.1:{port}/   Officers' desk: http://127.0.0.1:{port}/desk")
    _serve("127.0.0.1", port, 1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Job workers inside; 0 when `worker` runs elsewhere.")] = 1,
) -> None:
    """Serve the site, the API, the downloads and the desk, with a job worker inside."""
    _serve(host, port, workers)


def _serve(host: str, port: int, workers: int) -> None:
    import uvicorn

    from public_site.app import create_app

    with opened() as (engine, settings, known):
        if problems := settings.problems():
            raise Refused("not_for_production", problems="; ".join(problems))
        site = create_app(settings, known, engine)
        inside = [work.Background(engine, settings, known) for _ in range(workers)]
        for w in inside:
            w.__enter__()
        try:
            uvicorn.run(site, host=host, port=port, log_config=None, server_header=False, date_header=True)
        finally:
            for w in inside:
                w.__exit__()


@app.command()
def worker() -> None:
    """Run one more job worker, until it is stopped."""
    with opened() as (engine, settings, known):
        here().terminal.note("waiting for jobs; stop with Ctrl-C")
        stop = threading.Event()
        try:
            work.run(engine, settings, known, stop)
        except KeyboardInterrupt:
            stop.set()


# --- files in ---------------------------------------------------------------------------------------------------

Files = Annotated[list[Path], typer.Argument(help="Workbooks or CSV files.", exists=True, dir_okay=False)]
KindOption = Annotated[str, typer.Option("--kind", help="What the file tells of; default: found by itself.")]


@app.command()
def check(
    files: Files,
    kind: KindOption = "",
    sheet: Annotated[str, typer.Option(help="Read this sheet only.")] = "",
    mapping: Annotated[Path | None, typer.Option(help="A saved mapping of columns (JSON).", exists=True)] = None,
    jurisdiction: Annotated[str, typer.Option(help="Code of the jurisdiction: its areas, currency, date order.")] = "",
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write the file with its wrong cells marked: OUT.xlsx; of several files OUT-1.xlsx, OUT-2.xlsx …; "
            "a folder gets NAME.report.xlsx for each."
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of --report: en or es.")] = "en",
) -> None:
    """Read files and say what was understood and what is wrong, cell by cell. Changes nothing."""
    t = here().terminal
    known_kind(kind)
    if lang not in annotate.LANGUAGES:
        raise Refused("unknown_language", language=lang)
    places = _report_places(files, report) if report else []
    done = intake.check_files(
        files,
        settings=here().settings,
        register=_known_places(),
        jurisdiction=_jurisdiction(jurisdiction, _known_places()),
        kind=kind or None,
        sheet=sheet or None,
        mapping=_answer(mapping) if mapping else None,
        progress=t.progress,
    )
    made = [
        annotate.annotated(file, file.name, done.findings, lang, here().settings, place)
        for file, place in zip(files, places, strict=False)
    ]
    for file, told in zip(files, made, strict=False):
        t.note(f"{file.name}: marked in {told}" if told else f"{file.name}: cannot be read, so nothing can be marked")
    tell({**done.report, **({"reports": made} if report else {})}, terminal.checked(done.report))
    raise typer.Exit(FOUND if terminal.has_errors(done.report) else OK)


def _answer(file: Path) -> dict[str, Any]:
    """Read an answer about columns. Refused when it is none, with what is wrong in it."""
    import json

    try:
        told = json.loads(file.read_text("utf-8"))
    except (ValueError, OSError) as problem:
        raise Refused("mapping_file", file=file.name, problem=str(problem)[:200]) from problem
    if not isinstance(told, dict):
        raise Refused("mapping_file", file=file.name, problem=type(told).__name__)
    mappings.checked({k: v for k, v in told.items() if k != "signature"})
    return told


def _report_places(files: list[Path], out: Path) -> list[Path]:
    """Where the marked workbook of each file goes, see `check --report`. No file of the officer is written over."""
    if out.is_dir() or out.suffix.lower() != ".xlsx":
        places = [out / f"{file.stem}.report.xlsx" for file in files]
        if len(set(places)) < len(places):
            places = [out / f"{file.stem}-{n}.report.xlsx" for n, file in enumerate(files, 1)]
    elif len(files) == 1:
        places = [out]
    else:
        places = [out.with_name(f"{out.stem}-{n}{out.suffix}") for n in range(1, len(files) + 1)]
    if {p.resolve() for p in places} & {f.resolve() for f in files}:
        raise typer.BadParameter("would write over a file that is checked; name another", param_hint="--report")
    return places


def known_kind(kind: str) -> None:
    from ledger import catalogue

    if kind and kind not in catalogue.kinds():
        raise Refused("no_kind", kind=kind, kinds=", ".join(catalogue.kinds()))


def _known_places() -> Register:
    """The home's register; without a home the examples' one: a file can be checked before there is a ledger."""
    own = here().register
    if own.jurisdictions or (here().settings.home / "ledger.toml").exists():
        return own
    return register(demo.examples() / "ledger.toml")


def _jurisdiction(code: str, register: Register) -> str | None:
    known = [j.code for j in register.jurisdictions]
    if code and code not in known:
        raise NotFound("unknown_jurisdiction", jurisdiction=code, known=", ".join(known) or "-")
    return code or (known[0] if len(known) == 1 else None)


@app.command(name="import")
def import_(
    files: Files,
    publisher: Annotated[str, typer.Option(help="Id of the publisher in ledger.toml.")],
    kind: KindOption = "",
    period: Annotated[str, typer.Option(help="What the file is the whole truth of, e.g. 2020-Q2.")] = "",
    mode: Annotated[
        str, typer.Option(help="replace: rows that are gone are withdrawn; append: they stay.")
    ] = "replace",
    prepared_by: Annotated[str, typer.Option(help="Account that prepares.")] = "",
    certified_by: Annotated[
        str, typer.Option(help="Account that certifies: another person. Without it: stops at ready to certify.")
    ] = "",
    hold_back: Annotated[
        bool, typer.Option("--hold-back", help="Publish the good rows and list the held ones.")
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="What the columns mean (JSON, with the signature that `check --json` tells): remembered for the "
            "publisher as an answer of --prepared-by.",
            exists=True,
        ),
    ] = None,
) -> None:
    """Take files the whole way: receive, read, check, submit, and certify when --certified-by is given."""
    known_kind(kind)
    if mode not in ("replace", "append"):
        raise Refused("no_mode", mode=mode)
    if not prepared_by:
        raise Refused("prepared_by_missing")
    if prepared_by == certified_by:
        raise Refused("same_person", account=prepared_by)
    answer = _answer(mapping) if mapping else {}
    signature = str(answer.pop("signature", "-"))
    t = here().terminal
    with opened() as (engine, settings, known):
        if publisher not in {p.id for p in known.publishers}:
            raise NotFound(
                "unknown_publisher", publisher=publisher, known=", ".join(p.id for p in known.publishers) or "-"
            )
        with store.reading(engine) as conn:
            acting.may(conn, prepared_by, "officer", publisher)
            if certified_by:
                acting.may(conn, certified_by, "certifier", publisher)
        if answer:
            with store.writing(engine) as conn:
                kept = {a["signature"]: a for a in mappings.answers(conn, publisher)}.get(signature, {})
                if any(kept.get(k) != v for k, v in answer.items()):
                    mappings.remember(conn, publisher, signature, answer, prepared_by, acting.now())
        id = intake.receive(
            engine,
            settings,
            known,
            files,
            publisher=publisher,
            kind=kind,
            period=period,
            mode=mode,
            by=prepared_by,
            at=acting.now(),
            hold_back=hold_back,
        )
        state = intake.read_submission(engine, settings, known, id, t.progress)
        publication: Publication | None = None
        if state == "valid":
            state = acting.submit(engine, id, prepared_by)
        if state == "ready_for_review" and certified_by:
            publication = acting.certify(engine, settings, known, id, certified_by)
            t.note(f"publication {publication.number}: writing the downloads")
            exports.write_downloads(engine, settings, known)
        _tell_submission(engine, id)
        raise typer.Exit(
            OK if state in ("valid", "ready_for_review", "published", "unchanged") or publication else FOUND
        )


# --- the workflow -----------------------------------------------------------------------------------------------

STATES = {
    "received": "received, not read yet",
    "refused": "cannot be read",
    "has_errors": "has errors",
    "valid": "checked, ready to submit",
    "ready_for_review": "ready to certify",
    "returned": "returned to its preparer",
    "published": "published",
    "unchanged": "says what is public already",
    "withdrawn": "withdrawn",
}

Id = Annotated[int, typer.Argument(help="Number of the submission; `submissions` lists them.")]


def _tell_submission(engine: sa.Engine, id: int) -> None:
    with store.reading(engine) as conn:
        told = workflow.submission(conn, id)
    names = {str(sha): name for sha, name in told.files}
    report = {
        "files": (told.report or {}).get("files", []),
        "findings": [intake.finding_json(f, names) for f in told.findings],
    }
    document = {**_line(told), "change_set": told.change_set, **report}
    counts = {k: v for k, v in (told.change_set or {}).items() if isinstance(v, int)}
    words = [
        f"submission {told.id}: {STATES[told.state]}"
        + (f", publication {told.publication}" if told.publication else ""),
        "  ".join(f"{k} {v}" for k, v in counts.items()),
        terminal.checked(report) if report["findings"] or told.state in ("refused", "has_errors") else "",
    ]
    tell(document, "\n".join(w for w in words if w))


def _line(told: workflow.Submission) -> dict[str, Any]:
    fields = (
        "id publisher jurisdiction dataset period mode state prepared_by prepared_at submitted_at "
        "certified_by publication comment"
    )
    return {
        **{name: getattr(told, name) for name in fields.split()},
        "files": [{"sha256": sha, "file": name} for sha, name in told.files],
    }


@app.command()
def submissions(
    publisher: Annotated[str, typer.Option(help="Of this publisher only.")] = "",
    state: Annotated[str, typer.Option(help="In this state only, e.g. ready_for_review.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
) -> None:
    """List submissions, newest first."""
    with opened() as (engine, _, _known), store.reading(engine) as conn:
        found = workflow.submissions(conn, publisher=publisher or None, state=state or None, limit=limit)
    rows = [
        (
            s.id,
            s.publisher,
            s.period or "-",
            STATES[s.state],
            s.prepared_by,
            s.certified_by or "-",
            s.publication or "-",
        )
        for s in found
    ]
    tell(
        {"submissions": [_line(s) for s in found]},
        terminal.table(("id", "publisher", "period", "state", "prepared by", "certified by", "publication"), rows)
        if rows
        else "no submissions",
    )


@app.command()
def certify(
    id: Id,
    by: Annotated[str, typer.Option(help="Account that certifies: not the one that prepared.")],
) -> None:
    """Certify a submission: it becomes a publication, and its downloads are written."""
    with opened() as (engine, settings, known):
        with store.reading(engine) as conn:
            shown = workflow.submission(conn, id).change_digest
        done = acting.certify(engine, settings, known, id, by, shown)
        here().terminal.note("writing the downloads")
        folder = exports.write_downloads(engine, settings, known)
    tell(
        {
            "publication": done.number,
            "submission": id,
            "releases": done.releases,
            "summary": done.summary,
            "downloads": folder,
        },
        f"publication {done.number}: {done.releases} releases\ndownloads: {folder}",
    )


@app.command(name="return")
def return_(
    id: Id,
    by: Annotated[str, typer.Option(help="Account of the certifier.")],
    why: Annotated[str, typer.Option(help="What the preparer has to change.")],
) -> None:
    """Return a submission to its preparer, with the reason."""
    with opened() as (engine, _, _known):
        state = acting.give_back(engine, id, by, why)
    tell({"submission": id, "state": state}, f"submission {id}: {STATES[state]}")


@app.command()
def withdraw(id: Id, by: Annotated[str, typer.Option(help="Account of an officer of the publisher.")]) -> None:
    """Withdraw a submission before it is certified."""
    with opened() as (engine, _, _known):
        state = acting.withdraw(engine, id, by)
    tell({"submission": id, "state": state}, f"submission {id}: {STATES[state]}")


# --- people -----------------------------------------------------------------------------------------------------

AccountId = Annotated[str, typer.Argument(help="Sign-in name.")]
Role = Annotated[str, typer.Option(help="officer, certifier, admin or auditor.")]
ForPublisher = Annotated[str, typer.Option(help="For this publisher only; default: every publisher.")]


@account_app.command("add")
def account_add(
    id: AccountId,
    name: Annotated[str, typer.Option(help="As shown beside what the person certified.")],
    role: Role = "",
    publisher: ForPublisher = "",
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read a password from stdin; without one the account cannot sign in."),
    ] = False,
) -> None:
    """Add a person, with a role if one is given."""
    with opened() as (engine, _, known), store.writing(engine) as conn:
        _publisher_known(publisher, known)
        accounts.add(conn, id, name, sys.stdin.readline().rstrip("\n") if password_stdin else None, acting.now())
        if role:
            accounts.grant(conn, id, role, publisher, acting.now())
    tell(
        {"account": id, "role": role or None, "publisher": publisher or None},
        f"added {id}" + (f", {role}" if role else ""),
    )


@account_app.command("disable")
def account_disable(id: AccountId) -> None:
    """Disable a person's account. What they did stays."""
    with opened() as (engine, _, _known), store.writing(engine) as conn:
        accounts.disable(conn, id, acting.now())
    tell({"account": id, "disabled": True}, f"disabled {id}")


@account_app.command("role")
def account_role(
    id: AccountId,
    role: Annotated[str, typer.Argument(help="officer, certifier, admin or auditor.")],
    publisher: ForPublisher = "",
) -> None:
    """Give a person a role."""
    with opened() as (engine, _, known), store.writing(engine) as conn:
        _publisher_known(publisher, known)
        accounts.grant(conn, id, role, publisher, acting.now())
    tell(
        {"account": id, "role": role, "publisher": publisher or None},
        f"{id}: {role} for {publisher or 'every publisher'}",
    )


@account_app.command("list")
def account_list() -> None:
    """List people and their roles."""
    a, r = tables.accounts, tables.account_roles
    with opened() as (engine, _, _known), store.reading(engine) as conn:
        found = conn.execute(
            sa.select(a.c.id, a.c.name, a.c.disabled, a.c.password_hash.is_not(None).label("signs_in")).order_by(a.c.id)
        ).all()
        roles = conn.execute(sa.select(r).order_by(r.c.account, r.c.role, r.c.publisher)).all()
    told = [
        {
            "id": p.id,
            "name": p.name,
            "disabled": bool(p.disabled),
            "may_sign_in": bool(p.signs_in) and not p.disabled,
            "roles": [{"role": x.role, "publisher": x.publisher or None} for x in roles if x.account == p.id],
        }
        for p in found
    ]
    rows = [
        (
            p["id"],
            p["name"],
            "disabled" if p["disabled"] else "",
            " ".join(f"{x['role']}:{x['publisher'] or '*'}" for x in p["roles"]),
        )
        for p in told
    ]
    tell({"accounts": told}, terminal.table(("id", "name", "", "roles"), rows) if rows else "no accounts")


def _publisher_known(publisher: str, known: Register) -> None:
    if publisher and publisher not in {p.id for p in known.publishers}:
        raise NotFound("unknown_publisher", publisher=publisher, known=", ".join(p.id for p in known.publishers) or "-")


# --- files out, proof, care ---------------------------------------------------------------------------------------


@app.command(name="template")
def template_(
    kind: Annotated[
        str,
        typer.Argument(help="aid, donations, programmes, procurement, payments, deliveries, organizations or rates."),
    ],
    out: Annotated[Path, typer.Option(help="The workbook to write.")],
    lang: Annotated[str, typer.Option(help="en or es.")] = "en",
    filled: Annotated[bool, typer.Option("--filled", help="With what the publisher has published.")] = False,
    publisher: Annotated[
        str, typer.Option(help="Whose template: its currency, areas, organisations and numbers are offered.")
    ] = "",
) -> None:
    """Write a blank or prefilled workbook for officers."""
    known_kind(kind)
    if filled and not publisher:
        raise Refused("publisher_missing")
    if publisher:
        with opened() as (engine, settings, known), store.reading(engine) as conn:
            _publisher_known(publisher, known)
            filling.written(conn, settings, known, publisher, kind, lang, out, filled=filled)
    else:
        template.write_template(kind, lang, out)
    tell({"template": kind, "language": lang, "file": out}, f"wrote {out}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="An empty or new folder; default: downloads in the home.")] = None,
) -> None:
    """Write every download of the current publication."""
    with opened() as (engine, settings, known):
        folder = exports.write_downloads(engine, settings, known, out)
    told = manifest.read(folder)
    tell(
        {"folder": folder, "publication": told["publication"], "files": told["files"], "totals": told["totals"]},
        f"publication {told['publication']}: {len(told['files'])} files in {folder}",
    )


@app.command(name="freeze")
def freeze_(
    out: Annotated[Path, typer.Argument(help="Folder to write; an earlier copy there is replaced.")],
) -> None:
    """Write the whole public site as files that open from a USB stick, without internet and without a program."""
    from public_site.app import create_app

    t = here().terminal
    with opened() as (engine, settings, known):
        told = freeze.frozen(create_app(settings, known, engine), out, t.progress)
    words = f"{out}: {told.pages:,} pages, {told.files:,} files, {told.bytes / 1e6:,.1f} MB. Open {out / 'index.html'}"
    if told.failed:
        words += "\n" + "\n".join(f"no page: {address}" for address in told.failed[:20])
    tell({"folder": out, "pages": told.pages, "files": told.files, "bytes": told.bytes, "failed": told.failed}, words)
    raise typer.Exit(FOUND if told.failed else OK)


@app.command(name="verify")
def verify_(
    where: Annotated[
        str, typer.Argument(help="A downloads folder, a frozen copy, a site's address; or the store.")
    ] = "",
) -> None:
    """Check that what is published is what was certified: records, totals, checksums, the audit chain."""
    if where.startswith(("http://", "https://")):
        found, what = remote.problems(where, here().terminal.note), where
    elif where:
        if not Path(where).is_dir():
            raise NotFound("no_folder", folder=where)
        copy = (Path(where) / freeze.SUMS).exists()
        found, what = (freeze if copy else manifest).problems(Path(where)), where
    else:
        with opened() as (engine, settings, known):
            found, what = verify.problems(engine, settings, known), homes.shown_url(settings)
            newest = exports.newest(settings)
            if newest is not None:
                found = [*found, *(f"downloads/{newest.name}: {p}" for p in manifest.problems(newest))]
    tell(
        {"verified": what, "ok": not found, "problems": found},
        "\n".join(found) if found else f"{what}: everything agrees",
    )
    raise typer.Exit(FOUND if found else OK)


@app.command()
def rebuild(check: Annotated[bool, typer.Option("--check", help="Compare only; change nothing.")] = False) -> None:
    """Make records, arcs, parties and totals again from the releases."""
    with opened() as (engine, _, _known):
        if not check:
            projections.rebuild(engine)
        found = projections.compare(engine)
    words = "\n".join(found) if found else "stored projections are what the releases say"
    tell({"rebuilt": not check, "ok": not found, "differences": found}, words)
    raise typer.Exit(FOUND if found else OK)


@app.command(name="backup")
def backup_(out: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the store, the uploads and ledger.toml into one file."""
    with opened() as (engine, settings, _):
        damaged = backup.backup(engine, settings, out)
    words = [f"wrote {out}", *(f"upload {sha} is gone or altered and was left out" for sha in damaged)]
    tell(
        {"backup": out, "bytes": out.stat().st_size, "sha256": manifest.sha256(out), "damaged_uploads": damaged},
        "\n".join(words),
    )
    raise typer.Exit(FOUND if damaged else OK)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that `backup` wrote.", exists=True, dir_okay=False)],
    verified: Annotated[bool, typer.Option("--verify", help="Verify afterwards.")] = False,
) -> None:
    """Bring a backup back into an empty home."""
    settings = here().settings
    backup.restore(source, settings)
    found: list[str] = []
    if verified:
        with opened() as (engine, settings, known):
            found = verify.problems(engine, settings, known)
    tell(
        {"restored": settings.home, "ok": not found, "problems": found},
        "\n".join([f"restored into {settings.home}", *found]),
    )
    raise typer.Exit(FOUND if found else OK)


@app.command(name="jobs")
def jobs_() -> None:
    """List jobs that wait, run or have failed."""
    j = tables.jobs
    with opened() as (engine, _, _known), store.reading(engine) as conn:
        found = (
            conn.execute(
                sa.select(
                    j.c.id, j.c.task, j.c.state, j.c.stage, j.c.done, j.c.total, j.c.attempts, j.c.error, j.c.created_at
                )
                .where(j.c.state != "done")
                .order_by(j.c.id)
            )
            .mappings()
            .all()
        )
    rows = [(r["id"], r["task"], r["state"], r["stage"] or "-", r["attempts"], r["error"] or "-") for r in found]
    tell(
        {"jobs": [dict(r) for r in found]},
        terminal.table(("id", "task", "state", "stage", "attempts", "error"), rows) if rows else "no jobs",
    )


# --- the way in -------------------------------------------------------------------------------------------------


def hoisted(words: list[str]) -> list[str]:
    """Move the global options to the front, so that they may stand anywhere: `verify --home D` = `--home D verify`."""
    front: list[str] = []
    rest: list[str] = []
    it = iter(words)
    for word in it:
        name, eq, _ = word.partition("=")
        if word == "--":
            rest += [word, *it]
        elif name in GLOBAL:
            front.append(word)
            if GLOBAL[name] and not eq:
                front += [w for w in [next(it, None)] if w is not None]
        else:
            rest.append(word)
    return front + rest


def main(words: list[str] | None = None) -> None:
    """Run the command and leave with its exit code. A bug is not caught: it leaves with its traceback."""
    words = hoisted(sys.argv[1:] if words is None else words)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app(words, standalone_mode=True)
    except LedgerError as error:
        Terminal("--json" in words).refuse(error)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()

"""The desk's addresses: each reads who is signed in, does one act, and answers with a page or the way to it.

In: requests. Out: responses. The acts themselves are `public_site.acting` and `importers.intake`; what a person may do
is decided there and once more by the database. Every POST carries the session's token and comes from this site.
Read `router` first.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
from babel.numbers import format_decimal
from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from importers import intake
from ledger import accounts, catalogue, jobs, store, workflow
from ledger import voices as ledger_voices
from ledger.errors import Conflict, Forbidden, LedgerError, NotFound
from ledger.tables import accounts as accounts_table
from public_site import acting, filling, terminal
from public_site.desk import columns, organisations, reports, views, voices
from public_site.web import Site, page, policy

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and in which language they read."""

    account: str
    name: str
    csrf: str
    token: str
    language: str


def language_of(request: Request) -> str:
    """The desk has no language in its address: what was chosen last, else what the browser asks for."""
    asked = request.query_params.get("lang") or request.cookies.get("lang") or ""
    if asked in ("en", "es"):
        return asked
    accepted = request.headers.get("accept-language", "").lower()
    found = [p.split(";")[0].strip()[:2] for p in accepted.split(",")]
    return next((code for code in found if code in ("en", "es")), "en")


def router(site: Site) -> APIRouter:
    """Return the desk's routes for one site."""
    routes = APIRouter(prefix="/desk", include_in_schema=False)
    cookie = "__Host-session" if site.settings.secure_cookies else "session"

    def signed_in(request: Request) -> Person | None:
        token = request.cookies.get(cookie)
        if not token:
            return None
        with store.writing(site.engine) as conn:
            found = accounts.session(conn, site.settings, token, acting.now())
        if found is None:
            return None
        return Person(found.account, found.name, found.csrf, token, language_of(request))

    def person_or_sign_in(request: Request) -> Person | Response:
        found = signed_in(request)
        if found is not None:
            return found
        return RedirectResponse(f"/desk/sign-in?next={request.url.path}", 303)

    def guarded(request: Request, csrf: str) -> Person:
        """Who sends this form. Forbidden when it was not our own page, or the session ended meanwhile."""
        same_origin(request)
        found = signed_in(request)
        if found is None or not accounts.same(csrf, found.csrf):
            raise Forbidden("form_expired")
        return found

    def show(request: Request, person: Person, template: str, status: int = 200, **view: Any) -> Response:
        shown = {"person": person.name, "csrf": person.csrf, "language": person.language, "problem": None, **view}
        return page(site, request, template, shown, language=person.language, status=status)

    voices.add(routes, site, person_or_sign_in, guarded, show)
    columns.add(routes, site, person_or_sign_in, guarded, show, names)  # before the steps, which would take its address

    # --- signing in

    @routes.get("/sign-in")
    @policy("public")
    def sign_in_form(request: Request, next: str = "/desk") -> Response:
        view = {"problem": None, "account": "", "next": own_path(next)}
        return page(site, request, "desk/sign_in.html", view, language=language_of(request))

    @routes.post("/sign-in")
    @policy("public")
    def sign_in(
        request: Request,
        account: Annotated[str, Form(max_length=100)] = "",
        password: Annotated[str, Form(max_length=200)] = "",
        next: Annotated[str, Form(max_length=300)] = "/desk",
    ) -> Response:
        same_origin(request)
        language = language_of(request)
        problem = ""
        token = None
        try:
            token = accounts.sign_in(site.engine, site.settings, account.strip().lower(), password, acting.now())
        except Forbidden as refusal:
            problem = " ".join(terminal.refusal(refusal, language))
        if token is None:
            problem = problem or " ".join(terminal.refusal(Forbidden("sign_in_wrong"), language))
            view = {"problem": problem, "account": account, "next": own_path(next)}
            return page(site, request, "desk/sign_in.html", view, language=language, status=403)
        answer = RedirectResponse(own_path(next), 303)
        answer.set_cookie(cookie, token, httponly=True, samesite="lax", secure=site.settings.secure_cookies, path="/")
        return answer

    @routes.post("/sign-out")
    @policy("session")
    def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        person = guarded(request, csrf)
        with store.writing(site.engine) as conn:
            accounts.sign_out(conn, person.token)
        answer = RedirectResponse("/desk/sign-in", 303)
        answer.delete_cookie(cookie, path="/")
        return answer

    # --- what was sent

    @routes.get("")
    @policy("session")
    def home(request: Request, after: int | None = None) -> Response:
        person = person_or_sign_in(request)
        if isinstance(person, Response):
            return person
        with store.reading(site.engine) as conn:
            mine = visible(conn, person.account)
            found = [s for s in workflow.submissions(conn, after=after, limit=50) if "" in mine or s.publisher in mine]
            people = names(conn)
            may_send = bool(accounts.publishers(conn, person.account, "officer"))
            may_judge = bool(ledger_voices.judges(conn, site.register, person.account))
        return show(
            request,
            person,
            "desk/home.html",
            may_judge=may_judge,
            submissions=found,
            after=found[-1].id if len(found) == 50 else None,
            names={p.id: p.name for p in site.register.publishers},
            people=people,
            may_send=may_send,
        )

    @routes.get("/new")
    @policy("session")
    def new_form(request: Request) -> Response:
        person = person_or_sign_in(request)
        return person if isinstance(person, Response) else new_page(request, person)

    def new_page(
        request: Request, person: Person, problem: str | None = None, status: int = 200, **was: str
    ) -> Response:
        with store.reading(site.engine) as conn:
            mine = accounts.publishers(conn, person.account, "officer")
        return show(
            request,
            person,
            "desk/new.html",
            status,
            problem=problem,
            key=was.get("key") or secrets.token_urlsafe(16),
            chosen=was.get("publisher", ""),
            period=was.get("period", ""),
            publishers=[(p.id, p.name) for p in site.register.publishers if "" in mine or p.id in mine],
            kinds=[(k, catalogue.kind(k).label[person.language]) for k in catalogue.kinds()],
        )

    @routes.get("/templates/{publisher}/{kind}.xlsx")
    @policy("session")
    def blank(request: Request, publisher: str, kind: str, filled: str = "") -> Response:
        """A workbook to fill in, with what is public in its lists; `?filled=yes`: with what the publisher published."""
        person = person_or_sign_in(request)
        if isinstance(person, Response):
            return person
        if kind not in catalogue.kinds():
            raise HTTPException(404)
        with store.reading(site.engine) as conn, tempfile.TemporaryDirectory() as folder:
            acting.may(conn, person.account, "officer", publisher)
            out = Path(folder) / "template.xlsx"
            told = (site.settings, site.register, publisher, kind, person.language, out)
            filling.written(conn, *told, filled=filled == "yes")
            body = out.read_bytes()
        name = f"{publisher}-{kind}-{person.language}.xlsx"
        headers = {"Content-Disposition": f'attachment; filename="{quote(name)}"', "Cache-Control": "no-store"}
        return Response(body, media_type=reports.XLSX, headers=headers)

    @routes.post("/new")
    @policy("session")
    def new(
        request: Request,
        file: Annotated[UploadFile, File()],
        publisher: Annotated[str, Form(max_length=100)],
        csrf: Annotated[str, Form()] = "",
        key: Annotated[str, Form(max_length=64)] = "",
        kind: Annotated[str, Form(max_length=40)] = "",
        period: Annotated[str, Form(max_length=20)] = "",
        mode: Annotated[str, Form(pattern="^(replace|append)$")] = "replace",
        hold_back: Annotated[str, Form(max_length=3)] = "",
    ) -> Response:
        person = guarded(request, csrf)
        try:
            with store.reading(site.engine) as conn:
                acting.may(conn, person.account, "officer", publisher)
            id = intake.receive(
                site.engine,
                site.settings,
                site.register,
                [(file.filename or "file", chunks(file))],
                publisher,
                kind if kind in catalogue.kinds() else "",
                period.strip(),
                mode,
                person.account,
                acting.now(),
                hold_back == "yes",
                key or None,
            )
        except LedgerError as refusal:
            problem = " ".join(terminal.refusal(refusal, person.language))
            return new_page(request, person, problem, 422, publisher=publisher, period=period, key=key)
        with store.writing(site.engine) as conn:
            jobs.enqueue(conn, "read_submission", {"submission": id}, acting.now())
        return RedirectResponse(f"/desk/submissions/{id}", 303)

    @routes.get("/submissions/{id}")
    @policy("session")
    def submission(request: Request, id: int) -> Response:
        person = person_or_sign_in(request)
        return person if isinstance(person, Response) else submission_page(request, person, id)

    def submission_page(
        request: Request, person: Person, id: int, problem: str | None = None, status: int = 200
    ) -> Response:
        with store.reading(site.engine) as conn:
            told = workflow.submission(conn, id)
            mine = visible(conn, person.account)
            if "" not in mine and told.publisher not in mine:
                raise NotFound("no_submission", id=id)  # the same answer as for one that is not there
            people = names(conn)
            prepares = accounts.allows(conn, person.account, "officer", told.publisher)
            certifies = accounts.allows(conn, person.account, "certifier", told.publisher)
            job = organisations.last_reading(conn, id)
            same = organisations.section(conn, told, prepares)
            waits = columns.section(conn, site, told, prepares, person.language)
        reading = told.state == "received" or (job is not None and job.state in ("waiting", "running"))
        change_set = told.change_set
        if change_set:
            change_set = {**change_set, "totals": [spelled(t, person.language) for t in change_set["totals"]]}
        every = change_set["changes"] if change_set else []
        kinds = [catalogue.kind(k) for k in catalogue.kinds()]
        return show(
            request,
            person,
            "desk/submission.html",
            status,
            s=told,
            problem=problem,
            reading=reading,
            progress=progress(job, person.language),
            publisher=next((p.name for p in site.register.publishers if p.id == told.publisher), told.publisher),
            prepared_by=people.get(told.prepared_by, told.prepared_by),
            certified_by=people.get(told.certified_by or "", told.certified_by or ""),
            buttons=views.steps(told, person.account, prepares=prepares, certifies=certifies, reading=reading),
            understood=(told.report or {}).get("files", []),
            kind_labels={k.name: k.label[person.language] for k in kinds},
            field_labels={(k.name, f.name): f.label[person.language] for k in kinds for f in k.fields},
            findings=views.told(told.findings, person.language),
            hidden_findings=max(0, len(told.findings) - views.FINDINGS_SHOWN),
            counts=views.severities(told.findings),
            change_set=change_set,
            changes=views.changed(change_set),
            hidden_changes=max(0, len(every) - views.CHANGES_SHOWN),
            stage_words=site.stage_words(person.language),
            same=same,
            waits=waits,
        )

    @routes.post("/submissions/{id}/{step}")
    @policy("session")
    def act(
        request: Request,
        id: int,
        step: str,
        csrf: Annotated[str, Form()] = "",
        digest: Annotated[str, Form(max_length=64)] = "",
        why: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        person = guarded(request, csrf)
        try:
            if step == "submit":
                acting.submit(site.engine, id, person.account)
            elif step == "certify":
                acting.certify(site.engine, site.settings, site.register, id, person.account, digest or None)
                with store.writing(site.engine) as conn:
                    number = workflow.latest_publication(conn)
                    jobs.enqueue(conn, "write_downloads", {"publication": number}, acting.now())
            elif step == "return":
                acting.give_back(site.engine, id, person.account, why)
            elif step == "withdraw":
                acting.withdraw(site.engine, id, person.account)
            else:
                raise NotFound("no_step", step=step)
        except NotFound:
            raise
        except LedgerError as refusal:
            status = 409 if isinstance(refusal, Conflict) else 403
            problem = " ".join(terminal.refusal(refusal, person.language))
            return submission_page(request, person, id, problem, status)
        return RedirectResponse(f"/desk/submissions/{id}", 303)

    organisations.add(routes, site, person_or_sign_in, guarded, show, names)
    reports.add(routes, site, person_or_sign_in, visible)
    return routes


def own_path(path: str) -> str:
    """A path of the desk, whatever was asked for: nobody is sent elsewhere after signing in."""
    return path if path == "/desk" or (path.startswith("/desk/") and "//" not in path and "\\" not in path) else "/desk"


def same_origin(request: Request) -> None:
    """Refuse a form that another site sent: browsers say where a request comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("form_expired")
    origin = request.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("form_expired")


def visible(conn: sa.Connection, account: str) -> set[str]:
    """The publishers whose submissions this person may see; '' is all of them."""
    return {p for role in accounts.ROLES for p in accounts.publishers(conn, account, role)}


def names(conn: sa.Connection) -> dict[str, str]:
    return {row.id: row.name for row in conn.execute(sa.select(accounts_table.c.id, accounts_table.c.name))}


def chunks(file: UploadFile) -> Iterator[bytes]:
    while chunk := file.file.read(CHUNK_BYTES):
        yield chunk


STAGE_WORDS = {
    "read": {"en": "reading the cells", "es": "leyendo las celdas"},
    "sheet": {"en": "understanding the sheets", "es": "entendiendo las hojas"},
    "build": {"en": "building the processes", "es": "armando los procesos"},
    "check": {"en": "checking the figures", "es": "revisando las cifras"},
    "record": {"en": "comparing with what is public", "es": "comparando con lo público"},
}


def progress(job: jobs.Job | None, language: str) -> dict[str, Any]:
    """The progress bar: how far the reading is, or the id to quote when it stopped by itself."""
    if job is None:
        return {"words": "", "done": 0, "total": None, "failed": None}
    words = STAGE_WORDS.get(job.stage, {}).get(language, job.stage)
    return {
        "words": words,
        "done": job.done,
        "total": job.total or None,
        "failed": (job.error or str(job.id)) if job.state == "failed" else None,
    }


def spelled(total: dict[str, Any], language: str) -> dict[str, Any]:
    """A line of totals with its amounts as people write them; never rounded."""

    def text(amount: str | None) -> str:
        if amount is None:
            return ""
        decimals = max(2, -int(Decimal(amount).as_tuple().exponent))
        return format_decimal(Decimal(amount), format=f"#,##0.{'0' * decimals}", locale=f"{language}_BZ")

    return {**total, "before_text": text(total["before"]), "after_text": text(total["after"])}

"""The desk's "Same organisation?": the questions of a submission with their candidates, and the remembered answers.

In: forms of officers. Out: pages, and calls of `ledger.decisions`. An answer changes nothing public: the publisher's
open submissions are read again with it, and what comes of that is certified like everything else. What is asked is
decided by `importers.resolve`. Read `add` first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from ledger import accounts, decisions, jobs, store, workflow
from ledger.decisions import Decision
from ledger.errors import Conflict, LedgerError, NotFound, Refused
from ledger.store import unpacked
from ledger.tables import jobs as jobs_table
from ledger.tables import submissions
from ledger.workflow import Submission
from public_site import acting, terminal
from public_site.desk import asking
from public_site.web import Site, policy

if TYPE_CHECKING:
    from public_site.desk.routes import Person

SHOWN = 25  # more questions at once are not read
ANSWERS_SHOWN = 100

_READ_AGAIN = tuple(state for state, step in workflow.TRANSITIONS if step == "read" and state != "received")


@dataclass(frozen=True, slots=True)
class Section:
    """What a submission's page shows: the first questions still without answer, and how many more there are.

    `applies`: whether an answer changes this submission, or only what is sent later.
    """

    questions: tuple[dict[str, Any], ...]
    more: int
    may_answer: bool
    applies: bool


def section(conn: sa.Connection, told: Submission, may_answer: bool) -> Section:
    """The questions of a submission. One that was answered since the reading is not shown again."""
    found = (told.report or {}).get("organisations", ())
    if not found:
        return Section((), 0, may_answer, False)
    answered = {d.name_key for d in decisions.in_force(decisions.decisions(conn, [told.publisher]))}
    left = [{**q, "field": field(q)} for q in found if q["key"] not in answered]
    return Section(tuple(left[:SHOWN]), max(0, len(left) - SHOWN), may_answer, told.state in _READ_AGAIN)


def field(question: dict[str, Any]) -> str:
    """The form's name for a question: a name itself may hold anything."""
    return f"same-{sha256(question['key'].encode()).hexdigest()[:16]}"


def last_reading(conn: sa.Connection, id: int) -> jobs.Job | None:
    """The newest job that reads this submission, for the first time or again."""
    t = jobs_table
    mine = t.c.payload.like(f'%"submission": {id}%')  # and 12 for 1: sorted out below
    for text in conn.scalars(sa.select(t.c.payload).where(t.c.task == "read_submission", mine).order_by(t.c.id.desc())):
        payload = json.loads(text)
        if payload.get("submission") == id:
            return jobs.latest(conn, "read_submission", payload)
    return None


def read_again(conn: sa.Connection, publisher: str, answer: int) -> None:
    """Have the publisher's open submissions read again with the newest answer."""
    t = submissions
    waiting = sa.select(t.c.id, t.c.state, t.c.report).where(t.c.publisher == publisher, t.c.state.in_(_READ_AGAIN))
    for id, state, report in conn.execute(waiting).all():
        if state == "refused" and not _has_tables(report):
            continue  # what could not be opened at all is not opened by an answer
        jobs.enqueue(conn, "read_submission", {"submission": id, "answer": answer}, acting.now())


def _has_tables(report: bytes | None) -> bool:
    told = unpacked(report) if report else {}
    return any(True for file in told.get("files", ()) for _ in asking.tables_of(file))


async def sent(request: Request) -> FormData:
    """The whole form: its questions have names of their own."""
    return await request.form()


def add(
    routes: APIRouter,
    site: Site,
    person_or_sign_in: Callable[[Request], Person | Response],
    guarded: Callable[[Request, str], Person],
    show: Callable[..., Response],
    names: Callable[[sa.Connection], dict[str, str]],
) -> None:
    """Add these routes to the desk's; `person_or_sign_in`, `guarded`, `show` and `names` are the desk's own."""

    @routes.get("/organisations")
    @policy("session")
    def answers(request: Request, after: int | None = None) -> Response:
        person = person_or_sign_in(request)
        return person if isinstance(person, Response) else answers_page(request, person, after)

    def answers_page(
        request: Request, person: Person, after: int | None = None, problem: str | None = None, status: int = 200
    ) -> Response:
        with store.reading(site.engine) as conn:
            seen = {p for role in accounts.ROLES for p in accounts.publishers(conn, person.account, role)}
            mine = accounts.publishers(conn, person.account, "officer")
            told = decisions.in_force(decisions.decisions(conn, None if "" in seen else seen))
            people = names(conn)
        rest = [d for d in told if after is None or d.number < after]
        return show(
            request,
            person,
            "desk/organisations.html",
            status,
            problem=problem,
            decisions=rest[:ANSWERS_SHOWN],
            after=rest[ANSWERS_SHOWN - 1].number if len(rest) > ANSWERS_SHOWN else None,
            names={p.id: p.name for p in site.register.publishers},
            people=people,
            undoes={d.number for d in rest if "" in mine or d.publisher in mine},
            publishers=[(p.id, p.name) for p in site.register.publishers if "" in mine or p.id in mine],
        )

    @routes.post("/organisations")
    @policy("session")
    def say(
        request: Request,
        publisher: Annotated[str, Form(max_length=100)],
        name: Annotated[str, Form(max_length=300)],
        other: Annotated[str, Form(max_length=300)],
        said: Annotated[str, Form(pattern="^(same|different)$")],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        person = guarded(request, csrf)
        where = next((p.jurisdiction for p in site.register.publishers if p.id == publisher), None)
        if where is None:
            raise NotFound("unknown_publisher", publisher=publisher, known="-")

        def act(conn: sa.Connection) -> int:
            acting.may(conn, person.account, "officer", publisher)
            told = _Told(conn, publisher, where, person.account)
            return told.decide(" ".join(name.split()), " ".join(other.split()), said)

        return done(request, person, publisher, act)

    @routes.post("/organisations/undo/{number}")
    @policy("session")
    def undo(request: Request, number: int, csrf: Annotated[str, Form()] = "") -> Response:
        person = guarded(request, csrf)
        told = readable(person, number)

        def act(conn: sa.Connection) -> int:
            acting.may(conn, person.account, "officer", told.publisher)
            return decisions.undo(conn, number, person.account, acting.now())

        return done(request, person, told.publisher, act)

    def readable(person: Person, number: int) -> Decision:
        with store.reading(site.engine) as conn:
            told = decisions.decision(conn, number)
            if not any(accounts.allows(conn, person.account, role, told.publisher) for role in accounts.ROLES):
                raise NotFound("no_decision", number=number)  # the same answer as for one that is not there
        return told

    def done(request: Request, person: Person, publisher: str, act: Callable[[sa.Connection], int]) -> Response:
        try:
            with store.writing(site.engine) as conn:
                read_again(conn, publisher, act(conn))
        except NotFound:
            raise
        except LedgerError as refusal:
            status = next((s for kind, s in ((Conflict, 409), (Refused, 422)) if isinstance(refusal, kind)), 403)
            problem = " ".join(terminal.refusal(refusal, person.language))
            return answers_page(request, person, None, problem, status)
        return RedirectResponse("/desk/organisations", 303)

    @routes.post("/organisations/submission/{id}")
    @policy("session")
    def answer(request: Request, id: int, form: Annotated[FormData, Depends(sent)]) -> Response:
        person = guarded(request, str(form.get("csrf") or ""))
        with store.writing(site.engine) as conn:
            told = workflow.submission(conn, id)
            acting.may(conn, person.account, "officer", told.publisher)
            by = _Told(conn, told.publisher, told.jurisdiction, person.account, id)
            last = 0
            for question in section(conn, told, True).questions:
                last = by.answer(question, str(form.get(question["field"]) or "")) or last
            if last:
                read_again(conn, told.publisher, last)
        return RedirectResponse(f"/desk/submissions/{id}", 303)


@dataclass(frozen=True, slots=True)
class _Told:
    """Who answers, for whom, and where it was asked."""

    conn: sa.Connection
    publisher: str
    jurisdiction: str
    by: str
    submission: int | None = None

    def answer(self, question: dict[str, Any], choice: str) -> int:
        """Keep what was chosen for a question; 0 for "not now" and for anything else that is no answer."""
        candidates = question["candidates"]
        if choice.isdecimal() and len(choice) == 1 and int(choice) < len(candidates):
            return self.decide(question["name"], candidates[int(choice)]["name"], "same", candidates[int(choice)])
        if choice != "new":
            return 0
        for candidate in candidates:
            self.decide(question["name"], candidate["name"], "different", candidate)
        return self.decide(question["name"], "", "new")

    def decide(self, name: str, other: str, said: str, seen: dict[str, Any] | None = None) -> int:
        return decisions.decide(
            self.conn,
            publisher=self.publisher,
            jurisdiction=self.jurisdiction,
            name=name,
            other=other,
            answer=said,
            by=self.by,
            at=acting.now(),
            score=seen["score"] if seen else None,
            evidence=seen["why"] if seen else (),
            submission=self.submission,
        )

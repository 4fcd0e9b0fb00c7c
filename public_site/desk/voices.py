"""The desk's "Voices": what readers said, who publishes or refuses it, and the office's answers.

In: forms of people who certify or administer for a publisher of the jurisdiction. Out: pages, and calls of
`ledger.voices`, each in the audit. Nothing here changes a figure or a publication. Read `add`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ledger import reading, store, voices
from ledger.errors import Conflict, Forbidden, LedgerError, Refused
from public_site import acting, terminal
from public_site.listening import clean
from public_site.web import Site, policy

if TYPE_CHECKING:
    from public_site.desk.routes import Person

PAGE = 25


def add(
    routes: APIRouter,
    site: Site,
    person_or_sign_in: Callable[[Request], Person | Response],
    guarded: Callable[[Request, str], Person],
    show: Callable[..., Response],
) -> None:
    """Add these routes to the desk's; `person_or_sign_in`, `guarded` and `show` are the desk's own."""

    @routes.get("/voices")
    @policy("session")
    def waiting(request: Request, after: int | None = None) -> Response:
        person = person_or_sign_in(request)
        return person if isinstance(person, Response) else listed(request, person, after)

    def listed(
        request: Request, person: Person, after: int | None = None, problem: str | None = None, status: int = 200
    ) -> Response:
        with store.reading(site.engine) as conn:
            mine = voices.judges(conn, site.register, person.account)
            if not mine:
                raise Forbidden("role_missing", account=person.account, role="certifier", publisher="*")
            open_ones = voices.desk(conn, mine, waiting=True, limit=PAGE)
            decided = voices.desk(conn, mine, waiting=False, before=after, limit=PAGE + 1)
            several = [*open_ones, *decided]
            titles = reading.titles(conn, [v.said.ocid for v in several], None)
            people = voices.people(conn, [v.decided_by for v in several] + [a.by for v in several for a in v.answers])
        return show(
            request,
            person,
            "desk/voices.html",
            status,
            problem=problem,
            open=open_ones,
            decided=decided[:PAGE],
            after=decided[PAGE - 1].number if len(decided) > PAGE else None,
            titles=titles,
            people=people,
            names={p.id: p.name for p in site.register.publishers},
        )

    @routes.post("/voices/{number}")
    @policy("session")
    def decide(
        request: Request,
        number: int,
        act: Annotated[str, Form(max_length=20)],
        text: Annotated[str, Form(max_length=20_000)] = "",
        office: Annotated[str, Form(max_length=1_000)] = "",
        csrf: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        person = guarded(request, csrf)
        try:
            with store.writing(site.engine) as conn:
                if act == "answer":
                    told = clean(text, voices.ANSWER_MAX, lines=True), clean(office, 200)
                    voices.answer(conn, site.register, number, *told, person.account, acting.now())
                else:
                    reason = clean(text, voices.REASON_MAX)
                    voices.decide(conn, site.register, number, act, person.account, acting.now(), reason)
        except (Refused, Conflict) as refusal:
            return listed(request, person, None, _words(refusal, person), 409 if isinstance(refusal, Conflict) else 422)
        return RedirectResponse("/desk/voices", 303)


def _words(refusal: LedgerError, person: Person) -> str:
    return " ".join(terminal.refusal(refusal, person.language))

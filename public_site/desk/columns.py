"""The desk's "Columns and questions": what each column is, what the files do not say, and the answers remembered.

In: forms of officers. Out: pages, and calls of `ledger.mappings`. An answer changes nothing public: the publisher's
open submissions are read again with it, and what comes of that is certified like everything else. What a page shows of
a reading is `asking`. Read `add` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from ledger import accounts, catalogue, mappings, store, workflow
from ledger.errors import Conflict, LedgerError, NotFound, Refused, TooLarge
from ledger.mappings import Remembered
from ledger.workflow import Submission
from public_site import acting, terminal
from public_site.desk import asking, organisations, questions
from public_site.desk.questions import Asked, Layout
from public_site.web import Site, policy

if TYPE_CHECKING:
    from public_site.desk.routes import Person

FORM_BYTES = 1 << 20
HEADINGS_SHOWN = 6

_STATUS = ((Conflict, 409), (Refused, 422), (TooLarge, 413))


@dataclass(frozen=True, slots=True)
class Section:
    """What a submission's page says of its columns. `link`: there are columns that this person may look at."""

    columns: int
    questions: int
    link: bool
    applies: bool


@dataclass(frozen=True, slots=True)
class Known:
    """One layout of the page of remembered answers, with all its versions, newest first."""

    publisher: str
    signature: str
    headings: tuple[str, ...]
    more: int
    kind: str
    versions: tuple[Remembered, ...]
    forgotten: bool
    may_forget: bool


def applies(told: Submission) -> bool:
    """Whether an answer changes this submission: it can be read again."""
    return told.state != "received" and (told.state, "read") in workflow.TRANSITIONS


def section(conn: sa.Connection, site: Site, told: Submission, may_answer: bool, language: str) -> Section:
    """How many columns and questions of a submission wait for an answer."""
    if not may_answer or not any(t.get("signature") for t in _tables(told)):
        return Section(0, 0, False, False)
    made = asking.layouts(told, asked(conn, site, told, language))
    return Section(sum(m.open_columns for m in made), sum(m.open_questions for m in made), True, applies(told))


def _tables(told: Submission) -> list[dict[str, Any]]:
    return [t for file in (told.report or {}).get("files", ()) for t in asking.tables_of(file)]


def asked(conn: sa.Connection, site: Site, told: Submission, language: str) -> Asked:
    return Asked(
        site.register.jurisdiction(told.jurisdiction),
        next((p.name for p in site.register.publishers if p.id == told.publisher), ""),
        language,
        mappings.answers(conn, told.publisher),
        tuple(j.currency for j in site.register.jurisdictions),
    )


def known(history: Sequence[Remembered], may_forget: bool) -> list[Known]:
    """The layouts of one publisher, the one answered last first."""
    by_layout: dict[str, list[Remembered]] = {}
    for told in history:
        by_layout.setdefault(told.signature, []).append(told)
    out = []
    for signature, versions in by_layout.items():
        last = next((v.answer for v in versions if v.answer), {})
        headings = tuple(last.get("columns", {}))
        more = max(0, len(headings) - HEADINGS_SHOWN)
        forgotten = not versions[0].answer
        out.append(
            Known(
                versions[0].publisher,
                signature,
                headings[:HEADINGS_SHOWN],
                more,
                str(last.get("kind", "")),
                tuple(versions),
                forgotten,
                may_forget and not forgotten,
            )
        )
    return sorted(out, key=lambda k: k.versions[0].at, reverse=True)


async def sent(request: Request) -> dict[str, str]:
    """The form's fields; files and a second field of one name are not ours. TooLarge before it is read."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > FORM_BYTES:
        raise TooLarge("mapping_large", most=asking.COLUMNS_SHOWN)
    form = await request.form(max_files=0)
    return {k: v for k, v in form.items() if isinstance(v, str)}


def add(
    routes: APIRouter,
    site: Site,
    person_or_sign_in: Callable[[Request], Person | Response],
    guarded: Callable[[Request, str], Person],
    show: Callable[..., Response],
    names: Callable[[sa.Connection], dict[str, str]],
) -> None:
    """Add these routes to the desk's; `person_or_sign_in`, `guarded`, `show` and `names` are the desk's own."""

    # --- one submission

    @routes.get("/submissions/{id}/columns")
    @policy("session")
    def columns(request: Request, id: int) -> Response:
        person = person_or_sign_in(request)
        if isinstance(person, Response):
            return person
        asked_kind = {k: v for k, v in request.query_params.items() if k.startswith("kind-")}
        return columns_page(request, person, id, asked_kind)

    def columns_page(
        request: Request,
        person: Person,
        id: int,
        form: Mapping[str, str],
        problem: str | None = None,
        status: int = 200,
        look_first: bool = False,
    ) -> Response:
        with store.reading(site.engine) as conn:
            told = mine(conn, person, id)
            made = asking.layouts(told, asked(conn, site, told, person.language), form)
            people = names(conn)
        kinds = [catalogue.kind(k) for k in catalogue.kinds()]
        return show(
            request,
            person,
            "desk/columns.html",
            status,
            s=told,
            problem=problem,
            look_first=look_first or any(m.kind != m.found for m in made),
            layouts=made,
            open_columns=sum(m.open_columns for m in made),
            open_questions=sum(m.open_questions for m in made),
            may_answer=applies(told),
            options=lambda m, c: questions.options(m.kind, person.language, c, {o.chosen for o in m.columns}),
            kinds=[(k.name, k.label[person.language]) for k in kinds],
            kind_labels={k.name: k.label[person.language] for k in kinds},
            field_labels={(k.name, f.name): f.label[person.language] for k in kinds for f in k.fields},
            people=people,
        )

    def mine(conn: sa.Connection, person: Person, id: int) -> Submission:
        """A submission of a publisher whose officer this is. For a stranger it is not there at all."""
        told = workflow.submission(conn, id)
        if not any(accounts.allows(conn, person.account, role, told.publisher) for role in accounts.ROLES):
            raise NotFound("no_submission", id=id)
        acting.may(conn, person.account, "officer", told.publisher)
        return told

    @routes.post("/submissions/{id}/columns")
    @policy("session")
    def answer(request: Request, id: int, form: Annotated[dict[str, str], Depends(sent)]) -> Response:
        person = guarded(request, form.get("csrf", ""))
        kinds = {k.removeprefix("kind-"): v for k, v in form.items() if k.startswith("kind-")}
        if form.get("show") or any(form.get(f"shown-{key}") != kind for key, kind in kinds.items()):
            # Another kind has other fields: they are shown first, and nothing is remembered yet.
            return columns_page(request, person, id, form, look_first=True)
        try:
            with store.writing(site.engine) as conn:
                told = mine(conn, person, id)
                if not applies(told):
                    raise Conflict("step_not_open", id=id, state=told.state, step="read")
                made = asking.layouts(told, asked(conn, site, told, person.language), form)
                if keep(conn, told, made, form, person.account):
                    read_again(conn, told.publisher)
        except NotFound:
            raise
        except LedgerError as refusal:
            status = next((s for kind, s in _STATUS if isinstance(refusal, kind)), 403)
            if status == 403:
                raise
            problem = " ".join(terminal.refusal(refusal, person.language))
            return columns_page(request, person, id, form, problem, status)
        return RedirectResponse(f"/desk/submissions/{id}", 303)

    # --- all that is remembered

    @routes.get("/mappings")
    @policy("session")
    def remembered(request: Request) -> Response:
        person = person_or_sign_in(request)
        if isinstance(person, Response):
            return person
        with store.reading(site.engine) as conn:
            seen = {p for role in accounts.ROLES for p in accounts.publishers(conn, person.account, role)}
            answers = {"": True} if "" in accounts.publishers(conn, person.account, "officer") else {}
            answers |= dict.fromkeys(accounts.publishers(conn, person.account, "officer"), True)
            listed = [
                k
                for p in site.register.publishers
                if "" in seen or p.id in seen
                for k in known(mappings.history(conn, p.id), "" in answers or p.id in answers)
            ]
            people = names(conn)
        kinds = [catalogue.kind(k) for k in catalogue.kinds()]
        return show(
            request,
            person,
            "desk/mappings.html",
            known=listed,
            people=people,
            names={p.id: p.name for p in site.register.publishers},
            kind_labels={k.name: k.label[person.language] for k in kinds},
            field_labels={f.name: f.label[person.language] for k in kinds for f in k.fields},
        )

    @routes.post("/mappings/forget")
    @policy("session")
    def forget(
        request: Request,
        publisher: Annotated[str, Form(max_length=100)],
        signature: Annotated[str, Form(max_length=64)],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        person = guarded(request, csrf)
        with store.writing(site.engine) as conn:
            acting.may(conn, person.account, "officer", publisher)
            if signature not in {a["signature"] for a in mappings.answers(conn, publisher)}:
                raise NotFound("no_mapping")
            mappings.remember(conn, publisher, signature, {}, person.account, acting.now())
            read_again(conn, publisher)
        return RedirectResponse("/desk/mappings", 303)


def read_again(conn: sa.Connection, publisher: str) -> None:
    # Below zero: answers about organisations count upwards, and each answer of either sort is a reading of its own.
    organisations.read_again(conn, publisher, -mappings.count(conn, publisher))


def keep(conn: sa.Connection, told: Submission, made: Sequence[Layout], form: Mapping[str, str], by: str) -> bool:
    """Remember what the form says of each layout; whether anything was new."""
    is_new = False
    for layout in made:
        if f"kind-{layout.key}" not in form or not layout.kind:
            continue  # it was not on the page (read again meanwhile), or it stays out
        said = mappings.checked(questions.answer_of(layout, form))
        before = {k: v for k, v in layout.answer.items() if k not in ("signature", "by", "at", "version")}
        if layout.own and said == before:
            continue
        mappings.remember(conn, told.publisher, layout.signature, said, by, acting.now())
        is_new = True
    return is_new

"""Take part: a letter that asks for what a record lacks, and the forms by which anyone speaks beside it.

In: readers' forms, without an account. Out: pages `/process/{ocid}/ask` and `/voices`, and the routes of the forms.
Everything said waits for a person at the desk; nothing here shows it. No address of a reader is kept. Letters store
nothing at all. Read `ask_about`, then `routes`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ledger import reading, store, voices, workflow
from ledger.arcs import GOODS_ONLY, Arc
from ledger.errors import LedgerError, NotFound, Refused, TooLarge, Unavailable
from ledger.publish import publication
from ledger.reading import Process
from ledger.settings import Area
from ledger.totals import movements
from ledger.values import PartialDate, utc_text
from ledger.voices import Said, Voice
from public_site import acting, letters, terminal
from public_site.listening import Flood, clean, no_personal_data
from public_site.pages import page
from public_site.pages.filters import Ignored
from public_site.pages.heard import without_content
from public_site.web import STATUS, Ask, Page, Row, Site, policy, safe_url

# --- ask about this: texts to take along ----------------------------------------------------------------------------

MAILTO_MAX = 1900  # characters; some programs cut a longer address off in the middle of a sentence
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Text:
    """One text to take along; `mailto` is empty when the office's e-mail is not known."""

    name: str  # question, letter
    language: str
    body: str
    mailto: str


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Asking:
    process: Process
    office: str
    contact: str
    contact_url: str
    law: str
    choices: tuple[Choice, ...]
    texts: tuple[Text, ...]  # the reader's language first
    file: str
    publication: int
    ignored: tuple[Ignored, ...]


@page("/process/{ocid}/ask")
def ask_about(ask: Ask, ocid: str) -> Page:
    """The letter is made anew at every look, from the address alone: `about` names the gaps to ask for."""
    it = _found(ask, ocid)
    figures = movements(ask.conn, ask.at, ocids=[ocid])
    every = letters.gaps(it, figures)
    wanted = [v for k, v in ask.query if k == "about"]
    chosen = [g for g in every if g.code in wanted] if wanted or ask.get("choose") else list(every)
    known = {g.code for g in every}
    ignored = tuple(Ignored("about", w[:80], "unknown_value") for w in wanted if w not in known)[:20]
    number = ask.latest if ask.at is None else ask.at
    of = publication(ask.conn, number)
    office = next((p for p in ask.register.publishers if p.id == it.publisher), None)
    jurisdiction = ask.jurisdiction(it.jurisdiction)
    about = letters.About(
        it,
        figures,
        reading.names(ask.conn, [i for f in figures for i in (f.payer, f.payee)], ask.at),
        office.name if office else it.publisher,
        office.contact if office else "",
        jurisdiction.information_law if jurisdiction else {},
        ask.settings.publisher_name,
        ask.settings.public_url.rstrip("/"),
        number,
        utc_text(of.at) if of else "",
    )
    texts = _texts(about, chosen, ask.language)
    view = Asking(
        it,
        about.office,
        about.contact,
        safe_url(about.contact),
        ask.words.name(about.law),
        tuple(Choice(g.code, g.label(ask.language), g in chosen) for g in every),
        texts,
        ask.url("process", ocid, "ask.txt") + _tail(ask, chosen, every),
        number,
        ignored,
    )
    told = {
        "publication": number,
        "ocid": ocid,
        "office": about.office,
        "contact": about.contact or None,
        "law": dict(about.law),
        "missing": [{"code": g.code, "parts": list(g.parts), "label": _both(g)} for g in every],
        "asked": [g.code for g in chosen],
        "texts": [{"text": t.name, "language": t.language, "body": t.body} for t in texts],
    }
    body = "\n\n----------------------------------------\n\n".join(t.body for t in texts)
    return Page("pages/ask.html", view, told, fictional=ask.fictional([it.jurisdiction]), text=body)


def _both(gap: letters.Gap) -> dict[str, str]:
    return {language: gap.label(language) for language in letters.LANGUAGES}


def _tail(ask: Ask, chosen: list[letters.Gap], every: tuple[letters.Gap, ...]) -> str:
    if len(chosen) == len(every):
        return ""
    several = "&".join(["choose=1", *(f"about={quote(g.code)}" for g in chosen)])
    return ("&" if ask.at is not None else "?") + several


def _texts(about: letters.About, chosen: list[letters.Gap], first: str) -> tuple[Text, ...]:
    told = []
    for name, write in (("question", letters.question), ("letter", letters.letter)):
        for language in sorted(letters.LANGUAGES, key=lambda code: code != first):
            body = write(about, chosen, language)
            subject = letters.subject(about, language, of_request=name == "letter")
            told.append(Text(name, language, body, _mailto(about.contact, subject, body)))
    return tuple(told)


def _mailto(contact: str, subject: str, body: str) -> str:
    """Return a link that opens the reader's own mail; a text too long for it is left to be pasted."""
    if not _EMAIL.fullmatch(contact):
        return ""
    link = f"mailto:{quote(contact, safe='@')}?subject={quote(subject)}"
    whole = f"{link}&body={quote(body)}"
    return whole if len(whole) <= MAILTO_MAX else link


def _found(ask: Ask, ocid: str) -> Process:
    it = reading.process(ask.conn, ocid, ask.at)
    if it is None:
        raise NotFound("no_process", ocid=ocid)
    return it


# --- all voices -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voices:
    is_past: bool
    rows: tuple[Voice, ...]
    titles: Mapping[str, tuple[str, str]]
    counts: Mapping[str, int]
    kind: str
    next: str
    ignored: tuple[Ignored, ...]


@page("/voices", ("json", "atom"))
def all_voices(ask: Ask) -> Page:
    """Questions, reports and citations of every record, the newest first. Of refused ones only the number is said."""
    asked, after = ask.get("kind"), ask.get("after")
    kind = asked if asked in voices.KINDS else ""
    ignored = (Ignored("kind", asked[:80], "unknown_value"),) if asked and not kind else ()
    before = int(after) if after.isdecimal() and len(after) < 10 else None
    rows = [] if ask.at is not None else voices.shown(ask.conn, kind, before, 26)
    following = ask.url("voices", kind=kind, after=rows[24].number) if len(rows) > 25 else ""
    rows = rows[:25]
    titles = reading.titles(ask.conn, [v.said.ocid for v in rows], None)
    counts = {} if ask.at is not None else voices.counts(ask.conn)
    base = f"{ask.settings.public_url.rstrip('/')}/{ask.language}"
    feed = [
        Row(
            f"voice-{v.number}",
            f"{ask.words.term('voice', v.said.kind)}: {titles.get(v.said.ocid, ('', v.said.ocid))[1]}",
            f"{base}/process/{v.said.ocid}#voices",
            utc_text(v.answers[-1].at if v.answers else v.decided_at or v.at),
            (v.said.text or v.said.title)[:500],
        )
        for v in rows
        if v.state == "published"
    ]
    return Page(
        "pages/voices.html",
        Voices(ask.at is not None, tuple(rows), titles, counts, kind, following, ignored),
        {"counts": counts, "items": without_content(rows), "next": following or None},
        feed=feed,
        title=ask.words.term("voice", "all"),
        fictional=ask.fictional(),
    )


# --- the forms ------------------------------------------------------------------------------------------------------

FORM_BYTES = 32_000  # 2,000 characters of four bytes, percent-encoded three times as long, and the rest of the form
CHOICES_SHOWN = 60
FORMS = {"question": "question", "field-report": "field_report", "citation": "citation"}
"""The address of a form, and the kind of what it sends."""
_FIELDS = (
    *("token", "text", "about", "item", "seen", "quantity", "unit", "area", "place", "on", "role"),
    *("title", "outlet", "url"),
)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Form:
    process: Process
    what: str
    kind: str
    token: str
    said: Mapping[str, str]
    goods: tuple[Arc, ...]
    areas: tuple[Area, ...]
    problem: str = ""
    today: str = ""
    most: int = voices.TEXT_MAX


@dataclass(slots=True)
class _Doors:
    """What the routes share: the site, and how much may come in."""

    site: Site
    flood: Flood = field(default_factory=Flood)


async def sent(request: Request) -> dict[str, str]:
    """The fields of a form: TooLarge before more is read, Refused when it is not a form of ours or of another site."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > FORM_BYTES:
        raise TooLarge("voice_large", most=voices.TEXT_MAX)
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused("voice_form")
    from public_site.desk.routes import same_origin

    same_origin(request)
    form = await request.form(max_fields=40)
    return {k: v for k, v in form.items() if isinstance(v, str)}


def routes(site: Site) -> APIRouter:
    """Return the forms' routes. Nothing of the reader is kept but what was written, and nothing is shown yet."""
    router = APIRouter(prefix="/{language:language}/process/{ocid}", include_in_schema=False)
    doors = _Doors(site)

    @router.get("/ask.txt")
    @policy("public")
    def text(request: Request) -> Response:
        return site.serve(request, ask_about, "txt")

    @router.get("/said")
    @policy("public")
    def thanks(request: Request, ocid: str) -> Response:
        with store.reading(site.engine) as conn:
            ask = _now(site, conn, request)
            return _show(ask, "pages/said.html", _found(ask, ocid))

    for what in FORMS:
        _form(router, doors, what)
    return router


def _form(router: APIRouter, doors: _Doors, what: str) -> None:
    site = doors.site

    @router.get(f"/{what}")
    @policy("public")
    def empty(request: Request, ocid: str) -> Response:
        with store.reading(site.engine) as conn:
            ask = _now(site, conn, request)
            return _show(ask, "pages/field.html", _view(ask, ocid, what, {}))

    @router.post(f"/{what}")
    @policy("public")
    def say(request: Request, ocid: str, told: Annotated[dict[str, str], Depends(sent)]) -> Response:
        at = acting.now()
        with store.reading(site.engine) as conn:
            ask = _now(site, conn, request)
            view = _view(ask, ocid, what, told)
            if told.get("website"):  # no person sees this field: a program filled it, and learns nothing
                return _thanked(ask, ocid)
            try:
                said = _said(ask, view, told, at)
            except LedgerError as refusal:
                return _again(ask, view, refusal)
        try:
            if not doors.flood.allows(request.client.host if request.client else "", at):
                raise Unavailable("voice_too_many", minutes=int(doors.flood.window / timedelta(minutes=1)))
            with store.writing(site.engine) as conn:
                voices.say(conn, said, told["token"], at)
        except LedgerError as refusal:
            with store.reading(site.engine) as conn:
                return _again(_now(site, conn, request), view, refusal)
        return _thanked(ask, ocid)


def _now(site: Site, conn: Any, request: Request) -> Ask:
    language = request.path_params["language"]
    path = request.url.path.removeprefix(f"/{language}")
    return Ask(site, conn, language, path, "html", (), None, workflow.latest_publication(conn))


def _show(ask: Ask, template: str, view: Any, status: int = 200) -> Response:
    it = view.process if isinstance(view, Form) else view
    text = ask.site.render(
        template,
        ask.language,
        v=view,
        ask=ask,
        path=ask.path,
        latest=ask.latest,
        fictional=ask.fictional([it.jurisdiction]),
        indexed=False,
    )
    # Never stored: each form has a token of its own, by which a form that is sent twice counts once.
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Content-Language": ask.language})


def _thanked(ask: Ask, ocid: str) -> Response:
    return RedirectResponse(ask.url("process", ocid, "said"), 303, {"Cache-Control": "no-store"})


def _again(ask: Ask, view: Form, refusal: LedgerError) -> Response:
    status = next((s for kind, s in STATUS.items() if isinstance(refusal, kind)), 422)
    if refusal.code == "voice_too_many":
        status = 429
    problem = " ".join(terminal.refusal(refusal, ask.language))
    answer = _show(ask, "pages/field.html", replace(view, problem=problem), status)
    if status in (429, 503):
        answer.headers["Retry-After"] = "600"
    return answer


def _view(ask: Ask, ocid: str, what: str, told: Mapping[str, str]) -> Form:
    it = _found(ask, ocid)
    figures = movements(ask.conn, None, ocids=[ocid]) if what == "field-report" and not it.withdrawn else []
    order = ("delivery", "receipt", "contract")
    goods = sorted((f for f in figures if f.quantity is not None and f.item and f.stage in order), key=_first)
    jurisdiction = ask.jurisdiction(it.jurisdiction)
    token = told.get("token", "")
    return Form(
        it,
        what,
        FORMS[what],
        token if _TOKEN.fullmatch(token) else secrets.token_urlsafe(24),
        {name: told.get(name, "")[: 2 * voices.TEXT_MAX] for name in _FIELDS},
        tuple(goods[:CHOICES_SHOWN]),
        jurisdiction.areas if jurisdiction else (),
        today=acting.now().date().isoformat(),
    )


def _first(figure: Arc) -> tuple[int, str]:
    order = {"delivery": 0, "receipt": 1, "contract": 2}
    return order.get(figure.stage, 9) + (figure.event == GOODS_ONLY), figure.on or ""


def _said(ask: Ask, view: Form, told: Mapping[str, str], at: datetime) -> Said:
    """Read a form. Refused with words for the first field that cannot be taken; nothing is guessed or cut off."""
    it = view.process
    if not _TOKEN.fullmatch(told.get("token", "")):
        raise Refused("voice_form")
    base = Said(
        kind=view.kind,
        ocid=it.ocid,
        jurisdiction=it.jurisdiction,
        publisher=it.publisher,
        publication=ask.latest,
        language=ask.language,
        text=clean(told.get("text", ""), voices.TEXT_MAX, lines=True),
    )
    no_personal_data(base.text)
    if view.kind == "question":
        if len(base.text) < 10:
            raise Refused("voice_short", least=10)
        return base
    return _report(view, base, told, at) if view.kind == "field_report" else _citation(base, told, at)


def _report(view: Form, base: Said, told: Mapping[str, str], at: datetime) -> Said:
    if view.process.withdrawn:
        raise Refused("voice_of_withdrawn")
    locator = told.get("about", "")
    figure = next((f for f in view.goods if f.locator == locator), None)
    if locator and figure is None:
        raise Refused("voice_choice", field="about", shown=locator[:60])
    area = _one_of(told, "area", ("", *(a.code for a in view.areas)))
    item = clean(told.get("item", ""), 200)
    place = clean(told.get("place", ""), 120)
    for text in (item, place):
        no_personal_data(text)
    if figure is None and not item:
        raise Refused("voice_item")
    return replace(
        base,
        locator=locator,
        item=item or (figure.item or "" if figure else ""),
        quantity=_quantity(told.get("quantity", "")),
        unit=clean(told.get("unit", ""), 40) or (figure.unit or "" if figure else ""),
        seen=_one_of(told, "seen", voices.SEEN),
        area=area,
        place=place,
        on=_on(told.get("on", ""), at, needed=True),
        role=_one_of(told, "role", voices.ROLES),
    )


def _citation(base: Said, told: Mapping[str, str], at: datetime) -> Said:
    title, outlet = clean(told.get("title", ""), 300), clean(told.get("outlet", ""), 120)
    url = clean(told.get("url", ""), 500)
    if not title or not outlet:
        raise Refused("voice_title")
    if not safe_url(url) or "@" in url.split("/")[2]:
        raise Refused("voice_url", shown=url[:80])
    for text in (title, outlet):
        no_personal_data(text, names=False)
    return replace(base, title=title, outlet=outlet, url=url, on=_on(told.get("on", ""), at, needed=False))


def _one_of(told: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    if (value := told.get(name, "")) not in choices:
        raise Refused("voice_choice", field=name, shown=value[:60])
    return value


def _quantity(text: str) -> Decimal | None:
    """Read what was counted; empty is not counted, never zero. Commas are thousands, as everywhere on these pages."""
    told = clean(text, 40).replace(" ", "")
    if not told:
        return None
    if not re.fullmatch(r"\d{1,12}(\.\d{1,4})?|\d{1,3}(,\d{3}){1,3}(\.\d{1,4})?", told):
        raise Refused("voice_quantity", shown=told)
    try:
        return Decimal(told.replace(",", ""))
    except InvalidOperation as problem:
        raise Refused("voice_quantity", shown=told) from problem


def _on(text: str, at: datetime, *, needed: bool) -> str:
    told = clean(text, 20)
    if not told and not needed:
        return ""
    try:
        on = PartialDate.parse(told)
    except ValueError as problem:
        raise Refused("voice_date", shown=told) from problem
    # A day of leeway: it may be tomorrow already where the reader is.
    if on.first_day() > (at + timedelta(days=1)).date() or on.year < 2019 or "T" in told:
        raise Refused("voice_date", shown=told)
    return str(on)

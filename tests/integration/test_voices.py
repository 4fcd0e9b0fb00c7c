"""Take part: letters, questions, what was seen on site; who decides; and that no figure ever moves by it."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import accounts, audit, projections, store, tables, verify, voices
from ledger.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from ledger.migrations import triggers, voice_guards
from ledger.reading import Wanted, search
from ledger.settings import Register, Settings
from ledger.totals import totals
from public_site.app import create_app
from tests import builders as b
from tests.markup import text_of

PASSWORD = "correct horse battery staple"
PURCHASE = b.chain()[3].ocid
QUESTION = "Where are the 8,000 respirators that are in no delivery?"
LAW = {"en": "Freedom of Information Act", "es": "Ley de Libertad de Información"}


def register() -> Register:
    told = b.register()
    bz = dataclasses.replace(told.jurisdictions[0], information_law=LAW)
    offices = tuple(
        dataclasses.replace(p, contact="questions@finance.example.org") if p.id == "mof" else p for p in told.publishers
    )
    return dataclasses.replace(told, jurisdictions=(bz, *told.jurisdictions[1:]), publishers=offices)


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    b.published(engine, settings, register(), b.chain())
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        for id, role, publisher in (
            ("cora", "certifier", "moh"),  # of the jurisdiction, not of the publisher of the record
            ("otto", "officer", "mof"),
            ("gina", "certifier", "ppa"),  # of another jurisdiction
            ("adam", "admin", ""),
        ):
            accounts.add(conn, id, f"{id.title()} Example", PASSWORD, at)
            accounts.grant(conn, id, role, publisher, at)
    with TestClient(create_app(settings, register(), engine), client=("192.0.2.7", 5000)) as client:
        client.headers["accept"] = "text/html"
        yield client


def token(site: TestClient, address: str) -> str:
    found = re.search(r'name="token" value="([\w-]{16,64})"', site.get(address).text)
    assert found is not None
    return found[1]


def send(site: TestClient, what: str, ocid: str = PURCHASE, language: str = "en", **fields: str) -> Any:
    address = f"/{language}/process/{ocid}/{what}"
    told = {"token": fields.pop("token", "") or token(site, address), **fields}
    return site.post(address, data=told, follow_redirects=False)


def report(site: TestClient, **fields: str) -> Any:
    told = {"about": delivery(site), "seen": "in_part", "quantity": "11,800", "on": "2020-06-05", "role": "community"}
    return send(site, "field-report", **(told | {"area": "BZ-CZL"} | fields))


def delivery(site: TestClient) -> str:
    figures = site.get(f"/en/process/{PURCHASE}.json").json()["figures"]
    return next(str(f["locator"]) for f in figures if f["stage"] == "delivery" and float(f["quantity"]) == 12000)


def said(engine: sa.Engine) -> list[Any]:
    with store.reading(engine) as conn:
        return list(conn.execute(sa.select(tables.voices).order_by(tables.voices.c.number)))


def decide(engine: sa.Engine, act: str, number: int = 1, by: str = "cora", reason: str = "") -> voices.Voice:
    with store.writing(engine) as conn:
        return voices.decide(conn, register(), number, act, by, datetime.now(UTC), reason)


def sign_in(site: TestClient, account: str) -> str:
    site.cookies.clear()
    site.post("/desk/sign-in", data={"account": account, "password": PASSWORD}, follow_redirects=False)
    found = re.search(r'name="csrf" value="([^"]+)"', site.get("/desk").text)
    assert found is not None
    return found[1]


# --- the letter ---------------------------------------------------------------------------------------------------


def test_the_letter_asks_for_what_is_chosen_and_stores_nothing(engine: sa.Engine, site: TestClient) -> None:
    page = site.get(f"/es/process/{PURCHASE}/ask")
    whole = text_of(page.text)
    assert "Inicio del contrato (contratos y compras)" in whole and "Contract starts (contracts and purchases)" in whole
    assert page.text.count("<textarea") == 4 and "De acuerdo con la Ley de Libertad de Información" in whole
    assert "mailto:questions@finance.example.org?subject=" in page.text
    assert f"/es/process/{PURCHASE}?asof=1" in page.text

    one = site.get(f"/en/process/{PURCHASE}/ask", params={"choose": "1", "about": "documents"}).text
    letters = " ".join(re.findall(r"<textarea[^>]*>(.*?)</textarea>", one, re.S))
    assert "Documents that prove it" in letters and "Contract starts" not in letters
    file = re.search(r'href="([^"]*ask\.txt[^"]*)"', one)
    assert file is not None
    text = site.get(html.unescape(file[1]))
    assert text.headers["content-type"].startswith("text/plain") and "attachment" in text.headers["content-disposition"]
    assert "Documents that prove it" in text.text and "Contract starts" not in text.text
    assert "Law cited" in one and "<script>" not in one
    assert said(engine) == []


def test_of_the_past_the_letter_says_what_was_missing_then(
    engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    grant, masks, supplies, purchase = b.chain()
    purchase.contract["period"] = {"startDate": b.day("2020-05-13"), "endDate": b.day("2020-06-13")}
    b.published(engine, settings, register(), [grant, masks, supplies, purchase])
    now = site.get(f"/en/process/{PURCHASE}/ask.json").json()
    then = site.get(f"/en/process/{PURCHASE}/ask.json?asof=1").json()
    assert {m["code"] for m in then["missing"]} - {m["code"] for m in now["missing"]} == {
        "procurement.period.start",
        "procurement.period.end",
    }
    assert "asof=1" in then["texts"][0]["body"] and "asof=2" in now["texts"][0]["body"]
    assert site.get(f"/en/process/{PURCHASE}/ask?about=nonsense%3Cb%3E").text.count("nonsense&lt;b&gt;") == 1


def test_a_letter_about_nothing_is_not_found(site: TestClient) -> None:
    assert site.get("/en/process/ocds-213czf-none/ask").status_code == 404
    assert site.get("/en/process/ocds-213czf-none/ask.txt").status_code == 404
    assert site.get(f"/en/process/{PURCHASE}/ask.txt?asof=99").status_code == 422


# --- saying something ---------------------------------------------------------------------------------------------


def test_a_question_waits_is_published_and_answered(engine: sa.Engine, site: TestClient) -> None:
    record, list_ = f"/en/process/{PURCHASE}", "/en/voices"
    before = {a: site.get(a).headers["etag"] for a in (record, list_)}
    answer = send(site, "question", text=QUESTION)
    assert answer.status_code == 303 and answer.headers["location"] == f"/en/process/{PURCHASE}/said"
    assert "Thank you" in site.get(answer.headers["location"]).text
    for page in (record, list_, f"{record}.json", f"{list_}.json", f"{list_}.atom"):
        assert "8,000 respirators" not in site.get(page).text, page
    assert "1 message waits to be read" in text_of(site.get(list_).text)

    decide(engine, "publish")
    for page in (record, list_, f"{record}.json", f"{list_}.json", f"{list_}.atom"):
        assert "8,000 respirators" in site.get(page).text, page
    assert all(site.get(a, headers={"if-none-match": tag}).status_code == 200 for a, tag in before.items())
    assert "not answered yet" in site.get(record).text

    csrf = sign_in(site, "cora")
    told = {"act": "answer", "text": "They lie in the\n\ncentral store.", "office": "Ministry of Health", "csrf": csrf}
    assert site.post("/desk/voices/1", data=told, follow_redirects=False).status_code == 303
    assert site.post("/desk/voices/1", data=told, follow_redirects=False).status_code == 303  # sent twice: once
    shown = text_of(site.get(record).text)
    assert "Answer of Ministry of Health" in shown and "not answered yet" not in shown
    told = site.get(f"{record}.json").json()["voices"]
    assert [a["office"] for a in told[0]["answers"]] == ["Ministry of Health"]
    assert "cora" not in json.dumps(told)


def test_a_field_report_stands_beside_the_figure_and_moves_no_total(engine: sa.Engine, site: TestClient) -> None:
    def counted() -> Any:
        with store.reading(engine) as conn:
            return totals(conn), search(conn, Wanted(q="respirators"), None).totals, site.get("/en/index.json").text

    before = counted()
    figures = site.get(f"/en/process/{PURCHASE}.json").json()["figures"]
    assert report(site, place="health centre", text="Two boxes were wet.").status_code == 303
    decide(engine, "publish")

    shown = text_of(site.get(f"/en/process/{PURCHASE}").text)
    assert "The office says 12,000 piece Delivered, Corozal , 31 May 2020" in shown
    assert "Seen by somebody of the community 11,800 piece, seen in part , Corozal , health centre, 5 June" in shown
    told = site.get(f"/en/process/{PURCHASE}.json").json()
    assert told["voices"][0]["quantity"] == "11800.00" and told["voices"][0]["official"]["quantity"] == "12000.00"
    assert told["figures"] == figures and counted() == before
    with store.reading(engine) as conn:
        assert projections.compare(engine) == []
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.publications)) == 1
    projections.rebuild(engine)
    assert counted() == before and len(said(engine)) == 1


def test_not_counted_is_not_zero_and_not_seen_needs_no_number(engine: sa.Engine, site: TestClient) -> None:
    assert report(site, seen="not_seen", quantity="").status_code == 303
    assert report(site, seen="not_seen", quantity="0").status_code == 303
    assert [row.quantity for row in said(engine)] == [None, 0]
    decide(engine, "publish", 1)
    told = site.get(f"/en/process/{PURCHASE}.json").json()["voices"]
    assert "quantity" not in told[0] and told[0]["seen"] == "not_seen"


def test_a_report_that_cites_the_record_is_listed_and_only_web_addresses_are_links(
    engine: sa.Engine, site: TestClient
) -> None:
    told = {"title": "Where the masks went", "outlet": "Example Times", "on": "2020-07-02"}
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.org/a",
        "https://user@x.org/",
        "//x.org",
        "https:/x",
    ):
        refused = send(site, "citation", url=url, **told)
        assert refused.status_code == 422 and "not the address of a web page" in refused.text, url
    assert send(site, "citation", url="https://times.example.org/masks?a=1&b=2", **told).status_code == 303
    decide(engine, "publish")
    page = site.get(f"/en/process/{PURCHASE}").text
    assert 'href="https://times.example.org/masks?a=1&amp;b=2" rel="nofollow ugc noopener noreferrer"' in page


# --- a hostile world ----------------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script> {{ 7*7 }} \u202egpj.exe\u0000 see https://evil.example.org now"


def test_what_is_said_is_shown_as_text_and_never_as_a_link(engine: sa.Engine, site: TestClient) -> None:
    assert send(site, "question", text=SCRIPT).status_code == 303
    assert report(site, text=SCRIPT, place="<b>clinic</b>").status_code == 303
    for number in (1, 2):
        decide(engine, "publish", number)
    sign_in(site, "cora")
    for address in (f"/en/process/{PURCHASE}", "/en/voices", "/en/voices.atom", "/desk/voices"):
        page = site.get(address).text
        assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page, address
        assert 'href="https://evil' not in page and "\u202e" not in page and "\u0000" not in page
        assert "<b>clinic" not in page
    assert all("\u202e" not in row.text and "\u0000" not in row.text for row in said(engine))


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    (
        ("question", {"text": "short"}, "too short"),
        ("question", {"text": "a" * 2001}, "2001 characters"),
        ("question", {"text": "Please call me at 622-1234 about this"}, "telephone"),
        ("question", {"text": "Please write to maria@example.org about this"}, "e-mail"),
        ("question", {"text": "My name is Maria and I ask about this"}, "name of a person"),
        ("field-report", {"quantity": "-5"}, "cannot be read as a quantity"),
        ("field-report", {"quantity": "1e9"}, "cannot be read as a quantity"),
        ("field-report", {"quantity": "99999999999999999999"}, "cannot be read as a quantity"),
        ("field-report", {"on": "2999-01-01"}, "cannot be the date"),
        ("field-report", {"on": "yesterday"}, "cannot be the date"),
        ("field-report", {"seen": "maybe"}, "not one of the choices"),
        ("field-report", {"role": "president"}, "not one of the choices"),
        ("field-report", {"area": "GH-AA"}, "not one of the choices"),
        ("field-report", {"about": "/contracts/=other"}, "not one of the choices"),
        ("field-report", {"about": ""}, "not said what was seen"),
    ),
)
def test_what_cannot_be_taken_is_refused_in_words_and_keeps_what_was_typed(
    engine: sa.Engine, site: TestClient, what: str, fields: dict[str, str], words: str
) -> None:
    answer = report(site, **fields) if what == "field-report" else send(site, what, **fields)
    assert answer.status_code == 422 and words in text_of(answer.text) and 'role="alert"' in answer.text
    assert html.escape(next(iter(fields.values())))[:30] in answer.text
    assert said(engine) == []


def test_forms_that_are_too_large_or_from_elsewhere_are_refused(engine: sa.Engine, site: TestClient) -> None:
    address = f"/en/process/{PURCHASE}/question"
    good = {"token": token(site, address), "text": QUESTION}
    assert site.post(address, data={**good, "text": "x" * 1_000_000}).status_code == 413
    assert site.post(address, content=iter([b"text=x"])).status_code == 413  # no length is told
    assert site.post(address, json=good).status_code == 422
    assert site.post(address, files={"text": ("a.txt", b"x")}).status_code == 422
    assert site.post(address, data={**good, **{f"f{n}": "x" for n in range(60)}}).status_code in (400, 422)
    assert site.post(address, data=good, headers={"origin": "https://evil.example.org"}).status_code == 403
    assert site.post(address, data=good, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert site.post(address, data={"text": QUESTION}).status_code == 422  # no token
    assert said(engine) == []
    assert site.post(address, data=good).status_code == 200  # the page of thanks


def test_a_form_sent_twice_counts_once_and_is_never_cached(engine: sa.Engine, site: TestClient) -> None:
    address = f"/en/process/{PURCHASE}/question"
    assert site.get(address).headers["cache-control"] == "no-store"
    key = token(site, address)
    assert [send(site, "question", text=QUESTION, token=key).status_code for _ in range(3)] == [303] * 3
    assert len(said(engine)) == 1
    # Somebody else who was handed the same form says something else: that is not lost.
    assert send(site, "question", text=f"Also: {QUESTION}", token=key).status_code == 303
    assert len(said(engine)) == 2


def test_a_program_that_fills_every_field_is_thanked_and_not_kept(engine: sa.Engine, site: TestClient) -> None:
    assert send(site, "question", text=QUESTION, website="https://spam.example.org").status_code == 303
    assert said(engine) == []


def test_a_flood_is_slowed_down_and_no_address_is_kept(engine: sa.Engine, site: TestClient, settings: Settings) -> None:
    codes = [send(site, "question", text=f"{QUESTION} ({n})").status_code for n in range(12)]
    assert codes == [303] * 10 + [429] * 2
    late = send(site, "question", text=f"{QUESTION} (late)")
    assert late.headers["retry-after"] and "(late)" in late.text
    kept = json.dumps([list(map(str, row)) for row in said(engine)])
    assert "192.0.2" not in kept and len(said(engine)) == 10


def test_the_store_never_fills_with_what_waits(
    engine: sa.Engine, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "WAITING_OF_ONE_MAX", 2)
    codes = [send(site, "question", text=f"{QUESTION} ({n})").status_code for n in range(3)]
    assert codes == [303, 303, 503]
    decide(engine, "publish")
    assert send(site, "question", text=f"{QUESTION} (3)").status_code == 303


def test_other_and_withdrawn_records(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    key = token(site, f"/en/process/{PURCHASE}/question")
    assert send(site, "question", "ocds-213czf-none", text=QUESTION, token=key).status_code == 404
    assert said(engine) == []
    assert report(site).status_code == 303
    decide(engine, "publish")
    locator = delivery(site)
    b.published(engine, settings, register(), [b.procurement("OTHER")])  # the purchase is not in it: withdrawn
    assert "was withdrawn" in text_of(site.get(f"/en/process/{PURCHASE}/field-report").text)
    refused = send(site, "field-report", token=key, about=locator, seen="seen", on="2020-06-05", role="other")
    assert refused.status_code == 422 and "withdrawn" in refused.text
    assert send(site, "question", text=QUESTION).status_code == 303
    page = text_of(site.get(f"/en/process/{PURCHASE}").text)
    assert "11,800" in page and "The office says not published" in page
    assert "Why it was withdrawn" in site.get(f"/en/process/{PURCHASE}/ask").text


# --- voices belong to now -----------------------------------------------------------------------------------------


def test_a_page_of_the_past_is_the_same_bytes_whatever_is_said(engine: sa.Engine, site: TestClient) -> None:
    addresses = (f"/en/process/{PURCHASE}?asof=1", f"/en/process/{PURCHASE}.json?asof=1", "/en/voices?asof=1")
    before = [(site.get(a).text, site.get(a).headers["etag"]) for a in addresses]
    send(site, "question", text=QUESTION)
    decide(engine, "publish")
    assert [(site.get(a).text, site.get(a).headers["etag"]) for a in addresses] == before
    assert "belong to today, not to a publication of the past" in text_of(before[0][0])
    assert json.loads(before[1][0])["voices"] is None
    assert QUESTION in text_of(site.get(f"/en/process/{PURCHASE}").text)


# --- deciding -----------------------------------------------------------------------------------------------------


def test_who_decides_certifies_or_administers_in_that_jurisdiction(engine: sa.Engine, site: TestClient) -> None:
    send(site, "question", text=QUESTION)
    with pytest.raises(Forbidden):
        decide(engine, "publish", by="otto")
    with pytest.raises(NotFound):  # to a stranger it is not there
        decide(engine, "publish", by="gina")
    with store.writing(engine) as conn:
        accounts.disable(conn, "adam", datetime.now(UTC))
    with pytest.raises(Forbidden):
        decide(engine, "publish", by="adam")
    for account, status in (("otto", 403), ("gina", 200), ("cora", 200)):
        csrf = sign_in(site, account)
        page = site.get("/desk/voices")
        assert page.status_code == status and (QUESTION in text_of(page.text)) == (account == "cora")
        assert ("/desk/voices" in site.get("/desk").text) == (account != "otto")
        if account != "cora":
            told = {"act": "publish", "csrf": csrf}
            assert site.post("/desk/voices/1", data=told, follow_redirects=False).status_code in (403, 404)
    assert site.post("/desk/voices/1", data={"act": "publish", "csrf": "no"}).status_code == 403
    site.cookies.clear()
    assert site.get("/desk/voices", follow_redirects=False).status_code == 303
    assert said(engine) and not text_of(site.get("/en/voices").text).count(QUESTION)


def test_every_act_is_in_the_audit_and_no_word_of_the_reader_is(engine: sa.Engine, site: TestClient) -> None:
    for _ in range(2):
        send(site, "question", text=QUESTION)
    csrf = sign_in(site, "cora")

    def act(number: int, **told: str) -> int:
        return site.post(f"/desk/voices/{number}", data={"csrf": csrf, **told}, follow_redirects=False).status_code

    assert act(1, act="publish") == 303
    assert act(1, act="publish") == 409
    assert act(2, act="refuse") == 422 and act(2, act="refuse", text="Accuses a person") == 303
    assert act(2, act="withdraw", text="x") == 409 and act(2, act="answer", text="x", office="y") == 409
    assert act(1, act="withdraw", text="Named a family <i>later</i>") == 303
    assert act(1, act="answer", text="x", office="y") == 409 and act(1, act="delete", text="x") == 422
    assert act(9, act="publish") == 404
    with store.reading(engine) as conn:
        rows = conn.execute(sa.select(tables.audit).where(tables.audit.c.action.like("voice%"))).all()
        assert list(audit.problems(conn)) == []
        assert voices.counts(conn) == {"waiting": 0, "published": 0, "refused": 1, "withdrawn": 1}
    assert [(r.action, r.subject, r.account) for r in rows] == [
        ("voice_publish", "voice/1", "cora"),
        ("voice_refuse", "voice/2", "cora"),
        ("voice_withdraw", "voice/1", "cora"),
    ]
    assert not any("respirators" in r.detail for r in rows)
    for address in (f"/en/process/{PURCHASE}", "/en/voices", f"/en/process/{PURCHASE}.json", "/en/voices.json"):
        page = site.get(address).text
        assert (
            "Named a family" in page
            and "8,000 respirators" not in page
            and "<i>later" not in page.replace('"reason": "Named a family <i>later', "")
        )
        assert "Accuses a person" not in page


# --- what the database refuses ------------------------------------------------------------------------------------

ACT = 'INSERT INTO voice_acts (number, voice, act, "by", at, text, office) VALUES '
WHEN = "'2020-07-02 00:00:00+00'"
ATTACKS = (
    ("voice_kept", "UPDATE voices SET text = 'something else'"),
    ("voice_kept", "DELETE FROM voices"),
    ("voice_kept", "UPDATE voice_acts SET act = 'refuse', text = 'x'"),
    ("voice_kept", "DELETE FROM voice_acts"),
    ("voice_judge", f"{ACT} (9, 2, 'publish', 'otto', {WHEN}, '', '')"),
    ("voice_judge", f"{ACT} (9, 2, 'publish', 'adam', {WHEN}, '', '')"),
    ("voice_order", f"{ACT} (9, 2, 'withdraw', 'cora', {WHEN}, 'x', '')"),
    ("voice_order", f"{ACT} (9, 2, 'answer', 'cora', {WHEN}, 'x', 'y')"),
    ("voice_order", f"{ACT} (9, 3, 'answer', 'cora', {WHEN}, 'x', 'y')"),
    ("", f"{ACT} (9, 1, 'refuse', 'cora', {WHEN}, 'x', '')"),
    ("", f"{ACT} (9, 2, 'refuse', 'cora', {WHEN}, '', '')"),
)


@pytest.fixture
def spoken(engine: sa.Engine, site: TestClient) -> sa.Engine:
    """Question 1 and report 3 are published, question 2 waits, adam is disabled."""
    for text in (QUESTION, f"Again: {QUESTION}"):
        assert send(site, "question", text=text).status_code == 303
    assert report(site).status_code == 303
    for number in (1, 3):
        decide(engine, "publish", number)
    with store.writing(engine) as conn:
        accounts.disable(conn, "adam", datetime.now(UTC))
    return engine


@pytest.mark.parametrize(("promise", "statement"), ATTACKS)
def test_the_database_itself_keeps_what_was_said_and_decided(spoken: sa.Engine, promise: str, statement: str) -> None:
    if "number" in statement and promise == "":
        promise = "UNIQUE|unique|CHECK|check|voice_kept"
    with pytest.raises(sa.exc.DatabaseError, match=promise), spoken.begin() as conn:
        conn.exec_driver_sql(statement)


def test_a_replace_deletes_no_voice(sqlite_engine: sa.Engine, settings: Settings) -> None:
    b.published(sqlite_engine, settings, register(), b.chain())
    with TestClient(create_app(settings, register(), sqlite_engine)) as site:
        assert send(site, "question", text=QUESTION).status_code == 303
    columns = ", ".join(f'"{c.name}"' for c in tables.voices.columns)
    with pytest.raises(sa.exc.DatabaseError, match="voice_kept"), sqlite_engine.begin() as conn:
        conn.exec_driver_sql(f"INSERT OR REPLACE INTO voices ({columns}) SELECT {columns} FROM voices")


def test_every_promise_is_attacked_and_a_missing_trigger_is_named(spoken: sa.Engine, settings: Settings) -> None:
    assert {p for p, _ in ATTACKS if p} == set(voice_guards.PROMISES)
    with store.reading(spoken) as conn:
        assert triggers.missing(conn, voice_guards.arm(conn)) == []
    where = "" if spoken.dialect.name == "sqlite" else " ON voice_acts"
    with spoken.begin() as conn:
        conn.exec_driver_sql(f"DROP TRIGGER voice_acts_stay{where}")
    assert "database: voice_acts_stay is not in force" in verify.problems(spoken, settings, register())


def test_two_who_decide_at_once_get_one_outcome(spoken: sa.Engine) -> None:
    decide(spoken, "refuse", 2, reason="x")
    with pytest.raises(Conflict):
        decide(spoken, "publish", 2)
    with pytest.raises(Refused):
        decide(spoken, "withdraw", 1, reason="  ")


def test_the_doors_close_when_too_many_wait(spoken: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "WAITING_MAX", 1)
    with store.reading(spoken) as conn:
        told = voices.voice(conn, 2).said
    with pytest.raises(Unavailable), store.writing(spoken) as conn:
        voices.say(conn, told, "another", datetime.now(UTC))

"""The desk's doors: who gets in, whose papers they see, and what a form from elsewhere can do (nothing)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import openpyxl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import accounts, store, tables, workflow
from ledger.settings import Jurisdiction, Publisher, Register, Settings
from public_site import work
from public_site.app import create_app

PASSWORD = "correct horse battery staple"
REGISTER = Register(
    (Jurisdiction("BZ", {"en": "Belize", "es": "Belice"}, "BZD", ("en", "es")),),
    (Publisher("moh", "Ministry of Health", "BZ"), Publisher("mof", "Ministry of Finance", "BZ")),
)
CSV = (
    b"Contract number,What was bought,Buyer,Supplier,Contract value,Currency\r\n"
    b"C1,COVID-19 masks <script>alert(1)</script>,Ministry of Health,Example Ltd.,100.00,BZD\r\n"
    b"C2,COVID-19 gowns,Ministry of Health,Example Ltd.,200.00,BZD\r\n"
)


@pytest.fixture
def app(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        for id, role, publisher in (
            ("ana", "officer", "moh"),
            ("bea", "certifier", "moh"),
            ("eva", "officer", "mof"),
            ("aud", "auditor", ""),
        ):
            accounts.add(conn, id, f"{id.title()} Example", PASSWORD, at)
            accounts.grant(conn, id, role, publisher, at)
    with TestClient(create_app(settings, REGISTER, engine), base_url="http://testserver") as client:
        yield client


def sign_in(app: TestClient, account: str, password: str = PASSWORD) -> int:
    app.cookies.clear()
    return app.post(
        "/desk/sign-in", data={"account": account, "password": password}, follow_redirects=False
    ).status_code


def token(app: TestClient, path: str = "/desk") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', app.get(path).text)
    assert found is not None
    return found[1]


def send(app: TestClient, **more: str) -> int:
    form = {"csrf": token(app), "publisher": "moh", "kind": "procurement", "period": "2020", **more}
    answer = app.post("/desk/new", data=form, files={"file": ("c.csv", CSV)}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rsplit("/", 1)[-1])


def read(engine: sa.Engine, settings: Settings) -> None:
    assert work.run_one(engine, settings, REGISTER, "test")


def test_strangers_are_sent_to_sign_in_and_back_to_the_desk_only(app: TestClient) -> None:
    answer = app.get("/desk/new", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?next=/desk/new")
    for elsewhere in ("https://example.org", "//example.org", "/desk//example.org", "/\\example.org"):
        app.cookies.clear()
        answer = app.post(
            "/desk/sign-in", data={"account": "ana", "password": PASSWORD, "next": elsewhere}, follow_redirects=False
        )
        assert answer.headers["location"] == "/desk"


def test_wrong_names_and_wrong_passwords_get_the_same_answer(app: TestClient) -> None:
    texts = []
    for account, password in (("ana", "wrong wrong wrong"), ("nobody", PASSWORD)):
        answer = app.post("/desk/sign-in", data={"account": account, "password": password})
        assert answer.status_code == 403
        texts.append(answer.text.replace(account, ""))
    assert texts[0] == texts[1]


def test_many_wrong_passwords_have_to_wait(app: TestClient) -> None:
    for _ in range(accounts.FREE_TRIES + 3):
        sign_in(app, "ana", "wrong wrong wrong")
    assert sign_in(app, "ana") == 403


def test_the_cookie_cannot_be_read_by_scripts_or_sent_from_elsewhere(app: TestClient) -> None:
    answer = app.post("/desk/sign-in", data={"account": "ana", "password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


def test_a_form_without_our_token_or_from_another_site_does_nothing(app: TestClient, engine: sa.Engine) -> None:
    assert sign_in(app, "ana") == 303
    csrf = token(app)
    form = {"publisher": "moh", "csrf": csrf}
    for data, headers in (
        ({**form, "csrf": ""}, {}),
        ({**form, "csrf": csrf[:-1] + "x"}, {}),
        (form, {"origin": "https://evil.example"}),
        (form, {"sec-fetch-site": "cross-site"}),
    ):
        answer = app.post("/desk/new", data=data, files={"file": ("c.csv", CSV)}, headers=headers)
        assert answer.status_code == 403
    with store.reading(engine) as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.submissions)) == 0


def test_pages_change_nothing_and_are_kept_by_nobody(app: TestClient, engine: sa.Engine, settings: Settings) -> None:
    assert sign_in(app, "ana") == 303
    id = send(app)
    read(engine, settings)
    for step in ("submit", "certify", "withdraw"):
        assert app.get(f"/desk/submissions/{id}/{step}").status_code in (404, 405)
    page = app.get(f"/desk/submissions/{id}")
    assert page.headers["cache-control"] == "no-store"
    assert "<script>alert" not in page.text


def test_another_publisher_s_papers_are_not_there(app: TestClient, engine: sa.Engine, settings: Settings) -> None:
    assert sign_in(app, "ana") == 303
    id = send(app)
    read(engine, settings)
    assert sign_in(app, "eva") == 303
    assert app.get(f"/desk/submissions/{id}").status_code == 404
    assert f"/desk/submissions/{id}" not in app.get("/desk").text
    answer = app.post(f"/desk/submissions/{id}/submit", data={"csrf": token(app)})
    assert answer.status_code in (403, 404)
    assert (
        app.post("/desk/new", data={"csrf": token(app), "publisher": "moh"}, files={"file": ("c.csv", CSV)}).status_code
        == 422
    )


def test_the_same_form_sent_twice_is_one_submission(app: TestClient) -> None:
    assert sign_in(app, "ana") == 303
    assert send(app, key="k1") == send(app, key="k1")


def test_two_people_and_only_then_it_is_public(app: TestClient, engine: sa.Engine, settings: Settings) -> None:
    # given
    assert sign_in(app, "ana") == 303
    id = send(app)
    assert 'http-equiv="refresh"' in app.get(f"/desk/submissions/{id}").text
    read(engine, settings)
    page = app.get(f"/desk/submissions/{id}").text
    assert "2 rows read" in page and "300.00" in page

    # when: the officer hands over and tries to certify
    assert app.post(f"/desk/submissions/{id}/submit", data={"csrf": token(app)}).status_code == 200
    refused = app.post(f"/desk/submissions/{id}/certify", data={"csrf": token(app)})
    assert refused.status_code == 403 and 'role="alert"' in refused.text

    # then: another person can, and an auditor can read but not act
    assert sign_in(app, "aud") == 303
    assert app.get(f"/desk/submissions/{id}").status_code == 200
    assert app.post(f"/desk/submissions/{id}/certify", data={"csrf": token(app)}).status_code == 403
    assert sign_in(app, "bea") == 303
    done = app.post(f"/desk/submissions/{id}/certify", data={"csrf": token(app)})
    assert done.status_code == 200 and "/en/publication/1" in done.text
    assert "300" in app.get("/en/jurisdiction/BZ.json").text


def test_a_certifier_returns_it_with_the_reason(app: TestClient, engine: sa.Engine, settings: Settings) -> None:
    assert sign_in(app, "ana") == 303
    id = send(app)
    read(engine, settings)
    app.post(f"/desk/submissions/{id}/submit", data={"csrf": token(app)})
    assert sign_in(app, "bea") == 303
    app.post(f"/desk/submissions/{id}/return", data={"csrf": token(app), "why": "C2 is of another ministry"})
    assert sign_in(app, "ana") == 303
    assert "C2 is of another ministry" in app.get(f"/desk/submissions/{id}").text


def test_what_was_shown_is_what_is_certified(app: TestClient, engine: sa.Engine, settings: Settings) -> None:
    assert sign_in(app, "ana") == 303
    id = send(app)
    read(engine, settings)
    app.post(f"/desk/submissions/{id}/submit", data={"csrf": token(app)})
    assert sign_in(app, "bea") == 303
    answer = app.post(f"/desk/submissions/{id}/certify", data={"csrf": token(app), "digest": "0" * 64})
    assert answer.status_code == 409


def test_signing_out_ends_the_session(app: TestClient) -> None:
    assert sign_in(app, "ana") == 303
    app.post("/desk/sign-out", data={"csrf": token(app)})
    assert app.get("/desk", follow_redirects=False).status_code == 303


def test_the_desk_speaks_spanish(app: TestClient) -> None:
    assert sign_in(app, "ana") == 303
    assert "Enviar un archivo" in app.get("/desk/new", headers={"accept-language": "es"}).text


def test_the_own_file_comes_back_with_its_marks_and_only_to_its_office(
    app: TestClient, engine: sa.Engine, settings: Settings
) -> None:
    assert sign_in(app, "ana") == 303
    wrong = CSV.replace(b"200.00", b"2 million")
    form = {"csrf": token(app), "publisher": "moh", "kind": "procurement", "period": "2020"}
    sent = app.post("/desk/new", data=form, files={"file": ("my contracts é.csv", wrong)}, follow_redirects=False)
    id = int(sent.headers["location"].rsplit("/", 1)[-1])
    read(engine, settings)
    path = f"/desk/submissions/{id}/files/1/marked"
    assert path in app.get(f"/desk/submissions/{id}").text
    answer = app.get(path)
    assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
    assert "no-store" in answer.headers["cache-control"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    marked = [c.coordinate for row in book.worksheets[0].iter_rows() for c in row if c.comment]
    assert marked == ["E3"] and book.sheetnames[-1] == "Ledger report"
    assert app.get(f"/desk/submissions/{id}/files/2/marked").status_code == 404
    assert sign_in(app, "eva") == 303
    assert app.get(path).status_code == 404
    app.cookies.clear()
    assert app.get(path, follow_redirects=False).status_code == 303


def test_a_blank_workbook_offers_what_is_public_and_the_filled_one_comes_back_unchanged(
    app: TestClient, engine: sa.Engine, settings: Settings
) -> None:
    # given: one list that went the whole way
    sign_in(app, "ana")
    id = send(app)
    read(engine, settings)
    app.post(f"/desk/submissions/{id}/submit", data={"csrf": token(app)})
    sign_in(app, "bea")
    app.post(f"/desk/submissions/{id}/certify", data={"csrf": token(app)})

    # when: the officer asks for workbooks
    sign_in(app, "ana")
    page = app.get("/desk/new").text
    assert "/desk/templates/moh/payments.xlsx" in page and "/desk/templates/mof/" not in page
    blank = openpyxl.load_workbook(io.BytesIO(app.get("/desk/templates/moh/payments.xlsx").content))
    lists = {c.value for row in blank["covid_ledger_lists"].iter_rows() for c in row} - {None}
    filled = app.get("/desk/templates/moh/procurement.xlsx?filled=yes")

    # then: numbers and organisations that are public are offered, nobody else's office is
    assert {"C1", "C2", "Example Ltd.", "Ministry of Health"} <= lists
    assert blank.worksheets[0].max_row == 1
    assert "moh-procurement-en.xlsx" in filled.headers["content-disposition"]
    rows = list(openpyxl.load_workbook(io.BytesIO(filled.content)).worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 3 and {100, 200} <= {c for row in rows for c in row}

    # and: sent in again as it is, it says what is public already
    form = {"csrf": token(app), "publisher": "moh", "kind": "procurement", "period": "2020"}
    answer = app.post("/desk/new", data=form, files={"file": ("f.xlsx", filled.content)}, follow_redirects=False)
    while work.run_one(engine, settings, REGISTER, "test"):  # the downloads of the first, then this one
        pass
    with store.reading(engine) as conn:
        again = workflow.submission(conn, int(answer.headers["location"].rsplit("/", 1)[-1]))
    assert again.change_set is not None
    assert {k: again.change_set[k] for k in ("added", "changed", "withdrawn")} == dict.fromkeys(
        ("added", "changed", "withdrawn"), 0
    )

    # and: nobody gets another office's, and no kind that there is not
    assert app.get("/desk/templates/mof/procurement.xlsx").status_code == 403
    assert app.get("/desk/templates/moh/nonsense.xlsx").status_code == 404
    app.cookies.clear()
    assert app.get("/desk/templates/moh/procurement.xlsx", follow_redirects=False).status_code == 303

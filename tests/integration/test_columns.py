"""What an officer says once about columns: asked on one page, remembered with name and time, used for the next file."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import accounts, jobs, mappings, store, tables, workflow
from ledger.errors import Refused
from ledger.settings import Jurisdiction, Publisher, Register, Settings
from public_site import work
from public_site.app import create_app

PASSWORD = "correct horse battery staple"
REGISTER = Register(
    (Jurisdiction("BZ", {"en": "Belize", "es": "Belice"}, "BZD", ("en", "es")),),
    (Publisher("moh", "Ministry of Health", "BZ"), Publisher("mof", "Ministry of Finance", "BZ")),
)
HEAD = "Contract number,What was bought,Firm engaged,Contract signed,Contract value,Colour <b>"
APRIL = ("C-1,COVID-19 masks,Example Ltd.,03/04/2020,$100.00,a", "C-2,COVID-19 gowns,Sample Inc.,05/04/2020,$1500,b")


class Office:
    """The desk as its people use it, and the worker between."""

    def __init__(self, app: TestClient, engine: sa.Engine, settings: Settings) -> None:
        self.app, self.engine, self.settings = app, engine, settings

    def sign_in(self, account: str) -> None:
        self.app.cookies.clear()
        form = {"account": account, "password": PASSWORD}
        assert self.app.post("/desk/sign-in", data=form, follow_redirects=False).status_code == 303

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.app.get("/desk").text)
        assert found is not None
        return found[1]

    def send(self, head: str, *rows: str, publisher: str = "moh", period: str = "2020-04") -> int:
        return self.send_file("c.csv", ("\r\n".join([head, *rows]) + "\r\n").encode(), publisher, period)

    def send_file(
        self, name: str, file: bytes, publisher: str = "moh", period: str = "2020-04", kind: str = "procurement"
    ) -> int:
        form = {"csrf": self.token(), "publisher": publisher, "period": period, "kind": kind}
        answer = self.app.post("/desk/new", data=form, files={"file": (name, file)}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        self.work()
        return int(answer.headers["location"].rsplit("/", 1)[-1])

    def work(self) -> int:
        done = 0
        while work.run_one(self.engine, self.settings, REGISTER, "test"):
            done += 1
        return done

    def told(self, id: int) -> workflow.Submission:
        with store.reading(self.engine) as conn:
            return workflow.submission(conn, id)

    def page(self, id: int, query: str = "") -> str:
        return html.unescape(self.app.get(f"/desk/submissions/{id}/columns{query}").text)

    def form(self, id: int, query: str = "") -> dict[str, str]:
        """What a browser would send if the officer pressed the button at once."""
        return filled(self.app.get(f"/desk/submissions/{id}/columns{query}").text)

    def say(self, id: int, **choices: str) -> Any:
        return self.post(id, {**self.form(id), **choices})

    def post(self, id: int, data: dict[str, str], **more: Any) -> Any:
        return self.app.post(f"/desk/submissions/{id}/columns", data=data, follow_redirects=False, **more)

    def values(self, id: int, name: str) -> list[Any]:
        """The amounts, days or buyers of the drafts that the reading left, in the order of the contracts."""
        t = tables.submission_drafts
        with store.reading(self.engine) as conn:
            bodies = [store.unpacked(b) for b in conn.scalars(sa.select(t.c.body).where(t.c.submission == id))]
        contracts = sorted((c for b in bodies for c in b["contracts"]), key=lambda c: c["id"])
        if name == "buyer":
            return sorted({b["buyer"]["name"] for b in bodies})
        return [c["value"] if name == "value" else c["dateSigned"][:10] for c in contracts]

    def answers(self, publisher: str = "moh") -> list[dict[str, Any]]:
        with store.reading(self.engine) as conn:
            return mappings.answers(conn, publisher)


def filled(page: str) -> dict[str, str]:
    """The fields of the page's last form as a browser without JavaScript sends them."""
    form = page[page.rindex("<form", 0, page.index("Remember and read again")) :]
    out: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        told = {k: html.unescape(v) for k, v in re.findall(r'(\w+)="([^"]*)"', tag)}
        if told.get("type") != "radio" or " checked" in tag:
            out[told["name"]] = told.get("value", "")
    for attributes, inner in re.findall(r"<select\b([^>]*)>(.*?)</select>", form, re.S):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inner)
        name = re.search(r'name="([^"]+)"', attributes)
        assert name is not None and options
        out[name[1]] = html.unescape(next((v for v, chosen in options if chosen), options[0][0]))
    return out


def field(form: dict[str, str], start: str, end: str = "") -> str:
    (found,) = [n for n in form if n.startswith(start) and n.endswith(end)]
    return found


@pytest.fixture
def office(engine: sa.Engine, settings: Settings) -> Iterator[Office]:
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        for id, role, publisher in (
            ("ana", "officer", "moh"), ("bea", "certifier", "moh"), ("eva", "officer", "mof"), ("aud", "auditor", ""),
        ):  # fmt: skip
            accounts.add(conn, id, f"{id.title()} Example", PASSWORD, at)
            accounts.grant(conn, id, role, publisher, at)
    with TestClient(create_app(settings, REGISTER, engine), base_url="http://testserver") as client:
        made = Office(client, engine, settings)
        made.sign_in("ana")
        yield made


def april(office: Office) -> int:
    """Send April's list and answer everything that it asks."""
    id = office.send(HEAD, *APRIL)
    form = office.form(id)
    choices = {field(form, "currency-", "-amount"): "USD", date_order(office, id): "dmy"}
    assert office.say(id, **choices).status_code == 303
    office.work()
    return id


def date_order(office: Office, id: int) -> str:
    found = re.search(r'name="(date_order-[^"]+)" value="dmy"', office.page(id))
    assert found is not None
    return found[1]


def test_what_the_file_does_not_say_is_answered_once_on_one_page(office: Office) -> None:
    # given: nothing of the file can be used
    id = office.send(HEAD, *APRIL)
    told = office.told(id)
    assert told.state == "has_errors" and told.report is not None
    assert told.report["files"][0]["tables"][0]["rows"]["held"] == 2
    assert "1 column and 3 questions wait for your answer" in html.unescape(
        office.app.get(f"/desk/submissions/{id}").text
    )

    # when: the page is opened
    page, form = office.page(id), office.form(id)
    asked, settled = page.index("These columns wait for you"), page.index("Correct what is wrong")
    assert asked < page.index("cell C1") < settled < page.index("cell B1")
    assert "Please confirm" in page and form[field(form, "column-", "-2")] == "supplier.name"
    assert "“03/04/2020” under “Contract signed”: which day is it?" in page
    assert re.search(r'value="dmy">\s*3 April 2020', page) and re.search(r'value="mdy">\s*4 March 2020', page)
    assert "Which currency are the amounts under “Contract value” in?" in page
    assert form[field(form, "constants-", "-buyer.name")] == "Ministry of Health", "a suggestion, to be confirmed"
    assert "<b>" not in office.app.get(f"/desk/submissions/{id}/columns").text, "headings are text, not HTML"

    # and: every question is answered
    choices = {field(form, "currency-", "-amount"): "USD", date_order(office, id): "dmy"}
    assert office.say(id, **choices).status_code == 303
    assert 'http-equiv="refresh"' in office.app.get(f"/desk/submissions/{id}").text, "it is being read again"
    assert office.work() == 1

    # then: the rows say what was meant, and nothing is asked any more
    told = office.told(id)
    assert told.state == "valid", told.findings
    assert office.values(id, "value") == [{"amount": 100, "currency": "USD"}, {"amount": 1500, "currency": "USD"}]
    assert office.values(id, "date") == ["2020-04-03", "2020-04-05"]
    assert office.values(id, "buyer") == ["Ministry of Health"]
    assert "wait for your answer" not in office.app.get(f"/desk/submissions/{id}").text
    assert "Nothing waits for an answer" in office.page(id)
    (kept,) = office.answers()
    assert kept["columns"]["Firm engaged"] == "supplier.name"
    assert kept["columns"]["Colour <b>"] == "", "what is left out is said as well"
    assert set(kept["columns"]) == set(HEAD.split(","))


def test_next_month_nobody_is_asked_though_the_columns_drift(office: Office) -> None:
    april(office)
    # given: one column has another name, and one is new
    head = HEAD.replace("What was bought", "Goods purchased") + ",Place of delivery"
    may = office.send(head, "C-3,COVID-19 beds,Example Ltd.,02/05/2020,$70.00,c,Belize City", period="2020-05")

    # then
    assert office.told(may).state == "valid", office.told(may).findings
    assert office.values(may, "value") == [{"amount": 70, "currency": "USD"}]
    assert office.values(may, "date") == ["2020-05-02"]
    assert office.values(may, "buyer") == ["Ministry of Health"]
    assert "wait for your answer" not in office.app.get(f"/desk/submissions/{may}").text


def test_what_one_office_answered_says_nothing_of_another(office: Office) -> None:
    april(office)
    office.sign_in("eva")
    theirs = office.send(HEAD, *APRIL, publisher="mof")
    assert office.told(theirs).state == "has_errors"
    assert "1 column and 3 questions wait" in html.unescape(office.app.get(f"/desk/submissions/{theirs}").text)
    assert office.answers("mof") == []


def test_only_an_officer_of_the_publisher_answers(office: Office) -> None:
    id = office.send(HEAD, *APRIL)
    form = office.form(id)
    for account, status in (("bea", 403), ("aud", 403), ("eva", 404)):
        office.sign_in(account)
        assert office.app.get(f"/desk/submissions/{id}/columns").status_code == status, account
        assert office.post(id, {**form, "csrf": office.token()}).status_code == status, account
        assert "Answer now" not in office.app.get(f"/desk/submissions/{id}").text
    office.sign_in("ana")
    assert office.post(id, {**form, "csrf": "x" * 43}).status_code == 403
    assert office.post(id, office.form(id), headers={"origin": "https://elsewhere.example"}).status_code == 403
    assert office.answers() == []
    office.app.cookies.clear()
    assert office.app.get(f"/desk/submissions/{id}/columns", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("start", "end", "value", "said"),
    [
        ("column-", "-2", "supplier.salary", "is no field of this kind"),
        ("column-", "-1", "supplier.name", "were both taken as “Supplier”"),
        ("currency-", "-amount", "ZZZ", "not a currency that we know"),
        ("date_order-", "", "ymd", "not one of the answers"),
    ],
)
def test_a_forged_or_impossible_answer_is_refused_and_nothing_is_kept(
    office: Office, start: str, end: str, value: str, said: str
) -> None:
    id = office.send(HEAD, *APRIL)
    form = office.form(id)
    name = date_order(office, id) if start == "date_order-" else field(form, start, end)
    answer = office.post(id, {**form, name: value})
    assert answer.status_code == 422 and said in html.unescape(answer.text)
    assert office.answers() == [] and office.work() == 0


def test_a_currency_that_is_not_in_the_list_is_written(office: Office) -> None:
    id = office.send(HEAD, *APRIL)
    name = field(office.form(id), "currency-", "-amount")
    both = office.say(id, **{name: "BZD", f"{name}-other": "GYD"})
    assert both.status_code == 422 and "Two currencies were given" in both.text and office.answers() == []
    choices = {name: "other", f"{name}-other": "gyd", date_order(office, id): "mdy"}
    assert office.say(id, **choices).status_code == 303
    office.work()
    assert [v["currency"] for v in office.values(id, "value")] == ["GYD", "GYD"]
    assert office.values(id, "date") == ["2020-03-04", "2020-05-04"], "the month came first"


def test_an_unanswered_question_stays_open_and_the_rest_is_kept(office: Office) -> None:
    id = office.send(HEAD, *APRIL)
    form = office.form(id)
    assert office.post(id, {**form, field(form, "column-", "-2"): "?"}).status_code == 303
    office.work()
    (kept,) = office.answers()
    assert "Firm engaged" not in kept["columns"] and "currency" not in kept
    assert "Please confirm" in office.page(id) and "Which currency" in office.page(id)
    assert office.told(id).state == "has_errors"


def test_another_kind_shows_its_fields_and_remembers_nothing_yet(office: Office) -> None:
    id = office.send(HEAD, *APRIL)
    form = office.form(id)
    key = field(form, "kind-")
    for data in ({**form, key: "payments", "show": key[5:]}, {**form, key: "payments"}):
        answer = office.post(id, data)
        assert answer.status_code == 200
        assert "Paid by" in answer.text and filled(answer.text)[f"shown-{key[5:]}"] == "payments"
    assert office.answers() == []
    assert "Paid by" in office.page(id, f"?{key}=payments")

    # when: it is sent with the fields of that kind
    assert office.post(id, {**filled(answer.text), field(form, "column-", "-2"): "payee.name"}).status_code == 303
    office.work()
    report = office.told(id).report
    assert report is not None and report["files"][0]["tables"][0]["kind"] == "payments"


def test_history_shows_who_said_what_and_when(office: Office) -> None:
    # given: an answer, sent twice, then another
    id = april(office)
    assert office.say(id).status_code == 303
    assert office.work() == 0, "the same answer again is no new one"
    name = field(office.form(id), "currency-", "-amount")
    assert office.say(id, **{name: "BZD"}).status_code == 303
    assert office.work() == 1
    assert [v["currency"] for v in office.values(id, "value")] == ["BZD", "BZD"]

    # then
    with store.reading(office.engine) as conn:
        told = mappings.history(conn, "moh")
    assert [(r.version, r.by, r.answer["currency"]) for r in told] == [
        (2, "ana", {"amount": "BZD"}),
        (1, "ana", {"amount": "USD"}),
    ]
    listed = html.unescape(office.app.get("/desk/mappings").text)
    assert f"Version 2: Ana Example, {told[0].at:%Y-%m-%d %H:%M} UTC" in listed and "Version 1: Ana Example" in listed
    with store.reading(office.engine) as conn:
        t = tables.audit
        acts = conn.execute(sa.select(t.c.account, t.c.subject).where(t.c.action == "remember_columns")).all()
    assert acts == [("ana", f"mapping/moh/{told[0].signature}")] * 2


def test_a_forgotten_answer_is_asked_again_and_still_in_the_history(office: Office) -> None:
    id = april(office)
    signature = office.answers()[0]["signature"]
    form = {"csrf": office.token(), "publisher": "moh", "signature": signature}
    office.sign_in("eva")
    theirs = {**form, "csrf": office.token()}
    assert office.app.post("/desk/mappings/forget", data=theirs).status_code == 403
    assert signature not in office.app.get("/desk/mappings").text
    office.sign_in("ana")
    form["csrf"] = office.token()
    assert office.app.post("/desk/mappings/forget", data=form, follow_redirects=False).status_code == 303
    assert office.work() == 1
    assert office.answers() == [] and office.told(id).state == "has_errors"
    assert "wait for your answer" in office.app.get(f"/desk/submissions/{id}").text
    with store.reading(office.engine) as conn:
        assert [r.version for r in mappings.history(conn, "moh")] == [2, 1]
    assert "forgotten" in office.app.get("/desk/mappings").text
    assert office.app.post("/desk/mappings/forget", data=form).status_code == 404


def test_what_waits_for_a_certifier_is_not_answered_any_more(office: Office) -> None:
    id = april(office)
    form = office.form(id)
    assert office.app.post(f"/desk/submissions/{id}/submit", data={"csrf": office.token()}).status_code == 200
    page = office.page(id)
    assert "Remember and read again" not in page and "not read again" in page
    assert office.post(id, {**form, field(form, "currency-", "-amount"): "BZD"}).status_code == 409
    assert len(office.answers()) == 1 and office.answers()[0]["version"] == 1


def test_a_form_that_is_too_large_is_refused_politely(office: Office) -> None:
    id = office.send(HEAD, *APRIL)
    answer = office.post(id, {**office.form(id), "x": "y" * (1 << 20)})
    assert answer.status_code == 413 and "more than one page can take" in answer.text


def test_a_very_wide_sheet_shows_what_one_page_can_answer(office: Office) -> None:
    wide = HEAD + "".join(f",Extra {n}" for n in range(400))
    id = office.send(wide, *(row + ",z" * 400 for row in APRIL))
    page = office.page(id)
    assert "106 more columns are not shown here" in page
    assert len([n for n in office.form(id) if n.startswith("column-")]) == 300
    choices = {field(office.form(id), "currency-", "-amount"): "USD", date_order(office, id): "dmy"}
    assert office.say(id, **choices).status_code == 303
    office.work()
    assert office.told(id).state == "valid"


def test_thousands_and_decimals_are_asked_with_both_readings(office: Office) -> None:
    head = "Contract number,What was bought,Buyer,Supplier,Contract value (BZ$ thousands)"
    id = office.send(head, "C-1,COVID-19 masks,Ministry of Health,Example Ltd.,1.500")
    page = office.page(id)
    assert "“1.500” under “Contract value (BZ$ thousands)”: how much is it?" in page
    assert re.search(r'value="\.">\s*1\.5 ', page) and re.search(r'value=",">\s*1,500 ', page)
    name = re.search(r'name="(decimal-[^"]+)" value="\."', page)
    units = re.search(r'name="(units-[^"]+)" value="1000"', page)
    assert name is not None and units is not None, page
    assert office.say(id, **{name[1]: ",", units[1]: "1"}).status_code == 303
    office.work()
    assert office.values(id, "value") == [{"amount": 1500, "currency": "BZD"}]


FULL = ("Contract number", "What was bought", "Buyer", "Supplier", "Contract value", "Currency")


def workbook(*sheets: str, hidden: int = 0, head: tuple[str, ...] = FULL) -> bytes:
    """Sheets with the same headings, two contracts in each."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for n, name in enumerate(sheets):
        sheet = book.create_sheet(name)
        sheet.append(head)
        for row in (1, 2):
            number = f"C-{n}{row}"
            sheet.append(
                (number, "COVID-19 masks", "Ministry of Health", "Example Ltd.", 100 * row, "BZD")[: len(head)]
            )
        if hidden:
            sheet.row_dimensions[hidden].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(("said", "amounts"), [("skip", [100]), ("read", [100, 200])])
def test_hidden_rows_are_read_or_left_out_as_the_officer_says(office: Office, said: str, amounts: list[int]) -> None:
    id = office.send_file("c.xlsx", workbook("April", hidden=3))
    assert "1 row of the sheet is hidden" in office.page(id)
    name = re.search(r'name="(hidden_rows-[^"]+)"', office.page(id))
    assert name is not None
    assert office.say(id, **{name[1]: said}).status_code == 303
    office.work()
    assert [v["amount"] for v in office.values(id, "value")] == amounts
    assert "Nothing waits" in office.page(id)


def test_who_bought_is_suggested_from_the_line_over_the_table(office: Office) -> None:
    line = "Karl Heusner Memorial Hospital - purchases 2020,,,,,"
    id = office.send(line, ",,,,,", HEAD, *APRIL)
    form = office.form(id)
    assert form[field(form, "constants-", "-buyer.name")] == "Karl Heusner Memorial Hospital"


def test_an_empty_column_is_no_question(office: Office) -> None:
    full = "Contract number,What was bought,Buyer,Supplier,Contract value,Currency,Supplier details"
    row = "C-1,COVID-19 masks,Ministry of Health,Example Ltd.,100,BZD,"
    assert "1 column waits for your answer" in office.page(office.send(full, row + "Belize City"))
    assert "Nothing waits for an answer" in office.page(office.send(full, row))


def test_sheets_with_the_same_headings_share_one_answer(office: Office) -> None:
    head = (*FULL[:3], "Firm engaged", *FULL[4:])
    id = office.send_file("c.xlsx", workbook("April", "May", head=head))
    page = office.page(id)
    assert "The same headings, so the same answer: May A1:F3" in re.sub(r"\s+", " ", page)
    assert page.count('<h2 id="layout-') == 1
    assert office.say(id).status_code == 303
    office.work()
    assert len(office.values(id, "value")) == 4 and len(office.answers()) == 1


def test_columns_that_no_answer_can_be_remembered_for_say_so(office: Office) -> None:
    id = office.send(
        "Contract number,What was bought,Buyer,Supplier,Contract value,Currency,,Supplier",
        "C-1,COVID-19 masks,Ministry of Health,Example Ltd.,100,BZD,x,Sample Inc.",
    )
    page, form = office.page(id), office.form(id)
    assert "The column has no heading" in page and "The same heading stands over an earlier column" in page
    assert len([n for n in form if n.startswith("column-")]) == 6


def test_which_kind_of_table_it_is_is_asked_and_remembered(office: Office) -> None:
    # given: a list that may be of gifts received or of agreements
    file = b"Donor,Amount,Date\r\nExample Fund,5,2020-05-01\r\nExample Club,6,2020-05-02\r\n"
    id = office.send_file("c.csv", file, kind="")
    assert "may be of “Aid agreements” or of “Donations received”" in office.page(id)
    form = office.form(id)
    key = field(form, "kind-")
    assert form[key] == "", "nothing is chosen beforehand"

    # when: it is sent without that answer, then with one whose columns were not shown yet
    for kind in ("", "donations"):
        answer = office.post(id, {**form, key: kind})
        assert answer.status_code == 200 and "Nothing is remembered yet" in answer.text
    assert office.answers() == []
    assert office.post(id, filled(answer.text)).status_code == 303
    office.work()

    # then
    told = office.told(id)
    assert told.state == "valid" and told.report is not None
    assert told.report["files"][0]["tables"][0]["kind"] == "donations"
    assert "wait for your answer" not in office.app.get(f"/desk/submissions/{id}").text


SIGNATURE = "0" * 64


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "lottery"},
        {"kind": "procurement", "columns": {"A": "pledge.amount"}},
        {"columns": {"A": "amount", "B": "amount"}, "kind": "procurement"},
        {"columns": ["A"]},
        {"columns": {f"H{n}": "" for n in range(1001)}},
        {"currency": {"amount": "XXX"}, "kind": "procurement"},
        {"currency": {"title": "BZD"}, "kind": "procurement"},
        {"units": {"amount": 100}, "kind": "procurement"},
        {"units": {"amount": True}, "kind": "procurement"},
        {"decimal": {"amount": "'"}, "kind": "procurement"},
        {"date_order": {"amount": "dmy"}, "kind": "procurement"},
        {"constants": {"amount": "1"}, "kind": "procurement"},
        {"constants": {"supplier.email": "a"}, "kind": "procurement"},
        {"constants": {"buyer.name": "x" * 301}, "kind": "procurement"},
        {"hidden_rows": "maybe"},
        {"else": "1"},
    ],
)
def test_an_answer_that_cannot_be_meant_is_not_kept(sqlite_engine: sa.Engine, answer: dict[str, Any]) -> None:
    at = datetime.now(UTC)
    with store.writing(sqlite_engine) as conn:
        accounts.add(conn, "ana", "Ana Example", PASSWORD, at)
        with pytest.raises(Refused):
            mappings.remember(conn, "moh", SIGNATURE, answer, "ana", at)
        assert mappings.history(conn, "moh") == [] and mappings.count(conn, "moh") == 0


def test_the_newest_answer_of_each_layout_counts_and_all_stay(sqlite_engine: sa.Engine) -> None:
    at = datetime.now(UTC)
    other = "1" * 64
    with store.writing(sqlite_engine) as conn:
        accounts.add(conn, "ana", "Ana Example", PASSWORD, at)
        for signature, kind in ((SIGNATURE, "aid"), (other, "payments"), (SIGNATURE, "procurement")):
            mappings.remember(conn, "moh", signature, {"kind": kind}, "ana", at)
        assert {(a["signature"], a["kind"], a["version"]) for a in mappings.answers(conn, "moh")} == {
            (other, "payments", 1),
            (SIGNATURE, "procurement", 2),
        }
        assert mappings.answers(conn, "mof") == [] and mappings.count(conn, "moh") == 3
        with pytest.raises(Refused):
            mappings.remember(conn, "moh", "short", {"kind": "aid"}, "ana", at)
        assert jobs.latest(conn, "read_submission", {}) is None


# --- a table that was not read --------------------------------------------------------------------------------------

STRANGE = "Kode,Wut,Wo,Wann,Kost"
STRANGE_ROWS = ("K-1,Masks for clinics,Example Ltd.,2020-05-14,100.00", "K-2,Gowns,Sample Inc.,2020-05-15,250.50")


def test_a_refused_file_can_be_answered_at_the_desk(office: Office) -> None:
    id = office.send_file("x.csv", "\r\n".join([STRANGE, *STRANGE_ROWS]).encode(), kind="")
    assert office.told(id).state == "refused"
    page = office.page(id)
    assert "Kode" in page and "stays out" in page
    assert f"/desk/submissions/{id}/columns" in office.app.get(f"/desk/submissions/{id}").text
    form = office.form(id)
    kind = field(form, "kind-")
    assert form[kind] == ""
    assert office.post(id, form).status_code == 303 and office.answers() == []  # left out, as it was
    shown = office.post(id, {**form, kind: "procurement"})
    assert shown.status_code == 200 and office.answers() == []  # its columns are shown first
    choices = filled(shown.text)
    key = kind.removeprefix("kind-")
    for n, name in enumerate(("contract.id", "title", "supplier.name", "contract.date", "amount")):
        choices[f"column-{key}-{n}"] = name
    choices[field(choices, "constants-", "-buyer.name")] = "Ministry of Health"
    done = office.post(id, choices)
    assert done.status_code == 303, done.text
    office.work()
    told = office.told(id)
    assert told.state == "valid", [(f.code, f.shown) for f in told.findings]
    assert office.values(id, "value") == [
        {"amount": 100, "currency": "BZD"},
        {"amount": 250.5, "currency": "BZD"},
    ]


def test_an_answer_does_not_open_again_what_could_not_be_opened(office: Office) -> None:
    broken = office.send_file("x.xlsx", b"PK\x03\x04 no workbook", kind="")
    assert office.told(broken).state == "refused"
    with store.reading(office.engine) as conn:
        before = conn.scalar(sa.select(sa.func.count()).select_from(tables.jobs))
    april(office)
    with store.reading(office.engine) as conn:
        told = [
            j for j in conn.execute(sa.select(tables.jobs.c.payload)).scalars() if f'"submission": {broken}' in str(j)
        ]
    assert before is not None and len(told) <= 1

"""From a question to one party on the public page and back to two: what officers say of two spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import accounts, decisions, jobs, projections, store, tables, verify, workflow
from ledger.errors import Conflict, NotFound, Refused
from ledger.settings import Jurisdiction, Publisher, Register, Settings
from public_site import work
from public_site.app import create_app

PASSWORD = "correct horse battery staple"
REGISTER = Register(
    (Jurisdiction("BZ", {"en": "Belize", "es": "Belice"}, "BZD", ("en", "es")),),
    (Publisher("moh", "Ministry of Health", "BZ"), Publisher("mof", "Ministry of Finance", "BZ")),
)
HEAD = "Contract number,What was bought,Buyer,Supplier,Supplier TIN,Contract value,Currency\r\n"
FULL, SHORT = "Karl Heusner Memorial Hospital", "KHMH"
LONG_ID, SHORT_ID = "BZ-LEDGER-karl-heusner-memorial-hospital", "BZ-LEDGER-khmh"
AT = datetime(2020, 7, 1, tzinfo=UTC)


class Office:
    """The desk as its people use it: sign in, send, answer, certify; and the worker between."""

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

    def send(self, *rows: str, period: str = "2020-05", publisher: str = "moh") -> int:
        file = HEAD + "".join(f"{n}-{period},{row},100.00,BZD\r\n" for n, row in enumerate(rows, 1))
        form = {"csrf": self.token(), "publisher": publisher, "kind": "procurement", "period": period}
        answer = self.app.post("/desk/new", data=form, files={"file": ("c.csv", file.encode())}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        self.work()
        return int(answer.headers["location"].rsplit("/", 1)[-1])

    def work(self) -> int:
        done = 0
        while work.run_one(self.engine, self.settings, REGISTER, "test"):
            done += 1
        return done

    def page(self, id: int) -> str:
        return self.app.get(f"/desk/submissions/{id}").text

    def questions(self, id: int) -> dict[str, str]:
        """Each name that is asked about, and the field of its answer."""
        asked = re.findall(r'<legend>(.*?)</legend>.*?name="(same-[0-9a-f]+)"', self.page(id), re.S)
        return dict(asked)

    def answer(self, id: int, **choices: str) -> int:
        data = {"csrf": self.token(), **choices}
        return self.app.post(f"/desk/organisations/submission/{id}", data=data, follow_redirects=False).status_code

    def publish(self, id: int) -> None:
        assert self.app.post(f"/desk/submissions/{id}/submit", data={"csrf": self.token()}).status_code == 200
        self.sign_in("bea")
        done = self.app.post(f"/desk/submissions/{id}/certify", data={"csrf": self.token()})
        assert done.status_code == 200 and "/en/publication/" in done.text, done.text
        self.work()
        self.sign_in("ana")

    def supplies(self) -> dict[str, int]:
        """How many public processes each supplier has now."""
        t = tables.record_parties
        query = (
            sa.select(t.c.party, sa.func.count())
            .where(t.c.role == "supplier", t.c.to_publication.is_(None))
            .group_by(t.c.party)
        )
        with store.reading(self.engine) as conn:
            return {party: count for party, count in conn.execute(query)}

    def count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        with store.reading(self.engine) as conn:
            return int(conn.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0)


@pytest.fixture
def office(engine: sa.Engine, settings: Settings) -> Iterator[Office]:
    at = datetime.now(UTC)
    with store.writing(engine) as conn:
        for id, role, publisher in (("ana", "officer", "moh"), ("bea", "certifier", "moh"), ("eva", "officer", "mof")):
            accounts.add(conn, id, f"{id.title()} Example", PASSWORD, at)
            accounts.grant(conn, id, role, publisher, at)
    with TestClient(create_app(settings, REGISTER, engine), base_url="http://testserver") as client:
        made = Office(client, engine, settings)
        made.sign_in("ana")
        yield made


def test_yes_makes_one_party_and_taking_it_back_makes_two(office: Office) -> None:
    # given: one file with two spellings
    rows = [
        f"masks,Ministry of Health,{FULL},",
        f"gowns,Ministry of Health,{FULL},",
        f"tests,Ministry of Health,{SHORT},",
    ]
    id = office.send(*rows)
    page = office.page(id)
    assert "O001" not in page and "one is the initials of the other" in page and "Same organisation?" in page
    asked = office.questions(id)
    assert list(asked) == [SHORT]

    # when: the officer says yes
    assert office.answer(id, **{asked[SHORT]: "0"}) == 303
    assert 'http-equiv="refresh"' in office.page(id), "it is being read again"
    assert office.work() == 1
    assert office.questions(id) == {}
    office.publish(id)

    # then: one party with both spellings; the documents stay as they were written
    assert office.supplies() == {LONG_ID: 3}
    public = office.app.get(f"/en/supplier/{LONG_ID}")
    assert public.status_code == 200
    assert office.app.get(f"/en/supplier/{SHORT_ID}").status_code == 404
    t = tables.party_names
    with store.reading(office.engine) as conn:
        assert set(conn.scalars(sa.select(t.c.name).where(t.c.party == LONG_ID))) == {FULL, SHORT}
    with store.reading(office.engine) as conn:
        written = [store.unpacked(b)["parties"] for b in conn.scalars(sa.select(tables.releases.c.body))]
    assert sorted(p["name"] for parties in written for p in parties if p["id"] == LONG_ID) == [SHORT, FULL, FULL]

    # next month nobody is asked, and it is the same party
    june = office.send(f"beds,Ministry of Health,{SHORT},", period="2020-06")
    assert office.questions(june) == {}
    office.publish(june)
    assert office.supplies() == {LONG_ID: 4}

    # when: it was a mistake
    with store.reading(office.engine) as conn:
        (told,) = decisions.in_force(decisions.decisions(conn))
    listed = office.app.get("/desk/organisations").text
    assert SHORT in listed and "Ana Example" in listed
    csrf = {"csrf": office.token()}
    assert (
        office.app.post(f"/desk/organisations/undo/{told.number}", data=csrf, follow_redirects=False).status_code == 303
    )
    assert office.supplies() == {LONG_ID: 4}, "nothing public changes before somebody certifies"
    again = office.send(*rows)
    assert office.questions(again) == {}, "what was said to differ is not asked"
    office.publish(again)
    june = office.send(f"beds,Ministry of Health,{SHORT},", period="2020-06")
    office.publish(june)

    # then: two again, and what was published before is there as it was
    assert office.supplies() == {LONG_ID: 2, SHORT_ID: 2}
    assert office.app.get(f"/en/supplier/{SHORT_ID}").status_code == 200
    assert "gowns" in office.app.get(f"/en/supplier/{LONG_ID}?asof=2").text
    assert verify.problems(office.engine, office.settings, REGISTER) == []
    assert projections.compare(office.engine) == []
    assert office.count(tables.party_decisions) == 2, "both answers are kept"


def test_different_is_remembered_and_never_asked_again(office: Office) -> None:
    rows = [
        "masks,Ministry of Health,Palm Clinik,",
        "gowns,Ministry of Health,Palm Clinic,",
        "a,Ministry of Health,Palm Clinic,",
    ]
    id = office.send(*rows)
    asked = office.questions(id)
    assert list(asked) == ["Palm Clinik"]
    assert office.answer(id, **{asked["Palm Clinik"]: "new"}) == 303
    office.work()
    assert office.questions(id) == {}
    office.publish(id)
    assert office.supplies() == {"BZ-LEDGER-palm-clinic": 2, "BZ-LEDGER-palm-clinik": 1}
    assert office.questions(office.send(*rows, period="2020-06")) == {}
    with store.reading(office.engine) as conn:
        kept = [(d.name, d.answer, d.other, d.decided_by) for d in decisions.decisions(conn)]
    assert kept == [("Palm Clinik", "different", "Palm Clinic", "ana"), ("Palm Clinik", "new", "", "ana")]


def test_not_now_keeps_nothing_and_does_not_hold_up(office: Office) -> None:
    rows = [
        "masks,Ministry of Health,Palm Clinik,",
        "gowns,Ministry of Health,Palm Clinic,",
        "a,Ministry of Health,Palm Clinic,",
    ]
    id = office.send(*rows)
    assert office.answer(id, **dict.fromkeys(office.questions(id).values(), "")) == 303
    assert office.answer(id, **dict.fromkeys(office.questions(id).values(), "9")) == 303
    assert office.work() == 0 and office.count(tables.party_decisions) == 0
    assert list(office.questions(id)) == ["Palm Clinik"]
    office.publish(id)
    assert len(office.supplies()) == 2


def test_an_answer_after_handing_over_counts_from_the_next_file(office: Office) -> None:
    rows = [
        "masks,Ministry of Health,Palm Clinik,",
        "gowns,Ministry of Health,Palm Clinic,",
        "a,Ministry of Health,Palm Clinic,",
    ]
    id = office.send(*rows)
    asked = office.questions(id)
    office.app.post(f"/desk/submissions/{id}/submit", data={"csrf": office.token()})
    assert "answers count from the next one" in office.page(id)
    assert office.answer(id, **{asked["Palm Clinik"]: "0"}) == 303
    assert office.work() == 0
    with store.reading(office.engine) as conn:
        assert workflow.submission(conn, id).state == "ready_for_review"
    assert office.questions(id) == {}


def test_an_answer_before_the_file_comes(office: Office) -> None:
    form = {"csrf": office.token(), "publisher": "moh", "name": SHORT, "other": FULL, "said": "same"}
    assert office.app.post("/desk/organisations", data=form, follow_redirects=False).status_code == 303
    office.publish(office.send(f"tests,Ministry of Health,{SHORT},"))
    assert office.supplies() == {LONG_ID: 1}
    form |= {"csrf": office.token(), "name": "K.H.M.H", "other": "k h m h"}
    equal = office.app.post("/desk/organisations", data=form)
    assert equal.status_code == 422 and 'role="alert"' in equal.text
    assert office.count(tables.party_decisions) == 1


def test_nobody_answers_for_another_publisher(office: Office) -> None:
    rows = [
        "masks,Ministry of Health,Palm Clinik,",
        "gowns,Ministry of Health,Palm Clinic,",
        "a,Ministry of Health,Palm Clinic,",
    ]
    id = office.send(*rows)
    field = office.questions(id)["Palm Clinik"]
    assert office.answer(id, **{field: "0"}) == 303
    office.work()
    with store.reading(office.engine) as conn:
        (told,) = decisions.decisions(conn)
    office.sign_in("eva")
    before = office.count(tables.party_decisions)
    assert "Palm Clinik" not in office.app.get("/desk/organisations").text
    assert office.answer(id, **{field: "new"}) == 403
    csrf = {"csrf": office.token()}
    assert office.app.post(f"/desk/organisations/undo/{told.number}", data=csrf).status_code == 404
    form = {**csrf, "publisher": "moh", "name": "A", "other": "B", "said": "same"}
    assert office.app.post("/desk/organisations", data=form).status_code == 403
    office.sign_in("bea")
    assert "Palm Clinik" in office.app.get("/desk/organisations").text
    assert office.answer(id, **{field: "new"}) == 403, "a certifier reads, an officer answers"
    office.sign_in("ana")
    assert office.app.post(f"/desk/organisations/submission/{id}", data={field: "0"}).status_code == 403, "no token"
    assert office.count(tables.party_decisions) == before

    # and what moh said plays no part in what mof sends
    office.sign_in("eva")
    theirs = office.send(*rows, publisher="mof")
    assert list(office.questions(theirs)) == ["Palm Clinik"]


def test_a_shared_number_asks_and_a_placeholder_does_not(office: Office) -> None:
    two = office.send(
        "masks,Ministry of Health,Jiangsu Province,1234567", "gowns,Ministry of Health,State Relief Fund,1234567"
    )
    assert len(office.questions(two)) == 1 and "which alone proves nothing" in office.page(two)
    names = ("Alpha Clinic", "Beta School", "Gamma Office", "Delta Court")
    many = office.send(*(f"masks,Ministry of Health,{n},7654321" for n in names), period="2020-06")
    assert office.questions(many) == {}
    office.publish(many)
    assert len(office.supplies()) == 4


def test_one_company_under_two_spellings_keeps_its_number(office: Office) -> None:
    id = office.send(
        "masks,Ministry of Health,Reef Example Ltd,1234567", "gowns,Ministry of Health,Reef Example Limited,1234567"
    )
    assert "D006" not in {f.code for f in findings(office, id)}
    office.publish(id)
    assert list(office.supplies().values()) == [2]
    apart = office.send(
        "masks,Ministry of Health,Sun Example Ltd,1112223",
        "gowns,Ministry of Health,Sun Example Limited,4445556",
        period="2020-06",
    )
    assert len(office.questions(apart)) == 1


def findings(office: Office, id: int) -> tuple[object, ...]:
    with store.reading(office.engine) as conn:
        return workflow.submission(conn, id).findings


def test_a_question_is_one_finding_a_name_and_warns_only(office: Office) -> None:
    id = office.send(
        *[f"m{n},Ministry of Health,Palm Clinik," for n in range(3)],
        *[f"p{n},Ministry of Health,Palm Clinic," for n in range(4)],
    )
    (asked,) = [f for f in findings(office, id) if f.code == "O001"]  # type: ignore[attr-defined]
    assert str(asked.severity) == "warning" and len(asked.also_at) == 2  # type: ignore[attr-defined]
    with store.reading(office.engine) as conn:
        assert workflow.submission(conn, id).state == "valid"


def test_many_questions_come_in_portions_with_the_most_rows_first(office: Office) -> None:
    rows = [f"a,Ministry of Health,{w} Traders Ltd," for w in WORDS for _ in range(2)]
    rows += [f"b,Ministry of Health,{w} Traders," for w in WORDS]
    rows += ["c,Ministry of Health,Zulu Tradders,", "d,Ministry of Health,Zulu Tradders,"]
    rows += [f"e{n},Ministry of Health,Zulu Traders," for n in range(3)]
    id = office.send(*rows)
    asked = office.questions(id)
    assert len(asked) == 25 and next(iter(asked)) == "Zulu Tradders"
    assert "more questions come" in office.page(id)
    office.answer(id, **dict.fromkeys(asked.values(), "0"))
    office.work()
    left = office.questions(id)
    assert len(left) == len(WORDS) + 1 - 25 and not set(left) & set(asked)


WORDS = (
    "Alpha Bravo Cargo Delta Echo Fox Golf Hotel India Juliet Kilo Lima Mike Nectar Oscar Papa Quebec Romeo Sierra "
    "Tango Uniform Victor Whiskey Xray Yankee Zebra Amber Birch Cedar Dune"
).split()


# --- the module behind it


def told(engine: sa.Engine, name: str, other: str, answer: str) -> int:
    with store.writing(engine) as conn:
        return decisions.decide(
            conn, publisher="moh", jurisdiction="BZ", name=name, other=other, answer=answer, by="ana", at=AT
        )


def test_the_newest_answer_of_a_pair_counts_from_whichever_side(office: Office) -> None:
    first = told(office.engine, "A Ltd", "B Ltd", "same")
    told(office.engine, "B Ltd", "A Ltd", "different")
    with store.reading(office.engine) as conn:
        assert [d.answer for d in decisions.in_force(decisions.decisions(conn))] == ["different"]
    with store.writing(office.engine) as conn, pytest.raises(Conflict):
        decisions.undo(conn, first, "ana", AT)
    with store.writing(office.engine) as conn, pytest.raises(NotFound):
        decisions.undo(conn, 99, "ana", AT)


def test_what_is_taken_back_can_be_said_again(office: Office) -> None:
    number = told(office.engine, "A Ltd", "", "new")
    with store.writing(office.engine) as conn:
        decisions.undo(conn, number, "ana", AT)
    with store.reading(office.engine) as conn:
        assert decisions.in_force(decisions.decisions(conn)) == []
    told(office.engine, "A Ltd", "", "new")
    with store.reading(office.engine) as conn:
        assert [d.name for d in decisions.in_force(decisions.decisions(conn, ["moh"]))] == ["A Ltd"]
        assert decisions.decisions(conn, ["mof"]) == []


@pytest.mark.parametrize(
    ("name", "other", "answer"), [("", "B", "same"), ("A", "***", "same"), ("A ltd.", "a LTD", "different")]
)
def test_answers_on_nothing_are_refused(office: Office, name: str, other: str, answer: str) -> None:
    with pytest.raises(Refused):
        told(office.engine, name, other, answer)
    assert office.count(tables.party_decisions) == 0


def test_an_answer_is_written_in_the_audit(office: Office) -> None:
    number = told(office.engine, "A Ltd", "B Ltd", "same")
    t = tables.audit
    assert office.count(t, t.c.action == "decide_party", t.c.subject == f"party_decision/{number}") == 1
    assert office.count(tables.jobs, tables.jobs.c.task == "read_submission") == 0
    with store.reading(office.engine) as conn:
        assert jobs.latest(conn, "read_submission", {"submission": 1}) is None

"""Pages of one record and of what stands around it: their words, their addresses, and the cell behind every figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import store
from ledger.settings import Register, Settings
from ledger.totals import movements
from public_site.app import create_app
from public_site.pages import PageFunction, figure, parties, places, process, versions
from public_site.pages import programme as programmes
from tests import builders
from tests.builders import aid, procurement, programme, published
from tests.markup import foreign

DONOR = "BZ-LEDGER-example-development-partner"
SUPPLIER = "BZ-LEDGER-example-medical-supplies-ltd"
HOSPITAL = "BZ-LEDGER-corozal-community-hospital"
PURCHASE = "ocds-213czf-mof-PRC-PRC-1"
GRANT = "ocds-213czf-mof-AID-AID-1"
GIFT = "ocds-213czf-mof-AID-GIFT-1"
PROGRAMME = "ocds-213czf-mof-PRG-PRG-1"
MASKS = "text/n95-respirators:piece"


@pytest.fixture
def register() -> Register:
    return builders.register()


@pytest.fixture
def site(sqlite_engine: sa.Engine, settings: Settings, register: Register) -> Iterator[TestClient]:
    """Two publications: the whole chain, then a contract that costs more."""
    told = builders.chain()
    published(sqlite_engine, settings, register, told)
    purchase = told[3]
    assert isinstance(purchase, builders.Procurement)
    purchase.amended("BZD 410,000")
    published(sqlite_engine, settings, register, told)
    with TestClient(create_app(settings, register, sqlite_engine)) as client:
        yield client


def words(html: str) -> str:
    """What a reader reads: without tags, one blank between words."""
    main = re.search(r"<main.*</main>", html, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", main[0] if main else html)
    return re.sub(r"\s+", " ", text).replace("\u00a0", " ").replace("&#39;", "'")


PAGES = (
    f"process/{PURCHASE}",
    f"process/{GRANT}",
    f"process/{GIFT}",
    f"process/{PROGRAMME}",
    f"process/{PURCHASE}/history",
    f"programme/{PROGRAMME}",
    f"donor/{DONOR}",
    "buyer/BZ-LEDGER-ministry-of-health",
    f"supplier/{SUPPLIER}",
    f"item/{MASKS}",
    "area/BZ-CZL",
    "publisher/mof",
    "publisher/moh",
    f"why/{PURCHASE}?at=/contracts/0/value/amount",
)


@pytest.mark.parametrize(
    "function",
    [
        process.process,
        programmes.programme,
        versions.history,
        figure.why,
        parties.donor,
        parties.buyer,
        parties.supplier,
        places.area,
        places.item,
        places.publisher,
    ],
)
def test_every_page_is_public_and_has_a_twin_for_machines(function: PageFunction) -> None:
    assert function.policy == "public" and "json" in function.twins


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_answers_in_both_languages_and_as_json(site: TestClient, page: str, language: str) -> None:
    html = site.get(f"/{language}/{page}")
    assert html.status_code == 200, html.text[-500:]
    assert f'<html lang="{language}"' in html.text
    assert "style=" not in html.text and "<script" not in foreign(html.text)
    parts = urlsplit(page)
    twin = site.get(f"/{language}/{parts.path}.json", params=parts.query)
    assert twin.status_code == 200 and twin.headers["content-type"].startswith("application/json")
    assert twin.json()["publication"] == 2


@pytest.mark.parametrize("page", [p for p in PAGES if not p.startswith("why")])
def test_no_page_of_the_past_knows_the_later_amount(site: TestClient, page: str) -> None:
    for ending in ("", ".json"):
        then = site.get(f"/en/{page}{ending}", params={"asof": 1})
        assert then.status_code == 200
        assert "410,000" not in then.text and "410000" not in then.text


def test_the_sentence_says_who_agreed_to_pay_whom(site: TestClient) -> None:
    english = words(site.get(f"/en/process/{PURCHASE}").text)
    assert "Ministry of Health agreed to pay BZD 410,000.00 to Example Medical Supplies Ltd." in english
    assert ", without an open tender" in english
    spanish = words(site.get(f"/es/process/{PURCHASE}").text)
    assert "Ministry of Health" in spanish and "BZD 410,000.00" in spanish
    assert "agreed to pay" not in spanish and "without an open tender" not in spanish


def test_every_stage_of_the_chain_stands_alone_and_silence_is_in_words(site: TestClient) -> None:
    told = words(site.get(f"/en/process/{GRANT}").text)
    assert "USD 500,000.00" in told and "USD 300,000.00" in told
    assert "Still open: USD 200,000.00 signed and not yet received" in told
    assert "USD 1,300,000" not in told  # stages are never added up
    assert "Delivered" in told and "not published" in told
    # a conversion stands beside the original, with its rate
    assert "about BZD 1,000,000.00" in told and "rate 2" in told


def test_where_the_money_came_from_is_said_or_said_to_be_unknown(site: TestClient) -> None:
    told = words(site.get(f"/en/process/{PURCHASE}").text)
    assert "COVID-19: support from Example Development Partner (AID-1)" in told
    assert "source not published" in told  # the rest of the contract, and the second payment


def test_what_was_delivered_names_quantity_place_and_receiver(site: TestClient) -> None:
    told = words(site.get(f"/en/process/{PURCHASE}").text)
    assert "12,000 piece" in told and "Corozal" in told and "Corozal Community Hospital" in told
    assert "BZD 16.50" in told  # the price of one unit


def test_every_amount_on_a_process_page_leads_to_its_cell(site: TestClient) -> None:
    page = site.get(f"/en/process/{PURCHASE}").text
    links = set(re.findall(r'href="(/en/why/[^"]+)"', page))
    assert len(links) >= 8
    for link in links:
        why = site.get(link.replace("&amp;", "&"))
        assert why.status_code == 200 and "drafts.csv" in why.text


def test_why_has_a_source_for_every_figure_of_the_ledger(site: TestClient, sqlite_engine: sa.Engine) -> None:
    with store.reading(sqlite_engine) as conn:
        figures = [a for a in movements(conn) if a.amount is not None or a.quantity is not None]
    assert len(figures) > 15
    for arc in figures:
        told = site.get(f"/en/why/{arc.ocid}.json", params={"at": arc.locator}).json()
        assert told["locator"] == arc.locator
        assert told["sources"], arc
        for source in told["sources"]:
            assert re.fullmatch(r"[0-9a-f]{64}", source["file"]) and source["file_name"] == "drafts.csv"
            assert source["cell"] and source["raw"] and source["release"].startswith(arc.ocid)
            assert source["cell"] in [c["cell"] for c in source["row"]]


def test_the_value_of_a_delivery_gives_quantity_and_unit_price(site: TestClient) -> None:
    at = "/contracts/=PRC-1/implementation/deliveries/=D-1/items/=1/quantity"
    told = site.get(f"/en/why/{PURCHASE}.json", params={"at": at}).json()
    assert [s["raw"] for s in told["sources"]] == ["12000", "16.5"]


def test_a_pointer_by_position_and_a_locator_give_one_answer(site: TestClient) -> None:
    by_position = site.get(f"/en/why/{PURCHASE}.json", params={"at": "/contracts/0/value/amount"}).json()
    by_id = site.get(f"/en/why/{PURCHASE}.json", params={"at": "/contracts/=PRC-1/value/amount"}).json()
    assert by_position == by_id
    assert by_position["pointer"] == "/contracts/0/value/amount" and by_position["value"] == 410000


def test_a_gift_without_a_value_leads_to_what_is_known_of_it(
    sqlite_engine: sa.Engine, settings: Settings, register: Register
) -> None:
    given = builders.gift("G1").item("Oxygen concentrators", 50).receipt(None, relatedItems=["1"])
    published(sqlite_engine, settings, register, [given])
    with TestClient(create_app(settings, register, sqlite_engine)) as site:
        told = site.get(f"/en/why/{given.ocid}.json?at=/planning/aid/flows/0/value/amount").json()
        assert told["value"] is None and told["locator"] == "/planning/aid/flows/=1/value/amount"
        assert not told["direct"] and told["sources"][0]["raw"] == "50"
        page = words(site.get(f"/en/why/{given.ocid}?at=/planning/aid/flows/0/value/amount").text)
        assert "not published" in page and "No cell gives a value." in page
        process_page = words(site.get(f"/en/process/{given.ocid}").text)
        assert "gave 50 piece Oxygen concentrators to Ministry of Health" in process_page


def test_why_of_nothing_says_so_in_words(site: TestClient) -> None:
    for language, word in (("en", "address"), ("es", "dirección")):
        answer = site.get(f"/{language}/why/{PURCHASE}", params={"at": "/contracts/7/value/amount"})
        assert answer.status_code == 404 and len(words(answer.text)) > 40, word
    assert site.get(f"/en/why/{PURCHASE}").status_code == 422


def test_history_tells_what_changed_from_what_to_what(site: TestClient) -> None:
    english = words(site.get(f"/en/process/{PURCHASE}/history").text)
    assert "BZD 395,000.00 → BZD 410,000.00" in english
    assert "prepared by Ana, certified by Ben" in english
    assert "New: amendment" in english and "Air freight" in english
    told = site.get(f"/en/process/{PURCHASE}/history.json").json()
    assert [r["publication"] for r in told["releases"]] == [2, 1]
    assert {"at": "/contracts/=PRC-1/value/amount", "before": 395000, "after": 410000} in told["releases"][0]["changes"]
    spanish = words(site.get(f"/es/process/{PURCHASE}/history").text)
    assert "modificación" in spanish and "was changed" not in spanish


def test_a_donor_gave_and_received_apart(site: TestClient) -> None:
    told = site.get(f"/en/donor/{DONOR}.json").json()
    given = {(t["stage"], t["currency"]): Decimal(t["amount"]) for t in told["given"]}
    assert given["pledge", "USD"] == 500_000 and given["receipt", "USD"] == 300_000
    assert not told["received"]
    assert {i["ocid"] for i in told["items"]} >= {GRANT}


def test_a_hospital_that_only_received_goods_has_a_page_with_its_records(site: TestClient) -> None:
    told = site.get(f"/en/buyer/{HOSPITAL}.json").json()
    assert {i["ocid"] for i in told["items"]} == {PURCHASE, GIFT}
    assert Decimal(told["goods_received"][0]["quantities"]["delivery"]) == 17_000


def test_an_item_is_counted_in_and_out_within_its_unit(site: TestClient) -> None:
    told = site.get(f"/en/item/{MASKS}.json").json()
    gift = told["gifts"][0]
    assert {stage: Decimal(n) for stage, n in gift["quantities"].items()} == {"delivery": 12_000, "receipt": 20_000}
    assert Decimal(gift["left"]) == 8_000
    assert "8,000 not yet reported as handed out" in words(site.get(f"/en/item/{MASKS}").text)


def test_an_area_shows_what_arrived_and_who_says_so(site: TestClient) -> None:
    told = site.get("/en/area/BZ-CZL.json").json()
    assert told["publishers"] == [{"id": "mof", "processes": 2}]
    assert "17,000" in words(site.get("/en/area/BZ-CZL").text)


def test_a_programme_compares_its_budget_with_its_contracts(site: TestClient) -> None:
    told = site.get(f"/en/programme/{PROGRAMME}.json").json()
    (left,) = told["left"]
    assert left["currency"] == "BZD"
    assert [Decimal(left[k]) for k in ("set_aside", "not_contracted", "not_paid")] == [1_500_000, 1_090_000, 15_000]
    assert [i["ocid"] for i in told["items"]] == [PURCHASE]


def test_a_publisher_that_published_nothing_says_so(site: TestClient) -> None:
    told = site.get("/en/publisher/mof.json").json()
    assert told["publications"][0]["prepared_by"] == "Ana" and told["publications"][0]["certified_by"] == "Ben"
    assert told["publications"][0]["held_rows"] == 0
    silent = words(site.get("/en/publisher/moh").text)
    assert "No record of this office is public." in silent and "Nothing yet." in silent


@pytest.mark.parametrize(
    "path",
    [
        "process/ocds-213czf-mof-PRC-XXX", "process/nothing/history", "programme/" + PURCHASE, "donor/nobody",
        "supplier/nobody", "item/text/nothing", "area/ZZ-1", "publisher/nobody", "why/nothing?at=/a",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_found_with_words(site: TestClient, path: str) -> None:
    for language in ("en", "es"):
        answer = site.get(f"/{language}/{path}")
        assert answer.status_code == 404 and "<h1" in answer.text


def test_a_withdrawn_record_says_so_and_is_in_no_total(
    sqlite_engine: sa.Engine, settings: Settings, register: Register
) -> None:
    published(sqlite_engine, settings, register, [procurement("C1"), procurement("C2")])
    published(sqlite_engine, settings, register, [procurement("C2")])
    with TestClient(create_app(settings, register, sqlite_engine)) as site:
        gone = words(site.get("/en/process/ocds-213czf-mof-PRC-C1").text)
        assert "This record was withdrawn by its publisher." in gone
        assert site.get("/en/process/ocds-213czf-mof-PRC-C1.json").json()["totals"] == []
        assert "BZD 380,000.00" in words(site.get("/en/process/ocds-213czf-mof-PRC-C1?asof=1").text)


def test_hostile_text_stays_text(sqlite_engine: sa.Engine, settings: Settings, register: Register) -> None:
    evil = procurement("C1", title="<script>alert(1)</script> %(giver)s {{ 7*7 }}", supplier='"><img src=x onerror=1>')
    evil.body["tender"]["documents"] = [
        {"id": "1", "title": "bad", "url": "javascript:alert(1)"},
        {"id": "2", "title": "good", "url": "https://example.org/x?a=1&b=2"},
    ]
    published(sqlite_engine, settings, register, [evil])
    with TestClient(create_app(settings, register, sqlite_engine)) as site:
        for page in ("process/ocds-213czf-mof-PRC-C1", "process/ocds-213czf-mof-PRC-C1/history"):
            html = site.get(f"/en/{page}").text
            html = foreign(html)
            assert "<script" not in html and "<img" not in html and "javascript:" not in html
            assert "{{ 7*7 }}" in html
        html = site.get("/en/process/ocds-213czf-mof-PRC-C1").text
        assert 'href="https://example.org/x?a=1&amp;b=2" rel="nofollow noopener noreferrer"' in html


@contextmanager
def counted(engine: sa.Engine) -> Iterator[Callable[[], int]]:
    """Count the statements that a page costs."""
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield lambda: len(seen)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_as_many_statements_in_a_larger_ledger(
    site: TestClient, sqlite_engine: sa.Engine, settings: Settings, register: Register, page: str
) -> None:
    def cost() -> int:
        with counted(sqlite_engine) as number:
            assert site.get(f"/en/{page}").status_code == 200
            return number()

    few = cost()
    plan = programme("PRG-9")
    more = [
        plan,
        *(aid(f"A{n}").pledge("USD 10") for n in range(6)),
        *(procurement(f"C{n}").planned(plan) for n in range(6)),
    ]
    published(sqlite_engine, settings, register, more, period="2020-Q3", mode="append")
    assert cost() == few
    assert few <= 28  # the flows of a programme: one statement a column, one for the bands

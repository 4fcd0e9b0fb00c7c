"""The public pages as a reader meets them: every page in both languages, its twins, its refusals, its past."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import sources, store, tables
from ledger.reading import Wanted, everything, process, search
from ledger.settings import Settings
from ledger.totals import totals
from public_site.app import create_app, walked
from public_site.pages import all_pages
from public_site.web import SECURITY
from tests import builders as b
from tests.addresses import addresses, chain_ocids
from tests.markup import foreign, text_of

HOSTILE = '<script>alert(1)</script> "quoted" \u202egpj.exe'


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    b.published(engine, settings, b.register(), b.chain())
    with TestClient(create_app(settings, b.register(), engine)) as client:
        client.headers["accept"] = "text/html"
        yield client


def test_every_page_answers_in_both_languages_with_every_guard(site: TestClient) -> None:
    for path in addresses():
        for language in ("en", "es"):
            answer = site.get(f"/{language}{path}")
            assert answer.status_code == 200, (path, language, answer.text[-500:])
            assert f'<html lang="{language}">' in answer.text
            assert answer.text.count("<h1") == 1, path
            assert "None" not in re.findall(r">\s*(None)\s*<", answer.text), path
            for header, value in SECURITY.items():
                assert answer.headers.get(header) in (value, "cross-origin"), (path, header)


def test_pages_hold_no_script_no_inline_style_and_nothing_of_others(site: TestClient) -> None:
    for path in addresses():
        html = site.get(f"/en{path}").text
        assert "<script" not in foreign(html) and " style=" not in html and "<style" not in html, path
        assert not re.search(r"\son[a-z]+=", html), path
        for loaded in re.findall(r'<(?:link rel="(?:stylesheet|icon)"|img|iframe)[^>]*(?:href|src)="([^"]+)"', html):
            assert loaded.startswith("/"), (path, loaded)


def test_both_languages_have_the_same_bones(site: TestClient) -> None:
    for path in addresses():
        bones = [
            re.findall(r"<(h[1-6]|table|section|form)\b", site.get(f"/{code}{path}").text) for code in ("en", "es")
        ]
        assert bones[0] == bones[1], path


def test_every_twin_answers(site: TestClient) -> None:
    for page, path in zip(all_pages(), addresses(), strict=True):
        plain, _, query = path.partition("?")
        for twin in page.twins:
            answer = site.get(f"/en{plain if plain != '/' else '/index'}.{twin}" + (f"?{query}" if query else ""))
            assert answer.status_code == 200, (path, twin, answer.text[-300:])
            if twin == "json":
                json.loads(answer.text)
            elif twin == "csv":
                rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
                assert rows and all(len(r) == len(rows[0]) for r in rows), path
            else:
                assert answer.text.startswith("<?xml") and "<feed" in answer.text


def test_totals_of_the_front_page_are_those_of_sql(engine: sa.Engine, site: TestClient) -> None:
    with store.reading(engine) as conn:
        asked = totals(conn)
    told = site.get("/en/index.json").json()["totals"]
    assert [(t["stage"], t["currency"], Decimal(t["amount"] or 0)) for t in told] == [
        (t.stage, t.currency or None, t.amount) for t in asked
    ]
    shown = text_of(site.get("/en/").text)
    assert "USD 500,000.00" in shown.replace("\u00a0", " ")


def test_every_amount_of_a_record_leads_to_its_cell(site: TestClient) -> None:
    html = site.get(f"/en/process/{chain_ocids()['purchase']}").text
    links = set(re.findall(r'href="(/en/why/[^"]+)"', html))
    assert len(links) >= 4
    for link in links:
        answer = site.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        assert "drafts.csv" in answer.text, link


def test_a_figure_names_its_file_sheet_and_cell(engine: sa.Engine, site: TestClient) -> None:
    ocid = chain_ocids()["purchase"]
    told = site.get(f"/en/why/{ocid}.json", params={"at": "/contracts/0/value/amount"}).json()
    source = told["sources"][0]
    assert told["value"] == 395000 and source["raw"] == "395000" and source["sheet"] == "drafts"
    assert re.fullmatch(r"A\d+", source["cell"])
    with store.reading(engine) as conn:
        known = set(conn.scalars(sa.select(tables.uploads.c.sha256)))
        found = process(conn, ocid, None)
        assert found is not None
        why = sources.why(conn, found, "/contracts/=PRC-1/value/amount", None)
    assert why is not None and why.sources[0].sha256 in known


def test_the_past_stays_and_the_future_is_refused(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    # given: the amount is corrected in a second publication
    changed = [p if p.ocid != chain_ocids()["purchase"] else b.procurement("PRC-1", "BZD 400,000") for p in b.chain()]
    b.published(engine, settings, b.register(), changed)
    path = f"/en/process/{chain_ocids()['purchase']}.json"

    # then
    assert site.get(path).json()["compiledRelease"]["contracts"][0]["value"]["amount"] == 400000
    assert site.get(path, params={"asof": 1}).json()["compiledRelease"]["contracts"][0]["value"]["amount"] == 395000
    assert site.get(path, params={"asof": 3}).status_code == 422
    assert site.get(path, params={"asof": "yesterday"}).json()["code"] == "asof_no_number"
    assert "publication 1" in text_of(site.get("/en/", params={"asof": 1}).text)
    history = text_of(site.get(f"/en/process/{chain_ocids()['purchase']}/history").text)
    assert "395,000" in history and "400,000" in history


def test_a_second_reading_costs_nothing_until_something_is_published(
    engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    first = site.get("/en/search", params={"q": "respirators"})
    again = site.get("/en/search", params={"q": "respirators"}, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert first.headers["etag"] != site.get("/es/search", params={"q": "respirators"}).headers["etag"]

    b.published(engine, settings, b.register(), [b.aid("A9").pledge("USD 5")], mode="append")
    assert (
        site.get(
            "/en/search", params={"q": "respirators"}, headers={"if-none-match": first.headers["etag"]}
        ).status_code
        == 200
    )


def test_nonsense_in_the_address_is_ignored_aloud(site: TestClient) -> None:
    answer = site.get("/en/search?kind=bananas&from=soon&min=many&sort=amount&colour=blue&after=x&kind=aid")
    shown = text_of(answer.text)
    assert answer.status_code == 200
    for name in ("kind=bananas", "from=soon", "min=many", "sort=amount", "colour=blue", "after=x"):
        assert name in shown, name
    told = site.get("/en/search.json?kind=bananas").json()
    allowed = ["aid", "programme", "procurement"]
    assert told["ignored"] == [{"name": "kind", "value": "bananas", "why": "unknown_value", "allowed": allowed}]
    assert told["count"] == 4


def test_filters_mean_the_same_on_page_twin_and_feed(site: TestClient) -> None:
    for query in ("kind=aid", "q=respirators", "area=BZ-CZL", "stage=payment&currency=BZD", "min=100000&max=400000"):
        told = site.get(f"/en/search.json?{query}").json()
        rows = csv.DictReader(io.StringIO(site.get(f"/en/search.csv?{query}").content.decode("utf-8-sig")))
        feed = site.get(f"/en/search.atom?{query}").text
        ocids = {i["ocid"] for i in told["items"]}
        assert ocids == {r["ocid"] for r in rows} and len(ocids) == told["count"], query
        assert feed.count("<entry>") == told["count"], query
        for ocid in ocids:
            assert f"/process/{ocid}" in site.get(f"/en/search?{query}").text


def test_pages_of_a_list_meet_everything_once(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    b.published(
        engine, settings, b.register(), [b.aid(f"M{n}").receipt(f"USD {n}00") for n in range(1, 31)], mode="append"
    )
    for sort in ("newest", "oldest", "title", "changed"):
        seen: list[str] = []
        next = f"/en/search?sort={sort}"
        while next:
            html = site.get(next).text
            seen += re.findall(r'<h3><a href="/en/process/([^"]+)"', html)
            more = re.search(r'href="([^"]+)" rel="next"', html)
            next = more[1].replace("&amp;", "&") if more else ""
        assert len(seen) == len(set(seen)) == 34, sort
    with store.reading(engine) as conn:
        largest = search(conn, Wanted(currency="USD", sort="amount"), None, limit=3)
        assert [r.ocid for r in largest.rows][:2] == [chain_ocids()["grant"], chain_ocids()["masks"]]
        assert len(list(everything(conn, Wanted(), None, slice=7))) == 34


def test_money_in_and_out_are_only_what_crosses_the_boundary(site: TestClient) -> None:
    coming, going = site.get("/en/money-in.json").json(), site.get("/en/money-out.json").json()
    assert {i["stage"] for i in coming["items"]} == {"receipt"} and {i["stage"] for i in going["items"]} == {"payment"}
    assert sum(Decimal(i["amount"]) for i in going["items"]) == Decimal(395000)


def test_hostile_text_is_shown_and_never_obeyed(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    evil = b.procurement("EVIL", "BZD 10", title=HOSTILE, supplier=HOSTILE)
    evil.body["tender"]["documents"] = [
        {"id": "1", "title": HOSTILE, "url": "javascript:alert(1)"},
        {"id": "2", "title": "good", "url": "https://example.org/a?b=1"},
    ]
    b.published(engine, settings, b.register(), [evil], mode="append")
    for path in (
        f"/process/{evil.ocid}",
        f"/process/{evil.ocid}/history",
        "/search?q=alert",
        "/money-out",
        "/publication/2",
    ):
        html = site.get(f"/en{path}").text
        assert "<script" not in foreign(html) and "\u202e" not in html and 'href="javascript' not in html, path
    page = site.get(f"/en/process/{evil.ocid}").text
    assert "&lt;script&gt;" in page
    links = [tag for tag in re.findall(r"<a [^>]+>", page) if "https://example.org/a?b=1" in tag]
    assert links and all("noopener" in tag and "nofollow" in tag for tag in links)
    assert "<script" not in foreign(site.get(f"/en/search?q={HOSTILE}").text)
    assert "<script" not in foreign(site.get(f"/en/{HOSTILE}").text)


def test_text_in_files_is_never_run_by_a_spreadsheet(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    evil = b.procurement("F", "BZD 10", title="=HYPERLINK(1)")
    b.published(engine, settings, b.register(), [evil], mode="append")
    rows = csv.DictReader(io.StringIO(site.get("/en/search.csv?q=hyperlink").content.decode("utf-8-sig")))
    assert next(rows)["title"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/en/process/ocds-213czf-mof-PRC-PRC-2", 404),
        ("/en/jurisdiction/zz", 404),
        ("/en/area/ZZ", 404),
        ("/en/publisher/nobody", 404),
        ("/en/donor/nobody", 404),
        ("/en/item/none/none", 404),
        ("/en/publication/99", 404),
        ("/en/nowhere", 404),
        ("/nowhere", 404),
        ("/en/why/ocds-213czf-mof-PRC-PRC-1", 422),
        ("/en/why/ocds-213czf-mof-PRC-PRC-1?at=/nothing/here", 404),
    ],
)
def test_refusals_say_what_to_do_next(site: TestClient, path: str, status: int) -> None:
    for language in ("en", "es"):
        page = site.get(path.replace("/en/", f"/{language}/"), headers={"accept-language": language})
        assert page.status_code == status and f'<html lang="{language}">' in page.text
        assert page.headers["content-security-policy"] and page.headers["cache-control"] == "no-store"
        assert "{" not in text_of(page.text), path
    problem = site.get(path, headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json" and problem.json()["status"] == status


def test_a_mistyped_identifier_leads_to_its_neighbours(site: TestClient) -> None:
    page = site.get("/en/process/ocds-213czf-mof-PRC-PRC-l").text
    assert f"/en/process/{chain_ocids()['purchase']}" in page


def test_our_own_failure_shows_an_id_and_no_data(
    engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings, b.register(), engine)
    monkeypatch.setattr("ledger.workflow.latest_publication", lambda conn: 1 / 0)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/en/", headers={"accept": "text/html"})
    assert answer.status_code == 500 and answer.headers["content-security-policy"]
    assert re.search(r"<code>[0-9a-f]{12}</code>", answer.text) and "ZeroDivision" not in answer.text


def test_every_route_says_who_may_call_it(engine: sa.Engine, settings: Settings) -> None:
    app = create_app(settings, b.register(), engine)
    routes = list(walked(app.router.routes))
    assert len(routes) > 60
    without = [
        getattr(r, "path", r)
        for r in routes
        if getattr(getattr(r, "endpoint", None), "policy", "") not in ("public", "session")
    ]
    assert not without


def test_an_empty_ledger_says_that_it_is_empty(engine: sa.Engine, settings: Settings) -> None:
    with TestClient(create_app(settings, b.register(), engine)) as client:
        for path in (
            "/",
            "/search",
            "/money-in",
            "/missing",
            "/publications",
            "/downloads",
            "/jurisdiction/bz",
            "/publisher/mof",
        ):
            assert client.get(f"/en{path}").status_code == 200, path
        assert (
            client.get("/", headers={"accept-language": "es-BZ,es;q=0.9"}, follow_redirects=False).headers["location"]
            == "/es/"
        )

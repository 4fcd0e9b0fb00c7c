"""The checks as a reader meets them, and eight defects of other sites, each as a fact that holds here.

The defects were read in the code of a public explorer of procurement: a flag that never fires, a missing value kept as
zero, money as a float, a status never recognised, links broken by the next import, flags that never go away, flags
without their numbers, and a breadcrumb that leads off the site.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import projections, store, tables
from ledger.checks import CHECKS, Number, stored
from ledger.comparisons import buying, prices
from ledger.settings import Settings
from ledger.totals import at_publication
from public_site.app import create_app
from tests import builders as b
from tests.markup import foreign

REGISTER = b.register()


def matches(engine: sa.Engine, at: int | None = None) -> set[tuple[str, str]]:
    """(end of the ocid, check) of every match at a publication."""
    f = tables.flags
    with store.reading(engine) as conn:
        return {
            (o.split("-PRC-")[1], c)
            for o, c in conn.execute(sa.select(f.c.ocid, f.c.code).where(at_publication(f, at)))
        }


def numbers(engine: sa.Engine, code: str) -> dict[str, Number]:
    f = tables.flags
    with store.reading(engine) as conn:
        row = conn.execute(sa.select(f).where(f.c.code == code, at_publication(f, None))).mappings().one()
    return {n.name: n for n in stored.numbers(row["numbers"])}


@pytest.fixture
def site(sqlite_engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, REGISTER, sqlite_engine)) as client:
        client.headers["accept"] = "text/html"
        yield client


def words(html: str) -> str:
    main = re.search(r"<main.*</main>", html, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", main[0] if main else html)
    return re.sub(r"\s+", " ", text).replace("\u00a0", " ").replace("&#39;", "'")


# --- eight defects --------------------------------------------------------------------------------------------------


def test_defect_1_a_direct_award_matches_whatever_its_number_of_offers(engine: sa.Engine, settings: Settings) -> None:
    many = b.procurement("C1")
    many.body["tender"]["numberOfTenderers"] = 7
    one = b.procurement("C2", "BZD 5")
    b.published(engine, settings, REGISTER, [many, one])
    assert {("C1", "direct-award"), ("C2", "direct-award")} <= matches(engine)
    assert not {c for _, c in matches(engine)} & {"single-bid"}, "nobody else was asked: the count says nothing"


def test_defect_2_a_missing_value_is_no_zero_and_a_missing_count_no_none(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    silent = b.procurement("C1", None, method="open").payment("P1", "BZD 5")
    del silent.body["tender"]["numberOfTenderers"]
    b.published(sqlite_engine, settings, REGISTER, [silent])
    assert not matches(sqlite_engine), "nothing is paid above a value that is not published"
    with store.reading(sqlite_engine) as conn:
        row, _ = stored.of_process(conn, silent.ocid, None)
    assert row and json.loads(row["missing"])["single-bid"] == ["bids"]
    told = words(site.get(f"/en/process/{silent.ocid}").text)
    assert "One offer only (not published: the number of offers)" in told
    assert "Paid more than agreed (not published: the value of the contract)" in told
    assert "0 offers" not in told and "BZD 0.00" not in told


def test_defect_3_every_amount_is_exact_and_in_its_own_currency(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    it = b.procurement("C1", "BZD 123,456,789.12").payment("P1", "BZD 123,456,789.13")
    b.published(sqlite_engine, settings, REGISTER, [it])
    told = numbers(sqlite_engine, "payments-above-contract")
    assert Decimal(told["paid"].value) - Decimal(told["contract"].value) == Decimal("0.01")
    shown = words(site.get(f"/en/process/{it.ocid}").text)
    assert "Paid: BZD 123,456,789.13 . Number of payments: 1 . The contract is worth BZD 123,456,789.12" in shown
    assert not re.search(r"\d\s?[KM]\b", shown)


def test_defect_4_a_cancelled_contract_is_recognised_and_in_no_check(engine: sa.Engine, settings: Settings) -> None:
    it = b.procurement("C1", "BZD 12,345", method="open")
    it.body["awards"][0]["value"] = b.money("BZD 1")
    b.published(engine, settings, REGISTER, [it])
    assert ("C1", "contract-above-award") in matches(engine)
    it.contract["status"] = "cancelled"
    b.published(engine, settings, REGISTER, [it])
    assert ("C1", "contract-above-award") not in matches(engine)
    assert ("C1", "contract-above-award") in matches(engine, 1)


def test_defect_5_a_second_import_breaks_no_link_and_loses_no_history(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    it = b.procurement("C1", "BZD 100").payment("P1", "BZD 101")
    b.published(sqlite_engine, settings, REGISTER, [it])
    page = site.get(f"/en/process/{it.ocid}").text
    links = {m.replace("&amp;", "&") for m in re.findall(r'href="(/en/why/[^"]+)"', page)}
    b.published(sqlite_engine, settings, REGISTER, [it.amended("BZD 120"), b.procurement("C2", "BZD 7")])
    b.published(sqlite_engine, settings, REGISTER, [it.worth("BZD 130")])
    assert links and all(site.get(link).status_code == 200 for link in links)
    then = words(site.get(f"/en/process/{it.ocid}", params={"asof": 1}).text)
    assert "Paid more than agreed" in then and "BZD 130" not in then
    assert "Paid: BZD 101.00 . Number of payments: 1 . The contract is worth BZD 100.00" in then


def test_defect_6_a_match_that_no_longer_holds_is_gone(engine: sa.Engine, settings: Settings) -> None:
    first, second = b.procurement("C1", "BZD 100", method="open"), b.procurement("C2", "BZD 100", signed="2020-05-14")
    third = b.procurement("C3", "BZD 101", signed="2020-05-15")
    b.published(engine, settings, REGISTER, [first.payment("P1", "BZD 101"), second, third])
    assert {("C1", "payments-above-contract"), ("C2", "split-purchases"), ("C3", "split-purchases")} <= matches(engine)
    b.published(engine, settings, REGISTER, [first.worth("BZD 101"), second])
    assert matches(engine) == {("C1", "single-bid"), ("C2", "direct-award")}, (
        "the third is withdrawn: the second stands alone again"
    )
    assert ("C3", "split-purchases") in matches(engine, 1)
    assert projections.compare(engine) == []


def test_defect_7_the_numbers_behind_every_match_are_shown_and_lead_to_their_cell(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    it = b.procurement("C1", "BZD 100", method="open")
    b.published(sqlite_engine, settings, REGISTER, [it])
    b.published(sqlite_engine, settings, REGISTER, [it.amended("BZD 151", why="Air freight")])
    page = site.get(f"/en/process/{it.ocid}").text
    told = words(page)
    assert "One change raised the value from BZD 100.00 to BZD 151.00 : by 51 % ." in told.replace(" :", " :")
    assert "What the office says about it: Air freight" in told
    assert "Version 1 of this check." in told and "in 2020 air freight cost many times the usual" in told
    json_told = site.get(f"/en/process/{it.ocid}.json").json()["checks"]
    [jump] = [m for m in json_told["matches"] if m["check"] == "amendment-jump"]
    assert jump["publisher_says"] == "Air freight" and jump["version"] == CHECKS["amendment-jump"].version
    for n in jump["numbers"]:
        if "locator" in n:
            assert site.get(f"/en/why/{it.ocid}", params={"at": n["locator"]}).status_code == 200


def test_defect_7_no_rule_is_named_that_does_not_exist(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    b.published(sqlite_engine, settings, REGISTER, b.chain())
    for page in ("checks", "methodology"):
        for language in ("en", "es"):
            told = site.get(f"/{language}/{page}").text
            for code, check in CHECKS.items():
                assert check.text(language).title in told and f"<code>{code}</code>" in told
    assert [c["check"] for c in site.get("/en/checks.json").json()["checks"]] == list(CHECKS)
    assert set(site.get("/en/checks.json").json()["checks"][0]["counts"]) == {"bz"}


def test_defect_8_the_page_says_where_it_stands_by_links_of_its_own(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    b.published(sqlite_engine, settings, REGISTER, b.chain())
    for page in ("checks", f"process/{b.PREFIX}-mof-PRC-PRC-1"):
        told = site.get(f"/en/{page}").text
        crumbs = re.search(r'<nav class="crumbs".*?</nav>', told, re.DOTALL)
        assert crumbs and 'href="/en/"' in crumbs[0] and "history.back" not in told and "<script" not in foreign(told)


# --- what a reader meets --------------------------------------------------------------------------------------------


def test_nothing_found_is_said_with_how_many_rules_were_checked(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    it = b.procurement("C1", "BZD 100", method="open")
    it.body["tender"]["numberOfTenderers"] = 3
    b.published(sqlite_engine, settings, REGISTER, [it])
    assert re.search(r"Checked \d+ rules: none applies\.", words(site.get(f"/en/process/{it.ocid}").text))
    assert re.search(r"Se revisaron \d+ reglas: ninguna coincide\.", words(site.get(f"/es/process/{it.ocid}").text))
    for other in b.chain()[:3]:
        b.published(sqlite_engine, settings, REGISTER, [other], mode="append")
        assert "Checks speak of contracts" not in site.get(f"/en/process/{other.ocid}").text, "no purchase, no checks"


def test_the_list_of_checks_counts_matches_and_what_they_are_of(engine: sa.Engine, settings: Settings) -> None:
    quiet = b.procurement("C3", "BZD 900", method="open", supplier="Other Ltd")
    del quiet.body["tender"]["procurementMethod"]
    told = [b.procurement("C1", "BZD 100"), b.procurement("C2", "BZD 100"), quiet]
    b.published(engine, settings, REGISTER, told)
    abroad = b.procurement("C1", "GHS 100", publisher="ppa", jurisdiction="gh", method="open")
    b.published(engine, settings, REGISTER, [abroad], publisher="ppa")
    with store.reading(engine) as conn:
        counts = stored.counts(conn, None, "bz")
        assert stored.jurisdictions(conn, None) == ["bz", "gh"]
        assert stored.counts(conn, None, "gh")["direct-award"] == (0, 1, 0)
    assert counts["direct-award"] == (2, 2, 1)
    assert counts["split-purchases"] == (2, 3, 0)


def test_the_answer_of_the_office_stands_beside_the_check_and_leads_to_its_cell(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    it = b.procurement("C1", "BZD 100").payment("P1", "BZD 101")
    b.published(sqlite_engine, settings, REGISTER, [it])
    assert words(site.get(f"/en/process/{it.ocid}").text).count("What the office says about it: not published") == 1
    it.contract["explanation"] = "The invoice has <freight> in it."
    b.published(sqlite_engine, settings, REGISTER, [it])
    page = site.get(f"/en/process/{it.ocid}").text
    assert page.count("The invoice has &lt;freight&gt; in it.</a>") == 2, "beside both checks"
    why = site.get(f"/en/why/{it.ocid}", params={"at": "/contracts/=C1/explanation"})
    assert why.status_code == 200 and "drafts" in why.text
    then = site.get(f"/en/process/{it.ocid}", params={"asof": 1}).text
    assert "The invoice has" not in then, "an answer is public from the publication that it was certified in"


def test_a_dear_mask_is_compared_with_the_same_mask_alone(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    usual = [b.procurement(f"C{n}", f"BZD {n + 1}00").item("FFP2 masks", 10, f"BZD {n + 2}") for n in range(4)]
    box = b.procurement("C8", "BZD 5000").item("FFP2 masks", 10, "BZD 1,000", unit="box of 50")
    other = b.procurement("C9", "BZD 9000").item("Surgical masks", 10, "BZD 20")
    b.published(sqlite_engine, settings, REGISTER, [*usual, box, other])
    assert {o for o, c in matches(sqlite_engine) if c == "unit-price"} == {"C8"}
    told = words(site.get(f"/en/process/{box.ocid}").text)
    assert "One unit cost BZD 20.00 : 5 times the median of BZD 4.00 in 5 contracts (from BZD 2.00 to BZD 20.00" in told
    few = words(site.get(f"/en/process/{other.ocid}").text)
    assert "(not published: enough prices of the same goods to compare with)" in few
    item = words(site.get("/en/item/text/ffp2-masks:piece").text)
    assert "5 contracts: the middle price (median) is BZD 4.00, the lowest BZD 2.00, the highest BZD 20.00." in item
    assert "published for 50 together" in item
    with store.reading(sqlite_engine) as conn:
        [group] = prices(conn, "text/ffp2-masks:piece", None)
    assert (group.grade, group.unit, group.currency, group.contracts) == ("ffp2", "piece", "BZD", 5)


def test_how_a_buyer_buys_is_told_with_what_it_is_of(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    told = [b.procurement("C1", "BZD 300"), b.procurement("C2", "BZD 100", supplier="Other Ltd", method="open")]
    told.append(b.procurement("C3", "USD 50", method="open"))
    del told[2].body["tender"]["procurementMethod"]
    b.published(sqlite_engine, settings, REGISTER, told)
    with store.reading(sqlite_engine) as conn:
        how = buying(conn, "BZ-LEDGER-ministry-of-health", None)
        assert not buying(conn, "BZ-LEDGER-example-medical-supplies-ltd", None).purchases, "it sold, it bought nothing"
    assert (how.purchases, how.told, how.direct) == (3, 2, 1)
    assert [(s.currency, s.percent, s.suppliers, s.contracts) for s in how.shares] == [
        ("BZD", 75, 2, 2),
        ("USD", 100, 1, 1),
    ]
    page = words(site.get("/en/buyer/BZ-LEDGER-ministry-of-health").text)
    assert "1 of 2 purchases with a published method were direct awards. For 1 more it is not published." in page
    assert "75 % of what was agreed in BZD went to the largest of 2 suppliers" in page


def test_no_page_of_a_firm_or_a_person_shows_a_check(
    sqlite_engine: sa.Engine, settings: Settings, site: TestClient
) -> None:
    b.published(sqlite_engine, settings, REGISTER, [b.procurement("C1", "BZD 100").payment("P1", "BZD 200")])
    told = site.get("/en/supplier/BZ-LEDGER-example-medical-supplies-ltd").text
    assert not [c for c in CHECKS.values() if c.text("en").title in told and c.code != "direct-award"]
    assert "How it buys" not in told


# --- as stored ------------------------------------------------------------------------------------------------------


def busy(chance: random.Random) -> list[b.Process]:
    told: list[b.Process] = []
    for n in range(8):
        if chance.random() < 0.25:
            continue
        it = b.procurement(
            f"C{n}",
            f"BZD {chance.choice([100, 105, 12345, 200])}",
            supplier=chance.choice(["One Ltd", "Two Ltd"]),
            method=chance.choice(["direct", "open"]),
            signed=f"2020-05-{chance.randint(10, 28)}",
        )
        it.item("FFP2 masks", 10, f"BZD {chance.choice([2, 3, 9])}", unit=chance.choice(["piece", "box of 50"]))
        if chance.random() < 0.5:
            it.payment("P1", f"BZD {chance.choice([50, 500])}")
        told.append(it)
    return told


@pytest.mark.parametrize("seed", range(4))
def test_what_is_stored_is_what_releases_alone_give(engine: sa.Engine, settings: Settings, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        b.published(engine, settings, REGISTER, busy(chance))
    assert projections.compare(engine) == []
    past = [matches(engine, n) for n in range(1, 6)]
    assert any(past)
    projections.rebuild(engine)
    assert projections.compare(engine) == [] and [matches(engine, n) for n in range(1, 6)] == past


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_publishing_several_records_changes_no_match(
    engine: sa.Engine, settings: Settings, seed: int
) -> None:
    chance = random.Random(seed)
    told = busy(chance)
    b.published(engine, settings, REGISTER, told)
    at_once = matches(engine)
    b.published(engine, settings, REGISTER, [b.procurement("C99", "BZD 1", method="open", supplier="Three Ltd")])
    chance.shuffle(told)
    for it in told:
        b.published(engine, settings, REGISTER, [it], mode="append")
    assert {m for m in matches(engine) if m[0] != "C99"} == at_once


@pytest.mark.parametrize(
    "statement",
    [
        sa.delete(tables.flags).where(tables.flags.c.group.is_not(None)),
        sa.delete(tables.flags).where(tables.flags.c.group.is_(None)),
        sa.update(tables.flags).values(version=99),
        sa.update(tables.checks).values(outcomes="a"),
        sa.delete(tables.comparables),
    ],
)
def test_a_check_that_was_tampered_with_is_seen(sqlite_engine: sa.Engine, settings: Settings, statement: Any) -> None:
    b.published(sqlite_engine, settings, REGISTER, [b.procurement("C1", "BZD 100"), b.procurement("C2", "BZD 100")])
    assert projections.compare(sqlite_engine) == []
    with store.writing(sqlite_engine) as conn:
        conn.execute(statement)
    assert projections.compare(sqlite_engine)


def test_publishing_one_record_reads_and_writes_only_its_own_groups(
    sqlite_engine: sa.Engine, settings: Settings
) -> None:
    many = [b.procurement(f"C{n}", "BZD 100", supplier=f"Supplier {n // 2}") for n in range(40)]
    b.published(sqlite_engine, settings, REGISTER, many)
    assert len([1 for _, c in matches(sqlite_engine) if c == "split-purchases"]) == 40
    b.published(sqlite_engine, settings, REGISTER, [many[0].worth("BZD 500")], mode="append")
    t = tables.flags
    with store.reading(sqlite_engine) as conn:
        closed = conn.execute(sa.select(t.c.ocid).where(t.c.to_publication == 2)).scalars().all()
    assert {o.split("-PRC-")[1] for o in closed} == {"C0", "C1"}


def test_a_store_of_the_version_before_gets_its_checks_at_the_first_start(
    engine: sa.Engine, settings: Settings
) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    there = matches(engine)
    with store.writing(engine) as conn:
        for name in ("subtotals", "spreads", "voice_acts", "voices", "flags", "comparables", "checks"):
            conn.exec_driver_sql(f"DROP TABLE {name}")
        conn.exec_driver_sql("DROP INDEX ix_arcs_order")
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    projections.migrate(engine)
    assert matches(engine) == there and projections.compare(engine) == []


def test_the_number_of_matches_leads_to_just_these_records(engine: sa.Engine, settings: Settings) -> None:
    told = [b.procurement("C1", "BZD 100"), b.procurement("C2", "BZD 7", method="open", supplier="Sample Builders")]
    b.published(engine, settings, REGISTER, told)
    with TestClient(create_app(settings, REGISTER, engine)) as site:
        found = site.get("/en/search.json?flag=direct-award").json()
        assert (found["count"], [i["ocid"] for i in found["items"]]) == (1, [told[0].ocid])
        assert "direct-award" in str(site.get("/en/search.json?flag=nonsense").json()["ignored"])
        assert site.get("/en/search.json?flag=nonsense").json()["count"] == 2
        page = site.get("/en/checks").text
        assert f"flag=direct-award&amp;jurisdiction={told[0].jurisdiction}" in page

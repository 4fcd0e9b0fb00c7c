"""The page that says why totals differ: every step and every make-up adds up, on anything and on the demonstration."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from ledger import subtotals, tables, totals
from ledger.reconciling import Step, makeup, steps
from ledger.settings import Settings
from public_site.app import create_app
from tests import builders as b
from tests.markup import text_of

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A database with nothing but arcs and their kept totals: any arcs can be put there, also ones that no record
    makes."""
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('arcs') / 'arcs.db'}")
    with engine.begin() as conn:
        for table in (tables.arcs, tables.subtotals):
            columns = [sa.Column(c.name, c.type) for c in table.columns]
            sa.Table(table.name, sa.MetaData(), *columns).create(conn)
    yield engine
    engine.dispose()


def arc(stage: str, ocid: str, amount: str | None, currency: str = "BZD", **more: Any) -> dict[str, Any]:
    crossing = {"receipt": "in", "payment": "out"}.get(stage, "internal")
    return {
        **dict.fromkeys(c.name for c in tables.arcs.columns),
        "ocid": ocid,
        "position": next(NUMBERS),
        "stage": stage,
        "event": stage,
        "crossing": crossing,
        "counted": True,
        "in_kind": False,
        "loan": False,
        "jurisdiction": "bz",
        "kind": "aid",
        "publisher": "p",
        "amount": None if amount is None else Decimal(amount),
        "currency": currency if amount else None,
        "from_publication": 1,
        "locator": "/",
        **more,
    }


def told(engine: sa.Engine, rows: list[dict[str, Any]]) -> tuple[list[Step], list[Any], list[totals.Total]]:
    with engine.connect() as conn:
        conn.execute(sa.insert(tables.arcs), rows)
        if kept := list(subtotals.again(conn)):
            conn.execute(sa.insert(tables.subtotals), kept)
        found = steps(conn, "bz"), makeup(conn, "bz"), totals.totals(conn, jurisdiction="bz")
        conn.rollback()
    return found


CENTS = st.none() | st.integers(-(10**6), 10**12).map(lambda n: f"{Decimal(n) / 100}")
ARCS = st.builds(
    lambda stage, ocid, amount, currency, in_kind, counted, link, area: arc(
        stage, ocid, amount, currency, in_kind=in_kind, counted=counted, programme=link, funding=link, area=area
    ),
    st.sampled_from(tables.STAGES),
    st.sampled_from("ABC"),
    CENTS,
    st.sampled_from(["BZD", "USD"]),
    st.booleans(),
    st.booleans(),
    st.none() | st.sampled_from("ABC"),
    st.none() | st.just("BZ-CZL"),
)


@given(st.lists(ARCS, min_size=1, max_size=25))
def test_every_step_and_every_total_adds_up(bare: sa.Engine, rows: list[dict[str, Any]]) -> None:
    found, made, sums = told(bare, rows)
    for step in found:
        assert step.holds, step
        assert step.open >= 0 and step.over >= 0
    assert {
        (m.stage, m.currency, m.in_kind, m.loan): (m.amount, m.figures, m.without_amount) for m in made if m.figures
    } == {t.line[1:]: (t.amount, t.arcs, t.without_amount) for t in sums}
    for m in made:
        assert m.inwards + m.outwards + m.inside == m.with_area + m.without_area == m.amount
    stages = {(t.stage, t.currency, t.in_kind): t.amount for t in sums}
    for step in found:
        if step.name == "paid":
            assert step.before == stages.get(("contract", step.currency, False), 0)
            assert step.after == stages.get(("payment", step.currency, False), 0)


def test_each_column_of_a_step_says_what_it_means(bare: sa.Engine) -> None:
    found, _, _ = told(
        bare,
        [
            arc("contract", "paid in part", "100"),
            arc("payment", "paid in part", "70"),
            arc("contract", "paid too much", "10"),
            arc("payment", "paid too much", "15"),
            arc("contract", "not paid", "5"),
            arc("payment", "without a contract", "3"),
            arc("contract", "in two currencies", "1000"),
            arc("payment", "in two currencies", "400", "USD"),
        ],
    )
    [bzd] = [s for s in found if (s.name, s.currency) == ("paid", "BZD")]
    amounts = (bzd.before, bzd.open, bzd.over, bzd.apart, bzd.after)
    assert amounts == tuple(map(Decimal, ("1115", "35", "5", "3", "88")))
    assert (bzd.links_open, bzd.unknown, bzd.unknown_before) == (2, 1, Decimal(1000))
    [usd] = [s for s in found if (s.name, s.currency) == ("paid", "USD")]
    assert (usd.after, usd.apart, usd.unknown_after) == (Decimal(400), Decimal(0), Decimal(400))


def test_a_promise_is_kept_by_money_that_came_without_a_signature(bare: sa.Engine) -> None:
    found, _, _ = told(bare, [arc("pledge", "A", "100"), arc("commitment", "A", "20"), arc("receipt", "A", "60")])
    assert [(s.name, s.open, s.over) for s in found[:2]] == [("signed", 40, 0), ("received", 0, 40)]


def test_it_adds_up_on_the_demonstration(demonstration: Path) -> None:
    engine = sa.create_engine(f"sqlite:///file:{demonstration / 'ledger.db'}?mode=ro&uri=true")
    with engine.connect() as conn:
        codes = list(conn.scalars(sa.select(tables.arcs.c.jurisdiction).distinct()))
        assert len(codes) >= 3
        for code in codes:
            assert all(s.holds for s in steps(conn, code))
            sums = {t.line[1:]: t.amount for t in totals.totals(conn, jurisdiction=code)}
            made = makeup(conn, code)
            assert {(m.stage, m.currency, m.in_kind, m.loan): m.amount for m in made if m.figures} == sums
    engine.dispose()


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> TestClient:
    b.published(engine, settings, b.register(), b.chain())
    return TestClient(create_app(settings, b.register(), engine))


def test_the_page_says_the_differences_and_pages_with_totals_lead_to_it(site: TestClient) -> None:
    page = site.get("/en/reconciliation/bz")
    assert page.status_code == 200
    data = site.get("/en/reconciliation/bz.json").json()
    shown = text_of(page.text)
    for step in data["steps"]:
        for name in ("before", "after"):
            assert f"{Decimal(step[name]):,.2f}" in shown, step
    assert {s["name"] for s in data["steps"]} >= {"agreed", "paid"}
    assert "From one step to the next" in shown and "What each total is made of" in shown
    for path in ("/en/jurisdiction/bz", f"/en/programme/{b.chain()[2].ocid}", "/en/area/BZ-CZL"):
        assert 'href="/en/reconciliation/bz' in site.get(path).text, path
    for address in set(re.findall(r'href="(/en/[^"#]*)"', page.text)):
        assert site.get(address.replace("&amp;", "&")).status_code == 200, address
    table = site.get("/en/reconciliation/bz.csv").text.splitlines()
    assert table[0].lstrip("\ufeff").startswith("stage,currency,in_kind") and len(table) == len(data["totals"]) + 1
    assert site.get("/en/reconciliation/nowhere").status_code == 404


def test_of_the_past_it_says_what_was_known_then(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    now = site.get("/es/reconciliation/bz.json").json()
    b.published(engine, settings, b.register(), [*b.chain(), b.aid("A77").pledge("BZD 5")])
    site.get("/es/reconciliation/bz")
    assert site.get("/es/reconciliation/bz.json?asof=1").json()["steps"] == now["steps"]
    assert site.get("/es/reconciliation/bz.json").json()["steps"] != now["steps"]

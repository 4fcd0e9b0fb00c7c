"""Kept totals against the same added up from every figure, now and at every earlier publication, on both engines."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ledger import flows, projections, store, subtotals, tables
from ledger.arcs import GOODS_ONLY
from ledger.checks.compared import Comparable, spread
from ledger.checks.stored import spreads
from ledger.reading import Wanted
from ledger.settings import Settings
from ledger.totals import added, at_publication, each, movements, totals
from tests import builders as b

REGISTER = b.register()
PUBLICATIONS = 5


def _told(chance: random.Random) -> list[b.Process]:
    found: list[b.Process] = []
    grant = b.aid("AID-1").pledge("USD 500,000").disbursement(f"USD {chance.randint(1, 10**5)}")
    found.append(grant)
    for n in range(7):
        if chance.random() < 0.3:
            continue  # taken back, or not yet there
        worth = f"BZD {chance.randint(1, 10**6)}.{chance.randint(0, 99):02d}" if chance.random() < 0.8 else None
        buyer = chance.choice(["Ministry of Health", "Example Town Council"])
        buy = b.procurement(f"C{n}", worth, buyer=buyer, supplier=f"Supplier {n % 5}")
        if worth and n in (1, 4):
            buy.funded(grant, "BZD 1")
        area = chance.choice(["BZ-CZL", "BZ-BZ"])
        if n != 3:  # one says nothing of where it went
            buy.item("N95 respirators", chance.randint(1, 9), f"BZD {chance.randint(1, 40)}", area=area)
        for p in range(chance.randint(0, 3)):
            day = chance.choice(["2020-05-14", "2020-06-19"])
            buy.payment(f"P{p}", f"BZD {chance.randint(1, 10**4)}", on=day)
        found.append(buy)
    for n in range(3):
        gift = b.gift(f"G{n}", donor=f"Donor {chance.randint(1, 2)}").item("masks", 50)
        found.append(gift.receipt(f"USD {chance.randint(1, 10**5)}" if chance.random() < 0.6 else None))
    return found


@pytest.fixture
def busy(engine: sa.Engine, settings: Settings, request: pytest.FixtureRequest) -> sa.Engine:
    chance = random.Random(4)
    for _ in range(PUBLICATIONS):
        b.published(engine, settings, REGISTER, _told(chance))
    return engine


def test_what_is_kept_is_what_adding_up_gives(busy: sa.Engine) -> None:
    asked = 0
    with store.reading(busy) as conn:
        for at in (None, *range(1, PUBLICATIONS + 1)):
            for by in ("", *subtotals.BY):
                codes = [""] if not by else conn.scalars(sa.select(tables.arcs.c[by]).distinct()).all()
                for code in (c for c in codes if c is not None):
                    narrow = {by: code} if by else {}
                    for more in ({}, {"crossing": "out"}, {"stage": "payment"}, {"currency": ["BZD", "USD"]}):
                        assert subtotals.answering({**narrow, **more}) is not None
                        assert totals(conn, at, **narrow, **more) == added(conn, at, **narrow, **more), (
                            at,
                            narrow,
                            more,
                        )
                        asked += bool(totals(conn, at, **narrow, **more))
    assert asked > 200


def test_two_filters_at_once_are_added_up(busy: sa.Engine) -> None:
    asked = {"area": "BZ-CZL", "payer": "BZ-LEDGER-ministry-of-health"}
    assert subtotals.answering(asked) is None
    with store.reading(busy) as conn:
        both = totals(conn, **asked)
        assert both and both == added(conn, **asked)


@pytest.mark.parametrize("crossing", ["", "in", "out"])
def test_months_and_areas_of_a_line_are_the_same_kept_and_added_up(
    busy: sa.Engine, monkeypatch: pytest.MonkeyPatch, crossing: str
) -> None:
    wanted = Wanted(jurisdiction="bz", crossing=crossing)
    with store.reading(busy) as conn:
        lines = [(at, line) for at in (None, 2) for line in flows.lines(conn, wanted, at)]
        kept = [(flows.moments(conn, x, wanted, at), flows.places(conn, x, wanted, at)) for at, x in lines]
        monkeypatch.setattr(flows, "_is_whole", lambda *_: False)
        asked = [(flows.moments(conn, x, wanted, at), flows.places(conn, x, wanted, at)) for at, x in lines]
    assert len(lines) > (1 if crossing else 6)
    for (months, places), (months_asked, places_asked) in zip(kept, asked, strict=True):
        assert months == months_asked
        assert sorted(places, key=lambda p: p.area or "") == sorted(places_asked, key=lambda p: p.area or "")
    assert crossing or (any(len(months) > 1 for months, _ in kept) and any(len(places) > 1 for _, places in kept))


def _followed(conn: sa.Connection, line: flows.Line, at: int | None) -> dict[str, dict[str | None, Decimal]]:
    """Each column of a line, followed figure by figure: the judge of what the database adds up."""
    planned = line.stage in ("pledge", "commitment", "receipt", "allocation")
    giving = planned and line.stage != "allocation"
    found: dict[str, dict[str | None, Decimal]] = {role: {} for role in flows.COLUMNS[line.stage]}
    for arc in movements(conn, at, **line.filters()):
        if not arc.counted or arc.event == GOODS_ONLY or arc.amount is None:
            continue
        donor = arc.payer if planned else None
        if donor is None and arc.funding:
            donors = [p for p, r in _roles(conn, arc.funding, at) if r in ("donor", "sourceParty", "funder")]
            donor = (donors[0] if len(set(donors)) == 1 else arc.funding) if donors else None
        told = {
            "donor": donor,
            "programme": arc.programme or (None if giving else arc.funding),
            "buyer": arc.payee if planned else arc.payer,
            "supplier": arc.payee,
            "receiver": arc.payee,
            "area": arc.area,
        }
        for role, column in found.items():
            column[told[role]] = column.get(told[role], Decimal(0)) + arc.amount
    return found


def _roles(conn: sa.Connection, ocid: str, at: int | None) -> list[tuple[str, str]]:
    p = tables.record_parties
    return [(party, role) for party, role in conn.execute(
        sa.select(p.c.party, p.c.role).where(p.c.ocid == ocid, at_publication(p, at))
    )]  # fmt: skip


@pytest.mark.parametrize("limit", [flows.NODES_MAX, 6])
def test_flows_are_what_following_every_figure_gives(
    busy: sa.Engine, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    wanted = Wanted(jurisdiction="bz")
    seen = hidden = 0
    with store.reading(busy) as conn:
        for kept in (True, False):
            if not kept:
                monkeypatch.setattr(flows, "_is_whole", lambda *_: False)
            for at in (None, 2):
                for line in flows.lines(conn, wanted, at):
                    told = _followed(conn, line, at)
                    drawn, _ = flows.flows(conn, line, wanted, at, limit)
                    for n, (role, column) in enumerate(zip(drawn.roles, drawn.columns, strict=True)):
                        nodes = [m for node in column for m in (node.members or (node,))]
                        assert {m.id: m.amount for m in nodes} == told[role], (role, line)
                        for node in column:
                            seen += 1
                            hidden += bool(node.members)
                            out = [b.amount for b in drawn.bands if (b.column, b.source) == (n, node.id)]
                            into = [b.amount for b in drawn.bands if (b.column, b.target) == (n - 1, node.id)]
                            assert n == len(drawn.roles) - 1 or sum(out, Decimal(0)) == node.amount
                            assert n == 0 or sum(into, Decimal(0)) == node.amount
    assert seen > 50 and (hidden > 0 or limit > 6)


def test_kept_spreads_are_those_of_the_prices(busy: sa.Engine) -> None:
    with store.reading(busy) as conn:
        for at in (None, 1, 3):
            groups = [g for g in conn.scalars(sa.select(tables.comparables.c.group).distinct()) if "unit-price" in g]
            c = tables.comparables
            prices: dict[str, list[Comparable]] = {}
            for row in conn.execute(sa.select(c).where(c.c.group.in_(groups), at_publication(c, at))).mappings():
                fields = {k: row[k] for k in Comparable.__dataclass_fields__}
                prices.setdefault(row["group"], []).append(Comparable(**fields))
            assert spreads(conn, groups, at) == {g: spread(told) for g, told in prices.items()}
            assert prices


def test_they_follow_from_the_arcs_and_a_wrong_one_is_named(busy: sa.Engine) -> None:
    assert projections.compare(busy) == []
    t = tables.subtotals
    one = (t.c.by == "", t.c.crossing == "", t.c.stage == "payment", t.c.to_publication.is_(None))
    with store.writing(busy) as conn:
        conn.execute(sa.update(t).where(*one).values(amount=Decimal("1")))
    assert any("subtotals" in line and "differs in amount" in line for line in projections.compare(busy))
    projections.rebuild(busy)
    assert projections.compare(busy) == []


def test_a_store_of_the_version_before_gets_them_at_the_first_start(busy: sa.Engine) -> None:
    with store.reading(busy) as conn:
        there = totals(conn), each(conn, "area")
    with store.writing(busy) as conn:
        for name in ("subtotals", "spreads"):
            conn.exec_driver_sql(f"DROP TABLE {name}")
        conn.exec_driver_sql("DROP INDEX ix_arcs_order")
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    projections.migrate(busy)
    with store.reading(busy) as conn:
        assert (totals(conn), each(conn, "area")) == there
    assert projections.compare(busy) == []


def test_one_changed_record_turns_the_totals_that_it_is_in_and_no_other(engine: sa.Engine, settings: Settings) -> None:
    many = [b.procurement(f"C{n}", "BZD 10", supplier=f"Supplier {n}").payment("P", "BZD 5") for n in range(60)]
    b.published(engine, settings, REGISTER, many)
    b.published(engine, settings, REGISTER, [b.procurement("C7", "BZD 11", supplier="Supplier 7")], mode="append")
    t = tables.subtotals
    with store.reading(engine) as conn:
        written = conn.execute(sa.select(t.c.by, t.c.code).where(t.c.from_publication == 2)).all()
        everything = conn.scalar(sa.select(sa.func.count()).select_from(t))
    assert {code for by, code in written if by == "payee"} == {"BZ-LEDGER-supplier-7"}
    assert len(written) < 40 < (everything or 0) / 4

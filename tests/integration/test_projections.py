"""Totals in SQL against totals from arcs in memory; pages of the past; projections made again from releases."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ledger import projections, store, tables
from ledger.arcs import Arc, arcs
from ledger.projections import number_key
from ledger.settings import Settings
from ledger.totals import at_publication, movements, of_arcs, reconciliation, totals
from tests import builders as b

REGISTER = b.register()


def arcs_of(*told: b.Process) -> list[Arc]:
    return [a for p in told for a in arcs({**p.draft.body, "ocid": p.ocid}, p.kind, p.jurisdiction, p.publisher)]


def busy_ledger(engine: sa.Engine, settings: Settings, seed: int) -> None:
    """A few publications that add, change, withdraw and bring back."""
    chance = random.Random(seed)
    for _ in range(5):
        told: list[b.Process] = []
        for n in range(6):
            if chance.random() < 0.3:
                continue
            buy = b.procurement(f"C{n}", f"BZD {chance.randint(1, 10**6)}.{chance.randint(0, 99):02d}")
            for p in range(chance.randint(0, 3)):
                buy.payment(f"P{p}", f"BZD {chance.randint(1, 10**4)}")
            told.append(buy)
        for n in range(3):
            gift = b.gift(f"G{n}", donor=f"Donor {chance.randint(1, 2)}").item("masks", chance.randint(1, 99))
            told.append(gift.receipt(f"USD {chance.randint(1, 10**5)}" if chance.random() < 0.7 else None))
        b.published(engine, settings, REGISTER, told)


def test_totals_in_sql_are_the_totals_of_the_arcs(engine: sa.Engine, settings: Settings) -> None:
    told = b.chain()
    b.published(engine, settings, REGISTER, told)
    with store.reading(engine) as conn:
        assert totals(conn) == of_arcs(arcs_of(*told))
        assert movements(conn, ocid=told[3].ocid) == arcs_of(told[3])


@pytest.mark.parametrize(
    ("filters", "keeps"),
    [
        ({"stage": "payment"}, lambda a: a.stage == "payment"),
        ({"stage": ["payment", "contract"]}, lambda a: a.stage in ("payment", "contract")),
        ({"currency": "USD"}, lambda a: a.currency == "USD"),
        ({"area": "BZ-CZL"}, lambda a: a.area == "BZ-CZL"),
        ({"payer": "BZ-LEDGER-ministry-of-health"}, lambda a: a.payer == "BZ-LEDGER-ministry-of-health"),
        ({"party": "BZ-LEDGER-ministry-of-health"}, lambda a: "BZ-LEDGER-ministry-of-health" in (a.payer, a.payee)),
        ({"funding": f"{b.PREFIX}-mof-AID-AID-1"}, lambda a: a.funding == f"{b.PREFIX}-mof-AID-AID-1"),
        ({"programme": f"{b.PREFIX}-mof-PRG-PRG-1"}, lambda a: a.programme == f"{b.PREFIX}-mof-PRG-PRG-1"),
        ({"item_key": "text/n95-respirators:piece"}, lambda a: a.item_key == "text/n95-respirators:piece"),
        ({"kind": "aid", "in_kind": True}, lambda a: a.kind == "aid" and a.in_kind),
        ({"ocids": [f"{b.PREFIX}-mof-PRC-PRC-1"]}, lambda a: a.kind == "procurement"),
        ({"jurisdiction": "gh"}, lambda a: False),
        ({"since": "2020-05-01", "until": "2020-05-31"}, lambda a: a.on and "2020-05-01" <= a.on <= "2020-05-31"),
    ],
)
def test_every_filter_means_the_same_in_sql(engine: sa.Engine, settings: Settings, filters, keeps) -> None:  # type: ignore[no-untyped-def]
    b.published(engine, settings, REGISTER, b.chain())
    with store.reading(engine) as conn:
        assert totals(conn, **filters) == of_arcs(a for a in arcs_of(*b.chain()) if keeps(a))


def test_jurisdictions_never_meet_in_a_total(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1", "USD 5")])
    b.published(
        engine, settings, REGISTER, [b.procurement("C1", "USD 7", publisher="ppa", jurisdiction="gh")], publisher="ppa"
    )
    with store.reading(engine) as conn:
        assert [(t.jurisdiction, t.amount) for t in totals(conn)] == [("bz", 5), ("gh", 7)]


def test_any_past_publication_can_be_asked(engine: sa.Engine, settings: Settings) -> None:
    for value in ("BZD 10", "BZD 20", "BZD 30"):
        b.published(engine, settings, REGISTER, [b.procurement("C1", value)])
    with store.reading(engine) as conn:
        assert [totals(conn, at=n)[0].amount for n in (1, 2, 3)] == [10, 20, 30]
        assert totals(conn)[0].amount == 30


def test_cash_and_goods_are_reconciled_and_the_difference_is_stated(engine: sa.Engine, settings: Settings) -> None:
    grant = b.aid("A1").receipt("BZD 100").refund("BZD 10")
    masks = b.gift("G1").item("masks", 50).receipt("BZD 500").delivery("D1", "1", 60, "BZ-CZL", "Clinic")
    b.published(engine, settings, REGISTER, [grant, masks, b.procurement("C1").payment("P1", "BZD 70")])
    with store.reading(engine) as conn:
        told = reconciliation(conn, "bz")
    [cash], [goods] = told.cash, told.goods
    assert (cash.received, cash.paid, cash.difference) == (90, 70, 20), "the gift in kind is not cash"
    assert (goods.received, goods.distributed, goods.remaining) == (50, 60, -10), "more than came in is shown"


def test_sums_of_many_cents_are_exact_in_the_database(engine: sa.Engine, settings: Settings) -> None:
    many = [b.procurement(f"C{n}", "BZD 0.10") for n in range(30)]
    b.published(engine, settings, REGISTER, many)
    with store.reading(engine) as conn:
        [total] = totals(conn)
    assert total.amount == Decimal("3.00") and total.processes == 30


@pytest.mark.parametrize("seed", range(3))
def test_projections_rebuilt_from_releases_are_those_that_publishing_made(
    engine: sa.Engine, settings: Settings, seed: int
) -> None:
    busy_ledger(engine, settings, seed)
    assert projections.compare(engine) == []

    names = ("records", "record_parties", "arcs", "parties", "numbers", "party_names")
    names += ("checks", "flags", "comparables", "spreads", "subtotals")

    def everything() -> dict[str, set[str]]:
        with store.reading(engine) as conn:
            return {
                n: {
                    repr(sorted(dict(r).items())) for r in conn.execute(sa.select(tables.metadata.tables[n])).mappings()
                }
                for n in names
            }

    before = everything()
    projections.rebuild(engine)
    assert everything() == before and projections.compare(engine) == []


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        (sa.update(tables.arcs).values(amount=Decimal(1)).where(tables.arcs.c.stage == "payment"), "differs in amount"),
        (sa.delete(tables.records).where(tables.records.c.kind == "aid"), "is missing"),
        (sa.update(tables.records).values(title="x"), "differs in title"),
        (sa.delete(tables.record_parties), "record_parties"),
        (sa.update(tables.parties).values(name="x"), "parties"),
        (sa.delete(tables.numbers), "numbers"),
    ],
)
def test_a_projection_that_was_tampered_with_is_named(
    engine: sa.Engine, settings: Settings, statement: sa.Executable, seen: str
) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        conn.execute(statement)

    assert any(seen in line for line in projections.compare(engine))

    projections.rebuild(engine)
    assert projections.compare(engine) == []


def test_projecting_again_what_a_publication_holds_gives_the_same(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, b.chain())
    with store.writing(engine) as conn:
        own = ("records", "record_parties", "arcs", "numbers", "checks", "flags", "comparables", "spreads", "subtotals")
        for name in (*own, "party_names", "parties"):
            conn.execute(sa.delete(tables.metadata.tables[name]))
        projections.project(conn, [p.ocid for p in b.chain()], 1)
    assert projections.compare(engine) == []


def test_a_party_keeps_its_first_spelling_and_is_found_by_every_one(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1", supplier="Acme Ltd")])
    b.published(engine, settings, REGISTER, [b.procurement("C1"), b.procurement("C2", supplier="ACME LTD")])
    with store.reading(engine) as conn:
        t = tables.parties
        here = conn.scalars(sa.select(t.c.name).where(t.c.id == "BZ-LEDGER-acme-ltd", at_publication(t, None))).all()
        names = conn.scalars(
            sa.select(tables.party_names.c.name).where(tables.party_names.c.party == "BZ-LEDGER-acme-ltd")
        )
        assert here == ["Acme Ltd"] and set(names) == {"Acme Ltd", "ACME LTD"}


def test_search_text_has_no_accents_and_no_capitals(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, REGISTER, [b.procurement("C1", title="Máscaras para CAYO", supplier="Ñandú S.A.")])
    with store.reading(engine) as conn:
        text = conn.scalar(sa.select(tables.records.c.search_text)) or ""
    assert {"mascaras", "cayo", "nandu", "c1"} <= set(text.split())


def test_numbers_agree_however_they_are_typed() -> None:
    assert number_key("c/14-2020") == number_key("C 14 2020") == "C142020"

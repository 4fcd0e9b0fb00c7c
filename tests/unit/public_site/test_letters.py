"""The letter names exactly what a record lacks, in both languages, and invents neither address nor law."""

from __future__ import annotations

from typing import Any

from ledger import arcs, catalogue
from ledger.reading import Process
from public_site import letters
from tests import builders as b

LAW = {"en": "Freedom of Information Act", "es": "Ley de Libertad de Información"}


def record(p: b.Process, *, withdrawn: bool = False) -> tuple[Process, list[arcs.Arc]]:
    told: dict[str, Any] = {"ocid": p.ocid, "title": p.title, **p.body}
    it = Process(
        p.ocid, p.kind, p.jurisdiction, p.publisher, p.title, "2020-07-01", "2020-07-01", None, None, 1, withdrawn,
        told, told,
    )  # fmt: skip
    return it, arcs.arcs(told, kind=p.kind, jurisdiction=p.jurisdiction, publisher=p.publisher)


def codes(p: b.Process) -> list[str]:
    return [g.code for g in letters.gaps(*record(p))]


def about(p: b.Process, **more: Any) -> letters.About:
    it, figures = record(p)
    told: dict[str, Any] = {"office": "Ministry of Health", "contact": "", "law": {}} | more
    return letters.About(
        it, figures, {}, **told, ledger="Ledger", site="https://x.org", number=3, published="2020-07-01T12:00:00Z"
    )


def test_a_purchase_lacks_what_nobody_wrote_and_nothing_else() -> None:
    purchase = b.procurement("C1").item("Masks", 100)
    assert codes(purchase) == [
        "procurement.period.start",
        "procurement.period.end",
        "procurement.item.unitValue",
        "source",
        "payments.amount",
        "payments.date",
        "deliveries.item.quantity",
        "deliveries.date",
        "deliveries.place",
        "deliveries.recipient.name",
        "documents",
    ]


def test_what_is_filled_in_is_not_asked_for() -> None:
    grant = b.aid("A1").receipt("BZD 100")
    purchase = (
        b.procurement("C1", "BZD 100")
        .item("Masks", 100, "BZD 1")
        .funded(grant, "BZD 100")
        .payment("PV-1", "BZD 100")
        .delivery("D-1", "1", 100, "BZ-CZL", "Clinic")
    )
    purchase.contract["period"] = {"startDate": b.day("2020-05-13"), "endDate": b.day("2020-06-13")}
    purchase.contract["documents"] = [{"id": "1", "url": "https://example.org/c.pdf"}]
    assert codes(purchase) == []
    text = letters.question(about(purchase), (), "en")
    assert "[Write your question here.]" in text


def test_the_parts_that_lack_it_are_named_and_zero_is_something() -> None:
    purchase = b.procurement("C1").item("Masks", 0, "BZD 1").item("Gowns", 5).item("Gloves", 6, "BZD 0")
    gap = next(g for g in letters.gaps(*record(purchase)) if g.code == "procurement.item.unitValue")
    assert gap.parts == ("Gowns",)
    assert gap.label("en") == "Unit value (contracts and purchases): missing for “Gowns”"
    assert gap.label("es") == "Valor unitario (contratos y compras): falta en “Gowns”"
    assert "procurement.item.quantity" not in codes(purchase)


def test_each_kind_is_asked_for_what_it_can_have() -> None:
    money = codes(b.aid("A1").pledge("USD 5"))
    assert {"aid.commitment.amount", "aid.disbursement.amount", "aid.disbursement.date"} <= set(money)
    assert not any("item" in c or c.startswith("deliveries") for c in money)
    goods = codes(b.gift("G1").item("Masks", 5).receipt("USD 5", relatedItems=["1"]))
    assert {"deliveries.item.quantity", "donations.valuation.method"} <= set(goods)
    assert "aid.commitment.amount" not in goods and "aid.disbursement.amount" not in goods
    budget = codes(b.programme("P1", None))
    assert {"programmes.amount", "programmes.source.name"} <= set(budget)
    assert not any(c.startswith(("payments", "procurement")) for c in budget)


def test_every_gap_has_the_label_of_the_officers_template_in_both_languages() -> None:
    for p in (b.procurement("C1", None), b.aid("A1"), b.gift("G1"), b.programme("P1", None), *b.chain()):
        for gap in letters.gaps(*record(p)):
            if gap.field:
                assert catalogue.kind(gap.dataset).field(gap.field).is_public
            assert gap.label("en") and gap.label("es") and gap.label("en") != gap.label("es"), gap


def test_of_a_withdrawn_record_only_the_reason_is_asked() -> None:
    it, figures = record(b.procurement("C1"), withdrawn=True)
    assert [g.code for g in letters.gaps(it, figures)] == ["withdrawn"]


def test_the_letter_carries_the_record_its_lasting_address_and_its_figures() -> None:
    purchase = b.procurement("C1", "BZD 380,000", title="Masks {office}\nfor clinics")
    ask = about(purchase, law=LAW, contact="questions@example.org")
    gaps = letters.gaps(ask.it, ask.figures)
    english, spanish = letters.letter(ask, gaps, "en"), letters.letter(ask, gaps, "es")
    for text in (english, spanish):
        assert "Masks {office} for clinics" in text and purchase.ocid in text and "questions@example.org" in text
        assert "BZD\u00a0380,000.00" in text
    assert f"https://x.org/en/process/{purchase.ocid}?asof=3" in english
    assert f"https://x.org/es/process/{purchase.ocid}?asof=3" in spanish
    assert "publication 3 of 1 July 2020" in english and "publicación 3 del 1 de julio de 2020" in spanish
    assert "Under the Freedom of Information Act, I ask" in english
    assert "De acuerdo con la Ley de Libertad de Información, solicito" in spanish
    assert all(g.label("en") in english and g.label("es") in spanish for g in gaps)


def test_without_law_and_contact_none_is_invented() -> None:
    text = letters.letter(about(b.procurement("C1")), (), "en")
    assert text.startswith("To: Ministry of Health\n\nDate:")
    assert "the law on access to public information that applies" in text

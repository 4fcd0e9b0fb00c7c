"""Which process is this row? What an office may do to its file without a process losing its address."""

from __future__ import annotations

from decimal import Decimal

from importers import identity
from importers.drafts import build
from importers.identity import Fingerprint, fingerprint, joined, minted, number_slug, ocid, recognised, says, slug
from importers.staging import Parsed
from ledger.values import CellRef, Money, Sha256
from tests.sheets import Line, Memory, context, sheet

CELL = CellRef(Sha256("0" * 64), "Data", "A1")


def row(**values: object) -> dict[str, Parsed]:
    return {k.replace("_", "."): Parsed(v, str(v), CELL) for k, v in values.items()}


def remembered(*prints: Fingerprint) -> list[Line]:
    return [Line(f"ocid-{n}", "", p.strong, p.weak, n) for n, p in enumerate(prints)]


def ocids(found: list[identity.Remembered | None]) -> list[str]:
    return [r.ocid if r else "new" for r in found]


def gift(donor: str, amount: str, item: str = "masks") -> Fingerprint:
    return fingerprint(
        row(donor_name=donor, item_description=item, amount=Money(Decimal(amount), "BZD"), row_number="7")
    )


def test_slug_keeps_what_makes_two_names_different() -> None:
    assert slug("Karl Heusner Mem. Hospital") == "Karl-Heusner-Mem-Hospital"
    assert slug("José Ñáñez") == "Jose-Nanez"
    assert slug("Клиника 1") != slug("Школа 1")
    assert len(slug("x" * 300)) <= identity.SLUG_MAX
    assert slug("x" * 300) != slug("x" * 301)


def test_a_number_is_one_number_however_it_is_punctuated() -> None:
    assert number_slug("gr/moh/0047 2020") == number_slug("GR-MOH-0047-2020") == "GR-MOH-0047-2020"


def test_an_ocid_is_read_from_left_to_right() -> None:
    assert ocid("ocds-213czf", "moh", "procurement", "C-14") == "ocds-213czf-moh-PRC-C-14"


def test_minted_ids_come_from_content_and_never_collide() -> None:
    one = minted(["a"], set())
    assert one == minted(["a"], set()) != minted(["b"], set())
    assert minted(["a"], {one}) != one


def test_the_row_number_is_no_part_of_a_fingerprint() -> None:
    a = fingerprint(row(donor_name="Rotary", row_number="1"))
    assert a == fingerprint(row(donor_name="Rotary", row_number="2"))


def test_a_remembered_row_can_be_asked_what_it_said() -> None:
    assert says(gift("Rotary", "10").weak, "donor.name", "Rotary")
    assert not says(gift("Rotary", "10").weak, "donor.name", "Lions")


def test_rows_in_another_order_are_the_same_rows() -> None:
    a, b, c = gift("A", "1"), gift("B", "2"), gift("C", "3")
    assert ocids(recognised([c, a, b], remembered(a, b, c))) == ["ocid-2", "ocid-0", "ocid-1"]


def test_a_row_put_in_the_middle_is_new_and_moves_nobody() -> None:
    a, b, new = gift("A", "1"), gift("B", "2"), gift("A", "7", "gloves")
    assert ocids(recognised([a, new, b], remembered(a, b))) == ["ocid-0", "new", "ocid-1"]


def test_a_corrected_amount_is_the_same_row() -> None:
    a, b = gift("A", "1"), gift("B", "2")
    assert ocids(recognised([a, gift("B", "20")], remembered(a, b))) == ["ocid-0", "ocid-1"]


def test_a_corrected_spelling_is_the_same_row_when_most_of_it_agrees() -> None:
    typed = row(donor_name="Rotray Club", item_description="masks", date="2020-05-01", place="BZ-CZL")
    better = row(donor_name="Rotary Club", item_description="masks", date="2020-05-01", place="BZ-CZL")
    assert ocids(recognised([fingerprint(better)], remembered(fingerprint(typed)))) == ["ocid-0"]


def test_another_gift_in_the_place_of_a_deleted_one_is_new() -> None:
    a = fingerprint(row(donor_name="Rotary", item_description="masks", date="2020-05-01"))
    b = fingerprint(row(donor_name="Lions", item_description="beds", date="2020-06-01"))
    assert ocids(recognised([b], remembered(a))) == ["new"]


def test_equal_rows_stay_two() -> None:
    a = gift("A", "1")
    assert ocids(recognised([a, a], remembered(a, a))) == ["ocid-0", "ocid-1"]
    assert ocids(recognised([a, a, a], remembered(a, a))) == ["ocid-0", "ocid-1", "new"]


def test_rows_that_are_one_thing_together_are_known_in_any_order() -> None:
    a, b = gift("A", "1"), gift("B", "2")
    assert joined([a, b]).strong == joined([b, a]).strong != a.strong
    assert joined([a]) == a


def test_equal_rows_are_named_both_in_a_warning() -> None:
    gifts = sheet(
        "donations", "donor.name | item.description | amount", "A | masks | BZD 1", "B | x | BZD 2", "A | masks | BZD 1"
    )
    built = build([gifts], context())
    assert len(built.drafts["donations"]) == 3
    twins = [f for f in built.findings if f.code == "R001"]
    assert [f.params["rows"] for f in twins] == ["2, 4"]


def test_one_number_of_two_buyers_makes_two_processes() -> None:
    bought = sheet(
        "procurement",
        "process.id | title | buyer.name | supplier.name | amount",
        "1/2020 | Roof | City of A | Acme | GHS 5",
        "1/2020 | Road | City of B | Acme | GHS 6",
    )
    built = build([bought], context())
    assert len({d.ocid for d in built.drafts["procurement"]}) == 2
    assert "R002" in {f.code for f in built.findings}


def test_a_buyer_keeps_its_address_when_another_one_takes_the_same_number() -> None:
    header = "process.id | title | buyer.name | supplier.name | amount"
    mine, other = "1/2020 | Roof | City of A | Acme | GHS 5", "1/2020 | Road | City of B | Acme | GHS 6"
    before = build([sheet("procurement", header, mine)], context())
    after = build([sheet("procurement", header, other, mine)], context(Memory().keep(before)))
    roof = {d.body["title"]: d.ocid for d in after.drafts["procurement"]}["Roof"]
    assert roof == before.drafts["procurement"][0].ocid == "ocds-213czf-moh-PRC-1-2020"
    again = build([sheet("procurement", header, other, mine)], context(Memory().keep(after)))
    assert [d.ocid for d in again.drafts["procurement"]] == [d.ocid for d in after.drafts["procurement"]]


def test_a_second_contract_of_a_lot_does_not_rename_the_first() -> None:
    header = "process.id | lot.id | title | buyer.name | supplier.name | amount"
    first, second = "T-1 | 1 | Roof | City | Acme | GHS 5", "T-1 | 1 | Roof | City | Zeta | GHS 7"
    before = build([sheet("procurement", header, first)], context())
    memory = Memory().keep(before)
    for _ in range(2):
        after = build([sheet("procurement", header, second, first)], context(memory))
        ids = {c["value"]["amount"]: c["id"] for c in after.drafts["procurement"][0].body["contracts"]}
        assert ids[5] == "lot-1" != ids[7]
        memory = Memory().keep(after)

"""Who speaks for a process, and when what is said of it can stand alone."""

from __future__ import annotations

from ledger.changes import Statement
from ledger.proposals import cells_packed, cells_unpacked, chunks, standing_of
from ledger.values import Scope
from tests import builders as b


def test_a_process_is_its_first_datasets_publishers() -> None:
    buy = b.procurement("C1", publisher="moh").payment("P1", "BZD 5")
    told = [
        Statement(Scope("mof", "payments"), buy.part("payments"), 1),
        Statement(Scope("moh", "procurement"), b.procurement("C1", publisher="moh").draft, 2),
    ]

    standing = standing_of(told)

    assert standing is not None and standing.publisher == "moh"
    assert "implementation" in standing.draft.body["contracts"][0]


def test_payments_without_their_contract_cannot_stand_alone() -> None:
    buy = b.procurement("C1").payment("P1", "BZD 5")

    assert standing_of([Statement(Scope("mof", "payments"), buy.part("payments"), 1)]) is None
    assert standing_of([]) is None


def test_deliveries_of_a_gift_can_stand_alone() -> None:
    gift = b.gift("G1").item("masks", 5).delivery("D1", "1", 5, "BZ-CZL", "Clinic")

    assert standing_of([Statement(Scope("mof", "deliveries"), gift.draft, None)]) is not None


def test_the_evidence_of_a_draft_is_kept_word_for_word() -> None:
    cells = b.chain()[3].draft.cells

    assert cells_unpacked(cells_packed(cells)) == cells


def test_long_lists_are_asked_for_in_parts() -> None:
    assert [len(part) for part in chunks(range(1_001), 500)] == [500, 500, 1]

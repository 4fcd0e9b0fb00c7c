"""Pages that are kept: the same text for the same tag, never more than there is room for, the least used goes first."""

from __future__ import annotations

from public_site.kept import Kept


def test_what_was_asked_for_lately_stays() -> None:
    kept = Kept(most=10)
    kept.put("a", "1234")
    kept.put("b", "1234")
    assert kept.get("a") == "1234" and kept.get("c") is None
    kept.put("c", "123")
    assert kept.get("b") is None and kept.get("a") == "1234" and kept.get("c") == "123"


def test_room_is_counted_exactly() -> None:
    kept = Kept(most=10)
    for text in ("12345", "1", "12345678"):
        kept.put("a", text)
    assert kept.held == 8
    kept.put("too large", "x" * 11)
    assert kept.get("too large") is None and kept.held == 0

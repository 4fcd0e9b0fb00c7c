"""Totals as rows of stages, small drawings, plain words for places, and addresses that may be followed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from ledger.totals import Total
from public_site import charts
from public_site.pages import (
    about,
    all_pages,
    changes,
    checks,
    figure,
    follow,
    front,
    lists,
    parties,
    places,
    process,
    programme,
    publications,
    reconciled,
    shown,
    versions,
    voices,
)
from public_site.pages.labels import label_of
from public_site.web import address, plain, safe_url


def total(
    stage: str, amount: str, currency: str = "BZD", in_kind: bool = False, loan: bool = False, without: int = 0
) -> Total:
    return Total("bz", stage, currency, in_kind, loan, Decimal(amount), 1, 1, without)


def test_money_loans_and_goods_stand_side_by_side() -> None:
    rows = shown.stage_rows(
        [total("receipt", "10"), total("receipt", "20", loan=True), total("receipt", "5", in_kind=True)]
    )
    (row,) = rows
    assert row.cash and row.loan and row.in_kind
    assert (row.cash.amount, row.loan.amount, row.in_kind.amount) == (Decimal(10), Decimal(20), Decimal(5))


def test_two_currencies_are_two_rows_and_silence_is_counted() -> None:
    rows = shown.stage_rows(
        [total("contract", "10"), total("contract", "9", "USD"), total("contract", "0", "", without=3)]
    )
    assert [(r.currency, r.without_amount) for r in rows] == [("BZD", 0), ("USD", 0), ("", 3)]
    assert rows[2].cash is None


def test_bars_compare_within_one_currency_and_never_alone() -> None:
    rows = shown.stage_rows([total("contract", "200"), total("payment", "50"), total("payment", "7", "USD")])
    assert [r.bar for r in rows] == [1000, 250, 0]
    assert charts.share(Decimal(-5), Decimal(10)) == 0 and charts.share(Decimal("0.001"), Decimal(10)) == 1


def test_a_map_has_one_shape_an_area_and_none_without_boundaries(tmp_path: Path) -> None:
    drawn = charts.map_of(Path(__file__).parents[3] / "examples" / "geo" / "belize-districts.geojson")
    assert drawn and {s.code for s in drawn.shapes} == {"BZ-BZ", "BZ-CY", "BZ-CZL", "BZ-OW", "BZ-SC", "BZ-TOL"}
    north, south = ({s.code: s for s in drawn.shapes}[c] for c in ("BZ-CZL", "BZ-TOL"))
    assert north.y < south.y
    assert charts.map_of(tmp_path / "none.geojson") is None


def test_places_in_a_record_have_plain_words() -> None:
    assert "C-14" in label_of("/contracts/=C-14/value/amount", "en")
    assert label_of("/contracts/=C-14/value/amount", "en") != label_of("/contracts/=C-14/value/amount", "es")
    assert "/" not in label_of("/tender/somethingNew", "en")


def test_only_web_addresses_become_links() -> None:
    assert safe_url("https://example.org/a?b=1") == "https://example.org/a?b=1"
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https://",
        "ftp://x/y",
        "https://a b",
        None,
        "https://[x",
    ):
        assert safe_url(bad) == "", bad


def test_addresses_keep_the_past_and_quote_what_data_brings() -> None:
    assert address("en", 3, "process", "a/b c") == "/en/process/a%2Fb%20c?asof=3"
    assert address("es", None, "why", "x", at="/contracts/0") == "/es/why/x?at=%2Fcontracts%2F0"
    assert address("en", 3, "publication", 2, asof=2) == "/en/publication/2?asof=2"


def test_amounts_in_json_are_text() -> None:
    assert plain({"a": Decimal("10.5000")}) == {"a": "10.50"}


def test_every_module_of_pages_has_a_page_with_a_promise() -> None:
    homes = {page.__module__ for page in all_pages()}  # type: ignore[attr-defined]
    records = (about, changes, checks, figure, follow, front, lists, parties, places, process)
    modules = (*records, programme, publications, reconciled, versions, voices)
    assert homes == {m.__name__ for m in modules}
    assert all(page.policy == "public" and "json" in page.twins for page in all_pages())
    assert len({page.path for page in all_pages()}) == len(all_pages())

"""Search: the index and SQL answer alike, words are found as people type them, and no question breaks a page.

`ledger.reading` (SQL) is the judge of `ledger.searching.answers` (the index) on both databases: the same processes,
counts, totals and facets for any filters. Words are judged by examples: stems of two languages, accents, typos,
amounts, numbers.
"""

from __future__ import annotations

import itertools
import multiprocessing
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ledger import reading, searching, store
from ledger.reading import Found, Wanted
from ledger.searching import columns, index, words
from ledger.settings import Settings
from public_site import work
from public_site.app import create_app
from tests import builders as b


def ledger() -> list[b.Process]:
    """The chain, and processes with words in two languages, amounts, dates and offices that many filters tell apart."""
    found: list[b.Process] = list(b.chain())
    firms = ("Distribuidora Médica S.A.", "Island Traders Ltd.", "Clínica San José")
    for n in range(14):
        found.append(
            b.procurement(
                f"S-{n:02d}/2020",
                f"{('BZD', 'USD')[n % 2]} {1000 * (n + 1)}",
                title=("Compra de mascarillas", "Supply of vaccines", "Alquiler de camiones")[n % 3] + f" lote {n}",
                supplier=firms[n % 3],
                method=("open", "direct")[n % 2],
                signed=f"2020-{4 + n % 6:02d}-1{n % 9}",
            ).item("Guantes de nitrilo", 10 + n, "BZD 2.00", area=("BZ-CZL", "BZ-BZ")[n % 2])
        )
    return found


@pytest.fixture
def indexed(engine: sa.Engine, settings: Settings) -> sa.Engine:
    b.published(engine, settings, b.register(), ledger())
    searching.build(engine, settings, b.register())
    return engine


@pytest.fixture
def finder(indexed: sa.Engine, settings: Settings) -> searching.Finder:
    return searching.Finder(settings, b.register())


@pytest.fixture
def site(indexed: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, b.register(), indexed)) as client:
        client.headers["accept"] = "text/html"
        yield client


def wanted() -> st.SearchStrategy[Wanted]:
    """Any filters, of which most exist in the ledger."""
    some = {
        "kind": ("aid", "procurement", "programme", "nothing"),
        "stage": ("receipt", "contract", "payment", "delivery"),
        "jurisdiction": ("BZ", "XX"),
        "area": ("BZ-CZL", "BZ-BZ", "BZ-XX"),
        "donor": ("BZ-LEDGER-example-development-partner",),
        "supplier": ("BZ-LEDGER-island-traders-ltd", "BZ-LEDGER-example-medical-supplies-ltd"),
        "buyer": ("BZ-LEDGER-ministry-of-health",),
        "item": ("text/guantes-de-nitrilo:piece", "text/n95-respirators:piece"),
        "method": ("open", "direct"),
        "currency": ("BZD", "USD"),
        "since": ("2020-05", "2020-05-12"),
        "until": ("2020-06", "2020"),
        "crossing": ("in", "out"),
    }
    fields = {k: st.sampled_from(("", "", *v)) for k, v in some.items()}
    amounts = st.sampled_from((None, None, Decimal("2000"), Decimal("395000")))
    return st.builds(Wanted, **fields, least=amounts, most=amounts, sort=st.sampled_from(("newest", "title", "amount")))


def codes(found: Found) -> dict[str, dict[str, int]]:
    """Facets without their labels: which of several descriptions names a kind of goods is a matter of taste."""
    return {name: {f.code: f.count for f in several} for name, several in found.facets.items()}


def test_index_and_sql_answer_alike(indexed: sa.Engine, finder: searching.Finder) -> None:
    with store.reading(indexed) as conn:
        assert finder.answers(conn, None) is not None

        @hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(wanted())
        @example(Wanted())
        @example(Wanted(stage="contract", area="BZ-BZ", currency="USD"))
        def alike(asked: Wanted) -> None:
            fast, sure = finder.search(conn, asked, None, 5), reading.search(conn, asked, None, 5)
            assert fast.count == sure.count
            assert fast.totals == sure.totals
            assert codes(fast) == codes(sure)
            assert [r.ocid for r in fast.rows] == [r.ocid for r in sure.rows]
            assert fast.rows == sure.rows and fast.after == sure.after

        alike()


def test_each_facet_counts_what_choosing_it_shows(indexed: sa.Engine, finder: searching.Finder) -> None:
    with store.reading(indexed) as conn:
        for asked in (Wanted(), Wanted(stage="contract", method="open"), Wanted(q="mascarillas", sort="relevance")):
            found = finder.search(conn, asked, None)
            assert found.facets
            for name, several in found.facets.items():
                for facet in several:
                    chosen = (
                        replace(asked, since=facet.code, until=facet.code)
                        if name == "year"
                        else replace(asked, **{name: facet.code})
                    )
                    assert finder.search(conn, chosen, None).count == facet.count, (asked, name, facet)


@pytest.mark.parametrize("sort", reading.SORTS)
def test_pages_lose_nothing_and_double_nothing(indexed: sa.Engine, finder: searching.Finder, sort: str) -> None:
    with store.reading(indexed) as conn:
        for q, limit, both in itertools.product(("", "lote", "health"), (1, 3, 7), (False, True)):
            asked = Wanted(q=q, sort=sort, currency="BZD" if sort == "amount" else "")
            if sort == "relevance" and (both or not q):
                continue
            seen: list[str] = []
            for turn in itertools.count():
                # An index may appear or vanish between two pages of one reader.
                by_sql = both and turn % 2
                found = (reading if by_sql else finder).search(conn, asked, None, limit)
                seen += [r.ocid for r in found.rows]
                if not found.after:
                    break
                asked = replace(asked, after=found.after)
            assert len(seen) == len(set(seen)) == found.count, (q, limit, both)
            every = [r.ocid for r in finder.everything(conn, replace(asked, after=""), None)]
            assert every == seen


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("mascarilla", "Compra de mascarillas"),  # plural in Spanish
        ("MASCARILLAS", "Compra de mascarillas"),
        ("vaccine", "Supply of vaccines"),  # plural in English
        ("vaccin", "Supply of vaccines"),  # unfinished
        ("medica distribuidora", "Compra de mascarillas"),  # names in any order, no accents
        ("Clínica José San", "Alquiler de camiones"),
        ('"distribuidora medica"', "Compra de mascarillas"),  # words that stand together, without the accent
        ("nitrilo guante", ""),
        ('"Alquiler de camiones"', "Alquiler de camiones"),
        ("camiones of alquiler", "Alquiler de camiones"),  # a little word that is not there
        ("ministry health", ""),
        ("corozal", ""),  # an area by its name
    ],
)
def test_words_are_found_as_people_type_them(
    indexed: sa.Engine, finder: searching.Finder, typed: str, title: str
) -> None:
    with store.reading(indexed) as conn:
        found = finder.search(conn, Wanted(q=typed, sort="relevance"), None)
        assert found.count and not found.instead and not found.suggestion
        assert found.rows[0].title.startswith(title)


def test_a_phrase_stands_together(indexed: sa.Engine, finder: searching.Finder) -> None:
    with store.reading(indexed) as conn:
        assert finder.search(conn, Wanted(q="camiones alquiler"), None).count
        assert not finder.search(conn, Wanted(q='"camiones alquiler"'), None).count


def test_a_typo_is_mended_aloud(indexed: sa.Engine, finder: searching.Finder, site: TestClient) -> None:
    with store.reading(indexed) as conn:
        for typed, meant in (
            ("mascarilas", "mascarillas"),
            ("vacicnes lote", "vaccines lote"),
            ("camionss", "camiones"),
        ):
            found = finder.search(conn, Wanted(q=typed, sort="relevance"), None)
            assert found.instead and found.suggestion == meant and found.count
            assert found.count == finder.search(conn, Wanted(q=meant), None).count
        assert not finder.search(conn, Wanted(q="xylophone"), None).count
    page = site.get("/en/search?q=mascarilas").text
    assert "Nothing was found for “mascarilas”" in page and "mascarillas" in page
    told = site.get("/en/search.json?q=mascarilas").json()
    assert told["did_you_mean"] == told["answers"] == "mascarillas" and told["count"]
    assert len(site.get("/en/search.csv?q=mascarilas").text.strip().split("\n")) > 1


def test_numbers_of_the_publisher_and_amounts(indexed: sa.Engine, finder: searching.Finder) -> None:
    purchase = b.chain()[3].ocid
    with store.reading(indexed) as conn:
        for typed in ("S-07/2020", "s 07 2020", "S/07-2020"):
            assert finder.search(conn, Wanted(q=typed, sort="relevance"), None).rows[0].title.endswith("lote 7"), typed
        for typed in (purchase, purchase.upper(), "395000", "395,000", "BZ$395,000.00", "$395.000", "395,000.00"):
            rows = finder.search(conn, Wanted(q=typed, sort="relevance"), None).rows
            assert rows and rows[0].ocid == purchase, typed


def test_things_with_a_page_of_their_own_are_found(indexed: sa.Engine, finder: searching.Finder) -> None:
    with store.reading(indexed) as conn:
        told = {(t.part, t.id) for q in ("medica", "guante nitrilo", "corozal") for t in finder.things(conn, q, None)}
    assert ("supplier", "BZ-LEDGER-distribuidora-medica-s-a") in told
    assert ("item", "text/guantes-de-nitrilo:piece") in told and ("area", "BZ-CZL") in told


# --- the index on the disk -----------------------------------------------------------------------------------------


def flipped(path: Path) -> None:
    """One bit of a disk gone wrong: the file is as long as before and can be read."""
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 4
    path.write_bytes(held)


def test_an_old_or_missing_or_broken_index_is_never_asked(
    indexed: sa.Engine, settings: Settings, finder: searching.Finder
) -> None:
    register = b.register()
    folder = index.folder_of(settings, 1)
    with store.reading(indexed) as conn:
        assert searching.is_ready(settings, conn, register)
        sure = reading.search(conn, Wanted(), None)
        assert finder.answers(conn, 0) is None, "the past is SQL's"
    for damage in (
        lambda: (folder / "columns" / "names.json").write_text("{"),
        lambda: (folder / "columns" / "amount.npy").write_bytes(b""),
        lambda: next((folder / "words").glob("*.store")).write_bytes(b"x"),
        lambda: (folder / "words" / "meta.json").unlink(),
        lambda: flipped(next((folder / "words").glob("*.idx"))),
        lambda: flipped(folder / "columns" / "amount.npy"),
        lambda: (folder / "things.json").unlink(),
        lambda: (folder / "index.json").write_text("[]"),
        lambda: shutil.rmtree(folder),
    ):
        damage()
        with store.reading(indexed) as conn:
            again = searching.Finder(settings, register)
            assert again.search(conn, Wanted(), None).rows == sure.rows
            assert again.search(conn, Wanted(q="lote"), None).count == 14
            assert not searching.is_ready(settings, conn, register)
        assert work._indexed(indexed, settings, register), "the worker builds it again"
        with store.reading(indexed) as conn:
            assert searching.Finder(settings, register).answers(conn, None) is not None
    b.published(indexed, settings, register, [b.procurement("NEW-1", "BZD 5", title="Newest of all")], mode="append")
    with store.reading(indexed) as conn:
        assert finder.answers(conn, None) is None
        assert finder.search(conn, Wanted(q="newest of all"), None).count == 1
    assert work._indexed(indexed, settings, register)
    with store.reading(indexed) as conn:
        assert finder.answers(conn, None) is not None and not folder.exists()
        assert finder.search(conn, Wanted(q="newest of all", sort="relevance"), None).rows[0].title == "Newest of all"
        assert not finder.search(conn, Wanted(q="newest of all"), 1).count


def test_an_interrupted_build_leaves_the_index_usable(
    indexed: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(index, "_write_things", interrupted)
        with pytest.raises(KeyboardInterrupt):
            searching.build(indexed, settings, b.register())
    assert [p.name for p in (settings.home / "index").iterdir()] == ["1"]
    with store.reading(indexed) as conn:
        assert searching.Finder(settings, b.register()).answers(conn, None) is not None


def _counted(home: str, url: str, out: multiprocessing.SimpleQueue[int]) -> None:
    settings = Settings(home=Path(home), database_url=url)
    with store.reading(store.open_store(settings)) as conn:
        finder = searching.Finder(settings, b.register())
        assert finder.answers(conn, None) is not None
        out.put(finder.search(conn, Wanted(q="lote"), None).count)


def test_two_servers_read_one_index(sqlite_engine: sa.Engine, settings: Settings) -> None:
    b.published(sqlite_engine, settings, b.register(), ledger())
    searching.build(sqlite_engine, settings, b.register())
    spawn = multiprocessing.get_context("spawn")
    out: multiprocessing.SimpleQueue[int] = spawn.SimpleQueue()
    several = [spawn.Process(target=_counted, args=(str(settings.home), settings.store_url, out)) for _ in range(2)]
    for process in several:
        process.start()
    for process in several:
        process.join(60)
    assert [out.get(), out.get()] == [14, 14]


def test_sums_are_exact_however_large(tmp_path: Path) -> None:
    """A sum that no float holds: the last ten-thousandth is still right."""
    gathering = columns.Gathering()
    amounts = [Decimal("99999999999.9999") - n * Decimal("0.0003") for n in range(6_000)] + [Decimal("-0.0001")]
    figure = dict.fromkeys(("area", "programme", "item_key", "item", "on"), None)
    figure |= {"stage": "contract", "currency": "BZD", "crossing": "out", "counted": True, "event": "contract"}
    figures = [SimpleNamespace(**figure, amount=a, in_kind=False, loan=False) for a in amounts]
    record = dict.fromkeys(("on", "method"), None) | dict.fromkeys(("kind", "jurisdiction", "publisher", "date"), "x")
    gathering.process(SimpleNamespace(**record, ocid="o-1", title="One"), figures, ())
    gathering.write(tmp_path / "columns")
    made = columns.Columns(tmp_path / "columns")
    (total,) = made.totals(columns.Matched(made.told, np.ones(1, bool), None))
    assert total.amount == sum(amounts) and float(total.amount) != total.amount
    assert (total.arcs, total.processes) == (len(amounts), 1)


@pytest.mark.parametrize(
    ("typed", "readings"),
    [
        ("120,000", {"120000"}),
        ("120.000", {"120000"}),
        ("1.234.567,89", {"1234567.89"}),
        ("1,234,567.80", {"1234567.8"}),
        ("BZ$27058.50", {"27058.5"}),
    ],
)
def test_amounts_are_read_as_both_countries_write_them(typed: str, readings: set[str]) -> None:
    assert set(words._readings(typed)) >= readings
    assert words.amount_text(Decimal("27058.5000")) == "27058.5" and words.amount_text(Decimal("120000")) == "120000"


# --- bad input -----------------------------------------------------------------------------------------------------

NAMES = ("q", "kind", "area", "currency", "from", "to", "min", "max", "sort", "after", "donor", "item", "flag", "page")
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(("amount", "BZD", "2020", "NaN", "-Infinity", "1e400", "~", "9~9~9", "\x00", '"', "a" * 12_000)),
)


def test_no_question_breaks_a_page(site: TestClient) -> None:
    @hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6), st.sampled_from(("", ".json", ".atom")))
    @example([("min", "NaN"), ("max", "sNaN")], "")
    @example([("sort", "amount"), ("currency", "BZD"), ("after", "9" * 300 + "~x")], "")
    @example([("donor", "\x00"), ("q", "\x00")], ".json")
    @example([("q", '"')], "")
    @example([("q", "(((AND OR \\ /* ]]")], "")
    def holds(query: list[tuple[str, str]], twin: str) -> None:
        for path in ("search", "money-in"):
            assert site.get(f"/en/{path}{twin}", params=query).status_code == 200

    holds()


def test_what_is_not_understood_is_explained(site: TestClient) -> None:
    def ignored(query: str) -> dict[str, tuple[str, list[str]]]:
        told = site.get(f"/en/search.json?{query}").json()["ignored"]
        return {i["name"]: (i["why"], i["allowed"]) for i in told}

    assert ignored("area=Corozol")["area"][1][0] == "BZ-CZL"
    assert ignored("currency=ZZZ")["currency"] == ("unknown_currency", ["BZD", "USD"])
    assert ignored("from=2020-06&to=2020-05")["from, to"][0] == "turned_dates"
    assert ignored("from=2020-06&to=2020") == {}
    assert ignored("min=10&max=9")["min, max"][0] == "turned_amounts"
    assert ignored("q=" + "masks " * 2000)["q"][0] == "cut"
    assert ignored("sort=relevance")["sort"][0] == "needs_words"
    assert "too_many" in {why for why, _ in ignored("&".join(f"x{n}=1" for n in range(60))).values()}
    shown = re.sub(r"<[^>]+>", "", site.get("/es/search?area=Corozol&from=2021&to=2020").text)
    assert "BZ-CZL (Corozal)" in shown and "la primera fecha es posterior" in shown

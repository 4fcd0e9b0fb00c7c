"""Part 9 of the catalogue of messiness, repeats: equal rows, nearly equal rows, and one file published many times.

In: small look-alike lists. Equal rows are asked about; versions of a file go through a real SQLite ledger, two people
and all, and what counts is which releases each publication makes. Read `published` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from importers import intake
from importers.intake import Checked, check_files
from ledger import mappings, publish, store, tables, workflow
from ledger.known import Known
from ledger.settings import Register, Settings
from tests import builders as b
from tests.conformance.lookalikes import BELIZE, workbook

HEALTH = "Ministry of Health"
NUMBERED = ["Contract number", "Title", "Buyer", "Supplier", "Contract date", "Contract value", "Currency"]
NAMELESS = NUMBERED[1:]
REGISTER = b.register()


def row(n: int, amount: Any = 100, day: str = "") -> list[Any]:
    what = ("Masks", "Gowns", "Gloves", "Oxygen", "Soap", "Beds")[n % 6]
    return [f"C-{n}", f"COVID-19 {what}", HEALTH, f"Example {what} Ltd.", day or f"2020-05-{10 + n}", amount, "BZD"]


def checked(folder: Path, rows: Sequence[Sequence[Any]], kind: str = "procurement") -> Checked:
    done = check_files(
        [workbook(folder / "list.xlsx", rows, "Data")], settings=Settings(), register=Register((BELIZE,)), kind=kind
    )
    counts = done.report["files"][0]["tables"][0]["rows"]
    assert counts["read"] == counts["accepted"] + counts["held"] + counts["ignored"] == len(rows) - 1
    return done


def totals(done: Checked) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = done.report["files"][0]["tables"][0]["totals"]
    return found


def repeats(done: Checked) -> list[str]:
    return sorted(str(f.params["rows"]) for f in done.findings if f.code == "R001")


# --- equal rows -----------------------------------------------------------------------------------------------------


def test_9_equal_rows_without_numbers_may_be_true_repeats_and_are_kept_and_said(tmp_path: Path) -> None:
    again = row(1, 500)[1:]
    done = checked(tmp_path, [NAMELESS, again, row(2, 50)[1:], again, again])
    assert totals(done) == {"contract": {"BZD": "1550.00"}}
    assert repeats(done) == ["2, 4", "2, 5"]
    assert len({d.ocid for d in done.built.drafts["procurement"]}) == 4


def test_9_equal_rows_of_one_contract_number_are_one_contract_and_said(tmp_path: Path) -> None:
    done = checked(tmp_path, [NUMBERED, row(1, 500), row(2, 50), row(1, 500)])
    assert totals(done) == {"contract": {"BZD": "550.00"}}
    assert repeats(done) == ["2, 4"]


def test_9_equal_allocations_of_a_fund_are_kept_and_said(tmp_path: Path) -> None:
    head = ["Donor", "Recipient", "Amount received", "Date received", "Currency"]
    again = ["Example Pooled Fund", HEALTH, 500, "2020-05-01", "USD"]
    done = checked(tmp_path, [head, again, again, ["Sample Trust", HEALTH, 60, "2020-05-01", "USD"]], "aid")
    assert totals(done) == {"receipt": {"USD": "1060.00"}}
    assert repeats(done) == ["2, 3"]


def test_9_equal_handouts_after_columns_were_dropped_are_all_counted(tmp_path: Path) -> None:
    head = ["Item", "Quantity delivered", "Unit", "District", "Date of delivery"]
    again = ["Food parcel", 20, "box", "Toledo", "2020-06-01"]
    done = checked(tmp_path, [head, *[again] * 4, ["Soap", 5, "box", "Cayo", "2020-06-01"]], "deliveries")
    items = [
        i["quantity"]
        for d in done.built.drafts["deliveries"]
        for t in d.body["planning"]["aid"]["deliveries"]
        for i in t["items"]
    ]
    assert sorted(items) == [5, 20, 20, 20, 20]
    assert len(repeats(done)) == 3


def test_9_rows_that_differ_only_in_blanks_are_said_to_be_equal(tmp_path: Path) -> None:
    one = row(1, 500)[1:]
    other = ["  COVID-19 \u00a0Gowns\n", *one[1:]]
    assert repeats(checked(tmp_path, [NAMELESS, one, other])) == ["2, 3"]


def test_9_rows_that_differ_only_in_a_column_that_we_do_not_know_are_said(tmp_path: Path) -> None:
    """The list's own running number makes every row different, and yet two of them say the same."""
    head = ["Row", *NAMELESS]
    done = checked(tmp_path, [head, [1, *row(1, 500)[1:]], [2, *row(1, 500)[1:]], [3, *row(2, 5)[1:]]])
    assert totals(done) == {"contract": {"BZD": "1005.00"}}
    assert repeats(done) == ["2, 3"]


# --- nearly equal rows ----------------------------------------------------------------------------------------------


def test_9_and_13_near_repeats_of_two_years_are_two_contracts(tmp_path: Path) -> None:
    seeds = ["Seed packages", "Ministry of Agriculture", "Example Seeds S.A."]
    rows = [[*seeds, f"{year}-03-01", "7202238.98", "USD"] for year in (2019, 2018)]
    done = checked(tmp_path, [NAMELESS, *rows])
    assert totals(done) == {"contract": {"USD": "14404477.96"}}
    assert repeats(done) == []


def test_9_near_repeats_under_one_number_are_one_contract_and_the_difference_is_said(tmp_path: Path) -> None:
    done = checked(tmp_path, [NUMBERED, row(1, 500, "2019-03-01"), row(1, 500, "2018-03-01")])
    assert totals(done) == {"contract": {"BZD": "500.00"}}
    assert {str(f.at) for f in done.findings if f.code == "D010"} <= {"Data!E2", "Data!E3"}
    assert [f.code for f in done.findings if f.code == "D010"]


def test_13_the_control_total_over_near_repeats_proves_that_both_count(tmp_path: Path) -> None:
    rows = [
        [*row(n, amount)[:4], None, amount, "USD"] for n, amount in ((1, "7202238.98"), (2, "7202238.98"), (3, "10.04"))
    ]
    sums = [None, None, None, "Total", None, "14404488.00", None]
    done = check_files(
        [workbook(tmp_path / "list.xlsx", [NUMBERED, *rows, sums], "Data")],
        settings=Settings(),
        register=Register((BELIZE,)),
        kind="procurement",
    )
    (table,) = done.report["files"][0]["tables"]
    assert table["totals"] == {"contract": {"USD": "14404488.00"}}
    assert [c["agrees"] for c in table["control_totals"]] == [True]


# --- one file, published again and again ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """What one publication of a file made: how the change set counts it, and the releases (ocid -> tag)."""

    added: int
    changed: int
    withdrawn: int
    releases: dict[str, str]

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.added, self.changed, self.withdrawn


def published(engine: sa.Engine, settings: Settings, folder: Path, rows: Sequence[Sequence[Any]]) -> Version:
    """Take a list the whole way: received, read, submitted by one person, certified by another. A list that changes
    nothing ends as `unchanged`, without a publication."""
    with store.writing(engine) as conn:
        b.people(conn, "ana", "ben")
        before = workflow.latest_publication(conn)
    path = workbook(folder / "contracts.xlsx", rows, "Contracts")
    id = intake.receive(engine, settings, REGISTER, [path], "moh", kind="procurement", by="ana", at=b.later())
    assert intake.read_submission(engine, settings, REGISTER, id, at=b.later()) == "valid"
    with store.writing(engine) as conn:
        told = workflow.submission(conn, id).change_set
        assert told is not None
        counts = (told["added"], told["changed"], told["withdrawn"])
    with store.writing(engine) as conn:
        state = workflow.submit(conn, id, "ana", b.later())
    assert state == ("ready_for_review" if any(counts) else "unchanged")
    if any(counts):
        with store.writing(engine) as conn:
            publish.certify(conn, settings, REGISTER, id, "ben", b.later())
    with store.reading(engine) as conn:
        r = tables.releases
        made = conn.execute(sa.select(r.c.ocid, r.c.tag).where(r.c.publication > before)).all()
    return Version(*counts, {m.ocid: m.tag for m in made})


def public(engine: sa.Engine) -> dict[str, float]:
    """The value of every contract that is public now and not withdrawn, by its ocid."""
    out = {}
    with store.reading(engine) as conn:
        known = Known(conn, "bz", "moh")
        for ocid in conn.scalars(sa.select(tables.releases.c.ocid).distinct()):
            for contract in (known.record(ocid) or {}).get("contracts", ()):
                if contract.get("status") != "cancelled":
                    out[ocid] = contract["value"]["amount"]
    return out


def listed(head: list[str], *rows: list[Any]) -> list[list[Any]]:
    """The list as the office has it: with its own numbers, or without."""
    return [head, *(told if head is NUMBERED else told[1:] for told in rows)]


@pytest.mark.parametrize("head", [NUMBERED, NAMELESS], ids=["with numbers", "without numbers"])
def test_9_one_file_published_five_times_makes_a_release_only_for_what_changed(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path, head: list[str]
) -> None:
    def version(*rows: list[Any]) -> Version:
        return published(sqlite_engine, settings, tmp_path, listed(head, *rows))

    first = version(row(1, 500), row(2, 60), row(3, 7))
    assert first.counts == (3, 0, 0) and len(first.releases) == 3
    ocids = {amount: ocid for ocid, amount in public(sqlite_engine).items()}

    # the same again: nothing to publish
    assert version(row(1, 500), row(2, 60), row(3, 7)) == Version(0, 0, 0, {})

    # one cell mended: one release, of the contract that it is in
    mended = version(row(1, 500), row(2, 65), row(3, 7))
    assert mended.counts == (0, 1, 0)
    assert list(mended.releases) == [ocids[60]] and "contractUpdate" in mended.releases[ocids[60]].split(",")

    # a row put in at the top and the others moved: one release, nobody else's
    longer = version(row(4, 8), row(3, 7), row(1, 500), row(2, 65))
    assert longer.counts == (1, 0, 0) and len(longer.releases) == 1
    assert not longer.releases.keys() & set(ocids.values())

    # a row taken out: one release that takes it back
    shorter = version(row(4, 8), row(3, 7), row(2, 65))
    assert shorter.counts == (0, 0, 1) and list(shorter.releases) == [ocids[500]]
    assert sorted(public(sqlite_engine).values()) == [7, 8, 65]


@pytest.mark.parametrize("head", [NUMBERED, NAMELESS], ids=["with numbers", "without numbers"])
def test_9_a_row_that_was_taken_out_and_comes_back_is_the_thing_that_it_was(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path, head: list[str]
) -> None:
    whole, less = listed(head, row(1, 500), row(2, 60)), listed(head, row(2, 60))
    published(sqlite_engine, settings, tmp_path, whole)
    gone = published(sqlite_engine, settings, tmp_path, less)
    back = published(sqlite_engine, settings, tmp_path, whole)
    assert gone.releases.keys() == back.releases.keys()
    assert sorted(public(sqlite_engine).values()) == [60, 500]


def test_9_an_empty_month_takes_nothing_back_unseen(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    """A file that lost most of its rows on the way is pointed out to the person who certifies it."""
    rows = [row(n, 10 * n, f"2020-05-{n:02}") for n in range(1, 11)]
    published(sqlite_engine, settings, tmp_path, [NUMBERED, *rows])
    short = workbook(tmp_path / "contracts.xlsx", [NUMBERED, rows[0]], "Contracts")
    id = intake.receive(sqlite_engine, settings, REGISTER, [short], "moh", kind="procurement", by="ana", at=b.later())
    intake.read_submission(sqlite_engine, settings, REGISTER, id, at=b.later())
    with store.reading(sqlite_engine) as conn:
        told = workflow.submission(conn, id)
    assert [dict(f.params) for f in told.findings if f.code == "C002"] == [{"withdrawn": 9, "stood": 10}]


def test_9_true_repeats_stay_as_many_as_they_were(sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path) -> None:
    again = row(1, 500)
    first = published(sqlite_engine, settings, tmp_path, listed(NAMELESS, again, row(2, 60), again))
    assert first.counts == (3, 0, 0)
    # in another order nothing changes; with a third one it is one more, with one less one is withdrawn
    assert published(sqlite_engine, settings, tmp_path, listed(NAMELESS, row(2, 60), again, again)).counts == (0, 0, 0)
    more = published(sqlite_engine, settings, tmp_path, listed(NAMELESS, again, again, again, row(2, 60)))
    assert more.counts == (1, 0, 0)
    less = published(sqlite_engine, settings, tmp_path, listed(NAMELESS, row(2, 60), again))
    assert less.counts == (0, 0, 2)
    assert sorted(public(sqlite_engine).values()) == [60, 500]


def test_9_near_repeats_are_not_taken_for_each_other_in_the_next_version(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    old, new = row(1, "7202238.98", "2018-03-01"), row(1, "7202238.98", "2019-03-01")
    published(sqlite_engine, settings, tmp_path, listed(NAMELESS, new, old))
    # the order turns round and the newer one is mended: one release
    done = published(sqlite_engine, settings, tmp_path, listed(NAMELESS, old, row(1, "7202238.99", "2019-03-01")))
    assert done.counts == (0, 1, 0) and len(done.releases) == 1


def test_9_a_contract_with_several_rows_in_another_order_is_unchanged(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    head = [*NUMBERED, "Item", "Quantity"]
    items = [[*row(1, 500), f"Part {n}", n] for n in (1, 2, 3)]
    first = published(sqlite_engine, settings, tmp_path, [head, *items])
    assert first.counts == (1, 0, 0)
    assert published(sqlite_engine, settings, tmp_path, [head, *reversed(items)]).counts == (0, 0, 0)
    fewer = published(sqlite_engine, settings, tmp_path, [head, *items[:2]])
    assert fewer.counts == (0, 1, 0) and list(public(sqlite_engine).values()) == [500]


def test_9_two_suppliers_in_a_cell_that_change_places_change_nothing(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    told = row(1, 500)
    one = [*told[:3], "Example Pharmacy Ltd.; Sample Stores Ltd.", *told[4:]]
    two = [*told[:3], "Sample Stores Ltd. ; Example Pharmacy Ltd.", *told[4:]]
    assert published(sqlite_engine, settings, tmp_path, [NUMBERED, one]).counts == (1, 0, 0)
    assert published(sqlite_engine, settings, tmp_path, [NUMBERED, two]).counts == (0, 0, 0)


def test_1_9_and_9_columns_that_drift_under_a_saved_answer_change_nothing(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    """The first month the office said what its columns are; later months have more columns, in another order."""
    head = ["PO no.", "Particulars", "Vendor", "Sum", "Order dt"]
    one, two = (
        ["P-1", "COVID-19 masks", "Example Pharmacy Ltd.", 1250, "2020-04-03"],
        ["P-2", "COVID-19 gowns", "Sample Stores Ltd.", 2000, "2020-04-05"],
    )
    told = {
        "kind": "procurement",
        "columns": dict(zip(head, ["contract.id", "title", "supplier.name", "amount", "contract.date"], strict=True)),
        "currency": {"amount": "BZD"},
        "constants": {"buyer.name": HEALTH},
    }
    path = workbook(tmp_path / "april.xlsx", [head, one, two], "Contracts")
    asked = check_files([path], settings=settings, register=REGISTER, jurisdiction="bz", mapping=told)
    with store.writing(sqlite_engine) as conn:
        b.people(conn, "ana", "ben")
        mappings.remember(conn, "moh", asked.files[0].tables[0].signature, told, "ana", b.later())
    assert published(sqlite_engine, settings, tmp_path, [head, one, two]).counts == (2, 0, 0)
    assert sorted(public(sqlite_engine).values()) == [1250, 2000]

    # fifteen columns become nineteen: some that we do not know, in another order
    def wide(told: list[Any], note: str) -> list[Any]:
        id, what, vendor, amount, day = told
        return [note, day, id, what, "x", vendor, amount, "seen"]

    later = ["Clerk's remark", "Order dt", "PO no.", "Particulars", "Folio", "Vendor", "Sum", "Stamp"]
    same = [later, wide(one, "ok"), wide(two, "late")]
    assert published(sqlite_engine, settings, tmp_path, same).counts == (0, 0, 0)

    # and: a month with a new row in the wide layout adds that one
    three = ["P-3", "COVID-19 soap", "Third Example Co.", 30, "2020-05-02"]
    assert published(sqlite_engine, settings, tmp_path, [*same, wide(three, "")]).counts == (1, 0, 0)
    assert sorted(public(sqlite_engine).values()) == [30, 1250, 2000]


def test_1_9_and_9_a_heading_that_is_renamed_into_a_known_word_changes_nothing(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    rows = [row(1, 500), row(2, 60)]
    assert published(sqlite_engine, settings, tmp_path, [NUMBERED, *rows]).counts == (2, 0, 0)
    renamed = [
        "Contract no.",
        "What was bought",
        "Procuring entity",
        "Vendor",
        "Date signed",
        "Contract amount",
        "Cur.",
    ]
    assert published(sqlite_engine, settings, tmp_path, [renamed, *rows]).counts == (0, 0, 0)

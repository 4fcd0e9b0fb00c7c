"""Whatever the rows say, what is built from them is valid OCDS, has its cells, and does not depend on their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.drafts import Built, build
from ledger import changes
from ledger.arcs import arcs
from ledger.values import Draft, Locator, Money, PartialDate, decimal
from ocds import check, paths
from tests.sheets import Memory, context, table

IDS = st.sampled_from(["1", "A-1", "C/14", "c 14", "ñ~2", "GR-7"])
NAMES = st.sampled_from(["Ministry of Health", "MINISTRY OF HEALTH", "Acme Ltd.", "Клиника 1", "Ana (person)"])
TEXTS = st.sampled_from(["COVID-19 masks", "masks", 'x "quoted" / ~', "a" * 120])
AMOUNTS = st.builds(
    lambda cents, c: Money(Decimal(cents) / 100, c), st.integers(-5_000, 10**9), st.sampled_from(["BZD", "USD"])
)
NUMBERS = st.integers(0, 10**6).map(lambda n: Decimal(n) / 10)
DATES = st.one_of(
    st.builds(PartialDate, st.integers(2019, 2022), st.integers(1, 12), st.integers(1, 28)),
    st.builds(PartialDate, st.integers(2019, 2022), st.integers(1, 12)),
    st.builds(PartialDate, st.integers(2019, 2022)),
)
KINDS: dict[str, dict[str, Any]] = {
    "aid": {
        "aid.id": IDS,
        "title": TEXTS,
        "donor.name": NAMES,
        "donor.id": IDS,
        "recipient.name": NAMES,
        "donor.kind": st.sampled_from(["person", "organisation", "government"]),
        "aid.type": st.sampled_from(["cash", "inKind"]),
        "finance.type": st.sampled_from(["grant", "loan"]),
        "stage": st.sampled_from(["pledge", "commitment", "disbursement", "refund", "cancellation"]),
        "date": DATES,
        "amount": AMOUNTS,
        "pledge.amount": AMOUNTS,
        "pledge.date": DATES,
        "disbursement.amount": AMOUNTS,
        "flow.id": IDS,
        "programme.id": IDS,
        "source.url": st.sampled_from(["https://example.org/a", "no address"]),
        "description": TEXTS,
        "earmarking": st.just("earmarked"),
    },
    "donations": {
        "donation.id": IDS,
        "donor.name": NAMES,
        "recipient.name": NAMES,
        "date": DATES,
        "amount": AMOUNTS,
        "aid.type": st.sampled_from(["cash", "inKind"]),
        "item.description": TEXTS,
        "item.quantity": NUMBERS,
        "item.unit": st.just("piece"),
        "item.unitValue": AMOUNTS,
        "place": st.just("BZ-CZL"),
        "place.name": TEXTS,
        "item.category": TEXTS,
        "item.classification": st.just("UNSPSC:46182002"),
        "valuation.method": st.just("donorDeclared"),
        "stage": st.sampled_from(["pledge", "receipt"]),
    },
    "programmes": {
        "programme.id": IDS,
        "title": TEXTS,
        "agency.name": NAMES,
        "amount": AMOUNTS,
        "period.start": DATES,
        "period.end": DATES,
        "date": DATES,
        "source.name": NAMES,
        "aid.id": IDS,
        "source.amount": AMOUNTS,
    },
    "procurement": {
        "process.id": IDS,
        "contract.id": IDS,
        "lot.id": IDS,
        "title": TEXTS,
        "buyer.name": NAMES,
        "procuringEntity.name": NAMES,
        "method": st.sampled_from(["open", "direct"]),
        "method.rationale": TEXTS,
        "category": st.just("goods"),
        "tender.date": DATES,
        "tender.close": DATES,
        "tender.amount": AMOUNTS,
        "bids.count": st.integers(0, 9).map(Decimal),
        "award.date": DATES,
        "award.amount": AMOUNTS,
        "supplier.name": NAMES,
        "supplier.id": IDS,
        "contract.date": DATES,
        "amount": AMOUNTS,
        "period.start": DATES,
        "period.end": DATES,
        "status": st.sampled_from(["active", "cancelled", "whatever"]),
        "item.id": IDS,
        "item.description": TEXTS,
        "item.quantity": NUMBERS,
        "item.unitValue": AMOUNTS,
        "place": st.just("BZ-TOL"),
        "programme.id": IDS,
        "aid.id": IDS,
        "aid.share": st.integers(0, 100).map(Decimal),
        "amendment.amount": AMOUNTS,
        "amendment.kind": st.sampled_from(["total", "increase"]),
        "amendment.date": DATES,
        "approval": TEXTS,
        "source.url": st.sampled_from(["https://example.org/a", "no address"]),
    },
    "payments": {
        "payment.id": IDS,
        "description": TEXTS,
        "contract.id": IDS,
        "date": DATES,
        "amount": AMOUNTS,
        "payee.name": NAMES,
        "payer.name": NAMES,
        "aid.id": IDS,
        "programme.id": IDS,
    },
    "deliveries": {
        "delivery.id": IDS,
        "contract.id": IDS,
        "donation.id": IDS,
        "date": DATES,
        "item.id": IDS,
        "item.description": TEXTS,
        "item.quantity": st.integers(-5, 500).map(Decimal),
        "item.unit": st.just("box"),
        "item.unitValue": AMOUNTS,
        "amount": AMOUNTS,
        "place": st.just("BZ-CZL"),
        "recipient.name": NAMES,
        "status": st.sampled_from(["delivered", "returned", "rejected"]),
    },
}
NEEDED = {
    "aid": ["donor.name"],
    "donations": ["donor.name"],
    "programmes": ["title"],
    "procurement": ["title", "buyer.name", "supplier.name"],
    "payments": ["contract.id", "amount"],
    "deliveries": ["item.description", "item.quantity"],
}


def rows(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    fields = KINDS[kind]
    row = st.fixed_dictionaries(
        {f: s for f, s in fields.items() if f in NEEDED[kind]},
        optional={f: s for f, s in fields.items() if f not in NEEDED[kind]},
    )
    return st.lists(row, max_size=4)


FIGURES = {"overpaid", "overdelivered", "pending_paid"}  # what the office did, not how it is written down

BOOKS = st.fixed_dictionaries({kind: rows(kind) for kind in KINDS})
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def built(book: Mapping[str, list[dict[str, Any]]], memory: Memory | None = None) -> Built:
    return build([table(kind, told) for kind, told in book.items() if told], context(memory))


def composed(result: Built) -> dict[str, Draft]:
    by_process: dict[str, list[Draft]] = defaultdict(list)
    for dataset in changes.DATASETS:
        for draft in result.drafts.get(dataset, ()):
            by_process[draft.ocid].append(draft)
    return {ocid: changes.compose(drafts) for ocid, drafts in by_process.items()}


def released(draft: Draft) -> dict[str, Any]:
    return {
        "ocid": draft.ocid, "id": f"{draft.ocid}-0001", "date": "2026-01-01T00:00:00Z", "tag": ["planning"],
        "initiationType": "tender", "language": "en", **draft.body,
    }  # fmt: skip


@QUICK
@given(book=BOOKS)
def test_any_rows_become_valid_releases(book: dict[str, list[dict[str, Any]]]) -> None:
    for draft in composed(built(book)).values():
        assert not [p for p in check.problems(released(draft)) if p.code not in FIGURES], released(draft)


@QUICK
@given(book=BOOKS)
def test_a_draft_alone_is_already_valid(book: dict[str, list[dict[str, Any]]]) -> None:
    for drafts in built(book).drafts.values():
        for draft in drafts:
            assert not [p for p in check.problems(released(draft)) if p.code not in FIGURES], released(draft)


@QUICK
@given(book=BOOKS)
def test_every_figure_has_a_cell_and_every_cell_a_figure(book: dict[str, list[dict[str, Any]]]) -> None:
    for drafts in built(book).drafts.values():
        for draft in drafts:
            for locator, value in paths.leaves(draft.body):
                if isinstance(value, int | float) and not isinstance(value, bool):
                    source = draft.cells[Locator(locator)]
                    if not source.how:
                        assert decimal(value) == Decimal(source.raw), locator
            for locator in draft.cells:
                assert paths.find(draft.body, locator) is not None, locator


@QUICK
@given(book=BOOKS, data=st.data())
def test_the_order_of_rows_changes_nothing(book: dict[str, list[dict[str, Any]]], data: st.DataObject) -> None:
    shuffled = {kind: data.draw(st.permutations(told)) for kind, told in book.items()}
    before, after = composed(built(book)), composed(built(shuffled))
    assert {o: d.body for o, d in before.items()} == {o: d.body for o, d in after.items()}


@QUICK
@given(book=BOOKS)
def test_importing_again_what_was_published_changes_nothing(book: dict[str, list[dict[str, Any]]]) -> None:
    first = built(book)
    again = built(book, Memory().keep(first))
    assert {o: d.body for o, d in composed(first).items()} == {o: d.body for o, d in composed(again).items()}
    assert first.held == again.held


@QUICK
@given(book=BOOKS)
def test_no_row_is_lost_every_one_is_in_a_draft_or_held_with_a_finding(book: dict[str, list[dict[str, Any]]]) -> None:
    result = built(book)
    said = {(f.at.sheet, int("".join(c for c in f.at.cell if c.isdigit()))) for f in result.findings if f.at}
    sheets = [kind for kind, told in book.items() if told]
    told = {
        (source.at.sheet, int("".join(c for c in source.at.cell if c.isdigit())))
        for drafts in result.drafts.values()
        for draft in drafts
        for source in draft.cells.values()
    }
    codes = {f.code for f in result.findings}
    for n, kind in enumerate(sheets):
        for number in range(2, 2 + len(book[kind])):
            place = (kind.capitalize(), number)
            if (n, number) in result.held:
                assert result.held[n, number] in codes
            else:
                assert place in told or place in said or _says_the_same(book[kind], number - 2), place


def _says_the_same(told: list[dict[str, Any]], at: int) -> bool:
    """Another row of the sheet says everything that this one says, but for the spelling of names."""
    if all(isinstance(value, str) for value in told[at].values()):
        return len(told) > 1
    return any(n != at and told[at].items() <= row.items() for n, row in enumerate(told))


@QUICK
@given(told=rows("procurement"))
def test_a_contract_has_its_award_with_the_same_suppliers(told: list[dict[str, Any]]) -> None:
    for draft in built({"procurement": told}).drafts.get("procurement", ()):
        awards = {a["id"]: a for a in draft.body.get("awards", ())}
        for contract in draft.body.get("contracts", ()):
            assert awards[contract["awardID"]].get("suppliers") == contract.get("suppliers")


@QUICK
@given(told=rows("deliveries"))
def test_what_was_handed_out_is_worth_what_the_rows_say(told: list[dict[str, Any]]) -> None:
    alone = [
        {**{k: v for k, v in row.items() if k not in ("contract.id", "donation.id", "delivery.id", "status")},
         "item.quantity": Decimal(1 + n * 3), "amount": Money(Decimal(1000 + 7 * n) / 100, "BZD")}
        for n, row in enumerate(told)
    ]  # fmt: skip
    total = sum((row["amount"].amount for row in alone), Decimal(0))
    result = built({"deliveries": alone})
    moved = [
        arc.amount
        for draft in result.drafts.get("deliveries", ())
        for arc in arcs({**draft.body, "ocid": draft.ocid}, draft.kind, "bz", "moh")
    ]
    assert sum((a for a in moved if a is not None), Decimal(0)) == total

"""Whatever an office does to a file without numbers, what it did not touch keeps its address and its words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from importers.drafts import Built, build
from ledger.values import Money, PartialDate
from tests.sheets import Memory, context, table

ROWS = st.fixed_dictionaries(
    {
        "donor.name": st.sampled_from(["Rotary", "Lions", "Taiwan"]),
        "item.description": st.sampled_from(["masks", "gloves"]),
        "amount": st.integers(0, 4).map(lambda n: Money(Decimal(n), "BZD")),
        "date": st.sampled_from([PartialDate(2020, 5, 1), PartialDate(2020, 6)]),
    }
)


class File(RuleBasedStateMachine):
    """A sheet of gifts without numbers that is edited, imported and published, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.memory = Memory()
        self.bodies: dict[str, Any] = {}

    def imported(self) -> dict[str, Any]:
        built: Built = build([table("donations", self.rows)] if self.rows else [], context(self.memory))
        drafts = built.drafts.get("donations", [])
        bodies = {d.ocid: d.body for d in drafts}
        assert len(bodies) == len(drafts) == len(self.rows), "one row is one process"
        self.memory = Memory().keep(built)
        return bodies

    def step(self) -> tuple[set[str], set[str], set[str]]:
        before, self.bodies = self.bodies, self.imported()
        changed = {o for o in before.keys() & self.bodies.keys() if before[o] != self.bodies[o]}
        return self.bodies.keys() - before.keys(), before.keys() - self.bodies.keys(), changed

    @initialize(rows=st.lists(ROWS, min_size=1, max_size=6))
    def first(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.step()

    @invariant()
    def importing_again_changes_nothing(self) -> None:
        assert self.step() == (set(), set(), set())

    @rule(data=st.data())
    def rows_in_another_order_change_nothing(self, data: st.DataObject) -> None:
        self.rows = data.draw(st.permutations(self.rows))
        assert self.step() == (set(), set(), set())

    @rule(new=ROWS, at=st.integers(0, 6))
    def a_row_put_in_adds_one(self, new: dict[str, Any], at: int) -> None:
        self.rows = [*self.rows[:at], new, *self.rows[at:]]
        added, withdrawn, changed = self.step()
        assert (len(added), withdrawn, changed) == (1, set(), set())

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), amount=st.integers(10, 14))
    def a_corrected_amount_changes_one(self, data: st.DataObject, amount: int) -> None:
        at = data.draw(st.integers(0, len(self.rows) - 1))
        better = {**self.rows[at], "amount": Money(Decimal(amount), "BZD")}
        if better == self.rows[at]:
            return
        self.rows = [*self.rows[:at], better, *self.rows[at + 1 :]]
        added, withdrawn, changed = self.step()
        assert (added, withdrawn, len(changed)) == (set(), set(), 1)

    @precondition(lambda self: len(self.rows) > 1)
    @rule(data=st.data())
    def a_deleted_row_removes_one(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.rows) - 1))
        self.rows = [*self.rows[:at], *self.rows[at + 1 :]]
        added, withdrawn, changed = self.step()
        assert (added, len(withdrawn), changed) == (set(), 1, set())


File.TestCase.settings = settings(
    max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestFile = File.TestCase

"""Worth a closer look: checks over purchases, each a pure function whose docstring is its public text.

In: a compiled procurement record and what its contract was worth in each release; for two checks, what may be compared
with it. Out: results with the numbers behind them and where those stand. A check speaks of a contract, never of a
person or a firm; nothing is scored and no two currencies meet. Not here: totals, and the rules that stop a publication
(`ledger.rules`). Read `own`, then `stored`.
"""

from __future__ import annotations

from ledger.checks import compared, own
from ledger.checks.model import CHECKS, OUTCOMES, Check, Number, Result

ORDER = (
    *("direct-award", "single-bid", "short-period", "amendment-jump", "contract-above-award"),
    *("payments-above-contract", "missing-delivery", "split-purchases", "unit-price", "new-supplier"),
    *("amount-equals-id", "round-numbers"),
)
"""The order in which outcomes are stored and shown: a new check comes at the end."""

assert own and compared  # their checks are known once they are imported
assert set(ORDER) == set(CHECKS)
for code in ORDER:
    CHECKS[code] = CHECKS.pop(code)

__all__ = ["CHECKS", "ORDER", "OUTCOMES", "Check", "Number", "Result"]

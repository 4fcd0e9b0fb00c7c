"""What the desk's pages show of a submission: plain frozen values, ready for a template.

In: `workflow.Submission` and its job. Out: view objects in one language. No database, no HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ledger.findings import Finding, explained
from ledger.workflow import Submission

FINDINGS_SHOWN = 500  # a page of more is unreadable and heavy; the counts above the table are always of all
CHANGES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in words."""

    code: str
    severity: str
    where: str
    shown: str
    what: str
    why: str
    fix: str
    example: str
    also: int


@dataclass(frozen=True, slots=True)
class Step:
    """A button that the signed-in person may press now."""

    name: str
    needs_reason: bool = False


def told(findings: Iterable[Finding], language: str) -> list[Told]:
    """Say the worst findings first, at most `FINDINGS_SHOWN` of them."""
    order = ("blocker", "error", "warning", "notice")
    worst_first = sorted(findings, key=lambda f: order.index(f.severity.value))
    out = []
    for f in worst_first[:FINDINGS_SHOWN]:
        words = explained(f, language)
        out.append(
            Told(
                f.code,
                f.severity.value,
                f.where,
                f.shown[:200],
                words.what,
                words.why,
                words.fix,
                words.example,
                len(f.also_at),
            )
        )
    return out


def severities(findings: Iterable[Finding]) -> dict[str, int]:
    """Count cells, not lines: a grouped finding speaks for all its places."""
    counts = dict.fromkeys(("blocker", "error", "warning", "notice"), 0)
    for f in findings:
        counts[f.severity.value] += 1 + len(f.also_at)
    return counts


def steps(submission: Submission, account: str, *, prepares: bool, certifies: bool, reading: bool) -> list[Step]:
    """The buttons of this person in this state. The database refuses the rest once more."""
    if reading:
        return []
    mine = submission.prepared_by == account
    out = []
    if submission.state in ("valid", "returned") and prepares:
        out.append(Step("submit"))
    if submission.state == "ready_for_review" and certifies:
        out.append(Step("certify"))  # shown to the preparer too: the refusal explains why a second person is needed
        if not mine:
            out.append(Step("return", needs_reason=True))
    if submission.state in ("received", "refused", "has_errors", "valid", "returned", "ready_for_review") and mine:
        out.append(Step("withdraw"))
    return out


def changed(change_set: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The changes a certifier reads first: withdrawn, changed, then added."""
    if not change_set:
        return []
    return list(change_set["changes"][:CHANGES_SHOWN])

"""Which tags a release carries, from what was public of the process before and what is now.

In: the compiled release before (None when there was none) and the new body. Out: tags of the closed list of OCDS 1.1.
`*Update` and `*Amendment` are only said of a section that was public before (OCDS 1.1, releaseTag). Read `tags`.
"""

from __future__ import annotations

from typing import Any

from ocds.merge import tidy

_ENDED = {"cancelled", "terminated"}


def tags(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    """Return the release's tags, never empty. Aid and programmes are planning only: planning, planningUpdate."""
    old = tidy(before) if before else {}
    new = tidy(after)
    found: list[str] = []
    if (told := _section("planning", old, new)) is not None:
        found.append(told)
    found += _tender(old.get("tender"), new.get("tender")) or _bids(old, new)
    found += _entries("award", old.get("awards", []), new.get("awards", []))
    found += _contracts(old.get("contracts", []), new.get("contracts", []))
    return found or [_still({**(before or {}), **new}) if before else "planning"]


def _section(name: str, old: dict[str, Any], new: dict[str, Any]) -> str | None:
    if name not in new:
        return f"{name}Update" if name in old else None
    if name not in old:
        return name
    return f"{name}Update" if old[name] != new[name] else None


def _tender(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    if new is None:
        return ["tenderUpdate"] if old else []
    if old is None:
        return ["tender"]
    if old == new:
        return []
    if new.get("status") in ("cancelled", "withdrawn") and old.get("status") != new.get("status"):
        return ["tenderCancellation"]
    if len(new.get("amendments", [])) > len(old.get("amendments", [])):
        return ["tenderAmendment"]
    return ["tenderUpdate"]


def _bids(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Numbers of bids are told beside the tender, and are news of it."""
    return ["tenderUpdate"] if "tender" in old and old.get("bids") != new.get("bids") else []


def _by_id(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(e["id"]): e for e in entries}


def _entries(name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    was, now = _by_id(old), _by_id(new)
    found = []
    if now.keys() - was.keys():
        found.append(name)
    changed = [id for id in now.keys() & was.keys() if now[id] != was[id]]
    if any(now[id].get("status") in _ENDED and was[id].get("status") not in _ENDED for id in changed):
        found.append(f"{name}Cancellation")
        changed = [id for id in changed if now[id].get("status") not in _ENDED]
    if changed or was.keys() - now.keys():
        found.append(f"{name}Update")
    return found


def _contracts(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    def bare(c: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in c.items() if k != "implementation"}

    was, now = _by_id(old), _by_id(new)
    found = []
    if now.keys() - was.keys():
        found.append("contract")
    both = now.keys() & was.keys()
    ended = {i for i in both if now[i].get("status") in _ENDED and was[i].get("status") not in _ENDED}
    amended = {i for i in both if len(now[i].get("amendments", [])) > len(was[i].get("amendments", []))}
    if amended:
        found.append("contractAmendment")
    if was.keys() - now.keys() or any(bare(now[i]) != bare(was[i]) for i in both - ended - amended):
        found.append("contractUpdate")
    before = any("implementation" in c for c in old)
    if any(c.get("implementation") != was.get(i, {}).get("implementation") for i, c in now.items()):
        found.append("implementationUpdate" if before else "implementation")
    if ended:
        found.append("contractTermination")
    return found


def _still(public: dict[str, Any]) -> str:
    """Only a title or a party changed: the update belongs to the furthest section that ever was public."""
    for section, tag in (("contracts", "contractUpdate"), ("awards", "awardUpdate"), ("tender", "tenderUpdate")):
        if public.get(section):
            return tag
    return "planningUpdate"

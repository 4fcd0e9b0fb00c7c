"""Where OCDS JSON names an organisation, and the role that naming it there implies.

In: a release or a part of one. Out: the references, with their pointers. Not here: whether the party exists and has
the role (`ocds.check`), nor what a reference that was taken back still needs (`ocds.merge`). Read `references`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_GIVERS = ("donor", "sourceParty", "funder")

ROLES: Mapping[str, tuple[str, ...]] = {
    "buyer": ("buyer",),
    "procuringEntity": ("procuringEntity",),
    "tenderers": ("tenderer",),
    "suppliers": ("supplier",),
    "payer": ("payer",),
    "payee": ("payee",),
    "sourceParty": ("sourceParty",),
    "destinationParty": ("aidRecipient",),
    "recipient": ("deliveryRecipient",),
    "financingParty": (),
}
"""Every field that holds a reference -> roles of which the party needs one; none: any role will do.

Sources: OCDS 1.1 partyRole codelist; budget extension (sourceParty); aid extension (+partyRole.csv). The finance
extension asks no role of a financingParty.
"""


class Reference(NamedTuple):
    """A reference to an organisation where it stands, with the roles of which its party needs one."""

    pointer: str
    value: Mapping[str, Any]
    roles: tuple[str, ...]

    @property
    def id(self) -> str:
        return str(self.value["id"])

    @property
    def earned(self) -> frozenset[str]:
        """The role that a party has only by being referred to like this, if there is one.

        A donor or a recipient of aid may be named before any of its flows is known: those roles need no reference.
        """
        return frozenset(self.roles) - {"aidRecipient"} if len(self.roles) == 1 else frozenset()


def references(value: Any, at: str = "") -> Iterator[Reference]:
    """Yield every reference to an organisation, in document order. `parties` itself holds none."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key in ROLES:
                if isinstance(child, dict):
                    yield Reference(f"{at}/{key}", child, implied(key, value))
                elif isinstance(child, list):
                    for n, entry in enumerate(child):
                        if isinstance(entry, dict):
                            yield Reference(f"{at}/{key}/{n}", entry, implied(key, value))
            elif key != "parties" and isinstance(child, dict | list):
                yield from references(child, f"{at}/{key}")
    elif isinstance(value, list):
        for n, entry in enumerate(value):
            if isinstance(entry, dict):
                yield from references(entry, f"{at}/{n}")


def implied(key: str, holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the roles of which a party needs one when `holder` names it under `key`."""
    # An AidFlow is what has a destination or a type of flow; a budget's source (no type) must be a sourceParty.
    if key == "sourceParty" and "type" in holder:
        return (*_GIVERS, "aidRecipient") if holder["type"] == "refund" else _GIVERS
    if key == "destinationParty" and holder.get("type") == "refund":
        return ("aidRecipient", *_GIVERS)
    return ROLES[key]

"""What is wrong with a release: against the schema, and against the rules that a schema cannot state.

In: OCDS JSON. Out: `Problem` values with JSON pointers; the words for them are the caller's. Not here: whether the
figures are true. `problems` says everything about one release, `is_valid` only whether the schema accepts it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
import jsonschema_rs

from ocds import paths, schema

CODES: Mapping[str, str] = {
    "schema": "The JSON Schema of OCDS 1.1.5 with our extensions refuses it.",
    "additional": "A field that neither OCDS nor a declared extension knows (CoVE: additional fields).",
    "prefix": "The ocid does not start with a well-formed prefix (OCDS 1.1, identifiers).",
    "release_id": "The release's id holds a '#', which linked releases use (OCDS 1.1, records).",
    "missing_id": "An entry of an array has no id, so merging loses it (OCDS 1.1, merging).",
    "duplicate_id": "Two entries of one array have the same id, so merging joins them (OCDS 1.1, merging).",
    "reference": "An organisation is referred to that is not in parties (OCDS 1.1, parties).",
    "reference_name": "A reference writes the organisation's name in another way than parties does.",
    "role": "The organisation lacks the role that the reference implies (OCDS 1.1, partyRole).",
    "award": "A contract's awardID is not the id of an award (OCDS 1.1, contracts).",
    "related": "A process is named as a source of money but is not in relatedProcesses (aid extension).",
    "future": "Something is dated after the release that tells of it.",
    "planning_only": "Aid must not have a tender, awards or contracts (aid extension).",
    "planning_tag": "A planning-only process carries a tag of procurement.",
    "sources_sum": "The sources of a payment do not add up to the payment (aid extension).",
    "overpaid": "The payments of a contract add up to more than its value.",
    "overdelivered": "More of an item was delivered than was contracted or given, and nothing explains it.",
    "pending_paid": "A pending or cancelled contract has payments.",
    "tender_open": "There are awards, but the tender is still said to be planned, active or cancelled.",
}

_PREFIX = re.compile(r"^ocds-[a-z0-9]{6}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a code of `CODES`, where (by position), and the figures or names concerned."""

    code: str
    pointer: str
    params: Mapping[str, Any] = field(default_factory=dict)


@cache
def _verdict() -> Any:
    return jsonschema_rs.Draft4Validator(schema.release_schema(), validate_formats=True)


@cache
def _explainer() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(schema.release_schema(), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def is_valid(release: dict[str, Any]) -> bool:
    """Whether the extended schema accepts the release; about 20 microseconds for a contract."""
    return bool(_verdict().is_valid(release))


def problems(release: dict[str, Any]) -> list[Problem]:
    """Return everything that is wrong with one release or compiled release, schema first."""
    found: list[Problem] = []
    if not is_valid(release):
        found += _explained(release)
    found += _additional(release, schema.release_schema(), "")
    found += _identities(release)
    found += _references(release)
    found += _money(release)
    return found


def package_problems(package: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with a release or record package, its metadata and everything in it.

    Each release is validated by itself: the package schema's `uniqueItems` is quadratic (performance.md).
    """
    kind = "record" if "records" in package else "release"
    key = f"{kind}s"
    known = schema.package_schema(kind)
    found = [
        Problem("schema", f"/{name}", {"message": f"{name} is required"})
        for name in known.get("required", ())
        if name not in package
    ]
    if not package.get(key):
        found.append(Problem("schema", f"/{key}", {"message": "empty package"}))
    found += [
        Problem("additional", f"/{name}", {"field": name})
        for name in package
        if name not in known["properties"] and name != "links"
    ]
    seen: Counter[str] = Counter()
    for n, entry in enumerate(package.get(key, ())):
        release = entry.get("compiledRelease", {}) if kind == "record" else entry
        seen[str(entry.get("ocid") if kind == "record" else entry.get("id"))] += 1
        found += [Problem(p.code, f"/{key}/{n}{p.pointer}", p.params) for p in problems(release)]
    found += [Problem("duplicate_id", f"/{key}", {"id": id}) for id, times in seen.items() if times > 1]
    return found


def _explained(release: dict[str, Any]) -> list[Problem]:
    found = [
        Problem("schema", paths.join(*error.absolute_path), {"message": error.message[:200]})
        for error in _explainer().iter_errors(release)
    ]
    # The two validators disagree on a format: the strict one decides, and says it in its own words.
    return found or [
        Problem("schema", paths.join(*error.instance_path), {"message": error.message[:200]})
        for error in _verdict().iter_errors(release)
    ]


def _additional(value: Any, node: dict[str, Any], at: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        known = schema.properties(node)
        if not known:
            return
        for key, child in value.items():
            if key in known:
                yield from _additional(child, known[key], f"{at}{paths.join(key)}")
            else:
                yield Problem("additional", f"{at}{paths.join(key)}", {"field": key})
    elif isinstance(value, list):
        items = schema.resolved(node).get("items", {})
        if isinstance(items, dict):
            for n, child in enumerate(value):
                yield from _additional(child, items, f"{at}/{n}")


# --- ids --------------------------------------------------------------------------------------------------------


def _identities(release: dict[str, Any]) -> Iterator[Problem]:
    if not _PREFIX.match(str(release.get("ocid", ""))):
        yield Problem("prefix", "/ocid", {"ocid": release.get("ocid")})
    if "#" in str(release.get("id", "")):
        yield Problem("release_id", "/id", {"id": release.get("id")})
    yield from _entry_ids(release, schema.release_schema(), "")


def _entry_ids(value: Any, node: dict[str, Any], at: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        known = schema.properties(node)
        for key, child in value.items():
            yield from _entry_ids(child, known.get(key, {}), f"{at}{paths.join(key)}")
    elif isinstance(value, list):
        items = schema.resolved(node).get("items", {})
        if schema.merges_by_id(node):
            seen: set[str] = set()
            for n, entry in enumerate(value):
                id = entry.get("id") if isinstance(entry, dict) else None
                if id in (None, ""):
                    yield Problem("missing_id", f"{at}/{n}")
                elif str(id) in seen:
                    yield Problem("duplicate_id", f"{at}/{n}", {"id": id})
                seen.add(str(id))
        for n, entry in enumerate(value):
            yield from _entry_ids(entry, items if isinstance(items, dict) else {}, f"{at}/{n}")


# --- organisations ----------------------------------------------------------------------------------------------

Reference = tuple[str, Mapping[str, Any], tuple[str, ...]]
"""pointer, the reference, roles of which the party needs one (none: any role will do)."""


def references(release: dict[str, Any]) -> Iterator[Reference]:
    """Yield every reference to an organisation, with the roles that it implies."""

    def several(at: str, entries: Iterable[Any] | None, *roles: str) -> Iterator[Reference]:
        for n, entry in enumerate(entries or ()):
            yield f"{at}/{n}", entry, roles

    def one(at: str, holder: Mapping[str, Any], key: str, *roles: str) -> Iterator[Reference]:
        if isinstance(holder.get(key), dict):
            yield f"{at}/{key}", holder[key], roles

    yield from one("", release, "buyer", "buyer")
    tender = release.get("tender") or {}
    yield from one("/tender", tender, "procuringEntity", "procuringEntity")
    yield from several("/tender/tenderers", tender.get("tenderers"), "tenderer")
    planning = release.get("planning") or {}
    budget = planning.get("budget") or {}
    for n, part in enumerate(budget.get("budgetBreakdown") or ()):
        yield from one(f"/planning/budget/budgetBreakdown/{n}", part, "sourceParty", "sourceParty")
    for n, finance in enumerate(budget.get("finance") or ()):
        yield from one(f"/planning/budget/finance/{n}", finance, "financingParty")
    aid = planning.get("aid") or {}
    for n, flow in enumerate(aid.get("flows") or ()):
        yield from one(f"/planning/aid/flows/{n}", flow, "sourceParty")
        yield from one(f"/planning/aid/flows/{n}", flow, "destinationParty")
    yield from _recipients("/planning/aid/deliveries", aid.get("deliveries"))
    for n, award in enumerate(release.get("awards") or ()):
        yield from several(f"/awards/{n}/suppliers", award.get("suppliers"), "supplier")
    for n, contract in enumerate(release.get("contracts") or ()):
        at = f"/contracts/{n}"
        yield from several(f"{at}/suppliers", contract.get("suppliers"), "supplier")
        for m, finance in enumerate(contract.get("finance") or ()):
            yield from one(f"{at}/finance/{m}", finance, "financingParty")
        done = contract.get("implementation") or {}
        for m, transaction in enumerate(done.get("transactions") or ()):
            yield from one(f"{at}/implementation/transactions/{m}", transaction, "payer", "payer")
            yield from one(f"{at}/implementation/transactions/{m}", transaction, "payee", "payee")
        yield from _recipients(f"{at}/implementation/deliveries", done.get("deliveries"))


def _recipients(at: str, deliveries: Iterable[Mapping[str, Any]] | None) -> Iterator[Reference]:
    for n, delivery in enumerate(deliveries or ()):
        if isinstance(delivery.get("recipient"), dict):
            yield f"{at}/{n}/recipient", delivery["recipient"], ("deliveryRecipient",)


def _references(release: dict[str, Any]) -> Iterator[Problem]:
    parties = {p.get("id"): p for p in release.get("parties") or () if isinstance(p, dict)}
    for at, reference, roles in references(release):
        party = parties.get(reference.get("id"))
        if party is None:
            yield Problem("reference", at, {"id": reference.get("id")})
            continue
        has = party.get("roles") or ()
        if (roles and not set(roles) & set(has)) or not has:
            yield Problem("role", at, {"id": reference["id"], "role": " / ".join(roles)})
        if reference.get("name") is not None and reference["name"] != party.get("name"):
            yield Problem("reference_name", at, {"name": reference["name"], "party": party.get("name")})
    awards = {str(a.get("id")) for a in release.get("awards") or ()}
    for n, contract in enumerate(release.get("contracts") or ()):
        if str(contract.get("awardID")) not in awards:
            yield Problem("award", f"/contracts/{n}/awardID", {"id": contract.get("awardID")})
    related = {r.get("identifier") for r in release.get("relatedProcesses") or ()}
    for at, ocid in _sources(release):
        if ocid not in related:
            yield Problem("related", at, {"ocid": ocid})


def _sources(release: dict[str, Any]) -> Iterator[tuple[str, str]]:
    planning = release.get("planning") or {}
    for n, part in enumerate((planning.get("budget") or {}).get("budgetBreakdown") or ()):
        if part.get("relatedProcess"):
            yield f"/planning/budget/budgetBreakdown/{n}/relatedProcess", part["relatedProcess"]
    for n, contract in enumerate(release.get("contracts") or ()):
        for m, paid in enumerate((contract.get("implementation") or {}).get("transactions") or ()):
            for k, source in enumerate(paid.get("fundingSources") or ()):
                if source.get("relatedProcess"):
                    at = f"/contracts/{n}/implementation/transactions/{m}/fundingSources/{k}/relatedProcess"
                    yield at, source["relatedProcess"]


# --- figures and dates --------------------------------------------------------------------------------------------


def _value(holder: Mapping[str, Any], key: str = "value") -> tuple[Decimal, str] | None:
    value = holder.get(key) or {}
    if value.get("amount") is None or not value.get("currency"):
        return None
    return Decimal(str(value["amount"])), value["currency"]


def _money(release: dict[str, Any]) -> Iterator[Problem]:
    planning = release.get("planning") or {}
    aid = planning.get("aid")
    if aid is not None:
        for section in ("tender", "awards", "contracts"):
            if release.get(section):
                yield Problem("planning_only", f"/{section}")
        wrong = set(release.get("tag") or ()) - {"planning", "planningUpdate", "compiled"}
        if wrong:
            yield Problem("planning_tag", "/tag", {"tags": ", ".join(sorted(wrong))})
        yield from _delivered("/planning/aid/deliveries", aid, aid.get("deliveries"))
    tender = release.get("tender") or {}
    if release.get("awards") and tender.get("status") in ("planned", "active", "cancelled"):
        if any(a.get("status") == "active" for a in release["awards"]):
            yield Problem("tender_open", "/tender/status", {"status": tender["status"]})
    for n, contract in enumerate(release.get("contracts") or ()):
        yield from _contract(f"/contracts/{n}", contract)
    yield from _dates(release)


def _contract(at: str, contract: Mapping[str, Any]) -> Iterator[Problem]:
    done = contract.get("implementation") or {}
    worth = _value(contract)
    paid = Decimal(0)
    for n, transaction in enumerate(done.get("transactions") or ()):
        here = f"{at}/implementation/transactions/{n}"
        value = _value(transaction)
        if value is None:
            continue
        if contract.get("status") in ("pending", "cancelled"):
            yield Problem("pending_paid", here, {"status": contract["status"]})
        if worth is not None and value[1] == worth[1]:
            paid += value[0]
        sources = [s for source in transaction.get("fundingSources") or () if (s := _value(source)) is not None]
        if sources and (any(s[1] != value[1] for s in sources) or sum(s[0] for s in sources) != value[0]):
            total = sum((s[0] for s in sources), Decimal(0))
            yield Problem("sources_sum", f"{here}/fundingSources", {"sum": str(total), "value": str(value[0])})
    if worth is not None and paid > worth[0]:
        yield Problem(
            "overpaid", f"{at}/value/amount", {"paid": str(paid), "value": str(worth[0]), "currency": worth[1]}
        )
    yield from _delivered(f"{at}/implementation/deliveries", contract, done.get("deliveries"))


def _delivered(at: str, holder: Mapping[str, Any], deliveries: Iterable[Mapping[str, Any]] | None) -> Iterator[Problem]:
    promised = {
        str(i["id"]): Decimal(str(i["quantity"])) for i in holder.get("items") or () if i.get("quantity") is not None
    }
    sums: dict[str, Decimal] = {}
    last: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for n, delivery in enumerate(deliveries or ()):
        back = delivery.get("status") in ("returned", "rejected")
        for item in delivery.get("items") or ():
            if item.get("quantity") is not None:
                quantity = Decimal(str(item["quantity"]))
                sums[str(item["id"])] = sums.get(str(item["id"]), Decimal(0)) + (-quantity if back else quantity)
                last[str(item["id"])] = (n, delivery)
    for id, total in sums.items():
        n, delivery = last[id]
        if id in promised and total > promised[id] and not delivery.get("description"):
            yield Problem(
                "overdelivered", f"{at}/{n}", {"item": id, "delivered": str(total), "promised": str(promised[id])}
            )


_PAST = frozenset(["dateSigned", "dateMet", "date"])


def _dates(release: dict[str, Any]) -> Iterator[Problem]:
    """Only what claims to have happened can be too late; ends of periods and due dates lie ahead by nature."""
    told = str(release.get("date", ""))[:10]
    if not told:
        return

    def walk(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, dict):
            for key, child in value.items():
                if key in _PAST and isinstance(child, str) and at and child[:10] > told:
                    yield Problem("future", f"{at}/{key}", {"date": child[:10], "release": told})
                else:
                    yield from walk(child, f"{at}/{key}")
        elif isinstance(value, list):
            for n, child in enumerate(value):
                yield from walk(child, f"{at}/{n}")

    yield from walk({k: v for k, v in release.items() if k != "date"}, "")

"""Bodies of processes as our importers write them, for property tests: any two of them share ids by chance.

A body is full OCDS JSON without ocid, id, date and tag. Its parties follow from its references, each with the
roles that they imply, as in `importers.drafts`. `release` makes a release of one.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ocds import merge
from ocds.references import references

OCID = "ocds-213czf-moh-PRC-7"
AID, PROGRAMME = "ocds-213czf-mof-AID-1", "ocds-213czf-mof-PRG-1"
PARTIES = ["ministry", "treasury", "donor", "alpha", "beta", "clinic"]

ids = st.sampled_from(["1", "2", "C-14", "a/b~c", "=3"])
words = st.sampled_from(["masks", "Guantes, caja de 100", "COVID-19", "é"])
days = st.sampled_from(["2020-04-02T00:00:00-06:00", "2020-05-04T00:00:00-06:00"])
money = st.fixed_dictionaries(
    {"amount": st.sampled_from([0, 1, 195000, 1500.25]), "currency": st.sampled_from(["BZD", "USD"])}
)
links = st.just("https://example.org/note/1")
codes = st.sampled_from(["goods", "works", "services"])


def some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object that always says more than its id: what says nothing else cannot be told from what was taken back."""
    return st.fixed_dictionaries(required, optional=optional).filter(
        lambda o: len(o) > len(required) or "id" not in required or len(required) > 1
    )


def entries(entry: st.SearchStrategy[dict[str, Any]], most: int = 3) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(entry, min_size=1, max_size=most, unique_by=lambda e: e["id"])


def organisation() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{"id": f"BZ-LEDGER-{p}", "name": p.title()} for p in PARTIES])


place = st.fixed_dictionaries(
    {"description": words},
    optional={
        "gazetteer": st.fixed_dictionaries(
            {"scheme": st.just("ISO3166-2"), "identifiers": st.sampled_from([["BZ-BZ"], ["BZ-OW", "BZ-TOL"]])}
        )
    },
)
classification = st.fixed_dictionaries(
    {"scheme": st.sampled_from(["UNSPSC", "GLIDE"]), "id": ids}, optional={"description": words}
)
item = some(
    {"id": ids, "description": words},
    {
        "quantity": st.sampled_from([1, 20000, 2.5]),
        "unit": st.fixed_dictionaries({"name": words}, optional={"value": money}),
        "classification": classification,
        "additionalClassifications": st.lists(classification, min_size=1, max_size=2, unique_by=lambda c: c["id"]),
        "deliveryLocation": place,
    },
)
delivery = some(
    {"id": ids, "date": days},
    {
        "status": st.sampled_from(["delivered", "partial", "returned", "rejected"]),
        "description": words,
        "items": entries(st.fixed_dictionaries({"id": ids, "quantity": st.sampled_from([0, 5, 7500])})),
        "deliveryLocation": place,
        "recipient": organisation(),
        "uri": links,
    },
)
flow = some(
    {
        "id": ids,
        "type": st.sampled_from(["pledge", "commitment", "disbursement", "receipt", "refund", "cancellation"]),
        "sourceParty": organisation(),
    },
    {
        "date": days,
        "description": words,
        "value": money,
        "valuationMethod": st.just("donorDeclared"),
        "destinationParty": organisation(),
        "relatedItems": st.lists(ids, min_size=1, max_size=2, unique=True),
        "relatedProcess": st.just(PROGRAMME),
        "uri": links,
    },
)
budget = some(
    {"project": st.just("COVID-19 response"), "projectID": st.just("COVID-19")},
    {
        "id": ids,
        "description": words,
        "amount": money,
        "budgetBreakdown": entries(
            some(
                {"id": ids, "sourceParty": organisation()},
                {
                    "amount": money,
                    "description": words,
                    "relatedProcess": st.sampled_from([AID, PROGRAMME]),
                    "period": st.fixed_dictionaries({"startDate": days}),
                },
            )
        ),
        "finance": entries(
            some(
                {"id": ids, "type": st.sampled_from(["grant", "loan"])},
                {"financingParty": organisation(), "value": money, "title": words},
            )
        ),
    },
)
related = entries(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from([AID, PROGRAMME]),
            "relationship": st.sampled_from([["planning"], ["funding"], ["funding", "planning"]]),
            "scheme": st.just("ocid"),
            "identifier": st.sampled_from([AID, PROGRAMME]),
        },
        optional={"title": words},
    )
)
amendments = entries(some({"id": ids, "rationale": words}, {"date": days, "amendsReleaseID": st.just("r1")}))
bids = st.fixed_dictionaries(
    {
        "statistics": entries(
            st.fixed_dictionaries(
                {"id": st.just("bids"), "measure": st.just("bids"), "value": st.integers(0, 9)}, optional={"date": days}
            )
        )
    }
)
tender = some(
    {"id": ids, "title": words},
    {
        "status": st.sampled_from(["active", "complete", "cancelled"]),
        "procuringEntity": organisation(),
        "mainProcurementCategory": codes,
        "additionalProcurementCategories": st.lists(codes, min_size=1, max_size=2, unique=True),
        "procurementMethod": st.sampled_from(["open", "direct"]),
        "procurementMethodRationale": words,
        "procurementMethodRationaleClassifications": st.lists(
            classification, min_size=1, max_size=2, unique_by=lambda c: c["id"]
        ),
        "classification": classification,
        "value": money,
        "items": entries(item),
        "tenderers": entries(organisation()),
        "tenderPeriod": st.fixed_dictionaries({"startDate": days}, optional={"endDate": days}),
        "amendments": amendments,
    },
)
award = some(
    {"id": ids, "suppliers": entries(organisation(), 2)},
    {
        "status": st.sampled_from(["active", "cancelled"]),
        "title": words,
        "date": days,
        "value": money,
        "items": entries(item),
    },
)
transaction = some(
    {"id": ids, "value": money},
    {
        "date": days,
        "payer": organisation(),
        "payee": organisation(),
        "uri": links,
        "relatedImplementationMilestone": st.fixed_dictionaries({"id": ids, "title": words}),
        "fundingSources": entries(
            some({"id": ids, "value": money}, {"relatedProcess": st.sampled_from([AID, PROGRAMME])})
        ),
    },
)
implementation = some(
    {},
    {
        "transactions": entries(transaction),
        "deliveries": entries(delivery),
        "milestones": entries(some({"id": ids, "title": words}, {"status": st.just("met"), "dateMet": days})),
        "documents": entries(some({"id": ids, "title": words}, {"url": links})),
        "endDate": days,
        "finalValue": money,
    },
).filter(bool)
contract = some(
    {"id": ids, "awardID": ids, "status": st.sampled_from(["active", "terminated", "cancelled"])},
    {
        "title": words,
        "dateSigned": days,
        "value": money,
        "period": st.fixed_dictionaries({"startDate": days}, optional={"endDate": days}),
        "items": entries(item),
        "suppliers": entries(organisation(), 2),
        "finance": entries(some({"id": ids, "type": st.just("grant")}, {"value": money})),
        "amendments": amendments,
        "implementation": implementation,
    },
)


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    """With an award for every contract, and the parties that its references imply."""
    awards = body.setdefault("awards", []) if body.get("contracts") else []
    for told in body.get("contracts", ()):
        if all(a["id"] != told["awardID"] for a in awards):
            supplier = {"id": "BZ-LEDGER-alpha", "name": "Alpha"}
            awards.append({"id": told["awardID"], "status": "active", "suppliers": [supplier]})
    parties: dict[str, dict[str, Any]] = {}
    for reference in references(body):
        party = parties.setdefault(
            reference.id,
            {
                "id": reference.id,
                "name": reference.value["name"],
                "roles": set(),
                "identifier": {"scheme": "BZ-LEDGER", "id": reference.id[10:], "legalName": reference.value["name"]},
            },
        )
        party["roles"] |= {*reference.roles[:1]} or {"funder"}
    if parties:
        body["parties"] = [{**p, "roles": sorted(p["roles"])} for _, p in sorted(parties.items())]
    return body


aid = st.fixed_dictionaries(
    {
        "title": words,
        "planning": st.fixed_dictionaries(
            {
                "budget": budget,
                "aid": some(
                    {"id": ids, "type": st.sampled_from(["cash", "inKind"])},
                    {
                        "flows": entries(flow, 4),
                        "items": entries(item),
                        "deliveries": entries(delivery),
                        "earmarking": st.just("unearmarked"),
                        "conditions": words,
                    },
                ),
            }
        ),
    },
    optional={"description": words, "relatedProcesses": related},
).map(_whole)

programme = st.fixed_dictionaries(
    {"title": words, "planning": st.fixed_dictionaries({"budget": budget}, optional={"rationale": words})},
    optional={"buyer": organisation(), "relatedProcesses": related},
).map(_whole)

procurement = st.fixed_dictionaries(
    {"title": words},
    optional={
        "buyer": organisation(),
        "planning": st.fixed_dictionaries({"budget": budget}),
        "tender": tender,
        "bids": bids,
        "awards": entries(award),
        "contracts": entries(contract),
        "relatedProcesses": related,
    },
).map(_whole)

withdrawn = st.just({"title": "masks", "description": "Withdrawn by its publisher."})


def release(body: dict[str, Any], number: int = 1) -> dict[str, Any]:
    """A release of the body, published in the given second."""
    return {
        "ocid": OCID,
        "id": f"{OCID}-{number:04d}",
        "date": f"2020-07-01T12:00:{number:02d}Z",
        "tag": ["planningUpdate"],
        "initiationType": "tender",
        "language": "en",
        **body,
    }


def published(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The releases that publishing one body after the other makes."""
    releases: list[dict[str, Any]] = []
    for number, body in enumerate(bodies, 1):
        before = merge.compiled(releases) if releases else None
        releases.append(release(merge.superseding(before, body), number))
    return releases

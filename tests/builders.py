"""The domain's own words for tests: `aid("A1").pledge("USD 500,000").receipt("USD 300,000")` is a draft to be.

Every builder gives drafts as the importers do: OCDS bodies with the cell of every value. `published` runs them
through the real workflow: upload, reading, submission by one person, certification by another.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import sqlalchemy as sa

from ledger import publish as publishing
from ledger import store, workflow
from ledger.arcs import folded
from ledger.publish import Publication
from ledger.settings import Register, Settings, parse_register
from ledger.tables import account_roles, accounts, uploads
from ledger.values import CellRef, Draft, Locator, Sha256, Source, number
from ocds import paths

PREFIX = "ocds-213czf"
START = datetime(2020, 7, 1, 12, 0, tzinfo=UTC)
DISTRICTS = {"BZ-BZ": "Belize", "BZ-CZL": "Corozal", "BZ-OW": "Orange Walk", "BZ-TOL": "Toledo"}


def register() -> Register:
    """Two jurisdictions, three publishers, one rate."""
    return parse_register(
        {
            "jurisdiction": [
                {
                    "code": "bz",
                    "names": {"en": "Belize", "es": "Belice"},
                    "currency": "BZD",
                    "languages": ["en", "es"],
                    "country": "BZ",
                    "time_zone": "America/Belize",
                    "area": [
                        {"code": code, "names": {"en": name, "es": name}, "population": 50_000}
                        for code, name in DISTRICTS.items()
                    ],
                },
                {"code": "gh", "names": {"en": "Ghana", "es": "Ghana"}, "currency": "GHS", "country": "GH"},
            ],
            "publisher": [
                {"id": "mof", "name": "Ministry of Finance", "jurisdiction": "bz"},
                {"id": "moh", "name": "Ministry of Health", "jurisdiction": "bz"},
                {"id": "ppa", "name": "Public Procurement Authority", "jurisdiction": "gh"},
            ],
            "rate": [
                {"currency": "USD", "reporting": "BZD", "value": "2.00", "on": "1978-01-01", "source": "Central Bank"}
            ],
        }
    )


def money(text: str) -> dict[str, Any]:
    """`"USD 500,000"` as an OCDS value."""
    currency, amount = text.split(" ", 1)
    return {"amount": number(Decimal(amount.replace(",", ""))), "currency": currency}


def day(text: str) -> str:
    """A day in Belize as OCDS wants it."""
    return text if "T" in text else f"{text}T00:00:00-06:00"


@dataclass(eq=False)  # two processes are the same only when they are the same builder
class Process:
    """A process being told of. Every method returns the builder, so that a scene reads as a sentence."""

    local: str
    kind: str
    publisher: str = "mof"
    jurisdiction: str = "bz"
    title: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def ocid(self) -> str:
        suffix = {"aid": "AID", "programme": "PRG", "procurement": "PRC"}[self.kind]
        return f"{PREFIX}-{self.publisher}-{suffix}-{self.local}"

    @property
    def dataset(self) -> str:
        return {"aid": "aid", "programme": "programmes", "procurement": "procurement"}[self.kind]

    @property
    def draft(self) -> Draft:
        """The draft, each leaf with a cell of its own: `Drafts!A<n>`, whose text is the value's."""
        return draft(self.ocid, self.kind, {"title": self.title, **self.body})

    def party(self, name: str, *roles: str) -> dict[str, Any]:
        """Name a party in a role; the reference to it."""
        slug = folded(name).replace(" ", "-")
        scheme = f"{self.jurisdiction.upper()}-LEDGER"
        id = f"{scheme}-{slug}"
        parties = self.body.setdefault("parties", [])
        known = next((p for p in parties if p["id"] == id), None)
        if known is None:
            known = {
                "id": id,
                "name": name,
                "roles": [],
                "identifier": {"scheme": scheme, "id": slug, "legalName": name},
            }
            parties.append(known)
        known["roles"] = sorted({*known["roles"], *roles})
        return {"id": id, "name": name}

    def related(self, other: Process, relationship: str) -> Self:
        links = self.body.setdefault("relatedProcesses", [])
        if not any(r["identifier"] == other.ocid for r in links):
            links.append(
                {
                    "id": str(len(links) + 1),
                    "relationship": [relationship],
                    "title": other.title,
                    "scheme": "ocid",
                    "identifier": other.ocid,
                }
            )
        return self


class Aid(Process):
    donor: dict[str, Any]
    recipient: dict[str, Any]

    def _flow(self, type: str, value: str | None, on: str, **more: Any) -> Self:
        flows = self.body["planning"]["aid"].setdefault("flows", [])
        flow: dict[str, Any] = {"id": str(len(flows) + 1), "type": type, "date": day(on)}
        if value is not None:
            flow["value"] = money(value)
        flow |= {"sourceParty": self.donor, "destinationParty": self.recipient, **more}
        flows.append(flow)
        if value is not None and "amount" not in self.body["planning"]["budget"]:
            self.body["planning"]["budget"]["amount"] = money(value)
        return self

    def pledge(self, value: str, on: str = "2020-04-02", **more: Any) -> Self:
        return self._flow("pledge", value, on, **more)

    def commitment(self, value: str, on: str = "2020-04-20", **more: Any) -> Self:
        return self._flow("commitment", value, on, **more)

    def disbursement(self, value: str, on: str = "2020-05-04", **more: Any) -> Self:
        return self._flow("disbursement", value, on, **more)

    def receipt(self, value: str | None, on: str = "2020-05-05", **more: Any) -> Self:
        return self._flow("receipt", value, on, **more)

    def refund(self, value: str, on: str = "2020-05-20", **more: Any) -> Self:
        return self._flow("refund", value, on, **more)

    def cancellation(self, value: str, on: str = "2020-05-21", **more: Any) -> Self:
        return self._flow("cancellation", value, on, **more)

    def item(self, description: str, quantity: int, unit: str = "piece", price: str | None = None) -> Self:
        items = self.body["planning"]["aid"].setdefault("items", [])
        told: dict[str, Any] = {"name": unit}
        if price:
            told["value"] = money(price)
        items.append({"id": str(len(items) + 1), "description": description, "quantity": quantity, "unit": told})
        return self

    def delivery(
        self, id: str, item: str, quantity: int, area: str, to: str, on: str = "2020-05-12", status: str = "delivered"
    ) -> Self:
        deliveries = self.body["planning"]["aid"].setdefault("deliveries", [])
        deliveries.append(_delivery(self, id, item, quantity, area, to, on, status))
        return self


def _delivery(
    p: Process, id: str, item: str, quantity: int, area: str, to: str, on: str, status: str
) -> dict[str, Any]:
    return {
        "id": id,
        "date": day(on),
        "status": status,
        "items": [{"id": item, "quantity": quantity}],
        "deliveryLocation": {
            "description": DISTRICTS.get(area, area),
            "gazetteer": {"scheme": "ISO3166-2", "identifiers": [area]},
        },
        "recipient": p.party(to, "deliveryRecipient"),
    }


def aid(
    local: str = "A1",
    *,
    donor: str = "Example Development Partner",
    recipient: str = "Ministry of Finance",
    type: str = "cash",
    finance: str = "grant",
    title: str = "",
    publisher: str = "mof",
    jurisdiction: str = "bz",
) -> Aid:
    """An aid arrangement: cash by default."""
    it = Aid(local, "aid", publisher, jurisdiction, title or f"COVID-19: support from {donor} ({local})")
    it.donor = it.party(donor, "donor", "sourceParty")
    it.recipient = it.party(recipient, "aidRecipient")
    budget: dict[str, Any] = {"id": local, "project": "COVID-19 response", "projectID": "COVID-19"}
    if type == "cash":
        budget["finance"] = [{"id": local, "financingParty": it.donor, "type": finance}]
        it.party(donor, "funder")
    it.body["planning"] = {"budget": budget, "aid": {"id": local, "type": type}}
    return it


def gift(
    local: str = "G1",
    *,
    donor: str = "Example Diaspora Association",
    recipient: str = "Ministry of Health",
    **more: Any,
) -> Aid:
    """A gift in kind: say its items, then its receipt."""
    return aid(local, donor=donor, recipient=recipient, type="inKind", **more)


class Programme(Process):
    def source(self, name: str, value: str, aid: Aid | None = None) -> Self:
        parts = self.body["planning"]["budget"].setdefault("budgetBreakdown", [])
        part: dict[str, Any] = {
            "id": aid.local if aid else f"own-{len(parts) + 1}",
            "sourceParty": self.party(name, "sourceParty"),
            "amount": money(value),
            "period": {"startDate": day("2020-04-01"), "endDate": day("2021-03-31")},
        }
        if aid:
            part["relatedProcess"] = aid.ocid
            self.related(aid, "funding")
        parts.append(part)
        return self


def programme(
    local: str = "P1", amount: str | None = "BZD 1,500,000", *, agency: str = "Ministry of Health", title: str = "",
    publisher: str = "mof", jurisdiction: str = "bz"
) -> Programme:  # fmt: skip
    it = Programme(
        local, "programme", publisher, jurisdiction, title or f"COVID-19 Health Supplies Programme ({local})"
    )
    it.body["buyer"] = it.party(agency, "buyer")
    budget: dict[str, Any] = {"id": local, "project": "COVID-19 response", "projectID": "COVID-19"}
    if amount:
        budget["amount"] = money(amount)
    it.body["planning"] = {"budget": budget}
    return it


class Procurement(Process):
    supplier: dict[str, Any]
    payer: dict[str, Any]

    @property
    def contract(self) -> dict[str, Any]:
        return self.body["contracts"][0]  # type: ignore[no-any-return]

    def item(
        self, description: str, quantity: int, price: str | None = None, unit: str = "piece", area: str = ""
    ) -> Self:
        for holder in (self.body["tender"], self.body["awards"][0], self.contract):
            items = holder.setdefault("items", [])
            told: dict[str, Any] = {"name": unit}
            if price:
                told["value"] = money(price)
            line = {"id": str(len(items) + 1), "description": description, "quantity": quantity, "unit": told}
            if area:
                line["deliveryLocation"] = {
                    "description": DISTRICTS.get(area, area),
                    "gazetteer": {"scheme": "ISO3166-2", "identifiers": [area]},
                }
            items.append(line)
        return self

    def worth(self, value: str) -> Self:
        """The contract's value is now this."""
        self.contract["value"] = money(value)
        return self

    def amended(self, value: str, id: str = "1", on: str = "2020-05-28", why: str = "Air freight") -> Self:
        self.contract.setdefault("amendments", []).append({"id": id, "date": day(on), "rationale": why})
        return self.worth(value)

    def funded(self, by: Aid, value: str, type: str = "grant") -> Self:
        self.contract.setdefault("finance", []).append(
            {
                "id": by.local,
                "financingParty": self.party(by.donor["name"], "funder"),
                "type": type,
                "value": money(value),
            }
        )
        return self.related(by, "funding")

    def planned(self, by: Programme) -> Self:
        return self.related(by, "planning")

    def payment(
        self, id: str, value: str, on: str = "2020-06-03", sources: Mapping[Process, str] | None = None
    ) -> Self:
        self.party(self.payer["name"], "payer")
        self.party(self.supplier["name"], "payee")
        paid: dict[str, Any] = {
            "id": id,
            "date": day(on),
            "value": money(value),
            "payer": self.payer,
            "payee": self.supplier,
        }
        if sources:
            paid["fundingSources"] = [
                {"id": s.local, "relatedProcess": s.ocid, "value": money(v)} for s, v in sources.items()
            ]
        self.contract.setdefault("implementation", {}).setdefault("transactions", []).append(paid)
        return self

    def delivery(
        self, id: str, item: str, quantity: int, area: str, to: str, on: str = "2020-05-31", status: str = "delivered"
    ) -> Self:
        doing = self.contract.setdefault("implementation", {})
        doing.setdefault("deliveries", []).append(_delivery(self, id, item, quantity, area, to, on, status))
        return self

    def part(self, dataset: str) -> Draft:
        """What another dataset would tell of this contract: its `payments` or its `deliveries`, and nothing else."""
        key, roles = {
            "payments": ("transactions", {"payer", "payee"}),
            "deliveries": ("deliveries", {"deliveryRecipient"}),
        }[dataset]
        parties = [
            {**p, "roles": sorted(roles & set(p["roles"]))} for p in self.body["parties"] if roles & set(p["roles"])
        ]
        told = {"id": self.contract["id"], "implementation": {key: self.contract["implementation"][key]}}
        return draft(self.ocid, "procurement", {"parties": parties, "contracts": [told]})


def procurement(
    local: str = "C1", value: str | None = "BZD 380,000", *, buyer: str = "Ministry of Health",
    supplier: str = "Example Medical Supplies Ltd.", title: str = "", method: str = "direct",
    signed: str = "2020-05-13", publisher: str = "mof", jurisdiction: str = "bz"
) -> Procurement:  # fmt: skip
    """A purchase with its tender, award and contract. The contract's number is `local`."""
    title = title or f"COVID-19: purchase {local}"
    it = Procurement(local, "procurement", publisher, jurisdiction, title)
    it.payer = it.party(buyer, "buyer", "procuringEntity")
    it.supplier = it.party(supplier, "supplier", "tenderer")
    it.body["buyer"] = it.payer
    it.body["planning"] = {"budget": {"project": "COVID-19 response", "projectID": "COVID-19"}}
    it.body["tender"] = {
        "id": local,
        "title": title,
        "status": "complete",
        "procuringEntity": it.payer,
        "mainProcurementCategory": "goods",
        "procurementMethod": method,
        "procurementMethodRationale": "Extreme urgency",
        "tenderers": [it.supplier],
        "numberOfTenderers": 1,
    }
    award: dict[str, Any] = {
        "id": local,
        "title": title,
        "status": "active",
        "date": day(signed),
        "suppliers": [it.supplier],
    }
    contract: dict[str, Any] = {
        "id": local, "awardID": local, "title": title, "status": "active", "dateSigned": day(signed),
        "suppliers": [it.supplier],
    }  # fmt: skip
    if value:
        award["value"] = money(value)
        contract["value"] = money(value)
    it.body["awards"], it.body["contracts"] = [award], [contract]
    return it


def rate(currency: str, reporting: str, on: str, value: str, source: str = "Central Bank") -> Draft:
    body = {"currency": currency, "reporting": reporting, "on": on, "value": value, "source": source}
    return draft(f"rate:{currency}:{reporting}:{on}", "rate", body)


def organization(id: str, name: str, *aliases: str) -> Draft:
    return draft(
        f"organization:{id}", "organization", {"id": id, "name": name, "aliases": list(aliases), "kind": "organisation"}
    )


def chain() -> list[Process]:
    """The whole story, fictional: a grant, a gift, a programme, a purchase paid from both, delivered in four places."""
    grant = aid("AID-1").pledge("USD 500,000").commitment("USD 500,000").disbursement("USD 300,000")
    masks = (
        gift("GIFT-1")
        .item("N95 respirators", 20_000)
        .item("Oxygen concentrators", 40)
        .pledge("USD 60,000", relatedItems=["1", "2"])
        .receipt("USD 60,000", relatedItems=["1", "2"])
        .delivery("GRN-1", "1", 5_000, "BZ-CZL", "Corozal Community Hospital")
        .delivery("GRN-2", "1", 7_000, "BZ-OW", "Northern Regional Hospital")
    )
    supplies = programme("PRG-1").source("Example Development Partner", "BZD 900,000", grant)
    purchase = (
        procurement("PRC-1", "BZD 395,000")
        .item("N95 respirators", 20_000, "BZD 16.50", area="BZ-CZL")
        .item("Infusion pumps", 10, "BZD 5,000", area="BZ-BZ")
        .planned(supplies)
        .funded(grant, "BZD 300,000")
        .payment("PV-1", "BZD 200,000", sources={grant: "BZD 200,000"})
        .payment("PV-2", "BZD 195,000", on="2020-06-19")
        .delivery("D-1", "1", 12_000, "BZ-CZL", "Corozal Community Hospital")
        .delivery("D-2", "2", 10, "BZ-BZ", "Karl Heusner Memorial Hospital")
    )
    return [grant, masks, supplies, purchase]


# --- through the workflow ----------------------------------------------------------------------------------------

_FILE = Sha256(hashlib.sha256(b"drafts").hexdigest())


def draft(ocid: str, kind: str, body: dict[str, Any]) -> Draft:
    """A draft with one cell for each leaf, of a file that `published` replaces by a real upload."""
    cells = {
        Locator(at): Source(CellRef(_FILE, "drafts", f"A{n}"), _text(value))
        for n, (at, value) in enumerate(paths.leaves(body), 1)
    }
    return Draft(ocid, kind, body, cells)


def _text(value: Any) -> str:
    return str(value).replace("\n", " ")


def with_upload(
    conn: sa.Connection, settings: Settings, drafts: Mapping[str, list[Draft]], by: str, at: datetime
) -> tuple[dict[str, list[Draft]], list[tuple[Sha256, str]]]:
    """Write one real CSV file whose cells hold every value of the drafts, keep it, and point the drafts at it."""
    lines: list[str] = []
    placed: list[tuple[str, Draft, dict[Locator, int]]] = []
    for dataset, several in drafts.items():
        for d in several:
            rows = {}
            for locator, source in d.cells.items():
                lines.append('"' + source.raw.replace('"', '""') + '"')
                rows[locator] = len(lines)
            placed.append((dataset, d, rows))
    content = ("\n".join(lines) + "\n").encode()
    sha = store.keep_upload(conn, settings, [content], "drafts.csv", by, at)
    out: dict[str, list[Draft]] = {}
    for dataset, d, rows in placed:
        cells = {at: Source(CellRef(sha, "drafts", f"A{rows[at]}"), s.raw, s.how) for at, s in d.cells.items()}
        out.setdefault(dataset, []).append(Draft(d.ocid, d.kind, d.body, cells))
    return out, [(sha, "drafts.csv")]


def people(conn: sa.Connection, *ids: str) -> None:
    """Make sure that these accounts exist. All may prepare and certify: never both of one submission."""
    known = set(conn.scalars(sa.select(accounts.c.id)))
    new = [i for i in ids if i not in known]
    if new:
        conn.execute(sa.insert(accounts), [{"id": i, "name": i.title(), "created_at": START} for i in new])
        roles = [{"account": i, "role": role, "publisher": ""} for i in new for role in ("officer", "certifier")]
        conn.execute(sa.insert(account_roles), roles)


Told = Process | Draft


def by_dataset(told: Iterable[Told] | Mapping[str, Iterable[Told]]) -> dict[str, list[Draft]]:
    """Sort drafts into the datasets that tell of them; a mapping says it itself."""
    if isinstance(told, Mapping):
        return {name: [t.draft if isinstance(t, Process) else t for t in several] for name, several in told.items()}
    out: dict[str, list[Draft]] = {}
    for t in told:
        d = t.draft if isinstance(t, Process) else t
        name = {"aid": "aid", "programme": "programmes", "procurement": "procurement", "rate": "rates"}
        out.setdefault(name.get(d.kind, "organizations"), []).append(d)
    return out


_ticks = itertools.count()


def later() -> datetime:
    """A time after every one given before."""
    return START + timedelta(minutes=next(_ticks))


def submitted(
    engine: sa.Engine,
    settings: Settings,
    register: Register,
    told: Iterable[Told] | Mapping[str, Iterable[Told]],
    *,
    publisher: str = "mof",
    period: str = "2020-Q2",
    mode: str = "replace",
    dataset: str = "",
    by: str = "ana",
    hold_back: bool = False,
    findings: Iterable[Any] = (),
    identities: Iterable[Any] = (),
    at: datetime | None = None,
) -> int:
    """Upload, read and submit; the submission's id."""
    at = at or later()
    jurisdiction = register.publisher(publisher).jurisdiction
    with store.writing(engine) as conn:
        people(conn, by)
        drafts, files = with_upload(conn, settings, by_dataset(told), by, at)
        id = workflow.create(
            conn, publisher=publisher, jurisdiction=jurisdiction, dataset=dataset, period=period, mode=mode,
            hold_back=hold_back, prepared_by=by, at=at, files=files,
        )  # fmt: skip
        state = workflow.record_reading(
            conn,
            register,
            settings,
            id,
            drafts=drafts,
            identities=identities,
            findings=findings,
            report={"files": []},
            at=at,
        )
        if state == "valid":
            workflow.submit(conn, id, by, at)
    return id


def published(
    engine: sa.Engine,
    settings: Settings,
    register: Register,
    told: Iterable[Told] | Mapping[str, Iterable[Told]],
    *,
    certified_by: str = "ben",
    at: datetime | None = None,
    **more: Any,
) -> Publication:
    """Take drafts the whole way: one person prepares, another certifies."""
    at = at or later()
    id = submitted(engine, settings, register, told, at=at, **more)
    with store.writing(engine) as conn:
        state = workflow.submission(conn, id).state
        assert state == "ready_for_review", (state, workflow.findings(conn, id))
        people(conn, certified_by)
        return publishing.certify(conn, settings, register, id, certified_by, at)


def state_of(engine: sa.Engine, id: int) -> str:
    with store.reading(engine) as conn:
        return workflow.submission(conn, id).state


def uploads_of(engine: sa.Engine) -> int:
    with store.reading(engine) as conn:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(uploads)) or 0)


def amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text))

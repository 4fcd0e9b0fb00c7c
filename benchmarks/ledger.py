"""Write a look-alike ledger of any size into a home: what `site.py` measures pages on. Nothing in it is real.

    python benchmarks/ledger.py 100k --home var/ledger-100k

In: a size and a seed; the same give the same ledger. Out: `ledger.toml`, `ledger.db` and the search index. Nine in ten
processes are purchases (tender, award, contract, one or two payments, deliveries), the others gifts and grants, and a
few programmes. It does not go through workbooks and certification, which other benchmarks measure: releases are stored
as one publication, and everything that pages read is made from them by `projections.rebuild`. Words follow Zipf's law,
so that some are in nearly every record and most in few. Read `purchase` first.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.generate import GOODS, SIZES
from ledger import projections, searching, store, tables
from ledger.projections import Told
from ledger.settings import Settings, register

SIZES = SIZES | {"1m": 1_000_000}
SLICE = 2_000
AT = datetime(2021, 1, 4, 12, tzinfo=UTC)
AREAS = {
    "EX-NO": "Northern District",
    "EX-HI": "Highland District",
    "EX-CE": "Central District",
    "EX-HA": "Harbour District",
    "EX-RI": "River District",
    "EX-LA": "Lagoon District",
}
METHODS = ("open", "selective", "limited", "direct")
WORDS = (
    "supply of masks gloves gowns respirators oxygen cylinders test kits reagents hospital clinic isolation ward beds "
    "ventilators thermometers sanitiser soap water tanks food packages transport rental cleaning disinfection security "
    "training printing posters radio phones laptops tents generators fuel repair works electrical plumbing laboratory "
    "compra de mascarillas guantes batas oxígeno pruebas alimentos alquiler camiones limpieza desinfección "
    "capacitación emergency phase batch lot urgent regional community district school border quarantine centre"
).split()
FIRMS = (
    "Island Harbour River Central Northern Golden Blue Coral Maya Pacific Atlantic Union National Royal Green".split()
)
TRADES = "Medical Traders Supplies Pharmacy Logistics Services Construction Foods Imports Distribuidora Clínica".split()
TOML = """
[[jurisdiction]]
code = "EX"
fictional = true
currency = "XTS"
time_zone = "America/Belize"
languages = ["en", "es"]
names = {{ en = "Example Republic (fictional)", es = "República de Ejemplo (ficticia)" }}
{areas}

[[publisher]]
id = "exmoh"
name = "Example Ministry of Health (fictional)"
jurisdiction = "EX"
"""

_WEIGHTS = list(accumulate(1 / (n + 2) for n in range(len(WORDS))))


def _party(name: str, *roles: str) -> dict[str, Any]:
    id = name.lower().replace(" ", "-").replace(".", "").replace("í", "i")
    identifier = {"scheme": "EX-LEDGER", "id": id, "legalName": name}
    return {"id": f"EX-LEDGER-{id}", "name": name, "roles": list(roles), "identifier": identifier}


def _of(party: dict[str, Any]) -> dict[str, str]:
    return {"id": party["id"], "name": party["name"]}


def _place(code: str) -> dict[str, Any]:
    return {"description": AREAS[code], "gazetteer": {"scheme": "ISO3166-2", "identifiers": [code]}}


class Making:
    """Makes the bodies of one ledger from one seed."""

    def __init__(self, count: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.firms = [
            f"{self.chance.choice(FIRMS)} {self.chance.choice(TRADES)} {n} Ltd." for n in range(max(20, count // 25))
        ]
        self.offices = [f"Example Office {n}" for n in range(60)]
        self.donors = [f"Example Partner {n}" for n in range(200)]
        self.programmes = [f"ocds-213czf-exmoh-PRG-P-{n:03d}" for n in range(max(1, min(200, count // 100)))]

    def words(self, least: int, most: int) -> str:
        several = self.chance.choices(WORDS, cum_weights=_WEIGHTS, k=self.chance.randint(least, most))
        return " ".join(several).capitalize()

    def day(self) -> str:
        return f"{date(2020, 3, 16) + timedelta(days=self.chance.randrange(280))}T00:00:00-06:00"

    def programme(self, n: int) -> dict[str, Any]:
        office = _party(self.chance.choice(self.offices), "buyer", "procuringEntity")
        budget = {"id": f"P-{n:03d}", "amount": {"amount": self.chance.randrange(10**5, 10**7), "currency": "XTS"}}
        return {"title": f"Programme {n}: {self.words(3, 6)}", "parties": [office], "buyer": _of(office),
                "planning": {"budget": budget}}  # fmt: skip

    def gift(self, n: int) -> dict[str, Any]:
        donor = _party(self.chance.choice(self.donors), "donor", "sourceParty", "funder")
        taker = _party(self.chance.choice(self.offices), "aidRecipient")
        value = {"amount": self.chance.randrange(1_000, 900_000), "currency": self.chance.choice(("XTS", "USD", "EUR"))}
        sides = {"sourceParty": _of(donor), "destinationParty": _of(taker)}
        flows = [
            {"id": str(k), "type": type, "date": self.day(), "value": value, **sides}
            for k, type in enumerate(("pledge", "commitment", "disbursement")[: self.chance.randint(1, 3)], 1)
        ]
        budget = {"id": f"G-{n:07d}", "amount": value}
        planning = {"budget": budget, "aid": {"id": f"G-{n:07d}", "type": "cash", "flows": flows}}
        told = {"title": f"Gift: {self.words(4, 8)}", "description": self.words(5, 20)}
        return {**told, "parties": [donor, taker], "planning": planning}

    def purchase(self, n: int) -> dict[str, Any]:
        chance, number, title = self.chance, f"C-{n:07d}/2020", f"{self.words(4, 9)} {n}"
        office = _party(chance.choice(self.offices), "buyer", "procuringEntity", "payer")
        firm = _party(chance.choice(self.firms), "supplier", "tenderer", "payee")
        goods, unit, price = chance.choice(GOODS)
        quantity, area = chance.randint(1, 5_000), chance.choice(list(AREAS))
        item = {"id": "1", "description": goods, "quantity": quantity, "deliveryLocation": _place(area),
                "unit": {"name": unit, "value": {"amount": price / 100, "currency": "XTS"}}}  # fmt: skip
        value = {"amount": quantity * price / 100, "currency": "XTS"}
        contract = {"id": number, "awardID": number, "title": title, "status": "active", "dateSigned": self.day(),
                    "items": [item]}  # fmt: skip
        if chance.random() < 0.95:
            contract["value"] = value
        if chance.random() < 0.7:
            half = {"amount": round(value["amount"] / 2, 2), "currency": "XTS"}
            contract["implementation"] = {
                "transactions": [
                    {"id": f"PV-{n}-{k}", "date": self.day(), "value": half, "payer": _of(office), "payee": _of(firm)}
                    for k in range(chance.randint(1, 2))
                ]
            }
        body: dict[str, Any] = {
            "title": title,
            "description": self.words(5, 25),
            "parties": [office, firm],
            "buyer": _of(office),
            "tender": {"id": number, "title": title, "status": "complete", "procuringEntity": _of(office),
                       "procurementMethod": chance.choice(METHODS), "items": [item]},
            "awards": [{"id": number, "title": title, "status": "active", "date": self.day(), "suppliers": [_of(firm)],
                        "value": value, "items": [item]}],
            "contracts": [contract],
        }  # fmt: skip
        if chance.random() < 0.3:
            body["relatedProcesses"] = [
                {
                    "id": "1",
                    "relationship": ["planning"],
                    "scheme": "ocid",
                    "identifier": chance.choice(self.programmes),
                }
            ]
        return body

    def processes(self, count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for n, ocid in enumerate(self.programmes):
            yield ocid, "programme", self.programme(n)
        for n in range(count - len(self.programmes)):
            if n % 10:
                yield f"ocds-213czf-exmoh-PRC-C-{n:07d}", "procurement", self.purchase(n)
            else:
                yield f"ocds-213czf-exmoh-AID-G-{n:07d}", "aid", self.gift(n)


def write(home: Path, count: int, seed: int = 20200316) -> None:
    """Make the home: register, store and index. Prints what each part cost."""
    home.mkdir(parents=True)
    areas = "\n".join(
        f'[[jurisdiction.area]]\ncode = "{c}"\nnames = {{ en = "{n}", es = "{n}" }}' for c, n in AREAS.items()
    )
    (home / "ledger.toml").write_text(TOML.format(areas=areas), "utf-8")
    settings = Settings(home=home)
    engine = store.open_store(settings)
    store.migrate(engine)
    start = time.perf_counter()
    with store.writing(engine) as conn:
        people = [{"id": id, "name": f"Example {id}", "created_at": AT} for id in ("preparer", "certifier")]
        conn.execute(sa.insert(tables.accounts), people)
        role = {"account": "certifier", "role": "certifier", "publisher": ""}
        conn.execute(sa.insert(tables.account_roles).values(role))
        submission = {"id": 1, "publisher": "exmoh", "jurisdiction": "EX", "mode": "replace", "change_digest": ""}
        submission |= {"state": "ready_for_review", "prepared_by": "preparer", "prepared_at": AT}
        conn.execute(sa.insert(tables.submissions).values(submission))
        publication = {
            "number": 1,
            "at": AT,
            "submission": 1,
            "publisher": "exmoh",
            "change_digest": "",
            "summary": json.dumps(
                {
                    "added": count,
                    "changed": 0,
                    "withdrawn": 0,
                    "unchanged": 0,
                    "totals": [],
                    "dataset": "procurement",
                    "period": "",
                    "held": 0,
                    "releases": count,
                }
            ),
        }
        publication |= {"prepared_by": "preparer", "certified_by": "certifier"}
        conn.execute(sa.insert(tables.publications).values(publication))
        pairs: list[tuple[None, Told]] = []
        for ocid, kind, body in Making(count, seed).processes(count):
            tag = "planning" if kind == "aid" else "contract"
            release = {"ocid": ocid, "id": f"{ocid}-0001", "date": "2021-01-04T12:00:00Z", "tag": [tag],
                       "initiationType": "tender", "language": "en", **body}  # fmt: skip
            told = Told(ocid, kind, "EX", "exmoh", projections.compiled_of([release]), release["date"], 1)
            pairs.append((None, told))
            if len(pairs) == SLICE:
                _store(conn, pairs)
                pairs = []
        _store(conn, pairs)
        done = {"state": "published", "publication": 1, "certified_by": "certifier", "certified_at": AT}
        conn.execute(sa.update(tables.submissions).values(done))
    print(f"{count:,} processes stored in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    projections.rebuild(engine)
    with engine.begin() as conn:
        conn.exec_driver_sql("ANALYZE")
    print(f"projected from releases in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    searching.build(engine, settings, register(home / "ledger.toml"))
    size = sum(f.stat().st_size for f in (home / "index").rglob("*") if f.is_file()) / 1e6
    print(f"search index of {size:.0f} MB built in {time.perf_counter() - start:.0f} s", flush=True)
    engine.dispose()


def _store(conn: sa.Connection, pairs: list[tuple[None, Told]]) -> None:
    if not pairs:
        return
    rows, evidence = [], []
    for _, told in pairs:
        release = {**told.compiled, "tag": ["contract"], "id": f"{told.ocid}-0001"}
        rows.append(
            {"ocid": told.ocid, "number": 1, "id": release["id"], "publication": 1, "date": release["date"],
             "tag": "contract", "kind": told.kind, "jurisdiction": "EX", "publisher": "exmoh",
             "body": store.packed(release), "sha256": ""}
        )  # fmt: skip
        evidence.append({"release": release["id"], "cells": store.packed({})})
    conn.execute(sa.insert(tables.releases), rows)
    conn.execute(sa.insert(tables.provenance), evidence)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("size", help=f"a number, or one of {', '.join(SIZES)}")
    arguments.add_argument("--home", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=20200316)
    told = arguments.parse_args()
    write(told.home, SIZES.get(told.size) or int(told.size), told.seed)


if __name__ == "__main__":
    main()

"""What a version changed, in sentences: an amount with its currency, a new payment as one sentence, no noise."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any, cast

from ledger.reading import Release
from public_site import i18n
from public_site.pages.versions import Step, steps
from public_site.web import Ask
from tests import builders
from tests.builders import procurement


def versions(*bodies: dict[str, Any], language: str = "en") -> list[Step]:
    ask = SimpleNamespace(language=language, words=i18n.language(language), register=builders.register())
    releases = []
    for n, body in enumerate(bodies, 1):
        date = f"2020-07-0{n}T00:00:00Z"
        releases.append(Release(f"x-{n}", n, n, date, ("contract",), "Ana", "Ben", {**body, "date": date}))
    return list(steps(cast(Ask, ask), releases))


def told(it: builders.Process) -> dict[str, Any]:
    known = {"ocid": it.ocid, "id": "x", "tag": ["contract"], "initiationType": "tender", "language": "en"}
    return copy.deepcopy({**known, "title": it.title, **it.body})


def test_the_first_version_has_nothing_to_compare_with() -> None:
    (only,) = versions(told(procurement("C1")))
    assert only.first and not only.changes


def test_an_amount_that_changed_is_one_sentence_with_both_amounts() -> None:
    _, second = versions(told(procurement("C1", "BZD 380,000")), told(procurement("C1").worth("BZD 395,000")))
    (said,) = second.changes
    assert (said.kind, said.label) == ("changed", "Contract value (C1)")
    assert (said.before, said.after) == ("BZD\u00a0380,000.00", "BZD\u00a0395,000.00")


def test_a_new_payment_is_one_entry_with_its_parts() -> None:
    _, second = versions(told(procurement("C1")), told(procurement("C1").payment("PV-1", "BZD 200,000")))
    (said,) = [s for s in second.changes if s.parts]
    assert (said.kind, said.label) == ("added", "payment (C1, PV-1)")
    parts = dict(said.parts)
    assert parts["Amount paid"] == "BZD\u00a0200,000.00" and parts["Paid to"] == "Example Medical Supplies Ltd."
    assert "currency" not in str(said.parts) and "BZ-LEDGER" not in str(said.parts)


def test_a_delivery_names_its_goods_and_its_place() -> None:
    before, after = procurement("C1").item("Masks", 500), procurement("C1").item("Masks", 500)
    after.delivery("D-1", "1", 300, "BZ-CZL", "Clinic")
    _, second = versions(told(before), told(after), language="es")
    said = next(s for s in second.changes if s.label == "entrega (C1, D-1)")
    parts = dict(said.parts)
    assert parts["Cantidad entregada"] == "300 (Masks)" and parts["Recibido por"] == "Clinic"
    assert "Corozal" in parts["Lugar"]


def test_roles_and_the_ledgers_own_marks_are_no_change_to_a_reader() -> None:
    _, second = versions(told(procurement("C1")), told(procurement("C1").payment("PV-1", "BZD 200,000")))
    assert not [s for s in second.changes if "/roles" in s.locator or s.locator.endswith("/tag")]

"""Part 8 of the catalogue of messiness, who is who: small look-alikes, from the cell to the parties that are built.

The same number does not prove the same party, and a likeness of names is asked about and never merged silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from importers.intake import Checked, check_files
from ledger.settings import Jurisdiction, Register, Settings
from tests.conformance.lookalikes import BELIZE, As, column, contracts, delimited, read, workbook
from tests.sheets import Memory

BRAZIL = Jurisdiction("br", {"pt": "Brasil"}, "BRL", ("pt",), "BR", identifier_scheme="BR-CNPJ")
PLACEHOLDER = "18.715.516/0001-88"


def suppliers(folder: Path, *named: tuple[str, Any], head: str = "Tax ID", where: Jurisdiction = BELIZE) -> Checked:
    """Check a list of contracts in which each row has another supplier: (name, number)."""
    rows = contracts([head, "Contract value"], *([id, 100 + n] for n, (_, id) in enumerate(named)))
    for row, (name, _) in zip(rows[1:], named, strict=True):
        row[3] = name
    return check(workbook(folder / "contracts.xlsx", rows), where)


def check(path: Path, where: Jurisdiction = BELIZE, known: Any = None, kind: str = "procurement") -> Checked:
    register = Register((where,))
    done = check_files([path], settings=Settings(), register=register, kind=kind, known=known, publisher="")
    for table in done.report["files"][0]["tables"]:
        counts = table["rows"]
        assert counts["read"] == counts["accepted"] + counts["held"] + counts["ignored"]
    return done


def parties(done: Checked, role: str = "supplier") -> list[dict[str, Any]]:
    """The different parties of a role, in the order of the rows."""
    found: dict[str, dict[str, Any]] = {}
    for drafts in done.built.drafts.values():
        for draft in drafts:
            for party in draft.body.get("parties", ()):
                if role in party.get("roles", ()):
                    found.setdefault(party["id"], party)
    return list(found.values())


def published_ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [str(p["identifier"]["id"]) for p in found if not p["identifier"]["scheme"].endswith("-LEDGER")]


def asked(done: Checked) -> set[str]:
    """Every name that a question is about, with those that it is held against."""
    out = set()
    for f in done.findings:
        if f.code == "O001":
            out |= {str(f.params["name"]), *(str(c["name"]) for c in f.params["candidates"])}
    return out


def test_8_1_variants_of_a_name_are_asked_and_not_merged(tmp_path: Path) -> None:
    names = ["Northern Motors Company", "Northern (Orange Walk) Motors Company", "Northern Motors Co. International"]
    done = suppliers(tmp_path, *((n, "") for n in names))
    assert len(parties(done)) == 3
    assert len(asked(done) & set(names)) >= 2


def test_8_1_one_legal_form_spelled_two_ways_is_one_party(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("NORTHERN MOTORS COMPANY LIMITED", ""), ("Northern Motors Co. Ltd", ""))
    assert len(parties(done)) == 1
    done = suppliers(tmp_path, ("S.A. La Ceiba Ejemplo", ""), ("La Ceiba Ejemplo S.A.", ""))
    assert len(parties(done)) == 1 or asked(done)


def test_8_1_different_legal_forms_are_not_one_party(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("Northern Motors Ltd.", ""), ("Northern Motors Foundation", ""))
    assert len(parties(done)) == 2


def test_8_1_two_names_with_one_good_number_are_asked(tmp_path: Path) -> None:
    done = suppliers(
        tmp_path,
        ("OURO VERDE EXEMPLO S.A. - OUREX", "33.000.167/0001-01"),
        ("OURO VERDE EXEMPLAR SA", "33.000.167/0001-01"),
        where=BRAZIL,
    )
    assert len(parties(done)) == 2
    assert asked(done) >= {"OURO VERDE EXEMPLO S.A. - OUREX", "OURO VERDE EXEMPLAR SA"}


def test_8_1_letters_of_two_scripts_do_not_fall_together(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("Клиника Пример", ""), ("Школа Пример", ""), ("Example Clinic", ""))
    assert len(parties(done)) == 3


def test_8_2_and_13_a_placeholder_number_makes_no_two_one_and_is_not_published(tmp_path: Path) -> None:
    names = [f"Hospital {n}" for n in ("São Exemplo", "Santa Prova", "Boa Amostra", "Bom Modelo", "Vila Teste")]
    done = suppliers(tmp_path, *((n, PLACEHOLDER) for n in names), where=BRAZIL)
    assert len(parties(done)) == 5
    assert published_ids(parties(done)) == []
    assert "D006" in {f.code for f in done.findings}
    assert asked(done) == set()


@pytest.mark.parametrize("id", ["000000000", "99999", "11111111111111", "-1", "0", "S/N", "N/A"])
def test_8_2_numbers_that_are_nobodys_are_not_published(tmp_path: Path, id: str) -> None:
    done = suppliers(tmp_path, ("Example Pharmacy Ltd.", id), ("Sample Stores Ltd.", "201453"))
    assert published_ids(parties(done)) in ([], ["201453"])
    assert len(parties(done)) == 2


def test_8_2_the_funds_own_number_on_a_donor_does_not_make_them_one(tmp_path: Path) -> None:
    head = [
        "Donation number",
        "Donor",
        "Donor tax ID",
        "Recipient",
        "Recipient tax ID",
        "Amount",
        "Date received",
        "Status",
    ]
    rows: list[list[Any]] = [
        head,
        ["D-1", "PROVINCE OF EXAMPLE", PLACEHOLDER, "State Relief Fund", PLACEHOLDER, 500, "2020-05-14", "received"],
        ["D-2", "Example Mills", "33.000.167/0001-01", "State Relief Fund", PLACEHOLDER, 600, "2020-05-15", "received"],
    ]
    done = check(workbook(tmp_path / "gifts.xlsx", rows), BRAZIL, kind="donations")
    everyone = {p["name"] for role in ("funder", "donor", "beneficiary", "buyer") for p in parties(done, role)}
    bodies = [d.body for drafts in done.built.drafts.values() for d in drafts]
    named = {p["name"]: p["id"] for b in bodies for p in b.get("parties", ())}
    assert everyone <= set(named)
    assert named["PROVINCE OF EXAMPLE"] != named["State Relief Fund"]


def test_8_2_many_unnamed_people_in_one_row_are_no_organisation(tmp_path: Path) -> None:
    head = ["Donation number", "Donor", "Amount", "Date received", "Status"]
    rows: list[list[Any]] = [
        head,
        ["D-1", "DOAÇÕES PESSOAS FÍSICAS", 500, "2020-05-14", "received"],
        ["D-2", "Example Mills", 600, "2020-05-15", "received"],
    ]
    done = check(workbook(tmp_path / "gifts.xlsx", rows), BRAZIL, kind="donations")
    bodies = [d.body for drafts in done.built.drafts.values() for d in drafts]
    ids = {p["id"] for b in bodies for p in b.get("parties", ())}
    assert any(i.endswith("private-individuals") for i in ids)
    assert "DOAÇÕES PESSOAS FÍSICAS" not in str(bodies)


def test_8_3_words_run_together_are_asked_and_padding_is_nothing(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("HOSPITAL SANTOEXEMPLO\u00a0\u00a0\u00a0", ""), ("Hospital Santo Exemplo", ""))
    assert {p["name"] for p in parties(done)} == {"HOSPITAL SANTOEXEMPLO", "Hospital Santo Exemplo"}
    assert asked(done) == {"HOSPITAL SANTOEXEMPLO", "Hospital Santo Exemplo"}


def test_8_3_accents_and_capitals_do_not_make_two(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("PREFEITURA DE EXEMPLÓPOLIS", ""), ("Prefeitura de Exemplopolis", ""))
    assert len(parties(done)) == 1


def test_8_4_tax_numbers_stay_text(tmp_path: Path) -> None:
    rows = contracts("Tax ID", "35.820.448/0030-70", "2386348K", "900.213.759-0", "900934399", "0250073 000001/2020")
    t = read(delimited(tmp_path / "contracts.csv", rows))
    told = ["35.820.448/0030-70", "2386348K", "900.213.759-0", "900934399", "0250073 000001/2020"]
    assert t.texts("supplier.id") == told


def test_8_4_a_persons_number_among_firms_numbers_is_withheld(tmp_path: Path) -> None:
    cells = ["35.820.448/0030-70", "123.456.789-09", "12.345.678/0001-95"]
    t = column(tmp_path, "Tax ID", *cells, where=BRAZIL)
    assert t.texts("supplier.id") == [cells[0], "-", cells[2]]
    assert t.said("P003") == ["E3"]
    assert "123.456.789-09" not in str([f.shown for f in t.table.findings])
    assert "123.456.789-09" not in str([r.values for r in t.table.rows])


def test_8_4_a_persons_number_is_not_shown_as_a_sample_either(tmp_path: Path) -> None:
    t = column(tmp_path, "Tax ID", "123.456.789-09", "35.820.448/0030-70", where=BRAZIL)
    assert "123.456.789-09" not in str([c.samples for c in t.table.columns])


def test_8_4_leading_zeros_live_in_text_or_in_the_number_format(tmp_path: Path) -> None:
    t = column(
        tmp_path, "Tax ID", As(201453, "00000000"), "00201453", 201453, As(207201014, "0000000000"), As(5, "000-00")
    )
    assert t.texts("supplier.id")[:4] == ["00201453", "00201453", "201453", "0207201014"]
    assert t.texts("supplier.id")[4] in ("000-05", "-")


def test_8_4_a_number_of_a_machine_is_no_fraction(tmp_path: Path) -> None:
    rows = contracts("Contract value", 5, 6, 7)
    rows[1][0], rows[2][0], rows[3][0] = 9245761.0, "9245761.0", 0
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.texts("contract.id")[0] == "9245761"
    assert t.texts("contract.id")[2] == "-"  # 0 says "no contract"


def test_8_4_contracts_without_a_number_are_not_one_contract(tmp_path: Path) -> None:
    rows = contracts("Contract value", 500, 600)
    rows[1][0] = rows[2][0] = 0
    done = check(workbook(tmp_path / "contracts.xlsx", rows))
    table = done.report["files"][0]["tables"][0]
    assert table["rows"]["held"] == 0
    assert table["totals"] == {"contract": {"BZD": "1100.00"}}


def test_8_5_names_are_not_taken_apart(tmp_path: Path) -> None:
    names = [
        "EJEMPLO,AVILA,DE LEON,NELVY,LUISA",
        ";Crea Ejemplos; Sac",
        "MUNICIPALIDAD P...",
        "Example &amp; Sons; Ltd",
    ]
    rows = contracts("Contract value", 5, 6, 7, 8)
    for row, name in zip(rows[1:], names, strict=True):
        row[3] = name
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.texts("supplier.name") == [*names[:3], "Example & Sons; Ltd"]
    assert len(parties(check(tmp_path / "contracts.xlsx"))) == 4


def test_8_6_one_office_in_two_languages_is_not_merged_by_a_guess(tmp_path: Path) -> None:
    names = [
        "Affaires exemplaires, Commerce et Développement (AECD)",
        "Example Affairs, Trade and Development (EATD)",
        "COMEX - COMMUNAUTE ECONOMIQUE DE L'EXEMPLE",
        "COMEX- COMMUNAUTE ECONOMIQUE DE L'EXEMPLE",
        "MIinisterio de Ejemplo (MEJ)",
        "Ministerio de Ejemplo (MEJ)",
    ]
    done = suppliers(tmp_path, *((n, "") for n in names))
    ids = {p["name"]: p["id"] for p in parties(done)}
    assert ids[names[0]] != ids[names[1]]
    assert len({p["id"] for p in parties(done) if p["name"].startswith("COMEX")}) == 1
    assert {names[4], names[5]} <= asked(done)


def test_8_7_without_numbers_a_row_keeps_its_process_when_another_is_put_in(tmp_path: Path) -> None:
    head = ["What was bought", "Buyer", "Supplier", "Contract value", "Contract date"]
    rows = [
        [f"Order of {what}", "Ministry of Health", f"Example {what} Ltd.", value, f"2020-05-{day}"]
        for what, value, day in (("Masks", 500, 14), ("Gowns", 600, 15), ("Gloves", 700, 16))
    ]
    path = workbook(tmp_path / "contracts.xlsx", [head, *rows])
    first = check(path).built
    more = [["Order of Soap", "Ministry of Health", "Example Soap Ltd.", 50, "2020-05-13"], *rows]
    again = check(workbook(path, [head, *more]), known=Memory().keep(first)).built
    before = {d.body["tender"]["title"]: d.ocid for drafts in first.drafts.values() for d in drafts}
    after = {d.body["tender"]["title"]: d.ocid for drafts in again.drafts.values() for d in drafts}
    assert len(before) == 3 and len(after) == 4
    assert before.items() <= after.items()
    assert {i.ocid for i in check(path).built.identities} == set(after.values())  # the same in an empty ledger


def test_8_7_a_number_that_lost_its_digits_names_nobody(tmp_path: Path) -> None:
    done = suppliers(tmp_path, ("Example Pharmacy Ltd.", 1234567890123456789), ("Sample Stores Ltd.", "201453"))
    assert "V018" in {f.code for f in done.findings}
    assert "1234567890123456800" not in published_ids(parties(done))

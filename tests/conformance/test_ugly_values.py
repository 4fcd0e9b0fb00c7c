"""Parts 6 and 11 of the catalogue of messiness, missing values and places: small look-alikes, what becomes of them.

Nothing is not zero, a country's code is not nothing, and a place that may be two is neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.settings import Area, Jurisdiction
from tests.conformance.lookalikes import BELIZE, Told, column, contracts, delimited, read, workbook

NOTHING = [
    "-", "NA", "N/A", "n/a", "", "?", ".", "nil", "NIL", "TBD", "xxx", "INEXISTENTE", "No definido", "No Definido",
    "No definida", "No registra", "S/N", "sn", "s/n", "SN", "unknown", "Unknown", "not specified ", " -     ",
    "_NO_APLICA_", "–", "—", "...", "none", "NULL", "n.a.", "N.D.", "Sin información", "not provided", "TBC",
    "no aplica",
]  # fmt: skip
"""Ways in which real files say that there is nothing in a cell."""


@pytest.mark.parametrize("word", NOTHING)
def test_6_a_word_for_nothing_is_no_amount_no_date_and_no_text(tmp_path: Path, word: str) -> None:
    head = ["Contract value", "Contract date", "Lot", "Description"]
    t = column(
        tmp_path, head, [5, "2020-05-14", "1", "Masks"], [word, word, word, word], [0, "2020-05-15", "0", "Gowns"]
    )
    assert t.held == {}
    assert t.amounts() == ["BZD 5.00", "-", "BZD 0.00"]
    assert t.texts("contract.date") == ["2020-05-14", "-", "2020-05-15"]
    assert t.texts("lot.id")[:2] == ["1", "-"]
    assert t.texts("description") == ["Masks", "-", "Gowns"]
    assert not {c for c in t.worrying if c != "V017"}


@pytest.mark.parametrize("word", [*NOTHING, "(unspecified org)", "(Unspecified org)", "-1", "0"])
def test_6_nobody_is_called_nothing(tmp_path: Path, word: str) -> None:
    rows = contracts("Contract value", 5, 6)
    rows[2][3] = word
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.held == {3: "V001"} and t.said("V001") == ["D3"]


@pytest.mark.parametrize(
    "name", ["Nil Supplies Ltd.", "Unknown Artists Ltd.", "N & A Imports", "Na Lum Caye Tours", "S.N. Patel"]
)
def test_6_names_that_begin_like_nothing_are_names(tmp_path: Path, name: str) -> None:
    rows = contracts("Contract value", 5)
    rows[1][3] = name
    assert read(workbook(tmp_path / "contracts.xlsx", rows)).texts("supplier.name") == [name]


def test_6_zero_blank_and_not_applicable_are_kept_apart(tmp_path: Path) -> None:
    t = column(tmp_path, ["Number of bids", "Contract value"], [0, 0], [None, None], ["n/a", "n/a"], ["0", "0.00"])
    assert t.amounts() == ["BZD 0.00", "-", "-", "BZD 0.00"]
    assert [None if v is None else int(v) for v in t.column("bids.count")] == [0, None, None, 0]


def test_6_an_empty_amount_with_an_empty_currency_is_no_error(tmp_path: Path) -> None:
    t = column(tmp_path, ["Contract value", "Currency"], [5, "BZD"], ["", ""], ["-", "USD"])
    assert (t.held, t.amounts()) == ({}, ["BZD 5.00", "-", "-"])


@pytest.mark.parametrize("id", ["-1", "0", "000", "S/N"])
def test_6_a_number_that_stands_for_none_is_no_contract_number(tmp_path: Path, id: str) -> None:
    rows = contracts("Contract value", 5, 6, 7)
    rows[1][0] = rows[2][0] = id
    t = read(workbook(tmp_path / "contracts.xlsx", rows))
    assert t.texts("contract.id") == ["-", "-", "C-3"]


def test_6_and_13_the_code_of_namibia_is_not_missing(tmp_path: Path) -> None:
    office = Jurisdiction(
        "un",
        {"en": "Regional office"},
        "USD",
        areas=(Area("NA", {"en": "Namibia"}), Area("ZA", {"en": "South Africa"})),
    )
    rows = contracts(["Contract value", "Country"], [5, "NA"], [6, "ZA"], [7, "Namibia"], [8, "N/A"])
    t = read(delimited(tmp_path / "contracts.csv", rows), where=office)
    assert t.texts("place") == ["NA", "ZA", "NA", "-"]


# --- 11 places ----------------------------------------------------------------------------------------------------


def placed(folder: Path, *names: Any, where: Jurisdiction = BELIZE) -> list[tuple[str, str]]:
    """(area, place as text) of each row."""
    t: Told = column(folder, ["Contract value", "District"], *([5, n] for n in names), where=where)
    assert t.held == {}
    return list(zip(t.texts("place"), t.texts("place.name"), strict=True))


def test_11_belize_is_a_country_a_district_and_a_city(tmp_path: Path) -> None:
    told = placed(
        tmp_path, "Belize", "Belize City", "Belize District", "BELIZE DISTRICT", "Distrito de Belice", "BZ-BZ"
    )
    assert told[0] == ("-", "Belize")
    assert told[1] == ("-", "Belize City")
    assert [area for area, _ in told[2:]] == ["BZ-BZ"] * 4


def test_11_a_town_that_stands_for_its_district(tmp_path: Path) -> None:
    told = placed(
        tmp_path, "Stann Creek", "Dangriga", "Cayo", "San Ignacio", "COROZAL", " toledo ", "Stann  Creek Dist."
    )
    assert [a for a, _ in told[:6]] == ["BZ-SC", "BZ-SC", "BZ-CY", "BZ-CY", "BZ-CZL", "BZ-TOL"]


def test_11_a_town_keeps_its_own_name_beside_its_district(tmp_path: Path) -> None:
    assert placed(tmp_path, "Dangriga") == [("BZ-SC", "Dangriga")]


@pytest.mark.parametrize(
    "name",
    ["Cayo, Toledo", "Cayo and Toledo", "Cayo; Toledo", "Cayo/Toledo", "nationwide", "All districts", "Countrywide",
     "Africa (no country specified)", "Corozal, Sucre", "North"],
)  # fmt: skip
def test_11_several_places_or_none_are_kept_as_text(tmp_path: Path, name: str) -> None:
    assert placed(tmp_path, name) == [("-", name)]


@pytest.mark.parametrize(
    ("name", "area"), [("Stann Creek/Dangriga", "BZ-SC"), ("Cayo - San Ignacio", "BZ-CY"), ("Toledo, Belize", "BZ-TOL")]
)
def test_11_a_district_and_its_town_in_one_cell(tmp_path: Path, name: str, area: str) -> None:
    assert placed(tmp_path, name) == [(area, name)]


def test_11_accents_capitals_and_codes_beside_names(tmp_path: Path) -> None:
    honduras = Jurisdiction(
        "hn",
        {"es": "Honduras"},
        "HNL",
        areas=(
            Area("HN1601", {"es": "Santa Bárbara"}, parent="HN16"),
            Area("HN16", {"es": "Santa Bárbara"}),
            Area("HN0501", {"es": "San Pedro Sula"}),
        ),
    )
    told = placed(
        tmp_path, "SAN PEDRO SULA", "Santa Barbara", "HN1601", "hn1601", "HN1601 Santa Bárbara", where=honduras
    )
    assert [a for a, _ in told] == ["HN0501", "-", "HN1601", "HN1601", "HN1601"]
    brazil = Jurisdiction("br", {"pt": "Brasil"}, "BRL", areas=(Area("3168606", {"pt": "Teófilo Otoni"}),))
    assert placed(tmp_path, "TEOFILO OTONI", "Teófilo Otoni - MG", where=brazil)[0][0] == "3168606"


def test_11_an_area_code_kept_as_a_number_is_found(tmp_path: Path) -> None:
    brazil = Jurisdiction("br", {"pt": "Brasil"}, "BRL", areas=(Area("3168606", {"pt": "Teófilo Otoni"}),))
    t = column(tmp_path, ["Contract value", "District"], [5, "Ipatinga"], [6, 3168606], [7, "Caratinga"], where=brazil)
    assert t.texts("place") == ["-", "3168606", "-"]

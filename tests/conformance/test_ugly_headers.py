"""Catalogue of messiness, parts 1 and 2 at the addresses of the real files: bands, tags, stacked tables, false records.

In: look-alikes drawn with `ugly_books`, own text, the defect of the file that the entry names. `test_ugly_layout.py`
has the same entries one defect at a time; here a whole sheet has to be understood at once.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.findings import explained
from ledger.values import Money
from tests.conformance.ugly_books import WRITERS, Formula, Page, checked, fields, one, said, staged, totals, values, why
from tests.conformance.ugly_books import xls as old_workbook
from tests.conformance.ugly_books import xlsx as workbook

HEAD = ["Contract number", "Title", "Buyer", "Supplier", "Contract value"]


def row(n: int, amount: object = 100, supplier: str = "") -> list[object]:
    return [f"C-{n}", f"Masks, order {n}", "Ministry of Health", supplier or f"Example Supplies {n} Ltd.", amount]


# --- 1 headers ----------------------------------------------------------------------------------------------------

ENGLISH = (
    "No|Donor|Donor type|Recipient|Recipient type|Item|Category|Unit|Quantity|Unit price|Currency|Value|District|Place|"
    "Ward|Village|Settlement|Stage|Date received|End date|Channel|Remarks"
).split("|")
PORTUGUESE = (
    "N.º|Doador|Tipo de doador|Destinatário|Tipo|Produto|Categoria|Unidade|Quantidade|Preço unitário|Moeda|Valor|"
    "Distrito|Local|Bairro|Aldeia|Povoado|Fase|Data de recepção|Data final|Canal|Observações"
).split("|")
TAGS = (
    "#activity +code|#org +funder|#org +funder +type|#org +receiver||#item|#item +type|#unit|#quantity||#currency|"
    "#value|#adm1|#loc||||#status|#date +received|#date +end||#meta +remarks"
).split("|")


def register_of_gifts() -> Page:
    """Title, legend, subtotals over the table, groups, two languages, tags; data from row 9."""
    page = Page("4W").put("A1", ["EXAMPLAND: WHO GIVES WHAT WHERE"]).put("A3", ["Legend: blue columns are mandatory"])
    page.put("A4", [Formula("=SUBTOTAL(3,A9:A99905)", 3)]).put("L4", [Formula("=SUBTOTAL(9,L9:L99905)", 600)])
    page.put("D5", ["WHO"]).put("M5", ["WHERE"])
    page.merge("D5:G5", "M5:Q5", "V6:Y6", "V7:Y7")
    page.put("A6", ENGLISH, PORTUGUESE, TAGS).put("AD8", ["Comments"])
    for n in (9, 10, 11):
        page.put(f"A{n}", [n - 8, f"Example Fund {n}", "NGO", "Central Hospital", "Hospital", "Masks", "PPE", "box"])
        page.put(f"I{n}", [100, 2, "USD", 200, "Corozal", "", "", "", "", "received", f"2020-05-0{n - 8}"])
        page.put(f"V{n}", ["came late", "x", "y", "z"]).put(f"AD{n}", ["see the letter"])
    return page


def test_1_3_title_legend_subtotals_groups_two_languages_and_tags(tmp_path: Path) -> None:
    t = one(workbook(tmp_path / "x.xlsx", register_of_gifts()), "donations")
    assert t.header_rows == (5, 6, 7) and why(t) == {"hxl tags": [8]} and [r.number for r in t.rows] == [9, 10, 11]
    assert t.above == (("A1", "EXAMPLAND: WHO GIVES WHAT WHERE"), ("A3", "Legend: blue columns are mandatory"),
                       ("A4", "3"), ("L4", "600"))  # fmt: skip
    found = fields(t)
    assert [found[c] for c in "BDFHIJKLMS"] == [
        "donor.name", "recipient.name", "item.description", "item.unit", "item.quantity", "item.unitValue", "currency",
        "amount", "place", "date",
    ]  # fmt: skip
    assert values(t, "amount") == [Money(Decimal("200.00"), "USD")] * 3
    assert str(t.rows[0].values["amount"].at) == "4W!L9"


def test_1_3_a_heading_merged_over_four_columns_names_the_first(tmp_path: Path) -> None:
    """V6:Y6 and V7:Y7 are merged: what is in W to Y has no name, and is listed as unused where it stands."""
    t = one(workbook(tmp_path / "x.xlsx", register_of_gifts()), "donations")
    assert [c.header for c in t.columns[21:25]] == ["Remarks / Observações", "", "", ""]
    assert {"W7", "X7", "Y7"} <= set(said(t, "L004"))


def test_1_3_a_heading_that_stands_on_the_row_of_tags_is_a_heading(tmp_path: Path) -> None:
    t = one(workbook(tmp_path / "x.xlsx", register_of_gifts()), "donations")
    assert (t.columns[29].cell, t.columns[29].header, t.columns[29].field) == ("AD7", "Comments", "note")
    assert said(t, "L004").count("AD7") == 0


def test_1_4_rounds_over_makers_with_a_column_of_totals_is_a_cross_table(tmp_path: Path) -> None:
    page = Page("Allocations").put(
        "A1",
        ["", "", "", "Round 6", "Round 6", "Round 5", "Round 5", "Round 4"],
        ["Participant", "Income group", "Total to date", "Maker A", "Maker B", "Maker A", "Maker C", "Maker A"],
        ["Exampland", "low", 600, 100, 100, 100, 200, 100],
        ["Otherland", "middle", 60, 10, 10, 10, 20, 10],
    )
    found = staged(workbook(tmp_path / "x.xlsx", page))
    assert found.tables == () and found.not_read == (("Allocations", "cross table", "A1:H4"),)


def test_1_4_the_same_name_under_two_groups_is_told_apart_by_them(tmp_path: Path) -> None:
    page = Page().put(
        "A1",
        ["", "", "Pledged", "Pledged", "Received", "Received"],
        ["Donor", "Aid agreement", "Amount (US$)", "Date", "Amount (US$)", "Date"],
        ["Example Fund", "A-1", 100, "2020-04-01", 50, "2020-05-01"],
        ["Example Bank", "A-2", 200, "2020-04-02", 70, "2020-05-02"],
    )
    t = one(workbook(tmp_path / "x.xlsx", page), "aid")
    assert t.header_rows == (1, 2)
    assert [c.field for c in t.columns[2:]] == [
        "pledge.amount", "pledge.date", "disbursement.amount", "disbursement.date",
    ]  # fmt: skip


@pytest.mark.parametrize("second", [["#org", "#loc", "#item", "#quantity"], ["#org"]])
def test_1_5_two_rows_of_tags_are_no_gifts(tmp_path: Path, second: list[str]) -> None:
    head = [["Donateur", "Bénéficiaire", "Produit", "Quantité"], ["#org+funder", "#org+receiver", "#item", "#quantity"]]
    gifts = [["Fonds Exemple", "Hôpital", "Masques", 5], ["Club Exemple", "Hôpital", "Savon", 6]]
    t = one(workbook(tmp_path / "x.xlsx", Page("DATA-FINAL").put("A1", *head, second, *gifts)), "donations")
    assert values(t, "donor.name") == ["Fonds Exemple", "Club Exemple"] and why(t) == {"hxl tags": [2, 3]}


def test_1_5_a_tag_that_names_the_currency_is_believed(tmp_path: Path) -> None:
    """`#value+usd` under "Value": without it the amounts would be taken for the office's own dollars."""
    rows = [["Donor", "Thing", "Value"], ["#org+funder", "#item+name\t", "#value+usd"], ["Example Fund", "Masks", 5]]
    t = one(workbook(tmp_path / "x.xlsx", Page().put("A1", *rows, ["Example Club", "Soap", 6])), "donations")
    assert values(t, "amount") == [Money(Decimal("5.00"), "USD"), Money(Decimal("6.00"), "USD")]


def test_1_6_a_second_table_of_another_sort_is_not_read_on(tmp_path: Path) -> None:
    """A1 header, A7 total, A9 title, A11 another header: the districts of the summary are no donors."""
    page = Page("grants").put("A1", ["Donor", "Grants", "Amount (GBP)"])
    page.put("A2", *[[f"Example Trust {n}", n, n * 1000] for n in range(1, 6)], ["Total", 15, 15000])
    page.put("A9", ["Grants by district"]).put("A11", ["District", "Grants", "Amount (GBP)"])
    page.put("A12", ["Corozal", 5, 5000], ["Toledo", 10, 10000], ["Total", 15, 15000])
    done = checked(workbook(tmp_path / "x.xlsx", page), kind="donations")
    donors = {d.value for t in done.files[0].tables for d in values_of(t.rows, "donor.name")}
    assert donors == {f"Example Trust {n}" for n in range(1, 6)}
    assert totals(done) == {"receipt": {"GBP": Decimal("15000.00")}}


def values_of(rows: object, name: str) -> list[object]:
    return [r.values[name] for r in rows if name in r.values]  # type: ignore[attr-defined]


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_1_6_the_title_of_the_second_table_is_its_own(tmp_path: Path, gap: int) -> None:
    """A18 title, then the header: what the title says of the currency holds for the table under it, not over it."""
    page = Page("contracts").put("A1", ["Contracts of the capital"]).put("A4", HEAD, row(1), row(2))
    page.put("A7", ["Total", "", "", "", 200])
    page.put("A10", ["Contracts of the south, all amounts in US dollars"])
    page.put(f"A{11 + gap}", HEAD, row(3), row(4), ["Total", "", "", "", 200])
    found = staged(workbook(tmp_path / "x.xlsx", page))
    assert [t.header_rows for t in found.tables] == [(4,), (11 + gap,)]
    assert [{m.currency for m in values(t, "amount")} for t in found.tables] == [{"BZD"}, {"USD"}]
    assert found.tables[1].above == (("A10", "Contracts of the south, all amounts in US dollars"),)
    assert [[c.agrees for c in t.control_totals] for t in found.tables] == [[True], [True]]


def test_1_6_three_pivots_beside_each_other_are_three_and_all_are_named(tmp_path: Path) -> None:
    pivots = Page("Pivot table").put("A3", ["Étiquettes de lignes", "Nombre de Projet"], ["Est", 4], ["(vide)", 1])
    pivots.put("E3", ["Étiquettes de lignes", "Somme de Montant"], ["Santé", 10], ["Total général", 10])
    pivots.put("H3", ["Étiquettes de lignes", "Somme de Cible"], ["Est", 4], ["Total général", 4])
    found = staged(workbook(tmp_path / "x.xlsx", pivots, Page("DATA-FINAL").put("A1", HEAD, row(1), row(2))))
    assert [t.sheet for t in found.tables] == ["DATA-FINAL"]
    assert found.not_read == tuple(("Pivot table", "summary table", r) for r in ("A3:B5", "E3:F5", "H3:I5"))
    assert said(found, "L001") == ["A3", "E3", "H3"]


@pytest.mark.parametrize("start", ["G1", "G3", "H1"])
def test_1_6_a_pivot_as_long_as_the_data_does_not_take_the_data_along(tmp_path: Path, start: str) -> None:
    page = Page("Data").put("A1", HEAD, row(1), row(2), row(3))
    page.put(
        start, ["Row Labels", "Sum of Contract value"], ["Example 1", 100], ["Example 2", 200], ["Grand Total", 300]
    )
    found = staged(workbook(tmp_path / "x.xlsx", page))
    assert [(t.range, len(t.rows)) for t in found.tables] == [("A1:E4", 3)]
    assert [name for _, name, _ in found.not_read] == ["summary table"]


def test_1_7_all_defects_of_headings_in_one_sheet(tmp_path: Path) -> None:
    head = [
        "",
        "Contract number\xa0",
        "Awarding Agency:",
        'TITLE"|trans}}',
        "Supplier",
        "Supplier ",
        "Contract\n(value)",
    ]
    rows = [[n, f"C-{n}", "Ministry of Health", f"Masks {n}", f"Example {n} Ltd.", "", 100 * n] for n in (1, 2, 3)]
    page = Page("Open").put("A1", [*head, "DATA _ENTREGA", " "], *([*r, f"2020-05-0{r[0]}", "x"] for r in rows))
    t = one(workbook(tmp_path / "x.xlsx", page), "procurement")
    assert [c.field for c in t.columns[1:5]] == ["contract.id", "buyer.name", "title", "supplier.name"]
    assert (t.columns[5].field, t.columns[6].field) == (None, "amount")
    assert values(t, "amount")[2] == Money(Decimal("300.00"), "BZD")
    assert {"A1", "I1"} <= set(said(t, "L004"))


def test_1_8_a_currency_in_the_heading_against_one_in_the_column(tmp_path: Path) -> None:
    """A heading says US dollars, the column beside it pesos: neither is taken, at the cell of the amount."""
    head = [*HEAD[:4], "Contract value (USD)", "Currency"]
    page = Page().put("A1", head, [*row(1, 5000), "MXN"], [*row(2, 6000), "USD"])
    t = one(workbook(tmp_path / "x.xlsx", page), "procurement")
    assert t.held == {2: "V007"} and said(t, "V007") == ["E2"] and values(t, "amount") == [Money(Decimal(6000), "USD")]


def test_1_8_an_amount_in_millions_over_full_figures_is_asked_and_months_are_no_dates(tmp_path: Path) -> None:
    head = ["Lender", "Purpose", "Amount (US$m)", "Approved (early access)"]
    rows = [["Example Bank", "vaccines", "113,000,000", "March"], ["Example Fund", "vaccines", "50,000,000", "April"]]
    path = workbook(tmp_path / "x.xlsx", Page().put("A1", head, *rows))
    asked = one(path, "aid")
    assert asked.held == {2: "V019", 3: "V019"} and said(asked, "V019") == ["C1"]
    told = one(path, answers=[{"kind": "aid", "units": {"amount": 1}}])
    assert fields(told)["D"] is None


def test_1_9_fifteen_nineteen_and_thirty_two_columns_of_one_publication(tmp_path: Path) -> None:
    """Months in which columns were added and renamed: the first answer names the heading, and still counts later."""

    def month(n: int, more: int) -> Path:
        head = ["Process", "Object", "Buyer", "Supplier", "Valor homologado"]
        rows = [[f"C-{n}{k}", "Masks", "Ministry", f"Example {k} Ltd.", 100 * k] for k in (1, 2)]
        extra = [f"Extra {k}" for k in range(more)]
        return workbook(tmp_path / f"{n}.xlsx", Page().put("A1", head + extra, *(r + ["x"] * more for r in rows)))

    first = one(month(1, 10), "procurement")
    answer = {
        "signature": first.signature,
        "kind": "procurement",
        "columns": {c.header: c.field or "" for c in first.columns[:5]} | {"Valor homologado": "amount"},
    }
    for n, more in ((2, 14), (3, 27)):
        t = one(month(n, more), answers=[answer])
        assert values(t, "amount") == [Money(Decimal(100), "BZD"), Money(Decimal(200), "BZD")]
        assert len(t.columns) == 5 + more and len(said(t, "L004")) == more


# --- 2 rows that are not records ------------------------------------------------------------------------------------


def test_2_1_and_13_a_control_total_under_two_columns_with_its_word_in_the_fourth(tmp_path: Path) -> None:
    """D14 'Total', F14 the exact sum of F2:F13, J14 too: compared with the rows, then not a record."""
    page = Page("compras").put(
        "A1",
        ["Buyer\t", "Contract number", "Title", "Supplier", "Item", "Contract amount", "Year", "Unit", "Quantity",
         "Award amount"],
    )  # fmt: skip
    for n in range(2, 14):
        amount = "$4,051,247.68" if n < 13 else "$4,051,247.63"
        page.put(f"A{n}", ["Ministerio Ejemplo\t", f"LP-{n}", "Leche\x1c", "Lácteos Ejemplo S.A.", "leche", amount])
        page.put(f"G{n}", [2019, "kg", n, "$10.00"])
    page.put("D14", ["Total", "", "$48,614,972.11", "", "", "", "$120.00"])
    t = one(workbook(tmp_path / "x.xlsx", page), answers=[{"kind": "procurement", "currency": {"": "USD"}}])
    assert why(t) == {"total": [14]} and len(t.rows) == 12
    assert [(c.cell, c.stated, c.agrees) for c in t.control_totals] == [
        ("F14", Decimal("48614972.11"), True), ("J14", Decimal("120.00"), True),
    ]  # fmt: skip
    assert sum(m.amount for m in values(t, "amount")) == Decimal("48614972.11")
    assert values(t, "buyer.name")[0] == "Ministerio Ejemplo" and values(t, "title")[0] == "Leche"


def test_2_1_a_total_in_an_old_workbook_with_a_source_line_under_it(tmp_path: Path) -> None:
    page = Page("linksei").put("A4", HEAD, *(row(n) for n in range(1, 6))).put("A10", ["Total Geral", "", "", "", 500])
    page.put("A12", ["Fonte: sistema de exemplo"], ["(1) Valores estimados"])
    for name, write in WRITERS.items():
        t = one(write(tmp_path / f"x.{name}", page), "procurement")
        assert (t.header_rows, len(t.rows), t.held) == ((4,), 5, {}), name
        assert why(t) == {"total": [10], "blank": [11], "note under the table": [12, 13]}, name
        assert [c.agrees for c in t.control_totals] == [True], name


def test_2_2_false_totals_among_true_ones(tmp_path: Path) -> None:
    """A donor called Total in a table of two columns gives 500; the total under the table is the sum with it."""
    gifts = [["Total Energies Example", 500], ["TOTAL BILIRUBIN KITS LTD", 200], ["Example Club", 300], ["TOTAL", 1000]]
    t = one(workbook(tmp_path / "x.xlsx", Page().put("A1", ["Donor", "Amount (USD)"], *gifts)), "donations")
    assert [r.number for r in t.rows] == [2, 3, 4] and why(t) == {"total": [5]}
    assert [c.agrees for c in t.control_totals] == [True]


def test_2_3_two_tables_whose_totals_contradict_each_other_are_each_judged_alone(tmp_path: Path) -> None:
    page = Page().put("A1", HEAD, row(1), row(2), ["Total", "", "", "", 200])
    page.put("A6", ["By district, corrected"]).put("A7", HEAD, row(3), row(4, 150), ["Total", "", "", "", 320])
    found = staged(workbook(tmp_path / "x.xlsx", page), "procurement")
    assert [[c.agrees for c in t.control_totals] for t in found.tables] == [[True], [False]]
    assert said(found.tables[1], "L006") == ["E10"] and said(found.tables[0], "L006") == []


def test_2_5_and_13_most_rows_hidden_by_a_filter_and_a_hidden_copy_of_the_sheet(tmp_path: Path) -> None:
    lines = [row(n) for n in range(1, 61)]
    book = (Page("Sheet2").put("A1", HEAD, *lines).hide(*range(5, 60)), Page("Sheet1", True).put("A1", HEAD, *lines))
    path = workbook(tmp_path / "x.xlsx", *book)
    found = staged(path, "procurement")
    (t,) = found.tables
    (hidden,) = [f for f in t.findings if f.code == "L003"]
    assert (hidden.params["rows"], hidden.params["others"], len(t.rows)) == (55, 5, 60)
    assert found.not_read == (("Sheet1", "hidden", ""),)
    assert [f.params["rows"] for f in found.findings if f.code == "L002"] == [61]
    skipped = one(path, answers=[{"kind": "procurement", "hidden_rows": "skip"}])
    assert len(skipped.rows) == 5 and len(why(skipped)["hidden row"]) == 55 and said(skipped, "L003") == []
    assert [t.sheet for t in staged(path, "procurement", only="Sheet1").tables] == ["Sheet1"]


def test_2_5_hidden_rows_of_an_old_workbook_are_not_read_in_silence(tmp_path: Path) -> None:
    page = Page("Sheet2").put("A1", HEAD, *(row(n) for n in range(1, 9))).hide(4, 5, 6)
    t = one(old_workbook(tmp_path / "x.xls", page), "procurement")
    of_the_file = [explained(f) for f in t.findings if f.code == "B020"]
    assert said(t, "L003") == ["A4"] or any("hidden" in f"{w.what} {w.why}" for w in of_the_file)


def test_2_5_instructions_lists_and_eight_sheets_of_which_one_is_data(tmp_path: Path) -> None:
    sheets = [
        Page("Lisez-moi").put("A1", ["4W EXEMPLE"]).put("A3", ["Colonne", "Explication"], ["Donateur", "Qui donne"]),
        Page("OU", True).put("A1", ["Region", "Pcode"], ["Est", "EX1"]),
        Page("QUOI", True).put("A1", ["Secteur", "Code"], ["Santé", "H"]),
        Page("Feuil8").put("A3", ["Étiquettes de lignes", "Somme de Montant"], ["(vide)", 3], ["Total général", 3]),
        Page("Version_Tracking"),
        Page("DATA-FINAL").put("A1", HEAD, row(1), row(2)),
    ]
    found = staged(workbook(tmp_path / "x.xlsx", *sheets))
    assert [t.sheet for t in found.tables] == ["DATA-FINAL"]
    told = {name: reason for name, reason, _ in found.not_read}
    assert told.pop("Lisez-moi") in ("lookup list", "no table of aid, donations or procurement")
    assert told == {"OU": "hidden", "QUOI": "hidden", "Feuil8": "summary table", "Version_Tracking": "empty"}
    assert said(found, "L002") == ["", ""]


def test_2_5_a_sheet_of_lists_is_called_one(tmp_path: Path) -> None:
    lists = [["Method", "District", "Status"], ["open", "Corozal", "active"], ["direct", "Toledo"]]
    pages = [Page("Data").put("A1", HEAD, row(1), row(2)), Page("Lists").put("A1", *lists)]
    assert staged(workbook(tmp_path / "x.xlsx", *pages)).not_read == (("Lists", "lookup list", "A1:C3"),)


def test_2_6_a_loose_remark_beside_one_under_the_table(tmp_path: Path) -> None:
    gifts = [["Example Fund", "Central Hospital", "Vaccine", 100 * n, f"2021-03-{n:02}"] for n in range(1, 21)]
    page = Page("deliveries").put("A1", ["Donor", "Recipient", "Item", "Quantity", "Date"], *gifts)
    t = one(workbook(tmp_path / "x.xlsx", page.put("J12", ["*I think October?"]).put("A23", ["*as told"])), "donations")
    assert len(t.rows) == 20 and why(t) == {"blank": [22], "note under the table": [23]}
    assert t.range == "A1:J23" and said(t, "L004") == ["J1"]

"""What each kind of sheet becomes: one fact of the domain a test, from the row that an officer types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from importers.drafts import Built, aid, build, desk, implementation, procurement, programmes, registers, words, writing
from importers.staging import StagedTable
from ledger import catalogue
from ledger.settings import Jurisdiction
from ledger.values import Draft, Locator, PartialDate
from tests.sheets import Memory, column, context, sheet, table, typed

MODULES = (aid, desk, implementation, procurement, programmes, registers, words, writing)


def built(*tables: StagedTable, **how: Any) -> Built:
    return build(list(tables), context(**how))


def only(result: Built, dataset: str) -> Draft:
    (draft,) = result.drafts[dataset]
    return draft


def codes(result: Built) -> list[str]:
    return [f.code for f in result.findings]


def contract(result: Built) -> dict[str, Any]:
    (told,) = only(result, "procurement").body["contracts"]
    return dict(told)


AID = sheet(
    "aid",
    "aid.id | title | donor.name | recipient.name | pledge.amount | pledge.date | commitment.amount"
    " | disbursement.amount",
    "AID-1 | Health grant | IDB | Ministry of Finance | USD 500 | 2020-04-02 | USD 450 | USD 300",
)
BOUGHT = "process.id | contract.id | title | buyer.name | supplier.name | amount"


# --- aid ----------------------------------------------------------------------------------------------------


def test_promised_signed_and_received_are_three_flows_of_one_process() -> None:
    draft = only(built(AID), "aid")
    assert (draft.ocid, draft.kind) == ("ocds-213czf-moh-AID-AID-1", "aid")
    flows = {f["type"]: f for f in draft.body["planning"]["aid"]["flows"]}
    assert {t: f["value"]["amount"] for t, f in flows.items()} == {
        "pledge": 500,
        "commitment": 450,
        "disbursement": 300,
    }
    assert flows["pledge"]["date"] == "2020-04-02T00:00:00-06:00"
    assert flows["pledge"]["sourceParty"] == {"id": "BZ-LEDGER-idb", "name": "IDB"}
    assert not draft.body.keys() & {"tender", "awards", "contracts"}


def test_every_amount_knows_its_cell_and_what_was_typed_there() -> None:
    draft = only(built(AID), "aid")
    (flow,) = [f for f in draft.body["planning"]["aid"]["flows"] if f["type"] == "disbursement"]
    source = draft.cells[Locator(f"/planning/aid/flows/={flow['id']}/value/amount")]
    assert (str(source.at), source.raw, source.how) == ("Aid!H2", "300", "")


def test_rows_with_one_number_are_one_arrangement_with_several_flows() -> None:
    told = sheet(
        "aid",
        "aid.id | donor.name | stage | amount | date",
        "A-1 | IDB | disbursement | USD 100 | 2020-05-01",
        "A-1 | IDB | disbursement | USD 200 | 2020-06-01",
        "A-2 | IDB | disbursement | USD 400 | 2020-06-01",
    )
    first, _ = built(told).drafts["aid"]
    assert sorted(f["value"]["amount"] for f in first.body["planning"]["aid"]["flows"]) == [100, 200]
    assert first.body["planning"]["budget"]["amount"] == {"amount": 300, "currency": "USD"}


def test_a_loan_is_said_to_be_one() -> None:
    told = sheet("aid", "aid.id | donor.name | finance.type | stage | amount", "L-1 | IDB | loan | commitment | USD 9")
    (finance,) = only(built(told), "aid").body["planning"]["budget"]["finance"]
    assert finance["type"] == "loan" and finance["financingParty"]["name"] == "IDB"
    assert finance["value"] == {"amount": 9, "currency": "USD"}


def test_an_amount_without_a_stage_is_a_question_not_money_received() -> None:
    result = built(sheet("aid", "donor.name | amount", "IDB | USD 5"))
    assert not result.drafts and result.held == {(0, 2): "D003"} and codes(result) == ["D003"]


def test_money_that_went_back_is_a_refund() -> None:
    told = sheet("aid", "aid.id | donor.name | stage | amount", "A | IDB | disbursement | USD -40")
    (flow,) = only(built(told), "aid").body["planning"]["aid"]["flows"]
    assert (flow["type"], flow["value"]["amount"]) == ("refund", 40)
    assert "D011" in codes(built(told))


def test_a_date_without_a_day_is_told_in_words_and_never_completed() -> None:
    told = sheet("aid", "aid.id | donor.name | stage | amount | date", "A | IDB | pledge | USD 4 | 2020-05")
    (flow,) = only(built(told), "aid").body["planning"]["aid"]["flows"]
    assert "date" not in flow and "2020-05." in flow["description"]
    assert "D007" in codes(built(told))


# --- donations ------------------------------------------------------------------------------------------------

GIFT = (
    "donation.id | donor.name | recipient.name | date | item.description | item.quantity | item.unit"
    " | item.unitValue | amount"
)


def test_a_gift_in_kind_is_goods_and_their_receipt() -> None:
    draft = only(
        built(
            sheet("donations", GIFT, "D-1 | Rotary | Ministry | 2020-05-01 | masks | 500 | piece | BZD 2 | BZD 1000")
        ),
        "donations",
    )
    about = draft.body["planning"]["aid"]
    (item,), (flow,) = about["items"], about["flows"]
    assert about["type"] == "inKind" and flow["type"] == "receipt" and flow["relatedItems"] == [item["id"]]
    assert (item["quantity"], item["unit"]["name"], item["unit"]["value"]["amount"]) == (500, "piece", 2)
    assert flow["value"] == {"amount": 1000, "currency": "BZD"}
    assert draft.body["title"] == "masks: Rotary → Ministry"


def test_the_value_of_a_gift_without_total_is_quantity_times_price() -> None:
    draft = only(built(sheet("donations", GIFT, "D-1 | Rotary | | | masks | 3 | | BZD 0.5 | ")), "donations")
    (flow,) = draft.body["planning"]["aid"]["flows"]
    assert flow["value"]["amount"] == 1.5
    assert draft.cells[Locator(f"/planning/aid/flows/={flow['id']}/value/amount")].how == "derived"


def test_the_price_kept_gives_the_stated_total() -> None:
    told = sheet("donations", GIFT, "D-1 | Rotary | | | masks | 300 | | BZD 0.03 | BZD 10.35")
    (item,) = only(built(told), "donations").body["planning"]["aid"]["items"]
    assert item["unit"]["value"]["amount"] == 0.0345


def test_a_price_that_cannot_be_right_is_pointed_out() -> None:
    assert "D014" in codes(built(sheet("donations", GIFT, "D-1 | R | | | masks | 300 | | BZD 5 | BZD 10")))


def test_rows_of_one_gift_are_its_items() -> None:
    told = sheet("donations", GIFT, "D-1 | R | | | masks | 3 | | | BZD 5", "D-1 | R | | | gloves | 4 | | | BZD 7")
    about = only(built(told), "donations").body["planning"]["aid"]
    assert {i["description"] for i in about["items"]} == {"masks", "gloves"} and len(about["flows"]) == 2


def test_cash_and_goods_are_never_one_gift() -> None:
    told = sheet(
        "donations", "donation.id | donor.name | aid.type | amount", "D | R | cash | BZD 5", "D | R | inKind | BZD 7"
    )
    result = built(told)
    assert not result.drafts and set(result.held.values()) == {"D020"}


def test_a_private_person_is_never_named() -> None:
    told = sheet(
        "donations",
        "donation.id | donor.name | donor.kind | amount | aid.type",
        "D | Ana Pérez | person | BZD 5 | cash",
    )
    result = built(told)
    draft = only(result, "donations")
    assert "Ana" not in str(draft) and "P\\u00e9rez" not in str(draft)
    assert draft.body["parties"][0]["name"] == "Private individuals (names withheld)"
    assert all("Ana" not in f.shown for f in result.findings)
    assert "D008" in codes(result)


def test_a_label_for_many_unnamed_people_is_the_same_party() -> None:
    told = sheet("donations", "donor.name | amount | aid.type", "DOAÇÕES PESSOAS FÍSICAS | BZD 5 | cash")
    assert only(built(told), "donations").body["parties"][0]["id"] == "BZ-LEDGER-private-individuals"


def test_a_tax_number_of_several_names_identifies_nobody() -> None:
    told = sheet(
        "donations",
        "donor.name | donor.id | recipient.name | recipient.id | amount | aid.type",
        "Jiangsu | 18.715.516/0001-88 | Health fund | 18715516000188 | BZD 5 | cash",
        "Petrobras | 33.000.167/0001-01 | Health fund | 18715516000188 | BZD 6 | cash",
    )
    result = built(told)
    ids = {p["name"]: p["identifier"]["id"] for d in result.drafts["donations"] for p in d.body["parties"]}
    assert ids == {"Jiangsu": "jiangsu", "Health fund": "health-fund", "Petrobras": "33.000.167/0001-01"}
    assert codes(result).count("D006") == 1


# --- what was handed out --------------------------------------------------------------------------------------

OUT = (
    "delivery.id | contract.id | donation.id | date | item.description | item.quantity | item.unitValue | amount"
    " | place | recipient.name | status"
)


def test_a_distribution_without_contract_or_gift_stands_alone_and_is_no_money() -> None:
    told = sheet("deliveries", OUT, " | | | 2020-05-22 | gel | 120 | BZD 15.98 | BZD 1917.6 | BZ-TOL | Clinic | ")
    draft = only(built(told), "deliveries")
    about = draft.body["planning"]["aid"]
    (delivered,) = about["deliveries"]
    assert draft.kind == "aid" and "flows" not in about
    assert delivered["items"] == [{"id": about["items"][0]["id"], "quantity": 120}]
    assert about["items"][0]["unit"]["value"] == {"amount": 15.98, "currency": "BZD"}
    assert delivered["deliveryLocation"]["gazetteer"]["identifiers"] == ["BZ-TOL"]


def test_goods_of_a_contract_are_the_contracts_own_items() -> None:
    bought = sheet(
        "procurement",
        BOUGHT + " | item.description | item.quantity",
        "T | C-1 | Masks | MoH | Acme | BZD 9 | N95 Masks | 100",
    )
    out = sheet("deliveries", OUT, "G-1 | C-1 | | | n95 masks | 40 | | | BZ-CZL | Clinic | ")
    result = built(bought, out)
    (item,) = contract(result)["items"]
    told = only(result, "deliveries").body["contracts"][0]
    assert told["implementation"]["deliveries"][0]["items"] == [{"id": item["id"], "quantity": 40}]
    assert "items" not in told


def test_what_came_back_is_returned_not_negative() -> None:
    told = sheet("deliveries", OUT, "G-1 | | | | gel | -5 | | BZD -50 | | Clinic | ")
    about = only(built(told), "deliveries").body["planning"]["aid"]
    assert about["deliveries"][0]["status"] == "returned" and about["deliveries"][0]["items"][0]["quantity"] == 5
    assert about["items"][0]["unit"]["value"]["amount"] == 10


def test_a_delivery_of_a_gift_joins_the_gift() -> None:
    gift = sheet("donations", GIFT, "D-1 | Rotary | | | masks | 500 | | | BZD 5")
    result = built(gift, sheet("deliveries", OUT, "G-1 | | D-1 | | masks | 100 | | | | Clinic | "))
    assert only(result, "deliveries").ocid == only(result, "donations").ocid
    item = only(result, "donations").body["planning"]["aid"]["items"][0]["id"]
    assert only(result, "deliveries").body["planning"]["aid"]["deliveries"][0]["items"] == [
        {"id": item, "quantity": 100}
    ]


# --- programmes -----------------------------------------------------------------------------------------------

PROGRAMME = "programme.id | title | agency.name | amount | source.name | aid.id | source.amount"


def test_a_programme_says_which_part_comes_from_where() -> None:
    told = sheet(
        "programmes",
        PROGRAMME,
        "P-1 | Supplies | MoH | BZD 100 | IDB | AID-1 | BZD 60",
        "P-1 | Supplies | MoH | BZD 100 | Treasury | | BZD 40",
    )
    result = built(AID, told)
    budget = only(result, "programmes").body["planning"]["budget"]
    assert budget["amount"] == {"amount": 100, "currency": "BZD"}
    parts = {p["id"]: p for p in budget["budgetBreakdown"]}
    assert parts["AID-1"]["relatedProcess"] == only(result, "aid").ocid
    assert parts["treasury"]["amount"] == {"amount": 40, "currency": "BZD"}
    (link,) = only(result, "programmes").body["relatedProcesses"]
    assert link["relationship"] == ["funding"] and link["title"] == "Health grant"


def test_two_amounts_of_one_programme_are_a_question() -> None:
    told = sheet("programmes", PROGRAMME, "P | S | M | BZD 100 | A | | BZD 60", "P | S | M | BZD 40 | B | | BZD 40")
    assert built(told).held == {(0, 2): "D004", (0, 3): "D004"}


# --- procurement ----------------------------------------------------------------------------------------------


def test_a_contract_has_an_award_with_the_same_supplier_and_a_closed_tender() -> None:
    result = built(sheet("procurement", BOUGHT, "T-1 | C-1 | Masks | MoH | Acme Ltd | BZD 700"))
    body = only(result, "procurement").body
    (award,) = body["awards"]
    assert contract(result)["awardID"] == award["id"] == "C-1"
    assert award["suppliers"] == contract(result)["suppliers"] == [{"id": "BZ-LEDGER-acme-ltd", "name": "Acme Ltd"}]
    assert body["tender"]["status"] == "complete" and body["tender"]["id"] == "T-1"
    assert {p["name"]: p["roles"] for p in body["parties"]} == {"MoH": ["buyer"], "Acme Ltd": ["supplier"]}


def test_an_amount_repeated_on_the_items_of_a_contract_is_one_amount() -> None:
    told = sheet(
        "procurement",
        BOUGHT + " | item.description",
        "T | C | X | M | Acme | BZD 700 | masks",
        "T | C | X | M | Acme | BZD 700 | gloves",
    )
    assert contract(built(told))["value"]["amount"] == 700 and len(contract(built(told))["items"]) == 2


def test_two_amounts_under_one_contract_number_are_a_question_never_a_sum() -> None:
    told = sheet(
        "procurement",
        BOUGHT,
        "T | C | X | M | Acme | BZD 700",
        "T | C | X | M | Acme | BZD 300",
        "T | D | X | M | Acme | BZD 5",
    )
    result = built(told)
    assert result.held == {(0, 2): "D004", (0, 3): "D004"}
    assert [c["id"] for c in only(result, "procurement").body["contracts"]] == ["D"]
    assert result.held_processes == {only(result, "procurement").ocid}


def test_one_amount_for_several_suppliers_without_contract_number_is_pointed_out() -> None:
    told = sheet("procurement", BOUGHT, "T | | X | M | Acme | BZD 700", "T | | X | M | Zeta | BZD 700")
    assert "D013" in codes(built(told))


AMENDED = BOUGHT + " | amendment.amount | amendment.kind | amendment.date | amendment.rationale"


@pytest.mark.parametrize(("by", "kind", "worth"), [("BZD 15", "increase", 395), ("BZD 395", "total", 395)])
def test_an_amendment_says_whether_it_is_a_total_or_an_increase(by: str, kind: str, worth: int) -> None:
    told = sheet("procurement", AMENDED, f"T | C | X | M | Acme | BZD 380 | {by} | {kind} | 2020-05-28 | Air freight")
    result = built(told)
    assert contract(result)["value"]["amount"] == worth
    assert only(result, "procurement").body["awards"][0]["value"]["amount"] == 380
    (amendment,) = contract(result)["amendments"]
    assert (
        amendment["rationale"] == "Air freight"
        and "380" in amendment["description"]
        and "395" in amendment["description"]
    )


def test_the_answer_of_the_office_stays_with_its_contract_and_its_cell() -> None:
    told = sheet(
        "procurement", BOUGHT + " | contract.answer", "T | C | X | M | Acme | BZD 380 | Only one firm had them"
    )
    result = built(told)
    assert contract(result)["explanation"] == "Only one firm had them"
    cells = only(result, "procurement").cells
    assert [s.raw for at, s in cells.items() if at.endswith("/explanation")] == ["Only one firm had them"]


def test_an_amendment_that_does_not_say_which_is_held() -> None:
    result = built(sheet("procurement", AMENDED, "T | C | X | M | Acme | BZD 380 | BZD 15 | | | "))
    assert not result.drafts and codes(result) == ["D005"]


@pytest.mark.parametrize(
    "title", ["COVID-19 masks", "Pruebas de coronavirus", "Testes para Sars-Cov-2", "Gel hydroalcoolique, covid19"]
)
def test_a_purchase_that_speaks_of_the_pandemic_is_marked(title: str) -> None:
    body = only(built(sheet("procurement", BOUGHT, f"T | C | {title} | M | Acme | BZD 3")), "procurement").body
    assert body["tender"]["classification"]["id"] == "EP-2020-000012"


def test_a_road_is_not_marked_as_part_of_the_response() -> None:
    body = only(built(sheet("procurement", BOUGHT, "T | C | Covington Road | M | Acme | BZD 3")), "procurement").body
    assert "classification" not in body["tender"] and "planning" not in body


FUNDED = BOUGHT + " | aid.id | aid.share"


def test_a_share_of_a_contract_is_an_amount_from_an_aid() -> None:
    result = built(AID, sheet("procurement", FUNDED, "T | C | X | M | Acme | BZD 200 | AID-1 | 40"))
    (finance,) = contract(result)["finance"]
    assert finance["id"] == "AID-1" and finance["value"] == {"amount": 80, "currency": "BZD"}
    assert finance["financingParty"]["name"] == "IDB"
    body = only(result, "procurement").body
    (source,) = body["planning"]["budget"]["budgetBreakdown"]
    assert source["relatedProcess"] == only(result, "aid").ocid == body["relatedProcesses"][0]["identifier"]


def test_shares_above_the_whole_are_held() -> None:
    told = sheet(
        "procurement",
        FUNDED,
        "T | C | X | M | Acme | BZD 200 | AID-1 | 60",
        "T | C | X | M | Acme | BZD 200 | AID-2 | 60",
    )
    other = sheet("aid", "aid.id | donor.name", "AID-2 | CDB")
    result = built(AID, other, told)
    assert set(result.held.values()) == {"D012"} and "procurement" not in result.drafts


def test_a_period_that_ends_before_it_starts_stays_words() -> None:
    told = sheet(
        "procurement", BOUGHT + " | period.start | period.end", "T | C | X | M | Acme | BZD 2 | 2020-05-01 | 2019-05-01"
    )
    assert "period" not in contract(built(told)) and "2019-05-01" in contract(built(told))["description"]
    assert "D021" in codes(built(told))


def test_personal_details_of_a_supplier_are_not_looked_at() -> None:
    told = sheet("procurement", BOUGHT + " | supplier.email", "T | C | X | M | Acme | BZD 2 | ana@example.org")
    assert "ana@example.org" not in str(built(told).drafts)


# --- payments -------------------------------------------------------------------------------------------------

PAID = "payment.id | contract.id | amount | date | payee.name | aid.id"
CONTRACT = sheet("procurement", BOUGHT, "T-1 | C-1 | Masks | MoH | Acme | BZD 700")


def test_a_payment_finds_the_contract_in_the_sheet_beside_it() -> None:
    result = built(sheet("payments", PAID, "V-1 | c 1 | BZD 5 | 2020-06-01 | Acme | "), CONTRACT)
    paid = only(result, "payments")
    assert paid.ocid == only(result, "procurement").ocid
    (told,) = paid.body["contracts"]
    assert told["id"] == told["awardID"] == "C-1"
    assert told["implementation"]["transactions"][0]["value"] == {"amount": 5, "currency": "BZD"}


def test_a_payment_finds_a_contract_that_was_published_before() -> None:
    memory = Memory().keep(built(CONTRACT))
    result = build([sheet("payments", PAID, "V-1 | C-1 | BZD 5 | | Acme | ")], context(memory))
    assert only(result, "payments").ocid == "ocds-213czf-moh-PRC-T-1"


def test_a_tenders_number_names_its_only_contract() -> None:
    result = built(CONTRACT, sheet("payments", PAID, "V-1 | T-1 | BZD 5 | | Acme | "))
    assert only(result, "payments").body["contracts"][0]["id"] == "C-1"


def test_a_payment_of_an_unknown_contract_waits_with_the_nearest_number_as_a_hint() -> None:
    result = built(CONTRACT, sheet("payments", PAID, "V-1 | C-11 | BZD 5 | | Acme | ", "V-2 | ZZZ | BZD 5 | | Acme | "))
    assert result.held == {(1, 2): "D002", (1, 3): "D001"}
    assert result.findings[0].params["hint"] == "C-1"


def test_what_depends_on_a_held_row_is_held_too() -> None:
    bad = sheet("procurement", BOUGHT, "T | C | X | M | Acme | BZD 700", "T | C | X | M | Acme | BZD 300")
    result = built(bad, sheet("payments", PAID, "V-1 | C | BZD 5 | | Acme | "))
    assert result.held == {(0, 2): "D004", (0, 3): "D004", (1, 2): "D009"} and not result.drafts


def test_a_voucher_on_two_rows_is_one_payment_split_by_source() -> None:
    told = sheet("payments", PAID, "V-1 | C-1 | BZD 100 | | Acme | AID-1", "V-1 | C-1 | BZD 95 | | Acme | ")
    (paid,) = only(built(AID, CONTRACT, told), "payments").body["contracts"][0]["implementation"]["transactions"]
    assert paid["value"]["amount"] == 195
    assert {s["id"]: s["value"]["amount"] for s in paid["fundingSources"]} == {"AID-1": 100, "source-not-published": 95}


def test_one_number_for_two_payments_is_a_question() -> None:
    told = sheet("payments", PAID, "V-1 | C-1 | BZD 100 | | Acme | ", "V-1 | C-1 | BZD 95 | | Acme | ")
    assert set(built(CONTRACT, told).held.values()) == {"D017"}


def test_payments_without_numbers_stay_apart() -> None:
    told = sheet("payments", PAID, " | C-1 | BZD 100 | 2020-06-01 | Acme | ", " | C-1 | BZD 100 | 2020-06-01 | Acme | ")
    (told_contract,) = only(built(CONTRACT, told), "payments").body["contracts"]
    assert len({t["id"] for t in told_contract["implementation"]["transactions"]}) == 2


# --- registers ------------------------------------------------------------------------------------------------


def test_organizations_give_every_spelling_to_one_party() -> None:
    names = sheet(
        "organizations",
        "organization.name | organization.alias | organization.id",
        "Karl Heusner Memorial Hospital | KHMH | 12345",
    )
    result = built(names, sheet("aid", "donor.name | recipient.name | stage | amount", "IDB | KHMH | pledge | BZD 4"))
    body = only(result, "organizations").body
    assert body["aliases"] == ["KHMH"] and body["identifier"]["id"] == "12345"
    (flow,) = only(result, "aid").body["planning"]["aid"]["flows"]
    assert flow["destinationParty"]["id"] == body["id"] == "BZ-LEDGER-karl-heusner-memorial-hospital"


def test_a_rate_is_kept_as_typed() -> None:
    told = sheet(
        "rates", "currency | reporting | date | value | rate.source", "USD | BZD | 2020-04-01 | 2.000 | Central Bank"
    )
    draft = only(built(told), "rates")
    assert draft.ocid == "rate:USD:BZD:2020-04-01" and draft.body["value"] == "2"


def test_a_second_rate_for_a_day_is_a_question() -> None:
    told = sheet(
        "rates", "currency | reporting | date | value", "USD | BZD | 2020-04-01 | 2", "USD | BZD | 2020-04-01 | 3"
    )
    assert built(told).held == {(0, 3): "D019"}


# --- everything -----------------------------------------------------------------------------------------------


def test_a_row_without_what_makes_it_one_is_held() -> None:
    result = built(sheet("aid", "donor.name | stage | amount", " | pledge | BZD 4"))
    assert result.held == {(0, 2): "D018"}


def test_words_added_by_the_ledger_are_in_the_jurisdictions_language() -> None:
    there = Jurisdiction("hn", {"es": "Honduras"}, "HNL", ("es",), time_zone="America/Tegucigalpa")
    told = sheet("aid", "aid.id | donor.name | stage | amount | date", "A | BID | pledge | USD 4 | 2020")
    (flow,) = only(built(told, jurisdiction=there), "aid").body["planning"]["aid"]["flows"]
    assert flow["description"] == "Fecha publicada: 2020."


# --- no cell is lost ------------------------------------------------------------------------------------------

BASE: dict[str, dict[str, Any]] = {
    "aid": {"aid.id": "AID-1", "donor.name": "IDB", "stage": "pledge", "amount": typed("amount", "BZD 5")},
    "donations": {"donation.id": "D-1", "donor.name": "IDB", "item.description": "masks", "item.quantity": Decimal(4)},
    "programmes": {"programme.id": "P-1", "title": "x"},
    "procurement": {
        "process.id": "T-1",
        "contract.id": "C-1",
        "title": "x",
        "buyer.name": "B",
        "supplier.name": "S",
        "amount": typed("amount", "BZD 5"),
        "amendment.amount": typed("amount", "BZD 1"),
        "amendment.kind": "total",
    },
    "payments": {"payment.id": "V", "contract.id": "C-1", "amount": typed("amount", "BZD 5")},
    "deliveries": {"delivery.id": "G", "item.description": "masks", "item.quantity": Decimal(4)},
    "organizations": {"organization.name": "O", "organization.id": "12345"},
    "rates": {"currency": "USD", "reporting": "BZD", "date": PartialDate(2020), "value": Decimal(2)},
}
WITHIN = {  # their value is in the value of another cell: the amount's currency, the contract that a payment joins
    *("currency", "contract.id", "donation.id", "programme.id", "amendment.kind"),
    *("organization.scheme", "organization.kind", "status"),
    *("pledge.currency", "commitment.currency", "disbursement.currency"),
    *("tender.currency", "award.currency", "amendment.currency"),
}


def example(field: catalogue.Field) -> Any:
    typed_by = {"money": "BZD 3", "date": "2020-05-04", "quantity": "7", "number": "7", "percent": "7"}
    if field.type == "code":
        return catalogue.codes(field.codelist)[0].code
    if field.type == "url":
        return "https://example.org/x"
    numbers = {"contract.id": "C-1", "aid.id": "AID-1", "programme.id": "P-1", "donation.id": "D-1"}
    text = typed_by.get(field.type) or numbers.get(field.name, "Zed-99")
    return {"money": lambda t: typed("amount", t), "date": PartialDate.parse}.get(
        field.type, Decimal if field.type in typed_by else str
    )(text)


@pytest.mark.parametrize(
    ("kind", "name"), [(k, f.name) for k in catalogue.kinds() for f in catalogue.kind(k).fields if f.is_public]
)
def test_every_cell_is_published_or_pointed_out(kind: str, name: str) -> None:
    if name in WITHIN:
        return
    row = {**BASE[kind], name: BASE[kind].get(name, example(catalogue.kind(kind).field(name)))}
    others = [k for k in ("aid", "donations", "programmes", "procurement") if k != kind]
    if kind == "deliveries":
        row["contract.id"] = "C-1"
    result = built(table(kind, [row]), *(table(k, [BASE[k]], file="1" * 64) for k in others))
    cell = f"{column(list(row).index(name))}2"
    told = {(s.at.file, s.at.cell) for drafts in result.drafts.values() for d in drafts for s in d.cells.values()}
    said = {(f.at.file, f.at.cell) for f in result.findings if f.at}
    assert ("0" * 64, cell) in told | said

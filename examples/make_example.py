"""Write example/: the workbooks of the Example Republic, which does not exist, from the first promise to the last box.

    python examples/make_example.py [--out examples/example]

One chain runs through them: aid AID-2020-01 is promised, signed and paid in; it pays most of programme PRG-01; that
buys respirators under contract C-001/2020 (with an amendment, from two funds); vouchers pay it; boxes arrive in three
districts, some short, some sent back. Beside it stand the other things that a ledger must tell apart: a loan, a
refund, a withdrawn promise, a gift in kind, people who gave, a currency without a rate. `FOLLOWED` and the functions
below say where each is. 2020-06 is the same register a month later: one amount corrected, one row more.
"""

# ruff: noqa: E501  a row of a table stays on one line, like the row that it becomes
from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal
from pathlib import Path

from sheets import Cell, Sheet, write

HERE = Path(__file__).parent
Row = tuple[Cell, ...]
D = Decimal

FINANCE = "Ministry of Finance of Example"
HEALTH = "Ministry of Health of Example"
NORTHLAND = "Northland Development Agency"
BANK = "Example Development Bank"
UNION = "Fictional Union Solidarity Fund"
TRUST = "Island States Trust"
AIRLINE = "Sample Airlines Foundation"
ISLANDS = "Friendly Islands Foundation"
MEDICAL = "Sample Medical Supplies Ltd."
IMPORTS = "Demo Medical Imports Inc."
LOGISTICS = "Placeholder Logistics Co."
BUILDERS = "Specimen Builders Ltd."
TENTS = "Mock-up Tents Ltd."

FOLLOWED = ("AID-2020-01", "PRG-01", "C-001/2020")
"""The chain that the tutorials follow: agreement, programme, contract."""


def heading(office: str, what: str) -> tuple[str, ...]:
    return (f"{office.upper()} (FICTIONAL)", what)


# --- Ministry of Finance -------------------------------------------------------------------------------------------


def organizations() -> Sheet:
    """Names that are one office: a spelling a row. The payments workbook uses the Spanish one."""
    header = ("Official name", "Also known as", "Registration number", "Type")
    rows: list[Row] = [
        (HEALTH, "MoH Example", "10030", "Government"),
        (HEALTH, "Ministerio de Salud de Ejemplo", "10030", "Government"),
        (FINANCE, "MoF Example", "10010", "Government"),
        (NORTHLAND, "NDA", "20001", "Government"),
        (BANK, "EDB", "20002", "Organisation"),
        (MEDICAL, "Sample Medical Supplies", "30001", "Company"),
        (LOGISTICS, "Placeholder Logistics", "30003", "Company"),
        (BUILDERS, None, "30004", "Company"),
    ]
    return Sheet("Organisations", header, rows, heading(FINANCE, "Names of offices, donors and suppliers"))


def rates() -> Sheet:
    """US dollars have a rate, euros have none: amounts in euros are counted as not included."""
    header = ("Currency", "Reporting currency", "Valid from", "Exchange rate", "Source")
    source = "Central Bank of Example (fictional), daily bulletin"
    rows: list[Row] = [
        ("USD", "XTS", date(2020, 4, 1), D("2.50"), source),
        ("USD", "XTS", date(2020, 5, 1), D("2.52"), source),
        ("USD", "XTS", date(2020, 6, 1), D("2.55"), source),
    ]
    return Sheet("Exchange rates", header, rows)


def aid() -> Sheet:
    """One row an event. A promise that becomes an agreement, and an agreement that becomes money, are linked by number."""
    header = (
        "No.", "Agreement no.", "Donor", "Recipient", "Project", "Cash or in kind", "Grant or loan", "Stage", "Date",
        "Amount", "Currency", "Bank advice no.", "Remarks",
    )  # fmt: skip

    def agreement(
        number: str, donor: str, project: str, kind: str, currency: str, *events: tuple[str, date, int, str | None]
    ) -> list[Row]:
        return [
            (None, number, donor, FINANCE, project, "Cash", kind, stage, on, D(amount), currency, advice, None)
            for stage, on, amount, advice in events
        ]  # fmt: skip

    rows = [
        *agreement(
            "AID-2020-01", NORTHLAND, "COVID-19 emergency health supplies", "Grant", "XTS",
            ("Promised", date(2020, 4, 6), 1_000_000, None),
            ("Signed", date(2020, 4, 20), 800_000, None),
            ("Received", date(2020, 5, 4), 400_000, "BA-0101"),
            ("Received", date(2020, 5, 25), 200_000, "BA-0107"),
        ),
        *agreement(  # a loan, in a currency that has a rate
            "LOAN-2020-01", BANK, "COVID-19 cash relief for households", "Loan", "USD",
            ("Signed", date(2020, 4, 24), 800_000, None),
            ("Received", date(2020, 5, 11), 400_000, "BA-0103"),
        ),
        *agreement(  # a currency that has no rate
            "AID-2020-02", UNION, "COVID-19 testing", "Grant", "EUR",
            ("Signed", date(2020, 4, 28), 250_000, None),
            ("Received", date(2020, 5, 12), 100_000, "BA-0104"),
        ),
        *agreement(  # money that went back
            "AID-2020-03", TRUST, "COVID-19 clinic repairs", "Grant", "XTS",
            ("Promised", date(2020, 4, 9), 120_000, None),
            ("Signed", date(2020, 4, 30), 120_000, None),
            ("Received", date(2020, 5, 13), 120_000, "BA-0105"),
            ("Returned", date(2020, 5, 29), 20_000, "BA-0109"),
        ),
        *agreement(  # a promise that was withdrawn
            "AID-2020-04", AIRLINE, "COVID-19 flights for medical staff", "Grant", "USD",
            ("Promised", date(2020, 4, 15), 50_000, None),
            ("Cancelled", date(2020, 5, 20), 50_000, None),
        ),
    ]  # fmt: skip
    numbered = [(n, *row[1:]) for n, row in enumerate(rows, 1)]
    return Sheet(
        "External financing",
        header,
        numbered,
        heading(FINANCE, "External financing of the COVID-19 response, to 31 May 2020"),
    )


def programmes() -> Sheet:
    """One row a source: the programme's whole budget stands on each, and is one budget."""
    header = (
        "Programme no.", "Programme name", "Responsible ministry", "Total budget", "Currency", "Source of funds", "Agreement no.",
        "Amount from this source", "Start date", "End date", "Date approved",
    )  # fmt: skip
    fund = "Consolidated Fund of Example"
    first, last, approved = date(2020, 4, 1), date(2020, 12, 31), date(2020, 4, 27)

    def line(number: str, name: str, agency: str, budget: int, source: str, agreement: str | None, part: int) -> Row:
        return number, name, agency, D(budget), "XTS", source, agreement, D(part), first, last, approved

    supplies = ("PRG-01", "COVID-19 Health Supplies Programme", HEALTH, 1_500_000)
    repairs = ("PRG-03", "COVID-19 Clinic Repairs", HEALTH, 250_000)
    rows = [
        line(*supplies, NORTHLAND, "AID-2020-01", 800_000),
        line(*supplies, fund, None, 700_000),
        line("PRG-02", "COVID-19 Cash Relief for Households", FINANCE, 1_000_000, BANK, "LOAN-2020-01", 1_000_000),
        line(*repairs, TRUST, "AID-2020-03", 100_000),
        line(*repairs, fund, None, 150_000),
        # A published zero is a figure: not the same as a programme whose budget nobody published.
        ("PRG-04", "COVID-19 School Meals", FINANCE, D(0), "XTS", None, None, None, first, last, approved),
        ("PRG-05", "COVID-19 Research Fund", FINANCE, None, None, None, None, None, first, last, None),
    ]
    totals = {"Amount from this source": D(2_750_000)}
    return Sheet(
        "Budget lines 2020",
        header,
        rows,
        heading(FINANCE, "Programmes of the COVID-19 response and their sources"),
        totals,
    )


# --- Ministry of Health --------------------------------------------------------------------------------------------


NAME_OF_GIFT = {
    "GRN-2020-01": "Masks and ventilators against COVID-19",
    "GRN-2020-02": "Hand sanitiser against COVID-19",
    "GRN-2020-07": "COVID-19 antigen tests",
}


def donations() -> Sheet:
    """Gifts in kind with and without a value, in cash, offered only; and people, who are published together."""
    header = (
        "GRN", "Name of donation", "Date received", "Donor", "Type of donor", "Cash or in kind", "Status", "Item", "Quantity", "Unit", "Unit value", "Value",
        "Currency", "Who valued it", "Received by", "Remarks",
    )  # fmt: skip
    store = "Central Medical Store of Example"

    def cash(number: str, on: date, donor: str, kind: str, amount: int) -> Row:
        return (
            number,
            "Cash gift for the COVID-19 response",
            on,
            donor,
            kind,
            "Cash",
            "Received",
            None,
            None,
            None,
            None,
            D(amount),
            "XTS",
            None,
            HEALTH,
            None,
        )

    def goods(
        number: str, on: date, donor: str, kind: str, item: str, quantity: int, unit: str, price: str | None, by: str | None,
        status: str = "Received",
    ) -> Row:  # fmt: skip
        one = D(price) if price else None
        whole = one * quantity if one is not None else None
        return (
            number,
            NAME_OF_GIFT[number],
            on,
            donor,
            kind,
            "In kind",
            status,
            item,
            quantity,
            unit,
            one,
            whole,
            "XTS" if one else None,
            by,
            store,
            None,
        )

    rows = [
        goods("GRN-2020-01", date(2020, 5, 2), ISLANDS, "NGO", "Surgical masks", 50_000, "piece", "0.80", "Donor"),
        goods("GRN-2020-01", date(2020, 5, 2), ISLANDS, "NGO", "Ventilators", 4, "piece", "25000.00", "Donor"),
        goods("GRN-2020-02", date(2020, 5, 7), "Sample Brewery Ltd.", "Company", "Hand sanitiser", 2_000, "bottle", None, None),
        cash("GRN-2020-03", date(2020, 5, 8), "Placeholder Bank Ltd.", "Company", 25_000),
        cash("GRN-2020-04", date(2020, 5, 9), "Jane Example", "Private individual", 150),
        cash("GRN-2020-05", date(2020, 5, 9), "John Sample", "Private individual", 75),
        cash("GRN-2020-06", date(2020, 5, 16), "María Ejemplo", "Private individual", 200),
        goods(
            "GRN-2020-07", date(2020, 5, 18), "Government of Samplestan", "Government", "COVID-19 antigen tests", 10_000, "test", None, None,
            "Promised",
        ),
    ]  # fmt: skip
    return Sheet(
        "Donations received", header, rows, heading(HEALTH, "Donations received, May 2020"), {"Value": D(165_425)}
    )


CONTRACT_HEADER = (
    "No.", "Tender no.", "Contract no.", "Procuring entity", "Subject of contract", "Procurement method", "Justification",
    "Goods, works or services", "Date advertised", "Closing date", "Estimated value", "Bids received", "Award date", "Supplier",
    "TIN", "E-mail", "Telephone", "Date signed", "Contract value", "Currency", "Contract ends", "Status", "Item", "Quantity", "Unit",
    "Unit price", "Programme no.", "Agreement no.", "Share paid by the agreement (%)", "Amendment no.", "Amendment date", "Amendment amount",
    "New total or increase", "Reason for the amendment", "Approved by",
)  # fmt: skip
URGENT = "Extreme urgency: state of public emergency"
COMMITTEE = "Entity Tender Committee"


def contract(**told: Cell) -> Row:
    """A row of the register from the cells that are filled, named as in `NAMES`."""
    return tuple(told.get(name) for name in NAMES)


NAMES = (
    "row", "tender", "number", "buyer", "subject", "method", "why", "category", "advertised", "closed", "estimate", "bids", "awarded",
    "supplier", "tin", "email", "phone", "signed", "value", "currency", "ends", "status", "item", "quantity", "unit", "price",
    "programme", "agreement", "share", "amendment", "amended", "by", "kind", "reason", "approval",
)  # fmt: skip


def contracts(june: bool) -> list[Row]:
    """The register in the national currency. In June transport cost 62,000, not 60,000, and there is one contract more."""
    respirators: dict[str, Cell] = {
        "tender": "T-2020-01", "number": "C-001/2020", "buyer": HEALTH, "subject": "Respirators and gowns for COVID-19 wards",
        "method": "Direct purchase", "why": URGENT, "category": "Goods", "bids": 1, "awarded": date(2020, 5, 4), "supplier": MEDICAL,
        "tin": "30001", "email": "sales@samplemedical.example", "phone": "555-0101", "signed": date(2020, 5, 6), "currency": "XTS",
        "ends": date(2020, 6, 30), "status": "Signed", "programme": "PRG-01", "agreement": "AID-2020-01", "share": 75,
        "approval": COMMITTEE,
    }  # fmt: skip
    rows = [
        # Two rows, one contract: its value stands on the first, its items on both, its increase on the first.
        contract(
            row=1, **respirators, value=D(380_000), estimate=D(400_000), item="N95 respirators", quantity=20_000, unit="piece", price=D("15.00"),
            amendment="1", amended=date(2020, 5, 20), by=D(15_000), kind="Increase",
            reason="Air freight, because sea freight was suspended",
        ),
        contract(row=2, **respirators, item="Isolation gowns", quantity=10_000, unit="piece", price=D("8.00")),
        contract(
            row=3, tender="T-2020-03", number="C-003/2020", buyer=HEALTH, subject="Transport of COVID-19 supplies to the districts",
            method="Open tender", category="Services", advertised=date(2020, 4, 20), closed=date(2020, 5, 1), estimate=D(65_000), bids=4,
            awarded=date(2020, 5, 6), supplier=LOGISTICS, tin="30003", email="office@placeholder.example", phone="555-0103",
            signed=date(2020, 5, 8), value=D(62_000 if june else 60_000), currency="XTS", ends=date(2020, 12, 31), status="Signed",
            programme="PRG-01", agreement="AID-2020-01", share=100, approval=COMMITTEE,
        ),
        contract(
            row=4, tender="T-2020-04", number="C-004/2020", buyer=HEALTH, subject="Repair of the Highland COVID-19 clinic",
            method="Open tender", category="Works", advertised=date(2020, 4, 22), closed=date(2020, 5, 8), estimate=D(200_000), bids=5,
            awarded=date(2020, 5, 12), supplier=BUILDERS, tin="30004", email="works@specimen.example", phone="555-0104",
            signed=date(2020, 5, 15), value=D(180_000), currency="XTS", ends=date(2020, 9, 30), status="Signed", programme="PRG-03",
            agreement="AID-2020-03", share=50, approval=COMMITTEE,
        ),
        contract(
            row=5, tender="T-2020-06", number="C-006/2020", buyer=HEALTH, subject="Tents for COVID-19 triage", method="Request for quotations",
            category="Goods", estimate=D(50_000), bids=3, awarded=date(2020, 5, 11), supplier=TENTS, tin="30006",
            email="hello@mockup.example", phone="555-0106", signed=date(2020, 5, 13), value=D(45_000), currency="XTS", status="Cancelled",
            programme="PRG-01", approval=COMMITTEE,
        ),
    ]  # fmt: skip
    if june:
        rows.append(
            contract(
                row=6, tender="T-2020-07", number="C-007/2020", buyer=HEALTH, subject="Hand sanitiser for COVID-19 vaccination points",
                method="Request for quotations", category="Goods", estimate=D(52_000), bids=3, awarded=date(2020, 6, 8), supplier=MEDICAL,
                tin="30001", email="sales@samplemedical.example", phone="555-0101", signed=date(2020, 6, 10), value=D(50_000), currency="XTS",
                ends=date(2020, 7, 31), status="Signed", item="Hand sanitiser, 500 ml", quantity=10_000, unit="bottle", price=D("5.00"),
                programme="PRG-01", approval=COMMITTEE,
            )
        )  # fmt: skip
    return rows


def foreign_contracts() -> list[Row]:
    """Contracts in other currencies stand on a sheet of their own, without a total: there is none."""
    machines: dict[str, Cell] = {
        "tender": "T-2020-02", "number": "C-002/2020", "buyer": HEALTH, "subject": "Oxygen concentrators and oximeters for COVID-19 patients",
        "method": "Request for quotations", "category": "Goods", "bids": 3, "awarded": date(2020, 5, 5), "supplier": IMPORTS, "tin": "30002",
        "email": "orders@demomedical.example", "phone": "555-0102", "signed": date(2020, 5, 7), "currency": "USD",
        "ends": date(2020, 6, 15), "status": "Signed", "programme": "PRG-01", "approval": COMMITTEE,
    }  # fmt: skip
    return [
        contract(row=1, **machines, value=D(90_000), item="Oxygen concentrators", quantity=60, unit="piece", price=D("1400.00")),
        contract(row=2, **machines, item="Pulse oximeters", quantity=300, unit="piece", price=D("20.00")),
        contract(
            row=3, tender="T-2020-05", number="C-005/2020", buyer=HEALTH, subject="COVID-19 test kits", method="Direct purchase", why=URGENT,
            category="Goods", bids=1, awarded=date(2020, 5, 14), supplier=MEDICAL, tin="30001", email="sales@samplemedical.example",
            phone="555-0101", signed=date(2020, 5, 18), value=D(40_000), currency="EUR", ends=date(2020, 6, 30), status="Signed",
            item="COVID-19 test kits", quantity=4_000, unit="kit", price=D("10.00"), agreement="AID-2020-02", share=100, approval=COMMITTEE,
        ),
    ]  # fmt: skip


def procurement(june: bool) -> list[Sheet]:
    told = f"Register of contracts, COVID-19 response, position at {'30 June' if june else '31 May'} 2020"
    total = D(380_000 + (62_000 if june else 60_000) + 180_000 + 45_000 + (50_000 if june else 0))
    signed = ("", "Prepared by: Procurement Unit (example)        Checked by: Finance Unit (example)")
    return [
        Sheet("Contracts", CONTRACT_HEADER, contracts(june), heading(HEALTH, told), {"Contract value": total}, signed),
        Sheet("Foreign currency", CONTRACT_HEADER, foreign_contracts(), heading(HEALTH, told)),
    ]


def payments(june: bool) -> list[Sheet]:
    """The accounts office keeps its list in Spanish. One voucher on two rows is paid from two funds."""
    header = (
        "N.º", "Comprobante de pago", "Fecha de pago", "Número de contrato", "Pagado por", "Pagado a", "Concepto", "Monto pagado", "Moneda",
        "Número de convenio", "Observaciones",
    )  # fmt: skip
    office = "Ministerio de Salud de Ejemplo"
    aid = "AID-2020-01"

    def voucher(
        number: str, on: date, contract: str, payee: str, what: str, amount: int, currency: str, agreement: str | None
    ) -> Row:
        return None, number, on, contract, office, payee, what, D(amount), currency, agreement, None

    first = "Anticipo"
    rows = [
        voucher("CP-0101", date(2020, 5, 8), "C-001/2020", MEDICAL, first, 150_000, "XTS", aid),
        voucher("CP-0101", date(2020, 5, 8), "C-001/2020", MEDICAL, first, 50_000, "XTS", None),
        voucher("CP-0102", date(2020, 5, 29), "C-001/2020", MEDICAL, "Segunda entrega", 100_000, "XTS", aid),
        voucher("CP-0103", date(2020, 5, 22), "C-003/2020", LOGISTICS, "Mayo", 22_000 if june else 20_000, "XTS", aid),
        voucher("CP-0105", date(2020, 5, 28), "C-004/2020", BUILDERS, first, 30_000, "XTS", "AID-2020-03"),
        voucher("CP-0105", date(2020, 5, 28), "C-004/2020", BUILDERS, first, 30_000, "XTS", None),
    ]
    if june:
        rows.append(voucher("CP-0107", date(2020, 6, 26), "C-001/2020", MEDICAL, "Saldo", 95_000, "XTS", None))
    foreign = [
        voucher("CP-0104", date(2020, 5, 25), "C-002/2020", IMPORTS, first, 45_000, "USD", None),
        voucher("CP-0106", date(2020, 5, 30), "C-005/2020", MEDICAL, "Pago único", 40_000, "EUR", "AID-2020-02"),
    ]
    above = (f"{office.upper()} (FICTICIO)", f"Relación de pagos al {'30 de junio' if june else '31 de mayo'} de 2020")
    total = {"Monto pagado": D(477_000 if june else 380_000)}
    return [
        Sheet("Pagos", header, [(n, *r[1:]) for n, r in enumerate(rows, 1)], above, total),
        Sheet("Pagos en divisas", header, [(n, *r[1:]) for n, r in enumerate(foreign, 1)], above),
    ]


def deliveries() -> Sheet:
    """Where it arrived: five hundred respirators short in one district, three hundred gowns sent back by another."""
    header = (
        "Delivery note", "Date delivered", "Contract no.", "Donation no.", "Item", "Quantity", "Unit", "District", "Delivered to", "Status",
        "Details",
    )  # fmt: skip

    def note(
        number: int, day: int, source: str, item: str, quantity: int, unit: str, district: str, place: str, status: str = "Delivered",
        details: str | None = None,
    ) -> Row:  # fmt: skip
        contract, donation = (source, None) if source.startswith("C-") else (None, source)
        return (
            f"DN-{number:04d}",
            date(2020, 5, day),
            contract,
            donation,
            item,
            quantity,
            unit,
            district,
            place,
            status,
            details,
        )

    north, harbour = "Northern District Hospital", "Harbour Clinic"
    central, river = "Central Hospital of Example", "River Health Centre"
    highland, island = "Highland Clinic", "Island Clinic"
    bought, machines, given = "C-001/2020", "C-002/2020", "GRN-2020-01"
    rows = [
        note(1, 12, bought, "N95 respirators", 8_000, "piece", "Northern District", north),
        note(2, 13, bought, "N95 respirators", 7_000, "piece", "Harbour District", harbour),
        note(3, 14, bought, "N95 respirators", 4_500, "piece", "Central District", central, "Partial", "500 short of 5,000: claimed from the supplier"),
        note(4, 15, bought, "Isolation gowns", 5_000, "piece", "Northern District", north),
        note(5, 15, bought, "Isolation gowns", 5_000, "piece", "River District", river),
        note(6, 21, bought, "Isolation gowns", 300, "piece", "River District", river, "Returned", "Torn; sent back to the supplier"),
        note(7, 26, machines, "Oxygen concentrators", 30, "piece", "Central District", central),
        note(8, 27, machines, "Oxygen concentrators", 20, "piece", "Highland District", highland),
        note(9, 28, machines, "Pulse oximeters", 200, "piece", "Central District", central),
        note(10, 9, given, "Surgical masks", 20_000, "piece", "Northern District", north),
        note(11, 10, given, "Surgical masks", 15_000, "piece", "Island District", island),
        note(12, 11, given, "Surgical masks", 10_000, "piece", "River District", river),
        note(13, 12, given, "Ventilators", 3, "piece", "Central District", central),
        note(14, 19, "GRN-2020-02", "Hand sanitiser", 1_200, "bottle", "Harbour District", harbour),
    ]  # fmt: skip
    return Sheet(
        "Deliveries",
        header,
        rows,
        heading(HEALTH, "Deliveries to health facilities, May 2020"),
        date_format="d mmm yyyy",
    )


# --- for the tutorials ---------------------------------------------------------------------------------------------


def with_mistakes() -> list[Sheet]:
    """Four cells that are wrong as they are wrong in offices: a day that is none, a word for a million, a number, a TOTAL."""
    header = (
        "Contract no.",
        "Procuring entity",
        "Subject of contract",
        "Supplier",
        "Date signed",
        "Contract value",
        "Currency",
    )
    rows: list[Row] = [
        ("C-101/2020", HEALTH, "Face shields for COVID-19 wards", MEDICAL, date(2020, 6, 3), D(24_000), "XTS"),
        ("C-102/2020", HEALTH, "Beds for the COVID-19 ward", "Specimen Furniture Ltd.", "31/06/2020", D(96_000), "XTS"),
        ("C-103/2020", HEALTH, "COVID-19 information campaign", "Demo Media Ltd.", date(2020, 6, 12), "USD 2M", None),
    ]
    paid = ("Voucher no.", "Date paid", "Contract no.", "Paid to", "Amount paid", "Currency")
    vouchers: list[Row] = [
        ("CP-0201", date(2020, 6, 15), "C-101/2020", MEDICAL, D(12_000), "XTS"),
        ("CP-0202", date(2020, 6, 18), "C-999/2020", "Specimen Furniture Ltd.", D(48_000), "XTS"),
    ]
    # The TOTAL was typed when there was another voucher: the rows add up to 60,000.
    return [
        Sheet("Contracts", header, rows, heading(HEALTH, "Register of contracts, June 2020 (draft)")),
        Sheet("Payments", paid, vouchers, heading(HEALTH, "Payments, June 2020 (draft)"), {"Amount paid": D(62_000)}),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=HERE / "example")
    out: Path = arguments.parse_args().out
    may, june = out / "2020-05", out / "2020-06"
    write(may / "organisations.xlsx", [organizations()], "Organisations (fictional)")
    write(may / "rates.xlsx", [rates()], "Exchange rates (fictional)")
    write(may / "external-financing.xlsx", [aid()], "External financing (fictional)")
    write(may / "programmes.xlsx", [programmes()], "Programmes (fictional)")
    write(may / "donations.xlsx", [donations()], "Donations received (fictional)")
    write(may / "contracts.xlsx", procurement(june=False), "Contracts, May 2020 (fictional)")
    write(may / "pagos.xlsx", payments(june=False), "Pagos, mayo de 2020 (ficticio)")
    write(may / "deliveries.xlsx", [deliveries()], "Deliveries, May 2020 (fictional)")
    write(june / "contracts.xlsx", procurement(june=True), "Contracts, June 2020 (fictional)")
    write(june / "pagos.xlsx", payments(june=True), "Pagos, junio de 2020 (ficticio)")
    write(out / "with-mistakes.xlsx", with_mistakes(), "With mistakes on purpose (fictional)")


if __name__ == "__main__":
    main()

"""Write belize/belize-facts.xlsx: what public pages say of COVID-19 aid to Belize, one source address per row.

    python examples/make_belize.py [--out examples/belize]

Amounts stand here only where the page states them, in the currency that it states. What a page leaves open stays blank
or stays as it was typed: a currency that nobody stated, a total that does not add up, a grant that may be a loan. The
rows are facts in our own words, not quotations. Not here: anything that no page says.
"""

# ruff: noqa: E501  a row of a table stays on one line, like the row that it becomes
from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal
from pathlib import Path

from sheets import Cell, Sheet, write

HERE = Path(__file__).parent
FILE = "belize-facts.xlsx"

ABOVE = (
    "COVID-19 in Belize: what public pages say of aid, gifts and programmes",
    "Compiled from the pages named in the last column. Blank means: the page does not say.",
)

PAHO_JULY = "https://www.paho.org/en/news/6-7-2020-governments-united-kingdom-and-canada-and-pahowho-donate-over-usd271135-ppes-covid-19"
PAHO_MARCH = (
    "https://www.sanpedrosun.com/health/2020/03/17/pan-american-health-organization-world-health-organization-paho-who-"
    "donates-personal-protective-equipment-ppes-to-the-ministry-of-health/"
)
US_VENTILATORS = "https://www.sanpedrosun.com/health/2022/01/11/s-government-donates-12-ventilators-to-belize-in-continuing-pandemic-support/"
TAIWAN_OXYGEN = (
    "https://www.sanpedrosun.com/health/2021/09/09/mohw-receives-donation-of-oxygen-concentrators-from-taiwan/"
)
OXYGEN_AT_HOSPITAL = "https://ambergriscaye.com/forum/ubbthreads.php/topics/552885/"
SIMPLYHELP = (
    # The page's own address: its last part is written in mathematical letters.
    "https://www.sanpedrosun.com/education/2022/04/16/%F0%9D%97%A7%F0%9D%97%B5%F0%9D%97%B2-%F0%9D%97%A0%F0%9D%97%BC%F0%9D%97%98"
    "%F0%9D%97%96%F0%9D%97%A6%F0%9D%97%A7-%F0%9D%97%A5%F0%9D%97%B2%F0%9D%97%B0%F0%9D%97%B2%F0%9D%97%B6%F0%9D%98%83%F0%9D%97%B2/"
)
WORLD_BANK = "https://nodal.red/2020/07/belice-recibe-ayuda-del-banco-mundial-para-paliar-consecuencias-del-covid-19"
UNEMPLOYMENT = "https://www.sanpedrosun.com/topics/covid19-pandemic/"
GROCERS = "https://ambergriscaye.com/forum/ubbthreads.php/posts/541707.html"
BUDGET_2021 = "https://guardian.bz/?p=28116"
PRIVATE_FUND = "https://www.belizebank.com/belize-police-department-covid-19-relief-program/"
SCHOOL_KITS = "https://agriculture.gov.bz/?p=7947"

HEALTH = "Ministry of Health"
HEALTH_2021 = "Ministry of Health and Wellness"  # as the pages of 2021 and 2022 name it
EDUCATION = "Ministry of Education, Culture, Science and Technology"


NAMES = {
    "BZ-01-UK": "COVID-19 protective equipment, paid by the United Kingdom",
    "BZ-01-CA": "COVID-19 protective equipment, paid by Canada",
    "BZ-01-PAHO": "COVID-19 protective equipment, paid by PAHO/WHO",
    "BZ-02": "Twelve ventilators from the United States against COVID-19",
    "BZ-03": "Fifty oxygen concentrators from Taiwan against COVID-19",
    "BZ-04": "COVID-19 protective equipment and test kits from PAHO/WHO",
    "BZ-05": "Computers, masks and sanitiser for schools from SimplyHelp Foundation",
    "BZ-10": "COVID-19 medical supplies from the Lord Ashcroft COVID-19 Relief Fund",
    "BZ-11": "Biosafety kits for 26 primary schools from Mexico",
}


def gift(
    number: str,
    on: date,
    donor: str,
    recipient: str,
    item: str | None,
    quantity: int | None,
    value: Cell,
    currency: str | None,
    told: str | None,
    source: str,
    unit: str | None = None,
    kind: str = "In kind",
) -> tuple[Cell, ...]:
    return number, NAMES[number], on, donor, recipient, kind, item, quantity, unit, value, currency, told, source


def donations() -> Sheet:
    ppe = "Personal protective equipment"
    together = "Part of a gift of USD 271,135 by three donors, handed over together."
    march = date(2020, 3, 16)
    school = date(2022, 4, 13)
    fund = "Lord Ashcroft COVID-19 Relief Fund"
    fund_told = (
        "The fund says that it spent $1,296,415.00 on all goods of this gift, without saying in which currency. A cheque for the "
        "14 ventilators was handed to the Accountant General on the same day: the same money, not another gift."
    )
    may = date(2020, 5, 11)
    rows = [
        gift("BZ-01-UK", date(2020, 7, 6), "Government of the United Kingdom", HEALTH, ppe, None, Decimal(169035), "USD", together, PAHO_JULY),
        gift("BZ-01-CA", date(2020, 7, 6), "Government of Canada", HEALTH, ppe, None, Decimal(80000), "USD", together, PAHO_JULY),
        gift("BZ-01-PAHO", date(2020, 7, 6), "PAHO/WHO", HEALTH, ppe, None, Decimal(22100), "USD", together, PAHO_JULY),
        gift(
            "BZ-02", date(2022, 1, 11), "Government of the United States", HEALTH_2021, "Hamilton ventilators", 12,
            Decimal(200000), "USD",
            "The page also speaks of approximately US $5 million of assistance to date: a running total, not a gift, so it is no row here.",
            US_VENTILATORS, "piece",
        ),
        gift("BZ-03", date(2021, 9, 8), "Taiwan", HEALTH_2021, "Oxygen concentrators", 50, None, None, None, TAIWAN_OXYGEN, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "N95 respirators", 1000, None, None, None, PAHO_MARCH, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "Surgical masks", 6000, None, None, None, PAHO_MARCH, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "Gowns", 2500, None, None, None, PAHO_MARCH, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "Gloves (medium)", 9000, None, None, None, PAHO_MARCH, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "Gloves (large)", 31500, None, None, None, PAHO_MARCH, "piece"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "COVID-19 E-gene test kits", 3, None, None, None, PAHO_MARCH, "kit"),
        gift("BZ-04", march, "PAHO/WHO", HEALTH, "COVID-19 RdRP-gene test kits", 1, None, None, None, PAHO_MARCH, "kit"),
        gift(
            "BZ-05", school, "SimplyHelp Foundation", EDUCATION, None, None, Decimal(200000), "BZD",
            "Value of the whole gift as stated: BZ$200,000. Given by SimplyHelp Foundation, handed over by the Embassy of Taiwan: one gift, two parties.",
            SIMPLYHELP,
        ),
        gift("BZ-05", school, "SimplyHelp Foundation", EDUCATION, "Desktop computers", 11, None, None, None, SIMPLYHELP, "piece"),
        gift("BZ-05", school, "SimplyHelp Foundation", EDUCATION, "Masks", 20000, None, None, None, SIMPLYHELP, "piece"),
        gift("BZ-05", school, "SimplyHelp Foundation", EDUCATION, "Hand sanitiser", 480, None, None, None, SIMPLYHELP, "bottle"),
        gift("BZ-10", may, fund, HEALTH, None, None, "$1,296,415", None, fund_told, PRIVATE_FUND),
        gift("BZ-10", may, fund, HEALTH, "Personal protective equipment units", 15000, None, None, None, PRIVATE_FUND, "unit"),
        gift("BZ-10", may, fund, HEALTH, "Medical goggles", 5000, None, None, None, PRIVATE_FUND, "piece"),
        gift("BZ-10", may, fund, HEALTH, "Medical shield masks", 5000, None, None, None, PRIVATE_FUND, "piece"),
        gift("BZ-10", may, fund, HEALTH, "Polymerase chain reaction (PCR) system", 1, None, None, None, PRIVATE_FUND, "piece"),
        gift("BZ-10", may, fund, HEALTH, "Housing units", 2, None, None, None, PRIVATE_FUND, "piece"),
        gift("BZ-10", may, fund, HEALTH, "Ventilators", 14, None, None, None, PRIVATE_FUND, "piece"),
        gift(
            "BZ-11", date(2022, 4, 7), "Government of Mexico", EDUCATION, "Biosafety kits for 26 primary schools", None,
            Decimal(27058), "BZD",
            "Funded by Mexico through the programme Mesoamerica Hunger Free AMEXCID-FAO; handed by the Ministry of Agriculture, Food Security and "
            "Enterprise to the Ministry of Education, and by it to 26 schools: one gift, three holders, counted once.",
            SCHOOL_KITS,
        ),
    ]  # fmt: skip
    header = (
        "Donation no.", "Name of donation", "Date of donation", "Donor", "Received by", "Cash or in kind", "Item", "Quantity", "Unit",
        "Value", "Currency", "Details", "Source",
    )  # fmt: skip
    return Sheet("Donations", header, rows, ABOVE)


def aid() -> Sheet:
    header = (
        "Agreement no.", "Project", "Donor", "Recipient", "Cash or in kind", "Grant or loan", "Stage", "Date", "Amount", "Currency",
        "Details", "Source",
    )  # fmt: skip
    told = (
        "Announced as US$12.4 million for social assistance: the BOOST programme and the Belize COVID-19 Cash Transfer (BCCAT), over 13,000 "
        "households. The page does not say whether it is a grant or a loan, nor whether it was signed or paid."
    )
    row: tuple[Cell, ...] = (
        "BZ-06", "COVID-19 social assistance to poor and vulnerable households", "World Bank", "Government of Belize", "Cash", None,
        "Announced", date(2020, 7, 14), Decimal(12400000), "USD", told, WORLD_BANK,
    )  # fmt: skip
    return Sheet("Aid", header, [row], ABOVE)


def programmes() -> Sheet:
    header = (
        "Programme no.", "Programme name", "Responsible ministry", "Date", "Budget", "Currency", "Details", "Source",
    )  # fmt: skip
    applications = (
        "Phase 2 as of 28 September 2020: 64,252 applications received; 30,544 approved, 13,019 excluded, 3,447 asked to correct, 17,243 still to "
        "review. The four parts add up to 64,253, one more than the total: shown as published. No money is stated."
    )
    grocers = "Food packages through local grocers: BZ$150 a household every two weeks, BZ$10 million in all."
    zero = (
        "Published as $0.00 in the budget estimates (page 192, capital III expenditure). A published zero, not a missing figure; the budget is in "
        "Belize dollars."
    )
    human = "Ministry of Human Development, Families and Indigenous People's Affairs"
    year = "2021"
    rows: list[tuple[Cell, ...]] = [
        (
            "BZ-07",
            "COVID-19 Unemployment Relief Programme, phase 2",
            None,
            date(2020, 9, 28),
            None,
            None,
            applications,
            UNEMPLOYMENT,
        ),
        (
            "BZ-08",
            "COVID-19 food packages through local grocers",
            None,
            "2020",
            Decimal(10000000),
            "BZD",
            grocers,
            GROCERS,
        ),
        ("BZ-09-SA", "Social Assistance", human, year, Decimal(0), "BZD", zero, BUDGET_2021),
        ("BZ-09-FA", "COVID-19 Food Assistance", human, year, Decimal(0), "BZD", zero, BUDGET_2021),
    ]
    return Sheet("Programmes", header, rows, ABOVE)


def deliveries() -> Sheet:
    header = (
        "Delivery no.", "Donation no.", "Date delivered", "Item", "Quantity", "Unit", "Delivered to", "Place", "Details", "Source",
    )  # fmt: skip
    told = "20 of the 50 announced on 8 September 2021: a second report of the same gift, not another gift."
    row: tuple[Cell, ...] = (
        "BZ-03-KHMH", "BZ-03", date(2021, 9, 22), "Oxygen concentrators", 20, "piece", "Karl Heusner Memorial Hospital", "Belize City", told,
        OXYGEN_AT_HOSPITAL,
    )  # fmt: skip
    return Sheet("Deliveries", header, [row], ABOVE)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=HERE / "belize")
    out: Path = arguments.parse_args().out
    write(out / FILE, [donations(), aid(), programmes(), deliveries()], "COVID-19 in Belize: the public record")


if __name__ == "__main__":
    main()

"""What the vendor spends beside its people: bills, rent, the cloud, assets, and the entries of month's end.

Bills grow from the first month on and vary by a few parts per hundred; they depend on no customer. Every bill
has the vendor's own invoice id and is paid later. People are ``payroll``'s, the cloud provider's charges
``cloud``'s, the register ``assets``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seeds.generator import cloud
from seeds.generator.assets import ASSETS, FACILITY, INFRASTRUCTURE, SOFTWARE, TECHNOLOGY, Asset
from seeds.generator.books import BANK_ACCOUNT, Bill, Books, dollars, last_day
from seeds.generator.chart import (
    ACCRUED,
    ACCUMULATED_AMORTISATION,
    ACCUMULATED_DEPRECIATION,
    ADVERTISING,
    AMORTISATION_OF_SOFTWARE,
    CAPITALISED_SOFTWARE,
    CLOUD_OPERATIONS,
    CLOUD_PROVIDER,
    COLOCATION,
    CONTENT_DELIVERY,
    CONTRACTORS,
    CUSTOMER_FACING,
    CUSTOMER_SUCCESS,
    DATA_FEEDS,
    DENVER,
    DEPRECIATION,
    DEPRECIATION_OF_FACILITIES,
    DEPRECIATION_OF_INFRASTRUCTURE,
    DEVELOPMENT,
    DISPOSALS,
    ENGINEERING,
    FINANCE,
    FIXED_ASSETS,
    HOSTING,
    INCOME_TAX,
    INSURANCE,
    INTERNAL,
    LEEDS,
    LEIPZIG,
    MARKETING,
    MARKETING_PROGRAMMES,
    MESSAGING,
    MONITORING,
    OFFICE_SUPPLIES,
    PEOPLE,
    PREPAID,
    PROFESSIONAL_FEES,
    PROJECT_CONTRACTORS,
    RECRUITING,
    RENT,
    SALARIES,
    SERVICES,
    SHARE_CAPITAL,
    SOFTWARE_TOOLS,
    SUPPORT,
    SUPPORT_TOOLS,
    UTILITIES,
    Account,
)
from seeds.generator.journal import NO_TAGS, Entry, JournalLine, Tags
from seeds.generator.moments import DAY, HOUR, add_months, as_date, instant
from seeds.generator.payroll import payroll_entries
from seeds.generator.people import employees, headcounts
from seeds.generator.randomness import Stream

_FUNDED, _FUNDING_CENTS = instant(2024, 4, 1), 2_000_000_00
_GROWTH_MONTHS = 35
_SOON = 14

_PRODUCTION = Tags(class_=CUSTOMER_FACING)
_OFFICE = Tags(class_=INTERNAL)


@dataclass(frozen=True, slots=True)
class _Regular:
    """A bill that comes every month on a day; dollars in the first month and 35 months later."""

    vendor: str
    prefix: str
    account: Account
    day: int
    first: int
    last: int
    tags: Tags = NO_TAGS
    days: int = 30
    currency: str = "USD"
    since: int = 0
    until: int | None = None
    varies: bool = True


_LEIPZIG_FROM = instant(2024, 4, 1)
_TOOLS_TAGGED_FROM = instant(2024, 1, 1)

_REGULAR = (
    _Regular("Lantern Monitoring", "LM", MONITORING, 4, 700, 3_100, _PRODUCTION),
    _Regular("Harbour Data Centres", "HDC", COLOCATION, 3, 2_600, 7_200, _PRODUCTION),
    _Regular("Kestrel Content Delivery", "KCD", CONTENT_DELIVERY, 6, 700, 2_900, _PRODUCTION),
    _Regular("Sparrow Messaging", "SM", MESSAGING, 8, 300, 1_900, _PRODUCTION),
    _Regular("Tidal Data Feeds", "TDF", DATA_FEEDS, 9, 450, 800, _PRODUCTION, varies=False),
    # In the first year nobody said whose tools these are.
    _Regular("Beacon Support Software", "BSS", SUPPORT_TOOLS, 10, 900, 2_300, _PRODUCTION,
             until=_TOOLS_TAGGED_FROM),
    _Regular("Beacon Support Software", "BSS", SUPPORT_TOOLS, 10, 900, 2_300,
             Tags(SUPPORT, None, CUSTOMER_FACING), since=_TOOLS_TAGGED_FROM),
    _Regular("Summit Contractors", "SC", PROJECT_CONTRACTORS, 18, 1_500, 4_200,
             Tags(SERVICES, None, CUSTOMER_FACING), since=_TOOLS_TAGGED_FROM),
    _Regular("Summit Contractors", "SC", PROJECT_CONTRACTORS, 18, 1_500, 4_200, _PRODUCTION,
             until=_TOOLS_TAGGED_FROM),
    _Regular("Summit Contractors", "SCD", CONTRACTORS, 19, 3_000, 7_500,
             Tags(ENGINEERING, None, DEVELOPMENT)),
    _Regular("Lark Advertising", "LA", ADVERTISING, 12, 4_000, 21_500, Tags(MARKETING, DENVER)),
    _Regular("Quarry Property Holdings", "QPH", RENT, 1, 7_400, 9_200, Tags(None, DENVER, INTERNAL),
             days=_SOON, varies=False),
    _Regular("Aire Wharf Offices", "AWO", RENT, 1, 2_400, 2_600, Tags(None, LEEDS, INTERNAL), days=_SOON,
             currency="GBP", varies=False),
    # The office stands empty until the first people come in July.
    _Regular("Pleisse Immobilien", "PI", RENT, 1, 2_900, 3_000, Tags(None, LEIPZIG, INTERNAL), days=_SOON,
             currency="EUR", since=_LEIPZIG_FROM, varies=False),
    # Test devices in somebody else's racks: hosting by its account, development by its class.
    _Regular("Hazel Device Labs", "HDL", HOSTING, 15, 650, 1_250, Tags(class_=DEVELOPMENT),
             since=instant(2023, 9, 1)),
    _Regular("Meadow Payroll Services", "MPS", PROFESSIONAL_FEES, 22, 420, 980, Tags(PEOPLE, None, INTERNAL),
             varies=False),
    _Regular("Umber Audit and Law", "UAL", PROFESSIONAL_FEES, 16, 1_400, 3_000,
             Tags(FINANCE, None, INTERNAL)),
)  # fmt: skip

# Offices by what they need: dollars a month in all, then 35 months later.
_BY_LOCATION = (
    ("Ember Energy", "EE", UTILITIES, 20, 1_150, 2_300),
    ("Fern Office Supplies", "FOS", OFFICE_SUPPLIES, 24, 650, 1_600),
)
_LOCATION_WEIGHTS = ((DENVER, 60, 0), (LEEDS, 25, 0), (LEIPZIG, 15, _LEIPZIG_FROM))

_TOOLS_CENTS_A_HEAD = 129_00
_TOOLS_CLASSES = {
    SUPPORT: CUSTOMER_FACING,
    SERVICES: CUSTOMER_FACING,
    CLOUD_OPERATIONS: CUSTOMER_FACING,
    CUSTOMER_SUCCESS: CUSTOMER_FACING,
    ENGINEERING: DEVELOPMENT,
}

# Programmes of marketing in months of a year; the fairs in spring and autumn are billed in pounds.
_FAIRS = {4: 11_000, 10: 13_500}
_CAMPAIGNS = {2: 7_500, 6: 9_000, 9: 8_500, 11: 10_000}
_FAIR_DAY, _CAMPAIGN_DAY = 9, 13

_INSURANCE_A_YEAR = {2023: 14_400, 2024: 19_200, 2025: 24_600}
_AUDIT = 18_000
_AUDIT_MORE = 350
_INCOME_TAX = 1_200

# Before, one account had all that is written off; later those of purchased technology alone stay there.
_BY_KIND_FROM = instant(2024, 1, 1)
_ACCUMULATED = {
    SOFTWARE: ACCUMULATED_AMORTISATION,
    TECHNOLOGY: ACCUMULATED_AMORTISATION,
    INFRASTRUCTURE: ACCUMULATED_DEPRECIATION,
    FACILITY: ACCUMULATED_DEPRECIATION,
}
_WRITTEN_OFF = {
    SOFTWARE: AMORTISATION_OF_SOFTWARE,
    TECHNOLOGY: DEPRECIATION,
    INFRASTRUCTURE: DEPRECIATION_OF_INFRASTRUCTURE,
    FACILITY: DEPRECIATION_OF_FACILITIES,
}


def cost_entries(books: Books, months: list[int]) -> Iterator[Entry]:
    """The entries of all complete months about costs, month by month."""
    invoices: dict[int, list[cloud.CloudInvoice]] = {}
    for invoice in cloud.invoices(books.first, months):
        invoices.setdefault(invoice.month, []).append(invoice)
    for number, month in enumerate(months):
        yield from _funding(books, month)
        for regular in _REGULAR:
            yield from _regular(books, regular, number, month)
        yield from _by_location(books, number, month)
        yield from _tools(books, month)
        yield from _marketing(books, number, month)
        yield from _recruiting(books, month)
        yield from _cloud(books, month, invoices.get(month, []))
        yield from _insurance(books, month)
        yield from payroll_entries(books, month)
        yield from _assets(books, month)
        yield from _written_off(books, month)
        yield from _year_end(books, month)


def _funding(books: Books, month: int) -> Iterator[Entry]:
    """What the vendor loses in its first years its owners put in."""
    if month == _FUNDED:
        lines = [dollars(BANK_ACCOUNT, _FUNDING_CENTS), dollars(SHARE_CAPITAL, -_FUNDING_CENTS)]
        yield from books.entry("Journal", month + 9 * DAY, lines, memo="Capital increase")


# -- bills ---------------------------------------------------------------------------------------------------


def _grown(first: int, last: int, number: int) -> int:
    """Cents in a month: dollars that grow evenly."""
    return (first * 100) + (last - first) * 100 * number // _GROWTH_MONTHS


def _id(prefix: str, month: int) -> str:
    return f"{prefix}-{as_date(month)[:7]}"


def _regular(books: Books, regular: _Regular, number: int, month: int) -> Iterator[Entry]:
    if month < regular.since or (regular.until is not None and month >= regular.until):
        return
    cents = _regular_cents(regular, number, month)
    day = month + (regular.day - 1) * DAY
    yield from books.bill(
        Bill(
            regular.vendor, _id(regular.prefix, month), day, [dollars(regular.account, cents, regular.tags)],
            days=regular.days, currency=regular.currency,
        )
    )  # fmt: skip


def _regular_cents(regular: _Regular, number: int, month: int) -> int:
    cents = _grown(regular.first, regular.last, number)
    if regular.varies:
        cents = cents * Stream("bill", regular.prefix, month).between(930, 1_075) // 1_000
    return cents


def _by_location(books: Books, number: int, month: int) -> Iterator[Entry]:
    for vendor, prefix, account, day, first, last in _BY_LOCATION:
        cents = _grown(first, last, number) * Stream("bill", prefix, month).between(850, 1_150) // 1_000
        lines = [
            dollars(account, cents * weight // 100, Tags(None, location, INTERNAL))
            for location, weight, since in _LOCATION_WEIGHTS
            if month >= since
        ]
        yield from books.bill(Bill(vendor, _id(prefix, month), month + (day - 1) * DAY, lines))


def _tools(books: Books, month: int) -> Iterator[Entry]:
    """Licences of software for the people of each department."""
    lines = [
        dollars(
            SOFTWARE_TOOLS, people * _TOOLS_CENTS_A_HEAD,
            Tags(department, None, _TOOLS_CLASSES.get(department, INTERNAL)),
        )
        for department, people in headcounts(month + 14 * DAY).items()
    ]  # fmt: skip
    yield from books.bill(Bill("Cedar Software", _id("CS", month), month + 14 * DAY, lines))


@dataclass(frozen=True, slots=True)
class MarketingBill:
    """What is paid for advertising, a fair or a campaign: minor units, and the day of the bill."""

    kind: str
    day: int
    amount: int
    currency: str


def marketing_bills(number: int, month: int) -> Iterator[MarketingBill]:
    """The bills of marketing in the month ``number`` (from 0): advertising, then a fair, then a campaign."""
    advertising = next(regular for regular in _REGULAR if regular.account is ADVERTISING)
    cents = _regular_cents(advertising, number, month)
    yield MarketingBill("advertising", month + (advertising.day - 1) * DAY, cents, advertising.currency)
    calendar_month = int(as_date(month)[5:7])
    per_hundred = 60 + 2 * number
    if fair := _FAIRS.get(calendar_month):
        yield MarketingBill("fair", month + (_FAIR_DAY - 1) * DAY, fair * per_hundred, "GBP")
    if campaign := _CAMPAIGNS.get(calendar_month):
        yield MarketingBill("campaign", month + (_CAMPAIGN_DAY - 1) * DAY, campaign * per_hundred, "USD")


def _marketing(books: Books, number: int, month: int) -> Iterator[Entry]:
    for bill in marketing_bills(number, month):
        if bill.kind == "fair":
            lines = [dollars(MARKETING_PROGRAMMES, bill.amount, Tags(MARKETING, LEEDS))]
            yield from books.bill(
                Bill("Heron Events", _id("HE", month), bill.day, lines, days=_SOON, currency=bill.currency)
            )
        elif bill.kind == "campaign":
            lines = [dollars(MARKETING_PROGRAMMES, bill.amount, Tags(MARKETING, DENVER))]
            yield from books.bill(Bill("Heron Events", _id("HEC", month), bill.day, lines))


def _recruiting(books: Books, month: int) -> Iterator[Entry]:
    """An eighth of a year's pay for every second one who starts."""
    for employee in employees():
        if month <= employee.start < add_months(month, 1) and employee.number % 2:
            tags = Tags(PEOPLE, employee.place.location, INTERNAL)
            lines = [dollars(RECRUITING, employee.salary_cents // 8, tags)]
            yield from books.bill(Bill("Linden Recruiting", f"LR-{employee.id}", employee.start, lines))


def _cloud(books: Books, month: int, invoices: list[cloud.CloudInvoice]) -> Iterator[Entry]:
    """The provider's invoice and credit note of the month, and what is used of commitments."""
    day, made = last_day(month), add_months(month, 1) + 2 * HOUR
    credit = -sum(invoice.total for invoice in invoices if invoice.total < 0)
    for invoice in invoices:
        lines = [dollars(HOSTING, invoice.total - invoice.commitment, _PRODUCTION)]
        if invoice.commitment:
            lines.append(dollars(PREPAID, invoice.commitment, memo="Commitment of a year"))
        is_credit = invoice.total < 0
        yield from books.bill(
            Bill(
                CLOUD_PROVIDER, invoice.id, day, lines, days=None if is_credit else 30, made=made,
                credit=0 if is_credit else credit,
            )
        )  # fmt: skip
    if used := cloud.commitment_used(month):
        yield from books.entry(
            "Journal", day, [dollars(HOSTING, used, _PRODUCTION), dollars(PREPAID, -used)],
            made=made, memo=f"Commitment used {as_date(month)[:7]}",
        )  # fmt: skip


def _insurance(books: Books, month: int) -> Iterator[Entry]:
    """Paid for a year in January, and spread over its months."""
    year = int(as_date(month)[:4])
    cents = _INSURANCE_A_YEAR.get(year, _INSURANCE_A_YEAR[2025]) * 100
    if as_date(month)[5:7] == "01":
        lines = [dollars(PREPAID, cents)]
        yield from books.bill(Bill("Granite Insurance", f"GI-{year}", month + 4 * DAY, lines))
    tags = Tags(FINANCE, None, INTERNAL)
    yield from books.entry(
        "Journal", last_day(month), [dollars(INSURANCE, cents // 12, tags), dollars(PREPAID, -(cents // 12))],
        memo=f"Insurance {as_date(month)[:7]}",
    )  # fmt: skip


def _year_end(books: Books, month: int) -> Iterator[Entry]:
    """The audit is accrued in December, undone in January, billed in February; and the income tax."""
    calendar_month, year = int(as_date(month)[5:7]), int(as_date(month)[:4])
    tags = Tags(FINANCE, None, INTERNAL)
    if calendar_month == 2 and year > 2023:
        lines = [dollars(PROFESSIONAL_FEES, (_AUDIT + _AUDIT_MORE) * 100, tags)]
        yield from books.bill(Bill("Umber Audit and Law", f"UAL-A-{year - 1}", month + 19 * DAY, lines))
    if calendar_month != 12:
        return
    day, after = last_day(month), add_months(month, 1)
    accrued = [dollars(PROFESSIONAL_FEES, _AUDIT * 100, tags), dollars(ACCRUED, -_AUDIT * 100)]
    made = after + 2 * HOUR
    for entry in books.entry("Journal", day, accrued, made=made, memo=f"Accrued: audit of {year}"):
        yield entry
        undone = [dollars(PROFESSIONAL_FEES, -_AUDIT * 100, tags), dollars(ACCRUED, _AUDIT * 100)]
        yield from books.entry(
            "Journal", after, undone, made=made, memo=f"Undone: audit of {year}", reversal=entry.id
        )
    taxed = [dollars(INCOME_TAX, _INCOME_TAX * 100), dollars(ACCRUED, -_INCOME_TAX * 100)]
    yield from books.entry("Journal", day, taxed, made=made, memo=f"Income tax {year}")


# -- assets --------------------------------------------------------------------------------------------------


def _assets(books: Books, month: int) -> Iterator[Entry]:
    after = add_months(month, 1)
    for asset in ASSETS:
        if month <= asset.capitalised < after:
            yield from _capitalised(books, asset)
        if asset.disposed is not None and month <= asset.disposed < after:
            yield from _disposed(books, asset, asset.disposed)


def _cost_account(asset: Asset) -> Account:
    return CAPITALISED_SOFTWARE if asset.kind == SOFTWARE else FIXED_ASSETS


def _capitalised(books: Books, asset: Asset) -> Iterator[Entry]:
    """Bought, or taken out of the engineers' salaries."""
    lines = [dollars(_cost_account(asset), asset.cost, memo=asset.id)]
    if asset.vendor is not None:
        yield from books.bill(Bill(asset.vendor, f"{asset.id}-INV", asset.capitalised, lines))
    else:
        lines.append(dollars(SALARIES, -asset.cost, Tags(ENGINEERING, None, DEVELOPMENT), memo=asset.id))
        memo = f"Capitalised development {asset.id}"
        yield from books.entry("Journal", asset.capitalised, lines, memo=memo)


def _disposed(books: Books, asset: Asset, day: int) -> Iterator[Entry]:
    """Cost and what is written off leave the books; the rest less the proceeds is a loss, or a gain."""
    written_off = asset.written_off(day)
    lines = [
        dollars(_cost_account(asset), -asset.cost, memo=asset.id),
        dollars(_ACCUMULATED[asset.kind], written_off, memo=asset.id),
    ]
    if asset.proceeds:
        lines.append(dollars(BANK_ACCOUNT, asset.proceeds, memo=asset.id))
    if result := asset.cost - written_off - asset.proceeds:
        lines.append(dollars(DISPOSALS, result, memo=asset.id))
    yield from books.entry("Journal", day, lines, memo=f"Disposal of {asset.id}")


def _written_off(books: Books, month: int) -> Iterator[Entry]:
    """The month's amortisation and depreciation, by kind of asset and, for facilities, by location."""
    after = add_months(month, 1)
    slices: dict[tuple[str, int | None], int] = {}
    for asset in ASSETS:
        if cents := asset.written_off(after) - asset.written_off(month):
            key = (asset.kind, asset.location)
            slices[key] = slices.get(key, 0) + cents
    if not slices:
        return
    lines: list[JournalLine] = []
    if month < _BY_KIND_FROM:
        lines.append(dollars(DEPRECIATION, sum(slices.values())))
    else:
        for (kind, location), cents in sorted(slices.items(), key=str):
            department = CLOUD_OPERATIONS if kind == INFRASTRUCTURE else None
            lines.append(dollars(_WRITTEN_OFF[kind], cents, Tags(department, location)))
    accumulated: dict[Account, int] = {}
    for (kind, _), cents in slices.items():
        accumulated[_ACCUMULATED[kind]] = accumulated.get(_ACCUMULATED[kind], 0) + cents
    lines += [dollars(account, -cents) for account, cents in accumulated.items()]
    yield from books.entry(
        "Journal", last_day(month), lines, made=after + 2 * HOUR,
        memo=f"Amortisation and depreciation {as_date(month)[:7]}",
    )  # fmt: skip

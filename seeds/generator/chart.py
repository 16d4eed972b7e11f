"""The vendor's chart of accounts and what its ledger entries may be tagged with.

Accounts, departments, locations, classes, the subsidiary and vendors, in NetSuite's shape. Add an account
here before a module posts to it; which entry uses which account is decided in ``postings``, ``month_end`` and
the modules of costs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """``kind`` is NetSuite's account type; ``parent`` the id of the account in whose name it stands."""

    id: int
    number: str
    kind: str
    name: str
    parent: int | None = None
    is_inactive: bool = False


BANK = Account(110, "1000", "Bank", "Operating accounts")
BANKS = {
    "USD": Account(111, "1010", "Bank", "Operating account USD", BANK.id),
    "EUR": Account(112, "1020", "Bank", "Operating account EUR", BANK.id),
    "GBP": Account(113, "1030", "Bank", "Operating account GBP", BANK.id),
}
RECEIVABLE = Account(121, "1100", "AcctRec", "Accounts receivable")
UNBILLED = Account(122, "1150", "UnbilledRec", "Unbilled receivables")
CLEARING = Account(123, "1200", "OthCurrAsset", "Processor clearing")
TAX_PAYABLE = Account(211, "2200", "OthCurrLiab", "Sales tax payable")
DEFERRED = Account(221, "2300", "DeferRevenue", "Deferred revenue")
SHARE_CAPITAL = Account(311, "3000", "Equity", "Share capital")
RETAINED_EARNINGS = Account(312, "3900", "Equity", "Retained earnings")

REVENUE = Account(410, "4000", "Income", "Revenue")
REVENUE_OF_STREAM = {
    "subscription": Account(411, "4010", "Income", "Subscription revenue", REVENUE.id),
    "usage": Account(412, "4020", "Income", "Usage revenue", REVENUE.id),
    "services": Account(413, "4030", "Income", "Professional services revenue", REVENUE.id),
    "setup": Account(414, "4040", "Income", "Set-up revenue", REVENUE.id),
    "licence": Account(415, "4050", "Income", "Licence revenue", REVENUE.id),
    "maintenance": Account(416, "4060", "Income", "Maintenance revenue", REVENUE.id),
}
CREDITS = Account(417, "4910", "Income", "Credits and refunds", REVENUE.id)
DISPUTES = Account(418, "4920", "Income", "Disputes", REVENUE.id)
FEES = Account(511, "5100", "COGS", "Payment processing fees")
BAD_DEBT = Account(611, "6900", "Expense", "Bad debt expense")
REALISED = Account(711, "7100", "OthExpense", "Realised exchange gains and losses")
UNREALISED = Account(712, "7110", "OthExpense", "Unrealised exchange gains and losses")

PREPAID = Account(124, "1300", "OthCurrAsset", "Prepaid expenses")
FIXED_ASSETS = Account(131, "1500", "FixedAsset", "Fixed assets")
CAPITALISED_SOFTWARE = Account(132, "1510", "FixedAsset", "Capitalised software")
ACCUMULATED_DEPRECIATION = Account(133, "1590", "FixedAsset", "Accumulated depreciation")
ACCUMULATED_AMORTISATION = Account(134, "1595", "FixedAsset", "Accumulated amortisation")
PAYABLE = Account(201, "2000", "AcctPay", "Accounts payable")
ACCRUED = Account(202, "2100", "OthCurrLiab", "Accrued liabilities")
ACCRUED_PAYROLL = Account(203, "2110", "OthCurrLiab", "Accrued payroll")
PAID_IN_CAPITAL = Account(313, "3100", "Equity", "Additional paid-in capital")

HOSTING = Account(512, "5200", "COGS", "Hosting")
MONITORING = Account(515, "5210", "COGS", "Monitoring")
COLOCATION = Account(516, "5220", "COGS", "Colocation")
CONTENT_DELIVERY = Account(517, "5230", "COGS", "Content delivery")
MESSAGING = Account(518, "5240", "COGS", "Messaging")
DATA_FEEDS = Account(519, "5250", "COGS", "Data feeds")
SUPPORT_TOOLS = Account(513, "5300", "COGS", "Customer support tools")
PROJECT_CONTRACTORS = Account(514, "5400", "COGS", "Contractors for customer projects")

PAYROLL = Account(620, "6000", "Expense", "Payroll")
SALARIES = Account(621, "6010", "Expense", "Salaries", PAYROLL.id)
PAYROLL_TAX = Account(622, "6020", "Expense", "Payroll tax", PAYROLL.id)
BENEFITS = Account(623, "6030", "Expense", "Benefits", PAYROLL.id)
STOCK_COMPENSATION = Account(624, "6040", "Expense", "Stock-based compensation", PAYROLL.id)
BONUS = Account(625, "6050", "Expense", "Bonus", PAYROLL.id)
RENT = Account(631, "6110", "Expense", "Rent")
UTILITIES = Account(632, "6120", "Expense", "Utilities")
OFFICE_SUPPLIES = Account(641, "6130", "Expense", "Office supplies")
DEPRECIATION = Account(633, "6200", "Expense", "Depreciation and amortisation")
AMORTISATION_OF_SOFTWARE = Account(638, "6210", "Expense", "Amortisation of capitalised software")
DEPRECIATION_OF_INFRASTRUCTURE = Account(639, "6220", "Expense", "Depreciation of infrastructure")
DEPRECIATION_OF_FACILITIES = Account(640, "6230", "Expense", "Depreciation of facilities")
TRAVEL = Account(634, "6300", "Expense", "Travel")
MARKETING_PROGRAMMES = Account(635, "6400", "Expense", "Marketing programmes")
ADVERTISING = Account(645, "6410", "Expense", "Advertising")
SOFTWARE_TOOLS = Account(636, "6500", "Expense", "Software tools")
CONTRACTORS = Account(637, "6600", "Expense", "Contractors")
INSURANCE = Account(642, "6710", "Expense", "Insurance")
PROFESSIONAL_FEES = Account(643, "6720", "Expense", "Professional fees")
RECRUITING = Account(644, "6730", "Expense", "Recruiting")
DISPOSALS = Account(713, "7200", "OthExpense", "Loss on disposal of assets")
INCOME_TAX = Account(811, "8000", "OthExpense", "Income tax")

_COSTS = (
    PREPAID, FIXED_ASSETS, CAPITALISED_SOFTWARE, ACCUMULATED_DEPRECIATION, ACCUMULATED_AMORTISATION, PAYABLE,
    ACCRUED, ACCRUED_PAYROLL, PAID_IN_CAPITAL, HOSTING, MONITORING, COLOCATION, CONTENT_DELIVERY, MESSAGING,
    DATA_FEEDS, SUPPORT_TOOLS, PROJECT_CONTRACTORS, PAYROLL, SALARIES, PAYROLL_TAX, BENEFITS,
    STOCK_COMPENSATION, BONUS, RENT, UTILITIES, OFFICE_SUPPLIES, DEPRECIATION, AMORTISATION_OF_SOFTWARE,
    DEPRECIATION_OF_INFRASTRUCTURE, DEPRECIATION_OF_FACILITIES, TRAVEL, MARKETING_PROGRAMMES, ADVERTISING,
    SOFTWARE_TOOLS, CONTRACTORS, INSURANCE, PROFESSIONAL_FEES, RECRUITING, DISPOSALS, INCOME_TAX,
)  # fmt: skip
_UNUSED = (Account(129, "1290", "OthCurrAsset", "Undeposited funds", is_inactive=True),)

ACCOUNTS: tuple[Account, ...] = (
    BANK, *BANKS.values(), RECEIVABLE, UNBILLED, CLEARING, TAX_PAYABLE, DEFERRED, SHARE_CAPITAL,
    RETAINED_EARNINGS, REVENUE, *REVENUE_OF_STREAM.values(), CREDITS, DISPUTES, FEES, BAD_DEBT, REALISED,
    UNREALISED, *_COSTS, *_UNUSED,
)  # fmt: skip
_BY_ID = {account.id: account for account in ACCOUNTS}

# Account types whose balances a year-end closing empties.
_RESULT_KINDS = ("Income", "COGS", "Expense", "OthIncome", "OthExpense")


def full_name(account: Account) -> str:
    """The account's name after those above it, as NetSuite writes it: ``Revenue : Usage revenue``."""
    if account.parent is None:
        return account.name
    return f"{full_name(_BY_ID[account.parent])} : {account.name}"


def account_of(account_id: int) -> Account:
    """The account with this id."""
    return _BY_ID[account_id]


def is_of_result(account_id: int) -> bool:
    """Whether the account is one of income and expense, which the closing of a year empties."""
    return _BY_ID[account_id].kind in _RESULT_KINDS


SUBSIDIARY = (1, "Example Managed Services Inc.")

SUPPORT, SERVICES, CLOUD_OPERATIONS, CUSTOMER_SUCCESS, ENGINEERING = 1, 2, 3, 4, 5
SALES, MARKETING, FINANCE, PEOPLE, IT, EXECUTIVE = 6, 7, 8, 9, 10, 11
DEPARTMENTS = (
    (SUPPORT, "Support"),
    (SERVICES, "Professional services"),
    (CLOUD_OPERATIONS, "Cloud operations"),
    (CUSTOMER_SUCCESS, "Customer success"),
    (ENGINEERING, "Engineering"),
    (SALES, "Sales"),
    (MARKETING, "Marketing"),
    (FINANCE, "Finance"),
    (PEOPLE, "People"),
    (IT, "IT"),
    (EXECUTIVE, "Executive"),
)
DENVER, LEEDS, LEIPZIG = 1, 2, 3
LOCATIONS = ((DENVER, "Denver"), (LEEDS, "Leeds"), (LEIPZIG, "Leipzig"))
CUSTOMER_FACING, INTERNAL, DEVELOPMENT = 1, 2, 3
CLASSES = ((CUSTOMER_FACING, "Customer-facing"), (INTERNAL, "Internal"), (DEVELOPMENT, "Development"))

TAX_OFFICES = (1, "Tax offices", "VEND-0001")
CLOUD_PROVIDER = "Northwind Cloud Hosting"
_VENDOR_NAMES = (
    CLOUD_PROVIDER,
    "Harbour Data Centres",
    "Meadow Payroll Services",
    "Quarry Property Holdings",
    "Beacon Support Software",
    "Lark Advertising",
    "Onyx Travel",
    "Summit Contractors",
    "Kestrel Content Delivery",
    "Sparrow Messaging",
    "Lantern Monitoring",
    "Tidal Data Feeds",
    "Aire Wharf Offices",
    "Pleisse Immobilien",
    "Ember Energy",
    "Fern Office Supplies",
    "Cedar Software",
    "Granite Insurance",
    "Umber Audit and Law",
    "Heron Events",
    "Slate Hardware",
    "Osprey Licensing",
    "Hazel Device Labs",
    "Linden Recruiting",
    "Copper Fit-outs",
)
VENDORS = (
    TAX_OFFICES,
    *((number, name, f"VEND-{number:04d}") for number, name in enumerate(_VENDOR_NAMES, start=2)),
)
_VENDOR_IDS = {name: number for number, name, _ in VENDORS}


def vendor_id(name: str) -> int:
    """The ledger's id of a vendor."""
    return _VENDOR_IDS[name]

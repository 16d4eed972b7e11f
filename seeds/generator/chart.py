"""The vendor's chart of accounts and what its ledger entries may be tagged with.

Accounts, departments, locations, classes, the subsidiary and vendors, in NetSuite's shape. Much of it is laid
out for costs and has no postings yet. Add an account here before a module posts to it; which entry uses which
account is decided in ``postings`` and ``month_end``.
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

_PAYROLL = Account(620, "6000", "Expense", "Payroll")
_LAID_OUT_FOR_COSTS = (
    Account(124, "1300", "OthCurrAsset", "Prepaid expenses"),
    Account(131, "1500", "FixedAsset", "Fixed assets"),
    Account(132, "1510", "FixedAsset", "Capitalised software"),
    Account(133, "1590", "FixedAsset", "Accumulated depreciation"),
    Account(201, "2000", "AcctPay", "Accounts payable"),
    Account(202, "2100", "OthCurrLiab", "Accrued liabilities"),
    Account(512, "5200", "COGS", "Hosting"),
    Account(513, "5300", "COGS", "Customer support tools"),
    Account(514, "5400", "COGS", "Contractors for customer projects"),
    _PAYROLL,
    Account(621, "6010", "Expense", "Salaries", _PAYROLL.id),
    Account(622, "6020", "Expense", "Payroll tax", _PAYROLL.id),
    Account(623, "6030", "Expense", "Benefits", _PAYROLL.id),
    Account(624, "6040", "Expense", "Stock-based compensation", _PAYROLL.id),
    Account(631, "6110", "Expense", "Rent"),
    Account(632, "6120", "Expense", "Utilities"),
    Account(633, "6200", "Expense", "Depreciation and amortisation"),
    Account(634, "6300", "Expense", "Travel"),
    Account(635, "6400", "Expense", "Marketing programmes"),
    Account(636, "6500", "Expense", "Software tools"),
    Account(637, "6600", "Expense", "Contractors"),
    Account(811, "8000", "OthExpense", "Income tax"),
    Account(129, "1290", "OthCurrAsset", "Undeposited funds", is_inactive=True),
)

ACCOUNTS: tuple[Account, ...] = (
    BANK, *BANKS.values(), RECEIVABLE, UNBILLED, CLEARING, TAX_PAYABLE, DEFERRED, SHARE_CAPITAL,
    RETAINED_EARNINGS, REVENUE, *REVENUE_OF_STREAM.values(), CREDITS, DISPUTES, FEES, BAD_DEBT, REALISED,
    UNREALISED, *_LAID_OUT_FOR_COSTS,
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

DEPARTMENTS = (
    (1, "Support"),
    (2, "Professional services"),
    (3, "Cloud operations"),
    (4, "Customer success"),
    (5, "Engineering"),
    (6, "Sales"),
    (7, "Marketing"),
    (8, "Finance"),
    (9, "People"),
    (10, "IT"),
)
LOCATIONS = ((1, "Denver"), (2, "Leeds"), (3, "Leipzig"))
CLASSES = ((1, "Customer-facing"), (2, "Internal"), (3, "Development"))

TAX_OFFICES = (1, "Tax offices", "VEND-0001")
VENDORS = (
    TAX_OFFICES,
    (2, "Northwind Cloud Hosting", "VEND-0002"),
    (3, "Harbour Data Centres", "VEND-0003"),
    (4, "Meadow Payroll Services", "VEND-0004"),
    (5, "Quarry Property Holdings", "VEND-0005"),
    (6, "Beacon Support Software", "VEND-0006"),
    (7, "Lark Advertising", "VEND-0007"),
    (8, "Onyx Travel", "VEND-0008"),
    (9, "Summit Contractors", "VEND-0009"),
)

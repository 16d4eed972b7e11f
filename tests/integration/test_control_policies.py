"""What policies make of a difference, and ledgers that are laid out otherwise than the example's.

Every build is of the example company with rows changed on purpose; which controls a wrong row breaks is the
subject of ``test_controls_find_mutations``.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.control_builds import build_controls, read_rows, run_tieout
from tests.direct_builds import CompiledProject
from tests.example_export import (
    ACCUMULATED_AMORTISATION,
    ACCUMULATED_DEPRECIATION,
    BANKS,
    CLEARING,
    CREDITS,
    DEALS,
    DEFERRED,
    DISPUTES,
    FEES,
    FIXED_ASSETS,
    LICENCE_REVENUE,
    MAINTENANCE_REVENUE,
    PREPAID,
    PRIMARY_BOOK,
    RECEIVABLE,
    RETAINED_EARNINGS,
    REVENUE_OF_STREAM,
    SHARE_CAPITAL,
    SOFTWARE,
    SUBSCRIPTION_REVENUE,
    TAX_PAYABLE,
    TRAVEL,
    UNBILLED,
    USAGE_REVENUE,
    UTILITIES,
    Billed,
    ExampleExport,
    LedgerLine,
    Row,
    next_month,
)
from tests.integration.conftest import DbtBuild
from tests.small_landing import put

AS_OF, NEXT_WEEK, YESTERDAY = "2026-01-01", "2026-01-08", "2025-12-31"
# Its period is not closed in the example, as that of the month before is.
LAST_MONTH = "2025-12"


def controls_of(warehouse: Path) -> list[dict[str, Any]]:
    return read_rows(warehouse, "select * from marts.fct_controls_by_period")


def statuses(warehouse: Path, control: str, **values: str) -> dict[str, str]:
    """The status of a control by month, ``2024-03``."""
    return {
        f"{row['period']:%Y-%m}": row["status"]
        for row in controls_of(warehouse)
        if row["control"] == control and all(row[name] == value for name, value in values.items())
    }


def misplaced_fee(export: ExampleExport, billed: Billed | None = None) -> tuple[str, Decimal]:
    """Post the fee of a payment to another expense: its month, and the difference of processor_fees."""
    billed = billed or export.invoice()
    line = export.entry(billed.charge["id"]).line(FEES)
    line.posting["account"] = UTILITIES
    return billed.month, -line.base


def booked_by_hand(export: ExampleExport, currency: str, new_id: str) -> tuple[str, Decimal]:
    """Book on receivables what billing knows nothing of: the month, and the difference of receivables."""
    billed = export.invoice(currency=currency)
    entry = export.repeat_entry(export.entry(billed.id), new_id)
    entry.header.update(type="Journal", externalid="")
    for line in entry.lines:
        if line.posting["account"] in (DEFERRED, TAX_PAYABLE):
            line.posting["account"] = PREPAID
    return billed.month, entry.line(RECEIVABLE).foreign


def open_item(name: str, control: str, month: str, amount: Decimal | str, /, **values: str) -> dict[str, str]:
    """A row of policy open_items: of one month and any dimension, in dollars, not expired."""
    first = f"{month}-01"
    row = {"open_item": name, "control": control, "first_period": first, "last_period": first}
    row |= {"dimension": "", "currency_code": "USD", "amount": str(amount), "owner": "Ann"}
    return row | {"reason": f"The bank is asked about {name}", "expires_on": NEXT_WEEK} | values


def put_policy(landing: Path, table: str, rows: list[dict[str, str]]) -> None:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    put(landing, f"policy/{table}.csv", "\n".join(lines) + "\n")


# ---- open items


@dataclass(frozen=True)
class Case:
    """What stands against the fee of one month, and what becomes of the control.

    Attributes:
        what: the open item, in words.
        status: of the control in that month.
        says: how its explanation goes on; empty when no item is against it.
        off: by how much the item misses the difference.
        values: what else the item says.
        second: what a second item says, if there is one.
    """

    what: str
    status: str
    says: str
    off: str = "0"
    values: Mapping[str, str] = field(default_factory=dict)
    second: Mapping[str, str] | None = None


PERIODS = ("first_period", "last_period")
CASES = [
    Case("explains it to the cent", "open item", "of Ann, until 2026-01-08: The bank is asked about"),
    Case("misses it by a cent", "fails", "of Ann, until 2026-01-08: The bank is asked about", off="0.01"),
    Case("expired yesterday", "fails", "of Ann expired on 2025-12-31", values={"expires_on": YESTERDAY}),
    Case("expires today", "open item", "of Ann, until 2026-01-01", values={"expires_on": AS_OF}),
    Case("is of another currency", "fails", "", values={"currency_code": "EUR"}),
    Case("is of another dimension", "fails", "", values={"dimension": "usage"}),
    Case("is of the control's only dimension", "open item", "of Ann", values={"dimension": "all"}),
    Case("is of another control", "fails", "", values={"control": "payouts_to_cash"}),
    Case(
        "is of earlier months",
        "fails",
        "",
        values={"first_period": "2022-01-01", "last_period": "2022-12-01"},
    ),
    Case("is of later months", "fails", "", values={"first_period": f"{LAST_MONTH}-01", "last_period": ""}),
    Case("adds up to it with a second one", "open item", "of Ann", off="0.01", second={"amount": "-0.01"}),
    Case(
        "adds up to it with one that has expired",
        "fails",
        "of Ann expired on 2025-12-31",
        off="0.01",
        second={"amount": "-0.01", "expires_on": YESTERDAY},
    ),
]


@dataclass(frozen=True)
class Explained:
    """A build with open items: the month of each case's fee, and of what was booked by hand."""

    warehouse: Path
    months: Mapping[str, str]
    by_hand: Mapping[str, str]
    other_stream: str


@pytest.fixture(scope="module")
def explained(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Explained:
    landing, home = tmp_path_factory.mktemp("landing"), tmp_path_factory.mktemp("home")
    export = ExampleExport()
    items, months, by_hand = [], {}, {}
    for number, case in enumerate(CASES):
        month, difference = misplaced_fee(export)
        months[case.what] = month
        amount = difference + Decimal(case.off)
        items.append(open_item(f"F{number}", "processor_fees", month, amount, **case.values))
        if case.second is not None:
            items.append(open_item(f"S{number}", "processor_fees", month, "0", **case.second))
    # A balance carries its difference on: one item goes on with it, the other ends after its second month.
    for currency, new_id in (("usd", "99000001"), ("eur", "99000002")):
        month, difference = booked_by_hand(export, currency, new_id)
        by_hand[currency] = month
        ends = f"{next_month(month)}-01" if currency == "usd" else ""
        values = {"currency_code": currency.upper(), "last_period": ends}
        items.append(open_item(f"H{currency}", "receivables", month, difference, **values))
    # The item says the stream that has too much; the other has too little.
    line, _ = export.earned_line()
    month = export.one("ledger.transaction", id=line.half["transaction"])["trandate"][:7]
    line.posting["account"] = USAGE_REVENUE
    items.append(open_item("usage", "revenue_by_stream", month, -line.base, dimension="usage"))
    export.write(landing, without=DEALS)
    put_policy(landing, "open_items", items)
    return Explained(build_controls(compiled_project, landing, home), months, by_hand, month)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"an item that {case.what}")
def test_an_open_item_against_a_difference(case: Case, explained: Explained) -> None:
    (row,) = (
        row
        for row in controls_of(explained.warehouse)
        if row["control"] == "processor_fees"
        and row["currency_code"] == "USD"
        and f"{row['period']:%Y-%m}" == explained.months[case.what]
    )
    assert row["status"] == case.status
    assert ("Open items: " in row["explanation"]) == bool(case.says)
    assert case.says in row["explanation"]


def test_an_open_item_without_a_last_month_goes_on_with_its_balance(explained: Explained) -> None:
    begun = explained.by_hand["eur"]
    found = statuses(explained.warehouse, "receivables", currency_code="EUR")
    assert {status for month, status in found.items() if month < begun} == {"ties"}
    assert {status for month, status in found.items() if month >= begun} == {"open item"}


def test_an_open_item_with_a_last_month_ends_with_it(explained: Explained) -> None:
    begun = explained.by_hand["usd"]
    found = statuses(explained.warehouse, "receivables", currency_code="USD")
    assert {status for month, status in found.items() if month < begun} == {"ties"}
    assert (found[begun], found[next_month(begun)]) == ("open item", "open item")
    assert {status for month, status in found.items() if month > next_month(begun)} == {"fails"}


def test_an_open_item_of_a_stream_is_of_no_other(explained: Explained) -> None:
    streams = {
        stream: statuses(explained.warehouse, "revenue_by_stream", currency_code="USD", dimension=stream)[
            explained.other_stream
        ]
        for stream in ("usage", "subscription")
    }
    assert streams == {"usage": "open item", "subscription": "fails"}


def test_what_an_open_item_explains_is_still_shown_with_its_rows(explained: Explained) -> None:
    month = explained.months["explains it to the cent"]
    rows = read_rows(
        explained.warehouse,
        "select raw_rows from marts.fct_control_differences "
        f"where control = 'processor_fees' and period = '{month}-01'",
    )
    assert [row for row in rows if "billing.balance_transaction" in row["raw_rows"]]


# ---- what does not stop publication


def test_open_items_reports_and_open_periods_do_not_stop_publication(
    example_warehouse: Path, tmp_path: Path
) -> None:
    """A fee that an item explains, a payout that a control only reports, and a fee of a month not closed."""
    export = ExampleExport()
    misplaced_fee(export, export.invoice(lambda billed: billed.month == LAST_MONTH))
    month, difference = misplaced_fee(export)
    header = export.every("ledger.transaction", type="Transfer", currency="1")[-10]
    export.entry_of(header).line(*BANKS).posting["account"] = PREPAID
    landing, home = tmp_path / "landing", tmp_path / "home"
    export.write(landing, without=DEALS)
    put_policy(landing, "open_items", [open_item("F1", "processor_fees", month, difference)])
    chosen = {"controls_that_only_report": "payouts_to_cash", "ledger_controls_from": "closed_periods"}
    put_policy(
        landing,
        "metric_policies",
        [{"policy_key": key, "policy_value": value} for key, value in chosen.items()],
    )
    shutil.copytree(example_warehouse.parent.parent, home, symlinks=True)
    before = (home / "current").readlink()

    finished = run_tieout("nightly", "--landing", str(landing), "--accept-drop", *DEALS, home=home)

    assert finished.returncode == 0, finished.stderr
    assert (home / "current").readlink() != before
    assert finished.stderr.count("It only reports, by policy.") == 2
    for told in ("payouts_to_cash, USD", f"processor_fees, USD, {LAST_MONTH}", header["externalid"]):
        assert told in finished.stderr
    record = json.loads((home / "current" / "build.json").read_text(encoding="utf-8"))
    assert (record["controls"]["fails"], record["controls"]["open item"]) == (2, 1)
    failing = [row for row in controls_of(home / "current" / "warehouse.duckdb") if row["status"] == "fails"]
    assert {row["control"]: row["is_blocking"] for row in failing} == {
        "payouts_to_cash": False,
        "processor_fees": False,
    }


# ---- other ledgers


def test_without_a_ledger_its_controls_have_no_data(small_company: DbtBuild) -> None:
    kinds = {
        row["control"]: row["ledger_role"]
        for row in read_rows(small_company.warehouse, "select * from reference.controls")
    }
    rows = [row for row in controls_of(small_company.warehouse) if kinds.get(row["control"])]
    assert {row["control"] for row in rows} >= {"revenue_by_stream", "receivables"}
    assert {row["status"] for row in rows} == {"no data"}
    assert all("The ledger has nothing for this month." in row["explanation"] for row in rows)
    assert {(row["actual_amount"], row["difference_amount"]) for row in rows} == {(None, None)}


@pytest.fixture(scope="module")
def without_own_accounts(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Credits and disputes are posted to revenue of their stream, what is unbilled to deferred revenue."""
    landing, home = tmp_path_factory.mktemp("landing"), tmp_path_factory.mktemp("home")
    export = ExampleExport()
    closing = {row["transaction"] for row in postings_on(export, RETAINED_EARNINGS)}
    for posting in postings_on(export, CREDITS, DISPUTES):
        if posting["transaction"] in closing:
            posting["account"] = SUBSCRIPTION_REVENUE
        else:
            take_off_revenue(export, posting)
    for posting in postings_on(export, UNBILLED):
        posting["account"] = DEFERRED
    accounts = [export.one("ledger.account", id=account) for account in (CREDITS, DISPUTES, UNBILLED)]
    export.remove("ledger.account", *accounts)
    export.write(landing, without=DEALS)
    return build_controls(compiled_project, landing, home)


def postings_on(export: ExampleExport, *accounts: str) -> list[Row]:
    return [row for row in export.rows("ledger.transactionaccountingline") if row["account"] in accounts]


def take_off_revenue(export: ExampleExport, posting: Row) -> None:
    """Post what was credited to the revenue of the invoice's stream."""
    header = export.one("ledger.transaction", id=posting["transaction"])
    document = header["externalid"] or export.one("ledger.transaction", id=header["reversal"])["externalid"]
    if document == "cn_1st2KubWAZBWL1":
        # A licence given back: earned were 12,000.00 of it, and 690.41 of its included support.
        line = LedgerLine(
            export.one(
                "ledger.transactionline", transaction=posting["transaction"], id=posting["transactionline"]
            ),
            posting,
        )
        support = export.repeat_line(line, "9")
        posting["account"], support.posting["account"] = LICENCE_REVENUE, MAINTENANCE_REVENUE
        support.base = support.foreign = Decimal("690.41")
        line.base = line.foreign = Decimal("12000.00")
    else:
        posting["account"] = REVENUE_OF_STREAM[stream_of(export, document)]


def stream_of(export: ExampleExport, document: str) -> str:
    """The stream of all lines of the invoice that a credit note, refund or dispute is of."""
    notes = {row["id"]: row["invoice_id"] for row in export.rows("billing.credit_note")}
    if document in notes:
        invoice = notes[document]
    else:
        charges = {
            row["id"]: row["charge_id"]
            for table in ("billing.refund", "billing.dispute")
            for row in export.rows(table)
        }
        invoice = export.one("billing.charge", id=charges[document])["invoice_id"]
    product_of = {row["id"]: row["product_id"] for row in export.rows("billing.price")}
    stream_of_product = {
        row["id"]: json.loads(row["metadata"] or "{}").get("revenue_stream", "subscription")
        for row in export.rows("billing.product")
    }
    lines = export.every("billing.invoice_line_item", invoice_id=invoice)
    (stream,) = {stream_of_product[product_of[line["price_id"]]] for line in lines if line["price_id"]} or {
        "subscription"
    }
    return str(stream)


def test_a_ledger_without_contra_accounts_shows_credits_in_revenue(without_own_accounts: Path) -> None:
    names = ("revenue_by_stream", "revenue_by_stream_in_reporting_currency")
    rows = [row for row in controls_of(without_own_accounts) if row["control"] in names]
    assert {row["status"] for row in rows} == {"ties"}
    assert {row["dimension"] for row in rows} >= {"subscription", "services", "licence", "maintenance"}
    assert statuses(without_own_accounts, "contra_revenue") == {}


def test_a_ledger_without_unbilled_receivables_shows_them_in_deferred_revenue(
    without_own_accounts: Path,
) -> None:
    for name in ("deferred_revenue", "deferred_revenue_in_reporting_currency"):
        assert set(statuses(without_own_accounts, name).values()) == {"ties"}
    assert statuses(without_own_accounts, "contract_assets") == {}


def test_nothing_else_differs_where_accounts_are_fewer(without_own_accounts: Path) -> None:
    assert {row["status"] for row in controls_of(without_own_accounts)} == {"ties"}


@dataclass(frozen=True)
class InTotal:
    """A ledger without streams: a month in which streams are swapped, and one in which revenue is missing."""

    warehouse: Path
    swapped: str
    missing: str


@pytest.fixture(scope="module")
def in_total(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> InTotal:
    """All revenue accounts of no one stream, by rules of the company."""
    landing, home = tmp_path_factory.mktemp("landing"), tmp_path_factory.mktemp("home")
    export = ExampleExport()
    months = []
    for account in (USAGE_REVENUE, TRAVEL):
        line, _ = export.earned_line()
        months.append(export.one("ledger.transaction", id=line.half["transaction"])["trandate"][:7])
        line.posting["account"] = account
    export.write(landing, without=DEALS)
    numbers = [
        export.one("ledger.account", id=account)["acctnumber"] for account in REVENUE_OF_STREAM.values()
    ]
    rule = {"priority": "1", "account_type": "", "account_name": "", "role": "revenue", "revenue_stream": ""}
    put_policy(
        landing,
        "account_roles",
        [{"rule": f"sales_{number}", "account_number": number} | rule for number in numbers],
    )
    return InTotal(build_controls(compiled_project, landing, home), *months)


def test_revenue_accounts_of_no_stream_are_compared_in_total(in_total: InTotal) -> None:
    for name in ("revenue_by_stream", "revenue_by_stream_in_reporting_currency"):
        rows = [row for row in controls_of(in_total.warehouse) if row["control"] == name]
        assert {row["dimension"] for row in rows} == {"all"}
        found = statuses(in_total.warehouse, name, currency_code="USD")
        # One stream for another is no difference there; revenue that is not there is one.
        assert found[in_total.swapped] == "ties"
        assert [month for month, status in found.items() if status != "ties"] == [in_total.missing]
    assert set(statuses(in_total.warehouse, "contra_revenue").values()) == {"ties"}


BEGUN = "2024-07"


@pytest.fixture(scope="module")
def begun_later(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that begins in July 2024 with entries of what stood on the accounts before."""
    landing, home = tmp_path_factory.mktemp("landing"), tmp_path_factory.mktemp("home")
    export = ExampleExport()
    begin_ledger(export, BEGUN)
    export.write(landing, without=DEALS)
    return build_controls(compiled_project, landing, home)


def begin_ledger(export: ExampleExport, month: str) -> None:
    """Replace what was posted before a month by opening entries on its first day.

    One per customer and currency for what customers owe and are owed; one per currency for the processor's
    balance; one for assets with their amortisation; and one for banks with taxes, as what is paid on to the
    authorities: a control on taxes leaves entries on cash out, and one on payouts looks at entries on
    clearing and cash together.
    """
    earlier = {row["id"]: row for row in export.rows("ledger.transaction") if row["trandate"] < f"{month}-01"}
    balances: dict[tuple[str, str, str], dict[str, list[Decimal]]] = defaultdict(dict)
    halves = {
        (row["transaction"], row["id"]): row
        for row in export.rows("ledger.transactionline")
        if row["transaction"] in earlier
    }
    own, cash = {RECEIVABLE, DEFERRED, UNBILLED}, {*BANKS, TAX_PAYABLE}
    assets = {FIXED_ASSETS, SOFTWARE, ACCUMULATED_DEPRECIATION, ACCUMULATED_AMORTISATION}
    kinds = {CLEARING: "clearing", **dict.fromkeys(assets, "assets"), **dict.fromkeys(cash, "cash")}
    gone = [row for row in export.rows("ledger.transactionaccountingline") if row["transaction"] in earlier]
    for posting in gone:
        account, header = posting["account"], earlier[posting["transaction"]]
        is_kept = account in own or account in kinds
        if header["posting"] == "F" or posting["accountingbook"] != PRIMARY_BOOK or not is_kept:
            continue
        half = halves[posting["transaction"], posting["transactionline"]]
        kind = kinds.get(account, "customers")
        entity = (half["entity"] or header["entity"]) if kind == "customers" else ""
        sums = balances[kind, header["currency"], entity].setdefault(account, [Decimal(0), Decimal(0)])
        sums[0] += Decimal(half["foreignamount"] or 0)
        sums[1] += Decimal(posting["amount"])
    like = next(iter(earlier.values())), next(iter(halves.values())), gone[0]
    export.remove("ledger.transactionaccountingline", *gone)
    export.remove("ledger.transactionline", *halves.values())
    export.remove("ledger.transaction", *earlier.values())
    for number, ((_, currency, entity), kept) in enumerate(sorted(balances.items())):
        identity = str(99_000_000 + number)
        values = {"id": identity, "transactionnumber": f"JE{identity}", "type": "Journal", "posting": "T"}
        values |= {"trandate": f"{month}-01", "postingperiod": export.period_of(month)["id"]}
        values |= {"currency": currency, "entity": entity, "memo": "Opening balance"}
        export.add("ledger.transaction", like[0], **values, exchangerate="", reversal="", externalid="")
        contra = [Decimal(0) - sum(amounts[place] for amounts in kept.values()) for place in (0, 1)]
        for place, (account, amounts) in enumerate([*kept.items(), (SHARE_CAPITAL, contra)]):
            half = export.add("ledger.transactionline", like[1], transaction=identity, id=str(place))
            posting = export.add("ledger.transactionaccountingline", like[2], account=account)
            half.update(entity="", memo="", foreignamount=str(amounts[0]))
            posting.update(transaction=identity, transactionline=str(place), posting="T")
            posting["accountingbook"] = PRIMARY_BOOK
            LedgerLine(half, posting).base = amounts[1]


def test_a_ledger_that_begins_later_ties_from_then_on(begun_later: Path) -> None:
    kinds = {row["control"]: row for row in read_rows(begun_later, "select * from reference.controls")}
    rows = [row for row in controls_of(begun_later) if row["control"] in kinds]
    roles = [row for row in rows if kinds[row["control"]]["ledger_role"]]
    begun = date.fromisoformat(f"{BEGUN}-01")
    assert {row["status"] for row in roles if row["period"] < begun} == {"no data"}
    assert {row["status"] for row in rows if row["period"] >= begun} == {"ties"}
    later = {row["control"] for row in roles if row["period"] >= begun}
    assert later == {control for control, kind in kinds.items() if kind["ledger_role"]}

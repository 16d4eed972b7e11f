"""What must hold within a billing export, as checks over its text.

Each check takes the tables and returns one line per violation. They know the export's shape and nothing of
the generator, so that they could be run on any Stripe-shaped export. Add a check for every promise it makes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal

Row = dict[str, str]
Tables = dict[str, list[Row]]

_KEYS = {"price_tier": ("price_id", "index"), "fee": ("balance_transaction_id", "index")}


def _by_id(rows: list[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in rows}


def _sums(rows: list[Row], key: str, amount: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row[key]] += int(row[amount])
    return sums


def keys_are_unique(tables: Tables) -> Iterator[str]:
    for name, rows in tables.items():
        keys = Counter(tuple(row[column] for column in _KEYS.get(name, ("id",))) for row in rows)
        yield from (f"{name}: key {key} {count} times" for key, count in keys.items() if count > 1)


_REFERENCES = (
    ("price", "product_id", "product"),
    ("plan", "product_id", "product"),
    ("price_tier", "price_id", "price"),
    ("subscription", "customer_id", "customer"),
    ("subscription_item", "subscription_id", "subscription"),
    ("subscription_item", "price_id", "price"),
    ("subscription_item", "plan_id", "plan"),
    ("invoice", "customer_id", "customer"),
    ("invoice", "charge_id", "charge"),
    ("invoice_line_item", "invoice_id", "invoice"),
    ("invoice_line_item", "price_id", "price"),
    ("invoice_line_item", "plan_id", "plan"),
    ("discount", "type_id", "invoice_line_item"),
    ("discount", "coupon_id", "coupon"),
    ("subscription_discount", "coupon_id", "coupon"),
    ("charge", "invoice_id", "invoice"),
    ("charge", "balance_transaction_id", "balance_transaction"),
    ("refund", "charge_id", "charge"),
    ("refund", "balance_transaction_id", "balance_transaction"),
    ("credit_note", "invoice_id", "invoice"),
    ("credit_note_line_item", "credit_note_id", "credit_note"),
    ("credit_note_line_item", "invoice_line_item_id", "invoice_line_item"),
    ("balance_transaction", "payout_id", "payout"),
    ("fee", "balance_transaction_id", "balance_transaction"),
    ("dispute", "charge_id", "charge"),
)


def references_resolve(tables: Tables) -> Iterator[str]:
    ids = {name: {row["id"] for row in rows if "id" in row} for name, rows in tables.items()}
    for name, column, target in _REFERENCES:
        for row in tables[name]:
            if row[column] and row[column] not in ids[target]:
                yield f"{name}.{column}: {row[column]} is not in {target}"


def subtotals_are_the_sums_of_lines(tables: Tables) -> Iterator[str]:
    sums = _sums(tables["invoice_line_item"], "invoice_id", "amount")
    for row in tables["invoice"]:
        if row["id"] not in sums:
            yield f"invoice {row['id']}: no line"
        elif sums[row["id"]] != int(row["subtotal"]):
            yield f"invoice {row['id']}: lines {sums[row['id']]}, subtotal {row['subtotal']}"


def totals_are_subtotals_less_discounts_plus_tax(tables: Tables) -> Iterator[str]:
    discounts = _sums(tables["discount"], "invoice_id", "amount")
    for row in tables["invoice"]:
        expected = int(row["subtotal"]) - discounts.get(row["id"], 0) + int(row["tax"])
        if expected != int(row["total"]):
            yield f"invoice {row['id']}: total {row['total']}, expected {expected}"


def paid_amounts_are_the_successful_charges(tables: Tables) -> Iterator[str]:
    charged = _sums([row for row in tables["charge"] if row["status"] == "succeeded"], "invoice_id", "amount")
    for row in tables["invoice"]:
        if charged.get(row["id"], 0) != int(row["amount_paid"]):
            yield f"invoice {row['id']}: charges {charged.get(row['id'], 0)}, paid {row['amount_paid']}"


def what_is_due_is_paid_credited_or_remains(tables: Tables) -> Iterator[str]:
    notes = [row for row in tables["credit_note"] if row["type"] == "pre_payment"]
    credited = _sums(notes, "invoice_id", "total")
    for row in tables["invoice"]:
        settled = int(row["amount_paid"]) + int(row["amount_remaining"]) + credited.get(row["id"], 0)
        if row["status"] != "void" and settled != int(row["amount_due"]):
            yield f"invoice {row['id']}: due {row['amount_due']}, settled or remaining {settled}"
        if row["status"] == "paid" and row["amount_remaining"] != "0":
            yield f"invoice {row['id']}: paid, and {row['amount_remaining']} remain"


_STATUS_STAMPS = {
    "paid": "status_transitions_paid_at",
    "void": "status_transitions_voided_at",
    "uncollectible": "status_transitions_marked_uncollectible_at",
}


def statuses_agree_with_their_times(tables: Tables) -> Iterator[str]:
    for row in tables["invoice"]:
        if (row["status"] == "draft") != (row["status_transitions_finalized_at"] == ""):
            yield f"invoice {row['id']}: {row['status']}, {row['status_transitions_finalized_at']!r}"
        for status, stamp in _STATUS_STAMPS.items():
            if (row["status"] == status) != (row[stamp] != ""):
                yield f"invoice {row['id']}: {row['status']}, {stamp} {row[stamp]!r}"


def balance_transactions_are_net_of_their_fees(tables: Tables) -> Iterator[str]:
    fees = _sums(tables["fee"], "balance_transaction_id", "amount")
    for row in tables["balance_transaction"]:
        if int(row["amount"]) - int(row["fee"]) != int(row["net"]) or fees.get(row["id"], 0) != int(
            row["fee"]
        ):
            yield f"balance_transaction {row['id']}: {row['amount']} - {row['fee']} is not {row['net']}"


def payouts_are_the_sums_of_what_they_pay_out(tables: Tables) -> Iterator[str]:
    moved = _sums(
        [row for row in tables["balance_transaction"] if row["type"] != "payout"], "payout_id", "net"
    )
    for row in tables["payout"]:
        if moved.get(row["id"], 0) != int(row["amount"]):
            yield f"payout {row['id']}: {row['amount']}, transactions {moved.get(row['id'], 0)}"


def refunds_add_up_on_their_charges(tables: Tables) -> Iterator[str]:
    refunded = _sums(tables["refund"], "charge_id", "amount")
    for row in tables["charge"]:
        given_back = int(row["amount_refunded"])
        if refunded.get(row["id"], 0) != given_back or given_back > int(row["amount"]):
            yield f"charge {row['id']}: refunded {given_back}, refunds {refunded.get(row['id'], 0)}"


def credit_notes_are_the_sums_of_their_lines(tables: Tables) -> Iterator[str]:
    sums = _sums(tables["credit_note_line_item"], "credit_note_id", "amount")
    for row in tables["credit_note"]:
        if sums.get(row["id"], 0) != int(row["subtotal"]):
            yield f"credit_note {row['id']}: subtotal {row['subtotal']}, lines {sums.get(row['id'], 0)}"


def charges_are_amounts_that_can_be_charged(tables: Tables) -> Iterator[str]:
    for row in tables["charge"]:
        if int(row["amount"]) <= 0 or (row["currency"] == "kwd" and int(row["amount"]) % 10):
            yield f"charge {row['id']}: {row['amount']} {row['currency']}"


def lines_of_full_periods_cost_what_the_price_says(tables: Tables) -> Iterator[str]:
    """Per invoice and item: the lines of a whole period add up to the price of their quantity."""
    prices = {**_by_id(tables["plan"]), **_by_id(tables["price"])}
    tiers: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(tables["price_tier"], key=lambda row: int(row["index"])):
        tiers[row["price_id"]].append(row)
    items = _by_id(tables["subscription_item"])
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in tables["invoice_line_item"]:
        if row["proration"] == "false":
            price_id = row["price_id"] or row["plan_id"]
            item = row["subscription_item_id"] or row["id"]
            groups[row["invoice_id"], item, price_id, row["period_start"]].append(row)
    for (invoice_id, item, price_id, _), lines in groups.items():
        quantity = sum(int(row["quantity"]) for row in lines)
        metadata = items.get(item, {}).get("metadata", "")
        if "minimum_quantity" in metadata:
            quantity = max(quantity, int("".join(filter(str.isdigit, metadata))))
        amount = sum(int(row["amount"]) for row in lines)
        is_free = all(row["description"].startswith(("Trial period", "Included")) for row in lines)
        expected = Decimal(0) if is_free else _price_of(prices[price_id], tiers[price_id], quantity)
        # One rounding for each line, to the step in which the currency is charged.
        allowed = len(lines) * Decimal(5 if lines[0]["currency"] == "kwd" else 0.5)
        if abs(amount - expected) > allowed:
            yield f"invoice {invoice_id}, {item}: {quantity} cost {expected}, lines say {amount}"


def _price_of(price: Row, tiers: list[Row], quantity: int) -> Decimal:
    def unit(row: Row) -> Decimal:
        return Decimal(row.get("unit_amount_decimal") or row.get("unit_amount") or row.get("amount") or 0)

    if not price["tiers_mode"]:
        divide_by = int(price.get("transform_quantity_divide_by") or 1)
        return -(-quantity // divide_by) * unit(price)
    total, reached = Decimal(0), 0
    for position, tier in enumerate(tiers):
        up_to = int(tier["up_to"]) if tier["up_to"] else max(quantity, reached)
        flat = Decimal(tier["flat_amount"] or 0)
        if price["tiers_mode"] == "volume":
            if quantity <= up_to:
                return quantity * unit(tier) + flat
        elif position == 0 or quantity > reached:
            total += (min(quantity, up_to) - reached) * unit(tier) + flat
        reached = up_to
    return total


def taxes_follow_one_rate_per_customer(tables: Tables) -> Iterator[str]:
    """The rate that the customer's largest invoice shows gives the tax of all its other invoices."""
    discounts = _sums(tables["discount"], "invoice_id", "amount")
    by_customer: dict[str, list[Row]] = defaultdict(list)
    for row in tables["invoice"]:
        by_customer[row["customer_id"]].append(row)
    for rows in by_customer.values():
        nets = [int(row["subtotal"]) - discounts.get(row["id"], 0) for row in rows]
        largest = max(range(len(rows)), key=lambda position: nets[position])
        if nets[largest] <= 0:
            continue
        per_thousand = (Decimal(1000 * int(rows[largest]["tax"])) / nets[largest]).quantize(
            Decimal(1), rounding=ROUND_HALF_UP
        )
        for row, net in zip(rows, nets, strict=True):
            step = 10 if row["currency"] == "kwd" else 1
            if abs(Decimal(net) * per_thousand / 1000 - int(row["tax"])) > step:
                yield f"invoice {row['id']}: tax {row['tax']} on {net}"


CHECKS: tuple[Callable[[Tables], Iterator[str]], ...] = (
    keys_are_unique,
    references_resolve,
    subtotals_are_the_sums_of_lines,
    totals_are_subtotals_less_discounts_plus_tax,
    paid_amounts_are_the_successful_charges,
    what_is_due_is_paid_credited_or_remains,
    statuses_agree_with_their_times,
    balance_transactions_are_net_of_their_fees,
    payouts_are_the_sums_of_what_they_pay_out,
    refunds_add_up_on_their_charges,
    credit_notes_are_the_sums_of_their_lines,
    charges_are_amounts_that_can_be_charged,
    lines_of_full_periods_cost_what_the_price_says,
    taxes_follow_one_rate_per_customer,
)

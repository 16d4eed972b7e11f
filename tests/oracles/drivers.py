"""What drove a dated change of an item's MRR (definitions 2, the event fact).

One decision from the service before and after. When changes happen, and their class, stays out.
"""

from __future__ import annotations

from tests.oracles.items import Service

DRIVERS = ("start", "add_on", "cancellation", "plan", "price", "quantity", "discount")


def driver(before: Service | None, after: Service | None, *, account_paid: bool) -> str:
    """Of an item whose MRR in one currency changed.

    Args:
        before: its service in that currency until then, None where it had none.
        after: its service in that currency from then on.
        account_paid: whether the account had MRR in that currency until then.
    """
    if before is None:
        return "add_on" if account_paid else "start"
    if after is None:
        return "cancellation"
    if is_other_plan(before, after):
        return "plan"
    if before.price.id != after.price.id:
        return "price"
    if before.statement.quantity != after.statement.quantity:
        return "quantity"
    return "discount"


def is_other_plan(before: Service, after: Service) -> bool:
    """Another product, or another interval of billing."""
    old, new = before.price, after.price
    old_terms = (old.product_id, old.interval, old.interval_count)
    return old_terms != (new.product_id, new.interval, new.interval_count)

"""The answers to the CRM's riddles: which cards and customers are really one company or one person.

For tests of whoever joins records: precision and recall can be measured against what the generator knows.
Labels describe the same export that ``python -m seeds.generator`` writes with the same arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from seeds.generator.__main__ import (
    DEFAULT_CUSTOMERS,
    DEFAULT_MONTHS,
    DEFAULT_SEED,
    histories,
    span_of,
)
from seeds.generator.crm import CrmWriter
from seeds.generator.dealings import BillingDesk
from seeds.generator.exchange import ExchangeRates
from seeds.generator.truth import COMPANY, CONTACT, Labelled, Truth

__all__ = ["Labelled", "TrueAccount", "labelled_pairs", "true_accounts", "true_contacts", "truth_of"]


@dataclass(frozen=True, slots=True)
class TrueAccount:
    """The account of a billing customer, a company's card or an id that was merged into one.

    ``source_system`` is billing or crm, ``object_type`` customer or company. The account's id is that of its
    earliest billing customer, or ``crm:`` with the id of the oldest card of a company that was never billed.
    """

    source_system: str
    object_type: str
    source_id: str
    account_id: str


def truth_of(
    *, customers: int = DEFAULT_CUSTOMERS, months: int = DEFAULT_MONTHS, seed: int = DEFAULT_SEED
) -> Truth:
    """What the CRM writer notes when it writes the export of this size."""
    span, truth = span_of(months), Truth()
    rates = ExchangeRates(seed, span.first, span.horizon)
    writer = CrmWriter(rates, span.first, span.horizon, truth)
    writer.list_rows()
    for dealings in BillingDesk(rates, span.horizon).dealings(histories(seed, customers, span)):
        writer.customer_rows(dealings)
    return truth


def labelled_pairs(truth: Truth | None = None) -> list[Labelled]:
    """All pairs of cards that are one company or person, and hard ones that are not."""
    return (truth or truth_of()).pairs()


def true_accounts(truth: Truth | None = None) -> list[TrueAccount]:
    """The true account of every live billing customer, company card and merged id, in a fixed order."""
    truth = truth or truth_of()
    names = _account_ids(truth)
    accounts = [
        TrueAccount("billing", "customer", customer, names[entity])
        for customer, (entity, _) in truth.customers.items()
    ]
    accounts += [
        TrueAccount("crm", object_type, card, names[entity])
        for (object_type, card), entity in (*truth.cards.items(), *truth.merged.items())
        if object_type == COMPANY
    ]
    return sorted(accounts, key=lambda account: (account.source_system, account.source_id))


def _account_ids(truth: Truth) -> dict[str, str]:
    """The account id of each entity that is a company."""
    cards = (
        (entity, (truth.created[COMPANY, card], card))
        for (object_type, card), entity in truth.cards.items()
        if object_type == COMPANY
    )
    names = {entity: f"crm:{card}" for entity, card in _first(cards).items()}
    customers = ((entity, (created, customer)) for customer, (entity, created) in truth.customers.items())
    return names | _first(customers)


def true_contacts(truth: Truth | None = None) -> dict[str, str]:
    """For every contact and every contact id that was merged away the oldest card of the same person."""
    truth = truth or truth_of()
    cards = (
        (entity, (truth.created[CONTACT, card], card))
        for (object_type, card), entity in truth.cards.items()
        if object_type == CONTACT
    )
    oldest = _first(cards)
    return {
        card: oldest[entity]
        for (object_type, card), entity in (*truth.cards.items(), *truth.merged.items())
        if object_type == CONTACT
    }


def _first(dated: Iterable[tuple[str, tuple[int, str]]]) -> dict[str, str]:
    """For each entity the id with the earliest (created, id)."""
    ids: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entity, created_and_id in dated:
        ids[entity].append(created_and_id)
    return {entity: min(found)[1] for entity, found in ids.items()}

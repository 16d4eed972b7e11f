"""What happened commercially, before any source system recorded it.

These records are the seam between the simulation and the writers: billing, CRM and ledger are each derived
from them, so that they agree by construction. Add a fact when something happens between the vendor and a
company; what a source system makes of it (invoices, tickets, journal entries) belongs to that source's
modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seeds.generator.catalogue import Coupon, Price
from seeds.generator.moments import Cadence


@dataclass(frozen=True, slots=True)
class Company:
    """A customer of the vendor. ``tax_per_thousand`` is the rate of its country, 0 for none.

    ``pays_by`` is ``card`` (at once) or ``bank_transfer`` (an open invoice, due in 30 days).
    """

    key: str
    name: str
    domain: str
    phone: str
    country: str
    city: str
    postal_code: str
    industry: str
    employees: int
    currency: str
    created: int
    pays_by: str
    tax_per_thousand: int
    tax_exempt: str = "none"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """One thing on a contract. ``name`` tells the items apart; ``minimum`` is the billable floor."""

    name: str
    price: Price
    quantity: int
    minimum: int | None = None

    @property
    def billable(self) -> int:
        return self.quantity if self.minimum is None else max(self.quantity, self.minimum)


@dataclass(frozen=True, slots=True)
class ItemAdded:
    at: int
    item: ItemTerms


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class QuantityChanged:
    at: int
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PriceChanged:
    """Another price of the same cadence for one item."""

    at: int
    name: str
    price: Price


@dataclass(frozen=True, slots=True)
class TermChanged:
    """Other prices of another cadence for all items; a new billing period starts at once."""

    at: int
    prices: tuple[tuple[str, Price], ...]


@dataclass(frozen=True, slots=True)
class UsageMeasured:
    at: int
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CouponGiven:
    """A coupon from ``at`` on; ``record_kept``: whether the export keeps the discount after its end."""

    at: int
    coupon: Coupon
    record_kept: bool = True


@dataclass(frozen=True, slots=True)
class CollectionPaused:
    """No payment is collected from ``at`` to ``until`` (None: still paused); behaviour as in Stripe."""

    at: int
    until: int | None
    behaviour: str


@dataclass(frozen=True, slots=True)
class FreeTimeGiven:
    """A payer gets a trial: the first billing period from ``at`` on is free and ends at ``until``."""

    at: int
    until: int


@dataclass(frozen=True, slots=True)
class PaymentTrouble:
    """The first payable invoice from ``at`` on is not paid at once.

    ``outcome``: ``recovered``, ``left_open``, ``voided``, ``uncollectible``, ``unpaid`` (later invoices stay
    drafts) or ``past_due`` (later invoices stay open too).
    """

    at: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Notice given at ``at``, service ending at ``effective``; ``credited`` gives the unused rest back."""

    at: int
    effective: int
    reason: str = "cancellation_requested"
    credited: bool = False


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """Money returned for the last invoice paid before ``at`` (for ``pre_payment`` the one still open then).

    ``kind``: ``refund``, ``credit_note`` (with a refund), ``voided_note`` (a credit note taken back),
    ``pre_payment`` (a credit note on an open invoice), ``dispute_won``, ``dispute_lost`` or ``dispute_open``.
    ``share_per_thousand`` is of the invoice; disputes are always about all of it.
    """

    at: int
    kind: str
    share_per_thousand: int
    reason: str


Change = (
    ItemAdded
    | ItemRemoved
    | QuantityChanged
    | PriceChanged
    | TermChanged
    | UsageMeasured
    | CouponGiven
    | CollectionPaused
    | FreeTimeGiven
    | PaymentTrouble
    | Cancellation
    | MoneyBack
)


@dataclass(frozen=True, slots=True)
class Contract:
    """A recurring agreement: what was signed, and what changed since, ordered by time.

    ``proration`` says on which invoice a change is settled: ``next_invoice`` or ``at_once``.
    ``first_payment``: ``succeeds``, ``incomplete`` or ``incomplete_expired``. ``evergreen``: agreed without
    an end and billed once, with a period that stays open. ``first_period_free``: the first period costs
    nothing without being a trial.
    """

    key: str
    start: int
    cadence: Cadence
    items: tuple[ItemTerms, ...]
    changes: tuple[Change, ...] = ()
    trial_until: int | None = None
    proration: str = "next_invoice"
    first_payment: str = "succeeds"
    evergreen: bool = False
    first_period_free: bool = False
    export_flaws: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sale:
    """Something sold once: a licence, set-up or days of work, invoiced on its own."""

    key: str
    at: int
    items: tuple[tuple[Price, int], ...]
    money_back: tuple[MoneyBack, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanyHistory:
    """Everything that happened between the vendor and one company.

    ``export_flaws`` name the dirt that the export shows for it: ``test_mode`` and ``deleted`` for a company;
    ``subscription_missing``, ``subscription_deleted``, ``item_ids_missing``, ``split_prorations`` for a
    contract.
    """

    company: Company
    contracts: tuple[Contract, ...] = ()
    sales: tuple[Sale, ...] = ()
    customer_coupons: tuple[CouponGiven, ...] = ()
    export_flaws: frozenset[str] = field(default_factory=frozenset)

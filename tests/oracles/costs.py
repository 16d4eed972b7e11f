"""What the company spends, on what and on whom, once more in plain Python (definitions 6 and 7).

Ledger lines become parts, parts make pools, pools are shared out to departments and to accounts. Each step
asks the one before it; what the rules are and how service pools reach departments have modules of their own.
What margins make of it stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from tests.oracles.assets import Register
from tests.oracles.calendar_months import next_month
from tests.oracles.cloud_bill import UNTAGGED, Charge, CloudBill
from tests.oracles.cost_drivers import AccountDrivers
from tests.oracles.cost_mappings import (
    ACCOUNT_DRIVERS,
    BY_ASSET,
    COST_OF_REVENUE,
    CUSTOMER_SUCCESS,
    DEPARTMENT_DRIVERS,
    IN_LOCATION,
    OVERHEAD,
    AllocationRule,
    CostPolicy,
    CostRule,
    Target,
)
from tests.oracles.export import round_half_away, to_decimal
from tests.oracles.largest_remainder import largest_remainder
from tests.oracles.ledger_lines import Ledger, LedgerLine
from tests.oracles.mrr import Company, MartRow
from tests.oracles.overhead import (
    DEPARTMENT,
    UNALLOCATED,
    Allocation,
    Receiver,
    Service,
    ServicePools,
    pool_receiver,
)
from tests.oracles.people import Employee, People
from tests.oracles.policy_tables import plain
from tests.oracles.pricing import MINOR_DIGITS
from tests.oracles.ratios import rate
from tests.oracles.recognition import Books

DEFAULT_POLICIES = {
    "primary_accounting_book": "1",
    "allocation_method": "reciprocal",
    "customer_success_in_cor": "false",
}
NONE = "none"
FACILITIES = Target(OVERHEAD, "facilities")


@dataclass(frozen=True)
class Part:
    """A ledger line, or what of it is spent on one thing; whole minor units, positive is cost.

    ``weight`` of ``total`` is what the line is split by; 1 of 1 where it is not.
    """

    line: LedgerLine
    key: str
    rule: str
    target: Target
    weight: Fraction
    total: Fraction
    amount: int
    department: str | None
    location: str | None

    @property
    def month(self) -> date:
        return self.line.entry.month

    @property
    def is_of_people(self) -> bool:
        return self.line.account.role == "people"


@dataclass(frozen=True)
class ClassifiedLine:
    line: LedgerLine
    rule: CostRule
    employee: Employee | None
    department: str | None
    location: str | None


@dataclass(frozen=True)
class AccountPool:
    """What is shared out to accounts at once; ``followed`` is the bucket itself, or what overhead follows."""

    pool: str
    bucket: str
    followed: str
    amount: int
    rule: AllocationRule

    @property
    def margin_line(self) -> str:
        return "services" if self.followed == "services" else "subscription"

    @property
    def kind(self) -> str:
        """The bucket, with what follows customer success told apart."""
        is_success = self.bucket == OVERHEAD and self.followed == CUSTOMER_SUCCESS
        return f"{CUSTOMER_SUCCESS}_{OVERHEAD}" if is_success else self.bucket


@dataclass(frozen=True)
class AccountCost:
    """A pool's cost of one account, or of none: then there is no driver."""

    month: date
    pool: AccountPool
    account: str
    driver: str | None
    rank: int | None
    quantity: Fraction | None
    total: Fraction | None
    amount: int


class Costs:
    """Everything that a landing folder says was spent, at its data clock."""

    def __init__(self, landing: Path, policies: Mapping[str, str], company: Company, books: Books) -> None:
        policy = DEFAULT_POLICIES | dict(policies)
        self.calendar = books.calendar
        self.company = company
        self.books = books
        self.currency = books.reporting_currency
        self.digits = MINOR_DIGITS[self.currency]
        self.method = policy["allocation_method"]
        self.is_success_direct = policy["customer_success_in_cor"].lower() == "true"
        self.policy = CostPolicy(landing)
        self.ledger = Ledger(
            landing,
            last_month=self.calendar.last_day.replace(day=1),
            minor_digits=self.digits,
            primary_book=policy["primary_accounting_book"],
        )
        self.people = People(landing, self.ledger, self.policy, self.calendar.last_day)
        self.register = Register(landing, self.policy, self.currency, self.digits)
        self.bill = CloudBill(landing, self.policy, self.calendar)
        self.drivers = AccountDrivers(landing, self.policy, company, books)

    @property
    def direct_buckets(self) -> tuple[str, ...]:
        """What is cost of revenue, but for the overhead that follows it."""
        return (*COST_OF_REVENUE, CUSTOMER_SUCCESS) if self.is_success_direct else COST_OF_REVENUE

    def in_major(self, amount: int) -> Decimal:
        return Decimal(amount).scaleb(-self.digits)

    def is_cost_of_revenue(self, cost: AccountCost) -> bool:
        return cost.pool.followed in self.direct_buckets

    # From lines to parts.

    def classified(self, line: LedgerLine) -> ClassifiedLine:
        employee = self.people.employee_of(line.entity) if line.account.role == "people" else None
        department, location = line.department, line.location
        if employee is not None and department is None:
            department, own_location = employee.last_place_in(line.entry.month)
            location = location or own_location
        ledger = self.ledger
        may_be_a_person = line.account.role == "people" and line.entity not in ledger.vendor_ids
        features = {
            "account_number": {plain(line.account.number)},
            "account_type": {line.account.exported_type},
            "account_name": {plain(line.account.name), plain(line.account.full_name)},
            "account_role": {line.account.role},
            "department": ledger.departments.matchable(department),
            "vendor": (
                set() if employee is not None or may_be_a_person else ledger.vendors.matchable(line.entity)
            ),
            "class": ledger.classes.matchable(line.class_id),
        }
        return ClassifiedLine(
            line, self.policy.classify(features, line.label), employee, department, location
        )

    @cached_property
    def lines(self) -> list[ClassifiedLine]:
        return [self.classified(line) for line in self.ledger.expense_lines]

    @cached_property
    def amortization_posted(self) -> dict[tuple[date, Target], int]:
        """What accounts that say which assets they are about have taken of them."""
        posted: dict[tuple[date, Target], int] = defaultdict(int)
        for classified in self.lines:
            line = classified.line
            if line.account.role == "amortization" and classified.rule.target.bucket != BY_ASSET:
                posted[line.entry.month, classified.rule.target] += line.amount
        return posted

    def is_surveyed(self, classified: ClassifiedLine) -> bool:
        employee = classified.employee
        return employee is not None and bool(self.people.survey(employee, classified.line.entry.month))

    def rule_of(self, classified: ClassifiedLine, key: str) -> str:
        return f"function {key}" if self.is_surveyed(classified) else classified.rule.name

    def shares_of(self, classified: ClassifiedLine) -> dict[tuple[str, Target], Fraction]:
        """Of one line, by the key of each part and what it is spent on."""
        line, target, month = classified.line, classified.rule.target, classified.line.entry.month
        if self.is_surveyed(classified) and classified.employee is not None:
            survey = self.people.survey(classified.employee, month)
            return {(name, self.policy.function(name)): share for name, share in survey.items()}
        if line.account.role == "hosting" and target.bucket == "hosting":
            development = Target("research_and_development", "research_and_development")
            targets = {"production": target, "development": development}
            weights = self.bill.environments(line.entry.document_id, month)
            return {(name, targets[name]): weight for name, weight in weights.items()}
        if target.bucket == BY_ASSET:
            left = {
                (part_of(one), one): Fraction(taken - self.amortization_posted.get((month, one), 0))
                for one, taken in self.register.taken_in(month).items()
            }
            return {key: weight for key, weight in left.items() if weight > 0} or {
                (OVERHEAD, FACILITIES): Fraction(1)
            }
        return {("", target): Fraction(1)}

    def parts_of_line(self, classified: ClassifiedLine) -> Iterator[Part]:
        shares = self.shares_of(classified)
        for (key, target), amount in largest_remainder(classified.line.amount, shares).items():
            yield Part(
                line=classified.line,
                key=key,
                rule=self.rule_of(classified, key),
                target=target,
                weight=shares[key, target],
                total=sum(shares.values(), Fraction(0)),
                amount=amount,
                department=self.ledger.departments.shown(classified.department),
                location=self.ledger.locations.shown(classified.location),
            )

    @cached_property
    def parts(self) -> list[Part]:
        return [part for classified in self.lines for part in self.parts_of_line(classified)]

    @cached_property
    def parts_of(self) -> dict[date, list[Part]]:
        by_month: dict[date, list[Part]] = defaultdict(list)
        for part in self.parts:
            by_month[part.month].append(part)
        return dict(sorted(by_month.items()))

    # From service pools to departments.

    def node_of(self, part: Part) -> str:
        pool = part.target.pool
        is_in_location = self.rule_of_service(pool).is_in_location
        return f"{pool}: {part.location or NONE}" if is_in_location else pool

    def service_pools(self, month: date) -> ServicePools:
        parts = self.parts_of.get(month, [])
        fte_days = self.people.fte_days(month)
        own: dict[str, int] = defaultdict(int)
        pools: dict[str, str] = {}
        locations: dict[str, str] = {}
        for part in parts:
            if part.target.bucket == OVERHEAD:
                node = self.node_of(part)
                own[node] += part.amount
                pools[node] = part.target.pool
                locations[node] = part.location or NONE
        for _, _, target in fte_days:
            if target.bucket == OVERHEAD and not self.rule_of_service(target.pool).is_in_location:
                own[target.pool] += 0
                pools[target.pool] = target.pool

        def receiver(department: str | None, target: Target) -> Receiver | None:
            if target.bucket != OVERHEAD:
                return DEPARTMENT, department or NONE, target.bucket
            is_in_location = self.rule_of_service(target.pool).is_in_location
            return None if is_in_location else pool_receiver(target.pool)

        def quantities(driver: str, location: str) -> dict[Receiver, Fraction]:
            found: dict[Receiver, Fraction] = defaultdict(Fraction)
            if driver == "people_cost":
                for part in parts:
                    served = receiver(part.department, part.target)
                    if part.is_of_people and served is not None:
                        found[served] += part.amount
            else:
                for (department, place, target), days in fte_days.items():
                    served = receiver(department, target)
                    if served is not None and (driver != IN_LOCATION or (place or NONE) == location):
                        found[served] += days
            return {served: quantity for served, quantity in found.items() if quantity > 0}

        services = {
            node: [
                Service(rank, driver, quantities(driver, locations.get(node, NONE)))
                for rank, driver in enumerate(self.rule_of_service(pools[node]).drivers, start=1)
            ]
            for node in own
        }
        return ServicePools(self.method, dict(own), services)

    def rule_of_service(self, pool: str) -> AllocationRule:
        return self.policy.drivers_of(pool, known=DEPARTMENT_DRIVERS)

    @cached_property
    def overhead(self) -> dict[date, list[Allocation]]:
        """Of the pools that cost anything."""
        return {
            month: [one for one in pools.allocations() if pools.own[one.pool]]
            for month in self.parts_of
            for pools in [self.service_pools(month)]
        }

    def posted(self, month: date) -> dict[str, int]:
        """By bucket, what was posted to it; overhead stays out."""
        sums: dict[str, int] = defaultdict(int)
        for part in self.parts_of.get(month, []):
            if part.target.bucket != OVERHEAD:
                sums[part.target.bucket] += part.amount
        return sums

    def received(self, month: date) -> dict[str, int]:
        """By bucket, the overhead that reached its people; what reached nobody is of the bucket overhead."""
        sums: dict[str, int] = defaultdict(int)
        for allocation in self.overhead.get(month, []):
            kind, _, bucket = allocation.receiver
            sums[OVERHEAD if kind == UNALLOCATED else bucket] += allocation.amount
        return sums

    # From pools to accounts.

    def account_pools(self, month: date) -> list[AccountPool]:
        """Of all that is cost of revenue under one policy or the other."""
        direct = (*COST_OF_REVENUE, CUSTOMER_SUCCESS)
        posted: dict[Target, int] = defaultdict(int)
        for part in self.parts_of.get(month, []):
            if part.target.bucket in direct:
                posted[part.target] += part.amount
        pools = [
            AccountPool(target.pool, target.bucket, target.bucket, amount, self.rule_of_accounts(target.pool))
            for target, amount in posted.items()
        ]
        received = self.received(month)
        pools += [
            AccountPool(
                f"{OVERHEAD}: {bucket}", OVERHEAD, bucket, received[bucket], self.rule_of_accounts(bucket)
            )
            for bucket in direct
            if bucket in received
        ]
        return sorted(pools, key=lambda pool: (pool.pool, pool.bucket))

    def rule_of_accounts(self, pool: str) -> AllocationRule:
        return self.policy.drivers_of(pool, known=ACCOUNT_DRIVERS)

    def shared_out(self, month: date, pool: AccountPool) -> list[AccountCost]:
        for rank, driver in enumerate(pool.rule.drivers, start=1):
            quantities = self.drivers.of_month(driver, month)
            if quantities:
                total = sum(quantities.values(), Fraction(0))
                return [
                    AccountCost(month, pool, account, driver, rank, quantities[account], total, amount)
                    for account, amount in largest_remainder(pool.amount, quantities).items()
                ]
        return [AccountCost(month, pool, UNALLOCATED, None, None, None, None, pool.amount)]

    @cached_property
    def account_costs(self) -> list[AccountCost]:
        """Of the pools that cost anything."""
        return [
            cost
            for month in self.parts_of
            for pool in self.account_pools(month)
            if pool.amount
            for cost in self.shared_out(month, pool)
        ]

    # What is published.

    def cost_of_revenue_rows(self) -> list[MartRow]:
        """marts.fct_cost_of_revenue_by_account_month: wherever it is not 0."""
        sums: dict[tuple[str, str, date], int] = defaultdict(int)
        for cost in self.account_costs:
            if self.is_cost_of_revenue(cost):
                sums[cost.account, cost.pool.bucket, cost.month] += cost.amount
        return [
            {"account_id": account, "bucket": bucket, "month": month, "amount": self.in_major(amount)}
            for (account, bucket, month), amount in sorted(sums.items())
            if amount
        ]

    def allocation_rows(self) -> list[MartRow]:
        """marts.fct_cost_allocations: to departments, to buckets and to accounts."""
        return [
            *self.to_departments(),
            *self.overhead_to_buckets(),
            *self.posted_to_buckets(),
            *self.to_accounts(),
        ]

    def to_departments(self) -> Iterator[MartRow]:
        for month, allocations in self.overhead.items():
            together: dict[tuple[str, str, str, str], list[Allocation]] = defaultdict(list)
            for one in allocations:
                together[one.pool, one.from_pool, *one.receiver[:2]].append(one)
            for (pool, from_pool, kind, target), parts in together.items():
                service = parts[0].service
                yield {
                    "month": month,
                    "method": self.method,
                    "pool": pool,
                    "from_department": from_pool,
                    "target_type": kind,
                    "target_id": target,
                    "bucket": OVERHEAD,
                    "driver": None if service is None else service.driver,
                    "is_fallback": service is not None and service.rank > 1,
                    "driver_quantity": None
                    if service is None
                    else to_places(sum((part.quantity or Fraction(0) for part in parts), Fraction(0))),
                    "driver_total": None if service is None else to_places(service.total),
                    "share": to_places(sum((part.share for part in parts), Fraction(0))),
                    "allocated_amount": self.in_major(sum(part.amount for part in parts)),
                }

    def overhead_to_buckets(self) -> Iterator[MartRow]:
        """What reached a department, by what its people work on."""
        for month, allocations in self.overhead.items():
            own = self.service_pools(month).own
            together: dict[tuple[str, str, str], list[Allocation]] = defaultdict(list)
            for one in allocations:
                kind, department, bucket = one.receiver
                if kind == DEPARTMENT:
                    together[one.pool, department, bucket].append(one)
            for (pool, department, bucket), parts in together.items():
                amount = sum(part.amount for part in parts)
                yield self.to_bucket(month, self.method, pool, department, bucket) | {
                    "driver": "people",
                    "driver_quantity": to_places(Fraction(amount)),
                    "driver_total": to_places(Fraction(own[pool])),
                    "share": to_places(sum((part.share for part in parts), Fraction(0))),
                    "allocated_amount": self.in_major(amount),
                }

    def posted_to_buckets(self) -> Iterator[MartRow]:
        for month, parts in self.parts_of.items():
            totals: dict[str, int] = defaultdict(int)
            sums: dict[tuple[str, str, str], int] = defaultdict(int)
            for part in parts:
                bucket, pool = part.target.bucket, part.target.pool
                if bucket != OVERHEAD:
                    totals[pool] += part.amount
                    sums[pool, part.department or NONE, bucket] += part.amount
            for (pool, department, bucket), amount in sums.items():
                if not amount:
                    continue
                total = totals[pool]
                yield self.to_bucket(month, "classified", pool, department, bucket) | {
                    "driver": "posted",
                    "driver_quantity": to_places(Fraction(amount)),
                    "driver_total": to_places(Fraction(total)),
                    "share": to_places(Fraction(amount, total)) if total else None,
                    "allocated_amount": self.in_major(amount),
                }

    @staticmethod
    def to_bucket(month: date, method: str, pool: str, department: str, bucket: str) -> MartRow:
        return {
            "month": month,
            "method": method,
            "pool": pool,
            "from_department": department,
            "target_type": "bucket",
            "target_id": bucket,
            "bucket": bucket,
            "is_fallback": False,
        }

    def to_accounts(self) -> Iterator[MartRow]:
        for cost in self.account_costs:
            is_shared = cost.quantity is not None and cost.total is not None
            yield {
                "month": cost.month,
                "method": "proportional",
                "pool": cost.pool.pool,
                "from_department": "all",
                "target_type": "account" if is_shared else UNALLOCATED,
                "target_id": cost.account,
                "bucket": cost.pool.bucket,
                "driver": cost.driver,
                "is_fallback": cost.rank is not None and cost.rank > 1,
                "driver_quantity": None if cost.quantity is None else to_places(cost.quantity),
                "driver_total": None if cost.total is None else to_places(cost.total),
                "share": to_places(
                    cost.quantity / cost.total
                    if cost.quantity is not None and cost.total is not None
                    else Fraction(1)
                ),
                "allocated_amount": self.in_major(cost.amount),
            }

    def line_rows(self) -> list[MartRow]:
        """marts.fct_cost_lines."""
        return [
            {
                "transaction_id": part.line.entry.id,
                "transaction_line_id": part.line.id,
                "part": part.key,
                "month": part.month,
                "account_id": part.line.account.id,
                "account_role": part.line.account.role,
                "department": part.department,
                "location": part.location,
                "document_id": part.line.entry.document_id,
                "bucket": part.target.bucket,
                "pool": part.target.pool,
                "is_direct": part.target.bucket in self.direct_buckets,
                "rule": part.rule,
                "share_quantity": to_places(part.weight),
                "share_total": to_places(part.total),
                "line_amount": self.in_major(part.line.amount),
                "amount": self.in_major(part.amount),
            }
            for part in self.parts
        ]

    def pool_rows(self) -> list[MartRow]:
        """marts.fct_cost_pools_by_month: what was posted, before overhead is passed on."""
        together: dict[tuple[str, str, str, date], list[Part]] = defaultdict(list)
        for part in self.parts:
            place = part.department or NONE, part.location or NONE
            together[part.target.bucket, *place, part.month].append(part)
        return [
            {
                "bucket": bucket,
                "is_direct": bucket in self.direct_buckets,
                "department": department,
                "location": location,
                "month": month,
                "amount": self.in_major(sum(part.amount for part in parts)),
                "line_count": len(parts),
                "pools": ", ".join(sorted({part.target.pool for part in parts})),
                "rules": ", ".join(sorted({part.rule for part in parts})),
            }
            for (bucket, department, location, month), parts in together.items()
        ]

    def hosting_rows(self) -> list[MartRow]:
        """marts.fct_hosting_by_month: what the cloud bill says, by provider and environment."""
        together: dict[tuple[date, str], dict[str, list[Charge]]] = defaultdict(lambda: defaultdict(list))
        for charge in self.bill.charges:
            together[charge.month, charge.provider][charge.environment].append(charge)
        rows: list[MartRow] = []
        for (month, provider), by_environment in together.items():
            effective = {
                environment: to_places(sum((charge.effective for charge in charges), Fraction(0)), 6)
                for environment, charges in by_environment.items()
            }
            total = sum(effective.values(), Decimal(0))
            rows += [
                {
                    "month": month,
                    "provider": provider,
                    "environment": environment,
                    "effective_cost_amount": effective[environment],
                    "billed_cost_amount": to_places(
                        sum((charge.billed for charge in charges), Fraction(0)), 6
                    ),
                    "coverage_rate": rate(total - effective.get(UNTAGGED, Decimal(0)), total),
                }
                for environment, charges in by_environment.items()
            ]
        return rows

    def amortization_rows(self) -> list[MartRow]:
        """marts.fct_amortization_by_asset_month: while an asset is in the books."""
        rows: list[MartRow] = []
        for asset in self.register.assets:
            for month in asset.months_until(self.calendar.last_day.replace(day=1)):
                end = next_month(month)
                is_disposed = asset.is_disposed_before(end)
                accumulated = 0 if is_disposed else asset.taken_before(end)
                rows.append(
                    {
                        "asset_id": asset.id,
                        "month": month,
                        "parent_asset_id": asset.parent_id,
                        "asset_name": asset.name,
                        "kind": asset.kind,
                        "bucket": asset.target.bucket,
                        "pool": asset.target.pool,
                        "capitalized_on": asset.capitalized_on,
                        "in_service_on": asset.in_service_on,
                        "useful_life_months": asset.life_months,
                        "disposed_on": asset.disposed_on,
                        "is_disposed": is_disposed,
                        "amortization_amount": self.in_major(asset.taken_in(month)),
                        "cost_amount": self.in_major(asset.cost_before(end)),
                        "accumulated_amount": self.in_major(accumulated),
                        "net_book_amount": self.in_major(asset.cost_before(end) - accumulated),
                    }
                )
        return rows


def part_of(target: Target) -> str:
    """How a part of what assets cost is named: by its bucket, and by a pool of another name."""
    return target.bucket if target.pool == target.bucket else f"{target.bucket}: {target.pool}"


def to_places(value: Fraction, digits: int = 12) -> Decimal:
    return to_decimal(round_half_away(value, digits), digits)

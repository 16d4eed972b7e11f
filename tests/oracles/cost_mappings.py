"""By which rules costs are classified and shared: cost rules, mappings and allocation rules of the policy.

Reading them and which of them decides belongs here. Which lines and people they are asked about, and what is
done with the answer, stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from tests.oracles.export import OracleError, Row
from tests.oracles.policy_tables import plain, read_policy_table

COST_OF_REVENUE = (
    "hosting",
    "support",
    "services",
    "cloud_operations",
    "capitalized_software",
    "third_party_fees",
)
CUSTOMER_SUCCESS = "customer_success"
OVERHEAD = "overhead"
OPERATING_EXPENSE = (
    CUSTOMER_SUCCESS,
    "research_and_development",
    "sales",
    "marketing",
    "general_and_administrative",
)
NON_OPERATING = "non_operating"
BY_ASSET = "by_asset"
BUCKETS = {*COST_OF_REVENUE, OVERHEAD, *OPERATING_EXPENSE, NON_OPERATING}
FEATURES = (
    "account_number",
    "account_type",
    "account_name",
    "account_role",
    "department",
    "vendor",
    "class",
)

IN_LOCATION = "headcount_in_location"
DEPARTMENT_DRIVERS = {"headcount", IN_LOCATION, "people_cost"}
ACCOUNT_DRIVERS = {
    "compute_units",
    "handled_minutes",
    "hours",
    "processor_fees",
    "seats",
    "mrr",
    "services_revenue",
    "subscription_revenue",
}


@dataclass(frozen=True, order=True)
class Target:
    """What something is spent on, and the pool by which it is shared out."""

    bucket: str
    pool: str


@dataclass(frozen=True)
class CostRule:
    name: str
    priority: int
    wanted: Mapping[str, str]
    target: Target

    def matches(self, features: Mapping[str, set[str]]) -> bool:
        """Whether every feature that it names is among those of a line."""
        return all(value in features[feature] for feature, value in self.wanted.items())


def read_target(row: Row, column: str) -> Target:
    bucket = plain(row[column])
    if bucket not in BUCKETS | {BY_ASSET}:
        raise OracleError(f"{bucket} is no bucket")
    return Target(bucket, plain(row.get("pool")) or bucket)


def read_cost_rule(row: Row) -> CostRule:
    wanted = {feature: plain(row.get(feature)) for feature in FEATURES if plain(row.get(feature))}
    return CostRule(row["rule"], int(row["priority"]), wanted, read_target(row, "bucket"))


@dataclass(frozen=True)
class AllocationRule:
    """By which drivers a pool is shared out: the first, then those tried in its place."""

    pool: str
    drivers: tuple[str, ...]

    @property
    def is_in_location(self) -> bool:
        return self.drivers[0] == IN_LOCATION


class CostPolicy:
    """The rules in force for a landing folder."""

    def __init__(self, landing: Path) -> None:
        self.cost_rules = sorted(
            map(read_cost_rule, read_policy_table(landing, "cost_rules", ["rule"])),
            key=lambda rule: (rule.priority, rule.name),
        )
        self.mappings = {
            (plain(row["mapping"]), plain(row["value"])): row
            for row in read_policy_table(landing, "cost_mappings", ["mapping", "value"])
        }
        self.allocation_rules = {
            plain(row["pool"]): AllocationRule(
                plain(row["pool"]),
                (plain(row["driver"]), *(row.get("fallback_drivers") or "").lower().split()),
            )
            for row in read_policy_table(landing, "allocation_rules", ["pool"])
        }
        self.benchmarks = {
            row["benchmark"]: row for row in read_policy_table(landing, "benchmarks", ["benchmark"])
        }

    def classify(self, features: Mapping[str, set[str]], what: str) -> CostRule:
        """The rule of the lowest priority that matches a line."""
        return self.deciding(features, self.cost_rules, what) or stop(f"no cost rule matches {what}")

    def of_department(self, names: set[str]) -> CostRule | None:
        """The rule for whatever a department does: of those that name nothing but the department."""
        rules = [rule for rule in self.cost_rules if [*rule.wanted] == ["department"]]
        return self.deciding({"department": names}, rules, f"department {sorted(names)}")

    @staticmethod
    def deciding(features: Mapping[str, set[str]], rules: Iterable[CostRule], what: str) -> CostRule | None:
        matching = [rule for rule in rules if rule.matches(features)]
        rivals = [rule for rule in matching if rule.priority == matching[0].priority]
        if len({rule.target for rule in rivals}) > 1:
            stop(f"{[rule.name for rule in rivals]} contradict each other about {what}")
        return matching[0] if matching else None

    def mapped(self, mapping: str, value: str) -> Target | None:
        row = self.mappings.get((mapping, plain(value)))
        return None if row is None else read_target(row, "target")

    def function(self, name: str) -> Target:
        return self.mapped("function", name) or stop(f"function {name} is unknown")

    def asset(self, identity: str, kind: str) -> Target:
        found = self.mapped("asset", identity) or self.mapped("asset_kind", kind)
        return found or stop(f"asset {identity} is of the unknown kind {kind}")

    def environment(self, name: str) -> str | None:
        row = self.mappings.get(("environment", plain(name)))
        return None if row is None else plain(row["target"])

    def margin_line(self, stream: str) -> str:
        row = self.mappings.get(("revenue_stream", plain(stream)))
        return "subscription" if row is None else plain(row["target"])

    def drivers_of(self, pool: str, *, known: set[str]) -> AllocationRule:
        rule = self.allocation_rules.get(pool) or stop(f"no allocation rule for pool {pool}")
        for driver in rule.drivers:
            if driver not in known and driver != "none":
                stop(f"pool {pool} cannot be shared out by {driver}")
        return rule


def stop(message: str) -> Never:
    raise OracleError(message)

"""What people have decided about pairs of records: policy table ``identity_decisions``.

A decision wins over every rule. One that names a record that nobody knows, or that contradicts others, is
kept out and listed, so that the run can say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestration.identity.linking import BY_POLICY, NOT_SAME, SAME, Pair, ordered

OBJECT_TYPES = ("company", "contact", "customer")
RULE = "decision"


@dataclass
class Decisions:
    """The decisions about one kind of pair.

    Attributes:
        same, not_same: pairs of ids.
        problems: rows of ``identity.problems``.
    """

    same: set[tuple[str, str]] = field(default_factory=set)
    not_same: set[tuple[str, str]] = field(default_factory=set)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def apart(self) -> dict[str, set[str]]:
        """Per id those that it is decided not to be the same as."""
        apart: dict[str, set[str]] = {}
        for left, right in self.not_same:
            apart.setdefault(left, set()).add(right)
            apart.setdefault(right, set()).add(left)
        return apart

    def pairs(self) -> list[Pair]:
        """The decisions as compared pairs, strongest of all."""
        return [
            Pair(left, right, RULE, Decimal(1), "", status, BY_POLICY, 0)
            for status, decided in ((SAME, self.same), (NOT_SAME, self.not_same))
            for left, right in sorted(decided)
        ]


def read_decisions(
    rows: Iterable[Mapping[str, Any]],
    object_type: str,
    known_left: Collection[str],
    known_right: Collection[str],
    *,
    is_directed: bool = False,
) -> Decisions:
    """The decisions about one kind of pair.

    Args:
        rows: of policy table ``identity_decisions``.
        object_type: company, contact or customer (of the billing system, left, and a company or another of
        them, right).
        known_left, known_right: the ids that there are.
        is_directed: whether left and right are of two kinds.
    """
    decisions = Decisions()
    decided: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda one: (one["object_type"], one["left_id"], one["right_id"])):
        if _word(row["object_type"]) != object_type:
            continue
        left, right = row["left_id"].strip(), row["right_id"].strip()
        verdict = _word(row["decision"])
        if verdict not in (SAME, NOT_SAME):
            continue
        unknown = [one for one, known in ((left, known_left), (right, known_right)) if one not in known]
        if unknown:
            decisions.problems.append(_problem(row, f"no {object_type} {' and no '.join(unknown)} is known."))
            continue
        if left == right:
            decisions.problems.append(_problem(row, "both ids are the same."))
            continue
        pair = (left, right) if is_directed else ordered(left, right)
        if decided.setdefault(pair, verdict) != verdict:
            decisions.problems.append(_problem(row, "another row decides otherwise about the same pair."))
            continue
        (decisions.same if verdict == SAME else decisions.not_same).add(pair)
    return decisions


def contradicted(object_type: str, pair: Pair) -> dict[str, Any]:
    """The problem of a decision that two are the same where others keep them apart."""
    return {
        "object_type": object_type,
        "left_id": pair.left_id,
        "right_id": pair.right_id,
        "reason": "other decisions keep the two apart.",
    }


def _word(text: str | None) -> str:
    return (text or "").strip().lower()


def _problem(row: Mapping[str, Any], reason: str) -> dict[str, Any]:
    return {
        "object_type": row["object_type"],
        "left_id": row["left_id"],
        "right_id": row["right_id"],
        "reason": reason,
    }

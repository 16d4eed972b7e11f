"""Candidates and groups: which records are compared at all, and which become one.

Nothing here knows what a company or a person is. Records are compared only where they share a key, so that
the work grows with their number; the result is the same in whichever order they come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

SAME, NOT_SAME, REVIEW = "same", "not_same", "review"
BY_RULE, BY_POLICY = "rule", "policy"
# A key that more records share than this says little; each is then compared with its neighbours by name only.
LARGEST_BLOCK = 40
NEIGHBOURS = 8

Record = TypeVar("Record")


@dataclass(frozen=True)
class Pair:
    """Two records that have been compared.

    Attributes:
        left_id, right_id: in the order of their texts where both are of one kind.
        rule: what decided, or would if it were enough.
        score: 0 to 1.
        evidence: names of the fields that agree and that differ, never their values.
        status: same, not_same or review.
        decided_by: rule or policy.
        strength: lower is stronger; the order in which pairs become groups.
    """

    left_id: str
    right_id: str
    rule: str
    score: Decimal
    evidence: str
    status: str
    decided_by: str
    strength: int

    @property
    def order(self) -> tuple[int, Decimal, str, str]:
        """Strongest first, and total."""
        return (self.strength, -self.score, self.left_id, self.right_id)


def ordered(one: str, other: str) -> tuple[str, str]:
    """Two ids as a pair names them."""
    return (one, other) if one < other else (other, one)


def blocks(
    records: Iterable[Record], key: Callable[[Record], Hashable | None]
) -> Iterator[tuple[Hashable, list[Record]]]:
    """Records by a key that two or more of them share."""
    shared: dict[Hashable, list[Record]] = defaultdict(list)
    for record in records:
        value = key(record)
        if value is not None:
            shared[value].append(record)
    for value, members in shared.items():
        if len(members) > 1:
            yield value, members


def candidates(
    members: Sequence[Record], sort_key: Callable[[Record], tuple[str, ...]]
) -> Iterator[tuple[Record, Record]]:
    """Pairs of a block to compare: all of them, or in a big block each record and its next neighbours."""
    in_order = sorted(members, key=sort_key)
    reach = len(in_order) if len(in_order) <= LARGEST_BLOCK else NEIGHBOURS
    for index, one in enumerate(in_order):
        for other in in_order[index + 1 : index + 1 + reach]:
            yield one, other


class Groups:
    """Records that have become one, joined pair by pair.

    Args:
        ids: all records.
        apart: per id the ids that it must never be in one group with.
        clash: whether two sets of traits cannot be of one group.
        traits: per id what ``clash`` is asked about.
        condense: the traits of a group that ``clash`` needs, so that a big group has no more of them than a
            small one; None for all.
    """

    def __init__(
        self,
        ids: Iterable[str],
        apart: Mapping[str, set[str]],
        traits: Mapping[str, frozenset[Hashable]] | None = None,
        clash: Callable[[set[Hashable], set[Hashable]], bool] | None = None,
        condense: Callable[[set[Hashable]], set[Hashable]] | None = None,
    ) -> None:
        self._group_of = {one: one for one in ids}
        self._members: dict[str, set[str]] = {one: {one} for one in self._group_of}
        self._apart = {one: set(apart.get(one, ())) for one in self._group_of}
        self._traits: dict[str, set[Hashable]] = {
            one: set((traits or {}).get(one, ())) for one in self._group_of
        }
        self._clash = clash
        self._condense = condense
        self._attached: dict[str, Pair] = {}

    def are_one(self, one: str, other: str) -> bool:
        """Whether both are in one group."""
        return self._group_of[one] == self._group_of[other]

    def group(self, one: str) -> str:
        """A name that the records of a group, and no others, share."""
        return self._group_of[one]

    def join(self, pair: Pair, *, despite_traits: bool = False) -> bool:
        """Make one group of two, unless something keeps them apart; whether they are one afterwards."""
        left, right = self._group_of[pair.left_id], self._group_of[pair.right_id]
        if left != right:
            if self.are_apart(pair.left_id, pair.right_id):
                return False
            if (
                not despite_traits
                and self._clash is not None
                and self._clash(self._traits[left], self._traits[right])
            ):
                return False
            if (len(self._members[left]), right) < (len(self._members[right]), left):
                left, right = right, left
            for member in self._members[right]:
                self._group_of[member] = left
            self._members[left] |= self._members.pop(right)
            self._apart[left] |= self._apart.pop(right)
            self._traits[left] |= self._traits.pop(right)
            if self._condense is not None:
                self._traits[left] = self._condense(self._traits[left])
        for one in (pair.left_id, pair.right_id):
            self._attached.setdefault(one, pair)
        return True

    def are_apart(self, one: str, other: str) -> bool:
        """Whether a member of the one's group must not be in the other's."""
        left, right = self._group_of[one], self._group_of[other]
        return not (
            self._apart[left].isdisjoint(self._members[right])
            and self._apart[right].isdisjoint(self._members[left])
        )

    def strongest_pair(self, one: str) -> Pair | None:
        """The first pair that a record was joined by; None where it stands alone."""
        return self._attached.get(one)

    def members(self) -> list[list[str]]:
        """The groups."""
        return [sorted(group) for _, group in sorted(self._members.items())]

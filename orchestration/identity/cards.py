"""What companies and contacts of the CRM have in common: mergers, survivors, and how a record came into its
group.

Add here what holds for every kind of card. What makes two cards one is in ``companies`` and ``contacts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestration.identity.linking import BY_RULE, SAME, Groups, Pair, ordered

MERGED = "merged_id"
ITSELF = "itself"
# Comes after every time that a record can carry.
_LATE = datetime(9999, 12, 31)  # noqa: DTZ001


@dataclass(frozen=True)
class Card:
    """A record of the CRM, or one that only other records name.

    Attributes:
        card_id: its id.
        created_at: UTC; None where the export has none.
        is_deleted: whether it was deleted at the source.
        is_in_export: False for one that only other records name.
        merged_ids: ids that were merged into it.
    """

    card_id: str
    created_at: datetime | None = None
    is_deleted: bool = False
    is_in_export: bool = True
    merged_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """Where a card belongs.

    Attributes:
        survivor_id: the card that stands for its group.
        number: 1 for the survivor, then by age: whose value of a field counts before whose.
        match_method: the rule that joined it to its group; ``itself`` for a survivor.
        match_score: that rule's score.
    """

    survivor_id: str
    number: int
    match_method: str
    match_score: Decimal


def merged_ids(text: str | None) -> tuple[str, ...]:
    """The ids in a list split by semicolons."""
    return tuple(one.strip() for one in (text or "").split(";") if one.strip())


def mergers(cards: Iterable[Card]) -> dict[str, str]:
    """Per merged id the card that it was merged into: of several that say so one that is still there, then
    the lowest id."""
    into: dict[str, str] = {}
    for card in sorted(cards, key=lambda one: (one.is_deleted, one.card_id)):
        for merged in card.merged_ids:
            if merged != card.card_id:
                into.setdefault(merged, card.card_id)
    return into


def merger_pairs(into: Mapping[str, str]) -> list[Pair]:
    """Mergers as compared pairs."""
    return [
        Pair(*ordered(merged, survivor), MERGED, Decimal(1), "", SAME, BY_RULE, 1)
        for merged, survivor in sorted(into.items())
    ]


def members(groups: Groups, cards: Mapping[str, Card], into: Mapping[str, str]) -> dict[str, Member]:
    """Where each card belongs. The oldest survives, but none that was merged into another, and a deleted one
    only where there is no other."""

    def age(card_id: str) -> tuple[bool, bool, bool, datetime, str]:
        card = cards[card_id]
        return (
            card_id in into,
            not card.is_in_export,
            card.is_deleted,
            card.created_at or _LATE,
            card_id,
        )

    found: dict[str, Member] = {}
    for group in groups.members():
        in_order = sorted(group, key=age)
        for number, card_id in enumerate(in_order, start=1):
            pair = groups.strongest_pair(card_id)
            if number == 1 or pair is None:
                found[card_id] = Member(in_order[0], number, ITSELF, Decimal(1))
            else:
                found[card_id] = Member(in_order[0], number, pair.rule, pair.score)
    return found


def evidence(agree: Sequence[str], differ: Sequence[str]) -> str:
    """Names of fields that agree and differ, as reviewers read them."""
    parts = [
        f"{word}: {', '.join(fields)}" for word, fields in (("agree", agree), ("differ", differ)) if fields
    ]
    return "; ".join(parts)


def pair_rows(object_type: str, pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Rows of ``identity.pairs``."""
    return [
        {
            "object_type": object_type,
            "left_id": pair.left_id,
            "right_id": pair.right_id,
            "rule": pair.rule,
            "score": pair.score,
            "evidence": pair.evidence,
            "status": pair.status,
            "decided_by": pair.decided_by,
        }
        for pair in pairs
    ]

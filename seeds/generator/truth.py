"""What is really the same: which cards are of one company or person, and which only look like it.

The CRM writer notes it while it makes cards, so that ``labels`` can say how well somebody else finds out.
Nothing here is exported.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

COMPANY, CONTACT = "company", "contact"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two cards, the smaller id first, whether they are of one company or person, and how it shows."""

    object_type: str
    left_id: str
    right_id: str
    is_same: bool
    why: str


class Truth:
    """Who is behind each card. Entities are named by any text that no other entity has."""

    def __init__(self) -> None:
        self.cards: dict[tuple[str, str], str] = {}
        self.whys: dict[tuple[str, str], str] = {}
        self.merged: dict[tuple[str, str], str] = {}
        self.customers: dict[str, tuple[str, int]] = {}
        self.differing: list[Labelled] = []
        self.created: dict[tuple[str, str], int] = {}

    def card(self, object_type: str, card_id: str, entity: str, created: int, why: str = "") -> None:
        """A card of an entity; ``why``: how it shows that it is the same as the entity's other ones."""
        self.cards[object_type, card_id] = entity
        self.whys[object_type, card_id] = why
        self.created[object_type, card_id] = created

    def merged_away(self, object_type: str, card_id: str, entity: str) -> None:
        """An id that is left of a card that was merged into another."""
        self.merged[object_type, card_id] = entity

    def customer(self, customer_id: str, entity: str, created: int) -> None:
        """A billing customer of an entity."""
        self.customers[customer_id] = (entity, created)

    def differ(self, object_type: str, left: str, right: str, why: str) -> None:
        """Two cards that look alike and are not of one company or person."""
        low, high = sorted((left, right))
        self.differing.append(Labelled(object_type, low, high, False, why))

    def pairs(self) -> list[Labelled]:
        """All pairs of cards of one entity, and those that only look like it, in a fixed order."""
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for (object_type, card_id), entity in self.cards.items():
            groups[object_type, entity].append(card_id)
        same = [
            Labelled(object_type, left, right, True, self._why(object_type, left, right))
            for (object_type, _), ids in groups.items()
            for left in ids
            for right in ids
            if left < right
        ]
        return sorted(
            [*same, *self.differing], key=lambda pair: (pair.object_type, pair.left_id, pair.right_id)
        )

    def _why(self, object_type: str, left: str, right: str) -> str:
        reasons = [self.whys[object_type, card_id] for card_id in (left, right)]
        return " and ".join(sorted({reason for reason in reasons if reason}))

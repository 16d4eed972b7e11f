"""Support tickets: when they were opened, answered and closed, by which team, and how long it took.

Which companies open how many is ``crm``'s; those outside office hours, on holidays and without an answer are
planted there too.
"""

from __future__ import annotations

from seeds.generator.chart import DENVER, LEEDS, LEIPZIG, LOCATIONS
from seeds.generator.facts import Company
from seeds.generator.moments import HOUR, instant, next_sync
from seeds.generator.randomness import Stream, record_number
from seeds.generator.tables import Row

# Teams of support by who is served; the Leipzig team started with its office.
_TEAM_OF_CURRENCY = {"USD": DENVER, "GBP": LEEDS, "EUR": LEIPZIG, "JPY": DENVER, "KWD": LEEDS}
_LEIPZIG_TEAM_FROM = instant(2024, 8, 1)
_PRIORITIES = ((30, "LOW"), (45, "MEDIUM"), (20, "HIGH"), (5, "URGENT"))
_FIRST_REPLY_MINUTES = {"LOW": (40, 900), "MEDIUM": (20, 420), "HIGH": (8, 180), "URGENT": (3, 45)}
_CATEGORIES = (
    (40, ("TECHNICAL", "Cannot sign in after the update")),
    (25, ("TECHNICAL", "Slow since this morning")),
    (15, ("BILLING", "Question about the invoice")),
    (12, ("HOW_TO", "How do we add a site")),
    (8, ("FEATURE_REQUEST", "Export of reports")),
)
_HANDLED_MINUTES = {
    "TECHNICAL": (20, 260),
    "BILLING": (10, 60),
    "HOW_TO": (8, 55),
    "FEATURE_REQUEST": (5, 40),
}
_OPEN_PER_THOUSAND = 8
# Tickets in a hundred weeks by employees of the company: a few, and more with size.
_TICKETS_PER_THOUSAND_WEEKS = ((60, 70), (400, 130), (10**9, 260))


def tickets_per_thousand_weeks(employees: int) -> int:
    """How often a company opens a ticket."""
    return next(rate for most, rate in _TICKETS_PER_THOUSAND_WEEKS if employees <= most)


def ticket_row(
    stream: Stream, company: Company, company_id: str | None, at: int, *, horizon: int
) -> Row | None:
    """A ticket opened at a time, as it stood at the export; None where that was before."""
    if at > horizon:
        return None
    priority = stream.weighted(_PRIORITIES)
    category, subject = stream.weighted(_CATEGORIES)
    replied: int | None = at + stream.between(*_FIRST_REPLY_MINUTES[priority]) * 60
    assert replied is not None
    closed: int | None = replied + stream.between(1, 90) * HOUR
    minutes = stream.between(*_HANDLED_MINUTES[category]) * 10 + stream.pick((0, 0, 5))
    handled: str | None = f"{minutes // 10}.{minutes % 10}"
    if replied > horizon:
        replied = None
    if closed is None or closed > horizon or stream.chance(_OPEN_PER_THOUSAND):
        closed = None
        # Minutes are entered when a ticket is closed.
        handled = None
    changed = max(moment for moment in (at, replied, closed) if moment is not None)
    return (
        ticket_id(company.key, at, company_id), company_id, at, replied, closed, priority, category, subject,
        handled, team_of(company, at), min(next_sync(changed), horizon),
    )  # fmt: skip


def team_of(company: Company, at: int) -> str:
    """The team that works for a company at a time."""
    location = _TEAM_OF_CURRENCY[company.currency]
    if location == LEIPZIG and at < _LEIPZIG_TEAM_FROM:
        location = LEEDS
    return f"Support {dict(LOCATIONS)[location]}"


def ticket_id(*path: object) -> str:
    """The id of a ticket by its company's key, its time and the company's id."""
    return record_number("ticket", *path)

"""How customers are looked after and how they fare: contacts of the vendor, ratings, surveys, first uses.

All of it follows what the company uses: nobody asks a company that is not served. Whoever is about to leave
answers worse than others, so that a score of health has something to find. Columns are ``crm``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seeds.generator.moments import DAY, HOUR, MINUTE, WEEK, as_date, instant
from seeds.generator.randomness import Stream

_MONDAY = 4 * DAY  # 1970-01-05
_LEAVING = 130 * DAY
_TYPES = ((34, "email"), (26, "call"), (22, "note"), (18, "meeting"))
_SURVEY_MONTHS = ((4, "H1"), (10, "H2"))
_SURVEY_DAYS = 21
_ANSWERS_PER_THOUSAND = 380
_AGAIN_PER_THOUSAND = 60
_RATED_FROM_EMPLOYEES = 80
_COMMENTS = {
    "good": ("Quick help whenever we need it", "Does what it should", "Easy to work with"),
    "middling": ("Fine, reports could be better", "Good service, a little expensive"),
    "bad": ("Too many outages this half year", "Nobody called back", "We are looking at others"),
}
_NOTES = {1: "Sponsor has left", 2: "Few users left", 3: "", 4: "", 5: "Wants to be a reference"}


@dataclass(frozen=True, slots=True)
class Service:
    """The weeks, by their Mondays, in which a company was served, up to the export.

    ``ends`` is when it stops for good, None where it is still served.
    """

    key: str
    weeks: frozenset[int]
    horizon: int

    @property
    def first(self) -> int:
        return min(self.weeks)

    @property
    def ends(self) -> int | None:
        last = max(self.weeks) + WEEK
        return last if last + 2 * WEEK < self.horizon else None

    def is_served(self, at: int) -> bool:
        return at - (at - _MONDAY) % WEEK in self.weeks

    def mood(self, at: int) -> int:
        """From -3 to 3; lower when the end is near."""
        leaving = self.ends is not None and self.ends - _LEAVING <= at
        return Stream("mood", self.key).between(-1, 2) - (2 if leaving else 0)


@dataclass(frozen=True, slots=True)
class Touch:
    """A call, e-mail, meeting or note, with the place of the contact concerned, None where there is none."""

    at: int
    kind: str
    contact: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a survey by the contact at a place."""

    at: int
    contact: int
    survey: str
    value: int
    comment: str | None


def touches(key: str, first: int, last: int, contacts: int, days: tuple[int, int]) -> Iterator[Touch]:
    """Touches between two times, so many days apart."""
    stream = Stream("touches", key, first)
    at = first + stream.between(*days) * DAY
    while at < last:
        at = _office_hour(stream, at)
        contact = stream.below(contacts) if contacts and stream.chance(850) else None
        yield Touch(at, stream.weighted(_TYPES), contact)
        at += stream.between(*days) * DAY


def ratings(service: Service, employees: int) -> Iterator[tuple[int, int, str | None]]:
    """(when, 1 to 5, note) each quarter for companies that are large enough to have somebody who rates."""
    if employees < _RATED_FROM_EMPLOYEES:
        return
    stream = Stream("ratings", service.key)
    at = service.first + stream.between(20, 80) * DAY
    while at <= service.horizon:
        at = _office_hour(stream, at)
        rating = min(max(3 + service.mood(at) + stream.between(-1, 1), 1), 5)
        if service.is_served(at) and at <= service.horizon:
            yield at, rating, _NOTES[rating] or None
        at += stream.between(80, 100) * DAY


def answers(service: Service, contacts: Sequence[int]) -> Iterator[Answer]:
    """Answers to the surveys of April and October; ``contacts`` are when each of them was first known."""
    years = range(int(as_date(service.first)[:4]), int(as_date(service.horizon)[:4]) + 1)
    for year in years:
        for month, half in _SURVEY_MONTHS:
            sent = instant(year, month, 8, 7)
            for place, known in enumerate(contacts):
                stream = Stream("survey", service.key, sent, place)
                if known > sent or not service.is_served(sent) or not stream.chance(_ANSWERS_PER_THOUSAND):
                    continue
                at = sent + stream.below(_SURVEY_DAYS * DAY // MINUTE) * MINUTE
                answer = _answer(service, stream, at, place, f"nps-{year}-{half}")
                yield answer
                if stream.chance(_AGAIN_PER_THOUSAND):
                    yield _answer(service, stream, at + 2 * DAY, place, answer.survey)


def _answer(service: Service, stream: Stream, at: int, place: int, survey: str) -> Answer:
    value = min(max(8 + service.mood(at) + stream.between(-3, 2), 0), 10)
    kind = "good" if value >= 9 else "middling" if value >= 7 else "bad"
    return Answer(at, place, survey, value, stream.pick(_COMMENTS[kind]) if stream.chance(250) else None)


def first_uses(service: Service, begun: int) -> Iterator[tuple[str, int]]:
    """What was done first with what was bought, and when; one in eight never gets far."""
    stream = Stream("first uses", service.key)
    at = begun + stream.between(10, 400) * MINUTE
    yield "first_sign_in", at
    if stream.chance(125):
        return
    for event, days in (("first_site_connected", 21), ("first_report_opened", 45)):
        at += stream.between(0, days) * DAY + stream.between(5, 500) * MINUTE
        yield event, at


def _office_hour(stream: Stream, at: int) -> int:
    """The day itself or the Monday after it, between eight and six."""
    day = at - at % DAY
    weekday = (day - _MONDAY) % WEEK // DAY
    if weekday > 4:
        day += (7 - weekday) * DAY
    return day + 8 * HOUR + stream.below(10 * 60) * MINUTE

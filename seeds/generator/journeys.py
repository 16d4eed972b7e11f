"""How somebody becomes a lead and what becomes of the lead: stages, forms, scores and visits to the site.

A journey is made in full and then cut at the export, so that a shorter time shows the same beginnings.
Scores run from 0 to 100: from 40 on marketing takes notice, from 70 on sales does. Stages are usually
entered in order; some are skipped, dated back or gone through twice. Which rows say it is ``crm``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seeds.generator.moments import DAY, HOUR
from seeds.generator.randomness import Stream, in_base62, number_from

LEAD, MQL, SQL = "lead", "marketingqualifiedlead", "salesqualifiedlead"
OPPORTUNITY, CUSTOMER = "opportunity", "customer"
STAGES = (LEAD, MQL, SQL, OPPORTUNITY, CUSTOMER)

MARKETING_SCORE, SALES_SCORE = 40, 70

_SITE = "https://managed.example"
PRICING_PAGE = "/pricing"
_PAGES = (
    "/",
    "/products/security",
    "/products/network",
    "/blog/backup",
    "/about",
    "/customers",
    PRICING_PAGE,
)
FORMS = {
    "gated_download": ("form-101", "/resources/guide"),
    "contact": ("form-102", "/contact"),
    "newsletter": ("form-103", "/newsletter"),
    "demo_request": ("form-201", "/demo"),
    "trial": ("form-202", "/trial"),
    "sign_up": ("form-203", "/sign-up"),
}
# What makes marketing notice a lead; None: nothing but the score.
_TRIGGERS = (
    (32, "gated_download"), (14, "contact"), (18, "newsletter"), (14, "pricing"), (22, None),
)  # fmt: skip
_SALES_TRIGGERS = ((30, "demo_request"), (14, "trial"), (30, None), (26, "sales"))

# HubSpot's sources of first visits, and what the site's own counter calls them.
VISIT_SOURCES = {
    "ORGANIC_SEARCH": "organic",
    "PAID_SEARCH": "paid",
    "PAID_SOCIAL": "paid",
    "REFERRALS": "referral",
    "SOCIAL_MEDIA": "referral",
    "EMAIL_MARKETING": "referral",
    "DIRECT_TRAFFIC": "direct",
    "OFFLINE": "direct",
}
LEAD_SOURCES = (
    (30, "ORGANIC_SEARCH"), (24, "PAID_SEARCH"), (8, "PAID_SOCIAL"), (12, "REFERRALS"),
    (14, "DIRECT_TRAFFIC"), (8, "OFFLINE"), (4, "SOCIAL_MEDIA"),
)  # fmt: skip
PAID_CAMPAIGNS = {
    "PAID_SEARCH": ("brand-search", "managed-security-search", "sd-wan-search"),
    "PAID_SOCIAL": ("it-leaders-social",),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A page seen by a browser; ``is_known``: the browser was known to be the contact's by then."""

    at: int
    browser: str
    source: str
    page: str
    campaign: str | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """``stages`` are (when, stage) as entered, more than once where it went back; ``entered`` are the dates
    that the contact's card shows; ``scores`` are (when, points)."""

    source: str
    entered: tuple[tuple[str, int], ...]
    stages: tuple[tuple[int, str], ...]
    forms: tuple[tuple[int, str], ...]
    scores: tuple[tuple[int, int], ...]
    visits: tuple[Visit, ...]

    @property
    def stage(self) -> str:
        """The last stage entered."""
        return self.stages[-1][1]

    def until(self, horizon: int) -> Journey:
        """What had happened by the export."""
        return replace(
            self,
            entered=tuple((stage, at) for stage, at in self.entered if at <= horizon),
            stages=tuple((at, stage) for at, stage in self.stages if at <= horizon),
            forms=tuple((at, form) for at, form in self.forms if at <= horizon),
            scores=tuple((at, points) for at, points in self.scores if at <= horizon),
            visits=tuple(visit for visit in self.visits if visit.at <= horizon),
        )


def make_journey(
    stream: Stream,
    key: str,
    source: str,
    created: int,
    reached: str,
    *,
    won: int | None = None,
    sign_up: tuple[str, int] | None = None,
) -> Journey:
    """The journey of a lead created at a time that gets as far as ``reached``.

    ``won`` is when it became a customer (then ``reached`` is), ``sign_up`` the form (trial or sign_up) that
    began what the company uses, and when.
    """
    dates = _stage_dates(stream, created, reached, won)
    forms: list[tuple[int, str]] = []
    scores = [(created + stream.between(1, 50) * 60, stream.between(4, 28))]
    pricing: int | None = None
    if MQL in dates:
        trigger = stream.weighted(_TRIGGERS)
        at = max(dates[MQL] - stream.between(1, 90) * 60, created + 60)
        if trigger == "pricing":
            pricing = at
        elif trigger is not None:
            forms.append((at, trigger))
        if trigger is None or stream.chance(500):
            scores.append((dates[MQL], stream.between(MARKETING_SCORE, SALES_SCORE - 4)))
    if SQL in dates:
        trigger = stream.weighted(_SALES_TRIGGERS)
        at = max(dates[SQL] - stream.between(1, 90) * 60, created + 120)
        if trigger in FORMS and not (trigger == "trial" and sign_up):
            forms.append((at, trigger))
        if trigger != "sales":
            scores.append((dates[SQL], stream.between(SALES_SCORE, 96)))
        if stream.chance(300):
            scores.append((dates[SQL] + stream.between(20, 90) * DAY, stream.between(30, 68)))
    if reached == LEAD and stream.chance(250):
        forms.append((created + 60, "sign_up"))
    if stream.chance(180) and MQL in dates:
        forms.append(
            (dates[MQL] + stream.between(2, 60) * DAY, stream.pick(("gated_download", "newsletter")))
        )
    if sign_up is not None:
        forms.append((sign_up[1] - stream.between(2, 40) * 60, sign_up[0]))
    return Journey(
        source,
        tuple(_dates_shown(stream, dates)),
        tuple(_stages_entered(stream, dates, won)),
        tuple(sorted(set(forms))),
        tuple(_ascending(scores)),
        tuple(_visits(stream, key, (created, source), pricing, forms)),
    )


def _stage_dates(stream: Stream, created: int, reached: str, won: int | None) -> dict[str, int]:
    """When each stage was entered, in order."""
    last = STAGES.index(reached)
    if won is None:
        steps = [0, *(stream.between(2 * HOUR, 34 * DAY) for _ in range(last))]
    else:
        # Shares of the time until the purchase, ascending by construction.
        shares = sorted(stream.between(30, 900) for _ in range(last - 1))
        ends = [(won - created) * share // 1_000 for share in shares] + [won - created]
        steps = [0, *(end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True))]
    dates, at = {}, created
    for stage, step in zip(STAGES[: last + 1], steps, strict=True):
        at += step
        dates[stage] = at
    return dates


def _dates_shown(stream: Stream, dates: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The dates on the card: now and then a stage is left out, or dated before the one it follows."""
    manner = stream.below(100)
    middle = [stage for stage in (MQL, SQL) if stage in dates and stage != list(dates)[-1]]
    flawed = stream.pick(middle) if middle else None
    for stage, at in dates.items():
        if stage == flawed and manner < 12:
            continue
        if stage == flawed and 12 <= manner < 20:
            yield stage, dates[LEAD] - stream.between(1, 9) * DAY
        else:
            yield stage, at


def _stages_entered(stream: Stream, dates: dict[str, int], won: int | None) -> Iterator[tuple[int, str]]:
    """The stages in order; one in ten qualified leads goes back to the start and is qualified again."""
    stages = [(at, stage) for stage, at in dates.items()]
    yield from stages
    if won is None and SQL in dates and stream.chance(100):
        back = stages[-1][0] + stream.between(30, 90) * DAY
        yield back, LEAD
        if stream.chance(500):
            yield back + stream.between(5, 50) * DAY, MQL


def _ascending(scores: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """By time, one at a time."""
    last = None
    for at, points in sorted(scores):
        last = at if last is None else max(at, last + 60)
        yield last, points


def _visits(
    stream: Stream, key: str, came: tuple[int, str], pricing: int | None, forms: list[tuple[int, str]]
) -> Iterator[Visit]:
    """``came`` is when and by which source, ``pricing`` when the page of prices was looked at."""
    created, source = came
    browsers = [browser_id(key, number) for number in range(1 + stream.chance(250))]
    kind = VISIT_SOURCES[source]
    campaigns = PAID_CAMPAIGNS.get(source)
    campaign = stream.pick(campaigns) if campaigns else None
    if source != "OFFLINE":
        # Before the first form nobody knows who it is.
        for number in range(stream.between(1, 2)):
            at = created - stream.between(1, 20) * DAY * number - stream.between(5, 300) * 60
            yield Visit(at, browsers[0], kind, stream.pick(_PAGES[:-1]), campaign, is_known=False)
    if pricing is not None:
        yield Visit(pricing, browsers[-1], "direct", PRICING_PAGE, None, is_known=True)
    for at, form in forms:
        yield Visit(at - 120, browsers[-1], kind if stream.chance(500) else "direct", FORMS[form][1], None,
                    is_known=at - 120 > created)  # fmt: skip
    for _ in range(stream.below(3)):
        at = created + stream.between(1, 150) * DAY + stream.between(7, 20) * HOUR
        yield Visit(at, stream.pick(browsers), stream.pick((kind, "direct")), stream.pick(_PAGES), None,
                    is_known=True)  # fmt: skip


def browser_id(*path: object) -> str:
    """The id that the site's counter gives a browser."""
    return in_base62(number_from("browser", *path), 10)


def page(path: str) -> str:
    """An address on the vendor's site."""
    return f"{_SITE}{path}"

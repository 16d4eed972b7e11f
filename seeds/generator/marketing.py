"""What marketing spends and what it brings that nobody knows by name: visitors of the site, searches.

The spend of a month is what the ledger's bills of the month say, divided over campaigns and weeks. Visitors
here never become contacts; those who do are ``journeys``'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from seeds.generator.costs import MarketingBill, marketing_bills
from seeds.generator.journeys import PAID_CAMPAIGNS, PRICING_PAGE, browser_id, page
from seeds.generator.moments import WEEK, add_months, as_date
from seeds.generator.money import EXPONENTS, shared_out
from seeds.generator.randomness import Stream
from seeds.generator.tables import Row

# Campaigns of the advertising agency by channel, with weights.
_ADVERTISING = (
    (50, "paid_search", "managed-security-search"),
    (22, "paid_search", "brand-search"),
    (12, "paid_search", "sd-wan-search"),
    (16, "paid_social", "it-leaders-social"),
)
_OTHERS = {"fair": ("events", "managed-services-fair"), "campaign": ("content", "webinar-series")}

_TERMS = (
    ("example managed services", True, 900, 62),
    ("managed example", True, 260, 21),
    ("corvid managed it", False, 2_900, 18),
    ("halyard networks", False, 2_100, -12),
    ("pallas cloud services", False, 1_500, 55),
)

_SOURCES = ((46, "organic"), (22, "paid"), (22, "direct"), (10, "referral"))
_PAGES = (
    "/",
    "/products/security",
    "/products/network",
    "/blog/backup",
    "/blog/phishing",
    "/careers",
    PRICING_PAGE,
)
_VISITORS = (70, 3)
_STAFF_BROWSERS = 6
_CAMPAIGNS = tuple(campaign for campaigns in PAID_CAMPAIGNS.values() for campaign in campaigns)


def spend_rows(months: list[int]) -> Iterator[Row]:
    """Rows of ``marketing_spend``: each bill over its campaigns and the weeks of its month."""
    for number, month in enumerate(months):
        for bill in marketing_bills(number, month):
            if bill.kind == "advertising":
                yield from _advertising(bill, month)
            else:
                channel, campaign = _OTHERS[bill.kind]
                name = f"{campaign}-{as_date(month)[:7]}"
                yield as_date(bill.day), channel, name, _major(bill.amount, bill.currency), bill.currency


def _advertising(bill: MarketingBill, month: int) -> Iterator[Row]:
    days = list(range(month, add_months(month, 1), WEEK))[:4]
    stream = Stream("marketing spend", month)
    places = [(day, channel, campaign) for _, channel, campaign in _ADVERTISING for day in days]
    weights = [weight * stream.between(70, 130) for weight, _, _ in _ADVERTISING for _ in days]
    for (day, channel, campaign), part in zip(places, shared_out(bill.amount, weights), strict=True):
        yield as_date(day), channel, campaign, _major(part, bill.currency), bill.currency


def _major(amount: int, currency: str) -> str:
    exponent = EXPONENTS[currency]
    whole, rest = divmod(amount, 10**exponent)
    return f"{whole}.{rest:0{exponent}d}"


def search_rows(months: list[int]) -> Iterator[Row]:
    """Rows of ``search_interest``: own terms and those of rivals."""
    for number, month in enumerate(months):
        for term, is_own, volume, growth in _TERMS:
            stream = Stream("search", term, month)
            searched = volume + volume * growth * number // 1_000
            yield as_date(month), term, searched * stream.between(88, 113) // 100, is_own


def visitor_rows(months: list[int]) -> Iterator[Row]:
    """Rows of ``web_visit`` by those who stay unknown, by bots and by people who work for the vendor."""
    for number, month in enumerate([*months, add_months(months[-1], 1)]):
        stream = Stream("visitors", month)
        length = add_months(month, 1) - month
        for visitor in range(_VISITORS[0] + _VISITORS[1] * number):
            # One in seven was here in the month before.
            returns = stream.chance(140)
            browser = browser_id("visitor", add_months(month, -1) if returns else month, visitor)
            for _ in range(1 + stream.chance(350) + stream.chance(120)):
                # Who comes back comes by another way.
                source = stream.weighted(_SOURCES)
                yield _visit(browser, month + stream.below(length), source, stream)
        for bot in range(4 + number // 6):
            browser = browser_id("bot", month, bot)
            for _ in range(stream.between(1, 4)):
                yield _visit(browser, month + stream.below(length), "direct", stream, is_bot=True)
        for _ in range(10):
            browser = browser_id("staff", stream.below(_STAFF_BROWSERS))
            yield _visit(browser, month + stream.below(length), "direct", stream, is_employee=True)


def _visit(
    browser: str, at: int, source: str, stream: Stream, *, is_bot: bool = False, is_employee: bool = False
) -> Row:
    campaign = stream.pick(_CAMPAIGNS) if source == "paid" else None
    return (browser, None, at, source, page(stream.pick(_PAGES)), campaign, is_bot, is_employee)

"""What must hold within a CRM export, and between it, billing and the ledger, as checks over their text.

Each check takes the tables of all sources by their names and returns one line per violation. They know the
shape of the exports and nothing of the generator; what is planted to break a rule is said by the caller, by
the ids that are let off. Add a check for every table that another one can vouch for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.ledger_consistency import posted_lines

_KEYS = {
    "company": ("id",),
    "contact": ("id",),
    "deal": ("deal_id",),
    "deal_company": ("deal_id", "company_id"),
    "deal_stage": ("deal_id", "value", "date_entered"),
    "deal_pipeline_stage": ("stage_id",),
    "owner": ("owner_id",),
    "contact_form_submission": ("contact_id", "form_id", "timestamp"),
    "company_property_history": ("company_id", "name", "timestamp"),
    "contact_property_history": ("contact_id", "name", "timestamp"),
    "deal_property_history": ("deal_id", "name", "timestamp"),
    "engagement": ("id",),
    "csm_rating": ("company_id", "rated_at"),
    "search_interest": ("month", "term"),
    "ticket": ("id",),
    "feedback_submission": ("id",),
    "product_usage": ("company_id", "date"),
    "activation_event": ("company_id", "event", "occurred_at"),
}

_COMPANY_REFERENCES = (
    ("contact", "property_associatedcompanyid"),
    ("deal_company", "company_id"),
    ("company_property_history", "company_id"),
    ("engagement", "company_id"),
    ("csm_rating", "company_id"),
    ("feedback_submission", "company_id"),
    ("activation_event", "company_id"),
    ("company", "property_hs_parent_company_id"),
)
_CONTACT_REFERENCES = (
    ("contact_form_submission", "contact_id"),
    ("contact_property_history", "contact_id"),
    ("engagement", "contact_id"),
    ("feedback_submission", "contact_id"),
    ("web_visit", "contact_id"),
)
_DEAL_REFERENCES = (
    ("deal_company", "deal_id"),
    ("deal_stage", "deal_id"),
    ("deal_property_history", "deal_id"),
)
_MOMENTS = {
    "deal_stage": "date_entered",
    "contact_form_submission": "timestamp",
    "company_property_history": "timestamp",
    "contact_property_history": "timestamp",
    "deal_property_history": "timestamp",
    "engagement": "occurred_at",
    "feedback_submission": "submitted_at",
}
_WITHOUT_STAMP = {
    "csm_rating": "rated_at",
    "activation_event": "occurred_at",
    "web_visit": "visited_at",
    "marketing_spend": "date",
    "search_interest": "month",
}
_ADVERTISING, _PROGRAMMES = "Advertising", "Marketing programmes"


def _with_merged(rows: list[Row]) -> set[str]:
    ids = {row["id"] for row in rows}
    for row in rows:
        ids |= {part for part in row["property_hs_merged_object_ids"].split(";") if part}
    return ids


def references_resolve(tables: Tables) -> Iterator[str]:
    """What names a company, a contact or a deal names one, or one that was merged into it."""
    deals = {row["deal_id"] for row in tables["deal"]}
    for references, known in (
        (_COMPANY_REFERENCES, _with_merged(tables["company"])),
        (_CONTACT_REFERENCES, _with_merged(tables["contact"])),
        (_DEAL_REFERENCES, deals),
    ):
        for table, column in references:
            for row in tables[table]:
                if row[column] and row[column] not in known:
                    yield f"{table}.{column}: {row[column]}"


def keys_are_unique(tables: Tables) -> Iterator[str]:
    for table, columns in _KEYS.items():
        counts = Counter(tuple(row[column] for column in columns) for row in tables[table])
        yield from (f"{table}: key {key} {count} times" for key, count in counts.items() if count > 1)


def nothing_is_later_than_its_stamp(tables: Tables) -> Iterator[str]:
    """Rows are read after what they tell of, and nothing is later than the last sync."""
    last = max(row["_fivetran_synced"] for row in tables["customer"])
    for table, column in _MOMENTS.items():
        for row in tables[table]:
            if not row[column] <= row["_fivetran_synced"] <= last:
                yield f"{table}: {row[column]} read at {row['_fivetran_synced']}"
    for table, column in _WITHOUT_STAMP.items():
        yield from (f"{table}: {row[column]}" for row in tables[table] if row[column] > last)


def cards_show_the_last_of_their_history(tables: Tables) -> Iterator[str]:
    """The value on a card is the newest one of its history, where there is one."""
    for kind in ("company", "contact"):
        cards = {}
        for row in tables[kind]:
            for identity in (row["id"], *row["property_hs_merged_object_ids"].split(";")):
                cards[identity] = row
        newest: dict[tuple[str, str], tuple[str, str]] = {}
        for row in tables[f"{kind}_property_history"]:
            key = (cards[row[f"{kind}_id"]]["id"], row["name"])
            newest[key] = max(newest.get(key, ("", "")), (row["timestamp"], row["value"]))
        for (identity, name), (_, value) in newest.items():
            now = cards[identity][f"property_{name}"]
            if now != value:
                yield f"{kind} {identity}: {name} is {now}, was set to {value}"


def deals_stand_where_they_went_last(tables: Tables) -> Iterator[str]:
    """Stage and amount are the newest of the history; a closed deal closed when it entered the end."""
    closed = {row["stage_id"] for row in tables["deal_pipeline_stage"] if row["is_closed"] == "true"}
    stages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in tables["deal_stage"]:
        stages[row["deal_id"]].append((row["date_entered"], row["value"]))
    amounts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in tables["deal_property_history"]:
        if row["name"] == "amount":
            amounts[row["deal_id"]].append((row["timestamp"], row["value"]))
    for row in tables["deal"]:
        entered, stage = max(stages[row["deal_id"]])
        if row["deal_pipeline_stage_id"] != stage:
            yield f"deal {row['deal_id']} is in {row['deal_pipeline_stage_id']}, went to {stage}"
        if stage in closed and row["property_closedate"] != entered:
            yield f"deal {row['deal_id']} closed at {row['property_closedate']}, entered the end at {entered}"
        if max(amounts[row["deal_id"]])[1] != row["property_amount"]:
            yield f"deal {row['deal_id']} is worth {row['property_amount']}"


def marketing_is_what_the_ledger_pays(tables: Tables) -> Iterator[str]:
    """Per month and currency what marketing spent is what the bills of the month say."""
    spent: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in tables["marketing_spend"]:
        spent[row["date"][:7], row["currency"].lower()] += Decimal(row["amount"])
    billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for posted in posted_lines(tables):
        if posted.account in (_ADVERTISING, _PROGRAMMES) and posted.entry["type"] == "VendBill":
            billed[posted.month, posted.currency] += posted.foreign
    for key in sorted({*spent, *billed}):
        if spent[key] != billed[key]:
            yield f"marketing of {key}: {spent[key]} spent, {billed[key]} billed"


def _first_bills(tables: Tables) -> dict[str, str]:
    """When each customer was first billed an amount."""
    first: dict[str, str] = {}
    for row in tables["invoice"]:
        if row["status"] not in ("draft", "void") and int(row["total"]) > 0:
            first[row["customer_id"]] = min(first.get(row["customer_id"], "9"), row["created"])
    return first


def won_deals(tables: Tables) -> Iterator[tuple[Row, str]]:
    """Deals of new business that were won with a company that names its customer, with that customer."""
    customers = {row["id"]: row["property_stripe_customer_id"] for row in tables["company"]}
    companies = {row["deal_id"]: row["company_id"] for row in tables["deal_company"]}
    for row in tables["deal"]:
        customer = customers.get(companies.get(row["deal_id"], ""), "")
        if row["deal_pipeline_stage_id"] == "closedwon" and customer:
            yield row, customer


def won_deals_are_billed_in_their_month(tables: Tables) -> Iterator[str]:
    """A deal of new business is won in the month of the first bill, at most four days before it."""
    first = _first_bills(tables)
    for deal, customer in won_deals(tables):
        won, billed = deal["property_closedate"], first.get(customer, "never")
        days = (
            (date.fromisoformat(billed[:10]) - date.fromisoformat(won[:10])).days if billed != "never" else -1
        )
        if won[:7] != billed[:7] or not 0 <= days <= 4:
            yield f"deal {deal['deal_id']} was won at {won}, billed at {billed}"


def answers_are_on_the_scale(tables: Tables) -> Iterator[str]:
    """Surveys from 0 to 10 by contacts known by then, ratings from 1 to 5."""
    known = {row["id"]: row["property_createdate"] for row in tables["contact"]}
    for row in tables["feedback_submission"]:
        if not 0 <= int(row["value"]) <= 10 or known.get(row["contact_id"], "9") > row["submitted_at"]:
            yield f"answer {row['id']}"
    for row in tables["csm_rating"]:
        if row["rating"] not in "12345":
            yield f"rating of {row['company_id']} at {row['rated_at']}"


def scores_fit_the_stages(tables: Tables) -> Iterator[str]:
    """Nobody who has stayed a lead ever had the points from which marketing or sales take notice."""
    merged = {}
    for row in tables["contact"]:
        for identity in (row["id"], *row["property_hs_merged_object_ids"].split(";")):
            merged[identity] = row["id"]
    beyond = {
        merged[row["contact_id"]]
        for row in tables["contact_property_history"]
        if row["name"] == "lifecyclestage" and row["value"] != "lead"
    }
    for row in tables["contact_property_history"]:
        if (
            row["name"] == "hubspotscore"
            and int(row["value"]) >= 40
            and merged[row["contact_id"]] not in beyond
        ):
            yield f"contact {row['contact_id']} has {row['value']} points"


CHECKS: tuple[Callable[[Tables], Iterator[str]], ...] = (
    references_resolve,
    keys_are_unique,
    nothing_is_later_than_its_stamp,
    cards_show_the_last_of_their_history,
    deals_stand_where_they_went_last,
    marketing_is_what_the_ledger_pays,
    won_deals_are_billed_in_their_month,
    answers_are_on_the_scale,
    scores_fit_the_stages,
)

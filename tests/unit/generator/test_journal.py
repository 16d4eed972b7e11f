"""Entries, ids and amounts of the ledger, and what the journal refuses."""

from __future__ import annotations

from collections import defaultdict

import pytest

from seeds.generator.chart import ACCOUNTS, BANKS, DEFERRED, RECEIVABLE, REVENUE_OF_STREAM, full_name
from seeds.generator.exchange import converted, converted_back
from seeds.generator.journal import Entry, Journal, JournalLine, as_amount, company_entry_id
from seeds.generator.moments import instant
from seeds.generator.tables import Rows

_DAY = instant(2024, 2, 29)


def _entry(*lines: JournalLine, kind: str = "CustInvc", is_posting: bool = True) -> Entry:
    return Entry(7, kind, _DAY, _DAY, "GBP", 125_000_000, lines, is_posting=is_posting)


def _rows() -> Rows:
    return defaultdict(list)


def test_amounts_have_the_decimals_of_their_currency() -> None:
    assert [as_amount(-1_250, currency) for currency in ("USD", "JPY", "KWD")] == [
        "-12.50",
        "-1250",
        "-1.250",
    ]
    assert [as_amount(amount, "USD") for amount in (0, 5, -5)] == ["0.00", "0.05", "-0.05"]


@pytest.mark.parametrize("lines", [((100, 125), (-100, -124)), ((100, 125), (-99, -125)), ((100, 125),)])
def test_an_entry_that_does_not_balance_in_both_currencies_is_refused(
    lines: tuple[tuple[int, int], ...],
) -> None:
    entry = _entry(*(JournalLine(RECEIVABLE, foreign, base) for foreign, base in lines))
    with pytest.raises(ValueError, match="entry 7 "):
        Journal().entry(entry, _rows())


def test_an_entry_becomes_rows_of_three_tables_and_is_added_up() -> None:
    journal, rows = Journal(), _rows()
    lines = (JournalLine(RECEIVABLE, 100, 125), JournalLine(DEFERRED, -100, -125, "il_1"))
    journal.entry(_entry(*lines), rows)
    assert [row[:6] for row in rows["transaction"]] == [(7, "INV7", "CustInvc", "2024-02-29", 402, "T")]
    assert [(row[0], row[1], row[6], row[7]) for row in rows["transactionline"]] == [
        (0, 7, None, "1.00"),
        (1, 7, "il_1", "-1.00"),
    ]
    assert rows["transactionaccountingline"] == [
        (7, 0, RECEIVABLE.id, "1.25", None, "1.25", "T", 1),
        (7, 0, RECEIVABLE.id, "1.00", None, "1.00", "T", 2),
        (7, 1, DEFERRED.id, None, "1.25", "-1.25", "T", 1),
        (7, 1, DEFERRED.id, None, "1.00", "-1.00", "T", 2),
    ]
    assert dict(journal.sums) == {
        (RECEIVABLE.id, "GBP", 402): [100, 125],
        (DEFERRED.id, "GBP", 402): [-100, -125],
    }


def test_what_does_not_post_is_not_added_up() -> None:
    journal = Journal()
    lines = (JournalLine(RECEIVABLE, 100, 125), JournalLine(DEFERRED, -100, -125))
    journal.entry(_entry(*lines, kind="Estimate", is_posting=False), _rows())
    assert dict(journal.sums) == {}


def test_each_company_has_ids_of_its_own() -> None:
    assert company_entry_id(1, 9_999) < company_entry_id(2, 1)
    for number in (0, 10_000):
        with pytest.raises(ValueError, match="entry number"):
            company_entry_id(1, number)


def test_accounts_have_one_id_number_and_name_each() -> None:
    for values in (
        [account.id for account in ACCOUNTS],
        [account.number for account in ACCOUNTS],
        [account.name for account in ACCOUNTS],
    ):
        assert len(values) == len(set(values))
    assert full_name(REVENUE_OF_STREAM["usage"]) == "Revenue : Usage revenue"
    assert full_name(BANKS["EUR"]) == "Operating accounts : Operating account EUR"


def test_dollars_convert_back_to_the_currency_s_own_unit() -> None:
    assert converted(1_425_000, "KWD", 328_470_000) == 468_070  # 1,425.000 dinar
    assert converted_back(468_070, "KWD", 328_470_000) == 1_425_001
    assert converted_back(1_500, "JPY", 667_000) == 2_249  # 15 dollars at 0.00667

"""Reducing an account: what is dropped, what is kept, and that it ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.oracles.random_companies import Account, random_accounts
from tests.oracles.shrinking import describe, in_halves, row_places, shrink, without

ACCOUNT: Account = {
    "billing/customer": [{"id": "cus"}],
    "billing/invoice": [{"id": "in1"}, {"id": "in2"}, {"id": "in3"}],
    "billing/invoice_line_item": [
        {"id": "il1", "invoice_id": "in1", "quantity": 1},
        {"id": "il2", "invoice_id": "in2", "quantity": None},
        {"id": "il3", "invoice_id": "in3", "quantity": 3},
    ],
}


def line_ids(account: Account) -> set[str]:
    return {line["id"] for line in account.get("billing/invoice_line_item", [])}


def test_lines_go_with_their_invoice() -> None:
    assert line_ids(without(ACCOUNT, [("billing/invoice", 1)])) == {"il1", "il3"}


def test_what_takes_money_back_goes_with_what_it_is_of() -> None:
    account: Account = {
        "billing/invoice": [{"id": "in1"}, {"id": "in2"}],
        "billing/charge": [{"id": "ch1", "invoice_id": "in1"}, {"id": "ch2", "invoice_id": "in2"}],
        "billing/refund": [{"id": "re1", "charge_id": "ch1"}, {"id": "re2", "charge_id": "ch2"}],
        "billing/credit_note": [{"id": "cn1", "invoice_id": "in1"}],
        "billing/credit_note_line_item": [{"id": "cnli1", "credit_note_id": "cn1"}],
    }
    assert without(account, [("billing/invoice", 0)]) == {
        "billing/invoice": [{"id": "in2"}],
        "billing/charge": [{"id": "ch2", "invoice_id": "in2"}],
        "billing/refund": [{"id": "re2", "charge_id": "ch2"}],
    }


def test_a_sum_over_rows_that_are_gone_is_not_said() -> None:
    account: Account = {
        "billing/invoice": [{"id": "in1", "subtotal": 3, "total": 3}, {"id": "in2", "subtotal": 4}],
        "billing/invoice_line_item": [
            {"id": "il1", "invoice_id": "in1", "amount": 1},
            {"id": "il2", "invoice_id": "in1", "amount": 2},
            {"id": "il3", "invoice_id": "in2", "amount": 4},
        ],
        "billing/balance_transaction": [
            {"id": "txn1", "payout_id": "po1"},
            {"id": "txn2", "payout_id": "po1"},
            {"id": "txn3", "payout_id": "po2"},
        ],
    }
    gone = [("billing/invoice_line_item", 0), ("billing/balance_transaction", 1)]
    reduced = without(account, gone)
    assert reduced["billing/invoice"] == [
        {"id": "in1", "subtotal": None, "total": 3},
        {"id": "in2", "subtotal": 4},
    ]
    assert reduced["billing/balance_transaction"] == [
        {"id": "txn1", "payout_id": None},
        {"id": "txn3", "payout_id": "po2"},
    ]


def test_only_the_rows_that_make_the_difference_are_left() -> None:
    def still_differ(accounts: Sequence[Account]) -> set[int]:
        return {n for n, account in enumerate(accounts) if line_ids(account) >= {"il1", "il3"}}

    assert shrink(ACCOUNT, still_differ) == {
        "billing/invoice": [{"id": "in1"}, {"id": "in3"}],
        "billing/invoice_line_item": [
            {"id": "il1", "invoice_id": "in1", "quantity": 1},
            {"id": "il3", "invoice_id": "in3", "quantity": 3},
        ],
    }


def test_rows_of_which_either_may_go_but_not_both_do_not_both_go() -> None:
    def still_differ(accounts: Sequence[Account]) -> set[int]:
        return {n for n, account in enumerate(accounts) if line_ids(account) & {"il1", "il3"}}

    assert len(line_ids(shrink(ACCOUNT, still_differ))) == 1


def test_a_random_account_shrinks_to_one_invoice_and_its_line() -> None:
    account = max(random_accounts("shrinking", 5), key=lambda account: len(row_places(account)))
    wanted = account["billing/invoice_line_item"][-1]["id"]

    def still_differ(accounts: Sequence[Account]) -> set[int]:
        return {n for n, account in enumerate(accounts) if wanted in line_ids(account)}

    assert len(row_places(account)) > 20
    assert len(row_places(shrink(account, still_differ))) == 2


def test_a_description_has_a_line_per_row_and_leaves_null_out() -> None:
    assert describe({"billing/invoice_line_item": [ACCOUNT["billing/invoice_line_item"][1]]}) == (
        "billing/invoice_line_item\n    id=il2 invoice_id=in2"
    )


def test_an_account_that_stops_the_judgement_hides_no_other() -> None:
    """An invoice without a line stops it; the accounts around are judged all the same."""
    builds = 0

    def still_differ(accounts: Sequence[Account]) -> set[int]:
        nonlocal builds
        builds += 1
        if any(len(account.get("billing/invoice", [])) > len(line_ids(account)) for account in accounts):
            raise ValueError("nothing to compare")
        return {n for n, account in enumerate(accounts) if "il3" in line_ids(account)}

    stopping: Account = {"billing/invoice": [{"id": "in"}]}
    candidates = [ACCOUNT, stopping, {}, ACCOUNT, ACCOUNT, stopping, ACCOUNT]
    assert in_halves(still_differ, ValueError)(candidates) == {0, 3, 4, 6}
    assert in_halves(still_differ, ValueError)([stopping]) == set()
    assert builds < 2 * len(candidates)
    with pytest.raises(ValueError, match="nothing to compare"):
        in_halves(still_differ, KeyError)(candidates)
    smallest = shrink(ACCOUNT, in_halves(still_differ, ValueError))
    assert smallest == {
        "billing/invoice": [{"id": "in3"}],
        "billing/invoice_line_item": [{"id": "il3", "invoice_id": "in3", "quantity": 3}],
    }

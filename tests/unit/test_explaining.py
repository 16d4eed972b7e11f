"""What an account cost in a month, explained from a small version with the published tables of costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration import cli, publication
from orchestration.engines import duckdb as engine
from orchestration.explaining import ExplainError, UnknownName, explain, read_month
from orchestration.settings import Settings

MARCH = date(2025, 3, 1)

TABLES = """
create schema marts;
create table marts.dim_policies (policy_key varchar, policy_value varchar);
insert into marts.dim_policies values
    ('reporting_currency', 'usd'), ('customer_success_in_cor', 'false'), ('fiscal_year_start_month', '1');
create table marts.dim_accounts (
    account_id varchar, account_name varchar, billing_customer_ids varchar, crm_company_id varchar
);
insert into marts.dim_accounts values
    ('cus_1', 'Acme Ltd', 'cus_1, cus_9', '77'), ('cus_2', 'Twins', 'cus_2', null),
    ('cus_3', 'Twins', 'cus_3', null), ('cus_4', null, 'cus_4', null);
create table marts.fct_gross_margin_by_account_month (
    account_id varchar, month date, subscription_revenue_amount decimal(24, 4),
    services_revenue_amount decimal(24, 4), total_revenue_amount decimal(24, 4),
    cost_of_revenue_amount decimal(24, 4), total_margin_amount decimal(24, 4), total_margin_rate double
);
insert into marts.fct_gross_margin_by_account_month values
    ('cus_1', '2025-03-01', 1200, 300, 1500, 400, 1100, 0.73333),
    ('cus_4', '2025-03-01', 0, 0, 0, 0, null, null);
create table marts.fct_cost_of_revenue_by_account_month (
    account_id varchar, bucket varchar, month date, amount decimal(24, 4)
);
insert into marts.fct_cost_of_revenue_by_account_month values
    ('cus_1', 'hosting', '2025-03-01', 300), ('cus_1', 'overhead', '2025-03-01', 100);
create table marts.fct_cost_allocations (
    month date, method varchar, pool varchar, from_department varchar, target_type varchar, target_id varchar,
    bucket varchar, driver varchar, is_fallback boolean, driver_quantity decimal(38, 12),
    driver_total decimal(38, 12), share decimal(38, 12), allocated_amount decimal(24, 4)
);
insert into marts.fct_cost_allocations
select '2025-03-01', method, pool, source, kind, target, bucket, driver, is_fallback, quantity, total, null,
    amount
from (values
    ('proportional', 'hosting', 'all', 'account', 'cus_1', 'hosting', 'compute_units', false, 3, 10, 300),
    ('proportional', 'hosting', 'all', 'account', 'cus_2', 'hosting', 'compute_units', false, 7, 10, 700),
    ('proportional', 'fees', 'all', 'unallocated', 'unallocated', 'third_party_fees', null, false, null, null,
        5),
    ('proportional', 'overhead: support', 'all', 'account', 'cus_1', 'overhead', 'mrr', true, 1.5, 9, 100),
    ('proportional', 'overhead: support', 'all', 'account', 'cus_2', 'overhead', 'mrr', true, 7.5, 9, 500),
    ('proportional', 'overhead: customer_success', 'all', 'account', 'cus_1', 'overhead', 'mrr', false, 1, 2,
        20),
    ('proportional', 'overhead: customer_success', 'all', 'account', 'cus_2', 'overhead', 'mrr', false, 1, 2,
        20),
    ('reciprocal', 'facilities: Leeds', 'Support', 'bucket', 'support', 'support', 'people', false, 600, 900,
        600),
    ('reciprocal', 'facilities: Leeds', 'Support', 'bucket', 'customer_success', 'customer_success', 'people',
        false, 40, 900, 40),
    ('reciprocal', 'facilities: Leeds', 'Sales', 'bucket', 'sales', 'sales', 'people', false, 260, 900, 260),
    ('reciprocal', 'facilities: Leeds', 'facilities: Leeds', 'department', 'Support', 'overhead',
        'headcount_in_location', false, 60.8, 91.2, 600),
    ('reciprocal', 'facilities: Leeds', 'it', 'department', 'Support', 'overhead', 'headcount', false, 1, 3,
        40),
    ('reciprocal', 'facilities: Leeds', 'it', 'department', 'Sales', 'overhead', 'headcount', false, 2, 3,
        260)
) as rows (method, pool, source, kind, target, bucket, driver, is_fallback, quantity, total, amount);
create table marts.fct_cost_lines (
    transaction_id varchar, transaction_line_id varchar, part varchar, month date, transaction_number varchar,
    transaction_date date, account_number varchar, account_name varchar, department varchar, location varchar,
    vendor varchar, bucket varchar, pool varchar, rule varchar, why varchar, split_by varchar,
    share_quantity decimal(38, 12), share_total decimal(38, 12), line_amount decimal(24, 4),
    amount decimal(24, 4)
);
insert into marts.fct_cost_lines
select id, '0', part, '2025-03-01', number, '2025-03-31', account, name, department, location, vendor, bucket,
    pool, rule, why, split_by, quantity, total, line_amount, amount
from (values
    ('1', 'production', 'BILL1', '5200', 'Hosting', null, null, 'Cloud Co', 'hosting', 'hosting',
        'role_hosting', 'It runs there.', 'environment', 8, 10, 1125, 900),
    ('2', '', null, '5210', 'Monitoring', 'Platform', null, null, 'hosting', 'hosting', 'name_monitoring',
        null, 'none', 1, 1, 100, 100),
    ('3', '', 'JE3', null, 'Rent', null, 'Leeds', null, 'overhead', 'facilities', 'name_rent', 'Room.',
        'none', 1, 1, 900, 900),
    ('4', '', 'JE4', null, 'Rent', null, 'York', null, 'overhead', 'facilities', 'name_rent', 'Room.',
        'none', 1, 1, 70, 70)
) as rows (id, part, number, account, name, department, location, vendor, bucket, pool, rule, why, split_by,
    quantity, total, line_amount, amount);
"""

# Of facilities, only what is of Leeds.
ALL_OF_ACME = """\
cus_1 (Acme Ltd) in 2025-03, USD

      1,100.00  gross margin, 73.33% of revenue:
        1,200.00  subscription revenue
          300.00  services revenue
         -300.00  less hosting
         -100.00  less overhead

        300.00  hosting:
          300.00  of the pool hosting, by compute_units: 3 of 10 (30.0000 %)
            1,000.00  the pool hosting, as it was posted:
                900.00  5200 Hosting (rule role_hosting, It runs there):
                  900.00  BILL1 of 2025-03-31, Cloud Co, production 80.0000 % of 1,125.00 by environment
                100.00  5210 Monitoring (rule name_monitoring):
                  100.00  ledger.transaction 2 of 2025-03-31, Platform

        100.00  overhead:
          100.00  of the pool overhead: support, by mrr, a fallback: 1.5 of 9 (16.6667 %)
              600.00  overhead that followed the people of support, by department:
                600.00  Support:
                  600.00  from facilities: Leeds, of 640.00 for all people there

         20.00  customer_success, an operating expense by the policy customer_success_in_cor:
           20.00  of the pool overhead: customer_success, by mrr: 1 of 2 (50.0000 %)
               40.00  overhead that followed the people of customer_success, by department:
                 40.00  Support:
                   40.00  from facilities: Leeds, of 640.00 for all people there

Overhead of facilities: Leeds
          900.00  as it was posted:
            900.00  Rent (rule name_rent, Room):
              900.00  JE3 of 2025-03-31, Leeds
          900.00  as it was allocated:
            640.00  to Support:
              600.00  directly, 66.6667 % of it, by headcount_in_location: 60.8 of 91.2
               40.00  through it, 4.4444 % of it, by headcount: 1 of 3
            260.00  to others"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A version that may still be changed; what is explained is opened read-only."""
    path = tmp_path / "build" / "warehouse.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
    return path


def change(file: Path, sql: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("set search_path = 'marts'")
        connection.execute(sql)


def explained(file: Path, account: str = "cus_1", month: date = MARCH, bucket: str | None = None) -> str:
    with engine.open_for_query(file) as connection:
        return explain(connection, account, month, bucket=bucket)


def sums(text: str) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Every line that ends in a colon, its amount, and the sum of what stands right below it."""
    for block in text.split("\n\n"):
        rows = []
        for line in block.splitlines():
            if found := re.match(r"( *-?[\d,]+\.\d+)  (.*)", line):
                # Amounts of one depth end in one column.
                rows.append((len(found[1]), Decimal(found[1].replace(",", "")), found[2]))
        for index, (depth, amount, said) in enumerate(rows):
            if said.endswith(":"):
                below = Decimal(0)
                for inner, part, _ in rows[index + 1 :]:
                    if inner <= depth:
                        break
                    below += part if inner == depth + 2 else 0
                yield said, amount, below


# ---- the tree


def test_an_account_is_explained_down_to_the_lines_of_the_ledger(file: Path) -> None:
    assert explained(file) == ALL_OF_ACME


def test_what_stands_below_a_line_adds_up_to_it(file: Path) -> None:
    found = list(sums(explained(file)))
    assert len(found) == 15
    assert [(said, amount) for said, amount, below in found if amount != below] == []


def test_one_bucket_alone_keeps_the_margin(file: Path) -> None:
    text = explained(file, bucket=" Hosting")
    assert text == ALL_OF_ACME[: ALL_OF_ACME.index("\n\n        100.00  overhead:")]


def test_customer_success_may_be_a_cost_of_revenue(file: Path) -> None:
    change(file, "update dim_policies set policy_value = 'true' where policy_key = 'customer_success_in_cor'")
    change(
        file,
        "update fct_gross_margin_by_account_month "
        "set total_margin_amount = 1080, cost_of_revenue_amount = 420 where account_id = 'cus_1'",
    )
    text = explained(file)
    assert "        120.00  overhead:\n" in text
    assert "-120.00  less overhead" in text
    assert "operating expense" not in text
    assert all(amount == below for _, amount, below in sums(text))


def test_small_lines_are_counted_and_summed(file: Path) -> None:
    change(
        file,
        "insert into fct_cost_lines by name "
        "select * exclude (range) replace ('9' || range as transaction_id, "
        "'JE' || range as transaction_number, range - 3.0005 as amount) "
        "from fct_cost_lines cross join range(8) where transaction_id = '2'",
    )
    change(
        file,
        "update fct_cost_allocations set allocated_amount = 703.996 "
        "where target_id = 'cus_2' and pool = 'hosting'",
    )
    text = explained(file, bucket="hosting")
    # Of the original and eight others, the five that are furthest from nothing.
    assert (
        "103.9960  5210 Monitoring (rule name_monitoring):\n"
        "                  100.00  ledger.transaction 2 of 2025-03-31, Platform\n"
    ) in text
    # 1.9995, -1.0005, 0.9995 and -0.0005.
    assert "1.9980  4 other lines" in text
    assert "not explained" not in text
    assert all(amount == below for _, amount, below in sums(text))


def test_what_nothing_explains_is_said(file: Path) -> None:
    change(file, "update fct_cost_lines set amount = 899.99 where transaction_id = '1'")
    change(file, "delete from fct_cost_allocations where target_id = 'Support'")
    text = explained(file)
    assert "0.01  not explained by what is published" in text
    assert all(amount == below for _, amount, below in sums(text))


def test_a_margin_that_the_costs_do_not_explain_is_said(file: Path) -> None:
    change(
        file,
        "update fct_gross_margin_by_account_month set total_margin_amount = 1099 where account_id = 'cus_1'",
    )
    assert "         -1.00  not explained by what is published\n" in explained(file)


def test_what_reached_no_account_is_explained_like_an_account(file: Path) -> None:
    text = explained(file, "unallocated")
    assert text.startswith("unallocated in 2025-03, USD\n\nNeither revenue nor cost of revenue.\n")
    assert "5.00  of the pool fees, no driver leads to an account\n" in text


def test_an_account_without_costs_says_so(file: Path) -> None:
    assert explained(file, "cus_4") == (
        "cus_4 in 2025-03, USD\n\nThe margin is not known:\n            0.00  subscription revenue\n"
        "            0.00  services revenue\n\nNothing was allocated to it in this month."
    )
    assert explained(file, bucket="third_party_fees").endswith(
        "\n\nNothing of third_party_fees was allocated to it in this month."
    )


def test_buckets_stand_alone_where_allocations_to_accounts_are_not_kept(file: Path) -> None:
    change(file, "delete from fct_cost_allocations where method = 'proportional'")
    text = explained(file)
    assert (
        "        300.00  hosting:\n          300.00  of pools not kept: see allocation_account_rows_limit"
        in text
    )
    assert all(amount == below for _, amount, below in sums(text))
    assert "300.00  hosting:" in explained(file, bucket="hosting")


# ---- what is asked for


@pytest.mark.parametrize("name", ["cus_1", "cus_9", "77", "acme ltd"])
def test_an_account_is_found_by_what_people_call_it(file: Path, name: str) -> None:
    assert explained(file, name) == ALL_OF_ACME


def test_an_unknown_account_gets_near_names(file: Path) -> None:
    with pytest.raises(UnknownName, match=r"no account 'Acme Limited'. Did you mean cus_1 \(Acme Ltd\)\?"):
        explained(file, "Acme Limited")
    with pytest.raises(UnknownName, match=r"no account 'xyzzy'. dim_accounts lists all of them."):
        explained(file, "xyzzy")


def test_a_name_of_several_accounts_is_refused(file: Path) -> None:
    with pytest.raises(UnknownName, match="Several accounts are called 'twins': cus_2, cus_3"):
        explained(file, "twins")


def test_an_unknown_bucket_gets_the_known_ones(file: Path) -> None:
    with pytest.raises(
        UnknownName, match=r"no bucket 'rent' .* there are customer_success, hosting, overhead, third"
    ):
        explained(file, bucket="rent")


def test_a_month_without_costs_is_refused(file: Path) -> None:
    with pytest.raises(ExplainError, match="no costs in 2025-04; it has some from 2025-03 to 2025-03"):
        explained(file, month=date(2025, 4, 1))
    change(file, "delete from fct_cost_lines")
    with pytest.raises(ExplainError, match="This version has no costs"):
        explained(file)


def test_months_are_read_as_people_write_them() -> None:
    assert read_month(" 2025-03 ") == MARCH
    for text in ("2025-13", "2025-3", "2025-03-01", "March", "0000-01", ""):
        with pytest.raises(ValueError, match="is no month; write YYYY-MM"):
            read_month(text)


# ---- the command


@pytest.fixture
def home(file: Path, tmp_path: Path) -> Path:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    publication.publish(settings, build_file=file, sequence=1, run_id="run-1", record={}, key_columns={})
    return settings.home


def run(home: Path, *arguments: str) -> int:
    return cli.main(["--home", str(home), "explain", *arguments])


def test_the_command_reads_the_published_version(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "--account", "cus_1", "--month", "2025-03") == cli.DONE
    assert capsys.readouterr().out == ALL_OF_ACME + "\n"


def test_the_command_tells_wrong_usage_from_what_is_not_there(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code, says in (
        (("--account", "cus_x", "--month", "2025-03"), cli.USAGE, "tieout: There is no account 'cus_x'."),
        (("--account", "cus_1", "--month", "2025-03", "--bucket", "x"), cli.USAGE, "There is no bucket 'x'"),
        (("--account", "cus_1", "--month", "2024-03"), cli.FAILED, "The ledger has no costs in 2024-03"),
    ):
        assert run(home, *arguments) == code
        assert says in capsys.readouterr().err
    assert run(tmp_path / "empty", "--account", "cus_1", "--month", "2025-03") == cli.FAILED
    assert "Nothing is published" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(home, "--account", "cus_1", "--month", "March")
    assert "'March' is no month" in capsys.readouterr().err


def test_the_command_says_of_a_version_without_costs_that_it_has_none(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(file, "drop table fct_cost_lines")
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    publication.publish(settings, build_file=file, sequence=1, run_id="run-1", record={}, key_columns={})
    assert run(settings.home, "--account", "cus_1", "--month", "2025-03") == cli.FAILED
    assert "has no costs of accounts yet" in capsys.readouterr().err

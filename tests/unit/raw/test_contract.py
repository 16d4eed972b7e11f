"""The declarations as a load contract: what the raw layer promises, and what a declaration may not say.

Add a row when a table or required column is added to the raw layer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.raw.contract import ContractError, read_contracts

REQUIRED_TABLES = {
    "billing.customer",
    "billing.price",
    "billing.subscription",
    "billing.invoice",
    "billing.invoice_line_item",
}
REQUIRED_BESIDE_TRANSACTIONS = {
    "ledger.account",
    "ledger.accountingperiod",
    "ledger.transactionline",
    "ledger.transactionaccountingline",
}
REQUIRED_COLUMNS = {
    "billing.price": {"id", "product_id", "currency"},
    "billing.price_tier": {"price_id", "index"},
    "billing.subscription": {"id", "customer_id", "status"},
    "billing.subscription_item": {"id", "subscription_id"},
    "billing.invoice": {"id", "customer_id", "status", "currency", "created"},
    "billing.invoice_line_item": {"id", "invoice_id", "type", "amount", "currency", "proration"},
    "crm.company": {"id"},
    "crm.deal": {"deal_id"},
    "crm.web_visit": set(),
    "ledger.account": {"id", "accttype"},
    "ledger.accountingperiod": {"id", "startdate", "enddate"},
    "ledger.transaction": {"id", "trandate"},
    "ledger.transactionline": {"id", "transaction"},
    "ledger.transactionaccountingline": {"transaction", "transactionline"},
    "policy.metric_policies": {"policy_key"},
}
KEYS = {
    "billing.fee": ("balance_transaction_id", "index"),
    "crm.deal_company": ("deal_id", "company_id"),
    "crm.product_usage": ("company_id", "date"),
    "crm.web_visit": (),
    "ledger.transactionline": ("transaction", "id"),
    "ledger.currencyrate": ("basecurrency", "transactioncurrency", "effectivedate"),
    "ledger.time_entry": (),
    "policy.product_catalogue": ("product_id",),
}
TABLES = {
    f"{table.source}.{table.name}": table
    for source in read_contracts().values()
    for table in source.tables.values()
}


def test_only_billing_and_its_core_tables_must_be_there() -> None:
    contracts = read_contracts()
    assert {name for name, source in contracts.items() if source.required} == {"billing"}
    landing = {
        name: table for name, table in TABLES.items() if table.source not in ("control", "identity", "solved")
    }
    assert {name for name, table in landing.items() if table.required} == REQUIRED_TABLES
    assert {name for name, table in landing.items() if table.required_with} == REQUIRED_BESIDE_TRANSACTIONS
    assert {table.required_with for table in landing.values()} == {None, "transaction"}


@pytest.mark.parametrize("name", REQUIRED_COLUMNS)
def test_required_columns_are_those_of_the_raw_layer(name: str) -> None:
    assert {column.name for column in TABLES[name].columns if column.required} == REQUIRED_COLUMNS[name]


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_those_of_the_raw_layer(name: str) -> None:
    assert TABLES[name].key == KEYS[name]


def test_every_billing_table_carries_stamps_mode_deletion_and_metadata() -> None:
    common = {"_fivetran_synced", "_airbyte_extracted_at", "is_deleted", "livemode", "metadata"}
    for name, table in TABLES.items():
        if table.source == "billing":
            assert common <= {column.name for column in table.columns}, name
            assert table.sync_stamps == ("_fivetran_synced", "_airbyte_extracted_at"), name


def test_money_is_never_a_binary_float() -> None:
    allowed = {"varchar", "bigint", "boolean", "date", "timestamp"}
    for name, table in TABLES.items():
        for column in table.columns:
            assert column.data_type in allowed or column.decimal_digits, f"{name}.{column.name}"


def declare(folder: Path, tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "_shop__sources.yml").write_text(f"sources:\n  - name: shop\n    tables:\n{tables}")
    return folder


TABLE = "      - {{name: sale, config: {{meta: {{key: [{key}]}}}}, columns: [{columns}]}}\n"


@pytest.mark.parametrize(
    ("key", "columns", "message"),
    [
        ("id", "{name: id, data_type: money}", "column shop.sale.id: 'money' is no type"),
        ("id", "{name: id}", "column shop.sale.id: '' is no type"),
        ("number", "{name: id, data_type: varchar}", "shop.sale: key column number is not declared"),
        ("id", "{name: id, data_type: varchar}, {name: ID, data_type: varchar}", "declares a column twice"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(
    tmp_path: Path, key: str, columns: str, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read_contracts(declare(tmp_path / "models", TABLE.format(key=key, columns=columns)))


def test_a_table_or_source_declared_twice_is_refused(tmp_path: Path) -> None:
    table = TABLE.format(key="id", columns="{name: id, data_type: varchar}")
    with pytest.raises(ContractError, match=r"shop\.sale is declared twice"):
        read_contracts(declare(tmp_path / "tables", table * 2))
    declare(tmp_path / "sources", table)
    (tmp_path / "sources/_again__sources.yml").write_text("sources: [{name: shop}]")
    with pytest.raises(ContractError, match="source shop is declared twice"):
        read_contracts(tmp_path / "sources")


def test_the_fingerprint_follows_what_decides_the_rows_and_nothing_else(tmp_path: Path) -> None:
    def fingerprint(folder: str, key: str, columns: str) -> str:
        return (
            read_contracts(declare(tmp_path / folder, TABLE.format(key=key, columns=columns)))["shop"]
            .tables["sale"]
            .fingerprint
        )

    base = fingerprint("a", "id", "{name: id, data_type: varchar}, {name: n, data_type: bigint}")
    described = "{name: id, data_type: varchar, description: x}, {name: n, data_type: bigint}"
    assert fingerprint("b", "id", described) == base
    assert fingerprint("c", "", "{name: id, data_type: varchar}, {name: n, data_type: bigint}") != base
    assert fingerprint("d", "id", "{name: id, data_type: varchar}, {name: n, data_type: date}") != base
    required = (
        "{name: id, data_type: varchar}, {name: n, data_type: bigint, config: {meta: {required: true}}}"
    )
    assert fingerprint("e", "id", required) != base


def test_a_key_column_is_required_unless_the_declaration_says_that_null_is_a_value(tmp_path: Path) -> None:
    columns = (
        "{name: a, data_type: varchar}, {name: b, data_type: varchar, config: {meta: {required: false}}}"
    )
    table = read_contracts(declare(tmp_path, TABLE.format(key="a, b", columns=columns)))["shop"].tables[
        "sale"
    ]
    assert [column.required for column in table.columns] == [True, False]

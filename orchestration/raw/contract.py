"""What an export must look like: the dbt source declarations read as a load contract.

The declaration in ``dbt_project/models/staging/<source>/_<source>__sources.yml`` is the only one; add tables
and columns there. Here is only how it is read and checked. How text becomes a typed value is in ``casting``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from orchestration import settings

# Part of every contract's fingerprint: raise it when the rules of reading or casting change, so that files
# are read anew.
READING_RULES_VERSION = 1

# In the order in which they are loaded: policies decide how strictly the others are taken.
LANDING_SOURCES = ("policy", "billing", "crm", "ledger")

_ARROW_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
# What a column may say of a person: an address, a name or another thing of the person's own, a name that is a
# person's or a company's, a number, free text, an address of a page, the earlier values of any property.
PERSONAL_KINDS = frozenset({"email", "name", "party", "phone", "text", "url", "history"})
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


class ContractError(ValueError):
    """A source declaration contradicts itself; the message names source, table and column."""


@dataclass(frozen=True)
class ColumnContract:
    """One declared column.

    Attributes:
        data_type: varchar, bigint, boolean, date, timestamp (UTC, without zone) or decimal(precision,scale).
        required: a row without a value is held back, a file without the column is refused.
        format: ``json`` where a varchar must hold a JSON document, else None.
        personal: which of PERSONAL_KINDS the column holds, None where it says nothing of a person.
    """

    name: str
    data_type: str
    required: bool = False
    format: str | None = None
    personal: str | None = None

    @property
    def decimal_digits(self) -> tuple[int, int] | None:
        """Precision and scale of a decimal column, None for the other types."""
        match = _DECIMAL.fullmatch(self.data_type)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type that holds the column without loss."""
        digits = self.decimal_digits
        return pa.decimal128(*digits) if digits else _ARROW_TYPES[self.data_type]


@dataclass(frozen=True)
class TableContract:
    """One declared table.

    Attributes:
        required: the table must be in the landing folder.
        key: columns that identify a row; empty where every row counts.
        sync_stamps: columns of which the newest decides between rows of one key.
        required_with: the table must be there when this table of the same source is.
        dated_by: the column by which a row belongs to a month; None where none does.
    """

    source: str
    name: str
    required: bool
    key: tuple[str, ...]
    columns: tuple[ColumnContract, ...]
    sync_stamps: tuple[str, ...] = ()
    required_with: str | None = None
    dated_by: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether a row may say something of a person."""
        return any(column.personal for column in self.columns)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the same file could be read into other rows."""
        text = json.dumps(
            [
                READING_RULES_VERSION,
                self.source,
                self.name,
                self.key,
                self.sync_stamps,
                [(column.name, column.data_type, column.required, column.format) for column in self.columns],
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def arrow_schema(self) -> pa.Schema:
        """The columns in contract order."""
        return pa.schema([(column.name, column.arrow_type) for column in self.columns])


@dataclass(frozen=True)
class SourceContract:
    """One declared source and its tables by name, in the order of the declaration."""

    name: str
    required: bool
    tables: Mapping[str, TableContract]


def read_contracts(models_dir: Path | None = None) -> dict[str, SourceContract]:
    """All source declarations below ``models_dir`` (default: the project's models) by source name.

    Raises:
        ContractError: a declaration contradicts itself.
    """
    folder = settings.DBT_PROJECT_DIR / "models" if models_dir is None else models_dir
    texts = (
        (path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("_*__sources.yml"))
    )
    return dict(_read_declarations(tuple(texts)))


@lru_cache(maxsize=4)
def _read_declarations(texts: tuple[tuple[str, str], ...]) -> Mapping[str, SourceContract]:
    contracts: dict[str, SourceContract] = {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for name, text in texts:
        declared = yaml.load(text, Loader=loader) or {}  # noqa: S506 (a safe one, in C where there is one)
        for source in declared.get("sources", []):
            if source["name"] in contracts:
                raise ContractError(f"source {source['name']} is declared twice, again in {name}.")
            contracts[source["name"]] = _source(source)
    return contracts


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return (node.get("config") or {}).get("meta") or {}


def _source(node: Mapping[str, Any]) -> SourceContract:
    meta = _meta(node)
    tables: dict[str, TableContract] = {}
    for declared in node.get("tables", []):
        table = _table(node["name"], declared, tuple(meta.get("sync_stamps") or ()))
        if table.name in tables:
            raise ContractError(f"table {table.source}.{table.name} is declared twice.")
        tables[table.name] = table
    return SourceContract(node["name"], bool(meta.get("source_required", False)), tables)


def _table(source: str, node: Mapping[str, Any], sync_stamps: Iterable[str]) -> TableContract:
    meta = _meta(node)
    label = f"{source}.{node['name']}"
    key = tuple(meta.get("key") or ())
    columns = tuple(_column(label, column, key) for column in node.get("columns", []))
    names = [column.name for column in columns]
    if len({name.lower() for name in names}) < len(names):
        raise ContractError(f"table {label} declares a column twice.")
    if unknown := [name for name in key if name not in names]:
        raise ContractError(f"table {label}: key column {unknown[0]} is not declared.")
    dated_by = meta.get("dated_by")
    if dated_by is not None and not any(
        column.name == dated_by and column.data_type in ("date", "timestamp") for column in columns
    ):
        raise ContractError(f"table {label}: {dated_by} is no date or timestamp, so it can date no row.")
    return TableContract(
        source=source,
        name=node["name"],
        required=bool(meta.get("required", False)),
        key=key,
        columns=columns,
        sync_stamps=tuple(name for name in sync_stamps if name in names),
        required_with=meta.get("required_with"),
        dated_by=dated_by,
    )


def _column(label: str, node: Mapping[str, Any], key: tuple[str, ...]) -> ColumnContract:
    meta = _meta(node)
    data_type = str(node.get("data_type", "")).lower()
    if data_type not in _ARROW_TYPES and not _DECIMAL.fullmatch(data_type):
        raise ContractError(
            f"column {label}.{node['name']}: {data_type!r} is no type of the contract; "
            f"use one of {', '.join(_ARROW_TYPES)} or decimal(p,s)."
        )
    personal = meta.get("personal")
    if personal is not None and (personal not in PERSONAL_KINDS or data_type != "varchar"):
        raise ContractError(
            f"column {label}.{node['name']}: personal is one of {', '.join(sorted(PERSONAL_KINDS))}, of a "
            "varchar."
        )
    if personal and node["name"] in key:
        raise ContractError(f"column {label}.{node['name']}: a key cannot be erased, so it is not personal.")
    # A key column is required unless the declaration says that NULL is one of its values.
    return ColumnContract(
        name=node["name"],
        data_type=data_type.replace(" ", ""),
        required=bool(meta.get("required", node["name"] in key)),
        format=meta.get("format"),
        personal=personal,
    )

"""The scheduler's own history of a run, written at a fraction of what it costs by default.

Dagster's event log opens its SQLite files anew for every statement, many thousand times in a night, which
takes longer than the statements. Here a file stays open, and nothing else is different: what is written,
where, and when it is committed. That leans on a private method, so that Dagster's minor version is pinned;
were the method gone, the log would be slow again and not wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy import inspect as inspect_engine

from orchestration.settings import Settings


class OpenEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log, with the index and the newest run's file kept open."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> OpenEventLogStorage:
        """What Dagster makes the storage with."""
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            for other in self._engines.keys() - {INDEX_SHARD_NAME, shard}:
                self._engines.pop(other).dispose()
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
        return self._engines[shard]

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays."""
        if table_name not in self._tables:
            if not inspect_engine(self._engine(INDEX_SHARD_NAME)).has_table(table_name):
                return False
            self._tables.add(table_name)
        return True

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        while self._engines:
            self._engines.popitem()[1].dispose()


def open_scheduler(settings: Settings) -> dg.DagsterInstance:
    """The persistent instance of a home; where an operator has chosen its storage, with that one."""
    folder = str(settings.dagster_home)
    reference = InstanceRef.from_dir(folder)
    if reference.storage_data == InstanceRef.config_defaults(folder)["storage"]:
        events = InstanceRef.config_defaults(folder)["event_log_storage"]
        assert events is not None
        storage: Mapping[str, Any] = {
            "module": __name__,
            "class": OpenEventLogStorage.__name__,
            "config": events.config_dict,
        }
        reference = InstanceRef.from_dir(folder, overrides={"event_log_storage": storage})
    return dg.DagsterInstance.from_ref(reference)

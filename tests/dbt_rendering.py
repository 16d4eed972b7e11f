"""The SQL that the dbt project compiles to on each engine, rendered in a moment and without an adapter.

Add here what a model's Jinja may call. dbt itself stays the authority: an integration test compares every
rendered DuckDB text with what dbt compiled. Nothing here connects to an engine or imports the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2

DBT_PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
SEEDS = DBT_PROJECT.parent / "seeds"
RAW = "raw"

# dbt-duckdb names a warehouse after the stem of its file.
DATABASE = "warehouse"
QUOTES = {"duckdb": '"', "spark": "`"}


@dataclass(frozen=True)
class Rendered:
    """One model or singular test as an engine reads it."""

    name: str
    path: Path
    sql: str


class Project:
    """The models, macros and singular tests of a dbt project folder, for one engine.

    Args:
        engine: ``duckdb`` or ``spark``; a macro's ``<engine>__`` form is taken, else its ``default__`` form.
        folder: the dbt project; another folder than the repository's serves tests of the tests.
    """

    def __init__(self, engine: str, folder: Path = DBT_PROJECT, raw: str = RAW) -> None:
        self.engine = engine
        self.folder = folder
        self.raw = raw

    def models(self) -> Iterator[Rendered]:
        """Every model, by name."""
        for path in sorted((self.folder / "models").rglob("*.sql"), key=lambda path: path.stem):
            yield self._rendered(path)

    def singular_tests(self) -> Iterator[Rendered]:
        """Every test that is a query of its own, by name."""
        for path in sorted((self.folder / "tests").rglob("*.sql"), key=lambda path: path.stem):
            if path.parent.name != "generic":
                yield self._rendered(path)

    def render(self, text: str) -> str:
        """Any text with the project's macros in reach.

        Raises:
            jinja2.UndefinedError: the text calls what neither dbt's context here nor a macro provides.
        """
        return self._environment.from_string(text).render(self._context)

    def macro_names(self) -> set[str]:
        """The project's macros, each form of a dispatched one by its own name."""
        return {name for name in self._context if callable(self._context[name])}

    def generic_test(self, name: str, **arguments: Any) -> str:
        """A generic test's SQL with its arguments filled in."""
        return str(self._context[f"test_{name}"](**arguments))

    def _rendered(self, path: Path) -> Rendered:
        return Rendered(path.stem, path, self.render(path.read_text()))

    @cached_property
    def _schemas(self) -> dict[str, str]:
        models = {
            # What names people has a schema of its own.
            path.stem: "restricted" if path.parent.name == "restricted" else path.parent.parent.name
            for path in (self.folder / "models").rglob("*.sql")
        }
        return models | {path.stem: "reference" for path in SEEDS.rglob("*.csv")}

    def _ref(self, name: str, v: int | None = None) -> str:
        # The latest version of a model is the file of the plain name, an older one has its number behind it.
        file = f"{name}_v{v}"
        table = file if v is not None and file in self._schemas else name
        return self._relation(self._schemas[table], table)

    def _relation(self, schema: str, name: str) -> str:
        if self.engine == "duckdb":
            return f'"{DATABASE}"."{schema}"."{name}"'
        return f"{schema}.{name}"

    def _source(self, source: str, table: str) -> str:
        return f"'{self.raw}/{source}/{table}.parquet'" if self.engine == "duckdb" else f"{source}.{table}"

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return jinja2.Environment(
            extensions=["jinja2.ext.do"],
            undefined=jinja2.StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
        )

    @cached_property
    def _context(self) -> dict[str, Any]:
        context: dict[str, Any] = {
            "ref": self._ref,
            "source": self._source,
            "adapter": _Adapter(self),
            # dbt leaves a macro at once; every macro of the project returns where it ends.
            "return": lambda value: value,
        }
        files = sorted((self.folder / "macros").glob("*.sql")) + sorted(
            (self.folder / "tests/generic").glob("*.sql")
        )
        text = "\n".join(path.read_text() for path in files)
        text = re.sub(r"{%(-?) *test (\w+)\(", r"{%\1 macro test_\2(", text).replace("endtest", "endmacro")
        module = self._environment.from_string(text).make_module(context)
        return context | {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}


class _Adapter:
    """What models and macros ask of dbt's adapter object."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def quote(self, name: str) -> str:
        mark = QUOTES[self._project.engine]
        return f"{mark}{name}{mark}"

    def dispatch(self, macro: str, package: str) -> Callable[..., str]:
        context = self._project._context
        return context.get(f"{self._project.engine}__{macro}") or context[f"default__{macro}"]

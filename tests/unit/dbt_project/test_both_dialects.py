"""Every model and query test is SQL that DuckDB and Spark both read, with one meaning.

Add here what the two engines are known to read differently. That a model *gives* the same rows on Spark is
for tests that run Spark; how Jinja becomes SQL is in ``tests.dbt_rendering``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from tests.dbt_rendering import Project, Rendered

# What Spark documents and DuckDB means in the same way; what only one of them has belongs into a dispatched
# macro. Left out on purpose, since they differ silently: sign (a double in Spark), datediff, hash, avg,
# concat.
SPARK_FUNCTIONS = frozenset(
    """
    abs add_months array_join cast coalesce collect_list count date_add date_trunc explode extract first_value
    floor from_utc_timestamp get_json_object greatest lag lead least length lower make_interval max min min_by
    power rank replace round row_number sequence sort_array split split_part substring substring_index sum
    to_utc_timestamp trim try_cast unix_timestamp upper
    """.split()  # noqa: SIM905
)
# Words before a parenthesis that call nothing.
NOT_FUNCTIONS = frozenset(
    """
    and as by case decimal div else from in join not on or over select then union values when where with
    """.split()  # noqa: SIM905
)
# Spellings that Spark takes although it would print another.
SYNONYMS = {"integer": "int"}


def problems_in_duckdb(sql: str) -> list[str]:
    """What DuckDB's dialect cannot read in a statement."""
    return _parse_problems(sql, "duckdb")


def problems_in_spark(sql: str) -> list[str]:
    """What Spark's dialect cannot read in a statement, or would read as something else."""
    problems = _parse_problems(sql, "spark")
    if problems:
        return problems
    if any(
        token.token_type == TokenType.STRING and sql[token.start] == '"'
        for token in sqlglot.tokenize(sql, read="spark")
    ):
        problems.append("a name in double quotes, which Spark reads as text")
    words = _words(sql)
    called = {word for word, following in pairwise(words) if following == "(" and word.isidentifier()}
    unknown = sorted(called - SPARK_FUNCTIONS - NOT_FUNCTIONS)
    if unknown:
        problems.append(f"functions that are not in SPARK_FUNCTIONS: {', '.join(unknown)}")
    # A construct that Spark lacks or spells differently is another one when the parsed statement is printed.
    printed = _words(sqlglot.parse_one(sql, read="spark").sql("spark", comments=False))
    written_only, printed_only = _without(words, printed), _without(printed, words)
    if written_only or printed_only:
        problems.append(f"Spark would read {' '.join(written_only)!r} as {' '.join(printed_only)!r}")
    return problems


def _parse_problems(sql: str, dialect: str) -> list[str]:
    try:
        statements = sqlglot.parse(sql, read=dialect)
    except SqlglotError as error:
        return [f"{dialect} cannot parse it: {error}"]
    return [] if len(statements) == 1 else [f"{len(statements)} statements where there must be one"]


def _words(sql: str) -> list[str]:
    words = [token.text.lower() for token in sqlglot.tokenize(sql, read="spark")]
    return [SYNONYMS.get(word, word) for word in words]


def _without(words: list[str], others: list[str]) -> list[str]:
    """The words that are not among the others; one may move, as in ``a is not null``, ``not a is null``."""
    left = list(others)
    missing = []
    for word in words:
        if word in left:
            left.remove(word)
        else:
            missing.append(word)
    return missing


def statements(engine: str) -> list[Rendered]:
    project = Project(engine)
    return [*project.models(), *project.singular_tests()]


def test_every_statement_is_duckdb() -> None:
    problems = {one.name: problems_in_duckdb(one.sql) for one in statements("duckdb")}
    assert not {name: found for name, found in problems.items() if found}


def test_every_statement_with_spark_macros_is_spark() -> None:
    problems = {one.name: problems_in_spark(one.sql) for one in statements("spark")}
    assert not {name: found for name, found in problems.items() if found}, (
        "Write what both engines read, or a macro with a default__ and a spark__ form."
    )


def test_generic_tests_are_both() -> None:
    raw = {"raw_table": "billing.invoice", "raw_column": "status"}
    arguments: dict[str, dict[str, Any]] = {
        "unique_grain": {"model": "a_model", "columns": ["a", "b"]},
        "one_of": {"model": "a_model", "column_name": "a", "values": ["x"], "key": "b", **raw},
        "all_equal_zero": {"model": "a_model", "expression": "a - b"},
    }
    for name, given in arguments.items():
        assert problems_in_duckdb(Project("duckdb").generic_test(name, **given)) == []
        assert problems_in_spark(Project("spark").generic_test(name, **given)) == []


def test_macros_with_a_form_per_engine_have_both() -> None:
    names = Project("duckdb").macro_names()
    default = {name.removeprefix("default__") for name in names if name.startswith("default__")}
    spark = {name.removeprefix("spark__") for name in names if name.startswith("spark__")}
    assert default == spark, "A dispatched macro needs a default__ (DuckDB) and a spark__ form."
    assert default <= names, "A default__ or spark__ form needs the macro that dispatches to it."


@pytest.mark.parametrize(
    "construct",
    [
        "select a from t qualify row_number() over (order by a) = 1",
        "select a // b as c from t",
        "select a::int as b from t",
        "select cast(a as varchar) as b from t",
        "select cast(a as hugeint) as b from t",
        "select * exclude (a) from t",
        "from t",
        "select list_transform(a, x -> x + 1) as b from t",
        "select strftime(a, '%Y') as b from t",
        "select sign(a) as b from t",
        "select 'the month''s end' as b from t",
        'select "a" as b from t',
        "select unnest(a) as b from t",
        "select sum(a as b from t",
        "select 1 as a; select 2 as a",
    ],
)
def test_what_spark_lacks_or_reads_differently_is_found(construct: str) -> None:
    assert problems_in_spark(construct)


@pytest.mark.parametrize(
    "construct",
    ["select date_add(a, interval 1) from t where", "select a b c from t", "select explode(from t"],
)
def test_what_duckdb_cannot_parse_is_found(construct: str) -> None:
    assert problems_in_duckdb(construct)

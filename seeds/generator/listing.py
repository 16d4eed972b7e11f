"""The lists of planted cases as Markdown, for README.md beside this module.

Kept apart from the cases themselves because it needs the ids. Nothing else is documented by code.
"""

from __future__ import annotations

from seeds.generator.dealings import customer_id
from seeds.generator.planted import PlantedCase, planted_cases
from seeds.generator.planted_crm import crm_cases
from seeds.generator.randomness import dated_identifier


def _row(case: PlantedCase) -> str:
    subscriptions = [
        f"`{dated_identifier('sub', contract.start, contract.key)}`" for contract in case.history.contracts
    ]
    cells = (case.key, case.shows, f"`{customer_id(case.history)}`", "<br>".join(subscriptions), case.tables)
    return f"| {' | '.join(cells)} |"


def planted_table() -> str:
    """A Markdown table: case, what it shows, customer id, subscription ids, where to look."""
    lines = ["| case | what it shows | customer | subscriptions | look at |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, planted_cases())]) + "\n"


def crm_table() -> str:
    """A Markdown table of the CRM's own cases: case, what it shows, ids, where to look."""
    lines = ["| case | what it shows | ids | look at |", "|---|---|---|---|"]
    for case in crm_cases():
        ids = "<br>".join(f"`{identity}`" for identity in case.ids)
        lines.append(f"| {case.key} | {case.shows} | {ids} | {case.tables} |")
    return "\n".join(lines) + "\n"

"""The command line of the generator: ``python -m seeds.generator --into seeds``.

Writes the exports of the example company. The committed files are the output of the defaults; other sizes,
seeds and formats are for tests and measurements and go elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from seeds.generator.billing import BillingWriter
from seeds.generator.crm import CrmWriter
from seeds.generator.dealings import BillingDesk
from seeds.generator.exchange import ExchangeRates
from seeds.generator.facts import CompanyHistory
from seeds.generator.ledger import LedgerWriter
from seeds.generator.listing import crm_table, planted_table
from seeds.generator.moments import HOUR, add_months, instant
from seeds.generator.output import CsvSink, ParquetSink, Sink, write_rows
from seeds.generator.planted import planted_cases
from seeds.generator.simulation import Span, simulate_company
from seeds.generator.tables import BILLING, CRM, LEDGER, Rows

FIRST_MONTH = instant(2023, 1, 1)
DEFAULT_CUSTOMERS = 300
DEFAULT_MONTHS = 36
DEFAULT_SEED = 2023

# The nightly sync after the last month: that month is complete, and the next has just begun.
_EXPORT_TIME = 3 * HOUR + 15 * 60


def span_of(months: int) -> Span:
    """The simulated time of an export that follows on ``months`` whole months."""
    return Span(FIRST_MONTH, months, add_months(FIRST_MONTH, months) + _EXPORT_TIME)


def histories(seed: int, customers: int, span: Span) -> Iterator[CompanyHistory]:
    """The planted companies, then random ones until there are ``customers`` (at least the planted ones)."""
    planted = planted_cases()
    yield from (case.history for case in planted)
    for number in range(1, customers - len(planted) + 1):
        yield simulate_company(seed, number, span)


def generate(sink: Sink, *, customers: int, months: int, seed: int) -> dict[str, int]:
    """Write all sources to the sink; returns rows per table."""
    span = span_of(months)
    rates = ExchangeRates(seed, span.first, span.horizon)
    write_rows(sink, {**BILLING, **LEDGER, **CRM}, portions(rates, histories(seed, customers, span), span))
    return sink.close()


def portions(rates: ExchangeRates, companies: Iterable[CompanyHistory], span: Span) -> Iterator[Rows]:
    """The rows of all sources: lists, then companies, then what adds up; one company is held at a time."""
    desk = BillingDesk(rates, span.horizon)
    billing = BillingWriter(span.horizon)
    ledger = LedgerWriter(rates, span.first, span.horizon)
    crm = CrmWriter(rates, span.first, span.horizon)
    yield billing.catalogue_rows()
    yield ledger.list_rows()
    yield crm.list_rows()
    for dealings in desk.dealings(companies):
        yield billing.company_rows(dealings)
        yield ledger.company_rows(dealings)
        yield crm.customer_rows(dealings)
    yield billing.payout_rows(desk.payouts)
    yield ledger.closing_rows(desk.payouts[True].made())


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments and write; 0 on success, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m seeds.generator", description="Write the example company's exports."
    )
    parser.add_argument("--into", type=Path, help="the landing folder to write to, for example seeds")
    parser.add_argument("--customers", type=int, default=DEFAULT_CUSTOMERS, help="default %(default)s")
    parser.add_argument(
        "--months", type=int, default=DEFAULT_MONTHS, help="whole months from 2023-01; default %(default)s"
    )
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="default %(default)s")
    parser.add_argument(
        "--list-planted", action="store_true", help="print the planted cases with their ids, and stop"
    )
    options = parser.parse_args(arguments)
    if options.list_planted:
        sys.stdout.write(f"{planted_table()}\n{crm_table()}")
        return 0
    if options.into is None:
        parser.error("--into is needed: the landing folder to write to")
    if options.customers < 1 or options.months < 1:
        parser.error("--customers and --months are at least 1")
    sink: Sink = CsvSink(options.into) if options.format == "csv" else ParquetSink(options.into)
    counts = generate(sink, customers=options.customers, months=options.months, seed=options.seed)
    for table, rows in counts.items():
        sys.stdout.write(f"{rows:>10,} rows  {table}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

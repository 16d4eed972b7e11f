"""The ledger writer: so far the currencies and their rates, in NetSuite's shape.

Rates are units of the base currency for one unit of the transaction currency; both columns hold the ledger's
own currency ids. Transactions join here when the ledger is simulated.
"""

from __future__ import annotations

from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, as_decimal
from seeds.generator.moments import as_date
from seeds.generator.tables import Row

_CURRENCIES = {
    "USD": (1, "US Dollar"),
    "GBP": (2, "British Pound"),
    "EUR": (4, "Euro"),
    "JPY": (5, "Japanese Yen"),
    "KWD": (9, "Kuwaiti Dinar"),
}


def ledger_rows(rates: ExchangeRates) -> dict[str, list[Row]]:
    """Rows of ``currency`` and ``currencyrate``."""
    base, _ = _CURRENCIES[REPORTING_CURRENCY]
    return {
        "currency": [(number, name, symbol) for symbol, (number, name) in _CURRENCIES.items()],
        "currencyrate": [
            (base, _CURRENCIES[currency][0], as_date(day), as_decimal(rate))
            for currency, path in rates.by_currency.items()
            for day, rate in zip(rates.days, path, strict=True)
        ],
    }

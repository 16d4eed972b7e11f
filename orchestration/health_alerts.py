"""Tells whose health fell, or of whom no more is heard: one alert per account, kind and month.

It is told after a publication, in which nothing here makes a published run a failed one. Add here which of
the published alerts are raised, and how one reads. What is a fall is decided by ``fct_health_alerts``; how
somebody is told by ``alerts.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.alerts import HEALTH, alerts_file, raise_alert
from orchestration.engines import duckdb as engine
from orchestration.files import read_records, write_json
from orchestration.runs import Run
from orchestration.settings import Settings

# Valid from one on; what is beyond is told in one message. Twenty is what a person reads in a morning.
MOST_AT_ONCE = 20

NEWEST_COMPLETE_MONTH = "select max(month) from marts.dim_months where is_complete_month"
# Where most is at stake first.
FALLS = """
    select alerts.account_id, alerts.alert_kind, alerts.compared_month, alerts.from_band, alerts.to_band,
        alerts.from_score, alerts.to_score, alerts.from_coverage, alerts.to_coverage, alerts.mrr_amount,
        alerts.mrr_at_risk_amount, accounts.owner_id
    from marts.fct_health_alerts as alerts
    left join marts.dim_account_360 as accounts on alerts.account_id = accounts.account_id
    where alerts.month = ?
    order by alerts.mrr_amount desc, alerts.account_id, alerts.alert_kind
"""


def beginning_file(settings: Settings) -> Path:
    """Where a home keeps the newest month that was complete at its first publication.

    What fell before is past, and would all come at once.
    """
    return settings.home / "health_alerts.json"


@dataclass(frozen=True)
class Fall:
    """One published alert of a month.

    Attributes:
        from_score, to_score: points of 100; None where nothing was known.
        from_coverage, to_coverage: what health rests on, 1 = all measures.
        mrr, mrr_at_risk: in the reporting currency; of the second notice was given.
    """

    account_id: str
    kind: str
    month: date
    compared_month: date
    from_band: str
    to_band: str
    from_score: Decimal | None
    to_score: Decimal | None
    from_coverage: Decimal
    to_coverage: Decimal
    mrr: Decimal
    mrr_at_risk: Decimal
    owner_id: str | None

    @property
    def alert_id(self) -> str:
        """The same whichever run raises it."""
        return f"health:{self.kind}:{self.account_id}:{self.month:%Y-%m}"

    def summary(self, currency: str) -> str:
        """One line, without the name of anybody."""
        points = f"{_points(self.from_score)} to {_points(self.to_score)} points"
        if self.kind == "coverage_fall":
            known = f"{_percent(self.from_coverage)} to {_percent(self.to_coverage)}"
            what = f"rests on less: what is known of it went from {known} ({points})"
        elif self.kind == "band_drop":
            what = f"went from {self.from_band} to {self.to_band} ({points})"
        else:
            what = f"fell from {points}"
        stake = f"MRR {self.mrr:,.2f} {currency}"
        if self.mrr_at_risk:
            stake += f", under notice {self.mrr_at_risk:,.2f}"
        return f"Health of account {self.account_id} {what} by the end of {self.month:%Y-%m}; {stake}"

    def details(self, currency: str) -> str:
        """The whole message."""
        owner = f"Its owner in the CRM is {self.owner_id}." if self.owner_id else "The CRM names no owner."
        return (
            f"{self.summary(currency)}. Compared with the end of {self.compared_month:%Y-%m}. {owner} "
            f"What its health is made of: marts.fct_health_measures_by_account_month."
        )


def _points(score: Decimal | None) -> str:
    return "unknown" if score is None else f"{score:.1f}"


def _percent(share: Decimal) -> str:
    return f"{100 * share:.0f} %"


def raise_health_alerts(run: Run, warehouse_file: Path, policies: Mapping[str, str]) -> None:
    """Raise the alerts of the newest complete month of a published version, each once; the run's end sends.

    A look back in time raises none, nor does the first publication of a home: what is complete is past.
    """
    if run.options.as_of is not None or run.options.known_at is not None:
        return
    try:
        told = _raise(run, warehouse_file, policies.get("reporting_currency", ""))
    except (OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
        run.warn(f"Falls of health could not be told: {error}")
        return
    if told:
        run.note(f"Told of {told} falls of health" if told > 1 else "Told of a fall of health")


def _raise(run: Run, warehouse_file: Path, currency: str) -> int:
    month = engine.read_rows(warehouse_file, NEWEST_COMPLETE_MONTH).values[0][0]
    if month is None:
        return 0
    beginning = _beginning(run.settings)
    if beginning is None:
        write_json(beginning_file(run.settings), {"told_after": month.isoformat()})
        return 0
    if month <= beginning:
        return 0
    raised = {record.get("alert_id") for record in read_records(alerts_file(run.settings))}
    rows = engine.read_rows(warehouse_file, FALLS, parameters=[month]).values
    falls = [Fall(row[0], row[1], month, *row[2:]) for row in rows]
    new = [fall for fall in falls if fall.alert_id not in raised]
    singly, together = new[:MOST_AT_ONCE], new[MOST_AT_ONCE:]
    for fall in singly:
        _tell(run, fall, currency)
    for fall in together:
        _tell(run, fall, currency, tell=False)
    if together:
        stake = f"MRR {sum((fall.mrr for fall in together), Decimal(0)):,.2f} {currency}"
        raise_alert(
            run.settings,
            alert_id=f"health:more:{month:%Y-%m}:{run.run_id}",
            run_id=run.run_id,
            summary=f"Health fell {len(together)} times more by the end of {month:%Y-%m}; {stake}",
            details="\n".join(fall.summary(currency) for fall in together),
            kind=HEALTH,
            deliver=False,
        )
    return len(new)


def _beginning(settings: Settings) -> date | None:
    file = beginning_file(settings)
    if not file.exists():
        return None
    return date.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["told_after"])


def _tell(run: Run, fall: Fall, currency: str, *, tell: bool = True) -> None:
    raise_alert(
        run.settings,
        alert_id=fall.alert_id,
        run_id=run.run_id,
        summary=fall.summary(currency),
        details=fall.details(currency),
        kind=HEALTH,
        tell=tell,
        deliver=False,
    )

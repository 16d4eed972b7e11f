"""What the vendor capitalised: the register, and how each asset is written off.

Straight-line by day from the day in service over the useful life, rounded as a running total at each month's
end; every update is a tranche with a life of its own, and disposal stops it. Costs are US cents. Which
entries follow is ``costs``'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from seeds.generator.chart import DENVER, LEEDS, LEIPZIG
from seeds.generator.moments import DAY, add_months, as_date, instant, month_start
from seeds.generator.money import divide_rounded
from seeds.generator.tables import Row

SOFTWARE = "internal_use_software"
TECHNOLOGY = "purchased_technology"
INFRASTRUCTURE = "infrastructure"
FACILITY = "facility"


@dataclass(frozen=True, slots=True)
class Asset:
    """``vendor`` sold it, None: it was made by the vendor's own engineers.

    ``disposed`` is the first day without it, ``proceeds`` what it was sold for.
    """

    number: int
    name: str
    kind: str
    cost: int
    capitalised: int
    in_service: int | None
    months: int
    parent: int | None = None
    vendor: str | None = None
    location: int | None = None
    disposed: int | None = None
    proceeds: int = 0

    @property
    def id(self) -> str:
        return f"FA-{self.number:04d}"

    def written_off(self, day: int) -> int:
        """What is written off before the start of ``day``, whether or not it has been disposed of since."""
        if self.in_service is None:
            return 0
        if self.disposed is not None:
            day = min(day, self.disposed)
        end = add_months(self.in_service, self.months)
        elapsed = min(max(day - self.in_service, 0), end - self.in_service)
        return divide_rounded(self.cost * (elapsed // DAY), (end - self.in_service) // DAY)


ASSETS = (
    Asset(1, "Customer portal", SOFTWARE, 54_000_00, instant(2023, 3, 31), instant(2023, 4, 1), 36,
          vendor="Summit Contractors"),
    Asset(2, "Customer portal, autumn 2023", SOFTWARE, 18_000_00, instant(2023, 10, 13),
          instant(2023, 10, 16), 36, parent=1),
    Asset(3, "Customer portal, summer 2024", SOFTWARE, 24_500_55, instant(2024, 5, 31),
          instant(2024, 6, 3), 36, parent=1),
    Asset(4, "Provisioning engine", SOFTWARE, 60_000_00, instant(2024, 2, 29), instant(2024, 2, 29), 36,
          vendor="Summit Contractors"),
    Asset(5, "Provisioning engine, self-service", SOFTWARE, 22_000_00, instant(2025, 2, 10),
          instant(2025, 2, 10), 24, parent=4),
    Asset(6, "Network analytics licence", TECHNOLOGY, 60_000_00, instant(2023, 6, 1),
          instant(2023, 6, 1), 60, vendor="Osprey Licensing"),
    Asset(7, "Vulnerability database licence", TECHNOLOGY, 27_000_00, instant(2024, 9, 2),
          instant(2024, 9, 15), 24, vendor="Osprey Licensing"),
    Asset(8, "Storage cluster", INFRASTRUCTURE, 60_000_00, instant(2023, 3, 6), instant(2023, 3, 13), 48,
          vendor="Slate Hardware", disposed=instant(2025, 6, 17), proceeds=15_000_00),
    Asset(9, "Storage cluster, second shelf", INFRASTRUCTURE, 15_000_00, instant(2024, 1, 31),
          instant(2024, 1, 31), 36, parent=8, vendor="Slate Hardware", disposed=instant(2025, 6, 17)),
    Asset(10, "Virtual data centre hosts", INFRASTRUCTURE, 120_000_00, instant(2024, 3, 25),
          instant(2024, 4, 1), 60, vendor="Slate Hardware"),
    Asset(11, "Edge routers", INFRASTRUCTURE, 34_000_00, instant(2023, 8, 21), instant(2023, 8, 21), 36,
          vendor="Slate Hardware"),
    Asset(12, "Denver fit-out", FACILITY, 66_000_00, instant(2023, 2, 1), instant(2023, 2, 1), 84,
          vendor="Copper Fit-outs", location=DENVER),
    Asset(13, "Leeds fit-out", FACILITY, 31_000_00, instant(2023, 4, 28), instant(2023, 5, 2), 60,
          vendor="Copper Fit-outs", location=LEEDS),
    Asset(14, "Leipzig fit-out", FACILITY, 42_000_01, instant(2024, 6, 28), instant(2024, 7, 1), 60,
          vendor="Copper Fit-outs", location=LEIPZIG),
    Asset(15, "Entitlement service", SOFTWARE, 28_000_00, instant(2025, 11, 28), None, 36),
    Asset(16, "Demonstration rack", INFRASTRUCTURE, 9_000_00, instant(2023, 1, 16), instant(2023, 1, 16), 24,
          vendor="Slate Hardware", disposed=instant(2025, 3, 20), proceeds=1_200_00),
)  # fmt: skip


def asset_rows(horizon: int) -> list[Row]:
    """Rows of the register at the end of the last complete month, as far as they are known at the export."""
    return [
        (
            asset.id, asset.name, asset.kind, f"{asset.cost // 100}.{asset.cost % 100:02d}", "USD",
            as_date(asset.capitalised), _known(asset.in_service, horizon), asset.months,
            _known(asset.disposed, horizon), None if asset.parent is None else f"FA-{asset.parent:04d}",
        )
        for asset in ASSETS
        if asset.capitalised < month_start(horizon)
    ]  # fmt: skip


def _known(day: int | None, horizon: int) -> str | None:
    return None if day is None or day > horizon else as_date(day)

# SPDX-License-Identifier: EUPL-1.2
"""The services of savings: budgets and their warnings, nights and years, built on the cloud's."""

from dataclasses import dataclass
from typing import Self

from cloud.alerts.notes import Notes
from cloud.alerts.service import Alerts
from cloud.demand.bills.service import ExpectedBills
from cloud.demand.history.weathering import Weathering
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.jobs import Jobs
from cloud.savings import tasks
from cloud.savings.budgets import Budgets
from cloud.savings.comparing import Comparing
from cloud.savings.service import Savings
from cloud.savings.warnings import Warnings
from cloud.tariffs.costs import Costs
from cloud.weather.service import WeatherRecords


@dataclass(frozen=True, kw_only=True)
class SavingServices:
    """What the routes and jobs of savings stand on."""

    budgets: Budgets
    comparing: Comparing
    savings: Savings
    warnings: Warnings

    @classmethod
    def built(
        cls,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        notes: Notes,
        alerts: Alerts,
        costs: Costs,
        bills: ExpectedBills,
        weather: WeatherRecords,
    ) -> Self:
        """Return them on an open database, their jobs registered."""
        budgets = Budgets(database, clock, bills)
        comparing = Comparing(database, clock, Weathering(database, weather), weather)
        warnings = Warnings(database, clock, jobs, budgets, notes)
        tasks.register(jobs, warnings)
        return cls(
            budgets=budgets,
            comparing=comparing,
            savings=Savings(database, clock, costs, alerts, budgets, comparing),
            warnings=warnings,
        )

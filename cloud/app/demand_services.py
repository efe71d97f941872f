# SPDX-License-Identifier: EUPL-1.2
"""The services of demand: histories, models, forecasts, studies, built on those of the cloud."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from cloud.demand.bills.service import ExpectedBills
from cloud.demand.history import tasks as history_tasks
from cloud.demand.history.datasets import Datasets
from cloud.demand.history.imports import HistoryImports
from cloud.demand.history.series import SeriesKeeper
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.weathering import Weathering
from cloud.demand.issued import limits_service
from cloud.demand.issued import tasks as demand_tasks
from cloud.demand.issued.audits_service import Audits
from cloud.demand.issued.buildings_service import BuildingForecasts
from cloud.demand.issued.limits_service import Limits
from cloud.demand.issued.points import PointForecasts
from cloud.demand.issued.service import IssuedForecasts
from cloud.demand.runs.asking import Programs
from cloud.demand.runs.registry import ModelRegistry
from cloud.demand.runs.service import Cadence, Runs
from cloud.demand.runs.skies import PlacedSkies
from cloud.demand.studies import program as studies_program
from cloud.demand.studies.service import Studies
from cloud.demand.usual.peers_service import PeerBuildings
from cloud.demand.usual.service import UsualDays
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.jobs import Jobs
from cloud.kit.mail import Mail
from cloud.kit.sealing import Sealing
from cloud.kit.settings import CloudSettings
from cloud.tariffs.costs import Costs
from cloud.weather.service import WeatherRecords
from cloud.webhooks.service import Outbox

STUDY_TIMEOUT_S = 900  # ten years of hours take a minute or three of one core


@dataclass(frozen=True, kw_only=True)
class DemandServices:
    """What the routes, jobs and commands of demand stand on."""

    history: DemandHistory
    series: SeriesKeeper
    imports: HistoryImports
    datasets: Datasets
    models: ModelRegistry
    runs: Runs
    issued: IssuedForecasts
    buildings: BuildingForecasts
    audits: Audits
    limits: Limits
    studies: Studies
    bills: ExpectedBills
    usual: UsualDays
    peers: PeerBuildings

    @classmethod
    def built(
        cls,
        settings: CloudSettings,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        mail: Mail,
        sealing: Sealing,
        outbox: Outbox,
        weather: WeatherRecords,
        costs: Costs,
    ) -> Self:
        """Return them on an open database, their jobs registered."""
        weathering = Weathering(database, weather)
        history = DemandHistory(database, settings.aggregate_min_premises)
        series = SeriesKeeper(database, clock, history)
        history_tasks.register(jobs, series, history, clock)
        models = ModelRegistry(database, clock, settings.data_dir / "models", sealing)
        cadence = Cadence(
            forecast_every=timedelta(hours=settings.demand_forecast_every_h),
            refit_after=timedelta(days=settings.demand_refit_after_days),
        )
        skies = PlacedSkies(weathering)
        runs = Runs(database, clock, history, skies, models, Programs(), cadence)
        issued = IssuedForecasts(database, clock, history)
        audits = Audits(database, clock, history, models)
        limits = Limits(database, clock, history, outbox, jobs, mail, settings.base_url)
        demand_tasks.register(jobs, clock, runs, models, issued, audits, limits)
        limits_service.register(jobs, limits)
        asked = Programs(STUDY_TIMEOUT_S, studies_program.__name__)
        return cls(
            history=history,
            series=series,
            imports=HistoryImports(database, clock, history, series),
            datasets=Datasets(database, clock, history, weathering),
            models=models,
            runs=runs,
            issued=issued,
            buildings=BuildingForecasts(database, clock, history),
            audits=audits,
            limits=limits,
            studies=Studies(clock, history, weathering, weather, issued, limits, asked),
            bills=ExpectedBills(costs, clock, PointForecasts(database, clock, history)),
            usual=UsualDays(database, clock, weather),
            peers=PeerBuildings(database, clock, settings.aggregate_min_premises),
        )

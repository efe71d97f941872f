# SPDX-License-Identifier: EUPL-1.2
"""The nightly audit on a database: what came of forecasts is told, and what drifts is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from procrastinate.testing import InMemoryConnector
from structlog.testing import capture_logs

from cloud.demand.issued import tasks
from cloud.demand.issued.audits_service import Audits
from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.series import WEEK_H
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.errors import NotFoundError
from cloud.kit.jobs import Jobs
from tests.integration.cloud.demand_builders import (
    NOW,
    Demand,
    a_series,
    demand_on,
    with_history,
)
from tests.integration.cloud.store import Store
from tests.integration.cloud.test_demand_forecasts import a_run

GROUP = "water/city/l/sofia/1"
OPERATOR = Principal(subject="user:1", role=Role.OPERATOR)
STRANGER = Principal(subject="user:2", role=Role.UTILITY, supplier_id="water-two")


@pytest_asyncio.fixture
async def demand(store: Store, tmp_path: Path) -> AsyncIterator[Demand]:
    """Yield two series with twelve weeks of use each, and a model of them."""
    made = demand_on(store.database, tmp_path)
    await with_history(made, a_series("a"), a_series("b"))
    await made.runs.fit(GROUP)
    yield made


def _audits(demand: Demand) -> Audits:
    return Audits(demand.database, demand.clock, demand.history, demand.models)


async def _days(demand: Demand, days: int, factor: float) -> None:
    """Forecast each day, and let use come in: as a week ago, times ``factor`` for series a."""
    usage = await demand.history.usage(["a", "b"], NOW - timedelta(days=7), NOW)
    week = {"a": usage.amounts[0], "b": usage.amounts[1]}
    for _ in range(days):
        await demand.runs.forecast(GROUP)
        first = demand.clock.time
        demand.clock.time += timedelta(days=1)
        at = int((first - NOW).total_seconds() // 3600) % WEEK_H
        for name, times in (("a", factor), ("b", 1.0)):
            await demand.bring(name, times * week[name][at : at + 24], demand.clock.time, first)


async def test_an_audit_tells_what_came_of_forecasts_to_who_may_see_the_series(
    demand: Demand,
) -> None:
    await _days(demand, 8, 1.0)
    [group] = await demand.runs.groups()
    assert await _audits(demand).of_group(group) == []
    told = await _audits(demand).accuracy(OPERATOR, "b")
    found = {(one["window_days"], one["lead"]): one for one in told.figures}
    tomorrow = found[7, "day_1"]
    assert tomorrow["hours"] == 7 * 24
    assert tomorrow["mae"] == pytest.approx(0, abs=1e-3)
    assert tomorrow["coverage90_pct"] == 100
    assert tomorrow["naive_mae"] == pytest.approx(0, abs=1e-3)
    assert tomorrow["check_mae"] > 0
    assert found[28, "days_8_14"]["hours"] == 0
    assert told.model is not None
    with pytest.raises(NotFoundError):
        await _audits(demand).accuracy(STRANGER, "b")


async def test_the_model_told_is_the_newest_that_knows_the_series(demand: Demand) -> None:
    demand.clock.time += timedelta(days=7)
    newest = await demand.runs.fit(GROUP)
    assert newest is not None
    told = await _audits(demand).accuracy(OPERATOR, "b")
    assert told.model is not None
    assert told.model.model_version == newest.model_version
    await with_history(demand, a_series("c"))
    assert (await _audits(demand).accuracy(OPERATOR, "c")).model is None


async def test_a_use_that_grew_for_good_is_found_to_drift_once(demand: Demand) -> None:
    await _days(demand, 6, 1.5)
    [group] = await demand.runs.groups()
    audits = _audits(demand)
    assert await audits.of_group(group) == ["a"]
    assert await audits.of_group(group) == []
    told = await audits.accuracy(OPERATOR, "a")
    [drift] = told.drifts
    assert drift["direction"] == "up"
    assert drift["began_on"] <= (NOW + timedelta(days=2)).date()
    assert (await audits.accuracy(OPERATOR, "b")).drifts == []


async def _issued(demand: Demand, **told: tuple[float, float, float]) -> None:
    """Have three weeks of forecasts by the model, each of two days; use comes in as last week's.

    ``told``: by series, low and high over what will be used, and how far the middle is above and
    below it in turns.
    """
    model = await demand.models.newest(GROUP)
    assert model is not None
    usage = await demand.history.usage(list(told), NOW - timedelta(days=7), NOW)
    for week, (name, (low, high, off)) in zip(usage.amounts, told.items(), strict=True):
        used, runs = np.tile(week, 4), []
        for day in range(21):
            its = used[24 * day : 24 * day + 48]
            middle = its * (1 + off * np.tile([1.0, -1.0], 24))
            issued_at = NOW + timedelta(days=day)
            runs.append(
                a_run(
                    series_id=name,
                    issued_at=issued_at,
                    known_at=issued_at,
                    model_version=model.model_version,
                    fallback_reason=None,
                    quantiles=np.stack([its * low, middle, its * high], axis=1),
                )
            )
        async with demand.database.transaction(as_system=True) as connection:
            await forecasts_repository.add(connection, runs)
        await demand.bring(name, used[: 21 * 24], NOW + timedelta(days=21), NOW)
    demand.clock.time = NOW + timedelta(days=21)


HONEST = (0.9, 1.1, 0.02)
NARROW = (1.001, 1.01, 0.02)
WRONG = (0.1, 1.9, 0.8)


async def test_narrow_ranges_and_grown_errors_are_found_once_and_told_honest_ones_are_not(
    demand: Demand,
) -> None:
    await with_history(demand, a_series("c"))
    demand.clock.time += timedelta(minutes=1)
    await demand.runs.fit(GROUP)
    await _issued(demand, a=NARROW, b=HONEST, c=WRONG)
    [group] = await demand.runs.groups()
    audits = _audits(demand)
    with capture_logs() as logged:
        assert await audits.of_group(group) == ["a", "c"]
        assert await audits.of_group(group) == []
    events = [one for one in logged if one["event"] == "forecasts_drift"]
    assert [(one["series"], one["what"], one["direction"]) for one in events] == [
        ("a", "coverage", "down"),
        ("c", "error", "up"),
    ]
    assert {one["log_level"] for one in events} == {"warning"}
    told = {name: await audits.accuracy(OPERATOR, name) for name in ("a", "b", "c")}
    assert told["b"].drifts == []
    [narrow] = told["a"].drifts
    assert narrow["began_on"] == NOW.date() + timedelta(days=1)  # the first day in Sofia
    last = {name: one.weeks[-1] for name, one in told.items()}
    assert (last["a"]["coverage90_pct"], last["b"]["coverage90_pct"]) == (0, 100)
    assert last["c"]["error_pct"] > 2 * last["c"]["check_error_pct"] > 0
    assert 14 < last["c"]["model_age_days"] < 21


async def test_what_is_found_to_drift_is_queued_to_be_fitted_the_same_night(demand: Demand) -> None:
    await _issued(demand, a=NARROW, b=HONEST)
    jobs, connector = Jobs("host=nowhere"), InMemoryConnector()
    jobs.app = jobs.app.with_connector(connector)
    no_limits: Any = None  # nothing is forecast here
    tasks.register(
        *(jobs, demand.clock, demand.runs, demand.models, demand.issued, _audits(demand)), no_limits
    )
    for _ in range(2):  # the next night it is known
        await jobs.app.tasks[tasks.AUDIT](group_id=GROUP)
        queued = [(one["task_name"], one["args"]) for one in connector.jobs.values()]
        assert queued == [(tasks.FIT, {"group_id": GROUP, "because": "drift"})]
    await jobs.app.tasks[tasks.FIT](group_id=GROUP, because="drift")
    model = await demand.models.newest(GROUP)
    assert model is not None
    assert (model.because, model.known_at) == ("drift", demand.clock.time)


async def test_a_series_that_was_never_forecast_has_no_figures(demand: Demand) -> None:
    [group] = await demand.runs.groups()
    assert await _audits(demand).of_group(group) == []
    told = await _audits(demand).accuracy(OPERATOR, "a")
    assert list(told.figures) == []
    assert np.isfinite(told.model.fit_s if told.model else np.nan)

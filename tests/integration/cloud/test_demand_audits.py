# SPDX-License-Identifier: EUPL-1.2
"""The nightly audit on a database: what came of forecasts is told, and what drifts is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from cloud.demand.issued.audits_service import Audits
from cloud.demand.series import WEEK_H
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.errors import NotFoundError
from tests.integration.cloud.demand_builders import (
    NOW,
    Demand,
    a_series,
    demand_on,
    with_history,
)
from tests.integration.cloud.store import Store

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
    return Audits(demand.database, demand.clock, demand.history, demand.runs, demand.models)


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


async def test_a_series_that_was_never_forecast_has_no_figures(demand: Demand) -> None:
    [group] = await demand.runs.groups()
    assert await _audits(demand).of_group(group) == []
    told = await _audits(demand).accuracy(OPERATOR, "a")
    assert list(told.figures) == []
    assert np.isfinite(told.model.fit_s if told.model else np.nan)

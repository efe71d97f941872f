# SPDX-License-Identifier: EUPL-1.2
"""Series that are forecast, with what came of it, for those who look at how the whole stands."""

from datetime import timedelta

import numpy as np

from cloud.demand.history import repository as history_repository
from cloud.demand.issued import audits_repository
from cloud.demand.issued.audits import Audited, Drift
from cloud.demand.runs import registry_repository
from cloud.demand.runs import repository as forecasts_repository
from tests.integration.cloud.builders import NOON, CloudInTest
from tests.integration.cloud.demand_builders import a_model, a_series
from tests.integration.cloud.test_demand_forecasts import a_run

ISSUED = NOON - timedelta(hours=4)


async def with_forecasts(
    cloud: CloudInTest, *, coverage_pct: float = 70.0, drifts: bool = True
) -> None:
    """Have two series: one is forecast by a model, audited and drifts; one by the way out."""
    await cloud.utility()  # whose the series are
    told = a_run(series_id="told", issued_at=ISSUED, model_version="m-one", fallback_reason=None)
    way_out = a_run(series_id="young", issued_at=ISSUED - timedelta(hours=6))
    figures = Audited(
        window_days=28,
        lead="day_1",
        hours=672,
        mae=1.0,
        mape_pct=1.0,
        bias_pct=0.0,
        pinball_pct=1.0,
        coverage90_pct=coverage_pct,
        width90_pct=10.0,
        naive_mae=2.0,
        fallback_pct=0.0,
    )
    drift = Drift(
        what="coverage",
        began_on=ISSUED.date() - timedelta(days=3),
        found_on=ISSUED.date(),
        direction="up",
        statistic=np.nextafter(5.0, 6.0),
    )
    async with cloud.services.database.transaction(as_system=True) as connection:
        for name in ("told", "young"):
            one = a_series(name, place_id=None)
            await history_repository.put_series(connection, one, "user:1", ISSUED)
        await registry_repository.add(connection, a_model("told", known_at=ISSUED))
        await forecasts_repository.add(connection, [told, way_out])
        await audits_repository.put(connection, "told", NOON.date(), [figures], {})
        if drifts:
            await audits_repository.add_drift(connection, "told", ISSUED, drift, "m-one")

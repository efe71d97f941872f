# SPDX-License-Identifier: EUPL-1.2
"""The weather that runs go by: that of a place, as it was known, and what it was made of."""

import importlib.util
from datetime import datetime

from cloud.demand.history.models import Series
from cloud.demand.history.weathering import CLIMATOLOGY, FORECAST, Weathering, holiday
from cloud.demand.runs.inputs import Sky
from cloud.demand.series import Hours, Weather


class PlacedSkies:
    """Tells the weather of places as it was known; of none, when holidays are."""

    def __init__(self, weathering: Weathering) -> None:
        self._weathering = weathering

    async def place_of(self, series: Series) -> str | None:
        """Return whose weather a series goes by."""
        return await self._weathering.place_of(series)

    async def over(
        self, place_id: str | None, hours: Hours, issued_at: datetime, known_at: datetime
    ) -> Sky:
        """Return the weather of these hours; shares are of those from ``issued_at`` on."""
        if place_id is None:
            is_known = importlib.util.find_spec("holidays") is not None
            columns = {"holiday": holiday(hours)} if is_known else {}
            return Sky(weather=Weather(hours=hours, columns=columns))
        told = await self._weathering.weather(place_id, hours, known_at)
        ahead = told.origins[max(0, hours.index(issued_at)) :]
        return Sky(
            weather=told.weather,
            newest=told.newest,
            forecast_share=float((ahead == FORECAST).mean()) if ahead.size else 0.0,
            climatology_share=float((ahead == CLIMATOLOGY).mean()) if ahead.size else 0.0,
        )

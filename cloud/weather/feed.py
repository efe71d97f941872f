# SPDX-License-Identifier: EUPL-1.2
"""The feed: forecasts of every place that has one, fetched and kept; a place that fails waits.

Of runs older than 90 days the first of each day is kept, of those older than three years none: as
many as an honest backtest of day-ahead forecasts needs. Forty places with four runs a day then hold
about 30 million rows, some 4 GB.
"""

from datetime import date, datetime, timedelta

import structlog

from cloud.kit.clock import Clock
from cloud.weather.fetching import FetchFailedError, OpenMeteo
from cloud.weather.importing import Imported
from cloud.weather.service import WeatherRecords

log = structlog.get_logger(__name__)

THINNED_AFTER = timedelta(days=90)
DROPPED_AFTER = timedelta(days=3 * 366)


class Feed:
    """Fetches forecasts; nothing where no place has a feed."""

    def __init__(self, records: WeatherRecords, source: OpenMeteo, clock: Clock) -> None:
        self._records = records
        self._source = source
        self._clock = clock

    async def place_ids(self) -> list[str]:
        """Return the places whose forecasts are to be fetched."""
        return [one.place_id for one in await self._records.places() if one.feed is not None]

    async def fetch(self, place_id: str) -> int:
        """Fetch the newest forecast of a place; return how many rows it has."""
        place = await self._records.place(place_id)
        told = await self._source.forecast(place)
        arrived_at = self._clock.now()
        added = 0
        for one in told:
            added += (await self._records.take_in(place_id, one, run_at=arrived_at)).added
        log.info("forecast_fetched", place_id=place_id, rows=added)
        return added

    async def fetch_past(self, place_id: str, first: date, last: date) -> list[Imported]:
        """Fetch what was from ``first`` to ``last``, both included; return what came of it."""
        place = await self._records.place(place_id)
        told = await self._source.archive(place, first, last)
        return [await self._records.take_in(place_id, one) for one in told]

    async def fetch_all(self) -> dict[str, int | str]:
        """Fetch the forecast of each place; return how many rows came, or what went wrong."""
        found: dict[str, int | str] = {}
        for place_id in await self.place_ids():
            try:
                found[place_id] = await self.fetch(place_id)
            except FetchFailedError as error:
                log.warning("forecast_not_fetched", place_id=place_id, error=str(error))
                found[place_id] = str(error)
        return found

    async def thin(self) -> int:
        """Drop runs that are too old; return how many rows went."""
        now: datetime = self._clock.now()
        gone = await self._records.thin_runs(now - THINNED_AFTER, now - DROPPED_AFTER)
        if gone:
            log.info("forecasts_thinned", rows=gone)
        return gone

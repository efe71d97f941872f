# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module: forecasts are fetched four times a day where places have a feed."""

import structlog
from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from cloud.kit.jobs import Jobs
from cloud.weather.feed import Feed
from cloud.weather.fetching import FetchFailedError

log = structlog.get_logger(__name__)

FETCH = "weather.fetch_forecast"
FETCH_ALL = "weather.fetch_forecasts"
THIN = "weather.thin_runs"
# Global models run at 0, 6, 12 and 18 UTC and are out some five hours later.
AFTER_THE_RUNS = "20 5,11,17,23 * * *"
NIGHTLY = "43 2 * * *"
ATTEMPTS = 4
PAUSE_S = 300


def register(jobs: Jobs, feed: Feed) -> None:
    """Tell the worker how to fetch forecasts, and when."""
    again = RetryStrategy(max_attempts=ATTEMPTS, wait=PAUSE_S, retry_exceptions=[FetchFailedError])

    @jobs.app.task(name=FETCH, queue="weather", retry=again)
    async def fetch_forecast(place_id: str) -> None:
        await feed.fetch(place_id)

    @jobs.app.periodic(cron=AFTER_THE_RUNS)
    @jobs.app.task(name=FETCH_ALL, queue="weather")
    async def fetch_forecasts(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        for place_id in await feed.place_ids():
            once = fetch_forecast.configure(queueing_lock=f"{FETCH} {place_id}")
            try:
                await once.defer_async(place_id=place_id)
            except AlreadyEnqueued:
                log.info("forecast_is_queued", place_id=place_id)

    @jobs.app.periodic(cron=NIGHTLY)
    @jobs.app.task(name=THIN, queue="weather")
    async def thin_runs(timestamp: int) -> None:  # noqa: ARG001
        await feed.thin()

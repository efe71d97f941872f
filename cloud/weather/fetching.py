# SPDX-License-Identifier: EUPL-1.2
"""Forecasts and archives fetched from Open-Meteo, by the client that reaches public addresses only.

Which run a forecast is of isn't told; it counts as known when it arrived, which is never too early.
Free use there is for non-commercial purposes and up to 10,000 calls a day; the data are CC BY 4.0.
Source: open-meteo.com/en/docs, /en/docs/historical-weather-api, /en/terms.
"""

from datetime import date

import httpx

from cloud.kit.addresses import AddressRefusedError
from cloud.kit.errors import CloudError
from cloud.weather.models import Place
from cloud.weather.sources import Told, UnreadableWeatherError, open_meteo

FORECAST_URL = "https://api.open-meteo.com/v1/forecast"
ARCHIVE_URL = "https://archive-api.open-meteo.com/v1/archive"
FORECAST_DAYS = 16
MAX_ANSWER_BYTES = 64 << 20  # ten years of hours of seven columns are about 6 MB


class FetchFailedError(CloudError):
    """A source of weather didn't answer as it should."""

    status = 502
    code = "fetch-failed"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} did not answer with weather: {reason}.")


class OpenMeteo:
    """Asks Open-Meteo about places."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        forecast_url: str = FORECAST_URL,
        archive_url: str = ARCHIVE_URL,
    ) -> None:
        self._client = client
        self._forecast_url = forecast_url
        self._archive_url = archive_url

    async def forecast(self, place: Place) -> list[Told]:
        """Return the newest forecast of the hours and days to come, or raise FetchFailedError."""
        asked = {"forecast_days": str(FORECAST_DAYS), **_about(place)}
        answer = await self._answer(self._forecast_url, asked)
        return _told(answer, self._forecast_url, is_forecast=True)

    async def archive(self, place: Place, first: date, last: date) -> list[Told]:
        """Return what was from ``first`` to ``last``, both included, or raise FetchFailedError."""
        asked = {"start_date": first.isoformat(), "end_date": last.isoformat(), **_about(place)}
        answer = await self._answer(self._archive_url, asked)
        return _told(answer, self._archive_url, is_forecast=False)

    async def _answer(self, url: str, asked: dict[str, str]) -> object:
        content = bytearray()
        try:
            async with self._client.stream("GET", url, params=asked) as answer:
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > MAX_ANSWER_BYTES:
                        raise FetchFailedError(url, f"more than {MAX_ANSWER_BYTES} bytes came")
                if answer.status_code != httpx.codes.OK:
                    said = content[:200].decode(errors="replace")
                    raise FetchFailedError(url, f"{answer.status_code} {said}".strip())
            return httpx.Response(200, content=bytes(content)).json()
        except AddressRefusedError as error:
            raise FetchFailedError(url, str(error)) from error
        except (httpx.HTTPError, ValueError) as error:
            raise FetchFailedError(url, str(error) or type(error).__name__) from error


def _about(place: Place) -> dict[str, str]:
    """Return the question: our columns, our units, UTC, at the place's height."""
    return {
        "latitude": f"{place.latitude:.4f}",
        "longitude": f"{place.longitude:.4f}",
        "elevation": f"{place.elevation_m:.0f}",
        "hourly": ",".join(open_meteo.HOURLY),
        "wind_speed_unit": "ms",
        "timezone": "UTC",
    }


def _told(answer: object, url: str, *, is_forecast: bool) -> list[Told]:
    try:
        return open_meteo.told_in(answer, url, is_forecast=is_forecast)
    except UnreadableWeatherError as error:
        raise FetchFailedError(url, str(error)) from error

# SPDX-License-Identifier: EUPL-1.2
"""The weather over HTTP, for everybody: it is published, and so are the terms it stands under."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from cloud.kit.errors import InvalidRequestError
from cloud.kit.schemas import Identifier, Instant, Listing, Name
from cloud.weather import csv_text, degree_days, schemas, snow
from cloud.weather.models import (
    DAY_COLUMNS,
    HOUR_COLUMNS,
    Bools,
    Floats,
    Place,
    Resolution,
    Weather,
)
from cloud.weather.service import WeatherRecords

router = APIRouter(prefix="/weather", tags=["weather"])

MAX_DAYS_OF_HOURS = 366
MAX_DAYS = 40 * 366
# Snow that lies longer than from one August on is ice: none does in Bulgaria.
SNOWLESS_MONTH = 8
DECIMALS = 3
FIRST_YEAR, LAST_YEAR = 1850, 2199


def _records(request: Request) -> WeatherRecords:
    found: WeatherRecords = request.app.state.weather
    return found


Records = Annotated[WeatherRecords, Depends(_records)]
PathId = Annotated[Identifier, Path()]
First = Annotated[date, Query(alias="from", description="A day.", examples=["2026-01-01"])]
End = Annotated[
    date, Query(alias="to", description="The day after the last.", examples=["2026-02-01"])
]
KnownAt = Annotated[
    Instant | None, Query(description="As it was known then; as it is known now, if not told.")
]
Form = Annotated[Literal["json", "csv"], Query(alias="format")]
Degrees = Annotated[float, Query(ge=-30, le=50)]
A_TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The weather in columns; as CSV with a row each, where that is asked for.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.get("/places")
async def weather_places(records: Records) -> Listing[schemas.Place]:
    """Return all places whose weather is recorded, what is there, and under which terms."""
    observed = await records.extents()
    return Listing(
        items=[
            schemas.Place(
                **_said(
                    one, ("place_id", "latitude", "longitude", "elevation_m", "kind", "source")
                ),
                **_said(one, ("licence", "attribution", "day_zone")),
                name=Name(bg=one.name_bg, en=one.name_en),
                observed=[
                    schemas.Extent(
                        resolution=extent.resolution.value,
                        first=extent.first.astimezone(UTC),
                        last=extent.last.astimezone(UTC),
                        known_at=extent.known_at.astimezone(UTC),
                    )
                    for extent in observed.get(one.place_id, ())
                ],
            )
            for one in await records.places()
        ]
    )


@router.get("/places/{place_id}/hours", responses=A_TABLE, response_model=schemas.Hours)
async def weather_hours(
    place_id: PathId,
    first: First,
    end: End,
    records: Records,
    columns: Annotated[list[Literal[HOUR_COLUMNS]] | None, Query()] = None,  # type: ignore[valid-type]
    as_known_at: KnownAt = None,
    form: Form = "json",
) -> Any:
    """Return the hours of days of UTC, a year at most: observed, else forecast, else estimated."""
    _check(first, end, MAX_DAYS_OF_HOURS)
    place = await records.place(place_id)
    since, until = _midnight(first), _midnight(end)
    weather = await records.hours(place_id, since, until, as_known_at)
    names = columns or list(HOUR_COLUMNS)
    if form == "csv":
        return _csv(place, weather, names)
    return schemas.Hours(
        **_about(place, weather, as_known_at),
        **_columns(weather, names),
        interval_start=[weather.grid.at(index) for index in range(weather.grid.count)],
    )


@router.get("/places/{place_id}/days", responses=A_TABLE, response_model=schemas.Days)
async def weather_days(
    place_id: PathId,
    first: First,
    end: End,
    records: Records,
    columns: Annotated[list[Literal[DAY_COLUMNS]] | None, Query()] = None,  # type: ignore[valid-type]
    as_known_at: KnownAt = None,
    form: Form = "json",
) -> Any:
    """Return days of the place's calendar, forty years at most."""
    _check(first, end, MAX_DAYS)
    place = await records.place(place_id)
    weather = await records.days(place_id, first, end, as_known_at)
    names = columns or list(DAY_COLUMNS)
    if form == "csv":
        return _csv(place, weather, names)
    return schemas.Days(
        **_about(place, weather, as_known_at),
        **_columns(weather, names),
        day_zone=place.day_zone,
        day=_days(weather),
    )


@router.get("/places/{place_id}/flags")
async def weather_flags(
    place_id: PathId,
    resolution: Literal["hour", "day"],
    first: First,
    end: End,
    records: Records,
) -> Listing[schemas.Flag]:
    """Return what the last check found wrong; what was told is answered all the same."""
    _check(first, end, MAX_DAYS)
    found = await records.flags(place_id, Resolution(resolution), _midnight(first), _midnight(end))
    return Listing(
        items=[
            schemas.Flag(
                rule=one.rule,
                column=one.column,
                since=one.since.astimezone(UTC),
                until=one.until.astimezone(UTC),
                explanation=one.explanation,
            )
            for one in found
        ]
    )


@router.get("/places/{place_id}/degree-days")
async def weather_degree_days(
    place_id: PathId,
    first: First,
    end: End,
    records: Records,
    as_known_at: KnownAt = None,
    heating_base_c: Degrees = degree_days.HEATING_BASE_C,
    heating_threshold_c: Degrees = degree_days.HEATING_THRESHOLD_C,
    cooling_base_c: Degrees = degree_days.COOLING_BASE_C,
    cooling_threshold_c: Degrees = degree_days.COOLING_THRESHOLD_C,
) -> schemas.DegreeDays:
    """Return heating and cooling degree days, by Eurostat's definition unless told otherwise."""
    _check(first, end, MAX_DAYS)
    place = await records.place(place_id)
    weather = await records.days(place_id, first, end, as_known_at)
    mean_c = degree_days.daily_means(
        *(weather.get(f"temperature{which}_c") for which in ("", "_min", "_max"))
    )
    heating = degree_days.heating(mean_c, heating_base_c, heating_threshold_c)
    cooling = degree_days.cooling(mean_c, cooling_base_c, cooling_threshold_c)
    estimated = weather.estimated.get("temperature_c", np.zeros(0, dtype=np.bool_))
    return schemas.DegreeDays(
        **_about(place, weather, as_known_at),
        heating_base_c=heating_base_c,
        heating_threshold_c=heating_threshold_c,
        cooling_base_c=cooling_base_c,
        cooling_threshold_c=cooling_threshold_c,
        day=_days(weather),
        heating_c_d=_numbers(heating),
        cooling_c_d=_numbers(cooling),
        heating_sum_c_d=round(float(np.nansum(heating)), DECIMALS),
        cooling_sum_c_d=round(float(np.nansum(cooling)), DECIMALS),
        unknown_days=int(np.isnan(mean_c).sum()),
        estimated_days=int(estimated.sum()),
    )


@router.get("/places/{place_id}/snow-water")
async def weather_snow_water(
    place_id: PathId, first: First, end: End, records: Records, as_known_at: KnownAt = None
) -> schemas.SnowWater:
    """Return the water that lies as snow, reckoned since the last August before: an index."""
    _check(first, end, MAX_DAYS)
    place = await records.place(place_id)
    begin = date(first.year - (first.month < SNOWLESS_MONTH), SNOWLESS_MONTH, 1)
    weather = await records.days(place_id, begin, end, as_known_at)
    found = snow.snow_water(weather.get("temperature_c"), weather.get("precipitation_mm"))
    left = (first - begin).days
    return schemas.SnowWater(
        **_about(place, weather, as_known_at),
        melt_factor_mm_per_c_d=snow.MELT_MM_PER_C_D,
        day=_days(weather)[left:],
        snow_water_mm=_numbers(found.water_mm[left:]),
        melt_mm=_numbers(found.melt_mm[left:]),
        unknown_days=[int(one) for one in found.unknown_days[left:]],
    )


def _check(first: date, end: date, most_days: int) -> None:
    if not FIRST_YEAR <= first.year <= end.year <= LAST_YEAR:
        raise InvalidRequestError(f"Days lie between {FIRST_YEAR} and {LAST_YEAR}, in order.")
    if not 0 < (end - first).days <= most_days:
        raise InvalidRequestError(
            f"From {first} to {end} isn't one day at least and {most_days} at most."
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _days(weather: Weather) -> list[date]:
    first = weather.grid.start.date()
    return [first + timedelta(days=index) for index in range(weather.grid.count)]


def _said(place: Place, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(place, name) for name in names}


def _about(place: Place, weather: Weather, as_known_at: datetime | None) -> dict[str, Any]:
    return {
        **_said(place, ("place_id", "licence", "attribution")),
        "as_known_at": as_known_at,
        "newest_known_at": weather.newest,
    }


def _columns(weather: Weather, names: Sequence[str]) -> dict[str, Any]:
    return {
        "columns": {name: _numbers(weather.get(name)) for name in names},
        "estimated": _indices(weather.estimated, names),
        "forecast": _indices(weather.forecast, names),
        "errors": {
            name: round(error, DECIMALS) for name, error in weather.errors.items() if name in names
        },
    }


def _numbers(column: Floats) -> list[float | None]:
    return [None if np.isnan(one) else round(float(one), DECIMALS) for one in column]


def _indices(marks: Mapping[str, Bools], names: Sequence[str]) -> dict[str, list[int]]:
    return {name: np.flatnonzero(marks[name]).tolist() for name in names if name in marks}


def _csv(place: Place, weather: Weather, names: Sequence[str]) -> Response:
    kind = "hours" if weather.grid.resolution is Resolution.HOUR else "days"
    disposition = f'attachment; filename="{place.place_id}-{kind}.csv"'
    return Response(
        csv_text.table(place, weather, names),
        media_type="text/csv",
        headers={"Content-Disposition": disposition},
    )

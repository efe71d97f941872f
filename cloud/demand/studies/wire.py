# SPDX-License-Identifier: EUPL-1.2
"""What is asked of the program that studies a series: JSON and arrays in one file, no pickles."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.series import Hours, Usage, Weather
from cloud.demand.studies.climate import DailyTemperature

EXPLAIN, SCENARIO = "explain", "scenario"
_HEAD, _USAGE, _YEARS, _WEATHER = "head", "usage", "years", "weather:"


@dataclass(frozen=True, kw_only=True)
class Question:
    """To explain one series, or to tell what may come.

    ``weather`` reaches as far as is asked about; ``years``: a long record of days, None for none.
    """

    task: str
    usage: Usage
    weather: Weather
    years: DailyTemperature | None = None


def pack(question: Question) -> bytes:
    """Return a question as bytes."""
    usage, weather, years = question.usage, question.weather, question.years
    head = {
        "task": question.task,
        "series_ids": usage.series_ids,
        "start_s": int(usage.hours.start.timestamp()),
        "zone": str(usage.hours.zone),
        "weather_start_s": int(weather.hours.start.timestamp()),
        "weather_count": weather.hours.count,
        "first_day": None if years is None else years.first_day,
    }
    arrays: dict[str, Any] = {_WEATHER + name: told for name, told in weather.columns.items()}
    if years is not None:
        arrays[_YEARS] = years.mean_c
    arrays[_HEAD] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    arrays[_USAGE] = usage.amounts
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def read(packed: bytes) -> Question:
    """Return the question in ``packed``."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays[_HEAD].tobytes())
    zone = UTC if head["zone"] == "UTC" else ZoneInfo(head["zone"])
    amounts, years = arrays[_USAGE], None
    if head["first_day"] is not None:
        years = DailyTemperature(first_day=head["first_day"], mean_c=arrays[_YEARS])
    return Question(
        task=head["task"],
        usage=Usage(
            series_ids=tuple(head["series_ids"]),
            hours=Hours(start=_at(head["start_s"]), count=amounts.shape[1], zone=zone),
            amounts=amounts,
        ),
        weather=Weather(
            hours=Hours(start=_at(head["weather_start_s"]), count=head["weather_count"], zone=zone),
            columns={
                name.removeprefix(_WEATHER): told
                for name, told in arrays.items()
                if name.startswith(_WEATHER)
            },
        ),
        years=years,
    )


def _at(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)

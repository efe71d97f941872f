# SPDX-License-Identifier: EUPL-1.2
"""What is asked of a program that runs models, and what it answers: JSON and arrays in one file.

NumPy's own format, read without its pickles. A model inside is bytes: who asks has made sure that
they are ours, for only the program that runs models opens them.
"""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.runs.check import Figures
from cloud.demand.runs.groups import Forecasts
from cloud.demand.series import DAY_H, Hours, Usage, Weather

FIT, FORECAST = "fit", "forecast"
_HEAD, _MODEL = "head", "model"


@dataclass(frozen=True, kw_only=True)
class Question:
    """To fit a model to a group, or to forecast it; ``weather`` reaches to the end of that.

    ``every_h``: how many hours of the day a model learns to forecast from are apart. ``model`` None
    to forecast without one.
    """

    task: str
    usage: Usage
    weather: Weather
    horizon_h: int
    every_h: int = DAY_H
    model: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class FittedAnswer:
    """A model, and its own check: scores by lead, over all and by series; empty without one."""

    model: bytes
    overall: dict[str, Figures]
    by_series: dict[str, dict[str, Figures]]
    spread: dict[str, tuple[float, float]]  # by series: bias and spread of days' errors, as a share
    has_days: bool
    fit_s: float


def pack_question(question: Question) -> bytes:
    """Return a question as bytes."""
    hours = question.usage.hours
    head = {
        "task": question.task,
        "horizon_h": question.horizon_h,
        "every_h": question.every_h,
        "series_ids": question.usage.series_ids,
        "start_s": int(hours.start.timestamp()),
        "zone": str(hours.zone),
        "weather_start_s": int(question.weather.hours.start.timestamp()),
        "weather_count": question.weather.hours.count,
    }
    columns = {f"weather:{name}": told for name, told in question.weather.columns.items()}
    return _packed(head, question.model, usage=question.usage.amounts, **columns)


def read_question(told: bytes) -> Question:
    """Return the question in ``told``."""
    head, model, arrays = _read(told)
    zone = UTC if head["zone"] == "UTC" else ZoneInfo(head["zone"])
    amounts = arrays.pop("usage")
    return Question(
        task=head["task"],
        horizon_h=head["horizon_h"],
        every_h=head["every_h"],
        model=model,
        usage=Usage(
            series_ids=tuple(head["series_ids"]),
            hours=Hours(start=_at(head["start_s"]), count=amounts.shape[1], zone=zone),
            amounts=amounts,
        ),
        weather=Weather(
            hours=Hours(start=_at(head["weather_start_s"]), count=head["weather_count"], zone=zone),
            columns={name.removeprefix("weather:"): told for name, told in arrays.items()},
        ),
    )


def pack_fitted(answer: FittedAnswer) -> bytes:
    """Return the answer to FIT as bytes."""
    head = {name: told for name, told in vars(answer).items() if name != "model"}
    return _packed(head, answer.model)


def read_fitted(told: bytes) -> FittedAnswer:
    """Return the answer to FIT in ``told``."""
    head, model, _ = _read(told)
    spread = {name: (float(bias), float(one)) for name, (bias, one) in head.pop("spread").items()}
    return FittedAnswer(model=model or b"", spread=spread, **head)


def pack_forecasts(answer: Forecasts) -> bytes:
    """Return the answer to FORECAST as bytes."""
    head = {"reasons": answer.reasons, "failure": answer.failure}
    return _packed(head, None, quantiles=answer.quantiles, sums=answer.sums, peaks=answer.peaks)


def read_forecasts(told: bytes) -> Forecasts:
    """Return the answer to FORECAST in ``told``."""
    head, _, arrays = _read(told)
    return Forecasts(reasons=tuple(head["reasons"]), failure=head["failure"], **arrays)


def _at(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)


def _packed(head: dict[str, Any], model: bytes | None, **arrays: Any) -> bytes:
    file = io.BytesIO()
    arrays[_HEAD] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    if model is not None:
        arrays[_MODEL] = np.frombuffer(model, np.uint8)
    np.savez(file, **arrays)
    return file.getvalue()


def _read(told: bytes) -> tuple[dict[str, Any], bytes | None, dict[str, Any]]:
    with np.load(io.BytesIO(told), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays.pop(_HEAD).tobytes())
    model = arrays.pop(_MODEL).tobytes() if _MODEL in arrays else None
    return head, model, arrays

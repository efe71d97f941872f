# SPDX-License-Identifier: EUPL-1.2
"""What forecasts, their accuracy and their models look like over HTTP."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel

Reason = Literal[
    "too_little_history",
    "stale_usage",
    "no_weather",
    "no_model",
    "model_failed",
    "implausible_forecast",
]


class Inputs(BaseModel):
    """What was known when a forecast was made.

    ``known_at``: nothing that became known later is in it. ``usage_until`` is the end of the newest
    hour of use that was known, ``weather_known_at`` when the newest weather became known. The
    shares are of the hours ahead: from a weather forecast, from earlier years; the rest unknown.
    """

    known_at: AwareDatetime
    usage_until: AwareDatetime | None
    weather_known_at: AwareDatetime | None
    weather_forecast_share: float
    weather_climatology_share: float


class ForecastHour(BaseModel):
    """An hour of a forecast; ``used`` where that is known by now."""

    interval_start: AwareDatetime
    p05: float
    p50: float
    p95: float
    used: float | None


class Quantiles(BaseModel):
    """A day's amount; p05 and p95 None where days have no range that was checked."""

    p05: float | None
    p50: float
    p95: float | None
    used: float | None


class ForecastDay(BaseModel):
    """A whole local day: its sum, and its highest hour."""

    day: date
    sum: Quantiles
    peak: Quantiles


class Forecast(BaseModel):
    """A forecast as it was issued, with what was used beside.

    ``is_fallback``: the naive model's (as a week ago) with wide ranges, because of
    ``fallback_reason``. Days have ranges of their own, made from what the model missed past days
    by, not from the hours' (``day_ranges``: calibrated; none where there was too little to learn
    them from).
    """

    series_id: str
    utility: str
    unit: str
    timezone: str
    resolution: Literal["hour", "day"]
    issued_at: AwareDatetime
    made_at: AwareDatetime
    model_version: str | None
    is_fallback: bool
    fallback_reason: Reason | None
    inputs: Inputs
    day_ranges: Literal["calibrated", "none"]
    hours: list[ForecastHour]
    days: list[ForecastDay]


class Issues(BaseModel):
    """When forecasts of a series were issued, the newest first."""

    items: list[AwareDatetime]


class AuditFigures(BaseModel):
    """How forecasts came out at a lead, over the days before the audit; None where none did.

    ``naive_mae`` is that of "as a week ago" over the same hours, ``check_mae`` what the newest
    model's own check promised when it was fitted.
    """

    window_days: int
    lead: Literal["day_1", "days_2_7", "days_8_14"]
    hours: int
    mae: float | None
    mape_pct: float | None
    bias_pct: float | None
    pinball_pct: float | None
    coverage90_pct: float | None
    width90_pct: float | None
    naive_mae: float | None
    check_mae: float | None
    fallback_pct: float


class WeekFigures(BaseModel):
    """How forecasts of the coming day fared in a week, against what the models' checks promised.

    ``error_pct`` is the mean absolute error of hours over the level of use, ``check_error_pct`` the
    same of the walk-forward check when those models were fitted, and ``model_age_days`` how old
    they were on average. The way out's forecasts don't count.
    """

    week_from: date
    days: int
    error_pct: float
    check_error_pct: float | None
    coverage90_pct: float
    model_age_days: float


class Drift(BaseModel):
    """Since when a model's forecasts lastingly don't hold; it is fitted anew once that is found.

    ``use``: use is above (up) or below (down) what was forecast. ``error``: errors are larger than
    its check promised. ``coverage``: ranges hold too few hours (down) or too many (up).
    """

    what: Literal["use", "error", "coverage"]
    found_at: AwareDatetime
    began_on: date
    direction: Literal["up", "down"]
    statistic: float
    model_version: str | None


class ModelSummary(BaseModel):
    """A model: what it was made of, and how it did in its own walk-forward check, by lead.

    ``is_kept``: what it learnt is still there. ``because``: why it was fitted.
    """

    model_version: str
    group_id: str
    series: int
    because: Literal["first", "age", "series", "code", "drift", "lost", "asked"]
    fitted_at: AwareDatetime
    known_at: AwareDatetime
    data_from: AwareDatetime
    data_until: AwareDatetime
    data_sha256: str
    code: str
    learners: dict[str, str]
    parameters: dict[str, float]
    fit_s: float
    scores: dict[str, dict[str, float | None]]
    has_days: bool
    size_bytes: int
    is_kept: bool


class Accuracy(BaseModel):
    """How good the forecasts of a series were, as of the last nightly audit."""

    series_id: str
    unit: str
    audited_on: date | None
    figures: list[AuditFigures]
    weeks: list[WeekFigures]
    drifts: list[Drift]
    model: ModelSummary | None


class Models(BaseModel):
    """All models, the newest first; ``is_on`` tells whether forecasts are made here at all."""

    is_on: bool
    items: list[ModelSummary]


def summary_of(model: Any) -> ModelSummary:
    """Return a model as it is shown."""
    told = vars(model) | {"series": len(model.series_ids), "is_kept": model.dropped_at is None}
    return ModelSummary.model_validate({name: told[name] for name in ModelSummary.model_fields})

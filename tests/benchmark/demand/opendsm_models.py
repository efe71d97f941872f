# SPDX-License-Identifier: EUPL-1.2
"""OpenDSM's models behind one call: fitted on the last year of the baseline, as its method asks.

They are given temperature only, so that they answer for the same weather as CalTRACK; hours and
days that they refuse to use are their own choice. What they raise is told as a crash.
"""

import logging
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cloud.demand.series import DAY_H, Floats
from tests.benchmark.demand.meters import Meter

BASELINE_H = 365 * DAY_H


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a model predicted by day or by hour of the reporting period, or how it failed."""

    predicted: Floats | None
    low: Floats | None
    high: Floats | None
    fit_s: float
    failure: str = ""


def daily(meter: Meter, version: str) -> Told:
    """Run the daily model, ``current`` or ``legacy`` (CalTRACK 2)."""
    from opendsm.eemeter import DailyBaselineData, DailyModel, DailyReportingData

    def run() -> pd.DataFrame:
        known, asked = _frames(meter)
        model = DailyModel(model=version)
        given = DailyBaselineData(known, is_electricity_data=meter.is_electricity)
        model.fit(given, ignore_disqualification=True)
        wanted = DailyReportingData(asked, is_electricity_data=meter.is_electricity)
        return model.predict(wanted, ignore_disqualification=True)

    return _told(meter, run, "D")


def hourly(meter: Meter) -> Told:
    """Run the hourly model."""
    from opendsm.eemeter import HourlyBaselineData, HourlyModel, HourlyReportingData

    def run() -> pd.DataFrame:
        known, asked = _frames(meter)
        given = HourlyBaselineData(known, is_electricity_data=meter.is_electricity)
        model = HourlyModel().fit(given, ignore_disqualification=True)
        wanted = HourlyReportingData(asked, is_electricity_data=meter.is_electricity)
        return model.predict(wanted, ignore_disqualification=True)

    return _told(meter, run, "h")


def _frames(meter: Meter) -> tuple[pd.DataFrame, pd.DataFrame]:
    first, last = (meter.usage.hours.index(at) for at in (meter.start, meter.end))
    frame = pd.DataFrame(
        {
            "temperature": meter.weather.get("temperature_c") * 1.8 + 32,
            "observed": meter.usage.amounts[0],
        },
        index=pd.date_range(meter.usage.hours.start, periods=meter.usage.hours.count, freq="h"),
    )
    return frame.iloc[max(0, first - BASELINE_H) : first], frame.iloc[first:last]


def _told(meter: Meter, run: object, step: str) -> Told:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    try:
        frame = run()  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - whatever theirs raises is a result of this benchmark
        nothing = dict.fromkeys(("predicted", "low", "high"))
        failure = f"{type(error).__name__}: {error}".splitlines()[0][:80]
        return Told(**nothing, fit_s=time.perf_counter() - began, failure=failure)
    finally:
        logging.disable(logging.NOTSET)
    fit_s = time.perf_counter() - began
    index = pd.date_range(meter.start, meter.end, freq=step, inclusive="left")
    frame = frame[~frame.index.duplicated()].reindex(index)
    middle = frame["predicted"].to_numpy(dtype=float)
    spread = (
        frame["predicted_unc"].to_numpy(dtype=float)
        if "predicted_unc" in frame
        else middle * np.nan
    )
    return Told(predicted=middle, low=middle - spread, high=middle + spread, fit_s=fit_s)

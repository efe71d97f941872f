# SPDX-License-Identifier: EUPL-1.2
"""Tomorrow's peak: each hour keeps its range, hours hang together, probabilities come true."""

import gzip
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from cloud.demand.model import LEVELS
from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather
from cloud.demand.studies.additive import fit
from cloud.demand.studies.peak import Peak, TooFewDaysError, brier, errors_of, paths, peak_of
from tests.needs import shared_data

LEARNT_D = 366
LAST_D = 120  # whose errors make ranges and paths


def a_day(*, peak_hour: int = 18) -> Floats:
    """Return a forecast (24, levels) of 100, and 150 in one hour, ten up or down."""
    middle = np.where(np.arange(DAY_H) == peak_hour, 150.0, 100.0)
    return np.stack([middle - 10, middle, middle + 10], axis=1)


def errors(*, together: bool, days: int = 400) -> Floats:
    luck = np.random.default_rng(2)
    told = luck.normal(0, 1 / 1.645, (days, 1 if together else DAY_H))
    return np.broadcast_to(told, (days, DAY_H)).copy()


def test_each_hour_keeps_the_range_that_was_forecast():
    drawn = paths(a_day(), errors(together=False))
    for level, told in zip(LEVELS, a_day().T, strict=True):
        assert np.quantile(drawn, level, axis=0) == pytest.approx(told, abs=0.7)


def test_hours_that_err_together_rise_together():
    together, apart = (
        np.corrcoef(paths(a_day(), errors(together=one))[:, [3, 12]].T)[0, 1]
        for one in (True, False)
    )
    assert together > 0.99
    assert abs(apart) < 0.15


def test_the_hour_that_stands_out_is_the_peak():
    told = peak_of(a_day(peak_hour=7), errors(together=False))
    assert told.by_hour.argmax() == 7
    assert told.by_hour.sum() == pytest.approx(1)
    assert told.by_hour[7] > 0.95
    assert told.quantiles[1] == pytest.approx(150, abs=1)


def test_a_flat_day_peaks_higher_than_any_of_its_hours_where_they_err_apart():
    flat = np.tile([90.0, 100.0, 110.0], (DAY_H, 1))
    apart = peak_of(flat, errors(together=False)).passes(110)
    together = peak_of(flat, errors(together=True)).passes(110)
    assert apart > 0.6  # 1 - 0.95 ** 24 = 0.71
    assert together == pytest.approx(0.05, abs=0.02)


def test_a_probability_is_never_certain_of_what_few_days_can_not_tell():
    told = peak_of(a_day(), errors(together=True))
    assert 0 < told.passes(1e9) < 0.01
    assert 0.99 < told.passes(0) < 1


def test_a_peak_that_was_always_told_too_high_is_told_lower():
    raw = peak_of(a_day(), errors(together=True))
    low = np.random.default_rng(4).uniform(0, 0.5, 300)
    righted = peak_of(a_day(), errors(together=True), low)
    assert righted.quantiles[1] < raw.quantiles[1] - 2
    assert righted.passes(150) < 0.15


def test_few_past_days_are_refused():
    with pytest.raises(TooFewDaysError, match="19 past days"):
        peak_of(a_day(), errors(together=True, days=19))


def test_days_not_known_whole_teach_nothing():
    used = np.full((30, DAY_H), 105.0)
    used[4, 7] = np.nan
    told = errors_of(used, np.tile(np.array([90.0, 100.0, 110.0]), (30, DAY_H, 1)))
    assert told.shape == (29, DAY_H)
    assert (told == 0.5).all()


@pytest.fixture(scope="module")
def victoria() -> tuple[list[Peak], Floats]:
    """Return peaks of 2013's days as told the day before (with the day's weather), and use."""
    file = shared_data("power_vic") / "vic_hourly_2012_2013.csv.gz"
    table = pl.read_csv(gzip.decompress(file.read_bytes()), try_parse_dates=True)
    hours = Hours(start=datetime(2011, 12, 31, 23, tzinfo=UTC), count=len(table))
    usage = Usage(series_ids=("vic",), hours=hours, amounts=table["load_mw"].to_numpy()[None])
    weather = Weather(
        hours=hours,
        columns={name: table[name].to_numpy() for name in ("temperature_c", "holiday")},
    )
    usage = usage.between(1, hours.count)  # from midnight on
    model = fit(usage.until(LEARNT_D * DAY_H), weather).model(("drift",))
    days = usage.hours.count // DAY_H
    used = usage.amounts[0, : days * DAY_H].reshape(days, DAY_H)
    fitted = model.fitted(usage.hours, weather)[: days * DAY_H].reshape(days, DAY_H)
    off = used - fitted
    told = np.full((days, DAY_H, len(LEVELS)), np.nan)
    level = np.array([np.nanmean(off[max(0, day - 7) : day]) if day else 0 for day in range(days)])
    missed = off - level[:, None]
    for day in range(LAST_D, days):
        spread = np.nanquantile(missed[day - LAST_D : day], LEVELS, axis=0).T
        told[day] = fitted[day][:, None] + level[day] + spread
    peaks, levels = [], np.full(days, np.nan)
    for day in range(2 * LAST_D, days):
        past = slice(day - LAST_D, day)
        off = errors_of(used[past], told[past])
        levels[day] = peak_of(told[day], off).level_of(float(used[day].max()))
        if day >= LEARNT_D:
            peaks.append(peak_of(told[day], off, levels[past]))
    return peaks, used[LEARNT_D:days]


def test_peaks_of_victoria_fall_below_each_level_as_often_as_told(victoria):
    peaks, used = victoria
    came = used.max(axis=1)
    assert len(peaks) > 360
    for level in (0.1, 0.25, 0.5, 0.75, 0.9):
        tops = [np.quantile(one.peaks, level) for one in peaks]
        below = np.mean(came <= tops)
        assert below == pytest.approx(level, abs=0.06), level


def test_probabilities_of_passing_a_limit_come_true_in_victoria(victoria):
    peaks, used = victoria
    came = used.max(axis=1)
    for limit in np.quantile(came, (0.25, 0.5, 0.75, 0.9)):
        told = np.array([one.passes(float(limit)) for one in peaks])
        passed = came > limit
        assert told.mean() == pytest.approx(passed.mean(), abs=0.06)
        likely = told > 0.5
        assert passed[likely].mean() == pytest.approx(told[likely].mean(), abs=0.12)
        assert passed[~likely].mean() == pytest.approx(told[~likely].mean(), abs=0.06)
        always = np.full(len(peaks), passed.mean())
        assert brier(told, passed) < 0.5 * brier(always, passed)


def test_the_hour_of_the_peak_is_told_better_than_by_how_often_it_is(victoria):
    peaks, used = victoria
    at = np.eye(DAY_H)[used.argmax(axis=1)]
    told = np.array([one.by_hour for one in peaks])
    assert np.mean((told - at) ** 2) < 0.95 * np.mean((at.mean(axis=0) - at) ** 2)

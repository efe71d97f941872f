# SPDX-License-Identifier: EUPL-1.2
"""What explains demand: temperature, calendar, holidays, season, trend, rain, and the rest.

The parts of an hour add up to what the model fits, and with ``rest`` to what was used. Whether a
group is worth its place is told by leaving out whole weeks or months and refitting without it: a
group whose worth can't be told from nothing is said not to help. Weather other than temperature
then gets no part at all; temperature, holidays, season, trend (over years) and drift (over months)
get none where fits are better without. Groups go one by one, for two that tell the same would each
seem to be worth nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather
from cloud.demand.studies.additive import MIN_BLOCKS, Additive, Fitting, TooLittleHistoryError, fit
from cloud.demand.studies.students import t_quantile
from cloud.demand.studies.terms import (
    CALENDAR,
    DRIFT,
    HOLIDAY,
    HUMIDITY,
    RAIN,
    SEASON,
    SUN,
    SUPPLY_RAIN,
    TEMPERATURE,
    TREND,
    WIND,
)

OPTIONAL = (SUPPLY_RAIN, RAIN, HUMIDITY, WIND, SUN)  # kept only if they are shown to help
USUAL = (TEMPERATURE, HOLIDAY, SEASON, TREND, DRIFT)  # kept unless fits are better without
REST, BASE = "rest", "base"
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a group is worth: by how much the error of blocks left out grows without it.

    Attributes:
        gain_pct: growth of the root mean squared error; below 0 the group does harm.
        low_pct, high_pct: its 95 % interval from the spread between blocks.
        alone_pct: what the group takes off the error when it is the only one beside the calendar.
        kept: whether it has a part.
    """

    group: str
    gain_pct: float
    low_pct: float
    high_pct: float
    alone_pct: float
    blocks: int
    kept: bool

    @property
    def helps(self) -> bool:
        """Whether the gain can be told from nothing."""
        return self.low_pct > 0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What explains a series.

    Attributes:
        parts: by name, each (hours,), ``base`` and ``rest`` among them; they add up to use. Rest is
            NaN where use is unknown, all are where temperature is.
        reference_c: the steady temperature at which least is used; the part of temperature is what
            is used above that. None without temperature.
        worths: of each group tried.
        error_pct: CVRMSE of blocks left out.
    """

    series_id: str
    hours: Hours
    parts: Mapping[str, Floats]
    reference_c: float | None
    worths: tuple[Worth, ...]
    blocks: int
    error_pct: float
    model: Additive

    def of_span(self, first: int, last: int) -> dict[str, float]:
        """Return the sum of each part over the hours from ``first`` to before ``last``."""
        known = ~np.isnan(self.parts[REST][first:last])
        return {name: float(part[first:last][known].sum()) for name, part in self.parts.items()}

    def mean_shares_pct(self) -> dict[str, float]:
        """Return each part's share of all that was used; they add up to 100."""
        sums = self.of_span(0, self.hours.count)
        whole = sum(sums.values())
        return {name: part / whole * 100 if whole else 0.0 for name, part in sums.items()}

    def variance_shares_pct(self, *, by_day: bool = False) -> dict[str, float]:
        """Return each part's share of the variance of use by hour or day; they add up to 100.

        A share is the covariance with use over its variance: parts that move together share what
        they explain together, and one that moves against the others may be below 0.
        """
        moved = {
            name: self._by_day(part) if by_day else part[~np.isnan(self.parts[REST])]
            for name, part in self.parts.items()
            if name != BASE
        }
        use = np.sum(list(moved.values()), axis=0)
        variance = float(use.var())
        return {
            name: float(np.cov(part, use, bias=True)[0, 1]) / variance * 100 if variance else 0.0
            for name, part in moved.items()
        }

    def _by_day(self, part: Floats) -> Floats:
        known = ~np.isnan(self.parts[REST])
        day = self.hours.day - self.hours.day[0]
        counts = np.bincount(day[known])
        sums = np.bincount(day[known], weights=part[known])
        return np.asarray(sums[counts == DAY_H])


def explain(usage: Usage, weather: Weather, row: int = 0) -> Explanation:
    """Return what explains one series.

    Raises:
        TooLittleHistoryError: the history can't tell.
    """
    fitting = fit(usage, weather, row)
    if len(fitting.products.blocks) < MIN_BLOCKS:
        raise TooLittleHistoryError(
            f"{usage.series_ids[row]} spans {len(fitting.products.blocks)} blocks;"
            f" {MIN_BLOCKS} are needed to tell what helps."
        )
    dropped, worths = unhelpful(fitting)
    model = fitting.model(dropped)
    mean_square = float(fitting.errors(dropped).sum() / fitting.products.hours().sum())
    rmse = float(np.sqrt(mean_square)) * fitting.use_scale
    parts, reference_c = _parts(model, usage, weather, row, dropped)
    mean = float(np.nanmean(usage.amounts[row]))
    return Explanation(
        series_id=usage.series_ids[row],
        hours=usage.hours,
        parts=parts,
        reference_c=reference_c,
        worths=tuple(worths[name] for name in fitting.terms.names),
        blocks=len(fitting.products.blocks),
        error_pct=rmse / mean * 100 if mean else float("nan"),
        model=model,
    )


def unhelpful(fitting: Fitting, keep: Collection[str] = ()) -> tuple[list[str], dict[str, Worth]]:
    """Return the groups that get no part, in the order in which they went, and all worths."""
    dropped: list[str] = []
    worths = _worths(fitting, dropped)
    while failing := [one for one in worths.values() if _fails(one) and one.group not in keep]:
        worst = min(failing, key=lambda one: one.gain_pct)
        dropped.append(worst.group)
        worths = _worths(fitting, dropped, worths)
    return dropped, worths


def _fails(worth: Worth) -> bool:
    if not worth.kept:
        return False
    if worth.group in OPTIONAL:
        return not worth.helps
    return worth.group in USUAL and worth.gain_pct < 0


def _worths(
    fitting: Fitting, dropped: list[str], before: Mapping[str, Worth] | None = None
) -> dict[str, Worth]:
    """Return the worth of each group in the model without those dropped, whose worth is kept."""
    full = fitting.errors(dropped)
    told = {}
    for name in fitting.terms.names:
        if name in dropped and before is not None:
            told[name] = replace(before[name], kept=False)
            continue
        gain, low, high = _interval(full, fitting.errors([*dropped, name]))
        alone = before[name].alone_pct if before is not None else _alone_pct(fitting, name)
        told[name] = Worth(
            group=name,
            gain_pct=gain,
            low_pct=low,
            high_pct=high,
            alone_pct=alone,
            blocks=full.size,
            kept=True,
        )
    return told


def _alone_pct(fitting: Fitting, name: str) -> float:
    others = [one for one in fitting.terms.names if one not in (CALENDAR, name)]
    alone, nothing = fitting.errors(others), fitting.errors([*others, name])
    return float(1 - np.sqrt(alone.sum() / nothing.sum())) * 100


def _interval(full: Floats, less: Floats) -> tuple[float, float, float]:
    """Return (gain, low, high) in % of RMSE: a ratio of sums over blocks, with its t interval.

    Source: Cochran (1977), ratio estimation.
    """
    ratio = float(less.sum() / full.sum())
    off = less - ratio * full
    blocks = full.size
    error = float(np.sqrt((off**2).sum() / (blocks - 1) / blocks)) / float(full.mean())
    reach = t_quantile((1 + CONFIDENCE) / 2, blocks - 1) * error
    low, high = max(ratio - reach, 0.0), ratio + reach
    gain, least, most = ((float(np.sqrt(one)) - 1) * 100 for one in (ratio, low, high))
    return gain, least, most


def _parts(
    model: Additive, usage: Usage, weather: Weather, row: int, dropped: list[str]
) -> tuple[dict[str, Floats], float | None]:
    """Return the parts, each measured from where it is nothing: mild, dry, no holiday."""
    hours = usage.hours
    parts = {
        name: part for name, part in model.parts(hours, weather).items() if name not in dropped
    }
    base = np.full(hours.count, model.coefficients[-1])
    for name in (HOLIDAY, RAIN):
        if name in parts:
            at = model.groups[name]
            nothing = -(model.mean[at] / model.scale[at]) @ model.coefficients[at]
            parts[name] = parts[name] - nothing
            base += nothing
    reference_c = None
    if TEMPERATURE in parts:
        reference_c, profile = _mildest(model)
        parts[TEMPERATURE] = parts[TEMPERATURE] - profile[hours.hour_of_day]
        parts[CALENDAR] = parts[CALENDAR] + profile[hours.hour_of_day] - profile.mean()
        base += profile.mean()
    fitted = base + np.sum(list(parts.values()), axis=0)
    known = np.where(np.isnan(fitted), np.nan, 0.0)
    parts = {BASE: base + known} | {name: part + known for name, part in parts.items()}
    return parts | {REST: usage.amounts[row] - fitted}, reference_c


def _mildest(model: Additive) -> tuple[float, Floats]:
    """Return the steady temperature of least use, and the temperature's part by hour then.

    Looked for where the history has nine in ten of its temperatures: at the ends a few hours tell.
    """
    at = model.groups[TEMPERATURE]
    low, high = model.terms.knots[0], model.terms.knots[-1]
    found = {}
    for celsius in np.linspace(low, high, 41):
        columns = (model.terms.at_steady(celsius) - model.mean[at]) / model.scale[at]
        found[float(celsius)] = columns @ model.coefficients[at]
    best = min(found, key=lambda celsius: float(found[celsius].mean()))
    return best, found[best]

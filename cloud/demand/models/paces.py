# SPDX-License-Identifier: EUPL-1.2
"""Paces: level and shape of use, followed day by day, some quickly and some slowly.

Each day moves the level of a series a little and is remembered as the shape of its weekday; both
forget exponentially. How fast is not chosen once: several paces run side by side, and count, for
each series and each day ahead, by how well they did of late.
Sources: Winters (1960), additive seasons; Gelper, Fried and Croux (2010), the clipping of outliers;
Bates and Granger (1969), combining by past errors.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.demand.models.local_days import WEEK_DAYS
from cloud.demand.series import DAY_H, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a series' level and shape are forgotten.

    ``level`` is the share of a day's surprise that stays; the shape is forgotten by half in
    ``half_weeks``.
    """

    level: float
    half_weeks: float


# Source: among paces from 0.05 to 0.8 and 1 to 8 weeks, on 59 weeks of ten districts; the choice
# matters little (2 %) as long as slow and fast ones are among them.
PACES = tuple(Pace(level=level, half_weeks=half) for half in (1.0, 3.0) for level in (0.1, 0.4))
_PREFERENCE = 12  # a pace that errs 6 % more counts half
_FADE = 0.5 ** (1 / 14)  # of a pace's record, each day
_CLIP = 4.0  # times the usual error: more in a single hour is a burst or a fault, not a habit
_USUAL_SHARE = 0.05  # of a day, in the usual error
_OTHERS = 0.1  # what a day counts for other weekdays of its sort; one half of it is 5 days of 10
_ANY = 1e-3  # and for all others, until they have come once
_SORTS = np.array([0, 0, 0, 0, 0, 1, 2])  # workdays, Saturday, Sunday
_MIX = np.where(_SORTS[:, None] == _SORTS[None, :], _OTHERS, 0.0) + _ANY
np.fill_diagonal(_MIX, 1.0)
_TINY = 1e-12
_MOST_WEIGHT = 1e9
_LEAST_COUNT = 1e-250  # of a shape's weights: days long past count next to nothing, but they do


class Walk:
    """Level and shape of each series at each pace: arrays are (paces, series, …)."""

    def __init__(self, amounts: Floats, paces: tuple[Pace, ...]) -> None:
        count = amounts.shape[0]
        self._share = np.array([pace.level for pace in paces])[:, None]
        self._kept = np.array([0.5 ** (1 / (WEEK_DAYS * pace.half_weeks)) for pace in paces])
        self._level = np.tile(_first_level(amounts), (len(paces), 1))
        self._sums = np.zeros((len(paces), count, WEEK_DAYS, DAY_H))
        self._counts = np.zeros_like(self._sums)
        self._usual_error = np.full((len(paces), count), np.nan)
        self._foreseen: deque[Floats] = deque(maxlen=WEEK_DAYS)
        self._errors = np.zeros((len(paces), count, WEEK_DAYS))
        self._judged = np.zeros((1, count, WEEK_DAYS))
        self._record = np.zeros_like(self._errors)
        self._of_days = np.full((len(paces), count, WEEK_DAYS), np.nan)
        # Weights of days grow instead of all older ones shrinking.
        self._weight = np.ones(len(paces))

    @property
    def level(self) -> Floats:
        """The level of each series: (series,)."""
        return np.asarray(self._level.mean(axis=0))

    @property
    def usual_error(self) -> Floats:
        """What an hour of each series is missed by as a rule: (series,)."""
        return np.asarray(self._usual_error.mean(axis=0))

    def ahead(self, kinds: Ints) -> Floats:
        """Return what days of these kinds are forecast: (paces, series, days, 24)."""
        shapes = {kind: self._shape(kind) for kind in set(kinds.tolist())}
        return self._level[..., None, None] + np.stack([shapes[one] for one in kinds.tolist()], 2)

    def foresee(self, kinds: Ints) -> None:
        """Note what the coming days, at most a week, are forecast, to be judged as they come."""
        self._foreseen.append(self.ahead(kinds))

    def mixed(self, told: Floats) -> Floats:
        """Return the paces' mean, weighed by their record: (series, days, 24)."""
        lead = np.minimum(np.arange(told.shape[2]), WEEK_DAYS - 1)
        best = self._record.min(axis=0)
        merit = np.where(best > 0, best / np.maximum(self._record, _TINY), 1.0) ** _PREFERENCE
        weights = (merit / merit.sum(axis=0))[:, :, lead, None]
        return np.asarray((weights * told).sum(axis=0))

    def learn(self, used: Floats, kind: int) -> None:
        """Take in a day's use, (series, 24); NaN where unknown or still to come."""
        known = ~np.isnan(used)
        self._judge(used, known)
        if not known.any():
            return
        shape = self._shape(kind)
        surprise = np.nan_to_num(self._clipped(used - self._level[..., None] - shape))
        mean = surprise.sum(axis=2) / np.maximum(known.sum(axis=1), 1)
        # The first day of its sort tells how such days are, not that the level has moved.
        met = self._counts[:, :, _SORTS[kind] == _SORTS].any(axis=(2, 3))
        step = self._share * known.mean(axis=1) * mean * met
        self._level = self._level + step
        self._weight = self._weight / self._kept
        self._keep_in_bounds()
        weight = self._weight[:, None, None] * known
        self._sums[:, :, kind] += weight * (shape + surprise - step[..., None])
        self._counts[:, :, kind] += weight

    def _keep_in_bounds(self) -> None:
        """Scale sums and counts of a pace down before its weights pass what a number can hold."""
        for pace in np.flatnonzero(self._weight > _MOST_WEIGHT):
            self._sums[pace] /= self._weight[pace]
            self._counts[pace] /= self._weight[pace]
            self._weight[pace] = 1.0

    def _judge(self, used: Floats, known: Floats) -> None:
        """Compare a day with what it was forecast on each day of the week before."""
        counts = known.sum(axis=1)
        for lead, told in enumerate(reversed(self._foreseen)):
            if lead >= told.shape[2]:
                continue
            missed = np.where(known, np.abs(told[:, :, lead] - used), 0.0).sum(axis=2)
            # The last record fades by half in 14 days; hours that are unknown say nothing.
            self._errors[..., lead] = self._errors[..., lead] * _FADE + missed
            self._judged[..., lead] = self._judged[..., lead] * _FADE + counts
        self._record = self._errors / np.maximum(self._judged, _TINY)

    def _clipped(self, surprise: Floats) -> Floats:
        """Clip single hours to what is usual for the series, or was on most days of this week."""
        size = np.abs(surprise)
        any_known: NDArray[np.bool_] = np.any(~np.isnan(size), axis=2)
        self._of_days = np.where(
            any_known[..., None],
            np.concatenate([self._of_days[..., 1:], _median(size)[..., None]], axis=2),
            self._of_days,
        )
        limit = _CLIP * np.fmax(self._usual_error, _median(self._of_days))[..., None]
        clipped = np.where(limit > 0, np.clip(surprise, -limit, limit), surprise)
        known = ~np.isnan(clipped)
        mean = np.abs(np.where(known, clipped, 0.0)).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
        share = np.where(np.isnan(self._usual_error), 1.0, _USUAL_SHARE)
        moved = np.nan_to_num(self._usual_error) * (1 - share) + share * mean
        self._usual_error = np.where(any_known, moved, self._usual_error)
        return clipped

    def _shape(self, kind: int) -> Floats:
        """Return what hours of such a day differ from the level by: (paces, series, 24)."""
        sums = np.tensordot(self._sums, _MIX[kind], axes=(2, 0))
        counts = np.tensordot(self._counts, _MIX[kind], axes=(2, 0))
        return np.asarray(sums / np.maximum(counts, _LEAST_COUNT))


def _first_level(amounts: Floats) -> Floats:
    """Return the mean of each series' first week with use that is known; NaN where none is."""
    level = np.full(amounts.shape[0], np.nan)
    for series, days in enumerate(amounts):
        known = np.flatnonzero(~np.isnan(days).all(axis=1))
        if known.size:
            level[series] = np.nanmean(days[known[0] : known[0] + WEEK_DAYS])
    return level


def _median(told: Floats) -> Floats:
    """Return the lower median of the last axis; NaN where nothing is known."""
    known: Ints = np.sum(~np.isnan(told), axis=-1)
    middle = np.maximum(known - 1, 0) // 2
    return np.take_along_axis(np.sort(told, axis=-1), middle[..., None], axis=-1)[..., 0]

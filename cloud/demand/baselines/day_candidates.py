# SPDX-License-Identifier: EUPL-1.2
"""The candidates that a baseline is mixed from, fitted on the same days and left-out blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.demand.baselines.blend import shares
from cloud.demand.baselines.change_points import ChangePoints, change_points, left_out_use
from cloud.demand.baselines.day_features import KINDS, Features
from cloud.demand.baselines.day_ridge import DayRidge, day_ridge
from cloud.demand.baselines.days import Days
from cloud.demand.series import Floats, Ints

CHANGE_POINTS = "change_points"


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Candidates and their shares, those in the mean of a day and in its course.

    The two are independent, so that errors of one can't be made up by the other: a model of days
    may know best how much, another when.

    Beyond the temperatures that were seen, use follows the slopes of the change points only: never
    less in a harder frost, and no guess of a smooth curve.

    Attributes:
        seen_c: the coldest and the hottest daily mean of the history.
        left_out: what would have been predicted for each day without its block: (days, 24).
    """

    features: Features
    ridges: Mapping[str, DayRidge]
    points: ChangePoints
    of_mean: Mapping[str, float]
    of_course: Mapping[str, float]
    seen_c: tuple[float, float]
    left_out: Floats

    def use(self, days: Days) -> Floats:
        """Return (days, 24)."""
        asked, days = days, days.within(self.seen_c)
        told = {
            kind: ridge.use(self.features.columns(kind, days))  # type: ignore[arg-type]
            for kind, ridge in self.ridges.items()
            if self.of_mean[kind] > 0 or self.of_course[kind] > 0
        }
        means = {kind: use.mean(axis=1) for kind, use in told.items()}
        means[CHANGE_POINTS] = self.points.use(days)
        mean = sum(self.of_mean[name] * means[name] for name in means)
        course = sum(self.of_course[kind] * _course(use) for kind, use in told.items())
        beyond = self.points.use(asked) - self.points.use(days)
        return np.asarray((np.asarray(mean) + beyond)[:, None] + course)


def mixture(
    days: Days,
    used: Floats,
    weights: Floats,
    blocks: Sequence[Ints],
    seasons: Sequence[Ints],
) -> Mixture:
    """Fit all candidates on ``used`` (days, 24) and mix them.

    A month left out is known from its neighbours, by a smooth season as well as by weather; a year
    ahead nobody's neighbours are known. So means are judged with whole ``seasons`` left out, too.
    """
    features = Features.of(days)
    ridges: dict[str, DayRidge] = {
        kind: day_ridge(features.columns(kind, days), used, weights, blocks, seasons)
        for kind in KINDS
    }
    mean = used.mean(axis=1)
    points = change_points(days, mean, weights)
    told = np.stack([ridge.left_out for ridge in ridges.values()])
    means = told.mean(axis=2)
    of_points = left_out_use(points, days, mean, weights, blocks)
    all_means = np.concatenate([means, of_points[None]])
    without = [ridge.mean_without_season for ridge in ridges.values()]
    of_points = left_out_use(points, days, mean, weights, seasons)
    by_season = np.stack([*without, of_points])  # type: ignore[list-item]
    ways = [all_means[:, :, None], by_season[:, :, None]]
    mean_shares = shares(ways, mean[:, None], weights)
    courses = told - means[:, :, None]
    course_shares = shares([courses], _course(used), weights)
    left_out = np.einsum("c,cdh->dh", course_shares, courses)
    left_out += (mean_shares @ all_means)[:, None]
    return Mixture(
        features=features,
        ridges=ridges,
        points=points,
        of_mean=dict(zip([*ridges, CHANGE_POINTS], mean_shares.tolist(), strict=True)),
        of_course=dict(zip(ridges, course_shares.tolist(), strict=True)),
        seen_c=(float(days.temperature_c.min()), float(days.temperature_c.max())),
        left_out=left_out,
    )


def _course(use: Floats) -> Floats:
    return np.asarray(use - use.mean(axis=1, keepdims=True))

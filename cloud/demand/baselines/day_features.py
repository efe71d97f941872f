# SPDX-License-Identifier: EUPL-1.2
"""What may explain a day's use: its weekday, its weather, the season, and how these act together.

Each kind of candidate sees other columns. All are scaled so that one penalty fits all: the smaller
a column, the more evidence it needs.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from cloud.demand.baselines.days import Days
from cloud.demand.baselines.feasts import feasts
from cloud.demand.series import Floats

Kind = Literal["calendar", "small", "weather", "season", "full", "smooth", "smooth_weather"]
KINDS: tuple[Kind, ...] = (
    "calendar",
    "small",
    "weather",
    "season",
    "full",
    "smooth",
    "smooth_weather",
)

_COLUMNS = {
    "calendar": ("week", "feasts"),
    "small": ("week", "feasts", "heat"),
    "weather": ("week", "feasts", "heat", "lag", "course", "off_heat", "sky"),
    "season": ("week", "feasts", "heat", "lag", "season", "off_heat"),
    "full": (
        *("week", "feasts", "heat", "lag", "course", "season"),
        *("off_heat", "off_season", "cold", "sky"),
    ),
}
_KNOTS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # quantiles of temperature where slopes may change
_INNER = (1, 3)  # of them, for what acts together with something else
_WAVES = 3
_FEAST = 2.0  # a few days a year have to tell what they are like
_LANDMARKS = 120  # days that a smooth candidate compares every day with
_JITTER = 1e-6


@dataclass(frozen=True, kw_only=True)
class Features:
    """Turns days into columns; scaled by the days that it was learnt from."""

    mean_c: float
    deviation_c: float
    knots: Floats
    landmarks: Days

    @classmethod
    def of(cls, days: Days) -> Self:
        """Return features for what these days can teach."""
        mean = float(days.temperature_c.mean())
        deviation = float(days.temperature_c.std())
        if deviation < _JITTER:
            deviation = 1.0
        chosen = np.unique(np.linspace(0, days.count - 1, min(days.count, _LANDMARKS)).astype(int))
        return cls(
            mean_c=mean,
            deviation_c=deviation,
            knots=(np.quantile(days.temperature_c, _KNOTS) - mean) / deviation,
            landmarks=days.of(chosen),
        )

    def columns(self, kind: Kind, days: Days) -> Floats:
        """Return (days, columns) of a kind of candidate."""
        if kind in _COLUMNS:
            groups = self._groups(days)
            return np.concatenate([groups[name] for name in _COLUMNS[kind]], axis=1)
        near = self._nearness(kind, days, self.landmarks)
        among = self._nearness(kind, self.landmarks, self.landmarks)
        values, vectors = np.linalg.eigh(among)
        kept = values > _JITTER * values[-1]
        return np.asarray(near @ (vectors[:, kept] / np.sqrt(values[kept])))

    def _groups(self, days: Days) -> dict[str, Floats]:
        warm = self._scaled(days.temperature_c)
        before = self._scaled(days.before_c)
        off = days.off[:, None]
        still = _still(days)[:, None]
        rising = np.maximum(warm[:, None] - self.knots, 0)
        course = days.course_c / self.deviation_c
        waves = _waves(days.angle)
        inner = rising[:, _INNER]
        return {
            "week": np.concatenate([np.eye(7)[days.weekday], off, days.holiday[:, None]], axis=1),
            "feasts": _FEAST * feasts(days.number),
            "heat": np.concatenate([warm[:, None], rising, (before - warm)[:, None]], axis=1),
            "lag": np.maximum(before[:, None] - self.knots[[1, 3, 4]], 0),
            "course": course,
            "season": waves,
            "off_heat": still * np.concatenate([warm[:, None], inner], axis=1),
            "off_season": still * waves[:, :4],
            "cold": course * warm[:, None],
            "sky": days.sky,
        }

    def _nearness(self, kind: Kind, days: Days, others: Days) -> Floats:
        """Return how alike days are: (days, others), the kernel of a smooth function of them."""
        mine, theirs = self._groups(days), self._groups(others)
        warm = _alike(self._warmth(days), self._warmth(others))
        off = _alike(1.5 * _still(days)[:, None], 1.5 * _still(others)[:, None])
        course = ("course", "sky")
        told = warm * (1 + off) + 0.3 * mine["week"] @ theirs["week"].T
        told += 0.5 * mine["heat"] @ theirs["heat"].T
        told += mine["feasts"] @ theirs["feasts"].T
        told += 0.3 * sum(mine[name] @ theirs[name].T for name in course)
        if kind == "smooth":
            season = _alike(mine["season"][:, :2], theirs["season"][:, :2])
            told += season * (0.5 + off + warm * off)
        return np.asarray(told)

    def _warmth(self, days: Days) -> Floats:
        return np.stack([self._scaled(days.temperature_c), self._scaled(days.before_c)], axis=1)

    def _scaled(self, temperature_c: Floats) -> Floats:
        return (temperature_c - self.mean_c) / self.deviation_c


def _still(days: Days) -> Floats:
    """Return 1 on days off and on feasts, on which heating and lights may run as on days off."""
    return np.asarray(np.maximum(days.off, feasts(days.number).max(axis=1)))


def _alike(one: Floats, other: Floats) -> Floats:
    apart = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.exp(-0.5 * np.maximum(apart, 0)))


def _waves(angle: Floats) -> Floats:
    waves = [f(k * angle) for k in range(1, _WAVES + 1) for f in (np.sin, np.cos)]
    return np.stack(waves, axis=1)

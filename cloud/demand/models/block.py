# SPDX-License-Identifier: EUPL-1.2
"""One block of hours ahead, forecast from one hour of the day: its members, weights and width.

Every member comes with what it would have said of past rows without having seen them. Weights and
widths are learnt from that alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cloud.demand.models.boosted import MAX_ROWS, Boosted, tree_columns
from cloud.demand.models.heard import heard
from cloud.demand.models.kernel import Kernel
from cloud.demand.models.linear import Linear
from cloud.demand.models.rows import Knots, Rows
from cloud.demand.models.width import Width, width_columns
from cloud.demand.series import Floats, Ints

RIDGE, KERNEL, TREES = "ridge", "kernel ridge", "trees"
_CHUNK = 1e7  # numbers in the columns of the series learnt from at a time
_COLUMNS = 130
_SHARPNESS = 4.0  # how much more a member counts that misses by less
_LENT_ROWS = 200.0  # a series' own errors count as much as all series' from so many rows on
_LEAST_ERROR = 1e-6  # over the series' scale: who is never wrong doesn't count without end
_SEED = 7


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a block forecasts: (series, origins, leads), over the series' scale."""

    middle: Floats
    width: Floats


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """Rows kept for trees, weights and widths."""

    series: Ints
    folds: Ints
    columns: Floats  # (rows, tree columns)
    widths: Floats  # (rows, width columns)
    told: Floats  # (rows, members but trees)
    used: Floats


class Block:
    """Members, weights and widths for some hours ahead."""

    def __init__(self) -> None:
        self._linear: list[tuple[slice, Linear]] = []
        self._kernel: list[Kernel] = []
        self._boosted = Boosted()
        self._weights = np.empty(0)  # (series, members)
        self._width = Width()
        self.misses: list[Floats] = []  # of each series: out of sample, over the width

    def learn(self, rows: Rows, others: Callable[[Floats], Sequence[Floats]] | None = None) -> None:
        """Learn from forecasts that could have been issued.

        ``others`` returns what other members said of the rows out of sample, NaN where nothing; it
        is told what the linear model said.
        """
        count = rows.amounts.shape[0]
        knots = Knots.of(rows.known, rows.amounts.shape[1])
        by_kernel = Kernel.can_learn(rows)
        told = [np.empty((count, *rows.at.shape)) for _ in range(1 + by_kernel)]
        for part in _parts(count, rows.at.size):
            mine = rows.of(part)
            linear = Linear(knots)
            told[0][part] = heard(RIDGE, partial(linear.learn, mine), mine.used.shape)
            self._linear.append((part, linear))
            if by_kernel:
                kernel = Kernel(linear)
                told[1][part] = heard(KERNEL, partial(kernel.learn, mine), mine.used.shape)
                self._kernel.append(kernel)
        told += [] if others is None else others(told[0])
        rng = np.random.default_rng(_SEED)
        samples = [_sampled(rows, series, told, rng) for series in range(count)]
        self._learn_from(_joined(samples), count)

    def counts(self, other: int) -> bool:
        """Tell whether the member of this place among the others has any weight."""
        place = 1 + bool(self._kernel) + other
        return bool(self._weights[:, place].any())

    def _learn_from(self, sample: _Sample, count: int) -> None:
        learn = partial(self._boosted.learn, sample.columns, sample.used, sample.folds)
        boosted = heard(TREES, learn, sample.used.shape)
        told = np.column_stack([sample.told, boosted])
        self._weights = _weights(told, sample.used, sample.series, count)
        middle = _mixed(told, self._weights[sample.series])
        apart = _apart(told, middle)
        missed = sample.used - middle
        widths = np.column_stack([sample.widths, apart])
        width = self._width.learn(widths, np.abs(missed), sample.series, count)
        over = missed / width
        self.misses = [over[sample.series == series] for series in range(count)]

    def predict(
        self, rows: Rows, learnt: Callable[[], Rows], others: Sequence[Floats] = ()
    ) -> Told:
        """Return what is forecast; ``others`` are what the other members say of the rows.

        ``learnt`` returns the rows that were learnt from, which aren't kept.
        """
        middles, widths = [], []
        if not all(kernel.remembers for kernel in self._kernel):
            past = learnt()
            for (part, _), kernel in zip(self._linear, self._kernel, strict=True):
                kernel.recall(past.of(part))
        for index, (part, linear) in enumerate(self._linear):
            mine = rows.of(part)
            told = [heard(RIDGE, partial(linear.predict, mine), mine.used.shape)]
            columns = tree_columns(mine, told[0])
            if self._kernel:
                say = partial(self._kernel[index].predict, mine)
                told.append(heard(KERNEL, say, told[0].shape))
            told += [one[part] for one in others]
            flat = columns.reshape(-1, columns.shape[-1])
            by_trees = heard(TREES, partial(self._boosted.predict, flat), flat.shape[:1])
            told.append(by_trees.reshape(columns.shape[:-1]))
            stacked = np.stack(told, axis=-1)
            middle = _mixed(stacked, self._weights[part][:, None, None, :])
            middle[np.isnan(told[0])] = np.nan  # a series never known: trees would guess
            of_width = np.concatenate(
                [width_columns(mine, told[0]), _apart(stacked, middle)[..., None]], axis=-1
            )
            series = np.arange(part.start, part.stop)[:, None, None]
            widths.append(self._width.predict(of_width, np.broadcast_to(series, middle.shape)))
            middles.append(middle)
        return Told(middle=np.concatenate(middles), width=np.concatenate(widths))


def _parts(count: int, rows: int) -> list[slice]:
    size = max(1, int(_CHUNK / max(1, rows * _COLUMNS)))
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def _sampled(rows: Rows, series: int, told: list[Floats], rng: np.random.Generator) -> _Sample:
    """Return at most the series' share of all rows kept: all hours of some of its days."""
    mine = rows.of([series])
    days = max(1, MAX_ROWS // (rows.amounts.shape[0] * rows.leads.size))
    known = (~np.isnan(mine.used[0]) & ~np.isnan(told[0][series])).any(axis=1)
    places = np.flatnonzero(known)
    if places.size > days:
        places = np.sort(rng.choice(places, days, replace=False))
    mine = mine.issued(places)
    here = [one[series, places] for one in told]
    keep = ~np.isnan(mine.used[0]) & ~np.isnan(here[0])
    origin_of, _ = np.nonzero(keep)
    linear = here[0][None]
    return _Sample(
        series=np.full(origin_of.size, series),
        folds=mine.folds[origin_of],
        columns=tree_columns(mine, linear)[0][keep],
        widths=width_columns(mine, linear)[0][keep],
        told=np.stack([one[keep] for one in here], axis=-1),
        used=mine.used[0][keep],
    )


def _joined(samples: list[_Sample]) -> _Sample:
    names = _Sample.__dataclass_fields__
    return _Sample(
        **{name: np.concatenate([getattr(one, name) for one in samples]) for name in names}
    )


def _weights(told: Floats, used: Floats, series: Ints, count: int) -> Floats:
    """Return (series, members): more for those that missed by less where all said something."""
    members = told.shape[1]
    said = ~np.isnan(told).all(axis=0)  # a member that never said a word has none now
    common = ~np.isnan(told[:, said]).any(axis=1)
    weights = np.zeros((count, members))
    if not common.any():
        weights[:, said] = 1.0 / max(1, said.sum())
        return weights
    missed = np.abs(told[common][:, said] - used[common, None])
    rows = np.bincount(series[common], minlength=count)[:, None]
    sums = np.stack(
        [np.bincount(series[common], one, minlength=count) for one in missed.T], axis=-1
    )
    pooled = missed.mean(axis=0)
    usual = sums.sum(axis=1, keepdims=True) / np.maximum(rows, 1) / pooled.sum()
    errors = (sums + _LENT_ROWS * usual * pooled) / (rows + _LENT_ROWS)
    part = np.maximum(errors, _LEAST_ERROR) ** -_SHARPNESS
    weights[:, said] = part / part.sum(axis=1, keepdims=True)
    return weights


def _mixed(told: Floats, weights: Floats) -> Floats:
    """Return the weighted mean over members, of those that said something."""
    said = ~np.isnan(told) & (weights > 0)
    total = np.where(said, weights, 0.0).sum(axis=-1)
    sums = np.where(said, np.nan_to_num(told) * weights, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, sums / total, np.nan)


def _apart(told: Floats, middle: Floats) -> Floats:
    """Return how far members are from their mean, at most."""
    away = np.abs(told - middle[..., None])
    return np.asarray(np.where(np.isnan(away), 0.0, away).max(axis=-1))

# SPDX-License-Identifier: EUPL-1.2
"""A sum of parts, fitted by penalised least squares, and refitted without any block or group.

All refits come from each block's matrix of products, so that leaving out forty blocks, one group
after the other, costs one pass over the hours.
Source: Hoerl and Kennard (1970) for the penalty; blocks with a gap about them after Roberts et al.
(2017), "Cross-validation strategies for data with temporal structure".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Ints, Usage, Weather
from cloud.demand.studies.terms import Terms

PENALTIES = (1e-4, 1e-3, 1e-2)  # of standardised columns, per hour; the blocks choose
MIN_BLOCKS = 8
_MAX_BLOCKS = 40
_LONG_BLOCK_H = 4 * WEEK_H
_GAP_H = WEEK_H  # left out about a block, too: neighbouring hours know each other
_FAR_OFF = 5.0  # robust standard deviations; bursts and dead meters teach nothing beyond
_MAD_TO_SD = 1.4826


class TooLittleHistoryError(Exception):
    """A series is too short for what is asked; the message says what it takes."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block's products of columns, and those of what is left out with it.

    ``end`` is the first hour after it, by its place in the history.
    """

    end: int
    inside: Floats
    around: Floats


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One fit, and what it takes to refit it without some columns: the inverse of its products.

    Leaving columns out is a step of elimination, so that no group costs another solution.
    """

    inverse: Floats
    found: Floats
    mean: Floats
    mean_use: float

    @classmethod
    def of(cls, products: Floats, penalty: float) -> Self:
        """Solve for sums of products of (columns, use, 1)."""
        spread, product, mean, mean_use = _centred(products, penalty)
        inverse: Floats = np.asarray(np.linalg.inv(spread), dtype=np.float64)
        found = inverse @ product
        return cls(inverse=inverse, found=found, mean=mean, mean_use=mean_use)

    def without(self, out: Ints) -> Floats:
        """Return (columns + 1,) coefficients, 0 for columns left out, the constant last."""
        found = self.found
        if out.size:
            step = np.linalg.solve(self.inverse[np.ix_(out, out)], found[out])
            found = found - self.inverse[:, out] @ step
            found[out] = 0.0
        return np.append(found, self.mean_use - self.mean @ found)


@dataclass(frozen=True, kw_only=True)
class Products:
    """Sums of products of (columns, use, 1) over the hours known, whole and by block."""

    groups: Mapping[str, slice]
    whole: Floats
    blocks: tuple[Block, ...]

    def places(self, groups: Collection[str]) -> Ints:
        """Return where the columns of these groups are."""
        found = [np.arange(at.start, at.stop) for name, at in self.groups.items() if name in groups]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def without_each_block(self, penalty: float) -> tuple[Solution, ...]:
        """Return the fit that the other blocks teach, for each block."""
        return tuple(Solution.of(self.whole - one.around, penalty) for one in self.blocks)

    def errors(self, solutions: Sequence[Solution], without: Collection[str] = ()) -> Floats:
        """Return (blocks,) sums of squared errors, each block told by the others."""
        out = self.places(without)
        told = np.zeros(len(self.blocks))
        for at, (one, solution) in enumerate(zip(self.blocks, solutions, strict=True)):
            signs = np.insert(-solution.without(out), -1, 1.0)
            told[at] = max(float(signs @ one.inside @ signs), 0.0)
        return told

    def hours(self) -> Floats:
        """Return (blocks,) how many hours each block knows."""
        return np.array([one.inside[-1, -1] for one in self.blocks])


@dataclass(frozen=True, kw_only=True)
class Additive:
    """A fitted sum of parts.

    Attributes:
        coefficients: (columns + 1,) on standardised columns, the constant last, in the unit of use.
        by_block: (blocks, columns + 1), the same as taught without each block.
        mean, scale: (columns,), what columns were standardised by.
    """

    terms: Terms
    groups: Mapping[str, slice]
    coefficients: Floats
    by_block: Floats
    mean: Floats
    scale: Floats

    def standardised(self, hours: Hours, weather: Weather) -> Floats:
        """Return (hours, columns)."""
        made = self.terms.columns(hours, weather)
        return (np.hstack([made[name] for name in self.groups]) - self.mean) / self.scale

    def parts(self, hours: Hours, weather: Weather) -> dict[str, Floats]:
        """Return each group's part by hour, about its mean in the history; sums to ``fitted``."""
        columns = self.standardised(hours, weather)
        return {name: columns[:, at] @ self.coefficients[at] for name, at in self.groups.items()}

    def fitted(self, hours: Hours, weather: Weather) -> Floats:
        """Return (hours,); NaN where the temperature is unknown."""
        columns = self.standardised(hours, weather)
        return np.asarray(columns @ self.coefficients[:-1] + self.coefficients[-1])


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """All that a history taught, ready to be fitted with or without any group."""

    terms: Terms
    products: Products
    solution: Solution
    by_block: tuple[Solution, ...]
    mean: Floats
    scale: Floats
    use_scale: float
    penalty: float

    def errors(self, without: Collection[str] = ()) -> Floats:
        """Return (blocks,) sums of squared errors over the variance of use."""
        return self.products.errors(self.by_block, without)

    def model(self, without: Collection[str] = ()) -> Additive:
        """Return the sum of parts of all groups but these."""
        out = self.products.places(without)
        return Additive(
            terms=self.terms,
            groups=self.products.groups,
            coefficients=self.solution.without(out) * self.use_scale,
            by_block=np.array([one.without(out) for one in self.by_block]) * self.use_scale,
            mean=self.mean,
            scale=self.scale,
        )


def fit(
    usage: Usage,
    weather: Weather,
    row: int = 0,
    *,
    by_day: bool = False,
    without: Collection[str] = (),
) -> Fitting:
    """Gather what one series' history teaches.

    Raises:
        TooLittleHistoryError: under eight weeks of known use, or no use at all.
    """
    use = usage.amounts[row]
    used = ~np.isnan(use)
    terms = Terms.learn(usage.hours, weather, used, by_day=by_day, without=tuple(without))
    made = terms.columns(usage.hours, weather)
    columns = np.hstack(list(made.values()))
    used &= ~np.isnan(columns).any(axis=1)
    if used.sum() < MIN_BLOCKS * WEEK_H:
        raise TooLittleHistoryError(
            f"{usage.series_ids[row]} has {used.sum() // DAY_H} days of use with known weather;"
            f" {MIN_BLOCKS * 7} are needed to tell what explains it."
        )
    if not np.ptp(use[used]):
        raise TooLittleHistoryError(f"{usage.series_ids[row]} uses the same in every hour.")
    mean, scale = columns[used].mean(axis=0), columns[used].std(axis=0)
    scale[scale < 1e-9 * (1 + np.abs(mean))] = np.inf  # a column that says nothing gets no part
    use_scale = float(use[used].std())
    table = np.empty((int(used.sum()), columns.shape[1] + 2))
    table[:, :-2] = (columns[used] - mean) / scale
    table[:, -2] = use[used] / use_scale
    table[:, -1] = 1.0
    groups: dict[str, slice] = {}
    first = 0
    for name, group in made.items():
        groups[name] = slice(first, first + group.shape[1])
        first += group.shape[1]
    table[:, -2] = _tamed(table)
    products = Products(
        groups=groups, whole=table.T @ table, blocks=_blocks(table, np.flatnonzero(used))
    )
    penalty, by_block = _chosen(products)
    return Fitting(
        terms=terms,
        products=products,
        solution=Solution.of(products.whole, penalty),
        by_block=by_block,
        mean=mean,
        scale=scale,
        use_scale=use_scale,
        penalty=penalty,
    )


def _tamed(table: Floats) -> Floats:
    """Return use with hours far off the fit drawn in to ``_FAR_OFF`` standard deviations."""
    told = Solution.of(table.T @ table, PENALTIES[1]).without(np.zeros(0, dtype=np.int64))
    fitted = table[:, :-2] @ told[:-1] + told[-1]
    off = table[:, -2] - fitted
    limit = _FAR_OFF * _MAD_TO_SD * np.median(np.abs(off - np.median(off)))
    return np.asarray(fitted + np.clip(off, -limit, limit)) if limit > 0 else table[:, -2]


def _blocks(table: Floats, at: Ints) -> tuple[Block, ...]:
    """Return blocks of whole weeks: of one in a short history, of four and more in a long one."""
    length_h = int(at[-1] - at[0]) + 1
    block_h = WEEK_H if length_h < 12 * _LONG_BLOCK_H else _LONG_BLOCK_H
    block_h = max(block_h, -(-length_h // (_MAX_BLOCKS * WEEK_H)) * WEEK_H)
    gap_h = min(_GAP_H, block_h // 4)
    found = []
    for begin in range(int(at[0]), int(at[-1]) + 1, block_h):
        low, high = np.searchsorted(at, [begin, begin + block_h])
        if low == high:
            continue
        wide = np.searchsorted(at, [begin - gap_h, begin + block_h + gap_h])
        inside = table[low:high].T @ table[low:high]
        before, after = table[wide[0] : low], table[high : wide[1]]
        around = inside + before.T @ before + after.T @ after
        found.append(Block(end=int(at[high - 1]) + 1, inside=inside, around=around))
    return tuple(found)


def _chosen(products: Products) -> tuple[float, tuple[Solution, ...]]:
    """Return the penalty whose fits tell blocks left out best, and these fits."""
    errors = [
        sum(_error(products.whole - one.around, one.inside, penalty) for one in products.blocks)
        for penalty in PENALTIES
    ]
    penalty = PENALTIES[int(np.argmin(errors))]
    return penalty, products.without_each_block(penalty)


def _error(taught: Floats, asked: Floats, penalty: float) -> float:
    spread, product, mean, mean_use = _centred(taught, penalty)
    found = np.linalg.solve(spread, product)
    signs = np.concatenate([-found, [1.0, mean @ found - mean_use]])
    return max(float(signs @ asked @ signs), 0.0)


def _centred(products: Floats, penalty: float) -> tuple[Floats, Floats, Floats, float]:
    """Return products about the means, the penalty added, and these means."""
    hours = products[-1, -1]
    mean = products[:-2, -1] / hours
    mean_use = float(products[-2, -1] / hours)
    spread = products[:-2, :-2] - hours * np.outer(mean, mean)
    spread += np.diag(np.full(mean.size, penalty * hours))
    return spread, products[:-2, -2] - hours * mean * mean_use, mean, mean_use

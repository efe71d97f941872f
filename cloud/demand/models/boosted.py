# SPDX-License-Identifier: EUPL-1.2
"""Boosted trees over all series at once: what linear models miss, learnt where series are alike.

Each fold's trees are grown without it, and a forecast is the mean of all folds': the errors out of
sample come with the fit. LightGBM where it is installed (extra ``boost``), else scikit-learn.
"""

import pickle
import warnings
import zlib
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from cloud.demand.models.lags import days_back_h, weeks_back_h
from cloud.demand.models.rows import FOLDS, Rows
from cloud.demand.series import Floats, Ints

MAX_ROWS = 60_000
_TREES = 300
_LEARNING_RATE = 0.05
_LEAVES = 15
_LEAST_ROWS = 20
_SHARE_OF_COLUMNS = 0.4
_TWICE = ("holiday", "temperature", "temperature_over_24h")  # also at the days compared with


class Trees(Protocol):
    """A regression that learns from rows."""

    def fit(self, columns: Floats, targets: Floats) -> object:
        """Learn."""
        ...

    def predict(self, columns: Floats) -> Floats:
        """Return what is forecast."""
        ...


def learner() -> str:
    """Return which trees are grown here: ``lightgbm`` or ``scikit-learn``."""
    return "lightgbm" if find_spec("lightgbm") else "scikit-learn"


def grown(columns: Floats, targets: Floats, seed: int) -> Trees:
    """Return trees that have learnt."""
    from threadpoolctl import threadpool_limits

    trees = _lightgbm(seed) if learner() == "lightgbm" else _scikit_learn(seed)
    with threadpool_limits(limits=1, user_api="openmp"):
        trees.fit(columns, targets)
    return trees


def _lightgbm(seed: int) -> Trees:
    from lightgbm import LGBMRegressor

    trees: Trees = LGBMRegressor(
        n_estimators=_TREES,
        learning_rate=_LEARNING_RATE,
        num_leaves=_LEAVES,
        min_child_samples=_LEAST_ROWS,
        colsample_bytree=_SHARE_OF_COLUMNS,
        subsample=0.8,
        subsample_freq=1,
        random_state=seed,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,  # threads that wait for each other are slow where others work, too
        verbose=-1,
    )
    return trees


def _scikit_learn(seed: int) -> Trees:
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees: Trees = HistGradientBoostingRegressor(
        max_iter=_TREES,
        learning_rate=_LEARNING_RATE,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_LEAST_ROWS,
        max_features=_SHARE_OF_COLUMNS,
        early_stopping=False,
        random_state=seed,
    )
    return trees


class Boosted:
    """Trees of every fold."""

    def __init__(self) -> None:
        self._trees: list[Trees] = []

    def __getstate__(self) -> dict[str, object]:
        """Return the trees packed: LightGBM keeps them as text."""
        return {"packed": zlib.compress(pickle.dumps(self._trees), 6)}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        """Unpack the trees."""
        self._trees = pickle.loads(zlib.decompress(state["packed"]))  # noqa: S301 - part of a pickle

    def learn(self, columns: Floats, used: Floats, folds: Ints) -> Floats:
        """Learn from rows (rows, columns); return what each was forecast by the folds without it.

        With too few rows nothing is learnt, and all that is returned is NaN.
        """
        told = np.full(used.size, np.nan)
        self._trees = []
        for fold in range(FOLDS):
            mine, others = folds == fold, folds != fold
            if others.sum() < 2 * _LEAST_ROWS or not mine.any():
                continue
            trees = grown(columns[others], used[others], seed=fold)
            self._trees.append(trees)
            told[mine] = _predicted([trees], columns[mine])
        return told

    def predict(self, columns: Floats) -> Floats:
        """Return what is forecast for each row: NaN where nothing was learnt."""
        if not self._trees or not len(columns):
            return np.full(len(columns), np.nan)
        return _predicted(self._trees, columns)


def _predicted(grown_trees: list[Trees], columns: Floats) -> Floats:
    with warnings.catch_warnings():
        # LightGBM names columns on its own, then misses the names in what it is asked.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        told = [trees.predict(columns) for trees in grown_trees]
    return np.asarray(np.mean(told, axis=0))


def tree_columns(rows: Rows, linear: Floats) -> Floats:
    """Return what trees split by: (series, origins, leads, columns), single precision.

    Args:
        rows: of some series.
        linear: what the linear model says of each row; for training, by folds without it.
    """
    lags = rows.lags
    shared = [rows.column(name) for name in rows.known.columns]
    shared.append(np.broadcast_to(rows.ahead.astype(np.float64), rows.at.shape))
    for back in (days_back_h(rows.ahead), weeks_back_h(rows.ahead)):
        for name in _TWICE:
            if name in rows.known.columns:
                then = rows.column(name, back)
                shared += [then, rows.column(name) - then]
    own = [*lags.values(), linear]
    own += [linear - lags["usual"], lags["last_day"] - lags["last_week"]]
    own += [lags[name] - lags["last_1h_day_ago"] for name in ("last_1h", "last_day", "last_week")]
    out = np.empty((*rows.used.shape, len(shared) + len(own)), dtype=np.float32)
    for index, column in enumerate([*shared, *own]):
        out[..., index] = column
    return out

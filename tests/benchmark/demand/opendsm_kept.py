# SPDX-License-Identifier: EUPL-1.2
"""What OpenDSM's models told before, kept in the folder ``ISKAR_BENCH_KEPT`` if that is set.

Their fits take most of the benchmark's time and don't change with ours. What is kept is found by
the version of OpenDSM and by all that the models are given, so that it can't be of other data.
"""

import hashlib
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.benchmark.demand import opendsm_models
from tests.benchmark.demand.meters import Meter
from tests.benchmark.demand.opendsm_models import Told

MODELS: dict[str, Callable[[Meter], Told]] = {
    "daily current": lambda meter: opendsm_models.daily(meter, "current"),
    "daily legacy": lambda meter: opendsm_models.daily(meter, "legacy"),
    "hourly": opendsm_models.hourly,
}
_ARRAYS = ("predicted", "low", "high")


def told_by(name: str, meter: Meter) -> Told:
    """Return what a model of theirs tells: as kept, else from a fit that is kept then."""
    folder = os.environ.get("ISKAR_BENCH_KEPT")
    if not folder:
        return MODELS[name](meter)
    path = kept_at(Path(folder), name, meter)
    if not path.exists():
        keep(path, MODELS[name](meter))
    with np.load(path) as kept:
        arrays = {one: kept.get(one) for one in _ARRAYS}
        return Told(**arrays, fit_s=float(kept["fit_s"]), failure=str(kept["failure"]))


def kept_at(folder: Path, name: str, meter: Meter) -> Path:
    """Return where the answer of this model to this meter is kept."""
    given = (meter.usage.amounts, meter.weather.get("temperature_c"))
    told = hashlib.sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in given))
    told.update(
        f"{version('opendsm')} {meter.usage.hours.start} {meter.start} {meter.end}".encode()
    )
    return folder / f"{meter.name}-{name.replace(' ', '-')}-{told.hexdigest()[:16]}.npz"


def keep(path: Path, told: Told) -> None:
    """Write what a model told, or how it failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {one: getattr(told, one) for one in _ARRAYS if getattr(told, one) is not None}
    np.savez(path, fit_s=told.fit_s, failure=told.failure, **arrays)

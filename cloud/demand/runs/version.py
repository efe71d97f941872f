# SPDX-License-Identifier: EUPL-1.2
"""What a model is made of, and the name that follows from it.

The same data, code, libraries and parameters have the same version; any other has another. The code
is that of the forecaster and of all that it imports here: found by reading the imports, because
loading them takes seconds.
"""

import ast
import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cloud.demand.series import Usage, Weather

PACKAGE = "cloud.demand"
FOLDER = Path(__file__).parents[1]
# What a run itself does counts, too: days' ranges and what is doubted come of it.
ROOTS = ("models.forecast", "runs.groups")
LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "holidays")
VERSION_DIGITS = 20


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """All that decides what a model forecasts."""

    group_id: str
    series_ids: tuple[str, ...]
    data_from: str
    data_until: str
    data_sha256: str
    code: str
    learners: dict[str, str]
    parameters: dict[str, float]

    @property
    def version(self) -> str:
        """The model's name: a digest of all of these."""
        told = json.dumps(asdict(self), sort_keys=True).encode()
        return hashlib.sha256(told).hexdigest()[:VERSION_DIGITS]


def ingredients(
    group_id: str, usage: Usage, weather: Weather, parameters: dict[str, float]
) -> Ingredients:
    """Return what a model of this data would be made of now."""
    return Ingredients(
        group_id=group_id,
        series_ids=usage.series_ids,
        data_from=usage.hours.start.isoformat(),
        data_until=usage.hours.end.isoformat(),
        data_sha256=digest_of(usage, weather),
        code=code(),
        learners=learners(),
        parameters=parameters,
    )


def digest_of(usage: Usage, weather: Weather) -> str:
    """Return a digest of the data: of every hour, and of which hours are unknown."""
    digest = hashlib.sha256()
    for name, told in [
        *zip(usage.series_ids, usage.amounts, strict=True),
        *sorted(weather.columns.items()),
    ]:
        digest.update(f"{name}:{len(told)}:".encode())
        # there are many NaNs and many zeros by their bits, and one of each by what they mean
        plain = np.where(np.isnan(told), np.nan, told) + 0.0
        digest.update(np.ascontiguousarray(plain, dtype="<f8").tobytes())
    return digest.hexdigest()


@cache
def learners() -> dict[str, str]:
    """Return the releases of the libraries that models are made by and that are there."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def code() -> str:
    """Return our release and a digest of the modules that a forecast is made by."""
    digest = hashlib.sha256()
    for path in sources():
        name = path.relative_to(FOLDER).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{importlib.metadata.version('iskar')}+{digest.hexdigest()[:12]}"


def sources(folder: Path = FOLDER) -> list[Path]:
    """Return the files of the forecaster and of all that it imports from this package, by path.

    Raises:
        FileNotFoundError: a module that it begins with is elsewhere now.
    """
    waiting, found = [_file(folder, root) for root in ROOTS], set[Path]()
    if lost := [path for path in waiting if not path.exists()]:
        raise FileNotFoundError(f"Forecasts are made by {lost[0]}, which is not there.")
    while waiting:
        path = waiting.pop()
        if path not in found and path.exists():
            found.add(path)
            waiting += [_file(folder, name) for name in _imports(path)]
    return sorted(found)


def _file(folder: Path, name: str) -> Path:
    return folder.joinpath(*name.split(".")).with_suffix(".py")


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    prefix = f"{PACKAGE}."
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}

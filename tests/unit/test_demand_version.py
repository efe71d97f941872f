# SPDX-License-Identifier: EUPL-1.2
"""The name of a model: it changes with the code that forecasts, wherever that lies."""

import ast
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from cloud.demand.runs.version import FOLDER, LIBRARIES, sources


def test_the_code_of_a_model_is_the_forecaster_and_all_that_it_imports() -> None:
    named = {path.relative_to(FOLDER).as_posix() for path in sources()}
    assert named >= {
        *("models/forecast.py", "models/ensemble.py", "models/boosted.py", "models/features.py"),
        *("runs/groups.py", "runs/fallback.py", "runs/days.py", "series.py"),
    }
    assert not any(name.startswith(("issued/", "bills/", "history/")) for name in named)


def test_the_libraries_that_a_model_is_made_by_are_all_named() -> None:
    """But for those that tell or hold back, and decide no figure."""
    nodes = [node for path in sources() for node in ast.walk(ast.parse(path.read_bytes()))]
    names = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - {"cloud", *sys.stdlib_module_names}
    whose = packages_distributions()
    distributions = {one for name in packages for one in whose.get(name, [name])}
    assert distributions - {"structlog", "threadpoolctl"} == set(LIBRARIES)


def test_a_forecaster_that_was_moved_away_is_missed_and_not_left_out(tmp_path: Path) -> None:
    copy = tmp_path / "demand"
    shutil.copytree(FOLDER, copy)
    assert len(sources(copy)) == len(sources())
    (copy / "models" / "forecast.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"forecast\.py"):
        sources(copy)

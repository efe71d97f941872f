# SPDX-License-Identifier: EUPL-1.2
"""The name of a model: it changes with the code that forecasts, wherever that lies."""

import shutil
from pathlib import Path

import pytest

from cloud.demand.runs.version import FOLDER, sources


def test_the_code_of_a_model_is_the_forecaster_and_all_that_it_imports() -> None:
    named = {path.relative_to(FOLDER).as_posix() for path in sources()}
    assert named >= {
        *("models/forecast.py", "models/ensemble.py", "models/boosted.py", "models/features.py"),
        *("runs/groups.py", "runs/fallback.py", "runs/days.py", "series.py"),
    }
    assert not any(name.startswith(("issued/", "bills/", "history/")) for name in named)


def test_a_forecaster_that_was_moved_away_is_missed_and_not_left_out(tmp_path: Path) -> None:
    copy = tmp_path / "demand"
    shutil.copytree(FOLDER, copy)
    assert len(sources(copy)) == len(sources())
    (copy / "models" / "forecast.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"forecast\.py"):
        sources(copy)

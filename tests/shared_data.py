# SPDX-License-Identifier: EUPL-1.2
"""Where the real data for tests lies. Most of it may not be redistributed, so it is not in here."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def shared_data(name: str) -> Path:
    """Return the path of a file of the shared data; skip the test without it, or fail in CI."""
    folder = Path(os.environ.get("ISKAR_TEST_DATA", ROOT / "../shared/data"))
    path = folder / name
    if not path.exists():
        reason = f"{path} is not there; ISKAR_TEST_DATA says where the shared test data lies."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path

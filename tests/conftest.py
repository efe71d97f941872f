# SPDX-License-Identifier: EUPL-1.2
"""What all tests share: where real data lies, and what a missing program means."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("ISKAR_TEST_DATA", ROOT.parent / "shared" / "data"))
_SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


def skip_or_fail(reason: str) -> None:
    """Skip a test that can't run here; in CI, where all must run, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _program(name: str) -> Path:
    found = shutil.which(name, path=_SEARCHED)
    if found is None:
        skip_or_fail(f"{name} is not installed. On Debian: apt-get install {name}")
    return Path(str(found))


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The broker's program."""
    return _program("mosquitto")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    return _program("chromium")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data; its README says what is in it."""
    if not REAL_DATA.is_dir():
        skip_or_fail(f"{REAL_DATA} holds no real data; name its place with ISKAR_TEST_DATA.")
    return REAL_DATA

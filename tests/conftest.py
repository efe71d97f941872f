# SPDX-License-Identifier: EUPL-1.2
"""Programs that many tests need, as fixtures."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from cloud.kit.log import LIBRARIES
from tests.needs import program

# A busy machine is slow, not wrong. In CI hypothesis has its own profile, without deadlines, too.
if settings.get_current_profile_name() != "ci":
    settings.register_profile("iskar", deadline=None)
    settings.load_profile("iskar")


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """Give the broker's program."""
    return program("mosquitto")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Give the browser's program."""
    return program("chromium")


@pytest.fixture(scope="session")
def victoria_metrics() -> Path:
    """Give a server that takes what is written to InfluxDB."""
    return program("victoria-metrics")


@pytest.fixture
def log_given_back() -> Iterator[None]:
    """Give the log back as it was after a test that sets it up: other tests have theirs."""
    handlers, level = logging.root.handlers[:], logging.root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    yield
    structlog.reset_defaults()
    logging.basicConfig(handlers=handlers, level=level, force=True)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)

# SPDX-License-Identifier: EUPL-1.2
"""Programs that many tests need, as fixtures."""

from pathlib import Path

import pytest

from tests.needs import program


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

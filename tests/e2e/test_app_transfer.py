# SPDX-License-Identifier: EUPL-1.2
"""How much goes over a phone's line when a building is opened."""

import pytest

from tests.benchmark import bench_app

pytestmark = [pytest.mark.needs_browser, pytest.mark.usefixtures("chromium")]


async def test_a_building_opens_within_what_a_line_may_carry():
    took = {figure.name: figure.amount for figure in await bench_app.measure()}
    assert took["app_first_load_kb"] <= 150
    assert took["app_second_load_kb"] <= 10

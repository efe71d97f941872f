# SPDX-License-Identifier: EUPL-1.2
"""Years of the simulated city as files, in the form that demand's commands take."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.files import read_usage, read_weather
from simulators.city import read_city
from simulators.records import write_records
from simulators.usage import Usage

END_H = 498_000


def test_records_are_what_the_commands_of_demand_read(tmp_path: Path):
    city = read_city()
    write_records(city, Usage(city), "heat", tmp_path, days=30, end_h=END_H)
    sofia = ZoneInfo("Europe/Sofia")
    used = read_usage(tmp_path / "use.csv", sofia)
    seen = read_weather(tmp_path / "weather.csv", sofia)
    assert used.series_ids == ("city-heat",)
    assert used.hours.count == 30 * 24
    assert not np.isnan(used.amounts).any()
    assert not np.isnan(seen.over(used.hours).get("temperature_c")).any()

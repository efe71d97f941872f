# SPDX-License-Identifier: EUPL-1.2
"""What the network's detector would say of real districts: why it isn't a rule of the gateway.

``python -m tests.benchmark.leaks.hanoi.districts``: alarms on hourly inflow of districts A to E of
the Battle of the Water Demand Forecasts (WDSA/CCWI 2024), 22 months; what leaked there is not
told. A missing hour is that of a week before.
"""

import json
import re
import zipfile

import numpy as np

from tests.benchmark.leaks.hanoi.network import Floats
from tests.benchmark.leaks.hanoi.shift import DAY_H, STEPS_PER_HOUR, WEEK_H, shift_alarms
from tests.needs import shared_data

DISTRICTS = "ABCDE"
YEAR_H = 8766
_ROW = re.compile(r"<row [^>]*>(.*?)</row>", re.DOTALL)
# A cell that holds a number; text, such as #N/A, has the type "s".
_NUMBER = re.compile(r'<c r="([A-Z]+)\d+"(?![^>]* t="s")[^>]*><v>([^<]*)</v>')


def inflows() -> dict[str, Floats]:
    """Return l/s in each hour by district, from the first hour that was metered."""
    with zipfile.ZipFile(shared_data("water_bwdf/Inflow_Data_2.xlsx")) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    rows = [dict(_NUMBER.findall(row)) for row in _ROW.findall(sheet)[1:]]
    found = {}
    for place, district in enumerate(DISTRICTS):
        column = chr(ord("B") + place)  # A holds the time
        flow = np.array([float(row.get(column, "nan")) for row in rows])
        found[district] = _filled(flow[np.argmax(~np.isnan(flow)) :])
    return found


def _filled(flow: Floats) -> Floats:
    for hour in np.flatnonzero(np.isnan(flow)):
        flow[hour] = flow[hour - WEEK_H] if hour >= WEEK_H else np.nanmean(flow[:WEEK_H])
    return flow


def main() -> None:
    """Print alarms per year and the share of time in alarm."""
    figures = {}
    for district, flow in inflows().items():
        whole = flow[: len(flow) // DAY_H * DAY_H]
        alarms = shift_alarms(np.repeat(whole, STEPS_PER_HOUR))
        raised = int(np.sum(np.diff(alarms.astype(int)) == 1))
        figures[district] = (round(raised * YEAR_H / len(whole), 1), round(alarms.mean(), 2))
        print(f"district {district}: {figures[district][0]} alarms a year")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

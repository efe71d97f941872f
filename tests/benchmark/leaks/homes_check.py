# SPDX-License-Identifier: EUPL-1.2
"""Print how our simulated homes compare with pysimdeum's, whose published statistics they follow.

    python -m tests.benchmark.leaks.homes_check [--homes 80] [--days 7]

pysimdeum 1.0.1 wants ``pandas<2.2 numpy<2``: run this where these are installed beside it. It takes
about half a second for a home's day; its days are kept under ``var/``. There people
draw new hours every day, at a weekend the weekend's; ours do the same, half of the spread being
their own (``simulators.homes.people.KEPT``).
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulators.homes import household
from simulators.homes.habits import SIMDEUM

MONDAY = date(2025, 1, 6)
MINUTES = 1440
CACHE = Path("var/leaks/pysimdeum")

Days = NDArray[np.int64]  # ml, homes x days x 1440


def ours(homes: int, days: int) -> Days:
    """Return days of our homes."""
    found = [household(seed, days, MONDAY, SIMDEUM) for seed in range(homes)]
    return np.array(found).reshape(homes, days, MINUTES)


def theirs(homes: int, days: int) -> Days:
    """Return days of pysimdeum's homes, simulated unless they are kept from before."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return np.array([_their_home(seed, days) for seed in range(homes)])


def _their_home(seed: int, days: int) -> Days:
    kept = CACHE / f"{seed}-{days}.npy"
    if kept.exists():
        return np.asarray(np.load(kept))
    from pysimdeum.core.house import Property
    from pysimdeum.core.statistics import Statistics

    np.random.seed(seed)
    statistics = Statistics()
    house = Property(statistics=statistics).built_house()
    house.populate_house()
    house.furnish_house()
    minutes = np.zeros((days, MINUTES), np.int64)
    for day in range(days):
        for user in house.users:
            user.compute_presence(weekday=day % 7 < 5, statistics=statistics)
        flows = house.simulate(date=MONDAY, duration="1 day")
        l_per_s = flows.sel(flowtypes="totalflow").sum(["user", "enduse", "patterns"]).values
        minutes[day] = np.rint(l_per_s[:86400].reshape(MINUTES, 60).sum(axis=1) * 1000)
    np.save(kept, minutes)
    return minutes


def figures(homes: Days) -> dict[str, float]:
    """Return what the two are compared by."""
    per_day_l = homes.sum(axis=2) / 1000
    hours = homes.reshape(*homes.shape[:2], 24, 60).sum(axis=3) / 1000
    still = (hours == 0).mean(axis=(0, 1))
    night_min = longest_still(homes[:, :, : 6 * 60])
    draws_l = volumes_l(homes)
    found = {
        "l per day, mean": per_day_l.mean(),
        "l per day, deviation between homes": per_day_l.mean(axis=1).std(),
        "l per day, deviation between days": per_day_l.std(axis=1).mean(),
        "still hours, %": 100 * (hours == 0).mean(),
        "longest still time from 0 to 6 h, median min": float(np.median(night_min)),
        "longest still time from 0 to 6 h, 10 % of nights below, min": np.quantile(night_min, 0.1),
        "runs of minutes with use per day": len(draws_l) / per_day_l.size,
    }
    for share in (10, 50, 90, 99):
        found[f"l per run of minutes with use, {share} %"] = np.quantile(draws_l, share / 100)
    for hour in range(24):
        found[f"l from {hour} h"] = hours[:, :, hour].mean()
        found[f"still from {hour} h, %"] = 100 * still[hour]
    return {name: round(float(figure), 2) for name, figure in found.items()}


def longest_still(minutes: Days) -> NDArray[np.int64]:
    """Return the longest run of minutes without use in each row."""
    longest = np.zeros(minutes.shape[:-1], np.int64)
    running = np.zeros_like(longest)
    for at in range(minutes.shape[-1]):
        running = np.where(minutes[..., at] == 0, running + 1, 0)
        longest = np.maximum(longest, running)
    return longest.ravel()


def volumes_l(homes: Days) -> NDArray[np.float64]:
    """Return the volume of every run of minutes with use."""
    flat = np.concatenate([homes.reshape(len(homes), -1), np.zeros((len(homes), 1), int)], axis=1)
    flat = flat.ravel()
    total = np.concatenate([[0], np.cumsum(flat)])
    used = np.concatenate([[0], (flat > 0).astype(np.int8), [0]])
    begins, ends = np.flatnonzero(np.diff(used) == 1), np.flatnonzero(np.diff(used) == -1)
    return np.asarray((total[ends] - total[begins]) / 1000)


def main() -> None:
    """Simulate both, print them beside each other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--homes", type=int, default=80)
    parser.add_argument("--days", type=int, default=7)
    asked = parser.parse_args()
    mine, pysimdeum = figures(ours(400, 28)), figures(theirs(asked.homes, asked.days))
    print(f"{'':62}{'ours':>9}{'pysimdeum':>11}")
    for name, figure in mine.items():
        print(f"{name:62}{figure:9.2f}{pysimdeum[name]:11.2f}")


if __name__ == "__main__":
    main()

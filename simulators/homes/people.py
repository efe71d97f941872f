# SPDX-License-Identifier: EUPL-1.2
"""Who lives in a home, and when they are up, away and asleep.

Source: Blokker (2006), Modelling water demand patterns: the tables ``household_statistics`` and
``diurnal_patterns`` of pysimdeum 1.0.1.
"""

from dataclasses import dataclass

import numpy as np

from simulators.homes.draws import MINUTES_A_DAY, Flags, Floats, Ints

HOUSEHOLDS = (("one", 0.34), ("two", 0.30), ("family", 0.36))
SENIOR = 0.30  # of adults living alone or in twos
MAN_ALONE = 0.46
WORKING_ALONE = {"male": 0.675, "female": 0.524}
WORKING_PAIR = (0.494, 0.260, 0.063, 0.183)  # both, only he, only she, neither
WORKING_PARENTS = (0.394, 0.523, 0.031, 0.052)
FAMILY_MEAN, FAMILY_LEAST, FAMILY_MOST = 3.75, 2, 5
CHILD = 25 / 41.5  # of the young, the others are teens
KEPT = 0.5  # of the variance of a person's hours is their own; our assumption

# Mean and standard deviation, in minutes: up at, leaves at, away for, sleeps for.
HOURS = {
    "child": ((420, 60), (510, 30), (420, 120), (600, 60)),
    "teen": ((420, 60), (495, 30), (480, 120), (540, 60)),
    "work_ad": ((420, 60), (480, 45), (570, 195), (420, 60)),
    "home_ad": ((480, 60), (780, 180), (600, 270), (480, 60)),
    "senior": ((480, 60), (780, 180), (600, 270), (480, 60)),
    "weekend": ((480, 60), (780, 180), (600, 270), (480, 60)),
}
PEAK_SHARE, NORMAL_SHARE = 0.65, 0.335  # of a person's use: near a coming or going; the rest awake
PEAK_MIN = 30
AWAY, NORMAL, PEAK, NIGHT = range(4)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody; ``leaning`` is how far their hours lie from their kind's, in deviations."""

    age: str  # child, teen, work_ad, home_ad, senior
    gender: str
    leaning: tuple[float, float, float, float]


def move_in(chance: np.random.Generator) -> list[Person]:
    """Return the people of a home."""
    kind = chance.choice([name for name, _ in HOUSEHOLDS], p=[share for _, share in HOUSEHOLDS])
    if kind == "one":
        gender = "male" if chance.random() < MAN_ALONE else "female"
        works = bool(chance.random() < WORKING_ALONE[gender])
        return [person(_adult(chance, works), gender, chance)]
    if kind == "two":
        works_he, works_she = _pair_works(WORKING_PAIR, chance)
        return [
            person(_adult(chance, works_he), "male", chance),
            person(_adult(chance, works_she), "female", chance),
        ]
    return _family(chance)


def person(age: str, gender: str, chance: np.random.Generator) -> Person:
    """Return somebody of that kind with habits of their own."""
    up, leaves, away, sleeps = chance.standard_normal(4)
    return Person(age, gender, (float(up), float(leaves), float(away), float(sleeps)))


def _adult(chance: np.random.Generator, works: bool) -> str:
    if chance.random() < SENIOR:
        return "senior"
    return "work_ad" if works else "home_ad"


def _pair_works(shares: tuple[float, ...], chance: np.random.Generator) -> tuple[bool, bool]:
    at = int(chance.choice(4, p=shares))
    return at in (0, 1), at in (0, 2)


def _family(chance: np.random.Generator) -> list[Person]:
    spread = FAMILY_MOST - FAMILY_LEAST
    size = FAMILY_LEAST + chance.binomial(spread, (FAMILY_MEAN - FAMILY_LEAST) / spread)
    works_he, works_she = _pair_works(WORKING_PARENTS, chance)
    parents = [person("work_ad" if works_she else "home_ad", "female", chance)]
    if size > FAMILY_LEAST:
        parents.append(person("work_ad" if works_he else "home_ad", "male", chance))
    return parents + [
        person(
            "child" if chance.random() < CHILD else "teen",
            "male" if chance.random() < 1 / 2 else "female",
            chance,
        )
        for _ in range(size - len(parents))
    ]


def presence(
    somebody: Person, is_weekend: Flags, night_share: float, chance: np.random.Generator
) -> Floats:
    """Return how likely a use falls into each minute: days x 1440, each day's sum 1."""
    up, go, home, sleep = _hours(somebody, is_weekend, chance)
    minutes = np.zeros((len(is_weekend), MINUTES_A_DAY), np.int8)
    for state, since, until in (
        (NORMAL, up + PEAK_MIN, go - PEAK_MIN),
        (NORMAL, home + PEAK_MIN, sleep - PEAK_MIN),
        (PEAK, up, up + PEAK_MIN),
        (PEAK, go - PEAK_MIN, go),
        (PEAK, home, home + PEAK_MIN),
        (PEAK, sleep - PEAK_MIN, sleep),
        (NIGHT, sleep, up),
        (AWAY, go, home),
    ):
        _mark(minutes, state, since, until)
    shares = np.array([0.0, NORMAL_SHARE, PEAK_SHARE, night_share])
    counts = np.stack([(minutes == state).sum(axis=1) for state in range(4)], axis=1)
    per_minute = np.where(counts > 0, shares / np.maximum(counts, 1), 0.0)
    weights = np.take_along_axis(per_minute, minutes.astype(np.intp), axis=1)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _hours(
    somebody: Person, is_weekend: Flags, chance: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the minutes of each day at which they rise, leave, come home and go to bed."""
    own = np.array(HOURS[somebody.age], float)
    free = np.array(HOURS["weekend"], float)
    mean = np.where(is_weekend[:, None], free[:, 0], own[:, 0])
    deviation = np.where(is_weekend[:, None], free[:, 1], own[:, 1])
    daily = chance.standard_normal((len(is_weekend), 4)) * np.sqrt(1 - KEPT)
    drawn = mean + deviation * (np.array(somebody.leaning) * np.sqrt(KEPT) + daily)
    up, go, away, asleep = np.rint(drawn).astype(np.int64).T
    sleep = up - asleep + MINUTES_A_DAY
    go = np.where(go < up, up + PEAK_MIN, go)
    home = np.maximum(go + away, go)
    home = np.where(sleep < home, sleep - PEAK_MIN, home)
    return up, go, home, sleep


def _mark(
    minutes: np.ndarray[tuple[int, ...], np.dtype[np.int8]], state: int, since: Ints, until: Ints
) -> None:
    """Set the minutes from ``since`` to ``until`` of each day, perhaps round midnight."""
    since, until = since % MINUTES_A_DAY, until % MINUTES_A_DAY
    minute = np.arange(MINUTES_A_DAY)
    after, before = minute >= since[:, None], minute < until[:, None]
    wraps = (since > until)[:, None]
    minutes[np.where(wraps, after | before, after & before)] = state

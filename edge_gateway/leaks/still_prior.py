# SPDX-License-Identifier: EUPL-1.2
"""How restless homes are, by hour: what ``floor_flow`` takes for granted until it has learned.

Made by ``python -m tests.benchmark.leaks.floor_prior`` from 100 simulated homes.
"""

from functools import cache

HOURS_A_DAY = 24
# A leak of q l/h keeps a register of 1 l still for 1/q: 15, 8.6, 4.6, 3.3, 2.4, 1.8, 1.6 l/h; the
# last two are refills of 6 l at 7 and 5 l/h.
STILL_S = (240, 420, 780, 1080, 1500, 1980, 2280, 3000, 4440)
# Percent of the quarters of an hour after one without a stillness longer than STILL_S that were
# without one too; a row an hour, from midnight.
BUSY_PERCENT = (
    (12, 15, 31, 42, 55, 71, 75, 82, 91),
    (5, 14, 28, 36, 48, 64, 69, 76, 85),
    (5, 10, 20, 28, 39, 55, 60, 69, 77),
    (6, 16, 11, 16, 25, 46, 53, 64, 74),
    (17, 7, 10, 11, 16, 39, 49, 58, 73),
    (6, 7, 23, 31, 42, 59, 66, 77, 87),
    (15, 27, 49, 58, 69, 79, 83, 90, 95),
    (21, 35, 59, 71, 82, 88, 91, 95, 98),
    (19, 31, 54, 66, 77, 85, 88, 93, 97),
    (9, 22, 43, 54, 68, 77, 81, 87, 93),
    (6, 18, 37, 48, 64, 74, 78, 85, 90),
    (12, 24, 40, 52, 63, 76, 80, 86, 92),
    (9, 21, 39, 53, 65, 77, 81, 88, 93),
    (6, 13, 32, 43, 57, 69, 75, 83, 91),
    (8, 10, 27, 38, 51, 65, 72, 80, 88),
    (4, 15, 30, 42, 54, 68, 73, 81, 89),
    (14, 19, 39, 51, 62, 74, 79, 86, 92),
    (10, 22, 47, 56, 69, 81, 84, 90, 94),
    (11, 22, 45, 55, 69, 80, 84, 90, 96),
    (8, 17, 40, 52, 64, 78, 82, 88, 94),
    (6, 15, 36, 48, 62, 76, 80, 87, 93),
    (8, 18, 38, 48, 62, 76, 81, 88, 94),
    (10, 18, 36, 50, 63, 76, 81, 87, 94),
    (12, 18, 37, 47, 61, 75, 79, 86, 93),
)
WRONG_BY_H = 3  # a clock may be


@cache
def busy_percent(hour: int, still_s: int) -> int:
    """Return the share of busy quarters after a busy one, the greatest within three hours.

    Of the next length in the table: what was still for ``still_s`` in truth may be seen as less.
    """
    size = next((at for at, length_s in enumerate(STILL_S) if length_s >= still_s), -1)
    near = range(hour - WRONG_BY_H, hour + WRONG_BY_H + 1)
    return max(BUSY_PERCENT[one % HOURS_A_DAY][size] for one in near)

# SPDX-License-Identifier: EUPL-1.2
"""Steps: what may happen to a register between two readings, and the cheapest way through many.

Costs are counted in halves, in integers, so that a tie is a tie wherever a window begins: leaving a
reading out costs 1, a rollover 1.5 (2.5 where the modulus is a guess), any other break 3.5. A break
is then believed once four readings that agree with each other stand against it, a rollover after
two or three.
"""

import numpy as np

from cloud.validation.series import HOUR_S, Integers, Limits, Mask

LEFT_OUT = 2
ROLLOVER_DECLARED = 3
ROLLOVER_GUESSED = 5
BREAK = 7

REACH = 256  # a step over more readings than these is taken for a break without a look

# A short interval allows what five minutes allow: the pulses of large meters come in lumps.
FLOOR_S = 300
SLACK = 1  # unit: a register may have been rounded

# A guess asks the old register to be in the last hundredth and the new one in the first. Registers
# of decimal digits roll over at powers of ten, pulse counters of 16 and 32 bits at 2^16 and 2^32
# pulses of 1, 10, 100 … units.
GUESS_SHARE = 100
MODULI = np.array(
    sorted(
        {10**digits for digits in range(3, 16)}
        | {2**bits * 10**power for bits in (16, 32) for power in range(7)}
    ),
    dtype=np.int64,
)


class Steps:
    """The steps between readings in order of time.

    ``resets`` and ``rollovers`` count how many recorded ones lie before each reading;
    ``forced_in`` are those that an editor accepted.
    """

    def __init__(
        self,
        *,
        read_at_s: Integers,
        register: Integers,
        forced_in: Mask,
        resets: Integers,
        rollovers: Integers,
        limits: Limits,
    ) -> None:
        self.read_at_s = read_at_s
        self.register = register
        self.forced_in = forced_in
        self.resets = resets
        self.rollovers = rollovers
        self.limits = limits

    def _allows(self, earlier: Integers, later: Integers, grown: Integers) -> Mask:
        passed_s = np.maximum(self.read_at_s[later] - self.read_at_s[earlier], FLOOR_S)
        most = self.limits.max_per_h * (passed_s / HOUR_S) + SLACK
        allowed: Mask = (grown >= 0) & ((grown <= most) | self.forced_in[later])
        return allowed

    def plain(self, earlier: Integers, later: Integers) -> Mask:
        """Tell which of these steps a meter can do without a break."""
        grown = self.register[later] - self.register[earlier]
        is_one_epoch: Mask = self.resets[earlier] == self.resets[later]
        return self._allows(earlier, later, grown) & is_one_epoch

    def moduli(self, earlier: Integers, later: Integers) -> Integers:
        """Return the modulus with which each of these steps is a rollover, 0 where it is none."""
        old, new = self.register[earlier], self.register[later]
        if self.limits.modulus is not None:
            modulus = np.full(len(old), self.limits.modulus)
            fits = old < modulus
        else:
            modulus = MODULI[np.minimum(np.searchsorted(MODULI, old, "right"), len(MODULI) - 1)]
            share = modulus // GUESS_SHARE
            near = (old >= modulus - share) & (old < modulus) & (new <= share)
            fits = near | self._is_recorded_rollover(earlier, later)
        fits &= (new < old) & self._allows(earlier, later, new + modulus - old)
        return np.where(fits & (self.resets[earlier] == self.resets[later]), modulus, 0)

    def _is_recorded_rollover(self, earlier: Integers, later: Integers) -> Mask:
        found: Mask = self.rollovers[earlier] != self.rollovers[later]
        return found

    def costs(self, earlier: Integers, later: Integers) -> Integers:
        """Return what these steps cost, without the readings left out between them."""
        is_declared = self.limits.modulus is not None
        rollover = np.where(
            self._is_recorded_rollover(earlier, later),
            0,
            ROLLOVER_DECLARED if is_declared else ROLLOVER_GUESSED,
        )
        costs = np.where(self.moduli(earlier, later) > 0, rollover, BREAK)
        is_free = self.plain(earlier, later) | (self.resets[earlier] != self.resets[later])
        return np.where(is_free, 0, costs)


def cheapest_path(
    steps: Steps, start: int, end: int, *, from_start: bool, to_end: bool
) -> Integers:
    """Return the readings of [start, end] that the cheapest explanation accepts, in order.

    ``from_start`` and ``to_end``: it must begin and end with the outermost ones. Among equals the
    explanation that leaves later readings out is taken: the first stays.
    """
    must = steps.forced_in[start : end + 1]
    costs, previous = _search(steps, start, must, from_start=from_start)
    last = end - start
    if not to_end:
        first = int(np.flatnonzero(must)[-1]) if must.any() else 0
        unexplained = LEFT_OUT * np.arange(last, -1, -1)
        last = first + int(np.argmin((costs + unexplained)[first:]))
    path = []
    while last >= 0:
        path.append(last + start)
        last = int(previous[last])
    return np.array(path[::-1], dtype=np.int64)


def _search(steps: Steps, start: int, must: Mask, *, from_start: bool) -> tuple[Integers, Integers]:
    """Return the cost of the cheapest way to each reading, and the reading before it on that way.

    A reading that must be in can't be stepped over; -1 is before the first.
    """
    size = len(must)
    best = np.zeros(size, dtype=np.int64)
    previous = np.full(size, -1, dtype=np.int64)
    earliest, far = 0, -1
    for place in range(1, size):
        if must[place - 1]:
            earliest, far = place - 1, -1
        beyond = place - REACH - 1
        if beyond >= earliest and (far < 0 or _ahead(best, beyond) <= _ahead(best, far)):
            far = beyond
        options = np.arange(max(earliest, beyond + 1), place)
        costs = best[options] + LEFT_OUT * (place - 1 - options)
        costs += steps.costs(options + start, np.full(len(options), place + start))
        chosen = int(np.argmin(costs))
        best[place], previous[place] = costs[chosen], options[chosen]
        if far >= 0 and _ahead(best, far) + LEFT_OUT * (place - 1) + BREAK < best[place]:
            best[place] = _ahead(best, far) + LEFT_OUT * (place - 1) + BREAK
            previous[place] = far
        if not from_start and earliest == 0 and not must[0] and LEFT_OUT * place < best[place]:
            best[place], previous[place] = LEFT_OUT * place, -1
    return best, previous


def _ahead(best: Integers, place: int) -> int:
    """Return what makes far readings comparable: the cost so far, less what was left out."""
    return int(best[place]) - LEFT_OUT * place

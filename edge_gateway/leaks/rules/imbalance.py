# SPDX-License-Identifier: EUPL-1.2
"""Imbalance: between a main and the meters behind it more is lost than used to be.

Method. What the main passed less what the others passed, in windows of four hours, is explained by
two figures that are learned and slowly forgotten: what is never metered (a tap in the yard), and
by how much the main reads more than the others of what they read. A one-sided CUSUM sums up what
remains, in standard deviations. Source: E. S. Page, Continuous Inspection Schemes, Biometrika 41
(1954); the two figures by recursive least squares with forgetting (L. Ljung, System Identification,
1999, 11.2). Meters may err by 2 %, and by 5 % at low flows (OIML R 49-1, 4.2): most of it is the
same every day, so it is learned; what is left sets the least deviation.

Limits. It needs a week first, every meter behind the main, and readings of all of them: an hour
with a gap in any is left out. What leaked from the first day is learned as never metered. A meter
behind the main that stops or slows down looks just the same as a leak; it says so.
"""

from dataclasses import dataclass, field
from math import sqrt
from typing import ClassVar

from edge_gateway.leaks.balance import Balanced
from edge_gateway.leaks.rules import BALANCES
from edge_gateway.leaks.stretch import HOUR_S, UTILITIES, Meter
from edge_gateway.leaks.verdict import Cleared, Raised, Verdict

WINDOW_S = 4 * HOUR_S
LEARNED_WINDOWS = 42  # a week
FORGETTING = 0.998  # by window: half in two months
UNMETERED_SD = 50.0  # of a step and of what is never metered, before anything was seen: in steps
RATIO_SD = 0.03
ERRS = 0.01  # of the parts: what changes of the meters' errors as use changes
NOISE_FADES = 0.98  # by window: half in six days
CLIPPED = 4.0  # standard deviations, that one window may count for
SLACK = 0.5
THRESHOLD = 7.0
CLEAR_WINDOWS = 3
CLEARS_AFTER_H = CLEAR_WINDOWS * WINDOW_S // HOUR_S
CONFIDENCE = 75
CONVINCING = 6


@dataclass
class Imbalance:
    """What the rule remembers of one main; flows in thousandths per hour."""

    kind: ClassVar[str] = "imbalance"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = BALANCES
    utilities: ClassVar[frozenset[str]] = frozenset(UTILITIES)

    page: str = ""
    ended_at_s: int = 0
    gathered_s: int = 0  # of this window
    main: int = 0
    parts: int = 0
    windows: int = 0  # learned from
    unmetered: float = 0.0
    ratio: float = 0.0
    spread: list[float] = field(default_factory=list)  # of both: variances, and covariance last
    noise: float = 0.0  # variance
    score: float = 0.0
    since_s: int = 0  # of what is open
    recent: list[list[int]] = field(default_factory=list)  # amount lost and flow not explained
    excess: int = 0
    is_open: bool = False
    low_windows: int = 0

    def look(self, seen: Balanced, meter: Meter) -> Verdict | None:  # noqa: ARG002 - rules' shape
        """Raise when the loss has grown, clear once it has gone; both at the end of a window."""
        if seen.page != self.page:
            return self._begin_anew(seen.page)
        if seen.started_at_s != self.ended_at_s:
            self.gathered_s = self.main = self.parts = 0
            self.recent = []
        self.ended_at_s = seen.ended_at_s
        self.gathered_s += seen.ended_at_s - seen.started_at_s
        self.main += seen.main
        self.parts += seen.parts
        if self.gathered_s < WINDOW_S:
            return None
        per_hour = HOUR_S / self.gathered_s
        lost, parts = (self.main - self.parts) * per_hour, self.parts * per_hour
        remains = lost - self.unmetered - self.ratio * parts
        self.recent = [*self.recent[1 - CONVINCING :], [self.main - self.parts, round(remains)]]
        self.gathered_s = self.main = self.parts = 0
        return self._judge(remains, parts, seen)

    def volume(self) -> int:
        """Return what the excess makes since it began."""
        return self.excess * (self.ended_at_s - self.since_s) // HOUR_S

    def _judge(self, remains: float, parts: float, seen: Balanced) -> Verdict | None:
        if not seen.step:
            return None  # nothing has flowed through any of them yet
        if not self.spread:
            self.spread = [(UNMETERED_SD * seen.step) ** 2, RATIO_SD**2, 0.0]
        if self.is_open:
            return self._stay_or_clear(remains)
        least = (seen.step * HOUR_S / WINDOW_S) ** 2 / seen.meters + (ERRS * parts) ** 2
        variance = max(self.noise, least)
        if self.windows >= LEARNED_WINDOWS:
            self._sum_up(remains, sqrt(variance + self._doubt(parts)))
            if self.score >= THRESHOLD:
                return self._raise(sqrt(variance))
        if not seen.is_leaking:
            self._learn(remains, parts, variance)
        return None

    def _sum_up(self, remains: float, deviation: float) -> None:
        deviations = max(-CLIPPED, min(remains / deviation, CLIPPED))
        self.score = round(max(0.0, self.score + deviations - SLACK), 4)

    def _doubt(self, parts: float) -> float:
        """Return the variance of what was expected."""
        of_unmetered, of_ratio, of_both = self.spread
        return max(0.0, of_unmetered + 2 * of_both * parts + of_ratio * parts**2)

    def _learn(self, remains: float, parts: float, variance: float) -> None:
        of_unmetered, of_ratio, of_both = self.spread
        gain = [of_unmetered + of_both * parts, of_both + of_ratio * parts]
        total = variance + self._doubt(parts)
        bounded = max(-CLIPPED, min(remains / sqrt(total), CLIPPED)) * sqrt(total)
        self.unmetered = _short(self.unmetered + gain[0] * bounded / total)
        self.ratio = _short(self.ratio + gain[1] * bounded / total)
        spread = (
            of_unmetered - gain[0] * gain[0] / total,
            of_ratio - gain[1] * gain[1] / total,
            of_both - gain[0] * gain[1] / total,
        )
        self.spread = [_short(one / FORGETTING) for one in spread]
        self.noise = _short(NOISE_FADES * self.noise + (1 - NOISE_FADES) * bounded**2)
        self.windows = min(self.windows + 1, LEARNED_WINDOWS)

    def _raise(self, deviation: float) -> Raised:
        convincing = self._convincing()
        self.excess = max(0, sum(flow for *_, flow in convincing) // len(convincing))
        self.since_s = self.ended_at_s - len(convincing) * WINDOW_S
        self.is_open, self.low_windows, self.score = True, 0, 0.0
        either = round(2 * deviation / sqrt(len(convincing)))
        return Raised(
            started_at_s=self.since_s,
            flow=self.excess,
            flow_low=max(0, self.excess - either),
            flow_high=self.excess + either,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                "The main passes more than all the meters behind it together: look for a leak "
                "between them, or a meter behind it that has stopped or runs slow."
            ),
            ordinary_use=(
                f"What the meters behind it differ by is known: {_percent(self.ratio)} of what "
                "they read, and what was never metered. This comes on top of both."
            ),
            clears_when=f"The difference is as before for {CLEARS_AFTER_H} hours.",
            hours=tuple(
                (self.since_s + place * WINDOW_S, amount)
                for place, (amount, _) in enumerate(convincing)
            ),
        )

    def _convincing(self) -> list[list[int]]:
        """Return the last windows, as many as stand out the most: since when it has leaked."""
        lengths = range(1, len(self.recent) + 1)

        def stands_out(length: int) -> float:
            return sum(flow for *_, flow in self.recent[-length:]) / sqrt(length)

        return self.recent[-max(lengths, key=stands_out) :]

    def _stay_or_clear(self, remains: float) -> Cleared | None:
        self.low_windows = self.low_windows + 1 if 2 * remains < self.excess else 0
        if self.low_windows < CLEAR_WINDOWS:
            return None
        self.is_open = False
        return Cleared(
            volume=self.volume(),
            explanation="The main passes as much as the meters behind it again.",
        )

    def _begin_anew(self, page: str) -> Cleared | None:
        was_open, volume = self.is_open, self.volume()
        self.__init__(page=page)  # type: ignore[misc]
        if not was_open:
            return None
        return Cleared(
            volume=volume, explanation="Other meters are behind this main now: it is learned anew."
        )


def _short(figure: float) -> float:
    """Return seven digits of it: all are remembered as text."""
    return float(f"{figure:.7g}")


def _percent(ratio: float) -> str:
    return f"{ratio * 100:+.1f} %"


RULE = Imbalance

# SPDX-License-Identifier: EUPL-1.2
"""What one detector did in one batch, all meters together."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.benchmark.leaks.scoring import Delays, Rate
from tests.benchmark.leaks.trial import Outcome

NOTHING = Rate(0, 0.0)


@dataclass
class Summary:
    """Rates of alarms, and delays by leak: of all meters, and of the clean ones."""

    detector: str
    rate: Rate = NOTHING
    clean_rate: Rate = NOTHING
    unconfirmed_rate: Rate = NOTHING
    clean_unconfirmed_rate: Rate = NOTHING
    of_meter: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    us_per_reading: list[float] = field(default_factory=list)
    state_bytes: list[int] = field(default_factory=list)  # the most of each meter
    every_s: dict[str, list[int | None]] = field(default_factory=dict)
    clean_s: dict[str, list[int | None]] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Take one more meter in."""
        self.rate += Rate(outcome["alarms"], outcome["years"])
        self.clean_rate += Rate(outcome["clean_alarms"], outcome["clean_years"])
        self.unconfirmed_rate += Rate(outcome["unconfirmed"], outcome["years"])
        self.clean_unconfirmed_rate += Rate(outcome["clean_unconfirmed"], outcome["clean_years"])
        self.of_meter += outcome["of_meter"]
        self.state_bytes.append(outcome["state_bytes"])
        self.us_per_reading.append(outcome["us_per_reading"])
        for kind, count in outcome["by_rule"].items():
            self.by_rule[kind] = self.by_rule.get(kind, 0) + count
        for label, delays_s in outcome["delays_s"].items():
            self.every_s.setdefault(label, []).extend(delays_s)
            if outcome["is_clean"]:
                self.clean_s.setdefault(label, []).extend(delays_s)

    def delays(self, label: str, *, is_clean: bool = False) -> Delays | None:
        """Return the delays of a leak; None where it was not tried."""
        each_s = (self.clean_s if is_clean else self.every_s).get(label)
        return Delays(each_s) if each_s else None


def summed(outcomes: Iterable[Outcome]) -> dict[str, Summary]:
    """Return a summary by detector."""
    by_detector: dict[str, Summary] = {}
    for outcome in outcomes:
        name = outcome["detector"]
        by_detector.setdefault(name, Summary(name)).add(outcome)
    return by_detector

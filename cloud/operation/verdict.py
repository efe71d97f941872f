# SPDX-License-Identifier: EUPL-1.2
"""What a look at one thing found."""

from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["good", "warning", "fault"]


@dataclass(frozen=True)
class Verdict:
    """One sentence about one thing; a fault is what keeps the cloud from its work, or will."""

    about: str
    level: Level
    said: str

    def line(self) -> str:
        """Return it for people."""
        return f"{self.level:8} {self.about:13} {self.said}"

    def fields(self) -> dict[str, str]:
        """Return it for programs."""
        return asdict(self)


def good(about: str, said: str) -> Verdict:
    """Say that it is as it should be."""
    return Verdict(about, "good", said)


def warning(about: str, said: str) -> Verdict:
    """Say what will become a fault, or makes the next one worse."""
    return Verdict(about, "warning", said)


def fault(about: str, said: str) -> Verdict:
    """Say what does not work."""
    return Verdict(about, "fault", said)

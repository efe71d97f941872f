# SPDX-License-Identifier: EUPL-1.2
"""A finding: something a rule noticed in the data of one meter, with its evidence."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cloud.validation.series import DAY_S, HOUR_S, About


class Severity(StrEnum):
    """How sure and how bad: ``error`` is wrong data, ``warning`` wants a look, ``note`` is news."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong in [started_at, ended_at); ``ended_at`` is None while it goes on.

    ``explanation`` is a sentence for an analyst, with the figures in it; ``evidence`` holds the
    same figures for programs, amounts in the series' own unit, JSON only.
    """

    rule: str
    meter_id: str
    reading_type: str
    started_at: datetime
    ended_at: datetime | None
    severity: Severity
    explanation: str
    evidence: dict[str, Any] = field(default_factory=dict)


def utc(unix_s: float) -> datetime:
    """Return the instant, in UTC."""
    return datetime.fromtimestamp(int(unix_s), UTC)


def stamp(unix_s: float) -> str:
    """Return the instant as an explanation names it, in UTC."""
    return f"{utc(unix_s):%Y-%m-%d %H:%M}"


def span(seconds: float) -> str:
    """Return how long something lasted, as people say it."""
    if seconds >= 2 * DAY_S:
        return f"{seconds / DAY_S:.0f} days"
    if seconds >= HOUR_S:
        hours = round(seconds / HOUR_S)
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def found(
    rule: str,
    about: About,
    began_s: int,
    ended_s: int | None,
    severity: Severity,
    explanation: str,
    **evidence: Any,
) -> Finding:
    """Return a finding on the meter ``about``; the unit of the evidence is added to it."""
    return Finding(
        rule=rule,
        meter_id=about.meter_id,
        reading_type=about.reading_type,
        started_at=utc(began_s),
        ended_at=None if ended_s is None else utc(ended_s),
        severity=severity,
        explanation=explanation,
        evidence={**evidence, "unit": about.unit},
    )

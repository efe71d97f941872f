# SPDX-License-Identifier: EUPL-1.2
"""Quiet hours are of the local day; what is critical goes through them."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cloud.alerts.letters import LANGUAGES, TITLES, VERBS
from cloud.alerts.models import GROUPS, severity
from cloud.alerts.notices import NEWS, due_at_of


def due(at: str, *, quiet: tuple[int, int] | None, kind: str = "continuous_flow") -> str:
    """Return when somebody is told of what happens at ``at``, both in UTC; quiet in hours."""
    hours = (None, None) if quiet is None else (quiet[0] * 60, quiet[1] * 60)
    one: Any = SimpleNamespace(quiet_from=hours[0], quiet_to=hours[1])
    alert: Any = SimpleNamespace(severity=severity(kind))
    told = due_at_of(one, alert, datetime.fromisoformat(at).replace(tzinfo=UTC))
    return told.astimezone(UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("at", "quiet", "told_at"),
    [
        ("2026-11-21T21:30", (22, 7), "2026-11-22T05:00"),  # 23:30 in Sofia: until seven
        ("2026-11-22T04:59", (22, 7), "2026-11-22T05:00"),
        ("2026-11-22T05:00", (22, 7), "2026-11-22T05:00"),
        ("2026-11-21T19:59", (22, 7), "2026-11-21T19:59"),
        ("2026-11-21T12:00", (13, 15), "2026-11-21T13:00"),  # a nap
        ("2026-11-21T09:00", (13, 15), "2026-11-21T09:00"),
        ("2026-10-24T21:30", (22, 7), "2026-10-25T05:00"),  # the clocks go back that night
        ("2026-03-28T21:30", (22, 7), "2026-03-29T04:00"),  # and forth
        ("2026-11-21T21:30", None, "2026-11-21T21:30"),
    ],
)
def test_what_happens_in_quiet_hours_is_told_when_they_end(
    at: str, quiet: tuple[int, int] | None, told_at: str
) -> None:
    assert due(at, quiet=quiet) == told_at


def test_what_is_critical_is_told_at_once() -> None:
    assert due("2026-11-21T21:30", quiet=(22, 7), kind="burst") == "2026-11-21T21:30"


def test_letters_have_words_for_every_event_that_is_told() -> None:
    assert set(VERBS) == NEWS
    assert set(TITLES) <= set(GROUPS)
    assert all(len(words) == len(LANGUAGES) for words in (*VERBS.values(), *TITLES.values()))

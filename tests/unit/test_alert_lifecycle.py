# SPDX-License-Identifier: EUPL-1.2
"""An alert's state follows from what was told of it, in whatever order and however often."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.alerts.lifecycle import (
    SAME_STORY,
    Said,
    Standing,
    State,
    Told,
    flowed_at,
    is_same_story,
    standing,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def a_raise(hours: float = 0, gateway: str = "gw-one") -> Told:
    return Told(gateway_id=gateway, raised_at=at(hours), flowed_at=at(hours))


def a_report(hours: float, of: Told) -> Told:
    return Told(
        gateway_id=of.gateway_id,
        raised_at=of.raised_at,
        flowed_at=flowed_at(of.raised_at, at(hours)),
    )


def a_clearing(hours: float, of: Told) -> Told:
    return of.joined(
        Told(
            gateway_id=of.gateway_id,
            raised_at=of.raised_at,
            flowed_at=of.raised_at,
            cleared_at=at(hours),
        )
    )


def state(*told: Told, **said: float) -> State:
    return standing(told, Said(**{name: at(hours) for name, hours in said.items()})).state


def test_an_alert_is_raised_then_acknowledged_then_resolved() -> None:
    drip = a_raise()
    assert state(drip) == State.RAISED
    assert state(drip, acknowledged_at=1) == State.ACKNOWLEDGED
    assert state(a_clearing(2, drip), acknowledged_at=1) == State.RESOLVED
    assert state(a_clearing(2, drip)) == State.RESOLVED


def test_what_comes_back_needs_acknowledging_again() -> None:
    over, again = a_clearing(2, a_raise()), a_raise(5)
    assert state(over, again, acknowledged_at=1) == State.REOPENED
    assert state(over, again, acknowledged_at=6) == State.ACKNOWLEDGED


def test_a_second_finding_that_overlaps_the_first_needs_no_second_acknowledgement() -> None:
    over, other = a_clearing(2, a_raise()), a_raise(1.5)
    assert state(over, other, acknowledged_at=1) == State.ACKNOWLEDGED


def test_resolved_by_hand_stays_so_while_nothing_flows() -> None:
    drip = a_raise()
    assert state(drip, resolved_at=3) == State.RESOLVED
    # its quarter of an age and the hourly reading reach back before the resolution
    late = drip.joined(a_report(4.5, drip))
    assert state(late, resolved_at=3) == State.RESOLVED


def test_resolved_by_hand_is_reopened_by_the_gateways_word_that_it_still_flows() -> None:
    drip = a_raise()
    flowing = drip.joined(a_report(8, drip))
    assert state(flowing, resolved_at=3) == State.REOPENED
    assert state(flowing, resolved_at=3, acknowledged_at=2) == State.REOPENED
    assert state(flowing, resolved_at=3, acknowledged_at=9) == State.ACKNOWLEDGED
    assert state(a_clearing(9, flowing), resolved_at=3) == State.RESOLVED


def test_a_snooze_that_runs_out_asks_again() -> None:
    drip = a_raise()
    assert state(drip, acknowledged_at=1, woken_at=9) == State.REOPENED
    assert state(drip, acknowledged_at=10, woken_at=9) == State.ACKNOWLEDGED
    assert state(a_clearing(4, drip), acknowledged_at=1, woken_at=9) == State.RESOLVED


def test_a_gateway_that_was_replaced_leaves_nothing_open_for_ever() -> None:
    left_open, mended = a_raise(), a_clearing(30, a_raise(20, "gw-two"))
    assert state(left_open, mended) == State.RESOLVED
    still_telling = left_open.joined(a_report(50, left_open))
    assert state(still_telling, mended) != State.RESOLVED


def test_it_ended_when_the_last_finding_did() -> None:
    over = standing([a_clearing(2, a_raise()), a_clearing(7, a_raise(5))], Said())
    assert over == Standing(state=State.RESOLVED, opened_at=at(5), ended_at=at(7))


@pytest.mark.parametrize(
    ("raised_at", "cleared_at", "is_same"),
    [
        (at(1), None, True),
        (at(2) + SAME_STORY, None, True),
        (at(2.1) + SAME_STORY, None, False),
        (at(-30), at(-23), True),
        (at(-30), at(-25), False),
    ],
)
def test_what_comes_back_within_a_day_is_the_same_story(
    raised_at: datetime, cleared_at: datetime | None, is_same: bool
) -> None:
    assert is_same_story(at(0), at(2), raised_at, cleared_at) is is_same


# Facts of one alert: (about, what) where about is a finding's name, or None for people.
Fact = tuple[str | None, Told | Said]
HOURS = st.integers(0, 60).map(float)


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Reports of up to three findings of two gateways, and what people said meanwhile."""
    found: list[Fact] = []
    for number in range(draw(st.integers(1, 3))):
        name, raised = f"f-{number}", a_raise(draw(HOURS), draw(st.sampled_from(["a", "b"])))
        found.append((name, raised))
        found += [(name, a_report(hours, raised)) for hours in draw(st.lists(HOURS, max_size=3))]
        if draw(st.booleans()):
            since = (raised.raised_at - NOON) / timedelta(hours=1)
            found.append((name, a_clearing(since + draw(HOURS), raised)))
    acts = draw(st.lists(st.sampled_from(list(vars(Said()))), max_size=4))
    return [*found, *((None, Said(**{act: at(draw(HOURS))})) for act in acts)]


def joined(found: list[Fact]) -> Standing:
    told: dict[str, Told] = {}
    said = Said()
    for name, what in found:
        if isinstance(what, Said):
            said = said.joined(what)
        elif name is not None:
            told[name] = told[name].joined(what) if name in told else what
    return standing(list(told.values()), said)


@given(facts(), st.data())
def test_any_order_and_repetition_ends_in_the_same_state(found: list[Fact], data: Any) -> None:
    shuffled = data.draw(st.permutations(found))
    repeated = data.draw(st.lists(st.sampled_from(found), max_size=5))
    assert joined([*shuffled, *repeated]) == joined(found)


@given(facts(), st.lists(HOURS, max_size=5))
def test_a_late_report_never_unacknowledges(found: list[Fact], hours: list[float]) -> None:
    acknowledged: Fact = (None, Said(acknowledged_at=at(200)))
    told = [fact for fact in found if fact[0] is not None]
    known = {name: what for name, what in reversed(told) if isinstance(what, Told)}
    late: list[Fact] = [
        (name, a_report(more + 200, raised)) for name, raised in known.items() for more in hours
    ]
    cleared: list[Fact] = [(name, a_clearing(300, raised)) for name, raised in known.items()]
    assert joined([*found, acknowledged, *late]).state in (State.ACKNOWLEDGED, State.RESOLVED)
    assert joined([*found, acknowledged, *late, *cleared]).state == State.RESOLVED


@given(facts())
def test_an_alert_is_resolved_exactly_when_it_has_ended(found: list[Fact]) -> None:
    where = joined(found)
    assert (where.state == State.RESOLVED) == (where.ended_at is not None)
    assert where.ended_at is None or where.opened_at <= where.ended_at


@given(facts())
def test_the_joins_commute_and_associate(found: list[Fact]) -> None:
    said = [what for _, what in found if isinstance(what, Said)]
    told = [what for name, what in found if isinstance(what, Told) and name == "f-0"]
    assert reduce(Said.joined, said, Said()) == reduce(Said.joined, said[::-1], Said())
    assert reduce(Told.joined, told) == reduce(lambda one, other: other.joined(one), told)

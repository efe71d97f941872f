# SPDX-License-Identifier: EUPL-1.2
"""A window of readings tells what a change in it makes new, exactly as the whole history does."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from cloud.meters.models import Installation, Meter, RegisterEvent
from cloud.readings.reviewed import Mark, RawReadings
from cloud.readings.usage import Hours, Line, hourly
from cloud.validation.correction import Correction
from cloud.validation.estimation import Measured
from cloud.validation.figures import figures
from cloud.validation.history import History, OnRecord
from wire import quality

HOUR = 3600
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
BEGIN_S = int(BEGIN.timestamp())
FOREVER_S = 2**40
POINT = "sp-one"


def an_installation(**changes: object) -> Installation:
    facts = {
        "installation_id": 1,
        "service_point_id": POINT,
        "meter_id": "m-one",
        "node_id": "n-one",
        "obis": "8-0:1.0.0",
        "valid_from": BEGIN - timedelta(days=1),
        "valid_to": None,
    }
    return Installation(**{**facts, **changes})


def a_meter(max_per_h: int | None = 3000) -> Meter:
    return Meter(
        meter_id="m-one",
        serial="1",
        make="Zenner",
        model="ETK",
        q3_l_per_h=None,
        households=None,
        max_per_h=max_per_h,
    )


def a_record(**changes: object) -> OnRecord:
    facts = {
        "installation": an_installation(),
        "meter": a_meter(),
        "reading_type": "cold_water",
        "neighbours": [an_installation()],
    }
    return OnRecord(**{**facts, **changes})


def a_reset(at: datetime, before: int | None, after: int | None) -> RegisterEvent:
    return RegisterEvent(
        event_id=1,
        service_point_id=POINT,
        installation_id=1,
        kind="reset",
        at=at,
        register_before=before,
        register_after=after,
        explanation="",
        recorded_by="person:a@b",
        recorded_at=at,
        undone_at=None,
        undone_by=None,
        undone_because=None,
    )


def a_total(since: datetime, until: datetime, usage: int) -> Correction:
    return Correction(
        correction_id=1,
        service_point_id=POINT,
        kind="usage",
        since=since,
        until=until,
        usage=usage,
        reason="",
        made_by="person:a@b",
        made_at=since,
        undone_at=None,
        undone_by=None,
        undone_because=None,
    )


def a_window(
    readings: list[tuple[int, int]],
    mark: tuple[int, int] | None = None,
    first: int = 0,
    end: int | None = None,
) -> RawReadings:
    """Return readings (s since BEGIN, register) [first, end) of a channel that has them all."""
    end = len(readings) if end is None else end
    here = readings[first:end]
    at_s = BEGIN_S + np.array([at for at, _ in here], dtype=np.int64)
    nothing = np.zeros(len(here), dtype=np.int64)
    since, until = mark or (readings[0][0], readings[-1][0])
    return RawReadings(
        mark=Mark(channel_id=7, since_s=BEGIN_S + since, until_s=BEGIN_S + until),
        rest=None,
        first_s=-FOREVER_S if first == 0 else int(at_s[0]),
        last_s=FOREVER_S if end == len(readings) else int(at_s[-1]),
        is_cut=False,
        read_at_s=at_s,
        boot=nothing,
        sequence=np.arange(first, end, dtype=np.int64),
        register=np.array([register for _, register in here], dtype=np.int64),
        bits=nothing,
    )


def line_of(readings: list[tuple[int, int]]) -> Line:
    window = a_window(readings)
    history = History(window, a_record())
    scope = history.scope(window.mark.since_s, window.mark.until_s)
    assert scope is not None
    return history.line(scope)


def rows(hours: Hours) -> list[tuple[int, int, int]]:
    return list(
        zip(hours.usage.tolist(), hours.covered_s.tolist(), hours.bits.tolist(), strict=True)
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int]]:
    paces = draw(
        st.lists(st.sampled_from([300, 700, 900, 900, 1800, 5000]), min_size=1, max_size=120)
    )
    steps = draw(st.lists(st.integers(0, 90), min_size=len(paces), max_size=len(paces)))
    at, registers = np.cumsum(paces), 1000 + np.cumsum(steps)
    for place in draw(st.lists(st.integers(0, len(at) - 1), max_size=4)):
        registers[place] = draw(st.sampled_from([0, 5, 1020, 10**9]))
    return list(zip(at.tolist(), registers.tolist(), strict=True))


@given(histories(), st.data())
def test_a_change_makes_new_what_its_scope_says_and_nothing_else(
    readings: list[tuple[int, int]], data: st.DataObject
) -> None:
    places = data.draw(st.sets(st.integers(0, len(readings) - 1), min_size=1, max_size=5))
    since, until = readings[min(places)][0], readings[max(places)][0]
    old = [one for place, one in enumerate(readings) if place not in places]
    context = data.draw(st.integers(1, 60))
    first, end = max(min(places) - context, 0), min(max(places) + context + 1, len(readings))
    history = History(a_window(readings, (since, until), first, end), a_record())
    scope = history.scope(BEGIN_S + since, BEGIN_S + until)
    assume(scope is not None)
    assert scope is not None
    whole = line_of(readings)
    assert rows(hourly(history.line(scope), scope.first_s, scope.end_s)) == rows(
        hourly(whole, scope.first_s, scope.end_s)
    )
    if old:
        before = line_of(old)
        early, late = BEGIN_S - 24 * HOUR, BEGIN_S + readings[-1][0] // HOUR * HOUR + 24 * HOUR
        for since_s, until_s in ((early, scope.first_s), (scope.end_s, late)):
            if since_s < until_s:
                assert rows(hourly(before, since_s, until_s)) == rows(
                    hourly(whole, since_s, until_s)
                )


def test_a_window_without_a_steady_stretch_on_either_side_tells_nothing() -> None:
    readings = [(n * 900, n * 10) for n in range(100)]
    mark = (50 * 900, 50 * 900)
    assert (
        History(a_window(readings, mark, 44, 57), a_record()).scope(
            BEGIN_S + mark[0], BEGIN_S + mark[1]
        )
        is None
    )
    assert (
        History(a_window(readings, mark, 30, 70), a_record()).scope(
            BEGIN_S + mark[0], BEGIN_S + mark[1]
        )
        is not None
    )


def test_a_meter_with_a_wrong_maximum_has_no_steady_stretch_and_costs_only_a_bare_look() -> None:
    readings = [(n * 900, n * 5000) for n in range(100)]
    window = a_window(readings, (50 * 900, 50 * 900), 20, 80)
    history = History(window, a_record(meter=a_meter(max_per_h=1)))
    assert history.scope(window.mark.since_s, window.mark.until_s) is None
    scope = history.bare_scope(window.mark.since_s, window.mark.until_s)
    assert (scope.first_s, scope.end_s) == (BEGIN_S + 12 * HOUR, BEGIN_S + 13 * HOUR)


def test_what_was_read_off_the_dial_counts_at_both_ends() -> None:
    hung = an_installation(
        valid_from=BEGIN,
        valid_to=BEGIN + timedelta(hours=3),
        start_register=70,
        final_register=110,
    )
    readings = [(1800 + n * 900, 80 + n * 2) for n in range(8)]
    window = a_window(readings, (0, 3 * HOUR))
    history = History(window, a_record(installation=hung))
    scope = history.scope(window.mark.since_s, window.mark.until_s)
    assert scope is not None
    hours = hourly(history.line(scope), BEGIN_S, BEGIN_S + 3 * HOUR)
    assert hours.usage.sum() == 110 - 70
    assert hours.covered_s.tolist() == [HOUR, HOUR, HOUR]


def test_a_reset_with_both_registers_told_leaves_nothing_unknown() -> None:
    at = BEGIN + timedelta(minutes=52)
    readings = [(n * 900, 1000 + n * 10 if n < 4 else (n - 4) * 10 + 6) for n in range(9)]
    window = a_window(readings)
    for before, after, covered_s in (
        (1035, 0, 2 * HOUR),
        (1035, None, 2 * HOUR - 480),
        (None, None, 2 * HOUR - 900),
    ):
        record = a_record(events=[a_reset(at, before, after)])
        history = History(window, record)
        scope = history.scope(window.mark.since_s, window.mark.until_s)
        assert scope is not None
        hours = hourly(history.line(scope), BEGIN_S, BEGIN_S + 2 * HOUR)
        assert hours.covered_s.sum() == covered_s
        assert not (hours.bits & quality.SUSPECT).any()


async def test_an_editors_total_is_exact_and_falls_as_the_meter_is_used() -> None:
    async def stored(_: int, since_s: int, until_s: int) -> Measured:
        start = np.arange(since_s, until_s, HOUR, dtype=np.int64)
        is_used = start // HOUR % 24 == 6
        return Measured(start_s=start, usage=np.where(is_used, 50, 0))

    total = a_total(BEGIN, BEGIN + timedelta(hours=24), 777)
    window = a_window([(0, 0), (24 * HOUR, 10)])
    history = History(window, a_record(corrections=[total]))
    scope = history.scope(window.mark.since_s, window.mark.until_s)
    assert scope is not None
    found = (await figures(history, scope, 7, stored)).hours
    assert found.usage.tolist() == [777 if hour == 6 else 0 for hour in range(24)]
    assert set(found.bits.tolist()) == {quality.EDITED}
    assert set(found.covered_s.tolist()) == {HOUR}


async def test_an_editors_total_over_an_exchange_is_carried_by_one_of_the_meters() -> None:
    async def stored(*_: int) -> Measured:
        nothing = np.empty(0, dtype=np.int64)
        return Measured(start_s=nothing, usage=nothing)

    exchanged = BEGIN + timedelta(hours=12)
    old = an_installation(valid_to=exchanged)
    new = an_installation(installation_id=2, meter_id="m-two", valid_from=exchanged)
    total = a_total(BEGIN + timedelta(hours=6), BEGIN + timedelta(hours=18), 120)
    readings = [(n * 900, n * 10) for n in range(97)]
    usages = []
    for one in (old, new):
        window = a_window(readings)
        record = a_record(installation=one, neighbours=[old, new], corrections=[total])
        history = History(window, record)
        scope = history.scope(window.mark.since_s, window.mark.until_s)
        assert scope is not None
        hours = (await figures(history, scope, 7, stored)).hours
        usages.append(
            {
                start_s: usage
                for start_s, usage, covered_s in zip(
                    hours.start_s.tolist(),
                    hours.usage.tolist(),
                    hours.covered_s.tolist(),
                    strict=True,
                )
                if covered_s
            }
        )
    by_old, by_new = usages
    assert not set(by_old) & set(by_new)
    assert [by_old[BEGIN_S + hour * HOUR] for hour in range(6, 18)] == [10] * 12
    assert min(by_new) == BEGIN_S + 18 * HOUR

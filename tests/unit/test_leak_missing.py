# SPDX-License-Identifier: EUPL-1.2
"""A meter that falls silent, at the rule and at intake."""

import pytest

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import NODE, NOON_S, a_telegram, an_intake, rows, topic

KEY = (NODE, "8-0:1.0.0")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


class Reporter:
    """A meter that stands still and reports."""

    def __init__(self, every_s=MINUTE_S, meter_id="m-1"):
        self.monitor, self.every_s, self.at_s = Monitor(), every_s, NOON_S
        self.meters = {KEY: Meter(meter_id=meter_id)}
        self.monitor.know(self.meters)

    def report(self, times=1):
        told = []
        for _ in range(times):
            self.at_s += self.every_s
            told += self.look(self.at_s)
        return told

    def look(self, read_at_s, now_s=None):
        return self.monitor.look(
            node_id=NODE, obis=KEY[1], register=5000, read_at_s=read_at_s, now_s=now_s or read_at_s
        )

    def silent_for(self, length_s):
        return self.monitor.overdue(self.at_s + length_s)


def test_a_day_without_a_word_is_told_once_and_dated_by_its_own_time():
    meter = Reporter()
    meter.report(100)
    [raised] = meter.silent_for(3 * DAY_S)
    assert (raised.kind, raised.state) == ("missing", "raised")
    assert (raised.started_at_s, raised.raised_at_s) == (meter.at_s, meter.at_s + DAY_S)
    assert "every 60 seconds" in raised.ordinary_use
    assert meter.silent_for(4 * DAY_S) == []


def test_less_than_a_day_is_not():
    meter = Reporter()
    meter.report(100)
    assert meter.silent_for(DAY_S - 1) == []


@pytest.mark.parametrize(("days", "is_told"), [(2, False), (4, True)])
def test_a_meter_that_reports_daily_is_given_three_days(days, is_told):
    meter = Reporter(every_s=DAY_S)
    meter.report(10)
    assert bool(meter.silent_for(days * DAY_S)) is is_told


def test_one_long_outage_does_not_become_a_habit():
    meter = Reporter()
    meter.report(100)
    meter.at_s += 20 * DAY_S
    meter.report(3)
    assert meter.silent_for(DAY_S + 1)


def test_it_clears_with_the_first_reading_of_a_later_time_and_not_with_what_was_kept():
    meter = Reporter()
    meter.report(10)
    [raised] = meter.silent_for(2 * DAY_S)
    now_s = meter.at_s + 2 * DAY_S
    assert meter.look(meter.at_s + HOUR_S, now_s) == []
    [cleared] = meter.look(now_s)
    assert (cleared.finding_id, cleared.state) == (raised.finding_id, "cleared")
    assert cleared.cleared_at_s == now_s


def test_nobody_misses_a_meter_that_is_not_on_record():
    meter = Reporter(meter_id=None)
    meter.report(10)
    assert meter.silent_for(9 * DAY_S) == []


def test_a_restart_tells_it_no_second_time():
    meter = Reporter()
    meter.report(10)
    meter.silent_for(2 * DAY_S)
    memories = meter.monitor.take_changed()
    meter.monitor = Monitor()
    meter.monitor.know(meter.meters)
    meter.monitor.restore(memories)
    assert meter.silent_for(2 * DAY_S) == []
    assert [one.kind for one in meter.monitor.open_findings()] == ["missing"]


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


def an_intake_that_knows(store, clock):
    monitor = Monitor()
    monitor.know({KEY: Meter(meter_id="m-1")})
    return an_intake(store, clock, watch=monitor)


FOUND = "SELECT body ->> 'kind', body ->> 'state' FROM entry WHERE kind = 2 ORDER BY number"


async def test_intake_tells_of_a_silent_meter_once_also_over_a_power_cut(store):
    clock = FakeClock((NOON_S + 600) * 1000)
    intake = an_intake_that_knows(store, clock)
    for minute in (1, 2, 3):
        intake.offer(topic("telegram"), a_telegram(minute, time_s=NOON_S + 60 * minute))
    await intake.commit()
    await intake.watch_silence()
    assert await rows(store, FOUND) == []
    clock.advance(2 * DAY_S)
    await intake.watch_silence()
    await an_intake_that_knows(store, clock).watch_silence()
    assert await rows(store, FOUND) == [("missing", "raised")]


async def test_an_untrusted_clock_misses_nobody(store):
    clock = FakeClock((NOON_S + 600) * 1000)
    intake = an_intake_that_knows(store, clock)
    for minute in (1, 2, 3):
        intake.offer(topic("telegram"), a_telegram(minute, time_s=NOON_S + 60 * minute))
    await intake.commit()
    clock.advance(9 * DAY_S)
    clock.trusted = False
    await intake.watch_silence()
    assert await rows(store, FOUND) == []

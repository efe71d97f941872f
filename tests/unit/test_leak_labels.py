# SPDX-License-Identifier: EUPL-1.2
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edge_gateway.leaks.labels import Label, Use, is_ordinary, is_still_ordinary
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.gateway_builders import NODE

GARDEN, KITCHEN = (NODE, "8-1:1.0.0"), (NODE, "8-2:1.0.0")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
MIDNIGHT_S = int(datetime(2026, 6, 1, tzinfo=ZoneInfo("Europe/Sofia")).timestamp())
AT_FIVE, AT_NOON = 5 * HOUR_S, 12 * HOUR_S
IRRIGATION = Label(
    label_id="l-1",
    group="burst",
    flow_low=2000,
    flow_high=2400,
    from_minute=5 * 60,
    to_minute=5 * 60 + 45,
    length_s=45 * MINUTE_S,
)
NIGHT = replace(IRRIGATION, from_minute=23 * 60 + 30, to_minute=15)
A_USE = Use(group="burst", flow=2200, minute=5 * 60 + 10, length_s=40 * MINUTE_S)


@pytest.mark.parametrize(
    "use",
    [
        A_USE,
        replace(A_USE, flow=2900),
        replace(A_USE, flow=1700),
        replace(A_USE, minute=3 * 60 + 1),
        replace(A_USE, minute=7 * 60),
        replace(A_USE, length_s=67 * MINUTE_S),
    ],
    ids=["the same", "stronger", "weaker", "earlier", "later", "longer"],
)
def test_a_use_much_like_a_labelled_one_is_ordinary(use):
    assert is_ordinary([IRRIGATION], use)


@pytest.mark.parametrize(
    "use",
    [
        replace(A_USE, flow=3100),
        replace(A_USE, flow=1500),
        replace(A_USE, minute=2 * 60),
        replace(A_USE, minute=12 * 60),
        replace(A_USE, length_s=69 * MINUTE_S),
        replace(A_USE, group="leak"),
    ],
    ids=["stronger", "weaker", "earlier", "later", "longer", "another group"],
)
def test_a_use_unlike_the_labelled_one_is_not(use):
    assert not is_ordinary([IRRIGATION], use)


def test_what_was_labelled_over_midnight_is_ordinary_on_both_sides_of_it():
    short = replace(A_USE, length_s=30 * MINUTE_S)
    assert is_ordinary([NIGHT], replace(short, minute=23 * 60 + 50))
    assert is_ordinary([NIGHT], replace(short, minute=10))
    assert not is_ordinary([NIGHT], replace(short, minute=12 * 60))


def test_what_lasted_half_a_day_is_ordinary_at_any_time():
    cooling = replace(IRRIGATION, from_minute=None, to_minute=None, length_s=20 * HOUR_S)
    assert is_ordinary([cooling], replace(A_USE, minute=900, length_s=29 * HOUR_S))
    assert not is_ordinary([cooling], replace(A_USE, minute=900, length_s=31 * HOUR_S))


def test_the_weakest_flows_are_allowed_a_litre_for_rounding():
    drip = replace(IRRIGATION, flow_low=2, flow_high=2)
    assert is_ordinary([drip], replace(A_USE, flow=3))
    assert not is_ordinary([drip], replace(A_USE, flow=4))


def test_a_use_that_grows_weaker_stays_the_same_use():
    assert is_still_ordinary([IRRIGATION], replace(A_USE, flow=100))
    assert not is_still_ordinary([IRRIGATION], replace(A_USE, flow=3100))


class Garden:
    """Two meters of one node, read each minute; what is drawn is drawn from the first."""

    def __init__(self):
        self.monitor, self.labels, self.told, self.memories = Monitor(), (), [], {}
        self.at_s, self.passed_ml = MIDNIGHT_S, 0.0
        self.label()

    def label(self, *labels):
        self.monitor.know({GARDEN: Meter(meter_id="m-garden", labels=labels), KITCHEN: Meter()})

    def restart(self):
        self.memories |= self.monitor.take_changed()
        self.monitor = Monitor()
        self.monitor.restore(self.memories)

    def draw(self, l_per_h, for_s, key=GARDEN):
        for _ in range(for_s // MINUTE_S):
            self.passed_ml += l_per_h * MINUTE_S / 3.6
            self.at_s += MINUTE_S
            node_id, obis = key
            self.told += self.monitor.look(
                node_id=node_id,
                obis=obis,
                register=int(self.passed_ml),
                read_at_s=self.at_s,
                now_s=self.at_s,
            )

    def day(self, *, l_per_h=2200, for_s=45 * MINUTE_S, at=AT_FIVE, key=GARDEN):
        """Irrigate once; return what was told of it, once for each state of each finding."""
        self.told = []
        self.draw(0, at, key)
        self.draw(l_per_h, for_s, key)
        self.draw(0, DAY_S - at - for_s, key)
        return [
            state for _, state in dict.fromkeys((one.finding_id, one.state) for one in self.told)
        ]


ALARM = ["raised", "cleared"]


def test_irrigation_that_was_labelled_does_not_alert_again_and_does_once_that_is_undone():
    garden = Garden()
    assert garden.day() == ALARM
    garden.label(IRRIGATION)
    assert [garden.day(), garden.day()] == [[], []]
    garden.label()
    assert garden.day() == ALARM


@pytest.mark.parametrize(
    "use",
    [{"l_per_h": 3500}, {"for_s": 3 * HOUR_S}, {"at": AT_NOON}, {"key": KITCHEN}],
    ids=["stronger", "longer", "at another time", "at another meter"],
)
def test_a_label_does_not_hide_what_is_different(use):
    garden = Garden()
    garden.label(IRRIGATION)
    garden.draw(0, MINUTE_S, KITCHEN)
    garden.at_s = MIDNIGHT_S
    assert garden.day(**use) == ALARM


def test_what_goes_on_for_longer_than_labelled_is_raised_when_it_does_and_tells_its_beginning():
    garden = Garden()
    garden.label(IRRIGATION)
    garden.day(for_s=3 * HOUR_S)
    raised = garden.told[0]
    began_s = MIDNIGHT_S + AT_FIVE
    assert raised.started_at_s == began_s
    assert raised.raised_at_s == began_s + 68 * MINUTE_S
    assert raised.volume_l == pytest.approx(2200 * 68 / 60, rel=0.01)


def test_what_grows_far_stronger_than_labelled_is_raised_when_it_does():
    garden = Garden()
    garden.label(IRRIGATION)
    garden.draw(0, AT_FIVE)
    garden.draw(2200, 10 * MINUTE_S)
    assert garden.told == []
    garden.draw(6000, 10 * MINUTE_S)
    assert garden.told[0].state == "raised"


def test_a_label_undone_meanwhile_raises_what_was_kept_back():
    garden = Garden()
    garden.label(IRRIGATION)
    garden.draw(0, AT_FIVE)
    garden.draw(2200, 20 * MINUTE_S)
    assert garden.told == []
    assert garden.monitor.open_findings() == []
    garden.label()
    garden.draw(2200, MINUTE_S)
    assert [one.raised_at_s for one in garden.told] == [garden.at_s]
    assert garden.monitor.open_findings() == garden.told


def test_what_is_kept_back_stays_so_over_a_restart():
    garden = Garden()
    garden.label(IRRIGATION)
    garden.draw(0, AT_FIVE)
    garden.draw(2200, 20 * MINUTE_S)
    garden.restart()
    garden.label(IRRIGATION)
    garden.draw(2200, 20 * MINUTE_S)
    garden.draw(0, HOUR_S)
    assert garden.told == []


def test_an_alert_that_is_open_when_it_is_labelled_stays_until_the_flow_ends():
    garden = Garden()
    garden.draw(0, AT_FIVE)
    garden.draw(2200, 20 * MINUTE_S)
    garden.label(IRRIGATION)
    garden.draw(2200, 20 * MINUTE_S)
    assert {one.state for one in garden.told} == {"raised"}
    garden.draw(0, HOUR_S)
    assert garden.told[-1].state == "cleared"
    assert len({one.finding_id for one in garden.told}) == 1

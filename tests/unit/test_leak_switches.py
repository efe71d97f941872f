# SPDX-License-Identifier: EUPL-1.2
"""Rules that an owner switched off keep their findings to themselves, and nothing else does."""

import pytest

from edge_gateway.app import as_meter
from edge_gateway.forwarder.configuration import Channel
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.rules import discover
from edge_gateway.leaks.stretch import Meter
from tests.gateway_builders import NODE

KEY = (NODE, "8-0:1.0.0")
MINUTE_S, DAY_S = 60, 86400
MONDAY_S = 1_790_542_800
LEAKS = frozenset(kind for kind, rule in discover().items() if rule.group == "leak")


class Tap:
    """A meter read each minute, with rules that are off."""

    def __init__(self, *off):
        self.monitor, self.at_s, self.passed_ml = Monitor(), MONDAY_S, 0.0
        self.told, self.memories = [], {}
        self.switch_off(*off)

    def switch_off(self, *kinds):
        self.monitor.know({KEY: Meter(meter_id="m-1", rules_off=frozenset(kinds))})

    def run(self, l_per_h, for_s):
        for _ in range(for_s // MINUTE_S):
            self.passed_ml += l_per_h * MINUTE_S / 3.6
            self.at_s += MINUTE_S
            self.told += self.monitor.look(
                node_id=NODE,
                obis=KEY[1],
                register=int(self.passed_ml),
                read_at_s=self.at_s,
                now_s=self.at_s,
            )

    def restart(self, *off):
        self.memories |= self.monitor.take_changed()
        self.monitor = Monitor()
        self.monitor.restore(self.memories)
        self.switch_off(*off)


def test_rules_that_are_off_tell_nothing_of_what_rules_that_are_on_would():
    loud, silent = Tap(), Tap(*LEAKS)
    for tap in (loud, silent):
        tap.run(60, 2 * DAY_S)
    assert loud.told
    assert silent.told == []
    assert silent.monitor.open_findings() == []


def test_one_rule_that_is_on_is_enough_to_be_told():
    tap = Tap(*(LEAKS - {"continuous_flow"}))
    tap.run(60, 2 * DAY_S)
    assert tap.told
    assert "continuous_flow" in tap.told[0].kinds


def test_a_burst_is_told_although_every_rule_for_leaks_is_off():
    tap = Tap(*LEAKS)
    tap.run(10, DAY_S)
    tap.run(3000, 30 * MINUTE_S)
    assert {one.kind for one in tap.told} == {"burst"}


def test_what_still_flows_is_told_when_a_rule_is_switched_on_again():
    tap = Tap(*LEAKS)
    tap.run(60, 2 * DAY_S)
    tap.switch_off()
    tap.run(60, 5 * MINUTE_S)
    [raised] = tap.told
    assert raised.state == "raised"
    assert raised.raised_at_s > MONDAY_S + 2 * DAY_S


def test_it_stays_quiet_over_a_restart():
    tap = Tap(*LEAKS)
    tap.run(60, 2 * DAY_S)
    tap.restart(*LEAKS)
    tap.run(60, DAY_S)
    assert tap.told == []


def test_what_was_told_is_told_to_its_end_although_the_rule_is_off_by_then():
    tap = Tap()
    tap.run(60, 2 * DAY_S)
    assert tap.told
    tap.switch_off(*LEAKS)
    tap.run(0, 2 * DAY_S)
    assert tap.told[-1].state == "cleared"


@pytest.mark.parametrize(("off", "is_told"), [((), True), (("missing",), False)])
def test_silence_is_told_unless_its_rule_is_off(off, is_told):
    tap = Tap(*off)
    tap.run(0, DAY_S)
    assert bool(tap.monitor.overdue(tap.at_s + 5 * DAY_S)) is is_told
    assert bool(tap.monitor.overdue(tap.at_s + 6 * DAY_S)) is False


def test_the_configuration_tells_which_rules_are_off():
    told = Channel(obis=KEY[1], rules_off=["steady_flow"])
    assert as_meter(told).rules_off == {"steady_flow"}
    assert as_meter(Channel(obis=KEY[1])).rules_off == frozenset()  # of an earlier cloud

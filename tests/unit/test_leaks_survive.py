# SPDX-License-Identifier: EUPL-1.2
"""Whatever registers, clocks and restarts do, the rules go on, and say nothing impossible."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.leak_builders import COLD, HOME, NODE, HomeMeter
from wire import quality

REGISTERS = {"water": "8-0:1.0.0", "gas": "7-0:3.0.0", "electricity": "1-0:1.8.0"}
NODES = ("main", "flat")
NOON_S, HOUR_S, DAY_S = 1_795_000_000, 3600, 86_400
MEMORY_BYTES = 4096  # of one meter, at the most


def readings(chance, *, every_s, step, flow_per_h):
    """Yield (node, register, Unix s, the gateway's time, quality): a meter's life, and worse."""
    at_s = now_s = NOON_S
    register = chance.randrange(10**9)
    for _ in range(600):
        at_s += chance.choices(
            (every_s, every_s // 7 + 1, 3 * HOUR_S, 40 * DAY_S, -20 * every_s, 10**8),
            (95, 2, 1, 0.3, 1, 0.1),
        )[0]
        now_s = at_s if chance.random() < 0.01 else max(now_s, at_s)  # the clock is set, also back
        register += flow_per_h * every_s // HOUR_S + chance.choice((0, 0, 0, 4000, 90_000))
        odd = (-chance.randrange(10**6), 10 ** chance.randrange(3, 18), -register)
        register += chance.choices((0, *odd), (97, 1, 1, 1))[0]
        marks = chance.choices((0, quality.ESTIMATED, quality.SUSPECT), (96, 2, 2))[0]
        yield chance.choice(NODES), register // step * step, at_s, now_s, marks


def a_monitor(utility, households):
    """Return one that knows a main and a flat behind it."""
    main, flat = ((node, REGISTERS[utility]) for node in NODES)
    monitor = Monitor()
    of_main = Meter(meter_id="m", utility=utility, households=households)
    monitor.know({main: of_main, flat: Meter(utility=utility, households=1, parent=main)})
    return monitor


def is_possible(finding):
    flows = (finding.flow_low_l_per_h, finding.flow_l_per_h, finding.flow_high_l_per_h)
    if finding.flow_w is not None:
        flows = (finding.flow_low_w, finding.flow_w, finding.flow_high_w)
    in_order = [finding.started_at_s, finding.raised_at_s, finding.cleared_at_s or 2**62]
    return (
        in_order == sorted(in_order)
        and 0 <= flows[0] <= flows[1] <= flows[2]
        and finding.lost >= 0
        and len(finding.hours) <= 6
    )


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 60, 900, 1800, HOUR_S, DAY_S]),
    st.sampled_from([1, 100, 1000, 10_000]),
    st.sampled_from([0, 5000, 60_000, 2_000_000]),
    st.sampled_from(sorted(REGISTERS)),
    st.sampled_from([None, 1, 8, 48]),
)
def test_any_readings_end_in_possible_findings_and_a_restart_changes_none(
    seed, every_s, step, flow_per_h, utility, households
):
    chance = random.Random(seed)  # noqa: S311
    one, other = (a_monitor(utility, households) for _ in range(2))
    memories = {}
    for node_id, register, at_s, now_s, marks in readings(
        chance, every_s=every_s, step=step, flow_per_h=flow_per_h
    ):
        reading = {"register": register, "read_at_s": at_s, "now_s": now_s, "quality": marks}
        key = {"node_id": node_id, "obis": REGISTERS[utility]}
        told = one.look(**key, **reading)
        assert told == other.look(**key, **reading)
        assert all(map(is_possible, told))
        if chance.random() < 0.02:
            memories |= other.take_changed()
            other = a_monitor(utility, households)
            other.restore(memories)
    assert all(len(memory) <= MEMORY_BYTES for memory in memories.values())


def a_leaking_home():
    """Return a home of which a leak is being reported."""
    home = HomeMeter(HOME)
    home.live([0] * 2880)
    home.live([0] * 1440, 20)
    assert home.monitor.open_findings()
    return home


def look(home, litres, at_s):
    return home.monitor.look(
        node_id=NODE, obis=COLD, register=litres * 1000, read_at_s=at_s, now_s=at_s
    )


def test_a_clock_that_was_ahead_clears_what_it_dated_and_the_leak_is_found_again():
    home = a_leaking_home()
    [known] = home.monitor.open_findings()
    back_s = home.at_s - 30 * DAY_S
    [cleared] = look(home, 900, back_s)
    assert (cleared.finding_id, cleared.state) == (known.finding_id, "cleared")
    assert cleared.cleared_at_s >= cleared.raised_at_s
    assert "clock" in cleared.explanation
    home.at_s, home.passed_ml = back_s, 900_000
    home.live([0] * 1440, 20)
    [again] = home.monitor.open_findings()
    assert back_s <= again.raised_at_s <= home.at_s


def test_a_clock_that_was_a_little_ahead_clears_nothing():
    home = a_leaking_home()
    assert look(home, 900, home.at_s - HOUR_S // 2) == []
    assert len(home.monitor.open_findings()) == 1


@pytest.mark.parametrize("damage", [lambda _: b"", lambda memory: memory[:-9], lambda _: b"{}"])
def test_a_memory_that_cannot_be_read_costs_that_meter_its_past_and_no_other(damage):
    memories = a_leaking_home().monitor.take_changed()
    [(name, memory)] = memories.items()
    monitor = Monitor()
    monitor.restore({name: memory, "other 8-0:1.0.0": damage(memory)})
    assert len(monitor.open_findings()) == 1
    assert (
        monitor.look(node_id="other", obis="8-0:1.0.0", register=1, read_at_s=NOON_S, now_s=NOON_S)
        == []
    )


def test_a_rule_whose_tables_have_another_size_now_begins_afresh(monkeypatch):
    memories = a_leaking_home().monitor.take_changed()
    monkeypatch.setattr("edge_gateway.leaks.hour_habit.HOURS_A_DAY", 48)
    monitor = Monitor()
    monitor.restore(memories)
    [watched] = monitor._watched.values()  # what it remembers is told nowhere
    assert sum(watched.rules["steady_flow"].habit) == 0
    assert sum(watched.rules["floor_flow"].learned) > 0

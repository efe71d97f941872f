# SPDX-License-Identifier: EUPL-1.2
"""How a rollout goes on: a node after the other shows it, and the first failure ends it."""

import pytest

from edge_gateway.downlink.rollout import Plan, Verdict, judge, settled, waves
from edge_gateway.store.rollouts import Progress

HOUR_MS = 3_600_000
NODES = ["n-0", "n-1", "n-2"]


def a_plan(**changes):
    known = {
        "firmware": "0.2.0",
        "board": "esp32",
        "boards": dict.fromkeys(NODES, "esp32"),
        "allows_downgrade": False,
        "limit_s": 3600,
        "settle_s": 900,
    }
    return Plan(**(known | changes))


def a_node(number=0, **changes):
    """A node that was not told yet, each in a wave of its own."""
    known = {"node_id": NODES[number], "wave": number, "firmware": "0.1.0"}
    return Progress(**(known | changes))


def a_told_node(**changes):
    return a_node(**({"told_at_ms": 0} | changes))


def a_finished_node(**changes):
    known = {"told_at_ms": 0, "reported_at_ms": 1, "has_settled": True, "firmware": "0.2.0"}
    return a_node(**(known | changes))


def verdict(*nodes, plan=None, now_ms=0, since_ms=0):
    return judge(plan or a_plan(), nodes, now_ms, since_ms)


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (2, [1, 1]), (6, [1, 1, 4]), (30, [1, 3, 26]), (0, [])]
)
def test_waves_are_one_node_then_a_tenth_then_the_rest(count, sizes):
    nodes = [f"n-{number}" for number in range(count)]
    assert [len(wave) for wave in waves(nodes)] == sizes
    assert [node for wave in waves(nodes) for node in wave] == nodes


def test_the_first_wave_is_told_at_once_and_the_second_is_not():
    assert verdict(a_node(0), a_node(1)) == Verdict(tell=["n-0"])


def test_the_second_wave_waits_until_the_first_has_settled():
    reported = a_told_node(reported_at_ms=1, firmware="0.2.0")
    assert verdict(reported, a_node(1)).tell == []
    assert verdict(a_finished_node(), a_node(1)).tell == ["n-1"]


def test_it_is_done_when_every_node_has_settled():
    assert verdict(a_finished_node(), a_finished_node(number=1)) == Verdict(is_done=True)


def test_a_node_that_says_that_it_failed_halts_it():  # AC-71, the gateway's half
    found = verdict(a_told_node(failure="The digest is another."), a_node(1))
    assert (found.node_id, found.halt) == ("n-0", "It could not: The digest is another.")
    assert found.tell == ()


def test_silence_halts_it_only_when_the_time_is_over():
    assert verdict(a_told_node(), now_ms=HOUR_MS).halt is None
    found = verdict(a_told_node(), now_ms=HOUR_MS + 1)
    assert found.halt == "It did not report 0.2.0 within 3600 s."


def test_a_gateway_that_was_off_meanwhile_does_not_take_its_own_absence_for_silence():
    assert verdict(a_told_node(), now_ms=HOUR_MS + 1, since_ms=HOUR_MS).halt is None
    assert verdict(a_told_node(), now_ms=2 * HOUR_MS + 1, since_ms=HOUR_MS).halt is not None


def test_a_reboot_into_the_old_firmware_before_the_report_is_no_failure_and_after_it_is():
    assert verdict(a_told_node()).halt is None
    found = verdict(a_told_node(reported_at_ms=1))
    assert found.halt == "It went back from 0.2.0 to 0.1.0."


def test_going_back_halts_it_even_long_after_the_node_had_settled():
    found = verdict(a_finished_node(firmware="0.1.0"), a_told_node(number=1))
    assert (found.node_id, found.halt) == ("n-0", "It went back from 0.2.0 to 0.1.0.")


def test_a_node_settles_once_its_time_is_over_and_it_was_heard_of_since():
    node = a_told_node(reported_at_ms=1000, firmware="0.2.0")
    at_ms = 1000 + 900 * 1000
    assert settled(a_plan(), [node], {"n-0": at_ms}, at_ms) == ["n-0"]
    assert settled(a_plan(), [node], {"n-0": at_ms - 1}, at_ms) == []
    assert settled(a_plan(), [node], {}, at_ms) == []
    assert settled(a_plan(), [node], {"n-0": at_ms - 1}, at_ms - 1) == []


def test_a_node_that_reports_and_is_not_heard_of_again_halts_it():
    node = a_told_node(reported_at_ms=0, firmware="0.2.0")
    assert verdict(node, now_ms=900_000 + HOUR_MS).halt is None
    found = verdict(node, now_ms=900_000 + HOUR_MS + 1)
    assert found.halt == "It reported 0.2.0 and then fell silent."


def test_nobody_is_told_where_a_later_wave_has_a_newer_firmware():
    found = verdict(a_node(0), a_node(1, firmware="0.10.0"))
    assert (found.node_id, found.tell) == ("n-1", ())
    assert found.halt == "It has 0.10.0, which is newer than 0.2.0."


def test_a_downgrade_is_rolled_out_if_that_is_said():
    plan = a_plan(allows_downgrade=True)
    assert verdict(a_node(0, firmware="0.3.0"), plan=plan).tell == ["n-0"]


@pytest.mark.parametrize("firmware", [None, "", "0.2.0-rc1"])
def test_an_unknown_firmware_might_be_newer(firmware):
    assert "is not known" in verdict(a_node(0, firmware=firmware)).halt
    assert verdict(a_node(0, firmware=firmware), plan=a_plan(allows_downgrade=True)).tell == ["n-0"]


def test_another_board_halts_it_whatever_is_allowed():
    plan = a_plan(boards={"n-0": "esp32-s3"}, allows_downgrade=True)
    found = verdict(a_node(0), plan=plan)
    assert found.halt == "It has the board esp32-s3, the package is for esp32."

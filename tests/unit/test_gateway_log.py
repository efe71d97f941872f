# SPDX-License-Identifier: EUPL-1.2
import json
import subprocess
import sys

from edge_gateway.log import AT_ONCE, EVERY_S, Repeats


class Time:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_what_goes_on_for_a_day_is_said_four_times_an_hour_and_counted_in_full():
    time = Time()
    repeats = Repeats(time)
    said = []
    for _ in range(24 * 3600):
        time.now_s += 1
        if (unsaid := repeats.unsaid("cloud_not_reached")) is not None:
            said.append(unsaid)
    assert 90 < len(said) <= AT_ONCE + 24 * 3600 / EVERY_S
    assert 24 * 3600 - 2 * EVERY_S < len(said) + sum(said) <= 24 * 3600


def test_another_kind_is_said_meanwhile():
    repeats = Repeats(Time())
    while repeats.unsaid("cloud_not_reached") is not None:
        pass
    assert repeats.unsaid("store_failed") == 0


def test_what_happens_now_and_then_is_always_said():
    time = Time()
    repeats = Repeats(time)
    for _ in range(100):
        time.now_s += EVERY_S
        assert repeats.unsaid("health") == 0


def test_libraries_and_repeats_and_traces_come_as_lines_of_json():
    script = """
import logging, structlog
from edge_gateway import log
log.to_stderr()
for _ in range(1000):
    logging.getLogger("mqtt").warning("Message queue is full.")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("no_number")
structlog.get_logger().warning("clock_stepped", by_s=3600)
"""
    run = [sys.executable, "-c", script]
    ended = subprocess.run(run, capture_output=True, text=True, check=True, timeout=30)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        *["library_warned"] * AT_ONCE,
        "no_number",
        "clock_stepped",
    ]
    assert lines[0]["said"] == "Message queue is full."
    assert "ZeroDivisionError" in lines[-2]["exception"]

# SPDX-License-Identifier: EUPL-1.2
"""What a backtest is asked reaches its program whole, and hours become a register again."""

import io
import json
from array import array
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.alerts import backtest
from cloud.alerts.backtest import Epoch
from cloud.meters.models import Installation
from cloud.readings.trace import Trace, with_hours
from cloud.readings.usage import Figure
from wire import quality

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
HUNG = Installation(
    installation_id=1,
    service_point_id="sp-one",
    meter_id="m-one",
    node_id="n-one",
    obis="8-0:1.0.0",
    valid_from=NOON - timedelta(days=400),
    valid_to=None,
)

POOL = {
    "label_id": "l-1",
    "group": "burst",
    "flow_low": 1700,
    "flow_high": 2100,
    "from_minute": 13 * 60,
    "to_minute": 15 * 60,
    "length_s": 7200,
}


def an_epoch(minutes: int, ml_a_minute: int, **labels: Any) -> Epoch:
    return Epoch(
        node_id="n-one",
        obis="8-0:1.0.0",
        utility="water",
        q3_l_per_h=2500,
        households=1,
        labels=[POOL | labels] if labels else [],
        read_at_s=array("q", (NOON_S + 60 * minute for minute in range(minutes))),
        register=array("q", (ml_a_minute * minute for minute in range(minutes))),
        bits=array("q", [0] * minutes),
    )


def hours(*litres: int, bits: int = 0, covered_s: int = 3600) -> dict[datetime, Figure]:
    return {
        NOON + timedelta(hours=place): Figure(usage=1000 * one, covered_s=covered_s, bits=bits)
        for place, one in enumerate(litres)
    }


def told(trace: Trace) -> list[tuple[int, int]]:
    """Return (hours since noon, litres) of each reading."""
    return [
        ((at_s - NOON_S) // 3600, register // 1000)
        for at_s, register in zip(trace.read_at_s, trace.register, strict=True)
    ]


def test_the_program_answers_what_the_rules_find():
    epochs = [an_epoch(30, 32_000), an_epoch(30, 0)]
    found = json.loads(backtest.answer(io.BytesIO(backtest.question(epochs, "Europe/Sofia"))))
    assert [one["kind"] for one in found] == ["burst"]
    assert found == json.loads(json.dumps(backtest.found_in(epochs, "Europe/Sofia")))


def test_a_reading_that_was_estimated_counts_for_nothing():
    epoch = an_epoch(30, 32_000)
    epoch.bits[1:] = array("q", [quality.ESTIMATED] * 29)
    assert backtest.found_in([epoch], "Europe/Sofia") == []


def test_what_counts_as_ordinary_raises_nothing_and_what_is_stronger_does():
    as_labelled = backtest.question([an_epoch(30, 32_000, length_s=3600)], "Europe/Sofia")
    assert json.loads(backtest.answer(io.BytesIO(as_labelled))) == []
    stronger = backtest.question([an_epoch(30, 32_000, flow_high=900)], "Europe/Sofia")
    assert len(json.loads(backtest.answer(io.BytesIO(stronger)))) == 1


BROKEN = hours(5, 1, 7) | {
    NOON + timedelta(hours=1): Figure(usage=1000, covered_s=1800, bits=quality.MISSING)
}


def test_hours_add_up_to_a_register():
    assert told(with_hours(hours(5, 0, 7), Trace(installation=HUNG))) == [
        (0, 0),
        (1, 5),
        (2, 5),
        (3, 12),
    ]


def test_hours_meet_the_first_reading_that_is_kept():
    raw = Trace(installation=HUNG)
    raw.add(NOON_S + 3 * 3600, 100_000, 0)
    assert told(with_hours(hours(5, 0, 7, 9), raw)) == [(0, 88), (1, 93), (2, 93), (3, 100)]


def test_an_hour_that_is_known_in_part_breaks_the_register():
    (_, begins), (_, falls_from), *rest = told(with_hours(BROKEN, Trace(installation=HUNG)))
    assert falls_from - begins == 5
    assert falls_from > 10**6  # further than a meter can run backward in the hour between
    assert rest == [(2, 0), (3, 7)]


def test_a_gap_before_what_is_kept_tells_of_no_water_that_flowed_in_it():
    raw = Trace(installation=HUNG)
    raw.add(NOON_S + 3 * 3600, 40_000_000, 0)
    registers = [register for _, register in told(with_hours(BROKEN, raw))]
    assert registers[2:] == [39_993, 40_000]  # litres
    assert registers[1] > registers[2]
    raw = Trace(installation=HUNG)
    raw.add(NOON_S + 4 * 3600, 40_000_000, 0)
    registers = [register for _, register in told(with_hours(BROKEN, raw))]
    assert registers[3] > registers[4] == 40_000


def test_an_estimated_hour_says_so():
    trace = with_hours(hours(5, bits=quality.ESTIMATED), Trace(installation=HUNG))
    assert list(trace.bits) == [0, quality.ESTIMATED]

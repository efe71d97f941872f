# SPDX-License-Identifier: EUPL-1.2
"""A block is taken whole exactly if each of its telegrams would be taken alone."""

import itertools
import json
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloud.readings.batches import decoded
from cloud.readings.columns import runs
from tests.unit.test_wire_block import COLD, POWER, a_block
from wire import batch, block, telegram
from wire.errors import WireError

T = 1_795_000_000
LATEST_S = T + 86400


def a_good_block(**changes: Any) -> Any:
    return a_block(**{"t": [T, T + 60], "read_at_s": [T, T + 60], **changes})


def _taken(entries: list[Any], blocks: list[Any]) -> Any:
    body = json.dumps(batch.request("gw-one", "s", entries, blocks)).encode()
    return decoded("gw-one", body, LATEST_S)


def _would_all_be_taken_alone(raw: Any) -> bool:
    try:
        entries = block.unpacked(raw)
        for entry in entries:
            telegram.from_fields(entry["body"])  # type: ignore[arg-type]
    except WireError:
        return False
    return not _taken(entries, []).refused


def _assert_same_either_way(raw: Any) -> None:
    found = _taken([], [raw])
    assert bool(found.blocks) == _would_all_be_taken_alone(raw)
    assert len(found.blocks) + len(found.entries) + len(found.refused) >= 1


cells = st.one_of(
    st.integers(-3, 130),
    st.integers(),
    st.sampled_from([T, LATEST_S, LATEST_S + 1, 946_684_799, 946_684_800, 4_102_444_800]),
    st.sampled_from([2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**63, 2**64]),
    st.booleans(),
    st.none(),
    st.floats(),
    st.text(max_size=2),
    st.lists(st.integers(), max_size=1),
)
columns = st.lists(cells, min_size=2, max_size=2)


@settings(deadline=None)
@given(st.sampled_from(block.COLUMNS), columns)
@example("seq", [1, 2**31 - 1])
@example("seq", [1, True])
@example("quality", [0, 1.0])
@example("read_at_s", [T, LATEST_S])
@example("read_at_s", [T, 2**63])
def test_with_anything_in_a_column(name: str, column: list[Any]) -> None:
    _assert_same_either_way(a_good_block(**{name: column}))


@settings(deadline=None)
@given(columns, columns)
@example([1, 2], [-5, 5])
@example([-1, 2], [1, 2])
def test_with_any_registers(cold: list[Any], power: list[Any]) -> None:
    _assert_same_either_way(a_good_block(obis=[COLD, POWER], reg=[cold, power]))


@settings(deadline=None)
@given(
    st.sampled_from(["id", "boot", "obis", "reg", *block.COLUMNS]),
    st.one_of(cells, columns, st.lists(columns, max_size=3), st.dictionaries(st.text(), cells)),
)
@example("obis", ["8-0:1.0.0", "8-65:1.0.0"])
@example("boot", True)
@example("id", "N_one")
def test_with_anything_in_a_field(name: str, content: Any) -> None:
    _assert_same_either_way(a_good_block(**{name: content}))


def test_a_good_block_is_taken_as_it_is() -> None:
    [found] = _taken([], [a_good_block(quality=[0, 1])]).blocks
    assert (found.columns.node_id, found.columns.boot) == ("n-one", 3)
    assert found.columns.sequence.tolist() == [1, 2]
    assert found.columns.read_at_s.tolist() == [T, T + 60]
    assert found.columns.received_at_ms.tolist() == [1250, 2250]
    assert found.columns.quality.tolist() == [0, 1]
    assert {code: column.tolist() for code, column in found.columns.registers.items()} == {
        COLD: [1, 2],
        POWER: [-1, -2],
    }


def test_the_newest_of_two_read_in_one_second_is_the_later_sent() -> None:
    [found] = _taken([], [a_good_block(read_at_s=[T, T], seq=[9, 8])]).blocks
    assert found.columns.newest == 0


def test_a_refused_block_is_committed_up_to_its_highest_number() -> None:
    found = _taken([], [a_good_block(reg=[], n=[3, "x", 41, -1, True])])
    assert found.committed == 41
    assert [refusal.number for refusal in found.refused] == [41]


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(1, 4))
def test_runs_hold_all_numbers_and_gaps_lie_between_them(numbers: set[int], apart: int) -> None:
    found = runs(np.array(list(numbers)), apart)
    assert [n for n in sorted(numbers) if any(low <= n <= high for low, high in found)] == sorted(
        numbers
    )
    for (_, high), (low, _) in itertools.pairwise(found):
        assert low - high > apart
        assert {low, high} <= numbers
    for low, high in found:
        inside = [n for n in sorted(numbers) if low <= n <= high]
        assert all(b - a <= apart for a, b in itertools.pairwise(inside))

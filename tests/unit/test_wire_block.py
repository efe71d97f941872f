# SPDX-License-Identifier: EUPL-1.2
"""Blocks say the same as the telegrams that were put into them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import batch, block, fields
from wire.errors import WireError
from wire.telegram import Telegram

COLD, POWER = "8-0:1.0.0", "1-0:1.7.0"


def a_block(**changes: Any) -> Any:
    """Return a block of two telegrams with two registers."""
    packing = block.Packing()
    for n in (1, 2):
        packing.add(n, n * 1000 + 250, n, 0, Telegram("n-one", 3, n, n, 0, {COLD: n, POWER: -n}))
    [packed] = packing.blocks()
    return {**packed, **changes}


telegrams = st.lists(
    st.builds(
        Telegram,
        st.sampled_from(["n-one", "n-two"]),
        st.integers(0, 2),
        st.integers(1, fields.MAX_SEQUENCE),
        st.integers(0, fields.MAX_UNIX_S),
        st.integers(0, 2),
        st.dictionaries(
            st.sampled_from([COLD, POWER]), st.integers(0, fields.MAX_REGISTER), min_size=1
        ),
    ),
    max_size=20,
)


@given(telegrams)
def test_what_is_packed_is_unpacked_as_it_was(given_telegrams: list[Telegram]) -> None:
    packing = block.Packing()
    for number, one in enumerate(given_telegrams, start=1):
        packing.add(number, number + 7, number + 8, 1, one)
    entries = [entry for packed in packing.blocks() for entry in block.unpacked(packed)]
    assert sorted(entries, key=lambda entry: entry["n"]) == [
        batch.entry(
            number,
            batch.TELEGRAM,
            number + 7,
            number + 8,
            1,
            {
                "ver": 1,
                "id": one.node_id,
                "boot": one.boot,
                "seq": one.sequence,
                "t": one.time_s,
                "tq": one.time_quality,
                "reg": one.registers,
            },
        )
        for number, one in enumerate(given_telegrams, start=1)
    ]


def test_telegrams_with_the_same_registers_share_a_block_whatever_their_order() -> None:
    packing = block.Packing()
    packing.add(1, 0, 0, 0, Telegram("n-one", 3, 1, 0, 0, {COLD: 1, POWER: 2}))
    packing.add(2, 0, 0, 0, Telegram("n-one", 3, 2, 0, 0, {POWER: 4, COLD: 3}))
    [packed] = packing.blocks()
    assert dict(zip(packed["obis"], packed["reg"], strict=True)) == {COLD: [1, 3], POWER: [2, 4]}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "not a JSON object"),
        ({"id": "n-one"}, "boot is missing"),
        (a_block(more=1), "not part of the contract"),
        (a_block(obis="8-0:1.0.0"), "not a list of 1 to 16 codes"),
        (a_block(obis=[], reg=[]), "not a list of 1 to 16 codes"),
        (a_block(obis=[COLD, COLD]), "there twice"),
        (a_block(obis=[COLD, ["x"]]), "no code"),
        (a_block(reg=[[1, 2]]), "not a list of 2 columns"),
        (a_block(reg=[[1, 2], [1]]), "1 cells, reg one of 2"),
        (a_block(seq=[1]), "seq has a column of 1 cells"),
        (a_block(n=[]), "n is not a column"),
        (a_block(t="12"), "t is not a column"),
    ],
)
def test_a_block_that_is_no_rectangle_is_refused(broken: Any, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        block.unpacked(broken)

# SPDX-License-Identifier: EUPL-1.2
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.store.watermark import Watermark

ranges = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda r: (r[0], r[0] + r[1])), max_size=40
)


@given(ranges)
def test_it_is_the_end_of_the_unbroken_run_from_one(settled):
    watermark, model = Watermark(), set()
    for first, last in settled:
        watermark.settle(first, last)
        model.update(range(first, last + 1))
        expected = 0
        while expected + 1 in model:
            expected += 1
        assert watermark.contiguous == expected
    assert [n in watermark for n in range(1, 80)] == [n in model for n in range(1, 80)]


@given(st.integers(0, 30), ranges)
def test_it_comes_back_from_the_store_as_it_was(contiguous, ahead):
    in_one_go = Watermark(contiguous, ahead)
    one_by_one = Watermark(contiguous)
    for first, last in ahead:
        for sequence in range(first, last + 1):
            one_by_one.settle(sequence, sequence)
    assert in_one_go.contiguous == one_by_one.contiguous
    assert [n in in_one_go for n in range(1, 80)] == [n in one_by_one for n in range(1, 80)]


def test_a_lost_million_costs_no_more_than_a_lost_two():
    watermark = Watermark()
    watermark.settle(2, 1_000_000)
    assert watermark.contiguous == 0
    watermark.settle(1, 1)
    assert watermark.contiguous == 1_000_000

# SPDX-License-Identifier: EUPL-1.2
"""Token buckets: how often who may ask."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.kit import rates
from cloud.kit.rates import Buckets, Rate, network_of


class Seconds:
    """A clock that stands until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_bucket(seconds: Seconds, per_s: float = 2, burst: int = 3) -> Buckets:
    return Buckets("caller", Rate(per_s=per_s, burst=burst), seconds)


def test_a_burst_is_let_through_and_then_no_more() -> None:
    buckets = a_bucket(Seconds())
    taken = [buckets.take("a") for _ in range(5)]
    assert [one.left for one in taken] == [2, 1, 0, 0, 0]
    assert [one.wait_s for one in taken] == [0, 0, 0, 0.5, 0.5]


def test_who_waits_as_long_as_told_is_let_through_again() -> None:
    seconds = Seconds()
    buckets = a_bucket(seconds)
    for _ in range(3):
        buckets.take("a")
    seconds.now += buckets.take("a").wait_s
    assert buckets.take("a").wait_s == 0
    assert buckets.take("a").wait_s > 0


def test_one_callers_bucket_is_not_anothers() -> None:
    buckets = a_bucket(Seconds(), burst=1)
    assert buckets.take("a").wait_s == 0
    assert buckets.take("a").wait_s > 0
    assert buckets.take("b").wait_s == 0


@given(
    st.lists(st.floats(0, 5), min_size=1, max_size=200),
    st.floats(0.1, 50),
    st.integers(1, 20),
)
def test_never_more_than_burst_and_rate_allow(
    pauses: list[float], per_s: float, burst: int
) -> None:
    seconds = Seconds()
    buckets = a_bucket(seconds, per_s, burst)
    let_through = 0
    for pause in pauses:
        seconds.now += pause
        let_through += buckets.take("a").wait_s == 0
    assert let_through <= burst + sum(pauses[1:]) * per_s + 1e-3


def test_full_buckets_are_forgotten() -> None:
    seconds = Seconds()
    buckets = a_bucket(seconds)
    for number in range(100):
        buckets.take(str(number))
    seconds.now += 10
    buckets.take("new")
    assert len(buckets) == 1


def test_a_flood_of_addresses_fills_no_memory() -> None:
    buckets = a_bucket(Seconds())
    for number in range(rates.MOST_BUCKETS + 50):
        buckets.take(str(number))
    assert len(buckets) == rates.MOST_BUCKETS


def test_an_ipv6_subscriber_is_one_address_and_ipv4_in_ipv6_is_ipv4() -> None:
    assert network_of("2001:db8:1:2::3") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::3") != network_of("2001:db8:1:3::3")
    assert network_of("::ffff:203.0.113.7") == network_of("203.0.113.7") == "203.0.113.7"

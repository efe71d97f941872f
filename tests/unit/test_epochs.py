# SPDX-License-Identifier: EUPL-1.2
"""Epochs come out the same in whatever order people tell of them; undoing loses nothing."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cloud.meters import epochs
from cloud.meters.epochs import (
    AlreadyInstalledError,
    Epochs,
    InstallationOrderError,
    NothingInstalledError,
)
from cloud.meters.models import Installation

START = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = START + timedelta(days=100)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def a_meter(name: str, since: int, until: int | None = None, **changes: int) -> Installation:
    one = Installation(
        installation_id=epochs.NOT_YET,
        service_point_id="sp",
        meter_id=f"m-{name}",
        node_id="n",
        obis="8-0:1.0.0",
        valid_from=day(since),
        valid_to=None if until is None else day(until),
    )
    return replace(one, **changes) if changes else one


def shown(known: Epochs) -> list[tuple[str, int, int | None]]:
    """Return (meter, first day, day after the last) of each epoch that was not undone."""
    return [
        (
            one.meter_id[2:],
            (one.valid_from - START).days,
            None if one.valid_to is None else (one.valid_to - START).days,
        )
        for one in known
        if not one.is_undone
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(["b", "c", "d"])))
def test_exchanges_recorded_in_any_order_come_to_the_same_epochs(order: tuple[str, ...]) -> None:
    days = {"b": 10, "c": 20, "d": 30}
    known = [a_meter("a", 0)]
    for name in order:
        known = epochs.put_up(known, a_meter(name, days[name]), None)
    assert shown(known) == [("a", 0, 10), ("b", 10, 20), ("c", 20, 30), ("d", 30, None)]


def test_an_exchange_splits_the_epoch_and_what_came_since_belongs_to_the_new_meter() -> None:
    known = [a_meter("a", 0, start_register=5)]
    exchanged = epochs.put_up(known, a_meter("b", 10, start_register=1), 700)
    assert shown(exchanged) == [("a", 0, 10), ("b", 10, None)]
    assert [(one.start_register, one.final_register) for one in exchanged] == [(5, 700), (1, None)]


def test_an_exchange_told_late_takes_over_what_the_later_one_took_down() -> None:
    known = epochs.put_up([a_meter("a", 0)], a_meter("c", 20), 900)
    between = epochs.put_up(known, a_meter("b", 10), 500)
    assert [one.final_register for one in between] == [500, 900, None]


def test_telling_it_again_or_with_a_later_time_changes_nothing() -> None:
    known = epochs.put_up([a_meter("a", 0)], a_meter("b", 10, start_register=3), 700)
    assert epochs.put_up(known, a_meter("b", 10, start_register=3), 700) == known
    assert epochs.put_up(known, a_meter("b", 15), None) == known
    assert epochs.put_up(known, a_meter("a", 5), None) == known
    with pytest.raises(AlreadyInstalledError):
        epochs.put_up(known, a_meter("b", 15, start_register=3), None)


def test_an_earlier_time_moves_the_exchange_and_registers_can_follow_later() -> None:
    known = epochs.put_up([a_meter("a", 0)], a_meter("b", 10), None)
    moved = epochs.put_up(known, a_meter("b", 8), 650)
    assert shown(moved) == [("a", 0, 8), ("b", 8, None)]
    told = epochs.put_up(moved, a_meter("b", 8, start_register=2), 660)
    assert (told[0].final_register, told[1].start_register) == (660, 2)


def test_an_exchange_is_never_moved_to_where_the_old_meter_began() -> None:
    known = epochs.put_up([a_meter("a", 0)], a_meter("b", 10), None)
    with pytest.raises(InstallationOrderError):
        epochs.put_up(known, a_meter("b", 0), None)


def test_a_meter_can_not_come_before_the_first_nor_at_the_instant_of_another() -> None:
    for since in (-1, 0):
        with pytest.raises(InstallationOrderError, match="m-a hangs since 2026-01-01 00:00:00 UTC"):
            epochs.put_up([a_meter("a", 0)], a_meter("b", since), None)


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ([], a_meter("a", 0)),
        ([a_meter("a", 0)], a_meter("a", 0)),
        ([a_meter("a", 0, 5)], a_meter("b", 9)),
    ],
    ids=["the first", "the first again", "after a removal"],
)
def test_a_final_register_needs_a_meter_that_was_taken_down(
    known: list[Installation], new: Installation
) -> None:
    with pytest.raises(NothingInstalledError):
        epochs.put_up(known, new, 5)


def test_after_a_removal_nothing_hangs_until_the_next_installation() -> None:
    known = [a_meter("a", 0)]
    removed = epochs.taken_down(known, known[0], day(10), 700)
    assert epochs.holding(removed, day(10)) is None
    assert shown(epochs.put_up(removed, a_meter("b", 15), None)) == [("a", 0, 10), ("b", 15, None)]
    assert epochs.never_taken_down(removed, day(10)) == known


@pytest.mark.parametrize("times", list(itertools.permutations([10, 20, 30])))
def test_undoing_every_exchange_in_any_order_leaves_the_first_meter_alone(
    times: tuple[int, ...],
) -> None:
    first = a_meter("a", 0, start_register=5)
    known: list[Installation] = [first]
    for since, name in ((10, "b"), (20, "c"), (30, "d")):
        known = epochs.put_up(known, a_meter(name, since, start_register=0), since * 100)
    for since in times:
        known = [one for one in known if not one.is_undone]
        known = epochs.never_put_up(known, day(since), removed=False)
    assert [one for one in known if not one.is_undone] == [first]


def test_undoing_what_followed_a_removal_brings_nothing_back() -> None:
    known = [a_meter("a", 0, 10), a_meter("b", 10)]
    assert shown(epochs.never_put_up(known, day(10), removed=True)) == [("a", 0, 10)]
    assert shown(epochs.never_put_up(known, day(10), removed=False)) == [("a", 0, None)]


def test_only_the_readings_that_change_hands_are_stale() -> None:
    a = a_meter("a", 0, installation_id=1)
    exchanged = epochs.put_up([a], a_meter("b", 10), None)
    assert set(epochs.stale([a], exchanged, LATEST)) == {("n", "8-0:1.0.0", day(10), LATEST)}
    kept = [exchanged[0], replace(exchanged[1], installation_id=2)]
    told = [replace(kept[0], final_register=7), kept[1]]
    assert list(epochs.stale(kept, told, LATEST)) == [("n", "8-0:1.0.0", day(10), day(10))]
    assert list(epochs.stale(kept, kept, LATEST)) == []
    undone = epochs.never_put_up(kept, day(10), removed=False)
    assert set(epochs.stale(kept, undone, LATEST)) == {("n", "8-0:1.0.0", day(10), LATEST)}

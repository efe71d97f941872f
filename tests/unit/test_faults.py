# SPDX-License-Identifier: EUPL-1.2
import asyncio

from simulators.faults import LASTING, Fault, FaultKind, play, repeated, schedule


def test_a_seed_gives_the_same_faults_again_and_another_seed_others():
    assert schedule(7, 300) == schedule(7, 300)
    assert schedule(7, 300) != schedule(8, 300)


def test_every_kind_of_fault_strikes_when_there_is_time_for_it():
    assert {fault.kind for fault in schedule(1, 60)} == set(FaultKind)


def test_every_fault_is_over_before_the_schedule_is():
    for fault in schedule(3, 60):
        assert 0 <= fault.at_s <= fault.at_s + fault.lasts_s <= 60


def test_only_faults_that_last_have_a_length():
    assert all((fault.lasts_s > 0) == (fault.kind in LASTING) for fault in schedule(2, 120))


def test_repeated_gives_each_kind_as_often_as_asked():
    kinds = [FaultKind.NODE_KILL, FaultKind.CLOUD_KILL]
    faults = repeated(kinds, 20, seed=1, duration_s=60)
    assert [sum(fault.kind is kind for fault in faults) for kind in kinds] == [20, 20]


async def test_play_strikes_each_fault_and_counts_it():
    struck: list[Fault] = []

    class AChain:
        async def strike(self, fault: Fault) -> None:
            struck.append(fault)

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    faults = schedule(5, 30)
    count = await play(AChain(), faults, at_once)
    assert struck == faults
    assert sum(count.values()) == len(faults)

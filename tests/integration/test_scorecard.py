# SPDX-License-Identifier: EUPL-1.2
"""The scorecard at CI's size: Iskar under faults, and a rival without, to prove the scales."""

from pathlib import Path

import pytest

from simulators.scorecard import command
from simulators.scorecard.command import Terms
from tests import needs


@pytest.mark.timeout(900)  # a slow machine may take its time; what must not happen is a loss
async def test_twenty_thousand_telegrams_come_through_thirty_faults_once_each(tmp_path: Path):
    needs.program("mosquitto")
    terms = Terms(seed=1, telegrams=20_000, per_s=1000, faults=30)
    [iskar] = await command.run(command.systems("iskar"), terms, tmp_path)
    assert (iskar.telegrams, iskar.faults) == (20_000, 30)
    assert (iskar.lost, iskar.duplicated) == (0, 0)
    assert iskar.backlog > 0


async def test_a_bridge_that_nothing_happens_to_loses_and_doubles_nothing(tmp_path: Path):
    needs.program("mosquitto")
    terms = Terms(seed=1, telegrams=1500, per_s=500, faults=0)
    [bridge] = await command.run(command.systems("mosquitto-bridge"), terms, tmp_path)
    assert (bridge.lost, bridge.duplicated, bridge.out_of_order) == (0, 0, 0)

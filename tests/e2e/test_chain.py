# SPDX-License-Identifier: EUPL-1.2
"""The whole chain, real parts only, broken in every way that the field knows."""

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from simulators.demo import Demo, Show
from simulators.faults import Fault, FaultKind, repeated, schedule
from simulators.report import Report
from tests.needs import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CUTS, CUT_S = 10, 60.0
KILLS = 20
KILLED = (
    FaultKind.NODE_KILL,
    FaultKind.GATEWAY_KILL,
    FaultKind.CLOUD_KILL,
    FaultKind.POSTGRESQL_KILL,
    FaultKind.BROKER_KILL,
)


async def struck_by(
    faults: Sequence[Fault], minutes: float, directory: Path
) -> tuple[Report, dict[str, int]]:
    """Run the chain of 30 nodes at 1 Hz under ``faults``."""
    show = Show(data_dir=directory, minutes=minutes, with_history=False, faults=faults)
    demo = Demo(show, Console(quiet=True))
    return await demo.run(), demo.struck


def assert_ledger_equality(report: Report) -> None:
    """Nothing lost, nothing doubled, every register on its dial, and enough of it to matter."""
    assert (report.lost, report.duplicated, report.dial_mismatches) == (0, 0, 0)
    assert report.telegrams_produced == report.telegrams_stored
    assert report.telegrams_produced > report.nodes * 30


@pytest.mark.usefixtures("mosquitto")
async def test_ten_cuts_of_a_minute_lose_and_double_nothing(tmp_path: Path):  # AC-01
    dice = random.Random(1)  # noqa: S311 - repeatable on purpose
    faults = [
        Fault(
            at_s=dice.uniform(3, 12) + (CUT_S + 12) * (cut // 5),
            kind=FaultKind.UPLINK_CUT,
            victim=cut % 5,
            lasts_s=CUT_S,
        )
        for cut in range(CUTS)
    ]
    faults.sort(key=lambda fault: fault.at_s)
    report, struck = await struck_by(faults, 2.7, tmp_path)
    assert struck == {"uplink_cut": CUTS}
    assert_ledger_equality(report)


@pytest.mark.usefixtures("mosquitto")
async def test_twenty_kills_of_every_process_lose_and_double_nothing(tmp_path: Path):  # AC-05
    report, struck = await struck_by(repeated(KILLED, KILLS, 5, 150), 3.0, tmp_path)
    assert struck == {kind.value: KILLS for kind in KILLED}
    assert_ledger_equality(report)


@pytest.mark.usefixtures("mosquitto")
async def test_a_schedule_of_every_fault_loses_and_doubles_nothing(tmp_path: Path):
    report, struck = await struck_by(schedule(11, 75), 1.5, tmp_path)
    assert set(struck) == {kind.value for kind in FaultKind}
    assert_ledger_equality(report)


@pytest.mark.usefixtures("mosquitto")
async def test_the_demonstration_ends_with_the_figures_that_are_its_contract():
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "iskar-sim"),
        *("demo", "--minutes", "1.5", "--no-history", "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    figures = json.loads(printed.decode().splitlines()[-1])
    assert process.returncode == 0
    assert list(figures) == [
        "nodes",
        "telegrams_produced",
        "telegrams_stored",
        "lost",
        "duplicated",
        "dial_mismatches",
        "latency_p50_s",
        "latency_p99_s",
        "leak_detected_after_s",
        "webhook_verified",
    ]
    assert_ledger_equality(Report(**figures))
    assert figures["nodes"] == 30
    assert figures["leak_detected_after_s"] is not None
    assert figures["webhook_verified"] is True
    assert 0 < figures["latency_p50_s"] < 2

# SPDX-License-Identifier: EUPL-1.2
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators import processes
from simulators.errors import NotReadyError, ProgramFailedError
from simulators.processes import Program, kill_postgres


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RESTART_DELAY_S", 0.05)


@pytest.fixture
async def sleeper(tmp_path: Path) -> AsyncIterator[Program]:
    program = Program("sleeper", ["sleep", "60"], tmp_path / "log", {})
    await program.start()
    yield program
    await program.stop()


@pytest.fixture
async def failing(tmp_path: Path) -> AsyncIterator[Program]:
    words = [sys.executable, "-c", "print('no room'); exit(3)"]
    program = Program("failing", words, tmp_path / "log", {})
    await program.start()
    yield program
    await program.stop()


async def test_every_kill_has_a_process_of_its_own(sleeper: Program):
    await asyncio.gather(*(sleeper.kill() for _ in range(3)))
    while sleeper.pid is None:
        await asyncio.sleep(0.01)
    assert sleeper.starts == 4
    sleeper.check()


async def test_a_program_that_will_not_stay_up_is_told_with_its_last_words(failing: Program):
    with pytest.raises(ProgramFailedError, match="no room"):
        await until_given_up(failing)
    assert failing.starts == processes.Program.max_quick_deaths
    with pytest.raises(ProgramFailedError):
        await failing.kill()


async def test_deaths_that_were_forgiven_do_not_count(failing: Program):
    while failing.starts < processes.Program.max_quick_deaths - 1:
        await asyncio.sleep(0.01)
    failing.forgive()
    with pytest.raises(ProgramFailedError):
        await until_given_up(failing)
    assert failing.starts > processes.Program.max_quick_deaths + 1


async def until_given_up(program: Program) -> None:
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.05)
            program.check()


async def test_a_stranger_with_a_dead_servers_process_id_is_not_killed(
    sleeper: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(processes, "POSTGRES_PATIENCE_S", 0.2)
    pid = sleeper.pid
    (tmp_path / "postmaster.pid").write_text(f"{pid}\n")
    with pytest.raises(NotReadyError):
        await kill_postgres(tmp_path)
    assert sleeper.pid == pid

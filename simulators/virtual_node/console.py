# SPDX-License-Identifier: EUPL-1.2
"""The serial console of a virtual node: MicroPython's prompt on a pseudo-terminal.

Two pairs are joined, one for either side, because each side opens its terminal like a serial line.
"""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def console(micropython: Path, flash: Path) -> AsyncIterator[str]:
    """Start the prompt with ``flash`` as its file system and yield the terminal to connect to."""
    device, device_terminal = _raw_pair()
    user, user_terminal = _raw_pair()
    loop = asyncio.get_running_loop()
    process = await asyncio.create_subprocess_exec(
        micropython,
        "-i",
        "-c",
        "pass",
        stdin=device_terminal,
        stdout=device_terminal,
        stderr=device_terminal,
        cwd=flash,
        start_new_session=True,
    )
    loop.add_reader(device, _carry(device, user))
    loop.add_reader(user, _carry(user, device))
    try:
        yield os.ttyname(user_terminal)
    finally:
        loop.remove_reader(device)
        loop.remove_reader(user)
        if process.returncode is None:
            process.kill()
        await process.wait()
        for descriptor in (device, device_terminal, user, user_terminal):
            os.close(descriptor)


def _raw_pair() -> tuple[int, int]:
    """Return master and slave; raw, because mpremote waits for bytes as they were sent."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


def _carry(source: int, sink: int) -> Callable[[], None]:
    def carry() -> None:
        os.write(sink, os.read(source, 4096))

    return carry

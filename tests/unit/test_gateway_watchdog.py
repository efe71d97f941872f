# SPDX-License-Identifier: EUPL-1.2
import asyncio
import contextlib
import socket
import threading
from types import SimpleNamespace

import pytest

from edge_gateway.store.database import Store
from edge_gateway.watchdog import Watchdog

SECOND = {"WATCHDOG_USEC": "300000"}  # a look every 0.1 s


class Systemd:
    """What systemd would hear."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)

    def heard(self):
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self._socket.recv(100).decode())
        return said

    async def hears(self, state):
        async with asyncio.timeout(10):
            while state not in self.heard():
                await asyncio.sleep(0.01)

    def close(self):
        self._socket.close()


@pytest.fixture
def systemd(tmp_path):
    listening = Systemd(tmp_path)
    yield listening
    listening.close()


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def watched(store, intake, systemd):
    watchdog = Watchdog(store, intake, SECOND | {"NOTIFY_SOCKET": str(systemd.path)})
    running = asyncio.create_task(watchdog.run())
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def idle():
    return SimpleNamespace(waiting=0, turns=0)


async def test_systemd_hears_that_it_is_ready_getting_on_and_stopping(store, systemd):
    async with watched(store, idle(), systemd):
        await systemd.hears("READY=1")
        await systemd.hears("WATCHDOG=1")
    assert systemd.heard()[-1] == "STOPPING=1"


async def test_it_is_silent_while_the_store_does_not_answer(store, systemd):
    going_on = threading.Event()
    async with watched(store, idle(), systemd):
        await systemd.hears("WATCHDOG=1")
        stuck = asyncio.create_task(store.read(lambda _db: going_on.wait(20)))
        await asyncio.sleep(0.3)
        systemd.heard()
        await asyncio.sleep(0.5)
        assert systemd.heard() == []
        going_on.set()
        await stuck
        await systemd.hears("WATCHDOG=1")


async def test_it_is_silent_while_messages_wait_and_nobody_tries_to_store_them(store, systemd):
    intake = idle()
    async with watched(store, intake, systemd):
        await systemd.hears("WATCHDOG=1")
        intake.waiting = 1
        await asyncio.sleep(0.3)
        systemd.heard()
        await asyncio.sleep(0.5)
        assert systemd.heard() == []
        intake.turns += 1  # a try that may have failed, on a full disk say
        await systemd.hears("WATCHDOG=1")

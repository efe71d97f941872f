# SPDX-License-Identifier: EUPL-1.2
"""A fake board with the members that ``firmware.board`` documents, for MicroPython on a desk.

Its world lies in files of the node's directory: ``flash/`` is what the flash chip holds, ``world/``
what surrounds the node. The parent process writes a byte to our stdin when it has changed the
conditions, and closes it when it dies; then so do we.
"""

import asyncio
import gc
import json
import os
import random
import select
import socket
import sys
import termios
import time

EXIT_RESTART = 3  # the firmware reset the board
EXIT_WATCHDOG = 4
WATCHDOG_MS = 60000
_WIFI_JOIN_MS = 5000
_WIFI_POLL_MS = 100


def _replace(path, content):
    """Write a register of a chip: who is killed meanwhile leaves the old one, never half of it."""
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


class Flash:
    """A directory; segments that the journal deletes go to the attic, for the audit."""

    def __init__(self, root, attic):
        self._root = root + "/"
        self._attic = attic + "/"

    def open(self, name, mode):
        """Return the open file ``name``."""
        return open(self._root + name, mode)

    def sync(self, file):
        """Return once written; ``flush`` is fsync(2) here."""
        file.flush()

    def remove(self, name):
        """Delete a file."""
        if name.endswith(".seg"):
            os.rename(self._root + name, self._attic + name.split("/")[-1])
        else:
            os.remove(self._root + name)

    def rename(self, old, new):
        """Replace ``new`` by ``old``."""
        os.rename(self._root + old, self._root + new)

    def list(self, folder):
        """Return the names in ``folder``."""
        return os.listdir(self._root + folder)

    def size(self, name):
        """Return the length of a file in bytes."""
        return os.stat(self._root + name)[6]

    def make_folder(self, name):
        """Create ``name`` unless it is there."""
        if name not in os.listdir(self._root):
            os.mkdir(self._root + name)


class Counter:
    """An S-35770 whose two registers are files; the world counts, whether or not we run."""

    def __init__(self, path):
        self._path = path

    def count(self):
        """Return the count, 0 to 2^24 - 1."""
        return self._read("count")

    def marker(self):
        """Return the free register."""
        return self._read("free_register")

    def mark(self, marker):
        """Write the free register."""
        _replace(self._path + ".free_register", marker.to_bytes(3, "big"))

    def _read(self, register):
        try:
            with open(self._path + "." + register, "rb") as file:
                return int.from_bytes(file.read(3), "big")
        except OSError:
            return 0  # fresh from the factory


class Uart:
    """A serial line on a pseudo-terminal, opened again when it has been away."""

    def __init__(self, conditions):
        self._conditions = conditions
        self._file = None
        self._poll = select.poll()

    def open(self, _baud, _parity):
        """Take note of nothing: a pseudo-terminal has no speed."""

    def write(self, frame):
        """Send ``frame``."""
        try:
            if self._file is None:
                self._connect()
            self._file.write(frame)
        except OSError:
            self._disconnect()
            raise

    def read(self):
        """Return the bytes that have arrived."""
        arrived = b""
        while self._file is not None and self._poll.poll(0):
            byte = self._file.read(1)  # a longer read would wait for all of it
            if not byte:
                self._disconnect()
            else:
                arrived += byte
        return arrived

    def _connect(self):
        path = self._conditions.now["uart"]
        if path is None:
            raise OSError("No RS-485 adapter.")
        file = open(path, "r+b")
        termios.setraw(file.fileno())
        self._file = file
        self._poll.register(file, select.POLLIN)

    def _disconnect(self):
        if self._file is not None:
            self._poll.unregister(self._file)
            self._file.close()
            self._file = None


class Wifi:
    """The host's own network, as long as the world lets it through."""

    def __init__(self, conditions, sleep_ms):
        self._conditions = conditions
        self._sleep_ms = sleep_ms

    async def join(self, ssid, _password):
        """Wait for the network, or raise OSError."""
        for _ in range(_WIFI_JOIN_MS // _WIFI_POLL_MS):
            if self.is_up():
                return
            await self._sleep_ms(_WIFI_POLL_MS)
        raise OSError("Wi-Fi %r not joined." % ssid)

    def is_up(self):
        """True unless the world has cut it."""
        return self._conditions.now["wifi"]

    def rssi_dbm(self):
        """Return a signal strength."""
        return -55

    def socket(self):
        """Return a new TCP socket."""
        return socket.socket()


class Conditions:
    """What the parent process says about the world, read again whenever it calls."""

    def __init__(self, path):
        self._path = path
        self.now = {}
        self.look()

    def look(self):
        """Read the conditions."""
        with open(self._path) as file:
            self.now = json.loads(file.read())

    async def run(self):
        """Look whenever the parent calls; exit when it is gone."""
        calls = asyncio.StreamReader(sys.stdin.buffer)
        while await calls.read(1):
            self.look()
        sys.exit(0)


class Board:
    """The fake board of the node in ``directory``."""

    def __init__(self, directory):
        world = directory + "/world"
        self._conditions = Conditions(world + "/conditions.json")
        self._rtc = world + "/rtc"
        self.reset_cause = self._conditions.now["reset_cause"]
        self.flash = Flash(directory + "/flash", world + "/attic")
        self.counters = (Counter(world + "/counter0"), Counter(world + "/counter1"))
        self.uart = Uart(self._conditions)
        self.sleep_ms = asyncio.sleep_ms
        self.wifi = Wifi(self._conditions, self.sleep_ms)
        self._started_at_ms = time.ticks_ms()
        self._fed_at_ms = None
        self._tasks = [
            asyncio.create_task(self._conditions.run()),
            asyncio.create_task(self._watch()),
        ]

    def up_ms(self):
        """Return ms since boot."""
        return time.ticks_diff(time.ticks_ms(), self._started_at_ms)

    def rtc_s(self):
        """Return Unix time by the RTC, or 0 when it was never set."""
        try:
            with open(self._rtc) as file:
                return int(time.time()) + int(file.read())
        except OSError:
            return 0

    def set_rtc(self, unix_s):
        """Set the RTC: the file holds how far it is off the host's."""
        _replace(self._rtc, str(unix_s - int(time.time())).encode())

    def feed_watchdog(self):
        """Put the watchdog off."""
        self._fed_at_ms = self.up_ms()

    def restart(self):
        """Leave; the parent starts us again."""
        sys.exit(EXIT_RESTART)

    def random_ms(self, limit_ms):
        """Return a random number of ms, 0 to ``limit_ms``."""
        return random.randint(0, limit_ms)  # noqa: S311 - jitter

    def free_heap_bytes(self):
        """Return what the heap has left."""
        gc.collect()
        return gc.mem_free()

    def show(self, is_fine):
        """Have no LED."""

    async def _watch(self):
        """Reset like the watchdog; it can't see a loop that blocks, only parts that stand still."""
        while True:
            await self.sleep_ms(1000)
            if self._fed_at_ms is not None and self.up_ms() - self._fed_at_ms > WATCHDOG_MS:
                sys.exit(EXIT_WATCHDOG)

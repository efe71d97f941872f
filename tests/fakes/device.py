# SPDX-License-Identifier: EUPL-1.2
"""Fakes of the node's hardware for both interpreters: flash, counter, time, a Modbus slave."""

import struct

from firmware.modbus import crc16


class PowerCutError(Exception):
    """The supply is gone; nothing after this is written."""


class MemoryFlash:
    """A flash whose power fails after ``bytes_left`` more bytes, renames and removals counted as 1.

    What was written but not synced may or may not be there afterwards; here all of it is, up to the
    very byte, which is the worst a journal can meet.
    """

    def __init__(self, files=None):
        self.files = files if files is not None else {}
        self.bytes_left = None
        self.is_full = False

    def spend(self, wanted):
        """Return how many of ``wanted`` bytes are written before the power fails."""
        if self.bytes_left is None:
            return wanted
        granted = min(wanted, self.bytes_left)
        self.bytes_left -= granted
        return granted

    def _do(self):
        if self.spend(1) == 0:
            raise PowerCutError

    def open(self, name, mode):
        if "r" in mode and name not in self.files:
            raise OSError(2)
        if "w" in mode:
            self._do()
            self.files[name] = b""
        return MemoryFile(self, name)

    def sync(self, _file):
        self._do()

    def remove(self, name):
        self._do()
        del self.files[name]

    def rename(self, old, new):
        self._do()
        self.files[new] = self.files.pop(old)

    def list(self, folder):
        return [name[len(folder) + 1 :] for name in self.files if name.startswith(folder + "/")]

    def size(self, name):
        return len(self.files[name])

    def make_folder(self, name):
        pass


class MemoryFile:
    def __init__(self, flash, name):
        self._flash = flash
        self._name = name
        self._at = 0

    def read(self, limit=None):
        content = self._flash.files[self._name]
        end = len(content) if limit is None else self._at + limit
        piece = content[self._at : end]
        self._at += len(piece)
        return piece

    def write(self, content):
        if self._flash.is_full:
            raise OSError(28)
        granted = self._flash.spend(len(content))
        self._flash.files[self._name] += bytes(content[:granted])
        if granted < len(content):
            raise PowerCutError

    def seek(self, at):
        self._at = at

    def tell(self):
        return self._at

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class FakeCounter:
    """An S-35770."""

    def __init__(self):
        self.total = 0
        self.free_register = 0
        self.glitches = []

    def count(self):
        return self.glitches.pop(0) if self.glitches else self.total % (1 << 24)

    def marker(self):
        return self.free_register

    def mark(self, marker):
        self.free_register = marker


class VirtualTime:
    """A board's clock that stands still but for sleeps."""

    def __init__(self):
        self.now_ms = 0
        self.uart = None

    def up_ms(self):
        return self.now_ms

    async def sleep_ms(self, ms):
        self.now_ms += max(1, ms)


class SlaveUart:
    """A line with one slave whose register ``n`` always holds ``n``; it answers late or damaged.

    ``delays_ms`` is consumed, one per request; None: no answer. ``damage`` maps the reply's bytes.
    """

    def __init__(self, time, unit_id=1, delays_ms=(), damage=None, echo=False):
        self.time = time
        self.unit_id = unit_id
        self.delays_ms = list(delays_ms)
        self.damage = damage
        self.echo = echo
        self.requests = 0
        self._arriving = []  # (at_ms, bytes)

    def arrive(self, at_ms, content):
        self._arriving.append((at_ms, content))
        self._arriving.sort()

    def write(self, frame):
        self.requests += 1
        if self.echo:
            self.arrive(self.time.now_ms, frame)
        unit_id, function, address, count = struct.unpack(">BBHH", frame[:6])
        delay_ms = self.delays_ms.pop(0) if self.delays_ms else 10
        if unit_id != self.unit_id or delay_ms is None:
            return
        reply = struct.pack(">BBB", unit_id, function, 2 * count)
        reply += b"".join([struct.pack(">H", address + n) for n in range(count)])
        reply += crc16(reply)
        if self.damage is not None:
            reply = self.damage(reply)
        self.arrive(self.time.now_ms + delay_ms, reply)

    def read(self):
        arrived = b""
        while self._arriving and self._arriving[0][0] <= self.time.now_ms:
            arrived += self._arriving.pop(0)[1]
        return arrived

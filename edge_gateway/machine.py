# SPDX-License-Identifier: EUPL-1.2
"""The machine's own time: its counter since it started, its clock, the kernel's word on it."""

import ctypes
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised to a reliable server
_BYTES_OF_TIMEX = 512  # struct timex has 208 on 64 bits; zeroed, it asks and sets nothing

_libc = ctypes.CDLL(None)


class Machine:
    """Reads the counters of the machine that we run on."""

    def boot_id(self) -> str:
        """Return the name that the kernel gave this run of the machine."""
        return _BOOT_ID.read_text().strip()

    def up_s(self) -> float:
        """Return seconds since the machine started, those that it slept included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall_ms(self) -> int:
        """Return the machine's idea of Unix time in ms."""
        return time.time_ns() // 1_000_000

    def is_synchronised(self) -> bool:
        """Return whether the kernel says that chrony, or another of its kind, keeps the clock.

        Setting the clock by hand takes that back, and so do some nine hours without a server.
        Source: adjtimex(2), TIME_ERROR; Linux kernel/time/ntp.c, NTP_PHASE_LIMIT.
        """
        state: int = _libc.adjtimex(ctypes.create_string_buffer(_BYTES_OF_TIMEX))
        return 0 <= state < _TIME_ERROR

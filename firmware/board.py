# SPDX-License-Identifier: EUPL-1.2
"""The board: all of the ESP32-S3 that the firmware sees, and the only file with its drivers.

Whoever hands another board to ``firmware.app`` (the virtual node does) gives it the same members.
A part that fails raises OSError.

- ``reset_cause``  "power_on", "watchdog", "brownout", "soft" or "other"
- ``up_ms()``      ms since this boot; grows for years, never wraps or steps
- ``sleep_ms(ms)`` coroutine
- ``rtc_s()``      Unix time by the RTC, right or wrong; 0 when it was never set
- ``set_rtc(unix_s)``
- ``feed_watchdog()``   the first call arms it; WATCHDOG_MS without another resets the board
- ``restart()``    resets the board; does not return
- ``random_ms(limit_ms)``  0 to limit_ms
- ``free_heap_bytes()``
- ``show(is_fine)``  the LED: steady when readings reach the gateway, dark when not
- ``flash``    ``open(name, mode)``, ``sync(file)`` (on the flash when it returns),
  ``rename(old, new)`` (replaces ``new``, whole or not at all), ``remove(name)``, ``list(folder)``,
  ``size(name)``, ``make_folder(name)``; names are relative, folders are separated by ``/``
- ``counters`` one per pulse input: ``count()`` (24 bits), ``marker()``, ``mark(marker)``
- ``uart``     ``open(baud, parity)``, ``write(frame)``, ``read()`` (what has arrived, may be empty)
- ``wifi``     ``join(ssid, password)`` coroutine, ``is_up()``, ``rssi_dbm()``, ``socket()``
"""

import asyncio
import gc
import os
import random
import socket
import time

import esp32
import machine
import network

# GPIO numbers; hardware/pinout.toml says the same, and why; a test compares the two.
UART_TX = 17
UART_RX = 18
RS485_DE = 21
I2C0_SDA = 8
I2C0_SCL = 9
I2C1_SDA = 4
I2C1_SCL = 5
LED = 2
BUTTON = 6

WATCHDOG_MS = 60000
# The ESP32 port counts seconds from 2000-01-01; a build may be set to 1970.
_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
_NEVER_SET_S = 86400 * 365  # an RTC that was never set still stands in the epoch's first year
_COUNTER_ADDRESS = 0x32
_COUNTER_HZ = 400000  # the counter stands still while it is read; at 400 kHz that is 90 us
_READ_FREE_REGISTER = 0x01  # S-35770 data sheet, read operation of the free register: B7 0, B0 1
_WRITE_FREE_REGISTER = 0x81  # B7 1 points at the free register for writing, B0 stays 1
_WIFI_POLL_MS = 200
_WIFI_JOIN_MS = 20000
_CAUSES = {
    machine.PWRON_RESET: "power_on",
    machine.WDT_RESET: "watchdog",
    machine.SOFT_RESET: "soft",
    machine.DEEPSLEEP_RESET: "other",
    machine.HARD_RESET: "power_on",
}


class Flash:
    """The file system on the flash chip (LittleFS)."""

    def open(self, name, mode):
        """Return the open file ``name``."""
        return open(name, mode)

    def sync(self, file):
        """Return once what was written to ``file`` survives a power cut."""
        file.flush()

    def remove(self, name):
        """Delete a file."""
        os.remove(name)

    def rename(self, old, new):
        """Replace ``new`` by ``old``, whole or not at all."""
        os.rename(old, new)

    def list(self, folder):
        """Return the names in ``folder``."""
        return os.listdir(folder)

    def size(self, name):
        """Return the length of a file in bytes."""
        return os.stat(name)[6]

    def make_folder(self, name):
        """Create ``name`` unless it is there."""
        if name not in os.listdir():
            os.mkdir(name)


class Counter:
    """An S-35770: counts pulses whether or not the ESP32 runs, on a coin cell of its own."""

    def __init__(self, bus):
        self._bus = bus

    def count(self):
        """Return the count, 0 to 2^24 - 1."""
        return int.from_bytes(self._bus.readfrom(_COUNTER_ADDRESS, 3), "big")

    def marker(self):
        """Return the free register; 0 after the counter itself lost power."""
        # in one transaction: a stop after the command would select the count again
        marker = self._bus.readfrom_mem(_COUNTER_ADDRESS, _READ_FREE_REGISTER, 3)
        return int.from_bytes(marker, "big")

    def mark(self, marker):
        """Write the free register."""
        frame = bytes([_WRITE_FREE_REGISTER]) + marker.to_bytes(3, "big")
        self._bus.writeto(_COUNTER_ADDRESS, frame)


class Uart:
    """The RS-485 side: half duplex, its driver enabled only while we speak."""

    def __init__(self):
        self._driver = machine.Pin(RS485_DE, machine.Pin.OUT, value=0)
        # with its pins at once: those it has by default are the counters' on this board
        self._uart = machine.UART(1, tx=UART_TX, rx=UART_RX)

    def open(self, baud, parity):
        """Set the line up; ``parity`` is N, E or O."""
        self._uart.init(
            baudrate=baud,
            bits=8,
            parity={"N": None, "E": 0, "O": 1}[parity],
            stop=1 if parity != "N" else 2,  # Modbus over serial line 1.02, 2.5.1: 11 bits always
            tx=UART_TX,
            rx=UART_RX,
            rxbuf=512,
        )

    def write(self, frame):
        """Send ``frame``; returns when its last bit is out, so that the driver is off in time."""
        self._driver.on()
        try:
            self._uart.write(frame)
            self._uart.flush()
        finally:
            self._driver.off()

    def read(self):
        """Return the bytes that have arrived."""
        return self._uart.read() or b"" if self._uart.any() else b""


class Wifi:
    """The station interface."""

    def __init__(self, sleep_ms):
        self._station = network.WLAN(network.WLAN.IF_STA)
        self._sleep_ms = sleep_ms

    async def join(self, ssid, password):
        """Join the network, or raise OSError saying why not."""
        self._station.active(True)
        if not self._station.isconnected():
            self._station.disconnect()
            self._station.connect(ssid, password)
        for _ in range(_WIFI_JOIN_MS // _WIFI_POLL_MS):
            if self._station.isconnected():
                return
            await self._sleep_ms(_WIFI_POLL_MS)
        raise OSError("Wi-Fi %r not joined, status %d." % (ssid, self._station.status()))

    def is_up(self):
        """True while associated and addressed."""
        return self._station.isconnected()

    def rssi_dbm(self):
        """Return the signal strength."""
        return self._station.status("rssi")

    def socket(self):
        """Return a new TCP socket."""
        return socket.socket()


class Board:
    """The node's hardware as a whole."""

    def __init__(self):
        self.reset_cause = _CAUSES.get(machine.reset_cause(), "other")
        self.flash = Flash()
        self.counters = (
            Counter(
                machine.I2C(
                    0, sda=machine.Pin(I2C0_SDA), scl=machine.Pin(I2C0_SCL), freq=_COUNTER_HZ
                )
            ),
            Counter(
                machine.I2C(
                    1, sda=machine.Pin(I2C1_SDA), scl=machine.Pin(I2C1_SCL), freq=_COUNTER_HZ
                )
            ),
        )
        self.uart = Uart()
        self.sleep_ms = asyncio.sleep_ms
        self.wifi = Wifi(self.sleep_ms)
        self.button = machine.Pin(BUTTON, machine.Pin.IN, machine.Pin.PULL_UP)
        self._led = machine.Pin(LED, machine.Pin.OUT, value=0)
        self._watchdog = None
        self._up_ms = 0
        self._ticks_ms = time.ticks_ms()

    def up_ms(self):
        """Return ms since boot; ticks wrap after 12 days, and we are called far more often."""
        ticks_ms = time.ticks_ms()
        self._up_ms += time.ticks_diff(ticks_ms, self._ticks_ms)
        self._ticks_ms = ticks_ms
        return self._up_ms

    def rtc_s(self):
        """Return Unix time by the RTC, or 0 when it was never set."""
        rtc_s = time.time()
        return rtc_s + _EPOCH_S if rtc_s > _NEVER_SET_S else 0

    def set_rtc(self, unix_s):
        """Set the RTC; mbedTLS judges certificates by it."""
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(unix_s - _EPOCH_S)
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def feed_watchdog(self):
        """Arm the watchdog, or put it off."""
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._watchdog.feed()

    def restart(self):
        """Reset the chip."""
        machine.reset()

    def random_ms(self, limit_ms):
        """Return a random number of ms, 0 to ``limit_ms``."""
        return random.randint(0, limit_ms)  # noqa: S311 - jitter

    def free_heap_bytes(self):
        """Return what the Python heap has left, with what the system can still give it."""
        return gc.mem_free() + sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])

    def show(self, is_fine):
        """Light the LED when all is well."""
        self._led.value(1 if is_fine else 0)

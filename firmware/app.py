# SPDX-License-Identifier: EUPL-1.2
"""The app: puts the parts together and runs them; if one of them fails, the board starts anew."""

import asyncio
import gc
import sys

from firmware import VERSION, boots, durable
from firmware import settings as node_settings
from firmware.clock import Clock
from firmware.health import Health
from firmware.inbox import Inbox
from firmware.journal import Journal
from firmware.meters import Meters
from firmware.modbus import Bus
from firmware.pulse_counter import PulseCounter
from firmware.sampler import Sampler
from firmware.scribe import Scribe
from firmware.uplink import Uplink
from firmware.watchdog import Watchdog
from wire import event

_CRASH = "crash"
COLLECT_EVERY_BYTES = 16384  # early and often: a heap collected only when full is in crumbs
_PAUSE_BEFORE_RESTART_MS = 2000  # a technician at the console can read why


def run(board):
    """Run on ``board`` until it loses power; settings that can't be used are an exception."""
    gc.collect()
    gc.threshold(COLLECT_EVERY_BYTES)
    asyncio.run(_run(board))


async def _run(board):
    settings = node_settings.load(board.flash)
    failed = asyncio.Event()
    services = _assemble(board, settings)
    tasks = [asyncio.create_task(_guard(board, service, failed)) for service in services]
    await failed.wait()
    for task in tasks:
        task.cancel()
    await board.sleep_ms(_PAUSE_BEFORE_RESTART_MS)
    board.restart()


def _assemble(board, settings):
    """Return the services, after the boot has been put down as the first entry."""
    clock = Clock(board.up_ms)
    journal = Journal(board.flash, boots.next_boot(board.flash, settings.first_boot))
    scribe = Scribe(settings.node_id, clock, journal)
    _report_boot(board, scribe)
    if journal.undeclared() is not None:
        scribe.declare_lost(*journal.undeclared())
    meters = bus = None
    services = []
    if settings.modbus_channels:
        board.uart.open(settings.baud, settings.parity)
        bus = Bus(board, settings.baud, settings.timeout_ms)
        meters = Meters(board, bus, settings.modbus_channels, scribe)
        services.append(meters)
    counters = {
        channel.input: PulseCounter(board.counters[channel.input], board.flash, channel.input)
        for channel in settings.pulse_channels
    }
    sampler = Sampler(board, settings, clock, scribe, counters, meters)
    inbox = Inbox(board, settings, clock, scribe)
    uplink = Uplink(board, settings, clock, journal, scribe, inbox)
    services.extend((sampler, uplink, Watchdog(board, settings, sampler)))
    services.append(Health(board, journal, scribe, uplink, inbox, bus))
    return services


def _report_boot(board, scribe):
    detail = {"reset": board.reset_cause, "firmware": VERSION, "rtc_s": board.rtc_s()}
    crash = durable.load(board.flash, _CRASH)
    if crash is not None:
        detail["crash"] = crash
    scribe.event(event.BOOT, detail)
    if crash is not None:
        board.flash.remove(_CRASH)


async def _guard(board, service, failed):
    """Run a service; what ends it is kept for the next boot event."""
    try:
        await service.run()
    except Exception as error:  # whatever it is, only a fresh start mends it
        failed.set()  # first: it may be the flash that failed
        sys.print_exception(error)
        text = "%s: %s: %s" % (type(service).__name__, type(error).__name__, error)
        durable.save(board.flash, _CRASH, _printable(text)[:64])


def _printable(text):
    return "".join([character if " " <= character <= "~" else "?" for character in text])

# SPDX-License-Identifier: EUPL-1.2
"""How each kind of fault is done to a system."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from simulators.scorecard.schedule import Kind, Strike
from simulators.scorecard.system import Site

log = structlog.get_logger()


async def strike_all(site: Site, strikes: Sequence[Strike]) -> None:
    """Do each at its time; return when the last is over."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.TaskGroup() as group:
        for strike in strikes:
            await asyncio.sleep(max(0.0, began_s + strike.at_s - loop.time()))
            log.info("strike", kind=strike.kind.value, lasts_s=round(strike.lasts_s, 1))
            group.create_task(_strike(site, strike))


async def _strike(site: Site, strike: Strike) -> None:
    match strike.kind:
        case Kind.UPLINK_CUT:
            site.link.cut()
            await asyncio.sleep(strike.lasts_s)
            site.link.restore()
        case Kind.UPLINK_BLACK_HOLE:
            site.link.black_hole()
            await asyncio.sleep(strike.lasts_s)
            site.link.restore()
        case Kind.BACKEND_DOWN:
            with site.backend.hanging():
                await asyncio.sleep(strike.lasts_s)
        case Kind.DISK_FULL:
            await _fill_disk(site, strike.lasts_s)
        case Kind.BROKER_RESTART:
            await site.broker.kill(signal.SIGTERM)
        case Kind.GATEWAY_KILL:
            await site.gateway.kill()


async def _fill_disk(site: Site, lasts_s: float) -> None:
    """Let no file of the gateway's machine grow; the watch keeps to it, also after a restart."""
    for program in site.programs:
        program.is_disk_full = True
        program.sample()
    await asyncio.sleep(lasts_s)
    for program in site.programs:
        program.is_disk_full = False
        program.sample()

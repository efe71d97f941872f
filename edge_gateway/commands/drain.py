# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway drain``: see to it that the cloud has everything before a gateway goes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from edge_gateway import health
from edge_gateway.clock import Clock, SystemClock
from edge_gateway.commands.options import EnvFile, load
from edge_gateway.errors import GatewayError, StoreInUseError
from edge_gateway.forwarder import Cloud, Forwarder
from edge_gateway.settings import Settings
from edge_gateway.store.database import Store
from edge_gateway.store.opening import open_to_read, require_store

LOOK_EVERY_S = 1.0
NOTE_EVERY_S = 0.2  # of what is delivered; nobody spares the SD card for a minute's sake

Summary = dict[str, object]


def drain(
    env_file: EnvFile = None,
    within_s: Annotated[float, typer.Option(help="Give up after so long.")] = 600,
) -> None:
    """Wait until the cloud has all that is stored; forward it if no gateway runs that does."""
    settings = load(Settings, env_file)
    require_store(settings.data_dir)  # else an empty one would be made, and have nothing to forward
    clock = SystemClock(settings.data_dir / "clock.json", trust=settings.clock)
    left, undated = asyncio.run(_drain(settings, clock, within_s))
    if left:
        raise GatewayError(f"{left} messages still wait for the cloud: iskar-gateway doctor")
    if undated:
        raise GatewayError(
            f"The cloud has all but {undated} messages, whose time is not known yet: their nodes "
            "must be heard from first."
        )
    typer.echo("The cloud has everything.")


async def _drain(settings: Settings, clock: Clock, within_s: float) -> tuple[int, int]:
    """Return how many messages still wait for the cloud, and how many for their time."""
    try:
        store = await Store.open(settings.data_dir)
    except StoreInUseError:  # a running gateway forwards, and syncs what it notes every minute
        return await _watch(partial(_look_from_outside, settings), within_s)
    try:
        hurried = settings.model_copy(update={"forget_every_s": NOTE_EVERY_S})
        async with Cloud(hurried, clock) as cloud:
            forwarding = asyncio.create_task(Forwarder(hurried, store, cloud, clock).run())
            left = await _watch(partial(store.read, health.summary), within_s)
            forwarding.cancel()
            await asyncio.gather(forwarding, return_exceptions=True)
            return left
    finally:
        await store.close()


async def _look_from_outside(settings: Settings) -> Summary:
    with open_to_read(settings.data_dir) as db:
        return health.summary(db)


async def _watch(look: Callable[[], Awaitable[Summary]], within_s: float) -> tuple[int, int]:
    """Return as soon as nothing waits for the cloud any more, or the time is up."""
    until_s = time.monotonic() + within_s
    while True:
        found = await look()
        left, undated = int(str(found["outbox"])), int(str(found["waiting_for_time"]))
        if not left or time.monotonic() > until_s:
            return left, undated
        typer.echo(f"{left} messages wait.", err=True)
        await asyncio.sleep(LOOK_EVERY_S)

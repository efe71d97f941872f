# SPDX-License-Identifier: EUPL-1.2
"""Every look that the doctor takes, in the order in which one fault explains the next."""

from datetime import UTC, datetime

from edge_gateway.clock import Clock
from edge_gateway.doctor import disk, network, papers, power, stored
from edge_gateway.doctor.verdict import Verdict, good, warning
from edge_gateway.settings import Settings


async def examine(settings: Settings, clock: Clock) -> list[Verdict]:
    """Return the verdicts; none of the looks raises, changes anything or disturbs a running one."""
    broker, cloud = await network.broker(settings), await network.cloud(settings, clock)
    now_ms = clock.now_ms()  # after the cloud may have told it
    return [
        *disk.look(settings.data_dir, settings.store_limit_mb),
        *power.look(),
        *stored.look(settings.data_dir, now_ms),
        *papers.look(settings, datetime.fromtimestamp(now_ms / 1000, UTC)),
        broker,
        cloud,
        _clock(settings, clock),
    ]


def _clock(settings: Settings, clock: Clock) -> Verdict:
    if settings.clock == "assumed":
        return warning(
            "clock",
            "is believed as it is. Unless nothing can tell the time, set GATEWAY_CLOCK=checked.",
        )
    if clock.is_trusted():
        return good("clock", "is kept by the kernel, or was told by the cloud.")
    return warning(
        "clock",
        "is not trusted yet: readings wait for their time. "
        "Install chrony, or let the gateway reach the cloud.",
    )

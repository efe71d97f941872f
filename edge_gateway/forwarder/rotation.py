# SPDX-License-Identifier: EUPL-1.2
"""The service that gets the gateway a new token now and then, so that a stolen one ends."""

import uuid

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import CloudError
from edge_gateway.forwarder.cloud import Cloud
from edge_gateway.settings import Settings

LOOK_EVERY_S = 3600.0
DAY_MS = 86_400_000

log = structlog.get_logger(__name__)


class Rotation:
    """Asks the cloud for a new token once the one in use is old enough."""

    def __init__(self, settings: Settings, cloud: Cloud, clock: Clock) -> None:
        self._after_ms = settings.token_days * DAY_MS
        self._cloud = cloud
        self._clock = clock
        self._request_id = str(uuid.uuid4())  # a lost answer is given again, not another token

    async def run(self) -> None:
        """Look after the token until cancelled."""
        while True:
            try:
                await self._rotate_if_old()
            except (CloudError, OSError) as error:  # the token in use stays good
                log.warning("token_not_rotated", reason=str(error))
            await self._clock.sleep(LOOK_EVERY_S)

    async def _rotate_if_old(self) -> None:
        tokens = self._cloud.tokens
        if not self._after_ms or not self._clock.is_trusted():
            return
        if tokens.since_ms is None:
            tokens.note_age(self._clock.now_ms())
        elif self._clock.now_ms() - tokens.since_ms >= self._after_ms:
            token = await self._cloud.new_token(self._request_id)
            tokens.keep(token, self._clock.now_ms())
            self._request_id = str(uuid.uuid4())
            log.info("token_rotated")

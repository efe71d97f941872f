# SPDX-License-Identifier: EUPL-1.2
"""Upkeep of the store: what is delivered and old is deleted, and room is made before there is none.

A full disk stops everything, so the store has a limit of its own. Near it, first what the cloud has
is deleted, however young, and then the backlog is thinned. At it, intake takes no more, and the
nodes keep their telegrams themselves.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import StoreError
from edge_gateway.intake import Intake
from edge_gateway.settings import Settings
from edge_gateway.store import deletion, notices, outbox, thinning
from edge_gateway.store.database import Store
from edge_gateway.store.opening import used_bytes
from wire import notice

LOOK_EVERY_S = 60.0
# Hourly: each time some pages of every node are written.
TIDY_EVERY_S = 3600.0
WARN_AT = 0.75  # of the limit: in time for somebody to come before telegrams are given up
CALM_AT = 0.65
MAKE_ROOM_AT = 0.9
ROOM_MADE_AT = 0.85
DAY_MS = 86_400_000
FOR_EVER_MS = 2**62

log = structlog.get_logger(__name__)


class Upkeep:
    """Looks after the size of the store; constant work each minute unless room is short."""

    def __init__(self, settings: Settings, store: Store, intake: Intake, clock: Clock) -> None:
        self._retention_ms = int(settings.retention_days * DAY_MS)
        self._limit_bytes = settings.store_limit_mb * 2**20
        self._store = store
        self._intake = intake
        self._clock = clock
        self._has_warned = False

    async def run(self) -> None:
        """Look after the store until cancelled."""
        tidied_s = self._clock.monotonic_s()
        has_told = False
        while True:
            try:
                if not has_told:
                    await self.tell_of_damage()
                    has_told = True
                if self._clock.monotonic_s() - tidied_s >= TIDY_EVERY_S:
                    await self.tidy()
                    tidied_s = self._clock.monotonic_s()
                await self.keep_within_limit()
            except StoreError as error:
                log.error("store_failed", error=str(error))
            await self._clock.sleep(LOOK_EVERY_S)

    async def tell_of_damage(self) -> None:
        """Tell the cloud if the store had to be begun anew."""
        damage = self._store.damage
        if damage is not None:
            await self._notify(notice.STORE_DAMAGED, asdict(damage))

    async def tidy(self) -> None:
        """Delete what is delivered and old; an untrusted clock must not decide what is old.

        Also look for meters that have fallen silent. The first time is an hour after the start, so
        that nodes have told by then what they kept while the gateway was away.
        """
        await self._intake.watch_silence()
        if self._clock.is_trusted():
            await self._delete_delivered(self._clock.now_ms() - self._retention_ms, until=0)

    async def keep_within_limit(self) -> None:
        """Warn in time, and make room when it is short."""
        used = await self._store.read(used_bytes)
        await self._warn(used)
        if used < MAKE_ROOM_AT * self._limit_bytes:
            return
        target = ROOM_MADE_AT * self._limit_bytes
        await self._delete_delivered(FOR_EVER_MS, until=target)
        given_up = 0
        while await self._store.read(used_bytes) > target:
            count = await self._store.write(partial(thinning.thin, now_ms=self._clock.now_ms()))
            if count is None:
                break  # all that can go is gone; at the limit nodes keep what comes
            given_up += count
            self._store.outbox_grew.set()
        if given_up:
            log.warning("telegrams_thinned", count=given_up)

    async def _delete_delivered(self, received_before_ms: int, until: float) -> None:
        """Delete what the cloud has; also settle, for which there may be room only then."""
        delete = partial(deletion.delete_delivered, received_before_ms=received_before_ms)
        for settle in (True, False):
            count = 1
            while count and await self._store.read(used_bytes) > until:
                count = await self._store.write(delete)
            if settle:
                await self._intake.settle()

    async def _warn(self, used: int) -> None:
        """Tell once, until there is room again."""
        share = used / self._limit_bytes
        if share < CALM_AT:
            self._has_warned = False
        if share < WARN_AT or self._has_warned:
            return
        self._has_warned = True

        detail: dict[str, int | str] = {
            "used_percent": round(share * 100),
            "limit_mb": self._limit_bytes // 2**20,
            "waiting": await self._store.read(outbox.depth),
        }
        await self._notify(notice.STORE_FILLING, detail)
        log.warning(notice.STORE_FILLING, **detail)

    async def _notify(self, kind: str, detail: Mapping[str, int | str]) -> None:
        now_ms = self._clock.now_ms()
        await self._store.write(partial(notices.append, kind=kind, detail=detail, now_ms=now_ms))
        self._store.outbox_grew.set()

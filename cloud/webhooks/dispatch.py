# SPDX-License-Identifier: EUPL-1.2
"""Dispatch: what is due is taken from the queue, by a lane for each webhook.

Lanes know nothing of one another: a receiver that hangs holds up its own messages and nobody
else's. Any number of processes may dispatch at a time. What a killed one had taken is due again a
little later and is sent a second time, with the same id, by which receivers know it.
"""

import asyncio
import secrets
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial

import psycopg
import structlog
from cryptography.exceptions import InvalidTag
from psycopg_pool import PoolTimeout

from cloud.kit import audit, metrics
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.jobs import Jobs
from cloud.webhooks import deliveries_repository, owners, repository
from cloud.webhooks.delivery import Courier
from cloud.webhooks.keys import Keys
from cloud.webhooks.models import FAULT, GIVEN_UP, Delivery, Endpoint, Outcome
from cloud.webhooks.schedule import GONE, OPEN_AFTER, Health, Schedule, Verdict, lease
from cloud.webhooks.signing import SigningKey

log = structlog.get_logger(__name__)

POLL_S = 0.5
FAULT_PAUSE_S = 5  # a fault of ours seldom goes away by itself
ABREAST = 8  # messages that a receiver in good health gets at a time
MAX_LANES = 200  # at a time; those that had one longest ago come first, and then make room
WARN_AFTER = timedelta(days=1)  # of failing without a break
DATABASE_AWAY = (psycopg.Error, PoolTimeout, TimeoutError)


class Dispatcher:
    """Delivers what the outbox queued."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        keys: Keys,
        courier: Courier,
        schedule: Schedule,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._keys = keys
        self._courier = courier
        self._schedule = schedule
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._closed_at_s: dict[str, float] = {}  # of those that are due again
        self._is_crowded = False

    async def run(self) -> None:
        """Deliver until cancelled; go on after the database was away."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._open_lanes(group)
                except DATABASE_AWAY as error:
                    log.warning("webhooks_put_off", error=str(error).strip()[:200])
                await asyncio.sleep(POLL_S)

    async def _open_lanes(self, group: asyncio.TaskGroup) -> None:
        async with self._database.transaction(as_system=True) as connection:
            due = await repository.due(connection, self._clock.now())
        closed_at_s = self._closed_at_s
        self._closed_at_s = {one: closed_at_s[one] for one in due if one in closed_at_s}
        waiting = [webhook_id for webhook_id in due if webhook_id not in self._lanes]
        # by turns: one with a long backlog would otherwise always be the one that waits longest
        waiting.sort(key=lambda webhook_id: self._closed_at_s.get(webhook_id, 0))
        room = MAX_LANES - len(self._lanes)
        self._is_crowded = len(waiting) > room
        for webhook_id in waiting[:room]:
            lane = group.create_task(self._lane(webhook_id), name=f"webhook_{webhook_id}")
            self._lanes[webhook_id] = lane
            lane.add_done_callback(partial(self._closed, webhook_id))

    def _closed(self, webhook_id: str, _lane: asyncio.Task[None]) -> None:
        del self._lanes[webhook_id]
        self._closed_at_s[webhook_id] = time.monotonic()

    async def _lane(self, webhook_id: str) -> None:
        """Deliver what is due for one webhook, until nothing is or others wait for a lane."""
        try:
            while await self.deliver_some(webhook_id) and not self._is_crowded:
                pass
        except DATABASE_AWAY as error:
            log.warning("webhook_put_off", webhook=webhook_id, error=str(error).strip()[:200])
        except Exception:  # if a lane ended by it, all others would end with it
            metrics.DELIVERIES.labels("fault").inc()
            log.exception("webhook_fault", webhook=webhook_id)
            await asyncio.sleep(FAULT_PAUSE_S)

    async def deliver_some(self, webhook_id: str) -> int:
        """Attempt some of what is due for one webhook; return how many that was."""
        now = self._clock.now()
        lost_at = now + lease(self._courier.timeout_s)
        async with self._database.transaction(as_system=True) as connection:
            endpoint = await repository.endpoint(connection, webhook_id, now)
            if endpoint is None:
                return 0
            abreast = 1 if endpoint.failures >= OPEN_AFTER else ABREAST
            claimed = await deliveries_repository.claim(
                connection, webhook_id, abreast, now, lost_at
            )
            try:
                keys = await self._keys.of(connection, webhook_id, now)
            except (InvalidTag, OSError, ValueError) as error:
                # Other webhooks' lanes, and the process, go on.
                log.error("webhook_key_unreadable", webhook=webhook_id, reason=str(error))
                return 0
        await asyncio.gather(*(self._attempt(endpoint, one, keys) for one in claimed))
        return len(claimed)

    async def _attempt(
        self, endpoint: Endpoint, delivery: Delivery, keys: list[SigningKey]
    ) -> None:
        attempted_at = self._clock.now()
        try:
            outcome = await self._courier.attempt(endpoint.url, delivery, keys)
        except Exception as error:  # this message is tried again later, and all others go on
            metrics.DELIVERIES.labels("fault").inc()
            log.exception("webhook_fault", webhook=delivery.webhook_id, message=delivery.message_id)
            said = f"{FAULT}: {type(error).__name__}"
            outcome = Outcome(attempted_at=attempted_at, status=None, said=said, is_fault=True)
        async with self._database.transaction(as_system=True) as connection:
            await self._keep(connection, endpoint, delivery, outcome)

    async def _keep(
        self, connection: Connection, endpoint: Endpoint, delivery: Delivery, outcome: Outcome
    ) -> None:
        """Write down what came of an attempt, and what follows."""
        found = await repository.health(connection, delivery.webhook_id)
        if found is None:
            return
        health, url = found
        verdict = self._schedule.after(outcome, delivery, health)
        if url != endpoint.url:  # it has moved meanwhile: no word on the receiver that it has now
            verdict = replace(verdict, health=health, disabled_because=None, expired=None)
        now, webhook_id = self._clock.now(), delivery.webhook_id
        if verdict.health != health:
            await repository.keep_health(connection, webhook_id, verdict.health)
        await deliveries_repository.keep_attempt(connection, delivery, outcome)
        await deliveries_repository.keep_state(
            connection, delivery.delivery_id, verdict.state, verdict.due_at, now
        )
        given_up = int(verdict.state == GIVEN_UP)
        if verdict.expired is not None:
            given_up += await deliveries_repository.give_up(
                connection, webhook_id, verdict.expired, now
            )
        _tell(webhook_id, outcome, verdict.health, given_up)
        await self._tell_owner(connection, webhook_id, verdict)

    async def _tell_owner(self, connection: Connection, webhook_id: str, verdict: Verdict) -> None:
        """Disable a webhook if that is the verdict, and have its owner told, once a spell."""
        now, because = self._clock.now(), verdict.disabled_because
        since = verdict.health.failing_since
        if because and await repository.disable(connection, webhook_id, because, now):
            log.error("webhook_disabled", webhook=webhook_id, because=because)
            await self._queue(connection, webhook_id, owners.DISABLED)
            await audit.record(
                connection, None, "webhook.disabled", f"webhook:{webhook_id}", because=because
            )
        elif (
            since is not None
            and now - since >= WARN_AFTER
            and await repository.warn(connection, webhook_id, now)
        ):
            await self._queue(connection, webhook_id, owners.FAILING)

    async def _queue(self, connection: Connection, webhook_id: str, what: str) -> None:
        key = f"webhook-{secrets.token_hex(12)}"
        await self._jobs.queue(connection, owners.TELL, webhook_id=webhook_id, what=what, key=key)


def _tell(webhook_id: str, outcome: Outcome, health: Health, given_up: int) -> None:
    if not outcome.is_fault:  # counted where it happened
        metrics.DELIVERIES.labels(_in_a_word(outcome)).inc()
        metrics.DELIVERY.observe(outcome.duration_ms / 1000)
    if given_up:
        log.error("webhook_given_up", webhook=webhook_id, messages=given_up, said=outcome.said)
    if outcome.is_delivered:
        log.debug("webhook_delivered", webhook=webhook_id, duration_ms=outcome.duration_ms)
    else:
        log.warning(
            "webhook_refused", webhook=webhook_id, said=outcome.said, failures=health.failures
        )


def _in_a_word(outcome: Outcome) -> str:
    if outcome.is_delivered:
        return "delivered"
    if outcome.status is None:
        return "unreachable"
    return "gone" if outcome.status == GONE else "refused"

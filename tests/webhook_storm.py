# SPDX-License-Identifier: EUPL-1.2
"""A storm of events against receivers of every kind, by a real cloud process that is killed.

Events are put into the outbox as the cloud itself does. Each is for one receiver: one in good
health, or one that fails, hangs, redirects, limits the rate, resets connections, is restarted or is
dead until the end. What they get is verified by PyPI's ``standardwebhooks`` as it comes.
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.webhooks.models import Event
from cloud.webhooks.service import Outbox
from tests.fakes.webhook_receiver import Answer, Receiver, Request, a_receiver
from tests.integration.cloud.builders import Caller
from tests.integration.cloud.process import CloudProcess

HEALTHY = "healthy"
SICK = ("failing", "hanging", "redirecting", "limiting", "resetting", "restarted", "dead")
TIMEOUT_S = 1.0
# Short pauses, so that the storm ends; the last one keeps any message from being given up.
PAUSES_S = [0.3, 0.5, 1.0, *[1.0] * 60, 3600.0]
SETTINGS = {
    "CLOUD_WEBHOOK_PAUSES_S": json.dumps(PAUSES_S),
    "CLOUD_WEBHOOK_TIMEOUT_S": str(TIMEOUT_S),
    "CLOUD_WEBHOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    "CLOUD_LOG_LEVEL": "error",
}
SHARE_SICK = 0.5  # of the events; the others are for the one in good health
LIMIT_PER_S = 100


@dataclass
class Tally:
    """What receivers got; times are s since the epoch."""

    published_at_s: dict[str, float] = field(default_factory=dict)
    receiver_of: dict[str, str] = field(default_factory=dict)
    first_at_s: dict[str, float] = field(default_factory=dict)
    bodies: dict[str, set[str]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    astray: int = 0
    refused: int = 0
    requests: int = 0
    kills: int = 0

    @property
    def missing(self) -> set[str]:
        """Events that no receiver has taken."""
        return self.published_at_s.keys() - self.taken.keys()

    @property
    def two_bodies(self) -> int:
        """Ids under which more than one body came."""
        return sum(len(bodies) > 1 for bodies in self.bodies.values())

    @property
    def repeated(self) -> int:
        """How often an event came that had been taken before."""
        return sum(self.taken.values()) - len(self.taken)

    def first_quantile_s(self, share: float, message_ids: list[str]) -> float:
        """Return within how many s so large a share of these came for the first time."""
        waits_s = sorted(
            self.first_at_s.get(one, float("inf")) - self.published_at_s[one] for one in message_ids
        )
        return waits_s[min(int(share * len(waits_s)), len(waits_s) - 1)]


class Storm:
    """The cloud, its receivers, and what came of it all."""

    def __init__(self, process: CloudProcess, database: Database, seed: int) -> None:
        self.process = process
        self.tally = Tally()
        self._database = database
        self._outbox = Outbox(Clock())
        self._chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self._secrets: dict[str, str] = {}
        self._receivers: dict[str, Receiver] = {}
        self._limited = Counter[int]()
        self._is_over = False

    async def register(self, operator: Caller, name: str, receiver: Receiver) -> None:
        """Tell the cloud of a receiver, and count what it gets."""
        receiver.otherwise = lambda request: self._taken(name, request)
        wishes = {"url": receiver.url, "kinds": [name]}
        self._secrets[name] = (await operator.post("/webhooks", wishes))["secret"]
        self._receivers[name] = receiver

    async def publish(self, events: int, per_s: float, sick: float = SHARE_SICK) -> list[str]:
        """Publish events at this rate and return those for the receiver in good health."""
        healthy = []
        begun_s = time.monotonic()
        for number in range(events):
            is_sick = self._chance.random() < sick
            name = self._chance.choice(SICK) if is_sick else HEALTHY
            message_id = await self._publish(name)
            if not is_sick:
                healthy.append(message_id)
            await asyncio.sleep(begun_s + number / per_s - time.monotonic())
        return healthy

    async def _publish(self, name: str) -> str:
        event = Event(
            type="leak.raised",
            occurred_at=datetime.now(UTC),
            supplier_id=None,
            utility="water",
            premises_id="p-one",
            service_point_id="sp-one",
            kind=name,
            severity="warning",
            content={"explanation": "Водата тече. " * 40, "chance": self._chance.random()},
        )
        async with self._database.transaction(as_system=True) as connection:
            message_id = await self._outbox.publish(connection, event)
        self.tally.published_at_s[message_id] = time.time()
        self.tally.receiver_of[message_id] = name
        return message_id

    async def kill(self, times: int, every_s: float) -> None:
        """Kill the cloud and start it again, so many times."""
        for _ in range(times):
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * every_s)
            await self.process.kill()
            self.tally.kills += 1
            await self.process.start()
            await self.process.until_ready()

    async def until_delivered(self, within_s: float) -> None:
        """Wait until each event was taken, every receiver well again, or for so long."""
        self._is_over = True
        ends_s = time.monotonic() + within_s
        while self.tally.missing and time.monotonic() < ends_s:
            await asyncio.sleep(0.1)

    def _taken(self, name: str, request: Request) -> Answer:
        """Count a request and return how this receiver answers it."""
        headers, body = request
        message_id, tally = headers["webhook-id"], self.tally
        tally.requests += 1
        tally.first_at_s.setdefault(message_id, time.time())
        tally.bodies.setdefault(message_id, set()).add(body)
        tally.astray += tally.receiver_of.get(message_id, name) != name
        try:
            Webhook(self._secrets[name]).verify(body, headers)
        except WebhookVerificationError:
            tally.refused += 1
        answer = Answer() if self._is_over else self._mood(name)
        if 200 <= answer.status < 300 and not answer.resets and answer.delay_s < TIMEOUT_S:
            tally.taken[message_id] += 1
        return answer

    def _mood(self, name: str) -> Answer:
        moods: dict[str, Callable[[], Answer]] = {
            "failing": lambda: Answer(status=500),
            "hanging": lambda: Answer(delay_s=3 * TIMEOUT_S),
            "redirecting": lambda: Answer(status=307, headers="Location: http://127.0.0.1:9/\r\n"),
            "resetting": lambda: Answer(resets=True),
        }
        if name == "dead":
            return Answer(delay_s=3 * TIMEOUT_S)
        if name == "limiting":
            self._limited[int(time.time())] += 1
            if self._limited[int(time.time())] > LIMIT_PER_S:
                return Answer(status=429, headers="Retry-After: 1\r\n")
        return moods[name]() if name in moods and self._chance.random() < 0.3 else Answer()


@asynccontextmanager
async def a_storm(folder: Path, seed: int = 1) -> AsyncIterator[tuple[Storm, Caller]]:
    """Yield a cloud process on a server of its own, and its operator."""
    postgres = EmbeddedPostgres(folder / "postgres", {"fsync": "off"})
    await postgres.start(must_own=True)
    database = Database(postgres.dsn, 8)
    process = CloudProcess(folder, **SETTINGS, CLOUD_DATABASE_URL=postgres.dsn)
    try:
        made = await process.run("token", "add", "--role", "operator", "--label", "storm")
        await database.open()
        await process.start()
        await process.until_ready()
        async with httpx.AsyncClient(base_url=process.url, timeout=20) as client:
            yield Storm(process, database, seed), Caller(client, made["token"])
    finally:
        await process.stop()
        await database.close()
        await postgres.stop()


async def weather(
    folder: Path, *, events: int, kills: int, per_s: float, within_s: float
) -> tuple[Tally, dict[str, list[str]]]:
    """Let it storm; return the tally, and the events of spells in which the sender was healthy."""
    async with a_storm(folder) as (storm, operator), AsyncExitStack() as stack:
        healthy = await stack.enter_async_context(a_receiver())
        await storm.register(operator, HEALTHY, healthy)
        alone = await storm.publish(events // 10, per_s, sick=0)
        for name in SICK:
            await storm.register(operator, name, await stack.enter_async_context(a_receiver()))
        restarting = asyncio.create_task(_restarted(storm))
        among = await storm.publish(events * 3 // 10, per_s)
        killing = asyncio.create_task(storm.kill(kills, events * 0.6 / per_s / max(kills, 1)))
        await storm.publish(events - events // 10 - events * 3 // 10, per_s)
        await killing
        restarting.cancel()
        await asyncio.gather(restarting, return_exceptions=True)
        await storm.until_delivered(within_s)
        return storm.tally, {"alone": alone, "among": among}


async def _restarted(storm: Storm) -> None:
    """Let the receiver that is restarted refuse connections every other while."""
    receiver = storm._receivers["restarted"]
    try:
        for is_down in itertools.cycle((True, False)):
            receiver.is_down = is_down
            await asyncio.sleep(1.5)
    finally:
        receiver.is_down = False

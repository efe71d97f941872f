# SPDX-License-Identifier: EUPL-1.2
"""A cloud to ask, a building in it, and what its gateway sends; valid unless told otherwise."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from cloud.app.services import Services
from cloud.kit.auth.rights import Role
from cloud.kit.clock import Clock
from cloud.webhooks.models import Event
from cloud.webhooks.service import Outbox
from wire import batch, notice, telegram
from wire.block import Packing

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
INSTALLED = datetime(2025, 1, 1, tzinfo=UTC)
GATEWAY = "gw-one"
NODE = "n-one"
COLD = "8-0:1.0.0"


class FakeClock(Clock):
    """A clock that stands until told."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


def unix(when: datetime) -> int:
    return int(when.timestamp())


def a_telegram(
    sequence: int = 1,
    *,
    boot: int = 1,
    node: str = NODE,
    at: datetime = NOON,
    registers: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Return an entry that carries a telegram."""
    return {
        "n": sequence,
        "kind": batch.TELEGRAM,
        "received_at_ms": unix(at) * 1000 + 250,
        "read_at_s": unix(at),
        "quality": 0,
        "body": {
            "ver": 1,
            "id": node,
            "boot": boot,
            "seq": sequence,
            "t": unix(at),
            "tq": 0,
            "reg": registers if registers is not None else {COLD: sequence * 1000},
        },
    }


def blocks_of(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    """Return telegrams that are given as entries in blocks."""
    packing = Packing()
    for entry in entries:
        message = telegram.from_fields(entry["body"])
        packing.add(
            entry["n"], entry["received_at_ms"], entry["read_at_s"], entry["quality"], message
        )
    return packing.blocks()


def an_event(sequence: int = 1, *, node: str = NODE, at: datetime = NOON) -> dict[str, Any]:
    """Return an entry that carries an event."""
    entry = a_telegram(sequence, node=node, at=at)
    body = {name: entry["body"][name] for name in ("ver", "id", "boot", "seq", "t", "tq")}
    return {**entry, "kind": batch.EVENT, "body": {**body, "event": "boot", "detail": {"n": 1}}}


def a_finding(number: int = 1, *, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """Return an entry that carries a finding: a leak of 190 l/h, raised."""
    body = {
        "finding_id": "f-1",
        "state": "raised",
        "node_id": NODE,
        "obis": COLD,
        "meter_id": None,
        "kind": "continuous_flow",
        "raised_at_s": unix(NOON),
        "started_at_s": unix(NOON - timedelta(hours=2)),
        "cleared_at_s": None,
        "flow_l_per_h": 190,
        "volume_l": 380,
        "confidence": 90,
        "explanation": "Water has been running for two hours without a pause.",
        **changes,
    }
    return {
        "n": number,
        "kind": batch.FINDING,
        "received_at_ms": unix(at) * 1000,
        "read_at_s": unix(at),
        "quality": 0,
        "body": body,
    }


TOLD_TODAY = {
    "kind": "intermittent_flow",
    "kinds": ["intermittent_flow", "continuous_flow"],
    "flow_low_l_per_h": 150,
    "flow_high_l_per_h": 230,
    "flow_w": None,
    "flow_low_w": None,
    "flow_high_w": None,
    "energy_wh": None,
    "ordinary_use": "Nobody draws six litres every two minutes, all night long.",
    "clears_when": "It clears after six hours without a refill.",
    "hours": [[unix(NOON - timedelta(hours=1)), 190.5]],
}
"""What a gateway of this release tells besides; an earlier one leaves it out."""


def a_notice(number: int = 1, *, at: datetime = NOON, **detail: int | str) -> dict[str, Any]:
    """Return an entry that carries a notice: the gateway's clock stepped."""
    body = notice.body(notice.CLOCK_STEPPED, detail or {"by_ms": 86_400_000})
    return {**a_finding(number, at=at), "kind": batch.NOTICE, "body": body}


AN_EVENT = Event(
    type="leak.raised",
    occurred_at=NOON,
    supplier_id="water-one",
    utility="water",
    premises_id="p-one",
    service_point_id="sp-one",
    kind="continuous_flow",
    severity="warning",
    content={"explanation": "Water has been running for two hours without a pause."},
)


class Caller:
    """Somebody with a token, asking the cloud."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: str | None,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._client = client
        self._settle = settle
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {**self.headers, **arguments.pop("headers", {})}
        return await self._client.request(method, "/api/v1" + path, headers=headers, **arguments)

    async def get(self, path: str, **parameters: Any) -> Any:
        """Return the answer, once all that came in before is reviewed."""
        if self._settle is not None:
            await self._settle()
        answer = await self.ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self.ask("PUT", path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.ask("POST", path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def send(
        self,
        *entries: Any,
        blocks: Sequence[Any] = (),
        gateway: str = GATEWAY,
        store: str = "store-1",
    ) -> dict[str, Any]:
        """Post entries and blocks as a gateway does and return the cloud's word on them."""
        request = batch.request(gateway, store, list(entries), list(blocks))
        answer = await self.ask("POST", "/ingest/batches", json=request)
        assert answer.status_code == 200, answer.text
        word: dict[str, Any] = answer.json()
        return word

    async def all(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return every item of a listing, page by page."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, **parameters, **cursor)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}


class CloudInTest:
    """The cloud, and callers of every kind."""

    def __init__(self, services: Services, client: httpx.AsyncClient, clock: FakeClock) -> None:
        self.services = services
        self.client = client
        self.clock = clock
        self.nobody = Caller(client, None)
        self.operator = self.nobody
        self.gateway = self.nobody

    async def caller(self, role: Role, *premises: str, supplier_id: str | None = None) -> Caller:
        """Return somebody who was granted these buildings, or works for this utility."""
        token = await self.services.tokens.add_token(
            "test", role, premises, supplier_id=supplier_id
        )
        return Caller(self.client, token, self.services.reviewer.drain)

    async def utility(self, supplier_id: str = "water-one") -> Caller:
        """Return a program of a supplier, building one's unless told otherwise."""
        await self.operator.put(f"/suppliers/{supplier_id}", {"name": supplier_id})
        return await self.caller(Role.UTILITY, supplier_id=supplier_id)

    async def tell_webhooks(self, events: int) -> None:
        """Publish so many events of building one, of which findings at one meter make only one."""
        for _ in range(events):
            async with self.services.database.transaction(as_system=True) as connection:
                await Outbox(self.clock).publish(connection, AN_EVENT)

    async def with_a_building(self) -> None:
        """Register building one with a cold water meter, read by one node of one gateway."""
        self.operator = await self.caller(Role.OPERATOR)
        self.gateway = await self.register("one")

    async def register(self, name: str) -> Caller:
        """Register a building with one cold water meter and return its gateway."""
        token = await register(self.operator, name)
        return Caller(self.client, token, self.services.reviewer.drain)


async def register(operator: Caller, name: str) -> str:
    """Register a building with one cold water meter and return its gateway's token.

    The water is supplied by ``water-NAME``.
    """
    put = operator.put
    await put(f"/suppliers/water-{name}", {"name": "Water works"})
    await put(f"/premises/p-{name}", a_premises())
    await put(
        f"/service-points/sp-{name}",
        {
            "premises_id": f"p-{name}",
            "name": {"bg": "Вода", "en": "Water"},
            "reading_type": "cold_water",
            "supplier_id": f"water-{name}",
        },
    )
    await put(f"/meters/m-{name}", {"serial": f"1{name}", "make": "Zenner", "model": "ETK"})
    await put(f"/gateways/gw-{name}", {"site": "sofia", "name": "Basement"})
    await put(f"/nodes/n-{name}", {"gateway_id": f"gw-{name}", "board": "esp32"})
    await put(
        f"/installations/sp-{name}",
        {
            "meter_id": f"m-{name}",
            "node_id": f"n-{name}",
            "obis": COLD,
            "installed_at": INSTALLED.isoformat(),
        },
    )
    answer = await operator.post(f"/gateways/gw-{name}/token")
    return str(answer["token"])


def a_premises(**changes: Any) -> dict[str, Any]:
    return {
        "name": {"bg": "Сграда", "en": "House"},
        "kind": "residential",
        "address": "bul. Vitosha 1",
        "district": "Sredets",
        "latitude": 42.69,
        "longitude": 23.32,
        "households": 12,
        "floor_area_m2": 900,
        **changes,
    }

# SPDX-License-Identifier: EUPL-1.2
"""A cloud that gives orders and packages, and a node that takes them; both as tests want them."""

import json
from collections.abc import Callable
from typing import Any

from edge_gateway.errors import CloudUnreachableError
from edge_gateway.intake import Intake
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import a_status, an_event, topic
from tests.packages import id_of
from wire import command, event, topics


class OrderCloud:
    """Tells what ``orders`` holds; every fetch of a part is asked of ``fails`` first."""

    def __init__(self) -> None:
        self.orders_told: dict[str, list[dict[str, Any]]] = {"commands": [], "rollouts": []}
        self.contents: dict[str, bytes] = {}
        self.offsets: list[int] = []
        self.fails: Callable[[int], bool] = lambda _offset: False

    def order_command(self, command_id: str, node_id: str, expires_s: int, interval_s: int) -> None:
        self.orders_told["commands"].append(
            {
                "command_id": command_id,
                "node_id": node_id,
                "settings": {"sample_interval_s": interval_s},
                "expires_s": expires_s,
            }
        )

    def order_rollout(self, content: bytes, node_ids: list[str], **others: Any) -> None:
        self.contents[id_of(content)] = content
        self.orders_told["rollouts"].append(
            {
                "rollout_id": "r-1",
                "package_id": id_of(content),
                "size": len(content),
                "nodes": [{"node_id": node_id, "board": "esp32"} for node_id in node_ids],
                "limit_s": 600,
                "settle_s": 60,
                **others,
            }
        )

    async def orders(self) -> dict[str, Any]:
        return json.loads(json.dumps(self.orders_told))  # type: ignore[no-any-return]

    async def package(self, package_id: str, offset: int, length: int) -> bytes:
        self.offsets.append(offset)
        if self.fails(offset):
            raise CloudUnreachableError("The link is cut.")
        return self.contents[package_id][offset : offset + length]


class ObedientNodes:
    """Where the gateway publishes to: nodes that do at once what they are told, or don't.

    ``answers`` says per node what it does with an update: "update", "fail", "refuse", "ignore", or
    "die" once the new firmware is reported.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.intake: Intake
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.chunks: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.is_deaf = False
        self.alive: list[str] = []
        self._clock = clock
        self._boots: dict[str, int] = {}
        self._sequences: dict[str, int] = {}

    def told(self, kind: str) -> list[tuple[str, str]]:
        """Return (node, id of the command) of each command of a kind, in order, without repeats."""
        found = [(node, str(said["id"])) for node, said in self.commands if said["command"] == kind]
        return list(dict.fromkeys(found))

    async def publish(self, topic_name: str, payload: bytes) -> None:
        _, _, node_id, channel = topics.parse(topic_name)
        if channel == topics.PACKAGE:
            self.chunks.append(payload)
        if channel != topics.COMMAND:
            return
        said = command.decode(payload)
        if said["command"] == command.TIME:
            return
        self.commands.append((node_id, said))
        if not self.is_deaf:
            self._obey(node_id, said)
            await self.intake.commit()

    def boot(self, node_id: str, firmware: str) -> None:
        """Let a node start, and say so."""
        if node_id not in self.alive:
            self.alive.append(node_id)
        self._boots[node_id] = self._boots.get(node_id, 0) + 1
        self._sequences[node_id] = 0
        self.say(node_id, event.BOOT, {"firmware": firmware, "reset": "power_on"})

    def say(self, node_id: str, kind: str, detail: dict[str, int | str]) -> None:
        self._sequences[node_id] += 1
        said = an_event(
            self._sequences[node_id],
            kind,
            detail,
            node_id=node_id,
            boot=self._boots[node_id],
            time_s=self._clock.now_ms() // 1000,
        )
        self.intake.offer(topic(topics.EVENT, node_id), said)

    def status(self, node_id: str) -> tuple[str, bytes]:
        boot, sequence = self._boots[node_id], self._sequences[node_id]
        said = a_status(boot=boot, held=(boot, sequence + 1), node_id=node_id)
        return topic(topics.STATUS, node_id), said

    def _obey(self, node_id: str, said: dict[str, Any]) -> None:
        identity = str(said["id"])
        if said["command"] == command.SETTINGS:
            self.say(node_id, event.SETTINGS_APPLIED, {"id": identity} | said["settings"])
            return
        answer = self.answers.get(node_id, "update")
        if answer == "fail":
            self.say(node_id, event.UPDATE_FAILED, {"id": identity, "reason": "Bad flash."})
        elif answer == "refuse":
            detail: dict[str, int | str] = {"id": identity, "command": "update", "reason": "No."}
            self.say(node_id, event.COMMAND_REFUSED, detail)
        elif answer != "ignore":
            self.boot(node_id, str(said["firmware"]))
        if answer == "die":
            self.alive.remove(node_id)

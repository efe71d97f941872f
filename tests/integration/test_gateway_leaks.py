# SPDX-License-Identifier: EUPL-1.2
"""Leaks at the real gateway process, between real Mosquitto and a cloud that comes and goes."""

import asyncio
import json
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import aiomqtt
import pytest

from edge_gateway.store import facts
from edge_gateway.store.database import FILE_NAME
from edge_gateway.store.opening import open_to_read
from simulators.link import Link
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import NODE, a_telegram, topic
from tests.gateway_process import Program, free_port, port_open
from wire import acknowledgement

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

COLD = "8-0:1.0.0"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
FINDINGS = (
    "SELECT body ->> 'finding_id', body ->> 'state' FROM entry WHERE kind = 2 ORDER BY number"
)


class Basement:
    """A meter at a node, a broker, a gateway, and a link to the cloud. The meter counts litres."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.port = free_port()
        self.cloud = IngestCloud()
        self.broker = Program("broker", data_dir, BROKER_PORT=self.port, BROKER_TLS="false")
        self.sequence, self.litres, self.at_s = 0, 1000, int(time.time()) - 10 * DAY_S

    async def start(self):
        await self.cloud.start()
        self.link = Link(self.cloud.port)
        await self.link.start()
        self.gateway = Program(
            "run",
            self.data_dir,
            BROKER_PORT=self.port,
            BROKER_TLS="false",
            CLOUD_URL=f"http://127.0.0.1:{self.link.port}",
            CLOUD_TOKEN="token",
            CLOCK="assumed",
            CONFIGURATION_EVERY_S=0.2,
            UPLINK_RETRY_CAP_S=1,
            COMMIT_INTERVAL_S=0.1,
        )
        self.broker.start()
        await port_open(self.port)
        self.gateway.start()
        await self.until((self.data_dir / FILE_NAME).exists)
        await self.draw(0, 1)

    async def stop(self):
        self.gateway.kill()
        self.broker.kill()
        await self.link.stop()
        await self.cloud.stop()

    async def draw(self, litres_per_minute, minutes):
        """Draw water, and have each minute's reading stored by the gateway."""
        payloads = {}
        for _ in range(minutes):
            self.sequence += 1
            self.at_s += MINUTE_S
            self.litres += litres_per_minute
            payloads[self.sequence] = a_telegram(
                self.sequence, time_s=self.at_s, litres=self.litres
            )
        async with asyncio.timeout(30), aiomqtt.Client("127.0.0.1", self.port) as client:
            await client.subscribe(topic("ack"), 1)
            while True:  # again and again, as a node does while the gateway is away
                for payload in payloads.values():
                    await client.publish(topic("telegram"), payload, 1)
                if await self._is_stored(client):
                    return

    async def _is_stored(self, client):
        try:
            async with asyncio.timeout(2):
                async for message in client.messages:
                    if acknowledgement.decode(message.payload)[1] >= self.sequence:
                        return True
        except TimeoutError:
            return False

    def found_here(self):
        """Return what the gateway's own disk says: each finding's id and states."""
        with open_to_read(self.data_dir) as db:
            return list(dict.fromkeys(db.execute(FINDINGS).fetchall()))

    async def until(self, is_true):
        async with asyncio.timeout(30):
            while not is_true():
                await asyncio.sleep(0.05)

    async def teach(self, *labels):
        """Have the cloud tell what is ordinary, and wait until the gateway has it."""
        channel = {"obis": COLD, "meter_id": "m-1", "labels": list(labels)}
        self.cloud.configuration = {"nodes": [{"node_id": NODE, "channels": [channel]}]}

        def is_learnt():
            with open_to_read(self.data_dir) as db:
                kept = json.loads(facts.read(db, facts.CONFIGURATION) or "{}")
            return kept.get("nodes") == self.cloud.configuration["nodes"]

        await self.until(is_learnt)


@pytest.fixture
async def basement(tmp_path):
    basement = Basement(tmp_path)
    await basement.start()
    yield basement
    await basement.stop()


async def test_with_the_uplink_down_a_leak_is_raised_here_and_told_later_with_its_own_time(
    basement,
):
    basement.link.cut()
    basement.at_s = began_s = int(time.time()) - 3 * HOUR_S
    await basement.draw(1, 5)
    await basement.draw(35, 6)
    [(finding_id, state)] = basement.found_here()
    assert (state, basement.cloud.findings) == ("raised", [])
    basement.gateway.kill()
    basement.gateway.start()
    await basement.draw(35, 6)
    basement.gateway.kill()
    basement.gateway.start()
    await basement.draw(1, 20)
    assert basement.found_here() == [(finding_id, "raised"), (finding_id, "cleared")]
    basement.link.restore()
    await basement.until(lambda: any(one["cleared_at_s"] for one in basement.cloud.findings))
    assert {one["finding_id"] for one in basement.cloud.findings} == {finding_id}
    raised = basement.cloud.findings[0]
    assert began_s + 5 * MINUTE_S < raised["raised_at_s"] <= began_s + 8 * MINUTE_S
    assert raised["kind"] == "burst"


def called_ordinary(finding):
    """Return the label that the cloud makes of a finding."""
    began_at = datetime.fromtimestamp(finding["started_at_s"], ZoneInfo("Europe/Sofia"))
    length_s = finding["cleared_at_s"] - finding["started_at_s"]
    minute = began_at.hour * 60 + began_at.minute
    return {
        "label_id": "l-1",
        "group": "burst",
        "flow_low": finding["flow_low_l_per_h"],
        "flow_high": finding["flow_high_l_per_h"],
        "from_minute": minute,
        "to_minute": (minute + length_s // 60) % 1440,
        "length_s": length_s,
    }


async def test_irrigation_called_ordinary_alerts_no_more_until_that_is_undone(basement):
    began_s = int(time.time()) - 4 * DAY_S

    async def irrigate(day):
        basement.at_s = began_s + day * DAY_S
        await basement.draw(1, 3)
        await basement.draw(35, 12)
        await basement.draw(1, 10)
        return len({finding_id for finding_id, _ in basement.found_here()})

    await basement.teach()
    assert await irrigate(day=0) == 1
    await basement.until(lambda: any(one["cleared_at_s"] for one in basement.cloud.findings))
    await basement.teach(called_ordinary(basement.cloud.findings[-1]))
    assert await irrigate(day=1) == 1
    assert await irrigate(day=2) == 1
    await basement.teach()
    assert await irrigate(day=3) == 2

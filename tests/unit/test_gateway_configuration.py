# SPDX-License-Identifier: EUPL-1.2
"""What the cloud knows of the meters here, learnt and kept."""

import asyncio
import json

import pytest

from edge_gateway.app import as_meter
from edge_gateway.clock import SystemClock
from edge_gateway.forwarder import Cloud, Configuration
from edge_gateway.forwarder.configuration import Channel
from edge_gateway.leaks.labels import Label
from edge_gateway.leaks.stretch import COMMONEST_Q3_L_PER_H, Meter
from edge_gateway.store import facts
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import NODE, settings


async def test_the_configuration_is_kept_for_a_start_without_the_cloud(store, cloud):
    cloud.configuration = {
        "gateway_id": "gw-mladost",
        "nodes": [
            {
                "node_id": NODE,
                "channels": [
                    {
                        "obis": "8-0:1.0.0",
                        "meter_id": "m-1",
                        "service_point_id": "sp-1",
                        "q3_l_per_h": 4000,
                        "households": None,
                    }
                ],
            }
        ],
    }
    told = settings(store.path.parent, cloud_url=f"http://127.0.0.1:{cloud.port}")
    learnt = []
    async with Cloud(told, FakeClock()) as client:
        configuration = Configuration(told, store, client, SystemClock(), learnt.append)
        running = asyncio.create_task(configuration.run())
        async with asyncio.timeout(10):
            while not learnt:
                await asyncio.sleep(0.01)
        running.cancel()
        await cloud.stop()
        await Configuration(told, store, client, SystemClock(), learnt.append).recall()
    assert learnt[0] == learnt[1]
    assert learnt[0][NODE, "8-0:1.0.0"].q3_l_per_h == 4000


async def test_what_an_owner_called_ordinary_and_the_main_above_are_learnt(store, cloud):
    use = {"label_id": "l-1", "group": "burst", "flow_low": 2000, "flow_high": 2400}
    use |= {"from_minute": None, "to_minute": None, "length_s": 900}
    channel = {
        "obis": "8-1:1.0.0",
        "labels": [use],
        "parent": {"node_id": NODE, "obis": "8-0:1.0.0"},
    }
    of_nodes = {"nodes": [{"node_id": NODE, "channels": [channel]}]}
    await store.write(lambda db: facts.write(db, facts.CONFIGURATION, json.dumps(of_nodes)))
    told = settings(store.path.parent, cloud_url=f"http://127.0.0.1:{cloud.port}")
    learnt = []
    async with Cloud(told, FakeClock()) as client:
        await Configuration(told, store, client, SystemClock(), learnt.append).recall()
    [[(_, found)]] = [list(one.items()) for one in learnt]
    assert as_meter(found) == Meter(
        parent=(NODE, "8-0:1.0.0"), labels=(Label(**use),), q3_l_per_h=COMMONEST_Q3_L_PER_H
    )


@pytest.mark.parametrize(
    ("obis", "utility"),
    [("9-2:1.0.0", "water"), ("7-0:3.0.0", "gas"), ("1-0:1.8.0", "electricity")],
)
def test_the_utility_follows_from_the_register(obis, utility):
    assert as_meter(Channel(obis=obis)).utility == utility


async def test_a_kept_configuration_of_another_release_does_not_stop_the_gateway(store, cloud):
    await store.write(lambda db: facts.write(db, facts.CONFIGURATION, '{"nodes": 7}'))
    told = settings(store.path.parent, cloud_url=f"http://127.0.0.1:{cloud.port}")
    learnt = []
    async with Cloud(told, FakeClock()) as client:
        await Configuration(told, store, client, SystemClock(), learnt.append).recall()
    assert learnt == []

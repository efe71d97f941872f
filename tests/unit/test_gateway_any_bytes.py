# SPDX-License-Identifier: EUPL-1.2
"""Whatever comes to the intake, it is counted and nothing breaks."""

import json
import random

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import (
    GATEWAY,
    SITE,
    a_loss,
    a_status,
    a_telegram,
    an_intake,
    tallies,
    topic,
)
from wire import acknowledgement

TELEGRAM, EVENT, STATUS = topic("telegram"), topic("event"), topic("status")


any_topic = st.one_of(
    st.text(max_size=60),
    st.sampled_from([TELEGRAM, EVENT, STATUS, topic("ack"), topic("command")]),
    st.tuples(st.text(max_size=9), st.text(max_size=9)).map(
        lambda parts: f"iskar/v1/{SITE}/{GATEWAY}/{parts[0]}/{parts[1]}"
    ),
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("ver", "id", "boot", "seq", "t", "tq", "reg", "event", "detail", "state", "up_ms", "held")
nearly_right = st.tuples(
    st.sampled_from([a_telegram(1), a_loss(2, of_boot=1, first=1, last=1), a_status()]),
    st.dictionaries(st.sampled_from(FIELDS), any_json, max_size=3),
    st.booleans(),
).map(
    lambda parts: json.dumps(
        {**json.loads(parts[0]), **parts[1], **({"ver": 1} if parts[2] else {})}
    ).encode()
)
any_payload = st.one_of(
    st.binary(max_size=300), any_json.map(json.dumps).map(str.encode), nearly_right
)


@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(any_topic, any_payload, st.booleans()), min_size=20, max_size=60))
async def test_any_bytes_on_any_topic_are_counted_and_nothing_breaks(tmp_path_factory, arrivals):
    store = await Store.open(tmp_path_factory.mktemp("store"))
    intake = an_intake(store, FakeClock())
    for arrived_on, payload, retained in arrivals:
        await intake.receive(arrived_on, payload, retained)
    for (node_id, boot), sequence in (await intake.commit()).items():
        assert node_id
        acknowledgement.decode(acknowledgement.encode(boot, sequence))
    counts = await tallies(store)
    kinds = ("stored", "repeated", "conflicts", "quarantined", "statuses")
    assert counts["received"] == len(arrivals)
    assert sum(counts.get(kind, 0) for kind in kinds) == len(arrivals)
    await store.close()


async def test_a_long_deeply_nested_or_huge_payload_is_only_counted(tmp_path):
    store = await Store.open(tmp_path)
    intake = an_intake(store, FakeClock())
    chance = random.Random(1)  # noqa: S311
    for payload in (b"[" * 100_000, b"9" * 5000, chance.randbytes(1_000_000)):
        intake.offer(TELEGRAM, payload)
    await intake.commit()
    assert (await tallies(store))["quarantined"] == 3
    await store.close()

# SPDX-License-Identifier: EUPL-1.2
"""What the cloud knows of the meters here, fetched now and then and kept for offline starts."""

import json
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from pydantic import BaseModel, ValidationError

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.errors import CloudError, CloudUnreachableError, StoreError
from edge_gateway.forwarder.cloud import Cloud
from edge_gateway.settings import Settings
from edge_gateway.store import facts
from edge_gateway.store.database import Store

RETRY_FIRST_S = 1.0
RETRY_CAP_S = 60.0

log = structlog.get_logger(__name__)


class Parent(BaseModel):
    """The register of the main that another one is part of."""

    node_id: str
    obis: str


class LabelledUse(BaseModel):
    """What an owner called ordinary use, as it was seen; the fields of ``leaks.labels.Label``."""

    label_id: str
    group: str
    flow_low: int
    flow_high: int
    from_minute: int | None = None
    to_minute: int | None = None
    length_s: int


class Channel(BaseModel):
    """One register of one node, and the meter it belongs to."""

    obis: str
    meter_id: str | None = None
    q3_l_per_h: int | None = None  # of water meters; None or 0 elsewhere
    households: int | None = None
    parent: Parent | None = None
    labels: list[LabelledUse] = []
    rules_off: list[str] = []


class Node(BaseModel):
    """One node and its channels."""

    node_id: str
    channels: list[Channel]


class GatewayConfiguration(BaseModel):
    """The cloud's answer, as far as it concerns us."""

    nodes: list[Node]

    def channels(self) -> dict[tuple[str, str], Channel]:
        """Return the channels by (node_id, obis)."""
        return {
            (node.node_id, channel.obis): channel
            for node in self.nodes
            for channel in node.channels
        }


Learn = Callable[[Mapping[tuple[str, str], Channel]], None]


class Configuration:
    """Keeps the leak rules told about their meters."""

    def __init__(
        self, settings: Settings, store: Store, cloud: Cloud, clock: Clock, learn: Learn
    ) -> None:
        self._every_s = settings.configuration_every_s
        self._store = store
        self._cloud = cloud
        self._clock = clock
        self._learn = learn

    async def recall(self) -> None:
        """Tell what was last fetched, by an earlier process perhaps."""
        kept = await self._store.read(partial(facts.read, name=facts.CONFIGURATION))
        if kept is None:
            return
        try:
            self._learn(GatewayConfiguration.model_validate_json(kept).channels())
        except ValidationError as error:  # of another release; the next fetch replaces it
            log.warning("configuration_not_usable", reason=str(error))

    async def run(self) -> None:
        """Fetch again and again until cancelled."""
        failures = 0
        while True:
            try:
                await self._fetch()
            except (CloudError, StoreError) as error:
                log.info("configuration_not_fetched", reason=str(error))
                await self._clock.sleep(full_jitter_s(failures, RETRY_FIRST_S, RETRY_CAP_S))
                failures += 1
            else:
                failures = 0
                await self._clock.sleep(self._every_s)

    async def _fetch(self) -> None:
        answer = await self._cloud.configuration()
        try:
            configuration = GatewayConfiguration.model_validate(answer)
        except ValidationError as error:
            raise CloudUnreachableError(f"The configuration is not usable: {error}") from None
        await self._store.write(
            partial(facts.write, name=facts.CONFIGURATION, content=json.dumps(answer))
        )
        self._learn(configuration.channels())

# SPDX-License-Identifier: EUPL-1.2
"""InfluxDB: a mirror of readings and of the nodes' health, over its write API (v2).

A copy for dashboards of the owner's, never a source: it lacks what came while the server was away
for long, and that is counted. A point has the time and the tags of its reading, so that writing it
twice changes nothing. Needs the extra ``mirror``.
Source: InfluxDB documentation, API v2 reference, "Write data", and "Line protocol".
"""

import asyncio
import http

import structlog
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS, WriteApi
from influxdb_client.domain.write_precision import WritePrecision
from urllib3.exceptions import HTTPError

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.feed import Feed, News, Stored
from edge_gateway.settings import NeighbourSettings
from wire import reading_types
from wire.status import ONLINE, Status
from wire.telegram import Telegram

MAX_NEWS = 500  # in one request: some 100 kB of lines
TIMEOUT_MS = 5000  # also how long a hanging server may hold up the end of the gateway
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 60.0
HOPELESS = (  # the same lines again would get the same answer
    http.HTTPStatus.BAD_REQUEST,
    http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    http.HTTPStatus.UNPROCESSABLE_ENTITY,
)
FIELDS = {  # by our unit
    "ml": "volume_ml",
    "l": "volume_l",
    "Wh": "energy_wh",
    "l/h": "flow_l_per_h",
    "W": "power_w",
}

Point = dict[str, object]

log = structlog.get_logger(__name__)


class Mirror:
    """Writes what the feed tells; what the server is too slow for, or away too long, is lost."""

    name = "influx"

    def __init__(self, settings: NeighbourSettings, feed: Feed, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.listener = feed.listen()

    async def run(self) -> None:
        """Write until cancelled."""
        ca_file = self._settings.influx_ca_file
        with InfluxDBClient(
            self._settings.influx_url,
            self._settings.influx_token.get_secret_value(),
            org=self._settings.influx_org,
            timeout=TIMEOUT_MS,
            retries=False,
            ssl_ca_cert=None if ca_file is None else str(ca_file),
        ) as client:
            api = client.write_api(write_options=SYNCHRONOUS)
            while True:
                news = await self.listener.next(MAX_NEWS)
                await self._write(api, [point for one in news for point in self._points(one)])

    async def _write(self, api: WriteApi, points: list[Point]) -> None:
        failures = 0
        while points:
            try:
                await asyncio.to_thread(
                    api.write,
                    self._settings.influx_bucket,
                    record=points,
                    write_precision=WritePrecision.S,  # type: ignore[arg-type]  # a plain string
                )
            except (InfluxDBError, HTTPError, OSError) as error:
                if failures == 0:  # it may be away for weeks; once is enough to say so
                    log.warning("influx_did_not_write", reason=str(error))
                if getattr(error, "status", None) in HOPELESS:
                    self.listener.lost += len(points)
                    return
                await self._clock.sleep(full_jitter_s(failures, RETRY_FIRST_S, RETRY_CAP_S))
                failures += 1
            else:
                if failures:
                    log.info("influx_back", failures=failures, lost=self.listener.lost)
                return

    def _points(self, news: News) -> list[Point]:
        if isinstance(news, Stored):
            if isinstance(news.message, Telegram):
                return self._readings(news.message, news)
            told, node_id = news.message, news.message.node_id
            fields = {name: said for name, said in told.detail.items() if isinstance(said, int)}
            fields["sequence"] = told.sequence  # for a point must have one field
            return [self._point(f"iskar_{told.kind}", node_id, news.read_at_s, fields)]
        if isinstance(news, Status) and self._clock.is_trusted():
            fields = {"online": int(news.state == ONLINE), "up_ms": news.up_ms, "boot": news.boot}
            now_s = self._clock.now_ms() // 1000
            return [self._point("iskar_node", news.node_id, now_s, fields)]
        return []

    def _readings(self, telegram: Telegram, stored: Stored) -> list[Point]:
        points = []
        for obis, register in telegram.registers.items():
            reading_type, channel = reading_types.parse(obis)
            fields = {FIELDS[reading_type.unit]: register, "quality": stored.quality}
            tags = {"reading_type": str(reading_type.name), "channel": str(channel)}
            points.append(
                self._point("iskar_reading", telegram.node_id, stored.read_at_s, fields, **tags)
            )
        return points

    def _point(
        self, measurement: str, node_id: str, at_s: int, fields: dict[str, int], **tags: str
    ) -> Point:
        whose = {"site": self._settings.site, "gateway": self._settings.id, "node": node_id}
        return {
            "measurement": measurement,
            "tags": whose | tags,
            "fields": fields,
            "time": at_s,
        }

# SPDX-License-Identifier: EUPL-1.2
"""Fetching from Open-Meteo: a server of ours stands for it, reached by the guarded client."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from ipaddress import IPv4Network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import pytest_asyncio

from cloud.kit.addresses import Addresses
from cloud.kit.outbound import guarded_client
from cloud.weather.feed import THINNED_AFTER, Feed
from cloud.weather.fetching import FetchFailedError, OpenMeteo
from cloud.weather.service import WeatherRecords
from tests.integration.cloud.builders import FakeClock
from tests.integration.cloud.store import Store
from tests.weather_builders import HOUR, MIDNIGHT, a_place


class FakeOpenMeteo:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.status = "200 OK"
        self.answer: Any = {}
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.asked.append(parse_qs(urlsplit(path).query))
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        writer.write(
            f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()


def _hours(*degrees: float) -> dict[str, Any]:
    times = [f"{MIDNIGHT + index * HOUR:%Y-%m-%dT%H:%M}" for index in range(len(degrees))]
    return {
        "utc_offset_seconds": 0,
        "hourly_units": {"time": "iso8601", "temperature_2m": "°C"},
        "hourly": {"time": times, "temperature_2m": list(degrees)},
    }


@pytest_asyncio.fixture
async def source() -> AsyncIterator[FakeOpenMeteo]:
    """Yield a server at a port of this machine."""
    fake = FakeOpenMeteo()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake


@pytest_asyncio.fixture
async def open_meteo(source: FakeOpenMeteo) -> AsyncIterator[OpenMeteo]:
    """Yield the client that asks it; this machine's network is allowed."""
    allowed = Addresses((IPv4Network("127.0.0.0/8"),))
    url = f"http://127.0.0.1:{source.port}"
    async with guarded_client(allowed, 5) as client:
        yield OpenMeteo(client, f"{url}/v1/forecast", f"{url}/v1/archive")


def _feed(store: Store, open_meteo: OpenMeteo, clock: FakeClock) -> tuple[WeatherRecords, Feed]:
    records = WeatherRecords(store.database, clock)
    return records, Feed(records, open_meteo, clock)


async def test_nothing_is_fetched_where_no_place_has_a_feed(
    store: Store, source: FakeOpenMeteo, open_meteo: OpenMeteo
) -> None:
    records, feed = _feed(store, open_meteo, FakeClock(MIDNIGHT))
    await records.put_place(a_place())
    assert await feed.fetch_all() == {}
    assert source.asked == []


async def test_forecasts_are_known_from_when_they_arrived(
    store: Store, source: FakeOpenMeteo, open_meteo: OpenMeteo
) -> None:
    clock = FakeClock(MIDNIGHT)
    records, feed = _feed(store, open_meteo, clock)
    await records.put_place(a_place(feed="open-meteo"))
    source.answer = _hours(1, 2, 3)
    assert await feed.fetch_all() == {"sofia": 3}
    clock.time += 6 * HOUR
    source.answer = _hours(1, 2, 4)
    assert await feed.fetch_all() == {"sofia": 3}
    [asked, _] = source.asked
    assert asked["latitude"] == ["42.6500"]
    assert asked["elevation"] == ["586"]
    assert "temperature_2m" in asked["hourly"][0]
    until = MIDNIGHT + 3 * HOUR
    first = await records.hours("sofia", MIDNIGHT, until, MIDNIGHT + HOUR)
    assert list(first.get("temperature_c")) == [1, 2, 3]
    assert list((await records.hours("sofia", MIDNIGHT, until)).get("temperature_c")) == [1, 2, 4]


async def test_an_archive_is_observed_weather(
    store: Store, source: FakeOpenMeteo, open_meteo: OpenMeteo
) -> None:
    records, feed = _feed(store, open_meteo, FakeClock(MIDNIGHT + timedelta(days=30)))
    await records.put_place(a_place(delay_h=120))
    source.answer = _hours(1, 2)
    [imported] = await feed.fetch_past("sofia", date(2025, 1, 1), date(2025, 1, 1))
    assert imported.added == 2
    assert source.asked[0]["start_date"] == source.asked[0]["end_date"] == ["2025-01-01"]
    until = MIDNIGHT + 2 * HOUR
    early = await records.hours("sofia", MIDNIGHT, until, MIDNIGHT + 100 * HOUR)
    assert np.isnan(early.get("temperature_c")).all()
    late = await records.hours("sofia", MIDNIGHT, until, MIDNIGHT + 130 * HOUR)
    assert list(late.get("temperature_c")) == [1, 2]


async def test_what_is_no_weather_is_a_failure_that_says_so_and_stores_nothing(
    store: Store, source: FakeOpenMeteo, open_meteo: OpenMeteo
) -> None:
    records, feed = _feed(store, open_meteo, FakeClock(MIDNIGHT))
    await records.put_place(a_place(feed="open-meteo"))
    for status, answer in (
        ("429 Too Many Requests", {"error": True, "reason": "limit"}),
        ("200 OK", {"error": True, "reason": "limit"}),
        ("200 OK", b"<html>"),
        ("302 Found", {}),
        ("200 OK", {}),
    ):
        source.status, source.answer = status, answer
        with pytest.raises(FetchFailedError):
            await feed.fetch("sofia")
        assert "did not answer with weather" in str((await feed.fetch_all())["sofia"])
    found = await records.hours("sofia", MIDNIGHT, MIDNIGHT + HOUR)
    assert np.isnan(found.get("temperature_c")).all()


async def test_a_source_in_our_own_network_is_not_asked(
    store: Store, source: FakeOpenMeteo
) -> None:
    async with guarded_client(Addresses(()), 5) as client:
        meteo = OpenMeteo(client, f"https://127.0.0.1:{source.port}/")
        records, feed = _feed(store, meteo, FakeClock(MIDNIGHT))
        await records.put_place(a_place(feed="open-meteo"))
        with pytest.raises(FetchFailedError, match="not a public address"):
            await feed.fetch("sofia")
    assert source.asked == []


async def test_old_runs_are_thinned(
    store: Store, source: FakeOpenMeteo, open_meteo: OpenMeteo
) -> None:
    clock = FakeClock(MIDNIGHT)
    records, feed = _feed(store, open_meteo, clock)
    await records.put_place(a_place(feed="open-meteo"))
    source.answer = _hours(1)
    await feed.fetch("sofia")
    clock.time += 6 * HOUR
    await feed.fetch("sofia")
    assert await feed.thin() == 0
    clock.time += THINNED_AFTER + HOUR
    assert await feed.thin() == 1

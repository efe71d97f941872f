# SPDX-License-Identifier: EUPL-1.2
"""History is what nodes would have sent, whole, and ends where the live dials begin."""

from datetime import UTC, datetime
from typing import Any

from simulators.city import read_city
from simulators.flows import shown_by
from simulators.history import History
from simulators.usage import Usage
from wire import batch, block, quality, telegram

CITY = read_city()
UNTIL_MS = int(datetime(2026, 3, 10, 9, 25, 17, 300_000, tzinfo=UTC).timestamp() * 1000)
DAYS = 3


def a_history(days: int = DAYS, until_ms: int = UNTIL_MS) -> History:
    return History(CITY, Usage(CITY), days=days, until_ms=until_ms)


def entries(history: History, size: int = 1000) -> list[tuple[str, Any]]:
    return [
        (post.gateway_id, entry)
        for post in history.batches(size)
        for told in post.request["blocks"]  # type: ignore[attr-defined]
        for entry in block.unpacked(told)
    ]


def test_there_is_one_telegram_per_node_and_hour_and_none_is_lost_between_batches():
    found = entries(a_history(), size=100)
    keys = {(entry["body"]["id"], entry["body"]["seq"]) for _, entry in found}
    assert len(found) == len(keys) == a_history().telegrams == 30 * (DAYS * 24 + 1)


def test_each_entry_is_a_telegram_of_the_wire_imported_under_boot_0():
    for _, entry in entries(a_history(days=1)):
        decoded = telegram.from_fields(entry["body"])
        assert (decoded.boot, entry["kind"]) == (batch.BOOT_OF_IMPORTS, batch.TELEGRAM)
        assert entry["quality"] == quality.IMPORTED
        assert entry["read_at_s"] == decoded.time_s
        assert decoded.time_s % 3600 == 0


def test_a_gateway_s_outbox_grows_by_one_and_holds_its_own_nodes():
    for gateway_id in {p.gateway_id for p in CITY.premises.values()}:
        own = [entry for gateway, entry in entries(a_history(), size=70) if gateway == gateway_id]
        assert sorted(entry["n"] for entry in own) == list(range(1, len(own) + 1))
        assert {CITY.gateway_of(entry["body"]["id"]) for entry in own} == {gateway_id}


def test_batches_are_never_larger_than_the_cloud_takes():
    assert max(post.telegrams for post in a_history(days=40).batches()) == batch.MAX_ENTRIES


def test_registers_never_fall_and_end_just_below_the_live_dials():
    history = a_history()
    last: dict[tuple[str, str], int] = {}
    for _, entry in entries(history):
        for obis, register in entry["body"]["reg"].items():
            key = (entry["body"]["id"], obis)
            assert register >= last.get(key, 0)
            last[key] = register
    for point_id, register in history.final_registers.items():
        point = CITY.service_points[point_id]
        shown = shown_by(CITY, point)(register)
        told = last[CITY.node_of(point).node_id, point.obis]
        assert told <= shown <= told + point.own_use_per_day + 10_000_000


def test_a_day_s_use_is_the_same_however_long_the_history_before_it():
    hour_ms = 3_600_000
    today_ms = UNTIL_MS // hour_ms * hour_ms
    only_today = a_history(days=1, until_ms=today_ms)
    before = a_history(days=3, until_ms=today_ms - 24 * hour_ms)
    both = a_history(days=4, until_ms=today_ms)
    for point_id, point in CITY.service_points.items():
        used = only_today.final_registers[point_id] - point.start_register
        assert both.final_registers[point_id] == before.final_registers[point_id] + used

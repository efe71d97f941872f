# SPDX-License-Identifier: EUPL-1.2
"""What Home Assistant is to see, as the feed goes on."""

import json

import pytest

from edge_gateway.feed import Noticed, Stored
from edge_gateway.neighbours.homeassistant.entities import Entities
from edge_gateway.neighbours.homeassistant.picture import Picture
from tests.gateway_builders import NODE, NOON_S, a_status, a_telegram
from wire import quality, status, telegram

HERE = f"iskar/home/gw-1/{NODE}"


@pytest.fixture
def picture():
    return Picture(Entities("gw-1", "homeassistant"))


def a_reading(litres, *, after_s=0, obis="8-0:1.0.0"):
    read_at_s = NOON_S + after_s
    message = telegram.decode(a_telegram(1, litres=litres, obis=obis))
    return Stored(message=message, read_at_s=read_at_s, quality=quality.GOOD)


def a_finding(*, cleared_at_s=None, kind="burst", finding_id=None, obis="8-0:1.0.0"):
    return Noticed(
        finding={
            "finding_id": finding_id or f"f-{kind}",
            "node_id": NODE,
            "obis": obis,
            "kind": kind,
            "raised_at_s": NOON_S,
            "cleared_at_s": cleared_at_s,
            "flow_l_per_h": 2400,
            "flow_w": None,
            "volume_l": 80,
            "confidence": 90,
            "explanation": "Тече.",
        }
    )


def leak(picture, name="cold_water_leak"):
    return json.loads(picture.retained[f"{HERE}/{name}"])


def test_a_channel_shows_its_newest_reading(picture):
    for litres, after_s in ((1000, 0), (3000, 120), (2000, 60)):
        picture.take(a_reading(litres, after_s=after_s), NOON_S + 200)
    assert picture.retained[f"{HERE}/cold_water"] == "3.000000"
    assert picture.retained[f"{HERE}/last_reading"].startswith("2026-11-18T")


def test_a_reading_from_the_future_does_not_hide_those_of_today(picture):
    picture.take(a_reading(9000, after_s=86_400 * 365), NOON_S)
    picture.take(a_reading(1000), NOON_S)
    assert picture.retained[f"{HERE}/cold_water"] == "1.000000"


def test_everything_shown_was_announced_before_it(picture):
    picture.take(a_reading(1000), NOON_S)
    picture.take(a_reading(5, obis="7-2:3.0.0"), NOON_S)
    picture.take(a_finding(), NOON_S)
    states = set()
    for topic, payload in picture.retained.items():
        if topic.endswith("/config"):
            said = json.loads(payload)
            states |= {said["state_topic"], *(one["topic"] for one in said.get("availability", []))}
    shown = {topic for topic in picture.retained if not topic.endswith("/config")}
    assert shown == states - {"iskar/home/gw-1/availability"}  # the session's own word


def test_a_water_meter_shows_no_leak_until_one_is_raised_and_after_it_is_cleared(picture):
    picture.take(a_reading(1000), NOON_S)
    assert leak(picture) == {"leak": "OFF", "findings": []}
    picture.take(a_finding(), NOON_S)
    assert leak(picture)["leak"] == "ON"
    assert leak(picture)["findings"][0]["explanation"] == "Тече."
    picture.take(a_reading(1001, after_s=60), NOON_S + 60)
    assert leak(picture)["leak"] == "ON"
    picture.take(a_finding(cleared_at_s=NOON_S + 90), NOON_S + 90)
    assert leak(picture) == {"leak": "OFF", "findings": []}


def test_one_of_two_leaks_cleared_is_still_a_leak(picture):
    picture.take(a_finding(kind="burst"), NOON_S)
    picture.take(a_finding(kind="continuous_flow"), NOON_S)
    picture.take(a_finding(kind="burst", cleared_at_s=NOON_S + 9), NOON_S + 9)
    assert [one["kind"] for one in leak(picture)["findings"]] == ["continuous_flow"]


def test_a_leak_that_is_given_a_closer_name_is_one_leak(picture):
    picture.take(a_finding(kind="continuous_flow", finding_id="f-1"), NOON_S)
    picture.take(a_finding(kind="floor_flow", finding_id="f-1"), NOON_S)
    [finding] = leak(picture)["findings"]
    assert finding["kind"] == "floor_flow"
    assert "flow_w" not in finding


@pytest.mark.parametrize("kind", ["missing", "stuck", "backflow"])
def test_a_fault_of_the_meter_is_no_leak(picture, kind):
    picture.take(a_reading(1000), NOON_S)
    picture.take(a_finding(kind=kind), NOON_S)
    assert leak(picture)["leak"] == "OFF"
    assert leak(picture, "cold_water_fault")["leak"] == "ON"


def test_what_is_unusual_at_an_electricity_meter_is_shown_as_that(picture):
    picture.take(a_reading(1, obis="1-0:1.8.0"), NOON_S)
    picture.take(a_finding(kind="standby", obis="1-0:1.8.0"), NOON_S)
    assert leak(picture, "electricity_import_unusual_use")["leak"] == "ON"


def test_gas_has_no_leak_entity(picture):
    picture.take(a_reading(5, obis="7-0:3.0.0"), NOON_S)
    assert not any("leak" in topic for topic in picture.retained)


def test_a_node_is_there_as_its_last_status_says(picture):
    for state in (status.ONLINE, status.OFFLINE):
        picture.take(status.decode(a_status(state=state)), NOON_S)
        picture.take(
            a_reading(1000), NOON_S
        )  # out of the broker's queue: the node need not be there
        assert picture.retained[f"{HERE}/availability"] == state


def test_meters_of_the_gateway_itself_are_there_once_read(picture):
    picture.take(a_reading(1000), NOON_S)
    assert picture.retained[f"{HERE}/availability"] == "online"

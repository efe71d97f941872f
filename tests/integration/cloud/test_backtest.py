# SPDX-License-Identifier: EUPL-1.2
"""A backtest tells what alerts there would have been, from readings or what is left of them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.alerts import backtests
from cloud.kit.auth.rights import Role
from cloud.kit.database import run
from tests.integration.cloud.builders import NOON, CloudInTest, a_finding, unix
from tests.integration.cloud.review_builders import Meter, Raw

DAYS = 40
STEP_S = 900
FIRST_S = unix(NOON) - DAYS * 86400
POINT = "/service-points/sp-one"
LEAK_FROM = NOON - timedelta(days=3)
USED_ML = {7: 10_000, 8: 6000, 19: 15_000, 20: 8000, 21: 5000}  # a quarter, by Sofia's hour
LEAK_ML = 15_000  # a quarter


def a_home(*, leaks: bool) -> list[Raw]:
    """Return readings by the quarter up to noon of a home that is still at night and by day."""
    readings, register = [], 0
    for quarter in range(DAYS * 96 + 1):
        at_s = FIRST_S + quarter * STEP_S
        readings.append(Raw(at_s, quarter + 1, register))
        register += USED_ML.get((at_s // 3600 + 2) % 24, 0)  # it is winter
        register += LEAK_ML if leaks and at_s >= unix(LEAK_FROM) else 0
    return readings


async def _backtest(cloud: CloudInTest, days: int = 7) -> dict[str, Any]:
    answered: dict[str, Any] = await cloud.operator.post(f"{POINT}/backtest", {"days": days})
    return answered


async def test_the_leak_that_was_there_would_have_raised_an_alert(cloud: CloudInTest) -> None:
    await Meter(cloud).receive(a_home(leaks=True))
    told = await _backtest(cloud)
    leak = told["findings"][0]
    assert leak["utility"] == "water"
    assert leak["flow_l_per_h"] == pytest.approx(60, rel=0.5)
    raised_at = datetime.fromisoformat(leak["raised_at"])
    assert LEAK_FROM < raised_at <= LEAK_FROM + timedelta(days=1, minutes=15)
    assert leak["cost_eur"] > 0
    assert leak["resolved_at"] is None
    # it was raised before the last day, so it is none of that day's
    assert (await _backtest(cloud, days=1))["findings"] == []
    assert (told["since"], told["until"]) == ("2026-11-14T12:00:00Z", "2026-11-21T12:00:00Z")


async def test_an_orderly_home_would_have_had_none(cloud: CloudInTest) -> None:
    await Meter(cloud).receive(a_home(leaks=False))
    told = await _backtest(cloud)
    assert told["findings"] == []
    assert told["readings"] == 35 * 96  # four weeks were learnt from, too


async def test_what_was_called_ordinary_would_raise_nothing_again(cloud: CloudInTest) -> None:
    await Meter(cloud).receive(a_home(leaks=True))
    [leak, *_] = (await _backtest(cloud))["findings"]
    flow_l_per_h = leak["flow_l_per_h"]
    over = {"state": "cleared", "cleared_at_s": unix(NOON), "started_at_s": unix(LEAK_FROM)}
    await cloud.gateway.send(a_finding(flow_l_per_h=flow_l_per_h, **over))
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    await cloud.operator.post(f"/alerts/{alert['alert_id']}/label", {"label": "cooling"})
    assert (await _backtest(cloud))["findings"] == []
    untaught = await cloud.operator.post(f"{POINT}/backtest", {"days": 7, "labels": []})
    assert untaught["findings"] != []


async def test_it_goes_on_from_hours_where_readings_are_gone(cloud: CloudInTest) -> None:
    await Meter(cloud).receive(a_home(leaks=True))
    before = await _backtest(cloud)
    await cloud.services.reviewer.drain()
    async with cloud.services.database.transaction() as connection:
        gone = {"at": LEAK_FROM - timedelta(days=2)}
        await run(connection, "delete from readings where read_at < %(at)s", **gone)
    after = await _backtest(cloud)
    assert after["readings"] == 5 * 96 + 30 * 24
    assert after["findings"][0]["raised_at"] == before["findings"][0]["raised_at"]


async def test_an_owner_asks_of_his_own_building_alone(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    assert (await owner.post(f"{POINT}/backtest", {}))["findings"] == []
    neighbour = await cloud.caller(Role.OWNER, "p-two")
    assert (await neighbour.ask("POST", f"{POINT}/backtest", json={})).status_code == 404


async def test_what_can_not_be_answered_is_refused(cloud: CloudInTest) -> None:
    for days in (0, 401):
        answer = await cloud.operator.ask("POST", f"{POINT}/backtest", json={"days": days})
        assert answer.status_code == 422
    heat = {"premises_id": "p-one", "name": {"bg": "Т", "en": "H"}, "reading_type": "heat"}
    await cloud.operator.put("/service-points/sp-heat", heat)
    answer = await cloud.operator.ask("POST", "/service-points/sp-heat/backtest", json={})
    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (409, "no-rules")


async def test_what_takes_too_long_is_given_up_and_leaves_no_program_behind(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "TIMEOUT_S", 0.01)
    started = []
    start = asyncio.create_subprocess_exec

    async def watched(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    answer = await cloud.operator.ask("POST", f"{POINT}/backtest", json={"days": 7})
    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (422, "backtest-too-long")
    assert [program.returncode for program in started] == [-9]


async def test_a_queue_that_is_full_says_so_before_anything_is_read(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "MAX_WAITING", 0)
    monkeypatch.delattr(backtests, "traces")
    answer = await cloud.operator.ask("POST", f"{POINT}/backtest", json={"days": 7})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")

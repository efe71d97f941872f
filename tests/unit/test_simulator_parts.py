# SPDX-License-Identifier: EUPL-1.2
"""The parts of a run that need no chain: what it keeps, what it takes for its leak, how it ends."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulators.__main__ import app
from simulators.cloud_client import CloudClient
from simulators.demo import interrupted
from simulators.errors import NotReadyError
from simulators.ground import Ground
from simulators.latency import LatencyTracker
from simulators.observer import Observer
from simulators.webhook_inbox import Received, inbox
from simulators.webhook_receiver import WebhookReceiver
from tests.needs import ROOT

OPENED_S = 1_790_000_000.0
BEFORE, AFTER = "2026-09-21T14:13:19+00:00", "2026-09-21T14:13:42+00:00"


def a_webhook(event_type: str, service_point_id: str) -> Received:
    content = {"data": {"service_point": {"service_point_id": service_point_id}}}
    return Received(webhook_id=service_point_id, event_type=event_type, content=content)


def test_a_credential_is_kept_beside_the_others_for_this_user_alone(tmp_path: Path):
    ground = Ground(tmp_path)
    ground.remember("operator", "one")
    ground.remember("technician", "two")
    assert ground.remembered() == {"operator": "one", "technician": "two"}
    assert ground.credentials.stat().st_mode & 0o777 == 0o600


def test_a_write_that_was_cut_short_costs_no_credential(tmp_path: Path):
    ground = Ground(tmp_path)
    ground.remember("operator", "one")
    ground.credentials.with_name("credentials.json.new").write_text('{"oper')
    assert ground.remembered() == {"operator": "one"}
    ground.remember("technician", "two")
    assert ground.remembered() == {"operator": "one", "technician": "two"}


async def test_a_cloud_that_does_not_come_back_is_told_in_a_sentence():
    cloud = CloudClient("http://127.0.0.1:1", patience_s=0.0)
    with pytest.raises(NotReadyError, match="cloud was not ready"):
        await cloud.get("/api/v1/premises")
    await cloud.close()


async def test_news_of_an_older_alert_are_not_taken_for_the_leaks():
    observer = Observer(CloudClient("http://127.0.0.1"), LatencyTracker({}))
    observer.alerts["canteen"] = [(OPENED_S + 1, {"raised_at": BEFORE})]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await observer.alert_at("canteen", OPENED_S)
    observer.alerts["canteen"].append((OPENED_S + 23, {"raised_at": AFTER}))
    assert await observer.alert_at("canteen", OPENED_S) == (OPENED_S + 23, {"raised_at": AFTER})


def test_the_webhook_of_another_place_is_not_taken_for_the_leaks():
    receiver = WebhookReceiver()
    receiver.received = [a_webhook("leak.raised", "attic"), a_webhook("leak.resolved", "canteen")]
    assert receiver.leak_raised("canteen") is None
    receiver.received.append(a_webhook("leak.raised", "canteen"))
    assert receiver.leak_raised("canteen") is receiver.received[-1]


async def test_the_first_signal_ends_the_show_and_the_second_what_follows():
    reached = asyncio.Event()

    async def show() -> None:
        await interrupted()
        reached.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(show())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGINT)
    await reached.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = CliRunner().invoke(app, ["demo", "--port", str(port), "--data-dir", str(tmp_path)])
    assert ran.exit_code == 1
    assert f"Port {port} is in use" in ran.output


def test_a_utilitys_inbox_shows_what_was_verified_and_runs_nothing_that_came():
    sample = json.loads((ROOT / "webhook_kit" / "samples" / "sofiyska-voda.json").read_text())
    sample["data"]["premises"]["name"]["en"] = "<script>alert(1)</script>"
    page = inbox([Received(webhook_id="msg_1", event_type="leak.raised", content=sample)], 0)
    assert "Intermittent flow raised" in page
    assert sample["data"]["meter"]["serial"] in page
    assert page.count("<script") == 1


def test_an_inbox_shows_also_a_test_and_an_alert_without_a_meter():
    sample = json.loads((ROOT / "webhook_kit" / "samples" / "sofiyska-voda.json").read_text())
    told = {"meter": None, "flow_l_per_h": None, "volume_l": None, "flow_w": 40, "energy_wh": 900}
    sample["data"] |= told
    test = {"type": "webhook.test", "timestamp": "2026-11-21T12:00:00+00:00", "data": {}}
    receiver = WebhookReceiver()
    receiver.received = [
        Received(webhook_id="msg_1", event_type="webhook.test", content=test),
        Received(webhook_id="msg_2", event_type="leak.raised", content=sample),
    ]
    page = inbox(receiver.received, 0)
    assert "40 W" in page
    assert "900 Wh" in page
    assert "None" not in page.split("<details>")[0]
    point = sample["data"]["service_point"]["service_point_id"]
    assert receiver.leak_raised(point) is receiver.received[1]
    receiver._server.server_close()

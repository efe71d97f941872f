# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway`` export, drain and quarantine, on real stores and a cloud over HTTP."""

import asyncio
import json
from functools import partial

import pytest
from typer.testing import CliRunner

from edge_gateway.__main__ import app
from edge_gateway.errors import GatewayError
from edge_gateway.store import outbox, quarantine
from edge_gateway.store.database import Store
from edge_gateway.store.watermark import Watermark
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import GATEWAY, NODE, NOON_S, SITE, a_telegram, an_intake, topic

GIBBERISH = b"\xff\x00 no telegram"


@pytest.fixture
async def home(tmp_path):
    """A data directory with three telegrams of one node, and what could not be read of another."""
    store = await Store.open(tmp_path)
    intake = an_intake(store, FakeClock())
    for sequence in (1, 2, 3):
        intake.offer(topic("telegram"), a_telegram(sequence, litres=sequence))
    intake.offer(topic("telegram", "n-broken"), GIBBERISH)
    await intake.commit()
    await store.close()
    return tmp_path


async def ran(home, *arguments, cloud_port=1):
    """Return (exit status, standard output, the sentence on standard error) of one command."""
    told = {
        "GATEWAY_ID": GATEWAY,
        "GATEWAY_SITE": SITE,
        "GATEWAY_DATA_DIR": str(home),
        "GATEWAY_CLOUD_URL": f"http://127.0.0.1:{cloud_port}",
        "GATEWAY_CLOUD_TOKEN": "token",
        "GATEWAY_CLOCK": "assumed",
    }
    ended = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=told)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        assert isinstance(ended.exception, GatewayError)  # main prints it
        return 1, ended.stdout, str(ended.exception)
    return ended.exit_code, ended.stdout, ended.stderr


async def test_export_writes_every_entry_as_it_travels(home):
    status, out, _ = await ran(home, "export", "--data-dir", str(home))
    bodies = [json.loads(line)["body"] for line in out.splitlines()]
    assert status == 0
    assert [body["reg"] for body in bodies] == [{"8-0:1.0.0": n * 1000} for n in (1, 2, 3)]


async def test_export_for_a_spreadsheet_names_units_and_leaves_out_what_the_cloud_has(home):
    store = await Store.open(home)
    await store.write(
        partial(outbox.forget, delivered=Watermark(2), acknowledged_at_ms=NOON_S * 1000)
    )
    await store.close()
    _, out, _ = await ran(home, "export", "--data-dir", str(home), "--csv", "--waiting")
    header, row = out.splitlines()
    assert header == "read_at,node_id,boot,sequence,register,reading_type,count,unit,quality"
    assert row == f"2026-11-18T11:06:40+00:00,{NODE},1,3,8-0:1.0.0,cold_water,3000,ml,"


async def test_drain_forwards_what_waits_when_no_gateway_runs(home):
    cloud = IngestCloud()
    await cloud.start()
    status, out, _ = await ran(home, "drain", cloud_port=cloud.port)
    await cloud.stop()
    assert (status, out) == (0, "The cloud has everything.\n")
    assert set(cloud.rows) == {(NODE, 1, 1), (NODE, 1, 2), (NODE, 1, 3)}


async def test_drain_beside_a_running_gateway_waits_for_it_and_gives_up_in_a_sentence(home):
    running = await Store.open(home)  # as far as drain can tell
    status, _, err = await ran(home, "drain", "--within-s", "0.1")
    assert (status, err) == (1, "3 messages still wait for the cloud: iskar-gateway doctor")
    await running.write(
        partial(outbox.forget, delivered=Watermark(3), acknowledged_at_ms=NOON_S * 1000)
    )
    await running.close()
    assert (await ran(home, "drain"))[0] == 0


async def test_what_is_in_quarantine_can_be_looked_at_let_in_or_thrown_away(home):
    store = await Store.open(home)
    good = {"topic": topic("telegram"), "payload": a_telegram(4), "reason": "An older release."}
    await store.write(partial(quarantine.add, **good, seen_at_ms=NOON_S * 1000))
    await store.close()
    _, out, _ = await ran(home, "quarantine", "list", "--data-dir", str(home))
    broken, unknown = (json.loads(line) for line in out.splitlines())
    assert unknown["reason"] == "An older release."
    _, out, _ = await ran(home, "quarantine", "show", "--data-dir", str(home), unknown["name"])
    assert json.loads(out)["payload"] == a_telegram(4).decode()
    _, out, _ = await ran(home, "quarantine", "release", "--all")
    assert out == "1 taken, 1 refused again.\n"
    _, out, _ = await ran(home, "export", "--data-dir", str(home))
    assert json.loads(out.splitlines()[-1])["body"]["seq"] == 4
    status, _, err = await ran(home, "quarantine", "drop", unknown["name"])
    assert (status, err) == (1, f"{unknown['name']} means no message(s) in quarantine.")
    _, out, _ = await ran(home, "quarantine", "drop", broken["name"])
    assert out == "1 thrown away.\n"


async def test_what_the_store_does_not_take_stays_in_quarantine(home):
    store = await Store.open(home)
    good = {"topic": topic("telegram"), "payload": a_telegram(4), "reason": "An older release."}
    await store.write(partial(quarantine.add, **good, seen_at_ms=NOON_S * 1000))
    refusal = "CREATE TRIGGER refusal BEFORE INSERT ON entry BEGIN SELECT RAISE(FAIL, 'full'); END"
    await store.write(lambda db: db.execute(refusal))
    await store.close()
    status, _, err = await ran(home, "quarantine", "release", "--all")
    assert (status, err.splitlines()[-1]) == (1, f"The store at {home}/store.sqlite3 failed: full.")
    _, out, _ = await ran(home, "quarantine", "list", "--data-dir", str(home))
    assert "An older release." in [json.loads(line)["reason"] for line in out.splitlines()]


@pytest.mark.parametrize("command", [["drain"], ["quarantine", "drop", "--all"]])
async def test_where_there_is_no_store_a_command_says_so_and_makes_none(tmp_path, command):
    status, _, err = await ran(tmp_path, *command)
    assert (status, err) == (
        1,
        f"There is no store in {tmp_path}; is this a gateway's data directory?",
    )
    assert list(tmp_path.iterdir()) == []

# SPDX-License-Identifier: EUPL-1.2
"""The virtual node as a process: settings, console, commands, and no orphans."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.virtual_node import VirtualNode
from tests.integration.node_chain import chain, provision, until
from tests.needs import ROOT
from wire import command, event, topics


async def test_a_node_without_settings_says_so_and_ends(tmp_path):
    node = VirtualNode(tmp_path / "n-empty")
    await node.start()
    await until(lambda: not node.is_running, "it goes on without settings")
    log = (tmp_path / "n-empty" / "world" / "log").read_text()
    assert "settings.json is missing; provision this node first." in log


@pytest.mark.needs_broker
async def test_a_command_is_carried_out_or_refused_and_settings_are_kept(mosquitto, tmp_path):
    async with chain(mosquitto, tmp_path) as (pki, broker, gateway):
        provision(tmp_path / "n-test", pki, broker.port, sample_interval_s=3600)
        node = VirtualNode(tmp_path / "n-test")
        await node.start()

        def answers():
            events = [e.message for e in node.journaled() if isinstance(e.message, event.Event)]
            found = [answer for answer in events if "id" in answer.detail]
            return [(answer.kind, answer.detail["id"]) for answer in found]

        await until(lambda: len(gateway.stored) >= 2, "the clock is not set")
        good = command.encode_settings("c-1", int(time.time()) + 60, {"sample_interval_s": 2000})
        late = command.encode_settings("c-2", int(time.time()) - 60, {"sample_interval_s": 1})
        alien = good.replace(b"sample_interval_s", b"node_id").replace(b"c-1", b"c-3")
        update = command.encode_update("r-1", int(time.time()) + 60, "ab" * 32, 9000, "9.9.9")
        unknown = b'{"ver":1,"command":"dance","id":"x-1"}'
        for payload in (good, good, b"garbage", late, alien, update, unknown):
            await gateway.send("n-test", topics.COMMAND, payload)
        expected = [
            (event.SETTINGS_APPLIED, "c-1"),
            (event.SETTINGS_REFUSED, "c-2"),
            (event.SETTINGS_REFUSED, "c-3"),
            (event.COMMAND_REFUSED, "r-1"),
            (event.COMMAND_REFUSED, "x-1"),
        ]
        await until(lambda: len(answers()) >= 5, "no answers")
        assert answers() == expected
        await node.restart()
        await gateway.send("n-test", topics.COMMAND, good)
        await asyncio.sleep(1)
        assert answers() == expected  # applied once, also over a reboot
        await node.stop()


@pytest.mark.needs_broker
async def test_a_broker_with_a_foreign_name_is_not_spoken_to(mosquitto, tmp_path):
    async with chain(mosquitto, tmp_path) as (pki, broker, gateway):
        foreign = {"host": "127.0.0.1", "port": broker.port, "tls": True, "server_name": "gw-evil"}
        provision(tmp_path / "n-test", pki, broker.port, broker=foreign)
        node = VirtualNode(tmp_path / "n-test")
        await node.start()
        log = tmp_path / "n-test" / "world" / "log"
        await until(lambda: "uplink: " in log.read_text(), "no complaint")
        await asyncio.sleep(1)
        assert gateway.statuses == []
        assert any(True for _ in node.journaled())  # it goes on measuring
        await node.stop()


async def test_mpremote_writes_settings_over_the_console(tmp_path):
    source = tmp_path / "settings.json"
    source.write_text(json.dumps({"ver": 1}))
    async with VirtualNode.repl(tmp_path / "n-test") as port:
        for action in (["fs", "mkdir", "pki"], ["fs", "cp", str(source), ":settings.json"]):
            run = await asyncio.create_subprocess_exec(
                Path(sys.executable).parent / "mpremote", "connect", port, "resume", *action
            )
            async with asyncio.timeout(20):
                assert await run.wait() == 0
    flash = tmp_path / "n-test" / "flash"
    assert json.loads((flash / "settings.json").read_text()) == {"ver": 1}
    assert (flash / "pki").is_dir()


async def test_a_node_dies_with_its_parent(tmp_path, mosquitto):
    async with chain(mosquitto, tmp_path) as (pki, broker, _):
        provision(tmp_path / "n-test", pki, broker.port)
        script = f"""
import asyncio
from pathlib import Path
from simulators.virtual_node import VirtualNode
async def main():
    node = VirtualNode(Path({str(tmp_path / "n-test")!r}))
    await node.start()
    print(node.process_id, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert parent.stdout is not None
        process_id = int(await parent.stdout.readline())
        await asyncio.sleep(1)
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        await until(lambda: not _is_alive(process_id), "an orphan stays")


def _is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/status").read_text()
    return "State:\tZ" not in status

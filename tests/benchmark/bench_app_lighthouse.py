# SPDX-License-Identifier: EUPL-1.2
"""The app by Lighthouse: a building's page on its model of a slow phone, the median of five.

Served over HTTP/2, as the proxy does that stands before the cloud.
"""

import asyncio
import json
import os
import socket
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config

import tests
from tests.benchmark.bench_app import BUILDING
from tests.benchmark.figures import Figure, Figures
from tests.e2e.conftest import FLAGS
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud, build_app
from tests.gateway_pki import Authority
from tests.needs import node, program

LIGHTHOUSE = (
    Path(tests.__file__).parent / "app_tools" / "node_modules" / "lighthouse" / "cli" / "index.js"
)
CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100}
RUNS = 5
TIMEOUT_S = 180
TRUSTING = "--ignore-certificate-errors"  # the certificate is of our own making


class LighthouseError(Exception):
    """Lighthouse did not judge the page."""


@asynccontextmanager
async def served_over_http2(fake: FakeCloud) -> AsyncIterator[str]:
    """Serve ``fake`` and the app; gives its address."""
    ending = asyncio.Event()
    with TemporaryDirectory() as folder:
        listening = socket.create_server(("127.0.0.1", 0))
        address = f"https://127.0.0.1:{listening.getsockname()[1]}"
        Authority().issue("localhost", Path(folder), "cloud")
        config = Config()
        config.bind = [f"fd://{listening.detach()}"]  # which closes it in the end
        config.certfile, config.keyfile = f"{folder}/cloud.crt", f"{folder}/cloud.key"
        config.loglevel = "WARNING"
        config.graceful_timeout = 1
        serving = asyncio.create_task(
            serve(build_app(fake), config, shutdown_trigger=ending.wait)  # type: ignore[arg-type]
        )
        try:
            yield address
        finally:
            fake.hang_up()
            ending.set()
            await serving


async def judged(address: str, cookie: str) -> dict[str, Any]:
    """Return what Lighthouse says of the page of a building for whom the cookie signs in."""
    auditing = await asyncio.create_subprocess_exec(
        *(node(), LIGHTHOUSE, f"{address}/{BUILDING}", "--quiet", "--output=json"),
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps({'Cookie': cookie})}",
        f"--chrome-flags={' '.join(['--headless=new', TRUSTING, *FLAGS])}",
        env={**os.environ, "CHROME_PATH": str(program("chromium"))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            told, said = await auditing.communicate()
    finally:
        if auditing.returncode is None:
            auditing.kill()
    if auditing.returncode != 0:
        raise LighthouseError(said.decode(errors="replace")[-2000:])
    report: dict[str, Any] = json.loads(told)
    if "runtimeError" in report:
        raise LighthouseError(report["runtimeError"]["message"])
    if report["finalDisplayedUrl"].rpartition("#")[2] != BUILDING.removeprefix("#"):
        raise LighthouseError(f"It judged {report['finalDisplayedUrl']}, not the building's page.")
    return report


async def measure() -> Figures:
    """Judge the page of somebody signed in."""
    async with served_over_http2(FakeCloud()) as address:
        async with httpx.AsyncClient(base_url=address, verify=False) as client:  # noqa: S501
            await client.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
            cookie = "; ".join(f"{name}={token}" for name, token in client.cookies.items())
        reports = [await judged(address, cookie) for _ in range(RUNS)]  # one after another
    _print_failed(reports[-1])
    return [
        Figure(
            f"lighthouse_{name.replace('-', '_')}",
            statistics.median(100 * report["categories"][name]["score"] for report in reports),
            f"{name.replace('-', ' ')}; at least {wanted}",
        )
        for name, wanted in CATEGORIES.items()
    ]


def _print_failed(report: dict[str, Any]) -> None:
    """Tell what took points away in the last run."""
    for name in CATEGORIES:
        for reference in report["categories"][name]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                shown = audit.get("displayValue", "")
                print(f"{name}: {audit['title']}: {audit['score']:.2f} {shown}")

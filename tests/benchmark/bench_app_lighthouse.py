# SPDX-License-Identifier: EUPL-1.2
"""The app by Lighthouse: a building's page on its model of a slow phone, the median of three."""

import asyncio
import json
import os
import statistics
from pathlib import Path
from typing import Any

import httpx

import tests
from tests.benchmark.bench_app import BUILDING
from tests.benchmark.figures import Figure, Figures
from tests.e2e.conftest import FLAGS
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud, running
from tests.needs import node, program

LIGHTHOUSE = (
    Path(tests.__file__).parent / "app_tools" / "node_modules" / "lighthouse" / "cli" / "index.js"
)
CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100}
RUNS = 3
TIMEOUT_S = 180


class LighthouseError(Exception):
    """Lighthouse did not judge the page."""


async def judged(address: str, cookie: str) -> dict[str, Any]:
    """Return what Lighthouse says of the page of a building for whom the cookie signs in."""
    auditing = await asyncio.create_subprocess_exec(
        *(node(), LIGHTHOUSE, f"{address}/{BUILDING}", "--quiet", "--output=json"),
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps({'Cookie': cookie})}",
        f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
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
    with running(FakeCloud()) as address:
        async with httpx.AsyncClient(base_url=address) as client:
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

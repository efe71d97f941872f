# SPDX-License-Identifier: EUPL-1.2
"""The shipped rules about drift, asked of a real time-series server."""

import asyncio
import time
from pathlib import Path

import httpx
import yaml

from tests.gateway_process import free_port
from tests.needs import ROOT
from tests.victoria_metrics import VictoriaMetrics

RULES = ROOT / "cloud" / "deploy" / "prometheus" / "alerts.yml"
SCRAPED = """
iskar_demand_series{utility="water",level="city",by="model"} 1
iskar_demand_series{utility="water",level="city",by="fallback"} 0
iskar_demand_drifting{utility="water",level="city",what="coverage"} 1
iskar_demand_drifting{utility="water",level="city",what="error"} 0
iskar_demand_series{utility="heat",level="building",by="model"} 180
iskar_demand_series{utility="heat",level="building",by="fallback"} 20
iskar_demand_drifting{utility="heat",level="building",what="use"} 20
iskar_demand_drifting{utility="heat",level="building",what="error"} 21
"""


async def test_drift_is_a_ticket_once_it_is_of_more_than_a_tenth_of_a_kind(
    victoria_metrics: Path, tmp_path: Path
) -> None:
    """One of one, 21 of 200; 20 of 200 come about by chance where there are many."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    [rule] = [
        one for group in groups for one in group["rules"] if one["alert"] == "IskarForecastsDrift"
    ]
    server = VictoriaMetrics(victoria_metrics, tmp_path, free_port())
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            await client.post("/api/v1/import/prometheus", content=SCRAPED)
            found: set[tuple[str, str]] = set()
            until = time.monotonic() + 15
            while not found and time.monotonic() < until:  # it keeps new samples back a moment
                await asyncio.sleep(0.2)
                query = {"query": rule["expr"], "nocache": "1", "time": str(time.time() + 1)}
                answer = (await client.get("/api/v1/query", params=query)).json()
                assert answer["status"] == "success", answer
                labels = [one["metric"] for one in answer["data"]["result"]]
                found = {(one["utility"], one["what"]) for one in labels}
    finally:
        await server.stop()
    assert found == {("water", "coverage"), ("heat", "error")}

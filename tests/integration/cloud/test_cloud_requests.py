# SPDX-License-Identifier: EUPL-1.2
"""Requests have an id, are counted by route, and are sent elsewhere while the process stops."""

import asyncio

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from cloud.kit import requests
from cloud.operation.metrics import Metrics
from cloud.webhooks.owners import TELL
from tests.integration.cloud.builders import CloudInTest, a_finding, a_telegram
from tests.integration.cloud.forecast_builders import with_forecasts

Samples = dict[tuple[str, ...], float]


async def scraped(cloud: CloudInTest) -> dict[str, Samples]:
    """Return each sample by name and labels' contents, as Prometheus reads them."""
    text = await Metrics(cloud.services.database, cloud.clock).text()
    found: dict[str, Samples] = {}
    for family in text_string_to_metric_families(text.decode()):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(one.labels.values())] = one.value
    return found


async def test_a_request_keeps_the_id_that_the_proxy_gave_it(cloud: CloudInTest) -> None:
    answer = await cloud.client.get("/health/live", headers={"X-Request-ID": "proxy-0001"})
    assert answer.headers["x-request-id"] == "proxy-0001"


@pytest.mark.parametrize("given", ["", "short", 'a" onload="alert(1)', "a b c d e f g", "x" * 65])
async def test_an_id_that_could_break_a_log_is_replaced(cloud: CloudInTest, given: str) -> None:
    answer = await cloud.client.get("/health/live", headers={"X-Request-ID": given})
    assert requests.ACCEPTABLE.fullmatch(answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != given


async def test_a_problem_names_its_request(cloud: CloudInTest) -> None:
    answer = await cloud.operator.ask("GET", "/nothing", headers={"X-Request-ID": "proxy-0002"})
    assert answer.status_code == 404
    assert answer.json()["instance"] == "/api/v1/nothing#proxy-0002"


async def test_lines_logged_meanwhile_carry_the_id(cloud: CloudInTest) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        broken = {**a_telegram(1), "kind": "unheard-of"}
        await asyncio.create_task(cloud.gateway.send(broken))
    quarantined = next(line for line in lines if line["event"] == "entries_quarantined")
    answered = next(line for line in lines if line["event"] == "request_answered")
    assert quarantined["request_id"] == answered["request_id"]
    assert answered["route"] == "/ingest/batches"


async def test_answers_are_counted_by_route_and_not_by_path(cloud: CloudInTest) -> None:
    name = "iskar_http_answer_seconds_count"
    usage = ("GET", "/premises/{premises_id}", "200")
    before = (await scraped(cloud)).get(name, {})
    await cloud.operator.get("/premises/p-one")
    for path in ("/wp-login.php", "/.env", "/api/v1/premises/p-one/x/y/z"):
        await cloud.client.get(path)
    after = (await scraped(cloud))[name]
    assert after[usage] == before.get(usage, 0) + 1
    paths = {route for _, route, _ in after}
    assert requests.NO_ROUTE in paths
    assert not [path for path in paths if "p-one" in path or "wp-login" in path]


async def test_what_comes_in_is_counted_by_what_became_of_it(cloud: CloudInTest) -> None:
    def told(found: dict[str, Samples]) -> list[float]:
        entries = found["iskar_ingest_entries_total"]
        outcomes = ("stored", "repeated", "quarantined")
        return [found["iskar_ingest_batches_total"][()], *(entries[(one,)] for one in outcomes)]

    before = told(await scraped(cloud))
    await cloud.gateway.send(a_telegram(1), a_telegram(2))
    await cloud.gateway.send(a_telegram(2), {**a_telegram(3), "kind": "unheard-of"})
    after = told(await scraped(cloud))
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 2, 1, 1]


async def test_how_the_whole_stands_is_told(cloud: CloudInTest) -> None:
    await cloud.register("two")
    await cloud.gateway.send(a_finding(1))
    found = await scraped(cloud)
    assert found["iskar_database_up"] == {(): 1}
    assert found["iskar_alerts_open"] == {("continuous_flow", "raised"): 1}
    assert found["iskar_gateways"][("never",)] == 1
    assert sum(found["iskar_gateways"].values()) == 2
    assert found["iskar_quarantine_entries"] == {(): 0}
    queues = {task.queue for task in cloud.services.jobs.app.tasks.values()} - {"builtin"}
    told = {queue for queue, _ in found["iskar_jobs"]}
    assert told - {"webhook_deliveries"} == queues
    assert found["iskar_jobs_oldest_due_seconds"][("validation",)] == 0
    assert found["iskar_database_pool_limit"] == {(): cloud.services.settings.database_pool_size}


async def test_how_forecasts_stand_is_told_by_kind_of_series(cloud: CloudInTest) -> None:
    assert "iskar_demand_series" not in await scraped(cloud)  # nothing was ever forecast
    await with_forecasts(cloud)
    found = await scraped(cloud)
    kind = ("city", "water")  # labels come in order of their names
    assert found["iskar_demand_forecast_age_seconds"][kind] == 4 * 3600
    assert found["iskar_demand_series"] == {("model", *kind): 1, ("fallback", *kind): 1}
    assert found["iskar_demand_coverage_ratio"][kind] == pytest.approx(0.7)
    assert found["iskar_demand_drifting"] == {
        (*kind, "coverage"): 1,
        (*kind, "error"): 0,
        (*kind, "use"): 0,
    }
    assert ("demand", "due") in found["iskar_jobs"]


async def test_without_a_database_the_rest_is_told(cloud: CloudInTest) -> None:
    await cloud.services.database.close()
    found = await scraped(cloud)
    assert found["iskar_database_up"] == {(): 0}
    assert found["iskar_ingest_batches_total"]


async def test_a_job_that_is_due_shows_with_its_age(cloud: CloudInTest) -> None:
    jobs = cloud.services.jobs
    async with jobs.app.open_async():
        await jobs.app.configure_task("validation.review_history").defer_async(premises_id="p-one")
        await jobs.app.configure_task(TELL).defer_async(webhook_id="w", what="failing", key="k")
    async with cloud.services.database.transaction() as connection:
        found = await connection.execute("select max(at) as at from procrastinate_events")
        queued = await found.fetchone()
    assert queued is not None
    cloud.clock.time = queued["at"].replace(microsecond=0).replace(year=queued["at"].year + 1)
    found_now = await scraped(cloud)
    assert found_now["iskar_jobs"][("validation", "due")] == 1
    assert found_now["iskar_jobs"][("webhooks", "due")] == 1
    assert found_now["iskar_jobs"][("webhook_deliveries", "due")] == 0
    assert found_now["iskar_jobs_oldest_due_seconds"][("validation",)] > 360 * 86400


async def test_a_process_that_stops_is_not_ready_but_still_answers(cloud: CloudInTest) -> None:
    app = cloud.client._transport.app  # type: ignore[attr-defined]
    app.state.draining.has_begun = True
    ready = await cloud.client.get("/health/ready")
    assert (ready.status_code, ready.json()["type"]) == (503, "urn:iskar:problem:stopping")
    answer = await cloud.operator.ask("GET", "/premises/p-one")
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"

# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud serve``, ``worker`` and ``migrate``: the programs that go on, and their schema."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any

import structlog
import typer

from cloud import migrations
from cloud.app.running import any_database, loaded, newest_database, run
from cloud.app.services import Services
from cloud.app.serving import answer_prometheus, listen, serve
from cloud.kit.settings import CloudSettings

log = structlog.get_logger(__name__)

cli = typer.Typer()


@cli.command("serve")
def serve_command(
    no_jobs: Annotated[
        bool, typer.Option("--no-jobs", help="Leave jobs and reviews to `iskar-cloud worker`.")
    ] = False,
) -> None:
    """Serve the API and the app until stopped."""
    settings = loaded()
    run(_serve(settings, works=not no_jobs), settings)


@cli.command("worker")
def worker_command() -> None:
    """Work on jobs, reviews and upkeep until stopped, and answer nobody but Prometheus."""
    settings = loaded()
    run(_work(settings), settings)


@cli.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only tell; exit status 1 when there is work to do.")
    ] = False,
) -> None:
    """Bring the database to the newest schema, or tell as JSON which one it has."""
    settings = loaded()

    async def tell() -> None:
        async with any_database(settings) as (dsn, _):
            found = await asyncio.to_thread(migrations.revision, dsn)
        typer.echo(json.dumps({"schema": found, "newest": migrations.NEWEST}))
        if found != migrations.NEWEST:
            raise typer.Exit(1)

    async def work() -> None:
        async with newest_database(settings):
            pass

    run(tell() if check else work(), settings)


async def _serve(settings: CloudSettings, *, works: bool) -> None:
    http = listen(settings.http_host, settings.http_port, "CLOUD_HTTP_PORT")
    https = scraped = None
    if settings.https_port is not None:
        https = listen(settings.http_host, settings.https_port, "CLOUD_HTTPS_PORT")
    if settings.metrics_port is not None:
        scraped = listen(settings.metrics_host, settings.metrics_port, "CLOUD_METRICS_PORT")
    async with (
        newest_database(settings, must_own=True) as (dsn, postgres),
        Services.opened(settings, dsn) as services,
    ):
        background = {"services": services.run(works=works)}
        if postgres is not None:
            background["postgres"] = postgres.run()
        await _together(serve(services, http, https, scraped), background)
    log.info("stopped")


async def _work(settings: CloudSettings) -> None:
    scraped = None
    if settings.metrics_port is not None:
        scraped = listen(settings.metrics_host, settings.metrics_port, "CLOUD_METRICS_PORT")
    async with (
        newest_database(settings) as (dsn, postgres),
        Services.opened(settings, dsn) as services,
    ):
        log.info("working")
        background = {"services": services.work()}
        if postgres is not None:
            background["postgres"] = postgres.run()
        answering = (
            asyncio.Event().wait() if scraped is None else answer_prometheus(services, scraped)
        )
        await _together(answering, background)
    log.info("stopped")


async def _together(
    answering: Coroutine[Any, Any, Any], background: dict[str, Coroutine[Any, Any, None]]
) -> None:
    """Run all until one ends or we are cancelled; who answers is stopped before what he needs."""
    tasks = [asyncio.create_task(answering, name="answering")]
    tasks += [asyncio.create_task(work, name=name) for name, work in background.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()

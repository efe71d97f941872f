# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand run``: models are fitted and forecasts made now, or when they are due."""

import asyncio
import json
from contextlib import nullcontext
from typing import Annotated, Any

import psycopg
import structlog
import typer

from cloud.app.running import loaded, newest_database, run
from cloud.app.services import Services
from cloud.demand.runs.asking import DemandOffError, RunFailedError, is_installed
from cloud.demand.runs.inputs import Group
from cloud.demand.runs.service import ASKED, FIRST, Runs
from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

cli = typer.Typer()

AGAIN_S = 3600


@cli.command("run")
def run_command(
    once: Annotated[bool, typer.Option("--once", help="Forecast everything now, and end.")] = False,
    fit: Annotated[bool, typer.Option("--fit", help="Fit every model anew first.")] = False,
    simple: Annotated[
        bool,
        typer.Option(
            "--simple",
            help="Fit nothing: forecast what has no model yet as a week ago, and end. A first fit"
            " takes minutes; this is what there is until then.",
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask cluster that does the work, tcp://HOST:8786; else this machine."),
    ] = None,
) -> None:
    """Fit the models that are due and make the forecasts that are; print JSON for each round.

    The server does so by itself: this is for a machine that does nothing else, or a cluster.
    """
    settings = loaded()
    if not is_installed():
        raise typer.BadParameter(str(DemandOffError()))

    async def work() -> None:
        async with (
            newest_database(settings) as (dsn, _),
            Services.opened(settings, dsn) as services,
        ):
            if simple:
                typer.echo(json.dumps(await _simple_round(services)))
            else:
                await _rounds(services, scheduler, once=once, fit=fit)

    run(work(), settings)


async def _simple_round(services: Services) -> dict[str, Any]:
    """Forecast what has no model; nobody is told of limits by that: the model's come soon."""
    runs = services.demand.runs
    groups = [one for one in await runs.groups() if await runs.reason_to_fit(one) == FIRST]
    made = sum([len(await runs.stop_gap(one.group_id)) for one in groups])
    return {"groups": len(groups), "fitted": 0, "forecasts": made, "fallbacks": made}


async def _rounds(services: Services, scheduler: str | None, *, once: bool, fit: bool) -> None:
    async with _workers(scheduler) as cluster:
        runs = services.demand.runs
        if cluster is not None:
            runs = runs.asking(cluster, cluster.at_once)
        while True:
            told = await _round(services, runs, all_of_them=once, fit=fit)
            typer.echo(json.dumps(told))
            if once and told["failed"]:
                raise RunFailedError(f"Of {told['groups']} groups {told['failed']} failed.")
            if once:
                return
            fit = False
            await asyncio.sleep(AGAIN_S)


def _workers(scheduler: str | None) -> Any:
    if scheduler is None:
        return nullcontext()
    try:
        from cloud.demand.runs.cluster import cluster_at  # an extra of its own
    except ImportError as error:
        raise typer.BadParameter(
            "A cluster needs the extra `cluster`: pip install 'iskar[cloud,demand,cluster]'."
        ) from error
    return cluster_at(scheduler)


async def _round(services: Services, runs: Runs, *, all_of_them: bool, fit: bool) -> dict[str, Any]:
    """Fit and forecast what is due, or all of it, group beside group; return how much it was."""
    groups = await runs.groups()
    due = {one.group_id: because for one, because in await runs.to_fit()}
    if fit:
        due = {one.group_id: ASKED for one in groups}
    wanted = groups if all_of_them else await runs.to_forecast()
    fitted, fallbacks, made, failed = 0, 0, 0, 0
    turn = asyncio.Semaphore(runs.at_once)  # a group's forecasts don't wait for all groups' models

    async def one(group: Group) -> None:
        nonlocal fitted, failed
        if group.group_id in due:
            try:
                fitted += await runs.fit(group.group_id, due[group.group_id]) is not None
            except RunFailedError as error:  # others go on, and this one by what there is
                failed += 1
                log.error("model_not_fitted", group=group.group_id, error=str(error))
        if group in wanted:
            await forecast(group)

    async def forecast(group: Group) -> None:
        nonlocal fallbacks, made
        told = await runs.forecast(group.group_id)
        await services.demand.limits.look(told)
        made += len(told)
        fallbacks += sum(run.fallback_reason is not None for run in told)

    async def in_turn(group: Group) -> None:
        nonlocal failed
        async with turn:
            try:
                await one(group)
            except (CloudError, psycopg.Error) as error:  # the other groups go on
                failed += 1
                log.error("group_failed", group=group.group_id, error=str(error))

    async with asyncio.TaskGroup() as tasks:
        for group in groups:
            tasks.create_task(in_turn(group), name=f"group_{group.group_id}")
    counts = {"groups": len(groups), "fitted": fitted, "failed": failed}
    return {**counts, "forecasts": made, "fallbacks": fallbacks}

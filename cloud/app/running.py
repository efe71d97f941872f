# SPDX-License-Identifier: EUPL-1.2
"""How a command of ``iskar-cloud`` runs: on which database, until when."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
import typer
from pydantic import ValidationError

from cloud import migrations
from cloud.app.services import Services
from cloud.kit import log as logging
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.errors import CloudError
from cloud.kit.settings import CloudSettings

log = structlog.get_logger(__name__)


def loaded() -> CloudSettings:
    """Return the settings, or end with what is wrong with them, a sentence each."""
    try:
        return CloudSettings()
    except ValidationError as error:
        for fault in error.errors(include_input=False):  # it may be a password
            name = "_".join(str(part) for part in fault["loc"]).upper()
            typer.echo(f"iskar-cloud: CLOUD_{name}: {fault['msg']}", err=True)
        sys.exit(2)


def run(work: Awaitable[None], settings: CloudSettings) -> None:
    """Run ``work`` until it ends or a signal says stop; say what is wrong in a sentence."""
    logging.to_stderr(settings.log_level, settings.log_format)

    async def until_stopped() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    try:
        asyncio.run(until_stopped())
    except (CloudError, OSError) as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        sys.exit(1)


def print_with_services(work: Callable[[Services], Awaitable[dict[str, object]]]) -> None:
    """Print as JSON what ``work`` returns."""
    settings = loaded()

    async def with_services() -> None:
        async with (
            newest_database(settings) as (dsn, _),
            Services.opened(settings, dsn) as services,
        ):
            typer.echo(json.dumps(await work(services), default=str))

    run(with_services(), settings)


@asynccontextmanager
async def newest_database(
    settings: CloudSettings, *, must_own: bool = False
) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """Yield how to reach a database of the newest schema, and the server if it is ours to keep."""
    async with any_database(settings, must_own=must_own) as (dsn, postgres):
        await asyncio.to_thread(migrations.upgrade, dsn)
        yield dsn, postgres


@asynccontextmanager
async def any_database(
    settings: CloudSettings, *, must_own: bool = False
) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """Yield how to reach the database as it is, and the server if it is ours to keep."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), None
        return
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    is_ours = await postgres.start(must_own=must_own)
    try:
        yield postgres.dsn, postgres if is_ours else None
    finally:
        await postgres.stop()

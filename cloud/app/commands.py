# SPDX-License-Identifier: EUPL-1.2
"""The commands of ``iskar-cloud``: serve, migrate, and give people and programs access."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import structlog
import typer
from fastapi.encoders import jsonable_encoder

from cloud import migrations
from cloud.accounts.tokens import DEFAULT_LIFE_DAYS, MAX_LIFE_DAYS
from cloud.app.services import Services
from cloud.app.serving import listen, serve
from cloud.kit.auth.rights import Right, Role
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.errors import CloudError
from cloud.kit.settings import CloudSettings
from cloud.validation.commands import cli as validation_cli

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="The cloud of Iskar.")
user_cli = typer.Typer(no_args_is_help=True, help="People who may sign in.")
token_cli = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
cli.add_typer(user_cli, name="user")
cli.add_typer(token_cli, name="token")
cli.add_typer(validation_cli)

QUIET = ("uvicorn", "procrastinate", "psycopg.pool", "httpx", "sse_starlette", "alembic")


@cli.command("serve")
def serve_command() -> None:
    """Serve the API and the app until stopped."""
    settings = CloudSettings()
    _run(_serve(settings), settings)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = CloudSettings()

    async def work() -> None:
        async with _database(settings):
            pass

    _run(work(), settings)


@user_cli.command("add")
def add_user(
    email: str,
    name: Annotated[str, typer.Option(help="How to call the person.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.OWNER,
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the person may see; repeat for more.")
    ] = None,
) -> None:
    """Add a person, or give a known one a new password; print it as JSON."""

    async def work(services: Services) -> dict[str, object]:
        password = await services.access.put_user(email, name, role, premises or [])
        return {"email": email.lower(), "password": password, "role": role}

    _print(work)


@token_cli.command("add")
def add_token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    label: Annotated[str, typer.Option(help="What the program is.")],
    premises: Annotated[
        list[str] | None, typer.Option(help="A building the program may see; repeat for more.")
    ] = None,
    supplier: Annotated[
        str | None, typer.Option(help="The utility that the program works for.")
    ] = None,
    scope: Annotated[
        list[Right] | None,
        typer.Option(help="A right of the role; repeat for more. All, if none is named."),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=MAX_LIFE_DAYS, help="How long it is valid.")
    ] = DEFAULT_LIFE_DAYS,
) -> None:
    """Make a token for a program; print it as JSON."""
    if role == Role.GATEWAY:
        raise typer.BadParameter("A gateway gets its token by POST /api/v1/gateways/{id}/token.")

    async def work(services: Services) -> dict[str, object]:
        token = await services.tokens.add_token(
            label, role, premises or [], supplier_id=supplier, scopes=scope, life_days=days
        )
        return {"token": token}

    _print(work)


@token_cli.command("list")
def list_tokens() -> None:
    """Print every token of programs and people as JSON: what it may do, its use, its end."""

    async def work(services: Services) -> dict[str, object]:
        return {"tokens": [jsonable_encoder(one) for one in await services.tokens.all()]}

    _print(work)


@token_cli.command("revoke")
def revoke_token(token_id: int) -> None:
    """End a token of a program or a person at once."""

    async def work(services: Services) -> dict[str, object]:
        await services.tokens.revoke(token_id)
        return {"revoked": token_id}

    _print(work)


@cli.command("review")
def review_command(
    premises: Annotated[
        list[str] | None, typer.Option(help="A building; repeat for more. All, if none is named.")
    ] = None,
) -> None:
    """Look through the stored usage of buildings now, as is done every night; print JSON."""

    async def work(services: Services) -> dict[str, object]:
        review = services.history_review
        chosen = premises or await review.premises_ids()
        return {"findings": {one: await review.of_premises(one) for one in chosen}}

    _print(work)


def _print(work: Callable[[Services], Awaitable[dict[str, object]]]) -> None:
    settings = CloudSettings()

    async def with_services() -> None:
        async with (
            _database(settings) as (dsn, _),
            Services.opened(settings, dsn) as services,
        ):
            typer.echo(json.dumps(await work(services)))

    _run(with_services(), settings)


@asynccontextmanager
async def _database(
    settings: CloudSettings, *, must_own: bool = False
) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """Yield how to reach a database of the newest schema, and the server if it is ours to keep."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await asyncio.to_thread(migrations.upgrade, dsn)
        yield dsn, None
        return
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    is_ours = await postgres.start(must_own=must_own)
    try:
        await asyncio.to_thread(migrations.upgrade, postgres.dsn)
        yield postgres.dsn, postgres if is_ours else None
    finally:
        await postgres.stop()


async def _serve(settings: CloudSettings) -> None:
    http = listen(settings.http_host, settings.http_port, "CLOUD_HTTP_PORT")
    https = None
    if settings.https_port is not None:
        https = listen(settings.http_host, settings.https_port, "CLOUD_HTTPS_PORT")
    async with (
        _database(settings, must_own=True) as (dsn, postgres),
        Services.opened(settings, dsn) as services,
    ):
        background = [asyncio.create_task(services.run(), name="services")]
        if postgres is not None:
            background.append(asyncio.create_task(postgres.run(), name="postgres"))
        answering = asyncio.create_task(serve(services, http, https), name="serve")
        try:
            await asyncio.wait([answering, *background], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, *background):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for task in (answering, *background):
            if not task.cancelled():
                task.result()
    log.info("stopped")


log = structlog.get_logger(__name__)


def _run(work: Awaitable[None], settings: CloudSettings) -> None:
    """Run ``work`` until it ends or a signal says stop; say what is wrong in a sentence."""
    _configure_logging(settings.log_level)

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


def _configure_logging(level: str) -> None:
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    in_lines = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        exception_formatter=structlog.dev.plain_traceback,  # the other one prints every variable
    )
    structlog.configure(
        processors=[*structlog.get_config()["processors"][:-1], in_lines],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

# SPDX-License-Identifier: EUPL-1.2
"""The command line: run the gateway, run its broker, ask how it is."""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_gateway import app as gateway
from edge_gateway import health, log
from edge_gateway.broker import mosquitto
from edge_gateway.clock import SystemClock
from edge_gateway.errors import GatewayError, SettingsError
from edge_gateway.settings import BrokerSettings, Settings
from edge_gateway.wired import commands as meters

EnvFile = Annotated[
    Path | None, typer.Option("--env-file", help="File of GATEWAY_* settings, one a line.")
]
SettingsT = TypeVar("SettingsT", bound=BrokerSettings)
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(meters.app, name="meters")


@app.command()
def run(env_file: EnvFile = None) -> None:
    """Take telegrams, keep them, look for leaks, forward."""
    asyncio.run(_until_told_to_stop(_load(Settings, env_file)))


@app.command()
def broker(env_file: EnvFile = None) -> None:
    """Write Mosquitto's configuration and become Mosquitto."""
    mosquitto.become(_load(BrokerSettings, env_file))


@app.command()
def status(
    data_dir: Annotated[Path, typer.Option(help="Where the gateway keeps its store.")],
) -> None:
    """Print what the gateway has stored and forwarded, as JSON; it may be running."""
    found = health.read_summary(data_dir)
    if found is None:
        raise GatewayError(f"There is no store in {data_dir}; is this a gateway's data directory?")
    typer.echo(json.dumps(found))


async def _until_told_to_stop(settings: Settings) -> None:
    clock = SystemClock(settings.data_dir / "clock.json", trust=settings.clock)
    running = asyncio.ensure_future(gateway.run(settings, clock))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _load(kind: type[SettingsT], env_file: Path | None) -> SettingsT:
    """Return the settings, or raise SettingsError naming each variable at fault."""
    if env_file is not None and not env_file.is_file():
        raise SettingsError(f"{env_file} does not exist; enrolling the gateway writes it.")
    try:
        return kind(_env_file=env_file)  # type: ignore[call-arg]  # of pydantic-settings
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(fault) for fault in error.errors())) from None


def _sentence(fault: ErrorDetails) -> str:
    if not fault["loc"]:
        return f"{fault['msg'].removeprefix('Value error, ')}."
    variable = "GATEWAY_" + str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{variable} is missing: set it in the environment or in the file of --env-file."
    return f"{variable} is wrong: {fault['msg']}. Correct it where it is set."


def main() -> None:
    """Run the command; a fault that a person can mend is a sentence, not a trace."""
    log.to_stderr()
    try:
        app()
    except GatewayError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

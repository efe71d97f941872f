# SPDX-License-Identifier: EUPL-1.2
"""The command line: run the gateway, run its broker, ask how it is."""

import asyncio
import contextlib
import json
import signal
import sys

import typer

from edge_gateway import app as gateway
from edge_gateway import health, log
from edge_gateway.broker import mosquitto
from edge_gateway.clock import SystemClock
from edge_gateway.commands import quarantine
from edge_gateway.commands.doctor import doctor
from edge_gateway.commands.drain import drain
from edge_gateway.commands.export import export
from edge_gateway.commands.options import DataDir, EnvFile, load
from edge_gateway.commands.replay import replay
from edge_gateway.errors import GatewayError
from edge_gateway.settings import BrokerSettings, Settings
from edge_gateway.store.opening import open_to_read
from edge_gateway.wired import commands as meters

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (doctor, drain, export, replay):
    app.command()(command)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(meters.app, name="meters")


@app.command()
def run(env_file: EnvFile = None) -> None:
    """Take telegrams, keep them, look for leaks, forward."""
    asyncio.run(_until_told_to_stop(load(Settings, env_file)))


@app.command()
def broker(env_file: EnvFile = None) -> None:
    """Write Mosquitto's configuration and become Mosquitto."""
    mosquitto.become(load(BrokerSettings, env_file))


@app.command()
def status(data_dir: DataDir) -> None:
    """Print what the gateway has stored and forwarded, as JSON; it may be running."""
    with open_to_read(data_dir) as db:
        typer.echo(json.dumps(health.summary(db)))


async def _until_told_to_stop(settings: Settings) -> None:
    clock = SystemClock(settings.data_dir / "clock.json", trust=settings.clock)
    running = asyncio.ensure_future(gateway.run(settings, clock))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


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

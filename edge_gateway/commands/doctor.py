# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway doctor``."""

import asyncio
import json
from typing import Annotated

import typer

from edge_gateway.clock import SystemClock
from edge_gateway.commands.options import EnvFile, load
from edge_gateway.doctor import examine
from edge_gateway.settings import Settings


def doctor(
    env_file: EnvFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look everything over and say what to mend; it may be running. Exit status 1: a fault."""
    settings = load(Settings, env_file)
    clock = SystemClock(trust=settings.clock)
    verdicts = asyncio.run(examine(settings, clock))
    for verdict in verdicts:
        typer.echo(json.dumps(verdict.fields()) if as_json else verdict.line())
    if any(verdict.level == "fault" for verdict in verdicts):
        raise typer.Exit(1)

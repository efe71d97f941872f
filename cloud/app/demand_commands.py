# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand``: what needs the database besides what files alone are enough for."""

import time
from pathlib import Path
from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder

from cloud.app.running import print_with_services
from cloud.app.services import Services
from cloud.demand.commands import UNREADABLE
from cloud.demand.files import UnreadableFileError
from cloud.demand.history.files import FileUnit


def register(cli: typer.Typer) -> None:
    """Add the commands to those that need files only."""
    cli.command("import")(import_history)


def import_history(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: interval_start, usage.")],
    series: Annotated[str, typer.Option(help="Whose use it is: an id of `demand series`.")],
    unit: Annotated[
        FileUnit | None, typer.Option(help="Of the file; else the series' own.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of times without an offset; else Europe/Sofia.")
    ] = None,
) -> None:
    """Take in a utility's history, and print what became of it as JSON; repeating is harmless."""
    begun = time.monotonic()

    def progress(what: str) -> None:
        typer.echo(f"{time.monotonic() - begun:6.1f} s  {what}", err=True)

    async def work(services: Services) -> dict[str, object]:
        imported = await services.demand.imports.take_in(series, file, unit, timezone, progress)
        progress("done")
        told: dict[str, object] = jsonable_encoder(imported)
        return told

    try:
        print_with_services(work)
    except UnreadableFileError as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error

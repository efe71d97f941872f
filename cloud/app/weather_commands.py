# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud weather``: places, what was told of their weather, and what is wrong with it."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder
from pydantic import ValidationError

from cloud.app.running import print_with_services
from cloud.app.services import Services
from cloud.weather.models import Place, Resolution
from cloud.weather.schemas import PlaceBody
from cloud.weather.sources import FORMATS, Given

cli = typer.Typer(no_args_is_help=True, help="Weather: places, files, forecasts and checks.")
places_cli = typer.Typer(no_args_is_help=True, help="Stations and points of grids.")
cli.add_typer(places_cli, name="places")


@places_cli.command("add")
def add_place(
    place_id: Annotated[str, typer.Argument(help="Letters, digits and dashes, such as sofia.")],
    name_bg: Annotated[str, typer.Option(help="Its name in Bulgarian.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    latitude: Annotated[float, typer.Option(min=-90, max=90)],
    longitude: Annotated[float, typer.Option(min=-180, max=180)],
    elevation_m: Annotated[float, typer.Option(min=-430, max=8850)],
    source: Annotated[str, typer.Option(help="Who tells its weather.")],
    licence: Annotated[str, typer.Option(help="Under which terms, such as CC BY 4.0.")],
    attribution: Annotated[str, typer.Option(help="Who is to be named with every answer.")],
    kind: Annotated[str, typer.Option(help="station or grid")] = "station",
    day_zone: Annotated[str, typer.Option(help="Whose midnight its days begin at.")] = "UTC",
    delay_h: Annotated[
        float, typer.Option(min=0, help="How long after its end an hour or day is published.")
    ] = 1.0,
    feed: Annotated[
        str | None, typer.Option(help="open-meteo: fetch forecasts there every six hours.")
    ] = None,
) -> None:
    """Add a place, or change what is said of it; print it as JSON."""
    try:
        body = PlaceBody.model_validate(
            {
                "place_id": place_id,
                "name_bg": name_bg,
                "name_en": name_en,
                "latitude": latitude,
                "longitude": longitude,
                "elevation_m": elevation_m,
                "source": source,
                "licence": licence,
                "attribution": attribution,
                "kind": kind,
                "day_zone": day_zone,
                "delay_h": delay_h,
                "feed": feed,
            }
        )
    except ValidationError as error:
        said = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise typer.BadParameter(said) from error
    place = Place(**body.model_dump())

    async def work(services: Services) -> dict[str, object]:
        await services.weather.put_place(place)
        return {"place": jsonable_encoder(await services.weather.place(place_id))}

    print_with_services(work)


@places_cli.command("list")
def list_places() -> None:
    """Print all places and what is there of each as JSON."""

    async def work(services: Services) -> dict[str, object]:
        covered = await services.weather.coverage()
        return {
            "places": [
                {
                    **jsonable_encoder(one, exclude={"place_key"}),
                    "observed": jsonable_encoder(covered.get(one.place_id, [])),
                }
                for one in await services.weather.places()
            ]
        }

    print_with_services(work)


@cli.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The file, .gz or not.")
    ],
    place: Annotated[str, typer.Option(help="The place that it is of.")],
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "own",
    part: Annotated[
        str | None, typer.Option(help="Which station of the file, where it holds several.")
    ] = None,
    is_forecast: Annotated[
        bool, typer.Option("--forecast", help="It is a forecast, as of --run.")
    ] = False,
    run_at: Annotated[
        str | None, typer.Option("--run", help="When the forecast was known; now, if not told.")
    ] = None,
) -> None:
    """Record the weather in a file; tell on standard error how far it is, print the sum as JSON."""
    if form not in FORMATS:
        raise typer.BadParameter(f"{form} is none of {', '.join(FORMATS)}.")
    started = time.monotonic()

    def progress(resolution: Resolution, done: int, of: int) -> None:
        took_s = time.monotonic() - started
        typer.echo(f"{file.name}: {done} of {of} {resolution}s after {took_s:.1f} s", err=True)

    async def work(services: Services) -> dict[str, object]:
        given = Given(name=file.name, content=file.read_bytes(), part=part)
        found = FORMATS[form](given)
        run = instant(run_at)
        imported = [
            await services.weather.take_in(
                place,
                replace(told, is_forecast=told.is_forecast or is_forecast),
                run_at=run,
                progress=progress,
            )
            for told in found
        ]
        return {"place": place, "imported": jsonable_encoder(imported)}

    print_with_services(work)


def instant(text: str | None) -> datetime | None:
    """Return the instant that ``text`` names; without an offset it is of UTC."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no time; write 2026-01-31T06:00Z.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)

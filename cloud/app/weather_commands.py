# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud weather``: places, what was told of their weather, and what is wrong with it."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder
from pydantic import ValidationError

from cloud.app.running import print_with_services
from cloud.app.services import Services
from cloud.weather.checking import check
from cloud.weather.models import Decision, Place, Resolution
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
        weather = services.weather
        observed = await weather.extents()
        return {
            "places": [
                {
                    **jsonable_encoder(one, exclude={"place_key"}),
                    "observed": [
                        jsonable_encoder(extent)
                        | {"counts": await weather.counts(one.place_id, extent.resolution)}
                        for extent in observed.get(one.place_id, [])
                    ],
                }
                for one in await weather.places()
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


@cli.command("fetch")
def fetch(
    place: Annotated[
        list[str] | None, typer.Option(help="A place; repeat for more. Those with a feed, if none.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="A day: fetch what was from then on instead.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="The last day; --from alone, if none.")
    ] = None,
) -> None:
    """Fetch forecasts from Open-Meteo now, or its archive of past days; print what came as JSON."""

    async def work(services: Services) -> dict[str, object]:
        if since is None:
            if place is None:
                return {"fetched": await services.weather_feed.fetch_all()}
            return {"fetched": {one: await services.weather_feed.fetch(one) for one in place}}
        first = _day(since)
        last = _day(until) if until else first
        chosen = place or await services.weather_feed.place_ids()
        return {
            "fetched": {
                one: jsonable_encoder(await services.weather_feed.fetch_past(one, first, last))
                for one in chosen
            }
        }

    print_with_services(work)


@cli.command("check")
def check_place(place: Annotated[str, typer.Argument(help="The place.")]) -> None:
    """Check all that was told of a place against its neighbours; keep and print the flags."""

    async def work(services: Services) -> dict[str, object]:
        found = await check(services.weather, place)
        return {
            "place": place,
            "neighbours": [
                one.place_id
                for one in await services.weather.neighbours(await services.weather.place(place))
            ],
            "flags": {of.value: jsonable_encoder(flags) for of, flags in found.items()},
        }

    print_with_services(work)


@cli.command("decide")
def decide(
    place: Annotated[str, typer.Argument(help="The place.")],
    column: Annotated[str, typer.Option(help="Which column is to be read otherwise.")],
    since: Annotated[str, typer.Option("--from", help="From this time on, as it was told.")],
    until: Annotated[str, typer.Option("--to", help="Up to this time, as it was told.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: Annotated[str, typer.Option(help="The e-mail address of who decides.")],
    shift: Annotated[
        int, typer.Option(min=-48, max=48, help="Steps later, -1 for a step earlier; 0: leave out.")
    ] = 0,
    resolution: Annotated[Resolution, typer.Option(help="Of hours or of days.")] = Resolution.DAY,
) -> None:
    """Record that a column is read shifted or not at all from now on; what was told stays."""
    first, end = instant(since), instant(until)
    if column not in resolution.columns:
        raise typer.BadParameter(f"{column} is none of {', '.join(resolution.columns)}.")
    if first is None or end is None or first >= end:
        raise typer.BadParameter("--from must be before --to.")
    decision = Decision(
        decision_id=0,
        resolution=resolution,
        column=column,
        kind="shift" if shift else "exclude",
        steps=shift,
        since=first,
        until=end,
        reason=reason,
        decided_at=first,  # the service knows the time
    )

    async def work(services: Services) -> dict[str, object]:
        return {"decision_id": await services.weather.decide(place, decision, f"person:{by}")}

    print_with_services(work)


@cli.command("decisions")
def list_decisions(place: Annotated[str, typer.Argument(help="The place.")]) -> None:
    """Print the decisions that count for a place as JSON."""

    async def work(services: Services) -> dict[str, object]:
        return {"decisions": jsonable_encoder(await services.weather.decisions(place))}

    print_with_services(work)


@cli.command("withdraw")
def withdraw(
    decision_id: Annotated[int, typer.Argument(help="The decision.")],
    by: Annotated[str, typer.Option(help="The e-mail address of who withdraws it.")],
) -> None:
    """Let a decision count no more; it stays on record."""

    async def work(services: Services) -> dict[str, object]:
        withdrawn = await services.weather.withdraw(decision_id, f"person:{by}")
        return {"decision_id": decision_id, "withdrawn": withdrawn}

    print_with_services(work)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no day; write 2026-01-31.") from error

# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand series`` and ``add-series``: which series of use there are."""

from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder
from pydantic import TypeAdapter, ValidationError

from cloud.app.running import print_with_services
from cloud.app.services import Services
from cloud.demand.history.models import ISKAR, Series, Unit, Utility
from cloud.demand.history.schemas import SeriesBody, SeriesId
from cloud.kit.audit import SYSTEM
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.schemas import Name


def register(cli: typer.Typer) -> None:
    """Add the commands to those of demand."""
    cli.command("series")(series)
    cli.command("add-series")(add_series)


def series(
    make: Annotated[
        bool, typer.Option("--make", help="First make those of buildings that are new, as nightly.")
    ] = False,
) -> None:
    """Print all series of use as JSON."""

    async def work(services: Services) -> dict[str, object]:
        made = await services.demand.series.make() if make else []
        found = await services.demand.history.all()
        for one in found if make else ():
            if one.origin == ISKAR:
                await services.demand.history.count(one.series_id, services.clock.now())
        return {"made": made, "series": jsonable_encoder(found, exclude={"coverage"})}

    print_with_services(work)


def add_series(
    series_id: Annotated[str, typer.Argument(help="Small letters, digits and dashes.")],
    name_bg: Annotated[str, typer.Option(help="Its name in Bulgarian.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    utility: Annotated[Utility, typer.Option(help="What is used.")],
    unit: Annotated[Unit, typer.Option(help="What its amounts are kept in.")],
    supplier: Annotated[str | None, typer.Option(help="Whose it is: an id of suppliers.")] = None,
    district: Annotated[
        str | None, typer.Option(help="Where it is of a district; else it is of the city.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="Whose weather it goes by; else the nearest place's.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Who measured it.")] = None,
    licence: Annotated[str | None, typer.Option(help="On what terms it may be used.")] = None,
) -> None:
    """Add a series that a utility brings along, or change what is said of it; print it as JSON."""
    try:
        body = SeriesBody(
            name=Name(bg=name_bg, en=name_en),
            utility=utility,
            level="district" if district else "city",
            unit=unit,
            supplier_id=supplier,
            district=district,
            place_id=place,
            source=source,
            licence=licence,
        )
        TypeAdapter(SeriesId).validate_python(series_id)
    except ValidationError as error:
        told = [
            f"{'.'.join(map(str, one['loc'])) or 'series_id'} {one['input']!r}: {one['msg']}"
            for one in error.errors()
        ]
        raise typer.BadParameter("; ".join(told)) from error
    fields = body.model_dump(exclude={"name"})
    wanted = Series(series_id=series_id, name_bg=body.name.bg, name_en=body.name.en, **fields)
    operator = Principal(subject=SYSTEM, role=Role.OPERATOR)

    async def work(services: Services) -> dict[str, object]:
        kept = await services.demand.series.put(operator, wanted)
        return {"series": jsonable_encoder(kept, exclude={"coverage"})}

    print_with_services(work)

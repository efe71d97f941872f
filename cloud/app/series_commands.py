# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand series`` and ``add-series``: which series of use there are."""

from typing import Annotated

import typer
from fastapi.encoders import jsonable_encoder

from cloud.app.running import print_with_services
from cloud.app.services import Services
from cloud.demand.history.models import ISKAR, UNITS, Series
from cloud.kit.audit import SYSTEM
from cloud.kit.auth.rights import Principal, Role


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
        made = await services.demand_series.make() if make else []
        found = await services.demand_history.all()
        for one in found if make else ():
            if one.origin == ISKAR:
                await services.demand_history.count(one.series_id, services.clock.now())
        return {"made": made, "series": jsonable_encoder(found, exclude={"coverage"})}

    print_with_services(work)


def add_series(
    series_id: Annotated[str, typer.Argument(help="Small letters, digits and dashes.")],
    name_bg: Annotated[str, typer.Option(help="Its name in Bulgarian.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    utility: Annotated[str, typer.Option(help=", ".join(UNITS))],
    unit: Annotated[str, typer.Option(help="What its amounts are kept in: l, wh.")],
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
    if unit not in UNITS.get(utility, ()):
        raise typer.BadParameter(f"{utility} in {unit} is none of {dict(UNITS)}.")
    wanted = Series(
        series_id=series_id,
        name_bg=name_bg,
        name_en=name_en,
        utility=utility,  # type: ignore[arg-type]  # a key of UNITS
        level="district" if district else "city",
        unit=unit,
        origin="import",
        supplier_id=supplier,
        district=district,
        place_id=place,
        source=source,
        licence=licence,
    )
    operator = Principal(subject=SYSTEM, role=Role.OPERATOR)

    async def work(services: Services) -> dict[str, object]:
        kept = await services.demand_series.put(operator, wanted)
        return {"series": jsonable_encoder(kept, exclude={"coverage"})}

    print_with_services(work)

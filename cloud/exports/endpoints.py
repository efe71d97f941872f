# SPDX-License-Identifier: EUPL-1.2
"""Exports over HTTP: of a service point, or of all in a building."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from cloud.exports import formats
from cloud.exports.service import MAX_DAYS, Exports
from cloud.kit.auth.callers import Seer
from cloud.kit.auth.rights import Principal
from cloud.kit.database import Database
from cloud.kit.errors import CloudError, answers
from cloud.kit.schemas import Identifier
from cloud.premises.models import ServicePoint
from cloud.readings.service import Readings, Span

router = APIRouter(tags=["exports"])

PathId = Annotated[Identifier, Path()]
Format = Literal["csv", "parquet", "senml"]
WEIGHT = re.compile(r"q=(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)

FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table as a file; unit and quality stand in every row.",
        "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
        "content": {
            formats.MEDIA_TYPES[formats.CSV]: {"schema": {"type": "string"}},
            formats.MEDIA_TYPES[formats.PARQUET]: {"schema": {}},
            formats.MEDIA_TYPES[formats.SENML]: {
                "schema": {
                    "type": "array",
                    "items": {"type": "object", "required": ["n"]},
                }
            },
        },
    }
}


class NotAcceptableError(CloudError):
    """None of the formats asked for is one that exports have."""

    status = 406
    code = "not-acceptable"

    def __init__(self, accept: str) -> None:
        known = ", ".join(formats.MEDIA_TYPES.values())
        super().__init__(f"An export is {known}; {accept[:100]!r} accepts none of them.")


class Asked:
    """What of a service point or building, over which local days, in which format."""

    def __init__(
        self,
        request: Request,
        first: Annotated[date, Query(alias="from", examples=["2026-10-25"])],
        end: Annotated[
            date,
            Query(
                alias="to",
                description=f"Not included; {MAX_DAYS} days of readings at most.",
                examples=["2026-10-26"],
            ),
        ],
        what: Literal["readings", "usage"] = "usage",
        resolution: Annotated[
            Literal["hour", "day", "month"], Query(description="Of usage; readings have none.")
        ] = "hour",
        form: Annotated[
            Format | None, Query(alias="format", description="Goes before the header Accept.")
        ] = None,
    ) -> None:
        self.first, self.end, self.what = first, end, what
        self.resolution = resolution if what == "usage" else None
        self.form = form or _accepted(request.headers.get("accept", "*/*"))

    def file_name(self, of: str) -> str:
        """Return what the file is called; all of it is letters, digits, hyphens and a point."""
        what = f"usage-{self.resolution}" if self.resolution else self.what
        return f"{of}-{what}-{self.first}-{self.end}.{self.form}"


def _accepted(accept: str) -> str:
    """Return the format that ``accept`` likes best, CSV if it takes anything; RFC 9110, 12.5.1."""
    by_media_type = {media_type: form for form, media_type in formats.MEDIA_TYPES.items()}
    by_media_type |= {"text/*": formats.CSV, "*/*": formats.CSV, "application/*": formats.PARQUET}
    asked = [_with_weight(one) for one in (accept.strip() or "*/*").split(",")]
    for name, weight in sorted(asked, key=lambda one: -one[1]):  # of equals the first
        if name in by_media_type and weight > 0:
            return by_media_type[name]
    raise NotAcceptableError(accept)


def _with_weight(accepted: str) -> tuple[str, float]:
    """Return a media type or range, and its weight: 1 where none is told that can be read."""
    name, *parameters = (part.strip().lower() for part in accepted.split(";"))
    for one in parameters:
        if WEIGHT.fullmatch(one):
            return name, float(one[2:])
    return name, 1.0


def _exports(request: Request) -> Exports:
    database: Database = request.app.state.database
    readings: Readings = request.app.state.readings
    return Exports(database, readings)


Service = Annotated[Exports, Depends(_exports)]
Wanted = Annotated[Asked, Depends()]
ROUTE: dict[str, Any] = {
    "response_class": Response,
    "responses": {**FILES, **answers(NotAcceptableError)},
}


@router.get("/service-points/{service_point_id}/export", **ROUTE)
async def export_of_point(
    service_point_id: PathId, wanted: Wanted, service: Service, caller: Seer
) -> Response:
    """Return a service point's readings or usage as a file."""
    points = await service.points(caller, service_point_id=service_point_id)
    return await _file(wanted, service_point_id, _parts(service, caller, points, wanted))


@router.get("/premises/{premises_id}/export", **ROUTE)
async def export_of_premises(
    premises_id: PathId, wanted: Wanted, service: Service, caller: Seer
) -> Response:
    """Return the readings or usage of every service point of a building as one file.

    Sub-meters measure again what their main measures: rows of different service points don't add
    up to the building's use.
    """
    points = await service.points(caller, premises_id=premises_id)
    return await _file(wanted, premises_id, _parts(service, caller, points, wanted))


def _parts(
    service: Exports, caller: Principal, points: Sequence[ServicePoint], wanted: Asked
) -> AsyncIterator[pl.DataFrame]:
    if wanted.resolution is None:
        return service.readings(caller, points, wanted.first, wanted.end)
    span = Span(resolution=wanted.resolution, first=wanted.first, end=wanted.end)
    return service.usage(caller, points, span)


async def _file(wanted: Asked, of: str, parts: AsyncIterator[pl.DataFrame]) -> Response:
    first = await anext(parts)  # a refusal comes before the answer begins
    whole = _from(first, parts)
    headers = {"Content-Disposition": f'attachment; filename="{wanted.file_name(of)}"'}
    media_type = formats.MEDIA_TYPES[wanted.form]
    if wanted.form == formats.PARQUET:
        file = await formats.parquet(whole)
        return StreamingResponse(formats.blocks(file), headers=headers, media_type=media_type)
    content = (
        formats.csv(whole)
        if wanted.form == formats.CSV
        else formats.as_senml(whole, wanted.resolution)
    )
    return StreamingResponse(content, headers=headers, media_type=media_type)


async def _from(
    first: pl.DataFrame, rest: AsyncIterator[pl.DataFrame]
) -> AsyncIterator[pl.DataFrame]:
    yield first
    async for part in rest:
        yield part

# SPDX-License-Identifier: EUPL-1.2
"""Readings over HTTP: batches in; usage, readings, ledger, quarantine and the live stream out."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime
from sse_starlette import EventSourceResponse

from cloud.kit import pagination
from cloud.kit.auth.callers import Gateway, Operator, Seer, needs
from cloud.kit.auth.rights import Right
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.kit.live import LiveFeed
from cloud.kit.schemas import Identifier, Page
from cloud.kit.streaming import STREAM, stream
from cloud.premises.service import one_premises, visible_points
from cloud.readings import schemas
from cloud.readings.ingest import Ingest
from cloud.readings.models import IntervalUsage
from cloud.readings.service import EARLIEST, LATEST, MAX_INTERVALS, Readings, Span
from wire import VERSION, batch, quality
from wire.fields import MAX_BOOT, MAX_UNIX_S

router = APIRouter(tags=["readings"])
operator_router = APIRouter(tags=["operation"], dependencies=[needs(Right.OPERATE)])

PathId = Annotated[Identifier, Path()]
Utility = Literal["water", "gas", "electricity", "heat"]


def _readings(request: Request) -> Readings:
    found: Readings = request.app.state.readings
    return found


A_DAY = f"A local day, from {EARLIEST} on."
NOT_INCLUDED = f"The local day after the last, {LATEST} at most; {MAX_INTERVALS} intervals at most."


def _span(
    resolution: schemas.Resolution,
    first: Annotated[date, Query(alias="from", description=A_DAY, examples=["2026-10-25"])],
    end: Annotated[date, Query(alias="to", description=NOT_INCLUDED, examples=["2026-10-26"])],
) -> Span:
    return Span(resolution=resolution, first=first, end=end)


# The frame of a batch; what is wrong inside an entry or block sends that alone to quarantine.
BATCH = {
    "requestBody": {
        "required": True,
        "description": "A batch as wire/batch.py has it.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["ver", "gateway", "store"],
                    "properties": {
                        "ver": {"const": VERSION},
                        "gateway": {"type": "string", "description": "The caller's own id."},
                        "store": {"type": "string", "pattern": "^[ -~]{0,64}$"},
                        "entries": {"type": "array", "maxItems": batch.MAX_ENTRIES},
                        "blocks": {"type": "array", "maxItems": batch.MAX_ENTRIES},
                    },
                }
            }
        },
    }
}

Service = Annotated[Readings, Depends(_readings)]
Asked = Annotated[Span, Depends(_span)]


@router.post("/ingest/batches", openapi_extra=BATCH)
async def ingest(request: Request, caller: Gateway) -> schemas.Committed:
    """Commit a gateway's batch; ``committed`` in the answer may be forgotten by the sender."""
    service: Ingest = request.app.state.ingest
    clock: Clock = request.app.state.clock
    committed, admission = await service.commit(caller.gateway_id or "", await request.body())
    return schemas.Committed(
        ver=VERSION,
        committed=committed,
        stored=admission.stored,
        repeated=admission.repeated,
        quarantined=[
            schemas.Refused(n=refusal.number, reason=refusal.reason)
            for refusal in admission.refused
        ],
        now_ms=clock.now_ms(),
    )


@router.get("/premises/{premises_id}/usage")
async def usage_of_premises(
    premises_id: PathId, utility: Utility, span: Asked, service: Service, caller: Seer
) -> schemas.Usage:
    """Return a building's use of one utility over local days, ``to`` not included."""
    return _usage(span, *await service.usage_of_premises(caller, premises_id, utility, span))


@router.get("/service-points/{service_point_id}/usage")
async def usage_of_point(
    service_point_id: PathId, span: Asked, service: Service, caller: Seer
) -> schemas.Usage:
    """Return the use at a service point over local days, ``to`` not included."""
    return _usage(span, *await service.usage_of_point(caller, service_point_id, span))


def _usage(
    span: Span, unit: str, intervals: Sequence[IntervalUsage], is_final: bool
) -> schemas.Usage:
    return schemas.Usage.model_construct(
        unit=unit,
        resolution=span.resolution,
        timezone=ZONE.key,
        is_final=is_final,
        intervals=[
            schemas.Interval.model_construct(
                interval_start=one.start.astimezone(ZONE),
                interval_end=one.end.astimezone(ZONE),
                usage=one.usage,
                quality=quality.names(one.quality),
            )
            for one in intervals
        ],
    )


@router.get("/service-points/{service_point_id}/readings")
async def readings_of_point(
    service_point_id: PathId,
    service: Service,
    caller: Seer,
    since: Annotated[AwareDatetime | date | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | date | None, Query(alias="to")] = None,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Reading]:
    """Return the readings of a service point in order of time; dates are local days."""
    point, found = await service.readings_of_point(
        caller,
        service_point_id,
        since=_instant(since),
        until=_instant(until),
        after=_reading_key(cursor),
        limit=limit,
    )
    items = [
        schemas.Reading(
            read_at=row["read_at"],
            received_at=row["received_at"],
            register=row["register"],
            unit=point.type.unit,
            quality=quality.names(row["quality"]),
            node_id=row["node_id"],
            boot=row["boot"],
            sequence=row["sequence"],
            counts=row["rule"] is None,
            excluded_by=row["rule"],
            excluded_because=row["explanation"],
        )
        for row in found
    ]
    following = None
    if len(found) == limit:
        last = found[-1]
        following = pagination.encode(
            int(last["read_at"].timestamp()),
            last["boot"],
            last["sequence"],
            last["installation_id"],
        )
    return Page(items=items, next_cursor=following)


def _instant(when: datetime | date | None) -> datetime | None:
    if when is None:
        return None
    if not EARLIEST.year < when.year < LATEST.year:
        raise InvalidRequestError(f"{when} is not between {EARLIEST} and {LATEST}.")
    if isinstance(when, datetime):
        return when
    return datetime.combine(when, datetime.min.time(), ZONE)


def _message_key(cursor: str | None) -> tuple[datetime, int, int] | None:
    if cursor is None:
        return None
    read_at_s, boot, sequence = pagination.decode(cursor, int, int, int)
    return _cursor_time(read_at_s), boot, sequence


def _cursor_time(read_at_s: int) -> datetime:
    if not 0 <= read_at_s <= MAX_UNIX_S:
        raise InvalidRequestError("The cursor is not one that this route gave out.")
    return datetime.fromtimestamp(read_at_s, UTC)


def _reading_key(cursor: str | None) -> tuple[datetime, int, int, int] | None:
    if cursor is None:
        return None
    read_at_s, boot, sequence, installation_id = pagination.decode(cursor, int, int, int, int)
    return _cursor_time(read_at_s), boot, sequence, installation_id


@router.get("/premises/{premises_id}/live", response_class=EventSourceResponse, responses=STREAM)
async def live_of_premises(
    premises_id: PathId, request: Request, caller: Seer
) -> EventSourceResponse:
    """Stream a building's readings and alerts as they are committed."""
    database: Database = request.app.state.database
    feed: LiveFeed = request.app.state.live

    async def points_seen() -> frozenset[str]:
        async with database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
        return frozenset(point.service_point_id for point in points)

    await points_seen()  # or this is not found
    return stream(feed, caller, premises_id, points_seen)


@router.get("/live", response_class=EventSourceResponse, responses=STREAM)
async def live(request: Request, caller: Operator) -> EventSourceResponse:
    """Stream everything as it is committed."""
    feed: LiveFeed = request.app.state.live

    async def everything() -> None:
        return None

    return stream(feed, caller, None, everything)


@operator_router.get("/telegrams")
async def ledger(
    service: Service,
    node_id: Identifier,
    limit: pagination.Limit = 1000,
    cursor: pagination.Cursor = None,
    first_boot: Annotated[int, Query(ge=0, le=MAX_BOOT)] = 0,
) -> Page[schemas.LedgerRow]:
    """Return every message of a node, once, in order of time; boot 0 holds imports."""
    found = await service.ledger(node_id, first_boot, _message_key(cursor), limit)
    following = None
    if len(found) == limit:
        last = found[-1]
        following = pagination.encode(
            int(last["read_at"].timestamp()), last["boot"], last["sequence"]
        )
    items = [
        schemas.LedgerRow(**{**row, "quality": quality.names(row["quality"])}) for row in found
    ]
    return Page(items=items, next_cursor=following)


@operator_router.get("/quarantine")
async def quarantine(
    service: Service, limit: pagination.Limit = 100, cursor: pagination.Cursor = None
) -> Page[schemas.Quarantined]:
    """Return what was refused, and why."""
    after = pagination.decode(cursor, int)[0] if cursor else 0
    found = await service.quarantine(after, limit)
    following = pagination.encode(found[-1]["quarantine_id"]) if len(found) == limit else None
    return Page(
        items=[schemas.Quarantined.model_validate(row) for row in found], next_cursor=following
    )


@operator_router.get("/findings")
async def findings(
    service: Service, limit: pagination.Limit = 100, cursor: pagination.Cursor = None
) -> Page[schemas.IntegrityFinding]:
    """Return integrity findings: what can't be, noticed while taking messages in."""
    after = pagination.decode(cursor, int)[0] if cursor else 0
    found = await service.findings(after, limit)
    following = pagination.encode(found[-1]["finding_id"]) if len(found) == limit else None
    return Page(
        items=[schemas.IntegrityFinding.model_validate(row) for row in found],
        next_cursor=following,
    )

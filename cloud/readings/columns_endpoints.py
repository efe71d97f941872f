# SPDX-License-Identifier: EUPL-1.2
"""Years of usage over HTTP, in columns that a phone can draw."""

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from cloud.kit.auth.callers import Seer
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Identifier
from cloud.readings.columns_schemas import UsageColumns
from cloud.readings.endpoints import A_DAY, Utility
from cloud.readings.long_usage import Stretch
from cloud.readings.long_usage_service import MAX_DAYS, LongUsage, LongUsages
from cloud.readings.service import LATEST
from wire import quality

router = APIRouter(tags=["readings"])

NOT_INCLUDED = f"The local day after the last, {LATEST} at most; {MAX_DAYS} days at most."


def _usages(request: Request) -> LongUsages:
    found: LongUsages = request.app.state.long_usages
    return found


@router.get("/premises/{premises_id}/usage/columns", response_model=UsageColumns)
async def usage_columns_of_premises(
    premises_id: Annotated[Identifier, Path()],
    utility: Utility,
    first: Annotated[date, Query(alias="from", description=A_DAY, examples=["2016-11-01"])],
    end: Annotated[date, Query(alias="to", description=NOT_INCLUDED, examples=["2026-11-22"])],
    service: Annotated[LongUsages, Depends(_usages)],
    caller: Seer,
) -> Response:
    """Return a building's use of one utility over years, by the finest resolution that is kept.

    As columns with run lengths; ten years of hours are 200 kB for who accepts gzip.
    """
    found = await service.of_premises(caller, premises_id, utility, first, end)
    body = await asyncio.to_thread(written, found, utility)
    return Response(body, media_type="application/json")


def written(found: LongUsage, utility: str) -> bytes:
    """Return the answer in JSON as ``UsageColumns`` has it."""
    told = {
        "utility": utility,
        "timezone": ZONE.key,
        "is_final": found.is_final,
        "stretches": [_stretch(one, found.unit) for one in found.stretches],
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _stretch(one: Stretch, unit: str) -> dict[str, Any]:
    return {
        "resolution": one.resolution,
        "interval_start": _local(one.cuts_s[0]),
        "interval_end": _local(one.cuts_s[-1]),
        "unit": unit,
        "lengths": [{"count": count, "length_s": length_s} for count, length_s in one.lengths],
        "usage": one.told(),
        "quality": [
            {"count": count, "quality": quality.names(bits)} for count, bits in one.qualities
        ],
    }


def _local(at_s: int) -> str:
    return datetime.fromtimestamp(int(at_s), UTC).astimezone(ZONE).isoformat()

# SPDX-License-Identifier: EUPL-1.2
"""Usual days and similar buildings over HTTP, for whoever sees what a building uses."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from cloud.demand.usual.peers_service import PeerBuildings, Standing
from cloud.demand.usual.schemas import (
    PeerComparison,
    PeerQuartiles,
    PeerUse,
    UsualRange,
    UsualToday,
    UsualUse,
)
from cloud.demand.usual.service import Compared, UsualDays
from cloud.kit.auth.callers import Seer
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Identifier
from wire import quality

router = APIRouter(tags=["demand"])


def _usual_days(request: Request) -> UsualDays:
    found: UsualDays = request.app.state.demand.usual
    return found


def _peers(request: Request) -> PeerBuildings:
    found: PeerBuildings = request.app.state.demand.peers
    return found


PathId = Annotated[Identifier, Path()]
Days = Annotated[UsualDays, Depends(_usual_days)]
Buildings = Annotated[PeerBuildings, Depends(_peers)]


@router.get("/usual")
async def usual(days: Days, caller: Seer) -> UsualToday:
    """Return what each of the caller's buildings used today, and by this hour of usual days.

    Of who sees more than 50, the first by name; each of the others tells it by itself.
    """
    return _today(days, await days.all(caller))


@router.get("/premises/{premises_id}/usual")
async def usual_of_premises(premises_id: PathId, days: Days, caller: Seer) -> UsualToday:
    """Return what a building used today, and what it had by this hour of days like this."""
    return _today(days, await days.of_premises(caller, premises_id))


@router.get("/premises/{premises_id}/peers")
async def peers_of_premises(
    premises_id: PathId, buildings: Buildings, caller: Seer
) -> PeerComparison:
    """Return a building's last whole month among those of all buildings of its kind.

    Quartiles from which no building can be told: see ``cloud.demand.usual.peers``.
    """
    found = await buildings.of_premises(caller, premises_id)
    return PeerComparison(
        premises_id=premises_id,
        month=f"{found.first:%Y-%m}",
        kind=found.kind,
        per=found.per,
        min_premises=buildings.at_least,
        items=[_peer_use(one) for one in found.standings],
    )


def _today(days: UsualDays, found: Sequence[Compared]) -> UsualToday:
    return UsualToday(day=days.today(), timezone=ZONE.key, items=[_use(one) for one in found])


def _use(one: Compared) -> UsualUse:
    return UsualUse(
        premises_id=one.premises_id,
        utility=one.utility,
        unit=one.unit,
        usage=one.today.usage,
        quality=quality.names(one.today.bits),
        until=one.today.until.astimezone(ZONE) if one.today.until else None,
        missing_hours=one.today.missing_h,
        day_kind=one.kind,
        temperature_c=None if one.temperature_c is None else round(one.temperature_c, 1),
        usual=UsualRange(
            low=round(one.usual.low),
            median=round(one.usual.middle),
            high=round(one.usual.high),
            days=one.usual.days,
            likeness=one.usual.likeness,
        )
        if one.usual
        else None,
        reason=one.reason,
    )


def _peer_use(one: Standing) -> PeerUse:
    return PeerUse(
        utility=one.utility,
        unit=one.unit,
        usage_per=None if one.own is None else round(one.own, 1),
        quality=quality.names(one.bits),
        peers=PeerQuartiles(
            lower=one.quartiles.lower,
            median=one.quartiles.median,
            upper=one.quartiles.upper,
            buildings=one.buildings or 0,
        )
        if one.quartiles
        else None,
        reason=one.reason,
    )

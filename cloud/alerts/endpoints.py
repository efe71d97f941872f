# SPDX-License-Identifier: EUPL-1.2
"""Alerts over HTTP."""

from dataclasses import asdict
from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, StringConstraints

from cloud.alerts import schemas
from cloud.alerts.backtests import (
    BacktestBusyError,
    Backtests,
    BacktestTooLongError,
    NoRulesError,
)
from cloud.alerts.labels import Labels, NotAUseError
from cloud.alerts.models import GROUPS, Alert, LabelledUse, Wanted
from cloud.alerts.models import severity as severity_of
from cloud.alerts.service import AlertResolvedError, Alerts
from cloud.kit.auth.callers import Acknowledger, Labeller, Seer
from cloud.kit.errors import answers
from cloud.kit.hypertable import ZONE
from cloud.kit.pagination import Cursor, Limit
from cloud.kit.schemas import Identifier, Listing, Page

router = APIRouter(tags=["alerts"])


def _alerts(request: Request) -> Alerts:
    found: Alerts = request.app.state.alerts
    return found


def _labels(request: Request) -> Labels:
    found: Labels = request.app.state.labels
    return found


def _backtests(request: Request) -> Backtests:
    found: Backtests = request.app.state.backtests
    return found


Service = Annotated[Alerts, Depends(_alerts)]
BacktestService = Annotated[Backtests, Depends(_backtests)]
LabelService = Annotated[Labels, Depends(_labels)]
PathId = Annotated[Identifier, Path()]
AlertId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$"), Path()]


def _wanted(
    state: Annotated[list[schemas.State] | None, Query(max_length=4)] = None,
    utility: Annotated[list[schemas.Utility] | None, Query(max_length=4)] = None,
    kind: Annotated[list[schemas.Kind] | None, Query(max_length=13)] = None,
    severity: Annotated[list[schemas.Severity] | None, Query(max_length=3)] = None,
    service_point_id: Annotated[Identifier | None, Query()] = None,
    since: Annotated[AwareDatetime | date | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | date | None, Query(alias="to")] = None,
) -> Wanted:
    """Return which alerts a list is to have: all, unless filters say otherwise.

    From and to are of the raising; dates are local days.
    """
    kinds = [one for one in kind or GROUPS if not severity or severity_of(one) in severity]
    return Wanted(
        service_point_id=service_point_id,
        states=state or (),
        utilities=utility or (),
        kinds=kinds if kind or severity else (),
        nothing=not kinds,
        since=_instant(since),
        until=_instant(until),
    )


Filters = Annotated[Wanted, Depends(_wanted)]


@router.get("/alerts")
async def alerts(
    service: Service, caller: Seer, wanted: Filters, limit: Limit = 200, cursor: Cursor = None
) -> Page[schemas.Alert]:
    """Return the alerts of all buildings that the caller sees, newest first."""
    found, next_cursor = await service.page(caller, wanted, limit, cursor)
    return Page(items=[_shown(one) for one in found], next_cursor=next_cursor)


@router.get("/premises/{premises_id}/alerts")
async def alerts_of_premises(
    premises_id: PathId,
    service: Service,
    caller: Seer,
    wanted: Filters,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[schemas.Alert]:
    """Return a building's alerts, newest first."""
    found, next_cursor = await service.of_premises(caller, premises_id, wanted, limit, cursor)
    return Page(items=[_shown(one) for one in found], next_cursor=next_cursor)


@router.get("/alerts/{alert_id}")
async def alert(alert_id: AlertId, service: Service, caller: Seer) -> schemas.AlertInFull:
    """Return an alert, its evidence, and what happened to it."""
    found, history = await service.one(caller, alert_id)
    events = [asdict(one) | {"is_own": one.actor == caller.subject} for one in history]
    return schemas.AlertInFull.model_validate(found.content() | {"history": events})


@router.post("/alerts/{alert_id}/acknowledge", responses=answers(AlertResolvedError))
async def acknowledge(
    alert_id: AlertId,
    service: Service,
    caller: Acknowledger,
    body: schemas.NoteBody | None = None,
) -> schemas.Alert:
    """Note that the caller has seen an alert; harmless when repeated."""
    return _shown(await service.acknowledge(caller, alert_id, _note(body)))


@router.post("/alerts/{alert_id}/snooze", responses=answers(AlertResolvedError))
async def snooze(
    alert_id: AlertId, body: schemas.SnoozeBody, service: Service, caller: Acknowledger
) -> schemas.Alert:
    """Acknowledge an alert for some hours; it is reopened then, unless it is over."""
    return _shown(await service.snooze(caller, alert_id, body.hours, _note(body)))


@router.post("/alerts/{alert_id}/resolve")
async def resolve(
    alert_id: AlertId,
    service: Service,
    caller: Acknowledger,
    body: schemas.NoteBody | None = None,
) -> schemas.Alert:
    """Say that an alert is over; its gateway reopens it if it isn't. Harmless when repeated."""
    return _shown(await service.resolve(caller, alert_id, _note(body)))


@router.post("/alerts/{alert_id}/label", responses=answers(NotAUseError))
async def label(
    alert_id: AlertId, body: schemas.LabelBody, service: LabelService, caller: Labeller
) -> schemas.Alert:
    """Call an alert ordinary use: similar use raises none from now on. Harmless when repeated."""
    return _shown(await service.put(caller, alert_id, body.label, body.note or ""))


@router.delete("/alerts/{alert_id}/label")
async def undo_label(alert_id: AlertId, service: LabelService, caller: Labeller) -> schemas.Alert:
    """Take an alert's label back: similar use raises alerts again. Harmless when repeated."""
    return _shown(await service.undo(caller, alert_id))


@router.get("/service-points/{service_point_id}/labels")
async def labels_of_point(
    service_point_id: PathId, service: LabelService, caller: Seer
) -> Listing[schemas.Label]:
    """Return what was called ordinary use at a service point, the newest first, and by whom."""
    found = await service.of_point(caller, service_point_id)
    return Listing(items=[schemas.Label.model_validate(asdict(one)) for one in found])


@router.post(
    "/service-points/{service_point_id}/backtest",
    responses=answers(BacktestBusyError, BacktestTooLongError, NoRulesError),
)
async def backtest(
    service_point_id: PathId, body: schemas.BacktestBody, service: BacktestService, caller: Seer
) -> schemas.Backtest:
    """Tell what alerts there would have been, by the rules that gateways watch with now.

    Records nothing, and takes up to some minutes.
    """
    labels = None if body.labels is None else [LabelledUse(**vars(one)) for one in body.labels]
    found = await service.run(caller, service_point_id, body.days, labels)
    return schemas.Backtest.model_validate(asdict(found))


def _instant(at: datetime | date | None) -> datetime | None:
    if isinstance(at, datetime) or at is None:
        return at
    return datetime.combine(at, time(), ZONE)


def _note(body: schemas.NoteBody | None) -> str:
    return (body.note if body else None) or ""


def _shown(alert: Alert) -> schemas.Alert:
    return schemas.Alert.model_validate(alert.content())

# SPDX-License-Identifier: EUPL-1.2
"""Alerts over HTTP."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import StringConstraints

from cloud.alerts import schemas
from cloud.alerts.backtests import (
    BacktestBusyError,
    Backtests,
    BacktestTooLongError,
    NoRulesError,
)
from cloud.alerts.labels import Labels, NotAUseError
from cloud.alerts.models import Alert, LabelledUse
from cloud.alerts.service import AlertClearedError, Alerts
from cloud.kit.auth.callers import Acknowledger, Labeller, Seer
from cloud.kit.errors import answers
from cloud.kit.schemas import Identifier, Listing

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


@router.get("/premises/{premises_id}/alerts")
async def alerts_of_premises(
    premises_id: PathId, service: Service, caller: Seer
) -> Listing[schemas.Alert]:
    """Return a building's alerts, newest first."""
    found = await service.of_premises(caller, premises_id)
    return Listing(items=[_shown(alert) for alert in found])


@router.post("/alerts/{alert_id}/acknowledge", responses=answers(AlertClearedError))
async def acknowledge(alert_id: AlertId, service: Service, caller: Acknowledger) -> schemas.Alert:
    """Note that the caller has seen an alert; harmless when repeated."""
    return _shown(await service.acknowledge(caller, alert_id))


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


def _shown(alert: Alert) -> schemas.Alert:
    return schemas.Alert.model_validate(alert.content())

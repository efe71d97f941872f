# SPDX-License-Identifier: EUPL-1.2
"""The routes of alerts: listed by pages, in full, and what people say of them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from cloud.alerts.models import severity
from cloud.alerts.schemas import Alert, AlertInFull, LabelBody, SnoozeBody
from cloud.kit.schemas import Page

if TYPE_CHECKING:
    from tests.fakes.fake_cloud_api import FakeCloud

ME = "user:1"
States = Annotated[list[str] | None, Query()]


def add_alert_routes(router: APIRouter, fake: "FakeCloud") -> None:
    """Add the routes to a router of those who are signed in."""
    _add_lists(router, fake)
    _add_words(router, fake)
    _add_labels(router, fake)


def _add_lists(router: APIRouter, fake: "FakeCloud") -> None:
    def page(
        found: list[dict[str, Any]], states: list[str] | None, limit: int, cursor: str | None
    ) -> Page[Alert]:
        wanted = sorted(
            (one for one in found if not states or one["state"] in states),
            key=lambda one: (one["raised_at"], one["alert_id"]),
            reverse=True,
        )
        start = int(cursor or 0)
        end = start + limit
        return Page(
            items=[Alert.model_validate(_in_full(one)) for one in wanted[start:end]],
            next_cursor=str(end) if end < len(wanted) else None,
        )

    @router.get("/alerts")
    async def alerts(
        state: States = None, limit: int = 200, cursor: str | None = None
    ) -> Page[Alert]:
        return page(list(fake.alerts.values()), state, limit, cursor)

    @router.get("/premises/{premises_id}/alerts")
    async def alerts_of_premises(
        premises_id: str, state: States = None, limit: int = 200, cursor: str | None = None
    ) -> Page[Alert]:
        return page(fake.alerts_of(premises_id), state, limit, cursor)

    @router.get("/alerts/{alert_id}")
    async def alert(alert_id: str) -> AlertInFull:
        found = _alert(fake, alert_id)
        return AlertInFull.model_validate(
            _in_full(found) | {"history": [_raised(found), *fake.said.get(alert_id, [])]}
        )


def _add_words(router: APIRouter, fake: "FakeCloud") -> None:
    @router.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(alert_id: str) -> Alert:
        found = _open(fake, alert_id)
        if found["state"] == "acknowledged":
            found["snoozed_until"] = None
            return Alert.model_validate(_in_full(found))
        return _say(fake, alert_id, "acknowledged", state="acknowledged", snoozed_until=None)

    @router.post("/alerts/{alert_id}/snooze")
    async def snooze(alert_id: str, body: SnoozeBody) -> Alert:
        _open(fake, alert_id)
        until = (datetime.now(UTC) + timedelta(hours=body.hours)).isoformat()
        return _say(fake, alert_id, "snoozed", state="acknowledged", snoozed_until=until)

    @router.post("/alerts/{alert_id}/resolve")
    async def resolve(alert_id: str) -> Alert:
        found = _alert(fake, alert_id)
        if found["state"] == "resolved":
            return Alert.model_validate(_in_full(found))
        now = datetime.now(UTC).isoformat()
        return _say(
            fake, alert_id, "resolved", state="resolved", resolved_at=now, snoozed_until=None
        )


def _add_labels(router: APIRouter, fake: "FakeCloud") -> None:
    @router.post("/alerts/{alert_id}/label")
    async def label(alert_id: str, body: LabelBody) -> Alert:
        found = _alert(fake, alert_id)
        found |= {"label": body.label, "label_id": "la-1"}
        if found["state"] == "raised":
            return _say(fake, alert_id, "acknowledged", state="acknowledged")
        return Alert.model_validate(_in_full(found))

    @router.delete("/alerts/{alert_id}/label")
    async def undo_label(alert_id: str) -> Alert:
        found = _alert(fake, alert_id)
        found |= {"label": None, "label_id": None}
        return Alert.model_validate(_in_full(found))


def _say(fake: "FakeCloud", alert_id: str, verb: str, **changes: Any) -> Alert:
    found = _alert(fake, alert_id)
    found.update(changes)
    said = fake.said.setdefault(alert_id, [])
    said.append(
        {
            "event_id": len(said) + 2,
            "verb": verb,
            "state": found["state"],
            "happened_at": datetime.now(UTC).isoformat(),
            "actor": ME,
            "is_own": True,
            "note": "",
        }
    )
    return Alert.model_validate(_in_full(found))


def _open(fake: "FakeCloud", alert_id: str) -> dict[str, Any]:
    found = _alert(fake, alert_id)
    if found["state"] == "resolved":
        raise HTTPException(409, "It is resolved already.", {"X-Code": "alert-resolved"})
    return found


def _alert(fake: "FakeCloud", alert_id: str) -> dict[str, Any]:
    if alert_id not in fake.alerts:
        raise HTTPException(404, f"There is no alert {alert_id}.")
    return fake.alerts[alert_id]


def _in_full(alert: dict[str, Any]) -> dict[str, Any]:
    """Return an alert with the fields that tests leave out."""
    return {
        "meter_id": "meter-1",
        "severity": severity(alert["kind"]),
        "opened_at": alert["raised_at"],
        "acknowledged_at": None,
        "snoozed_until": None,
        **alert,
    }


def _raised(alert: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": 1,
        "verb": "raised",
        "state": "raised",
        "happened_at": alert["raised_at"],
        "actor": "gateway:gw-1",
        "is_own": False,
        "note": "",
    }

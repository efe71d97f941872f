# SPDX-License-Identifier: EUPL-1.2
"""Alerts and buildings for tests of savings: valid unless told otherwise."""

from datetime import UTC, datetime, timedelta

from cloud.alerts.models import Alert
from cloud.premises.models import Premises

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)


def an_alert(
    kind: str = "continuous_flow",
    *,
    cost_eur: float | None = 2.0,
    ran: timedelta = timedelta(days=2),
) -> Alert:
    """Return 48 litres of water an hour that ran until noon."""
    return Alert(
        alert_id="a-one",
        premises_id="p-one",
        service_point_id="sp-one",
        meter_id="m-one",
        utility="water",
        kind=kind,
        kinds=[kind],
        state="raised",
        raised_at=NOON,
        started_at=NOON - ran,
        opened_at=NOON,
        acknowledged_at=None,
        snoozed_until=None,
        resolved_at=None,
        reported_at=NOON,
        flow_l_per_h=48,
        flow_low_l_per_h=None,
        flow_high_l_per_h=None,
        flow_w=None,
        flow_low_w=None,
        flow_high_w=None,
        volume_l=int(48 * ran / timedelta(hours=1)),
        energy_wh=None,
        confidence=90,
        explanation="",
        ordinary_use="",
        clears_when="",
        hours=[],
        label=None,
        label_id=None,
        cost_eur=cost_eur,
    )


def some_premises() -> Premises:
    return Premises(
        premises_id="p-one",
        name_bg="Сграда",
        name_en="House",
        kind="residential",
        address="a",
        district="Sredets",
        latitude=42.7,
        longitude=23.3,
        households=1,
        floor_area_m2=100,
    )

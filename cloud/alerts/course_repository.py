# SPDX-License-Identifier: EUPL-1.2
"""The tables alerts, alert_findings and alert_events, as what is told and said changes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud.alerts.lifecycle import Said, Standing, Told
from cloud.alerts.models import Alert, AlertEvent, Finding
from cloud.alerts.repository import ALERT, FIGURES
from cloud.kit.database import Connection, lock, row, rows, run

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
EVENT = "event_id, alert_id, verb, state, happened_at, actor, note"


@dataclass(frozen=True, kw_only=True)
class KnownFinding:
    """What is known of a finding, and whose alert it is."""

    finding_id: str
    alert_id: str
    told: Told
    reported_at: datetime
    lost: int


@dataclass(frozen=True, kw_only=True)
class Story:
    """A meter's alert that a finding may belong to."""

    alert_id: str
    raised_at: datetime
    resolved_at: datetime | None


async def lock_point(connection: Connection, service_point_id: str) -> None:
    """Hold the service point's alerts: gateways that find the same at once raise one alert."""
    await lock(connection, f"alerts of {service_point_id}")


async def locked(connection: Connection, alert_id: str) -> tuple[Alert, Said] | None:
    """Return an alert that nobody else changes meanwhile and what was said of it, or None."""
    found = await row(
        connection,
        f"select {ALERT}, ended_by_hand_at, woken_at from alerts where alert_id = %(alert_id)s"
        " for update",
        alert_id=alert_id,
    )
    if found is None:
        return None
    said = Said(
        acknowledged_at=found["acknowledged_at"],
        resolved_at=found.pop("ended_by_hand_at"),
        woken_at=found.pop("woken_at"),
    )
    return Alert(**found), said


async def story_of(connection: Connection, gateway_id: str, finding_id: str) -> str | None:
    """Return the alert that a finding belongs to, or None if it is not known yet."""
    found = await row(
        connection,
        "select alert_id from alert_findings"
        " where gateway_id = %(gateway_id)s and finding_id = %(finding_id)s",
        gateway_id=gateway_id,
        finding_id=finding_id,
    )
    return found["alert_id"] if found else None


async def stories(
    connection: Connection, service_point_id: str, meter_id: str, kinds: Sequence[str]
) -> list[Story]:
    """Return a meter's alerts of these kinds, newest first.

    One that was called ordinary use is left out: what is told after that is something else.
    """
    found = await rows(
        connection,
        "select alert_id, raised_at, resolved_at from alerts"
        " where service_point_id = %(service_point_id)s and kind = any(%(kinds)s)"
        " and (meter_id is null or meter_id = %(meter_id)s)"
        " and not exists (select from alert_labels l"
        " where l.alert_id = alerts.alert_id and l.undone_at is null)"
        " order by raised_at desc limit 20",
        service_point_id=service_point_id,
        meter_id=meter_id,
        kinds=list(kinds),
    )
    return [Story(**fields) for fields in found]


async def add_alert(connection: Connection, finding: Finding, **belongs_to: str) -> None:
    """Add an alert for a finding, without the finding itself.

    ``belongs_to`` are its alert_id, gateway_id, premises_id, service_point_id, utility, meter_id.
    """
    told = _figures(finding) | {
        "finding_id": finding.finding_id,
        "state": finding.state,
        "raised_at": finding.raised_at,
        "started_at": finding.started_at,
        "opened_at": finding.raised_at,
        "reported_at": finding.reported_at,
        "volume_l": finding.volume_l,
        "energy_wh": finding.energy_wh,
        **belongs_to,
    }
    await run(
        connection,
        f"insert into alerts ({', '.join(told)})"
        f" values ({', '.join(f'%({name})s' for name in told)})",
        **told | {"state": "raised"},
    )


def _figures(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in FIGURES} | {"hours": Jsonb(finding.hours)}


async def findings(connection: Connection, alert_id: str) -> dict[tuple[str, str], KnownFinding]:
    """Return an alert's findings by gateway and id, the newest last."""
    found = await rows(
        connection,
        "select * from alert_findings where alert_id = %(alert_id)s"
        " order by raised_at, gateway_id, finding_id",
        alert_id=alert_id,
    )
    return {
        (one["gateway_id"], one["finding_id"]): KnownFinding(
            finding_id=one["finding_id"],
            alert_id=one["alert_id"],
            told=Told(
                gateway_id=one["gateway_id"],
                raised_at=one["raised_at"],
                flowed_at=one["flowed_at"],
                cleared_at=one["cleared_at"],
            ),
            reported_at=one["reported_at"],
            lost=one["lost"],
        )
        for one in found
    }


async def put_finding(connection: Connection, alert_id: str, finding: Finding, told: Told) -> None:
    """Write down a finding as its latest report has it."""
    await run(
        connection,
        "insert into alert_findings (gateway_id, finding_id, alert_id, raised_at, started_at,"
        " flowed_at, cleared_at, reported_at, lost) values (%(gateway_id)s, %(finding_id)s,"
        " %(alert_id)s, %(raised_at)s, %(started_at)s, %(flowed_at)s, %(cleared_at)s,"
        " %(reported_at)s, %(lost)s) on conflict (gateway_id, finding_id) do update set"
        " started_at = excluded.started_at, flowed_at = excluded.flowed_at,"
        " cleared_at = excluded.cleared_at, reported_at = excluded.reported_at,"
        " lost = excluded.lost",
        **vars(told),
        finding_id=finding.finding_id,
        alert_id=alert_id,
        started_at=finding.started_at,
        reported_at=finding.reported_at,
        lost=finding.lost,
    )


async def flowed(connection: Connection, finding_id: str, told: Told) -> None:
    """Note of a finding only until when it surely flowed: a report that came late."""
    await run(
        connection,
        "update alert_findings set flowed_at = %(flowed_at)s"
        " where gateway_id = %(gateway_id)s and finding_id = %(finding_id)s",
        flowed_at=told.flowed_at,
        gateway_id=told.gateway_id,
        finding_id=finding_id,
    )


async def show_finding(
    connection: Connection, alert_id: str, gateway_id: str, finding: Finding
) -> None:
    """Make an alert show the figures of its newest finding."""
    told = _figures(finding) | {"gateway_id": gateway_id, "finding_id": finding.finding_id}
    await run(
        connection,
        f"update alerts set {', '.join(f'{name} = %({name})s' for name in told)}"
        " where alert_id = %(alert_id)s",
        **told,
        alert_id=alert_id,
    )


async def add_up(connection: Connection, alert_id: str) -> None:
    """Make an alert as old as its oldest finding, and its loss that of all together."""
    await run(
        connection,
        "update alerts set raised_at = of_all.raised_at, started_at = of_all.started_at,"
        " reported_at = of_all.reported_at,"
        " volume_l = case when volume_l is not null then of_all.lost end,"
        " energy_wh = case when energy_wh is not null then of_all.lost end"
        " from (select min(raised_at) as raised_at, min(started_at) as started_at,"
        " max(reported_at) as reported_at, sum(lost)::bigint as lost"
        " from alert_findings where alert_id = %(alert_id)s) of_all where alert_id = %(alert_id)s",
        alert_id=alert_id,
    )


async def stand(
    connection: Connection,
    alert_id: str,
    where: Standing,
    said: Said,
    snoozed_until: datetime | None,
) -> Alert:
    """Write down where an alert stands now, and return it."""
    found = await row(
        connection,
        "update alerts set state = %(state)s, opened_at = %(opened_at)s,"
        " resolved_at = %(ended_at)s, acknowledged_at = %(acknowledged_at)s,"
        " ended_by_hand_at = %(resolved_at)s, woken_at = %(woken_at)s,"
        " snoozed_until = %(snoozed_until)s, changed_at = clock_timestamp()"
        f" where alert_id = %(alert_id)s returning {ALERT}",
        alert_id=alert_id,
        snoozed_until=snoozed_until,
        **vars(where) | {"state": where.state.value},
        **vars(said),
    )
    assert found is not None  # noqa: S101 - alerts are never deleted
    return Alert(**found)


async def add_event(
    connection: Connection, alert: Alert, verb: str, happened_at: datetime, actor: str, note: str
) -> AlertEvent:
    """Write down what happened to an alert."""
    found = await row(
        connection,
        "insert into alert_events (alert_id, verb, state, happened_at, actor, note) values"
        " (%(alert_id)s, %(verb)s, %(state)s, %(happened_at)s, %(actor)s, %(note)s)"
        f" returning {EVENT}",
        alert_id=alert.alert_id,
        verb=verb,
        state=alert.state,
        happened_at=happened_at,
        actor=actor,
        note=note,
    )
    assert found is not None  # noqa: S101 - an insert returns its row
    return AlertEvent(**found)


async def events(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """Return what happened to an alert, in the order in which it became known."""
    found = await rows(
        connection,
        f"select {EVENT} from alert_events where alert_id = %(alert_id)s"
        " order by event_id limit 1000",
        alert_id=alert_id,
    )
    return [AlertEvent(**fields) for fields in found]


async def event(connection: Connection, event_id: int) -> AlertEvent | None:
    """Return one event, or None."""
    found = await row(
        connection,
        f"select {EVENT} from alert_events where event_id = %(event_id)s",
        event_id=event_id,
    )
    return AlertEvent(**found) if found else None

# SPDX-License-Identifier: EUPL-1.2
"""Notices: people who subscribed are told what happens to alerts, each of each event once.

Whom an event concerns is worked out in a job of its own, so that no batch waits for it. A notice is
a row before it is a letter: an event and a subscription have one, however often jobs run. A process
that is killed between handing a letter in and writing that down hands it in again, with the same
Message-ID (mail) or Topic (push): a leak told twice harms less than one not told.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import structlog
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from cloud.accounts.readers import people, subjects_near
from cloud.alerts import course_repository, letters
from cloud.alerts import repository as alerts
from cloud.alerts import subscriptions_repository as repository
from cloud.alerts.course import Course
from cloud.alerts.messages import API
from cloud.alerts.models import CRITICAL, Alert, AlertEvent, Subscription
from cloud.alerts.push import Browser, Push, PushGoneError, PushRefusedError
from cloud.kit.auth.rights import Principal
from cloud.kit.auth.sight import Sight
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError
from cloud.kit.hypertable import ZONE
from cloud.kit.jobs import Jobs
from cloud.kit.mail import Mail, MailboxRefusedError, MailRefusedError
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import points_by_id, premises_by_id

log = structlog.get_logger(__name__)

SEND = "send_notice"
# That somebody has seen it is no news worth a letter.
NEWS = frozenset({"raised", "reopened", "resolved"})
HOLD = timedelta(seconds=60)  # longer than any attempt takes
PAUSES_S = (60, 300, 1800, 7200, 21600, 43200, 86400)  # 46 h in all


class NoticeInHandError(CloudError):
    """Another process is sending this notice just now."""

    status = 409
    code = "notice-in-hand"

    def __init__(self) -> None:
        super().__init__("Another process is sending this notice; see whether it did.")


class Pauses(BaseRetryStrategy):
    """When a notice that wasn't taken is tried again; after the last pause we give up."""

    def __init__(self, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._pauses_s = pauses_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to try again, or None to give up."""
        if isinstance(exception, NoticeInHandError):
            return RetryDecision(retry_in={"seconds": int(HOLD.total_seconds())})
        if job.attempts >= len(self._pauses_s):
            log.error("notice_given_up", event_id=job.task_kwargs.get("event_id"))
            return None
        return RetryDecision(retry_in={"milliseconds": int(self._pauses_s[job.attempts] * 1000)})


class Notices:
    """Tells people."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        course: Course,
        mail: Mail,
        push: Push,
        base_url: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._course = course
        self._mail = mail
        self._push = push
        self._base_url = base_url

    async def tell(self, event_id: int) -> None:
        """Queue a notice for everybody who wants to hear of an event, and may."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            event, alert = await _what(connection, event_id)
            if event.verb not in NEWS:
                return
            point, building = await _where(connection, alert)
            near = await subjects_near(connection, building.premises_id, point.supplier_id)
            known = await people(connection, near)
            for one in await repository.wanting(connection, alert, list(known)):
                due_at = due_at_of(one, alert, now)
                if _may_hear(known[one.owner], point, alert) and await repository.add_notice(
                    connection, event_id, one.subscription_key, now, due_at
                ):
                    await self._jobs.queue_at(
                        connection, SEND, due_at, event_id=str(event_id), key=one.subscription_key
                    )

    async def send(self, event_id: int, key: str) -> None:
        """Make one attempt to send a notice, or raise why it is to be tried again."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            is_ours = await repository.claim(connection, event_id, key, now, HOLD)
            if is_ours is None:
                return
            if not is_ours:
                raise NoticeInHandError
            one = await repository.of_key(connection, key)
            event, alert = await _what(connection, event_id)
            alert = await self._course.shown(connection, alert)
            point, building = await _where(connection, alert)
            reader = (await people(connection, [one.owner] if one else [])).get(
                one.owner if one else ""
            )
        if one is None or one.ended_at is not None or reader is None:
            await self._settle(event_id, key, "nobody to tell", over=True)
        elif not _may_hear(reader, point, alert):
            await self._settle(event_id, key, "not theirs to see any more", over=True)
        else:
            await self._attempt(event, one, reader, alert, building, point)

    async def _attempt(
        self,
        event: AlertEvent,
        one: Subscription,
        reader: Principal,
        alert: Alert,
        building: Premises,
        point: ServicePoint,
    ) -> None:
        key = one.subscription_key
        try:
            if one.channel == "email":
                await self._write(event, one, reader, alert, building, point)
            else:
                await self._show(event, one, alert, building, point)
        except (MailboxRefusedError, PushGoneError) as error:
            await self._end(one, str(error))
            await self._settle(event.event_id, key, str(error), over=True)
        except (MailRefusedError, PushRefusedError) as error:
            await self._settle(event.event_id, key, str(error), over=True)
        except CloudError as error:
            await self._settle(event.event_id, key, str(error), over=False)
            raise
        else:
            await self._settle(event.event_id, key, "sent", over=True)

    async def _write(
        self,
        event: AlertEvent,
        one: Subscription,
        reader: Principal,
        alert: Alert,
        building: Premises,
        point: ServicePoint,
    ) -> None:
        stop_url = f"{self._base_url}{API}/unsubscribe/{one.subscription_key}"
        written = letters.letter(
            alert,
            event.verb,
            building,
            point,
            one.language,
            app_url=self._base_url + _page_of(alert),
            stop_url=stop_url,
        )
        await self._mail.send(
            reader.email or "",
            written.subject,
            written.text,
            written.html,
            name=_name(event, one),
            # Source: RFC 8058, 3.1: both headers, and the link takes a POST without a session
            headers={
                "List-Unsubscribe": f"<{stop_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )

    async def _show(
        self,
        event: AlertEvent,
        one: Subscription,
        alert: Alert,
        building: Premises,
        point: ServicePoint,
    ) -> None:
        told = letters.lines(alert, event.verb, building, point, one.language)
        assert one.push_endpoint and one.push_key and one.push_auth  # noqa: S101, PT018 - a check
        await self._push.send(
            Browser(endpoint=one.push_endpoint, key=one.push_key, auth=one.push_auth),
            {
                "title": told[0],
                "body": "\n".join(told[1:4]),
                "tag": alert.alert_id,
                "url": _page_of(alert),
                "lang": one.language,
                "severity": alert.severity,
            },
            alert.severity,
            # RFC 8030, 5.4: at most 32 characters of base64url
            alert.alert_id.replace("-", "")[:32],
        )

    async def _settle(self, event_id: int, key: str, outcome: str, *, over: bool) -> None:
        now = self._clock.now() if over else None
        async with self._database.transaction(as_system=True) as connection:
            await repository.settle(connection, event_id, key, outcome, now)
        log.info("notice_attempted", event_id=event_id, outcome=outcome if not over else "over")

    async def _end(self, one: Subscription, because: str) -> None:
        async with self._database.transaction(as_system=True) as connection:
            await repository.end(connection, one.subscription_key, because, self._clock.now())
        log.warning("subscription_ended", channel=one.channel)


async def _what(connection: Connection, event_id: int) -> tuple[AlertEvent, Alert]:
    event = await course_repository.event(connection, event_id)
    assert event is not None  # noqa: S101 - queued with it, and never deleted
    alert = await alerts.alert(connection, event.alert_id)
    assert alert is not None  # noqa: S101 - alerts are never deleted
    return event, alert


async def _where(connection: Connection, alert: Alert) -> tuple[ServicePoint, Premises]:
    points = await points_by_id(connection, [alert.service_point_id])
    buildings = await premises_by_id(connection, [alert.premises_id])
    return points[alert.service_point_id], buildings[alert.premises_id]


def _page_of(alert: Alert) -> str:
    """Return where the app shows an alert."""
    return f"/#/alerts/{alert.alert_id}"


def _name(event: AlertEvent, one: Subscription) -> str:
    """Return the same name for every attempt; the key itself is nobody's but the reader's."""
    digest = hashlib.sha256(one.subscription_key.encode()).hexdigest()
    return f"alert-{event.event_id}-{digest[:16]}"


def _may_hear(reader: Principal, point: ServicePoint, alert: Alert) -> bool:
    """Tell whether a reader may see an alert now: as the application and the database have it."""
    sight = Sight.of(reader)
    if not sight.sees_point(point.premises_id, point.service_point_id, point.supplier_id):
        return False
    own = [grant for grant in sight.grants if grant.premises_id == point.premises_id]
    return not own or any(one.since is None or one.since <= alert.raised_at for one in own)


def due_at_of(one: Subscription, alert: Alert, now: datetime) -> datetime:
    """Return when somebody wants to hear of it: now, or once their quiet hours are over."""
    return now if alert.severity == CRITICAL else after_quiet(one, now)


def after_quiet(one: Subscription, now: datetime) -> datetime:
    """Return ``now``, or the end of somebody's quiet hours if it lies in them."""
    if one.quiet_from is None or one.quiet_to is None:
        return now
    local = now.astimezone(ZONE)
    minute = local.hour * 60 + local.minute
    is_quiet = (
        one.quiet_from <= minute < one.quiet_to
        if one.quiet_from <= one.quiet_to
        else minute >= one.quiet_from or minute < one.quiet_to
    )
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=one.quiet_to <= minute)
    return datetime.combine(day, time(one.quiet_to // 60, one.quiet_to % 60), ZONE)

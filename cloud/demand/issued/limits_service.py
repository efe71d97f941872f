# SPDX-License-Identifier: EUPL-1.2
"""Limits, for those whose they are: set, looked at with every forecast, and told of.

A limit is the supplier's and not that of the token or person that set it. Webhooks are told in the
transaction that notes it; the letter is a job of the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import structlog
from procrastinate import RetryStrategy

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import check_hours
from cloud.demand.issued import limits_letters as letters
from cloud.demand.issued import limits_repository as repository
from cloud.demand.issued.limits import Outlook, news, outlooks
from cloud.demand.issued.limits_repository import Limit, ToldDay
from cloud.demand.runs.repository import Run
from cloud.kit import audit, metrics
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.kit.jobs import Jobs
from cloud.kit.mail import Mail, MailRefusedError
from cloud.webhooks.models import Event
from cloud.webhooks.service import Outbox

log = structlog.get_logger(__name__)

EVENT = "demand.limit_forecast"
TELL = "demand.tell_of_limit"
MAX_OF_SUPPLIER = 200
# As letters to webhooks' owners: a mail server that is away for a morning costs nobody theirs.
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=5)


class TooManyLimitsError(CloudError):
    """A supplier has as many limits as it may have."""

    status = 409
    code = "too-many-limits"

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_OF_SUPPLIER} limits already; delete one first.")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a limit is for; the fields of ``Limit`` that people choose."""

    series_id: str
    quantity: str
    upper: float
    probability: float
    days_ahead: int
    contact: str | None


class Limits:
    """Keeps limits, and tells of days that will probably pass them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        history: DemandHistory,
        outbox: Outbox,
        jobs: Jobs,
        mail: Mail,
        base_url: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._history = history
        self._outbox = outbox
        self._jobs = jobs
        self._mail = mail
        self._base_url = base_url

    async def put(self, caller: Principal, limit_id: str, wish: Wish) -> Limit:
        """Set or change a limit of the caller's supplier; repeating it changes nothing."""
        series = await self._history.one(caller, wish.series_id)
        check_hours(caller, series)
        if wish.contact is not None:
            self._mail.require()
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, f"demand-limit:{limit_id}")
            before = await repository.one(connection, limit_id)
            if before is not None:
                self._check_own(caller, before)
                if before.series_id != wish.series_id:
                    raise InvalidRequestError(
                        f"Limit {limit_id} is of {before.series_id}; set another for"
                        f" {wish.series_id}."
                    )
            whose = _whose(caller)
            if before is None and await repository.count(connection, whose) >= MAX_OF_SUPPLIER:
                raise TooManyLimitsError
            limit = Limit(
                limit_id=limit_id,
                supplier_id=before.supplier_id if before else whose,
                made_by=before.made_by if before else caller.subject,
                made_at=before.made_at if before else self._clock.now(),
                **vars(wish),
            )
            if limit != before:
                await repository.put(connection, limit)
                await repository.forget_days(connection, limit_id)
                await _record(connection, caller, "put", limit_id, **vars(wish))
        return limit

    async def all(self, caller: Principal) -> list[Limit]:
        """Return the limits of the caller's supplier, everybody's for an operator."""
        if caller.role is not Role.OPERATOR and caller.supplier_id is None:
            return []
        async with self._database.transaction(as_system=True) as connection:
            return await repository.limits(connection, _whose(caller))

    async def delete(self, caller: Principal, limit_id: str) -> None:
        """Forget a limit of the caller's supplier, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            known = await repository.one(connection, limit_id)
            if known is None:
                raise NotFoundError("limit", limit_id)
            self._check_own(caller, known)
            await repository.delete(connection, limit_id)
            await _record(connection, caller, "deleted", limit_id, series_id=known.series_id)

    def _check_own(self, caller: Principal, limit: Limit) -> None:
        if caller.role is not Role.OPERATOR and (
            limit.supplier_id is None or limit.supplier_id != caller.supplier_id
        ):
            raise NotFoundError("limit", limit.limit_id)

    async def look(self, runs: Sequence[Run]) -> int:
        """Look at what is forecast now, and tell whom it concerns; return how many times.

        Looking again at the same forecasts tells nobody anything.
        """
        by_series = {one.series_id: one for one in runs}
        async with self._database.transaction(as_system=True) as connection:
            limits = await repository.of_series(connection, list(by_series))
        if not limits:
            return 0
        found = await self._history.all({one.series_id for one in limits})
        series = {one.series_id: one for one in found}
        told = 0
        for limit in limits:
            if limit.series_id in series and await self._still_sees(limit):
                told += await self._look_at(
                    limit, series[limit.series_id], by_series[limit.series_id]
                )
        return told

    async def _still_sees(self, limit: Limit) -> bool:
        """Tell whether the limit's supplier may see the series: suppliers of it change."""
        if limit.supplier_id is None:
            return True
        supplier = Principal(
            subject=limit.made_by, role=Role.UTILITY, supplier_id=limit.supplier_id
        )
        try:
            await self._history.one(supplier, limit.series_id)
        except NotFoundError:
            log.warning("limit_of_a_series_not_seen", limit=limit.limit_id)
            return False
        return True

    async def _look_at(self, limit: Limit, series: Series, run: Run) -> int:
        today = run.issued_at.astimezone(ZONE).date()
        last = today + timedelta(days=limit.days_ahead)
        told = 0
        for outlook in outlooks(run, limit.quantity, limit.upper):
            if today < outlook.day <= last:
                async with self._database.transaction(as_system=True) as connection:
                    told += await self._look_on(connection, limit, series, run, outlook)
        return told

    async def _look_on(
        self, connection: Connection, limit: Limit, series: Series, run: Run, outlook: Outlook
    ) -> int:
        await lock(connection, f"demand-limit:{limit.limit_id}")
        before = await repository.told(connection, limit.limit_id, outlook.day)
        if before is not None and before.issued_at >= run.issued_at:
            return 0
        step, what = news(before.step if before else 0, outlook.probability, limit.probability)
        if what is None:
            return 0
        now = self._clock.now()
        note = ToldDay(
            step=step, probability=outlook.probability, told_at=now, issued_at=run.issued_at
        )
        await repository.tell(connection, limit.limit_id, outlook.day, note)
        content = _content(limit, series, run, outlook, what)
        await self._outbox.publish(
            connection,
            Event(
                type=EVENT,
                occurred_at=now,
                supplier_id=limit.supplier_id,
                utility=series.utility,
                premises_id=series.premises_id,
                service_point_id=series.service_point_id,
                kind=limit.quantity,
                severity=None,
                content=content,
            ),
        )
        if limit.contact is not None:
            await self._jobs.queue(
                connection,
                TELL,
                limit_id=limit.limit_id,
                day=outlook.day.isoformat(),
                what=what,
                issued_at=run.issued_at.isoformat(),
            )
        metrics.DEMAND_LIMIT_NEWS.labels(what).inc()
        log.info("limit_forecast", limit=limit.limit_id, day=str(outlook.day), what=what)
        return 1

    async def write(self, limit_id: str, day: str, what: str, issued_at: str) -> None:
        """Send the letter about a day; one that is sent again bears the same name."""
        async with self._database.transaction(as_system=True) as connection:
            limit = await repository.one(connection, limit_id)
            note = None
            if limit is not None:
                note = await repository.told(connection, limit_id, date.fromisoformat(day))
        if limit is None or note is None or limit.contact is None or not self._mail.is_on:
            log.warning("limit_letter_not_sent", limit=limit_id, day=day)
            return
        [series] = await self._history.all([limit.series_id])
        letter = letters.letter(
            limit, series, date.fromisoformat(day), what, note.probability, self._base_url
        )
        name = f"limit-{limit_id}-{day}-{what}-{issued_at[:13]}".replace(":", "")
        try:
            await self._mail.send(limit.contact, letter.subject, letter.text, name=name)
        except MailRefusedError as error:
            log.error("limit_letter_not_sent", limit=limit_id, day=day, reason=str(error))


def _whose(caller: Principal) -> str | None:
    return None if caller.role is Role.OPERATOR else caller.supplier_id


def _content(limit: Limit, series: Series, run: Run, outlook: Outlook, what: str) -> dict[str, Any]:
    return {
        "limit_id": limit.limit_id,
        "what": what,
        "series": {
            "series_id": series.series_id,
            "name": {"bg": series.name_bg, "en": series.name_en},
            "utility": series.utility,
            "level": series.level,
        },
        "quantity": limit.quantity,
        "unit": series.unit,
        "upper": limit.upper,
        "threshold": limit.probability,
        "day": outlook.day.isoformat(),
        "probability": outlook.probability,
        "p05": round(outlook.p05, 3),
        "p50": round(outlook.p50, 3),
        "p95": round(outlook.p95, 3),
        "is_calibrated": outlook.is_calibrated,
        "issued_at": run.issued_at.isoformat(),
        "model_version": run.model_version,
        "fallback_reason": run.fallback_reason,
    }


async def _record(
    connection: Connection,
    caller: Principal,
    what: str,
    limit_id: str,
    *,
    contact: str | None = None,
    **details: Any,
) -> None:
    await audit.record(
        connection,
        caller,
        f"demand_limit.{what}",
        f"demand_limit:{limit_id}",
        personal={"contact": contact} if contact else None,
        **details,
    )


def register(jobs: Jobs, limits: Limits) -> None:
    """Tell the worker how to write letters about limits."""

    @jobs.app.task(name=TELL, queue="letters", retry=AGAIN)
    async def tell_of_limit(limit_id: str, day: str, what: str, issued_at: str) -> None:
        await limits.write(limit_id, day, what, issued_at)

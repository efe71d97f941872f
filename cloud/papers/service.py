# SPDX-License-Identifier: EUPL-1.2
"""Papers as PDF, for callers who may see what they tell of."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from cloud.alerts.models import Alert, Wanted
from cloud.alerts.service import Alerts
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.meters.service import meters_by_id
from cloud.papers import monthly, self_reading
from cloud.papers.client_numbers import numbers_of
from cloud.papers.monthly import Month, RegisterThen, UtilityMonths
from cloud.papers.press import Press
from cloud.papers.self_reading import Sheet, WaterMeter
from cloud.papers.words import Language
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import one_premises, supplier_names, visible_points
from cloud.readings.registers import RegisterAt, Registers, RegisterUnknownError
from cloud.readings.service import NOT_USED, Readings, Span
from cloud.readings.usage import DAY
from cloud.tariffs.costs import Costs, seen_from
from cloud.tariffs.pricing import midnight

ORDER = ("water", "electricity", "gas", "heat")
A_DAY = timedelta(days=1)
OPEN_SINCE = timedelta(days=366)  # alerts that were raised earlier and still are open
MAX_ALERTS = 500


class Papers:
    """A month's report, and the sheet of dials."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        readings: Readings,
        registers: Registers,
        costs: Costs,
        alerts: Alerts,
        press: Press,
    ) -> None:
        self._database = database
        self._clock = clock
        self._readings = readings
        self._registers = registers
        self._costs = costs
        self._alerts = alerts
        self._press = press

    async def report(
        self, caller: Principal, premises_id: str, first: date, language: Language
    ) -> bytes:
        """Return the report of the month that begins with ``first``, as far as it is over."""
        with self._press.place(caller.owner):
            month = await self._month(caller, premises_id, first)
            told = await asyncio.to_thread(monthly.told, month, language)
            return await self._press.pdf("report", told)

    async def self_reading(
        self, caller: Principal, premises_id: str, day: date, language: Language
    ) -> bytes:
        """Return the sheet of a building's water meters as they were on a local day."""
        if day > self._clock.now().astimezone(ZONE).date():
            raise InvalidRequestError(f"Nobody knows yet what meters will show on {day}.")
        with self._press.place(caller.owner):
            sheet = await self._sheet(caller, premises_id, day)
            return await self._press.pdf("self_reading", self_reading.told(sheet, language))

    async def _sheet(self, caller: Principal, premises_id: str, day: date) -> Sheet:
        premises, points = await self._seen(caller, premises_id)
        water = [one for one in points if one.type.utility == "water"]
        async with self._database.transaction() as connection:
            numbers = await numbers_of(connection, water)
            suppliers = await supplier_names(
                connection, {one.supplier_id for one in water if one.supplier_id}
            )
        meters = [
            WaterMeter(
                point=one,
                supplier=suppliers.get(one.supplier_id or ""),
                client_number=numbers.get(one.service_point_id),
                serial=serial,
                found=found,
            )
            for one in water
            for serial, found in [await self._on_day(caller, one, day)]
        ]
        return Sheet(premises=premises, day=day, now=self._clock.now(), meters=meters)

    async def _seen(
        self, caller: Principal, premises_id: str
    ) -> tuple[Premises, list[ServicePoint]]:
        async with self._database.transaction() as connection:
            premises = await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
        return premises, sorted(points, key=lambda one: ORDER.index(one.type.utility))

    async def _month(self, caller: Principal, premises_id: str, first: date) -> Month:
        premises, points = await self._seen(caller, premises_id)
        now = self._clock.now()
        today = now.astimezone(ZONE).date()
        end = (first + timedelta(days=31)).replace(day=1)
        is_over = end <= today
        whole_days = max((min(end, today) - first).days, 0)
        since = max((seen_from(caller, one) for one in points), default=first)
        used = [one for one in points if one.reading_type not in NOT_USED]
        utilities = [one for one in ORDER if any(each.type.utility == one for each in used)]
        bounds = [midnight(first), min(midnight(end), now)] if first <= today else []
        return Month(
            premises=premises,
            first=first,
            end=end,
            now=now,
            is_over=is_over,
            whole_days=whole_days,
            since=since if first < since else None,
            utilities=[
                await self._months(caller, premises_id, one, first, end, today) for one in utilities
            ],
            reckoned=await self._costs.of_premises(caller, premises_id, None, first, end),
            registers=[
                RegisterThen(point=one, at=at, serial=serial, found=found)
                for one in points
                for at in bounds
                for serial, found in [await self._at(caller, one, at)]
            ],
            alerts=await self._of_month(caller, premises_id, first, end),
            names={one.service_point_id: one for one in points},
        )

    async def _months(
        self, caller: Principal, premises_id: str, utility: str, first: date, end: date, today: date
    ) -> UtilityMonths:
        """Return a utility's days; of a running month up to today, of the others as many."""
        whole = (today - first).days if first <= today < end else None
        found = []
        unit = ""
        before = (first - A_DAY).replace(day=1)
        year = first.replace(year=first.year - 1)
        for begin in (first, before, year):
            stop = (begin + timedelta(days=31)).replace(day=1)
            if whole is not None and begin != first:
                stop = min(stop, begin + max(whole, 1) * A_DAY)
            span = Span(resolution=DAY, first=begin, end=stop)
            unit, days, _ = await self._readings.usage_of_premises(
                caller, premises_id, utility, span
            )
            found.append(days)
        ours = [one for one in found[0] if one.start.astimezone(ZONE).date() <= today]
        return UtilityMonths(
            utility=utility, unit=unit, days=ours, month_before=found[1], year_before=found[2]
        )

    async def _of_month(
        self, caller: Principal, premises_id: str, first: date, end: date
    ) -> Sequence[Alert]:
        """Return the alerts that were raised in the month, or earlier and were not over by then."""
        since = midnight(first)
        wanted = Wanted(since=since - OPEN_SINCE, until=midnight(end))
        found, _ = await self._alerts.of_premises(caller, premises_id, wanted, MAX_ALERTS, None)
        return [
            one
            for one in found
            if one.raised_at >= since or one.resolved_at is None or one.resolved_at >= since
        ]

    async def _at(
        self, caller: Principal, point: ServicePoint, at: datetime
    ) -> tuple[str | None, RegisterAt | None]:
        """Return the meter's serial number and its register at an instant, as far as it is seen."""
        if at < midnight(seen_from(caller, point)):
            return None, None
        try:
            _, found = await self._registers.at(caller, point.service_point_id, at)
        except RegisterUnknownError:
            return None, None
        meter_id = found.installation.meter_id
        async with self._database.transaction() as connection:
            meters = await meters_by_id(connection, [meter_id])
        return meters[meter_id].serial, found

    async def _on_day(
        self, caller: Principal, point: ServicePoint, day: date
    ) -> tuple[str | None, RegisterAt | None]:
        """Return the last reading of a local day; else the register at its noon."""
        end = min(midnight(day + A_DAY) - timedelta(microseconds=1), self._clock.now())
        serial, found = await self._at(caller, point, end)
        if found is not None and found.before is not None and found.before.read_at >= midnight(day):
            # what the dial showed then; nothing of what came after
            known = found.before
            return serial, replace(
                found,
                at=known.read_at,
                register=known.register,
                quality=known.quality,
                after=None,
            )
        noon = datetime.combine(day, time(12), ZONE)
        return await self._at(caller, point, min(noon, end))

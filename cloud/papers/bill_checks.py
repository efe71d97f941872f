# SPDX-License-Identifier: EUPL-1.2
"""Bill checks: what we know of a bill's period, gathered for ``bill_check`` to compare."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.papers.bill_check import compare
from cloud.papers.bill_facts import (
    Billed,
    Break,
    Comparison,
    Neighbour,
    OurBound,
    OurPrice,
    Ours,
    Priced,
)
from cloud.papers.figures import bill_unit
from cloud.premises.models import ServicePoint
from cloud.readings.models import IntervalUsage, Known
from cloud.readings.registers import RegisterEpoch, Registers, RegisterUnknownError
from cloud.readings.service import Readings, Span
from cloud.readings.usage import DAY
from cloud.tariffs.book import PriceBook
from cloud.tariffs.costs import Costs, Reckoned, seen_from
from cloud.tariffs.models import Period, Use, Version
from cloud.tariffs.pricing import bill, midnight
from wire import quality

MAX_DAYS = 400  # bills are of a month, or of the year at most
NEARBY_DAYS = 10  # a reader comes some days before or after; a number further off wasn't read
A_DAY = timedelta(days=1)
A_YEAR = timedelta(days=366)


class BillChecks:
    """Bills beside our registers and prices, for callers who may see them."""

    def __init__(
        self,
        database: Database,
        registers: Registers,
        readings: Readings,
        costs: Costs,
        book: PriceBook,
        clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._registers = registers
        self._readings = readings
        self._costs = costs

    async def check(
        self, caller: Principal, service_point_id: str, first: date, end: date, billed: Billed
    ) -> tuple[ServicePoint, Ours, Comparison]:
        """Return what is known of the local days [first, end), and what sets the bill apart."""
        if not 0 < (end - first).days <= MAX_DAYS:
            raise InvalidRequestError(
                f"From {first} to {end} is not a bill's period of 1 to {MAX_DAYS} days."
            )
        point, epochs = await self._registers.epochs(caller, service_point_id)
        if first < seen_from(caller, point):
            raise InvalidRequestError(
                f"You see service point {service_point_id} from {seen_from(caller, point)} on; the"
                f" bill begins on {first}."
            )
        span = Span(resolution=DAY, first=first, end=end)
        reckoned, intervals = await self._costs.of_point(caller, service_point_id, span)
        days = [one.usage for one in intervals]
        ours = Ours(
            start=await self._bound(caller, point, epochs, first),
            end=await self._bound(caller, point, epochs, end),
            usage=_sum(days, point),
            bits=_bits(days),
            estimated=_days_with(days, quality.ESTIMATED),
            missing=_days_with(days, quality.MISSING),
            breaks=_breaks(epochs, point, first, end),
            price=_price(reckoned, await self._periods(point, first, end))
            if reckoned.has_price
            else None,
        )
        return point, ours, await asyncio.to_thread(compare, billed, ours)

    async def _periods(self, point: ServicePoint, first: date, end: date) -> list[Period]:
        """Return the price versions of the period, and those of a year before and after."""
        async with self._database.transaction() as connection:
            timelines = await self._book.timelines(
                connection, {point.service_point_id: point.type.utility}
            )
        return timelines[point.service_point_id].periods(first - A_YEAR, end + A_YEAR)

    async def _bound(
        self, caller: Principal, point: ServicePoint, epochs: Sequence[RegisterEpoch], day: date
    ) -> OurBound:
        at = midnight(day)
        per, _ = bill_unit(point.type.unit)
        try:
            _, found = await self._registers.at(caller, point.service_point_id, at)
        except RegisterUnknownError:
            return OurBound(day=day, serial=None, at_start=None, at_end=None, bits=quality.MISSING)
        epoch = next(
            one
            for one in epochs
            if one.installation.installation_id == found.installation.installation_id
        )
        around = Span(
            resolution=DAY,
            first=day - NEARBY_DAYS * A_DAY,
            end=day + (NEARBY_DAYS + 1) * A_DAY,
        )
        _, usages, _ = await self._readings.usage_of_point(caller, point.service_point_id, around)
        register = None if found.register is None else Decimal(found.register) / per
        today = self._clock.now().astimezone(ZONE).date()
        nearby = _Nearby({}) if register is None else _nearby(register, day, usages, epoch, per)
        return OurBound(
            day=day,
            serial=epoch.meter.serial,
            at_start=register,
            at_end=nearby.registers.get(day + A_DAY),
            bits=found.quality,
            before=_neighbour(found.before, per),
            after=_neighbour(found.after, per),
            nearby=nearby.registers,
            is_open_before=nearby.unknown_before is not None,
            is_open_after=nearby.unknown_after is not None and nearby.unknown_after < today,
        )


@dataclass(frozen=True)
class _Nearby:
    """Registers when days begin, and the days before and after at which they are lost sight of."""

    registers: Mapping[date, Decimal]
    unknown_before: date | None = None
    unknown_after: date | None = None


def _nearby(
    register: Decimal,
    day: date,
    usages: Sequence[IntervalUsage],
    epoch: RegisterEpoch,
    per: Decimal,
) -> _Nearby:
    """Return the register when the days around one begin, as far as use is known without a break.

    A day that an exchange, rollover or reset falls into ends what is known. So does one that isn't
    known whole: what is known of it, the dial did show.
    """
    by_day = {one.start.astimezone(ZONE).date(): one for one in usages}
    found = {day: register}
    unknown: dict[int, date] = {}
    for step in (1, -1):
        known, one = register, day
        while True:
            of_day = one if step > 0 else one - A_DAY
            used = by_day.get(of_day)
            if used is None or _is_broken(used, epoch):
                break
            if used.usage is not None:
                known += step * Decimal(used.usage) / per
                one += step * A_DAY
                found[one] = known
            if used.usage is None or used.quality & quality.MISSING:
                unknown[step] = of_day
                break
    return _Nearby(dict(sorted(found.items())), unknown.get(-1), unknown.get(1))


def _is_broken(used: IntervalUsage, epoch: RegisterEpoch) -> bool:
    hung = epoch.installation
    if hung.valid_from > used.start or (hung.valid_to is not None and hung.valid_to < used.end):
        return True
    return any(
        used.start <= one.at < used.end and one.undone_at is None and one.kind != "installation"
        for one in epoch.events
    )


def _neighbour(one: Known | None, per: Decimal) -> Neighbour | None:
    if one is None:
        return None
    return Neighbour(read_at=one.read_at, register=Decimal(one.register) / per, bits=one.quality)


def _sum(days: Sequence[IntervalUsage], point: ServicePoint) -> Decimal | None:
    known = [one.usage for one in days if one.usage is not None]
    return Decimal(sum(known)) / bill_unit(point.type.unit)[0] if known else None


def _bits(days: Sequence[IntervalUsage]) -> int:
    bits = 0
    for one in days:
        bits |= one.quality
    return bits


def _days_with(days: Sequence[IntervalUsage], bit: int) -> list[date]:
    return [one.start.astimezone(ZONE).date() for one in days if one.quality & bit]


def _breaks(
    epochs: Sequence[RegisterEpoch], point: ServicePoint, first: date, end: date
) -> list[Break]:
    """Return the exchanges, rollovers and resets within the period, in order of time."""
    per, _ = bill_unit(point.type.unit)
    since, until = midnight(first), midnight(end)

    def shown(register: int | None) -> Decimal | None:
        return None if register is None else Decimal(register) / per

    found = [
        Break(
            kind="exchange",
            at=one.installation.valid_from,
            before=shown(former.installation.final_register),
            after=shown(one.installation.start_register),
        )
        for former, one in pairwise(epochs)
        if since < one.installation.valid_from < until
    ]
    found += [
        Break(
            kind="reset" if event.kind == "reset" else "rollover",
            at=event.at,
            before=shown(event.register_before),
            after=shown(event.register_after),
        )
        for one in epochs
        for event in one.events
        if event.kind in ("rollover", "reset")
        and event.undone_at is None
        and since < event.at <= until
    ]
    return sorted(found, key=lambda one: one.at)


def _price(reckoned: Reckoned, around: Sequence[Period]) -> OurPrice:
    versions = _versions(reckoned.periods)
    others = {
        since: _pricing(reckoned, [replace(one, version=version) for one in reckoned.periods])
        for since, version in _versions(around).items()
    }
    factors = {
        one.gas.kwh_per_m3 * one.gas.volume_factor
        for one in versions.values()
        if one.gas is not None
    }
    return OurPrice(
        pricing=_pricing(reckoned, reckoned.periods),
        versions=sorted(versions),
        others=others,
        is_assumed=reckoned.is_assumed,
        leaves_out=reckoned.leaves_out,
        kwh_per_m3=factors.pop() if len(factors) == 1 else None,
    )


def _versions(periods: Sequence[Period]) -> dict[date, Version]:
    return {one.version.valid_from: one.version for one in periods if one.version is not None}


def _pricing(reckoned: Reckoned, periods: Sequence[Period]) -> Callable[[Decimal], Priced | None]:
    """Return what prices any use of the period: ours as it was, another in the same proportions."""
    point = reckoned.point
    per, _ = bill_unit(point.type.unit)

    def priced(usage: Decimal) -> Priced | None:
        wanted = int(usage * per)
        uses = reckoned.uses if wanted == reckoned.usage else _scaled(reckoned, wanted)
        if uses is None:
            return None
        made = bill(point.type.utility, uses, periods)
        return Priced(net_eur=made.net_eur, total_eur=made.total_eur)

    return priced


def _scaled(reckoned: Reckoned, wanted: int) -> list[Use] | None:
    """Return the uses so that they add up to ``wanted``; None where there are none to scale."""
    ours = reckoned.usage
    if not ours or wanted < 0:
        return None
    found, month = [], None
    so_far = scaled = before = 0
    for one in reckoned.uses:
        local = one.start.astimezone(ZONE)
        if (local.year, local.month) != month:
            month, before = (local.year, local.month), one.before
        if one.amount is None:
            found.append(one)
            continue
        so_far += one.amount
        amount = so_far * wanted // ours - scaled
        found.append(replace(one, amount=amount, before=before))
        scaled, before = scaled + amount, before + amount
    return found

# SPDX-License-Identifier: EUPL-1.2
"""Energy of gas: cubic metres as kilowatt-hours, by the dated factors of the tariffs that apply.

A litre of gas is ``kwh_per_m3 * volume_factor`` watt-hours (``GasConversion``). A span in which the
factor changes is converted day by day, never by one factor; where no factor is known, or the days
are no longer kept, its energy is not known, and says why. Each interval is rounded once, to a Wh.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from cloud.kit.auth.rights import Principal
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points
from cloud.readings.models import IntervalUsage
from cloud.readings.service import EARLIEST, LATEST, Span, is_final, main_points, usage
from cloud.readings.usage import DAY, MONTH, boundaries
from cloud.tariffs.book import PriceBook
from cloud.tariffs.models import Period, Tariff, Version
from wire import quality

GAS = "gas"
A_MOMENT = timedelta(microseconds=1)

NO_FACTOR = "no-factor"  # nobody told what makes energy of the gas then
# within the interval, and its days are not kept, or not yet there
FACTOR_CHANGED = "factor-changed"


@dataclass(frozen=True, kw_only=True)
class Factor:
    """What one litre is, in Wh, over the local days [first, end) at a service point.

    ``first`` and ``end`` are None where it has no beginning or end. ``version`` is where it was
    told first; ``is_assumed``: nobody assigned a tariff, so it is that of most homes.
    """

    first: date | None
    end: date | None
    version: Version
    is_assumed: bool

    @property
    def wh_per_l(self) -> Fraction:
        """Wh of a litre, which is kWh of a cubic metre."""
        return _factor(self.version) or Fraction(0)

    def holds(self, first: date, last: date) -> bool:
        """Tell whether it applies on all local days from ``first`` to ``last``, both included."""
        return (self.first is None or self.first <= first) and (self.end is None or last < self.end)


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What was used over [start, end), in Wh; None if it isn't known, and then perhaps why."""

    start: datetime
    end: datetime
    usage_wh: int | None
    quality: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class PointFactors:
    """The factors of a service point in order of time, and the names of the tariffs they are of."""

    point: ServicePoint
    factors: Sequence[Factor]
    tariffs: Mapping[str, Tariff]


def factors_of(periods: Iterable[Period]) -> list[Factor]:
    """Return the factors that apply over ``periods``; neighbours that say the same are one."""
    found: list[Factor] = []
    for one in periods:
        wh_per_l = None if one.version is None else _factor(one.version)
        if one.version is None or wh_per_l is None:
            continue
        first = None if one.first <= EARLIEST else one.first
        end = None if one.end >= LATEST else one.end
        before = found[-1] if found else None
        if (
            before is not None
            and (before.end, before.wh_per_l) == (first, wh_per_l)
            and (before.is_assumed, before.version.tariff_id)
            == (one.is_assumed, one.version.tariff_id)
        ):
            found[-1] = replace(before, end=end)
        else:
            found.append(
                Factor(first=first, end=end, version=one.version, is_assumed=one.is_assumed)
            )
    return found


def _factor(version: Version) -> Fraction | None:
    if version.gas is None:
        return None
    return Fraction(version.gas.kwh_per_m3) * Fraction(version.gas.volume_factor)


def energy_wh(amount_l: int, wh_per_l: Fraction) -> int:
    """Return litres as whole Wh; of a factor above 1 the litres can be told back exactly."""
    return round(amount_l * wh_per_l)


def energies(
    volumes: Sequence[IntervalUsage], days: Sequence[IntervalUsage], factors: Sequence[Factor]
) -> list[Energy]:
    """Return the energy of intervals of litres; ``days`` are those of their local days."""
    return [_energy(one, days, factors) for one in volumes]


def _energy(
    volume: IntervalUsage, days: Sequence[IntervalUsage], factors: Sequence[Factor]
) -> Energy:
    told = Energy(start=volume.start, end=volume.end, usage_wh=None, quality=volume.quality)
    if volume.usage is None:
        return told
    first, last = (at.astimezone(ZONE).date() for at in (volume.start, volume.end - A_MOMENT))
    for factor in factors:
        if factor.holds(first, last):
            return replace(told, usage_wh=energy_wh(volume.usage, factor.wh_per_l))
    if first == last or not any(_touches(one, first, last) for one in factors):
        return replace(told, reason=NO_FACTOR)
    known = [
        one for one in days if volume.start <= one.start < volume.end and one.usage is not None
    ]
    if sum(one.usage or 0 for one in known) != volume.usage:
        return replace(told, reason=FACTOR_CHANGED)
    total = Fraction(0)
    for one in known:
        day = one.start.astimezone(ZONE).date()
        factor_then = next((factor for factor in factors if factor.holds(day, day)), None)
        if factor_then is None:
            return replace(told, reason=NO_FACTOR)
        total += (one.usage or 0) * factor_then.wh_per_l
    return replace(told, usage_wh=round(total))


def _touches(factor: Factor, first: date, last: date) -> bool:
    return (factor.first is None or factor.first <= last) and (
        factor.end is None or first < factor.end
    )


def summed(parts: Sequence[Sequence[Energy]]) -> list[Energy]:
    """Return the sum over service points; what can't be told of one can't be told of all."""
    found = []
    for together in zip(*parts, strict=True):
        known = [one.usage_wh for one in together if one.usage_wh is not None]
        reasons = [one.reason for one in together if one.reason is not None]
        bits = 0
        for one in together:
            bits |= one.quality
        found.append(
            replace(
                together[0],
                usage_wh=sum(known) if known and not reasons else None,
                quality=bits,
                reason=reasons[0] if reasons else None,
            )
        )
    return found


class GasEnergy:
    """Gas as energy, for callers who may see its use."""

    def __init__(self, database: Database, book: PriceBook) -> None:
        self._database = database
        self._book = book

    async def factors(self, caller: Principal, premises_id: str) -> list[PointFactors]:
        """Return the factors of each gas service point in a building that the caller sees."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            seen = await visible_points(connection, [premises_id], caller)
            return await self._factors(connection, [one for one in seen if _is_gas(one)])

    async def of_premises(
        self, caller: Principal, premises_id: str, span: Span
    ) -> tuple[list[Energy], list[PointFactors], bool]:
        """Return a building's use of gas in Wh, by which factors, and whether it is final."""
        span.cuts()
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            seen = main_points(await visible_points(connection, [premises_id], caller))
            return await self._reckoned(connection, [one for one in seen if _is_gas(one)], span)

    async def of_point(
        self, caller: Principal, service_point_id: str, span: Span
    ) -> tuple[list[Energy], list[PointFactors], bool]:
        """Return the use at a gas service point in Wh, or raise InvalidRequestError of another."""
        span.cuts()
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            if not _is_gas(point):
                raise InvalidRequestError(
                    f"Service point {service_point_id} measures {point.type.utility}, not gas."
                )
            return await self._reckoned(connection, [point], span)

    async def _reckoned(
        self, connection: Connection, points: Sequence[ServicePoint], span: Span
    ) -> tuple[list[Energy], list[PointFactors], bool]:
        cuts = span.cuts()
        # asked first: what is reviewed in between is in the usage, not the other way round
        final = await is_final(connection, points, span.resolution)
        volumes = await usage(connection, points, cuts, span.resolution)
        by_day: dict[str, list[IntervalUsage]] = {}
        if span.resolution == MONTH:
            day_cuts = boundaries(DAY, span.first, span.end, ZONE)
            by_day = await usage(connection, points, day_cuts, DAY)
        told = await self._factors(connection, points)
        parts = [
            energies(
                volumes[one.point.service_point_id],
                by_day.get(one.point.service_point_id, ()),
                one.factors,
            )
            for one in told
        ]
        if not parts:
            nothing = [
                Energy(start=start, end=end, usage_wh=None, quality=quality.MISSING)
                for start, end in pairwise(cuts)
            ]
            return nothing, told, final
        within = [
            replace(
                one,
                factors=[
                    factor
                    for factor in one.factors
                    if _touches(factor, span.first, span.end - timedelta(days=1))
                ],
            )
            for one in told
        ]
        return summed(parts), within, final

    async def _factors(
        self, connection: Connection, points: Sequence[ServicePoint]
    ) -> list[PointFactors]:
        utilities = {one.service_point_id: one.type.utility for one in points}
        timelines = await self._book.timelines(connection, utilities) if points else {}
        found = []
        for point in points:
            timeline = timelines[point.service_point_id]
            names = dict(timeline.tariffs)
            if timeline.assumed is not None:
                names[timeline.assumed.tariff_id] = timeline.assumed
            factors = factors_of(timeline.periods(EARLIEST, LATEST))
            found.append(PointFactors(point=point, factors=factors, tariffs=names))
        return found


def _is_gas(point: ServicePoint) -> bool:
    return point.type.utility == GAS

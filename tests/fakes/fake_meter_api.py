# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud answers where the app asks of one meter, and of gas as energy.

Answers are built by the cloud's own schemas, so that they can't drift from it.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from cloud.readings.register_schemas import RegisterAt
from cloud.readings.schemas import Reading
from cloud.tariffs.gas_schemas import Energy, EnergyInterval, GasFactor
from cloud.validation.schemas import Correction, Finding, Said
from tests.fakes.fake_city import SOFIA, an_epoch, usage_intervals


def _local(*parts: int) -> datetime:
    """Return an instant given in Sofia's time, in UTC, for time to be added to."""
    year, month, day, *clock = parts
    return datetime(year, month, day, *clock, tzinfo=SOFIA).astimezone(UTC)


HOUR = timedelta(hours=1)
EVERY = timedelta(seconds=90)  # so an hour holds 40 readings: two pages of the app's
EXCHANGED = _local(2026, 11, 20, 8, 30)
SPIKE = _local(2026, 11, 20, 10, 3)
SILENT = 3  # the hour of each day in which nothing was read
RAW_SINCE = _local(2026, 8, 23)
BEGUN = _local(2026, 1, 1)
PER_EVERY = 1550  # of the point's unit
OLD_START, NEW_START = 8_000_000_000, 3_000

REGISTERS = [
    an_epoch(
        "17-001",
        "2020-05-04T09:00:00+00:00",
        removed_at=EXCHANGED.isoformat(),
        final_register=8_333_333_333,
    ),
    an_epoch("17-002", EXCHANGED.isoformat(), start_register=NEW_START, events=[]),
]
WORD = Correction(
    correction_id=7,
    service_point_id="sp-home-cold",
    kind="usage",
    since=_local(2026, 11, 20, 5),
    until=_local(2026, 11, 20, 6),
    usage=61_250,
    unit="ml",
    reason="Промиване на филтъра.",
    made_by="person:editor@example.com",
    made_at=_local(2026, 11, 20, 12),
    undone_at=None,
    undone_by=None,
    undone_because=None,
)
EVENT = {
    "event_id": 3,
    "service_point_id": "sp-home-cold",
    "kind": "exchange",
    "at": EXCHANGED,
    "register_before": 8_333_333_333,
    "register_after": NEW_START,
    "unit": "ml",
    "explanation": "Изтекла проверка.",
    "recorded_by": "person:field@example.com",
    "recorded_at": EXCHANGED + HOUR,
    "undone_at": None,
    "undone_by": None,
    "undone_because": None,
}
TRAIL = [
    Said.model_validate(
        {
            "said_at": EXCHANGED + HOUR,
            "action": "recorded",
            "by": "person:field@example.com",
            "because": EVENT["explanation"],
            "event": EVENT,
            "correction": None,
        }
    ),
    Said(
        said_at=WORD.made_at,
        action="recorded",
        by=WORD.made_by,
        because=WORD.reason,
        event=None,
        correction=WORD,
    ),
]
FINDING = Finding(
    finding_id=1,
    rule="spike",
    service_point_id="sp-home-cold",
    reading_type="cold_water",
    started_at=SPIKE,
    ended_at=SPIKE + EVERY,
    severity="warning",
    explanation="The register rose by 4 m3 and fell back.",
    evidence={},
    found_at=SPIKE + HOUR,
)
GAS_FACTORS = [
    GasFactor.model_validate(
        {
            "service_point_id": "sp-home-gas",
            "first_day": first,
            "last_day": last,
            "kwh_per_metered_m3": kwh,
            "kwh_per_m3": kwh,
            "volume_factor": "1",
            "tariff_id": "overgas-household",
            "tariff": {"bg": "Овергаз", "en": "Overgas"},
            "sources": ["A bill"],
            "leaves_out": None,
            "is_assumed": False,
        }
    )
    for first, last, kwh in (
        ("2026-03-01", "2026-09-30", "10.41"),
        ("2026-10-01", None, "10.62"),
    )
]  # before March nobody knows


def add_meter_routes(router: APIRouter, fake: Any) -> None:
    """Answer what the app asks of one meter; ``fake.registers`` has epochs told otherwise."""
    _add_history(router, fake)
    _add_registers(router, fake)
    _add_gas(router)


def _add_history(router: APIRouter, fake: Any) -> None:
    @router.get("/service-points/{service_point_id}/usage")
    async def usage(service_point_id: str, resolution: str, request: Request) -> dict[str, Any]:
        query = request.query_params
        utility = fake.point(service_point_id)["utility"]
        return usage_intervals(utility, resolution, query["from"], query["to"])

    @router.get("/service-points/{service_point_id}/audit-trail")
    async def trail(service_point_id: str, limit: int, cursor: int = 0) -> dict[str, Any]:
        said = TRAIL if service_point_id == "sp-home-cold" else []
        return _page([one.model_dump(mode="json") for one in said], limit, cursor)

    @router.get("/service-points/{service_point_id}/findings")
    async def findings(service_point_id: str, limit: int, cursor: int = 0) -> dict[str, Any]:
        found = [FINDING] if service_point_id == "sp-home-cold" else []
        return _page([one.model_dump(mode="json") for one in found], limit, cursor)


def _add_registers(router: APIRouter, fake: Any) -> None:
    @router.get("/service-points/{service_point_id}/registers")
    async def registers(service_point_id: str, at: datetime | None = None) -> dict[str, Any]:
        if at is None:
            return {"items": fake.registers.get(service_point_id, [])}
        unit = fake.point(service_point_id)["unit"]
        before, after = _around(at)
        if before is None or after is None:
            raise HTTPException(404, "Nothing is known.", {"X-Code": "register-unknown"})
        passed = (at - before).total_seconds() / (after - before).total_seconds()
        low, high = _register(before), _register(after)
        return RegisterAt.model_validate(
            {
                "at": at,
                "meter_id": "m-old" if at < EXCHANGED else "m-new",
                "register": low + int((high - low) * passed),
                "unit": unit,
                "quality": ["estimated"] if after - before > HOUR else [],
                "before": {"read_at": before, "register": low, "unit": unit, "quality": []},
                "after": {"read_at": after, "register": high, "unit": unit, "quality": []},
            }
        ).model_dump(mode="json", by_alias=True)

    @router.get("/service-points/{service_point_id}/readings")
    async def readings(
        service_point_id: str, request: Request, limit: int, cursor: int = 0
    ) -> dict[str, Any]:
        since, until = (datetime.fromisoformat(request.query_params[one]) for one in ("from", "to"))
        unit = fake.point(service_point_id)["unit"]
        told = [_reading(one, unit) for one in _times(since, until)]
        return _page(told, limit, cursor)


def _reading(at: datetime, unit: str) -> dict[str, Any]:
    is_spike = at == SPIKE
    return Reading.model_validate(
        {
            "read_at": at,
            "received_at": at + timedelta(seconds=2),
            "register": _register(at) + (4_000_000 if is_spike else 0),
            "unit": unit,
            "quality": ["reconstructed"] if at.minute == 0 else [],
            "node_id": "n-mladost-01",
            "boot": 4,
            "sequence": int((at - BEGUN) / EVERY),
            "counts": not is_spike,
            "excluded_by": "spike" if is_spike else None,
            "excluded_because": FINDING.explanation if is_spike else None,
        }
    ).model_dump(mode="json", by_alias=True)


def _times(since: datetime, until: datetime) -> list[datetime]:
    """Return when the meter was read in [since, until): never at 3 o'clock, nor long ago."""
    count = -(-(since - BEGUN) // EVERY)
    found = []
    while (at := BEGUN + count * EVERY) < until:
        if at >= RAW_SINCE and at.astimezone(SOFIA).hour != SILENT:
            found.append(at)
        count += 1
    return found


def _around(at: datetime) -> tuple[datetime | None, datetime | None]:
    before = _times(at - 2 * HOUR, at + timedelta(microseconds=1))
    after = _times(at + timedelta(microseconds=1), at + 3 * HOUR)
    return (before[-1] if before else None), (after[0] if after else None)


def _register(at: datetime) -> int:
    start, since = (OLD_START, BEGUN) if at < EXCHANGED else (NEW_START, EXCHANGED)
    return start + int((at - since) / EVERY * PER_EVERY)


def _page(items: list[dict[str, Any]], limit: int, cursor: int) -> dict[str, Any]:
    after = cursor + limit
    following = str(after) if after < len(items) else None
    return {"items": items[cursor:after], "next_cursor": following}


def _add_gas(router: APIRouter) -> None:
    @router.get("/premises/{premises_id}/gas-conversions")
    async def conversions() -> dict[str, Any]:
        return {"items": [one.model_dump(mode="json") for one in GAS_FACTORS]}

    @router.get("/premises/{premises_id}/gas-energy")
    @router.get("/service-points/{service_point_id}/gas-energy")
    async def energy(resolution: str, request: Request) -> dict[str, Any]:
        query = request.query_params
        first, end = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        litres = usage_intervals("gas", resolution, query["from"], query["to"])["intervals"]
        within = [
            one
            for one in GAS_FACTORS
            if (one.first_day or first) < end and first <= (one.last_day or end)
        ]
        return Energy.model_validate(
            {
                "unit": "Wh",
                "resolution": resolution,
                "timezone": "Europe/Sofia",
                "is_final": True,
                "intervals": [_energy(one).model_dump() for one in litres],
                "conversions": [one.model_dump() for one in within],
            }
        ).model_dump(mode="json")


def _energy(interval: dict[str, Any]) -> EnergyInterval:
    start = datetime.fromisoformat(interval["interval_start"]).astimezone(SOFIA).date()
    factor = next(
        (
            one.kwh_per_metered_m3
            for one in GAS_FACTORS
            if (one.first_day or start) <= start <= (one.last_day or start)
        ),
        None,
    )
    litres = interval["usage"]
    is_known = litres is not None and factor is not None
    return EnergyInterval.model_validate(
        {
            **interval,
            "usage": round(litres * factor) if is_known else None,
            "reason": "no-factor" if litres is not None and factor is None else None,
        }
    )

# SPDX-License-Identifier: EUPL-1.2
"""Papers of the fake cloud: real PDFs of a made-up month, and bills that are really compared.

Each water meter of it grows by a cubic metre a day and showed 8381 when October began.
"""

import asyncio
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request, Response

from cloud.kit.schemas import Name
from cloud.papers import monthly, self_reading, typesetting
from cloud.papers.bill_check import compare
from cloud.papers.bill_facts import Billed, OurBound, OurPrice, Ours, Priced
from cloud.papers.endpoints import bill_check
from cloud.papers.schemas import BillCheck, ClientNumberBody, PointClientNumber
from cloud.papers.words import Language
from tests.papers_builders import a_month, a_point, a_sheet

if TYPE_CHECKING:
    from tests.fakes.fake_cloud_api import FakeCloud

OCTOBER = date(2026, 10, 1)
SHOWN_THEN = 8381


def add_papers_routes(router: APIRouter, fake: "FakeCloud") -> None:
    """Add what the app asks of papers."""

    @router.get("/premises/{premises_id}/report")
    async def report(premises_id: str, month: str, language: Language) -> Response:
        made = await _pdf("report", monthly.told(a_month(), language))
        return _file(made, f"{premises_id}-report-{month}-{language}.pdf", "application/pdf")

    @router.get("/premises/{premises_id}/self-reading")
    async def sheet(premises_id: str, request: Request, language: Language) -> Response:
        day = request.query_params["date"]
        made = await _pdf("self_reading", self_reading.told(a_sheet(), language))
        return _file(made, f"{premises_id}-self-reading-{day}-{language}.pdf", "application/pdf")

    @router.get("/premises/{premises_id}/client-numbers")
    async def client_numbers(premises_id: str) -> dict[str, Any]:
        points = fake.buildings[premises_id]["service_points"]
        items = [
            PointClientNumber(
                service_point_id=one["service_point_id"],
                name=Name(**one["name"]),
                utility=one["utility"],
                reading_type=one["reading_type"],
                supplier_id="sofiyska-voda",
                has_supplier=True,
                client_number=fake.client_numbers.get(one["service_point_id"]),
            )
            for one in points
        ]
        return {"items": [one.model_dump(mode="json") for one in items]}

    @router.put("/service-points/{service_point_id}/client-number", status_code=204)
    async def put_number(service_point_id: str, body: ClientNumberBody) -> None:
        if fake.role != "owner":
            raise HTTPException(403, "The role does not have the right client_numbers.")
        fake.client_numbers[service_point_id] = body.client_number

    @router.delete("/service-points/{service_point_id}/client-number", status_code=204)
    async def delete_number(service_point_id: str) -> None:
        fake.client_numbers.pop(service_point_id, None)

    @router.get("/service-points/{service_point_id}/bill-check")
    async def check(service_point_id: str, request: Request) -> BillCheck:
        asked = dict(request.query_params)
        first, end = (date.fromisoformat(asked.pop(name)) for name in ("from", "to"))
        billed = Billed(**{name: Decimal(told) for name, told in asked.items()})
        ours = Ours(
            start=_bound(first),
            end=_bound(end),
            usage=Decimal((end - first).days),
            bits=0,
            price=OurPrice(pricing=_priced, versions=[OCTOBER], is_assumed=True),
        )
        point = a_point(service_point_id=service_point_id)
        return bill_check(point, ours, compare(billed, ours), billed.total_eur)

    for path in ("premises", "service-points"):

        @router.get(f"/{path}/{{thing_id}}/export")
        async def export(thing_id: str, request: Request) -> Response:
            asked = request.query_params
            name = "-".join((thing_id, asked["what"], asked["from"], asked["to"]))
            return _file(b"service_point_id\r\n", f"{name}.{asked['format']}", "text/csv")


def _bound(day: date) -> OurBound:
    nearby = {
        day + timedelta(days=n): Decimal(SHOWN_THEN + (day - OCTOBER).days + n)
        for n in range(-10, 12)
    }
    return OurBound(
        day=day,
        serial="17-4402913",
        at_start=nearby[day],
        at_end=nearby[day + timedelta(days=1)],
        bits=0,
        nearby=nearby,
    )


def _priced(usage: Decimal) -> Priced:
    return Priced(net_eur=usage * 2, total_eur=usage * Decimal("2.4"))


async def _pdf(template: str, told: dict[str, Any]) -> bytes:
    return await asyncio.to_thread(typesetting.pdf, template, json.dumps(told).encode())


def _file(made: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, headers=headers, media_type=media_type)

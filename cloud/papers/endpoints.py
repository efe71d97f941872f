# SPDX-License-Identifier: EUPL-1.2
"""Papers over HTTP: PDFs, client numbers, and bills beside our registers."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from cloud.kit.auth.callers import ClientKeeper, Seer
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.schemas import Identifier, Listing, Name
from cloud.papers import schemas
from cloud.papers.bill_checks import BillChecks
from cloud.papers.bill_facts import Billed, Comparison, Neighbour, OurBound, Ours
from cloud.papers.client_numbers import ClientNumbers, NoSupplierError
from cloud.papers.figures import bill_unit
from cloud.papers.press import PressBusyError
from cloud.papers.service import Papers
from cloud.papers.words import Language
from cloud.premises.models import ServicePoint
from cloud.tariffs.costs import month_of
from wire import quality

router = APIRouter(tags=["papers"])


def _papers(request: Request) -> Papers:
    found: Papers = request.app.state.papers
    return found


def _numbers(request: Request) -> ClientNumbers:
    found: ClientNumbers = request.app.state.client_numbers
    return found


def _checks(request: Request) -> BillChecks:
    found: BillChecks = request.app.state.bill_checks
    return found


PathId = Annotated[Identifier, Path()]
Service = Annotated[Papers, Depends(_papers)]
Numbers = Annotated[ClientNumbers, Depends(_numbers)]
Checks = Annotated[BillChecks, Depends(_checks)]
Figure = Annotated[
    Decimal | None, Query(ge=0, max_digits=12, decimal_places=3, allow_inf_nan=False)
]
Euro = Annotated[Decimal | None, Query(ge=0, max_digits=12, decimal_places=2, allow_inf_nan=False)]
A_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The paper, A4, tagged and in the language asked for.",
        "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
ROUTE: dict[str, Any] = {
    "response_class": Response,
    "responses": {**A_PDF, **answers(PressBusyError)},
}


@router.get("/premises/{premises_id}/report", **ROUTE)
async def report_of_premises(
    premises_id: PathId,
    month: Annotated[
        str,
        Query(
            pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
            description="A local month.",
            examples=["2026-10"],
        ),
    ],
    papers: Service,
    caller: Seer,
    language: Language = "bg",
) -> Response:
    """Return a month's report as PDF: use, cost, alerts and registers, and what isn't known."""
    made = await papers.report(caller, premises_id, month_of(month)[0], language)
    return _pdf(made, f"{premises_id}-report-{month}-{language}.pdf")


@router.get("/premises/{premises_id}/self-reading", **ROUTE)
async def self_reading_of_premises(
    premises_id: PathId,
    day: Annotated[date, Query(alias="date", description="A local day.", examples=["2026-10-31"])],
    papers: Service,
    caller: Seer,
    language: Language = "bg",
) -> Response:
    """Return the sheet of a building's water meters on a day as PDF, to hand in to the supplier."""
    made = await papers.self_reading(caller, premises_id, day, language)
    return _pdf(made, f"{premises_id}-self-reading-{day}-{language}.pdf")


def _pdf(made: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, headers=headers, media_type="application/pdf")


@router.get("/premises/{premises_id}/client-numbers")
async def client_numbers(
    premises_id: PathId, numbers: Numbers, caller: Seer
) -> Listing[schemas.PointClientNumber]:
    """Return the service points of a building, each with its client number at its supplier."""
    found = await numbers.of_premises(caller, premises_id)
    return Listing(
        items=[
            schemas.PointClientNumber(
                service_point_id=point.service_point_id,
                name=Name(bg=point.name_bg, en=point.name_en),
                utility=point.type.utility,
                reading_type=point.reading_type,
                supplier_id=point.supplier_id,
                has_supplier=point.supplier_id is not None,
                client_number=number,
            )
            for point, number in found
        ]
    )


@router.put(
    "/service-points/{service_point_id}/client-number",
    status_code=204,
    responses=answers(NotFoundError, NoSupplierError),
)
async def put_client_number(
    service_point_id: PathId,
    body: schemas.ClientNumberBody,
    numbers: Numbers,
    caller: ClientKeeper,
) -> None:
    """Set the client number at the point's supplier; harmless when repeated."""
    await numbers.put(caller, service_point_id, body.client_number)


@router.delete("/service-points/{service_point_id}/client-number", status_code=204)
async def delete_client_number(
    service_point_id: PathId, numbers: Numbers, caller: ClientKeeper
) -> None:
    """Forget the client number at the point's supplier; harmless when repeated."""
    await numbers.delete(caller, service_point_id)


@router.get("/service-points/{service_point_id}/bill-check")
async def check_bill(
    service_point_id: PathId,
    first: Annotated[date, Query(alias="from", description="The day of the bill's first reading.")],
    end: Annotated[date, Query(alias="to", description="The day of the bill's last reading.")],
    checks: Checks,
    caller: Seer,
    start_register: Figure = None,
    end_register: Figure = None,
    amount: Figure = None,
    energy_kwh: Annotated[Figure, Query(description="Of gas: what the bill made of it.")] = None,
    total_eur: Euro = None,
) -> schemas.BillCheck:
    """Compare a bill with the registers on its days and with our price, and tell why they differ.

    Registers and the amount are in m³ of water and gas, in kWh of power and heat.
    """
    billed = Billed(
        start_register=start_register,
        end_register=end_register,
        amount=amount,
        energy_kwh=energy_kwh,
        total_eur=total_eur,
    )
    point, ours, found = await checks.check(caller, service_point_id, first, end, billed)
    return bill_check(point, ours, found, total_eur)


def bill_check(
    point: ServicePoint, ours: Ours, found: Comparison, billed_total_eur: Decimal | None
) -> schemas.BillCheck:
    """Return a comparison as it is shown."""
    return schemas.BillCheck(
        service_point_id=point.service_point_id,
        first_day=ours.start.day,
        end_day=ours.end.day,
        unit="m3" if bill_unit(point.type.unit)[1] == "m³" else "kWh",
        start=_bound(ours.start),
        end=_bound(ours.end),
        usage=ours.usage,
        quality=quality.names(ours.bits),
        billed_usage=found.billed_usage,
        usage_difference=found.usage_difference,
        our_total_eur=found.our_total_eur,
        billed_total_eur=billed_total_eur,
        difference_eur=found.difference_eur,
        verdict=found.verdict,
        reasons=[
            schemas.Reason(**{**vars(one), "evidence": dict(one.evidence)}) for one in found.reasons
        ],
    )


def _bound(one: OurBound) -> schemas.Bound:
    return schemas.Bound(
        day=one.day,
        meter_serial=one.serial,
        register_at_start=one.at_start,
        register_at_end=one.at_end,
        quality=quality.names(one.bits),
        before=_neighbour(one.before),
        after=_neighbour(one.after),
    )


def _neighbour(one: Neighbour | None) -> schemas.ReadNeighbour | None:
    if one is None:
        return None
    return schemas.ReadNeighbour(
        read_at=one.read_at, register_shown=one.register, quality=quality.names(one.bits)
    )

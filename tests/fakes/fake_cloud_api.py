# SPDX-License-Identifier: EUPL-1.2
"""A cloud that keeps the API's promises to the app without a database or meters behind it.

It answers what the app asks for, streams what a test pushes, and can be cut off. ``python -m
tests.fakes.fake_cloud_api`` runs it for looking at the app; a leak is found after half a minute.
"""

import asyncio
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sse_starlette import EventSourceResponse

from cloud.kit.compression import Compressed
from cloud.web import mount
from cloud.web.release import FOLDER
from tests.fakes.fake_account_api import FakeAccount, add_account_routes
from tests.fakes.fake_alerts_api import add_alert_routes
from tests.fakes.fake_city import (
    ALERT,
    COSTS,
    USER,
    a_flow,
    buildings,
    usage_intervals,
)
from tests.fakes.fake_demand_api import add_demand_routes
from tests.fakes.fake_forecast_api import FakeForecast, add_forecast_routes
from tests.fakes.fake_home_api import FakeHome, add_home_routes, home_summary
from tests.fakes.fake_meter_api import add_meter_routes
from tests.fakes.fake_papers_api import add_papers_routes
from tests.fakes.fake_rules_api import add_rule_routes
from tests.fakes.fake_saving_api import SavingTold, add_saving_routes
from tests.fakes.fake_usage_api import LongUse, add_usage_routes

EMAIL = USER["email"]
PASSWORD = "a-password-of-the-tests"


@dataclass
class FakeCloud:
    """The state behind the API; tests change it from their own thread through its methods."""

    buildings: dict[str, dict[str, Any]] = field(default_factory=buildings)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by alert
    registers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    role: str = "owner"
    limits: dict[str, dict[str, Any]] = field(default_factory=dict)
    saving: SavingTold = field(default_factory=SavingTold)
    closed: set[str] = field(default_factory=set)  # series that don't tell their hours
    account: FakeAccount = field(default_factory=FakeAccount)
    client_numbers: dict[str, str] = field(default_factory=dict)
    rules_off: dict[tuple[str, str], datetime] = field(default_factory=dict)
    backtested: dict[str, Any] = field(default_factory=lambda: {"readings": 0, "findings": []})
    backtest_refusal: tuple[int, str] | None = None  # status and code
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    mail_is_off: bool = False
    home: FakeHome = field(default_factory=FakeHome)
    forecast: FakeForecast = field(default_factory=FakeForecast)
    long_use: LongUse = field(default_factory=LongUse)
    attempts_left: int = 20
    broken: bool = False
    ahead: timedelta = timedelta()
    streams_opened: int = 0
    _streams: set[asyncio.Queue[tuple[str, dict[str, Any]]]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _sequence: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def count(self, service_point_id: str, amount: int, quality: tuple[str, ...] = ()) -> int:
        """Let a meter count ``amount`` more now; return its register."""
        point = self.point(service_point_id)
        now = datetime.now(UTC).isoformat()
        point |= {
            "register": (point["register"] or 0) + amount,
            "read_at": now,
            "received_at": now,
            "quality": list(quality),
        }
        self._send("reading", self._reading(point, register=point["register"], unit=point["unit"]))
        return int(point["register"])

    def flow(self, service_point_id: str, reading: int) -> None:
        """Report an instantaneous flow or power."""
        point = self.point(service_point_id)
        point["instantaneous"] = a_flow(point["reading_type"], reading)
        self._send("reading", self._reading(point, **point["instantaneous"]))

    def raise_alert(self, **changes: Any) -> str:
        """Open a leak alert, or change one; return its id."""
        alert = ALERT | {"raised_at": datetime.now(UTC).isoformat()} | changes
        self.alerts[alert["alert_id"]] = alert
        self._send("alert", alert)
        return str(alert["alert_id"])

    def hang_up(self) -> None:
        """End every stream, as a restart of the cloud does."""
        for stream in list(self._streams):
            self._put(stream, ("hang_up", {}))

    def alerts_of(self, premises_id: str) -> list[dict[str, Any]]:
        """Return the alerts of one building."""
        return [one for one in self.alerts.values() if one["premises_id"] == premises_id]

    def point(self, service_point_id: str) -> dict[str, Any]:
        """Return a service point by its id."""
        points = (point for one in self.buildings.values() for point in one["service_points"])
        return next(point for point in points if point["service_point_id"] == service_point_id)

    def _reading(self, point: dict[str, Any], **reading: Any) -> dict[str, Any]:
        owner = next(one for one in self.buildings.values() if point in one["service_points"])
        shared = (
            "service_point_id",
            "reading_type",
            "read_at",
            "received_at",
            "quality",
            "node_id",
        )
        return {
            **{key: point[key] for key in shared},
            **reading,
            "premises_id": owner["premises_id"],
            "meter_id": point["meter"]["meter_id"],
            "boot": 1,
            "sequence": next(self._sequence),
        }

    def _send(self, kind: str, body: dict[str, Any]) -> None:
        for stream in list(self._streams):
            self._put(stream, (kind, body))

    def _put(
        self, stream: asyncio.Queue[tuple[str, dict[str, Any]]], item: tuple[str, dict[str, Any]]
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(stream.put_nowait, item)

    async def stream(self, premises_id: str) -> AsyncIterator[dict[str, str]]:
        """Yield the server-sent events of one building until hung up."""
        self._loop = asyncio.get_running_loop()
        mine: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._streams.add(mine)
        self.streams_opened += 1
        try:
            while True:
                kind, body = await mine.get()
                if kind == "hang_up":
                    return
                if body["premises_id"] == premises_id:
                    yield {"event": kind, "data": json.dumps(body)}
        finally:
            self._streams.discard(mine)


def build_app(fake: FakeCloud, folder: Path = FOLDER) -> FastAPI:
    """Return an application that serves the app itself and the fake API under it."""
    app = FastAPI()
    app.add_middleware(Compressed, prefix="/api/v1")  # as much goes over the line as in earnest
    app.include_router(_open_routes(fake))
    app.include_router(_session_routes(fake))
    app.include_router(_premises_routes(fake))
    alerts = _signed_in_router(fake)
    add_alert_routes(alerts, fake)
    add_rule_routes(alerts, fake)
    app.include_router(alerts)
    demand = _signed_in_router(fake)
    add_demand_routes(demand, fake.limits, fake.closed)
    add_home_routes(demand, fake.buildings, fake.home)
    add_forecast_routes(demand, fake.forecast)
    app.include_router(demand)
    account = _signed_in_router(fake)
    add_account_routes(account, fake.account, lambda: fake.role, fake.sessions.clear)
    app.include_router(account)
    saving = _signed_in_router(fake)
    add_saving_routes(saving, fake.saving)
    app.include_router(saving)
    papers = _signed_in_router(fake)
    add_papers_routes(papers, fake)
    app.include_router(papers)
    meters = _signed_in_router(fake)
    add_meter_routes(meters, fake)
    app.include_router(meters)
    usage = _signed_in_router(fake)
    add_usage_routes(usage, fake.long_use)
    app.include_router(usage)
    mount(app, folder)

    @app.exception_handler(HTTPException)
    async def as_problem(_: Request, error: HTTPException) -> JSONResponse:
        code = (error.headers or {}).get("X-Code")
        kind = f"urn:iskar:{code}" if code else "about:blank"
        problem = {"type": kind, "title": error.detail, "status": error.status_code}
        return JSONResponse(
            problem, error.status_code, error.headers, media_type="application/problem+json"
        )

    return app


def _session(fake: FakeCloud) -> dict[str, Any]:
    owns = [] if fake.role == "tenant" else fake.account.owns
    return {"user": USER | {"role": fake.role}, "needs_second_factor": False, "owns": owns}


def _open_routes(fake: FakeCloud) -> APIRouter:
    router = APIRouter(prefix="/api/v1")

    @router.post("/session")
    async def sign_in(request: Request, response: Response) -> dict[str, Any]:
        given = await request.json()
        if fake.attempts_left <= 0:
            raise HTTPException(429, "Too many attempts.", {"Retry-After": "30"})
        if (given["email"], given["password"]) != (EMAIL, fake.account.password):
            fake.attempts_left -= 1
            raise HTTPException(401, "The email or the password is wrong.")
        token = f"session-{len(fake.sessions)}"
        fake.sessions.add(token)
        response.set_cookie("iskar_session", token, httponly=True, samesite="strict")
        return _session(fake)

    return router


def _signed_in_router(fake: FakeCloud) -> APIRouter:
    def signed_in(request: Request, response: Response) -> None:
        told = datetime.now(UTC) + fake.ahead
        response.headers["Date"] = format_datetime(told, usegmt=True)
        if fake.broken:
            raise HTTPException(500, "The database is away.")
        if request.cookies.get("iskar_session") not in fake.sessions:
            raise HTTPException(401, "Sign in first.", {"X-Code": "not-signed-in"})

    def known(request: Request) -> None:
        premises_id = request.path_params.get("premises_id")
        if premises_id is not None and premises_id not in fake.buildings:
            raise HTTPException(404, f"There are no premises {premises_id}.")

    return APIRouter(prefix="/api/v1", dependencies=[Depends(signed_in), Depends(known)])


def _session_routes(fake: FakeCloud) -> APIRouter:
    router = _signed_in_router(fake)

    @router.get("/session")
    async def who() -> dict[str, Any]:
        return _session(fake)

    @router.delete("/session", status_code=204)
    async def sign_out(request: Request) -> None:
        fake.sessions.discard(request.cookies["iskar_session"])

    return router


def _premises_routes(fake: FakeCloud) -> APIRouter:
    router = _signed_in_router(fake)

    @router.get("/premises")
    async def every_premises() -> dict[str, Any]:
        summaries = [
            home_summary(one, fake.alerts_of(premises_id))
            for premises_id, one in fake.buildings.items()
        ]
        return {"items": summaries}

    @router.get("/premises/{premises_id}")
    async def premises(premises_id: str) -> dict[str, Any]:
        return fake.buildings[premises_id] | {"alerts": fake.alerts_of(premises_id)}

    @router.get("/premises/{premises_id}/usage")
    async def usage(utility: str, resolution: str, request: Request) -> dict[str, Any]:
        query = request.query_params
        return usage_intervals(utility, resolution, query["from"], query["to"])

    @router.get("/premises/{premises_id}/cost")
    async def cost(utility: str) -> dict[str, Any]:
        return COSTS[utility]

    @router.get("/premises/{premises_id}/live")
    async def live(premises_id: str) -> EventSourceResponse:
        return EventSourceResponse(fake.stream(premises_id), ping=15)

    return router


@contextmanager
def running(fake: FakeCloud, port: int = 0, folder: Path = FOLDER) -> Iterator[str]:
    """Serve ``fake``, and the app that lies in ``folder``, in a thread; gives its address."""
    settings = uvicorn.Config(
        build_app(fake, folder),
        port=port,
        log_level="warning",
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("The fake cloud did not start within 10 s.")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        fake.hang_up()
        server.should_exit = True
        thread.join(10)


def main() -> None:
    """Run until interrupted, with meters that turn and a leak after half a minute."""
    fake = FakeCloud()
    with running(fake, 8099) as address:
        print(f"{address}  {EMAIL}  {PASSWORD}")
        for second in itertools.count():
            fake.count("sp-home-cold", 137)
            fake.count("sp-home-power", 3)
            fake.flow("sp-home-power", 9800 + second % 7 * 150)
            if second == 30:
                fake.raise_alert()
            time.sleep(1)


if __name__ == "__main__":
    main()

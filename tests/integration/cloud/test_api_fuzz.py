# SPDX-License-Identifier: EUPL-1.2
"""Every route, asked by schemathesis what its description allows and what it forbids (AC-120, 121).

No server error, and no status, media type, header or body that the OpenAPI document doesn't tell.
Streams never end, so they are asked in test_api_streams.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cloud.kit.auth.rights import RIGHTS, Role
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import COLD, Caller, CloudInTest, a_finding, a_telegram
from tests.integration.cloud.route_rights import NEEDS
from tests.integration.cloud.signed_in import a_person
from tests.integration.cloud.test_cloud_registry import a_request
from tests.packages import a_package
from tests.tariffs import a_tariff_body
from tests.weather_builders import a_place, hours_of

OPEN = {"POST /api/v1/account/password-reset", "GET /api/v1/account/accesses"}  # to programs
OF_ANSWERS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STREAM = "text/event-stream"
A_NIGHT = {"since": "2026-11-18T22:00:00Z", "until": "2026-11-18T23:00:00Z"}
# What one operation takes where others mean something else by the same name.
GOOD = {
    "correct": {"service_point_id": "sp-two", "kind": "exclude", "usage": None},
    "put_tariff": {"tariff_id": "t-one", **a_tariff_body()},
    "put_demand_series": {"series_id": "made-up", "service_point_id": None, "district": None},
    "import_usage": {"unit": "l", "timezone": "Europe/Sofia"},
    "put_budget": {"utility": "water", "euro": "10.00", "amount": None},
    "assign_tariff": {"tariff_id": "sofiyska-voda-household", "since": "2026-01-01"},
}
FILES = {"import_usage": "interval_start,usage\n2026-01-31 00:00,12.5\n2026-01-31 01:00,11\n"}
A_SERIES = {"name": {"bg": "Зона", "en": "Zone"}, "utility": "water", "level": "city", "unit": "l"}
FEWEST = 2
Mode = schemathesis.GenerationMode


@dataclass
class Exploration:
    """One caller's way through all routes: what went wrong, and which were ever answered well.

    ``there`` is what the cloud holds: put in for most of what was made up, so that not
    everything ends with 404. ``examples`` are of each route that writes, by mode.
    """

    base: str
    caller: Caller
    role: Role | None
    examples: int
    there: dict[str, Any]
    only: str = ""
    faults: list[str] = field(default_factory=list)
    explored: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Ask every route and note what is wrong, at most one group of faults of each."""
        for mode in Mode:
            operations = [found.ok() for found in self._schema(mode).get_all_operations()]
            # what is there is deleted last, and limits before the series that they are of
            for operation in sorted(
                operations,
                key=lambda one: (one.method == "delete", one.label.endswith("{series_id}")),
            ):
                if self.only not in operation.label:
                    continue
                if not _is_explored(operation.definition.raw, mode):
                    continue
                self.explored.add(operation.label)
                try:
                    self._explore(operation, mode)
                except FailureGroup as faults:
                    self.faults.append(f"{operation.label} ({mode}): {faults.exceptions}")

    def _schema(self, mode: Mode) -> Any:
        schema = schemathesis.openapi.from_url(f"{self.base}/api/v1/openapi.json")
        schema.config.generation.with_security_parameters = False  # who asks is ours to say
        schema.config.generation.allow_extra_parameters = False  # what isn't known is overlooked
        schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
        if mode is Mode.POSITIVE:
            for kind in ("path_parameters", "query", "body"):
                schema.hook(f"flatmap_{kind}")(_with(self.there))
        return schema

    def _explore(self, operation: Any, mode: Mode) -> None:
        checks = [*OF_ANSWERS, *([negative_data_rejection] if mode is Mode.NEGATIVE else [])]

        @hypothesis.settings(
            max_examples=self._examples_of(operation),
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers=self.caller.headers)
            if answer.status_code < 400:
                self.answered.add(operation.label)
            case.validate_response(answer, checks=checks)

        ask()

    def _examples_of(self, operation: Any) -> int:
        """Return how often to ask a route: half as often where it only reads.

        What refuses this caller at the door does so whatever the rest of the request says.
        """
        right = NEEDS.get(operation.label.replace(" /api/v1", " "))
        if right is not None and self.role not in RIGHTS[right]:
            return FEWEST
        return self.examples if operation.method != "get" else max(FEWEST, self.examples // 2)


def _with(there: dict[str, Any]) -> Any:
    """Return the hook that puts in what is there."""

    def put_in(context: schemathesis.HookContext, made_up: Any) -> st.SearchStrategy[Any]:
        assert context.operation is not None
        name_of = context.operation.definition.raw["operationId"]
        if not isinstance(made_up, dict):
            return st.sampled_from([FILES.get(name_of, made_up)] * 3 + [made_up])
        good = {**there, **GOOD.get(name_of, {})}
        known = {name: good[name] for name in made_up if name in good}
        # a route takes a path, a query and a body: mostly all of what is there, or few would match
        return st.sampled_from([{**made_up, **known}] * 3 + [made_up])

    return put_in


def _is_explored(described: dict[str, Any], mode: Mode) -> bool:
    if STREAM in str(described["responses"]):
        return False
    can_be_wrong = "application/json" in str(described.get("requestBody")) or any(
        parameter["in"] != "header" for parameter in described.get("parameters", ())
    )
    return mode is Mode.POSITIVE or can_be_wrong


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    """Give settings with mail, which is queued and goes nowhere."""
    mail = {"smtp_host": "127.0.0.1", "smtp_sender": "iskar@iskar.example"}
    return settings.model_copy(update=mail)


async def test_a_person_is_answered_as_described_in_their_account(served: CloudInTest) -> None:
    person = await a_person(served, "p-one")
    for part in ("/account", "/session/", "/shares"):
        there = {"premises_id": "p-one"}
        exploration = Exploration(str(served.client.base_url), person, Role.OWNER, 6, there, part)
        await asyncio.to_thread(exploration.run)
        assert not exploration.faults, "\n\n".join(exploration.faults)
        assert exploration.answered


async def _somebodys_id(cloud: CloudInTest) -> int:
    await cloud.services.access.put_user("iva@example.bg", "Iva", Role.OWNER, ["p-one"])
    (user,) = (await cloud.operator.get("/users"))["items"]
    return int(user["user_id"])


async def _explored(
    cloud: CloudInTest, caller: Caller, role: Role | None, examples: int
) -> Exploration:
    """Fill the cloud a little, ask every route, and return what came of it."""
    await cloud.register("two")
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    hook = await cloud.operator.post("/webhooks", {"url": "https://example.com/", "utilities": []})
    await cloud.gateway.send(a_telegram(1), a_telegram(2), a_finding(3))
    (sent,) = (await cloud.operator.get(f"/webhooks/{hook['webhook_id']}/deliveries"))["items"]
    correction = await cloud.operator.post(
        "/service-points/sp-one/corrections",
        {"kind": "exclude", **A_NIGHT, "reason": "The meter was read in the dark."},
    )
    event = await cloud.operator.post(
        "/service-points/sp-one/register-events",
        {"kind": "reset", "at": A_NIGHT["since"], "explanation": "New battery."},
    )
    package = (await cloud.operator.ask("POST", "/packages", content=a_package())).json()
    rollout = await cloud.operator.post(
        "/gateways/gw-one/rollouts", {"package_id": package["package_id"]}
    )
    await cloud.operator.post(f"/rollouts/{rollout['rollout_id']}/stop")  # room for another
    (alert,) = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    await cloud.services.weather.put_place(a_place())
    await cloud.services.weather.take_in("sofia", hours_of(1, None, 3))
    await cloud.operator.put("/demand/series/dma", A_SERIES)
    await cloud.operator.put("/demand/limits/too-much", {"series_id": "dma", "upper": 1e6})
    there = {
        "place_id": "sofia",
        "series_id": "dma",
        "limit_id": "too-much",
        "premises_id": "p-one",
        "parent_service_point_id": None,
        "service_point_id": "sp-one",
        "meter_id": "m-one",
        "gateway_id": "gw-one",
        "gateway": "gw-one",
        "package_id": package["package_id"],
        "rollout_id": rollout["rollout_id"],
        "node_ids": None,
        "board": "esp32",
        "expires_at": "2026-11-22T12:00:00Z",
        "node_id": "n-one",
        "alert_id": alert["alert_id"],
        "webhook_id": hook["webhook_id"],
        "message_id": sent["message_id"],
        "url": "https://example.com/",
        "overlap_hours": 0,
        "enabled": True,
        "obis": COLD,
        "reading_type": "cold_water",
        "installed_at": "2025-01-01T00:00:00Z",
        "correction_id": correction["correction_id"],
        "event_id": event["event_id"],
        "since": "2026-11-19T22:00:00Z",
        "until": "2026-11-19T23:00:00Z",
        "at": "2026-11-21T11:00:00Z",
        "register_before": None,
        "register_after": None,
        "from": "2026-11-20",
        "to": "2026-11-22",
        "month": "2026-11",
        "user_id": await _somebodys_id(cloud),
        "tariff_id": "sofiyska-voda-household",
        "csr_pem": a_request(),
        "reason": "The meter was read in the dark.",
    }
    exploration = Exploration(str(cloud.client.base_url), caller, role, examples, there)
    await asyncio.to_thread(exploration.run)
    return exploration


async def test_an_operator_is_answered_as_described_and_finds_every_route_at_work(
    served: CloudInTest,
) -> None:
    operator = await served.caller(Role.OPERATOR)
    exploration = await _explored(served, operator, Role.OPERATOR, examples=12)
    assert not exploration.faults, "\n\n".join(exploration.faults)
    assert exploration.explored - exploration.answered == {
        "POST /api/v1/session",  # nobody's password was guessed
        "POST /api/v1/ingest/batches",  # a gateway's, explored in test_cloud_fuzz
        "GET /api/v1/gateways/{gateway_id}/configuration",  # that gateway's alone
        "GET /api/v1/gateways/{gateway_id}/orders",
        "GET /api/v1/packages/{package_id}/content",
        "POST /api/v1/packages",  # nobody guesses a digest
        "POST /api/v1/tokens",  # a person's, not a program's
        "DELETE /api/v1/tokens/{token_id}",
        "DELETE /api/v1/premises/{premises_id}/shares/{share_id}",  # made after this one ended
        "POST /api/v1/session/passkey",  # nobody's passkey was made
        "POST /api/v1/session/step-up",  # a person's, and so are those of the account
        "POST /api/v1/account/new-password",
        *(label for label in exploration.explored if "/account" in label and label not in OPEN),
        "POST /api/v1/premises/{premises_id}/shares",
        "PUT /api/v1/subscriptions/{subscription_id}",
        "DELETE /api/v1/subscriptions/{subscription_id}",
        "GET /api/v1/demand/series/{series_id}/forecast",  # none was made
        "GET /api/v1/demand/series/{series_id}/forecast.csv",
        "GET /api/v1/demand/series/{series_id}/what-if",
        "GET /api/v1/demand/series/{series_id}/peak",
        "GET /api/v1/districts/{district}/usage",  # of five buildings, and months that are over
        "PUT /api/v1/service-points/{service_point_id}/client-number",  # its point has no supplier
        "GET /api/v1/service-points/{service_point_id}/gas-energy",  # of a gas meter; there is none
        "POST /api/v1/unsubscribe/{key}",  # nobody's link was guessed
        *(label for label in exploration.explored if "/organisations/" in label),  # there are none
    }


@pytest.mark.parametrize(("role", "examples"), [(Role.OWNER, 6), (Role.GATEWAY, 3), (None, 2)])
async def test_others_are_answered_as_described(
    served: CloudInTest, role: Role | None, examples: int
) -> None:
    callers = {
        Role.OWNER: await served.caller(Role.OWNER, "p-one"),
        Role.GATEWAY: served.gateway,
        None: served.nobody,
    }
    exploration = await _explored(served, callers[role], role, examples)
    assert not exploration.faults, "\n\n".join(exploration.faults)

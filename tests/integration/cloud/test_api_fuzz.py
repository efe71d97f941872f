# SPDX-License-Identifier: EUPL-1.2
"""Every route, asked by schemathesis what its description allows and what it forbids (AC-120, 121).

No server error, and no status, media type, header or body that the OpenAPI document doesn't tell.
Streams never end, so they are asked in test_api_streams.
"""

import asyncio
from collections.abc import Iterator
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

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding, a_telegram

# Of each kind for each route; who is refused at the door is refused whatever the rest says.
EXAMPLES = {"operator": 14, "owner": 6, "gateway": 2, "nobody": 2}
OF_ANSWERS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What is there: put in for what was made up every other time, so that not all ends with 404.
THERE = {
    "premises_id": "p-one",
    "service_point_id": "sp-one",
    "meter_id": "m-one",
    "gateway_id": "gw-one",
    "node_id": "n-one",
    "alert_id": "gw-one-f-1",
    "obis": "8-0:1.0.0",
    "reading_type": "cold_water",
    "from": "2026-11-20",
    "to": "2026-11-22",
}
STREAM = "text/event-stream"


@pytest.mark.parametrize("who", EXAMPLES)
async def test_every_route_answers_as_described(served: CloudInTest, who: str) -> None:
    await served.gateway.send(a_telegram(1), a_telegram(2), a_finding(3))
    callers = {
        "operator": served.operator,
        "owner": await served.caller(Role.OWNER, "p-one"),
        "gateway": served.gateway,
        "nobody": served.nobody,
    }
    base = str(served.client.base_url)
    faults = await asyncio.to_thread(lambda: list(_faults(base, callers[who], EXAMPLES[who])))
    assert not faults, "\n\n".join(faults)


def _faults(base: str, caller: Caller, examples: int) -> Iterator[str]:
    """Ask every route and yield what is wrong, at most one group of faults of each."""
    for mode in schemathesis.GenerationMode:
        schema = schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json")
        schema.config.generation.with_security_parameters = False  # who asks is ours to say
        schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
        schema.config.generation.allow_extra_parameters = False  # what isn't known is overlooked
        if mode is schemathesis.GenerationMode.POSITIVE:
            for kind in ("path_parameters", "query", "body"):
                schema.hook(f"flatmap_{kind}")(_with_what_is_there)
        for operation in (found.ok() for found in schema.get_all_operations()):
            if not _is_explored(operation.definition.raw, mode):
                continue
            try:
                _explore(operation, mode, caller, examples)
            except FailureGroup as faults:
                yield f"{operation.label} ({mode}): {faults.exceptions}"


def _is_explored(described: dict[str, Any], mode: schemathesis.GenerationMode) -> bool:
    if STREAM in str(described["responses"]):
        return False
    can_be_wrong = "requestBody" in described or any(
        parameter["in"] != "header" for parameter in described.get("parameters", ())
    )
    return mode is schemathesis.GenerationMode.POSITIVE or can_be_wrong


def _explore(
    operation: Any, mode: schemathesis.GenerationMode, caller: Caller, examples: int
) -> None:
    checks = [*OF_ANSWERS]
    if mode is schemathesis.GenerationMode.NEGATIVE:
        checks.append(negative_data_rejection)

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=caller.headers, checks=checks)

    ask()


def _with_what_is_there(_context: schemathesis.HookContext, made_up: Any) -> st.SearchStrategy[Any]:
    if not isinstance(made_up, dict):
        return st.just(made_up)
    there = {name: THERE[name] for name in made_up if name in THERE}
    return st.sampled_from([made_up, {**made_up, **there}])

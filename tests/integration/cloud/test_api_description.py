# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document: what clients are made from, and whether it is whole."""

from collections.abc import Iterator
from typing import Any

import pytest_asyncio
import schemathesis

from cloud.kit.errors import MEDIA_TYPE
from tests.integration.cloud.builders import CloudInTest

Document = dict[str, Any]

# Clients made from the document call their methods so: a name stays, whatever our code is called.
NAMES = {
    "sign_in": "POST /session",
    "premises": "GET /premises",
    "one_building": "GET /premises/{premises_id}",
    "usage_of_premises": "GET /premises/{premises_id}/usage",
    "usage_of_point": "GET /service-points/{service_point_id}/usage",
    "readings_of_point": "GET /service-points/{service_point_id}/readings",
    "alerts_of_premises": "GET /premises/{premises_id}/alerts",
    "acknowledge": "POST /alerts/{alert_id}/acknowledge",
    "add_webhook": "POST /webhooks",
    "put_meter": "PUT /meters/{meter_id}",
    "put_installation": "PUT /installations/{service_point_id}",
    "ingest": "POST /ingest/batches",
}
OPEN = {  # to everybody
    "sign_in",
    "sign_in_by_passkey",
    "passkey_options",
    "ask_for_reset",
    "set_password_by_link",
    "sign_out",
    "authority",
    "list_organisations",
    "go_to_organisation",
    "come_from_organisation",
    "sign_out_at_organisation",
    "back_channel_logout",
    "ask_to_unsubscribe",
    "unsubscribe",
    "weather_places",
    "weather_hours",
    "weather_days",
    "weather_flags",
    "weather_degree_days",
    "weather_snow_water",
    "is_live",
    "is_ready",
}
REFUSING = {"sign_in", "sign_in_by_passkey"}  # open, and yet they answer 401


@pytest_asyncio.fixture
async def document(cloud: CloudInTest) -> Document:
    found: Document = await cloud.nobody.get("/openapi.json")
    return found


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


async def test_the_document_is_openapi_3_1_and_schemathesis_understands_all_of_it(
    document: Document,
) -> None:
    assert document["openapi"].startswith("3.1.")
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()
    assert len([found.ok() for found in schema.get_all_operations()]) > 30


async def test_operations_keep_their_names(document: Document) -> None:
    names = {
        operation["operationId"]: f"{method} {path.removeprefix('/api/v1')}"
        for method, path, operation in _operations(document)
    }
    assert len(names) == len(list(_operations(document)))
    assert {name: names.get(name) for name in NAMES} == NAMES


async def test_every_refusal_is_a_problem_and_every_answer_has_its_media_type(
    document: Document,
) -> None:
    for _, path, operation in _operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            if int(status) >= 400:
                assert list(content) == [MEDIA_TYPE], (path, status)
            elif status in ("200", "201"):
                assert content, (path, status)
    assert document["components"]["schemas"]["Problem"]["required"]


async def test_every_route_but_the_open_ones_takes_a_token_or_a_session(
    document: Document,
) -> None:
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    for _, path, operation in _operations(document):
        asks = operation.get("security") == [{"token": []}, {"session": []}]
        assert asks is (operation["operationId"] not in OPEN), path
        assert ("401" in operation["responses"]) is (asks or operation["operationId"] in REFUSING)


async def test_a_stream_is_described_as_one(document: Document) -> None:
    for path in ("/api/v1/live", "/api/v1/premises/{premises_id}/live"):
        answers = document["paths"][path]["get"]["responses"]
        assert list(answers["200"]["content"]) == ["text/event-stream"]
        assert "304" not in answers

# SPDX-License-Identifier: EUPL-1.2
"""What may be packed: nothing that gives out a secret, nothing that is not whole."""

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient

from cloud.kit.compression import APART_FROM_BYTES, MIN_BYTES, Compressed

BODY = {"items": ["a"] * MIN_BYTES}


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(Compressed, prefix="/api")
    secret = {"Cache-Control": "no-store"}

    @app.get("/api/open")
    @app.post("/api/open")
    @app.get("/elsewhere")
    def told() -> JSONResponse:
        return JSONResponse(BODY)

    @app.get("/api/long")
    def long() -> JSONResponse:
        return JSONResponse({"items": ["a"] * APART_FROM_BYTES})

    @app.get("/api/secret")
    def secrets() -> JSONResponse:
        return JSONResponse(BODY, headers=secret)

    @app.get("/api/pieces")
    def pieces() -> StreamingResponse:
        return StreamingResponse(iter(["[", "1," * MIN_BYTES, "2]"]), media_type="application/json")

    @app.get("/api/text")
    def text() -> StreamingResponse:
        return StreamingResponse(iter(["a" * MIN_BYTES]), media_type="text/csv")

    return TestClient(app, headers={"Accept-Encoding": "gzip"})


@pytest.mark.parametrize("path", ["/api/open", "/api/long"])
def test_a_whole_json_answer_to_a_read_is_packed(client: TestClient, path: str):
    answer = client.get(path)
    assert answer.headers["content-encoding"] == "gzip"
    assert set(answer.json()["items"]) == {"a"}


@pytest.mark.parametrize("path", ["/api/secret", "/api/pieces", "/api/text", "/elsewhere"])
def test_secrets_streams_other_types_and_other_paths_are_not(client: TestClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert len(answer.content) >= MIN_BYTES


def test_an_answer_to_a_write_is_not(client: TestClient):
    answer = client.post("/api/open")
    assert answer.json() == BODY
    assert "content-encoding" not in answer.headers

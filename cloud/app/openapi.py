# SPDX-License-Identifier: EUPL-1.2
"""OpenAPI: what every route of a kind answers is told of each of them.

A route declares its own errors (``errors.answers``); those that come of signing in, of parameters,
of a body, of a tag or of the database are added here, so that none is forgotten.
"""

from typing import Any

from fastapi import FastAPI

from cloud.kit import errors, etags, idempotency
from cloud.kit.auth.rights import NotAllowedError, NotSignedInError
from cloud.kit.bodies import UnknownEncodingError
from cloud.kit.rates import RateLimitedError

API = "/api/v1"
JSON = "application/json"
WRITES = ("post", "put", "patch", "delete")
REF = "#/components/schemas/{model}"

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The tag of the answer that the client has.",
    "schema": {"type": "string"},
    "example": '"5d41402abc4b2a76b9719d911017c592"',
}
ETAG = {
    "description": "A tag over the answer's bytes; weak, `W/`, where they went compressed.",
    "schema": {"type": "string", "pattern": '^(W/)?"[0-9a-f]{32}"$'},
}
REPLAYED = {
    "description": "`true` where this was answered before under the same Idempotency-Key.",
    "schema": {"type": "string", "const": "true"},
}


class DescribedApp(FastAPI):
    """An application whose document tells each route's real statuses and media types."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["schemas"]["Problem"] = errors.Problem.model_json_schema(
                ref_template=REF
            )
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _complete(path, method, operation)
            for unused in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(unused, None)
        assert self.openapi_schema is not None  # noqa: S101 - FastAPI keeps what it returns
        return self.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    if JSON in answers.get("422", {}).get("content", {}):  # FastAPI's own, which is not ours
        del answers["422"]
    for status, answer in _of_its_kind(method, operation).items():
        answers.setdefault(str(status), answer)
    if path.startswith(API):
        answers.setdefault("429", errors.answers(RateLimitedError)[429])
    if (
        method == "get"
        and path.startswith(API)
        and JSON in answers.get("200", {}).get("content", {})
    ):
        answers["200"]["headers"] = {"ETag": ETAG}
        answers["304"] = {"description": "The client has this answer.", "headers": {"ETag": ETAG}}
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    if _is_idempotent(operation):
        for status in {"200", "201"} & set(answers):
            answers[status]["headers"] = {idempotency.REPLAYED: REPLAYED}
    operation["responses"] = dict(sorted(answers.items()))


def _is_idempotent(operation: dict[str, Any]) -> bool:
    return any(one["name"] == idempotency.HEADER for one in operation.get("parameters", ()))


def _of_its_kind(method: str, operation: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    found: list[type[errors.CloudError]] = []
    if operation.get("security"):
        found += [NotSignedInError, NotAllowedError]
    if operation.get("security") or method in WRITES:
        found.append(errors.DatabaseUnavailableError)
    parameters = operation.get("parameters", [])
    if parameters or "requestBody" in operation:
        found.append(errors.InvalidRequestError)
    if method != "put" and any(one["in"] == "path" for one in parameters):
        found.append(errors.NotFoundError)
    if _is_idempotent(operation):
        found += [idempotency.KeyInUseError, idempotency.KeyReusedError]
    if method in WRITES:
        found += [
            errors.MalformedBodyError,
            errors.BodyTooLargeError,
            UnknownEncodingError,
            etags.PreconditionFailedError,
        ]
    return errors.answers(*found)

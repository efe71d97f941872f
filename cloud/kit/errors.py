# SPDX-License-Identifier: EUPL-1.2
"""Errors of the cloud, and how each is answered: as a problem detail of RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolClosed, PoolTimeout
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cloud.kit.requests import HEADER, request_id

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"


class CloudError(Exception):
    """Something the caller must act on; the message is a sentence with the values in it."""

    status = 500
    code = "cloud-error"
    headers: ClassVar[Mapping[str, str]] = {}


class NotFoundError(CloudError):
    """What was asked for isn't there, or isn't the caller's to see."""

    status = 404
    code = "not-found"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} {name!r} that you may see.")


class UnknownReferenceError(CloudError):
    """A registry entry names another that isn't registered yet."""

    status = 409
    code = "unknown-reference"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"The {kind} {name!r} is not registered; register it first.")


class InvalidRequestError(CloudError):
    """A request is well-formed but says something that can't be."""

    status = 422
    code = "invalid-request"


class MalformedBodyError(CloudError):
    """The body of a request can't be read at all."""

    status = 400
    code = "malformed-body"


class BodyTooLargeError(CloudError):
    """The body of a request is over the limit of its route."""

    status = 413
    code = "body-too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The body is larger than the {limit_bytes} bytes allowed here.")


class StoppingError(CloudError):
    """This process is about to stop; another one answers, or this one again in a moment."""

    status = 503
    code = "stopping"
    headers: ClassVar = {"Retry-After": RETRY_AFTER_S}

    def __init__(self) -> None:
        super().__init__("This process is about to stop and takes no more work.")


class DatabaseUnavailableError(CloudError):
    """The database is away, or took too long; nothing was stored."""

    status = 503
    code = "database-unavailable"
    headers: ClassVar = {"Retry-After": RETRY_AFTER_S}

    def __init__(self) -> None:
        super().__init__(
            "The database can't be reached at the moment; nothing was stored, send it again."
        )


class Problem(BaseModel):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def answers(*refusals: type[CloudError]) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses`` say of the errors that are its own.

    Those that any route of its kind may answer with are added by ``cloud.app.openapi``.
    """
    said: dict[int | str, list[str]] = {}
    for one in refusals:
        said.setdefault(one.status, []).append((one.__doc__ or "").splitlines()[0])
    return {
        status: {"description": " ".join(sentences), "content": PROBLEM_CONTENT}
        for status, sentences in said.items()
    }


def problem(
    request: Request, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the answer that says what went wrong; ``instance`` is where, and in which request."""
    asked = request_id(request.scope)
    body = Problem(
        type=f"urn:iskar:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=f"{request.url.path}#{asked}" if asked else request.url.path,
    )
    said = {**(headers or {}), **({HEADER: asked} if asked else {})}
    return JSONResponse(body.model_dump(), status, headers=said, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error with a problem detail."""
    app.add_exception_handler(CloudError, _cloud_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(psycopg.DataError, _data_error)
    app.add_exception_handler(UnicodeEncodeError, _data_error)  # a lone surrogate
    for unavailable in (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed):
        app.add_exception_handler(unavailable, _database_unavailable)
    app.add_exception_handler(TimeoutError, _database_unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _cloud_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CloudError)  # noqa: S101 - registered for this class only
    return problem(request, error.status, error.code, str(error), error.headers)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(request, error.status_code, code, str(error.detail), error.headers)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    details = [
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        for fault in error.errors()[:10]
    ]
    malformed = any(fault["type"] == "json_invalid" for fault in error.errors())
    detail = "; ".join(details).encode(errors="replace").decode()
    return problem(request, 400 if malformed else 422, "invalid-request", detail)


async def _data_error(request: Request, error: Exception) -> JSONResponse:
    log.warning("request_refused_by_database", path=request.url.path, error=str(error))
    return problem(request, 422, "invalid-request", "A field holds what can't be stored.")


async def _database_unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("database_unavailable", path=request.url.path, error=str(error).strip()[:200])
    return await _cloud_error(request, DatabaseUnavailableError())


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return problem(request, 500, "internal-error", "The cloud failed; the fault is in its log.")

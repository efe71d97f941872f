# SPDX-License-Identifier: EUPL-1.2
"""Idempotency-Key: a POST whose answer was lost may be sent again, and happens once.

``@idempotent`` below a route's decorator does all of it. The effect and the answer kept of it are
one transaction: the services' own become a part of it (``Database.joined``), so that a crash leaves
both or neither. Refusals have no effect and aren't kept: the same key may be tried again.

Answers may hold secrets that are stored nowhere else, such as a new token. They are kept sealed
under a key made of the caller's Idempotency-Key, of which we keep only a hash: who has the database
alone can't open them, given a key that can't be guessed, such as a random UUID.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import inspect
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Annotated, Any, ClassVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from cloud.kit import idempotency_repository as repository
from cloud.kit.auth.callers import Caller
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import CloudError

KEPT_FOR = timedelta(hours=24)
TIMEOUT_S = 120  # of the whole request; an effect may take up years of readings
NONCE_BYTES = 12
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"

# A structured field's string (RFC 8941, 3.3.3), quoted as the draft has it, or bare.
Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        pattern=r'^("[A-Za-z0-9_.:-]{16,128}"|[A-Za-z0-9_.:-]{16,128})$',
        description="Under the same key the same request happens once, for 24 h: a random UUID.",
        examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    ),
]
Endpoint = Callable[..., Awaitable[BaseModel]]


class KeyInUseError(CloudError):
    """A request under the same Idempotency-Key is not answered yet."""

    status = 409
    code = "idempotency-key-in-use"
    headers: ClassVar = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("The first request under this Idempotency-Key is still under way.")


class KeyReusedError(CloudError):
    """An Idempotency-Key came before with another request."""

    status = 422
    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent with another request; take a new one.")


@dataclass(frozen=True, kw_only=True)
class Once:
    """One request, whose effect happens once for its caller and key."""

    request: Request
    subject: str
    key: str | None

    async def answer(self, effect: Callable[[], Awaitable[BaseModel]]) -> BaseModel | Response:
        """Return what ``effect`` answers, or what it answered under the same key before."""
        if self.key is None:
            return await effect()
        database: Database = self.request.app.state.database
        clock: Clock = self.request.app.state.clock
        now = clock.now()
        name = _derived(self.key, b"name").hex()
        digest = await self._digest()
        async with database.transaction(TIMEOUT_S, as_system=True) as connection:
            if not await repository.claim(connection, self.subject, name):
                raise KeyInUseError
            kept = await repository.kept(connection, self.subject, name, now - KEPT_FOR)
            if kept is not None:
                if kept["request_digest"] != digest:
                    raise KeyReusedError
                body = _opened(self.key, self.subject, kept["body"])
                return Response(body, kept["status"], {**kept["headers"], REPLAYED: "true"})
            with database.joined(connection):
                model = await effect()
            body = model.model_dump_json(by_alias=True).encode()
            answer = Response(body, self._status(), {"content-type": "application/json"})
            await repository.keep(
                connection,
                caller=self.subject,
                key=name,
                route=self.request.scope["route"].name,
                digest=digest,
                status=answer.status_code,
                headers={"content-type": answer.headers["content-type"]},
                body=_sealed(self.key, self.subject, body),
                now=now,
                forget_before=now - KEPT_FOR,
            )
        return answer

    async def _digest(self) -> bytes:
        asked = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n"
        return hashlib.sha256(asked.encode() + await self.request.body()).digest()

    def _status(self) -> int:
        return self.request.scope["route"].status_code or 200


def _sealed(key: str, subject: str, body: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_derived(key, b"seal")).encrypt(nonce, body, subject.encode())


def _opened(key: str, subject: str, sealed: bytes) -> bytes:
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(_derived(key, b"seal")).decrypt(nonce, rest, subject.encode())


def _derived(key: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=purpose).digest()


def _once(request: Request, caller: Caller, key: Key = None) -> Once:
    return Once(
        request=request, subject=caller.subject, key=key.strip('"') if key is not None else None
    )


def idempotent(endpoint: Endpoint) -> Callable[..., Awaitable[Any]]:
    """Let callers of ``endpoint`` send an Idempotency-Key; its effects must be transactions."""

    @wraps(endpoint)
    async def at_most_once(*, once: Once, **arguments: Any) -> Any:
        return await once.answer(lambda: endpoint(**arguments))

    asked = inspect.signature(endpoint)
    once = inspect.Parameter(
        "once", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Once, Depends(_once)]
    )
    at_most_once.__signature__ = asked.replace(  # type: ignore[attr-defined]
        parameters=[*asked.parameters.values(), once]
    )
    return at_most_once

# SPDX-License-Identifier: EUPL-1.2
"""The cloud, as the gateway sees it: two requests and the ways in which they fail."""

import asyncio
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from edge_gateway.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CertificateMissingError,
    CloudDeniedError,
    CloudUnreachableError,
)
from edge_gateway.forwarder.body import batch_body
from edge_gateway.settings import Settings
from edge_gateway.store.outbox import Waiting
from wire import batch
from wire.errors import WireError

_ERRORS = {
    401: CloudDeniedError,
    403: CloudDeniedError,
    413: BatchTooLargeError,
    422: BatchRefusedError,
}


class Cloud:
    """One connection, kept open, to the cloud; every request ends within the time limit.

    The limit is over the whole request, so that a link that swallows everything is noticed by it
    and not by TCP, which would take a quarter of an hour.
    """

    def __init__(self, settings: Settings) -> None:
        self._gateway_id = settings.id
        self._timeout_s = settings.uplink_timeout_s
        ca_file = settings.cloud_ca_file
        if ca_file is not None and not ca_file.exists():
            raise CertificateMissingError(ca_file)
        self._http = httpx.AsyncClient(
            base_url=settings.cloud_url,
            headers={"Authorization": f"Bearer {settings.cloud_token.get_secret_value()}"},
            verify=ssl.create_default_context(cafile=None if ca_file is None else str(ca_file)),
            timeout=settings.uplink_timeout_s,
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=2),
            trust_env=False,  # where the readings go is decided by our settings alone
        )

    async def __aenter__(self) -> Self:
        """Return the client; leaving the block closes its connections."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, store_id: str, waiting: Sequence[Waiting]) -> dict[str, Any]:
        """Post a batch; return the answer, in which ``committed`` is checked."""
        body, headers = await asyncio.to_thread(batch_body, self._gateway_id, store_id, waiting)
        answer = await self._ask("POST", batch.PATH, content=body, headers=headers)
        try:
            batch.committed(answer)
        except WireError as error:
            raise CloudUnreachableError(f"The answer is not the contract's: {error}") from None
        return answer

    async def configuration(self) -> dict[str, Any]:
        """Return what the cloud knows of this gateway's nodes and meters."""
        return await self._ask("GET", f"/api/v1/gateways/{self._gateway_id}/configuration")

    async def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._http.request(method, path, **request)
        except TimeoutError:
            raise CloudUnreachableError(f"No answer within {self._timeout_s:g} s.") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise CloudUnreachableError(f"{type(error).__name__}: {error}") from None
        if answer.status_code != httpx.codes.OK:
            kind = _ERRORS.get(answer.status_code, CloudUnreachableError)
            raise kind(f"The cloud answered {answer.status_code}: {answer.text[:200]!r}")
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise CloudUnreachableError(f"The answer is no JSON object: {answer.text[:200]!r}")
        return content

# SPDX-License-Identifier: EUPL-1.2
"""The cloud, as the gateway sees it: its requests and the ways in which they fail."""

import asyncio
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from edge_gateway.clock import Clock
from edge_gateway.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CertificateMissingError,
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudNotTrustedError,
    CloudSilentError,
    CloudUnreachableError,
    EncodingRefusedError,
)
from edge_gateway.forwarder.body import Encoding, batch_body
from edge_gateway.forwarder.token import Tokens
from edge_gateway.settings import Settings
from edge_gateway.store.entries import Entry
from wire import batch
from wire.errors import WireError

_ERRORS = {
    401: CloudDeniedError,
    403: CloudDeniedError,
    413: BatchTooLargeError,
    415: EncodingRefusedError,
    422: BatchRefusedError,
}
_BUSY = (429, 503)
RETRY_AFTER_CAP_S = 300  # a proxy that says "tomorrow" is not to be believed


class Cloud:
    """One connection, kept open, to the cloud; every request ends within the time limit.

    The limit is over the whole request, so that a link that swallows everything is noticed by it
    and not by TCP, which would take a quarter of an hour. Where an authority is set, only its
    certificates are believed, and none of the system's.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.tokens = Tokens(settings)
        self._clock = clock
        self._gateway_id = settings.id
        self._timeout_s = settings.uplink_timeout_s
        self._encoding: Encoding = "zstd"
        ca_file = settings.cloud_ca_file
        if ca_file is not None and not ca_file.exists():
            raise CertificateMissingError(ca_file)
        self._http = httpx.AsyncClient(
            base_url=settings.cloud_url,
            verify=ssl.create_default_context(cafile=None if ca_file is None else str(ca_file)),
            timeout=settings.uplink_timeout_s,
            limits=httpx.Limits(max_connections=3, max_keepalive_connections=3),
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

    async def send(self, store_id: str, waiting: Sequence[Entry]) -> dict[str, Any]:
        """Post a batch; return the answer, in which ``committed`` is checked."""
        try:
            answer = await self._post(store_id, waiting)
        except EncodingRefusedError:
            if self._encoding == "gzip":
                raise
            self._encoding = "gzip"  # a cloud, or a proxy before it, of an earlier day
            answer = await self._post(store_id, waiting)
        try:
            batch.committed(answer)
        except WireError as error:
            raise CloudUnreachableError(f"The answer is not the contract's: {error}") from None
        return answer

    async def _post(self, store_id: str, waiting: Sequence[Entry]) -> dict[str, Any]:
        body, headers = await asyncio.to_thread(
            batch_body, self._gateway_id, store_id, waiting, self._encoding
        )
        return await self.ask("POST", batch.PATH, content=body, headers=headers)

    async def configuration(self) -> dict[str, Any]:
        """Return what the cloud knows of this gateway's nodes and meters."""
        return await self.ask("GET", f"/api/v1/gateways/{self._gateway_id}/configuration")

    async def orders(self) -> dict[str, Any]:
        """Return what this gateway is to do."""
        return await self.ask("GET", f"/api/v1/gateways/{self._gateway_id}/orders")

    async def package(self, package_id: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes of a package from ``offset`` on, none beyond its end."""
        asked = {"offset": offset, "length": length}
        answer = await self._exchange("GET", f"/api/v1/packages/{package_id}/content", params=asked)
        return answer.content

    async def new_token(self, request_id: str) -> str:
        """Return a new token for this gateway, the same one under the same ``request_id``."""
        answer = await self.ask(
            "POST",
            f"/api/v1/gateways/{self._gateway_id}/token",
            headers={"Idempotency-Key": request_id},
        )
        token = answer.get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise CloudUnreachableError("The answer holds no token.")
        return token

    async def ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Return the JSON object that the cloud answers, or raise the CloudError that it means.

        If it tells the time, our clock learns of it.
        """
        sent_at_s = self._clock.monotonic_s()
        answer = await self._exchange(method, path, **request)
        content = _object(answer)
        now_ms = content.get("now_ms")
        if isinstance(now_ms, int) and not isinstance(now_ms, bool):
            self._clock.learn(now_ms, sent_at_s)
        return content

    async def _exchange(self, method: str, path: str, **request: Any) -> httpx.Response:
        token = self.tokens.current
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._http.request(method, path, headers=headers, **request)
        except TimeoutError:
            raise CloudSilentError(f"No answer within {self._timeout_s:g} s.") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise _unreachable(error) from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.tokens.refused(token)
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        return answer


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise CloudUnreachableError(f"The answer is no JSON object: {answer.text[:200]!r}")
    return content


def _unreachable(error: Exception) -> CloudUnreachableError:
    """Return the error, told apart by whether somebody else has answered in the cloud's place."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    kind = CloudUnreachableError if cause is None else CloudNotTrustedError
    return kind(f"{type(error).__name__}: {error}")


def _refusal(answer: httpx.Response) -> CloudError:
    said = f"The cloud answered {answer.status_code}: {answer.text[:200]!r}"
    if answer.status_code in _BUSY:
        # in seconds; as a date it would need a clock that is trusted
        retry_after = answer.headers.get("Retry-After", "")
        retry_after_s = int(retry_after[:9]) if retry_after.isdecimal() else 0
        return CloudBusyError(said, min(retry_after_s, RETRY_AFTER_CAP_S))
    return _ERRORS.get(answer.status_code, CloudUnreachableError)(said)

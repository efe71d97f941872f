# SPDX-License-Identifier: EUPL-1.2
"""The cloud's registry and certificate authority, as provisioning uses them."""

import ssl
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from provisioning.dossier import Papers
from provisioning.errors import (
    CloudAnswerError,
    CloudRefusedError,
    CloudUnreachableError,
    FieldError,
)
from provisioning.plan import Node, WiredNode

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TIMEOUT_S = 10


class Cloud:
    """Requests that may all be repeated: each says how things shall be, not what to change."""

    def __init__(self, url: str, token: str, ca_file: Path | None = None) -> None:
        self._url = url.rstrip("/")
        parts = urlsplit(self._url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise FieldError(f"{url} would send the token in clear; use https.")
        self._http = httpx.Client(
            base_url=f"{self._url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            verify=_trust(ca_file),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def register_node(self, node: Node | WiredNode, installed_at: datetime) -> None:
        """Put the node and its meters on record."""
        self._send(
            "PUT", f"/nodes/{node.node_id}", {"gateway_id": node.gateway_id, "board": node.board}
        )
        for channel in node.channels:
            self._send(
                "PUT",
                f"/installations/{channel.service_point_id}",
                {
                    "meter_id": channel.meter_id,
                    "node_id": node.node_id,
                    "obis": channel.obis,
                    "installed_at": (channel.installed_at or installed_at).isoformat(),
                },
            )

    def record_exchange(
        self,
        service_point_id: str,
        meter_id: str,
        exchanged_at: datetime,
        *,
        start_register: int,
        final_register: int | None,
    ) -> dict[str, Any]:
        """Put on record that another meter hangs there, read as the one before; return the record.

        Registers in wire units; None for the one taken down if its dial could not be read.
        """
        epochs = self._send("GET", f"/service-points/{service_point_id}/registers").get("items")
        if not isinstance(epochs, list) or not epochs:
            raise FieldError(f"At {service_point_id} no meter hangs yet; enrol its node instead.")
        return self._send(
            "PUT",
            f"/installations/{service_point_id}",
            {
                "meter_id": meter_id,
                "node_id": epochs[-1]["node_id"],
                "obis": epochs[-1]["obis"],
                "installed_at": exchanged_at.isoformat(),
                "start_register": start_register,
                "final_register": final_register,
            },
        )

    def certify_node(self, node_id: str, request_pem: bytes) -> Papers:
        """Return the certificate for a node's signing request."""
        return self._papers(f"/nodes/{node_id}/certificates", {"csr_pem": request_pem.decode()})

    def register_gateway(self, gateway_id: str, site: str, name: str) -> None:
        """Put the gateway on record."""
        self._send("PUT", f"/gateways/{gateway_id}", {"site": site, "name": name})

    def certify_gateway(
        self, gateway_id: str, request_pem: bytes, usage: Literal["client", "server"]
    ) -> Papers:
        """Return a certificate for the gateway as the broker's client, or for its broker."""
        return self._papers(
            f"/gateways/{gateway_id}/certificates",
            {"csr_pem": request_pem.decode(), "usage": usage},
        )

    def new_gateway_token(self, gateway_id: str) -> str:
        """Return a fresh token for the gateway; the one before stops working."""
        answer = self._send("POST", f"/gateways/{gateway_id}/token")
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            raise CloudAnswerError("The cloud's answer holds no token.")
        return token

    def accepts_gateway_token(self, gateway_id: str, token: str) -> bool:
        """Return whether ``token`` still opens the gateway's configuration."""
        try:
            self._send("GET", f"/gateways/{gateway_id}/configuration", token=token)
        except CloudRefusedError as error:
            if error.status in (401, 403):
                return False
            raise
        return True

    def _papers(self, path: str, body: dict[str, str]) -> Papers:
        try:
            return Papers.model_validate(self._send("POST", path, body))
        except ValidationError as error:
            faults = error.errors(include_input=False)
            raise CloudAnswerError(
                f"The cloud's certificate is not as agreed: {faults[0]['loc']} {faults[0]['msg']}."
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            response = self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise CloudUnreachableError(self._url, str(error) or type(error).__name__) from error
        if not response.is_success:
            raise CloudRefusedError(f"{method} {path}", response.status_code, _detail(response))
        return _object(response) if response.content else {}


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise FieldError(f"{ca_file} is no readable CA certificate in PEM: {error}.") from error


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise CloudAnswerError(f"{response.url} answered with something else than JSON.") from error
    if not isinstance(answer, dict):
        raise CloudAnswerError(f"{response.url} answered with something else than an object.")
    return answer


def _detail(response: httpx.Response) -> str:
    """Return the sentence of a problem document, or of what came instead."""
    try:
        problem = _object(response)
    except CloudAnswerError:
        return f"{response.reason_phrase}."
    return str(problem.get("detail") or problem.get("title") or response.reason_phrase)

# SPDX-License-Identifier: EUPL-1.2
"""Serving: HTTP and HTTPS in one process, on one application, stopped within seconds."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import structlog
import uvicorn

from cloud.app import create_app
from cloud.app.services import Services
from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

BACKLOG = 512
GRACE_S = 2  # for requests under way; open streams are ended before
KEEP_ALIVE_S = 30


class AddressInUseError(CloudError):
    """Another program listens where we should."""

    code = "address-in-use"

    def __init__(self, host: str, port: int, setting: str, reason: str) -> None:
        super().__init__(
            f"Can't listen on {host} port {port}: {reason}. Stop the program that does, or set"
            f" {setting} to another port."
        )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program: it has more to stop than this server."""
        yield


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a socket that is bound, or raise AddressInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        reason = error.strerror or str(error)
        raise AddressInUseError(host, port, setting, reason) from error
    bound.set_inheritable(False)
    return bound


async def serve(services: Services, http: socket.socket, https: socket.socket | None) -> None:
    """Answer on these sockets until cancelled."""
    app = create_app(services)
    servers = [(_Server(uvicorn.Config(app, **_options())), http)]
    if https is not None:
        certificate, key = services.meters.authority.own_server(
            services.settings.data_dir / "ca", "cloud", ("localhost", "127.0.0.1", "::1")
        )
        config = uvicorn.Config(
            app, **_options(), ssl_certfile=str(certificate), ssl_keyfile=str(key)
        )
        servers.append((_Server(config), https))
    running = [
        asyncio.create_task(server.serve(sockets=[bound]), name="http_server")
        for server, bound in servers
    ]
    log.info("serving", addresses=[_address(*bound.getsockname()[:2]) for _, bound in servers])
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        services.live.close()
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*running)


def _options() -> dict[str, Any]:
    return {
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "proxy_headers": False,
    }


def _address(host: str, port: int) -> str:
    return f"{host}:{port}"

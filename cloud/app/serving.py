# SPDX-License-Identifier: EUPL-1.2
"""Serving: HTTP and HTTPS in one process, on one application, stopped without breaking off.

Told to stop, it says so at ``/health/ready`` and with each answer (``Connection: close``) for as
long as balancers need to notice, then takes no more connections and ends what is under way.
"""

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
from cloud.kit.settings import CloudSettings
from cloud.operation.metrics import Metrics

log = structlog.get_logger(__name__)

BACKLOG = 512
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
    # Named, or asyncio leaves Nagle's algorithm on, and answers wait 40 ms for an acknowledgement.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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


async def serve(
    services: Services,
    http: socket.socket,
    https: socket.socket | None,
    scraped: socket.socket | None = None,
) -> None:
    """Answer on these sockets until cancelled; on ``scraped`` only Prometheus."""
    app = create_app(services)
    options = _options(services.settings)
    servers = [(_Server(uvicorn.Config(app, **options)), http)]
    if https is not None:
        certificate, key = services.meters.authority.own_server(
            services.settings.data_dir / "ca", "cloud", ("localhost", "127.0.0.1", "::1")
        )
        config = uvicorn.Config(app, **options, ssl_certfile=str(certificate), ssl_keyfile=str(key))
        servers.append((_Server(config), https))
    if scraped is not None:
        servers.append((_Server(_scraped(services)), scraped))
    running = [
        asyncio.create_task(server.serve(sockets=[bound]), name="http_server")
        for server, bound in servers
    ]
    log.info("serving", addresses=[_address(*bound.getsockname()[:2]) for _, bound in servers])
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        app.state.draining.has_begun = True
        if services.settings.drain_s:
            log.info("draining", seconds=services.settings.drain_s)
            await asyncio.sleep(services.settings.drain_s)
        services.live.close()
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*running)


async def answer_prometheus(services: Services, scraped: socket.socket) -> None:
    """Answer Prometheus alone until cancelled: a worker has nothing else to say."""
    server = _Server(_scraped(services))
    running = asyncio.create_task(server.serve(sockets=[scraped]), name="http_server")
    try:
        await asyncio.wait([running])
    finally:
        server.should_exit = True
        await running


def _scraped(services: Services) -> uvicorn.Config:
    app = Metrics(services.database, services.clock).app()
    return uvicorn.Config(app, **_options(services.settings))


def _options(settings: CloudSettings) -> dict[str, Any]:
    return {
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": settings.stop_grace_s,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "proxy_headers": False,
    }


def _address(host: str, port: int) -> str:
    return f"{host}:{port}"

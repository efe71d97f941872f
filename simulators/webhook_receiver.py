# SPDX-License-Identifier: EUPL-1.2
"""A sample of what a utility runs: takes webhooks, verifies them, and shows what it took."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from standardwebhooks import Webhook, WebhookVerificationError

from simulators.webhook_inbox import CONTENT_SECURITY_POLICY, Received, inbox

log = structlog.get_logger()

_MAX_BODY_BYTES = 65536


class WebhookReceiver:
    """Listens on a free port of loopback; refuses what its secret does not verify."""

    def __init__(self) -> None:
        self.secret = ""
        self.received: list[Received] = []
        self.refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._endpoint())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where webhooks are to be posted."""
        return f"http://127.0.0.1:{self._server.server_port}/iskar"

    @property
    def inbox_url(self) -> str:
        """Where a browser shows what was verified."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def start(self) -> None:
        """Listen in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def leak_raised(self, service_point_id: str) -> Received | None:
        """Return the first verified leak.raised of a service point, if any has come."""
        for one in self.received:
            if one.event_type != "leak.raised":
                continue
            if one.content["data"]["service_point"]["service_point_id"] == service_point_id:
                return one
        return None

    def _take(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            content = Webhook(self.secret).verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            self.refused += 1
            log.warning("webhook_refused", reason=str(error))
            return 401
        webhook_id = headers["webhook-id"]
        if all(one.webhook_id != webhook_id for one in self.received):
            self.received.append(
                Received(webhook_id=webhook_id, event_type=content["type"], content=content)
            )
        return 204

    def _endpoint(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = inbox(receiver.received, receiver.refused).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                if length > _MAX_BODY_BYTES:
                    self.send_response(413)
                else:
                    headers = {name.lower(): content for name, content in self.headers.items()}
                    self.send_response(receiver._take(self.rfile.read(length), headers))
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay quiet: what matters is logged by the receiver."""

        return Endpoint

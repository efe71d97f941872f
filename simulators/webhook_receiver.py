# SPDX-License-Identifier: EUPL-1.2
"""A sample of what a utility runs: takes webhooks, verifies them, and shows what it took.

Its inbox is a page on loopback that brings itself up to date.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from standardwebhooks import Webhook, WebhookVerificationError

log = structlog.get_logger()

_MAX_BODY_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class Received:
    """One verified webhook."""

    webhook_id: str
    event_type: str
    content: dict[str, Any]


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
                self.send_header("Content-Security-Policy", "default-src 'unsafe-inline'")
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


def inbox(received: Iterable[Received], refused: int) -> str:
    """Return the page that shows verified events, the newest first."""
    rows = "".join(_row(one) for one in reversed(list(received)))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>Inbox of Sofiyska Voda</title>
<style>body{{font:16px system-ui;margin:2rem;max-width:60rem}}td,th{{text-align:left;padding:.4rem
 1rem .4rem 0;vertical-align:top}}tr{{border-top:1px solid #ccc}}pre{{white-space:pre-wrap}}</style>
<h1>Inbox of Sofiyska Voda</h1>
<p>Signatures verified; {refused} refused. An event that comes twice is shown once.</p>
<table><tr><th>when<th>event<th>where<th>meter<th>flow<th>lost<th>cost</tr>{rows}</table></html>"""


def _row(one: Received) -> str:
    told = one.content["data"]
    if "alert_id" not in told:
        return f"<tr><td>{escape(one.content['timestamp'])}<td>{escape(one.event_type)}</tr>"
    cells = (
        one.content["timestamp"][:19].replace("T", " "),
        f"{one.event_type}: {told['kind']}",
        f"{told['premises']['name']['en']}, {told['service_point']['name']['en']}",
        "" if told["meter"] is None else told["meter"]["serial"],
        _amount(told, {"flow_l_per_h": "l/h", "flow_w": "W"}),
        _amount(told, {"volume_l": "l", "energy_wh": "Wh"}),
        "" if told.get("cost_eur") is None else f"{told['cost_eur']} €",
    )
    body = escape(show(one))
    return (
        f"<tr>{''.join(f'<td>{escape(cell)}' for cell in cells)}</tr>"
        f"<tr><td colspan=7><details><summary>{escape(one.webhook_id)}</summary>"
        f"<pre>{body}</pre></details></tr>"
    )


def _amount(told: dict[str, Any], units: dict[str, str]) -> str:
    """Return what is told of these, with its unit."""
    return ", ".join(
        f"{told[name]} {unit}" for name, unit in units.items() if told.get(name) is not None
    )


def show(received: Received) -> str:
    """Return what a utility's clerk would read."""
    return json.dumps(received.content, ensure_ascii=False, indent=2)

# SPDX-License-Identifier: EUPL-1.2
"""A receiver to begin with: ``ISKAR_WEBHOOK_KEYS='whsec_…' python receiver.py [PORT]``.

It prints each event that is verified, once. Put a web server with a certificate in front of it: the
cloud sends to https:// only. Standard library only.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from iskar_webhooks import Receiver, RefusedError

MAX_BODY_BYTES = 1_000_000


def handle(event):
    """Do what is to be done with an event: here, print it. Take long work to a queue of yours."""
    print(json.dumps(event, ensure_ascii=False, indent=2), flush=True)


def endpoint(receiver):
    """Return what answers requests, by the receiver that verifies them."""

    class Endpoint(BaseHTTPRequestHandler):
        """Answers 204 to what is taken or was before, 401 to what is not to be believed."""

        timeout = 10

        def do_POST(self):
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                return self._answer(413)
            body = self.rfile.read(int(length))
            try:
                receiver.take(self.headers, body, handle)
            except (RefusedError, ValueError) as reason:
                print(f"Refused: {reason}", file=sys.stderr, flush=True)
                return self._answer(401)
            return self._answer(204)

        def _answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Leave the log to what was verified."""

    return Endpoint


if __name__ == "__main__":
    keys = os.environ.get("ISKAR_WEBHOOK_KEYS", "").split()
    if not keys:
        sys.exit("Set ISKAR_WEBHOOK_KEYS to the webhook's secret or public key.")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    server = ThreadingHTTPServer(("127.0.0.1", port), endpoint(Receiver(*keys)))
    print(f"Listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()

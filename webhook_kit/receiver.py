# SPDX-License-Identifier: EUPL-1.2
"""A receiver to begin with: ``ISKAR_WEBHOOK_KEYS='whsec_…' python receiver.py [PORT]``.

It prints each event that is verified, once. Put a web server with a certificate in front of it: the
cloud sends to https:// only. Standard library only.
"""

import json
import os
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from iskar_webhooks import COME_BACK_S, Receiver, RefusedError, UnderWayError

MAX_BODY_BYTES = 1_000_000


def handle(event):
    """Do what is to be done with an event: here, print it. Take long work to a queue of yours."""
    print(json.dumps(event, ensure_ascii=False, indent=2), flush=True)


def endpoint(receiver, handle=handle):
    """Return what answers requests, by the receiver that verifies them."""

    class Endpoint(BaseHTTPRequestHandler):
        """Answers 204 to what was handled, now or before, and 401 to what is not to be believed.

        503 while it is being handled, for that may fail; 500 if it did. Then it comes again.
        """

        timeout = 10

        def do_POST(self):
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                return self._answer(413)
            body = self.rfile.read(int(length))
            try:
                receiver.take(self.headers, body, handle)
            except RefusedError as reason:
                print(f"Refused: {reason}", file=sys.stderr, flush=True)
                return self._answer(401)
            except UnderWayError:
                return self._answer(503, {"Retry-After": str(COME_BACK_S)})
            except Exception:  # noqa: BLE001 - whatever it is, the event must come again
                traceback.print_exc()
                return self._answer(500)
            return self._answer(204)

        def _answer(self, status, headers=None):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            for name, told in (headers or {}).items():
                self.send_header(name, told)
            self.end_headers()

        def log_message(self, *_):
            """Leave the log to what was verified."""

    return Endpoint


def serve(keys, port, handle=handle):
    """Answer requests until interrupted."""
    server = ThreadingHTTPServer(("127.0.0.1", port), endpoint(Receiver(*keys), handle))
    print(f"Listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    keys = os.environ.get("ISKAR_WEBHOOK_KEYS", "").split()
    if not keys:
        sys.exit("Set ISKAR_WEBHOOK_KEYS to the webhook's secret or public key.")
    serve(keys, int(sys.argv[1]) if len(sys.argv) > 1 else 8000)

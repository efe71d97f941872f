# SPDX-License-Identifier: EUPL-1.2
"""Web push: a message to one browser, through the push service that its maker runs.

The service carries what only the browser can read. Its address comes from the browser, so requests
go out guarded.
Source: RFC 8030 (TTL, Urgency, Topic), RFC 8291 (encryption), RFC 8292 (VAPID).
"""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from pywebpush import WebPusher

from cloud.kit.addresses import AddressRefusedError
from cloud.kit.clock import Clock
from cloud.kit.errors import CloudError

KEY_BYTES = 65  # an uncompressed point of P-256
AUTH_BYTES = 16
VAPID_LASTS_S = 12 * 3600  # RFC 8292, 2: at most 24 h
TTL_S = {"critical": 24 * 3600, "warning": 3 * 24 * 3600, "notice": 24 * 3600}
URGENCY = {"critical": "high", "warning": "normal", "notice": "low"}
GONE = (404, 410)  # RFC 8030, 7.3; 404 is what services say of a subscription that ended
FOR_NOW = (408, 429)
WITHIN_S = 20


class PushGoneError(CloudError):
    """The browser gave its subscription up."""

    status = 410
    code = "push-gone"

    def __init__(self) -> None:
        super().__init__("The browser does not take messages under this subscription any more.")


class PushRefusedError(CloudError):
    """The push service will never take this message."""

    status = 502
    code = "push-refused"

    def __init__(self, outcome: str) -> None:
        super().__init__(f"The push service refused the message: {outcome}.")


class PushUnreachableError(CloudError):
    """The push service took nothing now; another attempt may succeed."""

    status = 503
    code = "push-unreachable"

    def __init__(self, outcome: str) -> None:
        super().__init__(f"The push service took no message now: {outcome}.")


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a browser is reached, and by which keys it reads."""

    endpoint: str
    key: str
    auth: str


class Push:
    """Sends messages to browsers; its own key lies in ``folder``."""

    def __init__(
        self, folder: Path, client: Callable[[], httpx.AsyncClient], clock: Clock, contact: str
    ) -> None:
        self._vapid = Vapid02(_own_key(folder / "vapid.pem"))
        self._client = client
        self._clock = clock
        self._contact = contact

    @property
    def public_key(self) -> str:
        """What a browser asks for before it lets us send: our public key, in base64url."""
        point = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def send(
        self, browser: Browser, content: dict[str, Any], severity: str, topic: str
    ) -> None:
        """Hand a message in; a later one of the same ``topic`` takes an undelivered one's place."""
        keys = {"p256dh": browser.key, "auth": browser.auth}
        pusher = WebPusher({"endpoint": browser.endpoint, "keys": keys})
        body = pusher.encode(json.dumps(content, ensure_ascii=False).encode())["body"]
        headers = {
            **self._signed(browser.endpoint),
            "Content-Encoding": "aes128gcm",
            "TTL": str(TTL_S[severity]),
            "Urgency": URGENCY[severity],
            "Topic": topic,
        }
        try:
            # Anybody can be behind the address: of an answer only the status is read, and soon.
            async with (
                asyncio.timeout(WITHIN_S),
                self._client() as client,
                client.stream("POST", browser.endpoint, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except AddressRefusedError as error:
            raise PushRefusedError(str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise PushUnreachableError(f"{type(error).__name__}: {error}"[:200]) from error
        _check(status)

    def _signed(self, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(self._clock.now().timestamp()) + VAPID_LASTS_S,
            "sub": self._contact,
        }
        signed: dict[str, str] = self._vapid.sign(claims)
        return signed


def _check(status: int) -> None:
    if status in GONE:
        raise PushGoneError
    if status in FOR_NOW or status >= 500:
        raise PushUnreachableError(f"HTTP {status}")
    if not 200 <= status < 300:
        raise PushRefusedError(f"HTTP {status}")


def is_key(text: str, length: int) -> bool:
    """Tell whether ``text`` is so many bytes in base64url, as browsers give their keys."""
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    if length != KEY_BYTES:
        return len(found) == length
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found)
    except ValueError:
        return False
    return len(found) == length


def _own_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key in a file, made once: processes that start together agree on the first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(made, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(
                ec.generate_private_key(ec.SECP256R1()).private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we wrote it
    return key

# SPDX-License-Identifier: EUPL-1.2
"""People in a browser of their own, signing in and looking after their accounts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pyotp

from cloud.app import create_app
from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import CloudInTest

STEP = timedelta(seconds=30)
EMAIL = "iva@example.bg"


class Browser:
    """One browser: it keeps the cookies that it is given."""

    def __init__(self, client: httpx.AsyncClient, cloud: CloudInTest) -> None:
        self.client = client
        self.cloud = cloud

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.client.request(method, "/api/v1" + path, json=body, **more)

    async def good(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return the status and code of a refusal."""
        answer = await self.ask(method, path, body)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["type"].removeprefix("urn:iskar:problem:")

    async def sign_in(self, password: str, code: str | None = None, email: str = EMAIL) -> Any:
        return await self.good("POST", "/session", credentials(password, code, email))

    async def set_codes_up(self) -> tuple[pyotp.TOTP, list[str]]:
        """Set up one-time codes; return the app that makes them and the recovery codes."""
        app = pyotp.TOTP((await self.good("POST", "/account/codes"))["secret"])
        made = await self.good("POST", "/account/codes/confirm", {"code": self.code(app)})
        self.cloud.clock.time += STEP  # that code was taken
        return app, made["recovery_codes"]

    def code(self, app: pyotp.TOTP, steps: int = 0) -> str:
        """Return the app's code of now, or of some steps from now."""
        return app.at(self.cloud.clock.now() + steps * STEP)

    @property
    def token(self) -> str:
        """The session's token that the browser keeps."""
        (token,) = self.client.cookies.values()
        return token


def credentials(password: str, code: str | None = None, email: str = EMAIL) -> dict[str, Any]:
    sent = {"email": email, "password": password}
    return sent if code is None else {**sent, "code": code}


@asynccontextmanager
async def a_browser(cloud: CloudInTest) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(create_app(cloud.services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
        yield Browser(client, cloud)


async def a_person(
    cloud: CloudInTest, role: Role = Role.OWNER, premises: Sequence[str] = (), email: str = EMAIL
) -> str:
    """Add a person and return the password."""
    return await cloud.services.access.put_user(email, "Iva", role, premises)

# SPDX-License-Identifier: EUPL-1.2
"""People who are signed in, as their browser asks."""

from datetime import datetime
from typing import Any

from cloud.kit.auth.rights import Role
from cloud.kit.database import run
from tests.integration.cloud.builders import Caller, CloudInTest

ORIGIN = "http://cloud"
FROM_OWN_PAGE = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Person(Caller):
    """Somebody with a session, asking from the app's own pages."""

    def __init__(self, cloud: CloudInTest, cookie: str) -> None:
        super().__init__(cloud.client, None, cloud.services.reviewer.drain)
        self.headers = {"Cookie": cookie, **FROM_OWN_PAGE}


async def a_person(
    cloud: CloudInTest, *premises: str, role: Role = Role.OWNER, email: str = "iva@example.bg"
) -> Person:
    """Add a person, or change one, and sign them in."""
    password = await cloud.services.access.put_user(email, "Iva", role, premises)
    answer = await cloud.client.post(
        "/api/v1/session",
        json={"email": email, "password": password},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 200, answer.text
    cloud.client.cookies.clear()
    return Person(cloud, answer.headers["set-cookie"].split(";")[0])


async def a_token_of(cloud: CloudInTest, person: Person, **changes: Any) -> Caller:
    """Let a person make a token, and return the program that shows it."""
    return Caller(cloud.client, (await a_made_token(person, **changes))["token"])


async def a_made_token(person: Person, **changes: Any) -> dict[str, Any]:
    body = {"name": "Meter report", "scopes": ["see_premises"], **changes}
    made: dict[str, Any] = await person.post("/tokens", body)
    return made


async def a_tenant(cloud: CloudInTest, since: datetime, *points: str) -> Person:
    """Sign in a tenant of some service points of building one, who moved in at ``since``."""
    person = await a_person(cloud, "p-one", role=Role.TENANT, email="tenant@example.bg")
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "update grants set since = %(since)s, service_point_ids = %(points)s where user_id ="
            " (select user_id from users where email = 'tenant@example.bg')",
            since=since,
            points=list(points),
        )
    return person

# SPDX-License-Identifier: EUPL-1.2
"""Everything that is kept of a person, for the person: an archive of JSON and CSV.

Source: GDPR articles 15 and 20; WP 242 rev.01, for what a person "provided": readings of one's own
meters are a part of it.
"""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

from cloud.accounts import readers
from cloud.exports import formats
from cloud.exports.service import Exports
from cloud.kit import audit
from cloud.kit.auth.rights import Grant, Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.premises.service import service_points
from cloud.privacy import people_repository
from cloud.privacy.accesses import AccessLog
from cloud.privacy.archive import zipped
from cloud.privacy.catalogue import PEOPLE
from cloud.privacy.kept import Kept
from cloud.privacy.people_repository import Person
from cloud.readings.service import EARLIEST, Span

TIMEOUT_S = 600
A_DAY = timedelta(days=1)
A_MONTH_OR_MORE = timedelta(days=32)  # from a month's first day into the next month
A_YEAR = timedelta(days=365)
YEARS_OF_HOURS = 3
PAGE = 1000

README = """\
Iskar: what is kept of {email}, as of {at}.
Искър: данните, които се пазят за {email}, към {at}.

account/    one JSON file for each table that has rows of yours; a file's fields have the names of
            the table's columns. What stands for a secret (hashes, keys) is left out: it proves who
            you are and tells nothing of you. PRIVACY.md of the software says what each table is
            for and how long it is kept.
accesses.json    who looked at data of your buildings.
usage/      for each of your service points the use by hour of the last {years} years, by day and by
            month, as CSV in the meter's own unit; every row names its unit and quality.

account/    по един файл JSON за всяка таблица с твоите данни, без тайните ключове.
accesses.json    кой е гледал данни за сградите ти.
usage/      потреблението по часове, дни и месеци за всеки твой измервател, като CSV.
"""


class Takeout:
    """Makes the archive of a person."""

    def __init__(
        self, database: Database, clock: Clock, exports: Exports, access_log: AccessLog
    ) -> None:
        self._database = database
        self._clock = clock
        self._exports = exports
        self._access_log = access_log

    async def of(
        self, by: Principal | None, *, user_id: int | None = None, email: str | None = None
    ) -> AsyncIterator[bytes]:
        """Return the archive of a person, or raise NotFoundError; ``by`` is who asked for it."""
        async with self._database.transaction(as_system=True) as connection:
            person = await people_repository.person(connection, user_id=user_id, email=email)
            if person is None:
                raise NotFoundError("person", email or f"user:{user_id}")
            found = await readers.people(connection, [person.subject], even_disabled=True)
            caller = found[person.subject]
            await audit.record(connection, by, "person.exported", person.subject)
        return zipped(self._files(person, caller), self._clock.now(), ZONE)

    async def _files(
        self, person: Person, caller: Principal
    ) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        yield "README.txt", self._readme(person)
        for kept in PEOPLE:
            yield f"account/{kept.table}.json", _json(self._rows(kept, person))
        yield "accesses.json", _json(self._looks(caller))
        for grant in sorted(caller.grants, key=lambda one: one.premises_id):
            for point in await self._points(grant):
                folder = f"usage/{point.premises_id}/{point.service_point_id}"
                for resolution in ("hour", "day", "month"):
                    yield (
                        f"{folder}-{resolution}.csv",
                        self._usage(caller, grant, point, resolution),
                    )

    async def _readme(self, person: Person) -> AsyncIterator[bytes]:
        at = f"{self._clock.now().astimezone(ZONE):%Y-%m-%d %H:%M %Z}"
        yield README.format(email=person.email, at=at, years=YEARS_OF_HOURS).encode()

    async def _rows(self, kept: Kept, person: Person) -> AsyncIterator[Any]:
        async with self._database.transaction(TIMEOUT_S, as_system=True) as connection:
            async for found in people_repository.of_person(connection, kept, person):
                yield found

    async def _looks(self, caller: Principal) -> AsyncIterator[Any]:
        before: list[str] | None = None
        while True:
            found = await self._access_log.page(list(caller.grants), before, PAGE)
            for one in found:
                is_own = one["subject"] == caller.subject
                yield {**one, "hour": one["hour"].isoformat(), "email": is_own and one["email"]}
            if len(found) < PAGE:
                return
            before = self._access_log.key_of(found[-1])

    async def _points(self, grant: Grant) -> list[ServicePoint]:
        async with self._database.transaction(as_system=True) as connection:
            found = await service_points(connection, [grant.premises_id])
        chosen = grant.service_point_ids
        return [one for one in found if chosen is None or one.service_point_id in chosen]

    async def _usage(
        self, caller: Principal, grant: Grant, point: ServicePoint, resolution: str
    ) -> AsyncIterator[bytes]:
        """Yield the usage up to today; of a grant with a beginning, its whole days and months."""
        end = self._clock.now().astimezone(ZONE).date() + A_DAY
        async with self._database.transaction(as_system=True) as connection:
            hung = await installations_at(connection, [point.service_point_id])
        hung_at = min((one.valid_from for one in hung), default=self._clock.now())
        first = hung_at.astimezone(ZONE).date().replace(day=1)
        if grant.since is not None:
            first = max(first, grant.since.astimezone(ZONE).date() + A_DAY)
            if resolution == "month" and first.day != 1:
                first = (first.replace(day=1) + A_MONTH_OR_MORE).replace(day=1)
        if resolution == "hour":
            first = max(first, end - YEARS_OF_HOURS * A_YEAR)
        first = max(first, EARLIEST)
        async for part in formats.csv(self._parts(caller, point, resolution, first, end)):
            yield part

    async def _parts(
        self, caller: Principal, point: ServicePoint, resolution: str, first: date, end: date
    ) -> formats.Parts:
        headed = False
        while first < end:
            until = min(end, first + A_YEAR)
            if until != end:  # months are whole
                until = until.replace(day=1)
            span = Span(resolution=resolution, first=first, end=until)
            parts = self._exports.usage(caller, [point], span)
            empty = await anext(parts)
            if not headed:
                yield empty
                headed = True
            async for part in parts:
                yield part.filter(part["usage"].is_not_null())
            first = until


async def _json(items: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """Yield a JSON array, an item a line."""
    between = "["
    async for item in items:
        yield f"{between}\n{json.dumps(item, ensure_ascii=False)}".encode()
        between = ","
    yield b"[]\n" if between == "[" else b"\n]\n"

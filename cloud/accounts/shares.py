# SPDX-License-Identifier: EUPL-1.2
"""Shares: an owner lets a tenant or caretaker see their building, or a part of it, from a day on.

Only who was registered as an owner may share, so that what is shared can't be passed on. Nobody
learns from sharing whether an address has an account: the answer and the list show what was typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from cloud.accounts import shares_repository as kept
from cloud.accounts.links import Links
from cloud.accounts.service import refuse_no_address
from cloud.kit import audit
from cloud.kit.auth.rights import NotAllowedError, Principal, Right, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError, UnknownReferenceError
from cloud.premises import service as premises
from cloud.premises.models import Premises


class OwnsItError(CloudError):
    """The person whom a building is to be shared with owns it."""

    status = 409
    code = "owns-it"

    def __init__(self) -> None:
        super().__init__("This person owns the building already.")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whom to share with, what, and from when on; None: all of it."""

    email: str
    name: str
    kind: str
    service_point_ids: Sequence[str] | None
    since: datetime | None
    language: str


class Shares:
    """Whom buildings are shared with."""

    def __init__(self, database: Database, clock: Clock, links: Links) -> None:
        self._database = database
        self._clock = clock
        self._links = links

    async def of_premises(self, caller: Principal, premises_id: str) -> list[DictRow]:
        """Return whom a building is shared with, if ``caller`` may share it."""
        await owned_premises(self._database, caller, premises_id)
        async with self._database.transaction(as_system=True) as connection:
            return await kept.of_premises(connection, premises_id)

    async def share(self, caller: Principal, premises_id: str, wanted: Wanted) -> DictRow:
        """Share a building; what was shared with the same person before ends."""
        refuse_no_address(wanted.email)
        building = await owned_premises(self._database, caller, premises_id)
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            await _require_points(connection, premises_id, wanted.service_point_ids)
            user_id = await kept.invited(
                connection, wanted.email, wanted.name, Role.TENANT, wanted.language
            )
            await kept.revoke_earlier(connection, user_id, premises_id, now)
            share = await kept.add(
                connection,
                user_id,
                premises_id,
                wanted.kind,
                wanted.name,
                wanted.service_point_ids,
                wanted.since,
                caller.subject,
                now,
            )
            if share is None:
                raise OwnsItError
            await self._links.tell_of_share(
                connection, user_id, f"{building.name_bg} / {building.name_en}"
            )
            await audit.record(
                connection,
                caller,
                "share.granted",
                f"user:{user_id}",
                premises_id=premises_id,
                kind=wanted.kind,
                service_point_ids=wanted.service_point_ids,
                since=wanted.since.isoformat() if wanted.since else None,
            )
        return share

    async def revoke(self, caller: Principal, premises_id: str, share_id: int) -> None:
        """End a share at once, open streams too; or raise NotFoundError."""
        await owned_premises(self._database, caller, premises_id)
        async with self._database.transaction(as_system=True) as connection:
            user_id = await kept.revoke(connection, share_id, premises_id, self._clock.now())
            if user_id is None:
                raise NotFoundError("share", str(share_id))
            await audit.record(
                connection, caller, "share.revoked", f"user:{user_id}", premises_id=premises_id
            )


async def owned_premises(database: Database, caller: Principal, premises_id: str) -> Premises:
    """Return a building that ``caller`` owns or operates, or raise what they may know of it.

    An owner elsewhere with whom this one is shared is its tenant or caretaker, and no more.
    """
    async with database.transaction() as connection:
        building = await premises.one_premises(connection, premises_id, caller)
    is_program = caller.session is None and caller.acts_for is None  # made by an operator
    if caller.role is not Role.OPERATOR and not is_program:
        async with database.transaction(as_system=True) as connection:
            if not await kept.is_owner(connection, caller.user_id, premises_id):
                raise NotAllowedError(caller.role, Right.SHARE)
    return building


async def _require_points(
    connection: Connection, premises_id: str, service_point_ids: Sequence[str] | None
) -> None:
    there = {
        one.service_point_id for one in await premises.service_points(connection, [premises_id])
    }
    for one in service_point_ids or ():
        if one not in there:
            raise UnknownReferenceError("service point", one)

# SPDX-License-Identifier: EUPL-1.2
"""A person is erased: what is theirs goes, what must stay names a number that leads nowhere.

What their meters measured stays with the buildings, for the bills; see ``PRIVACY.md``. Copies in
backups go with the backups.
Source: GDPR article 17 (1) and (3) (b, e); recital 26.
"""

import structlog

from cloud.accounts.users import refuse_last_operator
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.database import Database, lock
from cloud.kit.errors import InvalidRequestError, NotFoundError
from cloud.privacy import audit_repository, people_repository
from cloud.privacy.catalogue import PEOPLE
from cloud.privacy.chain import ERASED
from cloud.privacy.kept import Erasure

log = structlog.get_logger(__name__)

USERS = "users"


class Erasures:
    """Erases people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, by: Principal | None, *, user_id: int | None = None, email: str) -> None:
        """Erase a person at once and for good; ``by`` (None: a command) is who asked for it.

        ``email`` is the person's, once more, so that nobody erases by mistake.
        """
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, "operators")  # the last two must not go at once
            person = await people_repository.person(
                connection, user_id=user_id, email=None if user_id else email
            )
            if person is None:
                raise NotFoundError("person", email)
            if person.email != email.strip().lower():
                raise InvalidRequestError("This is not the e-mail address of the account.")
            if person.role == Role.OPERATOR:
                await refuse_last_operator(connection, person.user_id)
            for kept in PEOPLE:
                if kept.erasure is Erasure.RENAME:
                    await people_repository.rename(connection, kept, person)
            # what refers to the user before the user
            for kept in sorted(PEOPLE, key=lambda one: one.table == USERS):
                if kept.erasure is Erasure.DELETE:
                    await people_repository.delete(connection, kept, person)
            for subject in person.subjects:
                await audit_repository.forget(connection, subject)
            for subject in person.subjects:
                await audit.record(connection, by, ERASED, subject)
        log.info("person_erased", subject=person.subject)

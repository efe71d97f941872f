# SPDX-License-Identifier: EUPL-1.2
"""A person's rows in every table of the catalogue, read and ended; the names come from there."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql

from cloud.kit.database import Connection, row, rows, run
from cloud.privacy.kept import Ending, Kept, Tie

FAILED_JOBS_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user, and every name that tables know them by."""

    user_id: int
    email: str
    role: str
    subjects: list[str]

    @property
    def subject(self) -> str:
        """The pseudonym of the person."""
        return f"user:{self.user_id}"

    @property
    def signature(self) -> str:
        """What the person signed with; see ``Principal.signature``."""
        return f"person:{self.email}"

    @property
    def names(self) -> dict[Tie, list[Any]]:
        """What a tie is compared with."""
        return {
            Tie.USER: [self.user_id],
            Tie.SUBJECT: self.subjects,
            Tie.SIGNATURE: [self.signature],
            Tie.EMAIL: [self.email],
        }


async def person(
    connection: Connection, *, user_id: int | None = None, email: str | None = None
) -> Person | None:
    """Return the person with this number or address, locked until the transaction ends."""
    found = await row(
        connection,
        "select user_id, email, role, array(select 'token:' || token_id from tokens"
        " where tokens.user_id = users.user_id) as tokens from users"
        " where user_id = %(user_id)s or email = lower(%(email)s) for update",
        user_id=user_id,
        email=email,
    )
    if found is None:
        return None
    own = f"user:{found['user_id']}"
    subjects = [own, *found.pop("tokens")]
    return Person(**found, subjects=subjects)


async def of_person(connection: Connection, kept: Kept, one: Person) -> AsyncIterator[Any]:
    """Yield the rows of a table that are tied to a person: what of them is the person's."""
    query = sql.SQL(
        "select (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb({table}))"
        " where key <> all({secret}::text[]) and ({told}::text[] = '{{}}' or key = any({told})))"
        " as told from {table} where {tied}"
    )
    async with connection.cursor() as cursor:
        async for found in cursor.stream(
            query.format(
                table=sql.Identifier(kept.table),
                secret=sql.Literal(list(kept.secret)),
                told=sql.Literal(list(kept.told)),
                tied=_tied(kept, one),
            )
        ):
            yield found["told"]


async def delete(connection: Connection, kept: Kept, one: Person) -> None:
    """Delete a person's rows of a table."""
    query = sql.SQL("delete from {} where {}")
    await connection.execute(query.format(sql.Identifier(kept.table), _tied(kept, one)))


async def rename(connection: Connection, kept: Kept, one: Person) -> None:
    """Let a person's rows of a table name them by the pseudonym, and empty what they wrote."""
    author = next(iter(kept.ties))
    for column, tie in kept.ties.items():
        emptied = kept.words if column == author else ()
        pseudonym = None if tie is Tie.EMAIL else one.subject  # an address that isn't one is none
        changes = [
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(pseudonym)),
            *(sql.SQL("{} = ''").format(sql.Identifier(words)) for words in emptied),
        ]
        query = sql.SQL("update {} set {} where {}")
        await connection.execute(
            query.format(
                sql.Identifier(kept.table),
                sql.SQL(", ").join(changes),
                _is_one_of(column, tie, one),
            )
        )


def _tied(kept: Kept, one: Person) -> sql.Composable:
    return sql.SQL(" or ").join(_is_one_of(column, tie, one) for column, tie in kept.ties.items())


def _is_one_of(column: str, tie: Tie, one: Person) -> sql.Composable:
    return sql.SQL("{} = any({})").format(sql.Identifier(column), sql.Literal(one.names[tie]))


async def drop_ended(connection: Connection, table: str, ending: Ending, now: datetime) -> int:
    """Delete the rows whose time is over; return how many."""
    query = sql.SQL("delete from {} where {} < {}").format(
        sql.Identifier(table),
        sql.Identifier(ending.column),
        sql.Literal(now - timedelta(days=ending.days)),
    )
    return (await connection.execute(query)).rowcount


async def drop_ended_jobs(connection: Connection, now: datetime) -> int:
    """Delete jobs that failed or were given up long ago; return how many."""
    return await run(
        connection,
        "delete from procrastinate_jobs where status in ('failed', 'cancelled', 'aborted')"
        " and not exists (select from procrastinate_events where job_id = procrastinate_jobs.id"
        " and at >= %(before)s)",
        before=now - timedelta(days=FAILED_JOBS_DAYS),
    )


async def tables(connection: Connection) -> dict[str, Sequence[str]]:
    """Return every table, and its columns."""
    found = await rows(
        connection,
        "select relname, array_agg(attname::text) as columns from pg_class"
        " join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition group by relname",
    )
    return {one["relname"]: one["columns"] for one in found}

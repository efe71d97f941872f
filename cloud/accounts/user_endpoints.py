# SPDX-License-Identifier: EUPL-1.2
"""Users over HTTP, for operators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from psycopg.rows import DictRow
from pydantic import AwareDatetime, BaseModel

from cloud.accounts.users import Change, LastOperatorError, OwnAccountError, Users
from cloud.kit.auth.callers import SHOWN_ANEW, UserKeeper
from cloud.kit.auth.rights import Role, StepUpNeededError
from cloud.kit.errors import NotFoundError, UnknownReferenceError, answers
from cloud.kit.pagination import Cursor, Limit, decode, encode
from cloud.kit.schemas import Body, Identifier, Page, Text

router = APIRouter(tags=["users"])


def users(request: Request) -> Users:
    """Return the service of users."""
    found: Users = request.app.state.users
    return found


Service = Annotated[Users, Depends(users)]
UserId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class UserBody(Body):
    """What a user is to be; a utility has its ``supplier_id``."""

    name: Text
    role: Role
    supplier_id: Identifier | None = None
    is_disabled: bool = False


class User(BaseModel):
    """A user; ``issuers`` are the identity providers that know them."""

    user_id: int
    email: str
    name: str
    role: Role
    supplier_id: str | None
    is_disabled: bool
    created_at: AwareDatetime
    issuers: list[str]


def _user(found: DictRow) -> User:
    return User(is_disabled=found["disabled_at"] is not None, **found)


@router.get("/users")
async def list_users(
    _caller: UserKeeper,
    service: Service,
    role: Role | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[User]:
    """Return who may sign in, in the order in which they came."""
    after = decode(cursor, int)[0] if cursor else 0
    found = await service.some(role, after, limit + 1)
    more = len(found) > limit
    page = found[:limit]
    return Page(
        items=[_user(one) for one in page],
        next_cursor=encode(page[-1]["user_id"]) if more else None,
    )


@router.get("/users/{user_id}")
async def get_user(user_id: UserId, _caller: UserKeeper, service: Service) -> User:
    """Return one user."""
    return _user(await service.one(user_id))


@router.put(
    "/users/{user_id}",
    responses=answers(
        StepUpNeededError,
        NotFoundError,
        UnknownReferenceError,
        OwnAccountError,
        LastOperatorError,
    ),
    dependencies=SHOWN_ANEW,
)
async def put_user(user_id: UserId, body: UserBody, caller: UserKeeper, service: Service) -> User:
    """Change what a user is; with another role, and disabled, their sessions and tokens end."""
    change = Change(**body.model_dump())
    return _user(await service.change(caller, user_id, change))


@router.delete("/users/{user_id}/sessions", status_code=204)
async def sign_user_out(user_id: UserId, caller: UserKeeper, service: Service) -> None:
    """End every session and every token of a user."""
    await service.sign_out_everywhere(caller, user_id)

# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud answers where the app asks of one's account, one's data and sharing."""

import io
import itertools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from cloud.accounts import schemas
from cloud.accounts.organisation_endpoints import Organisation
from cloud.accounts.qr_code import drawn
from cloud.accounts.token_endpoints import NewToken, Token, TokenBody
from cloud.kit.schemas import Listing, Page
from cloud.privacy.accesses_endpoints import Access
from cloud.privacy.account_endpoints import ErasureBody
from tests.fakes.fake_city import USER

CODE = "123456"
RECOVERY = ["ABCD-EFGH-IJKL", "MNOP-QRST-UVWX"]
SECRET = "JBSWY3DPEHPK3PXP"
HERE = "0b3f0a52-0000-4000-8000-000000000001"
PHONE = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Safari/537"
)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
A_DAY = timedelta(days=1)


def refusal(status: int, code: str) -> HTTPException:
    """Return a refusal with the code that the app tells apart."""
    return HTTPException(status, code, {"X-Code": code})


def a_session(number: int, **changes: Any) -> schemas.OneSession:
    """Return a place where the owner is signed in."""
    now = datetime.now(UTC)
    return schemas.OneSession.model_validate(
        {
            "session_id": HERE[:-1] + str(number),
            "created_at": now - 3 * A_DAY,
            "seen_at": now - timedelta(hours=number),
            "expires_at": now + 30 * A_DAY,
            "address": "198.51.100.7",
            "agent": PHONE,
            "is_this": False,
            **changes,
        }
    )


def codes_to_add(secret: str) -> schemas.CodesToAdd:
    """Return what an authenticator app is to be told of a secret."""
    address = f"otpauth://totp/Iskar:{USER['email']}?secret={secret}&issuer=Iskar"
    side, path = drawn(address)
    return schemas.CodesToAdd(
        secret=secret, address=address, qr_code=schemas.QrCode(side=side, path=path)
    )


def an_organisation(name: str, organisation_id: str = "water") -> Organisation:
    """Return an organisation whose people sign in at its own identity provider."""
    return Organisation(organisation_id=organisation_id, name=name)


def a_look(hours_ago: int, **changes: Any) -> Access:
    """Return somebody's looks at the home's use, some hours ago."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return Access.model_validate(
        {
            "hour": now - timedelta(hours=hours_ago),
            "reference": "user:7",
            "role": "operator",
            "organisation": None,
            "premises_id": "mladost-17",
            "service_point_id": None,
            "kind": "usage",
            "in_a_list": False,
            "looks": 2,
            "is_you": False,
            "email": None,
            **changes,
        }
    )


def _sessions() -> dict[str, schemas.OneSession]:
    some = [a_session(1, is_this=True), a_session(2, agent=LAPTOP), a_session(3, agent="curl/8")]
    return {one.session_id: one for one in some}


def _looks() -> list[list[Access]]:
    """Return two pages."""
    mine = {"is_you": True, "reference": "user:1", "role": "owner"}
    utility = {"role": "utility", "organisation": "Софийска вода", "reference": "user:9"}
    return [
        [
            a_look(0, **mine, kind="overview", looks=31),
            a_look(2, **utility, service_point_id="sp-home-cold", kind="registers"),
        ],
        [a_look(50)],
    ]


@dataclass
class FakeAccount:
    """One's account behind the API."""

    is_fresh: bool = True
    password: str = "a-password-of-the-tests"
    codes: bool = False
    recovery: list[str] = field(default_factory=list)
    passkeys: dict[str, schemas.Passkey] = field(default_factory=dict)
    sessions: dict[str, schemas.OneSession] = field(default_factory=_sessions)
    tokens: dict[int, Token] = field(default_factory=dict)
    shares: dict[int, schemas.Share] = field(default_factory=dict)
    looks: list[list[Access]] = field(default_factory=_looks)
    owns: list[str] = field(default_factory=lambda: ["mladost-17"])
    organisations: list[Organisation] = field(default_factory=list)
    erased: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def has_factor(self) -> bool:
        """Whether codes or a passkey are set up."""
        return self.codes or bool(self.passkeys)


def add_account_routes(
    router: APIRouter, state: FakeAccount, role: Callable[[], str], end: Callable[[], None]
) -> None:
    """Answer what the app asks of one's account; ``end`` ends the sessions of who is erased."""

    def fresh() -> None:
        if not state.is_fresh:
            raise refusal(403, "step-up-needed")

    needs_fresh = [Depends(fresh)]
    _add_sign_in(router, state, role, needs_fresh)
    _add_sessions(router, state)
    _add_tokens(router, state, needs_fresh)
    _add_shares(router, state, needs_fresh)
    _add_data(router, state, needs_fresh, end)


def _add_sign_in(
    router: APIRouter, state: FakeAccount, role: Callable[[], str], needs_fresh: list[Any]
) -> None:
    @router.get("/account")
    async def account() -> schemas.Account:
        return schemas.Account(
            email=USER["email"],
            name=USER["name"],
            role=role(),
            codes=state.codes,
            passkeys=len(state.passkeys),
            recovery_codes=len(state.recovery),
            at_organisation=False,
            needs_second_factor=False,
        )

    @router.post("/session/step-up", status_code=204)
    async def step_up(shown: schemas.StepUp) -> None:
        if state.has_factor and shown.code is None:
            raise refusal(401, "code-needed")
        if state.has_factor and shown.code != CODE:
            raise refusal(401, "wrong-code")
        if not state.has_factor and shown.password != state.password:
            raise refusal(401, "wrong-password")
        state.is_fresh = True

    @router.put("/account/password", dependencies=needs_fresh)
    async def change_password(change: schemas.PasswordChange) -> schemas.Account:
        if change.current != state.password:
            raise refusal(401, "wrong-password")
        state.password = change.new
        state.sessions = {key: one for key, one in state.sessions.items() if one.is_this}
        return await account()

    _add_factors(router, state, needs_fresh)


def _add_factors(router: APIRouter, state: FakeAccount, needs_fresh: list[Any]) -> None:
    @router.get("/account/passkeys")
    async def passkeys() -> Listing[schemas.Passkey]:
        return Listing(items=list(state.passkeys.values()))

    @router.post("/account/codes", dependencies=needs_fresh)
    async def begin_codes() -> schemas.CodesToAdd:
        return codes_to_add(SECRET)

    @router.post("/account/codes/confirm", dependencies=needs_fresh)
    async def confirm_codes(sent: schemas.OneCode) -> schemas.RecoveryCodes:
        if sent.code != CODE:
            raise refusal(401, "wrong-code")
        state.codes = True
        return await new_recovery_codes()

    @router.delete("/account/codes", status_code=204, dependencies=needs_fresh)
    async def remove_codes() -> None:
        state.codes = False
        state.recovery = []

    @router.post("/account/recovery-codes", dependencies=needs_fresh)
    async def new_recovery_codes() -> schemas.RecoveryCodes:
        state.recovery = list(RECOVERY)
        return schemas.RecoveryCodes(recovery_codes=RECOVERY)


def _add_sessions(router: APIRouter, state: FakeAccount) -> None:
    @router.get("/account/sessions")
    async def sessions() -> Listing[schemas.OneSession]:
        return Listing(items=list(state.sessions.values()))

    @router.delete("/account/sessions/{session_id}", status_code=204)
    async def end_session(session_id: str) -> None:
        if state.sessions.pop(session_id, None) is None:
            raise refusal(404, "not-found")

    @router.delete("/account/sessions", status_code=204)
    async def end_others() -> None:
        state.sessions = {key: one for key, one in state.sessions.items() if one.is_this}


def _add_tokens(router: APIRouter, state: FakeAccount, needs_fresh: list[Any]) -> None:
    @router.get("/tokens")
    async def tokens() -> Listing[Token]:
        return Listing(items=list(state.tokens.values()))

    @router.post("/tokens", status_code=201, dependencies=needs_fresh)
    async def make_token(body: TokenBody) -> NewToken:
        now = datetime.now(UTC)
        made = Token(
            token_id=next(state.numbers),
            name=body.name,
            hint="isk_…q7",
            scopes=list(body.scopes),
            premises_ids=body.premises_ids,
            created_at=now,
            expires_at=now + timedelta(days=body.life_days),
            last_used_at=None,
        )
        state.tokens[made.token_id] = made
        return NewToken(**made.model_dump(), token="isk_shown-this-once-q7")

    @router.delete("/tokens/{token_id}", status_code=204)
    async def revoke_token(token_id: int) -> None:
        if state.tokens.pop(token_id, None) is None:
            raise refusal(404, "not-found")


def _add_shares(router: APIRouter, state: FakeAccount, needs_fresh: list[Any]) -> None:
    def owned(premises_id: str) -> None:
        if premises_id not in state.owns:
            raise refusal(403, "not-allowed")

    needs_owned = Depends(owned)

    @router.get("/premises/{premises_id}/shares", dependencies=[needs_owned])
    async def shares() -> Listing[schemas.Share]:
        return Listing(items=list(state.shares.values()))

    @router.post(
        "/premises/{premises_id}/shares", status_code=201, dependencies=[needs_owned, *needs_fresh]
    )
    async def share(new: schemas.NewShare) -> schemas.Share:
        if new.email == USER["email"]:
            raise refusal(409, "owns-it")
        number = next(state.numbers)
        told = new.model_dump(exclude={"language"})
        state.shares[number] = schemas.Share(share_id=number, granted_at=datetime.now(UTC), **told)
        return state.shares[number]

    @router.delete(
        "/premises/{premises_id}/shares/{share_id}", status_code=204, dependencies=[needs_owned]
    )
    async def end_share(share_id: int) -> None:
        if state.shares.pop(share_id, None) is None:
            raise refusal(404, "not-found")


def _add_data(
    router: APIRouter, state: FakeAccount, needs_fresh: list[Any], end: Callable[[], None]
) -> None:
    async def page(request: Request) -> Page[Access]:
        at = int(request.query_params.get("cursor", "0"))
        is_last = at + 1 >= len(state.looks)
        return Page(
            items=state.looks[at] if state.looks else [],
            next_cursor=None if is_last else str(at + 1),
        )

    @router.get("/account/accesses")
    async def accesses(found: Annotated[Page[Access], Depends(page)]) -> Page[Access]:
        return found

    @router.get("/premises/{premises_id}/accesses")
    async def premises_accesses(found: Annotated[Page[Access], Depends(page)]) -> Page[Access]:
        return found

    @router.get("/account/export", dependencies=needs_fresh)
    async def export() -> Response:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("README.txt", "What is kept of you.")
        return Response(archive.getvalue(), media_type="application/zip")

    @router.post("/account/erase", status_code=204, dependencies=needs_fresh)
    async def erase(body: ErasureBody) -> None:
        if body.email.strip().lower() != USER["email"]:
            raise refusal(422, "invalid-request")
        state.erased = True
        end()

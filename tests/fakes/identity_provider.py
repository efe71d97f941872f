# SPDX-License-Identifier: EUPL-1.2
"""An identity provider that really signs, and lies when told to.

It checks what a client sends as strictly as a good one does, so that what it lets pass is right;
what it answers can be changed claim by claim, key by key.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import uvicorn
from joserfc import jwk, jwt
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from cloud.app.serving import listen
from cloud.kit.auth.organisations import Organisation
from cloud.kit.auth.rights import Role

CLIENT_ID = "iskar"
CLIENT_SECRET = "only for: tests/+"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def a_key(kid: str = "first") -> jwk.Key:
    return jwk.generate_key("EC", "P-256", {"kid": kid, "use": "sig"})


class IdentityProvider:
    """One provider at ``issuer``; whoever comes is ``person``, at the time of ``now``."""

    def __init__(self, issuer: str, now: Callable[[], float]) -> None:
        self.issuer = issuer
        self.now = now
        self.key = a_key()
        self.published: list[dict[str, Any]] = [self.key.as_dict(private=False)]
        self.person: dict[str, Any] = {
            "sub": "248289761001",
            "email": "iva@water.example",
            "email_verified": True,
            "name": "Ива Петрова",
        }
        self.metadata: dict[str, Any] = {}
        self.exchanged: list[str] = []
        self.key_requests = 0
        self._codes: dict[str, dict[str, str]] = {}
        self.be_honest()

    def be_honest(self) -> None:
        """Tell no lies from now on."""
        self.claims: dict[str, Any] = {}  # what it says instead
        self.left_out: set[str] = set()
        self.callback: dict[str, str] = {}  # what it sends browsers back with instead
        self.sign: Callable[[dict[str, Any]], str] = self.signed

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def signed(self, claims: dict[str, Any], key: jwk.Key | None = None) -> str:
        key = key or self.key
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, ["ES256"])

    def unsigned(self, claims: dict[str, Any]) -> str:
        return f"{_json({'alg': 'none'})}.{_json(claims)}."

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """Sign by HMAC, with the public key's text as the secret."""
        said = f"{_json({'alg': 'HS256', 'kid': self.key.kid})}.{_json(claims)}"
        secret = self.key.as_pem(private=False)
        return f"{said}.{_base64(hmac.digest(secret, said.encode(), 'sha256'))}"

    def logout_token(self, **changes: Any) -> str:
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": int(self.now()),
            "exp": int(self.now()) + 120,
            "jti": secrets.token_hex(8),
            "sub": self.person["sub"],
            "events": {LOGOUT_EVENT: {}},
            **changes,
        }
        return self.signed({name: told for name, told in claims.items() if told is not None})

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/end?tenant=1",
                **self.metadata,
            }
        )

    async def _keys(self, _: Request) -> Response:
        self.key_requests += 1
        return JSONResponse({"keys": self.published})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer, **self.callback}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(form["code"], None)
        if asked is None or not self._is_the_client(request, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        challenge = _base64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (challenge, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.exchanged.append(form["code"])
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": int(self.now()),
            "exp": int(self.now()) + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.claims,
        }
        kept = {name: told for name, told in claims.items() if name not in self.left_out}
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "id_token": self.sign(kept)}
        )

    def _is_the_client(self, request: Request, form: dict[str, str]) -> bool:
        sent = request.headers.get("authorization", "")
        if sent.startswith("Basic "):
            name, _, secret = base64.b64decode(sent[6:]).decode().partition(":")
            shown = (unquote_plus(name), unquote_plus(secret))
        else:
            shown = (form.get("client_id", ""), form.get("client_secret", ""))
        return shown == (CLIENT_ID, CLIENT_SECRET)


def an_organisation(provider: IdentityProvider) -> Organisation:
    return Organisation(
        organisation_id="water",
        name="Water works",
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        email_domains=("water.example",),
        role=Role.UTILITY,
        supplier_id="water-works",
    )


def _json(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class _Quiet(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Leave signals to the tests."""


@asynccontextmanager
async def an_identity_provider(now: Callable[[], float]) -> AsyncIterator[IdentityProvider]:
    """Yield a provider that answers on a real socket."""
    bound = listen("127.0.0.1", 0, "-")
    provider = IdentityProvider(f"http://127.0.0.1:{bound.getsockname()[1]}", now)
    config = uvicorn.Config(provider.application(), log_config=None, lifespan="off")
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    yield provider
    server.should_exit = True
    await serving

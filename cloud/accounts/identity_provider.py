# SPDX-License-Identifier: EUPL-1.2
"""An organisation's identity provider, spoken to by OpenID Connect: code flow with PKCE.

What it is and what keys it signs with is read from its discovery document, and read again when it
changes keys.
Source: OpenID Connect Core 1.0 and Discovery 1.0; RFC 7636 (PKCE); RFC 9700, 2.1 and 4.
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
import structlog
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwk

from cloud.accounts import id_tokens
from cloud.accounts.id_tokens import Identity, IdentityRefusedError, UnknownKeyError
from cloud.kit.auth.organisations import Organisation, is_secure
from cloud.kit.clock import Clock
from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

DISCOVERY = "/.well-known/openid-configuration"
SCOPES = ("openid", "email", "profile")
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 512 * 1024
KNOWN_FOR = timedelta(hours=1)
# Tokens with made-up key ids must not make us ask for the keys each time.
ASKED_AGAIN_AFTER = timedelta(minutes=1)
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reads all the world's authorities: once is enough


class IdentityProviderUnavailableError(CloudError):
    """An organisation's identity provider doesn't answer as it should."""

    status = 502
    code = "identity-provider-unavailable"

    def __init__(self, name: str) -> None:
        super().__init__(f"The identity provider of {name} does not answer; try again later.")


class IdentityProvider:
    """The provider of one organisation."""

    def __init__(self, organisation: Organisation, clock: Clock) -> None:
        self.organisation = organisation
        self._clock = clock
        self._metadata: dict[str, Any] = {}
        self._metadata_at: datetime | None = None
        self._keys = jwk.KeySet([])
        self._keys_at: datetime | None = None

    async def authorization_url(
        self, redirect_uri: str, state: str, nonce: str, code_verifier: str
    ) -> str:
        """Return where a browser goes to sign in there."""
        metadata = await self._described()
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            client_id=self.organisation.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=list(SCOPES),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(code_verifier),
            code_challenge_method="S256",
            **self._wanted_context(),
        )
        return url

    def _wanted_context(self) -> dict[str, str]:
        wanted = self.organisation.required_acr
        return {"acr_values": " ".join(wanted)} if wanted else {}

    async def sign_out_url(self, return_to: str) -> str | None:
        """Return where a browser goes to sign out there as well; None if there is no such place.

        Source: OpenID Connect RP-Initiated Logout 1.0, 2.
        """
        endpoint = (await self._described()).get("end_session_endpoint")
        if not isinstance(endpoint, str) or not is_secure(endpoint):
            return None
        asked = {"client_id": self.organisation.client_id, "post_logout_redirect_uri": return_to}
        return str(add_params_to_uri(endpoint, list(asked.items())))

    async def require_issuer(self, issuer: str | None) -> None:
        """Raise IdentityRefusedError if an answer came from another provider (RFC 9207)."""
        told = (await self._described()).get("authorization_response_iss_parameter_supported")
        if issuer is None and told is not True:
            return
        if issuer != self.organisation.issuer:
            raise IdentityRefusedError("This answer came from another identity provider.")

    async def identity(
        self, code: str, redirect_uri: str, nonce: str, code_verifier: str
    ) -> Identity:
        """Return who signed in there, for the code that their browser brought."""
        answer = await self._exchanged(code, redirect_uri, code_verifier)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise IdentityRefusedError("The identity provider gave no ID token.")

        def read() -> Identity:
            return id_tokens.identity_in(
                token,
                self._keys,
                self.organisation,
                nonce=nonce,
                access_token=access_token if isinstance(access_token, str) else None,
                now=self._clock.now(),
            )

        await self._know_keys()
        try:
            return read()
        except UnknownKeyError:
            await self._know_keys(anew=True)
        try:
            return read()
        except UnknownKeyError as error:
            raise IdentityRefusedError("The ID token is signed with an unknown key.") from error

    async def subject_to_sign_out(self, logout_token: str) -> str:
        """Return whose sessions are to end, or raise IdentityRefusedError."""
        await self._know_keys()
        for anew in (False, True):
            if anew:
                await self._know_keys(anew=True)
            try:
                return id_tokens.subject_to_sign_out(
                    logout_token, self._keys, self.organisation, self._clock.now()
                )
            except UnknownKeyError:
                continue
        raise IdentityRefusedError("The logout token is signed with an unknown key.")

    async def _exchanged(
        self, code: str, redirect_uri: str, code_verifier: str
    ) -> Mapping[str, Any]:
        metadata = await self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        secret = self.organisation.client_secret.get_secret_value()
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if isinstance(methods, list) and "client_secret_basic" in methods:
            # each part is encoded before it is joined. Source: RFC 6749, 2.3.1
            auth = httpx.BasicAuth(quote_plus(self.organisation.client_id), quote_plus(secret))
        else:
            form |= {"client_id": self.organisation.client_id, "client_secret": secret}
        status, answer = await self._ask("POST", metadata["token_endpoint"], form, auth)
        if status >= 500:
            raise IdentityProviderUnavailableError(self.organisation.name)
        if status != 200:
            log.warning(
                "code_refused",
                organisation=self.organisation.organisation_id,
                error=str(answer.get("error"))[:60],
            )
            raise IdentityRefusedError("The identity provider did not take its own code back.")
        return answer

    async def _described(self) -> dict[str, Any]:
        """Return the provider's discovery document, an hour old at most."""
        now = self._clock.now()
        if self._metadata_at is not None and now - self._metadata_at < KNOWN_FOR:
            return self._metadata
        issuer = self.organisation.issuer
        status, found = await self._ask("GET", issuer.rstrip("/") + DISCOVERY)
        endpoints = [found.get(name) for name in NEEDED]
        if (
            status != 200
            or found.get("issuer") != issuer  # Source: Discovery 1.0, 4.3: exactly
            or not all(isinstance(one, str) and self._may_ask(one) for one in endpoints)
        ):
            log.warning("discovery_refused", organisation=self.organisation.organisation_id)
            raise IdentityProviderUnavailableError(self.organisation.name)
        self._metadata, self._metadata_at = found, now
        return found

    def _may_ask(self, url: str) -> bool:
        """Tell whether ``url`` may be asked: by TLS, or where the issuer is this machine itself."""
        issuer_is_tls = urlsplit(self.organisation.issuer).scheme == "https"
        return is_secure(url) and (urlsplit(url).scheme == "https" or not issuer_is_tls)

    async def _know_keys(self, *, anew: bool = False) -> None:
        now = self._clock.now()
        known_for = ASKED_AGAIN_AFTER if anew else KNOWN_FOR
        if self._keys_at is not None and now - self._keys_at < known_for:
            return
        metadata = await self._described()
        status, found = await self._ask("GET", metadata["jwks_uri"])
        if status != 200:
            raise IdentityProviderUnavailableError(self.organisation.name)
        self._keys, self._keys_at = id_tokens.public_keys(found), now

    async def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object that ``url`` answers; redirects aren't followed."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                httpx.AsyncClient(timeout=TIMEOUT_S, verify=_trust()) as client,
                client.stream(
                    method,
                    url,
                    data=form,
                    auth=auth,
                    headers={"Accept": "application/json"},
                ) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise IdentityProviderUnavailableError(self.organisation.name)
                found = httpx.Response(answer.status_code, content=bytes(body))
            said = found.json()
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            TimeoutError,
            ValueError,
            RecursionError,
        ) as error:
            log.warning(
                "identity_provider_unavailable",
                organisation=self.organisation.organisation_id,
                error=type(error).__name__,
            )
            raise IdentityProviderUnavailableError(self.organisation.name) from error
        if not isinstance(said, dict):
            raise IdentityProviderUnavailableError(self.organisation.name)
        return found.status_code, said

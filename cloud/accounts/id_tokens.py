# SPDX-License-Identifier: EUPL-1.2
"""ID tokens: whether an identity provider really said this, to us, now, of this sign-in.

Signatures by public keys only: a token that is unsigned, or signed by a secret that could be the
public key's own text, is refused by its algorithm before any key is looked at.
Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 8725, 2.1 and 3.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from cloud.kit.auth.organisations import Organisation
from cloud.kit.errors import CloudError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
PUBLIC_KEYS = frozenset({"RSA", "EC", "OKP"})
LEEWAY_S = 60  # clocks differ
MAX_SUBJECT = 255  # Source: OpenID Connect Core 1.0, 2: "sub"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class IdentityRefusedError(CloudError):
    """What an identity provider said of somebody doesn't let them in."""

    status = 403
    code = "identity-refused"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who somebody is at their identity provider."""

    subject: str
    email: str
    name: str


class UnknownKeyError(Exception):
    """A token is signed with a key that we haven't seen: perhaps they were changed."""


def public_keys(document: Mapping[str, Any]) -> jwk.KeySet:
    """Return the public signing keys in a JSON Web Key Set; those we can't read are left out."""
    found = []
    listed = document.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("kty") not in PUBLIC_KEYS:
            continue
        if one.get("use", "sig") == "sig":
            try:
                found.append(jwk.import_key(one))
            except (JoseError, ValueError, KeyError, TypeError):
                continue  # a curve or form that is new to us; others may do
    return jwk.KeySet(found)


def identity_in(
    token: str,
    keys: jwk.KeySet,
    organisation: Organisation,
    *,
    nonce: str,
    access_token: str | None,
    now: datetime,
) -> Identity:
    """Return who an ID token is about, or raise IdentityRefusedError or UnknownKeyError."""
    told = _verified(token, keys)
    claims = CodeIDToken(
        told.claims,
        told.header,
        {
            "iss": {"essential": True, "value": organisation.issuer},
            "aud": {"essential": True, "value": organisation.client_id},
            "nonce": {"essential": True, "value": nonce},
        },
        {"nonce": nonce, "client_id": organisation.client_id, "access_token": access_token},
    )
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except JoseError as error:
        raise _refused(f"the ID token is not for this sign-in ({error})") from error
    _require_methods(claims, organisation)
    return Identity(
        subject=_subject(claims), email=_email(claims, organisation), name=_name(claims)
    )


def subject_to_sign_out(
    token: str, keys: jwk.KeySet, organisation: Organisation, now: datetime
) -> str:
    """Return whose sessions a logout token ends, or raise as ``identity_in`` does.

    Source: OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6.
    """
    told = _verified(token, keys)
    registry = jwt.JWTClaimsRegistry(
        int(now.timestamp()),
        LEEWAY_S,
        iss={"essential": True, "value": organisation.issuer},
        aud={"essential": True, "value": organisation.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(told.claims)
    except JoseError as error:
        raise _refused(f"the logout token does not hold ({error})") from error
    events = told.claims.get("events")
    # an ID token must not be taken for one
    if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in told.claims:
        raise _refused("this is no logout token")
    return _subject(told.claims)


def _verified(token: str, keys: jwk.KeySet) -> jwt.Token:
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError) as error:
        raise _refused(f"its signature does not hold ({type(error).__name__})") from error


def _refused(reason: str) -> IdentityRefusedError:
    return IdentityRefusedError(f"The identity provider's word was refused: {reason}.")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or "\0" in subject:
        raise _refused("it names nobody")
    return subject


def _email(claims: Mapping[str, Any], organisation: Organisation) -> str:
    email = claims.get("email")
    # the text "false" is true to Python, so nothing but the truth itself counts
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise IdentityRefusedError("The identity provider did not verify your e-mail address.")
    email = email.strip().lower()
    name, at, domain = email.rpartition("@")
    plain = name.isascii() and name.isprintable() and "@" not in name and " " not in name
    if (
        not at
        or not name
        or not plain
        or len(email) > 254
        or domain not in organisation.email_domains
    ):
        raise IdentityRefusedError(f"This e-mail address does not belong to {organisation.name}.")
    return email


def _name(claims: Mapping[str, Any]) -> str:
    name = claims.get("name")
    printable = "".join(one for one in name if one.isprintable()) if isinstance(name, str) else ""
    return printable.strip()[:200]


def _require_methods(claims: Mapping[str, Any], organisation: Organisation) -> None:
    """Raise IdentityRefusedError unless they signed in there as strongly as is asked."""
    told = claims.get("amr")
    methods = (
        set(told) if isinstance(told, list) and all(isinstance(m, str) for m in told) else set()
    )
    missing_method = not methods.issuperset(organisation.required_amr)
    missing_context = bool(organisation.required_acr) and (
        claims.get("acr") not in organisation.required_acr
    )
    if missing_method or missing_context:
        raise IdentityRefusedError(
            f"{organisation.name} must ask you for a second factor; sign in there with it."
        )

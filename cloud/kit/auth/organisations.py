# SPDX-License-Identifier: EUPL-1.2
"""Organisations whose people sign in at their own identity provider: how each is set up."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from cloud.kit.auth.rights import Role
from cloud.kit.schemas import Identifier, Text

OF_ORGANISATIONS = frozenset({Role.UTILITY, Role.MUNICIPALITY, Role.TECHNICIAN, Role.OPERATOR})


def _secure(url: str) -> str:
    if not is_secure(url) or urlsplit(url).query:
        raise ValueError("an https:// address without user, query or fragment is needed")
    return url


def is_secure(url: str) -> bool:
    """Tell whether what goes to ``url`` can't be read on the way: by TLS, or to this machine."""
    parts = urlsplit(url)
    if parts.username or parts.fragment or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname))


def is_this_machine(host: str) -> bool:
    """Tell whether ``host`` is the loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Domain = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}\.[a-z0-9-]{2,63}$")]


class Organisation(BaseModel):
    """One organisation, its identity provider, and what its people are here.

    ``required_acr`` names contexts of which one must be told, ``required_amr`` methods which must
    all be: where either is set, the provider's second factor stands for ours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisation_id: Identifier
    name: Text
    issuer: Annotated[str, AfterValidator(_secure)]
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    client_secret: SecretStr
    email_domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    role: Role
    supplier_id: str | None = None
    required_acr: tuple[str, ...] = ()
    required_amr: tuple[str, ...] = ()
    # who was let go there is out here by then; back-channel logout is at once
    session_hours: Annotated[int, Field(ge=1, le=24 * 14)] = 12

    @property
    def proves_second_factor(self) -> bool:
        """Tell whether who comes from there has shown two factors."""
        return bool(self.required_acr or self.required_amr)

    @model_validator(mode="after")
    def _has_a_part(self) -> Self:
        if self.role not in OF_ORGANISATIONS:
            raise ValueError(f"People of an organisation can't have the role {self.role}.")
        if (self.role == Role.UTILITY) != (self.supplier_id is not None):
            raise ValueError("A utility needs its supplier_id, and nobody else has one.")
        return self

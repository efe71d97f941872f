# SPDX-License-Identifier: EUPL-1.2
"""The table of rights: which role may do what. Whose premises it sees: ``cloud.kit.auth.sight``."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from cloud.kit.errors import CloudError


class Role(StrEnum):
    """Whose part a person or program plays. A gateway has its own kind of token."""

    OWNER = "owner"
    TENANT = "tenant"
    UTILITY = "utility"
    TECHNICIAN = "technician"
    MUNICIPALITY = "municipality"
    OPERATOR = "operator"
    GATEWAY = "gateway"


class Right(StrEnum):
    """Something that not everybody may do."""

    SEE_PREMISES = "see_premises"  # those one was granted or supplies, or all: see Sight
    SEE_DISTRICTS = "see_districts"  # sums over many premises, none of them by itself
    SEE_DEMAND = "see_demand"  # series of use and forecasts: those that one's sight takes in
    KEEP_DEMAND = "keep_demand"  # series, and history for them: a utility its own
    ACKNOWLEDGE = "acknowledge"
    LABEL = "label"  # alerts as ordinary use
    CLIENT_NUMBERS = "client_numbers"  # what suppliers call whoever pays
    SWITCH_RULES = "switch_rules"  # off and on, at one's own meters
    REGISTER = "register"  # what is installed, and what happens to its register
    CORRECT = "correct"  # readings and usage, by an editor's word
    SUBSCRIBE = "subscribe"  # to alerts, by mail or web push
    BUDGET = "budget"  # one's own, for a building that one sees
    SHARE = "share"  # one's building with a tenant or caretaker
    TOKENS = "tokens"  # for programs that act for one
    USERS = "users"  # who may sign in, and as what
    AUDIT = "audit"  # the log of who changed what
    ACCESSES = "accesses"  # the log of who looked at one's premises
    OPERATE = "operate"  # ledger, quarantine, findings, everybody's live feed
    WEBHOOKS = "webhooks"
    INGEST = "ingest"
    ROTATE = "rotate"  # the token of any gateway; a gateway its own


RIGHTS: dict[Right, frozenset[Role]] = {
    Right.SEE_PREMISES: frozenset(
        {
            Role.OWNER,
            Role.TENANT,
            Role.UTILITY,
            Role.TECHNICIAN,
            Role.OPERATOR,
        }
    ),
    Right.SEE_DISTRICTS: frozenset({Role.MUNICIPALITY, Role.OPERATOR}),
    Right.SEE_DEMAND: frozenset(
        {
            Role.OWNER,
            Role.TENANT,
            Role.UTILITY,
            Role.TECHNICIAN,
            Role.MUNICIPALITY,
            Role.OPERATOR,
        }
    ),
    Right.KEEP_DEMAND: frozenset({Role.UTILITY, Role.OPERATOR}),
    Right.ACKNOWLEDGE: frozenset({Role.OWNER, Role.TENANT, Role.OPERATOR}),
    Right.LABEL: frozenset({Role.OWNER, Role.TENANT, Role.OPERATOR}),
    Right.CLIENT_NUMBERS: frozenset({Role.OWNER, Role.OPERATOR}),
    Right.SWITCH_RULES: frozenset({Role.OWNER, Role.OPERATOR}),
    Right.REGISTER: frozenset({Role.TECHNICIAN, Role.OPERATOR}),
    Right.CORRECT: frozenset({Role.OPERATOR}),
    Right.SUBSCRIBE: frozenset(
        {Role.OWNER, Role.TENANT, Role.UTILITY, Role.TECHNICIAN, Role.OPERATOR}
    ),
    Right.BUDGET: frozenset({Role.OWNER, Role.TENANT, Role.OPERATOR}),
    Right.SHARE: frozenset({Role.OWNER, Role.OPERATOR}),
    Right.TOKENS: frozenset({Role.OWNER, Role.UTILITY, Role.MUNICIPALITY, Role.OPERATOR}),
    Right.USERS: frozenset({Role.OPERATOR}),
    Right.AUDIT: frozenset({Role.OPERATOR}),
    Right.ACCESSES: frozenset({Role.OWNER, Role.TENANT, Role.OPERATOR}),
    Right.OPERATE: frozenset({Role.OPERATOR}),
    Right.WEBHOOKS: frozenset({Role.UTILITY, Role.OPERATOR}),
    Right.INGEST: frozenset({Role.GATEWAY}),
    Right.ROTATE: frozenset({Role.TECHNICIAN, Role.OPERATOR, Role.GATEWAY}),
}
# Those who see more than their own four walls don't sign in by a password alone.
STAFF = frozenset({Role.UTILITY, Role.TECHNICIAN, Role.MUNICIPALITY, Role.OPERATOR})
SEES_ALL = frozenset({Role.TECHNICIAN, Role.OPERATOR})
# What gives others access: a person's token can't, or one that leaked would outlive its end.
FOR_PEOPLE = frozenset({Right.TOKENS, Right.SHARE, Right.USERS})


class NotSignedInError(CloudError):
    """The request carries no session or token that is valid now."""

    status = 401
    code = "not-signed-in"
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}

    def __init__(self) -> None:
        super().__init__("Sign in, or send a valid token; the one sent is not valid now.")


class NotAllowedError(CloudError):
    """The caller is known, but this isn't theirs to do."""

    status = 403
    code = "not-allowed"

    def __init__(self, role: Role, right: Right) -> None:
        super().__init__(f"The role {role} does not have the right {right}.")


class PersonNeededError(CloudError):
    """Only a person who is signed in may do this, not a program with a token."""

    status = 403
    code = "person-needed"

    def __init__(self) -> None:
        super().__init__("This is for people who are signed in; a token can't do it.")


class OtherGatewayError(CloudError):
    """A gateway speaks for another one."""

    status = 403
    code = "other-gateway"

    def __init__(self, gateway_id: str) -> None:
        super().__init__(f"This token does not belong to the gateway {gateway_id!r}.")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A building that somebody may see, or only some of its service points; perhaps not its past.

    ``service_point_ids`` is None for all, ``since`` for everything from the first reading on.
    """

    premises_id: str
    service_point_ids: frozenset[str] | None = None
    since: datetime | None = None


class SecondFactorNeededError(CloudError):
    """The caller's role may do nothing before a second factor is set up."""

    status = 403
    code = "second-factor-needed"

    def __init__(self, role: Role) -> None:
        super().__init__(
            f"The role {role} needs a second factor: set up a passkey or one-time codes first."
        )


class StepUpNeededError(CloudError):
    """Something sensitive, and it was too long ago that the caller showed who they are."""

    status = 403
    code = "step-up-needed"

    def __init__(self, *, at_organisation: bool) -> None:
        super().__init__(
            "Show once more that it is you: sign in again with your organisation, at"
            " GET /api/v1/organisations/{organisation_id}/sign-in."
            if at_organisation
            else "Show once more that it is you, at POST /api/v1/session/step-up."
        )


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The session by which a person calls."""

    session_id: str
    fresh_at: datetime | None  # when the person last showed who they are
    must_enrol: bool = False  # may only set up a second factor
    at_organisation: bool = False  # has nothing of ours to show who they are by
    renewed: str | None = None  # the session's next token, to be sent with the answer


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is calling: a user, a program with a token, or a gateway."""

    subject: str  # user:<id>, token:<id> or gateway:<id>
    role: Role
    email: str | None = None
    name: str = ""
    grants: frozenset[Grant] = frozenset()
    supplier_id: str | None = None  # the utility this caller works for
    gateway_id: str | None = None
    scopes: frozenset[Right] | None = None  # what a token is for; None: all that its role may
    acts_for: str | None = None  # the subject of the person whose token this is
    session: SignedIn | None = None  # None: a program or a gateway

    @property
    def user_id(self) -> int:
        """The id of the person who calls, or PersonNeededError."""
        kind, _, number = self.subject.partition(":")
        if kind != "user":
            raise PersonNeededError
        return int(number)

    @property
    def owner(self) -> str:
        """The subject of the person or program whose doing this is: user:<id> or token:<id>."""
        return self.acts_for or self.subject

    @property
    def signature(self) -> str:
        """How what this caller records is signed: person:EMAIL or token:LABEL."""
        return f"person:{self.email}" if self.email else f"token:{self.name}"

    def has(self, right: Right) -> bool:
        """Tell whether the caller's role has a right, and their token, if it is one, is for it."""
        return self.role in RIGHTS[right] and (self.scopes is None or right in self.scopes)

    def require(self, right: Right) -> None:
        """Raise NotAllowedError unless the caller has ``right``."""
        if not self.has(right):
            raise NotAllowedError(self.role, right)

    def require_gateway(self, gateway_id: str) -> None:
        """Raise OtherGatewayError unless the caller is this gateway."""
        if self.gateway_id != gateway_id:
            raise OtherGatewayError(gateway_id)

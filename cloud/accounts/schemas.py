# SPDX-License-Identifier: EUPL-1.2
"""What sign-in and the account's routes take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.kit.schemas import Body, Identifier, Text

Email = Annotated[str, Field(max_length=254)]
Password = Annotated[str, Field(max_length=200)]
Code = Annotated[str, Field(max_length=40)]  # six digits, or a recovery code
Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=16384)]
PasskeyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=1400)]


class Credentials(Body):
    """What a person signs in with."""

    email: Email
    password: Password
    code: Code | None = None


class _FromBrowser(BaseModel):
    """What browsers make (``credential.toJSON()``); what they add besides is overlooked."""

    model_config = ConfigDict(extra="ignore")


class Assertion(_FromBrowser):
    """A passkey's answer to a challenge."""

    clientDataJSON: Base64Url  # noqa: N815 - named by the standard
    authenticatorData: Base64Url  # noqa: N815
    signature: Base64Url
    userHandle: Base64Url | None = None  # noqa: N815


class Attestation(_FromBrowser):
    """A new passkey's public key, and what it answered."""

    clientDataJSON: Base64Url  # noqa: N815
    attestationObject: Base64Url  # noqa: N815


class ShownPasskey(_FromBrowser):
    """A passkey that somebody shows."""

    id: PasskeyId
    rawId: PasskeyId  # noqa: N815
    type: Literal["public-key"]
    response: Assertion


class MadePasskey(_FromBrowser):
    """A passkey that somebody made."""

    id: PasskeyId
    rawId: PasskeyId  # noqa: N815
    type: Literal["public-key"]
    response: Attestation


class NewPasskey(Body):
    """A passkey to add, and how its owner calls it."""

    name: Text
    credential: MadePasskey


class StepUp(Body):
    """How a person shows again who they are: by exactly one of these."""

    password: Password | None = None
    code: Code | None = None
    passkey: ShownPasskey | None = None


class PasswordChange(Body):
    """A password, and the one that takes its place."""

    current: Password
    new: Password


class ResetRequest(Body):
    """Whose password is to be set anew."""

    email: Email


class NewPassword(Body):
    """A password, set by a mailed link."""

    link: Annotated[str, Field(max_length=100)]
    password: Password


class OneCode(Body):
    """A one-time code."""

    code: Code


class PasskeyOptions(BaseModel):
    """What the browser's ``navigator.credentials`` is to be given."""

    options: dict[str, Any]


class QrCode(BaseModel):
    """A QR code: a square of so many modules, and the dark ones as the path of an SVG picture."""

    side: int
    path: str


class CodesToAdd(BaseModel):
    """What an authenticator app is to be told: as text, as an address, and that as a QR code."""

    secret: str
    address: str
    qr_code: QrCode


class RecoveryCodes(BaseModel):
    """Codes to write down; shown once."""

    recovery_codes: list[str]


class User(BaseModel):
    """The signed-in user, or the program behind a token."""

    email: str | None
    name: str
    role: str


class Session(BaseModel):
    """A session as the app sees it."""

    user: User
    needs_second_factor: bool = Field(
        description="Nothing but setting one up is allowed before that is done."
    )
    owns: list[str] = Field(
        description="The buildings that are one's own to share; any others are shared with one, or"
        " are one's work."
    )


class Account(BaseModel):
    """How a person signs in."""

    email: str
    name: str
    role: str
    codes: bool = Field(description="Whether one-time codes of an app are in use.")
    passkeys: int
    recovery_codes: int = Field(description="How many are left.")
    at_organisation: bool = Field(
        description="Shows who they are at their organisation, having nothing of ours to do it by."
    )
    needs_second_factor: bool


class OneSession(BaseModel):
    """One of the places where a person is signed in."""

    session_id: str
    created_at: datetime
    seen_at: datetime = Field(description="To within ten minutes.")
    expires_at: datetime
    address: str
    agent: str = Field(description="What the browser says of itself.")
    is_this: bool


class Passkey(BaseModel):
    """A passkey as its owner sees it."""

    passkey_id: str
    name: str
    created_at: datetime
    used_at: datetime | None


ShareKind = Literal["tenant", "caretaker"]
PointIds = Annotated[list[Identifier], Field(min_length=1, max_length=500)]


class NewShare(Body):
    """Whom a building is to be shared with, what of it, and from when on."""

    email: Email
    name: Text
    kind: ShareKind
    service_point_ids: PointIds | None = Field(None, description="None: all, later ones too.")
    since: datetime | None = Field(None, description="None: from the first reading on.")
    language: Literal["bg", "en"] = "bg"


class Share(BaseModel):
    """Somebody whom a building is shared with."""

    share_id: int
    email: str
    name: str
    kind: ShareKind
    service_point_ids: list[str] | None
    since: datetime | None
    granted_at: datetime


class Asked(BaseModel):
    """That something will be done, or not: nothing is told."""

    detail: str

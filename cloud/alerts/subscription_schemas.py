# SPDX-License-Identifier: EUPL-1.2
"""What subscriptions look like over HTTP."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from cloud.alerts.push import AUTH_BYTES, KEY_BYTES, is_key
from cloud.alerts.schemas import Kind, Minute, Severity, Utility
from cloud.kit.schemas import Body, Identifier


def _browser_key(text: str) -> str:
    if not is_key(text, KEY_BYTES):
        raise ValueError("not a public key of P-256 in base64url")
    return text


def _secret(text: str) -> str:
    if not is_key(text, AUTH_BYTES):
        raise ValueError(f"not {AUTH_BYTES} bytes in base64url")
    return text


BASE64URL = r"^[A-Za-z0-9_-]+$"


class PushBody(Body):
    """How a browser is reached, as its ``PushSubscription`` says."""

    endpoint: Annotated[str, Field(max_length=1000, pattern=r"^https?://[!-~]+$")]
    p256dh: Annotated[str, Field(max_length=100, pattern=BASE64URL), AfterValidator(_browser_key)]
    auth: Annotated[str, Field(max_length=40, pattern=BASE64URL), AfterValidator(_secret)]


class QuietHours(Body):
    """When only what is critical is told, in minutes of the local day; to before from: over night.

    What happens meanwhile is told when they are over.
    """

    from_minute: Minute
    to_minute: Minute


class SubscriptionBody(Body):
    """Of which alerts somebody wants to hear, and how; empty lists stand for everything.

    ``premises_id`` is None for every building that one may see. ``push`` is for that channel only.
    """

    channel: Literal["email", "push"]
    language: Literal["bg", "en"] = "bg"
    premises_id: Identifier | None = None
    utilities: Annotated[list[Utility], Field(max_length=4, default_factory=list)]
    kinds: Annotated[list[Kind], Field(max_length=13, default_factory=list)]
    severities: Annotated[list[Severity], Field(max_length=3, default_factory=list)]
    quiet: QuietHours | None = None
    push: PushBody | None = None

    @model_validator(mode="after")
    def _push_has_a_browser(self) -> Self:
        if (self.channel == "push") != (self.push is not None):
            raise ValueError("push goes with the channel push, and with no other")
        return self


class Subscription(BaseModel):
    """A subscription as it stands; ``ended_because`` says why nothing is sent any more, if so."""

    subscription_id: str
    channel: Literal["email", "push"]
    language: Literal["bg", "en"]
    premises_id: str | None
    utilities: list[Utility]
    kinds: list[Kind]
    severities: list[Severity]
    quiet: QuietHours | None
    created_at: AwareDatetime
    ended_at: AwareDatetime | None
    ended_because: str | None


class PushKey(BaseModel):
    """The public key of this cloud, in base64url."""

    key: str

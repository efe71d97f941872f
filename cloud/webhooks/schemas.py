# SPDX-License-Identifier: EUPL-1.2
"""What webhooks look like over HTTP."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, HttpUrl

from cloud.kit.schemas import Body

Utility = Literal["water", "gas", "electricity", "heat"]


class WebhookBody(Body):
    """Where to tell of leaks, and of which utilities; none named: all."""

    url: Annotated[HttpUrl, Field(max_length=1000)]
    utilities: Annotated[list[Utility], Field(max_length=4, default_factory=list)]


class NewWebhook(BaseModel):
    """A webhook's id, and its secret, shown this once."""

    webhook_id: str
    secret: str


class Webhook(BaseModel):
    """A webhook, without its secret."""

    webhook_id: str
    url: str
    utilities: list[str]
    created_at: AwareDatetime
    disabled_at: AwareDatetime | None
    disabled_because: str | None


class Attempt(BaseModel):
    """One attempt to deliver a message; status None when no answer came."""

    message_id: str
    type: str
    attempted_at: AwareDatetime
    status: int | None
    outcome: str

# SPDX-License-Identifier: EUPL-1.2
"""What webhooks look like over HTTP."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, HttpUrl, StringConstraints

from cloud.kit.schemas import Body, Identifier, Text

Utility = Literal["water", "gas", "electricity", "heat"]
Severity = Literal["critical", "warning", "notice"]
Type = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}\.[a-z_]{1,32}$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
Url = Annotated[HttpUrl, Field(max_length=1000)]
# Source: HTML Standard, "valid email address", shortened: a mistake is caught, not each of them.
Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254
    ),
]


class WebhookBody(Body):
    """Where to tell of what: an empty list stands for all of what is yours to hear of.

    ``contact`` is the e-mail address that is told when the webhook doesn't work.
    """

    url: Url
    types: Annotated[list[Type], Field(max_length=20, default_factory=list)]
    utilities: Annotated[list[Utility], Field(max_length=4, default_factory=list)]
    premises_ids: Annotated[list[Identifier], Field(max_length=1000, default_factory=list)]
    kinds: Annotated[list[Kind], Field(max_length=50, default_factory=list)]
    severities: Annotated[list[Severity], Field(max_length=3, default_factory=list)]
    description: Text | None = None
    contact: Email | None = None


class WebhookChanges(Body):
    """What to change of a webhook: what isn't named stays.

    ``enabled`` true makes a disabled one start anew.
    """

    url: Url | None = None
    types: Annotated[list[Type], Field(max_length=20)] | None = None
    utilities: Annotated[list[Utility], Field(max_length=4)] | None = None
    premises_ids: Annotated[list[Identifier], Field(max_length=1000)] | None = None
    kinds: Annotated[list[Kind], Field(max_length=50)] | None = None
    severities: Annotated[list[Severity], Field(max_length=3)] | None = None
    description: Text | None = None
    contact: Email | None = None
    enabled: bool | None = None


class NewWebhook(BaseModel):
    """A webhook's id; its secret, shown this once; and the key of its v1a signatures."""

    webhook_id: str
    secret: str
    public_key: str


class RotateBody(Body):
    """For how long the earlier keys go on signing beside the new one; 0 where one has leaked."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class RotatedKeys(NewWebhook):
    """The new secret and key, and when the earlier ones cease to sign."""

    earlier_until: AwareDatetime


class Webhook(BaseModel):
    """A webhook, without its secret, and how it is doing.

    ``failures`` are attempts in a row; while ``paused_until`` lies ahead, the receiver is left
    alone.
    """

    webhook_id: str
    supplier_id: str | None
    url: str
    types: list[str]
    utilities: list[str]
    premises_ids: list[str]
    kinds: list[str]
    severities: list[str]
    description: str
    contact: str | None
    public_keys: list[str]
    created_at: AwareDatetime
    failures: int
    failing_since: AwareDatetime | None
    paused_until: AwareDatetime | None
    disabled_at: AwareDatetime | None
    disabled_because: str | None


class TestSent(BaseModel):
    """The id of a test event that is on its way."""

    message_id: str


class ReplayBody(Body):
    """Which messages to send again, by when they were first queued.

    Those that were delivered are left out unless ``include_delivered``; ids stay the same.
    """

    since: AwareDatetime
    until: AwareDatetime
    include_delivered: bool = False


class Replay(BaseModel):
    """How many messages were queued again."""

    queued: int


class Delivery(BaseModel):
    """A message's way to a webhook; ``due_at`` is when it is tried next, None once that is over.

    ``status`` and ``outcome`` are of the last attempt, None before the first.
    """

    message_id: str
    type: str
    state: Literal["pending", "delivered", "given_up"]
    occurred_at: AwareDatetime
    queued_at: AwareDatetime
    attempts: int
    due_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    status: int | None
    outcome: str | None


class Attempt(BaseModel):
    """One attempt to deliver a message; status None when no answer came.

    ``answer`` is the beginning of what the receiver said with a refusal.
    """

    message_id: str
    type: str
    attempted_at: AwareDatetime
    status: int | None
    outcome: str
    answer: str
    duration_ms: int | None


class Message(BaseModel):
    """A message; ``body`` is what was signed, byte for byte."""

    message_id: str
    type: str
    occurred_at: AwareDatetime
    created_at: AwareDatetime
    body: str

# SPDX-License-Identifier: EUPL-1.2
"""Webhooks over HTTP."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import StringConstraints

from cloud.kit import pagination
from cloud.kit.addresses import AddressRefusedError
from cloud.kit.auth.callers import SHOWN_ANEW, WebhookOwner
from cloud.kit.auth.rights import StepUpNeededError
from cloud.kit.errors import answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Instant, Listing, Page
from cloud.webhooks import models, schemas
from cloud.webhooks.registry import (
    NoSupplierError,
    TooManyKeysError,
    TooManyWebhooksError,
    WebhookDisabledError,
    Webhooks,
)

router = APIRouter(tags=["webhooks"])


def _webhooks(request: Request) -> Webhooks:
    found: Webhooks = request.app.state.webhooks
    return found


Service = Annotated[Webhooks, Depends(_webhooks)]
WebhookId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$"), Path()]
_MESSAGE_ID = StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")
MessageId = Annotated[str, _MESSAGE_ID, Path()]
State = Annotated[Literal["pending", "delivered", "given_up"] | None, Query()]
OfType = Annotated[schemas.Type | None, Query(alias="type")]
Time = Annotated[Instant | None, Query()]


@router.post(
    "/webhooks",
    status_code=201,
    responses=answers(
        AddressRefusedError, NoSupplierError, TooManyWebhooksError, StepUpNeededError
    ),
    dependencies=SHOWN_ANEW,
)
@idempotent
async def add_webhook(
    body: schemas.WebhookBody, service: Service, caller: WebhookOwner
) -> schemas.NewWebhook:
    """Register where to tell of events; the secret is shown this once."""
    wishes = body.model_dump(exclude={"url"}) | {"description": body.description or ""}
    webhook_id, key = await service.add(caller, str(body.url), **wishes)
    return schemas.NewWebhook(
        webhook_id=webhook_id, secret=key.shown_secret, public_key=key.public_key
    )


@router.get("/webhooks")
async def webhooks(service: Service, caller: WebhookOwner) -> Listing[schemas.Webhook]:
    """Return the webhooks of the caller's utility."""
    return Listing(items=[_shown(webhook) for webhook in await service.all(caller)])


@router.get("/webhooks/{webhook_id}")
async def webhook(webhook_id: WebhookId, service: Service, caller: WebhookOwner) -> schemas.Webhook:
    """Return a webhook, and how it is doing."""
    return _shown(await service.one(caller, webhook_id))


@router.patch(
    "/webhooks/{webhook_id}",
    responses=answers(AddressRefusedError, StepUpNeededError),
    dependencies=SHOWN_ANEW,  # another address hears what this one heard
)
async def change_webhook(
    webhook_id: WebhookId, body: schemas.WebhookChanges, service: Service, caller: WebhookOwner
) -> schemas.Webhook:
    """Change a webhook, switch it off or on."""
    changes: dict[str, Any] = {
        name: one for name, one in body.model_dump(exclude={"enabled"}).items() if one is not None
    }
    if body.url is not None:
        changes["url"] = str(body.url)
    return _shown(await service.change(caller, webhook_id, enabled=body.enabled, **changes))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: WebhookId, service: Service, caller: WebhookOwner) -> None:
    """Forget a webhook, and all that was on its way to it."""
    await service.delete(caller, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/rotate",
    responses=answers(TooManyKeysError, StepUpNeededError),
    dependencies=SHOWN_ANEW,
)
@idempotent
async def rotate_webhook(
    webhook_id: WebhookId, body: schemas.RotateBody, service: Service, caller: WebhookOwner
) -> schemas.RotatedKeys:
    """Make a new secret and key, shown this once; the earlier ones go on signing for a while."""
    key, until = await service.rotate(caller, webhook_id, timedelta(hours=body.overlap_hours))
    return schemas.RotatedKeys(
        webhook_id=webhook_id,
        secret=key.shown_secret,
        public_key=key.public_key,
        earlier_until=until,
    )


@router.post(
    "/webhooks/{webhook_id}/test", status_code=202, responses=answers(WebhookDisabledError)
)
@idempotent
async def test_webhook(
    webhook_id: WebhookId, service: Service, caller: WebhookOwner
) -> schemas.TestSent:
    """Send a test event, webhook.test, to this webhook alone."""
    return schemas.TestSent(message_id=await service.test(caller, webhook_id))


@router.post(
    "/webhooks/{webhook_id}/replay", status_code=202, responses=answers(WebhookDisabledError)
)
@idempotent
async def replay_webhook(
    webhook_id: WebhookId, body: schemas.ReplayBody, service: Service, caller: WebhookOwner
) -> schemas.Replay:
    """Send the messages of a range again that were not delivered, each under its own id."""
    queued = await service.replay(
        caller, webhook_id, body.since, body.until, include_delivered=body.include_delivered
    )
    return schemas.Replay(queued=queued)


@router.get("/webhooks/{webhook_id}/deliveries")
async def deliveries(
    webhook_id: WebhookId,
    service: Service,
    caller: WebhookOwner,
    state: State = None,
    of_type: OfType = None,
    since: Time = None,
    until: Time = None,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Delivery]:
    """Return what is or was on its way to a webhook, newest first, and what came of it."""
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.deliveries(
        caller, webhook_id, before, limit, state=state, type=of_type, since=since, until=until
    )
    following = pagination.encode(found[-1]["delivery_id"]) if len(found) == limit else None
    items = [schemas.Delivery.model_validate(fields) for fields in found]
    return Page(items=items, next_cursor=following)


@router.get("/webhooks/{webhook_id}/attempts")
async def attempts(
    webhook_id: WebhookId,
    service: Service,
    caller: WebhookOwner,
    message_id: Annotated[str | None, _MESSAGE_ID, Query()] = None,
    limit: pagination.Limit = 200,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Attempt]:
    """Return the attempts to deliver to a webhook, newest first; of one message if it is named."""
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.attempts(caller, webhook_id, message_id, before, limit)
    following = pagination.encode(found[-1]["attempt_id"]) if len(found) == limit else None
    items = [schemas.Attempt.model_validate(fields) for fields in found]
    return Page(items=items, next_cursor=following)


@router.get("/webhooks/{webhook_id}/messages/{message_id}")
async def message(
    webhook_id: WebhookId, message_id: MessageId, service: Service, caller: WebhookOwner
) -> schemas.Message:
    """Return a message as it is sent."""
    return schemas.Message.model_validate(await service.message(caller, webhook_id, message_id))


def _shown(one: models.Webhook) -> schemas.Webhook:
    return schemas.Webhook.model_validate(asdict(one))

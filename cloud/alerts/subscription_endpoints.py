# SPDX-License-Identifier: EUPL-1.2
"""Subscriptions over HTTP, and the link by which a letter ends one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from cloud.alerts import subscription_schemas as schemas
from cloud.alerts.models import Subscription
from cloud.alerts.push import Push
from cloud.alerts.subscriptions import (
    NoMailboxError,
    Subscriptions,
    TooManySubscriptionsError,
    Wish,
)
from cloud.kit.addresses import AddressRefusedError
from cloud.kit.auth.callers import Subscriber
from cloud.kit.errors import answers
from cloud.kit.mail import MailOffError
from cloud.kit.schemas import Identifier, Listing

router = APIRouter(tags=["subscriptions"])


def _subscriptions(request: Request) -> Subscriptions:
    found: Subscriptions = request.app.state.subscriptions
    return found


def _push(request: Request) -> Push:
    found: Push = request.app.state.push
    return found


Service = Annotated[Subscriptions, Depends(_subscriptions)]
SubscriptionId = Annotated[Identifier, Path()]
LinkKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{32}$"), Path()]

PAGE = """<!doctype html>
<html lang="bg"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Iskar</title><h1>Iskar</h1><p>{}</p>{}</html>"""
ASK = "Да спрат ли писмата за тези сигнали? Shall the letters about these alerts stop?"
DONE = "Повече няма да получаваш такива писма. You will get no more of these letters."
POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
BUTTON = '<form method="post" action="../unsubscribe/{}"><button>Да / Yes</button></form>'


@router.get("/subscriptions")
async def subscriptions(service: Service, caller: Subscriber) -> Listing[schemas.Subscription]:
    """Return of which alerts the caller wants to hear, and how."""
    return Listing(items=[_shown(one) for one in await service.of_caller(caller)])


@router.put(
    "/subscriptions/{subscription_id}",
    responses=answers(NoMailboxError, TooManySubscriptionsError, AddressRefusedError, MailOffError),
)
async def put_subscription(
    subscription_id: SubscriptionId,
    body: schemas.SubscriptionBody,
    service: Service,
    caller: Subscriber,
) -> schemas.Subscription:
    """Make or change a subscription; the caller chooses its id. Letters go to the account's."""
    wish = Wish(
        channel=body.channel,
        language=body.language,
        premises_id=body.premises_id,
        utilities=body.utilities,
        kinds=body.kinds,
        severities=body.severities,
        quiet_from=body.quiet.from_minute if body.quiet else None,
        quiet_to=body.quiet.to_minute if body.quiet else None,
        push_endpoint=body.push.endpoint if body.push else None,
        push_key=body.push.p256dh if body.push else None,
        push_auth=body.push.auth if body.push else None,
    )
    return _shown(await service.put(caller, subscription_id, wish))


@router.delete("/subscriptions/{subscription_id}", status_code=204)
async def delete_subscription(
    subscription_id: SubscriptionId, service: Service, caller: Subscriber
) -> None:
    """Forget a subscription."""
    await service.delete(caller, subscription_id)


@router.get("/push-key")
async def push_key(
    push: Annotated[Push, Depends(_push)],
    _: Subscriber,
) -> schemas.PushKey:
    """Return the key that a browser needs to let this cloud send it messages."""
    return schemas.PushKey(key=push.public_key)


@router.get("/unsubscribe/{key}", response_class=HTMLResponse)
async def ask_to_unsubscribe(key: LinkKey) -> HTMLResponse:
    """Show a page that asks; looking alone, as mail scanners do, changes nothing."""
    return _page(ASK, BUTTON.format(key))


@router.post("/unsubscribe/{key}", response_class=HTMLResponse)
async def unsubscribe(key: LinkKey, service: Service) -> HTMLResponse:
    """End the subscription that a letter came from, with one click (RFC 8058)."""
    await service.stop(key)
    return _page(DONE)


def _page(text: str, button: str = "") -> HTMLResponse:
    """Return a page whose button may be pressed: answers of the API may send no forms."""
    return HTMLResponse(PAGE.format(text, button), headers={"Content-Security-Policy": POLICY})


def _shown(one: Subscription) -> schemas.Subscription:
    quiet = None
    if one.quiet_from is not None and one.quiet_to is not None:
        quiet = schemas.QuietHours(from_minute=one.quiet_from, to_minute=one.quiet_to)
    return schemas.Subscription.model_validate(vars(one) | {"quiet": quiet})

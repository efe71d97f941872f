# SPDX-License-Identifier: EUPL-1.2
"""Whom to tell of a vulnerability of this installation. Source: RFC 9116."""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from cloud.kit.clock import Clock
from cloud.kit.errors import NotFoundError
from cloud.kit.settings import CloudSettings

PATH = "/.well-known/security.txt"
GOOD_FOR = timedelta(days=180)  # RFC 9116, 2.5.5: less than a year

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def security_txt(request: Request) -> Response:
    """Return the contact that the operator has named."""
    settings: CloudSettings = request.app.state.settings
    clock: Clock = request.app.state.clock
    if settings.security_contact is None:
        raise NotFoundError("page", PATH)
    expires = (clock.now() + GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: bg, en",
    ]
    if settings.public_url is not None:
        lines.append(f"Canonical: {settings.public_url.rstrip('/')}{PATH}")
    return PlainTextResponse("\n".join(lines) + "\n")

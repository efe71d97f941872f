# SPDX-License-Identifier: EUPL-1.2
"""Cursors: opaque to the caller, the key of the last row to us, so that a page never shifts."""

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import Query

from cloud.kit.errors import InvalidRequestError

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=400)]


def encode(*key: object) -> str:
    """Return the cursor that continues after ``key``."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, *types: type) -> tuple[Any, ...]:
    """Return the key in ``cursor``, its parts of ``types``, or raise InvalidRequestError."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != list(types):
        raise InvalidRequestError("The cursor is not one that this route gave out.")
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in key):
        raise InvalidRequestError("The cursor holds a number out of range.")
    return tuple(key)

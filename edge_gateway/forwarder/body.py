# SPDX-License-Identifier: EUPL-1.2
"""The body of a batch: telegrams in blocks, all else as entries, compressed if that pays."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import zstandard

from edge_gateway.store.entries import Entry
from wire import batch, telegram
from wire.block import Packing
from wire.errors import WireError
from wire.telegram import Telegram

Encoding = Literal["zstd", "gzip"]

_FROM_BYTES = 2048  # under it, the header and the work are not worth it
_COMPRESS: Mapping[Encoding, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.compress(body, 3),
    "gzip": lambda body: gzip.compress(body, 4),
}


def batch_body(
    gateway_id: str, store_id: str, waiting: Sequence[Entry], encoding: Encoding = "zstd"
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a post."""
    entries = []
    packing = Packing()
    for one in waiting:
        message = _telegram(one)
        if message is None:
            entries.append(one.as_wire())
        else:
            packing.add(one.number, one.received_at_ms, one.read_at_s, one.quality, message)
    request = batch.request(gateway_id, store_id, entries, packing.blocks())
    body = json.dumps(request, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json"}
    if len(body) >= _FROM_BYTES:
        body = _COMPRESS[encoding](body)
        headers["Content-Encoding"] = encoding
    return body, headers


def _telegram(waiting: Entry) -> Telegram | None:
    """Return the telegram that waits; None for anything else, also a telegram of other rules.

    An earlier release may have stored one; the cloud then says what is wrong with it.
    """
    if waiting.kind != batch.TELEGRAM:
        return None
    try:
        return telegram.from_fields(dict(waiting.body))
    except WireError:
        return None

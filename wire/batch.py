# SPDX-License-Identifier: EUPL-1.2
"""Batch: what a gateway posts to the cloud, and the cloud's word that it is committed.

Posted as JSON to ``PATH``, zstd or gzip allowed, with the gateway's token as bearer. An entry is
``{"n", "kind", "received_at_ms", "read_at_s", "quality", "body"}``:

- ``n`` numbers the outbox of one gateway store, growing; ``store`` names that store, so that a
  replaced disk starts anew;
- ``kind`` is telegram, event, finding or notice; ``body`` the decoded message itself (of a finding,
  what ``edge_gateway.leaks`` wrote; of a notice, see ``wire.notice``);
- ``read_at_s`` is Unix time in s after reconstruction, ``quality`` the bits of ``wire.quality``.

Telegrams travel in ``blocks`` rather than as entries: see ``wire.block``.

The answer is ``{"ver", "committed", "stored", "repeated", "quarantined": [{"n", "reason"}],
"now_ms"}``: everything of this batch up to ``committed`` is in the database, as a row or in
quarantine, and may be forgotten. An answer without it, or none, means: send again. Batches may come
in any order, so it says nothing of numbers that the batch didn't hold. ``now_ms`` is Unix time as
the answer was made, for a gateway without a clock.
"""

from wire import VERSION, fields
from wire.errors import WireError

PATH = "/api/v1/ingest/batches"
MAX_ENTRIES = 5000  # the telegrams in blocks included

TELEGRAM = "telegram"
EVENT = "event"
FINDING = "finding"
NOTICE = "notice"
KINDS = (TELEGRAM, EVENT, FINDING, NOTICE)

BOOT_OF_IMPORTS = 0  # nodes count boots from 1; history that was imported has boot 0


def entry(
    number: int,
    kind: str,
    received_at_ms: int,
    read_at_s: int,
    quality: int,
    body: "dict[str, object]",
) -> "dict[str, object]":
    """Return one entry as the cloud expects it."""
    return {
        "n": number,
        "kind": kind,
        "received_at_ms": received_at_ms,
        "read_at_s": read_at_s,
        "quality": quality,
        "body": body,
    }


def request(
    gateway_id: str,
    store: str,
    entries: "list[dict[str, object]]",
    blocks: "list[dict[str, object]] | None" = None,
) -> "dict[str, object]":
    """Return the body of a post."""
    return {
        "ver": VERSION,
        "gateway": gateway_id,
        "store": store,
        "entries": entries,
        "blocks": blocks or [],
    }


def committed(answer: object) -> int:
    """Return up to which ``n`` the cloud has committed, or raise WireError."""
    if not isinstance(answer, dict) or answer.get("ver") != VERSION:
        raise WireError("The cloud's answer %r is not of version %d." % (answer, VERSION))
    return fields.integer(answer, "committed", 0, fields.MAX_REGISTER)

# SPDX-License-Identifier: EUPL-1.2
"""The ledger of a node: every message it ever put durably on its flash, deleted ones too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware import journal
from simulators.errors import SimulatorError
from wire import event, telegram


class JournalConflictError(SimulatorError):
    """One key was journaled with two contents: the node has broken its promise."""

    def __init__(self, boot: int, sequence: int, where: Path) -> None:
        super().__init__(f"Boot {boot}, sequence {sequence} has two contents; one is in {where}.")


@dataclass(frozen=True, kw_only=True)
class Journaled:
    """One message of the ledger."""

    boot: int
    sequence: int
    payload: bytes
    message: telegram.Telegram | event.Event


def journaled(directory: Path) -> Iterator[Journaled]:
    """Yield what the node in ``directory`` has journaled so far, by key, without torn tails.

    Safe to call while the node runs.
    """
    seen: dict[tuple[int, int], Journaled] = {}
    # the flash first: a segment deleted meanwhile is then found in the attic
    for folder in (directory / "flash" / journal.FOLDER, directory / "world" / "attic"):
        for segment in sorted(folder.glob("*.seg")):
            for entry in _entries(segment):
                known = seen.setdefault((entry.boot, entry.sequence), entry)
                if known.payload != entry.payload:
                    raise JournalConflictError(entry.boot, entry.sequence, segment)
    for key in sorted(seen):
        yield seen[key]


def _entries(segment: Path) -> Iterator[Journaled]:
    try:
        file = segment.open("rb")
    except FileNotFoundError:
        return
    with file:
        while (entry := journal.read_record(file)) is not None:
            reader = telegram if entry.kind == journal.TELEGRAM else event
            yield Journaled(
                boot=entry.boot,
                sequence=entry.sequence,
                payload=entry.payload,
                message=reader.decode(entry.payload),
            )

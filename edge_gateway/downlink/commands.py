# SPDX-License-Identifier: EUPL-1.2
"""What nodes are told, and how often again: until an answer comes, the last word may be lost."""

from collections.abc import Sequence
from dataclasses import dataclass

REPEAT_AFTER_S = 20.0  # a node answers within a second or two; one that is away is not hurried


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A command on its way to a node."""

    command_id: str
    node_id: str
    payload: bytes


class Repeats:
    """Which messages are due; what is not to be told any more is forgotten."""

    def __init__(self) -> None:
        self._told_at_s: dict[tuple[str, str], float] = {}

    def due(self, messages: Sequence[Message], now_s: float) -> list[Message]:
        """Return which of all that are to be told are due now, and count them as told."""
        before, self._told_at_s = self._told_at_s, {}
        due = []
        for message in messages:
            key = (message.node_id, message.command_id)
            told_at_s = before.get(key)
            if told_at_s is None or now_s - told_at_s >= REPEAT_AFTER_S:
                due.append(message)
                told_at_s = now_s
            self._told_at_s[key] = told_at_s
        return due

# SPDX-License-Identifier: EUPL-1.2
"""What comes to be admitted, and who is shown what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from edge_gateway.clock import Moment
from wire.errors import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it came from the broker, or, if ``is_released``, out of quarantine."""

    topic: str
    payload: bytes
    retained: bool
    at: Moment
    is_released: bool = False

    @classmethod
    def released(cls, topic: str, payload: bytes, at: Moment) -> Self:
        """Return what comes out of quarantine.

        It counts as retained, a word from the past: a status of then does not tell when its boot
        began.
        """
        return cls(topic=topic, payload=payload, retained=True, at=at, is_released=True)


def check_identity(claimed: str, topic_node_id: str) -> None:
    """Raise WireError unless a message is from the node on whose topic it came."""
    if claimed != topic_node_id:
        raise WireError(f"The message says it is from {claimed}, its topic {topic_node_id}.")


class Finding(Protocol):
    """Something a rule noticed, or noticed to be over."""

    def body(self) -> dict[str, Any]:
        """Return it as it travels to the cloud."""


class Watch(Protocol):
    """The leak rules, seen from here: they are shown each register of a meter as it comes."""

    def look(
        self,
        *,
        node_id: str,
        obis: str,
        register: int,
        read_at_s: int,
        now_s: int,
        quality: int,
    ) -> Sequence[Finding]:
        """Return the findings that this reading, in ml or mWh, raised or cleared."""

    def overdue(self, now_s: int) -> Sequence[Finding]:
        """Return what is to be said of meters that have been silent for too long by now."""

    def open_findings(self) -> Sequence[Finding]:
        """Return the findings that were raised and not cleared."""

    def take_changed(self) -> Mapping[str, bytes]:
        """Return the memory of every meter that has changed since the last call."""

    def restore(self, memories: Mapping[str, bytes]) -> None:
        """Go back to these memories."""

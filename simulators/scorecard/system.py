# SPDX-License-Identifier: EUPL-1.2
"""What the scorecard needs to know of a system under test, and nothing of how it works."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simulators.link import Link
from simulators.scorecard.fleet import Fleet
from simulators.scorecard.ledger import Ledger
from simulators.scorecard.programs import Measured
from simulators.scorecard.senders import Door


class Backend(Protocol):
    """Where telegrams are to arrive."""

    def hanging(self) -> AbstractContextManager[None]:
        """Let it be down while its connections stay."""

    async def progress(self) -> tuple[bool, int]:
        """Return whether every telegram is there, and a number that grows while more come."""

    async def ledger(self) -> Ledger:
        """Return all that it holds."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """One system, running; ``broker`` and ``gateway`` may be the same program."""

    door: Door
    link: Link  # between the gateway and the backend
    broker: Measured
    gateway: Measured
    backend: Backend

    @property
    def programs(self) -> list[Measured]:
        """Return the programs on the gateway's machine."""
        return [self.broker] if self.broker is self.gateway else [self.broker, self.gateway]


@dataclass(frozen=True, kw_only=True)
class System:
    """A system under test; ``running`` gives it with all its data below a folder."""

    name: str
    version: Callable[[], str]
    running: Callable[[Path, Fleet], AbstractAsyncContextManager[Site]]

# SPDX-License-Identifier: EUPL-1.2
"""Tells systemd that the gateway gets on; silent while it does not, so as to be restarted.

Getting on means: the loop runs, the store's thread answers, and whatever waits for intake is being
tried. A full disk or a cloud that is away is no reason for a restart, which would mend neither.
Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Protocol

import structlog

from edge_gateway.errors import StoreError
from edge_gateway.store.database import Store

LOOKS = 3  # within the time after which systemd loses patience
DEFAULT_S = 90.0

log = structlog.get_logger(__name__)


class Intake(Protocol):
    """What is watched besides the store."""

    turns: int  # how often storing has been tried

    @property
    def waiting(self) -> int:
        """Return how many messages wait to be stored."""


class Watchdog:
    """Looks at the services a few times within the time that systemd grants."""

    def __init__(
        self, store: Store, intake: Intake, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._store = store
        self._intake = intake
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._pause_s = float(environment.get("WATCHDOG_USEC", DEFAULT_S * 1e6)) / 1e6 / LOOKS
        self._probe: asyncio.Future[None] | None = None
        self._turns = -1

    async def run(self) -> None:
        """Tell systemd until cancelled; without systemd, only the log is told."""
        is_ready = False
        try:
            while True:
                stuck = await self._what_is_stuck()
                if stuck:
                    log.error("stuck", what=stuck)
                else:
                    self._tell("WATCHDOG=1" if is_ready else "READY=1")
                    is_ready = True
                await asyncio.sleep(self._pause_s)
        finally:
            self._tell("STOPPING=1")

    async def _what_is_stuck(self) -> list[str]:
        turns_before, self._turns = self._turns, self._intake.turns
        is_intake_stuck = self._intake.waiting > 0 and turns_before == self._turns
        is_store_stuck = not await self._store_answers()
        named = {"intake": is_intake_stuck, "store": is_store_stuck}
        return [name for name, is_stuck in named.items() if is_stuck]

    async def _store_answers(self) -> bool:
        """Ask the store's thread; an error is an answer. One question at a time is enough."""
        if self._probe is None:
            self._probe = asyncio.ensure_future(self._store.read(lambda _db: None))
        await asyncio.wait({self._probe}, timeout=self._pause_s)
        if not self._probe.done():
            return False
        probe, self._probe = self._probe, None
        if isinstance(error := probe.exception(), Exception) and not isinstance(error, StoreError):
            raise error
        return True

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.connect(address)
                out.sendall(state.encode())
        except OSError as error:  # systemd will restart us if it can't be told
            log.warning("systemd_not_told", reason=str(error))

# SPDX-License-Identifier: EUPL-1.2
"""The fleet: thirty nodes at water meters, and the telegrams that each sends, by seed.

Every system gets the same bytes on the same topics. A node reads its meter once a minute; the
minutes go by as fast as the run sends them and end before it begins, as those of a journal do that
is being caught up.
"""

import random
from dataclasses import dataclass
from functools import cached_property

from wire import telegram, topics
from wire.telegram import Telegram

SITE = "sofia"
GATEWAY_ID = "gw-scorecard"
NODES = 30  # of the first deployment
BOOT = 1
OBIS = "8-0:1.0.0"  # cold water; the leak rules look at it, which costs the gateway the most
SAMPLE_S = 60
STEPS_KEPT = 1009  # a prime, so that days are not alike
QUIET_SHARE = 0.6  # of all minutes nobody draws water
MAX_DRAW_ML = 9000


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """``telegrams`` in all, dealt out evenly; the last of them is dated ``until_s``."""

    telegrams: int
    seed: int
    until_s: int

    @cached_property
    def node_ids(self) -> list[str]:
        """Return the nodes' ids."""
        return [f"n-scorecard-{number:02}" for number in range(1, NODES + 1)]

    def share(self, node: int) -> int:
        """Return how many telegrams node number ``node`` sends; sequences are 1 to this."""
        return self.telegrams // NODES + (node < self.telegrams % NODES)

    def topic(self, node: int, channel: str = topics.TELEGRAM) -> str:
        """Return the topic of one of a node's channels."""
        return topics.topic(SITE, GATEWAY_ID, self.node_ids[node], channel)

    @property
    def begins_s(self) -> int:
        """When the first telegram is dated."""
        return self.until_s - self.share(0) * SAMPLE_S

    def payload(self, node: int, sequence: int) -> bytes:
        """Return the telegram ``sequence`` of node number ``node``."""
        at_s = self.begins_s + sequence * SAMPLE_S
        registers = {OBIS: self.register(node, sequence)}
        node_id = self.node_ids[node]
        return telegram.encode(
            Telegram(node_id, BOOT, sequence, at_s, telegram.TIME_KNOWN, registers)
        )

    def register(self, node: int, sequence: int) -> int:
        """Return what the meter showed at telegram ``sequence``, in ml."""
        rounds, rest = divmod(sequence, STEPS_KEPT)
        sums = self._sums[node]
        return rounds * sums[-1] + sums[rest]

    @cached_property
    def _sums(self) -> list[list[int]]:
        """Return each node's register after each of ``STEPS_KEPT`` minutes, in ml."""
        return [_run_of_registers(f"{self.seed}-{node}") for node in self.node_ids]


def _run_of_registers(seed: str) -> list[int]:
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    sums = [0]
    for _ in range(STEPS_KEPT):
        drawn = 0 if dice.random() < QUIET_SHARE else dice.randrange(MAX_DRAW_ML)
        sums.append(sums[-1] + drawn)
    return sums

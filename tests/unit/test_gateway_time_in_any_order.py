# SPDX-License-Identifier: EUPL-1.2
"""Whatever starts anew when, and whoever knows the time when: readings keep their order."""

import itertools
import json
import sqlite3
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.clock import Moment
from edge_gateway.intake.admission import Admission
from edge_gateway.intake.arrival import Arrival
from edge_gateway.intake.machine_time import PATIENCE_MS
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.store import entries
from edge_gateway.store.migrations import SCRIPTS
from tests.gateway_builders import GATEWAY, NOON_S, SITE, a_status, a_telegram, topic
from wire import telegram

NODES = ("n-1", "n-2")
STALE_MS = 90 * 86_400_000
ROUNDING_S = 1

Reading = tuple[int, int, int, bytes]  # boot, sequence, when it was really read in s, telegram


@dataclass
class Node:
    """A node as it really is: its journal outlives its boots, its clock does not."""

    node_id: str
    began_at_ms: int
    boot: int = 1
    sequence: int = 0
    knows_the_time: bool = False
    journal: list[Reading] = field(default_factory=list)

    def read(self, at_ms: int) -> None:
        self.sequence += 1
        knows = self.knows_the_time
        time_s = at_ms // 1000 if knows else (at_ms - self.began_at_ms) // 1000
        quality = telegram.TIME_KNOWN if knows else telegram.TIME_SINCE_BOOT
        said = a_telegram(
            self.sequence,
            boot=self.boot,
            time_s=time_s,
            time_quality=quality,
            node_id=self.node_id,
        )
        self.journal.append((self.boot, self.sequence, at_ms // 1000, said))

    def reboot(self, at_ms: int) -> None:
        self.began_at_ms, self.boot, self.sequence = at_ms, self.boot + 1, 0
        self.knows_the_time = False

    def status(self, at_ms: int) -> bytes:
        held = self.journal[0][:2] if self.journal else (self.boot, self.sequence + 1)
        up_ms = at_ms - self.began_at_ms
        return a_status(boot=self.boot, up_ms=up_ms, held=held, node_id=self.node_id)


class World:
    """Two nodes and a gateway in true time."""

    def __init__(self) -> None:
        self.at_ms = NOON_S * 1000
        self.machine_began_at_ms = self.at_ms
        self.machine_boots = itertools.count(1)
        self.nodes = [Node(name, self.at_ms) for name in NODES]
        self.truth: dict[tuple[str, int, int], tuple[int, int]] = {}
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        for script in SCRIPTS:
            self.db.executescript(script)
        self.db.create_function(entries.NEXT_NUMBER, 0, itertools.count(1).__next__)
        self._start_machine()

    def _start_machine(self) -> None:
        self.machine = f"run-{next(self.machine_boots)}"
        self.machine_began_at_ms = self.at_ms
        self.is_trusted = False
        self.restart_process()

    def restart_process(self) -> None:
        self.admission = Admission(SITE, GATEWAY, Monitor())

    def reboot_machine(self, off_s: int) -> None:
        self.at_ms += off_s * 1000
        self._start_machine()

    def now(self) -> Moment:
        return Moment(
            unix_ms=self.at_ms - (0 if self.is_trusted else STALE_MS),
            is_trusted=self.is_trusted,
            machine_boot=self.machine,
            up_ms=self.at_ms - self.machine_began_at_ms,
        )

    def admit(self, *messages: bytes) -> None:
        arrivals = [
            Arrival(
                topic=topic("status" if b'"up_ms"' in one else "telegram", json.loads(one)["id"]),
                payload=one,
                retained=False,
                at=self.now(),
            )
            for one in messages
        ]
        self.admission.admit(self.db, arrivals, 0, self.now())
        while self.admission.is_behind:
            self.admission.admit(self.db, [], 0, self.now())

    def deliver(self, node: Node, most: int | None = None) -> None:
        """Let a node connect: it tells how long it has been up, and sends what it holds."""
        sent, node_status = node.journal[:most], node.status(self.at_ms)
        self.admit(node_status, *[said for *_, said in sent])
        node.knows_the_time |= self.is_trusted
        for boot, sequence, read_at_s, _ in sent:
            self.truth[node.node_id, boot, sequence] = (read_at_s, self.at_ms)
        del node.journal[: len(sent)]

    def end(self) -> None:
        """Let everybody meet under a trusted clock, and those wait who are waited for."""
        self.is_trusted = True
        for _ in range(2):
            for node in self.nodes:
                self.deliver(node)
            self.at_ms += PATIENCE_MS


seconds = st.integers(1, 5000)
steps = st.one_of(
    st.tuples(st.just("read"), st.sampled_from((0, 1)), seconds),
    st.tuples(st.just("deliver"), st.sampled_from((0, 1)), seconds),
    st.tuples(st.just("deliver one"), st.sampled_from((0, 1)), seconds),
    st.tuples(st.just("reboot node"), st.sampled_from((0, 1)), seconds),
    st.tuples(st.just("reboot machine"), st.just(0), seconds),
    st.tuples(st.just("restart process"), st.just(0), seconds),
    st.tuples(st.just("trust"), st.just(0), seconds),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=30))
def test_no_reading_is_lost_or_before_its_time_and_none_overtakes_its_elder(taken):
    world = World()
    for step, which, elapsed_s in taken:
        node = world.nodes[which]
        world.at_ms += elapsed_s * 1000
        if step == "read":
            node.read(world.at_ms)
        elif step == "deliver":
            world.deliver(node)
        elif step == "deliver one":
            world.deliver(node, 1)
        elif step == "reboot node":
            node.reboot(world.at_ms)
        elif step == "reboot machine":
            world.reboot_machine(elapsed_s)
        elif step == "restart process":
            world.restart_process()
        else:
            world.is_trusted = True
    world.end()
    found = {one.key: one for one in entries.select(world.db, "kind = 0")}
    assert found.keys() == world.truth.keys()
    for key, (read_at_s, received_at_ms) in world.truth.items():
        assert read_at_s - ROUNDING_S <= found[key].read_at_s <= world.at_ms // 1000
        assert received_at_ms <= found[key].received_at_ms <= world.at_ms
    for name in NODES:
        times = [found[key].read_at_s for key in sorted(found) if key[0] == name]
        assert all(later - earlier >= -ROUNDING_S for earlier, later in itertools.pairwise(times))

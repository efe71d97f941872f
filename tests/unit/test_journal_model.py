# SPDX-License-Identifier: EUPL-1.2
"""The journal against a model: any order of faults, and still each message arrives or is declared.

A node made of the real journal, scribe and boot counter publishes by go-back-N to a gateway that
knows what is contiguous. Power fails at any operation and tears what was not synced, messages and
acknowledgements are lost, late, repeated and out of order, the flash refuses writes and rots.
"""

import random

import pytest

from edge_gateway.store.watermark import Watermark
from firmware import boots
from firmware import journal as journals
from firmware.clock import Clock
from firmware.journal import Journal
from firmware.scribe import Scribe
from tests.fakes.device import PowerCutError
from tests.fakes.lossy_flash import LossyFlash
from wire import event

WINDOW = 8
STALLED_AFTER = 12  # turns
TURNS = 1500
MAX_SEGMENTS = 12  # so few that the journal overflows now and then


def lost_by(entry: journals.Entry) -> set[tuple[int, int]]:
    """Return the keys that a journal_lost event gives up; none for any other message."""
    if entry.kind != journals.EVENT:
        return set()
    detail = event.decode(entry.payload).detail
    return {(detail["boot"], n) for n in range(detail["first"], detail["last"] + 1)}


class Gateway:
    """Stores, and acknowledges the contiguous watermark of each boot."""

    def __init__(self) -> None:
        self.stored: dict[tuple[int, int], bytes] = {}
        self._watermarks: dict[int, Watermark] = {}

    def take(self, entry: journals.Entry) -> tuple[int, int]:
        key = (entry.boot, entry.sequence)
        assert self.stored.setdefault(key, entry.payload) == entry.payload, f"{key} twice"
        self._settle(entry.boot, entry.sequence, entry.sequence)
        for boot, sequence in lost_by(entry):
            self._settle(boot, sequence, sequence)
        return entry.boot, self._watermark(entry.boot).contiguous

    def take_status(self, held: tuple[int, int]) -> tuple[int, int]:
        self._settle(held[0], 1, held[1] - 1)
        return held[0], self._watermark(held[0]).contiguous

    def _watermark(self, boot: int) -> Watermark:
        return self._watermarks.setdefault(boot, Watermark())

    def _settle(self, boot: int, first: int, last: int) -> None:
        self._watermark(boot).settle(first, last)


class Node:
    """The journal's users, in one boot after the other."""

    def __init__(self, chance: random.Random, max_segments: int) -> None:
        self.chance = chance
        self.flash = LossyFlash(chance)
        self.max_segments = max_segments
        self.written: dict[tuple[int, int], bytes] = {}  # by key, once on flash
        self.boots: list[int] = []
        self.declared: set[tuple[int, int]] = set()
        self.acknowledgements: list[tuple[int, int]] = []  # under way
        self.boot()

    def boot(self) -> None:
        while True:
            try:
                number = boots.next_boot(self.flash, 1)
                assert not self.boots or number > self.boots[-1]
                self.boots.append(number)
                self.journal = Journal(
                    self.flash, number, segment_bytes=400, max_segments=self.max_segments
                )
                self.scribe = Scribe("n-1", Clock(lambda: 5000), self.journal)
                self.scribe.on_written = self._note
                if self.journal.undeclared() is not None:
                    self.scribe.declare_lost(*self.journal.undeclared())
                self.connect(WINDOW)
                return
            except PowerCutError:
                self.flash.lose_power()
            except OSError:
                continue

    def connect(self, window: int) -> None:
        self.reader = self.journal.reader()
        self.in_flight: list[tuple[int, int]] = []
        self.window = window
        self.still = 0

    def _note(self) -> None:
        newest = self.journal.newest
        key = (newest.boot, newest.sequence)
        assert key not in self.written, f"{key} was written before"
        self.written[key] = newest.payload
        self.declared |= lost_by(newest)

    def write(self) -> None:
        digits = self.chance.randint(1, 12)  # messages differ in length
        self.scribe.telegram({"8-0:1.0.0": self.chance.randrange(10**digits)})

    def publish(self) -> list[journals.Entry]:
        entries = self.reader.take(self.window - len(self.in_flight))
        while self.reader.holes:
            hole = self.reader.holes.pop(0)
            if not self.journal.is_passed_over(hole):
                self.scribe.declare_lost(*hole)
                self.journal.pass_over(hole)
        self.in_flight += [(entry.boot, entry.sequence) for entry in entries]
        return entries

    def acknowledged(self, boot: int, sequence: int) -> None:
        if self.journal.forget(boot, sequence):
            self.window = min(WINDOW, 2 * self.window)
            self.still = 0
        self.in_flight = [key for key in self.in_flight if key[0] != boot or key[1] > sequence]


class World:
    """Node, gateway and what is between them; ``turn`` lets one thing happen."""

    def __init__(self, seed: int, max_segments: int = MAX_SEGMENTS) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.node = Node(self.chance, max_segments)
        self.gateway = Gateway()
        self.is_calm = False

    def turn(self) -> None:
        node, chance = self.node, self.chance
        try:
            if not self.is_calm and chance.random() < 0.02:
                node.flash.cut_after = chance.randint(0, 12)
            if not self.is_calm and chance.random() < 0.2:
                for _ in range(chance.randint(1, 3)):
                    node.write()
            self._publish()
            self._acknowledge()
        except PowerCutError:
            node.flash.lose_power()
            node.boot()
        except OSError:  # as the app does: begin anew
            node.boot()

    def _publish(self) -> None:
        node, chance = self.node, self.chance
        node.still += 1
        if not self.is_calm and chance.random() < 0.03:
            node.connect(WINDOW)
        if node.in_flight and node.still > STALLED_AFTER:
            node.connect(1)
            node.acknowledgements.append(self.gateway.take_status(node.journal.held))
        for entry in node.publish():
            key = (entry.boot, entry.sequence)
            assert node.written.get(key, entry.payload) == entry.payload, f"{key} changed"
            if self.is_calm or chance.random() < 0.8:
                node.acknowledgements.append(self.gateway.take(entry))

    def _acknowledge(self) -> None:
        node, chance = self.node, self.chance
        while node.acknowledgements and (self.is_calm or chance.random() < 0.5):
            place = 0 if self.is_calm else chance.randrange(len(node.acknowledgements))
            answer = node.acknowledgements[place]
            if chance.random() < 0.8:  # else it comes again, perhaps after a reboot
                del node.acknowledgements[place]
            if self.is_calm or chance.random() < 0.8:
                node.acknowledged(*answer)

    def settle(self) -> None:
        """End all faults; everything must come to rest."""
        self.is_calm, self.node.flash.failing, self.node.flash.cut_after = True, 0.0, None
        journal = self.node.journal
        for _ in range(3000):
            self.turn()
            if journal.held == (journal.boot, journal.sequence + 1):
                return
        raise AssertionError(f"stalled at {journal.held} of {journal.boot}, {journal.sequence}")


@pytest.mark.parametrize("seed", range(25))
def test_every_message_arrives_once_or_is_declared(seed):
    world = World(seed)
    for turn in range(TURNS):
        world.node.flash.failing = 0.02 if turn % 500 > 400 else 0.0
        world.turn()
    world.settle()
    node, gateway = world.node, world.gateway
    assert len(node.boots) > 5
    assert len(gateway.stored) > 200
    assert set(node.written) - set(gateway.stored) <= node.declared


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_declared_lost_that_the_flash_still_holds(seed):
    world = World(seed, max_segments=TURNS)
    for _ in range(TURNS):
        world.turn()
    world.settle()
    node, gateway = world.node, world.gateway
    assert not node.declared
    assert gateway.stored.items() >= node.written.items()


@pytest.mark.parametrize("seed", range(25))
def test_a_flash_that_rots_stalls_nothing_and_changes_nothing(seed):
    world = World(seed)
    chance = world.chance
    for _ in range(TURNS):
        world.turn()
        if chance.random() < 0.01:
            _rot(world.node.flash, chance)
    world.settle()
    assert len(world.gateway.stored) > 100


def _rot(flash: LossyFlash, chance: random.Random) -> None:
    name = chance.choice(sorted(flash.seen))
    content = bytearray(flash.seen[name])
    if content and name != "boot":  # boot and cursor rotten at once is one fault too many
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        flash.seen[name] = flash.chip[name] = bytes(content)

# SPDX-License-Identifier: EUPL-1.2
"""The real firmware on a flash that has suffered: it starts, says what is lost, and goes on."""

import pytest

from firmware.clock import Clock
from firmware.journal import Journal
from firmware.scribe import Scribe
from simulators.virtual_node import VirtualNode
from tests.fakes.folder_flash import FolderFlash
from tests.integration.node_chain import WATER, chain, provision, until
from wire import event

pytestmark = pytest.mark.needs_broker


@pytest.fixture
async def ground(mosquitto, tmp_path):
    """A gateway, and a node whose first boot left 300 telegrams on its flash."""
    async with chain(mosquitto, tmp_path) as (pki, broker, gateway):
        directory = tmp_path / "n-test"
        provision(directory, pki, broker.port)
        node = VirtualNode(directory)
        journal = Journal(FolderFlash(directory / "flash"), 1)
        scribe = Scribe("n-test", Clock(lambda: 5000), journal)
        for register in range(300):
            scribe.telegram({WATER: 5000 + register})
        journal.end_segment()
        try:
            yield node, gateway, sorted((directory / "flash" / "journal").glob("*.seg"))
        finally:
            await node.stop()


async def test_a_backlog_behind_a_rotten_record_arrives(ground):
    node, gateway, segments = ground
    content = bytearray(segments[0].read_bytes())
    content[500] ^= 1  # of some 120 messages in this segment, the fourth
    segments[0].write_bytes(content)
    behind = int(segments[1].stem[9:], 16)
    await node.start()
    await until(lambda: (1, 300) in gateway.stored, "the backlog never arrives", 40)
    await until(lambda: not segments[-1].exists(), "it is never forgotten", 40)
    lost = [e.message.detail for e in node.journaled() if kind_of(e) == event.JOURNAL_LOST]
    missing = [n for n in range(1, 301) if (1, n) not in gateway.stored]
    assert missing == list(range(missing[0], behind))
    assert lost == [{"boot": 1, "first": missing[0], "last": behind - 1}]


async def test_garbage_and_a_folder_in_place_of_states_do_not_keep_a_node_from_starting(ground):
    node, gateway, segments = ground
    segments[-1].write_bytes(b"\xff" * 16384)
    for name in ("boot", "journal/cursor", "pulses0", "crash", "settings_changed"):
        (segments[0].parents[1] / name).write_bytes(b"\x00garbage\xff" * 50)
    (segments[0].parent / "not a segment.seg").write_bytes(b"?")
    await node.start()
    await until(lambda: any(key[0] == 2 for key in gateway.stored), "it never starts", 40)
    assert gateway.conflicts == []


def kind_of(entry):
    return getattr(entry.message, "kind", None)

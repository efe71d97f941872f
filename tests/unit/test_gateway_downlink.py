# SPDX-License-Identifier: EUPL-1.2
"""Commands reach nodes until they are answered or too late; packages in waves, or not at all."""

import asyncio
import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_gateway.downlink import Downlink
from edge_gateway.downlink.packages import PART_BYTES, Packages
from edge_gateway.errors import CloudUnreachableError, PackageRefusedError
from edge_gateway.store import outbox
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import SteppedClock
from tests.fakes.order_cloud import ObedientNodes, OrderCloud
from tests.gateway_builders import NOON_S, an_intake, rows, settings, topic
from tests.packages import RELEASE_KEY, a_package, id_of
from wire import batch, topics, transfer

NODES = ["n-0", "n-1", "n-2", "n-3"]
A_PACKAGE = a_package(files=bytes(range(256)) * 400)


class Bench:
    """A downlink between orders and nodes, on a real store; time passes as it is slept."""

    def __init__(self, data_dir):
        self.clock = SteppedClock()
        self.cloud = OrderCloud()
        self.nodes = ObedientNodes(self.clock)
        self.settings = settings(data_dir)
        self.store: Store
        self.downlink: Downlink

    async def open(self):
        self.store = await Store.open(self.settings.data_dir)
        self.nodes.intake = an_intake(self.store, self.clock)
        self.downlink = Downlink(self.settings, self.store, self.cloud, self.nodes, self.clock)

    async def restart(self):
        await self.store.close()
        await self.open()

    async def boot(self, *node_ids, firmware="0.1.0"):
        for node_id in node_ids:
            self.nodes.boot(node_id, firmware)
        await self.nodes.intake.commit()

    async def run(self, for_s=None, until=None):
        """Run for a span of the fake clock's time, or until something holds."""
        running = asyncio.create_task(self.downlink.run())
        end_s = self.clock.monotonic_s() + (for_s or 10_000)
        try:
            while self.clock.monotonic_s() < end_s and not (until and await until()):
                for node_id in self.nodes.alive:
                    await self.downlink.receive(*self.nodes.status(node_id), False)
                async with asyncio.timeout(20):  # a service that has ended sleeps no more
                    await self.clock.step(services=3)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            self.clock.wake_nobody()
        assert until is None or await until(), "It never came about."

    async def notices(self):
        waiting = await self.store.read(lambda db: outbox.oldest(db, 1000))
        return [
            (one.body["notice"], one.body["detail"]) for one in waiting if one.kind == batch.NOTICE
        ]

    async def has_notice(self):
        return bool(await self.notices())


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    key = RELEASE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    bench.settings.pki_dir.mkdir()
    (bench.settings.pki_dir / "release.pub").write_bytes(key)
    await bench.open()
    yield bench
    await bench.store.close()


async def test_a_command_is_told_once_to_a_node_that_answers(bench):
    await bench.boot("n-0")
    bench.cloud.order_command("c-1", "n-0", NOON_S + 3600, 30)
    await bench.run(for_s=300)
    assert [said["settings"] for _, said in bench.nodes.commands] == [{"sample_interval_s": 30}]
    assert await bench.notices() == []


async def test_a_command_is_repeated_until_its_time_is_over_and_then_given_up_with_a_notice(bench):
    await bench.boot("n-0")
    bench.nodes.is_deaf = True
    bench.cloud.order_command("c-1", "n-0", NOON_S + 300, 30)
    await bench.run(until=bench.has_notice)
    assert await bench.notices() == [("command_expired", {"id": "c-1", "node": "n-0"})]
    times_told = len(bench.nodes.commands)
    assert 3 <= times_told <= 300 / 20 + 1
    await bench.run(for_s=120)
    assert len(bench.nodes.commands) == times_told
    assert len(await bench.notices()) == 1


async def test_a_node_is_told_its_commands_one_after_another_and_others_meanwhile(bench):
    await bench.boot("n-0", "n-1")
    bench.nodes.is_deaf = True
    for number, node_id in enumerate(["n-0", "n-0", "n-1"]):
        bench.cloud.order_command(f"c-{number}", node_id, NOON_S + 86400, 30 + number)
    await bench.run(for_s=100)
    assert sorted(bench.nodes.told("settings")) == [("n-0", "c-0"), ("n-1", "c-2")]
    bench.nodes.is_deaf = False
    await bench.run(for_s=100)
    assert bench.nodes.told("settings")[-1] == ("n-0", "c-1")


async def test_an_answered_command_is_not_told_again_after_a_restart(bench):
    await bench.boot("n-0")
    bench.cloud.order_command("c-1", "n-0", NOON_S + 86400, 30)
    await bench.run(for_s=60)
    await bench.restart()
    await bench.run(for_s=60)  # the cloud has not heard of it and still orders it
    assert len(bench.nodes.commands) == 1


async def test_a_command_that_is_taken_back_is_left(bench):
    await bench.boot("n-0")
    bench.nodes.is_deaf = True
    bench.cloud.order_command("c-1", "n-0", NOON_S + 86400, 30)
    await bench.run(for_s=60)
    bench.cloud.orders_told["commands"].clear()
    await bench.run(for_s=60)
    times_told = len(bench.nodes.commands)
    await bench.run(for_s=60)
    assert len(bench.nodes.commands) == times_told
    assert await bench.notices() == []


async def test_nothing_is_told_and_nothing_expires_by_a_clock_that_is_not_trusted(bench):
    await bench.boot("n-0")
    bench.clock.trusted = False
    bench.cloud.order_command("c-1", "n-0", NOON_S + 60, 30)
    await bench.run(for_s=300)
    assert bench.nodes.commands == []
    assert await bench.notices() == []


async def test_an_order_that_is_not_understood_holds_up_no_other(bench):
    await bench.boot("n-0")
    bench.cloud.orders_told["commands"].append({"command_id": "c-0", "dance": True})
    bench.cloud.order_command("c-1", "n-0", NOON_S + 3600, 30)
    bench.cloud.orders_told["commands"][1]["because"] = "a later release tells more"
    bench.cloud.order_rollout(A_PACKAGE, ["n-0", "n-0"])
    await bench.run(for_s=60)
    assert bench.nodes.told("settings") == [("n-0", "c-1")]


async def test_a_package_goes_out_in_waves_and_the_cloud_hears_when_all_have_it(bench):
    await bench.boot(*NODES)
    bench.cloud.order_rollout(A_PACKAGE, NODES)
    await bench.run(until=bench.has_notice)
    assert await bench.notices() == [
        ("rollout_done", {"rollout": "r-1", "nodes": 4, "version": "0.2.0"})
    ]
    told = [node_id for node_id, _ in bench.nodes.told("update")]
    assert told[:2] == ["n-0", "n-1"]
    assert sorted(told) == NODES
    assert {said["package"] for _, said in bench.nodes.commands} == {id_of(A_PACKAGE)}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("fail", "It could not: Bad flash."),
        ("refuse", "It could not: No."),
        ("ignore", "It did not report 0.2.0 within 600 s."),
        ("die", "It reported 0.2.0 and then fell silent."),
    ],
)
async def test_the_first_node_that_does_not_make_it_ends_the_rollout(bench, answer, reason):
    await bench.boot(*NODES)
    bench.nodes.answers["n-1"] = answer
    bench.cloud.order_rollout(A_PACKAGE, NODES)
    await bench.run(until=bench.has_notice)
    assert await bench.notices() == [
        ("rollout_halted", {"rollout": "r-1", "node": "n-1", "reason": reason})
    ]
    await bench.run(for_s=120)
    assert [node_id for node_id, _ in bench.nodes.told("update")] == ["n-0", "n-1"]


async def test_a_node_that_rolls_back_by_itself_ends_the_rollout(bench):
    await bench.boot(*NODES)
    bench.cloud.order_rollout(A_PACKAGE, NODES, settle_s=900)

    async def second_has_reported():
        found = "SELECT 1 FROM rollout_node WHERE node_id = 'n-1' AND reported_at_ms IS NOT NULL"
        return bool(await rows(bench.store, found))

    await bench.run(until=second_has_reported)
    await bench.boot("n-1", firmware="0.1.0")
    await bench.run(until=bench.has_notice)
    [(_, detail)] = await bench.notices()
    assert detail["reason"] == "It went back from 0.2.0 to 0.1.0."
    assert len(bench.nodes.told("update")) == 2


async def test_a_rollout_goes_on_after_a_restart_where_it_was(bench):
    await bench.boot(*NODES)
    bench.cloud.order_rollout(A_PACKAGE, NODES)

    async def first_is_told():
        return bool(bench.nodes.commands)

    await bench.run(until=first_is_told)
    offsets = list(bench.cloud.offsets)
    await bench.restart()
    await bench.run(until=bench.has_notice)
    assert [kind for kind, _ in await bench.notices()] == ["rollout_done"]
    assert bench.cloud.offsets == offsets  # nothing is fetched again
    assert len(bench.nodes.told("update")) == 4


async def test_a_rollout_that_is_stopped_tells_no_further_node(bench):
    await bench.boot(*NODES)
    bench.nodes.answers["n-0"] = "ignore"
    bench.cloud.order_rollout(A_PACKAGE, NODES)
    await bench.run(for_s=60)
    bench.cloud.orders_told["rollouts"].clear()
    await bench.run(for_s=60)
    times_told = len(bench.nodes.commands)
    await bench.run(for_s=1200)
    assert len(bench.nodes.commands) == times_told
    assert await bench.notices() == []
    assert list((bench.settings.data_dir / "packages").iterdir()) == []


async def test_a_downgrade_and_a_package_of_a_strange_key_are_told_to_nobody(bench):
    await bench.boot(*NODES, firmware="0.3.0")
    bench.cloud.order_rollout(A_PACKAGE, NODES)
    await bench.run(until=bench.has_notice)
    [(kind, detail)] = await bench.notices()
    assert (kind, detail["reason"]) == (
        "rollout_halted",
        "It has 0.3.0, which is newer than 0.2.0.",
    )
    strange = a_package(firmware="0.4.0", key=Ed25519PrivateKey.generate())
    bench.cloud.orders_told["rollouts"].clear()
    bench.cloud.order_rollout(strange, NODES, rollout_id="r-2")

    async def second_halt():
        return len(await bench.notices()) == 2

    await bench.run(until=second_halt)
    assert (await bench.notices())[1][1] == {
        "rollout": "r-2",
        "reason": "Its signature is not by our release key.",
    }
    assert bench.nodes.commands == []


async def test_a_node_fetches_what_it_is_offered_and_no_other_does(bench):
    await bench.boot(*NODES)
    bench.nodes.is_deaf = True
    bench.cloud.order_rollout(A_PACKAGE, NODES)

    async def is_told():
        return bool(bench.nodes.commands)

    await bench.run(until=is_told)
    fetched = b""
    while True:
        wish = transfer.encode_fetch(id_of(A_PACKAGE), len(fetched))
        assert await bench.downlink.receive(topic(topics.FETCH, "n-0"), wish, False)
        if len(bench.nodes.chunks) == 0:
            break
        package_id, offset, content = transfer.decode_chunk(bench.nodes.chunks.pop())
        assert (package_id, offset) == (id_of(A_PACKAGE), len(fetched))
        fetched += content
        if len(fetched) == len(A_PACKAGE):
            break
    assert fetched == A_PACKAGE

    for node_id, payload in (
        ("n-1", transfer.encode_fetch(id_of(A_PACKAGE), 0)),
        ("n-0", transfer.encode_fetch("ab" * 32, 0)),
        ("n-0", transfer.encode_fetch(id_of(A_PACKAGE), len(A_PACKAGE))),
        ("n-0", b"garbage"),
    ):
        assert await bench.downlink.receive(topic(topics.FETCH, node_id), payload, False)
    assert bench.nodes.chunks == []


@pytest.fixture
def packages(bench):
    return Packages(bench.settings.data_dir / "packages", bench.settings.pki_dir / "release.pub")


async def test_an_interrupted_fetch_goes_on_where_it_ended(bench, packages):
    bench.cloud.order_rollout(A_PACKAGE, NODES)
    bench.cloud.fails = lambda offset: offset > 0 and bench.cloud.offsets.count(offset) == 1
    attempts = 0
    while packages.there(id_of(A_PACKAGE)) is None:
        attempts += 1
        with contextlib.suppress(CloudUnreachableError):
            await packages.fetch(bench.cloud, id_of(A_PACKAGE), len(A_PACKAGE))
    assert attempts == len(range(0, len(A_PACKAGE), PART_BYTES))
    assert sorted(set(bench.cloud.offsets)) == list(range(0, len(A_PACKAGE), PART_BYTES))


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("ordered", "given", "reason"),
    [
        (A_PACKAGE, flipped(A_PACKAGE), "do not have the digest"),
        (A_PACKAGE, A_PACKAGE[:-1], "do not have the digest"),
        (flipped(A_PACKAGE), flipped(A_PACKAGE), "not those of its manifest"),
        (b"hello", b"hello", "does not begin with a manifest"),
        (A_PACKAGE.replace(b"esp32", b"esp99", 1),) * 2 + ("not by our release key",),
    ],
)
async def test_what_is_not_whole_or_not_signed_is_not_let_in_nor_kept(
    bench, packages, ordered, given, reason
):
    bench.cloud.contents[id_of(ordered)] = given
    with pytest.raises(PackageRefusedError, match=reason):
        await packages.fetch(bench.cloud, id_of(ordered), len(ordered))
    assert packages.there(id_of(ordered)) is None
    assert list((bench.settings.data_dir / "packages").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "reason"), [(None, "There is no release key here"), (b"nonsense", "is not one")]
)
async def test_without_a_release_key_no_package_is_let_in(bench, packages, key, reason):
    path = bench.settings.pki_dir / "release.pub"
    path.unlink() if key is None else path.write_bytes(key)
    bench.cloud.contents[id_of(A_PACKAGE)] = A_PACKAGE
    with pytest.raises(PackageRefusedError, match=reason):
        await packages.fetch(bench.cloud, id_of(A_PACKAGE), len(A_PACKAGE))
